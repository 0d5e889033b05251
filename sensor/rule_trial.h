#ifndef SENSOR_RULE_TRIAL_H
#define SENSOR_RULE_TRIAL_H

/*
 * Captures replayed for the sake of rules: for their tests, to explain an alert, to see
 * what a new capture would raise.
 */

#include "rules/rules_test.h"
#include "sensor/replay.h"

struct trial_sensor {
    struct setup *setup;           /* as the command line said */
    struct setup_options options;  /* the same */
    struct setup fixture;          /* what the latest test has put in its place */
    const struct rule_test *fixed; /* that test; NULL: none */
};

/* Rules that name what setup_load() was told, for each fixture the same files. */
void trial_open(struct trial_sensor *s, struct setup *setup,
                const struct setup_options *options);
void trial_close(struct trial_sensor *s);

/* For struct rules_replayer, whose context is the sensor. */
struct ruleset *trial_fixture(void *sensor, const struct rule_test *test,
                              struct ruleset *set, char why[RULES_TEST_WHY]);
bool trial_replay(void *sensor, const struct rules_replay *what,
                  char why[RULES_TEST_WHY]);

/*
 * One capture, each event to `tell` as it happens; `analysis` is the one that runs, so
 * that `at_hand` is the finding an alert is told of.
 */
bool trial_run(struct setup *setup, const char *pcap, struct analysis *analysis,
               void (*tell)(void *to, const struct event *e), void *to,
               char why[RULES_TEST_WHY]);

#endif
