#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sensor/core/json.h"
#include "sensor/metrics.h"
#include "sensor/stats.h"
#include "tests/status_parse.h"

static struct status s;
static char *text;
static char dir[32];

/* Every member has a value of its own. */
static int begin(void **state)
{
    int64_t t = INT64_C(1772615564318226000);

    (void)state;
    s = (struct status){.version = "0.1.0", .site = "wtp", .name = "n\"1\\", .now = t};
    s.started = t - 90061 * NS_PER_S;
    s.crashes = 1;
    s.ndpi = true;
    s.refused_calls = 2;
    s.memory = 64 << 20;
    s.ninterfaces = 2;
    s.interfaces[0] = (struct status_interface){
        "span0", "g", true, 900, 90000, 60, 40, 30, 3, 0, 1, 40, t - NS_PER_S};
    s.interfaces[1] = (struct status_interface){.name = "span1", .group = "g"};
    s.analysis = (struct status_analysis){.packets = 870,
                                          .records = 51,
                                          .flows = 52,
                                          .health = 53,
                                          .findings = 54,
                                          .muted = 55,
                                          .records_lost = 56,
                                          .notices_lost = 71,
                                          .cuts_lost = 72,
                                          .alerts = {1, 2, 3, 4, 5},
                                          .updates = 57,
                                          .open = 58,
                                          .seen = t - 1000,
                                          .clock_jumps = 59,
                                          .nprotocols = 1,
                                          .ntables = 1,
                                          .protocols = {{"modbus", 1204331, 11, 12, 13}},
                                          .tables = {{"flows", 14}},
                                          .ruleset = "99c030754b69",
                                          .rules = 231};
    s.outputs = (struct status_outputs){.committed = 1000,
                                        .tube_lost = 61,
                                        .outbox_rows = 62,
                                        .outbox_bytes = 63,
                                        .outbox_percent = 64,
                                        .commit_latency = 12345000,
                                        .n = 2,
                                        .damaged = true};
    s.outputs.output[0] = (struct status_output){
        "soc", "redis", true, 7, t - 5000, 70, 2, 1, t - 6000, "connection refused"};
    s.outputs.output[1] = (struct status_output){.name = "local", .type = "file"};
    s.outputs.test = (struct status_test){UINT64_C(0xfedcba9876543210), t, t + 1000};
    s.outputs.test.delivered[1] = t + 2000;
    snprintf(dir, sizeof dir, "status.XXXXXX");
    text = NULL;
    return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    free(text);
    return rmdir(dir);
}

static const char *printed(void (*print)(const struct status *, FILE *))
{
    size_t len;
    FILE *out = open_memstream(&text, &len);

    print(&s, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void what_is_lost_is_not_seen(void **state)
{
    (void)state;
    assert_true(status_seeing(&s) == 87.0); /* 900 - 30 of 900 + 60 + 40 */
    s.interfaces[0].up = false;
    assert_true(status_seeing(&s) == 0);
    s.interfaces[0] = (struct status_interface){.up = true};
    assert_true(status_seeing(&s) == 100);
}

static void what_the_slowest_output_lacks_is_not_delivered(void **state)
{
    (void)state;
    assert_true(status_delivering(&s) == 99.0); /* 7 wait, 2 lost, 1 rejected */
    s.outputs.output[1].backlog = 5000;         /* more than this run has committed */
    assert_true(status_delivering(&s) == 0);
    s.outputs = (struct status_outputs){.n = 2};
    assert_true(status_delivering(&s) == 100);
    s.outputs.output[1].backlog = 1; /* from before the start */
    assert_true(status_delivering(&s) == 0);
}

static void json_brings_all_of_it_back(void **state)
{
    static struct status back;
    char first[16384], second[16384];
    size_t len = stats_line(&s, first, sizeof first);
    struct parsed *p = parse_status(first, &back);

    (void)state;
    assert_true(len > 0 && first[len - 1] == '\n');
    assert_non_null(p);
    assert_string_equal(back.name, "n\"1\\");
    assert_int_equal(back.now, s.now);
    assert_int_equal(back.outputs.test.alert_id, s.outputs.test.alert_id);
    assert_int_equal(back.outputs.test.delivered[0], 0);
    assert_int_equal(back.outputs.test.delivered[1], s.outputs.test.delivered[1]);
    assert_int_equal(back.analysis.protocols[0].malformed, 13);
    assert_int_equal(stats_line(&back, second, sizeof second), len);
    assert_memory_equal(first, second, len);
    back.version = back.site = back.name = NULL;
    s.version = s.site = s.name = NULL;
    assert_memory_equal(&back.outputs, &s.outputs, sizeof s.outputs);
    assert_memory_equal(&back.interfaces, &s.interfaces, sizeof s.interfaces);
    parsed_free(p);
}

static void what_is_no_status_is_refused(void **state)
{
    static const char *const bad[] = {"[]", "{}", "{\"sensor\":1}"};
    static struct status back;
    char line[64];

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(bad); i++) {
        snprintf(line, sizeof line, "{\"ot\":{\"stats\":%s}}", bad[i]);
        assert_null(parse_status(line, &back));
    }
}

/* More than there is room for, and values of another type. */
static void a_strange_status_does_no_harm(void **state)
{
    static char line[8192];
    static struct status back;
    size_t n;
    struct parsed *p;

    (void)state;
    n = (size_t)snprintf(
        line, sizeof line,
        "{\"ot\":{\"stats\":{\"sensor\":\"x\",\"time\":[],\"crashes\":{},"
        "\"analysis\":7,\"interfaces\":[7,null");
    for (unsigned i = 0; i < 2 * STATUS_INTERFACES; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, ",{\"name\":\"%0*u\"}", 100, i);
    snprintf(line + n, sizeof line - n, "],\"outputs\":{\"a\":{}}}}}");
    p = parse_status(line, &back);
    assert_non_null(p);
    assert_int_equal(back.ninterfaces, STATUS_INTERFACES);
    assert_int_equal(strlen(back.interfaces[0].name), STATUS_NAME - 1);
    assert_int_equal(back.outputs.n, 0);
    assert_int_equal(back.now, 0);
    parsed_free(p);
}

static void a_line_that_does_not_fit_is_none(void **state)
{
    char line[512];

    (void)state;
    assert_int_equal(stats_line(&s, line, sizeof line), 0);
}

static const char *value_of(const struct status_pair *pairs, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    }
    return NULL;
}

