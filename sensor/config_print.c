/* A configuration, the shipped file and the help, all from the table of settings. */

#include <stdlib.h>
#include <string.h>

#include "sensor/config.h"
#include "sensor/settings.h"

enum { COMMENT_COLUMN = 40 };

static unsigned depth_of(const struct setting *s)
{
    unsigned depth = 0;

    for (const char *at = s->path; *at; at++)
        depth += *at == '.';
    return depth;
}

/* In a list each setting is one step further in, the first behind a dash. */
static int indent_of(const struct setting *s)
{
    return (int)(2 * depth_of(s) + (s->of ? 2 : 0));
}

static void print_key(const struct setting *s, FILE *out)
{
    if (s->flags & SETTING_UNIQUE)
        fprintf(out, "%*s- %s:", indent_of(s) - 2, "", setting_key(s));
    else
        fprintf(out, "%*s%s:", indent_of(s), "", setting_key(s));
}

/* ---- what is in force ---------------------------------------------------------- */

static bool is_told(const struct setting *s, const void *base)
{
    if (s->type == SETTING_ENTRIES)
        return true;
    return s->type != SETTING_SECTION && s->type != SETTING_LATER &&
           !(s->flags & SETTING_INCLUDE) &&
           !setting_is_absent(s, (const char *)base + s->offset);
}

/* A section without anything is left out: some must have something. */
static bool has_any(const struct setting *section, const void *base, unsigned of)
{
    const struct setting *s = section + 1;

    while (s->path && setting_is_below(s, section->path) &&
           !(setting_is_of(s, of) && is_told(s, base)))
        s++;
    return s->path && setting_is_below(s, section->path);
}

static void dump_value(const struct setting *s, const void *base, unsigned of, FILE *out)
{
    bool is_section = s->type == SETTING_SECTION;

    if (is_section ? !has_any(s, base, of) : !is_told(s, base))
        return;
    print_key(s, out);
    if (!is_section) {
        fputc(' ', out);
        setting_print(s, (const char *)base + s->offset, out);
    }
    fputc('\n', out);
}

static void dump_entries(const struct setting *list, const struct config *c, FILE *out)
{
    const char *entry;
    unsigned n;

    memcpy(&entry, (const char *)c + list->offset, sizeof entry);
    memcpy(&n, (const char *)c + list->list->count, sizeof n);
    print_key(list, out);
    fputs(n ? "\n" : " []\n", out);
    for (; n > 0; n--, entry += list->list->size) {
        unsigned of = setting_entry_of(list->list, entry);

        for (const struct setting *s = list + 1; s->path; s++) {
            if (setting_is_of(s, of))
                dump_value(s, entry, of, out);
        }
    }
}

static void dump_setting(const struct setting *s, const struct config *c, FILE *out)
{
    if (s->type == SETTING_ENTRIES)
        dump_entries(s, c, out);
    else
        dump_value(s, c, 0, out);
}

void config_dump(const struct config *c, FILE *out)
{
    for (const struct setting *s = settings; s->path; s++) {
        if (setting_is_of(s, 0))
            dump_setting(s, c, out);
    }
}

/* ---- the difference ------------------------------------------------------------ */

static char *dumped(const struct setting *s, const struct config *c)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (!out)
        abort();
    dump_setting(s, c, out);
    if (fclose(out) != 0)
        abort();
    return text;
}

bool config_reloadable(const struct config *running, const struct config *next,
                       struct diagnostics *d)
{
    unsigned before = d->errors;

    for (const struct setting *s = settings; s->path; s++) {
        char *old, *new;

        if (s->of || s->reload == RELOAD_YES || s->type == SETTING_SECTION)
            continue;
        old = dumped(s, running);
        new = dumped(s, next);
        if (strcmp(old, new) != 0)
            diagnostics_error(d, NULL, "%s has changed: this takes a restart", s->path);
        free(old);
        free(new);
    }
    return d->errors == before;
}

/* ---- the shipped file ---------------------------------------------------------- */

