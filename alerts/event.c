#include "alerts/event.h"

#include <string.h>

/* clang-format off */
const struct label alert_state_labels[] = {
    {ALERT_NEW,       "new",       0, "told for the first time"},
    {ALERT_ESCALATED, "escalated", 0, "its severity rose"},
    {ALERT_REPEATED,  "repeated",  0, "another act of the same kind: mode, program or command"},
    {ALERT_UPDATED,   "updated",   0, "its count grew"},
    {ALERT_CLOSED,    "closed",    0, "it was quiet long enough"},
    {ALERT_CLEARED,   "cleared",   0, "the condition is over"},
    {0},
};
/* clang-format on */

/*
 *      | struct event, its pointers void | line | saved |
 */

size_t event_size(const struct event *e)
{
    return sizeof *e + e->line.len + e->saved.len;
}

void event_pack(const struct event *e, void *out)
{
    struct event *to = out;
    uint8_t *at = (uint8_t *)(to + 1);

    *to = *e;
    to->alert = NULL;
    if (e->line.len)
        memcpy(at, e->line.at, e->line.len);
    if (e->saved.len)
        memcpy(at + e->line.len, e->saved.at, e->saved.len);
}

struct event event_unpack(const void *packed)
{
    struct event e = *(const struct event *)packed;

    e.line.at = (const uint8_t *)packed + sizeof e;
    e.saved.at = e.line.at + e.line.len;
    return e;
}
