/*
 * Userdata: services of the CPU's operating system, in groups.
 *
 *     00 01 12 length method type|group sub-function sequence [unit last error(2)]
 *     code transport length(2) ...                                             data
 *
 * An answer longer than a PDU comes in units: the client asks for the next until one is
 * the last.  Type 0 is sent unasked.  Of the security group nothing is kept: it has
 * passwords in it.
 */

#include "dissectors/s7/s7.h"

enum { CODE_OK = 0xff, HEAD_MARK = 0x000112, MODE_MARK = 0x000100 };

enum { SESSION_HALF = 0x57400000, BLOCK_ROW = 4 };

/* A row of a list that is not whole. */
struct half {
    unsigned n;
    uint8_t bytes[BLOCK_ROW];
};

/* ---- data ------------------------------------------------------------------------ */

struct cursor s7_data_unit(struct pdu *p)
{
    struct cursor at = p->data;
    unsigned transport;
    size_t size;

    if (cur_left(&p->data) == 0)
        return p->data;
    record_row(p->r, GROUP_DATA);
    take_u8(p->r, &p->data, RETURN_CODE);
    transport = take_u8(p->r, &p->data, TRANSPORT);
    size = s7_take_length(p->r, &p->data, transport);
    if (size > cur_left(&p->data)) {
        record_violation(p->r, ITEM_OVERRUN, &at);
        size = cur_left(&p->data);
    }
    return cur_cut(&p->data, size);
}

/* What nobody took apart stays, but for secrets. */
static void keep(struct pdu *p, struct cursor *c)
{
    if (cur_left(c) > 0 && !p->secret)
        take_bytes(p->r, c, cur_left(c),
                   p->r->row_group == GROUP_DATA ? DATA : DATA_REST);
    else
        cur_skip(c, cur_left(c));
}

static void raw(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    keep(p, &c);
}

/* ---- clock ------------------------------------------------------------------------- */

static unsigned bcd(unsigned byte)
{
    return 10 * (byte >> 4) + (byte & 0xf);
}

/* Days from 1970 to a date of the Gregorian calendar (Howard Hinnant's algorithm). */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool s7_date_and_time(struct cursor *c, int64_t *ns)
{
    int64_t year = bcd(cur_u8(c)), month = bcd(cur_u8(c)), day = bcd(cur_u8(c));
    int64_t hour = bcd(cur_u8(c)), minute = bcd(cur_u8(c)), second = bcd(cur_u8(c));
    unsigned last = cur_be16(c);
    int64_t ms = 10 * (int64_t)bcd(last >> 8) + (last >> 4 & 0xf);

    if (*c->truncated || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    year += year < 84 ? 2000 : 1900;
    *ns = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *ns = *ns * NS_PER_S + ms * NS_PER_MS;
    return true;
}

static void take_clock(struct pdu *p, struct cursor *c)
{
    const uint8_t *at = c->at;
    int64_t ns;

    if (s7_date_and_time(c, &ns))
        record_set_at(p->r, CLOCK, (uint64_t)ns, (uint16_t)(at - p->r->base), 8);
}

/* 00 century, then year ... as eight bytes. */
static void clock(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    if (cur_left(&c) == 0)
        return;
    cur_skip(&c, 2);
    take_clock(p, &c);
    keep(p, &c);
}

/* ---- blocks -------------------------------------------------------------------------- */

static void row_type(struct pdu *p, struct cursor *c)
{
    struct bytes type = cur_bytes(c, 2);
    unsigned code = s7_block_type(type);

    record_row(p->r, GROUP_BLOCK_ROW);
    if (code <= 0xff)
        record_set_at(p->r, ROW_TYPE, code, (uint16_t)(type.at - p->r->base), 2);
}

static void block_counts(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    while (cur_left(&c) >= 4) {
        row_type(p, &c);
        take_be16(p->r, &c, ROW_COUNT);
    }
    keep(p, &c);
}

static void blocks_of_type_ask(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    if (cur_left(&c) >= 2)
        row_type(p, &c);
    keep(p, &c);
}

static void one_block(struct pdu *p, const uint8_t *at)
{
    record_row(p->r, GROUP_BLOCK_ROW);
    record_set(p->r, ROW_NUMBER, (unsigned)at[0] << 8 | at[1]);
    record_set(p->r, ROW_FLAGS, at[2]);
    record_set(p->r, ROW_LANGUAGE, at[3]);
}

/* The part of a row that ended an earlier unit of this answer, and what completes it. */
static void half_row(struct pdu *p, struct half *half, struct cursor *c)
{
    while (half->n > 0 && half->n < BLOCK_ROW && cur_left(c) > 0)
        half->bytes[half->n++] = cur_u8(c);
    if (half->n == BLOCK_ROW) {
        one_block(p, half->bytes);
        half->n = 0;
    }
}

/* Four bytes a block; a row may lie in two units. */
static void blocks_of_type_answer(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);
    struct half none = {0}, *half = &none;

    if (p->unit)
        half = exchange_session(p->x, SESSION_HALF | p->unit);
    if (!half)
        half = &none;
    half_row(p, half, &c);
    while (cur_left(&c) >= BLOCK_ROW)
        one_block(p, cur_bytes(&c, BLOCK_ROW).at);
    if (!p->last && half->n == 0) {
        while (cur_left(&c) > 0)
            half->bytes[half->n++] = cur_u8(&c);
    }
    keep(p, &c);
}

