#include "tests/unit.h"

#include <string.h>

#include "sensor/core/exchange.h"
#include "tests/sample.h"

enum { RECORDS = 8, TOLD = 64 };

/* What came out: the outcome, key and `seen` of each record. */
struct told {
    enum outcome outcome;
    enum record_kind kind;
    uint64_t key, hint;
    int64_t seen;
    unsigned violations;
    unsigned reason;
};

static struct clock now;
static struct exchanger home;
static struct exchange x;
static struct parties parties;
static struct told told[TOLD];
static unsigned ntold, nrequests;
static uint64_t frame;

static void request(void *context, struct record *r)
{
    (void)context;
    (void)r;
    nrequests++;
}

static void done(void *context, struct record *r)
{
    (void)context;
    told[ntold % TOLD] = (struct told){.outcome = r->outcome,
                                       .kind = r->kind,
                                       .key = r->key,
                                       .hint = r->hint,
                                       .seen = r->seen,
                                       .violations = r->violations_total,
                                       .reason = r->violations[0].reason};
    ntold++;
    record_give(r);
}

static const struct patience patience = {NS_PER_S, 30 * NS_PER_S, 60 * NS_PER_S};

static int start(void **state)
{
    (void)state;
    now = clock_at_rest(3600 * NS_PER_S, 5 * NS_PER_S);
    clock_tick(&now, 1000 * NS_PER_S);
    ntold = nrequests = 0;
    frame = 0;
    if (!exchanger_open(&home, RECORDS, 4, (struct record_sink){request, done, NULL},
                        &now))
        return -1;
    exchange_open(&x, &home, &sample_schema, &patience, &parties);
    return 0;
}

/* Whatever a test did, every record came back. */
static int stop(void **state)
{
    (void)state;
    exchange_close(&x, OUTCOME_OPEN);
    assert_int_equal(record_pool_free(&home.records), RECORDS);
    assert_int_equal(exchanger_due(&home), INT64_MAX);
    exchanger_close(&home);
    return 0;
}

static void pass(int64_t ms)
{
    int64_t then = now.now + ms * NS_PER_MS;

    exchanger_expire(&home, then);
    clock_tick(&now, now.last + (then - now.now));
}

static void begin(enum field_side side)
{
    static struct message m;
    static const uint8_t bytes[1];

    m = (struct message){
        .time = now.last, .frame = ++frame, .side = (uint8_t)side, .length = 1};
    exchange_begin(&x, &m, bytes);
}

static void settle(void)
{
    bool truncated = false;
    struct cursor c = cur_over((struct bytes){(const uint8_t *)"", 0}, &truncated);

    exchange_settle(&x, &c);
}

static void ask(uint64_t key, uint64_t hint)
{
    begin(SIDE_REQUEST);
    exchange_request(&x, key, hint);
    settle();
}

static void answer(uint64_t key, uint64_t hint)
{
    begin(SIDE_RESPONSE);
    exchange_response(&x, key, hint);
    settle();
}

static void an_answer_completes_its_request(void **state)
{
    (void)state;
    ask(1, 0);
    assert_int_equal(nrequests, 1);
    assert_int_equal(ntold, 0);
    pass(20);
    answer(1, 0);
    assert_int_equal(ntold, 1);
    assert_int_equal(told[0].outcome, OUTCOME_ANSWERED);
    assert_int_equal(told[0].seen, now.now);
}

static void equal_keys_pair_first_in_first_out(void **state)
{
    (void)state;
    ask(0, 1);
    ask(0, 2);
    ask(0, 1);
    answer(0, 1);
    answer(0, 9); /* a hint nobody gave: the oldest */
    answer(0, 1);
    assert_int_equal(told[0].hint, 1);
    assert_int_equal(told[1].hint, 2);
    assert_int_equal(told[2].hint, 1);
}

static void silence_is_told_at_its_deadline(void **state)
{
    int64_t asked;

    (void)state;
    asked = now.now;
    ask(1, 0);
    pass(5000);
    assert_int_equal(ntold, 1);
    assert_int_equal(told[0].outcome, OUTCOME_UNANSWERED);
    assert_int_equal(told[0].seen, asked + NS_PER_S);
}

