#ifndef DISSECTORS_DISSECTOR_H
#define DISSECTORS_DISSECTOR_H

/*
 * What a protocol must tell the engine, and nothing more.
 *
 * The engine reassembles the stream, cuts it into messages with length() and
 * hands each whole message to message(), which writes what it finds into the
 * records the exchange gives out.  After message() the engine looks at the
 * cursor's mark and at bytes left over, so a dissector reads straight through.
 * A dissector keeps no state of its own (exchange_session() has it, by flow and
 * key), neither allocates, logs nor blocks, and links to sensor/core only.
 */

#include "sensor/core/cursor.h"
#include "sensor/core/exchange.h"

enum { DISSECTOR_PORTS = 4 };

/* What length() says of a stream: a message's length in bytes, or one of these. */
enum { LENGTH_UNKNOWN = 0, LENGTH_NOT_MINE = -1 };

enum transport { TRANSPORT_TCP = 6, TRANSPORT_UDP = 17 };

/* Where the bytes at hand come from. */
struct side {
    enum field_side direction; /* SIDE_REQUEST: from client to server; 0: not known yet */
    uint8_t transport;         /* enum transport */
    uint8_t framing; /* what the dissector decided for this flow before; 0: nothing */
    bool sure;       /* this flow is known to be of this protocol */
    bool usual;      /* its port is one of this protocol's */
};

enum verdict {
    TAKEN,
    NOT_MINE, /* said before any record was taken: other dissectors are asked */
};

struct dissector {
    struct schema schema;
    uint16_t tcp_ports[DISSECTOR_PORTS]; /* the server's, where it is usual */
    uint16_t udp_ports[DISSECTOR_PORTS];
    struct patience patience;
    const struct label *framings; /* codes from 1, tried in this order; NULL: one, 0 */

    /*
     * How long the message is that begins at head, in side->framing; more bytes
     * needed; not mine.  It is also the probe: with !side->sure it should accept
     * only what could hardly be anything else.  For UDP, head is the datagram.
     */
    long (*length)(const struct side *side, struct cursor head);

    /*
     * Which side sent the whole message in head, told from its content alone:
     * SIDE_REQUEST (the client), SIDE_RESPONSE, or 0 when it may be either.  Asked
     * when neither handshake nor port tells, or before them.  May be NULL.
     */
    unsigned (*sender)(const struct side *side, struct cursor head);
    bool sender_is_sure; /* it tells better than who opened the connection */
    bool one_is_proof;   /* length() checks a checksum: one message identifies a flow */

    /* One whole message, from its first byte; c ends where length() said. */
    enum verdict (*message)(struct exchange *x, const struct side *side,
                            struct cursor *c);
};

/* All of them, in the order of local.mk. */
extern const struct dissector *const dissectors[];
extern const unsigned ndissectors;

const struct dissector *dissector_named(const char *name);

#endif
