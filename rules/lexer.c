#include "rules/lexer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 48, HOST_TEXT = 64, KEY_V4 = 4, KEY_V6 = 6, KEY_MAC = 7 };

/* ---- hosts ------------------------------------------------------------------ */

void host_key(struct bytes address, uint8_t key[HOST_KEY])
{
    memset(key, 0, HOST_KEY);
    key[0] = address.len == 4 ? KEY_V4 : address.len == MAC_SIZE ? KEY_MAC : KEY_V6;
    memcpy(key + 1, address.at, address.len < 16 ? address.len : 16);
}

static bool parse_mac(const char *text, uint8_t mac[MAC_SIZE])
{
    unsigned b[MAC_SIZE];
    int used = 0;

    if (strlen(text) != MAC_TEXT - 1)
        return false;
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
               &b[5], &used) != MAC_SIZE ||
        used != MAC_TEXT - 1)
        return false;
    for (unsigned i = 0; i < MAC_SIZE; i++)
        mac[i] = (uint8_t)b[i];
    return true;
}

/* The bits behind the prefix: none in low, all in high. */
static void spread(uint8_t *low, uint8_t *high, unsigned size, unsigned bits)
{
    for (unsigned i = 0; i < size * 8; i++) {
        uint8_t bit = (uint8_t)(0x80 >> i % 8);

        if (i < bits)
            continue;
        low[1 + i / 8] &= (uint8_t)~bit;
        high[1 + i / 8] |= bit;
    }
}

static bool parse_bits(const char *text, unsigned most, unsigned *bits)
{
    int64_t value;

    if (!isdigit((unsigned char)*text) || !text_int(text, &value) || value > most)
        return false;
    *bits = (unsigned)value;
    return true;
}

bool host_parse(struct bytes text, uint8_t low[HOST_KEY], uint8_t high[HOST_KEY])
{
    char copy[HOST_TEXT], *slash;
    uint8_t mac[MAC_SIZE];
    struct address a;
    unsigned size, bits;

    if (text.len >= sizeof copy || memchr(text.at, 0, text.len))
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (parse_mac(copy, mac)) {
        host_key((struct bytes){mac, MAC_SIZE}, low);
        memcpy(high, low, HOST_KEY);
        return true;
    }
    slash = strchr(copy, '/');
    if (slash)
        *slash = '\0';
    if (!address_parse(copy, &a))
        return false;
    size = a.family == ADDRESS_V4 ? 4 : 16;
    bits = size * 8;
    if (slash && !parse_bits(slash + 1, bits, &bits))
        return false;
    host_key((struct bytes){a.bytes, size}, low);
    memcpy(high, low, HOST_KEY);
    spread(low, high, size, bits);
    return true;
}

/* ---- characters ------------------------------------------------------------- */

static void step(struct lexer *l)
{
    uint8_t c = *l->next++;

    if (l->fixed)
        return;
    if (c == '\n') {
        l->at.line++;
        l->at.column = 1;
    } else if (l->next == l->end || (*l->next & 0xc0) != 0x80) {
        l->at.column++;
    }
}

static uint8_t peek(const struct lexer *l, size_t n)
{
    return (size_t)(l->end - l->next) > n ? l->next[n] : 0;
}

static bool is_word(uint8_t c)
{
    return isalnum(c) || c == '_';
}

static void take(struct lexer *l, size_t n)
{
    while (n-- > 0 && l->next < l->end)
        step(l);
}

/* ---- tokens ----------------------------------------------------------------- */

static void bad(struct lexer *l, const char *what)
{
    struct place at = l->token.at;
    size_t len = (size_t)(l->next - l->token.text.at);

    at.width = 1;
    for (const uint8_t *p = l->token.text.at + 1; p < l->next; p++)
        at.width += (*p & 0xc0) != 0x80;
    diagnostics_error(l->d, &at, "`%.*s`: %s", (int)(len < SHOWN ? len : SHOWN),
                      l->token.text.at, what);
    l->token.kind = TOKEN_BAD;
    l->next = l->end;
}

