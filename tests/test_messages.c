/*
 * What must hold for every dissector, tried with its sample messages.  Nothing here
 * names a protocol: a new one gets these tests with its directory of messages.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dump.h"
#include "tests/feed.h"
#include "tests/guard.h"
#include "tests/samples.h"

enum { POOL = 64, TABLES = SCHEMA_FIELDS + 3, LABELS = 128 };

static struct dialogue room;
static struct feed feed;

static void for_every_conversation(void (*each)(const struct dissector *,
                                                const struct dialogue *, void *),
                                   void *context)
{
    for (unsigned i = 0; i < ndissectors; i++)
        samples_each(dissectors[i], &room, each, context);
}

/* ---- truncation ----------------------------------------------------------------- */

/* All messages before the ith whole, the ith only in part. */
static void feed_cut(const struct dissector *d, const struct dialogue *c, size_t i,
                     size_t len)
{
    struct bytes cut;

    feed_open(&feed, d, c->framing, POOL);
    for (size_t before = 0; before < i; before++) {
        const struct sample *m = &c->messages[before];

        feed_message(&feed, m->side, m->bytes.at, m->bytes.len);
    }
    cut = guarded(c->messages[i].bytes.at, len);
    feed_message(&feed, c->messages[i].side, cut.at, cut.len);
    feed_end(&feed);
}

static void check_cut(const struct dialogue *c, size_t i, size_t len)
{
    for (size_t n = feed.nrecords; n-- > 0;) {
        const struct record *r = feed.records[n];

        if (r->kind == RECORD_TRANSACTION && r->frame == i + 1) {
            if (!r->nviolations)
                print_error("%s: message %zu of %zu bytes, cut at %zu\n", c->name, i + 1,
                            c->messages[i].bytes.len, len);
            assert_true(r->nviolations > 0);
            return;
        }
    }
}

static void cut_all(const struct dissector *d, const struct dialogue *c, void *context)
{
    size_t *tried = context;

    for (size_t i = 0; i < c->n; i++) {
        for (size_t len = 0; len < c->messages[i].bytes.len; len++) {
            feed_cut(d, c, i, len);
            check_cut(c, i, len);
            feed_close(&feed);
            ++*tried;
        }
    }
}

static void a_message_cut_anywhere_is_never_read_past_its_end(void **state)
{
    size_t tried = 0;

    (void)state;
    for_every_conversation(cut_all, &tried);
    assert_true(tried > 0);
}

/* ---- segmentation ------------------------------------------------------------------ */

/* Consecutive messages of one side, as one piece of a stream. */
struct burst {
    unsigned side;
    uint8_t bytes[1 << 14];
    size_t len;
};

static struct burst bursts[SAMPLE_MESSAGES];
static size_t nbursts;

static void make_bursts(const struct dialogue *c)
{
    nbursts = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct sample *m = &c->messages[i];
        struct burst *b;

        if (nbursts == 0 || bursts[nbursts - 1].side != m->side)
            bursts[nbursts++] = (struct burst){.side = m->side};
        b = &bursts[nbursts - 1];
        assert_true(b->len + m->bytes.len <= sizeof b->bytes);
        memcpy(b->bytes + b->len, m->bytes.at, m->bytes.len);
        b->len += m->bytes.len;
    }
}

/* The text of all records, the nth burst being cut at `at`. */
static char *records_of(const struct dissector *d, const struct dialogue *c, size_t n,
                        size_t at)
{
    char *text = NULL;
    size_t size = 0;

    feed_open(&feed, d, c->framing, POOL);
    feed.keep = false;
    feed.out = open_memstream(&text, &size);
    for (size_t i = 0; i < nbursts; i++) {
        const struct burst *b = &bursts[i];
        size_t first = i == n ? at : b->len;

        feed_bytes(&feed, b->side, b->bytes, first);
        feed_bytes(&feed, b->side, b->bytes + first, b->len - first);
    }
    feed_end(&feed);
    fclose(feed.out);
    feed.out = NULL;
    assert_int_equal(feed.refused, 0);
    feed_close(&feed);
    return text;
}