static void put_decimal(struct pdu *p, struct cursor *c, size_t n, unsigned slot)
{
    struct bytes b = cur_bytes(c, n);
    unsigned value = 0;

    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < '0' || b.at[i] > '9')
            return;
        value = 10 * value + b.at[i] - '0';
    }
    if (b.len)
        record_set_at(p->r, slot, value, (uint16_t)(b.at - p->r->base), (uint16_t)n);
}

static void block_info_ask(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);
    struct bytes type;

    if (cur_left(&c) < 8)
        return;
    type = cur_bytes(&c, 2);
    record_set_at(p->r, BLOCK_TYPE, s7_block_type(type), (uint16_t)(type.at - p->r->base),
                  2);
    put_decimal(p, &c, 5, BLOCK_NUMBER);
    take_bytes(p->r, &c, 1, BLOCK_DESTINATION);
    keep(p, &c);
}

static void take_text(struct pdu *p, struct cursor *c, unsigned slot)
{
    struct cursor whole = cur_cut(c, 8);
    struct bytes b = s7_trimmed((struct bytes){whole.at, cur_left(&whole)});

    take_bytes(p->r, &whole, b.len, slot);
}

/* 01 00 type(2) length(2) .. flags language type number(2) ... as a block begins, and
 * ends. */
static void block_info_answer(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    if (cur_left(&c) < 70)
        return;
    cur_skip(&c, 10);
    take_u8(p->r, &c, BLOCK_LANGUAGE);
    take_u8(p->r, &c, BLOCK_TYPE);
    take_be16(p->r, &c, BLOCK_NUMBER);
    take_be32(p->r, &c, LOAD_LENGTH);
    record_set(p->r, BLOCK_PROTECTED, cur_be32(&c) != 0);
    s7_block_time(p->r, &c, BLOCK_CHANGED);
    s7_block_time(p->r, &c, INTERFACE_CHANGED);
    take_be16(p->r, &c, BLOCK_SSB_LENGTH);
    take_be16(p->r, &c, BLOCK_ADD_LENGTH);
    take_be16(p->r, &c, LOCAL_LENGTH);
    take_be16(p->r, &c, CODE_LENGTH);
    take_text(p, &c, BLOCK_AUTHOR);
    take_text(p, &c, BLOCK_FAMILY);
    take_text(p, &c, BLOCK_NAME);
    take_u8(p->r, &c, BLOCK_VERSION);
    cur_skip(&c, 1);
    take_be16(p->r, &c, BLOCK_CHECKSUM);
    cur_skip(&c, cur_left(&c));
}

/* ---- cyclic data ----------------------------------------------------------------------- */

