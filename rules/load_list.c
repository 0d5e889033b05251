#include "rules/csv.h"
#include "rules/load.h"

#include <string.h>

/* ---- items ------------------------------------------------------------------ */

static bool add_host(struct loading *l, struct value_list *list, const struct place *at,
                     const char *text)
{
    struct diagnostics *d = l->d;
    uint8_t low[HOST_KEY], high[HOST_KEY], end_low[HOST_KEY], end_high[HOST_KEY];
    const char *range = strstr(text, "..");
    size_t len = range ? (size_t)(range - text) : strlen(text);
    bool ok = host_parse((struct bytes){(const uint8_t *)text, len}, low, high);

    if (ok && range) {
        range += 2;
        ok = host_parse((struct bytes){(const uint8_t *)range, strlen(range)}, end_low,
                        end_high) &&
             end_low[0] == low[0] && memcmp(low, end_high, HOST_KEY) <= 0;
        memcpy(high, end_high, HOST_KEY);
    }
    if (!ok && set_add_asset(&list->set, &l->set->arena, l->set->names.site, text))
        return true;
    if (!ok) {
        diagnostics_error(
            d, at, "`%.60s` is no address, range, network, MAC address or named asset",
            text);
        return false;
    }
    set_add_host(&list->set, &l->set->arena, low, high);
    return true;
}

static bool add_number(struct loading *l, struct value_list *list, const struct place *at,
                       const char *text)
{
    struct arena *arena = &l->set->arena;
    char *copy = arena_text(arena, text), *range = strstr(copy, "..");
    int64_t low, high;
    bool ok;

    if (range)
        *range = '\0';
    ok = text_int(copy, &low);
    high = low;
    if (ok && range)
        ok = text_int(range + 2, &high) && low <= high;
    if (!ok) {
        diagnostics_error(l->d, at, "`%.60s` is no whole number or range of them", text);
        return false;
    }
    set_add_int(&list->set, arena, low, high);
    return true;
}

static bool add_name(struct loading *l, struct value_list *list, const char *text)
{
    const char *copy = arena_text(&l->set->arena, text);

    set_add_text(&list->set, &l->set->arena,
                 (struct bytes){(const uint8_t *)copy, strlen(copy)});
    return true;
}

static bool add_point(struct loading *l, struct value_list *list, const struct place *at,
                      const char *text)
{
    const struct site *site = l->set->names.site;
    struct diagnostic *e;
    struct nearest n;

    if (site_point_named(site, text) >= 0)
        return add_name(l, list, text);
    e = diagnostics_error(l->d, at, "`%.60s` is no point of the point map", text);
    nearest_open(&n, text);
    for (unsigned i = 0; site && i < site->npoints; i++)
        nearest_offer(&n, site->points[i]);
    diagnostic_suggest(l->d, e, n.best);
    return false;
}

bool list_add_text(struct loading *l, struct value_list *list, const struct place *at,
                   const char *text)
{
    switch (list->type) {
    case LIST_HOST:
        return add_host(l, list, at, text);
    case LIST_NUMBER:
        return add_number(l, list, at, text);
    case LIST_POINT:
        return add_point(l, list, at, text);
    default:
        return add_name(l, list, text);
    }
}

bool list_add_items(struct loading *l, struct value_list *list, const struct yaml *items)
{
    bool ok = yaml_is(items, YAML_SEQUENCE, l->d);
    const char *text;

    for (const struct yaml *item = ok ? items->first : NULL; item; item = item->next) {
        if (!yaml_text(item, &text, l->d))
            ok = false;
        else
            ok &= list_add_text(l, list, &item->at, text);
    }
    set_close(&list->set);
    return ok;
}

/* ---- a CSV file ---------------------------------------------------------------- */

static const char *beside(struct arena *arena, const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');

    if (name[0] == '/' || !slash)
        return name;
    return arena_format(arena, "%.*s/%s", (int)(slash - file), file, name);
}

