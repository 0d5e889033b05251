/*
 * The capture threads: each reads one interface group into its packet ring and feeds
 * one front of the pipeline.
 */

#include <stdlib.h>

#include "sensor/confine.h"
#include "sensor/core/now.h"
#include "sensor/live.h"

enum { TURN_MS = 20, DRAIN_TURNS = 50 };

/* How late the kernel may hand over a packet that it has stamped already. */
static const int64_t LATENESS = INT64_C(50) * NS_PER_MS;
static const int64_t SEEN_EVERY = NS_PER_S / 2;
/* A packet's time so far from the clocks' latest look is looked into at once. */
static const int64_t STRANGE = 2 * NS_PER_S;

static struct front *front_of(struct live_capture *c)
{
    return &c->live->pipeline.fronts[c->front].front;
}

static void watch(struct live_capture *c)
{
    c->wall = now_wall();
    front_watch(front_of(c), c->wall, now_monotonic());
}

static void on_packet(void *context, const struct raw *raw)
{
    struct live_capture *c = context;
    struct raw here = *raw;

    if (raw->time > c->wall + STRANGE || raw->time < c->wall - STRANGE)
        watch(c);
    here.position = packet_ring_latest(&c->packets);
    if (!pipeline_packet(&c->live->pipeline, c->front, &here))
        capture_lost(&c->capture, raw->source);
}

/* A port that is up and idle is read, too. */
static void tell_seen(struct live_capture *c)
{
    struct live_seen *s;

    if (c->wall < c->told + SEEN_EVERY && c->wall >= c->told)
        return;
    c->told = c->wall;
    s = ring_slot(&c->seen);
    if (!s)
        return;
    *s = (struct live_seen){.read = c->wall, .clock_jumps = front_of(c)->clock.jumps};
    capture_status(&c->capture, s->interfaces);
    for (unsigned i = 0; i < CONFIG_INTERFACES; i++)
        s->listens |= s->interfaces[i].up;
    ring_push(&c->seen);
}

/* What a worker tells may be of a packet it has finished since: it only grows. */
static void let_go(struct live_capture *c)
{
    uint64_t head = packet_ring_head(&c->packets);
    uint64_t needs = pipeline_needs(&c->live->pipeline, c->front, head);

    if (needs > c->kept)
        c->kept = needs;
    packet_ring_keep(&c->packets, c->kept);
}

static unsigned turn(struct live_capture *c)
{
    struct pipeline *p = &c->live->pipeline;
    unsigned n;

    watch(c);
    let_go(c);
    n = capture_turn(&c->capture, TURN_MS, on_packet, c);
    if (n < CAPTURE_BATCH) {
        watch(c); /* the clock may have been set while this waited */
        pipeline_idle(p, c->front, c->wall - LATENESS);
    }
    tell_seen(c);
    blackbox_beat(c->slot);
    return n;
}

/* What the wire had brought before the end was asked for. */
static void drain(struct live_capture *c)
{
    for (unsigned i = 0; i < DRAIN_TURNS && turn(c) > 0; i++)
        ;
}

static void *run(void *context)
{
    struct live_capture *c = context;
    char name[BLACKBOX_NAME], text[CONFINE_TEXT];

    snprintf(name, sizeof name, "capture %.14s", c->group);
    c->slot = blackbox_take(c->live->info->box, name);
    if (!confine_thread(CONFINE_CAPTURE, text)) {
        fprintf(stderr, "sightglass: %s: %s\n", name, text);
        abort();
    }
    while (!atomic_load_explicit(&c->live->stopping, memory_order_relaxed))
        turn(c);
    drain(c);
    pipeline_end(&c->live->pipeline, c->front);
    if (c->slot)
        blackbox_leave(c->slot);
    return NULL;
}

/* ---- opening and closing ---------------------------------------------------------- */

static bool open_one(struct live *l, struct live_capture *c)
{
    const struct config *config = l->boot->config;
    char error[CAPTURE_ERROR];
    uint8_t *memory = l->info->shared;

    if (!packet_ring_open(&c->packets,
                          memory ? memory + c->front * config->packet_ring : NULL,
                          config->packet_ring) ||
        !ring_open(&c->notices, sizeof(struct notice), 64, NULL) ||
        !ring_open(&c->seen, sizeof(struct live_seen), 2, NULL)) {
        fputs("sightglass run: not enough memory: lower capture.packet_ring\n", stderr);
        return false;
    }
    if (capture_open(&c->capture, config, c->group, &c->packets, &c->notices, error))
        return true;
    fprintf(stderr, "sightglass run: %s\n", error);
    return false;
}

bool live_capture_open(struct live *l)
{
    const struct config *c = l->boot->config;
    bool ok = true;

    for (unsigned i = 0; i < l->ncaptures; i++)
        ok &= open_one(l, &l->captures[i]);
    for (unsigned i = 0; ok && i < c->ninterfaces; i++) {
        const char *group =
            c->interfaces[i].group ? c->interfaces[i].group : c->interfaces[i].name;

        l->sources[i].name = c->interfaces[i].name;
        for (unsigned k = 0; k < l->ncaptures; k++)
            if (strcmp(group, l->captures[k].group) == 0)
                l->sources[i].ring = &l->captures[k].packets;
    }
    return ok;
}

bool live_capture_start(struct live *l)
{
    for (unsigned i = 0; i < l->ncaptures; i++) {
        struct live_capture *c = &l->captures[i];

        c->started = pthread_create(&c->thread, NULL, run, c) == 0;
        if (!c->started)
            return false;
    }
    return true;
}

/* The workers of one that never started learn of the end all the same. */
void live_capture_stop(struct live *l)
{
    for (unsigned i = 0; i < l->ncaptures; i++) {
        if (l->captures[i].started)
            pthread_join(l->captures[i].thread, NULL);
        else
            pipeline_end(&l->pipeline, i);
        l->captures[i].started = false;
    }
}

void live_capture_close(struct live *l)
{
    for (unsigned i = 0; i < l->ncaptures; i++) {
        struct live_capture *c = &l->captures[i];

        capture_close(&c->capture);
        packet_ring_close(&c->packets);
        ring_close(&c->notices);
        ring_close(&c->seen);
    }
}
