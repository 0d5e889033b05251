#ifndef SENSOR_PACKET_H
#define SENSOR_PACKET_H

/*
 * One frame as it was captured, and one packet as decode() understood it.
 *
 * Everything points into the captured bytes, which belong to the reader and
 * live until the next packet is read: whoever keeps something copies it.
 * `payload` is what the IP length allows and the capture holds: Ethernet
 * padding and trailers are outside, and so is what the snap length cut off
 * (PACKET_CUT says that bytes are missing).
 */

#include <stdbool.h>

#include "sensor/core/address.h"
#include "sensor/core/bytes.h"

enum { PACKET_VLANS = 4 };

enum packet_flag {
    PACKET_CUT = 1 << 0,      /* the snap length cut it */
    PACKET_FRAGMENT = 1 << 1, /* an IP fragment: no ports, no payload */
    PACKET_BAD_IP_SUM = 1 << 2,
    PACKET_BAD_L4_SUM = 1 << 3,
    PACKET_NO_L4_SUM = 1 << 4,  /* not checked: cut, offloaded, or UDP without one */
    PACKET_BAD_LENGTH = 1 << 5, /* headers lie or are not all there: not analysed */
    PACKET_BROADCAST = 1 << 6,  /* sent to a group MAC address */
};

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_PSH = 0x08, TCP_ACK = 0x10 };

/* IP protocol numbers the sensor knows by name. */
enum { IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMPV6 = 58 };

struct raw {
    int64_t time;       /* ns since 1970, as captured */
    uint64_t frame;     /* number in its source, from 1 */
    uint32_t source;    /* which file or interface */
    uint32_t link_type; /* LINKTYPE_ number of the capture formats */
    uint32_t wire;      /* bytes it had on the wire */
    uint64_t position;  /* of a frame that stays in a packet ring; else of no meaning */
    struct bytes bytes; /* what was captured of them */
};

struct packet {
    int64_t time;    /* ns since 1970, as captured */
    uint64_t frame;  /* number in its source, from 1 */
    uint64_t number; /* among all packets of its front, from 1: what orders records */
    uint32_t source; /* which file or interface */
    uint32_t wire;   /* bytes it had on the wire */
    uint32_t link_type;
    struct bytes data; /* all that was captured, link layer included */
    bool has_macs;     /* Linux cooked frames know the sender's only: dst_mac is 0 */
    uint8_t src_mac[MAC_SIZE], dst_mac[MAC_SIZE];
    uint8_t nvlans;               /* tags kept; further inner ones are skipped */
    uint16_t vlans[PACKET_VLANS]; /* VLAN ids, outermost first */
    uint16_t ethertype;           /* under the tags; 0x0800 for raw IPv4; 0 for LLC */
    struct address src, dst;      /* family ADDRESS_NONE when it is no IP */
    uint8_t protocol;             /* IP protocol, after IPv6 extension headers */
    uint8_t ttl;
    uint16_t src_port, dst_port; /* of ICMP: type and icmp_counterpart() or code */
    uint32_t seq, ack;
    uint16_t window;
    uint8_t tcp_flags;
    uint16_t flags;        /* enum packet_flag */
    struct bytes network;  /* IP header to the end IP says; empty unless all is there */
    struct bytes payload;  /* of TCP and UDP; else all behind IP or the ethertype */
    uint32_t payload_wire; /* bytes the payload had on the wire: more if it was cut */
};

#endif
