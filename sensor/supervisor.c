#include "sensor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/core/now.h"
#include "sensor/notify.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_HOPELESS = 2 };
enum { TURN_MS = 200, ALIVE_SIZE = 20 }; /* 19 digits and a line feed */

/* Times here are ns of the monotonic clock, but for run_info. */
struct supervisor {
    struct supervisor_options o;
    struct run_info info;
    sigset_t signals, before; /* waited for; the mask we came with */
    int alive;                /* state_dir/alive, or -1 */
    pid_t child;
    bool stopping;   /* asked to end */
    int64_t started; /* the child */
    int64_t turned;  /* the latest turn of the loop */
    int64_t second;  /* the latest of what is done once a second */
    int64_t kill_at; /* SIGKILL for the child; 0: not in sight */
    int64_t crashed; /* the latest crash; 0: none */
    unsigned quick;  /* crashes in a row of sensors that had not settled */
    bool hung;       /* the child is being ended, crash_detail says why */
    struct pulse {
        uint64_t beats;
        int64_t since;
    } pulse[BLACKBOX_SLOTS];
};

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list arguments;

    fputs("sightglass: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

/* ---- state_dir/alive -------------------------------------------------------------- */

static void alive_read(struct supervisor *s)
{
    char text[ALIVE_SIZE + 1] = "";

    if (s->alive >= 0 && pread(s->alive, text, ALIVE_SIZE, 0) == ALIVE_SIZE)
        s->info.stopped_at = strtoll(text, NULL, 10);
}

static void alive_open(struct supervisor *s)
{
    char path[BLACKBOX_PATH];

    s->alive = -1;
    if (!s->o.state_dir)
        return;
    snprintf(path, sizeof path, "%s/alive", s->o.state_dir);
    s->alive = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (s->alive < 0)
        say("cannot open %s: %s", path, strerror(errno));
    alive_read(s);
}

/* Always the same length over the same bytes: no reader finds half of it. */
static void alive_write(struct supervisor *s)
{
    int64_t watched = atomic_load_explicit(&s->info.box->watched, memory_order_relaxed);
    char text[ALIVE_SIZE + 2];
    ssize_t n;

    if (watched == 0 || watched == s->info.stopped_at)
        return;
    s->info.stopped_at = watched;
    if (s->alive < 0)
        return;
    snprintf(text, sizeof text, "%019" PRId64 "\n", watched);
    n = pwrite(s->alive, text, ALIVE_SIZE, 0);
    (void)n; /* a full disk has its own alert */
}

/* ---- memory and start ------------------------------------------------------------- */

static void *share(size_t size)
{
    void *at =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

static bool share_all(struct supervisor *s)
{
    s->info.box = share(sizeof *s->info.box);
    if (s->o.shared > 0)
        s->info.shared = share(s->o.shared);
    s->info.shared_size = s->o.shared;
    if (s->info.box && (s->o.shared == 0 || s->info.shared))
        return true;
    say("cannot share %zu bytes of memory: %s", s->o.shared, strerror(errno));
    return false;
}

static void block_signals(struct supervisor *s)
{
    static const int waited[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};

    signal(SIGCHLD, SIG_DFL); /* were it ignored, no status would be left to wait for */
    sigemptyset(&s->signals);
    for (size_t i = 0; i < COUNT_OF(waited); i++)
        sigaddset(&s->signals, waited[i]);
    sigprocmask(SIG_BLOCK, &s->signals, &s->before);
}

static void close_all(struct supervisor *s)
{
    if (s->info.box)
        munmap(s->info.box, sizeof *s->info.box);
    if (s->info.shared)
        munmap(s->info.shared, s->info.shared_size);
    if (s->alive >= 0)
        close(s->alive);
    sigprocmask(SIG_SETMASK, &s->before, NULL);
}

static int64_t or_default(int64_t value, int64_t seconds)
{
    return value > 0 ? value : seconds * NS_PER_S;
}

static bool begin(struct supervisor *s)
{
    s->o.hang = or_default(s->o.hang, 10);
    s->o.start = or_default(s->o.start, 60);
    s->o.stop = or_default(s->o.stop, 20);
    s->o.settled = or_default(s->o.settled, 10);
    s->o.window = or_default(s->o.window, 600);
    s->info.ndpi = true;
    block_signals(s);
    alive_open(s);
    return share_all(s);
}

/* In the child: what only the supervisor needs is gone. */
static void become_sensor(struct supervisor *s, pid_t parent)
{
    sigset_t child;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        raise(SIGKILL);
    if (s->alive >= 0)
        close(s->alive);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_UNBLOCK, &child, NULL);
}

/* True in the child. */
static bool start(struct supervisor *s)
{
    pid_t self = getpid();

    blackbox_reset(s->info.box);
    memset(s->pulse, 0, sizeof s->pulse);
    s->kill_at = 0;
    s->hung = false;
    s->started = s->turned = now_monotonic();
    fflush(NULL);
    s->child = fork();
    if (s->child == 0)
        become_sensor(s, self);
    return s->child == 0;
}

/* ---- life ----------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void detail(struct supervisor *s,
                                                         const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(s->info.crash_detail, CRASH_DETAIL, format, arguments);
    va_end(arguments);
}

static bool still(struct supervisor *s, unsigned i, int64_t now)
{
    const struct blackbox_slot *slot = &s->info.box->slots[i];
    uint64_t beats = atomic_load_explicit(&slot->beats, memory_order_relaxed);
    struct pulse *p = &s->pulse[i];

    if (p->since == 0 || p->beats != beats ||
        atomic_load_explicit(&slot->state, memory_order_acquire) != SLOT_WATCHED)
        *p = (struct pulse){beats, now};
    return now - p->since > s->o.hang;
}

/* A thread that shows no life, or a start that takes for ever. */
static bool hangs(struct supervisor *s, int64_t now)
{
    unsigned n = blackbox_slots(s->info.box);
    char name[BLACKBOX_NAME];

    if (n == 0 && now - s->started > s->o.start) {
        detail(s, "It did not come to life within %" PRId64 " s.", s->o.start / NS_PER_S);
        return true;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!still(s, i, now))
            continue;
        blackbox_name(&s->info.box->slots[i], name);
        detail(s, "Its thread %s showed no life for %" PRId64 " s.", name,
               s->o.hang / NS_PER_S);
        return true;
    }
    return false;
}

