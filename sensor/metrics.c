#include "sensor/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST = 2048, HEAD = 192, PATH = 1024 };

/* One that asks: its request is read to the empty line, then it gets its copy. */
struct client {
    int fd; /* -1: free */
    uint64_t since;
    size_t asked;
    char request[REQUEST];
    size_t len, sent; /* of the answer; len 0: not yet */
    char answer[HEAD + METRICS_TEXT];
};

struct metrics {
    int listener, epoll; /* -1: a file */
    uint64_t accepted;
    char path[PATH], beside[PATH + 8]; /* the file is written beside and renamed */
    size_t len;
    char text[METRICS_TEXT];
    struct client clients[METRICS_CLIENTS];
};

static bool fail(char error[METRICS_ERROR], const char *what, const char *path)
{
    snprintf(error, METRICS_ERROR, "%s %.100s: %s", what, path, strerror(errno));
    return false;
}

/* ---- the file -------------------------------------------------------------------- */

static bool write_file(struct metrics *m, char error[METRICS_ERROR])
{
    FILE *out = fopen(m->beside, "we");
    bool ok;

    if (!out)
        return fail(error, "cannot write", m->beside);
    ok = fwrite(m->text, 1, m->len, out) == m->len;
    ok &= fclose(out) == 0;
    if (ok && rename(m->beside, m->path) == 0)
        return true;
    fail(error, "cannot write", m->path);
    unlink(m->beside);
    return false;
}

/* ---- the socket ------------------------------------------------------------------ */

static void leave(struct client *c)
{
    close(c->fd); /* epoll forgets it with its last descriptor */
    c->fd = -1;
}

/* A free place, or that of the one that has been there longest. */
static struct client *place_for_one(struct metrics *m)
{
    struct client *oldest = &m->clients[0];

    for (unsigned i = 0; i < METRICS_CLIENTS; i++) {
        struct client *c = &m->clients[i];

        if (c->fd < 0)
            return c;
        if (c->since < oldest->since)
            oldest = c;
    }
    leave(oldest);
    return oldest;
}

static void watch(const struct metrics *m, struct client *c, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = c};

    if (epoll_ctl(m->epoll, how, c->fd, &e) != 0)
        leave(c);
}

