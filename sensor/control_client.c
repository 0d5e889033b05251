#include "sensor/control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE = CONTROL_ANSWER + CONTROL_REQUEST };

/* ---- connecting ------------------------------------------------------------------ */

static enum client_state no_connection(struct control_client *c, const char *path)
{
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
        snprintf(c->why, sizeof c->why, "the sensor is not running: nobody listens at %s",
                 path);
        return CLIENT_NOT_RUNNING;
    }
    if (errno == EACCES || errno == EPERM)
        snprintf(c->why, sizeof c->why,
                 "no rights to %s: run this as root, or as a member of its group", path);
    else
        snprintf(c->why, sizeof c->why, "%s: %s", path, strerror(errno));
    return CLIENT_FAILED;
}

static void set_timeouts(const struct control_client *c)
{
    struct timeval t = {c->timeout / 1000, (c->timeout % 1000) * 1000L};

    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

enum client_state control_connect(struct control_client *c, const char *path, int timeout)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    *c = (struct control_client){.fd = -1, .timeout = timeout};
    if (strlen(path) >= sizeof at.sun_path) {
        snprintf(c->why, sizeof c->why, "the path of a socket has at most %zu characters",
                 sizeof at.sun_path - 1);
        return CLIENT_FAILED;
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    c->line = malloc(LINE);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd >= 0)
        set_timeouts(c);
    if (!c->line || c->fd < 0 ||
        connect(c->fd, (const struct sockaddr *)&at, sizeof at) != 0)
        return no_connection(c, path);
    return CLIENT_FINE;
}

static void drop_files(struct control_client *c)
{
    for (unsigned i = 0; i < c->nfiles; i++) {
        if (c->files[i] >= 0)
            close(c->files[i]);
    }
    c->nfiles = 0;
}

void control_disconnect(struct control_client *c)
{
    drop_files(c);
    if (c->fd >= 0)
        close(c->fd);
    free(c->line);
    *c = (struct control_client){.fd = -1};
}

int control_take_file(struct control_client *c, unsigned n)
{
    int fd = n < c->nfiles ? c->files[n] : -1;

    if (fd >= 0)
        c->files[n] = -1;
    return fd;
}

/* ---- asking ------------------------------------------------------------------------ */

static bool failed(struct control_client *c, const char *what)
{
    bool late = errno == EAGAIN || errno == EWOULDBLOCK;

    snprintf(c->why, sizeof c->why, "%s: %s", what,
             late ? "it took too long" : strerror(errno));
    return false;
}

static bool send_all(struct control_client *c, const char *text, size_t len)
{
    ssize_t n;

    for (; len > 0; text += n, len -= (size_t)n) {
        n = send(c->fd, text, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            n = 0;
        /* An answer may be on its way all the same: why there is no room for us. */
        if (n < 0)
            return errno == EPIPE || failed(c, "cannot ask the sensor");
    }
    return true;
}

static void keep_files(struct control_client *c, const struct cmsghdr *h)
{
    size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fd;

    for (size_t i = 0; i < n; i++) {
        memcpy(&fd, CMSG_DATA(h) + i * sizeof fd, sizeof fd);
        if (c->nfiles < CONTROL_FILES)
            c->files[c->nfiles++] = fd;
        else
            close(fd);
    }
}

static ssize_t receive(struct control_client *c)
{
    struct iovec part = {c->line + c->got, LINE - c->got};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof c->files)];
    } control;
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC);

    if (n < 0)
        return n;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
            keep_files(c, h);
    }
    return n;
}

/* The length of the answer's line; 0, and c->why, when none came. */
static size_t receive_line(struct control_client *c)
{
    const char *end = NULL;
    ssize_t n;

    c->got = 0;
    while (!end && c->got < LINE) {
        n = receive(c);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(c, "the sensor does not answer");
        if (n == 0)
            break;
        c->got += (size_t)n;
        end = memchr(c->line, '\n', c->got);
    }
    if (!end)
        snprintf(c->why, sizeof c->why, "%s",
                 c->got == LINE ? "the sensor's answer has no end"
                                : "the sensor hung up in the middle of an answer");
    return end ? (size_t)(end - c->line) : 0;
}

struct json_t *control_ask(struct control_client *c, const struct json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    json_t *reply = NULL;
    size_t len = 0;

    drop_files(c);
    if (text && send_all(c, text, strlen(text)) && send_all(c, "\n", 1))
        len = receive_line(c);
    free(text);
    if (len > 0) {
        reply = json_loadb(c->line, len, 0, NULL);
        if (!reply)
            snprintf(c->why, sizeof c->why, "the sensor's answer is no JSON");
    }
    return reply;
}
