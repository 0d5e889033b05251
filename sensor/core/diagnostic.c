#include "sensor/core/diagnostic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COLUMNS = 100, MARGIN = 6, WORD_MAX = 64, GUTTER = 8 };

void diagnostics_open(struct diagnostics *d)
{
    *d = (struct diagnostics){0};
}

void diagnostics_close(struct diagnostics *d)
{
    arena_close(&d->arena);
    diagnostics_open(d);
}

/* ---- sources ---------------------------------------------------------------- */

const struct source *diagnostics_source(struct diagnostics *d, const char *name,
                                        struct bytes text)
{
    struct source *s = arena_take(&d->arena, sizeof *s);

    if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
        text = (struct bytes){text.at + 3, text.len - 3}; /* a byte order mark */
    s->file = arena_text(&d->arena, name);
    s->text.at = (const uint8_t *)arena_copy(&d->arena, text);
    s->text.len = text.len;
    s->number = ++d->nsources;
    return s;
}

/* Reads until the end, or one byte more than is allowed. */
static bool read_all(int fd, uint8_t *to, size_t *len)
{
    ssize_t got;

    *len = 0;
    do {
        got = read(fd, to + *len, SOURCE_MAX + 1 - *len);
        if (got > 0)
            *len += (size_t)got;
    } while ((got > 0 && *len <= SOURCE_MAX) || (got < 0 && errno == EINTR));
    return got >= 0;
}

static const struct source *read_source(struct diagnostics *d, const char *path, int fd)
{
    const struct source *s = NULL;
    uint8_t *text = malloc(SOURCE_MAX + 1);
    size_t len;

    if (!text)
        abort();
    if (!read_all(fd, text, &len))
        diagnostics_error(d, NULL, "%s: cannot be read: %s", path, strerror(errno));
    else if (len > SOURCE_MAX)
        diagnostics_error(d, NULL, "%s: larger than 8 MiB", path);
    else
        s = diagnostics_source(d, path, (struct bytes){text, len});
    free(text);
    return s;
}

const struct source *diagnostics_read(struct diagnostics *d, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const struct source *s = NULL;
    struct stat st;

    if (fd < 0) {
        diagnostics_error(d, NULL, "%s: cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        diagnostics_error(d, NULL, "%s: is not a file", path);
    else
        s = read_source(d, path, fd);
    close(fd);
    return s;
}

/* ---- collecting ------------------------------------------------------------- */

__attribute__((format(printf, 2, 0))) static const char *
formatted(struct diagnostics *d, const char *format, va_list args)
{
    char text[1024];

    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    return arena_text(&d->arena, text);
}

static struct diagnostic *add(struct diagnostics *d, const struct place *at, bool warning)
{
    struct diagnostic *new = d->n < DIAGNOSTICS_MAX ? &d->list[d->n++] : &d->surplus;

    *new = (struct diagnostic){.warning = warning, .message = ""};
    if (at)
        new->at = *at;
    if (warning)
        d->warnings++;
    else
        d->errors++;
    return new;
}

struct diagnostic *diagnostics_error(struct diagnostics *d, const struct place *at,
                                     const char *format, ...)
{
    struct diagnostic *new = add(d, at, false);
    va_list args;

    va_start(args, format);
    if (new != &d->surplus)
        new->message = formatted(d, format, args);
    va_end(args);
    return new;
}

struct diagnostic *diagnostics_warning(struct diagnostics *d, const struct place *at,
                                       const char *format, ...)
{
    struct diagnostic *new = add(d, at, true);
    va_list args;

    va_start(args, format);
    if (new != &d->surplus)
        new->message = formatted(d, format, args);
    va_end(args);
    return new;
}

void diagnostic_suggest(struct diagnostics *d, struct diagnostic *of, const char *name)
{
    if (name && of != &d->surplus)
        of->hint = arena_format(&d->arena, "did you mean `%s`?", name);
}

static bool is_before(const struct place *a, const struct place *b)
{
    unsigned na = a->source ? a->source->number : 0;
    unsigned nb = b->source ? b->source->number : 0;

    if (na != nb)
        return na < nb;
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void diagnostics_sort(struct diagnostics *d)
{
    struct diagnostic moved;
    unsigned at;

    for (unsigned i = 1; i < d->n; i++) {
        moved = d->list[i];
        for (at = i; at > 0 && is_before(&moved.at, &d->list[at - 1].at); at--)
            d->list[at] = d->list[at - 1];
        d->list[at] = moved;
    }
}

/* ---- the nearest name ------------------------------------------------------- */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Levenshtein's distance, one row at a time; long words are far from everything. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_MAX + 1], above, left;
    size_t la = strlen(a), lb = strlen(b);

    if (la > WORD_MAX || lb > WORD_MAX)
        return WORD_MAX;
    for (unsigned j = 0; j <= lb; j++)
        row[j] = j;
    for (unsigned i = 1; i <= la; i++) {
        above = row[0]++;
        for (unsigned j = 1; j <= lb; j++) {
            left = row[j];
            row[j] = least(row[j] + 1, row[j - 1] + 1, above + (a[i - 1] != b[j - 1]));
            above = left;
        }
    }
    return row[lb];
}

void nearest_open(struct nearest *n, const char *word)
{
    size_t len = strlen(word);

    *n = (struct nearest){.word = word, .distance = len < 4 ? 2 : (unsigned)len / 3 + 1};
}

void nearest_offer(struct nearest *n, const char *name)
{
    unsigned d = distance(n->word, name);

    if (d < n->distance) {
        n->distance = d;
        n->best = name;
    }
}

/* ---- printing --------------------------------------------------------------- */

static bool is_break(const uint8_t *at, const uint8_t *end, size_t *len)
{
    size_t left = (size_t)(end - at);

    *len = 1;
    if (*at == '\r' && left > 1 && at[1] == '\n')
        *len = 2;
    else if (left > 1 && memcmp(at, "\xc2\x85", 2) == 0)
        return *len = 2, true;
    else if (left > 2 && at[0] == 0xe2 && at[1] == 0x80 &&
             (at[2] == 0xa8 || at[2] == 0xa9))
        return *len = 3, true;
    return *at == '\n' || *at == '\r';
}

/* The text of a line, without its end: the breaks are those of YAML. */
static struct bytes line_of(const struct source *s, uint32_t line)
{
    const uint8_t *at = s->text.at, *end = at + s->text.len, *start = at;
    uint32_t number = 1;
    size_t len;

    for (; at < end; at += is_break(at, end, &len) ? len : 1) {
        if (!is_break(at, end, &len))
            continue;
        if (number++ == line)
            break;
        start = at + len;
    }
    return number < line ? (struct bytes){end, 0}
                         : (struct bytes){start, (size_t)(at - start)};
}

/* The next character of a line: its bytes, cleaned of what terminals act on. */
static void put_character(struct bytes *line, FILE *out)
{
    size_t len = 1;

    while (len < line->len && (line->at[len] & 0xc0) == 0x80)
        len++;
    if (line->at[0] == '\t')
        fputc(' ', out);
    else if (line->at[0] < 0x20 || line->at[0] == 0x7f || line->at[0] == 0xc2)
        fputc('?', out);
    else
        fwrite(line->at, 1, len, out);
    line->at += len;
    line->len -= len;
}

static void skip_characters(struct bytes *line, uint32_t n)
{
    for (; n > 0 && line->len > 0; n--) {
        do {
            line->at++;
            line->len--;
        } while (line->len > 0 && (line->at[0] & 0xc0) == 0x80);
    }
}

static void print_line(const struct diagnostic *one, FILE *out)
{
    uint32_t width = one->at.width, from = 0, room = COLUMNS - MARGIN - 2;
    struct bytes line = line_of(one->at.source, one->at.line);

    if (one->at.column > room - 21)
        from = one->at.column - 21;
    skip_characters(&line, from);
    fprintf(out, "%5u | ", one->at.line);
    for (uint32_t i = 0; i < room && line.len; i++)
        put_character(&line, out);
    fprintf(out, "\n%5s | %*s", "", (int)(one->at.column - 1 - from), "");
    if (width > room - (one->at.column - 1 - from))
        width = room - (one->at.column - 1 - from);
    for (uint32_t i = 0; i < width; i++)
        fputc('^', out);
    fprintf(out, "%s%s\n", one->hint ? " " : "", one->hint ? one->hint : "");
}

/*
 * Words in lines of at most COLUMNS, indented; a text "verbs: a b c" goes on below
 * its first word after the colon.  `used` columns of the first line are taken.
 */
static void print_wrapped(const char *text, size_t used, size_t indent, FILE *out)
{
    size_t column = used, len;
    const char *colon = strchr(text, ':');

    if (colon && colon - text < 20 && !memchr(text, ' ', (size_t)(colon - text)))
        indent += (size_t)(colon - text) + 2;
    while (*text) {
        len = strcspn(text, " ");
        if (column + len + 1 > COLUMNS && column > indent) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column != used) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, len, out);
        column += len;
        text += len + strspn(text + len, " ");
    }
    fputc('\n', out);
}

