#include "rules/threshold.h"

#include <string.h>

enum { NONE = UINT32_MAX };

static uint32_t keys_for(uint32_t reaches)
{
    uint32_t keys =
        THRESHOLD_MEMORY / (reaches * (uint32_t)sizeof(struct threshold_entry));

    if (keys > THRESHOLD_KEYS_MAX)
        return THRESHOLD_KEYS_MAX;
    return keys < THRESHOLD_KEYS_MIN ? THRESHOLD_KEYS_MIN : keys;
}

size_t threshold_memory(const struct threshold *t)
{
    size_t keys = keys_for(t->reaches);

    return keys *
           (2 * sizeof *t->buckets + sizeof *t->key + t->reaches * sizeof *t->entries);
}

void threshold_open(struct threshold *t, struct arena *arena)
{
    t->keys = keys_for(t->reaches);
    t->nbuckets = 1;
    while (t->nbuckets < t->keys)
        t->nbuckets *= 2;
    t->secret = hash_key_random();
    t->buckets = arena_take(arena, t->nbuckets * sizeof *t->buckets);
    t->key = arena_take(arena, t->keys * sizeof *t->key);
    t->entries = arena_take(arena, (size_t)t->keys * t->reaches * sizeof *t->entries);
    threshold_reset(t);
}

void threshold_reset(struct threshold *t)
{
    t->used = 0;
    t->newest = t->oldest = NONE;
    t->now = INT64_MIN;
    t->evicted = 0;
    for (uint32_t i = 0; i < t->nbuckets; i++)
        t->buckets[i] = NONE;
}

void threshold_inherit(struct threshold *t, const struct threshold *old)
{
    if (t->distinct != old->distinct || t->reaches != old->reaches ||
        t->within != old->within)
        return;
    memcpy(t->buckets, old->buckets, t->nbuckets * sizeof *t->buckets);
    memcpy(t->key, old->key, t->keys * sizeof *t->key);
    memcpy(t->entries, old->entries, (size_t)t->keys * t->reaches * sizeof *t->entries);
    t->secret = old->secret;
    t->now = old->now;
    t->evicted = old->evicted;
    t->used = old->used;
    t->newest = old->newest;
    t->oldest = old->oldest;
}

/* ---- keys ------------------------------------------------------------------- */

static uint32_t *bucket_of(struct threshold *t, uint64_t hash)
{
    return &t->buckets[hash & (t->nbuckets - 1)];
}

static void unlink_order(struct threshold *t, uint32_t k)
{
    struct threshold_key *key = &t->key[k];

    if (key->newer == NONE)
        t->newest = key->older;
    else
        t->key[key->newer].older = key->older;
    if (key->older == NONE)
        t->oldest = key->newer;
    else
        t->key[key->older].newer = key->newer;
}

static void link_newest(struct threshold *t, uint32_t k)
{
    t->key[k].newer = NONE;
    t->key[k].older = t->newest;
    if (t->newest != NONE)
        t->key[t->newest].newer = k;
    else
        t->oldest = k;
    t->newest = k;
}

static void unlink_bucket(struct threshold *t, uint32_t k)
{
    uint32_t *at = bucket_of(t, t->key[k].hash);

    while (*at != k)
        at = &t->key[*at].next;
    *at = t->key[k].next;
}

/* A free place, or that of the key touched longest ago. */
static uint32_t make_room(struct threshold *t)
{
    uint32_t k;

    if (t->used < t->keys)
        return t->used++;
    k = t->oldest;
    unlink_order(t, k);
    unlink_bucket(t, k);
    t->evicted++;
    return k;
}

static uint32_t find(struct threshold *t, struct bytes name)
{
    uint64_t hash = hash_keyed(&t->secret, name.at, name.len);
    uint32_t *bucket = bucket_of(t, hash), k = *bucket;

    while (k != NONE && t->key[k].hash != hash)
        k = t->key[k].next;
    if (k != NONE) {
        unlink_order(t, k);
    } else {
        k = make_room(t);
        t->key[k] = (struct threshold_key){.hash = hash, .next = *bucket};
        *bucket = k;
    }
    link_newest(t, k);
    return k;
}

/* ---- counting --------------------------------------------------------------- */

static bool is_old(const struct threshold *t, const struct threshold_entry *e)
{
    return t->now - e->time > t->within;
}

/* A ring of the last `reaches` times, which only grow: the old ones come first. */
static uint32_t add_count(struct threshold *t, struct threshold_key *key,
                          struct threshold_entry *entries)
{
    uint32_t low = 0, high, middle;

    if (key->n < t->reaches) {
        entries[key->n++].time = t->now;
    } else {
        entries[key->at].time = t->now;
        key->at = (key->at + 1) % t->reaches;
    }
    for (high = key->n; low < high;) {
        middle = (low + high) / 2;
        if (is_old(t, &entries[(key->at + middle) % t->reaches]))
            low = middle + 1;
        else
            high = middle;
    }
    return key->n - low;
}

/* Each value with the time it was last seen. */
static uint32_t add_distinct(struct threshold *t, struct threshold_key *key,
                             struct threshold_entry *entries, uint64_t value)
{
    uint32_t n = 0, place = NONE, stale = NONE;

    for (uint32_t i = 0; i < key->n; i++) {
        if (entries[i].value == value)
            place = i;
        else if (is_old(t, &entries[i]))
            stale = i;
        else
            n++;
    }
    if (place == NONE)
        place = stale;
    if (place == NONE && key->n < t->reaches)
        place = key->n++;
    if (place == NONE)
        return t->reaches; /* full of others, all within the window */
    entries[place] = (struct threshold_entry){t->now, value};
    return n + 1;
}

uint32_t threshold_add(struct threshold *t, struct bytes key, struct bytes value,
                       int64_t now)
{
    uint32_t k = find(t, key);
    struct threshold_entry *entries = t->entries + (size_t)k * t->reaches;

    if (now > t->now)
        t->now = now;
    if (!t->distinct)
        return add_count(t, &t->key[k], entries);
    return add_distinct(t, &t->key[k], entries,
                        hash_keyed(&t->secret, value.at, value.len));
}
