/* A capture thread whose clocks are ours: of a group that has no ports. */

#include "sensor/core/now.h"
#include "sensor/live.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit.h"

static const int64_t BEGIN = 1800000000 * NS_PER_S, HOUR = 3600 * NS_PER_S;

static _Atomic(int64_t) wall_is_ahead, latest;
static atomic_int ticks;

int64_t now_monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t now_wall(void)
{
    return BEGIN + now_monotonic() + atomic_load(&wall_is_ahead);
}

static void on_tick(void *context, int64_t now)
{
    (void)context;
    atomic_store(&latest, now);
    atomic_fetch_add(&ticks, 1);
}

static void nothing(void *context, struct record *r)
{
    (void)context;
    record_give(r);
}

static void look(void *context, struct record *r)
{
    (void)context;
    (void)r;
}

static void open_all(struct live *l, struct setup *setup, struct run_info *info)
{
    const struct pipeline_options o = {
        .worker = {.flows = 64, .records = 64}, .threads = true, .borrows = true};
    const struct lane_hooks hooks = {.tick = on_tick, .context = l};

    memset(l, 0, sizeof *l);
    setup->config = config_default();
    l->boot = setup;
    l->info = info;
    l->ncaptures = 1;
    l->captures[0] = (struct live_capture){.live = l, .group = "none"};
    assert_true(pipeline_open(&l->pipeline, &o, &hooks,
                              (struct record_sink){look, nothing, NULL}));
    assert_true(live_capture_open(l));
    assert_true(pipeline_start(&l->pipeline));
}

static void end(struct live *l)
{
    atomic_store(&l->stopping, true);
    live_capture_stop(l);
    pipeline_join(&l->pipeline);
    live_capture_close(l);
    pipeline_close(&l->pipeline);
    config_free(l->boot->config);
}

/* So that it has come round more than once. */
static void wait_for_ticks(int n)
{
    int until = atomic_load(&ticks) + n;

    while (atomic_load(&ticks) < until)
        nanosleep(&(struct timespec){0, NS_PER_MS}, NULL);
}

/* It waits for packets nearly all the time: that is when the clock is set. */
static void set_clock_by(int64_t step)
{
    static struct blackbox box;
    static struct live l;
    struct setup setup = {.config = NULL};
    struct run_info info = {.box = &box};
    int64_t before;

    blackbox_reset(&box);
    atomic_store(&wall_is_ahead, 0);
    open_all(&l, &setup, &info);
    assert_true(live_capture_start(&l));
    wait_for_ticks(4);
    before = atomic_load(&latest);
    atomic_store(&wall_is_ahead, step);
    wait_for_ticks(4);
    assert_in_range(atomic_load(&latest) - before, 0, 60 * NS_PER_S);
    assert_int_equal(l.pipeline.fronts[0].front.clock.jumps, 1);
    end(&l);
}

static void a_clock_set_ahead_makes_nothing_expire(void **state)
{
    (void)state;
    set_clock_by(HOUR);
}

static void a_clock_set_back_holds_nothing_up(void **state)
{
    (void)state;
    set_clock_by(-HOUR);
}

/* The system starts no more threads: workers run, and nobody feeds them. */
static void a_capture_that_never_began_ends_too(void **state)
{
    static struct live l;
    struct setup setup = {.config = NULL};
    struct run_info info = {.box = NULL};

    (void)state;
    open_all(&l, &setup, &info);
    end(&l);
}

/* The first about this; all before it are gone. */
static struct notice next_of(struct ring *notices, unsigned check)
{
    struct notice n = {.check = 0};
    const struct notice *next;

    while (n.check != check && (next = ring_peek(notices))) {
        n = *next;
        ring_pop(notices);
    }
    assert_int_equal(n.check, check);
    return n;
}

/* Whoever finds the queue of its worker full is lost like one the ring refuses. */
static void what_is_lost_or_cut_is_told(void **state)
{
    static struct capture c;
    static struct packet_ring packets;
    struct config *config = config_default();
    struct ring notices = {0};
    struct status_interface status[CONFIG_INTERFACES];
    char error[CAPTURE_ERROR];
    struct notice n;

    (void)state;
    config_listen(config, "not-there");
    assert_true(packet_ring_open(&packets, NULL, PACKET_RING_SMALLEST));
    assert_true(ring_open(&notices, sizeof(struct notice), 16, NULL));
    assert_true(capture_open(&c, config, "not-there", &packets, &notices, error));
    capture_lost(&c, 0);
    capture_lost(&c, 0);
    capture_lost(&c, 1); /* another group's */
    c.looked = 0;        /* the next look is due */
    capture_turn(&c, 0, NULL, NULL);
    capture_status(&c, status);
    assert_int_equal(status[0].ring_lost, 2);
    n = next_of(&notices, CHECK_CAPTURE_DROPPED);
    assert_int_equal(n.count, 2);
    c.status[0].cut = 3; /* as by a snaplen below a packet's length */
    c.looked = 0;
    capture_turn(&c, 0, NULL, NULL);
    n = next_of(&notices, CHECK_CAPTURE_CUT);
    assert_int_equal(n.count, 3);
    capture_close(&c);
    ring_close(&notices);
    packet_ring_close(&packets);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_set_ahead_makes_nothing_expire),
        cmocka_unit_test(a_clock_set_back_holds_nothing_up),
        cmocka_unit_test(a_capture_that_never_began_ends_too),
        cmocka_unit_test(what_is_lost_or_cut_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
