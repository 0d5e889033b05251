/*
 * The function codes of "MODBUS Application Protocol V1.1b3", one row each, and
 * the bodies of those that read and write coils and registers.
 *
 *     read      01-04  > address quantity                < count values ...
 *     write     05 06  > address value                   < the same
 *     write     15 16  > address quantity count values   < address quantity
 *     mask      22     > address and or                  < the same
 *     read and  23     > read address quantity, write    < count values ...
 *     write              address quantity count values
 */

#include "dissectors/modbus/modbus.h"

static void read_ask(struct pdu *p);
static void read_answer(struct pdu *p);
static void single(struct pdu *p);
static void multiple_ask(struct pdu *p);
static void multiple_answer(struct pdu *p);
static void mask(struct pdu *p);
static void read_write_ask(struct pdu *p);

/* clang-format off */
static const struct function functions[] = {
    {READ_COILS, COIL, 2000, {5}, {2, 1, 1}, read_ask, read_answer},
    {READ_DISCRETE_INPUTS, DISCRETE_INPUT, 2000, {5}, {2, 1, 1}, read_ask, read_answer},
    {READ_HOLDING_REGISTERS, HOLDING_REGISTER, 125, {5}, {2, 1, 1}, read_ask, read_answer},
    {READ_INPUT_REGISTERS, INPUT_REGISTER, 125, {5}, {2, 1, 1}, read_ask, read_answer},
    {WRITE_SINGLE_COIL, COIL, 1, {5}, {5}, single, single, true},
    {WRITE_SINGLE_REGISTER, HOLDING_REGISTER, 1, {5}, {5}, single, single, true},
    {READ_EXCEPTION_STATUS, 0, 0, {1}, {2}, modbus_nothing, modbus_exception_status_answer},
    {DIAGNOSTICS, 0, 0, {3, .open = true}, {3, .open = true}, modbus_diagnostics_ask, modbus_diagnostics_answer},
    {EVENT_COUNTER, 0, 0, {1}, {5}, modbus_nothing, modbus_event_counter_answer},
    {EVENT_LOG, 0, 0, {1}, {2, 1, 1}, modbus_nothing, modbus_event_log_answer},
    {WRITE_MULTIPLE_COILS, COIL, 1968, {6, 5, 1}, {5}, multiple_ask, multiple_answer, true},
    {WRITE_MULTIPLE_REGISTERS, HOLDING_REGISTER, 123, {6, 5, 1}, {5}, multiple_ask, multiple_answer, true},
    {REPORT_SERVER_ID, 0, 0, {1}, {2, 1, 1}, modbus_nothing, modbus_server_id_answer},
    {READ_FILE_RECORD, 0, 0, {2, 1, 1}, {2, 1, 1}, modbus_file_read_ask, modbus_file_read_answer},
    {WRITE_FILE_RECORD, 0, 0, {2, 1, 1}, {2, 1, 1}, modbus_file_write, modbus_file_write},
    {MASK_WRITE_REGISTER, HOLDING_REGISTER, 1, {7}, {7}, mask, mask, true},
    {READ_WRITE_REGISTERS, HOLDING_REGISTER, 121, {10, 9, 1}, {2, 1, 1}, read_write_ask, read_answer},
    {READ_FIFO_QUEUE, HOLDING_REGISTER, 31, {3}, {3, 1, 2}, modbus_fifo_ask, modbus_fifo_answer},
    {ENCAPSULATED_INTERFACE, 0, 0, {2, .open = true}, {2, .open = true}, modbus_interface_ask, modbus_interface_answer},
    {UMAS, 0, 0, {3, .open = true}, {3, .open = true}, modbus_umas_ask, modbus_umas_answer},
};
/* clang-format on */

static const struct function other = {
    .request = {1, .open = true},
    .response = {1, .open = true},
    .ask = modbus_data,
    .answer = modbus_data,
};

const struct function *modbus_function(unsigned code)
{
    for (const struct function *f = functions; f < functions + COUNT_OF(functions); f++) {
        if (f->code == code)
            return f;
    }
    return &other;
}

/* What is public, free for users, kept by old products. */
enum function_class modbus_class(unsigned code)
{
    static const uint8_t reserved[] = {9, 10, 13, 14, 41, 42, 90, 91, 125, 126, 127};

