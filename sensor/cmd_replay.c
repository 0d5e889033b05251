/*
 * sightglass replay: captures through the whole line.
 *
 * stdout has the answer (alerts, or records), stderr the progress and the summary,
 * so that `| jq` and `> file` get one thing.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alerts/text.h"
#include "sensor/commands.h"
#include "sensor/outputs.h"
#include "sensor/replay.h"
#include "sensor/stats.h"

enum format { FORMAT_AUTO, FORMAT_TEXT, FORMAT_JSON };

struct arguments {
    const char *config, *filter, *why_not, *output, *fail_on;
    const char *rules[SETUP_PATHS];
    unsigned nrules;
    bool records, flows, conditions, stats, no_rules;
    uint32_t protocols;
    enum format format;
    double speed;
    unsigned workers;
};

static const char help[] =
    "usage: sightglass replay [OPTION ...] FILE|DIR|- ...\n"
    "\n"
    "Reads captures (pcap, pcapng, also gzip'd) in the order of their packets' times and\n"
    "prints alerts, as a terminal shows them or as JSON lines.\n"
    "\n"
    "  -c, --config FILE        outputs, limits, rules as this configuration says\n"
    "  -r, --rules FILE|DIR     site rules beside the shipped ones; may be repeated\n"
    "      --no-rules           none at all\n"
    "      --records[=PROTO,..] print each transaction instead of alerts; `flow` adds flows\n"
    "      --filter EXPR        only what this expression of the rule language holds for\n"
    "      --why-not RULE       for each transaction, what keeps this rule from matching\n"
    "      --format text|json   default: text on a terminal, JSON lines elsewhere\n"
    "  -o, --output FILE        instead of stdout; - is stdout\n"
    "      --conditions         show standing conditions too\n"
    "      --speed X            at X times the speed of the packets; default: at once\n"
    "      --workers N          N threads that read packets; the output is the same\n"
    "      --stats              one JSON line of counters at the end, on stdout\n"
    "      --fail-on SEVERITY   exit with 1 when there is such an alert, or a graver one\n"
    "\n"
    "Exit status: 0 fine, 1 findings (--fail-on), 2 usage or unreadable.\n";

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "sightglass replay: %s%s%s\nTry: sightglass replay --help\n", what,
            value ? ": " : "", value ? value : "");
    return EXIT_USAGE;
}

/* ---- the command line ------------------------------------------------------ */

/* "modbus,dnp3": a bit for each dissector; `flow` adds flow records. */
static bool take_protocols(struct arguments *a, const char *list)
{
    while (*list) {
        size_t len = strcspn(list, ",");
        bool known = strncmp(list, "flow", len) == 0 && len == 4;

        a->flows |= known;
        for (unsigned i = 0; i < ndissectors && !known; i++) {
            known = strncmp(dissectors[i]->schema.name, list, len) == 0 &&
                    dissectors[i]->schema.name[len] == '\0';
            if (known)
                a->protocols |= UINT32_C(1) << i;
        }
        if (!known)
            return false;
        list += len + (list[len] == ',');
    }
    return true;
}

static bool take_format(struct arguments *a, const char *text)
{
    a->format = strcmp(text, "text") == 0 ? FORMAT_TEXT : FORMAT_JSON;
    return a->format == FORMAT_TEXT || strcmp(text, "json") == 0;
}

static bool take_speed(struct arguments *a, const char *text)
{
    char *end;

    errno = 0;
    a->speed = strtod(text, &end);
    return *text && !*end && !errno && a->speed > 0;
}

static bool take_workers(struct arguments *a, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);

    a->workers = n >= 1 && n <= PIPELINE_LANES ? (unsigned)n : 0;
    return *text && !*end && a->workers;
}

static bool take_rules(struct arguments *a, const char *path)
{
    if (a->nrules == SETUP_PATHS)
        return false;
    a->rules[a->nrules++] = path;
    return true;
}

enum long_option {
    OPTION_NO_RULES = 256,
    OPTION_RECORDS,
    OPTION_FILTER,
    OPTION_WHY_NOT,
    OPTION_FORMAT,
    OPTION_CONDITIONS,
    OPTION_SPEED,
    OPTION_STATS,
    OPTION_WORKERS,
    OPTION_FAIL_ON,
};

