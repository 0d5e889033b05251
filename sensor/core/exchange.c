#include "sensor/core/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/core/hash.h"

/* How many records with one key are looked at: an attacker may open thousands. */
enum { CANDIDATES = 64 };

struct hash_slot {
    struct record *first, *last;
};

struct session {
    struct session *next;
    uint64_t key;
    _Alignas(16) uint8_t data[EXCHANGE_SESSION];
};

/* ---- what all flows share -------------------------------------------------- */

static size_t power_above(size_t n)
{
    size_t power = 16;

    while (power < n)
        power *= 2;
    return power;
}

bool exchanger_open(struct exchanger *home, size_t n, size_t nflows,
                    struct record_sink sink, struct clock *clock)
{
    *home = (struct exchanger){.sink = sink, .clock = clock, .per_flow = (uint32_t)n};
    home->secret = hash_key_random().k0;
    home->nslots = power_above(n);
    home->slots = calloc(home->nslots, sizeof *home->slots);
    return home->slots && record_pool_open(&home->records, n) &&
           pool_open(&home->sessions, "sessions", sizeof(struct session), n / 2 + 1) &&
           exchanger_open_wholes(home, n / 128 + 2) && timers_open(&home->timers, nflows);
}

size_t exchanger_memory(size_t n, size_t nflows)
{
    return power_above(n) * sizeof(struct hash_slot) + record_pool_memory(n) +
           pool_memory(sizeof(struct session), n / 2 + 1) +
           exchanger_wholes_memory(n / 128 + 2) + timers_memory(nflows);
}

void exchanger_close(struct exchanger *home)
{
    record_pool_close(&home->records);
    pool_close(&home->sessions);
    pool_close(&home->wholes);
    timers_close(&home->timers);
    free(home->slots);
    *home = (struct exchanger){0};
}

static struct hash_slot *slot_of(const struct exchange *x, uint64_t key)
{
    uint64_t h = (key ^ x->home->secret) * UINT64_C(0x9e3779b97f4a7c15);

    h = (h ^ h >> 32 ^ x->serial) * UINT64_C(0xd6e8feb86659fd93);
    return &x->home->slots[(h ^ h >> 32) & (x->home->nslots - 1)];
}

static void hash_in(struct exchange *x, struct record *r)
{
    struct hash_slot *slot = slot_of(x, r->key);

    r->hash_next = NULL;
    if (slot->last)
        slot->last->hash_next = r;
    else
        slot->first = r;
    slot->last = r;
}

static void hash_out(struct exchange *x, struct record *r)
{
    struct hash_slot *slot = slot_of(x, r->key);
    struct record *before = NULL, *at = slot->first;

    for (; at != r; at = at->hash_next)
        before = at;
    if (before)
        before->hash_next = r->hash_next;
    else
        slot->first = r->hash_next;
    if (slot->last == r)
        slot->last = before;
}

/* ---- lists ----------------------------------------------------------------- */

static void append(struct record_list *l, struct record *r)
{
    r->next = NULL;
    r->previous = l->last;
    if (l->last)
        l->last->next = r;
    else
        l->first = r;
    l->last = r;
    l->n++;
}

static void unlink_from(struct record_list *l, struct record *r)
{
    if (r->previous)
        r->previous->next = r->next;
    else
        l->first = r->next;
    if (r->next)
        r->next->previous = r->previous;
    else
        l->last = r->previous;
    l->n--;
}

static void let_go(struct exchange *x, struct record *r)
{
    unlink_from(r->late_stub ? &x->stubs : &x->open, r);
    hash_out(x, r);
}

static void hold(struct exchange *x, struct record *r, int64_t deadline)
{
    r->deadline = deadline;
    append(r->late_stub ? &x->stubs : &x->open, r);
    hash_in(x, r);
    if (x->timer.place == 0 || deadline < x->timer.due)
        timer_set(&x->home->timers, &x->timer, deadline);
}

static void deliver(struct exchange *x, struct record *r, int64_t seen)
{
    r->seen = seen;
    x->home->counters.left_out += r->left_out;
    x->transactions++;
    x->home->sink.done(x->home->sink.context, r);
}

/* ---- operations that end without an end ------------------------------------ */

static void abandon(struct exchange *x, struct operation *op)
{
    struct record *r = record_take(&x->home->records, x->schema);

    r->kind = RECORD_OPERATION;
    r->outcome = OUTCOME_UNANSWERED;
    r->time = op->begun;
    r->parties = *x->parties;
    r->verbs = op->verbs;
    r->operation = *op;
    r->operation.state = OPERATION_ABORTED;
    op->id = 0;
    if (r->scratch)
        x->home->counters.lost++;
    else
        deliver(x, r, x->home->clock->now);
}

