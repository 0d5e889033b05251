#include "alerts/outbox_look.h"

#include <sqlite3.h>

#include "alerts/alert.h"

static bool within(uint64_t value, uint64_t low, uint64_t high)
{
    return low <= value && value <= high;
}

static unsigned look(sqlite3_stmt *s, uint64_t low, uint64_t high, uint64_t *root)
{
    unsigned n = 0;

    while (sqlite3_step(s) == SQLITE_ROW) {
        struct bytes saved = {sqlite3_column_blob(s, 0),
                              (size_t)sqlite3_column_bytes(s, 0)};
        uint64_t id, of;

        if (!alerts_saved_ids(saved, &id, &of) ||
            (!within(id, low, high) && !within(of, low, high)))
            continue;
        *root = of;
        n++;
    }
    return n;
}

unsigned outbox_look_root(const char *path, uint64_t low, uint64_t high, uint64_t *root)
{
    sqlite3_stmt *s = NULL;
    sqlite3 *db = NULL;
    unsigned n = 0;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT line FROM saved", -1, &s, NULL) == SQLITE_OK)
        n = look(s, low, high, root);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return n;
}
