/*
 * System calls: what each kind of thread may not, done by it, and what it needs.
 */

#include "sensor/confine.h"

#include "sensor/capture.h" /* before linux/if_packet.h, which has some of its names */
#include "sensor/health.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/confined.h"

/* ---- what nobody may ---------------------------------------------------------------- */

static void runs_a_program(void)
{
    char *const words[] = {(char *)(uintptr_t) "true", NULL};

    MUST(execv("/bin/true", words) != 0 && errno == EPERM);
}

static void traces(void)
{
    MUST(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 && errno == EPERM);
}

static void forks(void)
{
    MUST(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 && errno == EPERM);
}

static void kills_its_parent(void)
{
    MUST(kill(getppid(), 0) != 0 && errno == EPERM);
}

static void runs_what_it_wrote(void)
{
    MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
              -1, 0) == MAP_FAILED &&
         errno == EPERM);
}

static void changes_its_rights(void)
{
    MUST(setuid(0) != 0 && errno == EPERM);
}

/* A raw frame could be sent with it. */
static void opens_a_packet_socket(void)
{
    MUST(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM);
}

/* ---- and packet threads ------------------------------------------------------------- */

static void opens_a_socket(void)
{
    MUST(socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
}

static void reads_a_file(void)
{
    MUST(open("/etc/passwd", O_RDONLY) < 0 && errno == EPERM);
}

static void writes_a_file(void)
{
    MUST(open("/tmp/confine-written", O_WRONLY | O_CREAT, 0600) < 0 && errno == EPERM);
}

static void connects(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

    MUST(connect(0, (struct sockaddr *)&to, sizeof to) != 0 && errno == EPERM);
}

static void sends_a_frame(void)
{
    static const uint8_t frame[60];
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = 1};

    MUST(sendto(0, frame, sizeof frame, 0, (struct sockaddr *)&to, sizeof to) < 0 &&
         errno == EPERM);
}

static void writes_a_frame(void)
{
    static const uint8_t frame[60];

    MUST(write(0, frame, sizeof frame) < 0 && errno == EPERM);
}

static void configures_an_interface(void)
{
    struct ifreq r = {.ifr_name = "lo"};

    MUST(ioctl(0, 0x8914 /* SIOCSIFFLAGS */, &r) != 0 && errno == EPERM);
}

enum { EVERYBODY = 31, PACKETS = 7, COMPUTING = 6, NO_CAPTURE = 30, REFUSED = 24 };

static const struct forbidden {
    const char *what, *call;
    void (*job)(void);
    unsigned whom; /* bits of enum confine_role */
} forbidden[] = {
    {"runs a program", "execve", runs_a_program, EVERYBODY},
    {"traces", "ptrace", traces, EVERYBODY},
    {"forks", "clone", forks, EVERYBODY},
    {"signals others", "kill", kills_its_parent, EVERYBODY},
    {"writes code", "mmap", runs_what_it_wrote, EVERYBODY},
    {"changes its user", "setuid", changes_its_rights, EVERYBODY},
    {"opens a packet socket", "socket", opens_a_packet_socket, NO_CAPTURE},
    {"opens a socket", "socket", opens_a_socket, COMPUTING},
    {"reads a file", "openat", reads_a_file, COMPUTING},
    {"writes a file", "openat", writes_a_file, PACKETS},
    {"connects", "connect", connects, PACKETS},
    {"sends a frame", "sendto", sends_a_frame, PACKETS},
    {"writes a frame", "write", writes_a_frame, PACKETS},
    {"configures an interface", "ioctl", configures_an_interface, PACKETS},
};

static enum confine_role role;
static const struct forbidden *crime;

static void commit(void)
{
    struct confine_refused r;

    MUST(confine_thread(role, text));
    MUST(!confine_refused(&r) && confine_refused_total() == 0);
    crime->job();
    MUST(confine_refused(&r));
    MUST(strcmp(r.name, crime->call) == 0 && r.count == 1);
    MUST(!confine_refused(&r) && confine_refused_total() == 1);
    crime->job();
    MUST(confine_refused(&r) && r.count == 2);
}

