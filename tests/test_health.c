#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sensor/core/clock.h"
#include "sensor/health.h"

static struct record_pool pool;

/* The track of what the notice becomes at that second. */
static uint64_t track(unsigned check, const char *about, int64_t second)
{
    struct notice n = {.check = (uint16_t)check};
    struct record *r = record_take(&pool, &health_schema);
    struct finding f;

    snprintf(n.about, sizeof n.about, "%s", about);
    health_fill(r, &n);
    r->time = second * NS_PER_S;
    health_finding(r, &f);
    assert_ptr_equal(f.signature, &health_signatures[check]);
    record_give(r);
    return f.track;
}

static void a_condition_is_the_same_as_long_as_it_lasts(void **state)
{
    (void)state;
    assert_true(track(CHECK_OUTPUT_AWAY, "soc", 1) ==
                track(CHECK_OUTPUT_AWAY, "soc", 61));
    assert_true(track(CHECK_OUTPUT_AWAY, "soc", 1) != track(CHECK_OUTPUT_AWAY, "log", 1));
}

/* Its own file of packets, its own length, its own errors. */
static void what_happened_twice_is_two_alerts(void **state)
{
    static const unsigned events[] = {CHECK_CRASHED, CHECK_CAPTURE_GAP, CHECK_RELOADED,
                                      CHECK_RELOAD_FAILED};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(events); i++)
        assert_true(track(events[i], "", 1) != track(events[i], "", 11));
}

static void every_check_has_its_signature(void **state)
{
    (void)state;
    for (unsigned i = 1; i < CHECKS; i++) {
        assert_true(health_signatures[i].id != 0);
        assert_non_null(health_signatures[i].title);
        assert_string_equal(health_signatures[i].engine, "health");
        for (unsigned k = 1; k < i; k++)
            assert_true(health_signatures[i].id != health_signatures[k].id);
    }
}

static int open_pool(void **state)
{
    (void)state;
    return record_pool_open(&pool, 4) ? 0 : -1;
}

static int close_pool(void **state)
{
    (void)state;
    record_pool_close(&pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_is_the_same_as_long_as_it_lasts),
        cmocka_unit_test(what_happened_twice_is_two_alerts),
        cmocka_unit_test(every_check_has_its_signature),
    };

    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
