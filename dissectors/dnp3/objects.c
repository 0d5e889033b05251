/*
 * Object headers, and the objects behind them by the rows of definitions.c.
 *
 *     +-------+-----------+-----------+--------------+---------------------------
 *     | group | variation | qualifier | range: 0 to 8 | objects, each with a prefix
 *     +-------+-----------+-----------+--------------+---------------------------
 *                  qualifier: prefix code (3 bits) and range code (4 bits)
 *
 * Where the function carries no data the header stands alone, and a prefix is a list
 * of indexes.  An object nobody knows ends the fragment's objects: where the next
 * header stands cannot be told.  A count from the wire sizes no loop: each object
 * takes bytes, or there is no loop.
 */

#include "dissectors/dnp3/dnp3.h"

enum prefix_code {
    PREFIX_NONE,
    PREFIX_INDEX1,
    PREFIX_INDEX4 = 3,
    PREFIX_SIZE1,
    PREFIX_SIZE4 = 6
};
enum range_code {
    RANGE_INDEX1,
    RANGE_INDEX4 = 2,
    RANGE_ABSOLUTE1,
    RANGE_ABSOLUTE4 = 5,
    RANGE_ALL,
    RANGE_COUNT1,
    RANGE_COUNT4 = 9,
    RANGE_FREE = 11,
};

bool dnp3_is_size(unsigned prefix)
{
    return prefix >= PREFIX_SIZE1 && prefix <= PREFIX_SIZE4;
}

uint64_t dnp3_number(struct cursor *c, unsigned size)
{
    struct bytes b = cur_bytes(c, size);
    uint64_t u = 0;

    for (size_t i = b.len; i-- > 0;)
        u = u << 8 | b.at[i];
    return u;
}

/* 48 bits of ms last longer than 63 of ns: what lies behind the year 2262 is its end. */
int64_t dnp3_time(struct cursor *c)
{
    int64_t ms = (int64_t)dnp3_number(c, 6), last = INT64_MAX / NS_PER_MS - UINT16_MAX;

    return (ms < last ? ms : last) * NS_PER_MS;
}

void dnp3_set(struct record *r, const struct cursor *c, unsigned slot, uint64_t u,
              const uint8_t *at)
{
    if (!*c->truncated)
        record_set_at(r, slot, u, (uint16_t)(at - r->base), (uint16_t)(c->at - at));
}

uint64_t dnp3_prefix(const struct header *h, struct cursor *c)
{
    static const uint8_t sizes[8] = {0, 1, 2, 4, 1, 2, 4, 0};

    return dnp3_number(c, sizes[h->prefix]);
}

/* ---- objects of several fields --------------------------------------------------- */

/* The object at hand, in a cursor of its own where its size stands in front. */
struct item {
    struct fragment *a;
    struct cursor *c;
    uint64_t lengths[ITEM_LENGTHS];
    unsigned nlengths;
    struct file_facts file;
};

/* What follows the object's row may want to know of it. */
static void notice(struct item *i, unsigned slot, uint64_t u)
{
    struct file_facts *f = &i->file;

    if (slot == FILE_MODE) {
        f->mode = (unsigned)u;
        f->has_mode = true;
    } else if (slot == FILE_STATUS) {
        f->status = (unsigned)u;
        f->has_status = true;
    } else if (slot == FILE_HANDLE) {
        f->handle = (unsigned)u;
    }
}

static void part_number(struct item *i, const struct part *p)
{
    const uint8_t *at = i->c->at;
    uint64_t u = dnp3_number(i->c, p->size);

    dnp3_set(i->a->r, i->c, p->slot, u, at);
    notice(i, p->slot, u);
}

static void part_time(struct item *i, const struct part *p)
{
    const uint8_t *at = i->c->at;
    int64_t time = dnp3_time(i->c);

    dnp3_set(i->a->r, i->c, p->slot, (uint64_t)time, at);
    if (p->kind == PART_SYNC && !*i->c->truncated) {
        i->a->common_time = time;
        i->a->has_common_time = true;
    }
}

