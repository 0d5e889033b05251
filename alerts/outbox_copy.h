#ifndef ALERTS_OUTBOX_COPY_H
#define ALERTS_OUTBOX_COPY_H

/*
 * A copy of an outbox that goes on: only its owner has it open, so its owner makes the
 * copy, a little at a time.  What is committed in between is in the copy as well.
 */

#include "alerts/outbox.h"

struct outbox_copy {
    sqlite3 *to;
    sqlite3_backup *backup; /* NULL: none is under way */
    char error[OUTBOX_ERROR];
};

enum outbox_copy_state { COPY_GOES_ON, COPY_DONE, COPY_FAILED };

/* The file must not be there yet.  False with `error`. */
bool outbox_copy_begin(struct outbox_copy *c, struct outbox *b, const char *path);

/*
 * Goes on for about so long.  After COPY_DONE the copy is one file that anybody may
 * open; after COPY_FAILED, with `error`, what is there of it is nothing.
 */
enum outbox_copy_state outbox_copy_step(struct outbox_copy *c, int64_t ns);

/* Gives it up, whatever its state. */
void outbox_copy_end(struct outbox_copy *c);

/*
 * The root cause of an alert whose id, or root cause, is within these bounds: how many
 * there are of those that a restart would take back.
 */
unsigned outbox_root_of(struct outbox *b, uint64_t low, uint64_t high, uint64_t *root);

#endif
