#ifndef SENSOR_CONFIG_H
#define SENSOR_CONFIG_H

/*
 * What a sensor was told to do: one sightglass.yaml and what it includes.
 *
 * A configuration loads whole or not at all, and never changes once it is loaded.
 * It is plain data; its texts live in its own arena until config_free().  Every
 * setting stands in the table of settings.c, which gives it its default, bounds
 * and words.  Secrets are not in here, only the files they are in.
 *
 * Loading takes memory and reads files: never while packets flow.
 */

#include <stdio.h>

#include "alerts/finding.h"
#include "sensor/core/arena.h"
#include "sensor/core/diagnostic.h"

enum { CONFIG_OUTPUTS = 16 };

enum output_type { OUTPUT_REDIS, OUTPUT_FILE, OUTPUT_TYPES };

enum config_redis_mode { CONFIG_REDIS_STREAM, CONFIG_REDIS_LIST, CONFIG_REDIS_CHANNEL };

/* What an output carries; a set of bits. */
enum output_what {
    OUTPUT_ALERTS = 1 << 0,
    OUTPUT_UPDATES = 1 << 1,
    OUTPUT_HEALTH = 1 << 2,
    OUTPUT_TRANSACTIONS = 1 << 3,
    OUTPUT_FLOWS = 1 << 4,
    OUTPUT_OPERATIONS = 1 << 5,
};

struct config_rate {
    uint32_t count;
    int64_t within; /* ns */
};

struct config_redis {
    struct texts servers;      /* "host:port" or "unix:/path" */
    const char *user;          /* NULL: none */
    const char *password_file; /* NULL: none */
    enum config_redis_mode mode;
    const char *keys;                         /* as written, with <site> and <sensor> */
    const char *prefix;                       /* keys with these filled in */
    int64_t connect_timeout, command_timeout; /* ns */
    uint32_t queue;                           /* entries */
};

struct config_file {
    const char *path;
    uint64_t rotate_size; /* bytes; 0: never */
    uint32_t keep;        /* files beside the current one */
};

struct config_output {
    const char *name; /* unique */
    enum output_type type;
    uint32_t what; /* enum output_what */
    struct config_redis redis;
    struct config_file file;
};

struct config {
    struct arena arena;
    uint32_t version;
    struct texts include; /* globs, taken in already */

    const char *name, *site;
    const char *contact; /* NULL: none */

    int64_t response_timeout; /* ns; 0: each protocol's own */

    const char *shipped_rules;    /* a directory */
    struct texts site_rules;      /* directories and files; the default may be missing */
    struct texts disabled_rules;  /* ids and names, or what they begin with and a * */
    enum severity least_severity; /* what is below is not told */

    int64_t update_every, close_after; /* ns */
    struct config_rate alert_rate;
    uint64_t alert_bytes;

    struct config_output *outputs;
    unsigned noutputs;

    uint32_t flows, pending_requests, records;
    bool ndpi;
};

/*
 * The file and what it includes, or the defaults alone when path is NULL.  NULL
 * when there was any error; d then has all of them.
 */
struct config *config_load(const char *path, struct diagnostics *d);

/* The same for text at hand; relative paths are beside source->file. */
struct config *config_read(const struct source *source, struct diagnostics *d);

struct config *config_default(void);
void config_free(struct config *c);

/*
 * An error in d for each setting that differs and is not taken over by a reload;
 * false when there was one.
 */
bool config_reloadable(const struct config *running, const struct config *next,
                       struct diagnostics *d);

/* What is in force, as YAML that loads to the same. */
void config_dump(const struct config *c, FILE *out);

/* The file we ship: every setting with its default and what it means. */
void config_print_default(FILE *out);

/* Every setting with its default, bounds and meaning: help and manual. */
void config_print_help(FILE *out);

#endif
