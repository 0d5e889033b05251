/*
 * mutes.json: what is muted outlives the sensor.
 */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/mutes.h"

/* ---- reading --------------------------------------------------------------------- */

static bool take_text(char *out, size_t size, const json_t *from, const char *name)
{
    const char *text = json_string_value(json_object_get(from, name));

    return text && (size_t)snprintf(out, size, "%s", text) < size;
}

static bool take_time(int64_t *out, const json_t *from, const char *name)
{
    const json_t *value = json_object_get(from, name);

    *out = json_integer_value(value);
    return json_is_integer(value) && *out >= 0;
}

static bool take_root(uint64_t *out, const json_t *from)
{
    const char *text = json_string_value(json_object_get(from, "root_cause"));
    char *end;

    *out = 0;
    if (!json_object_get(from, "root_cause"))
        return true;
    if (!text || strspn(text, "0123456789abcdef") != 16 || text[16])
        return false;
    *out = strtoull(text, &end, 16);
    return *out != 0;
}

static bool take(struct mute *m, const json_t *from)
{
    int64_t uid, suppressed;
    bool ok = take_text(m->what, sizeof m->what, from, "what") && m->what[0] &&
              take_text(m->who, sizeof m->who, from, "who") &&
              take_text(m->why, sizeof m->why, from, "why") &&
              take_time(&m->since, from, "since") &&
              take_time(&m->until, from, "until") && take_time(&uid, from, "uid") &&
              uid <= UINT32_MAX && take_time(&suppressed, from, "suppressed") &&
              take_root(&m->root, from);

    if (ok) {
        m->uid = (uint32_t)uid;
        m->suppressed = (uint64_t)suppressed;
        m->critical = json_is_true(json_object_get(from, "critical"));
    }
    return ok;
}

static void take_all(struct mutes *m, const json_t *list, const struct place *at,
                     struct diagnostics *d)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
    {
        struct mute mute = {0};

        if (!take(&mute, one))
            diagnostics_error(d, at, "mute %zu is not what this version writes", i + 1);
        else if (!mutes_add(m, &mute))
            diagnostics_error(d, at, "more than %d mutes: %s is let go", MUTES_MAX,
                              mute.what);
    }
}

bool mutes_load(struct mutes *m, const char *path, struct diagnostics *d)
{
    unsigned errors = d->errors;
    const struct source *s;
    struct place at = {0};
    json_error_t error;
    json_t *file;

    *m = (struct mutes){0};
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    s = diagnostics_read(d, path);
    if (!s)
        return false;
    at.source = s;
    file =
        json_loadb((const char *)s->text.at, s->text.len, JSON_REJECT_DUPLICATES, &error);
    if (!file)
        at.line = (uint32_t)error.line;
    if (!json_is_array(json_object_get(file, "mutes")))
        diagnostics_error(d, &at, "no list of mutes%s%.120s", file ? "" : ": ",
                          file ? "" : error.text);
    else
        take_all(m, json_object_get(file, "mutes"), &at, d);
    json_decref(file);
    return d->errors == errors;
}

/* ---- writing ----------------------------------------------------------------------- */

static json_t *pack(const struct mute *m)
{
    char root[17];
    json_t *one =
        json_pack("{s:s, s:b, s:s, s:I, s:s, s:I, s:I, s:I}", "what", m->what, "critical",
                  m->critical, "who", m->who, "uid", (json_int_t)m->uid, "why", m->why,
                  "since", (json_int_t)m->since, "until", (json_int_t)m->until,
                  "suppressed", (json_int_t)m->suppressed);

    snprintf(root, sizeof root, "%016llx", (unsigned long long)m->root);
    if (one && m->root)
        json_object_set_new(one, "root_cause", json_string(root));
    return one;
}

static bool write_to(int fd, const struct mutes *m)
{
    json_t *file = json_pack("{s:i, s:[]}", "version", 1, "mutes");
    json_t *list = json_object_get(file, "mutes");
    bool ok = list != NULL;

    for (unsigned i = 0; i < m->n && ok; i++)
        ok = json_array_append_new(list, pack(&m->list[i])) == 0;
    ok = ok && json_dumpfd(file, fd, JSON_INDENT(2)) == 0 && fsync(fd) == 0;
    json_decref(file);
    return ok;
}

/* A new name lasts when its directory is on disk. */
static void sync_directory(const char *path)
{
    char copy[PATH_MAX];
    int fd;

    snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

bool mutes_save(const struct mutes *m, const char *path, char why[MUTES_TEXT])
{
    char fresh[PATH_MAX];
    bool ok;
    int fd;

    snprintf(fresh, sizeof fresh, "%s.new", path);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
              S_IRUSR | S_IWUSR | S_IRGRP);
    ok = fd >= 0 && write_to(fd, m);
    if (fd >= 0)
        ok &= close(fd) == 0;
    ok = ok && rename(fresh, path) == 0;
    if (ok)
        sync_directory(path);
    else
        snprintf(why, MUTES_TEXT, "cannot write %.120s: %s", path, strerror(errno));
    return ok;
}
