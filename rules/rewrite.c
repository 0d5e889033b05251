#include "rules/rewrite.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool rewrite_add(struct rewrites *r, const struct yaml *scalar, struct bytes text)
{
    struct rewrite *one = &r->list[r->n];

    if (r->n == REWRITES_MAX || scalar->raw.len == 0 || text.len >= REWRITE_TEXT)
        return false;
    one->scalar = scalar;
    memcpy(one->text, text.at, text.len);
    one->text[text.len] = '\0';
    r->n++;
    return true;
}

/* By file, then by place. */
static int compare(const void *a, const void *b)
{
    const struct yaml *x = ((const struct rewrite *)a)->scalar,
                      *y = ((const struct rewrite *)b)->scalar;

    if (x->at.source != y->at.source)
        return x->at.source->number < y->at.source->number ? -1 : 1;
    return (x->raw.at > y->raw.at) - (x->raw.at < y->raw.at);
}

static bool put(FILE *out, const uint8_t *from, const uint8_t *to)
{
    return from == to || fwrite(from, (size_t)(to - from), 1, out) == 1;
}

/* All of the n that stand in one file. */
static bool rewrite_file(const struct rewrite *list, unsigned n)
{
    const struct source *source = list[0].scalar->at.source;
    const uint8_t *at = source->text.at, *end = at + source->text.len;
    char path[PATH_MAX];
    FILE *out;
    bool ok;

    snprintf(path, sizeof path, "%s.new", source->file);
    out = fopen(path, "we");
    ok = out != NULL;
    for (unsigned i = 0; ok && i < n; i++) {
        ok = put(out, at, list[i].scalar->raw.at) && fputs(list[i].text, out) >= 0;
        at = list[i].scalar->raw.at + list[i].scalar->raw.len;
    }
    ok = ok && put(out, at, end);
    if (out && fclose(out) != 0)
        ok = false;
    return ok && rename(path, source->file) == 0;
}

int rewrite_apply(struct rewrites *r, const char **failed)
{
    unsigned from = 0, n;
    int files = 0;

    if (r->n)
        qsort(r->list, r->n, sizeof r->list[0], compare);
    for (; from < r->n; from += n, files++) {
        for (n = 1; from + n < r->n && r->list[from + n].scalar->at.source ==
                                           r->list[from].scalar->at.source;)
            n++;
        if (rewrite_file(&r->list[from], n))
            continue;
        *failed = r->list[from].scalar->at.source->file;
        return -1;
    }
    return files;
}
