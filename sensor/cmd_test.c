/*
 * sightglass test: what the rules say of themselves is true.
 */

#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rules/json_path.h"
#include "sensor/commands.h"
#include "sensor/rule_trial.h"

static const char help[] =
    "usage: sightglass test [-c FILE] [--pcaps DIR] [--rule NAME] [-v] [FILE|DIR ...]\n"
    "       sightglass test --mutate | --coverage | --update | --new FILE.pcap ...\n"
    "\n"
    "Replays the captures that rules name under `test:` and compares the alerts: of the\n"
    "shipped rules and the site's.  Captures, and the `config` and `points` of a test, are\n"
    "looked for beside the rules file, then in the folder of captures.\n"
    "\n"
    "  -c, --config FILE   the configuration; default: all defaults\n"
    "      --pcaps DIR     where the captures are; default: pcaps\n"
    "      --rule NAME     only this rule, by name, id or detection\n"
    "  -v, --verbose       tell also what passed\n"
    "      --update        write into the rules files what came out\n"
    "      --coverage      which rules are shown firing and not firing, and which\n"
    "                      captures no test uses\n"
    "      --mutate        drop each clause of each rule in turn: some test must fail\n"
    "      --new FILE      what this capture raises, as lines to put under `test:`\n"
    "\n"
    "Exit status: 0 all passed, 1 some failed, 2 usage or unreadable.\n";

enum mode { MODE_TEST, MODE_UPDATE, MODE_COVERAGE, MODE_MUTATE, MODE_NEW };

struct testing {
    struct setup_options options;
    const char *rule, *capture;
    enum mode mode;
    bool verbose;
    struct setup setup;
    struct trial_sensor sensor;
    struct rules_replayer replayer;
    struct rules_test_options what;
};

static int parse(int argc, char **argv, struct testing *t)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"pcaps", required_argument, NULL, 'p'},
        {"rule", required_argument, NULL, 'r'},   {"verbose", no_argument, NULL, 'v'},
        {"update", no_argument, NULL, 'u'},       {"coverage", no_argument, NULL, 'C'},
        {"mutate", no_argument, NULL, 'm'},       {"new", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},         {0},
    };
    static const struct {
        int option;
        enum mode mode;
    } modes[] = {
        {'u', MODE_UPDATE}, {'C', MODE_COVERAGE}, {'m', MODE_MUTATE}, {'n', MODE_NEW}};
    int option;

    while ((option = getopt_long(argc, argv, "c:vh", options, NULL)) != -1) {
        if (option == 'c')
            t->options.config = optarg;
        else if (option == 'p')
            t->options.pcaps = optarg;
        else if (option == 'r')
            t->rule = optarg;
        else if (option == 'n')
            t->capture = optarg;
        else if (option == 'h')
            fputs(help, stdout);
        else if (option == '?')
            fprintf(stderr, "Try: sightglass test --help\n");
        t->verbose |= option == 'v';
        for (unsigned i = 0; i < COUNT_OF(modes); i++)
            t->mode = modes[i].option == option ? modes[i].mode : t->mode;
        if (option == 'h' || option == '?')
            return option == 'h' ? EXIT_FINE : EXIT_USAGE;
    }
    for (; optind < argc && t->options.nrules < SETUP_PATHS; optind++)
        t->options.rules[t->options.nrules++] = argv[optind];
    return -1;
}

/* ---- tests -------------------------------------------------------------------------- */

static int plain(struct testing *t)
{
    struct rules_test_result r = rules_test_run(t->setup.rules, &t->replayer, &t->what);

    printf("%u passed, %u failed   rules without a test: %u\n", r.passed, r.failed,
           r.untested);
    return r.failed ? EXIT_FINDINGS : EXIT_FINE;
}

static int update(struct testing *t)
{
    static struct rewrites rewrites; /* large, and there is one */
    struct rules_test_result r;
    const char *failed = NULL;
    int files;

    t->what.update = &rewrites;
    r = rules_test_run(t->setup.rules, &t->replayer, &t->what);
    files = rewrite_apply(&rewrites, &failed);
    if (files < 0) {
        fprintf(stderr, "sightglass test: cannot write %s\n", failed);
        return EXIT_USAGE;
    }
    printf("%u values changed in %d files, %u tests failed otherwise\n", rewrites.n,
           files, r.failed);
    if (rewrites.n)
        puts("Next: read the difference, it is what the rules now say");
    return r.failed ? EXIT_FINDINGS : EXIT_FINE;
}

static int mutate(struct testing *t)
{
    struct rules_test_result r =
        rules_test_mutate(t->setup.rules, &t->replayer, &t->what);

    printf("%u clauses dropped, %u of them no test missed (%u more follow from others)\n",
           r.mutants, r.survived, r.equal);
    return r.survived ? EXIT_FINDINGS : EXIT_FINE;
}

/* ---- coverage ----------------------------------------------------------------------- */

static unsigned tests_of(const struct rule *rule, bool firing)
{
    unsigned n = 0;

    for (const struct rule_test *test = rule->tests; test; test = test->next)
        n += (test->alerts > 0) == firing;
    return n;
}

static bool uses(const struct rule *rules, const char *name)
{
    for (const struct rule *r = rules; r; r = r->next) {
        for (const struct rule_test *test = r->tests; test; test = test->next) {
            if (strcmp(test->pcap, name) == 0)
                return true;
        }
    }
    return false;
}

static int captures_only(const struct dirent *e)
{
    const char *dot = strstr(e->d_name, ".pcap");

    return dot && e->d_name[0] != '.';
}

