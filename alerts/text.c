#include "alerts/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/core/clock.h"
#include "sensor/core/common.h"

/* Columns of an alert's block. */
enum { AT_SEVERITY = 10, AT_DETECTION = 20, AT_ID = 29, AT_SUMMARY = 39, PARTIES = 36 };
enum { LINE = 512, SUMMARY = FINDING_SUMMARY + 1, PARTIES_OF_RECORD = 26 };

static const char *const colours[SEVERITIES] = {
    [SEVERITY_INFO] = "",
    [SEVERITY_LOW] = "\033[36m",
    [SEVERITY_MEDIUM] = "\033[33m",
    [SEVERITY_HIGH] = "\033[31m",
    [SEVERITY_CRITICAL] = "\033[1;31m",
};

static const char *const loud[SEVERITIES] = {"INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"};

bool text_colour_wanted(FILE *out)
{
    const char *no = getenv("NO_COLOR");

    return isatty(fileno(out)) && !(no && *no);
}

const char *text_number(uint64_t n, char out[TEXT_NUMBER])
{
    char digits[TEXT_NUMBER];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    size_t at = 0;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

/* Printable ASCII; a character of more than one byte is one question mark. */
static size_t plain(const char *text, char *out, size_t size)
{
    size_t n = 0;

    for (; *text && n + 1 < size; text++) {
        uint8_t c = (uint8_t)*text;

        if ((c & 0xc0) != 0x80)
            out[n++] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
    }
    out[n] = '\0';
    return n;
}

/* ---- alerts ---------------------------------------------------------------------- */

/* Bytes of text that go into a line of `width`, broken at a space if there is one. */
static size_t line_of(const char *text, size_t width)
{
    size_t len = strlen(text), at = width;

    if (len <= width)
        return len;
    while (at > 0 && text[at] != ' ')
        at--;
    return at ? at : width;
}

static void put_wrapped(FILE *out, const char *text)
{
    while (*text) {
        size_t n = line_of(text, TEXT_COLUMNS - 1 - AT_SUMMARY);

        fprintf(out, "%.*s\n", (int)n, text);
        text += n + strspn(text + n, " ");
        if (*text)
            fprintf(out, "%*s", AT_SUMMARY, "");
    }
}

/* "10.20.1.77:49822", "[2001:db8::1]:502" */
static const char *end_text(const struct address *a, uint16_t port, char *out,
                            size_t size)
{
    char text[ADDRESS_TEXT];

    snprintf(out, size, a->family == ADDRESS_V6 ? "[%s]:%u" : "%s:%u",
             address_text(a, text), port);
    return out;
}

/* "3 in 14 s" */
static void span_text(const struct alert *alert, char *out, size_t size)
{
    int64_t span = alert->last_seen - alert->first_seen;
    char n[TEXT_NUMBER];

    text_number(alert->count, n);
    if (span < NS_PER_S)
        snprintf(out, size, "%s in %" PRId64 " ms", n, span / NS_PER_MS);
    else if (span < 120 * NS_PER_S)
        snprintf(out, size, "%s in %" PRId64 " s", n, span / NS_PER_S);
    else if (span < 7200 * NS_PER_S)
        snprintf(out, size, "%s in %" PRId64 " min", n, span / (60 * NS_PER_S));
    else
        snprintf(out, size, "%s in %" PRId64 " h", n, span / (3600 * NS_PER_S));
}

static void put_facts(FILE *out, const struct alert *alert)
{
    char src[ADDRESS_TEXT + 8], dst[ADDRESS_TEXT + 8], line[LINE], span[64] = "";
    const struct label *outcome = label_of(outcome_labels, alert->outcome);
    int n = 0;

    if (alert->src.family != ADDRESS_NONE)
        n = snprintf(line, sizeof line, "%s > %s",
                     end_text(&alert->src, alert->src_port, src, sizeof src),
                     end_text(&alert->dst, alert->dst_port, dst, sizeof dst));
    if (n == 0 && alert->count == 1)
        return;
    line[n] = '\0';
    if (alert->count > 1)
        span_text(alert, span, sizeof span);
    fprintf(out, "%*s%-*s", AT_DETECTION, "", n ? PARTIES - 2 : 0, line);
    if (n)
        fprintf(out, "  %-8s  frame %" PRIu64, outcome ? outcome->name : "",
                alert->frame);
    if (n && alert->technique[0])
        fprintf(out, "   %s", alert->technique);
    if (*span)
        fprintf(out, "%s%s", n ? "   " : "", span);
    fputc('\n', out);
}

void text_alert(FILE *out, const struct alert *alert, bool colour)
{
    const char *on = colour ? colours[alert->severity] : "";
    char time[TIME_TEXT], detection[ALERT_NAME] = "", summary[SUMMARY] = "";

    plain(alert->detection, detection, sizeof detection);
    plain(alert->summary, summary, sizeof summary);
    fprintf(out, "%s  %s%s%s%*s", time_of_day(alert->first_seen, time), on,
            loud[alert->severity], *on ? "\033[0m" : "",
            (int)(AT_DETECTION - AT_SEVERITY - strlen(loud[alert->severity])), "");
    fprintf(out, "%-*s  %08" PRIx32 "  ", AT_ID - AT_DETECTION - 2, detection,
            (uint32_t)(alert->id >> 32));
    put_wrapped(out, summary);
    put_facts(out, alert);
}

/* ---- the screen ------------------------------------------------------------------ */

bool screen_open(struct screen *s, FILE *out, size_t room)
{
    *s = (struct screen){.out = out, .colour = text_colour_wanted(out), .room = room};
    s->held = calloc(room, sizeof *s->held);
    return s->held != NULL;
}

static void print_first(struct screen *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text_alert(s->out, &s->held[i], s->colour);
    memmove(s->held, s->held + n, (s->n - n) * sizeof *s->held);
    s->n -= n;
}

void screen_take(struct screen *s, const struct alert *alert, int64_t oldest)
{
    size_t at, due = 0;

    if (s->n == s->room)
        print_first(s, 1);
    for (at = s->n; at > 0 && s->held[at - 1].first_seen > alert->first_seen; at--)
        s->held[at] = s->held[at - 1];
    s->held[at] = *alert;
    s->n++;
    while (due < s->n && s->held[due].first_seen <= oldest)
        due++;
    print_first(s, due);
}

void screen_close(struct screen *s)
{
    print_first(s, s->n);
    free(s->held);
    s->held = NULL;
}

/* ---- records ---------------------------------------------------------------------- */

struct line {
    char text[LINE];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format,
                                                      ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(l->text + l->len, sizeof l->text - l->len, format, arguments);
    va_end(arguments);
    if (n > 0)
        l->len +=
            (size_t)n < sizeof l->text - l->len ? (size_t)n : sizeof l->text - l->len - 1;
}

/* Ports would cost the room that says what happened; JSON has them. */
static void add_parties(struct line *l, const struct record *r)
{
    const struct parties *p = &r->parties;
    char client[ADDRESS_TEXT], server[ADDRESS_TEXT], both[2 * ADDRESS_TEXT + 4];

    if (p->protocol == 0)
        return;
    snprintf(both, sizeof both, "%s %s %s", address_text(&p->client, client),
             p->from_server ? "<" : ">", address_text(&p->server, server));
    add(l, "%-*s  ", PARTIES_OF_RECORD, both);
}

static void add_function(struct line *l, const struct record *r)
{
    struct datum d;

    add(l, "%s", r->schema->name);
    if (common_get(r, COMMON_UNIT, 0, &d))
        add(l, " %s %" PRId64, r->schema->child ? r->schema->child : "unit", d.i);
    if (common_get(r, COMMON_FUNCTION, 0, &d))
        add(l, " %.*s", (int)d.b.len, (const char *)d.b.at);
}

/* The first process value, and how many more there are. */
static void add_points(struct line *l, const struct record *r)
{
    uint64_t total = record_points(r);
    uint32_t place = 0;
    struct point p;
    struct datum d;
    struct run run;

    while (record_next_run(r, &place, &run) && run.count == 0)
        ;
    if (total == 0)
        return;
    run_point(&run, 0, &p);
    if (point_get(r, &p, POINT_REFERENCE, &d))
        add(l, " %.*s", (int)d.b.len, (const char *)d.b.at);
    else
        add(l, " %" PRIu64, p.address);
    add(l, "=%.7g", p.value);
    if (total > 1)
        add(l, " +%" PRIu64, total - 1);
}

/* An answer in time is told by its time alone. */
static void add_outcome(struct line *l, const struct record *r)
{
    const struct label *outcome = label_of(outcome_labels, r->outcome);
    int64_t took = record_response_time(r);

    if (r->kind != RECORD_TRANSACTION)
        return;
    if (outcome && (r->outcome != OUTCOME_ANSWERED || took < 0))
        add(l, " %s", outcome->name);
    if (took >= 0)
        add(l, " %.1f ms", (double)took / NS_PER_MS);
    if (r->violations_total)
        add(l, " %s", violation_name(r->schema, r->violations[0].reason));
}

void text_record(FILE *out, const struct record *r)
{
    struct line l = {.len = 0};
    char time[TIME_TEXT], frame[TEXT_NUMBER + 8];
    int room;

    add(&l, "%s.%03d  ", time_of_day(r->time, time),
        (int)(((r->time % NS_PER_S) + NS_PER_S) % NS_PER_S / NS_PER_MS));
    add_parties(&l, r);
    add_function(&l, r);
    add_outcome(&l, r);
    add_points(&l, r);
    snprintf(frame, sizeof frame, "  %" PRIu64, r->frame);
    room = TEXT_COLUMNS - (int)strlen(frame);
    if ((int)l.len > room)
        fprintf(out, "%.*s...%s\n", room - 3, l.text, frame);
    else
        fprintf(out, "%s%s\n", l.text, frame);
}

/* ---- a run ------------------------------------------------------------------------ */

void text_head(FILE *out, const struct text_head *h)
{
    char from[TIME_TEXT], to[TIME_TEXT], n[TEXT_NUMBER];
    bool same_day = h->from / (86400 * NS_PER_S) == h->to / (86400 * NS_PER_S);

    fprintf(out, "%s   %s frames", h->name, text_number(h->frames, n));
    if (h->frames)
        fprintf(out, "   %s to %s UTC", time_and_day(h->from, from),
                same_day ? time_of_day(h->to, to) : time_and_day(h->to, to));
    if (h->rules)
        fprintf(out, "   %s rules (%s)", text_number(h->rules, n), h->ruleset);
    fputs("\n\n", out);
}

/* Pieces one after another, on a new line where the next would pass the edge. */
struct pieces {
    FILE *out;
    int column;
};

static void put_piece(struct pieces *p, const char *sep, const char *piece)
{
    int len = (int)strlen(piece), gap = p->column ? (int)strlen(sep) : 0;

    if (p->column && p->column + gap + len > TEXT_COLUMNS) {
        fprintf(p->out, "%.*s\n", (int)strcspn(sep, " "), sep);
        p->column = gap = 0;
    }
    fprintf(p->out, "%s%s", gap ? sep : "", piece);
    p->column += gap + len;
}

static void end_pieces(struct pieces *p)
{
    if (p->column)
        fputc('\n', p->out);
    p->column = 0;
}

static void put_alert_counts(FILE *out, const struct text_summary *s)
{
    uint64_t total = 0;
    const char *sep = ": ";
    char n[TEXT_NUMBER];

    for (unsigned i = 0; i < SEVERITIES; i++)
        total += s->alerts[i];
    fprintf(out, total ? "%s alert%s" : "no alerts", text_number(total, n),
            total == 1 ? "" : "s");
    for (unsigned i = SEVERITIES; i-- > 0;) {
        if (s->alerts[i] == 0)
            continue;
        fprintf(out, "%s%s %s", sep, text_number(s->alerts[i], n),
                severity_labels[i].name);
        sep = ", ";
    }
    if (s->findings > total)
        fprintf(out, " (%s findings)", text_number(s->findings, n));
    fputc('.', out);
    if (s->stormed)
        fprintf(out, " %s more were above the rate.", text_number(s->stormed, n));
    if (s->conditions)
        fprintf(out, " %s standing conditions: --conditions",
                text_number(s->conditions, n));
    fputc('\n', out);
}

static void protocol_text(const struct text_protocol *p, bool first, char *out,
                          size_t size)
{
    const struct text_count parts[] = {{"refused", p->refused},
                                       {"malformed", p->malformed},
                                       {"unanswered", p->unanswered}};
    const char *sep = " (";
    char n[TEXT_NUMBER];
    int len = snprintf(out, size, "%s %s%s", p->name, text_number(p->transactions, n),
                       first ? " transactions" : "");

    for (unsigned i = 0; i < COUNT_OF(parts); i++) {
        if (parts[i].n == 0)
            continue;
        len += snprintf(out + len, size - (size_t)len, "%s%s %s", sep,
                        text_number(parts[i].n, n), parts[i].name);
        sep = ", ";
    }
    if (*sep == ',')
        snprintf(out + len, size - (size_t)len, ")");
}

static void put_protocols(FILE *out, const struct text_summary *s)
{
    struct pieces pieces = {out, 0};
    char text[LINE];

    for (unsigned i = 0; i < s->nprotocols; i++) {
        protocol_text(&s->protocols[i], i == 0, text, sizeof text);
        put_piece(&pieces, "   ", text);
    }
    end_pieces(&pieces);
}

static void put_flows(FILE *out, const struct text_summary *s)
{
    struct pieces pieces = {out, 0};
    char text[LINE], n[TEXT_NUMBER];
    uint64_t total = 0;

    for (unsigned i = 0; i < s->nflows; i++)
        total += s->flows[i].n;
    if (total == 0)
        return;
    for (unsigned i = 0, first = 1; i < s->nflows; i++) {
        char all[TEXT_NUMBER];

        if (s->flows[i].n == 0)
            continue;
        text_number(s->flows[i].n, n);
        if (first)
            snprintf(text, sizeof text, "other flows %s: %.60s %s",
                     text_number(total, all), s->flows[i].name, n);
        else
            snprintf(text, sizeof text, "%.60s %s", s->flows[i].name, n);
        put_piece(&pieces, ", ", text);
        first = 0;
    }
    end_pieces(&pieces);
}

static void put_speed(FILE *out, const struct text_summary *s)
{
    char n[TEXT_NUMBER];
    double rate = s->seconds > 0 ? (double)s->frames / s->seconds : 0;

    fprintf(out, "%.1f s", s->seconds);
    if (rate >= 1)
        fprintf(out, "   %s frames/s",
                text_number((uint64_t)(rate < 1000 ? rate : rate / 1000) *
                                (rate < 1000 ? 1 : 1000),
                            n));
    if (s->bytes_of_memory)
        fprintf(out, "   %s MiB", text_number(s->bytes_of_memory >> 20, n));
    fputc('\n', out);
}

void text_summary(FILE *out, const struct text_summary *s)
{
    fputc('\n', out);
    put_alert_counts(out, s);
    put_protocols(out, s);
    put_flows(out, s);
    if (s->mirror)
        fprintf(out, "mirror    %s\n", s->mirror);
    if (s->baseline)
        fprintf(out, "baseline  %s\n", s->baseline);
    put_speed(out, s);
    if (s->next)
        fprintf(out, "Next: %s\n", s->next);
    else if (s->alert_id)
        fprintf(out,
                "Next: --format json shows alert %08" PRIx32
                " in full     Wireshark: frame.number == %" PRIu64 "\n",
                (uint32_t)(s->alert_id >> 32), s->alert_frame);
}
