#ifndef CORE_TIMERS_H
#define CORE_TIMERS_H

/*
 * Timers in the order of their deadline; equal ones in the order of `order`.
 *
 * A binary heap over places its owner allocated.  A timer is part of what it
 * times (no allocation) and knows its own place, so that it can be moved and
 * taken out.  Setting a timer that is set moves it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
    int64_t due;    /* ns of the packet clock */
    uint64_t order; /* unique among the timers of a heap */
    size_t place;   /* in the heap, from 1; 0: not set */
};

struct timers {
    struct timer **heap; /* [1..n] */
    size_t n, room;
};

/* Room for `room` timers set at once; false when memory lacks. */
bool timers_open(struct timers *t, size_t room);
size_t timers_memory(size_t room); /* what timers_open() allocates */
void timers_close(struct timers *t);

/* False when there is no room left. */
bool timer_set(struct timers *t, struct timer *timer, int64_t due);
void timer_stop(struct timers *t, struct timer *timer);

/* The earliest one, NULL when none is set. */
struct timer *timers_first(const struct timers *t);

#endif
