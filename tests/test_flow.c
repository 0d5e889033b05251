#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sensor/flow.h"

static const int64_t second = 1000000000;

static struct flow_table table;
static unsigned direction;
static bool is_new;

static struct end {
    uint16_t port; /* of the client, which tells the flows apart */
    uint64_t id;
    enum flow_reason reason;
    int64_t at;
} ends[256];
static size_t nends;

static void note_end(void *context, struct flow *f, enum flow_reason reason, int64_t at)
{
    assert_ptr_equal(context, ends);
    assert_true(nends < COUNT_OF(ends));
    ends[nends++] = (struct end){f->key.port[f->initiator], f->id, reason, at};
}

static void begin(size_t flows, size_t per_host)
{
    struct flow_options options = {.flows = flows, .per_host = per_host};

    assert_true(flow_open(&table, &options));
    table.ended = note_end;
    table.context = ends;
    nends = 0;
}

static void finish(void)
{
    flow_close_all(&table, 0);
    assert_int_equal(table.flows.used, 0);
    assert_int_equal(table.hosts.used, 0);
    flow_close(&table);
}

static struct packet packet(const char *src, unsigned src_port, const char *dst,
                            unsigned dst_port)
{
    struct packet p = {.protocol = IP_UDP, .wire = 100, .payload_wire = 40};

    assert_true(address_parse(src, &p.src));
    assert_true(address_parse(dst, &p.dst));
    p.src_port = (uint16_t)src_port;
    p.dst_port = (uint16_t)dst_port;
    return p;
}

static struct flow *find(struct packet p, int64_t now)
{
    static uint64_t number;

    p.time = now;
    p.number = ++number;
    return flow_find(&table, &p, now, &direction, &is_new);
}

static struct flow *udp(unsigned port, int64_t now)
{
    return find(packet("10.0.0.9", port, "10.0.0.1", 47808), now);
}

static struct flow *tcp_from(bool client, unsigned port, uint8_t flags, uint32_t seq,
                             int64_t now)
{
    struct packet p = client ? packet("10.0.0.9", port, "10.0.0.1", 502)
                             : packet("10.0.0.1", 502, "10.0.0.9", port);

    p.protocol = IP_TCP;
    p.tcp_flags = flags;
    p.seq = seq;
    return find(p, now);
}

static struct flow *connect_tcp(unsigned port, int64_t now)
{
    tcp_from(true, port, TCP_SYN, 100, now);
    tcp_from(false, port, TCP_SYN | TCP_ACK, 700, now);
    return tcp_from(true, port, TCP_ACK, 101, now);
}

static void both_directions_are_one_flow(void **state)
{
    struct packet back = packet("10.0.0.1", 47808, "10.0.0.9", 1000);
    struct flow *f;

    (void)state;
    begin(8, 8);
    f = udp(1000, 1);
    assert_true(is_new);
    assert_int_equal(direction, 1);
    assert_int_equal(f->initiator, 1);
    assert_true(flow_one_way(f));
    assert_ptr_equal(find(back, 2), f);
    assert_false(is_new);
    assert_int_equal(direction, 0);
    assert_false(flow_one_way(f));
    assert_int_equal(f->side[0].packets, 1);
    assert_int_equal(f->side[1].bytes, 100);
    assert_int_equal(f->side[1].payload, 40);
    assert_true(f->start == 1 && f->last == 2);
    finish();
}

static void protocol_and_every_port_tell_flows_apart(void **state)
{
    struct packet p = packet("10.0.0.9", 1000, "10.0.0.1", 47808);

    (void)state;
    begin(8, 8);
    find(p, 0);
    p.protocol = IP_TCP;
    find(p, 0);
    assert_true(is_new);
    p.src_port++;
    find(p, 0);
    assert_true(is_new);
    p.dst_port++;
    find(p, 0);
    assert_true(is_new);
    assert_int_equal(table.flows.used, 4);
    finish();
}

