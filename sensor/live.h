#ifndef SENSOR_LIVE_H
#define SENSOR_LIVE_H

/*
 * The sensor on the wire: its threads, and all that goes between them.
 *
 *      capture ──packets──▶ workers ──▶ analysis ──events, cuts──▶ output
 *         │                              ▲  │  ▲                     │
 *         │ ───────────notices───────────┘  │  └───────notices────── │
 *         └──status──▶  main  ◀──status─────┘                        │
 *                       │  ▲ ◀─────────────────status────────────────┘
 *                       └──┴── orders to analysis and output, the control socket
 *
 * Every arrow is a ring or a tube of one writer and one reader.  With one interface
 * group and one worker, worker and analysis are one thread.  Who opened something
 * closes it; main opens all before the first thread starts, and closes all after the
 * last one has ended.
 *
 * Order of the end: captures stop, workers come to the end of what they have, open
 * alerts are told, the output goes on for a while, main closes.
 */

#include "alerts/outbox_copy.h"
#include "sensor/analysis.h"
#include "sensor/capture.h"
#include "sensor/control.h"
#include "sensor/evidence.h"
#include "sensor/health.h"
#include "sensor/metrics.h"
#include "sensor/outputs.h"
#include "sensor/pipeline.h"
#include "sensor/snapshot.h"
#include "sensor/supervisor.h"

enum { LIVE_ERROR = 1024, LIVE_LATE = 8 };

/* Bytes of events on their way to the output: from analysis, and from main. */
enum { LIVE_EVENTS = 4 * 1024 * 1024, LIVE_DELIVERIES = 1024 * 1024 };

/* ---- what goes between threads ------------------------------------------------ */

/* What a capture thread knows, about once a second. */
struct live_seen {
    struct status_interface interfaces[CONFIG_INTERFACES]; /* its own are filled */
    int64_t read; /* ns since 1970: until then the wire was read */
    uint64_t clock_jumps;
    bool listens; /* at least one of its interfaces */
};

/* From main to analysis, and back when it is done with. */
enum order_kind { ORDER_SETUP, ORDER_MUTES, ORDER_QUESTION };

struct live_order {
    enum order_kind kind;
    void *
        what; /* a question; or the new one; on its way back the one that was in force, or NULL */
};

/* From main to the output. */
enum delivery_kind { DELIVER_EVENT, DELIVER_HEALTH };

struct live_delivery {
    enum delivery_kind kind;
    unsigned n; /* pairs of texts behind it */
};

/*
 * What only the output thread can do, for it has the outbox: one of each at a time.
 * Who asks sets ERRAND_ASKED, and touches the rest again after ERRAND_DONE.
 */
enum errand { ERRAND_NONE, ERRAND_ASKED, ERRAND_DONE };

struct live_copy {
    atomic_int state; /* enum errand */
    char path[PATH_MAX];
    char error[OUTBOX_ERROR]; /* "": it is there */
};

/* The root cause of an alert whose id is within bounds. */
struct live_search {
    atomic_int state; /* enum errand */
    uint64_t low, high;
    unsigned n; /* how many there are */
    uint64_t root;
};

/* ---- the threads -------------------------------------------------------------- */

struct live_capture {
    struct live *live;
    unsigned front;
    const char *group;
    struct capture capture;
    struct packet_ring packets;
    uint64_t kept; /* position of the oldest packet that is still needed, or before it */
    struct ring notices, seen;
    struct blackbox_slot *slot;
    int64_t wall, told; /* ns: of the latest look at the clocks; at the status */
    pthread_t thread;
    bool started;
};

struct live {
    struct run_info *info;
    struct setup_options options; /* as the command line said, for a reload */
    struct setup *boot;           /* its configuration stays as long as the sensor */
    struct setup *setup;          /* in force */
    atomic_bool stopping;         /* captures shall end */
    atomic_bool closing;          /* and then the output */
    atomic_bool reopen;           /* files of the output */

    struct live_capture captures[CONFIG_INTERFACES];
    unsigned ncaptures;
    struct packet_source sources[CONFIG_INTERFACES];
    struct pipeline pipeline;
    struct blackbox_slot *lanes[PIPELINE_LANES + 1];

    /* analysis' own */
    struct encoder encoder;
    struct encode_source names[CONFIG_INTERFACES];
    struct alerts alerts;
    struct analysis analysis;
    struct record_pool findings; /* of notices */
    int64_t told;                /* ns, monotonic: its status */
    struct status_analysis being_told;

    /* between */
    struct tube events;     /* analysis to output: packed struct event */
    struct tube deliveries; /* main to output */
    struct ring cuts;       /* analysis to output: struct evidence_request */
    struct ring notices[2]; /* to analysis: of the output, of main */
    struct ring orders, done;
    struct ring analysed, delivered; /* status to main */
    struct ring muted;               /* analysis to main: struct mutes_counts */
    struct bell output_bell, main_bell;
    struct live_copy copy;     /* for a snapshot */
    struct live_search search; /* for main */
    atomic_ullong events_lost, cuts_lost, notices_lost;
    atomic_int cut_error; /* errno of the latest cut that could not be written; or 0 */

    /* output's own */
    struct outputs outputs;
    struct evidence evidence;
    uint8_t *sent; /* a file of evidence on its way, evidence.send bytes */
    struct outbox_copy copying;
    struct blackbox_slot *output_slot;
    int64_t output_told; /* ns, monotonic: its status */
    pthread_t output;
    bool output_started;

    struct live_main *main;
};

/* The output of the ring of notices, and main's. */
enum { NOTICES_OUTPUT, NOTICES_MAIN };

/*
 * Opens everything and starts the threads; the first of them confine themselves.
 * False, with every error told on stderr, when something cannot be opened.
 * live_close() in either case.
 */
bool live_open(struct live *l, struct setup *setup, const struct setup_options *options,
               struct run_info *info);
bool live_start(struct live *l);

/* Until SIGTERM or SIGINT; the exit status. */
int live_run(struct live *l);

/* Ends the threads, in order. */
void live_stop(struct live *l);
void live_close(struct live *l);

/* What must be writable besides the state directory; for the confinement. */
size_t live_ring_bytes(const struct config *c); /* shared memory for the packet rings */

/* ---- for the parts, each in a file of its own ----------------------------------- */

/* live_capture.c */
bool live_capture_open(struct live *l);
bool live_capture_start(struct live *l);
void live_capture_stop(struct live *l);
void live_capture_close(struct live *l);

/* live_analysis.c: in the thread that calls the sink */
bool live_analysis_open(struct live *l);
void live_between(void *context);
void live_tick(void *context, int64_t now);
void live_analysis_close(struct live *l);

/* live_output.c */
bool live_output_open(struct live *l);
bool live_output_start(struct live *l);
void live_output_stop(struct live *l);
void live_output_close(struct live *l);

/* live_main.c */
bool live_main_open(struct live *l);
void live_main_close(struct live *l);

/* A notice of main's; lost, and counted, when analysis has no room. */
void live_tell(struct live *l, const struct notice *n);

#endif
