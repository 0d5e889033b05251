#include "sensor/settings.h"

#include <string.h>

static const char *const output_types[] = {
    [OUTPUT_REDIS] = "redis", [OUTPUT_FILE] = "file", [OUTPUT_TYPES] = NULL};

static const char *const later_outputs[] = {"syslog", NULL};

static const char *const redis_modes[] = {[CONFIG_REDIS_STREAM] = "stream",
                                          [CONFIG_REDIS_LIST] = "list",
                                          [CONFIG_REDIS_CHANNEL] = "channel",
                                          NULL};

static const char *const trims[] = {[CONFIG_TRIM_NEVER] = "never", NULL};

static const char *const fulls[] = {[OUTBOX_DROP_LOWEST] = "drop_lowest_severity",
                                    [OUTBOX_DROP_OLDEST] = "drop_oldest",
                                    NULL};

static const char *const severities[] = {
    [SEVERITY_INFO] = "info",         [SEVERITY_LOW] = "low",
    [SEVERITY_MEDIUM] = "medium",     [SEVERITY_HIGH] = "high",
    [SEVERITY_CRITICAL] = "critical", NULL};

/* In the order of the bits of enum output_what. */
static const char *const whats[] = {"alerts", "updates",    "health", "transactions",
                                    "flows",  "operations", "stats",  NULL};

static const char *const later_whats[] = {"assets", "points", "would_alerts", NULL};

#define OF(member)  offsetof(struct config, member)
#define OUT(member) offsetof(struct config_output, member)
#define IN(member)  offsetof(struct config_interface, member)

static const struct setting_list interfaces = {.one = "interface",
                                               .size = sizeof(struct config_interface),
                                               .count = OF(ninterfaces),
                                               .most = CONFIG_INTERFACES,
                                               .of = OF_INTERFACE};

static const struct setting_list outputs = {.one = "output",
                                            .size = sizeof(struct config_output),
                                            .count = OF(noutputs),
                                            .most = CONFIG_OUTPUTS,
                                            .of = OF_REDIS,
                                            .types = output_types,
                                            .type = OUT(type)};

