#ifndef SENSOR_CLASSIFY_H
#define SENSOR_CLASSIFY_H

/*
 * Names for the flows that no dissector wants, as nDPI sees them.
 *
 * It only names: nothing may be inspected or passed over because of it.  Each
 * name comes with how it was found, for nDPI falls back on port numbers.
 *
 * nDPI crashes on input that contradicts itself.  So it gets whole, unfragmented
 * IP packets of TCP and UDP whose lengths decode() has checked, of one flow and one
 * transport protocol at a time, and only those with payload: a flood of SYNs costs
 * no state.
 *
 * A classifier belongs to one thread and shares nothing with others.  All states
 * are allocated at the start.  What nDPI allocates by itself while it works is
 * counted and has a ceiling; near it, flows stay without a name.  So do those that
 * nDPI can tell from earlier flows alone (its caches): a name never depends on which
 * flows this classifier was shown.
 */

#include "sensor/core/pool.h"
#include "sensor/core/schema.h"
#include "sensor/packet.h"

enum { CLASSIFY_TCP_PACKETS = 10, CLASSIFY_UDP_PACKETS = 16 };
enum { SERVICE_NAME = 24, SERVICE_DETAIL = 48 };

/* How a name was found; the better ones have the higher numbers. */
enum confidence {
    CONFIDENCE_UNKNOWN,
    CONFIDENCE_PORT,        /* nothing but the port number speaks for it */
    CONFIDENCE_ADDRESS,     /* a known address of somebody's service */
    CONFIDENCE_DPI_PARTIAL, /* parts of the content */
    CONFIDENCE_DPI,         /* the content */
    CONFIDENCES
};

/* Ends with a label without a name. */
extern const struct label confidence_labels[];

struct service {
    char name[SERVICE_NAME];     /* ours, the same for all releases: "tls"; "" for none */
    char detail[SERVICE_DETAIL]; /* nDPI's own: "TLS.Microsoft"; "" for none */
    uint8_t confidence;          /* enum confidence */
};

struct classify_counters {
    uint64_t flows; /* states begun */
    uint64_t fed;   /* packets nDPI has seen */
    uint64_t unfit; /* packets with payload kept from it: cut, fragments, bad lengths */
    uint64_t named[CONFIDENCES]; /* flows done, by confidence; [0]: no name */
    uint64_t no_memory;          /* flows given up near the ceiling */
    uint64_t failed;             /* allocations refused to nDPI */
};

/* What nDPI holds at the moment, and may hold. */
struct classify_memory {
    size_t used, highest, ceiling; /* bytes */
    uint64_t *failed;
};

struct classified; /* a flow being classified */
struct ndpi_detection_module_struct;

struct classifier {
    struct ndpi_detection_module_struct *module;
    struct pool states; /* `missed` counts flows for which there was none */
    struct classify_memory memory;
    struct classify_counters counters;
    struct service result; /* of the flow that was done last */
};

enum classify_answer { CLASSIFY_MORE, CLASSIFY_DONE };

/*
 * Room for nflows undecided flows; `memory`: bytes nDPI may allocate beyond what its
 * start takes (6 MB with nDPI 4.2), 0: 32 MiB.  False when memory lacks.  Opening and closing
 * must not overlap in several threads.  The struct may not be moved while open.
 */
bool classifier_open(struct classifier *c, size_t nflows, size_t memory);

/* What it may ever take; asks nDPI, by opening one.  SIZE_MAX when that fails. */
size_t classifier_memory(size_t nflows, size_t memory);

/* Every state must have come back, by CLASSIFY_DONE or classify_end(). */
void classifier_close(struct classifier *c);

/*
 * One packet of a flow; *state is NULL at first and the caller's to keep with the
 * flow.  CLASSIFY_DONE: c->result says what it is, until the next call; *state is NULL
 * again, and the flow must not be offered any more.  `now` in ns.
 */
enum classify_answer classify_packet(struct classifier *c, struct classified **state,
                                     const struct packet *p, bool from_client,
                                     int64_t now);

/*
 * The flow ended before it was done.  True: c->result says what can be said; false:
 * there was no state, hence nothing to say.
 */
bool classify_end(struct classifier *c, struct classified **state);

/* Our name for a protocol nDPI calls `theirs`, in whatever release: "SMBv1" is "smb". */
void classify_name(const char *theirs, char out[SERVICE_NAME]);

#endif
