#include "rules/typer.h"

#include <ctype.h>
#include <string.h>

#include "rules/later.h"
#include "rules/literal.h"

enum { SHOWN = 48, MACRO_DEPTH = 16 };

struct typer {
    const struct names *names;
    struct arena *arena;
    struct diagnostics *d;
    struct scope scope;
    bool failed;
    bool done;
    bool of_rule;   /* what it names is used */
    unsigned depth; /* of macros in macros */
    struct program *program;
};

static const struct node *type_node(struct typer *t, const struct syntax *s);

/* ---- helpers ---------------------------------------------------------------- */

static int shown(struct bytes b)
{
    return (int)(b.len < SHOWN ? b.len : SHOWN);
}

/* As written, but every white space one blank. */
static struct bytes one_line(struct typer *t, struct bytes text)
{
    uint8_t *out = arena_take(t->arena, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (!isspace(text.at[i]))
            out[len++] = text.at[i];
        else if (len && out[len - 1] != ' ')
            out[len++] = ' ';
    }
    return (struct bytes){out, len};
}

static struct node *new_node(struct typer *t, const struct syntax *s, enum node_op op)
{
    struct node *n = arena_take(t->arena, sizeof *n);

    n->op = (uint8_t)op;
    n->text = one_line(t, s->text);
    return n;
}

/* "`name` is ...": the name, as it stands there, begins every sentence. */
static struct diagnostic *fail(struct typer *t, const struct place *at, struct bytes name,
                               const char *is)
{
    t->failed = true;
    return diagnostics_error(t->d, at, "`%.*s`%s", shown(name), name.at, is);
}

static const struct node *nothing(struct typer *t, const struct syntax *s)
{
    t->failed = true;
    return new_node(t, s, NODE_FALSE);
}

static void uses_list(struct typer *t, const struct set *set)
{
    struct program *p = t->program;

    for (struct value_list *l = t->names->lists; l; l = l->next) {
        if (&l->set != set)
            continue;
        for (unsigned i = 0; i < p->nlists; i++) {
            if (p->lists[i] == l)
                return;
        }
        if (p->nlists < PROGRAM_LISTS)
            p->lists[p->nlists++] = l;
        l->used = true;
    }
}

/* ---- fields ----------------------------------------------------------------- */

static void unknown_name(struct typer *t, const struct token *token, const char *what)
{
    struct diagnostic *e = fail(t, &token->at, token->text, what);
    struct nearest nearest;

    nearest_open(&nearest, arena_copy(&t->d->arena, token->string));
    names_offer(t->names, &t->scope, &nearest, &t->d->arena);
    diagnostic_suggest(t->d, e, nearest.best);
}

static void wants_done(struct typer *t, const struct operand *o)
{
    for (unsigned i = 0; i < o->n; i++)
        t->done |= names_needs_done(t->names, &o->from[i]);
}

/* A name of a later version: an operand that never has a value. */
static bool is_later(struct typer *t, struct operand *o, const struct token *token)
{
    const char *why = later_name(t->names, &t->scope, token->string);

    if (!why)
        return false;
    t->program->later = why;
    o->name = arena_copy(t->arena, token->string);
    return true;
}

/* NULL, and the error told, when it is no field; `what` it should be. */
static const struct operand *operand_of(struct typer *t, const struct token *token,
                                        const char *what)
{
    struct operand *o = arena_take(t->arena, sizeof *o);
    enum found found = names_operand(t->names, &t->scope, token->string, o);

    if (found == FOUND_MIXED)
        fail(t, &token->at, token->text,
             " stands for fields of different types: use ours");
    else if (found == FOUND_NOTHING && !is_later(t, o, token))
        unknown_name(t, token, what);
    else if (found == FOUND_NOTHING)
        return o;
    if (found != FOUND_FIELD)
        return NULL;
    o->name = arena_copy(t->arena, token->string);
    wants_done(t, o);
    return o;
}

/* ---- words ------------------------------------------------------------------ */

static const struct node *type_macro(struct typer *t, struct macro *m,
                                     const struct token *token)
{
    struct typer inner = {t->names,
                          t->arena,
                          t->d,
                          .program = t->program,
                          .depth = t->depth + 1,
                          .of_rule = t->of_rule};

    if (m->state == MACRO_BEING_TYPED || t->depth == MACRO_DEPTH) {
        fail(t, &token->at, token->text, " uses itself, or is nested too deeply");
        return NULL;
    }
    if (m->state == MACRO_UNTYPED) {
        m->state = MACRO_BEING_TYPED;
        if (m->syntax)
            m->node = type_node(&inner, m->syntax);
        if (inner.failed)
            m->node = NULL;
        m->done = inner.done;
        m->later = t->program->later;
        m->state = MACRO_TYPED;
    }
    t->done |= m->done;
    if (m->later)
        t->program->later = m->later;
    if (!m->node)
        t->failed = true; /* told where the macro stands */
    return m->node;
}

