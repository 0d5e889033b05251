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
};

struct verb_error {
    char error[CONTROL_TEXT];
    const char *hint; /* or NULL */
};

/*
 * What shall be muted; or a refusal.  When *high is not 0, it is about the alert whose
 * id is within these bounds: somebody has to find its root cause before it is kept.
 */
bool verb_mute_read(const struct verb_mutes *v, const struct control_call *call,
                    struct mute *m, uint64_t *low, uint64_t *high);

/* With the root cause of so many alerts: false unless it is one. */
bool verb_mute_found(struct mute *m, unsigned n, uint64_t root, struct verb_error *why);

/* Adds it to the list, kept on disk; what could not be kept is not in force either. */
bool verb_mute_keep(const struct verb_mutes *v, const struct mute *m, struct json *answer,
                    struct verb_error *why);

bool verb_unmute(const struct verb_mutes *v, const struct control_call *call,
                 struct json *answer);

/* How far the latest test alert has come; which outputs it goes to is in c. */
void verb_test_state(const struct status_outputs *s, const struct config *c,
                     struct json *answer);

/* "text": what was wrong, as `check` prints it; "errors", "warnings": how many. */
void verb_diagnostics(const struct diagnostics *d, struct json *answer);

#endif
