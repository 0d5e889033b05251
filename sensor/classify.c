/*
 * Bounds around nDPI: which packets it sees, how many, and in how much memory.
 */

#include "sensor/classify.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/ndpi_compat.h"

enum { NS_PER_MS = 1000000 };
enum { DEFAULT_MEMORY = 32 << 20 };

/*
 * No packet is fed unless this much may still be allocated: nDPI does not look at the
 * answer of malloc everywhere, so a refusal may be its end, and ours.
 */
enum { MARGIN = 512 << 10 };

struct classified {
    uint8_t protocol, family; /* of the first packet, hence of all */
    uint8_t fed;
    _Alignas(max_align_t) unsigned char flow[]; /* struct ndpi_flow_struct */
};

/* clang-format off */
const struct label confidence_labels[] = {
    {CONFIDENCE_UNKNOWN,     "unknown",     0, "Nothing speaks for any name"},
    {CONFIDENCE_PORT,        "port",        0, "The port number alone speaks for it"},
    {CONFIDENCE_ADDRESS,     "address",     0, "An address is known to belong to it"},
    {CONFIDENCE_DPI_PARTIAL, "dpi_partial", 0, "Parts of the content speak for it"},
    {CONFIDENCE_DPI,         "dpi",         0, "The content speaks for it"},
    {0},
};

/* nDPI's words for how sure it is; others count as unknown. */
static const struct {
    const char *words;
    enum confidence confidence;
} sureness[] = {
    {"Match by port",       CONFIDENCE_PORT},
    {"Match by IP",         CONFIDENCE_ADDRESS},
    {"DPI",                 CONFIDENCE_DPI},
    {"DPI (partial)",       CONFIDENCE_DPI_PARTIAL},
    {"DPI (aggressive)",    CONFIDENCE_DPI_PARTIAL},
};

/* Where our name is not nDPI's in lower case with _ for all but letters and digits. */
static const struct {
    const char *theirs, *ours;
} renamed[] = {
    {"beckhoff_ads",   "ads"},
    {"ciscoskinny",    "skinny"},
    {"dce_rpc",        "dcerpc"},
    {"ms_rpc",         "dcerpc"},
    {"rpc",            "dcerpc"},
    {"doh_dot",        "dns_encrypted"},
    {"ethernet_ip",    "enip"},
    {"ethernetip",     "enip"},
    {"fins",           "omron_fins"},
    {"ftp_control",    "ftp"},
    {"ftps",           "ftp"},
    {"iec60870",       "iec104"},
    {"iec62056",       "dlms"},
    {"ieee_c37118",    "c37_118"},
    {"iso9506_1_mms",  "mms"},
    {"mssql_tds",      "mssql"},
    {"tds",            "mssql"},
    {"opc_ua",         "opcua"},
    {"pop",            "pop3"},
    {"pops",           "pop3s"},
    {"postgres",       "postgresql"},
    {"ptpv2",          "ptp"},
    {"s7commplus",     "s7comm_plus"},
    {"smbv1",          "smb"},
    {"smbv23",         "smb"},
    {"ssl",            "tls"},
    {"whois_das",      "whois"},
    {"zeromq",         "zmq"},
};
/* clang-format on */

/* --- memory --------------------------------------------------------------- */

/*
 * nDPI's allocator is one for the process and gives back without a size, so each
 * block says whose it is and how large.
 */
struct block {
    _Alignas(max_align_t) struct classify_memory *owner;
    size_t size;
};

/* Whose call into nDPI this thread is in. */
static _Thread_local struct classify_memory *paying;

/* What malloc makes of a size: nDPI takes very many small blocks. */
static size_t cost(size_t size)
{
    return (size + sizeof(size_t) + 15) / 16 * 16;
}

static bool charge(struct classify_memory *m, size_t size)
{
    if (m->used > m->ceiling || size > m->ceiling - m->used) {
        ++*m->failed;
        return false;
    }
    m->used += size;
    if (m->used > m->highest)
        m->highest = m->used;
    return true;
}

static void *take_zeroed(size_t n, size_t size)
{
    struct block *b;
    size_t whole;

    if (!paying || __builtin_mul_overflow(n, size, &whole) ||
        __builtin_add_overflow(whole, sizeof *b, &whole) || !charge(paying, cost(whole)))
        return NULL;
    b = calloc(1, whole);
    if (!b) {
        paying->used -= cost(whole);
        return NULL;
    }
    b->owner = paying;
    b->size = whole;
    return b + 1;
}

