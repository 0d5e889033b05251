#ifndef ALERTS_OUTBOX_H
#define ALERTS_OUTBOX_H

/*
 * Events on disk, until everybody who wants them has them, and a while longer.
 *
 * An event is put, then committed with all that were put around it; from then on a
 * crash does not lose it.  Each output has one lane or more: an order of ids with a
 * cursor.  An event stands in a lane at an id that was committed with it, before
 * anything is sent: whoever looks for it later, on the other side too, knows where.
 * What is above the cursor waits; what is not above it was delivered, and stays for
 * `retention`, so that a receiver that lost its last second can be given it again.
 *
 * Invariant: ids of a lane only grow, and are never given twice.  An event that
 * must be sent anew under another id is moved to the end of its lane.
 *
 * One thread.  No call waits for anything but the disk.
 */

#include "alerts/event.h"
#include "alerts/outbox_db.h"

enum {
    OUTBOX_LANES = 32,
    OUTBOX_NAME = 64,
    OUTBOX_ERROR = 256,
    OUTBOX_BATCH = 500, /* events that are committed together at most */
    OUTBOX_PATH = 512,
};

/* The id of a stream entry. */
struct stream_id {
    uint64_t ms, n;
};

bool id_is_above(struct stream_id a, struct stream_id b);
struct stream_id id_after(struct stream_id id);

struct lane {
    char name[OUTBOX_NAME];
    int64_t id;              /* its number in the file */
    struct stream_id cursor; /* the highest that was delivered */
    struct stream_id last;   /* the highest that was given, to anybody */
    struct stream_id gone;   /* the highest whose event is here no more */
    uint64_t waiting;        /* events above the cursor */
    uint64_t lost;           /* given up since the start: no room, too old, refused */
    uint64_t file, size;     /* of a file: which, and how much of it is delivered */
    bool changed;
};

struct outbox_config {
    const char *path;  /* NULL: in memory */
    uint64_t size;     /* bytes it may hold */
    int64_t age;       /* ns an event may wait; 0: for ever */
    int64_t retention; /* ns a delivered event stays */
    bool drop_oldest;  /* when full: whatever is oldest, instead of the least severe */
};

/* One event is followed to the end of its way. */
struct outbox_trace {
    uint64_t alert_id; /* 0: none */
    int64_t sequence, committed;
    int64_t delivered[OUTBOX_LANES]; /* ns since 1970; 0: not yet */
};

struct outbox {
    struct outbox_config config;
    char path[OUTBOX_PATH];
    struct outbox_db db;
    uint64_t owner; /* a random number that names this very outbox */
    unsigned nlanes;
    struct lane lanes[OUTBOX_LANES];
    struct outbox_trace trace;
    /* put, not committed */
    uint8_t *batch;
    size_t batch_used;
    unsigned batched;
    int64_t since; /* ns, monotonic: when the first of them was put */
    /* what is on disk */
    int64_t sequence;
    uint64_t rows, bytes;
    int64_t looked; /* sequence up to which retention was looked at */
    int64_t clock;  /* wall clock less monotonic clock, to see it set */
    /* counts since the start */
    uint64_t committed, failures;
    int64_t latency;  /* ns the oldest of the latest batch waited for the disk */
    unsigned damaged; /* times it was begun anew */
    uint64_t gone;    /* events given up, for any lane */
    char error[OUTBOX_ERROR];
};

/*
 * Opens the file or makes it; one that cannot be read is moved to PATH.damaged and
 * begun anew (`damaged`, `error`).  False with `error` when that fails, too.
 */
bool outbox_open(struct outbox *b, const struct outbox_config *config);
void outbox_close(struct outbox *b);

/*
 * The lane of this name, from its cursor of before; OUTBOX_LANES when there is no room,
 * with `error` when that is on the disk.
 */
unsigned outbox_lane(struct outbox *b, const char *name);

