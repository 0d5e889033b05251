#include "sensor/health.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sensor/core/clock.h"
#include "sensor/core/hash.h"

/* clang-format off */
static const struct label checks[] = {
    {CHECK_CLOCK_JUMP,         "clock_jump",         0, "packet time went far ahead or back"},
    {CHECK_TABLE_FULL,         "table_full",         0, "a table of the sensor is full and lets things go"},
    {CHECK_CAPTURE_CUT,        "capture_cut",        0, "packets are cut by the snap length"},
    {CHECK_CAPTURE_TRUNCATED,  "capture_truncated",  0, "a capture file ends in the middle of a packet"},
    {CHECK_CAPTURE_DROPPED,    "capture_dropped",    0, "packets were lost before they could be read"},
    {CHECK_CAPTURE_GAP,        "capture_gap",        0, "the sensor did not see the wire for a while"},
    {CHECK_CRASHED,            "crashed",            0, "the sensor crashed and was started again"},
    {CHECK_NO_TRAFFIC,         "no_traffic",         0, "nothing arrives on an interface"},
    {CHECK_INTERFACE_DOWN,     "interface_down",     0, "an interface is down or gone"},
    {CHECK_NOT_SILENT,         "not_silent",         0, "a capture port has sent frames"},
    {CHECK_EVIDENCE_LOST,      "evidence_lost",      0, "packets of alerts were not kept"},
    {CHECK_OUTPUT_AWAY,        "output_away",        0, "an output takes nothing"},
    {CHECK_OUTBOX_FILLS,       "outbox_fills",       0, "the outbox fills up"},
    {CHECK_OUTPUT_LOST,        "output_lost",        0, "events were given up"},
    {CHECK_OUTPUT_OWNER,       "output_owner",       0, "somebody else writes under this sensor's name"},
    {CHECK_OUTPUT_REFUSED,     "output_refused",     0, "a receiver refuses events"},
    {CHECK_OUTBOX_DAMAGED,     "outbox_damaged",     0, "the outbox was damaged and begun anew"},
    {CHECK_OUTPUT_TRIMMED,     "output_trimmed",     0, "somebody removed unread entries"},
    {CHECK_RELOADED,           "reloaded",           0, "a configuration was taken over"},
    {CHECK_RELOAD_FAILED,      "reload_failed",      0, "a new configuration has errors"},
    {CHECK_MUTED,              "muted",              0, "somebody muted alerts"},
    {CHECK_CALL_REFUSED,       "call_refused",       0, "the confinement refused a system call"},
    {CHECK_ALERT_TEST,         "alert_test",         0, "a test that somebody asked for"},
    {0},
};

static const struct field fields[HEALTH_FIELDS] = {
    [HEALTH_CHECK]  = {"check", FIELD_ENUM, "What is not as it should be", checks, .flags = FIELD_DERIVED},
    [HEALTH_ABOUT]  = {"about", FIELD_TEXT, "The table, file, interface or output it is about"},
    [HEALTH_DETAIL] = {"detail", FIELD_TEXT, "What else is known"},
    [HEALTH_COUNT]  = {"count", FIELD_INT, "How often it happened so far"},
    [HEALTH_JUMP]   = {"jump", FIELD_DURATION, "How far the clock jumped; negative: back"},
    [HEALTH_GAP]    = {"gap", FIELD_DURATION, "How long nothing was seen or taken"},
    [HEALTH_OVER]   = {"over", FIELD_BOOL, "The condition has ended", .flags = FIELD_DERIVED},
};

const struct schema health_schema = {
    .name = "health",
    .title = "The sensor's own health",
    .fields = fields,
    .nfields = HEALTH_FIELDS,
};

