/*
 * Format: "PCAP Next Generation (pcapng) Capture File Format", draft of the opsawg
 * working group of the IETF, sections 3.1 (blocks), 3.5 (options), 4.1 to 4.3.
 *
 *      0       4        8                              len - 4     len
 *     +-------+--------+------------------- ... ------+-----------+
 *     | type  | length | body, options, all padded    | length    |
 *     +-------+--------+------------------- ... ------+-----------+
 */

#include "sensor/pcapng.h"

#include <string.h>

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, ENHANCED = 6, MAGIC_ORDER = 0x1a2b3c4d };
enum { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_NAME = 2, OPTION_RESOLUTION = 9 };
enum { FRAME = 12, OPTION_HEAD = 4, END_SIZE = OPTION_HEAD };
enum { SECTION_FIXED = 16, INTERFACE_FIXED = 8, ENHANCED_FIXED = 20 };
enum { RESOLUTION_SIZE = OPTION_HEAD + 4, NANOSECONDS = 9 };

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* Bytes of a text that go out: at most `limit`, never half a UTF-8 character. */
static size_t text_len(const char *text, size_t limit)
{
    size_t n = strnlen(text, limit + 1);

    if (n <= limit)
        return n;
    n = limit;
    while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static size_t text_size(const char *text, size_t limit)
{
    return text ? OPTION_HEAD + padded(text_len(text, limit)) : 0;
}

/* With no option there is no end of options either. */
static size_t options_size(const char *comment)
{
    return comment ? text_size(comment, PCAPNG_COMMENT) + END_SIZE : 0;
}

size_t pcapng_head_size(const char *comment)
{
    return FRAME + SECTION_FIXED + options_size(comment);
}

size_t pcapng_interface_size(const struct pcapng_interface *i)
{
    return FRAME + INTERFACE_FIXED + text_size(i->name, PCAPNG_NAME) + RESOLUTION_SIZE +
           END_SIZE;
}

size_t pcapng_packet_size(size_t captured, const char *comment)
{
    return FRAME + ENHANCED_FIXED + padded(captured) + options_size(comment);
}

/* ---- writing; room was looked at by begin() --------------------------------- */

static void put(struct pcapng *p, const void *data, size_t len)
{
    if (len > 0)
        memcpy(p->out + p->len, data, len);
    p->len += len;
}

static void put_padded(struct pcapng *p, const void *data, size_t len)
{
    static const uint8_t zero[4];

    put(p, data, len);
    put(p, zero, padded(len) - len);
}

static void put16(struct pcapng *p, uint32_t v)
{
    put(p, (uint8_t[]){(uint8_t)v, (uint8_t)(v >> 8)}, 2);
}

static void put32(struct pcapng *p, uint32_t v)
{
    put16(p, v);
    put16(p, v >> 16);
}

static void put_option(struct pcapng *p, uint32_t code, const void *data, size_t len)
{
    put16(p, code);
    put16(p, (uint32_t)len);
    put_padded(p, data, len);
}

static void put_comment(struct pcapng *p, const char *comment)
{
    if (!comment)
        return;
    put_option(p, OPTION_COMMENT, comment, text_len(comment, PCAPNG_COMMENT));
    put_option(p, OPTION_END, NULL, 0);
}

/* False when the block does not fit. */
static bool begin(struct pcapng *p, uint32_t type, size_t size)
{
    if (p->full || size > UINT32_MAX || size > p->room - p->len) {
        p->full = true;
        return false;
    }
    put32(p, type);
    put32(p, (uint32_t)size);
    return true;
}

void pcapng_head(struct pcapng *p, const char *comment)
{
    size_t size = pcapng_head_size(comment);

    if (!begin(p, SECTION, size))
        return;
    put32(p, MAGIC_ORDER);
    put16(p, 1); /* version 1.0 */
    put16(p, 0);
    put32(p, UINT32_MAX); /* the section's length is not told */
    put32(p, UINT32_MAX);
    put_comment(p, comment);
    put32(p, (uint32_t)size);
}

uint32_t pcapng_interface(struct pcapng *p, const struct pcapng_interface *i)
{
    static const uint8_t resolution = NANOSECONDS;
    size_t size = pcapng_interface_size(i);

    if (!begin(p, INTERFACE, size))
        return p->ninterfaces;
    put16(p, i->link_type);
    put16(p, 0);
    put32(p, i->snaplen);
    if (i->name)
        put_option(p, OPTION_NAME, i->name, text_len(i->name, PCAPNG_NAME));
    put_option(p, OPTION_RESOLUTION, &resolution, 1);
    put_option(p, OPTION_END, NULL, 0);
    put32(p, (uint32_t)size);
    return p->ninterfaces++;
}

void pcapng_packet(struct pcapng *p, uint32_t interface, const struct raw *raw,
                   const char *comment)
{
    size_t size = pcapng_packet_size(raw->bytes.len, comment);
    uint64_t time = raw->time > 0 ? (uint64_t)raw->time : 0;

    if (!begin(p, ENHANCED, size))
        return;
    put32(p, interface);
    put32(p, (uint32_t)(time >> 32));
    put32(p, (uint32_t)time);
    put32(p, (uint32_t)raw->bytes.len);
    put32(p, raw->wire);
    put_padded(p, raw->bytes.at, raw->bytes.len);
    put_comment(p, comment);
    put32(p, (uint32_t)size);
}
