#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "dissectors/dissector.h"
#include "rules/fields.h"
#include "rules/json_path.h"
#include "rules/ruleset.h"

/* The rules that are shipped, against the dissectors they are written for. */

static const struct schema *schemas[SCHEMAS_MAX];
static struct diagnostics d;
static struct ruleset *set;
static struct record_pool pool;

static int begin(void **state)
{
    static const char *const files[] = {"modbus", "dnp3", "s7comm"};
    static char path[COUNT_OF(files)][512];
    const char *top = getenv("top_srcdir"), *paths[COUNT_OF(files)];
    struct ruleset_options options = {schemas, ndissectors, paths, COUNT_OF(files),
                                      COUNT_OF(files)};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path[i], sizeof path[i], "%s/rules/shipped/%s.yaml", top ? top : ".",
                 files[i]);
        paths[i] = path[i];
    }
    for (unsigned i = 0; i < ndissectors; i++)
        schemas[i] = &dissectors[i]->schema;
    diagnostics_open(&d);
    set = ruleset_load(&options, &d);
    diagnostics_print(&d, stderr);
    diagnostics_close(&d); /* the set outlives what it was loaded with */
    return set && record_pool_open(&pool, 4) ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    ruleset_close(set);
    record_pool_close(&pool);
    return 0;
}

static void each_rule_says_all_an_operator_needs(void **state)
{
    (void)state;
    for (const struct rule *r = ruleset_rules(set); r; r = r->next) {
        assert_non_null(r->signature.detection);
        assert_non_null(r->signature.remediation);
        assert_string_not_equal(r->signature.title, r->signature.name);
        assert_true(r->signature.false_positives.n > 0);
    }
}

static void each_rule_has_a_positive_and_a_negative_test(void **state)
{
    (void)state;
    for (const struct rule *r = ruleset_rules(set); r; r = r->next) {
        bool positive = false, negative = false;

        for (const struct rule_test *t = r->tests; t; t = t->next) {
            positive |= t->alerts > 0;
            negative |= t->alerts == 0;
        }
        if (!positive || !negative)
            fail_msg("%s lacks a test", r->signature.name);
    }
}

static void rules_over_empty_lists_sleep(void **state)
{
    unsigned asleep = 0;

    (void)state;
    for (const struct rule *r = ruleset_rules(set); r; r = r->next)
        asleep += r->asleep;
    assert_int_equal(asleep, 15);
}

/* A read of ten registers and its answer: what most records are. */
static struct record *read_record(void)
{
    static const uint8_t client[4] = {10, 0, 0, 9}, server[4] = {10, 0, 0, 1};
    const struct schema *s = &dissector_named("modbus")->schema;
    struct record *r = record_take(&pool, s);
    struct message m = {.time = 1, .frame = 1, .side = SIDE_REQUEST};

    r->kind = RECORD_TRANSACTION;
    r->verbs = VERB_READ;
    r->parties.client = address_v4(client);
    r->parties.server = address_v4(server);
    r->parties.server_port = 502;
    r->parties.protocol = 6;
    record_message(r, &m, NULL);
    record_set(r, (unsigned)schema_slot(s, "framing"), 1);
    record_set(r, (unsigned)schema_slot(s, "unit"), 3);
    record_set(r, (unsigned)schema_slot(s, "function"), 3);
    record_set(
        r, (unsigned)schema_slot(s, "function_class"),
        label_named(s->fields[schema_slot(s, "function_class")].labels, "public")->code);
    record_set(r, (unsigned)schema_slot(s, "address"), 100);
    record_set(r, (unsigned)schema_slot(s, "quantity"), 10);
    m.side = SIDE_RESPONSE;
    record_message(r, &m, NULL);
    record_set(r, (unsigned)schema_slot(s, "function"), 3);
    return r;
}

static void count(void *context, const struct finding *f)
{
    (void)f;
    ++*(unsigned *)context;
}

static void an_ordinary_read_matches_nothing(void **state)
{
    struct record *r = read_record();
    unsigned n = 0, rounds = 200000;
    struct timespec from, to;

    (void)state;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (unsigned i = 0; i < rounds; i++) {
        r->time = r->seen = (int64_t)i * 10000000;
        r->outcome = OUTCOME_OPEN;
        ruleset_run(set, RULE_AT_REQUEST, r, count, &n);
        r->outcome = OUTCOME_ANSWERED;
        ruleset_run(set, RULE_AT_DONE, r, count, &n);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_int_equal(n, 0);
    print_message("# %.0f ns a record\n", ((double)(to.tv_sec - from.tv_sec) * 1e9 +
                                           (double)(to.tv_nsec - from.tv_nsec)) /
                                              rounds);
    record_give(r);
}

static void fields_are_listed(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_true(fields_print(ruleset_names(set), "modbus.function", out, stderr));
    assert_true(fields_json(ruleset_names(set), NULL, out, stderr));
    assert_false(fields_print(ruleset_names(set), "modbus.functoin", stderr, out));
    fclose(out);
    assert_non_null(strstr(text, "wireshark  modbus.func_code"));
    assert_non_null(strstr(text, "read_holding_registers"));
    assert_non_null(strstr(text, "{\"name\":\"point.table\",\"of\":\"point\""));
    assert_non_null(strstr(text, "did you mean `modbus.function`?"));
    free(text);
}

static void values_are_found_in_json(void **state)
{
    static const char json[] =
        "{\"a\": {\"b\": [1, {\"c\": \"x,}\\\"y\"}, 4.80]}, \"d\": true}";
    struct bytes line = {(const uint8_t *)json, sizeof json - 1}, value;

    (void)state;
    assert_true(json_path(line, "a.b[1].c", &value));
    assert_true(bytes_are(value, "\"x,}\\\"y\""));
    assert_true(json_path(line, "a.b[2]", &value));
    assert_true(bytes_are(value, "4.80"));
    assert_true(json_path(line, "d", &value));
    assert_true(bytes_are(value, "true"));
    assert_false(json_path(line, "a.b[3]", &value));
    assert_false(json_path(line, "a.x", &value));
    assert_false(json_path((struct bytes){line.at, 9}, "a.b", &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_says_all_an_operator_needs),
        cmocka_unit_test(each_rule_has_a_positive_and_a_negative_test),
        cmocka_unit_test(rules_over_empty_lists_sleep),
        cmocka_unit_test(an_ordinary_read_matches_nothing),
        cmocka_unit_test(fields_are_listed),
        cmocka_unit_test(values_are_found_in_json),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
