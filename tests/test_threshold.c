#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/threshold.h"

static const int64_t second = 1000000000;
static struct arena arena;

static int end(void **state)
{
    (void)state;
    arena_close(&arena);
    return 0;
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct threshold opened(bool distinct, uint32_t reaches)
{
    struct threshold t = {
        .distinct = distinct, .reaches = reaches, .within = 10 * second};

    threshold_open(&t, &arena);
    return t;
}

static void the_window_slides(void **state)
{
    struct threshold t = opened(false, 3);

    (void)state;
    assert_int_equal(threshold_add(&t, text("a"), text(""), 1 * second), 1);
    assert_int_equal(threshold_add(&t, text("a"), text(""), 2 * second), 2);
    assert_int_equal(threshold_add(&t, text("a"), text(""), 12 * second), 2);
    assert_int_equal(threshold_add(&t, text("a"), text(""), 12 * second), 3);
    assert_int_equal(threshold_add(&t, text("a"), text(""), 13 * second), 3);
    assert_int_equal(threshold_add(&t, text("a"), text(""), 40 * second), 1);
}

static void each_key_counts_for_itself(void **state)
{
    struct threshold t = opened(false, 2);

    (void)state;
    assert_int_equal(threshold_add(&t, text("a"), text(""), 0), 1);
    assert_int_equal(threshold_add(&t, text("b"), text(""), 0), 1);
    assert_int_equal(threshold_add(&t, text("a"), text(""), 0), 2);
}

static void distinct_values_count_once(void **state)
{
    struct threshold t = opened(true, 3);

    (void)state;
    assert_int_equal(threshold_add(&t, text("a"), text("1"), 0), 1);
    assert_int_equal(threshold_add(&t, text("a"), text("1"), 1 * second), 1);
    assert_int_equal(threshold_add(&t, text("a"), text("2"), 2 * second), 2);
    assert_int_equal(threshold_add(&t, text("a"), text("3"), 3 * second), 3);
    assert_int_equal(threshold_add(&t, text("a"), text("4"), 4 * second), 3);
}

static void a_value_seen_again_stays_in_the_window(void **state)
{
    struct threshold t = opened(true, 3);

    (void)state;
    threshold_add(&t, text("a"), text("1"), 0);
    threshold_add(&t, text("a"), text("2"), 1 * second);
    threshold_add(&t, text("a"), text("1"), 9 * second);
    assert_int_equal(threshold_add(&t, text("a"), text("3"), 15 * second), 2);
    assert_int_equal(threshold_add(&t, text("a"), text("4"), 16 * second), 3);
}

static void time_that_runs_back_stands_still(void **state)
{
    struct threshold t = opened(false, 2);

    (void)state;
    threshold_add(&t, text("a"), text(""), 100 * second);
    assert_int_equal(threshold_add(&t, text("a"), text(""), 1 * second), 2);
}

static void the_key_touched_longest_ago_makes_room(void **state)
{
    struct threshold t = opened(false, 1000);
    char key[16];

    (void)state;
    threshold_add(&t, text("first"), text(""), 0);
    for (uint32_t i = 1; i < t.keys; i++) {
        snprintf(key, sizeof key, "%u", i);
        threshold_add(&t, text(key), text(""), 0);
    }
    assert_int_equal(t.evicted, 0);
    assert_int_equal(threshold_add(&t, text("first"), text(""), 0), 2);
    threshold_add(&t, text("one more"), text(""), 0);
    assert_int_equal(t.evicted, 1);
    assert_int_equal(threshold_add(&t, text("first"), text(""), 0), 3);
    assert_int_equal(threshold_add(&t, text("1"), text(""), 0), 1);
    assert_int_equal(t.evicted, 2);
}

static void a_flood_of_keys_takes_no_memory(void **state)
{
    struct threshold t = opened(true, 20);
    size_t total = arena.total;
    char key[16];

    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(key, sizeof key, "%u", i % 7919);
        assert_in_range(threshold_add(&t, text(key), text(key), i * second / 1000), 1,
                        20);
    }
    assert_int_equal(arena.total, total);
    assert_int_equal(t.used, t.keys);
    assert_true(threshold_memory(&t) <= 2 * THRESHOLD_MEMORY);
}

static void reset_forgets(void **state)
{
    struct threshold t = opened(false, 5);

    (void)state;
    threshold_add(&t, text("a"), text(""), 0);
    threshold_reset(&t);
    assert_int_equal(threshold_add(&t, text("a"), text(""), 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_window_slides, end),
        cmocka_unit_test_teardown(each_key_counts_for_itself, end),
        cmocka_unit_test_teardown(distinct_values_count_once, end),
        cmocka_unit_test_teardown(a_value_seen_again_stays_in_the_window, end),
        cmocka_unit_test_teardown(time_that_runs_back_stands_still, end),
        cmocka_unit_test_teardown(the_key_touched_longest_ago_makes_room, end),
        cmocka_unit_test_teardown(a_flood_of_keys_takes_no_memory, end),
        cmocka_unit_test_teardown(reset_forgets, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
