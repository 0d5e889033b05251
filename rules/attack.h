#ifndef RULES_ATTACK_H
#define RULES_ATTACK_H

/*
 * The techniques of MITRE ATT&CK for ICS that a rule may name.  Constant data.
 */

#include "alerts/finding.h"

extern const struct technique attack_techniques[];
extern const unsigned attack_ntechniques;

/* NULL when the matrix has none. */
const struct technique *attack_technique(const char *id);

#endif
