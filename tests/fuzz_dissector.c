/*
 * One harness for every dissector: what it does with a flow an attacker writes.
 *
 *     byte 0   which dissector, which framing, whether the flow is known
 *     then     pieces: a byte of direction (bit 0) and time (the rest), a length of
 *              two bytes, as many bytes of the stream
 *
 * Aborts when a record is lost or given back twice, or when length() claims what no
 * buffer could hold.
 */

#include <stdlib.h>

#include "dissectors/dissector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = 8, CLAIM_MAX = 1 << 20 };

static struct exchanger home;
static struct clock now;
static uint64_t frame;

static void came_out(void *context, struct record *r)
{
    (void)context;
    record_give(r);
}

static void one_message(const struct dissector *d, struct exchange *x, struct side *side,
                        struct bytes b)
{
    bool truncated = false;
    struct cursor c = cur_over(b, &truncated);
    struct message m = {.time = now.last,
                        .frame = frame,
                        .first = frame,
                        .length = (uint32_t)b.len,
                        .side = (uint8_t)side->direction};

    frame++;
    if (d->sender)
        d->sender(side, c);
    exchange_begin(x, &m, b.at);
    if (d->message(x, side, &c) == TAKEN)
        side->sure = true;
    exchange_settle(x, &c);
}

static void one_piece(const struct dissector *d, struct exchange *x, struct side *side,
                      struct cursor stream)
{
    while (cur_left(&stream)) {
        bool truncated = false;
        struct cursor head = {stream.at, stream.end, &truncated};
        long len = d->length(side, head);

        if (len > CLAIM_MAX)
            abort();
        if (len == LENGTH_UNKNOWN)
            return;
        if (len < 0) {
            cur_skip(&stream, 1);
            continue;
        }
        if ((size_t)len > cur_left(&stream))
            len = (long)cur_left(&stream); /* the engine waits; here it is cut short */
        one_message(d, x, side, cur_bytes(&stream, (size_t)len));
    }
}

static unsigned nth_framing(const struct dissector *d, unsigned n)
{
    unsigned count = 0;

    for (const struct label *l = d->framings; l && l->name; l++)
        count++;
    return count ? d->framings[n % count].code : 0;
}

static void one_flow(const struct dissector *d, unsigned choice, struct cursor input)
{
    struct parties parties = {.protocol = TRANSPORT_TCP, .flow_id = 1};
    struct side side = {.transport = choice & 4 ? TRANSPORT_UDP : TRANSPORT_TCP,
                        .framing = (uint8_t)nth_framing(d, choice),
                        .sure = choice & 8};
    struct exchange x;

    exchange_open(&x, &home, &d->schema, &d->patience, &parties);
    while (cur_left(&input)) {
        unsigned way = cur_u8(&input);
        struct cursor piece;
        size_t len = cur_be16(&input) & 0x7ff;

        side.direction = way & 1 ? SIDE_RESPONSE : SIDE_REQUEST;
        clock_tick(&now, now.last + (int64_t)(way >> 1) * 100 * NS_PER_MS);
        exchanger_expire(&home, now.now);
        piece = cur_cut(&input, len < cur_left(&input) ? len : cur_left(&input));
        one_piece(d, &x, &side, piece);
    }
    exchange_close(&x, OUTCOME_UNANSWERED);
}

/* Once: a pool is large, and what one flow leaves behind must not matter. */
static void make_home(void)
{
    struct record_sink sink = {.done = came_out};

    if (!home.slots && !exchanger_open(&home, RECORDS, 1, sink, &now))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool truncated = false;
    struct cursor input = cur_over((struct bytes){data, size}, &truncated);
    unsigned choice = cur_u8(&input);

    now = clock_at_rest(3600 * NS_PER_S, 5 * NS_PER_S);
    clock_tick(&now, NS_PER_S);
    make_home();
    one_flow(dissectors[(choice >> 4) % ndissectors], choice, input);
    if (record_pool_free(&home.records) != RECORDS ||
        pool_free_count(&home.sessions) != home.sessions.total)
        abort();
    return 0;
}
