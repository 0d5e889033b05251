/*
 * Programmer commands: jobs of a programming device that watch, modify and force
 * variables, set breakpoints, reset memory.
 *
 *     parameters(2) data(2)
 *     ..(2) trigger(2) frequency(2) ..(12) event(2)                     request
 *     n(2) { area factor DB(2) first(2) } ... [data items]              variables
 *     [..(2)] function sequence                                         a job by number
 *     ..(4)                                                             what comes back
 *
 * The answer to a job gives it a number, its sequence; values that come later, unasked,
 * have that number.  Areas: high half where, low half how wide.
 */

#include "dissectors/s7/s7.h"

enum { PARAMETERS = 20, JOB_SIZE = 2, LONG_JOB_SIZE = 4, ITEM_SIZE = 6 };

enum {
    VARIABLE_STATUS = 2,
    MODIFY_VARIABLE = 8,
    FORCE = 9,
    DISABLE_JOB = 13,
    ENABLE_JOB = 14,
    DELETE_JOB = 15,
    READ_JOB = 17,
    REPLACE_JOB = 18
};

/* The areas of these commands in terms of those of a read. */
static bool area_of(unsigned code, struct variable *v)
{
    static const uint8_t areas[] = {[0] = AREA_MERKER,
                                    [1] = AREA_INPUT,
                                    [2] = AREA_OUTPUT,
                                    [3] = AREA_PERIPHERAL,
                                    [7] = AREA_DB};
    static const uint8_t widths[] = {1, 2, 4, 6}; /* transport sizes */

    if (code == 0x54 || code == 0x64) {
        v->area = code == 0x54 ? AREA_TIMER : AREA_COUNTER;
        v->transport = code == 0x54 ? 0x1d : 0x1c;
        return true;
    }
    if (code >> 4 >= sizeof areas || !areas[code >> 4] || (code & 0xf) > 3)
        return false;
    v->area = areas[code >> 4];
    v->transport = widths[code & 0xf];
    return true;
}

/* One variable; of a bit the factor is its place. */
static void variable(struct pdu *p, struct cursor *c)
{
    struct variable v = {0};
    unsigned code = cur_u8(c), factor = cur_u8(c), first;

    record_row(p->r, GROUP_ITEM);
    v.db = take_be16(p->r, c, ITEM_DB);
    first = take_be16(p->r, c, ITEM_BYTE);
    if (*c->truncated || !area_of(code, &v))
        return;
    v.count = v.transport == 1 ? 1 : factor;
    v.bits = v.area == AREA_TIMER || v.area == AREA_COUNTER
                 ? first
                 : 8 * first + (v.transport == 1 ? factor & 7 : 0);
    record_set(p->r, ITEM_AREA, v.area);
    record_set(p->r, ITEM_TRANSPORT, v.transport);
    record_set(p->r, ITEM_LENGTH, v.count);
    record_set(p->r, ITEM_BIT, v.bits & 7);
    if (v.area == AREA_TIMER || v.area == AREA_COUNTER)
        record_set(p->r, ITEM_NUMBER, first);
    s7_variable(p->r, &v);
}

static void variables(struct pdu *p, struct cursor *c)
{
    unsigned count = take_be16(p->r, c, ITEM_COUNT), n = 0;

    for (; n < count && cur_left(c) >= ITEM_SIZE; n++)
        variable(p, c);
    if (n != count)
        record_violation(p->r, ITEM_COUNT_DIFFERS, c);
    else if (cur_left(c) > 0)
        s7_data_items(p, c, count, ACCESS_WRITTEN);
}

static void keep(struct pdu *p, struct cursor *c)
{
    if (cur_left(c) > 0)
        take_bytes(p->r, c, cur_left(c), DATA_REST);
}

static void request_parameters(struct pdu *p, struct cursor *c)
{
    if (cur_left(c) < PARAMETERS) {
        keep(p, c);
        return;
    }
    cur_skip(c, 2);
    take_be16(p->r, c, TIS_TRIGGER);
    take_be16(p->r, c, TIS_FREQUENCY);
    cur_skip(c, 12);
    take_be16(p->r, c, TIS_EVENT);
}

/* Both sizes, then both parts. */
static struct cursor sizes(struct pdu *p, struct cursor *c, struct cursor *parameters)
{
    struct cursor at = *c;
    size_t first = take_be16(p->r, c, TIS_PARAMETER_SIZE);
    size_t second = take_be16(p->r, c, TIS_DATA_SIZE);

    if (first > cur_left(c) || second > cur_left(c) - first) {
        record_violation(p->r, ITEM_OVERRUN, &at);
        first = first < cur_left(c) ? first : cur_left(c);
        second = cur_left(c) - first;
    }
    *parameters = cur_cut(c, first);
    return cur_cut(c, second);
}

static bool names_job(unsigned function)
{
    return function == DISABLE_JOB || function == ENABLE_JOB || function == DELETE_JOB ||
           function == READ_JOB || function == REPLACE_JOB;
}

void s7_programmer_ask(struct pdu *p)
{
    struct cursor c = s7_data_unit(p), parameters, data;

    if (cur_left(&c) < 4) {
        keep(p, &c);
        return;
    }
    data = sizes(p, &c, &parameters);
    request_parameters(p, &parameters);
    if (p->sub == VARIABLE_STATUS || p->sub == MODIFY_VARIABLE || p->sub == FORCE) {
        if (cur_left(&data) >= 2)
            variables(p, &data);
    } else if (names_job(p->sub) && cur_left(&data) >= JOB_SIZE) {
        if (cur_left(&data) == LONG_JOB_SIZE)
            cur_skip(&data, LONG_JOB_SIZE - JOB_SIZE);
        take_u8(p->r, &data, TIS_JOB);
        take_u8(p->r, &data, TIS_JOB_SEQUENCE);
    }
    keep(p, &data);
    keep(p, &c);
}

/* Values of the job with this number, which was asked for some time ago. */
static void values(struct pdu *p, struct cursor *c)
{
    unsigned count = take_be16(p->r, c, ITEM_COUNT);

    if (p->sub == VARIABLE_STATUS)
        s7_recall(p, c, count);
    else
        s7_return_codes(p, c, count);
}

void s7_programmer_answer(struct pdu *p)
{
    struct cursor c, parameters, data;

    if (p->asked && p->sub == VARIABLE_STATUS)
        s7_remember(p);
    c = s7_data_unit(p);
    if (cur_left(&c) < 4) {
        keep(p, &c);
        return;
    }
    data = sizes(p, &c, &parameters);
    cur_skip(&parameters, cur_left(&parameters));
    if ((p->sub == VARIABLE_STATUS || p->sub == MODIFY_VARIABLE) && cur_left(&data) >= 2)
        values(p, &data);
    keep(p, &data);
    keep(p, &c);
}
