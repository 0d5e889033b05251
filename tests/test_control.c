#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sensor/control.h"
#include "sensor/control_request.h"
#include "sensor/core/json.h"

/*
 * Server and clients in one thread: what a client does not wait for, it does after a
 * turn of the server.
 */

enum { ANSWER = CONTROL_ANSWER + 1024 };

static struct control *c;
static char directory[32], path[64];
static struct sockaddr_un place = {.sun_family = AF_UNIX};
static char received[ANSWER];
static uint64_t later_id;
static struct control_peer asked_by;

/* ---- verbs ----------------------------------------------------------------------- */

static bool echo(void *context, const struct control_call *call, struct json *answer)
{
    assert_ptr_equal(context, &later_id);
    asked_by = call->who;
    json_text(answer, "text", control_text(call, "text"));
    json_int(answer, "number", control_int(call, "number", -1));
    json_bool(answer, "flag", control_flag(call, "flag"));
    return true;
}

static bool deny(void *context, const struct control_call *call, struct json *answer)
{
    (void)context;
    json_int(answer, "seen", 3);
    return control_refuse(call, "ask for less", "%d is too much", 4);
}

static bool wait_for_it(void *context, const struct control_call *call,
                        struct json *answer)
{
    (void)context;
    json_text(answer, "void", "this does not go out");
    later_id = call->id;
    return control_later(call);
}

static bool boast(void *context, const struct control_call *call, struct json *answer)
{
    (void)context;
    (void)call;
    for (unsigned i = 0; i < CONTROL_ANSWER / 8; i++)
        json_text(answer, "again", "and again");
    return true;
}

/* As much as there is room for, so that no socket takes it at once. */
static bool fill(void *context, const struct control_call *call, struct json *answer)
{
    (void)context;
    (void)call;
    while (answer->len < CONTROL_ANSWER - 64)
        json_text(answer, "a", "0123456789abcdef");
    return true;
}

static bool give_file(void *context, const struct control_call *call, struct json *answer)
{
    char name[80];
    int fd;

    (void)context;
    (void)answer;
    for (int i = 0; i < CONTROL_FILES + 1; i++) {
        snprintf(name, sizeof name, "%s/file", directory);
        fd = open(name, O_RDONLY);
        assert_true(fd >= 0);
        assert_int_equal(control_pass(call->control, call->id, fd), i < CONTROL_FILES);
    }
    return true;
}

static const struct control_verb verbs[] = {
    {"echo", "text [number] [flag]", "says what it heard", echo},
    {"deny", "", "refuses", deny},
    {"later", "", "answers later", wait_for_it},
    {"boast", "", "too long an answer", boast},
    {"fill", "", "the longest answer", fill},
    {"file", "", "files come along", give_file},
    {0},
};

/* ---- the bench --------------------------------------------------------------------- */

static int begin(void **state)
{
    char why[CONTROL_TEXT] = "";

    (void)state;
    strcpy(directory, "control.XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/s", directory);
    snprintf(place.sun_path, sizeof place.sun_path, "%s", path);
    later_id = 0;
    c = control_open(path, NULL, verbs, &later_id, why);
    return c ? 0 : -1;
}

static int end(void **state)
{
    char name[80];

    (void)state;
    control_close(c);
    c = NULL;
    snprintf(name, sizeof name, "%s/file", directory);
    unlink(name);
    unlink(path);
    return rmdir(directory);
}

static int client(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&place, sizeof place), 0);
    control_turn(c);
    return fd;
}

/* True when the server has something to do within this time, and then it is done. */
static bool turn(int ms)
{
    struct pollfd p = {.fd = control_fd(c), .events = POLLIN};

    if (poll(&p, 1, ms) != 1)
        return false;
    control_turn(c);
    return true;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    while (turn(0))
        ;
}

/* What there is to receive now, "" for nothing, NULL for the end. */
static const char *hear(int fd)
{
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, received + len, sizeof received - 1 - len, 0)) > 0) {
        len += (size_t)n;
        while (turn(0))
            ;
    }
    received[len] = '\0';
    return n == 0 && len == 0 ? NULL : received;
}

#define HEARS(fd, expected) assert_string_equal(hear(fd), expected)

