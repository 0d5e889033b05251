#include "sensor/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/clock.h"

enum { STAMP = 32, DIRECTORY_MODE = 0750, FILE_MODE = 0640 };

static bool fail(char why[SNAPSHOT_TEXT], const char *what, const char *path)
{
    snprintf(why, SNAPSHOT_TEXT, "cannot %s %.150s: %s", what, path, strerror(errno));
    return false;
}

/* ---- the directory ------------------------------------------------------------------ */

/* Unfinished ones count too: they take room. */
static unsigned count(const char *directory)
{
    DIR *dir = opendir(directory);
    struct dirent *e;
    unsigned n = 0;

    while (dir && (e = readdir(dir)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (dir)
        closedir(dir);
    return n;
}

bool snapshot_open(struct snapshot *s, const char *state, int64_t now,
                   char why[SNAPSHOT_TEXT])
{
    time_t seconds = now / NS_PER_S;
    char stamp[STAMP];
    struct tm tm;
    int len = snprintf(s->path, sizeof s->path, "%s/snapshots", state);

    if (len < 0 || (size_t)len + STAMP >= sizeof s->path) {
        errno = ENAMETOOLONG;
        return fail(why, "make", state);
    }
    if (mkdir(s->path, DIRECTORY_MODE) != 0 && errno != EEXIST)
        return fail(why, "make", s->path);
    if (count(s->path) >= SNAPSHOTS) {
        snprintf(why, SNAPSHOT_TEXT,
                 "there are %d snapshots already: remove some from %.150s", SNAPSHOTS,
                 s->path);
        return false;
    }
    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &tm);
    snprintf(s->path + len, sizeof s->path - (size_t)len, "/%s", stamp);
    snprintf(s->unfinished, sizeof s->unfinished, "%s.unfinished", s->path);
    if (access(s->path, F_OK) == 0)
        errno = EEXIST;
    else if (mkdir(s->unfinished, DIRECTORY_MODE) == 0)
        return true;
    return fail(why, "make", s->path);
}

/* Every file and the directory itself. */
static void sync_all(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int fd;

    while (dir && (e = readdir(dir))) {
        fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            continue;
        fsync(fd);
        close(fd);
    }
    if (dir)
        closedir(dir);
}

/* Only the files in it: there are no others. */
static void remove_all(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *e;

    while (dir && (e = readdir(dir)))
        unlinkat(dirfd(dir), e->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(path);
}

bool snapshot_close(const struct snapshot *s, bool ok, char why[SNAPSHOT_TEXT])
{
    if (!ok) {
        remove_all(s->unfinished);
        return true;
    }
    sync_all(s->unfinished);
    return rename(s->unfinished, s->path) == 0 || fail(why, "name", s->path);
}

/* ---- its parts ------------------------------------------------------------------------ */

const char *snapshot_part(const struct snapshot *s, const char *name, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%.*s/%s", PATH_MAX - 48, s->unfinished, name);
    return out;
}

bool snapshot_text(const struct snapshot *s, const char *name, struct bytes text,
                   char why[SNAPSHOT_TEXT])
{
    char path[PATH_MAX];
    int fd = open(snapshot_part(s, name, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                  FILE_MODE);
    ssize_t n = 0;

    while (fd >= 0 && text.len > 0 && (n = write(fd, text.at, text.len)) >= 0)
        text = (struct bytes){text.at + n, text.len - (size_t)n};
    if (fd < 0 || n < 0) {
        fail(why, "write", path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    return close(fd) == 0 || fail(why, "write", path);
}
