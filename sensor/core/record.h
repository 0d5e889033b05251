#ifndef CORE_RECORD_H
#define CORE_RECORD_H

/*
 * Everything that leaves is a record: a transaction, an operation, a flow, a
 * health finding.
 *
 * A record owns all it holds, bytes included, so it outlives the packets it
 * was read from and changes hands by pointer; whoever holds it is its only
 * user.  What it cost is what was filled.  Its store grows in steps from
 * bounded pools, never by malloc; what no longer fits is left out and counted
 * in `left_out`.
 *
 *      store   | values, rows in between -->      <-- bytes, runs, messages |
 *              0                          nvalues  size - used             size
 *
 * Values grow from the front, everything else from the back; places in the back
 * are told as the distance from the end, so that both parts keep their places
 * when the store moves to a larger one.
 */

#include "sensor/core/address.h"
#include "sensor/core/bytes.h"
#include "sensor/core/cursor.h"
#include "sensor/core/pool.h"
#include "sensor/core/schema.h"
#include "sensor/core/site.h"

enum { RECORD_SMALL = 1024, RECORD_STEPS = 3, RECORD_VIOLATIONS = 8, RECORD_VLANS = 4 };

enum record_kind {
    RECORD_TRANSACTION,
    RECORD_OPERATION,
    RECORD_FLOW,
    RECORD_HEALTH,
    RECORD_ASSET, /* what became known of a device; not produced yet */
    RECORD_POINT, /* a process value that changed; not produced yet */
    RECORD_KINDS
};

enum outcome {
    OUTCOME_OPEN, /* no answer yet; at the end of a capture: none could be seen */
    OUTCOME_ANSWERED,
    OUTCOME_REFUSED, /* answered with an error of the protocol */
    OUTCOME_LATE,    /* answered after it had been told as unanswered */
    OUTCOME_UNANSWERED,
    OUTCOME_ORPHAN,      /* an answer without its request */
    OUTCOME_SPONTANEOUS, /* unsolicited, as the protocol allows */
    OUTCOME_SENT,        /* a request that asks for no answer: a broadcast */
    OUTCOME_COUNT
};

/* Where in the order of `seen` a record stands among those of the same moment. */
enum record_rank {
    RANK_PACKET, /* a packet brought it */
    RANK_EXPIRED, /* its time ran out, which is looked at after all packets of that moment */
    RANK_END      /* the capture is over */
};

enum point_access { ACCESS_READ, ACCESS_WRITTEN, ACCESS_REPORTED };

enum point_type {
    POINT_BIT, /* packed, least significant bit first */
    POINT_U8,
    POINT_I8,
    POINT_U16,
    POINT_I16,
    POINT_U32,
    POINT_I32,
    POINT_U64,
    POINT_I64,
    POINT_F32,
    POINT_F64,
    POINT_TYPES
};

/* Offset of a value that is not on the wire. */
enum { OFFSET_NONE = 0xffff };

struct value {
    union {
        uint64_t u; /* BOOL, ENUM, FLAGS */
        int64_t i;  /* INT, TIME, DURATION */
        double r;   /* REAL */
        struct {
            uint32_t at, len; /* TEXT, BYTES, ADDRESS: see record_bytes() */
        } b;
    };
    uint16_t slot;
    uint16_t offset; /* in its message, or OFFSET_NONE */
    uint16_t length; /* bytes it took there */
    uint8_t message; /* which of the record's messages brought it */
    uint8_t side;    /* SIDE_REQUEST or SIDE_RESPONSE */
};

/* One message on the wire. */
struct message {
    int64_t time;   /* ns since 1970, of the packet that completed it */
    uint64_t frame; /* that packet's number in its source */
    uint64_t first; /* the first packet it took bytes from */
    uint32_t source;
    uint32_t length; /* bytes */
    uint8_t side;
};

/* Points next to one another: first, first + step, ... */
struct run {
    uint64_t first;
    uint32_t step, count;
    uint8_t table; /* code of schema->tables */
    uint8_t type;  /* enum point_type */
    uint8_t access;
    bool big_endian; /* byte order of the values */
    uint8_t message;
    uint16_t offset;      /* of the first value in its message */
    struct bytes values;  /* packed, as on the wire */
    struct bytes quality; /* one uint16_t mask a point, host order, or empty */
    struct bytes times;   /* one int64_t a point, host order, ns, or empty */
};

