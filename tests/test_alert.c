#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/alert.h"
#include "alerts/filter.h"
#include "tests/sample_alerts.h"

enum { TOLD = 512, S = 1000000000 };

/* What a run left behind: the latest of each alert. */
static struct {
    uint64_t root;
    size_t len;
    uint8_t bytes[2 * EVE_LINE];
} kept[4];
static unsigned nkept;

/* What was told, in order. */
struct told {
    enum event_kind kind;
    enum alert_state state;
    enum severity severity;
    uint64_t id, count;
    uint32_t update, occurrence;
    int64_t time;
    bool held;
    char line[EVE_LINE + 1];
};

static struct record_pool pool;
static struct encoder encoder;
static struct alerts alerts;
static struct told told[TOLD];
static unsigned ntold;
static struct record *record;
static int64_t now;

static void keep(const struct event *e)
{
    unsigned i = 0;

    if (e->saved.len == 0)
        return;
    while (i < nkept && kept[i].root != e->root)
        i++;
    assert_true(i < sizeof kept / sizeof kept[0] && e->saved.len <= sizeof kept[i].bytes);
    nkept += i == nkept;
    kept[i].root = e->root;
    kept[i].len = e->saved.len;
    memcpy(kept[i].bytes, e->saved.at, e->saved.len);
}

static void note(void *to, const struct event *e)
{
    struct told *t = &told[ntold++ % TOLD];

    (void)to;
    keep(e);
    *t = (struct told){.kind = e->kind,
                       .state = e->alert->state,
                       .severity = e->severity,
                       .id = e->alert_id,
                       .count = e->alert->count,
                       .update = e->update,
                       .occurrence = e->alert->occurrence,
                       .time = e->time,
                       .held = e->held};
    assert_true(e->line.len <= EVE_LINE);
    if (e->line.len > 0)
        memcpy(t->line, e->line.at, e->line.len);
}

static void open_with(struct alerts_config config)
{
    static const struct encode_source sources[] = {{"plant.pcap", true}};

    encoder_open(&encoder);
    encoder.sources = sources;
    encoder.nsources = 1;
    config.eve =
        (struct eve){&encoder, "1.0.0", "99c030754b69", "north-wtp", "ext. 4410"};
    assert_true(alerts_open(&alerts, &config, note, NULL));
    ntold = 0;
    now = SAMPLE_TIME;
}

static int set_up(void **state)
{
    (void)state;
    if (!record_pool_open(&pool, 8))
        return -1;
    record = sample_write(&pool);
    open_with(alerts_defaults());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    alerts_close(&alerts, now);
    record_give(record);
    record_pool_close(&pool);
    return 0;
}

static void reopen(struct alerts_config config)
{
    alerts_close(&alerts, now);
    open_with(config);
}

/* A finding at second `s` of the test. */
static void find_at(const struct signature *signature, uint64_t track, int s)
{
    struct finding f = sample_finding(signature, record, track);

    now = SAMPLE_TIME + (int64_t)s * S;
    record->time = record->seen = now;
    alerts_take(&alerts, &f, now);
}

static void find_saying(const char *summary, int s)
{
    struct finding f = sample_finding(&sample_signature, record, 1);

    now = SAMPLE_TIME + (int64_t)s * S;
    record->time = record->seen = now;
    snprintf(f.summary, sizeof f.summary, "%s", summary);
    alerts_take(&alerts, &f, now);
}

static void expire_at(int s)
{
    now = SAMPLE_TIME + (int64_t)s * S;
    alerts_expire(&alerts, now);
}

static void assert_has(const char *line, const char *part)
{
    if (!strstr(line, part))
        fail_msg("no %s in %s", part, line);
}

