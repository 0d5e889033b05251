#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

/*
 * Packet time is the only clock, and it never runs backwards.
 *
 * `now` follows the packets' own times plus an offset.  Packets a little out of
 * order leave it where it is.  A jump (an hour forward, five seconds back)
 * changes the offset instead, so that `now` goes on as if nothing had happened:
 * every deadline and window stays right, and nothing expires across the jump.
 */

#include <stdbool.h>
#include <stdint.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000 };
#define NS_PER_S INT64_C(1000000000)

struct clock {
    int64_t now;               /* ns, monotone; equals packet time until the first jump */
    int64_t last;              /* ns since 1970, the latest packet's own time */
    int64_t offset;            /* now = packet time + offset */
    int64_t forward, backward; /* what counts as a jump */
    uint64_t jumps;
    bool started;
};

struct clock clock_at_rest(int64_t forward, int64_t backward);

/* Takes over a packet's time; by how much it jumped, 0 when it did not. */
int64_t clock_tick(struct clock *c, int64_t packet_time);

/* What a time of `now`'s scale was in packet time of today. */
static inline int64_t clock_packet_time(const struct clock *c, int64_t now)
{
    return now - c->offset;
}

enum { TIME_TEXT = 40 };

/* "2026-03-04T09:12:44.318226+0000", as EVE writes it; returns out. */
const char *time_text(int64_t ns, char out[TIME_TEXT]);

/* "09:12:44" and "2026-03-04 09:12:44"; returns out. */
const char *time_of_day(int64_t ns, char out[TIME_TEXT]);
const char *time_and_day(int64_t ns, char out[TIME_TEXT]);

#endif
