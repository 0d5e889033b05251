#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/core/encode.h"
#include "tests/sample.h"

enum { SIZE = 64 * 1024 };

static struct record_pool pool;
static struct encoder encoder;
static char out[SIZE];

static int open_pool(void **state)
{
    static const struct encode_source sources[] = {{"plant.pcap", true},
                                                   {"span0", false}};

    (void)state;
    encoder_open(&encoder);
    encoder.sources = sources;
    encoder.nsources = 2;
    return record_pool_open(&pool, 8) ? 0 : -1;
}

static int close_pool(void **state)
{
    (void)state;
    record_pool_close(&pool);
    return 0;
}

static const char *line_of(struct record *r)
{
    struct json j = json_into(out, sizeof out - 1);
    size_t len = encode_record(&encoder, r, &j);

    assert_true(len > 0);
    out[len] = '\0';
    record_give(r);
    return out;
}

static void assert_has(const char *line, const char *part)
{
    if (!strstr(line, part))
        fail_msg("no %s in %s", part, line);
}

static void assert_lacks(const char *line, const char *part)
{
    if (strstr(line, part))
        fail_msg("%s in %s", part, line);
}

static void a_transaction_is_one_line_of_eve(void **state)
{
    (void)state;
    assert_string_equal(
        line_of(sample_write(&pool)),
        "{\"timestamp\":\"2026-03-04T09:12:44.318226+0000\",\"event_type\":\"transaction\","
        "\"flow_id\":1553432867961856,\"pcap_filename\":\"plant.pcap\",\"pcap_cnt\":7,"
        "\"vlan\":[130],\"ip_v\":4,\"src_ip\":\"10.20.1.77\",\"src_port\":49822,"
        "\"dest_ip\":\"10.20.3.7\",\"dest_port\":502,\"proto\":\"TCP\","
        "\"ether\":{\"src_mac\":\"8c:ec:4b:12:9e:40\",\"dest_mac\":\"00:80:f4:0e:51:c7\"},"
        "\"community_id\":\"1:oanHHG0NWGr/nqKrHgmZMFdb2ZA=\",\"app_proto\":\"probe\","
        "\"direction\":\"to_server\",\"ot\":{\"verb\":\"write\",\"verbs\":[\"write\"],"
        "\"outcome\":\"answered\",\"function\":\"write_registers\",\"function_code\":16,"
        "\"response_time_ms\":11.4,"
        "\"client\":{\"ip\":\"10.20.1.77\",\"mac\":\"8c:ec:4b:12:9e:40\"},"
        "\"server\":{\"ip\":\"10.20.3.7\",\"mac\":\"00:80:f4:0e:51:c7\"},\"unit\":3,"
        "\"device\":\"10.20.3.7/unit:3\",\"request\":{\"pcap_cnt\":7,"
        "\"time\":\"2026-03-04T09:12:44.318226+0000\",\"length\":17},"
        "\"response\":{\"pcap_cnt\":8,\"time\":\"2026-03-04T09:12:44.329626+0000\","
        "\"length\":17},\"points\":[{\"access\":\"written\",\"table\":\"holding_register\","
        "\"address\":100,\"reference\":\"40101\",\"type\":\"float32\",\"value\":4.8,"
        "\"raw\":\"4099999a\"}],\"points_total\":1,\"probe\":{\"transaction_id\":4711,"
        "\"response\":{\"function\":\"write_registers\",\"function_code\":16,\"unit_id\":3,"
        "\"transaction_id\":4711}}}}\n");
}

static void every_type_of_field_has_its_form(void **state)
{
    const char *line = line_of(sample_full(&pool));

    (void)state;
    assert_has(line, "\"confirmed\":true,\"ratio\":0.5,");
    assert_has(line, "\"label\":\"pump \\\"7\\\"\\u00ff\\n\",\"body\":\"dead\",");
    assert_has(line,
               "\"state\":\"stopped\",\"cause\":\"illegal_value\",\"cause_code\":3,");
    assert_lacks(line, "state_code");
    assert_has(line, "\"flags\":[\"restart\",\"local\",\"bit_6\"]");
    assert_has(line, "\"clock\":\"2026-03-04T09:12:44.318226+0000\",\"delay_ms\":1.5,");
    assert_has(line, "\"gateway\":\"10.0.0.1\"");
}

static void unknown_codes_stay_numbers(void **state)
{
    (void)state;
    assert_has(line_of(sample_full(&pool)),
               "\"function\":\"unknown_91\",\"function_code\":91,");
}

static void a_secret_is_shown_as_present_only(void **state)
{
    const char *line = line_of(sample_full(&pool));

    (void)state;
    assert_has(line, "\"password_present\":true");
    assert_lacks(line, "opensesame");
}

static void rows_are_lists_and_sides_are_kept_apart(void **state)
{
    const char *line = line_of(sample_full(&pool));

    (void)state;
    assert_has(line, "\"files\":[{\"name\":\"a.bin\",\"size\":1000},"
                     "{\"name\":\"b.bin\",\"size\":1001}]");
    assert_has(line, "\"items\":[{\"area\":132}],\"response\":{");
    assert_has(line, "\"flags\":[],\"items\":[{\"area\":133}]}");
    assert_has(line, "\"function\":\"stop\",\"function_code\":41,\"unit_id\":3,");
}

