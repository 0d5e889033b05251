/* A status as members of a JSON object, from the tables of its fields. */

#include <string.h>

#include "sensor/core/json.h"
#include "sensor/status_fields.h"

static uint64_t count_at(const void *at)
{
    uint64_t count;

    memcpy(&count, at, sizeof count);
    return count;
}

static void put_field(struct json *j, const struct status_field *f, const char *entry)
{
    const void *at = entry + f->offset;
    const char *const *text = at;

    if (f->type == STATUS_COUNT || f->type == STATUS_PERMILLE)
        json_uint(j, f->name, count_at(at));
    else if (f->type == STATUS_NUMBER || f->type == STATUS_PERCENT)
        json_uint(j, f->name, *(const unsigned *)at);
    else if (f->type == STATUS_FLAG)
        json_bool(j, f->name, *(const bool *)at);
    else if (f->type == STATUS_TEXT)
        json_text(j, f->name, *text ? *text : "");
    else if (f->type == STATUS_CHARS)
        json_text(j, f->name, at);
    else if (f->type == STATUS_SPAN)
        json_int(j, f->name, *(const int64_t *)at / NS_PER_US);
    else if (count_at(at) && f->type == STATUS_ID)
        json_id(j, f->name, count_at(at));
    else if (count_at(at))
        json_time(j, f->name, *(const int64_t *)at);
}

static void put_fields(struct json *j, const struct status_field *f, const char *entry)
{
    for (; f->name; f++)
        put_field(j, f, entry);
}

static void put_entries(struct json *j, const struct status_part *p,
                        const struct status *s)
{
    const char *entry = (const char *)s + p->offset;

    for (unsigned n = status_entries(p, s); n > 0; n--, entry += p->size) {
        json_object(j, p->keyed ? entry : NULL);
        put_fields(j, p->keyed ? p->fields + 1 : p->fields, entry);
        json_object_end(j);
    }
}

static void put_part(struct json *j, const struct status_part *p, const struct status *s)
{
    if (p->size && !p->keyed) {
        json_array(j, p->name);
        put_entries(j, p, s);
        json_array_end(j);
        return;
    }
    json_object(j, p->name);
    if (p->size)
        put_entries(j, p, s);
    else
        put_fields(j, p->fields, (const char *)s + p->offset);
    json_object_end(j);
}

/* By the names of outputs, where the latest test alert has arrived. */
static void put_delivered(struct json *j, const struct status_outputs *o)
{
    json_array(j, "test_delivered");
    for (unsigned i = 0; i < o->n; i++) {
        if (!o->test.delivered[i])
            continue;
        json_object(j, NULL);
        json_text(j, "output", o->output[i].name);
        json_time(j, "time", o->test.delivered[i]);
        json_object_end(j);
    }
    json_array_end(j);
}

void status_json(const struct status *s, struct json *j)
{
    const struct status_part *p = status_parts;

    put_fields(j, p->fields, (const char *)s);
    json_real(j, "seeing", status_seeing(s));
    json_real(j, "delivering", status_delivering(s));
    for (p++; p->name; p++)
        put_part(j, p, s);
    put_delivered(j, &s->outputs);
}
