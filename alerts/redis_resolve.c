#include "alerts/redis_resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lookup {
    atomic_int owners; /* who asked, and the thread while it runs */
    atomic_bool done;
    int fd;
    struct resolved result;
    char host[RESOLVE_NAME], port[16];
};

static void resolve(struct lookup *l, int flags)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *all = NULL;
    struct resolved *r = &l->result;

    r->error = getaddrinfo(l->host, l->port, &hints, &all);
    for (const struct addrinfo *a = all; a && r->n < RESOLVE_ADDRESSES; a = a->ai_next) {
        memcpy(&r->address[r->n], a->ai_addr, a->ai_addrlen);
        r->len[r->n++] = a->ai_addrlen;
    }
    if (all)
        freeaddrinfo(all);
}

static void finish(struct lookup *l)
{
    uint64_t one = 1;
    ssize_t n;

    atomic_store_explicit(&l->done, true, memory_order_release);
    n = write(l->fd, &one, sizeof one);
    (void)n; /* the counter is 0: there is room */
}

static void *run(void *lookup)
{
    resolve(lookup, AI_ADDRCONFIG);
    finish(lookup);
    lookup_drop(lookup);
    return NULL;
}

static bool start_thread(struct lookup *l)
{
    pthread_t thread;

    atomic_store(&l->owners, 2);
    if (pthread_create(&thread, NULL, run, l) != 0) {
        atomic_store(&l->owners, 1);
        return false;
    }
    pthread_detach(thread);
    return true;
}

struct lookup *lookup_begin(const char *host, const char *port)
{
    struct lookup *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    atomic_init(&l->owners, 1);
    l->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    snprintf(l->host, sizeof l->host, "%s", host);
    snprintf(l->port, sizeof l->port, "%s", port);
    if (l->fd < 0) {
        lookup_drop(l);
        return NULL;
    }
    resolve(l, AI_NUMERICHOST | AI_NUMERICSERV);
    if (l->result.error != EAI_NONAME) {
        finish(l);
        return l;
    }
    if (start_thread(l))
        return l;
    lookup_drop(l);
    return NULL;
}

int lookup_fd(const struct lookup *l)
{
    return l->fd;
}

const struct resolved *lookup_result(const struct lookup *l)
{
    return atomic_load_explicit(&l->done, memory_order_acquire) ? &l->result : NULL;
}

void lookup_drop(struct lookup *l)
{
    if (!l || atomic_fetch_sub_explicit(&l->owners, 1, memory_order_acq_rel) > 1)
        return;
    if (l->fd >= 0)
        close(l->fd);
    free(l);
}
