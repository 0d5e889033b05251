#include "sensor/conversation.h"

#include <assert.h>
#include <string.h>

enum {
    EARLY_SEGMENTS = 64,
    EARLY_BYTES = 4096,
    SMALL = 4096,
    LARGE = 65536 + 512,
    ATTEMPTS = 8, /* beginnings tried where no port gives a hint */
    WALK = 3,     /* boundaries looked at to identify */
    SEARCH = 256, /* places looked at for a boundary in one segment */
};

/* The first segments of both sides, as they came. */
struct early {
    unsigned n;
    uint32_t len;
    struct {
        struct stream_origin origin;
        uint32_t at, len;
        uint8_t side;
    } segment[EARLY_SEGMENTS];
    uint8_t bytes[EARLY_BYTES];
};

/* ---- the pools ------------------------------------------------------------- */

bool conversations_open(struct conversations *all, struct exchanger *exchanger, size_t n)
{
    *all = (struct conversations){.exchanger = exchanger};
    return pool_open(&all->places, "conversations", sizeof(struct conversation), n) &&
           pool_open(&all->early, "first segments", sizeof(struct early), n / 32 + 1) &&
           pool_open(&all->small, "message buffers", SMALL, n / 16 + 1) &&
           pool_open(&all->large, "large message buffers", LARGE, n / 256 + 1);
}

size_t conversations_memory(size_t n)
{
    return pool_memory(sizeof(struct conversation), n) +
           pool_memory(sizeof(struct early), n / 32 + 1) +
           pool_memory(SMALL, n / 16 + 1) + pool_memory(LARGE, n / 256 + 1);
}

void conversations_close(struct conversations *all)
{
    pool_close(&all->places);
    pool_close(&all->early);
    pool_close(&all->small);
    pool_close(&all->large);
}

struct conversation *conversation_begin(struct conversations *all,
                                        const struct flow *flow)
{
    struct conversation *c = pool_take(&all->places);

    if (!c) {
        all->counters.no_place++;
        return NULL;
    }
    *c = (struct conversation){.home = all, .flow = flow};
    return c;
}

static void let_early(struct conversation *c)
{
    if (c->early)
        pool_give(&c->home->early, c->early);
    c->early = NULL;
}

static void let_held(struct conversation *c, struct held *h)
{
    if (h->at)
        pool_give(h->room == SMALL ? &c->home->small : &c->home->large, h->at);
    *h = (struct held){.skip = h->skip};
}

void conversation_end(struct conversation *c, enum outcome outcome)
{
    if (c->state == DECIDED)
        exchange_close(&c->exchange, outcome);
    let_early(c);
    let_held(c, &c->held[0]);
    let_held(c, &c->held[1]);
    pool_give(&c->home->places, c);
}

/* ---- who is who ------------------------------------------------------------ */

static bool uses_port(const struct dissector *d, uint8_t protocol, uint16_t port)
{
    const uint16_t *ports = protocol == TRANSPORT_UDP ? d->udp_ports : d->tcp_ports;

    for (unsigned i = 0; i < DISSECTOR_PORTS; i++) {
        if (ports[i] == port && port != 0)
            return true;
    }
    return false;
}

const struct dissector *conversation_expected(const struct flow *flow)
{
    for (unsigned i = 0; i < ndissectors; i++) {
        for (unsigned side = 0; side < 2; side++) {
            if (uses_port(dissectors[i], flow->key.protocol, flow->key.port[side]))
                return dissectors[i];
        }
    }
    return NULL;
}

/* The handshake says it, else the port, else the message, else who spoke first; where
 * servers open connections too, the message comes first. */
static unsigned client_of(const struct flow *flow, const struct dissector *d,
                          unsigned sender, unsigned content)
{
    bool serves[2];

    if (d->sender_is_sure && content)
        return content == SIDE_REQUEST ? sender : 1 - sender;
    if (flow->initiator_sure)
        return flow->initiator;
    for (unsigned side = 0; side < 2; side++)
        serves[side] = uses_port(d, flow->key.protocol, flow->key.port[side]);
    if (serves[0] != serves[1])
        return serves[0] ? 1 : 0;
    if (content)
        return content == SIDE_REQUEST ? sender : 1 - sender;
    return flow->initiator;
}