static void a_late_answer_finds_its_request(void **state)
{
    (void)state;
    ask(1, 7);
    pass(3000);
    answer(1, 7);
    assert_int_equal(ntold, 2);
    assert_int_equal(told[0].outcome, OUTCOME_UNANSWERED);
    assert_int_equal(told[1].outcome, OUTCOME_LATE);
    assert_int_equal(told[1].hint, 7);
    ask(2, 7); /* and from now on the server is given more time */
    pass(3000);
    answer(2, 7);
    assert_int_equal(told[2].outcome, OUTCOME_ANSWERED);
}

static void a_stub_does_not_wait_for_ever(void **state)
{
    (void)state;
    ask(1, 0);
    pass(62000);
    answer(1, 0);
    assert_int_equal(told[1].outcome, OUTCOME_ORPHAN);
}

static void a_second_answer_is_a_violation(void **state)
{
    (void)state;
    ask(1, 0);
    answer(1, 0);
    answer(1, 0);
    answer(5, 0);
    assert_int_equal(told[1].outcome, OUTCOME_ORPHAN);
    assert_int_equal(told[1].reason, VIOLATION_DUPLICATE_ANSWER);
    assert_int_equal(told[2].reason, VIOLATION_NO_REQUEST);
}

/* Where bytes are missing, an answer without a question is nobody's fault. */
static void an_orphan_after_a_gap_is_no_violation(void **state)
{
    (void)state;
    x.blind = true;
    answer(5, 0);
    assert_int_equal(told[0].outcome, OUTCOME_ORPHAN);
    assert_int_equal(told[0].violations, 0);
}

static void the_oldest_request_makes_way(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3 * RECORDS; i++)
        ask(i, 0);
    assert_true(ntold >= 2 * RECORDS);
    assert_int_equal(told[0].key, 0);
    assert_int_equal(told[1].key, 1);
    assert_int_equal(told[0].outcome, OUTCOME_UNANSWERED);
    assert_true(home.counters.evicted > 0);
    assert_int_equal(home.counters.lost, 0);
}

static void a_session_is_found_again_by_its_key(void **state)
{
    uint8_t *one, *two;

    (void)state;
    one = exchange_session(&x, 1);
    assert_int_equal(one[0], 0);
    one[0] = 11;
    two = exchange_session(&x, 2);
    assert_ptr_not_equal(one, two);
    assert_int_equal(two[0], 0);
    assert_ptr_equal(exchange_session(&x, 1), one);
    for (unsigned key = 3; key < 20; key++)
        assert_non_null(exchange_session(&x, key));
    assert_true(home.counters.sessions > 0); /* pushed out, and counted */
    assert_int_equal(((uint8_t *)exchange_session(&x, 2))[0], 0);
}

static void an_operation_without_an_end_is_aborted(void **state)
{
    struct operation *op;

    (void)state;
    op = exchange_session(&x, 1);
    begin(SIDE_REQUEST);
    exchange_operation_begin(&x, op, 1, exchange_request(&x, 1, 0));
    settle();
    answer(1, 0);
    exchange_close(&x, OUTCOME_OPEN);
    assert_int_equal(ntold, 3);
    assert_int_equal(told[2].kind, RECORD_OPERATION);
    assert_int_equal(told[2].outcome, OUTCOME_UNANSWERED);
    exchange_open(&x, &home, &sample_schema, &patience, &parties);
}

static void an_operation_is_told_at_both_ends(void **state)
{
    static struct operation op;

    (void)state;
    op.id = 0;
    begin(SIDE_REQUEST);
    exchange_operation_begin(&x, &op, 1, exchange_request(&x, 1, 0));
    settle();
    answer(1, 0);
    begin(SIDE_REQUEST);
    exchange_operation_step(&op, exchange_request(&x, 2, 0), 100);
    settle();
    answer(2, 0);
    begin(SIDE_REQUEST);
    exchange_operation_end(&x, &op, exchange_request(&x, 3, 0), OPERATION_END);
    settle();
    answer(3, 0);
    assert_int_equal(ntold, 5);
    assert_int_equal(told[0].kind, RECORD_OPERATION);
    assert_int_equal(told[3].kind, RECORD_OPERATION);
    assert_int_equal(op.steps, 3);
    assert_int_equal(op.bytes, 100);
    assert_int_equal(op.id, 0);
}

