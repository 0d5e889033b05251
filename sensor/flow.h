#ifndef SENSOR_FLOW_H
#define SENSOR_FLOW_H

/*
 * The flow table: which packets belong together.
 *
 * A flow is found by its two addresses, two ports and protocol, whichever side
 * sent.  Its sides are numbered 0 and 1 in an order that depends on the
 * addresses alone; `direction` is the number of the side that sent.
 *
 * Flows belong to the table and live until its `ended` callback has returned.
 * All memory is taken at the start.  A full table ends the flow that is missed
 * least, and no client holds more than its share.  Every flow stands in exactly
 * one list per class, oldest use first, both in the table's and in its client's
 * lists; nothing that can be observed follows the order of the hash.
 *
 * `now` is the clock of the sensor in ns: it must never run backwards.  It may
 * differ from the time of the packets, which is only reported.
 *
 * One thread owns a table.
 */

#include "sensor/core/hash.h"
#include "sensor/core/pool.h"
#include "sensor/packet.h"

enum { COMMUNITY_ID_TEXT = 32 };

/* The order is that in which a full table gives flows up. */
enum flow_class {
    FLOW_CLOSED,  /* TCP after RST, or FIN from both sides */
    FLOW_OPENING, /* TCP without an answer yet */
    FLOW_OTHER,
    FLOW_UDP,
    FLOW_ESTABLISHED,
    FLOW_CLASSES
};

enum flow_reason {
    FLOW_IDLE,    /* its time ran out */
    FLOW_REUSED,  /* another connection began on the same ports */
    FLOW_EVICTED, /* the table was full */
    FLOW_QUOTA,   /* its client held too many */
    FLOW_STOPPED  /* flow_close_all() */
};

/* Canonical: side 0 has the lower address, or the lower port of equal ones. */
struct flow_key {
    uint8_t address[2][16];
    uint16_t port[2];
    uint8_t protocol;
    uint8_t family;
    uint8_t unused[2]; /* zero, as the whole struct is compared */
};

struct flow_side {
    uint64_t packets, bytes; /* sent, link layer included */
    uint64_t payload;        /* bytes of TCP or UDP payload, also repeated ones */
    uint8_t mac[MAC_SIZE];
    bool has_mac, mac_changed;
    uint8_t nvlans; /* tags of the first tagged packet it sent */
    uint16_t vlans[PACKET_VLANS];
    uint8_t tcp_flags; /* all ever sent */
    uint8_t going;     /* packets past the handshake; stops at 255 */
    bool has_isn;
    uint32_t isn;
};

struct flow_links {
    struct flow *older, *newer;
};

struct flow {
    struct flow_key key;
    struct flow_side side[2];
    uint64_t id;         /* equal in every run and on every sensor; below 2^53 */
    int64_t start, last; /* time of its first and latest packet */
    uint64_t number;     /* of its first packet: no two flows have the same */
    uint64_t frame;      /* of its latest packet */
    uint32_t source;
    uint8_t initiator;   /* the side that opened it, or was seen first */
    bool initiator_sure; /* a SYN or SYN+ACK said so */
    bool midstream;      /* TCP that began before we saw it */
    bool established;
    bool closed;
    void *user; /* of the layer above; NULL at first */

    /* the table's own */
    enum flow_class class;
    int64_t used; /* on the clock `now` */
    uint64_t hash;
    struct flow *chain;
    struct flow_links links[2];
    struct flow_host *host;
};

struct flow_options {
    size_t flows;               /* at most; 0: 65536 */
    size_t per_host;            /* at most of one client; 0: an eighth of all */
    int64_t idle[FLOW_CLASSES]; /* ns; 0: the default of the class */
};

struct flow_counters {
    uint64_t started;
    uint64_t ended[FLOW_STOPPED + 1]; /* by enum flow_reason */
    uint64_t ignored;                 /* packets that belong to no flow */
};

struct flow_list {
    struct flow *oldest, *newest;
};

struct flow_table {
    struct flow_options options;
    struct flow_counters counters;
    struct hash_key secret;
    size_t mask; /* buckets - 1 */
    struct flow **buckets;
    struct flow_host **host_buckets;
    struct flow **sorted; /* room for flow_close_all() */
    struct pool flows, hosts;
    struct flow_list lists[FLOW_CLASSES];

    /*
     * Set after flow_open(); may be NULL.  `at` is when it ended: the deadline
     * for FLOW_IDLE, else the `now` of the call.  It may not call the table.
     */
    void (*ended)(void *context, struct flow *flow, enum flow_reason reason, int64_t at);
    void *context;
};

/* Options are copied; NULL takes all defaults.  False when memory lacks. */
bool flow_open(struct flow_table *t, const struct flow_options *options);

/* What flow_open() allocates. */
size_t flow_memory(size_t flows);

/* Frees everything without another word: flow_close_all() says goodbye first. */
void flow_close(struct flow_table *t);

/*
 * The flow of a packet, begun if need be; packet and bytes are counted.  NULL
 * for what is no IP or was not understood.  Fragments have no ports and form
 * flows of their own.  May end other flows.
 */
struct flow *flow_find(struct flow_table *t, const struct packet *p, int64_t now,
                       unsigned *direction, bool *is_new);

/* Ends all whose deadline is not after now, in the order of their deadlines. */
void flow_expire(struct flow_table *t, int64_t now);

/* The earliest deadline, INT64_MAX when the table is empty. */
int64_t flow_due(const struct flow_table *t);

/* Ends all, in the order of their first packets. */
void flow_close_all(struct flow_table *t, int64_t now);

/* True while only one side was heard. */
bool flow_one_way(const struct flow *f);

struct address flow_address(const struct flow *f, unsigned side);

/*
 * "1:" and 28 letters, as the Community ID specification (version 1, seed 0)
 * has it.  Returns out.  Slow (SHA-1): once per flow, when it is reported.
 */
const char *flow_community_id(const struct flow *f, char out[COMMUNITY_ID_TEXT]);

#endif
