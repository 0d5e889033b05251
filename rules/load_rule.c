#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rules/attack.h"
#include "rules/contradict.h"
#include "rules/later.h"
#include "rules/load.h"

enum {
    SITE_FIRST = 9000000,
    SITE_LAST = 9999999,
    SHIPPED_FIRST = 8100000,
    SHIPPED_LAST = 8199999,
    TEXTS_MAX = 32
};

static const int64_t FOR_EVER = INT64_C(3650) * 24 * 3600 * 1000000000;

/* ---- small things --------------------------------------------------------------- */

static const struct yaml *need(struct loading *l, const struct yaml *item,
                               const char *key)
{
    const struct yaml *value = yaml_get(item, key);

    if (!value)
        diagnostics_error(l->d, &item->first->at, "`%s` is missing in %s", key,
                          item->first->text);
    return value;
}

static const char *text_of(struct loading *l, const struct yaml *value)
{
    const char *text = NULL;

    if (value && yaml_text(value, &text, l->d) && value->style == YAML_BLOCK) {
        char *copy = arena_text(&l->set->arena, text);

        copy[strcspn(copy, "\n")] = '\0';
        return copy;
    }
    return text;
}

/* A sequence of texts; a single text is a sequence of one. */
static struct texts texts_of(struct loading *l, const struct yaml *value)
{
    struct texts t = {0};
    const char **list, *text;

    if (!value || (value->kind != YAML_SCALAR && !yaml_is(value, YAML_SEQUENCE, l->d)))
        return t;
    list = arena_take(&l->set->arena, (value->n + 1) * sizeof *list);
    if (value->kind == YAML_SCALAR && yaml_text(value, &list[0], l->d))
        t.n = 1;
    for (const struct yaml *v = value->first; v && t.n < TEXTS_MAX; v = v->next) {
        if (yaml_text(v, &text, l->d))
            list[t.n++] = text;
    }
    t.text = list;
    return t;
}

/* ---- who it is ------------------------------------------------------------------ */

/* A shipped id is 81, two digits of family, two of number, one of variant. */
static void check_family(struct loading *l, const struct rule *rule,
                         const struct yaml *detection)
{
    static const char *const families[] = {"", "MB", "DN", "S7", "BD"};
    unsigned family = rule->signature.id / 1000 % 100;
    unsigned number = rule->signature.id / 10 % 100;
    char expected[16] = "";

    if (family < COUNT_OF(families))
        snprintf(expected, sizeof expected, "%s-%02u", families[family], number);
    if (strcmp(expected, rule->signature.detection) != 0)
        diagnostics_error(l->d, &detection->at, "id %u belongs to detection %s",
                          rule->signature.id, expected);
}

static void check_id(struct loading *l, struct rule *rule, const struct yaml *value)
{
    int64_t low = rule->shipped ? SHIPPED_FIRST : SITE_FIRST;
    int64_t high = rule->shipped ? SHIPPED_LAST : SITE_LAST, id;

    if (!value || !yaml_int(value, 0, UINT32_MAX, &id, l->d))
        return;
    rule->signature.id = (uint32_t)id;
    if (id < low || id > high)
        diagnostics_error(l->d, &value->at, "ids of %s rules are %" PRId64 " to %" PRId64,
                          rule->shipped ? "shipped" : "a site's", low, high);
    for (const struct rule *r = l->set->rules; r; r = r->next) {
        if (r->signature.id == id)
            diagnostics_error(l->d, &value->at, "id %" PRId64 " is that of %s (%s:%u)",
                              id, r->signature.name, r->at.source->file, r->at.line);
    }
}

static void check_name(struct loading *l, const struct rule *rule)
{
    for (const struct rule *r = l->set->rules; r; r = r->next) {
        if (strcmp(r->signature.name, rule->signature.name) == 0)
            diagnostics_error(l->d, &rule->at, "rule `%s` stands in %s:%u already",
                              r->signature.name, r->at.source->file, r->at.line);
    }
}

