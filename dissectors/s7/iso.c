/*
 * TPKT (RFC 1006) and COTP (ISO 8073, X.224), class 0.
 *
 *     03 00 length(2) | li type ... | data        li: bytes of the header behind it
 *     li F0 eot                                   DT: 80 is the last fragment
 *     li E0 dst(2) src(2) class { code n value }  CR; D0 is CC
 *     li 80 dst(2) src(2) cause { ... }           DR
 *     li 70 dst(2) cause { ... }                  ER
 *
 * A message is a chain of TPKTs up to the last fragment; data without a byte, which
 * some clients send as an acknowledgement, is a message of its own.  A joined message
 * has the header of its first fragment and no other: offsets are counted there.
 *
 * RFC 1006 and X.224 as Wireshark 4.0, Snap7 and captures of Siemens stations agree on
 * them; clauses are not cited.
 */

#include "dissectors/s7/iso.h"

#include "dissectors/s7/plus.h"

enum {
    VERSION = 3,
    TPKT_SIZE = 4,
    LAST = 0x80,
    CODE_TPDU_SIZE = 0xc0,
    CODE_CALLING = 0xc1,
    CODE_CALLED = 0xc2,
    S7_TSAP_SIZE = 2,
    CONNECTION_MOST = 3, /* PG, OP, other: what TSAPs of S7 begin with */
};

/* clang-format off */
const struct label iso_types[] = {
    {TPDU_ED, "expedited_data", 0, "not in class 0"},
    {TPDU_EA, "expedited_acknowledgement", 0, "not in class 0"},
    {TPDU_UD, "unit_data", 0, "not in class 0"},
    {TPDU_RJ, "reject", 0, "not in class 0"},
    {TPDU_AK, "acknowledgement", 0, "not in class 0"},
    {TPDU_ER, "error", 0, "a TPDU was not understood"},
    {TPDU_DR, "disconnect_request", 0, "refuses or ends the connection"},
    {TPDU_DC, "disconnect_confirm", 0, "agrees to the end"},
    {TPDU_CC, "connect_confirm", 0, "agrees to the connection"},
    {TPDU_CR, "connect_request", 0, "asks for a connection"},
    {0},
};

const struct label iso_connections[] = {
    {1, "programming_device", 0, "PG: engineering"},
    {2, "operator_panel", 0, "OP: operating and watching"},
    {3, "basic", 0, "other stations"},
    {0},
};

const struct label iso_causes[] = {
    {0,   "not_specified", 0, "no reason is given"},
    {1,   "congestion", 0, "no resources at that TSAP"},
    {2,   "not_attached", 0, "nobody is behind that TSAP"},
    {3,   "address_unknown", 0, "there is no such TSAP"},
    {128, "normal", 0, "the user wants it"},
    {129, "remote_congestion", 0, "no resources for a connection"},
    {130, "negotiation_failed", 0, "the options do not fit"},
    {131, "duplicate_source_reference", 0, "that reference is taken"},
    {132, "mismatched_references", 0, "the references do not fit"},
    {133, "protocol_error", 0, "a TPDU broke the protocol"},
    {135, "reference_overflow", 0, "no reference is left"},
    {136, "refused_on_network", 0, "not on this network connection"},
    {138, "invalid_length", 0, "a length is wrong"},
    {0},
};
/* clang-format on */

/* ---- lengths --------------------------------------------------------------- */

static struct bytes after(struct bytes b, size_t n)
{
    return n < b.len ? (struct bytes){b.at + n, b.len - n}
                     : (struct bytes){b.at + b.len, 0};
}

/* Bytes of the TPKT that begins here; LENGTH_UNKNOWN, LENGTH_NOT_MINE. */
static long tpkt_size(struct bytes b, bool sure)
{
    long size;

    if ((b.len > 0 && b.at[0] != VERSION) || (b.len > 1 && b.at[1] != 0 && !sure))
        return LENGTH_NOT_MINE;
    if (b.len < TPKT_SIZE)
        return LENGTH_UNKNOWN;
    size = b.at[2] << 8 | b.at[3];
    return size < ISO_HEADER ? LENGTH_NOT_MINE : size;
}

static bool is_data(struct bytes b)
{
    return b.len >= ISO_HEADER && b.at[5] >> 4 == TPDU_DT && b.at[4] >= 2;
}

/* What a data TPDU of so many bytes carries, as far as it is there. */
static struct bytes payload_of(struct bytes b, size_t size)
{
    if (b.len > size)
        b.len = size;
    return after(b, TPKT_SIZE + 1u + b.at[4]);
}

