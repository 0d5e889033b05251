/*
 * sightglass status, reload, snapshot: asked of the running sensor.  What all commands
 * of the control socket share stands first.
 */

#include "sensor/cmd_control.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/core/yaml.h"
#include "sensor/status.h"

/* Longer than the sensor takes to say that an answer is late. */
enum { PATIENCE_MS = 40000 };

int asking_wrong(const struct asking *a, const char *what, const char *value)
{
    fprintf(stderr, "sightglass %s: %s%s%s\nTry: sightglass %s --help\n", a->command,
            what, value ? ": " : "", value ? value : "", a->command);
    return EXIT_USAGE;
}

/* ---- options ----------------------------------------------------------------------- */

static bool take_config(struct asking *a, const char *value)
{
    a->config_file = value;
    return true;
}

static bool take_socket(struct asking *a, const char *value)
{
    a->socket = value;
    return true;
}

static bool take_output(struct asking *a, const char *value)
{
    a->output = value;
    return *value != '\0';
}

static bool take_why(struct asking *a, const char *value)
{
    a->why = value;
    return *value != '\0';
}

static bool take_off(struct asking *a, const char *value)
{
    a->off = value;
    return *value != '\0';
}

static bool take_timeout(struct asking *a, const char *value)
{
    return text_duration(value, &a->timeout) && a->timeout > 0;
}

static bool take_length(struct asking *a, const char *value)
{
    return text_duration(value, &a->length) && a->length > 0;
}

static bool take_format(struct asking *a, const char *value)
{
    a->json = strcmp(value, "json") == 0;
    return a->json || strcmp(value, "text") == 0;
}

static bool take_list(struct asking *a, const char *value)
{
    (void)value;
    return a->list = true;
}

static bool take_critical(struct asking *a, const char *value)
{
    (void)value;
    return a->critical = true;
}

/* One row an option, whichever command takes it. */
static const struct option_row {
    const char *name;
    int code, argument;
    bool (*take)(struct asking *a, const char *value);
    const char *wrong; /* what to say of a bad value */
} rows[] = {
    {"config", 'c', required_argument, take_config, ""},
    {"socket", 'S', required_argument, take_socket, ""},
    {"output", 'o', required_argument, take_output, "--output takes a path, not"},
    {"why", 'w', required_argument, take_why, "--why takes a reason, not"},
    {"off", 'x', required_argument, take_off, "--off takes what was muted, not"},
    {"timeout", 't', required_argument, take_timeout,
     "--timeout takes a duration (10s), not"},
    {"for", 'f', required_argument, take_length, "--for takes a duration (1h, 7d), not"},
    {"format", 'F', required_argument, take_format, "--format takes text or json, not"},
    {"list", 'l', no_argument, take_list, ""},
    {"critical", 'C', no_argument, take_critical, ""},
};

static bool takes(const struct asking *a, int code)
{
    return code == 'c' || code == 'S' || strchr(a->takes, code) != NULL;
}

/* The options of this command in the form of getopt_long(). */
static void make_options(const struct asking *a, struct option out[COUNT_OF(rows) + 2])
{
    unsigned n = 0;

    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        if (takes(a, rows[i].code))
            out[n++] =
                (struct option){rows[i].name, rows[i].argument, NULL, rows[i].code};
    }
    out[n++] = (struct option){"help", no_argument, NULL, 'h'};
    out[n] = (struct option){0};
}

static int take(struct asking *a, int code, const char *value)
{
    unsigned i = 0;

    while (i < COUNT_OF(rows) && rows[i].code != code)
        i++;
    if (i == COUNT_OF(rows))
        return EXIT_USAGE;
    return rows[i].take(a, value) ? -1 : asking_wrong(a, rows[i].wrong, value);
}

/* A sensor that runs can be asked whatever has become of its file since. */
static int load_config(struct asking *a)
{
    diagnostics_open(&a->d);
    if (a->config_file && access(a->config_file, R_OK) != 0)
        return asking_wrong(a, strerror(errno), a->config_file);
    a->config = a->config_file ? config_load(a->config_file, &a->d) : config_default();
    if (a->config)
        return -1;
    fprintf(stderr, "sightglass %s: going on without %s: it has errors\n", a->command,
            a->config_file);
    a->config = config_default();
    return -1;
}

