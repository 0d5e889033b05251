#include "rules/ruleset.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rules/load.h"
#include "rules/match.h"

/* ---- the index ------------------------------------------------------------------ */

static bool may_have(const struct reach *r, unsigned function)
{
    if (function == FUNCTION_CODES)
        return r->functions_other;
    return r->functions[function / 64] >> function % 64 & 1;
}

static bool stands_in(const struct rule *rule, unsigned kind, unsigned phase)
{
    return rule->on == kind && rule->program.root &&
           rule->done == (phase == RULE_AT_DONE);
}

static bool same_entries(const struct entry *a, const struct entry *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (a[i].rule != b[i].rule)
            return false;
    }
    return true;
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

static struct entries copy_entries(struct ruleset *set, const struct entry *found,
                                   unsigned n)
{
    struct entry *copy = arena_take(&set->index, (n + 1) * sizeof *copy);

    memcpy(copy, found, n * sizeof *copy);
    return (struct entries){copy, n};
}

/* Of all entries those that a record with one verb alone may match. */
static struct entries with_verb(struct ruleset *set, const struct entries *all,
                                uint32_t verb)
{
    struct entry *list;
    unsigned n = 0, i;

    for (i = 0; i < all->n; i++)
        n += !all->entry[i].verbs || all->entry[i].verbs & verb;
    if (n == all->n)
        return *all;
    list = arena_take(&set->index, (n + 1) * sizeof *list);
    for (i = 0, n = 0; i < all->n; i++) {
        if (!all->entry[i].verbs || all->entry[i].verbs & verb)
            list[n++] = all->entry[i];
    }
    return (struct entries){list, n};
}

/* Most codes have the same rules: they share their lists. */
static const struct verb_lists *lists_for(struct ruleset *set, const struct bucket *b,
                                          unsigned function, const struct entry *found,
                                          unsigned n)
{
    struct verb_lists *lists;

    for (unsigned f = 0; f < function; f++) {
        if (b->of[f]->all.n == n && same_entries(b->of[f]->all.entry, found, n))
            return b->of[f];
    }
    lists = arena_take(&set->index, sizeof *lists);
    lists->all = copy_entries(set, found, n);
    for (unsigned v = 0; v < VERB_LISTS; v++)
        lists->with[v] = with_verb(set, &lists->all, UINT32_C(1) << v);
    return lists;
}

static struct bucket *new_bucket(struct ruleset *set, const struct candidate *all,
                                 unsigned n, bool violations)
{
    struct bucket *b = arena_take(&set->index, sizeof *b);
    struct entry *found = arena_take(&set->index, (n + 1) * sizeof *found);

    for (unsigned function = 0; function < FUNCTION_LISTS; function++) {
        unsigned hits = 0;

        for (unsigned i = 0; i < n; i++) {
            const struct reach *r = &all[i].reach;

            if (may_have(r, function) && (violations || !r->violation))
                found[hits++] =
                    (struct entry){all[i].rule, r->verbs, r->outcomes, r->slot};
        }
        b->of[function] = lists_for(set, b, function, found, hits);
    }
    return b;
}

void ruleset_reindex(struct ruleset *set)
{
    struct candidate *all;
    unsigned n;

    arena_close(&set->index);
    set->index = (struct arena){0};
    all = arena_take(&set->index, (set->nrules + 1) * sizeof *all);
    for (unsigned s = 0; s < set->names.n; s++) {
        set->function_slot[s] = schema_flagged(set->names.schemas[s], FIELD_FUNCTION);
        for (unsigned i = 0; i < 2 * RECORD_KINDS; i++) {
            n = candidates(set, s, i / 2, i % 2, all);
            for (unsigned v = 0; v < 2; v++)
                set->buckets[s][i / 2][i % 2][v] = n ? new_bucket(set, all, n, v) : NULL;
        }
    }
}

