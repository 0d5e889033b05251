#include "rules/json_path.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
};

static void skip_blank(struct reader *j)
{
    while (j->at < j->end && isspace((unsigned char)*j->at))
        j->at++;
}

static void skip_string(struct reader *j)
{
    for (j->at++; j->at < j->end && *j->at != '"'; j->at++)
        j->at += *j->at == '\\' && j->at + 1 < j->end;
    j->at += j->at < j->end;
}

/* Over one value, however deep it is. */
static void skip_value(struct reader *j)
{
    unsigned depth = 0;

    skip_blank(j);
    do {
        if (j->at >= j->end)
            return;
        if (*j->at == '"') {
            skip_string(j);
            continue;
        }
        if (depth == 0 && strchr(",]}", *j->at))
            return;
        depth += *j->at == '{' || *j->at == '[';
        depth -= *j->at == '}' || *j->at == ']';
        j->at++;
    } while (depth > 0 || (j->at < j->end && !strchr(",]} \n", *j->at)));
}

static bool next_is(struct reader *j, char c)
{
    skip_blank(j);
    if (j->at >= j->end || *j->at != c)
        return false;
    j->at++;
    return true;
}

/* From an object to the value of a member. */
static bool enter_member(struct reader *j, const char *name, size_t len)
{
    if (!next_is(j, '{'))
        return false;
    do {
        const char *start;

        skip_blank(j);
        start = j->at + 1;
        if (j->at >= j->end || *j->at != '"')
            return false;
        skip_string(j);
        if ((size_t)(j->at - 1 - start) == len && memcmp(start, name, len) == 0)
            return next_is(j, ':');
        if (!next_is(j, ':'))
            return false;
        skip_value(j);
    } while (next_is(j, ','));
    return false;
}

static bool enter_item(struct reader *j, unsigned long index)
{
    if (!next_is(j, '['))
        return false;
    for (; index > 0; index--) {
        skip_value(j);
        if (!next_is(j, ','))
            return false;
    }
    return true;
}

bool json_path(struct bytes json, const char *path, struct bytes *out)
{
    struct reader j = {(const char *)json.at, (const char *)json.at + json.len};

    while (*path) {
        size_t len = strcspn(path, ".[");
        char *end;

        if (*path == '[') {
            if (!enter_item(&j, strtoul(path + 1, &end, 10)) || *end != ']')
                return false;
            path = end + 1;
        } else if (enter_member(&j, path, len)) {
            path += len;
        } else {
            return false;
        }
        path += *path == '.';
    }
    skip_blank(&j);
    out->at = (const uint8_t *)j.at;
    skip_value(&j);
    out->len = (size_t)((const uint8_t *)j.at - out->at);
    return out->len > 0;
}

/* Escapes are left as they stand but those of quotes and backslashes. */
const char *json_path_text(struct bytes json, const char *path, char *out, size_t size)
{
    struct bytes value;
    size_t len = 0;

    if (json_path(json, path, &value)) {
        bool quoted = value.len >= 2 && value.at[0] == '"';

        for (size_t i = quoted; i + quoted < value.len && len + 1 < size; i++) {
            if (quoted && value.at[i] == '\\' && i + 1 < value.len &&
                strchr("\"\\/", value.at[i + 1]))
                i++;
            out[len++] = (char)value.at[i];
        }
    }
    out[len] = '\0';
    return out;
}
