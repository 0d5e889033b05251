#include "tests/samples.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/feed.h"

enum { LINE_SIZE = 1 << 14 };

const char *samples_folder(void)
{
    static char folder[512];
    const char *srcdir = getenv("srcdir");

    snprintf(folder, sizeof folder, "%s/tests/messages", srcdir ? srcdir : ".");
    return folder;
}

static unsigned framing_named(const struct dissector *d, const char *name)
{
    char word[64] = "";
    const struct label *l;

    if (sscanf(name, "%63s", word) != 1 || !d->framings)
        return 0;
    l = label_named(d->framings, word);
    assert(l);
    return l->code;
}

static void read_line(const struct dissector *d, struct dialogue *c, char *line)
{
    static const char framing[] = "# framing ";
    struct sample *m = &c->messages[c->n];
    uint8_t *at = c->bytes + c->used;

    if (strncmp(line, framing, sizeof framing - 1) == 0)
        c->framing = framing_named(d, line + sizeof framing - 1);
    if (*line != '>' && *line != '<')
        return;
    assert(c->n < SAMPLE_MESSAGES);
    m->side = *line == '>' ? SIDE_REQUEST : SIDE_RESPONSE;
    m->bytes = (struct bytes){at, hex_bytes(line + 1, at, SAMPLE_BYTES - c->used)};
    c->used += m->bytes.len;
    c->n++;
}

static void read_file(const struct dissector *d, struct dialogue *c, const char *path)
{
    static char line[LINE_SIZE];
    FILE *in = fopen(path, "r");

    assert(in);
    c->n = c->used = 0;
    c->framing = d->framings ? d->framings->code : 0;
    while (fgets(line, sizeof line, in))
        read_line(d, c, line);
    fclose(in);
}

static int is_sample(const struct dirent *e)
{
    const char *dot = strrchr(e->d_name, '.');

    return dot && strcmp(dot, ".hex") == 0;
}

void samples_each(const struct dissector *d, struct dialogue *room,
                  void (*each)(const struct dissector *d, const struct dialogue *c,
                               void *context),
                  void *context)
{
    struct dirent **names;
    char folder[768], path[1280];
    int n;

    snprintf(folder, sizeof folder, "%s/%s", samples_folder(), d->schema.name);
    n = scandir(folder, &names, is_sample, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(room->name, sizeof room->name, "%s", names[i]->d_name);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        read_file(d, room, path);
        each(d, room, context);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}
