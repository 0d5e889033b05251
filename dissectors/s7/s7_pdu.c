/*
 * The S7comm PDU: header, pairing, and the way to the body of each function.
 *
 *     32 rosctr 0000 reference(2) parameters(2) data(2) [class code] | parameters | data
 *
 * Pairing: by who asks and the PDU reference.  Who asks is not always the client: in a
 * download the PLC sends the jobs 1B and 1C.  Layouts are those Wireshark 4.0 and Snap7
 * agree on, checked against captures of S7-300 CPUs; there is no public specification.
 */

#include "dissectors/s7/s7.h"

enum { SESSION_CONNECTION = 0x57000000 };

/* What set-up agreed on, and how much of it is in use. */
struct connection {
    uint16_t pdu_length; /* 0: not seen */
    uint16_t amq[2];     /* jobs at once: of the client, of the server */
};

void s7_nothing(struct pdu *p)
{
    (void)p;
}

/* clang-format off */
static const struct body bodies[] = {
    {CPU_SERVICES,     s7_nothing,            s7_nothing},
    {READ_VAR,         s7_read_ask,           s7_read_answer},
    {WRITE_VAR,        s7_write_ask,          s7_write_answer},
    {REQUEST_DOWNLOAD, s7_download_ask,       s7_download_answer},
    {DOWNLOAD_BLOCK,   s7_download_block_ask, s7_download_block_answer},
    {DOWNLOAD_ENDED,   s7_download_end_ask,   s7_download_end_answer},
    {START_UPLOAD,     s7_upload_ask,         s7_upload_answer},
    {UPLOAD,           s7_upload_block_ask,   s7_upload_block_answer},
    {END_UPLOAD,       s7_upload_end_ask,     s7_upload_end_answer},
    {PI_START,         s7_pi_ask,             s7_nothing},
    {PLC_STOP,         s7_stop_ask,           s7_nothing},
    {SETUP,            s7_setup,              s7_setup},
};
/* clang-format on */

static const struct body *body_of(unsigned function)
{
    static const struct body raw = {0, s7_nothing, s7_nothing};

    for (const struct body *b = bodies; b < bodies + COUNT_OF(bodies); b++) {
        if (b->function == function)
            return b;
    }
    return &raw;
}

bool s7_asked(const struct pdu *p, unsigned slot, uint64_t *u)
{
    const struct value *v = record_get_side(p->r, slot, SIDE_REQUEST);

    *u = v ? v->u : 0;
    return v != NULL;
}

void s7_function(struct pdu *p, unsigned code)
{
    const struct label *l = label_of(s7_functions, code);

    p->function = code;
    record_set(p->r, FUNCTION, code);
    if (code < USERDATA)
        record_set(p->r, JOB, code);
    if (!p->asked)
        p->r->verbs = l && l->verbs ? l->verbs : VERB_OTHER;
}

/* ---- the header --------------------------------------------------------------- */

/* Reads it, and cuts the message into its parts, before there is a record. */
static void read_header(struct pdu *p)
{
    struct cursor c = p->head;
    bool none = false;

    c.truncated = &none;
    cur_skip(&c, 1);
    p->rosctr = cur_u8(&c);
    cur_skip(&c, 2);
    p->reference = cur_be16(&c);
    p->parameter_length = cur_be16(&c);
    p->data_length = cur_be16(&c);
    if (p->rosctr == ROSCTR_ACK || p->rosctr == ROSCTR_ACK_DATA)
        p->error = cur_be16(&c);
    c.truncated = p->head.truncated;
    p->param = cur_cut(&c, p->parameter_length < cur_left(&c) ? p->parameter_length
                                                              : cur_left(&c));
    p->data = cur_cut(&c, p->data_length < cur_left(&c) ? p->data_length : cur_left(&c));
}

static void put_header(struct pdu *p)
{
    struct cursor c = p->head, lengths;
    size_t header = p->rosctr == ROSCTR_ACK || p->rosctr == ROSCTR_ACK_DATA
                        ? ANSWER_HEADER
                        : JOB_HEADER;

    iso_put(p->r, p->iso);
    cur_skip(&c, 1);
    take_u8(p->r, &c, ROSCTR);
    cur_skip(&c, 2);
    take_be16(p->r, &c, REFERENCE);
    lengths = c;
    take_be16(p->r, &c, PARAMETER_LENGTH);
    take_be16(p->r, &c, DATA_LENGTH);
    if (header == ANSWER_HEADER) {
        take_u8(p->r, &c, ERROR_CLASS);
        take_u8(p->r, &c, ERROR_CODE);
    }
    if (header + p->parameter_length + p->data_length != cur_left(&p->head))
        record_violation(p->r, PARTS_DIFFER, &lengths);
}

static struct connection *connection(struct pdu *p)
{
    return exchange_session(p->x, SESSION_CONNECTION);
}

/* Holds the PDU against what set-up agreed on. */
static void check_agreed(struct pdu *p)
{
    const struct connection *c = connection(p);

    if (c && c->pdu_length && cur_left(&p->head) > c->pdu_length && p->function != SETUP)
        record_violation(p->r, PDU_TOO_LONG, &p->head);
}

static void agree(struct pdu *p)
{
    struct connection *c = connection(p);
    const struct value *length = record_get_side(p->r, PDU_LENGTH, SIDE_RESPONSE);

    if (c && length)
        c->pdu_length = (uint16_t)length->u;
}

/* ---- pairing ------------------------------------------------------------------- */

static uint64_t key_of(const struct pdu *p, bool server_asks)
{
    return (uint64_t)(p->rosctr == ROSCTR_USERDATA ? 2 : 1) << 32 |
           (uint64_t)server_asks << 31 | p->reference;
}

