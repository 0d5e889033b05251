#include "rules/sentence.h"

#include <inttypes.h>
#include <string.h>

#include "rules/later.h"

struct reader {
    const struct names *names;
    const struct yaml *scalar;
    struct sentence_has has;
    struct arena *arena;
    struct diagnostics *d;
    struct sentence *out;
    struct piece **last;
    bool ok;
};

static struct piece *add(struct reader *r, enum piece_kind kind)
{
    struct piece *piece = arena_take(r->arena, sizeof *piece);

    piece->kind = kind;
    *r->last = piece;
    r->last = &piece->next;
    return piece;
}

/* Where a name stands, when the text is as in the file and on one line. */
static struct place place_of(const struct reader *r, struct bytes name)
{
    struct place at = r->scalar->at;
    const struct yaml *s = r->scalar;

    if (s->raw.len != s->len || memcmp(s->raw.at, s->text, s->len) != 0)
        return at;
    at = s->inside;
    for (const uint8_t *p = (const uint8_t *)s->text; p < name.at; p++)
        at.column += (*p & 0xc0) != 0x80;
    at.width = (uint32_t)name.len;
    return at;
}

static void unknown(struct reader *r, struct bytes name, const struct scope *scope)
{
    struct place at = place_of(r, name);
    struct diagnostic *e = diagnostics_error(
        r->d, &at, "`{%.*s}` is no field", (int)(name.len < 48 ? name.len : 48), name.at);
    struct nearest nearest;

    nearest_open(&nearest, arena_copy(&r->d->arena, name));
    names_offer(r->names, scope, &nearest, &r->d->arena);
    nearest_offer(&nearest, "points");
    nearest_offer(&nearest, "threshold.value");
    diagnostic_suggest(r->d, e, nearest.best);
    r->ok = false;
}

/* {last:POINT}, whatever its age; false when no point is called so. */
static bool add_last(struct reader *r, struct bytes name)
{
    int point = site_point_named(r->names->site, arena_copy(r->arena, name));
    struct operand *o;

    if (point < 0)
        return false;
    o = arena_take(r->arena, sizeof *o);
    *o = (struct operand){.name = arena_copy(r->arena, name),
                          .type = FIELD_REAL,
                          .age = INT64_MAX,
                          .n = 1,
                          .from = {{.kind = SOURCE_LAST, .slot = (uint16_t)point}}};
    add(r, PIECE_FIELD)->operand = o;
    return true;
}

static bool special(struct reader *r, struct bytes name)
{
    if (bytes_are(name, "points")) {
        add(r, PIECE_POINTS);
    } else if (r->has.threshold && bytes_are(name, "threshold.value")) {
        add(r, PIECE_THRESHOLD);
    } else if (r->has.list && bytes_are(name, "list")) {
        add(r, PIECE_LIST);
    } else if (r->has.correlation && bytes_are(name, "correlation.span")) {
        add(r, PIECE_SPAN);
    } else if (name.len > 5 && memcmp(name.at, "last:", 5) == 0) {
        return add_last(r, (struct bytes){name.at + 5, name.len - 5});
    } else {
        return false;
    }
    return true;
}

static void add_field(struct reader *r, struct bytes name)
{
    struct scope scope = {.point = name.len > 6 && memcmp(name.at, "point.", 6) == 0};
    struct operand *o;

    if (special(r, name))
        return;
    o = arena_take(r->arena, sizeof *o);
    if (names_operand(r->names, &scope, name, o) != FOUND_FIELD &&
        !later_name(r->names, &scope, name)) {
        unknown(r, name, &scope);
        return;
    }
    o->name = arena_copy(r->arena, name);
    for (unsigned i = 0; i < o->n; i++)
        r->out->done |= names_needs_done(r->names, &o->from[i]);
    add(r, PIECE_FIELD)->operand = o;
}

static void add_text(struct reader *r, const char *text, size_t len)
{
    if (len)
        add(r, PIECE_TEXT)->text = (struct bytes){(const uint8_t *)text, len};
}

/* What stands in braces; returns behind it. */
static const char *read_braces(struct reader *r, const char *at)
{
    size_t len = strcspn(at, "{}");
    struct place place;

    if (at[len] != '}' || len == 0) {
        place = place_of(r, (struct bytes){(const uint8_t *)at - 1, 1});
        diagnostics_error(r->d, &place,
                          "`{` begins the name of a field; write {{ for a brace");
        r->ok = false;
        return at + len;
    }
    add_field(r, (struct bytes){(const uint8_t *)at, len});
    return at + len + 1;
}

bool sentence_compile(const struct names *names, const struct yaml *scalar,
                      struct sentence_has has, struct arena *arena, struct diagnostics *d,
                      struct sentence *out)
{
    struct reader r = {.names = names,
                       .scalar = scalar,
                       .has = has,
                       .arena = arena,
                       .d = d,
                       .out = out,
                       .last = &out->first,
                       .ok = true};
    const char *at = scalar->text;

    *out = (struct sentence){0};
    while (*at) {
        size_t len = strcspn(at, "{");

        if (at[len] == '{' && at[len + 1] == '{') {
            add_text(&r, at, len + 1);
            at += len + 2;
            continue;
        }
        add_text(&r, at, len);
        at += len;
        if (*at)
            at = read_braces(&r, at + 1);
    }
    return r.ok;
}

void sentence_write(const struct sentence *t, const struct context *c, const char *list,
                    const struct finding *f, struct words *w)
{
    for (const struct piece *p = t->first; p; p = p->next) {
        switch (p->kind) {
        case PIECE_TEXT:
            words_add(w, p->text);
            break;
        case PIECE_FIELD:
            words_operand(w, p->operand, c);
            break;
        case PIECE_POINTS:
            words_points(w, c->record);
            break;
        case PIECE_THRESHOLD:
            words_put(w, "%" PRIu64, f->threshold);
            break;
        case PIECE_SPAN:
            words_duration(w, f->span);
            break;
        case PIECE_LIST:
            words_put(w, "$%s", list ? list : "");
            break;
        }
    }
}