static void a_finding_becomes_an_alert_at_once(void **state)
{
    (void)state;
    find_at(&sample_signature, 1, 0);
    assert_int_equal(ntold, 1);
    assert_int_equal(told[0].kind, EVENT_ALERT);
    assert_int_equal(told[0].severity, SEVERITY_HIGH);
    assert_int_equal(told[0].update, 0);
    assert_int_equal(told[0].occurrence, 1);
    assert_has(told[0].line, "\"event_type\":\"alert\"");
    assert_has(told[0].line, "\"state\":\"new\",\"update\":0,\"occurrence\":1,");
    assert_has(told[0].line, "\"signature_id\":8101010");
    assert_has(told[0].line, "\"severity\":\"high\",\"score\":80,\"count\":1,");
}

static void the_same_cause_is_counted_once_a_minute(void **state)
{
    (void)state;
    for (int s = 0; s < 130; s++)
        find_at(&sample_signature, 1, s);
    assert_int_equal(ntold, 3);
    assert_int_equal(told[1].kind, EVENT_UPDATE);
    assert_int_equal(told[1].count, 60);
    assert_int_equal(told[1].time, SAMPLE_TIME + INT64_C(60) * S);
    assert_int_equal(told[2].count, 120);
    assert_int_equal(told[2].update, 2);
    assert_true(told[2].id == told[0].id);
    assert_has(told[1].line, "\"event_type\":\"alert_update\"");
    assert_has(told[1].line, "\"last_seen\":\"2026-03-04T09:13:43.318226+0000\"");
}

static void other_causes_are_other_alerts(void **state)
{
    (void)state;
    find_at(&sample_signature, 1, 0);
    find_at(&sample_signature, 2, 0);
    find_at(&sample_bare, 1, 0);
    assert_int_equal(ntold, 3);
    assert_true(told[0].id != told[1].id && told[1].id != told[2].id);
}

static void quiet_ends_an_alert_and_the_next_is_its_second_occurrence(void **state)
{
    (void)state;
    find_at(&sample_signature, 1, 0);
    expire_at(299);
    assert_int_equal(ntold, 1);
    expire_at(1000);
    assert_int_equal(ntold, 3);
    assert_int_equal(told[1].state, ALERT_CLOSED);
    assert_int_equal(told[1].time, SAMPLE_TIME + INT64_C(300) * S);
    assert_int_equal(told[2].kind, EVENT_GONE);
    find_at(&sample_signature, 1, 1001);
    assert_int_equal(told[3].state, ALERT_NEW);
    assert_int_equal(told[3].occurrence, 2);
    assert_true(told[3].id != told[0].id);
}

static void a_condition_clears_after_its_own_time(void **state)
{
    (void)state;
    find_at(&sample_condition, 1, 0);
    find_at(&sample_condition, 1, 100);
    expire_at(219);
    assert_int_equal(told[ntold - 1].state, ALERT_UPDATED);
    expire_at(220);
    assert_int_equal(told[ntold - 2].state, ALERT_CLEARED);
    assert_has(told[0].line, "\"kind\":\"condition\"");
}

static void a_rise_in_severity_is_told_at_once(void **state)
{
    struct finding f = sample_finding(&sample_signature, record, 1);

    (void)state;
    find_at(&sample_signature, 1, 0);
    f.score = 95;
    alerts_take(&alerts, &f, now);
    assert_int_equal(ntold, 2);
    assert_int_equal(told[1].kind, EVENT_ALERT);
    assert_int_equal(told[1].state, ALERT_ESCALATED);
    assert_int_equal(told[1].severity, SEVERITY_CRITICAL);
    assert_has(told[1].line, "\"signature_severity\":[\"Critical\"]");
    find_at(&sample_signature, 1, 1); /* it does not fall again */
    assert_int_equal(ntold, 2);
    expire_at(61);
    assert_int_equal(told[2].severity, SEVERITY_CRITICAL);
}

