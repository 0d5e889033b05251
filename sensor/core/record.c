#include "sensor/core/record.h"

#include <assert.h>
#include <string.h>

/* Larger stores: room for 2,000 registers' worth, then for the largest PDU. */
static const uint32_t step_sizes[RECORD_STEPS] = {RECORD_SMALL, 16 * 1024, 256 * 1024};

enum { MAX_MESSAGES = 64, MAX_VALUES = 0xfffe };

/* A message and the place of the one before it. */
struct message_node {
    struct message message;
    uint32_t previous;
};

struct run_node {
    struct run run; /* its three pointers are replaced by the places below */
    uint32_t next, values, quality, times;
    uint32_t nvalues, nquality, ntimes;
};

/* clang-format off */
const struct label outcome_labels[] = {
    {OUTCOME_OPEN,        "open",        0, "no answer yet, and the time-out has not passed"},
    {OUTCOME_ANSWERED,    "answered",    0, "answered within the time-out"},
    {OUTCOME_REFUSED,     "refused",     0, "answered with an error of the protocol"},
    {OUTCOME_LATE,        "late",        0, "answered after it had been told as unanswered"},
    {OUTCOME_UNANSWERED,  "unanswered",  0, "the time-out passed or the connection ended"},
    {OUTCOME_ORPHAN,      "orphan",      0, "an answer without its request"},
    {OUTCOME_SPONTANEOUS, "spontaneous", 0, "sent unasked, as the protocol allows"},
    {OUTCOME_SENT,        "sent",        0, "a request that asks for no answer"},
    {0},
};

const struct label point_access_labels[] = {
    {ACCESS_READ,     "read",     0, "the device answered with it"},
    {ACCESS_WRITTEN,  "written",  0, "a client asked to set it"},
    {ACCESS_REPORTED, "reported", 0, "the device sent it unasked"},
    {0},
};

const struct label point_type_labels[] = {
    {POINT_BIT, "bool"},     {POINT_U8, "uint8"},   {POINT_I8, "int8"},
    {POINT_U16, "uint16"},   {POINT_I16, "int16"},  {POINT_U32, "uint32"},
    {POINT_I32, "int32"},    {POINT_U64, "uint64"}, {POINT_I64, "int64"},
    {POINT_F32, "float32"},  {POINT_F64, "float64"}, {0},
};

const struct label record_kind_labels[] = {
    {RECORD_TRANSACTION, "transaction", 0, "one request and its answer"},
    {RECORD_OPERATION,   "operation",   0, "begin or end of something that takes many transactions"},
    {RECORD_FLOW,        "flow",        0, "begin, each ten minutes, and end of a conversation"},
    {RECORD_HEALTH,      "health",      0, "what the sensor says of itself"},
    {RECORD_ASSET,       "asset",       0, "what became known of a device"},
    {RECORD_POINT,       "point",       0, "a process value that changed"},
    {0},
};

const struct label operation_state_labels[] = {
    {OPERATION_BEGIN,   "begin",   0, "it has begun"},
    {OPERATION_END,     "end",     0, "it came to its end"},
    {OPERATION_ABORTED, "aborted", 0, "it ended before it was complete"},
    {0},
};
/* clang-format on */

/* ---- the pool ------------------------------------------------------------- */

static size_t stores_of(unsigned step, size_t n)
{
    return step == 1 ? n / 8 + 1 : n / 128 + 1;
}

bool record_pool_open(struct record_pool *pool, size_t n)
{
    bool ok;

    pool->wait = NULL;
    ok = pool_open(&pool->records, "records", sizeof(struct record), n);

    for (unsigned i = 1; i < RECORD_STEPS; i++)
        ok &= pool_open(&pool->steps[i - 1], "record stores", step_sizes[i],
                        stores_of(i, n));
    return ok;
}

void record_pool_wait(struct record_pool *pool, bool (*wait)(void *context),
                      void *context)
{
    pool->wait = wait;
    pool->context = context;
}

static void *take_from(struct record_pool *pool, struct pool *p)
{
    void *object = pool_take(p);

    while (!object && pool->wait && pool->wait(pool->context))
        object = pool_take(p);
    return object;
}

size_t record_pool_memory(size_t n)
{
    size_t bytes = pool_memory(sizeof(struct record), n);

    for (unsigned i = 1; i < RECORD_STEPS; i++)
        bytes += pool_memory(step_sizes[i], stores_of(i, n));
    return bytes;
}

