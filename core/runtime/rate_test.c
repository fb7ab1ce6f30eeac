/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/rate.h"

static unsigned take_all(rj_rate *rate, uint64_t now_ms)
{
    unsigned count = 0;
    while (count < 1000 && rj_rate_take(rate, now_ms, 1, 10, 100))
        count++;
    return count;
}

static void as_many_as_allowed_may_come_at_once(void **state)
{
    (void)state;
    rj_rate rate = {0};
    assert_int_equal(take_all(&rate, 5000), 10);
    assert_int_equal(take_all(&rate, 5000), 0);
}

static void with_time_there_is_room_for_more(void **state)
{
    (void)state;
    rj_rate rate = {0};
    take_all(&rate, 5000);
    assert_int_equal(take_all(&rate, 5009), 0);
    assert_int_equal(take_all(&rate, 5010), 1); /* what was refused costs nothing */
    assert_int_equal(take_all(&rate, 5060), 5);
}

static void time_without_any_saves_up_no_more_than_may_come_at_once(void **state)
{
    (void)state;
    rj_rate rate = {0};
    take_all(&rate, 1);
    assert_int_equal(take_all(&rate, UINT64_MAX / 2), 10);
}

static void a_steady_flow_within_the_rate_is_never_refused(void **state)
{
    (void)state;
    rj_rate rate = {0};
    for (uint64_t now = 1; now < 20000; now += 10)
        assert_true(rj_rate_take(&rate, now, 1, 10, 100));
}

static void what_counts_for_many_is_taken_whole_or_not_at_all(void **state)
{
    (void)state;
    rj_rate rate = {0};
    assert_true(rj_rate_take(&rate, 5000, 7, 10, 100));
    assert_false(rj_rate_take(&rate, 5000, 4, 10, 100));
    assert_true(rj_rate_take(&rate, 5000, 3, 10, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_allowed_may_come_at_once),
        cmocka_unit_test(with_time_there_is_room_for_more),
        cmocka_unit_test(time_without_any_saves_up_no_more_than_may_come_at_once),
        cmocka_unit_test(what_counts_for_many_is_taken_whole_or_not_at_all),
        cmocka_unit_test(a_steady_flow_within_the_rate_is_never_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
