/*
 * What loads and yet is hardly meant: lists, macros and schedules nobody asks, and
 * `not` over a field that may be absent.
 */

#include <string.h>

#include "rules/load.h"

/* ---- unused --------------------------------------------------------------------- */

static bool feeds_or_alerts(const struct rule *r)
{
    return r->alert || r->feeds;
}

static void warn_unused(struct loading *l)
{
    const struct names *names = &l->set->names;

    for (const struct value_list *v = names->lists; v; v = v->next) {
        if (!v->used && !v->of_package)
            diagnostics_warning(l->d, &v->at, "no rule asks list `%s`", v->name);
    }
    for (const struct macro *m = names->macros; m; m = m->next) {
        if (!m->used && !m->shipped)
            diagnostics_warning(l->d, &m->at, "no rule says macro `%s`", m->name);
    }
    for (const struct schedule *s = names->schedules; s; s = s->next) {
        if (!s->used)
            diagnostics_warning(l->d, &s->at, "no rule asks schedule `%s`", s->name);
    }
    for (const struct rule *r = l->set->rules; r; r = r->next) {
        if (!feeds_or_alerts(r))
            diagnostics_warning(l->d, &r->at,
                                "rule `%s` alerts nobody and no correlation uses it",
                                r->signature.name);
    }
}

/* ---- not over what may be absent -------------------------------------------------- */

static bool always_there(const struct loading *l, const struct operand *o)
{
    const struct field *f;

    if (o->from[0].kind == SOURCE_COMMON)
        return o->from[0].slot <= COMMON_DST || o->from[0].slot == COMMON_VERB ||
               o->from[0].slot == COMMON_TRANSPORT || o->from[0].slot == COMMON_DEVICE ||
               o->from[0].slot == COMMON_FUNCTION || o->from[0].slot == COMMON_UNIT ||
               o->from[0].slot >= COMMON_SERVICE;
    if (o->from[0].kind == SOURCE_POINT)
        return o->from[0].slot != POINT_QUALITY;
    f = &l->set->names.schemas[o->from[0].schema]->fields[o->from[0].slot];
    return f->flags & (FIELD_FUNCTION | FIELD_CHILD) || f->type == FIELD_BOOL;
}

static bool same_field(const struct operand *a, const struct operand *b)
{
    return a->n == b->n && memcmp(a->from, b->from, a->n * sizeof a->from[0]) == 0;
}

/* It can be true only where the field is there. */
static bool asks_for(const struct node *n, const struct operand *o)
{
    if ((n->op == NODE_SET || n->op == NODE_EXISTS || n->op == NODE_FIELDS) && n->left &&
        same_field(n->left, o))
        return true;
    if (n->op != NODE_AND)
        return false;
    for (const struct node *part = n->first; part; part = part->next) {
        if (asks_for(part, o))
            return true;
    }
    return false;
}

static void warn_not(struct loading *l, const struct rule *r, const struct node *n,
                     const struct node *root)
{
    const struct node *inner = n->first;
    const struct operand *o =
        inner->op == NODE_SET || inner->op == NODE_FIELDS ? inner->left : NULL;

    if (!o || o->n == 0 || always_there(l, o) || asks_for(root, o))
        return;
    diagnostics_warning(l->d, &r->when->at,
                        "rule %s: `%.*s` is true also where there is no %s",
                        r->signature.name, (int)(n->text.len < 60 ? n->text.len : 60),
                        n->text.at, o->name)
        ->help = arena_format(
        &l->d->arena, "write `%s != ...`, or `exists %s and not ...`", o->name, o->name);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as an expression is nested. */
static void look_for_not(struct loading *l, const struct rule *r, const struct node *n,
                         const struct node *root)
{
    if (n->op == NODE_NOT && n->first)
        warn_not(l, r, n, root);
    for (const struct node *part = n->first; part; part = part->next)
        look_for_not(l, r, part, n->op == NODE_OR ? part : root);
}
/* NOLINTEND(misc-no-recursion) */

void load_warn(struct loading *l)
{
    warn_unused(l);
    for (const struct rule *r = l->set->rules; r; r = r->next) {
        if (r->when && r->program.root && !r->shipped)
            look_for_not(l, r, r->program.root, r->program.root);
    }
}
