#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "sensor/core/bytes.h"
#include "sensor/reader.h"

static const int64_t second = 1000000000;

/* --- writing captures by hand ---------------------------------------------- */

static char folder[] = "reader-XXXXXX";

struct capture {
    uint8_t at[8192];
    size_t len;
    bool big;
};

static void put(struct capture *c, const void *data, size_t len)
{
    assert_true(c->len + len <= sizeof c->at);
    memcpy(c->at + c->len, data, len);
    c->len += len;
}

static void put32(struct capture *c, uint32_t v)
{
    uint8_t big[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                     (uint8_t)v};
    uint8_t little[] = {big[3], big[2], big[1], big[0]};

    put(c, c->big ? big : little, 4);
}

static void put16(struct capture *c, unsigned v)
{
    uint8_t big[] = {(uint8_t)(v >> 8), (uint8_t)v}, little[] = {big[1], big[0]};

    put(c, c->big ? big : little, 2);
}

static void put_pcap(struct capture *c, uint32_t magic, uint32_t link_type)
{
    put32(c, magic);
    put16(c, 2);
    put16(c, 4);
    put32(c, 0);
    put32(c, 0);
    put32(c, 65535);
    put32(c, link_type);
}

static void put_packet(struct capture *c, uint32_t seconds, uint32_t fraction,
                       const char *text)
{
    put32(c, seconds);
    put32(c, fraction);
    put32(c, (uint32_t)strlen(text));
    put32(c, (uint32_t)strlen(text) + 10);
    put(c, text, strlen(text));
}

static void put_block(struct capture *c, uint32_t type, const struct capture *body)
{
    uint32_t len = 12 + (uint32_t)(body->len + 3) / 4 * 4;

    put32(c, type);
    put32(c, len);
    put(c, body->at, body->len);
    put(c, "\0\0\0", len - 12 - body->len);
    put32(c, len);
}

static void put_section(struct capture *c)
{
    struct capture body = {.big = c->big};

    put32(&body, 0x1a2b3c4d);
    put16(&body, 1);
    put16(&body, 0);
    put32(&body, UINT32_MAX);
    put32(&body, UINT32_MAX);
    put_block(c, 0x0a0d0d0a, &body);
}

/* `resolution` as the option has it; 0 leaves it out. */
static void put_interface(struct capture *c, unsigned link_type, uint8_t resolution,
                          uint32_t snap_length)
{
    struct capture body = {.big = c->big};

    put16(&body, link_type);
    put16(&body, 0);
    put32(&body, snap_length);
    if (resolution) {
        put16(&body, 9);
        put16(&body, 1);
        put(&body, (uint8_t[]){resolution, 0, 0, 0}, 4);
        put32(&body, 0);
    }
    put_block(c, 1, &body);
}

static void put_enhanced(struct capture *c, uint32_t interface, uint64_t stamp,
                         const char *text)
{
    struct capture body = {.big = c->big};

    put32(&body, interface);
    put32(&body, (uint32_t)(stamp >> 32));
    put32(&body, (uint32_t)stamp);
    put32(&body, (uint32_t)strlen(text));
    put32(&body, (uint32_t)strlen(text));
    put(&body, text, strlen(text));
    put_block(c, 6, &body);
}

static const char *save(const char *name, const struct capture *c)
{
    static char paths[16][64];
    static unsigned next;
    char *path = paths[next++ % 16];
    FILE *file;

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(c->at, 1, c->len, file), c->len);
    assert_int_equal(fclose(file), 0);
    return path;
}

/* --- reading them ----------------------------------------------------------- */

static struct reader *reader;
static char why[READER_TEXT];

static void open_paths(const char *const *paths, size_t n, size_t max_open)
{
    struct reader_options options = {.max_open = max_open};

    reader = reader_open(paths, n, &options, why);
    if (!reader)
        fail_msg("%s", why);
}

static void open_one(const char *path)
{
    open_paths(&path, 1, 0);
}

static struct raw next_is(int64_t time, const char *text)
{
    struct raw raw;

    assert_true(reader_next(reader, &raw));
    assert_int_equal(raw.bytes.len, strlen(text));
    assert_memory_equal(raw.bytes.at, text, strlen(text));
    assert_true(raw.time == time);
    return raw;
}

