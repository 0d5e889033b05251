#ifndef RULES_JSON_PATH_H
#define RULES_JSON_PATH_H

/*
 * A value in a line of JSON that we wrote ourselves, by its path.
 */

#include "sensor/core/bytes.h"

#include <stdbool.h>

/* What stands at a path such as "ot.points[0].reference" of a JSON object; raw. */
bool json_path(struct bytes json, const char *path, struct bytes *out);

/* The same as text without quotes, cut to size; "" when it is not there. */
const char *json_path_text(struct bytes json, const char *path, char *out, size_t size);

#endif
