#ifndef TESTS_SAMPLE_H
#define TESTS_SAMPLE_H

/* A protocol that exists only in tests: every kind of field, groups, points. */

#include "sensor/core/schema.h"

enum sample_field {
    SAMPLE_UNIT,
    SAMPLE_FUNCTION,
    SAMPLE_NUMBER,
    SAMPLE_REAL,
    SAMPLE_TEXT,
    SAMPLE_BYTES,
    SAMPLE_FLAGS,
    SAMPLE_ANSWER,
    SAMPLE_SECRET,
    SAMPLE_ITEM_KIND,
    SAMPLE_ITEM_NAME,
    SAMPLE_FIELDS
};

enum { SAMPLE_GROUP_ITEM = 1, SAMPLE_TABLE_REGISTER = 1, SAMPLE_OPERATION_LOAD = 1 };

extern const struct schema sample_schema;

#endif
