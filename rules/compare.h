#ifndef RULES_COMPARE_H
#define RULES_COMPARE_H

/*
 * What another version of the shipped rules would change for this site: rules that are
 * new, changed or gone, and the overrides, exceptions and lists they touch.
 */

#include "rules/ruleset.h"

struct rules_difference {
    unsigned added, changed, removed;
};

struct rules_difference rules_compare(const struct ruleset *now,
                                      const struct ruleset *next, bool json, FILE *out);

#endif
