#ifndef ALERTS_OUTBOX_LOOK_H
#define ALERTS_OUTBOX_LOOK_H

/*
 * A look into the outbox from beside it, while its owner goes on writing.
 */

#include <stdint.h>

/*
 * The root cause of an alert whose id, or root cause, is within these bounds: how many
 * there are; 0 also when the outbox cannot be read.
 */
unsigned outbox_look_root(const char *path, uint64_t low, uint64_t high, uint64_t *root);

#endif
