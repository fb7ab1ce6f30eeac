/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/crash_policy.h"

#include <limits.h>

#define MINUTE UINT64_C(60000)

enum { STEPS = 6 };

static uint64_t wait_ms(const rj_crash_history *history, uint64_t now_ms)
{
    return rj_crash_wait_ms(history, RJ_CRASH_WAIT_MS, now_ms);
}

/* One file's life: when it crashes, what follows, and how long the next start waits right after. */
typedef struct life {
    const char *what;
    struct {
        uint64_t at;
        rj_crash_verdict verdict;
        uint64_t wait;
    } steps[STEPS];
    int count;
} life;

#define R RJ_CRASH_RESTART
#define Q RJ_CRASH_QUARANTINE

static const life lives[] = {
    {"a single crash", {{0, R, 1000}}, 1},
    {"the second waits longer", {{5, R, 1000}, {2000, R, 10000}}, 2},
    {"three at once", {{7, R, 1000}, {7, R, 10000}, {7, Q, 60000}}, 3},
    {"three just within ten minutes",
     {{1000, R, 1000}, {2000, R, 10000}, {1000 + 10 * MINUTE - 1, Q, 60000}},
     3},
    {"three in exactly ten minutes are not within them",
     {{1000, R, 1000}, {2000, R, 10000}, {1000 + 10 * MINUTE, R, 60000}},
     3},
    {"one each six minutes goes on waiting and is never set aside",
     {{0, R, 1000},
      {6 * MINUTE, R, 10000},
      {12 * MINUTE, R, 60000},
      {18 * MINUTE, R, 60000},
      {24 * MINUTE, R, 60000},
      {30 * MINUTE, R, 60000}},
     6},
    {"the oldest falls out of the ring",
     {{0, R, 1000}, {9 * MINUTE, R, 10000}, {11 * MINUTE, R, 60000}, {18 * MINUTE, Q, 60000}},
     4},
    {"ten quiet minutes and it begins anew",
     {{0, R, 1000}, {1, R, 10000}, {1 + 10 * MINUTE, R, 1000}, {2 + 10 * MINUTE, R, 10000}},
     4},
    {"a crash after the quarantine is one, too",
     {{0, R, 1000}, {1, R, 10000}, {2, Q, 60000}, {3, Q, 60000}},
     4},
    {"far from the beginning of time",
     {{UINT64_MAX - 3, R, 1000}, {UINT64_MAX - 2, R, 10000}, {UINT64_MAX, Q, 60000}},
     3},
};

static void every_row_of_the_table_is_decided_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        rj_crash_history history = {.streak = 0};
        for (int step = 0; step < lives[i].count; step++) {
            uint64_t at = lives[i].steps[step].at;
            rj_crash_verdict verdict = rj_crash_note(&history, at);
            uint64_t wait = wait_ms(&history, at);
            if (verdict != lives[i].steps[step].verdict || wait != lives[i].steps[step].wait)
                fail_msg("%s: crash %d: verdict %d, wait %llu", lives[i].what, step + 1,
                         (int)verdict, (unsigned long long)wait);
        }
    }
}

static void without_a_crash_nothing_waits(void **state)
{
    rj_crash_history history = {.streak = 0};
    (void)state;
    assert_int_equal(wait_ms(&history, 0), 0);
    assert_int_equal(wait_ms(&history, UINT64_MAX), 0);
}

static void the_wait_runs_down_to_nothing_and_stays_there(void **state)
{
    rj_crash_history history = {.streak = 0};
    (void)state;
    rj_crash_note(&history, 50);
    rj_crash_note(&history, 100);
    assert_int_equal(wait_ms(&history, 100), 10000);
    assert_int_equal(wait_ms(&history, 10099), 1);
    assert_int_equal(wait_ms(&history, 10100), 0);
    assert_int_equal(wait_ms(&history, 20 * MINUTE), 0);
}

static void another_first_wait_changes_the_others_with_it(void **state)
{
    static const uint64_t waits[] = {20, 200, 1200, 1200};
    rj_crash_history history = {.streak = 0};
    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        rj_crash_note(&history, 1000);
        assert_int_equal(rj_crash_wait_ms(&history, 20, 1000), waits[i]);
    }
}

static void a_clock_that_went_back_makes_no_crash_old(void **state)
{
    rj_crash_history history = {.streak = 0};
    (void)state;
    assert_int_equal(rj_crash_note(&history, 30 * MINUTE), R);
    assert_int_equal(rj_crash_note(&history, 20 * MINUTE), R);
    assert_int_equal(rj_crash_note(&history, 10 * MINUTE), Q);
    assert_int_equal(wait_ms(&history, 0), 60000);
}

static void a_streak_of_many_does_not_wrap_to_a_short_wait(void **state)
{
    rj_crash_history history = {.streak = UINT_MAX - 1};
    (void)state;
    for (uint64_t i = 1; i <= 3; i++) {
        rj_crash_note(&history, i * 6 * MINUTE);
        assert_int_equal(wait_ms(&history, i * 6 * MINUTE), 60000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_is_decided_as_written),
        cmocka_unit_test(without_a_crash_nothing_waits),
        cmocka_unit_test(the_wait_runs_down_to_nothing_and_stays_there),
        cmocka_unit_test(another_first_wait_changes_the_others_with_it),
        cmocka_unit_test(a_clock_that_went_back_makes_no_crash_old),
        cmocka_unit_test(a_streak_of_many_does_not_wrap_to_a_short_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