const struct signature health_signatures[CHECKS] = {
    [CHECK_CLOCK_JUMP] = {
        .id = 8104251, .rev = 1, .engine = "health", .name = "health.clock.jump",
        .detection = "BD-25", .title = "Packet time jumps",
        .category = "Sensor Health", .severity = SEVERITY_LOW, .score = 40,
        .why = "Time-outs and windows cannot be measured across the jump: they were "
               "moved along, and nothing was learned from it.",
        .remediation = "Live: look at the clock of the host (NTP). In a replay: the captures are "
               "not of one stretch of time.",
        .created = "2026_11_22", .updated = "2026_11_23"},
    [CHECK_TABLE_FULL] = {
        .id = 8104252, .rev = 1, .engine = "health", .name = "health.table.full",
        .detection = "BD-25", .title = "A table of the sensor is full",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "What is let go is not analysed: something may pass unseen.",
        .remediation = "Look at who fills it (a scan, a flood); if this is usual here, raise the "
               "limit.",
        .created = "2026_11_22", .updated = "2026_11_23"},
    [CHECK_CAPTURE_CUT] = {
        .id = 8104253, .rev = 1, .engine = "health", .name = "health.capture.cut",
        .detection = "BD-25", .title = "Packets are cut by the capture",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "Messages of which only a part was captured cannot be read to their end.",
        .remediation = "Capture whole packets: snaplen 65535, or 0 in tcpdump; and turn receive offloads off "
               "(ethtool -K PORT gro off lro off).",
        .created = "2026_11_22", .updated = "2026_11_23"},
    [CHECK_CAPTURE_TRUNCATED] = {
        .id = 8104254, .rev = 1, .engine = "health", .name = "health.capture.truncated",
        .detection = "BD-25", .title = "A capture file ends in the middle of a packet",
        .category = "Sensor Health", .severity = SEVERITY_INFO, .score = 10,
        .why = "The program that wrote it was ended, or the disk was full: what came "
               "after is not here.",
        .remediation = "Nothing, if that is known; else copy the file again.",
        .created = "2026_11_22", .updated = "2026_11_23"},
    [CHECK_CAPTURE_DROPPED] = {
        .id = 8104255, .rev = 1, .engine = "health", .name = "health.capture.dropped",
        .detection = "BD-25", .title = "Packets are lost on the way into the sensor",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "What is lost is not analysed: something may have passed unseen, and "
               "sessions have holes.",
        .remediation = "Raise the ring of the interface, add a worker, or mirror less traffic: "
               "sightglass status shows where they are lost.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_CAPTURE_GAP] = {
        .id = 8104256, .rev = 1, .engine = "health", .name = "health.capture.gap",
        .detection = "BD-25", .title = "The sensor did not see the wire for a while",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .why = "What happened in this time is unknown here: nothing was learned from it "
               "and nothing could be alerted.",
        .remediation = "Nothing after a planned restart; else look at the log of the service "
               "from that time.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_CRASHED] = {
        .id = 8104257, .rev = 1, .engine = "health", .name = "health.sensor.crashed",
        .detection = "BD-25", .title = "The sensor crashed and was started again",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .why = "A packet made the sensor fail, or the machine did. Somebody may have "
               "sent it on purpose.",
        .remediation = "Keep the file the detail names, which holds the packets of that moment, "
               "and send it to the maintainers.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_NO_TRAFFIC] = {
        .id = 8104230, .rev = 1, .engine = "health", .name = "health.interface.no_traffic",
        .detection = "BD-23", .title = "No traffic arrives on an interface",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .condition = true, .clear_after = 86400 * NS_PER_S,
        .why = "The sensor is blind: the mirror session may be gone.",
        .remediation = "Look at the mirror session of the switch and at the cable, then run: "
               "sightglass status.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_INTERFACE_DOWN] = {
        .id = 8104231, .rev = 1, .engine = "health", .name = "health.interface.down",
        .detection = "BD-23", .title = "A capture interface is down or gone",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .condition = true, .clear_after = 86400 * NS_PER_S,
        .why = "The sensor is blind on this interface. It tries to open it again each "
               "second.",
        .remediation = "Look at the cable and at the port (ip link show). Nothing has to be done "
               "here once it is back.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_NOT_SILENT] = {
        .id = 8104232, .rev = 1, .engine = "health", .name = "health.interface.not_silent",
        .detection = "BD-25", .title = "A capture port has sent frames into the plant",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .condition = true, .clear_after = 86400 * NS_PER_S,
        .why = "A sensor must not send anything into the network it watches. Something "
               "on this host uses the port.",
        .remediation = "Take addresses, ARP and IPv6 off the port, and look for programs that "
               "use it (lldpd, a DHCP client).",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_EVIDENCE_LOST] = {
        .id = 8104258, .rev = 1, .engine = "health", .name = "health.evidence.lost",
        .detection = "BD-25", .title = "Packets of alerts are not kept as evidence",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "The alerts stand, but nobody can look at the packets that raised them.",
        .remediation = "Look at evidence.directory: is it there, does it belong to the sensor, "
               "is the disk full?",
        .created = "2026_11_25", .updated = "2026_11_25"},
    [CHECK_OUTPUT_AWAY] = {
        .id = 8104260, .rev = 1, .engine = "health", .name = "health.output.away",
        .detection = "BD-26", .title = "An output does not take alerts",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .condition = true, .clear_after = 86400 * NS_PER_S,
        .why = "Alerts wait on this machine and nobody reads them there. None is lost "
               "yet.",
        .remediation = "Look at the receiver and at the network to it; sightglass status shows "
               "the backlog.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_OUTBOX_FILLS] = {
        .id = 8104261, .rev = 1, .engine = "health", .name = "health.outbox.fills",
        .detection = "BD-26", .title = "The outbox fills up",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .condition = true, .clear_after = 86400 * NS_PER_S,
        .why = "When it is full, the least severe alerts are given up first.",
        .remediation = "Bring the output back that is away, or raise state.outbox.size.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_OUTPUT_LOST] = {
        .id = 8104262, .rev = 1, .engine = "health", .name = "health.output.lost",
        .detection = "BD-26", .title = "Events were given up",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "They are nowhere any more: the receiver will never have them.",
        .remediation = "Bring the output back that is away; raise state.outbox.size.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_OUTPUT_OWNER] = {
        .id = 8104263, .rev = 1, .engine = "health", .name = "health.output.owner",
        .detection = "BD-26", .title = "Two sensors with one name, or renewed state",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .why = "Another sensor has the same site and name, or the state directory of "
               "this one was made anew. Ids went on above the last one, so nothing is "
               "overwritten; but who is who cannot be told.",
        .remediation = "Give each sensor a name of its own. After a renewed state directory "
               "nothing has to be done.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_OUTPUT_REFUSED] = {
        .id = 8104264, .rev = 1, .engine = "health", .name = "health.output.refused",
        .detection = "BD-26", .title = "A receiver refuses events for good",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .condition = true, .clear_after = 86400 * NS_PER_S,
        .why = "The receiver answers, but takes nothing of this kind: login, permission, "
               "key type, or size.",
        .remediation = "The detail is the receiver's own answer: mend it there or in the "
               "configuration.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_OUTBOX_DAMAGED] = {
        .id = 8104265, .rev = 1, .engine = "health", .name = "health.outbox.damaged",
        .detection = "BD-26", .title = "The outbox was damaged and begun anew",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .why = "Alerts that had not been delivered may be in the damaged file only.",
        .remediation = "Keep the file the detail names; look at the disk (smartctl, dmesg).",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_OUTPUT_TRIMMED] = {
        .id = 8104266, .rev = 1, .engine = "health", .name = "health.output.trimmed",
        .detection = "BD-26", .title = "Somebody removes entries from the stream",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "Entries went that this sensor did not remove: consumers may have missed "
               "them.",
        .remediation = "Look for XTRIM, MAXLEN or FLUSHALL by others on that Redis.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_RELOADED] = {
        .id = 8104270, .rev = 1, .engine = "health", .name = "health.config.reloaded",
        .detection = "BD-27", .title = "Rules and configuration were taken over",
        .category = "Sensor Health", .severity = SEVERITY_INFO, .score = 10,
        .why = "From here on other rules may be in force.",
        .remediation = "Nothing, if that is known.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_RELOAD_FAILED] = {
        .id = 8104271, .rev = 1, .engine = "health", .name = "health.config.reload_failed",
        .detection = "BD-27", .title = "A new configuration has errors and was not taken over",
        .category = "Sensor Health", .severity = SEVERITY_MEDIUM, .score = 60,
        .why = "The sensor goes on with what it had. What was changed is not in force.",
        .remediation = "Run sightglass check, mend what it names, and reload again.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_MUTED] = {
        .id = 8104272, .rev = 1, .engine = "health", .name = "health.alerts.muted",
        .detection = "BD-27", .title = "Somebody muted alerts",
        .category = "Sensor Health", .severity = SEVERITY_LOW, .score = 30,
        .why = "What is muted is counted, but not told.",
        .remediation = "sightglass mute --list shows what is muted, until when, by whom and why.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_EXCEPTION_ENDS] = {
        .id = 8104273, .rev = 1, .engine = "health", .name = "health.rules.exception_ends",
        .detection = "BD-27", .title = "An exception of the rules ends within a week",
        .category = "Sensor Health", .severity = SEVERITY_LOW, .score = 30,
        .condition = true, .clear_after = 7200 * NS_PER_S,
        .why = "What it holds back alerts again when it has ended.",
        .remediation = "Ask who wrote it whether it is still needed; then give it another `until`.",
        .created = "2026_11_25", .updated = "2026_11_25"},
    [CHECK_CALL_REFUSED] = {
        .id = 8104900, .rev = 1, .engine = "health", .name = "health.confinement.refused",
        .detection = "BD-27", .title = "The confinement of the sensor refused a system call",
        .category = "Sensor Health", .severity = SEVERITY_HIGH, .score = 75,
        .condition = true, .clear_after = 300 * NS_PER_S,
        .why = "A thread asked for what it never needs: a library was changed, or "
               "somebody is inside.",
        .remediation = "Tell the maintainers the number of the call; if it began with an update "
               "of a library, that is the likely cause.",
        .created = "2026_11_23", .updated = "2026_11_23"},
    [CHECK_ALERT_TEST] = {
        .id = 8104901, .rev = 1, .engine = "health", .name = "health.alert.test",
        .title = "A test alert that somebody asked for",
        .category = "Sensor Health", .severity = SEVERITY_INFO, .score = 10,
        .why = "It shows that alerts arrive where they should.",
        .remediation = "Nothing.",
        .created = "2026_11_23", .updated = "2026_11_23"},
};