/* Those that live in so many bytes at `from`, which go now; NULL: all. */
static void abandon_all(struct exchange *x, const uint8_t *from, size_t len)
{
    for (unsigned i = 0; i < EXCHANGE_OPERATIONS; i++) {
        const uint8_t *at = (const uint8_t *)x->going[i];

        if (!at || (from && (at < from || at >= from + len)))
            continue;
        if (x->going[i]->id)
            abandon(x, x->going[i]);
        x->going[i] = NULL;
    }
}

/* ---- time ------------------------------------------------------------------ */

static int64_t time_out(const struct exchange *x)
{
    return x->patience.answer < x->patience.longest ? x->patience.answer
                                                    : x->patience.longest;
}

/* From now on, wait four times as long as this answer took. */
static void learn(struct exchange *x, int64_t took)
{
    if (took > 0 && 4 * took > x->patience.answer)
        x->patience.answer = 4 * took;
}

/* What was told as unanswered waits on, as a copy, for an answer that comes late. */
static void leave_stub(struct exchange *x, const struct record *r)
{
    struct record *stub;

    if (x->stubs.n == EXCHANGE_STUBS) {
        struct record *oldest = x->stubs.first;

        let_go(x, oldest);
        record_give(oldest);
        x->home->counters.stubs++;
    }
    stub = record_copy(&x->home->records, r);
    if (stub->scratch) {
        x->home->counters.stubs++;
        return;
    }
    stub->outcome = OUTCOME_OPEN;
    stub->late_stub = true;
    hold(x, stub, r->deadline + x->patience.stub);
}

/* No answer, or none any more; one that came in part is still an answer. */
static void give_up(struct record *r, enum outcome outcome)
{
    static const struct cursor nowhere;

    if (r->more)
        record_violation(r, VIOLATION_INCOMPLETE, &nowhere);
    else
        r->outcome = (uint8_t)outcome;
}

static void unanswered(struct exchange *x, struct record *r, int64_t seen)
{
    let_go(x, r);
    give_up(r, OUTCOME_UNANSWERED);
    if (!r->more)
        leave_stub(x, r);
    deliver(x, r, seen);
}

static void expire_one(struct exchange *x, int64_t due)
{
    struct record *r;

    while ((r = x->open.first) && r->deadline <= due)
        unanswered(x, r, r->deadline);
    while ((r = x->stubs.first) && r->deadline <= due) {
        let_go(x, r);
        record_give(r);
    }
}

static void arm(struct exchange *x)
{
    int64_t due = INT64_MAX;

    if (x->open.first)
        due = x->open.first->deadline;
    if (x->stubs.first && x->stubs.first->deadline < due)
        due = x->stubs.first->deadline;
    timer_stop(&x->home->timers, &x->timer);
    if (due != INT64_MAX)
        timer_set(&x->home->timers, &x->timer, due);
}

int64_t exchanger_due(const struct exchanger *home)
{
    struct timer *first = timers_first(&home->timers);

    return first ? first->due : INT64_MAX;
}

void exchanger_expire(struct exchanger *home, int64_t now)
{
    struct timer *first;

    while ((first = timers_first(&home->timers)) && first->due < now) {
        struct exchange *x =
            (struct exchange *)(void *)((char *)first - offsetof(struct exchange, timer));

        expire_one(x, first->due);
        arm(x);
    }
}

/* ---- the engine's side ----------------------------------------------------- */

void exchange_open(struct exchange *x, struct exchanger *home,
                   const struct schema *schema, const struct patience *patience,
                   const struct parties *parties)
{
    *x = (struct exchange){.home = home,
                           .schema = schema,
                           .patience = *patience,
                           .parties = parties,
                           .blind = parties->midstream,
                           .serial = ++home->serial};
    x->timer.order = x->serial;
    if (home->first_patience)
        x->patience.answer = home->first_patience;
}

void exchange_close(struct exchange *x, enum outcome outcome)
{
    struct record *r;

    assert(!x->touched.first);
    while ((r = x->open.first)) {
        let_go(x, r);
        give_up(r, outcome);
        deliver(x, r, x->home->clock->now);
    }
    while ((r = x->stubs.first)) {
        let_go(x, r);
        record_give(r);
    }
    abandon_all(x, NULL, 0);
    exchange_forget_all(x);
    while (x->sessions) {
        struct session *s = x->sessions;

        x->sessions = s->next;
        pool_give(&x->home->sessions, s);
    }
    timer_stop(&x->home->timers, &x->timer);
}

