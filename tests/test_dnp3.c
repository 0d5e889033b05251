#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "dissectors/dnp3/dnp3.h"
#include "tests/feed.h"

enum { POOL = 64, MASTER_ADDRESS = 1, SEGMENT_MAX = 249, FRAGMENT_MAX = 12000 };

static struct feed feed;
static unsigned sequences[2]; /* of the segments of both sides */
static uint16_t outstation;

static int open_feed(void **state)
{
    (void)state;
    feed_open(&feed, dissector_named("dnp3"), 0, POOL);
    sequences[0] = sequences[1] = 0;
    outstation = 10;
    return 0;
}

static int close_feed(void **state)
{
    (void)state;
    feed_close(&feed);
    return 0;
}

/* ---- frames, made here ----------------------------------------------------------- */

/* Bit by bit, unlike the one that is tested. */
static void put_crc(uint8_t *at, size_t len)
{
    unsigned crc = 0;

    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xa6bcu : crc >> 1;
    }
    at[len] = (uint8_t)~crc;
    at[len + 1] = (uint8_t)(~crc >> 8);
}

static size_t make_frame(uint8_t *out, unsigned side, unsigned control,
                         const uint8_t *user, size_t len)
{
    uint16_t to = side == SIDE_REQUEST ? outstation : MASTER_ADDRESS;
    uint16_t from = side == SIDE_REQUEST ? MASTER_ADDRESS : outstation;
    const uint8_t head[8] = {5,
                             0x64,
                             (uint8_t)(len + 5),
                             (uint8_t)control,
                             (uint8_t)to,
                             (uint8_t)(to >> 8),
                             (uint8_t)from,
                             (uint8_t)(from >> 8)};
    size_t n = 10;

    memcpy(out, head, sizeof head);
    put_crc(out, 8);
    for (size_t i = 0; i < len; i += 16) {
        size_t block = len - i < 16 ? len - i : 16;

        memcpy(out + n, user + i, block);
        put_crc(out + n, block);
        n += block + 2;
    }
    return n;
}

/* One segment of a fragment. */
static void send_segment(unsigned side, const uint8_t *at, size_t len, bool first,
                         bool last)
{
    uint8_t user[SEGMENT_MAX + 1], frame[300];
    unsigned *sequence = &sequences[side == SIDE_RESPONSE];
    size_t n;

    user[0] = (uint8_t)((*sequence)++ % 64 | (first ? 0x40u : 0) | (last ? 0x80u : 0));
    memcpy(user + 1, at, len);
    n = make_frame(frame, side, side == SIDE_REQUEST ? 0xc4 : 0x44, user, len + 1);
    feed_bytes(&feed, side, frame, n);
}

static void send_fragment(unsigned side, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i += SEGMENT_MAX) {
        size_t n = len - i < SEGMENT_MAX ? len - i : SEGMENT_MAX;

        send_segment(side, at + i, n, i == 0, i + n == len);
    }
}

static void say(unsigned side, const char *hex)
{
    static uint8_t fragment[FRAGMENT_MAX];

    send_fragment(side, fragment, hex_bytes(hex, fragment, sizeof fragment));
}

static void ask(const char *hex)
{
    say(SIDE_REQUEST, hex);
}

static void answer(const char *hex)
{
    say(SIDE_RESPONSE, hex);
}

/* ---- what came of it ------------------------------------------------------------- */

static uint64_t number(const struct record *r, unsigned slot)
{
    const struct value *v = record_get(r, slot);

    assert_non_null(v);
    return v->u;
}

/* The first value of a field of a group; 0 when no row has it. */
static uint64_t in_row(const struct record *r, unsigned group, unsigned slot)
{
    const struct value *v;
    unsigned at = 0;
    struct row row;

    while (record_next_row(r, group, &at, &row)) {
        v = record_row_get(r, &row, slot);
        if (v)
            return v->u;
    }
    return 0;
}

/* The nth point of all runs. */
static struct point point(const struct record *r, uint32_t n)
{
    static struct run run;
    struct point p;

