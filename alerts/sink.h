#ifndef ALERTS_SINK_H
#define ALERTS_SINK_H

/*
 * Where events go: a file, Redis, later others.
 *
 * A sink takes what waits in its lanes of the outbox, hands it on, and moves the
 * cursor when the other side has it.  It never waits for the other side: it names a
 * descriptor to poll and a time by which turn() is due.  A file waits for its disk.
 *
 * Nothing is dropped here: what is refused for good is counted as lost in its lane
 * and told.  One thread uses a sink and its outbox.
 */

#include "alerts/outbox.h"

enum { SINK_ERROR = 200, SINK_LANES = 2 };

struct sink_counters {
    uint64_t delivered; /* events the other side has acknowledged */
    uint64_t resent;    /* delivered before: the other side had lost them */
    uint64_t rejected;  /* lost: the other side refuses this very event */
    uint64_t errors;    /* failures, whatever became of the events */
    uint64_t timeouts, connects;
};

/* What a sink has to say, beside that it is away. */
enum sink_news {
    SINK_OWNER,   /* somebody else writes there under our name */
    SINK_REFUSED, /* a person must change something, then it goes on by itself */
    SINK_TRIMMED, /* somebody removed what was delivered */
    SINK_NEWS
};

struct sink;

struct sink_type {
    const char *name; /* "file", "redis" */
    /* Does what can be done at `now`, ms of the monotonic clock. */
    void (*turn)(struct sink *s, int64_t now);
    void (*reopen)(struct sink *s); /* after somebody moved a file away */
    void (*close)(struct sink *s);  /* frees it; what waits stays in the outbox */
};

/* Every sink begins with this. */
struct sink {
    const struct sink_type *type;
    struct outbox *outbox;
    unsigned lanes[SINK_LANES], nlanes; /* alerts, and whatever else there is */
    int fd;                             /* to poll, -1: none */
    short events;
    int64_t due; /* ms, monotonic: when turn() is due whatever happens */
    bool connected;
    int64_t last; /* ns since 1970, the latest acknowledgement; 0: none yet */
    struct sink_counters counters;
    char error[SINK_ERROR]; /* the latest failure, a sentence; empty: none */
    void (*tell)(void *to, enum sink_news news, bool over, const char *detail);
    void *to;
};

/* Who hears the news; before the first turn. */
void sink_listen(struct sink *s,
                 void (*tell)(void *to, enum sink_news news, bool over,
                              const char *detail),
                 void *to);

void sink_turn(struct sink *s, int64_t now);
void sink_reopen(struct sink *s);
void sink_close(struct sink *s);

/* Events that wait in its lanes, and events lost there since the start. */
uint64_t sink_waiting(const struct sink *s);
uint64_t sink_lost(const struct sink *s);

/* For sinks: says what happened, and counts what was handed on. */
void sink_tell(struct sink *s, enum sink_news news, bool over, const char *detail);
void sink_delivered(struct sink *s, unsigned lane, struct stream_id id, int64_t sequence);

struct sink_file_config {
    const char *name, *path;
    uint64_t rotate; /* bytes after which PATH becomes PATH.1; 0: never */
    unsigned keep;   /* PATH.1 to PATH.<keep> */
};

/* NULL with a sentence in error[] when the file cannot be opened. */
struct sink *sink_file_open(const struct sink_file_config *config, struct outbox *outbox,
                            char error[SINK_ERROR]);

enum redis_mode { REDIS_STREAM, REDIS_LIST, REDIS_CHANNEL };

struct sink_redis_config {
    const char *name;
    const char *server;                      /* "host:port" or "unix:/path" */
    const char *user, *password_file;        /* NULL: none */
    const char *tls_ca, *tls_cert, *tls_key; /* NULL: none */
    const char *keys;                        /* "sg:north-wtp:north-wtp-01" */
    enum redis_mode mode;
    unsigned connect_ms, command_ms; /* time-outs */
    int64_t trim_keep;               /* ns an entry stays in the stream; 0: for ever */
    bool events;                     /* it gets more than alerts */
};

/* Stream, 3 s, 2 s, never trimmed. */
struct sink_redis_config sink_redis_defaults(void);

/*
 * Connects from the first turn() on, and again after each failure, later each time
 * up to ten seconds.  NULL with a sentence in error[] for what can never work.
 * Ignores SIGPIPE for the process: OpenSSL writes without MSG_NOSIGNAL.
 */
struct sink *sink_redis_open(const struct sink_redis_config *config,
                             struct outbox *outbox, char error[SINK_ERROR]);

/*
 * Fields of the hash <keys>:health, names and values in turn, gone after `ms` without
 * another call.  Best effort: false when it is away.
 */
bool sink_redis_health(struct sink *s, const char *const *pairs, unsigned n, int64_t ms);

/* The packets of an alert as <keys>:evidence:<alert_id>, for a day.  Best effort. */
bool sink_redis_evidence(struct sink *s, uint64_t alert_id, struct bytes pcapng);

#endif
