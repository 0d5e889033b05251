/*
 * What the running sensor can be asked and told over its control socket, and the two
 * things that take longer than an answer may: a reload and a snapshot.
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/ceiling.h"
#include "sensor/core/json.h"
#include "sensor/core/now.h"
#include "sensor/live_main.h"
#include "sensor/live_question.h"
#include "sensor/notify.h"

enum { STATUS_TEXT = 64 * 1024, COPY_NAP = 20 * NS_PER_MS };

bool live_order(struct live *l, enum order_kind kind, void *what)
{
    struct live_order *o = ring_slot(&l->orders);

    if (!o)
        return false;
    *o = (struct live_order){kind, what};
    ring_push(&l->orders);
    bell_ring(pipeline_bell(&l->pipeline));
    return true;
}

/* ---- reload ----------------------------------------------------------------------------- */

static void free_setup(struct live *l, struct setup *s)
{
    if (!s)
        return;
    if (s == l->boot) { /* its configuration is everybody's */
        if (s->rules)
            ruleset_close(s->rules);
        s->rules = NULL;
        return;
    }
    setup_close(s);
    free(s);
}

static void tell_refusal(struct live *l, const struct setup *s)
{
    struct notice n = {.check = CHECK_RELOAD_FAILED, .count = s->d.errors};
    unsigned i = 0;

    while (i < s->d.n && s->d.list[i].warning)
        i++;
    if (i < s->d.n)
        snprintf(n.detail, sizeof n.detail, "%.180s", s->d.list[i].message);
    live_tell(l, &n);
}

static bool is_good(struct live *l, struct setup *s)
{
    struct ceiling ceiling;

    if (!setup_load(s, &l->options) ||
        !config_reloadable(l->boot->config, s->config, &s->d) ||
        !setup_follows(s, l->setup))
        return false;
    ceiling = ceiling_of(s->config, s->rules);
    if (!ceiling_check(&ceiling, s->config, &s->d))
        return false;
    if (live_order(l, ORDER_SETUP, s))
        return true;
    diagnostics_error(&s->d, NULL, "the analysis is busy: try again");
    return false;
}

bool live_reload_begin(struct live_main *m, uint64_t call, struct setup **refused)
{
    struct live *l = m->live;
    struct setup *s;

    if (m->reload.coming || !(s = calloc(1, sizeof *s)))
        return false;
    if (is_good(l, s)) {
        m->reload = (struct live_reload){s, call};
        return true;
    }
    tell_refusal(l, s);
    *refused = s;
    return false;
}

static void describe(const struct setup *s, char *out, size_t size)
{
    unsigned n = 0;

    for (const struct rule *r = s->rules ? ruleset_rules(s->rules) : NULL; r; r = r->next)
        n++;
    snprintf(out, size, "%u rules (%s)", n,
             s->rules ? ruleset_version(s->rules) : "none");
}

static void finish_reload(struct live_main *m, struct setup *before)
{
    struct live *l = m->live;
    struct setup *now = m->reload.coming;
    struct notice n = {.check = CHECK_RELOADED};
    struct json *answer = NULL;
    char took[64];

    assert(now); /* one was sent */
    l->setup = now;
    pipeline_patience(&l->pipeline, now->config->response_timeout);
    describe(now, took, sizeof took);
    snprintf(n.detail, sizeof n.detail, "%s.", took);
    live_tell(l, &n);
    if (m->reload.call && m->control)
        answer = control_answer_open(m->control, m->reload.call);
    if (answer) {
        verb_diagnostics(&now->d, answer);
        json_text(answer, "took", took);
        control_answer(m->control, m->reload.call, NULL, NULL);
    } else {
        diagnostics_print(&now->d, stderr); /* warnings */
    }
    m->reload = (struct live_reload){0};
    notify("READY=1\nSTATUS=%s", took);
    free_setup(l, before);
}

static bool run_reload(void *context, const struct control_call *call,
                       struct json *answer)
{
    struct live_main *m = context;
    struct setup *refused = NULL;
    bool ok;

    if (live_reload_begin(m, call->id, &refused))
        return control_later(call);
    if (!refused)
        return control_refuse(call, "ask again", "a reload is under way");
    verb_diagnostics(&refused->d, answer);
    ok = control_refuse(call, "sightglass check", "%u errors: the old ones stay in force",
                        refused->d.errors);
    setup_close(refused);
    free(refused);
    return ok;
}

/* ---- mutes ------------------------------------------------------------------------------ */

void live_send_mutes(struct live_main *m)
{
    struct mutes *copy = malloc(sizeof *copy);

    if (!copy)
        return;
    *copy = m->mutes;
    if (live_order(m->live, ORDER_MUTES, copy))
        m->mutes_changed = false;
    else
        free(copy);
}