static void load_who(struct loading *l, struct rule *rule, const struct yaml *item)
{
    const struct yaml *rev = need(l, item, "rev"),
                      *detection = yaml_get(item, "detection");
    int64_t number;

    rule->shipped = l->shipped;
    rule->signature.site = !l->shipped;
    check_id(l, rule, need(l, item, "id"));
    check_name(l, rule);
    if (rev && yaml_int(rev, 1, UINT32_MAX, &number, l->d))
        rule->signature.rev = (uint32_t)number;
    rule->signature.detection = text_of(l, detection);
    if (rule->shipped && rule->signature.detection)
        check_family(l, rule, detection);
}

/* ---- how bad -------------------------------------------------------------------- */

static const char *const severities[] = {"info", "low",      "medium",
                                         "high", "critical", NULL};
const unsigned rule_scores[SEVERITIES] = {0, 20, 40, 70, 90};

static void load_severity(struct loading *l, struct rule *rule, const struct yaml *item)
{
    const struct yaml *severity = yaml_get(item, "severity"),
                      *score = yaml_get(item, "score");
    unsigned choice = SEVERITY_INFO;
    int64_t number = -1;

    if (!severity && !score) {
        if (rule->alert)
            need(l, item, "severity");
        return;
    }
    if (severity && !yaml_choice(severity, severities, &choice, l->d))
        return;
    if (score && !yaml_int(score, 0, 100, &number, l->d))
        return;
    if (!score)
        number = rule_scores[choice];
    if (!severity) {
        while (choice + 1 < SEVERITIES && number >= rule_scores[choice + 1])
            choice++;
    }
    if (number < rule_scores[choice] ||
        (choice + 1 < SEVERITIES && number >= rule_scores[choice + 1]))
        diagnostics_error(l->d, &score->at, "score %" PRId64 " is not %s", number,
                          severities[choice])
            ->help = "low from 20, medium from 40, high from 70, critical from 90";
    rule->signature.severity = (enum severity)choice;
    rule->signature.score = (unsigned)number;
}

static const struct technique *technique_of(struct loading *l, const struct yaml *value)
{
    const struct technique *t = NULL;
    struct diagnostic *e;
    struct nearest n;

    if (yaml_is(value, YAML_SCALAR, l->d))
        t = attack_technique(value->text);
    if (t || value->kind != YAML_SCALAR)
        return t;
    e = diagnostics_error(l->d, &value->at, "`%.40s` is no technique of ATT&CK for ICS",
                          value->text);
    nearest_open(&n, value->text);
    for (unsigned i = 0; i < attack_ntechniques; i++)
        nearest_offer(&n, attack_techniques[i].id);
    diagnostic_suggest(l->d, e, n.best);
    return NULL;
}

static void load_attack(struct loading *l, struct rule *rule, const struct yaml *item)
{
    const struct yaml *attack =
        rule->alert ? need(l, item, "attack") : yaml_get(item, "attack");
    const struct technique **list;

    if (!attack || !yaml_is(attack, YAML_SEQUENCE, l->d))
        return;
    list = arena_take(&l->set->arena, (attack->n + 1) * sizeof(const struct technique *));
    for (const struct yaml *v = attack->first; v; v = v->next) {
        list[rule->signature.nattack] = technique_of(l, v);
        rule->signature.nattack += list[rule->signature.nattack] != NULL;
    }
    rule->signature.attack = list;
}

/* It is over when what was absent comes back. */
static bool ends_itself(const struct rule *rule)
{
    return rule->correlation && rule->correlation->kind == CORRELATION_ABSENCE;
}

static void load_kind(struct loading *l, struct rule *rule, const struct yaml *item)
{
    static const char *const kinds[] = {"event", "condition", NULL};
    static const char *const clears[] = {"after", NULL};
    const struct yaml *kind = yaml_get(item, "kind"), *clear = yaml_get(item, "clear"),
                      *after;
    unsigned choice = 0;

    if (kind && !yaml_choice(kind, kinds, &choice, l->d))
        return;
    rule->signature.condition = choice == 1;
    if (!rule->signature.condition) {
        if (clear)
            diagnostics_error(l->d, &clear->key->at,
                              "`clear` belongs to kind: condition");
        return;
    }
    if (ends_itself(rule) && !clear) {
        rule->signature.clear_after = FOR_EVER;
        return;
    }
    clear = need(l, item, "clear");
    if (!clear || !yaml_is(clear, YAML_MAP, l->d))
        return;
    yaml_known_keys(clear, clears, l->d);
    after = yaml_get(clear, "after");
    if (!after)
        diagnostics_error(l->d, &clear->at, "`after` is missing in clear");
    else
        yaml_duration(after, &rule->signature.clear_after, l->d);
}

