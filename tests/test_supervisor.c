/*
 * Sensors that crash, hang and end, under a supervisor that is a child of ours.
 *
 * Each run of a sensor writes down what it was told, in memory all share.
 */

#include "sensor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sensor/confine.h"
#include "sensor/core/clock.h"
#include "sensor/notify.h"
#include "sensor/savefile.h"
#include "tests/unit.h"

enum { RUNS = 16, SHARED = 1 << 20, PATIENCE_MS = 10000 };

static struct diary {
    volatile int runs;
    volatile int terms, hangups; /* signals a sensor got */
    struct {
        int64_t at;
        pid_t pid;
        struct run_info info;
    } run[RUNS];
} * diary;

static char folder[] = "/tmp/supervisor-XXXXXX";
static int64_t short_time = INT64_C(300) * NS_PER_MS;

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Its number, from 0. */
static int write_down(const struct run_info *info)
{
    int n = diary->runs;

    if (n >= RUNS)
        _exit(0);
    diary->run[n].at = now();
    diary->run[n].pid = getpid();
    diary->run[n].info = *info;
    diary->runs++;
    return n;
}

static pid_t serve(const struct supervisor_options *o,
                   int (*sensor)(void *context, struct run_info *info))
{
    static const struct rlimit none = {0, 0};
    pid_t pid;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &none);
        _exit(supervise(o, sensor, NULL));
    }
    return pid;
}

