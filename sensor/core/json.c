/*
 * RFC 8259, with two habits: a real always shows its point, so that a path keeps
 * one type for ever, and bytes that are no UTF-8 are shown as \u00xx.
 */

#include "sensor/core/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/core/clock.h"

enum { NUMBER = 40, SCALES = 10, SECONDS_A_DAY = 86400 };

static const char digits[] = "0123456789abcdef";

struct json json_into(char *out, size_t size)
{
    return (struct json){.out = out, .size = size};
}

struct json_mark json_mark(const struct json *j)
{
    return (struct json_mark){j->len, j->fields, j->comma};
}

void json_undo(struct json *j, struct json_mark mark)
{
    j->len = mark.len;
    j->fields = mark.fields;
    j->comma = mark.comma;
    j->overflow = false;
}

/* Room for len bytes in one piece; len is far below the size of any stage. */
static bool room(struct json *j, size_t len)
{
    if (j->overflow)
        return false;
    if (len <= j->size - j->len)
        return true;
    if (j->flush) {
        j->flush(j->to, j->out, j->len);
        j->len = 0;
        if (len <= j->size)
            return true;
    }
    j->overflow = true;
    return false;
}

static void put(struct json *j, const char *text, size_t len)
{
    if (!room(j, len))
        return;
    memcpy(j->out + j->len, text, len);
    j->len += len;
}

static void put_char(struct json *j, char c)
{
    if (room(j, 1))
        j->out[j->len++] = c;
}

/* The comma and the key that go before a value, in one piece. */
static void begin(struct json *j, const char *key)
{
    size_t len = key ? strlen(key) : 0;
    char *at;

    if (!room(j, key ? len + 4 : 1))
        return;
    at = j->out + j->len;
    if (j->comma)
        *at++ = ',';
    j->comma = true;
    if (key) {
        j->fields++;
        *at++ = '"';
        while (*key)
            *at++ = *key++;
        *at++ = '"';
        *at++ = ':';
    }
    j->len = (size_t)(at - j->out);
}

size_t json_end_line(struct json *j)
{
    size_t len;

    put_char(j, '\n');
    j->comma = false; /* the next line stands alone */
    len = j->overflow ? 0 : j->len;
    if (j->flush && len > 0) {
        j->flush(j->to, j->out, len);
        j->len = 0;
    }
    return len;
}

static void open_with(struct json *j, const char *key, char c)
{
    begin(j, key);
    put_char(j, c);
    j->comma = false;
}

static void close_with(struct json *j, char c)
{
    put_char(j, c);
    j->comma = true;
}

void json_object(struct json *j, const char *key)
{
    open_with(j, key, '{');
}

void json_object_end(struct json *j)
{
    close_with(j, '}');
}

void json_array(struct json *j, const char *key)
{
    open_with(j, key, '[');
}

void json_array_end(struct json *j)
{
    close_with(j, ']');
}

/* ---- text ----------------------------------------------------------------- */

/* A bit for each byte that is printable ASCII and needs no escape. */
static const uint64_t plain_bytes[4] = {
    ~UINT64_C(0xffffffff) & ~(UINT64_C(1) << '"'),
    ~(UINT64_C(1) << ('\\' - 64)) & ~(UINT64_C(1) << 63), 0, 0};

static bool is_plain(uint8_t c)
{
    return plain_bytes[c / 64] >> c % 64 & 1;
}

/*
 * Bytes of the UTF-8 sequence at `at`, 0 when it is none: RFC 3629, section 4.
 * C1 controls count as none, since terminals obey them.
 */
static size_t sequence(const uint8_t *at, size_t left)
{
    uint8_t first = at[0], low = 0x80, high = 0xbf;
    size_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (first < 0xc2 || first > 0xf4 || left < len)
        return 0;
    if (first == 0xe0 || first == 0xc2)
        low = 0xa0; /* overlong; or a C1 control */
    else if (first == 0xf0)
        low = 0x90; /* overlong */
    else if (first == 0xed)
        high = 0x9f; /* surrogates */
    else if (first == 0xf4)
        high = 0x8f; /* past U+10FFFF */
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    }
    return len;
}

static void put_escape(struct json *j, uint8_t c)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    char text[6] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};

    for (size_t i = 0; i + 1 < sizeof named; i += 2) {
        if ((uint8_t)named[i] != c)
            continue;
        text[1] = named[i + 1];
        put(j, text, 2);
        return;
    }
    put(j, text, sizeof text);
}

