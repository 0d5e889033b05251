#include "sensor/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sensor/core/clock.h"
#include "sensor/core/hash.h"

/* clang-format off */
static const struct label checks[] = {
    {CHECK_CLOCK_JUMP,        "clock_jump",        0, "packet time went far ahead or back"},
    {CHECK_TABLE_FULL,        "table_full",        0, "a table of the sensor is full and lets things go"},
    {CHECK_CAPTURE_CUT,       "capture_cut",       0, "packets are cut by the snap length"},
    {CHECK_CAPTURE_TRUNCATED, "capture_truncated", 0, "a capture file ends in the middle of a packet"},
    {0},
};

static const struct field fields[HEALTH_FIELDS] = {
    [HEALTH_CHECK] = {"check", FIELD_ENUM, "What is not as it should be", checks, .flags = FIELD_DERIVED},
    [HEALTH_TABLE] = {"table", FIELD_TEXT, "The table or file it is about"},
    [HEALTH_COUNT] = {"count", FIELD_INT, "How often it happened so far"},
    [HEALTH_JUMP]  = {"jump", FIELD_DURATION, "How far the clock jumped; negative: back"},
};

const struct schema health_schema = {
    .name = "health",
    .title = "The sensor's own health",
    .fields = fields,
    .nfields = HEALTH_FIELDS,
};

static const struct signature signatures[CHECKS] = {
    [CHECK_CLOCK_JUMP] = {
        .id = 8104251, .rev = 1, .engine = "health", .name = "health.clock.jump",
        .detection = "BD-25", .title = "Packet time jumps",
        .category = "Sensor Health", .severity = SEVERITY_LOW, .score = 40,
        .why = "Time-outs and windows cannot be measured across the jump: they were "
               "moved along, and nothing was learned from it.",
        .remediation = "Live: look at the clock of the host (NTP). In a replay: the captures "
                       "are not of one stretch of time.",
        .created = "2026_11_22", .updated = "2026_11_22"},
    [CHECK_TABLE_FULL] = {
        .id = 8104252, .rev = 1, .engine = "health", .name = "health.table.full",
        .detection = "BD-25", .title = "A table of the sensor is full",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "What is let go is not analysed: something may pass unseen.",
        .remediation = "Look at who fills it (a scan, a flood); if this is usual here, raise the limit.",
        .created = "2026_11_22", .updated = "2026_11_22"},
    [CHECK_CAPTURE_CUT] = {
        .id = 8104253, .rev = 1, .engine = "health", .name = "health.capture.cut",
        .detection = "BD-25", .title = "Packets are cut by the capture",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "Messages of which only a part was captured cannot be read to their end.",
        .remediation = "Capture whole packets: snaplen 65535, or 0 in tcpdump.",
        .created = "2026_11_22", .updated = "2026_11_22"},
    [CHECK_CAPTURE_TRUNCATED] = {
        .id = 8104254, .rev = 1, .engine = "health", .name = "health.capture.truncated",
        .detection = "BD-25", .title = "A capture file ends in the middle of a packet",
        .category = "Sensor Health", .severity = SEVERITY_INFO, .score = 10,
        .why = "The program that wrote it was ended, or the disk was full: what came after is not here.",
        .remediation = "Nothing, if that is known; else copy the file again.",
        .created = "2026_11_22", .updated = "2026_11_22"},
};
/* clang-format on */

static int64_t number(const struct record *r, unsigned slot)
{
    const struct value *v = record_get(r, slot);

    return v ? v->i : 0;
}

static void summarise(const struct record *r, char *out, size_t size)
{
    const struct value *table = record_get(r, HEALTH_TABLE);
    struct bytes name = table ? record_bytes(r, table) : (struct bytes){NULL, 0};
    int64_t jump = number(r, HEALTH_JUMP), count = number(r, HEALTH_COUNT);
    int len = (int)name.len;

    switch (number(r, HEALTH_CHECK)) {
    case CHECK_CLOCK_JUMP:
        snprintf(out, size, "Packet time jumped %s by %.1f s.",
                 jump < 0 ? "back" : "forward", (double)(jump < 0 ? -jump : jump) / 1e9);
        break;
    case CHECK_TABLE_FULL:
        snprintf(out, size, "The table of %.*s is full: %" PRId64 " let go so far.", len,
                 (const char *)name.at, count);
        break;
    case CHECK_CAPTURE_CUT:
        snprintf(out, size, "%" PRId64 " packets of %.*s are cut short.", count, len,
                 (const char *)name.at);
        break;
    default:
        snprintf(out, size, "%.*s ends in the middle of a packet.", len,
                 (const char *)name.at);
        break;
    }
}

void health_finding(const struct record *r, struct finding *out)
{
    const struct value *table = record_get(r, HEALTH_TABLE);
    struct bytes name = table ? record_bytes(r, table) : (struct bytes){NULL, 0};

    memset(out, 0, offsetof(struct finding, matched));
    out->signature = &signatures[number(r, HEALTH_CHECK)];
    out->record = r;
    out->track = hash_stable(0, name.at, name.len);
    out->has_point = false;
    out->threshold = 0;
    summarise(r, out->summary, sizeof out->summary);
}
