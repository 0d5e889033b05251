/*
 * Set-up, program invocation services and stop.
 *
 *     F0 00 calling(2) called(2) PDU length(2)
 *     28 7 bytes, length(2) argument, length name       PI service
 *     29 5 bytes, length name                           stop
 *
 * For services on blocks the argument is a list: count 00 { type(2) number(5) where },
 * all digits; for the others it is text, as the two letters of a cold start.
 */

#include "dissectors/s7/s7.h"

enum { BLOCK_NAME_SIZE = 8, SERVICE_MARK = 7, STOP_MARK = 5 };

void s7_setup(struct pdu *p)
{
    cur_skip(&p->param, 1);
    take_be16(p->r, &p->param, AMQ_CALLING);
    take_be16(p->r, &p->param, AMQ_CALLED);
    take_be16(p->r, &p->param, PDU_LENGTH);
}

/* clang-format off */
static const struct service {
    const char *name;
    unsigned code; /* of s7_pi_services */
} services[] = {
    {"P_PROGRAM", PI_WARM_START},
    {"_INSE", PI_ACTIVATE}, {"_INS2", PI_ACTIVATE_AGAIN},
    {"_DELE", PI_DELETE},   {"_GARB", PI_COMPRESS},
    {"_MODU", PI_COPY_RAM_TO_ROM},
    {"_N_LOGIN_", PI_LOGIN}, {"_N_LOGOUT", PI_LOGOUT},
};
/* clang-format on */

static bool is_text(struct bytes b, const char *text)
{
    return b.len == strlen(text) && memcmp(b.at, text, b.len) == 0;
}

static unsigned service_of(struct bytes name, struct bytes argument)
{
    for (const struct service *s = services; s < services + COUNT_OF(services); s++) {
        if (is_text(name, s->name))
            return s->code == PI_WARM_START && is_text(argument, "C ") ? PI_COLD_START
                                                                       : s->code;
    }
    return name.len > 3 && memcmp(name.at, "_N_", 3) == 0 ? PI_NUMERIC_CONTROL : PI_OTHER;
}

static unsigned number(struct bytes digits)
{
    unsigned n = 0;

    for (size_t i = 0; i < digits.len && i < 5; i++) {
        if (digits.at[i] >= '0' && digits.at[i] <= '9')
            n = 10 * n + digits.at[i] - '0';
    }
    return n;
}

static void block_row(struct pdu *p, struct cursor *c)
{
    struct bytes type = cur_bytes(c, 2), digits = cur_bytes(c, 5);
    unsigned code = s7_block_type(type);

    cur_skip(c, 1);
    if (*c->truncated)
        return;
    record_row(p->r, GROUP_BLOCK_ROW);
    record_set_at(p->r, ROW_TYPE, code, (uint16_t)(type.at - p->r->base), 2);
    record_set_at(p->r, ROW_NUMBER, number(digits), (uint16_t)(digits.at - p->r->base),
                  5);
}

static bool is_block_list(struct bytes argument)
{
    return argument.len >= 2 && argument.at[1] == 0 && argument.at[0] > 0 &&
           argument.len == 2 + (size_t)argument.at[0] * BLOCK_NAME_SIZE;
}

static void put_argument(struct pdu *p, struct cursor c, unsigned service)
{
    struct bytes b = {c.at, cur_left(&c)};

    if (service == PI_LOGIN) { /* has a password in it */
        take_bytes(p->r, &c, b.len, PASSWORD);
    } else if (!is_block_list(b)) {
        if (b.len)
            take_bytes(p->r, &c, b.len, PI_ARGUMENT);
    } else {
        cur_skip(&c, 2);
        while (cur_left(&c) > 0)
            block_row(p, &c);
    }
}

void s7_pi_ask(struct pdu *p)
{
    struct cursor argument;
    struct bytes name;
    unsigned service;

    p->secret = true; /* until it is known not to be a log-in */
    cur_skip(&p->param, SERVICE_MARK);
    argument = cur_cut(&p->param, cur_be16(&p->param));
    name = take_bytes(p->r, &p->param, cur_u8(&p->param), PI_NAME);
    if (*p->param.truncated)
        return;
    service = service_of(name, (struct bytes){argument.at, cur_left(&argument)});
    p->secret = service == PI_LOGIN;
    record_set(p->r, PI_SERVICE, service);
    p->r->verbs = label_of(s7_pi_services, service)->verbs;
    put_argument(p, argument, service);
}

void s7_stop_ask(struct pdu *p)
{
    cur_skip(&p->param, STOP_MARK);
    take_bytes(p->r, &p->param, cur_u8(&p->param), PI_NAME);
}
