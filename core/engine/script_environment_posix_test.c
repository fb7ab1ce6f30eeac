/* SPDX-License-Identifier: MIT */
#include "engine/script_environment.h"

#include "base/alloc.h"
#include "engine/policy.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char root[TEST_PATH_MAX];

static json_t *environment_below_root(void)
{
    rj_paths *paths = NULL;
    json_t *environment = json_object();
    rj_error err = RJ_ERROR_NONE;
    assert_true(test_folder("script", root, sizeof root));
    assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, root, NULL, &paths, NULL), RJ_OK);
    assert_true(rj_script_environment_begin(environment));
    if (rj_script_environment_place(environment, paths, &err) != RJ_OK)
        fail_msg("%s", err.text);
    rj_paths_free(paths);
    test_remove_tree(root);
    return environment;
}

static const char *value(const json_t *environment, const char *name)
{
    const char *text = json_string_value(json_object_get(environment, name));
    return text ? text : "(none)";
}

static void a_script_finds_its_folders_below_the_root(void **state)
{
    (void)state;
    json_t *environment = environment_below_root();
    assert_string_equal(value(environment, "LANG"), "C.UTF-8");
    assert_non_null(strstr(value(environment, "PATH"), "/usr/bin"));
    assert_int_equal(strncmp(value(environment, "HOME"), root, strlen(root)), 0);
    assert_int_equal(strncmp(value(environment, "TMPDIR"), root, strlen(root)), 0);
    assert_string_equal(value(environment, "RJ_Root"), root);
    assert_int_equal(json_object_size(environment), 5);
    json_decref(environment);
}

static void a_user_without_a_sid_gets_the_one_of_unix_users(void **state)
{
    (void)state;
    char *user = rj_script_environment_sid(1000);
    char *machine = rj_script_environment_sid(RJ_UID_MACHINE);
    assert_string_equal(user, "S-1-22-1-1000");
    assert_string_equal(machine, "S-1-22-1-0");
    rj_free(user);
    rj_free(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_finds_its_folders_below_the_root),
        cmocka_unit_test(a_user_without_a_sid_gets_the_one_of_unix_users),
    };
    return cmocka_run_group_tests_name("script_environment", tests, NULL, NULL);
}
