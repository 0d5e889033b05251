#include "rules/load.h"

#include <ctype.h>
#include <dirent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 256, DIGEST_SHOWN = 6, NAME_LENGTH = 100 };

struct file {
    const char *path;
    bool shipped;
    struct yaml *root;
};

struct files {
    unsigned n;
    struct file list[FILES_MAX];
};

/* ---- which files ---------------------------------------------------------------- */

static bool is_yaml(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5 &&
           strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

static int yaml_only(const struct dirent *entry)
{
    return is_yaml(entry);
}

static void add_file(struct loading *l, struct files *files, const char *path)
{
    if (files->n == FILES_MAX)
        diagnostics_error(l->d, NULL, "%s: more than %d files", path, FILES_MAX);
    else
        files->list[files->n++] = (struct file){path, l->shipped, NULL};
}

static void add_directory(struct loading *l, struct files *files, const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, yaml_only, alphasort);

    if (n < 0) {
        diagnostics_error(l->d, NULL, "%s: cannot be read", path);
        return;
    }
    for (int i = 0; i < n; i++) {
        add_file(l, files,
                 arena_format(&l->set->arena, "%s/%s", path, entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
}

static void find_files(struct loading *l, const struct ruleset_options *options,
                       struct files *files)
{
    struct stat st;

    for (unsigned i = 0; i < options->npaths; i++) {
        l->shipped = i < options->nshipped;
        if (stat(options->paths[i], &st) == 0 && S_ISDIR(st.st_mode))
            add_directory(l, files, options->paths[i]);
        else
            add_file(l, files, options->paths[i]);
    }
}

/* ---- what was loaded ------------------------------------------------------------ */

static void set_version(struct ruleset *set, EVP_MD_CTX *hash)
{
    unsigned char digest[EVP_MAX_MD_SIZE];

    EVP_DigestFinal_ex(hash, digest, NULL);
    for (unsigned i = 0; i < DIGEST_SHOWN; i++)
        snprintf(set->version + (size_t)2 * i, 3, "%02x", digest[i]);
}

/* Reads all files, even when one is wrong. */
static void read_files(struct loading *l, struct files *files)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();

    if (!hash || !EVP_DigestInit_ex(hash, EVP_sha256(), NULL))
        abort();
    for (unsigned i = 0; i < files->n; i++) {
        const struct source *source = diagnostics_read(l->d, files->list[i].path);

        if (!source)
            continue;
        EVP_DigestUpdate(hash, &source->text.len, sizeof source->text.len);
        EVP_DigestUpdate(hash, source->text.at, source->text.len);
        files->list[i].root = yaml_load(&l->set->arena, source, l->d);
    }
    set_version(l->set, hash);
    EVP_MD_CTX_free(hash);
}

/* ---- names ---------------------------------------------------------------------- */

bool load_name(struct loading *l, const struct yaml *item, const char **out)
{
    const char *text;

    if (!yaml_text(item, &text, l->d))
        return false;
    for (const char *p = text; *p; p++) {
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) &&
            !strchr("_.-", *p)) {
            diagnostics_error(l->d, &item->at,
                              "a name is made of a-z 0-9 _ . and -, not `%.60s`", text);
            return false;
        }
    }
    if (item->len > NAME_LENGTH) {
        diagnostics_error(l->d, &item->at, "the name is longer than %d", NAME_LENGTH);
        return false;
    }
    *out = text;
    return true;
}

static bool is_reserved(const char *name)
{
    static const char *const words[] = {
        "and", "or",   "not",   "in",       "any",        "all",  "none",
        "of",  "true", "false", "contains", "startswith", "glob", "exists"};

    for (unsigned i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(words[i], name) == 0)
            return true;
    }
    return false;
}

static bool is_label(const struct names *names, const char *name)
{
    if (label_named(verb_labels, name) || label_named(outcome_labels, name))
        return true;
    for (unsigned i = 0; i < names->n; i++) {
        const struct schema *s = names->schemas[i];

        for (unsigned slot = 0; slot < s->nfields; slot++) {
            if (label_named(s->fields[slot].labels, name))
                return true;
        }
    }
    return false;
}

static bool is_taken(const struct names *names, const char *name)
{
    struct bytes word = {(const uint8_t *)name, strlen(name)};
    struct scope scope = {0};
    struct operand o;

    return is_reserved(name) || names_schema(names, word) >= 0 || is_label(names, name) ||
           names_operand(names, &scope, word, &o) != FOUND_NOTHING;
}

/* ---- items ---------------------------------------------------------------------- */

static void load_macro(struct loading *l, const struct yaml *item)
{
    static const char *const keys[] = {"macro", "when", "doc", NULL};
    const struct yaml *when = yaml_get(item, "when");
    struct names *names = &l->set->names;
    struct macro *m;
    const char *name;

    yaml_known_keys(item, keys, l->d);
    if (!when)
        diagnostics_error(l->d, &item->at, "`when` is missing in %s", item->first->text);
    if (!load_name(l, item->first, &name) || !when || !yaml_is(when, YAML_SCALAR, l->d))
        return;
    m = names_macro(names, (struct bytes){(const uint8_t *)name, strlen(name)});
    if (m || is_taken(names, name)) {
        diagnostics_error(l->d, &item->first->at, "`%s` is %s already", name,
                          m ? "a macro" : "a field, a protocol, a label or a word");
        return;
    }
    l->set->macros = inherit_shape(l->set->macros, item);
    m = arena_take(&l->set->arena, sizeof *m);
    m->name = name;
    m->at = item->first->at; /* for errors while it loads; see type_macros() */
    m->shipped = l->shipped;
    m->syntax = parse_expression(when, &l->set->arena, l->d);
    m->next = names->macros;
    names->macros = m;
}

