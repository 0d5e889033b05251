#ifndef SENSOR_CEILING_H
#define SENSOR_CEILING_H

/*
 * What all tables of a live sensor come to when each is full, from the same
 * functions that say what their open functions allocate.
 */

#include "sensor/setup.h"

enum { CEILING_ROWS = 16 };

struct ceiling_row {
    const char *name;
    uint64_t bytes;
};

struct ceiling {
    struct ceiling_row rows[CEILING_ROWS];
    unsigned n;
    uint64_t sum;
};

/* rules may be NULL: without them. */
struct ceiling ceiling_of(const struct config *c, const struct ruleset *rules);

/* An error in d when it is above limits.memory, or there are too many workers. */
bool ceiling_check(const struct ceiling *ceiling, const struct config *c,
                   struct diagnostics *d);

/* By name, and "memory at the limits: 612 MiB of 1 GiB". */
void ceiling_print(const struct ceiling *ceiling, const struct config *c, FILE *out);

#endif