void exchange_begin(struct exchange *x, const struct message *m, const uint8_t *base)
{
    x->message = m;
    x->base = base;
    x->speaks = x->schema;
    x->role = m->side;
}

static void make_room(struct exchange *x)
{
    if (x->open.n < x->home->per_flow)
        return;
    x->home->counters.evicted++;
    unanswered(x, x->open.first, x->home->clock->now);
}

static void settle_one(struct exchange *x, struct record *r)
{
    r->base = NULL;
    r->frame = x->message->frame;
    r->source = x->message->source;
    if (r->outcome != OUTCOME_OPEN && !r->more) {
        deliver(x, r, x->home->clock->now);
        return;
    }
    make_room(x);
    r->seen = x->home->clock->now;
    hold(x, r, r->seen + time_out(x));
    if (x->home->sink.request && !r->more)
        x->home->sink.request(x->home->sink.context, r);
}

/* What looks wrong in a message of which only a part was captured is not its sender's
 * fault: the one violation that stays says so. */
static void excuse(struct record *r, const struct cursor *c)
{
    while (r->nviolations > 0 &&
           r->violations[r->nviolations - 1].message == r->nmessages - 1) {
        r->nviolations--;
        r->violations_total--;
    }
    record_violation(r, VIOLATION_CUT, c);
}

void exchange_settle(struct exchange *x, const struct cursor *c)
{
    struct record *r = x->touched.first;

    x->touched = (struct record_list){0};
    while (r) {
        struct record *next = r->next;

        if (r->kind != RECORD_TRANSACTION)
            ; /* tells about messages, is none itself */
        else if (x->cut)
            excuse(r, c);
        else if (*c->truncated)
            record_violation(r, VIOLATION_TRUNCATED, c);
        else if (cur_left(c))
            record_violation(r, VIOLATION_SURPLUS, c);
        settle_one(x, r);
        r = next;
    }
}

/* ---- the dissector's side -------------------------------------------------- */

static void touch(struct exchange *x, struct record *r)
{
    struct message m = *x->message;
    bool from_server = r->parties.from_server;

    if (r->scratch)
        x->home->counters.lost++;
    else
        append(&x->touched, r);
    m.side = x->role;
    r->parties = *x->parties;
    r->parties.from_server = from_server;
    record_message(r, &m, x->base);
}

/* With the pool dry, this flow's own oldest open request makes way. */
static struct record *fresh(struct exchange *x, enum outcome outcome)
{
    struct record *r = record_take(&x->home->records, x->speaks);

    if (r->scratch && x->open.first) {
        struct record *oldest = x->open.first;

        let_go(x, oldest);
        give_up(oldest, OUTCOME_UNANSWERED);
        x->home->counters.evicted++;
        deliver(x, oldest, x->home->clock->now);
        r = record_take(&x->home->records, x->speaks);
    }
    r->time = x->message->time;
    r->owner = x;
    r->outcome = (uint8_t)outcome;
    touch(x, r);
    r->parties.from_server = x->message->side == SIDE_RESPONSE;
    return r;
}

void exchange_role(struct exchange *x, enum field_side role)
{
    x->role = (uint8_t)role;
}

void exchange_speaks(struct exchange *x, const struct schema *schema)
{
    x->speaks = schema;
}

struct record *exchange_request(struct exchange *x, uint64_t key, uint64_t hint)
{
    struct record *r = fresh(x, OUTCOME_OPEN);

    r->key = key;
    r->hint = hint;
    return r;
}

/* Open ones before stubs, the same hint before any, the oldest first. */
static struct record *find(const struct exchange *x, uint64_t key, uint64_t hint)
{
    struct record *best = NULL;
    unsigned best_rank = 0, looked = 0;

    for (struct record *r = slot_of(x, key)->first; r && looked < CANDIDATES;
         r = r->hash_next) {
        unsigned rank = (r->late_stub ? 1u : 3u) + (r->hint == hint ? 1u : 0u);

        if (r->owner != x || r->key != key)
            continue;
        looked++;
        if (rank > best_rank) {
            best = r;
            best_rank = rank;
        }
    }
    return best;
}

const struct record *exchange_pending(const struct exchange *x, uint64_t key)
{
    const struct record *r = find(x, key, 0);

    return r && !r->late_stub ? r : NULL;
}

