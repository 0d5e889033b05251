#ifndef RULES_CONTRADICT_H
#define RULES_CONTRADICT_H

/*
 * Two conditions that must both hold and never do: one value cannot be in both sets.
 * Sound, not complete: only fields that have one value, and sets of numbers and texts.
 */

#include "rules/names.h"

struct contradiction {
    const struct node *one, *other;
};

/* False when none is found. */
bool contradiction_in(const struct names *names, const struct node *root,
                      struct contradiction *out);

#endif
