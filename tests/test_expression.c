#include "tests/rules_bench.h"

static struct arena arena;
static struct diagnostics d;
static struct names names = {.schemas = bench_schemas, .n = COUNT_OF(bench_schemas)};
static struct record *record;

static int begin(void **state)
{
    (void)state;
    diagnostics_open(&d);
    if (!record_pool_open(&bench_pool, 4))
        return 1;
    record = bench_record();
    return 0;
}

static int end(void **state)
{
    (void)state;
    record_pool_close(&bench_pool);
    diagnostics_close(&d);
    arena_close(&arena);
    names.lists = NULL;
    names.macros = NULL;
    return 0;
}

static bool compile(const char *text, struct program *p)
{
    const struct source *s = diagnostics_source(&d, "x", bench_bytes(text));
    struct yaml scalar = {.text = arena_text(&arena, text),
                          .len = strlen(text),
                          .raw = s->text,
                          .at = {s, 1, 1, 1},
                          .inside = {s, 1, 1, 1}};

    return compile_expression(&names, &scalar, &arena, &d, p);
}

static bool is(const char *text)
{
    struct context c = {.record = record};
    struct program p;

    c.schema = names_index(&names, record->schema);
    if (!compile(text, &p)) {
        diagnostics_print(&d, stderr);
        fail_msg("%s does not compile", text);
    }
    return evaluate(p.root, &c);
}

static void yes(const char *text)
{
    if (!is(text))
        fail_msg("should hold: %s", text);
}

static void no(const char *text)
{
    if (is(text))
        fail_msg("should not hold: %s", text);
}

/* Exactly one error, there, with this message. */
static void tells(const char *text, unsigned column, const char *message)
{
    unsigned before = d.errors;
    struct program p;

    assert_false(compile(text, &p));
    assert_null(p.root);
    if (d.errors != before + 1)
        diagnostics_print(&d, stderr);
    assert_int_equal(d.errors, before + 1);
    assert_string_equal(d.list[before].message, message);
    assert_int_equal(d.list[before].at.column, column);
}

static const char *hint(void)
{
    return d.list[d.n - 1].hint;
}

static void or_binds_less_than_and_less_than_not(void **state)
{
    (void)state;
    yes("plc or far and far");
    no("(plc or far) and far");
    yes("not far and plc");
    no("not (plc or far)");
    yes("not plc.address == 99");
    yes("not not plc");
}

static void numbers_compare_as_numbers(void **state)
{
    (void)state;
    yes("plc.address == 100");
    yes("plc.address == 0x64");
    yes("plc.address >= 100 and plc.address <= 100");
    no("plc.address < 100");
    no("plc.address > 100");
    yes("plc.address in {1, 2, 90..110}");
    no("plc.address in {1..99, 101}");
    yes("plc.address not in {1..99}");
    yes("plc.address > -5");
    yes("plc.address in {50..60, 55..200}");
}

static void labels_and_numbers_name_codes(void **state)
{
    (void)state;
    yes("plc.function == read_registers");
    yes("plc.function == 3");
    yes("plc.function in {write_one, read_registers}");
    yes("plc.function != write_one");
    yes("plc.function < 16");
    yes("function == read_registers");
    yes("function_code == 3");
    record_set(record, PLC_FUNCTION, 91);
    yes("function == unknown_91");
    no("plc.function in {read_registers, write_one}");
}

static void what_is_absent_makes_every_comparison_false(void **state)
{
    (void)state;
    no("plc.exception == illegal_function");
    no("plc.exception != illegal_function");
    no("plc.exception in {1..255}");
    no("plc.exception not in {1..255}");
    yes("not plc.exception == illegal_function");
    no("exists plc.exception");
    yes("exists plc.address");
    no("plc.ratio < 1.5");
    no("outcome != refused");
    no("plc.ok");
    yes("not plc.ok");
    no("far.function != write_one");
}

static void several_values_mean_one_of_them(void **state)
{
    (void)state;
    no("vlan == 5");
    no("vlan != 5");
    record->parties.nvlans = 2;
    record->parties.vlans[0] = 5;
    record->parties.vlans[1] = 7;
    yes("vlan == 5");
    yes("vlan == 7");
    yes("vlan in {7, 9}");
    no("vlan != 5");
    no("vlan not in {7}");
    yes("vlan != 6");
    yes("vlan not in {8, 9}");
}

