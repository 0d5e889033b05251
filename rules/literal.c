#include "rules/literal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rules/later.h"

enum { TABLES_MAX = SCHEMAS_MAX + 1, SHOWN = 48 };

static int shown(struct bytes b)
{
    return (int)(b.len < SHOWN ? b.len : SHOWN);
}

static struct diagnostic *wrong(const struct literals *l, const struct token *t,
                                const char *wants)
{
    struct diagnostic *e =
        diagnostics_error(l->d, &t->at, "%s is compared with %s, not with `%.*s`",
                          l->left->name, wants, shown(t->text), t->text.at);

    return e;
}

/* ---- labels ----------------------------------------------------------------- */

static const struct label *find_label(const struct label *labels, struct bytes name)
{
    for (const struct label *l = labels; l && l->name; l++) {
        if (bytes_are(name, l->name))
            return l;
    }
    return NULL;
}

/* "verbs" of "verb", "functions" of "modbus.function", else "labels". */
static const char *plural(struct arena *arena, const char *name)
{
    const char *stop = strrchr(name, '.'), *last = stop ? stop + 1 : name;
    size_t len = strlen(last);

    if (len == 0 || last[len - 1] == 's' || last[len - 1] == 'y')
        return "labels";
    return arena_format(arena, "%ss", last);
}

static const char *all_labels(const struct literals *l, const struct label **tables,
                              unsigned n)
{
    struct arena *a = &l->d->arena;
    char text[ARENA_FORMAT - 256];
    size_t len = 0;
    int put;

    text[0] = '\0';
    for (unsigned i = 0; i < n; i++) {
        for (const struct label *one = tables[i]; one && one->name; one++) {
            put = snprintf(text + len, sizeof text - len, " %s", one->name);
            if (put < 0 || (size_t)put >= sizeof text - len)
                break;
            len += (size_t)put;
        }
    }
    return arena_format(a, "%s:%s", plural(a, l->left->name), text);
}

/* Which field has this label, when it is not the one it was compared with. */
static const char *owner_of(const struct literals *l, struct bytes label)
{
    for (unsigned slot = 0; slot < COMMON_FIELDS; slot++) {
        if (find_label(common_fields[slot].labels, label))
            return common_fields[slot].name;
    }
    for (unsigned i = 0; i < l->names->n; i++) {
        const struct schema *s = l->names->schemas[i];

        for (unsigned slot = 0; slot < s->nfields; slot++) {
            if (find_label(s->fields[slot].labels, label))
                return arena_format(&l->d->arena, "%s.%s", s->name, s->fields[slot].name);
        }
        if (find_label(s->violations, label))
            return "violation";
    }
    return NULL;
}

static void no_label(const struct literals *l, const struct token *t,
                     const struct label **tables, unsigned n)
{
    struct bytes name = t->kind == TOKEN_TEXT ? t->string : t->text;
    const char *word = arena_copy(&l->d->arena, name), *owner = owner_of(l, name);
    struct diagnostic *e = diagnostics_error(l->d, &t->at, "%s has no label \"%.*s\"",
                                             l->left->name, shown(name), name.at);
    struct nearest nearest;

    nearest_open(&nearest, word);
    for (unsigned i = 0; i < n; i++) {
        for (const struct label *one = tables[i]; one && one->name; one++)
            nearest_offer(&nearest, one->name);
    }
    if (owner)
        e->hint = arena_format(&l->d->arena, "is a label of %s", owner);
    else
        diagnostic_suggest(l->d, e, nearest.best);
    e->help = all_labels(l, tables, n);
}

/* The code of a bare word; false, and the error told, when it has none. */
static bool label_code(const struct literals *l, const struct token *t, uint32_t *code)
{
    const struct label *tables[TABLES_MAX] = {l->left->labels}, *found = NULL;
    unsigned n = l->left->labels ? 1 : 0;

    if (n == 0) {
        for (unsigned i = 0; i < l->names->n; i++) {
            if (l->left->type == FIELD_FLAGS && l->names->schemas[i]->qualities)
                tables[n++] = l->names->schemas[i]->qualities;
        }
    }
    if (t->kind == TOKEN_TEXT && l->left->labels && find_label(tables[0], t->string)) {
        diagnostics_error(l->d, &t->at, "labels stand without quotes: %.*s",
                          shown(t->string), t->string.at);
        return false;
    }
    for (unsigned i = 0; i < n && !found && t->kind == TOKEN_WORD; i++)
        found = find_label(tables[i], t->string);
    if (found)
        *code = found->code;
    else
        no_label(l, t, tables, n);
    return found != NULL;
}

