/*
 * Overrides: an item is changed before it is read, so that all that is said of items is
 * checked of what came out, at the place where it was written.
 */

#include <string.h>

#include "rules/load.h"

/* ---- the tree --------------------------------------------------------------------- */

static struct yaml *copy_of(struct loading *l, const struct yaml *node)
{
    struct yaml *copy = arena_take(&l->set->arena, sizeof *copy);

    *copy = *node;
    copy->next = NULL;
    return copy;
}

/* In the place of what the key says, or as one more key. */
static void put(struct loading *l, struct yaml *item, const struct yaml *value)
{
    struct yaml **at = &item->first, *copy = copy_of(l, value);

    while (*at && strcmp((*at)->key->text, value->key->text) != 0)
        at = &(*at)->next;
    if (*at)
        copy->next = (*at)->next;
    else
        item->n++;
    *at = copy;
}

/* More of a sequence; what is no sequence yet becomes one. */
static void extend(struct loading *l, struct yaml *item, const struct yaml *more)
{
    struct yaml *there = yaml_get(item, more->key->text), **last;

    if (!there) {
        put(l, item, more);
        return;
    }
    if (!yaml_is(there, YAML_SEQUENCE, l->d) || !yaml_is(more, YAML_SEQUENCE, l->d))
        return;
    for (last = &there->first; *last;)
        last = &(*last)->next;
    for (const struct yaml *v = more->first; v; v = v->next) {
        *last = copy_of(l, v);
        last = &(*last)->next;
        there->n++;
    }
}

/* ---- rules and correlations -------------------------------------------------------- */

static bool is_fixed(const char *key)
{
    static const char *const keys[] = {"rule", "correlation", "id", "rev", "detection"};

    for (unsigned i = 0; i < COUNT_OF(keys); i++) {
        if (strcmp(keys[i], key) == 0)
            return true;
    }
    return false;
}

static void take_out(struct yaml *item, const char *key)
{
    struct yaml **at = &item->first;

    while (*at && strcmp((*at)->key->text, key) != 0)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = (*at)->next;
    item->n--;
}

/* The score follows a severity that is set alone, and the other way round. */
static void keep_apart(struct yaml *item, const struct yaml *set)
{
    const struct yaml *severity = yaml_get(set, "severity"),
                      *score = yaml_get(set, "score");

    if (severity && !score)
        take_out(item, "score");
    if (score && !severity)
        take_out(item, "severity");
}

static void set_keys(struct loading *l, struct yaml *item, const struct yaml *set)
{
    if (!set || !yaml_is(set, YAML_MAP, l->d))
        return;
    keep_apart(item, set);
    for (const struct yaml *v = set->first; v; v = v->next) {
        if (is_fixed(v->key->text))
            diagnostics_error(l->d, &v->key->at, "`%s` is not changed by an override",
                              v->key->text);
        else
            put(l, item, v);
    }
}

static void append_when(struct loading *l, const struct yaml *item,
                        const struct yaml *when)
{
    struct appended *a = arena_take(&l->set->arena, sizeof *a);

    if (!yaml_is(when, YAML_SCALAR, l->d))
        return;
    *a = (struct appended){item, when, l->appended};
    l->appended = a;
}

static void append_keys(struct loading *l, struct yaml *item, const struct yaml *append)
{
    static const char *const lists[] = {
        "attack", "false_positives", "references", "test", "when", NULL};

    if (!append || !yaml_is(append, YAML_MAP, l->d))
        return;
    yaml_known_keys(append, lists, l->d);
    for (const struct yaml *v = append->first; v; v = v->next) {
        if (strcmp(v->key->text, "when") == 0)
            append_when(l, item, v);
        else
            extend(l, item, v);
    }
}

static void check_rev(struct loading *l, const struct override *o,
                      const struct yaml *item)
{
    const struct yaml *expects = yaml_get(o->item, "expects_rev"),
                      *rev = yaml_get(item, "rev");
    int64_t expected, is;

    if (!expects) {
        diagnostics_error(l->d, &o->item->first->at,
                          "`expects_rev` is missing in %s: the rev this was written for",
                          o->name);
        return;
    }
    if (!rev || !yaml_int(expects, 1, UINT32_MAX, &expected, l->d) ||
        !text_int(rev->text, &is) || is == expected)
        return;
    diagnostics_warning(l->d, &o->item->first->at,
                        "override expects rev %d of %s, it is rev %d; applied",
                        (int)expected, o->name, (int)is);
}

/* ---- lists ---------------------------------------------------------------------- */

static void override_list(struct loading *l, struct override *o, struct value_list *list)
{
    static const char *const keys[] = {"items", NULL};
    const struct yaml *set = yaml_get(o->item, "set"),
                      *append = yaml_get(o->item, "append"), *items;

    o->list = list;
    if (set && yaml_is(set, YAML_MAP, l->d)) {
        yaml_known_keys(set, keys, l->d);
        list->set = (struct set){.kind = list->set.kind, .list = list->name};
        if ((items = yaml_get(set, "items")))
            list_add_items(l, list, items);
    }
    if (append && yaml_is(append, YAML_MAP, l->d)) {
        yaml_known_keys(append, keys, l->d);
        if ((items = yaml_get(append, "items")))
            list_add_items(l, list, items);
    }
    list->filled |= list->set.n > 0;
}

/* ---- all ------------------------------------------------------------------------ */

void load_override(struct loading *l, const struct yaml *item)
{
    static const char *const keys[] = {"override", "expects_rev", "set", "append",
                                       "why",      "who",         NULL};
    struct override *o = arena_take(&l->set->arena, sizeof *o);

    yaml_known_keys(item, keys, l->d);
    if (!yaml_get(item, "set") && !yaml_get(item, "append"))
        diagnostics_error(l->d, &item->first->at, "an override has `set` or `append`");
    if (!yaml_text(item->first, &o->name, l->d))
        return;
    o->item = item;
    o->at = item->first->at;
    o->file = l->file;
    *l->last_override = o;
    l->last_override = &o->next;
}

bool override_item(struct loading *l, struct yaml *item)
{
    bool any = false;

    for (struct override *o = l->set->overrides; o; o = o->next) {
        if (item->first->kind != YAML_SCALAR || strcmp(o->name, item->first->text) != 0)
            continue;
        o->used = any = true;
        check_rev(l, o, item);
        set_keys(l, item, yaml_get(o->item, "set"));
        append_keys(l, item, yaml_get(o->item, "append"));
    }
    return any;
}

void override_lists(struct loading *l)
{
    for (struct override *o = l->set->overrides; o; o = o->next) {
        struct value_list *list = names_list(
            &l->set->names, (struct bytes){(const uint8_t *)o->name, strlen(o->name)});

        if (!list)
            continue;
        o->used = true;
        override_list(l, o, list);
    }
}

/* What has changed nothing is a mistake. */
void check_overrides(struct loading *l)
{
    for (struct override *o = l->set->overrides; o; o = o->next) {
        struct nearest n;
        struct diagnostic *e;

        if (!o->used) {
            e = diagnostics_error(l->d, &o->at, "there is no rule or list `%.80s`",
                                  o->name);
            nearest_open(&n, o->name);
            for (const struct rule *r = l->set->rules; r; r = r->next)
                nearest_offer(&n, r->signature.name);
            for (const struct value_list *v = l->set->names.lists; v; v = v->next)
                nearest_offer(&n, v->name);
            diagnostic_suggest(l->d, e, n.best);
        }
        o->at.source = o->file;
        o->item = NULL;
    }
}
