#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "dissectors/modbus/modbus.h"
#include "sensor/core/common.h"
#include "tests/feed.h"

enum { TCP = FRAMING_TCP, RTU = FRAMING_RTU, POOL = 64 };

static struct feed feed;

static const struct dissector *modbus(void)
{
    return dissector_named("modbus");
}

static int open_tcp(void **state)
{
    (void)state;
    feed_open(&feed, modbus(), TCP, POOL);
    return 0;
}

static int open_rtu(void **state)
{
    (void)state;
    feed_open(&feed, modbus(), RTU, POOL);
    return 0;
}

static int close_feed(void **state)
{
    (void)state;
    feed_close(&feed);
    return 0;
}

static void ask(const char *hex)
{
    feed_hex(&feed, SIDE_REQUEST, hex);
}

static void answer(const char *hex)
{
    feed_hex(&feed, SIDE_RESPONSE, hex);
}

static uint64_t number(const struct record *r, unsigned slot)
{
    const struct value *v = record_get(r, slot);

    assert_non_null(v);
    return v->u;
}

static void assert_text(const struct record *r, unsigned slot, const char *text)
{
    const struct value *v = record_get(r, slot);
    struct bytes b;

    assert_non_null(v);
    b = record_bytes(r, v);
    assert_int_equal(b.len, strlen(text));
    assert_memory_equal(b.at, text, b.len);
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

/* ---- pairing ---------------------------------------------------------------------- */

static void request_and_answer_are_one_record(void **state)
{
    (void)state;
    ask("0007 0000 0006 03 03 006b 0003");
    assert_int_equal(feed.nrequests, 1);
    assert_int_equal(feed.nrecords, 0);
    answer("0007 0000 0009 03 03 06 022b 0000 0064");
    assert_int_equal(feed.nrecords, 1);
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
    assert_int_equal(feed_last(&feed)->verbs, VERB_READ);
    assert_int_equal(number(feed_last(&feed), UNIT), 3);
    assert_int_equal(number(feed_last(&feed), ADDRESS), 107);
    assert_int_equal(record_points(feed_last(&feed)), 3);
    assert_int_equal(point(feed_last(&feed), 0).address, 107);
    assert_int_equal(point(feed_last(&feed), 0).value, 555);
    assert_int_equal(point(feed_last(&feed), 2).access, ACCESS_READ);
}

static void pipelined_requests_are_answered_in_any_order(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 03 0000 0001  0002 0000 0006 01 03 0001 0001");
    answer("0002 0000 0005 01 03 02 0022  0001 0000 0005 01 03 02 0011");
    assert_int_equal(feed.nrecords, 2);
    assert_int_equal(point(feed.records[0], 0).address, 1);
    assert_int_equal(point(feed.records[0], 0).value, 0x22);
    assert_int_equal(point(feed.records[1], 0).address, 0);
}

static void ids_that_are_always_zero_pair_first_in_first_out(void **state)
{
    (void)state;
    ask("0000 0000 0006 01 03 0000 0001  0000 0000 0006 01 03 0009 0001");
    answer("0000 0000 0005 01 03 02 0011  0000 0000 0005 01 03 02 0022");
    assert_int_equal(feed.nrecords, 2);
    assert_int_equal(point(feed.records[0], 0).address, 0);
    assert_int_equal(point(feed.records[1], 0).address, 9);
    assert_int_equal(feed.records[1]->nviolations, 0);
}

static void a_lost_answer_does_not_shift_the_others_of_id_zero(void **state)
{
    (void)state;
    ask("0000 0000 0006 01 03 0000 0001  0000 0000 0006 01 04 0000 0002");
    answer("0000 0000 0007 01 04 04 0011 0022");
    assert_int_equal(feed.nrecords, 1);
    assert_int_equal(number(feed_last(&feed), FUNCTION), READ_INPUT_REGISTERS);
    assert_int_equal(feed_last(&feed)->nviolations, 0);
}

static void an_answer_to_another_function_is_told_and_not_lost(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 03 0000 0001");
    answer("0001 0000 0005 01 04 02 0011");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
    assert_true(has_violation(feed_last(&feed), RESPONSE_FUNCTION_DIFFERS));
    assert_int_equal(record_points(feed_last(&feed)), 0);
}

static void an_answer_of_another_unit_is_told_and_not_lost(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 03 0000 0001");
    answer("0001 0000 0005 02 03 02 0011");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
    assert_true(has_violation(feed_last(&feed), UNIT_DIFFERS));
}

static void a_late_answer_finds_its_question(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 03 0005 0001");
    feed_wait(&feed, 3 * NS_PER_S);
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_UNANSWERED);
    answer("0001 0000 0005 01 03 02 0011");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_LATE);
    assert_int_equal(point(feed_last(&feed), 0).address, 5);
}

