/*
 * Names, verbs and fields of S7comm-plus.
 */

#include "dissectors/s7/plus.h"

/* clang-format off */
const struct label plus_functions[] = {
    {PLUS_ERROR,          "error", VERB_OTHER, "says that something failed"},
    {PLUS_EXPLORE,        "explore", VERB_DISCOVER, "lists objects and what they are made of"},
    {PLUS_CREATE_OBJECT,  "create_object", VERB_PROGRAM, "makes a session, a subscription, a block: by its class"},
    {PLUS_DELETE_OBJECT,  "delete_object", VERB_PROGRAM, "the opposite"},
    {PLUS_SET_VARIABLE,   "set_variable", VERB_WRITE, "sets an attribute of an object"},
    {PLUS_GET_VARIABLE,   "get_variable", VERB_READ, "reads attributes of an object"},
    {PLUS_ADD_LINK,       "add_link", VERB_CONFIGURE, "ties an object to another"},
    {PLUS_REMOVE_LINK,    "remove_link", VERB_CONFIGURE, "unties it"},
    {PLUS_GET_LINK,       "get_link", VERB_READ, "what an object is tied to"},
    {PLUS_SET_MULTI,      "set_multi_variables", VERB_WRITE, "writes variables"},
    {PLUS_GET_MULTI,      "get_multi_variables", VERB_READ, "reads variables"},
    {PLUS_BEGIN_SEQUENCE, "begin_sequence", VERB_SESSION, "what follows belongs together"},
    {PLUS_END_SEQUENCE,   "end_sequence", VERB_SESSION, "up to here"},
    {PLUS_INVOKE,         "invoke", VERB_COMMAND, "calls a method of an object"},
    {PLUS_SET_STREAMED,   "set_var_substreamed", VERB_WRITE, "writes a long attribute in pieces"},
    {PLUS_GET_STREAMED,   "get_var_substreamed", VERB_READ, "reads a long attribute in pieces"},
    {PLUS_GET_ADDRESS,    "get_variables_address", VERB_DISCOVER, "where variables are"},
    {PLUS_ABORT,          "abort", VERB_SESSION, "gives up a request"},
    {PLUS_ERROR_2,        "error_2", VERB_OTHER, "says that something failed"},
    {PLUS_INIT_SSL,       "init_ssl", VERB_SESSION, "from here on TLS"},
    {PLUS_NOTIFICATION,   "notification", VERB_REPORT, "values of a subscription"},
    {PLUS_EVENT,          "system_event", VERB_REPORT, "keeps a connection alive, or says that it broke"},
    {PLUS_TLS,            "tls", VERB_SESSION, "encrypted; told once for each side"},
    ISO_FUNCTION_LABELS,
    {0},
};

static const struct label opcodes[] = {
    {OPCODE_REQUEST,      "request", 0, "asks"},
    {OPCODE_RESPONSE,     "response", 0, "answers"},
    {OPCODE_NOTIFICATION, "notification", 0, "tells unasked"},
    {OPCODE_RESPONSE_2,   "response_2", 0, "answers, of older panels"},
    {0},
};

static const struct label value_types[] = {
    {VALUE_NULL, "null", 0, "nothing"}, {VALUE_BOOL, "bool", 0, "a truth value"},
    {VALUE_USINT, "usint", 0, "8 bits"}, {VALUE_UINT, "uint", 0, "16 bits"},
    {VALUE_UDINT, "udint", 0, "32 bits"}, {VALUE_ULINT, "ulint", 0, "64 bits"},
    {VALUE_SINT, "sint", 0, "8 bits, signed"}, {VALUE_INT, "int", 0, "16 bits, signed"},
    {VALUE_DINT, "dint", 0, "32 bits, signed"}, {VALUE_LINT, "lint", 0, "64 bits, signed"},
    {VALUE_BYTE, "byte", 0, "8 bits"}, {VALUE_WORD, "word", 0, "16 bits"},
    {VALUE_DWORD, "dword", 0, "32 bits"}, {VALUE_LWORD, "lword", 0, "64 bits"},
    {VALUE_REAL, "real", 0, "32 bits, floating"}, {VALUE_LREAL, "lreal", 0, "64 bits, floating"},
    {VALUE_TIMESTAMP, "timestamp", 0, "nanoseconds since 1970"},
    {VALUE_TIMESPAN, "timespan", 0, "nanoseconds"},
    {VALUE_RID, "object_id", 0, "an object"}, {VALUE_AID, "attribute_id", 0, "an attribute"},
    {VALUE_BLOB, "blob", 0, "bytes"}, {VALUE_WSTRING, "wstring", 0, "text"},
    {VALUE_VARIANT, "variant", 0, "any of the others"}, {VALUE_STRUCT, "struct", 0, "its members follow"},
    {VALUE_S7STRING, "s7string", 0, "text"},
    {0},
};

