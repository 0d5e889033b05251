#ifndef SENSOR_LINK_H
#define SENSOR_LINK_H

/*
 * What the system says of a network interface: is it there, is it up, has it sent
 * anything; and whether it is fit to listen on a plant without ever being heard.
 *
 * Two descriptors are opened at the start.  After that a look opens no file, so that
 * it goes on under any confinement.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_TABLE = 32 * 1024 };

struct links {
    int socket;   /* to ask the kernel with */
    int counters; /* /proc/net/dev of this network namespace */
    size_t len;
    char table[LINK_TABLE]; /* what was read of it last */
};

struct link_state {
    int index;     /* of the interface; 0: there is none of this name */
    bool up;       /* it is switched on, */
    bool carrier;  /* and something is at the other end */
    bool arp;      /* it asks and answers ARP */
    bool counted;  /* the next two are known */
    uint64_t sent; /* frames, since it was made */
    uint64_t lost; /* frames it had no room for; see port_missed() too */
};

/* False with errno. */
bool links_open(struct links *l);
void links_close(struct links *l);

/* Reads the counters of all interfaces, for the looks that follow. */
void links_read(struct links *l);

void link_look(const struct links *l, const char *name, struct link_state *out);

enum { SILENT_ERROR = 1024 };

/*
 * True when the interface cannot be heard: no address, no ARP, no IPv6.  Else `error`
 * has a sentence for each fault, each with what to do about it.
 */
bool link_is_silent(const char *name, char error[SILENT_ERROR]);

#endif
