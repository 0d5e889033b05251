#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensor/decode.h"
#include "tests/frames.h"
#include "tests/guard.h"

static struct decode_counters counters;

/* Decodes the first n bytes of f, laid against a page that faults. */
static struct packet decode_cut(const struct frame *f, uint32_t link, size_t n,
                                size_t wire)
{
    struct raw raw = {.time = 1, .frame = 1, .link_type = link, .wire = (uint32_t)wire};
    struct packet p;

    counters = (struct decode_counters){0};
    raw.bytes = guarded(f->at, n);
    decode(&raw, &p, &counters);
    return p;
}

static struct packet decode_frame(const struct frame *f, uint32_t link)
{
    return decode_cut(f, link, f->len, f->len);
}

static struct frame tcp4(size_t ip_options, size_t tcp_options, const char *payload)
{
    struct frame f = {0};

    put_ethernet(&f, 0x0800);
    put_ipv4(&f, 6, ip_options);
    put_tcp(&f, tcp_options, payload);
    finish(&f, 6);
    return f;
}

static struct frame udp6(const char *payload)
{
    struct frame f = {0};

    put_ethernet(&f, 0x86dd);
    put_ipv6(&f, 17);
    put_udp(&f, payload);
    finish(&f, 17);
    return f;
}

/* Hop-by-hop, routing, destination options and authentication before TCP. */
static struct frame tcp6_extended(void)
{
    struct frame f = {0};

    put_ethernet(&f, 0x86dd);
    put_ipv6(&f, 0);
    put(&f, "\x2b\0\x01\x04\0\0\0\0", 8);
    put(&f, "\x3c\0\0\0\0\0\0\0", 8);
    put(&f, "\x33\x01\x01\x0c\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    put(&f, "\x06\x01\0\0\0\0\0\x01\0\0\0\x02", 12);
    put_tcp(&f, 0, "dnp3");
    finish(&f, 6);
    return f;
}

static bool payload_is(const struct packet *p, const char *text)
{
    return p->payload.len == strlen(text) && !memcmp(p->payload.at, text, p->payload.len);
}

static void a_tcp_packet_is_read_whole(void **state)
{
    struct frame f = tcp4(0, 0, "modbus!");
    struct packet p = decode_frame(&f, 1);
    char text[ADDRESS_TEXT];

    (void)state;
    assert_int_equal(p.flags, 0);
    assert_string_equal(address_text(&p.src, text), "10.20.3.7");
    assert_string_equal(address_text(&p.dst, text), "10.20.3.40");
    assert_int_equal(p.src_port, 49152);
    assert_int_equal(p.dst_port, 502);
    assert_int_equal(p.seq, 0x01020304);
    assert_int_equal(p.ack, 0x0a0b0c0d);
    assert_int_equal(p.tcp_flags, TCP_PSH | TCP_ACK);
    assert_int_equal(p.window, 0x2000);
    assert_int_equal(p.ttl, 64);
    assert_true(payload_is(&p, "modbus!"));
    assert_int_equal(p.payload_wire, 7);
    assert_true(p.has_macs);
    assert_memory_equal(p.dst_mac, "\x00\x80\xf4\x0e\x51\xc7", 6);
    assert_memory_equal(p.src_mac, "\x00\x1b\x1b\x01\x02\x03", 6);
    assert_int_equal(counters.tcp, 1);
}

static void options_of_ip_and_tcp_are_skipped(void **state)
{
    struct frame f = tcp4(40, 40, "x");
    struct packet p = decode_frame(&f, 1);

    (void)state;
    assert_int_equal(p.flags, 0);
    assert_true(payload_is(&p, "x"));
}

static void extension_headers_are_walked(void **state)
{
    struct frame f = tcp6_extended();
    struct packet p = decode_frame(&f, 1);

    (void)state;
    assert_int_equal(p.flags, 0);
    assert_int_equal(p.protocol, IP_TCP);
    assert_true(payload_is(&p, "dnp3"));
}

static void a_chain_without_end_is_refused(void **state)
{
    struct frame f = {0};
    struct packet p;

    (void)state;
    put_ethernet(&f, 0x86dd);
    put_ipv6(&f, 60);
    for (int i = 0; i < 100; i++)
        put(&f, "\x3c\0\x01\x04\0\0\0\0", 8);
    finish(&f, 0);
    p = decode_frame(&f, 1);
    assert_int_equal(p.flags, PACKET_BAD_LENGTH);
    assert_int_equal(counters.bad_length, 1);
}

/* What must hold whatever the bytes were. */
static void check_sane(const struct packet *p, const struct frame *f, size_t n)
{
    assert_true(p->payload.len <= n);
    assert_true(p->payload.len <= p->payload_wire || p->payload.len == 0);
    if (n < f->len)
        assert_true(p->flags & (PACKET_CUT | PACKET_BAD_LENGTH));
}

/* Cut by the snap length, then cut as if the frame had ended there. */
static void cut_everywhere(const struct frame *f, uint32_t link)
{
    for (size_t n = 0; n <= f->len; n++) {
        struct packet p = decode_cut(f, link, n, f->len);

        check_sane(&p, f, n);
        assert_int_equal(counters.cut, n < f->len);
        assert_int_equal(counters.bad_length, 0);
        p = decode_cut(f, link, n, n);
        check_sane(&p, f, n);
        assert_int_equal(counters.bad_length, n < f->len);
        assert_int_equal(p.payload.len == 0, n < f->len);
    }
}

static void every_header_is_cut_at_every_byte(void **state)
{
    struct frame frames[] = {tcp4(8, 12, "modbus"), udp6("bacnet"), tcp6_extended()};
    struct frame tagged = {0};

    (void)state;
    put_ethernet(&tagged, 0x88a8);
    put_vlan(&tagged, 7, 0x8100);
    put_vlan(&tagged, 8, 0x0800);
    put_ipv4(&tagged, 17, 0);
    put_udp(&tagged, "enip");
    finish(&tagged, 17);
    for (size_t i = 0; i < COUNT_OF(frames); i++)
        cut_everywhere(&frames[i], 1);
    cut_everywhere(&tagged, 1);
}

static void every_byte_may_be_anything(void **state)
{
    static const uint32_t links[] = {0, 1, 12, 14, 101, 108, 113, 228, 229, 276, 9999};
    struct frame frames[] = {tcp4(8, 12, "modbus"), udp6("bacnet"), tcp6_extended()};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(frames) * COUNT_OF(links); i++)
        for (size_t at = 0; at < frames[i / COUNT_OF(links)].len; at++) {
            struct frame f = frames[i / COUNT_OF(links)];

            for (unsigned value = 0; value < 256; value += 5) {
                struct packet p;

                f.at[at] = (uint8_t)value;
                p = decode_frame(&f, links[i % COUNT_OF(links)]);
                check_sane(&p, &f, f.len);
            }
        }
}

