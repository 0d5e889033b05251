#include "alerts/alert.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY = 4 * 1024, LARGE_BODY = EVE_LINE, PASTS_PER_OPEN = 4, STORM_ID = 8104990 };
enum { SAVED = 1024, SAVED_VERSION = 1 };

/*
 * Each of these may be the one that hurts: another act of theirs is told within a
 * second, with its own point and frames; only the same act again is a mere count.
 */
enum { TOLD_AT_ONCE = VERB_MODE | VERB_PROGRAM | VERB_COMMAND };
static const int64_t AT_ONCE = NS_PER_S;

/* clang-format off */
static const struct signature storms[SEVERITIES] = {
#define STORM(severity_)                                                             \
    {.id = STORM_ID + (severity_), .rev = 1, .engine = "health",                     \
     .name = "health.alerts.storm", .title = "More new alerts than the rate allows", \
     .category = "Sensor Health", .severity = (severity_), .condition = true,        \
     .why = "Alerts above the rate are counted here instead of being told one by one.", \
     .remediation = "Look at the alerts of the minute before: one cause often makes many.", \
     .created = "2026_11_22", .updated = "2026_11_22"}
    STORM(SEVERITY_INFO), STORM(SEVERITY_LOW), STORM(SEVERITY_MEDIUM), STORM(SEVERITY_HIGH),
#undef STORM
};
/* clang-format on */

struct alerts_config alerts_defaults(void)
{
    return (struct alerts_config){.open = 2048,
                                  .update_every = 60 * NS_PER_S,
                                  .close_after = 300 * NS_PER_S,
                                  .rate = 100,
                                  .rate_period = 60 * NS_PER_S,
                                  .bytes = EVE_LINE};
}

/* ---- opening ---------------------------------------------------------------- */

static size_t power_above(size_t n)
{
    size_t power = 1;

    while (power < n)
        power *= 2;
    return power;
}

static size_t buckets_for(size_t open)
{
    return power_above(2 * open);
}

static size_t larges_for(size_t open)
{
    return open / 8 + 1;
}

static bool open_memory(struct alerts *a)
{
    size_t n = a->config.open;
    bool ok = true;

    a->nbuckets = buckets_for(n);
    a->npast = n * PASTS_PER_OPEN;
    a->buckets = calloc(a->nbuckets, sizeof *a->buckets);
    a->past = calloc(a->npast, sizeof *a->past);
    a->stage = malloc(EVE_LINE);
    if (a->config.save)
        ok &= (a->saved = malloc(SAVED + LARGE_BODY)) != NULL;
    ok &= pool_open(&a->pool, "alerts", sizeof(struct alert), n);
    ok &= pool_open(&a->bodies, "alert texts", BODY, n);
    ok &= pool_open(&a->large_bodies, "large alert texts", LARGE_BODY, larges_for(n));
    ok &= timers_open(&a->timers, n);
    return ok && a->buckets && a->past && a->stage;
}

size_t alerts_memory(const struct alerts_config *config)
{
    const struct alerts *a = NULL; /* only for sizes */
    size_t n = config->open;

    return buckets_for(n) * sizeof *a->buckets + n * PASTS_PER_OPEN * sizeof *a->past +
           EVE_LINE + (config->save ? SAVED + LARGE_BODY : 0) +
           pool_memory(sizeof(struct alert), n) + pool_memory(BODY, n) +
           pool_memory(LARGE_BODY, larges_for(n)) + timers_memory(n);
}

static void close_memory(struct alerts *a)
{
    timers_close(&a->timers);
    pool_close(&a->large_bodies);
    pool_close(&a->bodies);
    pool_close(&a->pool);
    free(a->saved);
    free(a->stage);
    free(a->past);
    free(a->buckets);
}

bool alerts_open(struct alerts *a, const struct alerts_config *config,
                 void (*tell)(void *to, const struct event *event), void *to)
{
    assert(config->bytes > EVE_COUNTS && config->bytes <= EVE_LINE);
    assert(config->open > 0 && config->update_every > 0 && config->close_after > 0);
    *a = (struct alerts){.config = *config,
                         .tell = tell,
                         .to = to,
                         .now = INT64_MIN,
                         .key = hash_key_random()};
    if (open_memory(a))
        return true;
    close_memory(a);
    return false;
}

/* ---- tables ----------------------------------------------------------------- */

