#include "tests/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct label functions[] = {
    {SAMPLE_WRITE, "write_registers", VERB_WRITE, "sets registers"},
    {SAMPLE_STOP,  "stop",            VERB_MODE,  "stops the device"},
    {0},
};
static const struct label states[] = {{1, "running"}, {2, "stopped"}, {0}};
static const struct label causes[] = {{0, "none"}, {3, "illegal_value"}, {0}};
static const struct label bits[] = {{1, "restart"}, {2, "trouble"}, {4, "local"}, {0}};
static const struct label tables[] = {
    {SAMPLE_TABLE_COIL, "coil"}, {SAMPLE_TABLE_HOLDING, "holding_register"}, {0},
};
static const struct label qualities[] = {{1, "online"}, {2, "restarted"}, {0}};
static const struct label reasons[] = {{VIOLATION_OWN, "bad_count", 0, "count and bytes differ"}, {0}};
static const struct label operations[] = {{1, "download"}, {0}};

static const struct group groups[] = {
    {0}, {"file", "A file"}, {"item", "An item"},
};

static const struct field fields[SAMPLE_FIELDS] = {
    [SAMPLE_FUNCTION]  = {"function", FIELD_ENUM, "What is asked", functions, "modbus.func_code", .side = SIDE_BOTH, .flags = FIELD_FUNCTION | FIELD_IDENTITY},
    [SAMPLE_UNIT]      = {"unit_id", FIELD_INT, "Unit", .wireshark = "mbtcp.unit_id", .side = SIDE_BOTH, .flags = FIELD_CHILD | FIELD_IDENTITY},
    [SAMPLE_ID]        = {"transaction_id", FIELD_INT, "Counts transactions", .wireshark = "mbtcp.trans_id", .side = SIDE_BOTH},
    [SAMPLE_BOOL]      = {"confirmed", FIELD_BOOL, "A bool"},
    [SAMPLE_REAL]      = {"ratio", FIELD_REAL, "A real"},
    [SAMPLE_TEXT]      = {"label", FIELD_TEXT, "A text"},
    [SAMPLE_BYTES]     = {"body", FIELD_BYTES, "Bytes"},
    [SAMPLE_STATE]     = {"state", FIELD_ENUM, "An enum that was worked out", states, .flags = FIELD_DERIVED},
    [SAMPLE_CAUSE]     = {"cause", FIELD_ENUM, "An enum of the response", causes, .side = SIDE_RESPONSE},
    [SAMPLE_FLAGS]     = {"flags", FIELD_FLAGS, "Flags", bits, .side = SIDE_BOTH},
    [SAMPLE_CLOCK]     = {"clock", FIELD_TIME, "A time"},
    [SAMPLE_DELAY]     = {"delay", FIELD_DURATION, "A duration"},
    [SAMPLE_GATEWAY]   = {"gateway", FIELD_ADDRESS, "An address"},
    [SAMPLE_PASSWORD]  = {"password", FIELD_TEXT, "A secret", .flags = FIELD_SECRET},
    [SAMPLE_FILE_NAME] = {"name", FIELD_TEXT, "Name of the file", .group = SAMPLE_GROUP_FILE},
    [SAMPLE_FILE_SIZE] = {"size", FIELD_INT, "Size of the file", .group = SAMPLE_GROUP_FILE},
    [SAMPLE_ITEM_AREA] = {"area", FIELD_INT, "Area of the item", .side = SIDE_BOTH, .group = SAMPLE_GROUP_ITEM},
};
/* clang-format on */

static void reference(unsigned table, unsigned type, uint64_t address, char *out,
                      size_t size)
{
    uint64_t base = table == SAMPLE_TABLE_HOLDING ? 40001 : 1;

    (void)type;
    snprintf(out, size, "%05" PRIu64, base + address);
}

const struct schema sample_schema = {
    .name = "probe",
    .title = "Probe",
    .fields = fields,
    .nfields = SAMPLE_FIELDS,
    .groups = groups,
    .ngroups = 3,
    .tables = tables,
    .qualities = qualities,
    .violations = reasons,
    .operations = operations,
    .child = "unit",
    .wireshark = "modbus",
    .reference = reference,
};

const struct schema sample_flow_schema = {
    .name = "flow", .title = "Flows", .fields = &fields[SAMPLE_BOOL], .nfields = 2};
const struct schema sample_health_schema = {
    .name = "health", .title = "Health", .fields = &fields[SAMPLE_TEXT], .nfields = 1};

static void parties(struct record *r)
{
    static const uint8_t client_mac[MAC_SIZE] = {0x8c, 0xec, 0x4b, 0x12, 0x9e, 0x40};
    static const uint8_t server_mac[MAC_SIZE] = {0x00, 0x80, 0xf4, 0x0e, 0x51, 0xc7};
    struct parties *p = &r->parties;

    address_parse("10.20.1.77", &p->client);
    address_parse("10.20.3.7", &p->server);
    p->client_port = 49822;
    p->server_port = 502;
    memcpy(p->client_mac, client_mac, MAC_SIZE);
    memcpy(p->server_mac, server_mac, MAC_SIZE);
    p->has_macs = true;
    p->protocol = 6;
    p->nvlans = 1;
    p->vlans[0] = 130;
    p->flow_id = 1553432867961856;
    p->flow_start = SAMPLE_TIME - 2416109000;
    p->packets[0] = 9;
    p->packets[1] = 8;
    p->bytes[0] = 611;
    p->bytes[1] = 538;
}

