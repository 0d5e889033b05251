#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

/*
 * Frames made by hand: Ethernet, IPv4, TCP or UDP between 10.0.0.1 and 10.0.0.2,
 * one millisecond apart.  Checksums are right.
 */

#include "sensor/packet.h"

enum { WIRE_FRAME = 2048 };

struct wire {
    uint16_t port[2]; /* of side 0 (10.0.0.1) and side 1 (10.0.0.2) */
    uint32_t seq[2];  /* next sequence number of each side */
    int64_t time;     /* ns, of the next frame */
    uint64_t frame;   /* number of the latest frame */
    uint8_t bytes[WIRE_FRAME];
};

struct wire wire_between(uint16_t port0, uint16_t port1);

/* The next segment of a side: flags and data; its sequence number goes on. */
struct raw wire_tcp(struct wire *w, unsigned side, uint8_t flags, struct bytes data);

/* A segment at a given place of the stream, counted from the first data byte. */
struct raw wire_tcp_at(struct wire *w, unsigned side, uint32_t seq, uint8_t flags,
                       struct bytes data);

struct raw wire_udp(struct wire *w, unsigned side, struct bytes data);

#endif
