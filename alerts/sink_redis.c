/*
 * Events into Redis: entries of a stream, a list, or a channel.
 *
 * A stream entry has an explicit id, which keeps it from being stored twice: after
 * a broken connection whatever was in flight is looked up under its id before it is
 * sent again.  Lists and channels get it at least once.
 */

#include "alerts/sink.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/queue.h"
#include "alerts/redis_link.h"

enum {
    WINDOW = 256,
    BATCH = 64, /* events that wait before put() sends them */
    LINE = 256 * 1024,
    KEY = 160,
    ID = 48,
    SECRET = 256,
    BACKOFF_FIRST = 100,
    BACKOFF_LONGEST = 10000, /* ms */
    BACKOFF_CONFIG = 30000,
};

enum channel { TO_ALERTS, TO_EVENTS, CHANNELS };

struct redis_sink {
    struct sink sink;
    struct sink_redis_config config;
    char keys[CHANNELS][KEY];
    struct stream_id last[CHANNELS];   /* the highest id of each stream, ours or not */
    struct stream_id stored[CHANNELS]; /* the same, of what Redis said at connecting */
    struct queue queue;
    struct link link;
    int64_t retry_at; /* ms, monotonic */
    int64_t backoff;
    char line[LINE];
};

/* ---- what an error reply means -------------------------------------------------- */

enum remedy {
    DISCARD,   /* this event will never be taken */
    LATER,     /* the server is unwell: after a pause */
    RECONNECT, /* another login, or another server, may take it */
    REFUSED,   /* somebody must change a setting: a long pause */
    RENUMBER,  /* somebody wrote a higher id: ours is looked up, else gets a new one */
};

/* clang-format off */
static const struct answer {
    const char *begins;
    enum remedy remedy;
} answers[] = {
    {"OOM ",       LATER},
    {"MISCONF ",   LATER},
    {"LOADING ",   LATER},
    {"BUSY ",      LATER},
    {"TRYAGAIN ",  LATER},
    {"MASTERDOWN ",LATER},
    {"READONLY ",  RECONNECT},
    {"NOAUTH ",    RECONNECT},
    {"NOREPLICAS ",LATER},
    {"WRONGTYPE ", REFUSED},
    {"NOPERM ",    REFUSED},
    {"WRONGPASS ", REFUSED},
    {"MOVED ",     REFUSED},
    {"ERR The ID specified in XADD is equal or smaller", RENUMBER},
};
/* clang-format on */

static enum remedy remedy_of(const char *error)
{
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (strncmp(error, answers[i].begins, strlen(answers[i].begins)) == 0)
            return answers[i].remedy;
    }
    return DISCARD;
}

static void say(struct redis_sink *r, const char *what, const char *why)
{
    r->sink.counters.errors++;
    snprintf(r->sink.error, sizeof r->sink.error, "redis %.60s: %s: %.*s",
             r->config.server, what, (int)strcspn(why, "\r\n") % 100, why);
}

static void pause_for(struct redis_sink *r, int64_t ms)
{
    r->retry_at = link_now() + ms;
}

static void pause_longer(struct redis_sink *r)
{
    pause_for(r, r->backoff);
    r->backoff = 2 * r->backoff < BACKOFF_LONGEST ? 2 * r->backoff : BACKOFF_LONGEST;
}

static void lost(struct redis_sink *r, const char *what)
{
    r->sink.counters.timeouts += r->link.timed_out;
    say(r, what, r->link.error);
    pause_longer(r);
}

static bool is_error(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR;
}

static int64_t deadline(const struct redis_sink *r)
{
    return link_now() + r->config.command_ms;
}

/* ---- ids of stream entries -------------------------------------------------------- */

static bool is_above(struct stream_id a, struct stream_id b)
{
    return a.ms > b.ms || (a.ms == b.ms && a.n > b.n);
}

/* max(last, now): increasing whatever the clock does. */
static struct stream_id next_id(struct stream_id last)
{
    struct timespec t;
    uint64_t now;

