#include <string.h>

#include "rules/load.h"

static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

/* "06:00" as minutes of the day; "24:00" is its end. */
static bool time_of_day(struct loading *l, const struct yaml *value, unsigned *out)
{
    const char *text;
    unsigned hours = 0, minutes = 0;
    bool ok;

    if (!yaml_text(value, &text, l->d))
        return false;
    ok = strlen(text) == 5 && text[2] == ':' && strspn(text, "0123456789:") == 5;
    if (ok) {
        hours = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
        minutes = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
        *out = hours * 60 + minutes;
    }
    if (ok && minutes < 60 && *out <= DAY_MINUTES)
        return true;
    diagnostics_error(l->d, &value->at, "`%.20s` is no time of day such as \"06:00\"",
                      text);
    return false;
}

static void load_days(struct loading *l, struct schedule *s, const struct yaml *list)
{
    unsigned day;

    s->days = 0x7f;
    if (!list || !yaml_is(list, YAML_SEQUENCE, l->d))
        return;
    s->days = 0;
    for (const struct yaml *v = list->first; v; v = v->next) {
        if (yaml_choice(v, days, &day, l->d))
            s->days |= (uint8_t)(1 << day);
    }
}

void load_schedule(struct loading *l, const struct yaml *item)
{
    static const char *const keys[] = {"schedule", "days", "from", "to", "doc", NULL};
    const struct yaml *from = yaml_get(item, "from"), *to = yaml_get(item, "to");
    struct names *names = &l->set->names;
    struct schedule *s = arena_take(&l->set->arena, sizeof *s);

    yaml_known_keys(item, keys, l->d);
    if (!from || !to)
        diagnostics_error(l->d, &item->first->at, "a schedule has `from` and `to`");
    if (!load_name(l, item->first, &s->name) || !from || !to ||
        !time_of_day(l, from, &s->from) || !time_of_day(l, to, &s->to))
        return;
    if (names_schedule(names, (struct bytes){(const uint8_t *)s->name, strlen(s->name)}))
        diagnostics_error(l->d, &item->first->at, "`%s` is a schedule already", s->name);
    load_days(l, s, yaml_get(item, "days"));
    s->at = item->first->at;
    s->next = names->schedules;
    names->schedules = s;
}
