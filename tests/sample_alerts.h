#ifndef TESTS_SAMPLE_ALERTS_H
#define TESTS_SAMPLE_ALERTS_H

/* Signatures and findings about the records of sample.h. */

#include "alerts/alert.h"
#include "tests/sample.h"

extern const struct signature sample_signature; /* high, event, two techniques */
extern const struct signature sample_condition; /* medium, over after 120 s */
extern const struct signature sample_bare;      /* low, nothing that may be absent */

/* Of this signature, record (may be NULL) and track. */
struct finding sample_finding(const struct signature *s, const struct record *r,
                              uint64_t track);

#endif
