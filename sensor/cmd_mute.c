/*
 * sightglass mute: what shall not be told for a while, by whom and why.
 */

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "sensor/cmd_control.h"
#include "sensor/core/clock.h"

static const char help[] =
    "usage: sightglass mute RULE|DETECTION|ALERT --why TEXT [--for 1h] [--critical]\n"
    "       sightglass mute --list\n"
    "       sightglass mute --off WHAT\n"
    "\n"
    "The running sensor counts what is muted and does not tell it.  A * at the end of a\n"
    "name takes all that begin so.  An alert, by its id, mutes its root cause alone.  Who\n"
    "muted, why and until when is an alert itself, and outlives a restart.\n"
    "\n"
    "      --why TEXT      the reason; must be given\n"
    "      --for DURATION  30m, 8h, 7d; default: 1h\n"
    "      --critical      critical findings too; else they pass\n"
    "      --list          what is muted\n"
    "      --off WHAT      tell it again\n"
    "  -c, --config FILE   where the control socket is: state.control\n"
    "      --socket PATH   the control socket itself\n"
    "\n"
    "Exit status: 0 fine, 2 usage or refused, 3 the sensor is not running.\n";

static const char *text_of(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));

    return text ? text : "";
}

static int64_t int_of(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

static void print_one(const json_t *m)
{
    char until[TIME_TEXT];

    printf("%-40.60s until %s%s\n", text_of(m, "what"),
           time_and_day(int_of(m, "until"), until),
           json_is_true(json_object_get(m, "critical")) ? "   critical too" : "");
    printf("    %" PRId64 " findings   by %s: %s\n", int_of(m, "suppressed"),
           text_of(m, "who"), text_of(m, "why"));
}

static int print_list(const json_t *answer)
{
    const json_t *mutes = json_object_get(answer, "mutes");

    for (size_t i = 0; i < json_array_size(mutes); i++)
        print_one(json_array_get(mutes, i));
    if (json_array_size(mutes) == 0)
        puts("Nothing is muted.");
    else
        puts("Times are UTC.  Next: sightglass mute --off WHAT");
    return EXIT_FINE;
}

static int print_off(const json_t *answer)
{
    printf("%s is told again.\n", text_of(answer, "what"));
    return EXIT_FINE;
}

static int print_muted(const json_t *answer)
{
    char until[TIME_TEXT];
    int64_t n = int_of(answer, "signatures");

    printf("%s is muted until %s UTC", text_of(answer, "what"),
           time_and_day(int_of(answer, "until"), until));
    if (json_object_get(answer, "root_cause"))
        printf(": this root cause alone.\n");
    else
        printf(": %" PRId64 " signature%s%s.\n", n, n == 1 ? "" : "s",
               json_is_true(json_object_get(answer, "critical"))
                   ? ", critical findings too"
                   : "; critical findings pass");
    puts("Next: sightglass mute --list");
    return EXIT_FINE;
}

static json_t *mute_request(const struct asking *a, const char *what)
{
    json_t *r = json_pack("{s:s, s:s, s:s}", "verb", "mute", "what", what, "why", a->why);

    if (a->length)
        json_object_set_new(r, "for", json_integer(a->length));
    if (a->critical)
        json_object_set_new(r, "critical", json_true());
    return r;
}

/* -1 when the arguments make one request. */
static int check(const struct asking *a, const char *what)
{
    int asked = (what != NULL) + a->list + (a->off != NULL);

    if (asked == 0)
        return asking_wrong(a, "mute what? A rule, a detection, an alert", NULL);
    if (asked > 1)
        return asking_wrong(a, "one of WHAT, --list and --off", NULL);
    if (what && !a->why)
        return asking_wrong(a, "why? --why TEXT says it to the others", NULL);
    return -1;
}

int command_mute(int argc, char **argv)
{
    static struct asking a = {.command = "mute", .help = help, .takes = "wfxlC"};
    int status = asking_parse(&a, argc, argv);
    const char *what = argv[optind];
    json_t *answer = NULL;

    if (status < 0 && what && argv[optind + 1])
        status = asking_wrong(&a, "one thing at a time; and then", argv[optind + 1]);
    if (status < 0)
        status = check(&a, what);
    if (status < 0)
        answer =
            asking_once(&a,
                        a.list  ? json_pack("{s:s}", "verb", "mutes")
                        : a.off ? json_pack("{s:s, s:s}", "verb", "unmute", "what", a.off)
                                : mute_request(&a, what),
                        &status);
    if (answer)
        status = a.list  ? print_list(answer)
                 : a.off ? print_off(answer)
                         : print_muted(answer);
    json_decref(answer);
    asking_close(&a);
    return status;
}
