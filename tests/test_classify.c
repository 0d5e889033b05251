/*
 * The bounds around nDPI, on packets made here.  What nDPI itself finds is tested with
 * three protocols only: that the right bytes reach it.
 */

#include "sensor/classify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <ndpi_api.h>

#include "sensor/decode.h"

enum { ETHERNET = 14, IP = 20, IP6 = 40, TCP = 20, UDP = 8, FRAME_MAX = 1600 };
enum { STATES = 4 };

/* A frame to be changed before it is decoded. */
struct frame {
    uint8_t bytes[FRAME_MAX];
    size_t len, wire;
};

static struct classifier classifier;
static struct packet packet;

static void put16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static size_t transport_size(uint8_t protocol)
{
    return protocol == IP_TCP ? TCP : UDP;
}

/* Ports and lengths alone: sums stay 0, which for UDP means there is none. */
static void put_transport(uint8_t *at, uint8_t protocol, uint16_t port, size_t len)
{
    static uint8_t sequence;

    put16(at, 40000);
    put16(at + 2, port);
    if (protocol == IP_TCP) {
        at[6] = ++sequence; /* far enough from the last to be no repetition */
        at[12] = TCP / 4 << 4;
        at[13] = TCP_PSH | TCP_ACK;
    } else {
        put16(at + 4, UDP + len);
    }
}

static struct frame ipv4(uint8_t protocol, uint16_t port, const void *payload, size_t len)
{
    size_t header = transport_size(protocol);
    struct frame f = {.len = ETHERNET + IP + header + len};
    uint8_t *ip = f.bytes + ETHERNET;

    put16(f.bytes + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, IP + header + len);
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, (uint8_t[]){10, 1, 1, 1, 10, 1, 1, 2}, 8);
    put_transport(ip + IP, protocol, port, len);
    if (len)
        memcpy(ip + IP + header, payload, len);
    f.wire = f.len;
    return f;
}

static enum classify_answer offer(struct classified **state, const struct frame *f)
{
    struct decode_counters counters = {0};
    struct raw raw = {
        .link_type = 1, .wire = (uint32_t)f->wire, .bytes = {f->bytes, f->len}};

    decode(&raw, &packet, &counters);
    return classify_packet(&classifier, state, &packet, true, 1000000000);
}

static enum classify_answer offer_new(const struct frame *f)
{
    struct classified *state = NULL;
    enum classify_answer answer = offer(&state, f);

    if (answer == CLASSIFY_DONE)
        assert_null(state);
    else
        classify_end(&classifier, &state);
    return answer;
}

static const char noise[] = "\x9e\x01\xf3\x77 nothing anybody speaks \xfe\xfe";

static struct frame noise_to(uint8_t protocol, uint16_t port)
{
    return ipv4(protocol, port, noise, sizeof noise - 1);
}

static int open_classifier(void **state)
{
    (void)state;
    return classifier_open(&classifier, STATES, 0) ? 0 : -1;
}

static int close_classifier(void **state)
{
    size_t out = classifier.states.used;

    (void)state;
    classifier_close(&classifier);
    return out == 0 && classifier.memory.used == 0 ? 0 : -1;
}

/* --- what it is told ------------------------------------------------------ */

static void assert_done_as(const char *name, const char *detail, enum confidence how)
{
    assert_string_equal(classifier.result.name, name);
    assert_string_equal(classifier.result.detail, detail);
    assert_int_equal(classifier.result.confidence, how);
    assert_int_equal(classifier.states.used, 0);
}

static const uint8_t dns_query[] =
    "\x12\x34\x01\0\0\1\0\0\0\0\0\0\3plc\7example\3com\0\0\1\0\1";
static const uint8_t dns_answer[] =
    "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3plc\7example\3com\0\0\1\0\1"
    "\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\x0a\1\1\7";

static void a_dns_query_is_named(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);

    (void)unused;
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    assert_done_as("dns", "DNS", CONFIDENCE_DPI);
}

