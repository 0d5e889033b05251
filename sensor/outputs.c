#include "sensor/outputs.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "sensor/core/clock.h"

static struct sink *open_redis(const struct config_redis *c, char error[SINK_ERROR])
{
    struct sink_redis_config s = sink_redis_defaults();

    s.server = c->servers.text[0];
    s.user = c->user;
    s.password_file = c->password_file;
    s.keys = c->prefix;
    s.mode = (enum redis_mode)c->mode;
    s.connect_ms = (unsigned)(c->connect_timeout / NS_PER_MS);
    s.command_ms = (unsigned)(c->command_timeout / NS_PER_MS);
    return sink_redis_open(&s, ~0u, error);
}

static struct sink *open_file(const struct config_file *c, char error[SINK_ERROR])
{
    return sink_file_open(&(struct sink_file_config){.path = c->path,
                                                     .rotate = c->rotate_size,
                                                     .keep = c->keep},
                          ~0u, error);
}

void outputs_add(struct outputs *o, const char *name, uint32_t what, struct sink *sink)
{
    assert(o->n < sizeof o->output / sizeof o->output[0]);
    o->output[o->n++] = (struct output){name, what, sink};
}

bool outputs_open(struct outputs *o, const struct config *config, struct diagnostics *d)
{
    bool ok = true;

    memset(o, 0, sizeof *o);
    for (unsigned i = 0; i < config->noutputs; i++) {
        const struct config_output *c = &config->outputs[i];
        char error[SINK_ERROR] = "";
        struct sink *sink = c->type == OUTPUT_REDIS ? open_redis(&c->redis, error)
                                                    : open_file(&c->file, error);

        if (sink)
            outputs_add(o, c->name, c->what, sink);
        else
            diagnostics_error(d, NULL, "output %s: %s", c->name, error);
        ok &= sink != NULL;
    }
    return ok;
}

uint32_t outputs_want(const struct outputs *o)
{
    uint32_t what = 0;

    for (unsigned i = 0; i < o->n; i++)
        what |= o->output[i].what;
    return what;
}

/* An alert of the engine `health` is both an alert and health: either word takes it. */
static uint32_t kind_of(const struct event *e)
{
    switch (e->kind) {
    case EVENT_ALERT:
        return e->health ? OUTPUT_HEALTH | OUTPUT_ALERTS : OUTPUT_ALERTS;
    case EVENT_UPDATE:
        return e->health ? OUTPUT_HEALTH | OUTPUT_UPDATES : OUTPUT_UPDATES;
    case EVENT_RECORD:
        return e->record == RECORD_FLOW        ? OUTPUT_FLOWS
               : e->record == RECORD_OPERATION ? OUTPUT_OPERATIONS
                                               : OUTPUT_TRANSACTIONS;
    default:
        return 0;
    }
}

void outputs_put(struct outputs *o, const struct event *e)
{
    uint32_t kind = kind_of(e);

    for (unsigned i = 0; i < o->n; i++) {
        if (o->output[i].what & kind)
            sink_put(o->output[i].sink, e);
    }
}

void outputs_poll(struct outputs *o)
{
    for (unsigned i = 0; i < o->n; i++)
        sink_poll(o->output[i].sink);
}

static bool tell_loss(const struct output *o, bool flushed)
{
    const struct sink_counters *c = &o->sink->counters;
    uint64_t lost = c->dropped + c->rejected;

    if (flushed && lost == 0)
        return true;
    fprintf(stderr,
            "output %s: %" PRIu64 " of %" PRIu64 " events delivered, %" PRIu64
            " lost%s%s\n",
            o->name, c->delivered, c->put, lost, o->sink->error[0] ? ": " : "",
            o->sink->error);
    return false;
}

bool outputs_finish(struct outputs *o, unsigned ms)
{
    bool ok = true;

    for (unsigned i = 0; i < o->n; i++)
        ok &= tell_loss(&o->output[i], sink_flush(o->output[i].sink, ms));
    return ok;
}

void outputs_close(struct outputs *o)
{
    for (unsigned i = 0; i < o->n; i++)
        sink_close(o->output[i].sink);
    o->n = 0;
}
