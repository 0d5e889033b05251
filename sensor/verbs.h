#ifndef SENSOR_VERBS_H
#define SENSOR_VERBS_H

/*
 * What verbs of the control socket do, apart from who runs the sensor: each is given
 * what it works on, and the owner's table of verbs has a line that calls it.
 */

#include "rules/ruleset.h"
#include "sensor/control.h"
#include "sensor/mutes.h"
#include "sensor/status.h"

/* For the table of verbs. */
extern const char verb_evidence_takes[], verb_mute_takes[], verb_unmute_takes[],
    verb_test_takes[];

/*
 * The evidence of the one alert whose id begins so goes along, open: the first file of
 * "files"; the others are of its updates.  With several alerts they are all there is.
 */
bool verb_evidence(const char *directory, const struct control_call *call,
                   struct json *answer);

struct verb_mutes {
    struct mutes *mutes;
    const char *file;            /* where they are kept */
    const struct ruleset *rules; /* NULL: none */
    int64_t now;                 /* ns since 1970 */
    /* The root cause of an alert whose id is within these bounds: how many there are. */
    unsigned (*root_of)(void *context, uint64_t low, uint64_t high, uint64_t *root);
    void *context;
};

/* True, with the list changed and kept, or a refusal. */
bool verb_mute(const struct verb_mutes *v, const struct control_call *call,
               struct json *answer);
bool verb_unmute(const struct verb_mutes *v, const struct control_call *call,
                 struct json *answer);

/* How far the latest test alert has come; which outputs it goes to is in c. */
void verb_test_state(const struct status_outputs *s, const struct config *c,
                     struct json *answer);

/* "text": what was wrong, as `check` prints it; "errors", "warnings": how many. */
void verb_diagnostics(const struct diagnostics *d, struct json *answer);

#endif
