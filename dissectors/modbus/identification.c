/*
 * Function 43, encapsulated interfaces: "MODBUS Application Protocol V1.1b3".
 *
 *     43/14  > 14 code first-object
 *            < 14 code conformity more next number { object length value } ...
 *     43/13  > CANopen general reference, which CiA 309-2 describes: kept raw
 */

#include "dissectors/modbus/modbus.h"

enum { OBJECTS_NAMED = 7, OBJECT_PRIVATE = 0x80, CODE_LAST = 4, MORE = 0xff };

/* Unknown interfaces are named so; true for the one that is opened here. */
static bool identifies(struct pdu *p)
{
    struct cursor at = *p->c;
    unsigned type = take_u8(p->r, p->c, MEI_TYPE);

    if (*p->c->truncated)
        return false;
    if (type == MEI_DEVICE_IDENTIFICATION)
        return true;
    p->r->verbs = VERB_OTHER;
    if (type != MEI_CANOPEN)
        record_violation(p->r, UNKNOWN_MEI_TYPE, &at);
    modbus_data(p);
    return false;
}

void modbus_interface_ask(struct pdu *p)
{
    struct cursor at;
    unsigned code;

    if (!identifies(p))
        return;
    at = *p->c;
    code = take_u8(p->r, p->c, READ_DEVICE_ID);
    take_u8(p->r, p->c, FIRST_OBJECT_ID);
    if (!*p->c->truncated && (code == 0 || code > CODE_LAST))
        record_violation(p->r, BAD_DEVICE_ID_STRUCTURE, &at);
}

/* Blanks and zeros that only fill up are no part of a name. */
static struct bytes trimmed(struct bytes b)
{
    while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == 0))
        b.len--;
    return b;
}

static void object(struct pdu *p)
{
    struct cursor at = *p->c;
    size_t length, left;
    unsigned id;
    struct bytes value;

    record_row(p->r, GROUP_OBJECT);
    id = take_u8(p->r, p->c, OBJECT_ID);
    length = take_u8(p->r, p->c, OBJECT_LENGTH);
    left = cur_left(p->c);
    if (length > left)
        record_violation(p->r, BAD_DEVICE_ID_STRUCTURE, &at);
    if (*p->c->truncated)
        return;
    value = take_bytes(p->r, p->c, length < left ? length : left,
                       id < OBJECT_PRIVATE ? OBJECT_VALUE : OBJECT_DATA);
    if (id < OBJECTS_NAMED)
        record_set_bytes(p->r, VENDOR + id, trimmed(value));
    if (length > left)
        cur_skip(p->c, 1);
}

static void check_answer(struct pdu *p, unsigned conformity, unsigned more,
                         const struct cursor *at)
{
    unsigned level = conformity & 0x7f;

    if (*p->c->truncated)
        return;
    if (level == 0 || level > 3 || (more != 0 && more != MORE))
        record_violation(p->r, BAD_DEVICE_ID_STRUCTURE, at);
    modbus_echo(p, READ_DEVICE_ID, ECHO_DIFFERS, at);
}

void modbus_interface_answer(struct pdu *p)
{
    struct cursor at, more_at;
    unsigned conformity, more, number;

    if (!identifies(p))
        return;
    at = *p->c;
    take_u8(p->r, p->c, READ_DEVICE_ID);
    conformity = take_u8(p->r, p->c, CONFORMITY_LEVEL);
    more_at = *p->c;
    more = cur_u8(p->c);
    modbus_set(p, MORE_FOLLOWS, more == MORE, more_at.at, 1);
    take_u8(p->r, p->c, NEXT_OBJECT_ID);
    number = take_u8(p->r, p->c, NUMBER_OF_OBJECTS);
    check_answer(p, conformity, more, &at);
    for (; number && cur_left(p->c); number--)
        object(p);
    if (number && !*p->c->truncated)
        record_violation(p->r, BAD_DEVICE_ID_STRUCTURE, p->c);
}
