/* What is said to be allocated is allocated, and nothing beside it. */

#include "tests/unit.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alert.h"
#include "sensor/ceiling.h"
#include "sensor/evidence.h"
#include "sensor/pipeline.h"

static size_t taken(void)
{
    struct mallinfo2 m = mallinfo2();

    return m.uordblks + m.hblkhd;
}

/* A sanitizer's own allocator tells malloc's statistics nothing. */
static bool is_blind(void)
{
    size_t before = taken();
    void *volatile some = malloc(1 << 20);
    bool blind = taken() - before < 1 << 20;

    free(some);
    return blind;
}

/* Each allocation is rounded up to a page at most. */
static void assert_about(size_t got, size_t told)
{
    assert_in_range(got, told - told / 1000, told + told / 100 + (64 << 10));
}

static void a_worker_takes_what_it_says(void **state)
{
    static const size_t flows[] = {1, 1000, 65536};
    static struct worker w;

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(flows) && !is_blind(); i++) {
        struct worker_options o = {.flows = flows[i], .records = flows[i] / 4 + 1};
        struct worker_memory m = worker_memory(&o);
        size_t before = taken();

        assert_true(worker_open(&w, &o, (struct record_sink){0}));
        assert_about(taken() - before, m.flows + m.streams + m.records + m.conversations);
        worker_close(&w);
    }
}

static void tell_nobody(void *to, const struct event *e)
{
    (void)to;
    (void)e;
}

static void alerts_take_what_they_say(void **state)
{
    static struct alerts a;

    (void)state;
    for (unsigned i = 0; i < 2 && !is_blind(); i++) {
        struct alerts_config config = alerts_defaults();
        size_t before = taken();

        config.save = i;
        assert_true(alerts_open(&a, &config, tell_nobody, NULL));
        assert_about(taken() - before, alerts_memory(&config));
        alerts_close(&a, 0);
    }
}

/* nDPI may take more later, up to what was said; never less than it starts with. */
static void a_classifier_stays_below_what_it_says(void **state)
{
    static struct classifier c;
    size_t told = classifier_memory(100, 1 << 20), before = taken();

    (void)state;
    if (is_blind())
        return;
    assert_true(classifier_open(&c, 100, 1 << 20));
    assert_in_range(taken() - before, 1 << 20, told);
    classifier_close(&c);
}

/* ---- the sum ------------------------------------------------------------------------ */

static struct diagnostics d;

static struct ceiling of(const char *text, bool *fits)
{
    struct bytes b = {(const uint8_t *)text, strlen(text)};
    struct config *c = config_read(diagnostics_source(&d, "t.yaml", b), &d);
    struct ceiling ceiling;

    assert_non_null(c);
    ceiling = ceiling_of(c, NULL);
    *fits = ceiling_check(&ceiling, c, &d);
    config_free(c);
    return ceiling;
}

static uint64_t row(const struct ceiling *c, const char *name)
{
    for (unsigned i = 0; i < c->n; i++) {
        if (strcmp(c->rows[i].name, name) == 0)
            return c->rows[i].bytes;
    }
    return 0;
}

static void every_port_group_and_worker_counts(void **state)
{
    struct ceiling one, two;
    bool fits;

    (void)state;
    diagnostics_open(&d);
    one = of("capture: {interfaces: [{name: a}]}\n", &fits);
    assert_true(fits);
    two =
        of("capture: {workers: 2, interfaces: [{name: a, group: g}, {name: b, group: g},"
           " {name: c}]}\n",
           &fits);
    assert_int_equal(row(&two, "kernel's rings"), 3 * row(&one, "kernel's rings"));
    assert_int_equal(row(&two, "packet rings"), 2 * row(&one, "packet rings"));
    assert_int_equal(row(&two, "flows"), 4 * row(&one, "flows"));
    diagnostics_close(&d);
}

/* Several workers need records for what is on its way to the analysis. */
static void more_than_one_worker_takes_more_records_each(void **state)
{
    struct ceiling one, two;
    bool fits;

    (void)state;
    diagnostics_open(&d);
    one = of("limits: {records: 4096}\n", &fits);
    two = of("limits: {records: 4096}\ncapture: {workers: 2}\n", &fits);
    assert_in_range(row(&two, "records"), 7 * row(&one, "records") / 2,
                    4 * row(&one, "records"));
    diagnostics_close(&d);
}

static void evidence_takes_what_it_says(void **state)
{
    static struct evidence e;
    struct config *c = config_default();
    size_t before = taken();

    (void)state;
    c->evidence = "/tmp";
    c->evidence_before = 10000;
    if (!is_blind()) {
        assert_true(evidence_open(&e, c, NULL, 0));
        assert_about(taken() - before, evidence_memory(c));
        evidence_close(&e);
    }
    config_free(c);
}

static void more_than_the_limit_is_an_error(void **state)
{
    bool fits;

    (void)state;
    diagnostics_open(&d);
    of("limits: {flows: 1000, records: 1000, memory: 256MiB}\n", &fits);
    assert_true(fits);
    of("limits: {flows: 1000000, memory: 256MiB}\n", &fits);
    assert_false(fits);
    assert_int_equal(d.errors, 1);
    assert_non_null(strstr(d.list[0].message, "limits.memory allows 256 MiB"));
    diagnostics_close(&d);
}

static void more_workers_than_the_pipeline_takes_are_an_error(void **state)
{
    static const char text[] = "limits: {flows: 64, records: 64, memory: 64GiB}\n"
                               "capture: {workers: %u, interfaces: [{name: a}, {name: b},"
                               " {name: c, group: b}]}\n";
    char config[256];
    bool fits;

    (void)state;
    diagnostics_open(&d);
    snprintf(config, sizeof config, text, PIPELINE_LANES / 2);
    of(config, &fits);
    assert_true(fits);
    snprintf(config, sizeof config, text, PIPELINE_LANES / 2 + 1);
    of(config, &fits);
    assert_false(fits);
    assert_int_equal(d.errors, 1);
    diagnostics_close(&d);
}

static void the_last_line_is_the_sum(void **state)
{
    struct config *c = config_default();
    struct ceiling ceiling = {{{"flows", 611 << 20}, {"rules", 1}}, 2, (611 << 20) + 1};
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    ceiling_print(&ceiling, c, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "  flows                  611.0 MiB\n"
                              "  rules                    0.0 MiB\n"
                              "memory at the limits: 612 MiB of 1 GiB\n");
    free(text);
    config_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_takes_what_it_says),
        cmocka_unit_test(alerts_take_what_they_say),
        cmocka_unit_test(a_classifier_stays_below_what_it_says),
        cmocka_unit_test(every_port_group_and_worker_counts),
        cmocka_unit_test(more_than_one_worker_takes_more_records_each),
        cmocka_unit_test(evidence_takes_what_it_says),
        cmocka_unit_test(more_than_the_limit_is_an_error),
        cmocka_unit_test(more_workers_than_the_pipeline_takes_are_an_error),
        cmocka_unit_test(the_last_line_is_the_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
