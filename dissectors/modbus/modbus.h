#ifndef DISSECTORS_MODBUS_MODBUS_H
#define DISSECTORS_MODBUS_MODBUS_H

/*
 * What the files of the Modbus dissector share; nobody else includes this.
 *
 * A body function reads what follows the function code, straight through, and
 * leaves in the cursor what it does not know: the engine calls that surplus.
 * Nothing here owns memory or keeps state.
 */

#include "dissectors/dissector.h"

enum framing { FRAMING_TCP = 1, FRAMING_RTU };

enum {
    HEADER_SIZE = 6,       /* of MBAP, up to and with its length field */
    ADU_LENGTH_MAX = 254,  /* what that field may say: a PDU of 253 bytes, and the unit */
    RTU_MAX = 256,         /* bytes of an RTU frame */
    RTU_MIN = 4,           /* unit, function, CRC */
    ADDRESS_END = 0x10000, /* one past the last address */
    EXCEPTION_BIT = 0x80,
};

enum function_code {
    READ_COILS = 1,
    READ_DISCRETE_INPUTS = 2,
    READ_HOLDING_REGISTERS = 3,
    READ_INPUT_REGISTERS = 4,
    WRITE_SINGLE_COIL = 5,
    WRITE_SINGLE_REGISTER = 6,
    READ_EXCEPTION_STATUS = 7,
    DIAGNOSTICS = 8,
    EVENT_COUNTER = 11,
    EVENT_LOG = 12,
    WRITE_MULTIPLE_COILS = 15,
    WRITE_MULTIPLE_REGISTERS = 16,
    REPORT_SERVER_ID = 17,
    READ_FILE_RECORD = 20,
    WRITE_FILE_RECORD = 21,
    MASK_WRITE_REGISTER = 22,
    READ_WRITE_REGISTERS = 23,
    READ_FIFO_QUEUE = 24,
    ENCAPSULATED_INTERFACE = 43,
    UMAS = 90,
};

enum point_table { COIL = 1, DISCRETE_INPUT, INPUT_REGISTER, HOLDING_REGISTER };

enum function_class { CLASS_PUBLIC = 1, CLASS_USER, CLASS_RESERVED, CLASS_UNASSIGNED };

enum { MEI_CANOPEN = 13, MEI_DEVICE_IDENTIFICATION = 14 };

enum umas_code {
    UMAS_INIT = 0x01,
    UMAS_READ_ID = 0x02,
    UMAS_READ_PROJECT = 0x03,
    UMAS_TAKE_RESERVATION = 0x10,
    UMAS_READ_MEMORY = 0x20,
    UMAS_READ_VARIABLES = 0x22,
    UMAS_WRITE_VARIABLES = 0x23,
    UMAS_DOWNLOAD_BEGIN = 0x30,
    UMAS_DOWNLOAD_BLOCK = 0x31,
    UMAS_DOWNLOAD_END = 0x32,
    UMAS_UPLOAD_BEGIN = 0x33,
    UMAS_UPLOAD_BLOCK = 0x34,
    UMAS_UPLOAD_END = 0x35,
    UMAS_ERROR = 0xfd,
    UMAS_OK = 0xfe,
};

enum operation_kind { PROGRAM_DOWNLOAD = 1, PROGRAM_UPLOAD };

enum violation_own {
    WRONG_PROTOCOL_ID = VIOLATION_OWN,
    LENGTH_MISMATCH,
    ADU_TOO_LONG,
    FUNCTION_ZERO,
    RESERVED_FUNCTION,
    QUANTITY_ZERO,
    QUANTITY_TOO_LARGE,
    BYTE_COUNT_DIFFERS,
    COIL_VALUE_INVALID,
    ADDRESS_OVERFLOW,
    EXCEPTION_BY_CLIENT,
    UNKNOWN_EXCEPTION_CODE,
    MALFORMED_EXCEPTION,
    RESPONSE_FUNCTION_DIFFERS,
    UNIT_DIFFERS,
    RESPONSE_BYTE_COUNT_DIFFERS,
    ECHO_DIFFERS,
    UNKNOWN_DIAGNOSTIC,
    DIAGNOSTIC_DATA_INVALID,
    UNKNOWN_MEI_TYPE,
    BAD_DEVICE_ID_STRUCTURE,
    BAD_FILE_RECORD,
    FIFO_TOO_LONG,
    BAD_CRC,
    TRANSACTION_ID_REUSED,
    PADDING_NOT_ZERO,
    BAD_UMAS_MESSAGE,
};

enum group_index { GROUP_EVENT = 1, GROUP_FILE, GROUP_OBJECT, NGROUPS };

