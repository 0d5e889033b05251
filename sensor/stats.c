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

static void flows(struct json *j, const struct worker_counters *w)
{
    const struct flow_counters *f = &w->flows;
    const struct counter counters[] = {
        {"started", f->started},
        {"idle", f->ended[FLOW_IDLE]},
        {"evicted", f->ended[FLOW_EVICTED]},
        {"quota", f->ended[FLOW_QUOTA]},
        {"reused", f->ended[FLOW_REUSED]},
        {"identified", w->conversations.identified},
        {"given_up", w->conversations.given_up},
        {"bypassed_packets", w->bypassed},
        {"not_inspected", w->conversations.no_place},
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

static void messages(struct json *j, const struct worker_counters *w, uint64_t jumps)
{
    const struct conversation_counters *c = &w->conversations;
    const struct counter counters[] = {
        {"messages", c->messages},
        {"skipped_bytes", c->skipped},
        {"resyncs", c->resyncs},
        {"cut", c->cut},
        {"not_held", c->no_held},
        {"requests_evicted", w->exchanges.evicted},
        {"records_lost", w->exchanges.lost},
        {"values_left_out", w->exchanges.left_out},
        {"stubs_lost", w->exchanges.stubs},
        {"sessions_evicted", w->exchanges.sessions},
        {"records_at_most", w->records_highest},
        {"clock_jumps", jumps},
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
    const struct worker_counters *w = &replay->counts;

    begin(&j, replay->last, NULL);
    decoding(&j, &replay->decoded);
    flows(&j, w);
    streams(&j, &w->streams);
    messages(&j, w, replay->pipeline.fronts[0].front.clock.jumps);
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
