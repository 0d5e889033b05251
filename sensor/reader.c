#include "sensor/reader.h"

#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sensor/savefile.h"

enum { MAX_OPEN_DEFAULT = 32 };

static const int64_t hour = INT64_C(3600) * 1000000000;

/* Waiting and parked sources are closed; `key` is all that the merge needs. */
enum phase { WAITING, OPEN, PARKED, DONE };

struct source {
    char *path;
    enum phase phase;
    bool seekable;
    bool started;       /* a packet was loaded before */
    bool has_following; /* it was read to judge the time of `pending` */
    int64_t key;        /* time by which `pending` is merged */
    struct raw pending, following;
    uint8_t *copy; /* bytes of `pending` while there is a following one */
    struct savefile file;
};

struct reader {
    struct source *sources;
    size_t nsources, room, max_open, nopen;
    uint32_t *heap; /* sources that are not done, the next one first */
    size_t nheap;
    bool delivered; /* the packet of heap[0] has left */
    struct reader_counters counters;
};

/* --- one source ----------------------------------------------------------- */

static void shut(struct reader *r, struct source *s, enum phase phase)
{
    if (s->phase == OPEN)
        r->nopen--;
    s->phase = phase;
}

static void finish(struct reader *r, struct source *s)
{
    shut(r, s, DONE);
    r->counters.truncated += s->file.state == SAVEFILE_TRUNCATED;
    r->counters.damaged += s->file.state == SAVEFILE_DAMAGED;
    r->counters.damaged += s->file.state == SAVEFILE_FAILED;
}

/*
 * Is the pending packet alone in the future?  The one behind it tells.  Its
 * bytes are copied first, since reading on would take them away.
 */
static void judge(struct reader *r, struct source *s, int64_t before)
{
    if (!s->copy)
        s->copy = malloc(SAVEFILE_PACKET_MAX);
    if (!s->copy)
        return;
    memcpy(s->copy, s->pending.bytes.at, s->pending.bytes.len);
    s->pending.bytes.at = s->copy;
    s->has_following = savefile_next(&s->file, &s->following);
    if (s->has_following && s->following.time < s->pending.time - hour) {
        s->key = s->started ? before : s->following.time;
        r->counters.strange++;
    }
}

/* The next packet of an open file becomes the pending one; false at its end. */
static bool load(struct reader *r, struct source *s)
{
    int64_t before = s->key;

    if (s->has_following)
        s->pending = s->following;
    else if (!savefile_next(&s->file, &s->pending))
        return false;
    s->has_following = false;
    s->pending.source = (uint32_t)(s - r->sources);
    s->key = s->pending.time;
    if (r->nsources > 1 && (!s->started || s->key > before + hour))
        judge(r, s, before);
    s->started = true;
    return true;
}

/* Closes the open file that is needed last. */
static void park_one(struct reader *r)
{
    struct source *last = NULL;

    for (size_t i = 0; i < r->nheap; i++) {
        struct source *s = &r->sources[r->heap[i]];

        if (s->phase != OPEN || !s->seekable || s->has_following)
            continue;
        if (!last || s->key > last->key)
            last = s;
    }
    if (!last)
        return;
    savefile_park(&last->file);
    shut(r, last, PARKED);
}

/* Opens a file, again, whose pending packet is due; false when that fails. */
static bool resume(struct reader *r, struct source *s)
{
    int64_t key = s->key;
    bool good = true;

    while (r->nopen >= r->max_open) {
        size_t before = r->nopen;

        park_one(r);
        if (r->nopen == before)
            break;
    }
    if (s->phase == WAITING) {
        s->started = false;
        errno = 0;
        good = savefile_open(&s->file, s->path);
        if (!good) {
            s->file.state = SAVEFILE_FAILED;
            s->file.error = errno;
        }
    }
    s->phase = OPEN;
    r->nopen++;
    good = good && load(r, s);
    s->key = key;
    return good;
}

/* --- the merge ------------------------------------------------------------ */

