#include "tests/rules_bench.h"

#include <unistd.h>

#include "rules/ruleset.h"

static struct diagnostics d;
static struct ruleset *set;
static struct record *record;
static char directory[] = "/tmp/ruleset.XXXXXX";
static char site[64], csv[64];

static unsigned nfound;
static struct finding last;

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return 1;
    snprintf(site, sizeof site, "%s/50-site.yaml", directory);
    snprintf(csv, sizeof csv, "%s/hosts.csv", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(site);
    unlink(csv);
    return rmdir(directory);
}

static int begin(void **state)
{
    (void)state;
    diagnostics_open(&d);
    nfound = 0;
    if (!record_pool_open(&bench_pool, 4))
        return 1;
    record = bench_record();
    return 0;
}

static int end(void **state)
{
    (void)state;
    ruleset_close(set);
    set = NULL;
    record_pool_close(&bench_pool);
    diagnostics_close(&d);
    return 0;
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static bool load(const char *text)
{
    const char *paths[] = {directory};
    struct ruleset_options options = {bench_schemas, COUNT_OF(bench_schemas), paths, 1,
                                      0};

    put(site, text);
    ruleset_close(set);
    set = ruleset_load(&options, &d);
    return set != NULL;
}

static void loads(const char *text)
{
    if (!load(text)) {
        diagnostics_print(&d, stderr);
        fail_msg("the rules do not load");
    }
}

static void keep(void *context, const struct finding *f)
{
    (void)context;
    nfound++;
    last = *f;
}

static unsigned run(enum rule_phase phase)
{
    nfound = 0;
    ruleset_run(set, phase, record, keep, NULL);
    return nfound;
}

#define REST                                                         \
    "  severity: high\n  category: C\n  attack: [T0855]\n  why: w\n" \
    "  say: \"{client} asked {device} for {plc.quantity}\"\n"

static void a_match_is_a_finding(void **state)
{
    (void)state;
    loads("- rule: t.read\n  id: 9000001\n  rev: 2\n  when: >\n    plc and verb == read\n"
          "    and plc.address in {90..110}\n" REST);
    assert_int_equal(run(RULE_AT_DONE), 0);
    assert_int_equal(run(RULE_AT_REQUEST), 1);
    assert_int_equal(last.signature->id, 9000001);
    assert_int_equal(last.signature->rev, 2);
    assert_int_equal(last.signature->severity, SEVERITY_HIGH);
    assert_int_equal(last.signature->score, 70);
    assert_int_equal(last.signature->nattack, 1);
    assert_string_equal(last.signature->attack[0]->name, "Unauthorized Command Message");
    assert_string_equal(last.summary, "10.0.0.9 asked 10.0.0.1/unit:3 for 10");
    assert_int_equal(last.nmatched, 3);
    assert_string_equal(last.matched[0], "plc: true");
    assert_string_equal(last.matched[1], "verb == read: read");
    assert_string_equal(last.matched[2], "plc.address in {90..110}: 100");
}

static void other_protocols_are_not_asked(void **state)
{
    (void)state;
    loads(
        "- rule: t.far\n  id: 9000001\n  rev: 1\n  when: far.function == read_registers\n" REST
        "- rule: t.other\n  id: 9000002\n  rev: 1\n  when: verb == write\n" REST);
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    record->verbs = VERB_WRITE;
    assert_int_equal(run(RULE_AT_REQUEST), 1);
    assert_int_equal(last.signature->id, 9000002);
}

static void what_names_the_answer_waits_for_it(void **state)
{
    (void)state;
    loads("- rule: t.refused\n  id: 9000001\n  rev: 1\n"
          "  when: outcome == refused and plc.exception == illegal_data_address\n" REST);
    record->outcome = OUTCOME_REFUSED;
    bench_side(record, SIDE_RESPONSE, record->time);
    record_set(record, PLC_EXCEPTION, 2);
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    assert_int_equal(run(RULE_AT_DONE), 1);
    assert_string_equal(last.matched[1],
                        "plc.exception == illegal_data_address: illegal_data_address");
}

static void a_list_tells_members_from_strangers(void **state)
{
    (void)state;
    put(csv, "owner,host\n\"Ops, north\",10.0.0.5\nme,10.0.1.0/24\n,\n");
    loads(
        "- rule: t.stranger\n  id: 9000001\n  rev: 1\n  when: client not in $friends\n" REST
        "- list: friends\n  type: host\n  from: hosts.csv\n  column: host\n");
    assert_int_equal(run(RULE_AT_REQUEST), 1);
    assert_string_equal(last.matched[0], "client not in $friends: 10.0.0.9, not among 2");
    put(csv, "host\n10.0.0.9\n");
    loads(
        "- rule: t.stranger\n  id: 9000001\n  rev: 1\n  when: client not in $friends\n" REST
        "- list: friends\n  type: host\n  from: hosts.csv\n  column: host\n");
    assert_int_equal(run(RULE_AT_REQUEST), 0);
}

static void a_rule_over_an_empty_list_sleeps(void **state)
{
    const struct rule *rule;
    struct arena arena = {0};
    const struct source *s =
        diagnostics_source(&d, "t", bench_bytes("friends: [10.0.0.1]"));
    struct yaml *lists = yaml_load(&arena, s, &d);
    char why[200];

    (void)state;
    loads(
        "- list: friends\n  type: host\n  when_empty: inactive\n"
        "- rule: t.stranger\n  id: 9000001\n  rev: 1\n  when: client not in $friends\n" REST);
    rule = ruleset_rule(set, "t.stranger");
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    assert_string_equal(rule_empty_list(rule)->name, "friends");
    ruleset_why_not(set, rule, record, why, sizeof why);
    assert_string_equal(why, "the rule sleeps: list $friends is empty");
    assert_true(ruleset_list_set(set, "friends", yaml_get(lists, "friends"), &d));
    assert_int_equal(run(RULE_AT_REQUEST), 1);
    ruleset_lists_restore(set);
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    arena_close(&arena);
}

static void a_placeholder_is_filled_once(void **state)
{
    (void)state;
    loads(
        "- list: friends\n  type: host\n- list: friends\n  type: host\n  items: [10.0.0.9]\n"
        "- rule: t.friend\n  id: 9000001\n  rev: 1\n  when: client in $friends\n" REST);
    assert_int_equal(run(RULE_AT_REQUEST), 1);
    assert_false(load("- list: a\n  type: host\n  items: [::1]\n"
                      "- list: a\n  type: host\n  items: [::1]\n"));
}

static void macros_stand_for_conditions(void **state)
{
    (void)state;
    loads("- rule: t.m\n  id: 9000001\n  rev: 1\n  when: reads and not far_away\n" REST
          "- macro: reads\n  when: plc and near and verb == read\n"
          "- macro: near\n  when: client in 10.0.0.0/8\n"
          "- macro: far_away\n  when: not near\n");
    assert_int_equal(run(RULE_AT_REQUEST), 1);
    assert_string_equal(last.matched[0], "reads: true");
}

static void a_threshold_counts_for_each_track(void **state)
{
    (void)state;
    loads(
        "- rule: t.scan\n  id: 9000001\n  rev: 1\n  when: plc\n"
        "  threshold: {distinct: plc.address, reaches: 3, within: 60s}\n  track: [client]\n"
        "  severity: low\n  category: C\n  attack: []\n  why: w\n"
        "  say: \"{client} tried {threshold.value}\"\n");
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    record_set(record, PLC_ADDRESS, 101);
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    record_set(record, PLC_ADDRESS, 102);
    record->parties.client.bytes[3] = 77;
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    record->parties.client.bytes[3] = 9;
    assert_int_equal(run(RULE_AT_REQUEST), 1);
    assert_string_equal(last.summary, "10.0.0.9 tried 3");
    assert_int_equal(last.threshold, 3);
    ruleset_reset(set);
    assert_int_equal(run(RULE_AT_REQUEST), 0);
}

#define COUNTS(when, why)                                                                         \
    "- rule: t.count\n  id: 9000001\n  rev: 1\n  when: " when                                     \
    "\n  threshold: {count: true, reaches: 3, within: 60s}\n  track: [client]\n  severity: low\n" \
    "  category: C\n  attack: []\n  why: " why "\n  say: \"{client}\"\n"

/* Two matches of the old set, then one of a new one that says `text`. */
static unsigned after_a_reload(const char *text)
{
    struct ruleset *old;
    unsigned n;

    loads(COUNTS("plc", "w"));
    run(RULE_AT_REQUEST);
    run(RULE_AT_REQUEST);
    old = set;
    set = NULL;
    loads(text);
    ruleset_inherit(set, old);
    ruleset_close(old);
    n = run(RULE_AT_REQUEST);
    assert_int_equal(ruleset_rules(set)->matched, 3);
    return n;
}

static void a_reload_goes_on_counting(void **state)
{
    (void)state;
    assert_int_equal(after_a_reload(COUNTS("plc", "other words")), 1);
}

static void a_rule_that_counts_something_else_begins_anew(void **state)
{
    (void)state;
    assert_int_equal(after_a_reload(COUNTS("plc and verb == read", "w")), 0);
}

static void the_point_that_decided_is_told(void **state)
{
    (void)state;
    loads("- rule: t.value\n  id: 9000001\n  rev: 1\n"
          "  when: any point (access == written and value > 4)\n"
          "  severity: low\n  category: C\n  attack: []\n  why: w\n"
          "  say: \"{client} set {point.address} to {point.value}: {points}\"\n");
    bench_run(record, ACCESS_WRITTEN, 100, "\0\1\0\5\0\3\0\4", 4);
    assert_int_equal(run(RULE_AT_REQUEST), 1);
    assert_true(last.has_point);
    assert_int_equal(last.point.address, 101);
    assert_string_equal(
        last.summary, "10.0.0.9 set 101 to 5: holding_register 100 = 1, holding_register "
                      "101 = 5, holding_register 102 = 3 and 1 more");
    assert_string_equal(last.matched[0], "any point (access == written and value > 4): "
                                         "holding_register 101 = 5");
}

static void a_building_block_tells_nobody(void **state)
{
    (void)state;
    loads("- rule: t.block\n  id: 9000001\n  rev: 1\n  alert: false\n  when: plc\n");
    assert_int_equal(run(RULE_AT_REQUEST), 0);
    assert_int_equal(ruleset_rule(set, "9000001")->matched, 1);
}

static void why_not_names_what_was_false_first(void **state)
{
    char why[200];

    (void)state;
    loads("- rule: t.w\n  id: 9000001\n  rev: 1\n"
          "  when: plc and verb == write and plc.address == 1\n" REST);
    ruleset_why_not(set, ruleset_rule(set, "t.w"), record, why, sizeof why);
    assert_string_equal(why, "verb == write: read");
    record->verbs = VERB_WRITE;
    ruleset_why_not(set, ruleset_rule(set, "t.w"), record, why, sizeof why);
    assert_string_equal(why, "plc.address == 1: 100");
    record_set(record, PLC_ADDRESS, 1);
    ruleset_why_not(set, ruleset_rule(set, "t.w"), record, why, sizeof why);
    assert_string_equal(why, "it matches");
}

static void the_version_follows_the_contents(void **state)
{
    char first[RULESET_VERSION];

    (void)state;
    loads("- list: a\n  type: host\n");
    memcpy(first, ruleset_version(set), sizeof first);
    assert_int_equal(strlen(first), 12);
    loads("- list: a\n  type: host\n");
    assert_string_equal(ruleset_version(set), first);
    loads("- list: b\n  type: host\n");
    assert_string_not_equal(ruleset_version(set), first);
}

/* The whole of what `check` shows, all of it from one pass. */
static void all_errors_of_a_file_come_at_once(void **state)
{
    static const char *const expected[] = {
        ":1:9: error: `category` is missing in t.a\n",
        ":1:9: error: `why` is missing in t.a\n",
        ":2:7: error: ids of a site's rules are 9000000 to 9999999\n",
        ":5:21: error: verb has no label \"writ\"\n"
        "    5 |     plc and verb == writ\n"
        "      |                     ^^^^ did you mean `write`?\n"
        "      verbs: mode program command",
        ":6:13: error: severity cannot be `hihg`\n",
        ":7:12: error: `T9999` is no technique of ATT&CK for ICS\n",
        ":8:19: error: `clint` is no field\n"
        "    8 |   track: [server, clint]\n"
        "      |                   ^^^^^ did you mean `client`?\n",
        ":9:3: error: unknown key `sverity`\n",
        ":10:10: error: `{clint}` is no field\n",
        ":11:9: error: rule `t.a`",
        ":16:10: error: `verb` is a field, a protocol, a label or a word",
        ":19:9: error: `plc.nothing` is no field",
        ":20:3: error: `exeption` is no kind of item\n",
    };
    char *text = NULL;
    const char *at;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_false(
        load("- rule: t.a\n  id: 5\n  rev: 1\n  when: >\n    plc and verb == writ\n"
             "  severity: hihg\n  attack: [T9999]\n  track: [server, clint]\n"
             "  sverity: low\n  say: \"{clint}\"\n- rule: t.a\n  id: 9000001\n  rev: 1\n"
             "  alert: false\n  when: plc\n- macro: verb\n  when: plc\n- macro: x\n"
             "  when: plc.nothing == 1\n- exeption: y\n  for: z\n"));
    diagnostics_print(&d, out);
    fclose(out);
    at = text;
    for (unsigned i = 0; i < COUNT_OF(expected); i++) {
        at = strstr(at, expected[i]); /* and in the order of the file */
        if (!at)
            fail_msg("missing or out of order: %s\nin:\n%s", expected[i], text);
    }
    assert_int_equal(d.errors, COUNT_OF(expected));
    free(text);
}

static void what_a_rule_must_have_is_told(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"a: 1\n", "this must be a list, not a map"},
        {"- 5\n", "this must be a map, not a text or number"},
        {"- macro: a\n  when: a\n", "`a` uses itself, or is nested too deeply"},
        {"- macro: Big\n  when: plc\n", "a name is made of a-z 0-9 _ . and -, not `Big`"},
        {"- list: a\n  type: host\n  items: [10.0.0.0/40]\n",
         "`10.0.0.0/40` is no address, range, network, MAC address or named asset"},
        {"- list: a\n  type: number\n  items: [5..1]\n",
         "`5..1` is no whole number or range of them"},
        {"- list: a\n  type: host\n  from: x.csv\n",
         "`column` is missing: which column holds the items"},
        {"- rule: t\n  id: 9000001\n  rev: 1\n  alert: false\n  when: plc\n  kind: condition\n",
         "`clear` is missing in t"},
        {"- rule: t\n  id: 9000001\n  rev: 1\n  alert: false\n  when: plc\n  severity: low\n"
         "  score: 80\n",
         "score 80 is not low"},
        {"- rule: t\n  id: 9000001\n  rev: 1\n  alert: false\n  when: plc\n"
         "  threshold: {count: true, reaches: 5000, within: 1s}\n",
         "reaches must be between 1 and 1000, not 5000"},
        {"- rule: t\n  id: 9000001\n  rev: 1\n  alert: false\n  when: plc\n"
         "  test: [{pcap: x}]\n",
         "a test has `pcap` and `alerts`"},
        {"- rule: t\n  id: 9000001\n  rev: 1\n  alert: false\n  when: client in $l\n"
         "- list: l\n  type: number\n",
         "$l holds numbers, client is of type address"},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        unsigned before = d.errors;

        assert_false(load(cases[i].text));
        if (d.errors != before + 1)
            diagnostics_print(&d, stderr);
        assert_int_equal(d.errors, before + 1);
        assert_string_equal(d.list[d.n - 1].message, cases[i].message);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_match_is_a_finding),
        T(other_protocols_are_not_asked),
        T(what_names_the_answer_waits_for_it),
        T(a_list_tells_members_from_strangers),
        T(a_rule_over_an_empty_list_sleeps),
        T(a_placeholder_is_filled_once),
        T(macros_stand_for_conditions),
        T(a_threshold_counts_for_each_track),
        T(a_reload_goes_on_counting),
        T(a_rule_that_counts_something_else_begins_anew),
        T(the_point_that_decided_is_told),
        T(a_building_block_tells_nobody),
        T(why_not_names_what_was_false_first),
        T(the_version_follows_the_contents),
        T(all_errors_of_a_file_come_at_once),
        T(what_a_rule_must_have_is_told),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
