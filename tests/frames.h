#ifndef TESTS_FRAMES_H
#define TESTS_FRAMES_H

/* Frames built by hand, with their checksums computed the slow way. */

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "sensor/core/bytes.h"

struct frame {
    uint8_t at[2048];
    size_t len;
    size_t ip, l4; /* where these headers start */
};

static inline void put(struct frame *f, const void *data, size_t len)
{
    assert(f->len + len <= sizeof f->at);
    memcpy(f->at + f->len, data, len);
    f->len += len;
}

static inline void put16(struct frame *f, unsigned value)
{
    put(f, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static inline void set16(struct frame *f, size_t at, unsigned value)
{
    f->at[at] = (uint8_t)(value >> 8);
    f->at[at + 1] = (uint8_t)value;
}

static inline void put_ethernet(struct frame *f, unsigned type)
{
    put(f, "\x00\x80\xf4\x0e\x51\xc7\x00\x1b\x1b\x01\x02\x03", 12);
    put16(f, type);
}

static inline void put_vlan(struct frame *f, unsigned id, unsigned type)
{
    put16(f, id);
    put16(f, type);
}

/* 10.20.3.7 to 10.20.3.40; lengths and sums are set by finish(). */
static inline void put_ipv4(struct frame *f, uint8_t protocol, size_t options)
{
    f->ip = f->len;
    put(f, (uint8_t[]){(uint8_t)(0x45 + options / 4), 0}, 2);
    put(f, "\0\0\x12\x34\x40\0\x40", 7);
    put(f, &protocol, 1);
    put(f, "\0\0\x0a\x14\x03\x07\x0a\x14\x03\x28", 10);
    for (size_t i = 0; i < options; i++)
        put(f, "\x01", 1);
    f->l4 = f->len;
}

/* 2001:db8::7 to 2001:db8::28 */
static inline void put_ipv6(struct frame *f, uint8_t next)
{
    f->ip = f->len;
    put(f, "\x60\0\0\0\0\0", 6);
    put(f, &next, 1);
    put(f, "\x40\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07", 17);
    put(f, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x28", 16);
    f->l4 = f->len;
}

static inline void put_tcp(struct frame *f, size_t options, const char *payload)
{
    f->l4 = f->len;
    put16(f, 49152);
    put16(f, 502);
    put(f, "\x01\x02\x03\x04\x0a\x0b\x0c\x0d", 8);
    put(f, (uint8_t[]){(uint8_t)((5 + options / 4) << 4), 0x18}, 2);
    put(f, "\x20\0\0\0\0\0", 6);
    for (size_t i = 0; i < options; i++)
        put(f, "\x01", 1);
    put(f, payload, strlen(payload));
}

static inline void put_udp(struct frame *f, const char *payload)
{
    f->l4 = f->len;
    put16(f, 47808);
    put16(f, 47809);
    put16(f, 8 + (unsigned)strlen(payload));
    put16(f, 0);
    put(f, payload, strlen(payload));
}

static inline unsigned slow_sum(unsigned long sum, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? at[i] : (unsigned long)at[i] << 8;
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (unsigned)sum;
}

/* Lengths and checksums of all that was put. */
static inline void finish(struct frame *f, uint8_t protocol)
{
    bool v4 = f->at[f->ip] >> 4 == 4;
    size_t header = v4 ? (f->at[f->ip] & 15u) * 4 : 40, l4 = f->len - f->l4;
    size_t sum_at = f->l4 + (protocol == 6 ? 16 : 6);
    unsigned sum;

    set16(f, f->ip + (v4 ? 2 : 4), (unsigned)(f->len - f->ip - (v4 ? 0 : 40)));
    if (v4)
        set16(f, f->ip + 10, ~slow_sum(0, f->at + f->ip, header) & 0xffff);
    sum = slow_sum(protocol + l4, f->at + f->ip + (v4 ? 12 : 8), v4 ? 8 : 32);
    if (protocol == 6 || protocol == 17)
        set16(f, sum_at, ~slow_sum(sum, f->at + f->l4, l4) & 0xffff);
}

#endif