/* ---- what it says --------------------------------------------------------------- */

static void load_texts(struct loading *l, struct rule *rule, const struct yaml *item)
{
    struct signature *s = &rule->signature;

    s->engine = "rule";
    s->title = text_of(l, yaml_get(item, "title"));
    if (!s->title)
        s->title = s->name;
    s->category =
        text_of(l, rule->alert ? need(l, item, "category") : yaml_get(item, "category"));
    s->why = text_of(l, rule->alert ? need(l, item, "why") : yaml_get(item, "why"));
    s->remediation = text_of(l, yaml_get(item, "remediation"));
    s->false_positives = texts_of(l, yaml_get(item, "false_positives"));
    s->references = texts_of(l, yaml_get(item, "references"));
    s->created = text_of(l, yaml_get(item, "created"));
    s->updated = text_of(l, yaml_get(item, "updated"));
}

static void load_say(struct loading *l, struct rule *rule, const struct yaml *item)
{
    const struct yaml *say = rule->alert ? need(l, item, "say") : yaml_get(item, "say");
    const struct correlation *c = rule->correlation;
    struct sentence_has has = {rule->threshold || (c && c->threshold),
                               rule->program.nlists > 0, c != NULL};

    if (say && yaml_is(say, YAML_SCALAR, l->d))
        sentence_compile(&l->set->names, say, has, &l->set->arena, l->d, &rule->say);
    rule->done |= rule->say.done;
}

/* ---- when it fires -------------------------------------------------------------- */

static void needs_done(struct loading *l, struct rule *rule, const struct operand *o)
{
    for (unsigned i = 0; o && i < o->n; i++)
        rule->done |= names_needs_done(&l->set->names, &o->from[i]);
}

/* (what there is) and (this): of an override. */
static void and_when(struct loading *l, struct rule *rule, const struct yaml *when)
{
    struct program *p = &rule->program, more;
    struct node *both, *parts;

    if (!compile_rule(&l->set->names, when, &l->set->arena, l->d, &more) || !p->root)
        return;
    both = arena_take(&l->set->arena, sizeof *both);
    parts = arena_take(&l->set->arena, 2 * sizeof *parts);
    parts[0] = *p->root;
    parts[1] = *more.root;
    parts[0].next = &parts[1];
    parts[1].next = NULL;
    *both = (struct node){.op = NODE_AND, .first = parts};
    p->root = both;
    p->done |= more.done;
    p->later = more.later ? more.later : p->later;
    for (unsigned i = 0; i < more.nlists && p->nlists < PROGRAM_LISTS; i++)
        p->lists[p->nlists++] = more.lists[i];
    rule->shape = inherit_shape(rule->shape, when);
}

static void refuse_contradiction(struct loading *l, const struct rule *rule)
{
    struct contradiction c;

    if (!rule->program.root || !contradiction_in(&l->set->names, rule->program.root, &c))
        return;
    diagnostics_error(l->d, &rule->when->at, "can never hold: `%.*s` and `%.*s`",
                      (int)(c.one->text.len < 60 ? c.one->text.len : 60), c.one->text.at,
                      (int)(c.other->text.len < 60 ? c.other->text.len : 60),
                      c.other->text.at);
}

static void load_when(struct loading *l, struct rule *rule, const struct yaml *item)
{
    rule->when = need(l, item, "when");
    if (!rule->when || !yaml_is(rule->when, YAML_SCALAR, l->d))
        return;
    compile_rule(&l->set->names, rule->when, &l->set->arena, l->d, &rule->program);
    for (const struct appended *a = l->appended; a; a = a->next) {
        if (a->item == item)
            and_when(l, rule, a->when);
    }
    rule->done |= rule->program.done;
    refuse_contradiction(l, rule);
}

