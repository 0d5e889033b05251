#include "alerts/redis_link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/core/now.h"

enum {
    READ = 16 * 1024,
    READS = 64,                 /* at one turn */
    UNPARSED = 4 * 1024 * 1024, /* of one answer: two entries of 1 MiB are the longest */
};

int64_t link_now(void)
{
    return now_monotonic() / NS_PER_MS;
}

static bool is_unix(const struct link *l)
{
    return l->port[0] == '\0';
}

/* ---- opening and closing ----------------------------------------------------------- */

static bool wrong(struct link *l, const char *why)
{
    snprintf(l->error, sizeof l->error, "%s", why);
    return false;
}

static bool split(struct link *l, const char *server)
{
    const char *colon = strrchr(server, ':');
    size_t len, bracket = server[0] == '[';

    if (strncmp(server, "unix:", 5) == 0) {
        snprintf(l->host, sizeof l->host, "%s", server + 5);
        return strlen(server + 5) < sizeof((struct sockaddr_un *)NULL)->sun_path;
    }
    if (!colon || colon == server || colon[1] == '\0')
        return false;
    len = (size_t)(colon - server);
    if (bracket && (len < 3 || server[len - 1] != ']'))
        return false;
    len -= 2 * bracket;
    if (len >= sizeof l->host)
        return false;
    memcpy(l->host, server + bracket, len);
    return snprintf(l->port, sizeof l->port, "%s", colon + 1) < (int)sizeof l->port;
}

bool link_set_up(struct link *l, const char *server, const struct tls_files *files)
{
    *l = (struct link){.fd = -1, .files = *files};
    if (!split(l, server))
        return wrong(l, "the server is neither host:port nor unix:/path");
    if (files->ca && is_unix(l))
        return wrong(l, "TLS does not go over a unix socket");
    if ((files->cert || files->key) && !files->ca)
        return wrong(l, "a TLS certificate without a CA: nothing would be encrypted");
    return !files->ca || tls_check(&l->tls, files) || wrong(l, l->tls.error);
}

void link_close(struct link *l)
{
    tls_end(&l->tls);
    if (l->fd >= 0 && l->state != LINK_RESOLVING)
        close(l->fd);
    if (l->reader)
        redisReaderFree(l->reader);
    if (l->out)
        explicit_bzero(l->out, l->out_size); /* a login may be in it */
    l->reader = NULL;
    l->fd = -1;
    l->events = 0;
    l->more = false;
    l->out_at = l->out_len = l->unparsed = 0;
    l->state = LINK_CLOSED;
}

void link_free(struct link *l)
{
    link_close(l);
    lookup_drop(l->lookup);
    free(l->out);
    l->lookup = NULL;
    l->out = NULL;
}

void link_fail(struct link *l, const char *what, const char *why)
{
    snprintf(l->error, sizeof l->error, "%s%s%.*s", what, *what ? ": " : "",
             (int)strcspn(why, "\r\n"), why);
    link_close(l);
}

/* ---- connecting -------------------------------------------------------------------- */

static void connected(struct link *l)
{
    int one = 1;

    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (l->files.ca && !tls_begin(&l->tls, &l->files, l->fd, l->host)) {
        link_fail(l, "", l->tls.error);
        return;
    }
    l->state = l->files.ca ? LINK_SHAKING_HANDS : LINK_OPEN;
    l->events = POLLIN;
}

/* True when it stands or may yet stand. */
static bool try_address(struct link *l, const struct sockaddr *address, socklen_t len)
{
    l->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return false;
    if (connect(l->fd, address, len) == 0) {
        connected(l);
        return true;
    }
    if (errno == EINPROGRESS) {
        l->state = LINK_CONNECTING;
        l->events = POLLOUT;
        return true;
    }
    close(l->fd);
    l->fd = -1;
    return false;
}

static void connect_unix(struct link *l)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, l->host, strlen(l->host) + 1);
    if (!try_address(l, (const struct sockaddr *)&address, sizeof address))
        link_fail(l, "cannot connect", strerror(errno));
}

/* Tries from l->address on; the look-up stays for the next ones. */
static void connect_next(struct link *l)
{
    const struct resolved *r = lookup_result(l->lookup);

    for (; l->address < r->n; l->address++) {
        if (try_address(l, (const struct sockaddr *)&r->address[l->address],
                        r->len[l->address]))
            return;
    }
    link_fail(l, "cannot connect", r->error ? gai_strerror(r->error) : strerror(errno));
    lookup_drop(l->lookup);
    l->lookup = NULL;
}

static void turn_resolving(struct link *l)
{
    if (!lookup_result(l->lookup))
        return;
    l->fd = -1;
    l->address = 0;
    connect_next(l);
}

static void turn_connecting(struct link *l)
{
    int error = 0;
    socklen_t size = sizeof error;
    struct pollfd p = {.fd = l->fd, .events = POLLOUT};

    if (poll(&p, 1, 0) == 0)
        return;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
        connected(l);
        return;
    }
    if (is_unix(l)) {
        link_fail(l, "cannot connect", strerror(error));
        return;
    }
    close(l->fd);
    l->fd = -1;
    l->address++;
    errno = error;
    connect_next(l);
}

static void turn_shaking_hands(struct link *l)
{
    enum tls_step step = tls_handshake(&l->tls);

    if (step == TLS_FAILED)
        link_fail(l, "", l->tls.error);
    else if (step == TLS_DONE)
        l->state = LINK_OPEN;
    l->events = l->tls.wants_write ? POLLOUT : POLLIN;
}

