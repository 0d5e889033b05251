/*
 * What a device tells of its own line: functions 7, 8, 11, 12 and 17 of "MODBUS
 * Application Protocol V1.1b3".
 *
 *     07  > nothing               < eight outputs, one bit each
 *     08  > sub-function data ... < the same, or the counter asked for
 *     11  > nothing               < status count
 *     12  > nothing               < bytes status count messages event ...
 *     17  > nothing               < bytes id ... run-indicator more ...
 */

#include "dissectors/modbus/modbus.h"

enum {
    RETURN_QUERY_DATA = 0,
    RESTART_COMMUNICATIONS = 1,
    RETURN_DIAGNOSTIC_REGISTER = 2,
    CHANGE_DELIMITER = 3,
    FORCE_LISTEN_ONLY = 4,
    CLEAR_COUNTERS = 10,
    FIRST_COUNTER = 11,
    LAST_COUNTER = 18,
    CLEAR_OVERRUN = 20,
};

void modbus_exception_status_answer(struct pdu *p)
{
    take_u8(p->r, p->c, EXCEPTION_STATUS);
}

/* What a request may say, by sub-function; the data of 0, 3 and 21 are its own. */
static bool data_allowed(unsigned code, struct bytes data)
{
    unsigned value = data.len == 2 ? (unsigned)(data.at[0] << 8 | data.at[1]) : 1;

    if (code == RETURN_QUERY_DATA || code > CLEAR_OVERRUN)
        return true;
    if (code == RESTART_COMMUNICATIONS)
        return value == 0 || value == 0xff00;
    if (code == CHANGE_DELIMITER)
        return data.len == 2 && data.at[1] == 0;
    return value == 0;
}

void modbus_diagnostics_ask(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned code = take_be16(p->r, p->c, DIAGNOSTIC);
    const struct label *known = label_of(modbus_diagnostics, code);
    struct bytes data;

    if (*p->c->truncated)
        return;
    if (!known)
        record_violation(p->r, UNKNOWN_DIAGNOSTIC, &at);
    modbus_verbs(p, modbus_diagnostics, code);
    at = *p->c;
    if (code != RETURN_QUERY_DATA && cur_left(p->c) == 0)
        cur_skip(p->c, 2); /* all others carry two bytes */
    data = take_bytes(p->r, p->c, cur_left(p->c), DIAGNOSTIC_DATA);
    if (known && !*p->c->truncated && !data_allowed(code, data))
        record_violation(p->r, DIAGNOSTIC_DATA_INVALID, &at);
}

/* The data of a request come back: all but the counters and the register do. */
static void check_data_echo(struct pdu *p, struct bytes data, const struct cursor *at)
{
    const struct value *v =
        p->asked ? record_get_side(p->r, DIAGNOSTIC_DATA, SIDE_REQUEST) : NULL;
    struct bytes asked;

    if (!v)
        return;
    asked = record_bytes(p->r, v);
    if (asked.len != data.len || memcmp(asked.at, data.at, data.len) != 0)
        record_violation(p->r, ECHO_DIFFERS, at);
}

void modbus_diagnostics_answer(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned code = take_be16(p->r, p->c, DIAGNOSTIC);
    struct bytes data;

    if (*p->c->truncated)
        return;
    if (p->r->outcome == OUTCOME_ORPHAN)
        modbus_verbs(p, modbus_diagnostics, code);
    modbus_echo(p, DIAGNOSTIC, ECHO_DIFFERS, &at);
    at = *p->c;
    if (code == RETURN_DIAGNOSTIC_REGISTER ||
        (code >= FIRST_COUNTER && code <= LAST_COUNTER)) {
        take_be16(p->r, p->c, DIAGNOSTIC_VALUE);
        return;
    }
    data = take_bytes(p->r, p->c, cur_left(p->c), DIAGNOSTIC_DATA);
    if (code <= CLEAR_OVERRUN)
        check_data_echo(p, data, &at);
}

void modbus_event_counter_answer(struct pdu *p)
{
    take_be16(p->r, p->c, COMM_STATUS);
    take_be16(p->r, p->c, EVENT_COUNT);
}

/* What the high bits of an event say of the others. */
enum event_kind { EVENT_RESTART = 1, EVENT_LISTEN_ONLY, EVENT_SEND, EVENT_RECEIVE };

static void event(struct pdu *p, unsigned code, const uint8_t *at)
{
    unsigned kind = code & 0x80 ? EVENT_RECEIVE : code & 0x40 ? EVENT_SEND : 0;

    if (code == 0)
        kind = EVENT_RESTART;
    else if (code == 4)
        kind = EVENT_LISTEN_ONLY;
    record_row(p->r, GROUP_EVENT);
    modbus_set(p, EVENT, code, at, 1);
    if (kind)
        record_set(p->r, EVENT_KIND, kind);
    if (kind == EVENT_RECEIVE)
        record_set(p->r, EVENT_RECEIVED, code & 0x72);
    if (kind == EVENT_SEND)
        record_set(p->r, EVENT_SENT, code & 0x3f);
}

void modbus_event_log_answer(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned count = take_u8(p->r, p->c, BYTE_COUNT);
    struct bytes events;

    if (count != cur_left(p->c) || count < 6 || count > 70)
        record_violation(p->r, BYTE_COUNT_DIFFERS, &at);
    take_be16(p->r, p->c, COMM_STATUS);
    take_be16(p->r, p->c, EVENT_COUNT);
    take_be16(p->r, p->c, MESSAGE_COUNT);
    if (*p->c->truncated)
        return;
    events = modbus_values(p, count > 6 ? count - 6 : 0);
    for (size_t i = 0; i < events.len; i++)
        event(p, events.at[i], events.at + i);
}

static bool is_indicator(uint8_t byte)
{
    return byte == 0 || byte == 0xff;
}

/*
 * How long the id is, only its maker knows.  Most send one byte and the
 * indicator, then text; pymodbus sends text and the indicator last.
 */
static size_t id_size(struct bytes all)
{
    if (all.len > 1 && is_indicator(all.at[1]))
        return 1;
    if (all.len > 1 && is_indicator(all.at[all.len - 1]))
        return all.len - 1;
    return all.len;
}

void modbus_server_id_answer(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned count = take_u8(p->r, p->c, BYTE_COUNT);
    size_t left = cur_left(p->c), n = count < left ? count : left, id;
    struct cursor body = cur_cut(p->c, n);

    if (count != left)
        record_violation(p->r, BYTE_COUNT_DIFFERS, &at);
    id = id_size((struct bytes){body.at, n});
    take_bytes(p->r, &body, id, SERVER_ID);
    if (cur_left(&body))
        take_u8(p->r, &body, RUN_INDICATOR);
    if (cur_left(&body))
        take_bytes(p->r, &body, cur_left(&body), ADDITIONAL_DATA);
    if (count > left)
        cur_skip(p->c, 1);
}
