#include "sensor/settings.h"

#include <string.h>

enum { ANY = 1 << OUTPUT_REDIS | 1 << OUTPUT_FILE, REDIS = 1 << OUTPUT_REDIS };
enum { FILES = 1 << OUTPUT_FILE };

const char *const output_type_names[] = {
    [OUTPUT_REDIS] = "redis", [OUTPUT_FILE] = "file", [OUTPUT_TYPES] = NULL};

static const char *const redis_modes[] = {[CONFIG_REDIS_STREAM] = "stream",
                                          [CONFIG_REDIS_LIST] = "list",
                                          [CONFIG_REDIS_CHANNEL] = "channel",
                                          NULL};

static const char *const severities[] = {
    [SEVERITY_INFO] = "info",         [SEVERITY_LOW] = "low",
    [SEVERITY_MEDIUM] = "medium",     [SEVERITY_HIGH] = "high",
    [SEVERITY_CRITICAL] = "critical", NULL};

/* In the order of the bits of enum output_what. */
static const char *const whats[] = {"alerts", "updates",    "health", "transactions",
                                    "flows",  "operations", NULL};

#define OF(member)  offsetof(struct config, member)
#define OUT(member) offsetof(struct config_output, member)

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
    {"sensor.contact", SETTING_TEXT, OF(contact), NULL, NULL, NULL, RELOAD_NO,
     "Whom to ask; goes into health alerts",
     .example = "Plant network, ext. 4400"},

    {"capture", SETTING_SECTION, .doc = "What is read from the wire"},
    {"capture.response_timeout", SETTING_DURATION, OF(response_timeout), NULL, "0s", "1h", RELOAD_YES,
     "Without an answer for longer; else by protocol",
     .example = "1s"},

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

    {"alerts", SETTING_SECTION, .doc = "How findings become alerts"},
    {"alerts.update_every", SETTING_DURATION, OF(update_every), "60s", "1s", "1d", RELOAD_YES,
     "Count updates of an open alert (alert_update)"},
    {"alerts.close_after", SETTING_DURATION, OF(close_after), "300s", "1s", "7d", RELOAD_YES,
     "Quiet time after which an alert is closed"},
    {"alerts.rate", SETTING_RATE, OF(alert_rate), "100/m", "1", "100000", RELOAD_YES,
     "New alerts above it fold into one storm alert"},
    {"alerts.bytes", SETTING_SIZE, OF(alert_bytes), "16KiB", "2KiB", "1MiB", RELOAD_YES,
     "Of one alert; the rest is cut and it says so"},

    {"outputs", SETTING_OUTPUTS, 0, "[]", NULL, NULL, RELOAD_NO,
     "Where alerts go; none waits for another"},
    {"outputs.name", SETTING_NAME, OUT(name), NULL, NULL, NULL, RELOAD_NO,
     "Unique among the outputs",
     .example = "soc", .of = ANY, .flags = SETTING_REQUIRED},
    {"outputs.type", SETTING_CHOICE, OUT(type), NULL, NULL, NULL, RELOAD_NO,
     "redis or file",
     .choices = output_type_names, .of = ANY, .flags = SETTING_REQUIRED},
    {"outputs.servers", SETTING_SERVER, OUT(redis.servers), NULL, "1", "1", RELOAD_NO,
     "host:port or unix:/path; one, so far",
     .example = "[\"127.0.0.1:6379\"]", .of = REDIS, .flags = SETTING_LIST | SETTING_REQUIRED},
    {"outputs.user", SETTING_TEXT, OUT(redis.user), NULL, NULL, NULL, RELOAD_NO,
     "Redis ACL user",
     .example = "sightglass", .of = REDIS},
    {"outputs.password_file", SETTING_PATH, OUT(redis.password_file), NULL, NULL, NULL, RELOAD_NO,
     "The password stands in it, never in this file",
     .example = "redis.password", .of = REDIS},
    {"outputs.tls", SETTING_REFUSED, .of = REDIS,
     .doc = "tls is not supported yet: alerts would go out in plaintext"},
    {"outputs.mode", SETTING_CHOICE, OUT(redis.mode), "stream", NULL, NULL, RELOAD_NO,
     "stream, list or channel",
     .choices = redis_modes, .of = REDIS},
    {"outputs.keys", SETTING_KEYS, OUT(redis.keys), "\"sg:<site>:<sensor>\"", NULL, NULL, RELOAD_NO,
     "What its keys begin with; no braces (hash tags)",
     .of = REDIS},
    {"outputs.timeouts", SETTING_SECTION, .doc = "Of the connection to Redis", .of = REDIS},
    {"outputs.timeouts.connect", SETTING_DURATION, OUT(redis.connect_timeout), "3s", "10ms", "60s", RELOAD_NO,
     "For a connection to stand",
     .of = REDIS},
    {"outputs.timeouts.command", SETTING_DURATION, OUT(redis.command_timeout), "2s", "10ms", "60s", RELOAD_NO,
     "For an answer to a command",
     .of = REDIS},
    {"outputs.queue", SETTING_NUMBER, OUT(redis.queue), "4096", "16", "1048576", RELOAD_NO,
     "Entries that wait while Redis is away",
     .of = REDIS},
    {"outputs.path", SETTING_PATH, OUT(file.path), NULL, NULL, NULL, RELOAD_NO,
     "JSON lines are added to it",
     .example = "/var/log/sightglass/eve.json", .of = FILES, .flags = SETTING_REQUIRED},
    {"outputs.rotate", SETTING_SECTION, .doc = "When to begin a new file", .of = FILES},
    {"outputs.rotate.size", SETTING_SIZE, OUT(file.rotate_size), "100MiB", "0", "1TiB", RELOAD_NO,
     "Of a file before the next begins; 0: never",
     .of = FILES},
    {"outputs.rotate.keep", SETTING_NUMBER, OUT(file.keep), "10", "0", "1000", RELOAD_NO,
     "Old files kept beside the current one",
     .of = FILES},
    {"outputs.what", SETTING_CHOICES, OUT(what), "[alerts, updates, health]", "1", NULL, RELOAD_NO,
     "Also: transactions, flows, operations",
     .choices = whats, .of = ANY},

    {"limits", SETTING_SECTION, .doc = "Ceilings; what bites is counted and told"},
    {"limits.flows", SETTING_NUMBER, OF(flows), "65536", "1", "16777216", RELOAD_NO,
     "Conversations known at the same time"},
    {"limits.pending_requests", SETTING_NUMBER, OF(pending_requests), "4096", "1", "1048576", RELOAD_NO,
     "Requests that wait for their answer"},
    {"limits.records", SETTING_NUMBER, OF(records), "16384", "1", "16777216", RELOAD_NO,
     "Records in the making"},

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

bool setting_is_in(const struct setting *s, const char *section)
{
    size_t len = strlen(section), before = (size_t)(setting_key(s) - s->path);

    if (len == 0 || before == 0)
        return len == before;
    return before == len + 1 && strncmp(s->path, section, len) == 0;
}
