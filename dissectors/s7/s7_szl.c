/*
 * The system status list (SZL): what a CPU says of itself.
 *
 *     > id(2) index(2)        < id(2) index(2) row length(2) rows(2) { row } ...
 *
 * A list that is longer than a PDU comes in units, and a row may lie in two of them: the
 * part that came is kept in a session, so that every row is told whole, in the
 * transaction that completes it.  Lists that are named here are those about identity,
 * mode, protection, LEDs, modules and the diagnostic buffer; of others the rows stay raw.
 */

#include <stdio.h>

#include "dissectors/s7/s7.h"

enum { SESSION_SZL = 0x57200000, ROW_MAX = 200, LIST_HEAD = 8 };

/* A list that is on its way, and the row of it that is not whole. */
struct list {
    uint16_t id, index, row, left;
    uint16_t held;
    bool going;
    uint8_t bytes[ROW_MAX];
};

_Static_assert(sizeof(struct list) <= EXCHANGE_SESSION, "a list fits a session");

/* One whole row; its bytes may be elsewhere than in the message. */
struct szl_row {
    struct record *r;
    struct cursor c;
};

static void set(struct szl_row *row, unsigned slot, uint64_t u)
{
    if (!*row->c.truncated)
        record_set(row->r, slot, u);
}

static struct bytes text(struct szl_row *row, size_t n, unsigned slot)
{
    struct cursor c = cur_cut(&row->c, n);
    struct bytes b = {c.at, cur_left(&c)};

    if (b.len)
        record_set_bytes(row->r, slot, b);
    return s7_trimmed(b);
}

static void set_time(struct szl_row *row)
{
    int64_t ns;

    if (s7_date_and_time(&row->c, &ns))
        record_set(row->r, SZL_TIME, (uint64_t)ns);
}

static void fact(struct szl_row *row, unsigned slot, struct bytes b)
{
    if (b.len)
        record_set_bytes(row->r, slot, b);
}

/* ---- rows -------------------------------------------------------------------------- */

/* "V3.2.6": the version is a letter and a number, then two more numbers. */
static void version(struct szl_row *row, unsigned slot, unsigned high, unsigned low)
{
    char out[24];
    int n = snprintf(out, sizeof out, "V%u.%u.%u", high & 0xff, low >> 8, low & 0xff);

    if (n > 0 && high >> 8 == 'V')
        record_set_text(row->r, slot, out);
}

static void module_row(struct szl_row *row)
{
    uint64_t index = cur_be16(&row->c);
    struct bytes order;
    unsigned high, low;

    set(row, SZL_ROW_INDEX, index);
    order = text(row, 20, SZL_ORDER);
    set(row, SZL_MODULE_TYPE, cur_be16(&row->c));
    high = cur_be16(&row->c);
    low = cur_be16(&row->c);
    set(row, SZL_VERSION, high);
    set(row, SZL_RELEASE, low);
    if (index == 1)
        fact(row, ORDER_NUMBER, order);
    else if (index == 6)
        fact(row, HARDWARE, order);
    else if (index == 7)
        version(row, FIRMWARE, high, low);
}

static void component_row(struct szl_row *row)
{
    /* clang-format off */
    static const struct { unsigned index, slot; } says[] = {
        {1, PLC_NAME}, {2, MODULE_NAME}, {3, PLANT}, {5, SERIAL},
        {7, MODULE_MODEL}, {8, CARD_SERIAL}, {11, LOCATION},
    };
    /* clang-format on */
    unsigned index = cur_be16(&row->c);
    struct bytes b;

    set(row, SZL_ROW_INDEX, index);
    if (index == 9) /* maker and profile: numbers */
        return;
    b = text(row,
             index == 4 || index == 10                ? 26
             : index == 1 || index == 2 || index == 5 ? 24
                                                      : 32,
             SZL_TEXT);
    for (size_t i = 0; i < COUNT_OF(says); i++) {
        if (says[i].index == index)
            fact(row, says[i].slot, b);
    }
}

/* Half a byte of a mode transition. */
static unsigned mode_of(unsigned nibble)
{
    static const uint8_t modes[16] = {
        [1] = MODE_STOP, [2] = MODE_STOP,    [3] = MODE_STOP,
        [4] = MODE_STOP, [5] = MODE_STARTUP, [7] = MODE_STARTUP,
        [8] = MODE_RUN,  [10] = MODE_HOLD,   [13] = MODE_DEFECT};

    return modes[nibble & 15];
}

static void mode_row(struct szl_row *row)
{
    unsigned modes;

    set(row, SZL_EVENT, cur_be16(&row->c));
    cur_skip(&row->c, 1);
    modes = cur_u8(&row->c);
    if (mode_of(modes))
        set(row, MODE, mode_of(modes));
    if (mode_of(modes >> 4))
        set(row, MODE_BEFORE, mode_of(modes >> 4));
    cur_skip(&row->c, 8);
    set_time(row);
}

static void protection_row(struct szl_row *row)
{
    unsigned index = cur_be16(&row->c);

    set(row, SZL_ROW_INDEX, index);
    if (index != 4)
        return;
    cur_skip(&row->c, 4);
    set(row, PROTECTION, cur_be16(&row->c));
    set(row, KEY_SWITCH, cur_be16(&row->c));
}

