/*
 * DNP3, IEEE 1815-2012: the link's frames, and the segments of the transport that
 * join them to a fragment.
 *
 *     transport octet   | FIN | FIR | sequence: 6 bits |
 *
 * Frames of several pairs of master and outstation mix in one stream (terminal
 * servers), so all state is kept by both link addresses.  A frame that only carries a
 * part of a fragment has no record of its own; the one that completes it has, for the
 * frames from the first to the last.  Offsets count in the frame for what belongs to link
 * and transport, in the joined fragment for what belongs to the application.
 *
 * Who is the master is said by the function, else by the direction bit, never by who
 * opened the connection: outstations open them too.
 *
 * Layouts are those that Wireshark 4.0, OpenDNP3 and captures of real devices agree on;
 * no text of the standard was at hand, so no clause is cited.  Groups 120 to 122 are as
 * OpenDNP3's successor and Suricata describe them.  Where Wireshark 4.0 differs:
 *
 *   - it takes a repeated time (50/4) for malformed and stops at a common time that is
 *     not synchronised (51/2); it shows no coarse delay (52/1)
 *   - it shows one of the two bits of double-bit inputs with flags (3/2, 4/1 to 4/3)
 *   - it reads the permissions of file commands (70/3) at a wrong place
 *   - it opens no objects of functions 13, 15 to 18, 22, 24, 31, 32 and 131
 *   - it knows no groups 81 to 83, 90, 91, 101, 102, 114, 115 and 120 to 122
 *   - it goes on behind ranges and qualifiers that leave the next header unknown
 */

#include "dissectors/dnp3/dnp3.h"

_Static_assert(sizeof(struct pair) <= EXCHANGE_SESSION, "a pair fits a session");

uint32_t dnp3_link(const struct frame *f, unsigned side)
{
    uint32_t outstation = side == SIDE_REQUEST ? f->destination : f->source;
    uint32_t master = side == SIDE_REQUEST ? f->source : f->destination;

    return outstation << 16 | master;
}

static void violation_at(struct record *r, unsigned reason, const struct frame *f,
                         size_t offset)
{
    struct cursor at = f->start;

    at.at += offset < cur_left(&at) ? offset : cur_left(&at);
    record_violation(r, reason, &at);
}

/* ---- the link's fields ----------------------------------------------------------- */

static void put(struct record *r, unsigned slot, uint64_t u, unsigned offset,
                unsigned len)
{
    record_set_at(r, slot, u, (uint16_t)offset, (uint16_t)len);
}

static void put_control(struct record *r, const struct frame *f)
{
    bool primary = f->control & LINK_PRM;

    put(r, FROM_MASTER, (f->control & LINK_DIR) != 0, 3, 1);
    put(r, PRIMARY, primary, 3, 1);
    if (primary) {
        put(r, FRAME_COUNT, (f->control & LINK_FCB) != 0, 3, 1);
        put(r, FRAME_COUNT_VALID, (f->control & LINK_FCV) != 0, 3, 1);
        put(r, LINK_REQUEST, f->control & LINK_FUNCTION, 3, 1);
    } else {
        put(r, FLOW_CONTROL, (f->control & LINK_FCV) != 0, 3, 1);
        put(r, LINK_ANSWER, f->control & LINK_FUNCTION, 3, 1);
    }
}

static bool is_reserved(uint16_t address)
{
    return address >= ADDRESS_RESERVED && address < ADDRESS_BROADCAST - 1;
}

static void put_addresses(struct record *r, const struct frame *f, unsigned side)
{
    uint32_t link = dnp3_link(f, side);

    put(r, DESTINATION, f->destination, 4, 2);
    put(r, SOURCE, f->source, 6, 2);
    put(r, OUTSTATION, link >> 16, side == SIDE_REQUEST ? 4 : 6, 2);
    put(r, MASTER, link & 0xffff, side == SIDE_REQUEST ? 6 : 4, 2);
    if (f->destination >= ADDRESS_BROADCAST)
        record_set(r, BROADCAST, true);
    if (is_reserved(f->destination))
        violation_at(r, RESERVED_ADDRESS, f, 4);
    if (f->source >= ADDRESS_RESERVED)
        violation_at(r, RESERVED_ADDRESS, f, 6);
}

