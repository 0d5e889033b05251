#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "sensor/stream.h"

enum { TEXT = 26 * 40, SECOND = 1000000000, MS = 1000000, BOTH = 512 };

/* What came out of each direction; a lost byte is written as '.'. */
static struct heard {
    char text[2][256 * 1024];
    size_t len[2];
    char both[BOTH]; /* the beginning of what came out, of either direction */
    size_t nboth;
    unsigned gaps[2], unknown;
    uint64_t frame;
    int64_t seen;
} heard;

static void note(struct heard *h, char c)
{
    if (h->nboth < BOTH)
        h->both[h->nboth++] = c;
}

static void on_bytes(void *context, unsigned direction, struct bytes data,
                     const struct stream_origin *from)
{
    struct heard *h = context;

    assert_true(h->len[direction] + data.len < sizeof h->text[0]);
    assert_true(data.len > 0);
    memcpy(h->text[direction] + h->len[direction], data.at, data.len);
    h->len[direction] += data.len;
    for (size_t i = 0; i < data.len && i < BOTH; i++)
        note(h, (char)data.at[i]);
    h->frame = from->frame;
    h->seen = from->seen;
}

static void on_gap(void *context, unsigned direction, uint32_t missing,
                   const struct stream_origin *from)
{
    struct heard *h = context;

    h->gaps[direction]++;
    h->unknown += missing == 0;
    h->seen = from->seen;
    for (uint32_t i = 0; i < missing && i < BOTH; i++)
        note(h, '.');
    for (uint32_t i = 0; i < missing && h->len[direction] < sizeof h->text[0]; i++)
        h->text[direction][h->len[direction]++] = '.';
}

static const struct stream_handler handler = {on_bytes, on_gap};
static struct streams engine;
static struct stream_pair pair;
static uint64_t frame;
static char text[TEXT];

/* NULL: room for all that these tests hold; the defaults take long to lay out. */
static void begin(const struct stream_options *options)
{
    static const struct stream_options usual = {.chunks = 128};

    for (size_t i = 0; i < TEXT; i++)
        text[i] = (char)('a' + i % 26 + (i / 26 % 2 ? 'A' - 'a' : 0));
    memset(heard.len, 0, sizeof heard.len);
    memset(heard.gaps, 0, sizeof heard.gaps);
    heard.nboth = 0;
    heard.unknown = 0;
    frame = 0;
    assert_true(stream_open(&engine, options ? options : &usual, &handler));
    stream_start(&pair, &heard);
}

/* Every chunk came back. */
static void finish(void)
{
    stream_end(&engine, &pair, 0);
    assert_int_equal(engine.chunks.used, 0);
    assert_null(engine.holes.oldest);
    assert_null(engine.holes.newest);
    assert_null(engine.waits.oldest);
    assert_null(engine.waits.newest);
    stream_close(&engine);
}

static void send_from(unsigned d, uint8_t flags, uint32_t seq, uint32_t ack,
                      struct bytes data, int64_t now)
{
    struct packet p = {.protocol = IP_TCP, .time = now};

    p.frame = ++frame;
    p.tcp_flags = flags;
    p.seq = seq;
    p.ack = ack;
    p.payload = data;
    p.payload_wire = (uint32_t)data.len;
    stream_packet(&engine, &pair, d, &p, now);
}

/* Bytes from..to of the text, whose first byte has number `base`. */
static void send_text(uint32_t base, size_t from, size_t to, int64_t now)
{
    struct bytes data = {(const uint8_t *)text + from, to - from};

    send_from(0, TCP_ACK, base + (uint32_t)from, 0, data, now);
}

static void send_syn(uint32_t base)
{
    send_from(0, TCP_SYN, base - 1, 0, (struct bytes){0}, 0);
}

static void send_ack(uint32_t ack, int64_t now)
{
    send_from(1, TCP_ACK, 1, ack, (struct bytes){0}, now);
}

static void heard_whole(size_t len)
{
    assert_int_equal(heard.len[0], len);
    assert_memory_equal(heard.text[0], text, len);
    assert_int_equal(heard.gaps[0], 0);
}