/* ---- numbers ---------------------------------------------------------------- */

static bool is_ordering(enum comparison op)
{
    return op >= OP_LT && op <= OP_GE;
}

static bool empty_range(const struct literals *l, const struct item *item)
{
    diagnostics_error(l->d, &item->low.at,
                      "the range is empty: its end is below its begin");
    return false;
}

/* Everything on one side of a bound. */
static void add_bound(const struct literals *l, struct set *s, int64_t bound)
{
    switch (l->op) {
    case OP_LT:
        if (bound > INT64_MIN)
            set_add_int(s, l->arena, INT64_MIN, bound - 1);
        break;
    case OP_LE:
        set_add_int(s, l->arena, INT64_MIN, bound);
        break;
    case OP_GT:
        if (bound < INT64_MAX)
            set_add_int(s, l->arena, bound + 1, INT64_MAX);
        break;
    default:
        set_add_int(s, l->arena, bound, INT64_MAX);
        break;
    }
}

static bool one_int(const struct literals *l, const struct token *t, int64_t *out)
{
    enum field_type type = l->left->type;
    uint32_t code;

    *out = t->i;
    if (type == FIELD_ENUM && (t->kind == TOKEN_WORD || t->kind == TOKEN_TEXT)) {
        if (!label_code(l, t, &code))
            return false;
        *out = code;
        return true;
    }
    if (type == FIELD_DURATION) {
        if (t->kind == TOKEN_DURATION)
            return true;
        wrong(l, t, "a time such as 500ms")->hint =
            t->kind == TOKEN_INT ? "the unit is missing: us ms s m h d" : NULL;
        return false;
    }
    if (t->kind != TOKEN_INT) {
        wrong(l, t, type == FIELD_ENUM ? "a label or a number" : "a whole number");
        return false;
    }
    if (type == FIELD_ENUM && (t->i < 0 || t->i > UINT32_MAX)) {
        diagnostics_error(l->d, &t->at, "can never hold: %s is never %lld", l->left->name,
                          (long long)t->i);
        return false;
    }
    return true;
}

static bool add_int(const struct literals *l, struct set *s, const struct item *item)
{
    int64_t low, high;

    if (!one_int(l, &item->low, &low))
        return false;
    if (is_ordering(l->op)) {
        add_bound(l, s, low);
        return true;
    }
    high = low;
    if (item->range && !one_int(l, &item->high, &high))
        return false;
    if (high < low)
        return empty_range(l, item);
    set_add_int(s, l->arena, low, high);
    return true;
}

static bool add_real(const struct literals *l, struct set *s, const struct item *item)
{
    const struct token *t = &item->low;
    double low = t->r, high = item->range ? item->high.r : low;

    if (t->kind != TOKEN_INT && t->kind != TOKEN_REAL) {
        wrong(l, t, "a number");
        return false;
    }
    if (item->range && item->high.kind != TOKEN_INT && item->high.kind != TOKEN_REAL) {
        wrong(l, &item->high, "a number");
        return false;
    }
    if (high < low)
        return empty_range(l, item);
    if (l->op == OP_LT || l->op == OP_LE)
        low = -INFINITY;
    if (l->op == OP_GT || l->op == OP_GE)
        high = INFINITY;
    if (l->op == OP_LT)
        high = nextafter(high, -INFINITY);
    if (l->op == OP_GT)
        low = nextafter(low, INFINITY);
    set_add_real(s, l->arena, low, high);
    return true;
}

static bool add_bool(const struct literals *l, struct set *s, const struct item *item)
{
    bool yes = token_word(&item->low, "true");

    if (!yes && !token_word(&item->low, "false")) {
        wrong(l, &item->low, "true or false");
        return false;
    }
    set_add_int(s, l->arena, yes, yes);
    return true;
}

/* ---- texts and hosts ---------------------------------------------------------- */

static bool in_tables(const struct label **tables, unsigned n, struct bytes word)
{
    for (unsigned i = 0; i < n; i++) {
        if (find_label(tables[i], word))
            return true;
    }
    return false;
}

static bool is_unknown_code(struct bytes word)
{
    return word.len > 8 && memcmp(word.at, "unknown_", 8) == 0;
}

