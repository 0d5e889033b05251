#include "sensor/stats.h"

#include <string.h>

struct counter {
    const char *name;
    uint64_t value;
};

static void group(struct json *j, const char *name, const struct counter *counters,
                  size_t n)
{
    json_object(j, name);
    for (size_t i = 0; i < n; i++)
        json_uint(j, counters[i].name, counters[i].value);
    json_object_end(j);
}

static void decoding(struct json *j, const struct decode_counters *d)
{
    const struct counter counters[] = {
        {"frames", d->frames},
        {"bytes", d->bytes},
        {"cut", d->cut},
        {"bad_length", d->bad_length},
        {"bad_ip_checksum", d->bad_ip_sum},
        {"bad_l4_checksum", d->bad_l4_sum},
        {"unknown_link", d->unknown_link},
        {"tagged", d->tagged},
        {"arp", d->arp},
        {"other_ethertype", d->other_ethertype},
        {"ipv4", d->ipv4},
        {"ipv6", d->ipv6},
        {"fragments", d->fragments},
        {"tcp", d->tcp},
        {"udp", d->udp},
        {"icmp", d->icmp},
        {"other_protocol", d->other_protocol},
    };

    group(j, "decode", counters, COUNT_OF(counters));
}

static void flows(struct json *j, const struct worker *w)
{
    const struct flow_counters *f = &w->flows.counters;
    const struct counter counters[] = {
        {"started", f->started},
        {"idle", f->ended[FLOW_IDLE]},
        {"evicted", f->ended[FLOW_EVICTED]},
        {"quota", f->ended[FLOW_QUOTA]},
        {"reused", f->ended[FLOW_REUSED]},
        {"identified", w->conversations.counters.identified},
        {"given_up", w->conversations.counters.given_up},
        {"bypassed_packets", w->bypassed},
        {"not_inspected", w->conversations.counters.no_place},
    };

    group(j, "flows", counters, COUNT_OF(counters));
}

static void streams(struct json *j, const struct stream_counters *s)
{
    const struct counter counters[] = {
        {"segments", s->segments},
        {"bytes", s->bytes},
        {"retransmitted", s->retransmitted},
        {"overlaps", s->overlaps},
        {"overlaps_differing", s->differing},
        {"reordered", s->reordered},
        {"gaps", s->gaps},
        {"gap_bytes", s->gap_bytes},
        {"early", s->early},
        {"unexplained", s->unexplained},
        {"taken_back", s->taken_back},
        {"pool_full", s->pool_full},
        {"far", s->far},
        {"resynchronised", s->resynchronised},
    };

    group(j, "streams", counters, COUNT_OF(counters));
}

static void messages(struct json *j, const struct worker *w)
{
    const struct conversation_counters *c = &w->conversations.counters;
    const struct counter counters[] = {
        {"messages", c->messages},
        {"skipped_bytes", c->skipped},
        {"resyncs", c->resyncs},
        {"cut", c->cut},
        {"not_held", c->no_held},
        {"requests_evicted", w->exchanger.counters.evicted},
        {"records_lost", w->exchanger.counters.lost},
        {"values_left_out", w->exchanger.counters.left_out},
        {"stubs_lost", w->exchanger.counters.stubs},
        {"sessions_evicted", w->exchanger.counters.sessions},
        {"records_at_most", w->exchanger.records.records.highest},
        {"clock_jumps", w->clock.jumps},
    };

    group(j, "messages", counters, COUNT_OF(counters));
}

static void protocols(struct json *j, const struct analysis *a)
{
    json_object(j, "protocols");
    for (unsigned i = 0; i < a->nprotocols; i++) {
        const struct protocol_counts *p = &a->protocols[i];

        json_object(j, p->schema->name);
        json_uint(j, "transactions", p->transactions);
        json_uint(j, "operations", p->operations);
        json_uint(j, "violating", p->malformed);
        for (unsigned o = 0; o < OUTCOME_COUNT; o++)
            json_uint(j, label_of(outcome_labels, o)->name, p->outcomes[o]);
        json_object_end(j);
    }
    json_object_end(j);
}

static void alerting(struct json *j, const struct analysis *a)
{
    const struct alerts_counters *c = &a->alerts->counters;
    const struct counter counters[] = {
        {"findings", a->findings}, {"told", c->told},
        {"updates", c->updates},   {"stormed", c->stormed},
        {"evicted", c->evicted},   {"unfit", c->unfit},
        {"cut", c->cut},           {"records_too_long", a->too_long},
    };

    group(j, "alerts", counters, COUNT_OF(counters));
}

/* The envelope of a stats event, until its counters. */
static void begin(struct json *j, int64_t time, const char *host)
{
    json_object(j, NULL);
    json_time(j, "timestamp", time);
    json_text(j, "event_type", "stats");
    if (host)
        json_text(j, "host", host);
    json_object(j, "ot");
    json_object(j, "stats");
}

static size_t end(struct json *j)
{
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
    return json_end_line(j);
}

void stats_print(FILE *out, const struct replay *replay)
{
    static char line[16384];
    struct json j = json_into(line, sizeof line);
    const struct worker *w = &replay->worker;

    begin(&j, replay->last, NULL);
    decoding(&j, &w->decoded);
    flows(&j, w);
    streams(&j, &w->streams.counters);
    messages(&j, w);
    protocols(&j, replay->analysis);
    alerting(&j, replay->analysis);
    fwrite(line, 1, end(&j), out);
}

size_t stats_line(const struct status *s, char *out, size_t size)
{
    struct json j = json_into(out, size);

    begin(&j, s->now, s->name);
    status_json(s, &j);
    return end(&j);
}
