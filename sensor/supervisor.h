#ifndef SENSOR_SUPERVISOR_H
#define SENSOR_SUPERVISOR_H

/*
 * The parent process: it sees no packet, and starts the sensor again when one ended it.
 *
 *   - It forks the sensor and waits.  A sensor that ends by a signal or an exit status
 *     other than 0 and 2 has crashed; so has one in which a thread shows no life for
 *     `hang` (it is killed).  2 is a usage error: starting again would not help, unless
 *     there was a crash before: then it had started, and what it lacks may come back.
 *   - After a crash the packets at hand are kept in state_dir/crash (blackbox.h), and
 *     the sensor starts again: at once, and after more and more time (half a second,
 *     doubled to at most 30 s) while each lives less than `settled`.
 *   - Two crashes within `window`: without nDPI from then on, until the service itself
 *     is started anew.
 *   - SIGTERM and SIGINT end the sensor by SIGTERM (by SIGKILL after `stop`), SIGHUP is
 *     passed on.
 *   - Until when the wire was seen (blackbox_watched()) is written to state_dir/alive
 *     once a second, so that even a new start of the service knows its gap.
 *   - The service manager's watchdog is answered as long as this loop turns.
 *
 * The sensor starts with SIGTERM, SIGINT and SIGHUP blocked, for a signalfd.  It is
 * ended by SIGTERM should the supervisor die (so nothing in it may change its user).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/blackbox.h"

enum { CRASH_DETAIL = 200 };

/* What the sensor should know of those before it; lives until it ends. */
struct run_info {
    unsigned crashes; /* since supervise() began */
    bool ndpi;        /* may be used */
    /* ns since 1970: until then the wire was seen; 0: not known. */
    int64_t stopped_at;
    /* The latest crash: a sentence, and a file of its packets; "" : none. */
    char crash_detail[CRASH_DETAIL];
    char crash_file[BLACKBOX_PATH];
    struct blackbox *box;
    /* Of options.shared bytes; zero at first, then what the one before left in it. */
    void *shared;
    size_t shared_size;
};

struct supervisor_options {
    const char *state_dir; /* must be there; NULL: nothing is kept */
    size_t shared;         /* bytes for the packet rings; 0: none */
    /* ns; 0: the default in brackets. */
    int64_t hang;    /* without a beat (10 s) */
    int64_t start;   /* until the first thread takes a slot (60 s) */
    int64_t stop;    /* from SIGTERM to SIGKILL (20 s) */
    int64_t settled; /* a sensor that lived so long did not crash at once (10 s) */
    int64_t window;  /* (10 minutes) */
};

/*
 * Returns in both processes, with an exit status for main to return: in the sensor
 * what `sensor` returned, in the supervisor that of a sensor that ended as it should
 * (1 when it had to be killed, or could not be started at all).
 */
int supervise(const struct supervisor_options *options,
              int (*sensor)(void *context, struct run_info *info), void *context);

#endif
