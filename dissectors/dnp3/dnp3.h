#ifndef DISSECTORS_DNP3_DNP3_H
#define DISSECTORS_DNP3_DNP3_H

/*
 * What the files of the DNP3 dissector share; nobody else includes this.
 *
 * Bytes go up through three layers: link.c takes the checksums out of a frame,
 * dnp3.c joins frames to a fragment, application.c pairs fragments and walks their
 * object headers, objects.c reads the objects by the rows of definitions.c.  What is
 * remembered between messages is in one `struct pair` for each master and outstation.
 */

#include "dissectors/dissector.h"

enum {
    HEADER = 10,         /* of a frame, its checksum included */
    BLOCK = 16,          /* bytes of user data that one checksum covers */
    USER_MAX = 250,      /* bytes of user data in a frame */
    LENGTH_MIN = 5,      /* control and two addresses */
    TRANSPORT_MASK = 63, /* of its sequence */
    SEQUENCE_MASK = 15,  /* of the application's */
    ADDRESS_RESERVED = 0xfff0,
    ADDRESS_BROADCAST = 0xfffd,
    ITEM_LENGTHS = 3, /* length fields in one object */
    SELECTED = 12,    /* objects of a select that are kept one by one */
};

enum control_bit {
    LINK_DIR = 0x80,
    LINK_PRM = 0x40,
    LINK_FCB = 0x20,
    LINK_FCV = 0x10,
    LINK_FUNCTION = 0x0f
};

enum primary_function {
    RESET_LINK = 0,
    RESET_PROCESS = 1,
    TEST_LINK = 2,
    CONFIRMED_DATA = 3,
    UNCONFIRMED_DATA = 4,
    REQUEST_STATUS = 9,
};

enum secondary_function {
    LINK_ACK = 0,
    LINK_NACK = 1,
    LINK_STATUS = 11,
    NOT_FUNCTIONING = 14,
    NOT_SUPPORTED = 15
};

enum transport_bit { TRANSPORT_FIN = 0x80, TRANSPORT_FIR = 0x40 };
enum application_bit { APP_FIR = 0x80, APP_FIN = 0x40, APP_CON = 0x20, APP_UNS = 0x10 };

enum function_code {
    CONFIRM = 0,
    READ = 1,
    WRITE = 2,
    SELECT = 3,
    OPERATE = 4,
    DIRECT_OPERATE = 5,
    DIRECT_OPERATE_NO_ACK = 6,
    OPEN_FILE = 25,
    CLOSE_FILE = 26,
    ABORT_FILE = 30,
    AUTHENTICATE = 32,
    RESPONSE = 129,
    UNSOLICITED = 130,
    AUTHENTICATE_RESPONSE = 131,
};

/* As tshark writes both bytes: the first in front. */
enum internal_indication {
    IIN_RESTART = 0x8000,
    IIN_NO_FUNCTION = 0x0001,
    IIN_UNKNOWN_OBJECT = 0x0002,
    IIN_PARAMETER = 0x0004,
    IIN_RESERVED = 0x00c0,
    IIN_EVENTS = 0x0f00, /* broadcast, and events of a class: they come and go */
};

enum group_number {
    ATTRIBUTES = 0,
    FILES = 70,
    AUTHENTICATION = 120,
};

enum point_table {
    BINARY_INPUT = 1,
    DOUBLE_BIT_INPUT,
    BINARY_OUTPUT,
    BINARY_COMMAND,
    COUNTER,
    COUNTER_DELTA,
    FROZEN_COUNTER,
    FROZEN_COUNTER_DELTA,
    ANALOG_INPUT,
    FROZEN_ANALOG_INPUT,
    ANALOG_DEADBAND,
    ANALOG_OUTPUT,
    ANALOG_COMMAND,
    INDICATION,
    BCD,
    UNSIGNED_INTEGER,
    SECURITY_STATISTIC,
};

