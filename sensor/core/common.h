#ifndef CORE_COMMON_H
#define CORE_COMMON_H

/*
 * The fields every record has, whatever its schema: who, whom, what, how it went.
 *
 * Told in a table like a protocol's, so that rules, templates, JSON and the manual
 * treat both alike; common_get() is their reader.
 */

#include "sensor/core/record.h"

enum common_slot {
    COMMON_TIME,
    COMMON_PROTOCOL, /* the schema's name: TEXT */
    COMMON_CLIENT,
    COMMON_CLIENT_PORT,
    COMMON_CLIENT_MAC,
    COMMON_SERVER,
    COMMON_SERVER_PORT,
    COMMON_SERVER_MAC,
    COMMON_SRC,
    COMMON_DST,
    COMMON_VLAN, /* several values */
    COMMON_TRANSPORT,
    COMMON_UNIT,     /* the field flagged CHILD */
    COMMON_DEVICE,   /* "10.20.3.7/unit:3", or the server alone: TEXT */
    COMMON_FUNCTION, /* the label of the field flagged FUNCTION, "unknown_91": TEXT */
    COMMON_FUNCTION_CODE,
    COMMON_VERB,      /* FLAGS: verb_labels */
    COMMON_OUTCOME,   /* ENUM: outcome_labels; absent while open */
    COMMON_VIOLATION, /* several values: names, TEXT */
    COMMON_RESPONSE_TIME,
    COMMON_POINTS_TOTAL,
    COMMON_MIDSTREAM,
    COMMON_ONE_WAY,
    COMMON_OPERATION,       /* the label of its kind: TEXT */
    COMMON_OPERATION_STATE, /* ENUM: operation_state_labels */
    COMMON_OPERATION_STEPS,
    COMMON_OPERATION_BYTES,
    COMMON_CLIENT_NAME, /* what the site says of both, absent where it says nothing */
    COMMON_CLIENT_ZONE,
    COMMON_CLIENT_LEVEL,
    COMMON_CLIENT_ROLE,
    COMMON_CLIENT_KNOWN,
    COMMON_SERVER_NAME,
    COMMON_SERVER_ZONE,
    COMMON_SERVER_LEVEL,
    COMMON_SERVER_ROLE,
    COMMON_SERVER_KNOWN,
    COMMON_CROSSES_ZONE,
    COMMON_CROSSES_BOUNDARY,
    COMMON_SERVICE,     /* of a flow; else the protocol: TEXT */
    COMMON_PROTOCOL_OT, /* a dissector understands it */
    COMMON_FIELDS
};

extern const struct field common_fields[COMMON_FIELDS];

/* The fields of a point inside `any point (...)`: the same way. */
enum point_slot {
    POINT_TABLE, /* TEXT: the label of the schema's tables */
    POINT_ADDRESS,
    POINT_REFERENCE, /* TEXT */
    POINT_VALUE,
    POINT_TYPE,    /* ENUM: point_type_labels */
    POINT_ACCESS,  /* ENUM: point_access_labels */
    POINT_QUALITY, /* FLAGS: the schema's qualities */
    POINT_FIELDS
};

extern const struct field point_fields[POINT_FIELDS];

enum { DATUM_TEXT = 72 };

/* One value, wherever it came from. */
struct datum {
    uint8_t type; /* enum field_type */
    const struct label *labels;
    uint64_t u;     /* BOOL, ENUM, FLAGS */
    int64_t i;      /* INT, TIME, DURATION */
    double r;       /* REAL */
    struct bytes b; /* TEXT, BYTES, ADDRESS; borrowed from the record or from `text` */
    char text[DATUM_TEXT];
};

/*
 * The nth value of a common field; false when there is none.  Most have at most
 * one: n is 0.  out->b may point into out: do not copy the struct.
 */
bool common_get(const struct record *r, enum common_slot slot, unsigned n,
                struct datum *out);

/* A field of the record's own schema that stands outside any group. */
bool record_datum(const struct record *r, const struct value *v, struct datum *out);

bool point_get(const struct record *r, const struct point *p, enum point_slot slot,
               struct datum *out);

#endif
