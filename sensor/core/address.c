#include "sensor/core/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

struct address address_v4(const uint8_t four[4])
{
    struct address a = {.family = ADDRESS_V4};

    memcpy(a.bytes, four, 4);
    return a;
}

struct address address_v6(const uint8_t sixteen[16])
{
    struct address a = {.family = ADDRESS_V6};

    memcpy(a.bytes, sixteen, 16);
    return a;
}

int address_compare(const struct address *a, const struct address *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool address_in(const struct address *a, const struct address *net, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (a->family != net->family || bits > (a->family == ADDRESS_V4 ? 32u : 128u))
        return false;
    if (memcmp(a->bytes, net->bytes, whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] ^ net->bytes[whole]) >> (8 - rest) == 0;
}

/* Every line of output has several of these: printf would be most of its cost. */
static void put_v4(const uint8_t four[4], char *out)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            *out++ = '.';
        if (four[i] >= 100)
            *out++ = (char)('0' + four[i] / 100);
        if (four[i] >= 10)
            *out++ = (char)('0' + four[i] / 10 % 10);
        *out++ = (char)('0' + four[i] % 10);
    }
    *out = '\0';
}

const char *address_text(const struct address *a, char out[ADDRESS_TEXT])
{
    if (a->family == ADDRESS_NONE)
        snprintf(out, ADDRESS_TEXT, "-");
    else if (a->family == ADDRESS_V4)
        put_v4(a->bytes, out);
    else
        assert(inet_ntop(AF_INET6, a->bytes, out, ADDRESS_TEXT));
    return out;
}

bool address_parse(const char *text, struct address *a)
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1)
        *a = address_v4(bytes);
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *a = address_v6(bytes);
    else
        return false;
    return true;
}

const char *mac_text(const uint8_t mac[MAC_SIZE], char out[MAC_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < MAC_SIZE; i++) {
        out[3 * i] = digits[mac[i] >> 4];
        out[3 * i + 1] = digits[mac[i] & 15];
        out[3 * i + 2] = ':';
    }
    out[MAC_TEXT - 1] = '\0';
    return out;
}
