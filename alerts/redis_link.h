#ifndef ALERTS_REDIS_LINK_H
#define ALERTS_REDIS_LINK_H

/*
 * A connection to Redis whose every step has a deadline.
 *
 * hiredis formats and parses; the waiting is ours, since a stopped server calls
 * nothing back.  A failure closes the link and says why in `error`; whatever was
 * sent and not answered may or may not have been done.  Times are ms of the
 * monotonic clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis.h>

enum { LINK_ERROR = 160 };

struct link {
    redisContext *context; /* NULL: closed */
    bool timed_out;        /* why it was closed last */
    char error[LINK_ERROR];
};

int64_t link_now(void);

/* "host:port" or "unix:/path" */
bool link_open(struct link *l, const char *server, int64_t deadline);
void link_close(struct link *l);

/* Into the buffer only; link_reply() sends it. */
bool link_append(struct link *l, int argc, const char **argv, const size_t *lens);

/* The next answer, to be freed with freeReplyObject(); NULL when the link failed. */
redisReply *link_reply(struct link *l, int64_t deadline);

/* One command of texts and its answer. */
redisReply *link_ask(struct link *l, int argc, const char **argv, int64_t deadline);

#endif
