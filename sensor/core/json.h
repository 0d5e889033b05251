#ifndef CORE_JSON_H
#define CORE_JSON_H

/*
 * Writes JSON into a buffer of the caller, without allocating.
 *
 * Invariant: until `overflow` is set the buffer holds well-formed JSON so far;
 * once it is set nothing more is written and the text is void.  With a flush
 * function the buffer is only a stage and never overflows.  Commas are put by
 * themselves; every object and array that is opened must be closed.  Output is
 * valid UTF-8 whatever the bytes, and never holds a control character.
 *
 * The key of a member is NULL for an element of an array and for the outermost
 * value; keys are ours and are not escaped.
 */

#include <stdbool.h>

#include "sensor/core/address.h"
#include "sensor/core/bytes.h"

struct json {
    char *out;
    size_t size, len;
    void (*flush)(void *to, const char *text, size_t len); /* NULL: bounded */
    void *to;
    unsigned fields; /* members so far */
    bool comma;      /* the next one needs a comma before it */
    bool overflow;
};

/*
 * jansson has functions of the same names: hidden, ours cannot be taken for them by
 * the library when it calls itself.
 */
#pragma GCC visibility push(hidden)

/* `out` is borrowed for as long as the writer is used. */
struct json json_into(char *out, size_t size);

/*
 * Ends the line; its length with the newline, 0 when it did not fit.  With flush the
 * rest is flushed, and it is the length of the rest.
 */
size_t json_end_line(struct json *j);

/* A place to come back to: what was written since is undone.  Not with flush. */
struct json_mark {
    size_t len;
    unsigned fields;
    bool comma;
};
struct json_mark json_mark(const struct json *j);
void json_undo(struct json *j, struct json_mark mark);

void json_object(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array(struct json *j, const char *key);
void json_array_end(struct json *j);

/* Valid UTF-8 passes; every other byte, and controls, become \u00xx. */
void json_text(struct json *j, const char *key, const char *text);
void json_text_bytes(struct json *j, const char *key, struct bytes text);

void json_int(struct json *j, const char *key, int64_t i);
void json_uint(struct json *j, const char *key, uint64_t u);
void json_bool(struct json *j, const char *key, bool b);

/*
 * The shortest text that reads back as the same number, always with a point:
 * 4.0, 4.8, 1.0e+30.  JSON has no infinity and no NaN: they leave no member.
 */
void json_real(struct json *j, const char *key, double value);
void json_float(struct json *j, const char *key, float value);

/* "999a4099" */
void json_hex(struct json *j, const char *key, struct bytes b);

/* Sixteen digits: ids of 64 bits, which JSON numbers do not hold. */
void json_id(struct json *j, const char *key, uint64_t id);

/* ns since 1970 as "2026-03-04T09:12:44.318226+0000" */
void json_time(struct json *j, const char *key, int64_t ns);

/* 4 or 16 bytes of IP, 6 of MAC, as people write them; anything else as hex. */
void json_address(struct json *j, const char *key, struct bytes b);

/* A part of a line that was written before, commas included, goes in as it is. */
void json_part(struct json *j, struct bytes part);

/* A key made of two parts: "function" and "_code". */
const char *json_key(char *out, size_t size, const char *name, const char *suffix);

#pragma GCC visibility pop

enum { JSON_KEY = 80 };

#endif
