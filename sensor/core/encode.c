#include "sensor/core/encode.h"

#include <inttypes.h>
#include <string.h>

#include "sensor/core/common.h"

enum { NS_PER_TENTH_US = 100 };

static const char *const types[RECORD_KINDS] = {
    [RECORD_TRANSACTION] = "transaction",
    [RECORD_OPERATION] = "operation",
    [RECORD_FLOW] = "flow",
    [RECORD_HEALTH] = "health",
    [RECORD_ASSET] = "asset",
    [RECORD_POINT] = "point",
};

/* clang-format off */
static const struct label protocols[] = {
    {1, "ICMP"}, {2, "IGMP"}, {6, "TCP"}, {17, "UDP"}, {58, "IPv6-ICMP"}, {132, "SCTP"}, {0},
};
/* clang-format on */

const struct encode_limits encode_all = {UINT_MAX, UINT_MAX, UINT_MAX};

void encoder_open(struct encoder *e)
{
    memset(e, 0, sizeof *e);
    e->limits = encode_all;
}

/* Rows of a list have the same fields: they count once, as many as the longest has. */
struct rows {
    unsigned before, most;
};

static struct rows rows_begin(const struct json *j)
{
    return (struct rows){j->fields, 0};
}

static void row_done(struct json *j, struct rows *rows)
{
    unsigned n = j->fields - rows->before;

    rows->most = n > rows->most ? n : rows->most;
    j->fields = rows->before;
}

static void rows_end(struct json *j, const struct rows *rows)
{
    json_array_end(j);
    j->fields = rows->before + rows->most;
}

/* ---- the envelope ----------------------------------------------------------- */

static void put_source(const struct encoder *e, const struct record *r, struct json *j)
{
    const struct encode_source *s =
        r->source < e->nsources ? &e->sources[r->source] : NULL;
    uint64_t frame = r->nmessages ? record_message_at(r, 0)->frame : r->frame;

    if (!s)
        return;
    json_text(j, s->file ? "pcap_filename" : "in_iface", s->name);
    if (s->file && frame) /* of the opening message: the request */
        json_uint(j, "pcap_cnt", frame);
}

static void put_ip(struct json *j, const char *key, const struct address *a)
{
    char text[ADDRESS_TEXT];

    if (a->family != ADDRESS_NONE)
        json_text(j, key, address_text(a, text));
}

static void put_mac(struct json *j, const char *key, const uint8_t mac[MAC_SIZE])
{
    static const uint8_t unknown[MAC_SIZE];
    char text[MAC_TEXT];

    if (memcmp(mac, unknown, MAC_SIZE) != 0)
        json_text(j, key, mac_text(mac, text));
}

/* Source and destination are those of the opening message. */
static void put_ends(const struct parties *p, struct json *j)
{
    bool turned = p->from_server;

    if (p->client.family != ADDRESS_NONE)
        json_uint(j, "ip_v", p->client.family);
    put_ip(j, "src_ip", turned ? &p->server : &p->client);
    json_uint(j, "src_port", turned ? p->server_port : p->client_port);
    put_ip(j, "dest_ip", turned ? &p->client : &p->server);
    json_uint(j, "dest_port", turned ? p->client_port : p->server_port);
}

static void put_transport(const struct parties *p, struct json *j)
{
    const struct label *l = label_of(protocols, p->protocol);
    char number[JSON_KEY];

    if (!l)
        snprintf(number, sizeof number, "%03u", p->protocol);
    json_text(j, "proto", l ? l->name : number);
}

static void put_macs(const struct parties *p, struct json *j)
{
    if (!p->has_macs)
        return;
    json_object(j, "ether");
    put_mac(j, "src_mac", p->from_server ? p->server_mac : p->client_mac);
    put_mac(j, "dest_mac", p->from_server ? p->client_mac : p->server_mac);
    json_object_end(j);
}

static void put_vlans(const struct parties *p, struct json *j)
{
    if (p->nvlans == 0)
        return;
    json_array(j, "vlan");
    for (unsigned i = 0; i < p->nvlans; i++)
        json_uint(j, NULL, p->vlans[i]);
    json_array_end(j);
}

