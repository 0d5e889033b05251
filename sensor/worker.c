#include "sensor/worker.h"

#include <string.h>

#include "sensor/flow_record.h"
#include "sensor/health.h"

enum {
    DEFAULT_FLOWS = 65536,
    DEFAULT_PENDING = 4096,
    DEFAULT_RECORDS = 16384,
};

static const int64_t REPORT_EVERY = 600 * NS_PER_S;
static const int64_t LOOK_EVERY = 10 * NS_PER_S; /* at the counters of full tables */

/* What the worker keeps of a flow. */
struct note {
    struct stream_pair streams;
    struct conversation *talk;     /* NULL: not inspected */
    struct classified *classified; /* nDPI's state while it is being asked */
    struct service service;        /* its answer */
    int64_t reported;              /* the last record about this flow */
    bool asked;                    /* nDPI has answered, or need not be asked */
    bool begun;                    /* its first record went out */
};

/* ---- the order of records -------------------------------------------------- */

bool record_before(const struct record *a, const struct record *b)
{
    if (a->seen != b->seen)
        return a->seen < b->seen;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->number < b->number;
}

static void number(const struct worker *w, struct record *r)
{
    r->rank = (uint8_t)w->rank;
    r->number = w->rank == RANK_PACKET ? w->number : r->parties.flow_number;
}

/* Few, and nearly in order: those of one flow keep theirs. */
static void sort_batch(struct worker *w)
{
    for (unsigned i = 1; i < w->nbatch; i++) {
        struct expired e = w->batch[i];
        unsigned k = i;

        for (; k > 0 && record_before(e.record, w->batch[k - 1].record); k--)
            w->batch[k] = w->batch[k - 1];
        w->batch[k] = e;
    }
}

static void send_batch(struct worker *w)
{
    sort_batch(w);
    for (unsigned i = 0; i < w->nbatch; i++) {
        struct record *r = w->batch[i].record;

        if (w->batch[i].request) {
            w->sink.request(w->sink.context, r);
            record_give(r);
        } else {
            w->sink.done(w->sink.context, r);
        }
    }
    w->nbatch = 0;
}

static void put_off(struct worker *w, struct record *r, bool request)
{
    if (w->nbatch == WORKER_BATCH)
        send_batch(w);
    number(w, r);
    w->batch[w->nbatch++] = (struct expired){r, request};
}

static void on_request(void *context, struct record *r)
{
    struct worker *w = context;
    struct record *copy;

    if (!w->sink.request)
        return;
    number(w, r);
    if (w->rank != RANK_EXPIRED) {
        w->sink.request(w->sink.context, r);
        return;
    }
    copy = record_copy(&w->exchanger.records, r);
    if (copy->scratch)
        w->exchanger.counters.lost++;
    else
        put_off(w, copy, true);
}

static void on_done(void *context, struct record *r)
{
    struct worker *w = context;

    if (w->rank == RANK_EXPIRED) {
        put_off(w, r, false);
        return;
    }
    number(w, r);
    w->sink.done(w->sink.context, r);
}

/* ---- records the worker makes itself --------------------------------------- */

static void send_own(struct worker *w, struct record *r)
{
    r->seen = w->clock.now;
    if (r->scratch)
        w->exchanger.counters.lost++;
    else
        on_done(w, r);
}

void worker_health(struct worker *w, unsigned check, const char *about, int64_t count,
                   int64_t jump)
{
    struct record *r = record_take(&w->exchanger.records, &health_schema);

    r->kind = RECORD_HEALTH;
    r->outcome = OUTCOME_SPONTANEOUS;
    r->time = w->at.time;
    r->frame = w->at.frame;
    r->source = w->at.source;
    record_set(r, HEALTH_CHECK, check);
    if (about)
        record_set_text(r, HEALTH_ABOUT, about);
    if (count)
        record_set(r, HEALTH_COUNT, (uint64_t)count);
    if (jump)
        record_set(r, HEALTH_JUMP, (uint64_t)jump);
    send_own(w, r);
}

/* What a dissector of ours did not want is not its protocol, whatever its port is. */
static bool known_better(const struct service *s)
{
    return s->name[0] == '\0' || dissector_named(s->name) != NULL;
}

