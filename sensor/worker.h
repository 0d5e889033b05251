#ifndef SENSOR_WORKER_H
#define SENSOR_WORKER_H

/*
 * From packets to records: decode, flow, stream, conversation, exchange.
 *
 * A worker shares nothing; every record it makes goes to its sink, in the order
 * of `seen`.  Before a packet is looked at, everything that was due before it is
 * done at its own deadline, so that the order never depends on when packets come.
 */

#include "sensor/classify.h"
#include "sensor/conversation.h"
#include "sensor/core/clock.h"
#include "sensor/decode.h"

struct worker_options {
    size_t flows;             /* at most; 0: 65536 */
    size_t pending;           /* open requests of one flow; 0: 4096 */
    size_t records;           /* in all; 0: 16384 */
    int64_t response_timeout; /* ns; 0: the dissector's own */
    bool classify;            /* ask nDPI about flows no dissector wants */
};

struct worker {
    struct worker_options options;
    struct clock clock;
    struct decode_counters decoded;
    struct flow_table flows;
    struct streams streams;
    struct exchanger exchanger;
    struct conversations conversations;
    struct classifier classifier;
    struct pool notes; /* what the worker keeps of each flow */
    struct record_sink sink;
    struct stream_origin at; /* the packet at hand */
    uint64_t bypassed;       /* packets of decided IT flows: counted, not inspected */
    uint64_t told_full[16];  /* what was last reported of each full table */
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
void worker_packet(struct worker *w, const struct raw *raw);

/* The capture is over: all flows end, all open requests go out. */
void worker_end(struct worker *w);

/* A health record about a file or table. */
void worker_health(struct worker *w, unsigned check, const char *about, int64_t count,
                   int64_t jump);

#endif
