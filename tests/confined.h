#ifndef TESTS_CONFINED_H
#define TESTS_CONFINED_H

/*
 * Forbidden things, really done, each in a process of its own.
 *
 * A child that finds something not as it must be says where and exits with 1; what
 * ends by SIGSYS has been ended by the confinement.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sensor/confine.h"
#include "tests/unit.h"

#define MUST(x) must(x, __LINE__, #x)

/* Ends the child when something is not as it must be. */
static inline void must(bool good, int line, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "# line %d: %s: %s\n", line, what, strerror(errno));
    _exit(1);
}

static char text[CONFINE_TEXT];

/* Its wait status. */
static inline int in_child(void (*job)(void))
{
    struct rlimit none = {0, 0};
    pid_t pid;
    int status;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &none);
        job();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static inline void assert_fine(void (*job)(void))
{
    int status = in_child(job);

    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* With all its rights: a container may take some away. */
static inline bool is_root(void)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);

    if (fd >= 0)
        close(fd);
    return fd >= 0 && geteuid() == 0;
}

/* ---- a directory to work in ------------------------------------------------------ */

static char folder[] = "/tmp/confine-XXXXXX";

static inline int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#endif
