#ifndef SENSOR_PCAPNG_H
#define SENSOR_PCAPNG_H

/*
 * Packets as a pcapng file, written into memory of the caller's.
 *
 * One section, little-endian, times in nanoseconds.  Each call appends one whole
 * block; one that finds no room appends nothing and sets `full`, and so does each
 * after it: look at `full` once, at the end.  What was written before is a whole
 * file that any tool reads.
 *
 *     struct pcapng file = {.out = buffer, .room = sizeof buffer};
 *     pcapng_head(&file, "why this file is here");
 *     uint32_t port = pcapng_interface(&file, &(struct pcapng_interface){"eth1", 1, 65535});
 *     pcapng_packet(&file, port, &raw, NULL);
 *     write(fd, file.out, file.len);
 *
 * Comments are UTF-8, cut at PCAPNG_COMMENT bytes (between two characters).
 */

#include "sensor/packet.h"

enum { PCAPNG_COMMENT = 1024, PCAPNG_NAME = 64 };

struct pcapng {
    uint8_t *out; /* the caller's */
    size_t room, len;
    uint32_t ninterfaces;
    bool full;
};

struct pcapng_interface {
    const char *name;   /* NULL: none is written */
    uint32_t link_type; /* LINKTYPE_ number; only 16 bits of it fit */
    uint32_t snaplen;   /* 0: no limit */
};

/* First of all; the comment may be NULL. */
void pcapng_head(struct pcapng *p, const char *comment);

/* Before its packets; returns its number. */
uint32_t pcapng_interface(struct pcapng *p, const struct pcapng_interface *i);

/* Time, wire length and bytes of `raw`; the comment may be NULL. */
void pcapng_packet(struct pcapng *p, uint32_t interface, const struct raw *raw,
                   const char *comment);

/* Bytes of room these blocks take. */
size_t pcapng_head_size(const char *comment);
size_t pcapng_interface_size(const struct pcapng_interface *i);
size_t pcapng_packet_size(size_t captured, const char *comment);

#endif
