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
    return p->memory != NULL;
}

size_t pool_memory(size_t size, size_t total)
{
    return rounded(size) * (total ? total : 1);
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

/* Memory nobody has touched is taken last: what was used before is still warm, and
 * a small capture needs little of it. */
static struct pool_item *unused(struct pool *p)
{
    if (p->begun == p->total)
        return NULL;
    return (void *)((char *)p->memory + p->begun++ * p->size);
}

static struct pool_item *given_back(struct pool *p)
{
    struct pool_item *item;

    if (!p->free && atomic_load_explicit(&p->returned, memory_order_relaxed))
        collect(p);
    item = p->free;
    if (item)
        p->free = item->next;
    return item;
}

void *pool_take(struct pool *p)
{
    struct pool_item *item = given_back(p);

    if (!item)
        item = unused(p);
    if (!item) {
        p->missed++;
        return NULL;
    }
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
