#include "sensor/pipeline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TELL_EVERY = 256, /* packets after which a lane without any is told the time */
    PATIENCE = 400,   /* naps on the wire before packets are given up: 20 ms */
    ALONE = 20000,    /* ... with one worker, when no other waits behind it: a second */
    MERGE_BURST = 256,
    SLEEP_MS = 20,
};

/* ---- dispatching ------------------------------------------------------------- */

static struct worker_lane *lane_of(struct pipeline *p, struct pipeline_front *f,
                                   const struct packet *packet)
{
    unsigned n = p->options.workers;

    return &p->lanes[f->first + (n > 1 ? packet_spread(packet) % n : 0)];
}

/* Lanes with nothing to do learn that time went on; the others learn it anyway. */
static void tell_idle(struct pipeline *p, struct pipeline_front *f, int64_t now,
                      uint64_t number)
{
    struct arrival a = {.now = now, .packet.number = number};

    for (unsigned i = 0; i < p->options.workers; i++) {
        struct worker_lane *l = &p->lanes[f->first + i];

        if (tube_used(&l->in) == 0)
            lane_tell(l, PARCEL_TICK, &a);
    }
}

/*
 * Whoever is full may wait for analysis, and that for the lanes that have nothing to
 * do: as long as they are told the time, all move on.  Meanwhile the kernel's ring has
 * room for seconds, so that a worker that did not get the processor costs no packet.
 */
static bool hand_over(struct pipeline *p, struct pipeline_front *f, struct worker_lane *l,
                      const struct arrival *a, uint64_t position)
{
    unsigned patience = p->options.workers > 1 ? PATIENCE : ALONE;

    for (; !lane_packet(l, a, position); f->waited++) {
        if (!p->options.waits && f->waited >= patience)
            return false;
        tell_idle(p, f, a->now, a->packet.number - 1);
        lane_nap();
    }
    f->waited = 0;
    return true;
}

bool pipeline_packet(struct pipeline *p, unsigned front, const struct raw *raw)
{
    struct pipeline_front *f = &p->fronts[front];
    struct arrival a;

    front_take(&f->front, raw, &a);
    if (!p->options.threads) {
        worker_packet(&p->lanes[0].worker, &a);
        return true;
    }
    if (!hand_over(p, f, lane_of(p, f, &a.packet), &a, raw->position)) {
        f->lost++;
        return false;
    }
    if (p->options.workers > 1 && a.packet.number - f->told >= TELL_EVERY) {
        f->told = a.packet.number;
        tell_idle(p, f, a.now, a.packet.number);
    }
    return true;
}

uint64_t pipeline_needs(const struct pipeline *p, unsigned front, uint64_t head)
{
    uint64_t oldest = head;

    for (unsigned i = 0; i < p->options.workers; i++) {
        uint64_t needs = lane_needs(&p->lanes[p->fronts[front].first + i], head);

        oldest = needs < oldest ? needs : oldest;
    }
    return oldest;
}

void pipeline_idle(struct pipeline *p, unsigned front, int64_t wall)
{
    struct pipeline_front *f = &p->fronts[front];
    int64_t now = front_idle(&f->front, wall);

    if (!f->front.clock.started)
        return;
    if (p->options.threads)
        tell_idle(p, f, now, f->front.number);
    else
        worker_tick(&p->lanes[0].worker, now);
}

void pipeline_end(struct pipeline *p, unsigned front)
{
    struct pipeline_front *f = &p->fronts[front];
    struct arrival a = {.now = f->front.clock.now, .packet.number = f->front.number};

    if (!p->options.threads) {
        worker_end(&p->lanes[0].worker, a.now);
        return;
    }
    for (unsigned i = 0; i < p->options.workers; i++) {
        while (!lane_tell(&p->lanes[f->first + i], PARCEL_END, &a)) {
            tell_idle(p, f, a.now, a.packet.number);
            lane_nap();
        }
    }
}

/* ---- merging ----------------------------------------------------------------- */

/* The first of all heads, if no lane without a head may still bring an earlier one. */
static struct worker_lane *next_lane(struct pipeline *p)
{
    const struct passage *first = NULL, *least = NULL;
    struct worker_lane *from = NULL;

    for (unsigned i = 0; i < p->nlanes; i++) {
        struct worker_lane *l = &p->lanes[i];
        const struct passage *head = lane_head(l);

        if (!head && (!least || passage_before(&l->mark, least)))
            least = &l->mark;
        if (!head || (first && !passage_before(head, first)))
            continue;
        first = head;
        from = l;
    }
    return first && least && passage_before(least, first) ? NULL : from;
}

static bool merge_one(struct pipeline *p)
{
    struct worker_lane *l = next_lane(p);
    struct passage *passage;

    if (!l)
        return false;
    passage = lane_head(l);
    if (passage->kind == PASSAGE_REQUEST) {
        p->sink.request(p->sink.context, passage->record);
        record_give(passage->record);
    } else {
        p->sink.done(p->sink.context, passage->record);
    }
    ring_pop(&l->out);
    return true;
}

/* Nothing before it will come; INT64_MAX when all lanes have ended. */
static int64_t merged_until(struct pipeline *p)
{
    int64_t until = INT64_MAX;

    for (unsigned i = 0; i < p->nlanes; i++) {
        const struct passage *head = lane_head(&p->lanes[i]);
        int64_t seen = head ? head->seen : p->lanes[i].mark.seen;

        until = seen < until ? seen : until;
    }
    return until;
}

