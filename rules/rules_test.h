#ifndef RULES_RULES_TEST_H
#define RULES_RULES_TEST_H

/*
 * Runs the tests rules bring: a capture is replayed with the rule set, and the
 * alerts of that rule are counted and looked at.
 *
 * Replaying belongs to layers above, so the caller gives it.  A rule that raises
 * too few alerts, too many, or others than it says, fails.
 */

#include "rules/ruleset.h"

enum { RULES_TEST_WHY = 256 };

/* What one test replays. */
struct rules_replay {
    const char *pcap;
    const char *config; /* or NULL */
    struct ruleset *set;
    void (*alert)(void *to, const char *json, size_t len); /* each line it would send */
    void *to;
};

struct rules_replayer {
    void *context;
    /* False, with the reason in `why`, when it cannot. */
    bool (*replay)(void *context, const struct rules_replay *what,
                   char why[RULES_TEST_WHY]);
};

struct rules_test_result {
    unsigned passed, failed;
    unsigned untested; /* rules without a test that would alert */
};

/*
 * All tests of all rules, or those of one.  `directory` stands before the names of
 * captures.  Failures, and with `verbose` everything, are written to `out`.
 */
struct rules_test_result rules_test_run(struct ruleset *set, const struct rule *only,
                                        const struct rules_replayer *replayer,
                                        const char *directory, bool verbose, FILE *out);

/* What stands at a path such as "ot.points[0].reference" of a JSON object; raw. */
bool rules_test_find(struct bytes json, const char *path, struct bytes *out);

#endif
