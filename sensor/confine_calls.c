/*
 * Seccomp: the system calls of each kind of thread; seccomp(2), libseccomp.
 *
 * A capture thread holds packet sockets, and the port must never send.  No filter can
 * tell one descriptor from another, but lengths can: it may write 8 bytes (a bell), or
 * to standard output and error, and send to an address of 12 bytes (netlink's).  A
 * packet socket takes neither: a frame has at least the 14 bytes of its Ethernet
 * header, and an address of a link at least 20.
 *
 * The tables were tried with glibc 2.36, libpcap 1.10, nDPI 4.2; what newer ones are
 * known to call is in them.  A call that an architecture lacks is passed over.
 */

#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <fcntl.h>

#include "sensor/confine.h"
#include "sensor/confine_build.h"
#include "sensor/core/bytes.h"

enum role_set {
    C = 1 << CONFINE_CAPTURE,
    W = 1 << CONFINE_WORKER | 1 << CONFINE_ANALYSIS,
    O = 1 << CONFINE_OUTPUT,
    M = 1 << CONFINE_MAIN,
    KILLED = C | W,
    ALL = C | W | O | M
};

enum { BELL_SIZE = 8, NETLINK_ADDRESS = 12 };

struct call {
    int number;
    unsigned roles; /* enum role_set */
};

/* Allowed when (argument & mask) == value; several rows of one call: any of them. */
struct limited {
    int number;
    unsigned roles, argument;
    uint64_t mask, value;
};

#define CALL(name) SCMP_SYS(name)
#define WHOLE      UINT32_MAX /* an int: the upper half is not defined */
#define LIMITED(name, roles, ...)          \
    {                                      \
        SCMP_SYS(name), roles, __VA_ARGS__ \
    }

/* clang-format off */
static const struct call calls[] = {
    /* Time, sleep, threads, signals, end. */
    {CALL(clock_gettime), ALL}, {CALL(clock_getres), ALL}, {CALL(gettimeofday), ALL},
    {CALL(time), ALL}, {CALL(nanosleep), ALL}, {CALL(clock_nanosleep), ALL},
    {CALL(restart_syscall), ALL}, {CALL(sched_yield), ALL}, {CALL(sched_getaffinity), ALL},
    {CALL(getcpu), ALL}, {CALL(futex), ALL}, {CALL(futex_waitv), ALL}, {CALL(rseq), ALL},
    {CALL(set_robust_list), ALL}, {CALL(get_robust_list), O | M}, {CALL(membarrier), ALL},
    {CALL(gettid), ALL}, {CALL(getpid), ALL}, {CALL(rt_sigprocmask), ALL},
    {CALL(rt_sigaction), ALL}, {CALL(rt_sigreturn), ALL}, {CALL(sigaltstack), ALL},
    {CALL(exit), ALL}, {CALL(exit_group), ALL}, {CALL(getrandom), ALL},
    {CALL(set_tid_address), O | M}, {CALL(sched_getparam), O | M},
    {CALL(sched_getscheduler), O | M}, {CALL(sched_setaffinity), M},
    /* Memory; mmap and mprotect are below. */
    {CALL(brk), ALL}, {CALL(munmap), ALL}, {CALL(mremap), ALL}, {CALL(madvise), ALL},
    /* Waiting and reading. */
    {CALL(poll), ALL}, {CALL(ppoll), ALL}, {CALL(epoll_wait), ALL}, {CALL(epoll_pwait), ALL},
    {CALL(epoll_pwait2), ALL}, {CALL(epoll_ctl), C | O | M}, {CALL(epoll_create1), C | O | M},
    {CALL(select), O | M}, {CALL(pselect6), O | M},
    {CALL(read), ALL}, {CALL(readv), C | O | M}, {CALL(close), C | O | M},
    {CALL(eventfd2), C | O | M}, {CALL(timerfd_create), C | O | M},
    {CALL(timerfd_settime), C | O | M}, {CALL(timerfd_gettime), O | M},
    {CALL(signalfd4), M}, {CALL(pipe2), O | M}, {CALL(dup), O | M}, {CALL(dup3), O | M},
    {CALL(fcntl), C | O | M}, {CALL(lseek), C | O | M}, {CALL(pread64), C | O | M},
    {CALL(fstat), ALL}, {CALL(newfstatat), C | O | M}, {CALL(stat), C | O | M},
    {CALL(lstat), C | O | M}, {CALL(statx), C | O | M}, {CALL(access), C | O | M},
    {CALL(faccessat), C | O | M}, {CALL(faccessat2), C | O | M}, {CALL(readlink), C | O | M},
    {CALL(readlinkat), C | O | M}, {CALL(getdents64), C | O | M},
    {CALL(statfs), O | M}, {CALL(fstatfs), O | M}, {CALL(getcwd), O | M},
    {CALL(fadvise64), O | M},
    /* Writing. */
    {CALL(write), O | M}, {CALL(writev), O | M}, {CALL(pwrite64), O | M},
    {CALL(pwritev), O | M}, {CALL(open), O | M}, {CALL(openat), O | M},
    {CALL(fsync), O | M}, {CALL(fdatasync), O | M}, {CALL(sync_file_range), O | M},
    {CALL(ftruncate), O | M}, {CALL(fallocate), O | M}, {CALL(rename), O | M},
    {CALL(renameat), O | M}, {CALL(renameat2), O | M}, {CALL(unlink), O | M},
    {CALL(unlinkat), O | M}, {CALL(mkdir), O | M}, {CALL(mkdirat), O | M},
    {CALL(rmdir), O | M}, {CALL(link), O | M}, {CALL(linkat), O | M},
    {CALL(flock), O | M}, {CALL(fchmod), O | M}, {CALL(fchmodat), O | M},
    {CALL(chmod), O | M}, {CALL(fchown), O | M}, {CALL(fchownat), O | M},
    {CALL(chown), O | M}, {CALL(lchown), O | M}, {CALL(utimensat), O | M},
    {CALL(umask), O | M}, {CALL(copy_file_range), O | M}, {CALL(sendfile), O | M},
    /* Sockets; which ones is below. */
    {CALL(bind), C | O | M}, {CALL(setsockopt), C | O | M}, {CALL(getsockopt), C | O | M},
    {CALL(getsockname), C | O | M}, {CALL(recvfrom), C | O | M}, {CALL(recvmsg), C | O | M},
    {CALL(recvmmsg), C | O | M}, {CALL(getpeername), O | M}, {CALL(connect), O | M},
    {CALL(sendto), O | M}, {CALL(sendmsg), O | M}, {CALL(sendmmsg), O | M},
    {CALL(shutdown), O | M}, {CALL(socketpair), O | M}, {CALL(ioctl), O | M},
    {CALL(listen), M}, {CALL(accept), M}, {CALL(accept4), M},
    /* Who and how much; qsort() asks for the memory there is. */
    {CALL(getuid), ALL}, {CALL(geteuid), ALL}, {CALL(getgid), ALL}, {CALL(getegid), ALL},
    {CALL(getrusage), ALL}, {CALL(times), ALL}, {CALL(sysinfo), ALL}, {CALL(uname), ALL},
    {CALL(capget), C | O | M}, {CALL(getppid), O | M}, {CALL(prlimit64), O | M},
    {CALL(getrlimit), O | M},
};

