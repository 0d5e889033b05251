/* Values as they would stand in the file. */

#include <inttypes.h>
#include <string.h>

#include "sensor/core/clock.h"
#include "sensor/settings.h"

struct unit {
    const char *name;
    int64_t size;
};

/* Largest first. */
static const struct unit times[] = {{"d", 86400 * NS_PER_S}, {"h", 3600 * NS_PER_S},
                                    {"m", 60 * NS_PER_S},    {"s", NS_PER_S},
                                    {"ms", NS_PER_MS},       {"us", NS_PER_US}};
static const struct unit sizes[] = {{"TiB", INT64_C(1) << 40},
                                    {"GiB", INT64_C(1) << 30},
                                    {"MiB", INT64_C(1) << 20},
                                    {"KiB", INT64_C(1) << 10},
                                    {"B", 1}};

/* In the largest unit that divides it; 120s stays below the hour it is not. */
static void print_in(const struct unit *units, size_t n, int64_t value, FILE *out)
{
    size_t i = 0;

    while (i + 1 < n && (value < units[i].size || value % units[i].size != 0))
        i++;
    fprintf(out, "%" PRId64 "%s", value / units[i].size, units[i].name);
}

static void print_number(const struct setting *s, const void *from, FILE *out)
{
    (void)s;
    fprintf(out, "%" PRIu32, *(const uint32_t *)from);
}

static void print_duration(const struct setting *s, const void *from, FILE *out)
{
    int64_t ns = *(const int64_t *)from;

    (void)s;
    if (ns == 0)
        fputs("0s", out);
    else
        print_in(times, COUNT_OF(times), ns, out);
}

static void print_size(const struct setting *s, const void *from, FILE *out)
{
    uint64_t bytes = *(const uint64_t *)from;

    (void)s;
    if (bytes == 0)
        fputs("0", out);
    else
        print_in(sizes, COUNT_OF(sizes), (int64_t)bytes, out);
}

static void print_rate(const struct setting *s, const void *from, FILE *out)
{
    const struct config_rate *rate = from;
    const char *unit = "h";

    (void)s;
    if (rate->within < 3600 * NS_PER_S)
        unit = rate->within < 60 * NS_PER_S ? "s" : "m";
    fprintf(out, "%" PRIu32 "/%s", rate->count, unit);
}

static void print_switch(const struct setting *s, const void *from, FILE *out)
{
    (void)s;
    fputs(*(const bool *)from ? "true" : "false", out);
}

static void print_choice(const struct setting *s, const void *from, FILE *out)
{
    fputs(s->choices[*(const unsigned *)from], out);
}

static void print_choices(const struct setting *s, const void *from, FILE *out)
{
    uint32_t set = *(const uint32_t *)from;
    const char *between = "[";

    for (unsigned i = 0; s->choices[i]; i++) {
        if (!(set & 1U << i))
            continue;
        fprintf(out, "%s%s", between, s->choices[i]);
        between = ", ";
    }
    fputc(']', out);
}

/* In quotes when YAML could take a sign of it for its own. */
static void print_quoted(const char *text, FILE *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+";

    if (*text && text[strspn(text, plain)] == '\0' && text[0] != '-' && text[0] != '.') {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void print_text(const struct setting *s, const void *from, FILE *out)
{
    const struct texts *list = from;

    if (!(s->flags & SETTING_LIST)) {
        print_quoted(*(const char *const *)from, out);
        return;
    }
    fputc('[', out);
    for (unsigned i = 0; i < list->n; i++) {
        fputs(i ? ", " : "", out);
        print_quoted(list->text[i], out);
    }
    fputc(']', out);
}

bool setting_is_absent(const struct setting *s, const void *from)
{
    return s->type >= SETTING_TEXT && !(s->flags & SETTING_LIST) &&
           !*(const char *const *)from;
}

void setting_print(const struct setting *s, const void *from, FILE *out)
{
    static void (*const printers[SETTING_TYPES])(const struct setting *, const void *,
                                                 FILE *) = {
        [SETTING_NUMBER] = print_number,  [SETTING_DURATION] = print_duration,
        [SETTING_SIZE] = print_size,      [SETTING_RATE] = print_rate,
        [SETTING_SWITCH] = print_switch,  [SETTING_CHOICE] = print_choice,
        [SETTING_CHOICES] = print_choices};

    (printers[s->type] ? printers[s->type] : print_text)(s, from, out);
}
