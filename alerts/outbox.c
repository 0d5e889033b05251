/*
 * The outbox: a batch in memory, committed as one; lanes with their cursors.
 *
 * A batch holds what was put until it is on disk, so a commit that fails (a full
 * disk) loses nothing: it is tried again.
 *
 *      | struct put | packed event | struct put | packed event | ...
 */

#include "alerts/outbox.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/core/hash.h"
#include "sensor/core/now.h"

enum { BATCH_BYTES = 4 * 1024 * 1024, ALIGN = 16 };

struct put {
    size_t size; /* of all, with this */
    uint32_t lanes;
};

_Static_assert(sizeof(struct put) <= ALIGN, "the event behind it is aligned");

bool id_is_above(struct stream_id a, struct stream_id b)
{
    return a.ms > b.ms || (a.ms == b.ms && a.n > b.n);
}

struct stream_id id_after(struct stream_id id)
{
    return (struct stream_id){id.ms, id.n + 1};
}

/* max(last, now): increasing whatever the clock does. */
static struct stream_id next_id(struct stream_id last, int64_t now)
{
    uint64_t ms = (uint64_t)(now / NS_PER_MS);

    return ms > last.ms ? (struct stream_id){ms, 0} : id_after(last);
}

static bool fail(struct outbox *b, const char *what)
{
    b->failures++;
    snprintf(b->error, sizeof b->error, "%s: %s", what, b->db.error);
    return false;
}

/* ---- opening --------------------------------------------------------------------- */

static bool read_owner(struct outbox *b)
{
    int64_t owner;

    if (!db_get(&b->db, DB_OWNER, NULL, 0, &owner, 1)) {
        if (getrandom(&owner, sizeof owner, 0) != sizeof owner)
            owner = now_wall();
        if (!DB_RUN(&b->db, DB_SET_OWNER, owner))
            return false;
    }
    b->owner = (uint64_t)owner;
    return true;
}

static void count_waiting(struct outbox *b, struct lane *l)
{
    int64_t n = 0;
    const int64_t values[] = {l->id, (int64_t)l->cursor.ms, (int64_t)l->cursor.n};

    db_get(&b->db, DB_WAITING, values, 3, &n, 1);
    l->waiting = (uint64_t)n;
}

bool outbox_count(struct outbox *b)
{
    int64_t size[3];

    if (!db_get(&b->db, DB_SIZE, NULL, 0, size, 3))
        return false;
    b->rows = (uint64_t)size[0];
    b->bytes = (uint64_t)size[1] + b->rows * OUTBOX_ROW;
    if (b->sequence < size[2])
        b->sequence = size[2];
    b->looked = 0;
    for (unsigned i = 0; i < b->nlanes; i++)
        count_waiting(b, &b->lanes[i]);
    return true;
}

