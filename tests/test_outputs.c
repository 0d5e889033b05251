/* The outputs together: their loop, what they tell, and the thread around them. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sensor/core/clock.h"
#include "sensor/outputs.h"

enum { PATH = 256 };

static char dir[] = "/tmp/sightglass-outputs-XXXXXX";
static char path[PATH], nowhere[PATH];
static const char *server;
static struct outputs outputs;
static struct ring notices;
static struct config *config;
static struct config_output output[2];

static void open_outputs(const char *state)
{
    struct diagnostics d;
    bool ok;

    diagnostics_open(&d);
    ok = outputs_open(&outputs, config, state, &notices, &d);
    diagnostics_print(&d, stderr);
    diagnostics_close(&d);
    assert_true(ok);
}

static int set_up(void **state)
{
    (void)state;
    config = config_default();
    assert_non_null(config);
    server = nowhere;
    output[0] = (struct config_output){.name = "log",
                                       .type = OUTPUT_FILE,
                                       .what = OUTPUT_ALERTS | OUTPUT_FLOWS,
                                       .file = {.path = path}};
    output[1] = (struct config_output){.name = "soc",
                                       .type = OUTPUT_REDIS,
                                       .what = OUTPUT_ALERTS | OUTPUT_UPDATES,
                                       .redis = {.prefix = "sg:site:sensor",
                                                 .servers = {.n = 1, .text = &server},
                                                 .connect_timeout = NS_PER_S,
                                                 .command_timeout = NS_PER_S}};
    config->outputs = output;
    config->noutputs = 1;
    assert_true(ring_open(&notices, sizeof(struct notice), 64, NULL));
    return 0;
}

static int tear_down(void **state)
{
    char command[PATH];

    (void)state;
    outputs_close(&outputs);
    ring_close(&notices);
    config_free(config);
    snprintf(command, sizeof command, "rm -rf %s/*", dir);
    return system(command);
}

static struct event event_of(enum event_kind kind, uint64_t id, const char *line)
{
    return (struct event){.kind = kind,
                          .severity = SEVERITY_LOW,
                          .record = RECORD_FLOW,
                          .alert_id = id,
                          .root = id,
                          .time = 77,
                          .line = {(const uint8_t *)line, strlen(line)}};
}

static void put(enum event_kind kind, uint64_t id, const char *line)
{
    struct event e = event_of(kind, id, line);

    assert_true(outputs_put(&outputs, &e));
}

static void turn_for(int ms)
{
    for (; ms > 0; ms -= 10) {
        outputs_turn(&outputs, NULL, 0);
        usleep(10000);
    }
}

static long size_of(const char *name)
{
    struct stat st;

    return stat(name, &st) == 0 ? (long)st.st_size : -1;
}

/* The next notice of this check; false when none came. */
static bool heard(uint16_t check, struct notice *out)
{
    const struct notice *n;
    bool found = false;

    while (!found && (n = ring_peek(&notices)) != NULL) {
        *out = *n;
        found = n->check == check;
        ring_pop(&notices);
    }
    return found;
}

/* ---- tests ------------------------------------------------------------------------ */

static void each_output_takes_what_it_was_told_to(void **state)
{
    struct status_outputs s;

    (void)state;
    snprintf(nowhere, sizeof nowhere, "unix:%s/nowhere", dir);
    config->noutputs = 2;
    open_outputs(dir);
    put(EVENT_ALERT, 1, "alert\n");
    put(EVENT_UPDATE, 1, "update\n");
    put(EVENT_RECORD, 0, "flow\n");
    put(EVENT_STATS, 0, "stats\n");
    turn_for(100);
    outputs_status(&outputs, &s);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.output[0].name, "log");
    assert_string_equal(s.output[1].type, "redis");
    assert_int_equal(size_of(path), 11); /* alert, flow */
    assert_int_equal(s.output[0].delivered, 2);
    assert_int_equal(s.output[0].backlog, 0);
    assert_int_equal(s.output[1].backlog, 2); /* alert, update */
    assert_true(s.output[1].oldest > 0);
    assert_false(s.output[1].connected);
    assert_non_null(strstr(s.output[1].error, "cannot connect"));
    assert_int_equal(outputs_want(&outputs),
                     OUTPUT_ALERTS | OUTPUT_UPDATES | OUTPUT_FLOWS);
    assert_int_equal(outputs_wanted(config), outputs_want(&outputs));
}

