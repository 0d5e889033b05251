/*
 * Where a message ends, and who sent it.
 *
 * "MODBUS Messaging on TCP/IP Implementation Guide V1.0b", 3.1.3: MBAP
 *
 *     0             2             4             6      7      8
 *     +-------------+-------------+-------------+------+------+---------
 *     | transaction | protocol: 0 |   length    | unit | func | data ...
 *     +-------------+-------------+-------------+------+------+---------
 *                                               |<------ length ------->
 *
 * "MODBUS over Serial Line V1.02", 2.5.1: RTU, here inside TCP or UDP
 *
 *     +------+------+----------+-----------+
 *     | unit | func | data ... | CRC, low byte first
 *     +------+------+----------+-----------+
 *
 * RTU has no length: it follows from the function and the direction, and the CRC
 * has to agree.
 *
 * Before a flow is known to be Modbus, a header counts only if the PDU has the
 * length its function asks for, or the bytes at hand end exactly where the length
 * says: the first message of an attacker may well be malformed.  Later the length
 * field alone cuts, so that a message with nonsense inside is one message.  A
 * length no implementation uses (2,048 is twice the largest UMAS frame) is not
 * waited for: the stream is out of step, and the engine looks for the next header.
 */

#include "dissectors/modbus/modbus.h"

enum { LENGTH_LONGEST = 2048, NEEDED = HEADER_SIZE + 2, CRC_START = 0xffff };

/* Polynomial 0xA001, "MODBUS over Serial Line V1.02", appendix B; four bits at a time. */
static unsigned crc_step(unsigned crc, unsigned byte)
{
    static const uint16_t steps[16] = {
        0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401,
        0xa001, 0x6c00, 0x7800, 0xb401, 0x5000, 0x9c01, 0x8801, 0x4400,
    };

    crc ^= byte;
    crc = crc >> 4 ^ steps[crc & 15];
    return crc >> 4 ^ steps[crc & 15];
}

uint16_t modbus_crc(const uint8_t *at, size_t len)
{
    unsigned crc = CRC_START;

    for (size_t i = 0; i < len; i++)
        crc = crc_step(crc, at[i]);
    return (uint16_t)crc;
}

static bool crc_fits(const uint8_t *at, size_t len)
{
    return len >= RTU_MIN && (at[len - 2] | at[len - 1] << 8) == modbus_crc(at, len - 2);
}

/* ---- MBAP ------------------------------------------------------------------- */

enum fit { FITS_NOT, FITS, FITS_PERHAPS }; /* perhaps: its count is still to come */

static enum fit shape_fit(const struct shape *shape, struct cursor pdu, size_t len)
{
    size_t size = modbus_shape_size(shape, pdu);

    if (len < shape->fixed)
        return FITS_NOT;
    if (size == 0)
        return FITS_PERHAPS;
    return size == len || (shape->open && len > size) ? FITS : FITS_NOT;
}

static enum fit exception_fit(const struct side *side, struct cursor pdu, size_t len)
{
    unsigned function = cur_u8(&pdu);

    if (len != 2 || side->direction == SIDE_REQUEST || (function & ~EXCEPTION_BIT) == 0)
        return FITS_NOT;
    if (cur_left(&pdu) == 0)
        return FITS_PERHAPS;
    return label_of(modbus_exceptions, cur_u8(&pdu)) ? FITS : FITS_NOT;
}

/* Whether a PDU of len bytes could be one of this direction; pdu may be a part of it. */
static enum fit pdu_fit(const struct side *side, struct cursor pdu, size_t len)
{
    struct cursor ahead = pdu;
    unsigned code = cur_u8(&ahead);
    const struct function *f = modbus_function(code);
    enum fit asks = FITS_NOT, answers = FITS_NOT;

    if (code & EXCEPTION_BIT)
        return exception_fit(side, pdu, len);
    if (f->code == 0)
        return FITS_NOT;
    if (side->direction != SIDE_RESPONSE)
        asks = shape_fit(&f->request, pdu, len);
    if (side->direction != SIDE_REQUEST)
        answers = shape_fit(&f->response, pdu, len);
    if (asks == FITS || answers == FITS)
        return FITS;
    return asks == FITS_PERHAPS || answers == FITS_PERHAPS ? FITS_PERHAPS : FITS_NOT;
}

/* A header that begins another message, as far as its bytes are there. */
static bool header_follows(struct cursor after)
{
    unsigned protocol, len;

    if (cur_left(&after) < HEADER_SIZE)
        return false;
    cur_skip(&after, 2);
    protocol = cur_be16(&after);
    len = cur_be16(&after);
    return protocol == 0 && len >= 2 && len <= ADU_LENGTH_MAX;
}