static struct bucket *bucket_of(const struct alerts *a, uint64_t root)
{
    return &a->buckets[hash_keyed(&a->key, &root, sizeof root) & (a->nbuckets - 1)];
}

static struct alert *find(const struct alerts *a, uint64_t root)
{
    struct alert *alert = bucket_of(a, root)->open;

    while (alert && alert->root != root)
        alert = alert->hash_next;
    return alert;
}

/* How often the root cause has opened; a new one has not. */
static struct past *past_of(struct alerts *a, uint64_t root)
{
    struct past **head = &bucket_of(a, root)->past, **from, *past = *head;

    while (past && past->root != root)
        past = past->next;
    if (past)
        return past;
    past = &a->past[a->past_at++ % a->npast];
    if (past->occurrence > 0) {
        from = &bucket_of(a, past->root)->past;
        while (*from != past)
            from = &(*from)->next;
        *from = past->next;
    }
    *past = (struct past){root, 0, *head};
    *head = past;
    return past;
}

/* The list of open alerts: the one without a finding for longest comes first. */
static void list_remove(struct alerts *a, struct alert *alert)
{
    *(alert->quieter ? &alert->quieter->later : &a->quietest) = alert->later;
    *(alert->later ? &alert->later->quieter : &a->latest) = alert->quieter;
}

static void list_append(struct alerts *a, struct alert *alert)
{
    alert->later = NULL;
    alert->quieter = a->latest;
    *(a->latest ? &a->latest->later : &a->quietest) = alert;
    a->latest = alert;
}

static void free_body(struct alerts *a, struct alert *alert)
{
    if (alert->body)
        pool_give(alert->large ? &a->large_bodies : &a->bodies, alert->body);
    alert->body = NULL;
}

static void forget(struct alerts *a, struct alert *alert)
{
    struct alert **from = &bucket_of(a, alert->root)->open;

    while (*from != alert)
        from = &(*from)->hash_next;
    *from = alert->hash_next;
    list_remove(a, alert);
    timer_stop(&a->timers, &alert->timer);
    free_body(a, alert);
    pool_give(&a->pool, alert);
}

/* ---- saving ------------------------------------------------------------------ */

/*
 * One alert as bytes, for the same version on the same machine:
 *
 *      | struct saved | body: head and tail |
 *
 * Its times are those of day, since the clock of `now` begins anew with each run.
 */
struct saved {
    uint32_t version, size;
    struct alert alert; /* its pointers mean nothing */
    int64_t told;       /* ns since 1970 */
};

_Static_assert(sizeof(struct saved) <= SAVED, "raise SAVED");

static bool is_over(const struct alert *alert)
{
    return alert->state == ALERT_CLOSED || alert->state == ALERT_CLEARED;
}

/* What time of day `now` is, told by the last finding. */
static int64_t day_time(const struct alert *alert, int64_t now)
{
    return alert->last_seen + (now - alert->latest);
}

static struct bytes save(struct alerts *a, const struct alert *alert)
{
    struct saved *s = (struct saved *)(void *)a->saved;
    size_t body = alert->body && !is_over(alert) ? alert->head + alert->tail : 0;

    if (!s)
        return (struct bytes){NULL, 0};
    memset(s, 0, sizeof *s);
    *s = (struct saved){SAVED_VERSION, sizeof *s, *alert, day_time(alert, alert->told)};
    if (body)
        memcpy(s + 1, alert->body, body);
    return (struct bytes){(const uint8_t *)a->saved, sizeof *s + body};
}

/* ---- telling ----------------------------------------------------------------- */

static void tell(struct alerts *a, struct alert *alert, enum event_kind kind,
                 int64_t time)
{
    struct event event = {.kind = kind,
                          .severity = alert->severity,
                          .health = alert->health,
                          .alert_id = alert->id,
                          .update = alert->update,
                          .root = alert->root,
                          .time = time,
                          .over = is_over(alert),
                          .held = alert->held,
                          .alert = alert};

    if (kind != EVENT_GONE && alert->body) {
        event.line.at = (const uint8_t *)a->stage;
        event.line.len = eve_line(alert, kind == EVENT_UPDATE, time, a->stage);
    } else if (kind != EVENT_GONE) {
        a->counters.unfit++;
    }
    a->counters.told += kind == EVENT_ALERT;
    a->counters.updates += kind == EVENT_UPDATE;
    alert->urgent = false;
    alert->told = a->now;
    alert->count_told = alert->count;
    alert->update++;
    if (kind != EVENT_GONE)
        event.saved = save(a, alert);
    a->tell(a->to, &event);
}

