#include "alerts/sink.h"

#include <time.h>

#include "sensor/core/clock.h"
#include "sensor/core/now.h"

void sink_listen(struct sink *s,
                 void (*tell)(void *to, enum sink_news news, bool over,
                              const char *detail),
                 void *to)
{
    s->tell = tell;
    s->to = to;
}

void sink_turn(struct sink *s, int64_t now)
{
    s->type->turn(s, now);
}

void sink_reopen(struct sink *s)
{
    if (s->type->reopen)
        s->type->reopen(s);
}

void sink_close(struct sink *s)
{
    if (s)
        s->type->close(s);
}

uint64_t sink_waiting(const struct sink *s)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < s->nlanes; i++)
        n += s->outbox->lanes[s->lanes[i]].waiting;
    return n;
}

uint64_t sink_lost(const struct sink *s)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < s->nlanes; i++)
        n += s->outbox->lanes[s->lanes[i]].lost;
    return n;
}

void sink_tell(struct sink *s, enum sink_news news, bool over, const char *detail)
{
    if (s->tell)
        s->tell(s->to, news, over, detail);
}

void sink_delivered(struct sink *s, unsigned lane, struct stream_id id, int64_t sequence)
{
    outbox_delivered(s->outbox, lane, id, sequence);
    s->counters.delivered++;
    s->last = now_wall();
}
