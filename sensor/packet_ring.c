#include "sensor/packet_ring.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/*
 * The memory:
 *
 *     | shared | index: n positions | head, frame | head, frame | ...   | unused |
 *
 * A frame begins at a multiple of 8 and is never split: where the end is too near,
 * it goes to the beginning, and its position counts the bytes left out.
 *
 * A reader copies while the producer may come round and overwrite.  It is a
 * seqlock whose sequence is `tail`: the producer moves tail past what it will
 * overwrite and only then writes, word by word with release; the reader reads word by
 * word with acquire and then looks at tail.  A reader that saw one new word therefore
 * sees the new tail, and throws its copy away.  On x86 these are plain moves.
 */

enum { WORD = 8, FRAME_BYTES = 144 }; /* what a frame takes at least, to size the index */

/* In front of each frame. */
enum { HEAD_NUMBER, HEAD_TIME, HEAD_LENGTHS, HEAD_ORIGIN, HEAD_WORDS };

enum { HEAD_BYTES = HEAD_WORDS * WORD };

static uint64_t peek(_Atomic(uint64_t) *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

static void poke(_Atomic(uint64_t) *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_release);
}

static uint64_t pair(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

/* ---- the memory -------------------------------------------------------------- */

bool packet_ring_attach(struct packet_ring *r, void *memory, size_t size)
{
    void *index = (uint8_t *)memory + sizeof *r->shared;
    size_t n = 64;

    *r = (struct packet_ring){.shared = memory};
    if (size < PACKET_RING_SMALLEST) {
        errno = EINVAL;
        return false;
    }
    while (n * 2 <= size / FRAME_BYTES)
        n *= 2;
    r->n = n;
    r->index = index;
    r->words = r->index + n;
    r->bytes = (const uint8_t *)memory + sizeof *r->shared + n * WORD;
    r->size = (size - sizeof *r->shared) / WORD * WORD - n * WORD;
    return true;
}

bool packet_ring_open(struct packet_ring *r, void *memory, size_t size)
{
    void *own = NULL;

    if (!memory) {
        own =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (own == MAP_FAILED)
            return false;
    }
    if (!packet_ring_attach(r, memory ? memory : own, size)) {
        if (own)
            munmap(own, size);
        return false;
    }
    r->own = own;
    r->mapped = size;
    poke(&r->shared->newest, 0);
    poke(&r->shared->tail, 0);
    for (size_t i = 0; memory && i < r->n; i++)
        poke(&r->index[i], 0); /* of the ring that was here before */
    return true;
}

void packet_ring_close(struct packet_ring *r)
{
    if (r->own)
        munmap(r->own, r->mapped);
    *r = (struct packet_ring){0};
}

/* ---- the producer ------------------------------------------------------------ */

/* Full words of the source, then the rest of it, filled up with zeros. */
static void copy_in(_Atomic(uint64_t) *to, struct bytes from)
{
    size_t full = from.len / WORD, rest = from.len % WORD;
    uint64_t word;

    for (size_t i = 0; i < full; i++) {
        memcpy(&word, from.at + i * WORD, WORD);
        poke(&to[i], word);
    }
    if (rest) {
        word = 0;
        memcpy(&word, from.at + full * WORD, rest);
        poke(&to[full], word);
    }
}

/* Makes room for `take` bytes in one piece at head. */
static bool make_room(struct packet_ring *r, size_t take)
{
    size_t to_end = r->size - r->offset;
    uint64_t start = r->head + (take > to_end ? to_end : 0), end = start + take;

    if (take > r->size / 2 || end - r->keep > r->size)
        return false;
    if (take > to_end)
        r->offset = 0;
    r->head = start;
    if (end > r->size)
        poke(&r->shared->tail, end - r->size);
    if (end - r->keep > r->most)
        r->most = end - r->keep;
    return true;
}

bool packet_ring_put(struct packet_ring *r, struct raw *raw)
{
    size_t take = HEAD_BYTES + (raw->bytes.len + WORD - 1) / WORD * WORD;
    _Atomic(uint64_t) *at;

    if (!make_room(r, take))
        return false;
    at = r->words + r->offset / WORD;
    raw->frame = ++r->number;
    poke(&at[HEAD_NUMBER], raw->frame);
    poke(&at[HEAD_TIME], (uint64_t)raw->time);
    poke(&at[HEAD_LENGTHS], pair((uint32_t)raw->bytes.len, raw->wire));
    poke(&at[HEAD_ORIGIN], pair(raw->source, raw->link_type));
    copy_in(at + HEAD_WORDS, raw->bytes);
    raw->bytes.at = r->bytes + r->offset + HEAD_BYTES;
    poke(&r->index[raw->frame & (r->n - 1)], r->head);
    poke(&r->shared->newest, raw->frame);
    r->latest = r->head;
    r->head += take;
    r->offset += take;
    return true;
}

void packet_ring_keep(struct packet_ring *r, uint64_t position)
{
    assert(position >= r->keep && position <= r->head);
    r->keep = position;
}

unsigned packet_ring_highest(const struct packet_ring *r)
{
    return (unsigned)(r->most * 1000 / r->size);
}

/* ---- readers ----------------------------------------------------------------- */

uint64_t packet_ring_newest(const struct packet_ring *r)
{
    return peek(&r->shared->newest);
}

/* The words of a frame's head, or NULL when the ring has come round. */
static _Atomic(uint64_t) *find(const struct packet_ring *r, uint64_t number,
                               uint64_t *position)
{
    size_t offset;

    *position = peek(&r->index[number & (r->n - 1)]);
    offset = *position % r->size;
    if (*position < peek(&r->shared->tail) || offset % WORD ||
        offset + HEAD_BYTES > r->size)
        return NULL;
    return r->words + offset / WORD;
}

/* Positions grow with numbers, so what can be copied is in one piece. */
uint64_t packet_ring_oldest(const struct packet_ring *r)
{
    uint64_t newest = packet_ring_newest(r), last = newest, position;
    uint64_t first = newest >= r->n ? newest - r->n + 1 : 1;

    while (first < last) {
        uint64_t middle = first + (last - first) / 2;

        if (find(r, middle, &position))
            last = middle;
        else
            first = middle + 1;
    }
    return newest ? first : 0;
}

bool packet_ring_copy(const struct packet_ring *r, uint64_t number, struct raw *raw,
                      void *out, size_t room)
{
    uint64_t position, lengths, origin, word;
    _Atomic(uint64_t) *at = find(r, number, &position);
    size_t len, i;

    if (!at || number == 0 || peek(&at[HEAD_NUMBER]) != number)
        return false;
    lengths = peek(&at[HEAD_LENGTHS]);
    origin = peek(&at[HEAD_ORIGIN]);
    raw->time = (int64_t)peek(&at[HEAD_TIME]);
    len = (size_t)(lengths >> 32);
    if (len > room || len > r->size - HEAD_BYTES - position % r->size)
        return false;
    for (i = 0; i < len / WORD; i++) {
        word = peek(&at[HEAD_WORDS + i]);
        memcpy((uint8_t *)out + i * WORD, &word, WORD);
    }
    if (len % WORD) {
        word = peek(&at[HEAD_WORDS + i]);
        memcpy((uint8_t *)out + i * WORD, &word, len % WORD);
    }
    raw->frame = number;
    raw->wire = (uint32_t)lengths;
    raw->source = (uint32_t)(origin >> 32);
    raw->link_type = (uint32_t)origin;
    raw->bytes = (struct bytes){out, len};
    return position >= peek(&r->shared->tail);
}
