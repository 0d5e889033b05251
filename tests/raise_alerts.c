/*
 * Raises numbered alerts at a steady rate into real outputs, for tests/faults.test.
 *
 * usage: raise_alerts [-s STATE] [-r SERVER] [-f FILE] [-n COUNT] [-a A_SECOND]
 *            [-i FIRST] [-w SECONDS] [-k KEYS] [-m stream|list] [-U USER]
 *            [-P PASSWORD_FILE] [-A CA] [-C CERT] [-K KEY] [-t TRIM_MS] [-z BYTES]
 *
 * Main raises and prints, the output thread does the rest, as in the sensor.  Printed,
 * a line each: "committed N" (so many are on disk), "notice CHECK over|on ABOUT: DETAIL",
 * "latency NS" (the longest from raising to disk), and in the end "end WAITING LOST".
 */

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/outputs.h"

struct job {
    struct outputs outputs;
    struct tube events;
    struct bell bell;
    struct ring notices;
    atomic_bool stop, reopen;
    _Atomic(uint64_t) committed, waiting, lost;
    _Atomic(int64_t) latency;
    uint64_t first, count, rate;
    int wait_s;
};

static volatile sig_atomic_t ended, reopen;

static void on_signal(int number)
{
    if (number == SIGHUP)
        reopen = 1;
    else
        ended = 1;
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- the output thread ------------------------------------------------------------- */

static void publish(void *to, struct outputs *o)
{
    struct job *j = to;
    struct status_outputs s;
    uint64_t waiting = 0, lost = 0;

    outputs_status(o, &s);
    for (unsigned i = 0; i < s.n; i++) {
        waiting += s.output[i].backlog;
        lost += s.output[i].lost;
    }
    atomic_store(&j->waiting, waiting);
    atomic_store(&j->lost, lost);
    atomic_store(&j->committed, s.committed);
    if (s.commit_latency > atomic_load(&j->latency))
        atomic_store(&j->latency, s.commit_latency);
}

static void *output_thread(void *job)
{
    struct job *j = job;
    const struct outputs_orders orders = {.events = &j->events,
                                          .bell = &j->bell,
                                          .stop = &j->stop,
                                          .reopen = &j->reopen,
                                          .finish_ms = 1000,
                                          .tick = publish,
                                          .to = j};

    outputs_run(&j->outputs, &orders);
    publish(j, &j->outputs);
    return NULL;
}

/* ---- raising ------------------------------------------------------------------------- */

static void raise_one(struct job *j, uint64_t n)
{
    char line[640];
    struct event e = {.kind = EVENT_ALERT,
                      .severity = SEVERITY_HIGH,
                      .alert_id = n,
                      .root = n,
                      .time = now_ns()};
    void *slot;

    e.line.at = (const uint8_t *)line;
    e.line.len = (size_t)snprintf(
        line, sizeof line,
        "{\"event_type\":\"alert\",\"n\":%" PRIu64 ",\"pad\":\"%0500u\"}\n", n, 0u);
    while ((slot = tube_slot(&j->events, event_size(&e))) == NULL)
        usleep(1000);
    event_pack(&e, slot);
    tube_push(&j->events);
}

static void print_news(struct job *j)
{
    static uint64_t committed;
    const struct notice *n;

    while ((n = ring_peek(&j->notices)) != NULL) {
        printf("notice %u %s %s: %s\n", n->check, n->over ? "over" : "on", n->about,
               n->detail);
        ring_pop(&j->notices);
    }
    if (atomic_load(&j->committed) != committed) {
        committed = atomic_load(&j->committed);
        printf("committed %" PRIu64 "\n", committed);
    }
    fflush(stdout);
}

static void raise_all(struct job *j)
{
    int64_t start = now_ns();
    uint64_t n = 0;

    while (n < j->count && !ended) {
        uint64_t due = (uint64_t)((now_ns() - start) / NS_PER_MS) * j->rate / 1000;

        for (; n < j->count && n < due; n++)
            raise_one(j, j->first + n);
        if (reopen) {
            atomic_store(&j->reopen, true);
            reopen = 0;
        }
        print_news(j);
        usleep(5000);
    }
}

static bool is_done(struct job *j)
{
    return atomic_load(&j->committed) >= j->count && atomic_load(&j->waiting) == 0;
}

static void wait_for_delivery(struct job *j)
{
    int64_t until = now_ns() + j->wait_s * NS_PER_S;

    while (!ended && !is_done(j) && now_ns() < until) {
        print_news(j);
        usleep(20000);
    }
    atomic_store(&j->stop, true);
    bell_ring(&j->bell);
}

/* ---- the command line ---------------------------------------------------------------- */

static void take(struct job *j, struct config *c, struct config_output *o, int option,
                 char *value)
{
    struct config_redis *r = &o[0].redis;
    static const char *server;

    switch (option) {
    case 's':
        c->state = value;
        break;
    case 'r':
        server = value;
        r->servers.text = &server;
        break;
    case 'f':
        o[1].file.path = value;
        break;
    case 'n':
        j->count = strtoull(value, NULL, 10);
        break;
    case 'a':
        j->rate = strtoull(value, NULL, 10);
        break;
    case 'i':
        j->first = strtoull(value, NULL, 10);
        break;
    case 'w':
        j->wait_s = (int)strtol(value, NULL, 10);
        break;
    case 'k':
        r->prefix = value;
        break;
    case 'm':
        r->mode = strcmp(value, "list") == 0 ? CONFIG_REDIS_LIST : CONFIG_REDIS_STREAM;
        break;
    case 'U':
        r->user = value;
        break;
    case 'P':
        r->password_file = value;
        break;
    case 'A':
        r->tls_ca = value;
        break;
    case 'C':
        r->tls_cert = value;
        break;
    case 'K':
        r->tls_key = value;
        break;
    case 't':
        r->trim_keep = strtoll(value, NULL, 10) * NS_PER_MS;
        break;
    case 'z':
        c->outbox_size = strtoull(value, NULL, 10);
        break;
    default:
        exit(2);
    }
}

static bool open_all(struct job *j, const struct config *c)
{
    struct diagnostics d;
    bool ok;

    diagnostics_open(&d);
    ok = bell_open(&j->bell) && tube_open(&j->events, 1 << 20, &j->bell) &&
         ring_open(&j->notices, sizeof(struct notice), 64, NULL) &&
         outputs_open(&j->outputs, c, c->state, &j->notices, &d);
    diagnostics_print(&d, stderr);
    diagnostics_close(&d);
    return ok;
}

int main(int argc, char **argv)
{
    static struct job job = {.first = 1, .count = 100, .rate = 100, .wait_s = 10};
    static struct config_output outputs[2] = {
        {.name = "soc",
         .type = OUTPUT_REDIS,
         .what = OUTPUT_ALERTS | OUTPUT_UPDATES,
         .redis = {.prefix = "sg:site:sensor",
                   .connect_timeout = 1000 * (int64_t)NS_PER_MS,
                   .command_timeout = 600 * (int64_t)NS_PER_MS}},
        {.name = "log",
         .type = OUTPUT_FILE,
         .what = OUTPUT_ALERTS | OUTPUT_UPDATES,
         .file = {.rotate_size = 0, .keep = 3}}};
    struct config *config = config_default();
    pthread_t thread;
    int option;

    if (!config)
        return 1;
    while ((option = getopt(argc, argv, "s:r:f:n:a:i:w:k:m:U:P:A:C:K:t:z:")) != -1)
        take(&job, config, outputs, option, optarg);
    config->outputs = outputs[0].redis.servers.text ? outputs : outputs + 1;
    config->noutputs =
        (outputs[0].redis.servers.text != NULL) + (outputs[1].file.path != NULL);
    signal(SIGTERM, on_signal);
    signal(SIGHUP, on_signal);
    if (!open_all(&job, config) ||
        pthread_create(&thread, NULL, output_thread, &job) != 0)
        return 1;
    raise_all(&job);
    wait_for_delivery(&job);
    pthread_join(thread, NULL);
    print_news(&job);
    printf("latency %" PRId64 "\nend %" PRIu64 " %" PRIu64 "\n",
           atomic_load(&job.latency), atomic_load(&job.waiting), atomic_load(&job.lost));
    outputs_close(&job.outputs);
    tube_close(&job.events);
    ring_close(&job.notices);
    bell_close(&job.bell);
    config_free(config);
    return 0;
}
