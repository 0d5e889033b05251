#include "sensor/core/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct loader {
    yaml_parser_t parser;
    struct arena *arena;
    const struct source *source;
    struct diagnostics *d;
    unsigned depth;
    bool broken;
    /* Marks count characters: the byte that belongs to the last one asked for. */
    size_t character, byte;
};

/* ---- places ----------------------------------------------------------------- */

static struct place place_of(const struct loader *l, const yaml_mark_t *start,
                             const yaml_mark_t *end)
{
    uint32_t width = 1;

    if (end->line == start->line && end->column > start->column)
        width = (uint32_t)(end->column - start->column);
    return (struct place){l->source, (uint32_t)start->line + 1,
                          (uint32_t)start->column + 1, width};
}

/* Marks mostly grow; one that does not is counted from the start. */
static size_t byte_at(struct loader *l, const yaml_mark_t *mark)
{
    const struct bytes *text = &l->source->text;

    if (mark->index < l->character)
        l->character = l->byte = 0;
    while (l->character < mark->index && l->byte < text->len) {
        do
            l->byte++;
        while (l->byte < text->len && (text->at[l->byte] & 0xc0) == 0x80);
        l->character++;
    }
    return l->byte;
}

static struct bytes bytes_between(struct loader *l, const yaml_event_t *e)
{
    size_t start = byte_at(l, &e->start_mark), end = byte_at(l, &e->end_mark);

    return (struct bytes){l->source->text.at + start, end - start};
}

static void raw_block(struct yaml *node)
{
    const uint8_t *line = memchr(node->raw.at, '\n', node->raw.len);

    if (!line) {
        node->raw.len = 0;
        return;
    }
    node->raw.len -= (size_t)(line + 1 - node->raw.at);
    node->raw.at = line + 1;
    node->inside.line++;
    node->inside.column = 1;
}

static bool has_escape(const struct bytes *raw, uint8_t quote)
{
    if (quote == '"')
        return memchr(raw->at, '\\', raw->len) != NULL;
    return memchr(raw->at, '\'', raw->len) != NULL;
}

static void raw_quoted(struct yaml *node)
{
    uint8_t quote = node->raw.len ? node->raw.at[0] : 0;

    if (node->raw.len < 2 || (quote != '"' && quote != '\'')) {
        node->raw.len = 0; /* something refused stands before the quote */
        return;
    }
    node->raw.at++;
    node->raw.len -= 2;
    node->inside.column++;
    if (has_escape(&node->raw, quote))
        node->raw.len = 0;
}

/* ---- building --------------------------------------------------------------- */

static bool build(struct loader *l, const yaml_event_t *e, struct yaml **out);

static void refuse(struct loader *l, const yaml_event_t *e, const char *what)
{
    struct place at = place_of(l, &e->start_mark, &e->end_mark);

    diagnostics_error(l->d, &at, "%s", what);
}

/* libyaml's own complaint; ends the file. */
static void complain(struct loader *l)
{
    const yaml_parser_t *p = &l->parser;
    const char *problem = p->problem ? p->problem : "cannot be read as YAML";
    struct place at = place_of(l, &p->problem_mark, &p->problem_mark);

    if (p->error == YAML_READER_ERROR)
        at = (struct place){.source = l->source};
    l->broken = true;
    if (p->context)
        diagnostics_error(l->d, &at, "%s (%s)", problem, p->context);
    else
        diagnostics_error(l->d, &at, "%s", problem);
}

static bool next_event(struct loader *l, yaml_event_t *e)
{
    if (l->broken)
        return false;
    if (yaml_parser_parse(&l->parser, e))
        return true;
    complain(l);
    return false;
}

static struct yaml *new_node(struct loader *l, const yaml_event_t *e, enum yaml_kind kind,
                             const yaml_char_t *anchor)
{
    struct yaml *node = arena_take(l->arena, sizeof *node);

    node->kind = kind;
    node->at = node->inside = place_of(l, &e->start_mark, &e->end_mark);
    node->text = "";
    if (anchor)
        refuse(l, e, "anchors (&) are not used here: write it out");
    return node;
}