static void split_all(const struct dissector *d, const struct dialogue *c, void *context)
{
    char *whole;
    size_t *tried = context;

    make_bursts(c);
    whole = records_of(d, c, SAMPLE_MESSAGES, 0);
    assert_true(strlen(whole) > 0);
    for (size_t n = 0; n < nbursts; n++) {
        for (size_t at = 1; at < bursts[n].len; at++) {
            char *split = records_of(d, c, n, at);

            if (strcmp(split, whole) != 0)
                print_error("%s: burst %zu, cut at %zu\n", c->name, n + 1, at);
            assert_string_equal(split, whole);
            free(split);
            ++*tried;
        }
    }
    free(whole);
}

static void a_stream_cut_anywhere_gives_the_same_records(void **state)
{
    size_t tried = 0;

    (void)state;
    for_every_conversation(split_all, &tried);
    assert_true(tried > 0);
}

/* ---- exhaustion --------------------------------------------------------------------- */

static void feed_all(const struct dissector *d, const struct dialogue *c, size_t pool)
{
    feed_open(&feed, d, c->framing, pool);
    feed.keep = false;
    for (size_t i = 0; i < c->n; i++)
        feed_message(&feed, c->messages[i].side, c->messages[i].bytes.at,
                     c->messages[i].bytes.len);
    feed_end(&feed);
}

static void starve(const struct dissector *d, const struct dialogue *c, void *context)
{
    size_t with_room, told;

    (void)context;
    feed_all(d, c, POOL);
    with_room = feed.ntransactions;
    assert_int_equal(feed.home.counters.lost, 0);
    assert_int_equal(feed.home.counters.left_out, 0);
    feed_close(&feed);
    feed_all(d, c, 1);
    told = feed.ntransactions + feed.home.counters.lost;
    assert_in_range(told, with_room, with_room + c->n);
    feed_close(&feed);
}

static void with_room_for_one_record_the_counters_add_up(void **state)
{
    (void)state;
    for_every_conversation(starve, NULL);
}

/* ---- labels -------------------------------------------------------------------------- */

/* Which labels of which table occurred: the fields', then three of the schema. */
enum { SEEN_TABLES = SCHEMA_FIELDS, SEEN_OPERATIONS, SEEN_VIOLATIONS };
static bool seen[TABLES][LABELS];

static void mark(unsigned table, const struct label *labels, uint64_t code, bool mask)
{
    for (unsigned i = 0; labels && labels[i].name; i++) {
        assert_true(i < LABELS);
        if (mask ? (labels[i].code & code) != 0 : labels[i].code == code)
            seen[table][i] = true;
    }
}

static void mark_values(const struct record *r)
{
    unsigned n;
    const struct value *v = record_values(r, &n);

    for (unsigned i = 0; i < n; i++) {
        const struct field *f;

        if (v[i].slot == SLOT_ROW)
            continue;
        f = &r->schema->fields[v[i].slot];
        if (f->type == FIELD_ENUM || f->type == FIELD_FLAGS)
            mark(v[i].slot, f->labels, v[i].u, f->type == FIELD_FLAGS);
    }
}

static void mark_record(const struct record *r)
{
    struct run run;

    mark_values(r);
    for (uint32_t place = 0; record_next_run(r, &place, &run);)
        mark(SEEN_TABLES, r->schema->tables, run.table, false);
    if (r->operation.id)
        mark(SEEN_OPERATIONS, r->schema->operations, r->operation.kind, false);
    for (unsigned i = 0; i < r->nviolations; i++)
        mark(SEEN_VIOLATIONS, r->schema->violations, r->violations[i].reason, false);
}

