#ifndef TESTS_FEED_H
#define TESTS_FEED_H

/*
 * One flow of one protocol, fed with bytes by hand: a stream cut by length(), or
 * whole messages.  It keeps the records that come out, and their text.
 *
 * It owns them until feed_close(), which checks that every record came back to its
 * pool.
 */

#include <stdio.h>

#include "dissectors/dissector.h"

enum { FEED_RECORDS = 256, FEED_BUFFER = 1 << 14 };

struct feed {
    const struct dissector *dissector;
    struct side side;
    struct clock clock;
    struct parties parties;
    struct exchanger home;
    struct exchange exchange;
    size_t pool;
    uint64_t frame;
    struct record *records[FEED_RECORDS];
    size_t nrecords;      /* kept: those that found a place */
    size_t ndone;         /* came out */
    size_t ntransactions; /* of them, those that are no operation */
    size_t nrequests;     /* were seen open */
    bool keep;            /* false: only counts and text */
    FILE *out;            /* their text, if not NULL */
    size_t refused;       /* bytes length() did not want */
    uint8_t buffer[2][FEED_BUFFER];
    size_t held[2];
};

/* framing 0 for protocols that have none; n records in the pool. */
void feed_open(struct feed *f, const struct dissector *d, unsigned framing, size_t n);

/* The flow ends; all records go back.  Asserts that none is missing. */
void feed_close(struct feed *f);

/* The flow ends, its records are kept. */
void feed_end(struct feed *f);

/* Bytes of a stream, in the order they came; cut as an engine would. */
void feed_bytes(struct feed *f, unsigned direction, const uint8_t *at, size_t len);

/* One whole message, whatever length() says of it.  The bytes are read in place. */
enum verdict feed_message(struct feed *f, unsigned direction, const uint8_t *at,
                          size_t len);

/* "00 01 0a", any blanks between. */
void feed_hex(struct feed *f, unsigned direction, const char *hex);

/* Time passes; what is overdue goes out. */
void feed_wait(struct feed *f, int64_t ns);

/* The record that came out last; asserts that there is one. */
const struct record *feed_last(const struct feed *f);

/* Bytes of hex in out; asserts that the text is hex and fits. */
size_t hex_bytes(const char *hex, uint8_t *out, size_t size);

bool has_violation(const struct record *r, unsigned reason);

#endif
