#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "sensor/flow_record.h"
#include "sensor/health.h"
#include "sensor/worker.h"
#include "tests/wire.h"

/* Modbus is only an example here: what is tested is the way to it. */
static const uint8_t asked[] = "\0\1\0\0\0\6\1\3\0\7\0\2";
static const uint8_t answered[] = "\0\1\0\0\0\7\1\3\4\0\x0a\0\x0b";
#define ASK     ((struct bytes){asked, sizeof asked - 1})
#define ANSWER  ((struct bytes){answered, sizeof answered - 1})
#define NOTHING ((struct bytes){NULL, 0})

enum { TOLD = 256 };

struct told {
    enum record_kind kind;
    enum outcome outcome;
    uint64_t request, response; /* frames */
    uint64_t points;
    unsigned reason;
    struct address client;
    bool cut;
};

static struct worker worker;
static struct front front;
static struct told told[TOLD];
static unsigned ntold, nflows, nhealth;
static int64_t seen;

static uint64_t frame_of(const struct record *r, unsigned side)
{
    const struct message *m = record_message_of(r, side);

    return m ? m->frame : 0;
}

static void done(void *context, struct record *r)
{
    (void)context;
    assert_true(r->seen >= seen);
    seen = r->seen;
    if (r->kind == RECORD_FLOW)
        nflows++;
    else if (r->kind == RECORD_HEALTH)
        nhealth++;
    else
        told[ntold++ % TOLD] = (struct told){.kind = r->kind,
                                             .outcome = r->outcome,
                                             .request = frame_of(r, SIDE_REQUEST),
                                             .response = frame_of(r, SIDE_RESPONSE),
                                             .points = record_points(r),
                                             .reason = r->violations[0].reason,
                                             .client = r->parties.client};
    record_give(r);
}

static void open_with(const struct worker_options *options)
{
    seen = INT64_MIN;
    front_open(&front);
    ntold = nflows = nhealth = 0;
    memset(told, 0, sizeof told);
    assert_true(worker_open(&worker, options, (struct record_sink){NULL, done, NULL}));
}

static int start(void **state)
{
    (void)state;
    open_with(&(struct worker_options){.flows = 64, .records = 64});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    worker_end(&worker, front.clock.now);
    assert_int_equal(record_pool_free(&worker.exchanger.records),
                     worker.exchanger.records.records.total);
    assert_int_equal(pool_free_count(&worker.notes), worker.notes.total);
    assert_int_equal(pool_free_count(&worker.conversations.places),
                     worker.conversations.places.total);
    assert_int_equal(pool_free_count(&worker.conversations.small),
                     worker.conversations.small.total);
    assert_int_equal(pool_free_count(&worker.conversations.early),
                     worker.conversations.early.total);
    worker_close(&worker);
    return 0;
}

static void send(struct raw raw)
{
    struct arrival a;

    front_take(&front, &raw, &a);
    worker_packet(&worker, &a);
}

static void handshake(struct wire *w)
{
    send(wire_tcp(w, 0, TCP_SYN, NOTHING));
    send(wire_tcp(w, 1, TCP_SYN | TCP_ACK, NOTHING));
    send(wire_tcp(w, 0, TCP_ACK, NOTHING));
}

static void ask(struct wire *w)
{
    send(wire_tcp(w, 0, TCP_ACK | TCP_PSH, ASK));
}

static void answer(struct wire *w)
{
    send(wire_tcp(w, 1, TCP_ACK | TCP_PSH, ANSWER));
}

static void assert_answered(unsigned i, uint64_t request, uint64_t response)
{
    assert_true(i < ntold);
    assert_int_equal(told[i].outcome, OUTCOME_ANSWERED);
    assert_int_equal(told[i].request, request);
    assert_int_equal(told[i].response, response);
    assert_int_equal(told[i].points, 2);
}

