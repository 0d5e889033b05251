#include "rules/mutate.h"

#include <stdio.h>
#include <string.h>

#include "rules/load.h"

struct mutation {
    struct arena *arena;
    unsigned left; /* clauses before the one to drop */
    const struct node *dropped;
};

static const struct node *copy_tree(struct mutation *m, const struct node *n);

/* What leaves the others to decide. */
static const struct node *neutral(struct mutation *m, enum node_op within)
{
    struct node *no = arena_take(m->arena, sizeof *no);
    struct node *yes = arena_take(m->arena, sizeof *yes);

    *no = (struct node){.op = NODE_FALSE};
    *yes = (struct node){.op = NODE_NOT, .first = no};
    return within == NODE_OR ? no : yes;
}

static const struct node *copy_part(struct mutation *m, const struct node *part,
                                    enum node_op within)
{
    if (!m->dropped && m->left-- == 0) {
        m->dropped = part;
        return neutral(m, within);
    }
    return copy_tree(m, part);
}

static const struct node *copy_parts(struct mutation *m, const struct node *first,
                                     enum node_op within)
{
    const struct node *copied = NULL, **last = &copied;

    for (const struct node *part = first; part; part = part->next) {
        struct node *copy = arena_take(m->arena, sizeof *copy);

        *copy = *copy_part(m, part, within);
        copy->next = NULL;
        *last = copy;
        last = (const struct node **)&copy->next;
    }
    return copied;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as an expression is nested. */
static const struct node *copy_tree(struct mutation *m, const struct node *n)
{
    struct node *copy = arena_take(m->arena, sizeof *copy);

    *copy = *n;
    if (n->op == NODE_AND || n->op == NODE_OR)
        copy->first = copy_parts(m, n->first, (enum node_op)n->op);
    else if (n->op == NODE_NOT || n->op == NODE_ROWS || n->op == NODE_POINTS)
        copy->first = n->first ? copy_tree(m, n->first) : NULL;
    if (n->op == NODE_POINTS && n->run)
        copy->run = copy_tree(m, n->run);
    return copy;
}
/* NOLINTEND(misc-no-recursion) */

static bool has_parts(const struct node *n)
{
    return n->op == NODE_AND || n->op == NODE_OR;
}

/* A protocol that stays the only one possible. */
static bool follows(const struct ruleset *set, const struct node *dropped,
                    const struct node *rest)
{
    if (dropped->op != NODE_PROTOCOL)
        return false;
    for (unsigned s = 0; s < set->names.n; s++) {
        if (!(dropped->mask >> s & 1) &&
            node_reach(rest, s, set->names.schemas[s]).possible)
            return false;
    }
    return true;
}

enum mutant mutate_drop(struct ruleset *set, struct rule *rule, unsigned n, char *text,
                        size_t size)
{
    struct mutation m = {.arena = &set->mutants, .left = n};
    const struct node *root = rule->program.root, *changed;

    if (!root)
        return MUTANT_NONE;
    changed = has_parts(root) ? copy_tree(&m, root) : copy_part(&m, root, NODE_AND);
    if (!m.dropped)
        return MUTANT_NONE;
    snprintf(text, size, "%.*s",
             (int)(m.dropped->text.len < 80 ? m.dropped->text.len : 80),
             m.dropped->text.at);
    if (follows(set, m.dropped, changed))
        return MUTANT_EQUAL;
    set->mutated = rule;
    set->original = root;
    rule->program.root = changed;
    ruleset_reindex(set);
    return MUTANT_MADE;
}

void mutate_restore(struct ruleset *set)
{
    set->mutated->program.root = set->original;
    set->mutated = NULL;
    ruleset_reindex(set);
    arena_close(&set->mutants);
    set->mutants = (struct arena){0};
}