static void patience_grows_with_the_slowest_answer(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 03 0005 0001");
    feed_wait(&feed, INT64_C(800) * NS_PER_MS);
    answer("0001 0000 0005 01 03 02 0011");
    ask("0002 0000 0006 01 03 0005 0001");
    feed_wait(&feed, 3 * NS_PER_S);
    answer("0002 0000 0005 01 03 02 0011");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
}

static void an_orphan_keeps_its_values_raw(void **state)
{
    (void)state;
    answer("0001 0000 0005 01 03 02 0011");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ORPHAN);
    assert_true(has_violation(feed_last(&feed), VIOLATION_NO_REQUEST));
    assert_int_equal(record_points(feed_last(&feed)), 0);
    assert_non_null(record_get(feed_last(&feed), DATA));
}

static void a_repeated_request_is_no_reuse_of_its_id(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 03 0005 0001  0001 0000 0006 01 03 0005 0001");
    feed_end(&feed);
    assert_int_equal(feed.records[1]->nviolations, 0);
}

static void another_request_with_a_pending_id_is_one(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 03 0005 0001  0001 0000 0006 01 06 0005 0001");
    feed_end(&feed);
    assert_int_equal(feed.records[0]->nviolations, 0);
    assert_true(has_violation(feed.records[1], TRANSACTION_ID_REUSED));
}

static void a_pending_id_with_another_address_is_reused(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 03 0005 0001  0001 0000 0006 01 03 0006 0001");
    feed_end(&feed);
    assert_true(has_violation(feed.records[1], TRANSACTION_ID_REUSED));
}

static void the_echo_of_a_write_nobody_saw_still_tells_the_value(void **state)
{
    (void)state;
    answer("0001 0000 0006 01 06 0005 0009");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ORPHAN);
    assert_int_equal(feed_last(&feed)->verbs, VERB_WRITE);
    assert_int_equal(point(feed_last(&feed), 0).access, ACCESS_WRITTEN);
    assert_int_equal(point(feed_last(&feed), 0).value, 9);
}

/* ---- refusals ------------------------------------------------------------------------ */

static void a_refusal_completes_the_request(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 05 00ac ff00");
    answer("0001 0000 0003 01 85 02");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_REFUSED);
    assert_int_equal(number(feed_last(&feed), EXCEPTION), 2);
    assert_int_equal(number(feed_last(&feed), FUNCTION), WRITE_SINGLE_COIL);
    assert_int_equal(feed_last(&feed)->verbs, VERB_WRITE);
    assert_int_equal(feed_last(&feed)->nviolations, 0);
}

static void a_late_refusal_stays_late(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 05 00ac ff00");
    feed_wait(&feed, 3 * NS_PER_S);
    answer("0001 0000 0003 01 85 06");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_LATE);
    assert_int_equal(number(feed_last(&feed), EXCEPTION), 6);
}

static void a_client_may_not_refuse(void **state)
{
    (void)state;
    ask("0001 0000 0003 01 85 06");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_SENT);
    assert_int_equal(feed_last(&feed)->verbs, VERB_OTHER);
    assert_true(has_violation(feed_last(&feed), EXCEPTION_BY_CLIENT));
}

