/*
 * Events into Redis: entries of a stream, a list, or a channel.
 *
 * A stream entry has an explicit id, committed before it is sent, which keeps it from
 * being stored twice: after a broken connection, a crash of either side, an answer
 * that does not come, whatever may be there is looked up under its id (redis_settle.c)
 * before it is sent again.  Lists and channels get it at least once.
 */

#include "alerts/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/redis_sink.h"
#include "sensor/core/clock.h"

/* ---- what an error reply means -------------------------------------------------- */

enum remedy {
    LATER,    /* the server is unwell: after a pause */
    PERSON,   /* somebody must change a setting: it is asked again and again */
    RENUMBER, /* somebody wrote a higher id: ours is looked up, else gets a new one */
    DISCARD,  /* this event will never be taken */
    UNKNOWN,  /* as PERSON; but one event that is refused alone is given up */
};

/* clang-format off */
static const struct answer {
    const char *begins;
    enum remedy remedy;
} answers[] = {
    {"OOM ",        LATER},
    {"MISCONF ",    LATER},
    {"LOADING ",    LATER},
    {"BUSY ",       LATER},
    {"TRYAGAIN ",   LATER},
    {"CLUSTERDOWN ",LATER},
    {"MASTERDOWN ", LATER},
    {"NOREPLICAS ", LATER},
    {"READONLY ",   LATER}, /* a replica may become the master */
    {"UNBLOCKED ",  LATER},
    {"NOAUTH ",     PERSON},
    {"WRONGTYPE ",  PERSON},
    {"NOPERM ",     PERSON},
    {"WRONGPASS ",  PERSON},
    {"MOVED ",      PERSON},
    {"ASK ",        PERSON},
    {"DENIED ",     PERSON},
    {"ERR AUTH ",   PERSON},
    {"ERR Client sent AUTH",  PERSON},
    {"ERR invalid password",  PERSON},
    {"ERR max number of clients", LATER},
    {"ERR unknown command",   PERSON},
    {"ERR unknown subcommand",PERSON},
    {"ERR wrong number of arguments", PERSON},
    {"ERR The ID specified in XADD is equal or smaller", RENUMBER},
    {"ERR string exceeds maximum allowed size", DISCARD},
    {"ERR Elements are too large", DISCARD},
};
/* clang-format on */

static enum remedy remedy_of(const char *error)
{
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        if (strncmp(error, answers[i].begins, strlen(answers[i].begins)) == 0)
            return answers[i].remedy;
    }
    return UNKNOWN;
}

void redis_say(struct redis_sink *r, const char *what, const char *why)
{
    r->sink.counters.errors++;
    snprintf(r->sink.error, sizeof r->sink.error, "redis %.60s: %s%s%.*s",
             r->config.server, what, *what ? ": " : "", (int)strcspn(why, "\r\n") % 100,
             why);
}

/* ---- coming and going -------------------------------------------------------------- */

/* A quarter more or less, so that forty sensors do not come back at once. */
static int64_t with_jitter(struct redis_sink *r, int64_t ms)
{
    r->chance = r->chance * 6364136223846793005u + 1442695040888963407u;
    return ms - ms / 4 + (int64_t)((r->chance >> 33) % (uint64_t)(ms / 2 + 1));
}

/* The connection is gone; what was on its way will be looked up. */
static void leave(struct redis_sink *r, int64_t at_least)
{
    link_close(&r->link);
    r->stage = STAGE_AWAY;
    r->ncalls = r->first_call = r->ndoubts = 0;
    r->sink.connected = false;
    if (r->backoff < at_least)
        r->backoff = at_least;
    r->retry_at = r->now + with_jitter(r, r->backoff);
    r->backoff = 2 * r->backoff < BACKOFF_LONGEST ? 2 * r->backoff : BACKOFF_LONGEST;
}

static void lost(struct redis_sink *r)
{
    r->sink.counters.timeouts += r->link.timed_out;
    redis_say(r, "", r->link.error);
    leave(r, BACKOFF_FIRST);
}

