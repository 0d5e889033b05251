#include "alerts/redis_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { HOST = 256, MS_PER_S = 1000, NS_PER_MS_ = 1000000 };

int64_t link_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * MS_PER_S + t.tv_nsec / NS_PER_MS_;
}

void link_close(struct link *l)
{
    if (l->context)
        redisFree(l->context);
    l->context = NULL;
}

static bool fail(struct link *l, const char *why)
{
    snprintf(l->error, sizeof l->error, "%.*s", (int)strcspn(why, "\r\n"), why);
    link_close(l);
    return false;
}

static bool wait_for(struct link *l, short events, int64_t deadline)
{
    struct pollfd p = {.fd = l->context->fd, .events = events};
    int n;

    do {
        int64_t left = deadline - link_now();

        n = poll(&p, 1, left > 0 ? (int)left : 0);
    } while (n < 0 && errno == EINTR);
    if (n > 0)
        return true;
    l->timed_out = n == 0;
    return fail(l, n == 0 ? "no answer in time" : strerror(errno));
}

static redisContext *begin(struct link *l, const char *server)
{
    const char *colon = strrchr(server, ':');
    char host[HOST];

    if (strncmp(server, "unix:", 5) == 0)
        return redisConnectUnixNonBlock(server + 5);
    if (!colon || colon == server || (size_t)(colon - server) >= sizeof host) {
        fail(l, "the server is neither host:port nor unix:/path");
        return NULL;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - server), server);
    return redisConnectNonBlock(host, (int)strtol(colon + 1, NULL, 10));
}

bool link_open(struct link *l, const char *server, int64_t deadline)
{
    int error = 0;
    socklen_t size = sizeof error;

    link_close(l);
    l->timed_out = false;
    l->error[0] = '\0';
    l->context = begin(l, server);
    if (!l->context)
        return l->error[0] ? false : fail(l, "no memory for a connection");
    if (l->context->err)
        return fail(l, l->context->errstr);
    if (!wait_for(l, POLLOUT, deadline))
        return false;
    if (getsockopt(l->context->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error)
        return fail(l, strerror(error));
    return true;
}

bool link_append(struct link *l, int argc, const char **argv, const size_t *lens)
{
    if (!l->context)
        return false;
    if (redisAppendCommandArgv(l->context, argc, argv, lens) == REDIS_OK)
        return true;
    return fail(l, l->context->errstr);
}

static bool send_all(struct link *l, int64_t deadline)
{
    int done = 0;

    for (;;) {
        if (redisBufferWrite(l->context, &done) != REDIS_OK)
            return fail(l, l->context->errstr);
        if (done)
            return true;
        if (!wait_for(l, POLLOUT, deadline))
            return false;
    }
}

redisReply *link_reply(struct link *l, int64_t deadline)
{
    void *reply = NULL;

    if (!l->context || !send_all(l, deadline))
        return NULL;
    for (;;) {
        if (redisGetReplyFromReader(l->context, &reply) != REDIS_OK) {
            fail(l, l->context->errstr);
            return NULL;
        }
        if (reply)
            return reply;
        if (!wait_for(l, POLLIN, deadline))
            return NULL;
        if (redisBufferRead(l->context) != REDIS_OK) {
            fail(l, l->context->errstr);
            return NULL;
        }
    }
}

redisReply *link_ask(struct link *l, int argc, const char **argv, int64_t deadline)
{
    return link_append(l, argc, argv, NULL) ? link_reply(l, deadline) : NULL;
}
