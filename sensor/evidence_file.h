#ifndef SENSOR_EVIDENCE_FILE_H
#define SENSOR_EVIDENCE_FILE_H

/*
 * Evidence of alerts on disk: DIRECTORY/20260304/437df5366b8f9751.pcapng.  Found by how
 * the alert's id begins, as people copy it from a screen.
 */

#include <stdbool.h>
#include <stddef.h>

enum {
    EVIDENCE_LEAST = 4,   /* digits that are enough to look for */
    EVIDENCE_NAME = 48,   /* "20260304/437df5366b8f9751.pcapng" */
    EVIDENCE_LISTED = 16, /* of those that begin alike */
    EVIDENCE_COMMENT = 1024,
};

struct evidence_files {
    unsigned n; /* all there are, more than listed perhaps */
    char name[EVIDENCE_LISTED][EVIDENCE_NAME];
};

/* True for 4 to 16 hexadecimal digits. */
bool evidence_is_id(const char *text);

/* The files whose ids begin so; false, and errno, when there is no such directory. */
bool evidence_find(const char *directory, const char *id, struct evidence_files *found);

/* For reading, or -1 and errno.  A link is not followed. */
int evidence_file_open(const char *directory, const char *name);

/*
 * What the file says of itself, the comment of its first section: whose it is, and what
 * is missing from it.  False when it has none.
 */
bool evidence_comment(int fd, char out[EVIDENCE_COMMENT]);

#endif
