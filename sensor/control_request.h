#ifndef SENSOR_CONTROL_REQUEST_H
#define SENSOR_CONTROL_REQUEST_H

/*
 * The request's side of the control socket: a line, its verb, its arguments.
 */

#include "sensor/control.h"
#include "sensor/core/bytes.h"

enum { REQUEST_DEPTH = 8 };

/*
 * One object, at most REQUEST_DEPTH deep, no name twice.  NULL, and why.  To be freed
 * with request_free().
 */
struct json_t *request_read(const char *line, size_t len, char why[CONTROL_TEXT]);
void request_free(struct json_t *request);

/* The verb that is asked for; NULL, and why, also for an argument too many or missing. */
const struct control_verb *request_verb(struct json_t *request,
                                        const struct control_verb *verbs,
                                        char why[CONTROL_TEXT]);

/* NULL, or `otherwise`, when there is no such member or it is of another type. */
const char *request_text(const struct json_t *request, const char *name);
int64_t request_int(const struct json_t *request, const char *name, int64_t otherwise);
bool request_flag(const struct json_t *request, const char *name);

#endif
