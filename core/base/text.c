/* SPDX-License-Identifier: MIT */
/* Growing text, UTF-8, printable lines, command-line splitting. */
#include "base/text.h"

#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Room for `more` bytes and the NUL; false once an allocation has failed. */
static bool make_room(rj_text *text, size_t more)
{
    if (text->failed)
        return false;
    if (more < text->capacity - text->length) /* capacity 0 never passes */
        return true;
    if (more > SIZE_MAX / 2 - text->length - 1) {
        text->failed = true;
        return false;
    }
    size_t needed = text->length + more + 1;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    char *bytes = rj_realloc(text->bytes, capacity);
    if (!bytes) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void rj_text_append(rj_text *text, const char *bytes, size_t length)
{
    if (!make_room(text, length))
        return;
    if (length)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void rj_text_add(rj_text *text, const char *string)
{
    rj_text_append(text, string, strlen(string));
}

void rj_text_addf(rj_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    rj_text_vaddf(text, format, arguments);
    va_end(arguments);
}

void rj_text_vaddf(rj_text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    char first[256];
    int length = vsnprintf(first, sizeof first, format, arguments);
    if (length < 0) {
        text->failed = true;
    } else if ((size_t)length < sizeof first) {
        rj_text_append(text, first, (size_t)length);
    } else if (make_room(text, (size_t)length)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

bool rj_text_failed(const rj_text *text)
{
    return text->failed;
}

char *rj_text_take(rj_text *text)
{
    rj_text_append(text, "", 0);
    char *bytes = text->failed ? NULL : text->bytes;
    if (!bytes)
        rj_free(text->bytes);
    *text = (rj_text)RJ_TEXT_EMPTY;
    return bytes;
}

void rj_text_free(rj_text *text)
{
    rj_free(text->bytes);
    *text = (rj_text)RJ_TEXT_EMPTY;
}

/* Length of the well-formed sequence at the start of `bytes`, 0 if there is none. */
static size_t utf8_sequence(const unsigned char *bytes, size_t left)
{
    unsigned char lead = bytes[0];
    if (lead < 0x80)
        return 1;
    size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                    : (lead & 0xf0) == 0xe0        ? 3
                    : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                   : 0;
    if (!length || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (lead == 0xe0 && bytes[1] < 0xa0) || (lead == 0xf0 && bytes[1] < 0x90);
    bool surrogate = lead == 0xed && bytes[1] > 0x9f;
    bool beyond = lead == 0xf4 && bytes[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : length;
}

bool rj_utf8_valid(const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;
    while (length) {
        size_t step = utf8_sequence(at, length);
        if (!step)
            return false;
        at += step;
        length -= step;
    }
    return true;
}

void rj_utf8_repair(char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t step = utf8_sequence((const unsigned char *)bytes + at, length - at);
        if (!step || !bytes[at])
            bytes[at] = '?';
        at += step ? step : 1;
    }
}

/* One character of the source as it appears in a line; returns its length in `piece`. */
static size_t printable(const unsigned char *at, size_t step, char piece[8])
{
    if (!step) {
        memcpy(piece, "\xef\xbf\xbd", 3);
        return 3;
    }
    if (*at == '\n' || *at == '\t') {
        piece[0] = '\\';
        piece[1] = *at == '\n' ? 'n' : 't';
        return 2;
    }
    bool c1 = step == 2 && at[0] == 0xc2 && at[1] < 0xa0; /* terminals obey these too */
    if (*at < 0x20 || *at == 0x7f || c1)
        return (size_t)snprintf(piece, 8, "\\x%02x", c1 ? at[1] : at[0]);
    memcpy(piece, at, step);
    return step;
}

size_t rj_text_to_line(char *target, size_t target_size, const char *source, size_t length)
{
    if (!target_size)
        return 0;
    const unsigned char *at = (const unsigned char *)source;
    size_t used = 0;
    size_t cut = 0; /* where "..." still fits */
    while (length) {
        size_t step = utf8_sequence(at, length);
        char piece[8];
        size_t size = printable(at, step, piece);
        if (used + size >= target_size) {
            const char *dots = "...";
            used = cut;
            while (*dots && used + 1 < target_size)
                target[used++] = *dots++;
            break;
        }
        memcpy(target + used, piece, size);
        used += size;
        if (used + 3 < target_size)
            cut = used;
        at += step ? step : 1;
        length -= step ? step : 1;
    }
    target[used] = '\0';
    return used;
}

static unsigned char ascii_lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

int rj_ascii_casecmp(const char *a, const char *b)
{
    const unsigned char *x = (const unsigned char *)a;
    const unsigned char *y = (const unsigned char *)b;
    while (*x && ascii_lower(*x) == ascii_lower(*y)) {
        x++;
        y++;
    }
    return (int)ascii_lower(*x) - (int)ascii_lower(*y);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Walk `text`; with `list` NULL only count.  Returns false on an unclosed quote. */
static bool split(const char *text, char **list, char *bytes, size_t *ret_count)
{
    size_t count = 0;
    while (*text) {
        if (is_blank(*text)) {
            text++;
            continue;
        }
        if (list)
            list[count] = bytes;
        count++;
        bool quoted = false;
        for (; *text && (quoted || !is_blank(*text)); text++) {
            if (*text == '"') {
                quoted = !quoted;
                continue;
            }
            if (quoted && text[0] == '\\' && text[1] == '"')
                text++;
            if (list)
                *bytes++ = *text;
        }
        if (quoted)
            return false;
        if (list)
            *bytes++ = '\0';
    }
    *ret_count = count;
    return true;
}

bool rj_text_split_arguments(const char *text, char ***ret_list, size_t *ret_count,
                             bool *ret_unclosed)
{
    size_t count = 0;
    *ret_unclosed = !split(text, NULL, NULL, &count);
    if (*ret_unclosed)
        return false;
    /* Each argument is at most its text and takes the place of one blank (or the end) for its NUL. */
    char **list = rj_malloc((count + 1) * sizeof *list + strlen(text) + 1);
    if (!list)
        return false;
    split(text, list, (char *)(list + count + 1), &count);
    list[count] = NULL;
    *ret_list = list;
    *ret_count = count;
    return true;
}
