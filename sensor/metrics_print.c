/*
 * Prometheus' text exposition: all samples of a metric stand together, behind its HELP
 * and TYPE; base units; counters end in _total.
 */

#include <inttypes.h>
#include <string.h>

#include "sensor/metrics.h"
#include "sensor/status_fields.h"

static const char prefix[] = "sightglass_";

static bool is_counter(const char *metric)
{
    const char *last = strrchr(metric, '_');

    return last && strcmp(last, "_total") == 0;
}

static void put_head(FILE *out, const char *metric, const char *help)
{
    fprintf(out, "# HELP %s%s %s.\n# TYPE %s%s %s\n", prefix, metric, help, prefix,
            metric, is_counter(metric) ? "counter" : "gauge");
}

/* A label's value: backslash, quote and newline are escaped. */
static void put_label(FILE *out, const char *label, const char *value)
{
    fprintf(out, "%s=\"", label);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            fputc('\\', out);
        if (*value == '\n')
            fputs("\\n", out);
        else
            fputc(*value, out);
    }
    fputc('"', out);
}

static void put_value(FILE *out, const struct status_field *f, const void *at)
{
    uint64_t count;

    if (f->type == STATUS_FLAG) {
        fprintf(out, " %d\n", *(const bool *)at);
    } else if (f->type == STATUS_NUMBER) {
        fprintf(out, " %u\n", *(const unsigned *)at);
    } else if (f->type == STATUS_PERCENT) {
        fprintf(out, " %g\n", *(const unsigned *)at / 100.0);
    } else {
        memcpy(&count, at, sizeof count);
        if (f->type == STATUS_PERMILLE)
            fprintf(out, " %g\n", (double)count / 1000);
        else if (f->type == STATUS_TIME || f->type == STATUS_SPAN)
            fprintf(out, " %.6f\n", (double)(int64_t)count / NS_PER_S);
        else
            fprintf(out, " %" PRIu64 "\n", count);
    }
}

static void put_sample(FILE *out, const struct status_part *p,
                       const struct status_field *f, const char *entry)
{
    fprintf(out, "%s%s", prefix, f->metric);
    if (f->label) {
        fprintf(out, "{%s}", f->label);
    } else if (p->label) {
        fputc('{', out);
        put_label(out, p->label, entry);
        fputc('}', out);
    }
    put_value(out, f, entry + f->offset);
}

static void put_part(FILE *out, const struct status_part *p, const struct status *s)
{
    unsigned n = status_entries(p, s);
    const char *first = (const char *)s + p->offset;

    for (const struct status_field *f = p->fields; n && f->name; f++) {
        if (!f->metric)
            continue;
        if (f->help)
            put_head(out, f->metric, f->help);
        for (unsigned i = 0; i < n; i++)
            put_sample(out, p, f, first + i * p->size);
    }
}

static void put_info(FILE *out, const struct status *s)
{
    put_head(out, "info", "Which sensor this is; always 1");
    fprintf(out, "%sinfo{", prefix);
    put_label(out, "version", s->version);
    fputc(',', out);
    put_label(out, "site", s->site);
    fputc(',', out);
    put_label(out, "sensor", s->name);
    fputc(',', out);
    put_label(out, "ruleset", s->analysis.ruleset);
    fputs("} 1\n", out);
}

static void put_ratio(FILE *out, const char *metric, const char *help, double percent)
{
    put_head(out, metric, help);
    fprintf(out, "%s%s %.9g\n", prefix, metric, percent / 100);
}

void metrics_print(const struct status *s, FILE *out)
{
    put_info(out, s);
    put_ratio(out, "seeing_ratio", "Packets offered that were analysed",
              status_seeing(s));
    put_ratio(out, "delivering_ratio", "Events on disk that every output has taken",
              status_delivering(s));
    for (const struct status_part *p = status_parts; p->name; p++)
        put_part(out, p, s);
}
