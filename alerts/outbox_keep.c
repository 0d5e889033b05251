/*
 * How long the outbox keeps what it holds, and what it gives up when it must.
 *
 * What was delivered goes first: after `retention`, or as soon as it takes more than
 * a quarter of the room.  So what is above that quarter waits for somebody, and the
 * percentage means what it says.
 */

#include "alerts/outbox.h"

#include <stdio.h>

#include "sensor/core/clock.h"

enum {
    LOOK = 500,   /* events looked at in one pass */
    PASSES = 20,  /* at one call */
    GIVE_UP = 64, /* events given up at once */
    CLOSED =
        8192, /* alerts whose occurrence is remembered; what is open has its own bound */
    OPEN = 65536,
    SPARE_PAGES = 4096,
};

struct candidate {
    int64_t sequence, put;
    uint64_t bytes;
};

static unsigned candidates(struct outbox *b, enum db_statement s, const int64_t *values,
                           unsigned nvalues, struct candidate *out)
{
    sqlite3_stmt *row = db_bind(&b->db, s, values, nvalues);
    unsigned n = 0;

    while (n < (unsigned)values[nvalues - 1] && db_step(&b->db, s)) {
        out[n++] =
            (struct candidate){sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
                               (uint64_t)sqlite3_column_int64(row, 2) + OUTBOX_ROW};
    }
    db_reset(&b->db, s);
    return n;
}

static struct lane *lane_of(struct outbox *b, int64_t id)
{
    for (unsigned i = 0; i < b->nlanes; i++) {
        if (b->lanes[i].id == id)
            return &b->lanes[i];
    }
    return NULL;
}

/* Up to where each lane can no longer be repeated. */
static void note_gone(struct outbox *b, int64_t sequence)
{
    sqlite3_stmt *s = db_bind(&b->db, DB_PLACES, &sequence, 1);

    while (db_step(&b->db, DB_PLACES)) {
        struct lane *l = lane_of(b, sqlite3_column_int64(s, 0));
        struct stream_id id = {(uint64_t)sqlite3_column_int64(s, 1),
                               (uint64_t)sqlite3_column_int64(s, 2)};

        if (!l || !id_is_above(id, l->gone))
            continue;
        l->gone = id;
        l->changed = true;
    }
}

static bool delete_event(struct outbox *b, const struct candidate *c)
{
    note_gone(b, c->sequence);
    if (!DB_RUN(&b->db, DB_DELETE_PLACES, c->sequence) ||
        !DB_RUN(&b->db, DB_DELETE_EVENT, c->sequence))
        return false;
    b->rows -= b->rows > 0;
    b->bytes -= c->bytes < b->bytes ? c->bytes : b->bytes;
    return true;
}

static bool waits(struct outbox *b, int64_t sequence)
{
    int64_t lane;

    return db_get(&b->db, DB_WAITS_FOR, &sequence, 1, &lane, 1);
}

static bool is_crowded(const struct outbox *b)
{
    return b->bytes > b->config.size / 4;
}

/* One pass over the oldest not looked at yet; how many it let go. */
static unsigned let_go(struct outbox *b, int64_t now)
{
    struct candidate c[LOOK];
    const int64_t values[] = {b->looked, LOOK};
    unsigned n = candidates(b, DB_FIRST_EVENTS, values, 2, c), gone = 0;

    for (unsigned i = 0; i < n; i++) {
        if (!is_crowded(b) && now - c[i].put < b->config.retention) {
            b->looked = 0; /* younger ones follow */
            return gone;
        }
        if (!waits(b, c[i].sequence) && delete_event(b, &c[i]))
            gone++;
    }
    b->looked = n == LOOK ? c[n - 1].sequence : 0;
    return gone;
}

/* ---- giving up ------------------------------------------------------------------- */

static void lose(struct outbox *b, int64_t lane)
{
    struct lane *l = lane_of(b, lane);

    if (!l)
        return;
    l->lost++;
    l->waiting -= l->waiting > 0;
}