static void load_track(struct loading *l, struct rule *rule, const struct yaml *item)
{
    static const char *const usual[] = {"client", "device"};
    const struct yaml *track = yaml_get(item, "track");
    struct scope scope = {0};

    if (!track) {
        for (unsigned i = 0; i < COUNT_OF(usual); i++) {
            struct operand *o = arena_take(&l->set->arena, sizeof *o);
            struct bytes name = {(const uint8_t *)usual[i], strlen(usual[i])};

            names_operand(&l->set->names, &scope, name, o);
            o->name = usual[i];
            rule->track[rule->ntrack++] = o;
        }
        return;
    }
    if (!yaml_is(track, YAML_SEQUENCE, l->d))
        return;
    if (track->n == 0 || track->n > RULE_TRACK) {
        diagnostics_error(l->d, &track->at, "track names one to %d fields", RULE_TRACK);
        return;
    }
    for (const struct yaml *v = track->first; v; v = v->next) {
        const struct operand *o =
            yaml_is(v, YAML_SCALAR, l->d)
                ? type_field(&l->set->names, v, &l->set->arena, l->d)
                : NULL;

        if (o)
            rule->track[rule->ntrack++] = o;
        needs_done(l, rule, o);
    }
}

static void load_distinct(struct loading *l, struct rule *rule, const struct yaml *field)
{
    rule->threshold->distinct = true;
    if (!yaml_is(field, YAML_SCALAR, l->d))
        return;
    rule->distinct = type_field(&l->set->names, field, &l->set->arena, l->d);
    needs_done(l, rule, rule->distinct);
}

/* `threshold: {count: true, ...}` or `{distinct: FIELD, ...}`. */
static void load_threshold(struct loading *l, struct rule *rule, const struct yaml *item)
{
    static const char *const keys[] = {"count", "distinct", "reaches", "within", NULL};
    const struct yaml *t = yaml_get(item, "threshold"), *reaches, *within, *distinct,
                      *count;
    int64_t number = 2;
    bool yes = true;

    if (!t || !yaml_is(t, YAML_MAP, l->d))
        return;
    yaml_known_keys(t, keys, l->d);
    reaches = yaml_get(t, "reaches");
    within = yaml_get(t, "within");
    distinct = yaml_get(t, "distinct");
    count = yaml_get(t, "count");
    rule->threshold = arena_take(&l->set->arena, sizeof *rule->threshold);
    if (!reaches || !within)
        diagnostics_error(l->d, &t->at, "a threshold has `reaches` and `within`");
    if (reaches && yaml_int(reaches, 1, THRESHOLD_REACHES, &number, l->d))
        rule->threshold->reaches = (uint32_t)number;
    if (within && yaml_duration(within, &rule->threshold->within, l->d) &&
        rule->threshold->within == 0)
        diagnostics_error(l->d, &within->at, "within must be longer than nothing");
    if (count && yaml_bool(count, &yes, l->d) && (!yes || distinct))
        diagnostics_error(l->d, &count->at,
                          "a threshold has `count: true` or `distinct`");
    if (distinct)
        load_distinct(l, rule, distinct);
}

/* ---- its tests ------------------------------------------------------------------ */

static struct rule_test *load_test(struct loading *l, const struct yaml *item)
{
    static const char *const keys[] = {"pcap",     "alerts",   "fields",
                                       "lists",    "config",   "points",
                                       "baseline", "timezone", NULL};
    struct rule_test *test = arena_take(&l->set->arena, sizeof *test);
    const struct yaml *pcap, *alerts;

    if (!yaml_is(item, YAML_MAP, l->d))
        return NULL;
    yaml_known_keys(item, keys, l->d);
    pcap = yaml_get(item, "pcap");
    alerts = yaml_get(item, "alerts");
    if (!pcap || !alerts) {
        diagnostics_error(l->d, &item->at, "a test has `pcap` and `alerts`");
        return NULL;
    }
    test->at = item->at;
    test->at.source = l->file;
    test->count = alerts;
    test->file = item->at.source->file;
    test->pcap = text_of(l, pcap);
    yaml_int(alerts, 0, 1000000, &test->alerts, l->d);
    test->config = text_of(l, yaml_get(item, "config"));
    test->points = text_of(l, yaml_get(item, "points"));
    test->baseline = text_of(l, yaml_get(item, "baseline"));
    test->timezone = text_of(l, yaml_get(item, "timezone"));
    test->fields = yaml_get(item, "fields");
    test->lists = yaml_get(item, "lists");
    if ((test->fields && !yaml_is(test->fields, YAML_MAP, l->d)) ||
        (test->lists && !yaml_is(test->lists, YAML_MAP, l->d)))
        return NULL;
    return test;
}

