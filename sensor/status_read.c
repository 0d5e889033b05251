/*
 * A status back from JSON.  jansson's names collide with those of core/json.h, so
 * this file sees only the one.
 */

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "sensor/status_fields.h"

/* "2026-03-04T09:12:44.318226+0000"; 0 when it is none. */
static int64_t time_of(const char *text)
{
    struct tm tm = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t fraction = 0, unit = NS_PER_S;

    if (!rest)
        return 0;
    if (*rest == '.') {
        for (rest++; isdigit((unsigned char)*rest) && unit > 1; rest++) {
            unit /= 10;
            fraction += (*rest - '0') * unit;
        }
    }
    return (int64_t)timegm(&tm) * NS_PER_S + fraction;
}

static uint64_t id_of(const char *text)
{
    uint64_t id = 0;

    for (; isxdigit((unsigned char)*text); text++) {
        int c = tolower((unsigned char)*text);

        id = id << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return id;
}

static void take_text(const char *text, const struct status_field *f, void *at)
{
    char *chars = at;

    if (f->type == STATUS_TEXT)
        *(const char **)at = text;
    else if (f->type == STATUS_CHARS)
        snprintf(chars, f->room, "%s", text);
    else if (f->type == STATUS_ID)
        *(uint64_t *)at = id_of(text);
    else
        *(int64_t *)at = time_of(text);
}

static void take_field(const json_t *object, const struct status_field *f, char *entry)
{
    const json_t *value = json_object_get(object, f->name);
    int64_t number = json_integer_value(value);
    void *at = entry + f->offset;

    if (f->type >= STATUS_TEXT && f->type <= STATUS_TIME)
        take_text(json_is_string(value) ? json_string_value(value) : "", f, at);
    else if (f->type == STATUS_FLAG)
        *(bool *)at = json_is_true(value);
    else if (f->type == STATUS_NUMBER || f->type == STATUS_PERCENT)
        *(unsigned *)at = (unsigned)number;
    else if (f->type == STATUS_SPAN)
        *(int64_t *)at = number < INT64_MAX / NS_PER_US ? number * NS_PER_US : 0;
    else
        *(uint64_t *)at = (uint64_t)number;
}

static void take_fields(const json_t *object, const struct status_field *f, char *entry)
{
    for (; f->name; f++)
        take_field(object, f, entry);
}

static void take_entry(const struct status_part *p, const char *name, const json_t *value,
                       struct status *s)
{
    unsigned *n = (void *)((char *)s + p->count);
    char *entry;

    if (*n == p->most || !json_is_object(value))
        return;
    entry = (char *)s + p->offset + (*n)++ * p->size;
    take_fields(value, p->fields, entry);
    if (name)
        snprintf(entry, p->fields->room, "%s", name);
}

static void take_keyed(json_t *part, const struct status_part *p, struct status *s)
{
    for (void *at = json_object_iter(part); at; at = json_object_iter_next(part, at))
        take_entry(p, json_object_iter_key(at), json_object_iter_value(at), s);
}

static void take_part(const json_t *object, const struct status_part *p, struct status *s)
{
    json_t *part = json_object_get(object, p->name);

    if (!p->size)
        take_fields(part, p->fields, (char *)s + p->offset);
    else if (p->keyed)
        take_keyed(part, p, s);
    for (size_t i = 0; p->size && i < json_array_size(part); i++)
        take_entry(p, NULL, json_array_get(part, i), s);
}

static void take_delivered(const json_t *list, struct status_outputs *o)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(value, "output"));
        const char *at = json_string_value(json_object_get(value, "time"));

        for (unsigned k = 0; name && at && k < o->n; k++) {
            if (strcmp(o->output[k].name, name) == 0)
                o->test.delivered[k] = time_of(at);
        }
    }
}

bool status_from_json(const struct json_t *object, struct status *s)
{
    const struct status_part *p = status_parts;

    memset(s, 0, sizeof *s);
    if (!json_is_object(object) || !json_is_string(json_object_get(object, "sensor")))
        return false;
    take_fields(object, p->fields, (char *)s);
    for (p++; p->name; p++)
        take_part(object, p, s);
    take_delivered(json_object_get(object, "test_delivered"), &s->outputs);
    return true;
}
