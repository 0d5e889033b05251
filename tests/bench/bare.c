/*
 * The least that can be done with a capture: libpcap reads it, a loop touches each
 * packet's first and last byte.  What replay costs is told as a multiple of this.
 */

#include <inttypes.h>
#include <pcap.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const unsigned char *data;
    uint64_t packets = 0, touched = 0;
    pcap_t *p = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;

    if (!p) {
        fprintf(stderr, "usage: bare CAPTURE\n");
        return EXIT_FAILURE;
    }
    while (pcap_next_ex(p, &header, &data) == 1) {
        packets++;
        if (header->caplen)
            touched += data[0] + data[header->caplen - 1];
    }
    pcap_close(p);
    printf("%" PRIu64 " packets %" PRIu64 "\n", packets, touched);
    return EXIT_SUCCESS;
}
