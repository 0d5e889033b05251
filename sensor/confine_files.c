/*
 * Landlock: "Landlock: unprivileged access control", Documentation/userspace-api of
 * Linux.  libc has no wrappers; the header of the build machine may be older than the
 * kernel, so what came after the first version stands here.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sensor/confine.h"
#include "sensor/core/bytes.h"

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL = 5, ABI_SCOPE = 6 };

static const uint64_t refer = UINT64_C(1) << 13, truncate_file = UINT64_C(1) << 14,
                      ioctl_device = UINT64_C(1) << 15;
static const uint64_t bind_tcp = 1, scope_signal = 2;

/* All of the first version: execute (bit 0) to making symbolic links (bit 12). */
static const uint64_t first_version = (UINT64_C(1) << 13) - 1;

static const uint64_t reading =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t writing =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK;
/* What a file, not a directory, may be given: to execute, write, read, and bits 14, 15. */
static const uint64_t of_files = UINT64_C(7) | UINT64_C(3) << 14;

/* Libraries, certificates, names, time zones, interfaces; what is missing is no harm. */
static const char *const of_the_system[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc",
    "/proc",
    "/sys",
    "/run/systemd/resolve",
    "/run/nscd",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/run/credentials",
    "/dev/urandom",
};

/* As the kernel has it today; an older one is told a shorter length. */
struct ruleset {
    uint64_t files, net, scoped;
};

static struct ruleset all_of(long abi)
{
    struct ruleset all = {.files = first_version};

    if (abi >= ABI_REFER)
        all.files |= refer;
    if (abi >= ABI_TRUNCATE)
        all.files |= truncate_file;
    if (abi >= ABI_IOCTL)
        all.files |= ioctl_device;
    if (abi >= ABI_NET)
        all.net = bind_tcp;
    if (abi >= ABI_SCOPE)
        all.scoped = scope_signal;
    return all;
}

static size_t ruleset_size(long abi)
{
    if (abi >= ABI_SCOPE)
        return sizeof(struct ruleset);
    return abi >= ABI_NET ? offsetof(struct ruleset, scoped)
                          : offsetof(struct ruleset, net);
}

static enum confined fail(char text[CONFINE_TEXT], const char *what, const char *about)
{
    snprintf(text, CONFINE_TEXT, "Landlock: cannot %s%s: %s", what, about,
             strerror(errno));
    return CONFINED_NO;
}

/* False with errno; ENOENT when there is no such file. */
static bool allow(int rules, const char *path, uint64_t access)
{
    struct landlock_path_beneath_attr beneath = {.allowed_access = access};
    struct stat s;
    bool good;
    int error;

    beneath.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (beneath.parent_fd < 0)
        return false;
    good = fstat(beneath.parent_fd, &s) == 0;
    if (good && !S_ISDIR(s.st_mode))
        beneath.allowed_access &= of_files;
    good = good && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
                           &beneath, 0) == 0;
    error = errno;
    close(beneath.parent_fd);
    errno = error;
    return good;
}

static enum confined allow_all(int rules, const struct ruleset *all,
                               const struct confine_paths *paths, char text[CONFINE_TEXT])
{
    uint64_t more = writing | (all->files & (refer | truncate_file));

    for (size_t i = 0; i < COUNT_OF(of_the_system); i++)
        (void)allow(rules, of_the_system[i], reading);
    for (unsigned i = 0; i < paths->nread; i++) {
        if (!allow(rules, paths->read[i], reading) && errno != ENOENT)
            return fail(text, "allow to read ", paths->read[i]);
    }
    for (unsigned i = 0; i < paths->nwrite; i++) {
        if (!allow(rules, paths->write[i], more))
            return fail(text, "allow to write to ", paths->write[i]);
    }
    if (!allow(rules, "/dev/null", more))
        return fail(text, "allow to write to ", "/dev/null");
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        return fail(text, "close the door", "");
    return CONFINED_YES;
}

enum confined confine_files(const struct confine_paths *paths, char text[CONFINE_TEXT])
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset all = all_of(abi);
    enum confined done;
    int rules;

    text[0] = '\0';
    if (abi < 1) {
        snprintf(
            text, CONFINE_TEXT,
            "the kernel has no Landlock (%s): files are guarded by their owners alone",
            errno == EOPNOTSUPP ? "switched off" : strerror(errno));
        return CONFINED_PARTLY;
    }
    rules = (int)syscall(SYS_landlock_create_ruleset, &all, ruleset_size(abi), 0);
    if (rules < 0)
        return fail(text, "begin", "");
    done = allow_all(rules, &all, paths, text);
    close(rules);
    return done;
}
