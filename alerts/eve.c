#include "alerts/eve.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alerts/filter.h"

enum { SCHEMA_VERSION = 1, FRAMES = 16 };

/* What is shown of a finding: all of it, or what the cuts so far leave. */
struct extent {
    struct encode_limits limits;
    bool protocol, guidance, matched;
    unsigned summary;
};

/* clang-format off */
/* In this order, each on top of those before. */
static const struct cut {
    const char *name;
    struct extent left;
} cuts[] = {
    {"",         {{EVE_POINTS, 16, 1024}, true,  true,  true,  FINDING_SUMMARY}},
    {"points",   {{4,          16, 1024}, true,  true,  true,  FINDING_SUMMARY}},
    {"lists",    {{4,           4, 1024}, true,  true,  true,  FINDING_SUMMARY}},
    {"texts",    {{4,           4,  128}, true,  true,  true,  FINDING_SUMMARY}},
    {"protocol", {{1,           0,    0}, false, true,  true,  FINDING_SUMMARY}},
    {"guidance", {{1,           0,    0}, false, false, true,  FINDING_SUMMARY}},
    {"matched",  {{0,           0,    0}, false, false, false, FINDING_SUMMARY}},
    {"summary",  {{0,           0,    0}, false, false, false, 80}},
};

static const struct {
    unsigned eve;            /* EVE's: 1 is the worst */
    const char *signature;   /* as rule sets for Suricata say it */
} severities[SEVERITIES] = {
    [SEVERITY_INFO]     = {4, "Informational"},
    [SEVERITY_LOW]      = {3, "Minor"},
    [SEVERITY_MEDIUM]   = {2, "Minor"},
    [SEVERITY_HIGH]     = {1, "Major"},
    [SEVERITY_CRITICAL] = {1, "Critical"},
};
/* clang-format on */

/* ---- the object `alert` ------------------------------------------------------- */

static void put_optional(struct json *j, const char *key, const char *text)
{
    if (text && *text)
        json_text(j, key, text);
}

static void put_texts(struct json *j, const char *key, const struct texts *t)
{
    if (t->n == 0)
        return;
    json_array(j, key);
    for (unsigned i = 0; i < t->n; i++)
        json_text(j, NULL, t->text[i]);
    json_array_end(j);
}

static void put_one(struct json *j, const char *key, const char *text)
{
    const struct texts one = {&text, text ? 1 : 0};

    put_texts(j, key, &one);
}

static void put_end(struct json *j, const char *key, const struct address *a,
                    uint16_t port)
{
    char text[ADDRESS_TEXT];

    if (a->family == ADDRESS_NONE)
        return;
    json_object(j, key);
    json_text(j, "ip", address_text(a, text));
    json_uint(j, "port", port);
    json_object_end(j);
}

enum technique_part { TACTIC_ID, TACTIC_NAME, TECHNIQUE_ID, TECHNIQUE_NAME };

static const char *part_of(const struct technique *t, enum technique_part part)
{
    const char *const parts[] = {t->tactic_id, t->tactic_name, t->id, t->name};

    return parts[part];
}

/* One of the four texts of each technique; several may serve one tactic. */
static void put_attack(struct json *j, const char *key, const struct signature *s,
                       enum technique_part part)
{
    const char *text[16];
    struct texts all = {text, 0};

    for (unsigned i = 0; i < s->nattack && all.n < COUNT_OF(text); i++) {
        const char *one = part_of(s->attack[i], part);
        unsigned n = 0;

        while (n < all.n && strcmp(text[n], one) != 0)
            n++;
        if (n == all.n)
            text[all.n++] = one;
    }
    put_texts(j, key, &all);
}

static void put_metadata(struct json *j, const struct signature *s,
                         enum severity severity)
{
    json_object(j, "metadata");
    put_attack(j, "mitre_tactic_id", s, TACTIC_ID);
    put_attack(j, "mitre_tactic_name", s, TACTIC_NAME);
    put_attack(j, "mitre_technique_id", s, TECHNIQUE_ID);
    put_attack(j, "mitre_technique_name", s, TECHNIQUE_NAME);
    put_one(j, "signature_severity", severities[severity].signature);
    put_one(j, "created_at", s->created);
    put_one(j, "updated_at", s->updated);
    json_object_end(j);
}

/* "T0855.001" is told at .../T0855/001/ */
static void put_technique_page(struct json *j, const char *id)
{
    char page[80];
    size_t whole = strcspn(id, ".");

    snprintf(page, sizeof page, "https://attack.mitre.org/techniques/%.*s%s%s/",
             (int)whole, id, id[whole] ? "/" : "", id[whole] ? id + whole + 1 : "");
    json_text(j, NULL, page);
}

static void put_references(struct json *j, const struct signature *s)
{
    if (s->nattack == 0 && s->references.n == 0)
        return;
    json_array(j, "references");
    for (unsigned i = 0; i < s->nattack; i++)
        put_technique_page(j, s->attack[i]->id);
    for (unsigned i = 0; i < s->references.n; i++)
        json_text(j, NULL, s->references.text[i]);
    json_array_end(j);
}

