/*
 * Function 90, which Schneider Electric's programming tools use and call UMAS.
 *
 *     > 90 key function data ...     < 90 key FE data ...   it was done
 *                                    < 90 key FD error ...  it was not
 *
 * There is no public specification.  The layouts are those of Apache PLC4X's
 * umas.mspec, held against a capture of a Quantum 140 CPU 311 10 and its tool;
 * what neither shows stays raw in `data`.  Numbers are little endian.
 *
 *     01  < largest frame(2) ...
 *     02  < range(2) hardware(4) model(2) firmware(2) patch(2) internal(2)
 *           hardware version(2) crash(4) 0(2) length model ...
 *     03  < 38 bytes of versions and times, length, project name
 *     10  > 4 bytes, length, client name               < key to be used from now on
 *     20  > range block(2) offset(2) 0(2) length(2)   < range length(2) data
 *     22  > project crc(4) count ...                  23 the same
 *     31  > 00 01 block(2) length(2) data
 *     34  > 00 01 block(2)                            < 00 last length(2) data
 *     35  > 00 01 last block(2)
 *
 * Public names of 30-35 disagree on what upload means; here 30-32 carry a program
 * to the controller (download) and 33-35 fetch it (upload).
 */

#include "dissectors/modbus/modbus.h"

enum { SESSION_UMAS = 0x5a00, ID_BEFORE_MODEL = 22, PROJECT_BEFORE_NAME = 38 };

/* What goes on with the controller behind one unit. */
struct umas_state {
    struct operation transfer;
};

static struct umas_state *state_of(struct pdu *p)
{
    return exchange_session(p->x, SESSION_UMAS | p->unit);
}

/* ---- to the controller ------------------------------------------------------ */

static void ask_reservation(struct pdu *p)
{
    cur_skip(p->c, 4);
    take_bytes(p->r, p->c, cur_u8(p->c), UMAS_CLIENT);
}

static void ask_memory(struct pdu *p)
{
    cur_skip(p->c, 1);
    take_le16(p->r, p->c, UMAS_BLOCK);
    take_le16(p->r, p->c, UMAS_OFFSET);
    cur_skip(p->c, 2);
    take_le16(p->r, p->c, UMAS_LENGTH);
}

static void ask_variables(struct pdu *p)
{
    take_le32(p->r, p->c, UMAS_CRC);
    take_u8(p->r, p->c, UMAS_COUNT);
    modbus_data(p);
}

static void ask_download_block(struct pdu *p)
{
    struct cursor at;
    unsigned length;

    cur_skip(p->c, 2);
    take_le16(p->r, p->c, UMAS_BLOCK);
    at = *p->c;
    length = take_le16(p->r, p->c, UMAS_LENGTH);
    if (!*p->c->truncated && length != cur_left(p->c))
        record_violation(p->r, BAD_UMAS_MESSAGE, &at);
    modbus_data(p);
}

static void ask_block(struct pdu *p)
{
    cur_skip(p->c, 2);
    take_le16(p->r, p->c, UMAS_BLOCK);
}

static void ask_transfer(struct pdu *p)
{
    cur_skip(p->c, 2);
    take_le16(p->r, p->c, UMAS_LENGTH);
}

/* ---- from it ------------------------------------------------------------------ */

static void answer_init(struct pdu *p)
{
    take_le16(p->r, p->c, UMAS_MAX_FRAME);
    modbus_data(p);
}

/* 0x0270 is version 2.70. */
static void firmware(struct pdu *p, unsigned version)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t text[] = {
        (uint8_t)digits[version >> 12 & 15], (uint8_t)digits[version >> 8 & 15], '.',
        (uint8_t)digits[version >> 4 & 15], (uint8_t)digits[version & 15]};
    unsigned skip = text[0] == '0';

    record_set_bytes(p->r, UMAS_FIRMWARE,
                     (struct bytes){text + skip, sizeof text - skip});
}

static void answer_id(struct pdu *p)
{
    struct cursor head = cur_cut(p->c, ID_BEFORE_MODEL);
    size_t length;
    unsigned version;

    cur_skip(&head, 2);
    take_le32(p->r, &head, UMAS_HARDWARE_ID);
    cur_skip(&head, 2);
    version = cur_le16(&head);
    length = cur_u8(p->c);
    if (!*p->c->truncated)
        firmware(p, version);
    take_bytes(p->r, p->c, length, UMAS_MODEL);
    modbus_data(p);
}

/* Only where its length agrees with all that is left is it the name. */
static void answer_project(struct pdu *p)
{
    struct cursor ahead = *p->c;
    size_t length;

    if (cur_left(&ahead) > PROJECT_BEFORE_NAME) {
        cur_skip(&ahead, PROJECT_BEFORE_NAME);
        length = cur_u8(&ahead);
        if (length && length == cur_left(&ahead)) {
            while (length && ahead.at[length - 1] == 0)
                length--;
            take_bytes(p->r, &ahead, length, UMAS_PROJECT);
        }
    }
    modbus_data(p);
}

