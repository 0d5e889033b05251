/*
 * Exceptions and maintenance windows: rows of values, who says so, why, until when.
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rules/load.h"

enum { DAY = 24 * 3600, WARN_BEFORE = 7 * DAY };

static const int64_t SECOND = 1000000000;

/* ---- times ---------------------------------------------------------------------- */

static bool parse_zone(const char *at, int *minutes)
{
    int hours, rest;
    char sign;

    *minutes = 0;
    if (strcmp(at, "Z") == 0 || !*at)
        return true;
    if (sscanf(at, "%c%2d:%2d", &sign, &hours, &rest) != 3 ||
        (sign != '+' && sign != '-') || strlen(at) != 6)
        return false;
    *minutes = (hours * 60 + rest) * (sign == '-' ? -1 : 1);
    return true;
}

/* "2026-04-01", "2026-04-01T06:30:00Z", "...+02:00" as ns since 1970. */
static bool parse_time(const char *text, int64_t *out)
{
    struct tm tm = {.tm_mday = 1};
    const char *rest = strptime(text, "%Y-%m-%d", &tm);
    int minutes = 0;

    if (rest && *rest == 'T') {
        rest = strptime(rest, "T%H:%M:%S", &tm);
        if (!rest || !*rest || !parse_zone(rest, &minutes))
            return false;
    } else if (!rest || *rest) {
        return false;
    }
    if (tm.tm_year < 70 || tm.tm_year > 300)
        return false; /* what ns since 1970 can say */
    *out = ((int64_t)timegm(&tm) - (int64_t)minutes * 60) * SECOND;
    return true;
}

static bool time_of(struct loading *l, const struct yaml *value, int64_t *out)
{
    const char *text;

    if (!value || !yaml_text(value, &text, l->d))
        return false;
    if (parse_time(text, out))
        return true;
    diagnostics_error(l->d, &value->at, "`%.40s` is no time such as 2026-04-01T06:00:00Z",
                      text);
    return false;
}

/* ---- cells ---------------------------------------------------------------------- */

static bool add_label(struct loading *l, const struct operand *o, struct set *s,
                      const struct yaml *value)
{
    const struct label *label = label_named(o->labels, value->text);

    if (!label) {
        diagnostics_error(l->d, &value->at, "%s has no label \"%.60s\"", o->name,
                          value->text);
        return false;
    }
    if (o->type == FIELD_FLAGS)
        s->mask |= label->code;
    else
        set_add_int(s, &l->set->arena, label->code, label->code);
    return true;
}

static const char *device_of(struct loading *l, const char *text)
{
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    const struct site_host *host = site_host_named(
        l->set->names.site, arena_format(&l->set->arena, "%.*s", (int)len, text));
    char address[ADDRESS_TEXT];

    if (!host)
        return text;
    return arena_format(&l->set->arena, "%s%s", address_text(&host->address, address),
                        text + len);
}

static bool add_value(struct loading *l, const struct operand *o, struct set *s,
                      const struct yaml *value)
{
    struct value_list one = {.type = LIST_HOST, .set = *s};
    const char *text;
    bool ok;

    if (!yaml_text(value, &text, l->d))
        return false;
    if (o->type == FIELD_ENUM || o->type == FIELD_FLAGS)
        return add_label(l, o, s, value);
    one.type = o->type == FIELD_ADDRESS ? LIST_HOST
               : o->type == FIELD_INT   ? LIST_NUMBER
                                        : LIST_TEXT;
    if (o->type == FIELD_TEXT)
        text = device_of(l, text);
    ok = list_add_text(l, &one, &value->at, text);
    *s = one.set;
    return ok;
}

/* What a cell says, a value or several, as a set of the field's type. */
static const struct set *cell_of(struct loading *l, const struct operand *o,
                                 const struct yaml *cell)
{
    static const enum set_kind kinds[FIELD_TYPES] = {
        [FIELD_INT] = SET_INTS,   [FIELD_ENUM] = SET_INTS,   [FIELD_FLAGS] = SET_MASK,
        [FIELD_TEXT] = SET_TEXTS, [FIELD_BYTES] = SET_TEXTS, [FIELD_ADDRESS] = SET_HOSTS};
    struct set *s = arena_take(&l->set->arena, sizeof *s);
    bool ok = true;

    s->kind = kinds[o->type];
    if (cell->kind == YAML_SCALAR)
        ok = add_value(l, o, s, cell);
    for (const struct yaml *v = cell->first; v; v = v->next)
        ok &= add_value(l, o, s, v);
    set_close(s);
    return ok ? s : NULL;
}

