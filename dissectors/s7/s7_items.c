/*
 * Variables: item descriptions, data items, and the points they make.
 *
 *     12 length syntax ...                    item description
 *        10 transport count(2) DB(2) area address(3)         any: bits of the address
 *        B0 n { bytes DB(2) first(2) } ...                   DB read: several in one
 *        B2 FF area(2) DB or area(2) CRC(4) { LID(4) } ...   symbolic, S7-1200
 *        82 83 84 area|unit column(2) line(2) module lines   NCK, metric, inch
 *        A2 ..(5) parameter(2) index(2)                      Drive ES
 *     code transport length(2) data [fill]    data item: an odd one is filled up
 *
 * The length of a data item is in bits for bits, bytes and integers, else in bytes.
 * An answer does not say what it brings: it comes in the order of the request's items.
 */

#include <stdio.h>

#include "dissectors/s7/s7.h"

enum {
    ITEM_MARK = 0x12,
    AREA_SYMBOLIC_DB = 0x8a0e,
    AREA_SYMBOLIC_FIRST = 0x50, /* I, Q, M, C, T */
    LID_MASK = 0x0fffffff,
    CODE_OK = 0xff,
    NAME_SIZE = 72,
    DB_SHIFT = 24, /* of a point's address: DB number, then bits */
    ADDRESS_MASK = 0xffffff,
};

enum { SESSION_ITEMS = 0x57300000, KEPT_MOST = 12 };

/* The variables of a job that sends their values later. */
struct kept {
    unsigned n;
    struct variable variables[KEPT_MOST];
};

_Static_assert(sizeof(struct kept) <= EXCHANGE_SESSION, "variables fit a session");

/* What a transport size of an item description says of each element. */
static const struct shape {
    uint8_t transport;
    uint8_t type; /* enum point_type */
    uint8_t each; /* points of that type in one element */
} shapes[] = {
    {0x01, POINT_BIT, 1}, {0x02, POINT_U8, 1},  {0x03, POINT_U8, 1},
    {0x04, POINT_U16, 1}, {0x05, POINT_I16, 1}, {0x06, POINT_U32, 1},
    {0x07, POINT_I32, 1}, {0x08, POINT_F32, 1}, {0x09, POINT_U16, 1},
    {0x0a, POINT_U32, 1}, {0x0b, POINT_I32, 1}, {0x0c, POINT_U16, 1},
    {0x0f, POINT_U8, 8},  {0x1c, POINT_U16, 1}, {0x1d, POINT_U16, 1},
};

static const struct shape *shape_of(unsigned transport)
{
    static const struct shape bytes = {0, POINT_U8, 1};

    for (const struct shape *s = shapes; s < shapes + COUNT_OF(shapes); s++) {
        if (s->transport == transport)
            return s;
    }
    return &bytes;
}

/* Timers and counters have numbers, all else has bits. */
static bool is_numbered(unsigned area)
{
    return area >= AREA_COUNTER && area <= AREA_IEC_TIMER;
}

static uint64_t address_of(const struct variable *v)
{
    return (uint64_t)v->db << DB_SHIFT | (v->bits & ADDRESS_MASK);
}

void s7_variable(struct record *r, const struct variable *v)
{
    char name[NAME_SIZE];

    s7_reference(v->area, shape_of(v->transport)->type, address_of(v), name, sizeof name);
    record_set_text(r, ITEM_REFERENCE, name);
}

/* A bit takes a byte on the wire, and the lowest of it counts. */
void s7_points(struct record *r, const struct variable *v, struct bytes data,
               unsigned access)
{
    const struct shape *s = shape_of(v->transport);
    unsigned size = point_type_size(s->type);
    size_t count = (size_t)v->count * s->each, fit = size ? data.len / size : data.len;
    struct run run = {.first = address_of(v),
                      .step = is_numbered(v->area) ? 1
                              : size               ? 8 * size
                                                   : 1,
                      .table = (uint8_t)v->area,
                      .type = s->type,
                      .access = (uint8_t)access,
                      .big_endian = true,
                      .offset = (uint16_t)(data.at - r->base),
                      .values = data};
    uint8_t bit = data.len ? data.at[0] & 1 : 0;

    if (s->type == POINT_BIT) {
        run.values = (struct bytes){&bit, 1};
        fit = fit ? 1 : 0;
    } else {
        run.values.len = (count < fit ? count : fit) * size;
    }
    run.count = (uint32_t)(count < fit ? count : fit);
    if (run.count)
        record_run(r, &run);
}

