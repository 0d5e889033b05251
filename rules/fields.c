#include "rules/fields.h"

#include <inttypes.h>
#include <string.h>

enum { NAME_TEXT = 96, DOC_COLUMN = 48, TEXT_COLUMNS = 100 };

/* A field with its full name, as an expression says it. */
struct entry {
    char name[NAME_TEXT];
    const char *of; /* "modbus", "point", or "" */
    const struct schema *schema;
    const struct field *field;
    const struct label *labels;
};

struct listing {
    const struct names *names;
    const char *wanted; /* NULL: all */
    FILE *out;
    bool json;
    unsigned n;
    struct nearest nearest;
    char best[NAME_TEXT];
};

static const char *side_name(const struct field *f)
{
    static const char *const names[] = {"request", "request", "response", "both"};

    return names[f->side & SIDE_BOTH];
}

/* ---- JSON ----------------------------------------------------------------------- */

static void json_text(FILE *out, const char *key, const char *text)
{
    fprintf(out, ",\"%s\":\"", key);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void json_labels(FILE *out, const struct label *labels)
{
    fprintf(out, ",\"labels\":[");
    for (const struct label *l = labels; l->name; l++) {
        fprintf(out, "%s{\"code\":%" PRIu32, l == labels ? "" : ",", l->code);
        json_text(out, "name", l->name);
        if (l->verbs)
            json_text(out, "verb", verb_name(l->verbs));
        if (l->doc)
            json_text(out, "doc", l->doc);
        fputc('}', out);
    }
    fputc(']', out);
}

static void json_entry(struct listing *l, const struct entry *e)
{
    const struct field *f = e->field;

    fprintf(l->out, "%s\n{\"name\":\"%s\"", l->n ? "," : "", e->name);
    json_text(l->out, "of", *e->of ? e->of : "record");
    json_text(l->out, "type", field_type_name(f->type));
    if (e->schema) {
        json_text(l->out, "side", side_name(f));
        if (f->group)
            json_text(l->out, "group", e->schema->groups[f->group].name);
    }
    if (f->wireshark)
        json_text(l->out, "wireshark", f->wireshark);
    json_text(l->out, "doc", f->doc);
    if (e->labels)
        json_labels(l->out, e->labels);
    fputc('}', l->out);
}

/* ---- text ----------------------------------------------------------------------- */

/* Words in lines that end at TEXT_COLUMNS and begin at `indent`. */
static void wrapped(FILE *out, const char *text, size_t indent)
{
    size_t column = indent, len;

    while (*text) {
        len = strcspn(text, " ");
        if (column > indent && column + 1 + len > TEXT_COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, len, out);
        column += len;
        text += len + strspn(text + len, " ");
    }
    fputc('\n', out);
}

static void text_entry(struct listing *l, const struct entry *e)
{
    int used = fprintf(l->out, "%-34s %-9s", e->name, field_type_name(e->field->type));

    if (used > DOC_COLUMN - 1)
        fprintf(l->out, "\n%*s", DOC_COLUMN, "");
    else
        fprintf(l->out, "%*s", DOC_COLUMN - used, "");
    wrapped(l->out, e->field->doc, DOC_COLUMN);
}

static void text_labels(FILE *out, const struct label *labels)
{
    fprintf(out, "\n");
    for (const struct label *one = labels; one->name; one++) {
        int used = fprintf(out, "%10" PRIu32 "  %-34s ", one->code, one->name);

        if (one->verbs)
            used += fprintf(out, "(%s) ", verb_name(one->verbs));
        wrapped(out, one->doc ? one->doc : "", (size_t)used);
    }
}

/* One field alone: everything that is known of it. */
static void text_details(struct listing *l, const struct entry *e)
{
    const struct field *f = e->field;

    text_entry(l, e);
    if (e->schema)
        fprintf(l->out, "  side       %s\n", side_name(f));
    if (e->schema && f->group)
        fprintf(l->out, "  group      %s: any %s (...)\n",
                e->schema->groups[f->group].name, e->schema->groups[f->group].name);
    if (f->wireshark)
        fprintf(l->out, "  wireshark  %s\n", f->wireshark);
    if (e->schema && (f->side & SIDE_BOTH) == SIDE_BOTH)
        fprintf(l->out, "  also       %s.request.%s, %s.response.%s\n", e->of, f->name,
                e->of, f->name);
    if (e->labels)
        text_labels(l->out, e->labels);
}

/* ---- which fields ---------------------------------------------------------------- */

static bool has_word(const char *words, const char *word)
{
    size_t len;

    for (; words && *words; words += len + strspn(words + len, " ")) {
        len = strcspn(words, " ");
        if (strlen(word) == len && memcmp(words, word, len) == 0)
            return true;
    }
    return false;
}

static void visit(struct listing *l, const struct entry *e)
{
    const char *before = l->nearest.best;
    bool alone = false;

    if (l->wanted) {
        nearest_offer(&l->nearest, e->name);
        if (l->nearest.best != before) {
            snprintf(l->best, sizeof l->best, "%s", e->name);
            l->nearest.best = l->best;
        }
        alone =
            strcmp(l->wanted, e->name) == 0 || has_word(e->field->wireshark, l->wanted);
        if (!alone && strcmp(l->wanted, e->of) != 0)
            return;
    }
    if (l->json)
        json_entry(l, e);
    else if (alone)
        text_details(l, e);
    else
        text_entry(l, e);
    l->n++;
}

static void visit_schema(struct listing *l, const struct schema *s)
{
    struct entry e = {.of = s->name, .schema = s};

    for (unsigned slot = 0; slot < s->nfields; slot++) {
        e.field = &s->fields[slot];
        e.labels = e.field->labels;
        snprintf(e.name, sizeof e.name, "%s.%s", s->name, e.field->name);
        visit(l, &e);
    }
}

static void visit_all(struct listing *l)
{
    struct entry e = {.of = ""};

    for (unsigned slot = 0; slot < COMMON_FIELDS; slot++) {
        e.field = &common_fields[slot];
        e.labels = e.field->labels;
        snprintf(e.name, sizeof e.name, "%s", e.field->name);
        visit(l, &e);
    }
    e.of = "point";
    for (unsigned slot = 0; slot < POINT_FIELDS; slot++) {
        e.field = &point_fields[slot];
        e.labels = e.field->labels;
        snprintf(e.name, sizeof e.name, "point.%s", e.field->name);
        visit(l, &e);
    }
    for (unsigned i = 0; i < l->names->n; i++)
        visit_schema(l, l->names->schemas[i]);
}

static bool listed(struct listing *l, FILE *errors)
{
    if (l->wanted)
        nearest_open(&l->nearest, l->wanted);
    visit_all(l);
    if (l->n == 0 && l->nearest.best)
        fprintf(errors, "there is no field `%s`; did you mean `%s`?\n", l->wanted,
                l->nearest.best);
    else if (l->n == 0)
        fprintf(errors, "there is no field `%s`\n", l->wanted ? l->wanted : "");
    return l->n > 0;
}

bool fields_print(const struct names *names, const char *name, FILE *out, FILE *errors)
{
    struct listing l = {.names = names, .wanted = name, .out = out};

    return listed(&l, errors);
}

bool fields_json(const struct names *names, const char *name, FILE *out, FILE *errors)
{
    struct listing l = {.names = names, .wanted = name, .out = out, .json = true};
    bool ok;

    fputc('[', out);
    ok = listed(&l, errors);
    fputs("\n]\n", out);
    return ok;
}
