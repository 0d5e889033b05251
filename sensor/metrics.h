#ifndef SENSOR_METRICS_H
#define SENSOR_METRICS_H

/*
 * A status as text for Prometheus, and the way it is fetched: from a unix socket that
 * answers any GET, or from a file for the textfile collector of its node exporter.
 *
 * One thread owns it and drives it by its epoll: metrics_fd() is readable when there
 * is something to do.  It never blocks, and serves METRICS_CLIENTS at a time; one more
 * pushes out the oldest, so that nobody can shut out the collector.
 */

#include <stdio.h>

#include "sensor/status.h"

enum { METRICS_CLIENTS = 8, METRICS_TEXT = 128 * 1024, METRICS_ERROR = 160 };

/* Text exposition format 0.0.4, which `promtool check metrics` accepts. */
void metrics_print(const struct status *s, FILE *out);

struct metrics;

/* "unix:/path" or the path of a file; NULL with a sentence in error when it cannot. */
struct metrics *metrics_open(const char *place, char error[METRICS_ERROR]);
void metrics_close(struct metrics *m); /* a socket's path is gone; a file stays */

/* For epoll, EPOLLIN; -1 for a file, which has nothing to wait for. */
int metrics_fd(const struct metrics *m);

/* Answers who has asked, with what metrics_publish() gave last. */
void metrics_serve(struct metrics *m);

/*
 * The newest text, printed anew; a file is replaced as a whole.  Call it about once a
 * second.  False, and a sentence, when the file cannot be written.
 */
bool metrics_publish(struct metrics *m, const struct status *s,
                     char error[METRICS_ERROR]);

#endif
