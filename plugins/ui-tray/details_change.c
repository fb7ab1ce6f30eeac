/* SPDX-License-Identifier: MIT */
/* See details_change.h. */
#include "details_change.h"

#include <stdlib.h>

static size_t common_beginning(const wchar_t *a, const wchar_t *b)
{
    size_t length = 0;
    while (a[length] && a[length] == b[length])
        length++;
    return length;
}

/* How long an end of `shown` is the beginning of `text`.  In one pass (Knuth, Morris, Pratt): what programs write
 * repeats itself, and trying each line would take seconds then. */
static size_t common_end(const wchar_t *shown, const wchar_t *text)
{
    size_t length = wcslen(text), matched = 0;
    size_t *shorter = calloc(
        length + 1, sizeof *shorter); /* [n]: the same of n characters of `text` with itself */
    if (!shorter)
        return 0;
    for (size_t i = 1; i < length; i++) {
        size_t n = shorter[i];
        while (n && text[n] != text[i])
            n = shorter[n];
        shorter[i + 1] = text[n] == text[i] ? n + 1 : 0;
    }
    for (; *shown; shown++) {
        while (matched && (matched == length || text[matched] != *shown))
            matched = shorter[matched];
        if (length && text[matched] == *shown)
            matched++;
    }
    free(shorter);
    return matched;
}

details_change details_compare(const wchar_t *shown, const wchar_t *text)
{
    size_t length = wcslen(shown), beginning = common_beginning(shown, text);
    size_t end = beginning == length ? length : common_end(shown, text);
    return end > beginning ? (details_change){length - end, end} : (details_change){0, beginning};
}

size_t details_moved(const details_change *change, size_t place)
{
    size_t moved = place > change->dropped ? place - change->dropped : 0;
    return moved < change->kept ? moved : change->kept;
}