    for (uint32_t place = 0; record_next_run(r, &place, &run);) {
        if (n < run.count) {
            run_point(&run, n, &p);
            return p;
        }
        n -= run.count;
    }
    fail_msg("no such point");
    return (struct point){0};
}

/* ---- the link -------------------------------------------------------------------- */

static void a_checksum_is_that_of_the_standards_example(void **state)
{
    static const uint8_t head[] = {0x05, 0x64, 0x05, 0xc0, 0x01, 0x00, 0x00, 0x04};

    (void)state;
    assert_int_equal(dnp3_crc(head, sizeof head), 0x21e9);
}

static void bytes_that_begin_no_frame_are_told_and_passed_over(void **state)
{
    static const uint8_t noise[] = {1, 2, 3, 5, 4, 0x64, 9};

    (void)state;
    ask("c1 01 3c0106");
    feed_bytes(&feed, SIDE_RESPONSE, noise, sizeof noise);
    answer("c1 81 0000");
    assert_int_equal(feed.nrecords, 2);
    assert_true(has_violation(feed.records[0], BAD_START));
    assert_int_equal(feed.records[1]->outcome, OUTCOME_ANSWERED);
}

static void a_frame_with_a_wrong_checksum_is_not_believed(void **state)
{
    static const uint8_t user[] = {0xc0, 0xc1, 13};
    uint8_t frame[32];
    size_t n = make_frame(frame, SIDE_REQUEST, 0xc4, user, sizeof user);

    (void)state;
    frame[12] = 14; /* cold restart becomes warm restart */
    feed_bytes(&feed, SIDE_REQUEST, frame, n);
    assert_true(has_violation(feed_last(&feed), BAD_BLOCK_CRC));
    assert_null(record_get(feed_last(&feed), FUNCTION));
    frame[2]++;
    feed_bytes(&feed, SIDE_REQUEST, frame, 10);
    assert_true(has_violation(feed_last(&feed), BAD_HEADER_CRC));
}

static void the_function_tells_who_is_the_master(void **state)
{
    static const uint8_t unasked[] = {0xc0, 0xf0, UNSOLICITED, 0x80, 0};
    static const uint8_t asked[] = {0xc0, 0xc0, READ, 0x3c, 1, 6};
    struct side side = {.transport = TRANSPORT_TCP, .sure = true};
    bool mark = false;
    uint8_t frame[64];
    size_t n = make_frame(frame, SIDE_RESPONSE, 0x44, unasked, sizeof unasked);

    (void)state;
    assert_true(dissector_named("dnp3")->sender_is_sure);
    assert_int_equal(dnp3_sender(&side, cur_over((struct bytes){frame, n}, &mark)),
                     SIDE_RESPONSE);
    n = make_frame(frame, SIDE_REQUEST, 0x44, asked, sizeof asked); /* a wrong bit */
    assert_int_equal(dnp3_sender(&side, cur_over((struct bytes){frame, n}, &mark)),
                     SIDE_REQUEST);
}

/* ---- segments and fragments ------------------------------------------------------ */

static void pairs_in_one_stream_do_not_mix(void **state)
{
    static uint8_t one[400] = {0xc1, 0x81, 0, 0, 1, 2, 1, 0, 0, 0x80, 1};
    static uint8_t two[400] = {0xc1, 0x81, 0, 0, 1, 2, 1, 0, 0, 0x80, 1};

    (void)state;
    memset(one + 11, 0x81, sizeof one - 11);
    memset(two + 11, 0x01, sizeof two - 11);
    outstation = 10;
    ask("c1 01 3c0106");
    outstation = 20;
    ask("c1 01 3c0106");
    send_segment(SIDE_RESPONSE, two, SEGMENT_MAX, true, false);
    outstation = 10;
    send_segment(SIDE_RESPONSE, one, SEGMENT_MAX, true, false);
    outstation = 20;
    sequences[1] = 1;
    send_segment(SIDE_RESPONSE, two + SEGMENT_MAX, 396 - SEGMENT_MAX, false, true);
    outstation = 10;
    send_segment(SIDE_RESPONSE, one + SEGMENT_MAX, 396 - SEGMENT_MAX, false, true);
    assert_int_equal(feed.nrecords, 2);
    assert_int_equal(number(feed.records[0], OUTSTATION), 20);
    assert_int_equal(record_points(feed.records[0]), 385);
    assert_int_equal(point(feed.records[0], 384).value, 0);
    assert_int_equal(number(feed.records[1], OUTSTATION), 10);
    assert_int_equal(point(feed.records[1], 384).value, 1);
}

