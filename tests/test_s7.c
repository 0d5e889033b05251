/*
 * S7comm and S7comm-plus: what single messages and conversations mean.  Bytes are those
 * of captures of an S7-315 (gymgit/s7-pcaps), an S7-1215C and an S7-1511, or put
 * together after them.
 */

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "dissectors/s7/plus.h"
#include "dissectors/s7/s7.h"
#include "sensor/core/common.h"
#include "tests/feed.h"

enum { POOL = 64 };

static struct feed feed;

static int open_s7(void **state)
{
    (void)state;
    feed_open(&feed, dissector_named("s7comm"), 0, POOL);
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

static const struct record *last(void)
{
    return feed_last(&feed);
}

static uint64_t number(unsigned slot)
{
    const struct value *v = record_get(last(), slot);

    assert_non_null(v);
    return v->u;
}

static void assert_text(const struct record *r, const struct value *v, const char *text)
{
    struct bytes b;

    assert_non_null(v);
    b = record_bytes(r, v);
    assert_int_equal(b.len, strlen(text));
    assert_memory_equal(b.at, text, b.len);
}

static void assert_last_text(unsigned slot, const char *text)
{
    assert_text(last(), record_get(last(), slot), text);
}

/* The nth row of a group. */
static struct row row_of(unsigned group, unsigned n)
{
    unsigned at = 0;
    struct row row;

    do {
        assert_true(record_next_row(last(), group, &at, &row));
    } while (n-- > 0);
    return row;
}

static const struct value *cell(unsigned group, unsigned n, unsigned slot)
{
    struct row row = row_of(group, n);

    return record_row_get(last(), &row, slot);
}

/* The nth point of all runs. */
static struct point point(unsigned n)
{
    static struct run run;
    struct point p = {0};

    for (uint32_t place = 0; record_next_run(last(), &place, &run);) {
        if (n < run.count) {
            run_point(&run, n, &p);
            return p;
        }
        n -= run.count;
    }
    fail_msg("no such point");
    return p;
}

static void assert_point(unsigned n, const char *reference, double value)
{
    struct point p = point(n);
    char text[DATUM_TEXT];

    s7_reference(p.table, p.type, p.address, text, sizeof text);
    assert_string_equal(text, reference);
    assert_true(p.value == value);
}

/* ---- names of points -------------------------------------------------------------- */

static void assert_name(unsigned table, unsigned type, uint64_t address, const char *name)
{
    char text[DATUM_TEXT];

    s7_reference(table, type, address, text, sizeof text);
    assert_string_equal(text, name);
}

static void a_point_is_called_as_engineers_call_it(void **state)
{
    (void)state;
    assert_name(AREA_DB, POINT_BIT, UINT64_C(12) << 24 | 35, "DB12.DBX4.3");
    assert_name(AREA_DB, POINT_F32, UINT64_C(1) << 24 | 64, "DB1.DBD8");
    assert_name(AREA_DB, POINT_U8, UINT64_C(65535) << 24 | 0xfffff8,
                "DB65535.DBB2097151");
    assert_name(AREA_DI, POINT_I16, UINT64_C(3) << 24 | 16, "DI3.DIW2");
    assert_name(AREA_MERKER, POINT_U16, 800, "MW100");
    assert_name(AREA_OUTPUT, POINT_U8, 0, "QB0");
    assert_name(AREA_OUTPUT, POINT_BIT, 1, "Q0.1");
    assert_name(AREA_INPUT, POINT_U32, 32, "ID4");
    assert_name(AREA_PERIPHERAL, POINT_U16, 2048, "PW256");
    assert_name(AREA_TIMER, POINT_U16, 5, "T5");
    assert_name(AREA_COUNTER, POINT_U16, 7, "C7");
}

/* ---- reading and writing ------------------------------------------------------------ */

static void a_read_brings_a_point_for_each_element(void **state)
{
    (void)state;
    ask("03000037 02f080 32010000 0005 0026 0000 0403"
        "120a10 01 0001 000c 84 000023"
        "120a10 08 0001 0001 84 000040"
        "120a10 05 0002 0000 83 000320");
    assert_int_equal(feed.nrequests, 1);
    answer("0300002b 02f080 32030000 0005 0002 0016 0000 0403"
           "ff03 0001 01 00 ff07 0004 40800000 ff05 0020 0001 fffe");
    assert_int_equal(last()->outcome, OUTCOME_ANSWERED);
    assert_int_equal(last()->verbs, VERB_READ);
    assert_int_equal(last()->nviolations, 0);
    assert_int_equal(record_points(last()), 4);
    assert_point(0, "DB12.DBX4.3", 1);
    assert_point(1, "DB1.DBD8", 4);
    assert_point(2, "MW100", 1);
    assert_point(3, "MW102", -2);
    assert_int_equal(point(0).access, ACCESS_READ);
    assert_text(last(), cell(GROUP_ITEM, 0, ITEM_REFERENCE), "DB12.DBX4.3");
}

static void a_refused_item_has_a_code_and_no_point(void **state)
{
    (void)state;
    ask("0300001f 02f080 32010000 0006 000e 0000 0401 120a10 02 0004 0009 84 000000");
    answer("03000019 02f080 32030000 0006 0002 0004 0000 0401 0a000004");
    assert_int_equal(last()->outcome, OUTCOME_REFUSED);
    assert_int_equal(record_points(last()), 0);
    assert_int_equal(cell(GROUP_DATA, 0, RETURN_CODE)->u, 0x0a);
    assert_int_equal(last()->nviolations, 0);
}

static void a_write_is_told_with_its_values_at_the_request(void **state)
{
    (void)state;
    ask("03000024 02f080 32010000 0007 000e 0005 0501 120a10 02 0001 0000 82 000000"
        "00040008 ff");
    answer("03000016 02f080 32030000 0007 0002 0001 0000 0501 ff");
    assert_int_equal(last()->verbs, VERB_WRITE);
    assert_point(0, "QB0", 255);
    assert_int_equal(point(0).access, ACCESS_WRITTEN);
}

static void fewer_answers_than_items_are_a_violation(void **state)
{
    (void)state;
    ask("0300002b 02f080 32010000 0008 001a 0000 0402"
        "120a10 02 0001 0001 84 000000 120a10 02 0001 0001 84 000008");
    answer("0300001a 02f080 32030000 0008 0002 0005 0000 0401 ff040008 07");
    assert_true(has_violation(last(), RESPONSE_ITEMS_DIFFER));
    assert_int_equal(record_points(last()), 1);
}

/* Else every poll would take one of the few larger stores. */
static void a_poll_of_one_variable_fits_the_small_store(void **state)
{
    (void)state;
    ask("0300001f 02f080 32010000 0006 000e 0000 0401 120a10 02 0010 0009 84 000000");
    answer("03000029 02f080 32030000 0006 0002 0014 0000 0401 ff040080"
           "00010203040506070809101112131415");
    assert_int_equal(record_points(last()), 16);
    assert_int_equal(last()->left_out, 0);
    assert_int_equal(last()->size_step, 0);
}

/* ---- pairing -------------------------------------------------------------------------- */

static void the_plc_asks_and_the_client_answers_in_a_download(void **state)
{
    (void)state;
    answer("03000023 02f080 32010000 bb00 0012 0000 1b00 0000 00000000 09"
           "5f30383030303031 50");
    assert_int_equal(feed.nrequests, 1);
    ask("03000019 02f080 32030000 bb00 0002 0004 0000 1b00 0000 00fb");
    assert_int_equal(last()->outcome, OUTCOME_ANSWERED);
    assert_true(last()->parties.from_server);
    assert_non_null(record_get_side(last(), BLOCK_NUMBER, SIDE_REQUEST));
    assert_int_equal(number(BLOCK_NUMBER), 1);
    assert_int_equal(record_message_at(last(), 0)->side, SIDE_REQUEST);
}

static void jobs_of_both_sides_with_one_reference_do_not_meet(void **state)
{
    (void)state;
    ask("03000025 02f080 32010000 0001 0014 0000 28 000000000000fd 0000 09"
        "505f50524f4752414d");
    answer("03000023 02f080 32010000 0001 0012 0000 1c00 0000 00000000 09"
           "5f30383030303031 50");
    answer("03000014 02f080 32030000 0001 0001 0000 0000 28");
    assert_int_equal(number(FUNCTION), PI_START);
    ask("03000014 02f080 32030000 0001 0001 0000 0000 1c");
    assert_int_equal(number(FUNCTION), DOWNLOAD_ENDED);
}

static void an_answer_nobody_asked_for_is_an_orphan(void **state)
{
    (void)state;
    answer("03000014 02f080 32030000 0001 0001 0000 0000 28");
    assert_int_equal(last()->outcome, OUTCOME_ORPHAN);
    assert_true(has_violation(last(), VIOLATION_NO_REQUEST));
}

/* ---- the carrier ------------------------------------------------------------------------ */

static void fragments_are_one_message(void **state)
{
    (void)state;
    ask("03000007 02f000"); /* as some clients acknowledge */
    assert_int_equal(feed.nrequests, 0);
    ask("0300000c 02f000 3201000000 0300000a 02f000 08000e"
        "03000017 02f080 0000 0401 120a10 02 0004 0001 84 000040");
    assert_int_equal(feed.nrequests, 1);
    answer(
        "0300000c 02f000 3203000000 03000018 02f080 08 0002 0008 0000 0401 ff040020 01020304");
    assert_int_equal(last()->nviolations, 0);
    assert_int_equal(record_points(last()), 4);
    assert_point(3, "DB1.DBB11", 4);
}

static void a_fragment_without_its_end_is_told(void **state)
{
    (void)state;
    ask("0300000c 02f000 3201000000  03000016 11e0 0000 0001 00 c0010a c1020100 c2020102");
    for (size_t i = 0; i < feed.nrecords; i++)
        assert_true(feed.records[i]->nviolations > 0);
    assert_true(feed.nrequests + feed.nrecords > 0);
}

/* As many fragments as no PDU has: what is too long is cut, and the next is read. */
static void fragments_without_end_do_not_grow(void **state)
{
    enum { PIECE = 4096, PIECES = ISO_JOINED / PIECE + 2 };
    size_t len = (size_t)PIECES * (PIECE + ISO_HEADER);
    uint8_t *all = calloc(1, len);
    bool truncated = false;
    struct side side = {.direction = SIDE_REQUEST, .transport = 6, .sure = true};
    long n;

    (void)state;
    assert_non_null(all);
    for (size_t i = 0; i < PIECES; i++) {
        uint8_t *p = all + i * (PIECE + ISO_HEADER);

        memcpy(p,
               (uint8_t[]){3, 0, (PIECE + ISO_HEADER) >> 8, (PIECE + ISO_HEADER) & 0xff,
                           2, 0xf0, 0, 0x32, 1},
               9);
    }
    n = feed.dissector->length(&side, cur_over((struct bytes){all, len}, &truncated));
    assert_in_range(n, ISO_JOINED, len);
    feed_message(&feed, SIDE_REQUEST, all, (size_t)n);
    feed_end(&feed);
    assert_true(has_violation(feed.records[0], FRAGMENTS_TOO_LONG));
    free(all);
}

static void a_connection_request_says_rack_and_slot(void **state)
{
    (void)state;
    ask("03000016 11e0 0000 0001 00 c0010a c1020100 c2020122");
    answer("03000016 11d0 0001 0002 00 c0010a c1020100 c2020122");
    assert_int_equal(number(FUNCTION), ISO_CONNECT);
    assert_int_equal(number(ISO_CONNECTION), 1);
    assert_int_equal(number(ISO_RACK), 1);
    assert_int_equal(number(ISO_SLOT), 2);
    assert_int_equal(last()->outcome, OUTCOME_ANSWERED);
}

static void a_refused_connection_is_told_with_its_cause(void **state)
{
    (void)state;
    ask("03000016 11e0 0000 0001 00 c0010a c1020100 c2020103");
    answer("0300000b 0680 0001 0000 03");
    assert_int_equal(last()->outcome, OUTCOME_REFUSED);
    assert_int_equal(number(ISO_CAUSE), 3);
}

/* ---- blocks ------------------------------------------------------------------------------- */

/* The uploaded SDB 0 of the S7-315, 216 bytes, as it passed. */
static const char sdb0[] =
    "030000f1 02f080 32030000 0900 0002 00dc 0000 1e00 00d8 00fb"
    "70700302070b0000000000d880000000003921002d9804ef6d80122c00000000000000901c03"
    "1001010100001f0202040001210500140000019f003c01900027741553373330302f45543230"
    "304d2073746174696f6e5f310000504c435f3100000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000053544550203720232020"
    "20202020202020202020202020200000d1cc3152481400000000";

static void an_upload_is_an_operation_with_the_hash_of_the_block(void **state)
{
    (void)state;
    ask("03000023 02f080 32010000 0800 0012 0000 1d00 0000 00000000 09"
        "5f30423030303030 41");
    answer("03000023 02f080 32030000 0800 0010 0000 0000 1d00 0100 00000007 07"
           "30303030323136");
    assert_int_equal(feed.records[0]->kind, RECORD_TRANSACTION);
    assert_int_equal(feed.records[1]->operation.state, OPERATION_BEGIN);
    assert_int_equal(feed.records[1]->operation.kind, OPERATION_UPLOAD);
    ask("03000019 02f080 32010000 0900 0008 0000 1e00 0000 00000007");
    answer(sdb0);
    assert_int_equal(number(BLOCK_TYPE), 0x0b);
    ask("03000019 02f080 32010000 0a00 0008 0000 1f00 0000 00000007");
    answer("03000014 02f080 32030000 0a00 0001 0000 0000 1f");
    assert_int_equal(last()->kind, RECORD_OPERATION);
    assert_int_equal(last()->operation.state, OPERATION_END);
    assert_int_equal(last()->operation.bytes, 216);
    assert_text(feed.records[feed.nrecords - 2],
                record_get(feed.records[feed.nrecords - 2], BLOCK_SHA256),
                "87c8f29f58429237a831c5e6723ea3eecefad59705cfbb15b180a87e6a8b3c7d");
}

/* ---- services and modes ------------------------------------------------------------------- */

static void a_cold_start_is_told_from_a_warm_one(void **state)
{
    (void)state;
    ask("03000027 02f080 32010000 0001 0016 0000 28 000000000000fd 0002 4320 09"
        "505f50524f4752414d");
    answer("03000014 02f080 32030000 0001 0001 0000 0000 28");
    assert_int_equal(number(PI_SERVICE), PI_COLD_START);
    assert_int_equal(last()->verbs, VERB_MODE);
}

static void blocks_of_a_service_are_rows(void **state)
{
    (void)state;
    ask("0300002b 02f080 32010000 0002 001a 0000 28 000000000000fd 000a 0100"
        "3041303030303142 05 5f44454c45");
    answer("03000014 02f080 32030000 0002 0001 0000 0000 28");
    assert_int_equal(number(PI_SERVICE), PI_DELETE);
    assert_int_equal(cell(GROUP_BLOCK_ROW, 0, ROW_TYPE)->u, 0x0a);
    assert_int_equal(cell(GROUP_BLOCK_ROW, 0, ROW_NUMBER)->u, 1);
    assert_int_equal(last()->verbs, VERB_PROGRAM);
}

static void a_cpu_that_stops_says_so(void **state)
{
    (void)state;
    answer("03000019 02f080 32070000 0000 0008 0000 00010010 10 00 00 00");
    assert_int_equal(last()->outcome, OUTCOME_SPONTANEOUS);
    assert_int_equal(number(FUNCTION), USERDATA_OF(GROUP_MODE, 0));
    assert_int_equal(number(MODE), MODE_STOP);
    assert_int_equal(last()->verbs, VERB_REPORT);
    assert_int_equal(last()->nviolations, 0);
}

/* ---- lists ------------------------------------------------------------------------------------ */

static void the_identification_says_order_number_and_firmware(void **state)
{
    (void)state;
    ask("03000021 02f080 32070000 0100 0008 0008 000112 04 11 44 01 00 ff09 0004 0011 0000");
    answer("03000061 02f080 32070000 0100 000c 0044 000112 08 12 84 01 02 00 00 0000"
           "ff09 0040 0011 0000 001c 0002"
           "0001 36455337203331352d32454831342d3041423020 00c0 0003 0001"
           "0007 2020202020202020202020202020202020202020 00c0 5603 0207");
    assert_last_text(ORDER_NUMBER, "6ES7 315-2EH14-0AB0");
    assert_last_text(FIRMWARE, "V3.2.7");
    assert_int_equal(last()->verbs, VERB_DISCOVER);
    assert_int_equal(last()->nviolations, 0);
}

static void a_row_that_lies_in_two_units_is_told_whole(void **state)
{
    (void)state;
    ask("03000021 02f080 32070000 0200 0008 0008 000112 04 11 44 01 00 ff09 0004 001c 0000");
    answer("0300003b 02f080 32070000 0200 000c 001e 000112 08 12 84 01 02 d5 01 0000"
           "ff09 001a 001c 0000 0022 0001 0005 5320432d423155333933313432303131");
    assert_null(record_get(last(), SERIAL));
    ask("03000021 02f080 32070000 0300 000c 0004 000112 08 12 44 01 02 00 00 0000 0a000000");
    answer("03000031 02f080 32070000 0300 000c 0014 000112 08 12 84 01 02 d5 00 0000"
           "ff09 0010 00000000000000000000000000000000");
    assert_last_text(SERIAL, "S C-B1U393142011");
    assert_int_equal(last()->nviolations, 0);
}

static void the_mode_is_known_from_its_list(void **state)
{
    (void)state;
    ask("03000021 02f080 32070000 0100 0008 0008 000112 04 11 44 01 00 ff09 0004 0424 0000");
    answer("0300003d 02f080 32070000 0100 000c 0020 000112 08 12 84 01 02 00 00 0000"
           "ff09 001c 0424 0000 0014 0001 5144 ff 08 00000000 00000000 1602081451375692");
    assert_int_equal(number(MODE), MODE_RUN);
    assert_null(record_get(last(), MODE_BEFORE));
}

static void the_clock_is_read_as_time(void **state)
{
    (void)state;
    ask("0300001d 02f080 32070000 0200 0008 0004 000112 04 11 47 01 00 0a000000");
    answer("0300002b 02f080 32070000 0200 000c 000e 000112 08 12 87 01 01 00 00 0000"
           "ff09 000a 0019 1401092153421521");
    /* 2014-01-09 21:53:42.152 */
    assert_int_equal(number(CLOCK), UINT64_C(1389304422152000000));
}

/* ---- secrets ------------------------------------------------------------------------------------ */

/* No value of the record holds those bytes. */
static void assert_nowhere(const char *hex)
{
    uint8_t secret[64];
    size_t len = hex_bytes(hex, secret, sizeof secret);
    const struct record *r = last();

    for (size_t i = 0; i + len <= r->size; i++)
        assert_true(memcmp(r->store + i, secret, len) != 0);
}

static void a_password_is_told_and_not_kept(void **state)
{
    (void)state;
    ask("03000025 02f080 32070000 0100 0008 000c 000112 04 11 45 01 00"
        "ff09 0008 645f6c3a3d0b1a2b");
    answer(
        "03000021 02f080 32070000 0100 000c 0004 000112 08 12 85 01 01 00 00 d602 0a000000");
    assert_int_equal(last()->verbs, VERB_AUTHENTICATE);
    assert_int_equal(last()->outcome, OUTCOME_REFUSED);
    assert_int_equal(number(ERROR), 0xd602);
    assert_non_null(record_get(last(), PASSWORD));
    assert_nowhere("645f6c3a3d0b1a2b");
}

static void a_log_in_of_a_numeric_control_is_not_kept_either(void **state)
{
    (void)state;
    ask("0300002c 02f080 32010000 0001 001b 0000 28 000000000000fd 0007 06534543524554 09"
        "5f4e5f4c4f47494e5f");
    answer("03000014 02f080 32030000 0001 0001 0000 0000 28");
    assert_int_equal(number(PI_SERVICE), PI_LOGIN);
    assert_nowhere("534543524554");
}

/* ---- jobs that go on ---------------------------------------------------------------------------- */

static void values_that_come_later_find_their_variables(void **state)
{
    (void)state;
    ask("03000047 02f080 32070000 6c03 000c 002a 000112 08 12 41 02 00 00 00 0000 ff09 0026"
        "0014 000e 0000 0000 0001 0012 0001 0001 0001 0001 0001 0000"
        "0002 010600000000 110100000008");
    answer(
        "03000021 02f080 32070000 6c03 000c 0004 000112 08 12 81 02 02 00 00 0000 0a000000");
    answer("0300003b 02f080 32070000 0000 000c 001e 000112 08 12 01 02 02 00 00 0000"
           "ff09 001a 0004 0012 0100 0001 0002 ff09 0006 4133851fdead ff09 0001 02 00");
    assert_int_equal(last()->outcome, OUTCOME_SPONTANEOUS);
    assert_point(0, "MB0", 0x41);
    assert_point(6, "IB8", 2);
    assert_int_equal(point(0).access, ACCESS_REPORTED);
}

/* ---- S7comm-plus ----------------------------------------------------------------------------------- */

static int open_plus(void **state)
{
    (void)state;
    feed_open(&feed, dissector_named("s7comm_plus"), 0, POOL);
    return 0;
}

static void a_stop_of_an_s7_1200_is_a_mode_request(void **state)
{
    (void)state;
    ask("03000065 02f080"
        "72030056209a3b5d1fc29b0c9a97d9c3d0552d409e7c9e6abd5eaf8f822c71b3b82ccaff7c"
        "31000004f2000000090000038c3400000034019077000801000004e8896900120000000089"
        "6a001300896b0004000000040000000072030000");
    answer(
        "03000040 02f080 72030031 20 59a741f1e95947f73e35a936bd276e2f88e60aa1925d7d1d44"
        "463fda2807b443 32000004f2000000093400060000000072030000");
    assert_int_equal(number(FUNCTION), PLUS_SET_VARIABLE);
    assert_int_equal(number(PLUS_STATE_REQUEST), 1);
    assert_int_equal(last()->verbs, VERB_MODE);
    assert_true(number(PLUS_INTEGRITY));
    assert_int_equal(last()->outcome, OUTCOME_ANSWERED);
    assert_int_equal(last()->nviolations, 0);
}

static void the_session_says_what_the_cpu_is(void **state)
{
    (void)state;
    ask("03000046 02f080 72010037 31000004ca00000001 00000120 36 0000011d 000400 00000000"
        "a1000000d3821f0000 a3822100150a313a3a3a362e33323a3a a2 0000000072010000");
    answer("03000069 02f080 7201005a"
           "32000004ca0000000136000287088709a100000120821f0000a38169001500a3823200170000"
           "013a823b0004824080823f00151a313b36455337203531312d31414b30302d304142303b5631"
           "2e3082410003000300a200000000"
           "72010000");
    assert_last_text(PLUS_ORDER, "6ES7 511-1AK00-0AB0");
    assert_last_text(PLUS_FIRMWARE, "V1.0");
    assert_int_equal(last()->verbs, VERB_SESSION);
}

static void a_pdu_in_several_tpkts_is_one(void **state)
{
    (void)state;
    ask("0300001a 02f080 7201000f 31000004d400000005 0000038c 34 00"
        "03000016 02f080 72010007 00038c 00000000 72010000");
    assert_int_equal(feed.nrequests, 1);
    feed_end(&feed);
    assert_int_equal(last()->nviolations, 0);
}

/* As programs are loaded: what is too long is no fault, and what follows it is found. */
static void of_a_pdu_too_long_to_be_joined_the_begin_is_read(void **state)
{
    enum { PIECE = 1000, SIZE = ISO_HEADER + PLUS_HEADER + PIECE };
    static uint8_t all[(ISO_JOINED / PIECE + 2) * SIZE];
    static const uint8_t head[] = {3,       0, SIZE >> 8,  SIZE & 0xff, 2, 0xf0, 0x80,
                                   PLUS_ID, 1, PIECE >> 8, PIECE & 0xff};
    static const uint8_t create[] = {0x31, 0, 0, 0x04, 0xca, 0, 0, 0, 9, 0, 0, 3, 0x8c};
    struct side side = {.direction = SIDE_REQUEST, .transport = 6, .sure = true};
    bool truncated = false;
    size_t n;

    (void)state;
    for (size_t at = 0; at < sizeof all; at += SIZE)
        memcpy(all + at, head, sizeof head);
    memcpy(all + sizeof head, create, sizeof create);
    n = (size_t)feed.dissector->length(
        &side, cur_over((struct bytes){all, sizeof all}, &truncated));
    assert_in_range(n, ISO_JOINED, sizeof all);
    feed_message(&feed, SIDE_REQUEST, all, n);
    assert_int_equal(feed.nrequests, 1);
    ask("0300001f 02f080 72010010 00000000000000000000000000000000 72010000"); /* its end */
    ask("0300001e 02f080 7201000f 31000004d40000000a 0000038c 34 00 72010000");
    feed_end(&feed);
    assert_int_equal(feed.nrecords, 2);
    assert_int_equal(feed.records[0]->left_out, 1);
    assert_int_equal(feed.records[0]->nviolations, 0);
    assert_int_equal(number(FUNCTION), PLUS_DELETE_OBJECT);
}

static void tls_is_told_once_for_each_side(void **state)
{
    (void)state;
    ask("0300000e 02f080 16030100020100");
    ask("0300000d 02f080 170303000101");
    answer("0300000e 02f080 16030300020200");
    assert_int_equal(feed.nrecords, 2);
    assert_int_equal(number(FUNCTION), PLUS_TLS);
    assert_true(number(PLUS_ENCRYPTED));
}

static void both_protocols_in_one_connection_keep_their_schemas(void **state)
{
    (void)state;
    ask("0300000e 02f080 16030100020100");
    assert_string_equal(last()->schema->name, "s7comm_plus");
    answer("03000019 02f080 32070000 0000 0008 0000 00010010 10 00 00 00");
    assert_string_equal(last()->schema->name, "s7comm");
}

static void whoever_has_no_digest_any_more_is_weaker(void **state)
{
    static const char strong[] =
        "0300003f 02f080 72030030 20"
        "0000000000000000000000000000000000000000000000000000000000000000"
        "31000005a900000001 0000038c 34 00 72030000";
    static const char weak[] =
        "0300001e 02f080 7201000f 31000005a900000002 0000038c 34 00 72010000";

    (void)state;
    ask(strong);
    ask(weak);
    feed_end(&feed);
    assert_true(has_violation(last(), PLUS_DOWNGRADE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_point_is_called_as_engineers_call_it),
#define S7(test) cmocka_unit_test_setup_teardown(test, open_s7, close_feed)
        S7(a_read_brings_a_point_for_each_element),
        S7(a_refused_item_has_a_code_and_no_point),
        S7(a_write_is_told_with_its_values_at_the_request),
        S7(fewer_answers_than_items_are_a_violation),
        S7(a_poll_of_one_variable_fits_the_small_store),
        S7(the_plc_asks_and_the_client_answers_in_a_download),
        S7(jobs_of_both_sides_with_one_reference_do_not_meet),
        S7(an_answer_nobody_asked_for_is_an_orphan),
        S7(fragments_are_one_message),
        S7(a_fragment_without_its_end_is_told),
        S7(fragments_without_end_do_not_grow),
        S7(a_connection_request_says_rack_and_slot),
        S7(a_refused_connection_is_told_with_its_cause),
        S7(an_upload_is_an_operation_with_the_hash_of_the_block),
        S7(a_cold_start_is_told_from_a_warm_one),
        S7(blocks_of_a_service_are_rows),
        S7(a_cpu_that_stops_says_so),
        S7(the_identification_says_order_number_and_firmware),
        S7(a_row_that_lies_in_two_units_is_told_whole),
        S7(the_mode_is_known_from_its_list),
        S7(the_clock_is_read_as_time),
        S7(a_password_is_told_and_not_kept),
        S7(a_log_in_of_a_numeric_control_is_not_kept_either),
        S7(values_that_come_later_find_their_variables),
#define PLUS(test) cmocka_unit_test_setup_teardown(test, open_plus, close_feed)
        PLUS(a_stop_of_an_s7_1200_is_a_mode_request),
        PLUS(the_session_says_what_the_cpu_is),
        PLUS(a_pdu_in_several_tpkts_is_one),
        PLUS(of_a_pdu_too_long_to_be_joined_the_begin_is_read),
        PLUS(tls_is_told_once_for_each_side),
        PLUS(both_protocols_in_one_connection_keep_their_schemas),
        PLUS(whoever_has_no_digest_any_more_is_weaker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