static const struct limited limits[] = {
    /* Nothing is both written and run; only output and main load modules (of NSS). */
    LIMITED(mmap, ALL, 2, PROT_EXEC, 0),
    LIMITED(mmap, O | M, 2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
    LIMITED(mprotect, ALL, 2, PROT_EXEC, 0),
    /* Names of threads, and of glibc's own memory. */
    LIMITED(prctl, ALL, 0, WHOLE, PR_SET_NAME),
    LIMITED(prctl, ALL, 0, WHOLE, PR_GET_NAME),
    LIMITED(prctl, ALL, 0, WHOLE, 0x53564d41 /* PR_SET_VMA */),
    /* Bells, and what libraries (nDPI) print: it is no reason to go blind. */
    LIMITED(write, KILLED, 2, UINT64_MAX, BELL_SIZE),
    LIMITED(write, KILLED, 0, WHOLE, STDOUT_FILENO),
    LIMITED(write, KILLED, 0, WHOLE, STDERR_FILENO),
    LIMITED(writev, KILLED, 0, WHOLE, STDERR_FILENO),
    LIMITED(newfstatat, W, 3, WHOLE, AT_EMPTY_PATH),
    /* Capture: reads files, asks interfaces, asks netlink. */
    LIMITED(open, C, 1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY),
    LIMITED(openat, C, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY),
    LIMITED(sendto, C, 5, WHOLE, NETLINK_ADDRESS),
    LIMITED(socket, C, 0, WHOLE, AF_PACKET),
    LIMITED(socket, ALL & ~W, 0, WHOLE, AF_NETLINK),
    LIMITED(socket, ALL & ~W, 0, WHOLE, AF_UNIX),
    LIMITED(socket, ALL & ~W, 0, WHOLE, AF_INET),
    LIMITED(socket, ALL & ~W, 0, WHOLE, AF_INET6),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGIFNAME),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGIFINDEX),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGIFFLAGS),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGIFHWADDR),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGIFMTU),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGIFADDR),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGIFNETMASK),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGIFCONF),
    LIMITED(ioctl, C, 1, WHOLE, SIOCETHTOOL),
    LIMITED(ioctl, C, 1, WHOLE, 0x8b01 /* SIOCGIWNAME: is it wireless? */),
    LIMITED(ioctl, C, 1, WHOLE, SIOCBONDINFOQUERY),
    LIMITED(ioctl, C, 1, WHOLE, SIOCGSTAMP),
    LIMITED(ioctl, C, 1, WHOLE, FIONREAD),
    LIMITED(ioctl, C, 1, WHOLE, FIONBIO),
    /* Threads, no processes (clone3 hides its flags: glibc does without it). */
    LIMITED(clone, O | M, 0, CLONE_THREAD, CLONE_THREAD),
};
/* clang-format on */

