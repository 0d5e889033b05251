#ifndef SENSOR_SETUP_H
#define SENSOR_SETUP_H

/*
 * What a command works with: the configuration, the rules, and everything that was
 * wrong with them.  Loaded whole or not at all.
 */

#include "rules/ruleset.h"
#include "sensor/config.h"

enum { SETUP_PATHS = 64, SETUP_SCHEMAS = 32 };

struct setup {
    struct diagnostics d;
    struct config *config;
    const struct site *site; /* NULL when the configuration says nothing of the plant */
    const char *shipped;     /* where the shipped rules were read from */
    struct ruleset *rules;   /* NULL when none were asked for */
    uint64_t absent;         /* a bit for each of rules.site that is not there */
    const struct schema *schemas[SETUP_SCHEMAS];
    unsigned nschemas;
};

struct setup_options {
    const char *config;             /* file, or NULL for the defaults */
    const char *interface;          /* instead of those of the configuration, or NULL */
    const char *rules[SETUP_PATHS]; /* the site's, instead of the configuration's */
    unsigned nrules;
    const char *shipped; /* instead of the configuration's, or NULL */
    const char *pcaps;   /* where tests look for captures and fixtures */
    const char *points;  /* a point map instead of the configuration's, or NULL */
    bool no_rules;
};

/* Every schema there is: of the dissectors, of flows, of the sensor's health. */
unsigned setup_schemas(const struct schema *schemas[SETUP_SCHEMAS]);

/* The index of a schema among setup->schemas: what expressions know it by. */
unsigned setup_schema(const struct setup *setup, const struct schema *s);

/*
 * False when there was any error; setup->d has all of them, and warnings in either
 * case.  setup_close() afterwards in any case.
 */
bool setup_load(struct setup *setup, const struct setup_options *options);

/*
 * False, and errors in now->d, when rules of the site that were read before are gone:
 * who took them away meant a new place, or nothing.
 */
bool setup_follows(struct setup *now, const struct setup *before);
void setup_close(struct setup *setup);

/* True when the configuration wants to hear of this signature. */
bool setup_wants(const struct setup *setup, const struct signature *s);

#endif