/* Somebody must do something; it is told once, and tried again all the time. */
static void wait_for_person(struct redis_sink *r)
{
    if (!r->refused)
        sink_tell(&r->sink, SINK_REFUSED, false, r->sink.error);
    r->refused = true;
    leave(r, BACKOFF_PERSON);
}

static void taken_again(struct redis_sink *r)
{
    if (r->refused)
        sink_tell(&r->sink, SINK_REFUSED, true, "It takes events again.");
    r->refused = false;
    r->nstuck = 0;
    r->backoff = BACKOFF_FIRST;
    r->sink.error[0] = '\0';
}

static void discard(struct redis_sink *r, const struct call *call)
{
    r->sink.counters.rejected++;
    if (!r->doubt)
        outbox_refuse(r->sink.outbox, r->lanes[call->lane].lane, call->id);
    sink_tell(&r->sink, SINK_REFUSED, false, r->sink.error);
    r->refused = true;
    r->nstuck = 0;
}

/* The same event was refused again and again, for a reason we do not know. */
static bool is_stuck(struct redis_sink *r, const struct call *call)
{
    if (r->stuck.ms != call->id.ms || r->stuck.n != call->id.n)
        r->nstuck = 0;
    r->stuck = call->id;
    return ++r->nstuck >= STUCK;
}

/*
 * Is it the event, or the server?  The event goes to the end of its lane; when others
 * are taken, and it is refused there as well, it is the event.
 */
static void set_aside(struct redis_sink *r, const struct call *call)
{
    unsigned lane = r->lanes[call->lane].lane;

    if (r->suspect == call->sequence && r->sink.counters.delivered > r->delivered_then) {
        discard(r, call);
    } else if (r->sink.outbox->lanes[lane].waiting > 1 &&
               outbox_move(r->sink.outbox, lane, &call->id, 1)) {
        outbox_pass(r->sink.outbox, lane, call->id);
        r->suspect = call->sequence;
        r->delivered_then = r->sink.counters.delivered;
    }
    r->nstuck = 0;
}

/* Alerts go on: what is not trimmed, or a hash that is missing, is told once. */
static void do_without(struct redis_sink *r, enum remedy remedy)
{
    if (remedy == PERSON && !r->told_less)
        sink_tell(&r->sink, SINK_REFUSED, false, r->sink.error);
    r->told_less |= remedy == PERSON;
}

void redis_refused(struct redis_sink *r, const struct call *call, const char *error)
{
    enum remedy remedy = remedy_of(error);

    redis_say(r, "refused", error);
    if (call->kind >= CALL_GROUPS) {
        do_without(r, remedy);
        return;
    }
    if (remedy == RENUMBER) {
        r->look = r->doubt = true;
    } else if (remedy == LATER) {
        leave(r, BACKOFF_FIRST);
    } else if (remedy == DISCARD && call->kind == CALL_ADD) {
        discard(r, call);
    } else {
        if (remedy == UNKNOWN && call->kind == CALL_ADD && !r->doubt && is_stuck(r, call))
            set_aside(r, call);
        wait_for_person(r);
    }
}

/* ---- logging in -------------------------------------------------------------------- */

/* A credential of systemd with the file's name goes before the file. */
static void find_secret(const char *path, char out[SINK_PATH])
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY"), *slash = strrchr(path, '/');

    if (dir) {
        snprintf(out, SINK_PATH, "%s/%s", dir, slash ? slash + 1 : path);
        if (access(out, R_OK) == 0)
            return;
    }
    snprintf(out, SINK_PATH, "%s", path);
}

/* The first line; no stdio, whose buffers would keep it. */
static bool read_password(const char *path, char out[SECRET])
{
    char file[SINK_PATH];
    ssize_t n = -1;
    int fd;

    find_secret(path, file);
    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, out, SECRET - 1);
        close(fd);
    }
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return n > 0;
}

