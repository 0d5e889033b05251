/*
 * sightglass check, fields: what a person asks before anything runs.
 */

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/eve.h"
#include "rules/compare.h"
#include "rules/fields.h"
#include "sensor/ceiling.h"
#include "sensor/commands.h"

struct question {
    struct setup_options options;
    const char *name;    /* the field to show */
    const char *against; /* other shipped rules */
    bool json, dump, schema;
};

static const char help_check[] =
    "usage: sightglass check [-c FILE] [--json] [--dump-config] [FILE|DIR ...]\n"
    "\n"
    "Reads the configuration, the shipped rules and the site's (those the configuration\n"
    "names, or the given files and folders) and tells everything that is wrong, and what\n"
    "memory all tables of a sensor come to when they are full.\n"
    "\n"
    "  -c, --config FILE   the configuration; default: all defaults\n"
    "      --json          errors and warnings as a JSON array\n"
    "      --against DIR   shipped rules of another version: what is new, changed or gone,\n"
    "                      and the overrides, exceptions and lists that touches\n"
    "      --dump-config   print what is in force, as a configuration\n"
    "\n"
    "Exit status: 0 fine, 1 errors, 2 usage.\n";

static const char help_fields[] =
    "usage: sightglass fields [--json] [--schema] [NAME]\n"
    "\n"
    "Every field that rules and events know: type, side, labels, Wireshark's name, what it\n"
    "means.  NAME is a protocol, a field (also by Wireshark's name), or `point`.\n"
    "\n"
    "      --json     as a JSON array\n"
    "      --schema   the JSON Schema of everything that is sent\n";

static int parse(int argc, char **argv, const char *help, struct question *q)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {"against", required_argument, NULL, 'a'},
        {"dump-config", no_argument, NULL, 'd'},
        {"schema", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'c')
            q->options.config = optarg;
        else if (option == 'a')
            q->against = optarg;
        else if (option == 'h')
            fputs(help, stdout);
        else if (option == '?')
            fprintf(stderr, "Try: sightglass %s --help\n", argv[0]);
        q->json |= option == 'j';
        q->dump |= option == 'd';
        q->schema |= option == 's';
        if (option == 'h' || option == '?')
            return option == 'h' ? EXIT_FINE : EXIT_USAGE;
    }
    for (; optind < argc && q->options.nrules < SETUP_PATHS; optind++)
        q->options.rules[q->options.nrules++] = argv[optind];
    return -1;
}

/* ---- check ----------------------------------------------------------------- */

struct rule_counts {
    unsigned shipped, site, correlations, asleep, untested;
};

static struct rule_counts count_rules(const struct ruleset *set)
{
    struct rule_counts n = {0};

    for (const struct rule *r = ruleset_rules(set); r; r = r->next) {
        n.correlations += r->correlation != NULL;
        n.shipped += !r->correlation && r->shipped;
        n.site += !r->correlation && !r->shipped;
        n.asleep += r->asleep;
        n.untested += r->alert && !r->tests;
    }
    return n;
}

static unsigned count_exceptions(const struct ruleset *set)
{
    unsigned n = 0;

    for (const struct exception *e = ruleset_exceptions(set); e; e = e->next)
        n++;
    return n;
}

static unsigned count_overrides(const struct ruleset *set)
{
    unsigned n = 0;

    for (const struct override *o = ruleset_overrides(set); o; o = o->next)
        n++;
    return n;
}

/* Each reason once, with how many rules sleep for it. */
static void print_asleep(const struct ruleset *set)
{
    char why[128], other[128];

    for (const struct rule *r = ruleset_rules(set); r; r = r->next) {
        const struct rule *first = ruleset_rules(set);
        unsigned n = 0;

        if (!rule_sleeps(r, why, sizeof why))
            continue;
        while (first != r &&
               !(rule_sleeps(first, other, sizeof other) && strcmp(other, why) == 0))
            first = first->next;
        if (first != r)
            continue;
        for (const struct rule *one = r; one; one = one->next)
            n += rule_sleeps(one, other, sizeof other) && strcmp(other, why) == 0;
        printf("  asleep: %u (%s)\n", n, why);
    }
}

