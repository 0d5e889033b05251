#include "tests/unit.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/control_client.h"

/*
 * The client against servers that are none: each test forks one that takes a
 * connection, reads a line, and does what it does.
 */

static struct control_client c;
static struct sockaddr_un at = {.sun_family = AF_UNIX};
static char directory[32];
static pid_t server;

static int begin(void **state)
{
    (void)state;
    server = 0;
    c = (struct control_client){.fd = -1};
    strcpy(directory, "client.XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(at.sun_path, sizeof at.sun_path, "%s/s", directory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    control_disconnect(&c);
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    unlink(at.sun_path);
    return rmdir(directory);
}

static void serve_one(int listener, void (*does)(int fd))
{
    int fd = accept(listener, NULL, NULL);
    char got = 0;

    while (got != '\n' && read(fd, &got, 1) == 1)
        ;
    does(fd);
    _exit(0);
}

static void start(void (*does)(int fd), int timeout)
{
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 1), 0);
    server = fork();
    if (server == 0)
        serve_one(listener, does);
    close(listener);
    assert_int_equal(control_connect(&c, at.sun_path, timeout), CLIENT_FINE);
}

static json_t *ask(void)
{
    json_t *request = json_pack("{s:s}", "verb", "help");
    json_t *answer = control_ask(&c, request);

    json_decref(request);
    return answer;
}

static void put(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) < 0)
        _exit(1);
}

static void answer_in_parts(int fd)
{
    put(fd, "{\"ok\":");
    usleep(20000);
    put(fd, "true}\n");
}

static void an_answer_may_come_in_parts(void **state)
{
    json_t *answer;

    (void)state;
    start(answer_in_parts, 2000);
    answer = ask();
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);
}

static void hang_up(int fd)
{
    put(fd, "{\"ok\":true");
}

static void half_an_answer_is_none(void **state)
{
    (void)state;
    start(hang_up, 2000);
    assert_null(ask());
    assert_string_equal(c.why, "the sensor hung up in the middle of an answer");
}

static void talk_nonsense(int fd)
{
    put(fd, "hello\n");
}

static void an_answer_is_json(void **state)
{
    (void)state;
    start(talk_nonsense, 2000);
    assert_null(ask());
    assert_string_equal(c.why, "the sensor's answer is no JSON");
}

static void say_nothing(int fd)
{
    (void)fd;
    pause();
}

static void silence_has_an_end(void **state)
{
    (void)state;
    start(say_nothing, 100);
    assert_null(ask());
    assert_string_equal(c.why, "the sensor does not answer: it took too long");
}

static void talk_for_ever(int fd)
{
    for (;;)
        put(fd,
            "for ever and ever and ever and ever and ever and ever and ever and ever ");
}

static void an_answer_has_an_end(void **state)
{
    (void)state;
    start(talk_for_ever, 2000);
    assert_null(ask());
    assert_string_equal(c.why, "the sensor's answer has no end");
}

/* Six, where four are the most; then one more answer without any. */
static void give_files(int fd)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(6 * sizeof(int))];
    } control = {0};
    char line[] = "{}\n";
    struct iovec part = {line, 3};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = CMSG_SPACE(6 * sizeof(int))};
    int files[6] = {fd, fd, fd, fd, fd, fd};

    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof files),
                                      .cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), files, sizeof files);
    sendmsg(fd, &m, 0);
    put(fd, "{}\n");
}

static unsigned open_files(void)
{
    unsigned n = 0;

    for (int fd = 0; fd < 64; fd++) {
        int copy = dup(fd);

        n += copy >= 0;
        if (copy >= 0)
            close(copy);
    }
    return n;
}

static void files_that_are_not_taken_are_closed(void **state)
{
    unsigned before;
    int fd;

    (void)state;
    start(give_files, 2000);
    before = open_files();
    json_decref(ask());
    fd = control_take_file(&c, 0);
    assert_true(fd >= 0);
    assert_int_equal(control_take_file(&c, 0), -1);
    assert_int_equal(control_take_file(&c, CONTROL_FILES), -1);
    assert_int_equal(open_files(), before + CONTROL_FILES);
    control_disconnect(&c);
    assert_int_equal(open_files(), before); /* ours is open, the connection is not */
    close(fd);
}

static void nobody_there_is_not_the_same_as_no_way(void **state)
{
    char long_path[200];

    (void)state;
    assert_int_equal(control_connect(&c, at.sun_path, 100), CLIENT_NOT_RUNNING);
    control_disconnect(&c);
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_int_equal(control_connect(&c, long_path, 100), CLIENT_FAILED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_answer_may_come_in_parts),
        TEST(half_an_answer_is_none),
        TEST(an_answer_is_json),
        TEST(silence_has_an_end),
        TEST(an_answer_has_an_end),
        TEST(files_that_are_not_taken_are_closed),
        TEST(nobody_there_is_not_the_same_as_no_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
