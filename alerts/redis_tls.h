#ifndef ALERTS_REDIS_TLS_H
#define ALERTS_REDIS_TLS_H

/*
 * TLS over a connected, non-blocking socket: 1.2 or later, a certificate signed by
 * the given CA for the very name or address that was asked for, or nothing.
 *
 * The files are read for each connection: renewed certificates serve at once.
 */

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { TLS_ERROR = 160 };

struct tls_files {
    const char *ca;         /* NULL: no TLS */
    const char *cert, *key; /* NULL: the server asks for none */
};

struct tls {
    SSL_CTX *context;
    SSL *session;
    bool wants_write; /* to go on with what it was asked for last */
    char error[TLS_ERROR];
};

/* Whether the files can be used at all. */
bool tls_check(struct tls *t, const struct tls_files *files);

bool tls_begin(struct tls *t, const struct tls_files *files, int fd, const char *host);
void tls_end(struct tls *t);

enum tls_step { TLS_DONE, TLS_AGAIN, TLS_FAILED };

enum tls_step tls_handshake(struct tls *t);

/* Bytes; 0: not now; -1: failed or closed, with `error`. */
ssize_t tls_read(struct tls *t, void *out, size_t size);
ssize_t tls_write(struct tls *t, const void *bytes, size_t len);

#endif