static void violations_operation_and_quality_are_told(void **state)
{
    const char *line = line_of(sample_full(&pool));

    (void)state;
    assert_has(line, "\"violations\":[{\"reason\":\"bad_count\",\"side\":\"request\","
                     "\"offset\":12},{\"reason\":\"surplus_bytes\",\"side\":\"response\"}"
                     "],\"violations_total\":2,");
    assert_has(line, "\"operation\":{\"id\":\"0000000000001234\",\"kind\":\"download\","
                     "\"steps\":3,\"bytes\":999,");
    assert_has(line,
               "\"value\":0.0,\"raw\":\"00\",\"quality\":[\"online\",\"restarted\"]");
    assert_has(line, "\"verb\":\"mode\",\"verbs\":[\"mode\",\"write\"]");
}

static void limits_cut_and_totals_tell(void **state)
{
    struct encode_limits before = encoder.limits;
    const char *line;

    (void)state;
    encoder.limits = (struct encode_limits){.points = 2, .rows = 1, .text = 3};
    line = line_of(sample_full(&pool));
    encoder.limits = before;
    assert_has(line, "\"address\":11");
    assert_lacks(line, "\"address\":12");
    assert_has(line, "\"points_total\":40");
    assert_has(line, "\"files\":[{\"name\":\"a.b\",\"size\":1000}],\"files_total\":2");
    assert_has(line, "\"label\":\"pum\"");
}

static void an_orphan_shows_what_the_response_brought(void **state)
{
    struct record *r = record_take(&pool, &sample_schema);
    struct message m = {.time = SAMPLE_TIME, .frame = 9, .side = SIDE_RESPONSE};
    const char *line;

    (void)state;
    r->outcome = OUTCOME_ORPHAN;
    record_message(r, &m, NULL);
    record_set(r, SAMPLE_FUNCTION, SAMPLE_STOP);
    record_set(r, SAMPLE_ID, 12);
    line = line_of(r);
    assert_has(line, "\"outcome\":\"orphan\",\"function\":\"stop\"");
    assert_has(line, "\"probe\":{\"response\":{\"transaction_id\":12}}");
    assert_lacks(line, "src_ip");
}

static void source_and_destination_are_of_the_opening_message(void **state)
{
    struct record *r = sample_write(&pool);
    const char *line;

    (void)state;
    r->parties.from_server = true;
    r->source = 1;
    line = line_of(r);
    assert_has(line, "\"in_iface\":\"span0\"");
    assert_has(line, "\"src_ip\":\"10.20.3.7\",\"src_port\":502,");
    assert_has(line, "\"direction\":\"to_client\"");
    assert_has(line, "\"client\":{\"ip\":\"10.20.1.77\"");
    assert_has(line, "1:oanHHG0NWGr/nqKrHgmZMFdb2ZA=");
}

static void flow_and_health_are_records_too(void **state)
{
    (void)state;
    assert_has(line_of(sample_flow(&pool)), "\"event_type\":\"flow\"");
    assert_has(out, "\"pkts_toserver\":9");
    assert_has(out, "\"flow\":{\"confirmed\":true,\"ratio\":2.0}");
    assert_lacks(out, "app_proto");
    assert_has(line_of(sample_health(&pool)),
               "\"ot\":{\"health\":{\"label\":\"one way\"}}");
    assert_lacks(out, "src_ip");
}

static void a_line_that_does_not_fit_says_so_at_every_size(void **state)
{
    struct record *r = sample_full(&pool);
    struct json j = json_into(out, sizeof out);
    size_t whole = encode_record(&encoder, r, &j);

    (void)state;
    for (size_t size = 0; size < whole; size++) {
        j = json_into(out, size);
        assert_int_equal(encode_record(&encoder, r, &j), 0);
    }
    j = json_into(out, whole);
    assert_int_equal(encode_record(&encoder, r, &j), whole);
    record_give(r);
}

static void plurals_are_english(void **state)
{
    char plural[JSON_KEY];

    (void)state;
    assert_string_equal(encode_plural("device_object", plural), "device_objects");
    assert_string_equal(encode_plural("query", plural), "queries");
    assert_string_equal(encode_plural("address", plural), "addresses");
    assert_string_equal(encode_plural("array", plural), "arrays");
}

/* Reference values of the specification's own examples. */
static void community_ids_are_those_of_the_specification(void **state)
{
    static struct community c;
    struct parties p = {.protocol = 6, .client_port = 34855, .server_port = 80};

    (void)state;
    address_parse("128.232.110.120", &p.client);
    address_parse("66.35.250.204", &p.server);
    assert_string_equal(community_id(&c, &p), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    p = (struct parties){.protocol = 1};
    assert_null(community_id(&c, &p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_is_one_line_of_eve),
        cmocka_unit_test(every_type_of_field_has_its_form),
        cmocka_unit_test(unknown_codes_stay_numbers),
        cmocka_unit_test(a_secret_is_shown_as_present_only),
        cmocka_unit_test(rows_are_lists_and_sides_are_kept_apart),
        cmocka_unit_test(violations_operation_and_quality_are_told),
        cmocka_unit_test(limits_cut_and_totals_tell),
        cmocka_unit_test(an_orphan_shows_what_the_response_brought),
        cmocka_unit_test(source_and_destination_are_of_the_opening_message),
        cmocka_unit_test(flow_and_health_are_records_too),
        cmocka_unit_test(a_line_that_does_not_fit_says_so_at_every_size),
        cmocka_unit_test(plurals_are_english),
        cmocka_unit_test(community_ids_are_those_of_the_specification),
    };

    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
