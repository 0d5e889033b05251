#ifndef SENSOR_CONFINE_H
#define SENSOR_CONFINE_H

/*
 * What the sensor gives up before the first packet, and cannot take back.
 *
 * In this order:
 *
 *     confine_user()    another user, CAP_NET_RAW alone, no new privileges, no core
 *     confine_files()   Landlock: reads what it was told, writes where it was told
 *     supervise()       forks the sensor, which inherits both
 *     ... open captures and sockets, start the threads, use once what loads files ...
 *     confine_thread()  seccomp, by each thread for itself, the last before its loop
 *
 * The first two come before the fork, so that a sensor started anew after a crash has
 * never had more, and can still open its interfaces (CAP_NET_RAW stays permitted
 * across a fork).  A thread inherits the filters of its maker: main starts every
 * thread before it confines itself.
 *
 * What opens files on first use (tzset(), OpenSSL, name services) must have been used
 * before a packet thread is confined: it is killed for openat().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFINE_TEXT = 320 };

enum confined {
    CONFINED_NO,    /* the reason is in the text: do not go on */
    CONFINED_YES,   /* all of it */
    CONFINED_PARTLY /* what is missing is in the text: go on, and tell it */
};

/*
 * Root becomes `user`; anybody else stays who he is.  Either way nothing stays but
 * CAP_NET_RAW; CONFINED_PARTLY when that is not at hand, so that no interface opens.
 * Takes from the system's user database: before threads and packets.
 */
enum confined confine_user(const char *user, char text[CONFINE_TEXT]);

/*
 * For root, before confine_user(): a directory that is the user's, mode 0750, made
 * when there is none (its parent must be there); one that is there keeps its mode.
 */
bool confine_directory(const char *path, const char *user, char text[CONFINE_TEXT]);

/*
 * Directories or files.  What there is no need to name: the system's own for reading
 * (/usr, /etc, /proc, /sys, name service sockets, credentials of systemd).
 */
struct confine_paths {
    const char *const *read; /* those that are missing are passed over */
    unsigned nread;
    const char *const *write; /* directories, which must be there */
    unsigned nwrite;
};

/*
 * Landlock, for this thread and all it starts: nothing else is read or written,
 * nothing executed, no TCP port listened on, no process outside signalled.  As far as
 * the kernel knows how; CONFINED_PARTLY when it has no Landlock.  Connecting to unix
 * sockets stays free.  Needs no_new_privs, so confine_user() first.
 */
enum confined confine_files(const struct confine_paths *paths, char text[CONFINE_TEXT]);

enum confine_role {
    CONFINE_CAPTURE,  /* opens and reads interfaces; cannot send: see confine_calls.c */
    CONFINE_WORKER,   /* computes; also for worker and analysis in one thread */
    CONFINE_ANALYSIS, /* computes */
    CONFINE_OUTPUT,   /* files, SQLite, connections, TLS, names, threads for them */
    CONFINE_MAIN,     /* the same, and unix sockets that listen */
    CONFINE_ROLES
};

/*
 * Seccomp for the calling thread.  Any other system call ends the process (SIGSYS) in
 * capture, worker and analysis, and is refused with EPERM and counted in output and
 * main.  Unblocks SIGSYS in the thread.  False with the reason in the text.
 *
 * Built with ASan or TSan it does nothing: they make calls of their own at any time.
 */
bool confine_thread(enum confine_role role, char text[CONFINE_TEXT]);

/* Whether confine_thread() does anything in this build. */
bool confine_enforces(void);

enum { CONFINE_NAME = 32 };

struct confine_refused {
    unsigned number; /* of the system call */
    uint64_t count;  /* refused so far */
    char name[CONFINE_NAME];
};

/*
 * A system call refused since the last time it was told, one at a time; false when
 * there is none (any more).  By main alone.
 */
bool confine_refused(struct confine_refused *out);

/* All of them, from any thread. */
uint64_t confine_refused_total(void);

#endif
