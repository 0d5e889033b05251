#ifndef RULES_LOAD_H
#define RULES_LOAD_H

/*
 * What the parts of the loader share: the rule set while it is being put together.
 * Private to the loader and the rule set.
 */

#include "rules/ruleset.h"

enum { FUNCTION_LISTS = FUNCTION_CODES + 1 };

/* A rule in the index, with what a record must have for it to be asked at all. */
struct entry {
    struct rule *rule;
    uint32_t verbs;    /* one of them; 0: any */
    uint32_t outcomes; /* bit mask */
    uint16_t slot;     /* it has this field; SLOT_ANY: any */
};

/*
 * Of one schema, kind and phase: by function code, the last for those without.  Most
 * records break nothing: theirs is a bucket without the rules that need a violation.
 */
struct bucket {
    const struct entry *list[FUNCTION_LISTS];
    uint16_t n[FUNCTION_LISTS];
};

struct ruleset {
    struct arena arena;
    struct names names;
    struct rule *rules, **last_rule;
    unsigned nrules;
    uint64_t macros; /* what they say, as a hash */
    int function_slot[SCHEMAS_MAX];
    struct bucket *buckets[SCHEMAS_MAX][RECORD_KINDS][2][2]; /* the last: violations */
    char version[RULESET_VERSION];
};

struct loading {
    struct ruleset *set;
    struct diagnostics *d;
    bool shipped;              /* the file at hand */
    const struct source *file; /* its name alone, which lives as long as the set */
};

/* Declares a list; items that stand in a CSV are read beside the rules file. */
void load_list(struct loading *l, const struct yaml *item);

/* Items of a sequence into the list's set. */
bool list_add_items(struct arena *arena, struct value_list *list,
                    const struct yaml *items, struct diagnostics *d);

/* What a node says, whatever its layout, as a hash that goes on from `seed`. */
uint64_t inherit_shape(uint64_t seed, const struct yaml *node);

/* Reads a rule and everything in it; the macros must be declared. */
void load_rule(struct loading *l, const struct yaml *item);

/* Lower case, digits, and _ . - : what rules, macros and lists are called. */
bool load_name(struct loading *l, const struct yaml *item, const char **out);

/* When all rules are there. */
void ruleset_index(struct ruleset *set);

#endif
