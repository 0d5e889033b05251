/*
 * S7comm-plus: the PDU of S7-1200 and S7-1500 CPUs.
 *
 *     72 version length(2) | [digest] ... | [digest] | 72 version 0000
 *        31 0000 function(2) 0000 sequence(2) session(4) flags ...       request
 *        32 0000 function(2) 0000 sequence(2) flags return ...           response
 *        33 subscription(4) ..(8) credit sequence { 92 item(4) value } 0 notification
 *     72 FE length(2) ...                                                system event
 *
 * Version 1 has no digest, version 2 one behind (a length and 32 bytes), version 3 one in
 * front.  A long PDU comes in several TPKTs, of which only the last has the trailer.
 * There is no public specification: the layouts are those that the plugin of T. Wiens for
 * Wireshark and the library s7commplus (Python, after the C# driver S7CommPlusDriver)
 * agree on, checked against captures of an S7-1211C, S7-1215C and S7-1511.  What neither
 * shows is kept raw in `rest`.
 */

#include <stdio.h>

#include "dissectors/s7/plus.h"

enum {
    SESSION_STATE = 0x72000000,
    DIGEST_SIZE = 32,
    KEY_PLUS = 0x72,
    AREA_DB = 0x8a0e,
    AREA_FIRST = 80, /* I, Q, M, counters, timers */
    TAG_ITEM = 0x92,
    REFERENCE_SIZE = 80,
    FLAGS_AT = 13, /* of a request */
    FLAG_NO_ANSWER = 0x40,
};

/* What was seen of a connection. */
struct state {
    uint8_t version;   /* the highest */
    bool going[2];     /* a PDU too long to be joined is on its way, by side */
    bool encrypted[2]; /* TLS was told, by side */
};

static struct state *state_of(struct exchange *x)
{
    return exchange_session(x, SESSION_STATE);
}

/* ---- the header ------------------------------------------------------------------------ */

/* Before there is a record: what the PDU is, and what of it is the function's. */
static void read_header(struct plus *p)
{
    struct cursor *c = &p->c;
    size_t left;

    cur_skip(c, 1);
    p->version = cur_u8(c);
    p->length = cur_be16(c);
    left = cur_left(c);
    p->trailer = left >= PLUS_HEADER && c->end[-4] == PLUS_ID &&
                 c->end[-3] == p->version && c->end[-2] == 0 && c->end[-1] == 0;
    if (p->trailer)
        c->end -= PLUS_HEADER;
    if (p->version == 3 && cur_left(c) > DIGEST_SIZE && *c->at == DIGEST_SIZE) {
        p->digest = true;
        cur_skip(c, 1 + DIGEST_SIZE);
    } else if (p->version == 2 && cur_left(c) > DIGEST_SIZE &&
               c->end[-1 - DIGEST_SIZE] == DIGEST_SIZE) {
        p->digest = true;
        c->end -= 1 + DIGEST_SIZE;
    }
    p->opcode = cur_left(c) ? *c->at : 0;
}

static void read_function(struct plus *p)
{
    struct cursor c = p->c;
    bool none = false;

    c.truncated = &none;
    cur_skip(&c, 3);
    p->function = cur_be16(&c);
    cur_skip(&c, 2);
    p->sequence = cur_be16(&c);
}

static void put_header(struct plus *p)
{
    struct cursor c = p->iso->payload;

    iso_put(p->r, p->iso);
    cur_skip(&c, 1);
    take_u8(p->r, &c, PLUS_VERSION);
    take_be16(p->r, &c, PLUS_LENGTH);
    record_set(p->r, PLUS_INTEGRITY, p->digest);
    if (p->version != VERSION_EVENT && (p->version < 1 || p->version > 3))
        record_violation(p->r, PLUS_UNKNOWN_VERSION, &p->iso->payload);
}

static void put_opcode(struct plus *p)
{
    take_u8(p->r, &p->c, PLUS_OPCODE);
}

/* A program that is loaded is longer than what is joined: no fault of its sender's. */
static bool is_part(const struct plus *p)
{
    return p->iso->joined && !p->trailer && !p->iso->cut_short &&
           p->x->message->length > ISO_JOINED;
}

