#ifndef SENSOR_PIPELINE_H
#define SENSOR_PIPELINE_H

/*
 * From packets to one sink, through one worker or many, in one order.
 *
 *      front 0 ─┬─▶ lane 0 ─┐
 *               └─▶ lane 1 ─┤
 *      front 1 ─┬─▶ lane 2 ─┼─▶ merge ─▶ sink
 *               └─▶ lane 3 ─┘
 *
 * Without threads there is one front and one worker, and everything happens in the
 * call.  With one worker in a thread, that thread calls the sink.  With more, each
 * flow belongs to the lane its addresses and ports choose, and the merging thread
 * calls the sink with the records in the order one worker would have made them.
 *
 * A front belongs to the thread that feeds it.
 */

#include "sensor/front.h"
#include "sensor/lane.h"

enum { PIPELINE_LANES = 64, PIPELINE_FRONTS = 16 };

struct pipeline_options {
    struct worker_options worker;
    unsigned fronts, workers; /* workers of each front; 0: 1 */
    bool threads;
    bool waits;   /* replay: wait where there is no room */
    bool borrows; /* packets stay where they are as long as pipeline_needs() them */
    size_t in;    /* bytes that wait for each worker; 0: lane.h's default */
};

/* `between` and `tick` are called by the thread that calls the sink. */
struct pipeline_front {
    struct front front;
    unsigned first; /* of its lanes */
    uint64_t told;  /* number of the latest tick to all of them */
    uint64_t lost;  /* packets that found no room */
};

struct pipeline {
    struct pipeline_options options;
    struct lane_hooks hooks;
    struct record_sink sink;
    struct worker_lane *lanes;
    unsigned nlanes;
    struct pipeline_front fronts[PIPELINE_FRONTS];
    struct bell bell; /* of whoever calls the sink */
    struct worker_counters latest[PIPELINE_LANES];
    bool merges, merging; /* it has a thread that merges; it runs */
    bool quiet;           /* no thread of it runs: all may be looked at */
    pthread_t merger;
};

/*
 * The hooks may be NULL; the merging thread begins with lane = nlanes.  False when
 * memory or descriptors lack; pipeline_close() in either case.
 */
bool pipeline_open(struct pipeline *p, const struct pipeline_options *options,
                   const struct lane_hooks *hooks, struct record_sink sink);
void pipeline_close(struct pipeline *p);

/* Starts the threads, if any; false when the system refuses one. */
bool pipeline_start(struct pipeline *p);

/* One packet of a front; false when it was lost for want of room. */
bool pipeline_packet(struct pipeline *p, unsigned front, const struct raw *raw);

/* The oldest position a packet of this front is needed at; `head` when none is. */
uint64_t pipeline_needs(const struct pipeline *p, unsigned front, uint64_t head);

/* Time went on: no packet from before `wall` (ns since 1970) is expected any more. */
void pipeline_idle(struct pipeline *p, unsigned front, int64_t wall);

/* No more packets of this front. */
void pipeline_end(struct pipeline *p, unsigned front);

/* After the end of all fronts: everything has come to the sink. */
void pipeline_join(struct pipeline *p);

/* Rings whoever calls the sink: there is something to do between. */
struct bell *pipeline_bell(struct pipeline *p);

/*
 * What all workers have counted: after the end, or from the thread that calls the
 * sink, then about a second old.
 */
void pipeline_count(struct pipeline *p, struct worker_counters *out);

/* From now on, for new conversations; ns, as in worker_options.  From any thread. */
void pipeline_patience(struct pipeline *p, int64_t response_timeout);

/* Records that found no room between the threads; from any thread. */
uint64_t pipeline_lost(const struct pipeline *p);

/* After the end: a health record about the whole. */
void pipeline_health(struct pipeline *p, unsigned check, const char *about,
                     int64_t count);

#endif