static void another_mode_change_is_told_at_once(void **state)
{
    (void)state;
    record->verbs = VERB_MODE;
    find_saying("stop", 0);
    find_saying("stop", 1); /* the same again: counted */
    assert_int_equal(ntold, 1);
    find_saying("start", 2);
    assert_int_equal(ntold, 2);
    assert_int_equal(told[1].kind, EVENT_UPDATE);
    assert_int_equal(told[1].state, ALERT_REPEATED);
    assert_int_equal(told[1].count, 3);
    assert_has(told[1].line, "\"summary\":\"start\"");
    assert_true(told[1].id == told[0].id);
    find_saying("stop", 2); /* within the same second: at its end */
    assert_int_equal(ntold, 2);
    expire_at(3);
    assert_int_equal(ntold, 3);
    assert_int_equal(told[2].state, ALERT_REPEATED);
}

static void what_is_above_the_rate_folds_into_a_storm(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 250; i++)
        find_at(&sample_signature, i, 1);
    assert_int_equal(ntold, 101);
    assert_int_equal(alerts.counters.stormed, 150);
    assert_has(told[100].line, "health.alerts.storm");
    assert_int_equal(told[100].severity, SEVERITY_HIGH);
    find_at(&sample_bare, 1, 1); /* another severity has its own rate */
    assert_int_equal(ntold, 102);
    find_at(&sample_signature, 1000, 61); /* the next minute */
    assert_int_equal(told[ntold - 1].state, ALERT_NEW);
    assert_int_equal(told[ntold - 2].count, 150);
    assert_int_equal(told[ntold - 2].kind, EVENT_UPDATE);
}

static void critical_has_no_rate(void **state)
{
    struct signature critical = sample_bare;

    (void)state;
    critical.severity = SEVERITY_CRITICAL;
    for (unsigned i = 0; i < 250; i++)
        find_at(&critical, i, 1);
    assert_int_equal(ntold, 250);
    assert_int_equal(alerts.counters.stormed, 0);
}

static void a_full_table_ends_the_quietest_alert_and_counts_it(void **state)
{
    struct alerts_config config = alerts_defaults();

    (void)state;
    config.open = 2;
    reopen(config);
    find_at(&sample_signature, 1, 0);
    find_at(&sample_signature, 2, 1);
    find_at(&sample_signature, 1, 2);
    find_at(&sample_signature, 3, 3);
    assert_int_equal(alerts.counters.evicted, 1);
    assert_int_equal(told[2].state, ALERT_CLOSED);
    assert_true(told[2].id == told[1].id);
    assert_int_equal(told[4].state, ALERT_NEW);
    for (uint64_t i = 4; i < 100; i++)
        find_at(&sample_signature, i, (int)i);
    assert_int_equal(alerts.counters.evicted, 97);
    assert_int_equal(alerts.pool.used, 2);
}

/* The same findings give the same events, however often the caller looks. */
static void what_is_told_does_not_depend_on_when_the_caller_looks(void **state)
{
    static struct told once[TOLD];
    unsigned n = 0;

    (void)state;
    for (int round = 0; round < 2; round++) {
        reopen(alerts_defaults());
        for (int i = 0; i < 200; i++) {
            if (round == 1)
                expire_at(7 * i);
            find_at(i % 3 ? &sample_signature : &sample_bare, (uint64_t)(i % 5), 7 * i);
        }
        expire_at(5000);
        if (round == 0) {
            n = ntold;
            memcpy(once, told, sizeof told);
        }
    }
    assert_true(n > 10 && n < TOLD);
    assert_int_equal(ntold, n);
    for (unsigned i = 0; i < n; i++)
        assert_string_equal(told[i].line, once[i].line);
}

static void the_oldest_open_alert_is_known(void **state)
{
    (void)state;
    assert_true(alerts_oldest(&alerts, NULL) == INT64_MAX);
    find_at(&sample_signature, 1, 0);
    find_at(&sample_signature, 2, 5);
    find_at(&sample_signature, 1, 6);
    assert_true(alerts_oldest(&alerts, NULL) == SAMPLE_TIME);
    assert_true(alerts_oldest(&alerts, alerts.latest) == SAMPLE_TIME + INT64_C(5) * S);
}