/* One process value of a run. */
struct point {
    uint64_t address;
    uint8_t table, type, access;
    bool has_quality, has_time;
    uint16_t quality;
    int64_t time;
    double value;
    struct bytes raw; /* as on the wire; a bit: one byte, 0 or 1 */
};

struct violation {
    uint16_t reason;
    uint16_t offset; /* in its message */
    uint8_t message;
    uint8_t side;
};

/* Who talked: copied from the flow, since the record outlives it. */
struct parties {
    struct address client, server;
    uint16_t client_port, server_port;
    uint8_t client_mac[MAC_SIZE], server_mac[MAC_SIZE];
    bool has_macs;
    bool from_server; /* the opening message came from the server */
    bool midstream;   /* the flow began before the capture did */
    bool one_way;     /* only one direction has been seen */
    uint8_t protocol; /* of IP: 6, 17; 0 when there are no parties */
    uint8_t nvlans;
    uint16_t vlans[RECORD_VLANS];
    uint64_t flow_id;
    uint64_t flow_number;          /* of the packet that began it: what orders flows */
    int64_t flow_start;            /* ns since 1970 */
    uint64_t packets[2], bytes[2]; /* to the server, to the client */
};

enum operation_state { OPERATION_BEGIN, OPERATION_END, OPERATION_ABORTED };

/* Something that takes many transactions: a download, a select and operate. */
struct operation {
    uint64_t id;    /* 0: none is going on */
    uint32_t kind;  /* code of schema->operations */
    uint32_t verbs; /* of the transaction that began it */
    uint32_t steps;
    uint64_t bytes;
    int64_t begun; /* ns since 1970 */
    uint8_t state; /* enum operation_state */
};

struct record_pool;

struct record {
    struct record *next, *previous; /* of whichever list holds it */
    struct record *hash_next;
    struct record_pool *home;
    const struct site *site; /* what is known of its parties, or NULL */
    void *owner;             /* the exchange that has it open */
    const struct schema *schema;
    uint64_t key;     /* what pairs its messages */
    uint64_t hint;    /* what tells apart those with the same key */
    int64_t time;     /* ns since 1970, packet time of its opening message */
    int64_t seen;     /* ns, monotone: when it was completed; all windows use it */
    int64_t deadline; /* ns, same clock */
    uint64_t number; /* orders those of equal `seen` and rank: packet, or first of flow */
    uint64_t frame;  /* the packet that completed it */
    uint32_t source;
    uint32_t verbs;
    struct operation operation; /* it is part of, or tells about; id 0: none */
    uint8_t kind, outcome;
    uint8_t rank;   /* enum record_rank; like `number` set by the worker */
    bool scratch;   /* goes nowhere: the pool was empty */
    bool late_stub; /* told as unanswered, waits for a late answer */
    bool more;      /* answered in part, waits for the rest */
    uint8_t nmessages, nviolations;
    uint16_t violations_total;
    uint16_t nvalues;
    uint8_t row_group; /* of the row being filled; 0: none */
    uint8_t side;      /* of the message at hand: enum field_side */
    uint8_t size_step;
    uint16_t left_out; /* values, rows, runs that did not fit */
    uint32_t nruns;
    uint32_t used; /* bytes at the back */
    uint32_t size;
    uint32_t first_run, last_run; /* places in the back; 0: none */
    uint32_t last_message;
    const uint8_t *base; /* of the message at hand, while it is being read */
    uint8_t *store;
    struct parties parties;
    struct violation violations[RECORD_VIOLATIONS];
    uint64_t present[2 * SCHEMA_FIELDS / 64];
    uint16_t where[2 * SCHEMA_FIELDS];
    _Alignas(16) uint8_t small[RECORD_SMALL];
};

struct record_pool {
    bool (*wait)(void *context); /* see record_pool_wait() */
    void *context;
    struct pool records;
    struct pool steps[RECORD_STEPS - 1]; /* larger stores */
    struct record nowhere;               /* what record_take() gives when empty */
};

/* ---- the pool: one a worker ------------------------------------------------ */

/* Memory for n records and for the few that need more room; false when it lacks. */
bool record_pool_open(struct record_pool *pool, size_t n);
size_t record_pool_memory(size_t n); /* what record_pool_open() allocates */
void record_pool_close(struct record_pool *pool);

