/*
 * Segments as instructions: nine bytes each, which cut, lose, forge and delay
 * pieces of one long text whose byte n says what stands at n.  Whatever comes
 * out is an unbroken walk through the sequence space, and the bytes of segments
 * that are not forged are those of the text.
 */

#include <stdlib.h>

#include "sensor/core/cursor.h"
#include "sensor/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT = 1 << 17, FORGED = 0x80, CUT = 0x40, FAR = 0x20, BACK = 0x10 };

static uint8_t text[TEXT];
static uint32_t base;
static bool honest;
static struct streams e;

struct walk {
    uint32_t at;
    uint64_t *taken_back; /* of the engine, as far as the walks went back */
    bool lost;            /* after a jump of unknown width */
    bool begun;
};

static void require(bool truth)
{
    if (!truth)
        abort();
}

/* Bytes of a gap that come after all: the walk goes back to them. */
static void go_back(struct walk *w)
{
    w->at -= (uint32_t)(e.counters.taken_back - *w->taken_back);
    *w->taken_back = e.counters.taken_back;
}

/* What stands at number `at`. */
static uint8_t letter(uint32_t at)
{
    return (uint8_t)((at - base) * 2654435761u >> 24);
}

static void on_bytes(void *context, unsigned direction, struct bytes data,
                     const struct stream_origin *from)
{
    struct walk *w = (struct walk *)context + direction;

    (void)from;
    go_back(w);
    require(data.len > 0);
    for (size_t i = 0; honest && w->begun && !w->lost && i < data.len; i++)
        require(data.at[i] == letter(w->at + (uint32_t)i));
    w->at += (uint32_t)data.len;
}

static void on_gap(void *context, unsigned direction, uint32_t missing,
                   const struct stream_origin *from)
{
    struct walk *w = (struct walk *)context + direction;

    (void)from;
    go_back(w);
    w->at += missing;
    w->lost |= missing == 0;
}

static const struct stream_handler handler = {on_bytes, on_gap};

static void check(const struct stream_pair *pair, struct walk *walks)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct stream *s = &pair->side[i];

        if (!walks[i].begun || walks[i].lost)
            walks[i].at = s->next;
        walks[i].begun = s->started;
        walks[i].lost = false;
        require(walks[i].at == s->next);
        require(!s->held == !s->nheld);
        require(s->nheld <= e.options.held);
        require(!s->waits || (s->held && !pair->side[1 - i].waits));
        require(s->presumed <= STREAM_ORDER_REACH);
    }
}

/* offset(2) length(2) ack(2) wait(1) flags(1) direction(1) */
static void step(struct stream_pair *pair, struct walk *walks, struct cursor *c,
                 int64_t *now)
{
    uint32_t offset = cur_be16(c), len = cur_be16(c) % 6000, ack = cur_be16(c);
    uint8_t wait = cur_u8(c), how = cur_u8(c), way = cur_u8(c);
    struct packet p = {.protocol = IP_TCP, .tcp_flags = way >> 3, .seq = base + offset};
    unsigned d = way & 1;

    *now += wait * INT64_C(20000000);
    p.ack = base + ack;
    p.payload = (struct bytes){text + offset, len};
    if (how & FORGED) {
        honest = false;
        p.payload.at = text + (offset ^ 1);
    }
    if (how & FAR)
        p.seq += 0x30000000;
    if (how & BACK)
        p.seq -= 0x200000;
    if (how & (FAR | BACK) || p.tcp_flags & TCP_SYN)
        honest = false;
    p.payload_wire = len + (how & CUT ? how & 15 : 0);
    stream_packet(&e, pair, d, &p, *now);
    go_back(&walks[d]);
    check(pair, walks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stream_options small = {.chunks = 24, .held = 16};
    uint64_t taken_back;
    struct walk walks[2] = {{.taken_back = &taken_back}, {.taken_back = &taken_back}};
    struct stream_pair pair;
    bool truncated = false;
    struct cursor c = cur_over((struct bytes){data, size}, &truncated);
    int64_t now = 0;

    if (!e.handler) {
        require(stream_open(&e, &small, &handler));
        for (uint32_t i = 0; i < TEXT; i++)
            text[i] = letter(base + i);
    }
    base = cur_be32(&c);
    honest = true;
    taken_back = e.counters.taken_back;
    stream_start(&pair, walks);
    while (cur_left(&c))
        step(&pair, walks, &c, &now);
    stream_end(&e, &pair, now);
    require(e.chunks.used == 0);
    require(!e.holes.oldest && !e.holes.newest && !e.waits.oldest && !e.waits.newest);
    return 0;
}
