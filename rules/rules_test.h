#ifndef RULES_RULES_TEST_H
#define RULES_RULES_TEST_H

/*
 * Runs the tests rules bring: a capture is replayed with the rule set, and the
 * alerts of that rule are counted and looked at.
 *
 * Replaying belongs to layers above, so the caller gives it.  A rule that raises
 * too few alerts, too many, or others than it says, fails.
 */

#include "rules/rewrite.h"
#include "rules/ruleset.h"

enum { RULES_TEST_WHY = 256, RULES_TEST_LINE = 16 * 1024 + 1 };

/* What one test replays. */
struct rules_replay {
    const char *pcap;
    struct ruleset *set;
    void (*alert)(void *to, const char *json, size_t len); /* each line it would send */
    void *to;
};

struct rules_replayer {
    void *context;
    const char
        *directory; /* of captures and fixtures that do not stand beside the rules */
    /*
     * The rule set a test runs with: `set`, or another one where the test brings what
     * stands in place of the sensor's own.  NULL, with the reason, when it cannot.
     */
    struct ruleset *(*fixture)(void *context, const struct rule_test *test,
                               struct ruleset *set, char why[RULES_TEST_WHY]);
    /* False, with the reason in `why`, when it cannot. */
    bool (*replay)(void *context, const struct rules_replay *what,
                   char why[RULES_TEST_WHY]);
};

struct rules_test_result {
    unsigned passed, failed;
    unsigned untested;                 /* rules without a test that would alert */
    unsigned mutants, survived, equal; /* of rules_test_mutate() */
};

struct rules_test_options {
    const struct rule *only; /* or NULL: all */
    bool verbose;
    FILE *out;               /* failures, and with `verbose` everything */
    struct rewrites *update; /* what tests should say, instead of failing; or NULL */
};

/* All tests of all rules, or those of one. */
struct rules_test_result rules_test_run(struct ruleset *set,
                                        const struct rules_replayer *replayer,
                                        const struct rules_test_options *options);

/* Drops each clause of each rule in turn, and tells those that no test misses. */
struct rules_test_result rules_test_mutate(struct ruleset *set,
                                           const struct rules_replayer *replayer,
                                           const struct rules_test_options *options);

/* A file a test names: beside the rules file, else in the directory. */
void rules_test_path(const struct rules_replayer *replayer, const struct rule_test *test,
                     const char *name, char *out, size_t size);

#endif
