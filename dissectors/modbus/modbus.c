/* Placeholder of the contract: replaced by the dissector. */
#include "dissectors/dissector.h"

static const struct field fields[] = {
    {"unit", FIELD_INT, "Unit the message is for", .flags = FIELD_CHILD,
     .side = SIDE_BOTH},
};

static long modbus_length(const struct side *side, struct cursor head)
{
    (void)side;
    (void)head;
    return LENGTH_NOT_MINE;
}

static enum verdict modbus_message(struct exchange *x, const struct side *side,
                                   struct cursor *c)
{
    (void)x;
    (void)side;
    (void)c;
    return NOT_MINE;
}

const struct dissector dissector_modbus = {
    .schema = {.name = "modbus", .title = "Modbus", .fields = fields, .nfields = 1},
    .length = modbus_length,
    .message = modbus_message,
};