static void the_health_hash_tells_what_matters(void **state)
{
    struct status_pair pairs[STATUS_PAIRS];
    unsigned n = status_pairs(&s, pairs);

    (void)state;
    assert_in_range(n, 20, STATUS_PAIRS);
    assert_string_equal(value_of(pairs, n, "version"), "0.1.0");
    assert_string_equal(value_of(pairs, n, "uptime"), "90061");
    assert_string_equal(value_of(pairs, n, "seeing"), "87.000");
    assert_string_equal(value_of(pairs, n, "delivering"), "99.000");
    assert_string_equal(value_of(pairs, n, "interfaces_up"), "1");
    assert_string_equal(value_of(pairs, n, "packets_lost"), "130");
    assert_string_equal(value_of(pairs, n, "alerts_critical"), "5");
    assert_string_equal(value_of(pairs, n, "backlog"), "7");
    assert_string_equal(value_of(pairs, n, "events_lost"), "64");
    assert_string_equal(value_of(pairs, n, "ruleset"), "99c030754b69");
    assert_string_equal(value_of(pairs, n, "time"), "2026-03-04T09:12:44.318226+0000");
}

/* ---- the screen -------------------------------------------------------------------- */

static void assert_screen(const char *screen)
{
    for (const char *line = screen, *next; *line; line = next + 1) {
        next = strchr(line, '\n');
        assert_true(next - line <= 100);
        for (const char *at = line; at < next; at++)
            assert_in_range(*at, 0x20, 0x7e);
        if (!next[1])
            assert_int_equal(strncmp(line, "Next: ", 6), 0);
    }
}

static void the_screen_shows_the_worst_and_what_to_do(void **state)
{
    (void)state;
    assert_screen(printed(status_text));
    assert_non_null(strstr(text, " seeing       87.00 %   900 packets; lost: kernel 60, "
                                 "interface 40, ring 30\n"));
    assert_non_null(strstr(text, " delivering   99.00 %   1,000 events on disk"));
    assert_non_null(strstr(text, " span1            DOWN "));
    assert_non_null(strstr(text, " modbus                 1,204,331 "));
    assert_non_null(strstr(text, "5 critical, 4 high, 3 medium, 2 low, 1 info; open 58"));
    assert_non_null(strstr(text, "connection refused\n"));
    assert_non_null(strstr(text, " full: flows let go 14\n"));
    assert_non_null(strstr(text, "Next: ip link show span1"));
}

/* The longest of everything, and an error that would move the cursor. */
static void the_screen_stays_within_its_columns(void **state)
{
    (void)state;
    memset(s.interfaces[0].name, 'i', STATUS_NAME - 1);
    memset(s.analysis.protocols[0].name, 'p', STATUS_NAME - 1);
    memset(s.outputs.output[0].name, 'o', STATUS_NAME - 1);
    memset(s.outputs.output[0].error, '\033', STATUS_ERROR - 1);
    s.interfaces[1].up = s.outputs.output[1].connected = true;
    s.interfaces[0].received = UINT64_C(99999999999);
    s.outputs.output[0].delivered = UINT64_C(9999999999);
    assert_screen(printed(status_text));
    assert_non_null(strstr(text, "Next: sightglass alert-test"));
}

static void hundred_percent_is_said_of_nothing_less(void **state)
{
    (void)state;
    s.interfaces[0] =
        (struct status_interface){.up = true, .received = 10000000, .ring_lost = 1};
    printed(status_text);
    assert_non_null(strstr(text, " seeing       99.99 %"));
}

/* ---- metrics ----------------------------------------------------------------------- */

