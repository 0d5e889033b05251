#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/core/diagnostic.h"

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
    return 0;
}

static const struct source *source(const char *text)
{
    return diagnostics_source(&d, "t.yaml",
                              (struct bytes){(const uint8_t *)text, strlen(text)});
}

static void prints(void (*print)(const struct diagnostics *, FILE *),
                   const char *expected)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    print(&d, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void an_error_shows_its_line_and_a_suggestion(void **state)
{
    struct place at = {source("a\nwhen: writ\n"), 2, 7, 4};
    struct diagnostic *e = diagnostics_error(&d, &at, "verb has no label \"%s\"", "writ");

    (void)state;
    diagnostic_suggest(&d, e, "write");
    e->help = "verbs: read write";
    prints(diagnostics_print, "t.yaml:2:7: error: verb has no label \"writ\"\n"
                              "    2 | when: writ\n"
                              "      |       ^^^^ did you mean `write`?\n"
                              "      verbs: read write\n");
}

static void long_help_goes_on_below_its_first_word(void **state)
{
    struct place at = {source("a\n"), 1, 1, 0};
    struct diagnostic *w = diagnostics_warning(&d, &at, "old");

    (void)state;
    w->help =
        "verbs: read write command program mode configure file time diagnose discover "
        "authenticate session";
    prints(diagnostics_print,
           "t.yaml:1:1: warning: old\n"
           "      verbs: read write command program mode configure file time diagnose "
           "discover authenticate\n"
           "             session\n");
}

static void columns_are_characters(void **state)
{
    struct place at = {source("\xef\xbb\xbfä\tö x\n"), 1, 5, 1};

    (void)state;
    diagnostics_error(&d, &at, "bad");
    prints(diagnostics_print, "t.yaml:1:5: error: bad\n"
                              "    1 | ä ö x\n"
                              "      |     ^\n");
}

static void a_long_line_is_cut_around_the_place(void **state)
{
    char text[400];
    struct place at = {NULL, 1, 301, 3};
    char *shown = NULL;
    size_t size;
    FILE *out = open_memstream(&shown, &size);

    (void)state;
    memset(text, '-', sizeof text);
    text[sizeof text - 1] = '\0';
    memcpy(text + 300, "xyz", 3);
    at.source = source(text);
    diagnostics_error(&d, &at, "bad");
    diagnostics_print(&d, out);
    fclose(out);
    assert_non_null(strstr(shown, "--------------------xyz-"));
    assert_non_null(strstr(shown, " |                     ^^^\n"));
    free(shown);
}

static void what_terminals_act_on_is_not_shown(void **state)
{
    struct place at = {source("a\x1b[31mb\n"), 1, 1, 1};

    (void)state;
    diagnostics_error(&d, &at, "bad");
    prints(diagnostics_print, "t.yaml:1:1: error: bad\n"
                              "    1 | a?[31mb\n"
                              "      | ^\n");
}

static void too_many_are_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DIAGNOSTICS_MAX + 5; i++)
        diagnostic_suggest(&d, diagnostics_error(&d, NULL, "e%u", i), "x");
    assert_int_equal(d.n, DIAGNOSTICS_MAX);
    assert_int_equal(d.errors, DIAGNOSTICS_MAX + 5);
    assert_string_equal(d.list[DIAGNOSTICS_MAX - 1].message, "e99");
}

static void json_escapes_what_it_must(void **state)
{
    struct place at = {source("a\n"), 1, 1, 1};

    (void)state;
    diagnostics_error(&d, &at, "a \"b\"\n")->help = "h";
    prints(diagnostics_json,
           "[\n{\"level\":\"error\",\"file\":\"t.yaml\",\"line\":1,\"column\":1,"
           "\"message\":\"a \\\"b\\\"\\u000a\",\"help\":\"h\"}\n]\n");
}

static void a_missing_file_is_an_error(void **state)
{
    (void)state;
    assert_null(diagnostics_read(&d, "does/not/exist.yaml"));
    assert_null(diagnostics_read(&d, "/"));
    assert_int_equal(d.errors, 2);
}

static void only_a_near_name_is_suggested(void **state)
{
    struct nearest n;

    (void)state;
    nearest_open(&n, "holding_registr");
    nearest_offer(&n, "coil");
    nearest_offer(&n, "holding_register");
    nearest_offer(&n, "input_register");
    assert_string_equal(n.best, "holding_register");
    nearest_open(&n, "zzz");
    nearest_offer(&n, "coil");
    assert_null(n.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_error_shows_its_line_and_a_suggestion, begin,
                                        end),
        cmocka_unit_test_setup_teardown(long_help_goes_on_below_its_first_word, begin,
                                        end),
        cmocka_unit_test_setup_teardown(columns_are_characters, begin, end),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_around_the_place, begin, end),
        cmocka_unit_test_setup_teardown(what_terminals_act_on_is_not_shown, begin, end),
        cmocka_unit_test_setup_teardown(too_many_are_counted, begin, end),
        cmocka_unit_test_setup_teardown(json_escapes_what_it_must, begin, end),
        cmocka_unit_test_setup_teardown(a_missing_file_is_an_error, begin, end),
        cmocka_unit_test_setup_teardown(only_a_near_name_is_suggested, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
