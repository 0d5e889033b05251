#ifndef CORE_EXCHANGE_H
#define CORE_EXCHANGE_H

/*
 * The transactions of one flow.
 *
 * A request opens a record; its response, found by key, completes the same one.
 * Every record handed out reaches the sink's done() exactly once, which owns it
 * from there and gives it back to its pool.  A request that waited longer than
 * its time-out goes out as unanswered, and a stub of it waits on, so that a late
 * answer still finds its question (that record says `late`).
 *
 * `struct exchanger` is what all flows of a worker share; one thread uses it.
 * Nothing here knows a protocol.
 */

#include "sensor/core/clock.h"
#include "sensor/core/record.h"
#include "sensor/core/timers.h"

enum {
    EXCHANGE_SESSION = 256,  /* bytes of keyed state a dissector gets */
    EXCHANGE_SESSIONS = 64,  /* of one flow */
    EXCHANGE_STUBS = 64,     /* of one flow */
    EXCHANGE_OPERATIONS = 4, /* of one flow that are told when it ends */
    EXCHANGE_ANSWERED = 8,   /* keys remembered, to know a second answer */
    EXCHANGE_WHOLE = 8192,   /* bytes of a message that comes in parts */
    EXCHANGE_WHOLES = 16,    /* of one flow that are going on */
};

/* Takes the records.  request() only looks, and may number; done() owns. */
struct record_sink {
    void (*request)(void *context, struct record *r);
    void (*done)(void *context, struct record *r);
    void *context;
};

struct exchanger {
    struct record_pool records;
    struct pool sessions;
    struct pool wholes; /* messages of which parts have come */
    struct timers timers;
    struct record_sink sink;
    struct clock *clock;     /* whoever owns the worker ticks it */
    struct hash_slot *slots; /* open records and stubs by (flow, key) */
    size_t nslots;
    uint64_t secret;
    uint64_t serial;        /* flows so far: the order of equal deadlines */
    uint32_t per_flow;      /* open requests of one flow at most */
    int64_t first_patience; /* ns; when set, the first time-out of every protocol */
    struct exchange_counters {
        uint64_t evicted;    /* open requests pushed out by newer ones: told unanswered */
        uint64_t lost;       /* records that found no place in the pool */
        uint64_t sessions;   /* keyed states taken from the oldest of their flow */
        uint64_t no_session; /* keyed states that were not to be had */
        uint64_t stubs;      /* late answers that will not find their request */
        uint64_t left_out;   /* values and points that did not fit their record */
        uint64_t no_whole;   /* messages in parts that found no room */
    } counters;
};

/* How long a protocol's answers take, ns. */
struct patience {
    int64_t answer;  /* the first time-out; grows to four times the slowest answer seen */
    int64_t longest; /* but never beyond this */
    int64_t stub;    /* how long a stub waits on after that */
};

struct record_list {
    struct record *first, *last;
    uint32_t n;
};

struct exchange {
    struct exchanger *home;
    const struct schema *schema;
    struct patience patience;
    struct timer timer;
    struct record_list open, stubs; /* in the order of their deadlines */
    struct record_list touched;     /* by the message at hand */
    struct session *sessions;
    struct whole *wholes; /* the latest first */
    uint32_t nsessions, nwholes;
    uint64_t serial;
    uint64_t answered[EXCHANGE_ANSWERED];
    uint8_t nanswered;
    bool blind; /* bytes are missing or began before us: an orphan is no fault */
    bool cut;   /* of the message at hand the capture holds only a part */
    const struct parties *parties;
    const struct message *message; /* at hand */
    struct message joined;         /* the same, when it came in parts */
    const struct schema *speaks;   /* of the records it brings */
    uint8_t role;                  /* enum field_side it counts as */
    const uint8_t *base;
    uint64_t operations;
    struct operation *going[EXCHANGE_OPERATIONS]; /* in sessions; NULL: a free place */
    uint64_t transactions;                        /* records that went out */
};

/* Pools for n open records and nflows exchanges; false when memory lacks. */
bool exchanger_open(struct exchanger *home, size_t n, size_t nflows,
                    struct record_sink sink, struct clock *clock);
