#ifndef SENSOR_STATS_H
#define SENSOR_STATS_H

/* Every counter of a run as one JSON line, event_type `stats`. */

#include "sensor/replay.h"

void stats_print(FILE *out, const struct replay *replay);

#endif
