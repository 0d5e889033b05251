/*
 * Formats: "PCAP Capture File Format" and "PCAP Next Generation (pcapng)
 * Capture File Format", the drafts of the opsawg working group of the IETF.
 */

#include "sensor/savefile.h"

#include <errno.h>
#include <stdlib.h>

#include "sensor/core/cursor.h"

enum { PCAP_HEADER = 24, LINK_MASK = 0x03ffffff };
enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, OLD_PACKET = 2, SIMPLE = 3, ENHANCED = 6 };
enum { OPTION_END = 0, OPTION_RESOLUTION = 9, OPTION_OFFSET = 14 };
enum { BLOCK_SMALLEST = 12, SECTION_SMALLEST = 28, MAGIC_ORDER = 0x1a2b3c4d };

#define TIME_LATEST (INT64_MAX / 2) /* the year 2116: room to add time-outs */

static const uint64_t billion = 1000000000;

/* --- helpers -------------------------------------------------------------- */

static uint32_t u32(const struct savefile *f, struct cursor *c)
{
    return f->big_endian ? cur_be32(c) : cur_le32(c);
}

static uint16_t u16(const struct savefile *f, struct cursor *c)
{
    return f->big_endian ? cur_be16(c) : cur_le16(c);
}

static bool damaged(struct savefile *f, const char *what)
{
    f->state = SAVEFILE_DAMAGED;
    f->damage = what;
    return false;
}

/* The file ended where more was expected, after `got` bytes of it. */
static bool ended(struct savefile *f, size_t got)
{
    if (f->in.state == INPUT_DAMAGED)
        return damaged(f, "its gzip data is damaged");
    f->error = f->in.error;
    if (f->in.state == INPUT_FAILED)
        f->state = SAVEFILE_FAILED;
    else if (got == 0 && f->in.state == INPUT_END)
        f->state = SAVEFILE_END;
    else
        f->state = SAVEFILE_TRUNCATED;
    return false;
}

/* The next n bytes, or false with the reason in f->state. */
static bool need(struct savefile *f, size_t n, struct bytes *b)
{
    *b = input_need(&f->in, n);
    return b->len == n || ended(f, b->len);
}

static int64_t nanoseconds(uint64_t stamp, uint64_t per_second, int64_t offset)
{
    uint64_t seconds = stamp / per_second, rest = stamp % per_second;
    int64_t latest = TIME_LATEST / (int64_t)billion;

    while (per_second >> 34) { /* else rest * billion does not fit */
        per_second >>= 1;
        rest >>= 1;
    }
    if (seconds > (uint64_t)latest || offset > latest || offset < -latest)
        return TIME_LATEST;
    if ((int64_t)seconds + offset < 0)
        return 0;
    if ((int64_t)seconds + offset >= latest)
        return TIME_LATEST;
    return ((int64_t)seconds + offset) * (int64_t)billion +
           (int64_t)(rest * billion / per_second);
}

static void found(struct savefile *f, struct raw *raw, int64_t time)
{
    f->before = f->last;
    f->last = time;
    raw->time = time;
    raw->frame = ++f->frames;
}

/* --- pcap ----------------------------------------------------------------- */

static bool pcap_magic(struct savefile *f, uint32_t magic)
{
    enum { MODIFIED = 0x34cd };

    f->record_header = 16;
    f->nanoseconds = magic == 0xa1b23c4d;
    if (magic == 0xa1b2cd34)
        f->record_header = 24;
    return magic == 0xa1b2c3d4 || f->nanoseconds || f->record_header == 24;
}

/* magic(4) version(2, 2) zone(4) accuracy(4) snapshot length(4) link type(4) */
static bool pcap_open(struct savefile *f, uint32_t link_type)
{
    f->interfaces = calloc(1, sizeof f->interfaces[0]);
    if (!f->interfaces)
        return false;
    f->room = f->ninterfaces = 1;
    f->interfaces[0].link_type = link_type & LINK_MASK;
    f->interfaces[0].ticks = f->nanoseconds ? billion : 1000000;
    f->place = PCAP_HEADER;
    return input_skip(&f->in, PCAP_HEADER);
}

/* seconds(4) fraction(4) captured(4) on the wire(4), bytes */
static bool pcap_next(struct savefile *f, struct raw *raw)
{
    uint64_t scale = billion / f->interfaces[0].ticks;
    uint32_t seconds, fraction, captured;
    bool truncated = false;
    struct cursor c;
    struct bytes b;

    if (!need(f, f->record_header, &b))
        return false;
    c = cur_over(b, &truncated);
    seconds = u32(f, &c);
    fraction = u32(f, &c);
    captured = u32(f, &c);
    raw->wire = u32(f, &c);
    if (captured > SAVEFILE_PACKET_MAX)
        return damaged(f, "a packet claims more than 256 KiB");
    if (!need(f, f->record_header + captured, &b))
        return false;
    f->place = f->in.offset;
    raw->bytes = (struct bytes){b.at + f->record_header, captured};
    raw->link_type = f->interfaces[0].link_type;
    found(f, raw, nanoseconds(seconds * billion + fraction * scale, billion, 0));
    return input_skip(&f->in, b.len);
}

