/*
 * Names, verbs and fields of Modbus: all that JSON, rules, documents and the
 * comparison with Wireshark know of it.
 */

#include "dissectors/modbus/modbus.h"

/* clang-format off */
const struct label modbus_framings[] = {
    {FRAMING_TCP, "tcp", 0, "with the MBAP header, over TCP or UDP"},
    {FRAMING_RTU, "rtu", 0, "serial frames with their CRC, inside TCP or UDP"},
    {0},
};

const struct label modbus_functions[] = {
    {READ_COILS,               "read_coils",                    VERB_READ, "reads 1 to 2000 coils"},
    {READ_DISCRETE_INPUTS,     "read_discrete_inputs",          VERB_READ, "reads 1 to 2000 discrete inputs"},
    {READ_HOLDING_REGISTERS,   "read_holding_registers",        VERB_READ, "reads 1 to 125 holding registers"},
    {READ_INPUT_REGISTERS,     "read_input_registers",          VERB_READ, "reads 1 to 125 input registers"},
    {WRITE_SINGLE_COIL,        "write_single_coil",             VERB_WRITE, "switches one coil"},
    {WRITE_SINGLE_REGISTER,    "write_single_register",         VERB_WRITE, "sets one holding register"},
    {READ_EXCEPTION_STATUS,    "read_exception_status",         VERB_DIAGNOSE, "reads eight outputs the maker chose"},
    {DIAGNOSTICS,              "diagnostics",                   VERB_DIAGNOSE, "by sub-function; see `diagnostic`, whose verbs count"},
    {9,                        "program_484",                   VERB_PROGRAM, "reserved: programmed the Modicon 484"},
    {10,                       "poll_484",                      VERB_DIAGNOSE, "reserved: asked whether 9 is done"},
    {EVENT_COUNTER,            "get_comm_event_counter",        VERB_DIAGNOSE, "status word and count of messages that went well"},
    {EVENT_LOG,                "get_comm_event_log",            VERB_DIAGNOSE, "the counters and the last 64 events of the line"},
    {13,                       "program_controller",            VERB_PROGRAM, "reserved: programmed the Modicon 184, 384, 484 and 584"},
    {14,                       "poll_controller",               VERB_DIAGNOSE, "reserved: asked whether 13 is done"},
    {WRITE_MULTIPLE_COILS,     "write_multiple_coils",          VERB_WRITE, "switches 1 to 1968 coils"},
    {WRITE_MULTIPLE_REGISTERS, "write_multiple_registers",      VERB_WRITE, "sets 1 to 123 holding registers"},
    {REPORT_SERVER_ID,         "report_server_id",              VERB_DISCOVER, "what the device is, and whether it runs"},
    {READ_FILE_RECORD,         "read_file_record",              VERB_FILE | VERB_READ, "reads records of files"},
    {WRITE_FILE_RECORD,        "write_file_record",             VERB_FILE | VERB_WRITE, "writes records of files"},
    {MASK_WRITE_REGISTER,      "mask_write_register",           VERB_WRITE, "changes single bits of a holding register"},
    {READ_WRITE_REGISTERS,     "read_write_multiple_registers", VERB_READ | VERB_WRITE, "sets up to 121 registers, then reads up to 125"},
    {READ_FIFO_QUEUE,          "read_fifo_queue",               VERB_READ, "reads a queue of up to 31 registers"},
    {ENCAPSULATED_INTERFACE,   "encapsulated_interface",        VERB_DISCOVER, "by MEI type; 14 reads the device's identification"},
    {UMAS,                     "umas",                          VERB_PROGRAM, "reserved: Schneider Electric's programming protocol; see `umas_function`, whose verbs count"},
    {126,                      "program_modicon",               VERB_PROGRAM, "reserved: older Modicon programming software"},
    {0},
};