/* ---- values ------------------------------------------------------------------------------ */

static void written_values_are_points_at_the_request(void **state)
{
    (void)state;
    ask("0001 0000 000b 01 10 0064 0002 04 999a 4099");
    assert_int_equal(feed.nrequests, 1);
    assert_int_equal(record_points(feed.exchange.open.first), 2);
    assert_int_equal(point(feed.exchange.open.first, 1).address, 101);
    assert_int_equal(point(feed.exchange.open.first, 1).access, ACCESS_WRITTEN);
    assert_int_equal(point(feed.exchange.open.first, 1).value, 0x4099);
}

static void coils_come_lowest_bit_first(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 01 0013 000a");
    answer("0001 0000 0005 01 01 02 cd 01");
    assert_int_equal(record_points(feed_last(&feed)), 10);
    assert_int_equal(point(feed_last(&feed), 0).value, 1);
    assert_int_equal(point(feed_last(&feed), 1).value, 0);
    assert_int_equal(point(feed_last(&feed), 8).value, 1);
    assert_int_equal(point(feed_last(&feed), 9).address, 28);
}

static void a_coil_is_on_or_off(void **state)
{
    (void)state;
    ask("0001 0000 0006 01 05 0001 ff00  0002 0000 0006 01 05 0001 0000"
        "0003 0000 0006 01 05 0001 0001");
    feed_end(&feed);
    assert_int_equal(point(feed.records[0], 0).value, 1);
    assert_int_equal(point(feed.records[1], 0).value, 0);
    assert_int_equal(record_points(feed.records[2]), 0);
    assert_true(has_violation(feed.records[2], COIL_VALUE_INVALID));
}

static void function_23_reads_and_writes(void **state)
{
    (void)state;
    ask("0001 0000 000d 01 17 0003 0002 000e 0001 02 00ff");
    answer("0001 0000 0007 01 17 04 0001 0002");
    assert_int_equal(feed_last(&feed)->verbs, VERB_READ | VERB_WRITE);
    assert_int_equal(number(feed_last(&feed), ADDRESS), 14);
    assert_int_equal(number(feed_last(&feed), READ_ADDRESS), 3);
    assert_int_equal(point(feed_last(&feed), 0).access, ACCESS_WRITTEN);
    assert_int_equal(point(feed_last(&feed), 1).address, 3);
    assert_int_equal(feed_last(&feed)->nviolations, 0);
}

static void a_write_with_a_surplus_byte_is_still_a_write(void **state)
{
    (void)state;
    ask("0001 0000 0007 01 06 0001 0003 00");
    answer("0001 0000 0006 01 06 0001 0003");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
    assert_int_equal(feed_last(&feed)->verbs, VERB_WRITE);
    assert_int_equal(point(feed_last(&feed), 0).value, 3);
    assert_true(has_violation(feed_last(&feed), VIOLATION_SURPLUS));
}

static void the_message_after_a_malformed_one_is_read(void **state)
{
    (void)state;
    ask("0001 0000 0003 01 10 00  0002 0000 0006 01 03 0000 0001");
    answer("0002 0000 0005 01 03 02 0011");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
    assert_int_equal(number(feed_last(&feed), TRANSACTION_ID), 2);
}

static void papers_count_from_one(void **state)
{
    char text[16];

    (void)state;
    modbus_reference(HOLDING_REGISTER, POINT_U16, 100, text, sizeof text);
    assert_string_equal(text, "40101");
    modbus_reference(COIL, POINT_U16, 0, text, sizeof text);
    assert_string_equal(text, "00001");
    modbus_reference(INPUT_REGISTER, POINT_U16, 9998, text, sizeof text);
    assert_string_equal(text, "39999");
    modbus_reference(DISCRETE_INPUT, POINT_U16, 9999, text, sizeof text);
    assert_string_equal(text, "110000");
    modbus_reference(HOLDING_REGISTER, POINT_U16, 65535, text, sizeof text);
    assert_string_equal(text, "465536");
    modbus_reference(HOLDING_REGISTER, POINT_U16, 100, text, 4);
    assert_string_equal(text, "401");
}