/* ---- requests ------------------------------------------------------------------------ */

static void a_request_is_answered_on_one_line(void **state)
{
    int fd = client();

    (void)state;
    say(fd, "{\"verb\": \"echo\", \"text\": \"a\\nb\", \"flag\": true}\n");
    HEARS(fd, "{\"ok\":true,\"text\":\"a\\nb\",\"number\":-1,\"flag\":true}\n");
    close(fd);
}

static void a_connection_takes_one_request_after_the_other(void **state)
{
    int fd = client();

    (void)state;
    say(fd,
        "{\"verb\":\"echo\",\"text\":\"1\"}\n{\"verb\":\"echo\",\"text\":\"2\"}\n{\"verb\":");
    HEARS(fd, "{\"ok\":true,\"text\":\"1\",\"number\":-1,\"flag\":false}\n"
              "{\"ok\":true,\"text\":\"2\",\"number\":-1,\"flag\":false}\n");
    say(fd, "\"echo\",\"text\":\"3\",\"number\":9007199254740993}\n");
    HEARS(fd,
          "{\"ok\":true,\"text\":\"3\",\"number\":9007199254740993,\"flag\":false}\n");
    close(fd);
}

static void a_verb_is_told_who_asks(void **state)
{
    int fd = client();

    (void)state;
    say(fd, "{\"verb\":\"echo\",\"text\":\"\"}\n");
    assert_int_equal(asked_by.uid, getuid());
    assert_int_equal(asked_by.pid, getpid());
    assert_true(strlen(asked_by.name) > 0);
    close(fd);
}

static void a_refusal_says_why_and_what_to_do(void **state)
{
    int fd = client();

    (void)state;
    say(fd, "{\"verb\":\"deny\"}\n");
    HEARS(fd, "{\"ok\":false,\"seen\":3,\"error\":\"4 is too much\",\"hint\":\"ask for "
              "less\"}\n");
    close(fd);
}

static void help_lists_the_verbs(void **state)
{
    int fd = client();

    (void)state;
    say(fd, "{\"verb\":\"help\"}\n");
    assert_non_null(strstr(hear(fd), "{\"verb\":\"echo\",\"arguments\":\"text [number] "
                                     "[flag]\",\"doc\":\"says what it heard\"}"));
    close(fd);
}

static void nonsense_is_refused_and_the_next_request_served(void **state)
{
    static const struct {
        const char *request, *error;
    } cases[] = {
        {"\n", "one line of JSON"},
        {"hello\n", "one line of JSON"},
        {"{\"verb\":\"echo\"\n", "one line of JSON"},
        {"{\"verb\":\"echo\"} {}\n", "one line of JSON"},
        {"{\"verb\":\"echo\",\"verb\":\"deny\"}\n", "one line of JSON"},
        {"{\"verb\":\"echo\",\"text\":\"\\u0000\"}\n", "one line of JSON"},
        {"{\"verb\":\"\xff\"}\n", "one line of JSON"},
        {"[\"verb\"]\n", "is an object"},
        {"{}\n", "names its verb"},
        {"{\"verb\":3}\n", "names its verb"},
        {"{\"verb\":\"ech\"}\n", "there is no verb \\\"ech\\\""},
        {"{\"verb\":\"echo\"}\n", "echo needs \\\"text\\\""},
        {"{\"verb\":\"deny\",\"text\":\"\"}\n", "deny takes no \\\"text\\\""},
        {"{\"verb\":\"echo\",\"text\":\"\",\"numbe\":1}\n",
         "echo takes no \\\"numbe\\\""},
        {"{\"verb\":[[[[[[[[1]]]]]]]]}\n", "nests at most 8 deep"},
    };
    int fd = client();

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        say(fd, cases[i].request);
        assert_memory_equal(hear(fd), "{\"ok\":false,\"error\":\"", 21);
        assert_non_null(strstr(received, cases[i].error));
    }
    say(fd, "{\"verb\":\"echo\",\"text\":\"[[[[[[[[[[[\\\"[\"}\n");
    HEARS(fd,
          "{\"ok\":true,\"text\":\"[[[[[[[[[[[\\\"[\",\"number\":-1,\"flag\":false}\n");
    close(fd);
}