/* `count` binary inputs with flags from `first` on, in one fragment. */
static void answer_inputs(unsigned control, unsigned first, unsigned count)
{
    static uint8_t fragment[FRAGMENT_MAX];
    unsigned last = first + count - 1;
    const uint8_t head[] = {(uint8_t)control,
                            0x81,
                            0,
                            0,
                            1,
                            2,
                            1,
                            (uint8_t)first,
                            (uint8_t)(first >> 8),
                            (uint8_t)last,
                            (uint8_t)(last >> 8)};

    memcpy(fragment, head, sizeof head);
    for (unsigned i = 0; i < count; i++)
        fragment[sizeof head + i] = (first + i) % 3 ? 0x81 : 0x01;
    send_fragment(SIDE_RESPONSE, fragment, sizeof head + count);
}

static void an_answer_of_four_thousand_points_keeps_them_all(void **state)
{
    const struct record *r;

    (void)state;
    ask("c1 01 3c0106");
    answer_inputs(0x81, 0, 2000);
    feed_wait(&feed, 15 * NS_PER_S);
    answer_inputs(0x02, 2000, 2000);
    feed_wait(&feed, 15 * NS_PER_S); /* each fragment has a time-out of its own */
    answer_inputs(0x43, 4000, 7);
    assert_int_equal(feed.nrecords, 1);
    r = feed_last(&feed);
    assert_int_equal(r->outcome, OUTCOME_ANSWERED);
    assert_int_equal(r->nviolations, 0);
    assert_int_equal(r->left_out, 0);
    assert_int_equal(record_points(r), 4007);
    for (uint32_t i = 0; i < 4007; i += 97) {
        assert_int_equal(point(r, i).address, i);
        assert_int_equal(point(r, i).value, i % 3 != 0);
        assert_int_equal(point(r, i).quality, ONLINE);
    }
}

/* Four thousand million objects without a byte each: the message ends all the same. */
static void a_count_is_no_reason_to_go_on(void **state)
{
    static const char *const groups[] = {"6e", "6f", "70", "71", "46", "52", "5a", "00"};
    char hex[64];

    (void)state;
    alarm(20);
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        for (unsigned variation = 0; variation < 9; variation++) {
            snprintf(hex, sizeof hex, "c1 02 %s%02x09 ffffffff 61", groups[i], variation);
            ask(hex);
            snprintf(hex, sizeof hex, "c1 02 %s%02x02 00000000feffffff", groups[i],
                     variation);
            ask(hex);
        }
    }
    alarm(0);
    assert_true(feed.nrecords > 0);
}

static void a_fragment_without_end_is_dropped(void **state)
{
    static const uint8_t part[SEGMENT_MAX];

    (void)state;
    for (unsigned i = 0; i < 33; i++)
        send_segment(SIDE_REQUEST, part, sizeof part, i == 0, false);
    assert_true(has_violation(feed_last(&feed), FRAGMENT_TOO_LONG));
    ask("c1 01 3c0106");
    answer("c1 81 0000");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
}

/* ---- points ---------------------------------------------------------------------- */