static void build_scalar(struct loader *l, const yaml_event_t *e, struct yaml **out)
{
    struct yaml *node = new_node(l, e, YAML_SCALAR, e->data.scalar.anchor);
    struct bytes value = {e->data.scalar.value, e->data.scalar.length};
    yaml_scalar_style_t style = e->data.scalar.style;

    if (e->data.scalar.tag)
        refuse(l, e, "tags (!) are not used here; put the text in quotes");
    if (memchr(value.at, 0, value.len))
        refuse(l, e, "a text may not hold a zero byte");
    node->text = arena_copy(l->arena, value);
    node->len = value.len;
    node->raw = bytes_between(l, e);
    if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE) {
        node->style = YAML_BLOCK;
        raw_block(node);
    } else if (style != YAML_PLAIN_SCALAR_STYLE) {
        node->style = YAML_QUOTED;
        raw_quoted(node);
    }
    *out = node;
}

static bool build_sequence(struct loader *l, const yaml_event_t *start, struct yaml **out)
{
    struct yaml *node =
        new_node(l, start, YAML_SEQUENCE, start->data.sequence_start.anchor);
    struct yaml **last = &node->first;
    yaml_event_t e;
    bool ok = true;

    *out = node;
    if (start->data.sequence_start.tag)
        refuse(l, start, "tags (!) are not used here");
    while (ok && next_event(l, &e)) {
        ok = e.type != YAML_SEQUENCE_END_EVENT && build(l, &e, last);
        if (ok && *last) {
            last = &(*last)->next;
            node->n++;
        }
        yaml_event_delete(&e);
    }
    return !l->broken;
}

static bool is_duplicate(struct loader *l, const struct yaml *map, const struct yaml *key)
{
    const struct yaml *other = yaml_get(map, key->text);

    if (!other)
        return false;
    diagnostics_error(l->d, &key->at, "`%s` stands here twice", key->text)->help =
        arena_format(&l->d->arena, "the first is in line %u", other->key->at.line);
    return true;
}

/* A key and its value; false at the end of the map. */
static bool build_pair(struct loader *l, struct yaml *map, struct yaml ***last)
{
    struct yaml *key = NULL, *value = NULL;
    yaml_event_t e;
    bool more;

    if (!next_event(l, &e))
        return false;
    more = e.type != YAML_MAPPING_END_EVENT;
    if (more && e.type != YAML_SCALAR_EVENT)
        refuse(l, &e, "a key must be a word");
    more = more && build(l, &e, &key);
    yaml_event_delete(&e);
    if (!more || !next_event(l, &e))
        return false;
    more = build(l, &e, &value);
    yaml_event_delete(&e);
    if (!key || key->kind != YAML_SCALAR || !value || is_duplicate(l, map, key))
        return more;
    value->key = key;
    **last = value;
    *last = &value->next;
    map->n++;
    return more;
}

static bool build_map(struct loader *l, const yaml_event_t *start, struct yaml **out)
{
    struct yaml *node = new_node(l, start, YAML_MAP, start->data.mapping_start.anchor);
    struct yaml **last = &node->first;

    *out = node;
    if (start->data.mapping_start.tag)
        refuse(l, start, "tags (!) are not used here");
    while (build_pair(l, node, &last)) {
    }
    return !l->broken;
}

/* False when the file cannot be read any further. */
static bool build(struct loader *l, const yaml_event_t *e, struct yaml **out)
{
    bool ok = true;

    if (e->type == YAML_ALIAS_EVENT) {
        refuse(l, e, "aliases (*) are not used here: write it out, or put it in quotes");
        return true;
    }
    if (e->type == YAML_SCALAR_EVENT) {
        build_scalar(l, e, out);
        return true;
    }
    if (l->depth == YAML_DEPTH) {
        refuse(l, e, "nested too deeply");
        l->broken = true;
        return false;
    }
    l->depth++;
    if (e->type == YAML_SEQUENCE_START_EVENT)
        ok = build_sequence(l, e, out);
    else if (e->type == YAML_MAPPING_START_EVENT)
        ok = build_map(l, e, out);
    l->depth--;
    return ok;
}