static void flags_contain(void **state)
{
    (void)state;
    record->verbs = VERB_READ | VERB_WRITE;
    yes("verb == write");
    yes("verb == read and verb == write");
    no("verb != write");
    yes("verb in {mode, write}");
    no("verb not in {mode, write}");
    yes("verb != mode");
    bench_side(record, SIDE_RESPONSE, record->time);
    record_set(record, PLC_STATUS, 0);
    no("plc.status == trouble");
    yes("plc.status != trouble");
    record_set(record, PLC_STATUS, 3);
    yes("plc.status in {trouble, restart} and plc.status == local");
}

static void violations_go_by_name(void **state)
{
    bool cut = false;
    struct cursor c = cur_over((struct bytes){(const uint8_t *)"", 0}, &cut);

    (void)state;
    no("violation != bad_length");
    record_violation(record, VIOLATION_OWN, &c);
    record_violation(record, VIOLATION_SURPLUS, &c);
    yes("violation == bad_length");
    yes("violation in {surplus_bytes, truncated}");
    no("violation != surplus_bytes");
    yes("violation != truncated");
}

static void texts_compare_as_bytes(void **state)
{
    (void)state;
    record_set_text(record, PLC_NAME, "PLC-7 north");
    yes("plc.name == \"PLC-7 north\"");
    yes("plc.name contains \"7 n\"");
    yes("plc.name startswith \"PLC-\"");
    no("plc.name startswith \"plc-\"");
    yes("plc.name glob \"PLC-? n*h\"");
    no("plc.name glob \"PLC-? n*x\"");
    yes("plc.name in {\"a\", \"PLC-7 north\"}");
    yes("plc.name != \"x\"");
    yes("device == \"10.0.0.1/unit:3\"");
    record_set_bytes(record, PLC_BLOB, (struct bytes){(const uint8_t *)"\0\x01\xff", 3});
    yes("plc.blob contains \"\\x01\\xff\"");
    yes("plc.blob == \"\\x00\\x01\\xff\"");
}

static void addresses_know_networks_and_ranges(void **state)
{
    (void)state;
    yes("client == 10.0.0.9");
    yes("client in 10.0.0.0/8");
    yes("client == 10.0.0.0/28");
    no("client in {10.0.1.0/24, 2001:db8::/32}");
    yes("client in {10.0.0.5..10.0.0.10}");
    no("client in {10.0.0.10..10.0.0.20}");
    yes("client not in {192.168.0.0/16}");
    no("client.mac == 00:80:f4:0e:51:c7");
    memcpy(record->parties.client_mac, "\x00\x80\xf4\x0e\x51\xc7", 6);
    record->parties.has_macs = true;
    yes("client.mac == 00:80:F4:0e:51:c7");
    no("client.mac != 00:80:f4:0e:51:c7");
}

static void times_have_units(void **state)
{
    (void)state;
    record_set(record, PLC_DELAY, 1500000000);
    yes("plc.delay > 500ms");
    yes("plc.delay == 1.5s");
    no("plc.delay >= 2s");
    bench_side(record, SIDE_RESPONSE, record->time + 12000000);
    yes("response_time in {10ms..20ms}");
}

static void reals_compare_as_reals(void **state)
{
    (void)state;
    record_set_real(record, PLC_RATIO, 2.5);
    yes("plc.ratio > 2.4 and plc.ratio < 2.6");
    no("plc.ratio > 2.5");
    no("plc.ratio < 2.5");
    yes("plc.ratio >= 2.5 and plc.ratio <= 2.5 and plc.ratio == 2.5");
    yes("plc.ratio in {2..3}");
    yes("plc.ratio != 3");
}

static void fields_compare_with_fields(void **state)
{
    (void)state;
    no("plc.address != plc.response.address");
    bench_side(record, SIDE_RESPONSE, record->time);
    record_set(record, PLC_ADDRESS, 101);
    yes("plc.address != plc.response.address");
    yes("plc.address < plc.response.address");
    yes("plc.address == plc.request.address");
    yes("plc.response.address == 101 and plc.address == 100");
    yes("client != server");
}

static void a_response_alone_gives_the_bare_name(void **state)
{
    (void)state;
    record = record_take(&bench_pool, &plc_schema);
    bench_side(record, SIDE_RESPONSE, 0);
    record_set(record, PLC_ADDRESS, 7);
    yes("plc.address == 7 and plc.response.address == 7");
    no("exists plc.request.address");
}

