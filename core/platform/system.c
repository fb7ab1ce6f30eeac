/* SPDX-License-Identifier: MIT */
/* Clocks as numbers and texts; what they read is system_posix.c and system_win32.c. */
#include "platform/system.h"

#include "base/calendar.h"

#include <stdio.h>
#include <string.h>

uint64_t rj_clock_monotonic_ms(void)
{
    return rj_clock_monotonic_ns() / 1000000;
}

void rj_clock_format(int64_t wall_ms, char ret_text[25])
{
    const int64_t first = INT64_C(-62135596800000); /* year 1 */
    const int64_t last = INT64_C(253402300799999);  /* year 9999 */
    wall_ms = wall_ms < first ? first : wall_ms > last ? last : wall_ms;
    rj_calendar date = rj_calendar_of(wall_ms);
    char text[64];
    snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ", (int)date.year, date.month,
             date.day, date.hour, date.minute, date.second, date.millisecond);
    memcpy(ret_text, text, 24);
    ret_text[24] = '\0';
}