static bool is_content(yaml_event_type_t type)
{
    return type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
           type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT;
}

struct yaml *yaml_load(struct arena *arena, const struct source *source,
                       struct diagnostics *d)
{
    struct loader l = {.arena = arena, .source = source, .d = d};
    struct yaml *root = NULL, *other = NULL;
    unsigned documents = 0;
    yaml_event_t e;
    bool done = false;

    if (!yaml_parser_initialize(&l.parser))
        abort();
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l.parser, source->text.at, source->text.len);
    while (!done && next_event(&l, &e)) {
        done = e.type == YAML_STREAM_END_EVENT;
        if (e.type == YAML_DOCUMENT_START_EVENT && ++documents == 2)
            refuse(&l, &e, "one file holds one document");
        else if (is_content(e.type))
            build(&l, &e, documents == 1 ? &root : &other);
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&l.parser);
    return root;
}

/* ---- maps ------------------------------------------------------------------- */

struct yaml *yaml_get(const struct yaml *map, const char *key)
{
    for (struct yaml *v = map->kind == YAML_MAP ? map->first : NULL; v; v = v->next) {
        if (strcmp(v->key->text, key) == 0)
            return v;
    }
    return NULL;
}

static const char *all_names(struct diagnostics *d, const char *const *names)
{
    const char *text = "known:";

    for (; *names; names++)
        text = arena_format(&d->arena, "%s %s", text, *names);
    return text;
}

static void unknown_key(const struct yaml *key, const char *const *known,
                        struct diagnostics *d)
{
    struct nearest n;
    struct diagnostic *error =
        diagnostics_error(d, &key->at, "unknown key `%s`", key->text);

    nearest_open(&n, key->text);
    for (unsigned i = 0; known[i]; i++)
        nearest_offer(&n, known[i]);
    diagnostic_suggest(d, error, n.best);
    error->help = all_names(d, known);
}

void yaml_known_keys(const struct yaml *map, const char *const *known,
                     struct diagnostics *d)
{
    bool found;

    for (struct yaml *v = map->kind == YAML_MAP ? map->first : NULL; v; v = v->next) {
        found = false;
        for (unsigned i = 0; known[i] && !found; i++)
            found = strcmp(known[i], v->key->text) == 0;
        if (!found)
            unknown_key(v->key, known, d);
    }
}

const char *yaml_name(const struct yaml *node)
{
    return node->key ? node->key->text : "this";
}

/* ---- typed scalars ---------------------------------------------------------- */

bool yaml_is(const struct yaml *node, enum yaml_kind kind, struct diagnostics *d)
{
    static const char *const names[] = {"a text or number", "a list", "a map"};

    if (node->kind == kind)
        return true;
    diagnostics_error(d, &node->at, "%s must be %s, not %s", yaml_name(node), names[kind],
                      names[node->kind]);
    return false;
}

bool yaml_text(const struct yaml *node, const char **out, struct diagnostics *d)
{
    if (!yaml_is(node, YAML_SCALAR, d))
        return false;
    if (node->len == 0) {
        diagnostics_error(d, &node->at, "%s is empty", yaml_name(node));
        return false;
    }
    *out = node->text;
    return true;
}

static bool wrong(const struct yaml *node, const char *wants, struct diagnostics *d)
{
    diagnostics_error(d, &node->at, "%s must be %s, not `%.60s`", yaml_name(node), wants,
                      node->text);
    return false;
}

bool yaml_bool(const struct yaml *node, bool *out, struct diagnostics *d)
{
    if (!yaml_is(node, YAML_SCALAR, d))
        return false;
    if (strcmp(node->text, "true") != 0 && strcmp(node->text, "false") != 0)
        return wrong(node, "true or false", d);
    *out = node->text[0] == 't';
    return true;
}

bool yaml_int(const struct yaml *node, int64_t low, int64_t high, int64_t *out,
              struct diagnostics *d)
{
    int64_t value;