static void led_row(struct szl_row *row)
{
    unsigned id = cur_be16(&row->c);

    set(row, SZL_RACK, id >> 8 & 7);
    set(row, SZL_LED, id & 0xff);
    set(row, SZL_LED_ON, cur_u8(&row->c));
    set(row, SZL_LED_BLINK, cur_u8(&row->c));
}

static void place_row(struct szl_row *row)
{
    set(row, SZL_RACK, cur_be16(&row->c));
    set(row, SZL_SLOT, cur_be16(&row->c));
    cur_skip(&row->c, 2);
    set(row, SZL_EXPECTED_TYPE, cur_be16(&row->c));
    set(row, SZL_ACTUAL_TYPE, cur_be16(&row->c));
}

static void event_row(struct szl_row *row)
{
    set(row, SZL_EVENT, cur_be16(&row->c));
    set(row, SZL_PRIORITY, cur_u8(&row->c));
    set(row, SZL_OB, cur_u8(&row->c));
    cur_skip(&row->c, 8);
    set_time(row);
}

static void raw_row(struct szl_row *row)
{
    struct bytes b = {row->c.at, cur_left(&row->c)};

    record_set_bytes(row->r, SZL_DATA, b);
}

/* clang-format off */
static const struct shape {
    uint8_t list;  /* low byte of the id */
    uint8_t least; /* bytes of a row */
    void (*read)(struct szl_row *row);
} shapes[] = {
    {0x11, 28, module_row},
    {0x19, 4,  led_row},
    {0x1c, 34, component_row},
    {0x24, 20, mode_row},
    {0x32, 40, protection_row},
    {0x74, 4,  led_row},
    {0x91, 16, place_row},
    {0xa0, 20, event_row},
};
/* clang-format on */

static void one_row(struct pdu *p, const struct list *l, const uint8_t *at)
{
    bool none = false;
    struct szl_row row = {.r = p->r, .c = cur_over((struct bytes){at, l->row}, &none)};
    const struct shape *s = shapes;

    record_row(p->r, GROUP_SZL);
    while (s < shapes + COUNT_OF(shapes) && s->list != (l->id & 0xff))
        s++;
    if (s == shapes + COUNT_OF(shapes) || l->row < s->least)
        raw_row(&row);
    else
        s->read(&row);
}

/* ---- the list ------------------------------------------------------------------------- */

static void put_id(struct pdu *p, unsigned id)
{
    record_set(p->r, SZL_LIST, id & 0xff);
}

void s7_szl_ask(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);

    if (cur_left(&c) < 4)
        return;
    put_id(p, take_be16(p->r, &c, SZL_ID));
    take_be16(p->r, &c, SZL_INDEX);
}

/* The row that began in an earlier unit. */
static void finish_row(struct pdu *p, struct list *l, struct cursor *c)
{
    size_t n = (size_t)(l->row - l->held);

    if (l->held == 0)
        return;
    n = n < cur_left(c) ? n : cur_left(c);
    memcpy(l->bytes + l->held, cur_bytes(c, n).at, n);
    l->held = (uint16_t)(l->held + n);
    if (l->held == l->row) {
        one_row(p, l, l->bytes);
        l->held = 0;
        l->left--;
    }
}

static void rows(struct pdu *p, struct list *l, struct cursor *c)
{
    finish_row(p, l, c);
    while (l->left > 0 && l->row > 0 && cur_left(c) >= l->row) {
        one_row(p, l, cur_bytes(c, l->row).at);
        l->left--;
    }
    if (l->left > 0 && cur_left(c) > 0 && cur_left(c) < l->row && l->row <= ROW_MAX) {
        l->held = (uint16_t)cur_left(c);
        memcpy(l->bytes, cur_bytes(c, l->held).at, l->held);
    }
}

static void list_head(struct pdu *p, struct list *l, struct cursor *c)
{
    l->id = take_be16(p->r, c, SZL_ID);
    l->index = take_be16(p->r, c, SZL_INDEX);
    l->row = take_be16(p->r, c, SZL_LENGTH);
    l->left = take_be16(p->r, c, SZL_COUNT);
    l->held = 0;
    put_id(p, l->id);
}

/* Units of a list that began before us are left raw. */
static struct list *list_of(struct pdu *p, struct list *own)
{
    struct list *kept = p->unit ? exchange_session(p->x, SESSION_SZL | p->unit) : NULL;

    return kept ? kept : own;
}

void s7_szl_answer(struct pdu *p)
{
    struct cursor c = s7_data_unit(p);
    struct list own = {0}, *l = list_of(p, &own);

    if (cur_left(&c) == 0)
        return;
    if (!l->going) {
        uint64_t sequence;

        if (cur_left(&c) < LIST_HEAD || (s7_asked(p, SEQUENCE, &sequence) && sequence)) {
            take_bytes(p->r, &c, cur_left(&c), DATA);
            return;
        }
        list_head(p, l, &c);
    }
    rows(p, l, &c);
    l->going = !p->last && l->row <= ROW_MAX;
    if (cur_left(&c) > 0) {
        record_violation(p->r, BAD_SZL, &c);
        take_bytes(p->r, &c, cur_left(&c), DATA_REST);
    }
}