static const struct option_row {
    int code;
    const char *wrong; /* what to say of a bad argument */
} rows[] = {
    {OPTION_RECORDS, "--records takes protocols, or flow (see sightglass fields), not"},
    {OPTION_FORMAT, "--format takes text or json, not"},
    {OPTION_SPEED, "--speed takes a number above 0, not"},
    {OPTION_WORKERS, "--workers takes a number from 1 to 64, not"},
    {OPTION_FAIL_ON, "--fail-on takes info, low, medium, high or critical, not"},
    {'r', "too many --rules, from here on"},
};

static bool take_value(struct arguments *a, int option, const char *value)
{
    switch (option) {
    case 'c':
        a->config = value;
        return true;
    case 'r':
        return take_rules(a, value);
    case 'o':
        a->output = value;
        return true;
    case OPTION_FILTER:
        a->filter = value;
        return true;
    case OPTION_WHY_NOT:
        a->why_not = value;
        return true;
    case OPTION_FORMAT:
        return take_format(a, value);
    case OPTION_SPEED:
        return take_speed(a, value);
    case OPTION_WORKERS:
        return take_workers(a, value);
    default:
        a->fail_on = value;
        return label_named(severity_labels, value) != NULL;
    }
}

static bool take(struct arguments *a, int option, const char *value)
{
    switch (option) {
    case OPTION_NO_RULES:
        a->no_rules = true;
        return true;
    case OPTION_CONDITIONS:
        a->conditions = true;
        return true;
    case OPTION_STATS:
        a->stats = true;
        return true;
    case OPTION_RECORDS:
        a->records = true;
        return !value || take_protocols(a, value);
    default:
        return take_value(a, option, value);
    }
}

/* -1: go on; else the status to exit with. */
static int parse(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"rules", required_argument, NULL, 'r'},
        {"no-rules", no_argument, NULL, OPTION_NO_RULES},
        {"records", optional_argument, NULL, OPTION_RECORDS},
        {"filter", required_argument, NULL, OPTION_FILTER},
        {"why-not", required_argument, NULL, OPTION_WHY_NOT},
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"output", required_argument, NULL, 'o'},
        {"conditions", no_argument, NULL, OPTION_CONDITIONS},
        {"speed", required_argument, NULL, OPTION_SPEED},
        {"stats", no_argument, NULL, OPTION_STATS},
        {"workers", required_argument, NULL, OPTION_WORKERS},
        {"fail-on", required_argument, NULL, OPTION_FAIL_ON},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:r:o:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return EXIT_FINE;
        }
        if (option == '?')
            return wrong("that is no option of it", argv[optind - 1]);
        if (take(a, option, optarg))
            continue;
        for (unsigned i = 0; i < COUNT_OF(rows); i++) {
            if (rows[i].code == option)
                return wrong(rows[i].wrong, optarg);
        }
    }
    return optind < argc
               ? -1
               : wrong("which capture? A file, a directory, or - for stdin", NULL);
}

/* ---- running --------------------------------------------------------------- */

struct job {
    struct arguments a;
    struct setup setup;
    struct encoder encoder;
    struct alerts alerts;
    struct outputs outputs;
    struct analysis analysis;
    struct replay replay;
    struct program filter;
    struct screen screen;
    bool text;
    FILE *out;
    uint64_t conditions; /* standing ones that were not shown */
    struct alert worst;  /* what to look at next */
};

static void note_worst(struct job *r, const struct alert *alert)
{
    if (r->worst.id == 0 || alert->severity > r->worst.severity)
        r->worst = *alert;
}

/* The sensor's own conditions are always shown, the plant's only when asked for. */
static bool shown(const struct job *r, const struct event *e)
{
    return r->a.conditions || !e->alert || !e->alert->condition || e->health;
}

static void on_event(void *to, const struct event *e)
{
    struct job *r = to;

    if (e->kind == EVENT_GONE && !shown(r, e))
        r->conditions++;
    if (e->kind == EVENT_ALERT && shown(r, e))
        note_worst(r, e->alert);
    if (r->text && e->kind == EVENT_GONE && shown(r, e))
        screen_take(&r->screen, e->alert, INT64_MIN); /* the head comes first */
    if (e->line.len == 0)
        return;
    if (!r->text && !r->a.records && !r->a.why_not && shown(r, e))
        fwrite(e->line.at, 1, e->line.len, r->out);
    outputs_put(&r->outputs, e);
}

