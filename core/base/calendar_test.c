/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/calendar.h"

#include <time.h>

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

static void every_day_of_two_centuries_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t day = -36600; day < 36600; day++) {
        time_t seconds = (time_t)(day * 86400);
        struct tm *expected = gmtime(&seconds);
        rj_calendar date = rj_calendar_of(day * INT64_C(86400000));
        assert_int_equal(date.year, expected->tm_year + 1900);
        assert_int_equal(date.month, expected->tm_mon + 1);
        assert_int_equal(date.day, expected->tm_mday);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_have_their_dates),
        cmocka_unit_test(every_day_of_two_centuries_agrees_with_the_c_library),
    };
    return cmocka_run_group_tests_name("base_calendar", tests, NULL, NULL);
}
