#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

/*
 * A protocol that does not exist, with every type of field, groups on one and on
 * both sides, and records of it: for tests of what knows no protocol.
 */

#include "sensor/core/record.h"

enum sample_slot {
    SAMPLE_FUNCTION, /* both sides, FUNCTION */
    SAMPLE_UNIT,     /* both sides, CHILD */
    SAMPLE_ID,       /* both sides */
    SAMPLE_BOOL,
    SAMPLE_REAL,
    SAMPLE_TEXT,
    SAMPLE_BYTES,
    SAMPLE_STATE, /* DERIVED enum */
    SAMPLE_CAUSE, /* enum, response */
    SAMPLE_FLAGS,
    SAMPLE_CLOCK,
    SAMPLE_DELAY,
    SAMPLE_GATEWAY,
    SAMPLE_PASSWORD, /* SECRET */
    SAMPLE_FILE_NAME,
    SAMPLE_FILE_SIZE,
    SAMPLE_ITEM_AREA, /* both sides */
    SAMPLE_FIELDS
};

enum { SAMPLE_GROUP_FILE = 1, SAMPLE_GROUP_ITEM = 2 };
enum { SAMPLE_TABLE_COIL = 1, SAMPLE_TABLE_HOLDING = 2 };
enum { SAMPLE_WRITE = 16, SAMPLE_STOP = 41 };

extern const struct schema sample_schema, sample_flow_schema, sample_health_schema;

/* 2026-03-04T09:12:44.318226 UTC */
#define SAMPLE_TIME INT64_C(1772615564318226000)

/* An answered write of 4.8 to holding register 100 of unit 3, frames 7 and 8. */
struct record *sample_write(struct record_pool *pool);

/* Every field, rows on both sides, violations, an operation, 40 points. */
struct record *sample_full(struct record_pool *pool);

/* A flow and a health record without a conversation. */
struct record *sample_flow(struct record_pool *pool);
struct record *sample_health(struct record_pool *pool);

#endif
