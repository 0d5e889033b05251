/*
 * sightglass run: the sensor on the wire.
 *
 *      read everything ─▶ own directories ─▶ drop to the user ─▶ Landlock ─▶ supervisor
 *                                                                             │ fork
 *                      open captures, outputs, sockets ─▶ threads ─▶ seccomp ─▶ packets
 *
 * What is wrong is told, all of it, before anything is given up; what was given up
 * before the fork the sensor never had, however often it is started again.
 */

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/ceiling.h"
#include "sensor/commands.h"
#include "sensor/confine.h"
#include "sensor/live.h"

static const char help[] =
    "usage: sightglass run [-c FILE] [OPTION ...]\n"
    "\n"
    "Listens on the interfaces of the configuration and sends alerts to its outputs, until\n"
    "SIGTERM. SIGHUP: configuration and rules are read again. Start it as root, or with\n"
    "CAP_NET_RAW; it runs as capture.user.\n"
    "\n"
    "  -c, --config FILE        default: " SYSCONFDIR "/sightglass/sightglass.yaml\n"
    "  -i, --interface NAME     this one, instead of those of the configuration\n"
    "  -r, --rules FILE|DIR     site rules instead of the configuration's; may be repeated\n"
    "      --no-supervisor      one process, for debuggers: a crash ends it\n"
    "\n"
    "Exit status: 0 it was told to stop, 2 usage or not to be started, 1 it could not end.\n"
    "Asked while it runs: sightglass status.\n";

enum { OPTION_NO_SUPERVISOR = 256 };

struct job {
    struct setup_options options;
    const char *interface;
    bool alone;
    struct setup setup;
    struct live live;
};

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "sightglass run: %s%s%s\nTry: sightglass run --help\n", what,
            value ? ": " : "", value ? value : "");
    return EXIT_USAGE;
}

/* ---- the command line --------------------------------------------------------------- */

static bool take(struct job *j, int option)
{
    struct setup_options *o = &j->options;

    if (option == 'c')
        o->config = optarg;
    else if (option == 'i')
        o->interface = optarg;
    else if (option == OPTION_NO_SUPERVISOR)
        j->alone = true;
    else if (option == 'r' && o->nrules < SETUP_PATHS)
        o->rules[o->nrules++] = optarg;
    else
        return false;
    return true;
}

/* -1: go on; else the status to exit with. */
static int parse(int argc, char **argv, struct job *j)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"interface", required_argument, NULL, 'i'},
        {"rules", required_argument, NULL, 'r'},
        {"no-supervisor", no_argument, NULL, OPTION_NO_SUPERVISOR},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:i:r:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return EXIT_FINE;
        }
        if (option == '?' || !take(j, option))
            return wrong("that is no option of it", argv[optind - 1]);
    }
    if (optind < argc)
        return wrong("it takes no argument", argv[optind]);
    if (!j->options.config && access(SYSCONFDIR "/sightglass/sightglass.yaml", R_OK) == 0)
        j->options.config = SYSCONFDIR "/sightglass/sightglass.yaml";
    return -1;
}

/* ---- what it is told ------------------------------------------------------------------ */

static bool load(struct job *j)
{
    struct setup *s = &j->setup;
    struct ceiling ceiling;
    bool ok = setup_load(s, &j->options);

    if (ok) {
        ceiling = ceiling_of(s->config, s->rules);
        ok = ceiling_check(&ceiling, s->config, &s->d);
    }
    if (ok && s->config->ninterfaces == 0) {
        diagnostics_error(&s->d, NULL, "there is no interface to listen on")->help =
            "capture.interfaces in the configuration, or -i NAME";
        ok = false;
    }
    diagnostics_print(&s->d, stderr);
    return ok;
}

/* ---- what may be written ---------------------------------------------------------------- */

static bool is_empty(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *entry;
    unsigned n = 0;

    while (d && (entry = readdir(d)))
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (d)
        closedir(d);
    return d && n == 0;
}

/*
 * A directory that is the user's, made when it is missing.  One that has something in
 * it and is somebody else's stays his: a slip of the pen must not give away /var/lib.
 */
static bool own(const char *path, const char *user)
{
    const struct passwd *owner = getpwnam(user);
    char text[CONFINE_TEXT];
    struct stat s;

    if (geteuid() != 0) {
        if (mkdir(path, 0750) == 0 || errno == EEXIST)
            return true;
        fprintf(stderr, "sightglass run: cannot make %s: %s\n", path, strerror(errno));
        return false;
    }
    if (stat(path, &s) == 0 && owner && s.st_uid != owner->pw_uid && !is_empty(path)) {
        fprintf(stderr,
                "sightglass run: %s has files in it and does not belong to %s\n"
                "Try: another directory, or chown %s %s\n",
                path, user, user, path);
        return false;
    }
    if (confine_directory(path, user, text))
        return true;
    fprintf(stderr, "sightglass run: %s\n", text);
    return false;
}