static void set_service(const struct flow *f, const struct note *n, struct record *r)
{
    const struct conversation *talk = n->talk;
    const struct dissector *expected = conversation_expected(f), *is = NULL;

    if (talk && talk->state == DECIDED)
        is = talk->dissector;
    if (is) {
        record_set_text(r, FLOW_HAS_SERVICE, is->schema.name);
        record_set(r, FLOW_HAS_SERVICE_FROM, SERVICE_DISSECTOR);
        if (label_of(is->framings, talk->framing))
            record_set_text(r, FLOW_HAS_FRAMING,
                            label_of(is->framings, talk->framing)->name);
    } else if (!known_better(&n->service)) {
        record_set_text(r, FLOW_HAS_SERVICE, n->service.name);
        record_set(r, FLOW_HAS_SERVICE_FROM, n->service.confidence);
        record_set_text(r, FLOW_HAS_DETAIL, n->service.detail);
    }
    if (expected)
        record_set_text(r, FLOW_HAS_EXPECTED, expected->schema.name);
    record_set(r, FLOW_HAS_OT, is != NULL);
    record_set(r, FLOW_HAS_UNEXPECTED,
               expected != is && (is || f->side[0].payload + f->side[1].payload > 0));
}

static void set_volumes(const struct parties *p, const struct flow *f, unsigned client,
                        struct record *r)
{
    record_set(r, FLOW_HAS_PACKETS_TO_SERVER, p->packets[0]);
    record_set(r, FLOW_HAS_PACKETS_TO_CLIENT, p->packets[1]);
    record_set(r, FLOW_HAS_BYTES_TO_SERVER, p->bytes[0]);
    record_set(r, FLOW_HAS_BYTES_TO_CLIENT, p->bytes[1]);
    if (f->key.protocol == IP_TCP) {
        record_set(r, FLOW_HAS_TCP_FLAGS_CLIENT, f->side[client].tcp_flags);
        record_set(r, FLOW_HAS_TCP_FLAGS_SERVER, f->side[1 - client].tcp_flags);
    }
}

static void tell_flow(struct worker *w, const struct flow *f, struct note *n,
                      enum flow_state state, const enum flow_reason *reason)
{
    struct record *r = record_take(&w->exchanger.records, &flow_schema);
    const struct conversation *talk = n->talk;
    unsigned client = talk && talk->state == DECIDED ? talk->client : f->initiator;

    r->kind = RECORD_FLOW;
    r->outcome = OUTCOME_SPONTANEOUS;
    r->time = state == FLOW_BEGIN ? f->start : f->last;
    r->frame = f->frame;
    r->source = f->source;
    conversation_parties(talk, f, &r->parties);
    record_set(r, FLOW_HAS_STATE, state);
    set_service(f, n, r);
    if (reason)
        record_set(r, FLOW_HAS_REASON, *reason);
    record_set(r, FLOW_HAS_ESTABLISHED, f->established || !flow_one_way(f));
    record_set(r, FLOW_HAS_DURATION, (uint64_t)(f->last - f->start));
    set_volumes(&r->parties, f, client, r);
    if (talk) {
        record_set(r, FLOW_HAS_MESSAGES, talk->messages);
        record_set(r, FLOW_HAS_SKIPPED, talk->skipped);
        record_set(r, FLOW_HAS_GAPS, talk->gaps);
        record_set(r, FLOW_HAS_GAP_BYTES, talk->gap_bytes);
    }
    n->begun = true;
    n->reported = w->clock.now;
    send_own(w, r);
}

/* Once it has a name, and each ten minutes from then on. */
static void tell_if_due(struct worker *w, const struct flow *f, struct note *n)
{
    bool named = n->asked || (n->talk && n->talk->state == DECIDED);

    if (!n->begun && named)
        tell_flow(w, f, n, FLOW_BEGIN, NULL);
    else if (n->begun && w->clock.now - n->reported >= REPORT_EVERY)
        tell_flow(w, f, n, FLOW_UPDATE, NULL);
}

/* ---- flows ----------------------------------------------------------------- */

static void on_bytes(void *context, unsigned direction, struct bytes data,
                     const struct stream_origin *from)
{
    struct note *n = context;

    if (n->talk)
        conversation_bytes(n->talk, direction, data, from);
}

static void on_gap(void *context, unsigned direction, uint32_t missing,
                   const struct stream_origin *from)
{
    struct note *n = context;

    if (n->talk)
        conversation_gap(n->talk, direction, missing, from);
}

static const struct stream_handler stream_handler = {on_bytes, on_gap};

static struct note *note_of(struct worker *w, struct flow *f)
{
    struct note *n = f->user;

    if (n)
        return n;
    n = pool_take(&w->notes);
    if (!n)
        return NULL;
    *n = (struct note){.asked = !w->options.classify};
    stream_start(&n->streams, n);
    if (f->key.protocol == IP_TCP || f->key.protocol == IP_UDP)
        n->talk = conversation_begin(&w->conversations, f);
    else
        n->asked = true;
    f->user = n;
    return n;
}

/* Open requests of a connection that is over were not answered; when only the
 * capture is over, nobody can know. */
static enum outcome outcome_at_end(const struct worker *w, const struct flow *f,
                                   enum flow_reason reason)
{
    (void)w;
    return reason == FLOW_STOPPED && !f->closed ? OUTCOME_OPEN : OUTCOME_UNANSWERED;
}