void record_pool_close(struct record_pool *pool)
{
    pool_close(&pool->records);
    for (unsigned i = 1; i < RECORD_STEPS; i++)
        pool_close(&pool->steps[i - 1]);
}

static void reset(struct record *r, struct record_pool *pool, const struct schema *schema)
{
    memset(r, 0, offsetof(struct record, violations));
    memset(r->present, 0, sizeof r->present);
    r->home = pool;
    r->schema = schema;
    r->store = r->small;
    r->size = RECORD_SMALL;
    r->side = SIDE_REQUEST;
}

struct record *record_take(struct record_pool *pool, const struct schema *schema)
{
    struct record *r = take_from(pool, &pool->records);
    bool scratch = !r;

    if (scratch)
        r = &pool->nowhere;
    reset(r, pool, schema);
    r->scratch = scratch;
    return r;
}

void record_give(struct record *r)
{
    struct record_pool *pool = r->home;

    if (r->size_step > 0)
        pool_return(&pool->steps[r->size_step - 1], r->store);
    if (!r->scratch)
        pool_return(&pool->records, r);
}

size_t record_pool_free(struct record_pool *pool)
{
    return pool_free_count(&pool->records);
}

/* ---- the store ------------------------------------------------------------ */

static uint32_t room(const struct record *r)
{
    return r->size - r->used - r->nvalues * (uint32_t)sizeof(struct value);
}

/* Moves everything to a larger store; false when none can be had. */
static bool grow(struct record *r, uint32_t more)
{
    uint32_t need = r->size - room(r) + more;
    unsigned step = r->size_step + 1u;
    uint8_t *store = NULL;

    if (r->scratch)
        return false;
    for (; step < RECORD_STEPS && !store; step++) {
        if (step_sizes[step] >= need)
            store = take_from(r->home, &r->home->steps[step - 1]);
    }
    if (!store)
        return false;
    step--;
    memcpy(store, r->store, r->nvalues * sizeof(struct value));
    memcpy(store + step_sizes[step] - r->used, r->store + r->size - r->used, r->used);
    if (r->size_step > 0)
        pool_return(&r->home->steps[r->size_step - 1], r->store);
    r->store = store;
    r->size = step_sizes[step];
    r->size_step = (uint8_t)step;
    return true;
}

/* Room for len more bytes, or one more thing left out. */
static bool fits(struct record *r, size_t len)
{
    if (len <= room(r) || (len < step_sizes[RECORD_STEPS - 1] && grow(r, (uint32_t)len)))
        return true;
    r->left_out++;
    return false;
}

static uint8_t *back(const struct record *r, uint32_t place)
{
    return r->store + r->size - place;
}

/* Copies bytes to the back and returns their place; room was made before. */
static uint32_t put_back(struct record *r, const void *data, size_t len)
{
    size_t padded = (len + 7) & ~(size_t)7;

    r->used += (uint32_t)padded;
    if (len)
        memcpy(back(r, r->used), data, len);
    return r->used;
}

static size_t padded(size_t len)
{
    return (len + 7) & ~(size_t)7;
}

struct record *record_copy(struct record_pool *pool, const struct record *r)
{
    struct record *copy = record_take(pool, r->schema);

    if (copy->scratch)
        return copy;
    memcpy(copy, r, offsetof(struct record, small));
    copy->next = copy->previous = copy->hash_next = NULL;
    copy->home = pool;
    copy->scratch = false;
    copy->store = copy->small;
    copy->size = RECORD_SMALL;
    copy->size_step = 0;
    copy->used = 0;
    copy->nvalues = 0;
    if (fits(copy, r->nvalues * sizeof(struct value) + r->used)) {
        copy->nvalues = r->nvalues;
        copy->used = r->used;
        memcpy(copy->store, r->store, r->nvalues * sizeof(struct value));
        memcpy(back(copy, copy->used), back(r, r->used), r->used);
    } else {
        memset(copy->present, 0, sizeof copy->present);
        copy->first_run = copy->last_run = copy->last_message = 0;
        copy->nmessages = 0;
        copy->nruns = 0;
    }
    return copy;
}

/* ---- messages ------------------------------------------------------------- */

void record_message(struct record *r, const struct message *m, const uint8_t *base)
{
    struct message_node node = {*m, r->last_message};

    r->base = base;
    r->side = m->side;
    r->row_group = 0;
    if (r->nmessages == MAX_MESSAGES || !fits(r, padded(sizeof node)))
        return;
    r->last_message = put_back(r, &node, sizeof node);
    r->nmessages++;
}