static void print_record(void *to, const struct record *record)
{
    struct job *r = to;

    text_record(r->out, record);
}

static bool compile_filter(struct job *r)
{
    const char *text = r->a.filter;
    const struct source *s;
    struct yaml scalar;
    struct names names = {.schemas = r->setup.schemas, .n = r->setup.nschemas};
    const struct names *known = r->setup.rules ? ruleset_names(r->setup.rules) : &names;

    if (!text)
        return true;
    s = diagnostics_source(&r->setup.d, "--filter",
                           (struct bytes){(const uint8_t *)text, strlen(text)});
    scalar = (struct yaml){.text = text,
                           .len = strlen(text),
                           .raw = s->text,
                           .at = {s, 1, 1, 1},
                           .inside = {s, 1, 1, 1}};
    return compile_expression(known, &scalar, &r->setup.config->arena, &r->setup.d,
                              &r->filter);
}

static bool load(struct job *r)
{
    struct setup_options o = {.config = r->a.config,
                              .nrules = r->a.nrules,
                              .no_rules =
                                  r->a.no_rules || (r->a.records && !r->a.why_not)};
    bool ok;

    memcpy(o.rules, r->a.rules, sizeof o.rules);
    ok = setup_load(&r->setup, &o) && compile_filter(r) &&
         outputs_open(&r->outputs, r->setup.config, NULL, NULL, &r->setup.d);
    if (ok && r->a.why_not && !ruleset_rule(r->setup.rules, r->a.why_not)) {
        diagnostics_error(&r->setup.d, NULL, "there is no rule \"%s\"", r->a.why_not);
        ok = false;
    }
    diagnostics_print(&r->setup.d, stderr);
    return ok;
}

static bool open_alerts(struct job *r)
{
    struct alerts_config config = alerts_defaults();

    config.eve = (struct eve){.encoder = &r->encoder, .version = PACKAGE_VERSION};
    analysis_alerts(&r->setup, &config);
    return alerts_open(&r->alerts, &config, on_event, r);
}

static void put(void *context, const struct event *e)
{
    struct job *r = context;

    outputs_put(&r->outputs, e);
}

static bool prepare(struct job *r)
{
    struct analysis_options o = {.records = r->a.records,
                                 .protocols = r->a.protocols,
                                 .flows = r->a.flows,
                                 .filter = r->a.filter ? &r->filter : NULL,
                                 .setup = &r->setup,
                                 .out = r->out,
                                 .context = r,
                                 .want = outputs_want(&r->outputs),
                                 .put = put};

    r->text = r->a.format == FORMAT_TEXT ||
              (r->a.format == FORMAT_AUTO && isatty(fileno(r->out)));
    if (r->text && r->a.records)
        o.print = print_record;
    if (r->a.why_not)
        o.why_not = ruleset_rule(r->setup.rules, r->a.why_not);
    encoder_open(&r->encoder);
    r->encoder.host = r->setup.config->name;
    analysis_open(&r->analysis, &o, &r->encoder, &r->alerts);
    return open_alerts(r) && (!r->text || screen_open(&r->screen, r->out, 4096));
}

/* ---- telling --------------------------------------------------------------- */

static void sum_up_protocols(const struct job *r, struct text_summary *s)
{
    for (unsigned i = 0; i < r->analysis.nprotocols && s->nprotocols < TEXT_NAMES; i++) {
        const struct protocol_counts *c = &r->analysis.protocols[i];

        s->protocols[s->nprotocols++] =
            (struct text_protocol){.name = c->schema->name,
                                   .transactions = c->transactions,
                                   .refused = c->outcomes[OUTCOME_REFUSED],
                                   .malformed = c->malformed,
                                   .unanswered = c->outcomes[OUTCOME_UNANSWERED]};
    }
    for (unsigned i = 0; i < r->analysis.nservices && s->nflows < TEXT_NAMES; i++) {
        const struct service_count *c = &r->analysis.services[i];

        s->flows[s->nflows++] =
            (struct text_count){c->name[0] ? c->name : "unknown", c->flows};
    }
}