/* Its exit status. */
static int end_of(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void nap(void)
{
    static const struct timespec ms = {.tv_nsec = 5L * NS_PER_MS};

    nanosleep(&ms, NULL);
}

/* Until *n has come to `least`. */
static void await(const volatile int *n, int least)
{
    for (int i = 0; i < PATIENCE_MS / 5 && *n < least; i++)
        nap();
    assert_true(*n >= least);
}

static struct supervisor_options usual(void)
{
    return (struct supervisor_options){.state_dir = folder, .shared = SHARED};
}

/* A sanitizer's handler would turn it into an exit. */
static void die(int by)
{
    signal(by, SIG_DFL);
    raise(by);
}

/* ---- crashes -------------------------------------------------------------------- */

static void handle(const struct run_info *info, struct blackbox_slot *slot, unsigned n)
{
    uint8_t *at = (uint8_t *)info->shared + 100 * (size_t)n;
    struct raw raw = {.time = INT64_C(1700000000) * NS_PER_S + n,
                      .link_type = 1,
                      .wire = 80,
                      .bytes = {at, 60}};

    memset(at, (int)n, 60);
    blackbox_at(slot, &raw);
}

static int crash_twice(void *context, struct run_info *info)
{
    struct blackbox_slot *slot = blackbox_take(info->box, "worker 0");
    int run = write_down(info);

    (void)context;
    if (run == 2)
        return 0;
    for (unsigned n = 0; n < 20; n++)
        handle(info, slot, n);
    blackbox_watched(info->box, NS_PER_S * (run + 1));
    die(SIGSEGV);
    return 0;
}

static void assert_packets(const char *path)
{
    struct savefile f;
    struct raw raw;
    uint8_t filled[60];

    assert_true(savefile_open(&f, path));
    for (unsigned n = 20 - BLACKBOX_PACKETS; n < 20; n++) {
        assert_true(savefile_next(&f, &raw));
        memset(filled, (int)n, sizeof filled);
        assert_int_equal(raw.time, INT64_C(1700000000) * NS_PER_S + n);
        assert_int_equal(raw.wire, 80);
        assert_int_equal(raw.bytes.len, sizeof filled);
        assert_memory_equal(raw.bytes.at, filled, sizeof filled);
    }
    assert_false(savefile_next(&f, &raw));
    assert_int_equal(f.state, SAVEFILE_END);
    savefile_close(&f);
}

static void a_crash_keeps_its_packets_and_starts_again_within_a_second(void **state)
{
    const struct supervisor_options o = usual();
    const struct run_info *info;

    (void)state;
    assert_int_equal(end_of(serve(&o, crash_twice)), 0);
    assert_int_equal(diary->runs, 3);
    assert_true(diary->run[1].at - diary->run[0].at < NS_PER_S);
    info = &diary->run[0].info;
    assert_int_equal(info->crashes, 0);
    assert_string_equal(info->crash_file, "");
    info = &diary->run[1].info;
    assert_int_equal(info->crashes, 1);
    assert_non_null(strstr(info->crash_detail, "signal 11"));
    assert_memory_equal(info->crash_file, folder, strlen(folder));
    assert_packets(info->crash_file);
    assert_int_equal(info->stopped_at, NS_PER_S);
}

static void after_two_crashes_it_starts_without_ndpi(void **state)
{
    const struct supervisor_options o = usual();

    (void)state;
    assert_int_equal(end_of(serve(&o, crash_twice)), 0);
    assert_true(diary->run[0].info.ndpi);
    assert_true(diary->run[1].info.ndpi);
    assert_false(diary->run[2].info.ndpi);
    assert_int_equal(diary->run[2].info.crashes, 2);
    assert_int_equal(diary->run[2].info.stopped_at, 2 * NS_PER_S);
}

static void crashes_far_apart_leave_ndpi_alone(void **state)
{
    struct supervisor_options o = usual();

    (void)state;
    o.window = 1;
    assert_int_equal(end_of(serve(&o, crash_twice)), 0);
    assert_true(diary->run[2].info.ndpi);
}

static int crash_four_times(void *context, struct run_info *info)
{
    (void)context;
    return write_down(info) < 4 ? 1 : 0;
}

static void who_crashes_at_once_again_and_again_waits_longer(void **state)
{
    struct supervisor_options o = usual();
    int64_t gap[4];

    (void)state;
    assert_int_equal(end_of(serve(&o, crash_four_times)), 0);
    assert_int_equal(diary->runs, 5);
    for (int i = 0; i < 4; i++)
        gap[i] = diary->run[i + 1].at - diary->run[i].at;
    assert_true(gap[0] < NS_PER_S / 2);
    assert_true(gap[1] >= NS_PER_S / 2 && gap[2] >= NS_PER_S && gap[3] >= 2 * NS_PER_S);
    assert_non_null(strstr(diary->run[1].info.crash_detail, "exit status 1"));
    assert_string_equal(diary->run[1].info.crash_file, "");
}

static void who_has_settled_starts_again_at_once(void **state)
{
    struct supervisor_options o = usual();

    (void)state;
    o.settled = 1;
    o.state_dir = NULL;
    assert_int_equal(end_of(serve(&o, crash_four_times)), 0);
    assert_true(diary->run[4].at - diary->run[0].at < NS_PER_S);
    assert_true(diary->run[0].info.stopped_at == 0 && diary->run[1].info.stopped_at > 0);
}

static int hopeless(void *context, struct run_info *info)
{
    (void)context;
    write_down(info);
    return 2;
}

static void a_usage_error_is_not_tried_again(void **state)
{
    const struct supervisor_options o = usual();

    (void)state;
    assert_int_equal(end_of(serve(&o, hopeless)), 2);
    assert_int_equal(diary->runs, 1);
}

static int hopeless_for_a_while(void *context, struct run_info *info)
{
    (void)context;
    switch (write_down(info)) {
    case 0:
        abort();
    case 1:
        return 2;
    default:
        return 0;
    }
}

static void who_cannot_start_after_a_crash_is_tried_again(void **state)
{
    const struct supervisor_options o = usual();

    (void)state;
    assert_int_equal(end_of(serve(&o, hopeless_for_a_while)), 0);
    assert_int_equal(diary->runs, 3);
}

/* ---- hanging -------------------------------------------------------------------- */

static void block(int signal)
{
    sigset_t one;

    sigemptyset(&one);
    sigaddset(&one, signal);
    sigprocmask(SIG_BLOCK, &one, NULL);
}

/* One thread beats, another does not; the second time not even SIGABRT helps. */
static int hang(void *context, struct run_info *info)
{
    struct blackbox_slot *busy = blackbox_take(info->box, "main");
    struct blackbox_slot *stuck = blackbox_take(info->box, "worker 1");
    int run = write_down(info);

    (void)context;
    if (run == 2)
        return 0;
    if (run == 1)
        block(SIGABRT);
    handle(info, stuck, 7);
    for (;;) {
        blackbox_beat(busy);
        nap();
    }
}

static void a_thread_that_hangs_ends_the_sensor(void **state)
{
    struct supervisor_options o = usual();
    struct savefile f;
    struct raw raw;

    (void)state;
    o.hang = short_time;
    assert_int_equal(end_of(serve(&o, hang)), 0);
    assert_int_equal(diary->runs, 3);
    assert_non_null(strstr(diary->run[1].info.crash_detail, "worker 1 showed no life"));
    assert_non_null(strstr(diary->run[2].info.crash_detail, "worker 1 showed no life"));
    assert_true(savefile_open(&f, diary->run[1].info.crash_file));
    assert_true(savefile_next(&f, &raw));
    assert_int_equal(raw.bytes.at[0], 7);
    savefile_close(&f);
}

static int beat_and_leave(void *context, struct run_info *info)
{
    struct blackbox_slot *slot = blackbox_take(info->box, "main");
    int64_t start = now();

    (void)context;
    write_down(info);
    blackbox_leave(blackbox_take(info->box, "worker 0"));
    while (now() - start < 3 * short_time) {
        blackbox_beat(slot);
        nap();
    }
    return 0;
}

static void a_thread_that_beats_or_has_left_is_left_alone(void **state)
{
    struct supervisor_options o = usual();

    (void)state;
    o.hang = short_time;
    assert_int_equal(end_of(serve(&o, beat_and_leave)), 0);
    assert_int_equal(diary->runs, 1);
}

static int never_begin(void *context, struct run_info *info)
{
    (void)context;
    if (write_down(info) == 1)
        return 0;
    for (;;)
        pause();
}

static void a_start_that_takes_for_ever_is_a_crash(void **state)
{
    struct supervisor_options o = usual();

    (void)state;
    o.start = short_time;
    assert_int_equal(end_of(serve(&o, never_begin)), 0);
    assert_non_null(strstr(diary->run[1].info.crash_detail, "did not come to life"));
}

/* ---- signals -------------------------------------------------------------------- */

/* Ends by SIGTERM with status 0; counts what came. */
static int obey(void *context, struct run_info *info)
{
    sigset_t set;

    (void)context;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    blackbox_watched(info->box, 77 * NS_PER_S);
    write_down(info);
    for (;;) {
        int signal = sigwaitinfo(&set, NULL);

        if (signal == SIGHUP)
            diary->hangups++;
        if (signal == SIGTERM) {
            diary->terms++;
            return 0;
        }
    }
}

static void signals_are_passed_on_and_an_end_is_an_end(void **state)
{
    const struct supervisor_options o = usual();
    pid_t pid = serve(&o, obey);

    (void)state;
    await(&diary->runs, 1);
    kill(pid, SIGHUP);
    await(&diary->hangups, 1);
    kill(pid, SIGINT);
    assert_int_equal(end_of(pid), 0);
    assert_int_equal(diary->terms, 1);
    assert_int_equal(diary->runs, 1);
}

static void a_new_service_knows_until_when_the_last_one_saw_the_wire(void **state)
{
    const struct supervisor_options o = usual();

    (void)state;
    for (int i = 1; i <= 2; i++) {
        pid_t pid = serve(&o, obey);

        await(&diary->runs, i);
        kill(pid, SIGTERM);
        assert_int_equal(end_of(pid), 0);
    }
    assert_int_equal(diary->run[1].info.stopped_at, 77 * NS_PER_S);
}

static void who_does_not_end_is_killed(void **state)
{
    struct supervisor_options o = usual();
    pid_t pid;

    (void)state;
    o.stop = short_time;
    pid = serve(&o, never_begin);
    await(&diary->runs, 1);
    kill(pid, SIGTERM);
    assert_int_equal(end_of(pid), 1);
    assert_int_equal(diary->runs, 1);
}

static void a_stop_while_it_waits_ends_it(void **state)
{
    const struct supervisor_options o = usual();
    pid_t pid = serve(&o, crash_four_times);
    int64_t asked;

    (void)state;
    await(&diary->runs, 4);
    nap(); /* it waits two seconds now */
    asked = now();
    kill(pid, SIGTERM);
    end_of(pid);
    assert_true(now() - asked < NS_PER_S);
    assert_int_equal(diary->runs, 4);
}

static void the_sensor_does_not_outlive_its_supervisor(void **state)
{
    const struct supervisor_options o = usual();
    pid_t pid = serve(&o, obey);
    int status;

    (void)state;
    await(&diary->runs, 1);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    await(&diary->terms, 1);
}

/* ---- all of it together -------------------------------------------------------------- */

static void *break_out(void *context)
{
    char text[CONFINE_TEXT];
    struct blackbox_slot *slot =
        blackbox_take(((struct run_info *)context)->box, "worker 0");

    if (!confine_thread(CONFINE_WORKER, text))
        _exit(3);
    handle(context, slot, 9);
    socket(AF_INET, SOCK_STREAM, 0);
    return NULL;
}

/* Each run opens an interface; in the first a packet takes a worker over. */
static int confined(void *context, struct run_info *info)
{
    int fd = socket(AF_PACKET, SOCK_RAW, 0);
    pthread_t thread;

    (void)context;
    if (fd < 0 || getuid() == 0)
        return 2;
    close(fd);
    if (write_down(info) == 1)
        return 0;
    if (pthread_create(&thread, NULL, break_out, info) == 0)
        pthread_join(thread, NULL);
    return 2;
}

static int step_down_and_serve(const char *state)
{
    const char *const write[] = {state};
    const struct confine_paths paths = {.write = write, .nwrite = 1};
    const struct supervisor_options o = {.state_dir = state, .shared = SHARED};
    char text[CONFINE_TEXT];

    if (!confine_directory(state, "nobody", text) ||
        confine_user("nobody", text) != CONFINED_YES ||
        confine_files(&paths, text) == CONFINED_NO) {
        fprintf(stderr, "# %s\n", text);
        return 3;
    }
    return supervise(&o, confined, NULL);
}

static void a_worker_taken_over_ends_and_the_next_sensor_captures(void **state)
{
    char path[64];
    pid_t pid;

    (void)state;
    if (geteuid() != 0 || !confine_enforces())
        unit_cannot("a build without sanitizers, and root");
    assert_int_equal(chmod(folder, 0711), 0);
    snprintf(path, sizeof path, "%s/state", folder);
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        _exit(step_down_and_serve(path));
    assert_int_equal(end_of(pid), 0);
    assert_int_equal(diary->runs, 2);
    assert_non_null(strstr(diary->run[1].info.crash_detail, "its confinement forbids"));
    assert_int_equal(access(diary->run[1].info.crash_file, F_OK), 0);
}

/* ---- the service manager ------------------------------------------------------------ */

static int listen_at(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct timeval limit = {.tv_sec = 5};

    snprintf(at.sun_path, sizeof at.sun_path, "%s", name);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)&at,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
        0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void assert_hears(int fd, const char *beginning)
{
    char text[512];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);

    assert_true(n > 0);
    text[n] = '\0';
    assert_memory_equal(text, beginning, strlen(beginning));
}