static bool sooner(const struct reader *r, uint32_t a, uint32_t b)
{
    int64_t x = r->sources[a].key, y = r->sources[b].key;

    return x < y || (x == y && a < b);
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t was = *a;

    *a = *b;
    *b = was;
}

static void sift_down(struct reader *r, size_t i)
{
    for (;;) {
        size_t best = i, left = 2 * i + 1, right = left + 1;

        if (left < r->nheap && sooner(r, r->heap[left], r->heap[best]))
            best = left;
        if (right < r->nheap && sooner(r, r->heap[right], r->heap[best]))
            best = right;
        if (best == i)
            return;
        swap(&r->heap[i], &r->heap[best]);
        i = best;
    }
}

static void remove_first(struct reader *r)
{
    struct source *s = &r->sources[r->heap[0]];

    finish(r, s);
    if (s->file.path)
        input_close(&s->file.in);
    free(s->copy);
    s->copy = NULL;
    r->heap[0] = r->heap[--r->nheap];
    sift_down(r, 0);
}

bool reader_next(struct reader *r, struct raw *raw)
{
    if (r->delivered) {
        if (load(r, &r->sources[r->heap[0]]))
            sift_down(r, 0);
        else
            remove_first(r);
    }
    r->delivered = false;
    while (r->nheap) {
        struct source *s = &r->sources[r->heap[0]];

        if (s->phase == OPEN || resume(r, s)) {
            *raw = s->pending;
            r->counters.packets++;
            r->delivered = true;
            return true;
        }
        remove_first(r);
    }
    return false;
}

/* --- opening -------------------------------------------------------------- */

static bool explain(char *why, const char *path, const char *what, const char *advice)
{
    snprintf(why, READER_TEXT, "%s: %s; %s", path, what, advice);
    return false;
}