static bool carries_data(const struct frame *f)
{
    unsigned function = f->control & LINK_FUNCTION;

    return f->control & LINK_PRM && f->nuser > 0 &&
           (function == CONFIRMED_DATA || function == UNCONFIRMED_DATA);
}

static void put_segment(struct record *r, const struct frame *f)
{
    if (!carries_data(f) || !f->blocks_right)
        return;
    put(r, SEGMENT_FIN, (f->user[0] & TRANSPORT_FIN) != 0, HEADER, 1);
    put(r, SEGMENT_FIR, (f->user[0] & TRANSPORT_FIR) != 0, HEADER, 1);
    put(r, SEGMENT, f->user[0] & TRANSPORT_MASK, HEADER, 1);
}

static bool is_link_function(unsigned control)
{
    const struct label *labels =
        control & LINK_PRM ? dnp3_link_requests : dnp3_link_answers;

    return label_of(labels, control & LINK_FUNCTION) != NULL;
}

void dnp3_put_link(struct record *r, const struct frame *f, unsigned side)
{
    if (f->start.end - f->start.at < HEADER)
        return;
    put(r, LENGTH, f->length, 2, 1);
    put_control(r, f);
    put_addresses(r, f, side);
    put(r, HEADER_CRC, f->crc, 8, 2);
    put_segment(r, f);
    if (f->length < LENGTH_MIN)
        violation_at(r, LENGTH_TOO_SMALL, f, 2);
    if (!is_link_function(f->control))
        violation_at(r, RESERVED_LINK_FUNCTION, f, 3);
    if (!(f->control & LINK_DIR) == (side == SIDE_REQUEST))
        violation_at(r, DIRECTION_DIFFERS, f, 3);
}

/* ---- frames that carry no fragment ----------------------------------------------- */

static struct record *alone(struct exchange *x, unsigned side)
{
    return exchange_alone(x, side == SIDE_REQUEST ? OUTCOME_SENT : OUTCOME_SPONTANEOUS);
}

/* What does not begin a frame: no fault where bytes are missing. */
static void stray_bytes(struct exchange *x, unsigned side, struct cursor *c)
{
    struct cursor start = *c;

    if (!x->blind || x->cut)
        record_violation(alone(x, side), BAD_START, &start);
    cur_skip(c, cur_left(c));
}

/* A receiver drops it: nothing inside is believed. */
static void broken_frame(struct exchange *x, const struct frame *f, unsigned side)
{
    struct record *r = alone(x, side);

    r->verbs = VERB_SESSION;
    dnp3_put_link(r, f, side);
    if (f->whole && !f->header_right)
        violation_at(r, BAD_HEADER_CRC, f, HEADER - 2);
    else if (f->whole)
        violation_at(r, BAD_BLOCK_CRC, f, HEADER);
}

/*
 * Link service by the master is asked and answered; an outstation may ask too, but it
 * serves, so its question and the answer stand alone.
 */
static void link_service(struct exchange *x, const struct frame *f, unsigned side)
{
    uint64_t key = UINT64_C(1) << 40 | dnp3_link(f, side);
    unsigned function = f->control & LINK_FUNCTION;
    bool primary = f->control & LINK_PRM;
    struct record *r;

    if (primary && side == SIDE_REQUEST && f->destination < ADDRESS_BROADCAST &&
        function <= REQUEST_STATUS && function != UNCONFIRMED_DATA)
        r = exchange_request(x, key, 0);
    else if (!primary && side == SIDE_RESPONSE && exchange_pending(x, key))
        r = exchange_response(x, key, 0);
    else
        r = alone(x, side);
    if (r->outcome == OUTCOME_ANSWERED && function != LINK_ACK && function != LINK_STATUS)
        exchange_refused(r);
    r->verbs = VERB_SESSION;
    dnp3_put_link(r, f, side);
    if (primary && (function == CONFIRMED_DATA || function == UNCONFIRMED_DATA))
        violation_at(r, FRAGMENT_TOO_SHORT, f, 2);
}

/* ---- segments -------------------------------------------------------------------- */

/* Keyed by who sends: both ways may be under way at once. */
static uint64_t parts_key(const struct frame *f, unsigned side)
{
    return (uint64_t)side << 32 | dnp3_link(f, side);
}

