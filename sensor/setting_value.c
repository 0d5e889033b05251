/* Settings as they stand in the file, read into what the program uses. */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/settings.h"

#define ZONES "/usr/share/zoneinfo/"

enum { TEXT_LONGEST = 1024, NAME_LONGEST = 64, KEYS_LONGEST = 128, ZONE_LONGEST = 64 };
enum { SOCKET_LONGEST = 107 };

/* ---- numbers ------------------------------------------------------------------ */

static bool number_of(enum setting_type type, const struct yaml *node, int64_t *out,
                      struct diagnostics *d)
{
    uint64_t size;

    if (type == SETTING_DURATION)
        return yaml_duration(node, out, d);
    if (type != SETTING_SIZE)
        return yaml_int(node, INT64_MIN, INT64_MAX, out, d);
    if (!yaml_size(node, &size, d))
        return false;
    *out = (int64_t)size;
    return true;
}

static int64_t bound(enum setting_type type, const char *text, int64_t none,
                     struct diagnostics *d)
{
    struct yaml node = {.text = text ? text : "", .len = text ? strlen(text) : 0};
    int64_t value = none;

    if (text && !number_of(type, &node, &value, d))
        abort(); /* the table is wrong */
    return value;
}

static bool in_range(const struct setting *s, enum setting_type type, int64_t value,
                     const struct yaml *node, struct diagnostics *d)
{
    if (value >= bound(type, s->low, 0, d) && value <= bound(type, s->high, INT64_MAX, d))
        return true;
    if (strcmp(s->low, s->high) == 0)
        diagnostics_error(d, &node->at, "%s must be %s, not %.60s", setting_key(s),
                          s->low, node->text);
    else
        diagnostics_error(d, &node->at, "%s must be between %s and %s, not %.60s",
                          setting_key(s), s->low, s->high, node->text);
    return false;
}

static bool read_number(const struct setting *s, struct yaml *node, void *to,
                        const struct setting_reader *with)
{
    int64_t value;

    if (!number_of(s->type, node, &value, with->d) ||
        !in_range(s, s->type, value, node, with->d))
        return false;
    if (s->type == SETTING_NUMBER)
        *(uint32_t *)to = (uint32_t)value;
    else if (s->type == SETTING_SIZE)
        *(uint64_t *)to = (uint64_t)value;
    else
        *(int64_t *)to = value;
    return true;
}

/* "100/m": the count before the slash, the time behind it. */
static bool rate_of(const char *text, int64_t *count, int64_t *within)
{
    const char *slash = strchr(text, '/');
    char digits[16] = "", one[4] = "1";

    if (!slash || slash == text || slash - text >= (ptrdiff_t)sizeof digits ||
        strlen(slash) != 2)
        return false;
    memcpy(digits, text, (size_t)(slash - text));
    one[1] = slash[1];
    return strchr("smh", slash[1]) && text_int(digits, count) &&
           text_duration(one, within);
}

static bool read_rate(const struct setting *s, struct yaml *node, void *to,
                      const struct setting_reader *with)
{
    struct config_rate *rate = to;
    int64_t count;

    if (!yaml_is(node, YAML_SCALAR, with->d))
        return false;
    if (!rate_of(node->text, &count, &rate->within)) {
        diagnostics_error(with->d, &node->at,
                          "%s must be a count and s, m or h, such as 100/m, not `%.60s`",
                          setting_key(s), node->text);
        return false;
    }
    if (!in_range(s, SETTING_NUMBER, count, node, with->d))
        return false;
    rate->count = (uint32_t)count;
    return true;
}

static bool read_switch(const struct setting *s, struct yaml *node, void *to,
                        const struct setting_reader *with)
{
    (void)s;
    return yaml_bool(node, to, with->d);
}

/* ---- choices and lists --------------------------------------------------------- */

bool setting_is_later(const struct setting *s, const struct yaml *word,
                      struct diagnostics *d)
{
    for (unsigned i = 0; s->later && s->later[i]; i++) {
        if (word->kind == YAML_SCALAR && strcmp(word->text, s->later[i]) == 0) {
            diagnostics_warning(d, &word->at, "`%s: %s` is not in force in this version",
                                s->path, word->text);
            return true;
        }
    }
    return false;
}