static bool goes_on(struct bytes b)
{
    return is_data(b) && (b.at[6] & LAST) == 0;
}

/* The whole chain that begins with a TPKT of `first` bytes. */
static long chain(struct bytes b, long first)
{
    long total = first;

    if (!goes_on(b) || first == TPKT_SIZE + 1 + b.at[4])
        return plus_chain(b, first);
    while (goes_on(b) && (size_t)total <= ISO_JOINED) {
        long size = first;

        b = after(b, (size_t)size);
        if (b.len == 0)
            return LENGTH_UNKNOWN;
        first = tpkt_size(b, true);
        if (first == LENGTH_NOT_MINE || (b.len >= ISO_HEADER && !is_data(b)))
            return total;
        if (first == LENGTH_UNKNOWN || b.len < ISO_HEADER)
            return LENGTH_UNKNOWN;
        total += first;
    }
    return total;
}

/* ---- whose it is ------------------------------------------------------------ */

enum iso_user iso_user_of(struct bytes p)
{
    if (p.len == 0)
        return ISO_NOBODY;
    if (p.at[0] == 0x32)
        return ISO_S7COMM;
    if (p.at[0] == 0x72)
        return ISO_S7COMM_PLUS;
    if (p.len > 2 && p.at[0] >= 0x14 && p.at[0] <= 0x17 && p.at[1] == 3 && p.at[2] <= 4)
        return ISO_TLS;
    return ISO_OTHER;
}

/* The first bytes of a PDU that could hardly be another protocol's. */
static bool likely(struct bytes p, enum iso_user user)
{
    if (iso_user_of(p) != user)
        return false;
    if (user == ISO_S7COMM)
        return p.len < 2 || (p.at[1] >= 1 && p.at[1] <= 3) || p.at[1] == 7;
    return user != ISO_S7COMM_PLUS || p.len < 2 || (p.at[1] >= 1 && p.at[1] <= 3) ||
           p.at[1] == 0xfe;
}

/* Looks for the called or calling TSAP of a connection request. */
static struct bytes tsap(struct bytes b, size_t size, unsigned code)
{
    struct bytes p = after(b, 11);

    if (b.len > size)
        p.len = size > 11 ? size - 11 : 0;
    while (p.len >= 2 && p.len >= 2u + p.at[1]) {
        if (p.at[0] == code)
            return (struct bytes){p.at + 2, p.at[1]};
        p = after(p, 2u + p.at[1]);
    }
    return (struct bytes){NULL, 0};
}

/* Only these names say who will speak; others are known by what follows. */
static enum iso_user user_of_request(struct bytes b, size_t size)
{
    static const char root[] = "SIMATIC-ROOT";
    struct bytes called = tsap(b, size, CODE_CALLED);

    if (called.len == S7_TSAP_SIZE && called.at[0] >= 1 &&
        called.at[0] <= CONNECTION_MOST && called.at[1] > 0) /* 0200: also MMS */
        return ISO_S7COMM;
    if (called.len >= sizeof root - 1 && memcmp(called.at, root, sizeof root - 1) == 0)
        return ISO_S7COMM_PLUS;
    return ISO_NOBODY;
}

/* Data that follows a connection request decides, where it is there. */
static enum iso_user user_behind(struct bytes b, long size)
{
    struct bytes next = after(b, (size_t)size);
    long n = next.len ? tpkt_size(next, false) : LENGTH_UNKNOWN;

    if (n == LENGTH_NOT_MINE)
        return ISO_OTHER;
    if (n == LENGTH_UNKNOWN || !is_data(next))
        return ISO_NOBODY;
    return iso_user_of(payload_of(next, (size_t)n));
}

static long probe_request(const struct side *side, struct bytes b, long size,
                          enum iso_user user)
{
    enum iso_user is = user_behind(b, size);

    if ((size_t)size > b.len)
        return LENGTH_UNKNOWN;
    if (is == ISO_NOBODY)
        is = user_of_request(b, (size_t)size);
    if (is == ISO_NOBODY)
        return side->usual && b.at[5] >> 4 == TPDU_DR ? size : LENGTH_UNKNOWN;
    return is == user || (is == ISO_TLS && user == ISO_S7COMM_PLUS) ? size
                                                                    : LENGTH_NOT_MINE;
}