static void tell_mute(struct live_main *m, const char *what, const char *who,
                      const char *why, bool on)
{
    struct notice n = {.check = CHECK_MUTED, .over = !on};

    snprintf(n.about, sizeof n.about, "%.63s", what);
    snprintf(n.detail, sizeof n.detail, "By %s: %.120s", who, why);
    live_tell(m->live, &n);
    m->mutes_changed = true;
}

static struct verb_mutes what_mutes_need(struct live_main *m)
{
    return (struct verb_mutes){.mutes = &m->mutes,
                               .file = m->mutes_file,
                               .rules = m->live->setup->rules,
                               .now = now_wall()};
}

static bool keep_mute(struct live_main *m, const struct mute *mute, struct json *answer,
                      struct verb_error *why)
{
    struct verb_mutes v = what_mutes_need(m);

    if (!verb_mute_keep(&v, mute, answer, why))
        return false;
    tell_mute(m, mute->what, mute->who, mute->why, true);
    return true;
}

/* Only the output knows which root cause an alert has. */
static bool look_for_alert(struct live_main *m, const struct control_call *call,
                           const struct mute *mute, uint64_t low, uint64_t high)
{
    struct live_search *s = &m->live->search;

    if (m->muting.call)
        return control_refuse(call, "ask again", "another alert is looked for");
    m->muting = (struct live_muting){call->id, *mute};
    s->low = low;
    s->high = high;
    atomic_store(&s->state, ERRAND_ASKED);
    return control_later(call);
}

void live_mute_found(struct live_main *m)
{
    struct live_search *s = &m->live->search;
    struct live_muting *waits = &m->muting;
    struct verb_error why = {"", NULL};
    struct json *answer;

    if (!waits->call || atomic_load(&s->state) != ERRAND_DONE)
        return;
    atomic_store(&s->state, ERRAND_NONE);
    answer = control_answer_open(m->control, waits->call);
    if (answer && verb_mute_found(&waits->mute, s->n, s->root, &why))
        keep_mute(m, &waits->mute, answer, &why);
    control_answer(m->control, waits->call, why.error[0] ? why.error : NULL, why.hint);
    waits->call = 0;
}

static bool run_mute(void *context, const struct control_call *call, struct json *answer)
{
    struct live_main *m = context;
    struct verb_mutes v = what_mutes_need(m);
    struct verb_error why;
    struct mute mute;
    uint64_t low, high;

    if (!verb_mute_read(&v, call, &mute, &low, &high))
        return false;
    if (high)
        return look_for_alert(m, call, &mute, low, high);
    return keep_mute(m, &mute, answer, &why) ||
           control_refuse(call, why.hint, "%s", why.error);
}

static bool run_unmute(void *context, const struct control_call *call,
                       struct json *answer)
{
    struct live_main *m = context;
    struct verb_mutes v = what_mutes_need(m);

    if (!verb_unmute(&v, call, answer))
        return false;
    tell_mute(m, control_text(call, "what"), call->who.name, "", false);
    return true;
}

static bool run_mutes(void *context, const struct control_call *call, struct json *answer)
{
    const struct live_main *m = context;

    (void)call;
    mutes_json(&m->mutes, answer);
    return true;
}

/* ---- what came back ---------------------------------------------------------------------- */

void live_take_back(struct live_main *m)
{
    const struct live_order *o;

    while ((o = ring_peek(&m->live->done))) {
        if (o->kind == ORDER_SETUP)
            finish_reload(m, o->what);
        else if (o->kind == ORDER_QUESTION)
            question_done(m, o->what);
        else
            free(o->what);
        ring_pop(&m->live->done);
    }
}

/* ---- status, evidence, the test alert ---------------------------------------------------- */

static bool run_status(void *context, const struct control_call *call,
                       struct json *answer)
{
    struct live_main *m = context;

    (void)call;
    live_collect(m);
    status_json(&m->status, answer);
    return true;
}

static bool run_evidence(void *context, const struct control_call *call,
                         struct json *answer)
{
    const struct live_main *m = context;

    return verb_evidence(m->live->boot->config->evidence, call, answer);
}

/* Each is an alert of its own: what is about another thing is not folded. */
static bool run_test(void *context, const struct control_call *call, struct json *answer)
{
    struct live_main *m = context;
    struct notice n = {.check = CHECK_ALERT_TEST};
    int64_t now = now_wall();

    if (control_flag(call, "state")) {
        live_collect(m);
        verb_test_state(&m->status.outputs, m->live->boot->config, answer);
        return true;
    }
    snprintf(n.about, sizeof n.about, "test %u of %" PRId64, ++m->tests, now / NS_PER_S);
    snprintf(n.detail, sizeof n.detail, "%s asked for it.", call->who.name);
    live_tell(m->live, &n);
    bell_ring(pipeline_bell(&m->live->pipeline));
    json_int(answer, "asked", now);
    return true;
}

/* ---- snapshot ----------------------------------------------------------------------------- */

static const char *const parts[] = {"outbox.db", "packets.pcapng", "status.json"};

