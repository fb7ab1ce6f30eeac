/* SPDX-License-Identifier: MIT */
/* Days to date by counting in eras of 400 years that begin on a 1st of March. */
#include "base/calendar.h"

rj_calendar rj_calendar_of(int64_t wall_ms)
{
    const int64_t day_ms = INT64_C(86400000);
    int64_t days = wall_ms / day_ms;
    int64_t rest = wall_ms % day_ms;
    if (rest < 0) {
        rest += day_ms;
        days--;
    }
    days += 719468; /* from 0000-03-01 to 1970-01-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned day_of_era = (unsigned)(days - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_index = (5 * day_of_year + 2) / 153; /* 0 = March */
    unsigned ms = (unsigned)rest;
    unsigned month = month_index < 10 ? month_index + 3 : month_index - 9;
    return (rj_calendar){
        .year = (int64_t)year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * month_index + 2) / 5 + 1,
        .hour = ms / 3600000,
        .minute = ms / 60000 % 60,
        .second = ms / 1000 % 60,
        .millisecond = ms % 1000,
    };
}
