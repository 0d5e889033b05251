/* Events as lines of a file; the file is rotated by size between two lines. */

#include "alerts/sink.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct file_sink {
    struct sink sink;
    struct sink_file_config config;
    char path[PATH_MAX];
    FILE *out;
    uint64_t size; /* of the file so far */
};

static void fail(struct sink *s, const char *what, const char *path)
{
    s->counters.errors++;
    snprintf(s->error, sizeof s->error, "%s %.120s: %s", what, path, strerror(errno));
}

static bool open_path(struct file_sink *f)
{
    struct stat st;

    f->out = fopen(f->path, "ae");
    if (!f->out) {
        fail(&f->sink, "cannot open", f->path);
        return false;
    }
    f->size = fstat(fileno(f->out), &st) == 0 ? (uint64_t)st.st_size : 0;
    return true;
}

/* PATH.2 becomes PATH.3, PATH.1 PATH.2, PATH PATH.1; the last one is lost. */
static void rotate(struct file_sink *f)
{
    char from[PATH_MAX + 16], to[PATH_MAX + 16];

    fclose(f->out);
    f->out = NULL;
    for (unsigned n = f->config.keep; n > 0; n--) {
        snprintf(to, sizeof to, "%s.%u", f->path, n);
        snprintf(from, sizeof from, n > 1 ? "%s.%u" : "%s", f->path, n - 1);
        if (rename(from, to) < 0 && errno != ENOENT)
            fail(&f->sink, "cannot rename", from);
    }
    if (f->config.keep == 0 && remove(f->path) < 0)
        fail(&f->sink, "cannot remove", f->path);
    open_path(f);
}

static void file_put(struct sink *s, const struct event *e)
{
    struct file_sink *f = (struct file_sink *)s;

    if (f->config.rotate && f->size > 0 && f->size + e->line.len > f->config.rotate)
        rotate(f);
    if (!f->out && !open_path(f)) {
        s->counters.dropped++;
        s->counters.dropped_by_severity[e->severity]++;
        return;
    }
    if (fwrite(e->line.at, 1, e->line.len, f->out) != e->line.len) {
        fail(s, "cannot write", f->path);
        s->counters.dropped++;
        s->counters.dropped_by_severity[e->severity]++;
        clearerr(f->out);
        return;
    }
    f->size += e->line.len;
    s->counters.delivered++;
}

static bool flush(struct sink *s)
{
    struct file_sink *f = (struct file_sink *)s;

    if (f->out && fflush(f->out) == 0)
        return true;
    fail(s, "cannot write", f->path);
    if (f->out)
        clearerr(f->out);
    return false;
}

static void file_poll(struct sink *s)
{
    flush(s);
}

static bool file_flush(struct sink *s, unsigned ms)
{
    (void)ms;
    return flush(s);
}

static void file_close(struct sink *s)
{
    struct file_sink *f = (struct file_sink *)s;

    if (f->out && f->out != stdout)
        fclose(f->out);
    else if (f->out)
        fflush(f->out);
    free(f);
}

static const struct sink_type file_type = {"file", file_put, file_poll, file_flush,
                                           file_close};

bool sink_file_reopen(struct sink *s)
{
    struct file_sink *f = (struct file_sink *)s;

    if (!f->config.path)
        return true;
    if (f->out)
        fclose(f->out);
    return open_path(f);
}

struct sink *sink_file_open(const struct sink_file_config *config, unsigned what,
                            char error[SINK_ERROR])
{
    struct file_sink *f = calloc(1, sizeof *f);

    if (!f) {
        snprintf(error, SINK_ERROR, "no memory for a file output");
        return NULL;
    }
    f->sink = (struct sink){.type = &file_type, .what = what};
    f->config = *config;
    if (!config->path) {
        snprintf(f->path, sizeof f->path, "standard output");
        f->config.rotate = 0;
        f->out = stdout;
        return &f->sink;
    }
    if (snprintf(f->path, sizeof f->path, "%s", config->path) < (int)sizeof f->path &&
        open_path(f))
        return &f->sink;
    snprintf(error, SINK_ERROR, "%s",
             f->sink.error[0] ? f->sink.error : "the path of a file output is too long");
    free(f);
    return NULL;
}
