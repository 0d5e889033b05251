#include "sensor/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/decode.h"

enum { OLDEST = 64, LEAST = 16 * 1024 }; /* files removed in one pass; bytes of a file */

/* ---- the request ---------------------------------------------------------------- */

struct evidence_request evidence_of(const struct finding *f)
{
    const struct parties *who = &f->record->parties;
    struct evidence_request request = {.signature = f->signature->id,
                                       .client = who->client,
                                       .server = who->server,
                                       .client_port = who->client_port,
                                       .server_port = who->server_port,
                                       .protocol = who->protocol};

    for (unsigned i = 0; i < f->record->nmessages && i < EVIDENCE_RANGES; i++) {
        const struct message *m = record_message_at(f->record, i);

        request.ranges[i] = (struct evidence_range){m->source, m->first, m->frame};
        request.nranges++;
    }
    if (request.nranges == 0 && f->record->frame)
        request.ranges[request.nranges++] = (struct evidence_range){
            f->record->source, f->record->frame, f->record->frame};
    snprintf(request.rule, sizeof request.rule, "%s%s%s",
             f->signature->detection ? f->signature->detection : "",
             f->signature->detection ? " " : "", f->signature->name);
    snprintf(request.summary, sizeof request.summary, "%s", f->summary);
    return request;
}

const char *evidence_path(const char *directory, uint64_t alert_id, uint32_t update,
                          char out[PATH_MAX])
{
    int len = snprintf(out, PATH_MAX, "%s/%016" PRIx64, directory, alert_id);
    size_t room = len < PATH_MAX ? PATH_MAX - (size_t)len : 0;

    if (update)
        snprintf(out + len, room, "-%" PRIu32 ".pcapng", update);
    else
        snprintf(out + len, room, ".pcapng");
    return out;
}

/* ---- the directory ----------------------------------------------------------------- */

struct evidence_file {
    char name[NAME_MAX + 1];
    struct timespec time;
    uint64_t bytes;
};

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), tail = strlen(end);

    return len > tail && strcmp(name + len - tail, end) == 0;
}

static bool is_older(const struct evidence_file *a, const struct evidence_file *b)
{
    if (a->time.tv_sec != b->time.tv_sec)
        return a->time.tv_sec < b->time.tv_sec;
    if (a->time.tv_nsec != b->time.tv_nsec)
        return a->time.tv_nsec < b->time.tv_nsec;
    return strcmp(a->name, b->name) < 0;
}

/* Into its place among the oldest, of which there are at most OLDEST. */
static void insert(struct evidence_file *oldest, size_t *n, const struct evidence_file *f)
{
    size_t at = *n;

    while (at > 0 && is_older(f, &oldest[at - 1]))
        at--;
    if (at == OLDEST)
        return;
    if (*n < OLDEST)
        (*n)++;
    memmove(&oldest[at + 1], &oldest[at], (*n - at - 1) * sizeof *oldest);
    oldest[at] = *f;
}

