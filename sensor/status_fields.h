#ifndef SENSOR_STATUS_FIELDS_H
#define SENSOR_STATUS_FIELDS_H

/*
 * The members of a status, one row each: JSON, its way back and the metrics follow
 * these tables.
 */

#include "sensor/status.h"

enum status_type {
    STATUS_COUNT,    /* uint64_t */
    STATUS_NUMBER,   /* unsigned */
    STATUS_PERCENT,  /* unsigned; a ratio as metric */
    STATUS_PERMILLE, /* uint64_t; a ratio as metric */
    STATUS_FLAG,     /* bool */
    STATUS_TEXT,     /* const char * */
    STATUS_CHARS,    /* char[room] */
    STATUS_ID,       /* uint64_t as 16 digits; 0 is left out */
    STATUS_TIME,     /* int64_t, ns since 1970; 0 is left out */
    STATUS_SPAN,     /* int64_t, ns; JSON has microseconds */
};

struct status_field {
    const char *name; /* NULL ends a table */
    enum status_type type;
    size_t offset;
    size_t room;
    /* Without "sightglass_"; NULL: no metric.  A counter ends in _total. */
    const char *metric;
    const char *help;  /* NULL: the metric of the row before, with another label */
    const char *label; /* severity="low"; NULL: none */
};

/* Members of one object, of each entry of an array, or of an object for each name. */
struct status_part {
    const char *name; /* "" : the status itself; NULL ends the list */
    const struct status_field *fields;
    size_t offset; /* in struct status */
    size_t size;   /* of an entry; 0: there is one */
    size_t count;  /* offset of the number of entries, an unsigned */
    unsigned most;
    bool keyed;        /* an object by name, not an array */
    const char *label; /* what metrics call the entry's name, its first field */
};

extern const struct status_part status_parts[];

/* How many entries the part has, and where they begin. */
unsigned status_entries(const struct status_part *p, const struct status *s);

#endif
