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

enum { CONFIG_OUTPUTS = 16, CONFIG_INTERFACES = 16 };

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
    OUTPUT_STATS = 1 << 6,
};

/* What becomes of entries no consumer group has acknowledged. */
enum config_trim_unread { CONFIG_TRIM_NEVER };

enum outbox_full { OUTBOX_DROP_LOWEST, OUTBOX_DROP_OLDEST };

/* One port to listen on. */
struct config_interface {
    const char *name;   /* of the system */
    const char *group;  /* ports of one group are one capture; NULL: its own name */
    uint32_t snaplen;   /* bytes kept of a frame */
    uint64_t ring;      /* bytes of the kernel's ring */
    const char *filter; /* BPF, "" : none; VLAN-aware variants are made of it */
    bool promiscuous;
    bool require_silent; /* refuse a port that has an address or answers ARP or ND */
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
    const char *tls_ca, *tls_cert, *tls_key;  /* files; tls_ca NULL: no TLS */
    int64_t trim_keep; /* ns an entry stays in the stream; 0: for ever */
    enum config_trim_unread trim_unread;
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
    const char *contact;  /* NULL: none */
    const char *timezone; /* for people; events are always UTC */

    const char *user;         /* whom the sensor runs as */
    uint32_t workers;         /* of each interface group */
    uint64_t packet_ring;     /* bytes of each group's ring of packets */
    int64_t response_timeout; /* ns; 0: each protocol's own */
    struct config_interface *interfaces;
    unsigned ninterfaces;

    const char *shipped_rules;    /* a directory */
    struct texts site_rules;      /* directories and files; the default may be missing */
    struct texts disabled_rules;  /* ids and names, or what they begin with and a * */
    enum severity least_severity; /* what is below is not told */

    int64_t first_days;                /* ns from the first start; 0: nothing waits */
    int64_t update_every, close_after; /* ns */
    struct config_rate alert_rate;
    uint64_t alert_bytes;

    const char *evidence; /* a directory */
    uint32_t evidence_before;
    uint64_t evidence_bytes, evidence_total; /* of an alert; of the directory */
    uint64_t evidence_send;                  /* bytes that go to Redis too; 0: none */

    struct config_output *outputs;
    unsigned noutputs;

    const char *state;   /* the directory it may write to */
    const char *control; /* path of the control socket */
    uint64_t outbox_size;
    int64_t outbox_age; /* ns */
    enum outbox_full outbox_full;

    uint64_t memory; /* bytes all tables may add up to */
    uint32_t flows, pending_requests, records;
    bool ndpi;

    int64_t heartbeat, stats; /* ns between two */
    const char *metrics;      /* "unix:/path", a file, or NULL */
};

/*
 * The file and what it includes, or the defaults alone when path is NULL.  NULL
 * when there was any error; d then has all of them.
 */
struct config *config_load(const char *path, struct diagnostics *d);

/* The same for text at hand; relative paths are beside source->file. */
struct config *config_read(const struct source *source, struct diagnostics *d);

struct config *config_default(void);

/* Listens on this interface alone; what was said of it, or the defaults, hold. */
void config_listen(struct config *c, const char *interface);
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