/* Commented out with a # in the first column: what is an example, not the default. */
static void print_row(const struct setting *s, const char *value, FILE *out)
{
    bool is_example = s->example || s->of || s->type == SETTING_ENTRIES;
    char line[160];
    int dash = s->flags & SETTING_UNIQUE ? 2 : 0;

    snprintf(line, sizeof line, "%s%*s%s%s:%s%s", is_example ? "#" : "",
             indent_of(s) - dash, "", dash ? "- " : "", setting_key(s), value ? " " : "",
             value ? value : "");
    fprintf(out, "%-*s # %s%s\n", COMMENT_COLUMN, line, s->doc,
            s->reload == RELOAD_YES ? " (reload)" : "");
}

/* One entry of each type; named after it, or as the example says. */
static void print_entries(const struct setting *list, FILE *out)
{
    const struct setting_list *of = list->list;

    for (unsigned type = 0; type == 0 || (of->types && of->types[type]); type++) {
        for (const struct setting *s = list + 1; s->path; s++) {
            const char *value = s->example ? s->example : s->value;

            if (!s->of || !setting_is_of(s, of->of << type) || s->type == SETTING_LATER)
                continue;
            if (of->types && (s->choices == of->types || s->flags & SETTING_UNIQUE))
                value = of->types[type];
            print_row(s, value, out);
        }
    }
}

static void print_default(const struct setting *s, FILE *out)
{
    bool is_list = s->type == SETTING_ENTRIES;

    if ((s->type == SETTING_SECTION || is_list) && !strchr(s->path, '.'))
        fputc('\n', out);
    print_row(s, s->example || is_list ? s->example : s->value, out);
    if (is_list)
        print_entries(s, out);
}

void config_print_default(FILE *out)
{
    fputs(
        "## The configuration of a sightglass sensor: every setting with its default.\n"
        "## What begins with # is an example, or depends on the installation.\n"
        "## sizes: B KiB MiB GiB   times: ms s m h d   (reload): taken over by SIGHUP;\n"
        "## the rest takes a restart.  Relative paths are beside this file.\n\n",
        out);
    for (const struct setting *s = settings; s->path; s++) {
        if (!s->of && s->type != SETTING_LATER)
            print_default(s, out);
    }
}

/* ---- help ---------------------------------------------------------------------- */

static const char *type_name(const struct setting *s)
{
    static const char *const names[SETTING_TYPES] = {
        [SETTING_ENTRIES] = "list",   [SETTING_NUMBER] = "number",
        [SETTING_DURATION] = "time",  [SETTING_SIZE] = "size",
        [SETTING_RATE] = "rate",      [SETTING_SWITCH] = "true or false",
        [SETTING_CHOICE] = "one of",  [SETTING_CHOICES] = "some of",
        [SETTING_TEXT] = "text",      [SETTING_NAME] = "name",
        [SETTING_PATH] = "path",      [SETTING_PATTERN] = "name or beginning*",
        [SETTING_ZONE] = "time zone", [SETTING_PLACE] = "path or unix:/path",
        [SETTING_SERVER] = "server",  [SETTING_KEYS] = "text",
    };

    return names[s->type];
}

static void help_type(const struct setting *s, FILE *out)
{
    fprintf(out, "%s%s", s->flags & SETTING_LIST ? "list of: " : "", type_name(s));
    for (unsigned i = 0; s->choices && s->choices[i]; i++)
        fprintf(out, " %s", s->choices[i]);
    if (s->low && s->high && !(s->flags & SETTING_LIST))
        fprintf(out, ", %s to %s", s->low, s->high);
    if (s->value)
        fprintf(out, "; default %s", s->value);
    else if (s->flags & SETTING_REQUIRED)
        fputs("; must be given", out);
    fputs(s->reload == RELOAD_YES ? "; reload\n" : "\n", out);
}

void config_print_help(FILE *out)
{
    for (const struct setting *s = settings; s->path; s++) {
        if (s->type == SETTING_SECTION || s->type == SETTING_LATER)
            continue;
        fprintf(out, "%s\n    %s\n    ", s->path, s->doc);
        help_type(s, out);
    }
}