void record_base(struct record *r, const uint8_t *base)
{
    r->base = base;
}

static const struct message_node *message_node(const struct record *r, uint32_t place)
{
    return (const struct message_node *)(const void *)back(r, place);
}

const struct message *record_message_at(const struct record *r, unsigned i)
{
    uint32_t place = r->last_message;

    assert(i < r->nmessages);
    for (unsigned n = r->nmessages - 1u; n > i; n--)
        place = message_node(r, place)->previous;
    return &message_node(r, place)->message;
}

const struct message *record_message_of(const struct record *r, unsigned side)
{
    for (uint32_t place = r->last_message; place;
         place = message_node(r, place)->previous) {
        if (message_node(r, place)->message.side == side)
            return &message_node(r, place)->message;
    }
    return NULL;
}

/* ---- values --------------------------------------------------------------- */

static struct value *values(const struct record *r)
{
    return (struct value *)(void *)r->store;
}

static unsigned index_of(unsigned slot, unsigned side)
{
    return slot + (side == SIDE_RESPONSE ? SCHEMA_FIELDS : 0);
}

static bool is_present(const struct record *r, unsigned index)
{
    return r->present[index / 64] >> index % 64 & 1;
}

/* One more value at the front; NULL when none fits. */
static inline struct value *new_value(struct record *r, uint16_t slot)
{
    struct value *v;

    if (r->nvalues == MAX_VALUES || (room(r) < sizeof *v && !fits(r, sizeof *v)))
        return NULL;
    v = &values(r)[r->nvalues++];
    v->slot = slot;
    v->offset = OFFSET_NONE;
    v->length = 0;
    v->message = (uint8_t)(r->nmessages - (r->nmessages > 0));
    v->side = r->side;
    return v;
}

/* The place for a slot's value from the message at hand; NULL when none fits. */
static inline struct value *place_for(struct record *r, unsigned slot)
{
    uint8_t group = r->schema->fields[slot].group;
    unsigned index = index_of(slot, r->side);
    struct value *v;

    assert(slot < r->schema->nfields);
    if (group != 0) {
        assert(group == r->row_group || r->scratch || r->left_out);
        return new_value(r, (uint16_t)slot);
    }
    if (is_present(r, index))
        return &values(r)[r->where[index]];
    v = new_value(r, (uint16_t)slot);
    if (v) {
        r->present[index / 64] |= UINT64_C(1) << index % 64;
        r->where[index] = (uint16_t)(r->nvalues - 1);
    }
    return v;
}

void record_set_at(struct record *r, unsigned slot, uint64_t u, uint16_t offset,
                   uint16_t len)
{
    struct value *v = place_for(r, slot);

    if (!v)
        return;
    v->u = u;
    v->offset = offset;
    v->length = len;
}

void record_set(struct record *r, unsigned slot, uint64_t u)
{
    record_set_at(r, slot, u, OFFSET_NONE, 0);
}

void record_set_real(struct record *r, unsigned slot, double value)
{
    struct value *v = place_for(r, slot);

    if (v)
        v->r = value;
}

static void set_bytes(struct record *r, unsigned slot, struct bytes b, uint16_t offset)
{
    struct value *v = place_for(r, slot);
    uint16_t index;

    if (!v)
        return;
    if (r->schema->fields[slot].flags & FIELD_SECRET)
        b.len = 0;
    index = (uint16_t)(v - values(r));
    v->b.at = v->b.len = 0;
    if (!fits(r, padded(b.len)))
        return;
    v = &values(r)[index]; /* the store may have moved */
    v->b.at = put_back(r, b.at, b.len);
    v->b.len = (uint32_t)b.len;
    v->offset = offset;
    v->length = (uint16_t)b.len;
}

void record_set_bytes(struct record *r, unsigned slot, struct bytes b)
{
    set_bytes(r, slot, b, OFFSET_NONE);
}

void record_set_text(struct record *r, unsigned slot, const char *text)
{
    set_bytes(r, slot, (struct bytes){(const uint8_t *)text, strlen(text)}, OFFSET_NONE);
}

