#ifndef SENSOR_INPUT_H
#define SENSOR_INPUT_H

/*
 * The bytes of a file, gunzipped where its first bytes say so.
 *
 * A window into the file is held in memory; input_need() makes the next n
 * bytes visible in it.  Pointers into the window die with the next
 * input_need().  Short reads are passed on: a pipe is read as it fills.
 */

#include <stdbool.h>
#include <zlib.h>

#include "sensor/core/bytes.h"

enum { INPUT_WINDOW = 768 * 1024, INPUT_PACKED = 64 * 1024 };

enum input_state {
    INPUT_OPEN,
    INPUT_END,       /* all was read */
    INPUT_TRUNCATED, /* a gzip file that ends too early */
    INPUT_DAMAGED,   /* not what gzip packed */
    INPUT_FAILED     /* the system could not read; `error` says why */
};

struct input {
    int fd;
    int error; /* errno of INPUT_FAILED */
    enum input_state state;
    bool packed;
    uint64_t offset; /* of window[at] in the unpacked bytes */
    size_t at, end;
    z_stream z;
    uint8_t *window; /* INPUT_WINDOW bytes */
    uint8_t *pack;   /* INPUT_PACKED bytes, when packed */
};

/* "-" is standard input.  False with errno when it cannot be opened. */
bool input_open(struct input *in, const char *path);
void input_close(struct input *in);

/*
 * The next bytes without taking them: n of them, or fewer where the file ends
 * (then `state` says how).  n is at most INPUT_WINDOW.
 */
struct bytes input_need(struct input *in, size_t n);

/* Takes n bytes, also more than the window holds.  False when the file ends. */
bool input_skip(struct input *in, uint64_t n);

#endif
