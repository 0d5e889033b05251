/*
 * sightglass alert-test: one alert on the whole way, and where it has come to.
 */

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "sensor/cmd_control.h"
#include "sensor/core/clock.h"
#include "sensor/core/now.h"

static const char help[] =
    "usage: sightglass alert-test [--timeout 10s] [-c FILE] [--socket PATH]\n"
    "\n"
    "The running sensor raises a test alert, and this follows it: raised, committed on\n"
    "disk, delivered by each output, with the time from the asking to each.\n"
    "\n"
    "      --timeout DURATION   how long to wait for the last of them; default: 10s\n"
    "  -c, --config FILE        where the control socket is: state.control\n"
    "      --socket PATH        the control socket itself\n"
    "\n"
    "Exit status: 0 it arrived everywhere, 1 it is missing somewhere, 2 usage or no\n"
    "rights, 3 the sensor is not running.\n";

enum { LOCAL_HOPS = 2, HOPS = LOCAL_HOPS + CONFIG_OUTPUTS, HOP_NAME = 64, POLL_MS = 50 };

struct hop {
    char name[HOP_NAME], error[200];
    int64_t at; /* 0: not yet */
};

struct way {
    int64_t asked;
    unsigned n;
    struct hop hop[HOPS];
};

static struct hop *add_hop(struct way *w, const char *name, int64_t at)
{
    struct hop *h = &w->hop[w->n < HOPS ? w->n++ : HOPS - 1];

    *h = (struct hop){.at = at};
    snprintf(h->name, sizeof h->name, "%s", name);
    return h;
}

/* The state is of an earlier test until the sensor has raised ours. */
static void read_way(struct way *w, const json_t *state)
{
    int64_t raised = json_integer_value(json_object_get(state, "raised"));
    const json_t *output;
    size_t i;
    bool ours = raised >= w->asked;

    w->n = 0;
    add_hop(w, "raised", ours ? raised : 0);
    add_hop(w, "committed in the outbox",
            ours ? json_integer_value(json_object_get(state, "committed")) : 0);
    json_array_foreach(json_object_get(state, "outputs"), i, output)
    {
        const char *error = json_string_value(json_object_get(output, "error"));
        int64_t at = json_integer_value(json_object_get(output, "delivered"));
        char name[HOP_NAME];

        if (!json_is_true(json_object_get(output, "carries")))
            continue;
        snprintf(name, sizeof name, "delivered by %.40s",
                 json_string_value(json_object_get(output, "name")));
        snprintf(add_hop(w, name, ours ? at : 0)->error, sizeof w->hop->error, "%s",
                 error ? error : "");
    }
}

static bool arrived(const struct way *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        if (w->hop[i].at == 0)
            return false;
    }
    return true;
}

static int print_way(const struct way *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        const struct hop *h = &w->hop[i];

        if (h->at)
            printf("  %-40s %8.1f ms\n", h->name, (double)(h->at - w->asked) / NS_PER_MS);
        else
            printf("  %-40s  MISSING%s%s\n", h->name, h->error[0] ? "   " : "", h->error);
    }
    if (w->n <= LOCAL_HOPS)
        puts("No output carries alerts: it stays in the outbox.");
    if (!arrived(w) || w->n <= LOCAL_HOPS) {
        puts("Next: sightglass status");
        return EXIT_FINDINGS;
    }
    puts("The test alert arrived everywhere.");
    return EXIT_FINE;
}

/* Asks again until all hops are there or time is up; false when there is no answer. */
static bool follow(struct asking *a, struct way *w)
{
    int64_t end = now_monotonic() + (a->timeout ? a->timeout : 10 * NS_PER_S);
    const struct timespec pause = {0, (long)POLL_MS * NS_PER_MS};
    json_t *state;
    bool ok;

    for (;;) {
        state = asking_ask(a, json_pack("{s:s, s:b}", "verb", "alert-test", "state", 1));
        ok = state && asking_ok(a, state);
        if (ok)
            read_way(w, state);
        json_decref(state);
        if (!ok || arrived(w) || now_monotonic() >= end)
            return ok;
        nanosleep(&pause, NULL);
    }
}

int command_alert_test(int argc, char **argv)
{
    static struct asking a = {.command = "alert-test", .help = help, .takes = "t"};
    static struct way way;
    int status = asking_parse(&a, argc, argv);
    json_t *answer = NULL;

    if (status < 0)
        answer = asking_once(&a, json_pack("{s:s}", "verb", "alert-test"), &status);
    if (answer) {
        way.asked = json_integer_value(json_object_get(answer, "asked"));
        status = follow(&a, &way) ? print_way(&way) : EXIT_USAGE;
    }
    json_decref(answer);
    asking_close(&a);
    return status;
}
