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
 * The two directions are put in order against one another by their
 * acknowledgements: data that acknowledges bytes of the other side which we have
 * not seen is an answer captured before its question, or one whose question was
 * lost.  It waits, held as above, until the other side is delivered up to there or
 * goes on behind it, for `order` at most; what is missing then is reported as a gap
 * of the other side before the data goes out.  Only one side waits at a time.
 *
 * An acknowledgement may be forged.  So it counts only up to STREAM_ORDER_REACH
 * bytes behind what the other side really sent us, whatever the number of segments;
 * further ones make no data wait and no gap.  And such a gap hides nothing: as long
 * as the other side did not go on behind it, its bytes are taken back and delivered
 * when they come after all.  A forged segment thus costs at most the wait for what
 * it and the segments behind it hold.  Nobody waits for a side of which no packet
 * was seen, nor for one that sent nothing during three waits in a row.
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
     * the packet behind the gap, the one that was captured cut, or the one of the
     * other side that acknowledges what is missing.
     */
    void (*gap)(void *context, unsigned direction, uint32_t missing,
                const struct stream_origin *from);
};

enum { STREAM_ORDER_REACH = 1 << 16 };

struct stream_options {
    size_t chunks;       /* of the pool; 0: 16384 (2 KiB each) */
    uint32_t held;       /* chunks of one direction; 0: 64 */
    uint32_t held_bytes; /* of one direction; 0: 128 KiB */
    int64_t wait;        /* ns a hole may stay open; 0: 2 s */
    int64_t order;       /* ns data waits for the other side; 0: 100 ms */
};

struct stream_counters {
    uint64_t segments, bytes; /* with payload; delivered */
    uint64_t retransmitted;   /* segments that repeat delivered bytes */
    uint64_t overlaps;        /* that repeat held bytes */
    uint64_t differing;       /* overlaps that say something else */
    uint64_t reordered;       /* pieces that had to be held */
    uint64_t gaps, gap_bytes; /* less what was taken back */
    uint64_t timed_out;       /* holes that grew too old */
    uint64_t bounds_reached;  /* holes given up for the bounds of a direction */
    uint64_t pool_full;       /* holes given up because the pool was empty */
    uint64_t refused;         /* chunks the receiver did not take */
    uint64_t far;             /* segments outside every plausible window, ignored */
    uint64_t resynchronised;  /* times the stream followed them */
    uint64_t early;           /* pieces that had to wait for the other side */
    uint64_t unexplained;     /* waits in which the other side did not come */
    uint64_t taken_back;      /* bytes of a gap that came after all */
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
    bool seen;    /* a packet of this side came, with data or without */
    bool fin;     /* and one with FIN, which has a number of its own */
    bool waits;   /* what is held first has no hole before it, but comes too early */
    uint8_t vain; /* waits for this side in a row in which it sent nothing */
    uint8_t direction;
    uint32_t presumed; /* bytes before `next` that the other side alone vouches for */
    int64_t since;     /* age of the first hole, or of the wait; while any is held */
    struct stream *older, *newer;
    struct stream_pair *pair;
};

/* Lives in the layer above, does not move between start and end. */
struct stream_pair {
    void *context; /* handed to the handler */
    struct stream side[2];
};

/* By age. */
struct stream_list {
    struct stream *oldest, *newest;
};

struct streams {
    struct stream_options options;
    struct stream_counters counters;
    const struct stream_handler *handler;
    struct pool chunks;
    struct stream_list holes, waits; /* a stream that holds data is in one of them */
    int64_t now;
};

/* Options are copied, NULL takes all defaults; the handler is kept.  False when
 * memory lacks. */
bool stream_open(struct streams *e, const struct stream_options *options,
                 const struct stream_handler *handler);
size_t stream_memory(size_t chunks); /* what stream_open() allocates */
void stream_close(struct streams *e);

void stream_start(struct stream_pair *pair, void *context);

/* A TCP packet that side `direction` of the flow sent; others do nothing. */
void stream_packet(struct streams *e, struct stream_pair *pair, unsigned direction,
                   const struct packet *p, int64_t now);

/* Gives up every hole and wait that is too old, in the order of their deadlines. */
void stream_expire(struct streams *e, int64_t now);

/* The earliest deadline, INT64_MAX when nothing is held. */
int64_t stream_due(const struct streams *e);

/* Delivers all that is held, with its gaps, and gives the chunks back. */
void stream_end(struct streams *e, struct stream_pair *pair, int64_t now);

#endif