/* A whole PDU has its length, and a trailer if it is no event. */
static void check_length(struct plus *p)
{
    size_t whole = cur_left(&p->iso->payload);

    if (is_part(p))
        p->r->left_out++;
    if (p->iso->cut_short || p->iso->too_long || is_part(p))
        return;
    if (!p->iso->joined &&
        whole != PLUS_HEADER + p->length + (p->trailer ? PLUS_HEADER : 0u))
        record_violation(p->r, PLUS_LENGTH_DIFFERS, &p->iso->payload);
    else if (!p->trailer && p->version != VERSION_EVENT)
        record_violation(p->r, PLUS_BAD_TRAILER, &p->iso->payload);
}

/* A session that had digests goes on without: somebody wants it weaker. */
static void check_version(struct plus *p)
{
    struct state *s = state_of(p->x);

    if (!s || p->version < 1 || p->version > 3)
        return;
    if (p->version < s->version && p->function != PLUS_CREATE_OBJECT &&
        s->version - p->version > 1)
        record_violation(p->r, PLUS_DOWNGRADE, &p->iso->payload);
    if (p->version > s->version)
        s->version = (uint8_t)p->version;
}

static void set_function(struct plus *p, unsigned function)
{
    const struct label *l = label_of(plus_functions, function);

    record_set(p->r, FUNCTION, function);
    if (!p->asked)
        p->r->verbs = l && l->verbs ? l->verbs : VERB_OTHER;
}

/* What is left; all of it when it was read amiss, since nobody knows from where on. */
static void rest(struct plus *p, struct cursor body)
{
    if (*p->c.truncated) {
        *p->c.truncated = false;
        p->c.at = body.at;
    }
    if (cur_left(&p->c) > 0 && !p->secret)
        take_bytes(p->r, &p->c, cur_left(&p->c), PLUS_REST);
}

/* ---- requests ---------------------------------------------------------------------------- */

/* The object a request is about. */
static uint32_t target(struct plus *p)
{
    return take_be32(p->r, &p->c, PLUS_OBJECT);
}

static bool is_session(const struct plus *p, uint32_t object)
{
    return object == p->session || object >> 28 == SESSION_OBJECTS >> 28;
}

static void ask_create(struct plus *p)
{
    unsigned at = 0;
    struct row row;
    const struct value *class = NULL;

    target(p);
    if (!plus_value(p, &p->c, 0))
        return;
    cur_skip(&p->c, 4);
    plus_objects(p, &p->c);
    if (record_next_row(p->r, PLUS_OBJECTS, &at, &row))
        class = record_row_get(p->r, &row, PLUS_OBJECT_CLASS);
    if (class && class->u == CLASS_SESSION)
        p->r->verbs = VERB_SESSION;
    else if (class && class->u == CLASS_SUBSCRIPTION)
        p->r->verbs = VERB_READ | VERB_SESSION;
}

static void ask_delete(struct plus *p)
{
    uint32_t object = target(p);

    p->r->verbs = is_session(p, object) ? VERB_SESSION : VERB_PROGRAM;
}

static void state_request(struct plus *p)
{
    unsigned at = 0;
    struct row row;
    const struct value *v;

    while (record_next_row(p->r, PLUS_VALUES, &at, &row)) {
        v = record_row_get(p->r, &row, PLUS_VALUE_NUMBER);
        if (v)
            record_set(p->r, PLUS_STATE_REQUEST, v->u);
    }
    p->r->verbs = VERB_MODE;
}

static void ask_set(struct plus *p)
{
    uint32_t object = target(p), count = plus_vlq(&p->c), id = plus_vlq(&p->c);

    if (*p->c.truncated)
        return;
    record_set(p->r, PLUS_COUNT, count);
    p->r->verbs = is_session(p, object) ? VERB_SESSION : VERB_WRITE | VERB_CONFIGURE;
    if (!plus_value(p, &p->c, id))
        return;
    if (object == OBJECT_CPU && id == ATTRIBUTE_STATE_REQUEST)
        state_request(p);
    if (id == ATTRIBUTE_LEGITIMATE || id == ATTRIBUTE_CHALLENGE_ANSWER)
        p->r->verbs |= VERB_AUTHENTICATE;
}

