/* SPDX-License-Identifier: MIT */
/* Texts: see text.h. */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY ((int64_t)24 * 60 * 60)

char *rj_copy_text(const char *text, size_t length)
{
    const char *end = memchr(text, '\0', length);
    size_t bytes = end ? (size_t)(end - text) : length;
    char *copy = malloc(bytes + 1);

    if (copy) {
        memcpy(copy, text, bytes);
        copy[bytes] = '\0';
    }
    return copy;
}

const char *rj_find_text(const char *text, size_t length, const char *wanted)
{
    size_t need = strlen(wanted);

    for (size_t at = 0; need <= length && at <= length - need; at++)
        if (memcmp(text + at, wanted, need) == 0)
            return text + at;
    return NULL;
}

static int is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

void rj_utc_text(int64_t seconds, char text[RJ_UTC_TEXT])
{
    static const int month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t days = seconds / DAY;
    int year = 1970, month = 0, in_day = (int)(seconds % DAY);

    text[0] = '\0';
    if (seconds < 0)
        return;
    for (; year <= 9999 && days >= 365 + is_leap(year); year++)
        days -= 365 + is_leap(year);
    if (year > 9999)
        return;
    while (days >= month_days[month] + (month == 1 && is_leap(year))) {
        days -= month_days[month] + (month == 1 && is_leap(year));
        month++;
    }
    snprintf(text, RJ_UTC_TEXT, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month + 1, (int)days + 1,
             in_day / 3600, in_day / 60 % 60, in_day % 60);
}
