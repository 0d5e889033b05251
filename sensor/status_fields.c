#include "sensor/status_fields.h"

#include <string.h>

#define OF(member) offsetof(struct status, member)
#define IN(member) offsetof(struct status_interface, member)
#define AN(member) offsetof(struct status_analysis, member)
#define PR(member) offsetof(struct status_protocol, member)
#define TA(member) offsetof(struct status_table, member)
#define OX(member) offsetof(struct status_outputs, member)
#define OU(member) offsetof(struct status_output, member)
#define TE(member) offsetof(struct status_test, member)

/* clang-format off */
static const struct status_field own_fields[] = {
    {"version", STATUS_TEXT, OF(version)},
    {"site", STATUS_TEXT, OF(site)},
    {"sensor", STATUS_TEXT, OF(name)},
    {"time", STATUS_TIME, OF(now)},
    {"started", STATUS_TIME, OF(started), 0, "start_time_seconds", "When the process was started"},
    {"crashes", STATUS_NUMBER, OF(crashes), 0, "crashes_total", "Times the sensor crashed since the service was started"},
    {"ndpi", STATUS_FLAG, OF(ndpi), 0, "ndpi_enabled", "1 while nDPI names what is no OT"},
    {"refused_calls", STATUS_COUNT, OF(refused_calls), 0, "refused_calls_total", "System calls the confinement refused"},
    {"memory_bytes", STATUS_COUNT, OF(memory), 0, "resident_memory_bytes", "Resident memory of the sensor"},
    {0},
};

static const struct status_field interface_fields[] = {
    {"name", STATUS_CHARS, IN(name), STATUS_NAME},
    {"group", STATUS_CHARS, IN(group), STATUS_NAME},
    {"up", STATUS_FLAG, IN(up), 0, "interface_up", "1 while the port is open and receiving"},
    {"received", STATUS_COUNT, IN(received), 0, "interface_received_packets_total", "Packets read from the kernel"},
    {"received_bytes", STATUS_COUNT, IN(bytes), 0, "interface_received_bytes_total", "Bytes of these on the wire"},
    {"kernel_lost", STATUS_COUNT, IN(kernel_lost), 0, "interface_kernel_lost_packets_total", "Packets the ring of the kernel had no room for"},
    {"device_lost", STATUS_COUNT, IN(device_lost), 0, "interface_device_lost_packets_total", "Packets the interface itself lost"},
    {"ring_lost", STATUS_COUNT, IN(ring_lost), 0, "interface_ring_lost_packets_total", "Packets the ring of the sensor had no room for"},
    {"cut", STATUS_COUNT, IN(cut), 0, "interface_cut_packets_total", "Packets cut by the snap length"},
    {"sent", STATUS_COUNT, IN(sent), 0, "interface_sent_packets_total", "Frames the port has sent; must stay 0"},
    {"opened", STATUS_COUNT, IN(opened), 0, "interface_opened_total", "Times the port was opened"},
    {"ring_highest", STATUS_PERMILLE, IN(ring_highest), 0, "interface_ring_highest_ratio", "The most of the ring of the sensor that was in use"},
    {"last_packet", STATUS_TIME, IN(last_packet), 0, "interface_last_packet_timestamp_seconds", "When the latest packet came; 0: none yet"},
    {0},
};

static const struct status_field analysis_fields[] = {
    {"packets", STATUS_COUNT, AN(packets), 0, "analysed_packets_total", "Packets all workers have finished"},
    {"records", STATUS_COUNT, AN(records), 0, "records_total", "Transactions, operations, flows and findings of health"},
    {"flows", STATUS_COUNT, AN(flows), 0, "flow_records_total", "Records of flows"},
    {"health", STATUS_COUNT, AN(health), 0, "health_findings_total", "Findings about the sensor itself"},
    {"findings", STATUS_COUNT, AN(findings), 0, "findings_total", "Findings of rules"},
    {"muted", STATUS_COUNT, AN(muted), 0, "muted_findings_total", "Findings that were muted"},
    {"records_lost", STATUS_COUNT, AN(records_lost), 0, "lost_records_total", "Records that found a full ring between two threads"},
    {"notices_lost", STATUS_COUNT, AN(notices_lost), 0, "lost_notices_total", "Findings about the sensor that found a full ring"},
    {"evidence_lost", STATUS_COUNT, AN(cuts_lost), 0, "lost_evidence_total", "Alerts whose evidence was not cut or not written"},
    {"updates", STATUS_COUNT, AN(updates), 0, "alert_updates_total", "Updates of alerts"},
    {"open", STATUS_COUNT, AN(open), 0, "open_alerts", "Alerts that are open"},
    {"seen", STATUS_TIME, AN(seen), 0, "analysed_timestamp_seconds", "Packet time the analysis has come to"},
    {"clock_jumps", STATUS_COUNT, AN(clock_jumps), 0, "clock_jumps_total", "Jumps of the time of packets"},
    {"ruleset", STATUS_CHARS, AN(ruleset), sizeof ((struct status_analysis *)0)->ruleset},
    {"rules", STATUS_NUMBER, AN(rules), 0, "rules", "Rules in force"},
    {0},
};

