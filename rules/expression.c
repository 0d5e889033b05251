#include "rules/expression.h"

#include <string.h>

struct expression {
    struct arena arena;
    struct names names;
    struct program program;
};

struct expression *expression_open(const struct schema *const *schemas, unsigned n,
                                   const char *name, const char *text,
                                   struct diagnostics *d)
{
    struct arena arena = {0};
    struct expression *e = arena_take(&arena, sizeof *e);
    struct bytes b = {(const uint8_t *)text, strlen(text)};
    const struct source *source = diagnostics_source(d, name, b);
    struct place at = {source, 1, 1, 1};
    struct yaml scalar = {
        .text = text, .len = b.len, .raw = source->text, .at = at, .inside = at};

    e->names = (struct names){.schemas = schemas, .n = n < SCHEMAS_MAX ? n : SCHEMAS_MAX};
    scalar.raw = (struct bytes){(const uint8_t *)arena_text(&arena, text), b.len};
    e->arena = arena; /* it lives in its own arena */
    if (compile_expression(&e->names, &scalar, &e->arena, d, &e->program))
        return e;
    expression_close(e);
    return NULL;
}

void expression_close(struct expression *e)
{
    struct arena arena;

    if (!e)
        return;
    arena = e->arena;
    arena_close(&arena);
}

bool expression_holds(const struct expression *e, const struct record *r)
{
    struct context c = {.record = r, .schema = names_index(&e->names, r->schema)};

    return c.schema < e->names.n && evaluate(e->program.root, &c);
}
