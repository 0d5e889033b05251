#ifndef CORE_DIAGNOSTIC_H
#define CORE_DIAGNOSTIC_H

/*
 * What is wrong in files people write, all of it in one pass.
 *
 * Whoever loads collects errors and warnings here and goes on; at the end
 * nothing loads when there was an error.  The collection owns its texts and a
 * copy of every source it was told, so it can show the lines.  Used while
 * loading only, by one thread.
 *
 *     rules.yaml:67:24: error: verb has no label "writ"
 *        67 |     modbus and verb == writ and client not in $writers
 *           |                        ^^^^ did you mean `write`?
 *           verbs: read write command program mode
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sensor/core/arena.h"

enum { DIAGNOSTICS_MAX = 100, SOURCE_MAX = 8 * 1024 * 1024 };

/* A file's name and text, kept until diagnostics_close(). */
struct source {
    const char *file;
    struct bytes text;
    unsigned number; /* in the order they were told, from 1 */
};

/* Lines and columns count from 1, columns in characters; line 0: the whole file. */
struct place {
    const struct source *source; /* NULL: nowhere in a file */
    uint32_t line, column;
    uint32_t width; /* characters meant; 0: the line is not shown */
};

struct diagnostic {
    bool warning;
    struct place at;
    const char *message;
    const char *hint; /* beside the caret, or NULL */
    const char *help; /* below, or NULL */
};

struct diagnostics {
    struct arena arena;
    unsigned n;                /* of list; never above DIAGNOSTICS_MAX */
    unsigned errors, warnings; /* all, also those that no longer fit */
    unsigned nsources;
    struct diagnostic list[DIAGNOSTICS_MAX];
    struct diagnostic surplus; /* what no longer fits is told to this one */
};

void diagnostics_open(struct diagnostics *d);
void diagnostics_close(struct diagnostics *d);

/*
 * Reads a file of at most SOURCE_MAX bytes; tells an error and returns NULL when
 * it cannot.
 */
const struct source *diagnostics_read(struct diagnostics *d, const char *path);

/* The same for text at hand; both are copied. */
const struct source *diagnostics_source(struct diagnostics *d, const char *name,
                                        struct bytes text);

/* Never NULL; `at` may be NULL.  What it returns takes a hint and a help text. */
struct diagnostic *diagnostics_error(struct diagnostics *d, const struct place *at,
                                     const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct diagnostic *diagnostics_warning(struct diagnostics *d, const struct place *at,
                                       const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Hint "did you mean `name`?"; does nothing when name is NULL. */
void diagnostic_suggest(struct diagnostics *d, struct diagnostic *of, const char *name);

/* In the order of files and lines; what has no place comes first. */
void diagnostics_sort(struct diagnostics *d);

/* As on a terminal, at most 100 columns; source lines that are longer are cut. */
void diagnostics_print(const struct diagnostics *d, FILE *out);

/* One JSON array of {file, line, column, level, message, hint, help}. */
void diagnostics_json(const struct diagnostics *d, FILE *out);

/*
 * The name nearest to a misspelt word: open, offer all, and take `best`, which is
 * NULL when none is near enough to be meant.
 */
struct nearest {
    const char *word;
    const char *best;
    unsigned distance;
};
void nearest_open(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *name);

#endif