static void put_conversation(struct encoder *e, const struct record *r, struct json *j)
{
    const struct parties *p = &r->parties;
    const char *community = community_id(&e->community, p);

    put_vlans(p, j);
    put_ends(p, j);
    put_transport(p, j);
    put_macs(p, j);
    if (community)
        json_text(j, "community_id", community);
    if (r->kind == RECORD_TRANSACTION || r->kind == RECORD_OPERATION)
        json_text(j, "app_proto", r->schema->name);
    json_text(j, "direction", p->from_server ? "to_client" : "to_server");
}

void encode_envelope(struct encoder *e, const struct record *r, struct json *j)
{
    if (r->parties.flow_id)
        json_uint(j, "flow_id", r->parties.flow_id);
    put_source(e, r, j);
    if (r->parties.protocol)
        put_conversation(e, r, j);
    if (e->host)
        json_text(j, "host", e->host);
}

void encode_flow(const struct record *r, struct json *j)
{
    const struct parties *p = &r->parties;

    if (p->protocol == 0)
        return;
    json_object(j, "flow");
    put_ip(j, "src_ip", &p->client);
    json_uint(j, "src_port", p->client_port);
    put_ip(j, "dest_ip", &p->server);
    json_uint(j, "dest_port", p->server_port);
    json_time(j, "start", p->flow_start);
    json_uint(j, "pkts_toserver", p->packets[0]);
    json_uint(j, "pkts_toclient", p->packets[1]);
    json_uint(j, "bytes_toserver", p->bytes[0]);
    json_uint(j, "bytes_toclient", p->bytes[1]);
    json_object_end(j);
}

/* ---- values ------------------------------------------------------------------ */

/* Milliseconds with at most four decimals: 100 ns is what captures are good for. */
static void put_ms(struct json *j, const char *key, int64_t ns)
{
    int64_t tenths = ns / NS_PER_TENTH_US;

    json_real(j, key, (double)tenths / 10000.0);
}

static void put_flag_names(struct json *j, const char *key, const struct label *labels,
                           uint64_t mask)
{
    char name[JSON_KEY];

    json_array(j, key);
    for (const struct label *l = labels; l && l->name; l++) {
        if (l->code && (mask & l->code) == l->code)
            json_text(j, NULL, l->name);
    }
    for (const struct label *l = labels; l && l->name; l++) {
        if ((mask & l->code) == l->code)
            mask &= ~(uint64_t)l->code;
    }
    for (unsigned bit = 0; mask; bit++, mask >>= 1) {
        if (mask & 1) {
            snprintf(name, sizeof name, "bit_%u", bit);
            json_text(j, NULL, name);
        }
    }
    json_array_end(j);
}

static void put_enum(struct json *j, const struct field *f, uint64_t code)
{
    const struct label *l = label_of(f->labels, code);
    char text[JSON_KEY];

    if (!l)
        snprintf(text, sizeof text, "unknown_%" PRIu64, code);
    json_text(j, f->name, l ? l->name : text);
    if (!(f->flags & FIELD_DERIVED))
        json_uint(j, json_key(text, sizeof text, f->name, "_code"), code);
}

/* No more than `most` bytes, and no half character at the end. */
static struct bytes cut(struct bytes b, unsigned most)
{
    enum { LONGEST_CHARACTER = 4 };
    size_t len = most;

    if (b.len <= most)
        return b;
    while (len > 0 && most - len < LONGEST_CHARACTER && (b.at[len] & 0xc0) == 0x80)
        len--;
    b.len = len;
    return b;
}

static void put_bytes(struct json *j, const struct field *f, struct bytes b,
                      const struct encode_limits *limits)
{
    if (f->type == FIELD_TEXT) {
        json_text_bytes(j, f->name, cut(b, limits->text));
    } else if (f->type == FIELD_ADDRESS) {
        json_address(j, f->name, b);
    } else {
        b.len = b.len < limits->text ? b.len : limits->text;
        json_hex(j, f->name, b);
    }
}

