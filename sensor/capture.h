#ifndef SENSOR_CAPTURE_H
#define SENSOR_CAPTURE_H

/*
 * The capture of one interface group: all its ports as one stream of packets.
 *
 * The two ports of a TAP carry a direction each, so packets are taken in the order of
 * their time, over all ports, and numbered together by the packet ring they are
 * copied into.  A port that goes down or away is told, and opened again when it is
 * back; the others go on.  What the ports themselves send is not analysed but
 * counted: a port that is to be silent and is not is told.
 *
 * One thread calls all of this.  It takes memory when a port is opened, and then
 * alone.
 *
 * System calls after capture_open() that a confinement must let through:
 *   always          epoll_wait, poll, ioctl (SIOCGIFINDEX, SIOCGIFFLAGS), pread64,
 *                   getsockopt, clock_gettime, write (a bell)
 *   to open again   socket (AF_PACKET; AF_NETLINK, which may fail), bind, getsockname,
 *                   setsockopt, getsockopt, ioctl, mmap, munmap, brk, madvise, fcntl,
 *                   uname, eventfd2, epoll_ctl, close; openat, newfstatat, read, readlink
 *                   and access below /sys/class/net, all of which may fail
 * and CAP_NET_RAW.
 */

#include "sensor/core/ring.h"
#include "sensor/packet_ring.h"
#include "sensor/port.h"

enum { CAPTURE_ERROR = SILENT_ERROR, CAPTURE_BATCH = 256 };

/* What is watched of a port, beside its packets. */
struct port_health {
    uint64_t sent_before, lost_before; /* by its counters, at the last look */
    uint64_t received_before;          /* at the last look */
    /* already in a notice; and when, 0: none yet */
    uint64_t lost_told, sent_told, cut_told;
    int64_t lost_when, sent_when, cut_when;
    int64_t trouble_since, quiet_since; /* ns, monotonic */
    enum port_trouble told;             /* the trouble a notice was about */
    bool quiet_told, arp_told, counted; /* `counted`: sent_before is known */
};

struct capture {
    char group[STATUS_NAME];
    unsigned nports;
    int epoll;
    int64_t looked;      /* ns, monotonic: when the ports were looked after last */
    int64_t quiet;       /* ns without a packet that are told; may be set */
    struct links *links; /* own */
    struct packet_ring *packets;
    struct ring *notices;
    struct port ports[CONFIG_INTERFACES];
    struct port_health health[CONFIG_INTERFACES];
    struct status_interface status[CONFIG_INTERFACES];
};

/* The groups there are, each once, in the order of their first interface; how many. */
unsigned capture_groups(const struct config *config,
                        const char *groups[CONFIG_INTERFACES]);

/*
 * Opens every interface of the configuration that belongs to the group; its place there
 * is the `source` of its packets.  Keeps `packets` and `notices` (of struct notice, this
 * is their producer), and nothing of the configuration.
 *
 * False with a sentence, or one a line, when a filter makes no sense, a port that
 * must be silent is not, or the system does not let us listen.  An interface that is
 * not there, or down, is no error: it is told, and opened when it comes.
 */
bool capture_open(struct capture *c, const struct config *config, const char *group,
                  struct packet_ring *packets, struct ring *notices,
                  char error[CAPTURE_ERROR]);
void capture_close(struct capture *c);

/*
 * Waits at most `ms` for packets and hands over at most CAPTURE_BATCH of them; how
 * many were read.  The frame given to the handler lies in the packet ring; it stays
 * there while packet_ring_keep() says so.
 */
unsigned capture_turn(struct capture *c, int ms,
                      void (*handler)(void *context, const struct raw *raw),
                      void *context);

/* A packet of this source that was handed over and found no room there: it is told. */
void capture_lost(struct capture *c, uint32_t source);

/* Fills the status of each port into out[source]. */
void capture_status(const struct capture *c, struct status_interface *out);

#endif
