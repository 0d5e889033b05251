#include "rules/later.h"

#include <string.h>

/* clang-format off */
static const struct {
    const char *name, *why;
} protocols[] = {
    {"dnp3",        "this version has no dissector for dnp3"},
    {"s7comm",      "this version has no dissector for s7comm"},
    {"s7comm_plus", "this version has no dissector for s7comm_plus"},
}, prefixes[] = {
    {"asset.",      "this version makes no records of assets"},
    {"baseline.",   "this version has no baseline"},
    {"point.",      "this version gives points no names"},
}, of_points[] = {
    {"name",        "this version gives points no names"},
    {"eu",          "this version gives points no names"},
    {"previous",    "this version keeps no values of points"},
};
/* clang-format on */

static bool known(const struct names *names, const char *protocol)
{
    return names_schema(names,
                        (struct bytes){(const uint8_t *)protocol, strlen(protocol)}) >= 0;
}

static bool begins(struct bytes name, const char *with)
{
    size_t len = strlen(with);

    return name.len > len && memcmp(name.at, with, len) == 0;
}

const char *later_protocol(const struct names *names, struct bytes name)
{
    for (unsigned i = 0; i < COUNT_OF(protocols); i++) {
        if (bytes_are(name, protocols[i].name) && !known(names, protocols[i].name))
            return protocols[i].why;
    }
    return NULL;
}

/* Of a point, as it is called inside of `any point (...)` and in a sentence. */
static const char *of_point(struct bytes name)
{
    if (begins(name, "point."))
        name = (struct bytes){name.at + 6, name.len - 6};
    for (unsigned i = 0; i < COUNT_OF(of_points); i++) {
        if (bytes_are(name, of_points[i].name))
            return of_points[i].why;
    }
    return NULL;
}

const char *later_name(const struct names *names, const struct scope *scope,
                       struct bytes name)
{
    const char *dot = memchr(name.at, '.', name.len), *why;

    if (scope->point && (why = of_point(name)))
        return why;
    if (scope->point && later_table(names) && bytes_are(name, "trip_close"))
        return later_table(names);
    if (dot &&
        (why = later_protocol(
             names, (struct bytes){name.at, (size_t)(dot - (const char *)name.at)})))
        return why;
    for (unsigned i = 0; i < COUNT_OF(prefixes); i++) {
        if (begins(name, prefixes[i].name))
            return prefixes[i].why;
    }
    return NULL;
}

const char *later_table(const struct names *names)
{
    for (unsigned i = 0; i < COUNT_OF(protocols); i++) {
        if (!known(names, protocols[i].name))
            return protocols[i].why;
    }
    return NULL;
}

const char *later_kind(enum record_kind kind)
{
    if (kind == RECORD_ASSET)
        return "this version makes no records of assets";
    if (kind == RECORD_POINT)
        return "this version makes no records of points";
    return NULL;
}
