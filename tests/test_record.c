#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "sensor/core/common.h"
#include "tests/sample.h"

static struct record_pool pool;

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

static struct message message(enum field_side side, uint64_t frame)
{
    return (struct message){.time = (int64_t)frame * 1000,
                            .frame = frame,
                            .length = 64,
                            .side = (uint8_t)side};
}

static void both_copies_of_a_field_are_kept(void **state)
{
    struct record *r = record_take(&pool, &sample_schema);
    struct message asked = message(SIDE_REQUEST, 1), told = message(SIDE_RESPONSE, 2);
    bool truncated = false;
    static const uint8_t bytes[] = {0x12, 0x34, 0x56, 0x78};
    struct cursor c = cur_over((struct bytes){bytes, 4}, &truncated);

    (void)state;
    record_message(r, &asked, bytes);
    take_be16(r, &c, SAMPLE_ID);
    record_message(r, &told, bytes);
    take_le16(r, &c, SAMPLE_ID);
    assert_int_equal(record_get(r, SAMPLE_ID)->u, 0x1234);
    assert_int_equal(record_get_side(r, SAMPLE_ID, SIDE_RESPONSE)->u, 0x7856);
    assert_int_equal(record_get_side(r, SAMPLE_ID, SIDE_RESPONSE)->offset, 2);
    assert_int_equal(record_get_side(r, SAMPLE_ID, SIDE_RESPONSE)->message, 1);
    assert_null(record_get(r, SAMPLE_REAL));
    assert_int_equal(record_response_time(r), 1000);
    record_give(r);
}

static void a_short_read_sets_nothing(void **state)
{
    struct record *r = record_take(&pool, &sample_schema);
    bool truncated = false;
    struct cursor c = cur_over((struct bytes){(const uint8_t *)"x", 1}, &truncated);

    (void)state;
    take_be16(r, &c, SAMPLE_ID);
    assert_true(truncated);
    assert_null(record_get(r, SAMPLE_ID));
    record_give(r);
}

static void rows_keep_their_values_apart(void **state)
{
    struct record *r = record_take(&pool, &sample_schema);
    struct row row;
    unsigned at = 0, rows = 0;

    (void)state;
    record_row(r, SAMPLE_GROUP_FILE);
    record_set(r, SAMPLE_FILE_SIZE, 7);
    record_set(r, SAMPLE_ID, 99); /* outside the group, in between */
    record_set_text(r, SAMPLE_FILE_NAME, "first");
    record_row(r, SAMPLE_GROUP_FILE);
    record_set(r, SAMPLE_FILE_SIZE, 8);
    while (record_next_row(r, SAMPLE_GROUP_FILE, &at, &row)) {
        const struct value *name = record_row_get(r, &row, SAMPLE_FILE_NAME);

        assert_int_equal(record_row_get(r, &row, SAMPLE_FILE_SIZE)->u, 7 + rows);
        assert_int_equal(name != NULL, rows == 0);
        if (name)
            assert_memory_equal(record_bytes(r, name).at, "first", 5);
        rows++;
    }
    assert_int_equal(rows, 2);
    assert_int_equal(record_get(r, SAMPLE_ID)->u, 99);
    record_give(r);
}

/* Larger stores are taken as needed, and nothing changes by the move. */
static void a_record_grows_without_losing_anything(void **state)
{
    struct record *r = record_take(&pool, &sample_schema);
    uint8_t block[600];
    uint32_t place = 0, n = 0;
    struct run run = {.count = 300, .step = 1, .type = POINT_U16, .big_endian = true};

    (void)state;
    for (unsigned i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)i;
    record_set(r, SAMPLE_ID, 42);
    record_set_bytes(r, SAMPLE_BYTES, (struct bytes){block, sizeof block});
    run.values = (struct bytes){block, sizeof block};
    for (unsigned i = 0; i < 60; i++) {
        run.first = 1000u * i;
        record_run(r, &run);
    }
    assert_int_equal(r->left_out, 0);
    assert_int_equal(record_get(r, SAMPLE_ID)->u, 42);
    assert_memory_equal(record_bytes(r, record_get(r, SAMPLE_BYTES)).at, block,
                        sizeof block);
    while (record_next_run(r, &place, &run)) {
        struct point p;

        run_point(&run, 299, &p);
        assert_int_equal(p.address, 1000u * n + 299);
        assert_int_equal(p.value, (uint8_t)598 << 8 | (uint8_t)599);
        n++;
    }
    assert_int_equal(n, 60);
    assert_int_equal(record_points(r), 60 * 300);
    record_give(r);
}

/* With the larger stores used up, what does not fit is counted. */
static void what_does_not_fit_is_counted(void **state)
{
    struct record *r[4];
    static uint8_t block[12000];
    size_t left_out = 0;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        r[i] = record_take(&pool, &sample_schema);
        record_set_bytes(r[i], SAMPLE_BYTES, (struct bytes){block, sizeof block});
        left_out += r[i]->left_out;
        assert_int_equal(record_get(r[i], SAMPLE_BYTES)->b.len,
                         r[i]->left_out ? 0 : sizeof block);
    }
    assert_true(left_out > 0 && left_out < 4);
    for (unsigned i = 0; i < 4; i++)
        record_give(r[i]);
    assert_int_equal(record_pool_free(&pool), 4);
}