/* Of a field with a vocabulary: a bare word that is in it. */
static bool add_word(const struct literals *l, struct set *s, const struct token *t,
                     const struct label **tables, unsigned n)
{
    if (t->kind == TOKEN_WORD &&
        (in_tables(tables, n, t->string) || is_unknown_code(t->string))) {
        /* the word stands in the file's text, which the set outlives */
        set_add_text(s, l->arena,
                     (struct bytes){(const uint8_t *)arena_copy(l->arena, t->string),
                                    t->string.len});
        return true;
    }
    if (t->kind == TOKEN_WORD && l->left->from[0].kind == SOURCE_POINT &&
        later_table(l->names)) {
        *l->later = later_table(l->names);
        return true;
    }
    if (t->kind == TOKEN_WORD) {
        no_label(l, t, tables, n);
    } else if (t->kind == TOKEN_TEXT && in_tables(tables, n, t->string)) {
        diagnostics_error(l->d, &t->at, "labels stand without quotes: %.*s",
                          shown(t->string), t->string.at);
    } else if (t->kind == TOKEN_INT && l->left->from[0].slot == COMMON_FUNCTION) {
        wrong(l, t, "a label")->hint = "function_code is the number";
    } else {
        wrong(l, t, "a label");
    }
    return false;
}

/* The site has nothing of this name: `what` it should be. */
static bool not_of_site(const struct literals *l, const struct token *t, const char *what,
                        const char *key)
{
    struct diagnostic *e = diagnostics_error(l->d, &t->at, "no %s is named \"%.*s\"",
                                             what, shown(t->string), t->string.at);
    const struct site *site = l->names->site;
    struct nearest nearest;

    nearest_open(&nearest, arena_copy(&l->d->arena, t->string));
    for (unsigned i = 0; site && i < site->nzones && strcmp(what, "zone") == 0; i++)
        nearest_offer(&nearest, site->zones[i].name);
    for (unsigned i = 0; site && i < site->nhosts && strcmp(what, "asset") == 0; i++)
        nearest_offer(&nearest, site->hosts[i].name);
    if (nearest.best)
        e->hint = arena_format(&l->d->arena, "did you mean \"%s\"?", nearest.best);
    else
        e->help = arena_format(&l->d->arena, "%ss are named under %s", what, key);
    return false;
}

/* Names the site gave must be there. */
static bool named_by_site(const struct literals *l, const struct token *t)
{
    const struct origin *from = &l->left->from[0];
    const char *name = arena_copy(l->arena, t->string);

    if (from->kind != SOURCE_COMMON)
        return true;
    if ((from->slot == COMMON_CLIENT_ZONE || from->slot == COMMON_SERVER_ZONE) &&
        !site_zone_named(l->names->site, name))
        return not_of_site(l, t, "zone", "network.zones");
    if ((from->slot == COMMON_CLIENT_NAME || from->slot == COMMON_SERVER_NAME) &&
        !site_host_named(l->names->site, name))
        return not_of_site(l, t, "asset", "network.assets");
    return true;
}

/* "PLC-7/unit:3" is what the record calls "10.20.3.7/unit:3". */
static struct bytes device_name(const struct literals *l, struct bytes text)
{
    const struct origin *from = &l->left->from[0];
    const char *name = arena_copy(l->arena, text), *slash = strchr(name, '/');
    size_t len = slash ? (size_t)(slash - name) : strlen(name);
    const struct site_host *host;
    char address[ADDRESS_TEXT];

    if (from->kind != SOURCE_COMMON || from->slot != COMMON_DEVICE)
        return text;
    host =
        site_host_named(l->names->site, arena_format(l->arena, "%.*s", (int)len, name));
    if (!host)
        return text;
    name =
        arena_format(l->arena, "%s%s", address_text(&host->address, address), name + len);
    return (struct bytes){(const uint8_t *)name, strlen(name)};
}

static bool is_service(const struct operand *o)
{
    return o->from[0].kind == SOURCE_COMMON && o->from[0].slot == COMMON_SERVICE;
}

