/*
 * Fragments: what they ask or answer, and to which request they belong.
 *
 * IEEE 1815-2012:
 *
 *     0         1          2       4 (of answers)
 *     +---------+----------+-------+------------------
 *     | control | function |  IIN  | object headers ...     control: FIR FIN CON UNS
 *     +---------+----------+-------+------------------     and 4 bits of sequence
 *
 * Pairing is by link addresses and sequence.  A master asks one thing at a time, so of
 * requests with the same sequence the last one asked is answered.  An answer in several
 * fragments (FIN not set) counts its sequence up and stays in one record, each fragment
 * with a time-out of its own.  A challenge (131) interrupts a request: the record goes
 * on with the answer that follows.  Confirms stand alone; whether one was due is
 * remembered by the pair.
 */

#include "dissectors/dnp3/dnp3.h"

static const struct function functions[] = {
    {CONFIRM, false, true},
    {READ, false, false},
    {WRITE, true, false},
    {SELECT, true, false},
    {OPERATE, true, false},
    {DIRECT_OPERATE, true, false},
    {DIRECT_OPERATE_NO_ACK, true, true},
    {7, false, false},
    {8, false, true}, /* 8, 10, 12: freezes nobody answers */
    {9, false, false},
    {10, false, true},
    {11, false, false},
    {12, false, true},
    {OPEN_FILE, true, false},
    {CLOSE_FILE, true, false},
    {27, true, false},
    {28, true, false},
    {29, true, false},
    {ABORT_FILE, true, false},
    {31, true, false},
    {AUTHENTICATE, true, false},
    {33, true, true},
    {RESPONSE, true, true},
    {UNSOLICITED, true, true},
    {AUTHENTICATE_RESPONSE, true, true},
};

const struct function *dnp3_function(unsigned code)
{
    static const struct function other = {0, false, false};

    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (functions[i].code == code)
            return &functions[i];
    }
    return &other;
}

/* ---- which record ---------------------------------------------------------------- */

enum key_kind { KEY_REQUEST = 2, KEY_AUTHENTICATION };

static uint64_t key_of(const struct fragment *a, enum key_kind kind, unsigned sequence)
{
    return (uint64_t)kind << 40 | (uint64_t)(sequence & SEQUENCE_MASK) << 32 | a->link;
}

/* The reply to a challenge is answered by what was challenged. */
static bool is_challenge_reply(const struct fragment *a)
{
    return a->code == AUTHENTICATE && cur_left(a->c) >= 4 &&
           a->c->at[2] == AUTHENTICATION && a->c->at[3] == 2;
}

/* An error ends what was challenged. */
static bool is_authentication_error(const struct fragment *a)
{
    return a->code == AUTHENTICATE_RESPONSE && cur_left(a->c) >= 6 &&
           a->c->at[4] == AUTHENTICATION && a->c->at[5] == 7;
}

static struct record *request_record(struct fragment *a)
{
    enum key_kind kind = a->code == AUTHENTICATE ? KEY_AUTHENTICATION : KEY_REQUEST;
    uint64_t key = key_of(a, kind, a->sequence);
    const struct record *waits = exchange_pending(a->x, key);

    if (a->function->silent || a->broadcast || is_challenge_reply(a) ||
        (waits && waits->hint == a->hash)) /* the same again: one answer is due */
        return exchange_alone(a->x, OUTCOME_SENT);
    if (kind == KEY_REQUEST) {
        a->pair->asked = (uint8_t)(a->sequence + 1);
        a->pair->asked_hash = a->hash;
    }
    return exchange_request(a->x, key, a->hash);
}

static struct record *answer_record(struct fragment *a)
{
    uint64_t key = key_of(a, KEY_REQUEST, a->sequence);
    uint64_t other = key_of(a, KEY_AUTHENTICATION, a->sequence);
    bool challenge = a->code == AUTHENTICATE_RESPONSE;
    struct record *r;

    if (challenge && exchange_pending(a->x, other))
        return exchange_response(a->x, other, 0);
    if (a->code != RESPONSE && !(challenge && exchange_pending(a->x, key)))
        return exchange_alone(a->x, OUTCOME_SPONTANEOUS);
    r = exchange_response(a->x, key,
                          a->pair->asked == a->sequence + 1 ? a->pair->asked_hash : 0);
    if (challenge && !is_authentication_error(a))
        exchange_more(a->x, r, key);
    else if (challenge)
        a->refused = true;
    else if (!(a->control & APP_FIN))
        exchange_more(a->x, r, key_of(a, KEY_REQUEST, a->sequence + 1u));
    return r;
}

/* ---- what the first octets say --------------------------------------------------- */

/* In an answer, whether it is the part of the answer that it says it is. */
static void check_parts(struct fragment *a, unsigned before, const struct cursor *at)
{
    bool first = a->control & APP_FIR;

    if (a->side == SIDE_REQUEST) {
        if ((a->control & (APP_FIR | APP_FIN)) != (APP_FIR | APP_FIN))
            record_violation(a->r, REQUEST_IN_PARTS, at);
    } else if (a->code == RESPONSE && first == (before == RESPONSE) && !a->x->blind) {
        record_violation(a->r, FRAGMENT_SEQUENCE, at);
    }
}

static void check_control(struct fragment *a, const struct cursor *at)
{
    bool unsolicited = a->control & APP_UNS;

    if (unsolicited ? a->code != UNSOLICITED && a->code != CONFIRM &&
                          a->code != AUTHENTICATE_RESPONSE
                    : a->code == UNSOLICITED)
        record_violation(a->r, UNSOLICITED_BIT_WRONG, at);
    if (a->side == SIDE_REQUEST && a->control & APP_CON)
        record_violation(a->r, CONFIRM_ASKED_BY_MASTER, at);
}

