#include "sensor/packet_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/core/clock.h"

/* ---- the file ------------------------------------------------------------------ */

static void fail(struct packet_file *f)
{
    if (!f->error)
        f->error = errno ? errno : EIO;
}

static void flush(struct packet_file *f)
{
    for (size_t done = 0; done < f->out.len && !f->error;) {
        ssize_t n = write(f->descriptor, f->buffer + done, f->out.len - done);

        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            fail(f);
    }
    f->written += f->out.len;
    f->out.len = 0;
}

bool packet_file_open(struct packet_file *f, const char *path, const char *comment,
                      const struct packet_source *sources, unsigned nsources,
                      uint8_t *buffer)
{
    *f = (struct packet_file){.sources = sources,
                              .nsources = nsources,
                              .buffer = buffer,
                              .out = {.out = buffer, .room = PACKET_FILE_BUFFER}};
    if (snprintf(f->path, sizeof f->path, "%s", path) >= (int)sizeof f->path - 6) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(f->temporary, f->path, sizeof f->path);
    memcpy(f->temporary + strlen(f->path), ".part", 6);
    f->descriptor =
        open(f->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (f->descriptor < 0)
        return false;
    pcapng_head(&f->out, comment);
    return true;
}

/* Number in the file of the interface a frame came from; it is told with its first. */
static uint32_t interface_of(struct packet_file *f, const struct raw *raw)
{
    uint32_t source = raw->source < CONFIG_INTERFACES ? raw->source : 0;
    struct pcapng_interface i = {.link_type = raw->link_type};

    if (!f->interfaces[source].told ||
        f->interfaces[source].link_type != raw->link_type) {
        i.name = source < f->nsources ? f->sources[source].name : NULL;
        f->interfaces[source].told = true;
        f->interfaces[source].link_type = raw->link_type;
        f->interfaces[source].number = pcapng_interface(&f->out, &i);
    }
    return f->interfaces[source].number;
}

void packet_file_add(struct packet_file *f, const struct raw *raw, const char *comment)
{
    if (PACKET_FILE_BUFFER - f->out.len < PACKET_FILE_FRAME + 4096)
        flush(f);
    pcapng_packet(&f->out, interface_of(f, raw), raw, comment);
}

/* A new name is on disk when its directory is. */
static bool sync_directory(const struct packet_file *f)
{
    char path[PATH_MAX];
    int descriptor, result;

    memcpy(path, f->path, sizeof path);
    descriptor = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    result = fsync(descriptor);
    close(descriptor);
    return result == 0;
}

bool packet_file_close(struct packet_file *f)
{
    flush(f);
    if (f->out.full) {
        errno = EFBIG;
        fail(f);
    }
    if (!f->error && fsync(f->descriptor) != 0)
        fail(f);
    if (close(f->descriptor) != 0)
        fail(f);
    if (!f->error && (rename(f->temporary, f->path) != 0 || !sync_directory(f)))
        fail(f);
    if (!f->error)
        return true;
    unlink(f->temporary);
    errno = f->error;
    return false;
}

/* ---- whole rings --------------------------------------------------------------- */

/* A ring that is being copied, and the frame it offers. */
struct offer {
    const struct packet_ring *ring;
    uint64_t number, last; /* of the frame offered; of the last one wanted */
    bool some;
    struct raw raw;
    uint8_t *frame;
};

struct dump {
    unsigned n;
    struct offer offers[CONFIG_INTERFACES]; /* one a ring */
    int64_t since;
    bool wrapped;
};

/* Goes on to the next frame that can be copied and is young enough. */
static void advance(struct dump *d, struct offer *o)
{
    for (o->some = false; !o->some && o->number < o->last;) {
        uint64_t oldest;

        o->number++;
        if (packet_ring_copy(o->ring, o->number, &o->raw, o->frame, PACKET_FILE_FRAME)) {
            o->some = o->raw.time >= d->since;
            continue;
        }
        d->wrapped = true; /* it was overtaken: on from what is left */
        oldest = packet_ring_oldest(o->ring);
        if (oldest > o->number)
            o->number = oldest - 1;
    }
}

static bool is_known(const struct dump *d, const struct packet_ring *ring)
{
    for (unsigned i = 0; i < d->n; i++)
        if (d->offers[i].ring == ring)
            return true;
    return false;
}

/* One offer a ring; the time of the latest packet of all. */
static bool begin(struct dump *d, const struct packet_source *sources, unsigned n,
                  int64_t *latest)
{
    *latest = 0;
    for (unsigned i = 0; i < n && d->n < CONFIG_INTERFACES; i++) {
        struct offer *o = &d->offers[d->n];

        if (!sources[i].ring || is_known(d, sources[i].ring))
            continue;
        o->ring = sources[i].ring;
        o->frame = malloc(PACKET_FILE_FRAME);
        if (!o->frame)
            return false;
        d->n++;
        o->last = packet_ring_newest(o->ring);
        if (packet_ring_copy(o->ring, o->last, &o->raw, o->frame, PACKET_FILE_FRAME) &&
            o->raw.time > *latest)
            *latest = o->raw.time;
    }
    return true;
}

/* Frames are in the order of time, so the first ones tell whether all is there. */
static void start(struct dump *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        struct offer *o = &d->offers[i];
        uint64_t oldest = packet_ring_oldest(o->ring);

        o->number = oldest ? oldest - 1 : 0;
        if (oldest > 1 &&
            packet_ring_copy(o->ring, oldest, &o->raw, o->frame, PACKET_FILE_FRAME))
            d->wrapped = d->wrapped || o->raw.time >= d->since;
        advance(d, o);
    }
}

static struct offer *earliest(struct dump *d)
{
    struct offer *first = NULL;

    for (unsigned i = 0; i < d->n; i++)
        if (d->offers[i].some && (!first || d->offers[i].raw.time < first->raw.time))
            first = &d->offers[i];
    return first;
}

static void copy_all(struct dump *d, struct packet_file *f, struct packet_dump *result)
{
    struct offer *o;

    for (start(d); (o = earliest(d)) && !f->error; advance(d, o)) {
        packet_file_add(f, &o->raw, NULL);
        if (result->packets++ == 0)
            result->first = o->raw.time;
        result->last = o->raw.time;
    }
    result->wrapped = d->wrapped;
}

bool packet_file_dump(const char *path, const char *comment,
                      const struct packet_source *sources, unsigned nsources,
                      unsigned seconds, struct packet_dump *result)
{
    struct packet_file *f = malloc(sizeof *f + PACKET_FILE_BUFFER);
    struct dump d = {.since = INT64_MIN};
    int64_t latest;
    bool done = false;

    *result = (struct packet_dump){0};
    if (f && begin(&d, sources, nsources, &latest) &&
        packet_file_open(f, path, comment, sources, nsources, (uint8_t *)(f + 1))) {
        if (seconds)
            d.since = latest - seconds * NS_PER_S;
        copy_all(&d, f, result);
        done = packet_file_close(f);
    }
    for (unsigned i = 0; i < d.n; i++)
        free(d.offers[i].frame);
    free(f);
    return done;
}
