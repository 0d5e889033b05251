/*
 * Correlations: which rules they are made of, and what must come together.
 */

#include <string.h>

#include "rules/load.h"

static const struct yaml *part(struct loading *l, const struct yaml *map, const char *key)
{
    const struct yaml *value = yaml_get(map, key);

    if (!value)
        diagnostics_error(l->d, &map->at, "`%s` is missing in %s", key, yaml_name(map));
    return value;
}

static void add_step(struct loading *l, struct rule *rule, const struct yaml *name)
{
    struct composed *of = rule->composed;
    const char *text;

    if (!yaml_text(name, &text, l->d))
        return;
    if (of->n == CORRELATION_STEPS) {
        diagnostics_error(l->d, &name->at, "a correlation is made of at most %d rules",
                          CORRELATION_STEPS);
        return;
    }
    of->steps[of->n++] = (struct step){text, name->at, NULL};
}

static void add_steps(struct loading *l, struct rule *rule, const struct yaml *names)
{
    if (names->kind == YAML_SCALAR)
        add_step(l, rule, names);
    for (const struct yaml *v = names->first; v; v = v->next)
        add_step(l, rule, v);
}

static void load_window(struct loading *l, const struct yaml *value, int64_t *out)
{
    if (value && yaml_duration(value, out, l->d) && *out == 0)
        diagnostics_error(l->d, &value->at, "%s must be longer than nothing",
                          yaml_name(value));
}

static void load_within(struct loading *l, struct rule *rule, const struct yaml *item)
{
    const struct yaml *within = yaml_get(item, "within");

    if (!within)
        diagnostics_error(l->d, &item->first->at, "`within` is missing in %s",
                          item->first->text);
    load_window(l, within, &rule->correlation->within);
}

/* `count: {of: RULE, reaches: N}`, `distinct: {of: RULE, field: FIELD, reaches: N}`. */
static void load_counted(struct loading *l, struct rule *rule, const struct yaml *map,
                         bool distinct)
{
    static const char *const keys[] = {"of", "reaches", "field", NULL};
    static const char *const fewer[] = {"of", "reaches", NULL};
    struct threshold *t = arena_take(&l->set->arena, sizeof *t);
    const struct yaml *of, *reaches, *field;
    int64_t number = 2;

    if (!yaml_is(map, YAML_MAP, l->d))
        return;
    yaml_known_keys(map, distinct ? keys : fewer, l->d);
    of = part(l, map, "of");
    reaches = part(l, map, "reaches");
    if (of)
        add_steps(l, rule, of);
    if (reaches)
        yaml_int(reaches, 1, THRESHOLD_REACHES, &number, l->d);
    field = distinct ? part(l, map, "field") : NULL;
    if (field && yaml_is(field, YAML_SCALAR, l->d))
        rule->distinct = type_field(&l->set->names, field, &l->set->arena, l->d);
    *t = (struct threshold){.distinct = distinct,
                            .reaches = (uint32_t)number,
                            .within = rule->correlation->within};
    rule->correlation->threshold = t;
}

static void load_absence(struct loading *l, struct rule *rule, const struct yaml *map)
{
    static const char *const keys[] = {"of", "for", NULL};
    const struct yaml *of, *length;

    if (!yaml_is(map, YAML_MAP, l->d))
        return;
    yaml_known_keys(map, keys, l->d);
    of = part(l, map, "of");
    length = part(l, map, "for");
    if (of)
        add_step(l, rule, of);
    load_window(l, length, &rule->correlation->within);
}

static void load_sequence(struct loading *l, struct rule *rule, const struct yaml *names)
{
    if (!yaml_is(names, YAML_SEQUENCE, l->d))
        return;
    add_steps(l, rule, names);
    if (names->n < 2)
        diagnostics_error(l->d, &names->at, "a sequence has two rules or more");
}