static void ask_object(struct plus *p)
{
    target(p);
}

/* "DB12.9.3", "M.4": areas have names, what is in them only numbers. */
static void item(struct plus *p)
{
    static const char letters[] = "IQMCT";
    char name[REFERENCE_SIZE] = "";
    uint32_t crc = plus_vlq(&p->c), area = plus_vlq(&p->c), depth = plus_vlq(&p->c);
    size_t len;

    if (area >> 16 == AREA_DB)
        snprintf(name, sizeof name, "DB%u", area & 0xffff);
    else if (area - AREA_FIRST < sizeof letters - 1)
        snprintf(name, sizeof name, "%c", letters[area - AREA_FIRST]);
    else
        snprintf(name, sizeof name, "%08X", area);
    plus_vlq(&p->c); /* which copy of the values */
    for (uint32_t i = 1; i < depth && cur_left(&p->c) > 0; i++) {
        uint32_t id = plus_vlq(&p->c);

        len = strlen(name);
        snprintf(name + len, sizeof name - len, ".%u", id);
    }
    if (*p->c.truncated)
        return;
    record_row(p->r, PLUS_ITEMS);
    record_set(p->r, PLUS_ITEM_CRC, crc);
    record_set(p->r, PLUS_ITEM_AREA, area);
    record_set_text(p->r, PLUS_ITEM_REFERENCE, name);
}

/* Addresses: by area and numbers, or plain ids of one object. */
static uint32_t addresses(struct plus *p)
{
    uint32_t object = target(p), count = plus_vlq(&p->c);

    plus_vlq(&p->c); /* fields of all addresses */
    if (*p->c.truncated)
        return 0;
    record_set(p->r, PLUS_COUNT, count);
    for (uint32_t i = 0; i < count && cur_left(&p->c) > 0; i++) {
        if (object)
            plus_vlq(&p->c);
        else
            item(p);
    }
    return count;
}

static void ask_get_multi(struct plus *p)
{
    addresses(p);
}

/* Values with the number of their item, up to 0. */
static void numbered_values(struct plus *p)
{
    while (cur_left(&p->c) > 0) {
        uint32_t number = plus_vlq(&p->c);

        if (number == 0 || !plus_value(p, &p->c, number))
            return;
    }
}

static void ask_set_multi(struct plus *p)
{
    struct cursor ahead = p->c;
    bool none = false;
    uint32_t object;

    ahead.truncated = &none;
    object = cur_be32(&ahead);
    if (object) {
        p->r->verbs = is_session(p, object) ? VERB_SESSION | VERB_AUTHENTICATE
                                            : VERB_WRITE | VERB_CONFIGURE;
        p->secret = is_session(p, object); /* answers to challenges are in it */
    }
    addresses(p);
    numbered_values(p);
}

static void ask_streamed(struct plus *p)
{
    target(p);
    if (plus_value(p, &p->c, 0))
        return;
}

static void nothing(struct plus *p)
{
    (void)p;
}

/* ---- responses --------------------------------------------------------------------------- */

/* Its lowest 16 bits are a code; beyond that who refused. */
static void return_value(struct plus *p)
{
    uint64_t value = plus_vlq64(&p->c);
    int16_t code = (int16_t)(uint16_t)value;

    if (*p->c.truncated)
        return;
    record_set(p->r, PLUS_RETURN, value & INT64_MAX);
    record_set(p->r, PLUS_RESULT, (uint64_t)(int64_t)code);
    if (code < 0)
        exchange_refused(p->r);
}

static void answer_create(struct plus *p)
{
    unsigned n;

    return_value(p);
    n = cur_left(&p->c) ? cur_u8(&p->c) : 0;
    for (unsigned i = 0; i < n && cur_left(&p->c) > 0; i++) {
        uint32_t id = plus_vlq(&p->c);

        if (i == 0 && !*p->c.truncated)
            record_set(p->r, PLUS_OBJECT, id);
    }
    plus_objects(p, &p->c);
}

static void answer_explore(struct plus *p)
{
    return_value(p);
    target(p);
    if (cur_left(&p->c) > 0 && *p->c.at != 0xa1)
        plus_vlq(&p->c); /* integrity */
    plus_objects(p, &p->c);
}

