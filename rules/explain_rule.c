#include "rules/explain_rule.h"

#include <inttypes.h>
#include <string.h>

enum { CLAUSE = 60, VALUES = 120, PLACES = 12 };

struct explaining {
    FILE *out;
    struct context c;
};

/* ---- clauses ---------------------------------------------------------------------- */

static void print_values(struct explaining *e, const struct node *n)
{
    char text[VALUES];
    struct words w;

    words_open(&w, text, sizeof text);
    if (n->op == NODE_PROTOCOL)
        words_put(&w, "%s", e->c.record->schema->name);
    else if (n->left)
        words_operand(&w, n->left, &e->c);
    if (n->op == NODE_FIELDS) {
        words_put(&w, " and ");
        words_operand(&w, n->right, &e->c);
    }
    if (n->op == NODE_SET && n->set->list)
        words_put(&w, "; $%s has %u", n->set->list, n->set->entries);
    fprintf(e->out, "%s", text);
}

static void print_clause(struct explaining *e, const struct node *n, unsigned depth)
{
    int len = (int)(n->text.len < CLAUSE ? n->text.len : CLAUSE);

    fprintf(e->out, "    %-4s%*s%.*s%s", evaluate(n, &e->c) ? "yes" : "no",
            (int)depth * 2, "", len, n->text.at, n->text.len > CLAUSE ? "..." : "");
    fprintf(e->out, "%*s  ",
            (int)(40 - depth * 2 - (unsigned)len) > 0
                ? (int)(40 - depth * 2 - (unsigned)len)
                : 0,
            "");
    print_values(e, n);
    fputc('\n', e->out);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as an expression is nested. */
static void print_tree(struct explaining *e, const struct node *n, unsigned depth)
{
    static const char *const words[] = {
        [NODE_AND] = "all of", [NODE_OR] = "one of", [NODE_NOT] = "not"};
    bool group = n->op == NODE_AND || n->op == NODE_OR || n->op == NODE_NOT;

    if (!group) {
        print_clause(e, n, depth);
        return;
    }
    if (depth > 0 || n->op != NODE_AND)
        fprintf(e->out, "    %-4s%*s%s\n", evaluate(n, &e->c) ? "yes" : "no",
                (int)depth * 2, "", words[n->op]);
    else
        depth--;
    for (const struct node *part = n->first; part; part = part->next)
        print_tree(e, part, depth + 1);
}
/* NOLINTEND(misc-no-recursion) */

/* ---- where values stand -------------------------------------------------------------- */

/* "frame 12 + 0x07, 1 byte: function = 16". */
static void print_place(struct explaining *e, const struct value *v)
{
    const struct record *r = e->c.record;
    const struct message *m = record_message_at(r, v->message);
    const struct field *f = &r->schema->fields[v->slot];
    struct datum value;
    char text[VALUES];
    struct words w;

    if (v->offset == OFFSET_NONE || !m || f->flags & FIELD_SECRET ||
        !record_datum(r, v, &value))
        return;
    words_open(&w, text, sizeof text);
    words_datum(&w, &value);
    fprintf(e->out, "    frame %" PRIu64 "  0x%04x  %2u %s  %s.%s = %s", m->frame,
            v->offset, v->length, v->length == 1 ? "byte " : "bytes", r->schema->name,
            f->name, text);
    if (f->type == FIELD_ENUM || f->type == FIELD_FLAGS || f->type == FIELD_INT)
        fprintf(e->out, " (0x%" PRIx64 ")", v->u);
    fputc('\n', e->out);
}

static void print_places(struct explaining *e)
{
    unsigned n, shown = 0;
    const struct value *values = record_values(e->c.record, &n);

    if (n == 0)
        return;
    fputs("  where it stands (offsets in the message of the frame)\n", e->out);
    for (unsigned i = 0; i < n && shown < PLACES; i++) {
        if (values[i].slot == SLOT_ROW)
            continue;
        print_place(e, &values[i]);
        shown++;
    }
    if (shown < n)
        fprintf(e->out, "    and %u more: sightglass replay --records\n", n - shown);
}

static void print_messages(struct explaining *e)
{
    const struct record *r = e->c.record;

    for (unsigned i = 0; i < r->nmessages; i++) {
        const struct message *m = record_message_at(r, i);

        fprintf(e->out, "    frame %" PRIu64 "  %s, %" PRIu32 " bytes%s\n", m->frame,
                m->side == SIDE_RESPONSE ? "response" : "request", m->length,
                m->first && m->first != m->frame ? ", begun in an earlier frame" : "");
    }
}

/* ---- what was counted ------------------------------------------------------------------ */

static void print_track(struct explaining *e, const struct rule *rule)
{
    char text[VALUES];
    struct words w;

    fputs("  track     ", e->out);
    for (unsigned i = 0; i < rule->ntrack; i++) {
        words_open(&w, text, sizeof text);
        words_operand(&w, rule->track[i], &e->c);
        fprintf(e->out, "%s%s = %s", i ? ", " : "", rule->track[i]->name, text);
    }
    fputc('\n', e->out);
}

static void print_threshold(struct explaining *e, const struct rule *rule,
                            const struct finding *f)
{
    if (!rule->threshold)
        return;
    fprintf(e->out,
            "  threshold %" PRIu64 " %s%s, %" PRIu32 " within %" PRId64 " s are needed\n",
            f->threshold, rule->distinct ? "distinct " : "matches",
            rule->distinct ? rule->distinct->name : "", rule->threshold->reaches,
            rule->threshold->within / 1000000000);
}

static void print_steps(struct explaining *e, const struct finding *f)
{
    fputs("  made of\n", e->out);
    for (unsigned i = 0; i < f->nmatched; i++)
        fprintf(e->out, "    %s\n", f->matched[i]);
}

void explain_rule(const struct ruleset *set, const struct rule *rule,
                  const struct finding *f, FILE *out)
{
    struct explaining e = {
        .out = out,
        .c = {.record = f->record,
              .schema = names_index(ruleset_names(set), f->record->schema)}};

    fprintf(out, "  rule      %s  id %" PRIu32 "  rev %" PRIu32 "  %s:%u%s\n",
            rule->signature.name, rule->signature.id, rule->signature.rev,
            rule->at.source->file, rule->at.line,
            rule->overridden ? "  (changed by an override)" : "");
    if (rule->program.root) {
        fputs("  when\n", out);
        print_tree(&e, rule->program.root, 0);
    } else {
        print_steps(&e, f);
    }
    print_track(&e, rule);
    print_threshold(&e, rule, f);
    print_messages(&e);
    print_places(&e);
}
