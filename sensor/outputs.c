#include "sensor/outputs.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sensor/core/clock.h"
#include "sensor/core/now.h"

enum {
    COMMIT_EVERY = 50, /* ms */
    KEEP_EVERY = 1000,
    AWAY_AFTER = 10000,
    TELL_EVERY = 60000, /* while it lasts */
    FILLS = 50,
    FILLS_MUCH = 80, /* percent */
    FILLS_NO_MORE = 40,
    TURN_EVERY = 256, /* events a replay puts */
};

static const uint64_t disk_size = UINT64_C(512) << 20, memory_size = UINT64_C(64) << 20;
static const int64_t disk_age = NS_PER_S * 86400 * 30;
static const int64_t disk_retention = NS_PER_S * 3600, memory_retention = NS_PER_S * 5;

static int64_t now_ms(void)
{
    return now_monotonic() / NS_PER_MS;
}

/* ---- telling ----------------------------------------------------------------------- */

/* A full ring loses it; what lasts is told again. */
static void tell(struct outputs *o, const struct notice *notice)
{
    struct notice *slot = o->notices ? ring_slot(o->notices) : NULL;

    if (!slot)
        return;
    *slot = *notice;
    ring_push(o->notices);
}

static void name_it(struct notice *n, const char *about, const char *detail)
{
    snprintf(n->about, sizeof n->about, "%s", about);
    snprintf(n->detail, sizeof n->detail, "%s", detail);
}

static void on_news(void *to, enum sink_news news, bool over, const char *detail)
{
    static const uint16_t checks[SINK_NEWS] = {[SINK_OWNER] = CHECK_OUTPUT_OWNER,
                                               [SINK_REFUSED] = CHECK_OUTPUT_REFUSED,
                                               [SINK_TRIMMED] = CHECK_OUTPUT_TRIMMED};
    struct output *out = to;
    struct notice n = {.check = checks[news], .over = over};

    name_it(&n, out->name, detail);
    tell(out->outputs, &n);
}

static void tell_away(struct output *out, int64_t now, bool over)
{
    struct notice n = {.check = CHECK_OUTPUT_AWAY,
                       .over = over,
                       .count = (int64_t)sink_waiting(out->sink),
                       .gap = (now - out->told.moved) * NS_PER_MS};

    name_it(&n, out->name, over ? "It takes events again." : out->sink->error);
    tell(out->outputs, &n);
    out->told.away = !over;
    out->told.at = now;
}

/* Away: something waits, and nothing was taken for ten seconds. */
static void watch_progress(struct output *out, int64_t now)
{
    struct told *t = &out->told;
    uint64_t delivered = out->sink->counters.delivered;

    if (delivered != t->delivered || sink_waiting(out->sink) == 0) {
        if (t->away)
            tell_away(out, now, true);
        t->moved = now;
        t->delivered = delivered;
    } else if (now - t->moved >= AWAY_AFTER && (!t->away || now - t->at >= TELL_EVERY)) {
        tell_away(out, now, false);
    }
}

static void watch_loss(struct output *out, int64_t now)
{
    struct told *t = &out->told;
    uint64_t lost = sink_lost(out->sink);
    struct notice n = {.check = CHECK_OUTPUT_LOST, .count = (int64_t)lost};

    if (lost == t->lost_so_far || (t->lost_at && now - t->lost_at < AWAY_AFTER))
        return;
    name_it(&n, out->name, out->sink->error);
    tell(out->outputs, &n);
    t->lost_so_far = lost;
    t->lost_at = now;
}

static void tell_fill(struct outputs *o, unsigned percent, int64_t now, bool over)
{
    struct notice n = {
        .check = CHECK_OUTBOX_FILLS, .count = (int64_t)percent, .over = over};

    snprintf(n.detail, sizeof n.detail, "%" PRIu64 " of %" PRIu64 " MiB. %.150s",
             o->outbox.bytes >> 20, o->outbox.config.size >> 20, o->outbox.error);
    tell(o, &n);
    o->filled = over ? 0 : percent;
    o->filled_at = now;
}

