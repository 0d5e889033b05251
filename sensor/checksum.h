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
#include <string.h>

#include "sensor/core/bytes.h"

static inline uint64_t checksum_word(const uint8_t *at)
{
    uint32_t w;

    memcpy(&w, at, sizeof w);
    return w;
}

/*
 * 32-bit words are added into 64 bits, so that carries collect in the upper
 * half and are folded once: four thousand million words fit.
 */
static inline uint64_t checksum_add(uint64_t sum, const uint8_t *data, size_t len)
{
    uint64_t other = 0;
    uint8_t rest[4] = {0};

    for (; len >= 16; len -= 16, data += 16) {
        sum += checksum_word(data) + checksum_word(data + 4);
        other += checksum_word(data + 8) + checksum_word(data + 12);
    }
    for (; len >= 4; len -= 4, data += 4)
        sum += checksum_word(data);
    for (size_t i = 0; i < len; i++)
        rest[i] = data[i];
    return sum + other + checksum_word(rest);
}

/* True when data that carries its own checksum is intact. */
static inline bool checksum_right(uint64_t sum)
{
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return sum == 0xffff;
}

#endif