static void unused_captures(const struct testing *t, const char *below, unsigned *n)
{
    char path[512], name[512];
    struct dirent **entries;
    int found;

    snprintf(path, sizeof path, "%s/%s", t->options.pcaps, below);
    found = scandir(path, &entries, captures_only, alphasort);
    for (int i = 0; i < found; i++) {
        snprintf(name, sizeof name, "%s/%s", below, entries[i]->d_name);
        if (!uses(ruleset_rules(t->setup.rules), name)) {
            printf("  %s\n", name);
            ++*n;
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
}

static int coverage(struct testing *t)
{
    unsigned rules = 0, half = 0, unused = 0;

    puts("fires  silent  rule");
    for (const struct rule *r = ruleset_rules(t->setup.rules); r; r = r->next) {
        unsigned yes = tests_of(r, true), no = tests_of(r, false);

        if (!r->alert)
            continue;
        rules++;
        half += !yes || !no;
        if (t->verbose || !yes || !no)
            printf("%5u  %6u  %s\n", yes, no, r->signature.name);
    }
    puts("captures no test uses:");
    for (unsigned i = 0; i < ndissectors; i++)
        unused_captures(t, dissectors[i]->schema.name, &unused);
    printf(
        "%u rules, %u of them not shown both firing and not firing; %u captures without "
        "a test\n",
        rules, half, unused);
    return half ? EXIT_FINDINGS : EXIT_FINE;
}

/* ---- a new capture -------------------------------------------------------------------- */

enum { NEW_RULES = 256 };

struct news {
    unsigned n;
    struct {
        uint32_t id;
        unsigned alerts;
        char name[104], function[64], device[64];
    } rules[NEW_RULES];
};

static void note(void *to, const char *json, size_t len)
{
    struct news *news = to;
    struct bytes line = {(const uint8_t *)json, len};
    char id[16];
    unsigned i = 0;
    uint32_t number;

    json_path_text(line, "alert.signature_id", id, sizeof id);
    number = (uint32_t)strtoul(id, NULL, 10);
    while (i < news->n && news->rules[i].id != number)
        i++;
    if (i == NEW_RULES)
        return;
    if (i == news->n) {
        news->n++;
        news->rules[i].id = number;
        json_path_text(line, "ot.rule", news->rules[i].name, sizeof news->rules[i].name);
        json_path_text(line, "ot.function", news->rules[i].function,
                       sizeof news->rules[i].function);
        json_path_text(line, "ot.device", news->rules[i].device,
                       sizeof news->rules[i].device);
    }
    news->rules[i].alerts++;
}

/* As the tests call it: below the folder of captures. */
static const char *short_name(const struct testing *t)
{
    size_t len = strlen(t->options.pcaps);

    if (strncmp(t->capture, t->options.pcaps, len) == 0 && t->capture[len] == '/')
        return t->capture + len + 1;
    return t->capture;
}

static int new_capture(struct testing *t)
{
    static struct news news;
    struct rules_replay what = {t->capture, t->setup.rules, note, &news};
    char why[RULES_TEST_WHY];

    if (!trial_replay(&t->sensor, &what, why)) {
        fprintf(stderr, "sightglass test: %s\n", why);
        return EXIT_USAGE;
    }
    for (unsigned i = 0; i < news.n; i++) {
        if (t->what.only && t->what.only->signature.id != news.rules[i].id)
            continue;
        printf("# %s\n    - {pcap: %s, alerts: %u", news.rules[i].name, short_name(t),
               news.rules[i].alerts);
        if (news.rules[i].function[0])
            printf(", fields: {ot.function: %s, ot.device: \"%s\"}",
                   news.rules[i].function, news.rules[i].device);
        puts("}");
    }
    if (t->what.only && what.to && !ruleset_rule(t->setup.rules, t->rule)->found)
        printf("# %s\n    - {pcap: %s, alerts: 0}\n", t->what.only->signature.name,
               short_name(t));
    fprintf(stderr, "%u rules fired.  Next: put the lines under `test:` of their rules\n",
            news.n);
    return EXIT_FINE;
}

/* ---- the command ----------------------------------------------------------------------- */

static int run(struct testing *t)
{
    static int (*const modes[])(struct testing *) = {[MODE_TEST] = plain,
                                                     [MODE_UPDATE] = update,
                                                     [MODE_COVERAGE] = coverage,
                                                     [MODE_MUTATE] = mutate,
                                                     [MODE_NEW] = new_capture};
    const struct rule *only = t->rule ? ruleset_rule(t->setup.rules, t->rule) : NULL;

    if (t->rule && !only) {
        fprintf(stderr, "sightglass test: there is no rule \"%s\"\n", t->rule);
        return EXIT_USAGE;
    }
    trial_open(&t->sensor, &t->setup, &t->options);
    t->what = (struct rules_test_options){only, t->verbose, stdout, NULL};
    t->replayer = (struct rules_replayer){&t->sensor, t->options.pcaps, trial_fixture,
                                          trial_replay};
    return modes[t->mode](t);
}

int command_test(int argc, char **argv)
{
    static struct testing t = {.options.pcaps = "pcaps"};
    int status = parse(argc, argv, &t);

    if (status >= 0)
        return status;
    if (setup_load(&t.setup, &t.options)) {
        status = run(&t);
        trial_close(&t.sensor);
    } else {
        diagnostics_print(&t.setup.d, stderr);
        status = EXIT_USAGE;
    }
    setup_close(&t.setup);
    return status;
}
