/*
 * The Redis sink: against a real server on a unix socket of its own, and against a
 * thread that answers as no server should.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <hiredis.h>

#include "alerts/redis_link.h"
#include "alerts/redis_resolve.h"
#include "alerts/redis_sink.h"
#include "alerts/sink.h"
#include "sensor/core/clock.h"

enum { PATH = 256, ENOUGH = 8000 /* ms */ };

#define ALERTS "sg:site:sensor:alerts"

static char dir[] = "/tmp/sightglass-redis-XXXXXX";
static char socket_path[PATH], server[PATH + 8], password_file[PATH], box_path[PATH];
static pid_t redis;
static struct outbox box;
static struct sink *sink;
static struct sink_redis_config config;
static unsigned news[SINK_NEWS], news_over[SINK_NEWS];
static char latest[SINK_ERROR];

/* ---- a server -------------------------------------------------------------------- */

static void exec_redis(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    dup2(null, 1);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path,
           "--dir", dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "",
           (char *)NULL);
    _exit(127);
}

/* The answer to a command, NULL when there is no server. */
static redisReply *ask(const char *format, ...)
{
    redisContext *c = redisConnectUnix(socket_path);
    redisReply *reply = NULL;
    va_list args;

    va_start(args, format);
    if (c && !c->err)
        reply = redisvCommand(c, format, args);
    va_end(args);
    if (c)
        redisFree(c);
    return reply;
}

static bool is_ready(void)
{
    redisReply *reply = ask("PING");
    bool ok = reply && (reply->type == REDIS_REPLY_STATUS ||
                        strncmp(reply->str, "NOAUTH", 6) == 0);

    if (reply)
        freeReplyObject(reply);
    return ok;
}

