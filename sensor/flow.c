#include "sensor/flow.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/decode.h"

enum { OF_TABLE, OF_HOST }; /* which of the two lists a flow stands in */
enum { FLOWS_DEFAULT = 65536, HOST_SHARE = 8, ONE_WAY_PROOF = 3 };

enum {
    SECOND = 1000000000,
    GRACE_SECONDS = 5 /* what was used later than this, a full table spares */
};

/* Clients, for the quota: never more than there are flows. */
struct flow_host {
    struct address address;
    uint64_t hash;
    size_t flows;
    struct flow_host *chain;
    struct flow_list lists[FLOW_CLASSES];
};

/* --- lists ---------------------------------------------------------------- */

static void append(struct flow_list *list, struct flow *f, unsigned of)
{
    f->links[of] = (struct flow_links){list->newest, NULL};
    if (list->newest)
        list->newest->links[of].newer = f;
    else
        list->oldest = f;
    list->newest = f;
}

static void detach(struct flow_list *list, struct flow *f, unsigned of)
{
    struct flow_links *links = &f->links[of];

    if (links->older)
        links->older->links[of].newer = links->newer;
    else
        list->oldest = links->newer;
    if (links->newer)
        links->newer->links[of].older = links->older;
    else
        list->newest = links->older;
}

static void enlist(struct flow_table *t, struct flow *f, enum flow_class class)
{
    f->class = class;
    append(&t->lists[class], f, OF_TABLE);
    append(&f->host->lists[class], f, OF_HOST);
}

static void delist(struct flow_table *t, struct flow *f)
{
    detach(&t->lists[f->class], f, OF_TABLE);
    detach(&f->host->lists[f->class], f, OF_HOST);
}

/* --- clients -------------------------------------------------------------- */

static struct flow_host *host_find(struct flow_table *t, const struct address *a,
                                   uint64_t hash)
{
    struct flow_host *h = t->host_buckets[hash & t->mask];

    while (h && (h->hash != hash || !address_equal(&h->address, a)))
        h = h->chain;
    return h;
}

static struct flow_host *host_take(struct flow_table *t, const struct address *a,
                                   uint64_t hash)
{
    struct flow_host *h = host_find(t, a, hash);

    if (h)
        return h;
    h = pool_take(&t->hosts);
    assert(h); /* as many as flows, and one flow at least is free */
    *h = (struct flow_host){
        .address = *a, .hash = hash, .chain = t->host_buckets[hash & t->mask]};
    t->host_buckets[hash & t->mask] = h;
    return h;
}

static void host_release(struct flow_table *t, struct flow_host *h)
{
    struct flow_host **at = &t->host_buckets[h->hash & t->mask];

    if (--h->flows)
        return;
    while (*at != h)
        at = &(*at)->chain;
    *at = h->chain;
    pool_give(&t->hosts, h);
}

/* --- the end of a flow ---------------------------------------------------- */

static void end(struct flow_table *t, struct flow *f, enum flow_reason reason, int64_t at)
{
    struct flow **link = &t->buckets[f->hash & t->mask];

    while (*link != f)
        link = &(*link)->chain;
    *link = f->chain;
    delist(t, f);
    host_release(t, f->host);
    t->counters.ended[reason]++;
    if (t->ended)
        t->ended(t->context, f, reason, at);
    pool_give(&t->flows, f);
}

/*
 * The flow missed least: of the most disposable class, the one unused longest.
 * New connections compete with new ones only when nothing else is idle.
 */
static struct flow *least_missed(const struct flow_list *lists, int64_t now)
{
    struct flow *any = NULL;

    for (unsigned i = 0; i < FLOW_CLASSES; i++) {
        struct flow *f = lists[i].oldest;

        if (f && now - f->used >= (int64_t)GRACE_SECONDS * SECOND)
            return f;
        if (f && !any)
            any = f;
    }
    return any;
}

/* The flow whose time runs out first, and when. */
static struct flow *first_due(const struct flow_table *t, int64_t *deadline)
{
    struct flow *next = NULL;

    *deadline = INT64_MAX;
    for (unsigned i = 0; i < FLOW_CLASSES; i++) {
        struct flow *f = t->lists[i].oldest;

        if (f && f->used + t->options.idle[i] < *deadline) {
            next = f;
            *deadline = f->used + t->options.idle[i];
        }
    }
    return next;
}

int64_t flow_due(const struct flow_table *t)
{
    int64_t deadline;

    first_due(t, &deadline);
    return deadline;
}