static void log_in(struct redis_sink *r)
{
    char password[SECRET];
    const char *with_user[] = {"AUTH", r->config.user, password};
    const char *without[] = {"AUTH", password};
    const struct call call = {.kind = CALL_LOGIN};

    r->sink.counters.connects++;
    r->heard = r->now;
    if (!r->config.password_file) {
        redis_look(r);
        return;
    }
    r->stage = STAGE_LOGIN;
    if (!read_password(r->config.password_file, password)) {
        redis_say(r, "no password", r->config.password_file);
        wait_for_person(r);
        return;
    }
    if (r->config.user)
        redis_call(r, call, 3, with_user, NULL);
    else
        redis_call(r, call, 2, without, NULL);
    explicit_bzero(password, sizeof password);
}

static void on_login(struct redis_sink *r, const struct call *call,
                     const redisReply *reply)
{
    (void)call;
    (void)reply;
    link_wipe(&r->link);
    redis_look(r);
}

/* ---- sending ----------------------------------------------------------------------- */

static void on_add(struct redis_sink *r, const struct call *call, const redisReply *reply)
{
    (void)reply;
    if (r->doubt)
        return;
    sink_delivered(&r->sink, r->lanes[call->lane].lane, call->id, call->sequence);
    taken_again(r);
}

static void on_nothing(struct redis_sink *r, const struct call *call,
                       const redisReply *reply)
{
    (void)r;
    (void)call;
    (void)reply;
}

static void fill_lane(struct redis_sink *r, unsigned i)
{
    struct redis_lane *l = &r->lanes[i];
    struct outbox *b = r->sink.outbox;
    struct outbox_row row;

    if (!id_is_above(b->lanes[l->lane].last, l->sent))
        return;
    outbox_read(b, l->lane, id_after(l->sent));
    while (r->ncalls < WINDOW && link_unsent(&r->link) < UNSENT && outbox_row(b, &row) &&
           redis_add(r, i, &row))
        l->sent = row.id;
    outbox_stop(b);
}

static void fill_window(struct redis_sink *r)
{
    if (r->ncalls > WINDOW / 2)
        return;
    for (unsigned i = 0; i < r->sink.nlanes; i++)
        fill_lane(r, i);
}

void redis_ready(struct redis_sink *r)
{
    r->stage = STAGE_READY;
    r->sink.connected = true;
    for (unsigned i = 0; i < r->sink.nlanes; i++)
        r->lanes[i].sent = r->sink.outbox->lanes[r->lanes[i].lane].cursor;
    if (sink_waiting(&r->sink) == 0)
        taken_again(r);
}

/* ---- a turn ------------------------------------------------------------------------ */

static void (*const on_reply[CALL_KINDS])(struct redis_sink *r, const struct call *call,
                                          const redisReply *reply) = {
    [CALL_LOGIN] = on_login,
    [CALL_CLAIM] = redis_on_claim,
    [CALL_OWNER] = redis_on_owner,
    [CALL_TAKE_OVER] = on_nothing,
    [CALL_STREAM] = redis_on_stream,
    [CALL_CHECK] = redis_on_check,
    [CALL_ADD] = on_add,
    [CALL_GROUPS] = redis_on_groups,
    [CALL_PENDING] = redis_on_pending,
    [CALL_TRIM] = redis_on_trim,
    [CALL_EXTRA] = on_nothing,
};

/* A stream that is not there is an answer like another. */
static bool is_failure(const struct call *call, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ERROR)
        return false;
    return (call->kind != CALL_STREAM && call->kind != CALL_GROUPS) ||
           strncmp(reply->str, "ERR no such key", 15) != 0;
}

/* True when there was any. */
static bool take_replies(struct redis_sink *r)
{
    redisReply *reply;
    bool any = false;

    while (r->stage != STAGE_AWAY && (reply = link_reply(&r->link)) != NULL) {
        struct call call = r->calls[r->first_call];

        if (r->ncalls == 0) { /* nobody asked */
            link_fail(&r->link, "not Redis", "an answer without a question");
            freeReplyObject(reply);
            return true;
        }
        any = true;
        r->first_call = (r->first_call + 1) % CALLS;
        r->ncalls--;
        r->heard = r->now;
        if (is_failure(&call, reply))
            redis_refused(r, &call, reply->str);
        else
            on_reply[call.kind](r, &call, reply);
        freeReplyObject(reply);
    }
    return any;
}