static void a_dns_answer_alone_is_named(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_answer, sizeof dns_answer - 1);
    uint8_t *udp = f.bytes + ETHERNET + IP;

    (void)unused;
    put16(udp, 53);
    put16(udp + 2, 40000);
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    assert_done_as("dns", "DNS", CONFIDENCE_DPI);
}

static void an_http_request_is_named(void **unused)
{
    static const char request[] =
        "GET /status HTTP/1.1\r\nHost: plc.example.com\r\nUser-Agent: x\r\n\r\n";
    struct frame f = ipv4(IP_TCP, 8081, request, sizeof request - 1);

    (void)unused;
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    assert_done_as("http", "HTTP", CONFIDENCE_DPI);
}

/*
 * record(5) handshake(4) version(2) random(32) session(1) suites(2+2) compression(2)
 * extensions(2): type(2) len(2) list(2) kind(1) len(2) name
 */
static struct frame client_hello(const char *host)
{
    uint8_t hello[256] = {22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3};
    size_t name = strlen(host), at = 11 + 32 + 1;

    put16(hello + at, 2);
    put16(hello + at + 2, 0xc02f);
    hello[at + 4] = 1;
    at += 6;
    put16(hello + at, name + 9);
    put16(hello + at + 4, name + 5);
    put16(hello + at + 6, name + 3);
    put16(hello + at + 9, name);
    for (size_t i = 0; i < name; i++)
        hello[at + 11 + i] = (uint8_t)host[i];
    at += 11 + name;
    put16(hello + 3, at - 5);
    put16(hello + 7, at - 9);
    return ipv4(IP_TCP, 4433, hello, at);
}

static void a_client_hello_is_named(void **unused)
{
    struct frame f = client_hello("plc.example.com");

    (void)unused;
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    assert_done_as("tls", "TLS", CONFIDENCE_DPI);
}

static void the_carrier_is_the_name_and_the_service_a_detail(void **unused)
{
    struct frame f = client_hello("www.wikipedia.org");

    (void)unused;
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    assert_done_as("tls", "TLS.Wikipedia", CONFIDENCE_DPI);
}

/* The same over IPv6, behind `options` bytes (0 or 8) of destination options. */
static struct frame ipv6(const struct frame *v4, size_t options)
{
    enum { DESTINATION_OPTIONS = 60, PAD_N = 1 };
    struct frame f = *v4;
    uint8_t *ip = f.bytes + ETHERNET;
    size_t rest = v4->len - ETHERNET - IP;
    uint8_t protocol = ip[9];

    put16(f.bytes + 12, 0x86dd);
    memset(ip, 0, IP6 + options);
    ip[0] = 0x60;
    put16(ip + 4, options + rest);
    ip[6] = options ? DESTINATION_OPTIONS : protocol;
    ip[8] = ip[24] = 0xfd;
    ip[23] = 1;
    if (options)
        memcpy(ip + IP6, (uint8_t[]){protocol, 0, PAD_N, 4}, 4);
    memcpy(ip + IP6 + options, v4->bytes + ETHERNET + IP, rest);
    f.len = f.wire = ETHERNET + IP6 + options + rest;
    return f;
}

/* session(4) SMB: magic(4) command(1) status(4) flags(3) zeroes */
static const uint8_t smb_session[4 + 32 + 15] = "\0\0\0\x2f\xffSMBs\0\0\0\0\x18\1\x28";

static void smb_in_netbios_framing_is_smb(void **unused)
{
    struct frame f = ipv4(IP_TCP, 445, smb_session, sizeof smb_session);

    (void)unused;
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    assert_done_as("smb", "NetBIOS.SMBv1", CONFIDENCE_DPI);
}

static void an_ipv6_packet_is_fed(void **unused)
{
    struct frame v4 = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);
    struct frame f = ipv6(&v4, 0);

    (void)unused;
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    assert_done_as("dns", "DNS", CONFIDENCE_DPI);
}

/* --- giving up ------------------------------------------------------------ */