    if ((code >= 65 && code <= 72) || (code >= 100 && code <= 110))
        return CLASS_USER;
    if (memchr(reserved, (int)code, sizeof reserved))
        return CLASS_RESERVED;
    return modbus_function(code)->code ? CLASS_PUBLIC : CLASS_UNASSIGNED;
}

size_t modbus_shape_size(const struct shape *shape, struct cursor head)
{
    unsigned count;

    if (shape->count_at == 0)
        return shape->fixed;
    if (cur_left(&head) < shape->count_at + (size_t)shape->count_size)
        return 0;
    cur_skip(&head, shape->count_at);
    count = shape->count_size == 2 ? cur_be16(&head) : cur_u8(&head);
    return shape->fixed + (size_t)count;
}

/* ---- helpers ------------------------------------------------------------------ */

void modbus_data(struct pdu *p)
{
    if (cur_left(p->c))
        take_bytes(p->r, p->c, cur_left(p->c), DATA);
}

void modbus_nothing(struct pdu *p)
{
    (void)p;
}

struct bytes modbus_values(struct pdu *p, size_t n)
{
    size_t left = cur_left(p->c);
    struct bytes b = cur_bytes(p->c, n < left ? n : left);

    if (n > left)
        cur_skip(p->c, 1); /* marks what is missing */
    return b;
}

void modbus_set(struct pdu *p, unsigned slot, uint64_t u, const uint8_t *at, unsigned len)
{
    if (!*p->c->truncated)
        record_set_at(p->r, slot, u, (uint16_t)(at - p->r->base), (uint16_t)len);
}

bool modbus_asked(const struct pdu *p, unsigned slot, uint64_t *u)
{
    const struct value *v = p->asked ? record_get_side(p->r, slot, SIDE_REQUEST) : NULL;

    *u = v ? v->u : 0;
    return v != NULL;
}

void modbus_echo(struct pdu *p, unsigned slot, unsigned reason, const struct cursor *at)
{
    const struct value *v = record_get_side(p->r, slot, SIDE_RESPONSE);
    uint64_t asked;

    if (v && modbus_asked(p, slot, &asked) && v->u != asked)
        record_violation(p->r, reason, at);
}

void modbus_verbs(struct pdu *p, const struct label *labels, unsigned code)
{
    const struct label *l = label_of(labels, code);

    p->r->verbs = l && l->verbs ? l->verbs : VERB_OTHER;
}

static bool is_bits(unsigned table)
{
    return table == COIL || table == DISCRETE_INPUT;
}

static bool is_answer(const struct pdu *p)
{
    return p->x->message->side == SIDE_RESPONSE;
}

static size_t bytes_for(unsigned table, uint64_t quantity)
{
    return is_bits(table) ? (size_t)((quantity + 7) / 8) : (size_t)quantity * 2;
}

void modbus_points(struct pdu *p, unsigned table, uint64_t first, size_t count,
                   struct bytes values)
{
    struct run run = {.first = first,
                      .step = 1,
                      .count = (uint32_t)count,
                      .table = (uint8_t)table,
                      .type = is_bits(table) ? POINT_BIT : POINT_U16,
                      .access = is_answer(p) && !p->function->echoes ? ACCESS_READ
                                                                     : ACCESS_WRITTEN,
                      .big_endian = true,
                      .values = values};

    if (first + count > ADDRESS_END) /* there is no register behind the last */
        run.count = first < ADDRESS_END ? (uint32_t)(ADDRESS_END - first) : 0;
    if (run.count && values.len)
        record_run(p->r, &run);
}

/* Reads address and quantity and holds them against the function's limits. */
static void range(struct pdu *p, unsigned address_slot, unsigned quantity_slot,
                  unsigned most)
{
    struct cursor at = *p->c;
    unsigned address = take_be16(p->r, p->c, address_slot);
    unsigned quantity = take_be16(p->r, p->c, quantity_slot);

    if (*p->c->truncated)
        return;
    if (address + quantity > ADDRESS_END)
        record_violation(p->r, ADDRESS_OVERFLOW, &at);
    cur_skip(&at, 2);
    if (quantity == 0)
        record_violation(p->r, QUANTITY_ZERO, &at);
    else if (quantity > most)
        record_violation(p->r, QUANTITY_TOO_LARGE, &at);
}

/* ---- read ----------------------------------------------------------------------- */

static void read_ask(struct pdu *p)
{
    range(p, ADDRESS, QUANTITY, p->function->most);
}

