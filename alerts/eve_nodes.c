/* What alerts add to the events of records, for the JSON Schema. */

#include "alerts/eve.h"

/* clang-format off */
const struct label eve_event_types[] = {
    {1, "alert"}, {2, "alert_update"}, {3, "stats"}, {0},
};

static const struct shape end_nodes[] = {
    {"ip",   SHAPE_TEXT, "IP address"},
    {"port", SHAPE_INT,  "Port"},
    {0},
};

static const struct shape metadata_nodes[] = {
    {"mitre_tactic_id",      SHAPE_TEXT | SHAPE_LIST, "MITRE ATT&CK for ICS: tactics"},
    {"mitre_tactic_name",    SHAPE_TEXT | SHAPE_LIST, "Their names"},
    {"mitre_technique_id",   SHAPE_TEXT | SHAPE_LIST, "Techniques"},
    {"mitre_technique_name", SHAPE_TEXT | SHAPE_LIST, "Their names"},
    {"signature_severity",   SHAPE_TEXT | SHAPE_LIST, "Informational, Minor, Major, Critical"},
    {"created_at",           SHAPE_TEXT | SHAPE_LIST, "Day the signature was written"},
    {"updated_at",           SHAPE_TEXT | SHAPE_LIST, "Day it was changed last"},
    {0},
};

static const struct shape alert_nodes[] = {
    {"action",       SHAPE_TEXT, "Always allowed: the sensor is passive"},
    {"gid",          SHAPE_INT,  "Always 1"},
    {"signature_id", SHAPE_INT,  "Number of the rule"},
    {"rev",          SHAPE_INT,  "Its revision"},
    {"signature",    SHAPE_TEXT, "Its title: constant"},
    {"category",     SHAPE_TEXT, "Its category"},
    {"severity",     SHAPE_INT,  "1 is the worst, 4 the least"},
    {"source",       SHAPE_OBJECT, "Who acted", end_nodes},
    {"target",       SHAPE_OBJECT, "On whom", end_nodes},
    {"metadata",     SHAPE_OBJECT, "What the rule says of itself", metadata_nodes},
    {"references",   SHAPE_TEXT | SHAPE_LIST, "Pages to read"},
    {0},
};

const struct shape eve_envelope_nodes[] = {
    {"pkt_src", SHAPE_TEXT, "Where the packet came from"},
    {"alert",   SHAPE_OBJECT, "The rule that says so", alert_nodes},
    {0},
};

static const struct shape evidence_nodes[] = {
    {"file", SHAPE_TEXT, "Of packets, in the sensor's directory of evidence"},
    {"frames", SHAPE_INT | SHAPE_LIST, "Frames of the record's messages in their capture"},
    {0},
};

static const struct shape capture_nodes[] = {
    {"one_way",  SHAPE_BOOL, "Only one direction of the conversation was seen"},
    {"midstream", SHAPE_BOOL, "The conversation began before the capture"},
    {0},
};

const struct shape eve_ot_nodes[] = {
    {"schema",          SHAPE_INT,  "Version of this format"},
    {"product",         SHAPE_TEXT, "sightglass"},
    {"version",         SHAPE_TEXT, "Version of the sensor"},
    {"ruleset",         SHAPE_TEXT, "Hash of the rules in force"},
    {"site",            SHAPE_TEXT, "Where the sensor is"},
    {"engine",          SHAPE_TEXT, "What found it: rule, baseline, health"},
    {"detection",       SHAPE_TEXT, "Number of the detection"},
    {"rule",            SHAPE_TEXT, "Name of the rule"},
    {"kind",            SHAPE_TEXT, "event, or condition that lasts"},
    {"alert_id",        SHAPE_TEXT, "The alert; the same in a second run"},
    {"root_cause",      SHAPE_TEXT, "Its cause; the same on every sensor"},
    {"state",           SHAPE_TEXT, "Where the alert stands", .labels = alert_state_labels},
    {"update",          SHAPE_INT,  "Counts what was told of this alert, from 0"},
    {"occurrence",      SHAPE_INT,  "Counts how often the cause opened an alert, from 1"},
    {"severity",        SHAPE_TEXT, "How bad it is", .labels = severity_labels},
    {"score",           SHAPE_INT,  "The same from 0 to 100"},
    {"count",           SHAPE_INT,  "Findings so far"},
    {"first_seen",      SHAPE_TIME, "The first of them"},
    {"last_seen",       SHAPE_TIME, "The last of them"},
    {"summary",         SHAPE_TEXT, "What happened, in a sentence"},
    {"why",             SHAPE_TEXT, "Why that matters"},
    {"false_positives", SHAPE_TEXT | SHAPE_LIST, "What else it may be"},
    {"remediation",     SHAPE_TEXT, "What to do"},
    {"contact",         SHAPE_TEXT, "Whom to call"},
    {"threshold",       SHAPE_INT,  "What had been counted when it was found"},
    {"point",           SHAPE_OBJECT, "The process value that decided", encode_point_nodes},
    {"matched",         SHAPE_TEXT | SHAPE_LIST, "What of the rule held, and with what value"},
    {"filter",          SHAPE_TEXT, "Wireshark display filter of exactly its frames"},
    {"evidence",        SHAPE_OBJECT, "Packets that show it", evidence_nodes},
    {"capture",         SHAPE_OBJECT, "What the sensor could not see", capture_nodes},
    {"commands",        SHAPE_TEXT | SHAPE_LIST, "What to type next"},
    {"truncated",       SHAPE_TEXT | SHAPE_LIST, "What was cut to fit"},
    {"stats",           SHAPE_OBJECT, "How the sensor is: counters in groups"},
    {0},
};
/* clang-format on */
