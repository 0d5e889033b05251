#ifndef TESTS_SAMPLES_H
#define TESTS_SAMPLES_H

/*
 * The sample messages of tests/messages, read whole: see the README there.
 *
 * A dialogue owns its messages until the next samples_read() into it.
 */

#include "dissectors/dissector.h"

enum { SAMPLE_MESSAGES = 256, SAMPLE_BYTES = 1 << 16, SAMPLE_FILES = 128 };

struct sample {
    uint8_t side;
    struct bytes bytes;
};

struct dialogue {
    char name[256]; /* its file */
    unsigned framing;
    struct sample messages[SAMPLE_MESSAGES];
    size_t n;
    uint8_t bytes[SAMPLE_BYTES];
    size_t used;
};

/* Calls `each` for every file of the dissector's directory, in order of names. */
void samples_each(const struct dissector *d, struct dialogue *room,
                  void (*each)(const struct dissector *d, const struct dialogue *c,
                               void *context),
                  void *context);

/* tests/messages of the sources, wherever the build is. */
const char *samples_folder(void);

#endif