static void answer_get_multi(struct plus *p)
{
    return_value(p);
    numbered_values(p);
}

static void answer_streamed(struct plus *p)
{
    return_value(p);
    cur_skip(&p->c, cur_left(&p->c) ? 1 : 0);
    plus_value(p, &p->c, 0);
}

static void answer_delete(struct plus *p)
{
    return_value(p);
    if (cur_left(&p->c) >= 4)
        target(p);
}

/* clang-format off */
static const struct body {
    unsigned function;
    void (*ask)(struct plus *p);
    void (*answer)(struct plus *p);
} bodies[] = {
    {PLUS_EXPLORE,       ask_object,    answer_explore},
    {PLUS_CREATE_OBJECT, ask_create,    answer_create},
    {PLUS_DELETE_OBJECT, ask_delete,    answer_delete},
    {PLUS_SET_VARIABLE,  ask_set,       return_value},
    {PLUS_GET_VARIABLE,  ask_object,    return_value},
    {PLUS_ADD_LINK,      ask_object,    return_value},
    {PLUS_REMOVE_LINK,   ask_object,    return_value},
    {PLUS_GET_LINK,      ask_object,    return_value},
    {PLUS_SET_MULTI,     ask_set_multi, return_value},
    {PLUS_GET_MULTI,     ask_get_multi, answer_get_multi},
    {PLUS_INVOKE,        ask_object,    return_value},
    {PLUS_GET_STREAMED,  ask_streamed,  answer_streamed},
    {PLUS_SET_STREAMED,  ask_streamed,  return_value},
    {PLUS_GET_ADDRESS,   ask_object,    return_value},
    {PLUS_INIT_SSL,      nothing,       return_value},
};
/* clang-format on */

static const struct body *body_of(unsigned function)
{
    static const struct body raw = {0, nothing, return_value};

    for (const struct body *b = bodies; b < bodies + COUNT_OF(bodies); b++) {
        if (b->function == function)
            return b;
    }
    return &raw;
}

/* ---- kinds of PDU ---------------------------------------------------------------------- */

static uint64_t key_of(const struct plus *p, bool server_asks)
{
    return (uint64_t)KEY_PLUS << 32 | (uint64_t)server_asks << 31 | p->sequence;
}

static void take_function(struct plus *p)
{
    put_opcode(p);
    cur_skip(&p->c, 2);
    cur_skip(&p->c, 2); /* the function, known already */
    cur_skip(&p->c, 2);
    take_be16(p->r, &p->c, PLUS_SEQUENCE);
}

/* Credit for a subscription is given without an answer, or with a short one. */
static bool wants_no_answer(const struct plus *p)
{
    return cur_left(&p->c) > FLAGS_AT && p->c.at[FLAGS_AT] & FLAG_NO_ANSWER;
}

static void request(struct plus *p)
{
    read_function(p);
    exchange_role(p->x, SIDE_REQUEST);
    if (wants_no_answer(p))
        p->r = exchange_alone(p->x, OUTCOME_SENT);
    else
        p->r = exchange_request(p->x, key_of(p, p->x->message->side == SIDE_RESPONSE),
                                p->function);
    put_header(p);
    take_function(p);
    p->session = take_be32(p->r, &p->c, PLUS_SESSION);
    take_u8(p->r, &p->c, PLUS_FLAGS);
    set_function(p, p->function);
    if (!label_of(plus_functions, p->function))
        record_violation(p->r, PLUS_UNKNOWN_FUNCTION, &p->iso->payload);
    check_version(p);
    body_of(p->function)->ask(p);
}

static void response(struct plus *p)
{
    const struct value *v;

    read_function(p);
    exchange_role(p->x, SIDE_RESPONSE);
    if (p->opcode == OPCODE_RESPONSE_2)
        p->r = exchange_alone(p->x, OUTCOME_SPONTANEOUS);
    else
        p->r = exchange_response(p->x, key_of(p, p->x->message->side == SIDE_REQUEST),
                                 p->function);
    v = record_get_side(p->r, FUNCTION, SIDE_REQUEST);
    p->asked = v != NULL;
    put_header(p);
    take_function(p);
    take_u8(p->r, &p->c, PLUS_FLAGS);
    set_function(p, p->function);
    if (v && v->u != p->function)
        record_violation(p->r, PLUS_RESPONSE_DIFFERS, &p->iso->payload);
    check_version(p);
    body_of(p->function)->answer(p);
}

