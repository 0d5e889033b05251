#ifndef SENSOR_PACKET_RING_H
#define SENSOR_PACKET_RING_H

/*
 * The packets of one interface group: what workers read, and what evidence is cut
 * from afterwards.
 *
 * One thread puts frames in and numbers them from 1.  A frame stays where it is, in
 * one piece, until the ring comes round.  What somebody still works on is never
 * overwritten: the producer is told up to where all have finished
 * (packet_ring_keep()), and a frame that finds no room is refused.  What is finished
 * stays readable until it is overwritten: any thread, and any process that shares
 * the memory, copies it out by its number, and is told when it came too late.
 *
 * Places are positions that only grow: bytes put in since the start.
 */

#include <stdatomic.h>

#include "sensor/packet.h"

enum { PACKET_RING_SMALLEST = 64 * 1024 };

/* In the memory itself, so that another process can read the ring after a crash. */
struct packet_ring_shared {
    _Atomic(uint64_t) tail;   /* what lies before is overwritten, or about to be */
    _Atomic(uint64_t) newest; /* number of the latest frame that is all there; 0: none */
};

struct packet_ring {
    struct packet_ring_shared *shared;
    _Atomic(uint64_t) *index; /* position of a frame, by number & (n - 1) */
    _Atomic(uint64_t) *words; /* frames with their heads */
    const uint8_t *bytes;     /* the same, for those who may read them plainly */
    size_t n, size;           /* entries of the index, a power of two; bytes of words */
    void *own;                /* mapped by packet_ring_open(), of mapped bytes */
    size_t mapped;
    /* The producer's. */
    uint64_t head;   /* where the next frame goes */
    size_t offset;   /* of head in words */
    uint64_t number; /* of the latest frame */
    uint64_t latest; /* its position */
    uint64_t keep;   /* the oldest position in use */
    uint64_t most;   /* bytes in use at most */
};

/*
 * An empty ring in `size` bytes at memory (aligned to 16), which must outlive it, or
 * in memory of its own when that is NULL.  False with errno.
 */
bool packet_ring_open(struct packet_ring *r, void *memory, size_t size);

/*
 * The ring another process has in this memory, to read only.  Nothing in the memory
 * is trusted: whatever it says, reads stay inside it.
 */
bool packet_ring_attach(struct packet_ring *r, void *memory, size_t size);

void packet_ring_close(struct packet_ring *r);

/*
 * Producer: copies the frame in, gives it its number, and makes raw->bytes point to
 * the copy.  False when all room is in use, or when it takes more than half the ring.
 */
bool packet_ring_put(struct packet_ring *r, struct raw *raw);

/* Producer: position of the frame put last, and of the one to come. */
static inline uint64_t packet_ring_latest(const struct packet_ring *r)
{
    return r->latest;
}

static inline uint64_t packet_ring_head(const struct packet_ring *r)
{
    return r->head;
}

/*
 * Producer: nobody needs a frame before this position any more.  Until it is told,
 * nothing is overwritten.
 */
void packet_ring_keep(struct packet_ring *r, uint64_t position);

/* Producer: per mille of the ring that were in use at most. */
unsigned packet_ring_highest(const struct packet_ring *r);

/* Any thread: number of the latest frame, and of the oldest that can be copied;
 * 0: none. */
uint64_t packet_ring_newest(const struct packet_ring *r);
uint64_t packet_ring_oldest(const struct packet_ring *r);

/*
 * Any thread: a copy of the frame in out, of `room` bytes; raw->bytes points there.
 * False when it is not in the ring any more, or does not fit.
 */
bool packet_ring_copy(const struct packet_ring *r, uint64_t number, struct raw *raw,
                      void *out, size_t room);

#endif
