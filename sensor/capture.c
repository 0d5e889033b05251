#include "sensor/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "sensor/core/now.h"
#include "sensor/health.h"

enum { LOOK_EVERY = 1, TELL_EVERY = 60, QUIET = 60 }; /* s */

/*
 * How long a packet of one port waits for an older one of another: the kernel hands a
 * block over after PORT_BLOCK_MS, so two ports may be that far apart, and some more.
 */
enum { MERGE_MS = 25, MERGE_WAIT_MS = 5 };

/* ---- packets, in the order of time -------------------------------------------- */

/* A port from which an older packet may still come. */
static bool may_be_late(const struct port *p)
{
    return p->pcap && !p->fetched && p->trouble == PORT_FINE;
}

/* The port with the oldest packet; NULL: none has one, or it has to wait. */
static struct port *oldest(struct capture *c, int64_t now)
{
    struct port *first = NULL;
    bool late = false;
    int64_t age;

    for (unsigned i = 0; i < c->nports; i++) {
        struct port *p = &c->ports[i];

        if (p->pcap && p->ready && !p->fetched)
            port_fetch(p);
        late = late || may_be_late(p);
        if (p->fetched && (!first || p->next.time < first->next.time))
            first = p;
    }
    if (!first || !late)
        return first;
    age =
        now - first->next.time; /* below 0: the clock was set back, nothing to wait for */
    return age >= 0 && age < MERGE_MS * (int64_t)NS_PER_MS ? NULL : first;
}

static void count(struct status_interface *s, const struct raw *raw)
{
    s->received++;
    s->bytes += raw->wire;
    s->last_packet = raw->time;
    if (raw->bytes.len < raw->wire)
        s->cut++;
}

static unsigned batch(struct capture *c, void (*handler)(void *, const struct raw *),
                      void *context)
{
    int64_t now = now_wall();
    struct port *p;
    unsigned n = 0;

    for (; n < CAPTURE_BATCH && (p = oldest(c, now)); n++) {
        struct status_interface *s = &c->status[p - c->ports];

        count(s, &p->next);
        p->fetched = false;
        p->ready = true;
        if (packet_ring_put(c->packets, &p->next))
            handler(context, &p->next);
        else
            s->ring_lost++;
    }
    return n;
}

/* Edges: a port that was read to its end says when there is more. */
static void wait_for_packets(struct capture *c, int ms)
{
    struct epoll_event events[CONFIG_INTERFACES];
    int n;

    for (unsigned i = 0; i < c->nports; i++)
        if (c->ports[i].fetched && ms > MERGE_WAIT_MS)
            ms = MERGE_WAIT_MS;
    n = epoll_wait(c->epoll, events, CONFIG_INTERFACES, ms);
    for (int i = 0; i < n; i++)
        ((struct port *)events[i].data.ptr)->ready = true;
}

/* ---- what is told -------------------------------------------------------------- */

/* False when there was no room: it is tried again at the next look. */
static bool tell(struct capture *c, const struct port *p, struct notice *n)
{
    struct notice *slot = ring_slot(c->notices);

    if (!slot)
        return false;
    snprintf(n->about, sizeof n->about, "%s", p->name);
    *slot = *n;
    ring_push(c->notices);
    return true;
}

static void describe(const struct port *p, char out[NOTICE_DETAIL])
{
    static const char *const words[] = {
        [PORT_FINE] = "back",
        [PORT_GONE] = "gone",
        [PORT_OFF] = "down",
        [PORT_NO_CARRIER] = "no carrier",
    };

    if (p->trouble == PORT_REFUSED)
        snprintf(out, NOTICE_DETAIL, "cannot be opened: %.170s", p->error);
    else
        snprintf(out, NOTICE_DETAIL, "%s", words[p->trouble]);
}

static void tell_trouble(struct capture *c, unsigned i, int64_t now)
{
    struct port_health *h = &c->health[i];
    const struct port *p = &c->ports[i];
    struct notice n = {.check = CHECK_INTERFACE_DOWN, .over = p->trouble == PORT_FINE};

    if (p->trouble == h->told)
        return;
    if (h->told == PORT_FINE)
        h->trouble_since = now;
    if (n.over)
        n.gap = now - h->trouble_since;
    describe(p, n.detail);
    if (tell(c, p, &n))
        h->told = p->trouble;
}

/* Counts that grow are told at once, and then once a minute. */
static bool may_tell(int64_t before, int64_t now)
{
    return before == 0 || now - before >= TELL_EVERY * NS_PER_S;
}