static void heard_text(const char *expected)
{
    assert_int_equal(heard.len[0], strlen(expected));
    assert_memory_equal(heard.text[0], expected, strlen(expected));
}

/* --- in order ------------------------------------------------------------- */

static void any_two_cuts_give_the_same_bytes(void **state)
{
    (void)state;
    for (size_t a = 1; a < 40; a++)
        for (size_t b = a + 1; b <= 40; b++) {
            begin(NULL);
            send_syn(7);
            send_text(7, 0, a, 0);
            send_text(7, a, b, 0);
            if (b < 40)
                send_text(7, b, 40, 0);
            heard_whole(40);
            assert_int_equal(engine.counters.reordered, 0);
            finish();
        }
}

static void any_order_of_three_gives_the_same_bytes(void **state)
{
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    (void)state;
    for (size_t a = 1; a < 30; a++)
        for (size_t b = a + 1; b < 30; b++)
            for (size_t o = 0; o < 6; o++) {
                const size_t cuts[] = {0, a, b, 30};

                begin(NULL);
                send_syn(0xfffffff0);
                for (size_t i = 0; i < 3; i++)
                    send_text(0xfffffff0, cuts[orders[o][i]], cuts[orders[o][i] + 1], 0);
                heard_whole(30);
                finish();
            }
}

/* Segments overlap one another at random, repeat, and come in any order. */
static void one_shuffle(uint32_t base)
{
    size_t from[64], to[64], n = 0;

    for (size_t at = 0; at < TEXT; n++) {
        size_t back = at < 20 ? at : (size_t)rand() % 20;

        from[n] = at - back;
        to[n] = at + 1 + (size_t)rand() % 60;
        to[n] = to[n] > TEXT ? TEXT : to[n];
        at = to[n];
    }
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)rand() % (i + 1), f = from[i], t = to[i];

        from[i] = from[j];
        to[i] = to[j];
        from[j] = f;
        to[j] = t;
    }
    begin(NULL);
    send_syn(base);
    for (size_t i = 0; i < n; i++) {
        send_text(base, from[i], to[i], 0);
        if (rand() % 4 == 0)
            send_text(base, from[i] / 2, to[i], 0);
    }
    heard_whole(TEXT);
    assert_int_equal(engine.counters.differing, 0);
    finish();
}

static void shuffled_overlapping_segments_give_the_same_bytes(void **state)
{
    (void)state;
    srand(1);
    for (unsigned i = 0; i < 2000; i++)
        one_shuffle(0u - 500u + i);
}

static void segments_in_order_are_not_copied(void **state)
{
    struct stream_options one = {.chunks = 1};

    (void)state;
    begin(&one);
    send_syn(1);
    for (size_t at = 0; at < TEXT; at += 10)
        send_text(1, at, at + 10, 0);
    heard_whole(TEXT);
    assert_int_equal(engine.chunks.highest, 0);
    finish();
}

static void data_in_the_syn_is_delivered(void **state)
{
    (void)state;
    begin(NULL);
    send_from(0, TCP_SYN, 99, 0, (struct bytes){(const uint8_t *)text, 5}, 0);
    send_text(100, 5, 10, 0);
    heard_whole(10);
    finish();
}

static void a_session_already_running_is_picked_up(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1000, 0, 10, 0);
    send_text(1000, 20, 30, 0);
    send_text(1000, 10, 20, 0);
    heard_whole(30);
    finish();
}

static void a_keep_alive_is_not_picked_up(void **state)
{
    (void)state;
    begin(NULL);
    send_from(0, TCP_ACK, 999, 0, (struct bytes){(const uint8_t *)"?", 1}, 0);
    send_text(1000, 0, 10, 0);
    send_from(0, TCP_ACK, 1009, 0, (struct bytes){(const uint8_t *)"?", 1}, 0);
    send_text(1000, 10, 20, 0);
    heard_whole(20);
    finish();
}

static void the_answer_to_a_syn_starts_both_sides(void **state)
{
    (void)state;
    begin(NULL);
    send_from(1, TCP_SYN | TCP_ACK, 500, 100, (struct bytes){0}, 0);
    send_text(100, 5, 10, 0);
    send_text(100, 0, 5, 0);
    heard_whole(10);
    finish();
}