static void start(void)
{
    struct timespec wait = {0, 20000000};

    redis = fork();
    if (redis == 0)
        exec_redis();
    for (unsigned i = 0; i < 250 && !is_ready(); i++)
        nanosleep(&wait, NULL);
    assert_true(is_ready());
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

static void done(redisReply *reply)
{
    assert_non_null(reply);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static long long integer(redisReply *reply)
{
    long long n;

    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    n = reply->integer;
    freeReplyObject(reply);
    return n;
}

static long long length(const char *key)
{
    return integer(ask("XLEN %s", key));
}

/* ---- events ---------------------------------------------------------------------- */

static void put(unsigned n, uint32_t lanes)
{
    char line[400];
    struct event e = {.kind = EVENT_ALERT, .severity = SEVERITY_HIGH, .alert_id = n + 1};

    e.line.at = (const uint8_t *)line;
    e.line.len =
        (size_t)snprintf(line, sizeof line, "{\"n\":%u,\"pad\":\"%0300u\"}\n", n, 0u);
    assert_true(outbox_put(&box, &e, lanes));
}

static void put_many(unsigned n)
{
    static unsigned next;

    next = box.sequence == 0 ? 0 : next;
    for (unsigned i = 0; i < n; i++)
        put(next++, 1);
    assert_true(outbox_commit(&box));
}

static void on_news(void *to, enum sink_news what, bool over, const char *detail)
{
    (void)to;
    (over ? news_over : news)[what]++;
    snprintf(latest, sizeof latest, "%s", detail);
}

static void turn(void)
{
    struct pollfd p = {.fd = sink->fd, .events = sink->events};
    int64_t left = sink->due - link_now();

    poll(&p, sink->fd >= 0, left < 0 ? 0 : left > 10 ? 10 : (int)left);
    sink_turn(sink, link_now());
}

/* Goes on until all is delivered, or `ms` have passed. */
static bool deliver(int64_t ms)
{
    int64_t until = link_now() + ms;

    while ((sink_waiting(sink) > 0 || !sink->connected) && link_now() < until)
        turn();
    assert_true(outbox_commit(&box));
    return sink_waiting(sink) == 0 && sink->connected;
}

static void turn_for(int64_t ms)
{
    int64_t until = link_now() + ms;

    while (link_now() < until)
        turn();
}

static void open_box(void)
{
    struct outbox_config on_disk = {
        .path = box_path, .size = 64 << 20, .retention = 600 * NS_PER_S};

    assert_true(outbox_open(&box, &on_disk));
}

static void open_sink(void)
{
    char error[SINK_ERROR] = "";

    sink = sink_redis_open(&config, &box, error);
    if (!sink)
        print_error("%s\n", error);
    assert_non_null(sink);
    sink_listen(sink, on_news, NULL);
}

/* The sensor is started again; `committed`: its cursors had come to disk. */
static void restart(bool committed)
{
    for (unsigned i = 0; i < box.nlanes && !committed; i++)
        box.lanes[i].changed = false;
    sink_close(sink);
    outbox_close(&box);
    open_box();
    open_sink();
}

static int set_up(void **state)
{
    (void)state;
    memset(news, 0, sizeof news);
    memset(news_over, 0, sizeof news_over);
    config = sink_redis_defaults();
    config.name = "soc";
    config.server = server;
    config.keys = "sg:site:sensor";
    config.command_ms = 300;
    open_box();
    open_sink();
    return 0;
}

static int set_up_served(void **state)
{
    start();
    return set_up(state);
}

static int tear_down(void **state)
{
    char remove_all[PATH + 16];

    (void)state;
    sink_close(sink);
    outbox_close(&box);
    stop();
    snprintf(remove_all, sizeof remove_all, "rm -rf %s/*", dir);
    return system(remove_all);
}

/* ---- what is delivered ------------------------------------------------------------- */

static void a_stream_gets_every_event_once_in_order(void **state)
{
    redisReply *reply;

    (void)state;
    put_many(1000);
    assert_true(deliver(ENOUGH));
    assert_int_equal(sink->counters.delivered, 1000);
    reply = ask("XRANGE %s - +", ALERTS);
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

static void records_go_to_a_stream_of_their_own(void **state)
{
    struct event record = {.kind = EVENT_RECORD, .line = {(const uint8_t *)"{}\n", 3}};

    (void)state;
    sink_close(sink);
    config.events = true;
    outbox_close(&box);
    open_box();
    open_sink();
    assert_int_equal(sink->nlanes, 2);
    put(1, 1u << sink->lanes[0]);
    assert_true(outbox_put(&box, &record, 1u << sink->lanes[1]));
    assert_true(outbox_commit(&box));
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 1);
    assert_int_equal(length("sg:site:sensor:events"), 1);
}

static void a_list_gets_lines(void **state)
{
    (void)state;
    config.mode = REDIS_LIST;
    restart(true);
    put_many(300);
    assert_true(deliver(ENOUGH));
    assert_int_equal(integer(ask("LLEN %s", ALERTS)), 300);
}

static void a_channel_reaches_who_listens(void **state)
{
    redisContext *c = redisConnectUnix(socket_path);
    void *reply;

    (void)state;
    config.mode = REDIS_CHANNEL;
    restart(true);
    done(redisCommand(c, "SUBSCRIBE %s", ALERTS));
    put_many(3);
    assert_true(deliver(ENOUGH));
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(redisGetReply(c, &reply), REDIS_OK);
        assert_string_equal(((redisReply *)reply)->element[0]->str, "message");
        freeReplyObject(reply);
    }
    redisFree(c);
}

static void health_is_a_hash_that_expires(void **state)
{
    const char *pairs[] = {"version", "1", "seeing", "100"};
    redisReply *reply;

    (void)state;
    assert_false(sink_redis_health(sink, pairs, 2, 5000)); /* not connected yet */
    assert_true(deliver(ENOUGH));
    assert_true(sink_redis_health(sink, pairs, 2, 5000));
    turn_for(100);
    reply = ask("HGET sg:site:sensor:health seeing");
    assert_string_equal(reply->str, "100");
    freeReplyObject(reply);
    assert_true(integer(ask("PTTL sg:site:sensor:health")) > 4000);
}

static void evidence_is_kept_by_alert_for_a_day(void **state)
{
    redisReply *reply;

    (void)state;
    assert_true(deliver(ENOUGH));
    assert_true(
        sink_redis_evidence(sink, 0x1234, (struct bytes){(const uint8_t *)"hello", 5}));
    turn_for(100);
    reply = ask("GET sg:site:sensor:evidence:0000000000001234");
    assert_string_equal(reply->str, "aGVsbG8=");
    freeReplyObject(reply);
    assert_true(integer(ask("TTL sg:site:sensor:evidence:0000000000001234")) > 86000);
}

/* ---- faults ------------------------------------------------------------------------ */

static void write_password(const char *text)
{
    FILE *f = fopen(password_file, "w");

    fputs(text, f);
    fclose(f);
}

static void a_wrong_password_waits_for_a_person_and_the_right_one_serves(void **state)
{
    (void)state;
    done(ask("CONFIG SET requirepass secret"));
    write_password("falsch\n");
    config.password_file = password_file;
    restart(true);
    put_many(3);
    assert_false(deliver(700));
    assert_int_equal(news[SINK_REFUSED], 1);
    assert_non_null(strstr(sink->error, "WRONGPASS"));
    assert_null(strstr(sink->error, "falsch"));
    write_password("secret\n");
    assert_true(deliver(ENOUGH));
    assert_int_equal(news_over[SINK_REFUSED], 1);
    config.user = "default";
    restart(true);
    put_many(3);
    assert_true(deliver(ENOUGH));
}

static void a_credential_goes_before_the_file(void **state)
{
    (void)state;
    done(ask("CONFIG SET requirepass secret"));
    write_password("secret");
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    config.password_file = "/nonexistent/password";
    restart(true);
    put_many(3);
    assert_true(deliver(ENOUGH));
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void a_killed_server_loses_and_doubles_nothing(void **state)
{
    (void)state;
    put_many(500);
    assert_true(deliver(ENOUGH));
    stop();
    put_many(500);
    assert_false(deliver(200));
    assert_true(sink->counters.errors > 0);
    assert_int_equal(sink->counters.delivered, 500);
    start();
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 1000);
    assert_int_equal(sink_lost(sink), 0);
}

/* The answers never came: the server did the work, we do not know. */
static void what_was_in_flight_is_looked_up_and_not_stored_twice(void **state)
{
    (void)state;
    put_many(10);
    assert_true(deliver(ENOUGH));
    kill(redis, SIGSTOP);
    put_many(50);
    assert_false(deliver(600));
    assert_true(sink->counters.timeouts > 0);
    kill(redis, SIGCONT);
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 60);
}

