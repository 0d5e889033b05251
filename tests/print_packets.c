/*
 * Prints what the sensor made of every packet of a capture, one line each, for
 * tests/compare-decode.  With --time it goes through decode, flow and stream
 * instead and prints what a packet costs.
 */

#include <inttypes.h>
#include <pcap.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sensor/decode.h"
#include "sensor/flow.h"
#include "sensor/reader.h"
#include "sensor/stream.h"

static void print(const struct packet *p)
{
    char src[ADDRESS_TEXT], dst[ADDRESS_TEXT];

    printf("%" PRIu64 "\t%s\t%s\t%u\t%u\t%u\t%" PRIu32 "\t%x\n", p->frame,
           address_text(&p->src, src), address_text(&p->dst, dst), p->protocol,
           p->src_port, p->dst_port, p->payload_wire, p->flags);
}

static void print_all(struct reader *r)
{
    struct decode_counters counters = {0};
    struct packet p;
    struct raw raw;

    while (reader_next(r, &raw)) {
        decode(&raw, &p, &counters);
        print(&p);
    }
}

/* --- what it costs -------------------------------------------------------- */

static int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static uint64_t delivered, lost;

static void count_bytes(void *context, unsigned direction, struct bytes data,
                        const struct stream_origin *from)
{
    (void)context;
    (void)direction;
    (void)from;
    delivered += data.len;
}

static void count_gap(void *context, unsigned direction, uint32_t missing,
                      const struct stream_origin *from)
{
    (void)context;
    (void)direction;
    (void)from;
    lost += missing;
}

static const struct stream_handler counting = {count_bytes, count_gap};

enum { PAIRS = 65536 };
static struct pool pairs;
static struct streams streams;
static struct flow_table flows;

static void ended(void *context, struct flow *f, enum flow_reason reason, int64_t at)
{
    (void)context;
    (void)reason;
    if (f->user) {
        stream_end(&streams, f->user, at);
        pool_give(&pairs, f->user);
    }
}

static void follow(const struct packet *p, int64_t now)
{
    unsigned direction;
    struct flow *f;
    bool is_new;

    stream_expire(&streams, now);
    flow_expire(&flows, now);
    f = flow_find(&flows, p, now, &direction, &is_new);
    if (!f || p->protocol != IP_TCP)
        return;
    if (!f->user) {
        f->user = pool_take(&pairs);
        if (!f->user)
            return;
        stream_start(f->user, NULL);
    }
    stream_packet(&streams, f->user, direction, p, now);
}

/* 0: read; 1: and decode; 2: and find the flow and put streams in order. */
static double cost(const char *path, int depth)
{
    struct decode_counters counters = {0};
    int64_t now = 0, before = clock_ns();
    char why[READER_TEXT];
    struct reader *r = reader_open(&path, 1, NULL, why);
    uint64_t n;
    struct packet p;
    struct raw raw;

    while (reader_next(r, &raw)) {
        now = raw.time > now ? raw.time : now;
        if (depth > 0)
            decode(&raw, &p, &counters);
        if (depth > 1)
            follow(&p, now);
    }
    flow_close_all(&flows, now);
    n = reader_counters(r)->packets;
    reader_close(r);
    return (double)(clock_ns() - before) / (double)n;
}

static double cost_of_libpcap(const char *path)
{
    int64_t before = clock_ns();
    char why[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline(path, why);
    struct pcap_pkthdr *header;
    const u_char *data;
    uint64_t n = 0;

    if (!pcap)
        return 0;
    while (pcap_next_ex(pcap, &header, &data) == 1)
        n++;
    pcap_close(pcap);
    return (double)(clock_ns() - before) / (double)n;
}

static int print_costs(const char *path)
{
    if (!flow_open(&flows, NULL) || !stream_open(&streams, NULL, &counting) ||
        !pool_open(&pairs, "pairs", sizeof(struct stream_pair), PAIRS))
        return 1;
    flows.ended = ended;
    for (int i = 0; i < 3; i++)
        printf("ns a packet: libpcap %.0f, read %.0f, decode %.0f, stream %.0f\n",
               cost_of_libpcap(path), cost(path, 0), cost(path, 1), cost(path, 2));
    printf("%" PRIu64 " bytes delivered, %" PRIu64 " lost\n", delivered, lost);
    pool_close(&pairs);
    stream_close(&streams);
    flow_close(&flows);
    return 0;
}

int main(int argc, char **argv)
{
    const char *paths[1];
    char why[READER_TEXT];
    struct reader *r;

    if (argc == 3 && strcmp(argv[1], "--time") == 0)
        return print_costs(argv[2]);
    if (argc != 2)
        return 2;
    paths[0] = argv[1];
    r = reader_open(paths, 1, NULL, why);
    if (!r) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    print_all(r);
    if (reader_warning(r, 0, why))
        fprintf(stderr, "%s\n", why);
    reader_close(r);
    return 0;
}
