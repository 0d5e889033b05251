#ifndef CORE_ENCODE_H
#define CORE_ENCODE_H

/*
 * A record of any kind as one JSON line in the shape of Suricata's EVE.
 *
 * The envelope is EVE's; everything of ours is inside one object, `ot`, and the
 * protocol's own fields inside ot.<protocol>, driven by the schema's table alone.
 * A path has one JSON type for ever:
 *
 *      bool      true                     text      "V3.30"
 *      int       4711                     bytes     "0a00"
 *      real      4.8, 4.0                 address   "10.20.3.7"
 *      enum      NAME: "stop", NAME_code: 41; unknown: "unknown_91", 91;
 *                worked out, not on the wire: NAME alone
 *      flags     ["restart", "bit_17"]    time      "2026-03-04T09:12:44.318226+0000"
 *      duration  NAME_ms: 11.4            secret    NAME_present: true, never more
 *      group     plural of its name: [{...}, ...]; NAMES_total when it was cut
 *
 * The response's copy of a field both messages bring is in ot.<protocol>.response,
 * and so are the response's rows of a group that both bring.  What names function
 * and child is ot.function and ot.unit, and is not told again below.
 *
 * The encoder borrows the record for the call; one thread uses one encoder.
 */

#include <limits.h>
#include <stdio.h>

#include "sensor/core/community.h"
#include "sensor/core/json.h"
#include "sensor/core/record.h"

/* Where packets come from: record.source is the place in the table. */
struct encode_source {
    const char *name; /* "plant.pcap", "span0" */
    bool file;        /* else an interface */
};

struct encode_limits {
    unsigned points; /* of a line */
    unsigned rows;   /* of each group */
    unsigned text;   /* bytes of a TEXT or BYTES value */
};

extern const struct encode_limits encode_all; /* no limits */

struct encoder {
    const char *host;                    /* NULL leaves it out */
    const struct encode_source *sources; /* borrowed */
    unsigned nsources;
    struct encode_limits
        limits; /* what a record's line shows; the totals tell the rest */
    struct community community;
};

/* Everything else zero: no host, no sources, no limits. */
void encoder_open(struct encoder *e);

/*
 * One line with its newline; 0, and a void buffer, when it did not fit.  Two thousand
 * points take 300 KiB: give it a flush function, or set limits.
 */
size_t encode_record(struct encoder *e, const struct record *r, struct json *j);

/* ---- the parts, for what is built from a record: alerts ---------------------- */

/* flow_id ... direction, host: members of the outermost object. */
void encode_envelope(struct encoder *e, const struct record *r, struct json *j);

/* The object `flow`. */
void encode_flow(const struct record *r, struct json *j);

/* Members of `ot`: outcome, verb ... response_time_ms. */
void encode_course(const struct record *r, struct json *j);

/* client, server, unit, device. */
void encode_parties(const struct record *r, struct json *j);

/* request, response, violations, operation, left_out. */
void encode_messages(const struct record *r, struct json *j);

/* The object `key`, an element when it is NULL. */
void encode_point(const struct record *r, const struct point *p, const char *key,
                  struct json *j);

/* points and points_total; nothing when there is none. */
void encode_points(const struct record *r, unsigned most, struct json *j);

/* ot.<protocol> */
void encode_protocol(const struct record *r, const struct encode_limits *limits,
                     struct json *j);

/* How a group is called where it is a list: "files"; returns out. */
const char *encode_plural(const char *name, char out[JSON_KEY]);

/* ---- the JSON Schema of all this ------------------------------------------- */

enum shape_type {
    SHAPE_TEXT,
    SHAPE_INT,
    SHAPE_REAL,
    SHAPE_BOOL,
    SHAPE_TIME,
    SHAPE_OBJECT,
    SHAPE_TYPES,
    SHAPE_LIST = 16, /* added to one of the above: a list of those */
};

/* A member of what is sent; a NULL name ends a list of them. */
struct shape {
    const char *name;
    unsigned type; /* enum shape_type */
    const char *doc;
    const struct shape *members; /* of an object */
    const struct label *labels;  /* the only texts there are; NULL: any */
};

/* What one program sends: members that others add to EVE's envelope and to ot. */
struct encode_parts {
    const struct schema *const *schemas; /* of all records */
    unsigned nschemas;
    const struct shape *envelope, *ot; /* may be NULL */
    const struct label *event_types;   /* beside those of records; may be NULL */
};

/* The members of a point, for what shows one more. */
extern const struct shape encode_point_nodes[];

/* JSON Schema, draft 2020-12, of every event; false when writing failed. */
bool encode_schema(FILE *out, const struct encode_parts *parts);

#endif