static void merge_rest(struct pipeline *p)
{
    bell_sleep(&p->bell);
    if (!next_lane(p))
        bell_wait(&p->bell, SLEEP_MS);
    bell_awake(&p->bell);
}

static void *merge(void *context)
{
    struct pipeline *p = context;
    int64_t until = INT64_MIN;

    if (p->hooks.begin)
        p->hooks.begin(p->hooks.context, p->nlanes);
    while (until != INT64_MAX) {
        unsigned n = 0;

        while (n < MERGE_BURST && merge_one(p))
            n++;
        if (p->hooks.beat)
            p->hooks.beat(p->hooks.context, p->nlanes);
        if (p->hooks.between)
            p->hooks.between(p->hooks.context);
        if (n == MERGE_BURST)
            continue;
        until = merged_until(p);
        if (until == INT64_MAX)
            break;
        if (p->hooks.tick && until != INT64_MIN)
            p->hooks.tick(p->hooks.context, until);
        if (n == 0)
            merge_rest(p);
    }
    return NULL;
}

/* ---- opening, starting, ending ----------------------------------------------- */

static bool open_lanes(struct pipeline *p)
{
    const struct pipeline_options *o = &p->options;
    struct lane_options lane = {.worker = o->worker,
                                .in = o->threads ? o->in : 1,
                                .waits = o->waits,
                                .borrows = o->borrows,
                                .joined = !p->merges};
    struct lane_hooks hooks = p->hooks;
    bool ok = true;

    if (p->merges) {
        hooks.between = NULL;
        hooks.tick = NULL;
    }
    for (unsigned i = 0; i < p->nlanes; i++)
        ok &= lane_open(&p->lanes[i], i, &lane, &hooks, p->sink, &p->bell);
    return ok;
}

bool pipeline_open(struct pipeline *p, const struct pipeline_options *options,
                   const struct lane_hooks *hooks, struct record_sink sink)
{
    memset(p, 0, sizeof *p);
    p->options = *options;
    p->options.workers = options->workers ? options->workers : 1;
    p->options.fronts = options->fronts ? options->fronts : 1;
    p->nlanes = p->options.fronts * p->options.workers;
    assert(p->options.fronts <= PIPELINE_FRONTS && p->nlanes <= PIPELINE_LANES);
    assert(p->options.threads || p->nlanes == 1);
    p->merges = p->nlanes > 1;
    p->quiet = !p->options.threads;
    p->sink = sink;
    if (hooks)
        p->hooks = *hooks;
    for (unsigned i = 0; i < p->options.fronts; i++) {
        front_open(&p->fronts[i].front);
        p->fronts[i].first = i * p->options.workers;
    }
    p->lanes = calloc(p->nlanes, sizeof *p->lanes);
    return bell_open(&p->bell) && p->lanes && open_lanes(p);
}

void pipeline_close(struct pipeline *p)
{
    for (unsigned i = 0; p->lanes && i < p->nlanes; i++)
        lane_close(&p->lanes[i]);
    if (p->options.workers)
        bell_close(&p->bell);
    free(p->lanes);
    p->lanes = NULL;
}

bool pipeline_start(struct pipeline *p)
{
    bool ok = true;

    for (unsigned i = 0; p->options.threads && i < p->nlanes; i++)
        ok &= lane_start(&p->lanes[i]);
    if (p->merges)
        ok &= p->merging = pthread_create(&p->merger, NULL, merge, p) == 0;
    return ok;
}

void pipeline_join(struct pipeline *p)
{
    for (unsigned i = 0; p->lanes && i < p->nlanes; i++)
        lane_join(&p->lanes[i]);
    if (p->merging)
        pthread_join(p->merger, NULL);
    p->merging = false;
    p->quiet = true;
}

/* ---- asking ------------------------------------------------------------------ */

struct bell *pipeline_bell(struct pipeline *p)
{
    return p->merges ? &p->bell : &p->lanes[0].bell;
}

void pipeline_count(struct pipeline *p, struct worker_counters *out)
{
    *out = (struct worker_counters){0};
    for (unsigned i = 0; i < p->nlanes; i++) {
        struct worker_lane *l = &p->lanes[i];
        const struct worker_counters *sent;

        while ((sent = ring_peek(&l->counts))) {
            p->latest[i] = *sent;
            ring_pop(&l->counts);
        }
        if (p->quiet)
            worker_count(&l->worker, &p->latest[i]);
        worker_counters_add(out, &p->latest[i]);
    }
}

void pipeline_patience(struct pipeline *p, int64_t response_timeout)
{
    for (unsigned i = 0; i < p->nlanes; i++)
        atomic_store_explicit(&p->lanes[i].response_timeout, response_timeout,
                              memory_order_relaxed);
}

uint64_t pipeline_lost(const struct pipeline *p)
{
    uint64_t lost = 0;

    for (unsigned i = 0; i < p->nlanes; i++)
        lost += atomic_load_explicit(&p->lanes[i].lost, memory_order_relaxed);
    return lost;
}

void pipeline_health(struct pipeline *p, unsigned check, const char *about, int64_t count)
{
    struct worker *w = &p->lanes[0].worker;

    w->clock.now = p->fronts[0].front.clock.now;
    w->at = p->fronts[0].front.latest;
    w->sink = p->sink;
    worker_health(w, check, about, count, 0);
}
