/*
 * What a line on the control socket asks for.  Who may write here may be trusted with
 * the sensor, his program may not: what it sends is read like anything else from outside.
 */

#include <jansson.h>
#include <string.h>

#include "sensor/control_request.h"

/* ---- the line -------------------------------------------------------------------- */

/* How deep the text nests at most; brackets inside of texts do not count. */
static unsigned depth_of(const char *line, size_t len)
{
    unsigned depth = 0, deepest = 0;
    bool inside = false;

    for (size_t i = 0; i < len; i++) {
        if (inside && line[i] == '\\')
            i++;
        else if (line[i] == '"')
            inside = !inside;
        else if (!inside && (line[i] == '{' || line[i] == '['))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!inside && (line[i] == '}' || line[i] == ']') && depth > 0)
            depth--;
    }
    return deepest;
}

struct json_t *request_read(const char *line, size_t len, char why[CONTROL_TEXT])
{
    json_error_t error;
    json_t *request;

    if (depth_of(line, len) > REQUEST_DEPTH) {
        snprintf(why, CONTROL_TEXT, "a request nests at most %d deep", REQUEST_DEPTH);
        return NULL;
    }
    request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (!request)
        snprintf(why, CONTROL_TEXT, "a request is one line of JSON: %.120s", error.text);
    else if (!json_is_object(request))
        snprintf(why, CONTROL_TEXT, "a request is an object: {\"verb\": \"help\"}");
    else
        return request;
    json_decref(request);
    return NULL;
}

void request_free(struct json_t *request)
{
    json_decref(request);
}

/* ---- its arguments ----------------------------------------------------------------- */

/* The next word of "what why [for]", without its brackets; false at the end. */
static bool next_word(const char **at, struct bytes *word, bool *optional)
{
    *at += strspn(*at, " ");
    *optional = **at == '[';
    *at += *optional;
    word->at = (const uint8_t *)*at;
    word->len = strcspn(*at, " ]");
    *at += word->len;
    *at += **at == ']';
    return word->len > 0;
}

static bool same(struct bytes word, const char *name)
{
    return strlen(name) == word.len && memcmp(word.at, name, word.len) == 0;
}

static bool takes(const char *arguments, const char *name)
{
    struct bytes word;
    bool optional;

    while (next_word(&arguments, &word, &optional)) {
        if (same(word, name))
            return true;
    }
    return false;
}

static bool has(json_t *request, struct bytes word)
{
    const char *name;
    json_t *value;

    json_object_foreach(request, name, value)
    {
        if (same(word, name))
            return true;
    }
    return false;
}

/* A word of the request for a sentence: short, and no longer than it is. */
enum { QUOTED = 40 };

static bool check_arguments(json_t *request, const struct control_verb *verb,
                            char why[CONTROL_TEXT])
{
    const char *at = verb->arguments, *name;
    json_t *value;
    struct bytes word;
    bool optional;

    json_object_foreach(request, name, value)
    {
        if (strcmp(name, "verb") != 0 && !takes(verb->arguments, name)) {
            snprintf(why, CONTROL_TEXT, "%s takes no \"%.*s\"", verb->name, QUOTED, name);
            return false;
        }
    }
    while (next_word(&at, &word, &optional)) {
        if (!optional && !has(request, word)) {
            snprintf(why, CONTROL_TEXT, "%s needs \"%.*s\"", verb->name, (int)word.len,
                     (const char *)word.at);
            return false;
        }
    }
    return true;
}

const struct control_verb *request_verb(struct json_t *request,
                                        const struct control_verb *verbs,
                                        char why[CONTROL_TEXT])
{
    const char *name = request_text(request, "verb");

    if (!name) {
        snprintf(why, CONTROL_TEXT, "a request names its verb");
        return NULL;
    }
    while (verbs->name && strcmp(verbs->name, name) != 0)
        verbs++;
    if (!verbs->name)
        snprintf(why, CONTROL_TEXT, "there is no verb \"%.*s\"", QUOTED, name);
    return verbs->name && check_arguments(request, verbs, why) ? verbs : NULL;
}

const char *request_text(const struct json_t *request, const char *name)
{
    return json_string_value(json_object_get(request, name));
}

int64_t request_int(const struct json_t *request, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(request, name);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool request_flag(const struct json_t *request, const char *name)
{
    return json_is_true(json_object_get(request, name));
}