static void part_delay(struct item *i, const struct part *p)
{
    const uint8_t *at = i->c->at;
    uint64_t unit = p->size == 1 ? NS_PER_MS : NS_PER_S;

    dnp3_set(i->a->r, i->c, p->slot, cur_le16(i->c) * unit, at);
}

/* The highest bit says something of its own. */
static void part_flagged(struct item *i, const struct part *p)
{
    unsigned size = p->kind == PART_FILL ? 1 : 4;
    const uint8_t *at = i->c->at;
    uint64_t u = dnp3_number(i->c, size), top = UINT64_C(1) << (8 * size - 1);

    dnp3_set(i->a->r, i->c, p->slot, u & ~top, at);
    dnp3_set(i->a->r, i->c, p->slot + 1u, (u & top) != 0, at);
}

static void part_length(struct item *i, const struct part *p)
{
    const uint8_t *at = i->c->at;
    uint64_t u = cur_le16(i->c);

    if (i->nlengths < ITEM_LENGTHS)
        i->lengths[i->nlengths++] = u;
    if (p->kind == PART_KEPT)
        dnp3_set(i->a->r, i->c, p->slot, u, at);
}

/* Nothing is set for an empty text: it says nothing. */
static void part_bytes(struct item *i, const struct part *p)
{
    uint64_t len = p->kind == PART_REST    ? cur_left(i->c)
                   : p->kind == PART_FIXED ? p->size
                                           : i->lengths[p->size];

    if (len)
        take_bytes(i->a->r, i->c, (size_t)len, p->slot);
    if (p->slot == FILE_DATA) {
        i->file.bytes = (unsigned)len;
        i->file.has_data = true;
    }
}

static void part_skip(struct item *i, const struct part *p)
{
    cur_skip(i->c, p->size);
}

static void read_parts(struct item *i, const struct part *p)
{
    static void (*const readers[])(struct item *, const struct part *) = {
        [PART_NUMBER] = part_number,   [PART_TIME] = part_time,
        [PART_SYNC] = part_time,       [PART_DELAY] = part_delay,
        [PART_FLAGGED] = part_flagged, [PART_FILL] = part_flagged,
        [PART_LENGTH] = part_length,   [PART_KEPT] = part_length,
        [PART_BYTES] = part_bytes,     [PART_FIXED] = part_bytes,
        [PART_REST] = part_bytes,      [PART_SKIP] = part_skip,
    };

    for (; p && p->kind != PART_END; p++)
        readers[p->kind](i, p);
}

/* The kind of a row is its variation, where several share one group of fields. */
static void put_kind(struct fragment *a, const struct header *h)
{
    if (h->object->table == GROUP_TIME)
        record_set(a->r, TIME_KIND, (uint64_t)h->group << 8 | h->variation);
    else if (h->object->table == GROUP_AUTHENTICATION)
        record_set(a->r, AUTH_KIND, h->variation);
}

static void parts(struct fragment *a, const struct header *h, struct cursor *c)
{
    struct item i = {.a = a, .c = c};

    record_row(a->r, h->object->table);
    put_kind(a, h);
    read_parts(&i, h->object->parts);
    if (h->object->table == GROUP_FILE)
        dnp3_file(a, &i.file);
}

/* ---- one object ------------------------------------------------------------------ */

static bool is_text(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        if ((b.at[i] < ' ' && b.at[i] != '\n' && b.at[i] != '\r' && b.at[i] != '\t') ||
            b.at[i] > '~')
            return false;
    }
    return b.len > 0;
}

static void string(struct fragment *a, uint64_t index, size_t len, struct cursor *c)
{
    struct cursor again = *c;
    struct bytes b;

    record_row(a->r, GROUP_STRING);
    record_set(a->r, STRING_INDEX, index);
    b = take_bytes(a->r, c, len, STRING_OCTETS);
    if (is_text(b))
        take_bytes(a->r, &again, len, STRING_TEXT);
}

