#include "sensor/core/now.h"

#include <time.h>

#include "sensor/core/clock.h"

static int64_t read_clock(clockid_t which)
{
    struct timespec t;

    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t now_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t now_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