/* clang-format off */
const struct setting settings[] = {
    {"version", SETTING_NUMBER, OF(version), "1", "1", "1", RELOAD_NO,
     "Of this format; in the main file only"},
    {"include", SETTING_PATH, OF(include), NULL, NULL, "64", RELOAD_YES,
     "Merged after this one; no key may be set twice",
     .example = "[conf.d/*.yaml]", .flags = SETTING_LIST | SETTING_INCLUDE},

    {"sensor", SETTING_SECTION, .doc = "Who it is"},
    {"sensor.name", SETTING_NAME, OF(name), "sightglass", NULL, NULL, RELOAD_NO,
     "EVE \"host\", part of Redis keys: letters digits . _ -"},
    {"sensor.site", SETTING_NAME, OF(site), "site", NULL, NULL, RELOAD_NO,
     "Where it stands, part of Redis keys; the same signs"},
    {"sensor.timezone", SETTING_ZONE, OF(timezone), "UTC", NULL, NULL, RELOAD_NO,
     "For people, such as Europe/Berlin; events are UTC"},
    {"sensor.contact", SETTING_TEXT, OF(contact), NULL, NULL, NULL, RELOAD_NO,
     "Whom to ask; goes into health alerts",
     .example = "Plant network, ext. 4400"},

    {"capture", SETTING_SECTION, .doc = "What is read from the wire"},
    {"capture.user", SETTING_NAME, OF(user), "sightglass", NULL, NULL, RELOAD_NO,
     "Whom it runs as, before the first packet"},
    {"capture.workers", SETTING_NUMBER, OF(workers), "1", "1", "64", RELOAD_NO,
     "Threads that decode, of each interface group"},
    {"capture.packet_ring", SETTING_SIZE, OF(packet_ring), "64MiB", "1MiB", "64GiB", RELOAD_NO,
     "Packets of each group; evidence is cut from it"},
    {"capture.interfaces", SETTING_ENTRIES, OF(interfaces), "[]", NULL, NULL, RELOAD_NO,
     "The ports it listens on", .list = &interfaces},
    {"capture.interfaces.name", SETTING_NAME, IN(name), NULL, NULL, NULL, RELOAD_NO,
     "As the system calls it",
     .example = "span0", .of = OF_INTERFACE, .flags = SETTING_REQUIRED | SETTING_UNIQUE},
    {"capture.interfaces.group", SETTING_NAME, IN(group), NULL, NULL, NULL, RELOAD_NO,
     "The two ports of a TAP are one group",
     .example = "tap", .of = OF_INTERFACE},
    {"capture.interfaces.snaplen", SETTING_NUMBER, IN(snaplen), "65535", "64", "262144", RELOAD_NO,
     "Bytes of a frame; less cuts what can be decoded",
     .of = OF_INTERFACE},
    {"capture.interfaces.ring", SETTING_SIZE, IN(ring), "64MiB", "1MiB", "1GiB", RELOAD_NO,
     "The kernel's ring of this port",
     .of = OF_INTERFACE},
    {"capture.interfaces.filter", SETTING_TEXT, IN(filter), "\"\"", NULL, NULL, RELOAD_NO,
     "BPF; it is made to match tagged frames too",
     .of = OF_INTERFACE, .flags = SETTING_EMPTY},
    {"capture.interfaces.flow_vlan", SETTING_LATER, .of = OF_INTERFACE,
     .doc = "VLANs are no part of a flow"},
    {"capture.interfaces.promiscuous", SETTING_SWITCH, IN(promiscuous), "true", NULL, NULL, RELOAD_NO,
     "Take frames for other stations",
     .of = OF_INTERFACE},
    {"capture.interfaces.require_silent", SETTING_SWITCH, IN(require_silent), "true", NULL, NULL, RELOAD_NO,
     "Refuse a port that has an address or answers",
     .of = OF_INTERFACE},
    {"capture.interfaces.expect", SETTING_LATER, .of = OF_INTERFACE,
     .doc = "a port without any traffic is told after a minute, less than usual is not"},
    {"capture.duplicates", SETTING_LATER, .doc = "copies of a frame are analysed like others"},
    {"capture.response_timeout", SETTING_DURATION, OF(response_timeout), NULL, "0s", "1h", RELOAD_YES,
     "Without an answer for longer; else by protocol",
     .example = "1s"},

    {"network", SETTING_LATER, .doc = "zones and assets are names for rules; there are no conduits",
     .flags = SETTING_ELSEWHERE},

    {"rules", SETTING_SECTION, .doc = "What is looked for"},
    {"rules.shipped", SETTING_PATH, OF(shipped_rules), PKGDATADIR "/rules", NULL, NULL, RELOAD_YES,
     "Belongs to the package, never edited",
     .example = "/usr/share/sightglass/rules"},
    {"rules.site", SETTING_PATH, OF(site_rules), "[" SYSCONFDIR "/sightglass/rules.d]", NULL, "64", RELOAD_YES,
     "Directories or files, after the shipped ones",
     .example = "[/etc/sightglass/rules.d]", .flags = SETTING_LIST},
    {"rules.disable", SETTING_PATTERN, OF(disabled_rules), "[]", NULL, "1024", RELOAD_YES,
     "Detection ids, rule names, or * at the end",
     .flags = SETTING_LIST},
    {"rules.minimum_severity", SETTING_CHOICE, OF(least_severity), "info", NULL, NULL, RELOAD_YES,
     "What is below it is not told",
     .choices = severities},

    {"points", SETTING_LATER, .doc = "the maps give rules names; values get none",
     .flags = SETTING_ELSEWHERE},
    {"baseline", SETTING_LATER, .doc = "nothing is learned"},
    {"first_days", SETTING_DURATION, OF(first_days), "3d", "0s", "365d", RELOAD_NO,
     "Old states found in it are kept for the report"},
    {"inventory", SETTING_LATER, .doc = "no assets are kept"},

    {"evidence", SETTING_SECTION, .doc = "Packets kept for an alert"},
    {"evidence.directory", SETTING_PATH, OF(evidence), "/var/lib/sightglass/evidence", NULL, NULL, RELOAD_NO,
     "One pcapng file each"},
    {"evidence.before", SETTING_NUMBER, OF(evidence_before), "20", "0", "10000", RELOAD_NO,
     "Packets of the conversation before the alert"},
    {"evidence.bytes_per_alert", SETTING_SIZE, OF(evidence_bytes), "256KiB", "4KiB", "64MiB", RELOAD_NO,
     "The rest is left out, and it says so"},
    {"evidence.total", SETTING_SIZE, OF(evidence_total), "2GiB", "1MiB", "64TiB", RELOAD_NO,
     "Of the directory; the oldest go first"},
    {"evidence.send", SETTING_SIZE, OF(evidence_send), "0", "0", "1MiB", RELOAD_NO,
     "Of each also into Redis; 0: nothing"},

    {"alerts", SETTING_SECTION, .doc = "How findings become alerts"},
    {"alerts.update_every", SETTING_DURATION, OF(update_every), "60s", "1s", "1d", RELOAD_YES,
     "Count updates of an open alert (alert_update)"},
    {"alerts.close_after", SETTING_DURATION, OF(close_after), "300s", "1s", "7d", RELOAD_YES,
     "Quiet time after which an alert is closed"},
    {"alerts.rate", SETTING_RATE, OF(alert_rate), "100/m", "1", "100000", RELOAD_YES,
     "New alerts above it fold into one storm alert"},
    {"alerts.bytes", SETTING_SIZE, OF(alert_bytes), "16KiB", "2KiB", "16KiB", RELOAD_YES,
     "Of one alert; the rest is cut and it says so"},

    {"outputs", SETTING_ENTRIES, OF(outputs), "[]", NULL, NULL, RELOAD_NO,
     "Where alerts go; none waits for another", .list = &outputs},
    {"outputs.name", SETTING_NAME, OUT(name), NULL, NULL, NULL, RELOAD_NO,
     "Unique among the outputs",
     .example = "soc", .of = OF_OUTPUT, .flags = SETTING_REQUIRED | SETTING_UNIQUE},
    {"outputs.type", SETTING_CHOICE, OUT(type), NULL, NULL, NULL, RELOAD_NO,
     "redis or file",
     .choices = output_types, .later = later_outputs, .of = OF_OUTPUT, .flags = SETTING_REQUIRED},
    {"outputs.servers", SETTING_SERVER, OUT(redis.servers), NULL, "1", "1", RELOAD_NO,
     "host:port or unix:/path; one, so far",
     .example = "[\"127.0.0.1:6379\"]", .of = OF_REDIS, .flags = SETTING_LIST | SETTING_REQUIRED},
    {"outputs.user", SETTING_TEXT, OUT(redis.user), NULL, NULL, NULL, RELOAD_NO,
     "Redis ACL user",
     .example = "sightglass", .of = OF_REDIS},
    {"outputs.password_file", SETTING_PATH, OUT(redis.password_file), NULL, NULL, NULL, RELOAD_NO,
     "The password stands in it, never in this file",
     .example = "redis.password", .of = OF_REDIS},
    {"outputs.tls", SETTING_SECTION, .of = OF_REDIS,
     .doc = "Verified; without it all is plaintext"},
    {"outputs.tls.ca", SETTING_PATH, OUT(redis.tls_ca), NULL, NULL, NULL, RELOAD_NO,
     "Who vouches for the server",
     .example = "tls/ca.pem", .of = OF_REDIS, .flags = SETTING_REQUIRED},
    {"outputs.tls.cert", SETTING_PATH, OUT(redis.tls_cert), NULL, NULL, NULL, RELOAD_NO,
     "Shown to the server",
     .example = "tls/sensor.pem", .of = OF_REDIS, .with = "key"},
    {"outputs.tls.key", SETTING_PATH, OUT(redis.tls_key), NULL, NULL, NULL, RELOAD_NO,
     "Of the certificate",
     .example = "tls/sensor.key", .of = OF_REDIS, .with = "cert"},
    {"outputs.mode", SETTING_CHOICE, OUT(redis.mode), "stream", NULL, NULL, RELOAD_NO,
     "stream, list or channel",
     .choices = redis_modes, .of = OF_REDIS},
    {"outputs.keys", SETTING_KEYS, OUT(redis.keys), "\"sg:<site>:<sensor>\"", NULL, NULL, RELOAD_NO,
     "What its keys begin with; no braces (hash tags)",
     .of = OF_REDIS},
    {"outputs.trim", SETTING_SECTION, .doc = "What leaves the stream again", .of = OF_REDIS},
    {"outputs.trim.keep", SETTING_DURATION, OUT(redis.trim_keep), "7d", "0s", "3650d", RELOAD_NO,
     "Of an entry; 0s: for ever",
     .of = OF_REDIS},
    {"outputs.trim.unread", SETTING_CHOICE, OUT(redis.trim_unread), "never", NULL, NULL, RELOAD_NO,
     "What some group has not acknowledged stays",
     .choices = trims, .of = OF_REDIS},
    {"outputs.timeouts", SETTING_SECTION, .doc = "Of the connection to Redis", .of = OF_REDIS},
    {"outputs.timeouts.connect", SETTING_DURATION, OUT(redis.connect_timeout), "3s", "10ms", "60s", RELOAD_NO,
     "For a connection to stand",
     .of = OF_REDIS},
    {"outputs.timeouts.command", SETTING_DURATION, OUT(redis.command_timeout), "2s", "10ms", "60s", RELOAD_NO,
     "For an answer to a command",
     .of = OF_REDIS},
    {"outputs.path", SETTING_PATH, OUT(file.path), NULL, NULL, NULL, RELOAD_NO,
     "JSON lines are added to it",
     .example = "/var/log/sightglass/eve.json", .of = OF_FILE, .flags = SETTING_REQUIRED},
    {"outputs.rotate", SETTING_SECTION, .doc = "When to begin a new file", .of = OF_FILE},
    {"outputs.rotate.size", SETTING_SIZE, OUT(file.rotate_size), "100MiB", "0", "1TiB", RELOAD_NO,
     "Of a file before the next begins; 0: never",
     .of = OF_FILE},
    {"outputs.rotate.keep", SETTING_NUMBER, OUT(file.keep), "10", "0", "1000", RELOAD_NO,
     "Old files kept beside the current one",
     .of = OF_FILE},
    {"outputs.what", SETTING_CHOICES, OUT(what), "[alerts, updates, health]", "1", NULL, RELOAD_NO,
     "Also: transactions, flows, operations, stats",
     .choices = whats, .later = later_whats, .of = OF_OUTPUT},

    {"state", SETTING_SECTION, .doc = "What outlives a restart"},
    {"state.directory", SETTING_PATH, OF(state), "/var/lib/sightglass", NULL, NULL, RELOAD_NO,
     "The one place it writes to, beside logs and evidence"},
    {"state.outbox", SETTING_SECTION, .doc = "What no output has taken yet, on disk"},
    {"state.outbox.size", SETTING_SIZE, OF(outbox_size), "512MiB", "1MiB", "1TiB", RELOAD_NO,
     "Told at 50 % and 80 %"},
    {"state.outbox.age", SETTING_DURATION, OF(outbox_age), "30d", "1m", "3650d", RELOAD_NO,
     "An event waits at most"},
    {"state.outbox.full", SETTING_CHOICE, OF(outbox_full), "drop_lowest_severity", NULL, NULL, RELOAD_NO,
     "Or drop_oldest",
     .choices = fulls},
    {"state.control", SETTING_PATH, OF(control), "/run/sightglass/control.sock", NULL, NULL, RELOAD_NO,
     "Where the commands ask the running sensor"},

    {"limits", SETTING_SECTION, .doc = "Ceilings; what bites is counted and told"},
    {"limits.memory", SETTING_SIZE, OF(memory), "1GiB", "1MiB", "1TiB", RELOAD_NO,
     "All tables; `check` fails when they add up to more"},
    {"limits.flows", SETTING_NUMBER, OF(flows), "65536", "1", "16777216", RELOAD_NO,
     "Conversations known at the same time"},
    {"limits.pending_requests", SETTING_NUMBER, OF(pending_requests), "4096", "1", "1048576", RELOAD_NO,
     "Requests that wait for their answer"},
    {"limits.records", SETTING_NUMBER, OF(records), "16384", "1", "16777216", RELOAD_NO,
     "Records in the making"},
    {"limits.points", SETTING_LATER, .doc = "there is no table of points"},
    {"limits.assets", SETTING_LATER, .doc = "there is no table of assets"},
    {"limits.baseline", SETTING_LATER, .doc = "there is no baseline"},

    {"health", SETTING_SECTION, .doc = "How it tells that it lives"},
    {"health.heartbeat", SETTING_DURATION, OF(heartbeat), "10s", "1s", "1h", RELOAD_NO,
     "Redis hash KEYS:health; it expires after three"},
    {"health.stats", SETTING_DURATION, OF(stats), "60s", "1s", "1d", RELOAD_NO,
     "Between two events of type stats"},
    {"health.clock_error", SETTING_LATER, .doc = "the clock is compared with nothing"},
    {"health.metrics", SETTING_PLACE, OF(metrics), NULL, NULL, NULL, RELOAD_NO,
     "Prometheus text: a socket, or a file for a collector",
     .example = "unix:/run/sightglass/metrics.sock"},

    {"identification", SETTING_SECTION, .doc = "How flows get a name"},
    {"identification.ndpi", SETTING_SWITCH, OF(ndpi), "true", NULL, NULL, RELOAD_NO,
     "nDPI names what is no protocol of ours"},
    {0},
};
/* clang-format on */

_Static_assert(COUNT_OF(settings) <= SETTINGS_MAX, "raise SETTINGS_MAX");

bool setting_is_of(const struct setting *s, unsigned of)
{
    return of ? (s->of & of) != 0 : s->of == 0;
}

const char *setting_key(const struct setting *s)
{
    const char *dot = strrchr(s->path, '.');

    return dot ? dot + 1 : s->path;
}

bool setting_is_below(const struct setting *s, const char *section)
{
    size_t len = strlen(section);

    return strncmp(s->path, section, len) == 0 && s->path[len] == '.';
}

bool setting_is_in(const struct setting *s, const char *section)
{
    size_t before = (size_t)(setting_key(s) - s->path);

    if (!*section || before == 0)
        return !*section && before == 0;
    return setting_is_below(s, section) && before == strlen(section) + 1;
}

unsigned setting_entry_of(const struct setting_list *list, const void *entry)
{
    unsigned type = 0;

    if (list->types)
        memcpy(&type, (const char *)entry + list->type, sizeof type);
    return list->of << type;
}