/* ---- what was refused ------------------------------------------------------- */

enum { NUMBERS = 512 }; /* higher ones, of other kernels, share the last */

static _Atomic(uint64_t) refused[NUMBERS];

#if defined __x86_64__
static void answer(ucontext_t *u)
{
    u->uc_mcontext.gregs[REG_RAX] = -EPERM;
}
#elif defined __aarch64__
static void answer(ucontext_t *u)
{
    u->uc_mcontext.regs[0] = (uint64_t)-EPERM;
}
#else
/* Refused by the kernel itself, and so not counted. */
#define REFUSE SCMP_ACT_ERRNO(EPERM)
#endif

#ifndef REFUSE
#define REFUSE SCMP_ACT_TRAP

static void trapped(int signal, siginfo_t *info, void *context)
{
    enum { FROM_SECCOMP = 1 };
    unsigned number = (unsigned)info->si_syscall;

    (void)signal;
    if (info->si_code != FROM_SECCOMP)
        return;
    atomic_fetch_add_explicit(&refused[number < NUMBERS ? number : NUMBERS - 1], 1,
                              memory_order_relaxed);
    answer(context);
}

/* A trap while SIGSYS is blocked would end the process. */
static bool catch_traps(void)
{
    struct sigaction action = {.sa_sigaction = trapped,
                               .sa_flags = SA_SIGINFO | SA_RESTART};
    sigset_t only;

    sigemptyset(&only);
    sigaddset(&only, SIGSYS);
    return sigaction(SIGSYS, &action, NULL) == 0 &&
           pthread_sigmask(SIG_UNBLOCK, &only, NULL) == 0;
}
#else
static bool catch_traps(void)
{
    return true;
}
#endif

static void name_of(unsigned number, char name[CONFINE_NAME])
{
    char *found = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);

    snprintf(name, CONFINE_NAME, "%s", found ? found : "unknown");
    free(found);
}

bool confine_refused(struct confine_refused *out)
{
    static uint64_t told[NUMBERS];

    for (unsigned i = 0; i < NUMBERS; i++) {
        uint64_t count = atomic_load_explicit(&refused[i], memory_order_relaxed);

        if (count == told[i])
            continue;
        told[i] = count;
        out->number = i;
        out->count = count;
        name_of(i, out->name);
        return true;
    }
    return false;
}

uint64_t confine_refused_total(void)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < NUMBERS; i++)
        total += atomic_load_explicit(&refused[i], memory_order_relaxed);
    return total;
}

/* ---- the filter ------------------------------------------------------------- */

static int add_limited(scmp_filter_ctx filter, const struct limited *l)
{
    return seccomp_rule_add(
        filter, SCMP_ACT_ALLOW, l->number, 1,
        SCMP_CMP64(l->argument, SCMP_CMP_MASKED_EQ, l->mask, l->value));
}

static int add_rules(scmp_filter_ctx filter, unsigned role)
{
    const struct limited own[] = {
        /* abort() and raise(), at ourselves. */
        {SCMP_SYS(tgkill), ALL, 0, WHOLE, (uint64_t)getpid()},
        {SCMP_SYS(tkill), ALL, 0, WHOLE, (uint64_t)gettid()},
    };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < COUNT_OF(calls); i++) {
        if (calls[i].roles & role)
            rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i].number, 0);
    }
    for (size_t i = 0; rc == 0 && i < COUNT_OF(limits); i++) {
        if (limits[i].roles & role)
            rc = add_limited(filter, &limits[i]);
    }
    for (size_t i = 0; rc == 0 && i < COUNT_OF(own); i++)
        rc = add_limited(filter, &own[i]);
    if (rc == 0 && (role & (O | M)))
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return rc;
}

static int load(scmp_filter_ctx filter, unsigned role)
{
    enum { BINARY_TREE = 2 };
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    if (rc == 0)
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, BINARY_TREE);
    if (rc == 0)
        rc = add_rules(filter, role);
    return rc != 0 ? rc : seccomp_load(filter);
}

bool confine_enforces(void)
{
    return !CONFINE_SANITIZED;
}

bool confine_thread(enum confine_role of, char text[CONFINE_TEXT])
{
    unsigned role = 1U << of;
    scmp_filter_ctx filter;
    int rc;

    text[0] = '\0';
    if (!confine_enforces())
        return true;
    if (!(role & KILLED) && !catch_traps()) {
        snprintf(text, CONFINE_TEXT, "seccomp: cannot catch SIGSYS: %s", strerror(errno));
        return false;
    }
    filter = seccomp_init(role & KILLED ? SCMP_ACT_KILL_PROCESS : REFUSE);
    rc = filter ? load(filter, role) : -ENOMEM;
    if (rc != 0)
        snprintf(text, CONFINE_TEXT, "seccomp: cannot confine a thread: %s",
                 strerror(-rc));
    if (filter)
        seccomp_release(filter);
    return rc == 0;
}
