#include "sensor/lane.h"

#include <string.h>
#include <time.h>

enum {
    BURST = 64, /* parcels between two looks around */
    NAP_NS = 50000,
    SLEEP_MS = 20,
};

static const int64_t COUNT_EVERY = NS_PER_S;

void lane_nap(void)
{
    nanosleep(&(struct timespec){0, NAP_NS}, NULL);
}

bool passage_before(const struct passage *a, const struct passage *b)
{
    if (a->seen != b->seen)
        return a->seen < b->seen;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->number < b->number;
}

/* ---- in ---------------------------------------------------------------------- */

static const uint8_t *moved(const uint8_t *at, const uint8_t *from, const uint8_t *to)
{
    return at ? to + (at - from) : NULL;
}

/* The packet behind its parcel. */
static void copy_in(struct parcel *p)
{
    struct packet *packet = &p->arrival.packet;
    const uint8_t *from = packet->data.at;
    uint8_t *bytes = (uint8_t *)(p + 1);

    if (packet->data.len)
        memcpy(bytes, from, packet->data.len);
    packet->network.at = moved(packet->network.at, from, bytes);
    packet->payload.at = moved(packet->payload.at, from, bytes);
    packet->data.at = bytes;
}

bool lane_packet(struct worker_lane *l, const struct arrival *a, uint64_t position)
{
    size_t len = l->options.borrows ? 0 : a->packet.data.len;
    struct parcel *p = tube_slot(&l->in, sizeof *p + len);

    if (!p)
        return false;
    p->kind = PARCEL_PACKET;
    p->position = position;
    p->arrival = *a;
    if (!l->options.borrows)
        copy_in(p);
    tube_push(&l->in);
    return true;
}

uint64_t lane_needs(const struct worker_lane *l, uint64_t head)
{
    uint64_t at = atomic_load_explicit(&l->at, memory_order_acquire);

    return tube_used(&l->in) == 0 ? head : at;
}

bool lane_tell(struct worker_lane *l, enum parcel_kind kind, const struct arrival *a)
{
    struct parcel *p = tube_slot(&l->in, sizeof *p);

    if (!p)
        return false;
    p->kind = kind;
    p->position = 0;
    p->arrival = *a;
    tube_push(&l->in);
    return true;
}

/* ---- out --------------------------------------------------------------------- */

/* Room in the ring; NULL, on the wire, when there is none. */
static struct passage *slot(struct worker_lane *l)
{
    struct passage *p = ring_slot(&l->out);

    while (!p && l->options.waits) {
        lane_nap();
        p = ring_slot(&l->out);
    }
    return p;
}

static void pass(struct worker_lane *l, struct record *r, enum passage_kind kind)
{
    struct passage *p = slot(l);

    if (!p) {
        atomic_fetch_add_explicit(&l->lost, 1, memory_order_relaxed);
        record_give(r);
        return;
    }
    *p = (struct passage){r, r->seen, r->number, r->rank, (uint8_t)kind};
    ring_push(&l->out);
}

static void pass_request(void *context, struct record *r)
{
    struct worker_lane *l = context;
    struct record *copy = record_copy(&l->worker.exchanger.records, r);

    if (copy->scratch)
        atomic_fetch_add_explicit(&l->lost, 1, memory_order_relaxed);
    else
        pass(l, copy, PASSAGE_REQUEST);
}

static void pass_done(void *context, struct record *r)
{
    pass(context, r, PASSAGE_DONE);
}

static void mark(struct worker_lane *l)
{
    struct passage *p;

    if (l->options.joined || l->marked)
        return;
    p = slot(l);
    if (!p)
        return;
    *p = l->latest;
    ring_push(&l->out);
    l->marked = true;
}

/* A dry pool fills when analysis gives back what is on its way. */
static bool wait_for_records(void *context)
{
    struct worker_lane *l = context;

    if (ring_used(&l->out) == 0)
        return false;
    lane_nap();
    return true;
}

/* ---- the thread -------------------------------------------------------------- */

static void send_counts(struct worker_lane *l)
{
    struct worker_counters *c;

    if (l->worker.clock.now < l->counted + COUNT_EVERY)
        return;
    l->counted = l->worker.clock.now;
    c = ring_slot(&l->counts);
    if (!c)
        return;
    worker_count(&l->worker, c);
    ring_push(&l->counts);
}