/* How far a word, number or address goes; ".." and a stop at its end are not in it. */
static size_t run_length(const struct lexer *l)
{
    size_t n = 0;

    for (;; n++) {
        uint8_t c = peek(l, n), after = peek(l, n + 1);

        if (c == '.' && !is_word(after))
            break;
        if (!is_word(c) && c != '.' && c != ':' && c != '/')
            break;
    }
    return n;
}

static size_t word_length(const struct lexer *l)
{
    size_t n = 0;

    while (is_word(peek(l, n)) || (peek(l, n) == '.' && is_word(peek(l, n + 1))))
        n++;
    return n;
}

/* Unlike other runs an address may begin with a letter or a colon: it has two. */
static bool looks_like_host(struct bytes run)
{
    unsigned colons = 0;

    for (size_t i = 0; i < run.len; i++) {
        colons += run.at[i] == ':';
        if (!isxdigit(run.at[i]) && !strchr(":./", run.at[i]))
            return false;
    }
    return colons >= 2;
}

static bool looks_like_v4(struct bytes run)
{
    unsigned dots = 0;

    for (size_t i = 0; i < run.len; i++)
        dots += run.at[i] == '.';
    return dots == 3;
}

static void lex_host(struct lexer *l, size_t len)
{
    struct token *t = &l->token;

    take(l, len);
    if (!host_parse(t->text, t->low, t->high))
        bad(l, "no address, network or MAC address");
    else
        t->kind = t->low[0] == KEY_MAC ? TOKEN_MAC : TOKEN_IP;
}

static void lex_number(struct lexer *l, size_t len)
{
    struct token *t = &l->token;
    char copy[HOST_TEXT];

    take(l, len);
    if (len >= sizeof copy) {
        bad(l, "the number is too long");
        return;
    }
    memcpy(copy, t->text.at, len);
    copy[len] = '\0';
    if (text_int(copy, &t->i)) {
        t->kind = TOKEN_INT;
        t->r = (double)t->i;
    } else if (text_real(copy, &t->r)) {
        t->kind = TOKEN_REAL;
    } else if (text_duration(copy, &t->i)) {
        t->kind = TOKEN_DURATION;
    } else {
        bad(l, "no number, address or time such as 500ms; text goes in quotes");
    }
}

static int hex_pair(const struct lexer *l)
{
    char digits[3] = {(char)peek(l, 0), (char)peek(l, 1), '\0'};

    if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
        return -1;
    return (int)strtol(digits, NULL, 16);
}

/* After a backslash; false when nothing known follows. */
static bool lex_escape(struct lexer *l, uint8_t *out)
{
    uint8_t c = peek(l, 0);
    int pair;

    take(l, 1);
    *out = c;
    if (c == '"' || c == '\\')
        return true;
    if (c != 'x')
        return false;
    pair = hex_pair(l);
    if (pair < 0)
        return false;
    take(l, 2);
    *out = (uint8_t)pair;
    return true;
}

static void lex_text(struct lexer *l)
{
    uint8_t *out = arena_take(l->arena, (size_t)(l->end - l->next) + 1);
    size_t len = 0;

    take(l, 1);
    while (l->next < l->end && *l->next != '"') {
        uint8_t c = *l->next;

        step(l);
        if (c == '\\' && !lex_escape(l, &c)) {
            bad(l, "after \\ stands one of \" \\ and xNN");
            return;
        }
        out[len++] = c;
    }
    if (l->next == l->end) {
        bad(l, "the closing \" is missing");
        return;
    }
    take(l, 1);
    l->token.kind = TOKEN_TEXT;
    l->token.string = (struct bytes){out, len};
}

