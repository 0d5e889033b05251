/*
 * The stream keeps what is younger than `trim_keep`, and what some group of consumers
 * has not acknowledged, however old it is.
 *
 *      bound = min(now - trim_keep, our cursor,
 *                  of each group: its oldest pending entry, else the last it was given)
 *
 * The groups are asked even when nothing is trimmed here: entries of ours that are
 * gone, and that a group has not acknowledged, were removed by somebody else.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alerts/redis_sink.h"
#include "sensor/core/clock.h"
#include "sensor/core/now.h"

static struct stream_id least(struct stream_id a, struct stream_id b)
{
    return id_is_above(a, b) ? b : a;
}

/* ids below it are old enough to go */
static struct stream_id age_bound(const struct redis_sink *r)
{
    if (r->config.trim_keep == 0)
        return (struct stream_id){0, 0};
    return (struct stream_id){(uint64_t)((now_wall() - r->config.trim_keep) / NS_PER_MS),
                              0};
}

void redis_trim(struct redis_sink *r)
{
    r->trim_at = r->now + TRIM_EVERY;
    if (r->config.mode != REDIS_STREAM)
        return;
    for (unsigned i = 0; i < r->sink.nlanes; i++) {
        const char *ask[] = {"XINFO", "GROUPS", r->lanes[i].key};

        r->lanes[i].has_groups = false;
        redis_call(r, (struct call){.kind = CALL_GROUPS, .lane = (uint8_t)i}, 3, ask,
                   NULL);
    }
}

/* Trims up to what all groups have left behind. */
static void trim(struct redis_sink *r, unsigned lane)
{
    struct redis_lane *l = &r->lanes[lane];
    struct stream_id bound = least(age_bound(r), l->bound);
    char id[ID];
    const char *ask[] = {"XTRIM", l->key, "MINID", "~", redis_id(bound, id)};

    if (!id_is_above(bound, l->trimmed))
        return;
    l->trimmed = bound;
    redis_call(r, (struct call){.kind = CALL_TRIM, .lane = (uint8_t)lane}, 5, ask, NULL);
}

void redis_on_trim(struct redis_sink *r, const struct call *call, const redisReply *reply)
{
    (void)r;
    (void)call;
    (void)reply;
}

static int64_t integer(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

/* False when its oldest pending entry must be asked for. */
static bool take_group(struct redis_sink *r, const struct call *call,
                       const redisReply *group)
{
    struct redis_lane *l = &r->lanes[call->lane];
    const redisReply *name = redis_named(group, "name");
    const redisReply *last = redis_named(group, "last-delivered-id");
    struct stream_id id = {0, 0};

    redis_parse_id(last ? last->str : NULL, &id);
    l->bound = least(l->bound, id);
    l->has_groups = true;
    if (integer(redis_named(group, "pending")) > 0 && name && name->str) {
        const char *ask[] = {"XPENDING", l->key, name->str};
        const size_t lens[] = {8, strlen(l->key), (size_t)name->len};

        return redis_call(r, (struct call){.kind = CALL_PENDING, .lane = call->lane}, 3,
                          ask, lens);
    }
    return true;
}

/* The last answer of the lane: XINFO GROUPS itself when nothing is pending. */
static bool is_last(const struct redis_sink *r, const struct call *call)
{
    for (unsigned i = 0; i < r->ncalls; i++) {
        const struct call *c = &r->calls[(r->first_call + i) % CALLS];

        if (c->kind == CALL_PENDING && c->lane == call->lane)
            return false;
    }
    return true;
}

/* An entry of ours that a group has not acknowledged is below the first that stands. */
static void look_for_gaps(struct redis_sink *r, const struct redis_lane *l)
{
    struct outbox *b = r->sink.outbox;
    struct stream_id from =
        id_is_above(l->trimmed, l->bound) ? l->trimmed : id_after(l->bound);
    struct outbox_row row;
    char detail[SINK_ERROR];
    bool gap;

    if (!l->has_groups || !id_is_above(l->first, from))
        return;
    outbox_read(b, l->lane, from);
    gap = outbox_row(b, &row) && id_is_above(l->first, row.id);
    outbox_stop(b);
    if (!gap)
        return;
    snprintf(detail, sizeof detail,
             "%.100s begins after entries that a group has not acknowledged.", l->key);
    sink_tell(&r->sink, SINK_TRIMMED, false, detail);
}

static void finish(struct redis_sink *r, const struct call *call)
{
    if (!is_last(r, call))
        return;
    look_for_gaps(r, &r->lanes[call->lane]);
    trim(r, call->lane);
}

void redis_on_groups(struct redis_sink *r, const struct call *call,
                     const redisReply *reply)
{
    struct redis_lane *l = &r->lanes[call->lane];

    l->bound = r->sink.outbox->lanes[l->lane].cursor;
    if (reply->type != REDIS_REPLY_ARRAY)
        return;
    for (size_t i = 0; i < reply->elements; i++) {
        if (i == GROUPS || !take_group(r, call, reply->element[i])) {
            l->bound = (struct stream_id){0, 0}; /* not known: nothing is trimmed */
            break;
        }
    }
    finish(r, call);
}

/* | number | lowest id | highest id | consumers | */
void redis_on_pending(struct redis_sink *r, const struct call *call,
                      const redisReply *reply)
{
    struct redis_lane *l = &r->lanes[call->lane];
    struct stream_id lowest = {0, 0};

    if (reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2 &&
        reply->element[1]->str)
        redis_parse_id(reply->element[1]->str, &lowest);
    else
        lowest = l->bound; /* acknowledged meanwhile */
    l->bound = least(l->bound, lowest);
    finish(r, call);
}
