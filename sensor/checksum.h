#ifndef SENSOR_CHECKSUM_H
#define SENSOR_CHECKSUM_H

/*
 * The one's complement sum of IP, TCP and UDP (RFC 1071).
 *
 * Partial sums may be chained as long as every piece but the last has an even
 * length.  Byte order does not matter: the sum of swapped words is the swapped
 * sum, and the only question asked is whether the whole sums up to all ones.
 */

#include <stdbool.h>

#include "sensor/core/bytes.h"

uint64_t checksum_add(uint64_t sum, const uint8_t *data, size_t len);

/* True when data that carries its own checksum is intact. */
bool checksum_right(uint64_t sum);

#endif
