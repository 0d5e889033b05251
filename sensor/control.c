#include "sensor/control.h"

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "sensor/control_place.h"
#include "sensor/control_request.h"
#include "sensor/core/clock.h"
#include "sensor/core/json.h"
#include "sensor/core/now.h"

enum { PATIENCE_S = 5, LATE_S = 30 };

enum state { FREE, ASKING, LATER, ANSWERING };

struct client {
    enum state state;
    bool finished; /* is let go when it has its answer */
    int fd;
    uint32_t number; /* of this use of the slot; part of ids */
    int64_t deadline;
    struct control_peer who;
    size_t got; /* bytes of the request so far */
    char request[CONTROL_REQUEST];
    char *answer; /* allocated; `sent` of `len` bytes are gone */
    size_t len, sent;
    int files[CONTROL_FILES];
    unsigned nfiles;
};

struct control {
    const struct control_verb *verbs;
    void *context;
    int epoll, listener, timer;
    int spare;   /* a descriptor to give up when there are no others */
    FILE *users; /* /etc/passwd, open since the start: confinement may hide it later */
    uint32_t number;
    struct json writer;
    bool refused, later; /* by the verb that runs */
    char error[CONTROL_TEXT], hint[CONTROL_TEXT];
    struct control_place place;
    char stage[CONTROL_ANSWER];
    struct client clients[CONTROL_CLIENTS];
};

/* What the epoll set tells of what is no client. */
enum { FROM_LISTENER = CONTROL_CLIENTS, FROM_TIMER };

/* ---- ids ------------------------------------------------------------------------- */

static uint64_t id_of(const struct control *c, const struct client *client)
{
    return (uint64_t)client->number << 8 | (uint64_t)(client - c->clients);
}

/* The client whose request it was, as long as it waits for the answer. */
static struct client *client_of(struct control *c, uint64_t id)
{
    struct client *client = &c->clients[(id & 0xff) % CONTROL_CLIENTS];

    return client->state != FREE && id_of(c, client) == id ? client : NULL;
}

/* ---- clients that come and go ------------------------------------------------------ */

static void drop_answer(struct client *client)
{
    for (unsigned i = 0; i < client->nfiles; i++)
        close(client->files[i]);
    client->nfiles = 0;
    free(client->answer);
    client->answer = NULL;
}

static void let_go(struct client *client)
{
    drop_answer(client);
    close(client->fd);
    client->state = FREE;
}

static void watch(struct control *c, struct client *client, uint32_t events, int how)
{
    struct epoll_event e = {.events = events,
                            .data.u32 = (uint32_t)(client - c->clients)};

    if (epoll_ctl(c->epoll, how, client->fd, &e) != 0)
        let_go(client);
}

static void enter(struct control *c, struct client *client, enum state state)
{
    static const uint32_t events[] = {
        [ASKING] = EPOLLIN, [LATER] = 0, [ANSWERING] = EPOLLOUT};

    client->state = state;
    client->deadline =
        now_monotonic() + (state == LATER ? LATE_S : PATIENCE_S) * NS_PER_S;
    watch(c, client, events[state], EPOLL_CTL_MOD);
}

/* Reads the file itself: the system's name services may open anything they like. */
static void name_peer(struct control *c, struct control_peer *who)
{
    const struct passwd *user = NULL;

    snprintf(who->name, sizeof who->name, "uid:%lu", (unsigned long)who->uid);
    if (!c->users)
        return;
    rewind(c->users);
    while ((user = fgetpwent(c->users)) && user->pw_uid != who->uid)
        ;
    if (user)
        snprintf(who->name, sizeof who->name, "%s", user->pw_name);
    for (char *at = who->name; *at; at++) {
        if (*at <= ' ' || *at > '~')
            *at = '_'; /* it goes into JSON */
    }
}

