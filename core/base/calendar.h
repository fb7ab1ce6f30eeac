/* SPDX-License-Identifier: MIT */
/* Civil date and time (UTC) of a wall clock value, without the C library's time zone state. */
#ifndef RJ_BASE_CALENDAR_H
#define RJ_BASE_CALENDAR_H

#include <stdint.h>

typedef struct rj_calendar {
    int64_t year;
    unsigned month; /* 1..12 */
    unsigned day;   /* 1..31 */
    unsigned hour, minute, second, millisecond;
} rj_calendar;

rj_calendar rj_calendar_of(int64_t wall_ms); /* since 1970 */

#endif
