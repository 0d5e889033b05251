/*
 * Events as lines of a file; the file is rotated by size between two lines.
 *
 * The lane keeps which file it is and how much of it is delivered, and a batch of
 * lines is on disk before the cursor moves.  After a crash the file may hold more
 * than the lane knows: lines that are the next ones to come count as delivered, a
 * half line is cut off.  So no line is there twice, and none in half.
 */

#include "alerts/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 500, BYTES = 2 * 1024 * 1024, BATCHES = 4, RETRY = 1000 /* ms */ };

struct file_sink {
    struct sink sink;
    struct sink_file_config config;
    char path[PATH_MAX];
    int out;          /* -1: closed */
    bool regular;     /* it has a size and can be cut */
    bool found;       /* it could be opened once: what fails later is tried again */
    int64_t retry_at; /* ms */
    size_t len;
    unsigned n;
    bool must_rotate;
    struct stream_id ids[BATCH];
    int64_t sequences[BATCH];
    char bytes[BYTES];
};

static struct lane *lane_of(struct file_sink *f)
{
    return &f->sink.outbox->lanes[f->sink.lanes[0]];
}

static bool fail(struct file_sink *f, const char *what, const char *path)
{
    f->sink.counters.errors++;
    snprintf(f->sink.error, sizeof f->sink.error, "%s %.120s: %s", what, path,
             strerror(errno));
    return false;
}

static void note_size(struct file_sink *f, uint64_t file, uint64_t size)
{
    struct lane *l = lane_of(f);

    l->changed |= l->file != file || l->size != size;
    l->file = file;
    l->size = size;
}

/* ---- what a crash left ------------------------------------------------------------- */

/* How the file goes on at `at`. */
enum tail { TAIL_SAME, TAIL_HALF, TAIL_OTHER, TAIL_END };

static enum tail tail_at(struct file_sink *f, uint64_t at, struct bytes line)
{
    ssize_t n;

    if (line.len > sizeof f->bytes)
        return TAIL_OTHER;
    n = pread(f->out, f->bytes, line.len, (off_t)at);
    if (n <= 0)
        return TAIL_END;
    if (memcmp(f->bytes, line.at, (size_t)n) != 0)
        return TAIL_OTHER;
    return (size_t)n == line.len ? TAIL_SAME : TAIL_HALF;
}

/* Lines behind what the lane knows of, as far as they are its next ones. */
static bool adopt_tail(struct file_sink *f, uint64_t size)
{
    struct outbox *b = f->sink.outbox;
    unsigned lane = f->sink.lanes[0];
    uint64_t at = lane_of(f)->size;
    enum tail tail = TAIL_SAME;
    struct outbox_row row;

    outbox_read(b, lane, id_after(lane_of(f)->cursor));
    while (tail == TAIL_SAME && outbox_row(b, &row)) {
        tail = tail_at(f, at, row.line);
        if (tail != TAIL_SAME)
            continue;
        at += row.line.len;
        sink_delivered(&f->sink, lane, row.id, row.sequence);
    }
    outbox_stop(b);
    if (tail == TAIL_HALF && ftruncate(f->out, (off_t)at) < 0)
        return fail(f, "cannot cut", f->path);
    note_size(f, lane_of(f)->file, tail == TAIL_HALF ? at : size);
    return fdatasync(f->out) == 0 || fail(f, "cannot write", f->path);
}

/* Somebody's half line gets an end. */
static bool end_line(struct file_sink *f, uint64_t *size)
{
    char last = '\n';

    if (*size == 0 || pread(f->out, &last, 1, (off_t)*size - 1) != 1 || last == '\n')
        return true;
    if (write(f->out, "\n", 1) != 1)
        return fail(f, "cannot write", f->path);
    (*size)++;
    return true;
}

static bool recover(struct file_sink *f, const struct stat *st)
{
    struct lane *l = lane_of(f);
    uint64_t size = (uint64_t)st->st_size;

    if (l->file == (uint64_t)st->st_ino && l->size <= size) {
        if (l->size < size && !adopt_tail(f, size))
            return false;
        size = l->size;
    }
    if (!end_line(f, &size))
        return false;
    note_size(f, (uint64_t)st->st_ino, size);
    return outbox_commit(f->sink.outbox) ||
           fail(f, "the outbox takes nothing for", f->path);
}

static void close_file(struct file_sink *f)
{
    if (f->out >= 0)
        close(f->out);
    f->out = -1;
    f->sink.connected = false;
}

