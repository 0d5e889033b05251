#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/config.h"

static struct diagnostics d;
static struct config *c;
static char directory[64];

static int begin(void **state)
{
    (void)state;
    diagnostics_open(&d);
    strncpy(directory, "config.XXXXXX", sizeof directory - 1);
    unsetenv("SIGHTGLASS_TEST");
    return mkdtemp(directory) ? 0 : -1;
}

/* Only what the tests write. */
static int end(void **state)
{
    static const char *const names[] = {"main.yaml", "a.yaml", "b.yaml", "c.yml"};
    char path[128];

    (void)state;
    config_free(c);
    c = NULL;
    diagnostics_close(&d);
    for (unsigned i = 0; i < COUNT_OF(names); i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    return rmdir(directory);
}

/* ---- ways to load ---------------------------------------------------------------- */

static struct config *load_as(const char *name, const char *text)
{
    struct bytes b = {(const uint8_t *)text, strlen(text)};

    config_free(c);
    c = config_read(diagnostics_source(&d, name, b), &d);
    return c;
}

static struct config *load(const char *text)
{
    return load_as("/etc/t.yaml", text);
}

/* One error, at this place, and nothing loaded. */
static void tells(const char *text, const char *message, unsigned line, unsigned column)
{
    unsigned before = d.n;

    assert_null(load(text));
    assert_int_equal(d.n, before + 1);
    assert_string_equal(d.list[before].message, message);
    assert_int_equal(d.list[before].at.line, line);
    assert_int_equal(d.list[before].at.column, column);
}

static void put(const char *name, const char *text)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static struct config *load_main(void)
{
    char path[128];

    snprintf(path, sizeof path, "%s/main.yaml", directory);
    config_free(c);
    c = config_load(path, &d);
    return c;
}

static char *printed(void (*print)(FILE *))
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    print(out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *dumped(const struct config *of)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    config_dump(of, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_same_dump(const struct config *one, const struct config *two)
{
    char *a = dumped(one), *b = dumped(two);

    assert_string_equal(a, b);
    free(a);
    free(b);
}

static const char *in_tree(const char *name)
{
    static char path[1024];
    const char *top = getenv("srcdir");

    snprintf(path, sizeof path, "%s/%s", top ? top : ".", name);
    return path;
}

static const char *text_of(const char *name)
{
    const struct source *s = diagnostics_read(&d, in_tree(name));

    assert_non_null(s);
    return (const char *)s->text.at;
}

/* ---- defaults and files we ship --------------------------------------------------- */

static void the_defaults_need_no_file(void **state)
{
    (void)state;
    c = config_default();
    assert_string_equal(c->name, "sightglass");
    assert_string_equal(c->site, "site");
    assert_null(c->contact);
    assert_int_equal(c->response_timeout, 0);
    assert_int_equal(c->update_every, 60000000000);
    assert_int_equal(c->close_after, 300000000000);
    assert_int_equal(c->alert_rate.count, 100);
    assert_int_equal(c->alert_rate.within, 60000000000);
    assert_int_equal(c->alert_bytes, 16384);
    assert_int_equal(c->flows, 65536);
    assert_int_equal(c->pending_requests, 4096);
    assert_int_equal(c->records, 16384);
    assert_int_equal(c->least_severity, SEVERITY_INFO);
    assert_int_equal(c->noutputs, 0);
    assert_int_equal(c->ninterfaces, 0);
    assert_string_equal(c->timezone, "UTC");
    assert_string_equal(c->user, "sightglass");
    assert_int_equal(c->outbox_size, 512 << 20);
    assert_int_equal(c->memory, 1 << 30);
    assert_int_equal(c->heartbeat, 10000000000);
    assert_null(c->metrics);
    assert_true(c->ndpi);
    assert_non_null(strstr(c->shipped_rules, "/sightglass/rules"));
    assert_int_equal(c->site_rules.n, 1);
}

static void the_shipped_file_is_the_one_in_the_tree(void **state)
{
    char *text = printed(config_print_default);

    (void)state;
    assert_string_equal(text, text_of("sensor/sightglass.yaml"));
    for (const char *line = text, *next; *line; line = next + 1) {
        next = strchr(line, '\n');
        assert_true(next - line <= 100);
    }
    free(text);
}

static void the_shipped_file_says_the_defaults(void **state)
{
    struct config *defaults = config_default();

    (void)state;
    assert_non_null(load(text_of("sensor/sightglass.yaml")));
    assert_same_dump(c, defaults);
    config_free(defaults);
}

/* The examples behind a single # are valid as well. */
static void the_examples_of_the_shipped_file_load(void **state)
{
    char *text = printed(config_print_default);

    (void)state;
    for (char *line = text; *line; line = strchr(line, '\n') + 1) {
        if (line[0] == '#' && line[1] != '#')
            line[0] = ' ';
    }
    for (char *at = text; (at = strstr(at, "\n ")); at++) {
        size_t margin = strspn(at + 1, " ");

        if (margin % 2) /* the # was in front of the margin */
            memmove(at + 1, at + 2, strlen(at + 1));
    }
    load(text);
    diagnostics_print(&d, stderr);
    assert_non_null(c);
    assert_int_equal(d.n, 0);
    assert_int_equal(c->ninterfaces, 1);
    assert_int_equal(c->noutputs, 2);
    assert_string_equal(c->contact, "Plant network, ext. 4400");
    assert_string_equal(c->outputs[0].redis.password_file, "/etc/redis.password");
    free(text);
}

static void what_is_dumped_loads_to_the_same(void **state)
{
    struct config *first;
    char *text;

    (void)state;
    first = load_as("/etc/plant.yaml", text_of("tests/config/plant.yaml"));
    assert_non_null(first);
    text = dumped(first);
    c = NULL;
    assert_non_null(load(text));
    assert_same_dump(first, c);
    config_free(first);
    free(text);
}

static void every_setting_takes_its_value(void **state)
{
    const struct config_redis *redis;

    (void)state;
    setenv("SIGHTGLASS_TEST_CREDENTIALS", "/run/credentials", 1);
    load_as("/etc/plant.yaml", text_of("tests/config/plant.yaml"));
    unsetenv("SIGHTGLASS_TEST_CREDENTIALS");
    assert_int_equal(d.n, 0);
    assert_string_equal(c->contact, "Plant network, ext. 4400");
    assert_int_equal(c->response_timeout, 1000000000);
    assert_string_equal(c->site_rules.text[1], "/etc/rules/extra.yaml");
    assert_string_equal(c->disabled_rules.text[1], "modbus.scan.*");
    assert_int_equal(c->least_severity, SEVERITY_LOW);
    assert_int_equal(c->alert_rate.within, 1000000000);
    assert_int_equal(c->alert_bytes, 12288);
    assert_int_equal(c->noutputs, 2);
    redis = &c->outputs[0].redis;
    assert_string_equal(redis->servers.text[0], "redis.ot-dmz.example:6380");
    assert_string_equal(redis->password_file, "/run/credentials/redis");
    assert_int_equal(redis->mode, CONFIG_REDIS_LIST);
    assert_string_equal(redis->prefix, "ot:north-wtp-01:north-wtp:x");
    assert_int_equal(redis->connect_timeout, 5000000000);
    assert_int_equal(redis->command_timeout, 500000000);
    assert_string_equal(redis->tls_ca, "/etc/tls/ca.pem");
    assert_string_equal(redis->tls_cert, "/etc/tls/sensor.pem");
    assert_string_equal(redis->tls_key, "/etc/tls/sensor.key");
    assert_int_equal(redis->trim_keep, INT64_C(43200000000000));
    assert_int_equal(c->outputs[0].what, OUTPUT_ALERTS | OUTPUT_UPDATES | OUTPUT_HEALTH |
                                             OUTPUT_TRANSACTIONS);
    assert_int_equal(c->outputs[1].file.rotate_size, 1 << 30);
    assert_int_equal(c->outputs[1].file.keep, 3);
    assert_int_equal(c->outputs[1].what, OUTPUT_FLOWS | OUTPUT_OPERATIONS);
    assert_int_equal(c->flows, 1000);
    assert_false(c->ndpi);
}

static void every_setting_of_a_live_sensor_takes_its_value(void **state)
{
    const struct config_interface *tap;

    (void)state;
    assert_non_null(load_as("/etc/plant.yaml", text_of("tests/config/plant.yaml")));
    assert_string_equal(c->timezone, "Europe/Berlin");
    assert_string_equal(c->user, "probe");
    assert_int_equal(c->workers, 2);
    assert_int_equal(c->packet_ring, 32 << 20);
    assert_int_equal(c->ninterfaces, 2);
    tap = &c->interfaces[0];
    assert_string_equal(tap->name, "tap0");
    assert_string_equal(tap->group, "tap");
    assert_int_equal(tap->snaplen, 1600);
    assert_int_equal(tap->ring, 8 << 20);
    assert_string_equal(tap->filter, "tcp or udp");
    assert_false(tap->promiscuous || tap->require_silent);
    assert_string_equal(tap[1].filter, "");
    assert_int_equal(tap[1].snaplen, 65535);
    assert_true(tap[1].promiscuous && tap[1].require_silent);
    assert_string_equal(c->evidence, "/etc/evidence");
    assert_int_equal(c->evidence_before, 5);
    assert_int_equal(c->evidence_bytes, 64 << 10);
    assert_int_equal(c->evidence_total, 1 << 30);
    assert_int_equal(c->evidence_send, 16 << 10);
    assert_string_equal(c->state, "/etc/state");
    assert_int_equal(c->outbox_size, 64 << 20);
    assert_int_equal(c->outbox_age, INT64_C(43200000000000));
    assert_int_equal(c->outbox_full, OUTBOX_DROP_OLDEST);
    assert_string_equal(c->control, "/etc/state/control.sock");
    assert_int_equal(c->memory, 512 << 20);
    assert_int_equal(c->heartbeat, 5000000000);
    assert_int_equal(c->stats, 120000000000);
    assert_string_equal(c->metrics, "/etc/metrics/sightglass.prom");
}

static void a_section_may_be_empty(void **state)
{
    (void)state;
    assert_non_null(load("sensor:\nrules:\n  disable: []\n"));
    assert_non_null(load(""));
}

static void outputs_have_defaults_too(void **state)
{
    (void)state;
    assert_non_null(load("sensor: {site: s, name: n}\noutputs:\n"
                         "  - {name: a, type: redis, servers: [\"unix:/r\"]}\n"
                         "  - {name: b, type: file, path: eve.json}\n"));
    assert_string_equal(c->outputs[0].redis.prefix, "sg:s:n");
    assert_int_equal(c->outputs[0].redis.mode, CONFIG_REDIS_STREAM);
    assert_null(c->outputs[0].redis.tls_ca);
    assert_int_equal(c->outputs[0].redis.command_timeout, 2000000000);
    assert_int_equal(c->outputs[0].what, OUTPUT_ALERTS | OUTPUT_UPDATES | OUTPUT_HEALTH);
    assert_string_equal(c->outputs[1].file.path, "/etc/eve.json");
    assert_int_equal(c->outputs[1].file.rotate_size, 100 << 20);
}

/* ---- errors ------------------------------------------------------------------------ */

static void all_errors_of_a_file_are_told_at_once(void **state)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    assert_null(load_as("bad.yaml", text_of("tests/config/bad.yaml")));
    diagnostics_print(&d, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, text_of("tests/config/bad.txt"));
    free(text);
}

static void each_kind_of_value_is_checked(void **state)
{
    (void)state;
    tells("- 1\n", "this must be a map, not a list", 1, 1);
    tells("sensor: {name: a b}\n",
          "name must be at most 64 letters, digits and . _ -, not `a b`", 1, 16);
    tells("sensor: {contact: \"a\\tb\"}\n",
          "contact must be one line of at most 1024 characters, not `a\tb`", 1, 19);
    tells("sensor: {name: }\n", "name is empty", 1, 16);
    tells("alerts: {rate: 0/m}\n", "rate must be between 1 and 100000, not 0/m", 1, 16);
    tells("alerts: {bytes: 1}\n", "bytes must be between 2KiB and 16KiB, not 1", 1, 17);
    tells("alerts: {close_after: 8d}\n", "close_after must be between 1s and 7d, not 8d",
          1, 23);
    tells("limits:\n  flows: -1\n", "flows must be between 1 and 16777216, not -1", 2,
          10);
    tells("rules: {disable: x}\n", "disable must be a list, not a text or number", 1, 18);
    tells("rules: {shipped: [x]}\n", "shipped must be a text or number, not a list", 1,
          18);
    tells("rules: {minimum_severity: bad}\n", "minimum_severity cannot be `bad`", 1, 27);
    tells("identification: {ndpi: 1}\n", "ndpi must be true or false, not `1`", 1, 24);
}

static void servers_are_checked(void **state)
{
    static const char *const good[] = {"a:1", "10.0.0.1:65535", "[::1]:6379", "unix:/r"};
    static const char *const bad[] = {"a",    "a:",     "a:0",   "a:65536", ":1",
                                      "[]:1", "[::1]1", "[::1",  "unix:r",  "unix:/",
                                      "[",    "a b:1",  "a:1:2", "a:1x",    "[::1]"};
    char text[128];

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(good) + COUNT_OF(bad); i++) {
        bool fine = i < COUNT_OF(good);

        snprintf(text, sizeof text,
                 "outputs:\n  - {name: a, type: redis, servers: [\"%s\"]}\n",
                 fine ? good[i] : bad[i - COUNT_OF(good)]);
        assert_int_equal(load(text) != NULL, fine);
    }
    tells("outputs: [{name: a, type: redis, servers: []}]\n", "servers is empty", 1, 43);
    tells("outputs: [{name: a, type: redis, servers: [\"a:1\", \"b:1\"]}]\n",
          "servers has 2 entries; at most 1", 1, 43);
}

static void an_output_must_be_whole(void **state)
{
    (void)state;
    tells("outputs: [{name: a, type: redis}]\n", "this output has no `servers`", 1, 11);
    tells("outputs: [{type: file, path: x}]\n", "this output has no `name`", 1, 11);
    tells("outputs: [{name: a, path: x}]\n", "this output has no `type`", 1, 11);
    tells(
        "outputs:\n- {name: a, type: file, path: x}\n- {name: a, type: file, path: y}\n",
        "two outputs are called `a`", 3, 10);
    tells("outputs: [{name: a, type: file, path: x, rotate: {sise: 1}}]\n",
          "unknown key `sise`", 1, 51);
    assert_string_equal(d.list[d.n - 1].help, "known: size keep");
}

/* What is filled in could otherwise outgrow the room for it. */
static void keys_are_short(void **state)
{
    char keys[130] = "", text[256];

    (void)state;
    memset(keys, 'k', 129);
    for (unsigned len = 129; len >= 128; len--) {
        keys[len] = '\0';
        snprintf(text, sizeof text,
                 "outputs: [{name: a, type: redis, servers: [\"a:1\"], keys: %s}]\n",
                 keys);
        assert_int_equal(load(text) != NULL, len == 128);
        if (c)
            assert_int_equal(strlen(c->outputs[0].redis.prefix), 128);
    }
}

static void outputs_are_bounded(void **state)
{
    char text[4096] = "outputs:\n";

    (void)state;
    for (unsigned i = 0; i <= CONFIG_OUTPUTS; i++) {
        size_t len = strlen(text);

        snprintf(text + len, sizeof text - len, "- {name: n%u, type: file, path: x}\n",
                 i);
    }
    tells(text, "there are 17 outputs; at most 16", 2, 1);
}

/* Half of it must not end in plaintext, or in a client nobody knows. */
static void tls_is_whole_or_refused(void **state)
{
#define REDIS "outputs:\n  - {name: a, type: redis, servers: [\"a:1\"], "
    (void)state;
    tells(REDIS "tls: {}}\n", "this tls has no `ca`", 2, 51);
    tells(REDIS "tls: }\n", "this tls has no `ca`", 2, 51);
    tells(REDIS "tls: {ca: x, cert: y}}\n", "`cert` needs `key` beside it", 2, 59);
    tells(REDIS "tls: {ca: x, key: y}}\n", "`key` needs `cert` beside it", 2, 59);
    assert_non_null(load(REDIS "tls: {ca: x}}\n"));
    assert_string_equal(c->outputs[0].redis.tls_ca, "/etc/x");
#undef REDIS
}

/* One warning, at this place, and the rest is in force. */
static void warns(const char *text, const char *message, unsigned line, unsigned column)
{
    unsigned before = d.n;

    assert_non_null(load(text));
    assert_int_equal(d.n, before + 1);
    assert_true(d.list[before].warning);
    assert_string_equal(d.list[before].message, message);
    assert_int_equal(d.list[before].at.line, line);
    assert_int_equal(d.list[before].at.column, column);
}

static void what_is_for_later_is_told_and_left_out(void **state)
{
    (void)state;
    warns("inventory: {uoi: x}\n", "`inventory` is not in force in this version", 1, 1);
    warns("capture: {interfaces: [{name: a, flow_vlan: key}]}\n",
          "`capture.interfaces.flow_vlan` is not in force in this version", 1, 34);
    assert_int_equal(c->ninterfaces, 1);
    warns(
        "outputs:\n- {name: a, type: syslog, to: x}\n- {name: b, type: file, path: x}\n",
        "`outputs.type: syslog` is not in force in this version", 2, 19);
    assert_int_equal(c->noutputs, 1);
    assert_string_equal(c->outputs[0].name, "b");
    warns("outputs: [{name: a, type: file, path: x, what: [stats, points]}]\n",
          "`outputs.what: points` is not in force in this version", 1, 56);
    assert_int_equal(c->outputs[0].what, OUTPUT_STATS);
    assert_null(load("outputs: [{name: a, type: file, path: x, what: [points]}]\n"));
    assert_string_equal(d.list[d.n - 1].message, "what has nothing this version knows");
}

static void interfaces_are_checked(void **state)
{
    (void)state;
    tells("capture: {interfaces: [{name: a}, {name: a}]}\n",
          "two interfaces are called `a`", 1, 42);
    tells("capture: {interfaces: [{snaplen: 100}]}\n", "this interface has no `name`", 1,
          24);
    tells("capture: {interfaces: [{name: a, type: redis}]}\n", "unknown key `type`", 1,
          34);
    tells("capture:\n  interfaces: [{name: a, ring: 1KiB}]\n",
          "ring must be between 1MiB and 1GiB, not 1KiB", 2, 32);
}

static void places_and_zones_are_checked(void **state)
{
    (void)state;
    tells("health: {metrics: \"unix:m\"}\n",
          "metrics must be a file, or unix:/path of at most 107 characters, not `unix:m`",
          1, 19);
    assert_non_null(load("health: {metrics: \"unix:/run/m\"}\n"));
    assert_string_equal(c->metrics, "unix:/run/m");
    assert_non_null(load("health: {metrics: m}\n"));
    assert_string_equal(c->metrics, "/etc/m");
    tells("sensor: {timezone: ../etc}\n",
          "timezone must be a time zone such as Europe/Berlin, not `../etc`", 1, 20);
}

/* The configuration people were promised; it stands beside the tree, not in it. */
static void the_reference_loads(void **state)
{
    char path[1024];

    (void)state;
    snprintf(path, sizeof path, "%s", in_tree("../shared/reference/sightglass.yaml"));
    if (access(path, R_OK) != 0)
        return; /* a skip would be "not ok" in cmocka's TAP */
    c = config_load(path, &d);
    assert_non_null(c);
    assert_int_equal(d.errors, 0);
    assert_int_equal(c->ninterfaces, 1);
    assert_int_equal(c->noutputs, 2);
}

static void secrets_get_on_no_screen(void **state)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    (void)state;
    assert_null(load("outputs:\n"
                     "  - {name: a, type: redis, password: hunter2, mode: no, queue: 1}\n"
                     "  - {name: b, type: redis, servers: [\"redis://u:hunter2@h:1\"]}\n"
                     "redis_PASSWD: hunter2\n"));
    assert_int_equal(d.errors, 6);
    diagnostics_print(&d, out);
    assert_int_equal(fclose(out), 0);
    assert_null(strstr(text, "hunter2"));
    free(text);
}

