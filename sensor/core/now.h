#ifndef CORE_NOW_H
#define CORE_NOW_H

/*
 * What the system's clocks say, ns: for time-outs of sockets and disks, for what goes to
 * people, and for a capture that must know when its packets' clock was set.  Nothing
 * that follows from packets asks them: their own time is its clock (clock.h).
 *
 * From any thread.
 */

#include <stdint.h>

/* Since 1970; may be set forward and back. */
int64_t now_wall(void);

/* Since some moment before; only goes on. */
int64_t now_monotonic(void);

#endif