/* All was sent and answered, but the cursor had not come to disk. */
static void a_killed_sensor_finds_what_it_had_sent(void **state)
{
    (void)state;
    put_many(100);
    while (sink_waiting(sink) > 0)
        turn();
    restart(false);
    assert_int_equal(sink_waiting(sink), 100);
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 100);
}

/*
 * As a restart from an AOF that lacks its last second.  What a consumer has removed
 * meanwhile does not come back.
 */
static void a_server_that_lost_its_last_entries_gets_them_again(void **state)
{
    redisReply *reply;
    char last[64];

    (void)state;
    put_many(100);
    assert_true(deliver(ENOUGH));
    reply = ask("XREVRANGE %s + - COUNT 41", ALERTS);
    snprintf(last, sizeof last, "%s", reply->element[40]->element[0]->str);
    for (unsigned i = 0; i < 40; i++)
        done(ask("XDEL %s %s", ALERTS, reply->element[i]->element[0]->str));
    freeReplyObject(reply);
    done(ask("XTRIM %s MAXLEN 50", ALERTS));
    done(ask("XSETID %s %s ENTRIESADDED 60 MAXDELETEDID 0-0", ALERTS, last));
    done(ask("CLIENT KILL TYPE normal SKIPME yes"));
    turn_for(50);
    assert_true(deliver(ENOUGH));
    turn_for(500);
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 90);
    assert_int_equal(sink->counters.resent, 40);
    assert_int_equal(news[SINK_TRIMMED], 0);
    restart(true);
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 90);
}

