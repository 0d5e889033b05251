/*
 * Device attributes, group 0: each variation is one fact about the device.
 *
 *     +------+--------+------------------------
 *     | type | length | value: `length` octets      (type 255: 256 octets more)
 *     +------+--------+------------------------
 */

#include "dissectors/dnp3/dnp3.h"

enum attribute_type {
    TYPE_TEXT = 1,
    TYPE_UNSIGNED = 2,
    TYPE_SIGNED = 3,
    TYPE_REAL = 4,
    TYPE_TIME = 7,
    TYPE_UNICODE = 8,
    TYPE_LONG_LIST = 255,
};

/* Where the fact goes that the asset is known by; 0: nowhere. */
static unsigned asset_slot(unsigned variation)
{
    static const struct {
        uint8_t variation, slot;
    } facts[] = {
        {242, FIRMWARE}, {243, HARDWARE}, {245, LOCATION}, {247, DEVICE_NAME},
        {248, SERIAL},   {250, PRODUCT},  {252, VENDOR},
    };

    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (facts[i].variation == variation)
            return facts[i].slot;
    }
    return 0;
}

static void text(struct fragment *a, const struct header *h, size_t len, struct cursor *c)
{
    struct bytes b = take_bytes(a->r, c, len, ATTRIBUTE_TEXT);
    unsigned slot = asset_slot(h->variation);

    if (slot && b.len && h->first == 0)
        record_set_bytes(a->r, slot, b);
}

/* Two's complement of so many octets. */
static uint64_t extended(uint64_t u, size_t len)
{
    uint64_t sign = len > 0 && len < 8 ? UINT64_C(1) << (8 * len - 1) : 0;

    return (u ^ sign) - sign;
}

static void integer(struct fragment *a, size_t len, bool is_signed, struct cursor *c)
{
    const uint8_t *at = c->at;
    uint64_t u = dnp3_number(c, (unsigned)len);

    dnp3_set(a->r, c, ATTRIBUTE_INTEGER, is_signed ? extended(u, len) : u, at);
}

static void real(struct fragment *a, size_t len, struct cursor *c)
{
    uint64_t u = dnp3_number(c, (unsigned)len);
    uint32_t low = (uint32_t)u;
    double wide;
    float narrow;

    memcpy(&wide, &u, sizeof wide);
    memcpy(&narrow, &low, sizeof narrow);
    if (!*c->truncated)
        record_set_real(a->r, ATTRIBUTE_REAL, len == 4 ? (double)narrow : wide);
}

void dnp3_attribute(struct fragment *a, const struct header *h, uint64_t set,
                    struct cursor *c)
{
    const uint8_t *at;
    unsigned type;
    size_t len;

    record_row(a->r, GROUP_ATTRIBUTE);
    record_set(a->r, ATTRIBUTE, h->variation);
    record_set(a->r, ATTRIBUTE_SET, set);
    type = take_u8(a->r, c, ATTRIBUTE_TYPE);
    len = take_u8(a->r, c, ATTRIBUTE_LENGTH);
    if (type == TYPE_LONG_LIST)
        len += 256;
    at = c->at;
    if (type == TYPE_TEXT || type == TYPE_UNICODE)
        text(a, h, len, c);
    else if ((type == TYPE_UNSIGNED || type == TYPE_SIGNED) && len <= 8)
        integer(a, len, type == TYPE_SIGNED, c);
    else if (type == TYPE_REAL && (len == 4 || len == 8))
        real(a, len, c);
    else if (type == TYPE_TIME && len == 6)
        dnp3_set(a->r, c, ATTRIBUTE_TIME, (uint64_t)dnp3_time(c), at);
    else
        take_bytes(a->r, c, len, ATTRIBUTE_OCTETS);
}
