#include "sensor/blackbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/pcapng.h"
#include "sensor/savefile.h"

enum { KEPT = BLACKBOX_SLOTS * BLACKBOX_PACKETS, COMMENT = 128 };

/* ---- the sensor's side ------------------------------------------------------ */

struct blackbox_slot *blackbox_take(struct blackbox *box, const char *name)
{
    uint32_t i = atomic_fetch_add(&box->taken, 1);
    struct blackbox_slot *slot = i < BLACKBOX_SLOTS ? &box->slots[i] : NULL;

    if (!slot)
        return NULL;
    snprintf(slot->name, sizeof slot->name, "%s", name);
    atomic_store_explicit(&slot->state, SLOT_WATCHED, memory_order_release);
    return slot;
}

void blackbox_leave(struct blackbox_slot *slot)
{
    if (slot)
        atomic_store_explicit(&slot->state, SLOT_LEFT, memory_order_release);
}

/* ---- the supervisor's ------------------------------------------------------- */

void blackbox_reset(struct blackbox *box)
{
    memset(box, 0, sizeof *box);
}

unsigned blackbox_slots(const struct blackbox *box)
{
    unsigned n = atomic_load(&box->taken);

    return n < BLACKBOX_SLOTS ? n : BLACKBOX_SLOTS;
}

void blackbox_name(const struct blackbox_slot *slot, char out[BLACKBOX_NAME])
{
    size_t n = 0;

    while (n < BLACKBOX_NAME - 1 && slot->name[n] >= ' ' && slot->name[n] <= '~') {
        out[n] = slot->name[n];
        n++;
    }
    out[n] = '\0';
}

struct kept {
    struct raw raw;
    const struct blackbox_slot *slot;
    unsigned order; /* as found: that of its slot, for equal times */
    bool latest;    /* of its slot */
};

/* One found packet; false when it is not in the shared memory. */
static bool take_out(const struct blackbox_packet *p, struct bytes shared,
                     struct raw *raw)
{
    uint64_t sizes = atomic_load_explicit(&p->sizes, memory_order_relaxed);
    uint64_t at = atomic_load_explicit(&p->at, memory_order_relaxed);
    uint64_t len = sizes & UINT32_MAX, start = (uintptr_t)shared.at;

    if (at < start || at - start >= shared.len || len > shared.len - (at - start) ||
        len == 0 || len > SAVEFILE_PACKET_MAX)
        return false;
    *raw = (struct raw){
        .time = (int64_t)atomic_load_explicit(&p->time, memory_order_relaxed),
        .link_type =
            atomic_load_explicit(&p->link_type, memory_order_relaxed) & UINT16_MAX,
        .wire = (uint32_t)(sizes >> 32),
        .bytes = {shared.at + (at - start), len}};
    return true;
}

static unsigned collect(const struct blackbox *box, struct bytes shared, struct kept *out)
{
    unsigned found = 0;

    for (unsigned i = 0; i < blackbox_slots(box); i++) {
        const struct blackbox_slot *slot = &box->slots[i];
        uint64_t n = atomic_load_explicit(&slot->n, memory_order_relaxed);
        uint64_t from = n > BLACKBOX_PACKETS ? n - BLACKBOX_PACKETS : 0;

        for (uint64_t k = from; k < n; k++) {
            out[found] =
                (struct kept){.slot = slot, .order = found, .latest = k + 1 == n};
            if (take_out(&slot->packets[k % BLACKBOX_PACKETS], shared, &out[found].raw))
                found++;
        }
    }
    return found;
}

static int by_time(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    if (x->raw.time != y->raw.time)
        return x->raw.time < y->raw.time ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* Its place among the link types so far, which are the interfaces of the file. */
static uint32_t interface_of(uint32_t link_type, uint32_t *types, uint32_t *n)
{
    for (uint32_t i = 0; i < *n; i++) {
        if (types[i] == link_type)
            return i;
    }
    types[*n] = link_type;
    return (*n)++;
}

static bool flush(struct pcapng *p, int fd)
{
    bool good = !p->full && write(fd, p->out, p->len) == (ssize_t)p->len;

    p->len = 0;
    return good;
}

static bool write_packet(struct pcapng *p, int fd, uint32_t interface,
                         const struct kept *k)
{
    char name[BLACKBOX_NAME], comment[COMMENT];

    blackbox_name(k->slot, name);
    snprintf(comment, sizeof comment, "the latest of %s when the sensor ended", name);
    pcapng_packet(p, interface, &k->raw, k->latest ? comment : NULL);
    return flush(p, fd);
}

/* `types` has room for one of each packet. */
static bool write_file(struct pcapng *p, int fd, const struct kept *kept, unsigned n,
                       uint32_t *types, const char *why)
{
    uint32_t ntypes = 0;
    bool good;

    for (unsigned i = 0; i < n; i++)
        interface_of(kept[i].raw.link_type, types, &ntypes);
    pcapng_head(p, why);
    good = flush(p, fd);
    for (uint32_t i = 0; i < ntypes; i++) {
        pcapng_interface(p, &(struct pcapng_interface){.link_type = types[i]});
        good = good && flush(p, fd);
    }
    for (unsigned i = 0; good && i < n; i++)
        good = write_packet(p, fd, interface_of(kept[i].raw.link_type, types, &ntypes),
                            &kept[i]);
    return good;
}

static int is_ours(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && strcmp(dot, ".pcapng") == 0;
}

/* Names are times, so the first are the oldest. */
static void remove_old(int folder)
{
    struct dirent **list;
    int n = scandirat(folder, ".", &list, is_ours, alphasort);

    for (int i = 0; i < n; i++) {
        if (i < n - BLACKBOX_FILES)
            unlinkat(folder, list[i]->d_name, 0);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
}

/* 20261125T101500.123Z.pcapng */
static void name_file(int64_t now, char out[TIME_TEXT])
{
    time_t seconds = (time_t)(now / NS_PER_S);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    snprintf(out, TIME_TEXT, "%04d%02d%02dT%02d%02d%02d.%03dZ.pcapng",
             (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec, (int)(now % NS_PER_S / NS_PER_MS));
}

static int open_folder(const char *folder)
{
    mkdir(folder, 0750);
    return open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What keeping needs, taken when it happens: a crash is rare. */
struct desk {
    struct kept kept[KEPT];
    uint32_t types[KEPT];
    uint8_t room[SAVEFILE_PACKET_MAX + 4096];
};

static bool keep(struct desk *desk, unsigned n, int folder, const char *name,
                 const char *why)
{
    struct pcapng p = {.out = desk->room, .room = sizeof desk->room};
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    bool good;

    if (fd < 0)
        return false;
    qsort(desk->kept, n, sizeof desk->kept[0], by_time);
    good = write_file(&p, fd, desk->kept, n, desk->types, why);
    good = fsync(fd) == 0 && good;
    close(fd);
    if (!good)
        unlinkat(folder, name, 0);
    remove_old(folder);
    return good;
}

bool blackbox_keep(const struct blackbox *box, struct bytes shared, const char *folder,
                   const char *why, int64_t now, char path[BLACKBOX_PATH])
{
    struct desk *desk = malloc(sizeof *desk);
    unsigned n = desk ? collect(box, shared, desk->kept) : 0;
    int at = n > 0 ? open_folder(folder) : -1;
    char name[TIME_TEXT];
    bool good;

    name_file(now, name);
    good = at >= 0 && keep(desk, n, at, name, why);
    path[0] = '\0';
    if (good)
        snprintf(path, BLACKBOX_PATH, "%s/%s", folder, name);
    if (at >= 0)
        close(at);
    free(desk);
    return good;
}
