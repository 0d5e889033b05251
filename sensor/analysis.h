#ifndef SENSOR_ANALYSIS_H
#define SENSOR_ANALYSIS_H

/*
 * What is global: records come in the order of `seen`, rules look at them, alerts
 * live and end, and what was asked for is written.
 *
 * One thread owns it.  It is a sink: request() looks at a record at its first
 * phase, done() owns it and gives it back.
 */

#include <stdio.h>

#include "alerts/alert.h"
#include "dissectors/dissector.h"
#include "sensor/core/encode.h"
#include "sensor/mutes.h"
#include "sensor/setup.h"

enum { ANALYSIS_SERVICES = 64, ANALYSIS_PROTOCOLS = 32, ANALYSIS_TABLES = 16 };

struct analysis_options {
    bool records;       /* write records, not alerts */
    uint32_t protocols; /* a bit for each schema of `records`; 0: all transactions */
    bool flows;         /* write flow records too */
    const struct program *filter; /* only records for which it holds; may be NULL */
    const struct rule *why_not;   /* a rule to explain, or NULL */
    struct setup *setup;          /* rules, and what the configuration wants to hear */
    uint32_t want;                /* kinds of records for put(): enum output_what */
    void (*put)(void *context, const struct event *e);
    /* One record for people; NULL: JSON lines. */
    void (*print)(void *context, const struct record *r);
    void *context;
    FILE *out; /* of JSON lines */
};

struct protocol_counts {
    const struct schema *schema;
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t transactions, operations;
    uint64_t malformed; /* with violations of their sender */
};

/* Flows that carry something else. */
struct service_count {
    char name[24]; /* "" : not known */
    uint64_t flows;
};

/* What a table has let go, by all workers. */
struct analysis_table {
    char name[24];
    uint64_t let_go;
    struct record *news; /* to be told once all workers had their say; or NULL */
};

struct analysis {
    struct analysis_options options;
    struct alerts *alerts;
    struct encoder *encoder;
    struct json json;
    char stage[65536]; /* of the JSON writer */
    char line[65536];  /* one record for the outputs */
    int64_t seen;      /* of the latest record: never falls */
    struct protocol_counts protocols[ANALYSIS_PROTOCOLS];
    unsigned nprotocols;
    struct service_count services[ANALYSIS_SERVICES];
    unsigned nservices;
    uint64_t other_services; /* flows whose service found no place in the table */
    struct analysis_table tables[ANALYSIS_TABLES];
    unsigned ntables;
    bool news; /* some table has them */
    uint64_t flows, health, written;
    uint64_t findings;
    const struct mutes *mutes; /* NULL: none */
    struct mutes_counts muted;
    uint64_t nmuted;
    const struct finding *at_hand; /* while an alert is told of it; else NULL */
    uint64_t too_long;             /* records of which the outputs got a shorter line */
};

/* Borrows all it is given. */
void analysis_open(struct analysis *a, const struct analysis_options *options,
                   struct encoder *encoder, struct alerts *alerts);

/* The sink that brings records to it. */
struct record_sink analysis_sink(struct analysis *a);

/* Time went on to `seen` without a record: alerts that are due are told. */
void analysis_tick(struct analysis *a, int64_t seen);

/*
 * From the next record on: other rules and another configuration.  Counters go over to
 * them; the old setup is not used any more when this returns.
 */
void analysis_adopt(struct analysis *a, struct setup *setup);

/* From the next finding on; borrowed.  What was counted before begins at zero. */
void analysis_mute(struct analysis *a, const struct mutes *mutes);

/* What the configuration says of alerts; `eve` still lacks the encoder and the version. */
void analysis_alerts(const struct setup *setup, struct alerts_config *config);

/* Nothing more comes: what is still staged is written, alerts end. */
void analysis_end(struct analysis *a);

#endif
