/* SPDX-License-Identifier: MIT */
/*
 * Skips a cmocka test and says why, as TAP wants it: "ok 3 - the test # SKIP the reason".  cmocka's own skip()
 * prints "not ok" and has no reason, which meson takes for a failure.
 *
 * Include after <cmocka.h>, also where main() is.  In a test or its setup; elsewhere it is cmocka's skip().
 */
#ifndef TEST_SUPPORT_TAP_SKIP_H
#define TEST_SUPPORT_TAP_SKIP_H

#include <stddef.h>

#ifndef cmocka_run_group_tests
#error "include tap_skip.h after cmocka.h, or its own skip() is what main() reports"
#endif

struct CMUnitTest;

_Noreturn void tap_skip(const char *reason);

int tap_run_group(const char *name, const struct CMUnitTest *tests, size_t count,
                  int (*setup)(void **state), int (*teardown)(void **state));

#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
    tap_run_group(#tests, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
#undef cmocka_run_group_tests_name
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                  \
    tap_run_group(name, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif
