/*
 * Values and objects of S7comm-plus.
 *
 *     flags type value           flags 10, 20: an array; 40: one with gaps
 *     17 id(4) { id value } 0    a structure; ids from 90000000 on are packed
 *     A1 id(4) class flags attribute { A1 ... | A3 id value | A4 id object(4) } A2
 *
 * ids, counts and most integers are numbers of variable length.  The layouts are those
 * that the plugin of T. Wiens for Wireshark and the library s7commplus (after the driver
 * of the same author's C# library) agree on, checked against captures.
 */

#include "dissectors/s7/plus.h"

enum {
    FLAG_ARRAY = 0x10,
    FLAG_ADDRESS_ARRAY = 0x20,
    FLAG_SPARSE = 0x40,
    DEPTH = 8,
    VLQ32 = 5,
    VLQ64 = 9,
    TAG_OBJECT = 0xa1,
    TAG_OBJECT_END = 0xa2,
    TAG_ATTRIBUTE = 0xa3,
    TAG_RELATION = 0xa4,
    PACKED_COUNT = 0x400,
};

uint32_t plus_vlq(struct cursor *c)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < VLQ32; i++) {
        uint8_t b = cur_u8(c);

        n = n << 7 | (b & 0x7f);
        if (!(b & 0x80))
            break;
    }
    return n;
}

/* Of the ninth byte all bits count. */
uint64_t plus_vlq64(struct cursor *c)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < VLQ64; i++) {
        uint8_t b = cur_u8(c);

        if (i == VLQ64 - 1)
            return n << 8 | b;
        n = n << 7 | (b & 0x7f);
        if (!(b & 0x80))
            break;
    }
    return n;
}

/* The second highest bit of the first byte is the sign. */
static int64_t signed_vlq(struct cursor *c)
{
    bool negative = cur_left(c) && (*c->at & 0x40);
    const uint8_t *at = c->at;
    uint64_t n = plus_vlq64(c);
    unsigned bits = (unsigned)(c->at - at) * 7;

    if (negative && bits < 63)
        n |= ~UINT64_C(0) << bits;
    return (int64_t)n;
}

static uint64_t be(struct cursor *c, unsigned size)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < size; i++)
        n = n << 8 | cur_u8(c);
    return n;
}

static int64_t signed_be(struct cursor *c, unsigned size)
{
    uint64_t n = be(c, size);

    switch (size) {
    case 1:
        return (int8_t)(uint8_t)n;
    case 2:
        return (int16_t)(uint16_t)n;
    default:
        return (int64_t)n;
    }
}

/* ---- single values ---------------------------------------------------------------- */

/* Bytes of types that always take as many; 0 for the others. */
static unsigned fixed_size(unsigned type)
{
    static const uint8_t sizes[] = {
        [VALUE_BOOL] = 1,  [VALUE_USINT] = 1, [VALUE_UINT] = 2,  [VALUE_SINT] = 1,
        [VALUE_INT] = 2,   [VALUE_BYTE] = 1,  [VALUE_WORD] = 2,  [VALUE_DWORD] = 4,
        [VALUE_LWORD] = 8, [VALUE_REAL] = 4,  [VALUE_LREAL] = 8, [VALUE_TIMESTAMP] = 8,
        [VALUE_RID] = 4};

    return type < sizeof sizes ? sizes[type] : 0;
}

static bool is_signed(unsigned type)
{
    return type == VALUE_SINT || type == VALUE_INT || type == VALUE_DINT ||
           type == VALUE_LINT || type == VALUE_TIMESPAN;
}

static bool is_vlq(unsigned type)
{
    return type == VALUE_UDINT || type == VALUE_ULINT || type == VALUE_DINT ||
           type == VALUE_LINT || type == VALUE_TIMESPAN || type == VALUE_AID;
}

static int64_t number_of(struct cursor *c, unsigned type)
{
    if (is_vlq(type))
        return is_signed(type) ? signed_vlq(c) : (int64_t)plus_vlq64(c);
    return is_signed(type) ? signed_be(c, fixed_size(type))
                           : (int64_t)be(c, fixed_size(type));
}

