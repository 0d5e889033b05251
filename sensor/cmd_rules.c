/*
 * sightglass rules: which there are, awake or asleep and why, tested, matched, held.
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rules/attack.h"
#include "sensor/commands.h"
#include "sensor/core/clock.h"
#include "sensor/health.h"
#include "sensor/rule_trial.h"

static const char help[] =
    "usage: sightglass rules [-c FILE] [--rules FILE|DIR] [--json] [CAPTURE ...]\n"
    "       sightglass rules --live [-c FILE]\n"
    "       sightglass rules --navigator\n"
    "\n"
    "All rules: enabled, asleep and why, tested; of captures also how often each matched,\n"
    "fired, was held back, and fired last.\n"
    "\n"
    "      --live              first of all: what the running sensor has counted\n"
    "  -c, --config FILE       the configuration; default: all defaults\n"
    "      --rules FILE|DIR    the site's rules, instead of the configuration's\n"
    "      --exceptions        what holds back, until when, and what it held\n"
    "      --navigator         what is active as a layer of ATT&CK Navigator\n"
    "      --json              as a JSON array\n"
    "\n"
    "Exit status: 0 fine, 2 usage or unreadable.\n";

struct listing {
    struct setup_options options;
    struct setup setup;
    struct analysis analysis;
    bool json, navigator, exceptions;
};

static int parse(int argc, char **argv, struct listing *l)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"rules", required_argument, NULL, 'r'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"navigator", no_argument, NULL, 'n'},
                                            {"exceptions", no_argument, NULL, 'e'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;

    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h')
            fputs(help, stdout);
        if (option == 'h' || option == '?')
            return option == 'h' ? EXIT_FINE : EXIT_USAGE;
        if (option == 'c')
            l->options.config = optarg;
        else if (option == 'r' && l->options.nrules < SETUP_PATHS)
            l->options.rules[l->options.nrules++] = optarg;
        l->json |= option == 'j';
        l->navigator |= option == 'n';
        l->exceptions |= option == 'e';
    }
    return -1;
}

/* "asleep: list $x is empty", "disabled", "block", "on". */
static const char *state_of(const struct listing *l, const struct rule *r, char *out,
                            size_t size)
{
    char why[128];

    if (!setup_wants(&l->setup, &r->signature))
        snprintf(out, size, "disabled");
    else if (rule_sleeps(r, why, sizeof why))
        snprintf(out, size, "asleep: %s", why);
    else
        snprintf(out, size, "%s", r->alert ? "on" : "on, tells nobody");
    return out;
}

static unsigned tests_of(const struct rule *r, bool firing)
{
    unsigned n = 0;

    for (const struct rule_test *t = r->tests; t; t = t->next)
        n += (t->alerts > 0) == firing;
    return n;
}

static const char *last_of(const struct rule *r, char out[TIME_TEXT])
{
    return r->last ? time_and_day(r->last, out) : "-";
}

/* ---- as a table ------------------------------------------------------------------------ */

static void print_table(const struct listing *l)
{
    unsigned rules = 0, asleep = 0;
    char state[160], last[TIME_TEXT];

    printf("%-7s %-7s %-40s %5s %8s %6s %5s  %s\n", "id", "", "rule", "tests", "matched",
           "fired", "held", "last, state");
    for (const struct rule *r = ruleset_rules(l->setup.rules); r; r = r->next) {
        rules++;
        asleep += r->asleep;
        printf("%-7" PRIu32 " %-7s %-40s %5u %8" PRIu64 " %6" PRIu64 " %5" PRIu64
               "  %s  %s%s\n",
               r->signature.id, r->signature.detection ? r->signature.detection : "",
               r->signature.name, tests_of(r, true) + tests_of(r, false), r->matched,
               r->found, r->held, last_of(r, last), state_of(l, r, state, sizeof state),
               r->overridden ? ", overridden" : "");
    }
    printf("%u rules (%s), %u asleep\n", rules, ruleset_version(l->setup.rules), asleep);
    puts(
        "Next: sightglass rules CAPTURE counts; sightglass replay --why-not RULE CAPTURE");
}

static void put_signature(struct json *j, const struct signature *s)
{
    json_uint(j, "id", s->id);
    json_text(j, "rule", s->name);
    json_text(j, "engine", s->engine);
    if (s->detection)
        json_text(j, "detection", s->detection);
    json_uint(j, "rev", s->rev);
    json_text(j, "kind", s->condition ? "condition" : "event");
    json_text(j, "severity", severity_labels[s->severity].name);
    json_array(j, "attack");
    for (unsigned i = 0; i < s->nattack; i++)
        json_text(j, NULL, s->attack[i]->id);
    json_array_end(j);
}

static void put_tests(struct json *j, const struct rule *r)
{
    json_uint(j, "firing", tests_of(r, true));
    json_uint(j, "silent", tests_of(r, false));
    json_array(j, "test");
    for (const struct rule_test *t = r->tests; t; t = t->next)
        json_text(j, NULL, t->pcap);
    json_array_end(j);
}

static void put_rule(struct json *j, const struct listing *l, const struct rule *r)
{
    char state[160];

    put_signature(j, &r->signature);
    json_bool(j, "shipped", r->shipped);
    json_bool(j, "tells", r->alert);
    json_text(j, "state", state_of(l, r, state, sizeof state));
    json_bool(j, "asleep", r->asleep);
    json_bool(j, "overridden", r->overridden);
    put_tests(j, r);
    json_uint(j, "matched", r->matched);
    json_uint(j, "fired", r->found);
    json_uint(j, "held", r->held);
    if (r->last)
        json_time(j, "last", r->last);
}