/* The next thing to do for it: tell its count, or end it. */
static void plan(struct alerts *a, struct alert *alert)
{
    int64_t due = alert->latest + alert->quiet;
    int64_t update = alert->told + (alert->urgent ? AT_ONCE : a->config.update_every);

    if (alert->count > alert->count_told && update < due)
        due = update;
    timer_set(&a->timers, &alert->timer, due);
}

static void end(struct alerts *a, struct alert *alert)
{
    alert->state = alert->condition ? ALERT_CLEARED : ALERT_CLOSED;
    tell(a, alert, EVENT_UPDATE, day_time(alert, a->now));
    tell(a, alert, EVENT_GONE, alert->last_seen);
    a->counters.closed++;
    forget(a, alert);
}

static void update(struct alerts *a, struct alert *alert)
{
    alert->state = alert->urgent ? ALERT_REPEATED : ALERT_UPDATED;
    tell(a, alert, EVENT_UPDATE, day_time(alert, a->now));
}

void alerts_expire(struct alerts *a, int64_t now)
{
    struct timer *first;

    while ((first = timers_first(&a->timers)) && first->due <= now) {
        struct alert *alert =
            (struct alert *)(void *)((char *)first - offsetof(struct alert, timer));

        a->now = first->due > a->now ? first->due : a->now;
        if (alert->latest + alert->quiet <= a->now) {
            end(a, alert);
        } else {
            update(a, alert);
            plan(a, alert);
        }
    }
    a->now = now > a->now ? now : a->now;
}

unsigned alerts_end(struct alerts *a, uint64_t low, uint64_t high, int64_t now)
{
    struct alert *found = NULL;
    unsigned n = 0;

    alerts_expire(a, now);
    for (struct alert *alert = a->quietest; alert; alert = alert->later) {
        if (alert->id < low || alert->id > high)
            continue;
        found = alert;
        n++;
    }
    if (n == 1)
        end(a, found);
    return n;
}

int64_t alerts_due(const struct alerts *a)
{
    struct timer *first = timers_first(&a->timers);

    return first ? first->due : INT64_MAX;
}

int64_t alerts_oldest(const struct alerts *a, const struct alert *but)
{
    int64_t oldest = INT64_MAX;

    for (const struct alert *alert = a->quietest; alert; alert = alert->later) {
        if (alert != but && alert->first_seen < oldest)
            oldest = alert->first_seen;
    }
    return oldest;
}

/* ---- taking in ----------------------------------------------------------------- */

/* The same on every sensor: bytes in one order. */
static uint64_t hash_number(uint64_t seed, uint64_t n)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(n >> 8 * i);
    return hash_stable(seed, bytes, sizeof bytes);
}

enum severity finding_severity(const struct finding *f)
{
    return f->score ? severity_of_score(f->score) : f->signature->severity;
}

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
}

static void copy_record(struct alert *alert, const struct record *r)
{
    const struct parties *p = &r->parties;

    alert->src = p->from_server ? p->server : p->client;
    alert->dst = p->from_server ? p->client : p->server;
    alert->src_port = p->from_server ? p->server_port : p->client_port;
    alert->dst_port = p->from_server ? p->client_port : p->server_port;
    alert->outcome = r->outcome;
    alert->frame = r->frame;
}

/* An open alert never gets less severe. */
static void take_score(struct alert *alert, const struct finding *f)
{
    enum severity severity = finding_severity(f);
    unsigned score = f->score ? f->score : f->signature->score;

    if (score == 0)
        score = score_of_severity(severity);
    if (severity > alert->severity)
        alert->severity = severity;
    if (score > alert->score)
        alert->score = score;
}

/* Takes over what the finding says; the text is made by keep_body(). */
static void adopt(struct alert *alert, const struct finding *f)
{
    const struct signature *s = f->signature;

    alert->signature = s->id;
    take_score(alert, f);
    alert->condition = s->condition;
    alert->health = strcmp(s->engine, "health") == 0;
    copy_text(alert->summary, sizeof alert->summary, f->summary);
    copy_text(alert->detection, sizeof alert->detection, s->detection);
    if (!s->detection)
        snprintf(alert->detection, sizeof alert->detection, "%" PRIu32, s->id);
    copy_text(alert->technique, sizeof alert->technique,
              s->nattack ? s->attack[0]->id : NULL);
    if (f->record)
        copy_record(alert, f->record);
}