/* The fields; a slot is the place in the table of tables.c. */
enum slot {
    FRAMING,
    TRANSACTION_ID,
    PROTOCOL_ID,
    LENGTH,
    UNIT,
    CRC,
    FUNCTION,
    FUNCTION_CLASS,
    EXCEPTION,
    ADDRESS,
    QUANTITY,
    READ_ADDRESS,
    READ_QUANTITY,
    BYTE_COUNT,
    VALUE,
    AND_MASK,
    OR_MASK,
    DATA,
    EXCEPTION_STATUS,
    DIAGNOSTIC,
    DIAGNOSTIC_DATA,
    DIAGNOSTIC_VALUE,
    COMM_STATUS,
    EVENT_COUNT,
    MESSAGE_COUNT,
    EVENT,
    EVENT_KIND,
    EVENT_RECEIVED,
    EVENT_SENT,
    SERVER_ID,
    RUN_INDICATOR,
    ADDITIONAL_DATA,
    FILE_LENGTH,
    REFERENCE_TYPE,
    FILE_NUMBER,
    RECORD_NUMBER,
    RECORD_LENGTH,
    RECORD_DATA,
    FIFO_COUNT,
    MEI_TYPE,
    READ_DEVICE_ID,
    FIRST_OBJECT_ID,
    CONFORMITY_LEVEL,
    MORE_FOLLOWS,
    NEXT_OBJECT_ID,
    NUMBER_OF_OBJECTS,
    OBJECT_ID,
    OBJECT_LENGTH,
    OBJECT_VALUE,
    OBJECT_DATA,
    VENDOR,
    PRODUCT_CODE,
    REVISION,
    VENDOR_URL,
    PRODUCT_NAME,
    MODEL_NAME,
    APPLICATION_NAME,
    UMAS_KEY,
    UMAS_FUNCTION,
    UMAS_RESULT,
    UMAS_BLOCK,
    UMAS_OFFSET,
    UMAS_LENGTH,
    UMAS_CRC,
    UMAS_COUNT,
    UMAS_CLIENT,
    UMAS_NEW_KEY,
    UMAS_MAX_FRAME,
    UMAS_HARDWARE_ID,
    UMAS_MODEL,
    UMAS_FIRMWARE,
    UMAS_PROJECT,
    NSLOTS
};

/* How long a PDU is: `fixed` bytes, function code included, and what a count adds. */
struct shape {
    uint8_t fixed;
    uint8_t count_at;   /* where the count stands; 0: nowhere */
    uint8_t count_size; /* its bytes */
    bool open;          /* any number of bytes may follow */
};

struct pdu;

/* All that is known of a function code, but its name and verbs. */
struct function {
    uint8_t code;
    uint8_t table; /* enum point_table; 0: none */
    uint16_t most; /* points a request may ask for or bring */
    struct shape request, response;
    void (*ask)(struct pdu *p);
    void (*answer)(struct pdu *p);
    bool echoes; /* the answer repeats the address: told apart by it */
};

/* The PDU at hand, from behind its function code. */
struct pdu {
    struct exchange *x;
    struct record *r;
    struct cursor *c;
    const struct function *function;
    uint8_t unit;
    bool asked; /* an answer whose request is in the record and had this function */
};

/* ---- tables.c --------------------------------------------------------------- */

extern const struct field modbus_fields[NSLOTS];
extern const struct group modbus_groups[NGROUPS];
extern const struct label modbus_framings[], modbus_functions[], modbus_exceptions[],
    modbus_diagnostics[], modbus_umas_functions[], modbus_tables[], modbus_violations[],
    modbus_operations[];

/* As struct schema wants it. */
void modbus_reference(unsigned table, unsigned type, uint64_t address, char *out,
                      size_t size);

/* ---- functions.c ------------------------------------------------------------ */

/* Never NULL: an unknown code has a row whose bodies keep the data raw. */
const struct function *modbus_function(unsigned code);

enum function_class modbus_class(unsigned code);

/* The size of the PDU in head by this shape; 0 when its count is not there yet. */
size_t modbus_shape_size(const struct shape *shape, struct cursor head);

void modbus_data(struct pdu *p);    /* all that is left goes into `data` */
void modbus_nothing(struct pdu *p); /* the function code says it all */

/* Reads n bytes less those that lack; what lacks is marked. */
struct bytes modbus_values(struct pdu *p, size_t n);

/* A number that stands at `at`, when nothing was missing. */
void modbus_set(struct pdu *p, unsigned slot, uint64_t u, const uint8_t *at,
                unsigned len);

/* A copy of the value of the request; false when it has none. */
bool modbus_asked(const struct pdu *p, unsigned slot, uint64_t *u);

/* A violation, unless answer and request agree in that number. */
void modbus_echo(struct pdu *p, unsigned slot, unsigned reason, const struct cursor *at);

/* Adds to the verbs what the label of a code says. */
void modbus_verbs(struct pdu *p, const struct label *labels, unsigned code);

void modbus_points(struct pdu *p, unsigned table, uint64_t first, size_t count,
                   struct bytes values);

/* ---- framing.c ------------------------------------------------------------- */

uint16_t modbus_crc(const uint8_t *at, size_t len);
long modbus_length(const struct side *side, struct cursor head);
unsigned modbus_sender(const struct side *side, struct cursor head);

/* ---- bodies, in the files named for them ------------------------------------ */

void modbus_exception_status_answer(struct pdu *p);
void modbus_diagnostics_ask(struct pdu *p);
void modbus_diagnostics_answer(struct pdu *p);
void modbus_event_counter_answer(struct pdu *p);
void modbus_event_log_answer(struct pdu *p);
void modbus_server_id_answer(struct pdu *p);
void modbus_file_read_ask(struct pdu *p);
void modbus_file_read_answer(struct pdu *p);
void modbus_file_write(struct pdu *p);
void modbus_fifo_ask(struct pdu *p);
void modbus_fifo_answer(struct pdu *p);
void modbus_interface_ask(struct pdu *p);
void modbus_interface_answer(struct pdu *p);
void modbus_umas_ask(struct pdu *p);
void modbus_umas_answer(struct pdu *p);

#endif
