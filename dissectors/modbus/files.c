/*
 * File records and queues: functions 20, 21 and 24 of "MODBUS Application
 * Protocol V1.1b3".
 *
 *     20  > bytes { 6 file record length } ...
 *         < bytes { bytes 6 data } ...
 *     21  > bytes { 6 file record length data } ...     < the same
 *     24  > address                                     < bytes count values ...
 *
 * The length of a record counts registers, all other counts are of bytes.
 */

#include "dissectors/modbus/modbus.h"

enum {
    REFERENCE = 6,        /* the only reference type there is */
    ADDRESSED_SIZE = 7,   /* type, file, record, length */
    RECORD_LAST = 0x270f, /* 9999 */
    READ_ASK_MIN = 0x07,
    READ_ANSWER_MIN =
        0x04, /* one register; the 7 one reads of could be no length of it */
    READ_MAX = 0xf5,
    WRITE_MIN = 0x09,
    WRITE_MAX = 0xfb,
};

/* The bytes the count promises; another count than there are is a violation. */
static struct cursor records(struct pdu *p, unsigned least, unsigned most)
{
    struct cursor at = *p->c, body;
    unsigned count = take_u8(p->r, p->c, BYTE_COUNT);
    size_t left = cur_left(p->c);

    if (*p->c->truncated)
        return *p->c;
    if (count != left)
        record_violation(p->r, BYTE_COUNT_DIFFERS, &at);
    if (count < least || count > most)
        record_violation(p->r, BAD_FILE_RECORD, &at);
    body = cur_cut(p->c, count < left ? count : left);
    if (count > left)
        cur_skip(p->c, 1);
    return body;
}

static void reference(struct pdu *p, struct cursor *body)
{
    struct cursor at = *body;

    if (take_u8(p->r, body, REFERENCE_TYPE) != REFERENCE)
        record_violation(p->r, BAD_FILE_RECORD, &at);
}

/* Where a record lies; the number of registers it has. */
static unsigned addressed(struct pdu *p, struct cursor *body)
{
    struct cursor at;
    unsigned file, number, length;

    reference(p, body);
    at = *body;
    file = take_be16(p->r, body, FILE_NUMBER);
    number = take_be16(p->r, body, RECORD_NUMBER);
    length = take_be16(p->r, body, RECORD_LENGTH);
    if (file == 0 || number > RECORD_LAST || length == 0)
        record_violation(p->r, BAD_FILE_RECORD, &at);
    return length;
}

/* Fewer bytes than a record has: they are named, and wrong. */
static bool too_short(struct pdu *p, struct cursor *body, size_t least)
{
    if (cur_left(body) >= least)
        return false;
    record_violation(p->r, BAD_FILE_RECORD, body);
    take_bytes(p->r, body, cur_left(body), DATA);
    return true;
}

void modbus_file_read_ask(struct pdu *p)
{
    struct cursor body = records(p, READ_ASK_MIN, READ_MAX);

    while (cur_left(&body) && !too_short(p, &body, ADDRESSED_SIZE)) {
        record_row(p->r, GROUP_FILE);
        addressed(p, &body);
    }
}

/* Answers say neither file nor record: they come in the order of the request. */
void modbus_file_read_answer(struct pdu *p)
{
    struct cursor body = records(p, READ_ANSWER_MIN, READ_MAX);

    while (cur_left(&body) && !too_short(p, &body, 2)) {
        struct cursor at = body;
        size_t length, left;

        record_row(p->r, GROUP_FILE);
        length = take_u8(p->r, &body, FILE_LENGTH);
        reference(p, &body);
        left = cur_left(&body);
        if (length % 2 == 0 || length - 1 > left)
            record_violation(p->r, BAD_FILE_RECORD, &at);
        length = length ? length - 1 : 0;
        take_bytes(p->r, &body, length < left ? length : left, RECORD_DATA);
    }
}

/* The nth row of a side; false when there are fewer. */
static bool nth_row(const struct record *r, unsigned side, unsigned n, struct row *row)
{
    const struct value *v;
    unsigned at = 0;

    while (record_next_row(r, GROUP_FILE, &at, row)) {
        v = record_row_get(r, row, REFERENCE_TYPE);
        if (v && v->side == side && n-- == 0)
            return true;
    }
    return false;
}

static bool same_number(const struct record *r, const struct row *a, const struct row *b,
                        unsigned slot)
{
    const struct value *x = record_row_get(r, a, slot), *y = record_row_get(r, b, slot);

    return !x || !y || x->u == y->u;
}

static bool same_data(const struct record *r, const struct row *a, const struct row *b)
{
    const struct value *x = record_row_get(r, a, RECORD_DATA);
    const struct value *y = record_row_get(r, b, RECORD_DATA);
    struct bytes bx, by;

    if (!x || !y)
        return true;
    bx = record_bytes(r, x);
    by = record_bytes(r, y);
    return bx.len == by.len && memcmp(bx.at, by.at, bx.len) == 0;
}

/* Holds each record of the answer against that of the request. */
static void check_rows(struct pdu *p, const struct cursor *at)
{
    struct row asked, answered;

    for (unsigned n = 0; nth_row(p->r, SIDE_RESPONSE, n, &answered); n++) {
        if (!nth_row(p->r, SIDE_REQUEST, n, &asked))
            return;
        if (same_number(p->r, &asked, &answered, FILE_NUMBER) &&
            same_number(p->r, &asked, &answered, RECORD_NUMBER) &&
            same_number(p->r, &asked, &answered, RECORD_LENGTH) &&
            same_data(p->r, &asked, &answered))
            continue;
        record_violation(p->r, ECHO_DIFFERS, at);
        return;
    }
}

void modbus_file_write(struct pdu *p)
{
    struct cursor at = *p->c, body = records(p, WRITE_MIN, WRITE_MAX);
    size_t length, left;

    while (cur_left(&body) && !too_short(p, &body, ADDRESSED_SIZE)) {
        record_row(p->r, GROUP_FILE);
        length = 2 * (size_t)addressed(p, &body);
        left = cur_left(&body);
        if (length > left)
            record_violation(p->r, BAD_FILE_RECORD, &body);
        take_bytes(p->r, &body, length < left ? length : left, RECORD_DATA);
    }
    if (p->x->message->side == SIDE_RESPONSE && p->asked) {
        modbus_echo(p, BYTE_COUNT, ECHO_DIFFERS, &at);
        check_rows(p, &at);
    }
}

void modbus_fifo_ask(struct pdu *p)
{
    take_be16(p->r, p->c, ADDRESS);
}

/*
 * At most 31 values.  The register at the address holds the count, the queue lies
 * behind it: that is where the points are put.
 */
void modbus_fifo_answer(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned count = take_be16(p->r, p->c, BYTE_COUNT);
    unsigned n = take_be16(p->r, p->c, FIFO_COUNT);
    uint64_t address;

    if (*p->c->truncated)
        return;
    if (n > p->function->most)
        record_violation(p->r, FIFO_TOO_LONG, &at);
    if (count != cur_left(p->c) + 2 || count != 2 * n + 2)
        record_violation(p->r, BYTE_COUNT_DIFFERS, &at);
    if (!modbus_asked(p, ADDRESS, &address)) {
        modbus_data(p);
        return;
    }
    modbus_points(p, HOLDING_REGISTER, address + 1, n,
                  modbus_values(p, count > 2 ? count - 2 : 0));
}