static long tcp_probe(const struct side *side, struct cursor head)
{
    struct cursor pdu = head, after = head;
    size_t left = cur_left(&head), len;
    enum fit fit;

    if (left < NEEDED)
        return LENGTH_UNKNOWN;
    cur_skip(&pdu, 4);
    len = cur_be16(&pdu);
    cur_skip(&pdu, 1);
    if (len < 2 || len > ADU_LENGTH_MAX)
        return LENGTH_NOT_MINE;
    if ((*pdu.at & ~EXCEPTION_BIT) == 0 && !(side->usual && left == HEADER_SIZE + len))
        return LENGTH_NOT_MINE; /* function 0: on Modbus' own port, somebody tries it */
    if (left == HEADER_SIZE + len)
        return (long)left;
    if (left > HEADER_SIZE + len) {
        cur_skip(&after, HEADER_SIZE + len);
        if (header_follows(after))
            return (long)(HEADER_SIZE + len);
    }
    fit = pdu_fit(side, pdu, len - 1);
    if (fit == FITS)
        return (long)(HEADER_SIZE + len);
    return fit == FITS_PERHAPS ? LENGTH_UNKNOWN : LENGTH_NOT_MINE;
}

/* The part of a header that is there forbids Modbus. */
static bool header_wrong(struct cursor head)
{
    size_t left = cur_left(&head);

    return (left > 2 && head.at[2]) || (left > 3 && head.at[3]) ||
           (left > 4 && head.at[4]);
}

static long tcp_length(const struct side *side, struct cursor head)
{
    struct cursor c = head;
    unsigned transaction, protocol, len;

    if (!side->sure && header_wrong(head))
        return LENGTH_NOT_MINE;
    if (!side->sure)
        return tcp_probe(side, head);
    if (cur_left(&c) < HEADER_SIZE)
        return LENGTH_UNKNOWN;
    transaction = cur_be16(&c);
    protocol = cur_be16(&c);
    len = cur_be16(&c);
    if (protocol ? len < 2 || len > ADU_LENGTH_MAX : len > LENGTH_LONGEST)
        return LENGTH_NOT_MINE;
    if (len == 0 && transaction == 0)
        return LENGTH_NOT_MINE; /* padding */
    return HEADER_SIZE + (long)len;
}

/* One datagram carries one message, unless another header follows it. */
static long udp_length(const struct side *side, struct cursor head)
{
    long len = tcp_length(side, head), left = (long)cur_left(&head);
    struct cursor after = head;

    if (len == LENGTH_NOT_MINE || left < NEEDED)
        return LENGTH_NOT_MINE;
    if (len == LENGTH_UNKNOWN || len > left)
        return side->sure ? left : LENGTH_NOT_MINE;
    cur_skip(&after, (size_t)len);
    return len < left && !header_follows(after) ? left : len;
}

/* ---- RTU -------------------------------------------------------------------- */

/* Bytes of the frame in this direction; 0 when more are needed to tell. */
static size_t rtu_size(const struct shape *shape, struct cursor pdu)
{
    size_t size = modbus_shape_size(shape, pdu);

    return size ? size + 3 : 0;
}

/* The shortest frame at the head whose CRC is right; 0 when there is none. */
static size_t rtu_search(struct cursor head, size_t from)
{
    size_t most = cur_left(&head) < RTU_MAX ? cur_left(&head) : RTU_MAX;
    unsigned crc = CRC_START;

    for (size_t len = 2; len <= most; len++) {
        if (len >= from && len >= RTU_MIN &&
            (unsigned)(head.at[len - 2] | head.at[len - 1] << 8) == crc)
            return len;
        crc = crc_step(crc, head.at[len - 2]);
    }
    return 0;
}

static const struct shape exception_shape = {.fixed = 2};

/* What one direction says: a length, UNKNOWN, or NOT_MINE when no CRC is right. */
static long rtu_one_way(const struct shape *shape, struct cursor head)
{
    struct cursor pdu = head;
    size_t size, found;

    cur_skip(&pdu, 1);
    size = rtu_size(shape, pdu);
    if (size == 0)
        return cur_left(&head) < RTU_MAX ? LENGTH_UNKNOWN : LENGTH_NOT_MINE;
    if (size > RTU_MAX)
        return LENGTH_NOT_MINE;
    if (cur_left(&head) < size)
        return LENGTH_UNKNOWN;
    if (!shape->open)
        return crc_fits(head.at, size) ? (long)size : LENGTH_NOT_MINE;
    found = rtu_search(head, size);
    if (found)
        return (long)found;
    return cur_left(&head) < RTU_MAX ? LENGTH_UNKNOWN : LENGTH_NOT_MINE;
}

