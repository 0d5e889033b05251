#ifndef TESTS_DUMP_H
#define TESTS_DUMP_H

/*
 * A record as a few lines of text, for tests to compare.
 *
 *     modbus answered read verbs=read
 *       request.unit=1 request.function=read_coils ...
 *       file[response] reference_type=6 ...
 *       run read coil 19 step 1 bool 0 1 1 ...
 *       ! quantity_too_large request 10
 *
 * Times, frames and parties are left out: they differ between the ways one stream
 * can be cut.
 */

#include <stdio.h>

#include "sensor/core/record.h"

void dump_record(FILE *out, const struct record *r);

#endif
