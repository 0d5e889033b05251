#include "sensor/live.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sensor/confine.h"
#include "sensor/core/now.h"

size_t live_ring_bytes(const struct config *c)
{
    const char *groups[CONFIG_INTERFACES];

    return capture_groups(c, groups) * c->packet_ring;
}

/* ---- what the threads of the pipeline do besides -------------------------------- */

/* Worker and analysis in one thread need what analysis alone needs. */
static void begin(void *context, unsigned lane)
{
    struct live *l = context;
    bool merges = lane == l->pipeline.nlanes;
    char name[BLACKBOX_NAME], text[CONFINE_TEXT];

    if (merges)
        snprintf(name, sizeof name, "analysis");
    else
        snprintf(name, sizeof name, "worker %u", lane);
    l->lanes[lane] = blackbox_take(l->info->box, name);
    if (!confine_thread(merges ? CONFINE_ANALYSIS : CONFINE_WORKER, text)) {
        fprintf(stderr, "sightglass: %s: %s\n", name, text);
        abort();
    }
}

static void beat(void *context, unsigned lane)
{
    struct live *l = context;

    blackbox_beat(l->lanes[lane]);
}

static void at(void *context, unsigned lane, const struct arrival *a)
{
    struct live *l = context;
    struct raw raw = {.time = a->packet.time,
                      .wire = a->packet.wire,
                      .link_type = a->packet.link_type,
                      .bytes = a->packet.data};

    blackbox_at(l->lanes[lane], &raw);
}

static bool open_pipeline(struct live *l)
{
    const struct config *c = l->boot->config;
    struct pipeline_options o = {.worker = {.flows = c->flows,
                                            .pending = c->pending_requests,
                                            .records = c->records,
                                            .response_timeout = c->response_timeout,
                                            .classify = c->ndpi && l->info->ndpi},
                                 .fronts = l->ncaptures,
                                 .workers = c->workers,
                                 .threads = true,
                                 .borrows = true};
    struct lane_hooks hooks = {.begin = begin,
                               .beat = beat,
                               .at = at,
                               .between = live_between,
                               .tick = live_tick,
                               .context = l};

    if (pipeline_open(&l->pipeline, &o, &hooks, analysis_sink(&l->analysis)))
        return true;
    fputs("sightglass run: not enough memory for the tables: lower limits.flows\n",
          stderr);
    return false;
}

/* ---- rings ---------------------------------------------------------------------- */

enum { CUTS = 256, NOTICES = 64, ORDERS = 4, STATUSES = 2 };

static bool open_rings(struct live *l)
{
    bool ok = bell_open(&l->output_bell) && bell_open(&l->main_bell);

    ok = ok && tube_open(&l->events, LIVE_EVENTS, &l->output_bell);
    ok = ok && tube_open(&l->deliveries, LIVE_DELIVERIES, NULL);
    ok = ok && ring_open(&l->cuts, sizeof(struct evidence_request), CUTS, NULL);
    for (unsigned i = 0; ok && i < COUNT_OF(l->notices); i++)
        ok = ring_open(&l->notices[i], sizeof(struct notice), NOTICES, NULL);
    ok = ok && ring_open(&l->orders, sizeof(struct live_order), ORDERS, NULL);
    ok = ok && ring_open(&l->done, sizeof(struct live_order), ORDERS, &l->main_bell);
    ok = ok && ring_open(&l->analysed, sizeof(struct status_analysis), STATUSES, NULL);
    ok = ok && ring_open(&l->muted, sizeof(struct mutes_counts), STATUSES, NULL);
    ok = ok && ring_open(&l->delivered, sizeof(struct status_outputs), STATUSES, NULL);
    if (!ok)
        fputs("sightglass run: not enough memory for the ways between threads\n", stderr);
    return ok;
}

static void close_rings(struct live *l)
{
    ring_close(&l->delivered);
    ring_close(&l->muted);
    ring_close(&l->analysed);
    ring_close(&l->done);
    ring_close(&l->orders);
    for (unsigned i = 0; i < COUNT_OF(l->notices); i++)
        ring_close(&l->notices[i]);
    ring_close(&l->cuts);
    tube_close(&l->deliveries);
    tube_close(&l->events);
    bell_close(&l->main_bell);
    bell_close(&l->output_bell);
}

void live_tell(struct live *l, const struct notice *n)
{
    struct notice *slot = ring_slot(&l->notices[NOTICES_MAIN]);

    if (!slot) {
        atomic_fetch_add_explicit(&l->notices_lost, 1, memory_order_relaxed);
        return;
    }
    *slot = *n;
    ring_push(&l->notices[NOTICES_MAIN]);
}

/* ---- the whole -------------------------------------------------------------------- */

bool live_open(struct live *l, struct setup *setup, const struct setup_options *options,
               struct run_info *info)
{
    const char *groups[CONFIG_INTERFACES];
    const struct config *c = setup->config;

    memset(l, 0, sizeof *l);
    l->info = info;
    l->boot = l->setup = setup;
    l->options = *options;
    l->output_bell.fd = l->main_bell.fd = -1;
    l->ncaptures = capture_groups(c, groups);
    for (unsigned i = 0; i < l->ncaptures; i++)
        l->captures[i] = (struct live_capture){.live = l, .front = i, .group = groups[i]};
    tzset(); /* opens a file the first time: not in a confined thread */
    return open_rings(l) && live_output_open(l) && live_analysis_open(l) &&
           open_pipeline(l) && live_capture_open(l) && live_main_open(l);
}

/* What happened before: told as the first things. */
static void tell_past(struct live *l)
{
    const struct run_info *i = l->info;
    struct notice n = {.check = CHECK_CRASHED, .count = i->crashes};
    const char *file;

    if (i->crash_detail[0]) {
        /* Each crash is an alert of its own: it is about its file. */
        file = strrchr(i->crash_file, '/');
        snprintf(n.about, sizeof n.about, "%s", file ? file + 1 : "");
        snprintf(n.detail, sizeof n.detail, "%.110s%s%.40s", i->crash_detail,
                 file ? " Its packets: state.directory/crash" : "", file ? file : "");
        live_tell(l, &n);
    }
    if (i->stopped_at == 0)
        return;
    n = (struct notice){.check = CHECK_CAPTURE_GAP, .gap = now_wall() - i->stopped_at};
    snprintf(n.detail, sizeof n.detail, "%s",
             i->crash_detail[0] ? "It had crashed." : "It had been stopped.");
    if (n.gap > 0)
        live_tell(l, &n);
}

bool live_start(struct live *l)
{
    char text[CONFINE_TEXT];

    tell_past(l);
    if (!live_output_start(l) || !pipeline_start(&l->pipeline) ||
        !live_capture_start(l)) {
        fputs("sightglass run: the system starts no more threads\n", stderr);
        return false;
    }
    if (confine_thread(CONFINE_MAIN, text))
        return true;
    fprintf(stderr, "sightglass run: %s\n", text);
    return false;
}

void live_stop(struct live *l)
{
    atomic_store(&l->stopping, true);
    live_capture_stop(l);
    pipeline_join(&l->pipeline);
    for (unsigned i = 0; i < COUNT_OF(l->lanes); i++)
        if (l->lanes[i])
            blackbox_leave(l->lanes[i]);
    live_between(l);
    if (l->analysis.alerts)
        analysis_end(&l->analysis);
    live_output_stop(l);
}

void live_close(struct live *l)
{
    live_main_close(l);
    live_capture_close(l);
    pipeline_close(&l->pipeline);
    live_analysis_close(l);
    live_output_close(l);
    close_rings(l);
}
