#ifndef RULES_THRESHOLD_H
#define RULES_THRESHOLD_H

/*
 * How often, or with how many distinct values, something happened in a sliding
 * window, for each key.
 *
 * All memory is taken by threshold_open(): a fixed number of keys, each with room
 * for `reaches` entries.  With no key free the one that was touched longest ago
 * makes room and `evicted` counts it.  Time is given by the caller and may not
 * help an attacker: one that runs backwards is taken as standing still.  Keys are
 * hashed under a secret.  One thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sensor/core/arena.h"
#include "sensor/core/hash.h"

enum {
    THRESHOLD_REACHES = 1000, /* the largest */
    THRESHOLD_KEYS_MIN = 64,  /* at the largest */
    THRESHOLD_KEYS_MAX = 4096,
    THRESHOLD_MEMORY = 1024 * 1024 /* of entries, for one threshold */
};

struct threshold_entry {
    int64_t time;
    uint64_t value; /* of distinct: its hash */
};

struct threshold_key {
    uint64_t hash;
    uint32_t next;         /* in its bucket */
    uint32_t newer, older; /* in the order of last use */
    uint32_t n, at;        /* entries in use, and the oldest of a full ring */
};

struct threshold {
    bool distinct;
    uint32_t reaches;
    int64_t within; /* ns */
    struct hash_key secret;
    int64_t now;
    uint64_t evicted;
    uint32_t keys, used;
    uint32_t newest, oldest;
    uint32_t *buckets;
    uint32_t nbuckets;
    struct threshold_key *key;
    struct threshold_entry *entries; /* keys * reaches */
};

/* Fields distinct, reaches and within are set by the caller before. */
void threshold_open(struct threshold *t, struct arena *arena);

/* Forgets all keys. */
void threshold_reset(struct threshold *t);

/* Goes on where `old`, of the same distinct, reaches and within, has come to. */
void threshold_inherit(struct threshold *t, const struct threshold *old);

/* Bytes threshold_open() takes. */
size_t threshold_memory(const struct threshold *t);

/*
 * One more match of a key at `now` (ns); `value` is what must differ when it counts
 * distinct values.  Returns how many there are within the window, never more than
 * `reaches`: at that number it is reached.
 */
uint32_t threshold_add(struct threshold *t, struct bytes key, struct bytes value,
                       int64_t now);

#endif
