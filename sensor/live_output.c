/*
 * The output thread: events go to disk and from there to every output; a moment after
 * an alert its packets are cut out of the packet ring.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/confine.h"
#include "sensor/core/now.h"
#include "sensor/live.h"

enum { FINISH_MS = 5000, PAIRS = 2 * STATUS_PAIRS };

static const int64_t STATUS_EVERY = NS_PER_S / 2;
/* Of evidence, between two commits. */
static const int64_t CUT_FOR = INT64_C(10) * NS_PER_MS;

/* ---- deliveries of main ----------------------------------------------------------- */

/* Name and value in turn, each with its zero. */
static void deliver_health(struct outputs *o, const char *text, unsigned n)
{
    const char *pairs[PAIRS];

    for (unsigned i = 0; i < n && i < PAIRS; i++) {
        pairs[i] = text;
        text += strlen(text) + 1;
    }
    outputs_health(o, pairs, n / 2);
}

static void take_deliveries(struct live *l)
{
    const struct live_delivery *d;
    struct event e;
    size_t len;

    while ((d = tube_peek(&l->deliveries, &len))) {
        if (d->kind == DELIVER_HEALTH) {
            deliver_health(&l->outputs, (const char *)(d + 1), d->n);
        } else {
            e = event_unpack(d + 1);
            if (!outputs_put(&l->outputs, &e))
                return; /* the disk takes nothing: later */
        }
        tube_pop(&l->deliveries);
    }
}

/* ---- evidence --------------------------------------------------------------------- */

/* Also to whoever has no login here. */
static void send_evidence(struct live *l, const struct evidence_result *result,
                          uint64_t alert_id)
{
    uint64_t most = l->boot->config->evidence_send;
    ssize_t n;
    int fd;

    if (most == 0 || result->bytes > most)
        return;
    fd = open(result->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    n = read(fd, l->sent, most);
    close(fd);
    if (n > 0)
        outputs_evidence(&l->outputs, alert_id, (struct bytes){l->sent, (size_t)n});
}

static void count_uncut(struct live *l, int error)
{
    atomic_store_explicit(&l->cut_error, error, memory_order_relaxed);
    atomic_fetch_add_explicit(&l->cuts_lost, 1, memory_order_release);
}

static void cut_evidence(struct live *l)
{
    int64_t until = now_monotonic() + CUT_FOR;
    struct evidence_request *r;
    struct evidence_result result;

    while ((r = ring_peek(&l->cuts)) && now_monotonic() < until) {
        if (evidence_cut(&l->evidence, r, &result))
            send_evidence(l, &result, r->alert_id);
        else
            count_uncut(l, result.error);
        ring_pop(&l->cuts);
    }
}

/* ---- errands ---------------------------------------------------------------------- */

/* Events go on being committed: it has ten milliseconds between two commits. */
static const int64_t copy_share = INT64_C(10) * NS_PER_MS;

/* True while it goes on. */
static bool continue_copy(struct live *l)
{
    struct live_copy *c = &l->copy;
    enum outbox_copy_state state = COPY_FAILED;

    if (atomic_load(&c->state) != ERRAND_ASKED)
        return false;
    if (l->copying.backup || outbox_copy_begin(&l->copying, &l->outputs.outbox, c->path))
        state = outbox_copy_step(&l->copying, copy_share);
    if (state == COPY_GOES_ON)
        return true;
    snprintf(c->error, sizeof c->error, "%s",
             state == COPY_FAILED ? l->copying.error : "");
    atomic_store(&c->state, ERRAND_DONE);
    return false;
}

static void search(struct live *l)
{
    struct live_search *s = &l->search;

    if (atomic_load(&s->state) != ERRAND_ASKED)
        return;
    s->n = outbox_root_of(&l->outputs.outbox, s->low, s->high, &s->root);
    atomic_store(&s->state, ERRAND_DONE);
}

/* ---- the thread ------------------------------------------------------------------- */

/* Twice a second: what main has not taken by then is old. */
static void tell_status(struct live *l, struct outputs *o)
{
    int64_t now = now_monotonic();
    struct status_outputs *s;

    if (now < l->output_told + STATUS_EVERY)
        return;
    s = ring_slot(&l->delivered);
    if (!s)
        return;
    l->output_told = now;
    outputs_status(o, s);
    s->tube_lost += atomic_load_explicit(&l->events_lost, memory_order_relaxed);
    ring_push(&l->delivered);
}

static bool tick(void *context, struct outputs *o)
{
    struct live *l = context;
    bool copies;

    blackbox_beat(l->output_slot);
    take_deliveries(l);
    cut_evidence(l);
    copies = continue_copy(l);
    search(l);
    tell_status(l, o);
    return copies || ring_peek(&l->cuts);
}

static void *run(void *context)
{
    struct live *l = context;
    struct outputs_orders orders = {.events = &l->events,
                                    .bell = &l->output_bell,
                                    .stop = &l->closing,
                                    .reopen = &l->reopen,
                                    .finish_ms = FINISH_MS,
                                    .tick = tick,
                                    .to = l};
    char text[CONFINE_TEXT];

    l->output_slot = blackbox_take(l->info->box, "output");
    if (!confine_thread(CONFINE_OUTPUT, text)) {
        fprintf(stderr, "sightglass: output: %s\n", text);
        abort();
    }
    outputs_run(&l->outputs, &orders);
    outbox_copy_end(&l->copying);
    if (l->output_slot)
        blackbox_leave(l->output_slot);
    return NULL;
}

/* ---- opening and closing ------------------------------------------------------------ */

bool live_output_open(struct live *l)
{
    const struct config *c = l->boot->config;
    struct diagnostics *d = &l->boot->d;
    bool ok = outputs_open(&l->outputs, c, c->state, &l->notices[NOTICES_OUTPUT], d);

    if (ok && !evidence_open(&l->evidence, c, l->sources, c->ninterfaces)) {
        diagnostics_error(d, NULL, "evidence.directory %s: %s", c->evidence,
                          strerror(errno));
        ok = false;
    }
    if (c->evidence_send)
        l->sent = malloc(c->evidence_send);
    if (!ok)
        diagnostics_print(d, stderr);
    return ok && (l->sent || !c->evidence_send);
}

bool live_output_start(struct live *l)
{
    l->output_started = pthread_create(&l->output, NULL, run, l) == 0;
    return l->output_started;
}

void live_output_stop(struct live *l)
{
    atomic_store(&l->closing, true);
    bell_ring(&l->output_bell);
    if (l->output_started)
        pthread_join(l->output, NULL);
    l->output_started = false;
}

void live_output_close(struct live *l)
{
    evidence_close(&l->evidence);
    outputs_close(&l->outputs);
    free(l->sent);
}
