/* What is said to Redis, and what of its answers is ours. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alerts/redis_sink.h"

enum { FIELDS = 6 };

bool redis_call(struct redis_sink *r, struct call call, int argc, const char **argv,
                const size_t *lens)
{
    if (r->ncalls == CALLS || !link_append(&r->link, argc, argv, lens))
        return false;
    call.sent = r->now;
    r->calls[(r->first_call + r->ncalls++) % CALLS] = call;
    return true;
}

const char *redis_id(struct stream_id id, char out[ID])
{
    snprintf(out, ID, "%" PRIu64 "-%" PRIu64, id.ms, id.n);
    return out;
}

bool redis_parse_id(const char *text, struct stream_id *out)
{
    return text && sscanf(text, "%" SCNu64 "-%" SCNu64, &out->ms, &out->n) == 2;
}

const redisReply *redis_named(const redisReply *reply, const char *name)
{
    if (reply->type != REDIS_REPLY_ARRAY)
        return NULL;
    for (size_t i = 0; i + 1 < reply->elements; i += 2) {
        const char *text = reply->element[i]->str;

        if (text && strcmp(text, name) == 0)
            return reply->element[i + 1];
    }
    return NULL;
}

/* The fields of an entry: "alert_id" ID "update" N "event" LINE, or the last two. */
struct entry {
    const char *field[FIELDS];
    size_t len[FIELDS];
    unsigned n;
    char alert[ID], update[ID];
};

static void add_field(struct entry *e, const char *name, const char *value, size_t len)
{
    e->field[e->n] = name;
    e->len[e->n++] = strlen(name);
    e->field[e->n] = value;
    e->len[e->n++] = len;
}

/* Points into itself and into the row. */
static void fill_entry(struct entry *e, const struct outbox_row *row)
{
    e->n = 0;
    if (row->alert_id) {
        snprintf(e->alert, sizeof e->alert, "%016" PRIx64, row->alert_id);
        snprintf(e->update, sizeof e->update, "%" PRIu32, row->update);
        add_field(e, "alert_id", e->alert, strlen(e->alert));
        add_field(e, "update", e->update, strlen(e->update));
    }
    add_field(e, "event", (const char *)row->line.at, row->line.len - 1);
}

static bool add_to_stream(struct redis_sink *r, unsigned lane,
                          const struct outbox_row *row)
{
    const char *argv[3 + FIELDS] = {"XADD", r->lanes[lane].key};
    size_t lens[3 + FIELDS];
    char id[ID];
    struct entry e;

    argv[2] = redis_id(row->id, id);
    for (unsigned i = 0; i < 3; i++)
        lens[i] = strlen(argv[i]);
    fill_entry(&e, row);
    memcpy(argv + 3, e.field, e.n * sizeof *argv);
    memcpy(lens + 3, e.len, e.n * sizeof *lens);
    return redis_call(r,
                      (struct call){CALL_ADD, (uint8_t)lane, 0, row->id, row->sequence},
                      (int)(3 + e.n), argv, lens);
}

bool redis_add(struct redis_sink *r, unsigned lane, const struct outbox_row *row)
{
    const char *key = r->lanes[lane].key;
    const char *argv[] = {r->config.mode == REDIS_LIST ? "RPUSH" : "PUBLISH", key,
                          (const char *)row->line.at};
    const size_t lens[] = {strlen(argv[0]), strlen(key), row->line.len - 1};

    if (r->config.mode == REDIS_STREAM)
        return add_to_stream(r, lane, row);
    return redis_call(r,
                      (struct call){CALL_ADD, (uint8_t)lane, 0, row->id, row->sequence},
                      3, argv, lens);
}

bool redis_is_ours(const redisReply *reply, const struct outbox_row *row)
{
    const redisReply *pair, *fields;
    struct entry e;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
        return false;
    pair = reply->element[0];
    if (pair->type != REDIS_REPLY_ARRAY || pair->elements != 2)
        return false;
    fields = pair->element[1];
    fill_entry(&e, row);
    if (fields->type != REDIS_REPLY_ARRAY || fields->elements != e.n)
        return false;
    for (unsigned i = 0; i < e.n; i++) {
        const redisReply *f = fields->element[i];

        if (!f->str || (size_t)f->len != e.len[i] ||
            memcmp(f->str, e.field[i], e.len[i]) != 0)
            return false;
    }
    return true;
}
