/*
 * sightglass check, fields: what a person asks before anything runs.
 */

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/eve.h"
#include "rules/fields.h"
#include "sensor/ceiling.h"
#include "sensor/commands.h"

struct question {
    struct setup_options options;
    const char *pcaps; /* directory of the captures that tests name */
    const char *rule;  /* the one to test */
    const char *name;  /* the field to show */
    bool json, verbose, dump, schema;
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
        {"pcaps", required_argument, NULL, 'p'},
        {"rule", required_argument, NULL, 'r'},
        {"verbose", no_argument, NULL, 'v'},
        {"dump-config", no_argument, NULL, 'd'},
        {"schema", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:vh", options, NULL)) != -1) {
        if (option == 'c')
            q->options.config = optarg;
        else if (option == 'p')
            q->pcaps = optarg;
        else if (option == 'r')
            q->rule = optarg;
        else if (option == 'h')
            fputs(help, stdout);
        else if (option == '?')
            fprintf(stderr, "Try: sightglass %s --help\n", argv[0]);
        q->json |= option == 'j';
        q->verbose |= option == 'v';
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

static void count_rules(const struct ruleset *set, unsigned *rules, unsigned *asleep,
                        unsigned *untested)
{
    for (const struct rule *r = ruleset_rules(set); r; r = r->next) {
        ++*rules;
        *asleep += r->asleep;
        *untested += r->alert && !r->tests;
    }
}

static void print_check(const struct setup *setup, const struct ceiling *ceiling)
{
    unsigned rules = 0, asleep = 0, untested = 0;

    if (setup->rules) {
        count_rules(setup->rules, &rules, &asleep, &untested);
        printf(
            "%u rules (%s)   asleep: %u (their lists are empty)   without a test: %u\n",
            rules, ruleset_version(setup->rules), asleep, untested);
    }
    if (ceiling->n)
        ceiling_print(ceiling, setup->config, stdout);
    printf("%u errors, %u warnings.%s\n", setup->d.errors, setup->d.warnings,
           setup->d.errors ? " Nothing would load; a running sensor keeps what it has."
                           : "");
    puts(setup->d.errors ? "Next: mend the first one; the others may follow from it"
                         : "Next: sightglass test; then sightglass replay CAPTURE");
}

int command_check(int argc, char **argv)
{
    struct question q = {.pcaps = "pcaps"};
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
    if (q.json) {
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
