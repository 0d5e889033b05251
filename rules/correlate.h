#ifndef RULES_CORRELATE_H
#define RULES_CORRELATE_H

/*
 * What several matches come to: one after the other, or none for too long.
 *
 * One table for each correlation of kind sequence or absence, a row for each key its
 * `track` makes; counting is done by a threshold.  All memory is taken by
 * correlate_open(); with no row free the one that was touched longest ago makes room
 * and `evicted` counts it.  Time is the record's `seen`, which never runs backwards,
 * so the rows of an absence stand in the order of their deadlines.
 */

#include "rules/threshold.h"
#include "sensor/core/record.h"

enum { CORRELATION_STEPS = 8, SEQUENCE_ROWS = 4096, ABSENCE_ROWS = 1024 };

enum correlation_kind {
    CORRELATION_COUNT,
    CORRELATION_DISTINCT,
    CORRELATION_SEQUENCE,
    CORRELATION_ABSENCE
};

/* How far a key has come: for each step the latest way that leads to it. */
struct sequence_state {
    int64_t begun[CORRELATION_STEPS]; /* `time` of its first step; INT64_MIN: no way */
    int64_t reached[CORRELATION_STEPS];
    uint64_t frame[CORRELATION_STEPS]; /* that first step was seen in */
};

/* Who went silent, so that an alert can say so when there is no record any more. */
struct absence_state {
    const struct schema *schema;
    struct parties parties;
    bool has_unit;
    uint64_t unit;
    int64_t time, seen; /* of the latest match */
    bool silent;        /* told */
};

struct correlate_row {
    uint64_t hash;
    uint32_t next;         /* in its bucket, or of the free ones */
    uint32_t newer, older; /* in the order of last use */
    union {
        struct sequence_state sequence;
        struct absence_state absence;
    };
};

struct correlation {
    enum correlation_kind kind;
    unsigned nsteps;
    int64_t within;              /* ns; of absence: for how long nothing comes */
    struct threshold *threshold; /* of COUNT and DISTINCT */
    struct hash_key secret;
    uint64_t evicted;
    uint32_t nrows, used;
    uint32_t newest, oldest; /* rows that are not silent */
    uint32_t *buckets;
    uint32_t nbuckets;
    struct correlate_row *rows; /* [0] is unused */
};

void correlate_open(struct correlation *c, struct arena *arena);
void correlate_reset(struct correlation *c);

/*
 * Goes on where `old`, of the same kind, steps and window, has come to; what it holds of
 * schemas must outlive both.
 */
void correlate_inherit(struct correlation *c, const struct correlation *old);

/* What a sequence came to with one more match. */
struct correlate_found {
    int64_t span;   /* ns, from the first step to this one */
    uint64_t frame; /* of the first step */
};

/* A match of a step: true when it was the last one, and then the key begins anew. */
bool sequence_step(struct correlation *c, struct bytes key, unsigned step,
                   const struct record *r, struct correlate_found *out);

/* A match: the row of its key; *back is true when it had been silent. */
const struct absence_state *absence_match(struct correlation *c, struct bytes key,
                                          const struct record *r, bool *back);

/* When the next key is silent for too long; INT64_MAX when none can be. */
int64_t absence_due(const struct correlation *c);

/* One that is silent for too long at `now`, marked as told; NULL: no more. */
const struct absence_state *absence_next(struct correlation *c, int64_t now);

/* Nothing could be seen up to `now`: all that wait wait from there. */
void absence_blind(struct correlation *c, int64_t now);

#endif