/* After all lanes are known: ends others of before; how many events waited there. */
uint64_t outbox_end_others(struct outbox *b);

/* Hands an alert's `saved` back, of closed ones first, each in order. */
void outbox_each_saved(struct outbox *b, void (*each)(void *to, struct bytes saved),
                       void *to);

/*
 * Takes the event into the batch, for the lanes of this set of bits; commits the
 * batch first when it is full.  False when that fails: the event was not taken.
 */
bool outbox_put(struct outbox *b, const struct event *e, uint32_t lanes);

/* Follows this alert from now on. */
void outbox_follow(struct outbox *b, uint64_t alert_id);

/* All that was put, and all cursors, are on disk; false: nothing is, and all stays. */
bool outbox_commit(struct outbox *b);

/* ns since the oldest event was put that is not committed; 0: there is none. */
int64_t outbox_uncommitted(const struct outbox *b, int64_t now);

/* ---- lanes -------------------------------------------------------------------- */

struct outbox_row {
    struct stream_id id;
    int64_t sequence;
    enum event_kind kind;
    uint64_t alert_id; /* 0: no alert */
    uint32_t update;
    struct bytes line; /* lives until the next outbox_row() */
};

/*
 * The events of a lane from an id on, in order: outbox_read(), then outbox_row() until
 * it is false, or outbox_stop().  One reading at a time, and nothing is changed
 * meanwhile.
 */
void outbox_read(struct outbox *b, unsigned lane, struct stream_id from);
bool outbox_row(struct outbox *b, struct outbox_row *row);
void outbox_stop(struct outbox *b);

/* The one at this id; its line lives until outbox_stop(), which must follow. */
bool outbox_at(struct outbox *b, unsigned lane, struct stream_id id,
               struct outbox_row *row);

/* The next one that waits was delivered; the cursor goes to disk with the next commit. */
void outbox_delivered(struct outbox *b, unsigned lane, struct stream_id id,
                      int64_t sequence);

/* What stands up to `id` needs nothing more: it was delivered or moved. */
void outbox_pass(struct outbox *b, unsigned lane, struct stream_id id);

/* Somebody has given ids up to this one. */
void outbox_seen(struct outbox *b, unsigned lane, struct stream_id last);

/*
 * Gives `n` events of the lane new ids above all others, in order, and commits that.
 * The cursor stays: the caller moves it.  False when nothing was changed.
 */
bool outbox_move(struct outbox *b, unsigned lane, const struct stream_id *ids,
                 unsigned n);

/*
 * The same for all that was delivered at ids below `first`: they wait again.  How
 * many they are.
 */
uint64_t outbox_repeat(struct outbox *b, unsigned lane, struct stream_id first);

/* The cursor goes back to `to` or forward; how many events above it wait now. */
uint64_t outbox_rewind(struct outbox *b, unsigned lane, struct stream_id to);

/* Gives up the event: the other side will never take it.  The cursor goes past it. */
void outbox_refuse(struct outbox *b, unsigned lane, struct stream_id id);

/* When the oldest that waits in the lane was put, ns since 1970; 0: none waits. */
int64_t outbox_oldest(struct outbox *b, unsigned lane);

/* ---- keeping (outbox_keep.c) ---------------------------------------------------- */

/*
 * About once a second: lets go what was delivered long ago, and what there is no room
 * for.  `now`, ns since 1970; `steady`, ns of the monotonic clock.
 */
void outbox_keep(struct outbox *b, int64_t now, int64_t steady);

/* Of the bytes it may hold. */
unsigned outbox_percent(const struct outbox *b);

/* Moves the damaged file aside and goes on with an empty one, lanes and batch kept. */
bool outbox_begin_anew(struct outbox *b);

/* Counts anew what is on disk; for outbox_keep.c. */
bool outbox_count(struct outbox *b);

enum { OUTBOX_ROW = 256 }; /* what a row takes beside its line, about */

#endif