void link_begin(struct link *l, int64_t now, int64_t deadline)
{
    link_close(l);
    l->error[0] = '\0';
    l->timed_out = false;
    l->deadline = now + deadline;
    l->reader = redisReaderCreate();
    if (!l->reader) {
        link_fail(l, "", "no memory for a connection");
        return;
    }
    if (is_unix(l)) {
        connect_unix(l);
        return;
    }
    if (l->lookup && lookup_result(l->lookup)) {
        lookup_drop(l->lookup); /* of an earlier connection: addresses change */
        l->lookup = NULL;
    }
    if (!l->lookup)
        l->lookup = lookup_begin(l->host, l->port);
    if (!l->lookup) {
        link_fail(l, "", "no thread to look the server's name up");
        return;
    }
    l->state = LINK_RESOLVING;
    l->fd = lookup_fd(l->lookup);
    l->events = POLLIN;
    turn_resolving(l);
}

/* ---- reading and writing ------------------------------------------------------------- */

/* A connection that is over is found out by reading, after what it still says. */
static ssize_t send_some(struct link *l, const char *at, size_t len)
{
    if (l->files.ca)
        return tls_write(&l->tls, at, len);
    return send(l->fd, at, len, MSG_NOSIGNAL);
}

static void write_out(struct link *l)
{
    while (l->out_at < l->out_len) {
        ssize_t n = send_some(l, l->out + l->out_at, l->out_len - l->out_at);

        if (n <= 0)
            return;
        l->out_at += (size_t)n;
    }
    l->out_at = l->out_len = 0;
}

/* Bytes; 0: not now; -1: the connection is over, *why says why. */
static ssize_t read_some(struct link *l, char *out, size_t size, const char **why)
{
    ssize_t n;

    if (l->files.ca) {
        n = tls_read(&l->tls, out, size);
        *why = l->tls.error;
        return n;
    }
    n = recv(l->fd, out, size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    *why = n == 0 ? "connection closed by Redis" : strerror(errno);
    return n > 0 ? n : -1;
}

static bool feed(struct link *l, const char *bytes, size_t n)
{
    l->unparsed += n;
    if (l->unparsed > UNPARSED) {
        link_fail(l, "", "an answer without end");
        return false;
    }
    if (redisReaderFeed(l->reader, bytes, n) == REDIS_OK)
        return true;
    link_fail(l, "not Redis", l->reader->errstr);
    return false;
}

/* What came before the end of a connection is heard first: it may be the reason. */
static void read_in(struct link *l)
{
    char bytes[READ];
    const char *why = "";

    l->more = false;
    for (unsigned i = 0; i < READS; i++) {
        ssize_t n = read_some(l, bytes, sizeof bytes, &why);

        l->more = n < 0 && i > 0;
        if (n < 0 && i == 0)
            link_fail(l, "", why);
        if (n <= 0 || !feed(l, bytes, (size_t)n))
            return;
    }
    l->more = true;
}

static void turn_open(struct link *l)
{
    write_out(l);
    read_in(l);
    if (l->state == LINK_OPEN)
        l->events =
            l->out_at < l->out_len || l->tls.wants_write ? POLLIN | POLLOUT : POLLIN;
}

void link_turn(struct link *l, int64_t now)
{
    if (l->state == LINK_RESOLVING)
        turn_resolving(l);
    if (l->state == LINK_CONNECTING)
        turn_connecting(l);
    if (l->state == LINK_SHAKING_HANDS)
        turn_shaking_hands(l);
    if (l->state == LINK_OPEN) {
        turn_open(l);
    } else if (l->state != LINK_CLOSED && now >= l->deadline) {
        link_fail(l, "cannot connect", "no answer in time");
        l->timed_out = true;
    }
}

static bool has_room(struct link *l, size_t len)
{
    size_t size = l->out_size ? l->out_size : READ;
    char *grown;

    if (l->out_at > 0) {
        memmove(l->out, l->out + l->out_at, l->out_len - l->out_at);
        l->out_len -= l->out_at;
        l->out_at = 0;
    }
    while (size < l->out_len + len)
        size *= 2;
    if (size == l->out_size)
        return true;
    grown = realloc(l->out, size);
    if (!grown)
        return false;
    l->out = grown;
    l->out_size = size;
    return true;
}

bool link_append(struct link *l, int argc, const char **argv, const size_t *lens)
{
    char *command = NULL;
    int len;
    bool ok;

    if (l->state != LINK_OPEN)
        return false;
    len = (int)redisFormatCommandArgv(&command, argc, argv, lens);
    ok = len > 0 && has_room(l, (size_t)len);
    if (ok) {
        memcpy(l->out + l->out_len, command, (size_t)len);
        l->out_len += (size_t)len;
        l->events = POLLIN | POLLOUT;
    } else {
        link_fail(l, "", "no memory for a command");
    }
    if (len > 0)
        explicit_bzero(command, (size_t)len);
    redisFreeCommand(command);
    return ok;
}

size_t link_unsent(const struct link *l)
{
    return l->out_len - l->out_at;
}

void link_wipe(struct link *l)
{
    if (l->out && link_unsent(l) == 0)
        explicit_bzero(l->out, l->out_size);
}

redisReply *link_reply(struct link *l)
{
    void *reply = NULL;

    if (l->state != LINK_OPEN)
        return NULL;
    if (redisReaderGetReply(l->reader, &reply) != REDIS_OK) {
        link_fail(l, "not Redis", l->reader->errstr);
        return NULL;
    }
    if (reply)
        l->unparsed = 0;
    return reply;
}