static bool read_choice(const struct setting *s, struct yaml *node, void *to,
                        const struct setting_reader *with)
{
    return yaml_choice(node, s->choices, to, with->d);
}

static bool is_list(const struct setting *s, struct yaml *node, struct diagnostics *d)
{
    if (!yaml_is(node, YAML_SEQUENCE, d))
        return false;
    for (struct yaml *item = node->first; item; item = item->next)
        item->key = node->key; /* messages call the item as its list */
    if (node->n < bound(SETTING_NUMBER, s->low, 0, d)) {
        diagnostics_error(d, &node->at, "%s is empty", setting_key(s));
        return false;
    }
    if (node->n > bound(SETTING_NUMBER, s->high, INT64_MAX, d)) {
        diagnostics_error(d, &node->at, "%s has %u entries; at most %s", setting_key(s),
                          node->n, s->high);
        return false;
    }
    return true;
}

static bool read_choices(const struct setting *s, struct yaml *node, void *to,
                         const struct setting_reader *with)
{
    uint32_t *set = to;
    bool ok = is_list(s, node, with->d);
    unsigned one;

    *set = 0;
    for (struct yaml *item = ok ? node->first : NULL; item; item = item->next) {
        if (setting_is_later(s, item, with->d))
            continue;
        if (yaml_choice(item, s->choices, &one, with->d))
            *set |= 1U << one;
        else
            ok = false;
    }
    if (ok && !*set) {
        diagnostics_error(with->d, &node->at, "%s has nothing this version knows",
                          setting_key(s));
        return false;
    }
    return ok;
}

/* ---- texts --------------------------------------------------------------------- */

/* What a text must be: NULL when it is, else what it should have been. */
static const char *not_a_name(const char *text)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return text[strspn(text, signs)] || strlen(text) > NAME_LONGEST
               ? "at most 64 letters, digits and . _ -"
               : NULL;
}

static const char *not_a_pattern(const char *text)
{
    const char *star = strchr(text, '*');

    return star && star[1] ? "a name, or its beginning and a * at the end" : NULL;
}