/* Where in the message at hand; nowhere for what was worked out elsewhere. */
static uint16_t offset_at(const struct record *r, const uint8_t *at)
{
    uintptr_t offset = (uintptr_t)at - (uintptr_t)r->base;

    if (!r->base || !r->nmessages || offset >= OFFSET_NONE ||
        offset > message_node(r, r->last_message)->message.length)
        return OFFSET_NONE;
    return (uint16_t)offset;
}

/* A number is set only when all its bytes were there. */
static void took(struct record *r, const struct cursor *c, unsigned slot, uint64_t u,
                 unsigned len)
{
    if (!*c->truncated)
        record_set_at(r, slot, u, offset_at(r, c->at - len), (uint16_t)len);
}

uint8_t take_u8(struct record *r, struct cursor *c, unsigned slot)
{
    uint8_t u = cur_u8(c);

    took(r, c, slot, u, 1);
    return u;
}

uint16_t take_be16(struct record *r, struct cursor *c, unsigned slot)
{
    uint16_t u = cur_be16(c);

    took(r, c, slot, u, 2);
    return u;
}

uint16_t take_le16(struct record *r, struct cursor *c, unsigned slot)
{
    uint16_t u = cur_le16(c);

    took(r, c, slot, u, 2);
    return u;
}

uint32_t take_be32(struct record *r, struct cursor *c, unsigned slot)
{
    uint32_t u = cur_be32(c);

    took(r, c, slot, u, 4);
    return u;
}

uint32_t take_le32(struct record *r, struct cursor *c, unsigned slot)
{
    uint32_t u = cur_le32(c);

    took(r, c, slot, u, 4);
    return u;
}

struct bytes take_bytes(struct record *r, struct cursor *c, size_t n, unsigned slot)
{
    struct bytes b = cur_bytes(c, n);

    if (!*c->truncated)
        set_bytes(r, slot, b, offset_at(r, b.at));
    return b;
}

void record_row(struct record *r, unsigned group)
{
    struct value *v;

    assert(group > 0 && group < r->schema->ngroups);
    r->row_group = 0;
    v = new_value(r, SLOT_ROW);
    if (!v)
        return;
    r->row_group = (uint8_t)group;
    v->u = group;
}

void record_violation(struct record *r, unsigned reason, const struct cursor *c)
{
    r->violations_total++;
    if (r->nviolations == RECORD_VIOLATIONS)
        return;
    r->violations[r->nviolations++] =
        (struct violation){(uint16_t)reason, offset_at(r, c->at),
                           (uint8_t)(r->nmessages ? r->nmessages - 1 : 0), r->side};
}

/* ---- runs ----------------------------------------------------------------- */

unsigned point_type_size(enum point_type type)
{
    static const uint8_t sizes[POINT_TYPES] = {
        [POINT_BIT] = 0, [POINT_U8] = 1,  [POINT_I8] = 1,  [POINT_U16] = 2,
        [POINT_I16] = 2, [POINT_U32] = 4, [POINT_I32] = 4, [POINT_U64] = 8,
        [POINT_I64] = 8, [POINT_F32] = 4, [POINT_F64] = 8,
    };

    return sizes[type];
}

/* As many points as there are bytes for, whatever the count claims. */
static uint32_t points_held(const struct run *run)
{
    unsigned size = point_type_size(run->type);
    size_t held = size ? run->values.len / size : run->values.len * 8;

    return run->count < held ? run->count : (uint32_t)held;
}

void record_run(struct record *r, const struct run *run)
{
    struct run_node node = {.run = *run,
                            .nvalues = (uint32_t)run->values.len,
                            .nquality = (uint32_t)run->quality.len,
                            .ntimes = (uint32_t)run->times.len};
    uint32_t place;

    if (!fits(r, padded(sizeof node) + padded(node.nvalues) + padded(node.nquality) +
                     padded(node.ntimes)))
        return;
    node.run.count = points_held(run);
    node.run.message = (uint8_t)(r->nmessages ? r->nmessages - 1 : 0);
    node.run.offset = offset_at(r, run->values.at);
    node.values = put_back(r, run->values.at, node.nvalues);
    node.quality = put_back(r, run->quality.at, node.nquality);
    node.times = put_back(r, run->times.at, node.ntimes);
    place = put_back(r, &node, sizeof node);
    if (r->last_run)
        ((struct run_node *)(void *)back(r, r->last_run))->next = place;
    else
        r->first_run = place;
    r->last_run = place;
    r->nruns++;
}

