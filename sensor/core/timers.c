#include "sensor/core/timers.h"

#include <assert.h>
#include <stdlib.h>

bool timers_open(struct timers *t, size_t room)
{
    *t = (struct timers){.heap = calloc(room + 1, sizeof(struct timer *)), .room = room};
    return t->heap != NULL;
}

size_t timers_memory(size_t room)
{
    return (room + 1) * sizeof(struct timer *);
}

void timers_close(struct timers *t)
{
    free(t->heap);
    *t = (struct timers){0};
}

static bool before(const struct timer *a, const struct timer *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void put(struct timers *t, size_t place, struct timer *timer)
{
    t->heap[place] = timer;
    timer->place = place;
}

static void rise(struct timers *t, struct timer *timer)
{
    size_t place = timer->place;

    for (; place > 1 && before(timer, t->heap[place / 2]); place /= 2)
        put(t, place, t->heap[place / 2]);
    put(t, place, timer);
}

static void sink(struct timers *t, struct timer *timer)
{
    size_t place = timer->place;

    for (;;) {
        size_t child = 2 * place;

        if (child > t->n)
            break;
        if (child < t->n && before(t->heap[child + 1], t->heap[child]))
            child++;
        if (!before(t->heap[child], timer))
            break;
        put(t, place, t->heap[child]);
        place = child;
    }
    put(t, place, timer);
}

bool timer_set(struct timers *t, struct timer *timer, int64_t due)
{
    if (timer->place == 0) {
        if (t->n == t->room)
            return false;
        put(t, ++t->n, timer);
    }
    timer->due = due;
    rise(t, timer);
    sink(t, timer);
    return true;
}

void timer_stop(struct timers *t, struct timer *timer)
{
    struct timer *last;
    size_t place = timer->place;

    if (place == 0)
        return;
    assert(t->heap[place] == timer);
    timer->place = 0;
    last = t->heap[t->n--];
    if (last == timer)
        return;
    put(t, place, last);
    rise(t, last);
    sink(t, last);
}

struct timer *timers_first(const struct timers *t)
{
    return t->n ? t->heap[1] : NULL;
}
