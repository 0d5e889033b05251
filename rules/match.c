#include "rules/match.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRACK_TEXT = 256, VALUE_TEXT = 128 };

/* ---- keys ------------------------------------------------------------------------ */

/* "10.0.0.9|10.0.0.1/unit:3": what tells one occurrence from another. */
static struct bytes track_text(const struct rule *rule, const struct context *c,
                               char *out)
{
    struct words w;

    words_open(&w, out, TRACK_TEXT);
    for (unsigned i = 0; i < rule->ntrack; i++) {
        words_put(&w, "%s", i ? "|" : "");
        words_operand(&w, rule->track[i], c);
    }
    return (struct bytes){(const uint8_t *)out, w.len};
}

/* What the table knows a key by: like the text, but quicker to make. */
static void put_key(struct words *w, const struct datum *value)
{
    uint64_t u = value->u;

    if (value->type == FIELD_TEXT || value->type == FIELD_BYTES ||
        value->type == FIELD_ADDRESS) {
        words_add(w, value->b);
        return;
    }
    if (value->type == FIELD_REAL)
        memcpy(&u, &value->r, sizeof u);
    else if (value->type != FIELD_BOOL && value->type != FIELD_ENUM &&
             value->type != FIELD_FLAGS)
        u = (uint64_t)value->i;
    words_add(w, (struct bytes){(const uint8_t *)&u, sizeof u});
}

static struct bytes track_key(const struct rule *rule, const struct context *c, char *out)
{
    struct words w;

    words_open(&w, out, TRACK_TEXT);
    for (unsigned i = 0; i < rule->ntrack; i++) {
        struct walk walk = {0};
        struct datum value;

        words_add(&w, (struct bytes){(const uint8_t *)"|", 1});
        while (operand_next(rule->track[i], c, &walk, &value))
            put_key(&w, &value);
    }
    return (struct bytes){(const uint8_t *)out, w.len};
}

/* True, with what was counted, when the rule may speak. */
static bool threshold_met(const struct rule *rule, struct threshold *threshold,
                          const struct context *c, uint64_t *counted)
{
    char text[VALUE_TEXT], key[TRACK_TEXT];
    struct words w;
    struct walk walk = {0};
    struct datum value;
    int64_t now = c->record->seen ? c->record->seen : c->record->time;

    *counted = 0;
    if (!threshold)
        return true;
    words_open(&w, text, sizeof text);
    if (rule->distinct) {
        if (!operand_next(rule->distinct, c, &walk, &value))
            return false;
        put_key(&w, &value);
    }
    *counted = threshold_add(threshold, track_key(rule, c, key),
                             (struct bytes){(const uint8_t *)text, w.len}, now);
    return *counted >= threshold->reaches;
}

/* ---- the finding ----------------------------------------------------------------- */

/* Of an asset that is critical everything is one severity worse. */
static unsigned raised_score(const struct rule *rule, const struct record *r)
{
    const struct site_host *host =
        r->site && r->parties.protocol ? site_host(r->site, &r->parties.server) : NULL;
    enum severity severity = rule->signature.severity;
    unsigned score;

    if (!host || !host->critical || severity == SEVERITY_CRITICAL)
        return 0;
    score = rule_scores[severity + 1];
    return score > rule->signature.score ? score : 0;
}

static void begin_finding(struct finding *f, const struct rule *rule,
                          const struct context *c)
{
    char text[TRACK_TEXT];
    struct bytes track = track_text(rule, c, text);

    *f = (struct finding){.signature = &rule->signature, .record = c->record};
    f->track = hash_stable(rule->signature.id, track.at, track.len);
    f->score = raised_score(rule, c->record);
}

static void say(const struct rule *rule, struct context *c, struct finding *f)
{
    const char *list = rule->program.nlists ? rule->program.lists[0]->name : NULL;
    struct words w;

    if (c->has_decided) {
        f->has_point = true;
        f->point = *c->decided;
    }
    c->point = f->has_point ? &f->point : NULL;
    words_open(&w, f->summary, sizeof f->summary);
    sentence_write(&rule->say, c, list, f, &w);
    c->point = NULL;
}

