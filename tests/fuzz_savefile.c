/*
 * Any bytes as a capture file, from memory.  The first byte says at which packet
 * the file is parked: the packet read once more is the same one, and what is read
 * on the way ends in the same state as without.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sensor/reader.h"
#include "sensor/savefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_ROOM = 64, PACKETS_MAX = 20000 };

static char path[PATH_ROOM];

struct end {
    uint64_t packets, sum;
    enum savefile_state state;
};

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void fill(const uint8_t *data, size_t size)
{
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("capture", 0);
        require(fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    require(ftruncate(fd, 0) == 0);
    require(pwrite(fd, data, size, 0) == (ssize_t)size);
}

/* Looks at every byte, so that a stray pointer shows. */
static uint64_t sum_of(const struct raw *raw)
{
    uint64_t sum = (uint64_t)raw->time + raw->wire + raw->link_type;

    require(raw->bytes.len <= SAVEFILE_PACKET_MAX);
    for (size_t i = 0; i < raw->bytes.len; i++)
        sum = sum * 31 + raw->bytes.at[i];
    return sum;
}

static void read_again(struct savefile *f, const struct raw *raw, uint64_t sum)
{
    struct raw again = {0};

    savefile_park(f);
    require(savefile_next(f, &again));
    require(again.frame == raw->frame && sum_of(&again) == sum);
}

/* False when it is no capture. */
static bool read_all(uint64_t park, struct end *end)
{
    struct savefile f;
    struct raw raw = {0};

    *end = (struct end){0};
    if (!savefile_open(&f, path))
        return false;
    while (end->packets < PACKETS_MAX && savefile_next(&f, &raw)) {
        uint64_t sum = sum_of(&raw);

        require(raw.frame == ++end->packets);
        if (raw.frame == park)
            read_again(&f, &raw, sum);
        end->sum = end->sum * 31 + sum;
    }
    end->state = f.state;
    require(end->packets == PACKETS_MAX || f.state != SAVEFILE_READING);
    require(f.state != SAVEFILE_DAMAGED || f.damage);
    savefile_close(&f);
    return true;
}

static void merge(const struct end *end)
{
    char why[READER_TEXT] = "";
    const char *paths[] = {path, path};
    struct reader *r = reader_open(paths, 2, NULL, why);
    struct raw raw;
    uint64_t packets = 0;

    if (!r) {
        require(why[0] != '\0');
        return;
    }
    while (packets < PACKETS_MAX && reader_next(r, &raw))
        packets++;
    require(packets == PACKETS_MAX || packets == 2 * end->packets);
    reader_warning(r, 0, why);
    reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct end straight, parked;

    if (size < 1)
        return 0;
    fill(data + 1, size - 1);
    if (!read_all(0, &straight))
        return 0;
    require(read_all(data[0], &parked));
    require(straight.packets == parked.packets && straight.sum == parked.sum);
    require(straight.state == parked.state);
    merge(&straight);
    return 0;
}
