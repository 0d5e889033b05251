/*
 * sightglass alerts: those that were told, from a file of JSON lines.
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/finding.h"
#include "rules/json_path.h"
#include "sensor/cmd_control.h"
#include "sensor/commands.h"
#include "sensor/eve_file.h"

enum { ALERTS_MAX = 100000 };

static const char help[] =
    "usage: sightglass alerts [list] [--from FILE.json] [--open] [--severity LEAST]\n"
    "       sightglass alerts show ID [--from FILE.json]\n"
    "       sightglass alerts mute RULE|DETECTION|ID --why TEXT [--for 1h]\n"
    "       sightglass alerts close ID --why TEXT\n"
    "\n"
    "list shows each alert once, as it stands after its latest update; show prints all that\n"
    "was told of one, as JSON lines.  mute and close ask the running sensor: what is closed\n"
    "opens again when it is found again.\n"
    "\n"
    "      --from FILE       alerts as JSON lines, - for stdin; default: the first output of\n"
    "                        type file\n"
    "  -c, --config FILE     the configuration; default: all defaults\n"
    "      --open            only those that are open\n"
    "      --severity LEAST  info, low, medium, high or critical\n"
    "\n"
    "Exit status: 0 fine, 1 no such alert, 2 usage or unreadable, 3 the sensor is not\n"
    "running.\n";

/* What a screen shows of an alert, by its latest line. */
struct told {
    char id[20], state[16], severity[12], rule[64], summary[160], seen[40], count[12];
};

struct table {
    unsigned n;
    struct told *rows;
};

struct wanted {
    const char *from, *config, *least, *id;
    bool open;
};