/* Alerts are not for everybody: SQLite takes over the mode for its log. */
static void make_file(const struct outbox *b)
{
    int fd = open(b->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

    if (fd >= 0)
        close(fd);
}

static bool open_file(struct outbox *b)
{
    if (b->config.path)
        make_file(b);
    return db_open(&b->db, b->config.path ? b->path : NULL) && read_owner(b) &&
           outbox_count(b);
}

static void move_aside(const struct outbox *b, const char *suffix)
{
    char from[OUTBOX_PATH + 8], to[OUTBOX_PATH + 24];

    snprintf(from, sizeof from, "%s%s", b->path, suffix);
    snprintf(to, sizeof to, "%s.damaged%s", b->path, suffix);
    remove(to);
    rename(from, to); /* the log may not be there */
}

static bool write_lane(struct outbox *b, unsigned lane);

bool outbox_begin_anew(struct outbox *b)
{
    fail(b, "damaged");
    db_close(&b->db);
    move_aside(b, "");
    move_aside(b, "-wal");
    b->damaged++;
    for (unsigned i = 0; i < b->nlanes; i++)
        b->lanes[i].lost += b->lanes[i].waiting;
    if (!open_file(b))
        return fail(b, "cannot begin anew");
    for (unsigned i = 0; i < b->nlanes; i++) {
        if (!write_lane(b, i))
            return fail(b, "cannot begin anew");
    }
    return true;
}

bool outbox_open(struct outbox *b, const struct outbox_config *config)
{
    *b = (struct outbox){.config = *config};
    b->clock = now_wall() - now_monotonic();
    if (config->path &&
        snprintf(b->path, sizeof b->path, "%s", config->path) >= (int)sizeof b->path) {
        snprintf(b->error, sizeof b->error, "its path is too long");
        return false;
    }
    b->batch = malloc(BATCH_BYTES);
    if (!b->batch) {
        snprintf(b->error, sizeof b->error, "no memory");
        return false;
    }
    if (open_file(b))
        return true;
    return b->db.damaged && config->path ? outbox_begin_anew(b) : fail(b, "cannot open");
}

void outbox_close(struct outbox *b)
{
    if (b->batch && b->db.handle)
        outbox_commit(b);
    db_close(&b->db);
    free(b->batch);
    b->batch = NULL;
}

/* ---- lanes ----------------------------------------------------------------------- */

static struct stream_id column_id(sqlite3_stmt *s, int column)
{
    return (struct stream_id){(uint64_t)sqlite3_column_int64(s, column),
                              (uint64_t)sqlite3_column_int64(s, column + 1)};
}

static bool is_named(sqlite3_stmt *s, const char *name)
{
    const char *text = (const char *)sqlite3_column_text(s, 1);

    return text && strcmp(text, name) == 0;
}

/* The row of the lane is read; false when there is none of this name. */
static bool find_lane(struct outbox *b, struct lane *lane)
{
    sqlite3_stmt *s = db_bind(&b->db, DB_LANES, NULL, 0);

    while (db_step(&b->db, DB_LANES)) {
        if (!is_named(s, lane->name))
            continue;
        lane->cursor = column_id(s, 2);
        lane->last = column_id(s, 4);
        lane->file = (uint64_t)sqlite3_column_int64(s, 6);
        lane->size = (uint64_t)sqlite3_column_int64(s, 7);
        lane->gone = column_id(s, 8);
        db_reset(&b->db, DB_LANES);
        return true;
    }
    return false;
}

/* Its number in the file: lanes come and go, and their numbers stay theirs. */
static int64_t number_of(const char *name)
{
    return (int64_t)(hash_stable(0, name, strlen(name)) >> 1);
}

enum { LANE_VALUES = 9 };

static void lane_values(const struct lane *l, int64_t values[LANE_VALUES])
{
    const int64_t all[LANE_VALUES] = {
        (int64_t)l->cursor.ms, (int64_t)l->cursor.n, (int64_t)l->last.ms,
        (int64_t)l->last.n,    (int64_t)l->file,     (int64_t)l->size,
        (int64_t)l->gone.ms,   (int64_t)l->gone.n,   l->id};

    memcpy(values, all, sizeof all);
}

static bool write_lane(struct outbox *b, unsigned lane)
{
    const struct lane *l = &b->lanes[lane];
    int64_t values[LANE_VALUES];

    lane_values(l, values);
    sqlite3_bind_text(b->db.statements[DB_NEW_LANE], LANE_VALUES + 1, l->name, -1,
                      SQLITE_STATIC);
    return db_run(&b->db, DB_NEW_LANE, values, LANE_VALUES);
}

unsigned outbox_lane(struct outbox *b, const char *name)
{
    struct lane *l = &b->lanes[b->nlanes];

    if (b->nlanes == OUTBOX_LANES)
        return OUTBOX_LANES;
    *l = (struct lane){.cursor = {0, 0}};
    snprintf(l->name, sizeof l->name, "%s", name);
    l->id = number_of(l->name);
    if (find_lane(b, l)) {
        count_waiting(b, l);
    } else if (!write_lane(b, b->nlanes)) {
        fail(b, "no lane for an output");
        return OUTBOX_LANES;
    }
    return b->nlanes++;
}

static bool is_known(const struct outbox *b, int64_t id)
{
    for (unsigned i = 0; i < b->nlanes; i++) {
        if (b->lanes[i].id == id)
            return true;
    }
    return false;
}

uint64_t outbox_end_others(struct outbox *b)
{
    int64_t ended[OUTBOX_LANES];
    uint64_t lost = 0;
    unsigned n = 0;
    sqlite3_stmt *s = db_bind(&b->db, DB_LANES, NULL, 0);

    while (n < OUTBOX_LANES && db_step(&b->db, DB_LANES)) {
        int64_t id = sqlite3_column_int64(s, 0);
        struct stream_id cursor = column_id(s, 2);
        const int64_t values[] = {id, (int64_t)cursor.ms, (int64_t)cursor.n};
        int64_t waiting = 0;

        if (is_known(b, id))
            continue;
        db_get(&b->db, DB_WAITING, values, 3, &waiting, 1);
        lost += (uint64_t)waiting;
        ended[n++] = id;
    }
    db_reset(&b->db, DB_LANES);
    while (n-- > 0) {
        DB_RUN(&b->db, DB_END_PLACES, ended[n]);
        DB_RUN(&b->db, DB_END_LANE, ended[n]);
    }
    return lost;
}

/* ---- putting --------------------------------------------------------------------- */

void outbox_follow(struct outbox *b, uint64_t alert_id)
{
    b->trace = (struct outbox_trace){.alert_id = alert_id};
}

int64_t outbox_uncommitted(const struct outbox *b, int64_t now)
{
    return b->batched ? now - b->since + 1 : 0;
}

bool outbox_put(struct outbox *b, const struct event *e, uint32_t lanes)
{
    size_t size = sizeof(struct put) + event_size(e);
    struct put *put;

    size = (ALIGN + size + ALIGN - 1) / ALIGN * ALIGN;
    if (size > BATCH_BYTES) {
        b->failures++; /* no line is a thousandth of that */
        return true;
    }
    if ((b->batched == OUTBOX_BATCH || b->batch_used + size > BATCH_BYTES) &&
        !outbox_commit(b))
        return false;
    if (b->batched++ == 0)
        b->since = now_monotonic();
    put = (struct put *)(b->batch + b->batch_used);
    *put = (struct put){size, lanes};
    event_pack(e, (uint8_t *)put + ALIGN);
    b->batch_used += size;
    return true;
}

static bool insert_saved(struct outbox *b, const struct event *e, int64_t sequence)
{
    const int64_t values[] = {(int64_t)e->root, e->over, sequence};

    if (e->saved.len == 0)
        return true;
    sqlite3_bind_blob(b->db.statements[DB_PUT_SAVED], 4, e->saved.at, (int)e->saved.len,
                      SQLITE_STATIC);
    return db_run(&b->db, DB_PUT_SAVED, values, 3);
}

static bool insert_places(struct outbox *b, uint32_t lanes, int64_t sequence, int64_t now)
{
    for (unsigned i = 0; i < b->nlanes; i++) {
        struct lane *l = &b->lanes[i];

        if (!(lanes >> i & 1))
            continue;
        l->last = next_id(l->last, now);
        l->changed = true;
        if (!DB_RUN(&b->db, DB_PUT_PLACE, l->id, (int64_t)l->last.ms, (int64_t)l->last.n,
                    sequence))
            return false;
    }
    return true;
}

static bool insert_event(struct outbox *b, const struct event *e, int64_t sequence,
                         int64_t now)
{
    const int64_t values[] = {sequence,
                              e->kind,
                              e->alert_id ? (int64_t)e->severity + 1 : 0,
                              (int64_t)e->alert_id,
                              e->update,
                              now};

    sqlite3_bind_blob(b->db.statements[DB_PUT_EVENT], 7, e->line.at, (int)e->line.len,
                      SQLITE_STATIC);
    return db_run(&b->db, DB_PUT_EVENT, values, 6);
}

/* What a commit adds, counted when it is sure. */
struct added {
    uint64_t rows, bytes;
    uint64_t waiting[OUTBOX_LANES];
    int64_t traced;
};

static bool insert(struct outbox *b, const struct put *put, int64_t now,
                   struct added *sum)
{
    struct event e = event_unpack((const uint8_t *)put + ALIGN);
    int64_t sequence = b->sequence + (int64_t)sum->rows + 1;

    if (!insert_saved(b, &e, sequence))
        return false;
    if (e.line.len == 0 || put->lanes == 0)
        return true;
    if (!insert_event(b, &e, sequence, now) ||
        !insert_places(b, put->lanes, sequence, now))
        return false;
    sum->rows++;
    sum->bytes += e.line.len + OUTBOX_ROW;
    for (unsigned i = 0; i < b->nlanes; i++)
        sum->waiting[i] += put->lanes >> i & 1;
    if (e.alert_id == b->trace.alert_id && b->trace.alert_id && !b->trace.sequence)
        sum->traced = sequence;
    return true;
}

static bool insert_batch(struct outbox *b, int64_t now, struct added *sum)
{
    for (size_t at = 0; at < b->batch_used;) {
        const struct put *put = (const struct put *)(b->batch + at);

        if (!insert(b, put, now, sum))
            return false;
        at += put->size;
    }
    return true;
}

static bool update_lanes(struct outbox *b)
{
    for (unsigned i = 0; i < b->nlanes; i++) {
        int64_t values[LANE_VALUES];

        lane_values(&b->lanes[i], values);
        if (b->lanes[i].changed && !db_run(&b->db, DB_SET_LANE, values, LANE_VALUES))
            return false;
    }
    return true;
}

static void committed(struct outbox *b, const struct added *sum)
{
    b->sequence += (int64_t)sum->rows;
    b->rows += sum->rows;
    b->bytes += sum->bytes;
    b->committed += sum->rows;
    for (unsigned i = 0; i < b->nlanes; i++) {
        b->lanes[i].waiting += sum->waiting[i];
        b->lanes[i].changed = false;
    }
    if (sum->traced) {
        b->trace.sequence = sum->traced;
        b->trace.committed = now_wall();
    }
    if (b->batched)
        b->latency = now_monotonic() - b->since;
    b->batched = 0;
    b->batch_used = 0;
    b->error[0] = '\0';
}

static bool has_changes(const struct outbox *b)
{
    bool any = b->batched > 0;

    for (unsigned i = 0; i < b->nlanes; i++)
        any |= b->lanes[i].changed;
    return any;
}

bool outbox_commit(struct outbox *b)
{
    struct added sum = {.rows = 0};

    if (!has_changes(b))
        return true;
    if (db_run(&b->db, DB_BEGIN, NULL, 0) && insert_batch(b, now_wall(), &sum) &&
        update_lanes(b) && db_run(&b->db, DB_COMMIT, NULL, 0)) {
        committed(b, &sum);
        return true;
    }
    fail(b, "cannot commit");
    if (!sqlite3_get_autocommit(b->db.handle))
        sqlite3_exec(b->db.handle, "ROLLBACK", NULL, NULL, NULL);
    if (b->db.damaged && b->config.path)
        outbox_begin_anew(b);
    return false;
}

/* ---- reading --------------------------------------------------------------------- */

static void fill_row(sqlite3_stmt *s, struct outbox_row *row)
{
    *row = (struct outbox_row){.id = column_id(s, 0),
                               .sequence = sqlite3_column_int64(s, 2),
                               .kind = (enum event_kind)sqlite3_column_int(s, 3),
                               .alert_id = (uint64_t)sqlite3_column_int64(s, 4),
                               .update = (uint32_t)sqlite3_column_int64(s, 5)};
    row->line.at = sqlite3_column_blob(s, 6);
    row->line.len = (size_t)sqlite3_column_bytes(s, 6);
}

void outbox_read(struct outbox *b, unsigned lane, struct stream_id from)
{
    const int64_t values[] = {b->lanes[lane].id, (int64_t)from.ms, (int64_t)from.n};

    db_reset(&b->db, DB_READ);
    db_bind(&b->db, DB_READ, values, 3);
}

bool outbox_row(struct outbox *b, struct outbox_row *row)
{
    if (!db_step(&b->db, DB_READ))
        return false;
    fill_row(b->db.statements[DB_READ], row);
    return true;
}

void outbox_stop(struct outbox *b)
{
    db_reset(&b->db, DB_READ);
}

bool outbox_at(struct outbox *b, unsigned lane, struct stream_id id,
               struct outbox_row *row)
{
    outbox_read(b, lane, id);
    return outbox_row(b, row) && row->id.ms == id.ms && row->id.n == id.n;
}

void outbox_delivered(struct outbox *b, unsigned lane, struct stream_id id,
                      int64_t sequence)
{
    struct lane *l = &b->lanes[lane];

    l->cursor = id;
    l->waiting -= l->waiting > 0;
    l->changed = true;
    if (sequence && sequence == b->trace.sequence && !b->trace.delivered[lane])
        b->trace.delivered[lane] = now_wall();
}

void outbox_pass(struct outbox *b, unsigned lane, struct stream_id id)
{
    b->lanes[lane].cursor = id;
    b->lanes[lane].changed = true;
}

void outbox_seen(struct outbox *b, unsigned lane, struct stream_id last)
{
    struct lane *l = &b->lanes[lane];

    if (!id_is_above(last, l->last))
        return;
    l->last = last;
    l->changed = true;
}

bool outbox_move(struct outbox *b, unsigned lane, const struct stream_id *ids, unsigned n)
{
    struct lane *l = &b->lanes[lane];
    struct stream_id last = l->last;
    int64_t now = now_wall();
    bool ok = db_run(&b->db, DB_BEGIN, NULL, 0);

    for (unsigned i = 0; i < n && ok; i++) {
        last = next_id(last, now);
        ok = DB_RUN(&b->db, DB_MOVE, l->id, (int64_t)ids[i].ms, (int64_t)ids[i].n,
                    (int64_t)last.ms, (int64_t)last.n);
    }
    ok = ok && db_run(&b->db, DB_COMMIT, NULL, 0);
    if (!ok) {
        fail(b, "cannot commit new ids");
        if (!sqlite3_get_autocommit(b->db.handle))
            sqlite3_exec(b->db.handle, "ROLLBACK", NULL, NULL, NULL);
        return false;
    }
    l->last = last;
    l->changed = true;
    return true;
}

uint64_t outbox_repeat(struct outbox *b, unsigned lane, struct stream_id first)
{
    struct lane *l = &b->lanes[lane];
    struct stream_id ids[OUTBOX_BATCH];
    struct outbox_row row;
    uint64_t sum = 0;
    unsigned n;

    do {
        n = 0;
        outbox_read(b, lane, (struct stream_id){0, 0});
        while (n < OUTBOX_BATCH && outbox_row(b, &row) && id_is_above(first, row.id) &&
               !id_is_above(row.id, l->cursor))
            ids[n++] = row.id;
        outbox_stop(b);
        if (n > 0 && !outbox_move(b, lane, ids, n))
            break;
        l->waiting += n;
        sum += n;
    } while (n == OUTBOX_BATCH);
    return sum;
}

uint64_t outbox_rewind(struct outbox *b, unsigned lane, struct stream_id to)
{
    struct lane *l = &b->lanes[lane];

    l->cursor = to;
    l->changed = true;
    count_waiting(b, l);
    return l->waiting;
}

void outbox_refuse(struct outbox *b, unsigned lane, struct stream_id id)
{
    struct lane *l = &b->lanes[lane];

    if (!DB_RUN(&b->db, DB_DROP_PLACE, l->id, (int64_t)id.ms, (int64_t)id.n))
        return;
    outbox_delivered(b, lane, id, 0);
    l->lost++;
}

int64_t outbox_oldest(struct outbox *b, unsigned lane)
{
    const struct lane *l = &b->lanes[lane];
    const int64_t values[] = {l->id, (int64_t)l->cursor.ms, (int64_t)l->cursor.n};
    int64_t put = 0;

    if (l->waiting > 0)
        db_get(&b->db, DB_OLDEST, values, 3, &put, 1);
    return put;
}

void outbox_each_saved(struct outbox *b, void (*each)(void *to, struct bytes saved),
                       void *to)
{
    sqlite3_stmt *s = db_bind(&b->db, DB_SAVED, NULL, 0);

    while (db_step(&b->db, DB_SAVED)) {
        struct bytes saved = {sqlite3_column_blob(s, 0),
                              (size_t)sqlite3_column_bytes(s, 0)};

        each(to, saved);
    }
}
