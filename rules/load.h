#ifndef RULES_LOAD_H
#define RULES_LOAD_H

/*
 * What the parts of the loader share: the rule set while it is being put together.
 * Private to the loader and the rule set.
 */

#include "rules/ruleset.h"

enum { FUNCTION_LISTS = FUNCTION_CODES + 1, VERB_LISTS = 14 /* bits of enum verb */ };
_Static_assert(VERB_OTHER == 1 << (VERB_LISTS - 1), "a list for each verb");

/* A rule in the index, with what a record must have for it to be asked at all. */
struct entry {
    struct rule *rule;
    uint32_t verbs;    /* one of them; 0: any */
    uint32_t outcomes; /* bit mask */
    uint16_t slot;     /* it has this field; SLOT_ANY: any */
};

/* Rules to ask, in the order of the files. */
struct entries {
    const struct entry *entry;
    unsigned n;
};

/* Of the records with one function: those with one verb alone, and any. */
struct verb_lists {
    struct entries all;
    struct entries with[VERB_LISTS];
};

/*
 * Of one schema, kind and phase: by function code, the last for those without; then by
 * verb, so that rules for what a record does not do cost it nothing.  Functions with the
 * same rules share their lists.  Most records break nothing: theirs is a bucket without
 * the rules that need a violation.
 */
struct bucket {
    const struct verb_lists *of[FUNCTION_LISTS];
};

struct ruleset {
    struct arena arena;
    struct names names;
    struct rule *rules, **last_rule;
    unsigned nrules;
    uint64_t macros; /* what they say, as a hash */
    struct holds holds;
    struct override *overrides;
    const struct site *site;
    struct record_pool *quiet; /* one record, for what is absent; NULL: no rule asks */
    struct rule **absences;    /* correlations of that kind */
    unsigned nabsences;
    int function_slot[SCHEMAS_MAX];
    struct bucket *buckets[SCHEMAS_MAX][RECORD_KINDS][2][2]; /* the last: violations */
    struct arena index;                                      /* of the buckets */
    /* While a rule is tested without one of its clauses. */
    struct arena mutants;
    struct rule *mutated;
    const struct node *original;
    char version[RULESET_VERSION];
};

/* One more condition for a rule: (its own) and (this). */
struct appended {
    const struct yaml *item, *when;
    struct appended *next;
};

struct loading {
    struct ruleset *set;
    struct diagnostics *d;
    bool shipped;              /* the file at hand */
    const struct source *file; /* its name alone, which lives as long as the set */
    struct override **last_override;
    struct appended *appended;
};

/* Declares a list; items that stand in a CSV are read beside the rules file. */
void load_list(struct loading *l, const struct yaml *item);

/* Items of a sequence into the list's set. */
bool list_add_items(struct loading *l, struct value_list *list, const struct yaml *items);

/* One item, as it is written; list->set is closed by whoever adds the last. */
bool list_add_text(struct loading *l, struct value_list *list, const struct place *at,
                   const char *text);

/* What a node says, whatever its layout, as a hash that goes on from `seed`. */
uint64_t inherit_shape(uint64_t seed, const struct yaml *node);

/* During it may be asked for. */
void load_schedule(struct loading *l, const struct yaml *item);

/* What holds back, and, once all rules are there, whether it names any. */
void load_exception(struct loading *l, const struct yaml *item);
void load_maintenance(struct loading *l, const struct yaml *item);
void check_holds(struct loading *l);

/*
 * Overrides are read first; then each rule is changed before it is read, and lists after
 * they were; at last those that changed nothing are told.
 */
void load_override(struct loading *l, const struct yaml *item);
bool override_item(struct loading *l, struct yaml *item);
void override_lists(struct loading *l);
void check_overrides(struct loading *l);

/* What a correlation is made of; then, once all rules are there, who feeds whom. */
void load_composition(struct loading *l, struct rule *rule, const struct yaml *item);
void link_correlations(struct loading *l);

/* What is there and nobody needs, or says less than it seems to. */
void load_warn(struct loading *l);

/* Reads a rule or a correlation and everything in it; the macros must be declared. */
void load_rule(struct loading *l, const struct yaml *item);

/* Lower case, digits, and _ . - : what rules, macros and lists are called. */
bool load_name(struct loading *l, const struct yaml *item, const char **out);

/* The lowest score of each severity. */
extern const unsigned rule_scores[SEVERITIES];

/* When all rules are there; and again, of the buckets alone, when one has changed. */
void ruleset_reindex(struct ruleset *set);
void ruleset_index(struct ruleset *set);

#endif
