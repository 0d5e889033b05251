#ifndef ALERTS_REDIS_LINK_H
#define ALERTS_REDIS_LINK_H

/*
 * A connection to Redis that never waits: it says what to poll for, and does what it
 * can when told to.  hiredis formats and parses; sockets, TLS and deadlines are ours,
 * since a stopped server calls nothing back.
 *
 *      closed -> resolving -> connecting -> (shaking hands) -> open
 *
 * A failure closes the link and says why in `error`; whatever was sent and not
 * answered may or may not have been done.  With TLS asked for, nothing goes out
 * before the server has proved who it is.  Times are ms of the monotonic clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis.h>

#include "alerts/redis_resolve.h"
#include "alerts/redis_tls.h"

enum { LINK_ERROR = 256, LINK_SERVER = 256 };

enum link_state {
    LINK_CLOSED,
    LINK_RESOLVING,
    LINK_CONNECTING,
    LINK_SHAKING_HANDS,
    LINK_OPEN,
};

struct link {
    char host[LINK_SERVER], port[16]; /* host: a path when port is "" */
    struct tls_files files;
    enum link_state state;
    int fd; /* to poll, with events; -1: none */
    short events;
    bool more;        /* something was left to read */
    int64_t deadline; /* by when it must be open */
    bool timed_out;   /* why it was closed last */
    unsigned address; /* that is being tried */
    struct lookup *lookup;
    struct tls tls;
    redisReader *reader;
    size_t unparsed; /* bytes that made no whole answer yet */
    char *out;
    size_t out_at, out_len, out_size;
    char error[LINK_ERROR];
};

int64_t link_now(void);

/*
 * "host:port", "[v6]:port" or "unix:/path".  False with `error` for what can never
 * work: another form, TLS over a unix socket, files that are no certificates.
 */
bool link_set_up(struct link *l, const char *server, const struct tls_files *files);
void link_free(struct link *l);

void link_begin(struct link *l, int64_t now, int64_t deadline);
void link_close(struct link *l);

/* Does all that can be done now. */
void link_turn(struct link *l, int64_t now);

/* Into the buffer, to be sent by link_turn(). */
bool link_append(struct link *l, int argc, const char **argv, const size_t *lens);
size_t link_unsent(const struct link *l);

/* Overwrites what has been sent, for it held a secret. */
void link_wipe(struct link *l);

/* The next answer, to be freed with freeReplyObject(); NULL when there is none yet. */
redisReply *link_reply(struct link *l);

/* Closes it for this reason. */
void link_fail(struct link *l, const char *what, const char *why);

#endif