/* What comes next when nothing is outstanding any more. */
static void go_on(struct redis_sink *r)
{
    if (r->link.state == LINK_OPEN && r->stage == STAGE_OPENING)
        log_in(r);
    if (r->stage == STAGE_READY && !r->look && r->now >= r->look_at)
        r->look = true;
    if (r->ncalls == 0 && r->stage == STAGE_LOOKING)
        redis_looked(r);
    else if (r->ncalls == 0 && r->stage == STAGE_SETTLING)
        redis_settled(r);
    else if (r->ncalls == 0 && r->stage == STAGE_READY && r->look)
        redis_look(r);
    if (r->stage != STAGE_READY || r->look)
        return;
    if (r->now >= r->trim_at)
        redis_trim(r);
    fill_window(r);
}

static void check_deadline(struct redis_sink *r)
{
    const struct call *oldest = &r->calls[r->first_call];
    int64_t since = oldest->sent > r->heard ? oldest->sent : r->heard;

    if (r->ncalls == 0 || r->now - since < (int64_t)r->config.command_ms)
        return;
    link_fail(&r->link, "", "no answer in time");
    r->link.timed_out = true;
}

static void begin(struct redis_sink *r)
{
    r->stage = STAGE_OPENING;
    link_begin(&r->link, r->now, r->config.connect_ms);
}

static int64_t next_due(const struct redis_sink *r)
{
    if (r->stage == STAGE_AWAY)
        return r->retry_at;
    if (r->link.more || r->again)
        return r->now;
    if (r->ncalls > 0 || r->stage != STAGE_READY)
        return r->now + r->config.command_ms / 4;
    return r->look_at;
}

static void redis_turn(struct sink *s, int64_t now)
{
    struct redis_sink *r = (struct redis_sink *)s;

    r->now = now;
    r->again = false;
    if (r->stage == STAGE_AWAY) {
        if (now < r->retry_at)
            return;
        begin(r);
    }
    link_turn(&r->link, now);
    take_replies(r);
    if (r->stage != STAGE_AWAY && r->link.state != LINK_CLOSED) {
        check_deadline(r);
        go_on(r);
    }
    if (link_unsent(&r->link) > 0) {
        link_turn(&r->link, now);
        r->again = take_replies(r); /* before the connection is found closed */
    }
    if (r->stage != STAGE_AWAY && r->link.state == LINK_CLOSED)
        lost(r);
    s->fd = r->link.fd;
    s->events = r->link.events;
    s->due = next_due(r);
}

static void redis_close(struct sink *s)
{
    struct redis_sink *r = (struct redis_sink *)s;

    link_free(&r->link);
    free(r);
}

static const struct sink_type redis_type = {"redis", redis_turn, NULL, redis_close};

/* ---- what else goes there ------------------------------------------------------------ */

bool sink_redis_health(struct sink *s, const char *const *pairs, unsigned n, int64_t ms)
{
    struct redis_sink *r = (struct redis_sink *)s;
    const char *argv[2 + 2 * 64] = {"HSET", r->health_key}, *expire[3];
    const struct call call = {.kind = CALL_EXTRA};
    char text[ID];

    if (s->type != &redis_type || r->stage != STAGE_READY || n == 0 || n > 64)
        return false;
    memcpy(argv + 2, pairs, (size_t)2 * n * sizeof *pairs);
    snprintf(text, sizeof text, "%" PRId64, ms);
    expire[0] = "PEXPIRE";
    expire[1] = r->health_key;
    expire[2] = text;
    return redis_call(r, call, (int)(2 + 2 * n), argv, NULL) &&
           redis_call(r, call, 3, expire, NULL);
}