static bool lex_operator(struct lexer *l)
{
    static const struct {
        const char *text;
        enum comparison op;
    } operators[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE},
                     {">=", OP_GE}, {"<", OP_LT},  {">", OP_GT}};

    for (unsigned i = 0; i < COUNT_OF(operators); i++) {
        size_t len = strlen(operators[i].text);

        if ((size_t)(l->end - l->next) >= len &&
            memcmp(l->next, operators[i].text, len) == 0) {
            take(l, len);
            l->token.kind = TOKEN_OPERATOR;
            l->token.op = operators[i].op;
            return true;
        }
    }
    return false;
}

static void lex_punctuation(struct lexer *l)
{
    uint8_t c = peek(l, 0);
    bool range = c == '.' && peek(l, 1) == '.';

    take(l, range ? 2 : 1);
    if (range || (c != '.' && strchr("(){},", c))) {
        l->token.kind = TOKEN_PUNCTUATION;
        l->token.punctuation = (char)c;
        return;
    }
    if (c == '=')
        bad(l, "equality is written ==");
    else if (c == '&' || c == '|' || c == '!')
        bad(l, "write and, or, not");
    else if (c == '\'')
        bad(l, "text goes in double quotes");
    else
        bad(l, "means nothing here");
}

static void lex_list(struct lexer *l)
{
    size_t len;

    take(l, 1);
    len = word_length(l);
    l->token.string = (struct bytes){l->next, len};
    take(l, len);
    l->token.kind = TOKEN_LIST;
    if (len == 0)
        bad(l, "$ stands before the name of a list");
}

static void lex_run(struct lexer *l)
{
    size_t len = run_length(l);
    struct bytes run = {l->next, len};

    l->token.text = run;
    if (looks_like_host(run) || (isdigit(run.at[0]) && looks_like_v4(run))) {
        lex_host(l, len);
    } else if (isdigit(run.at[0]) || run.at[0] == ':') {
        lex_number(l, len);
    } else {
        l->token.kind = TOKEN_WORD;
        l->token.string = (struct bytes){l->next, word_length(l)};
        take(l, l->token.string.len);
    }
}

static void lex_negative(struct lexer *l)
{
    size_t len = 1;

    while (is_word(peek(l, len)) || (peek(l, len) == '.' && is_word(peek(l, len + 1))))
        len++;
    l->token.text.len = len;
    lex_number(l, len);
}

static void lex_one(struct lexer *l)
{
    uint8_t c = peek(l, 0);

    if (c == '"')
        lex_text(l);
    else if (c == '$')
        lex_list(l);
    else if (c == '-' && isdigit(peek(l, 1)))
        lex_negative(l);
    else if (is_word(c) || (c == ':' && peek(l, 1) == ':'))
        lex_run(l);
    else if (!lex_operator(l))
        lex_punctuation(l);
}

void lexer_next(struct lexer *l)
{
    const uint8_t *start;

    while (l->next < l->end && isspace(*l->next))
        step(l);
    start = l->next;
    l->token = (struct token){.at = l->at, .text = {start, 0}};
    if (l->next == l->end)
        return;
    lex_one(l);
    l->token.text.len = (size_t)(l->next - start);
    l->token.at.width = 0;
    for (const uint8_t *p = start; p < l->next && l->token.kind != TOKEN_BAD; p++)
        l->token.at.width += (*p & 0xc0) != 0x80;
}

void lexer_open(struct lexer *l, const struct yaml *scalar, struct arena *arena,
                struct diagnostics *d)
{
    *l = (struct lexer){.arena = arena, .d = d, .at = scalar->inside};
    l->fixed = scalar->raw.len == 0;
    if (l->fixed) {
        l->next = (const uint8_t *)scalar->text;
        l->end = l->next + scalar->len;
        l->at = scalar->at;
    } else {
        l->next = scalar->raw.at;
        l->end = l->next + scalar->raw.len;
    }
    lexer_next(l);
}

bool token_is(const struct token *t, char punctuation)
{
    return t->kind == TOKEN_PUNCTUATION && t->punctuation == punctuation;
}

bool token_word(const struct token *t, const char *word)
{
    return t->kind == TOKEN_WORD && t->string.len == strlen(word) &&
           memcmp(t->string.at, word, t->string.len) == 0;
}
