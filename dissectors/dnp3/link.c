/*
 * Frames of the data link: where they end, who sent them, and what they carry.
 *
 * IEEE 1815-2012, as Wireshark 4.0 and OpenDNP3 read it:
 *
 *     0      1      2        3         4        6        8      10
 *     +------+------+--------+---------+--------+--------+------+----------
 *     | 0x05 | 0x64 | length | control |  dst   |  src   | CRC  | user data
 *     +------+------+--------+---------+--------+--------+------+----------
 *                   length: control, addresses and user data without checksums
 *
 *     user data: up to 15 blocks of 16 octets and one of 10, each with its CRC;
 *     the first octet of the first block is the transport's
 *
 * Numbers are little-endian.  A header counts only if its checksum is right, which
 * makes it a good probe on any port.  In a flow that is known, a header with a wrong
 * checksum is a message of ten octets (its length cannot be trusted), and what does
 * not begin with 0x0564 is passed over to where the next frame may begin: both are
 * told, and neither stops the flow.
 */

#include "dissectors/dnp3/dnp3.h"

enum { START_1 = 0x05, START_2 = 0x64 };

/* Polynomial 0xa6bc, the result inverted; four bits at a time. */
uint16_t dnp3_crc(const uint8_t *at, size_t len)
{
    static const uint16_t steps[16] = {
        0x0000, 0xb26b, 0x29af, 0x9bc4, 0x535e, 0xe135, 0x7af1, 0xc89a,
        0xa6bc, 0x14d7, 0x8f13, 0x3d78, 0xf5e2, 0x4789, 0xdc4d, 0x6e26,
    };
    unsigned crc = 0;

    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ steps[crc & 15];
        crc = crc >> 4 ^ steps[crc & 15];
    }
    return (uint16_t)~crc;
}

/* A fuzzer would never get past it: its builds believe every checksum. */
static bool crc_fits(const uint8_t *at, size_t len)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    return true;
#endif
    return (at[len] | at[len + 1] << 8) == dnp3_crc(at, len);
}

/* ---- how long -------------------------------------------------------------------- */

static size_t user_size(unsigned length)
{
    return length > LENGTH_MIN ? length - LENGTH_MIN : 0;
}

static size_t frame_size(unsigned length)
{
    size_t user = user_size(length);

    return HEADER + user + 2 * ((user + BLOCK - 1) / BLOCK);
}

/* Octets before the next place where a frame may begin. */
static size_t until_start(struct cursor head)
{
    size_t left = cur_left(&head), n = 1;

    while (n < left &&
           !(head.at[n] == START_1 && (n + 1 == left || head.at[n + 1] == START_2)))
        n++;
    return n;
}

long dnp3_length(const struct side *side, struct cursor head)
{
    size_t left = cur_left(&head);
    bool begins =
        left > 0 && head.at[0] == START_1 && (left == 1 || head.at[1] == START_2);
    bool right;

    if (left == 0)
        return LENGTH_UNKNOWN;
    if (!begins)
        return side->sure ? (long)until_start(head) : LENGTH_NOT_MINE;
    if (left < HEADER && side->transport == TRANSPORT_UDP)
        return side->sure ? (long)left : LENGTH_NOT_MINE;
    if (left < HEADER)
        return LENGTH_UNKNOWN;
    right = crc_fits(head.at, HEADER - 2);
    if (!right && !side->sure)
        return LENGTH_NOT_MINE;
    return right ? (long)frame_size(head.at[2]) : HEADER;
}

/*
 * The function tells better than the direction bit, which some stacks set wrong: only
 * an outstation answers.
 */
unsigned dnp3_sender(const struct side *side, struct cursor head)
{
    struct frame f;
    bool truncated = false;

    (void)side;
    head.truncated = &truncated; /* what lacks is told when the message is read */
    dnp3_frame(&f, &head);
    if (!f.header_right)
        return 0;
    if (f.control & LINK_PRM && f.nuser > 2 && f.user[0] & TRANSPORT_FIR)
        return f.user[2] < RESPONSE ? SIDE_REQUEST : SIDE_RESPONSE;
    return f.control & LINK_DIR ? SIDE_REQUEST : SIDE_RESPONSE;
}

/* ---- what is in it --------------------------------------------------------------- */

/* One block without its checksum. */
static void take_block(struct frame *f, struct cursor *c, size_t len)
{
    struct bytes block = cur_bytes(c, len + 2);

    if (block.len == 0)
        return;
    if (!crc_fits(block.at, len))
        f->blocks_right = false;
    memcpy(f->user + f->nuser, block.at, len);
    f->nuser = (uint8_t)(f->nuser + len);
}

static void take_user(struct frame *f, struct cursor *c)
{
    size_t left = user_size(f->length);

    while (left > 0 && cur_left(c) > 0) {
        size_t n = left < BLOCK ? left : BLOCK;

        take_block(f, c, n);
        left -= n;
    }
    if (left > 0)
        cur_skip(c, cur_left(c) + 1); /* marks what is missing */
}

void dnp3_frame(struct frame *f, struct cursor *c)
{
    memset(f, 0, sizeof *f);
    f->start = *c;
    f->header_right = cur_left(c) >= HEADER && crc_fits(c->at, HEADER - 2);
    cur_skip(c, 2);
    f->length = cur_u8(c);
    f->control = cur_u8(c);
    f->destination = cur_le16(c);
    f->source = cur_le16(c);
    f->crc = cur_le16(c);
    f->blocks_right = true;
    if (f->header_right)
        take_user(f, c);
    f->whole = !*c->truncated;
}
