/*
 * Rings and tubes: order, fullness, the wrap, and two threads at once.
 */

#include "sensor/core/ring.h"

#include <pthread.h>
#include <string.h>

#include "tests/unit.h"

enum { MANY = 200000 };

static void items_come_out_in_the_order_they_went_in(void **state)
{
    struct ring r;

    (void)state;
    assert_true(ring_open(&r, sizeof(int), 3, NULL));
    assert_int_equal(r.n, 4);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 4; i++) {
            *(int *)ring_slot(&r) = i;
            ring_push(&r);
        }
        assert_null(ring_slot(&r));
        assert_int_equal(ring_used(&r), 4);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(*(int *)ring_peek(&r), i);
            ring_pop(&r);
        }
        assert_null(ring_peek(&r));
    }
    ring_close(&r);
}

static void a_tube_carries_messages_of_any_length_over_its_end(void **state)
{
    struct tube t;
    size_t in = 0, out = 0, len;

    (void)state;
    assert_true(tube_open(&t, 1000, NULL));
    assert_null(tube_slot(&t, 1024)); /* its length needs room too */
    while (out < 1000) {
        uint8_t *slot = in < 1000 ? tube_slot(&t, in % 300) : NULL;

        if (slot) {
            memset(slot, (int)in, in % 300);
            tube_push(&t);
            in++;
            continue;
        }
        slot = tube_peek(&t, &len);
        assert_non_null(slot);
        assert_int_equal(len, out % 300);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(slot[i], (uint8_t)out);
        tube_pop(&t);
        out++;
    }
    assert_int_equal(tube_used(&t), 0);
    tube_close(&t);
}

struct pair {
    struct ring ring;
    struct tube tube;
    struct bell bell;
};

static void *produce(void *context)
{
    struct pair *p = context;

    for (uint64_t i = 0; i < MANY;) {
        uint64_t *item = ring_slot(&p->ring);
        uint8_t *text = item ? tube_slot(&p->tube, i % 50 + 8) : NULL;

        if (!text)
            continue;
        *item = i;
        memcpy(text, &i, sizeof i);
        tube_push(&p->tube);
        ring_push(&p->ring);
        i++;
    }
    return NULL;
}

static void two_threads_lose_and_swap_nothing(void **state)
{
    struct pair p;
    pthread_t thread;

    (void)state;
    assert_true(bell_open(&p.bell));
    assert_true(ring_open(&p.ring, sizeof(uint64_t), 64, &p.bell));
    assert_true(tube_open(&p.tube, 1024, &p.bell));
    assert_int_equal(pthread_create(&thread, NULL, produce, &p), 0);
    for (uint64_t i = 0; i < MANY;) {
        uint64_t *item = ring_peek(&p.ring), told;
        size_t len;

        if (!item) {
            bell_sleep(&p.bell);
            if (!ring_peek(&p.ring))
                bell_wait(&p.bell, 10000);
            bell_awake(&p.bell);
            continue;
        }
        assert_int_equal(*item, i);
        memcpy(&told, tube_peek(&p.tube, &len), sizeof told);
        assert_int_equal(told, i);
        assert_int_equal(len, i % 50 + 8);
        tube_pop(&p.tube);
        ring_pop(&p.ring);
        i++;
    }
    pthread_join(thread, NULL);
    ring_close(&p.ring);
    tube_close(&p.tube);
    bell_close(&p.bell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_out_in_the_order_they_went_in),
        cmocka_unit_test(a_tube_carries_messages_of_any_length_over_its_end),
        cmocka_unit_test(two_threads_lose_and_swap_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
