/*
 * The JSON Schema of what encode.c writes: the fixed members from the tables
 * below, the protocols' from their own.  A test holds both to one another.
 */

#include <string.h>

#include "sensor/core/encode.h"

enum { STAGE = 4096 };

/* clang-format off */
static const struct shape ether_nodes[] = {
    {"src_mac",  SHAPE_TEXT, "Who sent the opening message, on the wire"},
    {"dest_mac", SHAPE_TEXT, "To whom"},
    {0},
};

static const struct shape flow_nodes[] = {
    {"src_ip",         SHAPE_TEXT, "Client"},
    {"src_port",       SHAPE_INT,  "Its port"},
    {"dest_ip",        SHAPE_TEXT, "Server"},
    {"dest_port",      SHAPE_INT,  "Its port"},
    {"start",          SHAPE_TIME, "First packet"},
    {"pkts_toserver",  SHAPE_INT,  "Packets from client to server"},
    {"pkts_toclient",  SHAPE_INT,  "Packets from server to client"},
    {"bytes_toserver", SHAPE_INT,  "Bytes from client to server"},
    {"bytes_toclient", SHAPE_INT,  "Bytes from server to client"},
    {0},
};

static const struct shape envelope_nodes[] = {
    {"timestamp",     SHAPE_TIME, "Packet time, UTC"},
    {"flow_id",       SHAPE_INT,  "The conversation, below 2^53"},
    {"pcap_filename", SHAPE_TEXT, "File it was read from"},
    {"pcap_cnt",      SHAPE_INT,  "Frame that completed it"},
    {"in_iface",      SHAPE_TEXT, "Interface it was heard on"},
    {"vlan",          SHAPE_INT | SHAPE_LIST, "VLAN ids, outermost first"},
    {"ip_v",          SHAPE_INT,  "4 or 6"},
    {"src_ip",        SHAPE_TEXT, "Who sent the opening message"},
    {"src_port",      SHAPE_INT,  "Port of it"},
    {"dest_ip",       SHAPE_TEXT, "To whom the opening message went"},
    {"dest_port",     SHAPE_INT,  "Port of it"},
    {"proto",         SHAPE_TEXT, "Transport"},
    {"ether",         SHAPE_OBJECT, "MAC addresses", ether_nodes},
    {"community_id",  SHAPE_TEXT, "Community ID, version 1, seed 0"},
    {"app_proto",     SHAPE_TEXT, "Protocol of the record"},
    {"direction",     SHAPE_TEXT, "Where the opening message went: to_server, to_client"},
    {"host",          SHAPE_TEXT, "Name of the sensor"},
    {"flow",          SHAPE_OBJECT, "The conversation so far", flow_nodes},
    {0},
};

static const struct shape party_nodes[] = {
    {"ip",  SHAPE_TEXT, "IP address"},
    {"mac", SHAPE_TEXT, "MAC address its frames carry"},
    {"name",  SHAPE_TEXT, "The asset's name in the configuration"},
    {"zone",  SHAPE_TEXT, "Zone it is in"},
    {"level", SHAPE_REAL, "Purdue level"},
    {"role",  SHAPE_TEXT, "What it is there for", .labels = site_roles},
    {"known", SHAPE_BOOL, "The configuration names it"},
    {0},
};

static const struct shape message_nodes[] = {
    {"pcap_cnt",   SHAPE_INT,  "Frame that completed the message"},
    {"pcap_first", SHAPE_INT,  "Frame it began in, where that is another one"},
    {"time",       SHAPE_TIME, "When it was complete"},
    {"length",     SHAPE_INT,  "Bytes"},
    {0},
};

static const struct shape violation_nodes[] = {
    {"reason", SHAPE_TEXT, "What breaks the protocol's specification"},
    {"side",   SHAPE_TEXT, "request or response"},
    {"offset", SHAPE_INT,  "Byte of the message"},
    {0},
};

static const struct shape operation_nodes[] = {
    {"id",    SHAPE_TEXT, "Joins begin, steps and end"},
    {"kind",  SHAPE_TEXT, "What goes on"},
    {"state", SHAPE_TEXT, "Where it stands", .labels = operation_state_labels},
    {"steps", SHAPE_INT,  "Transactions so far"},
    {"bytes", SHAPE_INT,  "Bytes moved so far"},
    {"begun", SHAPE_TIME, "Its first message"},
    {0},
};

const struct shape encode_point_nodes[] = {
    {"access",    SHAPE_TEXT, "Read, written or reported", .labels = point_access_labels},
    {"table",     SHAPE_TEXT, "Where it lives"},
    {"address",   SHAPE_INT,  "Its address on the wire, from 0"},
    {"reference", SHAPE_TEXT, "Its address as papers write it"},
    {"type",      SHAPE_TEXT, "How the value is coded", .labels = point_type_labels},
    {"value",     SHAPE_REAL, "The value; absent where it is no number"},
    {"raw",       SHAPE_TEXT, "The bytes on the wire, in hexadecimal"},
    {"quality",   SHAPE_TEXT | SHAPE_LIST, "Quality flags the device gave it"},
    {"time",      SHAPE_TIME, "Time the device gave it"},
    {0},
};