static const struct label classes[] = {
    {CLASS_PUBLIC,     "public",       0, "defined by the specification"},
    {CLASS_USER,       "user_defined", 0, "65 to 72 and 100 to 110: free for makers and users"},
    {CLASS_RESERVED,   "reserved",     0, "taken by products older than the specification"},
    {CLASS_UNASSIGNED, "unassigned",   0, "public, but nothing is defined for it"},
    {0},
};

const struct label modbus_exceptions[] = {
    {1,  "illegal_function",         0, "the device does not have the function, or not now"},
    {2,  "illegal_data_address",     0, "the device has no such address, or not so many from there"},
    {3,  "illegal_data_value",       0, "the request is badly put together"},
    {4,  "server_device_failure",    0, "the device failed while it tried"},
    {5,  "acknowledge",              0, "it was accepted and will take long"},
    {6,  "server_device_busy",       0, "the device is at something long: ask again"},
    {7,  "negative_acknowledge",     0, "older devices: the program function cannot be done"},
    {8,  "memory_parity_error",      0, "a file record failed its check"},
    {10, "gateway_path_unavailable", 0, "the gateway has no way to the unit"},
    {11, "gateway_target_failed",    0, "the unit behind the gateway did not answer"},
    {0},
};

static const struct label outputs[] = {
    {0x01, "output_0", 0, "the first of the eight"},
    {0x02, "output_1", 0, "the second"},
    {0x04, "output_2", 0, "the third"},
    {0x08, "output_3", 0, "the fourth"},
    {0x10, "output_4", 0, "the fifth"},
    {0x20, "output_5", 0, "the sixth"},
    {0x40, "output_6", 0, "the seventh"},
    {0x80, "output_7", 0, "the eighth"},
    {0},
};

const struct label modbus_diagnostics[] = {
    {0,  "return_query_data",                  VERB_DIAGNOSE, "sends back what it is sent"},
    {1,  "restart_communications_option",      VERB_MODE, "restarts the line and leaves listen-only mode"},
    {2,  "return_diagnostic_register",         VERB_DIAGNOSE, "reads the diagnostic register"},
    {3,  "change_ascii_input_delimiter",       VERB_CONFIGURE, "sets the character that ends ASCII messages"},
    {4,  "force_listen_only_mode",             VERB_MODE, "takes the device off the line; it does not answer"},
    {10, "clear_counters_and_diagnostic_register", VERB_DIAGNOSE, "wipes the counters and the register"},
    {11, "return_bus_message_count",           VERB_DIAGNOSE, "messages seen on the line"},
    {12, "return_bus_communication_error_count", VERB_DIAGNOSE, "messages whose CRC was wrong"},
    {13, "return_bus_exception_error_count",   VERB_DIAGNOSE, "exceptions the device has sent"},
    {14, "return_server_message_count",        VERB_DIAGNOSE, "messages for the device"},
    {15, "return_server_no_response_count",    VERB_DIAGNOSE, "messages the device left unanswered"},
    {16, "return_server_nak_count",            VERB_DIAGNOSE, "negative acknowledges sent"},
    {17, "return_server_busy_count",           VERB_DIAGNOSE, "times the device was busy"},
    {18, "return_bus_character_overrun_count", VERB_DIAGNOSE, "messages lost because characters came too fast"},
    {20, "clear_overrun_counter_and_flag",     VERB_DIAGNOSE, "wipes the overrun counter"},
    {21, "modbus_plus_statistics",             VERB_DIAGNOSE, "reserved: reads or clears the statistics of Modbus Plus"},
    {0},
};

static const struct label event_kinds[] = {
    {1, "communication_restart",   0, "the line was restarted"},
    {2, "entered_listen_only_mode", 0, "the device went off the line"},
    {3, "sent",                    0, "the device sent an answer"},
    {4, "received",                0, "a message came"},
    {0},
};