static void copy_tags(const struct flow *flow, struct parties *out)
{
    unsigned side = flow->side[0].nvlans >= flow->side[1].nvlans ? 0 : 1;

    out->nvlans = flow->side[side].nvlans;
    memcpy(out->vlans, flow->side[side].vlans, sizeof out->vlans);
}

static void count_parties(const struct flow *flow, unsigned client, struct parties *out)
{
    for (unsigned way = 0; way < 2; way++) {
        const struct flow_side *from = &flow->side[way == 0 ? client : 1 - client];

        out->packets[way] = from->packets;
        out->bytes[way] = from->bytes;
    }
    out->one_way = flow_one_way(flow);
}

void conversation_parties(const struct conversation *c, const struct flow *flow,
                          struct parties *out)
{
    unsigned client = c && c->state == DECIDED ? c->client : flow->initiator;
    const struct flow_side *from = &flow->side[client], *to = &flow->side[1 - client];

    *out = (struct parties){.client = flow_address(flow, client),
                            .server = flow_address(flow, 1 - client),
                            .client_port = flow->key.port[client],
                            .server_port = flow->key.port[1 - client],
                            .has_macs = from->has_mac || to->has_mac,
                            .midstream = flow->midstream,
                            .protocol = flow->key.protocol,
                            .flow_id = flow->id,
                            .flow_number = flow->number,
                            .flow_start = flow->start};
    memcpy(out->client_mac, from->mac, MAC_SIZE);
    memcpy(out->server_mac, to->mac, MAC_SIZE);
    copy_tags(flow, out);
    count_parties(flow, client, out);
}

static struct side side_of(const struct conversation *c, unsigned sender)
{
    return (struct side){.direction = sender == c->client ? SIDE_REQUEST : SIDE_RESPONSE,
                         .transport = c->flow->key.protocol,
                         .framing = c->framing,
                         .sure = true};
}

/* ---- one message ----------------------------------------------------------- */

static enum verdict read_message(struct conversation *c, unsigned sender,
                                 struct bytes data, const struct stream_origin *origin,
                                 uint64_t first)
{
    struct side side = side_of(c, sender);
    bool truncated = false;
    struct cursor cur = cur_over(data, &truncated);
    struct message m = {.time = origin->time,
                        .frame = origin->frame,
                        .first = first,
                        .source = origin->source,
                        .length = (uint32_t)data.len,
                        .side = (uint8_t)side.direction};
    enum verdict verdict;

    if (c->held[1 - sender].len >
        0) /* half a question: its answer is no orphan's fault */
        c->exchange.blind = true;
    count_parties(c->flow, c->client, &c->parties);
    exchange_begin(&c->exchange, &m, data.at);
    verdict = c->dissector->message(&c->exchange, &side, &cur);
    exchange_settle(&c->exchange, &cur);
    if (verdict == TAKEN) {
        c->messages++;
        c->home->counters.messages++;
    }
    return verdict;
}

/* The capture holds only its beginning: read what is there, and say so. */
static void read_part(struct conversation *c, unsigned sender, struct bytes data,
                      const struct stream_origin *origin, uint64_t first)
{
    c->home->counters.cut++;
    c->exchange.cut = true;
    read_message(c, sender, data, origin, first);
    c->exchange.cut = false;
}

static long length_at(const struct conversation *c, unsigned sender, struct bytes data,
                      bool sure)
{
    struct side side = side_of(c, sender);
    bool truncated = false;

    side.sure = sure;
    return c->dissector->length(&side, cur_over(data, &truncated));
}

/* ---- cutting --------------------------------------------------------------- */

static struct bytes after(struct bytes b, size_t n)
{
    return (struct bytes){b.at + n, b.len - n};
}

static void skip(struct conversation *c, size_t n)
{
    c->skipped += n;
    c->home->counters.skipped += n;
}

/* The next place where a message may begin; data.len when there is none. */
static size_t boundary(const struct conversation *c, unsigned sender, struct bytes data)
{
    size_t last = data.len < SEARCH ? data.len : SEARCH;

    for (size_t at = 1; at < last; at++) {
        long n = length_at(c, sender, after(data, at), false);

        if (n > 0 && (size_t)n <= data.len - at)
            return at;
    }
    return data.len;
}