static const char *not_a_zone(const char *text)
{
    static const char signs[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_+-";
    char path[ZONE_LONGEST + sizeof ZONES];

    if (text[strspn(text, signs)] || text[0] == '/' || strlen(text) > ZONE_LONGEST)
        return "a time zone such as Europe/Berlin";
    snprintf(path, sizeof path, "%s%s", ZONES, text);
    return access(ZONES, X_OK) == 0 && access(path, R_OK) != 0
               ? "a time zone there is, such as Europe/Berlin"
               : NULL;
}

/* A path of a socket may begin with a variable. */
static const char *not_a_place(const char *text)
{
    if (strncmp(text, "unix:", 5) != 0)
        return NULL;
    return (text[5] == '/' || text[5] == '$') && strlen(text + 5) <= SOCKET_LONGEST
               ? NULL
               : "a file, or unix:/path of at most 107 characters";
}

static bool is_port(const char *text)
{
    int64_t port;

    return isdigit((unsigned char)*text) && text_int(text, &port) && port > 0 &&
           port <= 65535;
}

static const char *not_a_server(const char *text)
{
    static const char names[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t len = text[0] == '[' ? strspn(text + 1, "0123456789abcdefABCDEF:.") + 2
                                : strspn(text, names);

    if (strncmp(text, "unix:/", 6) == 0 && text[6])
        return NULL;
    if (text[0] == '[' && (len < 4 || strlen(text) < len || text[len - 1] != ']'))
        len = 0;
    return len && text[len] == ':' && is_port(text + len + 1)
               ? NULL
               : "host:port, [IPv6]:port or unix:/path";
}

static const char *not_keys(const char *text)
{
    static const char *const holes[] = {"<site>", "<sensor>"};
    unsigned i;

    if (strlen(text) > KEYS_LONGEST)
        return "at most 128 characters";
    while (*text) {
        for (i = 0; i < COUNT_OF(holes); i++) {
            if (strncmp(text, holes[i], strlen(holes[i])) == 0)
                break;
        }
        if (i == COUNT_OF(holes) && strchr("<>{} ", *text))
            return "text with <site> and <sensor>, without spaces and braces";
        text += i < COUNT_OF(holes) ? strlen(holes[i]) : 1;
    }
    return NULL;
}

static const char *(*const checks[SETTING_TYPES])(const char *) = {
    [SETTING_NAME] = not_a_name,     [SETTING_ZONE] = not_a_zone,
    [SETTING_PLACE] = not_a_place,   [SETTING_PATTERN] = not_a_pattern,
    [SETTING_SERVER] = not_a_server, [SETTING_KEYS] = not_keys,
};

static bool is_printable(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

static bool refuse_text(const struct setting *s, const struct yaml *node,
                        const char *wants, struct diagnostics *d)
{
    struct place at = node->at;

    if (strchr(node->text, '@')) { /* redis://user:secret@host: not on the screen */
        at.width = 0;
        diagnostics_error(d, &at, "%s must be %s", setting_key(s), wants);
    } else {
        diagnostics_error(d, &at, "%s must be %s, not `%.60s`", setting_key(s), wants,
                          node->text);
    }
    return false;
}

/* The value of the ${NAME} a text begins with and its length; NULL: not set. */
static const char *variable(const char *text, size_t *len)
{
    const char *end = strchr(text, '}');
    char name[64] = "";

    *len = end ? (size_t)(end + 1 - text) : strlen(text);
    if (!end || *len - 3 >= sizeof name)
        return NULL;
    memcpy(name, text + 2, *len - 3);
    return getenv(name);
}

/*
 * ${NAME} is filled in from the environment; one that is not set stays, with a
 * warning: `check` runs without what systemd gives the sensor.
 */
static const char *path_of(const struct yaml *node, const struct setting_reader *with)
{
    const char *path = "", *text = node->text, *value;
    bool absolute = text[0] == '/' || text[0] == '$' || strncmp(text, "unix:", 5) == 0;
    size_t len;

    for (; *text; text += len) {
        bool is_variable = strncmp(text, "${", 2) == 0;

        value = is_variable ? variable(text, &len) : NULL;
        if (!is_variable)
            len = strcspn(text + 1, "$") + 1;
        if (is_variable && !value)
            diagnostics_warning(with->d, &node->at, "%.*s is not set in the environment",
                                (int)len, text);
        path = value ? arena_format(with->arena, "%s%s", path, value)
                     : arena_format(with->arena, "%s%.*s", path, (int)len, text);
    }
    if (absolute || !with->directory)
        return path;
    return arena_format(with->arena, "%s/%s", with->directory, path);
}

static bool text_of(const struct setting *s, const struct yaml *node,
                    const struct setting_reader *with, const char **out)
{
    const char *text = "", *wants;
    bool is_empty = s->flags & SETTING_EMPTY && node->kind == YAML_SCALAR && !node->len;

    if (!is_empty && !yaml_text(node, &text, with->d))
        return false;
    wants = checks[s->type] ? checks[s->type](text) : NULL;
    if (!is_printable(text) || strlen(text) > TEXT_LONGEST)
        wants = "one line of at most 1024 characters";
    if (wants)
        return refuse_text(s, node, wants, with->d);
    *out = s->type == SETTING_PATH || s->type == SETTING_PLACE
               ? path_of(node, with)
               : arena_text(with->arena, text);
    return true;
}

static bool read_text(const struct setting *s, struct yaml *node, void *to,
                      const struct setting_reader *with)
{
    struct texts *list = to;
    const char **texts;
    bool ok;

    if (!(s->flags & SETTING_LIST))
        return text_of(s, node, with, to);
    if (!is_list(s, node, with->d))
        return false;
    ok = true;
    texts = arena_take(with->arena, (node->n + 1) * sizeof *texts);
    list->text = texts;
    list->n = node->n;
    for (struct yaml *item = node->first; item; item = item->next)
        ok = text_of(s, item, with, texts++) && ok;
    return ok;
}

bool setting_read(const struct setting *s, struct yaml *node, void *to,
                  const struct setting_reader *with)
{
    static bool (*const readers[SETTING_TYPES])(const struct setting *, struct yaml *,
                                                void *, const struct setting_reader *) = {
        [SETTING_NUMBER] = read_number,  [SETTING_DURATION] = read_number,
        [SETTING_SIZE] = read_number,    [SETTING_RATE] = read_rate,
        [SETTING_SWITCH] = read_switch,  [SETTING_CHOICE] = read_choice,
        [SETTING_CHOICES] = read_choices};

    return (readers[s->type] ? readers[s->type] : read_text)(s, node, to, with);
}
