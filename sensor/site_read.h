#ifndef SENSOR_SITE_READ_H
#define SENSOR_SITE_READ_H

/*
 * What a configuration says of the plant, as far as rules ask for it: `network` (zones,
 * assets, boundary) and the names in the point maps of `points.maps`.
 */

#include "sensor/core/arena.h"
#include "sensor/core/diagnostic.h"
#include "sensor/core/site.h"

/*
 * NULL when the file says nothing of the plant, or there was an error, which d has.
 * `points` is a point map to take instead of the configuration's, or NULL.
 */
struct site *site_read(const char *config, const char *points, struct arena *arena,
                       struct diagnostics *d);

#endif
