/* The Redis sink against a real server on a unix socket of its own. */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "alerts/redis_link.h"
#include "alerts/sink.h"

enum { PATH = 256, ENOUGH = 5000 };

static char dir[] = "/tmp/sightglass-redis-XXXXXX";
static char server[PATH + 8], password_file[PATH];
static pid_t redis;
static struct sink *sink;
static struct sink_redis_config config;

/* ---- a server -------------------------------------------------------------------- */

static void exec_redis(const char *password)
{
    char path[PATH];
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    dup2(null, 1);
    snprintf(path, sizeof path, "%s/socket", dir);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path, "--dir",
           dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "",
           "--requirepass", password, (char *)NULL);
    _exit(127);
}

static redisReply *ask(const char *password, int argc, const char **argv)
{
    struct link l = {0};
    const char *auth[] = {"AUTH", password};
    redisReply *reply = NULL;

    if (link_open(&l, server, link_now() + 1000)) {
        if (*password) {
            reply = link_ask(&l, 2, auth, link_now() + 1000);
            if (reply)
                freeReplyObject(reply);
        }
        reply = link_ask(&l, argc, argv, link_now() + 1000);
    }
    link_close(&l);
    return reply;
}

static bool is_ready(const char *password)
{
    const char *ping[] = {"PING"};
    redisReply *reply = ask(password, 1, ping);
    bool ok = reply && reply->type == REDIS_REPLY_STATUS;

    if (reply)
        freeReplyObject(reply);
    return ok;
}

static void start(const char *password)
{
    struct timespec wait = {0, 20000000};

    redis = fork();
    if (redis == 0)
        exec_redis(password);
    for (unsigned i = 0; i < 250 && !is_ready(password); i++)
        nanosleep(&wait, NULL);
    assert_true(is_ready(password));
}

static void stop(void)
{
    if (redis > 0) {
        kill(redis, SIGCONT);
        kill(redis, SIGKILL);
        waitpid(redis, NULL, 0);
    }
    redis = 0;
}

/* An integer answer, or the number of elements of an array. */
static long long number(const char *command, const char *key)
{
    const char *argv[] = {command, key};
    redisReply *reply = ask("", 2, argv);
    long long n;

    assert_non_null(reply);
    n = reply->type == REDIS_REPLY_INTEGER ? reply->integer : (long long)reply->elements;
    freeReplyObject(reply);
    return n;
}

