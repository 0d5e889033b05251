#ifndef ALERTS_ALERT_H
#define ALERTS_ALERT_H

/*
 * The life cycle of alerts: many findings become few alerts, and none is lost
 * in silence.
 *
 * There is one open alert for a root cause, which is a signature and what its rule
 * tracks.  It is told when it is new and when its severity rises; within a second,
 * as an update, when another act of mode, program or command is found (another
 * summary: it may be the one that hurts); its count is told at most once in
 * `update_every`, and its end after quiet.  New alerts above the rate of
 * their severity fold into one storm alert of that severity; critical has no rate.
 *
 * Invariant: an open alert owns its text and borrows neither record nor signature,
 * so records go back at once and rules may be reloaded.  All memory is taken at the
 * start.  A full table ends its quietest alert early and counts it: with the rates,
 * only critical alerts can fill it.  Every time is packet time, on the scale of the
 * record's `seen`; what is told depends on findings and times alone, never on when
 * the caller looks.
 */

#include "alerts/eve.h"
#include "alerts/event.h"
#include "alerts/finding.h"
#include "sensor/core/clock.h"
#include "sensor/core/hash.h"
#include "sensor/core/timers.h"

struct alerts_config {
    unsigned open;        /* alerts open at once */
    int64_t update_every; /* ns */
    int64_t close_after;  /* ns of quiet; a condition may have its own */
    unsigned rate;        /* new alerts of a severity in rate_period; 0: no limit */
    int64_t rate_period;  /* ns */
    size_t bytes;         /* of a line at most; EVE_LINE at most itself */
    bool save;            /* events bring what alerts_restore() takes */
    /*
     * Before this time of day (ns since 1970) the states of an old plant are held: their
     * conditions are kept for the report instead of going out.  0: nothing is.
     */
    int64_t held_until;
    struct eve eve; /* what every alert says of the sensor */
};

/* 2,048 open, 60 s, 300 s, 100 a minute. */
struct alerts_config alerts_defaults(void);

struct alerts_counters {
    uint64_t findings, told, updates, closed, escalated, repeated;
    uint64_t stormed;                 /* findings that only a storm alert counts */
    uint64_t evicted;                 /* ended early: the table was full */
    uint64_t cut;                     /* told with ot.truncated */
    uint64_t unfit;                   /* not told: even cut they did not fit */
    uint64_t by_severity[SEVERITIES]; /* alerts told as new */
};

struct rate {
    int64_t since;
    unsigned n;
};

/* How often a root cause has opened; the oldest memory makes room. */
struct past {
    uint64_t root;
    uint32_t occurrence;
    struct past *next;
};

struct alerts {
    struct alerts_config config;
    void (*tell)(void *to, const struct event *event);
    void *to;
    int64_t now;
    uint64_t order; /* of opening: equal deadlines keep it */
    struct hash_key key;
    struct bucket {
        struct alert *open;
        struct past *past;
    } * buckets; /* hash table by root cause */
    struct past *past;
    size_t nbuckets, npast, past_at;
    struct pool pool, bodies, large_bodies;
    struct timers timers;
    struct alert *quietest, *latest; /* all that are open */
    struct rate rates[SEVERITIES];
    char *stage; /* where lines are made */
    char *saved; /* where what is saved is made; NULL: nothing is */
    struct alerts_counters counters;
};

/*
 * `tell` gets each event as it happens; what it is given lives for the call.  It
 * must not call back into `alerts`.  False when memory lacks.
 */
bool alerts_open(struct alerts *a, const struct alerts_config *config,
                 void (*tell)(void *to, const struct event *event), void *to);

/*
 * Before the first finding: takes back what an event of an earlier run has brought,
 * the latest of each alert.  An alert that was open goes on; of one that was closed
 * its occurrence is remembered.  False for what this version did not write, and when
 * the table is full.
 */
bool alerts_restore(struct alerts *a, struct bytes saved);

/* Whose `saved` that is; false for what this version did not write. */
bool alerts_saved_ids(struct bytes saved, uint64_t *id, uint64_t *root);

/* From now on these times, rates and words; what memory depends on stays as it is. */
void alerts_adopt(struct alerts *a, const struct alerts_config *config);

/* Of this occurrence. */
enum severity finding_severity(const struct finding *f);

/* The root cause of a finding: the same on every sensor. */
uint64_t alert_root(const struct finding *f);

/*
 * Takes in a finding of now.  `now` never runs backwards; deadlines before it are
 * met first.
 */
void alerts_take(struct alerts *a, const struct finding *f, int64_t now);

/* Tells what is due up to now; call it when packet time moves on. */
void alerts_expire(struct alerts *a, int64_t now);

/*
 * A person ends the open alert whose id is within bounds; found again, it opens again.
 * How many there are: unless it is one, nothing is ended.
 */
unsigned alerts_end(struct alerts *a, uint64_t low, uint64_t high, int64_t now);

/* When alerts_expire() has something to do next; INT64_MAX when nothing is open. */
int64_t alerts_due(const struct alerts *a);

/* When the oldest open alert was first seen, `but` aside; INT64_MAX without one. */
int64_t alerts_oldest(const struct alerts *a, const struct alert *but);

/* What alerts_open() allocates. */
size_t alerts_memory(const struct alerts_config *config);

/* Tells what is untold yet of alerts that are open, in order, and frees it all. */
void alerts_close(struct alerts *a, int64_t now);

#endif
