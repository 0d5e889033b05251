#include "alerts/queue.h"

#include <assert.h>
#include <string.h>

struct queue_block {
    struct queue_block *next;
    uint8_t bytes[QUEUE_BLOCK - sizeof(struct queue_block *)];
};

bool queue_open(struct queue *q, unsigned entries, size_t bytes)
{
    bool ok;

    *q = (struct queue){.sequence = 0};
    ok = pool_open(&q->entries, "queued events", sizeof(struct entry), entries);
    ok &= pool_open(&q->blocks, "queued lines", QUEUE_BLOCK, bytes / QUEUE_BLOCK);
    if (!ok)
        queue_close(q);
    return ok;
}

void queue_close(struct queue *q)
{
    pool_close(&q->entries);
    pool_close(&q->blocks);
}

static void append(struct entries *list, struct entry *e)
{
    e->next = NULL;
    *(list->first ? &list->last->next : &list->first) = e;
    list->last = e;
}

static struct entry *take_first(struct entries *list)
{
    struct entry *e = list->first;

    list->first = e->next;
    if (!list->first)
        list->last = NULL;
    return e;
}

static void free_entry(struct queue *q, struct entry *e)
{
    for (struct queue_block *b = e->blocks, *next; b; b = next) {
        next = b->next;
        pool_give(&q->blocks, b);
    }
    pool_give(&q->entries, e);
}

static size_t blocks_of(size_t len)
{
    size_t each = sizeof((struct queue_block *)NULL)->bytes;

    return (len + each - 1) / each;
}

static bool has_room(const struct queue *q, size_t len)
{
    return q->entries.used < q->entries.total &&
           q->blocks.total - q->blocks.used >= blocks_of(len);
}

/* Gives up the oldest of the lowest rank, up to `most`; false when there is none. */
static bool give_up(struct queue *q, unsigned most, uint64_t dropped[SEVERITIES])
{
    for (unsigned rank = 0; rank <= most; rank++) {
        if (!q->waiting[rank].first)
            continue;
        free_entry(q, take_first(&q->waiting[rank]));
        q->nwaiting--;
        dropped[rank ? rank - 1 : SEVERITY_INFO]++;
        return true;
    }
    return false;
}

static void keep_line(struct queue *q, struct entry *e, struct bytes line)
{
    struct queue_block **at = &e->blocks;

    for (size_t n; line.len > 0; line.at += n, line.len -= n) {
        *at = pool_take(&q->blocks);
        assert(*at);
        n = sizeof(*at)->bytes < line.len ? sizeof(*at)->bytes : line.len;
        memcpy((*at)->bytes, line.at, n);
        at = &(*at)->next;
    }
    *at = NULL;
}

unsigned queue_put(struct queue *q, const struct event *e, uint64_t dropped[SEVERITIES])
{
    unsigned rank = e->alert_id ? e->severity + 1u : 0, ndropped = 0;
    struct entry *entry;

    while (!has_room(q, e->line.len)) {
        ndropped++;
        if (!give_up(q, rank, dropped)) {
            dropped[e->severity]++;
            return ndropped;
        }
    }
    entry = pool_take(&q->entries);
    assert(entry);
    *entry = (struct entry){.sequence = q->sequence++,
                            .alert_id = e->alert_id,
                            .update = e->update,
                            .len = (uint32_t)e->line.len,
                            .kind = (uint8_t)e->kind,
                            .rank = (uint8_t)rank};
    keep_line(q, entry, e->line);
    append(&q->waiting[rank], entry);
    q->nwaiting++;
    return ndropped;
}

struct entry *queue_send(struct queue *q)
{
    struct entries *from = NULL;

    for (unsigned rank = 0; rank < QUEUE_RANKS; rank++) {
        struct entry *e = q->waiting[rank].first;

        if (e && (!from || e->sequence < from->first->sequence))
            from = &q->waiting[rank];
    }
    if (!from)
        return NULL;
    append(&q->flight, take_first(from));
    q->nwaiting--;
    q->nflight++;
    return q->flight.last;
}

struct entry *queue_oldest(const struct queue *q)
{
    return q->flight.first;
}

void queue_done(struct queue *q)
{
    free_entry(q, take_first(&q->flight));
    q->nflight--;
}

void queue_back(struct queue *q)
{
    struct entry *e = take_first(&q->flight);
    struct entry **at = &q->waiting[e->rank].first;

    while (*at && (*at)->sequence < e->sequence)
        at = &(*at)->next;
    e->next = *at;
    *at = e;
    if (!e->next)
        q->waiting[e->rank].last = e;
    q->nflight--;
    q->nwaiting++;
}

size_t queue_line(const struct entry *e, char *out, size_t size)
{
    size_t len = 0;

    for (const struct queue_block *b = e->blocks; b; b = b->next) {
        size_t n = e->len - len < sizeof b->bytes ? e->len - len : sizeof b->bytes;

        assert(len + n <= size);
        memcpy(out + len, b->bytes, n);
        len += n;
    }
    return len;
}
