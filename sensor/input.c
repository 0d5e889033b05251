#include "sensor/input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { GZIP_ONLY = 16 + MAX_WBITS };

static ssize_t read_some(struct input *in, uint8_t *to, size_t room)
{
    ssize_t n;

    do
        n = read(in->fd, to, room);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        in->error = errno;
        in->state = INPUT_FAILED;
    }
    return n;
}

/* More packed bytes; false when there are none. */
static bool refill(struct input *in)
{
    ssize_t n = read_some(in, in->pack, INPUT_PACKED);

    if (n == 0)
        in->state = INPUT_TRUNCATED;
    if (n <= 0)
        return false;
    in->z.next_in = in->pack;
    in->z.avail_in = (unsigned)n;
    return true;
}

/* A gzip file may be several, one behind the other. */
static void next_member(struct input *in)
{
    if (in->z.avail_in == 0 && !refill(in)) {
        if (in->state == INPUT_TRUNCATED)
            in->state = INPUT_END;
    } else {
        inflateReset(&in->z);
    }
}

static size_t unpack(struct input *in, uint8_t *to, size_t room)
{
    in->z.next_out = to;
    in->z.avail_out = (unsigned)room;
    while (in->z.avail_out == room && in->state == INPUT_OPEN) {
        int result;

        if (in->z.avail_in == 0 && !refill(in))
            break;
        result = inflate(&in->z, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            next_member(in);
        else if (result != Z_OK)
            in->state = INPUT_DAMAGED;
    }
    return room - in->z.avail_out;
}

static size_t read_plain(struct input *in, uint8_t *to, size_t room)
{
    ssize_t n = read_some(in, to, room);

    if (n == 0)
        in->state = INPUT_END;
    return n > 0 ? (size_t)n : 0;
}

struct bytes input_need(struct input *in, size_t n)
{
    assert(n <= INPUT_WINDOW);
    if (in->end - in->at < n && INPUT_WINDOW - in->at < n) {
        memmove(in->window, in->window + in->at, in->end - in->at);
        in->end -= in->at;
        in->at = 0;
    }
    while (in->end - in->at < n && in->state == INPUT_OPEN) {
        uint8_t *to = in->window + in->end;
        size_t room = INPUT_WINDOW - in->end;

        in->end += in->packed ? unpack(in, to, room) : read_plain(in, to, room);
    }
    if (n > in->end - in->at)
        n = in->end - in->at;
    return (struct bytes){in->window + in->at, n};
}

bool input_skip(struct input *in, uint64_t n)
{
    while (n) {
        size_t most = n < INPUT_WINDOW ? (size_t)n : INPUT_WINDOW;
        size_t got = input_need(in, in->end > in->at ? 1 : most).len;

        if (got == 0)
            return false;
        got = in->end - in->at < most ? in->end - in->at : most;
        in->at += got;
        in->offset += got;
        n -= got;
    }
    return true;
}

/* What was read to look at the first bytes moves over to the unpacker. */
static bool detect(struct input *in)
{
    struct bytes head = input_need(in, 3);

    if (head.len < 3 || memcmp(head.at, "\x1f\x8b\x08", 3) != 0)
        return true;
    if (inflateInit2(&in->z, GZIP_ONLY) != Z_OK)
        return false;
    in->packed = true;
    in->pack = malloc(INPUT_WINDOW);
    if (!in->pack)
        return false;
    memcpy(in->pack, in->window, in->end);
    in->z.next_in = in->pack;
    in->z.avail_in = (unsigned)in->end;
    in->end = 0;
    if (in->state == INPUT_END)
        in->state = INPUT_OPEN;
    return true;
}

bool input_open(struct input *in, const char *path)
{
    *in = (struct input){.fd = -1};
    if (strcmp(path, "-") == 0)
        in->fd = dup(STDIN_FILENO);
    else
        in->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0)
        return false;
    in->window = malloc(INPUT_WINDOW);
    if (in->window && detect(in))
        return true;
    input_close(in);
    errno = ENOMEM;
    return false;
}

void input_close(struct input *in)
{
    if (in->fd >= 0)
        close(in->fd);
    if (in->packed)
        inflateEnd(&in->z);
    free(in->window);
    free(in->pack);
    *in = (struct input){.fd = -1};
}
