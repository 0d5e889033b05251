#include "rules/correlate.h"

#include <string.h>

/* ---- rows ----------------------------------------------------------------------- */

static uint32_t rows_of(const struct correlation *c)
{
    return c->kind == CORRELATION_SEQUENCE  ? SEQUENCE_ROWS
           : c->kind == CORRELATION_ABSENCE ? ABSENCE_ROWS
                                            : 0;
}

void correlate_open(struct correlation *c, struct arena *arena)
{
    if (c->threshold) {
        threshold_open(c->threshold, arena);
        return;
    }
    c->secret = hash_key_random();
    c->nrows = rows_of(c);
    c->nbuckets = 2 * c->nrows;
    c->buckets = arena_take(arena, c->nbuckets * sizeof *c->buckets);
    c->rows = arena_take(arena, (c->nrows + 1) * sizeof *c->rows);
}

void correlate_reset(struct correlation *c)
{
    if (c->threshold) {
        threshold_reset(c->threshold);
        return;
    }
    memset(c->buckets, 0, c->nbuckets * sizeof *c->buckets);
    c->used = c->newest = c->oldest = 0;
    c->evicted = 0;
}

static uint32_t *bucket_of(struct correlation *c, uint64_t hash)
{
    return &c->buckets[hash & (c->nbuckets - 1)];
}

static void unlink_row(struct correlation *c, uint32_t i)
{
    struct correlate_row *row = &c->rows[i];

    *(row->newer ? &c->rows[row->newer].older : &c->newest) = row->older;
    *(row->older ? &c->rows[row->older].newer : &c->oldest) = row->newer;
    row->newer = row->older = 0;
}

static void link_newest(struct correlation *c, uint32_t i)
{
    struct correlate_row *row = &c->rows[i];

    row->newer = 0;
    row->older = c->newest;
    *(c->newest ? &c->rows[c->newest].newer : &c->oldest) = i;
    c->newest = i;
}

static void forget(struct correlation *c, uint32_t i)
{
    uint32_t *from = bucket_of(c, c->rows[i].hash);

    while (*from != i)
        from = &c->rows[*from].next;
    *from = c->rows[i].next;
}

/* Silent ones stand in no order: the first that is found makes room. */
static uint32_t any_silent(const struct correlation *c)
{
    for (uint32_t i = 1; i <= c->used; i++) {
        if (c->rows[i].absence.silent)
            return i;
    }
    return 1;
}

static uint32_t free_row(struct correlation *c)
{
    uint32_t i = c->oldest;

    if (c->used < c->nrows)
        return ++c->used;
    c->evicted++;
    if (i)
        unlink_row(c, i);
    else
        i = any_silent(c);
    forget(c, i);
    return i;
}

static bool is_silent(const struct correlation *c, uint32_t i)
{
    return c->kind == CORRELATION_ABSENCE && c->rows[i].absence.silent;
}

/* The row of a key, the newest from now on; *fresh when it is a new one. */
static struct correlate_row *row_of(struct correlation *c, struct bytes key, bool *fresh)
{
    uint64_t hash = hash_keyed(&c->secret, key.at, key.len);
    uint32_t *bucket = bucket_of(c, hash), i = *bucket;

    while (i && c->rows[i].hash != hash)
        i = c->rows[i].next;
    *fresh = !i;
    if (i && !is_silent(c, i)) {
        unlink_row(c, i);
    } else if (!i) {
        i = free_row(c);
        memset(&c->rows[i], 0, sizeof c->rows[i]);
        c->rows[i].hash = hash;
        c->rows[i].next = *bucket;
        *bucket = i;
    }
    link_newest(c, i);
    return &c->rows[i];
}

void correlate_inherit(struct correlation *c, const struct correlation *old)
{
    if (c->threshold) {
        threshold_inherit(c->threshold, old->threshold);
        return;
    }
    c->secret = old->secret;
    c->used = old->used;
    c->newest = old->newest;
    c->oldest = old->oldest;
    c->evicted = old->evicted;
    memcpy(c->buckets, old->buckets, c->nbuckets * sizeof *c->buckets);
    memcpy(c->rows, old->rows, (c->nrows + 1) * sizeof *c->rows);
}

/* ---- one after the other -------------------------------------------------------- */

static void begin_anew(struct sequence_state *s)
{
    for (unsigned i = 0; i < CORRELATION_STEPS; i++)
        s->begun[i] = INT64_MIN;
}

/* Some way leads to the step before, not too long ago and not after this record. */
static bool follows(const struct correlation *c, const struct sequence_state *s,
                    unsigned step, int64_t time)
{
    return s->begun[step - 1] != INT64_MIN && s->reached[step - 1] <= time &&
           time - s->begun[step - 1] <= c->within;
}

bool sequence_step(struct correlation *c, struct bytes key, unsigned step,
                   const struct record *r, struct correlate_found *out)
{
    bool fresh;
    struct sequence_state *s = &row_of(c, key, &fresh)->sequence;

    if (fresh)
        begin_anew(s);
    if (step > 0 && !follows(c, s, step, r->time))
        return false;
    s->begun[step] = step ? s->begun[step - 1] : r->time;
    s->frame[step] = step ? s->frame[step - 1] : r->frame;
    s->reached[step] = r->time;
    if (step + 1 < c->nsteps)
        return false;
    *out = (struct correlate_found){r->time - s->begun[step], s->frame[step]};
    begin_anew(s);
    return true;
}

/* ---- nothing for too long ------------------------------------------------------- */

const struct absence_state *absence_match(struct correlation *c, struct bytes key,
                                          const struct record *r, bool *back)
{
    bool fresh;
    struct absence_state *s = &row_of(c, key, &fresh)->absence;
    int slot = schema_flagged(r->schema, FIELD_CHILD);
    const struct value *unit = slot < 0 ? NULL : record_get(r, (unsigned)slot);

    *back = s->silent;
    s->silent = false;
    s->schema = r->schema;
    s->parties = r->parties;
    s->has_unit = unit != NULL;
    s->unit = unit ? unit->u : 0;
    s->time = r->time;
    s->seen = r->seen;
    return s;
}

int64_t absence_due(const struct correlation *c)
{
    return c->oldest ? c->rows[c->oldest].absence.seen + c->within : INT64_MAX;
}

const struct absence_state *absence_next(struct correlation *c, int64_t now)
{
    uint32_t i = c->oldest;

    if (absence_due(c) > now)
        return NULL;
    unlink_row(c, i);
    c->rows[i].absence.silent = true;
    return &c->rows[i].absence;
}

void absence_blind(struct correlation *c, int64_t now)
{
    for (uint32_t i = c->oldest; i; i = c->rows[i].newer) {
        struct absence_state *s = &c->rows[i].absence;

        if (s->seen < now) {
            s->time += now - s->seen;
            s->seen = now;
        }
    }
}
