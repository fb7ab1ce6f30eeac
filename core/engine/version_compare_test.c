/* SPDX-License-Identifier: MIT */
#include "engine/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each is below the next. */
static const char *const ascending[] = {
    "",
    "-1",
    "1.",
    "1..2",
    "1.2.3-",
    "1.2.3-a..b",
    "1.2.3.4.5",
    "latest",
    "v1.0",
    "0.0.0.0-0",
    "0",
    "0.0.0.1",
    "0.9",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-11",
    "1.0.0--",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.1.0",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.0.1-a",
    "1.0.0.1",
    "1.2",
    "1.10",
    "2",
    "9.99999999999999999998",
    "9.99999999999999999999",
    "10",
    "99999999999999999999999999",
};

static void versions_order_as_people_expect(void **state)
{
    (void)state;
    const size_t count = sizeof(ascending) / sizeof(ascending[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            int order = rj_version_compare(ascending[i], ascending[k]);
            int wanted = (i > k) - (i < k);
            if (order != wanted)
                fail_msg("\"%s\" against \"%s\": %d, not %d", ascending[i], ascending[k], order,
                         wanted);
        }
    }
}

static void spellings_of_one_version_are_equal(void **state)
{
    (void)state;
    static const char *const equal[][2] = {
        {"1", "1.0.0.0"},           {"1.2", "1.02"},          {"1.0.0-RC.1", "1-rc.1"},
        {"1.0.0+build.7", "1.0.0"}, {"1.0-a.01", "1.0-a.1"},  {"1.0.0-a+x", "1.0.0-A+y"},
        {"000.1", "0.1.0"},         {"nonsense", "nonsense"},
    };
    for (size_t i = 0; i < sizeof(equal) / sizeof(equal[0]); i++) {
        assert_int_equal(rj_version_compare(equal[i][0], equal[i][1]), 0);
        assert_int_equal(rj_version_compare(equal[i][1], equal[i][0]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_order_as_people_expect),
        cmocka_unit_test(spellings_of_one_version_are_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
