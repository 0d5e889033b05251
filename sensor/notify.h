#ifndef SENSOR_NOTIFY_H
#define SENSOR_NOTIFY_H

/*
 * What the service manager is told: sd_notify(3), without libsystemd.
 *
 * The supervisor is the main process: it sends STOPPING and WATCHDOG.  The sensor,
 * its child, knows when it captures and sends READY, RELOADING and STATUS; so the unit
 * says NotifyAccess=all.
 *
 *     notify("READY=1\nSTATUS=capturing on %u interfaces", n);
 */

#include <stdbool.h>

/* At most 511 bytes.  False when nobody listens ($NOTIFY_SOCKET) or it did not arrive. */
bool notify(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* RELOADING=1 with the time systemd wants to see; READY=1 must follow. */
bool notify_reloading(void);

#endif