static void the_end_tells_what_is_untold(void **state)
{
    (void)state;
    find_at(&sample_signature, 1, 0);
    find_at(&sample_bare, 1, 0);
    find_at(&sample_bare, 1, 1);
    reopen(alerts_defaults());
    assert_int_equal(told[2].kind, EVENT_UPDATE);
    assert_int_equal(told[2].count, 2);
    assert_int_equal(told[3].kind, EVENT_GONE);
    assert_int_equal(told[4].kind, EVENT_GONE);
}

static void an_alert_has_the_shape_of_the_reference(void **state)
{
    const char *line = told[0].line;

    (void)state;
    find_at(&sample_signature, 1, 0);
    assert_has(line, "\"source\":{\"ip\":\"10.20.1.77\",\"port\":49822},"
                     "\"target\":{\"ip\":\"10.20.3.7\",\"port\":502}");
    assert_has(line, "\"mitre_tactic_id\":[\"TA0106\"]");
    assert_has(line, "\"mitre_technique_id\":[\"T0855\",\"T0693.001\"]");
    assert_has(line, "\"references\":[\"https://attack.mitre.org/techniques/T0855/\","
                     "\"https://attack.mitre.org/techniques/T0693/001/\","
                     "\"https://modbus.org/specs\"]");
    assert_has(line, "\"point\":{\"access\":\"written\"");
    assert_has(line, "\"evidence\":{\"frames\":[7,8]}");
    assert_has(line, "\"capture\":{\"one_way\":false,\"midstream\":false}");
    assert_has(line, "\"pcap_filename\":\"plant.pcap\",\"pcap_cnt\":7");
    assert_has(line, "\"contact\":\"ext. 4410\"");
    assert_has(line, "\"matched\":[\"probe: true\",\"verb == write: write\"]");
}

static void what_is_too_long_is_cut_in_order_and_says_so(void **state)
{
    static struct record_pool big;
    static char long_text[6000];
    struct record *whole = record;
    static const uint8_t values[4000];

    (void)state;
    memset(long_text, 1, sizeof long_text - 1); /* six bytes each when escaped */
    assert_true(record_pool_open(&big, 8));
    record = sample_write(&big);
    for (unsigned i = 0; i < 40; i++) {
        record_row(record, SAMPLE_GROUP_FILE);
        record_set_bytes(record, SAMPLE_FILE_NAME,
                         (struct bytes){(const uint8_t *)long_text, 180});
    }
    record_run(record, &(struct run){.step = 1,
                                     .count = 2000,
                                     .table = SAMPLE_TABLE_HOLDING,
                                     .type = POINT_U16,
                                     .values = {values, sizeof values}});
    find_at(&sample_signature, 1, 0);
    assert_has(told[0].line, "\"truncated\":[\"points\",\"lists\"]");
    assert_has(told[0].line, "\"points_total\":2001");
    assert_has(told[0].line, "\"files_total\":40");
    assert_int_equal(alerts.counters.cut, 1);
    record_give(record);
    record_pool_close(&big);
    record = whole;
}

static void with_no_large_text_left_a_small_one_serves(void **state)
{
    struct alerts_config config = alerts_defaults();
    struct record *small = record;

    (void)state;
    config.open = 4; /* and one large text */
    reopen(config);
    record = sample_full(&pool);
    find_at(&sample_signature, 1, 0);
    find_at(&sample_signature, 2, 0);
    assert_null(strstr(told[0].line, "truncated"));
    assert_has(told[1].line, "\"truncated\":[\"points\"");
    assert_int_equal(alerts.large_bodies.used, 1);
    record_give(record);
    record = small;
}

static void a_finding_of_the_sensor_itself_needs_no_record(void **state)
{
    struct finding f = sample_finding(&sample_condition, NULL, 1);

    (void)state;
    alerts_take(&alerts, &f, SAMPLE_TIME);
    assert_int_equal(ntold, 1);
    assert_has(told[0].line, "{\"timestamp\":\"2026-03-04T09:12:44.318226+0000\","
                             "\"event_type\":\"alert\",\"alert\":{");
}

