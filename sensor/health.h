#ifndef SENSOR_HEALTH_H
#define SENSOR_HEALTH_H

/*
 * What the sensor says of itself: a clock that jumps, a table that is full, a
 * capture that was cut.  Each finding is a record of its own, kind RECORD_HEALTH,
 * and an alert of engine `health`.
 */

#include "alerts/finding.h"

enum health_field {
    HEALTH_CHECK,
    HEALTH_TABLE,
    HEALTH_COUNT,
    HEALTH_JUMP,
    HEALTH_FIELDS
};

enum health_check {
    CHECK_CLOCK_JUMP = 1,
    CHECK_TABLE_FULL,
    CHECK_CAPTURE_CUT,
    CHECK_CAPTURE_TRUNCATED,
    CHECKS
};

extern const struct schema health_schema;

/* The alert a health record raises; the finding borrows r. */
void health_finding(const struct record *r, struct finding *out);

#endif
