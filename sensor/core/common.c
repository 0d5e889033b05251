#include "sensor/core/common.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct label transports[] = {
    {6,  "tcp",  0, "Transmission Control Protocol"},
    {17, "udp",  0, "User Datagram Protocol"},
    {1,  "icmp", 0, "Internet Control Message Protocol"},
    {58, "icmp6", 0, "ICMP for IPv6"},
    {0},
};

const struct field common_fields[COMMON_FIELDS] = {
    [COMMON_TIME]            = {"time", FIELD_TIME, "When its opening message was complete"},
    [COMMON_PROTOCOL]        = {"protocol", FIELD_TEXT, "Protocol of the record"},
    [COMMON_CLIENT]          = {"client", FIELD_ADDRESS, "Who asks, in the protocol's terms", .wireshark = "ip.addr ipv6.addr"},
    [COMMON_CLIENT_PORT]     = {"client.port", FIELD_INT, "Port of the client", .wireshark = "tcp.port udp.port"},
    [COMMON_CLIENT_MAC]      = {"client.mac", FIELD_ADDRESS, "MAC address the client's frames carry", .wireshark = "eth.addr"},
    [COMMON_SERVER]          = {"server", FIELD_ADDRESS, "Who serves, in the protocol's terms", .wireshark = "ip.addr ipv6.addr"},
    [COMMON_SERVER_PORT]     = {"server.port", FIELD_INT, "Port of the server", .wireshark = "tcp.port udp.port"},
    [COMMON_SERVER_MAC]      = {"server.mac", FIELD_ADDRESS, "MAC address the server's frames carry", .wireshark = "eth.addr"},
    [COMMON_SRC]             = {"src", FIELD_ADDRESS, "Who sent the opening message", .wireshark = "ip.src ipv6.src"},
    [COMMON_DST]             = {"dst", FIELD_ADDRESS, "To whom the opening message was sent", .wireshark = "ip.dst ipv6.dst"},
    [COMMON_VLAN]            = {"vlan", FIELD_INT, "VLAN ids of the flow, outermost first", .wireshark = "vlan.id"},
    [COMMON_TRANSPORT]       = {"transport", FIELD_ENUM, "What carries the protocol", transports, "ip.proto", .flags = FIELD_DERIVED},
    [COMMON_UNIT]            = {"unit", FIELD_INT, "The device behind the server: unit, link address"},
    [COMMON_DEVICE]          = {"device", FIELD_TEXT, "The device: server, then unit, link or rack and slot"},
    [COMMON_FUNCTION]        = {"function", FIELD_TEXT, "What is asked, by name"},
    [COMMON_FUNCTION_CODE]   = {"function_code", FIELD_INT, "What is asked, by number"},
    [COMMON_VERB]            = {"verb", FIELD_FLAGS, "What it does to the device, whatever the protocol", verb_labels},
    [COMMON_OUTCOME]         = {"outcome", FIELD_ENUM, "How it went", outcome_labels, .flags = FIELD_DERIVED},
    [COMMON_VIOLATION]       = {"violation", FIELD_TEXT, "What breaks the protocol's specification"},
    [COMMON_RESPONSE_TIME]   = {"response_time", FIELD_DURATION, "From the request to its answer", .wireshark = "modbus.response_time"},
    [COMMON_POINTS_TOTAL]    = {"points_total", FIELD_INT, "Process values in the record"},
    [COMMON_MIDSTREAM]       = {"midstream", FIELD_BOOL, "The flow began before the capture"},
    [COMMON_ONE_WAY]         = {"one_way", FIELD_BOOL, "Only one direction of the flow was seen so far"},
    [COMMON_OPERATION]       = {"operation", FIELD_TEXT, "Operation it belongs to: program_transfer, ..."},
    [COMMON_OPERATION_STATE] = {"operation.state", FIELD_ENUM, "Where the operation stands", operation_state_labels, .flags = FIELD_DERIVED},
    [COMMON_OPERATION_STEPS] = {"operation.steps", FIELD_INT, "Transactions of the operation so far"},
    [COMMON_OPERATION_BYTES] = {"operation.bytes", FIELD_INT, "Bytes the operation moved so far"},
    [COMMON_CLIENT_NAME]     = {"client.name", FIELD_TEXT, "The client's name in network.assets"},
    [COMMON_CLIENT_ZONE]     = {"client.zone", FIELD_TEXT, "Zone of network.zones the client is in"},
    [COMMON_CLIENT_LEVEL]    = {"client.level", FIELD_REAL, "Purdue level of the client"},
    [COMMON_CLIENT_ROLE]     = {"client.role", FIELD_ENUM, "What the client is there for", site_roles, .flags = FIELD_DERIVED},
    [COMMON_CLIENT_KNOWN]    = {"client.known", FIELD_BOOL, "network.assets names the client"},
    [COMMON_SERVER_NAME]     = {"server.name", FIELD_TEXT, "The server's name in network.assets"},
    [COMMON_SERVER_ZONE]     = {"server.zone", FIELD_TEXT, "Zone of network.zones the server is in"},
    [COMMON_SERVER_LEVEL]    = {"server.level", FIELD_REAL, "Purdue level of the server"},
    [COMMON_SERVER_ROLE]     = {"server.role", FIELD_ENUM, "What the server is there for", site_roles, .flags = FIELD_DERIVED},
    [COMMON_SERVER_KNOWN]    = {"server.known", FIELD_BOOL, "network.assets names the server"},
    [COMMON_CROSSES_ZONE]    = {"crosses_zone", FIELD_BOOL, "Client and server are in different zones"},
    [COMMON_CROSSES_BOUNDARY] = {"crosses_boundary", FIELD_BOOL, "One is on the IT side of network.boundary, the other not"},
    [COMMON_SERVICE]         = {"service", FIELD_TEXT, "What a flow carries: modbus, rdp, ...; of other records the protocol"},
    [COMMON_PROTOCOL_OT]     = {"protocol.ot", FIELD_BOOL, "A dissector understands it"},
};

