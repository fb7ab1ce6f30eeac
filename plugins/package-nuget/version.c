/* SPDX-License-Identifier: MIT */
/*
 * NuGet versions: see version.h.
 *
 *   version = ws number 0*3( ws "." ws number ) ws [ "-" label *( "." label ) ] [ "+" meta ] ws
 *
 * Numbers are at most 2147483647; leading zeros are tolerated, except in strict SemVer 2, which also
 * wants exactly three numbers and no blanks.  Labels are ASCII letters, digits and '-'; one of
 * digits alone has no leading zero.
 */
#include "version.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Length of the blank character at `at`, Unicode's as well; 0 if there is none. */
static size_t blank_at(const char *at, const char *end)
{
    static const char *const wide[] = {
        "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
        "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
        "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
        "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    if (at >= end || is_blank(*at))
        return at < end;
    for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
        size_t length = strlen(wide[i]);
        if ((size_t)(end - at) >= length && memcmp(at, wide[i], length) == 0)
            return length;
    }
    return 0;
}

/* Leave out the blanks at both ends. */
static void trim(const char **start, const char **end)
{
    size_t n;
    while ((n = blank_at(*start, *end)) > 0)
        *start += n;
    for (n = 1; *end > *start && n <= 3;) {
        size_t have = (size_t)(*end - *start);
        if (n <= have && blank_at(*end - n, *end) == n) {
            *end -= n;
            n = 1;
        } else {
            n++;
        }
    }
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_label_character(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* One number; its end comes back, NULL if there is none. */
static const char *parse_number(const char *at, const char *end, int strict, int32_t *ret_number)
{
    while (!strict && at < end && is_blank(*at))
        at++;
    const char *start = at;
    int64_t number = 0;
    for (; at < end && is_digit(*at); at++) {
        number = number * 10 + (*at - '0');
        if (number > INT32_MAX)
            return NULL;
    }
    if (at == start || (strict && *start == '0' && at - start > 1))
        return NULL;
    while (!strict && at < end && is_blank(*at))
        at++;
    *ret_number = (int32_t)number;
    return at;
}

static int parse_numbers(const char *at, const char *end, int strict, int32_t numbers[4])
{
    int count = 0;
    memset(numbers, 0, 4 * sizeof(*numbers));
    for (;;) {
        at = parse_number(at, end, strict, &numbers[count]);
        if (!at)
            return 0;
        count++;
        if (at == end)
            return !strict || count == 3;
        if (*at != '.' || count == 4)
            return 0;
        at++;
    }
}

static int check_labels(const char *at, const char *end, int zeros_allowed)
{
    for (;;) {
        const char *start = at;
        int digits_only = 1;
        for (; at < end && *at != '.'; at++) {
            if (!is_label_character(*at))
                return 0;
            digits_only &= is_digit(*at);
        }
        if (at == start || (digits_only && *start == '0' && at - start > 1 && !zeros_allowed))
            return 0;
        if (at == end)
            return 1;
        at++;
    }
}

/* Keep the two parts; takes nothing over on failure. */
static int set_texts(rj_version *version, const char *release, size_t release_length,
                     const char *metadata, size_t metadata_length)
{
    version->text = malloc(release_length + metadata_length + 2);
    if (!version->text)
        return 0;
    memcpy(version->text, release, release_length);
    version->text[release_length] = '\0';
    memcpy(version->text + release_length + 1, metadata, metadata_length);
    version->text[release_length + 1 + metadata_length] = '\0';
    version->release = version->text;
    version->metadata = version->text + release_length + 1;
    return 1;
}

static int parse(const char *text, int strict, rj_version *ret_version)
{
    size_t length = strnlen(text, RJ_VERSION_TEXT_MAX + 1);
    if (length > RJ_VERSION_TEXT_MAX)
        return 0;
    const char *end = text + length;
    if (!strict)
        trim(&text, &end);
    const char *numbers_end = text;
    while (numbers_end < end && *numbers_end != '-' && *numbers_end != '+')
        numbers_end++;
    const char *release = numbers_end, *release_end = numbers_end, *metadata = end;
    const char *plus = numbers_end; /* no memchr(): gcc 12 at -O3 fears a negative length here */
    while (plus < end && *plus != '+')
        plus++;
    if (plus == end)
        plus = NULL;
    if (plus)
        metadata = plus + 1;
    if (release < end && *release == '-') {
        release++;
        release_end = plus ? plus : end;
        if (!check_labels(release, release_end, 0))
            return 0;
    }
    if (plus && !check_labels(metadata, end, 1))
        return 0;
    rj_version version;
    if (!parse_numbers(text, numbers_end, strict, version.numbers) ||
        !set_texts(&version, release, (size_t)(release_end - release), metadata,
                   (size_t)(end - metadata)))
        return 0;
    *ret_version = version;
    return 1;
}

int rj_version_parse(const char *text, rj_version *ret_version)
{
    return parse(text, 0, ret_version);
}

int rj_version_parse_strict(const char *text, rj_version *ret_version)
{
    return parse(text, 1, ret_version);
}

int rj_version_copy(const rj_version *version, rj_version *ret_version)
{
    rj_version copy;
    memcpy(copy.numbers, version->numbers, sizeof(copy.numbers));
    if (!set_texts(&copy, version->release, strlen(version->release), version->metadata,
                   strlen(version->metadata)))
        return 0;
    *ret_version = copy;
    return 1;
}

int rj_version_make(const int32_t numbers[4], const char *release, rj_version *ret_version)
{
    rj_version version;
    memcpy(version.numbers, numbers, sizeof(version.numbers));
    if (!set_texts(&version, release, strlen(release), "", 0))
        return 0;
    *ret_version = version;
    return 1;
}

void rj_version_clear(rj_version *version)
{
    free(version->text);
    memset(version, 0, sizeof(*version));
}

/* A label that reads as a signed 32-bit number; the sign is one leading '-'. */
static int label_number(const char *label, size_t length, int64_t *ret_number)
{
    size_t i = label[0] == '-' ? 1 : 0;
    int64_t number = 0;
    if (i == length)
        return 0;
    for (; i < length; i++) {
        if (!is_digit(label[i]))
            return 0;
        number = number * 10 + (label[i] - '0');
        if (number > (int64_t)INT32_MAX + 1)
            return 0;
    }
    if (label[0] == '-')
        number = -number;
    if (number > INT32_MAX)
        return 0;
    *ret_number = number;
    return 1;
}

static int upper(char c)
{
    return c >= 'a' && c <= 'z' ? c - 32 : (unsigned char)c;
}

static int compare_label_text(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t i = 0;
    for (; i < a_length && i < b_length; i++)
        if (upper(a[i]) != upper(b[i]))
            return upper(a[i]) - upper(b[i]);
    return a_length < b_length ? -1 : a_length > b_length;
}

static int compare_label(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int64_t x = 0, y = 0;
    int a_is_number = label_number(a, a_length, &x), b_is_number = label_number(b, b_length, &y);
    if (a_is_number && b_is_number)
        return x < y ? -1 : x > y;
    if (a_is_number != b_is_number)
        return a_is_number ? -1 : 1;
    return compare_label_text(a, a_length, b, b_length);
}

static int compare_release(const char *a, const char *b)
{
    if (!*a || !*b)
        return (*a ? 0 : 1) - (*b ? 0 : 1);
    for (;;) {
        size_t a_length = strcspn(a, "."), b_length = strcspn(b, ".");
        int sign = compare_label(a, a_length, b, b_length);
        if (sign != 0)
            return sign;
        a += a_length;
        b += b_length;
        if (!*a || !*b)
            return (*a ? 1 : 0) - (*b ? 1 : 0);
        a++;
        b++;
    }
}

int rj_version_compare_numbers(const rj_version *a, const rj_version *b)
{
    for (int i = 0; i < 4; i++)
        if (a->numbers[i] != b->numbers[i])
            return a->numbers[i] < b->numbers[i] ? -1 : 1;
    return 0;
}

int rj_version_compare(const rj_version *a, const rj_version *b)
{
    int sign = rj_version_compare_numbers(a, b);
    return sign != 0 ? sign : compare_release(a->release, b->release);
}

int rj_version_is_prerelease(const rj_version *version)
{
    return version->release[0] != '\0';
}

int rj_version_is_semver2(const rj_version *version)
{
    return version->metadata[0] != '\0' || strchr(version->release, '.') != NULL;
}

static char *print(const rj_version *version, const char *metadata)
{
    const int32_t *n = version->numbers;
    size_t size = 4 * 12 + strlen(version->release) + strlen(metadata) + 3;
    char *text = malloc(size);
    if (!text)
        return NULL;
    int used = snprintf(text, size, "%d.%d.%d", n[0], n[1], n[2]);
    if (n[3] > 0)
        used += snprintf(text + used, size - (size_t)used, ".%d", n[3]);
    snprintf(text + used, size - (size_t)used, "%s%s%s%s", version->release[0] ? "-" : "",
             version->release, metadata[0] ? "+" : "", metadata);
    return text;
}

char *rj_version_normalized(const rj_version *version)
{
    return print(version, "");
}

char *rj_version_full(const rj_version *version)
{
    return print(version, version->metadata);
}
