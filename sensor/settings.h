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
    SETTING_SECTION,  /* a map; its settings have its path as prefix */
    SETTING_LATER,    /* a key of a later version: a warning, nothing of it is read */
    SETTING_ENTRIES,  /* a list of maps: struct setting_list tells what they are */
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
    SETTING_ZONE,    /* of time: "Europe/Berlin" */
    SETTING_PATH,    /* relative ones are beside the file; ${NAME}: environment */
    SETTING_PLACE,   /* a path, or unix:/path */
    SETTING_PATTERN, /* a * only at the end */
    SETTING_SERVER,
    SETTING_KEYS, /* with <site> and <sensor> */
    SETTING_TYPES
};

enum reload { RELOAD_NO, RELOAD_YES };

enum setting_flag {
    SETTING_LIST = 1 << 0,      /* the bounds are those of its length */
    SETTING_REQUIRED = 1 << 1,  /* must be there when its section or entry is */
    SETTING_INCLUDE = 1 << 2,   /* not part of what is in force */
    SETTING_UNIQUE = 1 << 3,    /* what an entry is called, the first of its settings */
    SETTING_EMPTY = 1 << 4,     /* "" is a value */
    SETTING_ELSEWHERE = 1 << 5, /* of LATER: another reader takes it, see site_read.h */
};

/* Whose a row is; 0: of the configuration itself.  A bit for each kind of entry. */
enum {
    OF_REDIS = 1 << OUTPUT_REDIS,
    OF_FILE = 1 << OUTPUT_FILE,
    OF_OUTPUT = OF_REDIS | OF_FILE,
    OF_INTERFACE = 1 << OUTPUT_TYPES,
};

/* Entries stand in an array of the configuration, taken from its arena. */
struct setting_list {
    const char *one;    /* "output": what messages call an entry */
    size_t size, count; /* of an entry; offset of the number of them, an unsigned */
    unsigned most;
    unsigned of;              /* the bit of an entry; of those of the first type */
    const char *const *types; /* values of `type`; NULL: all entries are alike */
    size_t type;              /* its offset in an entry */
};

struct setting {
    const char *path; /* "alerts.update_every" */
    enum setting_type type;
    size_t offset;          /* in struct config, or in an entry when `of` is set */
    const char *value;      /* default, NULL: absent */
    const char *low, *high; /* NULL: no bound */
    enum reload reload;
    const char *doc;
    const char *example; /* shown commented out in the shipped file */
    const char *const *choices;
    const char *const *later; /* choices of a later version: a warning */
    unsigned of;
    unsigned flags;
    const char *with;                /* a key beside it that must be there too */
    const struct setting_list *list; /* of SETTING_ENTRIES */
};

enum { SETTINGS_MAX = 128 };

/* Ends with a row without a path. */
extern const struct setting settings[];

/* Does the row belong to entries of these kinds; to the configuration when 0. */
bool setting_is_of(const struct setting *s, unsigned of);

/* "update_every": the last word of its path. */
const char *setting_key(const struct setting *s);

/* Is it a direct child of the section of this path?  "": the whole file. */
bool setting_is_in(const struct setting *s, const char *section);

/* Is it anywhere below that section? */
bool setting_is_below(const struct setting *s, const char *section);

/* The bit of the kind of an entry that stands in the list. */
unsigned setting_entry_of(const struct setting_list *list, const void *entry);

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

/*
 * True when the word is one of a later version; the warning was told.  It stands
 * for nothing then.
 */
bool setting_is_later(const struct setting *s, const struct yaml *word,
                      struct diagnostics *d);

bool setting_is_absent(const struct setting *s, const void *from);

/* As it would stand in the file. */
void setting_print(const struct setting *s, const void *from, FILE *out);

#endif
