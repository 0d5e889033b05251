/*
 * User and capabilities: capabilities(7), credentials(7), libcap-ng.
 *
 * CAP_NET_RAW stays permitted and effective, which a fork keeps.  It is neither
 * inheritable nor ambient and gone from the bounding set: only an execve would need
 * that, and there is none.
 */

#include "sensor/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/confine_build.h"

__attribute__((format(printf, 2, 3))) static bool refuse(char text[CONFINE_TEXT],
                                                         const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, CONFINE_TEXT, format, arguments);
    va_end(arguments);
    return false;
}

static const char no_user[] =
    "there is no user \"%s\": make it with \"useradd --system --user-group "
    "--no-create-home --shell /usr/sbin/nologin %s\", or with systemd-sysusers and the "
    "line: u %s - \"Sightglass sensor\"";

/* NULL with the reason in the text. */
static const struct passwd *look_up(const char *user, char text[CONFINE_TEXT])
{
    const struct passwd *found = getpwnam(user);

    if (!found)
        refuse(text, no_user, user, user, user);
    else if (found->pw_uid == 0)
        refuse(text, "the user \"%s\" is root: name one without rights", user);
    return found && found->pw_uid != 0 ? found : NULL;
}

/* Nothing but CAP_NET_RAW, and that only when it is at hand; says whether it is. */
static bool select_rights(void)
{
    bool raw;

    capng_get_caps_process();
    raw = capng_have_capability(CAPNG_PERMITTED, CAP_NET_RAW) != 0;
    capng_clear(CAPNG_SELECT_CAPS);
    if (raw)
        capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_RAW);
    return raw;
}

static bool become(const struct passwd *user, char text[CONFINE_TEXT])
{
    uid_t uid = user->pw_uid;
    gid_t gid = user->pw_gid;
    int rc;

    if (initgroups(user->pw_name, gid) != 0)
        return refuse(text, "cannot take over the groups of \"%s\": %s", user->pw_name,
                      strerror(errno));
    rc = capng_change_id((int)uid, (int)gid, CAPNG_CLEAR_BOUNDING);
    if (rc != 0)
        return refuse(text, "cannot become \"%s\": step %d of libcap-ng failed: %s",
                      user->pw_name, -rc, strerror(errno));
    if (getuid() != uid || geteuid() != uid || getgid() != gid || setuid(0) == 0)
        return refuse(text, "became \"%s\", and could become root again", user->pw_name);
    return true;
}

/*
 * A core file would hold passwords and the plant's traffic; the packets at hand are
 * kept by the supervisor instead.  LeakSanitizer must be able to trace its process.
 */
static bool shut(char text[CONFINE_TEXT])
{
    static const struct rlimit none = {0, 0};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        setrlimit(RLIMIT_CORE, &none) != 0 ||
        (!CONFINE_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0))
        return refuse(text, "cannot give up privileges for good: %s", strerror(errno));
    return true;
}

/* Root becomes the user, everybody gives up capabilities; *raw: CAP_NET_RAW is left. */
static bool step_down(const char *user, bool *raw, char text[CONFINE_TEXT])
{
    const struct passwd *found = NULL;

    if (geteuid() == 0 && !(found = look_up(user, text)))
        return false;
    *raw = select_rights();
    if (found)
        return become(found, text);
    return capng_apply(CAPNG_SELECT_CAPS) == 0 ||
           refuse(text, "cannot give up capabilities: %s", strerror(errno));
}

enum confined confine_user(const char *user, char text[CONFINE_TEXT])
{
    bool raw;

    text[0] = '\0';
    if (!step_down(user, &raw, text) || !shut(text))
        return CONFINED_NO;
    if (raw)
        return CONFINED_YES;
    refuse(text,
           "CAP_NET_RAW is not at hand, so no interface can be opened: start as root, "
           "or with AmbientCapabilities=CAP_NET_RAW of systemd");
    return CONFINED_PARTLY;
}

bool confine_directory(const char *path, const char *user, char text[CONFINE_TEXT])
{
    const struct passwd *owner = look_up(user, text);
    struct stat s;

    if (!owner)
        return false;
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return refuse(text, "cannot make %s: %s", path, strerror(errno));
    if (lstat(path, &s) != 0 || !S_ISDIR(s.st_mode))
        return refuse(text, "%s is no directory", path);
    if (s.st_uid != owner->pw_uid && lchown(path, owner->pw_uid, owner->pw_gid) != 0)
        return refuse(text, "cannot give %s to \"%s\": %s", path, user, strerror(errno));
    return true;
}