int asking_parse(struct asking *a, int argc, char **argv)
{
    struct option options[COUNT_OF(rows) + 2];
    int code, status = -1;

    a->client.fd = -1;
    make_options(a, options);
    while (status < 0 && (code = getopt_long(argc, argv, takes(a, 'o') ? "c:o:h" : "c:h",
                                             options, NULL)) != -1) {
        if (code == 'h') {
            fputs(a->help, stdout);
            return EXIT_FINE;
        }
        if (code == '?')
            return asking_wrong(a, "that is no option of it", argv[optind - 1]);
        status = take(a, code, optarg);
    }
    return status < 0 ? load_config(a) : status;
}

void asking_close(struct asking *a)
{
    control_disconnect(&a->client);
    config_free(a->config);
    diagnostics_close(&a->d);
}

/* ---- asking -------------------------------------------------------------------------- */

int asking_connect(struct asking *a, bool quiet)
{
    const char *path = a->socket ? a->socket : a->config->control;
    enum client_state state = control_connect(&a->client, path, PATIENCE_MS);

    if (state == CLIENT_FINE)
        return EXIT_FINE;
    if (state == CLIENT_NOT_RUNNING && quiet)
        return EXIT_NOT_RUNNING;
    fprintf(stderr, "sightglass %s: %s\n", a->command, a->client.why);
    if (state == CLIENT_FAILED)
        return EXIT_USAGE;
    fputs("Next: systemctl status sightglass, or name its configuration with -c\n",
          stderr);
    return EXIT_NOT_RUNNING;
}

json_t *asking_ask(struct asking *a, json_t *request)
{
    json_t *answer = control_ask(&a->client, request);

    json_decref(request);
    if (!answer)
        fprintf(stderr, "sightglass %s: %s\n", a->command, a->client.why);
    return answer;
}

bool asking_ok(const struct asking *a, const json_t *answer)
{
    const char *error = json_string_value(json_object_get(answer, "error"));
    const char *hint = json_string_value(json_object_get(answer, "hint"));

    if (json_is_true(json_object_get(answer, "ok")))
        return true;
    fprintf(stderr, "sightglass %s: %s\n", a->command, error ? error : "refused");
    if (hint)
        fprintf(stderr, "Try: %s\n", hint);
    return false;
}

json_t *asking_once(struct asking *a, json_t *request, int *status)
{
    json_t *answer;

    *status = asking_connect(a, false);
    if (*status != EXIT_FINE) {
        json_decref(request);
        return NULL;
    }
    answer = asking_ask(a, request);
    if (answer && asking_ok(a, answer))
        return answer;
    json_decref(answer);
    *status = EXIT_USAGE;
    return NULL;
}

bool asking_copy(int from, int to)
{
    char part[65536];
    ssize_t n, done;

    while ((n = read(from, part, sizeof part)) > 0) {
        for (ssize_t at = 0; at < n; at += done) {
            done = write(to, part + at, (size_t)(n - at));
            if (done < 0)
                return false;
        }
    }
    return n == 0;
}

/* ---- status ---------------------------------------------------------------------------- */

static const char help_status[] =
    "usage: sightglass status [-c FILE] [--socket PATH] [--format text|json]\n"
    "\n"
    "How the running sensor is: one number for seeing, one for delivering, and what they\n"
    "are made of.\n"
    "\n"
    "  -c, --config FILE        where its control socket is: state.control\n"
    "      --socket PATH        the control socket itself\n"
    "      --format text|json   default: text\n"
    "\n"
    "Exit status: 0 fine, 2 usage or no rights, 3 the sensor is not running.\n";

