/*
 * Messages that come in parts, which others may interrupt: by flow and key.
 *
 * What a flow has going on is a short list, the latest first; with too many of them,
 * or none free, the one that waits longest makes way.
 */

#include "sensor/core/exchange.h"

#include <string.h>

struct whole {
    struct whole *next;
    uint64_t key;
    uint64_t frame;  /* the first packet it took bytes from */
    uint32_t length; /* bytes of the messages it came in */
    uint32_t len;    /* bytes of it so far */
    uint8_t bytes[EXCHANGE_WHOLE];
};

size_t exchanger_wholes_memory(size_t n)
{
    return pool_memory(sizeof(struct whole), n);
}

bool exchanger_open_wholes(struct exchanger *home, size_t n)
{
    return pool_open(&home->wholes, "messages in parts", sizeof(struct whole), n);
}

/* Taken out of the flow's list; NULL when it is not there. */
static struct whole *unlink_whole(struct exchange *x, uint64_t key)
{
    for (struct whole **place = &x->wholes; *place; place = &(*place)->next) {
        struct whole *w = *place;

        if (w->key != key)
            continue;
        *place = w->next;
        x->nwholes--;
        return w;
    }
    return NULL;
}

static void link_whole(struct exchange *x, struct whole *w)
{
    w->next = x->wholes;
    x->wholes = w;
    x->nwholes++;
}

static struct whole *oldest_whole(struct exchange *x)
{
    struct whole *w = x->wholes;

    while (w && w->next)
        w = w->next;
    return w ? unlink_whole(x, w->key) : NULL;
}

static struct whole *new_whole(struct exchange *x)
{
    struct whole *w = NULL;

    if (x->nwholes < EXCHANGE_WHOLES)
        w = pool_take(&x->home->wholes);
    if (!w) {
        x->home->counters.no_whole++;
        w = oldest_whole(x);
    }
    return w;
}

static struct whole *begin_whole(struct exchange *x, uint64_t key)
{
    struct whole *w = unlink_whole(x, key);

    if (!w)
        w = new_whole(x);
    if (!w)
        return NULL;
    w->key = key;
    w->frame = x->message->first;
    w->len = w->length = 0;
    return w;
}

bool exchange_part(struct exchange *x, uint64_t key, struct bytes part, bool first)
{
    struct whole *w = first ? begin_whole(x, key) : unlink_whole(x, key);

    if (!w)
        return false;
    if (part.len > EXCHANGE_WHOLE - w->len) {
        pool_give(&x->home->wholes, w);
        return false;
    }
    if (part.len)
        memcpy(w->bytes + w->len, part.at, part.len);
    w->len += (uint32_t)part.len;
    w->length += x->message->length;
    link_whole(x, w);
    return true;
}

struct bytes exchange_whole(struct exchange *x, uint64_t key)
{
    struct whole *w = unlink_whole(x, key);

    if (!w)
        return (struct bytes){NULL, 0};
    link_whole(x, w);
    x->joined = *x->message;
    x->joined.first = w->frame;
    x->joined.length = w->length;
    x->message = &x->joined;
    return (struct bytes){w->bytes, w->len};
}

void exchange_forget(struct exchange *x, uint64_t key)
{
    struct whole *w = unlink_whole(x, key);

    if (w)
        pool_give(&x->home->wholes, w);
}

void exchange_forget_all(struct exchange *x)
{
    while (x->wholes)
        exchange_forget(x, x->wholes->key);
}