static unsigned packets_until_done(uint8_t protocol, uint16_t port)
{
    struct classified *state = NULL;
    unsigned n = 0;
    enum classify_answer answer;

    do {
        struct frame f = noise_to(protocol, port);

        answer = offer(&state, &f);
    } while (++n < 100 && answer == CLASSIFY_MORE);
    assert_null(state);
    return n;
}

static void after_ten_segments_it_stays_unknown(void **unused)
{
    (void)unused;
    assert_int_equal(packets_until_done(IP_TCP, 40001), CLASSIFY_TCP_PACKETS);
    assert_done_as("", "", CONFIDENCE_UNKNOWN);
    assert_int_equal(classifier.counters.fed, CLASSIFY_TCP_PACKETS);
    assert_int_equal(classifier.counters.named[CONFIDENCE_UNKNOWN], 1);
}

static void datagrams_get_a_longer_look(void **unused)
{
    (void)unused;
    assert_int_equal(packets_until_done(IP_UDP, 40001), CLASSIFY_UDP_PACKETS);
    assert_done_as("", "", CONFIDENCE_UNKNOWN);
}

static void a_name_from_the_port_says_so(void **unused)
{
    (void)unused;
    assert_int_equal(packets_until_done(IP_TCP, 22), CLASSIFY_TCP_PACKETS);
    assert_done_as("ssh", "SSH", CONFIDENCE_PORT);
    assert_int_equal(classifier.counters.named[CONFIDENCE_PORT], 1);
}

static void a_flow_that_ends_early_gets_what_can_be_said(void **unused)
{
    struct classified *state = NULL;
    struct frame f = noise_to(IP_TCP, 22);

    (void)unused;
    assert_int_equal(offer(&state, &f), CLASSIFY_MORE);
    assert_non_null(state);
    assert_true(classify_end(&classifier, &state));
    assert_null(state);
    assert_done_as("ssh", "SSH", CONFIDENCE_PORT);
    assert_false(classify_end(&classifier, &state));
}

/* --- what it is not told -------------------------------------------------- */

static void assert_kept_from_it(const struct frame *f, uint64_t unfit)
{
    assert_int_equal(offer_new(f), CLASSIFY_MORE);
    assert_int_equal(classifier.counters.fed, 0);
    assert_int_equal(classifier.counters.flows, 0);
    assert_int_equal(classifier.counters.unfit, unfit);
}

static void a_cut_packet_is_not_fed(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);

    (void)unused;
    f.len -= 4;
    assert_kept_from_it(&f, 1);
    assert_true(packet.flags & PACKET_CUT);
    assert_int_equal(packet.network.len, 0);
}

static void a_fragment_is_not_fed(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);

    (void)unused;
    put16(f.bytes + ETHERNET + 6, 0x2000);
    assert_kept_from_it(&f, 0);
    assert_true(packet.flags & PACKET_FRAGMENT);
}

static void a_lying_length_is_not_fed(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);

    (void)unused;
    put16(f.bytes + ETHERNET + IP + 4, 200);
    assert_kept_from_it(&f, 0);
    assert_true(packet.flags & PACKET_BAD_LENGTH);
    assert_int_equal(packet.network.len, 0);
}

static void flags_alone_keep_a_packet_away(void **unused)
{
    const uint16_t flags[] = {PACKET_CUT, PACKET_FRAGMENT, PACKET_BAD_LENGTH};
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);
    struct classified *state = NULL;

    (void)unused;
    assert_int_equal(offer(&state, &f), CLASSIFY_DONE);
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        packet.flags = flags[i];
        assert_int_equal(classify_packet(&classifier, &state, &packet, true, 1),
                         CLASSIFY_MORE);
        assert_null(state);
        assert_int_equal(classifier.counters.unfit, i + 1);
    }
    assert_int_equal(classifier.counters.fed, 1);
}

static void a_packet_without_total_length_is_not_fed(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);

    (void)unused;
    put16(f.bytes + ETHERNET + 2, 0);
    assert_kept_from_it(&f, 1);
    assert_true(packet.payload.len > 0);
}