static bool add_text(const struct literals *l, struct set *s, const struct item *item)
{
    const struct label *tables[TABLES_MAX];
    unsigned n = names_words(l->names, &l->left->from[0], tables, TABLES_MAX);

    if (n && s->match == MATCH_EQUAL)
        return add_word(l, s, &item->low, tables, n);
    if (is_service(l->left) && item->low.kind == TOKEN_WORD) {
        set_add_text(
            s, l->arena,
            (struct bytes){(const uint8_t *)arena_copy(l->arena, item->low.string),
                           item->low.string.len});
        return true;
    }
    if (item->low.kind != TOKEN_TEXT) {
        wrong(l, &item->low, "text in double quotes");
        return false;
    }
    if (s->match == MATCH_EQUAL && !named_by_site(l, &item->low))
        return false;
    set_add_text(s, l->arena, device_name(l, item->low.string));
    return true;
}

/* Of the common fields it is known which kind of address they hold. */
static bool never_holds(const struct literals *l, const struct token *t)
{
    const struct origin *from = &l->left->from[0];
    bool mac = from->slot == COMMON_CLIENT_MAC || from->slot == COMMON_SERVER_MAC;

    if (from->kind != SOURCE_COMMON || mac == (t->kind == TOKEN_MAC))
        return false;
    diagnostics_error(l->d, &t->at, "can never hold: %s is %s address", l->left->name,
                      mac ? "a MAC" : "an IP");
    return true;
}

static bool one_host(const struct literals *l, const struct token *t)
{
    if (t->kind == TOKEN_TEXT)
        return not_of_site(l, t, "asset",
                           "network.assets; addresses stand without quotes");
    if (t->kind != TOKEN_IP && t->kind != TOKEN_MAC) {
        wrong(l, t, "an address or a network");
        return false;
    }
    return !never_holds(l, t);
}

/* All addresses of an asset. */
static bool add_asset(const struct literals *l, struct set *s, const struct token *t)
{
    const char *name = arena_copy(l->arena, t->string);

    return s->kind == SET_HOSTS && set_add_asset(s, l->arena, l->names->site, name);
}

static bool add_host(const struct literals *l, struct set *s, const struct item *item)
{
    const uint8_t *high = item->low.high;

    if (item->low.kind == TOKEN_TEXT && !item->range && add_asset(l, s, &item->low))
        return true;
    if (!one_host(l, &item->low))
        return false;
    if (item->range) {
        if (!one_host(l, &item->high))
            return false;
        high = item->high.high;
        if (item->low.low[0] != high[0] || memcmp(item->low.low, high, HOST_KEY) > 0)
            return empty_range(l, item);
    }
    set_add_host(s, l->arena, item->low.low, high);
    return true;
}

static bool add_flag(const struct literals *l, struct set *s, const struct item *item)
{
    uint32_t code;

    if (item->low.kind != TOKEN_WORD && item->low.kind != TOKEN_TEXT) {
        wrong(l, &item->low, "a label");
        return false;
    }
    if (!label_code(l, &item->low, &code))
        return false;
    s->mask |= code;
    return true;
}

/* ---- by type ---------------------------------------------------------------- */

static const struct {
    bool (*add)(const struct literals *l, struct set *s, const struct item *item);
    enum set_kind kind;
    bool ordered, matched, ranges;
} types[FIELD_TYPES] = {
    [FIELD_BOOL] = {add_bool, SET_INTS, false, false, false},
    [FIELD_INT] = {add_int, SET_INTS, true, false, true},
    [FIELD_REAL] = {add_real, SET_REALS, true, false, true},
    [FIELD_TEXT] = {add_text, SET_TEXTS, false, true, false},
    [FIELD_BYTES] = {add_text, SET_TEXTS, false, true, false},
    [FIELD_ENUM] = {add_int, SET_INTS, true, false, true},
    [FIELD_FLAGS] = {add_flag, SET_MASK, false, false, false},
    [FIELD_TIME] = {NULL, SET_INTS, false, false, false},
    [FIELD_DURATION] = {add_int, SET_INTS, true, false, true},
    [FIELD_ADDRESS] = {add_host, SET_HOSTS, false, false, true},
};

static bool derived(const struct operand *o)
{
    const struct origin *from = &o->from[0];

    return (from->kind == SOURCE_COMMON &&
            common_fields[from->slot].flags & FIELD_DERIVED) ||
           (from->kind == SOURCE_POINT && point_fields[from->slot].flags & FIELD_DERIVED);
}