static void packed_bits_take_no_octet_too_many(void **state)
{
    (void)state;
    ask("c1 01 3c0106");
    answer("c1 81 0000 0101 00 00 07 a5 0101 00 08 10 ff01 0301 00 00 03 e4");
    assert_int_equal(feed_last(&feed)->nviolations, 0);
    assert_int_equal(record_points(feed_last(&feed)), 8 + 9 + 4);
    assert_int_equal(point(feed_last(&feed), 0).value, 1);
    assert_int_equal(point(feed_last(&feed), 7).value, 1);
    assert_int_equal(point(feed_last(&feed), 16).address, 16);
    assert_int_equal(point(feed_last(&feed), 16).value, 1);
    assert_int_equal(point(feed_last(&feed), 18).table, DOUBLE_BIT_INPUT);
    assert_int_equal(point(feed_last(&feed), 18).value, 1);
    assert_int_equal(point(feed_last(&feed), 20).value, 3);
}

static void a_point_has_value_quality_and_time(void **state)
{
    struct point p;

    (void)state;
    ask("c1 01 3c0206");
    answer("c1 81 0000 2003 28 0100 0900 62 feffffff 7b04ec0c8b01");
    p = point(feed_last(&feed), 0);
    assert_int_equal(p.table, ANALOG_INPUT);
    assert_int_equal(p.address, 9);
    assert_true(p.value == -2);
    assert_int_equal(p.quality, RESTART | OVER_RANGE | REFERENCE_ERROR);
    assert_true(p.time == INT64_C(0x018b0cec047b) * NS_PER_MS);
}

static void a_time_no_clock_can_hold_is_cut_and_not_wrapped(void **state)
{
    (void)state;
    ask("c1 01 3c0206");
    answer("c1 81 0000 0202 28 0100 0900 81 ffffffffffff");
    assert_true(point(feed_last(&feed), 0).time > INT64_MAX - 3600 * NS_PER_S);
}

static void a_relative_time_adds_to_the_common_time(void **state)
{
    (void)state;
    ask("c1 01 3c0206");
    answer("c1 81 0000 3301 07 01 e80300000000 0203 28 0200 0100 81 0a00 0100 01 1400");
    assert_true(point(feed_last(&feed), 0).time == 1010 * NS_PER_MS);
    assert_true(point(feed_last(&feed), 1).time == 1020 * NS_PER_MS);
    assert_int_equal(point(feed_last(&feed), 1).address, 1);
    ask("c2 01 3c0206");
    answer("c2 81 0000 0203 28 0100 0100 81 0a00");
    assert_true(has_violation(feed_last(&feed), NO_COMMON_TIME));
    assert_false(point(feed_last(&feed), 0).has_time);
}

static void an_unknown_object_ends_the_fragment_and_not_the_flow(void **state)
{
    (void)state;
    ask("c1 01 3c0106");
    answer("c1 81 0000 0102 00 00 00 81 c801 00 00 00 07 0102 00 00 00 81");
    assert_true(has_violation(feed_last(&feed), UNKNOWN_OBJECT));
    assert_int_equal(record_points(feed_last(&feed)), 1);
    ask("c2 01 3c0106");
    answer("c2 81 0000");
    assert_int_equal(feed_last(&feed)->nviolations, 0);
}

static void a_count_without_objects_is_read_no_further(void **state)
{
    (void)state;
    ask("c1 01 3c0106");
    answer("c1 81 0000 1e01 02 00000000 ffffffff 01 07000000");
    assert_true(has_violation(feed_last(&feed), VIOLATION_TRUNCATED));
    assert_int_equal(record_points(feed_last(&feed)), 1);
}

/* ---- state ----------------------------------------------------------------------- */

#define CLOSE_7 "0c01 17 01 07 41 01 64000000 64000000 00"
#define TRIP_7  "0c01 17 01 07 81 01 64000000 64000000 00"

static uint64_t select_state(void)
{
    return in_row(feed_last(&feed), GROUP_CONTROL, CONTROL_SELECT);
}