/* Lists a macro asks are found again each time it is used. */
static void lists_of(struct typer *t, const struct node *n)
{
    for (; n; n = n->next) {
        if (n->op == NODE_SET)
            uses_list(t, n->set);
        lists_of(t, n->first);
        if (n->op == NODE_POINTS)
            lists_of(t, n->run);
    }
}

static const struct node *type_word(struct typer *t, const struct syntax *s)
{
    int schema = names_schema(t->names, s->token.string);
    struct macro *m = names_macro(t->names, s->token.string);
    const struct operand *o;
    struct node *n;

    if (schema >= 0) {
        n = new_node(t, s, NODE_PROTOCOL);
        n->mask = UINT64_C(1) << schema;
        return n;
    }
    if (!m && later_protocol(t->names, s->token.string)) {
        t->program->later = later_protocol(t->names, s->token.string);
        return new_node(t, s, NODE_FALSE);
    }
    if (m) {
        const struct node *body = type_macro(t, m, &s->token);

        m->used |= t->of_rule;
        if (!body)
            return nothing(t, s);
        lists_of(t, body);
        n = new_node(t, s, NODE_AND);
        n->first = body;
        return n;
    }
    o = operand_of(t, &s->token, " is no field, protocol or macro");
    if (!o)
        return nothing(t, s);
    if (o->n == 0)
        return new_node(t, s, NODE_FALSE);
    if (o->type != FIELD_BOOL) {
        fail(t, &s->token.at, s->token.text, " is neither true nor false")->hint =
            arena_format(&t->d->arena, "compare it, or write `exists %s`", o->name);
        return nothing(t, s);
    }
    n = new_node(t, s, NODE_BOOL);
    n->left = o;
    return n;
}

static const struct node *type_exists(struct typer *t, const struct syntax *s)
{
    struct node *n = new_node(t, s, NODE_EXISTS);

    n->left = operand_of(t, &s->token, " is no field");
    return n->left ? n : nothing(t, s);
}

static const struct node *type_during(struct typer *t, const struct syntax *s)
{
    struct node *n = new_node(t, s, NODE_DURING);
    struct schedule *known = names_schedule(t->names, s->call.string);
    struct nearest nearest;
    struct diagnostic *e;

    n->schedule = known;
    if (known) {
        known->used = true;
        return n;
    }
    e = fail(t, &s->call.at, s->call.string, " is no schedule");
    nearest_open(&nearest, arena_copy(&t->d->arena, s->call.string));
    for (const struct schedule *one = t->names->schedules; one; one = one->next)
        nearest_offer(&nearest, one->name);
    diagnostic_suggest(t->d, e, nearest.best);
    return nothing(t, s);
}

/* last("POINT", age): its value, when it is not older. */
static const struct operand *type_last(struct typer *t, const struct syntax *s)
{
    struct operand *o = arena_take(t->arena, sizeof *o);
    const struct site *site = t->names->site;
    int point = site_point_named(site, arena_copy(t->arena, s->call.string));
    struct nearest nearest;
    struct diagnostic *e;

    o->name = arena_format(t->arena, "last(\"%.*s\")", shown(s->call.string),
                           s->call.string.at);
    o->type = FIELD_REAL;
    o->age = s->age.kind == TOKEN_DURATION ? s->age.i : INT64_MAX;
    o->n = 1;
    o->from[0] = (struct origin){.kind = SOURCE_LAST, .slot = (uint16_t)point};
    if (point >= 0) {
        if (!site->last)
            t->program->later = "this version keeps no values of points";
        return o;
    }
    e = fail(t, &s->call.at, s->call.string, " is no point of the point map");
    nearest_open(&nearest, arena_copy(&t->d->arena, s->call.string));
    for (unsigned i = 0; site && i < site->npoints; i++)
        nearest_offer(&nearest, site->points[i]);
    diagnostic_suggest(t->d, e, nearest.best);
    return NULL;
}

/* ---- comparisons ------------------------------------------------------------ */

static bool is_protocol(const struct operand *o)
{
    return o->from[0].kind == SOURCE_COMMON && o->from[0].slot == COMMON_PROTOCOL;
}