/* With nothing known of the flow. */
static long probe(const struct side *side, struct bytes b, long size, enum iso_user user)
{
    struct bytes payload;

    if (b.len < ISO_HEADER)
        return LENGTH_UNKNOWN;
    if (!is_data(b))
        return b.at[5] >> 4 == TPDU_CR || b.at[5] >> 4 == TPDU_CC ||
                       b.at[5] >> 4 == TPDU_DR
                   ? probe_request(side, b, size, user)
                   : LENGTH_NOT_MINE;
    payload = payload_of(b, (size_t)size);
    if (payload.len == 0)
        return b.len < (size_t)size                          ? LENGTH_UNKNOWN
               : user_behind(b, size) == user || side->usual ? size
                                                             : LENGTH_UNKNOWN;
    if (!likely(payload, user) && !(user == ISO_S7COMM_PLUS && likely(payload, ISO_TLS)))
        return LENGTH_NOT_MINE;
    return payload.len < 2 ? LENGTH_UNKNOWN : chain(b, size);
}

long iso_length(const struct side *side, struct cursor head, enum iso_user user)
{
    struct bytes b = {head.at, cur_left(&head)};
    long size = tpkt_size(b, side->sure);

    if (side->transport != TRANSPORT_TCP)
        return LENGTH_NOT_MINE;
    if (size <= 0)
        return size;
    if (!side->sure)
        return probe(side, b, size, user);
    return b.len < ISO_HEADER ? LENGTH_UNKNOWN : chain(b, size);
}

/* ---- one message ------------------------------------------------------------ */

/* The header of one TPKT and of its TPDU; what it carries stays in `body`. */
static struct iso one_tpkt(struct cursor *c)
{
    struct iso iso = {.start = *c};
    struct cursor body;
    size_t li, size;

    cur_skip(c, 1);
    iso.reserved = cur_u8(c) != 0;
    iso.length = cur_be16(c);
    size = iso.length > TPKT_SIZE ? iso.length - TPKT_SIZE : 0;
    iso.cut_short = size > cur_left(c);
    body = cur_cut(c, iso.cut_short ? cur_left(c) : size);
    li = cur_u8(&body);
    iso.header = 1 + li;
    if (li > cur_left(&body) || li < 1)
        iso.header = 0;
    iso.payload = body;
    if (iso.header) {
        iso.type = *body.at >> 4;
        iso.credit = *body.at & 0xf;
        cur_skip(&iso.payload, li);
    }
    return iso;
}

static bool ends(const struct iso *iso)
{
    return iso->type != TPDU_DT || iso->header < 3 || iso->cut_short ||
           (iso->payload.at[-1] & LAST);
}

/* Copies what a fragment carries behind the others. */
static void append(struct iso *iso, uint8_t *room, size_t *used, struct cursor piece)
{
    size_t n = cur_left(&piece);

    if (n > ISO_JOINED - *used) {
        n = ISO_JOINED - *used;
        iso->too_long = true;
    }
    if (n > 0)
        memcpy(room + *used, piece.at, n);
    *used += n;
}

struct iso iso_read(struct cursor *c, uint8_t *room)
{
    struct iso iso = one_tpkt(c), next = iso;
    size_t header = (size_t)(iso.payload.at - iso.start.at), used = 0;
    struct cursor head = iso.start;

    if (ends(&iso) || cur_left(c) == 0) {
        iso.not_ended = !ends(&iso) && cur_left(&iso.payload) > 0;
        return iso;
    }
    append(&iso, room, &used, cur_cut(&head, header));
    append(&iso, room, &used, iso.payload);
    while (!ends(&next) && cur_left(c) > 0) {
        next = one_tpkt(c);
        append(&iso, room, &used, next.payload);
        iso.cut_short |= next.cut_short;
    }
    iso.not_ended = !ends(&next);
    iso.joined = true;
    iso.start = cur_over((struct bytes){room, used}, c->truncated);
    iso.payload = cur_over((struct bytes){room + header, used - header}, c->truncated);
    return iso;
}

void iso_put(struct record *r, const struct iso *iso)
{
    struct cursor at = iso->start;
    bool none = false;

    at.truncated = &none;
    cur_skip(&at, 1);
    if (iso->reserved)
        record_violation(r, RESERVED_NOT_ZERO, &at);
    cur_skip(&at, 1);
    take_be16(r, &at, ISO_LENGTH);
    if (!iso->header || (iso->type == TPDU_DT && iso->header != 3))
        record_violation(r, BAD_COTP_LENGTH, &at);
    if (iso->too_long)
        record_violation(r, FRAGMENTS_TOO_LONG, &at);
    else if (iso->not_ended)
        record_violation(r, FRAGMENT_NOT_ENDED, &at);
}

/* ---- everything but data ----------------------------------------------------- */

