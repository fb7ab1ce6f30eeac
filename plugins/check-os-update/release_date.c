/* SPDX-License-Identifier: MIT */
/* The date that stands in the release file of a package archive; see release_date.h. */
#include "release_date.h"

#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    static const int before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t past = year - 1;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return past * 365 + past / 4 - past / 100 + past / 400 - 719162 + before_month[month - 1] +
           (leap && month > 2) + day - 1;
}

bool release_date_find(const char *text, int64_t *ret_seconds)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *line = text, *found;
    int day, year, hour, minute, second;
    char month[4];

    while (line && strncmp(line, "Date:", 5) != 0) {
        line = strchr(line, '\n');
        if (line)
            line++;
    }
    if (!line || sscanf(line, "Date: %*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d", &day, month,
                        &year, &hour, &minute, &second) != 6)
        return false;
    found = strstr(months, month);
    if (!found || strlen(month) != 3 || (found - months) % 3 != 0 || day < 1 || day > 31 ||
        year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 60)
        return false;
    *ret_seconds = days_of(year, (int)(found - months) / 3 + 1, day) * 86400 + hour * 3600 +
                   minute * 60 + second;
    return true;
}
