#ifndef RULES_REWRITE_H
#define RULES_REWRITE_H

/*
 * Scalars of files people wrote, replaced where they stand; all else stays as it is,
 * comments included.  Files are replaced whole, by a rename.
 */

#include "sensor/core/yaml.h"

enum { REWRITES_MAX = 4096, REWRITE_TEXT = 128 };

struct rewrite {
    const struct yaml *scalar; /* as it was loaded; its source must still be there */
    char text[REWRITE_TEXT];   /* what shall stand there */
};

struct rewrites {
    unsigned n;
    struct rewrite list[REWRITES_MAX];
};

/* False when there are too many, or it stands nowhere in a file as it is. */
bool rewrite_add(struct rewrites *r, const struct yaml *scalar, struct bytes text);

/* The number of files changed; -1 and the name of one that could not be written. */
int rewrite_apply(struct rewrites *r, const char **failed);

#endif