static const struct operand *field_of(struct loading *l, const struct yaml *name)
{
    const struct operand *o = yaml_is(name, YAML_SCALAR, l->d)
                                  ? type_field(&l->set->names, name, &l->set->arena, l->d)
                                  : NULL;

    if (o && o->n &&
        (o->type == FIELD_REAL || o->type == FIELD_BOOL || o->type == FIELD_TIME ||
         o->type == FIELD_DURATION)) {
        diagnostics_error(l->d, &name->at, "%s (%s) is no field for this", o->name,
                          field_type_name(o->type));
        return NULL;
    }
    return o;
}

/* ---- who, why ------------------------------------------------------------------- */

static const char *must_say(struct loading *l, const struct yaml *item, const char *key)
{
    const struct yaml *value = yaml_get(item, key);
    const char *text = NULL;

    if (!value)
        diagnostics_error(l->d, &item->first->at, "`%s` is missing in %s", key,
                          item->first->text);
    else
        yaml_text(value, &text, l->d);
    return text;
}

static struct texts names_of(struct loading *l, const struct yaml *value)
{
    const char **list = arena_take(&l->set->arena, (value->n + 1) * sizeof *list);
    struct texts t = {list, 0};

    if (value->kind == YAML_SCALAR && yaml_text(value, &list[0], l->d))
        t.n = 1;
    for (const struct yaml *v = value->first; v; v = v->next)
        t.n += yaml_text(v, &list[t.n], l->d);
    return t;
}

/* Names of items are as free as work orders are: WO-4711. */
static bool item_name(struct loading *l, const struct yaml *item, const char **out)
{
    return yaml_text(item->first, out, l->d);
}

/* What they have held is counted by name. */
static void be_alone(struct loading *l, const char *kind, const char *name,
                     const struct place *at, const char *other)
{
    if (strcmp(name, other) == 0)
        diagnostics_error(l->d, at, "two of kind %s are called `%.60s`", kind, name);
}

/* ---- exceptions ----------------------------------------------------------------- */

static void load_fields(struct loading *l, struct exception *e, const struct yaml *fields)
{
    if (!yaml_is(fields, YAML_SEQUENCE, l->d))
        return;
    if (fields->n == 0 || fields->n > HOLD_FIELDS)
        diagnostics_error(l->d, &fields->at, "fields names one to %d fields",
                          HOLD_FIELDS);
    for (const struct yaml *v = fields->first; v && e->nfields < HOLD_FIELDS;
         v = v->next) {
        e->fields[e->nfields] = field_of(l, v);
        e->nfields += e->fields[e->nfields] != NULL;
    }
}

static void load_row(struct loading *l, struct exception *e, const struct yaml *row)
{
    struct hold_row *out = arena_take(&l->set->arena, sizeof *out);
    unsigned i = 0;

    if (!yaml_is(row, YAML_SEQUENCE, l->d))
        return;
    if (row->n != e->nfields) {
        diagnostics_error(l->d, &row->at, "the row has %u values, fields names %u",
                          row->n, e->nfields);
        return;
    }
    for (const struct yaml *cell = row->first; cell; cell = cell->next)
        out->cells[i] = cell_of(l, e->fields[i], cell), i++;
    for (i = 0; i < e->nfields; i++) {
        if (!out->cells[i])
            return;
    }
    out->next = e->rows;
    e->rows = out;
}

static void check_until(struct loading *l, const struct exception *e,
                        const struct yaml *at)
{
    int64_t left = e->until / SECOND - (int64_t)time(NULL);

    if (left < 0)
        diagnostics_warning(l->d, &at->at,
                            "exception %s has ended: it holds nothing back", e->name);
    else if (left < WARN_BEFORE)
        diagnostics_warning(l->d, &at->at, "exception %s ends in %d days", e->name,
                            (int)(left / DAY + 1));
}

void load_exception(struct loading *l, const struct yaml *item)
{
    static const char *const keys[] = {"exception", "for", "fields", "rows",
                                       "who",       "why", "until",  NULL};
    struct exception *e = arena_take(&l->set->arena, sizeof *e);
    const struct yaml *names = yaml_get(item, "for"), *fields = yaml_get(item, "fields"),
                      *rows = yaml_get(item, "rows"), *until = yaml_get(item, "until");

    yaml_known_keys(item, keys, l->d);
    if (!names || !fields || !rows)
        diagnostics_error(l->d, &item->first->at,
                          "an exception has `for`, `fields` and `rows`");
    if (!item_name(l, item, &e->name) || !names || !fields || !rows)
        return;
    e->at = item->first->at;
    e->file = l->file;
    for (const struct exception *o = l->set->holds.exceptions; o; o = o->next)
        be_alone(l, "exception", e->name, &e->at, o->name);
    e->names = names_of(l, names);
    e->who = must_say(l, item, "who");
    e->why = must_say(l, item, "why");
    load_fields(l, e, fields);
    if (yaml_is(rows, YAML_SEQUENCE, l->d) && e->nfields == fields->n) {
        for (const struct yaml *row = rows->first; row; row = row->next)
            load_row(l, e, row);
    }
    e->until = INT64_MAX;
    if (until && time_of(l, until, &e->until))
        check_until(l, e, until);
    e->next = l->set->holds.exceptions;
    l->set->holds.exceptions = e;
}

