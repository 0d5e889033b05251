#ifndef ALERTS_QUEUE_H
#define ALERTS_QUEUE_H

/*
 * Events that wait for a sink, in memory.  The durable outbox takes this place:
 * what a sink asks of it is here.
 *
 * An entry is waiting, in flight (sent, not acknowledged), or free.  Waiting ones
 * come out in the order they were put, except that a full queue gives up its oldest
 * of the least severity; what is in flight is never given up.  Lines are kept in
 * chained blocks, so that a few long ones do not cost the room of many.  All memory
 * is taken at the start.
 */

#include "alerts/event.h"
#include "sensor/core/pool.h"

enum { QUEUE_BLOCK = 1024, QUEUE_RANKS = SEVERITIES + 1 };

struct queue_block;

struct stream_id {
    uint64_t ms, n;
};

struct entry {
    struct entry *next;
    struct queue_block *blocks;
    uint64_t sequence; /* order of putting */
    uint64_t alert_id; /* 0: no alert */
    uint32_t update;
    uint32_t len;
    uint8_t kind, rank;  /* rank 0: no alert; else severity + 1 */
    struct stream_id id; /* of the stream entry it became; 0-0: none yet */
};

struct entries {
    struct entry *first, *last;
};

struct queue {
    struct pool entries, blocks;
    struct entries waiting[QUEUE_RANKS];
    struct entries flight;
    uint64_t sequence;
    size_t nwaiting, nflight;
};

bool queue_open(struct queue *q, unsigned entries, size_t bytes);
void queue_close(struct queue *q);

/*
 * Copies the event.  What had to go for it is counted in dropped[] by severity, a
 * record as SEVERITY_INFO; returns how many, the event itself included.
 */
unsigned queue_put(struct queue *q, const struct event *e, uint64_t dropped[SEVERITIES]);

/* The next entry that waits is in flight now; NULL when none waits. */
struct entry *queue_send(struct queue *q);

/* The oldest in flight; it is delivered, or of no use: its room is free. */
struct entry *queue_oldest(const struct queue *q);
void queue_done(struct queue *q);

/* The oldest in flight waits again, before all others of its rank. */
void queue_back(struct queue *q);

/* Copies its line, at most size bytes; returns its length. */
size_t queue_line(const struct entry *e, char *out, size_t size);

#endif
