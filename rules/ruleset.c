#include "rules/ruleset.h"

#include <inttypes.h>
#include <string.h>

#include "rules/load.h"

enum { TRACK_TEXT = 256, VALUE_TEXT = 128 };

/* ---- the index ------------------------------------------------------------------ */

static bool may_have(const struct reach *r, unsigned function)
{
    if (function == FUNCTION_CODES)
        return r->functions_other;
    return r->functions[function / 64] >> function % 64 & 1;
}

static bool stands_in(const struct rule *rule, unsigned kind, unsigned phase)
{
    return rule->on == kind && rule->done == (phase == RULE_AT_DONE);
}

static bool same_entries(const struct entry *a, const struct entry *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (a[i].rule != b[i].rule)
            return false;
    }
    return true;
}

/* Most codes have the same rules: they share one list. */
static void fill(struct ruleset *set, struct bucket *b, unsigned function,
                 const struct entry *found, unsigned n)
{
    struct entry *list;

    b->n[function] = (uint16_t)n;
    for (unsigned f = 0; f < function; f++) {
        if (b->n[f] == n && same_entries(b->list[f], found, n)) {
            b->list[function] = b->list[f];
            return;
        }
    }
    list = arena_take(&set->arena, (n + 1) * sizeof *list);
    memcpy(list, found, n * sizeof *list);
    b->list[function] = list;
}

struct candidate {
    struct rule *rule;
    struct reach reach;
};

static unsigned candidates(struct ruleset *set, unsigned schema, unsigned kind,
                           unsigned phase, struct candidate *out)
{
    unsigned n = 0;

    for (struct rule *rule = set->rules; rule; rule = rule->next) {
        if (!stands_in(rule, kind, phase))
            continue;
        out[n].rule = rule;
        out[n].reach = node_reach(rule->program.root, schema, set->names.schemas[schema]);
        n += out[n].reach.possible;
    }
    return n;
}

static struct bucket *new_bucket(struct ruleset *set, const struct candidate *all,
                                 unsigned n, bool violations)
{
    struct bucket *b = arena_take(&set->arena, sizeof *b);
    struct entry *found = arena_take(&set->arena, (n + 1) * sizeof *found);

    for (unsigned function = 0; function < FUNCTION_LISTS; function++) {
        unsigned hits = 0;

        for (unsigned i = 0; i < n; i++) {
            const struct reach *r = &all[i].reach;

            if (may_have(r, function) && (violations || !r->violation))
                found[hits++] =
                    (struct entry){all[i].rule, r->verbs, r->outcomes, r->slot};
        }
        fill(set, b, function, found, hits);
    }
    return b;
}

void ruleset_index(struct ruleset *set)
{
    struct candidate *all = arena_take(&set->arena, (set->nrules + 1) * sizeof *all);
    unsigned n;

    for (unsigned s = 0; s < set->names.n; s++) {
        set->function_slot[s] = schema_flagged(set->names.schemas[s], FIELD_FUNCTION);
        for (unsigned i = 0; i < 2 * RECORD_KINDS; i++) {
            n = candidates(set, s, i / 2, i % 2, all);
            for (unsigned v = 0; n && v < 2; v++)
                set->buckets[s][i / 2][i % 2][v] = new_bucket(set, all, n, v);
        }
    }
    for (struct rule *rule = set->rules; rule; rule = rule->next) {
        if (rule->threshold)
            threshold_open(rule->threshold, &set->arena);
    }
    ruleset_reset(set);
}

const struct value_list *rule_empty_list(const struct rule *rule)
{
    for (unsigned i = 0; i < rule->program.nlists; i++) {
        if (rule->program.lists[i]->set.n == 0)
            return rule->program.lists[i];
    }
    return NULL;
}

void ruleset_reset(struct ruleset *set)
{
    for (struct rule *rule = set->rules; rule; rule = rule->next) {
        rule->asleep = rule_empty_list(rule) != NULL;
        rule->matched = rule->found = 0;
        if (rule->threshold)
            threshold_reset(rule->threshold);
    }
}

/* ---- a match -------------------------------------------------------------------- */

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
static bool threshold_met(const struct rule *rule, const struct context *c,
                          uint64_t *counted)
{
    char text[VALUE_TEXT], key[TRACK_TEXT];
    struct words w;
    struct walk walk = {0};
    struct datum value;
    int64_t now = c->record->seen ? c->record->seen : c->record->time;

    *counted = 0;
    if (!rule->threshold)
        return true;
    words_open(&w, text, sizeof text);
    if (rule->distinct) {
        if (!operand_next(rule->distinct, c, &walk, &value))
            return false;
        put_key(&w, &value);
    }
    *counted = threshold_add(rule->threshold, track_key(rule, c, key),
                             (struct bytes){(const uint8_t *)text, w.len}, now);
    return *counted >= rule->threshold->reaches;
}

static void describe(const struct rule *rule, struct context *c, struct finding *f)
{
    const char *list = rule->program.nlists ? rule->program.lists[0]->name : NULL;
    struct words w;

    if (c->has_decided) {
        f->has_point = true;
        f->point = *c->decided;
    }
    c->point = f->has_point ? &f->point : NULL;
    words_open(&w, f->summary, sizeof f->summary);
    sentence_write(&rule->say, c, list, f->threshold, &w);
    c->point = NULL;
    explain_matched(rule->program.root, c, f);
}

