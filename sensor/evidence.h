#ifndef SENSOR_EVIDENCE_H
#define SENSOR_EVIDENCE_H

/*
 * The packets that prove an alert, cut from the packet ring into a file of its own:
 * those of the record that raised it, and some of the same conversation before it.
 *
 * Whoever raises the alert fills a request, plain data that goes through a ring.
 * Another thread cuts: by then the packet ring may have come round, and the file says
 * so.  A directory of evidence is kept below its size; the oldest files go first.
 *
 * Memory is taken by evidence_open() alone.
 */

#include "sensor/packet_file.h"

enum { EVIDENCE_RANGES = 8, EVIDENCE_RULE = 64 };
enum { EVIDENCE_LOOKED = 20000 }; /* packets decoded at most to find those before */
enum { EVIDENCE_RECORD = 1024 };  /* packets of a record that are kept at most */

/* The frames of one message: message.first to message.frame of its source. */
struct evidence_range {
    uint32_t source;
    uint64_t first, last;
};

struct evidence_request {
    uint64_t alert_id;
    uint32_t update; /* of the alert; each above 0 gets a file of its own */
    uint32_t signature;
    uint32_t nranges;
    struct evidence_range ranges[EVIDENCE_RANGES];
    struct address client, server; /* family ADDRESS_NONE: no conversation */
    uint16_t client_port, server_port;
    uint8_t protocol;
    char rule[EVIDENCE_RULE]; /* "MB-01 modbus.write.client_not_allowed" */
    char summary[FINDING_SUMMARY];
};

/* What a finding's evidence is; an alert id and update are still to be set. */
struct evidence_request evidence_of(const struct finding *f);

struct evidence_result {
    bool written;
    int error;        /* errno when it could not be written */
    unsigned record;  /* packets of the record, */
    unsigned before;  /* of its conversation before it, */
    unsigned gone;    /* frame numbers of the record that had left the ring, */
    unsigned no_room; /* and packets that did not fit into the alert's bytes */
    bool wrapped;     /* the ring no longer had all that was wanted */
    uint64_t bytes;   /* of the file */
    char path[PATH_MAX];
};

/* A packet kept for the file; its bytes are in the store. */
struct evidence_packet {
    struct raw raw;
    bool before;
};

struct evidence {
    char directory[PATH_MAX - 64];
    uint32_t before;
    uint64_t bytes, total; /* of an alert; of the directory */
    uint64_t used;         /* bytes the directory has */
    uint64_t removed;      /* files it had to let go */
    const struct packet_source *sources;
    unsigned nsources;
    /* of the cut at hand */
    const struct packet_ring *ring;
    uint64_t file_bytes; /* what the packets kept will take */
    size_t npackets, nstored;
    struct evidence_packet *packets;
    uint8_t *store, *frame, *buffer;
    char comment[PCAPNG_COMMENT + 1];
};

/* Bytes that evidence_open() allocates. */
uint64_t evidence_memory(const struct config *c);

/* Makes the directory when it is missing.  Keeps `sources`.  False with errno. */
bool evidence_open(struct evidence *e, const struct config *c,
                   const struct packet_source *sources, unsigned nsources);
void evidence_close(struct evidence *e);

/* True when a file was written; the result says what is in it, or why there is none. */
bool evidence_cut(struct evidence *e, const struct evidence_request *request,
                  struct evidence_result *result);

/* The file of an alert; returns out. */
const char *evidence_path(const char *directory, uint64_t alert_id, uint32_t update,
                          char out[PATH_MAX]);

#endif