static const struct label state_requests[] = {
    {1, "stop", 0, "the CPU is to stop"},
    {2, "reset_retentive", 0, "and to lose its data"},
    {3, "run", 0, "the CPU is to run"},
    {4, "run_redundant", 0, "both of a pair are to run"},
    {0},
};

static const struct label modes[] = {
    {4, "stop", 0, "the program does not run"},
    {8, "run", 0, "it runs"},
    {0},
};

const struct label plus_violations[] = {
    ISO_VIOLATION_LABELS,
    {PLUS_LENGTH_DIFFERS,   "length_differs", 0, "the PDU is not as long as its header says"},
    {PLUS_UNKNOWN_VERSION,  "unknown_version", 0, "not version 1, 2, 3 or an event"},
    {PLUS_UNKNOWN_OPCODE,   "unknown_opcode", 0, "neither request, response nor notification"},
    {PLUS_UNKNOWN_FUNCTION, "unknown_function", 0, "a function nobody has seen"},
    {PLUS_RESPONSE_DIFFERS, "response_function_differs", 0, "the answer is to another function"},
    {PLUS_BAD_TRAILER,      "no_trailer", 0, "it does not end as a PDU does, and nothing follows"},
    {PLUS_DOWNGRADE,        "downgrade", 0, "version 1 where version 3 was spoken: without its digest"},
    {0},
};

const struct group plus_groups[PLUS_NGROUPS] = {
    [PLUS_OBJECTS] = {"object", "One object that is made or described"},
    [PLUS_VALUES]  = {"attribute", "One value: of an attribute, a member, an item"},
    [PLUS_ITEMS]   = {"item", "One variable that is asked for or written"},
};

