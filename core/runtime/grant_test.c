/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "platform/paths.h"
#include "runtime/grant.h"

#include <string.h>

/* Asked capability and Grant list (NULL: none) to grants. */
static rj_grants grants_of(const char *asked, const char *policy, bool trusted)
{
    const char *const list[] = {asked, NULL};
    json_t *given = policy ? json_loads(policy, 0, NULL) : NULL;
    rj_grants grants;
    assert_int_equal(rj_grants_make(list, given, trusted, &grants, NULL), RJ_OK);
    json_decref(given);
    return grants;
}

static void assert_grant(const char *asked, const char *policy, bool trusted, const char *granted,
                         bool refused)
{
    rj_grants grants = grants_of(asked, policy, trusted);
    if (granted)
        assert_string_equal(grants.granted[0], granted);
    else
        assert_null(grants.granted[0]);
    assert_int_equal(grants.refused[0] != NULL, refused);
    rj_grants_free(&grants);
}

static void built_in_plugins_get_what_they_ask_for(void **state)
{
    (void)state;
    assert_grant("spawn", NULL, true, "spawn", false);
    assert_grant("spawn:/usr/bin/x", NULL, true, "spawn:/usr/bin/x", false);
}

static void others_get_nothing_without_a_grant(void **state)
{
    (void)state;
    assert_grant("spawn", NULL, false, NULL, true);
}

static void a_grant_list_binds_everybody(void **state)
{
    (void)state;
    assert_grant("spawn", "[]", true, NULL, true);
    assert_grant("spawn", "[\"spawn\"]", false, "spawn", false);
}

static void the_narrower_of_two_limits_wins(void **state)
{
    (void)state;
    assert_grant("spawn", "[\"spawn:/bin/a\"]", false, "spawn:/bin/a", true);
    assert_grant("spawn:/bin/a", "[\"spawn\"]", false, "spawn:/bin/a", false);
    assert_grant("spawn:/bin/a", "[\"spawn:/bin/b\"]", false, NULL, true);
}

static void more_than_was_asked_for_is_never_granted(void **state)
{
    (void)state;
    const char *const nothing[] = {NULL};
    json_t *policy = json_pack("[s]", "spawn");
    rj_grants grants;
    assert_int_equal(rj_grants_make(nothing, policy, true, &grants, NULL), RJ_OK);
    assert_null(grants.granted[0]);
    assert_false(rj_grants_any(&grants, "spawn"));
    rj_grants_free(&grants);
    json_decref(policy);
}

static void unknown_and_malformed_capabilities_are_refused(void **state)
{
    (void)state;
    assert_grant("fly", NULL, true, NULL, true);
    assert_grant("spawn:relative", NULL, true, NULL, true);
    assert_grant("spawn:/a/../b", NULL, true, NULL, true);
    assert_grant("spawn:/a//b", NULL, true, NULL, true);
    assert_grant("spawn:/", NULL, true, NULL, true);
    assert_grant("spawner", "[\"spawn\"]", true, NULL, true);
    assert_grant("spawn", "[7, null, \"spawn:x\"]", false, NULL, true);
}

static void use_is_decided_by_name_and_argument(void **state)
{
    (void)state;
    rj_grants any = grants_of("spawn", NULL, true);
    rj_grants one = grants_of("spawn:/bin/a", NULL, true);
    assert_true(rj_grants_allow(&any, "spawn", "/bin/b"));
    assert_true(rj_grants_allow(&one, "spawn", "/bin/a"));
    assert_false(rj_grants_allow(&one, "spawn", "/bin/ab"));
    assert_false(rj_grants_allow(&one, "spawn", "/bin"));
    assert_false(rj_grants_allow(&any, "fly", "/bin/a"));
    assert_true(rj_grants_any(&one, "spawn"));
    rj_grants_free(&any);
    rj_grants_free(&one);
}

static void a_path_is_compared_as_this_system_compares_names(void **state)
{
    (void)state;
    bool same = rj_path_equal("/a", "/A"); /* case does not count here */
    rj_grants folder = grants_of("read:/Data", NULL, true);
    assert_true(rj_grants_allow(&folder, "read", "/Data/x"));
    assert_int_equal(rj_grants_allow(&folder, "read", "/data/X"), same);
    assert_int_equal(rj_grants_allow(&folder, "read", "/DATA"), same);
    assert_false(rj_grants_allow(&folder, "read", "/Data2"));
    rj_grants_free(&folder);
    assert_grant("read:/Data/x", "[\"read:/data\"]", false, same ? "read:/Data/x" : NULL, !same);
    assert_grant("spawn:/bin/A", "[\"spawn:/Bin/a\"]", false, same ? "spawn:/bin/A" : NULL, !same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_plugins_get_what_they_ask_for),
        cmocka_unit_test(others_get_nothing_without_a_grant),
        cmocka_unit_test(a_grant_list_binds_everybody),
        cmocka_unit_test(the_narrower_of_two_limits_wins),
        cmocka_unit_test(more_than_was_asked_for_is_never_granted),
        cmocka_unit_test(unknown_and_malformed_capabilities_are_refused),
        cmocka_unit_test(use_is_decided_by_name_and_argument),
        cmocka_unit_test(a_path_is_compared_as_this_system_compares_names),
    };
    return cmocka_run_group_tests_name("runtime_grant", tests, NULL, NULL);
}
