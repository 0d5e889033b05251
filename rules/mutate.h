#ifndef RULES_MUTATE_H
#define RULES_MUTATE_H

/*
 * A rule without one of its clauses: what a test must notice.
 *
 * A clause is a part of an `and` or an `or`, however deep, and the whole condition where
 * it has no parts.  Dropped means true in an `and`, false in an `or`.
 */

#include "rules/ruleset.h"

enum mutant {
    MUTANT_NONE,  /* there are fewer clauses */
    MUTANT_EQUAL, /* no record could tell: the protocol follows from the other clauses */
    MUTANT_MADE,
};

/* The nth clause of the rule dropped, and what it says; mutate_restore() after MADE. */
enum mutant mutate_drop(struct ruleset *set, struct rule *rule, unsigned n, char *text,
                        size_t size);
void mutate_restore(struct ruleset *set);

#endif
