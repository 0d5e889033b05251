#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/text.h"
#include "sensor/core/clock.h"
#include "tests/sample.h"

static char *text;
static size_t len;
static FILE *out;

static int set_up(void **state)
{
    (void)state;
    out = open_memstream(&text, &len);
    return out ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    fclose(out);
    free(text);
    return 0;
}

static const char *written(void)
{
    fflush(out);
    return text;
}

static struct alert sample_alert(const char *summary)
{
    struct alert a = {.id = UINT64_C(0x437df5366b8f9751),
                      .severity = SEVERITY_HIGH,
                      .count = 3,
                      .first_seen = SAMPLE_TIME,
                      .last_seen = SAMPLE_TIME + 14 * NS_PER_S,
                      .src_port = 49822,
                      .dst_port = 502,
                      .outcome = OUTCOME_ANSWERED,
                      .frame = 412077,
                      .detection = "MB-01",
                      .technique = "T0855"};

    address_parse("10.20.1.77", &a.src);
    address_parse("10.20.3.7", &a.dst);
    snprintf(a.summary, sizeof a.summary, "%s", summary);
    return a;
}

/* The block of the reference, letter by letter. */
static void an_alert_is_the_block_of_the_reference(void **state)
{
    struct alert a = sample_alert("10.20.1.77 (unknown, Dell) set CL2_DOSE_SP on PLC-7 "
                                  "unit 3 to 4.8 mg/L (was 1.2).");

    (void)state;
    text_alert(out, &a, false);
    assert_string_equal(
        written(),
        "09:12:44  HIGH      MB-01    437df536  10.20.1.77 (unknown, Dell) set "
        "CL2_DOSE_SP on PLC-7 unit 3\n"
        "                                       to 4.8 mg/L (was 1.2).\n"
        "                    10.20.1.77:49822 > 10.20.3.7:502    answered  frame 412077"
        "   T0855   3 in 14 s\n");
}

static void no_line_is_wider_than_100_columns(void **state)
{
    char longer[FINDING_SUMMARY];
    struct alert a;

    (void)state;
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    longer[100] = ' ';
    a = sample_alert(longer);
    text_alert(out, &a, false);
    for (const char *at = written(); *at; at += strcspn(at, "\n") + 1)
        assert_true(strcspn(at, "\n") <= TEXT_COLUMNS);
}

static void what_a_terminal_obeys_does_not_reach_it(void **state)
{
    struct alert a = sample_alert("\033[2Jcaf\xc3\xa9\n\x9b!");

    (void)state;
    text_alert(out, &a, false);
    assert_non_null(strstr(written(), "?[2Jcaf?"
                                      "?"
                                      "!\n"));
    assert_null(strchr(text, '\033'));
}

static void colour_is_for_the_severity_word_alone(void **state)
{
    struct alert a = sample_alert("x.");

    (void)state;
    text_alert(out, &a, true);
    assert_non_null(
        strstr(written(), "09:12:44  \033[31mHIGH\033[0m      MB-01    437d"));
    assert_false(text_colour_wanted(out));
}

static void an_alert_of_the_sensor_has_no_parties(void **state)
{
    struct alert a = sample_alert("The mirror is one-way.");

    (void)state;
    a.src.family = a.dst.family = ADDRESS_NONE;
    a.count = 1;
    text_alert(out, &a, false);
    assert_string_equal(
        written(), "09:12:44  HIGH      MB-01    437df536  The mirror is one-way.\n");
}

