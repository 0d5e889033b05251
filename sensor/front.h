#ifndef SENSOR_FRONT_H
#define SENSOR_FRONT_H

/*
 * What happens to a packet before a worker has it: it gets a number and its place in
 * time, and is decoded.
 *
 * One front belongs to one stream of packets, a capture or a replay, and to one
 * thread.  The clock is here and not in the workers, since only the front sees all
 * packets: an hour of silence in one worker's flows is no jump.
 */

#include "sensor/core/clock.h"
#include "sensor/decode.h"
#include "sensor/stream.h"

struct front {
    struct clock clock;
    struct decode_counters decoded;
    uint64_t number;             /* packets so far */
    struct stream_origin latest; /* of them */
    int64_t ahead;               /* live: the wall clock less the monotonic one */
    int64_t jump; /* live: a step of the wall clock, to be told with the next packet */
};

/* A packet as a worker gets it. */
struct arrival {
    struct packet packet;
    int64_t now;  /* the clock's, which never runs backwards */
    int64_t jump; /* by how much packet time jumped before it, ns; 0: it did not */
};

void front_open(struct front *f);

/* The arrival borrows raw->bytes. */
void front_take(struct front *f, const struct raw *raw, struct arrival *out);

/*
 * On the wire, before each batch of packets: the wall clock that stamps them, and the
 * monotonic one, both in ns.  If they went apart by five seconds or more the wall
 * clock was set: `now` goes on as if nothing had happened.
 */
void front_watch(struct front *f, int64_t wall, int64_t monotonic);

/*
 * Time goes on without packets: none from before `wall` is expected any more.
 * Returns the clock's `now`.
 */
int64_t front_idle(struct front *f, int64_t wall);

/*
 * The same for both directions of a flow, different for most flows: which worker
 * has it.  It follows no secret: an attacker gains no more than a busy worker, whose
 * own tables are keyed.
 */
uint32_t packet_spread(const struct packet *p);

#endif
