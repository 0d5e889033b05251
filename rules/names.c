#include "rules/names.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_TEXT = 128 };

bool bytes_are(struct bytes b, const char *text)
{
    return b.len == strlen(text) && memcmp(b.at, text, b.len) == 0;
}

int names_schema(const struct names *names, struct bytes name)
{
    for (unsigned i = 0; i < names->n; i++) {
        if (bytes_are(name, names->schemas[i]->name))
            return (int)i;
    }
    return -1;
}

unsigned names_index(const struct names *names, const struct schema *schema)
{
    unsigned i = 0;

    while (i < names->n && names->schemas[i] != schema)
        i++;
    return i;
}

struct macro *names_macro(const struct names *names, struct bytes name)
{
    struct macro *m = names->macros;

    while (m && !bytes_are(name, m->name))
        m = m->next;
    return m;
}

struct value_list *names_list(const struct names *names, struct bytes name)
{
    struct value_list *l = names->lists;

    while (l && !bytes_are(name, l->name))
        l = l->next;
    return l;
}

struct schedule *names_schedule(const struct names *names, struct bytes name)
{
    struct schedule *s = names->schedules;

    while (s && !bytes_are(name, s->name))
        s = s->next;
    return s;
}

/* ---- fields ----------------------------------------------------------------- */

static void add(struct operand *o, const struct field *f, struct origin from)
{
    if (o->n == 0) {
        o->type = f->type;
        o->labels = f->labels;
    }
    if (o->n < OPERAND_SOURCES)
        o->from[o->n++] = from;
}

static bool starts(struct bytes b, const char *prefix, struct bytes *rest)
{
    size_t len = strlen(prefix);

    if (b.len <= len || memcmp(b.at, prefix, len) != 0)
        return false;
    *rest = (struct bytes){b.at + len, b.len - len};
    return true;
}

static bool find_point(struct bytes name, struct operand *out)
{
    struct bytes rest = name;

    starts(name, "point.", &rest);
    for (unsigned slot = 0; slot < POINT_FIELDS; slot++) {
        if (bytes_are(rest, point_fields[slot].name)) {
            add(out, &point_fields[slot],
                (struct origin){.kind = SOURCE_POINT, .slot = (uint16_t)slot});
            return true;
        }
    }
    return false;
}

static bool find_row(const struct names *names, const struct scope *scope,
                     struct bytes name, struct operand *out)
{
    const struct schema *s = names->schemas[scope->schema];
    struct origin from = {.kind = SOURCE_ROW, .schema = (uint8_t)scope->schema};
    struct bytes rest = name;

    if (starts(name, s->name, &rest) && !starts(rest, ".", &rest))
        rest = name;
    for (unsigned slot = 0; slot < s->nfields; slot++) {
        if (s->fields[slot].group == scope->group_index &&
            bytes_are(rest, s->fields[slot].name)) {
            from.slot = (uint16_t)slot;
            add(out, &s->fields[slot], from);
            return true;
        }
    }
    return false;
}

static bool find_common(struct bytes name, struct operand *out)
{
    for (unsigned slot = 0; slot < COMMON_FIELDS; slot++) {
        if (bytes_are(name, common_fields[slot].name)) {
            add(out, &common_fields[slot],
                (struct origin){.kind = SOURCE_COMMON, .slot = (uint16_t)slot});
            return true;
        }
    }
    return false;
}

static bool find_slot(const struct schema *s, struct bytes name, struct origin *from)
{
    for (unsigned slot = 0; slot < s->nfields; slot++) {
        if (bytes_are(name, s->fields[slot].name)) {
            from->slot = (uint16_t)slot;
            return true;
        }
    }
    return false;
}

static bool has_side(const struct schema *s, const struct origin *from)
{
    unsigned side =
        s->fields[from->slot].side ? s->fields[from->slot].side : SIDE_REQUEST;

    return side & from->side;
}

/* "address", or "response.address" where the field has that side. */
static bool find_in_schema(const struct schema *s, struct bytes name, struct origin *from)
{
    if (find_slot(s, name, from))
        return true;
    if (starts(name, "response.", &name))
        from->side = SIDE_RESPONSE;
    else if (starts(name, "request.", &name))
        from->side = SIDE_REQUEST;
    else
        return false;
    return find_slot(s, name, from) && has_side(s, from);
}

static bool find_protocol_field(const struct names *names, struct bytes name,
                                struct operand *out)
{
    struct bytes rest;

    for (unsigned i = 0; i < names->n; i++) {
        struct origin from = {.kind = SOURCE_FIELD, .schema = (uint8_t)i};

        if (!starts(name, names->schemas[i]->name, &rest) || !starts(rest, ".", &rest))
            continue;
        if (find_in_schema(names->schemas[i], rest, &from)) {
            add(out, &names->schemas[i]->fields[from.slot], from);
            return true;
        }
    }
    return false;
}

/* ---- Wireshark's names -------------------------------------------------------- */

static bool has_alias(const struct field *f, struct bytes name)
{
    const char *at = f->wireshark;
    size_t len;

    for (; at && *at; at += len + strspn(at + len, " ")) {
        len = strcspn(at, " ");
        if (len == name.len && memcmp(at, name.at, len) == 0)
            return true;
    }
    return false;
}