/* A point's flags: the protocol has eight bits, of which three depend on the object. */
enum quality {
    ONLINE = 1,
    RESTART = 2,
    COMM_LOST = 4,
    REMOTE_FORCED = 8,
    LOCAL_FORCED = 16,
    CHATTER = 32,
    ROLLOVER = 64,
    OVER_RANGE = 128,
    DISCONTINUITY = 256,
    REFERENCE_ERROR = 512,
};

enum select_state {
    SELECT_MATCHED = 1,
    SELECT_LATE,
    SELECT_DIFFERS,
    SELECT_MISSING,
    SELECT_NOT_REQUIRED,
};

enum confirm_state {
    CONFIRM_EXPECTED = 1,
    CONFIRM_MATCHED,
    CONFIRM_UNEXPECTED,
};

enum file_mode { FILE_READ = 1, FILE_WRITE = 2, FILE_APPEND = 3 };

enum operation_kind { FILE_UPLOAD = 1, FILE_DOWNLOAD };

enum violation_own {
    BAD_START = VIOLATION_OWN,
    BAD_HEADER_CRC,
    BAD_BLOCK_CRC,
    LENGTH_TOO_SMALL,
    RESERVED_LINK_FUNCTION,
    DIRECTION_DIFFERS,
    RESERVED_ADDRESS,
    NO_FIRST_SEGMENT,
    SEGMENT_SEQUENCE,
    UNFINISHED_FRAGMENT,
    FRAGMENT_TOO_LONG,
    FRAGMENT_TOO_SHORT,
    FRAGMENT_SEQUENCE,
    REQUEST_IN_PARTS,
    RESERVED_FUNCTION,
    REQUEST_BY_OUTSTATION,
    RESPONSE_BY_MASTER,
    CONFIRM_ASKED_BY_MASTER,
    UNSOLICITED_BIT_WRONG,
    RESERVED_INDICATION,
    UNKNOWN_OBJECT,
    RESERVED_QUALIFIER,
    QUALIFIER_UNFIT,
    RANGE_BACKWARDS,
    OBJECT_SIZE_DIFFERS,
    NO_COMMON_TIME,
    ECHO_DIFFERS,
};

enum group_index {
    GROUP_OBJECT = 1,
    GROUP_SELECTION,
    GROUP_CONTROL,
    GROUP_ATTRIBUTE,
    GROUP_TIME,
    GROUP_STRING,
    GROUP_FILE,
    GROUP_AUTHENTICATION,
    GROUP_STORAGE,
    GROUP_REGISTRATION,
    GROUP_RAW,
    NGROUPS
};