/* count base factor, then as a read has it. */
static void cyclic_ask(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);
    unsigned count;

    if (cur_left(&c) < 4)
        return;
    cur_skip(&c, 1);
    count = take_u8(p->r, &c, ITEM_COUNT);
    take_u8(p->r, &c, INTERVAL_BASE);
    take_u8(p->r, &c, INTERVAL);
    s7_items(p, &c, count);
    keep(p, &c);
}

/* The answer brings the first values; later ones come unasked, without their items. */
static void cyclic_answer(struct pdu *p)
{
    struct cursor c;
    unsigned count;

    if (p->asked)
        s7_remember(p);
    c = s7_data_unit(p);
    if (cur_left(&c) < 2)
        return;
    cur_skip(&c, 1);
    count = take_u8(p->r, &c, ITEM_COUNT);
    if (p->asked)
        s7_data_items(p, &c, count, ACCESS_READ);
    else
        s7_recall(p, &c, count);
}

static void unsubscribe(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    if (cur_left(&c) < 2)
        return;
    cur_skip(&c, 1);
    take_u8(p->r, &c, JOB_ID);
    keep(p, &c);
}

/* ---- CPU functions ----------------------------------------------------------------------- */

static void diagnostic_message(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    take_be16(p->r, &c, EVENT_ID);
    take_u8(p->r, &c, EVENT_PRIORITY);
    take_u8(p->r, &c, EVENT_OB);
    cur_skip(&c, 8);
    take_clock(p, &c);
    keep(p, &c);
}

static void subscribe(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    take_u8(p->r, &c, SUBSCRIBED);
    cur_skip(&c, 1);
    take_bytes(p->r, &c, cur_left(&c) < 8 ? cur_left(&c) : 8, SUBSCRIBER);
    keep(p, &c);
}

/* A function and a count, then items as a read has them. */
static void alarms_ask(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);
    unsigned count;

    if (cur_left(&c) < 2)
        return;
    cur_skip(&c, 1);
    count = take_u8(p->r, &c, ALARM_COUNT);
    s7_items(p, &c, count);
    keep(p, &c);
}

/* One data item for all of them. */
static void alarms_answer(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    if (cur_left(&c) < 2)
        return;
    cur_skip(&c, 1);
    take_u8(p->r, &c, ALARM_COUNT);
    if (cur_left(&c) >= 4) {
        record_row(p->r, GROUP_DATA);
        take_u8(p->r, &c, RETURN_CODE);
        take_u8(p->r, &c, TRANSPORT);
        cur_skip(&c, 2); /* bytes of all that follows */
    }
    keep(p, &c);
}

/* ---- security ------------------------------------------------------------------------------ */

static void password(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    if (cur_left(&c) > 0)
        take_bytes(p->r, &c, cur_left(&c), PASSWORD);
}

/* ---- which ----------------------------------------------------------------------------------- */

/* clang-format off */
static const struct body bodies[] = {
    {USERDATA_OF(GROUP_CYCLIC, 1),     cyclic_ask,         cyclic_answer},
    {USERDATA_OF(GROUP_CYCLIC, 5),     cyclic_ask,         cyclic_answer},
    {USERDATA_OF(GROUP_CYCLIC, 7),     cyclic_ask,         cyclic_answer},
    {USERDATA_OF(GROUP_CYCLIC, 4),     unsubscribe,        raw},
    {USERDATA_OF(GROUP_BLOCK, 1),      raw,                block_counts},
    {USERDATA_OF(GROUP_BLOCK, 2),      blocks_of_type_ask, blocks_of_type_answer},
    {USERDATA_OF(GROUP_BLOCK, 3),      block_info_ask,     block_info_answer},
    {USERDATA_OF(GROUP_CPU, 1),        s7_szl_ask,         s7_szl_answer},
    {USERDATA_OF(GROUP_CPU, 2),        subscribe,          raw},
    {USERDATA_OF(GROUP_CPU, 3),        raw,                diagnostic_message},
    {USERDATA_OF(GROUP_CPU, 19),       alarms_ask,         alarms_answer},
    {USERDATA_OF(GROUP_TIME, 1),       raw,                clock},
    {USERDATA_OF(GROUP_TIME, 2),       clock,              raw},
    {USERDATA_OF(GROUP_TIME, 3),       raw,                clock},
    {USERDATA_OF(GROUP_TIME, 4),       clock,              raw},
};
/* clang-format on */