size_t exchanger_memory(size_t n, size_t nflows); /* what exchanger_open() allocates */
void exchanger_close(struct exchanger *home);

/* The earliest deadline, INT64_MAX when nothing waits. */
int64_t exchanger_due(const struct exchanger *home);

/* Tells as unanswered what is due before `now`, in order of the deadlines. */
void exchanger_expire(struct exchanger *home, int64_t now);

/* ---- what the engine does -------------------------------------------------- */

/* parties must live as long as the exchange. */
void exchange_open(struct exchange *x, struct exchanger *home,
                   const struct schema *schema, const struct patience *patience,
                   const struct parties *parties);

/* The flow ended: open requests go out as `outcome`, the rest is freed. */
void exchange_close(struct exchange *x, enum outcome outcome);

/* Its parts of messages with it; exchange_close() does this. */
void exchange_forget_all(struct exchange *x);

/* The pool of them, for exchanger_open(). */
bool exchanger_open_wholes(struct exchanger *home, size_t n);
size_t exchanger_wholes_memory(size_t n);

/* The message that the dissector is about to read; m and base live until settled. */
void exchange_begin(struct exchange *x, const struct message *m, const uint8_t *base);

/*
 * It has been read: violations for a short or a long message are written, what
 * is complete goes out, what asked waits.  A dissector that says NOT_MINE has taken
 * no record.
 */
void exchange_settle(struct exchange *x, const struct cursor *c);

/* ---- what a dissector does ------------------------------------------------- */

/*
 * The message at hand counts as one of this side: who asks is not always the client.
 * Until the next message.
 */
void exchange_role(struct exchange *x, enum field_side role);

/*
 * Records of the message at hand have this schema: what a carrier carries is known by
 * its content.  The numbers of operations must be the same in both.
 */
void exchange_speaks(struct exchange *x, const struct schema *schema);

/* hint tells apart requests with the same key (always the same transaction id). */
struct record *exchange_request(struct exchange *x, uint64_t key, uint64_t hint);

/*
 * The request it answers: with the same key and hint, else with the same key; the
 * oldest first.  Else a fresh record, an orphan.  The outcome is set.
 */
struct record *exchange_response(struct exchange *x, uint64_t key, uint64_t hint);

/* The answer refuses: a late one stays late. */
void exchange_refused(struct record *r);

/*
 * The answer goes on in another message: r waits for it under this key, as long as for
 * any answer.  When it does not come, the record goes out as it is, and says so.
 */
void exchange_more(struct exchange *x, struct record *r, uint64_t key);

/* A message that stands alone: SPONTANEOUS, or SENT when it asks for no answer. */
struct record *exchange_alone(struct exchange *x, enum outcome outcome);

/* The oldest request with this key that waits for its answer, to look at; or NULL. */
const struct record *exchange_pending(const struct exchange *x, uint64_t key);

/*
 * A message that comes in parts, in parts.c: adds the one at hand to those with this
 * key, or begins anew with it.  False when there is no room, or nothing was begun.
 */
bool exchange_part(struct exchange *x, uint64_t key, struct bytes part, bool first);

/*
 * All parts so far.  They are the message at hand from now on, from the first packet of
 * the first part; the bytes live until exchange_forget().
 */
struct bytes exchange_whole(struct exchange *x, uint64_t key);
void exchange_forget(struct exchange *x, uint64_t key);

/*
 * EXCHANGE_SESSION bytes of state for this key, zeroed when new; the same bytes
 * for the same key until the flow ends or newer keys push it out.  NULL when none
 * can be had.
 */
void *exchange_session(struct exchange *x, uint64_t key);

/*
 * Its begin goes out as a record of its own; r is the transaction that begins it.  op
 * lies in a session: when that goes before the end, the operation is told as aborted.
 */
void exchange_operation_begin(struct exchange *x, struct operation *op, uint32_t kind,
                              struct record *r);

/* r is one of its steps and moved so many bytes. */
void exchange_operation_step(struct operation *op, struct record *r, uint64_t bytes);

/* Its end goes out with what it added up to; `state` says how it ended. */
void exchange_operation_end(struct exchange *x, struct operation *op, struct record *r,
                            enum operation_state state);

#endif