static void padding_is_not_payload(void **state)
{
    struct frame f = tcp4(0, 0, "m");
    struct packet p;

    (void)state;
    put(&f, "trailer and checksum", 20);
    p = decode_frame(&f, 1);
    assert_int_equal(p.flags, 0);
    assert_true(payload_is(&p, "m"));
}

static void no_total_length_means_to_the_end(void **state)
{
    struct frame f = tcp4(0, 0, "a segment the card would have cut");
    struct packet p;

    (void)state;
    set16(&f, f.ip + 2, 0);
    p = decode_frame(&f, 1);
    assert_true(payload_is(&p, "a segment the card would have cut"));
    assert_true(p.flags & PACKET_NO_L4_SUM);
    assert_int_equal(counters.no_total_length, 1);
}

static void a_bare_ip_header_has_no_payload(void **state)
{
    struct frame f = {0};
    struct packet p;

    (void)state;
    put_ethernet(&f, 0x0800);
    put_ipv4(&f, 47, 0);
    finish(&f, 47);
    put(&f, "padding", 7);
    p = decode_frame(&f, 1);
    assert_int_equal(p.flags, 0);
    assert_int_equal(p.payload.len, 0);
    assert_int_equal(counters.no_total_length, 0);
}

static void cut_payload_says_how_much_is_missing(void **state)
{
    struct frame f = tcp4(0, 0, "0123456789");
    struct packet p = decode_cut(&f, 1, f.len - 4, f.len);

    (void)state;
    assert_int_equal(p.flags, PACKET_CUT | PACKET_NO_L4_SUM);
    assert_true(payload_is(&p, "012345"));
    assert_int_equal(p.payload_wire, 10);
}

static void tags_are_taken_off_at_any_depth(void **state)
{
    static const unsigned types[] = {0x88a8, 0x9100, 0x8100, 0x8100, 0x8100, 0x8100};
    struct frame f = {0};
    struct packet p;

    (void)state;
    put_ethernet(&f, types[0]);
    for (unsigned i = 1; i < COUNT_OF(types); i++)
        put_vlan(&f, 0xe000 + i, types[i]);
    put_vlan(&f, 99, 0x0800);
    put_ipv4(&f, 6, 0);
    put_tcp(&f, 0, "s7");
    finish(&f, 6);
    p = decode_frame(&f, 1);
    assert_int_equal(p.flags, 0);
    assert_true(payload_is(&p, "s7"));
    assert_int_equal(p.nvlans, PACKET_VLANS);
    for (unsigned i = 0; i < PACKET_VLANS; i++)
        assert_int_equal(p.vlans[i], i + 1);
    assert_int_equal(counters.tagged, 1);
}

