/*
 * S7comm: the descriptor.  What it does is in s7/.
 */

#include "dissectors/s7/carried.h"
#include "dissectors/s7/s7.h"

static long length(const struct side *side, struct cursor head)
{
    return iso_length(side, head, ISO_S7COMM);
}

const struct dissector dissector_s7comm = {
    .schema = {.name = "s7comm",
               .title = "S7comm",
               .fields = s7_fields,
               .nfields = NSLOTS,
               .groups = s7_groups,
               .ngroups = NGROUPS,
               .tables = s7_tables,
               .violations = s7_violations,
               .operations = s7_operations,
               .wireshark = "s7comm or cotp",
               .reference = s7_reference},
    .tcp_ports = {102},
    .patience = {2 * NS_PER_S, 30 * NS_PER_S, 60 * NS_PER_S},
    .length = length,
    .sender = carried_sender,
    .message = carried_message,
};