/* At 50 and at 80 percent, and when nothing can be committed. */
static void watch_room(struct outputs *o, int64_t now)
{
    unsigned percent = outbox_percent(&o->outbox);
    int64_t stuck = outbox_uncommitted(&o->outbox, now_monotonic());
    bool much = percent >= FILLS_MUCH && o->filled < FILLS_MUCH;
    bool ill = percent >= FILLS || stuck > AWAY_AFTER * (int64_t)NS_PER_MS;

    if (ill && (!o->filled || much || now - o->filled_at >= TELL_EVERY))
        tell_fill(o, percent ? percent : 1, now, false);
    else if (!ill && o->filled && percent < FILLS_NO_MORE)
        tell_fill(o, percent, now, true);
}

static void watch_damage(struct outputs *o)
{
    struct notice n = {.check = CHECK_OUTBOX_DAMAGED};

    if (o->outbox.damaged == o->damaged)
        return;
    o->damaged = o->outbox.damaged;
    snprintf(n.detail, sizeof n.detail, "What it held is in %.150s.damaged.",
             o->outbox.path);
    tell(o, &n);
}

/* ---- opening ------------------------------------------------------------------------- */

/* More than alerts: that goes to a stream of its own. */
static bool has_records(uint32_t what)
{
    return (what & ~(uint32_t)(OUTPUT_ALERTS | OUTPUT_UPDATES | OUTPUT_HEALTH)) != 0;
}

static struct sink *open_redis(struct outbox *b, const struct config_output *output,
                               char error[SINK_ERROR])
{
    const struct config_redis *c = &output->redis;
    struct sink_redis_config s = sink_redis_defaults();

    s.name = output->name;
    s.server = c->servers.text[0];
    s.user = c->user;
    s.password_file = c->password_file;
    s.tls_ca = c->tls_ca;
    s.tls_cert = c->tls_cert;
    s.tls_key = c->tls_key;
    s.keys = c->prefix;
    s.mode = (enum redis_mode)c->mode;
    s.connect_ms = (unsigned)(c->connect_timeout / NS_PER_MS);
    s.command_ms = (unsigned)(c->command_timeout / NS_PER_MS);
    s.trim_keep = c->trim_keep;
    s.events = has_records(output->what);
    return sink_redis_open(&s, b, error);
}

static struct sink *open_file(struct outbox *b, const struct config_output *output,
                              char error[SINK_ERROR])
{
    const struct config_file *c = &output->file;

    return sink_file_open(&(struct sink_file_config){.name = output->name,
                                                     .path = c->path,
                                                     .rotate = c->rotate_size,
                                                     .keep = c->keep},
                          b, error);
}

static bool open_output(struct outputs *o, const struct config_output *c,
                        struct diagnostics *d)
{
    struct output *out = &o->output[o->n];
    char error[SINK_ERROR] = "";

    *out =
        (struct output){.name = c->name, .what = c->what, .type = c->type, .outputs = o};
    out->sink = c->type == OUTPUT_REDIS ? open_redis(&o->outbox, c, error)
                                        : open_file(&o->outbox, c, error);
    if (!out->sink) {
        diagnostics_error(d, NULL, "output %s: %s", c->name, error);
        return false;
    }
    out->told.moved = now_ms();
    sink_listen(out->sink, on_news, out);
    o->n++;
    return true;
}

/* No longer than an entry stays in the stream: what we trimmed is not missed. */
static int64_t retention_of(const struct config *config, int64_t most)
{
    for (unsigned i = 0; i < config->noutputs; i++) {
        int64_t keep = config->outputs[i].redis.trim_keep;

        if (config->outputs[i].type == OUTPUT_REDIS && keep > 0 && keep < most)
            most = keep;
    }
    return most;
}

static bool open_outbox(struct outputs *o, const struct config *config, const char *state,
                        struct diagnostics *d)
{
    char path[OUTBOX_PATH];
    struct outbox_config c = {.size = memory_size, .retention = memory_retention};

    snprintf(path, sizeof path, "%s/outbox.db", state ? state : "");
    if (state) {
        c.path = path;
        c.size = config->outbox_size ? config->outbox_size : disk_size;
        c.age = config->outbox_age ? config->outbox_age : disk_age;
        c.retention = retention_of(config, disk_retention);
        c.drop_oldest = config->outbox_full == OUTBOX_DROP_OLDEST;
    }
    if (outbox_open(&o->outbox, &c))
        return true;
    diagnostics_error(d, NULL, "the outbox %s: %s", state ? path : "in memory",
                      o->outbox.error);
    return false;
}

