/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/kit/json.h -- reads requests and settings, writes results; for plugins without a JSON
 * library.  It is compiled into the plugin and no part of the ABI.
 *
 *     rj_json_value root = rj_json_document(text, length);     checked as a whole, once
 *     rj_json_value name = rj_json_member(root, "name");       absent: name.start is NULL
 *     char buffer[64];
 *     if (rj_json_string(name, buffer, sizeof buffer) < 0)     absent, no string, or too long
 *
 *     rj_json_writer out = {buffer, sizeof buffer, 0, 0};
 *     rj_json_format(&out, "{\"name\": %q}", text);            whatever bytes it holds
 *     if (rj_json_failed(&out))                                it did not fit
 *
 * A value points into the text it was read from.  Every function takes an absent value and answers
 * "absent" to it, so that only the last step needs a test.  Nothing is allocated.
 */
#ifndef REALMJOIN_KIT_JSON_H
#define REALMJOIN_KIT_JSON_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_JSON_DEPTH 32

typedef struct rj_json_value {
    const char *start; /* NULL: absent */
    const char *end;
} rj_json_value;

typedef struct rj_json_writer {
    char *text; /* NUL-terminated after the first write */
    size_t size;
    size_t length;
    int32_t failed;
} rj_json_writer;

/* ---- Grammar --------------------------------------------------------------------------------- */

static inline const char *rj_json_pass_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    return at;
}

