#ifndef CORE_YAML_H
#define CORE_YAML_H

/*
 * A YAML file as a tree whose every node knows its place.
 *
 * The part of YAML people need: one document of maps, sequences and scalars.
 * Anchors, aliases, tags, merge keys, duplicate keys, zero bytes and nesting
 * beyond YAML_DEPTH are errors.  Scalars are text; who reads them gives them a
 * type with the functions below, which tell the error themselves.  Nodes live in
 * the arena they were loaded into and borrow nothing but their source.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sensor/core/arena.h"
#include "sensor/core/diagnostic.h"

enum { YAML_DEPTH = 32 };

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAP };

enum yaml_style { YAML_PLAIN, YAML_QUOTED, YAML_BLOCK };

struct yaml {
    enum yaml_kind kind;
    enum yaml_style style; /* of a scalar */
    struct place at;
    const char *text; /* of a scalar; never NULL, no zero byte inside */
    size_t len;
    /*
     * The scalar as it stands in the file, without quotes, so that what is inside
     * keeps its places; `inside` is where it begins.  Empty when the text has
     * escapes and so differs from it in more than white space.
     */
    struct bytes raw;
    struct place inside;
    const struct yaml *key;    /* what it is called, when it stands in a map */
    struct yaml *first, *next; /* children; of a map: its values */
    unsigned n;
};

/* The root, or NULL: an empty file, or an error that was told. */
struct yaml *yaml_load(struct arena *arena, const struct source *source,
                       struct diagnostics *d);

/* ---- maps ------------------------------------------------------------------- */

/* The value of a key, NULL when it is not there. */
struct yaml *yaml_get(const struct yaml *map, const char *key);

/* An error for each key that is not in the list, which ends with NULL. */
void yaml_known_keys(const struct yaml *map, const char *const *known,
                     struct diagnostics *d);

/* "rule" or "a text" in messages: what a node is called. */
const char *yaml_name(const struct yaml *node);

/* ---- typed scalars: false, and the error told, when it is not one ------------- */

bool yaml_is(const struct yaml *node, enum yaml_kind kind, struct diagnostics *d);
bool yaml_text(const struct yaml *node, const char **out, struct diagnostics *d);
bool yaml_bool(const struct yaml *node, bool *out, struct diagnostics *d);
bool yaml_int(const struct yaml *node, int64_t low, int64_t high, int64_t *out,
              struct diagnostics *d);
bool yaml_real(const struct yaml *node, double *out, struct diagnostics *d);

/* "500ms", "60s", "10m", "1h", "7d" as ns; not negative. */
bool yaml_duration(const struct yaml *node, int64_t *out, struct diagnostics *d);

/* "64 MiB", "1GiB", "4096" as bytes. */
bool yaml_size(const struct yaml *node, uint64_t *out, struct diagnostics *d);

/* One of the names, as its index; the list ends with NULL. */
bool yaml_choice(const struct yaml *node, const char *const *names, unsigned *out,
                 struct diagnostics *d);

/* ---- the same for text that stands elsewhere ---------------------------------- */

/* Decimal or 0x; the whole text. */
bool text_int(const char *text, int64_t *out);
bool text_real(const char *text, double *out);
bool text_duration(const char *text, int64_t *ns);

#endif
