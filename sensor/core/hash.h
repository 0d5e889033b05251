#ifndef CORE_HASH_H
#define CORE_HASH_H

/*
 * Two hashes for two purposes.
 *
 * hash_keyed() is SipHash-1-3 ("SipHash: a fast short-input PRF", Aumasson and
 * Bernstein) under a key drawn at the start: for tables whose keys an attacker
 * chooses.  hash_stable() is the same function under a fixed key: for ids that
 * must be equal in every run and on every sensor; never for a table.
 */

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t k0, k1;
};

/* A fresh secret from the kernel. */
struct hash_key hash_key_random(void);

uint64_t hash_keyed(const struct hash_key *key, const void *data, size_t len);

/* `seed` chains several pieces into one id: pass the hash of the piece before. */
uint64_t hash_stable(uint64_t seed, const void *data, size_t len);

/* An id below 2^53, which every JSON reader keeps exactly; never 0. */
uint64_t hash_id53(uint64_t hash);

#endif
