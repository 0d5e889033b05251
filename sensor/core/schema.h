#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

/*
 * What a kind of record carries, told once.
 *
 * JSON and its schema, rules, `sightglass fields`, the comparison with
 * Wireshark, inventory and baseline all read these tables; none of them knows
 * a protocol.  A field's slot is its place in the table.  Schemas are constant
 * data: nobody owns or changes them, every thread may read them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHEMA_FIELDS = 256, SCHEMA_GROUPS = 16 };

/* What a message asks of a device, whatever its protocol calls that: a set. */
enum verb {
    VERB_READ = 1 << 0,
    VERB_WRITE = 1 << 1,
    VERB_COMMAND = 1 << 2,
    VERB_PROGRAM = 1 << 3,
    VERB_MODE = 1 << 4,
    VERB_CONFIGURE = 1 << 5,
    VERB_FILE = 1 << 6,
    VERB_TIME = 1 << 7,
    VERB_DIAGNOSE = 1 << 8,
    VERB_DISCOVER = 1 << 9,
    VERB_AUTHENTICATE = 1 << 10,
    VERB_SESSION = 1 << 11,
    VERB_REPORT = 1 << 12,
    VERB_OTHER = 1 << 13, /* none of the above: never beside another */
};

enum field_type {
    FIELD_BOOL,
    FIELD_INT, /* below 2^63; signed where the protocol says so */
    FIELD_REAL,
    FIELD_TEXT, /* bytes that are meant to be read by people */
    FIELD_BYTES,
    FIELD_ENUM,     /* a code with labels; unknown codes stay numbers */
    FIELD_FLAGS,    /* a mask with labels, one for each bit */
    FIELD_TIME,     /* ns since 1970 UTC */
    FIELD_DURATION, /* ns */
    FIELD_ADDRESS,  /* 4 or 16 bytes of IP, 6 of MAC */
    FIELD_TYPES
};

/* Which message of a transaction brings the field; for BOTH each copy is kept. */
enum field_side { SIDE_REQUEST = 1, SIDE_RESPONSE = 2, SIDE_BOTH = 3 };

enum field_flag {
    FIELD_IDENTITY = 1 << 0, /* part of what makes two polls the same */
    FIELD_CHILD = 1 << 1,    /* names the device behind the server */
    FIELD_SECRET = 1 << 2,   /* never leaves: shown as present, without its value */
    FIELD_FUNCTION = 1 << 3, /* the one that says what is asked: `function` everywhere */
    FIELD_DERIVED = 1 << 4,  /* worked out, not on the wire: an enum without a code */
    FIELD_HEX = 1 << 5,      /* an integer people write in hexadecimal */
};

/* The name of a code (ENUM) or of a bit's mask (FLAGS); a NULL name ends a table. */
struct label {
    uint32_t code;
    const char *name;
    uint32_t verbs; /* default verbs of this code: enum verb */
    const char *doc;
};

struct field {
    const char *name; /* without the schema's: "function" */
    enum field_type type;
    const char *doc;
    const struct label *labels; /* ENUM and FLAGS */
    const char *wireshark;      /* display-filter fields that must agree, space between */
    const char *says;           /* the asset fact it states: "vendor", "firmware" */
    uint8_t side;               /* enum field_side; 0 means REQUEST */
    uint8_t group;              /* index into groups; 0: once in a record */
    uint16_t flags;             /* enum field_flag */
};

/* Something a record holds any number of. */
struct group {
    const char *name; /* "item", "object": as in `any item (...)` */
    const char *doc;
};

struct schema {
    const char *name;  /* "modbus" */
    const char *title; /* "Modbus" */
    const struct field *fields;
    unsigned nfields;
    const struct group *groups; /* [0] is unused; NULL when there are none */
    unsigned ngroups;
    const struct label *tables;     /* where points live: coil, holding_register */
    const struct label *qualities;  /* bits of a point's quality, or NULL */
    const struct label *violations; /* reasons of this protocol; see VIOLATION_OWN */
    const struct label *operations; /* kinds of operation that take minutes */
    const char *child;     /* "unit": a device is "10.0.0.1/unit:3"; NULL: none */
    const char *wireshark; /* the display filter that finds this protocol's frames */
    /* How papers call a point ("40101"), at most `size` bytes with the zero; `type` is
     * the enum point_type of its value. */
    void (*reference)(unsigned table, unsigned type, uint64_t address, char *out,
                      size_t size);
};

/* Reasons every protocol shares; a protocol's own begin at VIOLATION_OWN. */
enum violation_reason {
    VIOLATION_TRUNCATED = 1,    /* the message ends before its fields do */
    VIOLATION_SURPLUS,          /* bytes are left over */
    VIOLATION_NO_REQUEST,       /* an answer nobody asked for */
    VIOLATION_DUPLICATE_ANSWER, /* a second answer to the same request */
    VIOLATION_CUT,              /* the capture holds only a part of the message */
    VIOLATION_INCOMPLETE,       /* an answer of several messages that ends too early */
    VIOLATION_OWN = 16
};

extern const struct label common_violations[];

/* The name of a violation's reason in a record of this schema; never NULL. */
const char *violation_name(const struct schema *s, unsigned reason);

/* Verbs in their order of weight, heaviest first; a NULL name ends it. */
extern const struct label verb_labels[];

/* The heaviest verb of a set: mode, program, command, write, ... "other". */
const char *verb_name(uint32_t verbs);

const char *field_type_name(enum field_type type);

/* NULL when no label has it. */
const struct label *label_of(const struct label *labels, uint64_t code);
const struct label *label_named(const struct label *labels, const char *name);

/* The slot of a field or the index of a group, -1 when there is none. */
int schema_slot(const struct schema *schema, const char *name);
int schema_group(const struct schema *schema, const char *name);

/* The slot of the field that has a flag, -1 when none has. */
int schema_flagged(const struct schema *schema, enum field_flag flag);

#endif
