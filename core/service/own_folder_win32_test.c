/* SPDX-License-Identifier: MIT */
/* What becomes of a folder that was there before it became ours. */
#include "service/own_folder_win32.h"

#include "base/alloc.h"
#include "platform/win32/wide_win32.h"
#include "service/access_list_win32.h"
#include "service/foreign_files_win32.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <sddl.h>

#include <cmocka.h>

#define ANYBODY L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)"

static char folder[TEST_FOLDER_MAX];
static rj_status answers[4]; /* of take(), for a folder that was there */
static unsigned asked, made;

static int set_up(void **state)
{
    (void)state;
    memset(answers, 0, sizeof answers);
    asked = made = 0;
    return test_folder("own-folder", folder, sizeof folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    test_remove_tree(folder);
    return 0;
}

static const char *in_folder(const char *name)
{
    static char path[4][2 * TEST_FOLDER_MAX];
    static unsigned next;
    char *at = path[next++ % 4];
    snprintf(at, sizeof path[0], "%s/%s", folder, name);
    return at;
}

static rj_status take(const char *path, bool is_new, rj_error *err)
{
    made += is_new;
    if (is_new)
        return RJ_OK;
    rj_status status = answers[asked++ % 4];
    return status ? rj_fail(err, status, "%s is a link", path) : RJ_OK;
}

/* One name in the test's folder: the folder itself, and another for each that was set aside. */
static void expect_names(unsigned wanted)
{
    unsigned count = 0;
    assert_true(test_count_entries(folder, &count));
    assert_int_equal(count, wanted);
}

static void a_folder_that_cannot_be_ours_is_set_aside_with_all_that_is_in_it(void **state)
{
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    assert_true(test_make_folder(in_folder("lib")));
    assert_true(test_make_folder(in_folder("lib/tool")));
    answers[0] = RJ_E_DENIED;
    assert_int_equal(rj_own_folder(in_folder("lib"), ANYBODY, take, &error), RJ_OK);
    assert_int_equal(made, 1);
    assert_true(test_exists(in_folder("lib")));
    assert_false(test_exists(in_folder("lib/tool")));
    expect_names(2);
    assert_non_null(strstr(rj_foreign_told(), "/lib.untrusted-"));
}

static void a_folder_that_is_ours_stays(void **state)
{
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    assert_true(test_make_folder(in_folder("lib")));
    assert_int_equal(rj_own_folder(in_folder("lib"), ANYBODY, take, &error), RJ_OK);
    assert_int_equal(made, 0);
    expect_names(1);
}

static void a_folder_without_a_parent_is_said_to_be_none(void **state)
{
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_own_folder(in_folder("not/there"), ANYBODY, take, &error), RJ_E_NOT_FOUND);
}

static void what_windows_does_not_make_is_said_with_its_reason(void **state)
{
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        answers[i] = RJ_E_NOT_FOUND;
    assert_int_not_equal(rj_own_folder(in_folder("lib"), L"no list", take, &error), RJ_OK);
    assert_non_null(strstr(error.text, "/lib cannot be made: "));
}

static void a_folder_with_more_in_it_than_is_looked_at_is_set_aside_too(void **state)
{
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    assert_true(test_make_folder(in_folder("state")));
    answers[0] = RJ_E_LIMIT;
    assert_int_equal(rj_own_folder(in_folder("state"), ANYBODY, take, &error), RJ_OK);
    assert_int_equal(made, 1);
    expect_names(2);
}

static HANDLE open_to_rename(const char *path, DWORD *ret_error)
{
    wchar_t *wide = rj_wide_path(path, NULL);
    HANDLE handle =
        CreateFileW(wide, DELETE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    *ret_error = handle == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    rj_free(wide);
    return handle;
}

static void while_a_folder_is_judged_nobody_can_rename_it(void **state)
{
    DWORD failed = 0;
    HANDLE judged = INVALID_HANDLE_VALUE;
    (void)state;
    assert_true(test_make_folder(in_folder("state")));
    HANDLE other = open_to_rename(in_folder("state"), &failed);
    assert_int_equal(failed, 0);
    assert_int_equal(rj_foreign_open(in_folder("state"), 0, &judged, NULL), RJ_E_BUSY);
    CloseHandle(other);
    assert_int_equal(rj_foreign_open(in_folder("state"), 0, &judged, NULL), RJ_OK);
    open_to_rename(in_folder("state"), &failed);
    assert_int_equal(failed, ERROR_SHARING_VIOLATION);
    CloseHandle(judged);
}

static PSECURITY_DESCRIPTOR list_of(const wchar_t *sddl)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1,
                                                                     &descriptor, NULL));
    return descriptor;
}

static void rights_are_given_again_only_where_they_differ(void **state)
{
#define LIST L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
    static const struct {
        const wchar_t *has;
        bool same;
    } lists[] = {
        {LIST, true},
        {LIST L"(A;;0x1200a9;;;BU)", false},
        {L"D:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", false}, /* and what is inherited */
        {L"D:P(A;OICI;FA;;;SY)(A;OICI;FR;;;BA)", false},
        {L"D:P(A;OICI;FA;;;SY)(A;;FA;;;BA)", false},
        {L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BU)", false},
        {L"O:BA", false},
    };
    (void)state;
    PSECURITY_DESCRIPTOR wanted = list_of(LIST);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        PSECURITY_DESCRIPTOR has = list_of(lists[i].has);
        if (rj_list_same(has, wanted) != lists[i].same)
            fail_msg("%ls", lists[i].has);
        LocalFree(has);
    }
    LocalFree(wanted);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_folder_that_cannot_be_ours_is_set_aside_with_all_that_is_in_it),
        WITH_FOLDER(a_folder_that_is_ours_stays),
        WITH_FOLDER(while_a_folder_is_judged_nobody_can_rename_it),
        cmocka_unit_test(rights_are_given_again_only_where_they_differ),
        WITH_FOLDER(a_folder_without_a_parent_is_said_to_be_none),
        WITH_FOLDER(what_windows_does_not_make_is_said_with_its_reason),
        WITH_FOLDER(a_folder_with_more_in_it_than_is_looked_at_is_set_aside_too),
    };
    return cmocka_run_group_tests_name("folders of our own", tests, NULL, NULL);
}
