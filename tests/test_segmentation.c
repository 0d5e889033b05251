/*
 * The same bytes, cut and ordered differently on their way, must give the same
 * records: for every dissector, with its sample messages, through the whole worker.
 */

#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "sensor/worker.h"
#include "tests/dump.h"
#include "tests/samples.h"
#include "tests/wire.h"

enum way { WHOLE, CUT, SWAPPED, TWICE, JOINED };

static const char *const way_names[] = {"whole", "cut", "swapped", "sent twice",
                                        "joined"};

static struct worker worker;
static struct front front;
static struct wire wire;
static FILE *out;
static struct dialogue hello; /* what identifies the protocol beyond doubt */

static void done(void *context, struct record *r)
{
    (void)context;
    if (r->kind == RECORD_TRANSACTION || r->kind == RECORD_OPERATION)
        dump_record(out, r);
    record_give(r);
}

static void send(struct raw raw)
{
    struct arrival a;

    front_take(&front, &raw, &a);
    worker_packet(&worker, &a);
}

static void send_bytes(unsigned side, struct bytes b)
{
    send(wire_tcp(&wire, side, TCP_ACK | TCP_PSH, b));
}

static void send_swapped(unsigned side, struct bytes b, size_t at)
{
    uint32_t seq = wire.seq[side];

    wire.seq[side] += (uint32_t)b.len;
    send(wire_tcp_at(&wire, side, seq + (uint32_t)at, TCP_ACK,
                     (struct bytes){b.at + at, b.len - at}));
    send(wire_tcp_at(&wire, side, seq, TCP_ACK, (struct bytes){b.at, at}));
}

/* One message, or several that follow one another, on their way. */
static void transmit(unsigned side, struct bytes b, enum way way, size_t at)
{
    uint32_t seq = wire.seq[side];

    if (way == WHOLE || way == JOINED || at == 0 || at >= b.len) {
        send_bytes(side, b);
    } else if (way == SWAPPED) {
        send_swapped(side, b, at);
    } else {
        send_bytes(side, (struct bytes){b.at, at});
        if (way == TWICE) /* again from its beginning, and more */
            send(wire_tcp_at(&wire, side, seq, TCP_ACK, (struct bytes){b.at, at}));
        send_bytes(side, (struct bytes){b.at + at, b.len - at});
    }
}

static void handshake(void)
{
    send(wire_tcp(&wire, 0, TCP_SYN, (struct bytes){NULL, 0}));
    send(wire_tcp(&wire, 1, TCP_SYN | TCP_ACK, (struct bytes){NULL, 0}));
    send(wire_tcp(&wire, 0, TCP_ACK, (struct bytes){NULL, 0}));
}

/* Messages of one side that follow one another without an answer in between. */
static size_t burst(const struct dialogue *d, size_t first)
{
    size_t n = first + 1;

    while (n < d->n && d->messages[n].side == d->messages[first].side &&
           d->messages[n].bytes.at ==
               d->messages[n - 1].bytes.at + d->messages[n - 1].bytes.len)
        n++;
    return n;
}

static void transmit_all(const struct dialogue *d, enum way way, size_t at)
{
    for (size_t i = 0; i < d->n;) {
        size_t next = way == JOINED ? burst(d, i) : i + 1;
        struct bytes b = d->messages[i].bytes;

        for (size_t k = i + 1; k < next && b.len + d->messages[k].bytes.len < 1400; k++)
            b.len += d->messages[k].bytes.len;
        for (next = i; next < d->n && d->messages[next].bytes.at < b.at + b.len &&
                       d->messages[next].bytes.at >= b.at;)
            next++;
        transmit(d->messages[i].side == SIDE_REQUEST ? 0 : 1, b, way, at);
        i = next > i ? next : i + 1;
    }
}

static char *records_of(const struct dissector *diss, const struct dialogue *d,
                        enum way way, size_t at)
{
    char *text = NULL;
    size_t size;

    out = open_memstream(&text, &size);
    wire = wire_between(40000, diss->tcp_ports[0]);
    front_open(&front);
    assert_true(worker_open(&worker,
                            &(struct worker_options){.flows = 16, .records = 512},
                            (struct record_sink){NULL, done, NULL}));
    handshake();
    if (hello.framing == d->framing)
        transmit_all(&hello, WHOLE, 0);
    transmit_all(d, way, at);
    worker_end(&worker, front.clock.now);
    assert_int_equal(record_pool_free(&worker.exchanger.records), 512);
    worker_close(&worker);
    fclose(out);
    return text;
}

/* The first line in which two texts differ. */
static void show_difference(const char *is, const char *should)
{
    while (*is && strcspn(is, "\n") == strcspn(should, "\n") &&
           strncmp(is, should, strcspn(is, "\n") + 1) == 0) {
        is += strcspn(is, "\n") + 1;
        should += strcspn(should, "\n") + 1;
    }
    print_error("is      %.*s\nshould  %.*s\n", (int)strcspn(is, "\n"), is,
                (int)strcspn(should, "\n"), should);
}

static void compare(const struct dissector *diss, const struct dialogue *d,
                    const char *whole, enum way way, size_t at)
{
    char *text = records_of(diss, d, way, at);

    if (strcmp(text, whole) != 0) {
        show_difference(text, whole);
        fail_msg("%s: %s at %zu differs from whole", d->name, way_names[way], at);
    }
    free(text);
}

static size_t longest(const struct dialogue *d)
{
    size_t len = 0;

    for (size_t i = 0; i < d->n; i++)
        len = d->messages[i].bytes.len > len ? d->messages[i].bytes.len : len;
    return len < 1400 ? len : 1400;
}

static void find_hello(const struct dissector *diss, const struct dialogue *d,
                       void *context)
{
    (void)diss;
    (void)context;
    if (strstr(d->name, "hello.hex"))
        hello = *d;
}

static void try_all(const struct dissector *diss, const struct dialogue *d, void *context)
{
    char *whole = records_of(diss, d, WHOLE, 0);

    (void)context;
    compare(diss, d, whole, JOINED, 0);
    for (size_t at = 1; at < longest(d); at++) {
        compare(diss, d, whole, CUT, at);
        compare(diss, d, whole, SWAPPED, at);
        compare(diss, d, whole, TWICE, at);
    }
    free(whole);
}

static void every_way_gives_the_same_records(void **state)
{
    static struct dialogue room;

    (void)state;
    for (unsigned i = 0; i < ndissectors; i++) {
        hello.n = 0;
        samples_each(dissectors[i], &room, find_hello, NULL);
        assert_true(hello.n > 0);
        for (size_t k = 0; k < hello.n; k++) /* its bytes moved with it */
            hello.messages[k].bytes.at =
                hello.bytes + (hello.messages[k].bytes.at - room.bytes);
        samples_each(dissectors[i], &room, try_all, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_same_records)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
