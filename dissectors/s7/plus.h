#ifndef DISSECTORS_S7_PLUS_H
#define DISSECTORS_S7_PLUS_H

/*
 * What the files of the S7comm-plus dissector share.
 *
 * A body reads its function straight through; what follows that is not understood goes
 * into `rest`, since much of this protocol is not public.
 */

#include "dissectors/s7/iso.h"

enum { PLUS_ID = 0x72, PLUS_HEADER = 4, VERSION_EVENT = 0xfe };

enum plus_opcode {
    OPCODE_REQUEST = 0x31,
    OPCODE_RESPONSE = 0x32,
    OPCODE_NOTIFICATION = 0x33,
    OPCODE_RESPONSE_2 = 0x02,
};

enum plus_function {
    PLUS_ERROR = 0x04b1,
    PLUS_EXPLORE = 0x04bb,
    PLUS_CREATE_OBJECT = 0x04ca,
    PLUS_DELETE_OBJECT = 0x04d4,
    PLUS_SET_VARIABLE = 0x04f2,
    PLUS_GET_VARIABLE = 0x04fc,
    PLUS_ADD_LINK = 0x0506,
    PLUS_REMOVE_LINK = 0x051a,
    PLUS_GET_LINK = 0x0524,
    PLUS_SET_MULTI = 0x0542,
    PLUS_GET_MULTI = 0x054c,
    PLUS_BEGIN_SEQUENCE = 0x0556,
    PLUS_END_SEQUENCE = 0x0560,
    PLUS_INVOKE = 0x056b,
    PLUS_SET_STREAMED = 0x057c,
    PLUS_GET_STREAMED = 0x0586,
    PLUS_GET_ADDRESS = 0x0590,
    PLUS_ABORT = 0x059a,
    PLUS_ERROR_2 = 0x05a9,
    PLUS_INIT_SSL = 0x05b3,
    /* not functions on the wire */
    PLUS_NOTIFICATION = 0x3300,
    PLUS_EVENT = 0xfe00,
    PLUS_TLS = 0x1600,
};

enum value_type {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_USINT,
    VALUE_UINT,
    VALUE_UDINT,
    VALUE_ULINT,
    VALUE_SINT,
    VALUE_INT,
    VALUE_DINT,
    VALUE_LINT,
    VALUE_BYTE,
    VALUE_WORD,
    VALUE_DWORD,
    VALUE_LWORD,
    VALUE_REAL,
    VALUE_LREAL,
    VALUE_TIMESTAMP,
    VALUE_TIMESPAN,
    VALUE_RID,
    VALUE_AID,
    VALUE_BLOB,
    VALUE_WSTRING,
    VALUE_VARIANT,
    VALUE_STRUCT,
    VALUE_S7STRING = 0x19,
};

/* Ids of objects, classes and attributes that mean something here. */
enum plus_id {
    OBJECT_CPU = 52, /* the one that executes the program */
    CLASS_SUBSCRIPTION = 1001,
    CLASS_SESSION = 287,
    ATTRIBUTE_USER = 296,
    ATTRIBUTE_APPLICATION = 297,
    ATTRIBUTE_HOST = 298,
    ATTRIBUTE_SERVER_CHALLENGE = 303,
    ATTRIBUTE_CHALLENGE_ANSWER = 304,
    ATTRIBUTE_PASSWORD = 309,
    ATTRIBUTE_SYSTEM = 319, /* "1;6ES7 ...;V4.1" */
    ATTRIBUTE_SESSION_KEY = 1830,
    ATTRIBUTE_LEGITIMATE = 1846,
    ATTRIBUTE_STATE_REQUEST = 2167,
    ATTRIBUTE_STATE = 3486,
};

/* So begin the ids that are given out for a session and its subscriptions. */
enum { SESSION_OBJECTS = 0x70000000, PROGRAM_OBJECTS = 0x80000000 };

enum plus_violation {
    PLUS_LENGTH_DIFFERS = ISO_VIOLATIONS_END,
    PLUS_UNKNOWN_VERSION,
    PLUS_UNKNOWN_OPCODE,
    PLUS_UNKNOWN_FUNCTION,
    PLUS_RESPONSE_DIFFERS,
    PLUS_BAD_TRAILER,
    PLUS_DOWNGRADE,
};

enum plus_group { PLUS_OBJECTS = 1, PLUS_VALUES, PLUS_ITEMS, PLUS_NGROUPS };

enum plus_slot {
    PLUS_VERSION = ISO_SLOTS,
    PLUS_LENGTH,
    PLUS_INTEGRITY,
    PLUS_OPCODE,
    PLUS_SEQUENCE,
    PLUS_SESSION,
    PLUS_FLAGS,
    PLUS_RETURN,
    PLUS_RESULT,
    PLUS_OBJECT,
    PLUS_COUNT,
    PLUS_SUBSCRIPTION,
    PLUS_CREDIT,
    PLUS_OBJECT_ID,
    PLUS_OBJECT_CLASS,
    PLUS_VALUE_ID,
    PLUS_VALUE_TYPE,
    PLUS_VALUE_ARRAY,
    PLUS_VALUE_NUMBER,
    PLUS_VALUE_REAL,
    PLUS_VALUE_TEXT,
    PLUS_VALUE_DATA,
    PLUS_ITEM_AREA,
    PLUS_ITEM_REFERENCE,
    PLUS_ITEM_CRC,
    PLUS_STATE_REQUEST,
    PLUS_MODE,
    PLUS_ORDER,
    PLUS_FIRMWARE,
    PLUS_USER,
    PLUS_APPLICATION,
    PLUS_HOST,
    PLUS_PASSWORD,
    PLUS_ENCRYPTED,
    PLUS_REST,
    PLUS_NSLOTS
};

/* The PDU at hand. */
struct plus {
    struct exchange *x;
    struct record *r;
    const struct iso *iso;
    struct cursor c; /* behind what was read */
    unsigned version, opcode, function, sequence, flags;
    uint32_t session;
    size_t length; /* as its header says */
    bool digest;   /* something keeps it from being changed */
    bool trailer, asked, secret;
};

/* ---- plus_tables.c ---------------------------------------------------------- */

extern const struct field plus_fields[PLUS_NSLOTS];
extern const struct group plus_groups[PLUS_NGROUPS];
extern const struct label plus_functions[], plus_violations[];

/* ---- plus_values.c ----------------------------------------------------------- */

/* Numbers of seven bits a byte, most significant first. */
uint32_t plus_vlq(struct cursor *c);
uint64_t plus_vlq64(struct cursor *c);

/* A value with its flags and type, as a row; false when it is not understood. */
bool plus_value(struct plus *p, struct cursor *c, uint32_t id);

/* Objects with their attributes, until something else comes. */
void plus_objects(struct plus *p, struct cursor *c);

/* ---- plus_chain.c ------------------------------------------------------------ */

/* The chain of TPKTs that begins with one of `first` bytes: S7comm-plus sends a long PDU
 * in several, of which only the last has a trailer. */
long plus_chain(struct bytes b, long first);

/* Puts what such a chain carries into one piece in `room`. */
void plus_join(struct iso *iso, struct cursor *c, uint8_t *room);

/* ---- plus.c ------------------------------------------------------------------ */

enum verdict plus_message(struct exchange *x, const struct iso *iso);
enum verdict plus_tls(struct exchange *x, const struct iso *iso);
unsigned plus_sender(struct cursor payload);

#endif