/* Reads all whole messages; what is left is the beginning of another. */
static struct bytes cut(struct conversation *c, unsigned sender, struct bytes data,
                        const struct stream_origin *origin, uint64_t first)
{
    bool found = true; /* data begins where a message does */

    while (data.len > 0) {
        long n = length_at(c, sender, data, found);
        size_t at;

        if (n == LENGTH_UNKNOWN || (n > 0 && (size_t)n > data.len))
            break;
        if (n > 0 && read_message(c, sender, (struct bytes){data.at, (size_t)n}, origin,
                                  first) == TAKEN) {
            data = after(data, (size_t)n);
            first = origin->frame;
            found = true;
            continue;
        }
        c->home->counters.resyncs++;
        at = boundary(c, sender, data);
        skip(c, at);
        data = after(data, at);
        first = origin->frame;
        found = false;
    }
    return data;
}

/* Bytes that begin a message wait here for the rest. */
static bool make_room(struct conversation *c, struct held *h, size_t need)
{
    uint8_t *larger;

    if (need <= h->room)
        return true;
    if (need > LARGE)
        return false;
    larger = pool_take(need <= SMALL ? &c->home->small : &c->home->large);
    if (!larger)
        return false;
    if (h->at) {
        memcpy(larger, h->at, h->len);
        pool_give(h->room == SMALL ? &c->home->small : &c->home->large, h->at);
    }
    h->at = larger;
    h->room = need <= SMALL ? SMALL : LARGE;
    return true;
}

static bool hold(struct conversation *c, struct held *h, struct bytes data)
{
    if (!make_room(c, h, h->len + data.len)) {
        c->home->counters.no_held++;
        skip(c, h->len + data.len);
        let_held(c, h);
        return false;
    }
    memcpy(h->at + h->len, data.at, data.len);
    h->len += (uint32_t)data.len;
    return true;
}

static void cut_held(struct conversation *c, unsigned sender,
                     const struct stream_origin *origin)
{
    struct held *h = &c->held[sender];
    struct bytes rest = cut(c, sender, (struct bytes){h->at, h->len}, origin, h->first);

    if (rest.len == 0) {
        let_held(c, h);
    } else if (rest.at != h->at) {
        memmove(h->at, rest.at, rest.len);
        h->len = (uint32_t)rest.len;
        h->first = origin->frame;
    }
}

/* The rest of a message whose middle is missing: its end is known. */
static struct bytes pass_over(struct conversation *c, struct held *h, struct bytes data)
{
    size_t n = h->skip < data.len ? (size_t)h->skip : data.len;

    h->skip -= n;
    skip(c, n);
    return after(data, n);
}

/* A datagram is whole or cut for good: nothing of it waits for another. */
static void decided_datagram(struct conversation *c, unsigned sender, struct bytes data,
                             bool whole, const struct stream_origin *origin)
{
    struct bytes rest = data;

    if (whole)
        rest = cut(c, sender, data, origin, origin->frame);
    if (rest.len == 0 || length_at(c, sender, rest, true) <= 0)
        return;
    if (whole)
        read_message(c, sender, rest, origin, origin->frame);
    else
        read_part(c, sender, rest, origin, origin->frame);
}

static void decided_stream(struct conversation *c, unsigned sender, struct bytes data,
                           const struct stream_origin *origin)
{
    struct held *h = &c->held[sender];

    data = pass_over(c, h, data);
    if (data.len == 0)
        return;
    if (h->len == 0) {
        data = cut(c, sender, data, origin, origin->frame);
        h->first = origin->frame;
        if (data.len > 0)
            hold(c, h, data);
    } else if (hold(c, h, data)) {
        cut_held(c, sender, origin);
    }
}

static void decided_bytes(struct conversation *c, unsigned sender, struct bytes data,
                          const struct stream_origin *origin)
{
    if (c->flow->key.protocol == TRANSPORT_UDP)
        decided_datagram(c, sender, data, true, origin);
    else
        decided_stream(c, sender, data, origin);
}

/* ---- identification -------------------------------------------------------- */

/* What one side sent so far, in one piece; `out` holds it. */
static struct bytes early_of(const struct early *e, unsigned sender,
                             uint8_t out[EARLY_BYTES])
{
    size_t len = 0;

    for (unsigned i = 0; i < e->n; i++) {
        if (e->segment[i].side != sender)
            continue;
        memcpy(out + len, e->bytes + e->segment[i].at, e->segment[i].len);
        len += e->segment[i].len;
    }
    return (struct bytes){out, len};
}