static size_t print_place(const struct place *at, FILE *out)
{
    int n = 0;

    if (at->source && at->line)
        n = fprintf(out, "%s:%u:%u: ", at->source->file, at->line, at->column);
    else if (at->source)
        n = fprintf(out, "%s: ", at->source->file);
    return n < 0 ? 0 : (size_t)n;
}

static void print_one(const struct diagnostic *one, FILE *out)
{
    size_t used = print_place(&one->at, out);

    used += (size_t)fprintf(out, "%s: ", one->warning ? "warning" : "error");
    print_wrapped(one->message, used, MARGIN, out);
    if (one->at.source && one->at.line && one->at.width)
        print_line(one, out);
    else if (one->hint)
        fprintf(out, "%*s%s\n", MARGIN, "", one->hint);
    if (one->help) {
        fprintf(out, "%*s", MARGIN, "");
        print_wrapped(one->help, MARGIN, MARGIN, out);
    }
}

void diagnostics_print(const struct diagnostics *d, FILE *out)
{
    unsigned all = d->errors + d->warnings;

    for (unsigned i = 0; i < d->n; i++) {
        print_one(&d->list[i], out);
        if (!d->list[i].warning && i + 1 < d->n)
            fputc('\n', out);
    }
    if (all > d->n)
        fprintf(out, "... and %u more\n", all - d->n);
}

static void json_text(const char *name, const char *text, FILE *out)
{
    fprintf(out, ",\"%s\":\"", name);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

void diagnostics_json(const struct diagnostics *d, FILE *out)
{
    fputc('[', out);
    for (unsigned i = 0; i < d->n; i++) {
        const struct diagnostic *one = &d->list[i];

        fprintf(out, "%s\n{\"level\":\"%s\"", i ? "," : "",
                one->warning ? "warning" : "error");
        if (one->at.source)
            json_text("file", one->at.source->file, out);
        if (one->at.source && one->at.line)
            fprintf(out, ",\"line\":%u,\"column\":%u", one->at.line, one->at.column);
        json_text("message", one->message, out);
        if (one->hint)
            json_text("hint", one->hint, out);
        if (one->help)
            json_text("help", one->help, out);
        fputc('}', out);
    }
    fprintf(out, "%s]\n", d->n ? "\n" : "");
}
