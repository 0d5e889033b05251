#ifndef DISSECTORS_S7_S7_H
#define DISSECTORS_S7_S7_H

/*
 * What the files of the S7comm dissector share; nobody else includes this.
 *
 * A body reads its part of the PDU straight through and leaves what it does not know
 * in the cursor; what is left of the parameters and of the data goes, raw, into
 * `parameter_rest` and `data_rest`, but for what may hold a password.
 */

#include "dissectors/s7/iso.h"

enum {
    PROTOCOL_ID = 0x32,
    JOB_HEADER = 10, /* bytes of the header of jobs and userdata; of answers two more */
    ANSWER_HEADER = 12,
};

enum rosctr { ROSCTR_JOB = 1, ROSCTR_ACK = 2, ROSCTR_ACK_DATA = 3, ROSCTR_USERDATA = 7 };

enum function_code {
    CPU_SERVICES = 0x00,
    READ_VAR = 0x04,
    WRITE_VAR = 0x05,
    REQUEST_DOWNLOAD = 0x1a,
    DOWNLOAD_BLOCK = 0x1b,
    DOWNLOAD_ENDED = 0x1c,
    START_UPLOAD = 0x1d,
    UPLOAD = 0x1e,
    END_UPLOAD = 0x1f,
    PI_START = 0x28,
    PLC_STOP = 0x29,
    SETUP = 0xf0,
    USERDATA = 0x1000, /* and group, and sub-function */
};

enum userdata_group {
    GROUP_MODE = 0,
    GROUP_PROGRAMMER = 1,
    GROUP_CYCLIC = 2,
    GROUP_BLOCK = 3,
    GROUP_CPU = 4,
    GROUP_SECURITY = 5,
    GROUP_PBC = 6,
    GROUP_TIME = 7,
    GROUP_NC = 15,
};

#define USERDATA_OF(group, sub) (USERDATA | (group) << 8 | (sub))

/* Of userdata: low half of 4 and 8 is a request and its answer, 0 is sent unasked. */
enum userdata_type {
    TYPE_PUSH = 0,
    TYPE_NC_PUSH = 3,
    TYPE_REQUEST = 4,
    TYPE_NC_REQUEST = 7,
    TYPE_RESPONSE = 8,
    TYPE_NC_RESPONSE = 11,
};

/* Where points live. */
enum area {
    AREA_INPUT = 0x81,
    AREA_OUTPUT = 0x82,
    AREA_MERKER = 0x83,
    AREA_DB = 0x84,
    AREA_DI = 0x85,
    AREA_LOCAL = 0x86,
    AREA_PERIPHERAL = 0x80,
    AREA_V = 0x87,
    AREA_COUNTER = 0x1c,
    AREA_TIMER = 0x1d,
    AREA_IEC_COUNTER = 0x1e,
    AREA_IEC_TIMER = 0x1f,
    AREA_SYSTEM = 0x03,
    AREA_FLAGS_200 = 0x05,
    AREA_ANALOG_IN = 0x06,
    AREA_ANALOG_OUT = 0x07,
    AREA_RECORD = 0x01,
};

enum syntax {
    SYNTAX_ANY = 0x10,
    SYNTAX_PBC = 0x13,
    SYNTAX_ALARM_LOCK = 0x15,
    SYNTAX_ALARM_IND = 0x16,
    SYNTAX_ALARM_ACK = 0x19,
    SYNTAX_ALARM_QUERY = 0x1a,
    SYNTAX_NOTIFY = 0x1c,
    SYNTAX_NCK = 0x82,
    SYNTAX_NCK_METRIC = 0x83,
    SYNTAX_NCK_INCH = 0x84,
    SYNTAX_DRIVE = 0xa2,
    SYNTAX_DBREAD = 0xb0,
    SYNTAX_SYMBOLIC = 0xb2,
};

enum pi_service {
    PI_WARM_START = 1,
    PI_COLD_START,
    PI_ACTIVATE,
    PI_ACTIVATE_AGAIN,
    PI_DELETE,
    PI_COMPRESS,
    PI_COPY_RAM_TO_ROM,
    PI_LOGIN,
    PI_LOGOUT,
    PI_NUMERIC_CONTROL,
    PI_OTHER,
};

/* What a CPU does, whichever list or message tells it. */
enum mode {
    MODE_STOP = 1,
    MODE_STARTUP,
    MODE_RUN,
    MODE_HOLD,
    MODE_DEFECT,
    MODE_UPDATE,
    MODE_LINK_UP,
    MODE_RUN_REDUNDANT,
};

enum operation_kind { OPERATION_DOWNLOAD = 1, OPERATION_UPLOAD };

