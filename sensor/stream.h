#ifndef SENSOR_STREAM_H
#define SENSOR_STREAM_H

/*
 * TCP segments to bytes in order, for both directions of a flow.
 *
 * Every byte of the sequence space is delivered at most once and in order, or
 * is reported as part of a gap; the first copy of a byte wins.  A segment that
 * comes in order is delivered from the packet itself.  Others are copied into
 * chunks of a pool, bounded per direction and as a whole, until the hole before
 * them is filled or given up.  Data that is in hand is never thrown away for
 * want of memory: the hole before it is given up instead.
 *
 * A hole is given up when the receiver acknowledges what lies behind it, when
 * the bounds are reached, when it is STREAM_WAIT old, or when the flow ends.
 * If at that age the receiver has spoken and still waits for the hole itself,
 * it did not accept what we hold (a forgery, or a loss before the mirror): then
 * that is dropped instead, and the stream stays where the receiver is.
 *
 * One thread owns an engine and its pairs.  `now` must never run backwards.
 */

#include "sensor/core/pool.h"
#include "sensor/packet.h"

/* Which packet brought the bytes, and when they were due. */
struct stream_origin {
    int64_t time; /* of the packet */
    uint64_t frame;
    uint32_t source;
    int64_t seen; /* the `now`, or the deadline, that delivered them */
};

/* Neither may call the engine.  Bytes are borrowed for the call. */
struct stream_handler {
    void (*bytes)(void *context, unsigned direction, struct bytes data,
                  const struct stream_origin *from);

    /*
     * `missing` bytes will never come; 0 when nobody knows how many.  `from` is
     * the packet behind the gap, or the one that was captured cut.
     */
    void (*gap)(void *context, unsigned direction, uint32_t missing,
                const struct stream_origin *from);
};

struct stream_options {
    size_t chunks;       /* of the pool; 0: 16384 (2 KiB each) */
    uint32_t held;       /* chunks of one direction; 0: 64 */
    uint32_t held_bytes; /* of one direction; 0: 128 KiB */
    int64_t wait;        /* ns a hole may stay open; 0: 2 s */
};

struct stream_counters {
    uint64_t segments, bytes; /* with payload; delivered */
    uint64_t retransmitted;   /* segments that repeat delivered bytes */
    uint64_t overlaps;        /* that repeat held bytes */
    uint64_t differing;       /* overlaps that say something else */
    uint64_t reordered;       /* pieces that had to be held */
    uint64_t gaps, gap_bytes;
    uint64_t timed_out;      /* holes that grew too old */
    uint64_t bounds_reached; /* holes given up for the bounds of a direction */
    uint64_t pool_full;      /* holes given up because the pool was empty */
    uint64_t refused;        /* chunks the receiver did not take */
    uint64_t far;            /* segments outside every plausible window, ignored */
    uint64_t resynchronised; /* times the stream followed them */
};

struct stream_chunk;

struct stream {
    struct stream_chunk *held; /* ascending, without overlap, all behind `next` */
    uint32_t nheld, held_bytes;
    uint32_t next;  /* first sequence number not delivered yet */
    uint32_t acked; /* highest acknowledgement of the receiver */
    uint32_t far_next;
    bool started, has_ack, far_seen;
    bool doubted; /* the receiver spoke since `since`, and waits for the hole */
    uint8_t direction;
    int64_t since; /* age of the first hole; meaningful while something is held */
    struct stream *older, *newer;
    struct stream_pair *pair;
};

/* Lives in the layer above, does not move between start and end. */
struct stream_pair {
    void *context; /* handed to the handler */
    struct stream side[2];
};

struct streams {
    struct stream_options options;
    struct stream_counters counters;
    const struct stream_handler *handler;
    struct pool chunks;
    struct stream *oldest, *newest; /* those with holes, by age of the hole */
    int64_t now;
};

/* Options are copied, NULL takes all defaults; the handler is kept.  False when
 * memory lacks. */
bool stream_open(struct streams *e, const struct stream_options *options,
                 const struct stream_handler *handler);
void stream_close(struct streams *e);

void stream_start(struct stream_pair *pair, void *context);

/* A TCP packet that side `direction` of the flow sent; others do nothing. */
void stream_packet(struct streams *e, struct stream_pair *pair, unsigned direction,
                   const struct packet *p, int64_t now);

/* Gives up every hole that is too old, in the order of their deadlines. */
void stream_expire(struct streams *e, int64_t now);

/* The earliest deadline, INT64_MAX when there is no hole. */
int64_t stream_due(const struct streams *e);

/* After a jump of the clock by `by` ns: no hole ages by it. */
void stream_rebase(struct streams *e, int64_t by);

/* Delivers all that is held, with its gaps, and gives the chunks back. */
void stream_end(struct streams *e, struct stream_pair *pair, int64_t now);

#endif