void ruleset_index(struct ruleset *set)
{
    ruleset_reindex(set);
    for (struct rule *rule = set->rules; rule; rule = rule->next) {
        if (rule->threshold)
            threshold_open(rule->threshold, &set->arena);
        if (rule->correlation)
            correlate_open(rule->correlation, &set->arena);
    }
    match_open(set);
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

bool rule_sleeps(const struct rule *rule, char *why, size_t size)
{
    const struct value_list *empty = rule_empty_list(rule);

    if (rule->program.later)
        snprintf(why, size, "%s", rule->program.later);
    else if (empty)
        snprintf(why, size, "list $%s is empty", empty->name);
    return rule->program.later || empty;
}

void ruleset_reset(struct ruleset *set)
{
    for (struct rule *rule = set->rules; rule; rule = rule->next) {
        rule->asleep = rule->program.later || rule_empty_list(rule);
        rule->matched = rule->found = rule->held = 0;
        rule->last = 0;
        if (rule->threshold)
            threshold_reset(rule->threshold);
        if (rule->correlation)
            correlate_reset(rule->correlation);
    }
    for (struct exception *e = set->holds.exceptions; e; e = e->next)
        e->held = 0, e->since = e->last = 0;
    for (struct maintenance *n = set->holds.maintenances; n; n = n->next)
        n->held = 0;
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

static const struct entries *entries_for(const struct bucket *b, unsigned function,
                                         uint32_t verbs)
{
    const struct verb_lists *lists = b->of[function];
    bool one = (verbs & (verbs - 1)) == 0;

    return one && verbs < UINT32_C(1) << VERB_LISTS ? &lists->with[__builtin_ctz(verbs)]
                                                    : &lists->all;
}

void ruleset_run(struct ruleset *set, enum rule_phase phase, const struct record *r,
                 void (*found)(void *context, const struct finding *f), void *context)
{
    unsigned schema = 0;
    const struct entries *list;
    const struct bucket *b = bucket_for(set, r, phase, &schema);
    uint32_t verbs = r->verbs ? r->verbs : VERB_OTHER;
    struct context c = {.record = r, .schema = schema};
    struct match_sink sink = {set, found, context};
    struct point decided;

    if (!b)
        return;
    list = entries_for(b, function_of(set, r, schema), verbs);
    c.decided = &decided;
    for (unsigned i = 0; i < list->n; i++) {
        const struct entry *e = &list->entry[i];

        if (!may_match(e, r, verbs))
            continue;
        c.has_decided = false;
        if (evaluate(e->rule->program.root, &c))
            match(&sink, e->rule, &c);
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

const struct override *ruleset_overrides(const struct ruleset *set)
{
    return set->overrides;
}

const struct exception *ruleset_exceptions(const struct ruleset *set)
{
    return set->holds.exceptions;
}

const struct maintenance *ruleset_maintenances(const struct ruleset *set)
{
    return set->holds.maintenances;
}

struct rule *ruleset_rule_of(struct ruleset *set, const char *name)
{
    struct rule *r = set->rules;

    while (r && strcmp(r->signature.name, name) != 0)
        r = r->next;
    return r;
}

const char *ruleset_version(const struct ruleset *set)
{
    return set->version;
}

size_t ruleset_memory(const struct ruleset *set)
{
    return set->arena.total + set->index.total + (set->quiet ? record_pool_memory(1) : 0);
}

/* Which exception holds it back; nothing is counted. */
static bool excepted(struct ruleset *set, const struct rule *rule, struct context *c,
                     struct words *w)
{
    struct exception *e = set->holds.exceptions;

    for (; e; e = e->next) {
        struct exception alone = *e;
        struct holds one = {&alone, NULL};

        alone.next = NULL;
        if (!hold_back(&one, &rule->signature, c))
            continue;
        words_put(w, "it matches; exception %s holds it back (%s: %s)", e->name,
                  e->who ? e->who : "", e->why ? e->why : "");
        return true;
    }
    return false;
}

void ruleset_why_not(struct ruleset *set, const struct rule *rule, const struct record *r,
                     char *out, size_t size)
{
    struct context c = {.record = r, .schema = names_index(&set->names, r->schema)};
    char asleep[128];
    struct words w;

    words_open(&w, out, size);
    if (rule->correlation)
        words_put(&w, "it is a correlation: ask for the rules it is made of");
    else if (rule->on != r->kind)
        words_put(&w, "the rule is on: %s, the record is a %s",
                  label_of(record_kind_labels, rule->on)->name,
                  label_of(record_kind_labels, r->kind)->name);
    else if (rule_sleeps(rule, asleep, sizeof asleep))
        words_put(&w, "the rule sleeps: %s", asleep);
    else if (explain_false(rule->program.root, &c, &w) || excepted(set, rule, &c, &w))
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
    struct loading l = {.set = set, .d = d};

    if (!list) {
        diagnostics_error(d, &items->key->at, "there is no list `%.60s`", name);
        return false;
    }
    if (!list->replaced)
        list->shipped = list->set;
    list->replaced = true;
    list->set = (struct set){.kind = list->set.kind, .list = list->name};
    if (!list_add_items(&l, list, items))
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
