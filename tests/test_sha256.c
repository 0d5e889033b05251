#include "tests/unit.h"

#include <string.h>

#include "sensor/core/sha256.h"

/* The examples of FIPS 180-4, and one million times "a". */
static const struct {
    const char *text;
    unsigned times;
    const char *hash;
} examples[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void the_examples_of_the_standard_come_out(void **state)
{
    char text[SHA256_TEXT];
    struct sha256 s;

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        sha256_begin(&s);
        for (unsigned n = 0; n < examples[i].times; n++)
            sha256_add(&s, examples[i].text, strlen(examples[i].text));
        assert_string_equal(sha256_text(&s, text), examples[i].hash);
    }
}

static void pieces_of_any_size_give_the_same(void **state)
{
    char whole[SHA256_TEXT], pieces[SHA256_TEXT];
    uint8_t data[300];
    struct sha256 s;

    (void)state;
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    sha256_begin(&s);
    sha256_add(&s, data, sizeof data);
    sha256_text(&s, whole);
    for (size_t step = 1; step < sizeof data; step++) {
        sha256_begin(&s);
        for (size_t at = 0; at < sizeof data; at += step)
            sha256_add(&s, data + at, at + step < sizeof data ? step : sizeof data - at);
        assert_string_equal(sha256_text(&s, pieces), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_come_out),
        cmocka_unit_test(pieces_of_any_size_give_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
