/*
 * Captures for a while and prints what a script can compare.
 *
 * usage: listen [-t SECONDS] [-g GROUP] [-f FILTER] [-q SECONDS] [-w FILE] [-p] [-s]
 *     INTERFACE...
 *
 * -q: so long without a packet is told; -w: what is in the ring at
 * the end goes there; -p: print packets; -s: the ports must be silent.  Lines:
 *     refused                               and then why
 *     listening
 *     packet SOURCE TIME BYTES
 *     notice CHECK ABOUT begins|over COUNT DETAIL
 *     port NAME received N lost N sent N opened N up 0|1
 *     disordered N                          packets older than the one before
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sensor/capture.h"
#include "sensor/health.h"
#include "sensor/packet_file.h"

enum { PACKETS = 8 * 1024 * 1024 };

struct listener {
    struct packet_ring packets;
    struct ring notices;
    struct capture capture;
    struct config_interface interfaces[CONFIG_INTERFACES];
    struct config config;
    const char *file;
    bool print;
    uint64_t disordered;
    int64_t last;
};

static void take(void *context, const struct raw *raw)
{
    struct listener *l = context;

    if (raw->time < l->last)
        l->disordered++;
    l->last = raw->time;
    if (l->print)
        printf("packet %u %lld %zu\n", raw->source, (long long)raw->time, raw->bytes.len);
    packet_ring_keep(&l->packets, packet_ring_head(&l->packets));
}

static void print_notices(struct listener *l)
{
    const struct notice *n;

    while ((n = ring_peek(&l->notices))) {
        printf("notice %s %s %s %lld %s\n",
               health_schema.fields[HEALTH_CHECK].labels[n->check - 1].name, n->about,
               n->over ? "over" : "begins", (long long)n->count, n->detail);
        ring_pop(&l->notices);
    }
    fflush(stdout);
}

static void print_ports(const struct listener *l)
{
    struct status_interface status[CONFIG_INTERFACES] = {0};

    capture_status(&l->capture, status);
    for (unsigned i = 0; i < l->config.ninterfaces; i++)
        printf("port %s received %llu lost %llu sent %llu opened %llu up %d\n",
               status[i].name, (unsigned long long)status[i].received,
               (unsigned long long)(status[i].kernel_lost + status[i].device_lost +
                                    status[i].ring_lost),
               (unsigned long long)status[i].sent, (unsigned long long)status[i].opened,
               status[i].up);
    printf("disordered %llu\n", (unsigned long long)l->disordered);
}

static void write_ring(const struct listener *l)
{
    struct packet_source sources[CONFIG_INTERFACES];
    struct packet_dump dump;

    for (unsigned i = 0; i < l->config.ninterfaces; i++)
        sources[i] = (struct packet_source){&l->packets, l->interfaces[i].name};
    if (!packet_file_dump(l->file, "what listen heard", sources, l->config.ninterfaces, 0,
                          &dump))
        perror(l->file);
}

static bool prepare(struct listener *l, int argc, char **argv, int *seconds,
                    int64_t *quiet)
{
    const char *filter = "", *group = NULL;
    bool silent = false;
    int option;

    *seconds = 1;
    while ((option = getopt(argc, argv, "t:g:f:q:w:ps")) != -1) {
        switch (option) {
        case 't':
            *seconds = (int)strtol(optarg, NULL, 10);
            break;
        case 'g':
            group = optarg;
            break;
        case 'f':
            filter = optarg;
            break;
        case 'q':
            *quiet = strtol(optarg, NULL, 10) * NS_PER_S;
            break;
        case 'w':
            l->file = optarg;
            break;
        case 'p':
            l->print = true;
            break;
        case 's':
            silent = true;
            break;
        default:
            return false;
        }
    }
    for (; optind < argc && l->config.ninterfaces < CONFIG_INTERFACES; optind++)
        l->interfaces[l->config.ninterfaces++] =
            (struct config_interface){.name = argv[optind],
                                      .group = group,
                                      .snaplen = 65535,
                                      .ring = 4 * 1024 * 1024,
                                      .filter = filter,
                                      .promiscuous = true,
                                      .require_silent = silent};
    l->config.interfaces = l->interfaces;
    return l->config.ninterfaces > 0;
}

int main(int argc, char **argv)
{
    static struct listener l;
    const char *groups[CONFIG_INTERFACES];
    char error[CAPTURE_ERROR];
    int64_t quiet = 0;
    int seconds;
    time_t end;

    if (!prepare(&l, argc, argv, &seconds, &quiet)) {
        fputs(
            "usage: listen [-t SECONDS] [-g GROUP] [-f FILTER] [-q SECONDS] [-w FILE] [-ps] "
            "INTERFACE...\n",
            stderr);
        return 2;
    }
    if (!packet_ring_open(&l.packets, NULL, PACKETS) ||
        !ring_open(&l.notices, sizeof(struct notice), 64, NULL))
        return 2;
    capture_groups(&l.config, groups);
    if (!capture_open(&l.capture, &l.config, groups[0], &l.packets, &l.notices, error)) {
        printf("refused\n%s\n", error);
        return 1;
    }
    if (quiet)
        l.capture.quiet = quiet;
    puts("listening");
    for (end = time(NULL) + seconds; time(NULL) < end;) {
        capture_turn(&l.capture, 100, take, &l);
        print_notices(&l);
    }
    print_ports(&l);
    if (l.file)
        write_ring(&l);
    capture_close(&l.capture);
    ring_close(&l.notices);
    packet_ring_close(&l.packets);
    return 0;
}