static double real_of(struct cursor *c, unsigned type)
{
    uint64_t bits = be(c, fixed_size(type));
    double d;
    float f;
    uint32_t low = (uint32_t)bits;

    if (type == VALUE_LREAL) {
        memcpy(&d, &bits, sizeof d);
        return d;
    }
    memcpy(&f, &low, sizeof f);
    return (double)f;
}

/* ---- what some attributes say ------------------------------------------------------ */

/* "1;6ES7 511-1AK00-0AB0;V1.0": the parts between the semicolons. */
static void system_says(struct plus *p, struct bytes b)
{
    static const unsigned slots[] = {PLUS_REST, PLUS_ORDER, PLUS_FIRMWARE};
    size_t from = 0;
    unsigned part = 0;

    for (size_t i = 0; i <= b.len && part < COUNT_OF(slots); i++) {
        if (i < b.len && b.at[i] != ';')
            continue;
        if (part > 0 && i > from)
            record_set_bytes(p->r, slots[part], (struct bytes){b.at + from, i - from});
        from = i + 1;
        part++;
    }
}

static void text_says(struct plus *p, uint32_t id, struct bytes b)
{
    if (b.len == 0)
        return;
    if (id == ATTRIBUTE_SYSTEM)
        system_says(p, b);
    else if (id == ATTRIBUTE_USER)
        record_set_bytes(p->r, PLUS_USER, b);
    else if (id == ATTRIBUTE_APPLICATION)
        record_set_bytes(p->r, PLUS_APPLICATION, b);
    else if (id == ATTRIBUTE_HOST)
        record_set_bytes(p->r, PLUS_HOST, b);
}

/* Stop is 4 and run is 8 in captures of CPUs whose state is known. */
static void number_says(struct plus *p, uint32_t id, int64_t n)
{
    if (id == ATTRIBUTE_STATE && (n == 4 || n == 8))
        record_set(p->r, PLUS_MODE, (uint64_t)n);
}

/* Keys and passwords, and what answers a challenge with them. */
static bool is_secret(uint32_t id)
{
    return id == ATTRIBUTE_PASSWORD || id == ATTRIBUTE_CHALLENGE_ANSWER ||
           id == ATTRIBUTE_LEGITIMATE || id == ATTRIBUTE_SESSION_KEY;
}

/* ---- rows ---------------------------------------------------------------------------- */

static bool content(struct plus *p, struct cursor *c, uint32_t id, unsigned flags,
                    unsigned type, unsigned depth);

static void begin_row(struct plus *p, uint32_t id, unsigned type)
{
    record_row(p->r, PLUS_VALUES);
    record_set(p->r, PLUS_VALUE_ID, id);
    record_set(p->r, PLUS_VALUE_TYPE, type);
}

static void put_bytes(struct plus *p, struct bytes b, unsigned slot, uint32_t id)
{
    if (is_secret(id) || p->secret) {
        record_set_bytes(p->r, PLUS_PASSWORD, b);
        return;
    }
    record_set_bytes(p->r, slot, b);
}

static bool sized(struct plus *p, struct cursor *c, uint32_t id, unsigned type)
{
    struct bytes b;

    if (type == VALUE_BLOB)
        plus_vlq(c); /* the root it belongs to */
    b = cur_bytes(c, plus_vlq(c));
    if (*c->truncated)
        return false;
    put_bytes(p, b, type == VALUE_BLOB ? PLUS_VALUE_DATA : PLUS_VALUE_TEXT, id);
    if (type != VALUE_BLOB && !is_secret(id))
        text_says(p, id, b);
    return true;
}

/* Elements one behind the other: their bytes, with the lengths some have. */
static bool array(struct plus *p, struct cursor *c, uint32_t id, unsigned type)
{
    uint32_t count = plus_vlq(c);
    const uint8_t *from = c->at;

    record_set(p->r, PLUS_VALUE_ARRAY, count);
    if (fixed_size(type) && count > cur_left(c) / fixed_size(type)) {
        *c->truncated = true;
        return false;
    }
    for (uint32_t i = 0; i < count && cur_left(c) > 0; i++) {
        if (fixed_size(type))
            cur_skip(c, fixed_size(type));
        else if (is_vlq(type))
            plus_vlq64(c);
        else if (type == VALUE_WSTRING || type == VALUE_S7STRING)
            cur_skip(c, plus_vlq(c));
        else
            return false;
    }
    put_bytes(p, (struct bytes){from, (size_t)(c->at - from)}, PLUS_VALUE_DATA, id);
    return !*c->truncated;
}

