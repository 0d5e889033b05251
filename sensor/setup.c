#include "sensor/setup.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dissectors/dissector.h"
#include "sensor/flow_record.h"
#include "sensor/health.h"
#include "sensor/site_read.h"

unsigned setup_schemas(const struct schema *schemas[SETUP_SCHEMAS])
{
    unsigned n = 0;

    assert(ndissectors + 2 <= SETUP_SCHEMAS);
    for (unsigned i = 0; i < ndissectors; i++)
        schemas[n++] = &dissectors[i]->schema;
    schemas[n++] = &flow_schema;
    schemas[n++] = &health_schema;
    return n;
}

unsigned setup_schema(const struct setup *setup, const struct schema *s)
{
    unsigned i = 0;

    while (i < setup->nschemas && setup->schemas[i] != s)
        i++;
    return i;
}

/* Before it is installed, the program finds its rules beside its build folder, or
 * where the environment says. */
static const char *shipped_rules(struct setup *setup)
{
    char exe[PATH_MAX];
    const char *beside = "/../rules/shipped", *told = getenv("SIGHTGLASS_RULES");
    ssize_t n;
    char *slash;

    if (told)
        return arena_text(&setup->config->arena, told);
    if (access(setup->config->shipped_rules, R_OK) == 0)
        return setup->config->shipped_rules;
    n = readlink("/proc/self/exe", exe, sizeof exe - strlen(beside) - 1);
    if (n <= 0)
        return setup->config->shipped_rules;
    exe[n] = '\0';
    slash = strrchr(exe, '/');
    if (!slash)
        return setup->config->shipped_rules;
    memcpy(slash, beside, strlen(beside) + 1);
    return access(exe, R_OK) == 0 ? arena_text(&setup->config->arena, exe)
                                  : setup->config->shipped_rules;
}

static bool same_place(const char *a, const char *b)
{
    char real_a[PATH_MAX], real_b[PATH_MAX];

    return realpath(a, real_a) && realpath(b, real_b) && strcmp(real_a, real_b) == 0;
}

/* What cannot be read for another reason is left to whoever reads it. */
static bool is_there(struct setup *setup, unsigned i)
{
    const char *path = setup->config->site_rules.text[i];

    if (access(path, F_OK) == 0 || errno != ENOENT)
        return true;
    setup->absent |= UINT64_C(1) << i;
    if (strcmp(path, SYSCONFDIR "/sightglass/rules.d") != 0)
        diagnostics_warning(&setup->d, NULL, "rules.site: %s is not there", path);
    return false;
}

/* The shipped rules, then the site's: those that were named, else the configuration's. */
static void load_rules(struct setup *setup, const struct setup_options *options)
{
    const char *paths[SETUP_PATHS + 1] = {setup->shipped};
    struct ruleset_options o = {.schemas = setup->schemas,
                                .nschemas = setup->nschemas,
                                .paths = paths,
                                .npaths = 1,
                                .nshipped = 1};
    const struct texts *site = &setup->config->site_rules;

    for (unsigned i = 0; i < options->nrules; i++) {
        if (!same_place(options->rules[i], paths[0]))
            paths[o.npaths++] = options->rules[i];
    }
    for (unsigned i = 0; options->nrules == 0 && i < site->n; i++) {
        if (is_there(setup, i))
            paths[o.npaths++] = site->text[i];
    }
    o.site = setup->site;
    setup->rules = ruleset_load(&o, &setup->d);
}

bool setup_load(struct setup *setup, const struct setup_options *options)
{
    memset(setup, 0, sizeof *setup);
    diagnostics_open(&setup->d);
    setup->nschemas = setup_schemas(setup->schemas);
    setup->config = config_load(options->config, &setup->d);
    if (!setup->config)
        return false;
    setup->site =
        site_read(options->config, options->points, &setup->config->arena, &setup->d);
    schedule_zone(setup->config->timezone);
    if (options->interface)
        config_listen(setup->config, options->interface);
    setup->shipped = options->shipped ? options->shipped : shipped_rules(setup);
    if (!options->no_rules)
        load_rules(setup, options);
    return setup->d.errors == 0;
}

static bool had(const struct setup *setup, const char *path)
{
    const struct texts *site = &setup->config->site_rules;

    for (unsigned i = 0; i < site->n; i++) {
        if (strcmp(site->text[i], path) == 0)
            return !(setup->absent >> i & 1);
    }
    return false;
}

bool setup_follows(struct setup *now, const struct setup *before)
{
    const struct texts *site = &now->config->site_rules;
    unsigned errors = now->d.errors;

    for (unsigned i = 0; i < site->n; i++) {
        if (now->absent >> i & 1 && had(before, site->text[i]))
            diagnostics_error(&now->d, NULL, "rules.site: %s was there and is gone",
                              site->text[i])
                ->help = "put it back, or take it out of the configuration";
    }
    return now->d.errors == errors;
}

void setup_close(struct setup *setup)
{
    if (setup->rules)
        ruleset_close(setup->rules);
    if (setup->config)
        config_free(setup->config);
    diagnostics_close(&setup->d);
}

bool setup_wants(const struct setup *setup, const struct signature *s)
{
    if (s->severity < setup->config->least_severity)
        return false;
    for (unsigned i = 0; i < setup->config->disabled_rules.n; i++) {
        if (signature_is(s, setup->config->disabled_rules.text[i]))
            return false;
    }
    return true;
}
