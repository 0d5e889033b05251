#include "sensor/live_question.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/core/json.h"
#include "sensor/evidence_file.h"

/* ---- asking: main -------------------------------------------------------------------- */

static bool ask(struct live_main *m, const struct control_call *call,
                struct live_question *q)
{
    q->call = call->id;
    if (live_order(m->live, ORDER_QUESTION, q))
        return control_later(call);
    free(q->counts);
    free(q);
    return control_refuse(call, "ask again", "there are too many questions");
}

static unsigned count_rules(const struct ruleset *set)
{
    unsigned n = 0;

    for (const struct rule *r = set ? ruleset_rules(set) : NULL; r; r = r->next)
        n++;
    return n;
}

bool question_rules(void *context, const struct control_call *call, struct json *answer)
{
    struct live_main *m = context;
    struct live_question *q = calloc(1, sizeof *q);

    (void)answer;
    if (q) {
        q->kind = QUESTION_RULES;
        q->room = count_rules(m->live->setup->rules);
        q->counts = calloc(q->room + 1, sizeof *q->counts);
    }
    if (q && q->counts)
        return ask(m, call, q);
    free(q);
    return control_refuse(call, NULL, "not enough memory");
}

bool question_close(void *context, const struct control_call *call, struct json *answer)
{
    struct live_main *m = context;
    const char *id = control_text(call, "id"), *why = control_text(call, "why");
    struct live_question *q;
    uint64_t low, high;

    (void)answer;
    if (!id || !evidence_file_bounds(id, &low, &high))
        return control_refuse(call, "sightglass alerts list --open",
                              "an id has 4 to 16 hexadecimal digits");
    if (!why || !*why)
        return control_refuse(call, NULL, "why? It is told to the others");
    q = calloc(1, sizeof *q);
    if (!q)
        return control_refuse(call, NULL, "not enough memory");
    q->kind = QUESTION_CLOSE;
    q->low = low;
    q->high = high;
    snprintf(q->what, sizeof q->what, "%s", id);
    return ask(m, call, q);
}

/* ---- answering: analysis ------------------------------------------------------------- */

static void answer_rules(const struct analysis *a, struct live_question *q)
{
    const struct ruleset *set = a->options.setup->rules;

    for (const struct rule *r = set ? ruleset_rules(set) : NULL; r && q->n < q->room;
         r = r->next)
        q->counts[q->n++] = (struct rule_count){r->signature.id, r->asleep, r->matched,
                                                r->found,        r->held,   r->last};
}

void question_answer(struct analysis *a, struct live_question *q)
{
    if (q->kind == QUESTION_RULES)
        answer_rules(a, q);
    else
        q->found = alerts_end(a->alerts, q->low, q->high, a->seen);
}

/* ---- telling: main ------------------------------------------------------------------- */

static const struct rule *rule_of(const struct ruleset *set, uint32_t id)
{
    const struct rule *r = set ? ruleset_rules(set) : NULL;

    while (r && r->signature.id != id)
        r = r->next;
    return r;
}

static void put_count(struct json *j, const struct rule *r, const struct rule_count *c)
{
    char why[128];

    json_object(j, NULL);
    json_uint(j, "id", c->id);
    json_text(j, "rule", r->signature.name);
    if (c->asleep && rule_sleeps(r, why, sizeof why))
        json_text(j, "asleep", why);
    json_uint(j, "matched", c->matched);
    json_uint(j, "fired", c->found);
    json_uint(j, "held", c->held);
    if (c->last)
        json_int(j, "last", c->last);
    json_object_end(j);
}

static void tell_rules(struct live_main *m, const struct live_question *q, struct json *j)
{
    json_array(j, "rules");
    for (unsigned i = 0; i < q->n; i++) {
        const struct rule *r = rule_of(m->live->setup->rules, q->counts[i].id);

        if (r)
            put_count(j, r, &q->counts[i]);
    }
    json_array_end(j);
}

void question_done(struct live_main *m, struct live_question *q)
{
    struct json *answer = m->control ? control_answer_open(m->control, q->call) : NULL;
    char error[64] = "";

    if (answer && q->kind == QUESTION_RULES)
        tell_rules(m, q, answer);
    if (q->kind == QUESTION_CLOSE && q->found == 0)
        snprintf(error, sizeof error, "no open alert begins with %s", q->what);
    if (q->kind == QUESTION_CLOSE && q->found > 1)
        snprintf(error, sizeof error, "%u open alerts begin with %s", q->found, q->what);
    if (answer)
        control_answer(m->control, q->call, error[0] ? error : NULL, NULL);
    free(q->counts);
    free(q);
}
