/*
 * What stands in the streams, compared with what we know of them.
 *
 * An entry that waits at an id Redis has gone past is looked up: ours is delivered,
 * anything else means that this id is of no use any more and the entry gets a new
 * one.  Entries that were delivered and are above the last id of Redis it has lost
 * (a crash with appendfsync everysec, FLUSHALL): they wait again under their ids.
 * A stream that was begun anew while we were writing lacks what was before its first
 * entry: that goes to its end under new ids.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alerts/redis_sink.h"

/* ---- asking ------------------------------------------------------------------------ */

static bool ask_owner(struct redis_sink *r)
{
    const char *claim[] = {"SET", r->owner_key, r->owner, "NX"};
    const char *get[] = {"GET", r->owner_key};

    return redis_call(r, (struct call){.kind = CALL_CLAIM}, 4, claim, NULL) &&
           redis_call(r, (struct call){.kind = CALL_OWNER}, 2, get, NULL);
}

void redis_look(struct redis_sink *r)
{
    r->stage = STAGE_LOOKING;
    r->look = r->doubt = r->flushed = r->foreign = false;
    r->look_at = r->now + LOOK_EVERY;
    if (r->config.mode != REDIS_STREAM) {
        redis_ready(r);
        return;
    }
    if (!ask_owner(r))
        return;
    for (unsigned i = 0; i < r->sink.nlanes; i++) {
        const char *ask[] = {"XINFO", "STREAM", r->lanes[i].key};

        if (!redis_call(r, (struct call){.kind = CALL_STREAM, .lane = (uint8_t)i}, 3, ask,
                        NULL))
            return;
    }
}

void redis_on_claim(struct redis_sink *r, const struct call *call,
                    const redisReply *reply)
{
    bool before = r->owned;

    (void)call;
    for (unsigned i = 0; i < r->sink.nlanes; i++)
        before |= r->sink.outbox->lanes[r->lanes[i].lane].cursor.ms > 0;
    r->flushed = reply->type == REDIS_REPLY_STATUS && before;
}

void redis_on_owner(struct redis_sink *r, const struct call *call,
                    const redisReply *reply)
{
    const char *take[] = {"SET", r->owner_key, r->owner};
    char detail[SINK_ERROR];

    (void)call;
    r->owned = true;
    if (!reply->str || strcmp(reply->str, r->owner) == 0)
        return;
    r->foreign = true;
    snprintf(detail, sizeof detail,
             "%.90s says %.24s, this outbox is %s: ids go on above the last one.",
             r->owner_key, reply->str, r->owner);
    sink_tell(&r->sink, SINK_OWNER, false, detail);
    redis_call(r, (struct call){.kind = CALL_TAKE_OVER}, 3, take, NULL);
}

static const char *first_of(const redisReply *stream)
{
    const redisReply *first = redis_named(stream, "first-entry");

    return first && first->type == REDIS_REPLY_ARRAY && first->elements > 0
               ? first->element[0]->str
               : NULL;
}

/* A stream that is not there yet has no ids. */
void redis_on_stream(struct redis_sink *r, const struct call *call,
                     const redisReply *reply)
{
    struct redis_lane *l = &r->lanes[call->lane];
    const redisReply *last = redis_named(reply, "last-generated-id");
    const redisReply *added = redis_named(reply, "entries-added");
    int64_t before = l->added;

    l->stored = l->first = (struct stream_id){0, 0};
    l->exists = last != NULL;
    if (last)
        redis_parse_id(last->str, &l->stored);
    redis_parse_id(first_of(reply), &l->first);
    l->added = added && added->type == REDIS_REPLY_INTEGER ? added->integer : -1;
    l->anew = l->added >= 0 && before > 0 ? l->added < before : r->flushed;
}

/* ---- judging ------------------------------------------------------------------------ */

static void tell_gone(struct redis_sink *r, const struct redis_lane *l, uint64_t n)
{
    char detail[SINK_ERROR];

    snprintf(detail, sizeof detail,
             "%.80s was emptied: %" PRIu64
             " entries are sent again; consumers may see them twice.",
             l->key, n);
    sink_tell(&r->sink, SINK_TRIMMED, false, detail);
}

/* It lost more than is still here: an old copy was put back. */
static void tell_older(struct redis_sink *r, const struct redis_lane *l)
{
    char detail[SINK_ERROR];
    char id[ID];

    snprintf(detail, sizeof detail,
             "%.80s ends at %s: what came soon after is not here any more either.",
             l->key, redis_id(l->stored, id));
    sink_tell(&r->sink, SINK_TRIMMED, false, detail);
}