static void a_poll_on_the_usual_port(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    handshake(&w);
    ask(&w);
    answer(&w);
    assert_int_equal(ntold, 1);
    assert_answered(0, 4, 5);
    assert_int_equal(nflows, 1);
}

/* Without a port to go by, two boundaries decide; nothing seen before is lost. */
static void a_poll_on_any_port(void **state)
{
    struct wire w = wire_between(40000, 10502);

    (void)state;
    handshake(&w);
    ask(&w);
    assert_int_equal(ntold, 0);
    answer(&w);
    assert_answered(0, 4, 5);
}

/* Neither handshake nor port: the messages themselves say who is the client. */
static void a_session_begun_before_us_on_any_port(void **state)
{
    struct wire w = wire_between(10502, 40000); /* side 1 is the client */

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        send(wire_tcp(&w, 1, TCP_ACK | TCP_PSH, ASK));
        send(wire_tcp(&w, 0, TCP_ACK | TCP_PSH, ANSWER));
    }
    assert_answered(0, 1, 2);
    assert_answered(1, 3, 4);
    assert_int_equal(told[0].client.bytes[3], 2);
}

static void a_session_begun_with_an_answer(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    answer(&w);
    ask(&w);
    answer(&w);
    assert_int_equal(told[0].outcome, OUTCOME_ORPHAN);
    assert_int_equal(told[0].reason, 0); /* nobody's fault */
    assert_answered(1, 2, 3);
}

static void copy(struct raw *to, uint8_t *room, struct raw raw)
{
    memcpy(room, raw.bytes.at, raw.bytes.len);
    raw.bytes.at = room;
    *to = raw;
}

static void an_answer_captured_before_its_question(void **state)
{
    struct wire w = wire_between(40000, 502);
    uint8_t room[WIRE_FRAME];
    struct raw question;

    (void)state;
    handshake(&w);
    copy(&question, room, wire_tcp(&w, 0, TCP_ACK | TCP_PSH, ASK));
    w.time -= 2 * NS_PER_MS;
    answer(&w);
    assert_int_equal(ntold, 0);
    send(question);
    assert_int_equal(ntold, 1);
    assert_answered(0, 4, 5);
}

/* Nobody's fault but the mirror's, whether its side goes on or is silent. */
static void a_question_lost_by_the_mirror(void **state)
{
    static const uint8_t other[] = "\0\2\0\0\0\7\1\3\4\0\x0a\0\x0b";

    (void)state;
    for (uint16_t i = 0; i < 2; i++) {
        struct wire w = wire_between((uint16_t)(40000 + i), 502);

        w.time += i * NS_PER_S;
        handshake(&w);
        ask(&w);
        answer(&w);
        wire_tcp(&w, 0, TCP_ACK | TCP_PSH, ASK);
        send(wire_tcp(&w, 1, TCP_ACK | TCP_PSH, (struct bytes){other, sizeof other - 1}));
        w.time += i * NS_PER_S / 2;
        ask(&w);
        answer(&w);
        assert_int_equal(ntold, 3 * i + 3);
        assert_int_equal(told[3 * i + 1].outcome, OUTCOME_ORPHAN);
        assert_int_equal(told[3 * i + 1].reason, 0);
        assert_int_equal(told[3 * i + 2].outcome, OUTCOME_ANSWERED);
    }
    assert_int_equal(worker.streams.counters.gap_bytes, 2 * ASK.len);
    assert_int_equal(worker.streams.counters.unexplained, 1);
}

static void one_direction_still_gives_records(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        ask(&w);
    w.time += 5 * NS_PER_S;
    ask(&w);
    assert_int_equal(ntold, 3);
    assert_int_equal(told[0].outcome, OUTCOME_UNANSWERED);
    assert_int_equal(told[2].request, 3);
}