static void one_object(struct fragment *a, const struct header *h, uint64_t index,
                       struct cursor *c)
{
    switch (h->object->shape) {
    case SHAPE_PARTS:
        parts(a, h, c);
        break;
    case SHAPE_STRING:
        string(a, index, h->variation ? h->variation : cur_left(c), c);
        break;
    case SHAPE_ATTRIBUTE:
        dnp3_attribute(a, h, index, c);
        break;
    case SHAPE_BLOCK:
    case SHAPE_SETPOINT:
        dnp3_control(a, h, index, c);
        break;
    default: /* SHAPE_RAW */
        record_row(a->r, GROUP_RAW);
        take_bytes(a->r, c, cur_left(c), RAW_DATA);
        break;
    }
}

/* An object whose size stands in front: what it holds cannot be longer. */
static void sized_object(struct fragment *a, const struct header *h, uint64_t index)
{
    struct cursor at = *a->c;
    uint64_t size = dnp3_prefix(h, a->c);
    struct cursor inside = cur_cut(a->c, (size_t)size);
    bool lacks = false;

    if (*a->c->truncated)
        return;
    inside.truncated = &lacks;
    one_object(a, h, index, &inside);
    if (lacks || cur_left(&inside))
        record_violation(a->r, OBJECT_SIZE_DIFFERS, &at);
}

/* The count is the sender's: where one takes no bytes, none of the others does. */
static void objects(struct fragment *a, const struct header *h)
{
    bool sized = dnp3_is_size(h->prefix);
    size_t left = SIZE_MAX;

    for (uint64_t i = 0; i < h->n && !*a->c->truncated && cur_left(a->c) < left; i++) {
        left = cur_left(a->c);
        if (sized)
            sized_object(a, h, h->first + i);
        else if (h->prefix)
            one_object(a, h, dnp3_prefix(h, a->c), a->c);
        else
            one_object(a, h, h->first + i, a->c);
    }
}

/* ---- what follows a header ------------------------------------------------------- */

/* Indexes alone, in requests. */
static void selection(struct fragment *a, const struct header *h)
{
    struct header list = *h;

    for (uint64_t i = 0; i < h->n && h->prefix && !*a->c->truncated; i++) {
        const uint8_t *at = a->c->at;
        uint64_t index = dnp3_prefix(&list, a->c);

        record_row(a->r, GROUP_SELECTION);
        dnp3_set(a->r, a->c, SELECTION_INDEX, index, at);
    }
}

/* Whether objects follow the header in this fragment. */
static bool has_objects(const struct fragment *a, const struct header *h)
{
    if (a->function->data || a->side == SIDE_RESPONSE || dnp3_is_size(h->prefix))
        return true;
    return h->group == AUTHENTICATION || (h->group == 50 && a->code != READ);
}

/* Whether an object takes any bytes at all, and its size can be known. */
static bool fits_object(const struct header *h)
{
    bool sized = dnp3_is_size(h->prefix);

    switch (h->object->shape) {
    case SHAPE_RAW:
        return sized;
    case SHAPE_STRING:
        return sized || h->variation;
    case SHAPE_BITS:
    case SHAPE_PAIRS:
        return h->prefix == PREFIX_NONE;
    case SHAPE_POINT:
    case SHAPE_STATISTIC:
        return !sized;
    default:
        return true;
    }
}

/* False when the next header cannot be found. */
static bool follow(struct fragment *a, const struct header *h, const struct cursor *at)
{
    if (h->n == 0 || h->object->shape == SHAPE_NONE)
        return true;
    if (!has_objects(a, h)) {
        if (h->prefix)
            selection(a, h);
        return true;
    }
    if (h->object->shape == SHAPE_STRING && h->variation == 0 && !dnp3_is_size(h->prefix))
        return true; /* empty strings: there is nothing to read */
    if (!fits_object(h)) {
        record_violation(a->r, QUALIFIER_UNFIT, at);
        return false;
    }
    if (h->object->shape == SHAPE_POINT || h->object->shape == SHAPE_STATISTIC)
        dnp3_points(a, h);
    else if (h->object->shape == SHAPE_BITS || h->object->shape == SHAPE_PAIRS)
        dnp3_packed(a, h);
    else
        objects(a, h);
    return true;
}

/* ---- headers --------------------------------------------------------------------- */

