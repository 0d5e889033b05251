/*
 * `sightglass status` on a terminal: at most 100 columns, ASCII, and what to do next.
 */

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "alerts/text.h"
#include "sensor/status.h"

enum { NAME_WIDTH = 16, ERROR_WIDTH = 80 };

/* What others have named or said, cut to its column: nothing of it moves a cursor. */
static const char *plain(const char *text, size_t width, char out[TEXT_COLUMNS])
{
    size_t n = 0;

    for (; n < width && text[n]; n++)
        out[n] = (char)(text[n] >= 0x20 && text[n] < 0x7f ? text[n] : '?');
    out[n] = '\0';
    return out;
}

static void put_name(FILE *out, const char *name, int width)
{
    char text[TEXT_COLUMNS];

    fprintf(out, "%-*s", width, plain(name, (size_t)width, text));
}

static void put_count(FILE *out, uint64_t count, int width)
{
    char text[TEXT_NUMBER];

    fprintf(out, " %*s", width, text_number(count, text));
}

static void put_clock(FILE *out, int64_t ns)
{
    char text[TIME_TEXT] = "-";

    fprintf(out, "  %8s", ns ? time_of_day(ns, text) : text);
}

/* "51 d 3 h", "3 h 20 m", "20 m", "12 s" */
static void put_span(FILE *out, int64_t ns)
{
    int64_t s = ns > 0 ? ns / NS_PER_S : 0;

    if (s >= 86400)
        fprintf(out, "%" PRId64 " d %" PRId64 " h", s / 86400, s % 86400 / 3600);
    else if (s >= 3600)
        fprintf(out, "%" PRId64 " h %" PRId64 " m", s / 3600, s % 3600 / 60);
    else
        fprintf(out, "%" PRId64 " %s", s >= 60 ? s / 60 : s, s >= 60 ? "m" : "s");
}

/* Down, so that 100.00 is said of nothing less. */
static void put_percent(FILE *out, const char *name, double percent)
{
    fprintf(out, " %-11s %6.2f %%  ", name, floor(percent * 100) / 100);
}

/* ---- parts ------------------------------------------------------------------------ */

static void put_head(FILE *out, const struct status *s)
{
    char name[TEXT_COLUMNS], site[TEXT_COLUMNS], now[TIME_TEXT];

    fprintf(out, "%s   site %s   up ", plain(s->name ? s->name : "", 32, name),
            plain(s->site ? s->site : "", 32, site));
    put_span(out, s->now - s->started);
    fprintf(out, "\n%s UTC   version %s   %u rules (%s)", time_and_day(s->now, now),
            plain(s->version ? s->version : "", 20, name), s->analysis.rules,
            plain(s->analysis.ruleset, 16, site));
    fputs("\n\n", out);
}

static void put_seeing(FILE *out, const struct status *s)
{
    uint64_t received = 0, kernel = 0, device = 0, ring = 0;

    for (unsigned i = 0; i < s->ninterfaces; i++) {
        received += s->interfaces[i].received;
        kernel += s->interfaces[i].kernel_lost;
        device += s->interfaces[i].device_lost;
        ring += s->interfaces[i].ring_lost;
    }
    put_percent(out, "seeing", status_seeing(s));
    put_count(out, received, 1);
    fputs(" packets", out);
    if (kernel + device + ring) {
        fputs("; lost: kernel", out);
        put_count(out, kernel, 1);
        fputs(", interface", out);
        put_count(out, device, 1);
        fputs(", ring", out);
        put_count(out, ring, 1);
    }
    fputc('\n', out);
}

static void put_delivering(FILE *out, const struct status *s)
{
    put_percent(out, "delivering", status_delivering(s));
    put_count(out, s->outputs.committed, 1);
    fprintf(out, " events on disk; the outbox is %u %% full", s->outputs.outbox_percent);
    if (s->outputs.tube_lost) {
        fputs("; not on disk", out);
        put_count(out, s->outputs.tube_lost, 1);
    }
    fputc('\n', out);
}

static void put_remarks(FILE *out, const struct status *s)
{
    if (s->crashes)
        fprintf(out, " crashed      %u times since the service was started\n",
                s->crashes);
    if (s->outputs.damaged)
        fputs(" outbox       was damaged and begun anew\n", out);
    if (s->refused_calls) {
        fputs(" confinement  refused", out);
        put_count(out, s->refused_calls, 1);
        fputs(" system calls\n", out);
    }
    if (!s->ndpi)
        fputs(" nDPI         is off: flows that are no OT have no names\n", out);
    fputc('\n', out);
}

