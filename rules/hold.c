#include "rules/hold.h"

#include <string.h>

static bool pattern_names(const char *pattern, const char *name)
{
    size_t len = strlen(pattern);

    if (!name)
        return false;
    if (len > 0 && pattern[len - 1] == '*')
        return strncmp(pattern, name, len - 1) == 0;
    return strcmp(pattern, name) == 0;
}

bool hold_names(const struct texts *patterns, const struct signature *s)
{
    for (unsigned i = 0; i < patterns->n; i++) {
        if (pattern_names(patterns->text[i], s->name) ||
            pattern_names(patterns->text[i], s->detection))
            return true;
    }
    return false;
}

static bool cell_holds(const struct operand *field, const struct set *cell,
                       const struct context *c)
{
    struct walk w = {0};
    struct datum value;

    while (operand_next(field, c, &w, &value)) {
        if (set_holds(cell, &value))
            return true;
    }
    return false;
}

static bool row_holds(const struct exception *e, const struct hold_row *row,
                      const struct context *c)
{
    for (unsigned i = 0; i < e->nfields; i++) {
        if (!cell_holds(e->fields[i], row->cells[i], c))
            return false;
    }
    return true;
}

static bool excepts(const struct exception *e, const struct context *c)
{
    for (const struct hold_row *row = e->rows; row; row = row->next) {
        if (row_holds(e, row, c))
            return true;
    }
    return false;
}

static bool by_exception(struct holds *h, const struct signature *s,
                         const struct context *c)
{
    int64_t time = c->record->time;

    for (struct exception *e = h->exceptions; e; e = e->next) {
        if (!hold_names(&e->names, s))
            continue;
        if (e->since == 0)
            e->since = time;
        if (time >= e->until || !excepts(e, c))
            continue;
        e->held++;
        e->last = time;
        return true;
    }
    return false;
}

static bool is_in(const struct maintenance *m, const struct context *c)
{
    if (c->record->time < m->from || c->record->time >= m->to)
        return false;
    for (unsigned i = 0; i < m->nfields; i++) {
        if (!cell_holds(m->fields[i], m->values[i], c))
            return false;
    }
    return true;
}

/* Reading comes with most work, and is no reason of its own. */
static bool allows(const struct maintenance *m, const struct signature *s,
                   const struct record *r)
{
    uint32_t verbs = r->verbs & ~(uint32_t)VERB_READ;

    return hold_names(&m->names, s) || (verbs && (verbs & ~m->verbs) == 0) ||
           (r->verbs == VERB_READ && m->verbs & VERB_READ);
}

static bool by_maintenance(struct holds *h, const struct signature *s,
                           const struct context *c)
{
    if (strcmp(s->engine, "health") == 0)
        return false;
    for (struct maintenance *m = h->maintenances; m; m = m->next) {
        if (!is_in(m, c) || !allows(m, s, c->record))
            continue;
        m->held++;
        return true;
    }
    return false;
}

bool hold_back(struct holds *h, const struct signature *s, const struct context *c)
{
    return by_exception(h, s, c) || by_maintenance(h, s, c);
}

bool hold_learning(const struct holds *h, const struct context *c)
{
    for (const struct maintenance *m = h->maintenances; m; m = m->next) {
        if (!m->learn && is_in(m, c))
            return true;
    }
    return false;
}
