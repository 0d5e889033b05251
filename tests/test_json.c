#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/core/json.h"

enum { SIZE = 1024 };

static char out[SIZE];

static const char *text_of(struct json *j)
{
    assert_false(j->overflow);
    out[j->len] = '\0';
    return out;
}

static void objects_arrays_and_commas_nest(void **state)
{
    struct json j = json_into(out, sizeof out);

    (void)state;
    json_object(&j, NULL);
    json_int(&j, "a", -1);
    json_array(&j, "b");
    json_array_end(&j);
    json_array(&j, "c");
    json_uint(&j, NULL, UINT64_MAX);
    json_object(&j, NULL);
    json_object_end(&j);
    json_bool(&j, NULL, true);
    json_array_end(&j);
    json_int(&j, "d", INT64_MIN);
    json_object_end(&j);
    assert_string_equal(text_of(&j), "{\"a\":-1,\"b\":[],\"c\":[18446744073709551615,{},"
                                     "true],\"d\":-9223372036854775808}");
}

static void assert_text(const char *bytes, size_t len, const char *expected)
{
    struct json j = json_into(out, sizeof out);

    json_text_bytes(&j, NULL, (struct bytes){(const uint8_t *)bytes, len});
    assert_string_equal(text_of(&j), expected);
}

static void text_is_valid_utf8_whatever_the_bytes(void **state)
{
    (void)state;
    assert_text("plain", 5, "\"plain\"");
    assert_text("a\"b\\c\n\t\0\x1f\x7f", 10,
                "\"a\\\"b\\\\c\\n\\t\\u0000\\u001f\\u007f\"");
    assert_text("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9,
                "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
    assert_text("\xff\xc3", 2, "\"\\u00ff\\u00c3\"");
    assert_text("\xc0\xaf", 2, "\"\\u00c0\\u00af\"");            /* overlong */
    assert_text("\xe0\x80\xaf", 3, "\"\\u00e0\\u0080\\u00af\""); /* overlong */
    assert_text("\xed\xa0\x80", 3, "\"\\u00ed\\u00a0\\u0080\""); /* surrogate */
    assert_text("\xf4\x90\x80\x80", 4, "\"\\u00f4\\u0090\\u0080\\u0080\"");
    assert_text("\xc2\x9b", 2, "\"\\u00c2\\u009b\""); /* C1 control */
    assert_text("\xe2\x82", 2, "\"\\u00e2\\u0082\""); /* cut short */
}

static void assert_real(double value, const char *expected)
{
    struct json j = json_into(out, sizeof out);

    json_real(&j, NULL, value);
    assert_string_equal(text_of(&j), expected);
}

static void assert_float(float value, const char *expected)
{
    struct json j = json_into(out, sizeof out);

    json_float(&j, NULL, value);
    assert_string_equal(text_of(&j), expected);
}

static void reals_show_a_point_and_are_shortest(void **state)
{
    (void)state;
    assert_real(4, "4.0");
    assert_real(4.8, "4.8");
    assert_real(-0.0, "-0.0");
    assert_real(0.1 + 0.2, "0.30000000000000004");
    assert_real(1e30, "1.0e+30");
    assert_real(-1.5e-7, "-0.00000015");
    assert_real(5e-324, "5.0e-324");
    assert_real(1772615564.318226, "1772615564.318226");
    assert_float(4.8f, "4.8");
    assert_float(0.1f, "0.1");
    assert_float(16777216.0f, "16777216.0");
    assert_float(3.4028235e38f, "3.4028235e+38");
    assert_float(-273.15f, "-273.15");
}

static void reals_read_back_as_the_same_number(void **state)
{
    uint64_t u = UINT64_C(0x9e3779b97f4a7c15);
    uint32_t low;
    struct json j;
    double r;
    float f;

    (void)state;
    for (unsigned i = 0; i < 50000; i++) {
        u = u * UINT64_C(6364136223846793005) + 1442695040888963407u;
        low = (uint32_t)(u >> 32);
        memcpy(&r, &u, sizeof r);
        memcpy(&f, &low, sizeof f);
        j = json_into(out, sizeof out);
        json_real(&j, NULL, r);
        if (isfinite(r))
            assert_true(strtod(text_of(&j), NULL) == r);
        j = json_into(out, sizeof out);
        json_float(&j, NULL, f);
        if (isfinite(f))
            assert_true(strtof(text_of(&j), NULL) == f);
        assert_true(j.len == 0 || strchr(out, '.'));
    }
}

static void what_is_no_number_leaves_no_member(void **state)
{
    struct json j = json_into(out, sizeof out);

    (void)state;
    json_object(&j, NULL);
    json_real(&j, "a", (double)NAN);
    json_float(&j, "b", INFINITY);
    json_int(&j, "c", 1);
    json_object_end(&j);
    assert_string_equal(text_of(&j), "{\"c\":1}");
}

static void assert_time(int64_t ns, const char *expected)
{
    struct json j = json_into(out, sizeof out);

    json_time(&j, NULL, ns);
    assert_string_equal(text_of(&j), expected);
}

static void times_are_utc_with_microseconds(void **state)
{
    (void)state;
    assert_time(INT64_C(1772615564318226999), "\"2026-03-04T09:12:44.318226+0000\"");
    assert_time(0, "\"1970-01-01T00:00:00.000000+0000\"");
    assert_time(-1, "\"1969-12-31T23:59:59.999999+0000\"");
    assert_time(INT64_C(951782400000000000), "\"2000-02-29T00:00:00.000000+0000\"");
    assert_time(INT64_C(1709251199000000000), "\"2024-02-29T23:59:59.000000+0000\"");
    assert_time(INT64_MAX, "\"2262-04-11T23:47:16.854775+0000\"");
    assert_time(INT64_MIN, "\"1677-09-21T00:12:43.145224+0000\"");
}

static void ids_bytes_and_addresses_are_text(void **state)
{
    static const uint8_t six[] = {0, 0x80, 0xf4, 0x0e, 0x51, 0xc7};
    struct json j = json_into(out, sizeof out);

    (void)state;
    json_array(&j, NULL);
    json_id(&j, NULL, 0xabc);
    json_hex(&j, NULL, (struct bytes){six, 2});
    json_address(&j, NULL, (struct bytes){six, 6});
    json_address(&j, NULL, (struct bytes){six, 4});
    json_address(&j, NULL, (struct bytes){six, 3});
    json_array_end(&j);
    assert_string_equal(text_of(&j), "[\"0000000000000abc\",\"0080\","
                                     "\"00:80:f4:0e:51:c7\",\"0.128.244.14\","
                                     "\"0080f4\"]");
}

static void what_does_not_fit_is_said_at_every_size(void **state)
{
    (void)state;
    for (size_t size = 0; size < 40; size++) {
        char *small = malloc(size + 1);
        struct json j = json_into(small, size);

        json_object(&j, NULL);
        json_text(&j, "a", "x\n");
        json_real(&j, "b", 4.5);
        json_object_end(&j);
        assert_int_equal(json_end_line(&j), size < 20 ? 0 : 20);
        assert_true(j.len <= size);
        free(small);
    }
}

static void undoing_takes_back_an_overflow(void **state)
{
    char small[16];
    struct json j = json_into(small, sizeof small);
    struct json_mark mark;

    (void)state;
    json_object(&j, NULL);
    json_int(&j, "a", 1);
    mark = json_mark(&j);
    json_text(&j, "b", "much too long for this");
    assert_true(j.overflow);
    json_undo(&j, mark);
    json_object_end(&j);
    assert_int_equal(json_end_line(&j), 8);
    assert_memory_equal(small, "{\"a\":1}\n", 8);
    assert_int_equal(j.fields, 1);
}

struct sink {
    char text[SIZE];
    size_t len;
};

static void collect(void *to, const char *text, size_t len)
{
    struct sink *sink = to;

    memcpy(sink->text + sink->len, text, len);
    sink->len += len;
}

static void a_stage_takes_text_of_any_length(void **state)
{
    struct sink sink = {.len = 0};
    char stage[64], longer[300];
    struct json j = json_into(stage, sizeof stage);

    (void)state;
    memset(longer, 'x', sizeof longer);
    j.flush = collect;
    j.to = &sink;
    json_array(&j, NULL);
    json_text_bytes(&j, NULL, (struct bytes){(uint8_t *)longer, sizeof longer});
    json_int(&j, NULL, 7);
    json_array_end(&j);
    assert_true(json_end_line(&j) > 0);
    assert_int_equal(j.len, 0);
    assert_false(j.overflow);
    assert_int_equal(sink.len, 300 + 7);
    assert_memory_equal(sink.text + 301, "x\",7]\n", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_arrays_and_commas_nest),
        cmocka_unit_test(text_is_valid_utf8_whatever_the_bytes),
        cmocka_unit_test(reals_show_a_point_and_are_shortest),
        cmocka_unit_test(reals_read_back_as_the_same_number),
        cmocka_unit_test(what_is_no_number_leaves_no_member),
        cmocka_unit_test(times_are_utc_with_microseconds),
        cmocka_unit_test(ids_bytes_and_addresses_are_text),
        cmocka_unit_test(what_does_not_fit_is_said_at_every_size),
        cmocka_unit_test(undoing_takes_back_an_overflow),
        cmocka_unit_test(a_stage_takes_text_of_any_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