static int parse(int argc, char **argv, struct wanted *w)
{
    static const struct option options[] = {{"from", required_argument, NULL, 'f'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"open", no_argument, NULL, 'o'},
                                            {"severity", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;

    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h')
            fputs(help, stdout);
        if (option == 'h' || option == '?')
            return option == 'h' ? EXIT_FINE : EXIT_USAGE;
        if (option == 'f')
            w->from = optarg;
        else if (option == 'c')
            w->config = optarg;
        else if (option == 's')
            w->least = optarg;
        w->open |= option == 'o';
    }
    w->id = optind < argc ? argv[optind] : NULL;
    if (!w->least || label_named(severity_labels, w->least))
        return -1;
    fprintf(stderr, "sightglass alerts: there is no severity %s\n", w->least);
    return EXIT_USAGE;
}

/* ---- the file ---------------------------------------------------------------------------- */

/* The first file alerts go to, as the configuration says. */
static const char *configured_file(const struct config *c)
{
    for (unsigned i = 0; i < c->noutputs; i++) {
        if (c->outputs[i].type == OUTPUT_FILE && c->outputs[i].what & OUTPUT_ALERTS)
            return c->outputs[i].file.path;
    }
    return NULL;
}

static bool open_file(const struct wanted *w, struct eve_file *file)
{
    struct diagnostics d;
    struct config *c = NULL;
    const char *path = w->from;
    bool ok;

    diagnostics_open(&d);
    if (!path && (c = config_load(w->config, &d)))
        path = configured_file(c);
    diagnostics_print(&d, stderr);
    diagnostics_close(&d);
    ok = path && eve_file_open(file, path);
    if (!path)
        fputs("sightglass alerts: no output of type file: name one with --from\n",
              stderr);
    else if (!ok)
        fprintf(stderr, "sightglass alerts: cannot read %s\n", path);
    if (c)
        config_free(c);
    return ok;
}

static bool is_alert(struct bytes line)
{
    char type[24];

    json_path_text(line, "event_type", type, sizeof type);
    return strcmp(type, "alert") == 0 || strcmp(type, "alert_update") == 0;
}

/* ---- list -------------------------------------------------------------------------------- */

static struct told *row_of(struct table *t, const char *id)
{
    for (unsigned i = t->n; i > 0; i--) { /* most updates are of recent ones */
        if (strcmp(t->rows[i - 1].id, id) == 0)
            return &t->rows[i - 1];
    }
    if (t->n == ALERTS_MAX)
        return NULL;
    memset(&t->rows[t->n], 0, sizeof t->rows[0]);
    return &t->rows[t->n++];
}

static void take(struct table *t, struct bytes line)
{
    char id[20];
    struct told *row;

    json_path_text(line, "ot.alert_id", id, sizeof id);
    row = row_of(t, id);
    if (!row)
        return;
    memcpy(row->id, id, sizeof id);
    json_path_text(line, "ot.state", row->state, sizeof row->state);
    json_path_text(line, "ot.severity", row->severity, sizeof row->severity);
    json_path_text(line, "ot.rule", row->rule, sizeof row->rule);
    json_path_text(line, "ot.summary", row->summary, sizeof row->summary);
    json_path_text(line, "ot.last_seen", row->seen, sizeof row->seen);
    json_path_text(line, "ot.count", row->count, sizeof row->count);
}

static bool is_open(const struct told *row)
{
    return strcmp(row->state, "closed") != 0 && strcmp(row->state, "cleared") != 0;
}

static bool is_wanted(const struct wanted *w, const struct told *row)
{
    const struct label *least = w->least ? label_named(severity_labels, w->least) : NULL;
    const struct label *is = label_named(severity_labels, row->severity);

    return (!w->open || is_open(row)) && (!least || (is && is->code >= least->code));
}

static void print_rows(const struct wanted *w, const struct table *t)
{
    unsigned shown = 0;

    for (unsigned i = 0; i < t->n; i++) {
        const struct told *row = &t->rows[i];

        if (!is_wanted(w, row))
            continue;
        shown++;
        printf("%.19s  %-8s  %.8s  %-9s %6s x  %s\n    %s\n", row->seen, row->severity,
               row->id, row->state, row->count, row->rule, row->summary);
    }
    printf("%u alerts\n", shown);
    puts("Next: sightglass alerts show ID; sightglass explain ID CAPTURE");
}

static int list(int argc, char **argv)
{
    struct wanted w = {0};
    struct table t = {0};
    struct eve_file file;
    struct bytes line;
    int status = parse(argc, argv, &w);

    if (status >= 0)
        return status;
    if (!open_file(&w, &file))
        return EXIT_USAGE;
    t.rows = malloc(ALERTS_MAX * sizeof *t.rows);
    while (t.rows && eve_file_next(&file, &line)) {
        if (is_alert(line))
            take(&t, line);
    }
    eve_file_close(&file);
    print_rows(&w, &t);
    free(t.rows);
    return EXIT_FINE;
}

/* ---- show -------------------------------------------------------------------------------- */

static int show(int argc, char **argv)
{
    struct wanted w = {0};
    struct eve_file file;
    struct bytes line;
    char id[20];
    unsigned found = 0;
    int status = parse(argc, argv, &w);

    if (status >= 0)
        return status;
    if (!w.id || strlen(w.id) < 4) {
        fputs("sightglass alerts show: which alert? Four digits of its id or more\n",
              stderr);
        return EXIT_USAGE;
    }
    if (!open_file(&w, &file))
        return EXIT_USAGE;
    while (eve_file_next(&file, &line)) {
        json_path_text(line, "ot.alert_id", id, sizeof id);
        if (strncmp(id, w.id, strlen(w.id)) != 0)
            continue;
        found++;
        fwrite(line.at, 1, line.len, stdout);
    }
    eve_file_close(&file);
    if (found == 0)
        fprintf(stderr, "sightglass alerts: no alert begins with %s\n", w.id);
    return found ? EXIT_FINE : EXIT_FINDINGS;
}

/* ---- the command ---------------------------------------------------------------------------- */

int command_alerts(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } parts[] = {
        {"list", list}, {"show", show}, {"mute", command_mute}, {"close", command_close}};

    for (unsigned i = 0; argc > 1 && i < COUNT_OF(parts); i++) {
        if (strcmp(argv[1], parts[i].name) == 0)
            return parts[i].run(argc - 1, argv + 1);
    }
    return list(argc, argv);
}
