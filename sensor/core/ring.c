#include "sensor/core/ring.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- bells ----------------------------------------------------------------- */

bool bell_open(struct bell *b)
{
    atomic_init(&b->asleep, false);
    b->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return b->fd >= 0;
}

void bell_close(struct bell *b)
{
    if (b->fd >= 0)
        close(b->fd);
    b->fd = -1;
}

/*
 * The exchange orders the ring's push before the look at `asleep`, as bell_sleep()
 * orders its mark before the consumer's last look: one of the two sees the other.
 */
void bell_ring(struct bell *b)
{
    static const uint64_t one = 1;
    ssize_t n;

    if (!atomic_exchange(&b->asleep, false))
        return;
    n = write(b->fd, &one, sizeof one);
    (void)n; /* it can only fail when it is ringing already */
}

void bell_sleep(struct bell *b)
{
    (void)atomic_exchange(&b->asleep, true);
}

void bell_wait(struct bell *b, int ms)
{
    struct pollfd p = {.fd = b->fd, .events = POLLIN};

    poll(&p, 1, ms);
}

void bell_awake(struct bell *b)
{
    uint64_t rung;
    ssize_t n;

    atomic_store(&b->asleep, false);
    n = read(b->fd, &rung, sizeof rung);
    (void)n; /* nobody rang: the time was over */
}

/* ---- rings ----------------------------------------------------------------- */

static size_t power_of_two(size_t n)
{
    size_t power = 1;

    while (power < n)
        power *= 2;
    return power;
}

bool ring_open(struct ring *r, size_t size, size_t n, struct bell *bell)
{
    memset(r, 0, sizeof *r);
    r->size = size;
    r->n = power_of_two(n);
    r->bell = bell;
    r->items = calloc(r->n, size);
    return r->items != NULL;
}

void ring_close(struct ring *r)
{
    free(r->items);
    r->items = NULL;
}

void *ring_slot(struct ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

    if (head - r->tail_seen == r->n) {
        r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
        if (head - r->tail_seen == r->n)
            return NULL;
    }
    return r->items + (head & (r->n - 1)) * r->size;
}

void ring_push(struct ring *r)
{
    uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    if (r->bell)
        bell_ring(r->bell);
}

void *ring_peek(struct ring *r)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    if (tail == r->head_seen) {
        r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
        if (tail == r->head_seen)
            return NULL;
    }
    return r->items + (tail & (r->n - 1)) * r->size;
}

void ring_pop(struct ring *r)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

    assert(tail != r->head_seen);
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
}

size_t ring_used(const struct ring *r)
{
    uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);

    return (size_t)(head - tail);
}

/* ---- tubes ----------------------------------------------------------------- */

/*
 *      | length | message, filled up to 16 | length | message ...
 *
 * A message is never split: where the end of the memory is too near, a length of
 * SKIP says that the next one is at the beginning.
 */
enum { TUBE_UNIT = 16 };

static const uint64_t SKIP = UINT64_MAX;

static size_t padded(size_t len)
{
    return (len + (size_t)2 * TUBE_UNIT - 1) / TUBE_UNIT * TUBE_UNIT;
}

bool tube_open(struct tube *t, size_t size, struct bell *bell)
{
    memset(t, 0, sizeof *t);
    t->size = power_of_two(size);
    t->bell = bell;
    t->bytes = calloc(1, t->size);
    return t->bytes != NULL;
}

void tube_close(struct tube *t)
{
    free(t->bytes);
    t->bytes = NULL;
}

static uint8_t *place(const struct tube *t, uint64_t at)
{
    return t->bytes + (at & (t->size - 1));
}

void *tube_slot(struct tube *t, size_t len)
{
    uint64_t head = atomic_load_explicit(&t->head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&t->tail, memory_order_acquire);
    size_t take = padded(len), to_end = t->size - (head & (t->size - 1));
    size_t skip = take > to_end ? to_end : 0;
    uint64_t length = len;

    if (take > t->size || head - tail + skip + take > t->size)
        return NULL;
    if (skip)
        memcpy(place(t, head), &SKIP, sizeof SKIP);
    memcpy(place(t, head + skip), &length, sizeof length);
    t->next = head + skip + take;
    return place(t, head + skip) + TUBE_UNIT;
}

void tube_push(struct tube *t)
{
    atomic_store_explicit(&t->head, t->next, memory_order_release);
    if (t->bell)
        bell_ring(t->bell);
}

void *tube_peek(struct tube *t, size_t *len)
{
    uint64_t tail = atomic_load_explicit(&t->tail, memory_order_relaxed);
    uint64_t head = atomic_load_explicit(&t->head, memory_order_acquire);
    uint64_t length;

    if (tail == head)
        return NULL;
    memcpy(&length, place(t, tail), sizeof length);
    if (length == SKIP) {
        tail += t->size - (tail & (t->size - 1));
        memcpy(&length, place(t, tail), sizeof length);
    }
    t->after = tail + padded((size_t)length);
    *len = (size_t)length;
    return place(t, tail) + TUBE_UNIT;
}

void tube_pop(struct tube *t)
{
    atomic_store_explicit(&t->tail, t->after, memory_order_release);
}

size_t tube_used(const struct tube *t)
{
    uint64_t tail = atomic_load_explicit(&t->tail, memory_order_acquire);
    uint64_t head = atomic_load_explicit(&t->head, memory_order_acquire);

    return (size_t)(head - tail);
}