enum s7_violation {
    UNKNOWN_ROSCTR = ISO_VIOLATIONS_END,
    PARTS_DIFFER,
    UNKNOWN_FUNCTION,
    RESPONSE_FUNCTION_DIFFERS,
    REFERENCE_REUSED,
    PDU_TOO_LONG,
    BAD_ITEM,
    ITEM_OVERRUN,
    ITEM_COUNT_DIFFERS,
    RESPONSE_ITEMS_DIFFER,
    BAD_USERDATA,
    UNKNOWN_GROUP,
    BAD_SZL,
    BAD_BLOCK,
};

enum group_index { GROUP_ITEM = 1, GROUP_DATA, GROUP_BLOCK_ROW, GROUP_SZL, NGROUPS };

/* The fields; a slot is the place in the table of s7_tables.c. */
enum s7_slot {
    ROSCTR = ISO_SLOTS,
    JOB,
    REFERENCE,
    PARAMETER_LENGTH,
    DATA_LENGTH,
    ERROR_CLASS,
    ERROR_CODE,
    ERROR,
    /* userdata */
    METHOD,
    TYPE,
    GROUP,
    SUBFUNCTION,
    SEQUENCE,
    DATA_UNIT,
    LAST_UNIT,
    /* set-up */
    AMQ_CALLING,
    AMQ_CALLED,
    PDU_LENGTH,
    /* items */
    ITEM_COUNT,
    ITEM_SYNTAX,
    ITEM_TRANSPORT,
    ITEM_LENGTH,
    ITEM_DB,
    ITEM_AREA,
    ITEM_BYTE,
    ITEM_BIT,
    ITEM_NUMBER,
    ITEM_REFERENCE,
    ITEM_UNIT,
    ITEM_COLUMN,
    ITEM_LINE,
    ITEM_MODULE,
    ITEM_LINES,
    ITEM_PARAMETER,
    ITEM_CRC,
    ITEM_RAW,
    RETURN_CODE,
    TRANSPORT,
    LENGTH,
    DATA,
    /* blocks */
    BLOCK_STATUS,
    TRANSFER_ID,
    BLOCK_FILE,
    BLOCK_TYPE,
    BLOCK_NUMBER,
    BLOCK_DESTINATION,
    BLOCK_LENGTH,
    LOAD_LENGTH,
    CODE_LENGTH,
    BLOCK_BYTES,
    BLOCK_LANGUAGE,
    BLOCK_PROTECTED,
    BLOCK_CHANGED,
    INTERFACE_CHANGED,
    BLOCK_SSB_LENGTH,
    BLOCK_ADD_LENGTH,
    LOCAL_LENGTH,
    BLOCK_AUTHOR,
    BLOCK_FAMILY,
    BLOCK_NAME,
    BLOCK_VERSION,
    BLOCK_CHECKSUM,
    BLOCK_SHA256,
    ROW_TYPE,
    ROW_NUMBER,
    ROW_COUNT,
    ROW_FLAGS,
    ROW_LANGUAGE,
    /* services */
    PI_SERVICE,
    PI_NAME,
    PI_ARGUMENT,
    /* lists */
    SZL_ID,
    SZL_INDEX,
    SZL_LIST,
    SZL_LENGTH,
    SZL_COUNT,
    SZL_ROW_INDEX,
    SZL_ORDER,
    SZL_MODULE_TYPE,
    SZL_VERSION,
    SZL_RELEASE,
    SZL_TEXT,
    SZL_LED,
    SZL_LED_ON,
    SZL_LED_BLINK,
    SZL_EVENT,
    SZL_PRIORITY,
    SZL_OB,
    SZL_RACK,
    SZL_SLOT,
    SZL_EXPECTED_TYPE,
    SZL_ACTUAL_TYPE,
    SZL_TIME,
    SZL_DATA,
    /* what the CPU says of itself */
    MODE,
    MODE_BEFORE,
    PROTECTION,
    KEY_SWITCH,
    ORDER_NUMBER,
    FIRMWARE,
    HARDWARE,
    MODULE_MODEL,
    PLC_NAME,
    MODULE_NAME,
    PLANT,
    SERIAL,
    CARD_SERIAL,
    LOCATION,
    /* the rest of userdata */
    CLOCK,
    PASSWORD,
    EVENT_ID,
    EVENT_OB,
    EVENT_PRIORITY,
    SUBSCRIBED,
    SUBSCRIBER,
    ALARM_COUNT,
    JOB_ID,
    INTERVAL_BASE,
    INTERVAL,
    TIS_PARAMETER_SIZE,
    TIS_DATA_SIZE,
    TIS_TRIGGER,
    TIS_FREQUENCY,
    TIS_EVENT,
    TIS_JOB,
    TIS_JOB_SEQUENCE,
    PARAMETER_REST,
    DATA_REST,
    NSLOTS
};

