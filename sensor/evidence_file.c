#include "sensor/evidence_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sensor/core/cursor.h"

enum { ID = 16, DAY = 8 };

static const char suffix[] = ".pcapng";

static size_t digits(const char *text)
{
    size_t n = 0;

    while (isxdigit((unsigned char)text[n]))
        n++;
    return n;
}

bool evidence_is_id(const char *text)
{
    size_t n = digits(text);

    return n >= EVIDENCE_LEAST && n <= ID && text[n] == '\0';
}

static bool is_file_of(const char *name, const char *id)
{
    return strlen(name) == ID + sizeof suffix - 1 && digits(name) == ID &&
           strcmp(name + ID, suffix) == 0 && strncasecmp(name, id, strlen(id)) == 0;
}

static bool is_day(const char *name)
{
    return strspn(name, "0123456789") == DAY && name[DAY] == '\0';
}

/* One day's directory; takes the descriptor over. */
static void look_in(int fd, const char *day, const char *id, struct evidence_files *found)
{
    DIR *dir = fdopendir(fd);
    struct dirent *e;

    if (!dir) {
        close(fd);
        return;
    }
    while ((e = readdir(dir))) {
        if (is_file_of(e->d_name, id) && found->n++ < EVIDENCE_LISTED)
            snprintf(found->name[found->n - 1], EVIDENCE_NAME, "%.8s/%.32s", day,
                     e->d_name);
    }
    closedir(dir);
}

bool evidence_find(const char *directory, const char *id, struct evidence_files *found)
{
    DIR *days = opendir(directory);
    struct dirent *e;
    int fd;

    found->n = 0;
    if (!days)
        return false;
    while ((e = readdir(days))) {
        if (!is_day(e->d_name))
            continue;
        fd = openat(dirfd(days), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            look_in(fd, e->d_name, id, found);
    }
    closedir(days);
    return true;
}

int evidence_file_open(const char *directory, const char *name)
{
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int e = errno;

    if (dir >= 0)
        close(dir);
    errno = e;
    return fd;
}

/*
 * pcapng, draft-ietf-opsawg-pcapng, 4.1: the section header as we write it.
 *
 *     0a0d0d0a | length | 1a2b3c4d | version | section length | options: code, length, ...
 *        4          4         4         4             8                   2      2
 */
enum { SECTION = 0x0a0d0d0a, MAGIC = 0x1a2b3c4d, OPTION_COMMENT = 1 };

bool evidence_comment(int fd, char out[EVIDENCE_COMMENT])
{
    uint8_t head[2 * EVIDENCE_COMMENT];
    ssize_t n = pread(fd, head, sizeof head, 0);
    bool truncated = false;
    struct cursor c = cur_over((struct bytes){head, n > 0 ? (size_t)n : 0}, &truncated);
    uint16_t code, len;
    struct bytes text;

    if (cur_le32(&c) != SECTION)
        return false;
    cur_skip(&c, 4);
    if (cur_le32(&c) != MAGIC)
        return false;
    cur_skip(&c, 12);
    code = cur_le16(&c);
    len = cur_le16(&c);
    text = cur_bytes(&c, len);
    if (truncated || code != OPTION_COMMENT)
        return false;
    snprintf(out, EVIDENCE_COMMENT, "%.*s", (int)text.len, (const char *)text.at);
    return true;
}
