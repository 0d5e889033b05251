/*
 * Blocks on their way: download (1A 1B 1C) and upload (1D 1E 1F).
 *
 *     1A status ..(2) id(4) n file [n '1' load length(6) code length(6)]
 *     1B status ..(2) id(4) n file             < 1B status      + length(2) 00 FB data
 *     1C status error(2) id(4) n file          < 1C
 *     1D status ..(2) id(4) n file             < 1D status ..(2) id(4) n length
 *     1E status ..(2) id(4)                    < 1E status      + length(2) 00 FB data
 *     1F status error(2) id(4)                 < 1F
 *     file     _ type(2) number(5) A|P|B       all digits: "_0800001P" is OB 1
 *
 * The data of all pieces is the block, which begins and ends with these:
 *
 *     7070 ..(2) language type number(2) load length(4) protection(4) changed(6)
 *     interface changed(6) interface length(2) segment length(2) local(2) code(2)
 *     author(8) family(8) name(8) version 00 checksum(2) ..(8)
 *
 * The layout of a block is the one Snap7 reads, checked against blocks of an S7-300.
 * In a download the PLC asks for each piece; the client's answers bring the data.
 */

#include <limits.h>

#include "dissectors/s7/s7.h"
#include "sensor/core/sha256.h"

enum {
    SESSION_TRANSFER = 0x57100000,
    FILE_SIZE = 9,
    HEAD_SIZE = 36, /* of a block */
    FOOT_SIZE = 36,
    MORE = 0x01, /* of the status */
    STATUS_ERROR = 0x02,
    NS_PER_MS_OF_DAY = 1000000,
};

static const int64_t ns_per_day = INT64_C(86400) * NS_PER_S;
static const int64_t days_to_1984 = 5113; /* from 1970 */

/* A transfer that goes on: in a session, by its block or its number. */
struct transfer {
    struct operation operation;
    struct sha256 hash;
    uint32_t bytes;
    uint8_t foot[FOOT_SIZE]; /* the last bytes so far */
    uint16_t number;
    uint8_t type;
};

_Static_assert(sizeof(struct transfer) <= EXCHANGE_SESSION, "a transfer fits a session");

static struct transfer *transfer_of(struct pdu *p, unsigned kind, uint32_t which)
{
    return exchange_session(p->x, (uint64_t)SESSION_TRANSFER << 32 |
                                      (uint64_t)kind << 31 | (which & 0x7fffffff));
}

/* ---- names ----------------------------------------------------------------------- */

static unsigned digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10u;
    return UINT_MAX;
}

unsigned s7_block_type(struct bytes digits)
{
    unsigned high = digits.len == 2 ? digit(digits.at[0]) : UINT_MAX;
    unsigned low = digits.len == 2 ? digit(digits.at[1]) : UINT_MAX;

    return high > 15 || low > 15 ? UINT_MAX : high << 4 | low;
}

/* So many decimal digits; UINT_MAX when one is none. */
static unsigned decimal(struct cursor *c, size_t n)
{
    struct bytes b = cur_bytes(c, n);
    unsigned value = 0;

    if (b.len == 0)
        return UINT_MAX;
    for (size_t i = 0; i < b.len; i++) {
        if (digit(b.at[i]) > 9)
            return UINT_MAX;
        value = 10 * value + digit(b.at[i]);
    }
    return value;
}

static void put_number(struct pdu *p, struct cursor *c, size_t n, unsigned slot)
{
    const uint8_t *at = c->at;
    unsigned value = decimal(c, n);

    if (value != UINT_MAX)
        record_set_at(p->r, slot, value, (uint16_t)(at - p->r->base), (uint16_t)n);
    else if (!*c->truncated)
        record_violation(p->r, BAD_BLOCK, c);
}

/* "_0800001P": which block, and where from or to. */
static void put_file(struct pdu *p, struct cursor *c)
{
    struct cursor file = cur_cut(c, cur_u8(c)), name = file;
    struct bytes type;
    unsigned code;

    if (*c->truncated)
        return;
    take_bytes(p->r, &name, cur_left(&name), BLOCK_FILE);
    if (cur_left(&file) != FILE_SIZE) {
        record_violation(p->r, BAD_BLOCK, &file);
        return;
    }
    cur_skip(&file, 1);
    type = cur_bytes(&file, 2);
    code = s7_block_type(type);
    if (code != UINT_MAX)
        record_set_at(p->r, BLOCK_TYPE, code, (uint16_t)(type.at - p->r->base), 2);
    put_number(p, &file, 5, BLOCK_NUMBER);
    take_bytes(p->r, &file, 1, BLOCK_DESTINATION);
}

