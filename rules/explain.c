#include "rules/explain.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { VALUES_SHOWN = 6, POINTS_SHOWN = 3, BYTES_SHOWN = 16, CONDITION_SHOWN = 90 };

/* ---- text in a fixed room ----------------------------------------------------- */

void words_open(struct words *w, char *out, size_t size)
{
    *w = (struct words){out, size, 0};
    out[0] = '\0';
}

void words_add(struct words *w, struct bytes text)
{
    size_t room = w->size - 1 - w->len, len = text.len < room ? text.len : room;

    if (len < text.len) { /* not in the middle of a character */
        while (len > 0 && (text.at[len] & 0xc0) == 0x80)
            len--;
    }
    if (len)
        memcpy(w->at + w->len, text.at, len);
    w->len += len;
    w->at[w->len] = '\0';
}

void words_put(struct words *w, const char *format, ...)
{
    char text[FINDING_SUMMARY];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) > 0)
        words_add(w, (struct bytes){(const uint8_t *)text, strlen(text)});
    va_end(args);
}

/* ---- values ----------------------------------------------------------------- */

static void put_flags(struct words *w, const struct datum *value)
{
    bool first = true;

    for (const struct label *l = value->labels; l && l->name; l++) {
        if (!(value->u & l->code))
            continue;
        words_put(w, "%s%s", first ? "" : ", ", l->name);
        first = false;
    }
    if (first)
        words_put(w, "none");
}

static void put_enum(struct words *w, const struct datum *value)
{
    const struct label *l = label_of(value->labels, value->u);

    if (l)
        words_put(w, "%s", l->name);
    else
        words_put(w, "unknown_%" PRIu64, value->u);
}

static void put_address(struct words *w, const struct datum *value)
{
    char text[ADDRESS_TEXT];
    struct address a;

    if (value->b.len == MAC_SIZE) {
        words_put(w, "%s", mac_text(value->b.at, text));
        return;
    }
    a = value->b.len == 4 ? address_v4(value->b.at) : address_v6(value->b.at);
    words_put(w, "%s", address_text(&a, text));
}

static void put_bytes(struct words *w, const struct datum *value)
{
    for (size_t i = 0; i < value->b.len && i < BYTES_SHOWN; i++)
        words_put(w, "%02x", value->b.at[i]);
    if (value->b.len > BYTES_SHOWN)
        words_put(w, "...");
}

void words_duration(struct words *w, int64_t ns)
{
    if (ns < 1000000000)
        words_put(w, "%.3g ms", (double)ns / 1e6);
    else
        words_put(w, "%.6g s", (double)ns / 1e9);
}

void words_datum(struct words *w, const struct datum *value)
{
    switch ((enum field_type)value->type) {
    case FIELD_BOOL:
        words_put(w, "%s", value->u ? "true" : "false");
        break;
    case FIELD_REAL:
        words_put(w, "%.7g", value->r);
        break;
    case FIELD_TEXT:
        words_add(w, value->b);
        break;
    case FIELD_BYTES:
        put_bytes(w, value);
        break;
    case FIELD_ENUM:
        put_enum(w, value);
        break;
    case FIELD_FLAGS:
        put_flags(w, value);
        break;
    case FIELD_DURATION:
        words_duration(w, value->i);
        break;
    case FIELD_ADDRESS:
        put_address(w, value);
        break;
    default:
        words_put(w, "%" PRId64, value->i);
        break;
    }
}

void words_operand(struct words *w, const struct operand *o, const struct context *c)
{
    struct walk walk = {0};
    struct datum value;
    unsigned n = 0;

    while (operand_next(o, c, &walk, &value)) {
        if (n == VALUES_SHOWN) {
            words_put(w, ", ...");
            return;
        }
        words_put(w, "%s", n++ ? ", " : "");
        words_datum(w, &value);
    }
    if (n == 0)
        words_put(w, "-");
}

void words_point(struct words *w, const struct record *r, const struct point *p)
{
    const struct label *table = label_of(r->schema->tables, p->table);

    if (p->type == POINT_BIT)
        words_put(w, "%s %" PRIu64 " = %s", table ? table->name : "point", p->address,
                  p->value > 0 ? "on" : "off");
    else
        words_put(w, "%s %" PRIu64 " = %.7g", table ? table->name : "point", p->address,
                  p->value);
}

