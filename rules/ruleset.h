#ifndef RULES_RULESET_H
#define RULES_RULESET_H

/*
 * A loaded set of rules: lists, macros, rules, and their counters.
 *
 * Loaded whole or not at all; what it holds lives in its arena until
 * ruleset_close(), signatures of findings included.  ruleset_run() allocates
 * nothing and belongs to one thread.  Records of schemas no rule looks at cost a
 * look into a table.
 */

#include "alerts/finding.h"
#include "rules/correlate.h"
#include "rules/expression.h"
#include "rules/hold.h"
#include "rules/sentence.h"
#include "rules/threshold.h"

enum { RULES_MAX = 10000, RULE_TRACK = 6, RULESET_VERSION = 13 };

/* ---- what a rule is ------------------------------------------------------------ */

/* One line of `test:`. */
struct rule_test {
    const char *pcap;
    int64_t alerts;
    const struct yaml *count;  /* where that number stands */
    const char *file;          /* the rules file */
    const struct yaml *fields; /* map of path: value, or NULL */
    const struct yaml *lists;  /* map of list: [items], or NULL */
    /* Or NULL: what stands in place of the sensor's own. */
    const char *config, *points, *baseline, *timezone;
    struct place at;
    struct rule_test *next;
};

/* What a correlation is made of. */
struct step {
    const char *name; /* of a rule */
    struct place at;
    struct rule *rule;
};

struct composed {
    unsigned n;
    struct step steps[CORRELATION_STEPS];
};

/* A rule's matches are a step of a correlation. */
struct feed {
    struct rule *correlation;
    unsigned step;
    struct feed *next;
};

/* What the site changed of an item that is not its own, or of a list. */
struct override {
    const char *name;
    struct place at;
    const struct source *file;
    const struct yaml *item; /* while it loads */
    const struct value_list *list;
    bool used;
    struct override *next;
};

/* A rule, or a correlation of rules, which has no expression. */
struct rule {
    struct signature signature; /* its id, name, texts */
    struct place at;
    const struct source *file; /* what `at` names once all is loaded */
    bool shipped, alert;
    enum record_kind on;
    struct program program;
    bool done; /* runs when the record is complete; else at the request already */
    unsigned ntrack;
    const struct operand *track[RULE_TRACK];
    struct threshold *threshold;    /* or NULL */
    const struct operand *distinct; /* what it counts, or NULL */
    struct sentence say;
    struct rule_test *tests;
    const struct yaml *when;
    uint64_t shape;    /* of what it counts: `when`, `track`, `threshold` */
    uint64_t contents; /* of all it says */
    bool overridden;
    struct composed *composed;       /* of a correlation; else NULL */
    struct correlation *correlation; /* the same */
    struct feed *feeds;
    /* Kept while it runs. */
    bool asleep;             /* a list it asks is empty */
    uint64_t matched, found; /* by `when`; and after the threshold */
    uint64_t held;           /* by exceptions and maintenance */
    int64_t last;            /* ns since 1970, of the latest that was found; 0: none */
    struct rule *next;
};

/* ---- loading ----------------------------------------------------------------- */

struct ruleset_options {
    const struct schema *const *schemas; /* at most SCHEMAS_MAX; borrowed */
    unsigned nschemas;
    const char *const *paths; /* files, or directories of *.yaml taken in order */
    unsigned npaths;
    unsigned nshipped;       /* the first so many are shipped, the others the site's */
    const struct site *site; /* names people gave, or NULL; borrowed */
};

struct ruleset;

/* NULL, and all errors told, when anything is wrong. */
struct ruleset *ruleset_load(const struct ruleset_options *options,
                             struct diagnostics *d);
void ruleset_close(struct ruleset *set);

/* ---- running ----------------------------------------------------------------- */

/*
 * Each transaction is shown twice: when its request is known, and when it is
 * complete; one that has no request is shown to both one after the other.  Other
 * kinds of records are complete at once: RULE_AT_DONE alone.
 */
enum rule_phase { RULE_AT_REQUEST, RULE_AT_DONE };

/* Calls found() for every rule that matches, in the order of the files. */
void ruleset_run(struct ruleset *set, enum rule_phase phase, const struct record *r,
                 void (*found)(void *context, const struct finding *f), void *context);

/*
 * Before the first record: takes over counters from the set this one replaces, by id,
 * and what thresholds have counted where a rule still counts the same.  `old` stays as
 * it is and must not run meanwhile.
 */
void ruleset_inherit(struct ruleset *set, const struct ruleset *old);

/*
 * Time passes without a record: tells what has been absent for too long by `now`, on
 * the scale of `seen`.  Findings of a tick have a record that lives for the call.
 */
int64_t ruleset_due(const struct ruleset *set);
void ruleset_tick(struct ruleset *set, int64_t now,
                  void (*found)(void *context, const struct finding *f), void *context);

/* The sensor saw nothing for a while up to `now`: what is absent may have been there. */
void ruleset_blind(struct ruleset *set, int64_t now);

/*
 * Exceptions and maintenance for what another engine found; true when it is held back.
 * What rules find has been asked already.
 */
bool ruleset_holds_back(struct ruleset *set, const struct finding *f);

/* Forgets what thresholds have counted; all counters are zero. */
void ruleset_reset(struct ruleset *set);

/* ---- asking ------------------------------------------------------------------ */

const struct rule *ruleset_rules(const struct ruleset *set); /* the first, by ->next */
const struct value_list *ruleset_lists(const struct ruleset *set);
const struct rule *ruleset_rule(const struct ruleset *set, const char *name_or_id);
struct rule *ruleset_rule_of(struct ruleset *set,
                             const char *name); /* the same, by name */
const struct names *ruleset_names(const struct ruleset *set);

const struct override *ruleset_overrides(const struct ruleset *set);
const struct exception *ruleset_exceptions(const struct ruleset *set);
const struct maintenance *ruleset_maintenances(const struct ruleset *set);

/* 12 hexadecimal digits of what was loaded. */
const char *ruleset_version(const struct ruleset *set);

/* Bytes of memory; it does not grow. */
size_t ruleset_memory(const struct ruleset *set);

/* The first list that makes a rule sleep, or NULL. */
const struct value_list *rule_empty_list(const struct rule *rule);

/* Why it sleeps, without a stop; false when it is awake. */
bool rule_sleeps(const struct rule *rule, char *why, size_t size);

/* Why a record did not, or did, match: one sentence. */
void ruleset_why_not(struct ruleset *set, const struct rule *rule, const struct record *r,
                     char *out, size_t size);

/*
 * Replaces what a list holds by the items of a YAML sequence, until
 * ruleset_lists_restore(): what tests do.  False, and the error told, when the list
 * or an item is wrong.
 */
bool ruleset_list_set(struct ruleset *set, const char *name, const struct yaml *items,
                      struct diagnostics *d);
void ruleset_lists_restore(struct ruleset *set);

#endif
