/*
 * What one message makes of another: select and operate, confirms, indications, files.
 *
 * A select arms objects; the operate that follows must repeat them, with the next
 * sequence and before the outstation's time-out.  That time-out is a setting nobody on
 * the wire tells: ten seconds are OpenDNP3's default.  Any other request but a
 * confirm disarms.  The answers say what the outstation thought of it; the state here
 * says what was right, for outstations that accept what they should not.
 */

#include "dissectors/dnp3/dnp3.h"

enum { SELECT_SECONDS = 10 };

/* FNV-1a: tells a repeated message from another, nothing that must withstand anybody. */
uint32_t dnp3_hash(uint32_t hash, struct bytes b)
{
    hash ^= 2166136261u;
    for (size_t i = 0; b.at && i < b.len; i++)
        hash = (hash ^ b.at[i]) * 16777619u;
    return hash;
}

static unsigned asked_function(const struct fragment *a)
{
    const struct value *v = record_get_side(a->r, FUNCTION, SIDE_REQUEST);

    return v && a->side == SIDE_RESPONSE ? (unsigned)v->u : CONFIRM;
}

/* ---- select and operate ---------------------------------------------------------- */

static struct selected *find_selected(struct selection *s, unsigned group, uint64_t index)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (s->objects[i].group == group && s->objects[i].index == index)
            return &s->objects[i];
    }
    return NULL;
}

static void add_selected(struct selection *s, unsigned group, uint64_t index,
                         uint32_t hash)
{
    if (s->n < SELECTED)
        s->objects[s->n++] = (struct selected){(uint32_t)index, hash, (uint8_t)group};
}

static enum select_state state_of(struct fragment *a, unsigned group, uint64_t index,
                                  uint32_t hash)
{
    struct selection *s = &a->pair->select;
    const struct selected *one = find_selected(s, group, index);
    bool repeated = s->operated && a->sequence == s->operate_sequence;

    if (!s->open || (s->operated && !repeated) ||
        a->sequence != ((s->sequence + 1) & SEQUENCE_MASK))
        return SELECT_MISSING;
    if (a->x->message->time - s->time > SELECT_SECONDS * NS_PER_S)
        return SELECT_LATE;
    if (s->hash == a->objects || (one && one->hash == hash))
        return SELECT_MATCHED;
    return one || s->n == SELECTED ? SELECT_DIFFERS : SELECT_MISSING;
}

static void select_or_operate(struct fragment *a, unsigned group, uint64_t index,
                              uint32_t hash)
{
    if (a->side == SIDE_RESPONSE)
        return;
    if (a->code == SELECT)
        add_selected(&a->pair->select, group, index, hash);
    else if (a->code == OPERATE && (a->pair->select.open || !a->x->blind))
        record_set(a->r, CONTROL_SELECT, state_of(a, group, index, hash));
    else if (a->code == DIRECT_OPERATE || a->code == DIRECT_OPERATE_NO_ACK)
        record_set(a->r, CONTROL_SELECT, SELECT_NOT_REQUIRED);
}

/* Another request than the one a select waits for. */
static void check_unused(struct fragment *a)
{
    struct selection *s = &a->pair->select;
    bool again = a->code == SELECT && a->sequence == s->sequence && a->objects == s->hash;

    if (a->code == OPERATE)
        return;
    if (s->open && !s->operated && !again)
        record_set(a->r, SELECT_UNUSED, true);
    *s = (struct selection){.open = a->code == SELECT,
                            .time = a->x->message->time,
                            .hash = a->objects,
                            .sequence = a->sequence};
}

void dnp3_request_comes(struct fragment *a)
{
    if (a->pair->awaited[0] && !a->x->blind)
        record_set(a->r, CONFIRM_MISSING, true);
    a->pair->awaited[0] = 0;
    check_unused(a);
}

/* ---- commands -------------------------------------------------------------------- */

