#ifndef RULES_LITERAL_H
#define RULES_LITERAL_H

/*
 * The right side of a comparison as a set of the left side's type.
 */

#include "rules/names.h"

struct literals {
    const struct names *names;
    struct arena *arena;
    struct diagnostics *d;
    const struct operand *left;
    const struct token *name; /* of the left side, for messages */
    enum comparison op;
    const char **later; /* out: why a word means nothing yet */
};

/* NULL, and all errors told, when a value does not fit. */
const struct set *literal_set(const struct literals *l, const struct item *items);

/* The bits of the protocols named, for `protocol in {...}`; 0 after an error. */
uint64_t literal_protocols(const struct literals *l, const struct item *items);

#endif