static bool match(struct rule *rule, struct context *c, struct finding *f)
{
    char text[TRACK_TEXT];
    struct bytes track;
    uint64_t counted;

    rule->matched++;
    if (!threshold_met(rule, c, &counted))
        return false;
    rule->found++;
    if (!rule->alert)
        return false;
    *f = (struct finding){
        .signature = &rule->signature, .record = c->record, .threshold = counted};
    track = track_text(rule, c, text);
    f->track = hash_stable(rule->signature.id, track.at, track.len);
    describe(rule, c, f);
    return true;
}

/* ---- running -------------------------------------------------------------------- */

static const struct bucket *bucket_for(const struct ruleset *set, const struct record *r,
                                       enum rule_phase phase, unsigned *schema)
{
    for (unsigned s = 0; s < set->names.n; s++) {
        if (set->names.schemas[s] == r->schema) {
            *schema = s;
            return set->buckets[s][r->kind][phase][r->nviolations > 0];
        }
    }
    return NULL;
}

static unsigned function_of(const struct ruleset *set, const struct record *r,
                            unsigned schema)
{
    int slot = set->function_slot[schema];
    const struct value *v = slot < 0 ? NULL : record_get(r, (unsigned)slot);

    return v && v->u < FUNCTION_CODES ? (unsigned)v->u : FUNCTION_CODES;
}

static bool has_slot(const struct record *r, unsigned slot)
{
    uint64_t sides = r->present[slot / 64] | r->present[(slot + SCHEMA_FIELDS) / 64];

    return sides >> slot % 64 & 1;
}

static bool may_match(const struct entry *e, const struct record *r, uint32_t verbs)
{
    return (e->slot == SLOT_ANY || has_slot(r, e->slot)) &&
           (e->outcomes >> r->outcome & 1) && (!e->verbs || (e->verbs & verbs)) &&
           !e->rule->asleep;
}

void ruleset_run(struct ruleset *set, enum rule_phase phase, const struct record *r,
                 void (*found)(void *context, const struct finding *f), void *context)
{
    unsigned schema = 0, function;
    const struct bucket *b = bucket_for(set, r, phase, &schema);
    uint32_t verbs = r->verbs ? r->verbs : VERB_OTHER;
    struct context c = {.record = r, .schema = schema};
    struct finding finding;
    struct point decided;

    if (!b)
        return;
    function = function_of(set, r, schema);
    c.decided = &decided;
    for (unsigned i = 0; i < b->n[function]; i++) {
        const struct entry *e = &b->list[function][i];

        if (!may_match(e, r, verbs))
            continue;
        c.has_decided = false;
        if (evaluate(e->rule->program.root, &c) && match(e->rule, &c, &finding))
            found(context, &finding);
    }
}

/* ---- asking --------------------------------------------------------------------- */

const struct rule *ruleset_rules(const struct ruleset *set)
{
    return set->rules;
}

const struct value_list *ruleset_lists(const struct ruleset *set)
{
    return set->names.lists;
}

const struct names *ruleset_names(const struct ruleset *set)
{
    return &set->names;
}

const struct rule *ruleset_rule(const struct ruleset *set, const char *name_or_id)
{
    int64_t id;

    for (const struct rule *r = set->rules; r; r = r->next) {
        if (strcmp(r->signature.name, name_or_id) == 0 ||
            (text_int(name_or_id, &id) && r->signature.id == id) ||
            (r->signature.detection && strcmp(r->signature.detection, name_or_id) == 0))
            return r;
    }
    return NULL;
}

const char *ruleset_version(const struct ruleset *set)
{
    return set->version;
}

size_t ruleset_memory(const struct ruleset *set)
{
    return set->arena.total;
}

void ruleset_why_not(struct ruleset *set, const struct rule *rule, const struct record *r,
                     char *out, size_t size)
{
    struct context c = {.record = r, .schema = names_index(&set->names, r->schema)};
    const struct value_list *empty = rule_empty_list(rule);
    struct words w;

    words_open(&w, out, size);
    if (rule->on != r->kind)
        words_put(&w, "the rule is on: %s, the record is a %s",
                  label_of(record_kind_labels, rule->on)->name,
                  label_of(record_kind_labels, r->kind)->name);
    else if (empty)
        words_put(&w, "the rule sleeps: list $%s is empty", empty->name);
    else if (explain_false(rule->program.root, &c, &w))
        return;
    else if (rule->threshold)
        words_put(&w,
                  "its condition holds; it counts to %" PRIu32 " within %" PRId64 " s",
                  rule->threshold->reaches, rule->threshold->within / 1000000000);
    else
        words_put(&w, "it matches");
}

/* ---- lists of tests ------------------------------------------------------------- */

bool ruleset_list_set(struct ruleset *set, const char *name, const struct yaml *items,
                      struct diagnostics *d)
{
    struct value_list *list =
        names_list(&set->names, (struct bytes){(const uint8_t *)name, strlen(name)});

    if (!list) {
        diagnostics_error(d, &items->key->at, "there is no list `%.60s`", name);
        return false;
    }
    if (!list->replaced)
        list->shipped = list->set;
    list->replaced = true;
    list->set = (struct set){.kind = list->set.kind, .list = list->name};
    if (!list_add_items(&set->arena, list, items, d))
        return false;
    ruleset_reset(set);
    return true;
}

void ruleset_lists_restore(struct ruleset *set)
{
    for (struct value_list *l = set->names.lists; l; l = l->next) {
        if (l->replaced)
            l->set = l->shipped;
        l->replaced = false;
    }
    ruleset_reset(set);
}