static struct body body_of(const struct pdu *p)
{
    static const struct body nothing = {0, raw, raw};

    if (p->group == GROUP_SECURITY)
        return (struct body){0, password, raw};
    if (p->group == GROUP_PROGRAMMER)
        return (struct body){0, s7_programmer_ask, s7_programmer_answer};
    for (const struct body *b = bodies; b < bodies + COUNT_OF(bodies); b++) {
        if (b->function == p->function)
            return *b;
    }
    return nothing;
}

/* The four bytes that only an answer and what asks for the next unit have. */
static void long_head(struct pdu *p)
{
    struct cursor at;
    unsigned error;

    if (cur_left(&p->param) < 4)
        return;
    take_u8(p->r, &p->param, DATA_UNIT);
    take_u8(p->r, &p->param, LAST_UNIT);
    at = p->param;
    error = cur_be16(&p->param);
    record_set_at(p->r, ERROR, error, (uint16_t)(at.at - p->r->base), 2);
    p->error = error;
    if (error && !p->asks)
        exchange_refused(p->r);
}

static void put_head(struct pdu *p)
{
    struct cursor at = p->param;
    uint16_t offset;
    unsigned mark = (unsigned)cur_u8(&p->param) << 16;

    mark |= cur_be16(&p->param);
    cur_skip(&p->param, 1);
    take_u8(p->r, &p->param, METHOD);
    offset = (uint16_t)(p->param.at - p->r->base);
    cur_skip(&p->param, 1);
    if (*p->param.truncated) {
        record_violation(p->r, BAD_USERDATA, &at);
        return;
    }
    if (mark != HEAD_MARK && !(p->group == GROUP_MODE && mark == MODE_MARK))
        record_violation(p->r, BAD_USERDATA, &at);
    record_set_at(p->r, TYPE, p->type, offset, 1);
    record_set_at(p->r, GROUP, p->group, offset, 1);
    take_u8(p->r, &p->param, SUBFUNCTION);
    take_u8(p->r, &p->param, SEQUENCE);
    long_head(p);
}

/* Which mode the CPU has gone to stands where sub-functions do. */
static void mode_transition(struct pdu *p)
{
    static const uint8_t modes[] = {MODE_STOP,
                                    MODE_STARTUP,
                                    MODE_RUN,
                                    MODE_STARTUP,
                                    MODE_HOLD,
                                    0,
                                    MODE_STARTUP,
                                    0,
                                    0,
                                    MODE_RUN_REDUNDANT,
                                    0,
                                    MODE_LINK_UP,
                                    MODE_UPDATE};

    if (p->sub < sizeof modes && modes[p->sub])
        record_set(p->r, MODE, modes[p->sub]);
}

static unsigned function_of(const struct pdu *p)
{
    return p->group == GROUP_MODE ? USERDATA_OF(GROUP_MODE, 0)
                                  : USERDATA_OF(p->group, p->sub);
}

/* Only what was asked, or sent unasked, has values; a refusal has a code and no more. */
static bool refused(const struct pdu *p)
{
    return !p->asks && cur_left(&p->data) > 0 && *p->data.at != CODE_OK && p->error;
}

void s7_userdata(struct pdu *p)
{
    uint64_t asked;
    unsigned code = function_of(p);
    struct body body;

    p->secret = p->group == GROUP_SECURITY;
    put_head(p);
    if (!p->asks && s7_asked(p, FUNCTION, &asked) && asked != code)
        record_violation(p->r, RESPONSE_FUNCTION_DIFFERS, &p->head);
    s7_function(p, code);
    if (!label_of(s7_functions, code))
        record_violation(p->r, UNKNOWN_GROUP, &p->head);
    if (p->group == GROUP_MODE && p->type == TYPE_PUSH) {
        mode_transition(p);
        return;
    }
    body = body_of(p);
    if (refused(p) || (p->asks && p->sequence))
        raw(p);
    else if (p->asks)
        body.ask(p);
    else
        body.answer(p);
}
