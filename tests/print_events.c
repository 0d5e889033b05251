/*
 * Prints what tests/events.py judges: `schema`, the JSON Schema of all events of
 * the sample protocol; `events`, records and alerts of it, one a line.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sample_alerts.h"

static struct record_pool pool;
static struct encoder encoder;
static char line[64 * 1024];

static bool print_schema(void)
{
    static const struct schema *const schemas[] = {&sample_schema, &sample_flow_schema,
                                                   &sample_health_schema};
    const struct encode_parts parts = {schemas, COUNT_OF(schemas), eve_envelope_nodes,
                                       eve_ot_nodes, eve_event_types};

    return encode_schema(stdout, &parts);
}

static void print_record(struct record *r)
{
    struct json j = json_into(line, sizeof line);

    fwrite(line, 1, encode_record(&encoder, r, &j), stdout);
    record_give(r);
}

static void print_event(void *to, const struct event *e)
{
    (void)to;
    if (e->line.len)
        fwrite(e->line.at, 1, e->line.len, stdout);
}

static void find(struct alerts *a, const struct signature *s, const struct record *r)
{
    struct finding f = sample_finding(s, r, r ? r->schema->nfields : 0);
    int64_t now = r ? r->seen : SAMPLE_TIME + NS_PER_S;

    alerts_take(a, &f, now);
    f.score = 99;
    alerts_take(a, &f, now);
    alerts_take(a, &f, now);
}

static void print_alerts(void)
{
    static struct alerts alerts;
    struct record *records[] = {sample_write(&pool), sample_full(&pool),
                                sample_flow(&pool), sample_health(&pool)};
    struct alerts_config config = alerts_defaults();

    config.eve = (struct eve){&encoder, "1.0.0", "99c030754b69", "north-wtp", NULL};
    config.rate = 6;
    if (!alerts_open(&alerts, &config, print_event, NULL))
        exit(1);
    for (unsigned i = 0; i < COUNT_OF(records); i++) {
        find(&alerts, &sample_signature, records[i]);
        find(&alerts, &sample_bare, records[i]);
        record_give(records[i]);
    }
    find(&alerts, &sample_condition, NULL);
    alerts_close(&alerts, SAMPLE_TIME + 1000 * NS_PER_S);
}

int main(int argc, char **argv)
{
    static const struct encode_source sources[] = {{"plant.pcap", true}};

    encoder_open(&encoder);
    encoder.host = "north-wtp-01";
    encoder.sources = sources;
    encoder.nsources = 1;
    if (argc != 2 || !record_pool_open(&pool, 8))
        return 2;
    if (strcmp(argv[1], "schema") == 0)
        return print_schema() ? 0 : 1;
    print_record(sample_write(&pool));
    print_record(sample_full(&pool));
    print_record(sample_flow(&pool));
    print_record(sample_health(&pool));
    print_alerts();
    return 0;
}