/* ---- maintenance ---------------------------------------------------------------- */

static void load_scope(struct loading *l, struct maintenance *m, const struct yaml *scope)
{
    if (!scope || !yaml_is(scope, YAML_MAP, l->d))
        return;
    if (scope->n > HOLD_FIELDS)
        diagnostics_error(l->d, &scope->at, "scope names at most %d fields", HOLD_FIELDS);
    for (const struct yaml *v = scope->first; v && m->nfields < HOLD_FIELDS;
         v = v->next) {
        const struct operand *o = field_of(l, v->key);
        const struct set *values = o ? cell_of(l, o, v) : NULL;

        if (!values)
            continue;
        m->fields[m->nfields] = o;
        m->values[m->nfields++] = values;
    }
}

/* Verbs, and names of rules or detections. */
static void load_allow(struct loading *l, struct maintenance *m, const struct yaml *allow)
{
    struct texts all;
    const char **names;

    if (!allow) {
        diagnostics_error(l->d, &m->at, "`allow` is missing in %s", m->name);
        return;
    }
    all = names_of(l, allow);
    names = arena_take(&l->set->arena, (all.n + 1) * sizeof *names);
    m->names.text = names;
    for (unsigned i = 0; i < all.n; i++) {
        const struct label *verb = label_named(verb_labels, all.text[i]);

        if (verb)
            m->verbs |= verb->code;
        else
            names[m->names.n++] = all.text[i];
    }
}

void load_maintenance(struct loading *l, const struct yaml *item)
{
    static const char *const keys[] = {"maintenance", "from", "to",  "scope", "allow",
                                       "learn",       "who",  "why", NULL};
    struct maintenance *m = arena_take(&l->set->arena, sizeof *m);
    const struct yaml *from = yaml_get(item, "from"), *to = yaml_get(item, "to"),
                      *learn = yaml_get(item, "learn");

    yaml_known_keys(item, keys, l->d);
    if (!from || !to)
        diagnostics_error(l->d, &item->first->at, "a maintenance has `from` and `to`");
    if (!item_name(l, item, &m->name) || !time_of(l, from, &m->from) ||
        !time_of(l, to, &m->to))
        return;
    m->at = item->first->at;
    m->file = l->file;
    for (const struct maintenance *o = l->set->holds.maintenances; o; o = o->next)
        be_alone(l, "maintenance", m->name, &m->at, o->name);
    if (m->to <= m->from)
        diagnostics_error(l->d, &to->at, "it ends before it begins");
    load_scope(l, m, yaml_get(item, "scope"));
    load_allow(l, m, yaml_get(item, "allow"));
    if (learn)
        yaml_bool(learn, &m->learn, l->d);
    m->who = must_say(l, item, "who");
    m->why = must_say(l, item, "why");
    m->next = l->set->holds.maintenances;
    l->set->holds.maintenances = m;
}

/* ---- what they name ------------------------------------------------------------- */

static bool names_a_rule(const struct ruleset *set, const char *pattern)
{
    const struct texts one = {&pattern, 1};

    for (const struct rule *r = set->rules; r; r = r->next) {
        if (hold_names(&one, &r->signature))
            return true;
    }
    return strncmp(pattern, "baseline.", 9) == 0 || strncmp(pattern, "health.", 7) == 0;
}

static void check_names(struct loading *l, const struct texts *names,
                        const struct place *at, const char *what, const char *item)
{
    for (unsigned i = 0; i < names->n; i++) {
        struct nearest n;
        struct diagnostic *e;

        if (names_a_rule(l->set, names->text[i]))
            continue;
        e = diagnostics_warning(l->d, at, "%s %s names no rule: `%.80s`", what, item,
                                names->text[i]);
        nearest_open(&n, names->text[i]);
        for (const struct rule *r = l->set->rules; r; r = r->next)
            nearest_offer(&n, r->signature.name);
        diagnostic_suggest(l->d, e, n.best);
    }
}

void check_holds(struct loading *l)
{
    for (struct exception *e = l->set->holds.exceptions; e; e = e->next) {
        check_names(l, &e->names, &e->at, "exception", e->name);
        e->at.source = e->file;
    }
    for (struct maintenance *m = l->set->holds.maintenances; m; m = m->next) {
        check_names(l, &m->names, &m->at, "maintenance", m->name);
        m->at.source = m->file;
    }
}
