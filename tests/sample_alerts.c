#include "tests/sample_alerts.h"

#include <stdio.h>

static const struct technique command = {"T0855", "Unauthorized Command Message",
                                         "TA0106", "Impair Process Control"};
static const struct technique firmware = {"T0693.001", "A technique below another",
                                          "TA0106", "Impair Process Control"};
static const struct technique *const techniques[] = {&command, &firmware};
static const char *const innocent[] = {"A panel that was replaced."};
static const char *const pages[] = {"https://modbus.org/specs"};

const struct signature sample_signature = {
    .id = 8101010,
    .rev = 1,
    .engine = "rule",
    .name = "probe.write.client_not_allowed",
    .detection = "MB-01",
    .title = "Write by a client that is not on the writers list",
    .category = "Unauthorized Command",
    .severity = SEVERITY_HIGH,
    .score = 80,
    .attack = techniques,
    .nattack = 2,
    .why = "Only the clients on the list may write.",
    .remediation = "Call the contact.",
    .false_positives = {innocent, 1},
    .references = {pages, 1},
    .created = "2026_01_15",
    .updated = "2026_02_20",
};

const struct signature sample_condition = {
    .id = 8104240,
    .rev = 1,
    .engine = "health",
    .name = "health.mirror.one_way",
    .title = "Sensor sees only one direction",
    .category = "Sensor Health",
    .severity = SEVERITY_MEDIUM,
    .condition = true,
    .clear_after = 120 * NS_PER_S,
};

const struct signature sample_bare = {
    .id = 9000001,
    .rev = 3,
    .engine = "rule",
    .name = "site.bare",
    .title = "A site's own rule",
    .category = "Site",
    .severity = SEVERITY_LOW,
};

struct finding sample_finding(const struct signature *s, const struct record *r,
                              uint64_t track)
{
    struct finding f = {.signature = s, .record = r, .track = track, .nmatched = 2};
    uint32_t place = 0;
    struct run run;

    snprintf(f.summary, sizeof f.summary,
             "10.20.1.77 set 40101 on 10.20.3.7 unit 3 to 4.8.");
    snprintf(f.matched[0], sizeof f.matched[0], "probe: true");
    snprintf(f.matched[1], sizeof f.matched[1], "verb == write: write");
    if (r && record_next_run(r, &place, &run)) {
        run_point(&run, 0, &f.point);
        f.has_point = true;
    }
    return f;
}
