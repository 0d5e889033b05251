#ifndef SENSOR_BLACKBOX_H
#define SENSOR_BLACKBOX_H

/*
 * What is left of a sensor that has ended without a word.
 *
 * Memory the sensor shares with its supervisor.  Each thread takes a slot and shows
 * there that it lives; one that handles packets also tells which it handles, by where
 * they are in the shared packet ring (nothing is copied).  When the sensor has
 * crashed, the supervisor finds the packets there and keeps them.
 *
 * A slot is written by its thread alone, with relaxed stores.  The supervisor believes
 * nothing in here: whoever broke the sensor could write to it.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sensor/packet.h"

enum {
    BLACKBOX_SLOTS = 64,
    BLACKBOX_PACKETS = 16, /* the latest of a slot; a power of two */
    BLACKBOX_NAME = 24
};

enum blackbox_state {
    SLOT_FREE,
    SLOT_WATCHED, /* it must beat */
    SLOT_LEFT     /* its thread has ended as it should */
};

struct blackbox_packet {
    _Atomic(uint64_t) at;    /* address, the same in both processes */
    _Atomic(uint64_t) sizes; /* captured; on the wire << 32 */
    _Atomic(uint64_t) time, link_type;
};

struct blackbox_slot {
    _Atomic(uint32_t) state; /* enum blackbox_state */
    char name[BLACKBOX_NAME];
    _Alignas(64) _Atomic(uint64_t) beats;
    _Atomic(uint64_t) n; /* packets so far; the latest is [(n - 1) % BLACKBOX_PACKETS] */
    struct blackbox_packet packets[BLACKBOX_PACKETS];
};

struct blackbox {
    _Atomic(uint32_t) taken;  /* slots handed out */
    _Atomic(int64_t) watched; /* ns since 1970: until then the wire was seen; 0: never */
    struct blackbox_slot slots[BLACKBOX_SLOTS];
};

/*
 * A slot for the calling thread, which must beat at least once a second from now on
 * until it leaves.  NULL when there is none left; the calls below take that.
 */
struct blackbox_slot *blackbox_take(struct blackbox *box, const char *name);
void blackbox_leave(struct blackbox_slot *slot);

/* Life: in each turn of the thread's loop. */
static inline void blackbox_beat(struct blackbox_slot *slot)
{
    if (slot)
        atomic_store_explicit(
            &slot->beats, atomic_load_explicit(&slot->beats, memory_order_relaxed) + 1,
            memory_order_relaxed);
}

/* Before it is decoded.  The bytes must be in the memory supervise() shared. */
static inline void blackbox_at(struct blackbox_slot *slot, const struct raw *raw)
{
    struct blackbox_packet *p;
    uint64_t n;

    if (!slot)
        return;
    n = atomic_load_explicit(&slot->n, memory_order_relaxed);
    p = &slot->packets[n % BLACKBOX_PACKETS];
    atomic_store_explicit(&p->at, (uintptr_t)raw->bytes.at, memory_order_relaxed);
    atomic_store_explicit(&p->sizes, raw->bytes.len | (uint64_t)raw->wire << 32,
                          memory_order_relaxed);
    atomic_store_explicit(&p->time, (uint64_t)raw->time, memory_order_relaxed);
    atomic_store_explicit(&p->link_type, raw->link_type, memory_order_relaxed);
    atomic_store_explicit(&slot->n, n + 1, memory_order_relaxed);
}

/* By main, about once a second: the interfaces are open and were read until now. */
static inline void blackbox_watched(struct blackbox *box, int64_t now)
{
    atomic_store_explicit(&box->watched, now, memory_order_relaxed);
}

/* ---- the supervisor's ---------------------------------------------------------- */

enum { BLACKBOX_PATH = 256, BLACKBOX_FILES = 16 };

/* Empties it; nobody else uses it. */
void blackbox_reset(struct blackbox *box);

/* Slots handed out, never more than there are. */
unsigned blackbox_slots(const struct blackbox *box);

/* Its name as far as it is readable text. */
void blackbox_name(const struct blackbox_slot *slot, char out[BLACKBOX_NAME]);

/*
 * Writes the packets of all slots, in the order of time, to a new file in `folder`
 * (made when there is none) named after the time, and removes old ones beyond
 * BLACKBOX_FILES.  Only what lies in the shared memory counts.  False, with path "",
 * when there were no packets or the file could not be written.
 */
bool blackbox_keep(const struct blackbox *box, struct bytes shared, const char *folder,
                   const char *why, int64_t now, char path[BLACKBOX_PATH]);

#endif