/* --- pcapng --------------------------------------------------------------- */

/* 10 to the n, or 2 to the n when the top bit is set; 0 when it is too fine. */
static uint64_t resolution(uint8_t n)
{
    uint64_t ticks = 1;

    if (n & 0x80)
        return (n & 0x7f) < 64 ? ticks << (n & 0x7f) : 0;
    if (n > 19)
        return 0;
    while (n--)
        ticks *= 10;
    return ticks;
}

static void interface_option(struct savefile *f, struct savefile_interface *i,
                             unsigned code, struct cursor value)
{
    if (code == OPTION_RESOLUTION) {
        i->ticks = resolution(cur_u8(&value));
    } else if (code == OPTION_OFFSET) {
        uint64_t first = u32(f, &value), second = u32(f, &value);

        i->offset =
            (int64_t)(f->big_endian ? first << 32 | second : second << 32 | first);
    }
}

static bool grow(struct savefile *f)
{
    uint32_t room = f->room ? f->room * 2 : 4;
    struct savefile_interface *more;

    if (f->ninterfaces < f->room)
        return true;
    if (room > SAVEFILE_INTERFACES)
        return damaged(f, "it names more than 4096 interfaces");
    more = realloc(f->interfaces, room * sizeof more[0]);
    if (!more)
        return damaged(f, "memory does not suffice for its interfaces");
    f->interfaces = more;
    f->room = room;
    return true;
}

/* link type(2) 0(2) snapshot length(4), options: code(2) length(2) value, padded */
static bool interface_block(struct savefile *f, struct cursor c)
{
    struct savefile_interface *i;

    if (!grow(f))
        return false;
    i = &f->interfaces[f->ninterfaces++];
    *i = (struct savefile_interface){.ticks = 1000000};
    i->link_type = u16(f, &c);
    cur_skip(&c, 2);
    i->snap_length = u32(f, &c);
    while (cur_left(&c) >= 4) {
        unsigned code = u16(f, &c), len = u16(f, &c);

        if (code == OPTION_END)
            break;
        interface_option(f, i, code, cur_cut(&c, len));
        cur_skip(&c, -len & 3);
    }
    if (*c.truncated)
        return damaged(f, "the options of an interface do not fit into their block");
    if (i->ticks == 0)
        return damaged(f, "an interface counts time finer than 64 bits can hold");
    return true;
}

/* enhanced: interface(4); old: interface(2) drops(2); then time(4, 4) captured(4)
 * on the wire(4), bytes */
static bool packet_block(struct savefile *f, struct raw *raw, struct cursor c,
                         uint32_t type)
{
    uint32_t id = type == ENHANCED ? u32(f, &c) : u16(f, &c), captured;
    const struct savefile_interface *i;
    uint64_t stamp;

    if (type == OLD_PACKET)
        cur_skip(&c, 2);
    stamp = (uint64_t)u32(f, &c) << 32;
    stamp |= u32(f, &c);
    captured = u32(f, &c);
    raw->wire = u32(f, &c);
    raw->bytes = cur_bytes(&c, captured);
    if (*c.truncated || captured > SAVEFILE_PACKET_MAX)
        return damaged(f, "a packet is larger than its block");
    if (id >= f->ninterfaces)
        return damaged(f, "a packet names an interface that was not described");
    i = &f->interfaces[id];
    raw->link_type = i->link_type;
    found(f, raw, nanoseconds(stamp, i->ticks, i->offset));
    return true;
}

/* on the wire(4), bytes: no time, so that of the packet before is taken */
static bool simple_block(struct savefile *f, struct raw *raw, struct cursor c)
{
    uint32_t captured;

    if (f->ninterfaces == 0)
        return damaged(f, "a packet names an interface that was not described");
    raw->wire = captured = u32(f, &c);
    if (f->interfaces[0].snap_length && captured > f->interfaces[0].snap_length)
        captured = f->interfaces[0].snap_length;
    raw->bytes = cur_bytes(&c, captured);
    if (*c.truncated || captured > SAVEFILE_PACKET_MAX)
        return damaged(f, "a packet is larger than its block");
    raw->link_type = f->interfaces[0].link_type;
    found(f, raw, f->last);
    return true;
}