static const char *mirror_sentence(const struct job *r, char *out, size_t size)
{
    const struct stream_counters *s = &r->replay.counts.streams;
    const struct decode_counters *d = &r->replay.decoded;
    double missing =
        s->bytes ? 100.0 * (double)s->gap_bytes / (double)(s->bytes + s->gap_bytes) : 0;

    snprintf(out, size,
             "%.2f %% of TCP bytes missing, %" PRIu64 " packets cut, %" PRIu64
             " bad checksums",
             missing, d->cut, d->bad_ip_sum + d->bad_l4_sum);
    return out;
}

static uint64_t peak_memory(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

static void print_summary(struct job *r)
{
    char mirror[120];
    struct text_summary s = {
        .findings = r->alerts.counters.findings,
        .conditions = r->conditions,
        .stormed = r->alerts.counters.stormed,
        .mirror = mirror_sentence(r, mirror, sizeof mirror),
        .frames = r->replay.frames,
        .bytes_of_memory = peak_memory(),
        .seconds = r->replay.seconds,
        .alert_id = r->worst.id,
        .alert_frame = r->worst.frame,
    };

    memcpy(s.alerts, r->alerts.counters.by_severity, sizeof s.alerts);
    sum_up_protocols(r, &s);
    if (r->a.records)
        s.next = "sightglass replay FILE shows alerts; --filter EXPR narrows this";
    text_summary(stderr, &s);
}

static void print_head(struct job *r, const char *const *paths, size_t npaths)
{
    struct text_head head = {.name = npaths == 1 ? paths[0] : "several captures",
                             .frames = r->replay.frames,
                             .from = r->replay.first,
                             .to = r->replay.last};

    if (r->setup.rules) {
        for (const struct rule *rule = ruleset_rules(r->setup.rules); rule;
             rule = rule->next)
            head.rules++;
        head.ruleset = ruleset_version(r->setup.rules);
    }
    text_head(r->out, &head);
}

static bool fails(const struct job *r)
{
    const struct label *limit =
        r->a.fail_on ? label_named(severity_labels, r->a.fail_on) : NULL;

    for (unsigned s = limit ? limit->code : SEVERITIES; s < SEVERITIES; s++) {
        if (r->alerts.counters.by_severity[s])
            return true;
    }
    return false;
}

static int run(struct job *r, const char *const *paths, size_t npaths)
{
    struct replay_options o = {
        .worker = {.flows = r->setup.config->flows,
                   .pending = r->setup.config->pending_requests,
                   .records = r->setup.config->records,
                   .response_timeout = r->setup.config->response_timeout,
                   .classify = r->setup.config->ndpi},
        .workers = r->a.workers,
        .speed = r->a.speed,
        .progress = true};
    char why[READER_TEXT];
    bool delivered;

    if (!replay_run(&r->replay, paths, npaths, &o, &r->analysis, why)) {
        fprintf(stderr, "sightglass replay: %s\n", why);
        return EXIT_USAGE;
    }
    if (r->text && !r->a.records && !r->a.why_not) {
        print_head(r, paths, npaths);
        screen_close(&r->screen);
    }
    if (r->a.stats)
        stats_print(r->out, &r->replay);
    delivered = outputs_finish(&r->outputs, 10000);
    outputs_report(&r->outputs);
    if (fflush(r->out) != 0 || ferror(r->out)) {
        fprintf(stderr, "sightglass replay: cannot write the output: %s\n",
                strerror(errno));
        return EXIT_USAGE;
    }
    print_summary(r);
    return !delivered ? EXIT_USAGE : fails(r) ? EXIT_FINDINGS : EXIT_FINE;
}

int command_replay(int argc, char **argv)
{
    static struct job r; /* large, and there is one */
    int status = parse(argc, argv, &r.a);

    if (status >= 0)
        return status;
    r.out = stdout;
    if (r.a.output && strcmp(r.a.output, "-") != 0)
        r.out = fopen(r.a.output, "we");
    if (!r.out) {
        fprintf(stderr, "sightglass replay: cannot write %s: %s\n", r.a.output,
                strerror(errno));
        return EXIT_USAGE;
    }
    if (!load(&r))
        status = EXIT_USAGE;
    else if (!prepare(&r))
        status = wrong("not enough memory for the tables", NULL);
    else
        status = run(&r, (const char *const *)argv + optind, (size_t)(argc - optind));
    replay_close(&r.replay);
    outputs_close(&r.outputs);
    setup_close(&r.setup);
    if (r.out != stdout && fclose(r.out) != 0)
        status = wrong("cannot write", r.a.output);
    return status;
}
