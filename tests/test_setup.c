/* Rules of the site that are not there, and rules that were. */

#include "sensor/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit.h"

static char folder[] = "/tmp/setup-XXXXXX";
static char config[64], rules[64];

static void load(struct setup *setup)
{
    const struct setup_options o = {.config = config};

    assert_true(setup_load(setup, &o));
}

static void rules_that_are_not_there_are_a_warning(void **state)
{
    struct setup setup;

    (void)state;
    load(&setup);
    assert_int_equal(setup.d.warnings, 1);
    assert_non_null(strstr(setup.d.list[0].message, rules));
    setup_close(&setup);
}

static void rules_that_went_away_are_an_error(void **state)
{
    struct setup with, without;

    (void)state;
    assert_int_equal(mkdir(rules, 0700), 0);
    load(&with);
    assert_int_equal(with.d.warnings, 0);
    assert_int_equal(rmdir(rules), 0);
    load(&without);
    assert_false(setup_follows(&without, &with));
    assert_int_equal(without.d.errors, 1);
    setup_close(&without);

    load(&without);
    assert_true(setup_follows(&with, &without)); /* they came */
    setup_close(&with);
    setup_close(&without);
}

static void what_was_never_there_is_not_missed(void **state)
{
    struct setup before, now;

    (void)state;
    load(&before);
    load(&now);
    assert_true(setup_follows(&now, &before));
    setup_close(&before);
    setup_close(&now);
}

static int begin(void **state)
{
    FILE *f;

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(config, sizeof config, "%s/sightglass.yaml", folder);
    snprintf(rules, sizeof rules, "%s/rules.d", folder);
    f = fopen(config, "w");
    if (!f)
        return -1;
    fprintf(f, "rules: {site: [%s]}\n", rules);
    return fclose(f);
}

static int end(void **state)
{
    (void)state;
    return unlink(config) || rmdir(folder) ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_are_not_there_are_a_warning),
        cmocka_unit_test(rules_that_went_away_are_an_error),
        cmocka_unit_test(what_was_never_there_is_not_missed),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
