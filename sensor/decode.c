/*
 * Link layer to transport layer.  The layouts are those of IEEE 802.1Q,
 * RFC 791, RFC 8200, RFC 9293, RFC 768 and of the LINKTYPE_ list of tcpdump.
 */

#include "sensor/decode.h"

#include "sensor/checksum.h"
#include "sensor/core/cursor.h"

enum {
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_VLAN = 0x8100,
    TYPE_IPV6 = 0x86dd,
    TYPE_PROVIDER = 0x88a8,
    TYPE_OLD_PROVIDER = 0x9100,
    TYPE_SMALLEST = 0x0600 /* below it is the length of an 802.3 frame */
};

enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, OPTIONS = 60 };
enum { NO_NEXT = 59, EXTENSIONS_MAX = 16 };
enum { COOKED_BROADCAST = 1, COOKED_MULTICAST = 2 };

/* One decoding in progress. */
struct look {
    struct packet *p;
    struct decode_counters *counters;
    struct cursor cur;
    uint32_t missing;   /* bytes of the layer at hand that the capture cut off */
    uint64_t addresses; /* sum of both */
    bool offloaded;     /* segmentation was left to the card: sums are not final */
};

static uint16_t be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)be16(at) << 16 | be16(at + 2);
}

/* The frame contradicts itself: same treatment as a read past its end. */
static void refuse(struct look *l)
{
    *l->cur.truncated = true;
    l->missing = 0;
}

static void take_payload(struct look *l)
{
    l->p->payload_wire = (uint32_t)cur_left(&l->cur) + l->missing;
    l->p->payload = cur_bytes(&l->cur, cur_left(&l->cur));
}

/*
 * The layer goes on for `len` more bytes.  What follows in the frame is
 * padding or a trailer; what the capture lacks is missing.
 */
static bool narrow(struct look *l, size_t len)
{
    size_t left = cur_left(&l->cur);

    if (len > left + l->missing) {
        refuse(l);
        return false;
    }
    l->missing = (uint32_t)(len > left ? len - left : 0);
    l->cur = cur_cut(&l->cur, len > left ? left : len);
    return true;
}

/* --- transport layer ------------------------------------------------------ */

/* `from` is the start of the transport header, `len` its bytes with payload. */
static void check_sum(struct look *l, const uint8_t *from, size_t len)
{
    struct packet *p = l->p;
    const uint8_t tail[8] = {(uint8_t)(len >> 24),
                             (uint8_t)(len >> 16),
                             (uint8_t)(len >> 8),
                             (uint8_t)len,
                             0,
                             0,
                             0,
                             p->protocol};
    uint64_t sum;

    if (l->missing || l->offloaded) {
        p->flags |= PACKET_NO_L4_SUM;
        return;
    }
    sum = checksum_add(l->addresses, tail, sizeof tail);
    if (!checksum_right(checksum_add(sum, from, len))) {
        p->flags |= PACKET_BAD_L4_SUM;
        l->counters->bad_l4_sum++;
    }
}

/*
 *  0        2        4                 8                12
 * +--------+--------+-----------------+-----------------+----+---+-----+-----+
 * | source | dest.  | sequence number | acknowledgement | len|   |flags|wind.|...
 * +--------+--------+-----------------+-----------------+----+---+-----+-----+
 */
static void tcp(struct look *l)
{
    struct packet *p = l->p;
    const uint8_t *h = cur_next(&l->cur, 20);
    size_t header, whole;

    l->counters->tcp++;
    if (!h)
        return;
    whole = 20 + cur_left(&l->cur);
    header = (size_t)(h[12] >> 4) * 4;
    if (header < 20 || header > whole + l->missing) {
        refuse(l);
        return;
    }
    if (!cur_next(&l->cur, header - 20))
        return;
    p->src_port = be16(h);
    p->dst_port = be16(h + 2);
    p->seq = be32(h + 4);
    p->ack = be32(h + 8);
    p->tcp_flags = h[13];
    p->window = be16(h + 14);
    check_sum(l, h, whole);
    take_payload(l);
}