static void both_directions_are_apart(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 10, 0);
    send_from(1, TCP_ACK, 77, 11, (struct bytes){(const uint8_t *)"answer", 6}, 0);
    heard_whole(10);
    assert_int_equal(heard.len[1], 6);
    assert_memory_equal(heard.text[1], "answer", 6);
    finish();
}

static void the_text_of_a_reset_is_no_data(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 10, 0);
    send_from(0, TCP_RST, 11, 0, (struct bytes){(const uint8_t *)"go away", 7}, 0);
    heard_whole(10);
    finish();
}

/* --- repetition and overlap ------------------------------------------------ */

static void repetitions_are_counted_not_delivered(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 10, 0);
    send_text(1, 0, 10, 0);
    send_text(1, 3, 12, 0);
    heard_whole(12);
    assert_int_equal(engine.counters.retransmitted, 2);
    finish();
}

static void the_first_copy_of_a_byte_wins(void **state)
{
    (void)state;
    begin(NULL);
    send_syn(1);
    send_from(0, TCP_ACK, 5, 0, (struct bytes){(const uint8_t *)"EFGH", 4}, 0);
    send_from(0, TCP_ACK, 1, 0, (struct bytes){(const uint8_t *)"abcdxxxxij", 10}, 0);
    heard_text("abcdEFGHij");
    assert_int_equal(engine.counters.overlaps, 1);
    assert_int_equal(engine.counters.differing, 1);
    finish();
}

/* --- holes ----------------------------------------------------------------- */

static void the_receiver_decides_that_a_hole_is_real(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 5, 0);
    send_text(1, 8, 10, 0);
    send_ack(6, 0);
    assert_int_equal(heard.gaps[0], 0);
    send_ack(9, 0);
    heard_text("abcde...ij");
    assert_int_equal(heard.gaps[0], 1);
    assert_int_equal(engine.counters.gap_bytes, 3);
    finish();
}

static void what_was_acknowledged_before_is_lost_at_once(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 5, 0);
    send_ack(9, 0);
    send_text(1, 8, 10, 0);
    heard_text("abcde...ij");
    finish();
}

static void a_hole_is_given_up_after_two_seconds(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 5, 0);
    send_text(1, 8, 10, SECOND);
    stream_expire(&engine, 3 * (int64_t)SECOND - 1);
    assert_int_equal(heard.gaps[0], 0);
    stream_expire(&engine, 30 * (int64_t)SECOND);
    heard_text("abcde...ij");
    assert_true(heard.seen == 3 * (int64_t)SECOND);
    assert_int_equal(engine.counters.timed_out, 1);
    finish();
}

/* The receiver still waits for the hole: what is held was never accepted. */
static void a_forged_segment_does_not_lead_astray(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 5, 0);
    send_from(0, TCP_ACK, 500000, 0, (struct bytes){(const uint8_t *)"evil", 4}, 0);
    send_text(1, 5, 10, SECOND);
    send_ack(11, SECOND);
    send_text(1, 10, 15, 3 * (int64_t)SECOND);
    send_text(1, 15, 20, 4 * (int64_t)SECOND);
    heard_whole(20);
    assert_int_equal(engine.counters.refused, 1);
    finish();
}

static void the_end_delivers_what_is_held(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 5, 0);
    send_text(1, 8, 10, 0);
    send_text(1, 12, 14, 0);
    finish();
    heard_text("abcde...ij..mn");
}

static void cut_bytes_are_a_gap(void **state)
{
    struct packet p = {.protocol = IP_TCP, .tcp_flags = TCP_ACK, .seq = 1};

    (void)state;
    begin(NULL);
    p.payload = (struct bytes){(const uint8_t *)"abc", 3};
    p.payload_wire = 5;
    stream_packet(&engine, &pair, 0, &p, 0);
    p.seq = 11;
    stream_packet(&engine, &pair, 0, &p, 0);
    p.seq = 6;
    stream_packet(&engine, &pair, 0, &p, 0);
    heard_text("abc..abc..abc..");
    finish();
}