static void equal_addresses_are_told_apart_by_port(void **state)
{
    struct packet out = packet("127.0.0.1", 5000, "127.0.0.1", 502);
    struct packet back = packet("127.0.0.1", 502, "127.0.0.1", 5000);
    struct flow *f;

    (void)state;
    begin(8, 8);
    f = find(out, 0);
    assert_int_equal(direction, 1);
    assert_ptr_equal(find(back, 0), f);
    assert_int_equal(direction, 0);
    finish();
}

static void what_is_no_flow_is_counted(void **state)
{
    struct packet arp = {.ethertype = 0x0806};
    struct packet lie = packet("10.0.0.9", 1, "10.0.0.1", 2);

    (void)state;
    begin(8, 8);
    lie.flags = PACKET_BAD_LENGTH;
    assert_null(find(arp, 0));
    assert_null(find(lie, 0));
    assert_int_equal(table.counters.ignored, 2);
    finish();
}

static void a_syn_tells_who_opened(void **state)
{
    struct flow *f;

    (void)state;
    begin(8, 8);
    f = connect_tcp(1000, 0);
    assert_int_equal(f->initiator, 1);
    assert_true(f->initiator_sure);
    assert_false(f->midstream);
    assert_true(f->established);
    f = tcp_from(false, 1001, TCP_SYN | TCP_ACK, 700, 0);
    assert_int_equal(f->initiator, 1);
    assert_true(f->initiator_sure);
    f = tcp_from(false, 1002, TCP_ACK, 700, 0);
    assert_int_equal(f->initiator, 0);
    assert_false(f->initiator_sure);
    assert_true(f->midstream);
    finish();
}

static void a_syn_with_another_number_is_another_flow(void **state)
{
    struct flow *f;
    uint64_t id;

    (void)state;
    begin(8, 8);
    f = connect_tcp(1000, 5);
    id = f->id;
    tcp_from(true, 1000, TCP_SYN, 100, 6);
    assert_false(is_new);
    f = tcp_from(true, 1000, TCP_SYN, 200, 7);
    assert_true(is_new);
    assert_true(f->id != id);
    assert_int_equal(nends, 1);
    assert_int_equal(ends[0].reason, FLOW_REUSED);
    assert_true(ends[0].id == id);
    tcp_from(false, 1000, TCP_SYN | TCP_ACK, 900, 8);
    assert_false(is_new);
    finish();
}

static void a_late_syn_belongs_to_its_answer(void **state)
{
    struct packet answer = packet("10.0.0.1", 502, "10.0.0.9", 1000);

    (void)state;
    begin(8, 8);
    answer.protocol = IP_TCP;
    answer.tcp_flags = TCP_SYN | TCP_ACK;
    answer.ack = 101;
    find(answer, 0);
    tcp_from(true, 1000, TCP_SYN, 100, 0);
    assert_false(is_new);
    tcp_from(true, 1000, TCP_SYN, 300, 0);
    assert_true(is_new);
    finish();
}

static void a_syn_ends_what_was_seen_midstream(void **state)
{
    (void)state;
    begin(8, 8);
    tcp_from(false, 1000, TCP_ACK, 7, 0);
    tcp_from(true, 1000, TCP_SYN, 100, 0);
    assert_true(is_new);
    finish();
}

static void each_class_has_its_time(void **state)
{
    (void)state;
    begin(16, 16);
    connect_tcp(1, 0);
    connect_tcp(2, 0);
    tcp_from(false, 2, TCP_RST, 0, 0);
    tcp_from(true, 3, TCP_SYN, 0, 0);
    udp(4, 0);
    flow_expire(&table, 10 * second - 1);
    assert_int_equal(nends, 0);
    flow_expire(&table, 4000 * second);
    assert_int_equal(nends, 4);
    assert_int_equal(ends[0].port, 2);
    assert_true(ends[0].at == 10 * second);
    assert_int_equal(ends[1].port, 3);
    assert_true(ends[1].at == 60 * second);
    assert_int_equal(ends[2].port, 4);
    assert_true(ends[2].at == 300 * second);
    assert_int_equal(ends[3].port, 1);
    assert_true(ends[3].at == 3600 * second);
    assert_int_equal(table.counters.ended[FLOW_IDLE], 4);
    finish();
}