void flow_expire(struct flow_table *t, int64_t now)
{
    struct flow *next;
    int64_t deadline;

    while ((next = first_due(t, &deadline)) && deadline <= now)
        end(t, next, FLOW_IDLE, deadline);
}

static int by_number(const void *a, const void *b)
{
    const struct flow *const *x = a, *const *y = b;

    return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

void flow_close_all(struct flow_table *t, int64_t now)
{
    size_t n = 0;

    for (unsigned i = 0; i < FLOW_CLASSES; i++)
        for (struct flow *f = t->lists[i].oldest; f; f = f->links[OF_TABLE].newer)
            t->sorted[n++] = f;
    qsort(t->sorted, n, sizeof(struct flow *), by_number);
    for (size_t i = 0; i < n; i++)
        end(t, t->sorted[i], FLOW_STOPPED, now);
}

/* --- TCP ------------------------------------------------------------------ */

/*
 * Does this packet open another connection on the ports of f?  A SYN does
 * unless it repeats the one known, or is the first that this side sends while
 * the connection is being opened (SYN+ACK, a late SYN, a simultaneous open).
 */
static bool begins_another(const struct flow *f, const struct packet *p, unsigned d)
{
    const struct flow_side *s = &f->side[d];

    if (f->key.protocol != IP_TCP || !(p->tcp_flags & TCP_SYN))
        return false;
    if (p->flags & PACKET_FRAGMENT || p->tcp_flags & TCP_RST)
        return false;
    if (s->has_isn)
        return s->isn != p->seq;
    return f->closed || f->midstream || f->established || s->going;
}

static void learn_isn(struct flow *f, const struct packet *p, unsigned d)
{
    struct flow_side *other = &f->side[1 - d];

    f->side[d].has_isn = true;
    f->side[d].isn = p->seq;
    if (p->tcp_flags & TCP_ACK && !other->has_isn) {
        other->has_isn = true;
        other->isn = p->ack - 1;
    }
}

static void follow_tcp(struct flow *f, const struct packet *p, unsigned d)
{
    struct flow_side *s = &f->side[d], *other = &f->side[1 - d];

    s->tcp_flags |= p->tcp_flags;
    if (p->tcp_flags & TCP_RST)
        f->closed = true;
    else if (p->tcp_flags & TCP_SYN)
        learn_isn(f, p, d);
    else if (s->going < UINT8_MAX)
        s->going++;
    if (s->tcp_flags & other->tcp_flags & TCP_FIN)
        f->closed = true;
    if (s->going && (other->tcp_flags & TCP_ACK || s->going >= ONE_WAY_PROOF))
        f->established = true;
}

static void first_tcp(struct flow *f, const struct packet *p, unsigned d)
{
    f->initiator_sure = p->tcp_flags & TCP_SYN;
    f->midstream = !f->initiator_sure;
    if (f->initiator_sure && p->tcp_flags & TCP_ACK)
        f->initiator = (uint8_t)(1 - d);
}

/* --- finding -------------------------------------------------------------- */

static bool is_tcp(const struct packet *p)
{
    return p->protocol == IP_TCP && !(p->flags & PACKET_FRAGMENT);
}

/* Sets *direction to the side that sent p. */
static struct flow_key key_of(const struct packet *p, unsigned *direction)
{
    int order = memcmp(p->src.bytes, p->dst.bytes, sizeof p->src.bytes);
    unsigned d = order > 0 || (order == 0 && p->src_port > p->dst_port);
    struct flow_key key = {.protocol = p->protocol, .family = p->src.family};

    memcpy(key.address[d], p->src.bytes, sizeof p->src.bytes);
    memcpy(key.address[1 - d], p->dst.bytes, sizeof p->dst.bytes);
    key.port[d] = p->src_port;
    key.port[1 - d] = p->dst_port;
    *direction = d;
    return key;
}

/* The 16 bytes that an IPv4 key fills hash in half the time. */
static uint64_t hash_of(const struct flow_table *t, const struct flow_key *key)
{
    uint8_t four[16];

    if (key->family != ADDRESS_V4)
        return hash_keyed(&t->secret, key, sizeof *key);
    memcpy(four, key->address[0], 4);
    memcpy(four + 4, key->address[1], 4);
    memcpy(four + 8, key->port, sizeof key->port);
    memcpy(four + 12, &key->protocol, 4);
    return hash_keyed(&t->secret, four, sizeof four);
}

static struct flow *look_up(const struct flow_table *t, const struct flow_key *key,
                            uint64_t hash)
{
    struct flow *f = t->buckets[hash & t->mask];

    while (f && (f->hash != hash || memcmp(&f->key, key, sizeof *key) != 0))
        f = f->chain;
    return f;
}

struct address flow_address(const struct flow *f, unsigned side)
{
    struct address a = {.family = f->key.family};

    memcpy(a.bytes, f->key.address[side], sizeof a.bytes);
    return a;
}

/* Makes room: first in the client's share, then in the table. */
static void make_room(struct flow_table *t, const struct address *client, uint64_t hash,
                      int64_t now)
{
    struct flow_host *h = host_find(t, client, hash);

    if (h && h->flows >= t->options.per_host)
        end(t, least_missed(h->lists, now), FLOW_QUOTA, now);
    if (t->flows.used == t->flows.total)
        end(t, least_missed(t->lists, now), FLOW_EVICTED, now);
}

static uint64_t stable_id(const struct flow_key *key, int64_t start)
{
    uint64_t seed = hash_stable(0, key, sizeof *key);

    return hash_id53(hash_stable(seed, &start, sizeof start));
}

static struct flow *begin(struct flow_table *t, const struct packet *p,
                          const struct flow_key *key, unsigned d, int64_t now)
{
    struct flow first = {
        .key = *key, .start = p->time, .number = p->number, .initiator = (uint8_t)d};
    struct address client;
    struct flow *f;
    uint64_t hash;

    if (is_tcp(p))
        first_tcp(&first, p, d);
    client = flow_address(&first, first.initiator);
    hash = hash_keyed(&t->secret, &client, sizeof client);
    make_room(t, &client, hash, now);
    f = pool_take(&t->flows);
    assert(f);
    *f = first;
    f->id = stable_id(key, f->start);
    f->host = host_take(t, &client, hash);
    f->host->flows++;
    t->counters.started++;
    return f;
}

static void enter(struct flow_table *t, struct flow *f, uint64_t hash)
{
    struct flow **bucket = &t->buckets[hash & t->mask];

    f->hash = hash;
    f->chain = *bucket;
    *bucket = f;
}

static void learn_mac(struct flow_side *s, const uint8_t *mac)
{
    if (s->has_mac) {
        s->mac_changed |= memcmp(s->mac, mac, MAC_SIZE) != 0;
        return;
    }
    memcpy(s->mac, mac, MAC_SIZE);
    s->has_mac = true;
}

/* Until a side speaks, its address is where frames for it go. */
static void guess_mac(struct flow_side *s, const uint8_t *mac)
{
    if (!s->has_mac)
        memcpy(s->mac, mac, MAC_SIZE);
}

static void count(struct flow *f, const struct packet *p, unsigned d)
{
    struct flow_side *s = &f->side[d];

    s->packets++;
    s->bytes += p->wire;
    s->payload += p->payload_wire;
    if (p->has_macs) {
        learn_mac(s, p->src_mac);
        guess_mac(&f->side[1 - d], p->dst_mac);
    }
    if (p->nvlans && !s->nvlans) {
        s->nvlans = p->nvlans;
        memcpy(s->vlans, p->vlans, sizeof s->vlans);
    }
    if (p->time > f->last || !f->last)
        f->last = p->time;
    f->frame = p->frame;
    f->source = p->source;
}

static enum flow_class class_of(const struct flow *f)
{
    if (f->key.protocol == IP_UDP)
        return FLOW_UDP;
    if (f->key.protocol != IP_TCP || (!f->key.port[0] && !f->key.port[1]))
        return FLOW_OTHER;
    if (f->closed)
        return FLOW_CLOSED;
    return f->established ? FLOW_ESTABLISHED : FLOW_OPENING;
}

static void use(struct flow_table *t, struct flow *f, int64_t now)
{
    enum flow_class class = class_of(f);

    f->used = now;
    if (class == f->class && !f->links[OF_TABLE].newer && !f->links[OF_HOST].newer)
        return;
    delist(t, f);
    enlist(t, f, class);
}

struct flow *flow_find(struct flow_table *t, const struct packet *p, int64_t now,
                       unsigned *direction, bool *is_new)
{
    struct flow_key key;
    struct flow *f;
    uint64_t hash;

    if (p->src.family == ADDRESS_NONE || p->flags & PACKET_BAD_LENGTH) {
        t->counters.ignored++;
        return NULL;
    }
    key = key_of(p, direction);
    hash = hash_of(t, &key);
    f = look_up(t, &key, hash);
    if (f && begins_another(f, p, *direction)) {
        end(t, f, FLOW_REUSED, now);
        f = NULL;
    }
    *is_new = !f;
    if (!f) {
        f = begin(t, p, &key, *direction, now);
        enter(t, f, hash);
        enlist(t, f, class_of(f));
    }
    count(f, p, *direction);
    if (is_tcp(p))
        follow_tcp(f, p, *direction);
    use(t, f, now);
    return f;
}

bool flow_one_way(const struct flow *f)
{
    return !f->side[0].packets || !f->side[1].packets;
}

/* --- Community ID --------------------------------------------------------- */

/*
 * ICMP messages that stand alone have a direction: then the sender comes
 * first, whichever address is lower.
 */
static unsigned community_first(const struct flow *f)
{
    uint8_t protocol = f->key.protocol;
    uint8_t type = (uint8_t)f->key.port[f->initiator];

    if (protocol != IP_ICMP && protocol != IP_ICMPV6)
        return 0;
    return icmp_counterpart(protocol, type) < 0 ? f->initiator : 0;
}

static bool has_ports(const struct flow *f)
{
    enum { SCTP = 132 };
    uint8_t protocol = f->key.protocol;

    return protocol == IP_TCP || protocol == IP_UDP || protocol == SCTP ||
           protocol == IP_ICMP || protocol == IP_ICMPV6;
}

/* seed(2) first address, second address, protocol(1) 0(1) first port, second port */
const char *flow_community_id(const struct flow *f, char out[COMMUNITY_ID_TEXT])
{
    size_t size = f->key.family == ADDRESS_V4 ? 4 : 16, n = 2;
    unsigned first = community_first(f), ndigest = 0;
    uint8_t text[2 + 16 + 16 + 2 + 4] = {0}, digest[EVP_MAX_MD_SIZE];

    for (unsigned i = 0; i < 2; i++, n += size)
        memcpy(text + n, f->key.address[first ^ i], size);
    text[n++] = f->key.protocol;
    text[n++] = 0;
    for (unsigned i = 0; i < 2 && has_ports(f); i++) {
        text[n++] = (uint8_t)(f->key.port[first ^ i] >> 8);
        text[n++] = (uint8_t)f->key.port[first ^ i];
    }
    out[0] = '\0';
    if (EVP_Digest(text, n, digest, &ndigest, EVP_sha1(), NULL) != 1 || ndigest != 20)
        return out;
    memcpy(out, "1:", 2);
    EVP_EncodeBlock((unsigned char *)out + 2, digest, 20);
    return out;
}

/* --- opening -------------------------------------------------------------- */

static void set_defaults(struct flow_options *o)
{
    static const int64_t seconds[FLOW_CLASSES] = {
        [FLOW_CLOSED] = 10, [FLOW_OPENING] = 60,       [FLOW_OTHER] = 60,
        [FLOW_UDP] = 300,   [FLOW_ESTABLISHED] = 3600,
    };

    if (!o->flows)
        o->flows = FLOWS_DEFAULT;
    if (!o->per_host)
        o->per_host = o->flows < HOST_SHARE ? 1 : o->flows / HOST_SHARE;
    for (unsigned i = 0; i < FLOW_CLASSES; i++)
        if (!o->idle[i])
            o->idle[i] = seconds[i] * SECOND;
}

static size_t buckets_for(size_t flows)
{
    size_t n = 16;

    while (n < 2 * flows)
        n *= 2;
    return n;
}

bool flow_open(struct flow_table *t, const struct flow_options *options)
{
    size_t n;

    *t = (struct flow_table){.secret = hash_key_random()};
    if (options)
        t->options = *options;
    set_defaults(&t->options);
    n = buckets_for(t->options.flows);
    t->mask = n - 1;
    t->buckets = calloc(n, sizeof(struct flow *));
    t->host_buckets = calloc(n, sizeof(struct flow_host *));
    t->sorted = calloc(t->options.flows, sizeof(struct flow *));
    if (pool_open(&t->flows, "flows", sizeof(struct flow), t->options.flows) &&
        pool_open(&t->hosts, "clients", sizeof(struct flow_host), t->options.flows) &&
        t->buckets && t->host_buckets && t->sorted)
        return true;
    flow_close(t);
    return false;
}

size_t flow_memory(size_t flows)
{
    size_t n = flows ? flows : FLOWS_DEFAULT;

    return buckets_for(n) * (sizeof(struct flow *) + sizeof(struct flow_host *)) +
           n * sizeof(struct flow *) + pool_memory(sizeof(struct flow), n) +
           pool_memory(sizeof(struct flow_host), n);
}

void flow_close(struct flow_table *t)
{
    free(t->buckets);
    free(t->host_buckets);
    free(t->sorted);
    pool_close(&t->flows);
    pool_close(&t->hosts);
    *t = (struct flow_table){0};
}
