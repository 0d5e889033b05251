#ifndef SENSOR_REPLAY_H
#define SENSOR_REPLAY_H

/*
 * Captures through the pipeline and one analysis: plain calls in one thread, or several
 * workers in threads of their own, with the same output byte for byte.
 *
 * `replay` and `test` share it.
 */

#include "sensor/analysis.h"
#include "sensor/pipeline.h"
#include "sensor/reader.h"

struct replay_options {
    struct worker_options worker;
    unsigned workers; /* more than one: threads */
    double speed;     /* times packet time; 0: as fast as it goes */
    bool progress;    /* a line on stderr each second, when it is a terminal */
};

struct replay {
    struct reader *reader;
    struct pipeline pipeline;
    struct analysis *analysis;
    struct encode_source *sources; /* for the encoder: grows with the reader's */
    uint64_t frames, bytes;
    int64_t first, last; /* ns since 1970: of the earliest and latest packet */
    double seconds;      /* it took */
    struct worker_counters counts;
    struct decode_counters decoded;
};

/*
 * All packets of the paths.  False with a sentence in `why` when a path cannot be
 * read or memory lacks.  `analysis` was opened and is ended in either case; its encoder
 * learns the names of the sources.  replay_close() afterwards, in either case.
 */
bool replay_run(struct replay *r, const char *const *paths, size_t npaths,
                const struct replay_options *options, struct analysis *analysis,
                char why[READER_TEXT]);
void replay_close(struct replay *r);

#endif
