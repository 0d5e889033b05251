#include "sensor/analysis.h"

#include <assert.h>
#include <string.h>

#include "sensor/flow_record.h"
#include "sensor/health.h"

/* ---- counting -------------------------------------------------------------- */

static struct protocol_counts *counts_of(struct analysis *a, const struct schema *s)
{
    for (unsigned i = 0; i < a->nprotocols; i++) {
        if (a->protocols[i].schema == s)
            return &a->protocols[i];
    }
    assert(a->nprotocols < ANALYSIS_PROTOCOLS);
    a->protocols[a->nprotocols].schema = s;
    return &a->protocols[a->nprotocols++];
}

/* A capture that misses bytes is not the sender's fault. */
static bool violates(const struct record *r)
{
    for (unsigned i = 0; i < r->nviolations; i++) {
        if (r->violations[i].reason != VIOLATION_CUT)
            return true;
    }
    return false;
}

static void count_message(struct analysis *a, const struct record *r)
{
    struct protocol_counts *c = counts_of(a, r->schema);

    if (r->kind == RECORD_OPERATION) {
        c->operations++;
        return;
    }
    c->transactions++;
    c->outcomes[r->outcome]++;
    c->malformed += violates(r);
}

static void count_service(struct analysis *a, struct bytes name)
{
    for (unsigned i = 0; i <= a->nservices && i < ANALYSIS_SERVICES; i++) {
        struct service_count *s = &a->services[i];

        if (i == a->nservices) {
            size_t len = name.len < sizeof s->name - 1 ? name.len : sizeof s->name - 1;

            if (len)
                memcpy(s->name, name.at, len);
            a->nservices++;
        } else if (strlen(s->name) != name.len ||
                   (name.len && memcmp(s->name, name.at, name.len) != 0)) {
            continue;
        }
        s->flows++;
        return;
    }
    a->other_services++;
}

static void count_flow(struct analysis *a, const struct record *r)
{
    const struct value *service = record_get(r, FLOW_HAS_SERVICE);
    const struct value *ot = record_get(r, FLOW_HAS_OT);

    if (record_get(r, FLOW_HAS_STATE)->u != FLOW_END)
        return;
    a->flows++;
    if (!ot->u)
        count_service(a, service ? record_bytes(r, service) : (struct bytes){NULL, 0});
}

static void count(struct analysis *a, const struct record *r)
{
    if (r->kind == RECORD_FLOW)
        count_flow(a, r);
    else if (r->kind == RECORD_HEALTH)
        a->health++;
    else
        count_message(a, r);
}

/* ---- writing --------------------------------------------------------------- */

static void to_file(void *to, const char *text, size_t len)
{
    FILE *out = to;

    if (len)
        fwrite(text, 1, len, out);
}

static bool wanted(const struct analysis *a, const struct record *r)
{
    if (!a->options.records)
        return false;
    if (r->kind == RECORD_FLOW)
        return a->options.flows;
    if (r->kind == RECORD_HEALTH)
        return false;
    for (unsigned i = 0; i < ndissectors && a->options.protocols; i++) {
        if (&dissectors[i]->schema == r->schema)
            return a->options.protocols >> i & 1;
    }
    return a->options.protocols == 0;
}

static void write_record(struct analysis *a, const struct record *r)
{
    a->written++;
    if (a->options.print)
        a->options.print(a->options.context, r);
    else
        encode_record(a->encoder, r, &a->json);
}

/* ---- rules and alerts ------------------------------------------------------ */

static void found(void *context, const struct finding *f)
{
    struct analysis *a = context;

    a->findings++;
    if (a->alerts)
        alerts_take(a->alerts, f);
}

static void judge(struct analysis *a, enum rule_phase phase, const struct record *r)
{
    if (a->rules)
        ruleset_run(a->rules, phase, r, found, a);
}

static void tell_health(struct analysis *a, const struct record *r)
{
    static struct finding f; /* large: not on the stack of each record */

    health_finding(r, &f);
    found(a, &f);
}

static void at(struct analysis *a, int64_t seen)
{
    assert(seen >= a->seen);
    a->seen = seen;
    if (a->alerts)
        alerts_expire(a->alerts, seen);
}

/* ---- the sink -------------------------------------------------------------- */

static bool passes(const struct analysis *a, const struct record *r)
{
    return !a->options.filter || expression_holds(a->options.filter, r);
}

static void on_request(void *context, const struct record *r)
{
    struct analysis *a = context;

    at(a, r->seen);
    if (passes(a, r))
        judge(a, RULE_AT_REQUEST, r);
}

static void on_done(void *context, struct record *r)
{
    struct analysis *a = context;

    at(a, r->seen);
    count(a, r);
    if (r->kind == RECORD_HEALTH)
        tell_health(a, r);
    if (passes(a, r)) {
        judge(a, RULE_AT_DONE, r);
        if (wanted(a, r))
            write_record(a, r);
    }
    record_give(r);
}

struct sink analysis_sink(struct analysis *a)
{
    return (struct sink){on_request, on_done, a};
}

void analysis_open(struct analysis *a, const struct analysis_options *options,
                   struct encoder *encoder, struct ruleset *rules, struct alerts *alerts)
{
    memset(a, 0, offsetof(struct analysis, stage));
    memset(&a->seen, 0, sizeof *a - offsetof(struct analysis, seen));
    a->options = *options;
    a->rules = rules;
    a->alerts = alerts;
    a->encoder = encoder;
    a->seen = INT64_MIN;
    a->json = json_into(a->stage, sizeof a->stage);
    a->json.flush = to_file;
    a->json.to = options->out;
}

void analysis_end(struct analysis *a)
{
    if (a->alerts)
        alerts_close(a->alerts, a->seen);
    to_file(a->options.out, a->json.out, a->json.len);
    a->json.len = 0;
}