static void both_fins_close(void **state)
{
    struct flow *f;

    (void)state;
    begin(8, 8);
    f = connect_tcp(1, 0);
    tcp_from(true, 1, TCP_FIN | TCP_ACK, 0, 0);
    assert_false(f->closed);
    tcp_from(false, 1, TCP_FIN | TCP_ACK, 0, 0);
    assert_true(f->closed);
    finish();
}

static void use_keeps_a_flow_alive(void **state)
{
    (void)state;
    begin(8, 8);
    udp(1, 0);
    udp(2, 1);
    udp(1, 200 * second);
    flow_expire(&table, 400 * second);
    assert_int_equal(nends, 1);
    assert_int_equal(ends[0].port, 2);
    finish();
}

static void a_full_table_gives_up_what_is_missed_least(void **state)
{
    struct packet p = packet("10.0.0.8", 99, "10.0.0.1", 502);

    (void)state;
    begin(3, 3);
    connect_tcp(1, 0);
    udp(2, 0);
    tcp_from(true, 3, TCP_SYN, 0, 0);
    find(p, 10 * second);
    assert_int_equal(nends, 1);
    assert_int_equal(ends[0].port, 3);
    assert_int_equal(ends[0].reason, FLOW_EVICTED);
    p.src_port++;
    find(p, 10 * second);
    assert_int_equal(ends[1].port, 2);
    assert_int_equal(table.counters.ended[FLOW_EVICTED], 2);
    finish();
}

static void a_client_over_its_share_loses_its_own(void **state)
{
    struct packet other = packet("10.0.0.8", 99, "10.0.0.1", 502);

    (void)state;
    begin(16, 3);
    find(other, 0);
    connect_tcp(50, 1);
    for (unsigned port = 1; port <= 10; port++)
        tcp_from(true, port, TCP_SYN, 0, 2);
    assert_int_equal(table.counters.ended[FLOW_QUOTA], 8);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(ends[i].port, i + 1);
    tcp_from(true, 50, TCP_ACK, 0, 3);
    assert_false(is_new);
    find(other, 3);
    assert_false(is_new);
    finish();
}

static void a_table_of_one_works(void **state)
{
    (void)state;
    begin(1, 0);
    for (unsigned port = 1; port <= 200; port++) {
        assert_non_null(port % 2 ? udp(port, port) : connect_tcp(port, port));
        assert_int_equal(table.flows.used, 1);
    }
    assert_int_equal(nends, 199);
    finish();
}

static void the_end_comes_in_order_of_start(void **state)
{
    (void)state;
    for (unsigned run = 0; run < 20; run++) { /* each with another secret */
        begin(64, 64);
        for (unsigned i = 0; i < 50; i++)
            udp(1 + i * 37 % 50, (int64_t)i);
        udp(1, 100);
        flow_close_all(&table, 200);
        assert_int_equal(nends, 50);
        for (unsigned i = 0; i < 50; i++)
            assert_int_equal(ends[i].port, 1 + i * 37 % 50);
        finish();
    }
}

static void ids_are_the_same_in_every_run(void **state)
{
    uint64_t first, other;

    (void)state;
    begin(8, 8);
    first = udp(1000, 12345)->id;
    other = udp(1001, 12345)->id;
    finish();
    begin(8, 8);
    assert_true(udp(1000, 12345)->id == first);
    finish();
    assert_true(first != other);
    assert_true(first < UINT64_C(1) << 53);
}

static void vlans_and_macs_are_kept_per_side(void **state)
{
    struct packet p = packet("10.0.0.9", 1, "10.0.0.1", 2);
    struct flow *f;

    (void)state;
    begin(8, 8);
    p.has_macs = true;
    p.src_mac[5] = 7;
    f = find(p, 0);
    p.nvlans = 1;
    p.vlans[0] = 42;
    assert_ptr_equal(find(p, 0), f);
    assert_int_equal(f->side[1].vlans[0], 42);
    assert_int_equal(f->side[1].mac[5], 7);
    assert_false(f->side[1].mac_changed);
    p.src_mac[5] = 8;
    find(p, 0);
    assert_true(f->side[1].mac_changed);
    assert_int_equal(f->side[1].mac[5], 7);
    assert_int_equal(f->side[0].nvlans, 0);
    finish();
}

