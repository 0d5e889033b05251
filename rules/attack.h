#ifndef RULES_ATTACK_H
#define RULES_ATTACK_H

/*
 * The techniques of MITRE ATT&CK for ICS a rule may name, and their tactics.
 * Constant data.
 */

#include "sensor/core/bytes.h"

enum { TECHNIQUE_TACTICS = 2 };

struct technique {
    const char *id; /* "T0855" */
    const char *name;
    const char *tactics[TECHNIQUE_TACTICS]; /* ids; the second may be NULL */
};

struct tactic {
    const char *id; /* "TA0106" */
    const char *name;
};

extern const struct technique attack_techniques[];
extern const unsigned attack_ntechniques;

/* NULL when the matrix has none. */
const struct technique *attack_technique(const char *id);

/* The name of a tactic's id, or NULL. */
const char *attack_tactic(const char *id);

#endif