/* Boundaries that fit one another: how many, or LENGTH_NOT_MINE. */
static long walk(const struct dissector *d, const struct side *side, struct bytes data)
{
    long found = 0;

    while (data.len > 0 && found < WALK) {
        bool truncated = false;
        long n = d->length(side, cur_over(data, &truncated));

        if (n == LENGTH_NOT_MINE) /* whatever follows, a checksum was right */
            return d->one_is_proof && found ? found : LENGTH_NOT_MINE;
        if (n == LENGTH_UNKNOWN || (size_t)n > data.len)
            break;
        data = after(data, (size_t)n);
        found++;
    }
    return found;
}

static uint8_t nframings(const struct dissector *d)
{
    uint8_t n = 0;

    while (d->framings && d->framings[n].name)
        n++;
    return n ? n : 1;
}

static uint8_t framing_code(const struct dissector *d, uint8_t i)
{
    return d->framings ? (uint8_t)d->framings[i].code : 0;
}

/* Direction of a sender before the dissector had a say; 0: not known. */
static uint8_t direction_hint(const struct conversation *c, const struct dissector *d,
                              unsigned sender)
{
    bool serves = uses_port(d, c->flow->key.protocol, c->flow->key.port[sender]);
    bool served = uses_port(d, c->flow->key.protocol, c->flow->key.port[1 - sender]);

    if (c->flow->initiator_sure)
        return c->flow->initiator == sender ? SIDE_REQUEST : SIDE_RESPONSE;
    if (serves == served)
        return 0;
    return serves ? SIDE_RESPONSE : SIDE_REQUEST;
}

static void decide(struct conversation *c, const struct dissector *d, uint8_t framing,
                   unsigned sender, struct bytes data)
{
    struct side side = {
        .transport = c->flow->key.protocol, .framing = framing, .sure = true};
    bool truncated = false;
    unsigned content = d->sender ? d->sender(&side, cur_over(data, &truncated)) : 0;

    c->state = DECIDED;
    c->dissector = d;
    c->framing = framing;
    c->client = (uint8_t)client_of(c->flow, d, sender, content);
    conversation_parties(c, c->flow, &c->parties);
    exchange_open(&c->exchange, c->home->exchanger, &d->schema, &d->patience,
                  &c->parties);
    c->exchange.blind |= c->gaps > 0;
    c->home->counters.identified++;
}

/* One dissector, one framing: decided, possible (true) or out of the question. */
static bool consider(struct conversation *c, const struct dissector *d, uint8_t framing,
                     struct bytes sent[2], unsigned sender)
{
    bool hinted = conversation_expected(c->flow) == d;
    long found[2] = {0, 0};

    for (unsigned side = 0; side < 2; side++) {
        struct side from = {.direction = direction_hint(c, d, side),
                            .transport = c->flow->key.protocol,
                            .framing = framing,
                            .usual = hinted};

        found[side] = walk(d, &from, sent[side]);
        if (found[side] == LENGTH_NOT_MINE)
            return false;
    }
    if (found[0] + found[1] >= (hinted || d->one_is_proof ? 1 : 2)) {
        unsigned first = sent[sender].len && found[sender] ? sender : 1 - sender;

        decide(c, d, framing, first, sent[first]);
    }
    return true;
}

static bool consider_all(struct conversation *c, struct bytes sent[2], unsigned sender)
{
    const struct dissector *hint = conversation_expected(c->flow);
    bool possible = false;

    for (unsigned i = 0; i <= ndissectors && c->state == UNDECIDED; i++) {
        const struct dissector *d = i == 0 ? hint : dissectors[i - 1];

        if (!d || (i > 0 && d == hint))
            continue;
        for (uint8_t f = 0; f < nframings(d) && c->state == UNDECIDED; f++)
            possible |= consider(c, d, framing_code(d, f), sent, sender);
    }
    return possible;
}

/* With the protocol known, the first segments are read as if they came now. */
static void replay_early(struct conversation *c)
{
    struct early *e = c->early;

    c->early = NULL;
    for (unsigned i = 0; e && i < e->n; i++)
        decided_bytes(c, e->segment[i].side,
                      (struct bytes){e->bytes + e->segment[i].at, e->segment[i].len},
                      &e->segment[i].origin);
    if (e)
        pool_give(&c->home->early, e);
}

