#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/core/yaml.h"

static struct arena arena;
static struct diagnostics d;

static int begin(void **state)
{
    (void)state;
    diagnostics_open(&d);
    return 0;
}

static int end(void **state)
{
    (void)state;
    diagnostics_close(&d);
    arena_close(&arena);
    return 0;
}

static struct yaml *load(const char *text)
{
    struct bytes b = {(const uint8_t *)text, strlen(text)};

    return yaml_load(&arena, diagnostics_source(&d, "t.yaml", b), &d);
}

static void tells(const char *text, const char *message, unsigned line, unsigned column)
{
    unsigned before = d.n;

    load(text);
    assert_int_equal(d.n, before + 1);
    assert_non_null(strstr(d.list[before].message, message));
    assert_int_equal(d.list[before].at.line, line);
    assert_int_equal(d.list[before].at.column, column);
}

static void a_tree_knows_its_places(void **state)
{
    struct yaml *root = load("- list: a\n  items: [1, two]\n"), *items;

    (void)state;
    assert_int_equal(root->kind, YAML_SEQUENCE);
    items = yaml_get(root->first, "items");
    assert_int_equal(items->n, 2);
    assert_string_equal(items->first->next->text, "two");
    assert_int_equal(items->first->next->at.line, 2);
    assert_int_equal(items->first->next->at.column, 14);
    assert_int_equal(items->first->next->at.width, 3);
    assert_int_equal(d.errors, 0);
}

static void a_block_keeps_the_lines_of_the_file(void **state)
{
    struct yaml *when = yaml_get(load("a: é\nwhen: >\n    x\n    and y\nb: 1\n"), "when");

    (void)state;
    assert_string_equal(when->text, "x and y\n");
    assert_int_equal(when->raw.len, strlen("    x\n    and y\n"));
    assert_memory_equal(when->raw.at, "    x\n    and y\n", when->raw.len);
    assert_int_equal(when->inside.line, 3);
    assert_int_equal(when->inside.column, 1);
}

static void quotes_are_not_inside(void **state)
{
    struct yaml *map = load("a: \"x y\"\nb: 'z'\nc: \"t\\t\"\n");

    (void)state;
    assert_int_equal(map->first->raw.len, 3);
    assert_int_equal(map->first->inside.column, 5);
    assert_int_equal(map->first->next->raw.len, 1);
    assert_int_equal(yaml_get(map, "c")->raw.len, 0);
}

static void what_people_do_not_need_is_refused(void **state)
{
    (void)state;
    tells("a: 1\na: 2\n", "stands here twice", 2, 1);
    tells("a: *x\n", "aliases", 1, 4);
    tells("a: &x 1\n", "anchors", 1, 4);
    tells("a: !!str 1\n", "tags", 1, 4);
    tells("a: \"b\\0c\"\n", "zero byte", 1, 4);
    tells("--- 1\n--- 2\n", "one document", 2, 1);
    tells("? [a]\n: b\n", "must be a word", 1, 3);
    tells("a: [1\n", "did not find expected", 2, 1);
}

static void depth_ends_the_file(void **state)
{
    static char deep[100000];

    (void)state;
    memset(deep, '[', sizeof deep - 1);
    load(deep);
    assert_int_equal(d.errors, 1);
    assert_string_equal(d.list[0].message, "nested too deeply");
    assert_int_equal(d.list[0].at.column, YAML_DEPTH + 1);
}

static void an_empty_file_has_no_root(void **state)
{
    (void)state;
    assert_null(load(""));
    assert_null(load("# nothing\n"));
    assert_int_equal(d.errors, 0);
}

static void bytes_that_are_no_text_are_an_error(void **state)
{
    (void)state;
    assert_null(load("a: \xff\xfe\n"));
    assert_int_equal(d.errors, 1);
}

static void an_unknown_key_is_told_with_the_nearest(void **state)
{
    static const char *const known[] = {"severity", "score", NULL};

    (void)state;
    yaml_known_keys(load("severty: 1\nscore: 2\n"), known, &d);
    assert_int_equal(d.errors, 1);
    assert_string_equal(d.list[0].message, "unknown key `severty`");
    assert_string_equal(d.list[0].hint, "did you mean `severity`?");
    assert_string_equal(d.list[0].help, "known: severity score");
}

static void scalars_take_a_type(void **state)
{
    struct yaml *map = load("i: 0x10\nr: -2.5\nb: true\nt: 500ms\ns: 64 MiB\n");
    int64_t i;
    uint64_t size;
    double r;
    bool b;

    (void)state;
    assert_true(yaml_int(yaml_get(map, "i"), 0, 99, &i, &d));
    assert_int_equal(i, 16);
    assert_true(yaml_real(yaml_get(map, "r"), &r, &d));
    assert_true(r > -2.6 && r < -2.4);
    assert_true(yaml_bool(yaml_get(map, "b"), &b, &d));
    assert_true(b);
    assert_true(yaml_duration(yaml_get(map, "t"), &i, &d));
    assert_int_equal(i, 500000000);
    assert_true(yaml_size(yaml_get(map, "s"), &size, &d));
    assert_int_equal(size, 64 << 20);
    assert_int_equal(d.errors, 0);
}

static void scalars_of_the_wrong_type_are_told(void **state)
{
    struct yaml *map = load("i: 1x\nl: [1]\nb: yes\nt: 5\nbig: 100\n");
    int64_t i;
    bool b;

    (void)state;
    assert_false(yaml_int(yaml_get(map, "i"), 0, 99, &i, &d));
    assert_false(yaml_int(yaml_get(map, "l"), 0, 99, &i, &d));
    assert_false(yaml_bool(yaml_get(map, "b"), &b, &d));
    assert_false(yaml_duration(yaml_get(map, "t"), &i, &d));
    assert_false(yaml_int(yaml_get(map, "big"), 0, 99, &i, &d));
    assert_int_equal(d.errors, 5);
    assert_string_equal(d.list[0].message, "i must be a whole number, not `1x`");
    assert_string_equal(d.list[1].message, "l must be a text or number, not a list");
    assert_string_equal(d.list[4].message, "big must be between 0 and 99, not 100");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tree_knows_its_places, begin, end),
        cmocka_unit_test_setup_teardown(a_block_keeps_the_lines_of_the_file, begin, end),
        cmocka_unit_test_setup_teardown(quotes_are_not_inside, begin, end),
        cmocka_unit_test_setup_teardown(what_people_do_not_need_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(depth_ends_the_file, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_file_has_no_root, begin, end),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_text_are_an_error, begin, end),
        cmocka_unit_test_setup_teardown(an_unknown_key_is_told_with_the_nearest, begin,
                                        end),
        cmocka_unit_test_setup_teardown(scalars_take_a_type, begin, end),
        cmocka_unit_test_setup_teardown(scalars_of_the_wrong_type_are_told, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