static void messages_split_and_joined_anywhere(void **state)
{
    struct wire w = wire_between(40000, 502);
    uint8_t two[2 * (sizeof asked - 1)];

    (void)state;
    handshake(&w);
    memcpy(two, asked, sizeof asked - 1);
    memcpy(two + sizeof asked - 1, asked, sizeof asked - 1);
    send(wire_tcp(&w, 0, TCP_ACK, (struct bytes){two, 17}));
    send(wire_tcp(&w, 0, TCP_ACK, (struct bytes){two + 17, sizeof two - 17}));
    send(wire_tcp(&w, 1, TCP_ACK, (struct bytes){answered, 1}));
    send(wire_tcp(&w, 1, TCP_ACK, (struct bytes){answered + 1, sizeof answered - 2}));
    answer(&w);
    assert_answered(0, 4, 7);
    assert_answered(1, 5, 8);
}

/* Bytes are missing in the middle of a message: its beginning is read, its end is
 * passed over, the next one is whole. */
static void a_gap_costs_one_message(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    handshake(&w);
    ask(&w);
    answer(&w);
    send(wire_tcp(&w, 0, TCP_ACK, (struct bytes){asked, 8}));
    w.seq[0] += 2; /* lost on the way to us */
    send(wire_tcp(&w, 0, TCP_ACK, (struct bytes){asked + 10, 2}));
    answer(&w);
    ask(&w);
    answer(&w);
    assert_int_equal(ntold, 3);
    assert_int_equal(told[1].reason, VIOLATION_CUT);
    assert_int_equal(told[1].outcome, OUTCOME_ANSWERED);
    assert_answered(2, 9, 10);
}

/* The first message is broken: nothing can be said of it, nor blamed on its answer. */
static void a_gap_at_the_very_beginning(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    handshake(&w);
    send(wire_tcp(&w, 0, TCP_ACK, (struct bytes){asked, 8}));
    w.seq[0] += 4;
    answer(&w);
    ask(&w);
    answer(&w);
    assert_int_equal(told[0].outcome, OUTCOME_ORPHAN);
    assert_int_equal(told[0].reason, 0);
    assert_answered(1, 6, 7);
}

