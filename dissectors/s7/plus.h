#ifndef DISSECTORS_S7_PLUS_H
#define DISSECTORS_S7_PLUS_H

/*
 * What the files of the S7comm-plus dissector share.
 */

#include "dissectors/s7/iso.h"

/* The chain of TPKTs that begins with one of `first` bytes: S7comm-plus sends a long PDU
 * in several, of which only the last has a trailer. */
long plus_chain(struct bytes b, long first);

enum verdict plus_message(struct exchange *x, const struct iso *iso);
enum verdict plus_tls(struct exchange *x, const struct iso *iso);
unsigned plus_sender(struct cursor payload);

#endif