/* ---- verbs ---------------------------------------------------------------------------------- */

static void verbs_follow_the_sub_function(void **state)
{
    static const struct {
        const char *hex;
        uint32_t verbs;
    } cases[] = {
        {"0001 0000 0006 01 08 0000 a537", VERB_DIAGNOSE},
        {"0002 0000 0006 01 08 0001 0000", VERB_MODE},
        {"0003 0000 0006 01 08 0003 0a00", VERB_CONFIGURE},
        {"0004 0000 0006 01 08 0004 0000", VERB_MODE},
        {"0005 0000 0005 01 2b 0e 01 00", VERB_DISCOVER},
        {"0006 0000 0004 01 2b 0d 01", VERB_OTHER},
        {"0007 0000 0006 00 5a 01 41 ff00", VERB_MODE},
        {"0008 0000 0006 00 5a 01 30 0001", VERB_PROGRAM},
        {"0009 0000 0006 00 5a 01 23 0001", VERB_WRITE},
        {"000a 0000 0004 00 5a 01 12", VERB_SESSION},
        {"000b 0000 0004 00 5a 01 99", VERB_OTHER},
        {"000c 0000 0002 00 41", VERB_OTHER},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        ask(cases[i].hex);
    feed_end(&feed);
    for (unsigned i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(feed.records[i]->verbs, cases[i].verbs);
}

/* ---- identification, UMAS --------------------------------------------------------------------- */

static void an_identification_names_the_device(void **state)
{
    struct row row;
    unsigned at = 0, rows = 0;

    (void)state;
    ask("0001 0000 0005 01 2b 0e 01 00");
    answer("0001 0000 0019 01 2b 0e 01 81 00 00 03"
           "00 04 41636d65 01 03 412d31 02 04 312e3020");
    assert_text(feed_last(&feed), VENDOR, "Acme");
    assert_text(feed_last(&feed), PRODUCT_CODE, "A-1");
    assert_text(feed_last(&feed), REVISION, "1.0");
    while (record_next_row(feed_last(&feed), GROUP_OBJECT, &at, &row))
        rows++;
    assert_int_equal(rows, 3);
    assert_int_equal(feed_last(&feed)->nviolations, 0);
}

static void umas_refuses_without_an_exception(void **state)
{
    (void)state;
    ask("0001 0000 0004 00 5a 01 41");
    answer("0001 0000 0006 00 5a 01 fd 80 83");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_REFUSED);
    assert_int_equal(number(feed_last(&feed), UMAS_RESULT), UMAS_ERROR);
}

static void umas_frames_may_be_long(void **state)
{
    static uint8_t frame[6 + 1024] = {0, 1, 0, 0, 4, 0, 0, 0x5a, 1, 0x31};

    (void)state;
    frame[14] = 0xf6;
    frame[15] = 0x03;
    feed_bytes(&feed, SIDE_REQUEST, frame, sizeof frame);
    feed_end(&feed);
    assert_int_equal(feed.nrecords, 1);
    assert_int_equal(number(feed_last(&feed), UMAS_FUNCTION), UMAS_DOWNLOAD_BLOCK);
    assert_false(has_violation(feed_last(&feed), ADU_TOO_LONG));
}

static void a_program_download_is_an_operation(void **state)
{
    const struct record *begin, *end;

    (void)state;
    ask("0001 0000 0006 00 5a 01 30 0001");
    answer("0001 0000 0004 00 5a 01 fe");
    ask("0002 0000 000c 00 5a 01 31 0001 0100 0200 4150");
    answer("0002 0000 0004 00 5a 01 fe");
    ask("0003 0000 0006 00 5a 01 32 0001");
    answer("0003 0000 0004 00 5a 01 fe");
    assert_int_equal(feed.nrecords, 5);
    begin = feed.records[1];
    end = feed.records[4];
    assert_int_equal(begin->kind, RECORD_OPERATION);
    assert_int_equal(begin->operation.state, OPERATION_BEGIN);
    assert_int_equal(begin->operation.kind, PROGRAM_DOWNLOAD);
    assert_int_equal(end->operation.state, OPERATION_END);
    assert_int_equal(end->operation.id, begin->operation.id);
    assert_int_equal(end->operation.bytes, 2);
    assert_int_equal(end->operation.steps, 3);
}

static void a_download_the_controller_refuses_never_begins(void **state)
{
    (void)state;
    ask("0001 0000 0006 00 5a 01 30 0001");
    answer("0001 0000 0004 00 5a 01 fd");
    assert_int_equal(feed.nrecords, 1);
    assert_int_equal(feed_last(&feed)->operation.id, 0);
}

/* ---- framings ------------------------------------------------------------------------------------ */

static long length_of(unsigned transport, unsigned framing, unsigned direction, bool sure,
                      const char *hex)
{
    static uint8_t bytes[1024];
    struct side side = {.transport = (uint8_t)transport,
                        .framing = (uint8_t)framing,
                        .direction = (enum field_side)direction,
                        .sure = sure};
    bool truncated = false;
    size_t len = hex_bytes(hex, bytes, sizeof bytes);

    return modbus()->length(&side, cur_over((struct bytes){bytes, len}, &truncated));
}

static long tcp(bool sure, const char *hex)
{
    return length_of(TRANSPORT_TCP, TCP, 0, sure, hex);
}

static void a_probe_takes_only_what_fits_its_function(void **state)
{
    (void)state;
    assert_int_equal(tcp(false, "0001 0000 0006 01 03 0000 0001"), 12);
    assert_int_equal(tcp(false, "0001 0000 0006 01 03 0000"), 12);
    assert_int_equal(tcp(false, "0001 0000 00"), LENGTH_UNKNOWN);
    assert_int_equal(tcp(false, "0001 0000 0006 01 00 0000 0001"), LENGTH_NOT_MINE);
    assert_int_equal(tcp(false, "0001 0001 0006 01 03 0000 0001"), LENGTH_NOT_MINE);
    assert_int_equal(tcp(false, "0001 00ff"), LENGTH_NOT_MINE);
    assert_int_equal(tcp(false, "0001 0000 0009 01 03 0000 0001"), LENGTH_NOT_MINE);
    assert_int_equal(tcp(false, "0001 0000 0006 01 03 0000 0001 4142434445464748"), 12);
    assert_int_equal(tcp(false, "0300 0016 11e0 00000001 00"), LENGTH_NOT_MINE);
    assert_int_equal(tcp(false, "0564 05c9 0100 0004 e921"), LENGTH_NOT_MINE);
}

static void a_malformed_first_message_is_taken_when_its_length_is_exact(void **state)
{
    (void)state;
    assert_int_equal(tcp(false, "0001 0000 0007 01 06 0001 0003 00"), 13);
    assert_int_equal(tcp(false, "0001 0000 0007 01 06 0001 0003 00 41"), LENGTH_NOT_MINE);
}

static void a_known_flow_is_cut_by_its_length_field(void **state)
{
    (void)state;
    assert_int_equal(tcp(true, "0001 0000 0009 01 03 0000 0001"), 15);
    assert_int_equal(tcp(true, "0001 0007 0006 01 03 0000 0001"), 12);
    assert_int_equal(tcp(true, "0001 0007 4141 01 03 0000 0001"), LENGTH_NOT_MINE);
    assert_int_equal(tcp(true, "0001 0000 ffff 01 03 0000 0001"), LENGTH_NOT_MINE);
    assert_int_equal(tcp(true, "0000 0000 0000 0000"), LENGTH_NOT_MINE);
    assert_int_equal(tcp(true, "0001 0000 012e 01 03"), 308);
}

static void a_datagram_is_one_message(void **state)
{
    (void)state;
    assert_int_equal(
        length_of(TRANSPORT_UDP, TCP, 0, false, "0001 0000 0006 01 03 0000 0001"), 12);
    assert_int_equal(length_of(TRANSPORT_UDP, TCP, 0, false, "0001 0000 0006 01 03 0000"),
                     LENGTH_NOT_MINE);
    assert_int_equal(length_of(TRANSPORT_UDP, TCP, 0, true, "0001 0000 0006 01 03 0000"),
                     10);
    assert_int_equal(
        length_of(TRANSPORT_UDP, TCP, 0, true, "0001 0000 0006 01 03 0000 0001 ff"), 13);
}

static void rtu_has_the_length_of_its_function_and_direction(void **state)
{
    (void)state;
    assert_int_equal(
        length_of(TRANSPORT_TCP, RTU, SIDE_REQUEST, false, "11 03 006b 0003 7687 11"), 8);
    assert_int_equal(length_of(TRANSPORT_TCP, RTU, SIDE_REQUEST, false, "11 03 006b"),
                     LENGTH_UNKNOWN);
    assert_int_equal(
        length_of(TRANSPORT_TCP, RTU, SIDE_REQUEST, false, "11 03 006b 0003 7688"),
        LENGTH_NOT_MINE);
    assert_int_equal(
        length_of(TRANSPORT_TCP, RTU, 0, false, "11 03 06 022b 0000 0064 c8ba"), 11);
    assert_int_equal(length_of(TRANSPORT_TCP, RTU, 0, false, "474554202f2048545450"),
                     LENGTH_NOT_MINE);
}

static void content_tells_who_sent_a_message(void **state)
{
    static const struct {
        const char *hex;
        unsigned sender;
    } cases[] = {
        {"0001 0000 0006 01 03 0000 0001", SIDE_REQUEST},
        {"0001 0000 0005 01 03 02 0011", SIDE_RESPONSE},
        {"0001 0000 0003 01 83 02", SIDE_RESPONSE},
        {"0001 0000 0006 01 05 0001 ff00", 0},
        {"0001 0000 0006 01 01 0300 0001", 0},
        {"0001 0000 0009 01 10 0001 0001 02 0001", SIDE_REQUEST},
        {"0001 0000 0006 01 10 0001 0001", SIDE_RESPONSE},
        {"0001 0000 0002 01 11", SIDE_REQUEST},
        {"0001 0000 0005 01 2b 0e 01 00", SIDE_REQUEST},
        {"0001 0000 0008 01 2b 0e 01 81 00 00 00", SIDE_RESPONSE},
        {"0001 0000 0004 00 5a 01 fe", SIDE_RESPONSE},
        {"0001 0000 0004 00 5a 01 12", SIDE_REQUEST},
        {"0001 0000 000a 01 14 07 06 0004 0001 0002", SIDE_REQUEST},
        {"0001 0000 0007 01 14 04 03 06 0001", SIDE_RESPONSE},
        {"0001 0000 0004 01 41 0102", 0},
    };
    struct side side = {.transport = TRANSPORT_TCP, .framing = TCP};
    uint8_t bytes[64];

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        bool truncated = false;
        size_t len = hex_bytes(cases[i].hex, bytes, sizeof bytes);

        assert_int_equal(
            modbus()->sender(&side, cur_over((struct bytes){bytes, len}, &truncated)),
            cases[i].sender);
    }
}