static void put_value(const struct record *r, const struct value *v,
                      const struct encode_limits *limits, struct json *j)
{
    const struct field *f = &r->schema->fields[v->slot];
    char key[JSON_KEY];

    if (f->flags & FIELD_SECRET) {
        json_bool(j, json_key(key, sizeof key, f->name, "_present"), true);
        return;
    }
    switch (f->type) {
    case FIELD_BOOL:
        json_bool(j, f->name, v->u != 0);
        break;
    case FIELD_INT:
        json_int(j, f->name, v->i);
        break;
    case FIELD_REAL:
        json_real(j, f->name, v->r);
        break;
    case FIELD_ENUM:
        put_enum(j, f, v->u);
        break;
    case FIELD_FLAGS:
        put_flag_names(j, f->name, f->labels, v->u);
        break;
    case FIELD_TIME:
        json_time(j, f->name, v->i);
        break;
    case FIELD_DURATION:
        put_ms(j, json_key(key, sizeof key, f->name, "_ms"), v->i);
        break;
    default:
        put_bytes(j, f, record_bytes(r, v), limits);
        break;
    }
}

/* ---- how it went ---------------------------------------------------------------- */

static void put_datum_text(const struct record *r, enum common_slot slot, const char *key,
                           struct json *j)
{
    struct datum d;

    if (common_get(r, slot, 0, &d))
        json_text_bytes(j, key, d.b);
}

static void put_datum_int(const struct record *r, enum common_slot slot, const char *key,
                          struct json *j)
{
    struct datum d;

    if (common_get(r, slot, 0, &d))
        json_int(j, key, d.i);
}

static void put_datum_bool(const struct record *r, enum common_slot slot, const char *key,
                           struct json *j)
{
    struct datum d;

    if (common_get(r, slot, 0, &d))
        json_bool(j, key, d.u);
}

void encode_course(const struct record *r, struct json *j)
{
    const struct label *outcome = label_of(outcome_labels, r->outcome);
    bool transaction = r->kind == RECORD_TRANSACTION;
    uint32_t verbs = r->verbs || !transaction ? r->verbs : VERB_OTHER;
    int64_t took = record_response_time(r);

    if (verbs) {
        json_text(j, "verb", verb_name(verbs));
        put_flag_names(j, "verbs", verb_labels, verbs);
    }
    if (outcome && transaction)
        json_text(j, "outcome", outcome->name);
    put_datum_text(r, COMMON_FUNCTION, "function", j);
    put_datum_int(r, COMMON_FUNCTION_CODE, "function_code", j);
    if (took >= 0)
        put_ms(j, "response_time_ms", took);
}

/* What people have said of it. */
static void put_place(struct json *j, const struct site *site, const struct address *a)
{
    const struct site_host *host = site_host(site, a);
    const struct site_zone *zone = site_zone(site, a);
    double level;

    if (host)
        json_text(j, "name", host->name);
    if (zone)
        json_text(j, "zone", zone->name);
    if (site_level(site, a, &level))
        json_real(j, "level", level);
    if (host && host->role)
        json_text(j, "role", label_of(site_roles, host->role)->name);
    json_bool(j, "known", host != NULL);
}

static void put_party(struct json *j, const char *key, const struct record *r,
                      const struct address *a, const uint8_t *mac)
{
    json_object(j, key);
    put_ip(j, "ip", a);
    if (r->parties.has_macs)
        put_mac(j, "mac", mac);
    if (r->site)
        put_place(j, r->site, a);
    json_object_end(j);
}

void encode_parties(const struct record *r, struct json *j)
{
    const struct parties *p = &r->parties;

    if (p->protocol) {
        put_party(j, "client", r, &p->client, p->client_mac);
        put_party(j, "server", r, &p->server, p->server_mac);
    }
    if (r->site) {
        put_datum_bool(r, COMMON_CROSSES_ZONE, "crosses_zone", j);
        put_datum_bool(r, COMMON_CROSSES_BOUNDARY, "crosses_boundary", j);
    }
    put_datum_int(r, COMMON_UNIT, "unit", j);
    if (r->kind == RECORD_TRANSACTION || r->kind == RECORD_OPERATION)
        put_datum_text(r, COMMON_DEVICE, "device", j);
}

static void put_message(const struct record *r, unsigned side, const char *key,
                        struct json *j)
{
    const struct message *m = record_message_of(r, side);

    if (!m)
        return;
    json_object(j, key);
    if (m->frame)
        json_uint(j, "pcap_cnt", m->frame);
    if (m->first && m->first != m->frame)
        json_uint(j, "pcap_first", m->first);
    json_time(j, "time", m->time);
    json_uint(j, "length", m->length);
    json_object_end(j);
}

