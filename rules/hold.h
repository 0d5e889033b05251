#ifndef RULES_HOLD_H
#define RULES_HOLD_H

/*
 * What keeps a match from becoming an alert: exceptions, which are rows of values, and
 * maintenance windows.
 *
 * Both hold back what any engine found, by the name or the detection of its signature.
 * An exception counts what it held, so that one nobody needs any more is seen.
 */

#include "alerts/finding.h"
#include "rules/names.h"

enum { HOLD_FIELDS = 6 };

/* All its cells must hold; an absent field never does. */
struct hold_row {
    const struct set *cells[HOLD_FIELDS]; /* as many as the exception has fields */
    struct hold_row *next;
};

struct exception {
    const char *name;
    struct place at;
    const struct source *file; /* what `at` names once all is loaded */
    struct texts names;        /* of rules, or detections, or with a * at the end */
    unsigned nfields;
    const struct operand *fields[HOLD_FIELDS];
    struct hold_row *rows;
    const char *who, *why;
    int64_t until;       /* ns since 1970; INT64_MAX: for good */
    uint64_t held;       /* matches */
    int64_t since, last; /* first record seen while it stands; last one held; 0: none */
    struct exception *next;
};

struct maintenance {
    const char *name;
    struct place at;
    const struct source *file;
    int64_t from, to; /* ns since 1970 */
    unsigned nfields;
    const struct operand *fields[HOLD_FIELDS]; /* its scope */
    const struct set *values[HOLD_FIELDS];
    uint32_t verbs;     /* it allows */
    struct texts names; /* of rules or detections it allows */
    bool learn;         /* what is seen in it is habit too */
    const char *who, *why;
    uint64_t held;
    struct maintenance *next;
};

struct holds {
    struct exception *exceptions;
    struct maintenance *maintenances;
};

/* True when one of the patterns names the signature. */
bool hold_names(const struct texts *patterns, const struct signature *s);

/* True when it is held back; whoever holds it counts it. */
bool hold_back(struct holds *h, const struct signature *s, const struct context *c);

/* Some maintenance at that time wants nothing learned of the record. */
bool hold_learning(const struct holds *h, const struct context *c);

#endif