/* In pieces, so that a stage of any size takes text of any length. */
static void put_plain(struct json *j, const uint8_t *at, size_t len)
{
    enum { PIECE = 64 };

    for (size_t n; len > 0; at += n, len -= n) {
        n = j->flush && len > PIECE ? PIECE : len;
        put(j, (const char *)at, n);
    }
}

static void put_text(struct json *j, struct bytes b)
{
    put_char(j, '"');
    for (size_t i = 0, n; i < b.len; i += n) {
        for (n = 0; i + n < b.len && is_plain(b.at[i + n]);)
            n++;
        put_plain(j, b.at + i, n);
        if (i + n == b.len)
            break;
        i += n;
        n = b.at[i] >= 0x80 ? sequence(b.at + i, b.len - i) : 0;
        if (n > 0) {
            put(j, (const char *)b.at + i, n);
        } else {
            put_escape(j, b.at[i]);
            n = 1;
        }
    }
    put_char(j, '"');
}

void json_text_bytes(struct json *j, const char *key, struct bytes text)
{
    begin(j, key);
    put_text(j, text);
}

void json_text(struct json *j, const char *key, const char *text)
{
    json_text_bytes(j, key, (struct bytes){(const uint8_t *)text, strlen(text)});
}

void json_part(struct json *j, struct bytes part)
{
    put_plain(j, part.at, part.len);
}

const char *json_key(char *out, size_t size, const char *name, const char *suffix)
{
    snprintf(out, size, "%s%s", name, suffix);
    return out;
}

/* ---- numbers -------------------------------------------------------------- */

