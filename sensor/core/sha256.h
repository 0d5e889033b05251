#ifndef CORE_SHA256_H
#define CORE_SHA256_H

/*
 * SHA-256 (FIPS 180-4), piece by piece: for what a dissector sees pass in many
 * messages and cannot keep.  Small enough for a session; owns nothing.
 */

#include <stddef.h>
#include <stdint.h>

enum { SHA256_SIZE = 32, SHA256_BLOCK = 64, SHA256_TEXT = 2 * SHA256_SIZE + 1 };

struct sha256 {
    uint32_t state[8];
    uint64_t len; /* bytes so far */
    uint8_t block[SHA256_BLOCK];
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);

/* In hexadecimal, as sha256sum prints it.  Afterwards `s` must begin anew. */
const char *sha256_text(struct sha256 *s, char out[SHA256_TEXT]);

#endif