static void conditions_inside_bind_one_row(void **state)
{
    (void)state;
    no("any file (number == 1)");
    no("all files (number == 1)");
    yes("none of file (number == 1)");
    record_row(record, 1);
    record_set(record, PLC_NUMBER, 1);
    record_set(record, PLC_LENGTH, 10);
    record_row(record, 1);
    record_set(record, PLC_NUMBER, 2);
    record_set(record, PLC_LENGTH, 20);
    yes("any file (number == 1 and length == 10)");
    no("any file (number == 1 and length == 20)");
    yes("any plc.file (plc.number == 2)");
    yes("all files (length >= 10)");
    no("all files (number == 1)");
    yes("none of files (number == 3)");
    no("none of files (number == 2)");
    yes("plc.number == 2 and plc.number == 1 and plc.number != 3");
    yes("any file (length == 20 and plc.address == 100)");
}

static void conditions_inside_bind_one_point(void **state)
{
    struct point decided;
    struct context c = {.record = record, .decided = &decided};
    struct program p;

    (void)state;
    no("any point (value == 1)");
    no("all points (value == 1)");
    yes("none of points (value == 1)");
    bench_run(record, ACCESS_WRITTEN, 100, "\0\1\0\2\0\3", 3);
    bench_run(record, ACCESS_READ, 200, "\0\4", 1);
    yes("any point (access == written and address == 101 and value == 2)");
    no("any point (access == read and value == 2)");
    yes("any point (table == holding_register and value > 3)");
    no("any point (table == coil)");
    yes("all points (value >= 1)");
    no("all points (access == written)");
    yes("none of point (value > 4)");
    no("any point (address == 101 and value == 3)");
    assert_true(compile("any point (value >= 2)", &p));
    assert_true(evaluate(p.root, &c));
    assert_int_equal(decided.address, 101);
}

static void wireshark_names_are_understood(void **state)
{
    (void)state;
    yes("wplc.func_code == 3");
    yes("wplc.bit_cnt == 10 and wplc.word_cnt == 10");
    yes("ip.src == 10.0.0.9 and ip.dst == 10.0.0.1");
    yes("ip.addr == 10.0.0.9 and ip.addr == 10.0.0.1");
    no("ip.addr != 10.0.0.9");
    yes("tcp.port == 502 and tcp.port == 40000");
    no("udp.port == 502");
    no("udp.port != 1");
    no("ipv6.src != ::1");
}

static void the_phase_follows_from_the_fields(void **state)
{
    static const char *const request[] = {"plc and verb == write", "plc.address == 1",
                                          "any point (access == written and value == 1)",
                                          "plc.request.address == 1"};
    static const char *const done[] = {"outcome == refused",
                                       "exists violation",
                                       "plc.exception == 1",
                                       "response_time > 1s",
                                       "not exists plc.response.address",
                                       "any point (value == 1)",
                                       "any point (access == read and value == 1)",
                                       "plc or plc.exception == 1"};
    struct program p;

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(request); i++) {
        assert_true(compile(request[i], &p));
        assert_false(p.done);
    }
    for (unsigned i = 0; i < COUNT_OF(done); i++) {
        assert_true(compile(done[i], &p));
        assert_true(p.done);
    }
}

static void names_that_are_nothing_are_told(void **state)
{
    (void)state;
    tells("plc and verb == writ", 17, "verb has no label \"writ\"");
    assert_string_equal(hint(), "did you mean `write`?");
    tells("plc.adress == 1", 1, "`plc.adress` is no field");
    assert_string_equal(hint(), "did you mean `plc.address`?");
    tells("plk", 1, "`plk` is no field, protocol or macro");
    assert_string_equal(hint(), "did you mean `plc`?");
    tells("client in $nobody", 11, "there is no list $nobody");
    tells("any item (number == 1)", 5, "`item` is no group");
    tells("protocol in {plc, farr}", 19, "there is no protocol `farr`");
    tells("exists nothing", 8, "`nothing` is no field");
    tells("violation == bad_lenght", 14, "violation has no label \"bad_lenght\"");
    assert_string_equal(hint(), "did you mean `bad_length`?");
    tells("during(\"shift\")", 8, "`shift` is no schedule");
    tells("soon(\"shift\")", 1, "`soon(...)` is not known to this version");
    tells("plc.response.exceptio == 1", 1, "`plc.response.exceptio` is no field");
    tells("plc.response.quantity == 1", 1, "`plc.response.quantity` is no field");
}

