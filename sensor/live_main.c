#include "sensor/live_main.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sensor/confine.h"
#include "sensor/core/now.h"
#include "sensor/notify.h"
#include "sensor/stats.h"

enum { EVENTS_AT_ONCE = 8, PAIR_TEXT = 16 * 1024 };

/* A capture that has told nothing for so long sees nothing. */
static const int64_t SEEN_LONG_AGO = 3 * NS_PER_S;

/* ---- what the others tell ----------------------------------------------------------- */

static void take_latest(struct ring *from, void *to, size_t size)
{
    const void *latest;

    while ((latest = ring_peek(from))) {
        memcpy(to, latest, size);
        ring_pop(from);
    }
}

/* Each capture fills in the interfaces that are its own. */
static void collect_interfaces(struct live_main *m)
{
    struct live *l = m->live;
    const struct config *c = l->boot->config;
    struct status *s = &m->status;

    s->ninterfaces = c->ninterfaces;
    s->analysis.clock_jumps = 0;
    for (unsigned i = 0; i < l->ncaptures; i++) {
        take_latest(&l->captures[i].seen, &m->seen[i], sizeof m->seen[i]);
        s->analysis.clock_jumps += m->seen[i].clock_jumps;
    }
    for (unsigned i = 0; i < c->ninterfaces; i++) {
        for (unsigned k = 0; k < l->ncaptures; k++)
            if (l->sources[i].ring == &l->captures[k].packets)
                s->interfaces[i] = m->seen[k].interfaces[i];
    }
}

