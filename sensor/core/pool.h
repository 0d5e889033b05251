#ifndef CORE_POOL_H
#define CORE_POOL_H

/*
 * Objects of one size, all allocated at the start.
 *
 * pool_take() never allocates: an empty pool says NULL and counts it in
 * `missed`, which the owner reports.  A pool belongs to the thread that takes
 * from it; any other thread gives back with pool_return(), which is lock-free,
 * and the owner picks those up when its own list runs dry.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pool_item;

struct pool {
    const char *name; /* for reports: "records", "flows" */
    size_t size;      /* bytes of one object */
    size_t total;
    size_t begun;   /* of `memory`, from the front: the rest was never taken */
    size_t used;    /* taken and not seen back */
    size_t highest; /* largest `used` so far */
    uint64_t missed;
    struct pool_item *free;
    _Atomic(struct pool_item *) returned;
    void *memory;
};

/* Allocates `total` objects of `size` bytes at once; false when memory lacks. */
bool pool_open(struct pool *p, const char *name, size_t size, size_t total);

/* What pool_open() allocates. */
size_t pool_memory(size_t size, size_t total);

/* Frees all of them, taken or not. */
void pool_close(struct pool *p);

/* An object with undefined contents, aligned for any type, or NULL. */
void *pool_take(struct pool *p);

/* From the thread that owns the pool. */
void pool_give(struct pool *p, void *object);

/* From any other thread. */
void pool_return(struct pool *p, void *object);

/* Objects not in use now, counting those returned: what tests add up. */
size_t pool_free_count(struct pool *p);

#endif
