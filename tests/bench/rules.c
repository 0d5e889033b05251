/*
 * What a record costs at so many rules: a read of Modbus registers among rules about
 * other protocols' verbs, other functions, and its own function.
 *
 *      rules   others ns   own ns      others: all of write functions and verbs
 *        100          45      610      own: all of the record's function
 *
 * Rules for what the record is not must cost it nothing, however many they are.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dissectors/dissector.h"
#include "rules/ruleset.h"
#include "sensor/core/clock.h"

enum { RUNS = 200000, REPEATS = 5 };

static const struct schema *schemas[SCHEMAS_MAX];
static struct record_pool pool;

static const char *const others[] = {
    "modbus.function == write_single_register",
    "modbus.function == write_multiple_registers",
    "modbus and verb in {program, mode}",
    "modbus and verb == write and outcome == refused",
};
static const char *const own[] = {
    "modbus.function == read_holding_registers",
    "modbus and verb == read",
};

static void write_rules(FILE *out, const char *const *shapes, unsigned nshapes,
                        unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        fprintf(out,
                "- rule: r.%u\n  id: %u\n  rev: 1\n  severity: low\n  category: C\n"
                "  attack: []\n  why: w\n  say: s\n  when: >\n    ",
                i, 9000000 + i);
        fprintf(out, "%s and modbus.address in {%u..%u}\n", shapes[i % nshapes],
                10000 + i * 4, 10000 + i * 4 + 3);
    }
}

static struct ruleset *load(const char *const *shapes, unsigned nshapes, unsigned n)
{
    static struct diagnostics d;
    char path[] = "/tmp/bench_rules.XXXXXX";
    const char *paths[] = {path};
    struct ruleset_options o = {schemas, ndissectors, paths, 1, 0, NULL};
    struct ruleset *set;
    FILE *out = fdopen(mkstemp(path), "w");

    if (!out)
        exit(1);
    write_rules(out, shapes, nshapes, n);
    fclose(out);
    diagnostics_open(&d);
    set = ruleset_load(&o, &d);
    if (!set)
        diagnostics_print(&d, stderr);
    diagnostics_close(&d);
    unlink(path);
    if (!set)
        exit(1);
    return set;
}

/* A Modbus read of ten registers from 100, as the dissector fills it. */
static struct record *a_read(void)
{
    struct message m = {.side = SIDE_REQUEST};
    struct record *r = record_take(&pool, schemas[0]);

    r->kind = RECORD_TRANSACTION;
    r->time = r->seen = INT64_C(1700000000) * NS_PER_S;
    r->verbs = VERB_READ;
    r->outcome = OUTCOME_ANSWERED;
    r->parties.protocol = 6;
    r->parties.client.family = r->parties.server.family = ADDRESS_V4;
    record_message(r, &m, NULL);
    record_set(r, (unsigned)schema_slot(r->schema, "function"), 3);
    record_set(r, (unsigned)schema_slot(r->schema, "address"), 100);
    record_set(r, (unsigned)schema_slot(r->schema, "unit"), 3);
    return r;
}

static void ignore(void *context, const struct finding *f)
{
    (void)f;
    ++*(unsigned *)context;
}

static int64_t cpu_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double cost(struct ruleset *set, unsigned runs)
{
    struct record *r = a_read();
    double best = 1e9;
    unsigned found = 0;

    for (unsigned k = 0; k < REPEATS; k++) {
        int64_t begin = cpu_time(), took;

        for (unsigned i = 0; i < runs; i++) {
            ruleset_run(set, RULE_AT_REQUEST, r, ignore, &found);
            ruleset_run(set, RULE_AT_DONE, r, ignore, &found);
        }
        took = cpu_time() - begin;
        best = (double)took / runs < best ? (double)took / runs : best;
    }
    record_give(r);
    if (found)
        exit(1); /* no rule is about this read */
    return best;
}

int main(void)
{
    static const unsigned counts[] = {100, 1000, 5000};
    double first = 0, last = 0;

    for (unsigned i = 0; i < ndissectors; i++)
        schemas[i] = &dissectors[i]->schema;
    for (unsigned i = 0; i < ndissectors; i++) {
        if (strcmp(dissectors[i]->schema.name, "modbus") == 0) {
            schemas[i] = schemas[0];
            schemas[0] = &dissectors[i]->schema;
        }
    }
    if (!record_pool_open(&pool, 2))
        return 1;
    puts("rules   others ns   own ns   memory MiB");
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct ruleset *o = load(others, 4, counts[i]), *s = load(own, 2, counts[i]);

        last = cost(o, RUNS);
        first = i ? first : last;
        printf("%5u   %9.0f   %6.0f   %10.1f\n", counts[i], last,
               cost(s, RUNS / counts[i] * 50), (double)ruleset_memory(o) / 1048576);
        ruleset_close(o);
        ruleset_close(s);
    }
    if (last > 2 * first + 20) {
        printf("rules for other things cost the record something: %.0f to %.0f ns\n",
               first, last);
        return 1;
    }
    return 0;
}