static void too_long_a_request_is_the_last(void **state)
{
    static char text[CONTROL_REQUEST];
    int fd = client();

    (void)state;
    memset(text, ' ', sizeof text);
    assert_int_equal(send(fd, text, sizeof text, MSG_NOSIGNAL), sizeof text);
    while (turn(0))
        ;
    HEARS(fd, "{\"ok\":false,\"error\":\"a request has at most 65536 bytes\"}\n");
    assert_null(hear(fd));
    close(fd);
}

static void the_longest_request_is_served(void **state)
{
    static char text[CONTROL_REQUEST + 1];
    int fd = client();

    (void)state;
    memset(text, ' ', CONTROL_REQUEST);
    memcpy(text, "{\"verb\":\"deny\"}", 15);
    text[CONTROL_REQUEST - 1] = '\n';
    say(fd, text);
    assert_memory_equal(hear(fd), "{\"ok\":false,\"seen\":3", 20);
    close(fd);
}

/* ---- answers --------------------------------------------------------------------------- */

static void too_long_an_answer_is_told(void **state)
{
    int fd = client();

    (void)state;
    say(fd, "{\"verb\":\"boast\"}\n");
    HEARS(fd, "{\"ok\":false,\"error\":\"the answer is too long\"}\n");
    close(fd);
}

static void a_long_answer_arrives_in_parts(void **state)
{
    int fd = client();

    (void)state;
    say(fd, "{\"verb\":\"fill\"}\n");
    hear(fd);
    assert_true(strlen(received) > CONTROL_ANSWER - 64);
    assert_memory_equal(received, "{\"ok\":true,\"a\":\"0123456789abcdef\",", 34);
    assert_memory_equal(received + strlen(received) - 4, "f\"}\n", 4);
    close(fd);
}

static void a_late_answer_finds_its_client(void **state)
{
    int fd = client(), other = client();
    struct json *j;

    (void)state;
    say(fd, "{\"verb\":\"later\"}\n{\"verb\":\"echo\",\"text\":\"2\"}\n");
    HEARS(fd, "");
    say(other, "{\"verb\":\"echo\",\"text\":\"x\"}\n");
    assert_non_null(strstr(hear(other), "\"x\""));
    j = control_answer_open(c, later_id);
    assert_non_null(j);
    json_int(j, "value", 8);
    control_answer(c, later_id, NULL, NULL);
    assert_null(control_answer_open(c, later_id));
    while (turn(0))
        ;
    HEARS(fd,
          "{\"ok\":true,\"value\":8}\n{\"ok\":true,\"text\":\"2\",\"number\":-1,\"flag\":"
          "false}\n");
    close(fd);
    close(other);
}

static void a_late_error_is_told(void **state)
{
    int fd = client();

    (void)state;
    say(fd, "{\"verb\":\"later\"}\n");
    assert_non_null(control_answer_open(c, later_id));
    control_answer(c, later_id, "the disk is full", "make room");
    while (turn(0))
        ;
    HEARS(fd, "{\"ok\":false,\"error\":\"the disk is full\",\"hint\":\"make room\"}\n");
    close(fd);
}

static void a_late_answer_to_who_has_gone_goes_nowhere(void **state)
{
    int fd = client(), next;
    uint64_t old;

    (void)state;
    say(fd, "{\"verb\":\"later\"}\n");
    old = later_id;
    close(fd);
    while (turn(0))
        ;
    assert_null(control_answer_open(c, old));
    next = client(); /* in the same place */
    say(next, "{\"verb\":\"later\"}\n");
    assert_int_equal(old & 0xff, later_id & 0xff);
    assert_null(control_answer_open(c, old));
    control_answer(c, old, "not for you", NULL);
    while (turn(0))
        ;
    HEARS(next, "");
    close(next);
}