static void assert_caught(enum confine_role of, const struct forbidden *f)
{
    bool refused = REFUSED >> of & 1;
    int status;

    role = of;
    crime = f;
    status = in_child(commit);
    if (refused ? status != 0 : !WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
        fail_msg("role %d %s: status %x", of, f->what, (unsigned)status);
}

static void what_a_thread_may_not_ends_it_or_is_refused_and_counted(void **state)
{
    (void)state;
    if (!confine_enforces())
        skip();
    for (unsigned of = 0; of < CONFINE_ROLES; of++) {
        for (size_t i = 0; i < COUNT_OF(forbidden); i++) {
            if (forbidden[i].whom >> of & 1)
                assert_caught(of, &forbidden[i]);
        }
    }
}

/* ---- what each needs ----------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Small and large: malloc() and qsort() take other ways then. */
static void use_memory(void)
{
    for (size_t n = 16; n < 8U << 20; n *= 4) {
        int *numbers = calloc(n, sizeof *numbers), *more;

        MUST(numbers != NULL);
        for (size_t i = 0; i < n; i++)
            numbers[i] = (int)(i * 7919 % 1000);
        qsort(numbers, n, sizeof *numbers, by_value);
        MUST(numbers[0] <= numbers[n - 1]);
        more = realloc(numbers, 2 * n * sizeof *numbers);
        free(more ? more : numbers);
    }
}

static void use_time_and_text(void)
{
    struct timespec t;
    struct stat s;
    struct tm tm;
    char out[200];

    MUST(clock_gettime(CLOCK_REALTIME, &t) == 0 && usleep(1000) == 0);
    MUST(localtime_r(&t.tv_sec, &tm) != NULL &&
         strftime(out, sizeof out, "%F %T", &tm) > 0);
    snprintf(out, sizeof out, "%.17g %s", (double)t.tv_nsec / 3, strerror(EPERM));
    fprintf(stderr, "# a word to standard error\n");
    MUST(fstat(STDOUT_FILENO, &s) == 0); /* as stdio does before its first word */
    MUST(puts("# and one to standard output") >= 0 && fflush(stdout) == 0);
}

static void *compute(void *context)
{
    static const uint64_t one = 1;

    MUST(confine_thread(CONFINE_WORKER, text));
    use_memory();
    use_time_and_text();
    MUST(write(*(int *)context, &one, sizeof one) == sizeof one);
    return NULL;
}

/* The thread beside it stays free. */
static void work(void)
{
    int bell = eventfd(0, EFD_NONBLOCK);
    pthread_t thread;

    tzset(); /* reads a file, once */
    MUST(pthread_create(&thread, NULL, compute, &bell) == 0);
    MUST(pthread_join(thread, NULL) == 0);
    MUST(close(open("/etc/passwd", O_RDONLY)) == 0);
}

static void a_worker_computes_and_binds_no_other_thread(void **state)
{
    (void)state;
    assert_fine(work);
}

static void aborts(void)
{
    MUST(confine_thread(CONFINE_WORKER, text));
    abort();
}

static void an_assert_ends_by_its_own_signal(void **state)
{
    int status = in_child(aborts);

    (void)state;
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void take(void *context, const struct raw *raw)
{
    (void)raw;
    ++*(unsigned *)context;
}

/* The sensor's own capture, opened, read and closed. */
static void open_and_read(void)
{
    struct config_interface lo = {.name = "lo",
                                  .snaplen = 1000,
                                  .ring = 1 << 20,
                                  .filter = "tcp",
                                  .promiscuous = true};
    const struct config config = {.interfaces = &lo, .ninterfaces = 1};
    static struct capture c;
    static struct packet_ring packets;
    static struct ring notices;
    char error[CAPTURE_ERROR] = "";
    unsigned n = 0;

    MUST(packet_ring_open(&packets, NULL, 1 << 20));
    MUST(ring_open(&notices, sizeof(struct notice), 8, NULL));
    if (!capture_open(&c, &config, "lo", &packets, &notices, error))
        fprintf(stderr, "# %s\n", error);
    MUST(c.ports[0].pcap != NULL);
    for (int i = 0; i < 5; i++)
        capture_turn(&c, 20, take, &n);
    capture_close(&c);
    ring_close(&notices);
    packet_ring_close(&packets);
}

static void look_at_interfaces(void)
{
    struct ifaddrs *all;
    char line[64];
    FILE *f;

    MUST(if_nametoindex("lo") > 0 && if_nametoindex("none0") == 0);
    MUST(getifaddrs(&all) == 0);
    freeifaddrs(all);
    f = fopen("/sys/class/net/lo/statistics/tx_packets", "r");
    if (f) {
        MUST(fgets(line, sizeof line, f));
        fclose(f);
    }
}

/* What the filter lets through, the sockets themselves refuse. */
static void cannot_send(void)
{
    static const uint64_t frame;
    const struct sockaddr_ll port = {.sll_family = AF_PACKET,
                                     .sll_protocol = htons(ETH_P_ALL),
                                     .sll_ifindex = (int)if_nametoindex("lo")};
    int link = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
    int ip = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

    MUST(link >= 0 && bind(link, (const struct sockaddr *)&port, sizeof port) == 0);
    MUST(write(link, &frame, sizeof frame) < 0);
    MUST(sendto(link, &frame, sizeof frame, 0, (const struct sockaddr *)&port, 12) < 0);
    MUST(ip >= 0 && write(ip, &frame, sizeof frame) < 0);
    MUST(sendto(ip, &frame, sizeof frame, 0, (const struct sockaddr *)&port, 12) < 0);
    close(link);
    close(ip);
}

static void capture(void)
{
    MUST(confine_user("nobody", text) == CONFINED_YES);
    MUST(confine_thread(CONFINE_CAPTURE, text));
    open_and_read();
    look_at_interfaces();
    open_and_read();
    cannot_send();
}

static void a_capture_thread_opens_its_interface_again(void **state)
{
    (void)state;
    if (!is_root() || if_nametoindex("lo") == 0)
        skip();
    assert_fine(capture);
}

/* ---- output -------------------------------------------------------------------------- */

static void use_sqlite(const char *path)
{
    sqlite3 *db;

    MUST(sqlite3_open(path, &db) == SQLITE_OK);
    MUST(sqlite3_exec(
             db,
             "pragma journal_mode=wal; pragma synchronous=full;"
             "create table t (a integer primary key, b text);"
             "insert into t(b) values ('x'), ('y'); pragma wal_checkpoint(truncate);"
             "delete from t; vacuum;",
             NULL, NULL, NULL) == SQLITE_OK);
    MUST(sqlite3_close(db) == SQLITE_OK);
}

static void use_files(void)
{
    FILE *f = fopen("lines", "a");

    MUST(f && fputs("line\n", f) >= 0 && fflush(f) == 0 && fsync(fileno(f)) == 0);
    MUST(fclose(f) == 0 && rename("lines", "lines.1") == 0 && unlink("lines.1") == 0);
    MUST(mkdir("evidence", 0700) == 0 && rmdir("evidence") == 0);
}

static void use_tls(void)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    MUST(tls);
    SSL_CTX_set_default_verify_paths(tls);
    SSL_CTX_free(tls);
}

static void *look_names_up(void *context)
{
    static const char *const names[] = {"localhost", "sightglass.invalid"};
    struct addrinfo *found = NULL;

    /* Over the network, or the lack of one: either way all its calls are made. */
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (getaddrinfo(names[i], "6379", NULL, &found) == 0)
            freeaddrinfo(found);
    }
    return context;
}

