#include "rules/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool zone_is_known(const char *name)
{
    char path[256];
    int len = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);

    return strcmp(name, "UTC") == 0 ||
           (len > 0 && (size_t)len < sizeof path && access(path, R_OK) == 0);
}

bool schedule_zone(const char *name)
{
    const char *now = getenv("TZ");

    if (now && strcmp(now, name) == 0)
        return true;
    if (!zone_is_known(name) || setenv("TZ", name, 1) != 0)
        return false;
    tzset();
    return true;
}

static bool day_is_in(const struct schedule *s, int day)
{
    return s->days >> (unsigned)((day + 7) % 7) & 1;
}

bool schedule_holds(const struct schedule *s, int64_t time)
{
    time_t seconds = (time_t)(time / 1000000000);
    struct tm tm;
    unsigned minute;

    if (!localtime_r(&seconds, &tm))
        return false;
    minute = (unsigned)tm.tm_hour * 60 + (unsigned)tm.tm_min;
    if (s->from < s->to)
        return day_is_in(s, tm.tm_wday) && minute >= s->from && minute < s->to;
    return (day_is_in(s, tm.tm_wday) && minute >= s->from) ||
           (day_is_in(s, tm.tm_wday - 1) && minute < s->to);
}