static void tell_lost(struct capture *c, unsigned i, int64_t now)
{
    const struct status_interface *s = &c->status[i];
    struct port_health *h = &c->health[i];
    uint64_t lost = s->kernel_lost + s->device_lost + s->ring_lost;
    struct notice n = {.check = CHECK_CAPTURE_DROPPED, .count = (int64_t)lost};

    if (lost == h->lost_told || !may_tell(h->lost_when, now))
        return;
    snprintf(n.detail, sizeof n.detail,
             "by the interface %llu, by the kernel %llu, by the rings of the sensor %llu",
             (unsigned long long)s->device_lost, (unsigned long long)s->kernel_lost,
             (unsigned long long)s->ring_lost);
    if (tell(c, &c->ports[i], &n)) {
        h->lost_told = lost;
        h->lost_when = now;
    }
}

/* Once a minute while it goes on, so that the alert stays open. */
static void tell_cut(struct capture *c, unsigned i, int64_t now)
{
    uint64_t cut = c->status[i].cut;
    struct port_health *h = &c->health[i];
    struct notice n = {.check = CHECK_CAPTURE_CUT, .count = (int64_t)cut};

    if (cut == h->cut_told || !may_tell(h->cut_when, now) || !tell(c, &c->ports[i], &n))
        return;
    h->cut_told = cut;
    h->cut_when = now;
}

/* A port that need not be silent may send what it likes; it is only counted. */
static void tell_noise(struct capture *c, unsigned i, const struct link_state *link,
                       int64_t now)
{
    struct port_health *h = &c->health[i];
    uint64_t sent = c->status[i].sent;
    bool arp = link->index && link->arp;
    bool more = sent != h->sent_told && may_tell(h->sent_when, now);
    struct notice n = {.check = CHECK_NOT_SILENT, .count = (int64_t)sent};

    h->arp_told = h->arp_told && arp;
    if (!c->ports[i].require_silent || (!more && arp == h->arp_told))
        return;
    if (arp)
        snprintf(n.detail, sizeof n.detail, "it answers ARP: ip link set dev %s arp off",
                 c->ports[i].name);
    if (tell(c, &c->ports[i], &n)) {
        h->sent_told = sent;
        h->sent_when = now;
        h->arp_told = arp;
    }
}

static void tell_quiet(struct capture *c, unsigned i, int64_t now)
{
    struct port_health *h = &c->health[i];
    const struct status_interface *s = &c->status[i];
    struct notice n = {.check = CHECK_NO_TRAFFIC, .gap = now - h->quiet_since};
    bool quiet;

    if (s->received != h->received_before || c->ports[i].trouble != PORT_FINE ||
        h->quiet_since == 0)
        h->quiet_since = now;
    quiet = now - h->quiet_since >= c->quiet;
    n.over = !quiet;
    if (quiet != h->quiet_told && (quiet || s->received != h->received_before) &&
        tell(c, &c->ports[i], &n))
        h->quiet_told = quiet;
    h->received_before = s->received;
}

/* ---- looking after ports --------------------------------------------------------- */

/* Counters of an interface begin anew when it is made anew. */
static void count_sent(struct capture *c, unsigned i, const struct link_state *link)
{
    struct port_health *h = &c->health[i];
    struct status_interface *s = &c->status[i];

    if (!link->counted || link->sent < h->sent_before || link->lost < h->lost_before)
        h->sent_before = h->lost_before = 0;
    if (!link->counted)
        return;
    if (h->counted) {
        s->sent += link->sent - h->sent_before;
        s->device_lost += link->lost - h->lost_before;
    }
    h->sent_before = link->sent;
    h->lost_before = link->lost;
    h->counted = true;
}

static void start(struct capture *c, unsigned i, const struct link_state *link)
{
    struct port *p = &c->ports[i];
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = p};

    if (port_open(p) != PORT_FINE)
        return;
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, p->descriptor, &event) != 0) {
        snprintf(p->error, sizeof p->error, "epoll: %m");
        port_close(p);
        p->trouble = PORT_REFUSED;
        return;
    }
    p->index = link->index;
    c->status[i].opened++;
}

static enum port_trouble trouble_of(const struct link_state *link)
{
    if (!link->index)
        return PORT_GONE;
    if (!link->up)
        return PORT_OFF;
    return link->carrier ? PORT_FINE : PORT_NO_CARRIER;
}

/*
 * A handle survives its interface going down, but not its going away: a new one of
 * the same name is another.
 */
static void look_after(struct capture *c, unsigned i, int64_t now)
{
    struct port *p = &c->ports[i];
    struct link_state link;

    link_look(c->links, p->name, &link);
    c->status[i].kernel_lost += port_lost(p);
    c->status[i].device_lost += port_missed(p);
    if (p->pcap && link.index != p->index)
        port_close(p);
    p->trouble = trouble_of(&link);
    if (!p->pcap && link.up)
        start(c, i, &link);
    if (p->pcap)
        p->trouble = trouble_of(&link);
    p->ready = p->pcap && !p->fetched;
    c->status[i].up = p->trouble == PORT_FINE;
    count_sent(c, i, &link);
    tell_trouble(c, i, now);
    tell_lost(c, i, now);
    tell_cut(c, i, now);
    tell_noise(c, i, &link, now);
    tell_quiet(c, i, now);
}

