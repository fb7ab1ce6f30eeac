/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/spawn_spec.h"
#include "platform/paths.h"

#include <string.h>

static void a_file_below_a_folder_is_reached_by_plain_names_only(void **state)
{
    (void)state;
    assert_true(rj_spawn_is_below("/a/b/c", "/a/b") && rj_spawn_is_below("/a/b/c/d.log", "/a/b"));
    assert_true(rj_spawn_is_below("//s/h/b/c", "//s/h/b"));
    assert_false(rj_spawn_is_below("/a/b", "/a/b") || rj_spawn_is_below("/a/bc/d", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/", "/a/b") || rj_spawn_is_below("/a/b//c", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/./c", "/a/b") || rj_spawn_is_below("/a/b/c/", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/../c", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/..", "/a/b"));
    assert_int_equal(rj_spawn_is_below("/A/b/c", "/a/B"), rj_path_equal("/a", "/A"));
}

static void a_way_up_between_backslashes_is_one_too(void **state)
{
    (void)state;
    assert_false(rj_spawn_is_below("/a/b/x\\..\\..\\c", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/..\\c", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/c\\..", "/a/b"));
    /* A letter whose other case is longer does not hide what comes behind it. */
    assert_false(rj_spawn_is_below("/\xc8\xba\xc8\xba\xc8\xba/../c",
                                   "/\xe2\xb1\xa5\xe2\xb1\xa5\xe2\xb1\xa5"));
}

static rj_status check_in(const char *program, const char *folder)
{
    static const char *const nothing[] = {NULL};
    const char *const arguments[] = {program, NULL};
    const rj_spawn spawn = {
        .program = program, .arguments = arguments, .environment = nothing, .directory = folder};
    rj_error err = RJ_ERROR_NONE;
    rj_status status = rj_spawn_check_narrow(&spawn, &err);
    assert_true(status == RJ_OK || strstr(err.text, "would run in"));
    return status;
}

static void a_program_that_is_granted_by_name_runs_where_it_finds_no_other_code(void **state)
{
    /* Where a current folder counts, the two are told apart by a drive's letter. */
    rj_status elsewhere = rj_path_is_absolute("C:/x") ? RJ_E_DENIED : RJ_OK;
    (void)state;
    assert_int_equal(check_in("C:/tools/x.exe", "C:/tools"), RJ_OK);
    assert_int_equal(check_in("C:/tools/x.exe", "c:/Tools/"), RJ_OK);
    assert_int_equal(check_in("C:/tools/x.exe", "C:/windows/system32"), RJ_OK);
    assert_int_equal(check_in("C:/tools/x.exe", "C:/tools/below"), elsewhere);
    assert_int_equal(check_in("C:/tools/x.exe", "C:/"), elsewhere);
    assert_int_equal(check_in("C:/tools/x.exe", "C:/Users/alice"), elsewhere);
    assert_int_equal(check_in("C:/tools/x.exe", "C:/tools/../Users"), elsewhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_below_a_folder_is_reached_by_plain_names_only),
        cmocka_unit_test(a_way_up_between_backslashes_is_one_too),
        cmocka_unit_test(a_program_that_is_granted_by_name_runs_where_it_finds_no_other_code),
    };
    return cmocka_run_group_tests_name("host_spawn_spec", tests, NULL, NULL);
}
