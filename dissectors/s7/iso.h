#ifndef DISSECTORS_S7_ISO_H
#define DISSECTORS_S7_ISO_H

/*
 * The carrier under S7comm and S7comm-plus: TPKT and COTP.
 *
 * Both protocols begin their tables with the rows of the carrier, in the same order, so
 * that one reader fills them.  Which of them speaks is known by the first byte it
 * carries, message by message.  Nothing here owns memory or keeps state.
 */

#include "dissectors/dissector.h"

enum {
    ISO_HEADER = 7,        /* TPKT and the header of a data TPDU */
    ISO_JOINED = 48 << 10, /* bytes of fragments that are joined */
};

enum iso_user { ISO_NOBODY, ISO_S7COMM, ISO_S7COMM_PLUS, ISO_TLS, ISO_OTHER };

enum tpdu_type {
    TPDU_ED = 0x1,
    TPDU_EA = 0x2,
    TPDU_UD = 0x4,
    TPDU_RJ = 0x5,
    TPDU_AK = 0x6,
    TPDU_ER = 0x7,
    TPDU_DR = 0x8,
    TPDU_DC = 0xc,
    TPDU_CC = 0xd,
    TPDU_CR = 0xe,
    TPDU_DT = 0xf,
};

/* The first slots of both protocols. */
enum iso_slot {
    ISO_LENGTH,
    ISO_TYPE,
    ISO_DESTINATION,
    ISO_SOURCE,
    ISO_CLASS,
    ISO_TPDU_SIZE,
    ISO_SOURCE_TSAP,
    ISO_DESTINATION_TSAP,
    ISO_CONNECTION,
    ISO_RACK,
    ISO_SLOT,
    ISO_CAUSE,
    FUNCTION,
    ISO_SLOTS
};

/* Codes of `function` that are the carrier's own; both protocols name them. */
enum iso_function {
    ISO_FUNCTION = 0x2000, /* and the type of the TPDU */
    ISO_CONNECT = ISO_FUNCTION | TPDU_CR,
    ISO_DISCONNECT = ISO_FUNCTION | TPDU_DR,
    ISO_ERROR = ISO_FUNCTION | TPDU_ER,
    ISO_UNUSUAL = ISO_FUNCTION, /* what class 0 does not have */
};

enum iso_violation {
    RESERVED_NOT_ZERO = VIOLATION_OWN,
    BAD_COTP_LENGTH,
    BAD_COTP_PARAMETER,
    FRAGMENT_NOT_ENDED,
    FRAGMENTS_TOO_LONG,
    UNEXPECTED_TPDU,
    ISO_VIOLATIONS_END
};

/* clang-format off */
/* C has no way to put the rows of one constant table into two others. */
#define ISO_FIELDS \
    [ISO_LENGTH]      = {"length", FIELD_INT, "Bytes of the TPKT, as its header says", .wireshark = "tpkt.length", .side = SIDE_BOTH}, \
    [ISO_TYPE]        = {"tpdu", FIELD_ENUM, "What the transport is asked for; absent for data", iso_types, "cotp.type", .side = SIDE_BOTH}, \
    [ISO_DESTINATION] = {"destination_reference", FIELD_INT, "Reference of the receiver's end", .wireshark = "cotp.destref", .side = SIDE_BOTH, .flags = FIELD_HEX}, \
    [ISO_SOURCE]      = {"source_reference", FIELD_INT, "Reference of the sender's end", .wireshark = "cotp.srcref", .side = SIDE_BOTH, .flags = FIELD_HEX}, \
    [ISO_CLASS]       = {"transport_class", FIELD_INT, "Transport class; 0 over TCP", .wireshark = "cotp.class", .side = SIDE_BOTH}, \
    [ISO_TPDU_SIZE]   = {"tpdu_size", FIELD_INT, "Longest TPDU, bytes", .wireshark = "cotp.tpdu_size", .side = SIDE_BOTH}, \
    [ISO_SOURCE_TSAP] = {"source_tsap", FIELD_BYTES, "Who calls", .wireshark = "cotp.src-tsap-bytes", .side = SIDE_BOTH}, \
    [ISO_DESTINATION_TSAP] = {"destination_tsap", FIELD_BYTES, "Who is called", .wireshark = "cotp.dst-tsap-bytes", .side = SIDE_BOTH}, \
    [ISO_CONNECTION]  = {"connection_type", FIELD_ENUM, "From the called TSAP: what for", iso_connections, .side = SIDE_BOTH, .flags = FIELD_DERIVED}, \
    [ISO_RACK]        = {"rack", FIELD_INT, "From the called TSAP", .says = "rack", .side = SIDE_BOTH, .flags = FIELD_DERIVED}, \
    [ISO_SLOT]        = {"slot", FIELD_INT, "From the called TSAP", .says = "slot", .side = SIDE_BOTH, .flags = FIELD_DERIVED}, \
    [ISO_CAUSE]       = {"disconnect_cause", FIELD_ENUM, "Why the transport refuses or ends", iso_causes, "cotp.cause cotp.reject_cause", .side = SIDE_BOTH}