static void promtool_takes_the_metrics(void **state)
{
    FILE *tool;

    (void)state;
    printed(metrics_print);
    assert_non_null(strstr(text, "\nsightglass_alerts_total{severity=\"critical\"} 5\n"));
    assert_non_null(strstr(text, "sightglass_interface_received_packets_total{interface="
                                 "\"span0\"} 900\n"));
    assert_non_null(strstr(text, ",sensor=\"n\\\"1\\\\\","));
    assert_non_null(strstr(text, "\nsightglass_seeing_ratio 0.87\n"));
    assert_non_null(strstr(text, "\nsightglass_commit_latency_seconds 0.012345\n"));
    if (system("promtool --version >/dev/null 2>&1") != 0)
        return; /* a skip would be "not ok" in cmocka's TAP */
    tool = popen("promtool check metrics >&2", "w");
    assert_non_null(tool);
    fputs(text, tool);
    assert_int_equal(pclose(tool), 0);
}

static struct metrics *m;
static char place[64], error[METRICS_ERROR];

static void open_at(const char *scheme, const char *name)
{
    snprintf(place, sizeof place, "%s%s/%s", scheme, dir, name);
    m = metrics_open(place, error);
    assert_non_null(m);
    assert_true(metrics_publish(m, &s, error));
}

static int ask(const char *request)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s", place + 5);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    metrics_serve(m);
    metrics_serve(m);
    return fd;
}

static size_t answered(int fd, char *answer, size_t size)
{
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, answer + len, size - 1 - len, 0)) > 0)
        len += (size_t)n;
    answer[len] = '\0';
    close(fd);
    return len;
}

static void the_socket_answers_a_get(void **state)
{
    static char answer[METRICS_TEXT];
    const char *body;

    (void)state;
    open_at("unix:", "m.sock");
    answered(ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), answer, sizeof answer);
    assert_int_equal(strncmp(answer, "HTTP/1.0 200 OK\r\n", 17), 0);
    body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body + 4, printed(metrics_print));
    answered(ask("POST / HTTP/1.1\r\n\r\n"), answer, sizeof answer);
    assert_int_equal(strncmp(answer, "HTTP/1.0 405 ", 13), 0);
    metrics_close(m);
    assert_int_not_equal(access(place + 5, F_OK), 0);
}

static void idle_clients_keep_nobody_out(void **state)
{
    static char answer[METRICS_TEXT];
    int idle[3 * METRICS_CLIENTS];

    (void)state;
    open_at("unix:", "m.sock");
    for (unsigned i = 0; i < COUNT_OF(idle); i++)
        idle[i] = ask("GET");
    assert_true(answered(ask("GET / HTTP/1.0\r\n\r\n"), answer, sizeof answer) > 1000);
    assert_int_equal(answered(idle[0], answer, sizeof answer), 0);
    for (unsigned i = 1; i < COUNT_OF(idle); i++)
        close(idle[i]);
    metrics_close(m);
}

static void a_request_without_end_is_cut(void **state)
{
    static char request[8192], answer[64];

    (void)state;
    memset(request, 'x', sizeof request - 1);
    open_at("unix:", "m.sock");
    assert_int_equal(answered(ask(request), answer, sizeof answer), 0);
    metrics_close(m);
}

static void a_socket_left_behind_is_taken_over_and_no_other(void **state)
{
    struct metrics *second;

    (void)state;
    open_at("unix:", "m.sock");
    second = metrics_open(place, error);
    assert_null(second);
    assert_non_null(strstr(error, "m.sock: Address already in use"));
    metrics_close(m);
    snprintf(place, sizeof place, "unix:%s/nothing/m.sock", dir);
    assert_null(metrics_open(place, error));
}

static void the_file_is_replaced_as_a_whole(void **state)
{
    struct stat before, after;

    (void)state;
    open_at("", "m.prom");
    assert_int_equal(metrics_fd(m), -1);
    assert_int_equal(stat(place, &before), 0);
    assert_int_equal(before.st_size, strlen(printed(metrics_print)));
    assert_true(metrics_publish(m, &s, error));
    assert_int_equal(stat(place, &after), 0);
    assert_true(before.st_ino != after.st_ino);
    metrics_close(m);
    assert_int_equal(unlink(place), 0);
    snprintf(place, sizeof place, "%s/nothing/m.prom", dir);
    m = metrics_open(place, error);
    assert_false(metrics_publish(m, &s, error));
    assert_non_null(strstr(error, "No such file"));
    metrics_close(m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_lost_is_not_seen),
        TEST(what_the_slowest_output_lacks_is_not_delivered),
        TEST(json_brings_all_of_it_back),
        TEST(what_is_no_status_is_refused),
        TEST(a_strange_status_does_no_harm),
        TEST(a_line_that_does_not_fit_is_none),
        TEST(the_health_hash_tells_what_matters),
        TEST(the_screen_shows_the_worst_and_what_to_do),
        TEST(the_screen_stays_within_its_columns),
        TEST(hundred_percent_is_said_of_nothing_less),
        TEST(promtool_takes_the_metrics),
        TEST(the_socket_answers_a_get),
        TEST(idle_clients_keep_nobody_out),
        TEST(a_request_without_end_is_cut),
        TEST(a_socket_left_behind_is_taken_over_and_no_other),
        TEST(the_file_is_replaced_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