static void an_old_copy_that_was_put_back_is_told(void **state)
{
    (void)state;
    put_many(3);
    assert_true(deliver(ENOUGH));
    box.config.retention = 0;
    outbox_keep(&box, INT64_C(4000000000) * NS_PER_S,
                INT64_C(4000000000) * NS_PER_S - box.clock);
    assert_int_equal(box.rows, 0);
    put_many(2);
    assert_true(deliver(ENOUGH));
    done(ask("DEL %s", ALERTS));
    done(ask("XADD %s 5-5 a b", ALERTS)); /* of an earlier time */
    restart(true);
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 3);
    assert_int_equal(news[SINK_TRIMMED], 1);
    assert_non_null(strstr(latest, "ends at 5-5"));
}

static void an_emptied_server_gets_what_is_still_here(void **state)
{
    (void)state;
    put_many(100);
    assert_true(deliver(ENOUGH));
    done(ask("FLUSHALL"));
    put_many(20); /* and we go on before we notice */
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 20);
    turn_for(5500);
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 120);
    assert_int_equal(news[SINK_TRIMMED], 1);
    assert_int_equal(news[SINK_OWNER], 0);
}

static void a_key_of_another_type_waits_for_a_person(void **state)
{
    (void)state;
    done(ask("SET %s mine", ALERTS));
    put_many(3);
    assert_false(deliver(500));
    assert_non_null(strstr(sink->error, "WRONGTYPE"));
    assert_int_equal(news[SINK_REFUSED], 1);
    assert_int_equal(sink_lost(sink), 0);
    done(ask("DEL %s", ALERTS));
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 3);
    assert_int_equal(news_over[SINK_REFUSED], 1);
}

static void a_full_server_is_asked_again(void **state)
{
    (void)state;
    assert_true(deliver(ENOUGH));
    done(ask("CONFIG SET maxmemory 1"));
    put_many(3);
    assert_false(deliver(600));
    assert_non_null(strstr(sink->error, "OOM"));
    done(ask("CONFIG SET maxmemory 0"));
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 3);
}

/* Somebody else writes an id far ahead of any clock. */
static void ids_go_above_what_somebody_else_wrote(void **state)
{
    (void)state;
    put_many(1);
    assert_true(deliver(ENOUGH));
    done(ask("XADD %s 9000000000000-5 a b", ALERTS));
    put_many(3);
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 5);
    assert_int_equal(box.lanes[0].cursor.ms, UINT64_C(9000000000000));
    assert_int_equal(sink_lost(sink), 0);
}

/* A sensor of the same name stored something else under an id of ours. */
static void an_entry_of_somebody_else_is_no_delivery(void **state)
{
    struct outbox_row row;

    (void)state;
    put_many(2);
    outbox_read(&box, 0, (struct stream_id){0, 0});
    assert_true(outbox_row(&box, &row));
    outbox_stop(&box);
    done(ask("XADD %s %" PRIu64 "-%" PRIu64
             " alert_id 0000000000000001 update 0 event {}",
             ALERTS, row.id.ms, row.id.n));
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 3);
}

static void another_owner_is_told(void **state)
{
    (void)state;
    done(ask("SET sg:site:sensor:owner somebody"));
    put_many(3);
    assert_true(deliver(ENOUGH));
    assert_int_equal(news[SINK_OWNER], 1);
    assert_non_null(strstr(latest, "somebody"));
    assert_int_equal(length(ALERTS), 3);
}