/* Decimal digits of u, right-aligned before end; where they begin. */
static char *decimal(char *end, uint64_t u)
{
    do {
        *--end = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    return end;
}

static void put_number(struct json *j, bool negative, uint64_t u)
{
    char text[NUMBER], *end = text + sizeof text, *at = decimal(end, u);

    if (negative)
        *--at = '-';
    put(j, at, (size_t)(end - at));
}

void json_uint(struct json *j, const char *key, uint64_t u)
{
    begin(j, key);
    put_number(j, false, u);
}

void json_int(struct json *j, const char *key, int64_t i)
{
    begin(j, key);
    put_number(j, i < 0, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
}

void json_bool(struct json *j, const char *key, bool b)
{
    begin(j, key);
    put(j, b ? "true" : "false", b ? 4 : 5);
}

/* n / 10^scale with `scale` places after the point. */
static void put_scaled(struct json *j, bool negative, uint64_t n, unsigned scale)
{
    char text[NUMBER], *end = text + sizeof text, *at = end;

    for (unsigned i = 0; i < scale; i++) {
        *--at = (char)('0' + n % 10);
        n /= 10;
    }
    if (scale == 0)
        *--at = '0';
    *--at = '.';
    at = decimal(at, n);
    if (negative)
        *--at = '-';
    put(j, at, (size_t)(end - at));
}

/* What printf wrote, with a point where it has none: 1e+30 becomes 1.0e+30. */
static void put_printed(struct json *j, const char *text)
{
    size_t whole = strcspn(text, "e");

    put(j, text, whole);
    if (!memchr(text, '.', whole))
        put(j, ".0", 2);
    put(j, text + whole, strlen(text + whole));
}

static const double powers[SCALES + 1] = {1.0, 1e1, 1e2, 1e3, 1e4, 1e5,
                                          1e6, 1e7, 1e8, 1e9, 1e10};

/*
 * Most values people meet have few decimals.  n and 10^scale are exact, and one
 * division rounds once, so n / 10^scale == value proves that the text of n with
 * the point moved reads back as the value; the first scale that fits is shortest.
 */
static bool put_few_decimals(struct json *j, double magnitude, bool negative)
{
    for (unsigned scale = 0; scale <= SCALES; scale++) {
        double n = nearbyint(magnitude * powers[scale]);

        if (n > 1e15)
            return false;
        if (n / powers[scale] == magnitude) {
            put_scaled(j, negative, (uint64_t)n, scale);
            return true;
        }
    }
    return false;
}

/* The same in single precision, where integers are exact up to 2^24. */
static bool put_few_decimals_single(struct json *j, float magnitude, bool negative)
{
    for (unsigned scale = 0; scale <= SCALES; scale++) {
        double n = nearbyint((double)magnitude * powers[scale]);

        if (n > 16777216.0)
            return false;
        if ((float)n / (float)powers[scale] == magnitude) {
            put_scaled(j, negative, (uint64_t)n, scale);
            return true;
        }
    }
    return false;
}

void json_real(struct json *j, const char *key, double r)
{
    char text[NUMBER];

    if (!isfinite(r))
        return;
    begin(j, key);
    if (put_few_decimals(j, fabs(r), signbit(r)))
        return;
    /* Fifteen digits are exact for all but subnormal numbers, which hold fewer. */
    for (int places = isnormal(r) ? 15 : 1; places <= 17; places++) {
        snprintf(text, sizeof text, "%.*g", places, r);
        if (strtod(text, NULL) == r)
            break;
    }
    put_printed(j, text);
}

void json_float(struct json *j, const char *key, float f)
{
    char text[NUMBER];

    if (!isfinite(f))
        return;
    begin(j, key);
    if (put_few_decimals_single(j, fabsf(f), signbit(f)))
        return;
    for (int places = isnormal(f) ? 6 : 1; places <= 9; places++) {
        snprintf(text, sizeof text, "%.*g", places, (double)f);
        if (strtof(text, NULL) == f)
            break;
    }
    put_printed(j, text);
}

/* ---- what is written as text ------------------------------------------------ */

void json_hex(struct json *j, const char *key, struct bytes b)
{
    char pair[2];

    begin(j, key);
    put_char(j, '"');
    for (size_t i = 0; i < b.len; i++) {
        pair[0] = digits[b.at[i] >> 4];
        pair[1] = digits[b.at[i] & 15];
        put(j, pair, sizeof pair);
    }
    put_char(j, '"');
}

void json_id(struct json *j, const char *key, uint64_t id)
{
    char text[18];

    text[0] = text[17] = '"';
    for (unsigned i = 16; i >= 1; i--, id >>= 4)
        text[i] = digits[id & 15];
    begin(j, key);
    put(j, text, sizeof text);
}

/* n in `width` digits, zeros before it. */
static char *padded(char *at, uint64_t n, unsigned width)
{
    for (unsigned i = width; i-- > 0; n /= 10)
        at[i] = (char)('0' + n % 10);
    return at + width;
}

/*
 * Year, month and day of a day counted from 1970-01-01, for the 584 years a time
 * in ns can name.  Years begin in March here, so that the leap day comes last.
 */
static char *put_day(char *at, int64_t day)
{
    int64_t from_march = day + 719468; /* days since 0000-03-01 */
    int64_t era = from_march / 146097, of_era = from_march % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153; /* 0 is March */

    at = padded(at, (uint64_t)(year + era * 400 + (month >= 10)), 4);
    *at++ = '-';
    at = padded(at, (uint64_t)(month < 10 ? month + 3 : month - 9), 2);
    *at++ = '-';
    return padded(at, (uint64_t)(of_year - (153 * month + 2) / 5 + 1), 2);
}

void json_time(struct json *j, const char *key, int64_t ns)
{
    int64_t seconds = ns / NS_PER_S, rest = ns % NS_PER_S, day;
    char text[NUMBER], *at = text;

    if (rest < 0) {
        rest += NS_PER_S;
        seconds--;
    }
    day = seconds / SECONDS_A_DAY - (seconds % SECONDS_A_DAY < 0);
    seconds -= day * SECONDS_A_DAY;
    *at++ = '"';
    at = put_day(at, day);
    *at++ = 'T';
    at = padded(at, (uint64_t)(seconds / 3600), 2);
    *at++ = ':';
    at = padded(at, (uint64_t)(seconds / 60 % 60), 2);
    *at++ = ':';
    at = padded(at, (uint64_t)(seconds % 60), 2);
    *at++ = '.';
    at = padded(at, (uint64_t)(rest / NS_PER_US), 6);
    memcpy(at, "+0000\"", 6);
    begin(j, key);
    put(j, text, (size_t)(at + 6 - text));
}

void json_address(struct json *j, const char *key, struct bytes b)
{
    char text[ADDRESS_TEXT];
    struct address a;

    if (b.len == MAC_SIZE) {
        json_text(j, key, mac_text(b.at, text));
    } else if (b.len == 4 || b.len == 16) {
        a = b.len == 4 ? address_v4(b.at) : address_v6(b.at);
        json_text(j, key, address_text(&a, text));
    } else {
        json_hex(j, key, b);
    }
}