static void use_names(void)
{
    pthread_t thread;

    MUST(pthread_create(&thread, NULL, look_names_up, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
}

static void use_connection(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(1)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    MUST(fd >= 0);
    MUST(connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno != EPERM);
    close(fd);
}

static void told_of_nothing(void)
{
    struct confine_refused r;

    if (confine_refused(&r))
        fprintf(stderr, "# refused: %s\n", r.name);
    MUST(confine_refused_total() == 0);
}

static void put_out(void)
{
    MUST(chdir(folder) == 0);
    MUST(confine_thread(role, text));
    use_sqlite("outbox.db");
    MUST(unlink("outbox.db") == 0);
    use_files();
    use_tls();
    use_names();
    use_connection();
    told_of_nothing();
}

static void output_and_main_do_their_work_and_nothing_is_refused(void **state)
{
    (void)state;
    role = CONFINE_OUTPUT;
    assert_fine(put_out);
    role = CONFINE_MAIN;
    assert_fine(put_out);
}

static void serve(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "control.sock"};
    int fd, peer, other;

    MUST(chdir(folder) == 0);
    MUST(confine_thread(CONFINE_MAIN, text));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
         listen(fd, 5) == 0);
    MUST(chmod("control.sock", 0660) == 0 &&
         chown("control.sock", (uid_t)-1, getgid()) == 0);
    other = socket(AF_UNIX, SOCK_STREAM, 0);
    MUST(connect(other, (struct sockaddr *)&at, sizeof at) == 0);
    peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    MUST(peer >= 0 && write(peer, "answer", 6) == 6 && close(peer) == 0);
    MUST(unlink("control.sock") == 0);
    told_of_nothing();
}

static void main_listens(void **state)
{
    (void)state;
    assert_fine(serve);
}

static void trap_in_a_thread_that_blocks_all(void)
{
    sigset_t all;

    sigfillset(&all);
    MUST(pthread_sigmask(SIG_SETMASK, &all, NULL) == 0);
    MUST(confine_thread(CONFINE_OUTPUT, text));
    traces();
    MUST(confine_refused_total() == 1);
}

static void a_refusal_does_not_end_a_thread_that_blocks_signals(void **state)
{
    (void)state;
    if (!confine_enforces())
        skip();
    assert_fine(trap_in_a_thread_that_blocks_all);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_thread_may_not_ends_it_or_is_refused_and_counted),
        cmocka_unit_test(a_worker_computes_and_binds_no_other_thread),
        cmocka_unit_test(an_assert_ends_by_its_own_signal),
        cmocka_unit_test(a_capture_thread_opens_its_interface_again),
        cmocka_unit_test(output_and_main_do_their_work_and_nothing_is_refused),
        cmocka_unit_test(main_listens),
        cmocka_unit_test(a_refusal_does_not_end_a_thread_that_blocks_signals),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