static void check_function(struct fragment *a, const struct cursor *at)
{
    if (!label_of(dnp3_functions, a->code))
        record_violation(a->r, RESERVED_FUNCTION, at);
    else if (a->side == SIDE_REQUEST && a->code >= RESPONSE)
        record_violation(a->r, RESPONSE_BY_MASTER, at);
    else if (a->side == SIDE_RESPONSE && a->code < RESPONSE)
        record_violation(a->r, REQUEST_BY_OUTSTATION, at);
}

static void put_control(struct fragment *a)
{
    struct record *r = a->r;
    const struct value *answered = record_get_side(r, FUNCTION, SIDE_RESPONSE);
    unsigned before = answered ? (unsigned)answered->u : 0;
    struct cursor at = *a->c;

    record_set_at(r, FIR, (a->control & APP_FIR) != 0, 0, 1);
    record_set_at(r, FIN, (a->control & APP_FIN) != 0, 0, 1);
    record_set_at(r, CON, (a->control & APP_CON) != 0, 0, 1);
    record_set_at(r, UNS, (a->control & APP_UNS) != 0, 0, 1);
    record_set_at(r, SEQUENCE, a->sequence, 0, 1);
    check_parts(a, before, &at);
    check_control(a, &at);
    cur_skip(a->c, 1);
    at = *a->c;
    take_u8(r, a->c, FUNCTION);
    check_function(a, &at);
}

static void put_indications(struct fragment *a)
{
    struct cursor at = *a->c;
    unsigned iin = take_be16(a->r, a->c, IIN);

    if (*a->c->truncated)
        return;
    if (iin & IIN_RESERVED)
        record_violation(a->r, RESERVED_INDICATION, &at);
    if (iin & (IIN_NO_FUNCTION | IIN_UNKNOWN_OBJECT | IIN_PARAMETER))
        a->refused = true;
    dnp3_indications(a, iin);
}

/* ---- the fragment ---------------------------------------------------------------- */

static uint8_t access_of(unsigned code)
{
    if (code == RESPONSE)
        return ACCESS_READ;
    if (code == UNSOLICITED)
        return ACCESS_REPORTED;
    return code == WRITE || (code >= OPERATE && code <= DIRECT_OPERATE_NO_ACK)
               ? ACCESS_WRITTEN
               : NO_POINTS;
}

static void put_verbs(struct fragment *a)
{
    const struct label *l = label_of(dnp3_functions, a->code);

    if (a->side == SIDE_REQUEST || a->r->outcome == OUTCOME_SPONTANEOUS)
        a->r->verbs = l && l->verbs ? l->verbs : VERB_OTHER;
}

/* What the other side's messages before it make of this one. */
static void put_state(struct fragment *a)
{
    if (a->side == SIDE_RESPONSE && (a->code == RESPONSE || a->code == UNSOLICITED))
        dnp3_await_confirm(a);
    else if (a->side == SIDE_RESPONSE || a->code == AUTHENTICATE)
        return;
    else if (a->code == CONFIRM)
        dnp3_confirm(a);
    else
        dnp3_request_comes(a);
}

static void read_fragment(struct fragment *a)
{
    bool answer = a->code >= RESPONSE && a->code <= AUTHENTICATE_RESPONSE;

    put_control(a);
    put_verbs(a);
    put_state(a);
    if (answer && a->side == SIDE_RESPONSE)
        put_indications(a);
    else if (answer)
        cur_skip(a->c, 2);
    dnp3_headers(a);
    dnp3_objects_end(a);
    if (a->refused)
        exchange_refused(a->r);
}

/* Violations of the fragment, which the engine cannot see from outside. */
static void check_end(struct fragment *a)
{
    if (*a->c->truncated)
        record_violation(a->r, VIOLATION_TRUNCATED, a->c);
}

void dnp3_fragment(struct exchange *x, const struct frame *f, struct pair *pair,
                   struct bytes all)
{
    unsigned side = x->message->side, way = side == SIDE_RESPONSE;
    bool truncated = false;
    struct cursor c = cur_over(all, &truncated);
    struct fragment a = {.x = x, .c = &c, .pair = pair, .side = (uint8_t)side};

    a.link = dnp3_link(f, side);
    a.control = all.len ? all.at[0] : 0;
    a.sequence = a.control & SEQUENCE_MASK;
    a.code = all.len > 1 ? all.at[1] : 0;
    a.function = dnp3_function(a.code);
    a.hash = dnp3_hash(0, all);
    if (all.len > 2)
        a.objects = dnp3_hash(0, (struct bytes){all.at + 2, all.len - 2});
    a.broadcast = f->destination >= ADDRESS_BROADCAST;
    a.access = access_of(a.code);
    if (all.len < 2)
        a.r =
            exchange_alone(x, side == SIDE_REQUEST ? OUTCOME_SENT : OUTCOME_SPONTANEOUS);
    else
        a.r = side == SIDE_REQUEST ? request_record(&a) : answer_record(&a);
    dnp3_put_link(a.r, f, side);
    if (pair->unfinished[way])
        record_violation(a.r, UNFINISHED_FRAGMENT, &f->start);
    pair->unfinished[way] = false;
    record_base(a.r, all.at);
    record_set(a.r, FRAGMENT_LENGTH, all.len);
    if (all.len < 2)
        record_violation(a.r, FRAGMENT_TOO_SHORT, &c);
    else
        read_fragment(&a);
    check_end(&a);
    record_base(a.r, f->start.at);
}