static void files_come_along(void **state)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(8 * sizeof(int))];
    } control;
    char name[80], text[8] = "";
    struct iovec part = {received, sizeof received};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    int fd = client(), files[CONTROL_FILES];
    FILE *f;

    (void)state;
    snprintf(name, sizeof name, "%s/file", directory);
    f = fopen(name, "w");
    assert_non_null(f);
    fputs("inside", f);
    fclose(f);
    say(fd, "{\"verb\":\"file\"}\n");
    assert_int_equal(recvmsg(fd, &m, MSG_CMSG_CLOEXEC), 12);
    assert_memory_equal(received, "{\"ok\":true}\n", 12);
    assert_int_equal(control.header.cmsg_type, SCM_RIGHTS);
    assert_int_equal(control.header.cmsg_len, CMSG_LEN(sizeof files));
    memcpy(files, CMSG_DATA(&control.header), sizeof files);
    assert_int_equal(pread(files[CONTROL_FILES - 1], text, sizeof text, 0), 6);
    assert_string_equal(text, "inside");
    assert_int_equal(write(files[0], "x", 1), -1);
    for (unsigned i = 0; i < CONTROL_FILES; i++)
        close(files[i]);
    close(fd);
}

/* ---- clients that are no help ------------------------------------------------------------ */

static void one_client_too_many_is_told_so(void **state)
{
    int fds[CONTROL_CLIENTS], last;

    (void)state;
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        fds[i] = client();
    last = client();
    assert_non_null(
        strstr(hear(last), "\"error\":\"the sensor has 16 clients already\""));
    assert_null(hear(last));
    close(last);
    close(fds[3]);
    turn(0);
    fds[3] = client();
    say(fds[3], "{\"verb\":\"echo\",\"text\":\"in\"}\n");
    assert_non_null(strstr(hear(fds[3]), "\"in\""));
    for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
        close(fds[i]);
}

/* One says nothing, one says a little again and again, one takes no answer. */
static void slow_clients_are_let_go_and_keep_nobody_waiting(void **state)
{
    int silent = client(), drip = client(), full = client(), quick, taken = 0;

    (void)state;
    say(full, "{\"verb\":\"fill\"}\n");
    for (unsigned i = 0; i < 11; i++) {
        if (i < 9)
            say(drip, " ");
        quick = client();
        say(quick, "{\"verb\":\"echo\",\"text\":\"q\"}\n");
        taken += strstr(hear(quick), "\"q\"") != NULL;
        close(quick);
        usleep(500000);
        while (turn(0))
            ;
    }
    assert_int_equal(taken, 11);
    assert_null(hear(silent));
    assert_null(hear(drip));
    assert_true(strlen(hear(full)) < CONTROL_ANSWER / 2);
    assert_false(turn(0));
    close(silent);
    close(drip);
    close(full);
}

static void nothing_wakes_the_server_without_clients(void **state)
{
    int fd = client();

    (void)state;
    assert_false(turn(0));
    close(fd);
    assert_true(turn(100));
    assert_false(turn(50));
}

static void a_client_that_shuts_its_side_still_gets_the_answer(void **state)
{
    int fd = client();

    (void)state;
    assert_int_equal(send(fd, "{\"verb\":\"deny\"}\n", 16, 0), 16);
    shutdown(fd, SHUT_WR);
    while (turn(0))
        ;
    assert_memory_equal(hear(fd), "{\"ok\":false,\"seen\":3", 20);
    close(fd);
}

/* No descriptor is left for a connection: it ends, and does not wake the server for ever. */
static void a_connection_beyond_all_descriptors_is_ended(void **state)
{
    struct rlimit before, none;
    int first = client(), fd, lowest;

    (void)state;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    lowest = dup(0);
    close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){(rlim_t)lowest, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&place, sizeof place), 0);
    while (turn(0))
        ;
    assert_non_null(strstr(hear(fd), "\"ok\":false"));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    say(first, "{\"verb\":\"echo\",\"text\":\"here\"}\n");
    assert_non_null(strstr(hear(first), "here"));
    close(first);
    close(fd);
}

static void the_group_gets_the_socket(void **state)
{
    const struct group *g = getgrnam("daemon");
    char why[CONTROL_TEXT] = "", name[80];
    struct control *other;
    struct stat st;

    (void)state;
    if (geteuid() != 0 || !g)
        unit_cannot("root and a group");
    snprintf(name, sizeof name, "%s/file", directory);
    other = control_open(name, "daemon", verbs, NULL, why);
    assert_non_null(other);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_gid, g->gr_gid);
    assert_int_equal(st.st_mode & 07777, 0660);
    control_close(other);
    other = control_open(name, "no-such-group", verbs, NULL, why);
    assert_non_null(other);
    control_close(other);
}

