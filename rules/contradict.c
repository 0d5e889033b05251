#include "rules/contradict.h"

#include <string.h>

/* A field of a group has a value a row, unless a row is bound. */
static bool one_value(const struct names *names, const struct operand *o)
{
    const struct origin *from = &o->from[0];

    if (o->n != 1 || o->type == FIELD_FLAGS)
        return false;
    switch (from->kind) {
    case SOURCE_COMMON:
        return from->slot != COMMON_VLAN && from->slot != COMMON_VIOLATION;
    case SOURCE_FIELD:
        return names->schemas[from->schema]->fields[from->slot].group == 0;
    default:
        return true;
    }
}

static bool same_value(const struct names *names, const struct node *a,
                       const struct node *b)
{
    const struct operand *x = a->left, *y = b->left;

    return one_value(names, x) && one_value(names, y) && x->age == y->age &&
           memcmp(&x->from[0], &y->from[0], sizeof x->from[0]) == 0;
}

static bool ints_meet(const struct set *a, const struct set *b)
{
    for (unsigned i = 0; i < a->n; i++) {
        for (unsigned k = 0; k < b->n; k++) {
            if (a->ints[i].low <= b->ints[k].high && b->ints[k].low <= a->ints[i].high)
                return true;
        }
    }
    return false;
}

static bool reals_meet(const struct set *a, const struct set *b)
{
    for (unsigned i = 0; i < a->n; i++) {
        for (unsigned k = 0; k < b->n; k++) {
            if (a->reals[i].low <= b->reals[k].high &&
                b->reals[k].low <= a->reals[i].high)
                return true;
        }
    }
    return false;
}

static bool texts_meet(const struct set *a, const struct set *b)
{
    struct datum text = {.type = FIELD_TEXT};

    for (unsigned i = 0; i < a->n; i++) {
        text.b = a->texts[i];
        if (set_holds(b, &text))
            return true;
    }
    return false;
}

/* Sets of other kinds, and lists, which a site fills, may always meet. */
static bool may_meet(const struct set *a, const struct set *b)
{
    if (a->list || b->list || a->kind != b->kind)
        return true;
    switch (a->kind) {
    case SET_INTS:
        return ints_meet(a, b);
    case SET_REALS:
        return reals_meet(a, b);
    case SET_TEXTS:
        return a->match != MATCH_EQUAL || texts_meet(a, b);
    default:
        return true;
    }
}

static bool in_chain(const struct names *names, const struct node *first,
                     struct contradiction *out)
{
    for (const struct node *a = first; a; a = a->next) {
        for (const struct node *b = a->next; b && a->op == NODE_SET && !a->negated;
             b = b->next) {
            if (b->op != NODE_SET || b->negated || !same_value(names, a, b) ||
                may_meet(a->set, b->set))
                continue;
            *out = (struct contradiction){a, b};
            return true;
        }
    }
    return false;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as an expression is nested. */
bool contradiction_in(const struct names *names, const struct node *root,
                      struct contradiction *out)
{
    if (root->op == NODE_AND && in_chain(names, root->first, out))
        return true;
    for (const struct node *part = root->first; part; part = part->next) {
        if (contradiction_in(names, part, out))
            return true;
    }
    return false;
}
/* NOLINTEND(misc-no-recursion) */