static void the_service_manager_is_told(void **state)
{
    char path[64];
    int fd;

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_false(notify("READY=1"));
    snprintf(path, sizeof path, "%s/notify", folder);
    fd = listen_at(path);
    assert_true(notify("READY=1\nSTATUS=%d interfaces", 2));
    assert_hears(fd, "READY=1\nSTATUS=2 interfaces");
    assert_true(notify_reloading());
    assert_hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
    close(fd);
    snprintf(path, sizeof path, "@supervisor-%d", (int)getpid());
    fd = listen_at(path);
    assert_true(notify("WATCHDOG=1"));
    assert_hears(fd, "WATCHDOG=1");
    close(fd);
    unsetenv("NOTIFY_SOCKET");
}

static void the_supervisor_answers_the_watchdog_and_tells_its_end(void **state)
{
    const struct supervisor_options o = usual();
    char path[64];
    pid_t pid;
    int fd;

    (void)state;
    snprintf(path, sizeof path, "@supervisor-%d", (int)getpid());
    fd = listen_at(path);
    pid = serve(&o, obey);
    assert_hears(fd, "WATCHDOG=1");
    kill(pid, SIGTERM);
    assert_hears(fd, "STOPPING=1");
    assert_int_equal(end_of(pid), 0);
    close(fd);
    unsetenv("NOTIFY_SOCKET");
}