/* A TSAP of two bytes: what for, and rack and slot of the module that is called. */
static void called(struct record *r, struct bytes b)
{
    if (b.len != S7_TSAP_SIZE)
        return;
    if (b.at[0] >= 1 && b.at[0] <= CONNECTION_MOST) {
        if (record_get(r, ISO_CONNECTION)) /* the answer repeats it */
            return;
        record_set(r, ISO_CONNECTION, b.at[0]);
        record_set(r, ISO_RACK, b.at[1] >> 5);
        record_set(r, ISO_SLOT, b.at[1] & 0x1f);
    }
}

static void parameter(struct record *r, unsigned code, struct cursor *value)
{
    struct cursor at = *value;

    switch (code) {
    case CODE_TPDU_SIZE:
        if (cur_left(value) == 1 && *value->at < 16)
            record_set_at(r, ISO_TPDU_SIZE, UINT64_C(1) << *value->at,
                          (uint16_t)(value->at - r->base), 1);
        break;
    case CODE_CALLING:
        take_bytes(r, value, cur_left(value), ISO_SOURCE_TSAP);
        break;
    case CODE_CALLED:
        called(r, take_bytes(r, &at, cur_left(&at), ISO_DESTINATION_TSAP));
        break;
    default:
        break;
    }
}

static void parameters(struct record *r, struct cursor *c)
{
    while (cur_left(c) > 0) {
        struct cursor at = *c, value;
        unsigned code = cur_u8(c);
        size_t n = cur_left(c) ? cur_u8(c) : 1;

        if (n > cur_left(c)) {
            record_violation(r, BAD_COTP_PARAMETER, &at);
            return;
        }
        value = cur_cut(c, n);
        parameter(r, code, &value);
    }
}

/* dst, src and class of a request; dst, src and cause of a refusal; dst and cause. */
static void fixed_part(struct record *r, const struct iso *iso, struct cursor *c)
{
    if (iso->type < TPDU_ER)
        return;
    take_be16(r, c, ISO_DESTINATION);
    if (iso->type != TPDU_ER)
        take_be16(r, c, ISO_SOURCE);
    if (iso->type == TPDU_CR || iso->type == TPDU_CC) {
        unsigned options = cur_u8(c);

        if (!*c->truncated)
            record_set_at(r, ISO_CLASS, options >> 4, (uint16_t)(c->at - 1 - r->base), 1);
    } else if (iso->type != TPDU_DC) {
        take_u8(r, c, ISO_CAUSE);
    }
}

static struct record *record_for(struct exchange *x, const struct iso *iso)
{
    struct record *r;

    switch (iso->type) {
    case TPDU_CR:
        return exchange_request(x, ISO_CONNECT, 0);
    case TPDU_CC:
        return exchange_response(x, ISO_CONNECT, 0);
    case TPDU_DR:
        if (!exchange_pending(x, ISO_CONNECT))
            return exchange_alone(x, OUTCOME_SENT);
        r = exchange_response(x, ISO_CONNECT, 0);
        exchange_refused(r);
        return r;
    default:
        return exchange_alone(x, OUTCOME_SENT);
    }
}

static unsigned function_of(const struct iso *iso)
{
    switch (iso->type) {
    case TPDU_CR:
    case TPDU_CC:
        return ISO_CONNECT;
    case TPDU_DR:
    case TPDU_DC:
        return ISO_DISCONNECT;
    case TPDU_ER:
        return ISO_ERROR;
    default:
        return ISO_UNUSUAL;
    }
}

void iso_control(struct exchange *x, const struct iso *iso)
{
    struct record *r = record_for(x, iso);
    bool asked = record_get_side(r, FUNCTION, SIDE_REQUEST) != NULL;
    bool none = false;
    struct cursor c = iso->start;
    size_t type_at = TPKT_SIZE + 1;

    iso_put(r, iso);
    c.truncated = &none;
    r->verbs = VERB_SESSION;
    if (!iso->header)
        return;
    cur_skip(&c, type_at);
    record_set_at(r, ISO_TYPE, iso->type, (uint16_t)type_at, 1);
    if (!asked)
        record_set(r, FUNCTION, function_of(iso));
    if (function_of(iso) == ISO_UNUSUAL)
        record_violation(r, UNEXPECTED_TPDU, &c);
    c = cur_cut(&c, iso->header - 1);
    cur_skip(&c, 1);
    fixed_part(r, iso, &c);
    if (none)
        record_violation(r, BAD_COTP_LENGTH, &iso->start);
    else if (iso->type > TPDU_ER)
        parameters(r, &c);
}

unsigned iso_sender(const struct iso *iso)
{
    return iso->type == TPDU_CR ? SIDE_REQUEST : iso->type == TPDU_CC ? SIDE_RESPONSE : 0;
}
