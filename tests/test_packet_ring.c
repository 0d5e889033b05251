/*
 * The packet ring: the wrap, the limit, copies that come too late, and readers
 * beside the producer.
 */

#include "sensor/packet_ring.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit.h"

enum { SIZE = PACKET_RING_SMALLEST, ROOM = 2048, MANY = 100000, READERS = 2 };

/* Each byte of a frame tells its number: what is mixed shows. */
static struct raw frame_of(uint8_t *bytes, uint64_t number)
{
    size_t len = 60 + number * 7 % 1400;

    memset(bytes, (int)(number % 251), len);
    return (struct raw){.time = (int64_t)number * 1000,
                        .source = (uint32_t)number % 3,
                        .link_type = 1,
                        .wire = (uint32_t)len + 4,
                        .bytes = {bytes, len}};
}

static bool is_whole(const struct raw *raw, uint64_t number)
{
    uint8_t expected[ROOM];
    struct raw whole = frame_of(expected, number);

    return raw->frame == number && raw->time == whole.time &&
           raw->source == whole.source && raw->link_type == 1 &&
           raw->wire == whole.wire && raw->bytes.len == whole.bytes.len &&
           memcmp(raw->bytes.at, expected, whole.bytes.len) == 0;
}

/* The next frame, finished at once when `finish`. */
static bool put_next(struct packet_ring *r, bool finish)
{
    uint8_t bytes[ROOM];
    struct raw raw = frame_of(bytes, packet_ring_newest(r) + 1);

    if (!packet_ring_put(r, &raw))
        return false;
    assert_ptr_not_equal(raw.bytes.at, bytes);
    assert_true(is_whole(&raw, packet_ring_newest(r)));
    if (finish)
        packet_ring_keep(r, packet_ring_head(r));
    return true;
}

static void frames_are_numbered_and_stay_readable_until_overwritten(void **state)
{
    _Alignas(8) uint8_t out[ROOM];
    struct packet_ring r;
    struct raw raw;
    uint64_t oldest;

    (void)state;
    assert_true(packet_ring_open(&r, NULL, SIZE));
    assert_int_equal(packet_ring_oldest(&r), 0);
    assert_false(packet_ring_copy(&r, 0, &raw, out, sizeof out));
    assert_false(packet_ring_copy(&r, 1, &raw, out, sizeof out));
    for (uint64_t number = 1; number <= 5000; number++) {
        assert_true(put_next(&r, true));
        assert_int_equal(packet_ring_newest(&r), number);
        oldest = packet_ring_oldest(&r);
        assert_true(oldest == 1 || number - oldest >= SIZE / 1500 - 2);
        for (uint64_t old = oldest; old <= number; old++) {
            assert_true(packet_ring_copy(&r, old, &raw, out, sizeof out));
            assert_true(is_whole(&raw, old));
        }
        assert_false(packet_ring_copy(&r, oldest - 1, &raw, out, sizeof out));
        assert_false(packet_ring_copy(&r, number + 1, &raw, out, sizeof out));
    }
    assert_false(packet_ring_copy(&r, 5000, &raw, out, 16));
    packet_ring_close(&r);
}

static void tiny_frames_are_lost_to_readers_with_their_place_in_the_index(void **state)
{
    uint8_t one = 1;
    _Alignas(8) uint8_t out[ROOM];
    struct packet_ring r;
    struct raw raw;

    (void)state;
    assert_true(packet_ring_open(&r, NULL, SIZE));
    for (unsigned i = 0; i < 3 * r.n; i++) {
        raw = (struct raw){.wire = 1, .bytes = {&one, 1}};
        assert_true(packet_ring_put(&r, &raw));
        packet_ring_keep(&r, packet_ring_head(&r));
    }
    assert_int_equal(packet_ring_oldest(&r), 2 * r.n + 1);
    assert_true(packet_ring_copy(&r, 2 * r.n + 1, &raw, out, sizeof out));
    assert_false(packet_ring_copy(&r, 2 * r.n, &raw, out, sizeof out));
    packet_ring_close(&r);
}