static void lost_segment(struct exchange *x, const struct frame *f, unsigned side,
                         unsigned reason)
{
    struct record *r = alone(x, side);

    r->verbs = VERB_SESSION;
    dnp3_put_link(r, f, side);
    if (reason)
        violation_at(r, reason, f, HEADER);
    exchange_forget(x, parts_key(f, side));
}

/* The segment that ends a fragment, or is all of it. */
static void whole_fragment(struct exchange *x, const struct frame *f, struct pair *pair)
{
    unsigned side = x->message->side;
    uint64_t key = parts_key(f, side);
    struct bytes all = {f->user + 1, f->nuser - 1u};
    bool joined = !(f->user[0] & TRANSPORT_FIR);

    if (joined)
        all = exchange_whole(x, key);
    dnp3_fragment(x, f, pair, all);
    if (joined)
        exchange_forget(x, key);
}

static void segment(struct exchange *x, const struct frame *f, struct pair *pair)
{
    unsigned side = x->message->side, way = side == SIDE_RESPONSE;
    bool first = f->user[0] & TRANSPORT_FIR, last = f->user[0] & TRANSPORT_FIN;
    unsigned sequence = f->user[0] & TRANSPORT_MASK;
    struct bytes part = {f->user + 1, f->nuser - 1u};

    if (!first && !pair->gathering[way]) {
        lost_segment(x, f, side, x->blind ? 0 : NO_FIRST_SEGMENT);
        return;
    }
    if (!first && sequence == ((pair->next_segment[way] - 1) & TRANSPORT_MASK))
        return; /* the same once more, as the standard allows */
    if (!first && sequence != pair->next_segment[way]) {
        pair->gathering[way] = false;
        lost_segment(x, f, side, x->blind ? 0 : SEGMENT_SEQUENCE);
        return;
    }
    pair->next_segment[way] = (uint8_t)((sequence + 1) & TRANSPORT_MASK);
    pair->unfinished[way] |= first && pair->gathering[way]; /* the next record tells */
    pair->gathering[way] = !last;
    if (!(first && last) && !exchange_part(x, parts_key(f, side), part, first)) {
        pair->gathering[way] = false;
        lost_segment(x, f, side, FRAGMENT_TOO_LONG);
    } else if (last) {
        whole_fragment(x, f, pair);
    }
}

static struct pair *pair_of(struct exchange *x, const struct frame *f, unsigned side,
                            struct pair *none)
{
    struct pair *pair = exchange_session(x, dnp3_link(f, side));

    if (!pair)
        return none;
    pair->kept = true;
    return pair;
}

static enum verdict dnp3_message(struct exchange *x, const struct side *side,
                                 struct cursor *c)
{
    struct pair none = {0};
    struct frame f;

    if (cur_left(c) < 2 || c->at[0] != 0x05 || c->at[1] != 0x64) {
        stray_bytes(x, side->direction, c);
        return TAKEN;
    }
    dnp3_frame(&f, c);
    if (f.whole && !f.header_right && x->blind)
        return TAKEN; /* bytes are missing: it only looked like a frame */
    if (!f.whole || !f.header_right || !f.blocks_right)
        broken_frame(x, &f, side->direction);
    else if (carries_data(&f))
        segment(x, &f, pair_of(x, &f, side->direction, &none));
    else
        link_service(x, &f, side->direction);
    return TAKEN;
}

const struct dissector dissector_dnp3 = {
    .schema = {.name = "dnp3",
               .title = "DNP3",
               .fields = dnp3_fields,
               .nfields = NSLOTS,
               .groups = dnp3_groups,
               .ngroups = NGROUPS,
               .tables = dnp3_tables,
               .qualities = dnp3_qualities,
               .violations = dnp3_violations,
               .operations = dnp3_operations,
               .child = "link",
               .wireshark = "dnp3",
               .reference = dnp3_reference},
    .tcp_ports = {20000},
    .udp_ports = {20000},
    .patience = {20 * NS_PER_S, 120 * NS_PER_S, 120 * NS_PER_S},
    .length = dnp3_length,
    .sender = dnp3_sender,
    .sender_is_sure = true,
    .one_is_proof = true,
    .message = dnp3_message,
};