static void refuse_connection(int fd)
{
    static const char full[] = "{\"ok\":false,\"error\":\"the sensor has 16 clients "
                               "already\",\"hint\":\"try again in a few seconds\"}\n";

    send(fd, full, sizeof full - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    close(fd);
}

static void admit(struct control *c, int fd)
{
    struct client *client = c->clients;
    struct ucred peer = {0};
    socklen_t len = sizeof peer;

    while (client < c->clients + CONTROL_CLIENTS && client->state != FREE)
        client++;
    if (client == c->clients + CONTROL_CLIENTS ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        refuse_connection(fd);
        return;
    }
    client->fd = fd;
    client->number = ++c->number;
    client->got = 0;
    client->finished = false;
    client->who = (struct control_peer){.uid = peer.uid, .pid = peer.pid};
    name_peer(c, &client->who);
    client->state = ASKING;
    client->deadline = now_monotonic() + PATIENCE_S * NS_PER_S;
    watch(c, client, EPOLLIN, EPOLL_CTL_ADD);
}

static int next_connection(const struct control *c)
{
    return accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Without descriptors a connection would wait, and wake us, for ever. */
static void turn_away(struct control *c)
{
    int fd;

    close(c->spare);
    fd = next_connection(c);
    if (fd >= 0)
        refuse_connection(fd);
    c->spare = dup(c->epoll);
}

static void admit_all(struct control *c)
{
    int fd;

    while ((fd = next_connection(c)) >= 0)
        admit(c, fd);
    if (errno == EMFILE || errno == ENFILE)
        turn_away(c);
}

/* ---- sending ------------------------------------------------------------------------ */

/* The files go with the first bytes. */
static ssize_t send_some(struct client *client)
{
    struct iovec part = {client->answer + client->sent, client->len - client->sent};
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof client->files)];
    } control = {0};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    size_t bytes = client->nfiles * sizeof(int);

    if (client->nfiles > 0 && client->sent == 0) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(bytes);
        control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(bytes),
                                          .cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), client->files, bytes);
    }
    return sendmsg(client->fd, &m, MSG_NOSIGNAL);
}

static void continue_answer(struct control *c, struct client *client)
{
    ssize_t n = 0;

    while (client->sent < client->len && (n = send_some(client)) > 0)
        client->sent += (size_t)n;
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        let_go(client);
    } else if (client->sent == client->len) {
        drop_answer(client);
        enter(c, client, ASKING);
    }
}

static bool append(struct client *client, size_t room, const char *text, size_t len)
{
    if (client->len + len > room)
        return false;
    memcpy(client->answer + client->len, text, len);
    client->len += len;
    return true;
}

/* `members` is what stands between the braces. */
static void answer(struct control *c, struct client *client, const char *head,
                   struct bytes members)
{
    size_t room = strlen(head) + members.len + 4;

    client->answer = malloc(room);
    client->len = client->sent = 0;
    if (!client->answer || !append(client, room, head, strlen(head)) ||
        (members.len > 0 && !append(client, room, ",", 1)) ||
        !append(client, room, (const char *)members.at, members.len) ||
        !append(client, room, "}\n", 2)) {
        let_go(client);
        return;
    }
    enter(c, client, ANSWERING);
}

static void begin(struct control *c)
{
    c->writer = json_into(c->stage, sizeof c->stage);
    json_object(&c->writer, NULL);
    c->refused = c->later = false;
    c->error[0] = c->hint[0] = '\0';
}

/* What verbs have put, and what is to be said of it. */
static void finish(struct control *c, struct client *client)
{
    struct json *j = &c->writer;

    if (c->refused) {
        json_text(j, "error", c->error);
        if (c->hint[0])
            json_text(j, "hint", c->hint);
    }
    if (j->overflow) {
        begin(c);
        json_text(j, "error", "the answer is too long");
        c->refused = true;
    }
    answer(c, client, c->refused ? "{\"ok\":false" : "{\"ok\":true",
           (struct bytes){(const uint8_t *)c->stage + 1, j->len - 1});
}