/* The block of the record, as a key; ids of downloads are always 0. */
static uint32_t block_key(const struct pdu *p)
{
    const struct value *type = record_get(p->r, BLOCK_TYPE);
    const struct value *number = record_get(p->r, BLOCK_NUMBER);

    return (type ? (uint32_t)type->u << 20 : 0) | (number ? (uint32_t)number->u : 0);
}

/* ---- the block itself --------------------------------------------------------------- */

struct bytes s7_trimmed(struct bytes b)
{
    while (b.len > 0 && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == 0))
        b.len--;
    return b;
}

void s7_block_time(struct record *r, struct cursor *c, unsigned slot)
{
    const uint8_t *at = c->at;
    int64_t ms = cur_be32(c);
    int64_t days = cur_be16(c);

    if (*c->truncated || (ms == 0 && days == 0))
        return;
    record_set_at(r, slot,
                  (uint64_t)((days + days_to_1984) * ns_per_day + ms * NS_PER_MS_OF_DAY),
                  (uint16_t)(at - r->base), 6);
}

/* The head of a block, which stands at the begin of its first piece. */
static void block_head(struct record *r, struct cursor c)
{
    if (cur_left(&c) < HEAD_SIZE || cur_be16(&c) != 0x7070)
        return;
    cur_skip(&c, 2);
    take_u8(r, &c, BLOCK_LANGUAGE);
    take_u8(r, &c, BLOCK_TYPE);
    take_be16(r, &c, BLOCK_NUMBER);
    take_be32(r, &c, LOAD_LENGTH);
    record_set(r, BLOCK_PROTECTED, cur_be32(&c) != 0);
    s7_block_time(r, &c, BLOCK_CHANGED);
    s7_block_time(r, &c, INTERFACE_CHANGED);
    take_be16(r, &c, BLOCK_SSB_LENGTH);
    take_be16(r, &c, BLOCK_ADD_LENGTH);
    take_be16(r, &c, LOCAL_LENGTH);
    take_be16(r, &c, CODE_LENGTH);
}

/* The foot of a block: its last bytes, which may lie in two pieces. */
static void block_foot(struct record *r, const struct transfer *t)
{
    static const unsigned slots[] = {BLOCK_AUTHOR, BLOCK_FAMILY, BLOCK_NAME};

    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        struct bytes b = s7_trimmed((struct bytes){t->foot + 8 * i, 8});

        if (b.len)
            record_set_bytes(r, slots[i], b);
    }
    record_set(r, BLOCK_VERSION, t->foot[24]);
    record_set(r, BLOCK_CHECKSUM, (unsigned)t->foot[26] << 8 | t->foot[27]);
}

static void keep_foot(struct transfer *t, struct bytes data)
{
    if (data.len == 0)
        return;
    if (data.len >= FOOT_SIZE) {
        memcpy(t->foot, data.at + data.len - FOOT_SIZE, FOOT_SIZE);
    } else {
        memmove(t->foot, t->foot + data.len, FOOT_SIZE - data.len);
        memcpy(t->foot + FOOT_SIZE - data.len, data.at, data.len);
    }
}

/* ---- the course of a transfer -------------------------------------------------------- */

static void begin(struct pdu *p, struct transfer *t, unsigned kind)
{
    if (!t)
        return;
    if (t->operation.id)
        exchange_operation_end(p->x, &t->operation, p->r, OPERATION_ABORTED);
    sha256_begin(&t->hash);
    t->bytes = 0;
    memset(t->foot, 0, sizeof t->foot);
    t->type = (uint8_t)(block_key(p) >> 20);
    t->number = (uint16_t)block_key(p);
    exchange_operation_begin(p->x, &t->operation, kind, p->r);
}

/* length(2) 00 FB data: one more piece. */
static void piece(struct pdu *p, struct transfer *t)
{
    struct cursor at = p->data, c;
    struct bytes data;
    size_t length;

    if (cur_left(&p->data) == 0)
        return;
    length = take_be16(p->r, &p->data, BLOCK_BYTES);
    cur_skip(&p->data, 2);
    if (length > cur_left(&p->data)) {
        record_violation(p->r, BAD_BLOCK, &at);
        length = cur_left(&p->data);
    }
    c = cur_cut(&p->data, length);
    data = (struct bytes){c.at, length};
    if (!t || !t->operation.id)
        return;
    if (t->bytes == 0)
        block_head(p->r, c);
    sha256_add(&t->hash, data.at, data.len);
    t->bytes += (uint32_t)data.len;
    keep_foot(t, data);
    exchange_operation_step(&t->operation, p->r, data.len);
}