    clock_gettime(CLOCK_REALTIME, &t);
    now = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    if (now > last.ms)
        return (struct stream_id){now, 0};
    return (struct stream_id){last.ms, last.n + 1};
}

static void id_text(const struct entry *e, char out[ID])
{
    snprintf(out, ID, "%" PRIu64 "-%" PRIu64, e->id.ms, e->id.n);
}

/* Asks what the highest id is; a stream that is not there yet has none. */
static bool learn_last(struct redis_sink *r, enum channel c)
{
    const char *ask[] = {"XINFO", "STREAM", r->keys[c]};
    redisReply *reply = link_ask(&r->link, 3, ask, deadline(r));

    if (!reply)
        return false;
    r->stored[c] = (struct stream_id){0, 0};
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements;
         i += 2) {
        const redisReply *name = reply->element[i], *value = reply->element[i + 1];

        if (name->str && value->str && strcmp(name->str, "last-generated-id") == 0)
            sscanf(value->str, "%" SCNu64 "-%" SCNu64, &r->stored[c].ms, &r->stored[c].n);
    }
    if (is_above(r->stored[c], r->last[c]))
        r->last[c] = r->stored[c];
    freeReplyObject(reply);
    return true;
}

static enum channel channel_of(const struct entry *e)
{
    return e->kind == EVENT_ALERT || e->kind == EVENT_UPDATE ? TO_ALERTS : TO_EVENTS;
}

/* Into r->line, without the newline. */
static size_t copy_line(struct redis_sink *r, const struct entry *e)
{
    return queue_line(e, r->line, sizeof r->line) - 1;
}

/* The answer to XRANGE id id holds this very line. */
static bool is_ours(struct redis_sink *r, const struct entry *e, const redisReply *reply)
{
    const redisReply *pair, *fields, *event;
    size_t len = copy_line(r, e);

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
        return false;
    pair = reply->element[0];
    if (pair->type != REDIS_REPLY_ARRAY || pair->elements != 2)
        return false;
    fields = pair->element[1];
    if (fields->type != REDIS_REPLY_ARRAY || fields->elements == 0)
        return false;
    event = fields->element[fields->elements - 1];
    return event->str && (size_t)event->len == len &&
           memcmp(event->str, r->line, len) == 0;
}

/* Whether the entry is in its stream already; false when the link fails, too. */
static bool is_stored(struct redis_sink *r, const struct entry *e)
{
    char id[ID];
    const char *ask[] = {"XRANGE", r->keys[channel_of(e)], id, id};
    redisReply *reply;
    bool ours;

    id_text(e, id);
    reply = link_ask(&r->link, 4, ask, deadline(r));
    ours = reply && is_ours(r, e, reply);
    if (reply)
        freeReplyObject(reply);
    return ours;
}

/* ---- connecting ------------------------------------------------------------------- */

static bool read_password(const char *path, char out[SECRET])
{
    FILE *f = fopen(path, "re");
    bool ok;

    if (!f)
        return false;
    ok = fgets(out, SECRET, f);
    fclose(f);
    out[ok ? strcspn(out, "\r\n") : 0] = '\0';
    return ok;
}

static void refuse(struct redis_sink *r, const char *what, const char *why)
{
    say(r, what, why);
    link_close(&r->link);
    pause_for(r, BACKOFF_CONFIG);
}

static bool log_in(struct redis_sink *r)
{
    char password[SECRET];
    const char *ask[] = {"AUTH", r->config.user, password};
    redisReply *reply;
    bool ok;

    if (!r->config.password_file)
        return true;
    if (!read_password(r->config.password_file, password)) {
        refuse(r, "no password", r->config.password_file);
        return false;
    }
    if (r->config.user) {
        reply = link_ask(&r->link, 3, ask, deadline(r));
    } else {
        ask[1] = password;
        reply = link_ask(&r->link, 2, ask, deadline(r));
    }
    explicit_bzero(password, sizeof password);
    if (!reply) {
        lost(r, "login");
        return false;
    }
    ok = !is_error(reply);
    if (!ok)
        refuse(r, "login", reply->str);
    freeReplyObject(reply);
    return ok;
}

