/*
 * Modbus: "MODBUS Application Protocol V1.1b3" in MBAP ("MODBUS Messaging on TCP/IP
 * Implementation Guide V1.0b") and in RTU frames ("MODBUS over Serial Line V1.02").
 *
 * A message is framed, paired, named and handed to the body of its function.
 *
 * Pairing: MBAP by transaction id alone, so that an answer from another unit or to
 * another function still meets its request and is told as a violation; RTU, which
 * has no id, by unit.  The hint (unit, function, what the answer must look like)
 * keeps those apart that share a key: clients that always send id 0.
 *
 * A device that obeys 8/4 does not answer: such a request ends unanswered.
 * Limits and layouts are those two independent stacks (libmodbus, pymodbus) and Wireshark
 * 4.0 agree on, checked against captures of real devices; clauses are not cited.  Where
 * Wireshark differs, the specification wins: it opens no values of 17, no
 * single file of 20 and 21, no UMAS, and shows what 5 and 6 write as raw data.
 */

#include "dissectors/modbus/modbus.h"

/* What the frame says, before there is a record. */
struct frame {
    struct cursor start, pdu; /* of the whole message; from the function code */
    unsigned transaction, protocol, length, unit, crc;
    bool rtu, has_function, crc_right, cut_short;
    uint8_t code; /* as on the wire */
};

/* The CRC is taken off the end; what is left is the body. */
static void rtu_frame(struct frame *f, struct cursor *c)
{
    size_t left = cur_left(c);

    f->rtu = true;
    f->crc_right = true;
    f->cut_short = left < RTU_MIN;
    if (!f->cut_short) {
        f->crc = (unsigned)(c->end[-2] | c->end[-1] << 8);
        f->crc_right = f->crc == modbus_crc(c->at, left - 2);
        c->end -= 2;
    }
    f->unit = cur_u8(c);
    f->pdu = *c;
}

/* The body ends where the header says, or where the bytes do. */
static void tcp_frame(struct frame *f, struct cursor *c)
{
    size_t left;

    f->transaction = cur_be16(c);
    f->protocol = cur_be16(c);
    f->length = cur_be16(c);
    left = cur_left(c);
    f->cut_short = f->length > left;
    f->unit = cur_u8(c);
    f->pdu = *c;
    if (f->length > 0 && f->length < left)
        f->pdu.end = c->at + f->length - 1;
}

static struct frame frame_of(const struct side *side, struct cursor *c)
{
    struct frame f = {.start = *c};

    if (side->framing == FRAMING_RTU)
        rtu_frame(&f, c);
    else
        tcp_frame(&f, c);
    f.has_function = cur_left(&f.pdu) > 0 && (f.rtu ? !f.cut_short : f.length != 0);
    f.code = f.has_function ? *f.pdu.at : 0;
    return f;
}

static unsigned peek16(const struct frame *f, size_t at)
{
    return cur_left(&f->pdu) < at + 2
               ? 0
               : (unsigned)(f->pdu.at[at] << 8 | f->pdu.at[at + 1]);
}

static uint64_t key_of(const struct frame *f)
{
    return f->rtu ? (uint64_t)FRAMING_RTU << 32 | f->unit
                  : (uint64_t)FRAMING_TCP << 32 | f->transaction;
}

/* What an answer to this is sure to show: the address it repeats, or its count. */
static unsigned expected(const struct frame *f, const struct function *function,
                         bool answer)
{
    if (f->code & EXCEPTION_BIT)
        return 0;
    if (function->echoes)
        return peek16(f, 1);
    if (function->answer != modbus_function(READ_COILS)->answer)
        return 0;
    if (answer)
        return cur_left(&f->pdu) > 1 ? f->pdu.at[1] : 0;
    return function->table < INPUT_REGISTER ? (peek16(f, 3) + 7) / 8 : peek16(f, 3) * 2;
}

static uint64_t hint_of(const struct frame *f, const struct function *function,
                        bool answer)
{
    return (uint64_t)expected(f, function, answer) << 16 | f->unit << 8 |
           (f->code & ~(unsigned)EXCEPTION_BIT);
}

/* ---- the header in the record ----------------------------------------------- */

static void put_tcp_header(struct pdu *p, const struct frame *f)
{
    struct cursor at = f->start;
    size_t left;

    take_be16(p->r, &at, TRANSACTION_ID);
    if (f->protocol)
        record_violation(p->r, WRONG_PROTOCOL_ID, &at);
    take_be16(p->r, &at, PROTOCOL_ID);
    take_be16(p->r, &at, LENGTH);
    left = cur_left(&at);
    at.at -= 2;
    if (f->length < 2 || f->length != left)
        record_violation(p->r, LENGTH_MISMATCH, &at);
    if (f->length > ADU_LENGTH_MAX && f->code != UMAS)
        record_violation(p->r, ADU_TOO_LONG, &at);
    at.at += 2;
    take_u8(p->r, &at, UNIT);
}

static void put_rtu_header(struct pdu *p, const struct frame *f)
{
    struct cursor at = f->start;

    take_u8(p->r, &at, UNIT);
    if (cur_left(&f->start) < RTU_MIN)
        return;
    at.at = f->start.end - 2;
    if (!f->crc_right)
        record_violation(p->r, BAD_CRC, &at);
    take_le16(p->r, &at, CRC);
}

/* The mark of a short message must not keep the fields that are there away. */
static void put_header(struct pdu *p, const struct frame *f)
{
    bool *mark = p->c->truncated, none = false;
    struct frame own = *f;

    own.start.truncated = &none;
    if (!record_get(p->r, FRAMING))
        record_set(p->r, FRAMING, f->rtu ? FRAMING_RTU : FRAMING_TCP);
    if (f->rtu)
        put_rtu_header(p, &own);
    else
        put_tcp_header(p, &own);
    *mark |= none;
}