/* The oldest files, in order, and the bytes of all; what a crash left is removed. */
static uint64_t look_through(const char *directory, struct evidence_file *oldest,
                             size_t *n)
{
    DIR *all = opendir(directory);
    struct evidence_file file;
    struct dirent *entry;
    struct stat s;
    uint64_t bytes = 0;

    *n = 0;
    while (all && (entry = readdir(all))) {
        if (ends_with(entry->d_name, ".pcapng.part"))
            unlinkat(dirfd(all), entry->d_name, 0);
        if (!ends_with(entry->d_name, ".pcapng") ||
            fstatat(dirfd(all), entry->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        snprintf(file.name, sizeof file.name, "%s", entry->d_name);
        file.time = s.st_mtim;
        file.bytes = (uint64_t)s.st_size;
        bytes += file.bytes;
        insert(oldest, n, &file);
    }
    if (all)
        closedir(all);
    return bytes;
}

/* Removes the oldest files, down to `until` bytes; false when there was none to remove. */
static bool remove_oldest(struct evidence *e, int directory, uint64_t until)
{
    struct evidence_file oldest[OLDEST];
    size_t n, i;

    e->used = look_through(e->directory, oldest, &n);
    for (i = 0; i < n && e->used > until; i++) {
        if (unlinkat(directory, oldest[i].name, 0) != 0)
            return false;
        e->used -= oldest[i].bytes;
        e->removed++;
    }
    return i > 0;
}

/* More than it must, so that the directory is not read for each alert. */
static void make_room(struct evidence *e)
{
    uint64_t until = e->total - e->total / 16;
    int directory;

    if (e->used <= e->total)
        return;
    directory = open(e->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    while (e->used > until && remove_oldest(e, directory, until))
        ;
    close(directory);
}

/* ---- choosing packets ---------------------------------------------------------------- */

static bool is_between(const struct packet *p, const struct evidence_request *r)
{
    bool to_server =
        address_equal(&p->src, &r->client) && address_equal(&p->dst, &r->server);
    bool to_client =
        address_equal(&p->src, &r->server) && address_equal(&p->dst, &r->client);

    if (r->client.family == ADDRESS_NONE || p->protocol != r->protocol)
        return false;
    if (p->flags & PACKET_FRAGMENT)
        return to_server || to_client;
    return (to_server && p->src_port == r->client_port &&
            p->dst_port == r->server_port) ||
           (to_client && p->src_port == r->server_port && p->dst_port == r->client_port);
}

static bool is_of_conversation(const struct raw *raw, const struct evidence_request *r)
{
    struct decode_counters counters = {0};
    struct packet p;

    decode(raw, &p, &counters);
    return is_between(&p, r);
}

static bool is_of_record(const struct evidence_request *r, uint64_t number)
{
    for (unsigned i = 0; i < r->nranges; i++)
        if (number >= r->ranges[i].first && number <= r->ranges[i].last)
            return true;
    return false;
}

static bool copy(struct evidence *e, uint64_t number, struct raw *raw)
{
    return packet_ring_copy(e->ring, number, raw, e->frame, PACKET_FILE_FRAME);
}

static const char *comment_of(const struct evidence *e, bool before)
{
    return before ? NULL : e->comment;
}

/* False when it would not fit. */
static bool keep(struct evidence *e, const struct raw *raw, bool before)
{
    size_t room = before ? e->before + EVIDENCE_RECORD : EVIDENCE_RECORD;
    size_t bytes = pcapng_packet_size(raw->bytes.len, comment_of(e, before));

    if (e->npackets >= room || e->file_bytes + bytes > e->bytes)
        return false;
    e->packets[e->npackets] = (struct evidence_packet){*raw, before};
    e->packets[e->npackets].raw.bytes.at = e->store + e->nstored;
    memcpy(e->store + e->nstored, raw->bytes.at, raw->bytes.len);
    e->nstored += raw->bytes.len;
    e->file_bytes += bytes;
    e->npackets++;
    return true;
}

static bool was_kept(const struct evidence *e, uint64_t number)
{
    for (size_t i = 0; i < e->npackets; i++)
        if (e->packets[i].raw.frame == number)
            return true;
    return false;
}

/* Between the first and the last frame of a message there are others' frames too. */
static void take(struct evidence *e, const struct evidence_request *r, uint64_t number,
                 bool is_end, struct evidence_result *result)
{
    struct raw raw;

    if (was_kept(e, number))
        return;
    if (!copy(e, number, &raw))
        result->gone++;
    else if (!is_end && !is_of_conversation(&raw, r))
        return;
    else if (keep(e, &raw, false))
        result->record++;
    else
        result->no_room++;
}

/* The frame that completed the message comes first: it is worth most. */
static void take_range(struct evidence *e, const struct evidence_request *r,
                       const struct evidence_range *range, struct evidence_result *result)
{
    uint64_t oldest = packet_ring_oldest(e->ring), number = range->first;

    if (range->last < number || range->last > packet_ring_newest(e->ring))
        return; /* no frames of this ring */
    take(e, r, range->last, true, result);
    if (oldest > number && range->last > number) {
        result->gone +=
            (unsigned)((oldest < range->last ? oldest : range->last) - number);
        number = oldest;
    }
    for (; number < range->last && number - range->first < EVIDENCE_LOOKED; number++)
        take(e, r, number, number == range->first, result);
}

/* Back from the record's last frame: the nearest packets are worth most. */
static void take_before(struct evidence *e, const struct evidence_request *r,
                        struct evidence_result *result)
{
    uint64_t last = 0, looked = 0;
    struct raw raw;

    for (unsigned i = 0; i < r->nranges; i++)
        if (r->ranges[i].last > last)
            last = r->ranges[i].last;
    for (; last > 0 && result->before < e->before && looked < EVIDENCE_LOOKED; last--) {
        looked++;
        if (is_of_record(r, last))
            continue;
        if (!copy(e, last, &raw)) {
            result->wrapped = true;
            return;
        }
        if (!is_of_conversation(&raw, r))
            continue;
        if (!keep(e, &raw, true))
            return;
        result->before++;
    }
}

static void collect(struct evidence *e, const struct evidence_request *r,
                    struct evidence_result *result)
{
    e->npackets = e->nstored = 0;
    e->file_bytes = LEAST / 4; /* head and interfaces */
    for (unsigned i = 0; i < r->nranges; i++)
        take_range(e, r, &r->ranges[i], result);
    result->wrapped = result->gone > 0;
    if (r->client.family != ADDRESS_NONE)
        take_before(e, r, result);
}

/* ---- writing --------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const struct evidence_packet *first = a, *second = b;

    return (first->raw.frame > second->raw.frame) -
           (first->raw.frame < second->raw.frame);
}

/* What is in the file, and what is not. */
static void describe(struct evidence *e, const struct evidence_result *result,
                     char out[PCAPNG_COMMENT])
{
    char time[TIME_TEXT] = "it began";
    struct raw oldest;
    int len;

    len = snprintf(out, PCAPNG_COMMENT,
                   "%s\n%u packets of the record, %u of its conversation before.",
                   e->comment, result->record, result->before);
    if (result->no_room)
        len += snprintf(out + len, PCAPNG_COMMENT - (size_t)len,
                        "\n%u more did not fit into %" PRIu64 " bytes.", result->no_room,
                        e->bytes);
    if (!result->wrapped)
        return;
    if (copy(e, packet_ring_oldest(e->ring), &oldest))
        time_and_day(oldest.time, time);
    len += snprintf(out + len, PCAPNG_COMMENT - (size_t)len,
                    "\nThe packet ring had wrapped: all from before %s is gone", time);
    if (result->gone)
        snprintf(out + len, PCAPNG_COMMENT - (size_t)len, ", %u frames of the record too",
                 result->gone);
}

static bool write_file(struct evidence *e, struct evidence_result *result)
{
    char head[PCAPNG_COMMENT];
    struct packet_file file;

    describe(e, result, head);
    if (!packet_file_open(&file, result->path, head, e->sources, e->nsources, e->buffer))
        return false;
    for (size_t i = 0; i < e->npackets; i++)
        packet_file_add(&file, &e->packets[i].raw, comment_of(e, e->packets[i].before));
    if (!packet_file_close(&file))
        return false;
    result->bytes = file.written;
    e->used += file.written;
    return true;
}

/* ---- the whole ------------------------------------------------------------------- */

static uint64_t bytes_of(const struct config *c)
{
    return c->evidence_bytes > LEAST ? c->evidence_bytes : LEAST;
}

static size_t packets_of(const struct config *c)
{
    return c->evidence_before + (size_t)EVIDENCE_RECORD;
}

uint64_t evidence_memory(const struct config *c)
{
    return bytes_of(c) + PACKET_FILE_FRAME + PACKET_FILE_BUFFER +
           packets_of(c) * sizeof(struct evidence_packet);
}

bool evidence_open(struct evidence *e, const struct config *c,
                   const struct packet_source *sources, unsigned nsources)
{
    struct evidence_file oldest[OLDEST];
    size_t n;

    memset(e, 0, sizeof *e);
    e->before = c->evidence_before;
    e->bytes = bytes_of(c);
    e->total = c->evidence_total;
    e->sources = sources;
    e->nsources = nsources;
    if (snprintf(e->directory, sizeof e->directory, "%s", c->evidence) >=
        (int)sizeof e->directory) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (mkdir(e->directory, 0750) != 0 && errno != EEXIST)
        return false;
    e->packets = calloc(packets_of(c), sizeof *e->packets);
    e->store = malloc(e->bytes + PACKET_FILE_FRAME + PACKET_FILE_BUFFER);
    if (!e->packets || !e->store) {
        evidence_close(e);
        errno = ENOMEM;
        return false;
    }
    e->frame = e->store + e->bytes;
    e->buffer = e->frame + PACKET_FILE_FRAME;
    e->used = look_through(e->directory, oldest, &n);
    return true;
}

void evidence_close(struct evidence *e)
{
    free(e->packets);
    free(e->store);
    e->packets = NULL;
    e->store = NULL;
}

bool evidence_cut(struct evidence *e, const struct evidence_request *request,
                  struct evidence_result *result)
{
    uint32_t source = request->nranges ? request->ranges[0].source : 0;

    *result = (struct evidence_result){0};
    evidence_path(e->directory, request->alert_id, request->update, result->path);
    if (source >= e->nsources || !e->sources[source].ring) {
        result->error = ENOENT;
        return false;
    }
    e->ring = e->sources[source].ring;
    snprintf(e->comment, sizeof e->comment, "Alert %016" PRIx64 ": %s: %s",
             request->alert_id, request->rule, request->summary);
    collect(e, request, result);
    qsort(e->packets, e->npackets, sizeof *e->packets, by_number);
    result->written = write_file(e, result);
    if (!result->written)
        result->error = errno;
    make_room(e);
    return result->written;
}
