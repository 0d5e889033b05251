#include "alerts/sink.h"

void sink_put(struct sink *s, const struct event *e)
{
    if (!(s->what >> e->kind & 1) || e->line.len == 0)
        return;
    s->counters.put++;
    s->type->put(s, e);
}

void sink_poll(struct sink *s)
{
    s->type->poll(s);
}

bool sink_flush(struct sink *s, unsigned ms)
{
    return s->type->flush(s, ms);
}

void sink_close(struct sink *s)
{
    if (s)
        s->type->close(s);
}