static void print_rules(const struct ruleset *set)
{
    struct rule_counts n = count_rules(set);

    printf(
        "%u shipped rules, %u site rules, %u correlations, %u exceptions, %u overrides "
        "(%s)\n",
        n.shipped, n.site, n.correlations, count_exceptions(set), count_overrides(set),
        ruleset_version(set));
    printf("asleep: %u   without a test: %u\n", n.asleep, n.untested);
    print_asleep(set);
}

static void print_check(const struct setup *setup, const struct ceiling *ceiling)
{
    if (setup->rules)
        print_rules(setup->rules);
    if (ceiling->n)
        ceiling_print(ceiling, setup->config, stdout);
    printf("%u errors, %u warnings.%s\n", setup->d.errors, setup->d.warnings,
           setup->d.errors ? " Nothing would load; a running sensor keeps what it has."
                           : "");
    puts(setup->d.errors ? "Next: mend the first one; the others may follow from it"
                         : "Next: sightglass test; then sightglass replay CAPTURE");
}

/* The rules in force beside the same site's with other shipped ones. */
static int compare(struct setup *setup, struct question *q)
{
    static struct setup next;
    struct rules_difference c;

    q->options.shipped = q->against;
    if (setup_load(&next, &q->options) && setup->rules) {
        c = rules_compare(setup->rules, next.rules, q->json, stdout);
        if (!q->json)
            printf("%u new, %u changed, %u removed\n", c.added, c.changed, c.removed);
    }
    if (q->json && next.d.n)
        diagnostics_print(&next.d, stderr);
    else if (!q->json)
        diagnostics_print(&next.d, stdout);
    if (!q->json)
        puts(next.d.errors ? "Next: mend these before the new version is installed"
                           : "Next: sightglass test with the new rules");
    setup_close(&next);
    return next.d.errors ? EXIT_FINDINGS : EXIT_FINE;
}

int command_check(int argc, char **argv)
{
    struct question q = {0};
    static struct setup setup;
    struct ceiling ceiling = {.n = 0};
    int status = parse(argc, argv, help_check, &q);

    if (status >= 0)
        return status;
    setup_load(&setup, &q.options);
    if (setup.config) {
        ceiling = ceiling_of(setup.config, setup.rules);
        ceiling_check(&ceiling, setup.config, &setup.d);
    }
    status = setup.d.errors ? EXIT_FINDINGS : EXIT_FINE;
    if (q.against && status == EXIT_FINE) {
        status = compare(&setup, &q);
    } else if (q.json) {
        diagnostics_json(&setup.d, stdout);
    } else if (q.dump && status == EXIT_FINE) {
        diagnostics_print(&setup.d, stderr);
        config_dump(setup.config, stdout);
    } else {
        diagnostics_print(&setup.d, stdout);
        print_check(&setup, &ceiling);
    }
    setup_close(&setup);
    return status;
}

/* ---- fields ---------------------------------------------------------------- */

int command_fields(int argc, char **argv)
{
    struct question q = {0};
    const struct schema *schemas[SETUP_SCHEMAS];
    struct names names = {.schemas = schemas, .n = setup_schemas(schemas)};
    struct encode_parts parts = {.schemas = schemas,
                                 .nschemas = names.n,
                                 .envelope = eve_envelope_nodes,
                                 .ot = eve_ot_nodes,
                                 .event_types = eve_event_types};
    const char *name;
    int status = parse(argc, argv, help_fields, &q);
    bool ok;

    if (status >= 0)
        return status;
    name = q.options.nrules ? q.options.rules[0] : NULL;
    if (q.schema)
        ok = encode_schema(stdout, &parts);
    else if (q.json)
        ok = fields_json(&names, name, stdout, stderr);
    else
        ok = fields_print(&names, name, stdout, stderr);
    return ok ? EXIT_FINE : EXIT_USAGE;
}