#define ISO_FUNCTION_LABELS \
    {ISO_CONNECT,    "connect",    VERB_SESSION, "asks for a transport connection"}, \
    {ISO_DISCONNECT, "disconnect", VERB_SESSION, "ends or refuses a transport connection"}, \
    {ISO_ERROR,      "transport_error", VERB_SESSION, "a TPDU was not understood"}, \
    {ISO_UNUSUAL,    "unusual_tpdu", VERB_OTHER, "a TPDU that transport class 0 does not have"}

#define ISO_VIOLATION_LABELS \
    {RESERVED_NOT_ZERO,  "reserved_not_zero",  0, "the second byte of the TPKT is not 0"}, \
    {BAD_COTP_LENGTH,    "bad_cotp_length",    0, "the header of the TPDU is longer than its TPKT, or too short for its type"}, \
    {BAD_COTP_PARAMETER, "bad_cotp_parameter", 0, "a parameter of the TPDU is longer than its header"}, \
    {FRAGMENT_NOT_ENDED, "fragment_not_ended", 0, "something else follows a fragment that is not the last"}, \
    {FRAGMENTS_TOO_LONG, "fragments_too_long", 0, "more fragments than are joined"}, \
    {UNEXPECTED_TPDU,    "unexpected_tpdu",    0, "a TPDU that transport class 0 does not have, or an unknown one"}
/* clang-format on */

extern const struct label iso_types[], iso_connections[], iso_causes[];

/* One message: its transport, and what it carries in one piece. */
struct iso {
    struct cursor start; /* of the first TPKT */
    size_t length;       /* as the first TPKT says */
    size_t header;       /* bytes of the first COTP header, li included */
    uint8_t type;        /* enum tpdu_type */
    uint8_t credit;      /* low half of the type's byte */
    struct cursor payload;
    bool reserved, cut_short, not_ended, too_long;
    bool joined; /* start and payload are in the room of iso_read() */
};

/* What the first byte of a payload says. */
enum iso_user iso_user_of(struct bytes payload);

/*
 * length() for both: a whole chain of fragments is one message.  With !side->sure it
 * wants the content to be this user's, or a connection request that is likely its.
 */
long iso_length(const struct side *side, struct cursor head, enum iso_user user);

/* Reads the transport; `room` holds ISO_JOINED bytes for fragments that are joined. */
struct iso iso_read(struct cursor *c, uint8_t *room);

/* The transport's fields and violations, in the record of what it carries. */
void iso_put(struct record *r, const struct iso *iso);

/* Everything but data: connection requests and their like. */
void iso_control(struct exchange *x, const struct iso *iso);

/* Who sends such a TPDU: enum field_side or 0. */
unsigned iso_sender(const struct iso *iso);

#endif