/* Redis ends the connection over it, and says why. */
static void one_event_that_is_refused_for_itself_is_given_up_in_the_end(void **state)
{
    static char line[1100000];
    struct event e = {.kind = EVENT_ALERT, .alert_id = 77};

    (void)state;
    assert_true(deliver(ENOUGH));
    done(ask("CONFIG SET proto-max-bulk-len 1mb"));
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 2] = '\n';
    e.line = (struct bytes){(uint8_t *)line, sizeof line - 1};
    put_many(1);
    assert_true(outbox_put(&box, &e, 1));
    put_many(1);
    for (unsigned i = 0; i < 40 && sink_waiting(sink) > 0; i++) {
        deliver(200);
        ((struct redis_sink *)sink)->retry_at = sink->due = 0; /* not the full pause */
    }
    assert_int_equal(sink_waiting(sink), 0);
    assert_int_equal(length(ALERTS), 2);
    assert_int_equal(sink_lost(sink), 1);
    assert_int_equal(sink->counters.rejected, 1);
    assert_true(news[SINK_REFUSED] > 0);
}

static void nobody_there_is_an_error_and_no_wait(void **state)
{
    int64_t before = link_now();

    (void)state;
    config.server = "127.0.0.1:1";
    restart(true);
    put_many(100);
    assert_false(deliver(300));
    assert_true(link_now() - before < 1000);
    assert_non_null(strstr(sink->error, "cannot connect"));
}

/* ---- trimming ---------------------------------------------------------------------- */

static void make_old_and_new(void)
{
    put_many(50);
    assert_true(deliver(ENOUGH));
    usleep(300000);
    put_many(50);
    assert_true(deliver(ENOUGH));
    config.trim_keep = 250 * (int64_t)NS_PER_MS;
    done(ask("CONFIG SET stream-node-max-entries 1")); /* trimming by nodes is exact */
}

static void a_stream_is_trimmed_by_age(void **state)
{
    (void)state;
    done(ask("CONFIG SET stream-node-max-entries 1"));
    make_old_and_new();
    restart(true);
    assert_true(deliver(ENOUGH));
    turn_for(200);
    assert_true(length(ALERTS) <= 50);
    assert_true(length(ALERTS) > 0);
}

static void and_never_past_what_a_group_has_not_acknowledged(void **state)
{
    redisReply *reply;

    (void)state;
    done(ask("CONFIG SET stream-node-max-entries 1"));
    done(ask("XGROUP CREATE %s siem $ MKSTREAM", ALERTS));
    done(ask("XGROUP CREATE %s slow $ MKSTREAM", ALERTS));
    make_old_and_new();
    done(ask("XREADGROUP GROUP siem a COUNT 100 NOACK STREAMS %s >", ALERTS));
    reply = ask("XREADGROUP GROUP slow a COUNT 20 STREAMS %s >", ALERTS);
    for (unsigned i = 0; i < 10; i++)
        done(ask("XACK %s slow %s", ALERTS,
                 reply->element[0]->element[1]->element[i]->element[0]->str));
    freeReplyObject(reply);
    restart(true);
    assert_true(deliver(ENOUGH));
    turn_for(200);
    assert_int_equal(length(ALERTS), 90);
    assert_int_equal(news[SINK_TRIMMED], 0);
}

static void who_may_not_trim_is_told_and_alerts_go_on(void **state)
{
    (void)state;
    done(ask("ACL SETUSER default -xinfo|groups"));
    put_many(3);
    assert_true(deliver(ENOUGH));
    turn_for(100);
    assert_int_equal(news[SINK_REFUSED], 1);
    assert_non_null(strstr(latest, "NOPERM"));
    put_many(3);
    assert_true(deliver(ENOUGH));
    assert_int_equal(length(ALERTS), 6);
}