/* Outputs that were taken out of the configuration. */
static void end_others(struct outputs *o)
{
    uint64_t lost = outbox_end_others(&o->outbox);
    struct notice n = {.check = CHECK_OUTPUT_LOST, .count = (int64_t)lost};

    if (lost == 0)
        return;
    name_it(&n, "outputs", "They are no longer in the configuration.");
    tell(o, &n);
}

bool outputs_open(struct outputs *o, const struct config *config, const char *state,
                  struct ring *notices, struct diagnostics *d)
{
    bool ok = true;

    memset(o, 0, sizeof *o);
    o->notices = notices;
    o->waits = state == NULL;
    o->heartbeat = config->heartbeat;
    if (!open_outbox(o, config, state, d))
        return false;
    for (unsigned i = 0; i < config->noutputs; i++)
        ok &= open_output(o, &config->outputs[i], d);
    if (ok)
        end_others(o);
    watch_damage(o);
    return ok;
}

void outputs_close(struct outputs *o)
{
    for (unsigned i = 0; i < o->n; i++)
        sink_close(o->output[i].sink);
    o->n = 0;
    outbox_close(&o->outbox);
}

uint32_t outputs_want(const struct outputs *o)
{
    uint32_t what = 0;

    for (unsigned i = 0; i < o->n; i++)
        what |= o->output[i].what;
    return what;
}

uint32_t outputs_wanted(const struct config *config)
{
    uint32_t what = 0;

    for (unsigned i = 0; i < config->noutputs; i++)
        what |= config->outputs[i].what;
    return what;
}

/* Batch, page cache and statements; of a file its batch, of Redis its two buffers. */
uint64_t outputs_ceiling(const struct config *config)
{
    static const unsigned mib[OUTPUT_TYPES] = {[OUTPUT_REDIS] = 10, [OUTPUT_FILE] = 2};
    uint64_t sum = 9;

    for (unsigned i = 0; i < config->noutputs; i++)
        sum += mib[config->outputs[i].type];
    return sum << 20;
}

/* ---- putting ------------------------------------------------------------------------- */

/* An alert of the engine `health` is both an alert and health: either word takes it. */
static uint32_t kind_of(const struct event *e)
{
    switch (e->kind) {
    case EVENT_ALERT:
        return e->health ? OUTPUT_HEALTH | OUTPUT_ALERTS : OUTPUT_ALERTS;
    case EVENT_UPDATE:
        return e->health ? OUTPUT_HEALTH | OUTPUT_UPDATES : OUTPUT_UPDATES;
    case EVENT_RECORD:
        return e->record == RECORD_FLOW        ? OUTPUT_FLOWS
               : e->record == RECORD_OPERATION ? OUTPUT_OPERATIONS
                                               : OUTPUT_TRANSACTIONS;
    case EVENT_STATS:
        return OUTPUT_STATS;
    default:
        return 0;
    }
}

static uint32_t lanes_for(const struct outputs *o, const struct event *e)
{
    uint32_t kind = e->line.len && !e->held ? kind_of(e) : 0, lanes = 0;
    bool alert = e->kind == EVENT_ALERT || e->kind == EVENT_UPDATE;

    for (unsigned i = 0; i < o->n; i++) {
        const struct sink *s = o->output[i].sink;

        if (o->output[i].what & kind)
            lanes |= 1u << s->lanes[alert ? 0 : s->nlanes - 1];
    }
    return lanes;
}

static bool is_test(const struct event *e)
{
    static const char mark[] = "\"signature_id\":8104901,";

    return e->health && e->kind == EVENT_ALERT &&
           memmem(e->line.at, e->line.len, mark, sizeof mark - 1);
}

/* A replay waits for its outputs, as long as they take anything. */
static void make_room(struct outputs *o)
{
    int64_t since = now_ms();
    uint64_t bytes = o->outbox.bytes;

    outputs_turn(o, NULL, 0);
    if (outbox_percent(&o->outbox) < FILLS)
        o->hopeless = false;
    while (!o->hopeless && outbox_percent(&o->outbox) >= FILLS) {
        outputs_turn(o, NULL, COMMIT_EVERY);
        if (o->outbox.bytes < bytes) {
            bytes = o->outbox.bytes;
            since = now_ms();
        }
        o->hopeless = now_ms() - since > AWAY_AFTER;
    }
}