/* The fields; a slot is the place in the table of tables.c. */
enum slot {
    LENGTH,
    FROM_MASTER,
    PRIMARY,
    FRAME_COUNT,
    FRAME_COUNT_VALID,
    FLOW_CONTROL,
    LINK_REQUEST,
    LINK_ANSWER,
    DESTINATION,
    SOURCE,
    OUTSTATION,
    MASTER,
    BROADCAST,
    HEADER_CRC,
    SEGMENT_FIN,
    SEGMENT_FIR,
    SEGMENT,
    FRAGMENT_LENGTH,
    FIR,
    FIN,
    CON,
    UNS,
    SEQUENCE,
    FUNCTION,
    IIN,
    IIN_NEW,
    CONFIRMATION,
    CONFIRM_MISSING,
    SELECT_UNUSED,
    OBJECT,
    OBJECT_GROUP,
    VARIATION,
    QUALIFIER,
    PREFIX,
    RANGE,
    START,
    STOP,
    ABSOLUTE,
    QUANTITY,
    SELECTION_INDEX,
    CONTROL_OBJECT,
    CONTROL_INDEX,
    CONTROL_OPERATION,
    CONTROL_QUEUE,
    CONTROL_TRIP,
    CONTROL_COUNT,
    CONTROL_ON,
    CONTROL_OFF,
    CONTROL_VALUE,
    CONTROL_STATUS,
    CONTROL_SELECT,
    ATTRIBUTE,
    ATTRIBUTE_SET,
    ATTRIBUTE_TYPE,
    ATTRIBUTE_LENGTH,
    ATTRIBUTE_TEXT,
    ATTRIBUTE_INTEGER,
    ATTRIBUTE_REAL,
    ATTRIBUTE_OCTETS,
    ATTRIBUTE_TIME,
    VENDOR,
    PRODUCT,
    FIRMWARE,
    HARDWARE,
    SERIAL,
    LOCATION,
    DEVICE_NAME,
    TIME_KIND,
    TIME_VALUE,
    TIME_INTERVAL,
    TIME_UNIT,
    TIME_DELAY,
    STRING_INDEX,
    STRING_OCTETS,
    STRING_TEXT,
    FILE_NAME_OFFSET,
    FILE_NAME_SIZE,
    FILE_KIND,
    FILE_CREATED,
    FILE_PERMISSIONS,
    FILE_KEY,
    FILE_SIZE,
    FILE_MODE,
    FILE_BLOCK_MAX,
    FILE_REQUEST,
    FILE_HANDLE,
    FILE_BLOCK,
    FILE_LAST,
    FILE_STATUS,
    FILE_NAME,
    FILE_USER,
    FILE_PASSWORD,
    FILE_TEXT,
    FILE_DATA,
    AUTH_KIND,
    AUTH_SEQUENCE,
    AUTH_USER,
    AUTH_MAC_ALGORITHM,
    AUTH_REASON,
    AUTH_KEY_WRAP,
    AUTH_KEY_STATUS,
    AUTH_ASSOCIATION,
    AUTH_STATISTIC,
    AUTH_ERROR,
    AUTH_ERROR_TIME,
    AUTH_ERROR_TEXT,
    AUTH_METHOD,
    AUTH_CERTIFICATE_TYPE,
    AUTH_OPERATION,
    AUTH_ROLE,
    AUTH_EXPIRY,
    AUTH_USER_NAME,
    AUTH_CHALLENGE,
    AUTH_MAC,
    AUTH_KEY,
    AUTH_PUBLIC_KEY,
    AUTH_CERTIFICATE,
    AUTH_SIGNATURE,
    STORAGE_FILL,
    STORAGE_OVERFLOW,
    STORAGE_GROUP,
    STORAGE_VARIATION,
    REGISTRATION_VENDOR,
    REGISTRATION_ID,
    REGISTRATION_DATA,
    RAW_DATA,
    NSLOTS
};

/* ---- frames: link.c -------------------------------------------------------------- */

/* One frame without its checksums. */
struct frame {
    struct cursor start; /* of the whole frame */
    uint8_t control, length;
    uint16_t destination, source, crc;
    bool header_right, blocks_right, whole;
    uint8_t nuser;
    uint8_t user[USER_MAX]; /* transport octet first */
};

uint16_t dnp3_crc(const uint8_t *at, size_t len);
long dnp3_length(const struct side *side, struct cursor head);
unsigned dnp3_sender(const struct side *side, struct cursor head);

/* Reads the frame that begins at c, and moves it behind; marks c when it ends early. */
void dnp3_frame(struct frame *f, struct cursor *c);

/* ---- what is remembered of a master and an outstation ---------------------------- */

struct selected {
    uint32_t index, hash;
    uint8_t group;
};

/* The last select: what it chose, until another request comes. */
struct selection {
    int64_t time; /* ns since 1970 */
    uint32_t hash;
    uint8_t sequence, operate_sequence, n;
    bool open, operated;
    struct selected objects[SELECTED];
};