static bool open_path(struct file_sink *f)
{
    struct stat st;

    f->out = open(f->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (f->out < 0 && errno != EACCES)
        f->out = open(f->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);
    if (f->out < 0 || fstat(f->out, &st) < 0) {
        fail(f, "cannot open", f->path);
        close_file(f);
        return false;
    }
    f->regular = S_ISREG(st.st_mode);
    f->found = true;
    if (f->regular && !recover(f, &st)) {
        close_file(f);
        return false;
    }
    f->sink.connected = true;
    return true;
}

/* ---- writing ----------------------------------------------------------------------- */

/* PATH.2 becomes PATH.3, PATH.1 PATH.2, PATH PATH.1; the last one is lost. */
static bool rotate(struct file_sink *f)
{
    char from[PATH_MAX + 16], to[PATH_MAX + 16];

    if (!outbox_commit(f->sink.outbox))
        return fail(f, "the outbox takes nothing for", f->path);
    close_file(f);
    for (unsigned n = f->config.keep; n > 0; n--) {
        snprintf(to, sizeof to, "%s.%u", f->path, n);
        snprintf(from, sizeof from, n > 1 ? "%s.%u" : "%s", f->path, n - 1);
        if (rename(from, to) < 0 && errno != ENOENT)
            fail(f, "cannot rename", from);
    }
    if (f->config.keep == 0 && remove(f->path) < 0)
        fail(f, "cannot remove", f->path);
    return open_path(f);
}

/* The file as it is: somebody may have emptied it. */
static void look_at_size(struct file_sink *f)
{
    struct stat st;

    if (f->regular && fstat(f->out, &st) == 0)
        note_size(f, (uint64_t)st.st_ino, (uint64_t)st.st_size);
}

static bool is_too_long(const struct file_sink *f, uint64_t size, size_t len)
{
    return f->config.rotate && f->regular && size > 0 && size + len > f->config.rotate;
}

/* The next lines that wait, up to where the file must be rotated. */
static void gather(struct file_sink *f)
{
    struct outbox *b = f->sink.outbox;
    struct outbox_row row;

    f->len = f->n = 0;
    f->must_rotate = false;
    outbox_read(b, f->sink.lanes[0], id_after(lane_of(f)->cursor));
    while (f->n < BATCH && outbox_row(b, &row)) {
        if (f->len + row.line.len > sizeof f->bytes)
            break;
        f->must_rotate = is_too_long(f, lane_of(f)->size + f->len, row.line.len);
        if (f->must_rotate)
            break;
        memcpy(f->bytes + f->len, row.line.at, row.line.len);
        f->len += row.line.len;
        f->ids[f->n] = row.id;
        f->sequences[f->n++] = row.sequence;
    }
    outbox_stop(b);
}

static bool write_all(struct file_sink *f)
{
    for (size_t at = 0; at < f->len;) {
        ssize_t n = write(f->out, f->bytes + at, f->len - at);

        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return fdatasync(f->out) == 0 || !f->regular;
}

static bool write_batch(struct file_sink *f)
{
    if (f->len == 0)
        return true;
    if (!write_all(f)) {
        fail(f, "cannot write", f->path);
        if (f->regular && ftruncate(f->out, (off_t)lane_of(f)->size) < 0)
            fail(f, "cannot cut", f->path);
        return false;
    }
    for (unsigned i = 0; i < f->n; i++)
        sink_delivered(&f->sink, f->sink.lanes[0], f->ids[i], f->sequences[i]);
    note_size(f, lane_of(f)->file, lane_of(f)->size + f->len);
    return true;
}

static bool deliver(struct file_sink *f)
{
    for (unsigned i = 0; i < BATCHES && lane_of(f)->waiting > 0; i++) {
        look_at_size(f);
        gather(f);
        if (!write_batch(f) || (f->must_rotate && !rotate(f)))
            return false;
    }
    return true;
}

static void file_turn(struct sink *s, int64_t now)
{
    struct file_sink *f = (struct file_sink *)s;

    if (now < f->retry_at)
        return;
    if ((f->out >= 0 || open_path(f)) && deliver(f)) {
        s->due = lane_of(f)->waiting > 0 ? now : INT64_MAX;
        s->error[0] = '\0';
        return;
    }
    s->due = f->retry_at = now + RETRY;
}

static void file_reopen(struct sink *s)
{
    struct file_sink *f = (struct file_sink *)s;

    outbox_commit(s->outbox);
    close_file(f);
    f->retry_at = 0;
    open_path(f);
}

static void file_close(struct sink *s)
{
    struct file_sink *f = (struct file_sink *)s;

    outbox_commit(s->outbox);
    close_file(f);
    free(f);
}

static const struct sink_type file_type = {"file", file_turn, file_reopen, file_close};

struct sink *sink_file_open(const struct sink_file_config *config, struct outbox *outbox,
                            char error[SINK_ERROR])
{
    struct file_sink *f = calloc(1, sizeof *f);

    if (!f) {
        snprintf(error, SINK_ERROR, "no memory for a file output");
        return NULL;
    }
    f->sink = (struct sink){.type = &file_type, .outbox = outbox, .nlanes = 1, .fd = -1};
    f->config = *config;
    f->out = -1;
    f->sink.lanes[0] = outbox_lane(outbox, config->name);
    if (f->sink.lanes[0] < OUTBOX_LANES &&
        snprintf(f->path, sizeof f->path, "%s", config->path) < (int)sizeof f->path &&
        (open_path(f) || f->found))
        return &f->sink;
    snprintf(error, SINK_ERROR, "%.190s",
             f->sink.error[0]   ? f->sink.error
             : outbox->error[0] ? outbox->error
                                : "its path is too long, or there are too many outputs");
    free(f);
    return NULL;
}