static void close_at_end(void)
{
    struct raw raw;

    assert_false(reader_next(reader, &raw));
    assert_false(reader_next(reader, &raw));
    reader_close(reader);
}

static void refused(const char *path, const char *part)
{
    reader = reader_open(&path, 1, NULL, why);
    assert_null(reader);
    if (!strstr(why, part) || !strstr(why, path))
        fail_msg("'%s' lacks '%s'", why, part);
}

static void pcap_is_read_in_every_variant(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 4; variant++) {
        bool nano = variant & 1;
        struct capture c = {.big = variant & 2};
        struct raw raw;

        put_pcap(&c, nano ? 0xa1b23c4d : 0xa1b2c3d4, 113);
        put_packet(&c, 1000, 7, "first");
        put_packet(&c, 1001, 999999, "second");
        open_one(save("variant.pcap", &c));
        raw = next_is(1000 * second + (nano ? 7 : 7000), "first");
        assert_int_equal(raw.frame, 1);
        assert_int_equal(raw.link_type, 113);
        assert_int_equal(raw.wire, 15);
        raw = next_is(1001 * second + (nano ? 999999 : 999999000), "second");
        assert_int_equal(raw.frame, 2);
        close_at_end();
    }
}

static void pcapng_is_read_in_every_variant(void **state)
{
    static const struct {
        uint8_t resolution;
        uint64_t stamp;
        int64_t time;
    } times[] = {
        {0, 1500000, 1500000000},      {9, 1500000001, 1500000001},
        {3, 1500, 1500000000},         {12, 1500000000999, 1500000000},
        {0x80 | 10, 1536, 1500000000}, {0x80 | 40, UINT64_C(3) << 39, 1500000000},
        {0x80 | 0, 4, 4000000000},     {19, UINT64_C(15000000000000000000), 1500000000},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT_OF(times); i++) {
        struct capture c = {.big = i & 1};
        struct raw raw;

        put_section(&c);
        put_interface(&c, 1, times[i / 2].resolution, 0);
        put_enhanced(&c, 0, times[i / 2].stamp, "packet");
        open_one(save("variant.pcapng", &c));
        raw = next_is(times[i / 2].time, "packet");
        assert_int_equal(raw.link_type, 1);
        close_at_end();
    }
}

static void interfaces_may_differ_and_sections_follow(void **state)
{
    struct capture c = {0}, body = {0};

    (void)state;
    put_section(&c);
    put_interface(&c, 1, 0, 100);
    put_interface(&c, 113, 9, 200);
    put_enhanced(&c, 1, 5000, "cooked");
    put_enhanced(&c, 0, 6, "ethernet");
    put32(&body, 9);
    put(&body, "simple..!", 9);
    put_block(&c, 3, &body);
    put_block(&c, 0x0bad, &body);
    c.big = true;
    put_section(&c);
    put_interface(&c, 101, 0, 0);
    put_enhanced(&c, 0, 7, "raw");
    open_one(save("mixed.pcapng", &c));
    assert_int_equal(next_is(5000, "cooked").link_type, 113);
    assert_int_equal(next_is(6000, "ethernet").link_type, 1);
    assert_int_equal(next_is(6000, "simple..!").link_type, 1);
    assert_int_equal(next_is(7000, "raw").link_type, 101);
    close_at_end();
}

static void a_cut_last_packet_is_a_warning(void **state)
{
    struct capture c = {0};
    size_t whole;

    (void)state;
    put_pcap(&c, 0xa1b2c3d4, 1);
    put_packet(&c, 1, 0, "first");
    whole = c.len;
    put_packet(&c, 2, 0, "second");
    for (size_t len = whole + 1; len < whole + 22; len++) {
        struct capture cut = c;

        cut.len = len;
        open_one(save("cut.pcap", &cut));
        next_is(second, "first");
        assert_false(reader_next(reader, &(struct raw){0}));
        assert_int_equal(reader_counters(reader)->truncated, 1);
        assert_true(reader_warning(reader, 0, why));
        assert_non_null(strstr(why, "within packet 2"));
        reader_close(reader);
    }
    c.len = whole;
    open_one(save("cut.pcap", &c));
    next_is(second, "first");
    assert_false(reader_warning(reader, 0, why));
    close_at_end();
}