static void an_operate_must_repeat_its_select(void **state)
{
    (void)state;
    ask("c1 03 " CLOSE_7);
    answer("c1 81 0000 " CLOSE_7);
    ask("c2 04 " CLOSE_7);
    answer("c2 81 0000 " CLOSE_7);
    assert_int_equal(select_state(), SELECT_MATCHED);
    assert_int_equal(point(feed_last(&feed), 0).access, ACCESS_WRITTEN);
    assert_int_equal(feed_last(&feed)->verbs, VERB_COMMAND);
    ask("c3 04 " CLOSE_7);
    answer("c3 81 0000 " CLOSE_7);
    assert_int_equal(select_state(), SELECT_MISSING);
    ask("c4 03 " CLOSE_7);
    answer("c4 81 0000 " CLOSE_7);
    ask("c5 04 " TRIP_7);
    answer("c5 81 0000 " TRIP_7);
    assert_int_equal(select_state(), SELECT_DIFFERS);
    ask("c6 05 " CLOSE_7);
    answer("c6 81 0000 " CLOSE_7);
    assert_int_equal(select_state(), SELECT_NOT_REQUIRED);
}

static void an_operate_must_not_be_late(void **state)
{
    (void)state;
    ask("c1 03 " CLOSE_7);
    answer("c1 81 0000 " CLOSE_7);
    feed_wait(&feed, 11 * NS_PER_S);
    ask("c2 04 " CLOSE_7);
    answer("c2 81 0000 " CLOSE_7);
    assert_int_equal(select_state(), SELECT_LATE);
}

static void a_select_is_of_its_own_pair(void **state)
{
    (void)state;
    ask("c1 03 " CLOSE_7);
    answer("c1 81 0000 " CLOSE_7);
    outstation = 11;
    ask("c2 04 " CLOSE_7);
    answer("c2 81 0000 " CLOSE_7);
    assert_int_equal(select_state(), SELECT_MISSING);
}

static void another_request_disarms_a_select(void **state)
{
    (void)state;
    ask("c1 03 " CLOSE_7);
    answer("c1 81 0000 " CLOSE_7);
    ask("c2 01 3c0106");
    answer("c2 81 0000");
    assert_int_equal(number(feed_last(&feed), SELECT_UNUSED), true);
    ask("c3 04 " CLOSE_7);
    answer("c3 81 0000 " CLOSE_7);
    assert_int_equal(select_state(), SELECT_MISSING);
}

static void a_command_that_is_refused_says_so(void **state)
{
    (void)state;
    ask("c1 05 " CLOSE_7);
    answer("c1 81 0000 0c01 17 01 07 41 01 64000000 64000000 07");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_REFUSED);
    ask("c2 01 c80106");
    answer("c2 81 0002");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_REFUSED);
}

static void a_challenge_belongs_to_what_it_challenges(void **state)
{
    (void)state;
    ask("c6 05 " CLOSE_7);
    answer("c6 83 0000 7801 5b 01 0c00 03000000 0100 04 01 63686131");
    assert_int_equal(feed.nrecords, 0);
    ask("c6 20 7802 5b 01 0800 03000000 0100 aabb");
    answer("c6 81 0000 " CLOSE_7);
    assert_int_equal(feed.nrecords, 2);
    assert_int_equal(feed.records[0]->outcome, OUTCOME_SENT);
    assert_int_equal(feed.records[1]->outcome, OUTCOME_ANSWERED);
    assert_int_equal(in_row(feed.records[1], GROUP_AUTHENTICATION, AUTH_KIND), 1);
    assert_int_equal(feed.records[1]->nviolations, 0);
}

static void a_confirm_is_matched_or_missing(void **state)
{
    (void)state;
    answer("f2 82 0000");
    assert_int_equal(number(feed_last(&feed), CONFIRMATION), CONFIRM_EXPECTED);
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_SPONTANEOUS);
    answer("f2 82 0000");
    assert_int_equal(number(feed_last(&feed), CONFIRM_MISSING), true);
    ask("d2 00");
    assert_int_equal(number(feed_last(&feed), CONFIRMATION), CONFIRM_MATCHED);
    ask("d2 00");
    assert_int_equal(number(feed_last(&feed), CONFIRMATION), CONFIRM_UNEXPECTED);
}

