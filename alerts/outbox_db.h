#ifndef ALERTS_OUTBOX_DB_H
#define ALERTS_OUTBOX_DB_H

/*
 * The file of the outbox: its tables, and every statement that is ever run on them.
 * For outbox.c and outbox_keep.c alone.
 *
 *      event   what was raised, by sequence
 *      lane    who gets events: how far each is (cursor), the highest id it was given
 *      place   which event stands where in which lane, by id; an id above the lane's
 *              cursor waits
 *      saved   of each root cause, what a restart needs of its latest alert
 *      meta    whose outbox this is
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DB_ERROR = 160, DB_VALUES = 10 };

enum db_statement {
    DB_BEGIN,
    DB_COMMIT,
    DB_ROLLBACK,
    DB_PUT_EVENT,
    DB_PUT_PLACE,
    DB_PUT_SAVED,
    DB_SAVED,
    DB_FORGET_SAVED,
    DB_LANES,
    DB_NEW_LANE,
    DB_SET_LANE,
    DB_END_LANE,
    DB_END_PLACES,
    DB_READ,
    DB_WAITING,
    DB_OLDEST,
    DB_MOVE,
    DB_DROP_PLACE,
    DB_FIRST_EVENTS,
    DB_LEAST_EVENTS,
    DB_WAITS_FOR,
    DB_PLACES,
    DB_DELETE_EVENT,
    DB_DELETE_PLACES,
    DB_SHIFT,
    DB_SIZE,
    DB_FREE,
    DB_VACUUM,
    DB_OWNER,
    DB_SET_OWNER,
    DB_STATEMENTS
};

struct outbox_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[DB_STATEMENTS];
    bool damaged; /* what is in the file makes no sense */
    char error[DB_ERROR];
};

/*
 * NULL is a database in memory.  False with `error` set; then `damaged` says whether
 * the file itself is at fault.
 */
bool db_open(struct outbox_db *d, const char *path);
void db_close(struct outbox_db *d);

/* The statement with its first values bound, to be stepped with db_step(). */
sqlite3_stmt *db_bind(struct outbox_db *d, enum db_statement s, const int64_t *values,
                      unsigned n);

/* True for a row; false at the end or on an error, and the statement is reset. */
bool db_step(struct outbox_db *d, enum db_statement s);
void db_reset(struct outbox_db *d, enum db_statement s);

/* Binds, runs to the end; false on an error. */
bool db_run(struct outbox_db *d, enum db_statement s, const int64_t *values, unsigned n);

/* Runs it and copies the first row's columns; false when there is none. */
bool db_get(struct outbox_db *d, enum db_statement s, const int64_t *values, unsigned n,
            int64_t *out, unsigned columns);

#define DB_RUN(d, s, ...)                        \
    db_run(d, s, (const int64_t[]){__VA_ARGS__}, \
           sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

#endif