static void put_status(struct fragment *a, struct cursor *c)
{
    const uint8_t *at = c->at;
    unsigned status = cur_u8(c) & 0x7f;

    dnp3_set(a->r, c, CONTROL_STATUS, status, at);
    if (status && a->side == SIDE_RESPONSE)
        a->refused = true;
}

static void put_milliseconds(struct fragment *a, struct cursor *c, unsigned slot)
{
    const uint8_t *at = c->at;

    dnp3_set(a->r, c, slot, cur_le32(c) * (uint64_t)NS_PER_MS, at);
}

/* What the command makes of the output: on, off, or nothing. */
static void commanded_point(struct fragment *a, const struct header *h, uint64_t index,
                            unsigned code)
{
    static const uint8_t states[2] = {0, 1};
    enum { NUL, PULSE_ON, PULSE_OFF, LATCH_ON, LATCH_OFF };
    enum { CLOSE = 1, TRIP = 2 };
    unsigned operation = code & 15, trip = code >> 6;
    bool on = trip ? trip == CLOSE : operation == PULSE_ON || operation == LATCH_ON;

    if (trip ? trip <= TRIP : operation > NUL && operation <= LATCH_OFF)
        dnp3_point(a, h, index, POINT_BIT, (struct bytes){&states[on], 1});
}

/*
 *     +--------------------------------+-------+---------+----------+--------+
 *     | trip or close, clear, queue, op | count | on: u32 | off: u32 | status |
 *     +--------------------------------+-------+---------+----------+--------+
 */
static void block(struct fragment *a, const struct header *h, uint64_t index,
                  struct cursor *c)
{
    const uint8_t *at = c->at;
    unsigned code = cur_u8(c);

    dnp3_set(a->r, c, CONTROL_OPERATION, code & 15, at);
    dnp3_set(a->r, c, CONTROL_QUEUE, code >> 4 & 3, at);
    dnp3_set(a->r, c, CONTROL_TRIP, code >> 6, at);
    take_u8(a->r, c, CONTROL_COUNT);
    put_milliseconds(a, c, CONTROL_ON);
    put_milliseconds(a, c, CONTROL_OFF);
    if (!*c->truncated && h->variation == 1)
        commanded_point(a, h, index, code);
}

static void setpoint(struct fragment *a, const struct header *h, uint64_t index,
                     struct cursor *c)
{
    struct bytes raw = cur_bytes(c, point_type_size(h->object->value));
    struct run run = {
        .first = index, .count = 1, .type = h->object->value, .values = raw};
    struct point p;

    if (raw.len == 0)
        return;
    run_point(&run, 0, &p);
    record_set_real(a->r, CONTROL_VALUE, p.value);
    dnp3_point(a, h, index, h->object->value, raw);
}

void dnp3_control(struct fragment *a, const struct header *h, uint64_t index,
                  struct cursor *c)
{
    const uint8_t *from = c->at;
    uint32_t hash;

    record_row(a->r, GROUP_CONTROL);
    record_set(a->r, CONTROL_OBJECT, h->group);
    record_set(a->r, CONTROL_INDEX, index);
    if (h->object->shape == SHAPE_BLOCK)
        block(a, h, index, c);
    else
        setpoint(a, h, index, c);
    hash = dnp3_hash((uint32_t)index, (struct bytes){from, (size_t)(c->at - from)});
    put_status(a, c);
    if (*c->truncated)
        return;
    a->controls = a->controls * 31 + hash;
    select_or_operate(a, h->group, index, hash);
}

/* ---- after the objects ----------------------------------------------------------- */

static void check_echo(struct fragment *a, unsigned asked)
{
    bool command = asked >= SELECT && asked <= DIRECT_OPERATE;

    if (command && a->controls && a->controls != a->pair->asked_controls &&
        a->pair->asked == a->sequence + 1)
        record_violation(a->r, ECHO_DIFFERS, a->c);
    if (asked == SELECT && a->refused)
        a->pair->select.open = false;
}