static void mark_all(const struct dissector *d, const struct dialogue *c, void *context)
{
    (void)context;
    feed_open(&feed, d, c->framing, FEED_RECORDS);
    for (size_t i = 0; i < c->n; i++)
        feed_message(&feed, c->messages[i].side, c->messages[i].bytes.at,
                     c->messages[i].bytes.len);
    feed_end(&feed);
    for (size_t i = 0; i < feed.nrecords; i++)
        mark_record(feed.records[i]);
    feed_close(&feed);
}

/* unseen.txt has a line with this name and a reason. */
static bool excused(const char *name)
{
    char path[640], line[512];
    size_t len = strlen(name);
    bool found = false;
    FILE *in;

    snprintf(path, sizeof path, "%s/unseen.txt", samples_folder());
    in = fopen(path, "r");
    assert_non_null(in);
    while (!found && fgets(line, sizeof line, in))
        found = strncmp(line, name, len) == 0 && line[len] == ' ' &&
                isgraph((unsigned char)line[len + 1]);
    fclose(in);
    return found;
}

static unsigned missing(const struct schema *s, unsigned table, const char *name,
                        const struct label *labels)
{
    char full[256];
    unsigned n = 0;

    for (unsigned i = 0; labels && labels[i].name; i++) {
        snprintf(full, sizeof full, "%s.%s.%s", s->name, name, labels[i].name);
        if (seen[table][i] == !excused(full))
            continue;
        print_error("%s: %s\n", full,
                    seen[table][i] ? "occurs, and is in unseen.txt" : "never occurs");
        n++;
    }
    return n;
}

static void every_label_occurs_in_some_message(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ndissectors; i++) {
        const struct schema *s = &dissectors[i]->schema;
        unsigned n = 0;

        memset(seen, 0, sizeof seen);
        samples_each(dissectors[i], &room, mark_all, NULL);
        for (unsigned slot = 0; slot < s->nfields; slot++)
            n += missing(s, slot, s->fields[slot].name, s->fields[slot].labels);
        n += missing(s, SEEN_TABLES, "tables", s->tables);
        n += missing(s, SEEN_OPERATIONS, "operations", s->operations);
        n += missing(s, SEEN_VIOLATIONS, "violations", s->violations);
        assert_int_equal(n, 0);
    }
}

/* ---- fields: what is said of them is true -------------------------------------------- */

static bool field_seen[SCHEMA_FIELDS];

static void check_sides(const struct dissector *d, const struct dialogue *c,
                        void *context)
{
    (void)context;
    feed_open(&feed, d, c->framing, FEED_RECORDS);
    for (size_t i = 0; i < c->n; i++)
        feed_message(&feed, c->messages[i].side, c->messages[i].bytes.at,
                     c->messages[i].bytes.len);
    feed_end(&feed);
    for (size_t i = 0; i < feed.nrecords; i++) {
        unsigned n;
        const struct value *v = record_values(feed.records[i], &n);

        for (unsigned at = 0; at < n; at++) {
            const struct field *f = &d->schema.fields[v[at].slot];

            if (v[at].slot == SLOT_ROW)
                continue;
            field_seen[v[at].slot] = true;
            if (!((f->side ? f->side : SIDE_REQUEST) & v[at].side))
                print_error("%s: %s.%s\n", c->name, d->schema.name, f->name);
            assert_true((f->side ? f->side : SIDE_REQUEST) & v[at].side);
        }
    }
    feed_close(&feed);
}

static void every_field_occurs_and_on_no_other_side_than_it_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ndissectors; i++) {
        const struct schema *s = &dissectors[i]->schema;

        memset(field_seen, 0, sizeof field_seen);
        samples_each(dissectors[i], &room, check_sides, NULL);
        for (unsigned slot = 0; slot < s->nfields; slot++) {
            if (!field_seen[slot])
                print_error("%s.%s never occurs\n", s->name, s->fields[slot].name);
            assert_true(field_seen[slot]);
        }
    }
}

