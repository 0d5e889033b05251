#ifndef SENSOR_EVIDENCE_FILE_H
#define SENSOR_EVIDENCE_FILE_H

/*
 * Evidence of alerts on disk: DIRECTORY/437df5366b8f9751.pcapng, and with a -2 behind
 * the id that of the alert's second update.  Found by how the alert's id begins, as
 * people copy it from a screen.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
    EVIDENCE_ID_LEAST = 4,   /* digits that are enough to look for */
    EVIDENCE_FILE_NAME = 48, /* "437df5366b8f9751-2.pcapng" */
    EVIDENCE_FILE_COMMENT = 1024,
    EVIDENCE_FILES = 16,
};

struct evidence_name {
    uint64_t id;
    uint32_t update; /* 0: when it was raised */
};

/* Those that were looked for, in the order of ids and updates: the first of them. */
struct evidence_files {
    unsigned n;   /* listed */
    uint64_t all; /* there are */
    bool several; /* of more than one alert */
    struct evidence_name name[EVIDENCE_FILES];
};

/* True for 4 to 16 hexadecimal digits, and for an update behind them: "437df536-2". */
bool evidence_file_is_id(const char *text);

/* The ids that begin so, for digits alone: the lowest and the highest. */
bool evidence_file_bounds(const char *text, uint64_t *low, uint64_t *high);

/* The files whose ids begin so; false, and errno, when there is no such directory. */
bool evidence_file_find(const char *directory, const char *id,
                        struct evidence_files *found);

const char *evidence_file_name(const struct evidence_name *name,
                               char out[EVIDENCE_FILE_NAME]);

/* For reading, or -1 and errno.  A link is not followed. */
int evidence_file_open(const char *directory, const struct evidence_name *name);

/*
 * What the file says of itself, the comment of its first section: whose it is, what is
 * in it and what is missing.  Fit for a terminal.  False when it has none.
 */
bool evidence_file_comment(int fd, char out[EVIDENCE_FILE_COMMENT]);

#endif
