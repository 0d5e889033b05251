/*
 * sightglass replay: captures through the whole line.
 *
 * stdout has the answer (alerts, or records), stderr the progress and the summary,
 * so that `| jq` and `> file` get one thing.
 */

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alerts/text.h"
#include "sensor/commands.h"
#include "sensor/outputs.h"
#include "sensor/setup.h"

enum format { FORMAT_AUTO, FORMAT_TEXT, FORMAT_JSON };

struct arguments {
    const char *config, *filter, *why_not, *output, *fail_on;
    const char *rules[SETUP_PATHS];
    unsigned nrules;
    bool records, flows, conditions, stats, no_rules;
    uint32_t protocols;
    enum format format;
    double speed;
};

static const char help[] =
    "usage: sightglass replay [OPTION ...] FILE|DIR|- ...\n"
    "\n"
    "Reads captures (pcap, pcapng, also gzip'd) in the order of their packets' times and\n"
    "prints alerts, as a terminal shows them or as JSON lines.\n"
    "\n"
    "  -c, --config FILE        outputs, limits, rules as this configuration says\n"
    "  -r, --rules FILE|DIR     rules to use instead of the shipped ones; may be repeated\n"
    "      --no-rules           none at all\n"
    "      --records[=PROTO,..] print each transaction instead of alerts; `flow` adds flows\n"
    "      --filter EXPR        only what this expression of the rule language holds for\n"
    "      --why-not RULE       for each transaction, what keeps this rule from matching\n"
    "      --format text|json   default: text on a terminal, JSON lines elsewhere\n"
    "  -o, --output FILE        instead of stdout; - is stdout\n"
    "      --conditions         show standing conditions too\n"
    "      --speed X            at X times the speed of the packets; default: at once\n"
    "      --stats              one JSON line of counters at the end, on stdout\n"
    "      --fail-on SEVERITY   exit with 1 when there is such an alert, or a graver one\n"
    "\n"
    "Exit status: 0 fine, 1 findings (--fail-on), 2 usage or unreadable.\n";

static int wrong(const char *format, const char *what)
{
    fputs("sightglass replay: ", stderr);
    fprintf(stderr, format, what);
    fputs("\nTry: sightglass replay --help\n", stderr);
    return EXIT_USAGE;
}