static void put_alert(struct json *j, const struct alert *alert, const struct finding *f)
{
    const struct signature *s = f->signature;

    json_object(j, "alert");
    json_text(j, "action", "allowed");
    json_int(j, "gid", 1);
    json_uint(j, "signature_id", s->id);
    json_uint(j, "rev", s->rev);
    json_text(j, "signature", s->title);
    put_optional(j, "category", s->category);
    json_uint(j, "severity", severities[alert->severity].eve);
    if (f->record && f->record->parties.protocol) {
        put_end(j, "source", &alert->src, alert->src_port);
        put_end(j, "target", &alert->dst, alert->dst_port);
    }
    put_metadata(j, s, alert->severity);
    put_references(j, s);
    json_object_end(j);
}

/* ---- the object `ot` ------------------------------------------------------------ */

static void put_identity(struct json *j, const struct eve *eve, const struct alert *alert,
                         const struct signature *s)
{
    json_int(j, "schema", SCHEMA_VERSION);
    json_text(j, "product", "sightglass");
    put_optional(j, "version", eve->version);
    put_optional(j, "ruleset", eve->ruleset);
    put_optional(j, "site", eve->site);
    json_text(j, "engine", s->engine);
    put_optional(j, "detection", s->detection);
    json_text(j, "rule", s->name);
    json_text(j, "kind", s->condition ? "condition" : "event");
    json_id(j, "alert_id", alert->id);
    json_id(j, "root_cause", alert->root);
}

/* Between head and tail: all that changes while the alert is open. */
static void put_counts(struct json *j, const struct alert *alert)
{
    json_text(j, "state", alert_state_labels[alert->state].name);
    json_uint(j, "update", alert->update);
    json_uint(j, "occurrence", alert->occurrence);
    json_text(j, "severity", severity_labels[alert->severity].name);
    json_uint(j, "score", alert->score);
    json_uint(j, "count", alert->count);
    json_time(j, "first_seen", alert->first_seen);
    json_time(j, "last_seen", alert->last_seen);
}

/* Who answers for the device; of what the sensor says of itself, for the sensor. */
static const char *contact_for(const struct eve *eve, const struct record *r)
{
    const struct site_host *host = r && r->site && r->parties.protocol
                                       ? site_host(r->site, &r->parties.server)
                                       : NULL;

    return host && host->owner ? host->owner : eve->contact;
}

static void put_guidance(struct json *j, const struct eve *eve, const struct finding *f)
{
    const struct signature *s = f->signature;

    put_optional(j, "why", s->why);
    put_texts(j, "false_positives", &s->false_positives);
    put_optional(j, "remediation", s->remediation);
    put_optional(j, "contact", contact_for(eve, f->record));
}

/* Where no point decided, the first one stands for them. */
static bool first_point(const struct record *r, struct point *out)
{
    uint32_t place = 0;
    struct run run;

    while (record_next_run(r, &place, &run)) {
        if (run.count == 0)
            continue;
        run_point(&run, 0, out);
        return true;
    }
    return false;
}

static void put_points(struct json *j, const struct finding *f, const struct extent *x)
{
    struct point first;

    if (f->has_point)
        encode_point(f->record, &f->point, "point", j);
    else if (x->limits.points && first_point(f->record, &first))
        encode_point(f->record, &first, "point", j);
    encode_points(f->record, x->limits.points, j);
}

static void put_matched(struct json *j, const struct finding *f)
{
    if (f->nmatched == 0)
        return;
    json_array(j, "matched");
    for (unsigned i = 0; i < f->nmatched; i++)
        json_text(j, NULL, f->matched[i]);
    json_array_end(j);
}

static bool from_file(const struct encoder *e, const struct record *r)
{
    return r->source < e->nsources && e->sources[r->source].file;
}

/* As evidence.h names it: of the moment that raised it, or of a later update. */
static void put_file(struct json *j, const struct eve *eve, const struct alert *alert)
{
    char name[48];

    if (!eve->evidence || alert->state > ALERT_ESCALATED)
        return;
    if (alert->update)
        snprintf(name, sizeof name, "%016" PRIx64 "-%" PRIu32 ".pcapng", alert->id,
                 alert->update);
    else
        snprintf(name, sizeof name, "%016" PRIx64 ".pcapng", alert->id);
    json_text(j, "file", name);
}

static void put_evidence(struct json *j, const struct eve *eve, const struct alert *alert,
                         const struct record *r)
{
    char filter[FILTER_TEXT];

    if (filter_text(r, from_file(eve->encoder, r), filter))
        json_text(j, "filter", filter);
    if (r->nmessages == 0 || record_message_at(r, 0)->frame == 0)
        return;
    json_object(j, "evidence");
    put_file(j, eve, alert);
    json_array(j, "frames");
    for (unsigned i = 0; i < r->nmessages && i < FRAMES; i++)
        json_uint(j, NULL, record_message_at(r, i)->frame);
    json_array_end(j);
    json_object_end(j);
}

