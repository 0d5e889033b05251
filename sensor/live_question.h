#ifndef SENSOR_LIVE_QUESTION_H
#define SENSOR_LIVE_QUESTION_H

/*
 * What only analysis knows or may change, asked by main: the counters of rules, and
 * closing an alert.  A question travels as an order and comes back answered; main has
 * made it, with room for the answer, and frees it.
 */

#include "sensor/live_main.h"

enum question_kind { QUESTION_RULES, QUESTION_CLOSE };

struct rule_count {
    uint32_t id;
    bool asleep;
    uint64_t matched, found, held;
    int64_t last; /* ns since 1970; 0: never */
};

struct live_question {
    enum question_kind kind;
    uint64_t call; /* that waits for the answer */
    /* of QUESTION_RULES */
    unsigned n, room;
    struct rule_count *counts;
    /* of QUESTION_CLOSE: the alert whose id is within bounds */
    uint64_t low, high;
    unsigned found; /* how many there are: one is closed */
    char what[20];
};

/* Verbs of the control socket; the context is struct live_main. */
bool question_rules(void *context, const struct control_call *call, struct json *answer);
bool question_close(void *context, const struct control_call *call, struct json *answer);

/* Analysis answers; main tells, and lets go. */
void question_answer(struct analysis *a, struct live_question *q);
void question_done(struct live_main *m, struct live_question *q);

#endif
