/*
 * What the thread of analysis does between two records: notices become health
 * records, orders of main are carried out, its status is told.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/core/now.h"
#include "sensor/first_start.h"
#include "sensor/live.h"
#include "sensor/live_question.h"

enum { FINDINGS = 64, TRIES = 400 };

static const int64_t STATUS_EVERY = NS_PER_S / 2;

/* ---- what leaves ---------------------------------------------------------------- */

/* Waits a little for a burst to pass; nothing here waits for a disk. */
static void put(void *context, const struct event *e)
{
    struct live *l = context;
    size_t size = event_size(e);
    void *slot = tube_slot(&l->events, size);

    for (unsigned i = 0; !slot && i < TRIES && e->kind != EVENT_RECORD; i++) {
        lane_nap();
        slot = tube_slot(&l->events, size);
    }
    if (!slot) {
        atomic_fetch_add_explicit(&l->events_lost, 1, memory_order_relaxed);
        return;
    }
    event_pack(e, slot);
    tube_push(&l->events);
}

/* The packets of what raised it, cut by the output a moment later. */
static void ask_for_evidence(struct live *l, const struct event *e)
{
    const struct finding *f = l->analysis.at_hand;
    struct evidence_request *r;

    if (!f || !f->record || f->record->kind == RECORD_HEALTH)
        return;
    r = ring_slot(&l->cuts);
    if (!r) {
        atomic_fetch_add_explicit(&l->cuts_lost, 1, memory_order_relaxed);
        return;
    }
    *r = evidence_of(f);
    r->alert_id = e->alert_id;
    r->update = e->update;
    ring_push(&l->cuts);
}

static void on_event(void *context, const struct event *e)
{
    struct live *l = context;

    if (e->line.len == 0)
        return;
    put(l, e);
    if (e->kind == EVENT_ALERT)
        ask_for_evidence(l, e);
}

/* ---- notices ---------------------------------------------------------------------- */

static void tell(struct live *l, const struct notice *n)
{
    struct record *r = record_take(&l->findings, &health_schema);
    struct record_sink sink = analysis_sink(&l->analysis);

    health_fill(r, n);
    r->time = now_wall();
    r->seen = l->analysis.seen;
    if (r->scratch)
        atomic_fetch_add_explicit(&l->notices_lost, 1, memory_order_relaxed);
    else
        sink.done(sink.context, r);
}

static void take_notices(struct live *l, struct ring *from)
{
    const struct notice *n;

    while ((n = ring_peek(from))) {
        tell(l, n);
        ring_pop(from);
    }
}

/* Only once time has begun: a notice needs a moment. */
static void take_all_notices(struct live *l)
{
    if (l->analysis.seen == INT64_MIN)
        return;
    for (unsigned i = 0; i < l->ncaptures; i++)
        take_notices(l, &l->captures[i].notices);
    for (unsigned i = 0; i < COUNT_OF(l->notices); i++)
        take_notices(l, &l->notices[i]);
}

/* ---- orders ----------------------------------------------------------------------- */

static void *carry_out(struct live *l, const struct live_order *o)
{
    struct analysis *a = &l->analysis;
    void *before;

    if (o->kind == ORDER_SETUP) {
        before = a->options.setup;
        analysis_adopt(a, o->what);
        return before;
    }
    if (o->kind == ORDER_QUESTION) {
        question_answer(a, o->what);
        return o->what;
    }
    before = (void *)(uintptr_t)a->mutes;
    analysis_mute(a, o->what);
    return before;
}

static void take_orders(struct live *l)
{
    const struct live_order *o;
    struct live_order *done;

    while ((o = ring_peek(&l->orders)) && (done = ring_slot(&l->done))) {
        *done = (struct live_order){o->kind, carry_out(l, o)};
        ring_pop(&l->orders);
        ring_push(&l->done);
    }
}

/* ---- status ----------------------------------------------------------------------- */

static void count_protocols(const struct analysis *a, struct status_analysis *s)
{
    for (unsigned i = 0; i < a->nprotocols && i < STATUS_PROTOCOLS; i++) {
        const struct protocol_counts *c = &a->protocols[i];
        struct status_protocol *to = &s->protocols[s->nprotocols++];

        snprintf(to->name, sizeof to->name, "%s", c->schema->name);
        to->transactions = c->transactions;
        to->refused = c->outcomes[OUTCOME_REFUSED];
        to->unanswered = c->outcomes[OUTCOME_UNANSWERED];
        to->malformed = c->malformed;
    }
}

