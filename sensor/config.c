#include "sensor/config.h"

#include <assert.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sensor/settings.h"

enum { INCLUDED_MAX = 256, SECRETS_MAX = 64 };

/* One load: the configuration in the making, and where each setting was set. */
struct load {
    struct config *c;
    struct diagnostics *d;
    struct arena trees; /* of all files, until the end */
    struct setting_reader reader;
    unsigned included; /* files so far; 0: this is the main one */
    void *base;        /* what offsets are from: the configuration or an entry */
    unsigned of;       /* the kind of that entry; 0: the configuration */
    const char *one;   /* what an entry is called */
    struct place set[SETTINGS_MAX];
    unsigned nsecrets;
    struct place secrets[SECRETS_MAX]; /* lines that must not be shown */
};

static void read_map(struct load *l, const struct yaml *map, const char *section);

/* ---- defaults ------------------------------------------------------------------ */

static void set_defaults(struct load *l)
{
    const struct setting *s;

    for (s = settings; s->path; s++) {
        struct bytes text = {(const uint8_t *)s->value, s->value ? strlen(s->value) : 0};
        struct yaml *node;

        if (!s->value || s->type == SETTING_ENTRIES || !setting_is_of(s, l->of))
            continue;
        node = yaml_load(&l->trees, diagnostics_source(l->d, s->path, text), l->d);
        if (!node || !setting_read(s, node, (char *)l->base + s->offset, &l->reader))
            abort(); /* the table is wrong */
    }
}

/* ---- unknown keys -------------------------------------------------------------- */

/* "known: a b c", and the nearest among them. */
static const char *offer_known(const struct load *l, const char *section,
                               struct nearest *n)
{
    const char *text = "known:";

    for (const struct setting *s = settings; s->path; s++) {
        if (!setting_is_in(s, section) || s->type == SETTING_LATER ||
            (l->of && !setting_is_of(s, l->of)))
            continue;
        nearest_offer(n, setting_key(s));
        text = arena_format(&l->d->arena, "%s %s", text, setting_key(s));
    }
    return text;
}

/* Entries of one list, or both the configuration. */
static bool are_alike(unsigned a, unsigned b)
{
    return !a == !b && !(a & OF_OUTPUT) == !(b & OF_OUTPUT);
}

/* The same word in another section, or in an output of another type. */
static const struct setting *elsewhere(const struct load *l, const char *key)
{
    const struct setting *s = settings;

    while (s->path && (strcmp(setting_key(s), key) != 0 || !are_alike(s->of, l->of)))
        s++;
    return s->path ? s : NULL;
}

static bool names_a_secret(const char *key)
{
    for (; *key; key++) {
        if (strncasecmp(key, "passw", 5) == 0 || strncasecmp(key, "secret", 6) == 0)
            return true;
    }
    return false;
}

static void refuse_secret(struct load *l, const struct yaml *key)
{
    diagnostics_error(l->d, &key->at, "`%s`: no secret belongs in this file", key->text)
        ->help = "name a `password_file`";
    if (l->nsecrets < SECRETS_MAX)
        l->secrets[l->nsecrets++] = key->at;
}

/* Whatever else is wrong in their lines. */
static void hide_secrets(struct load *l)
{
    for (unsigned i = 0; i < l->d->n; i++) {
        struct place *at = &l->d->list[i].at;

        for (unsigned k = 0; k < l->nsecrets; k++) {
            if (at->source == l->secrets[k].source && at->line == l->secrets[k].line)
                at->width = 0;
        }
    }
}

static void unknown_key(struct load *l, const struct yaml *key, const char *section)
{
    struct diagnostic *error =
        diagnostics_error(l->d, &key->at, "unknown key `%s`", key->text);
    const struct setting *other = elsewhere(l, key->text);
    struct nearest n;

    nearest_open(&n, key->text);
    error->help = offer_known(l, section, &n);
    if (other && !setting_is_of(other, l->of))
        error->help = arena_format(&l->d->arena, "`%s` is for outputs of another type",
                                   other->path);
    else if (other)
        error->help = arena_format(&l->d->arena, "its place is `%s`", other->path);
    else
        diagnostic_suggest(l->d, error, n.best);
}