static void an_rtu_broadcast_expects_no_answer(void **state)
{
    (void)state;
    ask("00 06 0001 0003 99da");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_SENT);
    assert_int_equal(point(feed_last(&feed), 0).value, 3);
}

static void unit_0_on_tcp_is_the_device(void **state)
{
    (void)state;
    ask("0001 0000 0006 00 06 0001 0003");
    answer("0001 0000 0006 00 06 0001 0003");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
}

static void a_damaged_rtu_frame_is_told_and_the_next_one_read(void **state)
{
    (void)state;
    ask("11 03 006b 0003 7688");
    answer("11 03 06 022b 0000 0064 c8ba");
    assert_int_equal(feed_last(&feed)->outcome, OUTCOME_ANSWERED);
    assert_true(has_violation(feed_last(&feed), BAD_CRC));
    assert_int_equal(number(feed_last(&feed), ADDRESS), 107);
}

static void the_common_fields_know_unit_and_function(void **state)
{
    struct datum d;

    (void)state;
    ask("0001 0000 0006 03 42 0001 0003");
    feed_end(&feed);
    assert_true(common_get(feed_last(&feed), COMMON_DEVICE, 0, &d));
    assert_int_equal(d.b.len, strlen("10.0.0.2/unit:3"));
    assert_memory_equal(d.b.at, "10.0.0.2/unit:3", d.b.len);
    assert_true(common_get(feed_last(&feed), COMMON_FUNCTION, 0, &d));
    assert_int_equal(d.b.len, strlen("unknown_66"));
    assert_memory_equal(d.b.at, "unknown_66", d.b.len);
    assert_int_equal(number(feed_last(&feed), FUNCTION_CLASS), CLASS_USER);
}

