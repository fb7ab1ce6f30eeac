/* SPDX-License-Identifier: MIT */
/*
 * Order of Debian package versions: [epoch:]upstream[-revision].
 *
 * Each part is read as alternating runs of non-digits and digits.  Digits compare as numbers; in
 * non-digits '~' sorts before the end, the end before letters, letters before everything else.
 */
#include "debian_version.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct span {
    const char *at, *end;
} span;

static bool starts_with_digit(const span *text)
{
    return text->at < text->end && *text->at >= '0' && *text->at <= '9';
}

/* Place of the next character among non-digits; the end and a digit end the run. */
static int rank(const span *text)
{
    char c;

    if (text->at == text->end || starts_with_digit(text))
        return 0;
    c = *text->at;
    if (c == '~')
        return -1;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return c;
    return (unsigned char)c + 256;
}

static span take_number(span *text)
{
    span number;

    while (text->at < text->end && *text->at == '0')
        text->at++;
    number.at = text->at;
    while (starts_with_digit(text))
        text->at++;
    number.end = text->at;
    return number;
}

static int compare_numbers(span left, span right)
{
    size_t left_length = (size_t)(left.end - left.at),
           right_length = (size_t)(right.end - right.at);

    if (left_length != right_length)
        return left_length < right_length ? -1 : 1;
    return left_length ? memcmp(left.at, right.at, left_length) : 0;
}

static int compare_parts(span left, span right)
{
    while (left.at < left.end || right.at < right.end) {
        int order;

        while (rank(&left) || rank(&right)) {
            order = rank(&left) - rank(&right);
            if (order)
                return order;
            left.at++;
            right.at++;
        }
        order = compare_numbers(take_number(&left), take_number(&right));
        if (order)
            return order;
    }
    return 0;
}

/* Split in place: epoch before the first ':', revision after the last '-'. */
static void split(const char *version, span *epoch, span *upstream, span *revision)
{
    const char *end = version + strlen(version), *colon = strchr(version, ':');
    const char *start = colon ? colon + 1 : version, *dash = strrchr(start, '-');

    *epoch = (span){version, colon ? colon : version};
    *upstream = (span){start, dash ? dash : end};
    *revision = (span){dash ? dash + 1 : end, end};
}

int debian_version_compare(const char *left, const char *right)
{
    span lefts[3], rights[3];
    int order = 0;

    split(left, &lefts[0], &lefts[1], &lefts[2]);
    split(right, &rights[0], &rights[1], &rights[2]);
    for (size_t i = 0; i < 3 && !order; i++)
        order = compare_parts(lefts[i], rights[i]);
    return order;
}
