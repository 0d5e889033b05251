#include "rules/program.h"

#include <string.h>

/* ---- operands --------------------------------------------------------------- */

static bool need_met(enum need need, const struct parties *p)
{
    switch (need) {
    case NEED_TCP:
        return p->protocol == 6;
    case NEED_UDP:
        return p->protocol == 17;
    case NEED_V4:
        return p->client.family == ADDRESS_V4;
    case NEED_V6:
        return p->client.family == ADDRESS_V6;
    default:
        return true;
    }
}

/* The nth value of a field that stands in a group, over all its rows. */
static bool grouped_next(const struct origin *o, const struct context *c, struct walk *w,
                         struct datum *out)
{
    unsigned group = c->record->schema->fields[o->slot].group;
    const struct value *v = NULL;
    struct row row;

    while (!v && record_next_row(c->record, group, &w->at, &row)) {
        v = record_row_get(c->record, &row, o->slot);
        if (v && o->side && v->side != o->side)
            v = NULL;
    }
    return v && record_datum(c->record, v, out);
}

static bool field_next(const struct origin *o, const struct context *c, struct walk *w,
                       struct datum *out)
{
    const struct record *r = c->record;
    const struct value *v;

    if (o->schema != c->schema)
        return false;
    if (r->schema->fields[o->slot].group)
        return grouped_next(o, c, w, out);
    if (w->nth > 0)
        return false;
    v = o->side ? record_get_side(r, o->slot, o->side) : record_get(r, o->slot);
    return record_datum(r, v, out);
}

/* The point's latest value, unless it is older than the operand allows. */
static bool last_value(const struct origin *o, const struct context *c, int64_t age,
                       struct datum *out)
{
    const struct site *site = c->record->site;

    out->type = FIELD_REAL;
    out->labels = NULL;
    return site && site->last &&
           site->last(site->context, o->slot, c->record->time, age, &out->r);
}

static bool origin_next(const struct origin *o, const struct context *c, int64_t age,
                        struct walk *w, struct datum *out)
{
    if (o->need && !need_met(o->need, &c->record->parties))
        return false;
    switch (o->kind) {
    case SOURCE_COMMON:
        return common_get(c->record, o->slot, w->nth, out);
    case SOURCE_FIELD:
        return field_next(o, c, w, out);
    case SOURCE_LAST:
        return w->nth == 0 && last_value(o, c, age, out);
    case SOURCE_POINT:
        return w->nth == 0 && c->point && point_get(c->record, c->point, o->slot, out);
    default:
        return w->nth == 0 && c->row && o->schema == c->schema &&
               record_datum(c->record, record_row_get(c->record, c->row, o->slot), out);
    }
}

bool operand_next(const struct operand *o, const struct context *c, struct walk *w,
                  struct datum *out)
{
    while (w->source < o->n) {
        if (origin_next(&o->from[w->source], c, o->age, w, out)) {
            w->nth++;
            return true;
        }
        *w = (struct walk){.source = w->source + 1};
    }
    return false;
}

/* ---- comparisons ------------------------------------------------------------ */

/* The same for what rules ask most, without copying the value. */
static bool plain_in_set(const struct node *n, const struct context *c)
{
    const struct origin *o = &n->left->from[0];
    const struct value *v;

    if (o->schema != c->schema)
        return false;
    v = o->side ? record_get_side(c->record, o->slot, o->side)
                : record_get(c->record, o->slot);
    return v && set_holds_int(n->set, v->i) != n->negated;
}

static bool in_set(const struct node *n, const struct context *c)
{
    struct walk w = {0};
    struct datum value;
    bool present = false;

    while (operand_next(n->left, c, &w, &value)) {
        present = true;
        if (set_holds(n->set, &value))
            return !n->negated;
    }
    return present && n->negated;
}

static int order_of(const struct datum *a, const struct datum *b)
{
    size_t len;
    int order;

    switch (a->type) {
    case FIELD_REAL:
        return (a->r > b->r) - (a->r < b->r);
    case FIELD_TEXT:
    case FIELD_BYTES:
    case FIELD_ADDRESS:
        len = a->b.len < b->b.len ? a->b.len : b->b.len;
        order = len ? memcmp(a->b.at, b->b.at, len) : 0;
        return order ? order : (a->b.len > b->b.len) - (a->b.len < b->b.len);
    case FIELD_BOOL:
    case FIELD_ENUM:
    case FIELD_FLAGS:
        return (a->u > b->u) - (a->u < b->u);
    default:
        return (a->i > b->i) - (a->i < b->i);
    }
}

static bool ordered(enum comparison op, int order)
{
    switch (op) {
    case OP_LT:
        return order < 0;
    case OP_LE:
        return order <= 0;
    case OP_GT:
        return order > 0;
    case OP_GE:
        return order >= 0;
    default:
        return order == 0;
    }
}

