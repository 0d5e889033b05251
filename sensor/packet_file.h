#ifndef SENSOR_PACKET_FILE_H
#define SENSOR_PACKET_FILE_H

/*
 * A pcapng file of packets out of packet rings.  It is there whole or not at all: it
 * is written under another name, taken to disk, and then renamed.
 */

#include <limits.h>

#include "sensor/config.h"
#include "sensor/packet_ring.h"
#include "sensor/pcapng.h"

/* Where the packets of a source are: one an interface of the configuration. */
struct packet_source {
    const struct packet_ring *ring; /* of its group */
    const char *name;
};

/* What a frame may have at most to be copied out of a ring. */
enum { PACKET_FILE_FRAME = 256 * 1024, PACKET_FILE_BUFFER = 2 * PACKET_FILE_FRAME };

struct packet_file {
    char path[PATH_MAX], temporary[PATH_MAX];
    int descriptor;
    int error; /* errno of the first failure */
    uint64_t written;
    struct pcapng out;
    const struct packet_source *sources; /* borrowed */
    unsigned nsources;
    struct {
        bool told;
        uint32_t number, link_type;
    } interfaces[CONFIG_INTERFACES];
    uint8_t *buffer; /* borrowed, PACKET_FILE_BUFFER bytes */
};

/* False with errno.  Keeps `sources` and `buffer`. */
bool packet_file_open(struct packet_file *f, const char *path, const char *comment,
                      const struct packet_source *sources, unsigned nsources,
                      uint8_t *buffer);

/* Appends a packet; the comment may be NULL.  Failures are told at the end. */
void packet_file_add(struct packet_file *f, const struct raw *raw, const char *comment);

/* True when all of it is on disk under its name; else it is nowhere, and errno says
 * why. */
bool packet_file_close(struct packet_file *f);

/* How a packet_file_dump() went. */
struct packet_dump {
    uint64_t packets;
    int64_t first, last; /* times of the oldest and the latest; 0: none */
    bool wrapped;        /* the rings no longer had all that was asked for */
};

/*
 * All packets of the rings of `sources`, of the last `seconds` before their latest (0:
 * all), in the order of time.  Takes memory for a buffer; the rings may go on.
 * False with errno.
 */
bool packet_file_dump(const char *path, const char *comment,
                      const struct packet_source *sources, unsigned nsources,
                      unsigned seconds, struct packet_dump *result);

#endif