static void count_tables(const struct analysis *a, struct status_analysis *s)
{
    for (unsigned i = 0; i < a->ntables && i < STATUS_TABLES; i++) {
        snprintf(s->tables[i].name, sizeof s->tables[i].name, "%s", a->tables[i].name);
        s->tables[i].let_go = a->tables[i].let_go;
        s->ntables++;
    }
}

static void count_rules(const struct setup *setup, struct status_analysis *s)
{
    if (!setup->rules)
        return;
    snprintf(s->ruleset, sizeof s->ruleset, "%s", ruleset_version(setup->rules));
    for (const struct rule *r = ruleset_rules(setup->rules); r; r = r->next)
        s->rules++;
}

static void fill_status(struct live *l, struct status_analysis *s)
{
    const struct analysis *a = &l->analysis;
    struct worker_counters counters;

    pipeline_count(&l->pipeline, &counters);
    *s = (struct status_analysis){.packets = counters.packets,
                                  .flows = a->flows,
                                  .health = a->health,
                                  .findings = a->findings,
                                  .muted = a->nmuted,
                                  .records_lost = pipeline_lost(&l->pipeline),
                                  .notices_lost = atomic_load(&l->notices_lost),
                                  .cuts_lost = atomic_load(&l->cuts_lost),
                                  .updates = a->alerts->counters.updates,
                                  .open = a->alerts->pool.used,
                                  .seen = a->seen == INT64_MIN ? 0 : a->seen};
    memcpy(s->alerts, a->alerts->counters.by_severity, sizeof s->alerts);
    for (unsigned i = 0; i < a->nprotocols; i++)
        s->records += a->protocols[i].transactions + a->protocols[i].operations;
    count_protocols(a, s);
    count_tables(a, s);
    count_rules(a->options.setup, s);
}

static void tell_muted(struct live *l)
{
    struct mutes_counts *c;

    if (!l->analysis.mutes || l->analysis.mutes->n == 0)
        return;
    c = ring_slot(&l->muted);
    if (!c)
        return;
    *c = l->analysis.muted;
    ring_push(&l->muted);
}

static void tell_status(struct live *l)
{
    int64_t now = now_monotonic();
    struct status_analysis *s;

    if (now < l->told + STATUS_EVERY)
        return;
    l->told = now;
    tell_muted(l);
    s = ring_slot(&l->analysed);
    if (!s)
        return;
    fill_status(l, s);
    ring_push(&l->analysed);
}

void live_between(void *context)
{
    struct live *l = context;

    take_all_notices(l);
    take_orders(l);
    tell_status(l);
}

void live_tick(void *context, int64_t now)
{
    struct live *l = context;

    analysis_tick(&l->analysis, now);
}

/* ---- opening and closing ------------------------------------------------------------ */

static void take_back(void *context, struct bytes saved)
{
    struct live *l = context;

    alerts_restore(&l->alerts, saved);
}

static bool open_alerts(struct live *l)
{
    struct alerts_config config = alerts_defaults();

    config.save = true;
    config.eve = (struct eve){
        .encoder = &l->encoder, .version = PACKAGE_VERSION, .evidence = true};
    analysis_alerts(l->boot, &config);
    if (l->boot->config->first_days)
        config.held_until =
            first_start(l->boot->config->state, now_wall()) + l->boot->config->first_days;
    return alerts_open(&l->alerts, &config, on_event, l);
}

static void name_sources(struct live *l)
{
    const struct config *c = l->boot->config;

    for (unsigned i = 0; i < c->ninterfaces; i++)
        l->names[i] = (struct encode_source){c->interfaces[i].name, false};
    l->encoder.sources = l->names;
    l->encoder.nsources = c->ninterfaces;
    l->encoder.host = c->name;
}

bool live_analysis_open(struct live *l)
{
    struct analysis_options o = {.setup = l->setup,
                                 .want = outputs_wanted(l->boot->config),
                                 .put = put,
                                 .context = l};

    encoder_open(&l->encoder);
    name_sources(l);
    analysis_open(&l->analysis, &o, &l->encoder, &l->alerts);
    if (!record_pool_open(&l->findings, FINDINGS) || !open_alerts(l)) {
        l->analysis.alerts = NULL;
        fputs("sightglass run: not enough memory for alerts\n", stderr);
        return false;
    }
    outbox_each_saved(&l->outputs.outbox, take_back, l);
    return true;
}

void live_analysis_close(struct live *l)
{
    record_pool_close(&l->findings);
}
