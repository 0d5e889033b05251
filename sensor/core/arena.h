#ifndef CORE_ARENA_H
#define CORE_ARENA_H

/*
 * Memory for what is loaded together and let go together: a configuration, a
 * rule set.
 *
 * Only for loading, never while packets flow.  What is taken stays where it is
 * until arena_close().  When memory lacks the process ends: half a rule set is
 * no rule set, and whoever starts us starts us again.
 */

#include <stddef.h>

#include "sensor/core/bytes.h"

enum { ARENA_FORMAT = 4096 };

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    size_t left;  /* bytes free in the first chunk */
    size_t total; /* bytes taken from the system */
};

/* Zeroed, aligned for any type; never NULL.  A zeroed arena is an empty one. */
void *arena_take(struct arena *a, size_t size);

/* A copy with a zero byte behind it. */
char *arena_copy(struct arena *a, struct bytes b);
char *arena_text(struct arena *a, const char *text);

/* Formatted text, cut at ARENA_FORMAT bytes. */
char *arena_format(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void arena_close(struct arena *a);

#endif
