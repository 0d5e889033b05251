/*
 * sightglass explain: why there is this alert.
 *
 * From captures it is found again, for an alert's id is the same in every run; then each
 * clause is shown with what it saw.  From a file of alerts it is told what the alert
 * itself says.
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/filter.h"
#include "rules/explain_rule.h"
#include "rules/json_path.h"
#include "sensor/commands.h"
#include "sensor/eve_file.h"
#include "sensor/rule_trial.h"

static const char help[] =
    "usage: sightglass explain ID CAPTURE ...\n"
    "       sightglass explain ID --from FILE.json\n"
    "\n"
    "Why there is this alert: the clauses of its rule with the values they saw, what was\n"
    "counted, frames and offsets, the filter that finds them.  ID is the beginning of an\n"
    "alert's id, four digits or more.  A CAPTURE may be the evidence of the alert.\n"
    "\n"
    "      --from FILE         alerts as JSON lines, - for stdin: what the alert itself says\n"
    "  -c, --config FILE       the configuration; default: all defaults\n"
    "      --rules FILE|DIR    the site's rules, instead of the configuration's\n"
    "\n"
    "Exit status: 0 fine, 1 no such alert, 2 usage or unreadable.\n";

struct asked {
    struct setup_options options;
    const char *id, *from;
    struct setup setup;
    struct analysis analysis;
    unsigned found;
};

static int parse(int argc, char **argv, struct asked *a)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"rules", required_argument, NULL, 'r'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;

    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h')
            fputs(help, stdout);
        if (option == 'h' || option == '?')
            return option == 'h' ? EXIT_FINE : EXIT_USAGE;
        if (option == 'c')
            a->options.config = optarg;
        else if (option == 'f')
            a->from = optarg;
        else if (a->options.nrules < SETUP_PATHS)
            a->options.rules[a->options.nrules++] = optarg;
    }
    a->id = optind < argc ? argv[optind++] : "";
    if (strlen(a->id) < 4 || strspn(a->id, "0123456789abcdef") != strlen(a->id)) {
        fputs("sightglass explain: which alert? Four digits of its id or more\n"
              "Try: sightglass explain --help\n",
              stderr);
        return EXIT_USAGE;
    }
    if (!a->from && optind == argc) {
        fputs("sightglass explain: name its capture, or --from a file of alerts\n",
              stderr);
        return EXIT_USAGE;
    }
    return -1;
}

/* ---- from captures -------------------------------------------------------------------- */

static bool is_asked(const struct asked *a, uint64_t id)
{
    char text[17];

    snprintf(text, sizeof text, "%016" PRIx64, id);
    return strncmp(text, a->id, strlen(a->id)) == 0;
}

static void print_finding(const struct asked *a, const struct event *e,
                          const struct finding *f)
{
    const struct rule *rule = ruleset_rule(a->setup.rules, f->signature->name);
    char filter[FILTER_TEXT];

    printf("%016" PRIx64 "  %s  %s\n  %s\n", e->alert_id,
           severity_labels[e->severity].name,
           f->signature->detection ? f->signature->detection : f->signature->name,
           f->summary);
    if (rule && f->record)
        explain_rule(a->setup.rules, rule, f, stdout);
    else
        printf("  rule      %s: the sensor's own\n", f->signature->name);
    if (f->record && filter_text(f->record, true, filter))
        printf("  filter    %s\n", filter);
    if (f->signature->why)
        printf("  why       %s\n", f->signature->why);
    if (f->signature->remediation)
        printf("  do        %s\n", f->signature->remediation);
}

static void hear(void *to, const struct event *e)
{
    struct asked *a = to;

    if (e->kind != EVENT_ALERT || !is_asked(a, e->alert_id) || !a->analysis.at_hand)
        return;
    if (a->found++)
        putchar('\n');
    print_finding(a, e, a->analysis.at_hand);
}

static int from_captures(struct asked *a, char **paths)
{
    char why[RULES_TEST_WHY];
    int status = EXIT_FINE;

    if (!setup_load(&a->setup, &a->options)) {
        diagnostics_print(&a->setup.d, stderr);
        status = EXIT_USAGE;
    }
    for (; status == EXIT_FINE && *paths; paths++) {
        if (trial_run(&a->setup, *paths, &a->analysis, hear, a, why))
            continue;
        fprintf(stderr, "sightglass explain: %s\n", why);
        status = EXIT_USAGE;
    }
    setup_close(&a->setup);
    return status;
}

/* ---- from alerts ---------------------------------------------------------------------- */

static void print_text(struct bytes line, const char *title, const char *path)
{
    char text[1024];

    if (*json_path_text(line, path, text, sizeof text))
        printf("  %-9s %s\n", title, text);
}

static void print_each(struct bytes line, const char *title, const char *path)
{
    char at[64], text[512];

    for (unsigned i = 0; i < 16; i++) {
        snprintf(at, sizeof at, "%s[%u]", path, i);
        if (!*json_path_text(line, at, text, sizeof text))
            return;
        printf("  %-9s %s\n", i ? "" : title, text);
    }
}

static void print_alert(struct bytes line)
{
    char id[32], severity[16], rule[128];

    printf("%s  %s  %s\n", json_path_text(line, "ot.alert_id", id, sizeof id),
           json_path_text(line, "ot.severity", severity, sizeof severity),
           json_path_text(line, "ot.rule", rule, sizeof rule));
    print_text(line, "", "ot.summary");
    print_each(line, "when", "ot.matched");
    print_text(line, "counted", "ot.threshold");
    print_text(line, "count", "ot.count");
    print_text(line, "first", "ot.first_seen");
    print_text(line, "last", "ot.last_seen");
    print_text(line, "state", "ot.state");
    print_each(line, "frames", "ot.evidence.frames");
    print_text(line, "filter", "ot.filter");
    print_text(line, "why", "ot.why");
    print_each(line, "else", "ot.false_positives");
    print_text(line, "do", "ot.remediation");
    print_text(line, "contact", "ot.contact");
    print_each(line, "next", "ot.commands");
}

/* The latest that was told of it. */
static int from_file(struct asked *a)
{
    struct eve_file file;
    char id[32], latest[EVE_LINE];
    size_t len = 0;
    struct bytes line;

    if (!eve_file_open(&file, a->from)) {
        fprintf(stderr, "sightglass explain: cannot read %s\n", a->from);
        return EXIT_USAGE;
    }
    while (eve_file_next(&file, &line)) {
        json_path_text(line, "ot.alert_id", id, sizeof id);
        if (strncmp(id, a->id, strlen(a->id)) != 0 || line.len > sizeof latest)
            continue;
        a->found++;
        len = line.len;
        memcpy(latest, line.at, len);
    }
    eve_file_close(&file);
    if (a->found)
        print_alert((struct bytes){(const uint8_t *)latest, len});
    return EXIT_FINE;
}

int command_explain(int argc, char **argv)
{
    static struct asked a; /* large, and there is one */
    int status = parse(argc, argv, &a);

    if (status >= 0)
        return status;
    status = a.from ? from_file(&a) : from_captures(&a, argv + optind);
    if (status == EXIT_FINE && a.found == 0) {
        fprintf(stderr, "sightglass explain: no alert begins with %s\n", a.id);
        return EXIT_FINDINGS;
    }
    return status;
}