static void put_function(struct pdu *p, const struct frame *f)
{
    unsigned code = f->code & ~(unsigned)EXCEPTION_BIT;
    enum function_class class = modbus_class(code);

    modbus_set(p, FUNCTION, code, f->pdu.at, 1);
    if (code == 0)
        record_violation(p->r, FUNCTION_ZERO, &f->pdu);
    else if (class >= CLASS_RESERVED && code != UMAS && !p->asked)
        record_violation(p->r, RESERVED_FUNCTION, &f->pdu);
    if (!record_get(p->r, FUNCTION_CLASS))
        record_set(p->r, FUNCTION_CLASS, class);
    if (!p->asked && !(f->code & EXCEPTION_BIT && p->x->message->side == SIDE_REQUEST) &&
        (p->r->verbs == 0 || p->r->verbs == VERB_OTHER))
        modbus_verbs(p, modbus_functions, code);
}

/* ---- bodies -------------------------------------------------------------------- */

/* 7: the function code with its highest bit set, and one byte. */
static void exception(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned code = take_u8(p->r, p->c, EXCEPTION);

    if (*p->c->truncated || cur_left(p->c))
        record_violation(p->r, MALFORMED_EXCEPTION, &at);
    else if (!label_of(modbus_exceptions, code))
        record_violation(p->r, UNKNOWN_EXCEPTION_CODE, &at);
}

static bool same_value(const struct record *a, const struct record *b, unsigned slot)
{
    const struct value *x = record_get_side(a, slot, SIDE_REQUEST);
    const struct value *y = record_get_side(b, slot, SIDE_REQUEST);

    return !x || !y || x->u == y->u;
}

/* Its id is taken by another request; sending the same once more is no fault. */
static void check_reuse(struct pdu *p, const struct frame *f, uint64_t hint)
{
    const struct record *waits = exchange_pending(p->x, key_of(f));
    const struct message *m = waits ? record_message_of(waits, SIDE_REQUEST) : NULL;

    if (f->rtu || f->transaction == 0 || !m)
        return;
    if (waits->hint != hint || m->length != p->x->message->length ||
        !same_value(waits, p->r, ADDRESS) || !same_value(waits, p->r, VALUE) ||
        !same_value(waits, p->r, READ_ADDRESS) || !same_value(waits, p->r, UMAS_FUNCTION))
        record_violation(p->r, TRANSACTION_ID_REUSED, &f->start);
}

static void request(struct pdu *p, const struct frame *f)
{
    uint64_t hint = hint_of(f, p->function, false);

    if (f->code & EXCEPTION_BIT || (f->rtu && f->unit == 0))
        p->r = exchange_alone(p->x, OUTCOME_SENT);
    else
        p->r = exchange_request(p->x, key_of(f), hint);
    put_header(p, f);
    p->r->verbs = VERB_OTHER;
    if (!f->has_function)
        return;
    put_function(p, f);
    if (f->code & EXCEPTION_BIT) {
        record_violation(p->r, EXCEPTION_BY_CLIENT, &f->pdu);
        exception(p);
        return;
    }
    p->function->ask(p);
    check_reuse(p, f, hint);
}

static void compare_with_request(struct pdu *p, const struct frame *f)
{
    const struct value *unit = record_get_side(p->r, UNIT, SIDE_REQUEST);
    const struct value *function = record_get_side(p->r, FUNCTION, SIDE_REQUEST);
    struct cursor at = f->pdu;

    at.at--;
    if (unit && unit->u != f->unit)
        record_violation(p->r, UNIT_DIFFERS, &at);
    if (!function || !f->has_function)
        return;
    p->asked = function->u == (f->code & ~(unsigned)EXCEPTION_BIT);
    if (!p->asked)
        record_violation(p->r, RESPONSE_FUNCTION_DIFFERS, &f->pdu);
}

static void response(struct pdu *p, const struct frame *f)
{
    p->r = exchange_response(p->x, key_of(f), hint_of(f, p->function, true));
    put_header(p, f);
    compare_with_request(p, f);
    if (!f->has_function)
        return;
    put_function(p, f);
    if (f->code & EXCEPTION_BIT) {
        exchange_refused(p->r);
        exception(p);
        return;
    }
    p->function->answer(p);
}

static enum verdict modbus_message(struct exchange *x, const struct side *side,
                                   struct cursor *c)
{
    struct frame f = frame_of(side, c);
    struct cursor body = f.pdu;
    struct pdu p = {
        .x = x, .c = &body, .function = modbus_function(f.code), .unit = (uint8_t)f.unit};

    cur_u8(&body); /* the function code */
    if (side->direction == SIDE_RESPONSE)
        response(&p, &f);
    else
        request(&p, &f);
    c->at = body.at;
    if (f.cut_short || !f.has_function)
        cur_skip(c, cur_left(c) + 1); /* marks it */
    return TAKEN;
}

const struct dissector dissector_modbus = {
    .schema = {.name = "modbus",
               .title = "Modbus",
               .fields = modbus_fields,
               .nfields = NSLOTS,
               .groups = modbus_groups,
               .ngroups = NGROUPS,
               .tables = modbus_tables,
               .violations = modbus_violations,
               .operations = modbus_operations,
               .child = "unit",
               .wireshark = "modbus",
               .reference = modbus_reference},
    .tcp_ports = {502},
    .udp_ports = {502},
    .patience = {NS_PER_S, 30 * NS_PER_S, 60 * NS_PER_S},
    .framings = modbus_framings,
    .length = modbus_length,
    .sender = modbus_sender,
    .message = modbus_message,
};
