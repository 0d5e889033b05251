#ifndef ALERTS_EVE_H
#define ALERTS_EVE_H

/*
 * An alert as one JSON line in the shape of Suricata's EVE; without `ot` it is
 * valid under Suricata's own schema.
 *
 * The line is made of four parts, so that an update needs neither the record nor
 * the signature any more:
 *
 *      {"timestamp":T,"event_type":X | head | counts | tail
 *                                      kept   made     kept
 *
 * It holds at most EVE_LINE bytes and EVE_FIELDS members.  What does not fit is cut
 * in a fixed order, and ot.truncated names the cuts.
 */

#include "alerts/event.h"
#include "sensor/core/encode.h"

enum { EVE_LINE = 16 * 1024, EVE_FIELDS = 200, EVE_COUNTS = 512, EVE_POINTS = 16 };

/* What every alert says of the sensor; texts are borrowed, NULL leaves one out. */
struct eve {
    struct encoder *encoder;
    const char *version; /* of the program */
    const char *ruleset; /* "99c030754b69" */
    const char *site, *contact;
    bool evidence; /* the packets of each alert are cut: say into which file */
};

struct eve_body {
    size_t head, tail; /* bytes of both, which follow one another; 0: did not fit */
    bool cut;
};

/* The kept parts of the alert that a finding opens or renews, into `size` bytes. */
struct eve_body eve_body(const struct eve *eve, const struct alert *alert,
                         const struct finding *f, char *out, size_t size);

/* The line of an alert whose body is there; its length.  out holds EVE_LINE bytes. */
size_t eve_line(const struct alert *alert, bool update, int64_t time, char *out);

/* Members that alerts add to the envelope and to ot, and event types: for the schema. */
extern const struct shape eve_envelope_nodes[], eve_ot_nodes[];
extern const struct label eve_event_types[];

#endif