/* The byte order of a section is told by its third word. */
static bool section_block(struct savefile *f, struct cursor c)
{
    uint32_t magic;

    cur_skip(&c, 8);
    magic = cur_be32(&c);
    f->big_endian = magic == MAGIC_ORDER;
    if (magic != MAGIC_ORDER && magic != 0x4d3c2b1a)
        return damaged(f, "a section has no byte order");
    f->ninterfaces = 0;
    return true;
}

static bool is_read(uint32_t type)
{
    return type == INTERFACE || type == ENHANCED || type == OLD_PACKET || type == SIMPLE;
}

/* The type and length of the block that comes next. */
static bool block_head(struct savefile *f, uint32_t *type, uint32_t *len)
{
    bool truncated = false;
    struct cursor c;
    struct bytes b;

    if (!need(f, BLOCK_SMALLEST, &b))
        return false;
    c = cur_over(b, &truncated);
    *type = u32(f, &c);
    if (*type == SECTION && !section_block(f, cur_over(b, &truncated)))
        return false;
    *len = u32(f, &c);
    if (*len < (*type == SECTION ? SECTION_SMALLEST : BLOCK_SMALLEST) || *len % 4)
        return damaged(f, "a block has an impossible length");
    if (is_read(*type) && *len > INPUT_WINDOW)
        return damaged(f, "a block is larger than 768 KiB");
    return true;
}

/*
 * +---------+-----------+----------------+-----------+
 * | type(4) | length(4) | body ...       | length(4) |   length: of all four
 * +---------+-----------+----------------+-----------+
 */
static bool block_next(struct savefile *f, struct raw *raw, bool *is_packet)
{
    bool truncated = false, good;
    uint32_t type, len;
    struct cursor body;
    struct bytes b;

    *is_packet = false;
    if (!block_head(f, &type, &len))
        return false;
    if (!is_read(type))
        return input_skip(&f->in, len) || ended(f, 1);
    if (!need(f, len, &b))
        return false;
    body = cur_over((struct bytes){b.at + 8, len - BLOCK_SMALLEST}, &truncated);
    *is_packet = type != INTERFACE;
    if (*is_packet)
        f->place = f->in.offset;
    if (type == INTERFACE)
        good = interface_block(f, body);
    else if (type == SIMPLE)
        good = simple_block(f, raw, body);
    else
        good = packet_block(f, raw, body, type);
    return good && input_skip(&f->in, len);
}

static bool pcapng_next(struct savefile *f, struct raw *raw)
{
    bool is_packet = false;

    while (!is_packet)
        if (!block_next(f, raw, &is_packet))
            return false;
    return true;
}

/* --- the file ------------------------------------------------------------- */

static bool recognise(struct savefile *f)
{
    struct bytes head = input_need(&f->in, PCAP_HEADER);
    bool truncated = false;
    struct cursor c = cur_over(head, &truncated), other = c;
    uint32_t magic = cur_be32(&c), link_type;

    if (magic == SECTION) {
        f->next_generation = true;
        return section_block(f, other);
    }
    f->big_endian = pcap_magic(f, magic);
    if (!f->big_endian && !pcap_magic(f, cur_le32(&other)))
        return false;
    cur_skip(&c, 16);
    link_type = u32(f, &c);
    return !truncated && pcap_open(f, link_type);
}

bool savefile_open(struct savefile *f, const char *path)
{
    *f = (struct savefile){.path = path};
    if (!input_open(&f->in, path))
        return false;
    errno = 0;
    if (recognise(f))
        return true;
    if (f->in.state == INPUT_FAILED)
        errno = f->in.error;
    input_close(&f->in);
    free(f->interfaces);
    f->interfaces = NULL;
    return false;
}

void savefile_close(struct savefile *f)
{
    if (!f->parked && f->path)
        input_close(&f->in);
    free(f->interfaces);
    *f = (struct savefile){.in.fd = -1};
}

void savefile_park(struct savefile *f)
{
    input_close(&f->in);
    f->parked = true;
    f->frames--;
    f->last = f->before;
}

static bool unpark(struct savefile *f)
{
    errno = 0;
    if (!input_open(&f->in, f->path)) {
        f->error = errno;
        f->state = SAVEFILE_FAILED;
        return false;
    }
    f->parked = false;
    return input_skip(&f->in, f->place) || ended(f, 1);
}

bool savefile_next(struct savefile *f, struct raw *raw)
{
    if (f->state != SAVEFILE_READING || (f->parked && !unpark(f)))
        return false;
    return f->next_generation ? pcapng_next(f, raw) : pcap_next(f, raw);
}