/* Values come back bare: where they lie, only the request said. */
static void read_answer(struct pdu *p)
{
    bool both = p->function->code == READ_WRITE_REGISTERS;
    struct cursor at = *p->c;
    unsigned count = take_u8(p->r, p->c, BYTE_COUNT);
    uint64_t address, quantity;

    if (count != cur_left(p->c))
        record_violation(p->r, BYTE_COUNT_DIFFERS, &at);
    if (!modbus_asked(p, both ? READ_ADDRESS : ADDRESS, &address) ||
        !modbus_asked(p, both ? READ_QUANTITY : QUANTITY, &quantity)) {
        take_bytes(p->r, p->c, count, DATA);
        return;
    }
    if (count != bytes_for(p->function->table, quantity))
        record_violation(p->r, RESPONSE_BYTE_COUNT_DIFFERS, &at);
    modbus_points(p, p->function->table, address, (size_t)quantity,
                  modbus_values(p, count));
}

/* ---- write ---------------------------------------------------------------------- */

/* A coil is written with 0xFF00 or 0x0000; another value is no point. */
static void single_point(struct pdu *p, unsigned address, unsigned value,
                         const struct cursor *at)
{
    if (p->function->code == WRITE_SINGLE_REGISTER)
        modbus_points(p, HOLDING_REGISTER, address, 1, (struct bytes){at->at, 2});
    else if (value == 0xff00 || value == 0)
        modbus_points(p, COIL, address, 1, (struct bytes){at->at, 1});
    else
        record_violation(p->r, COIL_VALUE_INVALID, at);
}

static void single(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned address = take_be16(p->r, p->c, ADDRESS);
    struct cursor value_at = *p->c;
    unsigned value = take_be16(p->r, p->c, VALUE);

    if (*p->c->truncated)
        return;
    if (!is_answer(p) || p->r->outcome == OUTCOME_ORPHAN) /* a mirror of one way */
        single_point(p, address, value, &value_at);
    if (!is_answer(p))
        return;
    modbus_echo(p, ADDRESS, ECHO_DIFFERS, &at);
    modbus_echo(p, VALUE, ECHO_DIFFERS, &value_at);
}

/* The bits of the last byte that belong to no coil are zero. */
static void check_padding(struct pdu *p, size_t quantity, struct bytes values)
{
    struct cursor at = *p->c;

    if (p->function->table != COIL || quantity % 8 == 0 || values.len == 0 ||
        values.len != bytes_for(COIL, quantity))
        return;
    if (values.at[values.len - 1] >> quantity % 8 == 0)
        return;
    at.at--;
    record_violation(p->r, PADDING_NOT_ZERO, &at);
}

static void written(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned count = take_u8(p->r, p->c, BYTE_COUNT);
    const struct value *address = record_get_side(p->r, ADDRESS, SIDE_REQUEST);
    const struct value *quantity = record_get_side(p->r, QUANTITY, SIDE_REQUEST);
    uint64_t first, n;
    struct bytes values;

    if (!address || !quantity)
        return;
    first = address->u;
    n = quantity->u;
    if (count != cur_left(p->c) || count != bytes_for(p->function->table, n))
        record_violation(p->r, BYTE_COUNT_DIFFERS, &at);
    values = modbus_values(p, count);
    modbus_points(p, p->function->table, first, (size_t)n, values);
    check_padding(p, (size_t)n, values);
}

static void multiple_ask(struct pdu *p)
{
    range(p, ADDRESS, QUANTITY, p->function->most);
    written(p);
}

static void multiple_answer(struct pdu *p)
{
    struct cursor at = *p->c;

    take_be16(p->r, p->c, ADDRESS);
    modbus_echo(p, ADDRESS, ECHO_DIFFERS, &at);
    at = *p->c;
    take_be16(p->r, p->c, QUANTITY);
    modbus_echo(p, QUANTITY, ECHO_DIFFERS, &at);
}

static void mask(struct pdu *p)
{
    static const uint8_t slots[] = {ADDRESS, AND_MASK, OR_MASK};

    for (unsigned i = 0; i < COUNT_OF(slots); i++) {
        struct cursor at = *p->c;

        take_be16(p->r, p->c, slots[i]);
        if (is_answer(p))
            modbus_echo(p, slots[i], ECHO_DIFFERS, &at);
    }
}

static void read_write_ask(struct pdu *p)
{
    range(p, READ_ADDRESS, READ_QUANTITY, 125);
    range(p, ADDRESS, QUANTITY, p->function->most);
    written(p);
}