static void answer_memory(struct pdu *p)
{
    struct cursor at;
    unsigned length;

    cur_skip(p->c, 1);
    at = *p->c;
    length = take_le16(p->r, p->c, UMAS_LENGTH);
    if (!*p->c->truncated && length != cur_left(p->c))
        record_violation(p->r, BAD_UMAS_MESSAGE, &at);
    modbus_data(p);
}

static void answer_upload_block(struct pdu *p)
{
    cur_skip(p->c, 1);
    answer_memory(p);
}

static void answer_reservation(struct pdu *p)
{
    take_u8(p->r, p->c, UMAS_NEW_KEY);
    modbus_data(p);
}

/* ---- which ----------------------------------------------------------------------- */

/* clang-format off */
static const struct body {
    uint8_t code;
    void (*ask)(struct pdu *p);
    void (*answer)(struct pdu *p);
} bodies[] = {
    {UMAS_INIT,             modbus_data,        answer_init},
    {UMAS_READ_ID,          modbus_data,        answer_id},
    {UMAS_READ_PROJECT,     modbus_data,        answer_project},
    {UMAS_TAKE_RESERVATION, ask_reservation,    answer_reservation},
    {UMAS_READ_MEMORY,      ask_memory,         answer_memory},
    {UMAS_READ_VARIABLES,   ask_variables,      modbus_data},
    {UMAS_WRITE_VARIABLES,  ask_variables,      modbus_data},
    {UMAS_DOWNLOAD_BLOCK,   ask_download_block, modbus_data},
    {UMAS_UPLOAD_BEGIN,     ask_transfer,       modbus_data},
    {UMAS_UPLOAD_BLOCK,     ask_block,          answer_upload_block},
    {UMAS_UPLOAD_END,       ask_block,          modbus_data},
};
/* clang-format on */

static const struct body *body_of(unsigned code)
{
    static const struct body raw = {0, modbus_data, modbus_data};

    for (const struct body *b = bodies; b < bodies + COUNT_OF(bodies); b++) {
        if (b->code == code)
            return b;
    }
    return &raw;
}

void modbus_umas_ask(struct pdu *p)
{
    unsigned code;

    take_u8(p->r, p->c, UMAS_KEY);
    code = take_u8(p->r, p->c, UMAS_FUNCTION);
    if (*p->c->truncated)
        return;
    modbus_verbs(p, modbus_umas_functions, code);
    body_of(code)->ask(p);
    modbus_data(p);
}

/* ---- transfers ------------------------------------------------------------------- */

static void transfer_begins(struct pdu *p, struct operation *op, unsigned kind)
{
    if (op->id)
        exchange_operation_end(p->x, op, p->r, OPERATION_ABORTED);
    exchange_operation_begin(p->x, op, kind, p->r);
}

static void transfer_goes_on(struct pdu *p, struct operation *op, unsigned code, bool ok)
{
    const struct value *v = record_get_side(
        p->r, UMAS_LENGTH, code == UMAS_UPLOAD_BLOCK ? SIDE_RESPONSE : SIDE_REQUEST);

    if (op->id)
        exchange_operation_step(op, p->r, ok && v ? v->u : 0);
}

/* A transfer counts what the controller has agreed to, not what was asked. */
static void transfer(struct pdu *p, unsigned code, bool ok)
{
    struct umas_state *state;

    if (code < UMAS_DOWNLOAD_BEGIN || code > UMAS_UPLOAD_END)
        return;
    state = state_of(p);
    if (!state)
        return;
    if (code == UMAS_DOWNLOAD_BLOCK || code == UMAS_UPLOAD_BLOCK)
        transfer_goes_on(p, &state->transfer, code, ok);
    else if (code == UMAS_DOWNLOAD_BEGIN && ok)
        transfer_begins(p, &state->transfer, PROGRAM_DOWNLOAD);
    else if (code == UMAS_UPLOAD_BEGIN && ok)
        transfer_begins(p, &state->transfer, PROGRAM_UPLOAD);
    else if ((code == UMAS_DOWNLOAD_END || code == UMAS_UPLOAD_END) && state->transfer.id)
        exchange_operation_end(p->x, &state->transfer, p->r,
                               ok ? OPERATION_END : OPERATION_ABORTED);
}

void modbus_umas_answer(struct pdu *p)
{
    struct cursor at;
    uint64_t code;
    unsigned result;

    take_u8(p->r, p->c, UMAS_KEY);
    at = *p->c;
    result = take_u8(p->r, p->c, UMAS_RESULT);
    if (*p->c->truncated)
        return;
    if (result == UMAS_ERROR)
        exchange_refused(p->r);
    else if (result != UMAS_OK)
        record_violation(p->r, BAD_UMAS_MESSAGE, &at);
    if (modbus_asked(p, UMAS_FUNCTION, &code) && result == UMAS_OK)
        body_of((unsigned)code)->answer(p);
    modbus_data(p);
    if (code)
        transfer(p, (unsigned)code, result == UMAS_OK);
}