static void flow_ended(void *context, struct flow *f, enum flow_reason reason, int64_t at)
{
    struct worker *w = context;
    struct note *n = f->user;
    enum outcome outcome = outcome_at_end(w, f, reason);

    (void)at;
    if (!n)
        return;
    stream_end(&w->streams, &n->streams, w->clock.now);
    if (n->classified && classify_end(&w->classifier, &n->classified))
        n->service = w->classifier.result;
    if (!n->begun)
        tell_flow(w, f, n, FLOW_BEGIN, NULL);
    tell_flow(w, f, n, FLOW_END, &reason);
    if (n->talk)
        conversation_end(n->talk, outcome);
    f->user = NULL;
    pool_give(&w->notes, n);
}

/* nDPI is asked only where no dissector understands the flow. */
static void ask(struct worker *w, const struct flow *f, struct note *n,
                const struct packet *p, unsigned direction)
{
    bool known = n->talk && n->talk->state == DECIDED;

    if (n->asked || known || p->payload.len == 0)
        return;
    n->asked = classify_packet(&w->classifier, &n->classified, p,
                               direction == f->initiator, w->clock.now) == CLASSIFY_DONE;
    if (n->asked)
        n->service = w->classifier.result;
}

static void inspect(struct worker *w, struct flow *f, struct note *n,
                    const struct packet *p, unsigned direction)
{
    struct stream_origin from = {p->time, p->frame, p->source, w->clock.now};

    if (n->asked && n->talk && n->talk->state == GIVEN_UP) {
        w->bypassed++;
        return;
    }
    if (p->protocol == IP_TCP)
        stream_packet(&w->streams, &n->streams, direction, p, w->clock.now);
    else if (p->protocol == IP_UDP && n->talk &&
             !(p->flags & (PACKET_FRAGMENT | PACKET_BAD_LENGTH)))
        conversation_datagram(n->talk, direction, p->payload, !(p->flags & PACKET_CUT),
                              &from);
    ask(w, f, n, p, direction);
}

/* ---- full tables ----------------------------------------------------------- */

struct watch {
    const char *table;
    uint64_t lost;
};

/*
 * Several workers may have let go of the same: each tells what is new, at the same
 * moments of packet time, and analysis adds it up.
 */
static void tell_full(struct worker *w, unsigned table, const char *name, uint64_t lost)
{
    struct record *r = record_take(&w->exchanger.records, &health_schema);

    r->kind = RECORD_HEALTH;
    r->outcome = OUTCOME_SPONTANEOUS;
    r->time = w->clock.now;
    r->parties.flow_number = table; /* its place among those of this moment */
    record_set(r, HEALTH_CHECK, CHECK_TABLE_FULL);
    record_set_text(r, HEALTH_ABOUT, name);
    record_set(r, HEALTH_COUNT, lost - w->told_full[table]);
    w->told_full[table] = lost;
    send_own(w, r);
}

static void look(struct worker *w)
{
    const struct watch watched[] = {
        {"flows",
         w->flows.counters.ended[FLOW_EVICTED] + w->flows.counters.ended[FLOW_QUOTA]},
        {"records", w->exchanger.counters.lost + w->exchanger.counters.evicted},
        {"values", w->exchanger.counters.left_out},
        {"sessions", w->exchanger.counters.no_session + w->exchanger.counters.sessions},
        {"late stubs", w->exchanger.counters.stubs},
        {"messages in parts", w->exchanger.counters.no_whole},
        {"segments", w->streams.counters.pool_full},
        {"message buffers", w->conversations.counters.no_held},
        {"first segments", w->conversations.counters.no_early},
        {"conversations", w->conversations.counters.no_place},
        {"nDPI flows", w->classifier.states.missed + w->classifier.counters.no_memory},
    };

    for (unsigned i = 0; i < COUNT_OF(watched); i++) {
        if (watched[i].lost > w->told_full[i])
            tell_full(w, i, watched[i].table, watched[i].lost);
    }
}

/* ---- time ------------------------------------------------------------------ */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Everything due before `until`, each at its own time. */
static void advance(struct worker *w, int64_t until)
{
    for (;;) {
        int64_t due = exchanger_due(&w->exchanger);

        due = earlier(due, stream_due(&w->streams));
        due = earlier(due, flow_due(&w->flows));
        due = earlier(due, w->look_at);
        if (due >= until)
            return;
        if (due > w->clock.now)
            w->clock.now = due;
        w->rank = RANK_EXPIRED;
        exchanger_expire(&w->exchanger, due + 1);
        stream_expire(&w->streams, due);
        flow_expire(&w->flows, due);
        if (due == w->look_at) {
            look(w);
            w->look_at += LOOK_EVERY;
        }
        w->rank = RANK_PACKET;
        send_batch(w);
    }
}