struct pair {
    bool kept; /* in a session: it is there when the next message comes */
    struct operation file;
    uint32_t file_handle;
    uint8_t file_mode;
    uint8_t next_segment[2];
    bool gathering[2], unfinished[2];
    bool indications_known;
    uint8_t asked; /* sequence + 1 of the last request that wants an answer */
    uint32_t asked_hash, asked_controls;
    uint16_t indications; /* of the last response */
    uint8_t awaited[2];   /* sequence + 1 of what waits for a confirm; 0: nothing */
    struct selection select;
};

/* ---- the fragment: application.c ------------------------------------------------- */

struct object;

/* All that is known of a function code but its name and verbs. */
struct function {
    uint8_t code;
    bool data;   /* its object headers are followed by objects */
    bool silent; /* nobody answers it */
};

/* The fragment at hand. */
struct fragment {
    struct exchange *x;
    struct record *r;
    struct cursor *c; /* over the whole fragment */
    struct pair *pair;
    const struct function *function;
    uint32_t link;     /* dnp3_link() */
    uint32_t hash;     /* of all of it */
    uint32_t objects;  /* of what follows the function */
    uint32_t controls; /* of its commands, without their status */
    int64_t common_time;
    uint8_t control, code, sequence, side;
    uint8_t access; /* enum point_access, or NO_POINTS */
    bool broadcast;
    bool has_common_time, told_no_common_time;
    bool refused; /* some object says so */
};

enum { NO_POINTS = 255 };

const struct function *dnp3_function(unsigned code);

/* A whole fragment; f is the frame that completes it. */
void dnp3_fragment(struct exchange *x, const struct frame *f, struct pair *pair,
                   struct bytes all);

/* Both addresses, the outstation's in front: what frames of a pair have in common. */
uint32_t dnp3_link(const struct frame *f, unsigned side);

/* The link's fields, into r. */
void dnp3_put_link(struct record *r, const struct frame *f, unsigned side);

/* ---- objects: definitions.c, objects.c ------------------------------------------- */

/* How a point's flags octet is to be read. */
enum flags_kind {
    FLAGS_NONE,
    FLAGS_BINARY, /* the value is bit 7 */
    FLAGS_DOUBLE, /* the value is bits 6 and 7 */
    FLAGS_OUTPUT, /* the value is bit 7; bits 5 and 6 are reserved */
    FLAGS_COUNTER,
    FLAGS_ANALOG,
    FLAGS_COMMAND, /* a command's status; the value is bit 7 or follows */
};

/* How its value is coded: an enum point_type, or one of these. */
enum value_kind {
    VALUE_FLAG = POINT_TYPES, /* in the flags octet: a bit */
    VALUE_FLAGS,              /* in the flags octet: two bits */
    VALUE_BCD2,
    VALUE_BCD4,
    VALUE_BCD8,
};

enum time_kind { TIME_NONE, TIME_ABSOLUTE, TIME_RELATIVE };

/* How objects of a row lie in the fragment. */
enum shape {
    SHAPE_NONE,      /* the header says it all */
    SHAPE_POINT,     /* flags, value, time */
    SHAPE_STATISTIC, /* flags, association, value, time */
    SHAPE_BITS,      /* packed, one bit a point */
    SHAPE_PAIRS,     /* packed, two bits a point */
    SHAPE_PARTS,     /* fields, one after the other */
    SHAPE_STRING,    /* as many octets as the variation says */
    SHAPE_ATTRIBUTE, /* type, length, value */
    SHAPE_BLOCK,     /* control relay output block, pattern control block */
    SHAPE_SETPOINT,  /* value and status */
    SHAPE_RAW,       /* kept as it is; its size stands in front */
};

