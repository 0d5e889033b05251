#ifndef SENSOR_SAVEFILE_H
#define SENSOR_SAVEFILE_H

/*
 * One capture file: pcap or pcapng, either byte order, gzip'd or not.
 *
 * libpcap reads these too, but refuses a pcapng whose interfaces differ in
 * link type or snapshot length, and tells a truncated last packet from a
 * damaged file by its prose alone.  What it calls "modified" pcap (24-byte
 * record headers) is read as well.
 *
 * The file may be parked: closed, with its place remembered, and opened again
 * by the next read.  Everything needed to go on stays in the struct.
 */

#include "sensor/input.h"
#include "sensor/packet.h"

enum { SAVEFILE_PACKET_MAX = 256 * 1024, SAVEFILE_INTERFACES = 4096 };

enum savefile_state {
    SAVEFILE_READING,
    SAVEFILE_END,
    SAVEFILE_TRUNCATED, /* ends within a packet, which is lost */
    SAVEFILE_DAMAGED,   /* says something impossible; the rest is lost */
    SAVEFILE_FAILED     /* could not be read or opened again */
};

/* Of pcap there is one. */
struct savefile_interface {
    uint32_t link_type, snap_length;
    uint64_t ticks; /* per second */
    int64_t offset; /* seconds to add */
};

struct savefile {
    const char *path; /* borrowed */
    enum savefile_state state;
    const char *damage; /* what was impossible */
    int error;          /* errno of SAVEFILE_FAILED */
    bool big_endian, next_generation, nanoseconds;
    bool parked;
    uint8_t record_header; /* bytes of a pcap record's: 16, or 24 */
    uint64_t frames;       /* read so far */
    uint64_t place;        /* where the latest packet starts in the file */
    int64_t last, before;  /* times of the latest packet and the one before */
    struct savefile_interface *interfaces;
    uint32_t ninterfaces, room;
    struct input in;
};

/* False with errno when it cannot be read, and with errno 0 when it is no
 * capture.  "-" is standard input. */
bool savefile_open(struct savefile *f, const char *path);
void savefile_close(struct savefile *f);

/*
 * The next packet, all but its `source`; the bytes live until the next call
 * for this file.  False at the end, of which `state` gives the reason.
 */
bool savefile_next(struct savefile *f, struct raw *raw);

/*
 * Closes the file but remembers its place: the next call of savefile_next()
 * reads the latest packet once more.  Not for pipes.
 */
void savefile_park(struct savefile *f);

#endif