static const struct node *type_protocols(struct typer *t, const struct syntax *s)
{
    bool negated = s->op == OP_NE || s->op == OP_NOT_IN;
    struct literals l = {.names = t->names, .arena = t->arena, .d = t->d};
    struct node *n = new_node(t, s, NODE_PROTOCOL);
    const char *later = NULL;

    l.later = &later;

    if (s->op != OP_EQ && s->op != OP_IN && !negated) {
        fail(t, &s->at, s->text, ": protocol is compared with == != in");
        return n;
    }
    n->mask = literal_protocols(&l, s->right);
    if (n->mask == 0 && later) {
        t->program->later = later;
        return new_node(t, s, NODE_FALSE);
    }
    if (n->mask == 0)
        return nothing(t, s);
    if (negated)
        n->mask = ~n->mask;
    return n;
}

/* A bare word on the right is a label first; one that is none may be a field. */
static const struct operand *right_field(struct typer *t, const struct syntax *s,
                                         const struct operand *left)
{
    const struct token *word = &s->right->low;
    struct operand probe;
    enum found found;

    if (s->braces || s->right->range || word->kind != TOKEN_WORD || s->op > OP_GE)
        return NULL;
    for (const struct label *l = left->labels; l && l->name; l++) {
        if (bytes_are(word->string, l->name))
            return NULL;
    }
    found = names_operand(t->names, &t->scope, word->string, &probe);
    return found == FOUND_FIELD ? operand_of(t, word, " is no field") : NULL;
}

static bool same_type(const struct operand *a, const struct operand *b)
{
    return a->type == b->type && (a->type != FIELD_ENUM || a->labels == b->labels);
}

static const struct node *type_fields(struct typer *t, const struct syntax *s,
                                      const struct operand *left,
                                      const struct operand *right)
{
    struct node *n = new_node(t, s, NODE_FIELDS);
    bool ordering = s->op != OP_EQ && s->op != OP_NE;

    if (!same_type(left, right) || (ordering && left->type == FIELD_FLAGS)) {
        fail(t, &s->right->low.at, s->right->low.text, " is of another type")->help =
            arena_format(&t->d->arena, "%s: %s, %s: %s", left->name,
                         field_type_name(left->type), right->name,
                         field_type_name(right->type));
        return n;
    }
    n->left = left;
    n->right = right;
    n->compare = (uint8_t)s->op;
    return n;
}

static bool shape_fits(struct typer *t, const struct syntax *s)
{
    bool takes_many = s->op == OP_IN || s->op == OP_NOT_IN;

    if (!s->right) {
        fail(t, &s->at, s->text, " can never hold: nothing stands in { }");
        return false;
    }
    if (s->braces && !takes_many) {
        fail(t, &s->at, s->text, ": values in { } stand after `in` or `not in`");
        return false;
    }
    if (s->right->low.kind == TOKEN_LIST && !takes_many) {
        fail(t, &s->at, s->text, ": a list stands after `in` or `not in`");
        return false;
    }
    return true;
}

static bool is_plain(const struct typer *t, const struct operand *left,
                     const struct set *set)
{
    const struct origin *o = &left->from[0];

    return left->n == 1 && o->kind == SOURCE_FIELD && o->need == NEED_NOTHING &&
           set->kind == SET_INTS &&
           t->names->schemas[o->schema]->fields[o->slot].group == 0;
}

static const struct node *type_set(struct typer *t, const struct syntax *s,
                                   const struct operand *left)
{
    struct literals l = {t->names, t->arena,          t->d, left, &s->token,
                         s->op,    &t->program->later};
    struct node *n = new_node(t, s, NODE_SET);

    n->left = left;
    n->negated = s->op == OP_NE || s->op == OP_NOT_IN;
    n->set = literal_set(&l, s->right);
    if (!n->set)
        return nothing(t, s);
    n->plain = is_plain(t, left, n->set);
    uses_list(t, n->set);
    return n;
}

/* Of a field of a later version only the lists are looked at. */
static const struct node *type_later(struct typer *t, const struct syntax *s)
{
    for (const struct item *item = s->right; item; item = item->next) {
        struct value_list *list = names_list(t->names, item->low.string);

        if (item->low.kind == TOKEN_LIST && list)
            list->used = true;
        else if (item->low.kind == TOKEN_LIST)
            fail(t, &item->low.at, item->low.text, " is no list");
    }
    return t->failed ? nothing(t, s) : new_node(t, s, NODE_FALSE);
}

