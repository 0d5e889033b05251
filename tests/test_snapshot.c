#include "tests/unit.h"

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(it_has_its_name_when_it_is_whole),  TEST(what_went_wrong_leaves_nothing),
        TEST(two_of_one_second_are_not_mixed),   TEST(there_is_an_end_to_how_many),
        TEST(a_state_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
