#ifndef SENSOR_LANE_H
#define SENSOR_LANE_H

/*
 * A worker in a thread of its own: packets come in by a tube, records go out by a ring.
 *
 *      front ── in: parcels ──▶ worker ── out: passages ──▶ analysis
 *                                  ▲───── records given back ─────┘
 *
 * A lane that is `joined` has no way out: its thread calls the sink, which is what
 * one worker needs.  Replay waits wherever there is no room and so loses nothing; on
 * the wire a record that finds no room is counted and given up.
 *
 * What is in `out` is in the order of record_before().  A mark in it promises that
 * nothing before it will follow.
 */

#include <pthread.h>

#include "sensor/core/ring.h"
#include "sensor/worker.h"

enum parcel_kind { PARCEL_PACKET, PARCEL_TICK, PARCEL_END };

/* What comes in; the bytes of a packet follow it, or stay in the packet ring. */
struct parcel {
    enum parcel_kind kind;
    uint64_t position;
    struct arrival arrival; /* of a tick and an end only `now` and the number count */
};

enum passage_kind { PASSAGE_REQUEST, PASSAGE_DONE, PASSAGE_MARK };

struct passage {
    struct record *record; /* NULL in a mark; a copy in a request */
    int64_t seen;
    uint64_t number;
    uint8_t rank, kind;
};

enum { LANE_IN = 8 * 1024 * 1024, LANE_OUT = 4096 };

struct lane_options {
    struct worker_options worker;
    size_t in;  /* bytes; 0: LANE_IN */
    size_t out; /* records; 0: LANE_OUT */
    bool waits;
    bool joined;
    bool borrows; /* packets stay where they are while lane_needs() them */
};

/* What the owner of the thread may do in it; all may be NULL. */
struct lane_hooks {
    void (*begin)(void *context, unsigned lane);
    void (*beat)(void *context, unsigned lane); /* at least each 20 ms */
    void (*at)(void *context, unsigned lane, const struct arrival *a); /* each packet */
    void (*between)(void *context);           /* joined: at least each 20 ms */
    void (*tick)(void *context, int64_t now); /* joined: time went on */
    void *context;
};

struct worker_lane {
    struct worker worker;
    struct lane_options options;
    struct lane_hooks hooks;
    struct record_sink sink; /* joined: of everything */
    unsigned index;
    struct tube in;
    struct bell bell; /* of the worker */
    struct ring out;
    struct ring counts;    /* struct worker_counters, now and then */
    _Atomic(uint64_t) at;  /* position of the packet at hand, or of an earlier one */
    atomic_ullong lost;    /* records that found no room */
    int64_t counted;       /* clock of the latest counts */
    struct passage mark;   /* analysis': nothing before it will come */
    struct passage latest; /* the worker's: what it has seen */
    bool marked;           /* `latest` was told */
    _Atomic(int64_t) response_timeout; /* as in worker_options; may change */
    pthread_t thread;
    bool open, started;
};

/*
 * `analysis` is rung when something went out; `sink` is used when joined.  False when
 * memory or descriptors lack; lane_close() in either case.
 */
bool lane_open(struct worker_lane *l, unsigned index, const struct lane_options *options,
               const struct lane_hooks *hooks, struct record_sink sink,
               struct bell *analysis);
bool lane_start(struct worker_lane *l);
void lane_join(struct worker_lane *l);
void lane_close(struct worker_lane *l);

/* The front's: one more packet.  False when there is no room. */
bool lane_packet(struct worker_lane *l, const struct arrival *a, uint64_t position);

/* The front's: the oldest position a packet is needed at; `head` when none is. */
uint64_t lane_needs(const struct worker_lane *l, uint64_t head);

/* Time, or the end, at a's `now`; its packet gives the number alone. */
bool lane_tell(struct worker_lane *l, enum parcel_kind kind, const struct arrival *a);

/* Analysis': the next record of this lane, or NULL; marks are taken in. */
struct passage *lane_head(struct worker_lane *l);

/* 50 us: what whoever finds no room waits before he looks again. */
void lane_nap(void);

/* In the one order of all records. */
bool passage_before(const struct passage *a, const struct passage *b);

#endif
