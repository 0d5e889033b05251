#include "sensor/core/pool.h"

#include <assert.h>
#include <stdlib.h>

struct pool_item {
    struct pool_item *next;
};

static size_t rounded(size_t size)
{
    size_t unit = _Alignof(max_align_t);

    if (size < sizeof(struct pool_item))
        size = sizeof(struct pool_item);
    return (size + unit - 1) / unit * unit;
}

bool pool_open(struct pool *p, const char *name, size_t size, size_t total)
{
    *p = (struct pool){.name = name, .size = rounded(size), .total = total};
    p->memory = calloc(total ? total : 1, p->size);
    if (!p->memory)
        return false;
    for (size_t i = total; i-- > 0;) {
        struct pool_item *item = (void *)((char *)p->memory + i * p->size);

        item->next = p->free;
        p->free = item;
    }
    return true;
}

void pool_close(struct pool *p)
{
    free(p->memory);
    *p = (struct pool){0};
}

/* All that other threads gave back, taken over in one exchange. */
static void collect(struct pool *p)
{
    struct pool_item *item =
        atomic_exchange_explicit(&p->returned, NULL, memory_order_acquire);

    while (item) {
        struct pool_item *next = item->next;

        pool_give(p, item);
        item = next;
    }
}

void *pool_take(struct pool *p)
{
    struct pool_item *item = p->free;

    if (!item) {
        collect(p);
        item = p->free;
    }
    if (!item) {
        p->missed++;
        return NULL;
    }
    p->free = item->next;
    p->used++;
    if (p->used > p->highest)
        p->highest = p->used;
    return item;
}

void pool_give(struct pool *p, void *object)
{
    struct pool_item *item = object;

    assert(p->used > 0);
    item->next = p->free;
    p->free = item;
    p->used--;
}

void pool_return(struct pool *p, void *object)
{
    struct pool_item *item = object;

    item->next = atomic_load_explicit(&p->returned, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        &p->returned, &item->next, item, memory_order_release, memory_order_relaxed))
        ;
}

size_t pool_free_count(struct pool *p)
{
    collect(p);
    return p->total - p->used;
}
