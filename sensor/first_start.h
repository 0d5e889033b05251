#ifndef SENSOR_FIRST_START_H
#define SENSOR_FIRST_START_H

#include <stdint.h>

/*
 * When this sensor ran for the first time, ns since 1970: kept in its directory of
 * state, and set to `now` when nothing is there.  What cannot be read or written is as
 * if it were now.
 */
int64_t first_start(const char *state, int64_t now);

#endif
