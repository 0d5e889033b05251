#include "sensor/core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

static void grow(struct arena *a, size_t size)
{
    size_t room = size > CHUNK ? size : CHUNK;
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + room);

    if (!chunk)
        abort();
    chunk->next = a->chunks;
    chunk->size = room;
    a->chunks = chunk;
    a->left = room;
    a->total += sizeof *chunk + room;
}

void *arena_take(struct arena *a, size_t size)
{
    size_t unit = _Alignof(max_align_t), rounded;

    if (size > SIZE_MAX / 4)
        abort();
    rounded = (size + unit - 1) / unit * unit;
    if (!a->chunks || rounded > a->left)
        grow(a, rounded);
    a->left -= rounded;
    return a->chunks->bytes + (a->chunks->size - a->left - rounded);
}

char *arena_copy(struct arena *a, struct bytes b)
{
    char *copy = arena_take(a, b.len + 1);

    if (b.len)
        memcpy(copy, b.at, b.len);
    return copy;
}

char *arena_text(struct arena *a, const char *text)
{
    return arena_copy(a, (struct bytes){(const uint8_t *)text, strlen(text)});
}

char *arena_format(struct arena *a, const char *format, ...)
{
    char text[ARENA_FORMAT];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end(args);
    return arena_text(a, text);
}

void arena_close(struct arena *a)
{
    for (struct arena_chunk *chunk = a->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *a = (struct arena){0};
}
