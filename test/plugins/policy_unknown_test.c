/* SPDX-License-Identifier: MIT */
/* A policy that is there and cannot be read: what it may forbid is not loaded until it can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

#include <string.h>

#define PLAIN ", \"capabilities\": [], \"checks\": [\"case\"]"

static scene s;

static int setup(void **state)
{
    (void)state;
    scene_open(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&s);
    return 0;
}

static void assert_state(const char *id, const char *expected)
{
    json_t *found = scene_describe(&s, id, "state");
    assert_string_equal(json_string_value(found), expected);
    json_decref(found);
}

static void without_a_policy_that_can_be_read_plugins_of_others_wait_for_it(void **state)
{
    (void)state;
    scene_add(&s, false, "case", "case-good", "\"rj.check/1\"", PLAIN);
    scene_add(&s, false, "forbidden", "case-good", "\"rj.check/1\"", PLAIN);
    scene_add(&s, true, "other", "case-other-id", "\"rj.check/1\"", PLAIN);
    s.policy_unknown = true;
    scene_load(&s);
    assert_state("other", "ready");
    assert_state("case", "refused");
    assert_state("forbidden", "refused");
    json_t *why = scene_describe(&s, "case", "reason");
    assert_non_null(strstr(json_string_value(why), "the policy cannot be read"));
    json_decref(why);
    rj_runtime_refresh(s.runtime);
    assert_state("case", "refused");

    json_t *policy = json_pack("{s:{s:b}}", "forbidden", "Enabled", 0);
    rj_runtime_configure(s.runtime, policy);
    json_decref(policy);
    assert_state("case", "ready");
    assert_state("forbidden", "disabled");
}

static void that_there_is_no_policy_after_all_lets_them_in_too(void **state)
{
    (void)state;
    scene_add(&s, false, "case", "case-good", "\"rj.check/1\"", PLAIN);
    s.policy_unknown = true;
    scene_load(&s);
    assert_state("case", "refused");
    rj_runtime_configure(s.runtime, NULL);
    assert_state("case", "ready");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            without_a_policy_that_can_be_read_plugins_of_others_wait_for_it, setup, teardown),
        cmocka_unit_test_setup_teardown(that_there_is_no_policy_after_all_lets_them_in_too, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("runtime_policy_unknown", tests, NULL, NULL);
}