static void load_tests(struct loading *l, struct rule *rule, const struct yaml *item)
{
    const struct yaml *tests = yaml_get(item, "test");
    struct rule_test **last = &rule->tests;

    if (!tests || !yaml_is(tests, YAML_SEQUENCE, l->d))
        return;
    for (const struct yaml *v = tests->first; v; v = v->next) {
        *last = load_test(l, v);
        if (*last)
            last = &(*last)->next;
    }
}

/* ---- the rule ------------------------------------------------------------------- */

static void load_on(struct loading *l, struct rule *rule, const struct yaml *item)
{
    static const char *const names[] = {"transaction", "operation", "flow", "health",
                                        "asset",       "point",     NULL};
    const struct yaml *on = yaml_get(item, "on"), *alert = yaml_get(item, "alert");
    unsigned choice = RECORD_TRANSACTION;

    if (on)
        yaml_choice(on, names, &choice, l->d);
    rule->on = (enum record_kind)choice;
    rule->done = rule->on != RECORD_TRANSACTION;
    rule->alert = true;
    if (alert)
        yaml_bool(alert, &rule->alert, l->d);
}

/* clang-format off */
static const char *const rule_keys[] = {
    "rule", "id", "rev", "title", "detection", "on", "when", "severity", "score", "alert",
    "category", "attack", "track", "threshold", "kind", "clear", "say", "why", "created",
    "updated", "test", "remediation", "false_positives", "references", NULL};

static const char *const correlation_keys[] = {
    "correlation", "id", "rev", "title", "detection", "count", "distinct", "sequence",
    "absence", "within", "severity", "score", "alert", "category", "attack", "track", "kind",
    "clear", "say", "why", "created", "updated", "test", "remediation", "false_positives",
    "references", NULL};
/* clang-format on */

static void load_body(struct loading *l, struct rule *rule, const struct yaml *item)
{
    load_on(l, rule, item);
    load_who(l, rule, item);
    if (strcmp(item->first->key->text, "correlation") == 0)
        load_composition(l, rule, item);
    else
        load_when(l, rule, item);
    load_severity(l, rule, item);
    load_attack(l, rule, item);
    load_kind(l, rule, item);
    load_track(l, rule, item);
    if (!rule->correlation)
        load_threshold(l, rule, item);
    load_texts(l, rule, item);
    load_say(l, rule, item);
    load_tests(l, rule, item);
    if (!rule->program.later)
        rule->program.later = later_kind(rule->on);
}

static void add_rule(struct loading *l, struct rule *rule)
{
    *l->set->last_rule = rule;
    l->set->last_rule = &rule->next;
    l->set->nrules++;
}

void load_rule(struct loading *l, const struct yaml *read)
{
    struct rule *rule = arena_take(&l->set->arena, sizeof *rule);
    struct yaml *item = arena_take(&l->set->arena, sizeof *item);
    bool correlation = strcmp(read->first->key->text, "correlation") == 0;

    *item = *read; /* an override changes the copy */
    yaml_known_keys(item, correlation ? correlation_keys : rule_keys, l->d);
    if (!load_name(l, item->first, &rule->signature.name))
        return;
    rule->at = item->first->at;
    rule->file = l->file;
    rule->contents = inherit_shape(0, read);
    rule->overridden = override_item(l, item);
    if (rule->overridden)
        yaml_known_keys(item, correlation ? correlation_keys : rule_keys, l->d);
    load_body(l, rule, item);
    rule->shape = inherit_shape(rule->shape, yaml_get(item, "when"));
    for (unsigned i = 0; correlation && i < 5; i++) {
        static const char *const keys[] = {"count", "distinct", "sequence", "absence",
                                           "within"};

        rule->shape = inherit_shape(rule->shape, yaml_get(item, keys[i]));
    }
    rule->shape = inherit_shape(rule->shape, yaml_get(item, "track"));
    rule->shape = inherit_shape(rule->shape, yaml_get(item, "threshold"));
    add_rule(l, rule);
}
