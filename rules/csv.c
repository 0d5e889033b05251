#include "rules/csv.h"

#include <string.h>

void csv_open(struct csv *c, const struct source *source)
{
    *c = (struct csv){.source = source,
                      .next = source->text.at,
                      .end = source->text.at + source->text.len,
                      .line_start = source->text.at,
                      .line = 1};
}

/* Where the field that begins here ends: at a comma or line end outside quotes. */
static const uint8_t *field_end(const struct csv *c)
{
    const uint8_t *at = c->next;
    bool inside = false;

    for (; at < c->end; at++) {
        if (*at == '"')
            inside = !inside;
        else if (!inside && (*at == ',' || *at == '\n'))
            break;
    }
    return at;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Without quotes around it, and of two quotes inside one. */
static size_t unquote(const uint8_t *from, size_t len, char *to)
{
    bool inside = false;
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (from[i] != '"') {
            to[n++] = (char)from[i];
        } else {
            if (!inside && i > 0 && from[i - 1] == '"')
                to[n++] = '"';
            inside = !inside;
        }
    }
    return n;
}

bool csv_field(struct csv *c, struct arena *arena, const char **out)
{
    const uint8_t *end = field_end(c), *stop = end;
    char *text;

    if (c->next == c->end)
        return false;
    while (c->next < stop && is_blank(*c->next))
        c->next++;
    while (stop > c->next && is_blank(stop[-1]))
        stop--;
    c->at = (struct place){c->source, c->line, (uint32_t)(c->next - c->line_start) + 1,
                           (uint32_t)(stop - c->next)};
    text = arena_take(arena, (size_t)(stop - c->next) + 1);
    text[unquote(c->next, (size_t)(stop - c->next), text)] = '\0';
    *out = text;
    for (const uint8_t *p = c->next; p < end; p++) {
        if (*p == '\n') {
            c->line++;
            c->line_start = p + 1;
        }
    }
    c->last = end == c->end || *end == '\n';
    c->next = end + (end < c->end);
    if (c->last) {
        c->line++;
        c->line_start = c->next;
    }
    return true;
}