void worker_tick(struct worker *w, int64_t now)
{
    if (now <= w->clock.now)
        return;
    if (w->look_at == INT64_MIN)
        w->look_at = (now / LOOK_EVERY + 1) * LOOK_EVERY;
    advance(w, now);
    w->clock.now = now;
}

/* ---- the whole ------------------------------------------------------------- */

static void apply_defaults(struct worker_options *o)
{
    o->flows = o->flows ? o->flows : DEFAULT_FLOWS;
    o->pending = o->pending ? o->pending : DEFAULT_PENDING;
    o->records = o->records ? o->records : DEFAULT_RECORDS;
}

static size_t chunks_for(size_t flows)
{
    return flows / 4 + 1;
}

static size_t classified_for(size_t flows)
{
    return flows / 16 + 1;
}

bool worker_open(struct worker *w, const struct worker_options *options,
                 struct record_sink sink)
{
    struct flow_options flow_options;
    struct stream_options stream_options;

    memset(w, 0, sizeof *w);
    w->options = *options;
    apply_defaults(&w->options);
    w->clock.now = w->look_at = INT64_MIN;
    w->sink = sink;
    flow_options = (struct flow_options){.flows = w->options.flows};
    stream_options = (struct stream_options){.chunks = chunks_for(w->options.flows)};
    if (!flow_open(&w->flows, &flow_options) ||
        !stream_open(&w->streams, &stream_options, &stream_handler) ||
        !exchanger_open(&w->exchanger, w->options.records, w->options.flows,
                        (struct record_sink){on_request, on_done, w}, &w->clock) ||
        !conversations_open(&w->conversations, &w->exchanger, w->options.flows) ||
        !pool_open(&w->notes, "notes", sizeof(struct note), w->options.flows + 1))
        return false;
    if (w->options.classify &&
        !classifier_open(&w->classifier, classified_for(w->options.flows), 0))
        return false;
    w->exchanger.per_flow = (uint32_t)w->options.pending;
    w->exchanger.first_patience = w->options.response_timeout;
    w->flows.ended = flow_ended;
    w->flows.context = w;
    return true;
}

struct worker_memory worker_memory(const struct worker_options *options)
{
    struct worker_options o = *options;

    apply_defaults(&o);
    return (struct worker_memory){
        .flows = flow_memory(o.flows) + pool_memory(sizeof(struct note), o.flows + 1),
        .streams = stream_memory(chunks_for(o.flows)),
        .records = exchanger_memory(o.records, o.flows),
        .conversations = conversations_memory(o.flows),
        .classifier = o.classify ? classifier_memory(classified_for(o.flows), 0) : 0};
}

void worker_close(struct worker *w)
{
    flow_close(&w->flows);
    stream_close(&w->streams);
    conversations_close(&w->conversations);
    exchanger_close(&w->exchanger);
    pool_close(&w->notes);
    if (w->options.classify)
        classifier_close(&w->classifier);
}

void worker_packet(struct worker *w, const struct arrival *a)
{
    const struct packet *p = &a->packet;
    struct flow *f;
    struct note *n;
    unsigned direction;
    bool is_new;

    w->at = (struct stream_origin){p->time, p->frame, p->source, a->now};
    w->number = p->number;
    worker_tick(w, a->now);
    if (a->jump)
        worker_health(w, CHECK_CLOCK_JUMP, NULL, 0, a->jump);
    w->packets++;
    f = flow_find(&w->flows, p, w->clock.now, &direction, &is_new);
    n = f ? note_of(w, f) : NULL;
    if (!n)
        return;
    inspect(w, f, n, p, direction);
    tell_if_due(w, f, n);
}

void worker_end(struct worker *w, int64_t now)
{
    worker_tick(w, now);
    w->rank = RANK_END;
    flow_close_all(&w->flows, w->clock.now);
    look(w);
    w->rank = RANK_PACKET;
}

/* ---- counting -------------------------------------------------------------- */

void worker_count(const struct worker *w, struct worker_counters *out)
{
    *out =
        (struct worker_counters){.packets = w->packets,
                                 .bypassed = w->bypassed,
                                 .records_highest = w->exchanger.records.records.highest,
                                 .flows = w->flows.counters,
                                 .streams = w->streams.counters,
                                 .conversations = w->conversations.counters,
                                 .exchanges = w->exchanger.counters,
                                 .classified = w->classifier.counters,
                                 .unclassified = w->classifier.states.missed};
}

void worker_counters_add(struct worker_counters *sum, const struct worker_counters *more)
{
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)more;

    _Static_assert(sizeof *sum % sizeof *to == 0, "nothing but uint64_t");
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}