void words_points(struct words *w, const struct record *r)
{
    uint64_t total = record_points(r), shown = 0;
    uint32_t place = 0;
    struct run run;
    struct point p;

    while (record_next_run(r, &place, &run)) {
        for (uint32_t i = 0; i < run.count && shown < POINTS_SHOWN; i++) {
            run_point(&run, i, &p);
            words_put(w, "%s", shown++ ? ", " : "");
            words_point(w, r, &p);
        }
    }
    if (total == 0)
        words_put(w, "no values");
    if (total > shown)
        words_put(w, " and %" PRIu64 " more", total - shown);
}

/* ---- why it is true ----------------------------------------------------------- */

static void put_condition(struct words *w, const struct node *n)
{
    struct bytes text = n->text;

    if (text.len > CONDITION_SHOWN)
        text.len = CONDITION_SHOWN;
    words_add(w, text);
    words_put(w, "%s: ", text.len < n->text.len ? "..." : "");
}

static void put_operand(struct words *w, const struct node *n, const struct context *c)
{
    words_operand(w, n->left, c);
    if (n->op == NODE_SET && n->set->list)
        words_put(w, ", %samong %u", n->negated ? "not " : "", n->set->entries);
    if (n->op == NODE_FIELDS) {
        words_put(w, " and ");
        words_operand(w, n->right, c);
    }
}

static void put_true(struct words *w, const struct node *n, struct context *c)
{
    struct point decided;
    struct context again = *c;

    put_condition(w, n);
    if (n->op == NODE_SET || n->op == NODE_FIELDS || n->op == NODE_EXISTS) {
        put_operand(w, n, c);
        return;
    }
    if (n->op == NODE_POINTS && n->quantifier == QUANTIFIER_ANY) {
        again.decided = &decided;
        again.has_decided = false;
        if (evaluate(n, &again) && again.has_decided) {
            words_point(w, c->record, &decided);
            return;
        }
    }
    words_put(w, "true");
}

/* A macro keeps its name: it is a chain of one. */
static bool is_chain(const struct node *n)
{
    return n->op == NODE_AND && n->first && n->first->next;
}

/* Of an `or` that holds; the last part otherwise. */
static const struct node *first_true(const struct node *n, struct context *c)
{
    const struct node *part = n->first;

    while (part->next && !evaluate(part, c))
        part = part->next;
    return part;
}

static void matched(const struct node *n, struct context *c, struct finding *f,
                    unsigned depth)
{
    struct words w;

    if (is_chain(n) && depth < EXPRESSION_DEPTH) {
        for (const struct node *part = n->first; part; part = part->next)
            matched(part, c, f, depth + 1);
        return;
    }
    if (n->op == NODE_OR && depth < EXPRESSION_DEPTH) {
        matched(first_true(n, c), c, f, depth + 1);
        return;
    }
    if (f->nmatched == FINDING_MATCHED)
        return;
    words_open(&w, f->matched[f->nmatched++], FINDING_MATCHED_TEXT);
    put_true(&w, n, c);
}

void explain_matched(const struct node *root, struct context *c, struct finding *f)
{
    f->nmatched = 0;
    matched(root, c, f, 0);
}

/* ---- why it is false ----------------------------------------------------------- */

static bool has_value(const struct operand *o, const struct context *c)
{
    struct walk w = {0};
    struct datum value;

    return operand_next(o, c, &w, &value);
}

static void put_false(struct words *w, const struct node *n, struct context *c)
{
    put_condition(w, n);
    if (n->op == NODE_PROTOCOL) {
        words_put(w, "the protocol is %s", c->record->schema->name);
    } else if (n->left && !has_value(n->left, c)) {
        words_put(w, "%s is absent", n->left->name);
    } else if (n->op == NODE_FIELDS && !has_value(n->right, c)) {
        words_put(w, "%s is absent", n->right->name);
    } else if (n->left) {
        words_operand(w, n->left, c);
        if (n->op == NODE_SET && n->set->list)
            words_put(w, ", %samong %u", n->negated ? "" : "not ", n->set->entries);
    } else {
        words_put(w, "false");
    }
}

bool explain_false(const struct node *root, struct context *c, struct words *w)
{
    const struct node *n = root;

    if (evaluate(n, c))
        return false;
    while (n->op == NODE_AND) {
        const struct node *part = n->first;

        while (part->next && evaluate(part, c))
            part = part->next;
        n = part;
    }
    put_false(w, n, c);
    return true;
}
