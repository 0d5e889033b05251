#include "sensor/rule_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a capture --------------------------------------------------------------------- */

bool trial_run(struct setup *setup, const char *pcap, struct analysis *analysis,
               void (*tell)(void *to, const struct event *e), void *to,
               char why[RULES_TEST_WHY])
{
    static struct replay replay;
    struct replay_options options = {.worker = {.flows = 4096, .classify = true}};
    struct alerts_config config = alerts_defaults();
    struct encoder encoder;
    struct alerts alerts;
    char reason[READER_TEXT] = "not enough memory";
    bool ok;

    encoder_open(&encoder);
    config.eve.encoder = &encoder;
    if (!alerts_open(&alerts, &config, tell, to)) {
        snprintf(why, RULES_TEST_WHY, "not enough memory");
        return false;
    }
    analysis_open(analysis, &(struct analysis_options){.setup = setup, .out = stdout},
                  &encoder, &alerts);
    ok = replay_run(&replay, &pcap, 1, &options, analysis, reason);
    if (!ok)
        snprintf(why, RULES_TEST_WHY, "%.200s", reason);
    replay_close(&replay);
    return ok;
}

/* Where the lines of a replay go: to the test that waits for them. */
static void hear(void *to, const struct event *e)
{
    const struct rules_replay *what = to;

    if (e->kind == EVENT_ALERT && e->line.len > 0)
        what->alert(what->to, (const char *)e->line.at, e->line.len);
}

bool trial_replay(void *sensor, const struct rules_replay *what, char why[RULES_TEST_WHY])
{
    static struct analysis analysis;
    struct trial_sensor *s = sensor;
    struct setup setup = s->fixed ? s->fixture : *s->setup;
    struct rules_replay copy = *what;

    setup.rules = what->set;
    return trial_run(&setup, what->pcap, &analysis, hear, &copy, why);
}

/* ---- fixtures ---------------------------------------------------------------------- */

void trial_open(struct trial_sensor *s, struct setup *setup,
                const struct setup_options *options)
{
    *s = (struct trial_sensor){.setup = setup, .options = *options};
    s->options.shipped = setup->shipped;
    if (options->nrules || !setup->config)
        return;
    for (unsigned i = 0; i < setup->config->site_rules.n && i < SETUP_PATHS; i++)
        s->options.rules[s->options.nrules++] = setup->config->site_rules.text[i];
}

static void let_go(struct trial_sensor *s)
{
    if (s->fixed)
        setup_close(&s->fixture);
    s->fixed = NULL;
}

void trial_close(struct trial_sensor *s)
{
    let_go(s);
}

static const char *file_of(struct trial_sensor *s, const struct rule_test *test,
                           const char *name, const struct rules_replayer *where)
{
    char path[1024];

    rules_test_path(where, test, name, path, sizeof path);
    return arena_text(&s->setup->config->arena, path);
}

static bool load_fixture(struct trial_sensor *s, const struct rule_test *test,
                         char why[RULES_TEST_WHY])
{
    struct rules_replayer where = {.directory = s->options.pcaps};
    struct setup_options o = s->options;

    if (test->config)
        o.config = file_of(s, test, test->config, &where);
    if (test->points)
        o.points = file_of(s, test, test->points, &where);
    s->fixed = test;
    if (setup_load(&s->fixture, &o))
        return true;
    snprintf(why, RULES_TEST_WHY, "its configuration: %.200s",
             s->fixture.d.n ? s->fixture.d.list[0].message : "does not load");
    let_go(s);
    return false;
}

struct ruleset *trial_fixture(void *sensor, const struct rule_test *test,
                              struct ruleset *set, char why[RULES_TEST_WHY])
{
    struct trial_sensor *s = sensor;
    const char *zone = s->setup->config->timezone;

    if (test->baseline) {
        snprintf(why, RULES_TEST_WHY, "`baseline:` of a test: this version has none");
        return NULL;
    }
    if (!test->config && !test->points) {
        let_go(s);
    } else if (s->fixed != test) {
        let_go(s);
        if (!load_fixture(s, test, why))
            return NULL;
    }
    if (s->fixed)
        zone = s->fixture.config->timezone;
    if (schedule_zone(test->timezone ? test->timezone : zone))
        return s->fixed ? s->fixture.rules : set;
    snprintf(why, RULES_TEST_WHY, "there is no timezone %.80s",
             test->timezone ? test->timezone : zone);
    return NULL;
}
