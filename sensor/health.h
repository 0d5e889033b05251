#ifndef SENSOR_HEALTH_H
#define SENSOR_HEALTH_H

/*
 * What the sensor says of itself: a clock that jumps, a table that is full, an
 * interface that is gone, an output that takes nothing.  Each finding is a record of
 * its own, kind RECORD_HEALTH, and an alert of engine `health`.
 */

#include "alerts/finding.h"

enum health_field {
    HEALTH_CHECK,
    HEALTH_ABOUT,
    HEALTH_DETAIL,
    HEALTH_COUNT,
    HEALTH_JUMP,
    HEALTH_GAP,
    HEALTH_OVER,
    HEALTH_FIELDS
};

enum health_check {
    CHECK_CLOCK_JUMP = 1,
    CHECK_TABLE_FULL,
    CHECK_CAPTURE_CUT,
    CHECK_CAPTURE_TRUNCATED,
    CHECK_CAPTURE_DROPPED,
    CHECK_CAPTURE_GAP,
    CHECK_CRASHED,
    CHECK_NO_TRAFFIC,
    CHECK_INTERFACE_DOWN,
    CHECK_NOT_SILENT,
    CHECK_OUTPUT_AWAY,
    CHECK_OUTBOX_FILLS,
    CHECK_OUTPUT_LOST,
    CHECK_OUTPUT_OWNER,
    CHECK_OUTPUT_REFUSED,
    CHECK_OUTBOX_DAMAGED,
    CHECK_OUTPUT_TRIMMED,
    CHECK_RELOADED,
    CHECK_RELOAD_FAILED,
    CHECK_MUTED,
    CHECK_EXCEPTION_ENDS,
    CHECK_CALL_REFUSED,
    CHECK_ALERT_TEST,
    CHECK_EVIDENCE_LOST,
    CHECKS
};

enum { NOTICE_ABOUT = 64, NOTICE_DETAIL = 200 };

/* A finding on its way, plain data that goes through rings. */
struct notice {
    uint16_t check;             /* enum health_check */
    bool over;                  /* the condition has ended */
    int64_t count;              /* 0: none */
    int64_t jump;               /* ns, of the clock */
    int64_t gap;                /* ns without sight */
    char about[NOTICE_ABOUT];   /* file, table, interface, output; "" : none */
    char detail[NOTICE_DETAIL]; /* a sentence, or "" */
};

extern const struct schema health_schema;

/* Every signature there is, by check: [1] to [CHECKS - 1]. */
extern const struct signature health_signatures[CHECKS];

/* Writes what the notice says into a record of health_schema. */
void health_fill(struct record *r, const struct notice *n);

/* The alert a health record raises; the finding borrows r. */
void health_finding(const struct record *r, struct finding *out);

#endif
