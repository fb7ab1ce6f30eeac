/* SPDX-License-Identifier: MIT */
/* When the signatures of ClamAV were made; see signature_date.h. */
#include "signature_date.h"

#include <stdio.h>
#include <string.h>

/* Seconds since 1970 of a date of the Gregorian calendar; false: no such date. */
static bool seconds_of(int year, const char *month_name, int day, int minutes, int64_t *ret_seconds)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const int before_month[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const char *found = strstr(names, month_name);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int64_t past = year - 1, days;
    int month;

    if (strlen(month_name) != 3 || !found || (found - names) % 3 != 0 || year < 1990 ||
        year > 9999 || day < 1 || day > 31 || minutes < 0 || minutes >= 24 * 60)
        return false;
    month = (int)(found - names) / 3;
    days = past * 365 + past / 4 - past / 100 + past / 400 - 719162 + before_month[month] +
           (leap && month > 1) + day - 1;
    *ret_seconds = days * 86400 + minutes * 60;
    return true;
}

bool signature_date_of_database(const char *header, int64_t *ret_seconds)
{
    int day, year, hour, minute, zone;
    char month[4], sign;

    /* the zone says how far the local time is ahead */
    if (sscanf(header, "ClamAV-VDB:%2d %3[A-Za-z] %4d %2d-%2d %c%4d:", &day, month, &year, &hour,
               &minute, &sign, &zone) != 7 ||
        (sign != '+' && sign != '-') || zone < 0 || minute > 59 || minute < 0 ||
        !seconds_of(year, month, day, hour * 60 + minute, ret_seconds))
        return false;
    zone = (zone / 100 * 60 + zone % 100) * 60;
    *ret_seconds += sign == '+' ? -zone : zone;
    return true;
}

bool signature_date_of_version(const char *answer, int64_t *ret_seconds)
{
    int day, year, hour, minute, second;
    char month[4];

    return sscanf(answer, "ClamAV %*[^/]/%*9[0-9]/%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d",
                  month, &day, &hour, &minute, &second, &year) == 6 &&
           seconds_of(year, month, day, hour * 60 + minute, ret_seconds);
}