static void a_wrong_sum_is_flagged_and_nothing_else(void **state)
{
    struct frame f = tcp4(0, 0, "odd");
    struct packet p;

    (void)state;
    for (size_t at = f.l4; at < f.len; at++) {
        if (at == f.l4 + 12)
            continue; /* the header length */
        f.at[at] ^= 0x10;
        p = decode_frame(&f, 1);
        assert_int_equal(p.flags, PACKET_BAD_L4_SUM);
        assert_int_equal(p.payload.len, 3);
        f.at[at] ^= 0x10;
    }
    f.at[f.ip + 8] ^= 1;
    p = decode_frame(&f, 1);
    assert_int_equal(p.flags, PACKET_BAD_IP_SUM);
    assert_int_equal(counters.bad_ip_sum, 1);
}

static void udp_may_go_without_a_sum(void **state)
{
    struct frame f = {0};

    (void)state;
    put_ethernet(&f, 0x0800);
    put_ipv4(&f, 17, 0);
    put_udp(&f, "x");
    finish(&f, 17);
    assert_int_equal(decode_frame(&f, 1).flags, 0);
    set16(&f, f.l4 + 6, 0);
    assert_int_equal(decode_frame(&f, 1).flags, PACKET_NO_L4_SUM);
}

static void lengths_that_lie_are_refused(void **state)
{
    static const struct {
        size_t at; /* from the start of IP */
        uint8_t value;
    } lies[] = {{0, 0x44}, {0, 0x65},  {2, 0xff}, {3, 19},
                {3, 39},   {32, 0x40}, {32, 0xf0}};
    struct frame f = tcp4(0, 0, "modbus");
    struct packet p;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        struct frame lie = f;

        lie.at[f.ip + lies[i].at] = lies[i].value;
        p = decode_frame(&lie, 1);
        assert_true(p.flags & PACKET_BAD_LENGTH);
        assert_int_equal(p.payload.len, 0);
        assert_int_equal(counters.bad_length, 1);
    }
    f = udp6("x");
    for (unsigned value = 0; value < 30; value++) {
        set16(&f, f.l4 + 4, value);
        p = decode_frame(&f, 1);
        assert_int_equal(!(p.flags & PACKET_BAD_LENGTH), value == 8 || value == 9);
    }
}

static void fragments_have_neither_ports_nor_payload(void **state)
{
    static const unsigned offsets[] = {0x2000, 0x0001, 0x2001, 0x1fff};
    struct frame f = tcp4(0, 0, "modbus");
    struct packet p;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        set16(&f, f.ip + 6, offsets[i]);
        p = decode_frame(&f, 1);
        assert_true(p.flags & PACKET_FRAGMENT);
        assert_int_equal(p.src_port + p.dst_port, 0);
        assert_int_equal(p.payload.len, 0);
        assert_int_equal(p.protocol, IP_TCP);
    }
}

static void an_atomic_fragment_is_whole(void **state)
{
    static const char *const headers[] = {
        "\x11\0\0\0\0\0\0\x01", "\x11\0\0\x01\0\0\0\x01", "\x11\0\0\x08\0\0\0\x01"};

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(headers); i++) {
        struct frame f = {0};
        struct packet p;

        put_ethernet(&f, 0x86dd);
        put_ipv6(&f, 44);
        put(&f, headers[i], 8);
        put_udp(&f, "x");
        finish(&f, 17);
        p = decode_frame(&f, 1);
        assert_int_equal(p.flags, i == 0 ? 0 : PACKET_FRAGMENT);
        assert_int_equal(p.payload.len, i == 0);
    }
}

static void check_link(uint32_t link, const char *header, size_t len, bool v6)
{
    struct frame f = {0};
    struct packet p;

    put(&f, header, len);
    if (v6)
        put_ipv6(&f, 6);
    else
        put_ipv4(&f, 6, 0);
    put_tcp(&f, 0, "ot");
    finish(&f, 6);
    p = decode_frame(&f, link);
    assert_int_equal(p.flags, 0);
    assert_true(payload_is(&p, "ot"));
    assert_int_equal(p.ethertype, v6 ? 0x86dd : 0x0800);
    for (size_t n = 0; n < f.len; n++)
        decode_cut(&f, link, n, n);
}

static void every_link_type_is_understood(void **state)
{
    (void)state;
    for (uint32_t link = 12; link <= 14; link += 2) {
        check_link(link, "", 0, false);
        check_link(link, "", 0, true);
    }
    check_link(101, "", 0, true);
    check_link(228, "", 0, false);
    check_link(229, "", 0, true);
    check_link(0, "\x02\0\0\0", 4, false);
    check_link(0, "\0\0\0\x02", 4, false);
    check_link(0, "\x1e\0\0\0", 4, true);
    check_link(0, "\0\0\0\x18", 4, true);
    check_link(108, "\0\0\0\x02", 4, false);
    check_link(113, "\0\0\0\x01\0\x06\0\x1b\x1b\1\2\3\0\0\x08\0", 16, false);
    check_link(113, "\0\4\0\x01\0\x06\0\x1b\x1b\1\2\3\0\0\x81\0\0\7\x86\xdd", 20, true);
    check_link(276, "\x08\0\0\0\0\0\0\2\0\1\0\6\0\x1b\x1b\1\2\3\0\0", 20, false);
}