static void refuse(struct control *c, const char *error, const char *hint)
{
    c->refused = true;
    snprintf(c->error, sizeof c->error, "%s", error);
    snprintf(c->hint, sizeof c->hint, "%s", hint ? hint : "");
}

/* ---- asking --------------------------------------------------------------------------- */

static bool help(void *context, const struct control_call *call, struct json *j)
{
    (void)context;
    json_array(j, "verbs");
    for (const struct control_verb *v = call->control->verbs; v->name; v++) {
        json_object(j, NULL);
        json_text(j, "verb", v->name);
        json_text(j, "arguments", v->arguments);
        json_text(j, "doc", v->doc);
        json_object_end(j);
    }
    json_array_end(j);
    return true;
}

static const struct control_verb always[] = {
    {"help", "", "what can be asked for", help},
    {0},
};

static void run(struct control *c, struct client *client, struct json_t *request)
{
    char why[CONTROL_TEXT] = "";
    struct control_call call = {id_of(c, client), c, request, client->who};
    const struct control_verb *verb = request_verb(request, c->verbs, why);

    if (!verb)
        verb = request_verb(request, always, (char[CONTROL_TEXT]){""});
    if (!verb) {
        refuse(c, why, "{\"verb\": \"help\"} lists them");
        return;
    }
    if (!verb->run(c->context, &call, &c->writer))
        assert(c->refused);
}

/* The first `len` bytes are a line; a new id, so that no late answer meets it. */
static void serve(struct control *c, struct client *client, size_t len)
{
    char why[CONTROL_TEXT] = "";
    struct json_t *request = request_read(client->request, len, why);

    client->number = ++c->number;
    begin(c);
    if (request)
        run(c, client, request);
    else
        refuse(c, why, NULL);
    request_free(request);
    client->got -= len + 1;
    memmove(client->request, client->request + len + 1, client->got);
    if (c->later)
        enter(c, client, LATER);
    else
        finish(c, client);
}

/* Serves a line that is here whole.  Who sends none within the room is let go. */
static void look_for_line(struct control *c, struct client *client)
{
    const char *end = memchr(client->request, '\n', client->got);

    if (end) {
        serve(c, client, (size_t)(end - client->request));
    } else if (client->got == sizeof client->request) {
        begin(c);
        refuse(c, "a request has at most 65536 bytes", NULL);
        client->got = 0;
        client->finished = true;
        finish(c, client);
    }
}

static void hear(struct client *client)
{
    ssize_t n = recv(client->fd, client->request + client->got,
                     sizeof client->request - client->got, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        let_go(client);
        return;
    }
    client->got += (size_t)n;
}

/* The client's turn: whatever its state waits for has come, or the line is dead. */
static void attend(struct control *c, struct client *client, uint32_t events)
{
    if (client->state == ASKING)
        hear(client);
    else if (client->state == ANSWERING)
        continue_answer(c, client);
    else if (client->state == LATER && (events & (EPOLLHUP | EPOLLERR)))
        let_go(client);
    if (client->state == ASKING && client->finished)
        let_go(client);
    else if (client->state == ASKING)
        look_for_line(c, client);
}

/* ---- time -------------------------------------------------------------------------------- */

static void expire(struct control *c)
{
    int64_t now = now_monotonic();

    for (struct client *client = c->clients; client < c->clients + CONTROL_CLIENTS;
         client++) {
        if (client->state == FREE || client->deadline > now)
            continue;
        if (client->state == LATER)
            control_answer(c, id_of(c, client), "the sensor gave no answer in time",
                           "sightglass status");
        else
            let_go(client);
    }
}

