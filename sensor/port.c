#include "sensor/port.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sensor/core/clock.h"

enum { LINKTYPE_RAW = 101 };

/* Compiles what the user wrote, so that the message is about that. */
static bool filter_is_good(const struct config_interface *i, char error[PORT_ERROR])
{
    pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)i->snaplen);
    struct bpf_program program;
    bool good = false;

    if (!dead)
        snprintf(error, PORT_ERROR, "%s: no memory to compile its filter", i->name);
    else if (pcap_compile(dead, &program, i->filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        snprintf(error, PORT_ERROR, "%s: the filter \"%.200s\" makes no sense: %.160s",
                 i->name, i->filter, pcap_geterr(dead));
    else
        good = true;
    if (good)
        pcap_freecode(&program);
    if (dead)
        pcap_close(dead);
    return good;
}

bool port_init(struct port *p, const struct config_interface *i, uint32_t source,
               char error[PORT_ERROR])
{
    *p = (struct port){.source = source,
                       .snaplen = i->snaplen,
                       .ring = i->ring,
                       .promiscuous = i->promiscuous,
                       .require_silent = i->require_silent,
                       .descriptor = -1,
                       .missed = -1};
    snprintf(p->name, sizeof p->name, "%s", i->name);
    if (!i->filter || !*i->filter)
        return true;
    if (!filter_is_good(i, error))
        return false;
    p->filter = strdup(i->filter);
    if (!p->filter)
        snprintf(error, PORT_ERROR, "%s: no memory for its filter", i->name);
    return p->filter != NULL;
}

void port_free(struct port *p)
{
    port_close(p);
    free(p->filter);
    p->filter = NULL;
}

/* ---- the handle -------------------------------------------------------------- */

/* TPACKET_V3: no immediate mode, a short time-out; large rings want whole blocks. */
static void set_up(const struct port *p, pcap_t *pcap)
{
    uint64_t ring = p->ring < INT32_MAX ? p->ring : INT32_MAX;

    pcap_set_snaplen(pcap, (int)p->snaplen);
    pcap_set_promisc(pcap, p->promiscuous);
    pcap_set_timeout(pcap, PORT_BLOCK_MS);
    pcap_set_buffer_size(pcap, (int)ring);
    pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
}

/*
 * `tcp port 502` finds nothing behind a VLAN tag, so it is asked again behind one and
 * behind two.  `vlan` moves on for all that follows it: the untagged case comes first.
 */
static char *behind_tags(const char *filter)
{
    static const char format[] = "(%s) or (vlan and (%s)) or (vlan and vlan and (%s))";
    size_t size = 3 * strlen(filter) + sizeof format;
    char *all = malloc(size);

    if (all)
        snprintf(all, size, format, filter, filter, filter);
    return all;
}

/*
 * The kernel takes the outermost tag off before it asks the filter.  Compiled for an open
 * handle, `vlan` would mean that tag, however often it is said, and nothing would be
 * found behind two.  Compiled for none, it means what is left in the frame.
 */
static bool compile_behind_tags(const struct port *p, struct bpf_program *program)
{
    pcap_t *dead = pcap_open_dead(DLT_EN10MB, (int)p->snaplen);
    char *filter = behind_tags(p->filter);
    bool good = dead && filter &&
                pcap_compile(dead, program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0;

    free(filter);
    if (dead)
        pcap_close(dead);
    return good;
}

/* Who writes `vlan` into a filter knows about tags: that one is taken as it is. */
static bool set_filter(struct port *p, pcap_t *pcap)
{
    struct bpf_program program;
    bool plain =
        pcap_datalink(pcap) != DLT_EN10MB || (p->filter && strstr(p->filter, "vlan"));
    int result;

    if (!p->filter)
        return true;
    if (plain ? pcap_compile(pcap, &program, p->filter, 1, PCAP_NETMASK_UNKNOWN) != 0
              : !compile_behind_tags(p, &program)) {
        snprintf(p->error, sizeof p->error, "its filter cannot be compiled: %.160s",
                 plain ? pcap_geterr(pcap) : "too long behind VLAN tags");
        return false;
    }
    result = pcap_setfilter(pcap, &program);
    pcap_freecode(&program);
    if (result != 0)
        snprintf(p->error, sizeof p->error, "its filter is refused: %.160s",
                 pcap_geterr(pcap));
    return result == 0;
}

static enum port_trouble trouble_of(int result)
{
    switch (result) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return PORT_GONE;
    case PCAP_ERROR_IFACE_NOT_UP:
        return PORT_OFF;
    default:
        return result < 0 ? PORT_REFUSED : PORT_FINE;
    }
}

/* From here on the kernel puts packets into its ring. */
static enum port_trouble begin(struct port *p, pcap_t *pcap)
{
    char message[PCAP_ERRBUF_SIZE];
    enum port_trouble trouble;
    int result;

    set_up(p, pcap);
    result = pcap_activate(pcap);
    trouble = trouble_of(result);
    if (trouble != PORT_FINE) {
        snprintf(p->error, sizeof p->error, "%.220s%s", pcap_geterr(pcap),
                 result == PCAP_ERROR_PERM_DENIED ? " (it takes CAP_NET_RAW)" : "");
        return trouble;
    }
    if (pcap_setnonblock(pcap, 1, message) != 0 ||
        pcap_setdirection(pcap, PCAP_D_IN) != 0) {
        snprintf(p->error, sizeof p->error, "%.220s", pcap_geterr(pcap));
        return PORT_REFUSED;
    }
    if (!set_filter(p, pcap))
        return PORT_REFUSED;
    return PORT_FINE;
}

/* What the device missed stands in no other place; without the file it is not told. */
static void open_missed(struct port *p)
{
    char path[64 + STATUS_NAME];

    snprintf(path, sizeof path, "/sys/class/net/%s/statistics/rx_missed_errors", p->name);
    p->missed = open(path, O_RDONLY | O_CLOEXEC);
    p->missed_before = 0;
    port_missed(p);
}

enum port_trouble port_open(struct port *p)
{
    char message[PCAP_ERRBUF_SIZE] = "";
    pcap_t *pcap = pcap_create(p->name, message);

    if (!pcap) {
        snprintf(p->error, sizeof p->error, "%.220s", message);
        return PORT_REFUSED;
    }
    p->trouble = begin(p, pcap);
    if (p->trouble != PORT_FINE) {
        pcap_close(pcap);
        return p->trouble;
    }
    p->pcap = pcap;
    p->descriptor = pcap_get_selectable_fd(pcap);
    p->link_type = (uint32_t)pcap_datalink(pcap);
    if (p->link_type == DLT_RAW) /* has another number in files */
        p->link_type = LINKTYPE_RAW;
    p->ready = true;
    open_missed(p);
    return PORT_FINE;
}

void port_close(struct port *p)
{
    if (p->pcap)
        pcap_close(p->pcap);
    if (p->missed >= 0)
        close(p->missed);
    p->pcap = NULL;
    p->descriptor = p->missed = -1;
    p->ready = p->fetched = false;
}

bool port_fetch(struct port *p)
{
    struct pcap_pkthdr *head;
    const u_char *bytes;
    int result = pcap_next_ex(p->pcap, &head, &bytes);

    if (result < 0) {
        port_close(p);
        return false;
    }
    p->ready = p->fetched = result > 0;
    if (result > 0)
        p->next = (struct raw){.time = head->ts.tv_sec * NS_PER_S + head->ts.tv_usec,
                               .source = p->source,
                               .link_type = p->link_type,
                               .wire = head->len,
                               .bytes = {bytes, head->caplen}};
    return p->fetched;
}

/* pcap_stats() would open files of /sys each time; the kernel's count starts anew with
 * each look. */
uint64_t port_lost(struct port *p)
{
    struct tpacket_stats_v3 counts;
    socklen_t len = sizeof counts;

    memset(&counts, 0, sizeof counts);
    if (!p->pcap ||
        getsockopt(p->descriptor, SOL_PACKET, PACKET_STATISTICS, &counts, &len) != 0)
        return 0;
    return counts.tp_drops;
}

uint64_t port_missed(struct port *p)
{
    uint64_t before = p->missed_before;
    char text[32];
    ssize_t n = p->missed >= 0 ? pread(p->missed, text, sizeof text - 1, 0) : 0;

    if (n <= 0)
        return 0;
    text[n] = '\0';
    p->missed_before = strtoull(text, NULL, 10);
    return p->missed_before > before ? p->missed_before - before : 0;
}
