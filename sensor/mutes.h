#ifndef SENSOR_MUTES_H
#define SENSOR_MUTES_H

/*
 * What somebody does not want to hear of for a while: by rule, detection, number or
 * root cause, for a time and for a reason.  What is muted is counted, never forgotten.
 *
 * Plain data, copied as a whole from the thread that changes it to the one that asks.
 * Every change is a new generation; the one that asks counts by it (struct mutes_counts)
 * and starts again at zero with the next.  Critical findings pass a mute that was not
 * explicitly meant for them.  Times are ns since 1970.
 */

#include "alerts/finding.h"
#include "sensor/core/diagnostic.h"

enum { MUTES_MAX = 256, MUTE_WHAT = 96, MUTE_WHO = 32, MUTE_WHY = 200, MUTES_TEXT = 256 };

struct json;

struct mute {
    char what[MUTE_WHAT]; /* name, detection or number, a * at the end: what begins so */
    uint64_t root;        /* a root cause instead; 0: none */
    bool critical;        /* critical findings too */
    uint32_t uid;
    char who[MUTE_WHO], why[MUTE_WHY];
    int64_t since, until;
    uint64_t suppressed; /* findings, as far as counted */
};

struct mutes {
    unsigned n;
    uint32_t generation;
    struct mute list[MUTES_MAX];
};

/* How many findings each mute of a generation has suppressed since it was adopted. */
struct mutes_counts {
    uint32_t generation;
    uint64_t suppressed[MUTES_MAX];
};

/* True when the mute is about the signature, or about one of its root causes. */
bool mute_covers(const struct mute *m, const struct signature *s, uint64_t root);

/*
 * The index of the mute that suppresses a finding of this severity, -1 for none.  Takes
 * no memory; costs nothing to speak of while the list is empty.
 */
int mutes_match(const struct mutes *m, const struct signature *s, uint64_t root,
                enum severity severity, int64_t now);

/* Takes the place of a mute of the same thing.  False when the list is full. */
bool mutes_add(struct mutes *m, const struct mute *mute);

/* Ends what was muted by these words; false when nothing was. */
bool mutes_remove(struct mutes *m, const char *what);

/* Ends those whose time is over; how many. */
unsigned mutes_expire(struct mutes *m, int64_t now);

/*
 * Takes counts over, the difference to what it was told before of this generation.
 * Counts of another generation come too late and are let go.
 */
void mutes_count(struct mutes *m, struct mutes_counts *before,
                 const struct mutes_counts *counts);

/* An array of objects under the key "mutes". */
void mutes_json(const struct mutes *m, struct json *j);

/* ---- the file (mutes_file.c) ------------------------------------------------------ */

/* A missing file is an empty list; what is wrong is told, the rest is taken. */
bool mutes_load(struct mutes *m, const char *path, struct diagnostics *d);

/* Whole or not at all: a crash leaves the old file or the new one. */
bool mutes_save(const struct mutes *m, const char *path, char why[MUTES_TEXT]);

#endif
