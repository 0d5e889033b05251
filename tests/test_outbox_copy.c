#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/outbox_copy.h"
#include "tests/sample_alerts.h"

enum { PATH = 128, LONG = 4000, MANY = 1200 };

static struct outbox box;
static struct outbox_copy copying;
static char directory[32], path[PATH], copy_path[PATH];

static int begin(void **state)
{
    struct outbox_config config = {
        .path = path, .size = 64 << 20, .retention = 3600 * NS_PER_S};

    (void)state;
    strcpy(directory, "copy.XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/outbox.db", directory);
    snprintf(copy_path, sizeof copy_path, "%s/copy.db", directory);
    return outbox_open(&box, &config) ? 0 : -1;
}

static int end(void **state)
{
    char command[64];

    (void)state;
    outbox_copy_end(&copying);
    outbox_close(&box);
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

static void put(unsigned n)
{
    static uint8_t line[LONG];
    struct event e = {.kind = EVENT_RECORD, .line = {line, sizeof line}};

    memset(line, 'x', sizeof line);
    while (n-- > 0)
        assert_true(outbox_put(&box, &e, 1));
    assert_true(outbox_commit(&box));
}

/* The one number a query gives, of a file that nobody else has open; -1: none. */
static int64_t number(const char *file, const char *query)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *q = NULL;
    int64_t n = -1;

    if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, query, -1, &q, NULL) == SQLITE_OK &&
        sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

static void nobody_else_can_read_an_open_outbox(void **state)
{
    (void)state;
    put(1);
    assert_int_equal(number(path, "SELECT count(*) FROM event"), -1);
}

static void what_comes_in_between_is_in_the_copy(void **state)
{
    char log[PATH + 8];
    unsigned steps = 0;

    (void)state;
    assert_int_equal(outbox_lane(&box, "soc"), 0);
    put(MANY);
    assert_true(outbox_copy_begin(&copying, &box, copy_path));
    while (outbox_copy_step(&copying, 0) == COPY_GOES_ON) {
        put(1);
        assert_true(++steps < 1000);
    }
    assert_true(steps > 1);
    assert_string_equal(copying.error, "");
    assert_int_equal(number(copy_path, "SELECT count(*) FROM event"), MANY + steps);
    assert_int_equal(number(copy_path, "SELECT count(*) FROM pragma_quick_check "
                                       "WHERE quick_check = 'ok'"),
                     1);
    snprintf(log, sizeof log, "%s-wal", copy_path);
    assert_int_equal(access(log, F_OK), -1);
}

static void an_empty_outbox_is_copied(void **state)
{
    (void)state;
    assert_true(outbox_copy_begin(&copying, &box, copy_path));
    assert_int_equal(outbox_copy_step(&copying, 0), COPY_DONE);
    assert_int_equal(number(copy_path, "SELECT count(*) FROM event"), 0);
}

static void a_copy_is_an_outbox_of_its_own(void **state)
{
    struct outbox_config config = {.path = copy_path, .size = 64 << 20};
    static struct outbox other;

    (void)state;
    assert_int_equal(outbox_lane(&box, "soc"), 0);
    put(1);
    assert_true(outbox_copy_begin(&copying, &box, copy_path));
    assert_int_equal(outbox_copy_step(&copying, 0), COPY_DONE);
    assert_true(outbox_open(&other, &config));
    assert_int_equal(other.damaged, 0);
    assert_int_equal(outbox_lane(&other, "soc"), 0);
    assert_int_equal(other.lanes[0].waiting, 1);
    outbox_close(&other);
}

static void a_copy_that_is_given_up_harms_nothing(void **state)
{
    (void)state;
    put(MANY);
    assert_true(outbox_copy_begin(&copying, &box, copy_path));
    assert_int_equal(outbox_copy_step(&copying, 0), COPY_GOES_ON);
    outbox_copy_end(&copying);
    outbox_copy_end(&copying);
    put(1);
    assert_int_equal(box.rows, MANY + 1);
}

static void a_place_that_is_not_there_is_told(void **state)
{
    (void)state;
    assert_false(outbox_copy_begin(&copying, &box, "no/such/copy.db"));
    assert_string_equal(copying.error, "unable to open database file");
    assert_false(outbox_copy_begin(&copying, &box, path)); /* never over another file */
    assert_string_equal(copying.error, "there is such a file already");
}

/* ---- whose root cause --------------------------------------------------------------- */

static uint64_t id, root;

static void take_event(void *to, const struct event *e)
{
    (void)to;
    if (e->kind == EVENT_GONE)
        return;
    id = e->alert_id;
    root = e->root;
    assert_true(outbox_put(&box, e, 0));
}

static void raise_alerts(unsigned n)
{
    static struct record_pool pool;
    static struct encoder encoder;
    static struct alerts alerts;
    struct alerts_config config = alerts_defaults();
    struct record *record;

    config.save = true;
    config.eve = (struct eve){&encoder, "1.0.0", "99c030754b69", "north-wtp", NULL};
    encoder_open(&encoder);
    assert_true(record_pool_open(&pool, 8));
    assert_true(alerts_open(&alerts, &config, take_event, NULL));
    record = sample_write(&pool);
    for (unsigned i = 0; i < n; i++) {
        struct finding f = sample_finding(&sample_signature, record, i);

        alerts_take(&alerts, &f, SAMPLE_TIME);
    }
    assert_true(outbox_commit(&box));
    alerts_close(&alerts, SAMPLE_TIME);
    record_give(record);
    record_pool_close(&pool);
}

static void an_alert_is_found_by_its_id_and_by_its_root_cause(void **state)
{
    uint64_t found = 0;

    (void)state;
    assert_int_equal(outbox_root_of(&box, 0, UINT64_MAX, &found), 0);
    raise_alerts(3);
    assert_int_equal(outbox_root_of(&box, id, id, &found), 1);
    assert_true(found == root);
    found = 0;
    assert_int_equal(outbox_root_of(&box, root, root, &found), 1);
    assert_true(found == root);
    assert_int_equal(outbox_root_of(&box, id + 1, id + 1, &found), 0);
    assert_int_equal(outbox_root_of(&box, 0, UINT64_MAX, &found), 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(nobody_else_can_read_an_open_outbox),
        TEST(what_comes_in_between_is_in_the_copy),
        TEST(an_empty_outbox_is_copied),
        TEST(a_copy_is_an_outbox_of_its_own),
        TEST(a_copy_that_is_given_up_harms_nothing),
        TEST(a_place_that_is_not_there_is_told),
        TEST(an_alert_is_found_by_its_id_and_by_its_root_cause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