static void ask(struct pdu *p, uint64_t hint)
{
    bool server = p->x->message->side == SIDE_RESPONSE;
    uint64_t key = key_of(p, server);
    const struct record *waits = exchange_pending(p->x, key);
    bool reused = waits && waits->hint != hint;

    exchange_role(p->x, SIDE_REQUEST);
    p->r = exchange_request(p->x, key, hint);
    put_header(p);
    if (reused)
        record_violation(p->r, REFERENCE_REUSED, &p->head);
}

static void answer(struct pdu *p, uint64_t hint)
{
    bool server = p->x->message->side == SIDE_REQUEST;

    exchange_role(p->x, SIDE_RESPONSE);
    p->r = exchange_response(p->x, key_of(p, server), hint);
    p->asked = record_get_side(p->r, FUNCTION, SIDE_REQUEST) != NULL;
    put_header(p);
}

/* ---- jobs ------------------------------------------------------------------------ */

/* Only a few functions are told apart where they stand: what is left is kept. */
static void rest(struct pdu *p)
{
    if (p->secret)
        return;
    if (cur_left(&p->param) > 0)
        take_bytes(p->r, &p->param, cur_left(&p->param), PARAMETER_REST);
    if (cur_left(&p->data) > 0)
        take_bytes(p->r, &p->data, cur_left(&p->data), DATA_REST);
}

static void job(struct pdu *p)
{
    unsigned code = cur_left(&p->param) ? *p->param.at : 0;

    ask(p, code);
    p->asks = true;
    if (cur_left(&p->param) == 0) {
        p->r->verbs = VERB_OTHER;
        return;
    }
    s7_function(p, cur_u8(&p->param));
    if (!label_of(s7_functions, code))
        record_violation(p->r, UNKNOWN_FUNCTION, &p->head);
    check_agreed(p);
    body_of(code)->ask(p);
}

static void job_answer(struct pdu *p)
{
    bool has = cur_left(&p->param) > 0;
    unsigned code = has ? *p->param.at : 0;
    uint64_t asked;

    answer(p, code);
    if (p->error) {
        exchange_refused(p->r);
        record_set_at(p->r, ERROR, p->error,
                      (uint16_t)(p->head.at + JOB_HEADER - p->r->base), 2);
    }
    if (!has) {
        p->r->verbs = p->r->verbs ? p->r->verbs : VERB_OTHER;
        return;
    }
    if (s7_asked(p, FUNCTION, &asked) && asked != code)
        record_violation(p->r, RESPONSE_FUNCTION_DIFFERS, &p->head);
    p->asked &= asked == code;
    s7_function(p, cur_u8(&p->param));
    check_agreed(p);
    body_of(code)->answer(p);
    if (code == SETUP)
        agree(p);
}

/* ---- userdata --------------------------------------------------------------------- */

/* 00 01 12 length method type|group sub-function sequence [unit last error(2)] */
static bool userdata_head(struct pdu *p)
{
    struct cursor c = p->param;
    bool none = false;

    c.truncated = &none;
    cur_skip(&c, 5);
    p->type = cur_u8(&c);
    p->group = p->type & 0xf;
    p->type >>= 4;
    p->sub = cur_u8(&c);
    p->sequence = cur_u8(&c);
    p->unit = cur_left(&c) ? cur_u8(&c) : 0;
    p->last = cur_left(&c) == 0 || cur_u8(&c) == 0;
    return !none;
}

static void userdata(struct pdu *p)
{
    bool whole = userdata_head(p);
    uint64_t hint = (uint64_t)p->group << 8 | p->sub;

    if (p->type == TYPE_REQUEST || p->type == TYPE_NC_REQUEST || !whole) {
        p->asks = true;
        ask(p, hint);
    } else if (p->type == TYPE_RESPONSE || p->type == TYPE_NC_RESPONSE) {
        answer(p, hint);
    } else {
        p->r = exchange_alone(p->x, OUTCOME_SPONTANEOUS);
        put_header(p);
    }
    check_agreed(p);
    s7_userdata(p);
}

/* ---- which ------------------------------------------------------------------------- */

static void unknown(struct pdu *p)
{
    struct cursor at = p->head;

    p->r = exchange_alone(p->x, OUTCOME_SENT);
    put_header(p);
    p->r->verbs = VERB_OTHER;
    cur_skip(&at, 1);
    record_violation(p->r, UNKNOWN_ROSCTR, &at);
}

enum verdict s7_message(struct exchange *x, const struct iso *iso)
{
    struct pdu p = {.x = x, .iso = iso, .head = iso->payload};

    read_header(&p);
    switch (p.rosctr) {
    case ROSCTR_JOB:
        job(&p);
        break;
    case ROSCTR_ACK:
    case ROSCTR_ACK_DATA:
        job_answer(&p);
        break;
    case ROSCTR_USERDATA:
        userdata(&p);
        break;
    default:
        unknown(&p);
        break;
    }
    rest(&p);
    return TAKEN;
}

/* Jobs of the PLC are those of a download; what is sent unasked comes from it. */
unsigned s7_sender(struct cursor payload)
{
    struct pdu p = {.head = payload};
    unsigned code;

    read_header(&p);
    code = cur_left(&p.param) ? *p.param.at : 0;
    if (p.rosctr == ROSCTR_USERDATA) {
        userdata_head(&p);
        return p.type == TYPE_REQUEST || p.type == TYPE_NC_REQUEST ? SIDE_REQUEST
                                                                   : SIDE_RESPONSE;
    }
    if (code == DOWNLOAD_BLOCK || code == DOWNLOAD_ENDED)
        return p.rosctr == ROSCTR_JOB ? SIDE_RESPONSE : SIDE_REQUEST;
    return p.rosctr == ROSCTR_JOB ? SIDE_REQUEST : SIDE_RESPONSE;
}
