/* SPDX-License-Identifier: MIT */
/* What becomes of a folder that was there before it became ours. */
#include "service/own_folder_win32.h"

#include "base/alloc.h"
#include "base/log.h"
#include "platform/file.h"
#include "platform/paths.h"
#include "platform/win32/wide_win32.h"
#include "service/access_list_win32.h"
#include "service/foreign_files_win32.h"
#include "service/service.h"
#include "service/service_main.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sddl.h>

#include <cmocka.h>

#define ANYBODY L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)"

static char folder[TEST_FOLDER_MAX];
static rj_status answers[4]; /* of take(), for a folder that was there */
static unsigned asked, made;
static char told[4000];

static int set_up(void **state)
{
    (void)state;
    memset(answers, 0, sizeof answers);
    asked = made = 0;
    rj_foreign_tell(); /* what the test before has left */
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

static void on_line(void *data, int level, const char *line)
{
    size_t used = strlen(told);
    (void)data, (void)level;
    snprintf(told + used, sizeof told - used, "%s\n", line);
}

static void expect_told(const char *words)
{
    *told = '\0';
    rj_log_set_listener(on_line, NULL);
    rj_foreign_tell();
    rj_log_set_listener(NULL, NULL);
    if (!strstr(told, words))
        fail_msg("no \"%s\" in \"%s\"", words, told);
}

static rj_status take(const char *path, bool is_new, rj_error *err)
{
    made += is_new;
    if (is_new)
        return RJ_OK;
    rj_status status = answers[asked++ % 4];
    return status ? rj_fail(err, status, "%s is %s", path,
                            status == RJ_E_LIMIT ? "too large" : "a link")
                  : RJ_OK;
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
    expect_told("\\lib.untrusted-");
    assert_non_null(strstr(told, "\\lib is a link: "));
    assert_false(rj_foreign_has_told());
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
    expect_told("\\state is too large: ");
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

/* A policy of ours that somebody was given the right to change. */
static void make_open_policy(void)
{
    assert_true(test_make_folder(in_folder("policy")));
    assert_true(test_write_file(in_folder("policy/device.json"), "{}", 2));
    assert_true(test_let_others_write(in_folder("policy/device.json"), true));
    assert_true(test_let_others_write(in_folder("policy"), true));
}

static void expect_closed(const char *path)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD rights = 0;
    assert_int_equal(rj_foreign_open(path, FILE_SHARE_DELETE, &file, NULL), RJ_OK);
    assert_int_equal(rj_foreign_rights(file, path, &rights, NULL), RJ_OK);
    CloseHandle(file);
    assert_int_equal(rights & (RJ_RIGHTS_TAKING | RJ_RIGHTS_ADDING), 0);
}

static void rights_that_were_given_to_what_is_ours_are_taken_back_and_told(void **state)
{
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    make_open_policy();
    assert_int_equal(rj_foreign_clear(folder, false, &error), RJ_OK);
    expect_closed(in_folder("policy"));
    expect_closed(in_folder("policy/device.json"));
    expect_names(1);
    expect_told("\\policy could be changed by others, ");
    assert_non_null(strstr(told, "taken back"));
    assert_non_null(strstr(told, "\\device.json could be changed by others, "));
    assert_int_equal(rj_foreign_clear(folder, false, &error), RJ_OK);
    assert_false(rj_foreign_has_told());
}

static void what_others_could_change_before_the_folder_was_ours_is_set_aside(void **state)
{
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    make_open_policy();
    assert_int_equal(rj_foreign_clear(folder, true, &error), RJ_OK);
    assert_false(test_exists(in_folder("policy")));
    expect_told("\\policy could be changed by others: ");
}

static void what_somebody_holds_open_to_change_it_is_set_aside_alone_with_that_reason(void **state)
{
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    make_open_policy();
    assert_true(test_write_file(in_folder("policy/more.json"), "{}", 2));
    wchar_t *wide = rj_wide_path(in_folder("policy/device.json"), NULL);
    HANDLE held =
        CreateFileW(wide, FILE_WRITE_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, 0, NULL);
    rj_free(wide);
    assert_ptr_not_equal(held, INVALID_HANDLE_VALUE);
    assert_int_equal(rj_foreign_clear(folder, false, &error), RJ_OK);
    CloseHandle(held);
    assert_false(test_exists(in_folder("policy/device.json")));
    assert_true(test_exists(in_folder("policy/more.json")));
    expect_told("\\device.json is held open by another program: ");
}

/* Another service has the lock, or it cannot be made. */
static void expect_told_by_a_start_that_fails(bool locked)
{
    char path[1024], *text = NULL;
    int lock = -1;
    rj_paths *paths = NULL;
    assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, folder, NULL, &paths, NULL), RJ_OK);
    assert_int_equal(rj_dir_make(rj_path(paths, RJ_PATH_RUN), 0755, NULL), RJ_OK);
    snprintf(path, sizeof path, "%s/service.lock", rj_path(paths, RJ_PATH_RUN));
    if (locked)
        assert_int_equal(rj_file_lock(path, &lock, NULL), RJ_OK);
    else
        assert_true(test_make_folder(path));
    rj_service_options options = {.root = folder, .log_level = RJ_LOG_INFO};
    assert_true(test_write_file(in_folder("planted"), "", 0));
    assert_int_equal(rj_foreign_set_aside(in_folder("planted"), "it was made by alice", NULL),
                     RJ_OK);
    assert_int_equal(rj_service_main(&options, rj_service_run),
                     locked ? RJ_SERVICE_BUSY : RJ_SERVICE_FAILED);
    snprintf(path, sizeof path, "%s/realmjoin.log", rj_path(paths, RJ_PATH_LOG));
    text = test_read_file(path, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "it was made by alice: "));
    assert_non_null(strstr(text, "planted.untrusted-"));
    free(text);
    if (locked)
        rj_file_unlock(lock);
    rj_paths_free(paths);
}

static void a_start_that_fails_still_tells_what_it_renamed(void **state)
{
    (void)state;
    expect_told_by_a_start_that_fails(false);
}

static void a_second_service_still_tells_what_it_renamed(void **state)
{
    (void)state;
    expect_told_by_a_start_that_fails(true);
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
        WITH_FOLDER(rights_that_were_given_to_what_is_ours_are_taken_back_and_told),
        WITH_FOLDER(what_others_could_change_before_the_folder_was_ours_is_set_aside),
        WITH_FOLDER(what_somebody_holds_open_to_change_it_is_set_aside_alone_with_that_reason),
        WITH_FOLDER(a_start_that_fails_still_tells_what_it_renamed),
        WITH_FOLDER(a_second_service_still_tells_what_it_renamed),
    };
    return cmocka_run_group_tests_name("folders of our own", tests, NULL, NULL);
}