/*
 * What was in flight when the connection broke.  What is stored is delivered.  The
 * rest is sent again under its id, for the old connection may still bring it: then
 * Redis refuses the second one, and it is looked up anew.  An id that Redis has gone
 * past is of no use any more.
 */
static bool settle(struct redis_sink *r)
{
    for (size_t n = r->queue.nflight; n > 0 && r->link.context; n--) {
        struct entry *e = queue_oldest(&r->queue);
        bool passed = !is_above(e->id, r->stored[channel_of(e)]);

        if (r->config.mode == REDIS_STREAM && passed && is_stored(r, e)) {
            r->sink.counters.delivered++;
            queue_done(&r->queue);
        } else if (r->link.context) {
            if (passed)
                e->id = (struct stream_id){0, 0};
            queue_back(&r->queue);
        }
    }
    return r->link.context != NULL;
}

static bool connect_now(struct redis_sink *r)
{
    if (link_now() < r->retry_at)
        return false;
    r->link.timed_out = false;
    if (!link_open(&r->link, r->config.server, link_now() + r->config.connect_ms)) {
        lost(r, "cannot connect");
        return false;
    }
    r->sink.counters.connects++;
    if (!log_in(r))
        return false;
    if (r->config.mode == REDIS_STREAM &&
        !(learn_last(r, TO_ALERTS) && learn_last(r, TO_EVENTS))) {
        lost(r, "asking for the streams");
        return false;
    }
    if (!settle(r)) {
        lost(r, "asking for entries");
        return false;
    }
    return true;
}

/* ---- sending ---------------------------------------------------------------------- */

static bool append_stream(struct redis_sink *r, struct entry *e, size_t len)
{
    char id[ID], alert[ID], update[ID];
    const char *argv[] = {
        "XADD", r->keys[channel_of(e)], id, "alert_id", alert, "update", update, "event",
        r->line};
    size_t lens[COUNT_OF(argv)];

    if (e->id.ms == 0)
        e->id = r->last[channel_of(e)] = next_id(r->last[channel_of(e)]);
    id_text(e, id);
    snprintf(alert, sizeof alert, "%016" PRIx64, e->alert_id);
    snprintf(update, sizeof update, "%" PRIu32, e->update);
    for (size_t i = 0; i + 1 < COUNT_OF(argv); i++)
        lens[i] = strlen(argv[i]);
    lens[COUNT_OF(argv) - 1] = len;
    if (e->alert_id)
        return link_append(&r->link, COUNT_OF(argv), argv, lens);
    argv[3] = argv[7];
    lens[3] = lens[7];
    argv[4] = argv[8];
    lens[4] = lens[8];
    return link_append(&r->link, 5, argv, lens);
}

static bool append(struct redis_sink *r, struct entry *e, size_t len)
{
    const char *key = r->keys[channel_of(e)];
    const char *argv[] = {r->config.mode == REDIS_LIST ? "RPUSH" : "PUBLISH", key,
                          r->line};
    const size_t lens[] = {strlen(argv[0]), strlen(key), len};

    if (r->config.mode == REDIS_STREAM)
        return append_stream(r, e, len);
    return link_append(&r->link, COUNT_OF(argv), argv, lens);
}

/* Fills the window; nothing is on its way before the first answer is waited for. */
static void fill_window(struct redis_sink *r)
{
    while (r->queue.nflight < WINDOW && r->link.context) {
        struct entry *e = queue_send(&r->queue);

        if (!e)
            return;
        append(r, e, copy_line(r, e));
    }
}

