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

/* Of a variable in any case; it is there once. */
static const char *value(const json_t *environment, const char *name)
{
    const char *found = NULL;
    const char *other;
    json_t *text;
    json_object_foreach((json_t *)(uintptr_t)environment, other, text)
    {
        if (_stricmp(other, name) != 0)
            continue;
        assert_null(found);
        found = json_string_value(text);
    }
    return found ? found : "(none)";
}

static void assert_below_root(const json_t *environment, const char *name)
{
    char *native = rj_path_native(root);
    const char *text = value(environment, name);
    if (strncmp(text, native, strlen(native)) != 0)
        fail_msg("%s is %s", name, text);
    rj_free(native);
}

static void a_script_finds_its_folders_below_the_root(void **state)
{
    (void)state;
    json_t *environment = environment_below_root();
    static const char *const moved[] = {"ProgramData", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
                                        "TEMP",        "TMP",         "RJ_Root"};
    for (size_t i = 0; i < sizeof moved / sizeof *moved; i++)
        assert_below_root(environment, moved[i]);
    static const char *const kept[] = {"SystemRoot", "SystemDrive", "ComSpec", "PATH",
                                       "ProgramFiles"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        assert_true(strstr(value(environment, kept[i]), ":"));
    json_decref(environment);
}

static void an_account_that_nobody_knows_has_the_sid_of_nobody(void **state)
{
    (void)state;
    char *nobody = rj_script_environment_sid(4711);
    char *machine = rj_script_environment_sid(RJ_UID_MACHINE);
    assert_string_equal(nobody, "S-1-0-0");
    assert_string_equal(machine, "S-1-5-18");
    rj_free(nobody);
    rj_free(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_finds_its_folders_below_the_root),
        cmocka_unit_test(an_account_that_nobody_knows_has_the_sid_of_nobody),
    };
    return cmocka_run_group_tests_name("script_environment", tests, NULL, NULL);
}