static bool operator_fits(const struct literals *l)
{
    enum field_type type = l->left->type;
    const char *what = NULL;

    if (!types[type].add)
        what = "cannot be compared";
    else if (is_ordering(l->op) && (!types[type].ordered || derived(l->left)))
        what = "has no order: use == != in";
    else if (l->op >= OP_CONTAINS && !types[type].matched)
        what = "is no text: use == != in";
    if (what)
        diagnostics_error(l->d, &l->name->at, "%s (%s) %s", l->left->name,
                          field_type_name(type), what);
    return what == NULL;
}

static enum text_match match_of(enum comparison op)
{
    switch (op) {
    case OP_CONTAINS:
        return MATCH_CONTAINS;
    case OP_STARTSWITH:
        return MATCH_STARTS;
    case OP_GLOB:
        return MATCH_GLOB;
    default:
        return MATCH_EQUAL;
    }
}

/* A list as it is: rules ask the same set the site fills. */
static const struct set *listed(const struct literals *l, const struct token *t)
{
    static const enum set_kind kinds[LIST_TYPES] = {SET_HOSTS, SET_INTS, SET_TEXTS,
                                                    SET_TEXTS};
    static const char *const holds[LIST_TYPES] = {"hosts", "numbers", "texts", "points"};
    const struct value_list *list = names_list(l->names, t->string);
    struct diagnostic *e;
    struct nearest nearest;

    if (list && (kinds[list->type] != types[l->left->type].kind ||
                 l->left->type == FIELD_DURATION)) {
        diagnostics_error(l->d, &t->at, "$%s holds %s, %s is of type %s", list->name,
                          holds[list->type], l->left->name,
                          field_type_name(l->left->type));
        return NULL;
    }
    if (list)
        return &list->set;
    e = diagnostics_error(l->d, &t->at, "there is no list $%.*s", shown(t->string),
                          t->string.at);
    nearest_open(&nearest, arena_copy(&l->d->arena, t->string));
    for (list = l->names->lists; list; list = list->next)
        nearest_offer(&nearest, list->name);
    if (nearest.best)
        e->hint = arena_format(&l->d->arena, "did you mean `$%s`?", nearest.best);
    return NULL;
}

static bool add_item(const struct literals *l, struct set *s, const struct item *item)
{
    if (item->low.kind == TOKEN_LIST) {
        diagnostics_error(l->d, &item->low.at, "a list stands alone: `%s in $%.*s`",
                          l->left->name, shown(item->low.string), item->low.string.at);
        return false;
    }
    if (item->range && (!types[l->left->type].ranges || l->op < OP_IN)) {
        diagnostics_error(l->d, &item->low.at, "a range stands in { } after `in`%s",
                          types[l->left->type].ranges ? "" : ", and only of numbers");
        return false;
    }
    return types[l->left->type].add(l, s, item);
}

const struct set *literal_set(const struct literals *l, const struct item *items)
{
    struct set *s;
    bool ok = true;

    if (!operator_fits(l))
        return NULL;
    if ((l->op == OP_IN || l->op == OP_NOT_IN) && items && !items->next &&
        items->low.kind == TOKEN_LIST && !items->range)
        return listed(l, &items->low);
    s = arena_take(l->arena, sizeof *s);
    s->kind = types[l->left->type].kind;
    s->match = match_of(l->op);
    for (const struct item *item = items; item; item = item->next)
        ok &= add_item(l, s, item);
    set_close(s);
    return ok ? s : NULL;
}

uint64_t literal_protocols(const struct literals *l, const struct item *items)
{
    uint64_t mask = 0;
    bool ok = true;

    for (const struct item *item = items; item; item = item->next) {
        int schema = item->low.kind == TOKEN_WORD && !item->range
                         ? names_schema(l->names, item->low.string)
                         : -1;
        struct nearest nearest;
        struct diagnostic *e;

        if (schema >= 0) {
            mask |= UINT64_C(1) << schema;
            continue;
        }
        if (item->low.kind == TOKEN_WORD && later_protocol(l->names, item->low.string)) {
            *l->later = later_protocol(l->names, item->low.string);
            continue;
        }
        ok = false;
        e = diagnostics_error(l->d, &item->low.at, "there is no protocol `%.*s`",
                              shown(item->low.text), item->low.text.at);
        nearest_open(&nearest, arena_copy(&l->d->arena, item->low.text));
        for (unsigned i = 0; i < l->names->n; i++)
            nearest_offer(&nearest, l->names->schemas[i]->name);
        diagnostic_suggest(l->d, e, nearest.best);
    }
    return ok ? mask : 0;
}
