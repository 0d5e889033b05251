#ifndef SENSOR_STATUS_H
#define SENSOR_STATUS_H

/*
 * How the sensor is, at one moment: plain data that goes from thread to thread by
 * copy, and from there to `status`, the stats event, the health hash and the metrics.
 *
 * Counts are since the start of the process.  Times are ns since 1970.
 */

#include <stdio.h>

#include "sensor/config.h"
#include "sensor/core/clock.h"

/* Both libraries have a json_object(): who needs one of them includes it himself. */
struct json;
struct json_t; /* of jansson */

enum { STATUS_NAME = 32, STATUS_ERROR = 200, STATUS_PROTOCOLS = 32, STATUS_TABLES = 24 };
enum { STATUS_OUTPUTS = CONFIG_OUTPUTS, STATUS_INTERFACES = CONFIG_INTERFACES };

struct status_interface {
    char name[STATUS_NAME], group[STATUS_NAME];
    bool up;               /* open and receiving */
    uint64_t received;     /* packets read from the kernel */
    uint64_t bytes;        /* of them, on the wire */
    uint64_t kernel_lost;  /* packets the kernel's ring had no room for */
    uint64_t device_lost;  /* packets the interface itself lost */
    uint64_t ring_lost;    /* packets our own ring had no room for */
    uint64_t cut;          /* packets cut by the snap length */
    uint64_t sent;         /* frames the port has sent since it was opened: must stay 0 */
    uint64_t opened;       /* times it was opened */
    uint64_t ring_highest; /* per mille of our ring that were in use at most */
    int64_t last_packet;   /* 0: none yet */
};

struct status_protocol {
    char name[STATUS_NAME];
    uint64_t transactions, refused, unanswered, malformed;
};

struct status_table {
    char name[STATUS_NAME];
    uint64_t let_go;
};

/* What analysis knows, told once a second. */
struct status_analysis {
    uint64_t packets; /* all workers have finished */
    uint64_t records, flows, health, findings, muted;
    uint64_t records_lost; /* full rings between the threads */
    uint64_t notices_lost; /* of the sensor's own health, likewise */
    uint64_t cuts_lost;    /* alerts whose evidence nobody cut */
    uint64_t alerts[SEVERITIES], updates, open;
    int64_t seen; /* packet time of the latest record or watermark */
    uint64_t clock_jumps;
    unsigned nprotocols, ntables;
    struct status_protocol protocols[STATUS_PROTOCOLS];
    struct status_table tables[STATUS_TABLES];
    char ruleset[16]; /* version of the rules in force */
    unsigned rules;
};

struct status_output {
    char name[STATUS_NAME], type[STATUS_NAME];
    bool connected;
    uint64_t backlog; /* committed, not yet acknowledged by the other side */
    int64_t oldest;   /* time of the oldest of them; 0: none waits */
    uint64_t delivered, lost, rejected;
    int64_t last;             /* the latest acknowledgement; 0: none yet */
    char error[STATUS_ERROR]; /* the latest failure, ""; none */
};

/* The way of the latest test alert. */
struct status_test {
    uint64_t alert_id;                 /* 0: none yet */
    int64_t raised;                    /* the line was made */
    int64_t committed;                 /* it is on disk; 0: not yet */
    int64_t delivered[STATUS_OUTPUTS]; /* by output; 0: not yet */
};

/* What the output thread knows. */
struct status_outputs {
    uint64_t committed; /* events on disk so far */
    uint64_t tube_lost; /* events that found no room on their way to the outbox */
    uint64_t outbox_rows, outbox_bytes;
    unsigned outbox_percent; /* of what it may take */
    int64_t commit_latency;  /* ns from handing over to disk, the latest batch at most */
    unsigned n;
    struct status_output output[STATUS_OUTPUTS];
    struct status_test test;
    bool damaged; /* the outbox was begun anew */
};

struct status {
    const char *version, *site, *name;
    int64_t now, started;
    unsigned crashes; /* of this service since it was started */
    bool ndpi;
    uint64_t refused_calls; /* by the confinement */
    uint64_t memory;        /* bytes resident */
    unsigned ninterfaces;
    struct status_interface interfaces[STATUS_INTERFACES];
    struct status_analysis analysis;
    struct status_outputs outputs;
};

/*
 * Seeing: percent of the packets offered that were analysed, 0 when nothing can be
 * seen (no interface up).  Delivering: percent of what was committed that every
 * output has taken.
 */
double status_seeing(const struct status *s);
double status_delivering(const struct status *s);

/* ---- as JSON, between the control socket and the command (status_json, _read) --- */

/* Members of the object that is open in j: all there is. */
void status_json(const struct status *s, struct json *j);

/*
 * The same object back.  What is absent is 0 or "", what is no status at all is
 * refused.  Texts stay those of the JSON: keep it as long as the status.
 */
bool status_from_json(const struct json_t *object, struct status *s);

/* ---- for people (status_text) ---------------------------------------------------- */

/* A screen of at most 100 columns, ASCII; ends with what to do next. */
void status_text(const struct status *s, FILE *out);

/* ---- for machines (stats, metrics_text) ------------------------------------------- */

/* The fields of the health hash, in its order. */
enum { STATUS_PAIRS = 32 };

struct status_pair {
    const char *name;
    char value[STATUS_ERROR];
};

unsigned status_pairs(const struct status *s, struct status_pair pairs[STATUS_PAIRS]);

#endif
