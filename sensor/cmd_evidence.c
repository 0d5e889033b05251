/*
 * sightglass evidence: the packets of an alert, from the sensor or from its directory.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor/cmd_control.h"
#include "sensor/evidence_file.h"

static const char help[] =
    "usage: sightglass evidence ID -o FILE [-c FILE] [--socket PATH]\n"
    "\n"
    "The packets of an alert as pcapng: some before it, and those that show it.  ID is the\n"
    "alert's, or how it begins: at least 4 digits, as screens show it.\n"
    "\n"
    "  -o, --output FILE   where to; - is stdout\n"
    "  -c, --config FILE   where the control socket is (state.control), and without a\n"
    "                      running sensor the evidence itself (evidence.directory)\n"
    "      --socket PATH   the control socket itself\n"
    "\n"
    "Exit status: 0 written, 1 there is none or more than one, 2 usage or no rights.\n";

/* ---- from the running sensor ---------------------------------------------------------- */

/* The first file is the one that came along, if one did. */
static void list_answer(const json_t *answer, size_t from)
{
    const json_t *files = json_object_get(answer, "files"), *name;
    size_t i;

    if (from && json_array_size(files) > from)
        fputs("Its updates have evidence of their own: add -NUMBER to the id\n", stderr);
    json_array_foreach(files, i, name)
    {
        if (i >= from)
            fprintf(stderr, "  %s\n", json_string_value(name));
    }
}

static int ask(struct asking *a, const char *id, int *fd)
{
    json_t *answer = asking_ask(a, json_pack("{s:s, s:s}", "verb", "evidence", "id", id));
    int status = EXIT_USAGE;

    if (answer && asking_ok(a, answer)) {
        *fd = control_take_file(&a->client, 0);
        status = *fd >= 0 ? EXIT_FINE : asking_wrong(a, "no file came along", id);
        list_answer(answer, 1);
    } else if (answer) {
        list_answer(answer, 0);
        status = json_object_get(answer, "found") ? EXIT_FINDINGS : EXIT_USAGE;
    }
    json_decref(answer);
    return status;
}

/* ---- without one ------------------------------------------------------------------------ */

static void list(const struct evidence_files *found, unsigned from)
{
    char name[EVIDENCE_FILE_NAME];

    if (from && found->n > from)
        fputs("Its updates have evidence of their own: add -NUMBER to the id\n", stderr);
    for (unsigned i = from; i < found->n; i++)
        fprintf(stderr, "  %s\n", evidence_file_name(&found->name[i], name));
}

static int look(const struct asking *a, const char *id, int *fd)
{
    const char *directory = a->config->evidence;
    struct evidence_files found;
    bool there = evidence_file_find(directory, id, &found);

    if (!there || found.n == 0) {
        fprintf(stderr,
                "sightglass evidence: no sensor runs, and %s has nothing of %s%s%s\n",
                directory, id, there ? "" : ": ", there ? "" : strerror(errno));
        return EXIT_FINDINGS;
    }
    if (found.several) {
        fprintf(
            stderr,
            "sightglass evidence: more than one alert begins with %s: give more digits\n",
            id);
        list(&found, 0);
        return EXIT_FINDINGS;
    }
    list(&found, 1);
    *fd = evidence_file_open(directory, &found.name[0]);
    return *fd >= 0 ? EXIT_FINE : asking_wrong(a, strerror(errno), id);
}

/* ---- writing ------------------------------------------------------------------------------ */

/* What the file says of itself, and what to do with it. */
static void tell(const struct asking *a, int fd)
{
    char comment[EVIDENCE_FILE_COMMENT];

    if (evidence_file_comment(fd, comment))
        fprintf(stderr, "%s\n", comment);
    if (strcmp(a->output, "-") != 0)
        fprintf(stderr, "Next: wireshark %s\n", a->output);
}

static int write_out(const struct asking *a, int fd)
{
    bool is_stdout = strcmp(a->output, "-") == 0;
    int to = is_stdout ? STDOUT_FILENO
                       : open(a->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                              S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    bool ok = to >= 0 && asking_copy(fd, to);

    if (to >= 0 && !is_stdout)
        ok &= close(to) == 0;
    if (!ok)
        return asking_wrong(a, strerror(errno), a->output);
    tell(a, fd);
    return EXIT_FINE;
}

static int check(const struct asking *a, const char *id)
{
    if (!id)
        return asking_wrong(a, "of which alert? Give its id", NULL);
    if (!evidence_file_is_id(id))
        return asking_wrong(a, "an id has 4 to 16 hexadecimal digits, unlike", id);
    if (!a->output)
        return asking_wrong(a, "where to? -o FILE, or -o - for stdout", NULL);
    return -1;
}

int command_evidence(int argc, char **argv)
{
    static struct asking a = {.command = "evidence", .help = help, .takes = "o"};
    int status = asking_parse(&a, argc, argv), fd = -1;
    const char *id = argv[optind];

    if (status < 0)
        status = check(&a, id);
    if (status < 0) {
        status = asking_connect(&a, true);
        if (status == EXIT_FINE)
            status = ask(&a, id, &fd);
        else if (status == EXIT_NOT_RUNNING)
            status = look(&a, id, &fd);
    }
    if (fd >= 0) {
        status = write_out(&a, fd);
        close(fd);
    }
    asking_close(&a);
    return status;
}