static void a_key_of_another_section_is_shown_its_place(void **state)
{
    (void)state;
    tells("close_after: 1s\n", "unknown key `close_after`", 1, 1);
    assert_string_equal(d.list[0].help, "its place is `alerts.close_after`");
    tells("sensor: {nmae: x}\n", "unknown key `nmae`", 1, 10);
    tells("sensors: {name: x}\n", "unknown key `sensors`", 1, 1);
    assert_string_equal(d.list[2].hint, "did you mean `sensor`?");
}

/* ---- paths and includes ------------------------------------------------------------ */

static void paths_take_from_the_environment(void **state)
{
    (void)state;
    setenv("SIGHTGLASS_TEST", "/x y", 1);
    assert_non_null(load("rules: {shipped: \"a/${SIGHTGLASS_TEST}/b\"}\n"));
    assert_string_equal(c->shipped_rules, "/etc/a//x y/b");
    assert_non_null(load("rules: {shipped: \"${SIGHTGLASS_TEST}$/b${\"}\n"));
    assert_string_equal(c->shipped_rules, "/x y$/b${");
    assert_int_equal(d.warnings, 1);
    unsetenv("SIGHTGLASS_TEST");
    assert_non_null(load("rules: {shipped: \"${SIGHTGLASS_TEST}/b\"}\n"));
    assert_string_equal(c->shipped_rules, "${SIGHTGLASS_TEST}/b");
    assert_int_equal(d.warnings, 2);
    assert_string_equal(d.list[1].message,
                        "${SIGHTGLASS_TEST} is not set in the environment");
}