static uint8_t need_of(struct bytes name)
{
    static const struct {
        const char *prefix;
        enum need need;
    } needs[] = {
        {"tcp.", NEED_TCP}, {"udp.", NEED_UDP}, {"ip.", NEED_V4}, {"ipv6.", NEED_V6}};
    struct bytes rest;

    for (unsigned i = 0; i < COUNT_OF(needs); i++) {
        if (starts(name, needs[i].prefix, &rest))
            return (uint8_t)needs[i].need;
    }
    return NEED_NOTHING;
}

static bool find_alias(const struct names *names, struct bytes name, struct operand *out)
{
    bool mixed = false;

    for (unsigned slot = 0; slot < COMMON_FIELDS; slot++) {
        struct origin from = {
            .kind = SOURCE_COMMON, .slot = (uint16_t)slot, .need = need_of(name)};

        if (has_alias(&common_fields[slot], name)) {
            add(out, &common_fields[slot], from);
            mixed |= common_fields[slot].type != out->type;
        }
    }
    for (unsigned i = 0; i < names->n; i++) {
        const struct schema *s = names->schemas[i];

        for (unsigned slot = 0; slot < s->nfields; slot++) {
            struct origin from = {
                .kind = SOURCE_FIELD, .schema = (uint8_t)i, .slot = (uint16_t)slot};

            if (!has_alias(&s->fields[slot], name))
                continue;
            add(out, &s->fields[slot], from);
            mixed |= s->fields[slot].type != out->type;
        }
    }
    return mixed;
}

enum found names_operand(const struct names *names, const struct scope *scope,
                         struct bytes name, struct operand *out)
{
    *out = (struct operand){0};
    if ((scope->point && find_point(name, out)) ||
        (scope->group && find_row(names, scope, name, out)) || find_common(name, out) ||
        find_protocol_field(names, name, out))
        return FOUND_FIELD;
    if (find_alias(names, name, out))
        return FOUND_MIXED;
    return out->n ? FOUND_FIELD : FOUND_NOTHING;
}

/* ---- suggestions -------------------------------------------------------------- */

static void offer_joined(struct nearest *nearest, struct arena *arena, const char *a,
                         const char *b)
{
    char name[NAME_MAX_TEXT];
    const char *before = nearest->best;

    snprintf(name, sizeof name, "%s.%s", a, b);
    nearest_offer(nearest, name);
    if (nearest->best != before)
        nearest->best = arena_text(arena, name);
}

static void offer_schema(const struct schema *s, struct nearest *nearest,
                         struct arena *arena)
{
    nearest_offer(nearest, s->name);
    for (unsigned slot = 0; slot < s->nfields; slot++)
        offer_joined(nearest, arena, s->name, s->fields[slot].name);
}

void names_offer(const struct names *names, const struct scope *scope,
                 struct nearest *nearest, struct arena *arena)
{
    for (unsigned slot = 0; scope->point && slot < POINT_FIELDS; slot++)
        nearest_offer(nearest, point_fields[slot].name);
    for (unsigned slot = 0; scope->group && slot < names->schemas[scope->schema]->nfields;
         slot++) {
        const struct field *f = &names->schemas[scope->schema]->fields[slot];

        if (f->group == scope->group_index)
            nearest_offer(nearest, f->name);
    }
    for (unsigned slot = 0; slot < COMMON_FIELDS; slot++)
        nearest_offer(nearest, common_fields[slot].name);
    for (unsigned i = 0; i < names->n; i++)
        offer_schema(names->schemas[i], nearest, arena);
    for (const struct macro *m = names->macros; m; m = m->next)
        nearest_offer(nearest, m->name);
}

/* ---- what fields can hold ------------------------------------------------------ */

static const struct label *words_of_schema(const struct schema *s,
                                           const struct origin *from)
{
    int slot;

    if (from->kind == SOURCE_POINT)
        return from->slot == POINT_TABLE ? s->tables : NULL;
    if (from->kind != SOURCE_COMMON)
        return NULL;
    if (from->slot == COMMON_VIOLATION)
        return s->violations;
    if (from->slot == COMMON_OPERATION)
        return s->operations;
    if (from->slot != COMMON_FUNCTION)
        return NULL;
    slot = schema_flagged(s, FIELD_FUNCTION);
    return slot < 0 ? NULL : s->fields[slot].labels;
}

unsigned names_words(const struct names *names, const struct origin *from,
                     const struct label **tables, unsigned most)
{
    unsigned n = 0;

    if (from->kind == SOURCE_COMMON && from->slot == COMMON_VIOLATION)
        tables[n++] = common_violations;
    for (unsigned i = 0; i < names->n && n < most; i++) {
        const struct label *words = words_of_schema(names->schemas[i], from);

        if (words)
            tables[n++] = words;
    }
    return n;
}

bool names_needs_done(const struct names *names, const struct origin *from)
{
    const struct field *f;

    switch (from->kind) {
    case SOURCE_COMMON:
        return from->slot == COMMON_OUTCOME || from->slot == COMMON_VIOLATION ||
               from->slot == COMMON_RESPONSE_TIME || from->slot == COMMON_POINTS_TOTAL ||
               from->slot == COMMON_ONE_WAY ||
               (from->slot >= COMMON_OPERATION_STATE &&
                from->slot <= COMMON_OPERATION_BYTES);
    case SOURCE_LAST:
    case SOURCE_POINT:
        return false; /* the quantifier around it decides */
    default:
        f = &names->schemas[from->schema]->fields[from->slot];
        if (strcmp(f->name, "exception") == 0) /* clients that send one break rules */
            return from->side != SIDE_REQUEST;
        return from->side == SIDE_RESPONSE || f->side == SIDE_RESPONSE;
    }
}