static void message(struct record *r, unsigned side, uint64_t frame, int64_t time)
{
    struct message m = {.time = time,
                        .frame = frame,
                        .first = frame,
                        .length = 17,
                        .side = (uint8_t)side};

    record_message(r, &m, NULL);
    r->frame = frame;
}

static void both(struct record *r, unsigned function)
{
    record_set(r, SAMPLE_FUNCTION, function);
    record_set(r, SAMPLE_UNIT, 3);
    record_set(r, SAMPLE_ID, 4711);
}

struct record *sample_write(struct record_pool *pool)
{
    static const uint8_t value[] = {0x40, 0x99, 0x99, 0x9a};
    struct record *r = record_take(pool, &sample_schema);

    r->kind = RECORD_TRANSACTION;
    r->time = SAMPLE_TIME;
    r->verbs = VERB_WRITE;
    r->outcome = OUTCOME_ANSWERED;
    parties(r);
    message(r, SIDE_REQUEST, 7, SAMPLE_TIME);
    both(r, SAMPLE_WRITE);
    record_run(r, &(struct run){.first = 100,
                                .step = 2,
                                .count = 1,
                                .table = SAMPLE_TABLE_HOLDING,
                                .type = POINT_F32,
                                .access = ACCESS_WRITTEN,
                                .big_endian = true,
                                .values = {value, sizeof value}});
    message(r, SIDE_RESPONSE, 8, SAMPLE_TIME + 11400000);
    both(r, SAMPLE_WRITE);
    r->seen = SAMPLE_TIME + 11400000;
    return r;
}

static void fill_request(struct record *r)
{
    static const uint8_t gateway[] = {10, 0, 0, 1}, body[] = {0xde, 0xad};

    record_set(r, SAMPLE_BOOL, 1);
    record_set_real(r, SAMPLE_REAL, 0.5);
    record_set_text(r, SAMPLE_TEXT, "pump \"7\"\xff\n");
    record_set_bytes(r, SAMPLE_BYTES, (struct bytes){body, sizeof body});
    record_set(r, SAMPLE_STATE, 2);
    record_set(r, SAMPLE_FLAGS, 1 | 4 | 64);
    record_set(r, SAMPLE_CLOCK, SAMPLE_TIME);
    record_set(r, SAMPLE_DELAY, 1500000);
    record_set_bytes(r, SAMPLE_GATEWAY, (struct bytes){gateway, sizeof gateway});
    record_set_text(r, SAMPLE_PASSWORD, "opensesame");
    for (unsigned i = 0; i < 2; i++) {
        record_row(r, SAMPLE_GROUP_FILE);
        record_set_text(r, SAMPLE_FILE_NAME, i ? "b.bin" : "a.bin");
        record_set(r, SAMPLE_FILE_SIZE, 1000 + i);
    }
    record_row(r, SAMPLE_GROUP_ITEM);
    record_set(r, SAMPLE_ITEM_AREA, 132);
}

struct record *sample_full(struct record_pool *pool)
{
    static const uint8_t coils[5] = {0xa5, 0xff, 0, 1, 0x80};
    static const uint16_t quality[2] = {1, 3};
    struct record *r = record_take(pool, &sample_schema);

    r->kind = RECORD_TRANSACTION;
    r->time = SAMPLE_TIME;
    r->verbs = VERB_MODE | VERB_WRITE;
    r->outcome = OUTCOME_REFUSED;
    r->operation = (struct operation){
        .id = 0x1234, .kind = 1, .steps = 3, .bytes = 999, .begun = SAMPLE_TIME};
    parties(r);
    message(r, SIDE_REQUEST, 7, SAMPLE_TIME);
    both(r, 91);
    fill_request(r);
    record_run(r, &(struct run){.first = 10,
                                .step = 1,
                                .count = 40,
                                .table = SAMPLE_TABLE_COIL,
                                .type = POINT_BIT,
                                .access = ACCESS_READ,
                                .values = {coils, sizeof coils},
                                .quality = {(const uint8_t *)quality, sizeof quality}});
    message(r, SIDE_RESPONSE, 8, SAMPLE_TIME + 1000);
    both(r, SAMPLE_STOP);
    record_set(r, SAMPLE_CAUSE, 3);
    record_set(r, SAMPLE_FLAGS, 0);
    record_row(r, SAMPLE_GROUP_ITEM);
    record_set(r, SAMPLE_ITEM_AREA, 133);
    r->violations[0] = (struct violation){VIOLATION_OWN, 12, 0, SIDE_REQUEST};
    r->violations[1] =
        (struct violation){VIOLATION_SURPLUS, OFFSET_NONE, 1, SIDE_RESPONSE};
    r->nviolations = 2;
    r->violations_total = 2;
    r->seen = SAMPLE_TIME + 1000;
    return r;
}

struct record *sample_flow(struct record_pool *pool)
{
    struct record *r = record_take(pool, &sample_flow_schema);

    r->kind = RECORD_FLOW;
    r->time = r->seen = SAMPLE_TIME;
    parties(r);
    record_set(r, 0, 1);
    record_set_real(r, 1, 2);
    return r;
}

struct record *sample_health(struct record_pool *pool)
{
    struct record *r = record_take(pool, &sample_health_schema);

    r->kind = RECORD_HEALTH;
    r->time = r->seen = SAMPLE_TIME;
    record_set_text(r, 0, "one way");
    return r;
}