static void ipv6_extension_headers_are_not_fed(void **unused)
{
    struct frame v4 = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);
    struct frame f = ipv6(&v4, 8);

    (void)unused;
    assert_kept_from_it(&f, 1);
    assert_int_equal(packet.protocol, IP_UDP);
    assert_int_equal(packet.payload.len, sizeof dns_query - 1);
}

static void a_packet_without_payload_takes_no_state(void **unused)
{
    struct frame f = ipv4(IP_TCP, 443, NULL, 0);

    (void)unused;
    assert_kept_from_it(&f, 0);
}

static void icmp_is_not_fed(void **unused)
{
    struct frame f = ipv4(IP_ICMP, 0, noise, sizeof noise - 1);

    (void)unused;
    assert_kept_from_it(&f, 0);
    assert_true(packet.payload.len > 0);
}

static void what_follows_the_ip_packet_is_not_fed(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);
    size_t whole = f.len - ETHERNET;

    (void)unused;
    f.len = f.wire += 20;
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    assert_ptr_equal(packet.network.at, f.bytes + ETHERNET);
    assert_int_equal(packet.network.len, whole);
}

static void a_flow_keeps_its_transport(void **unused)
{
    struct classified *state = NULL;
    struct frame first = noise_to(IP_TCP, 40001), other = noise_to(IP_UDP, 40001);

    (void)unused;
    assert_int_equal(offer(&state, &first), CLASSIFY_MORE);
    assert_int_equal(offer(&state, &other), CLASSIFY_MORE);
    assert_int_equal(classifier.counters.fed, 1);
    assert_int_equal(classifier.counters.unfit, 1);
    classify_end(&classifier, &state);
}

/* --- when something runs out ---------------------------------------------- */

static void without_a_state_left_a_flow_stays_nameless(void **unused)
{
    struct classified *states[STATES] = {NULL}, *late = NULL;
    struct frame f = noise_to(IP_TCP, 22);

    (void)unused;
    for (size_t i = 0; i < STATES; i++)
        assert_int_equal(offer(&states[i], &f), CLASSIFY_MORE);
    assert_int_equal(offer(&late, &f), CLASSIFY_DONE);
    assert_null(late);
    assert_string_equal(classifier.result.name, "");
    assert_int_equal(classifier.states.missed, 1);
    for (size_t i = 0; i < STATES; i++)
        classify_end(&classifier, &states[i]);
    assert_int_equal(offer(&late, &f), CLASSIFY_MORE);
    classify_end(&classifier, &late);
}

static void a_state_that_came_back_remembers_nothing(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);

    (void)unused;
    for (unsigned i = 0; i < 3 * STATES; i++) {
        assert_int_equal(packets_until_done(IP_TCP, 22), CLASSIFY_TCP_PACKETS);
        assert_done_as("ssh", "SSH", CONFIDENCE_PORT);
        assert_int_equal(offer_new(&f), CLASSIFY_DONE);
        assert_done_as("dns", "DNS", CONFIDENCE_DPI);
    }
}

static void near_the_ceiling_flows_stay_nameless(void **unused)
{
    struct classified *state = NULL, *late = NULL;
    struct frame f = noise_to(IP_TCP, 22);

    (void)unused;
    assert_int_equal(offer(&state, &f), CLASSIFY_MORE);
    classifier.memory.ceiling = classifier.memory.used;
    assert_int_equal(offer(&late, &f), CLASSIFY_DONE);
    assert_int_equal(classifier.counters.no_memory, 1);
    assert_string_equal(classifier.result.name, "");
    assert_int_equal(offer(&state, &f), CLASSIFY_DONE);
    assert_null(state);
    assert_int_equal(classifier.counters.no_memory, 2);
    assert_int_equal(classifier.counters.fed, 1);
    assert_int_equal(classifier.counters.failed, 0);
}

