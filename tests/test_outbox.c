#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "alerts/outbox.h"
#include "sensor/core/clock.h"

enum { PATH = 256 };

static char dir[] = "/tmp/sightglass-outbox-XXXXXX";
static char path[PATH];
static struct outbox box;

static struct outbox_config on_disk(void)
{
    return (struct outbox_config){
        .path = path, .size = 64 << 20, .retention = 3600 * NS_PER_S};
}

static void open_box(const struct outbox_config *config)
{
    assert_true(outbox_open(&box, config));
}

static struct event event_of(const char *line, enum severity severity, uint64_t id)
{
    return (struct event){.kind = id ? EVENT_ALERT : EVENT_RECORD,
                          .severity = severity,
                          .alert_id = id,
                          .root = id,
                          .line = {(const uint8_t *)line, strlen(line)}};
}

static void put(uint64_t id, enum severity severity, uint32_t lanes)
{
    struct event e = event_of("0123456789\n", severity, id);

    assert_true(outbox_put(&box, &e, lanes));
}

/* What the lane holds from here on, by alert id; how many. */
static unsigned read_ids(unsigned lane, struct stream_id from, uint64_t *out, unsigned n)
{
    struct outbox_row row;
    unsigned found = 0;

    outbox_read(&box, lane, from);
    while (found < n && outbox_row(&box, &row))
        out[found++] = row.alert_id;
    outbox_stop(&box);
    return found;
}

static unsigned waiting_ids(unsigned lane, uint64_t *out, unsigned n)
{
    return read_ids(lane, id_after(box.lanes[lane].cursor), out, n);
}

static struct outbox_row row_at(unsigned lane, unsigned nth)
{
    struct outbox_row row = {.sequence = 0};

    outbox_read(&box, lane, (struct stream_id){0, 0});
    for (unsigned i = 0; i <= nth; i++)
        assert_true(outbox_row(&box, &row));
    outbox_stop(&box);
    return row;
}

static int clean(void **state)
{
    char command[PATH];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s/*", dir);
    return system(command);
}

/* ---- tests ------------------------------------------------------------------------ */

static void what_is_committed_comes_back_in_order_with_its_ids(void **state)
{
    struct outbox_config config = on_disk();
    uint64_t ids[8], owner;
    struct stream_id first, second;
    unsigned lane;

    (void)state;
    open_box(&config);
    lane = outbox_lane(&box, "soc:alerts");
    for (unsigned i = 1; i <= 3; i++)
        put(i, SEVERITY_HIGH, 1u << lane);
    assert_int_equal(box.lanes[lane].waiting, 0); /* not committed yet */
    assert_true(outbox_commit(&box));
    assert_int_equal(box.lanes[lane].waiting, 3);
    first = row_at(lane, 0).id;
    second = row_at(lane, 1).id;
    assert_true(id_is_above(second, first));
    outbox_delivered(&box, lane, first, 0);
    owner = box.owner;
    outbox_close(&box);

    open_box(&config);
    assert_int_equal(box.owner, owner);
    lane = outbox_lane(&box, "soc:alerts");
    assert_int_equal(box.lanes[lane].waiting, 2);
    assert_int_equal(waiting_ids(lane, ids, 8), 2);
    assert_int_equal(ids[0], 2);
    assert_int_equal(ids[1], 3);
    assert_int_equal(row_at(lane, 1).id.ms, second.ms);
    assert_int_equal(row_at(lane, 1).id.n, second.n);
    assert_int_equal(row_at(lane, 0).line.len, 11);
    outbox_close(&box);
}

/* The child is killed after its commit, with more in its batch. */
static void a_killed_process_keeps_what_it_committed_and_nothing_else(void **state)
{
    struct outbox_config config = on_disk();
    uint64_t ids[8];
    int status;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        struct event e = event_of("0123456789\n", SEVERITY_LOW, 0);

        if (!outbox_open(&box, &config))
            _exit(1);
        outbox_lane(&box, "soc:alerts");
        for (e.alert_id = 1; e.alert_id <= 5; e.alert_id++)
            outbox_put(&box, &e, 1);
        if (!outbox_commit(&box))
            _exit(1);
        outbox_put(&box, &e, 1);
        raise(SIGKILL);
    }
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    open_box(&config);
    outbox_lane(&box, "soc:alerts");
    assert_int_equal(waiting_ids(0, ids, 8), 5);
    assert_int_equal(ids[4], 5);
    assert_int_equal(box.damaged, 0);
    outbox_close(&box);
}