static void on_error(struct redis_sink *r, const char *error)
{
    enum remedy remedy = remedy_of(error);

    say(r, "refused", error);
    switch (remedy) {
    case DISCARD:
        r->sink.counters.rejected++;
        queue_done(&r->queue);
        break;
    case RENUMBER: /* settle() looks it up; learn_last() knows the id to go above */
    case RECONNECT:
    case LATER:
        link_close(&r->link);
        pause_longer(r);
        break;
    case REFUSED:
        link_close(&r->link);
        pause_for(r, BACKOFF_CONFIG);
        break;
    }
}

/* Waits for the answers to what is in flight, oldest first. */
static bool collect(struct redis_sink *r)
{
    int64_t until = deadline(r);

    while (r->queue.nflight > 0 && r->link.context) {
        redisReply *reply = link_reply(&r->link, until);

        if (!reply) {
            lost(r, "while sending");
            return false;
        }
        if (is_error(reply)) {
            on_error(r, reply->str);
        } else {
            r->sink.counters.delivered++;
            r->backoff = BACKOFF_FIRST;
            queue_done(&r->queue);
        }
        freeReplyObject(reply);
    }
    return r->link.context != NULL;
}

static bool is_empty(const struct redis_sink *r)
{
    return r->queue.nwaiting + r->queue.nflight == 0;
}

static void redis_poll(struct sink *s)
{
    struct redis_sink *r = (struct redis_sink *)s;
    int64_t until = deadline(r);

    while (!is_empty(r) && link_now() <= until) {
        if (!r->link.context && !connect_now(r))
            return;
        fill_window(r);
        if (!collect(r))
            return;
    }
}

static void redis_put(struct sink *s, const struct event *e)
{
    struct redis_sink *r = (struct redis_sink *)s;

    if (e->line.len > sizeof r->line) {
        s->counters.rejected++;
        return;
    }
    s->counters.dropped += queue_put(&r->queue, e, s->counters.dropped_by_severity);
    if (r->queue.nwaiting >= BATCH && link_now() >= r->retry_at)
        redis_poll(s);
}

static bool redis_flush(struct sink *s, unsigned ms)
{
    struct redis_sink *r = (struct redis_sink *)s;
    int64_t until = link_now() + ms;

    for (;;) {
        int64_t now, wait;
        struct timespec pause;

        redis_poll(s);
        now = link_now();
        wait = r->retry_at - now;
        if (is_empty(r) || now >= until || r->retry_at >= until)
            return is_empty(r);
        pause = (struct timespec){wait / 1000, wait % 1000 * 1000000};
        if (wait > 0)
            nanosleep(&pause, NULL);
    }
}

static void redis_close(struct sink *s)
{
    struct redis_sink *r = (struct redis_sink *)s;

    link_close(&r->link);
    queue_close(&r->queue);
    free(r);
}

static const struct sink_type redis_type = {"redis", redis_put, redis_poll, redis_flush,
                                            redis_close};

struct sink_redis_config sink_redis_defaults(void)
{
    return (struct sink_redis_config){.mode = REDIS_STREAM,
                                      .connect_ms = 3000,
                                      .command_ms = 2000,
                                      .queue = 4096,
                                      .queue_bytes = (size_t)16 * 1024 * 1024};
}

struct sink *sink_redis_open(const struct sink_redis_config *config, unsigned what,
                             char error[SINK_ERROR])
{
    struct redis_sink *r = calloc(1, sizeof *r);

    if (!r || !queue_open(&r->queue, config->queue, config->queue_bytes)) {
        snprintf(error, SINK_ERROR, "no memory for the queue of a Redis output");
        free(r);
        return NULL;
    }
    r->sink = (struct sink){.type = &redis_type, .what = what};
    r->config = *config;
    r->backoff = BACKOFF_FIRST;
    snprintf(r->keys[TO_ALERTS], KEY, "%s:alerts", config->keys);
    snprintf(r->keys[TO_EVENTS], KEY, "%s:events", config->keys);
    signal(SIGPIPE, SIG_IGN); /* hiredis writes without MSG_NOSIGNAL */
    return &r->sink;
}