/* Items are told by reference number; other codes end what is understood. */
static void notification(struct plus *p)
{
    p->r = exchange_alone(p->x, OUTCOME_SPONTANEOUS);
    put_header(p);
    put_opcode(p);
    take_be32(p->r, &p->c, PLUS_SUBSCRIPTION);
    set_function(p, PLUS_NOTIFICATION);
    cur_skip(&p->c, 7);
    take_u8(p->r, &p->c, PLUS_CREDIT);
    plus_vlq(&p->c);
    if (*p->c.truncated)
        return;
    cur_skip(&p->c, cur_left(&p->c) ? 1 : 0);
    while (cur_left(&p->c) > 5 && *p->c.at == TAG_ITEM) {
        cur_skip(&p->c, 1);
        if (!plus_value(p, &p->c, cur_be32(&p->c)))
            return;
    }
}

static void event(struct plus *p)
{
    p->r = exchange_alone(p->x, OUTCOME_SPONTANEOUS);
    put_header(p);
    set_function(p, PLUS_EVENT);
}

static void unknown(struct plus *p)
{
    p->r = exchange_alone(p->x, OUTCOME_SENT);
    put_header(p);
    put_opcode(p);
    p->r->verbs = VERB_OTHER;
    record_violation(p->r, PLUS_UNKNOWN_OPCODE, &p->iso->payload);
}

/* The rest of a PDU that was too long to be joined: nothing of it can be told. */
static bool is_continuation(struct plus *p)
{
    struct state *s = state_of(p->x);
    unsigned side = p->x->message->side == SIDE_RESPONSE;

    if (!s)
        return false;
    if (s->going[side]) {
        s->going[side] = !p->trailer;
        return true;
    }
    s->going[side] = is_part(p);
    return false;
}

static void by_opcode(struct plus *p)
{
    switch (p->opcode) {
    case OPCODE_REQUEST:
        request(p);
        break;
    case OPCODE_RESPONSE:
    case OPCODE_RESPONSE_2:
        response(p);
        break;
    case OPCODE_NOTIFICATION:
        notification(p);
        break;
    default:
        unknown(p);
        break;
    }
}

enum verdict plus_message(struct exchange *x, const struct iso *iso)
{
    struct plus p = {.x = x, .iso = iso, .c = iso->payload};
    struct cursor body;
    bool amiss = false;

    p.c.truncated = &amiss; /* much of it is guessed: no fault of the sender's */
    read_header(&p);
    body = p.c;
    if (p.version != VERSION_EVENT && is_continuation(&p))
        return TAKEN;
    if (p.version == VERSION_EVENT)
        event(&p);
    else
        by_opcode(&p);
    check_length(&p);
    rest(&p, body);
    return TAKEN;
}

/* From here on only TLS can tell; once for each side. */
enum verdict plus_tls(struct exchange *x, const struct iso *iso)
{
    struct state *s = state_of(x);
    unsigned side = x->message->side == SIDE_RESPONSE;
    struct record *r;

    if (!s || s->encrypted[side])
        return TAKEN;
    s->encrypted[side] = true;
    r = exchange_alone(x, OUTCOME_SENT);
    iso_put(r, iso);
    record_set(r, FUNCTION, PLUS_TLS);
    record_set(r, PLUS_ENCRYPTED, true);
    r->verbs = VERB_SESSION;
    return TAKEN;
}

unsigned plus_sender(struct cursor payload)
{
    struct plus p = {.c = payload};
    bool none = false;

    p.c.truncated = &none;
    read_header(&p);
    if (p.opcode == OPCODE_REQUEST)
        return SIDE_REQUEST;
    return p.opcode == OPCODE_RESPONSE || p.opcode == OPCODE_NOTIFICATION ? SIDE_RESPONSE
                                                                          : 0;
}