static const struct shape ot_nodes[] = {
    {"verb",             SHAPE_TEXT, "The heaviest thing it does", .labels = verb_labels},
    {"verbs",            SHAPE_TEXT | SHAPE_LIST, "All it does"},
    {"outcome",          SHAPE_TEXT, "How it went", .labels = outcome_labels},
    {"function",         SHAPE_TEXT, "What is asked, by name"},
    {"function_code",    SHAPE_INT,  "What is asked, by number"},
    {"response_time_ms", SHAPE_REAL, "From the request to its answer"},
    {"client",           SHAPE_OBJECT, "Who asks", party_nodes},
    {"server",           SHAPE_OBJECT, "Who serves", party_nodes},
    {"crosses_zone",     SHAPE_BOOL, "Client and server are in different zones"},
    {"crosses_boundary", SHAPE_BOOL, "One is on the IT side of the boundary, the other not"},
    {"unit",             SHAPE_INT,  "The device behind the server"},
    {"device",           SHAPE_TEXT, "The device, by address"},
    {"request",          SHAPE_OBJECT, "The request on the wire", message_nodes},
    {"response",         SHAPE_OBJECT, "Its answer on the wire", message_nodes},
    {"violations",       SHAPE_OBJECT | SHAPE_LIST, "What breaks the specification", violation_nodes},
    {"violations_total", SHAPE_INT,  "How many there were"},
    {"operation",        SHAPE_OBJECT, "What it is part of", operation_nodes},
    {"left_out",         SHAPE_INT,  "Values that did not fit into the record"},
    {"points",           SHAPE_OBJECT | SHAPE_LIST, "Process values", encode_point_nodes},
    {"points_total",     SHAPE_INT,  "How many there were"},
    {0},
};

static const char *const json_types[SHAPE_TYPES] = {
    [SHAPE_TEXT] = "string", [SHAPE_INT] = "integer", [SHAPE_REAL] = "number",
    [SHAPE_BOOL] = "boolean", [SHAPE_TIME] = "string", [SHAPE_OBJECT] = "object",
};
/* clang-format on */

static const char time_pattern[] =
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}\\+0000$";

static void put_names(struct json *j, const struct label *labels)
{
    json_array(j, "enum");
    for (const struct label *l = labels; l && l->name; l++)
        json_text(j, NULL, l->name);
    json_array_end(j);
}

/* What the node of that type is; the object around it stays open. */
static void put_type(struct json *j, unsigned type)
{
    json_text(j, "type", json_types[type]);
    if (type == SHAPE_TIME)
        json_text(j, "pattern", time_pattern);
}

static void open_node(struct json *j, const char *name, const char *doc, unsigned type)
{
    json_object(j, name);
    if (doc)
        json_text(j, "description", doc);
    if (type & SHAPE_LIST) {
        json_text(j, "type", "array");
        json_object(j, "items");
    }
    put_type(j, type & ~(unsigned)SHAPE_LIST);
}

static void close_node(struct json *j, unsigned type)
{
    if (type & SHAPE_LIST)
        json_object_end(j);
    json_object_end(j);
}

static void open_members(struct json *j)
{
    json_bool(j, "additionalProperties", false);
    json_object(j, "properties");
}

static const struct shape *named(const struct shape *nodes, const char *name)
{
    for (const struct shape *n = nodes; n && n->name; n++) {
        if (strcmp(n->name, name) == 0)
            return n;
    }
    return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): the tables are three levels deep at most. */
static void put_nodes(struct json *j, const struct shape *nodes,
                      const struct shape *instead)
{
    for (const struct shape *n = nodes; n && n->name; n++) {
        if (named(instead, n->name))
            continue;
        open_node(j, n->name, n->doc, n->type);
        if (n->labels)
            put_names(j, n->labels);
        if (n->members) {
            open_members(j);
            put_nodes(j, n->members, NULL);
            json_object_end(j);
        }
        close_node(j, n->type);
    }
}

/* A name of the table, or "unknown_91": one type for ever, any device. */
static void put_enum_field(struct json *j, const struct field *f)
{
    char key[JSON_KEY];

    json_object(j, f->name);
    json_text(j, "description", f->doc);
    json_text(j, "type", "string");
    json_array(j, "anyOf");
    json_object(j, NULL);
    put_names(j, f->labels);
    json_object_end(j);
    json_object(j, NULL);
    json_text(j, "pattern", "^unknown_[0-9]+$");
    json_object_end(j);
    json_array_end(j);
    json_object_end(j);
    if (f->flags & FIELD_DERIVED)
        return;
    json_object(j, json_key(key, sizeof key, f->name, "_code"));
    json_text(j, "type", "integer");
    json_object_end(j);
}

static void put_simple(struct json *j, const char *name, const char *doc, unsigned type)
{
    open_node(j, name, doc, type);
    close_node(j, type);
}