static bool can_reopen(const char *path)
{
    struct stat st;

    return strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool add(struct reader *r, const char *path, char *why)
{
    if (r->nsources == r->room) {
        size_t room = r->room ? r->room * 2 : 16;
        struct source *more = realloc(r->sources, room * sizeof *more);

        if (!more)
            return explain(why, path, "there is no memory for it", "name fewer files");
        r->sources = more;
        r->room = room;
    }
    r->sources[r->nsources] = (struct source){
        .path = strdup(path), .seekable = can_reopen(path), .file.in.fd = -1};
    if (!r->sources[r->nsources].path)
        return explain(why, path, "there is no memory for it", "name fewer files");
    r->nsources++;
    return true;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_capture(const char *path)
{
    struct savefile f;
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || !savefile_open(&f, path))
        return false;
    savefile_close(&f);
    return true;
}

static bool add_directory(struct reader *r, char *path, char *why)
{
    char *roots[] = {path, NULL};
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    size_t before = r->nsources;
    bool good = true;
    FTSENT *e;

    if (!tree)
        return explain(why, path, strerror(errno), "name a directory that can be read");
    while (good && (e = fts_read(tree))) {
        if (e->fts_info == FTS_D || e->fts_info == FTS_DP)
            continue;
        if (e->fts_info == FTS_F && is_capture(e->fts_path))
            good = add(r, e->fts_path, why);
        else
            r->counters.skipped++;
    }
    fts_close(tree);
    if (good && r->nsources == before)
        return explain(why, path, "there is no pcap or pcapng file in this directory",
                       "name one that holds captures");
    return good;
}

/* Why a file that was named cannot be opened. */
static bool explain_file(char *why, const char *path, int error)
{
    if (error)
        return explain(why, path, strerror(error),
                       "a capture that can be read was expected: check path and rights");
    return explain(why, path, "this is no capture",
                   "expected pcap or pcapng, gzip'd or not: convert it with editcap, or "
                   "leave it out");
}

static bool add_path(struct reader *r, const char *path, char *why)
{
    struct stat st;
    bool good;
    char *copy;

    for (size_t i = 0; i < r->nsources; i++)
        if (strcmp(path, "-") == 0 && strcmp(r->sources[i].path, "-") == 0)
            return explain(why, path, "standard input can be read only once",
                           "name it once");
    if (strcmp(path, "-") == 0)
        return add(r, path, why);
    if (stat(path, &st) != 0)
        return explain_file(why, path, errno);
    if (!S_ISDIR(st.st_mode))
        return add(r, path, why);
    copy = strdup(path);
    good = copy && add_directory(r, copy, why);
    free(copy);
    return good;
}

/*
 * Reads the first packet, to know its time.  What can be opened again waits
 * closed for its turn.
 */
static bool look_into(struct reader *r, struct source *s, char *why)
{
    errno = 0;
    if (!savefile_open(&s->file, s->path))
        return explain_file(why, s->path, errno);
    s->file.path = s->path;
    s->phase = OPEN;
    r->nopen++;
    if (!load(r, s)) {
        finish(r, s);
        input_close(&s->file.in);
        return true;
    }
    r->heap[r->nheap++] = (uint32_t)(s - r->sources);
    if (!s->seekable || r->nsources == 1)
        return true;
    savefile_close(&s->file);
    free(s->copy);
    s->copy = NULL;
    s->has_following = false;
    shut(r, s, WAITING);
    return true;
}

static bool open_all(struct reader *r, const char *const *paths, size_t n, char *why)
{
    if (n == 0)
        return explain(why, "replay", "no capture was named",
                       "name files, directories, or - for standard input");
    for (size_t i = 0; i < n; i++)
        if (!add_path(r, paths[i], why))
            return false;
    r->heap = calloc(r->nsources, sizeof r->heap[0]);
    if (!r->heap)
        return explain(why, paths[0], "there is no memory for it", "name fewer files");
    for (size_t i = 0; i < r->nsources; i++)
        if (!look_into(r, &r->sources[i], why))
            return false;
    r->counters.strange = 0; /* they are met again */
    for (size_t i = r->nheap; i-- > 0;)
        sift_down(r, i);
    return true;
}

struct reader *reader_open(const char *const *paths, size_t n,
                           const struct reader_options *options, char why[READER_TEXT])
{
    struct reader *r = calloc(1, sizeof *r);

    if (!r) {
        explain(why, "replay", "there is no memory", "free some");
        return NULL;
    }
    r->max_open = options && options->max_open ? options->max_open : MAX_OPEN_DEFAULT;
    if (open_all(r, paths, n, why))
        return r;
    reader_close(r);
    return NULL;
}

void reader_close(struct reader *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->nsources; i++) {
        struct source *s = &r->sources[i];

        savefile_close(&s->file);
        free(s->copy);
        free(s->path);
    }
    free(r->sources);
    free(r->heap);
    free(r);
}

/* --- questions ------------------------------------------------------------ */

size_t reader_sources(const struct reader *r)
{
    return r->nsources;
}

const char *reader_source_name(const struct reader *r, uint32_t source)
{
    return source < r->nsources ? r->sources[source].path : "?";
}

const struct reader_counters *reader_counters(const struct reader *r)
{
    return &r->counters;
}

bool reader_warning(const struct reader *r, uint32_t source, char out[READER_TEXT])
{
    const struct savefile *f = &r->sources[source].file;
    const char *path = r->sources[source].path;

    if (f->state == SAVEFILE_TRUNCATED)
        snprintf(out, READER_TEXT,
                 "%s: the file ends within packet %" PRIu64
                 "; all packets before it were read",
                 path, f->frames + 1);
    else if (f->state == SAVEFILE_DAMAGED)
        snprintf(out, READER_TEXT,
                 "%s: damaged after packet %" PRIu64
                 ": %s; the rest of the file was not read",
                 path, f->frames, f->damage);
    else if (f->state == SAVEFILE_FAILED)
        snprintf(out, READER_TEXT,
                 "%s: cannot be read after packet %" PRIu64
                 ": %s; the rest of the file is missing",
                 path, f->frames,
                 f->error ? strerror(f->error) : "it is no capture any more");
    else
        return false;
    return true;
}
