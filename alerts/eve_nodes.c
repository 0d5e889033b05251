/* What alerts add to the events of records, for the JSON Schema. */

#include "alerts/eve.h"

/* clang-format off */
const struct label eve_event_types[] = {
    {1, "alert"}, {2, "alert_update"}, {0},
};

static const struct node end_nodes[] = {
    {"ip",   NODE_TEXT, "IP address"},
    {"port", NODE_INT,  "Port"},
    {0},
};

static const struct node metadata_nodes[] = {
    {"mitre_tactic_id",      NODE_TEXT | NODE_LIST, "MITRE ATT&CK for ICS: tactics"},
    {"mitre_tactic_name",    NODE_TEXT | NODE_LIST, "Their names"},
    {"mitre_technique_id",   NODE_TEXT | NODE_LIST, "Techniques"},
    {"mitre_technique_name", NODE_TEXT | NODE_LIST, "Their names"},
    {"signature_severity",   NODE_TEXT | NODE_LIST, "Informational, Minor, Major, Critical"},
    {"created_at",           NODE_TEXT | NODE_LIST, "Day the signature was written"},
    {"updated_at",           NODE_TEXT | NODE_LIST, "Day it was changed last"},
    {0},
};

static const struct node alert_nodes[] = {
    {"action",       NODE_TEXT, "Always allowed: the sensor is passive"},
    {"gid",          NODE_INT,  "Always 1"},
    {"signature_id", NODE_INT,  "Number of the rule"},
    {"rev",          NODE_INT,  "Its revision"},
    {"signature",    NODE_TEXT, "Its title: constant"},
    {"category",     NODE_TEXT, "Its category"},
    {"severity",     NODE_INT,  "1 is the worst, 4 the least"},
    {"source",       NODE_OBJECT, "Who acted", end_nodes},
    {"target",       NODE_OBJECT, "On whom", end_nodes},
    {"metadata",     NODE_OBJECT, "What the rule says of itself", metadata_nodes},
    {"references",   NODE_TEXT | NODE_LIST, "Pages to read"},
    {0},
};

const struct node eve_envelope_nodes[] = {
    {"pkt_src", NODE_TEXT, "Where the packet came from"},
    {"alert",   NODE_OBJECT, "The rule that says so", alert_nodes},
    {0},
};

static const struct node evidence_nodes[] = {
    {"frames", NODE_INT | NODE_LIST, "Frames of the record's messages in their capture"},
    {0},
};

static const struct node capture_nodes[] = {
    {"one_way",  NODE_BOOL, "Only one direction of the conversation was seen"},
    {"midstream", NODE_BOOL, "The conversation began before the capture"},
    {0},
};

const struct node eve_ot_nodes[] = {
    {"schema",          NODE_INT,  "Version of this format"},
    {"product",         NODE_TEXT, "sightglass"},
    {"version",         NODE_TEXT, "Version of the sensor"},
    {"ruleset",         NODE_TEXT, "Hash of the rules in force"},
    {"site",            NODE_TEXT, "Where the sensor is"},
    {"engine",          NODE_TEXT, "What found it: rule, baseline, health"},
    {"detection",       NODE_TEXT, "Number of the detection"},
    {"rule",            NODE_TEXT, "Name of the rule"},
    {"kind",            NODE_TEXT, "event, or condition that lasts"},
    {"alert_id",        NODE_TEXT, "The alert; the same in a second run"},
    {"root_cause",      NODE_TEXT, "Its cause; the same on every sensor"},
    {"state",           NODE_TEXT, "Where the alert stands", .labels = alert_state_labels},
    {"update",          NODE_INT,  "Counts what was told of this alert, from 0"},
    {"occurrence",      NODE_INT,  "Counts how often the cause opened an alert, from 1"},
    {"severity",        NODE_TEXT, "How bad it is", .labels = severity_labels},
    {"score",           NODE_INT,  "The same from 0 to 100"},
    {"count",           NODE_INT,  "Findings so far"},
    {"first_seen",      NODE_TIME, "The first of them"},
    {"last_seen",       NODE_TIME, "The last of them"},
    {"summary",         NODE_TEXT, "What happened, in a sentence"},
    {"why",             NODE_TEXT, "Why that matters"},
    {"false_positives", NODE_TEXT | NODE_LIST, "What else it may be"},
    {"remediation",     NODE_TEXT, "What to do"},
    {"contact",         NODE_TEXT, "Whom to call"},
    {"threshold",       NODE_INT,  "What had been counted when it was found"},
    {"point",           NODE_OBJECT, "The process value that decided", encode_point_nodes},
    {"matched",         NODE_TEXT | NODE_LIST, "What of the rule held, and with what value"},
    {"filter",          NODE_TEXT, "Wireshark display filter of exactly its frames"},
    {"evidence",        NODE_OBJECT, "Packets that show it", evidence_nodes},
    {"capture",         NODE_OBJECT, "What the sensor could not see", capture_nodes},
    {"commands",        NODE_TEXT | NODE_LIST, "What to type next"},
    {"truncated",       NODE_TEXT | NODE_LIST, "What was cut to fit"},
    {0},
};
/* clang-format on */
