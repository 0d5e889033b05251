#include "sensor/evidence_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/core/cursor.h"

enum { ID_DIGITS = 16, UPDATE_DIGITS = 9 };

static const char hex_digits[] = "0123456789abcdefABCDEF";

/* ---- names ------------------------------------------------------------------------- */

/* "-2": a number, or nothing at all; what stands behind it in *end. */
static bool read_update(const char *text, uint32_t *update, const char **end)
{
    size_t n = *text == '-' ? strspn(text + 1, "0123456789") : 0;

    *update = n > 0 ? (uint32_t)strtoul(text + 1, NULL, 10) : 0;
    *end = text + (n > 0) + n;
    return *text != '-' || (n > 0 && n <= UPDATE_DIGITS);
}

/* What is asked for: how an id begins, and perhaps the update. */
struct wanted {
    uint64_t id; /* shifted up, zeroes behind */
    unsigned digits;
    bool has_update;
    uint32_t update;
};

static bool read_wanted(const char *text, struct wanted *w)
{
    char digits[ID_DIGITS + 1] = "0000000000000000";
    size_t n = strspn(text, hex_digits);
    const char *end;

    if (n < EVIDENCE_ID_LEAST || n > ID_DIGITS)
        return false;
    memcpy(digits, text, n);
    *w = (struct wanted){.id = strtoull(digits, NULL, 16),
                         .digits = (unsigned)n,
                         .has_update = text[n] == '-'};
    return read_update(text + n, &w->update, &end) && *end == '\0';
}

bool evidence_file_is_id(const char *text)
{
    struct wanted w;

    return read_wanted(text, &w);
}

bool evidence_file_bounds(const char *text, uint64_t *low, uint64_t *high)
{
    struct wanted w;

    if (!read_wanted(text, &w) || w.has_update)
        return false;
    *low = w.id;
    *high = w.digits == ID_DIGITS ? w.id : w.id | UINT64_MAX >> 4 * w.digits;
    return true;
}

static bool read_name(const char *text, struct evidence_name *name)
{
    const char *end;

    if (strspn(text, hex_digits) != ID_DIGITS ||
        !read_update(text + ID_DIGITS, &name->update, &end) ||
        strcmp(end, ".pcapng") != 0)
        return false;
    name->id = strtoull(text, NULL, 16); /* stops at what is no digit */
    return true;
}

static bool is_wanted(const struct wanted *w, const struct evidence_name *name)
{
    unsigned behind = 4 * (ID_DIGITS - w->digits);

    return name->id >> behind == w->id >> behind &&
           (!w->has_update || name->update == w->update);
}

const char *evidence_file_name(const struct evidence_name *name,
                               char out[EVIDENCE_FILE_NAME])
{
    char update[16] = "";

    if (name->update)
        snprintf(update, sizeof update, "-%" PRIu32, name->update);
    snprintf(out, EVIDENCE_FILE_NAME, "%016" PRIx64 "%s.pcapng", name->id, update);
    return out;
}

/* ---- the directory ------------------------------------------------------------------- */

static bool before(const struct evidence_name *a, const struct evidence_name *b)
{
    return a->id < b->id || (a->id == b->id && a->update < b->update);
}

/* Into its place; when there is no more room, the last one goes. */
static void list(struct evidence_files *found, const struct evidence_name *name)
{
    unsigned at = found->n;

    found->several |= found->all > 0 && found->name[0].id != name->id;
    found->all++;
    while (at > 0 && before(name, &found->name[at - 1]))
        at--;
    if (found->n < EVIDENCE_FILES)
        found->n++;
    if (at == found->n)
        return;
    memmove(&found->name[at + 1], &found->name[at],
            (found->n - at - 1) * sizeof found->name[0]);
    found->name[at] = *name;
}

bool evidence_file_find(const char *directory, const char *id,
                        struct evidence_files *found)
{
    DIR *dir = opendir(directory);
    struct evidence_name name;
    struct dirent *e;
    struct wanted w;

    memset(found, 0, sizeof *found);
    if (!dir)
        return false;
    while (read_wanted(id, &w) && (e = readdir(dir))) {
        if (read_name(e->d_name, &name) && is_wanted(&w, &name))
            list(found, &name);
    }
    closedir(dir);
    return true;
}

int evidence_file_open(const char *directory, const struct evidence_name *name)
{
    char text[EVIDENCE_FILE_NAME];
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = dir < 0 ? -1
                     : openat(dir, evidence_file_name(name, text),
                              O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int e = errno;

    if (dir >= 0)
        close(dir);
    errno = e;
    return fd;
}

/* ---- what is in it --------------------------------------------------------------------- */

/* A summary may quote what came from the wire. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        bool c1 = (uint8_t)text[0] == 0xc2 && (text[1] & 0xe0) == 0x80; /* of UTF-8 */

        if (((uint8_t)*text < ' ' && *text != '\n') || *text == 0x7f || c1)
            *text = '?';
    }
}

/*
 * pcapng, draft-ietf-opsawg-pcapng, 4.1: the section header as we write it.
 *
 *     0a0d0d0a | length | 1a2b3c4d | version | section length | options: code, length, ...
 *        4          4         4         4             8                   2      2
 */
enum { SECTION = 0x0a0d0d0a, MAGIC = 0x1a2b3c4d, OPTION_COMMENT = 1 };

bool evidence_file_comment(int fd, char out[EVIDENCE_FILE_COMMENT])
{
    uint8_t head[2 * EVIDENCE_FILE_COMMENT];
    ssize_t n = pread(fd, head, sizeof head, 0);
    bool truncated = false;
    struct cursor c = cur_over((struct bytes){head, n > 0 ? (size_t)n : 0}, &truncated);
    uint32_t type = cur_le32(&c), magic, code;
    struct bytes text;

    cur_skip(&c, 4);
    magic = cur_le32(&c);
    cur_skip(&c, 12);
    code = cur_le16(&c);
    text = cur_bytes(&c, cur_le16(&c));
    if (truncated || type != SECTION || magic != MAGIC || code != OPTION_COMMENT)
        return false;
    snprintf(out, EVIDENCE_FILE_COMMENT, "%.*s", (int)text.len, (const char *)text.at);
    make_printable(out);
    return true;
}