/* Nobody wants this beginning.  A port that gives a hint is never given up. */
static void not_wanted(struct conversation *c)
{
    let_early(c);
    if (conversation_expected(c->flow) || ++c->attempts < ATTEMPTS)
        return;
    c->state = GIVEN_UP;
    c->home->counters.given_up++;
}

static bool keep_early(struct conversation *c, unsigned sender, struct bytes data,
                       const struct stream_origin *origin)
{
    struct early *e = c->early;

    if (!e) {
        e = c->early = pool_take(&c->home->early);
        if (!e) {
            c->home->counters.no_early++;
            return false;
        }
        e->n = 0;
        e->len = 0;
    }
    if (e->n == EARLY_SEGMENTS || data.len > EARLY_BYTES - e->len)
        return false;
    memcpy(e->bytes + e->len, data.at, data.len);
    e->segment[e->n].origin = *origin;
    e->segment[e->n].at = e->len;
    e->segment[e->n].len = (uint32_t)data.len;
    e->segment[e->n].side = (uint8_t)sender;
    e->n++;
    e->len += (uint32_t)data.len;
    return true;
}

/* Nobody wants the bytes as they begin.  On a port that gives a hint, a good message
 * may follow the bad one in the same segment. */
static bool decide_behind(struct conversation *c, unsigned sender, struct bytes data,
                          const struct stream_origin *origin)
{
    const struct dissector *hint = conversation_expected(c->flow);
    size_t last = data.len < SEARCH ? data.len : SEARCH;

    for (size_t at = 1; hint && at < last; at++) {
        struct bytes sent[2] = {{NULL, 0}, {NULL, 0}};

        sent[sender] = after(data, at);
        for (uint8_t f = 0; f < nframings(hint) && c->state == UNDECIDED; f++)
            consider(c, hint, framing_code(hint, f), sent, sender);
        if (c->state == DECIDED) {
            skip(c, at);
            decided_bytes(c, sender, sent[sender], origin);
            return true;
        }
    }
    return false;
}

static void undecided_bytes(struct conversation *c, unsigned sender, struct bytes data,
                            const struct stream_origin *origin)
{
    uint8_t room[2][EARLY_BYTES];
    struct bytes sent[2] = {{NULL, 0}, {NULL, 0}};
    bool possible;

    sent[sender] = data;
    if (c->early) {
        if (!keep_early(c, sender, data, origin)) {
            not_wanted(c);
            return;
        }
        for (unsigned side = 0; side < 2; side++)
            sent[side] = early_of(c->early, side, room[side]);
    }
    possible = consider_all(c, sent, sender);
    if (c->state == DECIDED && c->early)
        replay_early(c);
    else if (c->state == DECIDED)
        decided_bytes(c, sender, data, origin);
    else if (possible ? !c->early && !keep_early(c, sender, data, origin)
                      : !decide_behind(c, sender, data, origin))
        not_wanted(c);
}

/* ---- what the stream brings ------------------------------------------------ */

void conversation_bytes(struct conversation *c, unsigned side, struct bytes data,
                        const struct stream_origin *origin)
{
    if (data.len == 0)
        return;
    if (c->state == DECIDED)
        decided_bytes(c, side, data, origin);
    else if (c->state == UNDECIDED)
        undecided_bytes(c, side, data, origin);
}

void conversation_gap(struct conversation *c, unsigned side, uint64_t missing,
                      const struct stream_origin *origin)
{
    struct held *h = &c->held[side];
    struct bytes data = {h->at, h->len};
    uint64_t open;
    long n;

    c->gaps++;
    c->gap_bytes += missing;
    let_early(c);
    if (c->state != DECIDED)
        return;
    c->exchange.blind = true;
    open = h->skip;
    if (h->len > 0) {
        n = length_at(c, side, data, true);
        open = n > 0 ? (uint64_t)n - h->len : 0;
        if (n > 0)
            read_part(c, side, data, origin, h->first);
        let_held(c, h);
    }
    h->skip = missing > 0 && open > missing ? open - missing : 0;
}

void conversation_datagram(struct conversation *c, unsigned side, struct bytes data,
                           bool whole, const struct stream_origin *origin)
{
    if (data.len == 0)
        return;
    if (c->state == DECIDED)
        decided_datagram(c, side, data, whole, origin);
    else if (c->state == UNDECIDED)
        undecided_bytes(c, side, data, origin);
}