static void put_interfaces(FILE *out, const struct status *s)
{
    fprintf(out, " %-*s %-5s %15s %12s %12s %8s  %s\n", NAME_WIDTH, "interface", "",
            "packets", "lost", "sent by it", "ring", "latest");
    for (unsigned i = 0; i < s->ninterfaces; i++) {
        const struct status_interface *at = &s->interfaces[i];

        fputc(' ', out);
        put_name(out, at->name, NAME_WIDTH);
        fprintf(out, " %-5s", at->up ? "up" : "DOWN");
        put_count(out, at->received, 15);
        put_count(out, at->kernel_lost + at->device_lost + at->ring_lost, 12);
        put_count(out, at->sent, 12);
        fprintf(out, " %6.1f %%", (double)at->ring_highest / 10);
        put_clock(out, at->last_packet);
        fputc('\n', out);
    }
    fputs(s->ninterfaces ? "\n" : " none\n\n", out);
}

static void put_protocols(FILE *out, const struct status_analysis *a)
{
    fprintf(out, " %-*s %15s %12s %12s %12s\n", NAME_WIDTH, "protocol", "transactions",
            "refused", "unanswered", "violating");
    for (unsigned i = 0; i < a->nprotocols; i++) {
        const struct status_protocol *p = &a->protocols[i];

        fputc(' ', out);
        put_name(out, p->name, NAME_WIDTH);
        put_count(out, p->transactions, 15);
        put_count(out, p->refused, 12);
        put_count(out, p->unanswered, 12);
        put_count(out, p->malformed, 12);
        fputc('\n', out);
    }
    fputs(a->nprotocols ? "\n" : " none yet\n\n", out);
}

static void put_output(FILE *out, const struct status_output *o)
{
    char error[TEXT_COLUMNS];

    fputc(' ', out);
    put_name(out, o->name, NAME_WIDTH);
    fprintf(out, " %-9s %-5s", o->connected ? "connected" : "AWAY",
            plain(o->type, 5, error));
    put_count(out, o->delivered, 12);
    put_count(out, o->backlog, 12);
    put_count(out, o->lost + o->rejected, 10);
    put_clock(out, o->last);
    put_clock(out, o->oldest);
    fputc('\n', out);
    if (o->error[0])
        fprintf(out, "   %s\n", plain(o->error, ERROR_WIDTH, error));
}

static void put_outputs(FILE *out, const struct status_outputs *o)
{
    fprintf(out, " %-*s %-9s %-5s %12s %12s %10s  %8s  %8s\n", NAME_WIDTH, "output", "",
            "", "delivered", "waiting", "lost", "latest", "oldest");
    for (unsigned i = 0; i < o->n; i++)
        put_output(out, &o->output[i]);
    fputs(o->n ? "\n" : " none: alerts stay here\n\n", out);
}

static void put_alerts(FILE *out, const struct status_analysis *a)
{
    fputs(" alerts since the start:", out);
    for (unsigned i = SEVERITIES; i-- > 0;) {
        put_count(out, a->alerts[i], 1);
        fprintf(out, " %s%s", label_of(severity_labels, i)->name, i ? "," : "");
    }
    fputs("; open", out);
    put_count(out, a->open, 1);
    if (a->muted) {
        fputs("; muted", out);
        put_count(out, a->muted, 1);
    }
    fputc('\n', out);
}

/* Only what had to let something go. */
static void put_tables(FILE *out, const struct status_analysis *a)
{
    char name[TEXT_COLUMNS];

    for (unsigned i = 0; i < a->ntables; i++) {
        if (!a->tables[i].let_go)
            continue;
        fprintf(out, " full: %s let go", plain(a->tables[i].name, 32, name));
        put_count(out, a->tables[i].let_go, 1);
        fputc('\n', out);
    }
    if (a->records_lost) {
        fputs(" full: rings between threads lost", out);
        put_count(out, a->records_lost, 1);
        fputs(" records\n", out);
    }
}

/* The worst of it first. */
static void put_next(FILE *out, const struct status *s)
{
    char name[TEXT_COLUMNS];

    for (unsigned i = 0; i < s->ninterfaces; i++) {
        if (s->interfaces[i].up)
            continue;
        fprintf(out, "Next: ip link show %s: it is down, or not there\n",
                plain(s->interfaces[i].name, 32, name));
        return;
    }
    for (unsigned i = 0; i < s->outputs.n; i++) {
        if (s->outputs.output[i].connected)
            continue;
        fprintf(out, "Next: mend output %s; then sightglass alert-test\n",
                plain(s->outputs.output[i].name, 32, name));
        return;
    }
    fputs("Next: sightglass alert-test follows one alert to every output\n", out);
}

void status_text(const struct status *s, FILE *out)
{
    put_head(out, s);
    put_seeing(out, s);
    put_delivering(out, s);
    put_remarks(out, s);
    put_interfaces(out, s);
    put_protocols(out, &s->analysis);
    put_outputs(out, &s->outputs);
    put_alerts(out, &s->analysis);
    put_tables(out, &s->analysis);
    put_next(out, s);
}
