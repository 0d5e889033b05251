/*
 * S7comm-plus: the descriptor.  What it does is in s7/.
 */

#include "dissectors/s7/carried.h"
#include "dissectors/s7/plus.h"

static long length(const struct side *side, struct cursor head)
{
    return iso_length(side, head, ISO_S7COMM_PLUS);
}

const struct dissector dissector_s7comm_plus = {
    .schema = {.name = "s7comm_plus",
               .title = "S7comm-plus",
               .fields = plus_fields,
               .nfields = PLUS_NSLOTS,
               .groups = plus_groups,
               .ngroups = PLUS_NGROUPS,
               .violations = plus_violations,
               .wireshark = "cotp"},
    .tcp_ports = {102},
    .patience = {2 * NS_PER_S, 30 * NS_PER_S, 60 * NS_PER_S},
    .length = length,
    .sender = carried_sender,
    .message = carried_message,
};