/* What is said of each: {about}, {detail}, {count}, {jump}, {gap} stand for what the record has. */
static const char *const sentences[CHECKS] = {
    [CHECK_CLOCK_JUMP] = "Packet time jumped {jump}.",
    [CHECK_TABLE_FULL] = "The table of {about} is full: {count} let go so far.",
    [CHECK_CAPTURE_CUT] = "{count} packets of {about} are cut short.",
    [CHECK_CAPTURE_TRUNCATED] = "{about} ends in the middle of a packet.",
    [CHECK_CAPTURE_DROPPED] = "{about} lost {count} packets so far. {detail}",
    [CHECK_CAPTURE_GAP] = "The sensor was blind for {gap}. {detail}",
    [CHECK_CRASHED] = "The sensor crashed ({count} times since it was started) and was started again. {detail}",
    [CHECK_NO_TRAFFIC] = "Nothing has arrived on {about} for {gap}.",
    [CHECK_INTERFACE_DOWN] = "The interface {about} is {detail}.",
    [CHECK_NOT_SILENT] = "{about} has sent {count} frames since it came up.",
    [CHECK_EVIDENCE_LOST] = "{count} alerts have no evidence so far. {detail}",
    [CHECK_OUTPUT_AWAY] = "The output {about} has taken nothing for {gap}: {count} events wait. {detail}",
    [CHECK_OUTBOX_FILLS] = "The outbox is {count} % full: {detail}",
    [CHECK_OUTPUT_LOST] = "{count} events for {about} were given up so far. {detail}",
    [CHECK_OUTPUT_OWNER] = "The keys of output {about} belong to somebody else. {detail}",
    [CHECK_OUTPUT_REFUSED] = "The output {about} is refused. {detail}",
    [CHECK_OUTBOX_DAMAGED] = "The outbox could not be read and was begun anew. {detail}",
    [CHECK_OUTPUT_TRIMMED] = "Entries of output {about} were removed by somebody else. {detail}",
    [CHECK_RELOADED] = "Rules and configuration were taken over. {detail}",
    [CHECK_RELOAD_FAILED] = "The new configuration has {count} errors; the old one stays in force. {detail}",
    [CHECK_MUTED] = "{about} is muted. {detail}",
    [CHECK_EXCEPTION_ENDS] = "The exception {about} ends {detail}.",
    [CHECK_CALL_REFUSED] = "The system call {about} was refused, {count} times so far.",
    [CHECK_ALERT_TEST] = "This is a test. {detail}",
};
/* clang-format on */

