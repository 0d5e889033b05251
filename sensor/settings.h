#ifndef SENSOR_SETTINGS_H
#define SENSOR_SETTINGS_H

/*
 * The settings, one row each: the only place that knows their names, defaults,
 * bounds and words.  Reading, printing, help and the shipped file follow it.
 *
 * Rows stand in the order they are printed in; a section stands before its
 * settings.  Defaults and bounds are written as in the file and read by the same
 * functions.
 */

#include <stdbool.h>
#include <stddef.h>

#include "sensor/config.h"
#include "sensor/core/yaml.h"

enum setting_type {
    SETTING_SECTION, /* a map; its settings have its path as prefix */
    SETTING_REFUSED, /* a key people may try; `doc` says why it is an error */
    SETTING_OUTPUTS,
    SETTING_NUMBER,   /* uint32_t */
    SETTING_DURATION, /* int64_t, ns */
    SETTING_SIZE,     /* uint64_t, bytes */
    SETTING_RATE,     /* struct config_rate; the bounds are those of its count */
    SETTING_SWITCH,   /* bool */
    SETTING_CHOICE,   /* unsigned: index into choices */
    SETTING_CHOICES,  /* uint32_t: a bit for each of choices */
    /* const char *, NULL when absent; or struct texts with SETTING_LIST */
    SETTING_TEXT,
    SETTING_NAME,    /* letters digits . _ - */
    SETTING_PATH,    /* relative ones are beside the file; ${NAME}: environment */
    SETTING_PATTERN, /* a * only at the end */
    SETTING_SERVER,
    SETTING_KEYS, /* with <site> and <sensor> */
    SETTING_TYPES
};

enum reload { RELOAD_NO, RELOAD_YES };

enum setting_flag {
    SETTING_LIST = 1 << 0,     /* the bounds are those of its length */
    SETTING_REQUIRED = 1 << 1, /* of an output: must be there */
    SETTING_INCLUDE = 1 << 2,  /* not part of what is in force */
};

struct setting {
    const char *path; /* "alerts.update_every" */
    enum setting_type type;
    size_t offset;     /* in struct config, or in struct config_output when `of` is set */
    const char *value; /* default, NULL: absent */
    const char *low, *high; /* NULL: no bound */
    enum reload reload;
    const char *doc;
    const char *example; /* shown commented out in the shipped file */
    const char *const *choices;
    unsigned of; /* bits of enum output_type; 0: of the configuration itself */
    unsigned flags;
};

enum { SETTINGS_MAX = 64 };

/* Ends with a row without a path. */
extern const struct setting settings[];

extern const char *const output_type_names[OUTPUT_TYPES + 1];

/* Does the row belong to an output of these types; to the configuration when 0. */
bool setting_is_of(const struct setting *s, unsigned of);

/* "update_every": the last word of its path. */
const char *setting_key(const struct setting *s);

/* Is it a direct child of the section of this path?  "": the whole file. */
bool setting_is_in(const struct setting *s, const char *section);

/* ---- values (setting_value.c, setting_print.c) -------------------------------- */

/* What a value is read with. */
struct setting_reader {
    struct arena *arena;   /* takes the texts */
    const char *directory; /* relative paths are in it; NULL: they stay as they are */
    struct diagnostics *d;
};

/* Into *to, which has the type of the row; false, and the error told, when not. */
bool setting_read(const struct setting *s, struct yaml *node, void *to,
                  const struct setting_reader *with);

bool setting_is_absent(const struct setting *s, const void *from);

/* As it would stand in the file. */
void setting_print(const struct setting *s, const void *from, FILE *out);

#endif
