/* SPDX-License-Identifier: MIT */
/*
 * Which of two package versions is newer.
 *
 *     1 to 4 numbers of any length, then "-label.label", then "+build" (which does not count)
 *
 * Labels compare as SemVer says, but without case, as package feeds do.  A text of another form is
 * below every version, so that a broken record never keeps an upgrade away.
 */
#include "engine/policy.h"

#include <string.h>

#define PARTS 4

typedef struct span {
    const char *start;
    size_t length;
} span;

typedef struct version {
    span parts[PARTS];
    span labels; /* behind the '-'; empty for a release */
} version;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_label_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* Identifiers separated by single dots, none empty. */
static bool read_labels(const char **at, span *ret_labels)
{
    const char *start = *at, *end = start;
    for (;;) {
        const char *label = end;
        while (is_label_char(*end))
            end++;
        if (end == label)
            return false;
        if (*end != '.')
            break;
        end++;
    }
    *ret_labels = (span){start, (size_t)(end - start)};
    *at = end;
    return true;
}

static bool read_version(const char *text, version *ret_version)
{
    version read = {0};
    const char *at = text;
    for (size_t i = 0;; i++) {
        const char *start = at;
        while (is_digit(*at))
            at++;
        if (at == start || i == PARTS)
            return false;
        while (*start == '0' && start + 1 < at)
            start++;
        read.parts[i] = (span){start, (size_t)(at - start)};
        if (*at != '.')
            break;
        at++;
    }
    if (*at == '-') {
        at++;
        if (!read_labels(&at, &read.labels))
            return false;
    }
    if (*at == '+') {
        span build;
        at++;
        if (!read_labels(&at, &build))
            return false;
    }
    if (*at)
        return false;
    *ret_version = read;
    return true;
}

static int sign(long value)
{
    return (value > 0) - (value < 0);
}

/* Digits without leading zeros; nothing counts as 0. */
static int compare_numbers(span a, span b)
{
    static const span zero = {"0", 1};
    if (!a.length)
        a = zero;
    if (!b.length)
        b = zero;
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return sign(memcmp(a.start, b.start, a.length));
}

static bool is_number(span text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_digit(text.start[i]))
            return false;
    return true;
}

static span strip_zeros(span number)
{
    while (number.length > 1 && *number.start == '0') {
        number.start++;
        number.length--;
    }
    return number;
}

static int fold(char c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static int compare_words(span a, span b)
{
    for (size_t i = 0; i < a.length && i < b.length; i++) {
        int difference = fold(a.start[i]) - fold(b.start[i]);
        if (difference)
            return sign(difference);
    }
    return (a.length > b.length) - (a.length < b.length);
}

static int compare_label(span a, span b)
{
    bool a_number = is_number(a), b_number = is_number(b);
    if (a_number && b_number)
        return compare_numbers(strip_zeros(a), strip_zeros(b));
    if (a_number != b_number)
        return a_number ? -1 : 1;
    return compare_words(a, b);
}

static span next_label(span *rest)
{
    span label = *rest;
    const char *dot = memchr(rest->start, '.', rest->length);
    if (dot) {
        label.length = (size_t)(dot - rest->start);
        rest->start = dot + 1;
        rest->length -= label.length + 1;
    } else {
        rest->start += rest->length;
        rest->length = 0;
    }
    return label;
}

static int compare_labels(span a, span b)
{
    if (!a.length || !b.length) /* a release is above its prereleases */
        return (a.length == 0) - (b.length == 0);
    while (a.length && b.length) {
        int order = compare_label(next_label(&a), next_label(&b));
        if (order)
            return order;
    }
    return (a.length > 0) - (b.length > 0);
}

int rj_version_compare(const char *a, const char *b)
{
    version va, vb;
    bool a_is = read_version(a, &va), b_is = read_version(b, &vb);
    if (!a_is && !b_is)
        return sign(strcmp(a, b));
    if (a_is != b_is)
        return a_is ? 1 : -1;
    for (size_t i = 0; i < PARTS; i++) {
        int order = compare_numbers(va.parts[i], vb.parts[i]);
        if (order)
            return order;
    }
    return compare_labels(va.labels, vb.labels);
}