static void what_has_another_type_is_told(void **state)
{
    (void)state;
    tells("plc.function == illegal_function", 17,
          "plc.function has no label \"illegal_function\"");
    assert_string_equal(hint(), "is a label of plc.exception");
    tells("plc.address == \"x\"", 16,
          "plc.address is compared with a whole number, not with `\"x\"`");
    tells("plc.address == 1.5", 16,
          "plc.address is compared with a whole number, not with `1.5`");
    tells("response_time > 5", 17,
          "response_time is compared with a time such as 500ms, not with `5`");
    tells("client == 5", 11,
          "client is compared with an address or a network, not with `5`");
    tells("client == 00:80:f4:0e:51:c7", 11, "can never hold: client is an IP address");
    tells("client.mac == 10.0.0.1", 15, "can never hold: client.mac is a MAC address");
    tells("verb == \"write\"", 9, "labels stand without quotes: write");
    tells("verb == 2", 9, "verb is compared with a label, not with `2`");
    tells("verb < write", 1, "verb (flags) has no order: use == != in");
    tells("outcome < refused", 1, "outcome (enum) has no order: use == != in");
    tells("plc.address contains \"1\"", 1, "plc.address (int) is no text: use == != in");
    tells("plc.address == client", 16, "`client` is of another type");
    tells("time > 5", 1, "time (time) cannot be compared");
    tells("plc.address", 1, "`plc.address` is neither true nor false");
    tells("plc.function == -1", 17, "can never hold: plc.function is never -1");
    tells("plc.address in {5..1}", 17, "the range is empty: its end is below its begin");
    tells("plc.function == 3 and far.function == 3", 1,
          "can never hold: no record is of all these protocols");
    tells("plc.address in {}", 13,
          "`plc.address in {}` can never hold: nothing stands in { }");
    tells("wplc.peer == 1", 1,
          "`wplc.peer` stands for fields of different types: use ours");
}

static void what_cannot_be_read_is_told(void **state)
{
    (void)state;
    tells("plc and", 8, "the expression ends where a condition should stand");
    tells("plc plc", 5, "`and`, `or` or the end should stand here, not `plc`");
    tells("(plc", 5, "the expression ends where `)`, `and` or `or` should stand");
    tells("plc.address = 1", 13, "`=`: equality is written ==");
    tells("plc && far", 5, "`&`: write and, or, not");
    tells("client == 10.0.0.300", 11, "`10.0.0.300`: no address, network or MAC address");
    tells("plc.name == \"x", 13, "`\"x`: the closing \" is missing");
    tells("5 == plc.address", 1,
          "the field, which comes first, should stand here, not `5`");
    tells("plc.address not 5", 17, "`in` should stand here, not `5`");
    tells("plc.address in {1 2}", 19, "`,` or `}` should stand here, not `2`");
    tells("any point (any point (value == 1))", 12, "`point` stands inside another one");
    tells("", 1, "the expression ends where a condition should stand");
}

static void all_errors_come_in_one_pass(void **state)
{
    struct program p;

    (void)state;
    assert_false(
        compile("verb == writ and plc.adress == 1 or client in {5, 10.0.0.1, x}", &p));
    assert_int_equal(d.errors, 4);
}

static void depth_and_length_have_an_end(void **state)
{
    static char text[30000];
    struct program p;

    (void)state;
    memset(text, '(', 5000);
    assert_false(compile(text, &p));
    assert_string_equal(d.list[0].message, "the expression is nested too deeply");
    for (unsigned i = 0; i < 5000; i++)
        memcpy(text + i * 4, "not ", 4);
    assert_false(compile(text, &p));
    text[0] = '\0';
    for (unsigned i = 0; i < 4200; i++)
        memcpy(text + i * 7, "plc or ", 7);
    assert_false(compile(text, &p));
    assert_string_equal(d.list[2].message, "the expression is too long");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(or_binds_less_than_and_less_than_not),
        T(numbers_compare_as_numbers),
        T(labels_and_numbers_name_codes),
        T(what_is_absent_makes_every_comparison_false),
        T(several_values_mean_one_of_them),
        T(flags_contain),
        T(violations_go_by_name),
        T(texts_compare_as_bytes),
        T(addresses_know_networks_and_ranges),
        T(times_have_units),
        T(reals_compare_as_reals),
        T(fields_compare_with_fields),
        T(a_response_alone_gives_the_bare_name),
        T(conditions_inside_bind_one_row),
        T(conditions_inside_bind_one_point),
        T(wireshark_names_are_understood),
        T(the_phase_follows_from_the_fields),
        T(names_that_are_nothing_are_told),
        T(what_has_another_type_is_told),
        T(what_cannot_be_read_is_told),
        T(all_errors_come_in_one_pass),
        T(depth_and_length_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
