#include "tests/sample.h"

#include <inttypes.h>
#include <stdio.h>

/* clang-format off */
static const struct label functions[] = {
    {1, "look", VERB_READ, "looks"},
    {2, "put",  VERB_WRITE, "puts"},
    {0},
};

static const struct label bits[] = {{1, "online"}, {2, "restart"}, {4, "lost"}, {0}};
static const struct label kinds[] = {{7, "seven"}, {8, "eight"}, {0}};
static const struct label tables[] = {{SAMPLE_TABLE_REGISTER, "register"}, {0}};
static const struct label reasons[] = {{VIOLATION_OWN, "too_large", 0, "more than allowed"}, {0}};
static const struct label operations[] = {{SAMPLE_OPERATION_LOAD, "load", 0, "a load"}, {0}};

static const struct group groups[] = {{0}, {"item", "one of several"}};

static const struct field fields[SAMPLE_FIELDS] = {
    [SAMPLE_UNIT]      = {"unit", FIELD_INT, "Device", .side = SIDE_BOTH, .flags = FIELD_CHILD | FIELD_IDENTITY},
    [SAMPLE_FUNCTION]  = {"function", FIELD_ENUM, "What is asked", functions, .side = SIDE_BOTH, .flags = FIELD_FUNCTION},
    [SAMPLE_NUMBER]    = {"number", FIELD_INT, "A number", .side = SIDE_BOTH},
    [SAMPLE_REAL]      = {"real", FIELD_REAL, "A real", .side = SIDE_RESPONSE},
    [SAMPLE_TEXT]      = {"text", FIELD_TEXT, "A text", .side = SIDE_BOTH},
    [SAMPLE_BYTES]     = {"bytes", FIELD_BYTES, "Some bytes", .side = SIDE_BOTH},
    [SAMPLE_FLAGS]     = {"flags", FIELD_FLAGS, "Some bits", bits, .side = SIDE_RESPONSE},
    [SAMPLE_ANSWER]    = {"answer", FIELD_ENUM, "How it was answered", kinds, .side = SIDE_RESPONSE},
    [SAMPLE_SECRET]    = {"secret", FIELD_TEXT, "A password", .side = SIDE_REQUEST, .flags = FIELD_SECRET},
    [SAMPLE_ITEM_KIND] = {"item_kind", FIELD_ENUM, "Kind of the item", kinds, .side = SIDE_BOTH, .group = SAMPLE_GROUP_ITEM},
    [SAMPLE_ITEM_NAME] = {"item_name", FIELD_TEXT, "Name of the item", .side = SIDE_BOTH, .group = SAMPLE_GROUP_ITEM},
};
/* clang-format on */

static void reference(unsigned table, uint64_t address, char *out, size_t size)
{
    snprintf(out, size, "%u-%" PRIu64, table, address + 1);
}

const struct schema sample_schema = {
    .name = "sample",
    .title = "A protocol for tests",
    .fields = fields,
    .nfields = SAMPLE_FIELDS,
    .groups = groups,
    .ngroups = 2,
    .tables = tables,
    .qualities = bits,
    .violations = reasons,
    .operations = operations,
    .child = "unit",
    .reference = reference,
};
