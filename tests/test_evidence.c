/*
 * Evidence: which packets are cut, what a wrapped ring says, and files that our own
 * reader reads.
 */

#include "sensor/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/savefile.h"
#include "tests/unit.h"
#include "tests/wire.h"

enum { RING = PACKET_RING_SMALLEST };

struct bench {
    struct packet_ring ring;
    struct packet_source sources[2];
    struct wire wire, other;
    struct config config;
    struct evidence evidence;
    struct evidence_result result;
    char directory[64], text[4096];
    uint64_t frames[256];
    int64_t times[256];
    unsigned n; /* packets of the file read last */
};

static int prepare(void **state)
{
    static struct bench b;

    b = (struct bench){.wire = wire_between(49152, 502),
                       .other = wire_between(49153, 502)};
    snprintf(b.directory, sizeof b.directory, "/tmp/evidence.XXXXXX");
    assert_non_null(mkdtemp(b.directory));
    assert_true(packet_ring_open(&b.ring, NULL, RING));
    b.sources[0] = b.sources[1] = (struct packet_source){&b.ring, "tap0"};
    b.sources[1].name = "tap1";
    b.config.evidence = b.directory;
    b.config.evidence_before = 5;
    b.config.evidence_bytes = 256 * 1024;
    b.config.evidence_total = 1024 * 1024;
    assert_true(evidence_open(&b.evidence, &b.config, b.sources, 2));
    *state = &b;
    return 0;
}

static int clean(void **state)
{
    struct bench *b = *state;
    char command[128];

    evidence_close(&b->evidence);
    packet_ring_close(&b->ring);
    snprintf(command, sizeof command, "rm -rf %s", b->directory);
    return system(command);
}

/* A packet of the conversation, or of another; its number. */
static uint64_t put(struct bench *b, struct wire *w, unsigned side)
{
    static const uint8_t data[100] = {1, 2, 3};
    struct raw raw = wire_tcp(w, side, TCP_ACK, (struct bytes){data, sizeof data});

    raw.source = side;
    raw.time = (int64_t)(b->ring.number + 1) * 1000000 + 7;
    assert_true(packet_ring_put(&b->ring, &raw));
    packet_ring_keep(&b->ring, packet_ring_head(&b->ring));
    return raw.frame;
}

static struct evidence_request request_for(uint64_t first, uint64_t last)
{
    return (struct evidence_request){.alert_id = 0xabc,
                                     .nranges = 1,
                                     .ranges = {{0, first, last}},
                                     .client = address_v4((const uint8_t *)"\x0a\0\0\1"),
                                     .server = address_v4((const uint8_t *)"\x0a\0\0\2"),
                                     .client_port = 49152,
                                     .server_port = 502,
                                     .protocol = IP_TCP,
                                     .rule = "MB-01 modbus.write",
                                     .summary = "10.0.0.1 wrote a register."};
}

/* Our own reader takes it; `frames` are told by their times. */
static void read_back(struct bench *b, const char *path)
{
    struct savefile file;
    struct raw raw;
    FILE *in = fopen(path, "rb");
    size_t len;

    assert_non_null(in);
    len = fread(b->text, 1, sizeof b->text - 1, in);
    b->text[len] = '\0';
    fclose(in);
    for (size_t i = 0; i < len; i++)
        if (b->text[i] == '\0')
            b->text[i] = ' ';
    assert_true(savefile_open(&file, path));
    for (b->n = 0; savefile_next(&file, &raw); b->n++) {
        assert_true(b->n < 256);
        assert_int_equal(raw.bytes.len, raw.wire);
        assert_int_equal(raw.time % 1000000, 7);
        b->frames[b->n] = (uint64_t)raw.time / 1000000;
    }
    assert_int_equal(file.state, SAVEFILE_END);
    savefile_close(&file);
}