/* Room for a body of so many bytes, the smallest that is free. */
static bool take_body(struct alerts *a, struct alert *alert, size_t len)
{
    free_body(a, alert);
    alert->large = len > BODY;
    alert->body = pool_take(alert->large ? &a->large_bodies : &a->bodies);
    return alert->body != NULL;
}

/* With no large room left, less of it is told. */
static void keep_body(struct alerts *a, struct alert *alert, const struct finding *f)
{
    struct eve_body body =
        eve_body(&a->config.eve, alert, f, a->stage, a->config.bytes - EVE_COUNTS);
    size_t len = body.head + body.tail;

    if (!take_body(a, alert, len) && len > BODY) {
        body = eve_body(&a->config.eve, alert, f, a->stage,
                        BODY < a->config.bytes ? BODY : a->config.bytes - EVE_COUNTS);
        take_body(a, alert, BODY);
    }
    a->counters.cut += body.cut;
    alert->head = (uint32_t)body.head;
    alert->tail = (uint32_t)body.tail;
    len = body.head + body.tail;
    if (len == 0)
        free_body(a, alert);
    else if (alert->body)
        memcpy(alert->body, a->stage, len);
}

/* The time shown; a sensor's own findings have no record. */
static int64_t time_of(const struct finding *f, int64_t now)
{
    return f->record ? f->record->time : now;
}

static void link_alert(struct alerts *a, struct alert *alert)
{
    struct bucket *bucket = bucket_of(a, alert->root);

    alert->hash_next = bucket->open;
    bucket->open = alert;
    list_append(a, alert);
}

/* In the first days what stands since ever is no news; what a site asks for is. */
static bool is_held(const struct alerts *a, const struct finding *f, int64_t time)
{
    return time < a->config.held_until && f->signature->condition &&
           !f->signature->site && strcmp(f->signature->engine, "health") != 0;
}

static struct alert *open_alert(struct alerts *a, const struct finding *f, uint64_t root,
                                int64_t time)
{
    struct alert *alert;

    if (a->pool.used == a->pool.total) {
        a->counters.evicted++;
        end(a, a->quietest);
    }
    alert = pool_take(&a->pool);
    assert(alert);
    *alert = (struct alert){.root = root, .timer.order = a->order++};
    alert->first_seen = time;
    alert->id = hash_number(root, (uint64_t)alert->first_seen);
    alert->occurrence = ++past_of(a, root)->occurrence;
    alert->quiet = f->signature->condition && f->signature->clear_after > 0
                       ? f->signature->clear_after
                       : a->config.close_after;
    alert->held = is_held(a, f, time);
    link_alert(a, alert);
    return alert;
}

static void count(struct alerts *a, struct alert *alert, int64_t time)
{
    alert->count++;
    alert->last_seen = time;
    alert->latest = a->now;
    list_remove(a, alert);
    list_append(a, alert);
}

static void tell_new(struct alerts *a, struct alert *alert, const struct finding *f,
                     enum alert_state state)
{
    alert->state = state;
    adopt(alert, f);
    keep_body(a, alert, f);
    tell(a, alert, EVENT_ALERT, alert->last_seen);
}

/* Critical alerts have no rate, and neither does what tells of a storm. */
static bool admit(struct alerts *a, enum severity severity)
{
    struct rate *rate = &a->rates[severity];

    if (severity == SEVERITY_CRITICAL || a->config.rate == 0)
        return true;
    if (rate->n == 0 || a->now - rate->since >= a->config.rate_period)
        *rate = (struct rate){a->now, 0};
    if (rate->n >= a->config.rate)
        return false;
    rate->n++;
    return true;
}

static uint64_t root_of(const struct signature *s, uint64_t track)
{
    return hash_number(hash_number(0, s->id), track);
}

static void open_new(struct alerts *a, const struct finding *f, uint64_t root,
                     int64_t time)
{
    struct alert *alert = open_alert(a, f, root, time);

    count(a, alert, time);
    tell_new(a, alert, f, ALERT_NEW);
    a->counters.by_severity[alert->severity]++;
    plan(a, alert);
}