static void a_pcapng_may_be_cut_anywhere(void **state)
{
    struct capture c = {0};

    (void)state;
    put_section(&c);
    put_interface(&c, 1, 9, 0);
    put_enhanced(&c, 0, 1, "first");
    put_enhanced(&c, 0, 2, "second");
    for (size_t len = 28; len < c.len; len++) {
        struct capture cut = c;
        struct raw raw;
        size_t n = 0;

        cut.len = len;
        open_one(save("cut.pcapng", &cut));
        while (reader_next(reader, &raw))
            n++;
        assert_int_equal(n, len >= c.len - 40);
        assert_int_equal(reader_warning(reader, 0, why),
                         len != 28 && len != 60 && len != c.len - 40);
        reader_close(reader);
    }
}

static void damage_ends_one_file_not_the_others(void **state)
{
    struct capture bad = {0}, good = {0};
    const char *paths[2];

    (void)state;
    put_pcap(&bad, 0xa1b2c3d4, 1);
    put_packet(&bad, 1, 0, "before");
    put32(&bad, 2);
    put32(&bad, 0);
    put32(&bad, 0x7fffffff);
    put32(&bad, 0x7fffffff);
    put_pcap(&good, 0xa1b2c3d4, 1);
    put_packet(&good, 3, 0, "good");
    paths[0] = save("bad.pcap", &bad);
    paths[1] = save("good.pcap", &good);
    open_paths(paths, 2, 0);
    next_is(second, "before");
    assert_int_equal(next_is(3 * second, "good").source, 1);
    assert_true(reader_warning(reader, 0, why));
    assert_non_null(strstr(why, "damaged after packet 1"));
    assert_int_equal(reader_counters(reader)->damaged, 1);
    close_at_end();
}

static void gzip_is_unpacked(void **state)
{
    struct capture c = {0};
    char path[64];
    gzFile gz;

    (void)state;
    put_pcap(&c, 0xa1b2c3d4, 1);
    put_packet(&c, 1, 0, "first");
    put_packet(&c, 2, 0, "second");
    snprintf(path, sizeof path, "%s/packed", folder);
    for (unsigned members = 1; members <= 2; members++) { /* also as two, joined */
        gz = gzopen(path, "wb");
        assert_int_equal(gzwrite(gz, c.at, (unsigned)(members == 2 ? 30 : c.len)),
                         members == 2 ? 30 : c.len);
        gzclose(gz);
        if (members == 2) {
            gz = gzopen(path, "ab");
            gzwrite(gz, c.at + 30, (unsigned)c.len - 30);
            gzclose(gz);
        }
        open_one(path);
        next_is(second, "first");
        next_is(2 * second, "second");
        assert_false(reader_warning(reader, 0, why));
        close_at_end();
    }
}

static void a_cut_gzip_is_a_warning(void **state)
{
    struct capture c = {0};
    char path[64];
    struct stat st;
    gzFile gz;

    (void)state;
    put_pcap(&c, 0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 50; i++)
        put_packet(&c, i * 7919, i * 7907, "some packet");
    snprintf(path, sizeof path, "%s/packed", folder);
    gz = gzopen(path, "wb");
    gzwrite(gz, c.at, (unsigned)c.len);
    gzclose(gz);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 40), 0);
    open_one(path);
    while (reader_next(reader, &(struct raw){0}))
        ;
    assert_true(reader_counters(reader)->packets > 0);
    assert_true(reader_warning(reader, 0, why));
    assert_non_null(strstr(why, "ends within"));
    reader_close(reader);
}

static void standard_input_is_read(void **state)
{
    struct capture c = {0};
    int before = dup(STDIN_FILENO), ends[2];

    (void)state;
    put_pcap(&c, 0xa1b2c3d4, 1);
    put_packet(&c, 1, 0, "piped");
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], c.at, c.len), c.len);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    open_one("-");
    next_is(second, "piped");
    assert_string_equal(reader_source_name(reader, 0), "-");
    close_at_end();
    dup2(before, STDIN_FILENO);
    close(before);
}

