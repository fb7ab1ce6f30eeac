/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/calendar.h"

#include <stdbool.h>

static void known_moments_have_their_dates(void **state)
{
    (void)state;
    rj_calendar date = rj_calendar_of(INT64_C(1795428000123));
    assert_int_equal(date.year, 2026);
    assert_int_equal(date.month, 11);
    assert_int_equal(date.day, 23);
    assert_int_equal(date.hour, 10);
    assert_int_equal(date.millisecond, 123);
    date = rj_calendar_of(-1);
    assert_int_equal(date.year, 1969);
    assert_int_equal(date.month, 12);
    assert_int_equal(date.day, 31);
    assert_int_equal(date.second, 59);
    assert_int_equal(date.millisecond, 999);
}

static unsigned days_of(int64_t year, unsigned month)
{
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Counted on from one day to the next, as no library has all of these years everywhere. */
static void every_day_of_three_centuries_follows_the_one_before(void **state)
{
    (void)state;
    int64_t year = 1870;
    unsigned month = 1;
    unsigned day_of_month = 1;
    for (int64_t day = -36524; year < 2170; day++) {
        rj_calendar date = rj_calendar_of(day * INT64_C(86400000));
        assert_int_equal(date.year, year);
        assert_int_equal(date.month, month);
        assert_int_equal(date.day, day_of_month);
        if (++day_of_month > days_of(year, month)) {
            day_of_month = 1;
            month = month == 12 ? 1 : month + 1;
            year += month == 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_have_their_dates),
        cmocka_unit_test(every_day_of_three_centuries_follows_the_one_before),
    };
    return cmocka_run_group_tests_name("base_calendar", tests, NULL, NULL);
}