static int print_status(const json_t *answer, bool json)
{
    static struct status s;

    if (json)
        return json_dumpf(answer, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF
                   ? EXIT_FINE
                   : EXIT_USAGE;
    if (!status_from_json(answer, &s)) {
        fputs("sightglass status: the answer is of another version: --format json\n",
              stderr);
        return EXIT_USAGE;
    }
    status_text(&s, stdout);
    return EXIT_FINE;
}

int command_status(int argc, char **argv)
{
    static struct asking a = {.command = "status", .help = help_status, .takes = "F"};
    int status = asking_parse(&a, argc, argv);
    json_t *answer = NULL;

    if (status < 0)
        answer = asking_once(&a, json_pack("{s:s}", "verb", "status"), &status);
    if (answer) {
        json_object_del(answer, "ok");
        status = print_status(answer, a.json);
    }
    json_decref(answer);
    asking_close(&a);
    return status;
}

/* ---- reload ---------------------------------------------------------------------------- */

static const char help_reload[] =
    "usage: sightglass reload [-c FILE] [--socket PATH]\n"
    "\n"
    "The running sensor reads its configuration and rules again, and takes them over\n"
    "whole or not at all.  Prints all that is wrong with them, as `check` does.\n"
    "\n"
    "  -c, --config FILE   where its control socket is: state.control\n"
    "      --socket PATH   the control socket itself\n"
    "\n"
    "Exit status: 0 taken over, 1 errors: the old ones stay in force, 2 usage, 3 the\n"
    "sensor is not running.\n";

static int print_reload(const struct asking *a, const json_t *answer)
{
    const char *text = json_string_value(json_object_get(answer, "text"));
    const char *took = json_string_value(json_object_get(answer, "took"));

    if (text)
        fputs(text, stdout);
    fflush(stdout);
    if (!asking_ok(a, answer))
        return EXIT_FINDINGS;
    printf("Taken over%s%s\n", took ? ": " : ".", took ? took : "");
    puts("Next: sightglass status");
    return EXIT_FINE;
}

int command_reload(int argc, char **argv)
{
    static struct asking a = {.command = "reload", .help = help_reload, .takes = ""};
    int status = asking_parse(&a, argc, argv);
    json_t *answer = NULL;

    if (status < 0 && (status = asking_connect(&a, false)) == EXIT_FINE) {
        answer = asking_ask(&a, json_pack("{s:s}", "verb", "reload"));
        status = answer ? print_reload(&a, answer) : EXIT_USAGE;
    }
    json_decref(answer);
    asking_close(&a);
    return status;
}

/* ---- snapshot ---------------------------------------------------------------------------- */

static const char help_snapshot[] =
    "usage: sightglass snapshot [-c FILE] [--socket PATH] [-o DIR]\n"
    "\n"
    "The running sensor writes what it has now, consistent, below state.directory: the\n"
    "outbox, the packets in its ring as pcapng, its status.  Prints where.\n"
    "\n"
    "  -o, --output DIR    copy the files there too; it is made if it is missing\n"
    "  -c, --config FILE   where its control socket is: state.control\n"
    "      --socket PATH   the control socket itself\n"
    "\n"
    "Exit status: 0 written, 2 usage or not written, 3 the sensor is not running.\n";

/* A name of the sensor's is a name in our directory, nothing else. */
static bool copy_file(int dir, const char *name, int from)
{
    int to = -1, e;
    bool ok = false;

    errno = EINVAL;
    if (from >= 0 && name && *name && *name != '.' && !strchr(name, '/'))
        to = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                    S_IRUSR | S_IWUSR);
    if (to >= 0)
        ok = asking_copy(from, to);
    e = errno;
    if (to >= 0)
        ok &= close(to) == 0;
    if (from >= 0)
        close(from);
    errno = e;
    return ok;
}

/* The answer's "files" are names; the files themselves came along, in this order. */
static int copy_files(struct asking *a, const json_t *answer)
{
    const json_t *name;
    int dir, status = EXIT_FINE;
    size_t i;

    if (mkdir(a->output, S_IRWXU) != 0 && errno != EEXIST)
        return asking_wrong(a, strerror(errno), a->output);
    dir = open(a->output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return asking_wrong(a, strerror(errno), a->output);
    json_array_foreach(json_object_get(answer, "files"), i, name)
    {
        int from = control_take_file(&a->client, (unsigned)i);

        if (!copy_file(dir, json_string_value(name), from)) {
            fprintf(stderr, "sightglass snapshot: cannot copy %s: %s\n",
                    json_string_value(name), strerror(errno));
            status = EXIT_USAGE;
        }
    }
    close(dir);
    return status;
}

int command_snapshot(int argc, char **argv)
{
    static struct asking a = {.command = "snapshot", .help = help_snapshot, .takes = "o"};
    int status = asking_parse(&a, argc, argv);
    json_t *answer = NULL;

    if (status < 0)
        answer = asking_once(&a, json_pack("{s:s}", "verb", "snapshot"), &status);
    if (answer && a.output)
        status = copy_files(&a, answer);
    if (answer)
        printf("%s\n", json_string_value(json_object_get(answer, "path")));
    json_decref(answer);
    asking_close(&a);
    return status;
}
