#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/mutes.h"

static struct mutes mutes, back;
static char directory[32], file[64];

static const struct signature write_rule = {.id = 8101010,
                                            .name = "modbus.write.client",
                                            .detection = "MB-01",
                                            .severity = SEVERITY_HIGH};

static int begin(void **state)
{
    (void)state;
    memset(&mutes, 0, sizeof mutes);
    strcpy(directory, "mutes.XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(file, sizeof file, "%s/mutes.json", directory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(directory);
}

static struct mute mute_of(const char *what, int64_t until)
{
    struct mute m = {.uid = 1000, .who = "kim", .why = "ticket 4711", .until = until};

    snprintf(m.what, sizeof m.what, "%s", what);
    return m;
}

static void add(const char *what, int64_t until)
{
    struct mute m = mute_of(what, until);

    assert_true(mutes_add(&mutes, &m));
}

static int match(int64_t now)
{
    return mutes_match(&mutes, &write_rule, 77, SEVERITY_HIGH, now);
}

static void nothing_is_muted_by_an_empty_list(void **state)
{
    (void)state;
    assert_int_equal(match(0), -1);
}

static void name_detection_number_and_beginning_are_matched(void **state)
{
    static const struct {
        const char *what;
        int index;
    } cases[] = {
        {"modbus.write.client", 0}, {"MB-01", 0},          {"8101010", 0},
        {"modbus.write*", 0},       {"MB-*", 0},           {"*", 0},
        {"modbus.write", -1},       {"MB-011", -1},        {"810101", -1},
        {"modbus.read*", -1},       {"modbus.write.", -1},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&mutes, 0, sizeof mutes);
        add(cases[i].what, 10);
        assert_int_equal(match(5), cases[i].index);
    }
}

static void a_signature_without_a_detection_is_not_matched_by_one(void **state)
{
    struct signature s = write_rule;

    (void)state;
    s.detection = NULL;
    add("MB-01", 10);
    assert_int_equal(mutes_match(&mutes, &s, 0, SEVERITY_LOW, 0), -1);
}

static void a_mute_ends_at_its_time(void **state)
{
    (void)state;
    add("MB-01", 10);
    assert_int_equal(match(9), 0);
    assert_int_equal(match(10), -1);
    assert_int_equal(mutes_expire(&mutes, 9), 0);
    assert_int_equal(mutes_expire(&mutes, 10), 1);
    assert_int_equal(mutes.n, 0);
}

static void critical_passes_unless_it_was_meant(void **state)
{
    struct mute m = mute_of("MB-01", 10);

    (void)state;
    add("MB-01", 10);
    assert_int_equal(mutes_match(&mutes, &write_rule, 0, SEVERITY_CRITICAL, 5), -1);
    m.critical = true;
    assert_true(mutes_add(&mutes, &m));
    assert_int_equal(mutes_match(&mutes, &write_rule, 0, SEVERITY_CRITICAL, 5), 0);
}

static void a_root_cause_mutes_itself_alone(void **state)
{
    struct mute m = mute_of("MB-01", 10);

    (void)state;
    m.root = 77;
    assert_true(mutes_add(&mutes, &m));
    assert_int_equal(match(5), 0);
    assert_int_equal(mutes_match(&mutes, &write_rule, 78, SEVERITY_HIGH, 5), -1);
}

static void the_same_thing_again_takes_its_place(void **state)
{
    (void)state;
    add("MB-01", 10);
    mutes.list[0].suppressed = 3;
    add("MB-01", 20);
    assert_int_equal(mutes.n, 1);
    assert_int_equal(mutes.list[0].until, 20);
    assert_int_equal(mutes.list[0].suppressed, 3);
}

static void a_full_list_takes_no_more(void **state)
{
    char what[16];
    struct mute m = mute_of("one too many", 10);

    (void)state;
    for (unsigned i = 0; i < MUTES_MAX; i++) {
        snprintf(what, sizeof what, "rule.%u", i);
        add(what, 10);
    }
    assert_false(mutes_add(&mutes, &m));
    assert_int_equal(mutes.n, MUTES_MAX);
    assert_true(mutes_remove(&mutes, "rule.0"));
    assert_true(mutes_add(&mutes, &m));
    assert_string_equal(mutes.list[0].what, "rule.1");
    assert_string_equal(mutes.list[MUTES_MAX - 1].what, "one too many");
}

static void what_is_not_muted_cannot_be_ended(void **state)
{
    uint32_t generation;

    (void)state;
    add("MB-01", 10);
    generation = mutes.generation;
    assert_false(mutes_remove(&mutes, "MB-02"));
    assert_int_equal(mutes.generation, generation);
    assert_true(mutes_remove(&mutes, "MB-01"));
    assert_int_not_equal(mutes.generation, generation);
}