/* A packed structure: a time, flags, and bytes whose layout only the project knows. */
static bool packed(struct plus *p, struct cursor *c, uint32_t id)
{
    uint32_t flags, size;

    cur_skip(c, 8);
    flags = plus_vlq(c);
    if (flags & PACKED_COUNT)
        plus_vlq(c);
    size = plus_vlq(c);
    put_bytes(p, cur_bytes(c, size), PLUS_VALUE_DATA, id);
    return !*c->truncated;
}

static bool structure(struct plus *p, struct cursor *c, uint32_t id, unsigned depth)
{
    uint32_t kind = cur_be32(c);

    if (!*c->truncated)
        record_set(p->r, PLUS_VALUE_NUMBER, kind);
    if (kind >> 28 == 9 || kind >> 24 == 2)
        return packed(p, c, id);
    while (cur_left(c) > 0) {
        uint32_t member = plus_vlq(c);
        unsigned flags, type;

        if (member == 0)
            return true;
        flags = cur_u8(c);
        type = cur_u8(c);
        if (*c->truncated || !content(p, c, member, flags, type, depth + 1))
            return false;
    }
    return false;
}

static bool single(struct plus *p, struct cursor *c, uint32_t id, unsigned type)
{
    int64_t n;

    if (type == VALUE_REAL || type == VALUE_LREAL) {
        double d = real_of(c, type);

        if (!*c->truncated)
            record_set_real(p->r, PLUS_VALUE_REAL, d);
        return !*c->truncated;
    }
    if (!fixed_size(type) && !is_vlq(type))
        return false;
    n = number_of(c, type);
    if (*c->truncated)
        return false;
    if (is_secret(id))
        record_set_bytes(p->r, PLUS_PASSWORD, (struct bytes){c->at, 0});
    else
        record_set(p->r, PLUS_VALUE_NUMBER, (uint64_t)n);
    number_says(p, id, n);
    return true;
}

/* The value itself, as one row, and one more for each member. */
static bool content(struct plus *p, struct cursor *c, uint32_t id, unsigned flags,
                    unsigned type, unsigned depth)
{
    if (depth > DEPTH || flags & FLAG_SPARSE)
        return false;
    begin_row(p, id, type);
    if (flags & (FLAG_ARRAY | FLAG_ADDRESS_ARRAY))
        return array(p, c, id, type);
    switch (type) {
    case VALUE_NULL:
        return true;
    case VALUE_BLOB:
    case VALUE_WSTRING:
    case VALUE_S7STRING:
        return sized(p, c, id, type);
    case VALUE_STRUCT:
        return structure(p, c, id, depth);
    default:
        return single(p, c, id, type);
    }
}

bool plus_value(struct plus *p, struct cursor *c, uint32_t id)
{
    unsigned flags = cur_u8(c), type = cur_u8(c);

    return !*c->truncated && content(p, c, id, flags, type, 0);
}

/* ---- objects --------------------------------------------------------------------------- */

static void object(struct plus *p, struct cursor *c)
{
    uint32_t id = cur_be32(c), class = plus_vlq(c);

    plus_vlq(c);
    plus_vlq(c);
    if (*c->truncated)
        return;
    record_row(p->r, PLUS_OBJECTS);
    record_set(p->r, PLUS_OBJECT_ID, id);
    record_set(p->r, PLUS_OBJECT_CLASS, class);
}

void plus_objects(struct plus *p, struct cursor *c)
{
    while (cur_left(c) > 0) {
        switch (*c->at) {
        case TAG_OBJECT:
            cur_skip(c, 1);
            object(p, c);
            break;
        case TAG_OBJECT_END:
            cur_skip(c, 1);
            break;
        case TAG_ATTRIBUTE:
            cur_skip(c, 1);
            if (!plus_value(p, c, plus_vlq(c)))
                return;
            break;
        case TAG_RELATION:
            cur_skip(c, 1);
            plus_vlq(c);
            cur_skip(c, 4);
            break;
        default:
            return;
        }
    }
}
