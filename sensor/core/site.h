#ifndef CORE_SITE_H
#define CORE_SITE_H

/*
 * What people have said of their plant: zones with networks and levels, assets with
 * names and roles, the names of points.
 *
 * Constant once it is loaded; who fills it owns the memory.  Records point to it
 * while rules look at them, so that a zone costs only the rules that ask for it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "sensor/core/address.h"
#include "sensor/core/schema.h"

struct site_network {
    struct address address;
    unsigned bits;
};

struct site_zone {
    const char *name;
    bool has_level;
    double level; /* of the Purdue model: 0 to 5 */
    const struct site_network *networks;
    unsigned n;
};

struct site_host {
    const char *name;
    struct address address;
    unsigned role;     /* code of site_roles; 0: not said */
    const char *owner; /* or NULL */
    bool critical;     /* alerts about it are one severity higher */
    bool has_level;
    double level; /* its own, instead of its zone's */
};

struct site {
    const struct site_zone *zones;
    unsigned nzones;
    const struct site_host
        *hosts; /* an asset of several addresses stands several times */
    unsigned nhosts;
    const char *const *points; /* names */
    unsigned npoints;
    double boundary; /* levels from here on are IT */
    /*
     * The latest value of the nth point, no older than `age` before `now`; NULL: this
     * version keeps none.
     */
    bool (*last)(void *context, unsigned point, int64_t now, int64_t age, double *value);
    void *context;
};

extern const struct label site_roles[];

/* NULL when nobody has said anything of it. */
const struct site_host *site_host(const struct site *s, const struct address *a);

/* The zone with the longest prefix that holds it, or NULL. */
const struct site_zone *site_zone(const struct site *s, const struct address *a);

/* False when neither the asset nor its zone has one. */
bool site_level(const struct site *s, const struct address *a, double *level);

/* By name; NULL, or -1, when there is none. */
const struct site_host *site_host_named(const struct site *s, const char *name);
const struct site_zone *site_zone_named(const struct site *s, const char *name);
int site_point_named(const struct site *s, const char *name);

#endif