#define ON_TCP(f) cmocka_unit_test_setup_teardown(f, open_tcp, close_feed)
#define ON_RTU(f) cmocka_unit_test_setup_teardown(f, open_rtu, close_feed)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_TCP(request_and_answer_are_one_record),
        ON_TCP(pipelined_requests_are_answered_in_any_order),
        ON_TCP(ids_that_are_always_zero_pair_first_in_first_out),
        ON_TCP(a_lost_answer_does_not_shift_the_others_of_id_zero),
        ON_TCP(an_answer_to_another_function_is_told_and_not_lost),
        ON_TCP(an_answer_of_another_unit_is_told_and_not_lost),
        ON_TCP(a_late_answer_finds_its_question),
        ON_TCP(patience_grows_with_the_slowest_answer),
        ON_TCP(an_orphan_keeps_its_values_raw),
        ON_TCP(a_repeated_request_is_no_reuse_of_its_id),
        ON_TCP(another_request_with_a_pending_id_is_one),
        ON_TCP(a_pending_id_with_another_address_is_reused),
        ON_TCP(the_echo_of_a_write_nobody_saw_still_tells_the_value),
        ON_TCP(a_refusal_completes_the_request),
        ON_TCP(a_late_refusal_stays_late),
        ON_TCP(a_client_may_not_refuse),
        ON_TCP(written_values_are_points_at_the_request),
        ON_TCP(coils_come_lowest_bit_first),
        ON_TCP(a_coil_is_on_or_off),
        ON_TCP(function_23_reads_and_writes),
        ON_TCP(a_write_with_a_surplus_byte_is_still_a_write),
        ON_TCP(the_message_after_a_malformed_one_is_read),
        cmocka_unit_test(papers_count_from_one),
        ON_TCP(verbs_follow_the_sub_function),
        ON_TCP(an_identification_names_the_device),
        ON_TCP(umas_refuses_without_an_exception),
        ON_TCP(umas_frames_may_be_long),
        ON_TCP(a_program_download_is_an_operation),
        ON_TCP(a_download_the_controller_refuses_never_begins),
        cmocka_unit_test(a_probe_takes_only_what_fits_its_function),
        cmocka_unit_test(a_malformed_first_message_is_taken_when_its_length_is_exact),
        cmocka_unit_test(a_known_flow_is_cut_by_its_length_field),
        cmocka_unit_test(a_datagram_is_one_message),
        cmocka_unit_test(rtu_has_the_length_of_its_function_and_direction),
        cmocka_unit_test(content_tells_who_sent_a_message),
        ON_RTU(an_rtu_broadcast_expects_no_answer),
        ON_TCP(unit_0_on_tcp_is_the_device),
        ON_RTU(a_damaged_rtu_frame_is_told_and_the_next_one_read),
        ON_TCP(the_common_fields_know_unit_and_function),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