static void udp(struct look *l)
{
    struct packet *p = l->p;
    const uint8_t *h = cur_next(&l->cur, 8);
    uint16_t len;

    l->counters->udp++;
    if (!h)
        return;
    len = be16(h + 4);
    if (len < 8) {
        refuse(l);
        return;
    }
    if (!narrow(l, len - 8u))
        return;
    p->src_port = be16(h);
    p->dst_port = be16(h + 2);
    if (be16(h + 6) || p->src.family == ADDRESS_V6)
        check_sum(l, h, 8 + cur_left(&l->cur));
    else
        p->flags |= PACKET_NO_L4_SUM;
    take_payload(l);
}

int icmp_counterpart(uint8_t protocol, uint8_t type)
{
    /* clang-format off */
    static const struct {
        uint8_t protocol, question, answer;
    } pairs[] = {
        {IP_ICMP,   8,   0},   /* echo */
        {IP_ICMP,   10,  9},   /* router solicitation */
        {IP_ICMP,   13,  14},  /* timestamp */
        {IP_ICMP,   15,  16},  /* information */
        {IP_ICMP,   17,  18},  /* address mask */
        {IP_ICMPV6, 128, 129}, /* echo */
        {IP_ICMPV6, 130, 131}, /* multicast listener */
        {IP_ICMPV6, 133, 134}, /* router solicitation */
        {IP_ICMPV6, 135, 136}, /* neighbour solicitation */
        {IP_ICMPV6, 139, 140}, /* node information */
        {IP_ICMPV6, 144, 145}, /* home agent discovery */
    };
    /* clang-format on */

    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        if (pairs[i].protocol == protocol && pairs[i].question == type)
            return pairs[i].answer;
        if (pairs[i].protocol == protocol && pairs[i].answer == type)
            return pairs[i].question;
    }
    return -1;
}

static void icmp(struct look *l)
{
    struct cursor message = l->cur;
    const uint8_t *h = cur_next(&message, 4);
    int other;

    l->counters->icmp++;
    if (!h)
        return;
    other = icmp_counterpart(l->p->protocol, h[0]);
    l->p->src_port = h[0];
    l->p->dst_port = other < 0 ? h[1] : (uint16_t)other;
    take_payload(l);
}

static void transport(struct look *l)
{
    switch (l->p->protocol) {
    case IP_TCP:
        tcp(l);
        break;
    case IP_UDP:
        udp(l);
        break;
    case IP_ICMP:
    case IP_ICMPV6:
        icmp(l);
        break;
    default:
        l->counters->other_protocol++;
        take_payload(l);
    }
}

static void fragment(struct look *l)
{
    l->p->flags |= PACKET_FRAGMENT;
    l->counters->fragments++;
}

/* --- network layer -------------------------------------------------------- */

/*
 * The bytes left behind the fixed header, which starts at `from`.  A length of 0
 * is what the kernel shows where a card does the segmentation: then it is all
 * there is.
 */
static bool narrow_ip(struct look *l, const uint8_t *from, bool said, size_t rest)
{
    if (!said) {
        l->offloaded = true;
        l->counters->no_total_length++;
        return true;
    }
    if (!narrow(l, rest))
        return false;
    if (!l->missing)
        l->p->network = (struct bytes){from, (size_t)(l->cur.end - from)};
    return true;
}

/*
 *  0   1   2        4     6         8    9     10     12          16
 * +---+---+--------+-----+---------+----+-----+------+-----------+-----------+
 * |4 l|   | length | id. |..M offs.|ttl |prot.| sum  | source    | dest.     |...
 * +---+---+--------+-----+---------+----+-----+------+-----------+-----------+
 */
static void ipv4(struct look *l)
{
    struct packet *p = l->p;
    const uint8_t *h = cur_next(&l->cur, 20);
    size_t header, total;

    l->counters->ipv4++;
    if (!h)
        return;
    header = (size_t)(h[0] & 15) * 4;
    total = be16(h + 2);
    if (h[0] >> 4 != 4 || header < 20 || (total && total < header)) {
        refuse(l);
        return;
    }
    if (!narrow_ip(l, h, total > 0, total - 20))
        return;
    p->src.family = p->dst.family = ADDRESS_V4;
    memcpy(p->src.bytes, h + 12, 4);
    memcpy(p->dst.bytes, h + 16, 4);
    l->addresses = checksum_add(0, h + 12, 8);
    p->ttl = h[8];
    p->protocol = h[9];
    if (!cur_next(&l->cur, header - 20))
        return;
    if (!checksum_right(checksum_add(0, h, header))) {
        p->flags |= PACKET_BAD_IP_SUM;
        l->counters->bad_ip_sum++;
    }
    if (be16(h + 6) & 0x3fff)
        fragment(l);
    else
        transport(l);
}

