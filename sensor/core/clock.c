#include "sensor/core/clock.h"

#include <stdio.h>
#include <time.h>

struct clock clock_at_rest(int64_t forward, int64_t backward)
{
    return (struct clock){.forward = forward, .backward = backward};
}

int64_t clock_tick(struct clock *c, int64_t packet_time)
{
    int64_t step = packet_time - c->last;
    int64_t now;

    if (!c->started) {
        c->started = true;
        c->now = c->last = packet_time;
        return 0;
    }
    if (step >= c->forward || step <= -c->backward) {
        c->offset = c->now - packet_time;
        c->last = packet_time;
        c->jumps++;
        return step;
    }
    now = packet_time + c->offset;
    if (now > c->now) {
        c->now = now;
        c->last = packet_time;
    }
    return 0;
}

static struct tm parts_of(int64_t ns, int64_t *rest)
{
    int64_t seconds = ns / NS_PER_S;
    struct tm parts;
    time_t when;

    *rest = ns % NS_PER_S;
    if (*rest < 0) {
        *rest += NS_PER_S;
        seconds--;
    }
    when = (time_t)seconds;
    if (!gmtime_r(&when, &parts))
        parts = (struct tm){.tm_mday = 1, .tm_year = 70};
    return parts;
}

const char *time_text(int64_t ns, char out[TIME_TEXT])
{
    int64_t rest;
    struct tm t = parts_of(ns, &rest);
    size_t n = strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &t);

    snprintf(out + n, TIME_TEXT - n, ".%06d+0000", (int)(rest / NS_PER_US));
    return out;
}

const char *time_of_day(int64_t ns, char out[TIME_TEXT])
{
    int64_t rest;
    struct tm t = parts_of(ns, &rest);

    strftime(out, TIME_TEXT, "%H:%M:%S", &t);
    return out;
}

const char *time_and_day(int64_t ns, char out[TIME_TEXT])
{
    int64_t rest;
    struct tm t = parts_of(ns, &rest);

    strftime(out, TIME_TEXT, "%Y-%m-%d %H:%M:%S", &t);
    return out;
}
