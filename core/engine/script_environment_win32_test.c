/* SPDX-License-Identifier: MIT */
#include "engine/executor_bench_test.h"

#include "base/alloc.h"
#include "engine/script_environment.h"
#include "engine/script_environment_win32.h"
#include "platform/file.h"

#include <windows.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *value_of(const json_t *environment, const char *name)
{
    const char *value = json_string_value(json_object_get(environment, name));
    if (!value)
        fail_msg("%s is missing", name);
    return value;
}

static void folders_are_those_that_windows_knows_whatever_our_variables_say(void **state)
{
    static const char *const same[][2] = {{"SystemRoot", "C:\\windows"},
                                          {"ComSpec", "C:\\windows\\system32\\cmd.exe"},
                                          {"ProgramFiles", "C:\\Program Files"},
                                          {"SystemDrive", "C:"}};
    (void)state;
    static const wchar_t *const evil[] = {L"ComSpec", L"ProgramFiles", L"ProgramData",
                                          L"RJ_SECRET"};
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++)
        SetEnvironmentVariableW(evil[i], L"C:\\evil");
    json_t *environment = json_object();
    assert_true(rj_script_environment_begin(environment));
    assert_int_equal(rj_script_environment_place(environment, b.paths, NULL), RJ_OK);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_int_equal(_stricmp(value_of(environment, same[i][0]), same[i][1]), 0);
    char *root = rj_path_native(b.folder);
    static const char *const below[] = {"ProgramData", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
                                        "TEMP",        "TMP",         "RJ_Root"};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++)
        assert_int_equal(strncmp(value_of(environment, below[i]), root, strlen(root)), 0);
    assert_true(rj_file_exists(value_of(environment, "TEMP")));
    assert_null(json_object_get(environment, "RJ_SECRET"));
    rj_free(root);
    json_decref(environment);
}

/* Windows and Wine spell some of them differently, and so may whoever asked for the step. */
static void a_variable_is_there_once_whatever_its_case(void **state)
{
    (void)state;
    json_t *environment = json_pack("{s:s, s:s}", "programdata", "C:\\evil", "RJ_Mine", "x");
    assert_int_equal(rj_script_environment_place(environment, b.paths, NULL), RJ_OK);
    const char *name, *other;
    json_t *value, *unused;
    json_object_foreach(environment, name, value)
    {
        unsigned times = 0;
        json_object_foreach(environment, other, unused) times += _stricmp(name, other) == 0;
        assert_int_equal(times, 1);
        assert_null(strstr(json_string_value(value), "evil"));
    }
    assert_string_equal(value_of(environment, "RJ_Mine"), "x");
    json_decref(environment);
}

static void the_machine_is_system_and_who_is_not_known_is_nobody(void **state)
{
    (void)state;
    char *machine = rj_script_environment_sid(RJ_UID_MACHINE);
    char *unknown = rj_script_environment_sid(4711);
    assert_string_equal(machine, "S-1-5-18");
    assert_string_equal(unknown, "S-1-0-0");
    rj_free(machine);
    rj_free(unknown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(folders_are_those_that_windows_knows_whatever_our_variables_say),
        BENCH_TEST(a_variable_is_there_once_whatever_its_case),
        BENCH_TEST(the_machine_is_system_and_who_is_not_known_is_nobody),
    };
    return cmocka_run_group_tests_name("script_environment", tests, NULL, NULL);
}