static void bounds_of_a_direction_give_up_the_hole(void **state)
{
    struct stream_options few = {.held = 2};

    (void)state;
    begin(&few);
    send_text(1, 0, 2, 0);
    send_text(1, 4, 6, 0);
    send_text(1, 8, 10, 0);
    send_text(1, 12, 14, 0);
    heard_text("ab..ef");
    assert_int_equal(engine.counters.bounds_reached, 1);
    finish();
    heard_text("ab..ef..ij..mn");
}

static void an_empty_pool_loses_no_data_in_hand(void **state)
{
    struct stream_options one = {.chunks = 1};
    struct stream_pair other;

    (void)state;
    begin(&one);
    stream_start(&other, &heard);
    send_text(1, 0, 2, 0);
    send_text(1, 4, 6, 0);
    send_text(1, 8, 10, 0);
    assert_int_equal(engine.counters.pool_full, 1);
    send_text(1, 16, 18, 0);
    send_text(1, 12, 14, 0);
    finish();
    heard_text("ab..ef..ij..mn..qr");
}

static void a_large_segment_fills_several_chunks(void **state)
{
    static uint8_t large[60000];
    struct bytes data = {large, sizeof large};

    (void)state;
    begin(NULL);
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i * 7 + i / 256);
    send_text(1, 0, 2, 0);
    send_from(0, TCP_ACK, 103, 0, data, 0);
    assert_true(engine.chunks.used > 1);
    send_text(1, 2, 102, 0);
    assert_int_equal(heard.len[0], 102 + sizeof large);
    assert_memory_equal(heard.text[0] + 102, large, sizeof large);
    assert_int_equal(engine.chunks.used, 0);
    finish();
}

/* --- one direction against the other --------------------------------------- */

enum { ASKED = 100, ANSWERED = 7000 }; /* where the sides begin */

/* `words` from place `at` of side d, which has seen `ack` bytes of the other. */
static void say(unsigned d, uint32_t at, uint32_t ack, const char *words, int64_t now)
{
    static const uint32_t base[2] = {ASKED, ANSWERED};
    struct bytes data = {(const uint8_t *)words, strlen(words)};

    send_from(d, TCP_ACK, base[d] + at, base[1 - d] + ack, data, now);
}

static void shake_hands(const struct stream_options *options)
{
    begin(options);
    send_from(0, TCP_SYN, ASKED - 1, 0, (struct bytes){0}, 0);
    send_from(1, TCP_SYN | TCP_ACK, ANSWERED - 1, ASKED, (struct bytes){0}, 0);
}

static void heard_both(const char *want)
{
    assert_int_equal(heard.nboth, strlen(want));
    assert_memory_equal(heard.both, want, heard.nboth);
}

static void an_answer_waits_for_its_question(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "answer", 0);
    heard_both("");
    say(0, 0, 0, "ask?", MS);
    heard_both("ask?answer");
    assert_int_equal(engine.counters.early, 1);
    assert_int_equal(engine.counters.gaps, 0);
    finish();
}

static void what_is_in_order_waits_for_nothing(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(0, 0, 0, "ask?", 0);
    say(1, 0, 4, "answer", 0);
    say(0, 4, 6, "more", 0);
    heard_both("ask?answermore");
    assert_int_equal(engine.chunks.highest, 0);
    finish();
}

static void the_order_holds_where_numbers_wrap(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t ask = 0u - i, answer = 0u - 11 + i;

        begin(NULL);
        send_from(0, TCP_SYN, ask - 1, 0, (struct bytes){0}, 0);
        send_from(1, TCP_SYN | TCP_ACK, answer - 1, ask, (struct bytes){0}, 0);
        send_from(1, TCP_ACK, answer, ask + 4,
                  (struct bytes){(const uint8_t *)"answer", 6}, 0);
        heard_both("");
        send_from(0, TCP_ACK, ask, answer, (struct bytes){(const uint8_t *)"ask?", 4}, 0);
        heard_both("ask?answer");
        finish();
    }
}

static void a_lost_question_is_a_gap_before_its_answer(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "answer", SECOND);
    assert_true(stream_due(&engine) == SECOND + 100 * MS);
    stream_expire(&engine, SECOND + 100 * MS - 1);
    heard_both("");
    stream_expire(&engine, 5 * (int64_t)SECOND);
    heard_both("....answer");
    assert_int_equal(heard.gaps[0], 1);
    assert_true(heard.seen == SECOND + 100 * MS);
    assert_int_equal(engine.counters.unexplained, 1);
    finish();
}

