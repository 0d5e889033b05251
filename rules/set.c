#include "rules/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *one_more(struct set *s, struct arena *a, size_t size)
{
    void *items;

    s->entries++;
    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : 4;
        items = arena_take(a, s->room * size);
        if (s->n)
            memcpy(items, s->items, s->n * size);
        s->items = items;
    }
    return (char *)s->items + size * s->n++;
}

void set_add_int(struct set *s, struct arena *a, int64_t low, int64_t high)
{
    struct range_int *r = one_more(s, a, sizeof *r);

    *r = (struct range_int){low, high};
}

void set_add_real(struct set *s, struct arena *a, double low, double high)
{
    struct range_real *r = one_more(s, a, sizeof *r);

    *r = (struct range_real){low, high};
}

void set_add_text(struct set *s, struct arena *a, struct bytes text)
{
    struct bytes *t = one_more(s, a, sizeof *t);

    *t = text;
}

void set_add_host(struct set *s, struct arena *a, const uint8_t *low, const uint8_t *high)
{
    struct range_host *r = one_more(s, a, sizeof *r);

    memcpy(r->low, low, HOST_KEY);
    memcpy(r->high, high, HOST_KEY);
}

bool set_add_asset(struct set *s, struct arena *a, const struct site *site,
                   const char *name)
{
    bool found = false;

    for (unsigned i = 0; site && i < site->nhosts; i++) {
        const struct address *address = &site->hosts[i].address;
        uint8_t key[HOST_KEY];

        if (strcmp(site->hosts[i].name, name) != 0)
            continue;
        host_key((struct bytes){address->bytes, address->family == ADDRESS_V4 ? 4 : 16},
                 key);
        set_add_host(s, a, key, key);
        found = true;
    }
    return found;
}

/* ---- sorting ---------------------------------------------------------------- */

static int compare_ints(const void *a, const void *b)
{
    int64_t x = ((const struct range_int *)a)->low,
            y = ((const struct range_int *)b)->low;

    return (x > y) - (x < y);
}

static int compare_reals(const void *a, const void *b)
{
    double x = ((const struct range_real *)a)->low,
           y = ((const struct range_real *)b)->low;

    return (x > y) - (x < y);
}

static int compare_bytes(struct bytes x, struct bytes y)
{
    size_t len = x.len < y.len ? x.len : y.len;
    int order = len ? memcmp(x.at, y.at, len) : 0;

    return order ? order : (x.len > y.len) - (x.len < y.len);
}

static int compare_texts(const void *a, const void *b)
{
    return compare_bytes(*(const struct bytes *)a, *(const struct bytes *)b);
}

static int compare_hosts(const void *a, const void *b)
{
    return memcmp(a, b, HOST_KEY); /* low comes first */
}

/* Ranges that overlap become one, so that the last one not above decides. */
static void merge_ints(struct set *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n; i++) {
        if (n && s->ints[i].low <= s->ints[n - 1].high) {
            if (s->ints[i].high > s->ints[n - 1].high)
                s->ints[n - 1].high = s->ints[i].high;
        } else {
            s->ints[n++] = s->ints[i];
        }
    }
    s->n = n;
}

static void merge_reals(struct set *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n; i++) {
        if (n && s->reals[i].low <= s->reals[n - 1].high) {
            if (s->reals[i].high > s->reals[n - 1].high)
                s->reals[n - 1].high = s->reals[i].high;
        } else {
            s->reals[n++] = s->reals[i];
        }
    }
    s->n = n;
}

static void merge_hosts(struct set *s)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n; i++) {
        if (n && memcmp(s->hosts[i].low, s->hosts[n - 1].high, HOST_KEY) <= 0) {
            if (memcmp(s->hosts[i].high, s->hosts[n - 1].high, HOST_KEY) > 0)
                memcpy(s->hosts[n - 1].high, s->hosts[i].high, HOST_KEY);
        } else {
            s->hosts[n++] = s->hosts[i];
        }
    }
    s->n = n;
}

void set_close(struct set *s)
{
    if (s->n == 0)
        return;
    if (s->kind == SET_INTS) {
        qsort(s->ints, s->n, sizeof *s->ints, compare_ints);
        merge_ints(s);
    } else if (s->kind == SET_REALS) {
        qsort(s->reals, s->n, sizeof *s->reals, compare_reals);
        merge_reals(s);
    } else if (s->kind == SET_TEXTS && s->match == MATCH_EQUAL) {
        qsort(s->texts, s->n, sizeof *s->texts, compare_texts);
    } else if (s->kind == SET_HOSTS) {
        qsort(s->hosts, s->n, sizeof *s->hosts, compare_hosts);
        merge_hosts(s);
    }
}

/* ---- asking ----------------------------------------------------------------- */

bool set_holds_int(const struct set *s, int64_t i)
{
    unsigned low = 0, high = s->n;

    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (s->ints[middle].high < i)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n && s->ints[low].low <= i;
}

static bool holds_real(const struct set *s, double r)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (r >= s->reals[i].low && r <= s->reals[i].high)
            return true;
    }
    return false;
}

static bool holds_host(const struct set *s, struct bytes address)
{
    uint8_t key[HOST_KEY];
    unsigned low = 0, high = s->n;

    host_key(address, key);
    while (low < high) {
        unsigned middle = (low + high) / 2;

        if (memcmp(s->hosts[middle].high, key, HOST_KEY) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n && memcmp(s->hosts[low].low, key, HOST_KEY) <= 0;
}

/* '*' any bytes, '?' one byte; no backtracking beyond the last star. */
static bool glob(struct bytes pattern, struct bytes text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len &&
                   (pattern.at[p] == '?' || pattern.at[p] == text.at[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

static bool contains(struct bytes want, struct bytes text)
{
    if (want.len == 0)
        return true;
    for (size_t i = 0; i + want.len <= text.len; i++) {
        if (text.at[i] == want.at[0] && memcmp(text.at + i, want.at, want.len) == 0)
            return true;
    }
    return false;
}

static bool matches(enum text_match match, struct bytes want, struct bytes text)
{
    switch (match) {
    case MATCH_CONTAINS:
        return contains(want, text);
    case MATCH_STARTS:
        return text.len >= want.len &&
               compare_bytes((struct bytes){text.at, want.len}, want) == 0;
    case MATCH_GLOB:
        return glob(want, text);
    default:
        return compare_bytes(want, text) == 0;
    }
}

static bool holds_text(const struct set *s, struct bytes text)
{
    if (s->match == MATCH_EQUAL && s->n > 8)
        return bsearch(&text, s->texts, s->n, sizeof text, compare_texts) != NULL;
    for (unsigned i = 0; i < s->n; i++) {
        if (matches(s->match, s->texts[i], text))
            return true;
    }
    return false;
}

static int64_t as_int(const struct datum *d)
{
    if (d->type == FIELD_BOOL || d->type == FIELD_ENUM)
        return (int64_t)d->u;
    return d->i;
}

bool set_holds(const struct set *s, const struct datum *value)
{
    switch (s->kind) {
    case SET_INTS:
        return set_holds_int(s, as_int(value));
    case SET_REALS:
        return holds_real(s, value->r);
    case SET_MASK:
        return (value->u & s->mask) != 0;
    case SET_TEXTS:
        return holds_text(s, value->b);
    case SET_HOSTS:
        return holds_host(s, value->b);
    default:
        return false;
    }
}