static void an_event_is_on_disk_within_fifty_ms_and_a_little(void **state)
{
    (void)state;
    open_outputs(dir);
    put(EVENT_ALERT, 1, "alert\n");
    for (int i = 0; i < 20 && outputs.outbox.committed == 0; i++)
        outputs_turn(&outputs, NULL, 1000);
    assert_int_equal(outputs.outbox.committed, 1);
    assert_true(outputs.outbox.latency < 150 * (int64_t)NS_PER_MS);
}

static void a_test_alert_is_followed_to_every_output(void **state)
{
    struct event e = event_of(EVENT_ALERT, 5, "{\"signature_id\":8104901,\"x\":1}\n");
    struct status_outputs s;

    (void)state;
    e.health = true;
    open_outputs(dir);
    put(EVENT_ALERT, 4, "another\n");
    assert_true(outputs_put(&outputs, &e));
    turn_for(100);
    outputs_status(&outputs, &s);
    assert_int_equal(s.test.alert_id, 5);
    assert_int_equal(s.test.raised, 77);
    assert_true(s.test.committed > 0);
    assert_true(s.test.delivered[0] >= s.test.committed);
}

static void an_output_that_is_away_is_told_once_and_when_it_is_back(void **state)
{
    struct notice n;

    (void)state;
    snprintf(nowhere, sizeof nowhere, "unix:%s/nowhere", dir);
    config->noutputs = 2;
    open_outputs(dir);
    put(EVENT_ALERT, 1, "alert\n");
    turn_for(50);
    assert_false(heard(CHECK_OUTPUT_AWAY, &n));
    outputs.output[1].told.moved -= 11000; /* eleven seconds pass */
    outputs.kept = 0;
    turn_for(20);
    assert_true(heard(CHECK_OUTPUT_AWAY, &n));
    assert_string_equal(n.about, "soc");
    assert_int_equal(n.count, 1);
    assert_true(n.gap > 10 * NS_PER_S);
    assert_non_null(strstr(n.detail, "cannot connect"));
    outputs.kept = 0;
    turn_for(20);
    assert_false(heard(CHECK_OUTPUT_AWAY, &n));
    outputs.output[1].sink->counters.delivered++; /* something was taken */
    outputs.kept = 0;
    turn_for(20);
    assert_true(heard(CHECK_OUTPUT_AWAY, &n));
    assert_true(n.over);
}

static void
a_filling_outbox_is_told_at_50_and_80_percent_and_loss_is_counted(void **state)
{
    static const struct {
        unsigned upto;
        int64_t told;
    } steps[] = {{49, 0}, {55, 55}, {70, 0}, {85, 85}, {130, 0}};
    unsigned n = 0;
    struct notice notice;

    (void)state;
    snprintf(nowhere, sizeof nowhere, "unix:%s/nowhere", dir);
    output[0] = output[1];
    config->outbox_size = 100 * (OUTBOX_ROW + 6);
    open_outputs(dir);
    for (unsigned i = 0; i < 5; i++) {
        for (; n < steps[i].upto; n++)
            put(EVENT_ALERT, n + 1, "alert\n");
        turn_for(70);
        outputs.kept = 0;
        turn_for(20);
        if (steps[i].told) {
            assert_true(heard(CHECK_OUTBOX_FILLS, &notice));
            assert_int_equal(notice.count, steps[i].told);
        } else if (i < 4) {
            assert_false(heard(CHECK_OUTBOX_FILLS, &notice));
        }
    }
    outputs.kept = 0; /* what was given up shows in the next round */
    turn_for(20);
    assert_true(heard(CHECK_OUTPUT_LOST, &notice));
    assert_int_equal(notice.count, 30);
    assert_string_equal(notice.about, "soc");
}

static void an_output_taken_out_of_the_configuration_is_counted(void **state)
{
    struct notice n;

    (void)state;
    snprintf(nowhere, sizeof nowhere, "unix:%s/nowhere", dir);
    config->noutputs = 2;
    open_outputs(dir);
    put(EVENT_ALERT, 1, "alert\n");
    turn_for(100);
    outputs_close(&outputs);
    config->noutputs = 1;
    open_outputs(dir);
    assert_true(heard(CHECK_OUTPUT_LOST, &n));
    assert_int_equal(n.count, 1);
}

