#include "sensor/stream.h"

#include <assert.h>
#include <string.h>

enum { CHUNK_SIZE = 2048, CHUNKS_DEFAULT = 16384 };
enum { HELD_DEFAULT = 64, HELD_BYTES_DEFAULT = 128 * 1024, WAIT_DEFAULT = 2000000000 };
enum { ORDER_DEFAULT = 100000000, VAIN_MAX = 3 };

/*
 * Nobody sends further ahead than the largest TCP window allows.  Repetitions
 * reach back a shorter way: a stream led astray by a forged segment finds back.
 */
enum { AHEAD_MAX = 16 << 20, BEHIND_MAX = 1 << 20, RESYNC_MAX = 1 << 16 };

struct stream_chunk {
    struct stream_chunk *next;
    struct stream_origin from; /* `seen` is set at delivery */
    uint32_t seq;
    uint32_t len;
    uint32_t cut; /* bytes behind it that the capture cut off */
    uint32_t ack; /* `early`: not before the other side was delivered up to here */
    bool early;
    uint8_t data[CHUNK_SIZE - sizeof(void *) - sizeof(struct stream_origin) - 24];
};

/* What is left to place of one TCP segment. */
struct segment {
    uint32_t seq;
    struct bytes data;
    uint32_t cut;
    uint32_t ack; /* as in a chunk */
    bool early;
    struct stream_origin from;
};