bool outputs_put(struct outputs *o, const struct event *e)
{
    uint32_t lanes = lanes_for(o, e);

    if (lanes == 0 && (e->saved.len == 0 || o->waits))
        return true;
    if (is_test(e)) {
        outbox_follow(&o->outbox, e->alert_id);
        o->raised = e->time;
    }
    if (!outbox_put(&o->outbox, e, lanes))
        return false;
    if (o->waits && ++o->put % TURN_EVERY == 0)
        make_room(o);
    return true;
}

/* ---- a turn -------------------------------------------------------------------------- */

static void commit_if_due(struct outputs *o, int64_t now)
{
    int64_t waited = outbox_uncommitted(&o->outbox, now_monotonic());

    if (waited == 0 || now < o->retry_at)
        return;
    if (o->outbox.batched < OUTBOX_BATCH && waited < COMMIT_EVERY * (int64_t)NS_PER_MS)
        return;
    if (!outbox_commit(&o->outbox))
        o->retry_at = now + KEEP_EVERY / 2;
}

static void keep_if_due(struct outputs *o, int64_t now)
{
    if (now - o->kept < KEEP_EVERY)
        return;
    o->kept = now;
    outbox_keep(&o->outbox, now_wall(), now_monotonic());
    for (unsigned i = 0; i < o->n; i++) {
        watch_progress(&o->output[i], now);
        watch_loss(&o->output[i], now);
    }
    watch_room(o, now);
    watch_damage(o);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ms until something is due, at most `ms`. */
static int time_left(const struct outputs *o, int64_t now, int64_t ms)
{
    int64_t waited = outbox_uncommitted(&o->outbox, now_monotonic());

    if (waited)
        ms = least(ms, now < o->retry_at ? o->retry_at - now
                                         : COMMIT_EVERY - waited / NS_PER_MS);
    ms = least(ms, o->kept + KEEP_EVERY - now);
    for (unsigned i = 0; i < o->n; i++)
        ms = least(ms, o->output[i].sink->due - now);
    return ms > 0 ? (int)ms : 0;
}

static void wait(const struct outputs *o, const struct bell *bell, int ms)
{
    struct pollfd p[CONFIG_OUTPUTS + 1];
    nfds_t n = 0;

    for (unsigned i = 0; i < o->n; i++) {
        const struct sink *s = o->output[i].sink;

        if (s->fd >= 0)
            p[n++] = (struct pollfd){.fd = s->fd, .events = s->events};
    }
    if (bell)
        p[n++] = (struct pollfd){.fd = bell->fd, .events = POLLIN};
    if (ms > 0)
        poll(p, n, ms);
}

void outputs_turn(struct outputs *o, struct bell *bell, int ms)
{
    int64_t now = now_ms();

    wait(o, bell, time_left(o, now, ms));
    now = now_ms();
    commit_if_due(o, now);
    for (unsigned i = 0; i < o->n; i++)
        sink_turn(o->output[i].sink, now);
    keep_if_due(o, now);
}

void outputs_reopen(struct outputs *o)
{
    for (unsigned i = 0; i < o->n; i++)
        sink_reopen(o->output[i].sink);
}

static bool all_is_delivered(const struct outputs *o)
{
    uint64_t waiting = o->outbox.batched;

    for (unsigned i = 0; i < o->n; i++)
        waiting += sink_waiting(o->output[i].sink);
    return waiting == 0;
}

bool outputs_finish(struct outputs *o, int ms)
{
    int64_t until = now_ms() + ms;
    uint64_t lost = 0;

    outbox_commit(&o->outbox);
    do {
        outputs_turn(o, NULL, all_is_delivered(o) ? 0 : COMMIT_EVERY);
    } while (!all_is_delivered(o) && now_ms() < until);
    outbox_commit(&o->outbox);
    for (unsigned i = 0; i < o->n; i++)
        lost += sink_lost(o->output[i].sink);
    return lost == 0 && all_is_delivered(o);
}

void outputs_report(const struct outputs *o)
{
    for (unsigned i = 0; i < o->n; i++) {
        const struct sink *s = o->output[i].sink;
        uint64_t waiting = sink_waiting(s), lost = sink_lost(s);

        if (waiting + lost > 0)
            fprintf(stderr,
                    "output %s: %" PRIu64 " events delivered, %" PRIu64
                    " not delivered, %" PRIu64 " lost%s%s\n",
                    o->output[i].name, s->counters.delivered, waiting, lost,
                    s->error[0] ? ": " : "", s->error);
    }
}

/* ---- what else ------------------------------------------------------------------------ */

void outputs_health(struct outputs *o, const char *const *pairs, unsigned n)
{
    int64_t ms = 3 * (o->heartbeat ? o->heartbeat : 10 * NS_PER_S) / NS_PER_MS;

    for (unsigned i = 0; i < o->n; i++)
        sink_redis_health(o->output[i].sink, pairs, n, ms);
}

void outputs_evidence(struct outputs *o, uint64_t alert_id, struct bytes pcapng)
{
    for (unsigned i = 0; i < o->n; i++)
        sink_redis_evidence(o->output[i].sink, alert_id, pcapng);
}

static void fill_output(struct outputs *o, unsigned i, struct status_output *out)
{
    const struct sink *s = o->output[i].sink;

    *out = (struct status_output){.connected = s->connected,
                                  .backlog = sink_waiting(s),
                                  .delivered = s->counters.delivered,
                                  .lost = sink_lost(s),
                                  .rejected = s->counters.rejected,
                                  .last = s->last};
    for (unsigned j = 0; j < s->nlanes; j++) {
        int64_t oldest = outbox_oldest(&o->outbox, s->lanes[j]);

        if (oldest && (!out->oldest || oldest < out->oldest))
            out->oldest = oldest;
    }
    snprintf(out->name, sizeof out->name, "%s", o->output[i].name);
    snprintf(out->type, sizeof out->type, "%s", s->type->name);
    snprintf(out->error, sizeof out->error, "%s", s->error);
}

static void fill_test(const struct outputs *o, struct status_test *out)
{
    const struct outbox_trace *t = &o->outbox.trace;

    *out = (struct status_test){
        .alert_id = t->alert_id, .raised = o->raised, .committed = t->committed};
    for (unsigned i = 0; i < o->n; i++)
        out->delivered[i] = t->delivered[o->output[i].sink->lanes[0]];
}

void outputs_status(struct outputs *o, struct status_outputs *out)
{
    *out = (struct status_outputs){.committed = o->outbox.committed,
                                   .outbox_rows = o->outbox.rows,
                                   .outbox_bytes = o->outbox.bytes,
                                   .outbox_percent = outbox_percent(&o->outbox),
                                   .commit_latency = o->outbox.latency,
                                   .n = o->n,
                                   .damaged = o->outbox.damaged > 0};
    for (unsigned i = 0; i < o->n; i++)
        fill_output(o, i, &out->output[i]);
    fill_test(o, &out->test);
}

/* ---- the thread ----------------------------------------------------------------------- */

/* Events out of the tube, a batch at most; false when there was none. */
static bool take_events(struct outputs *o, struct tube *events)
{
    const void *packed;
    size_t len;
    unsigned n = 0;

    while (n < OUTBOX_BATCH && (packed = tube_peek(events, &len)) != NULL) {
        struct event e = event_unpack(packed);

        if (!outputs_put(o, &e))
            break; /* it stays there until the disk takes something again */
        tube_pop(events);
        n++;
    }
    return n > 0;
}

struct ticking {
    int64_t at; /* ms, monotonic: the latest */
    bool again; /* before there is something new */
};

static void take_orders(struct outputs *o, const struct outputs_orders *orders,
                        struct ticking *t)
{
    if (orders->reopen && atomic_exchange(orders->reopen, false))
        outputs_reopen(o);
    if (!orders->tick || now_ms() - t->at < COMMIT_EVERY)
        return;
    t->at = now_ms();
    t->again = orders->tick(orders->to, o);
}

/* An event that the disk does not take stays in the tube: no reason to hurry. */
static int time_to_sleep(const struct outputs *o, const struct outputs_orders *orders,
                         const struct ticking *t)
{
    if (o->retry_at > now_ms())
        return COMMIT_EVERY;
    if (tube_used(orders->events) > 0 || atomic_load(orders->stop))
        return 0;
    return t->again ? COMMIT_EVERY : KEEP_EVERY;
}

void outputs_run(struct outputs *o, const struct outputs_orders *orders)
{
    struct ticking t = {0};
    bool took, stopping;

    do {
        stopping = atomic_load(orders->stop); /* what was put before it is taken yet */
        bell_sleep(orders->bell);
        outputs_turn(o, orders->bell, time_to_sleep(o, orders, &t));
        bell_awake(orders->bell);
        took = take_events(o, orders->events);
        take_orders(o, orders, &t);
    } while (took || !stopping);
    outputs_finish(o, orders->finish_ms);
}
