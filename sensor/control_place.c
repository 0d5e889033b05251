#include "sensor/control_place.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE = 0660 };

static bool fail(char why[CONTROL_TEXT], const char *what, const char *path)
{
    snprintf(why, CONTROL_TEXT, "%s %.120s: %s", what, path, strerror(errno));
    return false;
}

/* True when nobody listens there: it is gone then. */
static bool clear_place(const struct sockaddr_un *at, char why[CONTROL_TEXT])
{
    struct stat st;
    int fd, e;

    if (lstat(at->sun_path, &st) != 0)
        return errno == ENOENT || fail(why, "cannot look at", at->sun_path);
    if (!S_ISSOCK(st.st_mode)) {
        snprintf(why, CONTROL_TEXT, "%.120s is there and is no socket", at->sun_path);
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    e = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 ? 0 : errno;
    close(fd);
    if (e != ECONNREFUSED) {
        snprintf(why, CONTROL_TEXT, "a sensor is running already: it listens at %.120s",
                 at->sun_path);
        return false;
    }
    return unlink(at->sun_path) == 0 || fail(why, "cannot remove", at->sun_path);
}

/*
 * Nobody can connect before the group is set: until then the file is the owner's
 * alone.  A sensor that does not run as root leaves the group as it is.
 */
static bool give_rights(const char *path, const char *group, char why[CONTROL_TEXT])
{
    const struct group *g = group ? getgrnam(group) : NULL;

    if (g && chown(path, (uid_t)-1, g->gr_gid) != 0 && errno != EPERM)
        return fail(why, "cannot give away", path);
    return chmod(path, MODE) == 0 || fail(why, "cannot open up", path);
}

/* The file comes to be with the mode of its socket, and of it less what umask takes. */
static bool listen_at(int fd, struct control_place *p, const struct sockaddr_un *at,
                      const char *group, char why[CONTROL_TEXT])
{
    struct stat st;

    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
        bind(fd, (const struct sockaddr *)at, sizeof *at) != 0)
        return fail(why, "cannot listen at", at->sun_path);
    memcpy(p->path, at->sun_path, sizeof p->path);
    if (lstat(p->path, &st) == 0) {
        p->dev = st.st_dev;
        p->ino = st.st_ino;
    }
    return give_rights(p->path, group, why) &&
           (listen(fd, CONTROL_CLIENTS) == 0 || fail(why, "cannot listen at", p->path));
}

int place_take(struct control_place *p, const char *path, const char *group,
               char why[CONTROL_TEXT])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd;

    p->path[0] = '\0';
    if (strlen(path) >= sizeof at.sun_path) {
        snprintf(why, CONTROL_TEXT, "the path of a socket has at most %zu characters",
                 sizeof at.sun_path - 1);
        return -1;
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (!clear_place(&at, why))
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        fail(why, "cannot listen at", path);
    else if (listen_at(fd, p, &at, group, why))
        return fd;
    else
        close(fd);
    return -1;
}

void place_leave(const struct control_place *p)
{
    struct stat st;

    if (p->path[0] && lstat(p->path, &st) == 0 && st.st_dev == p->dev &&
        st.st_ino == p->ino)
        unlink(p->path);
}