static void *take(size_t size)
{
    return take_zeroed(1, size);
}

static void give(void *at)
{
    struct block *b = at;

    if (!b)
        return;
    b--;
    b->owner->used -= cost(b->size);
    free(b);
}

static void *resize(void *at, size_t size)
{
    void *larger = take(size);
    size_t old = at ? ((struct block *)at - 1)->size - sizeof(struct block) : 0;

    if (!larger)
        return NULL;
    if (at)
        memcpy(larger, at, old < size ? old : size);
    give(at);
    return larger;
}

/* --- names ---------------------------------------------------------------- */

static bool plain(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
}

/* "MsSQL-TDS" becomes "mssql_tds"; no two _ in a row, none at the ends. */
static void lower(const char *theirs, char out[SERVICE_NAME])
{
    size_t len = 0;

    for (; *theirs && len < SERVICE_NAME - 1; theirs++) {
        char ch = (char)(*theirs >= 'A' && *theirs <= 'Z' ? *theirs | 0x20 : *theirs);

        if (plain(ch))
            out[len++] = ch;
        else if (len && out[len - 1] != '_')
            out[len++] = '_';
    }
    if (len && out[len - 1] == '_')
        len--;
    out[len] = '\0';
}

void classify_name(const char *theirs, char out[SERVICE_NAME])
{
    lower(theirs, out);
    for (size_t i = 0; i < COUNT_OF(renamed); i++)
        if (strcmp(out, renamed[i].theirs) == 0) {
            snprintf(out, SERVICE_NAME, "%s", renamed[i].ours);
            return;
        }
}

static struct ndpi_flow_struct *flow_of(struct classified *s)
{
    return (void *)s->flow;
}

static enum confidence how_sure(const struct ndpi_flow_struct *flow)
{
    const char *words = compat_confidence(flow);

    for (size_t i = 0; words && i < COUNT_OF(sureness); i++)
        if (strcmp(words, sureness[i].words) == 0)
            return sureness[i].confidence;
    return CONFIDENCE_UNKNOWN;
}

/*
 * The master is what carries the application ("TLS.Microsoft") and names it; one alone
 * may stand in either place.  Over TCP NetBIOS is but the framing of SMB; over UDP its
 * announcements, which are no access to files.
 */
static uint16_t named_by(const struct classified *s, struct ndpi_names found)
{
    bool framing = s->protocol == IP_TCP && found.master == NDPI_PROTOCOL_NETBIOS;

    if (found.master == NDPI_PROTOCOL_UNKNOWN || (framing && found.app))
        return found.app;
    return found.master;
}

/* What nDPI remembers of other flows depends on which of them it was shown: that
 * would name a flow by how many workers there are. */
static bool is_hearsay(const struct ndpi_flow_struct *flow)
{
    const char *words = compat_confidence(flow);

    return words && strstr(words, "cache");
}

/* An address tells who is talked to, not in which protocol. */
static void describe(struct classifier *c, struct classified *state,
                     struct ndpi_names found)
{
    struct service *s = &c->result;
    bool both = found.master && found.app && found.master != found.app;
    uint16_t carrier = found.master ? found.master : found.app;

    *s = (struct service){.name = ""};
    if (carrier == NDPI_PROTOCOL_UNKNOWN || is_hearsay(flow_of(state)))
        return;
    s->confidence = (uint8_t)how_sure(flow_of(state));
    if (s->confidence != CONFIDENCE_ADDRESS || found.master)
        classify_name(ndpi_get_proto_name(c->module, named_by(state, found)), s->name);
    snprintf(s->detail, sizeof s->detail, "%s%s%s",
             ndpi_get_proto_name(c->module, carrier), both ? "." : "",
             both ? ndpi_get_proto_name(c->module, found.app) : "");
}

/* --- flows ---------------------------------------------------------------- */

static struct classified *begin(struct classifier *c, const struct packet *p)
{
    struct classified *s = pool_take(&c->states);

    if (!s)
        return NULL;
    memset(s, 0, c->states.size);
    s->protocol = p->protocol;
    s->family = p->src.family;
    c->counters.flows++;
    return s;
}

static void finish(struct classifier *c, struct classified **state,
                   struct ndpi_names found)
{
    describe(c, *state, found);
    c->counters.named[c->result.confidence]++;
    ndpi_free_flow_data(flow_of(*state));
    pool_give(&c->states, *state);
    *state = NULL;
}

