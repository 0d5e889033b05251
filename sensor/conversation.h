#ifndef SENSOR_CONVERSATION_H
#define SENSOR_CONVERSATION_H

/*
 * From bytes in order to messages: which protocol a flow speaks, where its
 * messages begin and end, and what to do when bytes are missing.
 *
 * A conversation belongs to one flow and one worker.  Until the protocol is known
 * the first segments are kept; a port is a hint that one good message confirms,
 * elsewhere two boundaries must agree.  Once known, whole messages are read where
 * they lie; only what is cut at the end of a segment is copied.  After a gap the
 * next message boundary is looked for.
 */

#include "dissectors/dissector.h"
#include "sensor/flow.h"
#include "sensor/stream.h"

struct conversation_counters {
    uint64_t identified; /* flows whose protocol a dissector knows */
    uint64_t given_up;   /* flows no dissector wants */
    uint64_t messages;
    uint64_t skipped;  /* bytes passed over to find a boundary */
    uint64_t resyncs;  /* times a boundary had to be looked for */
    uint64_t cut;      /* messages of which the capture holds only a part */
    uint64_t no_early; /* flows whose first bytes could not be kept */
    uint64_t no_held;  /* messages given up because nothing could hold them */
    uint64_t no_place; /* flows without a conversation: not inspected */
};

/* What all conversations of a worker share. */
struct conversations {
    struct exchanger *exchanger;
    struct pool places, early, small, large;
    struct conversation_counters counters;
};

/* The part of a message that has come so far. */
struct held {
    uint8_t *at; /* from `small` or `large`; NULL: nothing */
    uint32_t len, room;
    uint64_t first; /* frame of its first byte */
    uint64_t skip;  /* bytes still to pass over: the rest of a broken message */
};

enum conversation_state { UNDECIDED, DECIDED, GIVEN_UP };

struct conversation {
    struct conversations *home;
    const struct flow *flow;
    const struct dissector *dissector; /* DECIDED: which */
    uint8_t state;                     /* enum conversation_state */
    uint8_t framing;
    uint8_t client;   /* side of the flow that asks; DECIDED only */
    uint8_t attempts; /* beginnings no dissector wanted */
    uint32_t messages;
    uint64_t skipped, gaps, gap_bytes;
    bool gap_next; /* the next message follows missing bytes */
    struct early *early;
    struct held held[2];
    struct parties parties;
    struct exchange exchange;
    void *user; /* of the worker above; NULL at first */
};

/* Room for n conversations; false when memory lacks. */
bool conversations_open(struct conversations *all, struct exchanger *exchanger, size_t n);
size_t conversations_memory(size_t n); /* what conversations_open() allocates */
void conversations_close(struct conversations *all);

/* NULL, counted, when none is left. */
struct conversation *conversation_begin(struct conversations *all,
                                        const struct flow *flow);

/* Bytes in order that `side` of the flow sent; frees nothing, keeps no pointer. */
void conversation_bytes(struct conversation *c, unsigned side, struct bytes data,
                        const struct stream_origin *origin);

/* So many bytes that `side` sent are lost; 0: nobody knows how many. */
void conversation_gap(struct conversation *c, unsigned side, uint64_t missing,
                      const struct stream_origin *origin);

/* One UDP datagram; `whole` is false when the capture cut it. */
void conversation_datagram(struct conversation *c, unsigned side, struct bytes data,
                           bool whole, const struct stream_origin *origin);

/* The flow ended: open requests go out as `outcome`, and c is gone. */
void conversation_end(struct conversation *c, enum outcome outcome);

/* The dissector whose port the flow uses, NULL when none does. */
const struct dissector *conversation_expected(const struct flow *flow);

/* Who takes part, as far as it is known; also before the protocol is. */
void conversation_parties(const struct conversation *c, const struct flow *flow,
                          struct parties *out);

#endif
