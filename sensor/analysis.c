#include "sensor/analysis.h"

#include <assert.h>
#include <inttypes.h>
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

static enum output_what kind_of(const struct record *r)
{
    return r->kind == RECORD_FLOW        ? OUTPUT_FLOWS
           : r->kind == RECORD_OPERATION ? OUTPUT_OPERATIONS
                                         : OUTPUT_TRANSACTIONS;
}

/* With fewer points and rows where all of them are too many; the totals tell it. */
static size_t encode_short(struct analysis *a, const struct record *r)
{
    static const struct encode_limits few = {.points = 128, .rows = 64, .text = 1024};
    struct json j = json_into(a->line, sizeof a->line);
    size_t len = encode_record(a->encoder, r, &j);

    if (len > 0)
        return len;
    a->too_long++;
    a->encoder->limits = few;
    j = json_into(a->line, sizeof a->line);
    len = encode_record(a->encoder, r, &j);
    a->encoder->limits = encode_all;
    return len;
}

/* A record for the outputs that asked for its kind. */
static void offer(struct analysis *a, const struct record *r)
{
    struct event e = {.kind = EVENT_RECORD, .record = r->kind, .time = r->time};

    if (r->kind == RECORD_HEALTH || !(a->options.want & kind_of(r)))
        return;
    e.line = (struct bytes){(const uint8_t *)a->line, encode_short(a, r)};
    assert(e.line.len > 0); /* what the limits leave always fits */
    a->options.put(a->options.context, &e);
}

static void explain(struct analysis *a, const struct record *r)
{
    char why[400];

    if (r->kind != a->options.why_not->on)
        return;
    ruleset_why_not(a->options.setup->rules, a->options.why_not, r, why, sizeof why);
    fprintf(a->options.out, "frame %" PRIu64 ": %s\n", r->frame, why);
}

/* ---- rules and alerts ------------------------------------------------------ */

/* By the time of day: a mute ends when its author said it would. */
static bool is_muted(struct analysis *a, const struct finding *f)
{
    int mute;

    if (!a->mutes || a->mutes->n == 0)
        return false;
    mute = mutes_match(a->mutes, f->signature, alert_root(f), finding_severity(f),
                       f->record->time);
    if (mute < 0)
        return false;
    a->muted.suppressed[mute]++;
    a->nmuted++;
    return true;
}

static void found(void *context, const struct finding *f)
{
    struct analysis *a = context;

    if (!setup_wants(a->options.setup, f->signature))
        return;
    a->findings++;
    if (a->options.setup->rules && ruleset_holds_back(a->options.setup->rules, f))
        return;
    if (is_muted(a, f))
        return;
    a->at_hand = f;
    alerts_take(a->alerts, f, a->seen);
    a->at_hand = NULL;
}

static void judge(struct analysis *a, enum rule_phase phase, const struct record *r)
{
    if (a->options.setup->rules)
        ruleset_run(a->options.setup->rules, phase, r, found, a);
}

/* What was not seen may have been there all the same. */
static bool is_blind(const struct record *r)
{
    uint64_t check = record_get(r, HEALTH_CHECK)->u;

    return check == CHECK_CAPTURE_GAP || check == CHECK_CLOCK_JUMP ||
           check == CHECK_CAPTURE_DROPPED || check == CHECK_INTERFACE_DOWN ||
           check == CHECK_NO_TRAFFIC;
}

static void tell_health(struct analysis *a, const struct record *r)
{
    static struct finding f; /* large: not on the stack of each record */

    if (a->options.setup->rules && is_blind(r))
        ruleset_blind(a->options.setup->rules, r->seen);

    health_finding(r, &f);
    found(a, &f);
}

/* ---- full tables ------------------------------------------------------------ */

static struct analysis_table *table_of(struct analysis *a, struct bytes name)
{
    struct analysis_table *t = a->tables;

    while (t < a->tables + a->ntables &&
           (strlen(t->name) != name.len || memcmp(t->name, name.at, name.len) != 0))
        t++;
    if (t == a->tables + a->ntables) {
        assert(a->ntables < ANALYSIS_TABLES && name.len < sizeof t->name);
        memcpy(t->name, name.at, name.len);
        a->ntables++;
    }
    return t;
}

/* The record is kept until all workers have told theirs of this moment. */
static void add_up(struct analysis *a, struct record *r)
{
    const struct value *about = record_get(r, HEALTH_ABOUT);
    struct analysis_table *t = table_of(a, record_bytes(r, about));

    t->let_go += record_get(r, HEALTH_COUNT)->u;
    if (t->news)
        record_give(t->news);
    t->news = r;
    a->news = true;
}

static void finish(struct analysis *a, struct record *r);