/* The sensor's own, which no file changes. */
static void put_health(struct json *j, const struct signature *s)
{
    put_signature(j, s);
    json_bool(j, "shipped", true);
    json_bool(j, "tells", true);
    json_text(j, "state", "on");
    json_array(j, "test");
    json_array_end(j);
}

static void print_json(const struct listing *l)
{
    static char buffer[16 * 1024];
    struct json j;

    fputs("[\n", stdout);
    for (const struct rule *r = ruleset_rules(l->setup.rules); r; r = r->next) {
        j = json_into(buffer, sizeof buffer);
        json_object(&j, NULL);
        put_rule(&j, l, r);
        json_object_end(&j);
        printf("%.*s,\n", (int)j.len, j.out);
    }
    for (unsigned i = 1; i < CHECKS; i++) {
        j = json_into(buffer, sizeof buffer);
        json_object(&j, NULL);
        put_health(&j, &health_signatures[i]);
        json_object_end(&j);
        printf("%.*s%s\n", (int)j.len, j.out, i + 1 < CHECKS ? "," : "");
    }
    fputs("]\n", stdout);
}

/* ---- what holds back ------------------------------------------------------------------- */

enum { IDLE_DAYS = 30 };

static bool is_idle(const struct exception *e, int64_t now)
{
    int64_t from = e->last ? e->last : e->since;

    return from && now - from > IDLE_DAYS * INT64_C(86400) * 1000000000;
}

static void print_exceptions(const struct listing *l)
{
    const struct exception *e = ruleset_exceptions(l->setup.rules);
    const struct maintenance *m = ruleset_maintenances(l->setup.rules);
    char until[TIME_TEXT], last[TIME_TEXT];

    for (; e; e = e->next)
        printf("exception    %-30s held %6" PRIu64 "  last %s  until %s  %s: %s%s\n",
               e->name, e->held, e->last ? time_and_day(e->last, last) : "-",
               e->until == INT64_MAX ? "-" : time_and_day(e->until, until),
               e->who ? e->who : "", e->why ? e->why : "",
               is_idle(e, l->analysis.seen) ? "  (held nothing for 30 days)" : "");
    for (; m; m = m->next)
        printf("maintenance  %-30s held %6" PRIu64 "  from %s  to %s  %s: %s\n", m->name,
               m->held, time_and_day(m->from, last), time_and_day(m->to, until),
               m->who ? m->who : "", m->why ? m->why : "");
}

/* ---- ATT&CK Navigator ------------------------------------------------------------------ */

/* Names of the active rules that show a technique, and how many there are. */
static unsigned rules_for(const struct listing *l, const struct technique *t, char *out,
                          size_t size)
{
    unsigned n = 0;
    size_t len = 0;

    out[0] = '\0';
    for (const struct rule *r = ruleset_rules(l->setup.rules); r; r = r->next) {
        for (unsigned i = 0; i < r->signature.nattack; i++) {
            if (r->signature.attack[i] != t || r->asleep || !r->alert ||
                !setup_wants(&l->setup, &r->signature))
                continue;
            if (n++ < 8 && len < size)
                len += (size_t)snprintf(out + len, size - len, "%s%s", len ? ", " : "",
                                        r->signature.name);
        }
    }
    return n;
}

static void print_layer(const struct listing *l)
{
    static char buffer[64 * 1024];
    struct json j = json_into(buffer, sizeof buffer);
    char comment[1024];
    unsigned n;

    json_object(&j, NULL);
    json_text(&j, "name", "Sightglass: active rules");
    json_object(&j, "versions");
    json_text(&j, "attack", "18");
    json_text(&j, "navigator", "5.1.0");
    json_text(&j, "layer", "4.5");
    json_object_end(&j);
    json_text(&j, "domain", "ics-attack");
    json_text(&j, "description", "Score: how many active rules show the technique");
    json_array(&j, "techniques");
    for (unsigned i = 0; i < attack_ntechniques; i++) {
        n = rules_for(l, &attack_techniques[i], comment, sizeof comment);
        if (n == 0)
            continue;
        json_object(&j, NULL);
        json_text(&j, "techniqueID", attack_techniques[i].id);
        json_uint(&j, "score", n);
        json_text(&j, "comment", comment);
        json_bool(&j, "enabled", true);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    printf("%.*s\n", (int)j.len, j.out);
}

/* ---- the command ------------------------------------------------------------------------ */

static void ignore(void *to, const struct event *e)
{
    (void)to, (void)e;
}

static int count(struct listing *l, char **captures)
{
    char why[RULES_TEST_WHY];

    for (; *captures; captures++) {
        if (trial_run(&l->setup, *captures, &l->analysis, ignore, NULL, why))
            continue;
        fprintf(stderr, "sightglass rules: %s\n", why);
        return EXIT_USAGE;
    }
    return EXIT_FINE;
}

static void print(const struct listing *l)
{
    if (l->navigator)
        print_layer(l);
    else if (l->exceptions)
        print_exceptions(l);
    else if (l->json)
        print_json(l);
    else
        print_table(l);
}

int command_rules(int argc, char **argv)
{
    static struct listing l; /* large, and there is one */
    int status;

    if (argc > 1 && strcmp(argv[1], "--live") == 0)
        return command_rules_live(argc - 1, argv + 1);
    status = parse(argc, argv, &l);
    if (status >= 0)
        return status;
    if (setup_load(&l.setup, &l.options)) {
        status = count(&l, argv + optind);
        if (status == EXIT_FINE)
            print(&l);
    } else {
        diagnostics_print(&l.setup.d, stderr);
        status = EXIT_USAGE;
    }
    setup_close(&l.setup);
    return status;
}