    if (!yaml_is(node, YAML_SCALAR, d))
        return false;
    if (!text_int(node->text, &value))
        return wrong(node, "a whole number", d);
    if (value < low || value > high) {
        diagnostics_error(d, &node->at, "%s must be between %lld and %lld, not %lld",
                          yaml_name(node), (long long)low, (long long)high,
                          (long long)value);
        return false;
    }
    *out = value;
    return true;
}

bool yaml_real(const struct yaml *node, double *out, struct diagnostics *d)
{
    return yaml_is(node, YAML_SCALAR, d) &&
           (text_real(node->text, out) || wrong(node, "a number", d));
}

bool yaml_duration(const struct yaml *node, int64_t *out, struct diagnostics *d)
{
    return yaml_is(node, YAML_SCALAR, d) && (text_duration(node->text, out) ||
                                             wrong(node, "a time such as 60s or 10m", d));
}

/* A number and the unit behind it, white space between allowed. */
static bool number_and_unit(const char *text, double *number, const char **unit)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return false;
    errno = 0;
    *number = strtod(text, &end);
    if (errno || end == text || text[1] == 'x' || text[1] == 'X')
        return false;
    while (*end == ' ')
        end++;
    *unit = end;
    return true;
}

bool yaml_size(const struct yaml *node, uint64_t *out, struct diagnostics *d)
{
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"", 1},         {"B", 1},        {"KiB", 0x1p10}, {"MiB", 0x1p20},
                 {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"kB", 1e3},     {"MB", 1e6},
                 {"GB", 1e9},     {"TB", 1e12}};
    const char *unit;
    double number;

    if (!yaml_is(node, YAML_SCALAR, d))
        return false;
    if (!number_and_unit(node->text, &number, &unit))
        return wrong(node, "a size such as 64 MiB", d);
    for (unsigned i = 0; i < COUNT_OF(units); i++) {
        if (strcmp(units[i].name, unit) == 0 && number * units[i].bytes < 0x1p53) {
            *out = (uint64_t)(number * units[i].bytes);
            return true;
        }
    }
    return wrong(node, "a size such as 64 MiB", d);
}

bool yaml_choice(const struct yaml *node, const char *const *names, unsigned *out,
                 struct diagnostics *d)
{
    struct diagnostic *error;
    struct nearest n;

    if (!yaml_is(node, YAML_SCALAR, d))
        return false;
    nearest_open(&n, node->text);
    for (unsigned i = 0; names[i]; i++) {
        nearest_offer(&n, names[i]);
        if (strcmp(names[i], node->text) == 0) {
            *out = i;
            return true;
        }
    }
    error = diagnostics_error(d, &node->at, "%s cannot be `%.60s`", yaml_name(node),
                              node->text);
    diagnostic_suggest(d, error, n.best);
    error->help = all_names(d, names);
    return false;
}

bool text_int(const char *text, int64_t *out)
{
    const char *digits = text + (*text == '-');
    bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
    char *end;
    long long value;

    if (!isxdigit((unsigned char)digits[hex ? 2 : 0]))
        return false;
    errno = 0;
    value = strtoll(text, &end, hex ? 16 : 10);
    if (errno || *end != '\0')
        return false;
    *out = value;
    return true;
}

bool text_real(const char *text, double *out)
{
    const char *digits = text + (*text == '-');
    char *end;
    double value;

    if (!isdigit((unsigned char)*digits) || strpbrk(text, "xXpP"))
        return false;
    errno = 0;
    value = strtod(text, &end);
    if (errno || *end != '\0' || !isfinite(value))
        return false;
    *out = value;
    return true;
}

bool text_duration(const char *text, int64_t *ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6},   {"s", 1e9},
                 {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
    const char *unit;
    double number;

    if (!number_and_unit(text, &number, &unit))
        return false;
    for (unsigned i = 0; i < COUNT_OF(units); i++) {
        if (strcmp(units[i].name, unit) == 0 && number * units[i].ns < 0x1p62) {
            *ns = (int64_t)(number * units[i].ns);
            return true;
        }
    }
    return false;
}