static void unread_entries_that_somebody_removed_are_told(void **state)
{
    (void)state;
    done(ask("XGROUP CREATE %s slow 0 MKSTREAM", ALERTS));
    put_many(100);
    assert_true(deliver(ENOUGH));
    done(ask("XTRIM %s MAXLEN 10", ALERTS));
    restart(true);
    assert_true(deliver(ENOUGH));
    turn_for(200);
    assert_int_equal(news[SINK_TRIMMED], 1);
    assert_int_equal(length(ALERTS), 10); /* what a group may have read is not repeated */
}

/* ---- a server that answers oddly --------------------------------------------------- */

struct fake {
    int listener;
    const char *answer; /* to whatever comes */
    size_t len;
    unsigned piece; /* bytes of it at once */
    pthread_t thread;
};

static void *serve(void *to)
{
    struct fake *f = to;
    char bytes[4096];
    int fd;

    while ((fd = accept(f->listener, NULL, NULL)) >= 0) {
        while (recv(fd, bytes, sizeof bytes, 0) > 0) {
            for (size_t at = 0; at < f->len; at += f->piece) {
                size_t n = f->len - at < f->piece ? f->len - at : f->piece;

                if (send(fd, f->answer + at, n, MSG_NOSIGNAL) < 0)
                    break;
            }
        }
        close(fd);
    }
    return NULL;
}