/* ---- item descriptions -------------------------------------------------------- */

static void any_item(struct pdu *p, struct cursor *c)
{
    struct variable v;
    const uint8_t *at;

    v.transport = take_u8(p->r, c, ITEM_TRANSPORT);
    v.count = take_be16(p->r, c, ITEM_LENGTH);
    v.db = take_be16(p->r, c, ITEM_DB);
    v.area = take_u8(p->r, c, ITEM_AREA);
    at = c->at;
    v.bits = (uint32_t)cur_u8(c) << 16;
    v.bits |= cur_be16(c);
    if (*c->truncated)
        return;
    if (is_numbered(v.area)) {
        record_set_at(p->r, ITEM_NUMBER, v.bits, (uint16_t)(at - p->r->base), 3);
    } else {
        record_set_at(p->r, ITEM_BYTE, v.bits >> 3, (uint16_t)(at - p->r->base), 3);
        record_set_at(p->r, ITEM_BIT, v.bits & 7, (uint16_t)(at - p->r->base), 3);
    }
    s7_variable(p->r, &v);
}

/* Of several areas in one item nothing public says how the answer is laid out: only
 * the first is named, and there are no points. */
static void db_read_item(struct pdu *p, struct cursor *c)
{
    struct variable v = {.area = AREA_DB, .transport = 2};
    unsigned areas = cur_u8(c);

    v.count = take_u8(p->r, c, ITEM_LENGTH);
    v.db = take_be16(p->r, c, ITEM_DB);
    v.bits = 8u * take_be16(p->r, c, ITEM_BYTE);
    if (*c->truncated)
        return;
    if (areas == 1) {
        record_set(p->r, ITEM_AREA, AREA_DB);
        record_set(p->r, ITEM_TRANSPORT, v.transport);
    }
    s7_variable(p->r, &v);
}

/* "DB5.17.3": the names are the project's, on the wire are numbers alone. */
static void symbolic_item(struct pdu *p, struct cursor *c)
{
    static const char letters[] = "IQMCT";
    char name[NAME_SIZE] = "?";
    unsigned area, where, len = 0;

    cur_skip(c, 1);
    area = cur_be16(c);
    where = cur_be16(c);
    take_be32(p->r, c, ITEM_CRC);
    if (*c->truncated)
        return;
    if (area == AREA_SYMBOLIC_DB) {
        record_set(p->r, ITEM_DB, where);
        len = (unsigned)snprintf(name, sizeof name, "DB%u", where);
    } else if (where - AREA_SYMBOLIC_FIRST < sizeof letters - 1) {
        name[len++] = letters[where - AREA_SYMBOLIC_FIRST];
        name[len] = '\0';
    }
    while (cur_left(c) >= 4 && len + 12 < sizeof name)
        len += (unsigned)snprintf(name + len, sizeof name - len, ".%u",
                                  cur_be32(c) & LID_MASK);
    record_set_text(p->r, ITEM_REFERENCE, name);
}

static void nck_item(struct pdu *p, struct cursor *c)
{
    static const char areas[] = "NBCATVMH";
    char name[NAME_SIZE];
    const uint8_t *at = c->at;
    unsigned where = cur_u8(c), column, line, module;

    column = take_be16(p->r, c, ITEM_COLUMN);
    line = take_be16(p->r, c, ITEM_LINE);
    module = take_u8(p->r, c, ITEM_MODULE);
    take_u8(p->r, c, ITEM_LINES);
    if (*c->truncated)
        return;
    record_set_at(p->r, ITEM_UNIT, where & 0x1f, (uint16_t)(at - p->r->base), 1);
    snprintf(name, sizeof name, "NCK.%c%u.M%02X.C%u.L%u", areas[where >> 5], where & 0x1f,
             module, column, line);
    record_set_text(p->r, ITEM_REFERENCE, name);
}