static size_t base64(struct bytes in, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    size_t len = 0;

    for (size_t i = 0; i < in.len; i += 3) {
        unsigned left = in.len - i < 3 ? (unsigned)(in.len - i) : 3;
        uint32_t v = (uint32_t)in.at[i] << 16;

        v |= left > 1 ? (uint32_t)in.at[i + 1] << 8 : 0;
        v |= left > 2 ? in.at[i + 2] : 0;
        out[len++] = digits[v >> 18];
        out[len++] = digits[v >> 12 & 63];
        out[len++] = digits[left > 1 ? v >> 6 & 63 : 64];
        out[len++] = digits[left > 2 ? v & 63 : 64];
    }
    return len;
}

bool sink_redis_evidence(struct sink *s, uint64_t alert_id, struct bytes pcapng)
{
    struct redis_sink *r = (struct redis_sink *)s;
    char key[KEY + ID], *text;
    const char *argv[] = {"SET", key, NULL, "EX", "86400"};
    size_t lens[] = {3, 0, 0, 2, 5};
    bool ok;

    if (s->type != &redis_type || r->stage != STAGE_READY ||
        link_unsent(&r->link) > UNSENT)
        return false;
    text = malloc(pcapng.len / 3 * 4 + 8);
    if (!text)
        return false;
    snprintf(key, sizeof key, "%s:%016" PRIx64, r->evidence_key, alert_id);
    argv[2] = text;
    lens[1] = strlen(key);
    lens[2] = base64(pcapng, text);
    ok = redis_call(r, (struct call){.kind = CALL_EXTRA}, 5, argv, lens);
    free(text);
    return ok;
}

/* ---- opening ------------------------------------------------------------------------- */

struct sink_redis_config sink_redis_defaults(void)
{
    return (struct sink_redis_config){
        .mode = REDIS_STREAM, .connect_ms = 3000, .command_ms = 2000};
}

static bool open_lane(struct redis_sink *r, const char *what)
{
    struct redis_lane *l = &r->lanes[r->sink.nlanes];
    char name[OUTBOX_NAME];

    snprintf(l->key, sizeof l->key, "%s:%s", r->config.keys, what);
    snprintf(name, sizeof name, "%s:%s", r->config.name, what);
    l->lane = outbox_lane(r->sink.outbox, name);
    r->sink.lanes[r->sink.nlanes++] = l->lane;
    return l->lane < OUTBOX_LANES;
}

static bool set_up_link(struct redis_sink *r)
{
    struct tls_files files = {r->config.tls_ca, r->config.tls_cert, NULL};

    if (r->config.tls_key) {
        find_secret(r->config.tls_key, r->key_file);
        files.key = r->key_file;
    }
    return link_set_up(&r->link, r->config.server, &files);
}

struct sink *sink_redis_open(const struct sink_redis_config *config,
                             struct outbox *outbox, char error[SINK_ERROR])
{
    struct redis_sink *r = calloc(1, sizeof *r);

    if (!r) {
        snprintf(error, SINK_ERROR, "no memory for a Redis output");
        return NULL;
    }
    r->sink = (struct sink){.type = &redis_type, .outbox = outbox, .fd = -1};
    r->config = *config;
    r->backoff = BACKOFF_FIRST;
    r->chance = outbox->owner ^ (uint64_t)link_now();
    snprintf(r->owner, sizeof r->owner, "%016" PRIx64, outbox->owner);
    snprintf(r->owner_key, KEY, "%s:owner", config->keys);
    snprintf(r->health_key, KEY, "%s:health", config->keys);
    snprintf(r->evidence_key, KEY, "%s:evidence", config->keys);
    signal(SIGPIPE, SIG_IGN);
    if (set_up_link(r) && open_lane(r, "alerts") &&
        (!config->events || open_lane(r, "events")))
        return &r->sink;
    snprintf(error, SINK_ERROR, "%.190s",
             r->link.error[0]   ? r->link.error
             : outbox->error[0] ? outbox->error
                                : "there are too many outputs");
    redis_close(&r->sink);
    return NULL;
}
