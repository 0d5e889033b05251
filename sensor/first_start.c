#include "sensor/first_start.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

static int64_t keep(const char *path, int64_t now)
{
    FILE *out = fopen(path, "we");

    if (out) {
        fprintf(out, "%" PRId64 "\n", now);
        fclose(out);
    }
    return now;
}

int64_t first_start(const char *state, int64_t now)
{
    char path[PATH_MAX];
    int64_t then = 0;
    FILE *in;

    snprintf(path, sizeof path, "%s/first_start", state);
    in = fopen(path, "re");
    if (in) {
        if (fscanf(in, "%" SCNd64, &then) != 1)
            then = 0;
        fclose(in);
    }
    return then > 0 && then <= now ? then : keep(path, now);
}
