#ifndef CORE_RING_H
#define CORE_RING_H

/*
 * How threads hand things on: rings of one producer and one consumer.
 *
 * A `ring` holds items of one size, a `tube` messages of any length.  Neither
 * locks, and neither waits: a producer that finds no room is told so and decides.
 * What was written before a push is visible to whoever peeks it.  The memory is
 * taken at the start.
 *
 * A `bell` wakes a consumer that sleeps.  A producer that rings while the consumer
 * is awake makes no system call.  One bell may serve many rings with one consumer.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_LINE = 64 }; /* bytes of a cache line: what two threads write is apart */

struct bell {
    int fd; /* eventfd, non-blocking: may stand in an epoll set */
    atomic_bool asleep;
};

/* False with errno when the system has no descriptor left. */
bool bell_open(struct bell *b);
void bell_close(struct bell *b);

/* From any thread. */
void bell_ring(struct bell *b);

/*
 * The consumer alone, in this order: bell_sleep(), look once more whether there is
 * anything to do, wait on fd (or bell_wait(), at most `ms`), bell_awake().
 */
void bell_sleep(struct bell *b);
void bell_wait(struct bell *b, int ms);
void bell_awake(struct bell *b);

struct ring {
    size_t size, n; /* bytes of an item; items, a power of two */
    uint8_t *items;
    struct bell *bell; /* of the consumer; may be NULL */
    /* The producer's. */
    _Alignas(RING_LINE) _Atomic(uint64_t) head;
    uint64_t tail_seen;
    /* The consumer's. */
    _Alignas(RING_LINE) _Atomic(uint64_t) tail;
    uint64_t head_seen;
};

/* `n` is rounded up to a power of two.  False when memory lacks. */
bool ring_open(struct ring *r, size_t size, size_t n, struct bell *bell);
void ring_close(struct ring *r);

/* Producer: room for one item, or NULL; ring_push() hands it over. */
void *ring_slot(struct ring *r);
void ring_push(struct ring *r);

/* Consumer: the oldest item, or NULL; it stays until ring_pop(). */
void *ring_peek(struct ring *r);
void ring_pop(struct ring *r);

/* Items in it, from any thread; a moment later it may be different. */
size_t ring_used(const struct ring *r);

struct tube {
    size_t size; /* bytes, a power of two */
    uint8_t *bytes;
    struct bell *bell;
    _Alignas(RING_LINE) _Atomic(uint64_t) head;
    uint64_t next; /* head after the message being written */
    _Alignas(RING_LINE) _Atomic(uint64_t) tail;
    uint64_t after; /* tail after the message being read */
};

/* `size` is rounded up to a power of two. */
bool tube_open(struct tube *t, size_t size, struct bell *bell);
void tube_close(struct tube *t);

/* Producer: room for a message of `len` bytes, aligned for any type, or NULL. */
void *tube_slot(struct tube *t, size_t len);
void tube_push(struct tube *t);

/* Consumer: the oldest message and its length, or NULL; it stays until tube_pop(). */
void *tube_peek(struct tube *t, size_t *len);
void tube_pop(struct tube *t);

/* Bytes in it, from any thread. */
size_t tube_used(const struct tube *t);

#endif