static bool start_and_stop(struct fragment *a, struct header *h, unsigned size)
{
    struct cursor at = *a->c;
    const uint8_t *from = a->c->at;
    uint64_t stop;

    h->first = dnp3_number(a->c, size);
    dnp3_set(a->r, a->c, START, h->first, from);
    from = a->c->at;
    stop = dnp3_number(a->c, size);
    dnp3_set(a->r, a->c, STOP, stop, from);
    h->n = stop + 1 - h->first;
    if (stop >= h->first)
        return true;
    record_violation(a->r, RANGE_BACKWARDS, &at);
    return false;
}

/* The range behind the qualifier; false when there is no such range. */
static bool range(struct fragment *a, struct header *h)
{
    static const uint8_t sizes[16] = {1, 2, 4, 1, 2, 4, 0, 1, 2, 4, 0, 1};
    unsigned size = sizes[h->range];
    const uint8_t *at = a->c->at;

    if (h->range <= RANGE_INDEX4)
        return start_and_stop(a, h, size);
    if (h->range <= RANGE_ABSOLUTE4) {
        h->first = dnp3_number(a->c, size);
        h->n = 1;
        dnp3_set(a->r, a->c, ABSOLUTE, h->first, at);
        return true;
    }
    if (h->range == RANGE_ALL)
        return true;
    h->n = dnp3_number(a->c, size);
    dnp3_set(a->r, a->c, QUANTITY, h->n, at);
    return size > 0;
}

static bool qualifier(struct fragment *a, struct header *h)
{
    struct cursor at = *a->c;
    const uint8_t *where = a->c->at;
    unsigned q = take_u8(a->r, a->c, QUALIFIER);

    h->prefix = q >> 4 & 7;
    h->range = q & 15;
    dnp3_set(a->r, a->c, PREFIX, h->prefix, where);
    dnp3_set(a->r, a->c, RANGE, h->range, where);
    if (q & 0x80 || h->prefix == 7 || h->range == 10 || h->range > RANGE_FREE) {
        record_violation(a->r, RESERVED_QUALIFIER, &at);
        return false;
    }
    if (h->prefix && h->range <= RANGE_ALL)
        record_violation(a->r, QUALIFIER_UNFIT, &at);
    return range(a, h);
}

/* What a request to write or read asks follows from the objects, too. */
static void verbs(struct fragment *a, const struct header *h)
{
    const struct label *l = label_of(dnp3_object_groups, h->group);

    if (a->side != SIDE_REQUEST)
        return;
    if (a->code == WRITE && l && l->verbs)
        a->r->verbs = (a->r->verbs & ~(uint32_t)VERB_OTHER) | l->verbs;
    else if (a->code == READ && h->group == ATTRIBUTES)
        a->r->verbs = VERB_DISCOVER;
    else if (a->code == READ && h->group == FILES)
        a->r->verbs |= VERB_FILE;
}

/* Variation 0 is any, where nothing follows. */
static bool known(const struct fragment *a, struct header *h)
{
    h->object = dnp3_object(h->group, h->variation);
    if (h->object)
        return true;
    if (h->variation != 0 || has_objects(a, h))
        return false;
    h->object = dnp3_object(h->group, 1);
    return h->object != NULL;
}

/* One header; false when the objects end here. */
static bool header(struct fragment *a)
{
    struct cursor at = *a->c, start;
    struct header h = {0};
    bool good;

    record_row(a->r, GROUP_OBJECT);
    start = *a->c;
    take_be16(a->r, &start, OBJECT);
    h.group = take_u8(a->r, a->c, OBJECT_GROUP);
    h.variation = take_u8(a->r, a->c, VARIATION);
    good = qualifier(a, &h);
    if (*a->c->truncated)
        return false;
    verbs(a, &h);
    if (!known(a, &h)) {
        record_violation(a->r, UNKNOWN_OBJECT, &at);
        good = false;
    }
    return good && follow(a, &h, &at);
}

void dnp3_headers(struct fragment *a)
{
    bool more = true;

    while (more && cur_left(a->c) && !*a->c->truncated)
        more = header(a);
    cur_skip(a->c, cur_left(a->c));
}