/* What has passed is whole: what it was is told with the end. */
static void told_whole(struct record *r, struct transfer *t)
{
    char text[SHA256_TEXT];

    if (t->bytes == 0)
        return;
    record_set(r, BLOCK_TYPE, t->type);
    record_set(r, BLOCK_NUMBER, t->number);
    record_set(r, LOAD_LENGTH, t->bytes);
    record_set_text(r, BLOCK_SHA256, sha256_text(&t->hash, text));
    if (t->bytes >= HEAD_SIZE + FOOT_SIZE)
        block_foot(r, t);
}

static void end(struct pdu *p, struct transfer *t)
{
    if (!t || !t->operation.id)
        return;
    told_whole(p->r, t);
    exchange_operation_end(p->x, &t->operation, p->r,
                           p->error ? OPERATION_ABORTED : OPERATION_END);
}

/* ---- download -------------------------------------------------------------------------- */

static void take_id(struct pdu *p)
{
    take_be32(p->r, &p->param, TRANSFER_ID);
}

static void status(struct pdu *p)
{
    take_u8(p->r, &p->param, BLOCK_STATUS);
}

static void error_or_nothing(struct pdu *p, bool is_error)
{
    struct cursor at = p->param;
    unsigned code = cur_be16(&p->param);

    if (is_error && !*p->param.truncated) {
        record_set_at(p->r, ERROR, code, (uint16_t)(at.at - p->r->base), 2);
        p->error = code;
    }
}

static void common_ask(struct pdu *p, bool is_error, bool has_file)
{
    status(p);
    error_or_nothing(p, is_error);
    take_id(p);
    if (has_file)
        put_file(p, &p->param);
}

void s7_download_ask(struct pdu *p)
{
    struct cursor sizes;

    common_ask(p, false, true);
    if (cur_left(&p->param) > 0) {
        sizes = cur_cut(&p->param, cur_u8(&p->param));
        cur_skip(&sizes, 1);
        put_number(p, &sizes, 6, LOAD_LENGTH);
        put_number(p, &sizes, 6, CODE_LENGTH);
    }
}

/* Begun is what the PLC has agreed to. */
void s7_download_answer(struct pdu *p)
{
    if (!p->error && p->asked)
        begin(p, transfer_of(p, 0, block_key(p)), OPERATION_DOWNLOAD);
}

void s7_download_block_ask(struct pdu *p)
{
    common_ask(p, false, true);
}

void s7_download_block_answer(struct pdu *p)
{
    status(p);
    piece(p, p->asked ? transfer_of(p, 0, block_key(p)) : NULL);
}

void s7_download_end_ask(struct pdu *p)
{
    common_ask(p, true, true);
    end(p, transfer_of(p, 0, block_key(p)));
}

void s7_download_end_answer(struct pdu *p)
{
    (void)p;
}

/* ---- upload ------------------------------------------------------------------------------ */

void s7_upload_ask(struct pdu *p)
{
    common_ask(p, false, true);
}

static uint32_t id_of(const struct pdu *p)
{
    const struct value *v = record_get_side(p->r, TRANSFER_ID, SIDE_RESPONSE);

    v = v ? v : record_get(p->r, TRANSFER_ID);
    return v ? (uint32_t)v->u : 0;
}

void s7_upload_answer(struct pdu *p)
{
    status(p);
    cur_skip(&p->param, 2);
    take_id(p);
    if (cur_left(&p->param) > 0) {
        struct cursor length = cur_cut(&p->param, cur_u8(&p->param));

        put_number(p, &length, cur_left(&length), BLOCK_LENGTH);
    }
    if (!p->error && p->asked)
        begin(p, transfer_of(p, 1, id_of(p)), OPERATION_UPLOAD);
}

void s7_upload_block_ask(struct pdu *p)
{
    common_ask(p, false, false);
}

void s7_upload_block_answer(struct pdu *p)
{
    status(p);
    piece(p, p->asked ? transfer_of(p, 1, id_of(p)) : NULL);
}

void s7_upload_end_ask(struct pdu *p)
{
    common_ask(p, true, false);
}

void s7_upload_end_answer(struct pdu *p)
{
    if (p->asked)
        end(p, transfer_of(p, 1, id_of(p)));
}
