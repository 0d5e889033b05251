#include "sensor/flow_record.h"

#include "sensor/flow.h"

/* clang-format off */
static const struct label states[] = {
    {FLOW_BEGIN,  "start",  0, "it has got a name, or ends without one"},
    {FLOW_UPDATE, "update", 0, "it goes on: each ten minutes"},
    {FLOW_END,    "end",    0, "it is over"},
    {0},
};

static const struct label service_from[] = {
    {SERVICE_DISSECTOR,      "dissector",   0, "its messages are understood"},
    {CONFIDENCE_DPI,         "dpi",         0, "nDPI recognised its content"},
    {CONFIDENCE_DPI_PARTIAL, "dpi_partial", 0, "nDPI recognised parts of it, or knew it from earlier flows"},
    {CONFIDENCE_ADDRESS,     "address",     0, "guessed from an address alone"},
    {CONFIDENCE_PORT,        "port",        0, "guessed from its port alone"},
    {0},
};

static const struct label reasons[] = {
    {FLOW_IDLE,    "idle",    0, "nothing came for the time its kind may be silent"},
    {FLOW_REUSED,  "reused",  0, "another connection began on the same ports"},
    {FLOW_EVICTED, "evicted", 0, "the flow table was full"},
    {FLOW_QUOTA,   "quota",   0, "its client held too many flows"},
    {FLOW_STOPPED, "stopped", 0, "the capture ended"},
    {0},
};

static const struct label tcp_flags[] = {
    {0x01, "fin"}, {0x02, "syn"}, {0x04, "rst"}, {0x08, "psh"},
    {0x10, "ack"}, {0x20, "urg"}, {0x40, "ece"}, {0x80, "cwr"}, {0},
};

static const struct field fields[FLOW_FIELDS] = {
    [FLOW_HAS_STATE]             = {"state", FIELD_ENUM, "Where the flow stands", states, .flags = FIELD_DERIVED},
    [FLOW_HAS_SERVICE]           = {"service", FIELD_TEXT, "What it carries: modbus, tls, rdp; absent: not known"},
    [FLOW_HAS_SERVICE_FROM]      = {"service_from", FIELD_ENUM, "How the service is known", service_from, .flags = FIELD_DERIVED},
    [FLOW_HAS_DETAIL]            = {"detail", FIELD_TEXT, "What nDPI calls it"},
    [FLOW_HAS_FRAMING]           = {"framing", FIELD_TEXT, "Which framing of the service: tcp, rtu"},
    [FLOW_HAS_EXPECTED]          = {"expected", FIELD_TEXT, "OT protocol that is usual on its port"},
    [FLOW_HAS_UNEXPECTED]        = {"unexpected", FIELD_BOOL, "Its port says one OT protocol and its content another, or none"},
    [FLOW_HAS_OT]                = {"ot", FIELD_BOOL, "A dissector understands it"},
    [FLOW_HAS_REASON]            = {"reason", FIELD_ENUM, "Why it ended", reasons, .flags = FIELD_DERIVED},
    [FLOW_HAS_ESTABLISHED]       = {"established", FIELD_BOOL, "Both sides have spoken"},
    [FLOW_HAS_DURATION]          = {"duration", FIELD_DURATION, "From its first packet to its latest"},
    [FLOW_HAS_PACKETS_TO_SERVER] = {"packets_to_server", FIELD_INT, "Packets from the client"},
    [FLOW_HAS_PACKETS_TO_CLIENT] = {"packets_to_client", FIELD_INT, "Packets from the server"},
    [FLOW_HAS_BYTES_TO_SERVER]   = {"bytes_to_server", FIELD_INT, "Bytes from the client, link layer included"},
    [FLOW_HAS_BYTES_TO_CLIENT]   = {"bytes_to_client", FIELD_INT, "Bytes from the server, link layer included"},
    [FLOW_HAS_TCP_FLAGS_CLIENT]  = {"tcp_flags_client", FIELD_FLAGS, "TCP flags the client ever set", tcp_flags},
    [FLOW_HAS_TCP_FLAGS_SERVER]  = {"tcp_flags_server", FIELD_FLAGS, "TCP flags the server ever set", tcp_flags},
    [FLOW_HAS_MESSAGES]          = {"messages", FIELD_INT, "Messages understood"},
    [FLOW_HAS_SKIPPED]           = {"skipped_bytes", FIELD_INT, "Bytes passed over to find the next message"},
    [FLOW_HAS_GAPS]              = {"gaps", FIELD_INT, "Times bytes were missing"},
    [FLOW_HAS_GAP_BYTES]         = {"gap_bytes", FIELD_INT, "Bytes known to be missing"},
};
/* clang-format on */

const struct schema flow_schema = {
    .name = "flow",
    .title = "Flows, OT or not",
    .fields = fields,
    .nfields = FLOW_FIELDS,
};