bool record_next_run(const struct record *r, uint32_t *place, struct run *run)
{
    const struct run_node *node;
    uint32_t at = *place;

    if (at == UINT32_MAX || r->first_run == 0)
        return false;
    node = (const struct run_node *)(const void *)back(r, at ? at : r->first_run);
    *run = node->run;
    run->values = (struct bytes){back(r, node->values), node->nvalues};
    run->quality = (struct bytes){back(r, node->quality), node->nquality};
    run->times = (struct bytes){back(r, node->times), node->ntimes};
    *place = node->next ? node->next : UINT32_MAX;
    return true;
}

uint64_t record_points(const struct record *r)
{
    struct run run;
    uint64_t n = 0;

    for (uint32_t place = 0; record_next_run(r, &place, &run);)
        n += run.count;
    return n;
}

static uint64_t packed(struct bytes raw, bool big_endian)
{
    uint64_t u = 0;

    for (size_t i = 0; i < raw.len; i++)
        u = u << 8 | raw.at[big_endian ? i : raw.len - 1 - i];
    return u;
}

static double real_of(uint64_t u, enum point_type type)
{
    uint32_t low = (uint32_t)u;
    float f;
    double d;

    switch (type) {
    case POINT_I8:
        return (int8_t)u;
    case POINT_I16:
        return (int16_t)u;
    case POINT_I32:
        return (int32_t)u;
    case POINT_I64:
        return (double)(int64_t)u;
    case POINT_F32:
        memcpy(&f, &low, sizeof f);
        return f;
    case POINT_F64:
        memcpy(&d, &u, sizeof d);
        return d;
    default:
        return (double)u;
    }
}

void run_point(const struct run *run, uint32_t i, struct point *out)
{
    static const uint8_t bits[2] = {0, 1};
    unsigned size = point_type_size(run->type);

    assert(i < run->count);
    *out = (struct point){.address = run->first + (uint64_t)i * run->step,
                          .table = run->table,
                          .type = run->type,
                          .access = run->access};
    if (size == 0)
        out->raw = (struct bytes){&bits[run->values.at[i / 8] >> i % 8 & 1], 1};
    else
        out->raw = (struct bytes){run->values.at + (size_t)i * size, size};
    out->value = real_of(packed(out->raw, run->big_endian), run->type);
    if ((i + 1) * sizeof out->quality <= run->quality.len) {
        out->has_quality = true;
        memcpy(&out->quality, run->quality.at + i * sizeof out->quality,
               sizeof out->quality);
    }
    if ((i + 1) * sizeof out->time <= run->times.len) {
        out->has_time = true;
        memcpy(&out->time, run->times.at + i * sizeof out->time, sizeof out->time);
    }
}

/* ---- asking --------------------------------------------------------------- */

const struct value *record_get_side(const struct record *r, unsigned slot, unsigned side)
{
    unsigned index = index_of(slot, side);

    return is_present(r, index) ? &values(r)[r->where[index]] : NULL;
}

const struct value *record_get(const struct record *r, unsigned slot)
{
    const struct value *v = record_get_side(r, slot, SIDE_REQUEST);

    return v ? v : record_get_side(r, slot, SIDE_RESPONSE);
}

struct bytes record_bytes(const struct record *r, const struct value *v)
{
    return (struct bytes){back(r, v->b.at), v->b.len};
}

const struct value *record_values(const struct record *r, unsigned *n)
{
    *n = r->nvalues;
    return values(r);
}

bool record_next_row(const struct record *r, unsigned group, unsigned *at,
                     struct row *row)
{
    const struct value *v = values(r);
    unsigned i = *at, end;

    while (i < r->nvalues && !(v[i].slot == SLOT_ROW && v[i].u == group))
        i++;
    if (i >= r->nvalues)
        return false;
    for (end = i + 1; end < r->nvalues && v[end].slot != SLOT_ROW;)
        end++;
    *row = (struct row){(uint16_t)(i + 1), (uint16_t)end};
    *at = end;
    return true;
}

const struct value *record_row_get(const struct record *r, const struct row *row,
                                   unsigned slot)
{
    for (unsigned i = row->first; i < row->end; i++) {
        if (values(r)[i].slot == slot)
            return &values(r)[i];
    }
    return NULL;
}

int64_t record_response_time(const struct record *r)
{
    const struct message *asked = record_message_of(r, SIDE_REQUEST);
    const struct message *answer = record_message_of(r, SIDE_RESPONSE);

    return asked && answer ? answer->time - asked->time : -1;
}
