#ifndef TESTS_RULES_BENCH_H
#define TESTS_RULES_BENCH_H

/*
 * A protocol of every field type, and records of it: what the tests of the rule
 * language stand on.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/typer.h"

enum plc_slot {
    PLC_FUNCTION,
    PLC_ADDRESS,
    PLC_QUANTITY,
    PLC_EXCEPTION,
    PLC_RATIO,
    PLC_NAME,
    PLC_BLOB,
    PLC_STATUS,
    PLC_DELAY,
    PLC_PEER,
    PLC_OK,
    PLC_UNIT,
    PLC_NUMBER,
    PLC_LENGTH,
    PLC_SECRET,
    PLC_FIELDS
};

/* clang-format off */
static const struct label plc_functions[] = {
    {3, "read_registers", VERB_READ}, {6, "write_one", VERB_WRITE}, {16, "write_registers", VERB_WRITE}, {0},
};
static const struct label plc_exceptions[] = {{1, "illegal_function"}, {2, "illegal_data_address"}, {0}};
static const struct label plc_states[] = {{1, "trouble"}, {2, "local"}, {4, "restart"}, {0}};
static const struct label plc_tables[] = {{1, "coil"}, {4, "holding_register"}, {0}};
static const struct label plc_violations[] = {{VIOLATION_OWN, "bad_length"}, {0}};

static const struct field plc_fields[PLC_FIELDS] = {
    [PLC_FUNCTION]  = {"function", FIELD_ENUM, "Function", plc_functions, "wplc.func_code", .flags = FIELD_FUNCTION, .side = SIDE_BOTH},
    [PLC_ADDRESS]   = {"address", FIELD_INT, "Address", NULL, "wplc.reference", .side = SIDE_BOTH},
    [PLC_QUANTITY]  = {"quantity", FIELD_INT, "Quantity", NULL, "wplc.word_cnt wplc.bit_cnt"},
    [PLC_EXCEPTION] = {"exception", FIELD_ENUM, "Exception", plc_exceptions, .side = SIDE_RESPONSE},
    [PLC_RATIO]     = {"ratio", FIELD_REAL, "Ratio"},
    [PLC_NAME]      = {"name", FIELD_TEXT, "Name"},
    [PLC_BLOB]      = {"blob", FIELD_BYTES, "Bytes"},
    [PLC_STATUS]    = {"status", FIELD_FLAGS, "Status", plc_states, .side = SIDE_RESPONSE},
    [PLC_DELAY]     = {"delay", FIELD_DURATION, "Delay"},
    [PLC_PEER]      = {"peer", FIELD_ADDRESS, "Peer", NULL, "wplc.peer"},
    [PLC_OK]        = {"ok", FIELD_BOOL, "Is it"},
    [PLC_UNIT]      = {"unit", FIELD_INT, "Unit", .flags = FIELD_CHILD, .side = SIDE_BOTH},
    [PLC_NUMBER]    = {"number", FIELD_INT, "File number", .group = 1},
    [PLC_LENGTH]    = {"length", FIELD_INT, "Length of a file", .group = 1},
    [PLC_SECRET]    = {"password", FIELD_TEXT, "Password", .flags = FIELD_SECRET},
};
static const struct group plc_groups[] = {{NULL}, {"file", "Files"}};

static const struct field far_fields[] = {
    {"function", FIELD_ENUM, "Function", plc_functions, .flags = FIELD_FUNCTION},
    {"mixed", FIELD_TEXT, "Has a name of another type", NULL, "wplc.peer"},
    {"number", FIELD_INT, "Object number", .group = 1},
};
static const struct group far_groups[] = {{NULL}, {"object", "Objects"}};
/* clang-format on */

static const struct schema plc_schema = {.name = "plc",
                                         .title = "PLC",
                                         .fields = plc_fields,
                                         .nfields = PLC_FIELDS,
                                         .groups = plc_groups,
                                         .ngroups = 2,
                                         .tables = plc_tables,
                                         .violations = plc_violations,
                                         .child = "unit"};
static const struct schema far_schema = {.name = "far",
                                         .title = "Far",
                                         .fields = far_fields,
                                         .nfields = 3,
                                         .groups = far_groups,
                                         .ngroups = 2};
static const struct schema *const bench_schemas[] = {&plc_schema, &far_schema};

static struct record_pool bench_pool;

static inline struct bytes bench_bytes(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* A side's message begins: what is set from here on belongs to it. */
static inline void bench_side(struct record *r, unsigned side, int64_t time)
{
    struct message m = {.time = time, .frame = 1, .side = (uint8_t)side};

    record_message(r, &m, NULL);
}

/* 10.0.0.9 asks 10.0.0.1 unit 3 for 10 registers from 100. */
static inline struct record *bench_record(void)
{
    static const uint8_t client[4] = {10, 0, 0, 9}, server[4] = {10, 0, 0, 1};
    struct record *r = record_take(&bench_pool, &plc_schema);

    r->kind = RECORD_TRANSACTION;
    r->time = r->seen = INT64_C(1700000000) * 1000000000;
    r->verbs = VERB_READ;
    r->parties.client = address_v4(client);
    r->parties.server = address_v4(server);
    r->parties.client_port = 40000;
    r->parties.server_port = 502;
    r->parties.protocol = 6;
    bench_side(r, SIDE_REQUEST, r->time);
    record_set(r, PLC_FUNCTION, 3);
    record_set(r, PLC_ADDRESS, 100);
    record_set(r, PLC_QUANTITY, 10);
    record_set(r, PLC_UNIT, 3);
    return r;
}

/* n registers of 16 bits, written or read. */
static inline void bench_run(struct record *r, unsigned access, uint64_t first,
                             const char *values, uint32_t n)
{
    struct run run = {.first = first,
                      .step = 1,
                      .count = n,
                      .table = 4,
                      .type = POINT_U16,
                      .access = (uint8_t)access,
                      .big_endian = true,
                      .values = {(const uint8_t *)values, 2 * n}};

    record_run(r, &run);
}

#endif
