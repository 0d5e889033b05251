/*
 * User, capabilities and files: what is left, and that the rest is gone.
 */

#include "sensor/confine.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "sensor/core/bytes.h"
#include "tests/confined.h"

/* ---- user and capabilities --------------------------------------------------- */

/* A hexadecimal line of /proc/self/status. */
static unsigned long long status_of(const char *name)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    unsigned long long value = ~0ULL;

    MUST(f);
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtoull(line + strlen(name) + 1, NULL, 16);
    }
    fclose(f);
    return value;
}

static void opens_an_interface(void)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);

    MUST(fd >= 0);
    close(fd);
}

static void become_nobody(void)
{
    static const unsigned long long net_raw = 1ULL << 13;
    int status;
    pid_t pid;

    MUST(confine_user("nobody", text) == CONFINED_YES);
    MUST(getuid() != 0 && geteuid() != 0 && getgid() != 0);
    MUST(setuid(0) != 0 && setgid(0) != 0);
    MUST(status_of("CapEff:") == net_raw && status_of("CapPrm:") == net_raw);
    MUST(status_of("CapBnd:") == 0 && status_of("CapInh:") == 0);
    MUST(status_of("CapAmb:") == 0 && status_of("NoNewPrivs:") == 1);
    MUST(!confine_enforces() || prctl(PR_GET_DUMPABLE) == 0);
    MUST(open("/etc/shadow", O_RDONLY) < 0);
    opens_an_interface();
    pid = fork();
    if (pid == 0) {
        opens_an_interface();
        _exit(0);
    }
    MUST(waitpid(pid, &status, 0) == pid && status == 0);
}

static void root_becomes_the_user_and_keeps_net_raw_alone(void **state)
{
    (void)state;
    if (!is_root())
        skip();
    assert_fine(become_nobody);
}

static void without_a_user_or_as_root_it_does_not_start(void **state)
{
    (void)state;
    if (!is_root())
        skip();
    assert_int_equal(confine_user("sightglass-none", text), CONFINED_NO);
    assert_non_null(strstr(text, "useradd --system"));
    assert_non_null(strstr(text, "u sightglass-none - "));
    assert_int_equal(confine_user("root", text), CONFINED_NO);
    assert_non_null(strstr(text, "is root"));
    assert_int_equal(geteuid(), 0);
}

static void start_without_rights(void)
{
    if (geteuid() == 0)
        MUST(setgid(65534) == 0 && setuid(65534) == 0);
    MUST(confine_user("whoever", text) == CONFINED_PARTLY);
    MUST(strstr(text, "CAP_NET_RAW") && strstr(text, "AmbientCapabilities"));
    MUST(status_of("NoNewPrivs:") == 1 && status_of("CapPrm:") == 0);
}

static void somebody_else_stays_who_he_is_and_is_told_what_lacks(void **state)
{
    (void)state;
    assert_fine(start_without_rights);
}

static void directories_are_made_for_the_user(void **state)
{
    char path[64], file[80];
    struct stat s;

    (void)state;
    if (!is_root())
        skip();
    snprintf(path, sizeof path, "%s/state", folder);
    assert_true(confine_directory(path, "nobody", text));
    assert_true(confine_directory(path, "nobody", text));
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_uid, 65534);
    assert_int_equal(s.st_mode & 07777, 0750);
    snprintf(file, sizeof file, "%s/none/state", folder);
    assert_false(confine_directory(file, "nobody", text));
    snprintf(file, sizeof file, "%s/link", folder);
    assert_int_equal(symlink("/etc", file), 0);
    assert_false(confine_directory(file, "nobody", text));
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(path), 0);
}

/* ---- files ---------------------------------------------------------------------- */

static int make(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static void within(void)
{
    MUST(close(make("in/file")) == 0);
    MUST(mkdir("in/sub", 0700) == 0);
    MUST(rename("in/file", "in/sub/file") == 0);
    MUST(truncate("in/sub/file", 10) == 0);
    MUST(unlink("in/sub/file") == 0 && rmdir("in/sub") == 0);
    MUST(close(open("/etc/passwd", O_RDONLY)) == 0);
    MUST(close(open("shown", O_RDONLY)) == 0);
    MUST(close(open("/dev/null", O_WRONLY | O_TRUNC)) == 0);
}

static void outside(void)
{
    char *const words[] = {(char *)(uintptr_t) "true", NULL};

    MUST(make("new") < 0 && errno == EACCES);
    MUST(make("hidden") < 0 && errno == EACCES);
    MUST(make("/etc/new") < 0 && errno == EACCES);
    MUST(open("hidden", O_RDONLY) < 0 && errno == EACCES);
    MUST(open("shown", O_WRONLY) < 0 && errno == EACCES);
    MUST(unlink("hidden") != 0 && errno == EACCES);
    MUST(mkdir("sub", 0700) != 0 && errno == EACCES);
    MUST(symlink("/etc/passwd", "in/link") != 0 && errno == EACCES);
    MUST(execv("/bin/true", words) != 0 && errno == EACCES);
}

static void guard_files(void)
{
    static const char *const read[] = {"shown", "missing"}, *const write[] = {"in"};
    const struct confine_paths paths = {read, COUNT_OF(read), write, COUNT_OF(write)};
    enum confined done;

    MUST(chdir(folder) == 0 && mkdir("in", 0700) == 0);
    MUST(close(make("hidden")) == 0 && close(make("shown")) == 0);
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    done = confine_files(&paths, text);
    if (done == CONFINED_PARTLY)
        _exit(77);
    MUST(done == CONFINED_YES);
    within();
    outside();
}

static void files_are_written_where_it_was_told_and_nowhere_else(void **state)
{
    char command[128];
    int status;

    (void)state;
    status = in_child(guard_files);
    snprintf(command, sizeof command, "rm -rf %s/in %s/hidden %s/shown", folder, folder,
             folder);
    assert_int_equal(system(command), 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

static void guard_nothing(void)
{
    static const char *const write[] = {"/tmp/confine-is-not-there"};
    const struct confine_paths paths = {NULL, 0, write, 1};

    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    switch (confine_files(&paths, text)) {
    case CONFINED_NO:
        MUST(strstr(text, "cannot allow to write to /tmp/confine-is-not-there"));
        break;
    default:
        MUST(strstr(text, "no Landlock"));
    }
}

static void a_directory_that_is_missing_is_named(void **state)
{
    (void)state;
    assert_fine(guard_nothing);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_becomes_the_user_and_keeps_net_raw_alone),
        cmocka_unit_test(without_a_user_or_as_root_it_does_not_start),
        cmocka_unit_test(somebody_else_stays_who_he_is_and_is_told_what_lacks),
        cmocka_unit_test(directories_are_made_for_the_user),
        cmocka_unit_test(files_are_written_where_it_was_told_and_nowhere_else),
        cmocka_unit_test(a_directory_that_is_missing_is_named),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