void dnp3_objects_end(struct fragment *a)
{
    if (a->side == SIDE_RESPONSE) {
        check_echo(a, asked_function(a));
        return;
    }
    if (a->code == CONFIRM || a->code == AUTHENTICATE)
        return;
    if (a->code == WRITE && a->r->verbs == VERB_OTHER)
        a->r->verbs = VERB_WRITE; /* nobody knows of what */
    a->pair->asked_controls = a->controls;
    if (a->code == OPERATE) {
        a->pair->select.operated = true;
        a->pair->select.operate_sequence = a->sequence;
    }
}

/* ---- confirms and indications ---------------------------------------------------- */

void dnp3_await_confirm(struct fragment *a)
{
    bool unsolicited = a->code == UNSOLICITED, asks = a->control & APP_CON;

    if (a->pair->awaited[unsolicited] && !a->x->blind)
        record_set(a->r, CONFIRM_MISSING, true);
    a->pair->awaited[unsolicited] = asks ? (uint8_t)(a->sequence + 1) : 0;
    if (asks)
        record_set(a->r, CONFIRMATION, CONFIRM_EXPECTED);
}

void dnp3_confirm(struct fragment *a)
{
    uint8_t *awaited = &a->pair->awaited[(a->control & APP_UNS) != 0];
    bool matched = *awaited == a->sequence + 1;

    if (matched || !a->x->blind)
        record_set(a->r, CONFIRMATION, matched ? CONFIRM_MATCHED : CONFIRM_UNEXPECTED);
    if (matched)
        *awaited = 0;
}

/* What was not set in the answer before; events of a class come and go. */
void dnp3_indications(struct fragment *a, unsigned iin)
{
    unsigned news = iin & ~(unsigned)a->pair->indications & ~(unsigned)IIN_EVENTS;

    if (a->pair->indications_known && news)
        record_set(a->r, IIN_NEW, news);
    a->pair->indications = (uint16_t)iin;
    a->pair->indications_known = true;
}

/* ---- files ----------------------------------------------------------------------- */

static void file_opened(struct fragment *a, const struct file_facts *f)
{
    struct pair *pair = a->pair;
    bool writes = pair->file_mode != FILE_READ;

    if (!pair->kept)
        return;
    if (pair->file.id)
        exchange_operation_end(a->x, &pair->file, a->r, OPERATION_ABORTED);
    pair->file_handle = f->handle;
    exchange_operation_begin(a->x, &pair->file, writes ? FILE_DOWNLOAD : FILE_UPLOAD,
                             a->r);
}

static void file_answered(struct fragment *a, const struct file_facts *f)
{
    unsigned asked = asked_function(a);
    bool same = a->pair->file.id && f->handle == a->pair->file_handle;

    if (f->has_status && f->status)
        a->refused = true;
    else if (asked == OPEN_FILE && f->has_status)
        file_opened(a, f);
    else if (asked == CLOSE_FILE && same)
        exchange_operation_end(a->x, &a->pair->file, a->r, OPERATION_END);
    else if (asked == ABORT_FILE && same)
        exchange_operation_end(a->x, &a->pair->file, a->r, OPERATION_ABORTED);
    else if (f->has_data && same)
        exchange_operation_step(&a->pair->file, a->r, f->bytes);
}

void dnp3_file(struct fragment *a, const struct file_facts *f)
{
    if (*a->c->truncated)
        return;
    if (a->side == SIDE_RESPONSE) {
        file_answered(a, f);
    } else if (a->code == OPEN_FILE && f->has_mode) {
        a->pair->file_mode = (uint8_t)f->mode;
        a->r->verbs |= f->mode == FILE_READ ? VERB_READ : VERB_WRITE;
    } else if (a->code == WRITE && f->has_data && a->pair->file.id &&
               f->handle == a->pair->file_handle) {
        exchange_operation_step(&a->pair->file, a->r, f->bytes);
    }
}