static void the_wait_can_be_chosen(void **state)
{
    const struct stream_options brief = {.chunks = 4, .order = 5 * MS};

    (void)state;
    shake_hands(&brief);
    say(1, 0, 4, "answer", 0);
    stream_expire(&engine, 5 * MS);
    heard_both("....answer");
    finish();
}

static void the_next_question_comes_after_the_answer(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "answer", 0);
    say(0, 4, 6, "more", MS);
    heard_both("....answermore");
    assert_int_equal(engine.counters.unexplained, 0);
    finish();
}

/* It says that its side went on: the question cannot come any more. */
static void an_acknowledgement_behind_a_lost_question_ends_the_wait(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "answer", 0);
    say(0, 4, 6, "", MS);
    heard_both("....answer");
    finish();
}

static void questions_in_one_segment_are_answered_one_by_one(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "first", 0);
    say(1, 5, 8, "second", 0);
    say(0, 0, 0, "one?two?", 0);
    heard_both("one?firsttwo?second");
    finish();
}

static void several_lost_questions_are_several_gaps(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "first", 0);
    say(1, 5, 8, "second", 0);
    say(0, 8, 11, "three?", 0);
    heard_both("....first....secondthree?");
    finish();
}

static void a_hole_is_filled_before_the_wait_begins(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 3, 4, "wer", 0);
    say(1, 0, 4, "ans", SECOND);
    assert_true(stream_due(&engine) == SECOND + 100 * MS);
    say(0, 0, 0, "ask?", SECOND + MS);
    heard_both("ask?answer");
    finish();
}

/* The question is sent again and acknowledges the answer that waits for it. */
static void two_that_wait_for_one_another_do_not(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "answer", 0);
    say(0, 0, 6, "ask?", MS);
    heard_both("ask?answer");
    finish();
}

static void a_copy_that_acknowledges_less_ends_the_wait(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 1000, "answer", 0);
    say(1, 0, 0, "answer", MS);
    heard_both("answer");
    finish();
}

static void the_number_of_a_fin_is_not_waited_for(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(0, 0, 0, "ask?", 0);
    send_from(0, TCP_ACK | TCP_FIN, ASKED + 4, ANSWERED, (struct bytes){0}, 0);
    say(1, 0, 5, "answer", 0);
    heard_both("ask?answer");
    finish();
}

static void one_direction_alone_does_not_wait(void **state)
{
    (void)state;
    begin(NULL);
    send_from(1, TCP_SYN | TCP_ACK, ANSWERED - 1, ASKED, (struct bytes){0}, 0);
    say(1, 0, 4, "first", 0);
    say(1, 5, 8, "second", 0);
    heard_both("firstsecond");
    assert_int_equal(engine.counters.gaps, 0);
    finish();
}

/* Only its handshake was seen, then the mirror lost that side. */
static void a_side_that_stays_silent_is_waited_for_three_times(void **state)
{
    (void)state;
    shake_hands(NULL);
    for (uint32_t i = 0; i < 3; i++) {
        say(1, i, 2 * i + 2, "a", i * (int64_t)SECOND);
        assert_int_equal(heard.nboth, 3 * i);
    }
    say(1, 3, 8, "b", 3 * (int64_t)SECOND);
    heard_both("..a..a..a..b");
    say(0, 8, 4, "ask?", 4 * (int64_t)SECOND);
    say(1, 4, 14, "c", 4 * (int64_t)SECOND);
    heard_both("..a..a..a..bask?");
    finish();
}

static void the_end_delivers_what_waits(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "answer", 0);
    finish();
    heard_both("....answer");
}

static void bounds_of_a_direction_end_the_wait(void **state)
{
    const struct stream_options few = {.chunks = 8, .held = 2};

    (void)state;
    shake_hands(&few);
    say(1, 0, 4, "first", 0);
    say(1, 5, 8, "second", 0);
    heard_both("");
    say(1, 11, 12, "third", 0);
    heard_both("....first");
    assert_int_equal(engine.counters.bounds_reached, 1);
    finish();
    heard_both("....first....second....third");
}

