/*
 * What a new set of rules takes over from the one it replaces: counters by id, and what
 * thresholds have counted, so that a reload opens no window to an attacker who is
 * half-way.  A rule that counts something else now begins anew.
 */

#include <string.h>

#include "rules/load.h"

/* NOLINTBEGIN(misc-no-recursion): as deep as the file is nested, at most YAML_DEPTH. */
uint64_t inherit_shape(uint64_t seed, const struct yaml *node)
{
    if (!node)
        return hash_stable(seed, "", 0);
    if (node->kind == YAML_SCALAR)
        return hash_stable(seed, node->text, node->len);
    for (const struct yaml *child = node->first; child; child = child->next) {
        if (child->key)
            seed = hash_stable(seed, child->key->text, child->key->len);
        seed = inherit_shape(seed, child);
    }
    return hash_stable(seed, &node->n, sizeof node->n);
}
/* NOLINTEND(misc-no-recursion) */

static const struct rule *with_id(const struct ruleset *set, uint32_t id)
{
    const struct rule *r = set->rules;

    while (r && r->signature.id != id)
        r = r->next;
    return r;
}

/* The same correlation of rules that match the same. */
static bool same_steps(const struct rule *r, const struct rule *before, bool same_macros)
{
    if (!same_macros || r->shape != before->shape ||
        r->composed->n != before->composed->n)
        return false;
    for (unsigned i = 0; i < r->composed->n; i++) {
        if (r->composed->steps[i].rule->shape != before->composed->steps[i].rule->shape)
            return false;
    }
    return true;
}

/* An exception or a maintenance is known by its name. */
static void inherit_holds(struct ruleset *set, const struct ruleset *old)
{
    for (struct exception *e = set->holds.exceptions; e; e = e->next) {
        for (const struct exception *o = old->holds.exceptions; o; o = o->next) {
            if (strcmp(e->name, o->name) != 0)
                continue;
            e->held = o->held;
            e->since = o->since;
            e->last = o->last;
        }
    }
    for (struct maintenance *m = set->holds.maintenances; m; m = m->next) {
        for (const struct maintenance *o = old->holds.maintenances; o; o = o->next)
            m->held = strcmp(m->name, o->name) == 0 ? o->held : m->held;
    }
}

void ruleset_inherit(struct ruleset *set, const struct ruleset *old)
{
    bool same_macros = set->macros == old->macros;

    for (struct rule *r = set->rules; r; r = r->next) {
        const struct rule *before = with_id(old, r->signature.id);

        if (!before)
            continue;
        r->matched = before->matched;
        r->found = before->found;
        r->held = before->held;
        r->last = before->last;
        if (r->threshold && before->threshold && same_macros && r->shape == before->shape)
            threshold_inherit(r->threshold, before->threshold);
        if (r->correlation && before->correlation && same_steps(r, before, same_macros))
            correlate_inherit(r->correlation, before->correlation);
    }
    inherit_holds(set, old);
}