/* The number of the column in the header, -1 when it has none. */
static int header_column(struct csv *csv, struct arena *arena, const char *column)
{
    int found = -1, i = 0;
    const char *text;

    while (csv_field(csv, arena, &text)) {
        if (strcmp(text, column) == 0)
            found = i;
        i++;
        if (csv->last)
            break;
    }
    return found;
}

static void load_csv(struct loading *l, struct value_list *list, const struct yaml *from,
                     const struct yaml *column)
{
    struct arena *arena = &l->set->arena;
    const struct source *source;
    const char *path, *name, *text;
    struct csv csv;
    int wanted, i = 0;

    if (!yaml_text(from, &path, l->d))
        return;
    if (!column) {
        diagnostics_error(l->d, &from->at,
                          "`column` is missing: which column holds the items");
        return;
    }
    source = diagnostics_read(l->d, beside(arena, from->at.source->file, path));
    if (!source || !yaml_text(column, &name, l->d))
        return;
    csv_open(&csv, source);
    wanted = header_column(&csv, arena, name);
    if (wanted < 0)
        diagnostics_error(l->d, &column->at, "%s has no column `%.60s`", path, name);
    while (wanted >= 0 && csv_field(&csv, arena, &text)) {
        if (i == wanted && *text)
            list_add_text(l, list, &csv.at, text);
        i = csv.last ? 0 : i + 1;
    }
    set_close(&list->set);
}

/* ---- the item ----------------------------------------------------------------- */

static struct value_list *declare(struct loading *l, const struct yaml *item,
                                  const char *name, enum list_type type)
{
    static const enum set_kind kinds[LIST_TYPES] = {SET_HOSTS, SET_INTS, SET_TEXTS,
                                                    SET_TEXTS};
    struct bytes key = {(const uint8_t *)name, strlen(name)};
    struct value_list *list = names_list(&l->set->names, key);

    if (!list) {
        list = arena_take(&l->set->arena, sizeof *list);
        *list = (struct value_list){
            .name = name, .type = type, .at = item->at, .of_package = l->shipped};
        list->file = l->file;
        list->set = (struct set){.kind = kinds[type], .list = name};
        list->next = l->set->names.lists;
        l->set->names.lists = list;
        return list;
    }
    if (list->type != type)
        diagnostics_error(l->d, &item->at, "list `%s` was of another type in %s:%u", name,
                          list->at.source->file, list->at.line);
    else if (list->filled)
        diagnostics_error(l->d, &item->at, "list `%s` is filled in %s:%u already", name,
                          list->at.source->file, list->at.line);
    else
        return list;
    return NULL;
}

void load_list(struct loading *l, const struct yaml *item)
{
    static const char *const keys[] = {"list",   "type",       "items", "from",
                                       "column", "when_empty", "doc",   NULL};
    static const char *const types[] = {"host", "number", "text", "point", NULL};
    static const char *const empties[] = {"inactive", NULL};
    const struct yaml *type = yaml_get(item, "type"), *items = yaml_get(item, "items"),
                      *from = yaml_get(item, "from"),
                      *empty = yaml_get(item, "when_empty");
    struct value_list *list;
    const char *name;
    unsigned kind = LIST_HOST, choice;

    yaml_known_keys(item, keys, l->d);
    if (!type)
        diagnostics_error(l->d, &item->at,
                          "`type` is missing: host, number, text or point");
    if (!load_name(l, item->first, &name) || !type ||
        !yaml_choice(type, types, &kind, l->d))
        return;
    if (empty)
        yaml_choice(empty, empties, &choice, l->d);
    if (items && from)
        diagnostics_error(l->d, &from->at, "a list has `items` or `from`, not both");
    list = declare(l, item, name, (enum list_type)kind);
    if (!list)
        return;
    list->filled = from || (items && items->n);
    if (list->filled) {
        list->at = item->at;
        list->file = l->file;
        list->of_package = l->shipped;
    }
    if (from)
        load_csv(l, list, from, yaml_get(item, "column"));
    else if (items)
        list_add_items(l, list, items);
}
