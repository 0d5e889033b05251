#include "alerts/filter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sensor/core/clock.h"

struct text {
    char *out;
    size_t len;
    bool full;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format,
                                                      ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(t->out + t->len, FILTER_TEXT - t->len, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= FILTER_TEXT - t->len)
        t->full = true;
    else
        t->len += (size_t)n;
}

static const char *and_before(const struct text *t)
{
    return t->len ? " and " : "";
}

static void add_address(struct text *t, const struct address *a)
{
    char text[ADDRESS_TEXT];

    if (a->family != ADDRESS_NONE)
        add(t, "%s%s == %s", and_before(t),
            a->family == ADDRESS_V6 ? "ipv6.addr" : "ip.addr", address_text(a, text));
}

static void add_parties(struct text *t, const struct parties *p)
{
    const char *transport = p->protocol == 6 ? "tcp" : p->protocol == 17 ? "udp" : NULL;

    if (p->protocol == 0)
        return;
    add_address(t, &p->client);
    add_address(t, &p->server);
    if (transport)
        add(t, "%s%s.port == %u and %s.port == %u", and_before(t), transport,
            p->client_port, transport, p->server_port);
}

static bool is_number(const struct field *f)
{
    return f->type == FIELD_INT || f->type == FIELD_ENUM || f->type == FIELD_BOOL;
}

/* The field says what it is about, and Wireshark knows it by name. */
static bool is_telling(const struct field *f)
{
    return f->wireshark && f->group == 0 && is_number(f) &&
           !(f->flags & (FIELD_SECRET | FIELD_DERIVED)) &&
           f->flags & (FIELD_IDENTITY | FIELD_CHILD | FIELD_FUNCTION);
}

/* The value that is the same in all messages of the record, or NULL. */
static const struct value *in_all(const struct record *r, unsigned slot)
{
    const struct value *asked = record_get_side(r, slot, SIDE_REQUEST);
    const struct value *answer = record_get_side(r, slot, SIDE_RESPONSE);
    bool has_request = record_message_of(r, SIDE_REQUEST);
    bool has_response = record_message_of(r, SIDE_RESPONSE);

    if (has_request && !asked)
        return NULL;
    if (has_response && !answer)
        return NULL;
    if (asked && answer && asked->i != answer->i)
        return NULL;
    return asked ? asked : answer;
}

/* Wireshark may have several names for it, each in other messages. */
static void add_field(struct text *t, const char *names, int64_t value)
{
    bool several = strchr(names, ' ');
    const char *sep = several ? "(" : "";

    while (*names) {
        size_t len = strcspn(names, " ");

        add(t, "%s%.*s == %" PRId64, sep, (int)len, names, value);
        names += len + strspn(names + len, " ");
        sep = " or ";
    }
    if (several)
        add(t, ")");
}

/*
 * Wireshark knows a protocol by its port, or not at all: where it does not see the
 * protocol, its fields must not hide the frame.
 */
static void add_fields(struct text *t, const struct record *r)
{
    const struct schema *s = r->schema;
    bool open = false;

    if (!s->wireshark)
        return;
    for (unsigned slot = 0; slot < s->nfields; slot++) {
        const struct value *v = is_telling(&s->fields[slot]) ? in_all(r, slot) : NULL;

        if (!v)
            continue;
        add(t, "%s", open ? " and " : and_before(t));
        if (!open)
            add(t, "((");
        open = true;
        add_field(t, s->fields[slot].wireshark, v->i);
    }
    if (open)
        add(t, ") or not (%s))", s->wireshark);
}

/* A file numbers its frames; elsewhere only time tells them, as fine as it was taken. */
static void add_frames(struct text *t, const struct record *r, bool file)
{
    unsigned n = r->nmessages < FILTER_FRAMES ? r->nmessages : FILTER_FRAMES;

    add(t, "%s(", and_before(t));
    for (unsigned i = 0; i < n; i++) {
        const struct message *m = record_message_at(r, i);

        if (file)
            add(t, "%sframe.number == %" PRIu64, i ? " or " : "", m->frame);
        else
            add(t, "%sframe.time_epoch == %" PRId64 ".%09" PRId64, i ? " or " : "",
                m->time / NS_PER_S, m->time % NS_PER_S);
    }
    add(t, ")");
}

bool filter_text(const struct record *r, bool file, char out[FILTER_TEXT])
{
    struct text t = {.out = out};

    out[0] = '\0';
    if (r->nmessages == 0)
        return false;
    add_parties(&t, &r->parties);
    add_fields(&t, r);
    add_frames(&t, r, file);
    if (t.full)
        out[0] = '\0';
    return !t.full;
}
