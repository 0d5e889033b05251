#ifndef DISSECTORS_S7_CARRIED_H
#define DISSECTORS_S7_CARRIED_H

/*
 * One message of either protocol: what it carries decides who reads it.
 */

#include "dissectors/s7/iso.h"

enum verdict carried_message(struct exchange *x, const struct side *side,
                             struct cursor *c);
unsigned carried_sender(const struct side *side, struct cursor head);

#endif