/* Ids above what Redis has: it has lost them.  Their order and ids stay. */
static void rewind_lane(struct redis_sink *r, struct redis_lane *l)
{
    uint64_t before = r->sink.outbox->lanes[l->lane].waiting;
    uint64_t after = outbox_rewind(r->sink.outbox, l->lane, l->stored);

    if (after > before)
        r->sink.counters.resent += after - before;
    if (after > before && (l->stored.ms == 0 || r->flushed))
        tell_gone(r, l, after - before);
    else if (id_is_above(r->sink.outbox->lanes[l->lane].gone, l->stored))
        tell_older(r, l);
}

/* Ids below its first entry: it was begun anew, and we have gone on since. */
static void repeat_lane(struct redis_sink *r, struct redis_lane *l)
{
    uint64_t n = outbox_repeat(r->sink.outbox, l->lane, l->first);

    r->sink.counters.resent += n;
    if (n > 0)
        tell_gone(r, l, n);
}

/*
 * A server that lost its last second has counted fewer entries, too: only when it has
 * all we know of, or our owner key has gone as well, is it another stream.
 */
static void judge(struct redis_sink *r, struct redis_lane *l)
{
    bool behind = id_is_above(r->sink.outbox->lanes[l->lane].cursor, l->stored);

    outbox_seen(r->sink.outbox, l->lane, l->stored);
    if (behind)
        rewind_lane(r, l);
    if (l->exists && l->anew && (r->flushed || !behind))
        repeat_lane(r, l);
}

/* ---- settling ------------------------------------------------------------------------ */

static bool ask_for(struct redis_sink *r, const struct outbox_row *row)
{
    char id[ID];
    const char *ask[] = {"XRANGE", r->lanes[r->settling].key, redis_id(row->id, id), id};
    unsigned n = r->ndoubts++;

    r->doubts[n] = row->id;
    r->sequences[n] = row->sequence;
    r->ours[n] = false;
    return redis_call(r,
                      (struct call){.kind = CALL_CHECK,
                                    .lane = (uint8_t)r->settling,
                                    .id = row->id,
                                    .sequence = n},
                      4, ask, NULL);
}

/* Looks up the next ones that wait at ids Redis has gone past; false: there is none. */
static bool ask_for_doubts(struct redis_sink *r)
{
    struct redis_lane *l = &r->lanes[r->settling];
    struct outbox *b = r->sink.outbox;
    struct outbox_row row;

    r->ndoubts = 0;
    outbox_read(b, l->lane, id_after(b->lanes[l->lane].cursor));
    while (r->ndoubts < WINDOW && outbox_row(b, &row) &&
           !id_is_above(row.id, l->stored) && ask_for(r, &row))
        ;
    outbox_stop(b);
    return r->ndoubts > 0;
}

void redis_on_check(struct redis_sink *r, const struct call *call,
                    const redisReply *reply)
{
    struct outbox *b = r->sink.outbox;
    struct outbox_row row;

    r->ours[call->sequence] = outbox_at(b, r->lanes[call->lane].lane, call->id, &row) &&
                              redis_is_ours(reply, &row);
    outbox_stop(b);
}

/* The answers are here: what is not ours moves to the end, committed before it is sent. */
static bool take_verdicts(struct redis_sink *r)
{
    unsigned lane = r->lanes[r->settling].lane, nmoved = 0;
    struct stream_id moved[WINDOW];

    for (unsigned i = 0; i < r->ndoubts; i++) {
        if (!r->ours[i])
            moved[nmoved++] = r->doubts[i];
    }
    if (nmoved > 0 && !outbox_move(r->sink.outbox, lane, moved, nmoved)) {
        link_fail(&r->link, "the outbox takes no new ids", r->sink.outbox->error);
        return false;
    }
    for (unsigned i = 0; i < r->ndoubts; i++) {
        if (r->ours[i])
            sink_delivered(&r->sink, lane, r->doubts[i], r->sequences[i]);
        else
            outbox_pass(r->sink.outbox, lane, r->doubts[i]);
    }
    r->ndoubts = 0;
    return true;
}

static void settle(struct redis_sink *r)
{
    r->stage = STAGE_SETTLING;
    for (; r->settling < r->sink.nlanes; r->settling++) {
        if (ask_for_doubts(r))
            return;
    }
    redis_ready(r);
}

void redis_settled(struct redis_sink *r)
{
    if (take_verdicts(r))
        settle(r);
}

void redis_looked(struct redis_sink *r)
{
    for (unsigned i = 0; i < r->sink.nlanes; i++) {
        if (r->lanes[i].stored.ms >= INT64_MAX) {
            redis_refused(r, &(struct call){.kind = CALL_STREAM},
                          "WRONGTYPE the stream's last id leaves no room for another");
            return;
        }
        judge(r, &r->lanes[i]);
    }
    r->settling = 0;
    settle(r);
}