const struct field plus_fields[PLUS_NSLOTS] = {
    ISO_FIELDS,
    [FUNCTION]          = {"function", FIELD_ENUM, "What is asked for", plus_functions, .side = SIDE_BOTH, .flags = FIELD_FUNCTION | FIELD_IDENTITY},
    [PLUS_VERSION]      = {"version", FIELD_INT, "Version of the protocol; 254 is an event", .side = SIDE_BOTH},
    [PLUS_LENGTH]       = {"pdu_length", FIELD_INT, "Bytes behind the header, as it says", .side = SIDE_BOTH},
    [PLUS_INTEGRITY]    = {"integrity", FIELD_BOOL, "A digest keeps the PDU from being changed", .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [PLUS_OPCODE]       = {"opcode", FIELD_ENUM, "Whether it asks, answers or tells", opcodes, .side = SIDE_BOTH},
    [PLUS_SEQUENCE]     = {"sequence", FIELD_INT, "Pairs request and answer", .side = SIDE_BOTH},
    [PLUS_SESSION]      = {"session", FIELD_INT, "Which session asks; 288 before there is one", .flags = FIELD_HEX},
    [PLUS_FLAGS]        = {"transport_flags", FIELD_INT, "How it is to be answered", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [PLUS_RETURN]       = {"return_value", FIELD_INT, "What came of it: code, and who says so", .side = SIDE_RESPONSE, .flags = FIELD_HEX},
    [PLUS_RESULT]       = {"result", FIELD_INT, "The code alone; below 0 it was refused", .side = SIDE_RESPONSE},
    [PLUS_OBJECT]       = {"target", FIELD_INT, "Object it is about; in an answer, the new one", .side = SIDE_BOTH, .flags = FIELD_HEX | FIELD_IDENTITY},
    [PLUS_COUNT]        = {"item_count", FIELD_INT, "Items, as the message says"},
    [PLUS_SUBSCRIPTION] = {"subscription", FIELD_INT, "Subscription that tells", .side = SIDE_BOTH, .flags = FIELD_HEX},
    [PLUS_CREDIT]       = {"credit", FIELD_INT, "How many more may come unasked", .side = SIDE_BOTH},
    [PLUS_OBJECT_ID]    = {"object_id", FIELD_INT, "Its id", .side = SIDE_BOTH, .group = PLUS_OBJECTS, .flags = FIELD_HEX},
    [PLUS_OBJECT_CLASS] = {"class", FIELD_INT, "Its class", .side = SIDE_BOTH, .group = PLUS_OBJECTS},
    [PLUS_VALUE_ID]     = {"id", FIELD_INT, "Id of the attribute, number of the item", .side = SIDE_BOTH, .group = PLUS_VALUES},
    [PLUS_VALUE_TYPE]   = {"type", FIELD_ENUM, "Its type", value_types, .side = SIDE_BOTH, .group = PLUS_VALUES},
    [PLUS_VALUE_ARRAY]  = {"elements", FIELD_INT, "Elements of an array", .side = SIDE_BOTH, .group = PLUS_VALUES},
    [PLUS_VALUE_NUMBER] = {"number", FIELD_INT, "An integer; of a structure, which one", .side = SIDE_BOTH, .group = PLUS_VALUES},
    [PLUS_VALUE_REAL]   = {"real", FIELD_REAL, "A floating number", .side = SIDE_BOTH, .group = PLUS_VALUES},
    [PLUS_VALUE_TEXT]   = {"text", FIELD_TEXT, "Text", .side = SIDE_BOTH, .group = PLUS_VALUES},
    [PLUS_VALUE_DATA]   = {"data", FIELD_BYTES, "Bytes, arrays as they are on the wire", .side = SIDE_BOTH, .group = PLUS_VALUES},
    [PLUS_ITEM_AREA]    = {"area", FIELD_INT, "Area, and number of a data block", .group = PLUS_ITEMS, .flags = FIELD_HEX | FIELD_IDENTITY},
    [PLUS_ITEM_REFERENCE] = {"reference", FIELD_TEXT, "Area and numbers: the names are in the project alone", .group = PLUS_ITEMS, .flags = FIELD_DERIVED},
    [PLUS_ITEM_CRC]     = {"symbol_crc", FIELD_INT, "Checksum over the symbol", .group = PLUS_ITEMS, .flags = FIELD_HEX},
    [PLUS_STATE_REQUEST] = {"state_request", FIELD_ENUM, "What the CPU is told to do", state_requests, .flags = FIELD_DERIVED},
    [PLUS_MODE]         = {"mode", FIELD_ENUM, "What the CPU does", modes, .says = "mode", .side = SIDE_RESPONSE, .flags = FIELD_DERIVED},
    [PLUS_ORDER]        = {"order_number", FIELD_TEXT, "Order number of the CPU", .says = "product", .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [PLUS_FIRMWARE]     = {"firmware", FIELD_TEXT, "Version of its firmware", .says = "firmware", .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [PLUS_USER]         = {"user", FIELD_TEXT, "Who opens the session", .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [PLUS_APPLICATION]  = {"application", FIELD_TEXT, "With which program", .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [PLUS_HOST]         = {"host", FIELD_TEXT, "From which computer", .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [PLUS_PASSWORD]     = {"password", FIELD_BYTES, "That a key, a password or an answer to a challenge was sent", .side = SIDE_BOTH, .flags = FIELD_SECRET},
    [PLUS_ENCRYPTED]    = {"encrypted", FIELD_BOOL, "Only TLS can be seen", .side = SIDE_BOTH, .flags = FIELD_DERIVED},
    [PLUS_REST]         = {"rest", FIELD_BYTES, "What is not understood", .side = SIDE_BOTH},
};
/* clang-format on */