static void included_files_are_merged(void **state)
{
    char path[128];

    (void)state;
    put("main.yaml", "include: [\"[ab].yaml\", c.yml, nothing/*.yaml]\n"
                     "sensor: {name: main}\n");
    put("a.yaml", "sensor: {site: a}\nrules: {site: [r]}\n");
    put("b.yaml", "limits: {flows: 7}\n");
    put("c.yml", "# nothing\n");
    assert_non_null(load_main());
    assert_string_equal(c->name, "main");
    assert_string_equal(c->site, "a");
    assert_int_equal(c->flows, 7);
    snprintf(path, sizeof path, "%s/r", directory);
    assert_string_equal(c->site_rules.text[0], path);
}

static void a_key_set_in_two_files_is_an_error(void **state)
{
    char help[128];

    (void)state;
    put("main.yaml", "include: [\"?.yaml\"]\nsensor:\n  name: main\n");
    put("a.yaml", "sensor: {name: main}\n");
    put("b.yaml", "include: [c.yml]\n");
    assert_null(load_main());
    assert_int_equal(d.errors, 2);
    assert_string_equal(d.list[0].message, "`sensor.name` is set twice");
    snprintf(help, sizeof help, "the first is in %s/main.yaml, line 3", directory);
    assert_string_equal(d.list[0].help, help);
    assert_int_equal(d.list[0].at.column, 10);
    assert_string_equal(d.list[1].message, "only the main file includes others");
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    assert_null(load_main());
    assert_int_equal(d.errors, 1);
    assert_non_null(strstr(d.list[0].message, "cannot be opened"));
    put("main.yaml", "include: [a.yaml]\n");
    assert_null(load_main());
    assert_int_equal(d.errors, 2);
    assert_non_null(strstr(d.list[1].message, "a.yaml: cannot be opened"));
}