static void the_screen_prints_in_the_order_of_beginning(void **state)
{
    struct screen screen;
    struct alert a = sample_alert("second."), b = sample_alert("first."),
                 c = sample_alert("third.");

    (void)state;
    b.first_seen -= NS_PER_S;
    c.first_seen += NS_PER_S;
    assert_true(screen_open(&screen, out, 2));
    screen_take(&screen, &a, b.first_seen);
    assert_int_equal(strlen(written()), 0);
    screen_take(&screen, &b, a.first_seen);
    assert_true(strstr(written(), "first.") < strstr(text, "second."));
    screen_take(&screen, &c, 0);
    screen_take(&screen, &c, 0);
    screen_take(&screen, &c, 0); /* no room: the earliest is printed */
    assert_int_equal(screen.n, 2);
    screen_close(&screen);
    assert_true(strstr(written(), "second.") < strstr(text, "third."));
}

static void a_transaction_is_one_line(void **state)
{
    struct record_pool pool;
    struct record *r;

    (void)state;
    assert_true(record_pool_open(&pool, 4));
    r = sample_write(&pool);
    text_record(out, r);
    record_give(r);
    assert_string_equal(written(),
                        "09:12:44.318  10.20.1.77 > 10.20.3.7      probe unit 3 "
                        "write_registers 11.4 ms 40101=4.8  8\n");
    record_pool_close(&pool);
}

static void the_summary_is_that_of_the_reference(void **state)
{
    const struct text_summary s = {
        .alerts = {[SEVERITY_CRITICAL] = 1, [SEVERITY_HIGH] = 1, [SEVERITY_MEDIUM] = 1},
        .findings = 38,
        .conditions = 6,
        .protocols = {{"modbus", 412882, 31, 2, 0},
                      {"dnp3", 28114},
                      {"s7comm", 64502, 4}},
        .nprotocols = 3,
        .flows = {{"tls", 61}, {"dns", 40}, {"rdp", 9}, {"unknown", 8}},
        .nflows = 4,
        .mirror = "fit: both directions",
        .frames = 1204331,
        .seconds = 1.9,
        .bytes_of_memory = 61 << 20,
        .alert_id = UINT64_C(0x437df5366b8f9751),
        .alert_frame = 412077,
    };

    (void)state;
    text_summary(out, &s);
    assert_string_equal(
        written(),
        "\n3 alerts: 1 critical, 1 high, 1 medium (38 findings). 6 standing conditions: "
        "--conditions\n"
        "modbus 412,882 transactions (31 refused, 2 malformed)   dnp3 28,114   s7comm "
        "64,502 (4 refused)\n"
        "other flows 118: tls 61, dns 40, rdp 9, unknown 8\n"
        "mirror    fit: both directions\n"
        "1.9 s   633,000 frames/s   61 MiB\n"
        "Next: --format json shows alert 437df536 in full     Wireshark: frame.number == "
        "412077\n");
}

static void nothing_found_is_said(void **state)
{
    const struct text_summary s = {.seconds = 0.01, .next = "sightglass check"};

    (void)state;
    text_summary(out, &s);
    assert_string_equal(written(), "\nno alerts.\n0.0 s\nNext: sightglass check\n");
}

static void the_head_names_the_capture(void **state)
{
    const struct text_head h = {"plant.pcap", 1204331,
                                SAMPLE_TIME,  SAMPLE_TIME + 3600 * NS_PER_S,
                                231,          "99c030754b69"};

    (void)state;
    text_head(out, &h);
    assert_string_equal(written(),
                        "plant.pcap   1,204,331 frames   2026-03-04 09:12:44 to "
                        "10:12:44 UTC   231 rules (99c030754b69)\n\n");
}

#define TEXT(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEXT(an_alert_is_the_block_of_the_reference),
        TEXT(no_line_is_wider_than_100_columns),
        TEXT(what_a_terminal_obeys_does_not_reach_it),
        TEXT(colour_is_for_the_severity_word_alone),
        TEXT(an_alert_of_the_sensor_has_no_parties),
        TEXT(the_screen_prints_in_the_order_of_beginning),
        TEXT(a_transaction_is_one_line),
        TEXT(the_summary_is_that_of_the_reference),
        TEXT(nothing_found_is_said),
        TEXT(the_head_names_the_capture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