static void accept_one(struct metrics *m)
{
    int fd = accept4(m->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct client *c;

    if (fd < 0)
        return;
    c = place_for_one(m);
    c->fd = fd;
    c->since = m->accepted++;
    c->asked = c->len = c->sent = 0;
    watch(m, c, EPOLLIN, EPOLL_CTL_ADD);
}

static void make_answer(const struct metrics *m, struct client *c)
{
    bool is_get = memcmp(c->request, "GET ", 4) == 0;
    size_t len = is_get ? m->len : 0;
    int head = snprintf(c->answer, HEAD,
                        "HTTP/1.0 %s\r\n"
                        "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                        "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                        is_get ? "200 OK" : "405 Method Not Allowed", len);

    memcpy(c->answer + head, m->text, len);
    c->len = (size_t)head + len;
}

static void send_answer(const struct metrics *m, struct client *c)
{
    ssize_t n = send(c->fd, c->answer + c->sent, c->len - c->sent, MSG_NOSIGNAL);

    if (n > 0)
        c->sent += (size_t)n;
    if (c->sent == c->len || (n < 0 && errno != EAGAIN && errno != EINTR))
        leave(c);
    else
        watch(m, c, EPOLLOUT, EPOLL_CTL_MOD);
}

static void read_request(const struct metrics *m, struct client *c)
{
    ssize_t n = recv(c->fd, c->request + c->asked, sizeof c->request - c->asked - 1, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        leave(c);
        return;
    }
    c->asked += (size_t)n;
    c->request[c->asked] = '\0';
    if (strstr(c->request, "\r\n\r\n") || strstr(c->request, "\n\n")) {
        make_answer(m, c);
        send_answer(m, c);
    } else if (c->asked == sizeof c->request - 1) {
        leave(c);
    }
}

void metrics_serve(struct metrics *m)
{
    struct epoll_event events[METRICS_CLIENTS + 1];
    int n = m->epoll < 0 ? 0 : epoll_wait(m->epoll, events, METRICS_CLIENTS + 1, 0);
    bool another = false;

    for (int i = 0; i < n; i++) {
        struct client *c = events[i].data.ptr;

        if (!c)
            another = true;
        else if (c->len)
            send_answer(m, c);
        else
            read_request(m, c);
    }
    if (another) /* last: it may push one out whose event is in the list */
        accept_one(m);
}

/* A socket that nobody listens on is left from before; another's is not touched. */
static bool is_in_use(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool used = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;

    if (fd >= 0)
        close(fd);
    return used;
}

static bool clear_path(const struct sockaddr_un *at)
{
    struct stat st;

    if (lstat(at->sun_path, &st) != 0)
        return errno == ENOENT;
    errno = EADDRINUSE;
    return S_ISSOCK(st.st_mode) && !is_in_use(at) && unlink(at->sun_path) == 0;
}

static bool listen_at(struct metrics *m, char error[METRICS_ERROR])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct epoll_event e = {.events = EPOLLIN};
    size_t len = strlen(m->path);

    errno = ENAMETOOLONG;
    if (len >= sizeof at.sun_path)
        return fail(error, "cannot listen at", m->path);
    memcpy(at.sun_path, m->path, len + 1);
    if (!clear_path(&at))
        return fail(error, "cannot listen at", m->path);
    m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    m->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (m->listener < 0 || m->epoll < 0 ||
        bind(m->listener, (const struct sockaddr *)&at, sizeof at) != 0 ||
        chmod(m->path, 0660) != 0 || listen(m->listener, METRICS_CLIENTS) != 0 ||
        epoll_ctl(m->epoll, EPOLL_CTL_ADD, m->listener, &e) != 0)
        return fail(error, "cannot listen at", m->path);
    return true;
}

/* ---- both ------------------------------------------------------------------------- */

struct metrics *metrics_open(const char *place, char error[METRICS_ERROR])
{
    bool is_socket = strncmp(place, "unix:", 5) == 0;
    const char *path = is_socket ? place + 5 : place;
    struct metrics *m = calloc(1, sizeof *m);

    if (!m || strlen(path) >= sizeof m->path) {
        snprintf(error, METRICS_ERROR, "%s", m ? "the path is too long" : "no memory");
        free(m);
        return NULL;
    }
    m->listener = m->epoll = -1;
    for (unsigned i = 0; i < METRICS_CLIENTS; i++)
        m->clients[i].fd = -1;
    snprintf(m->path, sizeof m->path, "%s", path);
    snprintf(m->beside, sizeof m->beside, "%s.new", path);
    if (!is_socket || listen_at(m, error))
        return m;
    if (m->listener >= 0)
        close(m->listener);
    if (m->epoll >= 0)
        close(m->epoll);
    free(m);
    return NULL;
}

void metrics_close(struct metrics *m)
{
    for (unsigned i = 0; i < METRICS_CLIENTS; i++) {
        if (m->clients[i].fd >= 0)
            leave(&m->clients[i]);
    }
    if (m->listener >= 0) {
        unlink(m->path);
        close(m->listener);
        close(m->epoll);
    }
    free(m);
}

int metrics_fd(const struct metrics *m)
{
    return m->epoll;
}

bool metrics_publish(struct metrics *m, const struct status *s, char error[METRICS_ERROR])
{
    FILE *out = fmemopen(m->text, sizeof m->text, "w");

    if (!out)
        return fail(error, "cannot write", m->path);
    metrics_print(s, out);
    m->len = (size_t)ftell(out);
    if (fclose(out) != 0)
        return fail(error, "cannot write", m->path);
    return m->listener >= 0 || write_file(m, error);
}