static void counts_add_up_within_a_generation(void **state)
{
    static struct mutes_counts before, counts;

    (void)state;
    memset(&before, 0, sizeof before);
    add("MB-01", 10);
    counts = (struct mutes_counts){.generation = mutes.generation, .suppressed = {4}};
    mutes_count(&mutes, &before, &counts);
    counts.suppressed[0] = 6;
    mutes_count(&mutes, &before, &counts);
    assert_int_equal(mutes.list[0].suppressed, 6);

    add("MB-02", 10);
    counts.suppressed[0] = 9; /* of the generation before */
    mutes_count(&mutes, &before, &counts);
    assert_int_equal(mutes.list[0].suppressed, 6);
    counts = (struct mutes_counts){.generation = mutes.generation, .suppressed = {1, 2}};
    mutes_count(&mutes, &before, &counts);
    assert_int_equal(mutes.list[0].suppressed, 7);
    assert_int_equal(mutes.list[1].suppressed, 2);
}

/* ---- the file -------------------------------------------------------------------- */

static void write_file(const char *text)
{
    FILE *f = fopen(file, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* How many errors; `back` has what was taken all the same. */
static unsigned load(const char *text)
{
    static struct diagnostics d;
    unsigned errors;
    bool fine;

    write_file(text);
    diagnostics_open(&d);
    fine = mutes_load(&back, file, &d);
    errors = d.errors;
    assert_int_equal(fine, errors == 0);
    diagnostics_close(&d);
    return errors;
}

static void assert_same(const struct mute *a, const struct mute *b)
{
    assert_string_equal(a->what, b->what);
    assert_string_equal(a->who, b->who);
    assert_string_equal(a->why, b->why);
    assert_true(a->root == b->root && a->critical == b->critical && a->uid == b->uid);
    assert_true(a->since == b->since && a->until == b->until);
    assert_true(a->suppressed == b->suppressed);
}

static void a_list_comes_back_as_it_was_kept(void **state)
{
    static struct diagnostics d;
    struct mute m = mute_of("0c41d7e8", INT64_C(1772618400000000001));
    char why[MUTES_TEXT] = "";

    (void)state;
    m.root = UINT64_C(0xf00000000000000d);
    m.critical = true;
    m.suppressed = 12;
    m.since = INT64_C(1772614800000000001);
    strcpy(m.why, "\xc3\xbc \"quoted\" \\ \n");
    add("modbus.*", 99);
    assert_true(mutes_add(&mutes, &m));
    assert_true(mutes_save(&mutes, file, why));
    diagnostics_open(&d);
    assert_true(mutes_load(&back, file, &d));
    diagnostics_close(&d);
    assert_int_equal(back.n, 2);
    assert_same(&back.list[0], &mutes.list[0]);
    assert_same(&back.list[1], &mutes.list[1]);
}

static void a_missing_file_is_an_empty_list(void **state)
{
    static struct diagnostics d;

    (void)state;
    diagnostics_open(&d);
    back.n = 7;
    assert_true(mutes_load(&back, file, &d));
    assert_int_equal(back.n, 0);
    diagnostics_close(&d);
}

static void a_broken_file_is_told(void **state)
{
    (void)state;
    assert_int_equal(load(""), 1);
    assert_int_equal(load("{\"mutes\": [}"), 1);
    assert_int_equal(load("{\"mutes\": 3}"), 1);
    assert_int_equal(load("[]"), 1);
    assert_int_equal(load("{\"mutes\": []}"), 0);
}

#define GOOD                                                                   \
    "{\"what\":\"MB-01\",\"who\":\"kim\",\"why\":\"w\",\"uid\":1,\"since\":1," \
    "\"until\":2,\"suppressed\":0"

static void what_is_wrong_is_told_and_the_rest_taken(void **state)
{
    (void)state;
    assert_int_equal(
        load("{\"mutes\": [" GOOD "}, 3, {}, " GOOD ",\"root_cause\":\"12\"}]}"), 3);
    assert_int_equal(back.n, 1);
    assert_string_equal(back.list[0].what, "MB-01");
}

static void a_directory_that_is_not_there_cannot_be_written_to(void **state)
{
    char why[MUTES_TEXT] = "";

    (void)state;
    assert_false(mutes_save(&mutes, "no/such/mutes.json", why));
    assert_string_equal(why,
                        "cannot write no/such/mutes.json: No such file or directory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(nothing_is_muted_by_an_empty_list),
        TEST(name_detection_number_and_beginning_are_matched),
        TEST(a_signature_without_a_detection_is_not_matched_by_one),
        TEST(a_mute_ends_at_its_time),
        TEST(critical_passes_unless_it_was_meant),
        TEST(a_root_cause_mutes_itself_alone),
        TEST(the_same_thing_again_takes_its_place),
        TEST(a_full_list_takes_no_more),
        TEST(what_is_not_muted_cannot_be_ended),
        TEST(counts_add_up_within_a_generation),
        TEST(a_list_comes_back_as_it_was_kept),
        TEST(a_missing_file_is_an_empty_list),
        TEST(a_broken_file_is_told),
        TEST(what_is_wrong_is_told_and_the_rest_taken),
        TEST(a_directory_that_is_not_there_cannot_be_written_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