static void a_lane_goes_on_where_it_was_and_a_new_one_begins_now(void **state)
{
    struct outbox_config config = on_disk();
    unsigned old, new;

    (void)state;
    open_box(&config);
    old = outbox_lane(&box, "old");
    put(1, SEVERITY_LOW, 1u << old);
    outbox_close(&box);
    open_box(&config);
    new = outbox_lane(&box, "new");
    old = outbox_lane(&box, "old");
    assert_int_equal(box.lanes[new].waiting, 0);
    assert_int_equal(box.lanes[old].waiting, 1);
    put(2, SEVERITY_LOW, 1u << old | 1u << new);
    assert_true(outbox_commit(&box));
    assert_int_equal(box.lanes[new].waiting, 1);
    assert_int_equal(box.lanes[old].waiting, 2);
    outbox_close(&box);
}

static void a_lane_nobody_asks_for_is_ended_and_counted(void **state)
{
    struct outbox_config config = on_disk();

    (void)state;
    open_box(&config);
    outbox_lane(&box, "gone");
    put(1, SEVERITY_LOW, 1);
    put(2, SEVERITY_LOW, 1);
    outbox_close(&box);
    open_box(&config);
    outbox_lane(&box, "stays");
    assert_int_equal(outbox_end_others(&box), 2);
    assert_int_equal(outbox_end_others(&box), 0);
    outbox_close(&box);
}

static void moved_events_go_to_the_end_with_new_ids(void **state)
{
    struct outbox_config config = {.size = 1 << 20};
    struct stream_id ids[2];
    uint64_t order[4];

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    for (unsigned i = 1; i <= 4; i++)
        put(i, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    ids[0] = row_at(0, 0).id;
    ids[1] = row_at(0, 2).id;
    outbox_seen(&box, 0, (struct stream_id){UINT64_C(9000000000000), 7});
    assert_true(outbox_move(&box, 0, ids, 2));
    assert_int_equal(waiting_ids(0, order, 4), 4);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 4);
    assert_int_equal(order[2], 1);
    assert_int_equal(order[3], 3);
    assert_int_equal(row_at(0, 2).id.ms, UINT64_C(9000000000000));
    assert_int_equal(row_at(0, 2).id.n, 8);
    assert_int_equal(row_at(0, 3).id.n, 9);
    outbox_close(&box);
}

