#ifndef SENSOR_READER_H
#define SENSOR_READER_H

/*
 * Captures from files, directories and standard input, in the order of time.
 *
 * Packets of one file keep their order; files are merged by the time of their
 * next packet, the earlier argument first where they are equal.  A single
 * packet from an hour or more in the future, with normal ones behind it, does
 * not hold its file back: it is merged where its neighbours are.  Times are
 * delivered as they were captured.
 *
 * A file is open only while packets of it are due, and at most `max_open` are.
 * Pipes cannot be closed and opened again: they stay open besides.
 *
 * The reader allocates as it opens files: it is for replay, not for the wire.
 */

#include "sensor/packet.h"

enum { READER_TEXT = 1024 };

struct reader;

struct reader_options {
    size_t max_open; /* files open at once; 0: 32 */
};

struct reader_counters {
    uint64_t packets;
    uint64_t skipped;   /* files in directories that are no captures */
    uint64_t truncated; /* files that end within a packet */
    uint64_t damaged;   /* files given up in the middle */
    uint64_t strange;   /* packets from far in the future */
};

/*
 * Paths are copied: files, directories (searched to the bottom), "-" for
 * standard input.  Options may be NULL.  NULL with a sentence in `why` when a
 * path cannot be read or a file that was named is no capture.
 */
struct reader *reader_open(const char *const *paths, size_t n,
                           const struct reader_options *options, char why[READER_TEXT]);
void reader_close(struct reader *r);

/* The next packet; its bytes live until the next call.  False at the end. */
bool reader_next(struct reader *r, struct raw *raw);

size_t reader_sources(const struct reader *r);
const char *reader_source_name(const struct reader *r, uint32_t source);

/* What was wrong with a source so far, as a sentence; false when nothing was. */
bool reader_warning(const struct reader *r, uint32_t source, char out[READER_TEXT]);

const struct reader_counters *reader_counters(const struct reader *r);

#endif