/* Done with nothing to say; there may be a state or none. */
static enum classify_answer nameless(struct classifier *c, struct classified **state)
{
    c->result = (struct service){.name = ""};
    if (*state)
        finish(c, state, (struct ndpi_names){0});
    return CLASSIFY_DONE;
}

/* IPv6 extension headers are rare before TCP and UDP, and one more parser to trust. */
static bool extended(const struct packet *p)
{
    enum { NEXT_HEADER = 6 };

    return p->src.family == ADDRESS_V6 && p->network.at[NEXT_HEADER] != p->protocol;
}

static bool fit(const struct packet *p, const struct classified *s)
{
    const unsigned unfit = PACKET_CUT | PACKET_FRAGMENT | PACKET_BAD_LENGTH;

    if (p->flags & unfit || p->network.len == 0 || p->network.len > UINT16_MAX)
        return false;
    if (extended(p))
        return false;
    return !s || (s->protocol == p->protocol && s->family == p->src.family);
}

static bool room(const struct classify_memory *m)
{
    return m->used <= m->ceiling && m->ceiling - m->used >= MARGIN;
}

static enum classify_answer feed(struct classifier *c, struct classified **state,
                                 const struct packet *p, bool from_client, int64_t now)
{
    struct classified *s = *state;
    unsigned most = s->protocol == IP_TCP ? CLASSIFY_TCP_PACKETS : CLASSIFY_UDP_PACKETS;
    struct ndpi_names found;

    paying = &c->memory;
    c->counters.fed++;
    found = compat_process(c->module, flow_of(s), p->network.at, (uint16_t)p->network.len,
                           (uint64_t)now / NS_PER_MS, from_client);
    if (!found.master && !found.app && ++s->fed < most)
        return CLASSIFY_MORE;
    if (!found.master && !found.app)
        found = compat_giveup(c->module, flow_of(s));
    finish(c, state, found);
    return CLASSIFY_DONE;
}

enum classify_answer classify_packet(struct classifier *c, struct classified **state,
                                     const struct packet *p, bool from_client,
                                     int64_t now)
{
    if ((p->protocol != IP_TCP && p->protocol != IP_UDP) || p->payload.len == 0)
        return CLASSIFY_MORE;
    if (!fit(p, *state)) {
        c->counters.unfit++;
        return CLASSIFY_MORE;
    }
    if (!room(&c->memory)) {
        c->counters.no_memory++;
        return nameless(c, state);
    }
    if (!*state)
        *state = begin(c, p);
    if (!*state)
        return nameless(c, state);
    return feed(c, state, p, from_client, now);
}

bool classify_end(struct classifier *c, struct classified **state)
{
    if (!*state)
        return false;
    paying = &c->memory;
    if (room(&c->memory))
        finish(c, state, compat_giveup(c->module, flow_of(*state)));
    else
        nameless(c, state);
    return true;
}

/* --- start and end -------------------------------------------------------- */

static bool open_module(struct classifier *c)
{
    compat_allocators(take, give, take_zeroed, resize);
    paying = &c->memory;
    c->module = compat_init();
    return c->module && compat_start(c->module);
}

static size_t state_size(void)
{
    return sizeof(struct classified) + ndpi_detection_get_sizeof_ndpi_flow_struct();
}

bool classifier_open(struct classifier *c, size_t nflows, size_t memory)
{
    *c = (struct classifier){.memory = {.ceiling = SIZE_MAX}};
    c->memory.failed = &c->counters.failed;
    if (!open_module(c) ||
        !pool_open(&c->states, "classified flows", state_size(), nflows)) {
        classifier_close(c);
        return false;
    }
    c->memory.ceiling = c->memory.used + (memory ? memory : DEFAULT_MEMORY);
    return true;
}

size_t classifier_memory(size_t nflows, size_t memory)
{
    struct classifier c;
    size_t module;

    if (!classifier_open(&c, 1, memory))
        return SIZE_MAX;
    module = c.memory.ceiling;
    classifier_close(&c);
    return module + pool_memory(state_size(), nflows);
}

void classifier_close(struct classifier *c)
{
    assert(c->states.used == 0);
    paying = &c->memory;
    if (c->module)
        ndpi_exit_detection_module(c->module);
    paying = NULL;
    pool_close(&c->states);
    c->module = NULL;
}