/* ---- all of them -------------------------------------------------------------------- */

static int new_diary(void **state)
{
    (void)state;
    memset(diary, 0, sizeof *diary);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    diary = mmap(NULL, sizeof *diary, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                 -1, 0);
    return diary != MAP_FAILED && mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

#define TEST(name) cmocka_unit_test_setup(name, new_diary)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_crash_keeps_its_packets_and_starts_again_within_a_second),
        TEST(after_two_crashes_it_starts_without_ndpi),
        TEST(crashes_far_apart_leave_ndpi_alone),
        TEST(who_crashes_at_once_again_and_again_waits_longer),
        TEST(who_has_settled_starts_again_at_once),
        TEST(a_usage_error_is_not_tried_again),
        TEST(who_cannot_start_after_a_crash_is_tried_again),
        TEST(a_thread_that_hangs_ends_the_sensor),
        TEST(a_thread_that_beats_or_has_left_is_left_alone),
        TEST(a_start_that_takes_for_ever_is_a_crash),
        TEST(signals_are_passed_on_and_an_end_is_an_end),
        TEST(a_new_service_knows_until_when_the_last_one_saw_the_wire),
        TEST(who_does_not_end_is_killed),
        TEST(a_stop_while_it_waits_ends_it),
        TEST(the_sensor_does_not_outlive_its_supervisor),
        TEST(a_worker_taken_over_ends_and_the_next_sensor_captures),
        TEST(the_service_manager_is_told),
        TEST(the_supervisor_answers_the_watchdog_and_tells_its_end),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
