#include "tests/dump.h"

#include <inttypes.h>

#include "sensor/core/common.h"

static void dump_bytes(FILE *out, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        fprintf(out, "%02x", b.at[i]);
}

static void dump_text(FILE *out, struct bytes b)
{
    fputc('"', out);
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] >= ' ' && b.at[i] < 0x7f)
            fputc(b.at[i], out);
        else
            fprintf(out, "\\x%02x", b.at[i]);
    }
    fputc('"', out);
}

static void dump_flags(FILE *out, const struct label *labels, uint64_t mask)
{
    const char *between = "";

    for (const struct label *l = labels; l && l->name; l++) {
        if (mask & l->code) {
            fprintf(out, "%s%s", between, l->name);
            between = "|";
            mask &= ~(uint64_t)l->code;
        }
    }
    if (mask || !*between)
        fprintf(out, "%s%" PRIu64, between, mask);
}

static void dump_enum(FILE *out, const struct label *labels, uint64_t code)
{
    const struct label *l = label_of(labels, code);

    if (l)
        fputs(l->name, out);
    else
        fprintf(out, "%" PRIu64, code);
}

static void dump_value(FILE *out, const struct record *r, const struct value *v)
{
    const struct field *f = &r->schema->fields[v->slot];

    fprintf(out, " %s=", f->name);
    switch (f->type) {
    case FIELD_TEXT:
        dump_text(out, record_bytes(r, v));
        break;
    case FIELD_BYTES:
    case FIELD_ADDRESS:
        dump_bytes(out, record_bytes(r, v));
        break;
    case FIELD_ENUM:
        dump_enum(out, f->labels, v->u);
        break;
    case FIELD_FLAGS:
        dump_flags(out, f->labels, v->u);
        break;
    case FIELD_REAL:
        fprintf(out, "%.17g", v->r);
        break;
    default:
        fprintf(out, "%" PRId64, v->i);
        break;
    }
}

static const char *side_name(unsigned side)
{
    return side == SIDE_RESPONSE ? "response" : "request";
}

static void dump_values(FILE *out, const struct record *r)
{
    unsigned n, side = 0;
    const struct value *v = record_values(r, &n);

    for (unsigned i = 0; i < n; i++) {
        if (v[i].slot == SLOT_ROW) {
            fprintf(out, "\n  %s[%s]", r->schema->groups[v[i].u].name,
                    side_name(v[i].side));
            side = v[i].side;
            continue;
        }
        if (v[i].side != side)
            fprintf(out, "\n  %s", side_name(v[i].side));
        side = v[i].side;
        dump_value(out, r, &v[i]);
    }
    fputc('\n', out);
}

static void dump_runs(FILE *out, const struct record *r)
{
    struct run run;
    struct point point;
    char reference[DATUM_TEXT] = "";

    for (uint32_t place = 0; record_next_run(r, &place, &run);) {
        if (r->schema->reference)
            r->schema->reference(run.table, run.type, run.first, reference,
                                 sizeof reference);
        fputs("  run ", out);
        dump_enum(out, point_access_labels, run.access);
        fputc(' ', out);
        dump_enum(out, r->schema->tables, run.table);
        fprintf(out, " %" PRIu64 " (%s) step %u ", run.first, reference, run.step);
        dump_enum(out, point_type_labels, run.type);
        for (uint32_t i = 0; i < run.count; i++) {
            run_point(&run, i, &point);
            fprintf(out, " %.17g", point.value);
        }
        fputc('\n', out);
    }
}

void dump_record(FILE *out, const struct record *r)
{
    fprintf(out, "%s ", r->schema->name);
    dump_enum(out, record_kind_labels, r->kind);
    fputc(' ', out);
    dump_enum(out, outcome_labels, r->outcome);
    fputs(" verbs=", out);
    dump_flags(out, verb_labels, r->verbs);
    if (r->operation.id) {
        fputs(" operation=", out);
        dump_enum(out, r->schema->operations, r->operation.kind);
        fprintf(out, ",%u,%u,%" PRIu64, r->operation.state, r->operation.steps,
                r->operation.bytes);
    }
    dump_values(out, r);
    dump_runs(out, r);
    for (unsigned i = 0; i < r->nviolations; i++)
        fprintf(out, "  ! %s %s %u\n", violation_name(r->schema, r->violations[i].reason),
                side_name(r->violations[i].side), r->violations[i].offset);
    if (r->left_out)
        fprintf(out, "  left out %u\n", r->left_out);
}