enum part_kind {
    PART_END,
    PART_NUMBER,  /* `size` octets into slot */
    PART_TIME,    /* 48 bits of ms */
    PART_SYNC,    /* the same, and what relative times add to */
    PART_DELAY,   /* two octets of s, or of ms where `size` is 1 */
    PART_FLAGGED, /* four octets, the highest bit into slot + 1 */
    PART_FILL,    /* one octet, likewise */
    PART_LENGTH,  /* two octets: how long a text that follows is */
    PART_KEPT,    /* the same, also into slot */
    PART_BYTES,   /* as long as the length of number `size` says */
    PART_SKIP,    /* `size` octets nobody needs */
    PART_FIXED,   /* `size` octets of text or bytes */
    PART_REST,    /* all that is left of the object */
};

struct part {
    uint8_t kind;
    uint8_t slot;
    uint8_t size;
};

/* One group and variation. */
struct object {
    uint8_t group, variation;
    uint8_t shape; /* enum shape */
    uint8_t table; /* enum point_table, or for parts enum group_index */
    uint8_t flags; /* enum flags_kind; for parts: what kind of row it is */
    uint8_t value; /* enum point_type, value_kind */
    uint8_t time;  /* enum time_kind */
    const struct part *parts;
};

/* NULL: the standard has no such object. */
const struct object *dnp3_object(unsigned group, unsigned variation);

/* What a header says of the objects behind it. */
struct header {
    const struct object *object;
    uint8_t group, variation;
    uint8_t prefix, range;
    uint64_t first; /* index of the first object without a prefix */
    uint64_t n;     /* how many objects follow, or are meant */
};

/* All object headers of a fragment, and what follows them. */
void dnp3_headers(struct fragment *a);

/* What stands in front of an object: its index or its size. */
uint64_t dnp3_prefix(const struct header *h, struct cursor *c);
bool dnp3_is_size(unsigned prefix);

/* ns since 1970, from 48 bits of ms. */
int64_t dnp3_time(struct cursor *c);

/* A number of up to eight octets, the lowest first. */
uint64_t dnp3_number(struct cursor *c, unsigned size);

/* A number read from `at` up to where c is, unless bytes were missing. */
void dnp3_set(struct record *r, const struct cursor *c, unsigned slot, uint64_t u,
              const uint8_t *at);

/* ---- attributes.c ---------------------------------------------------------------- */

void dnp3_attribute(struct fragment *a, const struct header *h, uint64_t set,
                    struct cursor *c);

/* ---- points.c -------------------------------------------------------------------- */

void dnp3_points(struct fragment *a, const struct header *h);
void dnp3_packed(struct fragment *a, const struct header *h);

/* One value as a run of its own; raw is of the wire. */
void dnp3_point(struct fragment *a, const struct header *h, uint64_t index, unsigned type,
                struct bytes raw);

/* ---- state.c --------------------------------------------------------------------- */

/* A command, from its first octet behind the index. */
void dnp3_control(struct fragment *a, const struct header *h, uint64_t index,
                  struct cursor *c);

/* The numbers of a file object, as far as they tell where its transfer stands. */
struct file_facts {
    unsigned mode, status, handle, bytes;
    bool has_mode, has_status, has_data;
};
void dnp3_file(struct fragment *a, const struct file_facts *facts);

/* A request that is no confirm, before its objects. */
void dnp3_request_comes(struct fragment *a);

/* After the objects of any fragment. */
void dnp3_objects_end(struct fragment *a);

void dnp3_indications(struct fragment *a, unsigned iin);
void dnp3_confirm(struct fragment *a);
void dnp3_await_confirm(struct fragment *a);

uint32_t dnp3_hash(uint32_t hash, struct bytes b);

/* ---- tables.c -------------------------------------------------------------------- */

extern const struct field dnp3_fields[NSLOTS];
extern const struct group dnp3_groups[NGROUPS];
extern const struct label dnp3_functions[], dnp3_tables[], dnp3_qualities[],
    dnp3_violations[], dnp3_operations[], dnp3_link_requests[], dnp3_link_answers[],
    dnp3_object_groups[];

/* As struct schema wants it. */
void dnp3_reference(unsigned table, unsigned type, uint64_t address, char *out,
                    size_t size);

#endif