/* By the output thread, which has it; this one may wait. */
static bool copy_outbox(struct live_snapshot *s)
{
    static const struct timespec pause = {0, COPY_NAP};
    struct live *l = s->live;
    struct live_copy *c = &l->copy;

    snapshot_part(&s->files, parts[0], c->path);
    atomic_store(&c->state, ERRAND_ASKED);
    while (atomic_load(&c->state) != ERRAND_DONE && !atomic_load(&l->closing))
        nanosleep(&pause, NULL);
    if (atomic_load(&c->state) != ERRAND_DONE)
        snprintf(s->why, sizeof s->why, "the sensor is being stopped");
    else if (c->error[0])
        snprintf(s->why, sizeof s->why, "cannot copy the outbox: %.200s", c->error);
    return !s->why[0];
}

static bool write_parts(struct live_snapshot *s)
{
    struct live *l = s->live;
    struct packet_dump dump;
    char path[PATH_MAX];

    if (!copy_outbox(s))
        return false;
    if (!packet_file_dump(snapshot_part(&s->files, parts[1], path),
                          "What was in the packet ring", l->sources,
                          l->boot->config->ninterfaces, 0, &dump)) {
        snprintf(s->why, sizeof s->why, "packets: %s", strerror(errno));
        return false;
    }
    return snapshot_text(&s->files, parts[2], s->status, s->why);
}

static void *write_snapshot(void *context)
{
    struct live_snapshot *s = context;
    char why[SNAPSHOT_TEXT];
    bool ok = write_parts(s);

    if (!snapshot_close(&s->files, ok, why) && ok)
        snprintf(s->why, sizeof s->why, "%s", why);
    else if (ok)
        s->why[0] = '\0';
    atomic_store(&s->done, true);
    return NULL;
}

/* Their names, and the files themselves, open. */
static void pass_parts(struct live_main *m, struct json *answer)
{
    struct live_snapshot *s = &m->snapshot;
    char path[PATH_MAX];

    json_text(answer, "path", s->files.path);
    json_array(answer, "files");
    for (unsigned i = 0; i < COUNT_OF(parts); i++) {
        int fd;

        snprintf(path, sizeof path, "%s/%s", s->files.path, parts[i]);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && control_pass(m->control, s->call, fd))
            json_text(answer, NULL, parts[i]);
    }
    json_array_end(answer);
}

void live_snapshot_done(struct live_main *m)
{
    struct live_snapshot *s = &m->snapshot;
    struct json *answer;

    if (!s->running || !atomic_load(&s->done))
        return;
    pthread_join(s->thread, NULL);
    s->running = false;
    free((void *)(uintptr_t)s->status.at);
    answer = control_answer_open(m->control, s->call);
    if (!answer)
        return;
    if (!s->why[0])
        pass_parts(m, answer);
    control_answer(m->control, s->call, s->why[0] ? s->why : NULL, NULL);
}

static struct bytes status_now(struct live_main *m)
{
    char *text = malloc(STATUS_TEXT);
    struct json j;

    if (!text)
        return (struct bytes){NULL, 0};
    live_collect(m);
    j = json_into(text, STATUS_TEXT);
    json_object(&j, NULL);
    status_json(&m->status, &j);
    json_object_end(&j);
    return (struct bytes){(const uint8_t *)text, json_end_line(&j)};
}

static bool run_snapshot(void *context, const struct control_call *call,
                         struct json *answer)
{
    struct live_main *m = context;
    struct live_snapshot *s = &m->snapshot;

    (void)answer;
    if (s->running)
        return control_refuse(call, "ask again", "a snapshot is being written");
    *s = (struct live_snapshot){.live = m->live, .call = call->id};
    if (!snapshot_open(&s->files, m->live->boot->config->state, now_wall(), s->why))
        return control_refuse(call, NULL, "%s", s->why);
    s->status = status_now(m);
    s->running = pthread_create(&s->thread, NULL, write_snapshot, s) == 0;
    if (s->running)
        return control_later(call);
    free((void *)(uintptr_t)s->status.at);
    return control_refuse(call, NULL, "the system starts no more threads");
}

/* ---- the table ------------------------------------------------------------------------------ */

/* clang-format off */
const struct control_verb live_verbs[] = {
    {"status",     "",               "how it sees and delivers",                    run_status},
    {"reload",     "",               "read configuration and rules again",          run_reload},
    {"evidence",   verb_evidence_takes, "the packets of an alert",                  run_evidence},
    {"alert-test", verb_test_takes,  "raise a test alert, or tell where it is",     run_test},
    {"mute",       verb_mute_takes,  "do not tell of something for a while",        run_mute},
    {"unmute",     verb_unmute_takes, "tell of it again",                           run_unmute},
    {"mutes",      "",               "what is muted, until when, by whom and why",  run_mutes},
    {"rules",      "",               "what each rule has matched and raised",       question_rules},
    {"close",      "id why",         "end an open alert",                           question_close},
    {"snapshot",   "",               "consistent copies of all there is, as files", run_snapshot},
    {0},
};
/* clang-format on */