/* ---- schemas --------------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    if (!name || !islower((unsigned char)*name))
        return false;
    for (; *name; name++) {
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) &&
            *name != '_')
            return false;
    }
    return true;
}

static void check_labels(const struct label *labels, bool flags)
{
    uint32_t all = 0;

    for (const struct label *l = labels; l && l->name; l++) {
        assert_true(is_name(l->name));
        assert_non_null(l->doc);
        assert_ptr_equal(label_of(labels, l->code), l);
        assert_ptr_equal(label_named(labels, l->name), l);
        if (!flags)
            continue;
        assert_true(l->code && (l->code & (l->code - 1)) == 0);
        assert_int_equal(all & l->code, 0);
        all |= l->code;
    }
}

static void check_field(const struct schema *s, unsigned slot)
{
    const struct field *f = &s->fields[slot];

    assert_true(is_name(f->name));
    assert_non_null(f->doc);
    assert_int_equal(schema_slot(s, f->name), slot);
    assert_true(f->type < FIELD_TYPES);
    assert_true(f->side <= SIDE_BOTH);
    assert_true(f->group == 0 || f->group < s->ngroups);
    assert_true((f->type == FIELD_ENUM || f->type == FIELD_FLAGS) == !!f->labels);
    check_labels(f->labels, f->type == FIELD_FLAGS);
}

static unsigned fields_flagged(const struct schema *s, enum field_flag flag)
{
    unsigned n = 0;

    for (unsigned slot = 0; slot < s->nfields; slot++)
        n += (s->fields[slot].flags & flag) != 0;
    return n;
}

static void every_schema_is_complete(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ndissectors; i++) {
        const struct schema *s = &dissectors[i]->schema;

        assert_true(is_name(s->name));
        assert_non_null(s->title);
        assert_in_range(s->nfields, 1, SCHEMA_FIELDS);
        for (unsigned slot = 0; slot < s->nfields; slot++)
            check_field(s, slot);
        for (unsigned group = 1; group < s->ngroups; group++) {
            assert_true(is_name(s->groups[group].name));
            assert_non_null(s->groups[group].doc);
        }
        assert_true(fields_flagged(s, FIELD_FUNCTION) <= 1);
        assert_int_equal(fields_flagged(s, FIELD_CHILD) == 1, s->child != NULL);
        check_labels(s->tables, false);
        check_labels(s->operations, false);
        check_labels(s->violations, false);
        check_labels(dissectors[i]->framings, false);
    }
}

/* ---- what is none -------------------------------------------------------------------- */

static void check_stranger(const struct dissector *d, const char *hex)
{
    struct side side = {.transport = TRANSPORT_TCP};
    uint8_t bytes[256];
    size_t len = hex_bytes(hex, bytes, sizeof bytes);

    for (side.framing = 0; side.framing < 4; side.framing++) {
        bool truncated = false;
        struct cursor c = cur_over(guarded(bytes, len), &truncated);

        if (d->length(&side, c) > 0)
            print_error("%s takes %s\n", d->schema.name, hex);
        assert_true(d->length(&side, c) <= 0);
    }
}

static void no_dissector_takes_other_traffic(void **state)
{
    static const char *const strangers[] = {
        "474554202f20485454502f312e310d0a0d0a",
        "16030100c8010000c40303",
        "5353482d322e302d4f70656e5353485f392e320d0a",
        "00000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffff",
        "65000400000000000000000000000000000000000000000001000000",
    };

    (void)state;
    for (unsigned i = 0; i < ndissectors; i++) {
        for (unsigned n = 0; n < COUNT_OF(strangers); n++)
            check_stranger(dissectors[i], strangers[n]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_schema_is_complete),
        cmocka_unit_test(a_message_cut_anywhere_is_never_read_past_its_end),
        cmocka_unit_test(a_stream_cut_anywhere_gives_the_same_records),
        cmocka_unit_test(with_room_for_one_record_the_counters_add_up),
        cmocka_unit_test(every_label_occurs_in_some_message),
        cmocka_unit_test(every_field_occurs_and_on_no_other_side_than_it_says),
        cmocka_unit_test(no_dissector_takes_other_traffic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