/* ---- the place --------------------------------------------------------------------------- */

static void a_living_sensor_keeps_its_place(void **state)
{
    char why[CONTROL_TEXT] = "", expected[CONTROL_TEXT];
    int fd;

    (void)state;
    assert_null(control_open(path, NULL, verbs, NULL, why));
    snprintf(expected, sizeof expected, "a sensor is running already: it listens at %s",
             path);
    assert_string_equal(why, expected);
    fd = client();
    say(fd, "{\"verb\":\"echo\",\"text\":\"here\"}\n");
    assert_non_null(strstr(hear(fd), "here"));
    close(fd);
}

static void the_place_of_a_dead_sensor_is_taken(void **state)
{
    char why[CONTROL_TEXT] = "", kept[80];
    int fd;

    (void)state;
    snprintf(kept, sizeof kept, "%s/file", directory);
    assert_int_equal(rename(path, kept), 0);
    control_close(c); /* which removes only its own file */
    assert_int_equal(rename(kept, path), 0);
    c = control_open(path, NULL, verbs, &later_id, why);
    assert_non_null(c);
    fd = client();
    say(fd, "{\"verb\":\"echo\",\"text\":\"new\"}\n");
    assert_non_null(strstr(hear(fd), "new"));
    close(fd);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    char name[80], why[CONTROL_TEXT] = "";

    (void)state;
    snprintf(name, sizeof name, "%s/file", directory);
    assert_int_equal(close(open(name, O_CREAT | O_WRONLY, 0600)), 0);
    assert_null(control_open(name, NULL, verbs, NULL, why));
    assert_non_null(strstr(why, "is no socket"));
    assert_int_equal(access(name, F_OK), 0);
}

static void who_may_connect_is_the_owner_and_the_group(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
}

static void a_path_that_cannot_be_is_told(void **state)
{
    char long_path[200], why[CONTROL_TEXT] = "";

    (void)state;
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_null(control_open(long_path, NULL, verbs, NULL, why));
    assert_string_equal(why, "the path of a socket has at most 107 characters");
    assert_null(control_open("no/such/s", NULL, verbs, NULL, why));
    assert_string_equal(why, "cannot listen at no/such/s: No such file or directory");
}

static void the_end_of_the_sensor_removes_the_socket(void **state)
{
    (void)state;
    control_close(c);
    c = NULL;
    assert_int_equal(access(path, F_OK), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_request_is_answered_on_one_line),
        TEST(a_connection_takes_one_request_after_the_other),
        TEST(a_verb_is_told_who_asks),
        TEST(a_refusal_says_why_and_what_to_do),
        TEST(help_lists_the_verbs),
        TEST(nonsense_is_refused_and_the_next_request_served),
        TEST(too_long_a_request_is_the_last),
        TEST(the_longest_request_is_served),
        TEST(too_long_an_answer_is_told),
        TEST(a_long_answer_arrives_in_parts),
        TEST(a_late_answer_finds_its_client),
        TEST(a_late_error_is_told),
        TEST(a_late_answer_to_who_has_gone_goes_nowhere),
        TEST(files_come_along),
        TEST(one_client_too_many_is_told_so),
        TEST(slow_clients_are_let_go_and_keep_nobody_waiting),
        TEST(nothing_wakes_the_server_without_clients),
        TEST(a_connection_beyond_all_descriptors_is_ended),
        TEST(a_client_that_shuts_its_side_still_gets_the_answer),
        TEST(a_living_sensor_keeps_its_place),
        TEST(the_place_of_a_dead_sensor_is_taken),
        TEST(a_file_that_is_no_socket_is_left_alone),
        TEST(who_may_connect_is_the_owner_and_the_group),
        TEST(the_group_gets_the_socket),
        TEST(a_path_that_cannot_be_is_told),
        TEST(the_end_of_the_sensor_removes_the_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
