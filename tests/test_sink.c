/* The file sink: a lane of an outbox as lines of a file. */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alerts/sink.h"
#include "sensor/core/clock.h"

enum { PATH = 256 };

static char dir[] = "/tmp/sightglass-sink-XXXXXX";
static char path[PATH], box_path[PATH];
static struct outbox box;
static struct sink *sink;
static int64_t now; /* ms */

static long size_of(const char *suffix)
{
    char name[PATH + 8];
    struct stat st;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

static void open_all(const char *file, uint64_t rotate, unsigned keep)
{
    struct outbox_config on_disk = {
        .path = box_path, .size = 64 << 20, .retention = 60 * NS_PER_S};
    struct sink_file_config config = {"log", file, rotate, keep};
    char error[SINK_ERROR] = "";

    assert_true(outbox_open(&box, &on_disk));
    sink = sink_file_open(&config, &box, error);
    assert_non_null(sink);
}

static void close_all(void)
{
    sink_close(sink);
    outbox_close(&box);
}

/* As kill -9 leaves it: what the outbox has not committed is not there. */
static void crash(void)
{
    for (unsigned i = 0; i < box.nlanes; i++)
        box.lanes[i].changed = false;
    close_all();
}

/* Ten signs and a newline, each another. */
static void put(unsigned n)
{
    char line[16];
    struct event e = {
        .kind = EVENT_ALERT, .alert_id = n + 1, .line = {(uint8_t *)line, 11}};

    snprintf(line, sizeof line, "%010u\n", n);
    assert_true(outbox_put(&box, &e, 1));
}

static void put_many(unsigned first, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        put(first + i);
    assert_true(outbox_commit(&box));
}

static void turn(void)
{
    now += 10000;
    sink_turn(sink, now);
}

/* The file holds the lines `first` to `first + n - 1` behind `skip` bytes, no more. */
static void assert_lines(unsigned first, unsigned n, long skip)
{
    FILE *f = fopen(path, "r");
    char line[64], expected[64];

    assert_non_null(f);
    fseek(f, skip, SEEK_SET);
    for (unsigned i = 0; i < n; i++) {
        assert_non_null(fgets(line, sizeof line, f));
        snprintf(expected, sizeof expected, "%010u\n", first + i);
        assert_string_equal(line, expected);
    }
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
}

static int clean(void **state)
{
    char command[PATH];

    (void)state;
    snprintf(command, sizeof command, "rm -f %s/*", dir);
    return system(command);
}

static void append(const char *text)
{
    FILE *f = fopen(path, "a");

    fputs(text, f);
    fclose(f);
}

/* ---- tests ------------------------------------------------------------------------ */

static void what_is_committed_is_written_and_counts_as_delivered(void **state)
{
    (void)state;
    open_all(path, 0, 0);
    put(0);
    turn();
    assert_int_equal(size_of(""), 0); /* not on disk yet: nobody gets it */
    assert_true(outbox_commit(&box));
    turn();
    assert_lines(0, 1, 0);
    assert_int_equal(sink->counters.delivered, 1);
    assert_int_equal(sink_waiting(sink), 0);
    close_all();
}

static void a_file_is_rotated_between_lines(void **state)
{
    (void)state;
    open_all(path, 30, 2);
    put_many(0, 9);
    for (unsigned i = 0; i < 5; i++)
        turn();
    assert_int_equal(size_of(""), 11);
    assert_int_equal(size_of(".1"), 22);
    assert_int_equal(size_of(".2"), 22);
    assert_int_equal(size_of(".3"), -1);
    assert_int_equal(sink->counters.errors, 0);
    assert_int_equal(sink->counters.delivered, 9);
    close_all();
}

static void a_file_that_was_moved_away_is_opened_anew(void **state)
{
    char moved[PATH + 8];

    (void)state;
    open_all(path, 0, 0);
    put_many(0, 1);
    turn();
    snprintf(moved, sizeof moved, "%s.moved", path);
    assert_int_equal(rename(path, moved), 0);
    sink_reopen(sink);
    put_many(1, 2);
    turn();
    assert_int_equal(size_of(".moved"), 11);
    assert_lines(1, 2, 0);
    close_all();
}

static void after_a_crash_no_line_is_there_twice(void **state)
{
    (void)state;
    open_all(path, 0, 0);
    put_many(0, 3);
    turn();
    assert_true(outbox_commit(&box));
    put_many(3, 4);
    turn();
    crash(); /* the file has seven, the lane knows of three */
    open_all(path, 0, 0);
    assert_int_equal(sink_waiting(sink), 0);
    assert_int_equal(sink->counters.delivered, 4);
    put_many(7, 1);
    turn();
    assert_lines(0, 8, 0);
    close_all();
}

static void after_a_crash_half_a_line_is_cut_off(void **state)
{
    (void)state;
    open_all(path, 0, 0);
    put_many(0, 3);
    turn();
    put_many(3, 2);
    crash();
    append("0000000003\n00000");
    open_all(path, 0, 0);
    assert_int_equal(size_of(""), 44);
    turn();
    assert_lines(0, 5, 0);
    close_all();
}

static void what_somebody_else_appended_stays(void **state)
{
    (void)state;
    open_all(path, 0, 0);
    put_many(0, 1);
    turn();
    close_all();
    append("not ours");
    open_all(path, 0, 0);
    put_many(1, 1);
    turn();
    assert_int_equal(size_of(""), 11 + 9 + 11);
    assert_lines(1, 1, 20);
    close_all();
}

static void a_crash_between_two_files_loses_nothing(void **state)
{
    char moved[PATH + 8];

    (void)state;
    open_all(path, 30, 3);
    put_many(0, 2);
    turn();
    put_many(2, 1);
    crash();
    snprintf(moved, sizeof moved, "%s.1", path); /* as far as rotation had come */
    assert_int_equal(rename(path, moved), 0);
    open_all(path, 30, 3);
    turn();
    assert_int_equal(size_of(".1"), 22);
    assert_lines(2, 1, 0);
    close_all();
}

static void a_file_that_was_emptied_is_filled_again(void **state)
{
    (void)state;
    open_all(path, 0, 0);
    put_many(0, 3);
    turn();
    assert_int_equal(truncate(path, 0), 0);
    put_many(3, 1);
    turn();
    close_all();
    open_all(path, 0, 0);
    put_many(4, 1);
    turn();
    assert_lines(3, 2, 0);
    close_all();
}

static void a_directory_that_is_not_there_is_a_sentence(void **state)
{
    struct outbox_config memory = {.size = 1 << 20};
    struct sink_file_config config = {"log", "/nonexistent/eve.json", 0, 0};
    char error[SINK_ERROR] = "";

    (void)state;
    assert_true(outbox_open(&box, &memory));
    assert_null(sink_file_open(&config, &box, error));
    assert_non_null(strstr(error, "/nonexistent/eve.json: No such file"));
    outbox_close(&box);
}

/* /dev/full takes nothing. */
static void a_full_disk_is_counted_and_tried_again(void **state)
{
    (void)state;
    open_all("/dev/full", 0, 0);
    put_many(0, 3);
    turn();
    turn();
    assert_int_equal(sink->counters.errors, 2);
    assert_non_null(strstr(sink->error, "No space left"));
    assert_int_equal(sink_waiting(sink), 3);
    assert_int_equal(sink_lost(sink), 0);
    close_all();
}

/* The disk takes a part of the batch: what was written of it goes again. */
static void a_disk_that_fills_up_leaves_no_half_line(void **state)
{
    struct rlimit limit, before;

    (void)state;
    open_all(path, 0, 0);
    put_many(0, 10);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 60;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    turn();
    assert_int_equal(size_of(""), 0);
    assert_int_equal(sink->counters.errors, 1);
    setrlimit(RLIMIT_FSIZE, &before);
    turn();
    assert_lines(0, 10, 0);
    assert_int_equal(sink->error[0], '\0');
    close_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_committed_is_written_and_counts_as_delivered,
                                  clean),
        cmocka_unit_test_teardown(a_file_is_rotated_between_lines, clean),
        cmocka_unit_test_teardown(a_file_that_was_moved_away_is_opened_anew, clean),
        cmocka_unit_test_teardown(after_a_crash_no_line_is_there_twice, clean),
        cmocka_unit_test_teardown(after_a_crash_half_a_line_is_cut_off, clean),
        cmocka_unit_test_teardown(what_somebody_else_appended_stays, clean),
        cmocka_unit_test_teardown(a_crash_between_two_files_loses_nothing, clean),
        cmocka_unit_test_teardown(a_file_that_was_emptied_is_filled_again, clean),
        cmocka_unit_test(a_directory_that_is_not_there_is_a_sentence),
        cmocka_unit_test_teardown(a_full_disk_is_counted_and_tried_again, clean),
        cmocka_unit_test_teardown(a_disk_that_fills_up_leaves_no_half_line, clean),
    };
    int failed;

    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/eve.json", dir);
    snprintf(box_path, sizeof box_path, "%s/outbox.db", dir);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
