/* SPDX-License-Identifier: MIT */
/* What scripts find around them on Windows. */
#include "engine/surroundings.h"

#include "base/alloc.h"
#include "platform/win32/wide_win32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *value_of(const json_t *environment, const char *name)
{
    const char *value = json_string_value(json_object_get(environment, name));
    if (!value)
        fail_msg("%s is missing", name);
    return value;
}

static void programs_are_looked_for_in_the_systems_folders(void **state)
{
    wchar_t folder[MAX_PATH];
    (void)state;
    assert_true(GetSystemDirectoryW(folder, MAX_PATH) > 0);
    char *expected = rj_utf8(folder);
    char *path = rj_surroundings_search_path();
    assert_non_null(path);
    assert_int_equal(strncmp(path, expected, strlen(expected)), 0);
    assert_int_equal(path[strlen(expected)], ';');
    assert_null(strchr(path, '/'));
    rj_free(expected);
    rj_free(path);
}

static void installers_find_folders_and_a_temporary_one_that_is_ours(void **state)
{
    (void)state;
    json_t *environment = json_object();
    assert_true(SetEnvironmentVariableW(L"ProgramData", L"C:\\wrong"));
    assert_true(rj_surroundings_describe(environment, NULL, "C:/a b/tmp"));
    assert_string_equal(value_of(environment, "TEMP"), "C:\\a b\\tmp");
    assert_string_equal(value_of(environment, "TMP"), "C:\\a b\\tmp");
    assert_string_not_equal(value_of(environment, "ProgramData"), "C:\\wrong");
    assert_non_null(strstr(value_of(environment, "ProgramFiles"), ":\\"));
    assert_non_null(strstr(value_of(environment, "USERPROFILE"), ":\\"));
    assert_true(rj_surroundings_describe(environment, "C:/r/root", "C:/t"));
    assert_string_equal(value_of(environment, "USERPROFILE"), "C:\\r\\root");
    json_decref(environment);
}

static void system_has_the_sid_that_windows_gave_it(void **state)
{
    (void)state;
    char *sid = rj_surroundings_sid(0);
    assert_string_equal(sid, "S-1-5-18");
    rj_free(sid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_are_looked_for_in_the_systems_folders),
        cmocka_unit_test(installers_find_folders_and_a_temporary_one_that_is_ours),
        cmocka_unit_test(system_has_the_sid_that_windows_gave_it),
    };
    return cmocka_run_group_tests_name("surroundings", tests, NULL, NULL);
}