/* So that what is wrong in a macro is told even when no rule uses it. */
static void type_macros(struct loading *l)
{
    for (struct macro *m = l->set->names.macros; m; m = m->next) {
        struct syntax use = {.kind = SYNTAX_WORD};
        struct program program;

        if (!m->syntax)
            continue;
        use.token.string = use.token.text = use.text =
            (struct bytes){(const uint8_t *)m->name, strlen(m->name)};
        use.token.at = m->at;
        type_expression(&l->set->names, &use, &l->set->arena, l->d, &program);
    }
}

/* In the order they are read: rules may stand before the lists and macros they use. */
static const struct item_kind {
    const char *name;
    void (*load)(struct loading *l, const struct yaml *item);
} item_kinds[] = {
    {"override", load_override},   {"list", load_list},
    {"schedule", load_schedule},   {"macro", load_macro},
    {"rule", load_rule},           {"correlation", load_rule},
    {"exception", load_exception}, {"maintenance", load_maintenance},
};

/* The first key says what an item is. */
static const struct item_kind *item_kind(const struct yaml *item)
{
    for (unsigned i = 0; i < COUNT_OF(item_kinds); i++) {
        if (strcmp(item->first->key->text, item_kinds[i].name) == 0)
            return &item_kinds[i];
    }
    return NULL;
}

static void unknown_item(struct loading *l, const struct yaml *item)
{
    const struct yaml *key = item->first->key;
    struct diagnostic *e =
        diagnostics_error(l->d, &key->at, "`%.60s` is no kind of item", key->text);
    struct nearest n;

    nearest_open(&n, key->text);
    for (unsigned i = 0; i < COUNT_OF(item_kinds); i++)
        nearest_offer(&n, item_kinds[i].name);
    diagnostic_suggest(l->d, e, n.best);
    e->help =
        "an item begins with one of: list macro schedule rule correlation exception "
        "override maintenance";
}

/* Items of one kind, of all files; without a kind those that are none. */
static void load_items(struct loading *l, const struct files *files, const char *kind)
{
    for (unsigned i = 0; i < files->n; i++) {
        const struct yaml *root = files->list[i].root;
        struct source *file = arena_take(&l->set->arena, sizeof *file);

        file->file = arena_text(&l->set->arena, files->list[i].path);
        l->file = file;
        l->shipped = files->list[i].shipped;
        if (!root || root->kind != YAML_SEQUENCE)
            continue;
        for (const struct yaml *item = root->first; item; item = item->next) {
            const struct item_kind *k =
                item->kind == YAML_MAP && item->n > 0 ? item_kind(item) : NULL;

            if (k && kind && strcmp(k->name, kind) == 0)
                k->load(l, item);
            else if (!k && !kind && item->kind == YAML_MAP && item->n > 0)
                unknown_item(l, item);
        }
    }
}

static void check_files(struct loading *l, const struct files *files)
{
    for (unsigned i = 0; i < files->n; i++) {
        const struct yaml *root = files->list[i].root;

        if (!root || !yaml_is(root, YAML_SEQUENCE, l->d))
            continue;
        for (const struct yaml *item = root->first; item; item = item->next) {
            if (yaml_is(item, YAML_MAP, l->d) && item->n == 0)
                diagnostics_error(l->d, &item->at, "the item is empty");
        }
    }
}

/* Rules and correlations as the overrides have changed them. */
static void load_rules(struct loading *l, const struct files *files)
{
    load_items(l, files, "rule");
    load_items(l, files, "correlation");
    if (l->set->nrules > RULES_MAX)
        diagnostics_error(l->d, NULL, "more than %d rules", RULES_MAX);
    link_correlations(l);
}

static void load_all(struct loading *l, const struct ruleset_options *options)
{
    struct files *files = arena_take(&l->set->arena, sizeof *files);
    unsigned errors = l->d->errors;

    find_files(l, options, files);
    read_files(l, files);
    check_files(l, files);
    load_items(l, files, NULL);
    load_items(l, files, "override");
    load_items(l, files, "list");
    override_lists(l);
    load_items(l, files, "schedule");
    load_items(l, files, "macro");
    type_macros(l);
    load_rules(l, files);
    load_items(l, files, "exception");
    load_items(l, files, "maintenance");
    check_holds(l);
    check_overrides(l);
    if (l->d->errors == errors)
        load_warn(l);
}

/* What names files while it loaded names them without their text from now on. */
static void settle_places(struct ruleset *set)
{
    for (struct rule *r = set->rules; r; r = r->next)
        r->at.source = r->file;
    for (struct value_list *v = set->names.lists; v; v = v->next)
        v->at.source = v->file;
}

struct ruleset *ruleset_load(const struct ruleset_options *options, struct diagnostics *d)
{
    struct arena arena = {0};
    struct ruleset *set = arena_take(&arena, sizeof *set);
    struct loading l = {.set = set, .d = d};
    unsigned before = d->errors;

    l.last_override = &set->overrides;
    set->names.site = options->site;

    set->arena = arena; /* it lives in its own arena */
    set->names.schemas = options->schemas;
    set->names.n = options->nschemas < SCHEMAS_MAX ? options->nschemas : SCHEMAS_MAX;
    set->last_rule = &set->rules;
    load_all(&l, options);
    settle_places(set);
    diagnostics_sort(d);
    if (d->errors > before) {
        ruleset_close(set);
        return NULL;
    }
    ruleset_index(set);
    return set;
}

void ruleset_close(struct ruleset *set)
{
    struct arena arena;

    if (!set)
        return;
    if (set->quiet)
        record_pool_close(set->quiet);
    arena_close(&set->index);
    arena_close(&set->mutants);
    arena = set->arena;
    arena_close(&arena);
}
