/*
 * sightglass: one program, one table of commands.
 */

#include <stdio.h>
#include <string.h>

#include "sensor/commands.h"

static const struct command commands[] = {
    {"run", command_run, "[-c FILE]", "the sensor: listen on the configured interfaces"},
    {"replay", command_replay, "FILE|DIR|- ...",
     "read captures: alerts, transactions, counts"},
    {"check", command_check, "[FILE|DIR ...]",
     "read configuration and rules, tell all that is wrong"},
    {"test", command_test, "[FILE|DIR ...]", "run the tests the rules bring"},
    {"rules", command_rules, "[CAPTURE ...]", "each rule: asleep, tested, matched, held"},
    {"explain", command_explain, "ID CAPTURE",
     "why there is this alert, clause by clause"},
    {"alerts", command_alerts, "list|show|mute|close", "what was told"},
    {"fields", command_fields, "[NAME]", "every field that rules and events know"},
    {"status", command_status, "", "how the running sensor sees and delivers"},
    {"alert-test", command_alert_test, "", "a test alert, followed to every output"},
    {"evidence", command_evidence, "ID -o FILE", "the packets of an alert"},
    {"reload", command_reload, "", "configuration and rules, read again"},
    {"mute", command_mute, "WHAT --why TEXT", "what shall not be told for a while"},
    {"snapshot", command_snapshot, "[-o DIR]", "all the sensor has now, as files"},
};

static void usage(FILE *out)
{
    fputs("usage: sightglass COMMAND [OPTION ...] [ARGUMENT ...]\n\n", out);
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++)
        fprintf(out, "  %-10s %-20s %s\n", commands[i].name, commands[i].arguments,
                commands[i].what);
    fputs("\n  sightglass COMMAND --help tells its options\n", out);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "--help";

    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        usage(stdout);
        return argc > 1 ? EXIT_FINE : EXIT_USAGE;
    }
    if (strcmp(name, "--version") == 0) {
        puts("sightglass " PACKAGE_VERSION);
        return EXIT_FINE;
    }
    fprintf(stderr, "sightglass: there is no command \"%s\"\n\n", name);
    usage(stderr);
    return EXIT_USAGE;
}