/* Bytes of an extension header that says `len`; 0 when `kind` is none. */
static size_t extension_size(uint8_t kind, uint8_t len)
{
    switch (kind) {
    case HOP_BY_HOP:
    case ROUTING:
    case OPTIONS:
        return 8 + (size_t)len * 8;
    case FRAGMENT:
        return 8;
    case AUTHENTICATION:
        return 8 + (size_t)len * 4;
    default:
        return 0;
    }
}

/*
 * Walks the chain; p->protocol ends as the transport protocol.  False when
 * there is none to look at: a fragment, or a chain without end.
 */
static bool ipv6_extensions(struct look *l)
{
    struct packet *p = l->p;

    for (unsigned n = 0; extension_size(p->protocol, 0); n++) {
        const uint8_t *h = cur_next(&l->cur, 8);
        uint8_t kind = p->protocol;

        if (n == EXTENSIONS_MAX)
            refuse(l);
        if (!h || n == EXTENSIONS_MAX)
            return false;
        p->protocol = h[0];
        if (kind == FRAGMENT && be16(h + 2) & 0xfff9) {
            fragment(l);
            return false;
        }
        if (kind == ROUTING && h[3])
            l->offloaded = true; /* the sum is over an address further on */
        cur_skip(&l->cur, extension_size(kind, h[1]) - 8);
    }
    return true;
}

static void ipv6(struct look *l)
{
    struct packet *p = l->p;
    const uint8_t *h = cur_next(&l->cur, 40);

    l->counters->ipv6++;
    if (!h)
        return;
    if (h[0] >> 4 != 6) {
        refuse(l);
        return;
    }
    if (!narrow_ip(l, h, be16(h + 4) || h[6] == NO_NEXT, be16(h + 4)))
        return;
    p->src = address_v6(h + 8);
    p->dst = address_v6(h + 24);
    l->addresses = checksum_add(0, h + 8, 32);
    p->protocol = h[6];
    p->ttl = h[7];
    if (ipv6_extensions(l))
        transport(l);
}

static void arp(struct look *l)
{
    struct cursor message = l->cur;
    const uint8_t *h = cur_next(&message, 8);

    l->counters->arp++;
    if (h && narrow(l, 8 + 2 * ((size_t)h[4] + h[5])))
        take_payload(l);
}

static void network(struct look *l, uint16_t type)
{
    l->p->ethertype = type;
    if (type == TYPE_IPV4) {
        ipv4(l);
    } else if (type == TYPE_IPV6) {
        ipv6(l);
    } else if (type == TYPE_ARP) {
        arp(l);
    } else {
        l->counters->other_ethertype++;
        take_payload(l);
    }
}

/* --- link layer ----------------------------------------------------------- */

static bool is_tag(uint16_t type)
{
    return type == TYPE_VLAN || type == TYPE_PROVIDER || type == TYPE_OLD_PROVIDER;
}

static void ethertype(struct look *l, uint16_t type)
{
    struct packet *p = l->p;

    l->counters->tagged += is_tag(type);
    while (is_tag(type)) {
        const uint8_t *tag = cur_next(&l->cur, 4);

        if (!tag)
            return;
        if (p->nvlans < PACKET_VLANS)
            p->vlans[p->nvlans++] = be16(tag) & 0x0fff;
        type = be16(tag + 2);
    }
    if (type >= TYPE_SMALLEST) {
        network(l, type);
    } else {
        l->counters->llc++;
        take_payload(l);
    }
}

static void ethernet(struct look *l)
{
    struct packet *p = l->p;
    const uint8_t *h = cur_next(&l->cur, 14);

    if (!h)
        return;
    p->has_macs = true;
    memcpy(p->dst_mac, h, MAC_SIZE);
    memcpy(p->src_mac, h + 6, MAC_SIZE);
    if (h[0] & 1)
        p->flags |= PACKET_BROADCAST;
    ethertype(l, be16(h + 12));
}