static void ids_are_the_same_in_every_run(void **state)
{
    uint64_t id;

    (void)state;
    find_at(&sample_signature, 77, 0);
    id = told[0].id;
    reopen(alerts_defaults());
    find_at(&sample_signature, 77, 0);
    assert_true(told[0].id == id);
    assert_has(told[0].line, "\"root_cause\":\"1bba565a7d488f4a\"");
}

static void the_filter_names_who_what_and_when(void **state)
{
    char filter[FILTER_TEXT];

    (void)state;
    assert_true(filter_text(record, false, filter));
    assert_string_equal(
        filter,
        "ip.addr == 10.20.1.77 and ip.addr == 10.20.3.7 and tcp.port == 49822 and "
        "tcp.port == 502 and ((modbus.func_code == 16 and mbtcp.unit_id == 3) or not "
        "(modbus)) and (frame.time_epoch == 1772615564.318226000 or "
        "frame.time_epoch == 1772615564.329626000)");
}

static void a_severity_has_a_score_and_back(void **state)
{
    (void)state;
    for (unsigned s = 0; s < SEVERITIES; s++)
        assert_int_equal(severity_of_score(score_of_severity(s)), s);
    assert_int_equal(severity_of_score(89), SEVERITY_HIGH);
    assert_int_equal(severity_of_score(100), SEVERITY_CRITICAL);
}

#define LIFE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void a_condition_that_is_over_is_cleared_at_once(void **state)
{
    struct finding f = sample_finding(&sample_signature, NULL, 3);

    (void)state;
    f.over = true;
    alerts_take(&alerts, &f, now);
    assert_int_equal(ntold, 0);
    f.over = false;
    alerts_take(&alerts, &f, now);
    f.over = true;
    alerts_take(&alerts, &f, now + S);
    assert_int_equal(ntold, 3);
    assert_int_equal(told[1].kind, EVENT_UPDATE);
    assert_int_equal(told[1].state, ALERT_CLOSED);
    assert_int_equal(told[2].kind, EVENT_GONE);
}

/* ---- over a restart ----------------------------------------------------------- */

static void restart(void)
{
    struct alerts_config config = alerts_defaults();

    config.save = true;
    reopen(config);
    for (unsigned i = 0; i < nkept; i++)
        assert_true(alerts_restore(&alerts, (struct bytes){kept[i].bytes, kept[i].len}));
}

static void an_open_alert_goes_on_after_a_restart(void **state)
{
    (void)state;
    nkept = 0;
    restart();
    find_at(&sample_signature, 7, 0);
    find_at(&sample_signature, 7, 1);
    restart(); /* tells the count, which is saved */
    assert_int_equal(nkept, 1);
    find_at(&sample_signature, 7, 100);
    expire_at(101);
    assert_int_equal(ntold, 1);
    assert_int_equal(told[0].kind, EVENT_UPDATE);
    assert_int_equal(told[0].count, 3);
    assert_int_equal(told[0].update, 2);
    assert_int_equal(told[0].occurrence, 1);
    assert_has(told[0].line, "\"matched\"");
}

static void what_was_quiet_meanwhile_is_closed_and_opens_anew(void **state)
{
    (void)state;
    nkept = 0;
    restart();
    find_at(&sample_signature, 7, 0);
    restart();
    find_at(&sample_signature, 7, 1000);
    assert_int_equal(told[0].state, ALERT_CLOSED);
    assert_int_equal(told[0].time, SAMPLE_TIME + 300 * (int64_t)S);
    restart(); /* the second one is open, the first one a memory */
    restart();
    find_at(&sample_signature, 7, 5000);
    assert_int_equal(told[ntold - 1].state, ALERT_NEW);
    assert_int_equal(told[ntold - 1].occurrence, 3);
}