static void drive_item(struct pdu *p, struct cursor *c)
{
    char name[NAME_SIZE];
    unsigned number, index;

    cur_skip(c, 5);
    number = take_be16(p->r, c, ITEM_PARAMETER);
    index = cur_be16(c);
    if (*c->truncated)
        return;
    snprintf(name, sizeof name, "P%u[%u]", number, index);
    record_set_text(p->r, ITEM_REFERENCE, name);
}

static void item_of(struct pdu *p, struct cursor *c, unsigned syntax)
{
    switch (syntax) {
    case SYNTAX_ANY:
        any_item(p, c);
        break;
    case SYNTAX_DBREAD:
        db_read_item(p, c);
        break;
    case SYNTAX_SYMBOLIC:
        symbolic_item(p, c);
        break;
    case SYNTAX_NCK:
    case SYNTAX_NCK_METRIC:
    case SYNTAX_NCK_INCH:
        nck_item(p, c);
        break;
    case SYNTAX_DRIVE:
        drive_item(p, c);
        break;
    default:
        break;
    }
    if (cur_left(c) > 0)
        take_bytes(p->r, c, cur_left(c), ITEM_RAW);
}

void s7_items(struct pdu *p, struct cursor *c, unsigned count)
{
    unsigned n = 0;

    for (; n < count && cur_left(c) > 0; n++) {
        struct cursor at = *c, body;
        unsigned mark = cur_u8(c);
        size_t length = cur_u8(c);

        if (mark != ITEM_MARK || length == 0 || length > cur_left(c)) {
            record_violation(p->r, mark != ITEM_MARK ? BAD_ITEM : ITEM_OVERRUN, &at);
            return;
        }
        body = cur_cut(c, length);
        record_row(p->r, GROUP_ITEM);
        item_of(p, &body, take_u8(p->r, &body, ITEM_SYNTAX));
        if (length % 2 && n + 1 < count && cur_left(c) > 0 && *c->at != ITEM_MARK)
            cur_skip(c, 1);
    }
    if (n != count)
        record_violation(p->r, ITEM_COUNT_DIFFERS, c);
}

/* ---- data items ---------------------------------------------------------------- */

size_t s7_take_length(struct record *r, struct cursor *c, unsigned transport)
{
    size_t length = cur_be16(c);

    if (transport >= 3 && transport <= 5)
        length = (length + 7) / 8;
    if (!*c->truncated)
        record_set_at(r, LENGTH, length, (uint16_t)(c->at - 2 - r->base), 2);
    return length;
}

static uint64_t cell(const struct record *r, const struct row *row, unsigned slot)
{
    const struct value *v = record_row_get(r, row, slot);

    return v ? v->u : 0;
}

static struct variable variable_of(const struct record *r, const struct row *row)
{
    struct variable v = {.area = (unsigned)cell(r, row, ITEM_AREA),
                         .db = (unsigned)cell(r, row, ITEM_DB),
                         .transport = (unsigned)cell(r, row, ITEM_TRANSPORT),
                         .count = (unsigned)cell(r, row, ITEM_LENGTH)};

    v.bits = (uint32_t)(is_numbered(v.area)
                            ? cell(r, row, ITEM_NUMBER)
                            : cell(r, row, ITEM_BYTE) << 3 | cell(r, row, ITEM_BIT));
    return v;
}

/* Where the variables are that data items belong to, in their order. */
struct source {
    const struct record *r;  /* rows of it, from `at` on; or NULL */
    const struct kept *kept; /* or NULL */
    unsigned at;
};

static bool next_variable(struct source *from, struct variable *v)
{
    struct row row;

    if (from->kept) {
        if (from->at >= from->kept->n)
            return false;
        *v = from->kept->variables[from->at++];
        return true;
    }
    if (!from->r || !record_next_row(from->r, GROUP_ITEM, &from->at, &row))
        return false;
    *v = variable_of(from->r, &row);
    return true;
}

static bool refused(const struct pdu *p, unsigned code)
{
    return code != CODE_OK && p->asked;
}

/* Refused as a whole is what had no item that went well. */
static void count_refused(struct pdu *p, unsigned n, unsigned count)
{
    if (n > 0 && n == count)
        exchange_refused(p->r);
}