/* One pair that compares so; != means no pair is equal. */
static bool fields_compare(const struct node *n, const struct context *c)
{
    struct walk wl = {0}, wr;
    struct datum left, right;
    bool present = false, negated = n->compare == OP_NE;

    while (operand_next(n->left, c, &wl, &left)) {
        wr = (struct walk){0};
        while (operand_next(n->right, c, &wr, &right)) {
            present = true;
            if (ordered(n->compare, order_of(&left, &right)))
                return !negated;
        }
    }
    return present && negated;
}

static bool exists(const struct node *n, const struct context *c)
{
    struct walk w = {0};
    struct datum value;

    return operand_next(n->left, c, &w, &value);
}

static bool is_true(const struct node *n, const struct context *c)
{
    struct walk w = {0};
    struct datum value;

    while (operand_next(n->left, c, &w, &value)) {
        if (value.u)
            return true;
    }
    return false;
}

/* ---- one element at a time ---------------------------------------------------- */

/* What holds for a quantifier after an element said yes or no. */
static bool settled(enum quantifier q, bool yes)
{
    return q == QUANTIFIER_ALL ? !yes : yes;
}

static bool verdict(enum quantifier q, bool stopped, bool any_element)
{
    if (q == QUANTIFIER_ANY)
        return stopped;
    return q == QUANTIFIER_ALL ? any_element && !stopped : !stopped;
}

/* True when a point of the run settles it. */
static bool run_settles(const struct node *n, struct context *c, const struct run *run)
{
    struct context inner = *c;
    struct point p;
    bool yes;

    run_point(run, 0, &p);
    inner.point = &p;
    if (n->run && !evaluate(n->run, &inner))
        return settled(n->quantifier, false);
    for (uint32_t i = 0; i < run->count; i++) {
        run_point(run, i, &p);
        yes = !n->first || evaluate(n->first, &inner);
        if (!settled(n->quantifier, yes))
            continue;
        if (n->quantifier == QUANTIFIER_ANY && c->decided && !c->has_decided) {
            *c->decided = p;
            c->has_decided = true;
        }
        return true;
    }
    return false;
}

static bool over_points(const struct node *n, struct context *c)
{
    bool stopped = false, any = false;
    uint32_t place = 0;
    struct run run;

    while (!stopped && record_next_run(c->record, &place, &run)) {
        if (run.count == 0)
            continue;
        any = true;
        stopped = run_settles(n, c, &run);
    }
    return verdict(n->quantifier, stopped, any);
}

static bool over_rows(const struct node *n, struct context *c)
{
    struct context inner = *c;
    bool stopped = false, any = false;
    unsigned at = 0;
    struct row row;

    while (!stopped && c->schema == n->schema &&
           record_next_row(c->record, n->group, &at, &row)) {
        any = true;
        inner.row = &row;
        stopped = settled(n->quantifier, evaluate(n->first, &inner));
    }
    return verdict(n->quantifier, stopped, any);
}

/* ---- the tree --------------------------------------------------------------- */

static bool all_parts(const struct node *n, struct context *c)
{
    for (const struct node *part = n->first; part; part = part->next) {
        if (!evaluate(part, c))
            return false;
    }
    return true;
}

static bool any_part(const struct node *n, struct context *c)
{
    for (const struct node *part = n->first; part; part = part->next) {
        if (evaluate(part, c))
            return true;
    }
    return false;
}

static bool evaluate_leaf(const struct node *n, const struct context *c)
{
    switch (n->op) {
    case NODE_PROTOCOL:
        return n->mask >> c->schema & 1;
    case NODE_SET:
        return n->plain ? plain_in_set(n, c) : in_set(n, c);
    case NODE_FIELDS:
        return fields_compare(n, c);
    case NODE_EXISTS:
        return exists(n, c);
    case NODE_BOOL:
        return is_true(n, c);
    case NODE_DURING:
        return schedule_holds(n->schedule, c->record->time);
    default:
        return false;
    }
}

bool evaluate(const struct node *n, struct context *c)
{
    switch (n->op) {
    case NODE_AND:
        return all_parts(n, c);
    case NODE_OR:
        return any_part(n, c);
    case NODE_NOT:
        return !evaluate(n->first, c);
    case NODE_POINTS:
        return over_points(n, c);
    case NODE_ROWS:
        return over_rows(n, c);
    default:
        return evaluate_leaf(n, c);
    }
}

/* ---- reach ------------------------------------------------------------------ */

static struct reach anything(void)
{
    struct reach r = {.possible = true,
                      .outcomes = UINT32_MAX,
                      .functions_other = true,
                      .slot = SLOT_ANY};

    memset(r.functions, 0xff, sizeof r.functions);
    return r;
}

static struct reach both(struct reach a, struct reach b)
{
    a.possible &= b.possible;
    a.violation |= b.violation;
    a.verbs = a.verbs ? a.verbs : b.verbs;
    a.outcomes &= b.outcomes;
    for (unsigned i = 0; i < COUNT_OF(a.functions); i++)
        a.functions[i] &= b.functions[i];
    a.functions_other &= b.functions_other;
    a.slot = a.slot == SLOT_ANY ? b.slot : a.slot;
    return a;
}

