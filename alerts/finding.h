#ifndef ALERTS_FINDING_H
#define ALERTS_FINDING_H

/*
 * What an engine (rules, health, later the baseline) tells the alert life cycle.
 *
 * A signature is the part that never changes between two findings of the same
 * kind; it lives as long as the rule set it was loaded with.  A finding is one
 * occurrence; it borrows everything for the call.
 */

#include "sensor/core/record.h"

enum severity {
    SEVERITY_INFO,
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL,
    SEVERITIES
};

extern const struct label severity_labels[];

/* 20, 40, 70, 90 are the lowest scores of low, medium, high, critical. */
enum severity severity_of_score(unsigned score);
unsigned score_of_severity(enum severity severity);

struct texts {
    const char *const *text;
    unsigned n;
};

/* A technique of MITRE ATT&CK for ICS, with the tactic it serves. */
struct technique {
    const char *id, *name;               /* "T0855", "Unauthorized Command Message" */
    const char *tactic_id, *tactic_name; /* "TA0106", "Impair Process Control" */
};

struct signature {
    uint32_t id; /* 8101010 */
    uint32_t rev;
    const char *engine;    /* "rule", "health" */
    const char *name;      /* "modbus.write.client_not_allowed" */
    const char *detection; /* "MB-01", or NULL */
    const char *title;     /* EVE's signature: constant, one sentence without a stop */
    const char *category;
    enum severity severity;
    unsigned score;      /* 0 to 100 */
    bool site;           /* the site's own, not shipped */
    bool condition;      /* lasts until cleared; else an event */
    int64_t clear_after; /* ns without a match after which a condition is over */
    const struct technique *const *attack;
    unsigned nattack; /* may be 0 */
    const char *why, *remediation;
    struct texts false_positives, references;
    const char *created, *updated; /* "2026_11_22" */
};

/* By its name, detection or number; a * at the end stands for whatever follows. */
bool signature_is(const struct signature *s, const char *pattern);

enum { FINDING_SUMMARY = 480, FINDING_MATCHED = 12, FINDING_MATCHED_TEXT = 160 };

struct finding {
    const struct signature *signature;
    const struct record *record;
    uint64_t
        track; /* hash_stable() of the rule's track fields as text: the same on every sensor */
    char summary[FINDING_SUMMARY];
    unsigned nmatched; /* "verb == write: write" */
    char matched[FINDING_MATCHED][FINDING_MATCHED_TEXT];
    bool has_point;
    struct point point; /* the one that decided; raw borrowed from the record */
    int64_t span;       /* ns from the first step of a correlation to this; 0: none */
    uint64_t threshold; /* what the threshold had counted, 0 without one */
    unsigned score;     /* of this occurrence; 0: the signature's own */
    bool over; /* the condition has ended: an open alert is cleared, none begins */
};

#endif