/* One data item; false when its length is a lie. */
static bool data_item(struct pdu *p, struct cursor *c, const struct variable *v,
                      unsigned access, unsigned *nrefused)
{
    struct cursor at = *c;
    unsigned code, transport;
    struct bytes data;
    size_t size;

    record_row(p->r, GROUP_DATA);
    code = take_u8(p->r, c, RETURN_CODE);
    *nrefused += refused(p, code);
    transport = take_u8(p->r, c, TRANSPORT);
    size = s7_take_length(p->r, c, transport);
    if (transport == 0) /* refused: Snap7 tells a length all the same */
        return true;
    if (size > cur_left(c)) {
        record_violation(p->r, ITEM_OVERRUN, &at);
        return false;
    }
    if (size == 0)
        return true;
    data = take_bytes(p->r, c, size, DATA);
    if (v && v->area && (access == ACCESS_WRITTEN || code == CODE_OK))
        s7_points(p->r, v, data, access);
    if (size % 2 && cur_left(c) > 0)
        cur_skip(c, 1);
    return true;
}

static void data_items(struct pdu *p, struct cursor *c, unsigned count, unsigned access,
                       struct source from)
{
    unsigned n = 0, nrefused = 0;
    bool known = true;

    for (; n < count && cur_left(c) > 0; n++) {
        struct variable v;

        known = known && next_variable(&from, &v);
        if (!data_item(p, c, known ? &v : NULL, access, &nrefused))
            return;
    }
    count_refused(p, nrefused, count);
    if (n != count)
        record_violation(p->r, ITEM_COUNT_DIFFERS, c);
}

void s7_data_items(struct pdu *p, struct cursor *c, unsigned count, unsigned access)
{
    data_items(p, c, count, access, (struct source){.r = p->r});
}

void s7_return_codes(struct pdu *p, struct cursor *c, unsigned count)
{
    unsigned n = 0, nrefused = 0;

    for (; n < count && cur_left(c) > 0; n++) {
        record_row(p->r, GROUP_DATA);
        nrefused += refused(p, take_u8(p->r, c, RETURN_CODE));
    }
    count_refused(p, nrefused, count);
    if (n != count)
        record_violation(p->r, ITEM_COUNT_DIFFERS, c);
}

/* ---- items of a job that goes on ------------------------------------------------- */

static uint64_t kept_key(const struct pdu *p)
{
    return (uint64_t)SESSION_ITEMS << 32 | p->group << 16 | p->sequence;
}

void s7_remember(struct pdu *p)
{
    struct source from = {.r = p->r};
    struct kept *kept = exchange_session(p->x, kept_key(p));

    if (!kept)
        return;
    kept->n = 0;
    while (kept->n < KEPT_MOST && next_variable(&from, &kept->variables[kept->n]))
        kept->n++;
}

void s7_recall(struct pdu *p, struct cursor *c, unsigned count)
{
    const struct kept *kept = exchange_session(p->x, kept_key(p));

    data_items(p, c, count, ACCESS_REPORTED,
               (struct source){.kept = kept && kept->n == count ? kept : NULL});
}

/* ---- read and write --------------------------------------------------------------- */

void s7_read_ask(struct pdu *p)
{
    s7_items(p, &p->param, take_u8(p->r, &p->param, ITEM_COUNT));
}

/* Every item of the request has its answer. */
static void check_count(struct pdu *p, unsigned count)
{
    uint64_t asked;

    if (s7_asked(p, ITEM_COUNT, &asked) && asked != count && p->asked && !p->error)
        record_violation(p->r, RESPONSE_ITEMS_DIFFER, &p->param);
}

void s7_read_answer(struct pdu *p)
{
    unsigned count = take_u8(p->r, &p->param, ITEM_COUNT);

    check_count(p, count);
    s7_data_items(p, &p->data, count, ACCESS_READ);
}

void s7_write_ask(struct pdu *p)
{
    unsigned count = take_u8(p->r, &p->param, ITEM_COUNT);

    s7_items(p, &p->param, count);
    s7_data_items(p, &p->data, count, ACCESS_WRITTEN);
}

void s7_write_answer(struct pdu *p)
{
    unsigned count = take_u8(p->r, &p->param, ITEM_COUNT);

    check_count(p, count);
    s7_return_codes(p, &p->data, count);
}
