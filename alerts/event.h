#ifndef ALERTS_EVENT_H
#define ALERTS_EVENT_H

/*
 * What leaves the sensor: one JSON line, and what a sink must know to treat it.
 * An event and all it points to live for the call that hands it over.
 */

#include "alerts/finding.h"
#include "sensor/core/timers.h"

enum event_kind {
    EVENT_ALERT,  /* new or escalated */
    EVENT_UPDATE, /* counts, another act of the same kind, or the end */
    EVENT_GONE,   /* an alert leaves the table: no line, for screens */
    EVENT_RECORD, /* a transaction, an operation, a flow */
    EVENT_STATS,  /* counters of the sensor itself */
    EVENT_KINDS
};

enum alert_state {
    ALERT_NEW,
    ALERT_ESCALATED,
    ALERT_REPEATED, /* another act of mode, program or command */
    ALERT_UPDATED,
    ALERT_CLOSED,  /* an event that was quiet long enough */
    ALERT_CLEARED, /* a condition that is over */
};

extern const struct label alert_state_labels[];

enum { ALERT_NAME = 32, ALERT_TECHNIQUE = 16 };

struct alert {
    /* what identifies it */
    uint64_t root, id;
    uint32_t signature, occurrence, update;
    enum alert_state state;
    /* what it came to */
    enum severity severity;
    unsigned score;
    bool condition;
    bool health; /* the sensor's own: engine `health` */
    bool urgent; /* another act waits to be told */
    bool held;   /* for the report: it goes to no output */
    uint64_t count;
    int64_t first_seen, last_seen; /* ns since 1970 */
    /* for people; copies */
    char summary[FINDING_SUMMARY];
    char detection[ALERT_NAME]; /* "MB-01", or the signature's number */
    char technique[ALERT_TECHNIQUE];
    struct address src, dst; /* of the record that was told last */
    uint16_t src_port, dst_port;
    uint8_t outcome;
    uint64_t frame; /* that completed it */
    /* of the life cycle */
    struct alert *hash_next, *quieter, *later;
    struct timer timer;
    int64_t latest, told; /* scale of `now`: last finding, last told */
    int64_t quiet;        /* ns after which it ends */
    uint64_t count_told;
    char *body; /* the line without its beginning and its counts */
    uint32_t head, tail;
    bool large;
};

struct event {
    enum event_kind kind;
    enum severity severity; /* SEVERITY_INFO for what is no alert */
    bool health;            /* it is about the sensor itself */
    uint8_t record;         /* of EVENT_RECORD: enum record_kind */
    uint64_t alert_id;      /* 0: no alert */
    uint32_t update;
    uint64_t root;      /* of the alert */
    int64_t time;       /* ns since 1970 */
    struct bytes line;  /* JSON with its newline; empty for EVENT_GONE */
    struct bytes saved; /* what a restart needs to go on with the alert; empty: nothing */
    bool over;          /* the alert is closed by this */
    bool held;          /* for the report alone */
    const struct alert *alert; /* NULL behind a ring: the other thread owns it */
};

/* An event as bytes that go through a tube: all but `alert`. */
size_t event_size(const struct event *e);
void event_pack(const struct event *e, void *out); /* aligned for any type */

/* Borrows the bytes it was packed into. */
struct event event_unpack(const void *packed);

#endif