static const struct label received[] = {
    {0x02, "communication_error",        0, "its CRC was wrong"},
    {0x10, "character_overrun",          0, "characters came too fast"},
    {0x20, "currently_listen_only_mode", 0, "the device was off the line"},
    {0x40, "broadcast_received",         0, "it was for all devices"},
    {0},
};

static const struct label sent[] = {
    {0x01, "read_exception_sent",          0, "exception 1 to 3"},
    {0x02, "server_abort_exception_sent",  0, "exception 4"},
    {0x04, "server_busy_exception_sent",   0, "exception 5 or 6"},
    {0x08, "server_program_nak_exception_sent", 0, "exception 7"},
    {0x10, "write_timeout_error",          0, "the answer could not be sent in time"},
    {0x20, "was_in_listen_only_mode",      0, "the device was off the line"},
    {0},
};

static const struct label run_indicators[] = {
    {0x00, "off", 0, "the device does not run"},
    {0xff, "on",  0, "the device runs"},
    {0},
};

static const struct label mei_types[] = {
    {MEI_CANOPEN,               "canopen_general_reference", 0, "CANopen inside Modbus"},
    {MEI_DEVICE_IDENTIFICATION, "device_identification",     0, "what the device says of itself"},
    {0},
};

static const struct label id_codes[] = {
    {1, "basic",    0, "vendor, product code and revision"},
    {2, "regular",  0, "and the other named objects"},
    {3, "extended", 0, "and the maker's own objects"},
    {4, "specific", 0, "one object"},
    {0},
};

static const struct label conformity_levels[] = {
    {0x01, "basic_stream",        0, "basic objects, all at once"},
    {0x02, "regular_stream",      0, "regular objects, all at once"},
    {0x03, "extended_stream",     0, "extended objects, all at once"},
    {0x81, "basic_individual",    0, "basic objects, also one by one"},
    {0x82, "regular_individual",  0, "regular objects, also one by one"},
    {0x83, "extended_individual", 0, "extended objects, also one by one"},
    {0},
};

static const struct label objects[] = {
    {0, "vendor_name",           0, "who made it"},
    {1, "product_code",          0, "the maker's order code"},
    {2, "major_minor_revision",  0, "its revision"},
    {3, "vendor_url",            0, "the maker's address in the web"},
    {4, "product_name",          0, "the product's name"},
    {5, "model_name",            0, "the model's name"},
    {6, "user_application_name", 0, "what the user calls it"},
    {0},
};

const struct label modbus_umas_functions[] = {
    {0x01, "init_communication",     VERB_SESSION, "opens a session: asks for the largest frame"},
    {0x02, "read_id",                VERB_DISCOVER, "what the controller is"},
    {0x03, "read_project_info",      VERB_DISCOVER, "which project it runs"},
    {0x04, "read_plc_info",          VERB_DISCOVER, "state of the controller and its memory"},
    {0x06, "read_card_info",         VERB_DISCOVER, "what is on the memory card"},
    {0x0a, "repeat",                 VERB_DIAGNOSE, "sends back what it is sent"},
    {0x10, "take_reservation",       VERB_SESSION, "makes the sender owner of the controller"},
    {0x11, "release_reservation",    VERB_SESSION, "gives that up"},
    {0x12, "keep_alive",             VERB_SESSION, "keeps a reservation"},
    {0x20, "read_memory_block",      VERB_READ, "reads memory by block and offset"},
    {0x21, "write_memory_block",     VERB_WRITE, "writes memory by block and offset"},
    {0x22, "read_variables",         VERB_READ, "reads variables and system words"},
    {0x23, "write_variables",        VERB_WRITE, "writes variables and system words"},
    {0x24, "read_coils_registers",   VERB_READ, "reads located coils and registers"},
    {0x25, "write_coils_registers",  VERB_WRITE, "writes located coils and registers"},
    {0x26, "read_dictionary",        VERB_DISCOVER, "names, types and places of variables"},
    {UMAS_DOWNLOAD_BEGIN, "program_download_begin", VERB_PROGRAM, "a program is about to go to the controller"},
    {UMAS_DOWNLOAD_BLOCK, "program_download_block", VERB_PROGRAM, "a piece of it"},
    {UMAS_DOWNLOAD_END,   "program_download_end",   VERB_PROGRAM, "it was the last piece"},
    {UMAS_UPLOAD_BEGIN,   "program_upload_begin",   VERB_PROGRAM, "a program is about to be fetched"},
    {UMAS_UPLOAD_BLOCK,   "program_upload_block",   VERB_PROGRAM, "a piece of it"},
    {UMAS_UPLOAD_END,     "program_upload_end",     VERB_PROGRAM, "it was the last piece"},
    {0x39, "read_ethernet_master",   VERB_DIAGNOSE, "data of the Ethernet master"},
    {0x40, "start_plc",              VERB_MODE, "starts the controller"},
    {0x41, "stop_plc",               VERB_MODE, "stops the controller"},
    {0x50, "monitor_plc",            VERB_READ, "watches variables"},
    {0x58, "check_plc",              VERB_DIAGNOSE, "checks the connection's state"},
    {0x70, "read_io_object",         VERB_READ, "reads an I/O module"},
    {0x71, "write_io_object",        VERB_WRITE, "writes an I/O module"},
    {0x73, "get_module_status",      VERB_DIAGNOSE, "how a module is"},
    {0},
};

