#ifndef SENSOR_OUTPUTS_H
#define SENSOR_OUTPUTS_H

/*
 * Where events go, as the configuration says: each output is a sink with its own
 * place; none waits for another, and each takes only what it was told to.
 *
 * The durable outbox will stand here, between the events and the sinks.
 */

#include "alerts/sink.h"
#include "sensor/config.h"

struct output {
    const char *name;
    uint32_t what; /* enum output_what */
    struct sink *sink;
};

struct outputs {
    struct output output[CONFIG_OUTPUTS + 1];
    unsigned n;
};

/* False, with the error told, when one cannot be opened; outputs_close() in any case. */
bool outputs_open(struct outputs *o, const struct config *config, struct diagnostics *d);

/* One more, for what the command line asks for; takes the sink over. */
void outputs_add(struct outputs *o, const char *name, uint32_t what, struct sink *sink);

/* Every kind that some output wants. */
uint32_t outputs_want(const struct outputs *o);

/* Hands the event to all that want its kind. */
void outputs_put(struct outputs *o, const struct event *e);

/* Does what is due; blocks no longer than the sinks' own time-outs. */
void outputs_poll(struct outputs *o);

/*
 * Goes on for at most `ms` until all is delivered; tells on stderr what was lost or
 * is left, a sentence for each output.  False when anything was.
 */
bool outputs_finish(struct outputs *o, unsigned ms);
void outputs_close(struct outputs *o);

#endif