static void look_after_all(struct capture *c)
{
    int64_t now = now_monotonic();

    if (now - c->looked < LOOK_EVERY * NS_PER_S)
        return;
    c->looked = now;
    links_read(c->links);
    for (unsigned i = 0; i < c->nports; i++)
        look_after(c, i, now);
}

/* ---- the whole ------------------------------------------------------------------- */

static const char *group_of(const struct config_interface *i)
{
    return i->group ? i->group : i->name;
}

unsigned capture_groups(const struct config *config,
                        const char *groups[CONFIG_INTERFACES])
{
    unsigned found = 0, known;

    for (unsigned i = 0; i < config->ninterfaces && found < CONFIG_INTERFACES; i++) {
        const char *group = group_of(&config->interfaces[i]);

        for (known = 0; known < found; known++)
            if (strcmp(groups[known], group) == 0)
                break;
        if (known == found)
            groups[found++] = group;
    }
    return found;
}

static bool take_ports(struct capture *c, const struct config *config,
                       char error[PORT_ERROR])
{
    for (unsigned i = 0; i < config->ninterfaces && c->nports < CONFIG_INTERFACES; i++) {
        const struct config_interface *interface = &config->interfaces[i];
        struct status_interface *s = &c->status[c->nports];

        if (strcmp(group_of(interface), c->group) != 0)
            continue;
        if (!port_init(&c->ports[c->nports], interface, i, error))
            return false;
        memcpy(s->name, c->ports[c->nports].name, sizeof s->name);
        memcpy(s->group, c->group, sizeof s->group);
        c->nports++;
    }
    return true;
}

static bool open_descriptors(struct capture *c)
{
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->links = calloc(1, sizeof *c->links);
    if (c->links)
        c->links->socket = c->links->counters = -1;
    return c->epoll >= 0 && c->links && links_open(c->links);
}

/* What is there must be silent before it is opened, and must let itself be opened. */
static bool first_look(struct capture *c, char error[CAPTURE_ERROR])
{
    struct link_state link;

    for (unsigned i = 0; i < c->nports; i++) {
        link_look(c->links, c->ports[i].name, &link);
        if (link.index && c->ports[i].require_silent &&
            !link_is_silent(c->ports[i].name, error))
            return false;
    }
    look_after_all(c);
    for (unsigned i = 0; i < c->nports; i++)
        if (c->ports[i].trouble == PORT_REFUSED) {
            snprintf(error, CAPTURE_ERROR, "%s cannot be opened: %s", c->ports[i].name,
                     c->ports[i].error);
            return false;
        }
    return true;
}

bool capture_open(struct capture *c, const struct config *config, const char *group,
                  struct packet_ring *packets, struct ring *notices,
                  char error[CAPTURE_ERROR])
{
    memset(c, 0, sizeof *c);
    c->epoll = -1;
    c->packets = packets;
    c->notices = notices;
    c->quiet = QUIET * NS_PER_S;
    snprintf(c->group, sizeof c->group, "%s", group);
    if (!open_descriptors(c))
        snprintf(error, CAPTURE_ERROR, "%s: the capture cannot start: %m", c->group);
    else if (take_ports(c, config, error) && first_look(c, error))
        return true;
    capture_close(c);
    return false;
}

void capture_close(struct capture *c)
{
    for (unsigned i = 0; i < c->nports; i++)
        port_free(&c->ports[i]);
    if (c->links)
        links_close(c->links);
    free(c->links);
    if (c->epoll >= 0)
        close(c->epoll);
    c->links = NULL;
    c->epoll = -1;
    c->nports = 0;
}

unsigned capture_turn(struct capture *c, int ms,
                      void (*handler)(void *context, const struct raw *raw),
                      void *context)
{
    unsigned n = batch(c, handler, context);

    if (n == 0 && ms > 0) {
        wait_for_packets(c, ms);
        n = batch(c, handler, context);
    }
    look_after_all(c);
    return n;
}

void capture_lost(struct capture *c, uint32_t source)
{
    for (unsigned i = 0; i < c->nports; i++)
        if (c->ports[i].source == source)
            c->status[i].ring_lost++;
}

void capture_status(const struct capture *c, struct status_interface *out)
{
    for (unsigned i = 0; i < c->nports; i++) {
        struct status_interface *s = &out[c->ports[i].source];

        *s = c->status[i];
        s->ring_highest = packet_ring_highest(c->packets);
    }
}
