#ifndef RULES_SCHEDULE_H
#define RULES_SCHEDULE_H

/*
 * Hours of the week: `during("shift")`.
 *
 * Packet time, as clocks on the wall of the plant show it: in the zone that
 * schedule_zone() was told, daylight saving included.  An end at or before the begin is
 * on the next day, and belongs to the day it began on.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sensor/core/diagnostic.h"

enum { DAY_MINUTES = 24 * 60 };

struct schedule {
    const char *name;
    struct place at;
    uint8_t days;      /* a bit for each, Sunday first */
    unsigned from, to; /* minutes of the day */
    bool used;
    struct schedule *next;
};

/*
 * The zone of all schedules of the process, "Europe/Berlin"; before any other thread
 * begins.  False when the system does not know it.
 */
bool schedule_zone(const char *name);

bool schedule_holds(const struct schedule *s, int64_t time);

#endif