static void delivered_events_wait_again_after_a_rewind(void **state)
{
    struct outbox_config config = {.size = 1 << 20, .retention = NS_PER_S * 60};
    struct stream_id second;

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    for (unsigned i = 1; i <= 4; i++)
        put(i, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    second = row_at(0, 1).id;
    for (unsigned i = 0; i < 4; i++)
        outbox_delivered(&box, 0, row_at(0, i).id, 0);
    assert_int_equal(box.lanes[0].waiting, 0);
    assert_int_equal(outbox_rewind(&box, 0, second), 2);
    outbox_close(&box);
}

static void the_events_before_a_new_stream_are_repeated_behind_it(void **state)
{
    struct outbox_config config = {.size = 1 << 20, .retention = NS_PER_S * 60};
    uint64_t order[4];

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    for (unsigned i = 1; i <= 4; i++)
        put(i, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    for (unsigned i = 0; i < 4; i++)
        outbox_delivered(&box, 0, row_at(0, i).id, 0);
    assert_int_equal(outbox_repeat(&box, 0, row_at(0, 2).id), 2);
    assert_int_equal(box.lanes[0].waiting, 2);
    assert_int_equal(waiting_ids(0, order, 4), 2);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 2);
    outbox_close(&box);
}

static void what_was_delivered_stays_for_its_retention(void **state)
{
    struct outbox_config config = {.size = 1 << 20, .retention = NS_PER_S * 60};
    struct timespec t;
    int64_t now;

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    outbox_lane(&box, "log");
    put(1, SEVERITY_LOW, 3);
    put(2, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    outbox_delivered(&box, 0, row_at(0, 0).id, 0);
    outbox_delivered(&box, 0, row_at(0, 1).id, 0);
    clock_gettime(CLOCK_REALTIME, &t);
    now = t.tv_sec * NS_PER_S;
    outbox_keep(&box, now + 59 * NS_PER_S, now + 59 * NS_PER_S - box.clock);
    assert_int_equal(box.rows, 2);
    outbox_keep(&box, now + 62 * NS_PER_S, now + 62 * NS_PER_S - box.clock);
    assert_int_equal(box.rows, 1); /* one still waits for the other lane */
    outbox_delivered(&box, 1, row_at(1, 0).id, 0);
    outbox_keep(&box, now + 62 * NS_PER_S, now + 62 * NS_PER_S - box.clock);
    assert_int_equal(box.rows, 0);
    assert_int_equal(box.bytes, 0);
    assert_int_equal(box.lanes[0].lost + box.lanes[1].lost, 0);
    outbox_close(&box);
}

static void a_full_outbox_gives_up_the_least_severe_and_counts(void **state)
{
    struct outbox_config config = {.size = 20 * (OUTBOX_ROW + 11)};
    uint64_t ids[64];

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    for (unsigned i = 0; i < 10; i++) {
        put(1 + i, SEVERITY_LOW, 1);
        put(101 + i, SEVERITY_CRITICAL, 1);
        put(0, SEVERITY_INFO, 1);
    }
    assert_true(outbox_commit(&box));
    assert_int_equal(outbox_percent(&box), 150);
    outbox_keep(&box, 0, -box.clock);
    assert_int_equal(box.lanes[0].lost, 10); /* the records */
    for (unsigned i = 0; i < 5; i++)
        put(201 + i, SEVERITY_HIGH, 1);
    outbox_keep(&box, 0, -box.clock);
    assert_int_equal(box.lanes[0].lost, 15);
    assert_int_equal(box.lanes[0].waiting, 20);
    assert_int_equal(waiting_ids(0, ids, 64), 20);
    for (unsigned i = 0; i < 20; i++)
        assert_true(ids[i] >= 6 && ids[i] <= 205); /* the oldest five of the low */
    assert_int_equal(box.gone, 15);
    outbox_close(&box);
}

static void or_the_oldest_when_told_so(void **state)
{
    struct outbox_config config = {.size = 4 * (OUTBOX_ROW + 11), .drop_oldest = true};
    uint64_t ids[8];

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    for (unsigned i = 1; i <= 6; i++)
        put(i, i == 1 ? SEVERITY_CRITICAL : SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    outbox_keep(&box, 0, -box.clock);
    assert_int_equal(waiting_ids(0, ids, 8), 4);
    assert_int_equal(ids[0], 3);
    outbox_close(&box);
}

static void what_waits_too_long_is_given_up_and_a_set_clock_is_no_age(void **state)
{
    struct outbox_config config = {.size = 1 << 20, .age = 100 * NS_PER_S};
    const int64_t year = 31536000 * NS_PER_S;
    struct timespec wall, steady;
    int64_t w, s;

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    put(1, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &steady);
    w = wall.tv_sec * NS_PER_S + wall.tv_nsec;
    s = steady.tv_sec * NS_PER_S + steady.tv_nsec;
    outbox_keep(&box, w + year, s + NS_PER_S); /* set a year ahead in one second */
    assert_int_equal(box.lanes[0].lost, 0);
    outbox_keep(&box, w + year + 90 * NS_PER_S, s + 90 * NS_PER_S);
    assert_int_equal(box.lanes[0].lost, 0);
    outbox_keep(&box, w + year + 102 * NS_PER_S, s + 102 * NS_PER_S);
    assert_int_equal(box.lanes[0].lost, 1);
    assert_int_equal(box.lanes[0].waiting, 0);
    outbox_close(&box);
}

static void a_damaged_file_is_moved_aside_and_begun_anew(void **state)
{
    struct outbox_config config = on_disk();
    char aside[PATH + 16], rubbish[4000];
    struct stat st;
    FILE *f;

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    put(1, SEVERITY_LOW, 1);
    outbox_close(&box);
    memset(rubbish, 'x', sizeof rubbish);
    f = fopen(path, "r+");
    fwrite(rubbish, 1, sizeof rubbish, f);
    fclose(f);
    open_box(&config);
    assert_int_equal(box.damaged, 1);
    snprintf(aside, sizeof aside, "%s.damaged", path);
    assert_int_equal(stat(aside, &st), 0);
    outbox_lane(&box, "soc");
    put(2, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    assert_int_equal(box.lanes[0].waiting, 1);
    outbox_close(&box);
}

static void damage_that_shows_later_costs_what_waited_and_is_counted(void **state)
{
    struct outbox_config config = on_disk();

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    for (unsigned i = 1; i <= 3; i++)
        put(i, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    put(4, SEVERITY_LOW, 1);
    sqlite3_exec(box.db.handle,
                 "PRAGMA writable_schema = ON; UPDATE sqlite_master SET"
                 " rootpage = 5000 WHERE name = 'event'",
                 NULL, NULL, NULL);
    outbox_close(&box); /* what it writes in the end fails, too */
    open_box(&config);
    assert_int_equal(box.damaged, 1);
    outbox_lane(&box, "soc");
    put(5, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    put(6, SEVERITY_LOW, 1);
    box.db.damaged = true; /* as a reading finds out */
    outbox_keep(&box, 0, -box.clock);
    assert_int_equal(box.damaged, 2);
    assert_int_equal(box.lanes[0].lost, 1);
    assert_int_equal(box.lanes[0].waiting, 1); /* what was in the batch */
    outbox_close(&box);
}

static void a_second_sensor_does_not_get_the_same_file(void **state)
{
    static struct outbox other;
    struct outbox_config config = on_disk();

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    assert_false(outbox_open(&other, &config));
    assert_non_null(strstr(other.error, "locked"));
    assert_int_equal(other.damaged, 0);
    outbox_close(&other);
    put(1, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    outbox_close(&box);
}

/* The first 4 KiB that the file may not have: as a full disk. */
static void a_disk_that_takes_nothing_loses_nothing(void **state)
{
    struct outbox_config config = on_disk();
    struct event e = event_of("0123456789\n", SEVERITY_LOW, 1);

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    assert_true(outbox_commit(&box));
    sqlite3_exec(box.db.handle, "PRAGMA max_page_count = 1", NULL, NULL, NULL);
    for (unsigned i = 0; i < 400; i++)
        assert_true(outbox_put(&box, &e, 1));
    assert_false(outbox_commit(&box));
    assert_non_null(strstr(box.error, "full"));
    assert_int_equal(box.lanes[0].waiting, 0);
    for (unsigned i = 400; i < OUTBOX_BATCH; i++)
        assert_true(outbox_put(&box, &e, 1));
    assert_false(outbox_put(&box, &e, 1)); /* no room until something is committed */
    sqlite3_exec(box.db.handle, "PRAGMA max_page_count = 100000", NULL, NULL, NULL);
    assert_true(outbox_put(&box, &e, 1));
    assert_true(outbox_commit(&box));
    assert_int_equal(box.lanes[0].waiting, OUTBOX_BATCH + 1);
    outbox_close(&box);
}

static int64_t pages(const char *pragma)
{
    sqlite3_stmt *s = NULL;
    int64_t n;

    sqlite3_prepare_v2(box.db.handle, pragma, -1, &s, NULL);
    sqlite3_step(s);
    n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void the_file_shrinks_again_and_keeps_some_room(void **state)
{
    static char line[8000];
    struct outbox_config config = on_disk();
    struct timespec t;
    struct event e;

    (void)state;
    memset(line, 'x', sizeof line - 1);
    e = event_of(line, SEVERITY_LOW, 1);
    config.retention = 0;
    open_box(&config);
    outbox_lane(&box, "soc");
    for (unsigned i = 0; i < 4000; i++)
        assert_true(outbox_put(&box, &e, 1));
    assert_true(outbox_commit(&box));
    assert_true(pages("PRAGMA page_count") > 7000);
    outbox_pass(&box, 0, box.lanes[0].last);
    clock_gettime(CLOCK_REALTIME, &t);
    for (unsigned i = 0; i < 30; i++)
        outbox_keep(&box, t.tv_sec * NS_PER_S + NS_PER_S,
                    t.tv_sec * NS_PER_S + NS_PER_S - box.clock);
    assert_int_equal(box.rows, 0);
    assert_true(pages("PRAGMA freelist_count") <= 4096);
    assert_true(pages("PRAGMA freelist_count") > 3000);
    assert_true(pages("PRAGMA page_count") < 4500);
    outbox_close(&box);
}

struct collected {
    char text[64];
};

static void collect(void *to, struct bytes saved)
{
    struct collected *c = to;
    size_t len = strlen(c->text);

    snprintf(c->text + len, sizeof c->text - len, "%.*s ", (int)saved.len,
             (const char *)saved.at);
}

static void put_saved(uint64_t root, const char *saved, bool over)
{
    struct event e = event_of("line\n", SEVERITY_LOW, root);

    e.saved = (struct bytes){(const uint8_t *)saved, strlen(saved)};
    e.over = over;
    assert_true(outbox_put(&box, &e, 1));
}

static void the_latest_of_each_alert_comes_back_closed_ones_first(void **state)
{
    struct outbox_config config = on_disk();
    struct collected c = {""};

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    put_saved(1, "a1", false);
    put_saved(2, "b1", false);
    put_saved(1, "a2", false);
    put_saved(3, "c1", true);
    put_saved(2, "b2", true);
    outbox_close(&box);
    open_box(&config);
    outbox_each_saved(&box, collect, &c);
    assert_string_equal(c.text, "c1 b2 a2 ");
    outbox_close(&box);
}

static void an_alert_that_is_followed_leaves_its_times(void **state)
{
    struct outbox_config config = {.size = 1 << 20};
    struct outbox_row row;

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    outbox_follow(&box, 7);
    put(6, SEVERITY_LOW, 1);
    put(7, SEVERITY_LOW, 1);
    assert_int_equal(box.trace.committed, 0);
    assert_true(outbox_commit(&box));
    assert_true(box.trace.committed > 0);
    row = row_at(0, 0);
    outbox_delivered(&box, 0, row.id, row.sequence);
    assert_int_equal(box.trace.delivered[0], 0);
    row = row_at(0, 1);
    outbox_delivered(&box, 0, row.id, row.sequence);
    assert_true(box.trace.delivered[0] >= box.trace.committed);
    outbox_close(&box);
}

static void a_refused_event_is_lost_and_not_read_again(void **state)
{
    struct outbox_config config = {.size = 1 << 20};
    uint64_t ids[4];

    (void)state;
    open_box(&config);
    outbox_lane(&box, "soc");
    put(1, SEVERITY_LOW, 1);
    put(2, SEVERITY_LOW, 1);
    assert_true(outbox_commit(&box));
    outbox_refuse(&box, 0, row_at(0, 0).id);
    assert_int_equal(box.lanes[0].lost, 1);
    assert_int_equal(box.lanes[0].waiting, 1);
    assert_int_equal(outbox_rewind(&box, 0, (struct stream_id){0, 0}), 1);
    assert_int_equal(waiting_ids(0, ids, 4), 1);
    assert_int_equal(ids[0], 2);
    outbox_close(&box);
}

#define ON_DISK(name) cmocka_unit_test_teardown(name, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_DISK(what_is_committed_comes_back_in_order_with_its_ids),
        ON_DISK(a_killed_process_keeps_what_it_committed_and_nothing_else),
        ON_DISK(a_lane_goes_on_where_it_was_and_a_new_one_begins_now),
        ON_DISK(a_lane_nobody_asks_for_is_ended_and_counted),
        cmocka_unit_test(moved_events_go_to_the_end_with_new_ids),
        cmocka_unit_test(delivered_events_wait_again_after_a_rewind),
        cmocka_unit_test(the_events_before_a_new_stream_are_repeated_behind_it),
        cmocka_unit_test(what_was_delivered_stays_for_its_retention),
        cmocka_unit_test(a_full_outbox_gives_up_the_least_severe_and_counts),
        cmocka_unit_test(or_the_oldest_when_told_so),
        cmocka_unit_test(what_waits_too_long_is_given_up_and_a_set_clock_is_no_age),
        ON_DISK(a_damaged_file_is_moved_aside_and_begun_anew),
        ON_DISK(damage_that_shows_later_costs_what_waited_and_is_counted),
        ON_DISK(a_second_sensor_does_not_get_the_same_file),
        ON_DISK(a_disk_that_takes_nothing_loses_nothing),
        ON_DISK(the_file_shrinks_again_and_keeps_some_room),
        ON_DISK(the_latest_of_each_alert_comes_back_closed_ones_first),
        cmocka_unit_test(an_alert_that_is_followed_leaves_its_times),
        cmocka_unit_test(a_refused_event_is_lost_and_not_read_again),
    };
    int failed;

    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/outbox.db", dir);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