/* Of logs, sockets: made when it is missing, else it stays as it is. */
static bool have(const char *path, const char *user)
{
    return access(path, F_OK) == 0 || own(path, user);
}

/* ---- paths for the confinement ------------------------------------------------------------ */

enum { PATHS = 4 * CONFIG_OUTPUTS + 2 * SETUP_PATHS + 80 };

struct paths {
    const char *list[PATHS];
    unsigned n;
};

static void add(struct paths *p, const char *path)
{
    if (path && p->n < PATHS)
        p->list[p->n++] = path;
}

static const char *directory_of(struct job *j, const char *path)
{
    return path ? dirname(arena_text(&j->setup.config->arena, path)) : NULL;
}

static const char *without_unix(const char *place)
{
    return place && strncmp(place, "unix:", 5) == 0 ? place + 5 : place;
}

static void collect_reads(struct job *j, struct paths *p)
{
    const struct config *c = j->setup.config;

    add(p, directory_of(j, j->options.config));
    add(p, j->setup.shipped);
    for (unsigned i = 0; i < c->include.n; i++)
        add(p, directory_of(j, c->include.text[i]));
    for (unsigned i = 0; i < c->site_rules.n; i++)
        add(p, c->site_rules.text[i]);
    for (unsigned i = 0; i < j->options.nrules; i++)
        add(p, j->options.rules[i]);
    for (unsigned i = 0; i < c->noutputs; i++) {
        const struct config_redis *r = &c->outputs[i].redis;

        if (c->outputs[i].type != OUTPUT_REDIS)
            continue;
        add(p, directory_of(j, r->password_file));
        add(p, directory_of(j, r->tls_ca));
        add(p, directory_of(j, r->tls_cert));
        add(p, directory_of(j, r->tls_key));
    }
}

static void collect_writes(struct job *j, struct paths *p)
{
    const struct config *c = j->setup.config;

    add(p, c->state);
    add(p, c->evidence);
    add(p, directory_of(j, c->control));
    add(p, directory_of(j, without_unix(c->metrics)));
    for (unsigned i = 0; i < c->noutputs; i++)
        if (c->outputs[i].type == OUTPUT_FILE)
            add(p, directory_of(j, c->outputs[i].file.path));
}

static bool make_directories(struct job *j, const struct paths *writes)
{
    const struct config *c = j->setup.config;
    bool ok = own(c->state, c->user) && own(c->evidence, c->user);

    for (unsigned i = 2; ok && i < writes->n; i++)
        ok = have(writes->list[i], c->user);
    return ok;
}

static bool is_told(enum confined result, const char *text)
{
    if (text[0])
        fprintf(stderr, "sightglass run: %s\n", text);
    return result != CONFINED_NO;
}

static bool confine(struct job *j)
{
    static struct paths reads, writes;
    char text[CONFINE_TEXT] = "";
    struct confine_paths paths;
    enum confined result;

    collect_reads(j, &reads);
    collect_writes(j, &writes);
    if (!make_directories(j, &writes))
        return false;
    result = confine_user(j->setup.config->user, text);
    if (!is_told(result, text))
        return false;
    paths = (struct confine_paths){reads.list, reads.n, writes.list, writes.n};
    text[0] = '\0';
    result = confine_files(&paths, text);
    return is_told(result, text);
}

/* ---- running ------------------------------------------------------------------------------ */

static int sensor(void *context, struct run_info *info)
{
    struct job *j = context;
    int status = EXIT_USAGE;

    if (live_open(&j->live, &j->setup, &j->options, info)) {
        status = live_start(&j->live) ? live_run(&j->live) : EXIT_USAGE;
        live_stop(&j->live);
    }
    live_close(&j->live);
    return status;
}

static int without_supervisor(struct job *j)
{
    size_t rings = live_ring_bytes(j->setup.config);
    size_t size = rings + sizeof(struct blackbox);
    uint8_t *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct run_info info = {.ndpi = true, .shared = memory, .shared_size = rings};

    if (memory == MAP_FAILED)
        return wrong("not enough memory", strerror(errno));
    info.box = (struct blackbox *)(void *)(memory + rings);
    blackbox_reset(info.box);
    return sensor(j, &info);
}

int command_run(int argc, char **argv)
{
    static struct job j; /* large, and there is one */
    struct supervisor_options o;
    int status = parse(argc, argv, &j);

    if (status >= 0)
        return status;
    if (!load(&j) || !confine(&j)) {
        setup_close(&j.setup);
        return EXIT_USAGE;
    }
    o = (struct supervisor_options){.state_dir = j.setup.config->state,
                                    .shared = live_ring_bytes(j.setup.config)};
    status = j.alone ? without_supervisor(&j) : supervise(&o, sensor, &j);
    setup_close(&j.setup);
    return status;
}