static const struct label umas_results[] = {
    {UMAS_ERROR, "error", 0, "the controller refused"},
    {UMAS_OK,    "ok",    0, "the controller did it"},
    {0},
};

const struct label modbus_tables[] = {
    {COIL,             "coil",             0, "one bit, read and written"},
    {DISCRETE_INPUT,   "discrete_input",   0, "one bit, read"},
    {INPUT_REGISTER,   "input_register",   0, "16 bits, read"},
    {HOLDING_REGISTER, "holding_register", 0, "16 bits, read and written"},
    {0},
};

const struct label modbus_operations[] = {
    {PROGRAM_DOWNLOAD, "program_download", VERB_PROGRAM, "a program goes to the controller"},
    {PROGRAM_UPLOAD,   "program_upload",   VERB_PROGRAM, "the controller's program is fetched"},
    {0},
};

const struct label modbus_violations[] = {
    {WRONG_PROTOCOL_ID,      "wrong_protocol_id",      0, "the header's protocol is not 0"},
    {LENGTH_MISMATCH,        "length_mismatch",        0, "the header's length is not that of the message"},
    {ADU_TOO_LONG,           "adu_too_long",           0, "longer than 260 bytes; UMAS may be"},
    {FUNCTION_ZERO,          "function_zero",          0, "function 0 does not exist"},
    {RESERVED_FUNCTION,      "reserved_function",      0, "a reserved or unassigned function; not UMAS"},
    {QUANTITY_ZERO,          "quantity_zero",          0, "asks for nothing"},
    {QUANTITY_TOO_LARGE,     "quantity_too_large",     0, "more points than the function allows"},
    {BYTE_COUNT_DIFFERS,     "byte_count_differs",     0, "the count is not that of the bytes or points it goes with"},
    {COIL_VALUE_INVALID,     "coil_value_invalid",     0, "a coil is written with 0000 or FF00 only"},
    {ADDRESS_OVERFLOW,       "address_overflow",       0, "reaches beyond address 65535"},
    {EXCEPTION_BY_CLIENT,    "exception_by_client",    0, "only servers refuse"},
    {UNKNOWN_EXCEPTION_CODE, "unknown_exception_code", 0, "a code the specification does not have"},
    {MALFORMED_EXCEPTION,    "malformed_exception",    0, "an exception has one byte"},
    {RESPONSE_FUNCTION_DIFFERS, "response_function_differs", 0, "the answer is to another function"},
    {UNIT_DIFFERS,           "unit_differs",           0, "another unit answers"},
    {RESPONSE_BYTE_COUNT_DIFFERS, "response_byte_count_differs", 0, "the answer brings more or less than was asked for"},
    {ECHO_DIFFERS,           "echo_differs",           0, "the answer does not repeat the request"},
    {UNKNOWN_DIAGNOSTIC,     "unknown_diagnostic",     0, "a sub-function the specification does not have"},
    {DIAGNOSTIC_DATA_INVALID, "diagnostic_data_invalid", 0, "data the sub-function does not allow"},
    {UNKNOWN_MEI_TYPE,       "unknown_mei_type",       0, "an interface that is reserved"},
    {BAD_DEVICE_ID_STRUCTURE, "bad_device_id_structure", 0, "codes, counts or lengths of an identification do not fit"},
    {BAD_FILE_RECORD,        "bad_file_record",        0, "reference type, file, record, length or count is not allowed"},
    {FIFO_TOO_LONG,          "fifo_too_long",          0, "a queue has 31 registers at most"},
    {BAD_CRC,                "bad_crc",                0, "the frame's CRC is wrong"},
    {TRANSACTION_ID_REUSED,  "transaction_id_reused",  0, "another request with this id still waits; a plain repetition is none, nor are ids that are always 0"},
    {PADDING_NOT_ZERO,       "padding_not_zero",       0, "bits behind the last coil are not 0"},
    {BAD_UMAS_MESSAGE,       "bad_umas_message",       0, "its length or its result does not fit"},
    {0},
};