void load_composition(struct loading *l, struct rule *rule, const struct yaml *item)
{
    static const char *const kinds[] = {"count", "distinct", "sequence", "absence"};
    const struct yaml *body = NULL;
    struct correlation *c = arena_take(&l->set->arena, sizeof *c);

    rule->correlation = c;
    rule->composed = arena_take(&l->set->arena, sizeof *rule->composed);
    for (unsigned i = 0; i < COUNT_OF(kinds); i++) {
        const struct yaml *value = yaml_get(item, kinds[i]);

        if (value && body)
            diagnostics_error(l->d, &value->key->at, "a correlation is of one kind");
        if (value && !body) {
            body = value;
            c->kind = (enum correlation_kind)i;
        }
    }
    if (!body) {
        diagnostics_error(l->d, &item->first->at,
                          "a correlation has count, distinct, sequence or absence");
        return;
    }
    if (c->kind != CORRELATION_ABSENCE)
        load_within(l, rule, item);
    if (c->kind == CORRELATION_SEQUENCE)
        load_sequence(l, rule, body);
    else if (c->kind == CORRELATION_ABSENCE)
        load_absence(l, rule, body);
    else
        load_counted(l, rule, body, c->kind == CORRELATION_DISTINCT);
    c->nsteps = rule->composed->n;
}

/* ---- once all rules are there ---------------------------------------------------- */

static struct rule *rule_named(const struct ruleset *set, const char *name)
{
    struct rule *r = set->rules;

    while (r && strcmp(r->signature.name, name) != 0)
        r = r->next;
    return r;
}

static struct rule *find_step(struct loading *l, const struct step *step)
{
    struct rule *r = rule_named(l->set, step->name);
    struct diagnostic *e;
    struct nearest n;

    if (r && !r->correlation)
        return r;
    if (r) {
        diagnostics_error(l->d, &step->at, "`%.80s` is a correlation itself", step->name);
        return NULL;
    }
    e = diagnostics_error(l->d, &step->at, "there is no rule `%.80s`", step->name);
    nearest_open(&n, step->name);
    for (r = l->set->rules; r; r = r->next)
        nearest_offer(&n, r->signature.name);
    diagnostic_suggest(l->d, e, n.best);
    return NULL;
}

/* Some record that the rule can match has a value of the field. */
static bool has_field(const struct ruleset *set, const struct rule *rule,
                      const struct operand *o)
{
    if (o->n == 0 || rule->program.later)
        return true;
    for (unsigned s = 0; s < set->names.n; s++) {
        if (!node_reach(rule->program.root, s, set->names.schemas[s]).possible)
            continue;
        for (unsigned i = 0; i < o->n; i++) {
            if (o->from[i].kind == SOURCE_COMMON || o->from[i].schema == s)
                return true;
        }
    }
    return false;
}

/* Known of a silent device without any record of it. */
static bool outlives(const struct operand *o)
{
    return o->n == 0 ||
           (o->from[0].kind == SOURCE_COMMON &&
            (o->from[0].slot == COMMON_UNIT || o->from[0].slot == COMMON_DEVICE ||
             o->from[0].slot <= COMMON_TRANSPORT ||
             o->from[0].slot >= COMMON_CLIENT_NAME));
}

static void check_track(struct loading *l, const struct rule *rule,
                        const struct step *step)
{
    for (unsigned i = 0; i < rule->ntrack; i++) {
        const char *name = rule->track[i]->name;

        if (!has_field(l->set, step->rule, rule->track[i]))
            diagnostics_error(l->d, &step->at, "`%s` has no %s, which %s tracks",
                              step->name, name, rule->signature.name);
        if (rule->correlation->kind == CORRELATION_ABSENCE && !outlives(rule->track[i]))
            diagnostics_error(l->d, &step->at,
                              "%s tracks %s, which nobody knows of what is absent",
                              rule->signature.name, name);
    }
}

static void link_one(struct loading *l, struct rule *rule)
{
    for (unsigned i = 0; i < rule->composed->n; i++) {
        struct step *step = &rule->composed->steps[i];
        struct feed *feed = arena_take(&l->set->arena, sizeof *feed);

        step->rule = find_step(l, step);
        if (!step->rule || !step->rule->program.root)
            continue;
        check_track(l, rule, step);
        if (step->rule->program.later)
            rule->program.later = step->rule->program.later;
        *feed = (struct feed){rule, i, step->rule->feeds};
        step->rule->feeds = feed; /* later steps come first: one match is one step */
    }
}

void link_correlations(struct loading *l)
{
    for (struct rule *r = l->set->rules; r; r = r->next) {
        if (r->composed)
            link_one(l, r);
    }
}
