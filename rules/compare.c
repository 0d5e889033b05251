#include "rules/compare.h"

#include <inttypes.h>
#include <string.h>

#include "rules/hold.h"
#include "sensor/core/json.h"

/* One rule that is not what it was, and what of the site's it touches. */
struct touched {
    const char *what; /* "new", "changed", "removed" */
    const struct rule *now, *next;
    const struct ruleset *set, *next_set;
};

static const struct rule *any_of(const struct touched *t)
{
    return t->next ? t->next : t->now;
}

static bool override_of(const struct override *o, const struct rule *r)
{
    return strcmp(o->name, r->signature.name) == 0;
}

/* Calls for each item of the site that the rule touches. */
static void each_item(const struct touched *t,
                      void (*call)(void *to, const char *kind, const char *name),
                      void *to)
{
    const struct rule *r = any_of(t);

    for (const struct override *o = ruleset_overrides(t->set); o; o = o->next) {
        if (override_of(o, r))
            call(to, "override", o->name);
    }
    for (const struct exception *e = ruleset_exceptions(t->set); e; e = e->next) {
        if (hold_names(&e->names, &r->signature))
            call(to, "exception", e->name);
    }
    for (const struct maintenance *m = ruleset_maintenances(t->set); m; m = m->next) {
        if (hold_names(&m->names, &r->signature))
            call(to, "maintenance", m->name);
    }
    for (unsigned i = 0; i < r->program.nlists; i++)
        call(to, r->program.lists[i]->set.n ? "list" : "empty list",
             r->program.lists[i]->name);
}

static void print_item(void *to, const char *kind, const char *name)
{
    fprintf(to, "           touches %s %s\n", kind, name);
}

static void print_text(const struct touched *t, FILE *out)
{
    const struct rule *r = any_of(t);

    fprintf(out, "%-9s  %s  %s", t->what, r->signature.name,
            r->signature.detection ? r->signature.detection : "");
    if (t->now && t->next)
        fprintf(out, "  rev %" PRIu32 " to %" PRIu32, t->now->signature.rev,
                t->next->signature.rev);
    if (t->now && t->next && t->now->signature.severity != t->next->signature.severity)
        fprintf(out, "  %s to %s", severity_labels[t->now->signature.severity].name,
                severity_labels[t->next->signature.severity].name);
    fputc('\n', out);
    each_item(t, print_item, out);
}

static void put_item(void *to, const char *kind, const char *name)
{
    struct json *j = to;

    json_object(j, NULL);
    json_text(j, "kind", kind);
    json_text(j, "name", name);
    json_object_end(j);
}

static void print_json(const struct touched *t, bool first, FILE *out)
{
    char buffer[8192];
    struct json j = json_into(buffer, sizeof buffer);

    json_object(&j, NULL);
    json_text(&j, "change", t->what);
    json_text(&j, "rule", any_of(t)->signature.name);
    json_uint(&j, "id", any_of(t)->signature.id);
    if (t->now)
        json_uint(&j, "rev", t->now->signature.rev);
    if (t->next)
        json_uint(&j, "new_rev", t->next->signature.rev);
    json_array(&j, "touches");
    each_item(t, put_item, &j);
    json_array_end(&j);
    json_object_end(&j);
    fprintf(out, "%s%.*s", first ? "" : ",\n", (int)j.len, j.out);
}

static const struct rule *shipped_named(const struct ruleset *set, const char *name)
{
    const struct rule *r = ruleset_rules(set);

    while (r && (!r->shipped || strcmp(r->signature.name, name) != 0))
        r = r->next;
    return r;
}

struct rules_difference rules_compare(const struct ruleset *now,
                                      const struct ruleset *next, bool json, FILE *out)
{
    struct rules_difference c = {0};

    fputs(json ? "[\n" : "", out);
    for (const struct rule *r = ruleset_rules(next); r; r = r->next) {
        const struct rule *was = r->shipped ? shipped_named(now, r->signature.name) : r;
        struct touched t = {was ? "changed" : "new", was, r, now, next};

        if (was && was->contents == r->contents)
            continue;
        c.changed += was != NULL;
        c.added += was == NULL;
        if (json)
            print_json(&t, c.changed + c.added == 1, out);
        else
            print_text(&t, out);
    }
    for (const struct rule *r = ruleset_rules(now); r; r = r->next) {
        struct touched t = {"removed", r, NULL, now, next};

        if (!r->shipped || shipped_named(next, r->signature.name))
            continue;
        c.removed++;
        if (json)
            print_json(&t, c.changed + c.added + c.removed == 1, out);
        else
            print_text(&t, out);
    }
    fputs(json ? "\n]\n" : "", out);
    return c;
}
