#include "rules/rules_test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules/json_path.h"
#include "rules/mutate.h"

enum { PATH_TEXT = 1024, VALUE_TEXT = 128 };

/* Text without its quotes, numbers by value. */
static bool same_value(struct bytes json, const char *expected)
{
    char text[VALUE_TEXT];
    double a, b;

    if (json.len >= 2 && json.at[0] == '"')
        return bytes_are((struct bytes){json.at + 1, json.len - 2}, expected);
    if (json.len >= sizeof text)
        return false;
    memcpy(text, json.at, json.len);
    text[json.len] = '\0';
    if (text_real(text, &a) && text_real(expected, &b))
        return !(a < b) && !(a > b);
    return strcmp(text, expected) == 0;
}

/* ---- one test -------------------------------------------------------------------- */

struct seen {
    const struct rule *rule;
    int64_t alerts;
    size_t len; /* of the first one */
    char first[RULES_TEST_LINE];
};

static void see(void *to, const char *json, size_t len)
{
    struct seen *seen = to;
    struct bytes line = {(const uint8_t *)json, len}, value;
    char id[16];

    snprintf(id, sizeof id, "%" PRIu32, seen->rule->signature.id);
    if (!json_path(line, "event_type", &value) || !same_value(value, "alert") ||
        !json_path(line, "alert.signature_id", &value) || !same_value(value, id))
        return;
    if (seen->alerts++ == 0) {
        seen->len = len < RULES_TEST_LINE ? len : RULES_TEST_LINE;
        memcpy(seen->first, json, seen->len);
    }
}

void rules_test_path(const struct rules_replayer *replayer, const struct rule_test *test,
                     const char *name, char *out, size_t size)
{
    const char *slash = strrchr(test->file, '/');

    snprintf(out, size, "%.*s%s", slash ? (int)(slash - test->file) + 1 : 0, test->file,
             name);
    if (name[0] == '/' || access(out, R_OK) != 0)
        snprintf(out, size, "%s%s%s", name[0] == '/' ? "" : replayer->directory,
                 name[0] == '/' ? "" : "/", name);
}

/* One run: a rule, one of its tests, and perhaps without one of its clauses. */
struct trial {
    const struct rules_replayer *replayer;
    const struct rule_test *test;
    struct ruleset *set;
    int clause; /* to drop; -1: none */
    struct rewrites *update;
    char why[RULES_TEST_WHY];
    struct seen seen;
};

static bool mend(struct trial *run, const struct yaml *scalar, struct bytes is)
{
    if (is.len >= 2 && is.at[0] == '"')
        is = (struct bytes){is.at + 1, is.len - 2};
    return run->update && rewrite_add(run->update, scalar, is);
}

static bool check_fields(struct trial *run)
{
    struct bytes line = {(const uint8_t *)run->seen.first, run->seen.len}, value;

    if (!run->test->fields || run->seen.alerts == 0)
        return true;
    for (const struct yaml *f = run->test->fields->first; f; f = f->next) {
        if (!json_path(line, f->key->text, &value)) {
            snprintf(run->why, sizeof run->why, "the alert has no %s", f->key->text);
            return false;
        }
        if (!same_value(value, f->text) && !mend(run, f, value)) {
            snprintf(run->why, sizeof run->why, "%s is %.*s, not %s", f->key->text,
                     (int)value.len, value.at, f->text);
            return false;
        }
    }
    return true;
}

static bool check_count(struct trial *run)
{
    char number[24];

    if (run->seen.alerts == run->test->alerts)
        return true;
    snprintf(number, sizeof number, "%" PRId64, run->seen.alerts);
    snprintf(run->why, sizeof run->why, "%s alerts, expected %" PRId64, number,
             run->test->alerts);
    return mend(run, run->test->count,
                (struct bytes){(const uint8_t *)number, strlen(number)});
}

static bool set_lists(struct ruleset *set, const struct rule_test *test, char *why,
                      size_t size)
{
    struct diagnostics *d = malloc(sizeof *d);
    bool ok = true;

    if (!d)
        return false;
    diagnostics_open(d);
    ruleset_lists_restore(set);
    for (const struct yaml *l = test->lists ? test->lists->first : NULL; l; l = l->next)
        ok &= ruleset_list_set(set, l->key->text, l, d);
    if (!ok)
        snprintf(why, size, "%s", d->list[0].message);
    diagnostics_close(d);
    free(d);
    return ok;
}