static void tell_tables(struct analysis *a)
{
    a->news = false;
    for (unsigned i = 0; i < a->ntables; i++) {
        struct record *r = a->tables[i].news;

        a->tables[i].news = NULL;
        if (!r)
            continue;
        record_set(r, HEALTH_COUNT, a->tables[i].let_go);
        finish(a, r);
    }
}

/* What a rule waited for has not come. */
static void tell_absent(struct analysis *a, int64_t seen)
{
    struct ruleset *rules = a->options.setup->rules;
    int64_t due;

    while (rules && (due = ruleset_due(rules)) <= seen) {
        a->seen = due > a->seen ? due : a->seen;
        ruleset_tick(rules, due, found, a);
    }
}

static void at(struct analysis *a, int64_t seen)
{
    if (a->news && seen > a->seen)
        tell_tables(a);
    assert(seen >= a->seen);
    tell_absent(a, seen);
    a->seen = seen;
    if (alerts_due(a->alerts) <= seen)
        alerts_expire(a->alerts, seen);
}

/* ---- the sink -------------------------------------------------------------- */

static bool passes(struct analysis *a, const struct record *r)
{
    struct context c = {.record = r};

    if (!a->options.filter)
        return true;
    c.schema = setup_schema(a->options.setup, r->schema);
    return evaluate(a->options.filter->root, &c);
}

static void on_request(void *context, struct record *r)
{
    struct analysis *a = context;

    at(a, r->seen);
    r->site = a->options.setup->site;
    if (passes(a, r))
        judge(a, RULE_AT_REQUEST, r);
}

/* No request was shown before: what needs only the request looks now. */
static bool stands_alone(const struct record *r)
{
    return r->kind == RECORD_TRANSACTION &&
           (r->outcome == OUTCOME_ORPHAN || r->outcome == OUTCOME_SPONTANEOUS ||
            r->outcome == OUTCOME_SENT);
}

static void finish(struct analysis *a, struct record *r)
{
    count(a, r);
    r->site = a->options.setup->site;
    if (r->kind == RECORD_HEALTH)
        tell_health(a, r);
    if (passes(a, r)) {
        if (stands_alone(r))
            judge(a, RULE_AT_REQUEST, r);
        judge(a, RULE_AT_DONE, r);
        if (a->options.why_not)
            explain(a, r);
        else if (wanted(a, r))
            write_record(a, r);
        if (a->options.want)
            offer(a, r);
    }
    record_give(r);
}

static bool is_table_full(const struct record *r)
{
    return r->kind == RECORD_HEALTH && record_get(r, HEALTH_CHECK)->u == CHECK_TABLE_FULL;
}

static void on_done(void *context, struct record *r)
{
    struct analysis *a = context;

    at(a, r->seen);
    if (is_table_full(r))
        add_up(a, r);
    else
        finish(a, r);
}

struct record_sink analysis_sink(struct analysis *a)
{
    return (struct record_sink){on_request, on_done, a};
}

void analysis_open(struct analysis *a, const struct analysis_options *options,
                   struct encoder *encoder, struct alerts *alerts)
{
    memset(a, 0, sizeof *a);
    a->options = *options;
    a->alerts = alerts;
    a->encoder = encoder;
    a->seen = INT64_MIN;
    a->options.want &= OUTPUT_TRANSACTIONS | OUTPUT_FLOWS | OUTPUT_OPERATIONS;
    a->json = json_into(a->stage, sizeof a->stage);
    a->json.flush = to_file;
    a->json.to = options->out;
}

void analysis_tick(struct analysis *a, int64_t seen)
{
    if (seen > a->seen)
        at(a, seen);
}

void analysis_alerts(const struct setup *setup, struct alerts_config *config)
{
    const struct config *c = setup->config;

    config->update_every = c->update_every;
    config->close_after = c->close_after;
    config->rate = c->alert_rate.count;
    config->rate_period = c->alert_rate.within;
    config->bytes = c->alert_bytes;
    config->eve.ruleset = setup->rules ? ruleset_version(setup->rules) : NULL;
    config->eve.site = c->site;
    config->eve.contact = c->contact;
}

void analysis_adopt(struct analysis *a, struct setup *setup)
{
    struct alerts_config config = a->alerts->config;

    if (setup->rules && a->options.setup->rules)
        ruleset_inherit(setup->rules, a->options.setup->rules);
    analysis_alerts(setup, &config);
    alerts_adopt(a->alerts, &config);
    a->encoder->host = setup->config->name;
    a->options.setup = setup;
}

void analysis_mute(struct analysis *a, const struct mutes *mutes)
{
    a->mutes = mutes;
    a->muted = (struct mutes_counts){.generation = mutes->generation};
}

void analysis_end(struct analysis *a)
{
    tell_tables(a);
    alerts_close(a->alerts, a->seen);
    to_file(a->options.out, a->json.out, a->json.len);
    a->json.len = 0;
}