static const struct setting *find(const struct load *l, const char *section,
                                  const char *key)
{
    const struct setting *s = settings;

    while (s->path && (strcmp(setting_key(s), key) != 0 || !setting_is_in(s, section) ||
                       (l->of && !setting_is_of(s, l->of))))
        s++;
    return s->path ? s : NULL;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the paths of the table. */

/* ---- entries of lists ---------------------------------------------------------- */

/* What a section or an entry must have. */
static void need(struct load *l, const struct yaml *map, const char *section)
{
    for (const struct setting *s = settings; s->path; s++) {
        const char *key = setting_key(s);
        const struct yaml *node;

        if (!setting_is_of(s, l->of) || !setting_is_in(s, section))
            continue;
        node = yaml_get(map, key);
        if (s->flags & SETTING_REQUIRED && !node)
            diagnostics_error(l->d, &map->at, "this %s has no `%s`",
                              map->key ? map->key->text : l->one, key)
                ->help = s->doc;
        if (s->with && node && !yaml_get(map, s->with))
            diagnostics_error(l->d, &node->key->at, "`%s` needs `%s` beside it", key,
                              s->with);
    }
}

/* No entry before this one has its name. */
static void be_unique(struct load *l, const struct setting *list, const void *first,
                      const struct yaml *item)
{
    const struct setting *s = list + 1;
    const struct yaml *node = yaml_get(item, setting_key(s));
    const char *name, *other;

    assert(s->flags & SETTING_UNIQUE);
    memcpy(&name, (const char *)l->base + s->offset, sizeof name);
    for (const char *at = first; name && at < (const char *)l->base;
         at += list->list->size) {
        memcpy(&other, at + s->offset, sizeof other);
        if (!other || strcmp(name, other) != 0)
            continue;
        diagnostics_error(l->d, &node->at, "two %ss are called `%s`", list->list->one,
                          name);
        return;
    }
}

/* Its kind, by its `type` when there are several; 0: that was wrong, or is for later. */
static unsigned kind_of(struct load *l, const struct setting *list, struct yaml *item)
{
    const struct setting *s;
    const struct yaml *type;
    unsigned chosen;

    if (!list->list->types)
        return list->list->of;
    l->of = list->list->of;
    s = find(l, list->path, "type");
    l->of = 0;
    type = yaml_get(item, "type");
    if (!type)
        diagnostics_error(l->d, &item->at, "this %s has no `type`", list->list->one)
            ->help = s->doc;
    if (!type || setting_is_later(s, type, l->d) ||
        !yaml_choice(type, list->list->types, &chosen, l->d))
        return 0;
    return list->list->of << chosen;
}

/* False when it is to be left out. */
static bool read_entry(struct load *l, const struct setting *list, void *first,
                       unsigned place, struct yaml *item)
{
    unsigned kind;

    if (!yaml_is(item, YAML_MAP, l->d))
        return false;
    kind = kind_of(l, list, item);
    if (!kind)
        return false;
    l->base = (char *)first + place * list->list->size;
    l->of = kind;
    l->one = list->list->one;
    set_defaults(l);
    read_map(l, item, list->path);
    be_unique(l, list, first, item);
    l->base = l->c;
    l->of = 0;
    return true;
}

static void read_entries(struct load *l, const struct setting *s, const struct yaml *list)
{
    const struct setting_list *of = s->list;
    unsigned n = 0;
    void *first;

    if (!yaml_is(list, YAML_SEQUENCE, l->d))
        return;
    if (list->n > of->most) {
        diagnostics_error(l->d, &list->at, "there are %u %ss; at most %u", list->n,
                          of->one, of->most);
        return;
    }
    first = arena_take(&l->c->arena, of->most * of->size);
    for (struct yaml *item = list->first; item; item = item->next)
        n += read_entry(l, s, first, n, item);
    memcpy((char *)l->c + s->offset, &first, sizeof first);
    memcpy((char *)l->c + of->count, &n, sizeof n);
}

/* ---- the tree ------------------------------------------------------------------ */

/* A section whose settings are all commented out is an empty one. */
static bool is_section(const struct yaml *node, struct diagnostics *d)
{
    if (node->kind == YAML_SCALAR && node->style == YAML_PLAIN && node->len == 0)
        return true;
    return yaml_is(node, YAML_MAP, d);
}

/* Within one output the tree itself has refused what stands there twice. */
static bool is_first(struct load *l, const struct setting *s, const struct yaml *node)
{
    struct place *first = &l->set[s - settings];

    if (l->of)
        return true;
    if (first->source) {
        diagnostics_error(l->d, &node->key->at, "`%s` is set twice", s->path)->help =
            arena_format(&l->d->arena, "the first is in %s, line %u", first->source->file,
                         first->line);
        return false;
    }
    *first = node->key->at;
    return true;
}

static void read_setting(struct load *l, const struct setting *s, struct yaml *node)
{
    if (s->flags & SETTING_ELSEWHERE)
        return;
    if (s->type == SETTING_SECTION) {
        if (is_section(node, l->d))
            read_map(l, node, s->path);
    } else if (s->type == SETTING_LATER) {
        diagnostics_warning(l->d, &node->key->at, "`%s` is not in force in this version",
                            s->path)
            ->help = s->doc;
    } else if (s->flags & SETTING_INCLUDE && l->included) {
        diagnostics_error(l->d, &node->key->at, "only the main file includes others");
    } else if (!is_first(l, s, node)) {
        return;
    } else if (s->type == SETTING_ENTRIES) {
        read_entries(l, s, node);
    } else {
        setting_read(s, node, (char *)l->base + s->offset, &l->reader);
    }
}

static void read_map(struct load *l, const struct yaml *map, const char *section)
{
    const struct setting *s;

    for (struct yaml *node = map->first; node; node = node->next) {
        s = find(l, section, node->key->text);
        if (s)
            read_setting(l, s, node);
        else if (names_a_secret(node->key->text))
            refuse_secret(l, node->key);
        else
            unknown_key(l, node->key, section);
    }
    need(l, map, section);
}

/* NOLINTEND(misc-no-recursion) */

static void read_file(struct load *l, const struct source *source)
{
    const char *slash = strrchr(source->file, '/');
    struct yaml *root = yaml_load(&l->trees, source, l->d);
    int len = slash ? (int)(slash - source->file) : 1;

    l->reader.directory =
        arena_format(&l->trees, "%.*s", len, slash ? source->file : ".");
    if (root && yaml_is(root, YAML_MAP, l->d))
        read_map(l, root, "");
}

/* ---- includes ------------------------------------------------------------------ */

static void include_file(struct load *l, const char *path)
{
    const struct source *source;

    if (l->included++ == INCLUDED_MAX)
        diagnostics_error(l->d, NULL, "more than %d files are included", INCLUDED_MAX);
    if (l->included > INCLUDED_MAX)
        return;
    source = diagnostics_read(l->d, path);
    if (source)
        read_file(l, source);
}

/* A pattern may find nothing; a plain name must be there. */
static void include(struct load *l, const char *pattern)
{
    glob_t found = {0};
    int result = glob(pattern, GLOB_NOMAGIC, NULL, &found);

    if (result != 0 && result != GLOB_NOMATCH)
        diagnostics_error(l->d, NULL, "%s: cannot be searched", pattern);
    for (size_t i = 0; result == 0 && i < found.gl_pathc; i++)
        include_file(l, found.gl_pathv[i]);
    globfree(&found);
}

/* ---- the whole ----------------------------------------------------------------- */

static const char *filled_in(struct config *c, const char *keys)
{
    const char *out = "";

    for (size_t len; *keys; keys += len) {
        len = strcspn(keys, "<");
        out = arena_format(&c->arena, "%s%.*s", out, (int)len, keys);
        if (keys[len] != '<')
            continue;
        keys += len;
        len = strcspn(keys, ">") + 1;
        out = arena_format(&c->arena, "%s%s", out,
                           strncmp(keys, "<site>", len) == 0 ? c->site : c->name);
    }
    return out;
}

/* What follows from several settings, once all files are in. */
static void finish(struct config *c)
{
    for (unsigned i = 0; i < c->noutputs; i++) {
        if (c->outputs[i].type == OUTPUT_REDIS)
            c->outputs[i].redis.prefix = filled_in(c, c->outputs[i].redis.keys);
    }
}

static struct config *load(const struct source *source, struct diagnostics *d)
{
    struct config *c = calloc(1, sizeof *c);
    struct load l = {.c = c, .d = d, .base = c};
    unsigned before = d->errors;

    if (!c)
        abort();
    l.reader = (struct setting_reader){.arena = &c->arena, .d = d};
    set_defaults(&l);
    if (source)
        read_file(&l, source);
    for (unsigned i = 0; i < c->include.n && d->errors == before; i++)
        include(&l, c->include.text[i]);
    hide_secrets(&l);
    arena_close(&l.trees);
    if (d->errors > before) {
        config_free(c);
        return NULL;
    }
    finish(c);
    return c;
}

struct config *config_read(const struct source *source, struct diagnostics *d)
{
    return load(source, d);
}

struct config *config_load(const char *path, struct diagnostics *d)
{
    const struct source *source = path ? diagnostics_read(d, path) : NULL;

    return path && !source ? NULL : load(source, d);
}

struct config *config_default(void)
{
    struct diagnostics d;
    struct config *c;

    diagnostics_open(&d);
    c = load(NULL, &d);
    diagnostics_close(&d);
    assert(c);
    return c;
}

static struct config_interface default_interface(struct config *c, const char *name)
{
    struct config_interface one = {.name = arena_text(&c->arena, name)};
    struct diagnostics d;
    struct load l = {.c = c, .d = &d, .base = &one, .of = OF_INTERFACE};

    diagnostics_open(&d);
    l.reader = (struct setting_reader){.arena = &c->arena, .d = &d};
    set_defaults(&l);
    arena_close(&l.trees);
    diagnostics_close(&d);
    return one;
}

void config_listen(struct config *c, const char *interface)
{
    struct config_interface *one = arena_take(&c->arena, sizeof *one);
    unsigned i = 0;

    while (i < c->ninterfaces && strcmp(c->interfaces[i].name, interface) != 0)
        i++;
    *one = i < c->ninterfaces ? c->interfaces[i] : default_interface(c, interface);
    c->interfaces = one;
    c->ninterfaces = 1;
}

void config_free(struct config *c)
{
    if (c)
        arena_close(&c->arena);
    free(c);
}