/* A supervisor that was itself held up has no say about others. */
static void check_life(struct supervisor *s, int64_t now)
{
    if (now - s->turned > 2 * NS_PER_S)
        memset(s->pulse, 0, sizeof s->pulse);
    s->turned = now;
    if (s->kill_at != 0) {
        if (now >= s->kill_at)
            kill(s->child, SIGKILL);
        return;
    }
    if (!hangs(s, now))
        return;
    s->hung = true;
    s->kill_at = now + NS_PER_S;
    kill(s->child, SIGABRT);
}

static void once_a_second(struct supervisor *s, int64_t now)
{
    if (now - s->second < NS_PER_S)
        return;
    s->second = now;
    alive_write(s);
    notify("WATCHDOG=1");
}

/* ---- signals -------------------------------------------------------------------- */

static void stop(struct supervisor *s)
{
    if (!s->stopping)
        notify("STOPPING=1");
    s->stopping = true;
    if (s->child > 0 && s->kill_at == 0) {
        kill(s->child, SIGTERM);
        s->kill_at = now_monotonic() + s->o.stop;
    }
}

/* At most TURN_MS. */
static void wait_signal(struct supervisor *s)
{
    static const struct timespec turn = {.tv_nsec = TURN_MS * (long)NS_PER_MS};
    int signal = sigtimedwait(&s->signals, NULL, &turn);

    if (signal == SIGTERM || signal == SIGINT)
        stop(s);
    else if (signal == SIGHUP && s->child > 0)
        kill(s->child, SIGHUP);
}

/* Until the child has ended; its wait status. */
static int watch(struct supervisor *s)
{
    int status;

    while (waitpid(s->child, &status, WNOHANG) != s->child) {
        wait_signal(s);
        check_life(s, now_monotonic());
        once_a_second(s, s->turned);
    }
    s->child = 0;
    alive_write(s);
    return status;
}

/* ---- crashes -------------------------------------------------------------------- */

/* Who started before, and cannot now, lacks what may come back: a disk, a port. */
static bool is_hopeless(const struct supervisor *s, int status)
{
    return WEXITSTATUS(status) == EXIT_HOPELESS && s->info.crashes == 0;
}