static void an_empty_pool_gives_a_record_that_goes_nowhere(void **state)
{
    struct record *r[5];

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        r[i] = record_take(&pool, &sample_schema);
    assert_false(r[3]->scratch);
    assert_true(r[4]->scratch);
    record_set(r[4], SAMPLE_ID, 1);
    for (unsigned i = 0; i < 5; i++)
        record_give(r[i]);
    assert_int_equal(record_pool_free(&pool), 4);
    assert_int_equal(pool.records.missed, 1);
}

/* A count from the wire cannot make points that have no bytes. */
static void a_run_holds_no_more_points_than_bytes(void **state)
{
    struct record *r = record_take(&pool, &sample_schema);
    struct run run = {.count = 100,
                      .step = 1,
                      .type = POINT_U16,
                      .values = {(const uint8_t *)"\1\2\3\4\5", 5}};
    uint32_t place = 0;

    (void)state;
    record_run(r, &run);
    assert_true(record_next_run(r, &place, &run));
    assert_int_equal(run.count, 2);
    record_give(r);
}

static void a_point_has_up_to_sixteen_qualities(void **state)
{
    static const uint16_t quality[2] = {1, 0x8200};
    struct record *r = record_take(&pool, &sample_schema);
    struct run run = {.count = 3,
                      .step = 1,
                      .type = POINT_U8,
                      .values = {(const uint8_t *)"\1\2\3", 3},
                      .quality = {(const uint8_t *)quality, sizeof quality}};
    uint32_t place = 0;
    struct point p;

    (void)state;
    record_run(r, &run);
    assert_true(record_next_run(r, &place, &run));
    run_point(&run, 1, &p);
    assert_true(p.has_quality);
    assert_int_equal(p.quality, 0x8200);
    run_point(&run, 2, &p);
    assert_false(p.has_quality);
    record_give(r);
}

/* What a dissector worked out lies nowhere in the message. */
static void an_offset_is_inside_the_message_or_none(void **state)
{
    static const uint8_t bytes[64], elsewhere[1];
    struct record *r = record_take(&pool, &sample_schema);
    struct message m = message(SIDE_REQUEST, 1);
    struct run run = {.count = 1, .type = POINT_U8, .values = {bytes + 7, 1}};
    uint32_t place = 0;

    (void)state;
    record_message(r, &m, bytes);
    record_run(r, &run);
    run.values.at = elsewhere;
    record_run(r, &run);
    record_next_run(r, &place, &run);
    assert_int_equal(run.offset, 7);
    record_next_run(r, &place, &run);
    assert_int_equal(run.offset, OFFSET_NONE);
    record_give(r);
}

static void a_secret_leaves_no_bytes(void **state)
{
    struct record *r = record_take(&pool, &sample_schema);

    (void)state;
    record_set_text(r, SAMPLE_PASSWORD, "open sesame");
    assert_non_null(record_get(r, SAMPLE_PASSWORD));
    assert_int_equal(record_get(r, SAMPLE_PASSWORD)->b.len, 0);
    record_give(r);
}

static void a_copy_stands_on_its_own(void **state)
{
    struct record *r = record_take(&pool, &sample_schema), *copy;

    (void)state;
    record_set_text(r, SAMPLE_TEXT, "the same");
    copy = record_copy(&pool, r);
    memset(r->store, 0xee, r->size);
    assert_memory_equal(record_bytes(copy, record_get(copy, SAMPLE_TEXT)).at, "the same",
                        8);
    record_give(r);
    record_give(copy);
}

static void common_fields_read_what_the_schema_flags(void **state)
{
    struct record *r = record_take(&pool, &sample_schema);
    struct datum d;

    (void)state;
    r->parties.protocol = 6;
    r->parties.server = address_v4((const uint8_t[]){10, 0, 0, 7});
    record_set(r, SAMPLE_UNIT, 3);
    record_set(r, SAMPLE_FUNCTION, 9);
    r->verbs = VERB_READ | VERB_WRITE;
    assert_true(common_get(r, COMMON_DEVICE, 0, &d));
    assert_string_equal(d.text, "10.0.0.7/unit:3");
    assert_true(common_get(r, COMMON_FUNCTION, 0, &d));
    assert_string_equal(d.text, "unknown_9");
    assert_true(common_get(r, COMMON_VERB, 0, &d));
    assert_string_equal(verb_name((uint32_t)d.u), "write");
    assert_false(common_get(r, COMMON_OUTCOME, 0, &d));
    assert_false(common_get(r, COMMON_CLIENT, 0, &d));
    record_give(r);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, open_pool, close_pool)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(both_copies_of_a_field_are_kept),
        CASE(a_short_read_sets_nothing),
        CASE(rows_keep_their_values_apart),
        CASE(a_record_grows_without_losing_anything),
        CASE(what_does_not_fit_is_counted),
        CASE(an_empty_pool_gives_a_record_that_goes_nowhere),
        CASE(a_run_holds_no_more_points_than_bytes),
        CASE(a_secret_leaves_no_bytes),
        CASE(a_point_has_up_to_sixteen_qualities),
        CASE(an_offset_is_inside_the_message_or_none),
        CASE(a_copy_stands_on_its_own),
        CASE(common_fields_read_what_the_schema_flags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
