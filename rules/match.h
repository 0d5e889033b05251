#ifndef RULES_MATCH_H
#define RULES_MATCH_H

/*
 * What follows when an expression holds: exceptions, counting, the finding, and the
 * correlations the rule is a step of.  Private to the rule set.
 */

#include "rules/load.h"

/* Where findings go. */
struct match_sink {
    struct ruleset *set;
    void (*found)(void *context, const struct finding *f);
    void *context;
};

/* The record a silent device gets, if any rule needs one; before the first match. */
void match_open(struct ruleset *set);

void match(const struct match_sink *sink, struct rule *rule, struct context *c);

#endif
