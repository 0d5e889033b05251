/*
 * pcapng as we write it, read back by our own reader and by tshark.
 */

#include "sensor/pcapng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/savefile.h"
#include "tests/unit.h"

static const uint8_t frame[] = {0x02, 0, 0, 0, 0,    1,    0x02, 0,
                                0,    0, 0, 2, 0x88, 0xb5, 'x'};
static const struct pcapng_interface ethernet = {"mirror0", 1, 65535},
                                     raw_ip = {NULL, 101, 0};

static const struct raw first = {
    .time = INT64_C(1700000000123456789), .wire = 1500, .bytes = {frame, sizeof frame}};
static const struct raw second = {
    .time = INT64_C(1700000001000000001), .wire = 4, .bytes = {frame, 4}};

static void write_all(struct pcapng *p)
{
    pcapng_head(p, "two packets");
    assert_int_equal(pcapng_interface(p, &ethernet), 0);
    assert_int_equal(pcapng_interface(p, &raw_ip), 1);
    pcapng_packet(p, 0, &first, "the one");
    pcapng_packet(p, 1, &second, NULL);
}

static void save(const struct pcapng *p, char path[])
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, p->out, p->len), (ssize_t)p->len);
    close(fd);
}

static void what_is_written_reads_back(void **state)
{
    char path[] = "pcapng-XXXXXX";
    uint8_t out[1024];
    struct pcapng p = {.out = out, .room = sizeof out};
    struct savefile f;
    struct raw raw;

    (void)state;
    write_all(&p);
    assert_false(p.full);
    save(&p, path);
    assert_true(savefile_open(&f, path));
    assert_true(savefile_next(&f, &raw));
    assert_int_equal(raw.time, first.time);
    assert_int_equal(raw.wire, 1500);
    assert_int_equal(raw.link_type, 1);
    assert_int_equal(raw.bytes.len, sizeof frame);
    assert_memory_equal(raw.bytes.at, frame, sizeof frame);
    assert_true(savefile_next(&f, &raw));
    assert_int_equal(raw.time, second.time);
    assert_int_equal(raw.link_type, 101);
    assert_false(savefile_next(&f, &raw));
    assert_int_equal(f.state, SAVEFILE_END);
    savefile_close(&f);
    unlink(path);
}

static void tshark_shows_name_and_comment(void **state)
{
    char path[] = "pcapng-XXXXXX", command[256], line[256] = "";
    uint8_t out[1024];
    struct pcapng p = {.out = out, .room = sizeof out};
    FILE *answer;

    (void)state;
    if (system("command -v tshark >/dev/null 2>&1") != 0)
        unit_cannot("tshark");
    write_all(&p);
    save(&p, path);
    snprintf(command, sizeof command,
             "tshark -n -r %s -T fields -E separator=, -e frame.interface_name"
             " -e frame.time_epoch -e frame.len -e frame.cap_len -e frame.comment"
             " 2>/dev/null",
             path);
    answer = popen(command, "r");
    assert_non_null(answer);
    assert_non_null(fgets(line, sizeof line, answer));
    pclose(answer);
    unlink(path);
    assert_string_equal(line, "mirror0,1700000000.123456789,1500,15,the one\n");
}

static void the_sizes_told_are_the_sizes_taken(void **state)
{
    uint8_t out[512];
    struct pcapng p = {.out = out, .room = sizeof out};

    (void)state;
    for (unsigned n = 0; n < 9; n++) {
        const char *comment = n > 0 ? &"12345678"[8 - n] : NULL;
        struct raw raw = {.bytes = {frame, n}};

        p.len = 0;
        pcapng_head(&p, comment);
        assert_int_equal(p.len, pcapng_head_size(comment));
        p.len = 0;
        pcapng_interface(&p, &(struct pcapng_interface){comment, 1, 0});
        assert_int_equal(
            p.len, pcapng_interface_size(&(struct pcapng_interface){comment, 1, 0}));
        p.len = 0;
        pcapng_packet(&p, 0, &raw, comment);
        assert_int_equal(p.len, pcapng_packet_size(n, comment));
    }
}

static void a_block_without_room_leaves_whole_blocks(void **state)
{
    uint8_t out[1024];
    struct pcapng whole = {.out = out, .room = sizeof out};
    size_t size;

    (void)state;
    write_all(&whole);
    size = whole.len;
    for (size_t room = 0; room < size; room++) {
        struct pcapng p = {.out = malloc(room + 1), .room = room};

        assert_non_null(p.out);
        pcapng_head(&p, "two packets");
        pcapng_interface(&p, &ethernet);
        pcapng_interface(&p, &raw_ip);
        pcapng_packet(&p, 0, &first, "the one");
        pcapng_packet(&p, 1, &second, NULL);
        assert_true(p.full);
        assert_true(p.len <= room);
        assert_memory_equal(p.out, out, p.len);
        free(p.out);
    }
}

static void a_long_comment_is_cut_between_characters(void **state)
{
    char comment[PCAPNG_COMMENT + 100];
    uint8_t out[2 * PCAPNG_COMMENT];
    struct pcapng p = {.out = out, .room = sizeof out};

    (void)state;
    memset(comment, 'a', sizeof comment);
    comment[sizeof comment - 1] = '\0';
    memcpy(comment + PCAPNG_COMMENT - 1, "\xc3\xa9", 2);
    pcapng_head(&p, comment);
    assert_false(p.full);
    assert_int_equal(p.len, pcapng_head_size(comment));
    assert_int_equal(out[26] | out[27] << 8, PCAPNG_COMMENT - 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(tshark_shows_name_and_comment),
        cmocka_unit_test(the_sizes_told_are_the_sizes_taken),
        cmocka_unit_test(a_block_without_room_leaves_whole_blocks),
        cmocka_unit_test(a_long_comment_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
