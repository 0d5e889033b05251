#include "sensor/site_read.h"

#include <assert.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/core/yaml.h"

enum { POINTS_MAX = 65535 };

struct reading {
    struct site *site;
    struct arena *arena;
    struct diagnostics *d;
    const char **points;
    unsigned room;
};

/* ---- networks -------------------------------------------------------------------- */

static bool read_network(struct reading *r, const struct yaml *value,
                         struct site_network *out)
{
    const char *text, *slash;
    char *copy;
    int64_t bits;

    if (!yaml_text(value, &text, r->d))
        return false;
    copy = arena_text(r->arena, text);
    slash = strchr(text, '/');
    if (slash)
        copy[slash - text] = '\0';
    if (address_parse(copy, &out->address)) {
        out->bits = out->address.family == ADDRESS_V4 ? 32 : 128;
        if (!slash)
            return true;
        if (text_int(slash + 1, &bits) && bits >= 0 && bits <= out->bits) {
            out->bits = (unsigned)bits;
            return true;
        }
    }
    diagnostics_error(r->d, &value->at, "`%.60s` is no network such as 10.20.1.0/24",
                      text);
    return false;
}

static void read_networks(struct reading *r, const struct yaml *list,
                          struct site_zone *zone)
{
    struct site_network *networks;

    if (!yaml_is(list, YAML_SEQUENCE, r->d))
        return;
    networks = arena_take(r->arena, (list->n + 1) * sizeof *networks);
    for (const struct yaml *v = list->first; v; v = v->next)
        zone->n += read_network(r, v, &networks[zone->n]);
    zone->networks = networks;
}

static bool read_level(struct reading *r, const struct yaml *item, double *level)
{
    const struct yaml *value = yaml_get(item, "level");

    return value && yaml_real(value, level, r->d);
}

/* ---- zones ----------------------------------------------------------------------- */

static void read_zones(struct reading *r, const struct yaml *list)
{
    static const char *const keys[] = {"name", "level", "cidr", "vlan", NULL};
    struct site_zone *zones;

    if (!list || !yaml_is(list, YAML_SEQUENCE, r->d))
        return;
    zones = arena_take(r->arena, (list->n + 1) * sizeof *zones);
    for (const struct yaml *item = list->first; item; item = item->next) {
        struct site_zone *zone = &zones[r->site->nzones];
        const struct yaml *name = yaml_get(item, "name"), *cidr = yaml_get(item, "cidr");

        if (!yaml_is(item, YAML_MAP, r->d))
            continue;
        yaml_known_keys(item, keys, r->d);
        if (!name || !yaml_text(name, &zone->name, r->d)) {
            diagnostics_error(r->d, &item->at, "this zone has no `name`");
            continue;
        }
        zone->has_level = read_level(r, item, &zone->level);
        if (cidr)
            read_networks(r, cidr, zone);
        r->site->nzones++;
    }
    r->site->zones = zones;
}

/* ---- assets ---------------------------------------------------------------------- */

static void read_role(struct reading *r, const struct yaml *value, struct site_host *host)
{
    const struct label *role;
    struct diagnostic *e;
    struct nearest n;
    const char *text;

    if (!value || !yaml_text(value, &text, r->d))
        return;
    role = label_named(site_roles, text);
    if (role) {
        host->role = role->code;
        return;
    }
    e = diagnostics_error(r->d, &value->at, "there is no role `%.40s`", text);
    nearest_open(&n, text);
    for (const struct label *l = site_roles; l->name; l++)
        nearest_offer(&n, l->name);
    diagnostic_suggest(r->d, e, n.best);
}

/* One asset, once for each of its addresses. */
static unsigned read_asset(struct reading *r, const struct yaml *item,
                           struct site_host *out)
{
    static const char *const keys[] = {"name",  "ip",       "mac",     "serial", "role",
                                       "owner", "critical", "devices", "level",  NULL};
    const struct yaml *ip = yaml_get(item, "ip"), *owner = yaml_get(item, "owner"),
                      *critical = yaml_get(item, "critical"),
                      *name = yaml_get(item, "name");
    struct site_host host = {0};
    struct site_network address;
    unsigned n = 0;

    yaml_known_keys(item, keys, r->d);
    if (!name || !yaml_text(name, &host.name, r->d)) {
        diagnostics_error(r->d, &item->at, "this asset has no `name`");
        return 0;
    }
    read_role(r, yaml_get(item, "role"), &host);
    host.has_level = read_level(r, item, &host.level);
    if (owner)
        yaml_text(owner, &host.owner, r->d);
    if (critical)
        yaml_bool(critical, &host.critical, r->d);
    for (const struct yaml *v = ip && ip->kind == YAML_SEQUENCE ? ip->first : ip; v;
         v = ip == v ? NULL : v->next) {
        if (!read_network(r, v, &address))
            continue;
        host.address = address.address;
        out[n++] = host;
    }
    return n;
}

static unsigned addresses_of(const struct yaml *item)
{
    const struct yaml *ip = yaml_get(item, "ip");

    return !ip ? 0 : ip->kind == YAML_SEQUENCE ? ip->n : 1;
}

