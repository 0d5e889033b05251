#ifndef SENSOR_LIVE_MAIN_H
#define SENSOR_LIVE_MAIN_H

/*
 * The main thread of the live sensor: signals, the control socket, metrics, and once a
 * second what the others have to tell.  Nothing here waits for a client or a disk but
 * a reload, which reads files, and meanwhile everything else goes on.
 */

#include "sensor/live.h"
#include "sensor/verbs.h"

enum { LIVE_LOSSES = 4 };

/* A snapshot is written by a thread of its own. */
struct live_snapshot {
    struct live *live;
    struct snapshot files;
    struct bytes status; /* JSON, taken when it was asked for */
    uint64_t call;
    char why[SNAPSHOT_TEXT]; /* "" : it went well */
    pthread_t thread;
    bool running;
    atomic_bool done;
};

/* A configuration that is on its way to analysis. */
struct live_reload {
    struct setup *coming; /* NULL: none */
    uint64_t call;        /* who waits for it; 0: nobody */
};

/* A mute of an alert, whose root cause is looked for. */
struct live_muting {
    uint64_t call; /* 0: none */
    struct mute mute;
};

struct live_main {
    struct live *live;
    int epoll, signals;
    struct control *control;
    struct metrics *metrics; /* or NULL */
    struct blackbox_slot *slot;
    struct mutes mutes;
    struct mutes_counts counted;
    bool mutes_changed; /* analysis does not know yet */
    char mutes_file[PATH_MAX];
    struct status status;
    struct live_seen seen[CONFIG_INTERFACES]; /* of each capture, the latest */
    struct live_reload reload;
    struct live_snapshot snapshot;
    struct live_muting muting;
    int64_t second, stats, heartbeat; /* ns, monotonic: when each is due */
    int64_t reminded;             /* ns, monotonic: when exceptions are looked at next */
    uint64_t losses[LIVE_LOSSES]; /* what was told of each */
    unsigned tests;
    bool hung_up; /* a SIGHUP that is still to be heard */
    bool ran, stop;
};

/* Every verb of the control socket (live_verbs.c); the context is struct live_main. */
extern const struct control_verb live_verbs[];

/* Something for analysis to do; false when there is no room for it. */
bool live_order(struct live *l, enum order_kind kind, void *what);

/* Takes in what the other threads have told, and puts it together. */
void live_collect(struct live_main *m);

/*
 * Reads everything again; the new setup goes to analysis.  On errors d has all of
 * them, nothing is changed, and it is told as a notice.  One at a time.
 */
bool live_reload_begin(struct live_main *m, uint64_t call, struct setup **refused);

/* The same for the list of mutes, as soon as there is room. */
void live_send_mutes(struct live_main *m);

/* What came back from analysis; an alert that is found; a snapshot that is written. */
void live_take_back(struct live_main *m);
void live_mute_found(struct live_main *m);
void live_snapshot_done(struct live_main *m);

#endif
