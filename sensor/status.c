#include "sensor/status.h"

#include <inttypes.h>
#include <stdarg.h>

static double percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 100 : 100.0 * (double)part / (double)whole;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

double status_seeing(const struct status *s)
{
    uint64_t offered = 0, taken = 0;
    bool up = false;

    for (unsigned i = 0; i < s->ninterfaces; i++) {
        const struct status_interface *at = &s->interfaces[i];

        up |= at->up;
        offered += at->received + at->kernel_lost + at->device_lost;
        taken += at->received - least(at->received, at->ring_lost);
    }
    return up ? percent(taken, offered) : 0;
}

/* What the slowest output has not taken, of what came since the start or before. */
double status_delivering(const struct status *s)
{
    uint64_t missing = 0, committed = s->outputs.committed;

    for (unsigned i = 0; i < s->outputs.n; i++) {
        const struct status_output *o = &s->outputs.output[i];
        uint64_t not_taken = o->backlog + o->lost + o->rejected;

        missing = not_taken > missing ? not_taken : missing;
    }
    if (committed == 0)
        return missing ? 0 : 100;
    return percent(committed - least(committed, missing), committed);
}

/* ---- the health hash ---------------------------------------------------------- */

struct pairs {
    struct status_pair *at;
    unsigned n;
};

__attribute__((format(printf, 3, 4))) static void add(struct pairs *p, const char *name,
                                                      const char *format, ...)
{
    struct status_pair *pair = &p->at[p->n++];
    va_list arguments;

    pair->name = name;
    va_start(arguments, format);
    vsnprintf(pair->value, sizeof pair->value, format, arguments);
    va_end(arguments);
}

static void add_count(struct pairs *p, const char *name, uint64_t count)
{
    add(p, name, "%" PRIu64, count);
}

static void add_time(struct pairs *p, const char *name, int64_t ns)
{
    char text[TIME_TEXT] = "";

    add(p, name, "%s", ns ? time_text(ns, text) : text);
}

static void add_capture(struct pairs *p, const struct status *s)
{
    uint64_t packets = 0, lost = 0, sent = 0;
    unsigned up = 0;

    for (unsigned i = 0; i < s->ninterfaces; i++) {
        const struct status_interface *at = &s->interfaces[i];

        up += at->up;
        packets += at->received;
        lost += at->kernel_lost + at->device_lost + at->ring_lost;
        sent += at->sent;
    }
    add_count(p, "interfaces", s->ninterfaces);
    add_count(p, "interfaces_up", up);
    add_count(p, "packets", packets);
    add_count(p, "packets_lost", lost);
    add_count(p, "packets_sent", sent);
}

static void add_analysis(struct pairs *p, const struct status_analysis *a)
{
    static const char *const names[SEVERITIES] = {
        [SEVERITY_INFO] = "alerts_info",         [SEVERITY_LOW] = "alerts_low",
        [SEVERITY_MEDIUM] = "alerts_medium",     [SEVERITY_HIGH] = "alerts_high",
        [SEVERITY_CRITICAL] = "alerts_critical",
    };

    add_count(p, "records", a->records);
    add_count(p, "records_lost", a->records_lost);
    for (unsigned i = 0; i < SEVERITIES; i++)
        add_count(p, names[i], a->alerts[i]);
    add_count(p, "alerts_open", a->open);
    add_time(p, "seen", a->seen);
    add(p, "ruleset", "%s", a->ruleset);
}

static void add_outputs(struct pairs *p, const struct status_outputs *o)
{
    uint64_t backlog = 0, lost = o->tube_lost;

    for (unsigned i = 0; i < o->n; i++) {
        backlog = o->output[i].backlog > backlog ? o->output[i].backlog : backlog;
        lost += o->output[i].lost + o->output[i].rejected;
    }
    add_count(p, "committed", o->committed);
    add_count(p, "backlog", backlog);
    add_count(p, "events_lost", lost);
    add(p, "outbox_percent", "%u", o->outbox_percent);
}

unsigned status_pairs(const struct status *s, struct status_pair pairs[STATUS_PAIRS])
{
    struct pairs p = {pairs, 0};

    add(&p, "version", "%s", s->version);
    add(&p, "site", "%s", s->site);
    add(&p, "sensor", "%s", s->name);
    add_time(&p, "time", s->now);
    add(&p, "uptime", "%" PRId64, (s->now - s->started) / NS_PER_S);
    add(&p, "seeing", "%.3f", status_seeing(s));
    add(&p, "delivering", "%.3f", status_delivering(s));
    add_count(&p, "crashes", s->crashes);
    add_count(&p, "memory", s->memory);
    add_capture(&p, s);
    add_analysis(&p, &s->analysis);
    add_outputs(&p, &s->outputs);
    return p.n;
}