/* One more finding that nobody is told of by itself. */
static void storm(struct alerts *a, enum severity severity, const struct finding *of)
{
    struct finding f = {.signature = &storms[severity], .record = NULL};
    uint64_t root = root_of(f.signature, severity);
    struct alert *alert = find(a, root);
    int64_t time = time_of(of, a->now);

    a->counters.stormed++;
    if (!alert) {
        snprintf(f.summary, sizeof f.summary,
                 "More than %u new alerts of severity %s within %" PRId64
                 " s: this one counts the rest. The first is of %s.",
                 a->config.rate, severity_labels[severity].name,
                 a->config.rate_period / NS_PER_S, of->signature->name);
        open_new(a, &f, root, time);
        return;
    }
    count(a, alert, time);
    plan(a, alert);
}

/* Not what was told last: another function, point or value. */
static bool another_act(const struct alert *alert, const struct finding *f)
{
    return f->record && f->record->verbs & TOLD_AT_ONCE &&
           strncmp(alert->summary, f->summary, sizeof alert->summary) != 0;
}

static void repeat(struct alerts *a, struct alert *alert, const struct finding *f)
{
    a->counters.repeated++;
    adopt(alert, f);
    keep_body(a, alert, f);
    alert->urgent = true;
    if (a->now - alert->told >= AT_ONCE)
        update(a, alert);
}

/* A finding of an alert that is open. */
static void again(struct alerts *a, struct alert *alert, const struct finding *f)
{
    count(a, alert, time_of(f, a->now));
    if (finding_severity(f) > alert->severity) {
        a->counters.escalated++;
        tell_new(a, alert, f, ALERT_ESCALATED);
    } else if (another_act(alert, f)) {
        repeat(a, alert, f);
    }
    plan(a, alert);
}

/* The condition has ended, whether it was told or not. */
static void over(struct alerts *a, struct alert *alert)
{
    if (alert)
        end(a, alert);
}

uint64_t alert_root(const struct finding *f)
{
    return root_of(f->signature, f->track);
}

void alerts_adopt(struct alerts *a, const struct alerts_config *config)
{
    unsigned open = a->config.open;
    bool saves = a->config.save;

    a->config = *config;
    a->config.open = open;
    a->config.save = saves;
}

void alerts_take(struct alerts *a, const struct finding *f, int64_t now)
{
    uint64_t root = alert_root(f);
    struct alert *alert;

    alerts_expire(a, now);
    a->counters.findings++;
    alert = find(a, root);
    if (f->over)
        over(a, alert);
    else if (alert)
        again(a, alert, f);
    else if (admit(a, finding_severity(f)))
        open_new(a, f, root, time_of(f, a->now));
    else
        storm(a, finding_severity(f), f);
}

/* ---- taking back ---------------------------------------------------------------- */

static bool read_saved(struct bytes bytes, struct saved *s)
{
    if (bytes.len < sizeof *s)
        return false;
    memcpy(s, bytes.at, sizeof *s);
    if (s->version != SAVED_VERSION || s->size != sizeof *s)
        return false;
    return is_over(&s->alert) || !s->alert.body ||
           (s->alert.head + (size_t)s->alert.tail == bytes.len - sizeof *s &&
            bytes.len - sizeof *s <= LARGE_BODY);
}

bool alerts_saved_ids(struct bytes saved, uint64_t *id, uint64_t *root)
{
    struct saved s;

    if (!read_saved(saved, &s))
        return false;
    *id = s.alert.id;
    *root = s.alert.root;
    return true;
}

bool alerts_restore(struct alerts *a, struct bytes saved)
{
    struct saved s;
    struct alert *alert;
    size_t body;

    if (!read_saved(saved, &s))
        return false;
    past_of(a, s.alert.root)->occurrence = s.alert.occurrence;
    if (is_over(&s.alert))
        return true;
    if (find(a, s.alert.root) || !(alert = pool_take(&a->pool)))
        return false;
    *alert = s.alert;
    alert->timer = (struct timer){.order = a->order++};
    alert->latest = alert->last_seen;
    alert->told = s.told;
    alert->body = NULL;
    link_alert(a, alert);
    body = s.alert.body ? s.alert.head + s.alert.tail : 0;
    if (body && take_body(a, alert, body))
        memcpy(alert->body, saved.at + sizeof s, body);
    plan(a, alert);
    return true;
}

void alerts_close(struct alerts *a, int64_t now)
{
    struct timer *first;

    alerts_expire(a, now);
    while ((first = timers_first(&a->timers))) {
        struct alert *alert =
            (struct alert *)(void *)((char *)first - offsetof(struct alert, timer));

        if (alert->count > alert->count_told)
            update(a, alert);
        tell(a, alert, EVENT_GONE, alert->last_seen);
        forget(a, alert);
    }
    close_memory(a);
}
