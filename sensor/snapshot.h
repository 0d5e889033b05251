#ifndef SENSOR_SNAPSHOT_H
#define SENSOR_SNAPSHOT_H

/*
 * All a sensor has at one moment, as files in a directory of their own:
 * STATE/snapshots/20260304T091244/.
 *
 * Parts are written by whoever owns what is in them, by any thread: each only reads the
 * snapshot's path.  The directory has its name when all are there; until then it is
 * called as what it is, unfinished.  There is an end to how many are kept, and none is
 * removed but by people.
 */

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "sensor/core/bytes.h"

enum { SNAPSHOTS = 8, SNAPSHOT_TEXT = 256 };

struct snapshot {
    char path[PATH_MAX - 64];  /* when it is whole */
    char unfinished[PATH_MAX]; /* until then */
};

/* Makes the directory.  `now` is ns since 1970.  False, and why. */
bool snapshot_open(struct snapshot *s, const char *state, int64_t now,
                   char why[SNAPSHOT_TEXT]);

/* Where the part goes that has this name; returns out. */
const char *snapshot_part(const struct snapshot *s, const char *name, char out[PATH_MAX]);

bool snapshot_text(const struct snapshot *s, const char *name, struct bytes text,
                   char why[SNAPSHOT_TEXT]);

/* On disk and under its name; with ok false, removes what is there of it. */
bool snapshot_close(const struct snapshot *s, bool ok, char why[SNAPSHOT_TEXT]);

#endif