/* The PDU at hand. */
struct pdu {
    struct exchange *x;
    struct record *r;
    const struct iso *iso;
    struct cursor head, param, data;
    unsigned rosctr, reference, function, error;
    unsigned parameter_length, data_length;
    unsigned type, group, sub, sequence, unit; /* userdata */
    bool last;                                 /* unit of a sequence */
    bool asks;                                 /* a job, a request */
    bool asked;                                /* an answer whose request we have */
    bool secret;                               /* nothing of it may be kept raw */
};

/* What may be asked, and read of the answer. */
struct body {
    unsigned function;
    void (*ask)(struct pdu *p);
    void (*answer)(struct pdu *p);
};

/* ---- s7_tables.c ------------------------------------------------------------ */

extern const struct field s7_fields[NSLOTS];
extern const struct group s7_groups[NGROUPS];
extern const struct label s7_functions[], s7_tables[], s7_violations[], s7_operations[],
    s7_pi_services[], s7_block_types[], s7_areas[], s7_syntaxes[];

/* As struct schema wants it. */
void s7_reference(unsigned table, unsigned type, uint64_t address, char *out,
                  size_t size);

/* ---- s7_pdu.c ---------------------------------------------------------------- */

void s7_nothing(struct pdu *p);

/* A number of the request; false when there is none. */
bool s7_asked(const struct pdu *p, unsigned slot, uint64_t *u);

/* The function in the record, with its verbs. */
void s7_function(struct pdu *p, unsigned code);

enum verdict s7_message(struct exchange *x, const struct iso *iso);
unsigned s7_sender(struct cursor payload);

/* ---- s7_items.c -------------------------------------------------------------- */

void s7_read_ask(struct pdu *p);
void s7_read_answer(struct pdu *p);
void s7_write_ask(struct pdu *p);
void s7_write_answer(struct pdu *p);

/* So many item descriptions, or data items as answer to the items of the record. */
void s7_items(struct pdu *p, struct cursor *c, unsigned count);
void s7_data_items(struct pdu *p, struct cursor *c, unsigned count, unsigned access);

/* The length of a data item, in bytes; for some transport sizes it counts bits. */
size_t s7_take_length(struct record *r, struct cursor *c, unsigned transport);

/* So many return codes and nothing else. */
void s7_return_codes(struct pdu *p, struct cursor *c, unsigned count);

/* Items of the request, kept under the sequence number of its answer; and data items
 * that come for them later, unasked. */
void s7_remember(struct pdu *p);
void s7_recall(struct pdu *p, struct cursor *c, unsigned count);

/* One variable: area, DB number, address in bits, enum point_type; its name. */
struct variable {
    unsigned area, db, transport, count;
    uint32_t bits;
};
void s7_variable(struct record *r, const struct variable *v);
void s7_points(struct record *r, const struct variable *v, struct bytes data,
               unsigned access);

/* ---- s7_blocks.c ------------------------------------------------------------- */

void s7_download_ask(struct pdu *p);
void s7_download_answer(struct pdu *p);
void s7_download_block_ask(struct pdu *p);
void s7_download_block_answer(struct pdu *p);
void s7_download_end_ask(struct pdu *p);
void s7_download_end_answer(struct pdu *p);
void s7_upload_ask(struct pdu *p);
void s7_upload_answer(struct pdu *p);
void s7_upload_block_ask(struct pdu *p);
void s7_upload_block_answer(struct pdu *p);
void s7_upload_end_ask(struct pdu *p);
void s7_upload_end_answer(struct pdu *p);

/* A block's type, two hexadecimal digits; UINT_MAX when they are none. */
unsigned s7_block_type(struct bytes digits);

/* Milliseconds of a day and days since 1984, as time; six bytes of the cursor. */
void s7_block_time(struct record *r, struct cursor *c, unsigned slot);

/* ---- s7_services.c ----------------------------------------------------------- */

void s7_setup(struct pdu *p);
void s7_pi_ask(struct pdu *p);
void s7_stop_ask(struct pdu *p);

/* ---- s7_userdata.c and its companions ---------------------------------------- */

void s7_userdata(struct pdu *p);

/* Return code, transport size, length: what they enclose. */
struct cursor s7_data_unit(struct pdu *p);

/* ---- s7_szl.c, s7_programmer.c ------------------------------------------------ */

void s7_szl_ask(struct pdu *p);
void s7_szl_answer(struct pdu *p);
void s7_programmer_ask(struct pdu *p);
void s7_programmer_answer(struct pdu *p);

/* A text without the blanks and zeros at its end. */
struct bytes s7_trimmed(struct bytes b);

/* Eight bytes in BCD: year, month ... milliseconds and day of the week; false when they
 * are no time. */
bool s7_date_and_time(struct cursor *c, int64_t *ns);

#endif