/* Not one CRC is right: where the function says it ends, else nowhere. */
static long rtu_damaged(const struct side *side, const struct function *f,
                        struct cursor head)
{
    const struct shape *shape =
        side->direction == SIDE_RESPONSE ? &f->response : &f->request;
    struct cursor pdu = head;
    size_t size = rtu_search(head, RTU_MIN);

    if (size)
        return (long)size;
    cur_skip(&pdu, 1);
    if (*pdu.at & EXCEPTION_BIT)
        shape = &exception_shape;
    size = rtu_size(shape, pdu);
    if (!side->sure || shape->open || size < RTU_MIN || size > cur_left(&head))
        return LENGTH_NOT_MINE;
    return (long)size;
}

static long longer_wait(long a, long b)
{
    return a == LENGTH_UNKNOWN || b == LENGTH_UNKNOWN ? LENGTH_UNKNOWN : LENGTH_NOT_MINE;
}

static long rtu_length(const struct side *side, struct cursor head)
{
    const struct function *f;
    long asks = LENGTH_NOT_MINE, answers = LENGTH_NOT_MINE;
    unsigned code;

    if (cur_left(&head) < 2)
        return LENGTH_UNKNOWN;
    code = head.at[1];
    f = modbus_function(code & ~(unsigned)EXCEPTION_BIT);
    if (!side->sure && (f->code == 0 || (head.at[0] > 247 && head.at[0] != 255)))
        return LENGTH_NOT_MINE;
    if (code & EXCEPTION_BIT) {
        answers = rtu_one_way(&exception_shape, head);
    } else {
        if (side->direction != SIDE_RESPONSE)
            asks = rtu_one_way(&f->request, head);
        if (asks <= 0 && side->direction != SIDE_REQUEST)
            answers = rtu_one_way(&f->response, head);
    }
    if (asks > 0)
        return asks;
    if (answers > 0)
        return answers;
    if (longer_wait(asks, answers) == LENGTH_UNKNOWN)
        return LENGTH_UNKNOWN;
    return side->sure ? rtu_damaged(side, f, head) : LENGTH_NOT_MINE;
}

long modbus_length(const struct side *side, struct cursor head)
{
    bool udp = side->transport == TRANSPORT_UDP;
    long len;

    if (side->framing != FRAMING_RTU)
        return udp ? udp_length(side, head) : tcp_length(side, head);
    len = rtu_length(side, head);
    if (udp && len == LENGTH_UNKNOWN)
        return side->sure && cur_left(&head) >= RTU_MIN ? (long)cur_left(&head)
                                                        : LENGTH_NOT_MINE;
    return len;
}

/* ---- who --------------------------------------------------------------------- */

/* The PDU alone, whatever frames it. */
static struct cursor pdu_of(const struct side *side, struct cursor head)
{
    bool rtu = side->framing == FRAMING_RTU;

    cur_skip(&head, rtu ? 1 : HEADER_SIZE + 1);
    if (rtu && cur_left(&head) >= 2)
        head.end -= 2;
    return head;
}

/* Where both shapes may have the same length, a byte inside tells. */
static unsigned sender_by_content(const uint8_t *pdu, size_t len)
{
    if (pdu[0] == UMAS && len > 2)
        return pdu[2] == UMAS_OK || pdu[2] == UMAS_ERROR ? SIDE_RESPONSE : SIDE_REQUEST;
    if (pdu[0] == ENCAPSULATED_INTERFACE && len > 3 &&
        pdu[1] == MEI_DEVICE_IDENTIFICATION)
        return len == 4 ? SIDE_REQUEST : SIDE_RESPONSE;
    if (pdu[0] == READ_FILE_RECORD && len > 8 && len % 7 == 2 && pdu[2] == 6)
        return pdu[3] == 6 ? 0 : SIDE_REQUEST;
    if (pdu[0] == READ_FILE_RECORD && len > 3 && pdu[3] == 6)
        return SIDE_RESPONSE;
    return 0;
}

unsigned modbus_sender(const struct side *side, struct cursor head)
{
    struct cursor pdu = pdu_of(side, head);
    size_t len = cur_left(&pdu);
    const struct function *f;
    bool asks, answers;

    if (len == 0)
        return 0;
    if (*pdu.at & EXCEPTION_BIT)
        return SIDE_RESPONSE;
    f = modbus_function(*pdu.at);
    asks = shape_fit(&f->request, pdu, len) == FITS;
    answers = shape_fit(&f->response, pdu, len) == FITS;
    if (asks != answers)
        return asks ? SIDE_REQUEST : SIDE_RESPONSE;
    return asks ? sender_by_content(pdu.at, len) : 0;
}