/* The four digits of "\uXXXX"; -1: they are not. */
static inline int32_t rj_json_hex(const char *at, const char *end)
{
    int32_t value = 0;
    int i;

    if (end - at < 4)
        return -1;
    for (i = 0; i < 4; i++) {
        char c = at[i];
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value * 16 + ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return value;
}

static inline int rj_json_encode(int32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | (code >> 6));
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0 | (code >> 12));
        out[1] = (char)(0x80 | ((code >> 6) & 0x3F));
        out[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (code >> 18));
    out[1] = (char)(0x80 | ((code >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((code >> 6) & 0x3F));
    out[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* "\uXXXX", with its second half for what is beyond 16 bits; half a pair is refused. */
static inline int rj_json_unicode(const char **at, const char *end, char *out)
{
    int32_t code = rj_json_hex(*at + 1, end);

    if (code < 0 || (code >= 0xDC00 && code <= 0xDFFF))
        return -1;
    *at += 5;
    if (code >= 0xD800 && code <= 0xDBFF) {
        int32_t low = -1;
        if (end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u')
            low = rj_json_hex(*at + 2, end);
        if (low < 0xDC00 || low > 0xDFFF)
            return -1;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        *at += 6;
    }
    return rj_json_encode(code, out);
}

/* The next character inside a string: its bytes; 0: the closing quote was passed; -1: malformed. */
static inline int rj_json_next(const char **at, const char *end, char *out)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    int i;

    if (*at == end || (unsigned char)**at < 0x20)
        return -1;
    if (**at != '\\') {
        out[0] = *(*at)++;
        return out[0] != '"';
    }
    if (++*at == end)
        return -1;
    if (**at == 'u')
        return rj_json_unicode(at, end, out);
    for (i = 0; escapes[i]; i++) {
        if (**at == escapes[i]) {
            out[0] = meanings[i];
            ++*at;
            return 1;
        }
    }
    return -1;
}

/* All rj_json_pass_...: what follows the value that begins at `at`; NULL: there is none. */
static inline const char *rj_json_pass_string(const char *at, const char *end)
{
    char bytes[4];
    int got;

    if (at == end || *at != '"')
        return NULL;
    at++;
    do
        got = rj_json_next(&at, end, bytes);
    while (got > 0);
    return got == 0 ? at : NULL;
}

static inline const char *rj_json_pass_digits(const char *at, const char *end)
{
    const char *start = at;

    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at > start ? at : NULL;
}

static inline const char *rj_json_pass_number(const char *at, const char *end)
{
    if (at < end && *at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else
        at = rj_json_pass_digits(at, end);
    if (at && at < end && *at == '.')
        at = rj_json_pass_digits(at + 1, end);
    if (at && at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = rj_json_pass_digits(at, end);
    }
    return at;
}

static inline const char *rj_json_pass_word(const char *at, const char *end, const char *word)
{
    for (; *word; word++, at++)
        if (at == end || *at != *word)
            return NULL;
    return at;
}

static inline const char *rj_json_pass(const char *at, const char *end, int depth)
{
    char close;

    if (at == end || depth > RJ_JSON_DEPTH)
        return NULL;
    switch (*at) {
    case '"':
        return rj_json_pass_string(at, end);
    case 't':
        return rj_json_pass_word(at, end, "true");
    case 'f':
        return rj_json_pass_word(at, end, "false");
    case 'n':
        return rj_json_pass_word(at, end, "null");
    case '{':
    case '[':
        break;
    default:
        return rj_json_pass_number(at, end);
    }
    close = *at == '{' ? '}' : ']';
    at = rj_json_pass_space(at + 1, end);
    if (at < end && *at == close)
        return at + 1;
    for (;;) {
        if (close == '}') {
            at = rj_json_pass_string(at, end);
            at = at ? rj_json_pass_space(at, end) : NULL;
            if (!at || at == end || *at != ':')
                return NULL;
            at = rj_json_pass_space(at + 1, end);
        }
        at = rj_json_pass(at, end, depth + 1);
        at = at ? rj_json_pass_space(at, end) : NULL;
        if (!at || at == end || (*at != ',' && *at != close))
            return NULL;
        if (*at == close)
            return at + 1;
        at = rj_json_pass_space(at + 1, end);
    }
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* The value that is the whole text; absent if the text is not JSON or nested too deeply. */
static inline rj_json_value rj_json_document(const char *text, size_t length)
{
    rj_json_value absent = {NULL, NULL}, value;
    const char *end = text + length;

    value.start = rj_json_pass_space(text, end);
    value.end = rj_json_pass(value.start, end, 1);
    return value.end && rj_json_pass_space(value.end, end) == end ? value : absent;
}

static inline int rj_json_is_key(const char *at, const char *end, const char *key)
{
    char bytes[4];
    int got, i;

    for (at++; (got = rj_json_next(&at, end, bytes)) > 0;)
        for (i = 0; i < got; i++)
            if (!*key || *key++ != bytes[i])
                return 0;
    return got == 0 && !*key;
}

/* The first member or item that is wanted: by key in an object, by number in an array. */
static inline rj_json_value rj_json_find(rj_json_value in, char open, const char *key, size_t index)
{
    rj_json_value found = {NULL, NULL};
    const char *at = in.start;
    size_t i;

    if (!at || *at != open)
        return found;
    at = rj_json_pass_space(at + 1, in.end);
    for (i = 0; *at != '}' && *at != ']'; i++) {
        int wanted = i == index;
        const char *value = at;
        if (open == '{') {
            wanted = rj_json_is_key(at, in.end, key);
            value = rj_json_pass_space(rj_json_pass_string(at, in.end), in.end);
            value = rj_json_pass_space(value + 1, in.end);
        }
        at = rj_json_pass(value, in.end, 1);
        if (wanted) {
            found.start = value;
            found.end = at;
            return found;
        }
        at = rj_json_pass_space(at, in.end);
        if (*at == ',')
            at = rj_json_pass_space(at + 1, in.end);
    }
    return found;
}

static inline rj_json_value rj_json_member(rj_json_value object, const char *key)
{
    return rj_json_find(object, '{', key, 0);
}

static inline rj_json_value rj_json_item(rj_json_value array, size_t index)
{
    return rj_json_find(array, '[', NULL, index);
}

/* Copies the string and answers its length; -1, and an empty buffer: absent, not a string, longer
 * than fits, or with a NUL inside. */
static inline ptrdiff_t rj_json_string(rj_json_value value, char *buffer, size_t size)
{
    const char *at = value.start;
    size_t used = 0;
    char bytes[4];
    int got = -1, i;

    if (at && *at == '"')
        for (at++; (got = rj_json_next(&at, value.end, bytes)) > 0;) {
            for (i = 0; i < got && used < size && bytes[i]; i++)
                buffer[used++] = bytes[i];
            if (i < got)
                break;
        }
    if (got == 0 && used < size) {
        buffer[used] = '\0';
        return (ptrdiff_t)used;
    }
    if (size)
        buffer[0] = '\0';
    return -1;
}

/* 1 and the number; 0: absent, no whole number, or beyond 64 bits. */
static inline int rj_json_integer(rj_json_value value, int64_t *ret_number)
{
    const char *at = value.start;
    int negative = at && *at == '-';
    int64_t number = 0;

    if (!at || at + negative == value.end)
        return 0;
    for (at += negative; at < value.end; at++) {
        int digit = *at - '0';
        if (digit < 0 || digit > 9 || number < (INT64_MIN + digit) / 10)
            return 0;
        number = number * 10 - digit; /* the negative half is the larger one */
    }
    if (!negative && number == INT64_MIN)
        return 0;
    *ret_number = negative ? number : -number;
    return 1;
}

static inline int rj_json_is_true(rj_json_value value)
{
    return value.start && *value.start == 't';
}

/* ---- Writing --------------------------------------------------------------------------------- */

static inline void rj_json_put(rj_json_writer *out, const char *bytes, size_t length)
{
    size_t i;

    if (out->failed || length >= out->size - out->length) {
        out->failed = 1;
        return;
    }
    for (i = 0; i < length; i++)
        out->text[out->length++] = bytes[i];
    out->text[out->length] = '\0';
}

/* JSON as it stands. */
static inline void rj_json_raw(rj_json_writer *out, const char *json)
{
    size_t length = 0;

    while (json[length])
        length++;
    rj_json_put(out, json, length);
}

/* How many bytes the UTF-8 character at `at` has; 0: it is none. */
static inline size_t rj_json_utf8(const unsigned char *at)
{
    size_t more = at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : 1, i;

    if (at[0] < 0x80)
        return 1;
    if (at[0] < 0xC2 || at[0] > 0xF4 || (at[0] == 0xE0 && at[1] < 0xA0) ||
        (at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF0 && at[1] < 0x90) ||
        (at[0] == 0xF4 && at[1] > 0x8F))
        return 0;
    for (i = 1; i <= more; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    return more + 1;
}

/* As a string with its quotes; bytes that are no UTF-8 become U+FFFD. */
static inline void rj_json_quoted(rj_json_writer *out, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *at = (const unsigned char *)text;

    rj_json_put(out, "\"", 1);
    while (*at) {
        size_t length = rj_json_utf8(at);
        if (length == 0) {
            rj_json_put(out, "\\ufffd", 6);
            length = 1;
        } else if (*at < 0x20 || *at == '"' || *at == '\\') {
            char escape[6] = {'\\', 'u', '0', '0', '0', '0'};
            escape[4] = hex[*at >> 4];
            escape[5] = hex[*at & 15];
            rj_json_put(out, escape, sizeof escape);
        } else {
            rj_json_put(out, (const char *)at, length);
        }
        at += length;
    }
    rj_json_put(out, "\"", 1);
}

static inline void rj_json_number(rj_json_writer *out, int64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0u - (uint64_t)number : (uint64_t)number;

    do
        digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        digits[--at] = '-';
    rj_json_put(out, digits + at, sizeof digits - at);
}

/* Writes `format` with a quoted text for each %q (const char *) and a number for each %d (int64_t):
 *     rj_json_format(&out, "{\"name\": %q, \"size\": %d}", name, (int64_t)size); */
static inline void rj_json_format(rj_json_writer *out, const char *format, ...)
{
    va_list values;
    size_t plain;

    va_start(values, format);
    while (*format) {
        for (plain = 0; format[plain] && format[plain] != '%'; plain++)
            ;
        rj_json_put(out, format, plain);
        format += plain;
        if (*format == '%' && format[1] == 'q') {
            rj_json_quoted(out, va_arg(values, const char *));
            format += 2;
        } else if (*format == '%' && format[1] == 'd') {
            rj_json_number(out, va_arg(values, int64_t));
            format += 2;
        } else if (*format) {
            out->failed = 1; /* nothing else is known */
            break;
        }
    }
    va_end(values);
}

static inline int rj_json_failed(const rj_json_writer *out)
{
    return out->failed != 0;
}

#ifdef __cplusplus
}
#endif

#endif