static void check_community_id(struct packet p, uint8_t protocol, const char *expected)
{
    char text[COMMUNITY_ID_TEXT];

    p.protocol = protocol;
    assert_string_equal(flow_community_id(find(p, 0), text), expected);
}

/* Computed with another implementation; the first is the specification's own. */
static void community_ids_are_those_of_others(void **state)
{
    (void)state;
    begin(16, 16);
    check_community_id(packet("128.232.110.120", 34855, "66.35.250.204", 80), IP_TCP,
                       "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    check_community_id(packet("66.35.250.204", 80, "128.232.110.120", 34855), IP_TCP,
                       "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
    check_community_id(packet("10.20.3.40", 502, "10.20.3.7", 49152), IP_TCP,
                       "1:T2XogF9SeDSiuPYIS1n5sF6rN/g=");
    check_community_id(packet("2001:db8::28", 47809, "2001:db8::7", 47808), IP_UDP,
                       "1:MJpGqC1FNVYO3SnDGd8+KOi04Eg=");
    check_community_id(packet("10.20.3.7", 8, "10.20.3.40", 0), IP_ICMP,
                       "1:oV5jGdZLytLCSrRfoRFVhQrWF8g=");
    check_community_id(packet("10.20.3.40", 0, "10.20.3.7", 8), IP_ICMP,
                       "1:oV5jGdZLytLCSrRfoRFVhQrWF8g=");
    check_community_id(packet("10.20.3.40", 3, "10.20.3.7", 13), IP_ICMP,
                       "1:zVK8rk/24zfhUuLQ1lNA8RGHOTA=");
    finish();
}

static void a_silent_side_is_where_frames_for_it_go(void **state)
{
    struct packet p = packet("10.0.0.9", 1, "10.0.0.1", 2);
    struct packet answer = packet("10.0.0.1", 2, "10.0.0.9", 1);
    struct flow *f;

    (void)state;
    begin(8, 8);
    p.has_macs = answer.has_macs = true;
    p.src_mac[5] = 7;
    p.dst_mac[5] = 8;
    answer.src_mac[5] = 9; /* another router on the way back */
    f = find(p, 0);
    assert_int_equal(f->side[0].mac[5], 8);
    assert_false(f->side[0].has_mac);
    assert_ptr_equal(find(answer, 0), f);
    assert_int_equal(f->side[0].mac[5], 9);
    assert_int_equal(f->side[1].mac[5], 7);
    assert_false(f->side[0].mac_changed);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_are_one_flow),
        cmocka_unit_test(protocol_and_every_port_tell_flows_apart),
        cmocka_unit_test(equal_addresses_are_told_apart_by_port),
        cmocka_unit_test(what_is_no_flow_is_counted),
        cmocka_unit_test(a_syn_tells_who_opened),
        cmocka_unit_test(a_syn_with_another_number_is_another_flow),
        cmocka_unit_test(a_late_syn_belongs_to_its_answer),
        cmocka_unit_test(a_syn_ends_what_was_seen_midstream),
        cmocka_unit_test(each_class_has_its_time),
        cmocka_unit_test(both_fins_close),
        cmocka_unit_test(use_keeps_a_flow_alive),
        cmocka_unit_test(a_full_table_gives_up_what_is_missed_least),
        cmocka_unit_test(a_client_over_its_share_loses_its_own),
        cmocka_unit_test(a_table_of_one_works),
        cmocka_unit_test(the_end_comes_in_order_of_start),
        cmocka_unit_test(ids_are_the_same_in_every_run),
        cmocka_unit_test(vlans_and_macs_are_kept_per_side),
        cmocka_unit_test(a_silent_side_is_where_frames_for_it_go),
        cmocka_unit_test(community_ids_are_those_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