static void a_new_indication_is_told_once(void **state)
{
    (void)state;
    ask("c1 01 3c0206");
    answer("c1 81 0000");
    ask("c2 01 3c0206");
    answer("c2 81 9200");
    assert_int_equal(number(feed_last(&feed), IIN_NEW), 0x9000);
    ask("c3 01 3c0206");
    answer("c3 81 9000");
    assert_null(record_get(feed_last(&feed), IIN_NEW));
}

static void a_file_is_told_when_it_is_opened_and_closed(void **state)
{
    (void)state;
    ask("c1 19 4603 5b 01 1c00 1a00 0200 000000000000 ff01 00000000 00000000 0100 0004 "
        "0100 2f61");
    answer("c1 81 0000 4604 5b 01 0d00 4d000000 03000000 0004 0100 00");
    ask("c2 01 4605 5b 01 0800 4d000000 00000000");
    answer("c2 81 0000 4605 5b 01 0b00 4d000000 00000080 616263");
    ask("c3 1a 4604 5b 01 0d00 4d000000 00000000 0004 0100 00");
    answer("c3 81 0000 4604 5b 01 0d00 4d000000 00000000 0004 0100 00");
    assert_int_equal(feed.nrecords, 5);
    assert_int_equal(feed.records[1]->kind, RECORD_OPERATION);
    assert_int_equal(feed.records[1]->operation.state, OPERATION_BEGIN);
    assert_int_equal(feed.records[4]->operation.state, OPERATION_END);
    assert_int_equal(feed.records[4]->operation.bytes, 3);
    assert_int_equal(feed.records[4]->operation.kind, FILE_UPLOAD);
    assert_int_equal(feed.records[0]->verbs, VERB_FILE | VERB_READ);
}

static void a_broadcast_waits_for_no_answer(void **state)
{
    (void)state;
    outstation = 0xffff;
    ask("c1 0d");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_SENT);
    assert_int_equal(number(feed_last(&feed), BROADCAST), true);
    assert_int_equal(feed_last(&feed)->verbs, VERB_MODE);
}

static void the_last_request_of_a_sequence_is_answered(void **state)
{
    (void)state;
    ask("c1 01 3c0206");
    ask("c1 01 3c0306");
    answer("c1 81 0000");
    assert_int_equal(feed.nrecords, 1);
    assert_int_equal(in_row(feed_last(&feed), GROUP_OBJECT, VARIATION), 3);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, open_feed, close_feed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_checksum_is_that_of_the_standards_example),
        CASE(bytes_that_begin_no_frame_are_told_and_passed_over),
        CASE(a_frame_with_a_wrong_checksum_is_not_believed),
        CASE(the_function_tells_who_is_the_master),
        CASE(pairs_in_one_stream_do_not_mix),
        CASE(an_answer_of_four_thousand_points_keeps_them_all),
        CASE(a_fragment_without_end_is_dropped),
        CASE(packed_bits_take_no_octet_too_many),
        CASE(a_point_has_value_quality_and_time),
        CASE(a_time_no_clock_can_hold_is_cut_and_not_wrapped),
        CASE(a_relative_time_adds_to_the_common_time),
        CASE(an_unknown_object_ends_the_fragment_and_not_the_flow),
        CASE(a_count_without_objects_is_read_no_further),
        CASE(an_operate_must_repeat_its_select),
        CASE(an_operate_must_not_be_late),
        CASE(a_select_is_of_its_own_pair),
        CASE(another_request_disarms_a_select),
        CASE(a_command_that_is_refused_says_so),
        CASE(a_challenge_belongs_to_what_it_challenges),
        CASE(a_confirm_is_matched_or_missing),
        CASE(a_new_indication_is_told_once),
        CASE(a_file_is_told_when_it_is_opened_and_closed),
        CASE(a_count_is_no_reason_to_go_on),
        CASE(a_broadcast_waits_for_no_answer),
        CASE(the_last_request_of_a_sequence_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