static bool replay_test(struct trial *run, struct ruleset *set)
{
    char path[PATH_TEXT], sleeps[128];
    struct rules_replay what;

    rules_test_path(run->replayer, run->test, run->test->pcap, path, sizeof path);
    what = (struct rules_replay){path, set, see, &run->seen};
    if (!set_lists(set, run->test, run->why, sizeof run->why))
        return false;
    if (rule_sleeps(run->seen.rule, sleeps, sizeof sleeps)) {
        snprintf(run->why, sizeof run->why, "it sleeps: %s", sleeps);
        return false;
    }
    return run->replayer->replay(run->replayer->context, &what, run->why) &&
           check_count(run) && check_fields(run);
}

/* True when it says what it should. */
static bool run_test(struct trial *run, struct rule *rule)
{
    struct ruleset *set =
        run->replayer->fixture(run->replayer->context, run->test, run->set, run->why);
    char clause[128];
    bool ok;

    if (!set)
        return false;
    if (set != run->set)
        rule = ruleset_rule_of(set, rule->signature.name);
    run->seen.rule = rule;
    run->seen.alerts = 0;
    if (run->clause >= 0 && mutate_drop(set, rule, (unsigned)run->clause, clause,
                                        sizeof clause) != MUTANT_MADE)
        return false;
    ok = replay_test(run, set);
    if (run->clause >= 0)
        mutate_restore(set);
    return ok;
}

/* ---- all tests --------------------------------------------------------------------- */

static void run_rule(struct trial *run, struct rule *rule,
                     const struct rules_test_options *o, struct rules_test_result *result)
{
    if (!rule->tests && rule->alert)
        result->untested++;
    for (run->test = rule->tests; run->test; run->test = run->test->next) {
        const struct place *at = &run->test->at;

        run->why[0] = '\0';
        if (run_test(run, rule)) {
            result->passed++;
            if (o->verbose)
                fprintf(o->out, "ok      %s: %s\n", rule->signature.name,
                        run->test->pcap);
        } else {
            result->failed++;
            fprintf(o->out, "%s:%u:%u: failed: %s: %s: %s\n", at->source->file, at->line,
                    at->column, rule->signature.name, run->test->pcap, run->why);
        }
    }
}

struct rules_test_result rules_test_run(struct ruleset *set,
                                        const struct rules_replayer *replayer,
                                        const struct rules_test_options *o)
{
    static struct trial run; /* one at a time; too large for the stack */
    struct rules_test_result result = {0};

    run = (struct trial){
        .replayer = replayer, .set = set, .clause = -1, .update = o->update};
    for (const struct rule *r = ruleset_rules(set); r; r = r->next) {
        if (!o->only || r == o->only)
            run_rule(&run, ruleset_rule_of(set, r->signature.name), o, &result);
    }
    ruleset_lists_restore(set);
    return result;
}

/* ---- without a clause -------------------------------------------------------------- */

static bool some_test_fails(struct trial *run, struct rule *rule)
{
    for (run->test = rule->tests; run->test; run->test = run->test->next) {
        if (!run_test(run, rule))
            return true;
    }
    return false;
}

static void mutate_rule(struct trial *run, struct rule *rule,
                        const struct rules_test_options *o,
                        struct rules_test_result *result)
{
    char clause[128];

    for (run->clause = 0;; run->clause++) {
        enum mutant made =
            mutate_drop(run->set, rule, (unsigned)run->clause, clause, sizeof clause);

        if (made == MUTANT_NONE)
            return;
        if (made == MUTANT_EQUAL) {
            result->equal++;
            continue;
        }
        mutate_restore(run->set);
        result->mutants++;
        if (some_test_fails(run, rule)) {
            if (o->verbose)
                fprintf(o->out, "ok      %s: `%s` is missed by %s\n",
                        rule->signature.name, clause, run->test->pcap);
            continue;
        }
        result->survived++;
        fprintf(o->out, "%s:%u:%u: %s: no test fails without `%s`\n",
                rule->at.source->file, rule->at.line, rule->at.column,
                rule->signature.name, clause);
    }
}

struct rules_test_result rules_test_mutate(struct ruleset *set,
                                           const struct rules_replayer *replayer,
                                           const struct rules_test_options *o)
{
    static struct trial run;
    struct rules_test_result result = {0};

    run = (struct trial){.replayer = replayer, .set = set};
    for (const struct rule *r = ruleset_rules(set); r; r = r->next) {
        if ((!o->only || r == o->only) && r->tests)
            mutate_rule(&run, ruleset_rule_of(set, r->signature.name), o, &result);
    }
    ruleset_lists_restore(set);
    return result;
}
