#ifndef ALERTS_REDIS_RESOLVE_H
#define ALERTS_REDIS_RESOLVE_H

/*
 * The addresses of a server, without waiting for a name server: a name is looked up
 * in a thread of its own, which ends with the look-up.  An address written as
 * numbers needs no thread.
 *
 * Whoever loses interest drops the look-up; the thread frees what is left.
 */

#include <stdbool.h>
#include <sys/socket.h>

enum { RESOLVE_ADDRESSES = 8, RESOLVE_ERROR = 96, RESOLVE_NAME = 256 };

struct resolved {
    unsigned n;
    int error; /* of getaddrinfo(); 0: fine */
    struct sockaddr_storage address[RESOLVE_ADDRESSES];
    socklen_t len[RESOLVE_ADDRESSES];
};

struct lookup;

/* NULL when the system has no thread, descriptor or memory left. */
struct lookup *lookup_begin(const char *host, const char *port);

/* Becomes readable when it is done. */
int lookup_fd(const struct lookup *l);

/* NULL: not done yet.  Lives until lookup_drop(). */
const struct resolved *lookup_result(const struct lookup *l);
void lookup_drop(struct lookup *l);

#endif