static int64_t number(const struct record *r, unsigned slot)
{
    const struct value *v = record_get(r, slot);

    return v ? v->i : 0;
}

static struct bytes text(const struct record *r, unsigned slot)
{
    const struct value *v = record_get(r, slot);

    return v ? record_bytes(r, v) : (struct bytes){NULL, 0};
}

/* ---- records ---------------------------------------------------------------- */

void health_fill(struct record *r, const struct notice *n)
{
    r->kind = RECORD_HEALTH;
    r->outcome = OUTCOME_SPONTANEOUS;
    record_set(r, HEALTH_CHECK, n->check);
    if (n->about[0])
        record_set_text(r, HEALTH_ABOUT, n->about);
    if (n->detail[0])
        record_set_text(r, HEALTH_DETAIL, n->detail);
    if (n->count)
        record_set(r, HEALTH_COUNT, (uint64_t)n->count);
    if (n->jump)
        record_set(r, HEALTH_JUMP, (uint64_t)n->jump);
    if (n->gap)
        record_set(r, HEALTH_GAP, (uint64_t)n->gap);
    if (n->over)
        record_set(r, HEALTH_OVER, true);
}

/* ---- sentences -------------------------------------------------------------- */

/* "90 s", "12 min", "3.5 h": as a person says it. */
static int print_duration(char *out, size_t size, int64_t ns)
{
    double s = (double)(ns < 0 ? -ns : ns) / 1e9;

    if (s < 120)
        return snprintf(out, size, "%.1f s", s);
    if (s < 7200)
        return snprintf(out, size, "%.0f min", s / 60);
    return snprintf(out, size, "%.1f h", s / 3600);
}

