/*
 * PDUs of S7comm-plus that come in several TPKTs.
 *
 *     TPKT COTP 72 version length | [digest] first part
 *     TPKT COTP 72 version length | [digest] next part
 *     TPKT COTP 72 version length | [digest] last part | 72 version 0000
 *
 * Only the last has the trailer.  System events may stand between them.
 */

#include "dissectors/s7/plus.h"

enum { DIGEST_SIZE = 32 };

/* The length field of a TPKT and of a PDU stands at the same place. */
static size_t length_at(const uint8_t *at)
{
    return (size_t)at[2] << 8 | at[3];
}

/* The payload of the data TPKT of `size` bytes that begins here. */
static struct bytes carried(struct bytes b, size_t size)
{
    size_t header = b.len > 4 ? 5u + b.at[4] : size;

    b.len = b.len < size ? b.len : size;
    return header < b.len ? (struct bytes){b.at + header, b.len - header}
                          : (struct bytes){b.at, 0};
}

/* A whole PDU of version 1 to 3 without a trailer: more follows. */
static bool lacks_trailer(struct bytes p)
{
    return p.len >= PLUS_HEADER && p.at[0] == PLUS_ID && p.at[1] >= 1 && p.at[1] <= 3 &&
           p.len == PLUS_HEADER + length_at(p.at);
}

static bool is_event(struct bytes p)
{
    return p.len >= PLUS_HEADER && p.at[0] == PLUS_ID && p.at[1] == VERSION_EVENT;
}

/* The size of the TPKT that goes on with a chain; LENGTH_NOT_MINE when it does not. */
static long next_size(struct bytes next)
{
    struct bytes payload;
    long size;

    if (next.len < ISO_HEADER + 2)
        return LENGTH_UNKNOWN;
    size = next.at[2] << 8 | next.at[3];
    if (next.at[0] != 3 || size < ISO_HEADER || next.at[5] != 0xf0)
        return LENGTH_NOT_MINE;
    payload = carried(next, (size_t)size);
    return payload.len >= 2 && payload.at[0] == PLUS_ID ? size : LENGTH_NOT_MINE;
}

/* An event may come between the parts of a PDU: it is passed over. */
long plus_chain(struct bytes b, long first)
{
    long total = first, size = first;

    while (b.len >= (size_t)size && total <= ISO_JOINED) {
        struct bytes next = {b.at + size, b.len - (size_t)size};
        struct bytes payload = carried(b, (size_t)size);

        if (!lacks_trailer(payload) && !(total > first && is_event(payload)))
            return total;
        size = next_size(next);
        if (size == LENGTH_UNKNOWN)
            return LENGTH_UNKNOWN;
        if (size == LENGTH_NOT_MINE)
            return total;
        total += size;
        b = next;
    }
    return total;
}

/* What a part of a PDU brings: without its header, and the digest of version 3. */
static struct bytes part_of(struct bytes p)
{
    size_t skip = is_event(p) ? p.len : PLUS_HEADER;

    if (p.len > PLUS_HEADER && p.at[1] == 3 && p.at[4] == DIGEST_SIZE)
        skip += 1 + DIGEST_SIZE;
    return skip < p.len ? (struct bytes){p.at + skip, p.len - skip}
                        : (struct bytes){p.at, 0};
}

void plus_join(struct iso *iso, struct cursor *c, uint8_t *room)
{
    size_t header = (size_t)(iso->payload.at - iso->start.at);
    size_t used = (size_t)(iso->payload.end - iso->start.at);

    if (iso->joined || used > ISO_JOINED || cur_left(c) == 0 ||
        cur_left(&iso->payload) == 0 || *iso->payload.at != PLUS_ID)
        return;
    memcpy(room, iso->start.at, used);
    while (cur_left(c) > 0) {
        struct bytes all = {c->at, cur_left(c)}, part;
        size_t size = all.len > 3 ? length_at(all.at) : all.len;

        part = part_of(carried(all, size));
        iso->cut_short |= size > all.len;
        if (part.len > ISO_JOINED - used)
            part.len = ISO_JOINED - used;
        memcpy(room + used, part.at, part.len);
        used += part.len;
        cur_skip(c, size < all.len ? size : all.len);
    }
    iso->joined = true;
    iso->start = cur_over((struct bytes){room, used}, c->truncated);
    iso->payload = cur_over((struct bytes){room + header, used - header}, c->truncated);
}
