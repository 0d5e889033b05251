#ifndef ALERTS_SINK_H
#define ALERTS_SINK_H

/*
 * Where events go: a file, Redis, later others.
 *
 * A sink copies what it is given, so the event lives for the call of put() only.
 * put() never fails: what cannot be kept is dropped, the least severe first, and
 * counted.  poll() does what is due and may block up to the sink's own time-outs,
 * never longer; flush() goes on until all is delivered or `ms` have passed.  One
 * thread uses a sink.
 */

#include "alerts/event.h"

enum { SINK_ERROR = 200 };

struct sink_counters {
    uint64_t put;       /* events taken over */
    uint64_t delivered; /* events the other side has acknowledged */
    uint64_t dropped;   /* lost: no room was left */
    uint64_t rejected;  /* lost: the other side refuses this very event */
    uint64_t errors;    /* failures, whatever became of the events */
    uint64_t timeouts, connects;
    uint64_t dropped_by_severity[SEVERITIES];
};

struct sink;

struct sink_type {
    const char *name; /* "file", "redis" */
    void (*put)(struct sink *s, const struct event *e);
    void (*poll)(struct sink *s);
    bool (*flush)(struct sink *s, unsigned ms); /* false: something is left */
    void (*close)(struct sink *s);              /* frees it; drops what is left */
};

/* Every sink begins with this. */
struct sink {
    const struct sink_type *type;
    unsigned what; /* bits of 1 << enum event_kind: the events it wants */
    struct sink_counters counters;
    char error[SINK_ERROR]; /* the latest failure, a sentence; empty: none */
};

enum {
    SINK_ALERTS = 1 << EVENT_ALERT | 1 << EVENT_UPDATE,
    SINK_RECORDS = 1 << EVENT_RECORD,
    SINK_STATS = 1 << EVENT_STATS,
};

/* Hands over an event if the sink wants its kind. */
void sink_put(struct sink *s, const struct event *e);
void sink_poll(struct sink *s);
bool sink_flush(struct sink *s, unsigned ms);
void sink_close(struct sink *s);

struct sink_file_config {
    const char *path; /* NULL: standard output */
    uint64_t rotate;  /* bytes after which PATH becomes PATH.1; 0: never */
    unsigned keep;    /* PATH.1 to PATH.<keep> */
};

/* NULL with a sentence in error[] when the file cannot be opened. */
struct sink *sink_file_open(const struct sink_file_config *config, unsigned what,
                            char error[SINK_ERROR]);

/* Opens PATH anew, after somebody moved it away. */
bool sink_file_reopen(struct sink *s);

enum redis_mode { REDIS_STREAM, REDIS_LIST, REDIS_CHANNEL };

struct sink_redis_config {
    const char *server;               /* "host:port" or "unix:/path" */
    const char *user, *password_file; /* NULL: none */
    const char *keys;                 /* "sg:north-wtp:north-wtp-01" */
    enum redis_mode mode;
    unsigned connect_ms, command_ms; /* time-outs */
    unsigned queue;                  /* events kept while Redis is away */
    size_t queue_bytes;
};

/* Stream, 3 s, 2 s, 4,096 events in 16 MiB. */
struct sink_redis_config sink_redis_defaults(void);

/*
 * Does not connect yet: poll() does, and again after each failure, later each time
 * up to ten seconds.  Ignores SIGPIPE for the process, which hiredis needs.
 */
struct sink *sink_redis_open(const struct sink_redis_config *config, unsigned what,
                             char error[SINK_ERROR]);

#endif
