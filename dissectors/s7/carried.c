/*
 * S7comm, S7comm-plus and TLS share TPKT and COTP, sometimes one connection: each message
 * is read by what it begins with, and its record has that protocol's schema.
 */

#include "dissectors/s7/carried.h"

#include "dissectors/s7/plus.h"
#include "dissectors/s7/s7.h"

extern const struct dissector dissector_s7comm, dissector_s7comm_plus;

static enum verdict carried(struct exchange *x, const struct iso *iso)
{
    struct bytes payload = {iso->payload.at, cur_left(&iso->payload)};

    if (iso->header && iso->type != TPDU_DT) {
        iso_control(x, iso);
        return TAKEN;
    }
    switch (iso_user_of(payload)) {
    case ISO_S7COMM:
        exchange_speaks(x, &dissector_s7comm.schema);
        return s7_message(x, iso);
    case ISO_S7COMM_PLUS:
        exchange_speaks(x, &dissector_s7comm_plus.schema);
        return plus_message(x, iso);
    case ISO_TLS:
        exchange_speaks(x, &dissector_s7comm_plus.schema);
        return plus_tls(x, iso);
    case ISO_NOBODY:
        if (iso->header == 3 && !iso->cut_short)
            return TAKEN; /* data without a byte: an acknowledgement */
        iso_control(x, iso);
        return TAKEN;
    default:
        return NOT_MINE;
    }
}

enum verdict carried_message(struct exchange *x, const struct side *side,
                             struct cursor *c)
{
    uint8_t room[ISO_JOINED];
    const uint8_t *base = x->base;
    struct iso iso = iso_read(c, room);
    enum verdict verdict;

    (void)side;
    plus_join(&iso, c, room);
    if (iso.joined)
        x->base = room;
    verdict = carried(x, &iso);
    x->base = base;
    if (verdict == TAKEN && (iso.cut_short || !iso.header))
        cur_skip(c, cur_left(c) + 1); /* marks it */
    return verdict;
}

unsigned carried_sender(const struct side *side, struct cursor head)
{
    uint8_t room[ISO_JOINED];
    struct iso iso = iso_read(&head, room);
    struct bytes payload = {iso.payload.at, cur_left(&iso.payload)};

    (void)side;
    if (!iso.header || iso.type != TPDU_DT)
        return iso_sender(&iso);
    switch (iso_user_of(payload)) {
    case ISO_S7COMM:
        return s7_sender(iso.payload);
    case ISO_S7COMM_PLUS:
        return plus_sender(iso.payload);
    default:
        return 0;
    }
}