static void put_capture(struct json *j, const struct record *r)
{
    if (r->parties.protocol == 0)
        return;
    json_object(j, "capture");
    json_bool(j, "one_way", r->parties.one_way);
    json_bool(j, "midstream", r->parties.midstream);
    json_object_end(j);
}

/* What can be typed next: the evidence, in the capture it came from. */
static void put_commands(struct json *j, const struct eve *eve, const struct alert *alert,
                         const struct record *r)
{
    const struct encoder *e = eve->encoder;
    char filter[FILTER_TEXT], command[FILTER_TEXT + 300];
    bool file = from_file(e, r);

    if (file && filter_text(r, true, filter))
        snprintf(command, sizeof command, "wireshark -r '%.256s' -Y '%s'",
                 e->sources[r->source].name, filter);
    else if (!file && eve->evidence && r->nmessages > 0)
        snprintf(command, sizeof command,
                 "sightglass evidence %016" PRIx64 " -o %016" PRIx64 ".pcapng", alert->id,
                 alert->id);
    else
        return;
    json_array(j, "commands");
    json_text(j, NULL, command);
    json_array_end(j);
}

static void put_record(struct json *j, const struct eve *eve, const struct alert *alert,
                       const struct finding *f, const struct extent *x)
{
    const struct record *r = f->record;

    encode_course(r, j);
    encode_parties(r, j);
    encode_messages(r, j);
    put_points(j, f, x);
    if (x->protocol)
        encode_protocol(r, &x->limits, j);
    put_evidence(j, eve, alert, r);
    put_capture(j, r);
}

static void put_truncated(struct json *j, unsigned ncuts)
{
    if (ncuts == 0)
        return;
    json_array(j, "truncated");
    for (unsigned i = 1; i <= ncuts; i++)
        json_text(j, NULL, cuts[i].name);
    json_array_end(j);
}

static void put_tail(struct json *j, const struct eve *eve, const struct alert *alert,
                     const struct finding *f, unsigned ncuts)
{
    const struct extent *x = &cuts[ncuts].left;

    json_text_bytes(j, "summary",
                    (struct bytes){(const uint8_t *)alert->summary,
                                   strnlen(alert->summary, x->summary)});
    if (x->guidance)
        put_guidance(j, eve, f);
    if (f->threshold)
        json_uint(j, "threshold", f->threshold);
    if (f->record)
        put_record(j, eve, alert, f, x);
    if (x->matched)
        put_matched(j, f);
    if (f->record)
        put_commands(j, eve, alert, f->record);
    put_truncated(j, ncuts);
    json_object_end(j);
    json_object_end(j);
}

/* ---- the line -------------------------------------------------------------------- */

/* Members that go between others: a comma comes first. */
static struct json members_into(char *out, size_t size)
{
    struct json j = json_into(out, size);

    j.comma = true;
    return j;
}

static bool try_body(const struct eve *eve, const struct alert *alert,
                     const struct finding *f, unsigned ncuts, struct json *j,
                     size_t *head)
{
    enum { FIELDS_ELSEWHERE = 2 + 8 }; /* the beginning and the counts */

    if (f->record) {
        encode_envelope(eve->encoder, f->record, j);
        json_text(j, "pkt_src", "wire/pcap");
    } else if (eve->encoder->host) {
        json_text(j, "host", eve->encoder->host);
    }
    put_alert(j, alert, f);
    if (f->record)
        encode_flow(f->record, j);
    json_object(j, "ot");
    put_identity(j, eve, alert, f->signature);
    *head = j->len;
    put_tail(j, eve, alert, f, ncuts);
    return !j->overflow && j->fields + FIELDS_ELSEWHERE <= EVE_FIELDS;
}

struct eve_body eve_body(const struct eve *eve, const struct alert *alert,
                         const struct finding *f, char *out, size_t size)
{
    struct eve_body body = {0, 0, true};

    for (unsigned n = 0; n < COUNT_OF(cuts); n++) {
        struct json j = members_into(out, size);

        if (try_body(eve, alert, f, n, &j, &body.head)) {
            body.tail = j.len - body.head;
            body.cut = n > 0;
            return body;
        }
    }
    return (struct eve_body){0, 0, true};
}

size_t eve_line(const struct alert *alert, bool update, int64_t time, char *out)
{
    struct json j = json_into(out, EVE_LINE);
    struct bytes head = {(const uint8_t *)alert->body, alert->head};
    struct bytes tail = {(const uint8_t *)alert->body + alert->head, alert->tail};

    json_object(&j, NULL);
    json_time(&j, "timestamp", time);
    json_text(&j, "event_type", update ? "alert_update" : "alert");
    json_part(&j, head);
    put_counts(&j, alert);
    json_part(&j, tail);
    return json_end_line(&j);
}
