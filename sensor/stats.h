#ifndef SENSOR_STATS_H
#define SENSOR_STATS_H

/*
 * Counters as one JSON line, event_type `stats`: of a replay each there is, of a live
 * sensor what `status` tells.
 */

#include "sensor/replay.h"
#include "sensor/status.h"

enum { STATS_LINE = 48 * 1024 }; /* the longest there can be */

void stats_print(FILE *out, const struct replay *replay);

/* Its length with the newline; 0 when it did not fit. */
size_t stats_line(const struct status *s, char *out, size_t size);

#endif
