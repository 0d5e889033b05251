/*
 * sightglass rules --live: what the running sensor has counted.
 */

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "sensor/cmd_control.h"
#include "sensor/core/clock.h"

static const char help[] =
    "usage: sightglass rules --live [-c FILE] [--socket PATH] [--format text|json]\n"
    "\n"
    "Each rule of the running sensor: what it matched, raised and was held back, when it\n"
    "fired last, and why it sleeps.\n"
    "\n"
    "  -c, --config FILE        where its control socket is: state.control\n"
    "      --socket PATH        the control socket itself\n"
    "      --format text|json   default: text\n"
    "\n"
    "Exit status: 0 fine, 2 usage or no rights, 3 the sensor is not running.\n";

static int64_t int_of(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static void print_one(const json_t *r)
{
    const char *asleep = json_string_value(json_object_get(r, "asleep"));
    const char *name = json_string_value(json_object_get(r, "rule"));
    int64_t last = int_of(r, "last");
    char text[TIME_TEXT];

    printf("%-7" PRId64 " %-40s %8" PRId64 " %6" PRId64 " %5" PRId64 "  %s%s%s\n",
           int_of(r, "id"), name ? name : "", int_of(r, "matched"), int_of(r, "fired"),
           int_of(r, "held"), last ? time_and_day(last, text) : "-",
           asleep ? "  asleep: " : "", asleep ? asleep : "");
}

static void print_all(const json_t *answer)
{
    const json_t *rules = json_object_get(answer, "rules");

    printf("%-7s %-40s %8s %6s %5s  %s\n", "id", "rule", "matched", "fired", "held",
           "last");
    for (size_t i = 0; i < json_array_size(rules); i++)
        print_one(json_array_get(rules, i));
    puts("Times are UTC.  Next: sightglass alerts list");
}

int command_rules_live(int argc, char **argv)
{
    static struct asking a = {.command = "rules --live", .help = help, .takes = "F"};
    int status = asking_parse(&a, argc, argv);
    json_t *answer = NULL;

    if (status < 0)
        answer = asking_once(&a, json_pack("{s:s}", "verb", "rules"), &status);
    if (answer) {
        if (a.json)
            json_dumpf(json_object_get(answer, "rules"), stdout, JSON_COMPACT);
        else
            print_all(answer);
        status = EXIT_FINE;
    }
    json_decref(answer);
    asking_close(&a);
    return status;
}
