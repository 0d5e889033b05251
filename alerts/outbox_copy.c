#include "alerts/outbox_copy.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "alerts/alert.h"
#include "sensor/core/clock.h"
#include "sensor/core/now.h"

enum { PAGES_AT_ONCE = 256 };

static bool fail(struct outbox_copy *c)
{
    snprintf(c->error, sizeof c->error, "%s",
             c->to ? sqlite3_errmsg(c->to) : "no memory");
    outbox_copy_end(c);
    return false;
}

bool outbox_copy_begin(struct outbox_copy *c, struct outbox *b, const char *path)
{
    static const int make = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    /* Half a copy is thrown away: nothing has to be undone in it. */
    static const char quick[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;";

    *c = (struct outbox_copy){0};
    if (access(path, F_OK) == 0) {
        snprintf(c->error, sizeof c->error, "there is such a file already");
        return false;
    }
    outbox_commit(b);
    if (sqlite3_open_v2(path, &c->to, make, NULL) != SQLITE_OK ||
        sqlite3_exec(c->to, quick, NULL, NULL, NULL) != SQLITE_OK)
        return fail(c);
    c->backup = sqlite3_backup_init(c->to, "main", b->db.handle, "main");
    return c->backup != NULL || fail(c);
}

/* The original has a log beside it, and the copy is the same: unless it is told. */
static enum outbox_copy_state finish(struct outbox_copy *c)
{
    static const char one_file[] = "PRAGMA journal_mode = DELETE";
    int code = sqlite3_backup_finish(c->backup);

    c->backup = NULL;
    if (code != SQLITE_OK ||
        sqlite3_exec(c->to, one_file, NULL, NULL, NULL) != SQLITE_OK) {
        fail(c);
        return COPY_FAILED;
    }
    outbox_copy_end(c);
    return COPY_DONE;
}

enum outbox_copy_state outbox_copy_step(struct outbox_copy *c, int64_t ns)
{
    int64_t end = now_monotonic() + ns;
    int code;

    do
        code = sqlite3_backup_step(c->backup, PAGES_AT_ONCE);
    while (code == SQLITE_OK && now_monotonic() < end);
    return code == SQLITE_OK || code == SQLITE_BUSY ? COPY_GOES_ON : finish(c);
}

void outbox_copy_end(struct outbox_copy *c)
{
    if (c->backup)
        sqlite3_backup_finish(c->backup);
    sqlite3_close(c->to);
    c->backup = NULL;
    c->to = NULL;
}

/* ---- whose root cause ---------------------------------------------------------------- */

struct search {
    uint64_t low, high, root;
    unsigned n;
};

static void compare(void *to, struct bytes saved)
{
    struct search *s = to;
    uint64_t id, root;

    if (!alerts_saved_ids(saved, &id, &root))
        return;
    if ((s->low <= id && id <= s->high) || (s->low <= root && root <= s->high)) {
        s->root = root;
        s->n++;
    }
}

unsigned outbox_root_of(struct outbox *b, uint64_t low, uint64_t high, uint64_t *root)
{
    struct search s = {.low = low, .high = high};

    outbox_each_saved(b, compare, &s);
    *root = s.root;
    return s.n;
}