static void tell(const struct match_sink *sink, struct rule *rule, struct context *c,
                 struct finding *f)
{
    say(rule, c, f);
    if (rule->program.root)
        explain_matched(rule->program.root, c, f);
    sink->found(sink->context, f);
}

/* ---- correlations ---------------------------------------------------------------- */

/* One line of `matched` for a correlation. */
static void put_matched(struct finding *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put_matched(struct finding *f, const char *format, ...)
{
    struct words w;
    va_list args;
    char text[FINDING_MATCHED_TEXT];

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end(args);
    words_open(&w, f->matched[f->nmatched++], FINDING_MATCHED_TEXT);
    words_add(&w, (struct bytes){(const uint8_t *)text, strlen(text)});
}

static void fire(const struct match_sink *sink, struct rule *rule, struct context *c,
                 struct finding *f)
{
    rule->found++;
    rule->last = c->record->time;
    if (!rule->alert)
        return;
    say(rule, c, f);
    sink->found(sink->context, f);
}

static void step_count(const struct match_sink *sink, struct rule *rule,
                       struct context *c)
{
    struct finding f;
    uint64_t counted;

    if (!threshold_met(rule, rule->correlation->threshold, c, &counted))
        return;
    begin_finding(&f, rule, c);
    f.threshold = counted;
    f.span = rule->correlation->within;
    put_matched(&f, "%s: %" PRIu64 " within %" PRId64 " s", rule->composed->steps[0].name,
                counted, rule->correlation->within / 1000000000);
    fire(sink, rule, c, &f);
}

/* True when it was the last step. */
static bool step_sequence(const struct match_sink *sink, struct rule *rule, unsigned step,
                          struct context *c)
{
    char key[TRACK_TEXT];
    struct correlate_found found;
    struct finding f;

    if (!sequence_step(rule->correlation, track_key(rule, c, key), step, c->record,
                       &found))
        return false;
    begin_finding(&f, rule, c);
    f.span = found.span;
    put_matched(&f, "%s: frame %" PRIu64 ", %.3f s before", rule->composed->steps[0].name,
                found.frame, (double)found.span / 1e9);
    for (unsigned i = 1; i <= step && f.nmatched < FINDING_MATCHED; i++)
        put_matched(&f, "%s: then", rule->composed->steps[i].name);
    fire(sink, rule, c, &f);
    return true;
}

static void step_absence(const struct match_sink *sink, struct rule *rule,
                         struct context *c)
{
    char key[TRACK_TEXT];
    struct finding f;
    bool back;

    absence_match(rule->correlation, track_key(rule, c, key), c->record, &back);
    if (!back || !rule->alert)
        return;
    begin_finding(&f, rule, c);
    f.over = true;
    sink->found(sink->context, &f);
}

/* True when a sequence has come to its end: it begins anew with the next match. */
static bool feed_one(const struct match_sink *sink, struct rule *r, unsigned step,
                     struct context *c)
{
    bool absence = r->correlation->kind == CORRELATION_ABSENCE;

    if (!absence && hold_back(&sink->set->holds, &r->signature, c)) {
        r->held++;
        return false;
    }
    r->matched++;
    if (r->correlation->kind == CORRELATION_SEQUENCE)
        return step_sequence(sink, r, step, c);
    if (absence)
        step_absence(sink, r, c);
    else
        step_count(sink, r, c);
    return false;
}

static void feed(const struct match_sink *sink, const struct rule *rule,
                 struct context *c)
{
    const struct rule *ended = NULL;

    for (const struct feed *to = rule->feeds; to; to = to->next) {
        if (!to->correlation->asleep && to->correlation != ended &&
            feed_one(sink, to->correlation, to->step, c))
            ended = to->correlation;
    }
}

/* ---- a match --------------------------------------------------------------------- */

void match(const struct match_sink *sink, struct rule *rule, struct context *c)
{
    struct finding f;
    uint64_t counted;

    rule->matched++;
    if (hold_back(&sink->set->holds, &rule->signature, c)) {
        rule->held++;
        return;
    }
    if (!threshold_met(rule, rule->threshold, c, &counted))
        return;
    rule->found++;
    rule->last = c->record->time;
    if (rule->alert) {
        begin_finding(&f, rule, c);
        f.threshold = counted;
        tell(sink, rule, c, &f);
    }
    if (rule->feeds)
        feed(sink, rule, c);
}

/* ---- nothing happens ------------------------------------------------------------- */

static bool is_absence(const struct rule *r)
{
    return r->correlation && r->correlation->kind == CORRELATION_ABSENCE;
}

void match_open(struct ruleset *set)
{
    set->absences = arena_take(&set->arena, (set->nrules + 1) * sizeof(struct rule *));
    for (struct rule *r = set->rules; r; r = r->next) {
        if (is_absence(r))
            set->absences[set->nabsences++] = r;
    }
    if (set->nabsences == 0)
        return;
    set->quiet = arena_take(&set->arena, sizeof *set->quiet);
    if (!record_pool_open(set->quiet, 1))
        abort();
}

/* What is known of a silent device, as the record nobody sent. */
static struct record *record_of(struct ruleset *set, const struct absence_state *s,
                                int64_t now)
{
    struct record *r = record_take(set->quiet, s->schema);
    int slot = schema_flagged(s->schema, FIELD_CHILD);

    r->kind = RECORD_TRANSACTION;
    r->site = set->names.site;
    r->parties = s->parties;
    r->time = s->time + (now - s->seen);
    r->seen = now;
    if (s->has_unit && slot >= 0)
        record_set(r, (unsigned)slot, s->unit);
    return r;
}

static void tell_absent(const struct match_sink *sink, struct rule *rule,
                        const struct absence_state *s, int64_t now)
{
    struct record *r = record_of(sink->set, s, now);
    struct context c = {.record = r, .schema = names_index(&sink->set->names, s->schema)};
    struct finding f;

    if (hold_back(&sink->set->holds, &rule->signature, &c)) {
        rule->held++;
    } else {
        begin_finding(&f, rule, &c);
        f.span = now - s->seen;
        put_matched(&f, "%s: none for %.3f s", rule->composed->steps[0].name,
                    (double)f.span / 1e9);
        fire(sink, rule, &c, &f);
    }
    record_give(r);
}

int64_t ruleset_due(const struct ruleset *set)
{
    int64_t due = INT64_MAX;

    for (unsigned i = 0; i < set->nabsences; i++) {
        int64_t one = absence_due(set->absences[i]->correlation);

        due = one < due ? one : due;
    }
    return due;
}

/* At each one's own deadline, so that it does not matter how often time is told. */
void ruleset_tick(struct ruleset *set, int64_t now,
                  void (*found)(void *context, const struct finding *f), void *context)
{
    struct match_sink sink = {set, found, context};

    for (unsigned i = 0; i < set->nabsences; i++) {
        struct rule *r = set->absences[i];
        const struct absence_state *s;
        int64_t due;

        while ((due = absence_due(r->correlation)) <= now &&
               (s = absence_next(r->correlation, due)))
            tell_absent(&sink, r, s, due);
    }
}

void ruleset_blind(struct ruleset *set, int64_t now)
{
    for (unsigned i = 0; i < set->nabsences; i++)
        absence_blind(set->absences[i]->correlation, now);
}

bool ruleset_holds_back(struct ruleset *set, const struct finding *f)
{
    struct context c = {.record = f->record};

    if (!f->record || strcmp(f->signature->engine, "rule") == 0)
        return false;
    c.schema = names_index(&set->names, f->record->schema);
    return hold_back(&set->holds, f->signature, &c);
}
