#include "sensor/core/hash.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { BLOCK = 8 };

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static inline void mix(struct state *s)
{
    s->v0 += s->v1;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v2 = rotate(s->v2, 32);
}

static inline void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s);
    s->v0 ^= word;
}

uint64_t hash_keyed(const struct hash_key *key, const void *data, size_t len)
{
    struct state s = {
        key->k0 ^ UINT64_C(0x736f6d6570736575),
        key->k1 ^ UINT64_C(0x646f72616e646f6d),
        key->k0 ^ UINT64_C(0x6c7967656e657261),
        key->k1 ^ UINT64_C(0x7465646279746573),
    };
    const uint8_t *at = data;
    uint64_t word, last = (uint64_t)len << 56;
    size_t left = len;

    for (; left >= BLOCK; left -= BLOCK, at += BLOCK) {
        memcpy(&word, at, BLOCK);
        absorb(&s, word);
    }
    for (size_t i = 0; i < left; i++)
        last |= (uint64_t)at[i] << (8 * i);
    absorb(&s, last);
    s.v2 ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        mix(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t hash_stable(uint64_t seed, const void *data, size_t len)
{
    struct hash_key fixed = {UINT64_C(0x5369676874676c61) ^ seed, seed};

    return hash_keyed(&fixed, data, len);
}

uint64_t hash_id53(uint64_t hash)
{
    uint64_t id = hash >> 11;

    return id ? id : 1;
}

struct hash_key hash_key_random(void)
{
    struct hash_key key;
    struct timespec now;

    if (getrandom(&key, sizeof key, GRND_NONBLOCK) == sizeof key)
        return key;
    clock_gettime(CLOCK_MONOTONIC, &now); /* early boot: better than a constant */
    return (struct hash_key){(uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15),
                             (uint64_t)now.tv_sec ^ (uintptr_t)&now};
}