const struct group modbus_groups[NGROUPS] = {
    [GROUP_EVENT]  = {"event", "One event of the line's log, the latest first"},
    [GROUP_FILE]   = {"file", "One record of a file"},
    [GROUP_OBJECT] = {"device_object", "One object of the device's identification"},
};

const struct field modbus_fields[NSLOTS] = {
    [FRAMING]          = {"framing", FIELD_ENUM, "What the message is wrapped in", modbus_framings, .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [TRANSACTION_ID]   = {"transaction_id", FIELD_INT, "Pairs request and answer; chosen by the client", .wireshark = "mbtcp.trans_id", .side = SIDE_BOTH},
    [PROTOCOL_ID]      = {"protocol_id", FIELD_INT, "0 for Modbus", .wireshark = "mbtcp.prot_id", .side = SIDE_BOTH},
    [LENGTH]           = {"length", FIELD_INT, "Bytes behind the length field, as the header says", .wireshark = "mbtcp.len", .side = SIDE_BOTH},
    [UNIT]             = {"unit", FIELD_INT, "Device behind the server; 0 on TCP is the server itself", .wireshark = "mbtcp.unit_id mbrtu.unit_id", .side = SIDE_BOTH, .flags = FIELD_CHILD | FIELD_IDENTITY},
    [CRC]              = {"crc", FIELD_INT, "CRC of an RTU frame", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [FUNCTION]         = {"function", FIELD_ENUM, "What is asked for", modbus_functions, "modbus.func_code", .side = SIDE_BOTH, .flags = FIELD_FUNCTION | FIELD_IDENTITY},
    [FUNCTION_CLASS]   = {"function_class", FIELD_ENUM, "Whose the function code is", classes, .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [EXCEPTION]        = {"exception", FIELD_ENUM, "Why the device refused", modbus_exceptions, "modbus.exception_code", .side = SIDE_BOTH},
    [ADDRESS]          = {"address", FIELD_INT, "First coil or register, from 0; of 23: the first written", .wireshark = "modbus.reference_num modbus.write_reference_num", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [QUANTITY]         = {"quantity", FIELD_INT, "How many of them; of 23: how many are written", .wireshark = "modbus.word_cnt modbus.bit_cnt modbus.write_word_cnt", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [READ_ADDRESS]     = {"read_address", FIELD_INT, "First register function 23 reads", .wireshark = "modbus.read_reference_num", .flags = FIELD_IDENTITY},
    [READ_QUANTITY]    = {"read_quantity", FIELD_INT, "How many registers function 23 reads", .wireshark = "modbus.read_word_cnt", .flags = FIELD_IDENTITY},
    [BYTE_COUNT]       = {"byte_count", FIELD_INT, "Bytes of values, as the message says", .wireshark = "modbus.byte_cnt modbus.byte_cnt_16", .side = SIDE_BOTH},
    [VALUE]            = {"value", FIELD_INT, "What functions 5 and 6 write; a coil: 65280 on, 0 off", .side = SIDE_BOTH},
    [AND_MASK]         = {"and_mask", FIELD_INT, "Bits function 22 leaves as they are", .wireshark = "modbus.and_mask", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [OR_MASK]          = {"or_mask", FIELD_INT, "Bits function 22 sets among the others", .wireshark = "modbus.or_mask", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [DATA]             = {"data", FIELD_BYTES, "What is not opened, as it is on the wire", .side = SIDE_BOTH},
    [EXCEPTION_STATUS] = {"exception_status", FIELD_FLAGS, "The eight outputs of function 7", outputs, .side = SIDE_RESPONSE},
    [DIAGNOSTIC]       = {"diagnostic", FIELD_ENUM, "Sub-function of function 8; its verbs replace the function's", modbus_diagnostics, "modbus.diagnostic_code", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [DIAGNOSTIC_DATA]  = {"diagnostic_data", FIELD_BYTES, "What goes with the sub-function", .side = SIDE_BOTH},
    [DIAGNOSTIC_VALUE] = {"diagnostic_value", FIELD_INT, "The register or counter function 8 answers with",
                          .wireshark = "modbus.diagnostic.return_diag_register modbus.diagnostic.bus_message_count modbus.diagnostic.bus_comm_error_count "
                                       "modbus.diagnostic.bus_exception_error_count modbus.diagnostic.slave_message_count modbus.diagnostic.no_slave_response_count "
                                       "modbus.diagnostic.slave_nak_count modbus.diagnostic.slave_busy_count modbus.diagnostic.bus_char_overrun_count",
                          .side = SIDE_RESPONSE},
    [COMM_STATUS]      = {"comm_status", FIELD_INT, "FFFF while a program command is at work, else 0", .wireshark = "modbus.ev_status", .side = SIDE_RESPONSE, .flags = FIELD_HEX},
    [EVENT_COUNT]      = {"event_count", FIELD_INT, "Messages that went well", .wireshark = "modbus.ev_count", .side = SIDE_RESPONSE},
    [MESSAGE_COUNT]    = {"message_count", FIELD_INT, "Messages handled since the last restart", .wireshark = "modbus.ev_msg_count", .side = SIDE_RESPONSE},
    [EVENT]            = {"event_code", FIELD_INT, "The event's byte", .wireshark = "modbus.event", .side = SIDE_RESPONSE, .group = GROUP_EVENT, .flags = FIELD_HEX},
    [EVENT_KIND]       = {"event_kind", FIELD_ENUM, "What happened", event_kinds, .side = SIDE_RESPONSE, .group = GROUP_EVENT, .flags = FIELD_DERIVED},
    [EVENT_RECEIVED]   = {"event_received", FIELD_FLAGS, "How a message came", received, .side = SIDE_RESPONSE, .group = GROUP_EVENT, .flags = FIELD_DERIVED},
    [EVENT_SENT]       = {"event_sent", FIELD_FLAGS, "How an answer went out", sent, .side = SIDE_RESPONSE, .group = GROUP_EVENT, .flags = FIELD_DERIVED},
    [SERVER_ID]        = {"server_id", FIELD_BYTES, "What function 17 says before the run indicator; its form is the maker's", .side = SIDE_RESPONSE},
    [RUN_INDICATOR]    = {"run_indicator", FIELD_ENUM, "Whether the device runs", run_indicators, .side = SIDE_RESPONSE},
    [ADDITIONAL_DATA]  = {"additional_data", FIELD_TEXT, "What function 17 says after it", .side = SIDE_RESPONSE},
    [FILE_LENGTH]      = {"file_length", FIELD_INT, "Bytes of a record in an answer, type included", .wireshark = "modbus.byte_cnt", .side = SIDE_RESPONSE, .group = GROUP_FILE},
    [REFERENCE_TYPE]   = {"reference_type", FIELD_INT, "6", .wireshark = "modbus.reference_type", .side = SIDE_BOTH, .group = GROUP_FILE},
    [FILE_NUMBER]      = {"file_number", FIELD_INT, "Which file, from 1", .side = SIDE_BOTH, .group = GROUP_FILE, .flags = FIELD_IDENTITY},
    [RECORD_NUMBER]    = {"record_number", FIELD_INT, "First record, from 0", .side = SIDE_BOTH, .group = GROUP_FILE, .flags = FIELD_IDENTITY},
    [RECORD_LENGTH]    = {"record_length", FIELD_INT, "Registers", .wireshark = "modbus.word_cnt", .side = SIDE_BOTH, .group = GROUP_FILE, .flags = FIELD_IDENTITY},
    [RECORD_DATA]      = {"record_data", FIELD_BYTES, "What was read or written", .side = SIDE_BOTH, .group = GROUP_FILE},
    [FIFO_COUNT]       = {"fifo_count", FIELD_INT, "Registers in the queue", .wireshark = "modbus.word_cnt", .side = SIDE_RESPONSE},
    [MEI_TYPE]         = {"mei_type", FIELD_ENUM, "Which interface function 43 carries", mei_types, "modbus.mei", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [READ_DEVICE_ID]   = {"read_device_id", FIELD_ENUM, "How much of the identification is asked for", id_codes, "modbus.read_device_id", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [FIRST_OBJECT_ID]  = {"first_object_id", FIELD_ENUM, "Object to begin with", objects, "modbus.object_id", .flags = FIELD_IDENTITY},
    [CONFORMITY_LEVEL] = {"conformity_level", FIELD_ENUM, "What the device can tell, and how", conformity_levels, "modbus.conformity_level", .side = SIDE_RESPONSE},
    [MORE_FOLLOWS]     = {"more_follows", FIELD_BOOL, "More objects must be asked for", .wireshark = "modbus.more_follows", .side = SIDE_RESPONSE},
    [NEXT_OBJECT_ID]   = {"next_object_id", FIELD_ENUM, "With which to go on", objects, "modbus.next_object_id", .side = SIDE_RESPONSE},
    [NUMBER_OF_OBJECTS] = {"number_of_objects", FIELD_INT, "Objects in this answer", .wireshark = "modbus.num_objects", .side = SIDE_RESPONSE},
    [OBJECT_ID]        = {"object_id", FIELD_ENUM, "Which object", objects, "modbus.object_id", .side = SIDE_RESPONSE, .group = GROUP_OBJECT},
    [OBJECT_LENGTH]    = {"object_length", FIELD_INT, "Its bytes", .wireshark = "modbus.objects_len", .side = SIDE_RESPONSE, .group = GROUP_OBJECT},
    [OBJECT_VALUE]     = {"object_value", FIELD_TEXT, "Its text", .wireshark = "modbus.object_str_value", .side = SIDE_RESPONSE, .group = GROUP_OBJECT},
    [OBJECT_DATA]      = {"object_data", FIELD_BYTES, "A maker's own object, 80 and above", .wireshark = "modbus.object_value", .side = SIDE_RESPONSE, .group = GROUP_OBJECT},
    [VENDOR]           = {"vendor", FIELD_TEXT, "Object 0: who made the device", .says = "vendor", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [PRODUCT_CODE]     = {"product_code", FIELD_TEXT, "Object 1: its order code", .says = "product", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [REVISION]         = {"revision", FIELD_TEXT, "Object 2: its revision", .says = "revision", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [VENDOR_URL]       = {"vendor_url", FIELD_TEXT, "Object 3: the maker's address in the web", .says = "url", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [PRODUCT_NAME]     = {"product_name", FIELD_TEXT, "Object 4: the product's name", .says = "product_name", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [MODEL_NAME]       = {"model_name", FIELD_TEXT, "Object 5: the model's name", .says = "model", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [APPLICATION_NAME] = {"user_application_name", FIELD_TEXT, "Object 6: what the user calls it", .says = "application", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [UMAS_KEY]         = {"umas_key", FIELD_INT, "Pairing key of a UMAS session; 0 before there is one", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [UMAS_FUNCTION]    = {"umas_function", FIELD_ENUM, "What UMAS is asked for; its verbs replace the function's", modbus_umas_functions, .flags = FIELD_IDENTITY},
    [UMAS_RESULT]      = {"umas_result", FIELD_ENUM, "Whether the controller did it", umas_results, .side = SIDE_RESPONSE},
    [UMAS_BLOCK]       = {"umas_block", FIELD_INT, "Block of memory, or of a program", .flags = FIELD_IDENTITY},
    [UMAS_OFFSET]      = {"umas_offset", FIELD_INT, "Where in the block of memory", .flags = FIELD_IDENTITY},
    [UMAS_LENGTH]      = {"umas_length", FIELD_INT, "Bytes asked for, sent or brought", .side = SIDE_BOTH, .flags = FIELD_IDENTITY},
    [UMAS_CRC]         = {"umas_project_crc", FIELD_INT, "Which project the client means", .flags = FIELD_HEX},
    [UMAS_COUNT]       = {"umas_count", FIELD_INT, "Variables read or written", .flags = FIELD_IDENTITY},
    [UMAS_CLIENT]      = {"umas_client", FIELD_TEXT, "Name of the client that takes the reservation"},
    [UMAS_NEW_KEY]     = {"umas_new_key", FIELD_INT, "Pairing key the controller gives out", .side = SIDE_RESPONSE, .flags = FIELD_HEX},
    [UMAS_MAX_FRAME]   = {"umas_max_frame", FIELD_INT, "Largest message the controller takes, bytes", .side = SIDE_RESPONSE},
    [UMAS_HARDWARE_ID] = {"umas_hardware_id", FIELD_INT, "Which hardware the controller is", .side = SIDE_RESPONSE, .flags = FIELD_HEX},
    [UMAS_MODEL]       = {"umas_model", FIELD_TEXT, "The controller's model", .says = "model", .side = SIDE_RESPONSE},
    [UMAS_FIRMWARE]    = {"umas_firmware", FIELD_TEXT, "The controller's firmware", .says = "firmware", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [UMAS_PROJECT]     = {"umas_project", FIELD_TEXT, "Name of the project the controller runs", .says = "project", .side = SIDE_RESPONSE},
};
/* clang-format on */

/*
 * Papers count from 1 and put the table first: coil 0 is 00001, holding register
 * 100 is 40101.  From 10000 on they need six digits: 410000.
 */
void modbus_reference(unsigned table, unsigned type, uint64_t address, char *out,
                      size_t size)
{
    static const char prefixes[] = "?0134";
    char digits[8];
    uint64_t number = address + 1;
    size_t width = number > 9999 ? 6 : 5;

    (void)type;
    if (size == 0)
        return;
    for (size_t i = width; i-- > 1; number /= 10)
        digits[i] = (char)('0' + number % 10);
    digits[0] = prefixes[table <= HOLDING_REGISTER ? table : 0];
    digits[width] = 0;
    memcpy(out, digits, size <= width ? size : width + 1);
    out[size <= width ? size - 1 : width] = 0;
}
