#ifndef SENSOR_PORT_H
#define SENSOR_PORT_H

/*
 * One interface that is listened on: a libpcap handle, opened and opened again.
 *
 * It owns copies of all it needs of the configuration, so a reload may free that.
 * What the port itself sends is never handed out.  Packets come one by one; the
 * bytes of one live until the next is fetched.
 */

#include "sensor/config.h"
#include "sensor/link.h"
#include "sensor/packet.h"
#include "sensor/status.h"

enum {
    PORT_ERROR = 512,
    PORT_BLOCK_MS = 10
}; /* ms the kernel fills a block of packets */

enum port_trouble {
    PORT_FINE,
    PORT_GONE,       /* no interface of this name */
    PORT_OFF,        /* not switched on */
    PORT_NO_CARRIER, /* nothing at the other end */
    PORT_REFUSED     /* the system does not let us listen */
};

struct port {
    char name[STATUS_NAME];
    uint32_t source, snaplen;
    uint64_t ring; /* bytes of the kernel's */
    char *filter;  /* as it was written, or NULL */
    bool promiscuous, require_silent;
    /* while it is open */
    struct pcap *pcap; /* NULL: closed */
    int descriptor;    /* for epoll */
    int index;         /* of the interface when it was opened */
    uint32_t link_type;
    int missed; /* file of the frames the device missed; -1: it is not told */
    uint64_t missed_before;
    /* for who reads it */
    bool ready;      /* there may be packets in the kernel's ring */
    bool fetched;    /* `next` is one */
    struct raw next; /* all but its frame number */
    /* for who looks after it */
    enum port_trouble trouble;
    char error[PORT_ERROR]; /* of PORT_REFUSED */
};

/*
 * Takes over what is configured, and looks whether the filter makes sense.  False
 * with a sentence in error.
 */
bool port_init(struct port *p, const struct config_interface *i, uint32_t source,
               char error[PORT_ERROR]);
void port_free(struct port *p);

/* PORT_FINE when packets come from here on. */
enum port_trouble port_open(struct port *p);
void port_close(struct port *p);

/* One packet into `next`.  False when there is none now, or when it is closed: then
 * the handle is of no use any more. */
bool port_fetch(struct port *p);

/* Packets the kernel's ring had no room for since the last call. */
uint64_t port_lost(struct port *p);

/* Frames the device itself had no room for since the last call. */
uint64_t port_missed(struct port *p);

#endif
