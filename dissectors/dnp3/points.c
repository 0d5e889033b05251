/*
 * Objects that are process values: flags, value and time of each become runs.
 *
 *     +-------+---------------------+----------------------------+
 *     | flags | value: 0 to 8 octets | time: 0, 2 or 6 octets, ms |
 *     +-------+---------------------+----------------------------+
 *
 * Points that lie evenly (the same distance from one another: 0 for events of one
 * point) are one run; values are copied as on the wire, without what lies in between.
 */

#include "dissectors/dnp3/dnp3.h"

enum { BATCH = 128 };

/* Points of one header that lie evenly, until they are a run. */
struct batch {
    struct record *r;
    struct run run;
    uint64_t last;
    bool graded, timed;
    uint8_t values[8 * BATCH];
    uint16_t quality[BATCH];
    int64_t times[BATCH];
};

/* One point as it was read. */
struct reading {
    uint64_t index;
    const uint8_t *value; /* of the run's size; a bit: one octet */
    uint16_t quality;
    int64_t time;
};

static void flush(struct batch *b)
{
    struct run *run = &b->run;
    unsigned size = point_type_size(run->type);

    if (run->count == 0)
        return;
    run->values.at = b->values;
    run->values.len = size ? run->count * (size_t)size : (run->count + 7) / 8;
    if (b->graded)
        run->quality =
            (struct bytes){(const uint8_t *)b->quality, run->count * sizeof *b->quality};
    if (b->timed)
        run->times =
            (struct bytes){(const uint8_t *)b->times, run->count * sizeof *b->times};
    if (run->access != NO_POINTS)
        record_run(b->r, run);
    run->count = 0;
}

/* The arrays stay as they are: what is read of them was written before. */
static void begin(struct batch *b, struct fragment *a, const struct header *h,
                  unsigned type)
{
    b->r = a->r;
    b->run = (struct run){
        .table = h->object->table, .type = (uint8_t)type, .access = a->access};
    b->last = 0;
    b->graded = h->object->flags && h->object->flags != FLAGS_COMMAND;
    b->timed = false;
}

/* Whether the index comes next in the run, whose second point sets the step. */
static bool lies_evenly(const struct batch *b, uint64_t index)
{
    if (b->run.count == 0)
        return true;
    if (b->run.count == BATCH || index < b->last)
        return false;
    return b->run.count == 1 || index - b->last == b->run.step;
}

static void add(struct batch *b, const struct reading *p)
{
    unsigned size = point_type_size(b->run.type), n;

    if (!lies_evenly(b, p->index))
        flush(b);
    n = b->run.count++;
    if (n == 0)
        b->run.first = p->index;
    if (n < 2)
        b->run.step = n ? (uint32_t)(p->index - b->last) : 1;
    b->last = p->index;
    if (size)
        memcpy(b->values + (size_t)n * size, p->value, size);
    else
        b->values[n / 8] = (uint8_t)((n % 8 ? b->values[n / 8] : 0) | *p->value << n % 8);
    b->quality[n] = p->quality;
    b->times[n] = p->time;
}

/* ---- flags, value, time ---------------------------------------------------------- */

/* Bits 5 and 6 of the flags octet mean something else in each kind of object. */
static uint16_t quality_of(unsigned kind, unsigned flags)
{
    static const uint16_t fifth[] = {[FLAGS_BINARY] = CHATTER,
                                     [FLAGS_DOUBLE] = CHATTER,
                                     [FLAGS_COUNTER] = ROLLOVER,
                                     [FLAGS_ANALOG] = OVER_RANGE,
                                     [FLAGS_COMMAND] = 0};
    unsigned quality = flags & 0x1f;

    if (flags & 0x20)
        quality |= fifth[kind];
    if (flags & 0x40 && kind == FLAGS_COUNTER)
        quality |= DISCONTINUITY;
    else if (flags & 0x40 && kind == FLAGS_ANALOG)
        quality |= REFERENCE_ERROR;
    return (uint16_t)quality;
}

/* Four bits a digit, the lowest two digits first. */
static uint64_t from_bcd(struct bytes raw)
{
    uint64_t u = 0;

    for (size_t i = raw.len; i-- > 0;)
        u = u * 100 + (uint64_t)(raw.at[i] >> 4) * 10 + (raw.at[i] & 15u);
    return u;
}

static unsigned run_type(const struct object *o)
{
    if (o->value == VALUE_FLAG)
        return POINT_BIT;
    if (o->value == VALUE_FLAGS)
        return POINT_U8;
    return o->value >= VALUE_BCD2 ? POINT_U64 : o->value;
}

static unsigned value_size(const struct object *o)
{
    static const uint8_t bcd[] = {2, 4, 8};

    if (o->value >= VALUE_BCD2)
        return bcd[o->value - VALUE_BCD2];
    return o->value >= VALUE_FLAG ? 0 : point_type_size(o->value);
}