const struct field point_fields[POINT_FIELDS] = {
    [POINT_TABLE]     = {"table", FIELD_TEXT, "Where it lives: coil, holding_register, ..."},
    [POINT_ADDRESS]   = {"address", FIELD_INT, "Its address on the wire, from 0"},
    [POINT_REFERENCE] = {"reference", FIELD_TEXT, "Its address as papers write it: 40101"},
    [POINT_VALUE]     = {"value", FIELD_REAL, "The value"},
    [POINT_TYPE]      = {"type", FIELD_ENUM, "How the value is coded", point_type_labels, .flags = FIELD_DERIVED},
    [POINT_ACCESS]    = {"access", FIELD_ENUM, "Read, written or reported", point_access_labels, .flags = FIELD_DERIVED},
    [POINT_QUALITY]   = {"quality", FIELD_FLAGS, "Quality flags the device gave it"},
};
/* clang-format on */

static bool give_int(struct datum *out, int64_t i)
{
    out->type = FIELD_INT;
    out->i = i;
    return true;
}

static bool give_text(struct datum *out, const char *text)
{
    out->type = FIELD_TEXT;
    out->b = (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
    return text != NULL;
}

static bool give_enum(struct datum *out, const struct label *labels, uint64_t code)
{
    out->type = FIELD_ENUM;
    out->labels = labels;
    out->u = code;
    return true;
}

static bool give_address(struct datum *out, const struct address *a)
{
    out->type = FIELD_ADDRESS;
    out->b = (struct bytes){a->bytes, a->family == ADDRESS_V4 ? 4 : 16};
    return a->family != ADDRESS_NONE;
}

static bool give_mac(const struct record *r, struct datum *out, const uint8_t *mac)
{
    out->type = FIELD_ADDRESS;
    out->b = (struct bytes){mac, MAC_SIZE};
    return r->parties.has_macs;
}

static const struct value *flagged(const struct record *r, enum field_flag flag)
{
    int slot = schema_flagged(r->schema, flag);

    return slot < 0 ? NULL : record_get(r, (unsigned)slot);
}

static bool give_flagged(const struct record *r, enum field_flag flag, struct datum *out)
{
    const struct value *v = flagged(r, flag);

    return v && give_int(out, v->i);
}

static bool give_device(const struct record *r, struct datum *out)
{
    const struct value *v = flagged(r, FIELD_CHILD);
    char server[ADDRESS_TEXT];

    if (r->parties.server.family == ADDRESS_NONE)
        return false;
    address_text(&r->parties.server, server);
    if (v && r->schema->child)
        snprintf(out->text, sizeof out->text, "%s/%s:%" PRId64, server, r->schema->child,
                 v->i);
    else
        snprintf(out->text, sizeof out->text, "%s", server);
    return give_text(out, out->text);
}

static bool give_function(const struct record *r, struct datum *out)
{
    int slot = schema_flagged(r->schema, FIELD_FUNCTION);
    const struct value *v = slot < 0 ? NULL : record_get(r, (unsigned)slot);
    const struct label *l;

    if (!v)
        return false;
    l = label_of(r->schema->fields[slot].labels, v->u);
    if (l)
        return give_text(out, l->name);
    snprintf(out->text, sizeof out->text, "unknown_%" PRIu64, v->u);
    return give_text(out, out->text);
}

static bool give_operation(const struct record *r, enum common_slot slot,
                           struct datum *out)
{
    const struct label *kind = label_of(r->schema->operations, r->operation.kind);

    if (r->operation.id == 0)
        return false;
    switch (slot) {
    case COMMON_OPERATION:
        return give_text(out, kind ? kind->name : NULL);
    case COMMON_OPERATION_STATE:
        return r->kind == RECORD_OPERATION &&
               give_enum(out, operation_state_labels, r->operation.state);
    case COMMON_OPERATION_STEPS:
        return give_int(out, r->operation.steps);
    default:
        return give_int(out, (int64_t)r->operation.bytes);
    }
}

static bool give_party(const struct record *r, enum common_slot slot, struct datum *out)
{
    const struct parties *p = &r->parties;

    switch (slot) {
    case COMMON_CLIENT:
        return give_address(out, &p->client);
    case COMMON_SERVER:
        return give_address(out, &p->server);
    case COMMON_SRC:
        return give_address(out, p->from_server ? &p->server : &p->client);
    case COMMON_DST:
        return give_address(out, p->from_server ? &p->client : &p->server);
    case COMMON_CLIENT_MAC:
        return give_mac(r, out, p->client_mac);
    case COMMON_SERVER_MAC:
        return give_mac(r, out, p->server_mac);
    case COMMON_CLIENT_PORT:
        return give_int(out, p->client_port);
    default:
        return give_int(out, p->server_port);
    }
}

static bool give_flow(const struct record *r, enum common_slot slot, unsigned n,
                      struct datum *out)
{
    const struct parties *p = &r->parties;

    switch (slot) {
    case COMMON_VLAN:
        return n < p->nvlans && give_int(out, p->vlans[n]);
    case COMMON_TRANSPORT:
        return p->protocol && give_enum(out, transports, p->protocol);
    case COMMON_MIDSTREAM:
        out->u = p->midstream;
        break;
    default:
        out->u = p->one_way;
        break;
    }
    out->type = FIELD_BOOL;
    return p->protocol != 0;
}

static bool give_course(const struct record *r, enum common_slot slot, unsigned n,
                        struct datum *out)
{
    switch (slot) {
    case COMMON_VERB:
        out->type = FIELD_FLAGS;
        out->labels = verb_labels;
        out->u = r->verbs ? r->verbs : VERB_OTHER;
        return true;
    case COMMON_OUTCOME:
        return r->outcome != OUTCOME_OPEN && give_enum(out, outcome_labels, r->outcome);
    case COMMON_VIOLATION:
        return n < r->nviolations &&
               give_text(out, violation_name(r->schema, r->violations[n].reason));
    case COMMON_RESPONSE_TIME:
        out->type = FIELD_DURATION;
        out->i = record_response_time(r);
        return out->i >= 0;
    default:
        return give_int(out, (int64_t)record_points(r));
    }
}

/* ---- the site -------------------------------------------------------------- */

static bool give_bool(struct datum *out, bool yes)
{
    out->type = FIELD_BOOL;
    out->u = yes;
    return true;
}

static bool give_real(struct datum *out, double value)
{
    out->type = FIELD_REAL;
    out->r = value;
    return true;
}

static bool give_place(const struct site *site, const struct address *a,
                       enum common_slot slot, struct datum *out)
{
    const struct site_host *host = site_host(site, a);
    const struct site_zone *zone;
    double level;

    switch (slot) {
    case COMMON_CLIENT_NAME:
        return host && give_text(out, host->name);
    case COMMON_CLIENT_ZONE:
        zone = site_zone(site, a);
        return zone && give_text(out, zone->name);
    case COMMON_CLIENT_LEVEL:
        return site_level(site, a, &level) && give_real(out, level);
    case COMMON_CLIENT_ROLE:
        return host && host->role && give_enum(out, site_roles, host->role);
    default:
        return give_bool(out, host != NULL);
    }
}

static bool give_crossing(const struct record *r, enum common_slot slot,
                          struct datum *out)
{
    const struct parties *p = &r->parties;
    const struct site *site = r->site;
    double a, b;

    if (slot == COMMON_CROSSES_ZONE)
        return site->nzones > 0 &&
               give_bool(out, site_zone(site, &p->client) != site_zone(site, &p->server));
    return site_level(site, &p->client, &a) && site_level(site, &p->server, &b) &&
           give_bool(out, (a >= site->boundary) != (b >= site->boundary));
}

static bool give_site(const struct record *r, enum common_slot slot, struct datum *out)
{
    if (!r->site || r->parties.protocol == 0)
        return false;
    if (slot >= COMMON_CROSSES_ZONE)
        return give_crossing(r, slot, out);
    if (slot >= COMMON_SERVER_NAME)
        return give_place(r->site, &r->parties.server,
                          COMMON_CLIENT_NAME + (slot - COMMON_SERVER_NAME), out);
    return give_place(r->site, &r->parties.client, slot, out);
}

/* A flow's own record says what it carries; any other is of a protocol we understand. */
static bool give_service(const struct record *r, enum common_slot slot, struct datum *out)
{
    bool flow = r->kind == RECORD_FLOW;
    int at = !flow                    ? -1
             : slot == COMMON_SERVICE ? schema_slot(r->schema, "service")
                                      : schema_slot(r->schema, "ot");
    const struct value *v = at < 0 ? NULL : record_get(r, (unsigned)at);

    if (flow)
        return v && record_datum(r, v, out);
    if (r->kind != RECORD_TRANSACTION && r->kind != RECORD_OPERATION)
        return false;
    return slot == COMMON_SERVICE ? give_text(out, r->schema->name)
                                  : give_bool(out, true);
}

bool common_get(const struct record *r, enum common_slot slot, unsigned n,
                struct datum *out)
{
    out->labels = NULL;
    if (n > 0 && slot != COMMON_VLAN && slot != COMMON_VIOLATION)
        return false;
    switch (slot) {
    case COMMON_TIME:
        out->type = FIELD_TIME;
        out->i = r->time;
        return true;
    case COMMON_PROTOCOL:
        return give_text(out, r->schema->name);
    case COMMON_UNIT:
        return give_flagged(r, FIELD_CHILD, out);
    case COMMON_DEVICE:
        return give_device(r, out);
    case COMMON_FUNCTION:
        return give_function(r, out);
    case COMMON_FUNCTION_CODE:
        return give_flagged(r, FIELD_FUNCTION, out);
    case COMMON_VLAN:
    case COMMON_TRANSPORT:
    case COMMON_MIDSTREAM:
    case COMMON_ONE_WAY:
        return give_flow(r, slot, n, out);
    default:
        break;
    }
    if (slot >= COMMON_VERB && slot <= COMMON_POINTS_TOTAL)
        return give_course(r, slot, n, out);
    if (slot >= COMMON_SERVICE)
        return give_service(r, slot, out);
    if (slot >= COMMON_CLIENT_NAME)
        return give_site(r, slot, out);
    if (slot >= COMMON_OPERATION)
        return give_operation(r, slot, out);
    return r->parties.protocol != 0 && give_party(r, slot, out);
}

bool record_datum(const struct record *r, const struct value *v, struct datum *out)
{
    const struct field *f;

    if (!v)
        return false;
    f = &r->schema->fields[v->slot];
    out->type = (uint8_t)f->type;
    out->labels = f->labels;
    out->u = v->u;
    out->i = v->i;
    out->r = v->r;
    if (f->type == FIELD_TEXT || f->type == FIELD_BYTES || f->type == FIELD_ADDRESS)
        out->b = record_bytes(r, v);
    return true;
}

static bool give_label(struct datum *out, const struct label *labels, uint64_t code)
{
    const struct label *l = label_of(labels, code);

    return give_text(out, l ? l->name : NULL);
}

bool point_get(const struct record *r, const struct point *p, enum point_slot slot,
               struct datum *out)
{
    out->labels = NULL;
    switch (slot) {
    case POINT_TABLE:
        return give_label(out, r->schema->tables, p->table);
    case POINT_ADDRESS:
        return give_int(out, (int64_t)p->address);
    case POINT_REFERENCE:
        if (!r->schema->reference)
            return false;
        r->schema->reference(p->table, p->type, p->address, out->text, sizeof out->text);
        return give_text(out, out->text);
    case POINT_VALUE:
        out->type = FIELD_REAL;
        out->r = p->value;
        return true;
    case POINT_TYPE:
        return give_enum(out, point_type_labels, p->type);
    case POINT_ACCESS:
        return give_enum(out, point_access_labels, p->access);
    default:
        out->type = FIELD_FLAGS;
        out->labels = r->schema->qualities;
        out->u = p->quality;
        return p->has_quality;
    }
}