static void a_jump_of_the_clock_expires_nothing(void **state)
{
    (void)state;
    ask(1, 0);
    assert_true(clock_tick(&now, now.last + 7200 * NS_PER_S) > 0);
    exchanger_expire(&home, now.now);
    assert_int_equal(ntold, 0);
    assert_true(clock_tick(&now, now.last - 60 * NS_PER_S) < 0);
    pass(10);
    answer(1, 0);
    assert_int_equal(told[0].outcome, OUTCOME_ANSWERED);
}

/* ---- answers and messages in parts ------------------------------------------------- */

/* An answer that goes on under the next key. */
static void answer_in_part(uint64_t key, uint64_t next)
{
    begin(SIDE_RESPONSE);
    exchange_more(&x, exchange_response(&x, key, 0), next);
    settle();
}

static void an_answer_in_parts_is_one_record_and_waits_for_each(void **state)
{
    (void)state;
    ask(1, 0);
    pass(900);
    answer_in_part(1, 2);
    pass(
        3000); /* more than the first time-out since the request: each part counts anew */
    assert_int_equal(ntold, 0);
    answer(2, 0);
    assert_int_equal(ntold, 1);
    assert_int_equal(told[0].outcome, OUTCOME_ANSWERED);
    assert_int_equal(told[0].violations, 0);
    assert_int_equal(nrequests, 1);
}

static void an_answer_without_its_end_is_told_as_such(void **state)
{
    (void)state;
    ask(1, 0);
    answer_in_part(1, 2);
    pass(2000);
    assert_int_equal(ntold, 1);
    assert_int_equal(told[0].outcome, OUTCOME_ANSWERED);
    assert_int_equal(told[0].reason, VIOLATION_INCOMPLETE);
    answer(2, 0); /* nothing waits for it any more */
    assert_int_equal(told[1].outcome, OUTCOME_ORPHAN);
}

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static bool part(uint64_t key, const char *s, bool first)
{
    begin(SIDE_REQUEST);
    return exchange_part(&x, key, text(s), first);
}

static void parts_are_joined_by_their_key(void **state)
{
    struct bytes all;

    (void)state;
    assert_true(part(1, "one ", true));
    assert_true(part(2, "zwei ", true));
    assert_true(part(1, "two", false));
    all = exchange_whole(&x, 1);
    assert_int_equal(all.len, 7);
    assert_memory_equal(all.at, "one two", 7);
    assert_int_equal(x.message->frame, 3);
    assert_int_equal(x.message->length, 2);
    exchange_forget(&x, 1);
    assert_false(part(1, "three", false));
    assert_true(part(2, "drei", false));
    assert_memory_equal(exchange_whole(&x, 2).at, "zwei drei", 9);
}

static void parts_that_find_no_room_are_refused(void **state)
{
    static char large[EXCHANGE_WHOLE + 1];

    (void)state;
    memset(large, 'x', EXCHANGE_WHOLE);
    assert_true(part(1, large, true));
    assert_false(part(1, "y", false));
    assert_null(exchange_whole(&x, 1).at);
    for (uint64_t key = 0; key < 2 * EXCHANGE_WHOLES; key++)
        assert_true(part(key, "z", true)); /* the one that waits longest makes way */
    assert_true(home.counters.no_whole > 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_answer_completes_its_request),
        CASE(equal_keys_pair_first_in_first_out),
        CASE(silence_is_told_at_its_deadline),
        CASE(a_late_answer_finds_its_request),
        CASE(a_stub_does_not_wait_for_ever),
        CASE(a_second_answer_is_a_violation),
        CASE(an_orphan_after_a_gap_is_no_violation),
        CASE(the_oldest_request_makes_way),
        CASE(a_session_is_found_again_by_its_key),
        CASE(an_operation_without_an_end_is_aborted),
        CASE(an_operation_is_told_at_both_ends),
        CASE(a_jump_of_the_clock_expires_nothing),
        CASE(an_answer_in_parts_is_one_record_and_waits_for_each),
        CASE(an_answer_without_its_end_is_told_as_such),
        CASE(parts_are_joined_by_their_key),
        CASE(parts_that_find_no_room_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
