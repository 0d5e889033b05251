#include "tests/feed.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "tests/dump.h"

static void saw_request(void *context, struct record *r)
{
    struct feed *f = context;

    assert(r->outcome == OUTCOME_OPEN);
    f->nrequests++;
}

static void came_out(void *context, struct record *r)
{
    struct feed *f = context;

    f->ndone++;
    f->ntransactions += r->kind == RECORD_TRANSACTION;
    if (f->out)
        dump_record(f->out, r);
    if (f->keep && f->nrecords < FEED_RECORDS)
        f->records[f->nrecords++] = r;
    else
        record_give(r);
}

void feed_open(struct feed *f, const struct dissector *d, unsigned framing, size_t n)
{
    struct record_sink sink = {saw_request, came_out, f};
    bool ok;

    memset(f, 0, sizeof *f);
    f->dissector = d;
    f->pool = n;
    f->keep = true;
    f->side = (struct side){
        .transport = TRANSPORT_TCP, .framing = (uint8_t)framing, .sure = true};
    f->clock = clock_at_rest(3600 * NS_PER_S, 5 * NS_PER_S);
    clock_tick(&f->clock, NS_PER_S);
    f->parties = (struct parties){.client = address_v4((const uint8_t[]){10, 0, 0, 1}),
                                  .server = address_v4((const uint8_t[]){10, 0, 0, 2}),
                                  .client_port = 40000,
                                  .server_port = d->tcp_ports[0],
                                  .protocol = TRANSPORT_TCP,
                                  .flow_id = 1};
    ok = exchanger_open(&f->home, n, 1, sink, &f->clock);
    assert(ok);
    exchange_open(&f->exchange, &f->home, &d->schema, &d->patience, &f->parties);
}

void feed_end(struct feed *f)
{
    exchange_close(&f->exchange, OUTCOME_UNANSWERED);
}

void feed_close(struct feed *f)
{
    feed_end(f);
    for (size_t i = 0; i < f->nrecords; i++)
        record_give(f->records[i]);
    assert(record_pool_free(&f->home.records) == f->pool);
    exchanger_close(&f->home);
}

enum verdict feed_message(struct feed *f, unsigned direction, const uint8_t *at,
                          size_t len)
{
    bool truncated = false;
    struct cursor c = cur_over((struct bytes){at, len}, &truncated);
    struct message m = {.time = f->clock.last,
                        .frame = f->frame + 1,
                        .first = f->frame + 1,
                        .length = (uint32_t)len,
                        .side = (uint8_t)direction};
    enum verdict verdict;

    f->frame++;
    f->side.direction = (enum field_side)direction;
    exchange_begin(&f->exchange, &m, at);
    verdict = f->dissector->message(&f->exchange, &f->side, &c);
    exchange_settle(&f->exchange, &c);
    return verdict;
}

/* How long the message at the head is; what is not wanted goes, byte by byte. */
static long next_length(struct feed *f, unsigned direction, const uint8_t *at, size_t len)
{
    bool truncated = false;

    f->side.direction = (enum field_side)direction;
    return f->dissector->length(&f->side, cur_over((struct bytes){at, len}, &truncated));
}

void feed_bytes(struct feed *f, unsigned direction, const uint8_t *at, size_t len)
{
    unsigned way = direction == SIDE_RESPONSE;
    uint8_t *buffer = f->buffer[way];
    size_t done = 0;

    assert(f->held[way] + len <= FEED_BUFFER);
    memcpy(buffer + f->held[way], at, len);
    f->held[way] += len;
    while (done < f->held[way]) {
        size_t left = f->held[way] - done;
        long n = next_length(f, direction, buffer + done, left);

        if (n == LENGTH_UNKNOWN || n > (long)left)
            break;
        if (n > 0) {
            feed_message(f, direction, buffer + done, (size_t)n);
            done += (size_t)n;
        } else {
            f->refused++;
            done++;
        }
    }
    f->held[way] -= done;
    memmove(buffer, buffer + done, f->held[way]);
}

static unsigned nibble(int c)
{
    assert(isxdigit(c));
    return (unsigned)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
}

size_t hex_bytes(const char *hex, uint8_t *out, size_t size)
{
    size_t n = 0;

    while (*hex) {
        if (isspace((unsigned char)*hex)) {
            hex++;
            continue;
        }
        assert(n < size);
        out[n++] =
            (uint8_t)(nibble((unsigned char)hex[0]) << 4 | nibble((unsigned char)hex[1]));
        hex += 2;
    }
    return n;
}

void feed_hex(struct feed *f, unsigned direction, const char *hex)
{
    uint8_t bytes[4096] = {0};
    size_t len = hex_bytes(hex, bytes, sizeof bytes);

    feed_bytes(f, direction, bytes, len);
}

void feed_wait(struct feed *f, int64_t ns)
{
    clock_tick(&f->clock, f->clock.last + ns);
    exchanger_expire(&f->home, f->clock.now);
}

const struct record *feed_last(const struct feed *f)
{
    assert(f->nrecords > 0);
    return f->records[f->nrecords - 1];
}

bool has_violation(const struct record *r, unsigned reason)
{
    for (unsigned i = 0; i < r->nviolations; i++) {
        if (r->violations[i].reason == reason)
            return true;
    }
    return false;
}
