#include "rules/rules_test.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_TEXT = 512, VALUE_TEXT = 128, FIRST_JSON = 16 * 1024 + 1 };

/* ---- a value in a line of JSON ----------------------------------------------------- */

struct json {
    const char *at, *end;
};

static void skip_blank(struct json *j)
{
    while (j->at < j->end && isspace((unsigned char)*j->at))
        j->at++;
}

static void skip_string(struct json *j)
{
    for (j->at++; j->at < j->end && *j->at != '"'; j->at++)
        j->at += *j->at == '\\' && j->at + 1 < j->end;
    j->at += j->at < j->end;
}

/* Over one value, however deep it is. */
static void skip_value(struct json *j)
{
    unsigned depth = 0;

    skip_blank(j);
    do {
        if (j->at >= j->end)
            return;
        if (*j->at == '"') {
            skip_string(j);
            continue;
        }
        if (depth == 0 && strchr(",]}", *j->at))
            return;
        depth += *j->at == '{' || *j->at == '[';
        depth -= *j->at == '}' || *j->at == ']';
        j->at++;
    } while (depth > 0 || (j->at < j->end && !strchr(",]} \n", *j->at)));
}

static bool next_is(struct json *j, char c)
{
    skip_blank(j);
    if (j->at >= j->end || *j->at != c)
        return false;
    j->at++;
    return true;
}

/* From an object to the value of a member. */
static bool enter_member(struct json *j, const char *name, size_t len)
{
    if (!next_is(j, '{'))
        return false;
    do {
        const char *start;

        skip_blank(j);
        start = j->at + 1;
        if (j->at >= j->end || *j->at != '"')
            return false;
        skip_string(j);
        if ((size_t)(j->at - 1 - start) == len && memcmp(start, name, len) == 0)
            return next_is(j, ':');
        if (!next_is(j, ':'))
            return false;
        skip_value(j);
    } while (next_is(j, ','));
    return false;
}

static bool enter_item(struct json *j, unsigned long index)
{
    if (!next_is(j, '['))
        return false;
    for (; index > 0; index--) {
        skip_value(j);
        if (!next_is(j, ','))
            return false;
    }
    return true;
}

bool rules_test_find(struct bytes json, const char *path, struct bytes *out)
{
    struct json j = {(const char *)json.at, (const char *)json.at + json.len};

    while (*path) {
        size_t len = strcspn(path, ".[");
        char *end;

        if (*path == '[') {
            if (!enter_item(&j, strtoul(path + 1, &end, 10)) || *end != ']')
                return false;
            path = end + 1;
        } else if (enter_member(&j, path, len)) {
            path += len;
        } else {
            return false;
        }
        path += *path == '.';
    }
    skip_blank(&j);
    out->at = (const uint8_t *)j.at;
    skip_value(&j);
    out->len = (size_t)((const uint8_t *)j.at - out->at);
    return out->len > 0;
}

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
    char first[FIRST_JSON];
};

static void see(void *to, const char *json, size_t len)
{
    struct seen *seen = to;
    struct bytes line = {(const uint8_t *)json, len}, value;
    char id[16];

    snprintf(id, sizeof id, "%" PRIu32, seen->rule->signature.id);
    if (!rules_test_find(line, "event_type", &value) || !same_value(value, "alert") ||
        !rules_test_find(line, "alert.signature_id", &value) || !same_value(value, id))
        return;
    if (seen->alerts++ == 0) {
        seen->len = len < FIRST_JSON ? len : FIRST_JSON;
        memcpy(seen->first, json, seen->len);
    }
}

static bool check_fields(const struct rule_test *test, const struct seen *seen, char *why,
                         size_t size)
{
    struct bytes line = {(const uint8_t *)seen->first, seen->len}, value;

    if (!test->fields || seen->alerts == 0)
        return true;
    for (const struct yaml *f = test->fields->first; f; f = f->next) {
        if (!rules_test_find(line, f->key->text, &value)) {
            snprintf(why, size, "the alert has no %s", f->key->text);
            return false;
        }
        if (!same_value(value, f->text)) {
            snprintf(why, size, "%s is %.*s, not %s", f->key->text, (int)value.len,
                     value.at, f->text);
            return false;
        }
    }
    return true;
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

static bool run_test(struct ruleset *set, const struct rule *rule,
                     const struct rule_test *test, const struct rules_replayer *replayer,
                     const char *directory, char why[RULES_TEST_WHY])
{
    static struct seen seen; /* one test at a time; too large for the stack */
    struct rules_replay what;
    char path[PATH_TEXT];

    seen.rule = rule;
    seen.alerts = 0;
    snprintf(path, sizeof path, "%s/%s", directory, test->pcap);
    what = (struct rules_replay){path, test->config, set, see, &seen};
    if (!set_lists(set, test, why, RULES_TEST_WHY) ||
        !replayer->replay(replayer->context, &what, why))
        return false;
    if (seen.alerts != test->alerts) {
        snprintf(why, RULES_TEST_WHY, "%" PRId64 " alerts, expected %" PRId64,
                 seen.alerts, test->alerts);
        return false;
    }
    return check_fields(test, &seen, why, RULES_TEST_WHY);
}

static void run_rule(struct ruleset *set, const struct rule *rule,
                     const struct rules_replayer *replayer, const char *directory,
                     FILE *out[2], struct rules_test_result *result)
{
    char why[RULES_TEST_WHY];

    if (!rule->tests && rule->alert)
        result->untested++;
    for (const struct rule_test *t = rule->tests; t; t = t->next) {
        why[0] = '\0';
        if (run_test(set, rule, t, replayer, directory, why)) {
            result->passed++;
            if (out[1])
                fprintf(out[1], "ok      %s: %s\n", rule->signature.name, t->pcap);
        } else {
            result->failed++;
            fprintf(out[0], "%s:%u:%u: failed: %s: %s: %s\n", t->at.source->file,
                    t->at.line, t->at.column, rule->signature.name, t->pcap, why);
        }
    }
}

struct rules_test_result rules_test_run(struct ruleset *set, const struct rule *only,
                                        const struct rules_replayer *replayer,
                                        const char *directory, bool verbose, FILE *out)
{
    struct rules_test_result result = {0};
    FILE *outs[2] = {out, verbose ? out : NULL};

    for (const struct rule *r = ruleset_rules(set); r; r = r->next) {
        if (!only || r == only)
            run_rule(set, r, replayer, directory, outs, &result);
    }
    ruleset_lists_restore(set);
    return result;
}
