#ifndef SENSOR_OUTPUTS_H
#define SENSOR_OUTPUTS_H

/*
 * Where events go, as the configuration says: into the outbox, and from there to each
 * output at its own pace; none waits for another, and each takes only what it was
 * told to.
 *
 *      outputs_put() -> outbox.db -> | lane of output 1 | -> sink
 *                                    | lane of output 2 | -> sink
 *
 * An event that was put is on disk within 50 ms of outputs_turn(); only then it is
 * sent.  A sensor gives them a thread (outputs_run()); a replay calls them itself,
 * with an outbox in memory, and waits when an output is slow.
 *
 * What is not as it should be goes out as notices, again each minute while it lasts.
 */

#include "alerts/sink.h"
#include "sensor/config.h"
#include "sensor/core/ring.h"
#include "sensor/health.h"
#include "sensor/status.h"

/* What has been told of an output, or of the outbox, and when. */
struct told {
    bool away;
    int64_t at;           /* ms, monotonic: when it was told last */
    int64_t moved;        /* when it was not behind, or took something */
    uint64_t delivered;   /* as seen then */
    uint64_t lost_so_far; /* as told last */
    int64_t lost_at;
};

struct output {
    const char *name;
    uint32_t what; /* enum output_what */
    enum output_type type;
    struct sink *sink;
    struct outputs *outputs;
    struct told told;
};

struct outputs {
    struct outbox outbox;
    struct output output[CONFIG_OUTPUTS];
    unsigned n;
    struct ring *notices; /* of struct notice; NULL: nobody listens */
    bool waits;           /* a replay: an event that finds no room waits */
    bool hopeless;        /* and nothing takes anything */
    uint64_t put;
    int64_t raised;                    /* of the latest test alert, ns since 1970 */
    unsigned filled;                   /* percent that was told, not yet over; 0: none */
    unsigned damaged;                  /* so often it was told */
    int64_t kept, filled_at, retry_at; /* ms, monotonic */
    int64_t heartbeat;                 /* ns */
};

/*
 * The outbox in `state`, or in memory when that is NULL, and every output.  False,
 * with the error told, when something cannot be opened; outputs_close() in any case.
 * Borrows config, and `notices`, a ring of struct notice (may be NULL).
 */
bool outputs_open(struct outputs *o, const struct config *config, const char *state,
                  struct ring *notices, struct diagnostics *d);
void outputs_close(struct outputs *o);

/* Every kind that some output wants. */
uint32_t outputs_want(const struct outputs *o);
uint32_t outputs_wanted(const struct config *config);

/* Bytes of memory they take at most, with an outbox on disk. */
uint64_t outputs_ceiling(const struct config *config);

/*
 * Takes the event for all that want its kind, and remembers its alert for a restart.
 * False when it was not taken: the disk takes nothing, offer it again.
 */
bool outputs_put(struct outputs *o, const struct event *e);

/*
 * Does what is due, and waits for at most `ms` until there is something: `bell`, if
 * not NULL, ends the wait as well.
 */
void outputs_turn(struct outputs *o, struct bell *bell, int ms);

/* Files are opened anew, after somebody moved them away. */
void outputs_reopen(struct outputs *o);

/*
 * Goes on for at most `ms` until all is delivered.  False when something is left or
 * lost; outputs_report() tells what on stderr, a sentence for each output.
 */
bool outputs_finish(struct outputs *o, int ms);
void outputs_report(const struct outputs *o);

/* Fields of the health hash in each Redis: names and values in turn. */
void outputs_health(struct outputs *o, const char *const *pairs, unsigned n);

/* The packets of an alert, to each Redis. */
void outputs_evidence(struct outputs *o, uint64_t alert_id, struct bytes pcapng);

void outputs_status(struct outputs *o, struct status_outputs *out);

/*
 * The output thread: takes packed events out of the tube, and orders, until `stop` is
 * set and the tube is empty; then goes on for `finish_ms` at most.  `bell` is the
 * consumer's of the tube.
 */
struct outputs_orders {
    struct tube *events; /* packed struct event */
    struct bell *bell;
    atomic_bool *stop;
    atomic_bool *reopen; /* set by others, taken back here; may be NULL */
    int finish_ms;
    /* Once a second, from this thread; may be NULL. */
    void (*tick)(void *to, struct outputs *o);
    void *to;
};

void outputs_run(struct outputs *o, const struct outputs_orders *orders);

#endif
