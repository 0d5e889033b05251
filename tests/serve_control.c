/*
 * A sensor that only answers: what commands ask is real, what they are told is not.
 *
 * usage: serve_control DIRECTORY
 *
 * Listens at DIRECTORY/s until stdin ends.  Evidence is in DIRECTORY/evidence, mutes are
 * in DIRECTORY/mutes.json, reload reads DIRECTORY/next.yaml.  A file DIRECTORY/away lets
 * the second output take nothing.
 */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/json.h"
#include "sensor/setup.h"
#include "sensor/verbs.h"

enum { PATH = 256 };

static struct sensor {
    const char *directory;
    struct control *control;
    struct setup setup;
    struct mutes mutes;
    struct status status;
    unsigned polls; /* of the test alert's way */
    uint64_t later; /* 0: nobody waits for a snapshot */
} sensor;

static const char *below(const char *name, char out[PATH])
{
    snprintf(out, PATH, "%s/%s", sensor.directory, name);
    return out;
}

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- verbs ----------------------------------------------------------------------- */

static bool status(void *context, const struct control_call *call, struct json *j)
{
    (void)context;
    (void)call;
    sensor.status.now = now();
    status_json(&sensor.status, j);
    return true;
}

static bool evidence(void *context, const struct control_call *call, struct json *j)
{
    char path[PATH];

    (void)context;
    return verb_evidence(below("evidence", path), call, j);
}

/* One alert, and two that begin alike. */
static unsigned alerts_within(uint64_t low, uint64_t high)
{
    static const uint64_t ids[] = {UINT64_C(0x437df5366b8f9751),
                                   UINT64_C(0x5000000000000001),
                                   UINT64_C(0x5000000000000002)};
    unsigned n = 0;

    for (unsigned i = 0; i < COUNT_OF(ids); i++)
        n += low <= ids[i] && ids[i] <= high;
    return n;
}

static struct verb_mutes muting(char path[PATH])
{
    return (struct verb_mutes){.mutes = &sensor.mutes,
                               .file = below("mutes.json", path),
                               .rules = sensor.setup.rules,
                               .now = now()};
}

static bool mute(void *context, const struct control_call *call, struct json *j)
{
    char path[PATH];
    struct verb_mutes v = muting(path);
    struct verb_error why;
    struct mute m;
    uint64_t low, high;

    (void)context;
    if (!verb_mute_read(&v, call, &m, &low, &high))
        return false;
    return ((high == 0 || verb_mute_found(&m, alerts_within(low, high), 77, &why)) &&
            verb_mute_keep(&v, &m, j, &why)) ||
           control_refuse(call, why.hint, "%s", why.error);
}

static bool unmute(void *context, const struct control_call *call, struct json *j)
{
    char path[PATH];
    struct verb_mutes v = muting(path);

    (void)context;
    return verb_unmute(&v, call, j);
}

static bool mutes(void *context, const struct control_call *call, struct json *j)
{
    (void)context;
    (void)call;
    mutes_json(&sensor.mutes, j);
    return true;
}

static bool reload(void *context, const struct control_call *call, struct json *j)
{
    static struct setup next;
    char path[PATH];
    struct setup_options o = {.config = below("next.yaml", path)};
    bool ok = setup_load(&next, &o);

    (void)context;
    verb_diagnostics(&next.d, j);
    if (ok)
        json_text(j, "took", "three things");
    else
        control_refuse(call, "sightglass check", "%u errors: the old ones stay in force",
                       next.d.errors);
    setup_close(&next);
    return ok;
}

/* The test alert comes a hop further each time somebody looks. */
static bool alert_test(void *context, const struct control_call *call, struct json *j)
{
    struct status_test *t = &sensor.status.outputs.test;
    char path[PATH];

    (void)context;
    if (!control_flag(call, "state")) {
        json_int(j, "asked", now());
        sensor.polls = 0;
        return true;
    }
    sensor.polls++;
    if (sensor.polls == 2)
        *t = (struct status_test){.alert_id = 0x1234, .raised = now()};
    if (sensor.polls == 3)
        t->committed = t->delivered[0] = now();
    if (sensor.polls == 4 && access(below("away", path), F_OK) != 0)
        t->delivered[1] = now();
    verb_test_state(&sensor.status.outputs, sensor.setup.config, j);
    return true;
}

static bool snapshot(void *context, const struct control_call *call, struct json *j)
{
    (void)context;
    (void)j;
    sensor.later = call->id;
    return control_later(call);
}

static void answer_snapshot(void)
{
    struct json *j = control_answer_open(sensor.control, sensor.later);
    char path[PATH];

    if (j) {
        json_text(j, "path", "/state/snapshots/20260304T091244");
        json_array(j, "files");
        json_text(j, NULL, "status.json");
        json_array_end(j);
        control_pass(sensor.control, sensor.later,
                     open(below("next.yaml", path), O_RDONLY));
    }
    control_answer(sensor.control, sensor.later, NULL, NULL);
    sensor.later = 0;
}

static const struct control_verb verbs[] = {
    {"status", "", "how the sensor is", status},
    {"evidence", verb_evidence_takes, "the packets of an alert", evidence},
    {"mute", verb_mute_takes, "does not tell something for a while", mute},
    {"unmute", verb_unmute_takes, "tells it again", unmute},
    {"mutes", "", "what is muted", mutes},
    {"reload", "", "reads configuration and rules again", reload},
    {"alert-test", verb_test_takes, "raises a test alert, or says how far it is",
     alert_test},
    {"snapshot", "", "writes all there is", snapshot},
    {0},
};

/* ---- the sensor ------------------------------------------------------------------- */

static void set_status(struct status *s)
{
    s->version = PACKAGE_VERSION;
    s->site = "north-wtp";
    s->name = "span-1";
    s->started = now();
    s->outputs.n = 3;
    strcpy(s->outputs.output[0].name, "soc");
    strcpy(s->outputs.output[1].name, "archive");
    strcpy(s->outputs.output[1].error, "connection refused");
    strcpy(s->outputs.output[2].name, "history");
}

static void serve(void)
{
    struct pollfd wait[] = {{.fd = control_fd(sensor.control), .events = POLLIN},
                            {.fd = STDIN_FILENO, .events = POLLIN}};

    while (poll(wait, 2, -1) >= 0 && !wait[1].revents) {
        control_turn(sensor.control);
        if (sensor.later)
            answer_snapshot();
    }
}

int main(int argc, char **argv)
{
    char path[PATH], config[PATH], why[CONTROL_TEXT] = "no configuration";

    sensor.directory = argc == 2 ? argv[1] : ".";
    set_status(&sensor.status);
    if (setup_load(&sensor.setup,
                   &(struct setup_options){.config = below("sensor.yaml", config)}) &&
        mutes_load(&sensor.mutes, below("mutes.json", path), &sensor.setup.d))
        sensor.control = control_open(below("s", path), NULL, verbs, NULL, why);
    diagnostics_print(&sensor.setup.d, stderr);
    if (!sensor.control) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    puts("listening");
    fflush(stdout);
    serve();
    control_close(sensor.control);
    setup_close(&sensor.setup);
    return 0;
}