static const struct status_field alert_fields[] = {
    {"info", STATUS_COUNT, SEVERITY_INFO * sizeof(uint64_t), 0, "alerts_total", "Alerts by severity", "severity=\"info\""},
    {"low", STATUS_COUNT, SEVERITY_LOW * sizeof(uint64_t), 0, "alerts_total", NULL, "severity=\"low\""},
    {"medium", STATUS_COUNT, SEVERITY_MEDIUM * sizeof(uint64_t), 0, "alerts_total", NULL, "severity=\"medium\""},
    {"high", STATUS_COUNT, SEVERITY_HIGH * sizeof(uint64_t), 0, "alerts_total", NULL, "severity=\"high\""},
    {"critical", STATUS_COUNT, SEVERITY_CRITICAL * sizeof(uint64_t), 0, "alerts_total", NULL, "severity=\"critical\""},
    {0},
};

static const struct status_field protocol_fields[] = {
    {"name", STATUS_CHARS, PR(name), STATUS_NAME},
    {"transactions", STATUS_COUNT, PR(transactions), 0, "transactions_total", "Transactions by protocol"},
    {"refused", STATUS_COUNT, PR(refused), 0, "refused_transactions_total", "Transactions the server refused"},
    {"unanswered", STATUS_COUNT, PR(unanswered), 0, "unanswered_transactions_total", "Transactions without an answer"},
    {"violating", STATUS_COUNT, PR(malformed), 0, "violating_transactions_total", "Transactions that violate their protocol"},
    {0},
};

static const struct status_field table_fields[] = {
    {"name", STATUS_CHARS, TA(name), STATUS_NAME},
    {"let_go", STATUS_COUNT, TA(let_go), 0, "table_let_go_total", "What a full table let go"},
    {0},
};

static const struct status_field outbox_fields[] = {
    {"committed", STATUS_COUNT, OX(committed), 0, "committed_events_total", "Events on disk so far"},
    {"tube_lost", STATUS_COUNT, OX(tube_lost), 0, "uncommitted_events_total", "Events that found no room on their way to the outbox"},
    {"rows", STATUS_COUNT, OX(outbox_rows), 0, "outbox_events", "Events in the outbox"},
    {"bytes", STATUS_COUNT, OX(outbox_bytes), 0, "outbox_bytes", "Size of the outbox"},
    {"percent", STATUS_PERCENT, OX(outbox_percent), 0, "outbox_used_ratio", "How much of what it may take the outbox takes"},
    {"commit_latency_us", STATUS_SPAN, OX(commit_latency), 0, "commit_latency_seconds", "From handing over to disk, the latest batch at most"},
    {"damaged", STATUS_FLAG, OX(damaged), 0, "outbox_damaged", "1 when the outbox was begun anew"},
    {0},
};

static const struct status_field output_fields[] = {
    {"name", STATUS_CHARS, OU(name), STATUS_NAME},
    {"type", STATUS_CHARS, OU(type), STATUS_NAME},
    {"connected", STATUS_FLAG, OU(connected), 0, "output_connected", "1 while the other side takes events"},
    {"backlog", STATUS_COUNT, OU(backlog), 0, "output_backlog_events", "Events committed and not acknowledged by the other side"},
    {"oldest", STATUS_TIME, OU(oldest), 0, "output_oldest_timestamp_seconds", "Time of the oldest of these; 0: none waits"},
    {"delivered", STATUS_COUNT, OU(delivered), 0, "output_delivered_events_total", "Events the other side has acknowledged"},
    {"lost", STATUS_COUNT, OU(lost), 0, "output_lost_events_total", "Events dropped before they were delivered"},
    {"rejected", STATUS_COUNT, OU(rejected), 0, "output_rejected_events_total", "Events the other side will never take"},
    {"last", STATUS_TIME, OU(last), 0, "output_last_timestamp_seconds", "The latest acknowledgement; 0: none yet"},
    {"error", STATUS_CHARS, OU(error), STATUS_ERROR},
    {0},
};

static const struct status_field test_fields[] = {
    {"alert_id", STATUS_ID, TE(alert_id)},
    {"raised", STATUS_TIME, TE(raised)},
    {"committed", STATUS_TIME, TE(committed)},
    {0},
};

const struct status_part status_parts[] = {
    {"", own_fields},
    {"interfaces", interface_fields, OF(interfaces), sizeof(struct status_interface), OF(ninterfaces), STATUS_INTERFACES, false, "interface"},
    {"analysis", analysis_fields, OF(analysis)},
    {"alerts", alert_fields, OF(analysis.alerts)},
    {"protocols", protocol_fields, OF(analysis.protocols), sizeof(struct status_protocol), OF(analysis.nprotocols), STATUS_PROTOCOLS, true, "protocol"},
    {"tables", table_fields, OF(analysis.tables), sizeof(struct status_table), OF(analysis.ntables), STATUS_TABLES, true, "table"},
    {"outbox", outbox_fields, OF(outputs)},
    {"outputs", output_fields, OF(outputs.output), sizeof(struct status_output), OF(outputs.n), STATUS_OUTPUTS, false, "output"},
    {"test", test_fields, OF(outputs.test)},
    {0},
};
/* clang-format on */

unsigned status_entries(const struct status_part *p, const struct status *s)
{
    unsigned n = 1;

    if (p->size)
        memcpy(&n, (const char *)s + p->count, sizeof n);
    return n;
}