static void take(struct worker_lane *l, const struct parcel *p)
{
    const struct arrival *a = &p->arrival;

    if (p->kind == PARCEL_PACKET) {
        atomic_store_explicit(&l->at, p->position, memory_order_release);
        if (l->hooks.at)
            l->hooks.at(l->hooks.context, l->index, a);
        worker_packet(&l->worker, a);
    } else if (p->kind == PARCEL_TICK) {
        worker_tick(&l->worker, a->now);
        if (l->hooks.tick)
            l->hooks.tick(l->hooks.context, a->now);
    } else {
        worker_end(&l->worker, a->now);
    }
    l->latest = (struct passage){.seen = p->kind == PARCEL_END ? INT64_MAX : a->now,
                                 .number = a->packet.number,
                                 .kind = PASSAGE_MARK};
    l->marked = false;
}

/* At most a burst; false at the end of all. */
static bool work(struct worker_lane *l)
{
    const struct parcel *p;
    enum parcel_kind kind = PARCEL_PACKET;
    size_t len;
    unsigned n = 0;

    while (kind != PARCEL_END && n < BURST && (p = tube_peek(&l->in, &len))) {
        kind = p->kind;
        take(l, p);
        tube_pop(&l->in);
        n++;
    }
    return kind != PARCEL_END;
}

static void rest(struct worker_lane *l)
{
    if (tube_used(&l->in) > 0)
        return;
    bell_sleep(&l->bell);
    if (tube_used(&l->in) == 0)
        bell_wait(&l->bell, SLEEP_MS);
    bell_awake(&l->bell);
}

static void *run(void *context)
{
    struct worker_lane *l = context;

    if (l->hooks.begin)
        l->hooks.begin(l->hooks.context, l->index);
    while (work(l)) {
        mark(l);
        send_counts(l);
        l->worker.exchanger.first_patience =
            atomic_load_explicit(&l->response_timeout, memory_order_relaxed);
        if (l->hooks.beat)
            l->hooks.beat(l->hooks.context, l->index);
        if (l->hooks.between)
            l->hooks.between(l->hooks.context);
        rest(l);
    }
    mark(l);
    return NULL;
}

/* ---- opening and closing ----------------------------------------------------- */

/* Records on their way to analysis are not free for the worker: it has more of them. */
static struct worker_options with_records(const struct lane_options *o)
{
    struct worker_options w = o->worker;

    if (!o->joined && w.records)
        w.records += o->out;
    return w;
}

bool lane_open(struct worker_lane *l, unsigned index, const struct lane_options *options,
               const struct lane_hooks *hooks, struct record_sink sink,
               struct bell *analysis)
{
    struct worker_options w;
    struct record_sink out = {pass_request, pass_done, l};
    bool ok;

    memset(l, 0, sizeof *l);
    l->options = *options;
    l->options.in = l->options.in ? l->options.in : LANE_IN;
    l->options.out = l->options.out ? l->options.out : LANE_OUT;
    l->hooks = *hooks;
    l->sink = sink;
    l->index = index;
    l->open = true;
    l->latest = l->mark = (struct passage){.seen = INT64_MIN, .kind = PASSAGE_MARK};
    l->marked = true;
    atomic_init(&l->response_timeout, options->worker.response_timeout);
    w = with_records(&l->options);
    ok = bell_open(&l->bell);
    ok &= tube_open(&l->in, l->options.in, &l->bell);
    ok &= ring_open(&l->out, sizeof(struct passage), options->joined ? 1 : l->options.out,
                    analysis);
    ok &= ring_open(&l->counts, sizeof(struct worker_counters), 2, NULL);
    ok &= worker_open(&l->worker, &w, options->joined ? sink : out);
    if (ok && options->waits && !options->joined)
        record_pool_wait(&l->worker.exchanger.records, wait_for_records, l);
    return ok;
}

bool lane_start(struct worker_lane *l)
{
    l->started = pthread_create(&l->thread, NULL, run, l) == 0;
    return l->started;
}

void lane_join(struct worker_lane *l)
{
    if (l->started)
        pthread_join(l->thread, NULL);
    l->started = false;
}

void lane_close(struct worker_lane *l)
{
    if (!l->open)
        return;
    worker_close(&l->worker);
    ring_close(&l->counts);
    ring_close(&l->out);
    tube_close(&l->in);
    bell_close(&l->bell);
    l->open = false;
}

/* ---- analysis' side ---------------------------------------------------------- */

struct passage *lane_head(struct worker_lane *l)
{
    struct passage *p;

    while ((p = ring_peek(&l->out)) && p->kind == PASSAGE_MARK) {
        l->mark = *p;
        ring_pop(&l->out);
    }
    return p;
}
