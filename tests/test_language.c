/*
 * The language beyond single rules: schedules, correlations, what holds back, what the
 * site changes, and the names it gave.
 */

#include "tests/rules_bench.h"

#include <unistd.h>

#include "rules/ruleset.h"

static struct diagnostics d;
static struct ruleset *set;
static struct record *record;
static char directory[] = "/tmp/language.XXXXXX";
static char shipped[64], site[64];
static unsigned nfound, nover;
static struct finding last;
static const int64_t SECOND = 1000000000;

/* ---- a site ---------------------------------------------------------------------- */

static const struct site_network networks[] = {{{{10, 0, 0, 9}, ADDRESS_V4}, 32},
                                               {{{10, 0, 0, 0}, ADDRESS_V4}, 24}};
static const struct site_zone zones[] = {{"office", true, 4, &networks[0], 1},
                                         {"cell", true, 1, &networks[1], 1}};
static const struct site_host hosts[] = {
    {.name = "EWS-1", .address = {{10, 0, 0, 9}, ADDRESS_V4}, .role = 4},
    {.name = "PLC-7", .address = {{10, 0, 0, 1}, ADDRESS_V4}, .role = 5}};
static const char *const points[] = {"LEVEL", "DOSE"};

static double level;
static int64_t level_age;

static bool last_of(void *context, unsigned point, int64_t now, int64_t age,
                    double *value)
{
    (void)context, (void)now;
    *value = level;
    return point == 0 && level_age <= age;
}

static struct site plant = {.zones = zones,
                            .nzones = 2,
                            .hosts = hosts,
                            .nhosts = 2,
                            .points = points,
                            .npoints = 2,
                            .boundary = 3.5,
                            .last = last_of};

/* ---- loading and running ----------------------------------------------------------- */

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return 1;
    snprintf(shipped, sizeof shipped, "%s/10-shipped.yaml", directory);
    snprintf(site, sizeof site, "%s/50-site.yaml", directory);
    return !schedule_zone("Europe/Berlin");
}

static int remove_directory(void **state)
{
    (void)state;
    unlink(site);
    unlink(shipped);
    return rmdir(directory);
}

