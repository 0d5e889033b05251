#include "sensor/core/site.h"

#include <string.h>

/* clang-format off */
const struct label site_roles[] = {
    {1, "master",      0, "asks outstations and controllers: SCADA, front end"},
    {2, "hmi",         0, "a panel or operator station"},
    {3, "historian",   0, "collects values"},
    {4, "engineering", 0, "programs controllers"},
    {5, "controller",  0, "PLC, safety controller, RTU of a cell"},
    {6, "outstation",  0, "answers masters over DNP3 and the like"},
    {7, "gateway",     0, "stands before other devices"},
    {8, "writer",      0, "writes values and is nothing of the above"},
    {9, "other",       0, "known, and none of the above"},
    {0},
};
/* clang-format on */

const struct site_host *site_host(const struct site *s, const struct address *a)
{
    for (unsigned i = 0; i < s->nhosts; i++) {
        if (address_equal(&s->hosts[i].address, a))
            return &s->hosts[i];
    }
    return NULL;
}

const struct site_zone *site_zone(const struct site *s, const struct address *a)
{
    const struct site_zone *found = NULL;
    unsigned longest = 0;

    for (unsigned i = 0; i < s->nzones; i++) {
        const struct site_zone *z = &s->zones[i];

        for (unsigned n = 0; n < z->n; n++) {
            if (!address_in(a, &z->networks[n].address, z->networks[n].bits) ||
                (found && z->networks[n].bits <= longest))
                continue;
            found = z;
            longest = z->networks[n].bits;
        }
    }
    return found;
}

bool site_level(const struct site *s, const struct address *a, double *level)
{
    const struct site_host *host = site_host(s, a);
    const struct site_zone *zone = site_zone(s, a);

    if (host && host->has_level)
        *level = host->level;
    else if (zone && zone->has_level)
        *level = zone->level;
    else
        return false;
    return true;
}

const struct site_host *site_host_named(const struct site *s, const char *name)
{
    for (unsigned i = 0; s && i < s->nhosts; i++) {
        if (strcmp(s->hosts[i].name, name) == 0)
            return &s->hosts[i];
    }
    return NULL;
}

const struct site_zone *site_zone_named(const struct site *s, const char *name)
{
    for (unsigned i = 0; s && i < s->nzones; i++) {
        if (strcmp(s->zones[i].name, name) == 0)
            return &s->zones[i];
    }
    return NULL;
}

int site_point_named(const struct site *s, const char *name)
{
    for (unsigned i = 0; s && i < s->npoints; i++) {
        if (strcmp(s->points[i], name) == 0)
            return (int)i;
    }
    return -1;
}