static void what_another_version_saved_is_refused(void **state)
{
    (void)state;
    nkept = 0;
    restart();
    find_at(&sample_signature, 7, 0);
    reopen(alerts_defaults());
    kept[0].bytes[0] ^= 0xff;
    assert_false(alerts_restore(&alerts, (struct bytes){kept[0].bytes, kept[0].len}));
    kept[0].bytes[0] ^= 0xff;
    for (size_t len = 0; len < kept[0].len; len += 13)
        assert_false(alerts_restore(&alerts, (struct bytes){kept[0].bytes, len}));
    assert_true(alerts_restore(&alerts, (struct bytes){kept[0].bytes, kept[0].len}));
    assert_false(alerts_restore(&alerts, (struct bytes){kept[0].bytes, kept[0].len}));
}

static void a_person_ends_an_open_alert(void **state)
{
    uint64_t id;

    (void)state;
    find_at(&sample_signature, 1, 0);
    find_at(&sample_signature, 2, 1);
    id = told[0].id;
    assert_int_equal(alerts_end(&alerts, 0, UINT64_MAX, now), 2); /* which? */
    assert_int_equal(ntold, 2);
    assert_int_equal(alerts_end(&alerts, id + 1, id + 1, now), 0);
    assert_int_equal(alerts_end(&alerts, id, id, now), 1);
    assert_int_equal(told[2].state, ALERT_CLOSED);
    assert_int_equal(told[3].kind, EVENT_GONE);
    find_at(&sample_signature, 1, 2);
    assert_int_equal(told[4].state, ALERT_NEW);
    assert_int_equal(told[4].occurrence, 2);
}

/* Only a condition, only in the first days, never what a site itself asks for. */
static void old_states_wait_for_the_report(void **state)
{
    struct alerts_config config = alerts_defaults();
    struct signature condition = sample_signature, own, event = sample_signature;

    (void)state;
    condition.condition = true;
    own = condition;
    own.site = true;
    condition.id = 1;
    own.id = 2;
    event.id = 3;
    config.held_until = SAMPLE_TIME + 10 * (int64_t)S;
    reopen(config);
    find_at(&condition, 1, 0);
    assert_true(told[0].held);
    find_at(&own, 1, 1);
    assert_false(told[1].held);
    find_at(&event, 1, 2);
    assert_false(told[2].held);
    find_at(&condition, 2, 11);
    assert_false(told[3].held);
    expire_at(5000);
    for (unsigned i = 0; i < ntold; i++)
        assert_int_equal(told[i].held, told[i].id == told[0].id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE(a_finding_becomes_an_alert_at_once),
        LIFE(a_person_ends_an_open_alert),
        LIFE(old_states_wait_for_the_report),
        LIFE(the_same_cause_is_counted_once_a_minute),
        LIFE(other_causes_are_other_alerts),
        LIFE(quiet_ends_an_alert_and_the_next_is_its_second_occurrence),
        LIFE(a_condition_clears_after_its_own_time),
        LIFE(a_rise_in_severity_is_told_at_once),
        LIFE(another_mode_change_is_told_at_once),
        LIFE(what_is_above_the_rate_folds_into_a_storm),
        LIFE(critical_has_no_rate),
        LIFE(a_full_table_ends_the_quietest_alert_and_counts_it),
        LIFE(what_is_told_does_not_depend_on_when_the_caller_looks),
        LIFE(the_oldest_open_alert_is_known),
        LIFE(the_end_tells_what_is_untold),
        LIFE(an_alert_has_the_shape_of_the_reference),
        LIFE(what_is_too_long_is_cut_in_order_and_says_so),
        LIFE(with_no_large_text_left_a_small_one_serves),
        LIFE(a_finding_of_the_sensor_itself_needs_no_record),
        LIFE(ids_are_the_same_in_every_run),
        LIFE(the_filter_names_who_what_and_when),
        LIFE(a_severity_has_a_score_and_back),
        LIFE(an_open_alert_goes_on_after_a_restart),
        LIFE(what_was_quiet_meanwhile_is_closed_and_opens_anew),
        LIFE(what_another_version_saved_is_refused),
        LIFE(a_condition_that_is_over_is_cleared_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
