#ifndef SENSOR_DECODE_H
#define SENSOR_DECODE_H

/*
 * From captured bytes to a packet: link layer, VLAN tags, IP, TCP, UDP, ARP.
 *
 * Whatever the bytes say, decode() fills the packet, reads nothing outside
 * them and never fails: what cannot be understood is flagged in the packet and
 * counted here.  The packet borrows the bytes of the raw frame.
 */

#include "sensor/packet.h"

struct decode_counters {
    uint64_t frames, bytes;  /* bytes on the wire */
    uint64_t cut;            /* shorter than on the wire */
    uint64_t cut_headers;    /* so short that headers are missing */
    uint64_t bad_length;     /* headers that contradict one another or the frame */
    uint64_t wire_too_small; /* said to be shorter on the wire than captured */
    uint64_t unknown_link;
    uint64_t tagged, llc, arp, other_ethertype;
    uint64_t ipv4, ipv6, fragments, no_total_length;
    uint64_t tcp, udp, icmp, other_protocol;
    uint64_t bad_ip_sum, bad_l4_sum;
};

/* Counters belong to the calling thread. */
void decode(const struct raw *raw, struct packet *p, struct decode_counters *counters);

/*
 * The type of the answer to an ICMP or ICMPv6 message type, or of the question
 * to an answer; -1 when the type stands alone.
 */
int icmp_counterpart(uint8_t protocol, uint8_t type);

#endif