static void cooked_sender(struct look *l, unsigned kind, const uint8_t *mac, unsigned len)
{
    if (kind == COOKED_BROADCAST || kind == COOKED_MULTICAST)
        l->p->flags |= PACKET_BROADCAST;
    l->p->has_macs = len == MAC_SIZE;
    if (l->p->has_macs)
        memcpy(l->p->src_mac, mac, MAC_SIZE);
}

/* kind(2) device(2) address length(2) address(8) ethertype(2) */
static void cooked(struct look *l)
{
    const uint8_t *h = cur_next(&l->cur, 16);

    if (!h)
        return;
    cooked_sender(l, be16(h), h + 6, be16(h + 4));
    ethertype(l, be16(h + 14));
}

/* ethertype(2) 0(2) interface(4) device(2) kind(1) address length(1) address(8) */
static void cooked2(struct look *l)
{
    const uint8_t *h = cur_next(&l->cur, 20);

    if (!h)
        return;
    cooked_sender(l, h[10], h + 12, h[11]);
    ethertype(l, be16(h));
}

static void raw_ip(struct look *l)
{
    struct cursor peek = l->cur;
    uint8_t version = cur_u8(&peek) >> 4;

    if (version == 4)
        network(l, TYPE_IPV4);
    else if (version == 6)
        network(l, TYPE_IPV6);
    else
        refuse(l);
}

/*
 * Four bytes of address family in the byte order of whoever captured; IPv6 has
 * another number on every BSD, so the IP version decides.
 */
static void loopback(struct look *l)
{
    enum { FAMILY_V4 = 2, FAMILY_V6 = 10, FAMILY_V6_LAST = 30 };
    uint32_t family = cur_be32(&l->cur);

    if (family > 0xffff)
        family = family >> 24 | (family >> 8 & 0xff00);
    if (family == FAMILY_V4 || (family >= FAMILY_V6 && family <= FAMILY_V6_LAST)) {
        raw_ip(l);
    } else {
        l->counters->other_ethertype++;
        take_payload(l);
    }
}

static const struct link {
    uint32_t type;
    void (*decode)(struct look *l);
} links[] = {
    {1, ethernet},   {0, loopback}, {12, raw_ip},  {14, raw_ip},  {101, raw_ip},
    {108, loopback}, {113, cooked}, {228, raw_ip}, {229, raw_ip}, {276, cooked2},
};

static void link_layer(struct look *l, uint32_t type)
{
    for (size_t i = 0; i < COUNT_OF(links); i++)
        if (links[i].type == type) {
            links[i].decode(l);
            return;
        }
    l->counters->unknown_link++;
}

static void give_up(struct look *l)
{
    l->p->flags |= PACKET_BAD_LENGTH;
    l->p->network = (struct bytes){l->cur.end, 0};
    l->p->payload = (struct bytes){l->cur.end, 0};
    l->p->payload_wire = 0;
    if (l->missing)
        l->counters->cut_headers++;
    else
        l->counters->bad_length++;
}

/* In steps, as compilers make one slow string instruction of the whole. */
static void clear(struct packet *p)
{
    enum { STEP = 32 };
    uint8_t *at = (uint8_t *)p;
    size_t left = sizeof *p;

    for (; left >= STEP; left -= STEP, at += STEP)
        memset(at, 0, STEP);
    memset(at, 0, sizeof *p % STEP);
}

void decode(const struct raw *raw, struct packet *p, struct decode_counters *counters)
{
    uint32_t captured = (uint32_t)raw->bytes.len;
    uint32_t wire = raw->wire < captured ? captured : raw->wire;
    bool truncated = false;
    struct look l = {.p = p,
                     .counters = counters,
                     .cur = cur_over(raw->bytes, &truncated),
                     .missing = wire - captured};

    clear(p);
    p->time = raw->time;
    p->frame = raw->frame;
    p->source = raw->source;
    p->link_type = raw->link_type;
    p->wire = wire;
    p->data = raw->bytes;
    counters->frames++;
    counters->bytes += wire;
    counters->wire_too_small += wire != raw->wire;
    if (l.missing) {
        p->flags |= PACKET_CUT;
        counters->cut++;
    }
    link_layer(&l, raw->link_type);
    if (truncated)
        give_up(&l);
}
