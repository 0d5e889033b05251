#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alerts/queue.h"
#include "alerts/sink.h"

enum { PATH = 256 };

static char dir[] = "/tmp/sightglass-sink-XXXXXX";
static char path[PATH];

static struct event event_of(const char *line, enum severity severity, uint64_t id)
{
    return (struct event){.kind = id ? EVENT_ALERT : EVENT_RECORD,
                          .severity = severity,
                          .alert_id = id,
                          .line = {(const uint8_t *)line, strlen(line)}};
}

static long size_of(const char *suffix)
{
    char name[PATH + 8];
    struct stat st;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

static struct sink *open_file(uint64_t rotate, unsigned keep)
{
    struct sink_file_config config = {path, rotate, keep};
    char error[SINK_ERROR] = "";
    struct sink *s = sink_file_open(&config, SINK_ALERTS, error);

    assert_non_null(s);
    return s;
}

static int clean(void **state)
{
    char command[PATH];

    (void)state;
    snprintf(command, sizeof command, "rm -f %s/*", dir);
    return system(command);
}

static void a_file_gets_the_kinds_it_wants(void **state)
{
    struct sink *s = open_file(0, 0);
    struct event alert = event_of("0123456789\n", SEVERITY_LOW, 1);
    struct event record = event_of("no\n", SEVERITY_INFO, 0);

    (void)state;
    sink_put(s, &alert);
    sink_put(s, &record);
    assert_true(sink_flush(s, 0));
    assert_int_equal(size_of(""), 11);
    assert_int_equal(s->counters.delivered, 1);
    sink_close(s);
}

static void a_file_is_rotated_between_lines(void **state)
{
    struct sink *s = open_file(30, 2);
    struct event alert = event_of("0123456789\n", SEVERITY_LOW, 1);

    (void)state;
    for (unsigned i = 0; i < 9; i++)
        sink_put(s, &alert);
    assert_true(sink_flush(s, 0));
    assert_int_equal(size_of(""), 11);
    assert_int_equal(size_of(".1"), 22);
    assert_int_equal(size_of(".2"), 22);
    assert_int_equal(size_of(".3"), -1);
    assert_int_equal(s->counters.errors, 0);
    sink_close(s);
}

static void a_file_that_was_moved_away_is_opened_anew(void **state)
{
    struct sink *s = open_file(0, 0);
    struct event alert = event_of("0123456789\n", SEVERITY_LOW, 1);
    char moved[PATH + 8];

    (void)state;
    sink_put(s, &alert);
    snprintf(moved, sizeof moved, "%s.moved", path);
    assert_int_equal(rename(path, moved), 0);
    assert_true(sink_file_reopen(s));
    sink_put(s, &alert);
    sink_put(s, &alert);
    sink_close(s);
    assert_int_equal(size_of(".moved"), 11);
    assert_int_equal(size_of(""), 22);
}

static void a_directory_that_is_not_there_is_a_sentence(void **state)
{
    struct sink_file_config config = {"/nonexistent/eve.json", 0, 0};
    char error[SINK_ERROR] = "";

    (void)state;
    assert_null(sink_file_open(&config, SINK_ALERTS, error));
    assert_string_equal(error,
                        "cannot open /nonexistent/eve.json: No such file or directory");
}

static void a_full_disk_is_counted(void **state)
{
    struct sink_file_config config = {"/dev/full", 0, 0};
    char error[SINK_ERROR] = "";
    struct sink *s = sink_file_open(&config, SINK_ALERTS, error);
    struct event alert = event_of("0123456789\n", SEVERITY_LOW, 1);

    (void)state;
    if (!s)
        skip();
    sink_put(s, &alert);
    assert_false(sink_flush(s, 0));
    assert_true(s->counters.errors > 0);
    sink_close(s);
}

static void a_queue_keeps_order_and_gives_all_its_room_back(void **state)
{
    uint64_t dropped[SEVERITIES] = {0};
    static char longer[3000], back[3000];
    struct event e;
    struct queue q;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    assert_true(queue_open(&q, 4, 8 * QUEUE_BLOCK));
    e = event_of(longer, SEVERITY_LOW, 1);
    assert_int_equal(queue_put(&q, &e, dropped), 0);
    e = event_of("b", SEVERITY_CRITICAL, 2);
    assert_int_equal(queue_put(&q, &e, dropped), 0);
    assert_int_equal(queue_send(&q)->alert_id, 1);
    assert_int_equal(queue_send(&q)->alert_id, 2);
    assert_int_equal(queue_line(queue_oldest(&q), back, sizeof back), 2999);
    assert_memory_equal(back, longer, 2999);
    queue_back(&q);
    assert_int_equal(queue_send(&q)->alert_id, 1);
    queue_done(&q);
    queue_done(&q);
    assert_int_equal(q.entries.used + q.blocks.used, 0);
    queue_close(&q);
}

static void a_line_longer_than_the_queue_is_dropped_itself(void **state)
{
    uint64_t dropped[SEVERITIES] = {0};
    static char longer[3000];
    struct event e;
    struct queue q;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    assert_true(queue_open(&q, 4, 2 * QUEUE_BLOCK));
    e = event_of("b", SEVERITY_CRITICAL, 2);
    assert_int_equal(queue_put(&q, &e, dropped), 0);
    e = event_of(longer, SEVERITY_LOW, 1);
    assert_int_equal(queue_put(&q, &e, dropped), 1);
    assert_int_equal(dropped[SEVERITY_LOW], 1);
    assert_int_equal(q.nwaiting, 1);
    queue_close(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_file_gets_the_kinds_it_wants, clean),
        cmocka_unit_test_teardown(a_file_is_rotated_between_lines, clean),
        cmocka_unit_test_teardown(a_file_that_was_moved_away_is_opened_anew, clean),
        cmocka_unit_test(a_directory_that_is_not_there_is_a_sentence),
        cmocka_unit_test(a_full_disk_is_counted),
        cmocka_unit_test(a_queue_keeps_order_and_gives_all_its_room_back),
        cmocka_unit_test(a_line_longer_than_the_queue_is_dropped_itself),
    };
    int failed;

    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/eve.json", dir);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