/* Three files whose packets interleave; with one open at a time they park. */
static void files_are_merged_by_time(void **state)
{
    const char *paths[3];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct capture c = {0};
        char name[16];

        put_pcap(&c, 0xa1b2c3d4, 1);
        for (uint32_t n = 0; n < 20; n++)
            put_packet(&c, 10 + n, i == 2 ? 500 : 0, i == 2 ? "two" : i ? "one" : "zero");
        snprintf(name, sizeof name, "m%u.pcap", i);
        paths[i] = save(name, &c);
    }
    for (size_t max_open = 1; max_open < 5; max_open++) {
        open_paths(paths, 3, max_open);
        for (uint32_t n = 0; n < 20; n++) {
            assert_int_equal(next_is((10 + n) * second, "zero").frame, n + 1);
            assert_int_equal(next_is((10 + n) * second, "one").source, 1);
            assert_int_equal(next_is((10 + n) * second + 500000, "two").frame, n + 1);
        }
        close_at_end();
    }
}

static void a_packet_from_the_future_holds_nobody_back(void **state)
{
    struct capture a = {0}, b = {0};
    const char *paths[2];

    (void)state;
    put_pcap(&a, 0xa1b2c3d4, 1);
    put_packet(&a, 4000000000, 0, "absurd");
    put_packet(&a, 1, 0, "a1");
    put_packet(&a, 0xffffffff, 0xffffffff, "absurd");
    put_packet(&a, 3, 0, "a3");
    put_pcap(&b, 0xa1b2c3d4, 1);
    put_packet(&b, 2, 0, "b2");
    put_packet(&b, 4, 0, "b4");
    paths[0] = save("a.pcap", &a);
    paths[1] = save("b.pcap", &b);
    open_paths(paths, 2, 1);
    next_is(4000000000 * second, "absurd");
    next_is(second, "a1");
    assert_true(reader_next(reader, &(struct raw){0}));
    next_is(2 * second, "b2");
    next_is(3 * second, "a3");
    next_is(4 * second, "b4");
    assert_int_equal(reader_counters(reader)->strange, 2);
    close_at_end();
}

static void directories_are_searched(void **state)
{
    struct capture c = {0}, text = {0};
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "%s/d", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/d/inner", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    put(&text, "path,packets\n", 13);
    save("d/list.csv", &text);
    text.len = 0;
    save("d/empty", &text);
    put_pcap(&c, 0xa1b2c3d4, 1);
    put_packet(&c, 2, 0, "late");
    save("d/a.pcap", &c);
    c.len = 24;
    put_packet(&c, 1, 0, "early");
    save("d/inner/b", &c);
    snprintf(path, sizeof path, "%s/d", folder);
    open_one(path);
    assert_int_equal(reader_sources(reader), 2);
    assert_int_equal(reader_counters(reader)->skipped, 2);
    next_is(second, "early");
    next_is(2 * second, "late");
    close_at_end();
}

static void what_is_no_capture_is_refused_with_a_sentence(void **state)
{
    struct capture text = {0};
    const char *twice[] = {"-", "-"};

    (void)state;
    put(&text, "just some text, longer than a header", 36);
    refused(save("text", &text), "no capture");
    text.len = 3;
    refused(save("short", &text), "no capture");
    refused("no-such-file", "No such file");
    reader = reader_open(twice, 0, NULL, why);
    assert_null(reader);
    reader = reader_open(twice, 2, NULL, why);
    assert_null(reader);
    assert_non_null(strstr(why, "only once"));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char *roots[] = {folder, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    int failed = 0;
    FTSENT *e;

    (void)state;
    while (tree && (e = fts_read(tree)))
        if (e->fts_info != FTS_D)
            failed |= remove(e->fts_path);
    return tree ? fts_close(tree) | failed : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap_is_read_in_every_variant),
        cmocka_unit_test(pcapng_is_read_in_every_variant),
        cmocka_unit_test(interfaces_may_differ_and_sections_follow),
        cmocka_unit_test(a_cut_last_packet_is_a_warning),
        cmocka_unit_test(a_pcapng_may_be_cut_anywhere),
        cmocka_unit_test(damage_ends_one_file_not_the_others),
        cmocka_unit_test(gzip_is_unpacked),
        cmocka_unit_test(a_cut_gzip_is_a_warning),
        cmocka_unit_test(standard_input_is_read),
        cmocka_unit_test(files_are_merged_by_time),
        cmocka_unit_test(a_packet_from_the_future_holds_nobody_back),
        cmocka_unit_test(directories_are_searched),
        cmocka_unit_test(what_is_no_capture_is_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