/* Below zero when a comes before b in the sequence space, which is a circle. */
static int32_t distance(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static uint32_t end_of(const struct stream_chunk *c)
{
    return c->seq + c->len;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void advance(struct segment *g, size_t n)
{
    g->seq += (uint32_t)n;
    g->data.at += n;
    g->data.len -= n;
}

static struct stream *other_side(const struct stream *s)
{
    return &s->pair->side[1 - s->direction];
}

/* How far `ack` lies behind what s delivered, 0 when it is not plausible. */
static uint32_t unseen(const struct stream *s, uint32_t ack)
{
    int32_t n = distance(ack, s->next) - s->fin;

    return n > 0 && n + (int64_t)s->presumed <= STREAM_ORDER_REACH ? (uint32_t)n : 0;
}

/* If both sides waited they would wait for one another. */
static bool too_early(const struct stream *s, bool early, uint32_t ack)
{
    const struct stream *other = other_side(s);

    return early && !other->waits && unseen(other, ack) > 0;
}

static bool at_head(const struct stream *s)
{
    return s->held && s->held->seq == s->next;
}

static bool ready(const struct stream *s)
{
    const struct stream_chunk *c = s->held;

    return c && c->seq == s->next && !too_early(s, c->early, c->ack);
}

/* --- the lists of holes and of waits -------------------------------------- */

static struct stream_list *list_of(struct streams *e, const struct stream *s)
{
    return s->waits ? &e->waits : &e->holes;
}

static void unlist(struct streams *e, struct stream *s)
{
    struct stream_list *l = list_of(e, s);

    *(s->older ? &s->older->newer : &l->oldest) = s->newer;
    *(s->newer ? &s->newer->older : &l->newest) = s->older;
    s->waits = false;
}

/* By age; nearly always the youngest. */
static void list(struct streams *e, struct stream *s)
{
    struct stream_list *l;
    struct stream *older;

    s->waits = at_head(s);
    s->since = e->now;
    s->doubted = false;
    l = list_of(e, s);
    older = l->newest;
    while (older && older->since > s->since)
        older = older->older;
    s->older = older;
    s->newer = older ? older->newer : l->oldest;
    *(s->older ? &s->older->newer : &l->oldest) = s;
    *(s->newer ? &s->newer->older : &l->newest) = s;
}

/* --- delivery ------------------------------------------------------------- */

/* Of n bytes of s, how many go out before what waits on the other side. */
static size_t until_other(const struct stream *s, size_t n)
{
    const struct stream *other = other_side(s);

    if (!other->waits || !unseen(s, other->held->ack))
        return n;
    return smaller(n, other->held->ack - s->next);
}

static void tell_bytes(struct streams *e, struct stream *s, struct bytes data,
                       struct stream_origin from)
{
    from.seen = e->now;
    s->vain = 0;
    s->presumed = 0;
    s->next += (uint32_t)data.len;
    e->counters.bytes += data.len;
    e->handler->bytes(s->pair->context, s->direction, data, &from);
}

static void tell_gap(struct streams *e, struct stream *s, uint32_t missing,
                     struct stream_origin from)
{
    from.seen = e->now;
    s->presumed = 0;
    s->next += missing;
    e->counters.gaps++;
    e->counters.gap_bytes += missing;
    e->handler->gap(s->pair->context, s->direction, missing, &from);
}

static struct stream_chunk *pop(struct stream *s)
{
    struct stream_chunk *c = s->held;

    s->held = c->next;
    s->nheld--;
    s->held_bytes -= c->len;
    return c;
}

/* The capture lacks `cut` bytes from here on, unless some of them are held. */
static uint32_t really_cut(const struct stream *s, uint32_t cut)
{
    return s->held ? (uint32_t)smaller(cut, s->held->seq - s->next) : cut;
}

/* The other side goes on, if it waited for what s delivered just now.  Then s does
 * not wait, so nobody is to be woken in turn. */
static void wake_other(struct streams *e, struct stream *s)
{
    struct stream *other = other_side(s);

    if (!other->waits || !ready(other))
        return;
    unlist(e, other);
    while (ready(other)) {
        struct stream_chunk *c = pop(other);
        uint32_t cut;

        tell_bytes(e, other, (struct bytes){c->data, c->len}, c->from);
        cut = really_cut(other, c->cut);
        if (cut)
            tell_gap(e, other, cut, c->from);
        pool_give(&e->chunks, c);
    }
    if (other->held)
        list(e, other);
}

static void deliver(struct streams *e, struct stream *s, struct bytes data,
                    struct stream_origin from)
{
    while (e->waits.oldest && data.len) {
        struct bytes piece = {data.at, until_other(s, data.len)};

        tell_bytes(e, s, piece, from);
        data.at += piece.len;
        data.len -= piece.len;
        wake_other(e, s);
    }
    if (data.len)
        tell_bytes(e, s, data, from);
}

static void report_gap(struct streams *e, struct stream *s, uint32_t missing,
                       struct stream_origin from)
{
    do {
        uint32_t piece = (uint32_t)until_other(s, missing);

        tell_gap(e, s, piece, from);
        missing -= piece;
        wake_other(e, s);
    } while (missing);
}

static void report_cut(struct streams *e, struct stream *s, uint32_t cut,
                       struct stream_origin from)
{
    cut = really_cut(s, cut);
    if (cut)
        report_gap(e, s, cut, from);
}

/* Delivers what is held from `next` on without a hole. */
static void drain(struct streams *e, struct stream *s)
{
    if (!at_head(s) || (s->waits && !ready(s)))
        return;
    unlist(e, s);
    while (ready(s)) {
        struct stream_chunk *c = pop(s);

        deliver(e, s, (struct bytes){c->data, c->len}, c->from);
        if (c->cut)
            report_cut(e, s, c->cut, c->from);
        pool_give(&e->chunks, c);
    }
    if (s->held)
        list(e, s);
}

/* What s did not show of the bytes up to `ack` counts as lost, unless held. */
static void presume_lost(struct streams *e, struct stream *s, uint32_t ack,
                         struct stream_origin from)
{
    uint32_t missing = unseen(s, ack), presumed = s->presumed;

    if (missing && s->held)
        missing = (uint32_t)smaller(missing, s->held->seq - s->next);
    if (!missing)
        return;
    tell_gap(e, s, missing, from);
    s->presumed = presumed + missing;
}

/* What s holds first has waited enough for the other side. */
static void give_up_wait(struct streams *e, struct stream *s)
{
    struct stream *other = other_side(s);

    presume_lost(e, other, s->held->ack, s->held->from);
    s->held->early = false;
    drain(e, s);
    drain(e, other);
}

static void give_up_to(struct streams *e, struct stream *s, uint32_t seq,
                       struct stream_origin from)
{
    if (seq != s->next)
        report_gap(e, s, seq - s->next, from);
    drain(e, s);
}

/* Gives up the first hole, or the wait where there is none. */
static void give_up_hole(struct streams *e, struct stream *s)
{
    if (s->waits)
        give_up_wait(e, s);
    else
        give_up_to(e, s, s->held->seq, s->held->from);
}

static void give_up_all(struct streams *e, struct stream *s)
{
    while (s->held)
        give_up_hole(e, s);
}

static void drop_all(struct streams *e, struct stream *s)
{
    unlist(e, s);
    while (s->held) {
        pool_give(&e->chunks, pop(s));
        e->counters.refused++;
    }
}

static void hole_timed_out(struct streams *e, struct stream *s)
{
    e->counters.timed_out++;
    if (s->doubted)
        drop_all(e, s);
    else
        give_up_hole(e, s);
}

static void wait_timed_out(struct streams *e, struct stream *s)
{
    struct stream *other = other_side(s);

    e->counters.unexplained++;
    other->vain++;
    give_up_wait(e, s);
    while (s->waits && other->vain >= VAIN_MAX)
        give_up_wait(e, s);
}

/* --- holding -------------------------------------------------------------- */

/* A chunk, or NULL when a bound is reached; counts which. */
static struct stream_chunk *take_chunk(struct streams *e, const struct stream *s,
                                       size_t n)
{
    struct stream_chunk *c;

    if (s->nheld >= e->options.held || s->held_bytes + n > e->options.held_bytes) {
        e->counters.bounds_reached++;
        return NULL;
    }
    c = pool_take(&e->chunks);
    if (!c)
        e->counters.pool_full++;
    return c;
}

/* In front of *at.  Where it closes the hole, a wait takes the place of that. */
static void insert(struct streams *e, struct stream *s, struct stream_chunk **at,
                   struct stream_chunk *c)
{
    bool first = !s->held;

    c->next = *at;
    *at = c;
    s->nheld++;
    s->held_bytes += c->len;
    if (!first && at_head(s) && !s->waits)
        unlist(e, s);
    else if (!first)
        return;
    list(e, s);
}

/* Holds the first n bytes of g in front of *at; false when there is no room. */
static bool hold(struct streams *e, struct stream *s, struct stream_chunk **at,
                 const struct segment *g, size_t n)
{
    struct stream_chunk *c = take_chunk(e, s, n);

    if (!c)
        return false;
    c->from = g->from;
    c->seq = g->seq;
    c->len = (uint32_t)n;
    c->cut = n == g->data.len ? g->cut : 0;
    c->ack = g->ack;
    c->early = g->early;
    memcpy(c->data, g->data.at, n);
    insert(e, s, at, c);
    *(s->waits ? &e->counters.early : &e->counters.reordered) += 1;
    return true;
}

/* The copy that acknowledges less is the one sent first. */
static void overlap(struct streams *e, struct stream_chunk *c, struct segment *g)
{
    uint32_t into = g->seq - c->seq;
    size_t n = smaller(c->len - into, g->data.len);

    e->counters.overlaps++;
    if (memcmp(c->data + into, g->data.at, n) != 0)
        e->counters.differing++;
    if (distance(g->ack, c->ack) < 0)
        c->ack = g->ack;
    advance(g, n);
}

/* Bytes of g that are not held yet, from its first one on; 0 if that one is. */
static size_t fresh(const struct stream_chunk *behind, const struct segment *g)
{
    int32_t room;

    if (!behind)
        return g->data.len;
    room = distance(behind->seq, g->seq);
    return room <= 0 ? 0 : smaller((size_t)room, g->data.len);
}

/* There is no room for g: something before it has to be given up. */
static void make_way(struct streams *e, struct stream *s, struct segment *g)
{
    if (s->held && distance(s->held->seq, g->seq) < 0) {
        give_up_hole(e, s);
    } else if (g->seq != s->next) {
        give_up_to(e, s, g->seq, g->from);
    } else {
        presume_lost(e, other_side(s), g->ack, g->from);
        g->early = false;
    }
}

/*
 * Takes the next piece off g: repeated, in order, or to be held.  What is held
 * is delivered only when g has gone past it, so that overlaps are compared.
 */
static void place_piece(struct streams *e, struct stream *s, struct segment *g)
{
    struct stream_chunk **at = &s->held;
    size_t n;

    while (*at && distance(g->seq, end_of(*at)) >= 0)
        at = &(*at)->next;
    n = fresh(*at, g);
    if (n == 0) {
        overlap(e, *at, g);
    } else if (ready(s)) {
        drain(e, s);
    } else if (g->seq == s->next && !too_early(s, g->early, g->ack)) {
        deliver(e, s, (struct bytes){g->data.at, n}, g->from);
        advance(g, n);
    } else {
        n = smaller(n, sizeof(*at)->data);
        if (hold(e, s, at, g, n))
            advance(g, n);
        else
            make_way(e, s, g);
    }
}

/* The receiver has what lies behind the first hole. */
static bool hole_is_real(const struct stream *s)
{
    return s->held && !s->waits && s->has_ack && distance(s->acked, s->held->seq) >= 0;
}

/* Bytes of a gap that only the other side vouched for.  One byte alone may be a
 * keep-alive. */
static void take_back(struct streams *e, struct stream *s, const struct segment *g)
{
    int32_t old = distance(s->next, g->seq);
    size_t len = g->data.len + g->cut;
    uint32_t back;

    if (old <= 0 || (old == 1 && len == 1) || len + s->presumed <= (size_t)old)
        return;
    back = (uint32_t)smaller((size_t)old, s->presumed);
    s->next -= back;
    s->presumed -= back;
    e->counters.gap_bytes -= back;
    e->counters.taken_back += back;
}

static bool skip_old(const struct stream *s, struct segment *g)
{
    int32_t old = distance(s->next, g->seq);

    if (old <= 0)
        return false;
    advance(g, smaller((size_t)old, g->data.len));
    return true;
}

static void place(struct streams *e, struct stream *s, struct segment *g)
{
    if (s->presumed && !s->waits)
        take_back(e, s, g);
    e->counters.retransmitted += skip_old(s, g);
    while (g->data.len) {
        place_piece(e, s, g);
        skip_old(s, g); /* a cut that was reported reaches over pieces */
    }
    if (g->cut && g->seq == s->next)
        report_cut(e, s, g->cut, g->from);
    drain(e, s);
    while (hole_is_real(s))
        give_up_hole(e, s);
}

/* --- packets -------------------------------------------------------------- */

/*
 * A segment that no window explains is ignored, but two in a row that continue
 * one another mean that it is we who are lost.
 */
static bool follow_far(struct streams *e, struct stream *s, const struct segment *g)
{
    int32_t away = distance(g->seq, s->next);

    if (!s->far_seen || g->seq - s->far_next >= RESYNC_MAX) {
        s->far_seen = true;
        s->far_next = g->seq + (uint32_t)g->data.len + g->cut;
        e->counters.far++;
        return false;
    }
    give_up_all(e, s);
    report_gap(e, s, 0, g->from);
    e->counters.gap_bytes += away > 0 ? (uint32_t)away : 0;
    e->counters.resynchronised++;
    s->next = g->seq;
    s->has_ack = false;
    wake_other(e, s);
    return true;
}

static bool plausible(const struct stream *s, const struct segment *g)
{
    int32_t start = distance(g->seq, s->next);
    int32_t end = distance(g->seq + (uint32_t)g->data.len + g->cut, s->next);

    return start <= AHEAD_MAX && end >= -BEHIND_MAX;
}

/* Where to begin when no SYN was seen.  One byte alone may be a keep-alive. */
static void pick_up(struct stream *s, const struct segment *g)
{
    s->started = true;
    s->next = g->data.len + g->cut > 1 ? g->seq : g->seq + 1;
}

/* Whether the segment has to be put in order against the other side; when that
 * has been silent for long, at once. */
static bool is_early(struct streams *e, struct stream *s, const struct packet *p,
                     const struct segment *g)
{
    struct stream *other = other_side(s);

    if (!(p->tcp_flags & TCP_ACK) || !other->seen || !other->started ||
        !unseen(other, p->ack))
        return false;
    if (other->vain < VAIN_MAX)
        return true;
    presume_lost(e, other, p->ack, g->from);
    return false;
}

static void receive(struct streams *e, struct stream *s, const struct packet *p)
{
    struct segment g = {
        .seq = p->seq + !!(p->tcp_flags & TCP_SYN),
        .data = p->payload,
        .cut = p->payload_wire - (uint32_t)p->payload.len,
        .ack = p->ack,
        .from = {p->time, p->frame, p->source, 0},
    };

    e->counters.segments++;
    if (!s->started)
        pick_up(s, &g);
    if (!plausible(s, &g)) {
        if (!follow_far(e, s, &g))
            return;
    }
    if (distance(g.seq, s->next) >= 0)
        s->far_seen = false;
    if (p->ack == other_side(s)->next) {
        place(e, s, &g);
        return;
    }
    g.early = is_early(e, s, p, &g);
    place(e, s, &g);
    drain(e, other_side(s));
}

/* What the receiver of s says about it. */
static void acknowledge(struct streams *e, struct stream *s, const struct packet *p)
{
    if (!(p->tcp_flags & TCP_ACK))
        return;
    if (p->tcp_flags & TCP_SYN && !s->started) {
        s->started = true;
        s->next = p->ack;
    }
    if (s->started && distance(p->ack, s->next) > AHEAD_MAX)
        return;
    if (!s->has_ack || distance(p->ack, s->acked) > 0)
        s->acked = p->ack;
    s->has_ack = true;
    while (hole_is_real(s))
        give_up_hole(e, s);
    s->doubted = true; /* only asked while something is held */
}

/* A packet of s: the side went on, behind what the other side waits for. */
static void overtake(struct streams *e, const struct stream *s, const struct packet *p)
{
    struct stream *other = other_side(s);

    while (other->waits && unseen(s, p->seq) && distance(p->seq, other->held->ack) >= 0)
        give_up_wait(e, other);
}

void stream_packet(struct streams *e, struct stream_pair *pair, unsigned direction,
                   const struct packet *p, int64_t now)
{
    struct stream *s = &pair->side[direction];

    if (p->protocol != IP_TCP || p->flags & (PACKET_FRAGMENT | PACKET_BAD_LENGTH))
        return;
    if (e->holes.oldest || e->waits.oldest)
        stream_expire(e, now);
    e->now = now;
    s->seen = true;
    acknowledge(e, &pair->side[1 - direction], p);
    if (e->waits.oldest)
        overtake(e, s, p);
    if (p->tcp_flags & TCP_SYN && !s->started) {
        s->started = true;
        s->next = p->seq + 1;
    }
    if (p->payload_wire && !(p->tcp_flags & TCP_RST))
        receive(e, s, p);
    if (p->tcp_flags & TCP_FIN)
        s->fin = true;
}

static int64_t deadline(const struct stream_list *l, int64_t patience)
{
    return l->oldest ? l->oldest->since + patience : INT64_MAX;
}

int64_t stream_due(const struct streams *e)
{
    int64_t hole = deadline(&e->holes, e->options.wait);
    int64_t wait = deadline(&e->waits, e->options.order);

    return hole < wait ? hole : wait;
}

void stream_expire(struct streams *e, int64_t now)
{
    int64_t due;

    while ((due = stream_due(e)) <= now) {
        e->now = due;
        if (due == deadline(&e->waits, e->options.order))
            wait_timed_out(e, e->waits.oldest);
        else
            hole_timed_out(e, e->holes.oldest);
    }
    e->now = now;
}

/* --- opening and closing -------------------------------------------------- */

void stream_start(struct stream_pair *pair, void *context)
{
    *pair = (struct stream_pair){.context = context};
    for (uint8_t i = 0; i < 2; i++) {
        pair->side[i].direction = i;
        pair->side[i].pair = pair;
    }
}

void stream_end(struct streams *e, struct stream_pair *pair, int64_t now)
{
    e->now = now;
    for (unsigned i = 0; i < 2; i++)
        give_up_all(e, &pair->side[i]);
}

bool stream_open(struct streams *e, const struct stream_options *options,
                 const struct stream_handler *handler)
{
    *e = (struct streams){.handler = handler};
    if (options)
        e->options = *options;
    if (!e->options.chunks)
        e->options.chunks = CHUNKS_DEFAULT;
    if (!e->options.held)
        e->options.held = HELD_DEFAULT;
    if (!e->options.held_bytes)
        e->options.held_bytes = HELD_BYTES_DEFAULT;
    if (!e->options.wait)
        e->options.wait = WAIT_DEFAULT;
    if (!e->options.order)
        e->options.order = ORDER_DEFAULT;
    return pool_open(&e->chunks, "stream chunks", sizeof(struct stream_chunk),
                     e->options.chunks);
}

size_t stream_memory(size_t chunks)
{
    return pool_memory(sizeof(struct stream_chunk), chunks ? chunks : CHUNKS_DEFAULT);
}

void stream_close(struct streams *e)
{
    pool_close(&e->chunks);
    *e = (struct streams){0};
}