static int begin(void **state)
{
    (void)state;
    diagnostics_open(&d);
    if (!record_pool_open(&bench_pool, 4))
        return 1;
    record = bench_record();
    record->site = &plant;
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

static bool load_both(const char *ours, const char *theirs)
{
    const char *paths[] = {shipped, site};
    struct ruleset_options o = {bench_schemas, COUNT_OF(bench_schemas), paths, 2, 1,
                                &plant};

    put(shipped, ours);
    put(site, theirs);
    diagnostics_close(&d);
    diagnostics_open(&d);
    ruleset_close(set);
    set = ruleset_load(&o, &d);
    return set != NULL;
}

static void loads(const char *text)
{
    if (!load_both("", text)) {
        diagnostics_print(&d, stderr);
        fail_msg("the rules do not load");
    }
}

static void refuses(const char *text, const char *message)
{
    assert_false(load_both("", text));
    for (unsigned i = 0; i < d.n; i++) {
        if (strcmp(d.list[i].message, message) == 0)
            return;
    }
    diagnostics_print(&d, stderr);
    fail_msg("is not told: %s", message);
}

static bool warns(const char *message)
{
    for (unsigned i = 0; i < d.n; i++) {
        if (d.list[i].warning && strcmp(d.list[i].message, message) == 0)
            return true;
    }
    return false;
}

static void keep(void *context, const struct finding *f)
{
    (void)context;
    if (f->over)
        nover++;
    else
        nfound++;
    last = *f;
}

static unsigned run(void)
{
    nfound = nover = 0;
    ruleset_run(set, RULE_AT_REQUEST, record, keep, NULL);
    ruleset_run(set, RULE_AT_DONE, record, keep, NULL);
    return nfound;
}

static unsigned run_at(int64_t seconds)
{
    record->time = record->seen = (INT64_C(1700000000) + seconds) * SECOND;
    return run();
}

static unsigned run_function(int64_t seconds, unsigned function)
{
    record_set(record, PLC_FUNCTION, function);
    return run_at(seconds);
}

#define REST \
    "  severity: high\n  category: C\n  attack: []\n  why: w\n  say: \"{client} {device}\"\n"
#define RULE(name, id, when) \
    "- rule: " name "\n  id: " id "\n  rev: 1\n  when: >\n    " when "\n" REST
#define BLOCK(name, id, when) \
    "- rule: " name "\n  id: " id "\n  rev: 1\n  alert: false\n  when: >\n    " when "\n"
#define READS  BLOCK("t.read", "9000001", "plc.function == read_registers")
#define WRITES BLOCK("t.write", "9000002", "plc.function == write_one")
#define OF(what) \
    "- correlation: t.c\n  id: 9000009\n  rev: 1\n  track: [client, device]\n" what REST

/* ---- schedules --------------------------------------------------------------------- */

/* 1700000000 is 23:13:20 on a Tuesday in Berlin. */
static void a_schedule_is_local_time(void **state)
{
    (void)state;
    loads("- schedule: night\n  days: [tue]\n  from: \"23:00\"\n  to: \"06:00\"\n" RULE(
        "t.n", "9000001", "plc and during(\"night\")"));
    assert_int_equal(run_at(0), 1);
    assert_int_equal(run_at(-15 * 60), 0);           /* 22:58 */
    assert_int_equal(run_at(6 * 3600 + 46 * 60), 1); /* 05:59 of Wednesday: Tuesday's */
    assert_int_equal(run_at(6 * 3600 + 47 * 60), 0); /* 06:00 */
    assert_int_equal(run_at(24 * 3600), 0);          /* Wednesday */
    refuses("- schedule: s\n  from: \"25:00\"\n  to: \"06:00\"\n",
            "`25:00` is no time of day such as \"06:00\"");
    refuses("- schedule: s\n  from: \"05:00\"\n  to: \"06:00\"\n" RULE("t.n", "9000001",
                                                                       "during(\"t\")"),
            "`t` is no schedule");
}

/* ---- names of the site --------------------------------------------------------------- */

static void zones_levels_and_roles_are_asked(void **state)
{
    (void)state;
    loads(RULE("t.a", "9000001",
               "client.level >= 4 and server.level < 2 and client.zone == \"office\""
               " and client.role == engineering and crosses_boundary and crosses_zone"));
    assert_int_equal(run(), 1);
    loads(RULE("t.a", "9000001", "client == \"EWS-1\" and device == \"PLC-7/unit:3\""));
    assert_int_equal(run(), 1);
    refuses(RULE("t.a", "9000001", "client == \"EWS-9\""), "no asset is named \"EWS-9\"");
    refuses(RULE("t.a", "9000001", "client.zone == \"offices\""),
            "no zone is named \"offices\"");
    refuses(RULE("t.a", "9000001", "client.role == boss"),
            "client.role has no label \"boss\"");
}

static void without_a_site_nothing_of_it_is_there(void **state)
{
    (void)state;
    loads(RULE("t.a", "9000001", "client.level < 99")
              RULE("t.b", "9000002", "client.known or server.known"));
    record->site = NULL;
    assert_int_equal(run(), 0);
}

static void last_asks_for_a_value_that_is_young_enough(void **state)
{
    (void)state;
    loads(RULE("t.a", "9000001", "plc and last(\"LEVEL\", 60s) < 1.2"));
    level = 1.0;
    level_age = 30 * SECOND;
    assert_int_equal(run(), 1);
    assert_string_equal(last.matched[1], "last(\"LEVEL\", 60s) < 1.2: 1");
    level = 1.5;
    assert_int_equal(run(), 0);
    level = 1.0;
    level_age = 61 * SECOND;
    assert_int_equal(run(), 0);
    refuses(RULE("t.a", "9000001", "last(\"LEVLE\", 60s) < 1.2"),
            "`LEVLE` is no point of the point map");
    refuses(RULE("t.a", "9000001", "last(\"LEVEL\", 60s)"),
            "the expression ends where a comparison with last(...) should stand");
}

static void what_comes_later_sleeps_and_says_so(void **state)
{
    char why[128];

    (void)state;
    loads(RULE("t.a", "9000001", "dnp3.function == operate and dnp3.select in {missing}") RULE(
        "t.b", "9000002",
        "plc and not baseline.new") "- rule: t.c\n  id: 9000003\n  rev: 1\n  on: asset\n  when: asset.new\n" REST);
    assert_int_equal(run(), 0);
    assert_true(rule_sleeps(ruleset_rule(set, "t.a"), why, sizeof why));
    assert_string_equal(why, "this version has no dissector for dnp3");
    assert_true(rule_sleeps(ruleset_rule(set, "t.b"), why, sizeof why));
    assert_true(rule_sleeps(ruleset_rule(set, "t.c"), why, sizeof why));
    assert_string_equal(why, "this version makes no records of assets");
}

/* ---- correlations --------------------------------------------------------------------- */

static void a_sequence_holds_in_its_order_only(void **state)
{
    (void)state;
    loads(READS WRITES OF("  sequence: [t.read, t.write]\n  within: 10m\n"));
    assert_int_equal(run_function(0, 6), 0);
    assert_int_equal(run_function(1, 3), 0);
    assert_int_equal(run_function(61, 6), 1);
    assert_int_equal(last.span, 60 * SECOND);
    assert_string_equal(last.matched[0], "t.read: frame 0, 60.000 s before");
    assert_int_equal(run_function(62, 6), 0); /* it began anew */
    assert_int_equal(run_function(63, 3), 0);
    assert_int_equal(run_function(664, 6), 0); /* too late */
}

static void each_key_has_its_own_sequence(void **state)
{
    (void)state;
    loads(READS WRITES OF("  sequence: [t.read, t.write]\n  within: 10m\n"));
    assert_int_equal(run_function(0, 3), 0);
    record->parties.client.bytes[3] = 77;
    assert_int_equal(run_function(1, 6), 0);
    record->parties.client.bytes[3] = 9;
    assert_int_equal(run_function(2, 6), 1);
}

/* One match is one step, however often its rule stands in the sequence. */
static void twice_the_same_rule_needs_two_matches(void **state)
{
    (void)state;
    loads(READS OF("  sequence: [t.read, t.read]\n  within: 10m\n"));
    assert_int_equal(run_function(0, 3), 0);
    assert_int_equal(run_function(1, 3), 1);
    assert_int_equal(run_function(2, 3), 0);
}

static void matches_of_several_rules_are_counted(void **state)
{
    (void)state;
    loads(
        READS WRITES OF("  count: {of: [t.read, t.write], reaches: 3}\n  within: 60s\n"));
    assert_int_equal(run_function(0, 3), 0);
    assert_int_equal(run_function(1, 6), 0);
    assert_int_equal(run_function(70, 3), 0);
    assert_int_equal(run_function(71, 3), 0);
    assert_int_equal(run_function(72, 6), 1);
    assert_int_equal(last.threshold, 3);
}

static void distinct_values_of_matches_are_counted(void **state)
{
    (void)state;
    loads(READS OF(
        "  distinct: {of: t.read, field: plc.address, reaches: 2}\n  within: 60s\n"));
    assert_int_equal(run_function(0, 3), 0);
    assert_int_equal(run_function(1, 3), 0);
    record_set(record, PLC_ADDRESS, 7);
    assert_int_equal(run_function(2, 3), 1);
}

static unsigned tick(int64_t seconds)
{
    nfound = nover = 0;
    ruleset_tick(set, (INT64_C(1700000000) + seconds) * SECOND, keep, NULL);
    return nfound;
}

#define ABSENCE READS OF("  absence: {of: t.read, for: 30s}\n  kind: condition\n")

static void what_does_not_come_is_told_once_and_ends(void **state)
{
    (void)state;
    loads(ABSENCE);
    assert_int_equal(tick(1000), 0); /* not armed yet */
    run_function(0, 3);
    assert_int_equal(ruleset_due(set), (INT64_C(1700000000) + 30) * SECOND);
    assert_int_equal(tick(29), 0);
    assert_int_equal(tick(30), 1);
    assert_string_equal(last.summary, "10.0.0.9 10.0.0.1/unit:3");
    assert_int_equal(last.span, 30 * SECOND);
    assert_int_equal(tick(300), 0);
    assert_int_equal(ruleset_due(set), INT64_MAX);
    run_function(400, 3);
    assert_int_equal(nover, 1);
    run_function(401, 3);
    assert_int_equal(nover, 0);
    assert_int_equal(tick(431), 1);
}

static void nothing_is_absent_while_nobody_could_see(void **state)
{
    (void)state;
    loads(ABSENCE);
    run_function(0, 3);
    ruleset_blind(set, (INT64_C(1700000000) + 20) * SECOND);
    assert_int_equal(tick(49), 0);
    assert_int_equal(tick(50), 1);
}

static void a_full_table_of_absences_stays_whole(void **state)
{
    unsigned told;

    (void)state;
    loads(ABSENCE);
    for (unsigned i = 0; i < 3 * ABSENCE_ROWS; i++) {
        record->parties.client.bytes[2] = (uint8_t)(i >> 8);
        record->parties.client.bytes[3] = (uint8_t)i;
        run_function(i / 100, 3);
        tick(i / 100);
    }
    told = tick(10000);
    assert_int_equal(told, ABSENCE_ROWS);
    run_function(10001, 3);
    assert_int_equal(nover, 1);
}

static void a_reload_goes_on_with_a_sequence(void **state)
{
    struct ruleset *old;

    (void)state;
    loads(READS WRITES OF("  sequence: [t.read, t.write]\n  within: 10m\n"));
    run_function(0, 3);
    old = set;
    set = NULL;
    loads(READS WRITES OF("  sequence: [t.read, t.write]\n  within: 10m\n"));
    ruleset_inherit(set, old);
    assert_int_equal(run_function(1, 6), 1);
    ruleset_close(set);
    set = NULL;
    loads(READS WRITES OF("  sequence: [t.read, t.write]\n  within: 9m\n"));
    ruleset_inherit(set, old);
    assert_int_equal(run_function(1, 6), 0);
    ruleset_close(old);
}

static void what_is_wrong_with_a_correlation_is_told(void **state)
{
    (void)state;
    refuses(READS OF("  sequence: [t.read, t.wirte]\n  within: 1m\n"),
            "there is no rule `t.wirte`");
    refuses(READS OF("  sequence: [t.read]\n  within: 1m\n"),
            "a sequence has two rules or more");
    refuses(READS OF("  sequence: [t.read, t.read]\n"), "`within` is missing in t.c");
    refuses(READS OF("  count: {of: t.read}\n  within: 1m\n"),
            "`reaches` is missing in count");
    refuses(READS OF("  within: 1m\n"),
            "a correlation has count, distinct, sequence or absence");
    refuses(READS "- correlation: t.c\n  id: 9000009\n  rev: 1\n  track: [far.mixed]\n"
                  "  sequence: [t.read, t.read]\n  within: 1m\n" REST,
            "`t.read` has no far.mixed, which t.c tracks");
    refuses(READS "- correlation: t.c\n  id: 9000009\n  rev: 1\n  track: [plc.address]\n"
                  "  absence: {of: t.read, for: 1m}\n" REST,
            "t.c tracks plc.address, which nobody knows of what is absent");
}

/* ---- what holds back -------------------------------------------------------------- */

#define EXCEPT(names, rows, until)                                                 \
    "- exception: e\n  for: " names "\n  fields: [client, device, plc.function]\n" \
    "  rows:\n    - " rows "\n  who: me\n  why: work\n" until

static void an_exception_holds_back_its_rows(void **state)
{
    const char *rule = RULE("t.a", "9000001", "plc");
    char text[1024];

    (void)state;
    snprintf(
        text, sizeof text,
        "%s" EXCEPT("[t.*]", "[EWS-1, PLC-7/unit:3, [read_registers, write_one]]", ""),
        rule);
    loads(text);
    assert_int_equal(run(), 0);
    assert_int_equal(ruleset_rule(set, "t.a")->held, 1);
    assert_int_equal(ruleset_exceptions(set)->held, 1);
    record_set(record, PLC_FUNCTION, 16);
    assert_int_equal(run(), 1);
    record_set(record, PLC_FUNCTION, 3);
    record->parties.client.bytes[3] = 8;
    assert_int_equal(run(), 1);
}

static void an_exception_ends(void **state)
{
    (void)state;
    loads(RULE("t.a", "9000001", "plc")
              EXCEPT("t.a", "[10.0.0.0/24, 10.0.0.1/unit:3, read_registers]",
                     "  until: 2023-11-14T22:13:21Z\n"));
    assert_true(warns("exception e has ended: it holds nothing back"));
    assert_int_equal(run_at(0), 0);
    assert_int_equal(run_at(1), 1);
}

static void an_exception_says_who_and_why_and_names_something(void **state)
{
    (void)state;
    refuses(
        "- exception: e\n  for: [a]\n  fields: [client]\n  rows: [[10.0.0.1]]\n  who: me\n",
        "`why` is missing in e");
    refuses(
        "- exception: e\n  for: [a]\n  fields: [client, server]\n  rows: [[10.0.0.1]]\n"
        "  who: me\n  why: w\n",
        "the row has 1 values, fields names 2");
    refuses("- exception: e\n  for: [a]\n  fields: [verb]\n  rows: [[writ]]\n  who: me\n"
            "  why: w\n",
            "verb has no label \"writ\"");
    loads("- exception: e\n  for: [t.b]\n  fields: [client]\n  rows: [[10.0.0.1]]\n"
          "  who: me\n  why: w\n" RULE("t.a", "9000001", "plc"));
    assert_true(warns("exception e names no rule: `t.b`"));
}

#define WORK(more)                                                                    \
    "- maintenance: WO-1\n  from: 2023-11-14T22:00:00Z\n  to: 2023-11-14T23:00:00Z\n" \
    "  who: me\n  why: w\n" more

static void maintenance_holds_back_what_it_allows(void **state)
{
    (void)state;
    loads(RULE("t.a", "9000001", "plc") RULE("t.b", "9000002", "plc") WORK(
        "  scope: {server: [PLC-7], client: 10.0.0.9}\n  allow: [write, t.b]\n"));
    assert_int_equal(run_at(0), 1); /* a read is not allowed, t.b is */
    assert_string_equal(last.signature->name, "t.a");
    record->verbs = VERB_READ | VERB_WRITE;
    assert_int_equal(run_at(0), 0);
    record->verbs = VERB_WRITE | VERB_PROGRAM;
    assert_int_equal(run_at(0), 1);
    record->verbs = VERB_WRITE;
    assert_int_equal(run_at(3600), 2); /* over */
    record->parties.server.bytes[3] = 2;
    assert_int_equal(run_at(0), 2); /* another server */
}

static void maintenance_has_a_begin_and_an_end(void **state)
{
    (void)state;
    refuses("- maintenance: m\n  from: 2023-11-14\n  to: 2023-11-13\n  allow: [write]\n"
            "  who: a\n  why: b\n",
            "it ends before it begins");
    refuses("- maintenance: m\n  from: tomorrow\n  to: 2023-11-13\n  allow: [write]\n",
            "`tomorrow` is no time such as 2026-04-01T06:00:00Z");
    refuses(WORK(""), "`allow` is missing in WO-1");
}

/* ---- overrides ------------------------------------------------------------------------ */

#define SHIPPED                                                                          \
    "- rule: s.a\n  id: 8101010\n  rev: 2\n  when: plc\n  severity: high\n  score: 80\n" \
    "  category: C\n  attack: []\n  why: w\n  say: s\n"                                  \
    "- list: friends\n  type: host\n"                                                    \
    "- rule: s.b\n  id: 8101020\n  rev: 1\n  when: client not in $friends\n" REST

static void an_override_changes_a_shipped_rule(void **state)
{
    const struct rule *r;

    (void)state;
    assert_true(load_both(SHIPPED,
                          "- override: s.a\n  expects_rev: 1\n"
                          "  set: {severity: critical}\n"
                          "  append:\n    when: plc.address > 100\n"
                          "- override: friends\n  append: {items: [10.0.0.8]}\n"));
    assert_true(warns("override expects rev 1 of s.a, it is rev 2; applied"));
    r = ruleset_rule(set, "s.a");
    assert_true(r->overridden);
    assert_int_equal(r->signature.severity, SEVERITY_CRITICAL);
    assert_int_equal(r->signature.score, 90);
    assert_int_equal(run(), 1); /* s.b: no friend; s.a: 100 is not above */
    assert_int_equal(last.signature->id, 8101020);
    record_set(record, PLC_ADDRESS, 101);
    record->parties.client.bytes[3] = 8;
    assert_int_equal(run(), 1);
    assert_int_equal(last.signature->id, 8101010);
}

static void what_is_wrong_with_an_override_is_told(void **state)
{
    (void)state;
    assert_false(load_both(SHIPPED, "- override: s.aa\n  expects_rev: 1\n"
                                    "  set: {severity: low}\n"));
    assert_string_equal(d.list[0].message, "there is no rule or list `s.aa`");
    assert_string_equal(d.list[0].hint, "did you mean `s.a`?");
    assert_false(load_both(SHIPPED, "- override: s.a\n  set: {severity: low}\n"));
    assert_string_equal(d.list[0].message,
                        "`expects_rev` is missing in s.a: the rev this was written for");
    assert_false(
        load_both(SHIPPED, "- override: s.a\n  expects_rev: 2\n  set: {id: 9}\n"));
    assert_string_equal(d.list[0].message, "`id` is not changed by an override");
    assert_false(
        load_both(SHIPPED, "- override: s.a\n  expects_rev: 2\n  set: {severty: low}\n"));
    assert_string_equal(d.list[0].message, "unknown key `severty`");
    assert_string_equal(d.list[0].at.source->file, site);
}

/* ---- warnings --------------------------------------------------------------------- */

static void what_nobody_needs_is_told(void **state)
{
    (void)state;
    loads("- list: l\n  type: host\n  items: [10.0.0.1]\n- macro: m\n  when: plc\n"
          "- schedule: s\n  from: \"01:00\"\n  to: \"02:00\"\n" READS);
    assert_true(warns("no rule asks list `l`"));
    assert_true(warns("no rule says macro `m`"));
    assert_true(warns("no rule asks schedule `s`"));
    assert_true(warns("rule `t.read` alerts nobody and no correlation uses it"));
    assert_int_equal(d.warnings, 4);
}

static void not_over_what_may_be_absent_is_told(void **state)
{
    (void)state;
    loads(RULE("t.a", "9000001", "plc and not plc.exception == illegal_function"));
    assert_true(
        warns("rule t.a: `not plc.exception == illegal_function` is true also where "
              "there is no plc.exception"));
    loads(RULE("t.a", "9000001",
               "exists plc.exception and not plc.exception == illegal_function"));
    assert_int_equal(d.warnings, 0);
    loads(RULE("t.a", "9000001", "plc and not verb == write"));
    assert_int_equal(d.warnings, 0);
}

static void what_can_never_hold_is_refused(void **state)
{
    (void)state;
    refuses(
        RULE("t.a", "9000001", "plc.address < 5 and verb == read and plc.address > 7"),
        "can never hold: `plc.address < 5` and `plc.address > 7`");
    refuses(RULE("t.a", "9000001", "outcome == refused and outcome in {answered, late}"),
            "can never hold: `outcome == refused` and `outcome in {answered, late}`");
    refuses(RULE("t.a", "9000001",
                 "plc or any point (value > 2.5 and (address == 1 or value < 1))"
                 " and plc.ratio < 1 and plc.ratio >= 1"),
            "can never hold: `plc.ratio < 1` and `plc.ratio >= 1`");
    loads(RULE("t.a", "9000001", "plc.address in {1..5} and plc.address in {5..9}"));
    loads(RULE("t.a", "9000001", "violation == bad_length and violation == truncated"));
    loads(RULE("t.a", "9000001", "plc.number == 1 and plc.number == 2"));
    refuses(RULE("t.a", "9000001", "any file (number == 1 and number == 2)"),
            "can never hold: `number == 1` and `number == 2`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
        T(a_schedule_is_local_time),
        T(zones_levels_and_roles_are_asked),
        T(without_a_site_nothing_of_it_is_there),
        T(last_asks_for_a_value_that_is_young_enough),
        T(what_comes_later_sleeps_and_says_so),
        T(a_sequence_holds_in_its_order_only),
        T(each_key_has_its_own_sequence),
        T(twice_the_same_rule_needs_two_matches),
        T(matches_of_several_rules_are_counted),
        T(distinct_values_of_matches_are_counted),
        T(what_does_not_come_is_told_once_and_ends),
        T(nothing_is_absent_while_nobody_could_see),
        T(a_full_table_of_absences_stays_whole),
        T(a_reload_goes_on_with_a_sequence),
        T(what_is_wrong_with_a_correlation_is_told),
        T(an_exception_holds_back_its_rows),
        T(an_exception_ends),
        T(an_exception_says_who_and_why_and_names_something),
        T(maintenance_holds_back_what_it_allows),
        T(maintenance_has_a_begin_and_an_end),
        T(an_override_changes_a_shipped_rule),
        T(what_is_wrong_with_an_override_is_told),
        T(what_nobody_needs_is_told),
        T(not_over_what_may_be_absent_is_told),
        T(what_can_never_hold_is_refused),
#undef T
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