static void nonsense_hides_nothing_behind_it(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    handshake(&w);
    ask(&w);
    answer(&w);
    send(wire_tcp(&w, 0, TCP_ACK,
                  (struct bytes){(const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18}));
    ask(&w);
    answer(&w);
    assert_int_equal(worker.conversations.counters.resyncs > 0, 1);
    assert_answered(ntold - 1, 7, 8);
}

/* An outstation of DNP3 calls its master: who asks is told by the message. */
static void a_server_that_opens_the_connection_is_still_the_server(void **state)
{
    static const uint8_t unasked[] = "\x05\x64\x0a\x44\x01\0\x0a\0\x6e\x25"
                                     "\xc0\xf0\x82\x80\0\x6b\x7d";
    static const uint8_t server[4] = {10, 0, 0, 1}, client[4] = {10, 0, 0, 2};
    struct wire w = wire_between(40000, 20000);
    struct address a;

    (void)state;
    handshake(&w);
    send(wire_tcp(&w, 0, TCP_ACK | TCP_PSH, (struct bytes){unasked, sizeof unasked - 1}));
    assert_int_equal(ntold, 1);
    assert_int_equal(told[0].outcome, OUTCOME_SPONTANEOUS);
    assert_int_equal(told[0].reason, 0);
    a = address_v4(client);
    assert_memory_equal(told[0].client.bytes, a.bytes, sizeof client);
    assert_memory_not_equal(told[0].client.bytes, server, sizeof server);
}

/* A checksum that is right identifies a flow, whatever its port and what follows. */
static void one_message_with_a_checksum_is_proof(void **state)
{
    static const uint8_t asked_link[] = "\x05\x64\x05\xc9\x0a\0\x01\0\xfe\xda"
                                        "GET / HTTP/1.1";
    struct wire w = wire_between(40000, 4712);

    (void)state;
    handshake(&w);
    send(wire_tcp(&w, 0, TCP_ACK | TCP_PSH,
                  (struct bytes){asked_link, sizeof asked_link - 1}));
    assert_int_equal(worker.conversations.counters.identified, 1);
    assert_int_equal(worker.conversations.counters.messages, 2);
}

static void datagrams_are_messages(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    send(wire_udp(&w, 0, ASK));
    send(wire_udp(&w, 1, ANSWER));
    assert_answered(0, 1, 2);
}

static void what_is_no_protocol_of_ours_is_given_up(void **state)
{
    struct wire w = wire_between(40000, 8080);

    (void)state;
    handshake(&w);
    for (unsigned i = 0; i < 12; i++)
        send(wire_tcp(&w, i % 2, TCP_ACK,
                      (struct bytes){(const uint8_t *)"GET / HTTP", 10}));
    assert_int_equal(worker.conversations.counters.given_up, 1);
    assert_true(worker.bypassed > 0);
    assert_int_equal(ntold, 0);
}

static void a_closed_connection_answers_nothing_more(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    handshake(&w);
    ask(&w);
    answer(&w);
    ask(&w);
    send(wire_tcp(&w, 1, TCP_RST | TCP_ACK, NOTHING));
    worker_end(&worker, front.clock.now);
    assert_int_equal(told[1].outcome, OUTCOME_UNANSWERED);
}

/* The capture is over before the time-out: nobody can know. */
static void an_open_request_at_the_end_stays_open(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    handshake(&w);
    ask(&w);
    worker_end(&worker, front.clock.now);
    assert_int_equal(told[0].outcome, OUTCOME_OPEN);
}

static void a_jump_of_the_clock_is_told(void **state)
{
    struct wire w = wire_between(40000, 502);

    (void)state;
    handshake(&w);
    ask(&w);
    w.time += 2 * 3600 * NS_PER_S;
    answer(&w);
    assert_int_equal(nhealth, 1);
    assert_answered(0, 4, 5);
}

/* One record, one flow: everything still adds up, and what is lost is told. */
static void with_tables_of_one(void **state)
{
    (void)state;
    worker_end(&worker, front.clock.now);
    worker_close(&worker);
    open_with(&(struct worker_options){.flows = 1, .records = 1, .pending = 1});
    for (uint16_t port = 40000; port < 40020; port++) {
        struct wire w = wire_between(port, 502);

        w.time += (port - 40000) * NS_PER_S;
        handshake(&w);
        for (unsigned i = 0; i < 3; i++) {
            ask(&w);
            ask(&w);
            answer(&w);
        }
    }
    worker_end(&worker, front.clock.now);
    assert_true(worker.exchanger.counters.lost + worker.exchanger.counters.evicted > 0);
    assert_true(worker.flows.counters.ended[FLOW_EVICTED] +
                    worker.flows.counters.ended[FLOW_QUOTA] >
                0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_poll_on_the_usual_port),
        CASE(a_poll_on_any_port),
        CASE(a_session_begun_before_us_on_any_port),
        CASE(a_session_begun_with_an_answer),
        CASE(an_answer_captured_before_its_question),
        CASE(a_question_lost_by_the_mirror),
        CASE(one_direction_still_gives_records),
        CASE(messages_split_and_joined_anywhere),
        CASE(a_gap_costs_one_message),
        CASE(a_gap_at_the_very_beginning),
        CASE(nonsense_hides_nothing_behind_it),
        CASE(a_server_that_opens_the_connection_is_still_the_server),
        CASE(one_message_with_a_checksum_is_proof),
        CASE(datagrams_are_messages),
        CASE(what_is_no_protocol_of_ours_is_given_up),
        CASE(a_closed_connection_answers_nothing_more),
        CASE(an_open_request_at_the_end_stays_open),
        CASE(a_jump_of_the_clock_is_told),
        CASE(with_tables_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
