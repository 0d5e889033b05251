#ifndef RULES_CSV_H
#define RULES_CSV_H

/*
 * The fields of a CSV file, each with its place: commas between, double quotes
 * around what holds a comma, a quote (doubled) or a line end.
 */

#include "sensor/core/diagnostic.h"

struct csv {
    const struct source *source;
    const uint8_t *next, *end, *line_start;
    uint32_t line;
    struct place at; /* of the field at hand */
    bool last;       /* the field at hand is the last of its line */
};

void csv_open(struct csv *c, const struct source *source);

/* The next field without blanks around it; false at the end of the file. */
bool csv_field(struct csv *c, struct arena *arena, const char **out);

#endif