static void without_a_chunk_nothing_waits(void **state)
{
    const struct stream_options one = {.chunks = 1};
    struct stream_pair other;
    struct packet p = {.protocol = IP_TCP, .payload_wire = 4};

    (void)state;
    shake_hands(&one);
    stream_start(&other, &heard);
    p.payload = (struct bytes){(const uint8_t *)"some", 4};
    stream_packet(&engine, &other, 0, &p, 0);
    p.seq = 8;
    stream_packet(&engine, &other, 0, &p, 0);
    say(1, 0, 4, "answer", 0);
    heard_both("some....answer");
    assert_int_equal(engine.counters.pool_full, 1);
    stream_end(&engine, &other, 0);
    finish();
}

/* --- forged acknowledgements ------------------------------------------------ */

static void a_wild_acknowledgement_counts_for_nothing(void **state)
{
    static const uint32_t wild[] = {STREAM_ORDER_REACH + 1, 1 << 20, 1 << 30, 0x80000000,
                                    0xffff0000};

    (void)state;
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        shake_hands(NULL);
        say(1, 0, wild[i], "forged", 0);
        say(0, 0, 0, "ask?", 0);
        heard_both("forgedask?");
        assert_int_equal(engine.counters.gaps, 0);
        finish();
    }
}

static void a_forged_acknowledgement_hides_nothing(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 8, "forged", 0);
    say(0, 0, 0, "a", MS);
    stream_expire(&engine, SECOND);
    heard_both("a.......forged");
    say(0, 1, 0, "sk?", SECOND);
    say(0, 4, 0, "more", SECOND);
    heard_both("a.......forgedsk?more");
    assert_int_equal(engine.counters.taken_back, 7);
    assert_int_equal(engine.counters.gap_bytes, 0);
    finish();
}

static void many_forged_acknowledgements_lead_no_further_than_one(void **state)
{
    (void)state;
    shake_hands(NULL);
    for (uint32_t i = 0; i < 5000; i++)
        say(1, i, 1000 * (i + 1), "x", i * (int64_t)SECOND);
    stream_expire(&engine, 6000 * (int64_t)SECOND);
    assert_int_equal(heard.len[1], 5000);
    assert_int_equal(engine.counters.gap_bytes, STREAM_ORDER_REACH / 1000 * 1000);
    heard.nboth = 0;
    say(0, 0, 0, "ask?", 6000 * (int64_t)SECOND);
    heard_both("ask?");
    finish();
}

static void a_keep_alive_is_not_taken_back(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(1, 0, 4, "answer", 0);
    stream_expire(&engine, SECOND);
    say(0, 3, 6, "?", SECOND);
    heard_both("....answer");
    finish();
}

static void what_was_delivered_before_a_gap_is_not_taken_back(void **state)
{
    (void)state;
    shake_hands(NULL);
    say(0, 0, 0, "ask?", 0);
    say(1, 0, 8, "answer", 0);
    stream_expire(&engine, SECOND);
    say(0, 0, 0, "ask?", SECOND);
    heard_both("ask?....answer");
    say(0, 2, 0, "k?more", SECOND);
    heard_both("ask?....answermore");
    finish();
}

/* --- outside every window -------------------------------------------------- */

static void one_segment_from_far_is_ignored(void **state)
{
    (void)state;
    begin(NULL);
    send_text(1, 0, 5, 0);
    send_text(0x20000001, 0, 5, 0);
    send_text(1, 5, 10, 0);
    send_text(0x20000001, 5, 10, 0);
    send_text(1, 10, 15, 0);
    heard_whole(15);
    assert_int_equal(engine.counters.far, 2);
    finish();
}

static void two_in_a_row_from_far_are_followed(void **state)
{
    static const uint32_t bases[] = {0x20000001, 0x90000001, 0xff000001};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin(NULL);
        send_text(1, 0, 5, 0);
        send_text(1, 8, 10, 0);
        send_text(bases[i], 0, 5, 0);
        send_text(bases[i], 5, 10, 0);
        send_text(bases[i], 10, 15, 0);
        heard_text("abcde...ijfghijklmno");
        assert_int_equal(heard.unknown, 1);
        assert_int_equal(engine.counters.resynchronised, 1);
        finish();
    }
}