/* ---- reload ------------------------------------------------------------------------ */

static void only_what_may_change_is_reloadable(void **state)
{
    struct config *defaults = config_default();

    (void)state;
    load("alerts: {rate: 5/s}\nrules: {disable: [BD-16]}\n");
    assert_true(config_reloadable(defaults, c, &d));
    load("limits: {flows: 5}\noutputs: [{name: a, type: file, path: x}]\n");
    assert_false(config_reloadable(defaults, c, &d));
    assert_int_equal(d.errors, 2);
    assert_string_equal(d.list[0].message, "outputs has changed: this takes a restart");
    assert_string_equal(d.list[1].message,
                        "limits.flows has changed: this takes a restart");
    config_free(defaults);
}

static void the_help_knows_every_setting(void **state)
{
    char *text = printed(config_print_help);

    (void)state;
    assert_non_null(strstr(text, "alerts.update_every\n"
                                 "    Count updates of an open alert (alert_update)\n"
                                 "    time, 1s to 1d; default 60s; reload\n"));
    assert_non_null(strstr(text, "one of stream list channel; default stream\n"));
    assert_null(strstr(text, "(null)"));
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_defaults_need_no_file),
        TEST(the_shipped_file_is_the_one_in_the_tree),
        TEST(the_shipped_file_says_the_defaults),
        TEST(the_examples_of_the_shipped_file_load),
        TEST(what_is_dumped_loads_to_the_same),
        TEST(every_setting_takes_its_value),
        TEST(every_setting_of_a_live_sensor_takes_its_value),
        TEST(a_section_may_be_empty),
        TEST(outputs_have_defaults_too),
        TEST(all_errors_of_a_file_are_told_at_once),
        TEST(each_kind_of_value_is_checked),
        TEST(servers_are_checked),
        TEST(an_output_must_be_whole),
        TEST(keys_are_short),
        TEST(outputs_are_bounded),
        TEST(tls_is_whole_or_refused),
        TEST(what_is_for_later_is_told_and_left_out),
        TEST(interfaces_are_checked),
        TEST(places_and_zones_are_checked),
        TEST(the_reference_loads),
        TEST(secrets_get_on_no_screen),
        TEST(a_key_of_another_section_is_shown_its_place),
        TEST(paths_take_from_the_environment),
        TEST(included_files_are_merged),
        TEST(a_key_set_in_two_files_is_an_error),
        TEST(a_file_that_is_not_there_is_an_error),
        TEST(only_what_may_change_is_reloadable),
        TEST(the_help_knows_every_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