static void a_record_is_cut_with_what_came_before_in_its_conversation(void **state)
{
    struct bench *b = *state;
    struct evidence_request request;

    for (unsigned i = 0; i < 10; i++) {
        put(b, &b->wire, i % 2);
        put(b, &b->other, i % 2);
    }
    request = request_for(15, 15);
    request.ranges[request.nranges++] = (struct evidence_range){0, 18, 19};
    assert_true(evidence_cut(&b->evidence, &request, &b->result));
    assert_int_equal(b->result.record, 3); /* 15, and both ends of 18 to 19 */
    assert_int_equal(b->result.before, 5);
    assert_int_equal(b->result.gone, 0);
    assert_false(b->result.wrapped);
    assert_string_equal(b->result.path + strlen(b->directory),
                        "/0000000000000abc.pcapng");
    read_back(b, b->result.path);
    assert_int_equal(b->n, 8);
    for (unsigned i = 1; i < b->n; i++)
        assert_true(b->frames[i] > b->frames[i - 1]);
    assert_int_equal(b->frames[0], 7);
    assert_int_equal(b->frames[b->n - 1], 19);
    assert_non_null(
        strstr(b->text,
               "Alert 0000000000000abc: MB-01 modbus.write: 10.0.0.1 wrote a register."));
    assert_null(strstr(b->text, "wrapped"));
    assert_non_null(strstr(b->text, "tap0"));
}