static void what_is_no_tcp_does_nothing(void **state)
{
    struct packet p = {.protocol = IP_UDP, .payload_wire = 4};

    (void)state;
    begin(NULL);
    p.payload = (struct bytes){(const uint8_t *)"text", 4};
    stream_packet(&engine, &pair, 0, &p, 0);
    p.protocol = IP_TCP;
    p.flags = PACKET_FRAGMENT;
    stream_packet(&engine, &pair, 0, &p, 0);
    assert_int_equal(engine.counters.segments, 0);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_two_cuts_give_the_same_bytes),
        cmocka_unit_test(any_order_of_three_gives_the_same_bytes),
        cmocka_unit_test(shuffled_overlapping_segments_give_the_same_bytes),
        cmocka_unit_test(segments_in_order_are_not_copied),
        cmocka_unit_test(data_in_the_syn_is_delivered),
        cmocka_unit_test(a_session_already_running_is_picked_up),
        cmocka_unit_test(a_keep_alive_is_not_picked_up),
        cmocka_unit_test(the_answer_to_a_syn_starts_both_sides),
        cmocka_unit_test(both_directions_are_apart),
        cmocka_unit_test(the_text_of_a_reset_is_no_data),
        cmocka_unit_test(repetitions_are_counted_not_delivered),
        cmocka_unit_test(the_first_copy_of_a_byte_wins),
        cmocka_unit_test(the_receiver_decides_that_a_hole_is_real),
        cmocka_unit_test(what_was_acknowledged_before_is_lost_at_once),
        cmocka_unit_test(a_hole_is_given_up_after_two_seconds),
        cmocka_unit_test(a_forged_segment_does_not_lead_astray),
        cmocka_unit_test(the_end_delivers_what_is_held),
        cmocka_unit_test(cut_bytes_are_a_gap),
        cmocka_unit_test(bounds_of_a_direction_give_up_the_hole),
        cmocka_unit_test(an_empty_pool_loses_no_data_in_hand),
        cmocka_unit_test(a_large_segment_fills_several_chunks),
        cmocka_unit_test(an_answer_waits_for_its_question),
        cmocka_unit_test(what_is_in_order_waits_for_nothing),
        cmocka_unit_test(the_order_holds_where_numbers_wrap),
        cmocka_unit_test(a_lost_question_is_a_gap_before_its_answer),
        cmocka_unit_test(the_wait_can_be_chosen),
        cmocka_unit_test(the_next_question_comes_after_the_answer),
        cmocka_unit_test(an_acknowledgement_behind_a_lost_question_ends_the_wait),
        cmocka_unit_test(questions_in_one_segment_are_answered_one_by_one),
        cmocka_unit_test(several_lost_questions_are_several_gaps),
        cmocka_unit_test(a_hole_is_filled_before_the_wait_begins),
        cmocka_unit_test(two_that_wait_for_one_another_do_not),
        cmocka_unit_test(a_copy_that_acknowledges_less_ends_the_wait),
        cmocka_unit_test(the_number_of_a_fin_is_not_waited_for),
        cmocka_unit_test(one_direction_alone_does_not_wait),
        cmocka_unit_test(a_side_that_stays_silent_is_waited_for_three_times),
        cmocka_unit_test(the_end_delivers_what_waits),
        cmocka_unit_test(bounds_of_a_direction_end_the_wait),
        cmocka_unit_test(without_a_chunk_nothing_waits),
        cmocka_unit_test(a_wild_acknowledgement_counts_for_nothing),
        cmocka_unit_test(a_forged_acknowledgement_hides_nothing),
        cmocka_unit_test(many_forged_acknowledgements_lead_no_further_than_one),
        cmocka_unit_test(a_keep_alive_is_not_taken_back),
        cmocka_unit_test(what_was_delivered_before_a_gap_is_not_taken_back),
        cmocka_unit_test(one_segment_from_far_is_ignored),
        cmocka_unit_test(two_in_a_row_from_far_are_followed),
        cmocka_unit_test(what_is_no_tcp_does_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
