#include "sensor/link.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sensor/core/address.h"

bool links_open(struct links *l)
{
    l->len = 0;
    l->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    l->counters = open("/proc/net/dev", O_RDONLY | O_CLOEXEC);
    if (l->socket >= 0 && l->counters >= 0)
        return true;
    links_close(l);
    return false;
}

void links_close(struct links *l)
{
    if (l->socket >= 0)
        close(l->socket);
    if (l->counters >= 0)
        close(l->counters);
    l->socket = l->counters = -1;
}

void links_read(struct links *l)
{
    ssize_t n = 1;

    for (l->len = 0; n > 0 && l->len < sizeof l->table - 1; l->len += (size_t)n) {
        n = pread(l->counters, l->table + l->len, sizeof l->table - 1 - l->len,
                  (off_t)l->len);
        if (n < 0)
            n = 0;
    }
    l->table[l->len] = '\0';
}

/*
 * `drop` says nothing about loss: the kernel counts there what no protocol of the host
 * wanted, such as frames of VLANs it does not know, though we have received them.
 *
 *  Inter-|   Receive                                    ...  |  Transmit
 *   face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs ...
 *    eth0: 8513   24    0    0    0     0          0         0    8513   24    0 ...
 */
static void counters(const struct links *l, const char *name, struct link_state *out)
{
    const char *line = l->table;
    size_t len = strlen(name);

    while (line && out->index) {
        line += strspn(line, " \n");
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            break;
        line = strchr(line, '\n');
    }
    if (!line || !out->index)
        return;
    out->counted =
        sscanf(line + len + 1, "%*u %*u %*u %*u %" SCNu64 " %*u %*u %*u %*u %" SCNu64,
               &out->lost, &out->sent) == 2;
}

static bool ask(int descriptor, unsigned long what, const char *name,
                struct ifreq *answer)
{
    memset(answer, 0, sizeof *answer);
    snprintf(answer->ifr_name, sizeof answer->ifr_name, "%s", name);
    return ioctl(descriptor, what, answer) == 0;
}

void link_look(const struct links *l, const char *name, struct link_state *out)
{
    struct ifreq answer;
    unsigned flags;

    *out = (struct link_state){0};
    if (!ask(l->socket, SIOCGIFINDEX, name, &answer))
        return;
    out->index = answer.ifr_ifindex;
    if (ask(l->socket, SIOCGIFFLAGS, name, &answer)) {
        flags = (unsigned short)answer.ifr_flags;
        out->up = flags & IFF_UP;
        out->carrier = flags & IFF_RUNNING;
        out->arp = !(flags & IFF_NOARP);
    }
    counters(l, name, out);
}

/* ---- silence ----------------------------------------------------------------- */

static void fault(char error[SILENT_ERROR], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void fault(char error[SILENT_ERROR], const char *format, ...)
{
    size_t len = strlen(error);
    va_list arguments;

    if (len > 0 && len < SILENT_ERROR - 1)
        error[len++] = '\n';
    va_start(arguments, format);
    vsnprintf(error + len, SILENT_ERROR - len, format, arguments);
    va_end(arguments);
}

/* The address, or family ADDRESS_NONE when it is of another kind. */
static struct address ip_address(const struct sockaddr *a)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (a && a->sa_family == AF_INET) {
        memcpy(&v4, a, sizeof v4);
        return address_v4((const uint8_t *)&v4.sin_addr);
    }
    if (a && a->sa_family == AF_INET6) {
        memcpy(&v6, a, sizeof v6);
        return address_v6(v6.sin6_addr.s6_addr);
    }
    return (struct address){.family = ADDRESS_NONE};
}

/* Labels of an address ("span0:1") belong to the interface before the colon. */
static bool is_of(const char *label, const char *name)
{
    size_t len = strlen(name);

    return strncmp(label, name, len) == 0 && (label[len] == '\0' || label[len] == ':');
}

static void look_for_addresses(const char *name, char error[SILENT_ERROR])
{
    char text[ADDRESS_TEXT];
    struct ifaddrs *all;
    struct address found;

    if (getifaddrs(&all) != 0) {
        fault(error, "%s: the system does not tell its addresses: %m", name);
        return;
    }
    for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
        found = ip_address(is_of(a->ifa_name, name) ? a->ifa_addr : NULL);
        if (found.family != ADDRESS_NONE)
            fault(error, "%s has the address %s: ip addr flush dev %s", name,
                  address_text(&found, text), name);
    }
    freeifaddrs(all);
}

/* Without the file there is no IPv6 in this kernel. */
static void look_for_ipv6(const char *name, char error[SILENT_ERROR])
{
    char path[64 + IFNAMSIZ], value = '1';
    int descriptor;

    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    if (read(descriptor, &value, 1) != 1 || value == '0')
        fault(error, "%s speaks IPv6: sysctl net.ipv6.conf.%s.disable_ipv6=1", name,
              name);
    close(descriptor);
}

bool link_is_silent(const char *name, char error[SILENT_ERROR])
{
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq answer;

    error[0] = '\0';
    if (!ask(descriptor, SIOCGIFFLAGS, name, &answer))
        fault(error, "%s: the system does not tell how it is set: %m", name);
    else if (!((unsigned short)answer.ifr_flags & IFF_NOARP))
        fault(error, "%s answers ARP: ip link set dev %s arp off", name, name);
    if (descriptor >= 0)
        close(descriptor);
    look_for_addresses(name, error);
    look_for_ipv6(name, error);
    return error[0] == '\0';
}
