#ifndef TESTS_STATUS_PARSE_H
#define TESTS_STATUS_PARSE_H

/* jansson apart from core/json.h: their names collide. */

#include "sensor/status.h"

struct parsed;

/* The status in ot.stats of a line; NULL: there is none.  Lives until parsed_free(). */
struct parsed *parse_status(const char *line, struct status *s);
void parsed_free(struct parsed *p);

#endif