static int print_word(const struct record *r, char word, char *out, size_t size)
{
    struct bytes about = text(r, HEALTH_ABOUT), detail = text(r, HEALTH_DETAIL);
    int64_t jump = number(r, HEALTH_JUMP);
    int n = 0;

    switch (word) {
    case 'a':
        return snprintf(out, size, "%.*s", (int)about.len, (const char *)about.at);
    case 'd':
        return snprintf(out, size, "%.*s", (int)detail.len, (const char *)detail.at);
    case 'c':
        return snprintf(out, size, "%" PRId64, number(r, HEALTH_COUNT));
    case 'g':
        return print_duration(out, size, number(r, HEALTH_GAP));
    default:
        n = snprintf(out, size, "%s by ", jump < 0 ? "back" : "forward");
        return n + print_duration(out + n, size - (size_t)n, jump);
    }
}

static void summarise(const struct record *r, const char *sentence, char *out,
                      size_t size)
{
    size_t len = 0;

    while (*sentence && len + 1 < size) {
        if (*sentence != '{') {
            out[len++] = *sentence++;
            continue;
        }
        len += (size_t)print_word(r, sentence[1], out + len, size - len);
        len = len < size ? len : size - 1;
        sentence = strchr(sentence, '}') + 1;
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
}

/*
 * What happened at a moment and is over: the next time is another alert.  Folded into
 * the first one it would only be counted, and its own detail told to nobody.
 */
static bool is_event(int64_t check)
{
    return check == CHECK_CRASHED || check == CHECK_CAPTURE_GAP ||
           check == CHECK_RELOADED || check == CHECK_RELOAD_FAILED;
}

void health_finding(const struct record *r, struct finding *out)
{
    struct bytes about = text(r, HEALTH_ABOUT);
    int64_t check = number(r, HEALTH_CHECK);
    const char *sentence = check > 0 && check < CHECKS ? sentences[check] : NULL;

    assert(sentence);
    memset(out, 0, offsetof(struct finding, matched));
    out->signature = &health_signatures[check];
    out->record = r;
    out->track = hash_stable(0, about.at, about.len);
    if (is_event(check))
        out->track = hash_stable(out->track, &r->time, sizeof r->time);
    out->has_point = false;
    out->threshold = 0;
    out->over = number(r, HEALTH_OVER) != 0;
    summarise(r, sentence, out->summary, sizeof out->summary);
}
