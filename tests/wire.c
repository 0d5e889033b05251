#include "tests/wire.h"

#include <assert.h>
#include <string.h>

#include "sensor/core/clock.h"

enum { ETHERNET = 14, IP = 20, TCP = 20, UDP = 8 };

struct wire wire_between(uint16_t port0, uint16_t port1)
{
    return (struct wire){.port = {port0, port1},
                         .seq = {1000, 500000},
                         .time = INT64_C(1700000000) * NS_PER_S};
}

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static uint32_t add(uint32_t sum, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += (uint32_t)at[i] << (i % 2 ? 0 : 8);
    return sum;
}

static uint16_t folded(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put_ip(uint8_t *ip, unsigned side, uint8_t protocol, size_t l4)
{
    memset(ip, 0, IP);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(IP + l4));
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, "\x0a\0\0\1", 4);
    memcpy(ip + 16, "\x0a\0\0\1", 4);
    ip[15] = (uint8_t)(1 + side);
    ip[19] = (uint8_t)(2 - side);
    put16(ip + 10, folded(add(0, ip, IP)));
}

static uint16_t l4_sum(const uint8_t *ip, size_t l4)
{
    uint32_t sum = add(0, ip + 12, 8) + ip[9] + (uint32_t)l4;

    return folded(add(sum, ip + IP, l4));
}

static struct raw finish(struct wire *w, unsigned side, uint8_t protocol, size_t l4)
{
    uint8_t *ip = w->bytes + ETHERNET;
    struct raw raw = {.time = w->time,
                      .frame = ++w->frame,
                      .link_type = 1,
                      .wire = (uint32_t)(ETHERNET + IP + l4),
                      .bytes = {w->bytes, ETHERNET + IP + l4}};

    assert(raw.bytes.len <= WIRE_FRAME);
    memcpy(w->bytes,
           side ? "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" : "\2\0\0\0\0\2\2\0\0\0\0\1\x08\0",
           ETHERNET);
    put_ip(ip, side, protocol, l4);
    put16(ip + IP + (protocol == IP_TCP ? 16 : 6), l4_sum(ip, l4));
    w->time += NS_PER_MS;
    return raw;
}

static struct raw segment(struct wire *w, unsigned side, uint32_t seq, uint8_t flags,
                          struct bytes data)
{
    uint8_t *tcp = w->bytes + ETHERNET + IP;

    memset(tcp, 0, TCP);
    put16(tcp, w->port[side]);
    put16(tcp + 2, w->port[1 - side]);
    put32(tcp + 4, seq);
    if (flags & TCP_ACK)
        put32(tcp + 8, w->seq[1 - side]);
    tcp[12] = 0x50;
    tcp[13] = flags;
    put16(tcp + 14, 8192);
    if (data.len)
        memcpy(tcp + TCP, data.at, data.len);
    return finish(w, side, IP_TCP, TCP + data.len);
}

struct raw wire_tcp(struct wire *w, unsigned side, uint8_t flags, struct bytes data)
{
    uint32_t seq = w->seq[side];

    w->seq[side] += (uint32_t)data.len + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
    return segment(w, side, seq, flags, data);
}

struct raw wire_tcp_at(struct wire *w, unsigned side, uint32_t seq, uint8_t flags,
                       struct bytes data)
{
    return segment(w, side, seq, flags, data);
}

struct raw wire_udp(struct wire *w, unsigned side, struct bytes data)
{
    uint8_t *udp = w->bytes + ETHERNET + IP;

    memset(udp, 0, UDP);
    put16(udp, w->port[side]);
    put16(udp + 2, w->port[1 - side]);
    put16(udp + 4, (unsigned)(UDP + data.len));
    if (data.len)
        memcpy(udp + UDP, data.at, data.len);
    return finish(w, side, IP_UDP, UDP + data.len);
}