static void put_violations(const struct record *r, struct json *j)
{
    struct rows rows;

    if (r->nviolations == 0)
        return;
    json_array(j, "violations");
    rows = rows_begin(j);
    for (unsigned i = 0; i < r->nviolations; i++) {
        const struct violation *v = &r->violations[i];

        json_object(j, NULL);
        json_text(j, "reason", violation_name(r->schema, v->reason));
        json_text(j, "side", v->side == SIDE_RESPONSE ? "response" : "request");
        if (v->offset != OFFSET_NONE)
            json_uint(j, "offset", v->offset);
        json_object_end(j);
        row_done(j, &rows);
    }
    rows_end(j, &rows);
    json_uint(j, "violations_total", r->violations_total);
}

static void put_operation(const struct record *r, struct json *j)
{
    const struct operation *o = &r->operation;
    const struct label *kind = label_of(r->schema->operations, o->kind);
    const struct label *state = label_of(operation_state_labels, o->state);

    if (o->id == 0)
        return;
    json_object(j, "operation");
    json_id(j, "id", o->id);
    if (kind)
        json_text(j, "kind", kind->name);
    if (r->kind == RECORD_OPERATION && state)
        json_text(j, "state", state->name);
    json_uint(j, "steps", o->steps);
    json_uint(j, "bytes", o->bytes);
    json_time(j, "begun", o->begun);
    json_object_end(j);
}

void encode_messages(const struct record *r, struct json *j)
{
    put_message(r, SIDE_REQUEST, "request", j);
    put_message(r, SIDE_RESPONSE, "response", j);
    put_violations(r, j);
    put_operation(r, j);
    if (r->left_out)
        json_uint(j, "left_out", r->left_out);
}

/* ---- points ----------------------------------------------------------------- */

static void put_label(struct json *j, const char *key, const struct label *labels,
                      unsigned code)
{
    const struct label *l = label_of(labels, code);
    char text[JSON_KEY];

    if (!l)
        snprintf(text, sizeof text, "unknown_%u", code);
    json_text(j, key, l ? l->name : text);
}

void encode_point(const struct record *r, const struct point *p, const char *key,
                  struct json *j)
{
    struct datum d;

    json_object(j, key);
    put_label(j, "access", point_access_labels, p->access);
    put_label(j, "table", r->schema->tables, p->table);
    json_uint(j, "address", p->address);
    if (point_get(r, p, POINT_REFERENCE, &d))
        json_text_bytes(j, "reference", d.b);
    put_label(j, "type", point_type_labels, p->type);
    if (p->type == POINT_F32)
        json_float(j, "value", (float)p->value);
    else
        json_real(j, "value", p->value);
    json_hex(j, "raw", p->raw);
    if (p->has_quality)
        put_flag_names(j, "quality", r->schema->qualities, p->quality);
    if (p->has_time)
        json_time(j, "time", p->time);
    json_object_end(j);
}

void encode_points(const struct record *r, unsigned most, struct json *j)
{
    uint64_t total = record_points(r);
    struct rows rows;
    struct point p;
    struct run run;
    unsigned n = 0;

    if (total == 0)
        return;
    json_array(j, "points");
    rows = rows_begin(j);
    for (uint32_t place = 0; n < most && record_next_run(r, &place, &run);) {
        for (uint32_t i = 0; i < run.count && n < most; i++, n++) {
            run_point(&run, i, &p);
            encode_point(r, &p, NULL, j);
            row_done(j, &rows);
        }
    }
    rows_end(j, &rows);
    json_uint(j, "points_total", total);
}

/* ---- the protocol's own ------------------------------------------------------- */

const char *encode_plural(const char *name, char out[JSON_KEY])
{
    size_t len = strlen(name);
    int last = len ? name[len - 1] : 'x';
    int stem = (int)len;
    const char *ending = "s";

    if (last == 's' || last == 'x' || last == 'h') {
        ending = "es";
    } else if (last == 'y' && len > 1 && !strchr("aeiou", name[len - 2])) {
        ending = "ies";
        stem--;
    }
    snprintf(out, JSON_KEY, "%.*s%s", stem, name, ending);
    return out;
}

/* The field is told as ot.function or ot.unit. */
static bool is_hoisted(const struct field *f)
{
    return f->flags & (FIELD_FUNCTION | FIELD_CHILD);
}