static bool crashed(const struct supervisor *s, int status)
{
    if (s->hung || WIFSIGNALED(status))
        return true;
    return WEXITSTATUS(status) != EXIT_GOOD && !is_hopeless(s, status);
}

static void describe(struct supervisor *s, int status)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    if (s->hung)
        return; /* said when it was found */
    if (signal == SIGSYS)
        detail(s, "It made a system call that its confinement forbids (SIGSYS).");
    else if (signal == SIGKILL)
        detail(s, "It was killed (SIGKILL): by hand, or for want of memory.");
    else if (signal != 0)
        detail(s, "It ended by signal %d (%s).", signal, strsignal(signal));
    else
        detail(s, "It ended with exit status %d.", WEXITSTATUS(status));
}

static void keep_packets(struct supervisor *s)
{
    struct bytes shared = {s->info.shared, s->info.shared_size};
    char folder[BLACKBOX_PATH - TIME_TEXT], why[CRASH_DETAIL + 64];

    s->info.crash_file[0] = '\0';
    if (!s->o.state_dir || !s->info.shared)
        return;
    snprintf(folder, sizeof folder, "%s/crash", s->o.state_dir);
    snprintf(why, sizeof why, "Packets at hand in a sensor that crashed. %s",
             s->info.crash_detail);
    blackbox_keep(s->info.box, shared, folder, why, now_wall(), s->info.crash_file);
}

/* Takes a crash down; how long to wait before the next start, ns. */
static int64_t crash(struct supervisor *s, int status)
{
    enum { LONGEST = 6 }; /* half a second doubled six times: over 30 */
    int64_t now = now_monotonic(), wait;

    describe(s, status);
    keep_packets(s);
    if (s->info.stopped_at == 0)
        s->info.stopped_at = now_wall(); /* blind from here on at least */
    s->info.crashes++;
    if (s->crashed != 0 && now - s->crashed <= s->o.window)
        s->info.ndpi = false;
    s->crashed = now;
    s->quick = now - s->started >= s->o.settled ? 0 : s->quick + 1;
    if (s->quick < 2)
        return 0;
    wait = NS_PER_S / 2 << (s->quick - 2 < LONGEST ? s->quick - 2 : LONGEST);
    return wait < 30 * NS_PER_S ? wait : 30 * NS_PER_S;
}

static const char *what_next(const struct supervisor *s, int64_t wait)
{
    if (s->stopping)
        return "";
    return wait > 0 ? " It starts again in a while." : " It starts again.";
}

static void tell(const struct supervisor *s, int64_t wait)
{
    const struct run_info *i = &s->info;

    say("the sensor crashed. %s%s%s%s%s", i->crash_detail, what_next(s, wait),
        i->ndpi ? "" : " nDPI stays off.", i->crash_file[0] ? " Packets: " : "",
        i->crash_file);
    notify("STATUS=Crash %u. %s", i->crashes, i->crash_detail);
}

/* False when it was asked to end meanwhile. */
static bool wait_before(struct supervisor *s, int64_t wait)
{
    int64_t until = now_monotonic() + wait;

    while (!s->stopping && now_monotonic() < until) {
        wait_signal(s);
        once_a_second(s, now_monotonic());
    }
    return !s->stopping;
}

static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_BAD;
}

/* False in the child; else *result is what there is to return. */
static bool keep_running(struct supervisor *s, int *result)
{
    int64_t wait;
    int status;

    do {
        if (start(s))
            return false;
        if (s->child < 0) {
            say("cannot start the sensor: %s", strerror(errno));
            *result = EXIT_BAD;
            return true;
        }
        status = watch(s);
        *result = status_of(status);
        if (!crashed(s, status))
            return true;
        wait = crash(s, status);
        tell(s, wait);
        if (s->stopping)
            return true;
    } while (wait_before(s, wait));
    *result = EXIT_GOOD;
    return true;
}

int supervise(const struct supervisor_options *options,
              int (*sensor)(void *context, struct run_info *info), void *context)
{
    struct supervisor s = {.o = *options, .alive = -1};
    int result = EXIT_BAD;

    if (begin(&s) && !keep_running(&s, &result))
        return sensor(context, &s.info);
    close_all(&s);
    return result;
}