static struct reach either(struct reach a, struct reach b)
{
    if (!a.possible)
        return b;
    if (!b.possible)
        return a;
    a.violation &= b.violation;
    a.verbs = a.verbs && b.verbs ? a.verbs | b.verbs : 0;
    a.outcomes |= b.outcomes;
    for (unsigned i = 0; i < COUNT_OF(a.functions); i++)
        a.functions[i] |= b.functions[i];
    a.functions_other |= b.functions_other;
    a.slot = a.slot == b.slot ? a.slot : SLOT_ANY;
    return a;
}

static bool reads(const struct operand *o, unsigned schema)
{
    for (unsigned i = 0; i < o->n; i++) {
        bool of_schema = o->from[i].kind == SOURCE_FIELD || o->from[i].kind == SOURCE_ROW;

        if (!of_schema || o->from[i].schema == schema)
            return true;
    }
    return false;
}

static void reach_functions(const struct set *s, struct reach *r)
{
    memset(r->functions, 0, sizeof r->functions);
    r->functions_other = false;
    for (unsigned i = 0; i < s->n; i++) {
        for (int64_t code = 0; code < FUNCTION_CODES; code++) {
            if (s->ints[i].low <= code && code <= s->ints[i].high)
                r->functions[code / 64] |= UINT64_C(1) << code % 64;
        }
        r->functions_other |= s->ints[i].low < 0 || s->ints[i].high >= FUNCTION_CODES;
    }
}

static uint32_t reach_outcomes(const struct set *s)
{
    uint32_t mask = 0;

    for (int64_t outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        for (unsigned i = 0; i < s->n; i++) {
            if (s->ints[i].low <= outcome && outcome <= s->ints[i].high)
                mask |= UINT32_C(1) << outcome;
        }
    }
    return mask;
}

static bool says_function(const struct node *n, const struct schema *s)
{
    const struct origin *from = &n->left->from[0];

    if (from->kind == SOURCE_COMMON)
        return from->slot == COMMON_FUNCTION_CODE;
    return from->kind == SOURCE_FIELD && from->side != SIDE_RESPONSE &&
           n->set->kind == SET_INTS && s->fields[from->slot].flags & FIELD_FUNCTION;
}

/* Some of the violations are ones its messages can have. */
static bool breaks_so(const struct set *set, const struct schema *s)
{
    const struct label *tables[] = {common_violations, s->violations};
    struct datum name = {.type = FIELD_TEXT};

    for (unsigned i = 0; i < COUNT_OF(tables); i++) {
        for (const struct label *l = tables[i]; l && l->name; l++) {
            name.b = (struct bytes){(const uint8_t *)l->name, strlen(l->name)};
            if (set_holds(set, &name))
                return true;
        }
    }
    return false;
}

static struct reach reach_set(const struct node *n, const struct schema *s)
{
    const struct origin *from = &n->left->from[0];
    struct reach r = anything();

    if (n->left->n != 1)
        return r;
    if (from->kind == SOURCE_FIELD && s->fields[from->slot].group == 0)
        r.slot = from->slot;
    if (from->kind == SOURCE_COMMON && from->slot == COMMON_VIOLATION)
        r.violation = true;
    if (n->negated)
        return r;
    if (r.violation && n->set->match == MATCH_EQUAL)
        r.possible = breaks_so(n->set, s);
    if (from->kind == SOURCE_COMMON && from->slot == COMMON_VERB)
        r.verbs = (uint32_t)n->set->mask;
    else if (from->kind == SOURCE_COMMON && from->slot == COMMON_OUTCOME)
        r.outcomes = reach_outcomes(n->set);
    else if (says_function(n, s))
        reach_functions(n->set, &r);
    return r;
}

static struct reach reach_parts(const struct node *n, unsigned schema,
                                const struct schema *s)
{
    struct reach r = node_reach(n->first, schema, s), part;

    for (const struct node *p = n->first->next; p; p = p->next) {
        part = node_reach(p, schema, s);
        r = n->op == NODE_AND ? both(r, part) : either(r, part);
    }
    return r;
}

struct reach node_reach(const struct node *n, unsigned schema, const struct schema *s)
{
    struct reach r = anything();

    switch (n->op) {
    case NODE_AND:
    case NODE_OR:
        return reach_parts(n, schema, s);
    case NODE_PROTOCOL:
        r.possible = n->mask >> schema & 1;
        return r;
    case NODE_SET:
        if (reads(n->left, schema))
            return reach_set(n, s);
        r.possible = false;
        return r;
    case NODE_FIELDS:
        r.possible = reads(n->left, schema) && reads(n->right, schema);
        return r;
    case NODE_EXISTS:
    case NODE_BOOL:
        r.possible = reads(n->left, schema);
        r.violation = n->left->n == 1 && n->left->from[0].kind == SOURCE_COMMON &&
                      n->left->from[0].slot == COMMON_VIOLATION;
        return r;
    case NODE_ROWS:
        r.possible = n->schema == schema || n->quantifier == QUANTIFIER_NONE;
        return r;
    case NODE_FALSE:
        r.possible = false;
        return r;
    default:
        return r;
    }
}