/* What to show of a slot in ot.<protocol>, or in its `response`. */
static const struct value *shown(const struct record *r, unsigned slot, bool response)
{
    const struct field *f = &r->schema->fields[slot];

    if (f->group)
        return NULL;
    if (!response && is_hoisted(f))
        return NULL;
    if (!response)
        return f->side == SIDE_BOTH ? record_get_side(r, slot, SIDE_REQUEST)
                                    : record_get(r, slot);
    if (f->side != SIDE_BOTH ||
        (is_hoisted(f) && !record_get_side(r, slot, SIDE_REQUEST)))
        return NULL;
    return record_get_side(r, slot, SIDE_RESPONSE);
}

/* Both messages may bring rows of the group: the response's are told apart. */
static bool on_both_sides(const struct schema *s, unsigned group)
{
    for (unsigned slot = 0; slot < s->nfields; slot++) {
        if (s->fields[slot].group == group && s->fields[slot].side == SIDE_BOTH)
            return true;
    }
    return false;
}

/* The next row that belongs where `response` says. */
static bool next_row(const struct record *r, unsigned group, unsigned *at,
                     struct row *row, bool response)
{
    bool both = on_both_sides(r->schema, group);
    unsigned n;

    while (record_next_row(r, group, at, row)) {
        const struct value *mark = record_values(r, &n) + row->first - 1;

        if ((both && mark->side == SIDE_RESPONSE) == response)
            return true;
    }
    return false;
}

static void put_row(const struct record *r, const struct row *row, unsigned group,
                    const struct encode_limits *limits, struct json *j)
{
    unsigned n;
    const struct value *v = record_values(r, &n);

    json_object(j, NULL);
    for (unsigned i = row->first; i < row->end; i++) {
        if (r->schema->fields[v[i].slot].group == group &&
            record_row_get(r, row, v[i].slot) == &v[i])
            put_value(r, &v[i], limits, j);
    }
    json_object_end(j);
}

static void put_group(const struct record *r, unsigned group, bool response,
                      const struct encode_limits *limits, struct json *j)
{
    char plural[JSON_KEY], key[JSON_KEY + 8];
    unsigned at = 0, n = 0;
    struct rows rows;
    struct row row;

    if (!next_row(r, group, &at, &row, response))
        return;
    encode_plural(r->schema->groups[group].name, plural);
    json_array(j, plural);
    rows = rows_begin(j);
    at = 0;
    for (; next_row(r, group, &at, &row, response); n++) {
        if (n >= limits->rows)
            continue;
        put_row(r, &row, group, limits, j);
        row_done(j, &rows);
    }
    rows_end(j, &rows);
    if (n > limits->rows)
        json_uint(j, json_key(key, sizeof key, plural, "_total"), n);
}

static void put_fields(const struct record *r, bool response,
                       const struct encode_limits *limits, struct json *j)
{
    for (unsigned slot = 0; slot < r->schema->nfields; slot++) {
        const struct value *v = shown(r, slot, response);

        if (v)
            put_value(r, v, limits, j);
    }
    for (unsigned group = 1; group < r->schema->ngroups; group++)
        put_group(r, group, response, limits, j);
}

static bool has_response(const struct record *r)
{
    unsigned at = 0;
    struct row row;

    for (unsigned slot = 0; slot < r->schema->nfields; slot++) {
        if (shown(r, slot, true))
            return true;
    }
    for (unsigned group = 1; group < r->schema->ngroups; group++, at = 0) {
        if (next_row(r, group, &at, &row, true))
            return true;
    }
    return false;
}

void encode_protocol(const struct record *r, const struct encode_limits *limits,
                     struct json *j)
{
    json_object(j, r->schema->name);
    put_fields(r, false, limits, j);
    if (has_response(r)) {
        json_object(j, "response");
        put_fields(r, true, limits, j);
        json_object_end(j);
    }
    json_object_end(j);
}

size_t encode_record(struct encoder *e, const struct record *r, struct json *j)
{
    json_object(j, NULL);
    json_time(j, "timestamp", r->time);
    json_text(j, "event_type", types[r->kind]);
    encode_envelope(e, r, j);
    if (r->kind == RECORD_FLOW)
        encode_flow(r, j);
    json_object(j, "ot");
    encode_course(r, j);
    encode_parties(r, j);
    encode_messages(r, j);
    encode_points(r, e->limits.points, j);
    encode_protocol(r, &e->limits, j);
    json_object_end(j);
    json_object_end(j);
    return json_end_line(j);
}