/* To the earliest deadline; never when nobody is here. */
static void set_timer(const struct control *c)
{
    int64_t first = 0;
    struct itimerspec when = {0};

    for (const struct client *client = c->clients; client < c->clients + CONTROL_CLIENTS;
         client++) {
        if (client->state != FREE && (first == 0 || client->deadline < first))
            first = client->deadline;
    }
    when.it_value.tv_sec = first / NS_PER_S;
    when.it_value.tv_nsec = first % NS_PER_S;
    timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

void control_turn(struct control *c)
{
    struct epoll_event events[CONTROL_CLIENTS + 2];
    int n = epoll_wait(c->epoll, events, COUNT_OF(events), 0);

    for (int i = 0; i < n; i++) {
        uint32_t from = events[i].data.u32;

        if (from < CONTROL_CLIENTS && c->clients[from].state != FREE)
            attend(c, &c->clients[from], events[i].events);
    }
    admit_all(c);
    expire(c);
    set_timer(c);
}

int control_fd(const struct control *c)
{
    return c->epoll;
}

/* ---- for verbs ------------------------------------------------------------------------------ */

const char *control_text(const struct control_call *call, const char *name)
{
    return request_text(call->request, name);
}

int64_t control_int(const struct control_call *call, const char *name, int64_t otherwise)
{
    return request_int(call->request, name, otherwise);
}

bool control_flag(const struct control_call *call, const char *name)
{
    return request_flag(call->request, name);
}

bool control_refuse(const struct control_call *call, const char *hint, const char *format,
                    ...)
{
    char error[CONTROL_TEXT];
    va_list args;

    va_start(args, format);
    vsnprintf(error, sizeof error, format, args);
    va_end(args);
    refuse(call->control, error, hint);
    return false;
}

bool control_pass(struct control *c, uint64_t id, int fd)
{
    struct client *client = client_of(c, id);

    if (!client || client->nfiles == CONTROL_FILES) {
        close(fd);
        return false;
    }
    client->files[client->nfiles++] = fd;
    return true;
}

bool control_later(const struct control_call *call)
{
    call->control->later = true;
    return true;
}

struct json *control_answer_open(struct control *c, uint64_t id)
{
    const struct client *client = client_of(c, id);

    if (!client || client->state != LATER)
        return NULL;
    begin(c);
    return &c->writer;
}

void control_answer(struct control *c, uint64_t id, const char *error, const char *hint)
{
    struct client *client = client_of(c, id);

    if (!client || client->state != LATER)
        return;
    if (error)
        refuse(c, error, hint);
    finish(c, client);
    set_timer(c);
}

/* ---- opening ---------------------------------------------------------------------------------- */

static bool add(struct control *c, int fd, uint32_t from)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = from};

    return fd >= 0 && epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

struct control *control_open(const char *path, const char *group,
                             const struct control_verb *verbs, void *context,
                             char why[CONTROL_TEXT])
{
    struct control *c = calloc(1, sizeof *c);

    if (!c) {
        snprintf(why, CONTROL_TEXT, "not enough memory for the control socket");
        return NULL;
    }
    c->verbs = verbs;
    c->context = context;
    c->listener = place_take(&c->place, path, group, why);
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    c->spare = dup(c->epoll);
    c->users = fopen("/etc/passwd", "re");
    if (c->listener >= 0) {
        if (add(c, c->timer, FROM_TIMER) && add(c, c->listener, FROM_LISTENER))
            return c;
        snprintf(why, CONTROL_TEXT, "cannot wait at %.120s: %s", path, strerror(errno));
    }
    control_close(c);
    return NULL;
}

void control_close(struct control *c)
{
    if (!c)
        return;
    for (struct client *client = c->clients; client < c->clients + CONTROL_CLIENTS;
         client++) {
        if (client->state != FREE)
            let_go(client);
    }
    place_leave(&c->place);
    if (c->listener >= 0)
        close(c->listener);
    if (c->timer >= 0)
        close(c->timer);
    if (c->spare >= 0)
        close(c->spare);
    if (c->epoll >= 0)
        close(c->epoll);
    if (c->users)
        fclose(c->users);
    free(c);
}
