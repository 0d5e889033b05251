#ifndef ALERTS_FILTER_H
#define ALERTS_FILTER_H

/*
 * A Wireshark display filter that finds the frames of a record's messages in the
 * capture, and only them: who, what as far as both messages say so, and when.
 */

#include "sensor/core/record.h"

enum { FILTER_TEXT = 1024, FILTER_FRAMES = 8 };

/*
 * `file`: the frames are numbered by a capture file, and exact.  False, with out
 * empty, when the record has no frame or the text does not fit.
 */
bool filter_text(const struct record *r, bool file, char out[FILTER_TEXT]);

#endif