/*
 * Where losing a record is worse than waiting: `wait` is called when a pool is dry, and
 * returns true after a while in which others may have given some back, false when
 * nothing is on its way.
 */
void record_pool_wait(struct record_pool *pool, bool (*wait)(void *context),
                      void *context);

/*
 * An empty record.  Never NULL: with none free it is the pool's `nowhere`, marked
 * `scratch`, which every writer may fill and every list refuses.
 */
struct record *record_take(struct record_pool *pool, const struct schema *schema);

/* Back to its pool, from any thread. */
void record_give(struct record *r);

/* Takes a fresh record and copies all of r into it, for a stub. */
struct record *record_copy(struct record_pool *pool, const struct record *r);

/* Records not in use: what tests add up. */
size_t record_pool_free(struct record_pool *pool);

/* ---- what a dissector does ------------------------------------------------- */

/* A message begins; values set from here on come from it. */
void record_message(struct record *r, const struct message *m, const uint8_t *base);

/* Offsets count from here on in a copy of the message's content. */
void record_base(struct record *r, const uint8_t *base);

/* Reads a number at the cursor into the slot and returns it. */
uint8_t take_u8(struct record *r, struct cursor *c, unsigned slot);
uint16_t take_be16(struct record *r, struct cursor *c, unsigned slot);
uint16_t take_le16(struct record *r, struct cursor *c, unsigned slot);
uint32_t take_be32(struct record *r, struct cursor *c, unsigned slot);
uint32_t take_le32(struct record *r, struct cursor *c, unsigned slot);

/* The next n bytes, copied; also what they are in the message. */
struct bytes take_bytes(struct record *r, struct cursor *c, size_t n, unsigned slot);

/* A value that was worked out, or read elsewhere: offset and length say where. */
void record_set(struct record *r, unsigned slot, uint64_t u);
void record_set_at(struct record *r, unsigned slot, uint64_t u, uint16_t offset,
                   uint16_t len);
void record_set_real(struct record *r, unsigned slot, double value);
void record_set_bytes(struct record *r, unsigned slot, struct bytes b);
void record_set_text(struct record *r, unsigned slot, const char *text);

/* One more of a group: what is set for fields of that group goes into it. */
void record_row(struct record *r, unsigned group);

/* Copies the run and what it points to; `message` is filled in. */
void record_run(struct record *r, const struct run *run);

/* Offset is that of the cursor in the message at hand. */
void record_violation(struct record *r, unsigned reason, const struct cursor *c);

/* ---- what a consumer asks -------------------------------------------------- */

/* NULL when absent.  Request's copy, or the response's where that is the only one. */
const struct value *record_get(const struct record *r, unsigned slot);
const struct value *record_get_side(const struct record *r, unsigned slot, unsigned side);

/* What a TEXT, BYTES or ADDRESS value holds; lives as long as the record. */
struct bytes record_bytes(const struct record *r, const struct value *v);

const struct message *record_message_at(const struct record *r, unsigned i);

/* The last message of a side, NULL when there was none. */
const struct message *record_message_of(const struct record *r, unsigned side);

/*
 * Rows of a group, one by one: start with *at = 0; false at the end.  Values of
 * the row are asked for with record_row_get() and the *at of before the call + 1.
 */
struct row {
    uint16_t first, end; /* values in between, other slots among them */
};
bool record_next_row(const struct record *r, unsigned group, unsigned *at,
                     struct row *row);
const struct value *record_row_get(const struct record *r, const struct row *row,
                                   unsigned slot);

/* The values in the order they were set, `SLOT_ROW` ones being begins of rows. */
enum { SLOT_ROW = 0xffff };
const struct value *record_values(const struct record *r, unsigned *n);

/* Runs in order: start with *place = 0; false at the end. */
bool record_next_run(const struct record *r, uint32_t *place, struct run *run);

/* The i-th point of a run, i below run->count. */
void run_point(const struct run *run, uint32_t i, struct point *out);

/* Bytes one point takes; 0 for bits. */
unsigned point_type_size(enum point_type type);

extern const struct label outcome_labels[];
extern const struct label point_type_labels[];
extern const struct label point_access_labels[];
extern const struct label record_kind_labels[];
extern const struct label operation_state_labels[];

/* ns from the opening message to its answer; -1 without both. */
int64_t record_response_time(const struct record *r);

/* Points in all runs. */
uint64_t record_points(const struct record *r);

#endif
