#ifndef ALERTS_TEXT_H
#define ALERTS_TEXT_H

/*
 * What a person reads of a replay: at most 100 columns, ASCII only, times UTC,
 * colour for the severity word alone.
 *
 * Everything here writes to a FILE of the caller and keeps nothing, except the
 * screen, which puts finished alerts into the order of their beginning; its memory
 * is taken at the start and it prints early rather than grow.
 */

#include <stdio.h>

#include "alerts/event.h"

enum { TEXT_COLUMNS = 100, TEXT_NAMES = 16 };

/* The stream is a terminal, and NO_COLOR is not set. */
bool text_colour_wanted(FILE *out);

/* "1,204,331"; returns out. */
enum { TEXT_NUMBER = 28 };
const char *text_number(uint64_t n, char out[TEXT_NUMBER]);

/* ---- alerts ---------------------------------------------------------------------- */

/* The block of one alert, two lines or more. */
void text_alert(FILE *out, const struct alert *alert, bool colour);

struct screen {
    FILE *out;
    bool colour;
    struct alert *held; /* by first_seen; only what people read is of use */
    size_t n, room;
};

bool screen_open(struct screen *s, FILE *out, size_t room);

/*
 * An alert that is gone; a copy is kept.  `oldest` is the first_seen of the oldest
 * that is still open, INT64_MAX when none is: what began before it is printed.
 */
void screen_take(struct screen *s, const struct alert *alert, int64_t oldest);

/* Prints what is held. */
void screen_close(struct screen *s);

/* ---- records --------------------------------------------------------------------- */

/* A transaction, operation or flow as one line. */
void text_record(FILE *out, const struct record *r);

/* ---- a run ------------------------------------------------------------------------ */

struct text_head {
    const char *name; /* of the capture */
    uint64_t frames;
    int64_t from, to; /* ns since 1970 */
    unsigned rules;
    const char *ruleset;
};

void text_head(FILE *out, const struct text_head *head);

struct text_count {
    const char *name;
    uint64_t n;
};

struct text_protocol {
    const char *name;
    uint64_t transactions, refused, malformed, unanswered;
};

/* Numbers of a run; a zero is left out. */
struct text_summary {
    uint64_t alerts[SEVERITIES];
    uint64_t findings;   /* what they fold */
    uint64_t conditions; /* standing ones that were not printed */
    uint64_t stormed;    /* findings that only a storm alert counts */
    struct text_protocol protocols[TEXT_NAMES];
    unsigned nprotocols;
    struct text_count flows[TEXT_NAMES]; /* that are no OT, by name */
    unsigned nflows;
    const char *mirror, *baseline; /* a sentence each, or NULL */
    uint64_t frames, bytes_of_memory;
    double seconds;    /* it took */
    uint64_t alert_id; /* of the worst alert: what to look at next; 0: none */
    uint64_t alert_frame;
    const char *next; /* instead of that; NULL: none */
};

void text_summary(FILE *out, const struct text_summary *s);

#endif
