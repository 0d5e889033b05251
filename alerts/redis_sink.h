#ifndef ALERTS_REDIS_SINK_H
#define ALERTS_REDIS_SINK_H

/*
 * The Redis sink from within; for sink_redis.c, redis_calls.c, redis_settle.c and
 * redis_trim.c alone.
 *
 *      away -> opening -> login -> looking -> settling -> ready
 *                                     ^                     |
 *                                     +-- now and then, ----+
 *                                         and in doubt
 *
 * Commands are answered in order: what was asked stands in a ring of calls, and each
 * kind of call has the function that takes its answer.  A stage is over when no call
 * is outstanding.
 */

#include "alerts/redis_link.h"
#include "alerts/sink.h"

enum {
    WINDOW = 512, /* entries on their way */
    CALLS = 2 * WINDOW,
    UNSENT = 512 * 1024, /* bytes we have formatted and the socket has not taken */
    KEY = 192,
    ID = 48,
    OWNER = 24,
    SECRET = 512,
    SINK_PATH = 512,
    STUCK = 5,
    GROUPS = 32,
    BACKOFF_FIRST = 100, /* ms, and twice that each time */
    BACKOFF_PERSON = 1000,
    BACKOFF_LONGEST = 10000,
    LOOK_EVERY = 5000,
    TRIM_EVERY = 20000,
};

enum stage {
    STAGE_AWAY,
    STAGE_OPENING,
    STAGE_LOGIN,
    STAGE_LOOKING,
    STAGE_SETTLING,
    STAGE_READY
};

enum call_kind {
    CALL_LOGIN,
    CALL_CLAIM,
    CALL_OWNER,
    CALL_TAKE_OVER,
    CALL_STREAM,
    CALL_CHECK,
    CALL_ADD,
    CALL_GROUPS,
    CALL_PENDING,
    CALL_TRIM,
    CALL_EXTRA,
    CALL_KINDS
};

struct call {
    uint8_t kind, lane;
    int64_t sent; /* ms */
    struct stream_id id;
    int64_t sequence;
};

/* A lane and the stream, list or channel it goes to. */
struct redis_lane {
    unsigned lane; /* of the outbox */
    char key[KEY];
    struct stream_id sent; /* up to here it is on its way */
    /* what Redis said at the last look */
    struct stream_id stored, first;
    int64_t added;            /* entries ever added, -1: this Redis does not say */
    bool exists, anew;        /* it is there; it is not the one we knew */
    struct stream_id trimmed; /* what is below we may have removed ourselves */
    struct stream_id bound;   /* of the trimming that is under way */
    bool has_groups;
};

struct redis_sink {
    struct sink sink;
    struct sink_redis_config config;
    struct link link;
    enum stage stage;
    struct redis_lane lanes[SINK_LANES];
    struct call calls[CALLS];
    unsigned first_call, ncalls;
    int64_t heard;                           /* ms, the latest answer */
    int64_t now, retry_at, look_at, trim_at; /* ms, monotonic */
    int64_t backoff;
    uint64_t chance;        /* of the jitter */
    struct stream_id stuck; /* refused for a reason we do not know, */
    unsigned nstuck;        /* so often */
    int64_t suspect;        /* sequence of the one that was moved for that, */
    uint64_t delivered_then;
    bool again;   /* answers came after the turn had looked for work */
    bool look;    /* send nothing more until the streams were looked at */
    bool doubt;   /* and what is answered meanwhile does not count */
    bool flushed; /* our owner key is gone, and was there */
    bool owned, foreign;
    bool refused;   /* told, not yet over */
    bool told_less; /* that something beside the alerts is refused */
    char owner[OWNER];
    char key_file[SINK_PATH];
    char owner_key[KEY], health_key[KEY], evidence_key[KEY];
    unsigned settling; /* the lane */
    unsigned ndoubts;
    struct stream_id doubts[WINDOW];
    int64_t sequences[WINDOW];
    bool ours[WINDOW];
};

/* ---- calls (redis_calls.c) -------------------------------------------------------- */

/* A command of texts; false when the link failed. */
bool redis_call(struct redis_sink *r, struct call call, int argc, const char **argv,
                const size_t *lens);

/* Adds what the lane sends for this row. */
bool redis_add(struct redis_sink *r, unsigned lane, const struct outbox_row *row);

/* Whether the answer to XRANGE id id holds this very row. */
bool redis_is_ours(const redisReply *reply, const struct outbox_row *row);

const char *redis_id(struct stream_id id, char out[ID]);
bool redis_parse_id(const char *text, struct stream_id *out);

/* The element behind this name in an array of names and values; NULL: none. */
const redisReply *redis_named(const redisReply *reply, const char *name);

/* ---- the stages (sink_redis.c) ------------------------------------------------------ */

void redis_say(struct redis_sink *r, const char *what, const char *why);

/* An error reply to a call: most of them end the connection. */
void redis_refused(struct redis_sink *r, const struct call *call, const char *error);
void redis_ready(struct redis_sink *r);

/* ---- looking and settling (redis_settle.c) ------------------------------------------- */

void redis_look(struct redis_sink *r);
void redis_looked(struct redis_sink *r);  /* all answers are here */
void redis_settled(struct redis_sink *r); /* likewise */
void redis_on_claim(struct redis_sink *r, const struct call *call,
                    const redisReply *reply);
void redis_on_owner(struct redis_sink *r, const struct call *call,
                    const redisReply *reply);
void redis_on_stream(struct redis_sink *r, const struct call *call,
                     const redisReply *reply);
void redis_on_check(struct redis_sink *r, const struct call *call,
                    const redisReply *reply);

/* ---- trimming (redis_trim.c) ---------------------------------------------------------- */

void redis_trim(struct redis_sink *r);
void redis_on_groups(struct redis_sink *r, const struct call *call,
                     const redisReply *reply);
void redis_on_pending(struct redis_sink *r, const struct call *call,
                      const redisReply *reply);
void redis_on_trim(struct redis_sink *r, const struct call *call,
                   const redisReply *reply);

#endif