/* The lanes it waits for lose it. */
static bool give_up(struct outbox *b, const struct candidate *c)
{
    sqlite3_stmt *s = db_bind(&b->db, DB_WAITS_FOR, &c->sequence, 1);
    bool waited = false;

    while (db_step(&b->db, DB_WAITS_FOR)) {
        lose(b, sqlite3_column_int64(s, 0));
        waited = true;
    }
    b->gone += waited;
    return delete_event(b, c);
}

static void give_up_least(struct outbox *b)
{
    enum db_statement s = b->config.drop_oldest ? DB_FIRST_EVENTS : DB_LEAST_EVENTS;
    const int64_t values[] = {b->config.drop_oldest ? 0 : GIVE_UP, GIVE_UP};
    struct candidate c[GIVE_UP];

    while (b->bytes > b->config.size) {
        unsigned n = candidates(b, s, values, b->config.drop_oldest ? 2 : 1, c);

        if (n == 0)
            return;
        for (unsigned i = 0; i < n && b->bytes > b->config.size; i++) {
            if (!give_up(b, &c[i]))
                return;
        }
    }
}

static void give_up_aged(struct outbox *b, int64_t now)
{
    const int64_t values[] = {0, GIVE_UP};
    struct candidate c[GIVE_UP];

    for (unsigned pass = 0; b->config.age && pass < PASSES; pass++) {
        unsigned n = candidates(b, DB_FIRST_EVENTS, values, 2, c);

        for (unsigned i = 0; i < n; i++) {
            if (now - c[i].put < b->config.age || !give_up(b, &c[i]))
                return;
        }
        if (n < GIVE_UP)
            return;
    }
}

/* The clock was set: what is here became neither older nor younger by that. */
static void follow_clock(struct outbox *b, int64_t now, int64_t steady)
{
    int64_t step = now - steady - b->clock;

    b->clock += step;
    if (step > 60 * NS_PER_S || step < -60 * NS_PER_S)
        DB_RUN(&b->db, DB_SHIFT, step);
}

/* An event that was given up on its way may have been counted twice. */
static void check_counts(struct outbox *b)
{
    for (unsigned i = 0; i < b->nlanes; i++) {
        struct lane *l = &b->lanes[i];
        const int64_t values[] = {l->id, (int64_t)l->cursor.ms, (int64_t)l->cursor.n};
        int64_t n;

        if (l->waiting == 0 && id_is_above(l->last, l->cursor) &&
            db_get(&b->db, DB_WAITING, values, 3, &n, 1))
            l->waiting = (uint64_t)n;
    }
}

/* Some stay free in the file: they serve when the disk is full. */
static void give_pages_back(struct outbox *b)
{
    int64_t pages = 0;

    if (db_get(&b->db, DB_FREE, NULL, 0, &pages, 1) && pages > SPARE_PAGES)
        db_run(&b->db, DB_VACUUM, NULL, 0);
}

void outbox_keep(struct outbox *b, int64_t now, int64_t steady)
{
    if (b->db.damaged && b->config.path)
        outbox_begin_anew(b);
    outbox_commit(b); /* cursors first: what is delivered shows by them */
    if (!db_run(&b->db, DB_BEGIN, NULL, 0))
        return;
    follow_clock(b, now, steady);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        if (let_go(b, now) == 0 && pass > 0)
            break;
    }
    give_up_least(b);
    give_up_aged(b, now);
    DB_RUN(&b->db, DB_FORGET_SAVED, 1, CLOSED);
    DB_RUN(&b->db, DB_FORGET_SAVED, 0, OPEN);
    if (!db_run(&b->db, DB_COMMIT, NULL, 0)) {
        db_run(&b->db, DB_ROLLBACK, NULL, 0);
        outbox_count(b);
    }
    check_counts(b);
    give_pages_back(b);
}

unsigned outbox_percent(const struct outbox *b)
{
    return b->config.size ? (unsigned)(b->bytes * 100 / b->config.size) : 0;
}