static uint64_t resident(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    if (!f)
        return 0;
    if (fscanf(f, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(f);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void live_collect(struct live_main *m)
{
    struct live *l = m->live;
    struct status *s = &m->status;

    take_latest(&l->analysed, &s->analysis, sizeof s->analysis);
    take_latest(&l->delivered, &s->outputs, sizeof s->outputs);
    collect_interfaces(m);
    s->now = now_wall();
    s->crashes = l->info->crashes;
    s->ndpi = l->boot->config->ndpi && l->info->ndpi;
    s->refused_calls = confine_refused_total();
    s->memory = resident();
}

/* ---- once a second -------------------------------------------------------------------- */

static void tell_refused(struct live *l)
{
    struct confine_refused refused;
    struct notice n = {.check = CHECK_CALL_REFUSED};

    while (confine_refused(&refused)) {
        n.count = (int64_t)refused.count;
        snprintf(n.about, sizeof n.about, "%s", refused.name);
        live_tell(l, &n);
    }
}

static const char *why_uncut(struct live *l)
{
    int error = atomic_load_explicit(&l->cut_error, memory_order_relaxed);

    return error ? strerror(error) : "There were too many at a time.";
}

/* Of a table only what is new is told: analysis adds it up. */
static void tell_losses(struct live_main *m)
{
    const struct status_analysis *a = &m->status.analysis;
    const struct loss {
        uint16_t check;
        const char *about, *detail;
        uint64_t n;
    } all[LIVE_LOSSES] = {
        {CHECK_OUTPUT_LOST, "all outputs", "There was no room on their way to the disk.",
         m->status.outputs.tube_lost},
        {CHECK_EVIDENCE_LOST, "", why_uncut(m->live), a->cuts_lost},
        {CHECK_TABLE_FULL, "records on their way", "", a->records_lost},
        {CHECK_TABLE_FULL, "findings on their way", "", a->notices_lost},
    };

    for (unsigned i = 0; i < LIVE_LOSSES; i++) {
        uint64_t before = all[i].check == CHECK_TABLE_FULL ? m->losses[i] : 0;
        struct notice n = {.check = all[i].check, .count = (int64_t)(all[i].n - before)};

        if (all[i].n == m->losses[i])
            continue;
        m->losses[i] = all[i].n;
        snprintf(n.about, sizeof n.about, "%s", all[i].about);
        snprintf(n.detail, sizeof n.detail, "%s", all[i].detail);
        live_tell(m->live, &n);
    }
}

/* Until now the wire was seen: what comes after a crash or a stop is a gap. */
static void tell_watched(struct live_main *m)
{
    for (unsigned i = 0; i < m->live->ncaptures; i++) {
        if (!m->seen[i].listens || m->seen[i].read < m->status.now - SEEN_LONG_AGO)
            return;
    }
    blackbox_watched(m->live->info->box, m->status.now);
}

static void deliver_stats(struct live_main *m)
{
    static char line[STATS_LINE];
    struct event e = {.kind = EVENT_STATS, .time = m->status.now};
    struct live_delivery *d;

    e.line = (struct bytes){(uint8_t *)line, stats_line(&m->status, line, sizeof line)};
    d = e.line.len ? tube_slot(&m->live->deliveries, sizeof *d + event_size(&e)) : NULL;
    if (!d)
        return;
    *d = (struct live_delivery){.kind = DELIVER_EVENT};
    event_pack(&e, d + 1);
    tube_push(&m->live->deliveries);
}

static void deliver_health(struct live_main *m)
{
    static struct status_pair pairs[STATUS_PAIRS];
    unsigned n = status_pairs(&m->status, pairs);
    struct live_delivery *d;
    char *text;
    size_t len = 0;

    for (unsigned i = 0; i < n; i++)
        len += strlen(pairs[i].name) + strlen(pairs[i].value) + 2;
    d = tube_slot(&m->live->deliveries, sizeof *d + len);
    if (!d)
        return;
    *d = (struct live_delivery){.kind = DELIVER_HEALTH, .n = 2 * n};
    text = (char *)(d + 1);
    for (unsigned i = 0; i < n; i++) {
        text = stpcpy(text, pairs[i].name) + 1;
        text = stpcpy(text, pairs[i].value) + 1;
    }
    tube_push(&m->live->deliveries);
}

static bool is_due(int64_t *at, int64_t every)
{
    int64_t now = now_monotonic();

    if (now < *at)
        return false;
    *at = now + every;
    return true;
}

static void expire_mutes(struct live_main *m)
{
    struct mutes_counts counts;
    const struct mutes_counts *latest;

    while ((latest = ring_peek(&m->live->muted))) {
        counts = *latest;
        ring_pop(&m->live->muted);
        mutes_count(&m->mutes, &m->counted, &counts);
    }
    if (mutes_expire(&m->mutes, m->status.now) > 0)
        m->mutes_changed = true;
}

/* Exceptions that end within a week; of a set of rules that main may read. */
static void remind(struct live_main *m)
{
    const struct ruleset *rules = m->live->setup->rules;
    const struct exception *e = rules ? ruleset_exceptions(rules) : NULL;
    int64_t now = now_wall();
    char day[TIME_TEXT];

    for (; e; e = e->next) {
        struct notice n = {.check = CHECK_EXCEPTION_ENDS};

        if (e->until < now || e->until - now > INT64_C(7) * 24 * 3600 * NS_PER_S)
            continue;
        snprintf(n.about, sizeof n.about, "%.60s", e->name);
        snprintf(n.detail, sizeof n.detail, "on %s UTC (%.60s: %.60s)",
                 time_and_day(e->until, day), e->who, e->why);
        live_tell(m->live, &n);
    }
}

static void once_a_second(struct live_main *m)
{
    const struct config *c = m->live->boot->config;
    char error[METRICS_ERROR];

    live_collect(m);
    tell_watched(m);
    tell_refused(m->live);
    tell_losses(m);
    expire_mutes(m);
    if (m->metrics)
        metrics_publish(m->metrics, &m->status, error);
    if (is_due(&m->reminded, 3600 * NS_PER_S))
        remind(m);
    if (is_due(&m->stats, c->stats))
        deliver_stats(m);
    if (is_due(&m->heartbeat, c->heartbeat))
        deliver_health(m);
}

/* ---- signals -------------------------------------------------------------------------- */

static void reload_for_nobody(struct live_main *m)
{
    struct setup *refused = NULL;

    notify_reloading();
    atomic_store(&m->live->reopen, true);
    if (live_reload_begin(m, 0, &refused))
        return;
    if (refused) {
        diagnostics_print(&refused->d, stderr);
        setup_close(refused);
        free(refused);
    }
    notify("READY=1");
}

static void take_signals(struct live_main *m)
{
    struct signalfd_siginfo s;

    while (read(m->signals, &s, sizeof s) == sizeof s) {
        if (s.ssi_signo == SIGHUP)
            m->hung_up = true;
        else
            m->stop = true;
    }
}

/* One that comes during a reload is for what has changed since: it waits its turn. */
static void hear_hang_up(struct live_main *m)
{
    if (!m->hung_up || m->reload.coming)
        return;
    m->hung_up = false;
    reload_for_nobody(m);
}

/* ---- the loop ------------------------------------------------------------------------- */

static int time_left(const struct live_main *m)
{
    int64_t left = m->second - now_monotonic();

    return left <= 0 ? 0 : (int)(left / NS_PER_MS) + 1;
}

static void wait_for_something(struct live_main *m)
{
    struct epoll_event events[EVENTS_AT_ONCE];

    bell_sleep(&m->live->main_bell);
    if (!ring_peek(&m->live->done))
        epoll_wait(m->epoll, events, EVENTS_AT_ONCE, time_left(m));
    bell_awake(&m->live->main_bell);
}

static void turn(struct live_main *m)
{
    wait_for_something(m);
    take_signals(m);
    live_take_back(m);
    hear_hang_up(m);
    control_turn(m->control);
    if (m->metrics)
        metrics_serve(m->metrics);
    if (is_due(&m->second, NS_PER_S))
        once_a_second(m);
    if (m->mutes_changed)
        live_send_mutes(m);
    live_mute_found(m);
    live_snapshot_done(m);
    blackbox_beat(m->slot);
}

int live_run(struct live *l)
{
    struct live_main *m = l->main;

    m->ran = true;
    m->slot = blackbox_take(l->info->box, "main");
    notify("READY=1\nSTATUS=capturing on %u interfaces", l->boot->config->ninterfaces);
    fprintf(stderr, "sightglass: capturing on %u interface%s\n",
            l->boot->config->ninterfaces, l->boot->config->ninterfaces == 1 ? "" : "s");
    while (!m->stop)
        turn(m);
    if (m->slot)
        blackbox_leave(m->slot);
    return 0;
}

/* ---- opening and closing ---------------------------------------------------------------- */

static bool watch(struct live_main *m, int fd)
{
    struct epoll_event e = {.events = EPOLLIN};

    return fd < 0 || epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

static bool open_signals(struct live_main *m)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    m->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    return m->signals >= 0 && m->epoll >= 0;
}

static bool open_control(struct live_main *m)
{
    char why[CONTROL_TEXT];

    m->control =
        control_open(m->live->boot->config->control, "sightglass", live_verbs, m, why);
    if (!m->control)
        fprintf(stderr, "sightglass run: %s\n", why);
    return m->control != NULL;
}

static bool open_metrics(struct live_main *m)
{
    const char *place = m->live->boot->config->metrics;
    char error[METRICS_ERROR];

    if (!place)
        return true;
    m->metrics = metrics_open(place, error);
    if (!m->metrics)
        fprintf(stderr, "sightglass run: health.metrics: %s\n", error);
    return m->metrics != NULL;
}

static void load_mutes(struct live_main *m)
{
    struct diagnostics d;

    snprintf(m->mutes_file, sizeof m->mutes_file, "%.4000s/mutes.json",
             m->live->boot->config->state);
    diagnostics_open(&d);
    mutes_load(&m->mutes, m->mutes_file, &d);
    diagnostics_print(&d, stderr);
    diagnostics_close(&d);
    m->mutes_changed = m->mutes.n > 0;
}

bool live_main_open(struct live *l)
{
    struct live_main *m = calloc(1, sizeof *m);
    const struct config *c = l->boot->config;

    l->main = m;
    if (!m)
        return false;
    *m = (struct live_main){.live = l, .epoll = -1, .signals = -1};
    m->status.version = PACKAGE_VERSION;
    m->status.site = c->site;
    m->status.name = c->name;
    m->status.started = now_wall();
    m->second = now_monotonic();
    m->stats = m->second + c->stats;
    load_mutes(m);
    if (!open_signals(m) || !open_control(m) || !open_metrics(m))
        return false;
    return watch(m, m->signals) && watch(m, control_fd(m->control)) &&
           watch(m, l->main_bell.fd) && (!m->metrics || watch(m, metrics_fd(m->metrics)));
}

/*
 * Of the mutes: what they suppressed outlives the sensor.  One that never ran may stand
 * beside another whose file that is.
 */
static void keep_counts(struct live_main *m)
{
    char why[MUTES_TEXT];

    if (!m->ran)
        return;
    expire_mutes(m);
    if (m->mutes.n > 0 && !mutes_save(&m->mutes, m->mutes_file, why))
        fprintf(stderr, "sightglass: %s\n", why);
}

void live_main_close(struct live *l)
{
    struct live_main *m = l->main;

    if (!m)
        return;
    live_take_back(m);
    keep_counts(m);
    if (m->snapshot.running)
        pthread_join(m->snapshot.thread, NULL);
    if (m->control)
        control_close(m->control);
    if (m->metrics)
        metrics_close(m->metrics);
    if (m->epoll >= 0)
        close(m->epoll);
    if (m->signals >= 0)
        close(m->signals);
    free((void *)(uintptr_t)l->analysis.mutes);
    if (l->setup != l->boot) {
        setup_close(l->setup);
        free(l->setup);
    }
    free(m);
    l->main = NULL;
}