static void what_is_in_use_is_never_overwritten(void **state)
{
    struct packet_ring r;
    struct raw held;
    uint8_t bytes[ROOM];
    unsigned refused = 0, taken = 0;

    (void)state;
    assert_true(packet_ring_open(&r, NULL, SIZE));
    for (unsigned i = 0; i < 1000; i++)
        assert_true(put_next(&r, true));
    held = frame_of(bytes, 1001);
    assert_true(packet_ring_put(&r, &held));
    packet_ring_keep(&r, packet_ring_latest(&r));
    for (unsigned i = 0; i < 1000; i++)
        *(put_next(&r, false) ? &taken : &refused) += 1;
    assert_true(refused > 0 && taken > SIZE / 1500 - 2);
    assert_true(is_whole(&held, 1001));
    assert_in_range(packet_ring_highest(&r), 950, 1000);
    assert_int_equal(packet_ring_newest(&r), 1001 + taken);
    packet_ring_keep(&r, packet_ring_head(&r));
    assert_true(put_next(&r, true));
    packet_ring_close(&r);
}

static void what_is_larger_than_the_ring_is_refused(void **state)
{
    static uint8_t large[2 * SIZE];
    struct raw raw = {.wire = sizeof large, .bytes = {large, sizeof large}};
    struct packet_ring r;

    (void)state;
    assert_false(packet_ring_open(&r, NULL, SIZE - 1));
    assert_true(packet_ring_open(&r, NULL, SIZE));
    assert_false(packet_ring_put(&r, &raw));
    assert_int_equal(packet_ring_newest(&r), 0);
    packet_ring_close(&r);
}

static void another_process_reads_a_ring_left_behind_and_trusts_nothing(void **state)
{
    _Alignas(8) uint8_t out[ROOM];
    struct packet_ring r, other;
    struct raw raw;
    uint64_t found = 0;
    void *memory =
        mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(memory != MAP_FAILED);
    assert_true(packet_ring_open(&r, memory, SIZE));
    for (unsigned i = 0; i < 500; i++)
        assert_true(put_next(&r, true));
    packet_ring_close(&r);
    assert_true(packet_ring_attach(&other, memory, SIZE));
    for (uint64_t n = packet_ring_oldest(&other); n <= packet_ring_newest(&other); n++) {
        assert_true(packet_ring_copy(&other, n, &raw, out, sizeof out));
        assert_true(is_whole(&raw, n));
        found++;
    }
    assert_true(found > SIZE / 1500 - 2);

    /* Every word a lie: nothing is read outside, which ASan would tell. */
    for (unsigned lie = 0; lie < 256; lie++) {
        memset(memory, (int)lie, SIZE);
        for (uint64_t n = 0; n < 3; n++)
            packet_ring_copy(&other, packet_ring_newest(&other) - n, &raw, out,
                             sizeof out);
        packet_ring_oldest(&other);
    }
    assert_true(packet_ring_open(&r, memory, SIZE));
    assert_int_equal(packet_ring_oldest(&r), 0);
    munmap(memory, SIZE);
}

/* ---- side by side -------------------------------------------------------------- */

struct beside {
    struct packet_ring ring;
    atomic_bool over;
    atomic_ulong copied, late, wrong;
};

static void *read_beside(void *context)
{
    struct beside *b = context;
    _Alignas(8) uint8_t out[ROOM];
    struct raw raw;

    while (!atomic_load(&b->over)) {
        uint64_t oldest = packet_ring_oldest(&b->ring);

        for (uint64_t n = oldest; n && n < oldest + 8; n++) {
            if (!packet_ring_copy(&b->ring, n, &raw, out, sizeof out))
                atomic_fetch_add(&b->late, 1);
            else if (is_whole(&raw, n))
                atomic_fetch_add(&b->copied, 1);
            else
                atomic_fetch_add(&b->wrong, 1);
        }
    }
    return NULL;
}

static void a_copy_is_whole_or_told_to_be_late(void **state)
{
    static struct beside b;
    pthread_t readers[READERS];

    (void)state;
    assert_true(packet_ring_open(&b.ring, NULL, SIZE));
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_beside, &b), 0);
    for (unsigned i = 0; i < MANY || atomic_load(&b.copied) < 1000; i++)
        assert_true(put_next(&b.ring, true));
    atomic_store(&b.over, true);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(atomic_load(&b.wrong), 0);
    assert_true(atomic_load(&b.copied) >= 1000);
    packet_ring_close(&b.ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_numbered_and_stay_readable_until_overwritten),
        cmocka_unit_test(tiny_frames_are_lost_to_readers_with_their_place_in_the_index),
        cmocka_unit_test(what_is_in_use_is_never_overwritten),
        cmocka_unit_test(what_is_larger_than_the_ring_is_refused),
        cmocka_unit_test(another_process_reads_a_ring_left_behind_and_trusts_nothing),
        cmocka_unit_test(a_copy_is_whole_or_told_to_be_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