static void fake_begin(struct fake *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", dir);
    f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(f->listener, 8), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

static void fake_end(struct fake *f)
{
    sink_close(sink); /* the thread leaves its connection */
    shutdown(f->listener, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->listener);
    open_sink();
}

static void expect_failure(const char *answer, size_t len, const char *error)
{
    struct fake f = {.answer = answer, .len = len, .piece = 1u << 20};

    fake_begin(&f);
    put_many(5);
    assert_false(deliver(800));
    if (!strstr(sink->error, error))
        print_error("# %s\n", sink->error);
    assert_non_null(strstr(sink->error, error));
    assert_int_equal(sink->counters.delivered, 0);
    assert_int_equal(sink_waiting(sink), 5);
    fake_end(&f);
}

static void a_server_that_is_silent_is_left(void **state)
{
    (void)state;
    expect_failure("", 0, "no answer in time");
    assert_int_equal(sink_lost(sink), 0);
}

static void a_server_of_another_kind_is_left(void **state)
{
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

    (void)state;
    expect_failure(http, sizeof http - 1, "not Redis");
}

static void answers_to_nothing_are_no_deliveries(void **state)
{
    static char many[5 * 200];

    (void)state;
    for (size_t i = 0; i < sizeof many; i += 5)
        memcpy(many + i, "+OK\r\n", 5);
    expect_failure(many, sizeof many, "without a question");
}

static void half_an_answer_is_waited_for_and_no_longer(void **state)
{
    (void)state;
    expect_failure("$100\r\nabc", 9, "no answer in time");
}

static void a_server_without_our_commands_waits_for_a_person(void **state)
{
    static const char error[] = "-ERR unknown command `SET`\r\n";

    (void)state;
    expect_failure(error, sizeof error - 1, "unknown command");
    assert_int_equal(news[SINK_REFUSED], 1);
}

/* It would fill the memory. */
static void an_answer_without_end_is_left(void **state)
{
    static char endless[17 << 20] = "$500000000\r\n";

    (void)state;
    memset(endless + 12, 'x', sizeof endless - 12);
    config.command_ms = 5000;
    restart(true);
    expect_failure(endless, sizeof endless, "without end");
}

/* ---- names -------------------------------------------------------------------------- */

static void a_name_is_looked_up_without_waiting(void **state)
{
    struct lookup *l = lookup_begin("localhost", "6379");
    struct pollfd p = {.events = POLLIN};

    (void)state;
    assert_non_null(l);
    p.fd = lookup_fd(l);
    assert_int_equal(poll(&p, 1, 5000), 1);
    assert_true(lookup_result(l)->n > 0);
    lookup_drop(l);
    l = lookup_begin("192.0.2.1", "6379");
    assert_non_null(lookup_result(l)); /* at once */
    assert_int_equal(lookup_result(l)->n, 1);
    lookup_drop(l);
    lookup_drop(lookup_begin("localhost", "6379")); /* nobody waits for it */
}

static void what_can_never_work_is_said_at_the_start(void **state)
{
    static const struct {
        const char *server, *ca, *cert, *error;
    } wrong[] = {
        {"localhost", NULL, NULL, "neither host:port nor unix:/path"},
        {":6379", NULL, NULL, "neither host:port nor unix:/path"},
        {"[::1:6379", NULL, NULL, "neither host:port nor unix:/path"},
        {"unix:/tmp/s", "/etc/hostname", NULL, "TLS does not go over a unix socket"},
        {"localhost:1", "/etc/hostname", NULL, "/etc/hostname"},
        {"localhost:1", "/nowhere/ca.pem", NULL, "ca.pem: No such file"},
        {"localhost:1", NULL, "/etc/hostname", "without a CA"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct link l;
        struct tls_files files = {wrong[i].ca, wrong[i].cert, NULL};

        assert_false(link_set_up(&l, wrong[i].server, &files));
        assert_non_null(strstr(l.error, wrong[i].error));
        link_free(&l);
    }
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

#define SERVED(name) cmocka_unit_test_setup_teardown(name, set_up_served, tear_down)
#define FAKED(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_stream_gets_every_event_once_in_order),
        SERVED(records_go_to_a_stream_of_their_own),
        SERVED(a_list_gets_lines),
        SERVED(a_channel_reaches_who_listens),
        SERVED(health_is_a_hash_that_expires),
        SERVED(evidence_is_kept_by_alert_for_a_day),
        SERVED(a_wrong_password_waits_for_a_person_and_the_right_one_serves),
        SERVED(a_credential_goes_before_the_file),
        SERVED(a_killed_server_loses_and_doubles_nothing),
        SERVED(what_was_in_flight_is_looked_up_and_not_stored_twice),
        SERVED(a_killed_sensor_finds_what_it_had_sent),
        SERVED(a_server_that_lost_its_last_entries_gets_them_again),
        SERVED(an_old_copy_that_was_put_back_is_told),
        SERVED(an_emptied_server_gets_what_is_still_here),
        SERVED(a_key_of_another_type_waits_for_a_person),
        SERVED(a_full_server_is_asked_again),
        SERVED(ids_go_above_what_somebody_else_wrote),
        SERVED(an_entry_of_somebody_else_is_no_delivery),
        SERVED(another_owner_is_told),
        SERVED(one_event_that_is_refused_for_itself_is_given_up_in_the_end),
        SERVED(nobody_there_is_an_error_and_no_wait),
        SERVED(a_stream_is_trimmed_by_age),
        SERVED(and_never_past_what_a_group_has_not_acknowledged),
        SERVED(who_may_not_trim_is_told_and_alerts_go_on),
        SERVED(unread_entries_that_somebody_removed_are_told),
        FAKED(a_server_that_is_silent_is_left),
        FAKED(a_server_of_another_kind_is_left),
        FAKED(answers_to_nothing_are_no_deliveries),
        FAKED(half_an_answer_is_waited_for_and_no_longer),
        FAKED(a_server_without_our_commands_waits_for_a_person),
        FAKED(an_answer_without_end_is_left),
        cmocka_unit_test(a_name_is_looked_up_without_waiting),
        cmocka_unit_test(what_can_never_work_is_said_at_the_start),
    };

    if (!has_redis() || !mkdtemp(dir)) {
        puts("1..0 # SKIP no redis-server here");
        return 0;
    }
    snprintf(socket_path, sizeof socket_path, "%s/socket", dir);
    snprintf(server, sizeof server, "unix:%s", socket_path);
    snprintf(password_file, sizeof password_file, "%s/password", dir);
    snprintf(box_path, sizeof box_path, "%s/outbox.db", dir);
    return cmocka_run_group_tests(tests, NULL, clean);
}