static void remember(struct exchange *x, uint64_t key)
{
    x->answered[x->nanswered++ % EXCHANGE_ANSWERED] = key;
    if (x->nanswered == 2 * EXCHANGE_ANSWERED)
        x->nanswered = EXCHANGE_ANSWERED;
}

static bool was_answered(const struct exchange *x, uint64_t key)
{
    unsigned n = x->nanswered < EXCHANGE_ANSWERED ? x->nanswered : EXCHANGE_ANSWERED;

    for (unsigned i = 0; i < n; i++) {
        if (x->answered[i] == key)
            return true;
    }
    return false;
}

static struct record *orphan(struct exchange *x, uint64_t key)
{
    struct record *r = fresh(x, OUTCOME_ORPHAN);
    bool none = false;
    struct cursor start = cur_over((struct bytes){x->base, 0}, &none);

    r->key = key;
    if (was_answered(x, key))
        record_violation(r, VIOLATION_DUPLICATE_ANSWER, &start);
    else if (!x->blind)
        record_violation(r, VIOLATION_NO_REQUEST, &start);
    return r;
}

struct record *exchange_response(struct exchange *x, uint64_t key, uint64_t hint)
{
    struct record *r = find(x, key, hint);

    if (!r)
        return orphan(x, key);
    let_go(x, r);
    learn(x, x->home->clock->now - r->seen);
    remember(x, key);
    x->blind = false;
    if (!r->more)
        r->outcome = r->late_stub ? OUTCOME_LATE : OUTCOME_ANSWERED;
    r->more = false;
    touch(x, r);
    return r;
}

void exchange_more(struct exchange *x, struct record *r, uint64_t key)
{
    (void)x;
    r->key = key;
    r->late_stub = false;
    r->more = true;
}

void exchange_refused(struct record *r)
{
    if (r->outcome == OUTCOME_ANSWERED)
        r->outcome = OUTCOME_REFUSED;
}

struct record *exchange_alone(struct exchange *x, enum outcome outcome)
{
    return fresh(x, outcome);
}

void *exchange_session(struct exchange *x, uint64_t key)
{
    struct session **place = &x->sessions, **last = NULL, *s;

    for (; (s = *place) && s->key != key; place = &s->next)
        last = place;
    if (s) {
        *place = s->next;
    } else if (x->nsessions < EXCHANGE_SESSIONS && (s = pool_take(&x->home->sessions))) {
        x->nsessions++;
        *s = (struct session){.key = key};
    } else if (last && (s = *last)) {
        *last = NULL;
        abandon_all(x, s->data, sizeof s->data);
        x->home->counters.sessions++;
        *s = (struct session){.key = key};
    } else {
        x->home->counters.no_session++;
        return NULL;
    }
    s->next = x->sessions;
    x->sessions = s;
    return s->data;
}

/* ---- operations ------------------------------------------------------------ */

static void tell(struct exchange *x, const struct operation *op,
                 const struct record *cause, enum operation_state state)
{
    struct record *r = fresh(x, cause->outcome);

    r->kind = RECORD_OPERATION;
    r->verbs = cause->verbs;
    r->operation = *op;
    r->operation.state = (uint8_t)state;
    if (r->outcome == OUTCOME_OPEN)
        r->outcome = OUTCOME_SENT;
}

/* The same place is used again; beyond EXCHANGE_OPERATIONS nobody tells their abort. */
static void keep_going(struct exchange *x, struct operation *op)
{
    unsigned at = 0;

    for (unsigned i = 0; i < EXCHANGE_OPERATIONS; i++) {
        if (x->going[i] == op)
            return;
    }
    while (at < EXCHANGE_OPERATIONS - 1 && x->going[at] && x->going[at]->id)
        at++;
    x->going[at] = op;
}

void exchange_operation_begin(struct exchange *x, struct operation *op, uint32_t kind,
                              struct record *r)
{
    uint64_t parts[3] = {x->parties->flow_id, x->message->frame, ++x->operations};

    *op = (struct operation){.id = hash_id53(hash_stable(0, parts, sizeof parts)),
                             .kind = kind,
                             .verbs = r->verbs,
                             .begun = x->message->time};
    keep_going(x, op);
    exchange_operation_step(op, r, 0);
    tell(x, op, r, OPERATION_BEGIN);
}

void exchange_operation_step(struct operation *op, struct record *r, uint64_t bytes)
{
    op->steps++;
    op->bytes += bytes;
    r->operation = *op;
}

void exchange_operation_end(struct exchange *x, struct operation *op, struct record *r,
                            enum operation_state state)
{
    exchange_operation_step(op, r, 0);
    tell(x, op, r, state);
    op->id = 0;
}
