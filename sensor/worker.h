#ifndef SENSOR_WORKER_H
#define SENSOR_WORKER_H

/*
 * From packets to records: decode, flow, stream, conversation, exchange.
 *
 * A worker shares nothing; every record it makes goes to its sink, in the order of
 * (`seen`, rank, number), which record_before() compares: the same order whichever
 * worker had the flow.  Before a packet is looked at, everything that was due before
 * it is done at its own deadline, so that the order never depends on when packets
 * come.  Records that expire in the same nanosecond are put in order first.
 */

#include "sensor/classify.h"
#include "sensor/conversation.h"
#include "sensor/front.h"

struct worker_options {
    size_t flows;             /* at most; 0: 65536 */
    size_t pending;           /* open requests of one flow; 0: 4096 */
    size_t records;           /* in all; 0: 16384 */
    int64_t response_timeout; /* ns; 0: the dissector's own */
    bool classify;            /* ask nDPI about flows no dissector wants */
};

/* What it counted: whole structs of uint64_t, which can be added up. */
struct worker_counters {
    uint64_t packets, bypassed; /* seen; of decided IT flows: not inspected */
    uint64_t records_highest;   /* in use at most */
    struct flow_counters flows;
    struct stream_counters streams;
    struct conversation_counters conversations;
    struct exchange_counters exchanges;
    struct classify_counters classified;
    uint64_t unclassified; /* flows nDPI had no state for */
};

enum { WORKER_BATCH = 256 };

struct worker {
    struct worker_options options;
    struct clock clock; /* `now` alone: the front's */
    struct flow_table flows;
    struct streams streams;
    struct exchanger exchanger;
    struct conversations conversations;
    struct classifier classifier;
    struct pool notes; /* what the worker keeps of each flow */
    struct record_sink sink;
    struct stream_origin at; /* the packet at hand */
    uint64_t number;         /* of it */
    enum record_rank rank;   /* of what is being done */
    struct expired {         /* records of one moment whose time ran out */
        struct record *record;
        bool request; /* a copy, to be looked at */
    } batch[WORKER_BATCH];
    unsigned nbatch;
    uint64_t packets, bypassed;
    int64_t look_at;        /* when full tables are reported next */
    uint64_t told_full[16]; /* what was last reported of each */
};

/* False when memory lacks.  The sink is copied. */
bool worker_open(struct worker *w, const struct worker_options *options,
                 struct record_sink sink);

/* Bytes that worker_open() allocates, and the most nDPI may take later. */
struct worker_memory {
    size_t flows, streams, records, conversations, classifier;
};
struct worker_memory worker_memory(const struct worker_options *options);

void worker_close(struct worker *w);

/* One packet; its bytes are borrowed for the call. */
void worker_packet(struct worker *w, const struct arrival *a);

/* All packets before `now` were somebody's: what is due before it is done. */
void worker_tick(struct worker *w, int64_t now);

/* The capture is over at `now`: all flows end, all open requests go out. */
void worker_end(struct worker *w, int64_t now);

void worker_count(const struct worker *w, struct worker_counters *out);
void worker_counters_add(struct worker_counters *sum, const struct worker_counters *more);

/* Does a stand before b in the one order of all records? */
bool record_before(const struct record *a, const struct record *b);

/* A health record about a file. */
void worker_health(struct worker *w, unsigned check, const char *about, int64_t count,
                   int64_t jump);

#endif