static void frames_of_others_within_a_message_are_left_out(void **state)
{
    struct bench *b = *state;
    struct evidence_request request = request_for(1, 7);

    b->evidence.before = 0;
    for (unsigned i = 0; i < 4; i++) {
        put(b, &b->wire, 0);
        put(b, &b->other, 0);
    }
    assert_true(evidence_cut(&b->evidence, &request, &b->result));
    assert_int_equal(b->result.record, 4);
    read_back(b, b->result.path);
    assert_int_equal(b->n, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(b->frames[i], 2 * i + 1);
}

static void a_wrapped_ring_says_so(void **state)
{
    struct bench *b = *state;
    struct evidence_request request = request_for(2, 3);
    uint64_t oldest;

    for (unsigned i = 0; i < 2000; i++)
        put(b, &b->wire, i % 2);
    assert_true(evidence_cut(&b->evidence, &request, &b->result));
    assert_int_equal(b->result.record, 0);
    assert_int_equal(b->result.gone, 2);
    assert_true(b->result.wrapped);
    read_back(b, b->result.path);
    assert_int_equal(b->n, 0);
    assert_non_null(
        strstr(b->text, "The packet ring had wrapped: all from before 1970-01-01 "));
    assert_non_null(strstr(b->text, " is gone, 2 frames of the record too"));

    oldest = packet_ring_oldest(&b->ring);
    request = request_for(oldest - 1, oldest + 2);
    request.update = 3;
    assert_true(evidence_cut(&b->evidence, &request, &b->result));
    assert_int_equal(b->result.record, 3);
    assert_int_equal(b->result.gone, 1);
    assert_non_null(strstr(b->result.path, "/0000000000000abc-3.pcapng"));
    read_back(b, b->result.path);
    assert_int_equal(b->n, 3);

    request = request_for(oldest + 1, oldest + 1); /* itself there, little before it */
    assert_true(evidence_cut(&b->evidence, &request, &b->result));
    assert_int_equal(b->result.before, 1);
    assert_true(b->result.wrapped);
}

static void an_alert_takes_no_more_than_its_bytes(void **state)
{
    struct bench *b = *state;
    struct evidence_request request = request_for(1, 200);
    struct stat s;

    b->evidence.bytes = 16 * 1024;
    for (unsigned i = 0; i < 200; i++)
        put(b, &b->wire, i % 2);
    assert_true(evidence_cut(&b->evidence, &request, &b->result));
    assert_true(b->result.no_room > 100);
    assert_int_equal(b->result.record + b->result.no_room, 200);
    assert_int_equal(stat(b->result.path, &s), 0);
    assert_int_equal(s.st_size, b->result.bytes);
    assert_in_range(s.st_size, 8 * 1024, 16 * 1024);
    read_back(b, b->result.path);
    assert_int_equal(b->n, b->result.record);
}

static uint64_t directory_bytes(struct bench *b, unsigned *files)
{
    char command[160];
    unsigned long long bytes = 0;
    FILE *out;

    snprintf(command, sizeof command,
             "find %s -type f -printf '%%s\\n' | awk '{n++; s+=$1} "
             "END {print s+0, n+0}'",
             b->directory);
    out = popen(command, "r");
    assert_non_null(out);
    assert_int_equal(fscanf(out, "%llu %u", &bytes, files), 2);
    pclose(out);
    return bytes;
}

static void a_full_directory_lets_the_oldest_go(void **state)
{
    struct bench *b = *state;
    struct evidence_request request = request_for(8, 8);
    char path[PATH_MAX];
    unsigned files;

    for (unsigned i = 0; i < 8; i++)
        put(b, &b->wire, i % 2);
    b->evidence.total = 32 * 1024;
    for (unsigned i = 1; i <= 100; i++) {
        request.alert_id = i;
        assert_true(evidence_cut(&b->evidence, &request, &b->result));
        assert_true(directory_bytes(b, &files) <= b->evidence.total);
    }
    assert_in_range(files, 10, 40);
    assert_int_equal(b->evidence.removed, 100 - files);
    assert_int_equal(access(evidence_path(b->directory, 100, 0, path), F_OK), 0);
    assert_int_equal(access(evidence_path(b->directory, 100 - files + 1, 0, path), F_OK),
                     0);
    assert_int_not_equal(access(evidence_path(b->directory, 100 - files, 0, path), F_OK),
                         0);

    /* After a restart it knows what is there, and removes what a crash left behind. */
    snprintf(path, sizeof path, "%s/0000000000000001.pcapng.part", b->directory);
    fclose(fopen(path, "w"));
    evidence_close(&b->evidence);
    assert_true(evidence_open(&b->evidence, &b->config, b->sources, 2));
    assert_int_equal(b->evidence.used, directory_bytes(b, &files));
    assert_int_not_equal(access(path, F_OK), 0);
}

static void what_cannot_be_written_is_told_and_leaves_nothing(void **state)
{
    struct bench *b = *state;
    struct evidence_request request = request_for(1, 1);
    char path[PATH_MAX];
    unsigned files;

    put(b, &b->wire, 0);
    assert_int_equal(mkdir(evidence_path(b->directory, 0xabc, 0, path), 0700), 0);
    assert_false(evidence_cut(&b->evidence, &request, &b->result));
    assert_int_equal(b->result.error, EISDIR);
    directory_bytes(b, &files);
    assert_int_equal(files, 0);
    assert_int_equal(rmdir(path), 0);
    request.ranges[0].source = 9;
    assert_false(evidence_cut(&b->evidence, &request, &b->result));
    assert_int_equal(b->result.error, ENOENT);
}

static void a_snapshot_has_the_rings_in_the_order_of_time(void **state)
{
    struct bench *b = *state, second = {.wire = wire_between(1, 2)};
    struct packet_source sources[3] = {
        b->sources[0], b->sources[1], {&second.ring, "span0"}};
    struct packet_dump dump;
    char path[PATH_MAX];

    assert_true(packet_ring_open(&second.ring, NULL, RING));
    for (unsigned i = 0; i < 20; i++)
        put(b, &b->wire, i % 2);
    second.ring.number = 5; /* its packets are of the times from 6 on */
    for (unsigned i = 0; i < 10; i++)
        put(&second, &second.wire, 0);
    evidence_path(b->directory, 1, 0, path);
    assert_true(packet_file_dump(path, "a snapshot", sources, 3, 0, &dump));
    read_back(b, path);
    assert_int_equal(b->n, 30);
    assert_int_equal(dump.packets, 30);
    for (unsigned i = 1; i < b->n; i++)
        assert_true(b->frames[i] >= b->frames[i - 1]);
    assert_int_equal(b->frames[5], 6);
    assert_int_equal(b->frames[6], 6);
    assert_non_null(strstr(b->text, "a snapshot"));

    for (unsigned i = 0; i < 3000; i++)
        put(b, &b->wire, 0);
    assert_true(packet_file_dump(path, NULL, sources, 1, 0, &dump));
    assert_true(dump.wrapped);
    assert_true(packet_file_dump(path, NULL, sources, 1, 1, &dump));
    assert_true(dump.last - dump.first <= 1000000000);
    packet_ring_close(&second.ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_record_is_cut_with_what_came_before_in_its_conversation, prepare, clean),
        cmocka_unit_test_setup_teardown(frames_of_others_within_a_message_are_left_out,
                                        prepare, clean),
        cmocka_unit_test_setup_teardown(a_wrapped_ring_says_so, prepare, clean),
        cmocka_unit_test_setup_teardown(an_alert_takes_no_more_than_its_bytes, prepare,
                                        clean),
        cmocka_unit_test_setup_teardown(a_full_directory_lets_the_oldest_go, prepare,
                                        clean),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told_and_leaves_nothing,
                                        prepare, clean),
        cmocka_unit_test_setup_teardown(a_snapshot_has_the_rings_in_the_order_of_time,
                                        prepare, clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
