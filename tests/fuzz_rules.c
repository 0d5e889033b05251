#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dissectors/dissector.h"
#include "rules/ruleset.h"

/*
 * Arbitrary bytes as a rules file, and as an expression that is then asked of a
 * record.  The first byte chooses.  What loads must run, and nothing may be told
 * outside of the text.
 */

static const struct schema *schemas[SCHEMAS_MAX];
static struct record_pool pool;

static void check_places(const struct diagnostics *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        if (d->list[i].at.source && d->list[i].at.line > SOURCE_MAX)
            abort();
    }
}

static struct record *some_record(void)
{
    struct record *r = record_take(&pool, schemas[0]);
    struct message m = {.side = SIDE_REQUEST};

    r->kind = RECORD_TRANSACTION;
    r->parties.protocol = 6;
    r->parties.client.family = r->parties.server.family = ADDRESS_V4;
    record_message(r, &m, NULL);
    for (unsigned slot = 0; slot < schemas[0]->nfields; slot++) {
        enum field_type type = schemas[0]->fields[slot].type;

        if (schemas[0]->fields[slot].group)
            continue;
        if (type == FIELD_TEXT || type == FIELD_BYTES)
            record_set_text(r, slot, "abc");
        else
            record_set(r, slot, slot);
    }
    return r;
}

/* Something to be named. */
static const struct site_network network = {{{10}, ADDRESS_V4}, 8};
static const struct site_zone zone = {"z", true, 2, &network, 1};
static const struct site_host host = {.name = "A", .address = {{10, 1}, ADDRESS_V4}};
static const char *const points[] = {"P"};
static const struct site plant = {&zone, 1, &host, 1, points, 1, 3.5, NULL, NULL};

static void ignore(void *context, const struct finding *f)
{
    (void)context;
    if (strlen(f->summary) >= sizeof f->summary)
        abort();
}

static void as_expression(const char *text, struct diagnostics *d)
{
    struct expression *e = expression_open(schemas, ndissectors, "fuzz", text, d);
    struct record *r = some_record();

    if (!e && d->errors == 0)
        abort();
    if (e)
        expression_holds(e, r);
    record_give(r);
    expression_close(e);
}

static void as_file(const uint8_t *data, size_t size, struct diagnostics *d)
{
    static char path[] = "/tmp/fuzz_rules.XXXXXX";
    const char *paths[] = {path};
    struct ruleset_options options = {schemas, ndissectors, paths, 1, 0, &plant};
    static int fd = -1;
    struct ruleset *set;
    struct record *r;

    if (fd < 0)
        fd = mkstemp(path);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    set = ruleset_load(&options, d);
    if (!set)
        return;
    r = some_record();
    ruleset_run(set, RULE_AT_REQUEST, r, ignore, NULL);
    ruleset_run(set, RULE_AT_DONE, r, ignore, NULL);
    record_give(r);
    ruleset_tick(set, INT64_MAX / 2, ignore, NULL);
    if (ruleset_due(set) <= INT64_MAX / 2)
        abort();
    ruleset_close(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct diagnostics d;
    char *text;

    if (!schemas[0]) {
        for (unsigned i = 0; i < ndissectors; i++)
            schemas[i] = &dissectors[i]->schema;
        if (!record_pool_open(&pool, 4))
            abort();
    }
    if (size < 1 || size > 65536)
        return 0;
    diagnostics_open(&d);
    if (data[0] & 1) {
        text = calloc(1, size);
        memcpy(text, data + 1, size - 1);
        as_expression(text, &d);
        free(text);
    } else {
        as_file(data + 1, size - 1, &d);
    }
    check_places(&d);
    diagnostics_close(&d);
    return 0;
}