static void cooked_frames_know_their_sender(void **state)
{
    struct frame f = {0};
    struct packet p;

    (void)state;
    put(&f, "\0\x01\0\x01\0\x06\0\x1b\x1b\1\2\3\0\0\x08\0", 16);
    put_ipv4(&f, 17, 0);
    put_udp(&f, "x");
    finish(&f, 17);
    p = decode_frame(&f, 113);
    assert_true(p.has_macs);
    assert_memory_equal(p.src_mac, "\0\x1b\x1b\1\2\3", 6);
    assert_int_equal(p.flags, PACKET_BROADCAST);
}

static void unknown_links_are_counted(void **state)
{
    struct frame f = tcp4(0, 0, "x");
    struct packet p = decode_frame(&f, 195);

    (void)state;
    assert_int_equal(counters.unknown_link, 1);
    assert_int_equal(p.src.family, ADDRESS_NONE);
    assert_int_equal(p.payload.len, 0);
}

static void what_is_no_ip_says_so(void **state)
{
    struct frame llc = {0}, goose = {0}, arp = {0};
    struct packet p;

    (void)state;
    put_ethernet(&llc, 0x26);
    put(&llc, "\x42\x42\x03 spanning tree", 17);
    p = decode_frame(&llc, 1);
    assert_int_equal(p.ethertype, 0);
    assert_int_equal(p.src.family, ADDRESS_NONE);
    assert_int_equal(counters.llc, 1);
    put_ethernet(&goose, 0x88b8);
    put(&goose, "goose", 5);
    p = decode_frame(&goose, 1);
    assert_int_equal(p.ethertype, 0x88b8);
    assert_true(payload_is(&p, "goose"));
    put_ethernet(&arp, 0x0806);
    put(&arp, "\0\1\x08\0\6\4\0\1ssssssSSSSttttttTTTT padding", 36);
    p = decode_frame(&arp, 1);
    assert_int_equal(p.payload.len, 28);
    assert_int_equal(counters.arp, 1);
}

static void echo_and_its_answer_mirror_each_other(void **state)
{
    struct frame f = {0};
    struct packet p;

    (void)state;
    put_ethernet(&f, 0x0800);
    put_ipv4(&f, 1, 0);
    put(&f, "\x08\0\0\0\0\1\0\1", 8);
    finish(&f, 1);
    p = decode_frame(&f, 1);
    assert_int_equal(p.src_port, 8);
    assert_int_equal(p.dst_port, 0);
    f.at[f.l4] = 0;
    p = decode_frame(&f, 1);
    assert_int_equal(p.src_port, 0);
    assert_int_equal(p.dst_port, 8);
    f.at[f.l4] = 3;
    f.at[f.l4 + 1] = 13;
    p = decode_frame(&f, 1);
    assert_int_equal(p.src_port, 3);
    assert_int_equal(p.dst_port, 13);
    assert_int_equal(p.payload.len, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tcp_packet_is_read_whole),
        cmocka_unit_test(options_of_ip_and_tcp_are_skipped),
        cmocka_unit_test(extension_headers_are_walked),
        cmocka_unit_test(a_chain_without_end_is_refused),
        cmocka_unit_test(every_header_is_cut_at_every_byte),
        cmocka_unit_test(every_byte_may_be_anything),
        cmocka_unit_test(padding_is_not_payload),
        cmocka_unit_test(no_total_length_means_to_the_end),
        cmocka_unit_test(a_bare_ip_header_has_no_payload),
        cmocka_unit_test(cut_payload_says_how_much_is_missing),
        cmocka_unit_test(tags_are_taken_off_at_any_depth),
        cmocka_unit_test(a_wrong_sum_is_flagged_and_nothing_else),
        cmocka_unit_test(udp_may_go_without_a_sum),
        cmocka_unit_test(lengths_that_lie_are_refused),
        cmocka_unit_test(fragments_have_neither_ports_nor_payload),
        cmocka_unit_test(an_atomic_fragment_is_whole),
        cmocka_unit_test(every_link_type_is_understood),
        cmocka_unit_test(cooked_frames_know_their_sender),
        cmocka_unit_test(unknown_links_are_counted),
        cmocka_unit_test(what_is_no_ip_says_so),
        cmocka_unit_test(echo_and_its_answer_mirror_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
