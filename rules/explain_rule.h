#ifndef RULES_EXPLAIN_RULE_H
#define RULES_EXPLAIN_RULE_H

/*
 * Why a rule spoke, all of it: each clause with the value it saw, where that value
 * stands in which frame, what was counted.  For a person who asks for one alert.
 */

#include "rules/ruleset.h"

/* The finding must be one of the rule's, and its record still be there. */
void explain_rule(const struct ruleset *set, const struct rule *rule,
                  const struct finding *f, FILE *out);

#endif
