#include "alerts/outbox_db.h"

#include <stdio.h>
#include <string.h>

/* 3.45 and later take more than they should for text in double quotes: none is used. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS event(sequence INTEGER PRIMARY KEY, kind INTEGER,"
    " rank INTEGER, alert_id INTEGER, number INTEGER, put INTEGER, line BLOB);"
    "CREATE INDEX IF NOT EXISTS event_rank ON event(rank, sequence);"
    "CREATE TABLE IF NOT EXISTS lane(id INTEGER PRIMARY KEY, name TEXT UNIQUE,"
    " ms INTEGER, n INTEGER, last_ms INTEGER, last_n INTEGER, file INTEGER,"
    " size INTEGER, gone_ms INTEGER, gone_n INTEGER);"
    "CREATE TABLE IF NOT EXISTS place(lane INTEGER, ms INTEGER, n INTEGER,"
    " sequence INTEGER, PRIMARY KEY(lane, ms, n)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS place_sequence ON place(sequence);"
    "CREATE TABLE IF NOT EXISTS saved(root INTEGER PRIMARY KEY, over INTEGER,"
    " sequence INTEGER, line BLOB);"
    "CREATE INDEX IF NOT EXISTS saved_over ON saved(over, sequence);"
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;";

/* What the format of the tables is called; another one is not read. */
enum { FORMAT = 1 };

/* clang-format off */
static const char *const texts[DB_STATEMENTS] = {
    [DB_BEGIN] = "BEGIN IMMEDIATE",
    [DB_COMMIT] = "COMMIT",
    [DB_ROLLBACK] = "ROLLBACK",
    [DB_PUT_EVENT] =
        "INSERT INTO event(sequence, kind, rank, alert_id, number, put, line)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [DB_PUT_PLACE] = "INSERT INTO place(lane, ms, n, sequence) VALUES(?1, ?2, ?3, ?4)",
    [DB_PUT_SAVED] =
        "INSERT OR REPLACE INTO saved(root, over, sequence, line) VALUES(?1, ?2, ?3, ?4)",
    [DB_SAVED] = "SELECT line FROM saved ORDER BY over DESC, sequence",
    [DB_FORGET_SAVED] =
        "DELETE FROM saved WHERE root IN (SELECT root FROM saved WHERE over = ?1"
        " ORDER BY sequence DESC LIMIT -1 OFFSET ?2)",
    [DB_LANES] = 
        "SELECT id, name, ms, n, last_ms, last_n, file, size, gone_ms, gone_n FROM lane",
    [DB_NEW_LANE] =
        "INSERT INTO lane(ms, n, last_ms, last_n, file, size, gone_ms, gone_n, id, name)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [DB_SET_LANE] =
        "UPDATE lane SET ms = ?1, n = ?2, last_ms = ?3, last_n = ?4, file = ?5,"
        " size = ?6, gone_ms = ?7, gone_n = ?8 WHERE id = ?9",
    [DB_END_LANE] = "DELETE FROM lane WHERE id = ?1",
    [DB_END_PLACES] = "DELETE FROM place WHERE lane = ?1",
    [DB_READ] =
        "SELECT p.ms, p.n, p.sequence, e.kind, e.alert_id, e.number, e.line"
        " FROM place p JOIN event e ON e.sequence = p.sequence"
        " WHERE p.lane = ?1 AND (p.ms, p.n) >= (?2, ?3) ORDER BY p.ms, p.n",
    [DB_WAITING] = "SELECT count(*) FROM place WHERE lane = ?1 AND (ms, n) > (?2, ?3)",
    [DB_OLDEST] =
        "SELECT e.put FROM place p JOIN event e ON e.sequence = p.sequence"
        " WHERE p.lane = ?1 AND (p.ms, p.n) > (?2, ?3) ORDER BY p.ms, p.n LIMIT 1",
    [DB_MOVE] =
        "UPDATE place SET ms = ?4, n = ?5 WHERE lane = ?1 AND ms = ?2 AND n = ?3",
    [DB_DROP_PLACE] = "DELETE FROM place WHERE lane = ?1 AND ms = ?2 AND n = ?3",
    [DB_FIRST_EVENTS] =
        "SELECT sequence, put, length(line) FROM event WHERE sequence > ?1"
        " ORDER BY sequence LIMIT ?2",
    [DB_LEAST_EVENTS] =
        "SELECT sequence, put, length(line) FROM event ORDER BY rank, sequence LIMIT ?1",
    [DB_WAITS_FOR] =
        "SELECT p.lane FROM place p JOIN lane l ON l.id = p.lane"
        " WHERE p.sequence = ?1 AND (p.ms, p.n) > (l.ms, l.n)",
    [DB_PLACES] = "SELECT lane, ms, n FROM place WHERE sequence = ?1",
    [DB_DELETE_EVENT] = "DELETE FROM event WHERE sequence = ?1",
    [DB_DELETE_PLACES] = "DELETE FROM place WHERE sequence = ?1",
    [DB_SHIFT] = "UPDATE event SET put = put + ?1",
    [DB_SIZE] =
        "SELECT count(*), coalesce(sum(length(line)), 0), coalesce(max(sequence), 0)"
        " FROM event",
    [DB_FREE] = "PRAGMA freelist_count",
    [DB_VACUUM] = "PRAGMA incremental_vacuum(256)",
    [DB_OWNER] = "SELECT value FROM meta WHERE name = 'owner'",
    [DB_SET_OWNER] = "INSERT INTO meta(name, value) VALUES('owner', ?1)",
};
/* clang-format on */

