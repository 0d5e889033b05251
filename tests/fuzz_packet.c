/*
 * Any link type, any bytes.  The first byte picks the link type, the second
 * how many bytes more the frame had on the wire.
 */

#include <stdlib.h>

#include "sensor/decode.h"
#include "sensor/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t links[] = {1, 0, 12, 14, 101, 108, 113, 228, 229, 276, 195};

static void require(bool truth)
{
    if (!truth)
        abort();
}

/* The payload lies within the frame, and says the truth about what is missing. */
static void check(const struct packet *p, const struct raw *raw)
{
    const uint8_t *end = raw->bytes.at + raw->bytes.len;

    require(p->payload.len <= p->payload_wire);
    require(p->payload_wire <= p->wire);
    if (p->payload.len)
        require(p->payload.at >= raw->bytes.at && p->payload.at + p->payload.len <= end);
    if (p->payload_wire > p->payload.len)
        require(p->flags & PACKET_CUT);
    require(p->nvlans <= PACKET_VLANS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct flow_table table;
    static int64_t now;
    struct decode_counters counters = {0};
    struct raw raw = {.frame = 1};
    struct packet p;
    unsigned direction;
    bool is_new;

    if (size < 2)
        return 0;
    if (!table.buckets)
        require(flow_open(&table, &(struct flow_options){.flows = 64}));
    raw.link_type = links[data[0] % COUNT_OF(links)];
    raw.bytes = (struct bytes){data + 2, size - 2};
    raw.wire = (uint32_t)size - 2 + data[1];
    raw.time = now += data[1] * INT64_C(100000000);
    decode(&raw, &p, &counters);
    check(&p, &raw);
    flow_expire(&table, now);
    flow_find(&table, &p, now, &direction, &is_new);
    return 0;
}
