#include "tests/unit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/snapshot.h"

static struct snapshot s;
static char directory[32], why[SNAPSHOT_TEXT];
static const int64_t time_of_it = INT64_C(1772615564) * NS_PER_S;

static int begin(void **state)
{
    (void)state;
    strcpy(directory, "snapshot.XXXXXX");
    why[0] = '\0';
    return mkdtemp(directory) ? 0 : -1;
}

static int end(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

static struct bytes text(const char *t)
{
    return (struct bytes){(const uint8_t *)t, strlen(t)};
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void it_has_its_name_when_it_is_whole(void **state)
{
    char path[PATH_MAX];

    (void)state;
    assert_true(snapshot_open(&s, directory, time_of_it, why));
    assert_string_equal(s.path + strlen(directory), "/snapshots/20260304T091244");
    assert_true(snapshot_text(&s, "status.json", text("{}\n"), why));
    assert_false(exists(s.path));
    assert_true(snapshot_close(&s, true, why));
    assert_false(exists(s.unfinished));
    snprintf(path, sizeof path, "%.200s/status.json", s.path);
    assert_true(exists(path));
}

static void what_went_wrong_leaves_nothing(void **state)
{
    (void)state;
    assert_true(snapshot_open(&s, directory, time_of_it, why));
    assert_true(snapshot_text(&s, "a", text("1"), why));
    assert_true(snapshot_close(&s, false, why));
    assert_false(exists(s.path));
    assert_false(exists(s.unfinished));
}

static void two_of_one_second_are_not_mixed(void **state)
{
    struct snapshot other;

    (void)state;
    assert_true(snapshot_open(&s, directory, time_of_it, why));
    assert_false(snapshot_open(&other, directory, time_of_it, why));
    assert_true(snapshot_close(&s, true, why));
    assert_false(snapshot_open(&other, directory, time_of_it, why));
    assert_non_null(strstr(why, "20260304T091244: File exists"));
}

static void there_is_an_end_to_how_many(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SNAPSHOTS; i++) {
        assert_true(snapshot_open(&s, directory, time_of_it + i * NS_PER_S, why));
        assert_true(snapshot_close(&s, true, why));
    }
    assert_false(snapshot_open(&s, directory, 0, why));
    assert_memory_equal(why, "there are 8 snapshots already", 29);
}

static void a_state_that_is_not_there_is_told(void **state)
{
    (void)state;
    assert_false(snapshot_open(&s, "no/such", 0, why));
    assert_string_equal(why, "cannot make no/such/snapshots: No such file or directory");
}

static int64_t number(sqlite3 *db, const char *query)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;

    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &q, NULL), SQLITE_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static void run(sqlite3 *db, const char *statements)
{
    assert_int_equal(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK);
}

/* The writer is in the middle of a transaction, and what it committed is in its log. */
static void a_database_is_copied_as_it_was_committed(void **state)
{
    char from[64], to[PATH_MAX];
    sqlite3 *writer, *copy;

    (void)state;
    snprintf(from, sizeof from, "%s/outbox.db", directory);
    assert_int_equal(sqlite3_open(from, &writer), SQLITE_OK);
    run(writer, "PRAGMA journal_mode = WAL; CREATE TABLE t (x);"
                "INSERT INTO t VALUES (1), (2), (3);"
                "BEGIN; INSERT INTO t VALUES (4)");
    assert_true(snapshot_open(&s, directory, time_of_it, why));
    assert_true(snapshot_database(&s, "outbox.db", from, why));
    run(writer, "COMMIT");
    assert_int_equal(number(writer, "SELECT count(*) FROM t"), 4);
    sqlite3_close(writer);

    snapshot_part(&s, "outbox.db", to);
    assert_int_equal(sqlite3_open_v2(to, &copy, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(number(copy, "SELECT sum(x) FROM t"), 6);
    sqlite3_close(copy);
    snapshot_part(&s, "outbox.db-wal", to);
    assert_false(exists(to));
    assert_true(snapshot_close(&s, true, why));
}

static void a_database_that_is_not_there_is_told(void **state)
{
    (void)state;
    assert_true(snapshot_open(&s, directory, time_of_it, why));
    assert_false(snapshot_database(&s, "outbox.db", "no/such.db", why));
    assert_string_equal(why, "cannot copy no/such.db: unable to open database file");
    assert_true(snapshot_close(&s, false, why));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(it_has_its_name_when_it_is_whole),
        TEST(what_went_wrong_leaves_nothing),
        TEST(two_of_one_second_are_not_mixed),
        TEST(there_is_an_end_to_how_many),
        TEST(a_state_that_is_not_there_is_told),
        TEST(a_database_is_copied_as_it_was_committed),
        TEST(a_database_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
