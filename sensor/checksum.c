#include "sensor/checksum.h"

#include <string.h>

/*
 * 32-bit words are added into 64 bits, so that carries collect in the upper
 * half and are folded once: four thousand million words fit.
 */
static uint64_t word(const uint8_t *at)
{
    uint32_t w;

    memcpy(&w, at, sizeof w);
    return w;
}

uint64_t checksum_add(uint64_t sum, const uint8_t *data, size_t len)
{
    uint64_t other = 0;
    uint8_t rest[4] = {0};

    for (; len >= 16; len -= 16, data += 16) {
        sum += word(data) + word(data + 4);
        other += word(data + 8) + word(data + 12);
    }
    for (; len >= 4; len -= 4, data += 4)
        sum += word(data);
    for (size_t i = 0; i < len; i++)
        rest[i] = data[i];
    return sum + other + word(rest);
}

bool checksum_right(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum >> 16) + (sum & 0xffff);
    return sum == 0xffff;
}
