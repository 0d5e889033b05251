#ifndef SENSOR_EVE_FILE_H
#define SENSOR_EVE_FILE_H

/* A file of events we wrote, one JSON line each; lines that are none are passed over. */

#include <stdbool.h>
#include <stdio.h>

#include "sensor/core/bytes.h"

struct eve_file {
    FILE *in;
    char *line;
    size_t size;
};

/* "-" is stdin.  False when it cannot be read. */
bool eve_file_open(struct eve_file *f, const char *path);
void eve_file_close(struct eve_file *f);

/* The next line, until the call after; false at the end. */
bool eve_file_next(struct eve_file *f, struct bytes *line);

#endif