static void a_disk_that_takes_nothing_is_told_and_puts_are_refused(void **state)
{
    struct event e = event_of(EVENT_ALERT, 1, "alert\n");
    struct notice n;

    (void)state;
    open_outputs(dir);
    sqlite3_exec(outputs.outbox.db.handle, "PRAGMA max_page_count = 1", NULL, NULL, NULL);
    for (unsigned i = 0; i < OUTBOX_BATCH; i++)
        assert_true(outputs_put(&outputs, &e));
    assert_false(outputs_put(&outputs, &e));
    outputs.outbox.since -= 11 * NS_PER_S;
    outputs.kept = 0;
    turn_for(20);
    assert_true(heard(CHECK_OUTBOX_FILLS, &n));
    assert_non_null(strstr(n.detail, "full"));
    sqlite3_exec(outputs.outbox.db.handle, "PRAGMA max_page_count = 99999", NULL, NULL,
                 NULL);
    turn_for(800);
    assert_true(outputs_put(&outputs, &e));
    outputs.kept = 0;
    turn_for(100);
    assert_int_equal(outputs.outbox.committed, OUTBOX_BATCH + 1);
    assert_true(heard(CHECK_OUTBOX_FILLS, &n));
    assert_true(n.over);
}

static void a_replay_waits_for_its_outputs_and_loses_nothing(void **state)
{
    static char line[8000];
    struct event e;

    (void)state;
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 2] = '\n';
    e = event_of(EVENT_ALERT, 1, line);
    open_outputs(NULL);
    for (unsigned i = 0; i < 12000; i++) /* 96 MB: more than it may hold */
        assert_true(outputs_put(&outputs, &e));
    assert_true(outputs_finish(&outputs, 10000));
    assert_int_equal(size_of(path), 12000L * 7999);
    assert_true(outputs.outbox.bytes <= UINT64_C(64) << 20);
}

/* ---- the thread --------------------------------------------------------------------- */

static struct tube events;
static struct bell bell;
static atomic_bool stop, reopen;
static atomic_uint ticks;

static void on_tick(void *to, struct outputs *o)
{
    (void)to;
    (void)o;
    atomic_fetch_add(&ticks, 1);
}

static void *run(void *unused)
{
    const struct outputs_orders orders = {.events = &events,
                                          .bell = &bell,
                                          .stop = &stop,
                                          .reopen = &reopen,
                                          .finish_ms = 2000,
                                          .tick = on_tick};

    outputs_run(&outputs, &orders);
    return unused;
}

static void push(uint64_t id)
{
    struct event e = event_of(EVENT_ALERT, id, "alert\n");
    void *slot;

    while ((slot = tube_slot(&events, event_size(&e))) == NULL)
        usleep(1000);
    event_pack(&e, slot);
    tube_push(&events);
}

static void the_thread_takes_all_and_ends_when_told(void **state)
{
    char moved[PATH + 8];
    pthread_t thread;

    (void)state;
    snprintf(moved, sizeof moved, "%s.1", path);
    open_outputs(dir);
    assert_true(bell_open(&bell) && tube_open(&events, 1 << 16, &bell));
    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
    for (unsigned i = 0; i < 3000; i++)
        push(i + 1);
    while (size_of(path) < 3000 * 6)
        usleep(1000);
    assert_int_equal(rename(path, moved), 0);
    atomic_store(&reopen, true);
    bell_ring(&bell);
    while (atomic_load(&reopen) || size_of(path) != 0)
        usleep(1000);
    push(3001);
    atomic_store(&stop, true);
    bell_ring(&bell);
    pthread_join(thread, NULL);
    assert_int_equal(size_of(path), 6);
    assert_int_equal(size_of(moved), 3000 * 6);
    assert_int_equal(outputs.outbox.committed, 3001);
    assert_true(atomic_load(&ticks) > 0);
    tube_close(&events);
    bell_close(&bell);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_output_takes_what_it_was_told_to),
        TEST(an_event_is_on_disk_within_fifty_ms_and_a_little),
        TEST(a_test_alert_is_followed_to_every_output),
        TEST(an_output_that_is_away_is_told_once_and_when_it_is_back),
        TEST(a_filling_outbox_is_told_at_50_and_80_percent_and_loss_is_counted),
        TEST(an_output_taken_out_of_the_configuration_is_counted),
        TEST(a_disk_that_takes_nothing_is_told_and_puts_are_refused),
        TEST(a_replay_waits_for_its_outputs_and_loses_nothing),
        TEST(the_thread_takes_all_and_ends_when_told),
    };
    int failed;

    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/eve.json", dir);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