static void command(const char *a, const char *b, const char *c, const char *d)
{
    const char *argv[] = {a, b, c, d};
    redisReply *reply = ask("", d ? 4 : c ? 3 : 2, argv);

    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

/* ---- events ---------------------------------------------------------------------- */

static void put(unsigned n, enum severity severity)
{
    char line[400];
    struct event e = {.kind = EVENT_ALERT, .severity = severity, .alert_id = n + 1};

    e.line.at = (const uint8_t *)line;
    e.line.len =
        (size_t)snprintf(line, sizeof line, "{\"n\":%u,\"pad\":\"%0300u\"}\n", n, 0u);
    sink_put(sink, &e);
}

static void put_many(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        put(i, SEVERITY_HIGH);
}

static void open_sink(void)
{
    char error[SINK_ERROR] = "";

    sink = sink_redis_open(&config, SINK_ALERTS | SINK_RECORDS, error);
    assert_non_null(sink);
}

static int set_up(void **state)
{
    (void)state;
    config = sink_redis_defaults();
    config.server = server;
    config.keys = "sg:site:sensor";
    config.command_ms = 300;
    start("");
    command("FLUSHALL", "SYNC", NULL, NULL);
    open_sink();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sink_close(sink);
    stop();
    return 0;
}

/* ---- tests ------------------------------------------------------------------------ */

static void a_stream_gets_every_event_once_in_order(void **state)
{
    const char *range[] = {"XRANGE", "sg:site:sensor:alerts", "-", "+"};
    redisReply *reply;
    struct event record = {.kind = EVENT_RECORD, .line = {(const uint8_t *)"{}\n", 3}};

    (void)state;
    put_many(1000);
    sink_put(sink, &record);
    assert_true(sink_flush(sink, ENOUGH));
    assert_int_equal(sink->counters.delivered, 1001);
    assert_int_equal(number("XLEN", "sg:site:sensor:events"), 1);
    reply = ask("", 4, range);
    assert_int_equal(reply->elements, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        const redisReply *fields = reply->element[i]->element[1];
        char begins[32];

        snprintf(begins, sizeof begins, "{\"n\":%u,", i);
        assert_int_equal(fields->elements, 6);
        assert_string_equal(fields->element[0]->str, "alert_id");
        assert_string_equal(fields->element[2]->str, "update");
        assert_string_equal(fields->element[4]->str, "event");
        assert_memory_equal(fields->element[5]->str, begins, strlen(begins));
    }
    assert_string_equal(reply->element[0]->element[1]->element[1]->str,
                        "0000000000000001");
    freeReplyObject(reply);
}

static void a_list_gets_lines(void **state)
{
    (void)state;
    sink_close(sink);
    config.mode = REDIS_LIST;
    open_sink();
    put_many(300);
    assert_true(sink_flush(sink, ENOUGH));
    assert_int_equal(number("LLEN", "sg:site:sensor:alerts"), 300);
}

static void a_channel_reaches_who_listens(void **state)
{
    const char *subscribe[] = {"SUBSCRIBE", "sg:site:sensor:alerts"};
    struct link l = {0};
    redisReply *reply;

    (void)state;
    sink_close(sink);
    config.mode = REDIS_CHANNEL;
    open_sink();
    assert_true(link_open(&l, server, link_now() + 1000));
    reply = link_ask(&l, 2, subscribe, link_now() + 1000);
    assert_non_null(reply);
    freeReplyObject(reply);
    put_many(3);
    assert_true(sink_flush(sink, ENOUGH));
    for (unsigned i = 0; i < 3; i++) {
        reply = link_reply(&l, link_now() + 1000);
        assert_non_null(reply);
        assert_string_equal(reply->element[0]->str, "message");
        freeReplyObject(reply);
    }
    link_close(&l);
}

static void a_password_is_needed_and_the_right_one_serves(void **state)
{
    FILE *f = fopen(password_file, "w");

    (void)state;
    fputs("wrong\n", f);
    fclose(f);
    stop();
    start("secret");
    config.password_file = password_file;
    sink_close(sink);
    open_sink();
    put_many(3);
    assert_false(sink_flush(sink, 1000));
    assert_non_null(strstr(sink->error, "login"));
    assert_non_null(strstr(sink->error, "WRONGPASS"));
    assert_null(strstr(sink->error, "wrong"));
    f = fopen(password_file, "w");
    fputs("secret\n", f);
    fclose(f);
    sink_close(sink);
    open_sink();
    put_many(3);
    assert_true(sink_flush(sink, 1000));
    config.user = "default";
    sink_close(sink);
    open_sink();
    put_many(3);
    assert_true(sink_flush(sink, 1000));
}

static void a_killed_server_loses_and_doubles_nothing(void **state)
{
    (void)state;
    put_many(500);
    assert_true(sink_flush(sink, ENOUGH));
    stop();
    put_many(500);
    sink_poll(sink);
    assert_true(sink->counters.errors > 0);
    assert_int_equal(sink->counters.delivered, 500);
    start("");
    assert_true(sink_flush(sink, ENOUGH));
    assert_int_equal(sink->counters.delivered, 1000);
    assert_int_equal(number("XLEN", "sg:site:sensor:alerts"), 1000);
    assert_int_equal(sink->counters.dropped, 0);
}

/*
 * The connection breaks with answers outstanding: the server did the work, we do
 * not know.  PAUSE makes it answer late; KILL makes it never answer.
 */
static void what_was_in_flight_is_looked_up_and_not_stored_twice(void **state)
{
    (void)state;
    put_many(10);
    assert_true(sink_flush(sink, ENOUGH));
    kill(redis, SIGSTOP);
    for (unsigned i = 10; i < 60; i++)
        put(i, SEVERITY_HIGH);
    sink_poll(sink);
    assert_int_equal(sink->counters.timeouts, 1);
    kill(redis, SIGCONT);
    assert_true(sink_flush(sink, ENOUGH));
    assert_int_equal(sink->counters.delivered, 60);
    assert_int_equal(number("XLEN", "sg:site:sensor:alerts"), 60);
}

static void a_stopped_server_costs_its_time_outs_and_no_more(void **state)
{
    int64_t before;

    (void)state;
    kill(redis, SIGSTOP);
    before = link_now();
    put_many(4000);
    assert_false(sink_flush(sink, 2000));
    assert_true(link_now() - before < 4000);
    assert_true(sink->counters.timeouts >= 2);
    assert_int_equal(sink->counters.delivered, 0);
    kill(redis, SIGCONT);
    assert_true(sink_flush(sink, ENOUGH));
    assert_int_equal(number("XLEN", "sg:site:sensor:alerts"), 4000);
}

static void a_full_queue_drops_the_least_severe_and_counts(void **state)
{
    (void)state;
    stop();
    sink_close(sink);
    config.queue = 10;
    open_sink();
    for (unsigned i = 0; i < 8; i++)
        put(i, SEVERITY_LOW);
    for (unsigned i = 8; i < 16; i++)
        put(i, SEVERITY_CRITICAL);
    put(16, SEVERITY_INFO);
    assert_int_equal(sink->counters.dropped, 7);
    assert_int_equal(sink->counters.dropped_by_severity[SEVERITY_LOW], 6);
    assert_int_equal(sink->counters.dropped_by_severity[SEVERITY_INFO], 1);
    start("");
    assert_true(sink_flush(sink, ENOUGH));
    assert_int_equal(number("XLEN", "sg:site:sensor:alerts"), 10);
}

static void a_key_of_another_type_is_refused_and_nothing_is_lost(void **state)
{
    (void)state;
    command("SET", "sg:site:sensor:alerts", "mine", NULL);
    put_many(3);
    assert_false(sink_flush(sink, 500));
    assert_non_null(strstr(sink->error, "WRONGTYPE"));
    assert_int_equal(sink->counters.rejected, 0);
    assert_int_equal(sink->counters.dropped, 0);
}

static void a_full_server_is_asked_again(void **state)
{
    (void)state;
    command("CONFIG", "SET", "maxmemory", "1");
    put_many(3);
    assert_false(sink_flush(sink, 600));
    assert_non_null(strstr(sink->error, "OOM"));
    command("CONFIG", "SET", "maxmemory", "0");
    assert_true(sink_flush(sink, ENOUGH));
    assert_int_equal(number("XLEN", "sg:site:sensor:alerts"), 3);
}

/* Somebody else writes an id far ahead of any clock. */
static void ids_go_above_what_somebody_else_wrote(void **state)
{
    const char *add[] = {"XADD", "sg:site:sensor:alerts", "9000000000000-5", "a", "b"};

    (void)state;
    put_many(1);
    assert_true(sink_flush(sink, ENOUGH));
    freeReplyObject(ask("", 5, add));
    put_many(3);
    assert_true(sink_flush(sink, ENOUGH));
    assert_int_equal(number("XLEN", "sg:site:sensor:alerts"), 5);
    assert_non_null(strstr(sink->error, "equal or smaller"));
    assert_int_equal(sink->counters.rejected, 0);
}

static void nobody_there_is_an_error_and_no_wait(void **state)
{
    int64_t before = link_now();

    (void)state;
    sink_close(sink);
    config.server = "127.0.0.1:1";
    open_sink();
    put_many(100);
    assert_false(sink_flush(sink, 300));
    assert_true(link_now() - before < 1000);
    assert_non_null(strstr(sink->error, "cannot connect"));
}

static bool has_redis(void)
{
    return system("redis-server --version >/dev/null 2>&1") == 0;
}

static int clean(void **state)
{
    char remove_it[PATH];

    (void)state;
    snprintf(remove_it, sizeof remove_it, "rm -rf %s", dir);
    return system(remove_it);
}

#define SERVED(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_stream_gets_every_event_once_in_order),
        SERVED(a_list_gets_lines),
        SERVED(a_channel_reaches_who_listens),
        SERVED(a_password_is_needed_and_the_right_one_serves),
        SERVED(a_killed_server_loses_and_doubles_nothing),
        SERVED(what_was_in_flight_is_looked_up_and_not_stored_twice),
        SERVED(a_stopped_server_costs_its_time_outs_and_no_more),
        SERVED(a_full_queue_drops_the_least_severe_and_counts),
        SERVED(a_key_of_another_type_is_refused_and_nothing_is_lost),
        SERVED(a_full_server_is_asked_again),
        SERVED(ids_go_above_what_somebody_else_wrote),
        SERVED(nobody_there_is_an_error_and_no_wait),
    };

    if (!has_redis() || !mkdtemp(dir)) {
        puts("1..0 # SKIP no redis-server here");
        return 0;
    }
    snprintf(server, sizeof server, "unix:%s/socket", dir);
    snprintf(password_file, sizeof password_file, "%s/password", dir);
    return cmocka_run_group_tests(tests, NULL, clean);
}
