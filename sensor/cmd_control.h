#ifndef SENSOR_CMD_CONTROL_H
#define SENSOR_CMD_CONTROL_H

/*
 * What the commands share that ask a running sensor.  They tell what is wrong on
 * stderr themselves and come back with the status to exit with.
 */

#include "sensor/commands.h"
#include "sensor/config.h"
#include "sensor/control_client.h"

struct asking {
    const char *command, *help;
    const char *takes; /* codes of options beside -c, --socket and --help */
    const char *socket, *config_file;
    struct config *config; /* what config_file says, or the defaults */
    struct diagnostics d;
    struct control_client client;
    /* what the options said */
    const char *output, *why, *off;
    int64_t timeout, length; /* ns; 0: not said */
    bool json, list, critical;
};

/* -1: go on; else the status to exit with.  asking_close() in any case. */
int asking_parse(struct asking *a, int argc, char **argv);
void asking_close(struct asking *a);

/* "sightglass mute: what: value", and where to read more: EXIT_USAGE. */
int asking_wrong(const struct asking *a, const char *what, const char *value);

/* EXIT_FINE, EXIT_NOT_RUNNING with nothing told when `quiet`, EXIT_USAGE. */
int asking_connect(struct asking *a, bool quiet);

/* The answer, the caller's, ok or not; NULL, told, without one.  Takes the request over. */
struct json_t *asking_ask(struct asking *a, struct json_t *request);

/* True when the answer is ok; else tells its error and hint. */
bool asking_ok(const struct asking *a, const struct json_t *answer);

/* Connects and asks one thing: NULL, and the status, unless the answer is ok. */
struct json_t *asking_once(struct asking *a, struct json_t *request, int *status);

/* Copies all of one open file into another; false, and errno, when it cannot. */
bool asking_copy(int from, int to);

#endif