static void what_ndpi_holds_is_counted_and_comes_back(void **unused)
{
    static struct classifier second;

    (void)unused;
    assert_true(classifier.memory.used > 0);
    assert_true(classifier_open(&second, 1, 1 << 20));
    assert_int_equal(second.memory.ceiling - second.memory.used, 1 << 20);
    assert_true(second.memory.used > 0);
    classifier_close(&second);
    assert_int_equal(second.memory.used, 0);
    assert_true(classifier.memory.used > 0);
}

static void beyond_the_ceiling_ndpi_gets_no_memory(void **unused)
{
    struct frame f = ipv4(IP_UDP, 53, dns_query, sizeof dns_query - 1);
    size_t left;

    (void)unused;
    assert_int_equal(offer_new(&f), CLASSIFY_DONE);
    left = classifier.memory.ceiling - classifier.memory.used;
    assert_null(ndpi_malloc(left));
    assert_int_equal(classifier.counters.failed, 1);
    assert_int_equal(classifier.memory.ceiling - classifier.memory.used, left);
    ndpi_free(ndpi_malloc(left / 2));
    assert_int_equal(classifier.counters.failed, 1);
    assert_true(classifier.memory.highest >= classifier.memory.used + left / 2);
}

/* --- names ---------------------------------------------------------------- */

static void names_do_not_change_with_the_release(void **unused)
{
    static const struct {
        const char *theirs, *ours;
    } names[] = {
        {"S7Comm", "s7comm"},
        {"s7comm", "s7comm"},
        {"SMBv1", "smb"},
        {"SMBv23", "smb"},
        {"MsSQL-TDS", "mssql"},
        {"Ethernet/IP", "enip"},
        {"EthernetIP", "enip"},
        {"IEC60870", "iec104"},
        {"FTP_CONTROL", "ftp"},
        {"FTP_DATA", "ftp_data"},
        {"DCE_RPC", "dcerpc"},
        {"Z39.50", "z39_50"},
        {"Sina(Weibo)", "sina_weibo"},
        {"(odd)", "odd"},
        {"", ""},
        {"abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvw"},
    };
    char name[SERVICE_NAME];

    (void)unused;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        classify_name(names[i].theirs, name);
        assert_string_equal(name, names[i].ours);
    }
}

static void every_confidence_has_a_label(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < CONFIDENCES; i++) {
        assert_int_equal(confidence_labels[i].code, i);
        assert_non_null(confidence_labels[i].name);
    }
    assert_null(confidence_labels[CONFIDENCES].name);
}

#define CASE(name) \
    cmocka_unit_test_setup_teardown(name, open_classifier, close_classifier)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_dns_query_is_named),
        CASE(a_dns_answer_alone_is_named),
        CASE(an_http_request_is_named),
        CASE(a_client_hello_is_named),
        CASE(the_carrier_is_the_name_and_the_service_a_detail),
        CASE(smb_in_netbios_framing_is_smb),
        CASE(an_ipv6_packet_is_fed),
        CASE(after_ten_segments_it_stays_unknown),
        CASE(datagrams_get_a_longer_look),
        CASE(a_name_from_the_port_says_so),
        CASE(a_flow_that_ends_early_gets_what_can_be_said),
        CASE(a_cut_packet_is_not_fed),
        CASE(a_fragment_is_not_fed),
        CASE(a_lying_length_is_not_fed),
        CASE(flags_alone_keep_a_packet_away),
        CASE(a_packet_without_total_length_is_not_fed),
        CASE(ipv6_extension_headers_are_not_fed),
        CASE(a_packet_without_payload_takes_no_state),
        CASE(icmp_is_not_fed),
        CASE(what_follows_the_ip_packet_is_not_fed),
        CASE(a_flow_keeps_its_transport),
        CASE(without_a_state_left_a_flow_stays_nameless),
        CASE(a_state_that_came_back_remembers_nothing),
        CASE(near_the_ceiling_flows_stay_nameless),
        CASE(beyond_the_ceiling_ndpi_gets_no_memory),
        CASE(what_ndpi_holds_is_counted_and_comes_back),
        CASE(names_do_not_change_with_the_release),
        CASE(every_confidence_has_a_label),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