static void put_field(struct json *j, const struct field *f)
{
    static const uint8_t node_types[FIELD_TYPES] = {
        [FIELD_BOOL] = SHAPE_BOOL, [FIELD_INT] = SHAPE_INT,
        [FIELD_REAL] = SHAPE_REAL, [FIELD_FLAGS] = SHAPE_TEXT | SHAPE_LIST,
        [FIELD_TIME] = SHAPE_TIME, [FIELD_DURATION] = SHAPE_REAL,
    }; /* the rest is text */
    char key[JSON_KEY];

    if (f->flags & FIELD_SECRET)
        put_simple(j, json_key(key, sizeof key, f->name, "_present"), f->doc, SHAPE_BOOL);
    else if (f->type == FIELD_ENUM)
        put_enum_field(j, f);
    else if (f->type == FIELD_DURATION)
        put_simple(j, json_key(key, sizeof key, f->name, "_ms"), f->doc, SHAPE_REAL);
    else
        put_simple(j, f->name, f->doc, node_types[f->type]);
}

static bool has_response_copies(const struct schema *s, unsigned group)
{
    for (unsigned slot = 0; slot < s->nfields; slot++) {
        if (s->fields[slot].side == SIDE_BOTH && s->fields[slot].group == group)
            return true;
    }
    return false;
}

static void put_group(struct json *j, const struct schema *s, unsigned group)
{
    char plural[JSON_KEY], total[JSON_KEY + 8];

    encode_plural(s->groups[group].name, plural);
    open_node(j, plural, s->groups[group].doc, SHAPE_OBJECT | SHAPE_LIST);
    open_members(j);
    for (unsigned slot = 0; slot < s->nfields; slot++) {
        if (s->fields[slot].group == group)
            put_field(j, &s->fields[slot]);
    }
    json_object_end(j);
    close_node(j, SHAPE_LIST);
    put_simple(j, json_key(total, sizeof total, plural, "_total"), "How many there were",
               SHAPE_INT);
}

static void put_response(struct json *j, const struct schema *s)
{
    open_node(j, "response", "The response's copy of what both messages bring",
              SHAPE_OBJECT);
    open_members(j);
    for (unsigned slot = 0; slot < s->nfields; slot++) {
        if (s->fields[slot].side == SIDE_BOTH && s->fields[slot].group == 0)
            put_field(j, &s->fields[slot]);
    }
    for (unsigned group = 1; group < s->ngroups; group++) {
        if (has_response_copies(s, group))
            put_group(j, s, group);
    }
    json_object_end(j);
    close_node(j, SHAPE_OBJECT);
}

static void put_schema(struct json *j, const struct schema *s)
{
    bool response = false;

    open_node(j, s->name, s->title, SHAPE_OBJECT);
    open_members(j);
    for (unsigned slot = 0; slot < s->nfields; slot++) {
        const struct field *f = &s->fields[slot];

        if (f->group == 0 && !(f->flags & (FIELD_FUNCTION | FIELD_CHILD)))
            put_field(j, f);
    }
    for (unsigned group = 0; group < s->ngroups || group == 0; group++) {
        response |= has_response_copies(s, group);
        if (group > 0)
            put_group(j, s, group);
    }
    if (response)
        put_response(j, s);
    json_object_end(j);
    close_node(j, SHAPE_OBJECT);
}

static void put_event_types(struct json *j, const struct label *more)
{
    json_object(j, "event_type");
    json_text(j, "type", "string");
    json_array(j, "enum");
    for (const struct label *l = record_kind_labels; l->name; l++)
        json_text(j, NULL, l->name);
    for (const struct label *l = more; l && l->name; l++)
        json_text(j, NULL, l->name);
    json_array_end(j);
    json_object_end(j);
}

static void put_required(struct json *j)
{
    json_array(j, "required");
    json_text(j, NULL, "timestamp");
    json_text(j, NULL, "event_type");
    json_text(j, NULL, "ot");
    json_array_end(j);
}

static void put_ot(struct json *j, const struct encode_parts *parts)
{
    open_node(j, "ot", "Everything that EVE has no place for", SHAPE_OBJECT);
    open_members(j);
    put_nodes(j, ot_nodes, parts->ot);
    put_nodes(j, parts->ot, NULL);
    for (unsigned i = 0; i < parts->nschemas; i++)
        put_schema(j, parts->schemas[i]);
    json_object_end(j);
    close_node(j, SHAPE_OBJECT);
}

static void to_file(void *to, const char *text, size_t len)
{
    fwrite(text, 1, len, to);
}

bool encode_schema(FILE *out, const struct encode_parts *parts)
{
    char stage[STAGE];
    struct json j = json_into(stage, sizeof stage);

    j.flush = to_file;
    j.to = out;
    json_object(&j, NULL);
    json_text(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_text(&j, "title", "Sightglass events");
    put_type(&j, SHAPE_OBJECT);
    put_required(&j);
    open_members(&j);
    put_event_types(&j, parts->event_types);
    put_nodes(&j, envelope_nodes, parts->envelope);
    put_nodes(&j, parts->envelope, NULL);
    put_ot(&j, parts);
    json_object_end(&j);
    json_object_end(&j);
    json_end_line(&j);
    return fflush(out) == 0 && !ferror(out);
}