/* A relative time without the common time before it says nothing. */
static bool relative_time(struct fragment *a, int64_t *time)
{
    struct cursor at = *a->c;
    int64_t ms = cur_le16(a->c);

    *time = a->common_time + ms * NS_PER_MS;
    if (!a->has_common_time && !a->told_no_common_time && !*a->c->truncated) {
        record_violation(a->r, NO_COMMON_TIME, &at);
        a->told_no_common_time = true;
    }
    return a->has_common_time;
}

/* A command's status has no place among the points: it gets a row. */
static void command_status(struct fragment *a, const struct header *h, uint64_t index,
                           unsigned flags)
{
    record_row(a->r, GROUP_CONTROL);
    record_set(a->r, CONTROL_OBJECT, h->group);
    record_set(a->r, CONTROL_INDEX, index);
    record_set(a->r, CONTROL_STATUS, flags & 0x7f);
}

static void association(struct fragment *a, uint64_t index)
{
    record_row(a->r, GROUP_AUTHENTICATION);
    record_set(a->r, AUTH_STATISTIC, index);
    take_le16(a->r, a->c, AUTH_ASSOCIATION);
}

/* One object, without its prefix; false when its bytes end too early. */
static bool read_point(struct fragment *a, const struct header *h, struct batch *b,
                       uint64_t index)
{
    const struct object *o = h->object;
    unsigned flags = o->flags ? cur_u8(a->c) : 0;
    uint8_t own[8] = {(uint8_t)(o->value == VALUE_FLAGS ? flags >> 6 : flags >> 7)};
    struct reading p = {.index = index, .quality = quality_of(o->flags, flags)};
    struct bytes raw;

    if (o->flags == FLAGS_COMMAND && !*a->c->truncated)
        command_status(a, h, index, flags);
    if (o->shape == SHAPE_STATISTIC)
        association(a, index);
    raw = cur_bytes(a->c, value_size(o));
    p.value = raw.len ? raw.at : own;
    if (o->value >= VALUE_BCD2) {
        uint64_t u = from_bcd(raw);

        for (unsigned i = 0; i < sizeof own; i++)
            own[i] = (uint8_t)(u >> 8 * i);
        p.value = own;
    }
    if (o->time == TIME_ABSOLUTE)
        p.time = dnp3_time(a->c);
    b->timed = o->time == TIME_ABSOLUTE ||
               (o->time == TIME_RELATIVE && relative_time(a, &p.time));
    if (*a->c->truncated)
        return false;
    add(b, &p);
    return true;
}

void dnp3_points(struct fragment *a, const struct header *h)
{
    struct batch b;
    size_t left = SIZE_MAX;
    bool more = true;

    begin(&b, a, h, run_type(h->object));
    for (uint64_t i = 0; i < h->n && more && cur_left(a->c) < left; i++) {
        uint64_t index;

        left = cur_left(a->c);
        index = h->prefix ? dnp3_prefix(h, a->c) : h->first + i;
        more = read_point(a, h, &b, index);
    }
    flush(&b);
}

/* ---- packed bits ----------------------------------------------------------------- */

/* Pairs of bits as an octet each. */
static void pairs(struct fragment *a, const struct header *h, struct bytes packed)
{
    struct batch b = {.r = a->r};

    b.run =
        (struct run){.table = h->object->table, .type = POINT_U8, .access = a->access};
    for (uint64_t i = 0; i < h->n && i / 4 < packed.len; i++) {
        uint8_t two = packed.at[i / 4] >> i % 4 * 2 & 3;

        add(&b, &(struct reading){.index = h->first + i, .value = &two});
    }
    flush(&b);
}

/* As many octets as the bits need: a count of eight does not take a ninth octet. */
void dnp3_packed(struct fragment *a, const struct header *h)
{
    unsigned bits = h->object->shape == SHAPE_PAIRS ? 2 : 1;
    uint64_t need = (h->n * bits + 7) / 8, left = cur_left(a->c);
    struct bytes packed = cur_bytes(a->c, (size_t)(need < left ? need : left));
    struct run run = {.first = h->first,
                      .step = 1,
                      .count = (uint32_t)h->n,
                      .table = h->object->table,
                      .type = POINT_BIT,
                      .access = a->access,
                      .values = packed};

    if (h->object->table == 0 && packed.len) { /* a mask, no values */
        record_row(a->r, GROUP_RAW);
        record_set_bytes(a->r, RAW_DATA, packed);
    } else if (bits == 2) {
        pairs(a, h, packed);
    } else if (a->access != NO_POINTS && packed.len) {
        record_run(a->r, &run);
    }
    if (need > left)
        cur_skip(a->c, 1); /* marks what is missing */
}

void dnp3_point(struct fragment *a, const struct header *h, uint64_t index, unsigned type,
                struct bytes raw)
{
    if (a->access == ACCESS_WRITTEN)
        record_run(a->r, &(struct run){.first = index,
                                       .step = 1,
                                       .count = 1,
                                       .table = h->object->table,
                                       .type = (uint8_t)type,
                                       .access = a->access,
                                       .values = raw});
}
