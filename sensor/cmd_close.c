/*
 * sightglass alerts close: a person has dealt with it; found again, it opens again.
 */

#include <getopt.h>
#include <jansson.h>
#include <string.h>

#include "sensor/cmd_control.h"

static const char help[] =
    "usage: sightglass alerts close ID --why TEXT\n"
    "\n"
    "Closes an open alert of the running sensor.  What is found again opens it again, as\n"
    "its next occurrence.\n"
    "\n"
    "      --why TEXT      the reason; must be given\n"
    "  -c, --config FILE   where the control socket is: state.control\n"
    "      --socket PATH   the control socket itself\n"
    "\n"
    "Exit status: 0 fine, 2 usage or refused, 3 the sensor is not running.\n";

int command_close(int argc, char **argv)
{
    static struct asking a = {.command = "alerts close", .help = help, .takes = "w"};
    int status = asking_parse(&a, argc, argv);
    const char *id = argv[optind];
    json_t *answer = NULL;

    if (status < 0 && (!id || argv[optind + 1]))
        status = asking_wrong(&a, "which alert? One id", NULL);
    if (status < 0 && !a.why)
        status = asking_wrong(&a, "why? --why TEXT says it to the others", NULL);
    if (status < 0)
        answer = asking_once(
            &a, json_pack("{s:s, s:s, s:s}", "verb", "close", "id", id, "why", a.why),
            &status);
    if (answer) {
        printf("%s is closed.\nNext: sightglass alerts list --open\n", id);
        status = EXIT_FINE;
    }
    json_decref(answer);
    asking_close(&a);
    return status;
}