static bool fail(struct outbox_db *d, int code)
{
    d->damaged |= code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    snprintf(d->error, sizeof d->error, "%s",
             d->handle ? sqlite3_errmsg(d->handle) : sqlite3_errstr(code));
    return false;
}

static bool execute(struct outbox_db *d, const char *text)
{
    int code = sqlite3_exec(d->handle, text, NULL, NULL, NULL);

    return code == SQLITE_OK || fail(d, code);
}

/* The one value of a pragma, as a number; -1: none. */
static int ask(struct outbox_db *d, const char *text)
{
    sqlite3_stmt *s = NULL;
    int value = -1;

    if (sqlite3_prepare_v2(d->handle, text, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        value = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return value;
}

/* Reads all of it once: what is wrong with it is better known before than after. */
static bool is_whole(struct outbox_db *d)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(d->handle, "PRAGMA quick_check(1)", -1, &s, NULL);
    bool ok = false;

    if (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        ok = strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;
        code = SQLITE_CORRUPT;
    }
    if (!ok)
        fail(d, code);
    sqlite3_finalize(s);
    return ok;
}

static bool set_up_file(struct outbox_db *d)
{
    static const char pragmas[] = "PRAGMA locking_mode = EXCLUSIVE;"
                                  "PRAGMA auto_vacuum = INCREMENTAL;"
                                  "PRAGMA journal_mode = WAL;"
                                  "PRAGMA synchronous = FULL;"
                                  "PRAGMA journal_size_limit = 16777216;";

    return execute(d, pragmas) && is_whole(d);
}

static bool set_up(struct outbox_db *d, const char *path)
{
    int version;

    if (path && !set_up_file(d))
        return false;
    if (!execute(d, "PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY;"))
        return false;
    version = ask(d, "PRAGMA user_version");
    if (version != 0 && version != FORMAT) {
        snprintf(d->error, sizeof d->error, "it has format %d, this version has %d",
                 version, FORMAT);
        d->damaged = true;
        return false;
    }
    return execute(d, schema) &&
           (version == FORMAT || execute(d, "PRAGMA user_version = 1"));
}

static bool prepare(struct outbox_db *d)
{
    for (unsigned i = 0; i < DB_STATEMENTS; i++) {
        int code = sqlite3_prepare_v3(d->handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                                      &d->statements[i], NULL);

        if (code != SQLITE_OK)
            return fail(d, code == SQLITE_ERROR ? SQLITE_CORRUPT : code);
    }
    return true;
}

bool db_open(struct outbox_db *d, const char *path)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code;

    *d = (struct outbox_db){.handle = NULL};
    code = sqlite3_open_v2(path ? path : ":memory:", &d->handle, flags, NULL);
    if (code != SQLITE_OK)
        return fail(d, code);
    return set_up(d, path) && prepare(d);
}

void db_close(struct outbox_db *d)
{
    for (unsigned i = 0; i < DB_STATEMENTS; i++) {
        sqlite3_finalize(d->statements[i]);
        d->statements[i] = NULL;
    }
    sqlite3_close(d->handle);
    d->handle = NULL;
}

sqlite3_stmt *db_bind(struct outbox_db *d, enum db_statement s, const int64_t *values,
                      unsigned n)
{
    sqlite3_stmt *statement = d->statements[s];

    for (unsigned i = 0; i < n; i++)
        sqlite3_bind_int64(statement, (int)i + 1, values[i]);
    return statement;
}

void db_reset(struct outbox_db *d, enum db_statement s)
{
    sqlite3_reset(d->statements[s]);
}

bool db_step(struct outbox_db *d, enum db_statement s)
{
    int code = sqlite3_step(d->statements[s]);

    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        fail(d, code);
    db_reset(d, s);
    return false;
}

bool db_run(struct outbox_db *d, enum db_statement s, const int64_t *values, unsigned n)
{
    int code;

    db_bind(d, s, values, n);
    do {
        code = sqlite3_step(d->statements[s]);
    } while (code == SQLITE_ROW);
    if (code != SQLITE_DONE)
        fail(d, code);
    db_reset(d, s);
    return code == SQLITE_DONE;
}

bool db_get(struct outbox_db *d, enum db_statement s, const int64_t *values, unsigned n,
            int64_t *out, unsigned columns)
{
    sqlite3_stmt *statement = db_bind(d, s, values, n);

    if (!db_step(d, s))
        return false;
    for (unsigned i = 0; i < columns; i++)
        out[i] = sqlite3_column_int64(statement, (int)i);
    db_reset(d, s);
    return true;
}