static const struct node *type_compare(struct typer *t, const struct syntax *s)
{
    const struct operand *right, *left = s->call.kind == TOKEN_TEXT
                                             ? type_last(t, s)
                                             : operand_of(t, &s->token, " is no field");

    if (!left || !shape_fits(t, s))
        return nothing(t, s);
    if (left->n == 0)
        return type_later(t, s);
    if (is_protocol(left))
        return type_protocols(t, s);
    right = right_field(t, s, left);
    return right ? type_fields(t, s, left, right) : type_set(t, s, left);
}

/* ---- elements --------------------------------------------------------------- */

/* The same for every point of a run: asked once. */
static bool of_run(const struct node *n)
{
    if (n->op != NODE_SET || n->left->n != 1 || n->left->from[0].kind != SOURCE_POINT)
        return false;
    return n->left->from[0].slot == POINT_TABLE || n->left->from[0].slot == POINT_TYPE ||
           n->left->from[0].slot == POINT_ACCESS;
}

/* Written points come with the request; others may not be there before the answer. */
static bool only_written(const struct node *n)
{
    return n->left->from[0].slot == POINT_ACCESS && !n->negated && n->set->n == 1 &&
           n->set->ints[0].low == ACCESS_WRITTEN &&
           n->set->ints[0].high == ACCESS_WRITTEN;
}

/* Moves what is the same for a run out of the chain, so that it is asked once. */
static void split_run(struct typer *t, struct node *points, struct node *body)
{
    const struct node **run, **rest, *next;
    struct node *chain[2] = {arena_take(t->arena, sizeof *body),
                             arena_take(t->arena, sizeof *body)};
    bool written = false;

    *chain[0] = *chain[1] = *body;
    chain[0]->first = chain[1]->first = NULL;
    run = &chain[0]->first;
    rest = &chain[1]->first;
    for (const struct node *part = body->first; part; part = next) {
        struct node *copy = arena_take(t->arena, sizeof *copy);

        next = part->next;
        *copy = *part;
        copy->next = NULL;
        written |= of_run(part) && only_written(part);
        *(of_run(part) ? run : rest) = copy;
        if (of_run(part))
            run = (const struct node **)&copy->next;
        else
            rest = (const struct node **)&copy->next;
    }
    points->run = chain[0]->first ? chain[0] : NULL;
    points->first = chain[1]->first ? chain[1] : NULL;
    t->done |= !written;
}

static const struct node *type_points(struct typer *t, const struct syntax *s)
{
    struct scope outer = t->scope;
    struct node *n = new_node(t, s, NODE_POINTS), *chain;
    const struct node *body;

    n->quantifier = (uint8_t)s->quantifier;
    t->scope = (struct scope){.point = true};
    body = type_node(t, s->first);
    t->scope = outer;
    chain = new_node(t, s->first, NODE_AND);
    chain->first = body->op == NODE_AND ? body->first : body;
    split_run(t, n, chain);
    return n;
}

/* Plural too: `all points`, `any items`. */
static bool names_group(struct bytes word, const char *group)
{
    size_t len = strlen(group);

    if (word.len == len + 1 && word.at[len] == 's')
        word.len--;
    if (len && group[len - 1] == 's' && word.len == len - 1)
        len--;
    return word.len == len && memcmp(word.at, group, len) == 0;
}

/* "item", or "s7comm.item" where several protocols have one. */
static bool group_in(const struct schema *s, struct bytes word, unsigned *index)
{
    size_t len = strlen(s->name);

    if (word.len > len && word.at[len] == '.' && memcmp(word.at, s->name, len) == 0)
        word = (struct bytes){word.at + len + 1, word.len - len - 1};
    for (unsigned g = 1; g < s->ngroups; g++) {
        if (names_group(word, s->groups[g].name)) {
            *index = g;
            return true;
        }
    }
    return false;
}

static void unknown_group(struct typer *t, const struct token *token)
{
    struct diagnostic *e = fail(t, &token->at, token->text, " is no group");
    const char *all = "groups: point";

    for (unsigned i = 0; i < t->names->n; i++) {
        for (unsigned g = 1; g < t->names->schemas[i]->ngroups; g++)
            all = arena_format(&t->d->arena, "%s %s.%s", all, t->names->schemas[i]->name,
                               t->names->schemas[i]->groups[g].name);
    }
    e->help = all;
}

static bool find_group(struct typer *t, const struct token *token, struct scope *scope)
{
    unsigned hits = 0, index;

    for (unsigned i = 0; i < t->names->n; i++) {
        if (!group_in(t->names->schemas[i], token->string, &index))
            continue;
        hits++;
        *scope = (struct scope){.group = &t->names->schemas[i]->groups[index],
                                .schema = i,
                                .group_index = index};
    }
    if (hits == 0)
        unknown_group(t, token);
    if (hits > 1)
        fail(t, &token->at, token->text,
             " is a group of several protocols: put the protocol before it");
    return hits == 1;
}