static void read_assets(struct reading *r, const struct yaml *list)
{
    struct site_host *hosts;
    unsigned n = 1;

    if (!list || !yaml_is(list, YAML_SEQUENCE, r->d))
        return;
    for (const struct yaml *item = list->first; item; item = item->next)
        n += item->kind == YAML_MAP ? addresses_of(item) : 0;
    hosts = arena_take(r->arena, n * sizeof *hosts);
    for (const struct yaml *item = list->first; item; item = item->next) {
        if (yaml_is(item, YAML_MAP, r->d))
            r->site->nhosts += read_asset(r, item, &hosts[r->site->nhosts]);
    }
    r->site->hosts = hosts;
}

/* ---- points ---------------------------------------------------------------------- */

static void add_point(struct reading *r, const char *name)
{
    if (r->site->npoints == r->room) {
        unsigned room = r->room ? r->room * 2 : 64;
        const char **points = arena_take(r->arena, room * sizeof *points);

        if (r->room)
            memcpy(points, r->points, r->room * sizeof *points);
        r->points = points;
        r->room = room;
    }
    assert(r->points);
    if (r->site->npoints < POINTS_MAX)
        r->points[r->site->npoints++] = name;
}

static void read_points(struct reading *r, const char *path)
{
    const struct source *source = diagnostics_read(r->d, path);
    const struct yaml *root = source ? yaml_load(r->arena, source, r->d) : NULL, *list;
    const char *text;

    if (!root || !yaml_is(root, YAML_MAP, r->d))
        return;
    list = yaml_get(root, "points");
    if (!list || !yaml_is(list, YAML_SEQUENCE, r->d))
        return;
    for (const struct yaml *item = list->first; item; item = item->next) {
        const struct yaml *name = item->kind == YAML_MAP ? yaml_get(item, "name") : NULL;

        if (name && yaml_text(name, &text, r->d))
            add_point(r, text);
        else
            diagnostics_error(r->d, &item->at, "this point has no `name`");
    }
}

static const char *beside(struct reading *r, const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');

    if (path[0] == '/' || !slash)
        return path;
    return arena_format(r->arena, "%.*s/%s", (int)(slash - file), file, path);
}

static void read_map(struct reading *r, const char *config, const struct yaml *pattern)
{
    glob_t found = {0};
    const char *text;

    if (!yaml_text(pattern, &text, r->d))
        return;
    if (glob(beside(r, config, text), 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            read_points(r, arena_text(r->arena, found.gl_pathv[i]));
    }
    globfree(&found);
}

static void read_maps(struct reading *r, const char *config, const struct yaml *points)
{
    const struct yaml *maps =
        points && points->kind == YAML_MAP ? yaml_get(points, "maps") : NULL;

    if (maps && yaml_is(maps, YAML_SEQUENCE, r->d)) {
        for (const struct yaml *v = maps->first; v; v = v->next)
            read_map(r, config, v);
    }
}

/* ---- all ------------------------------------------------------------------------- */

/* `boundary: {it: ">= 3.5", ot: "< 3.5"}`. */
static void read_boundary(struct reading *r, const struct yaml *boundary)
{
    const struct yaml *it;

    r->site->boundary = 3.5;
    if (!boundary || !yaml_is(boundary, YAML_MAP, r->d))
        return;
    it = yaml_get(boundary, "it");
    if (it && (it->kind != YAML_SCALAR || strncmp(it->text, ">=", 2) != 0 ||
               !text_real(it->text + 2 + strspn(it->text + 2, " "), &r->site->boundary)))
        diagnostics_error(r->d, &it->at, "it is told as \">= 3.5\"");
}

static void read_network_of(struct reading *r, const struct yaml *network)
{
    static const char *const keys[] = {"zones",         "boundary", "conduits",
                                       "conduits_mode", "assets",   NULL};

    read_boundary(r, NULL);
    if (!network || !yaml_is(network, YAML_MAP, r->d))
        return;
    yaml_known_keys(network, keys, r->d);
    read_boundary(r, yaml_get(network, "boundary"));
    read_zones(r, yaml_get(network, "zones"));
    read_assets(r, yaml_get(network, "assets"));
}

struct site *site_read(const char *config, const char *points, struct arena *arena,
                       struct diagnostics *d)
{
    struct reading r = {
        .site = arena_take(arena, sizeof *r.site), .arena = arena, .d = d};
    const struct source *source = config ? diagnostics_read(d, config) : NULL;
    const struct yaml *root = source ? yaml_load(arena, source, d) : NULL;
    unsigned before = d->errors;

    if (root && root->kind != YAML_MAP)
        root = NULL;
    read_network_of(&r, root ? yaml_get(root, "network") : NULL);
    if (points)
        read_points(&r, points);
    else if (root)
        read_maps(&r, config, yaml_get(root, "points"));
    r.site->points = r.points;
    if (d->errors > before || (r.site->nzones + r.site->nhosts + r.site->npoints == 0))
        return NULL;
    return r.site;
}