static const struct node *type_rows(struct typer *t, const struct syntax *s)
{
    struct scope outer = t->scope, scope;
    struct node *n = new_node(t, s, NODE_ROWS);

    if (!find_group(t, &s->token, &scope))
        return nothing(t, s);
    n->quantifier = (uint8_t)s->quantifier;
    n->schema = (uint8_t)scope.schema;
    n->group = (uint8_t)scope.group_index;
    t->scope = scope;
    n->first = type_node(t, s->first);
    t->scope = outer;
    return n;
}

static const struct node *type_bind(struct typer *t, const struct syntax *s)
{
    if (t->scope.point || t->scope.group) {
        fail(t, &s->at, s->token.text, " stands inside another one");
        return nothing(t, s);
    }
    return names_group(s->token.string, "point") ? type_points(t, s) : type_rows(t, s);
}

/* ---- the tree --------------------------------------------------------------- */

static const struct node *type_parts(struct typer *t, const struct syntax *s,
                                     enum node_op op)
{
    struct node *n = new_node(t, s, op), *copy;
    const struct node **last = &n->first;

    for (const struct syntax *part = s->first; part; part = part->next) {
        copy = arena_take(t->arena, sizeof *copy);
        *copy = *type_node(t, part); /* so that `next` is ours alone */
        copy->next = NULL;
        *last = copy;
        last = (const struct node **)&copy->next;
    }
    return n;
}

static const struct node *type_node(struct typer *t, const struct syntax *s)
{
    switch (s->kind) {
    case SYNTAX_OR:
        return type_parts(t, s, NODE_OR);
    case SYNTAX_AND:
        return type_parts(t, s, NODE_AND);
    case SYNTAX_NOT:
        return type_parts(t, s, NODE_NOT);
    case SYNTAX_COMPARE:
        return type_compare(t, s);
    case SYNTAX_EXISTS:
        return type_exists(t, s);
    case SYNTAX_BIND:
        return type_bind(t, s);
    case SYNTAX_DURING:
        return type_during(t, s);
    default:
        return type_word(t, s);
    }
}

static bool possible(const struct names *names, const struct node *root)
{
    for (unsigned i = 0; i < names->n; i++) {
        if (node_reach(root, i, names->schemas[i]).possible)
            return true;
    }
    return names->n == 0;
}

static bool type(const struct names *names, const struct syntax *syntax,
                 struct arena *arena, struct diagnostics *d, bool of_rule,
                 struct program *out)
{
    struct typer t = {
        .names = names, .arena = arena, .d = d, .program = out, .of_rule = of_rule};

    *out = (struct program){0};
    out->root = type_node(&t, syntax);
    out->done = t.done;
    if (!t.failed && !out->later && !possible(names, out->root)) {
        diagnostics_error(d, &syntax->token.at,
                          "can never hold: no record is of all these protocols");
        t.failed = true;
    }
    if (t.failed)
        out->root = NULL;
    return !t.failed;
}

bool type_expression(const struct names *names, const struct syntax *syntax,
                     struct arena *arena, struct diagnostics *d, struct program *out)
{
    return type(names, syntax, arena, d, false, out);
}

bool compile_rule(const struct names *names, const struct yaml *scalar,
                  struct arena *arena, struct diagnostics *d, struct program *out)
{
    const struct syntax *syntax = parse_expression(scalar, arena, d);

    *out = (struct program){0};
    return syntax && type(names, syntax, arena, d, true, out);
}

bool compile_expression(const struct names *names, const struct yaml *scalar,
                        struct arena *arena, struct diagnostics *d, struct program *out)
{
    if (!compile_rule(names, scalar, arena, d, out))
        return false;
    if (!out->later)
        return true;
    diagnostics_error(d, &scalar->inside, "can never hold: %s", out->later);
    out->root = NULL;
    return false;
}

const struct operand *type_field(const struct names *names, const struct yaml *scalar,
                                 struct arena *arena, struct diagnostics *d)
{
    struct program none = {0};
    struct typer t = {.names = names, .arena = arena, .d = d, .program = &none};
    struct token token = {.kind = TOKEN_WORD,
                          .at = scalar->at,
                          .text = {(const uint8_t *)scalar->text, scalar->len}};

    token.string = token.text;
    return operand_of(&t, &token, " is no field");
}
