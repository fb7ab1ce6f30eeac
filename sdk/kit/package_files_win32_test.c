/* SPDX-License-Identifier: MIT */
/* How plugins made with the kit handle files on Windows: names of every kind, and copies that come to nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <realmjoin/kit/simple_package.h>

#include "test_system.h"

struct rj_package_data {
    char unused;
};

static char folder[TEST_FOLDER_MAX];

/* ---- A host that does everything at once ----------------------------------------------------- */

static struct {
    int cancelled_after; /* questions whether it is; below 0: never */
    bool start;          /* what waits on the lane is begun */
    int answers, went_on;
    rj_status status;
    char message[4096];
} seen;

static void RJ_CALL finish(const rj_host *host, rj_op op, rj_status status, const char *message)
{
    (void)host;
    (void)op;
    seen.answers++;
    seen.status = status;
    snprintf(seen.message, sizeof seen.message, "%s", message ? message : "");
}

static int32_t RJ_CALL cancelled(const rj_host *host, rj_op op)
{
    (void)host;
    (void)op;
    return seen.cancelled_after >= 0 && seen.cancelled_after-- == 0;
}

static rj_status RJ_CALL run(const rj_host *host, rj_op op, void(RJ_CALL *work)(rj_op, void *),
                             void(RJ_CALL *done)(rj_op, void *, int32_t), void *data)
{
    (void)host;
    if (seen.start)
        work(op, data);
    done(op, data, seen.start);
    return RJ_OK;
}

static const rj_host_op ops = {.size = sizeof ops, .finish = finish, .cancelled = cancelled};
static const rj_host_exec exec = {.size = sizeof exec, .run = run};
static rj_plugin plugin = {.ops = &ops, .exec = &exec};

/* Freed by the answer, or at the end of a test that has none. */
static rj_package_task *new_task(void)
{
    rj_package_task *task = calloc(1, sizeof *task);
    assert_non_null(task);
    memset(&seen, 0, sizeof seen);
    seen.cancelled_after = -1;
    seen.start = true;
    task->plugin = &plugin;
    plugin.tasks++;
    return task;
}

static void go_on(rj_package_task *task)
{
    seen.went_on++;
    rj_package_answer(task, RJ_OK, NULL);
}

static const char *below(const char *name)
{
    static char paths[4][TEST_PATH_MAX];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, TEST_PATH_MAX, "%s/%s", folder, name);
    return path;
}

static void assert_content(const char *path, const char *expected)
{
    char *text = test_read_file(path, NULL);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void what_is_absolute_has_a_drive_or_a_server(void **state)
{
    static const char *const yes[] = {"C:/x", "c:\\x", "//server/share/x", "\\\\server\\share"};
    static const char *const no[] = {"", "x", "/x", "\\x", "C:", "C:x", "1:/x", "x/C:/"};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        assert_true(rj_package_is_absolute(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        assert_false(rj_package_is_absolute(no[i]));
}

static void windows_gets_its_own_form_of_a_path(void **state)
{
    static const struct {
        const char *path;
        const wchar_t *wide;
    } cases[] = {{"C:/a b/\xc3\xbc", L"\\\\?\\C:\\a b\\\u00fc"},
                 {"d:\\x/y", L"\\\\?\\d:\\x\\y"},
                 {"//server/share/x", L"\\\\?\\UNC\\server\\share\\x"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wchar_t *wide = rj_package_wide(cases[i].path);
        assert_non_null(wide);
        assert_int_equal(wcscmp(wide, cases[i].wide), 0);
        free(wide);
    }
    assert_null(rj_package_wide("relative"));
    assert_int_equal(errno, EINVAL);
    assert_null(rj_package_wide("C:/\xff"));
}

static void a_program_is_started_in_its_own_folder(void **state)
{
    char buffer[32];
    (void)state;
    assert_string_equal(rj_package_directory("C:/x y/z.exe", buffer, sizeof buffer), "C:/x y/");
    assert_string_equal(rj_package_directory("C:\\z.exe", buffer, sizeof buffer), "C:\\");
    assert_null(rj_package_directory("z.exe", buffer, sizeof buffer));
    assert_null(rj_package_directory("C:/a folder whose name is too long/z.exe", buffer, 32));
}

static void names_of_three_hundred_characters_are_only_names(void **state)
{
    char name[150], first[TEST_PATH_MAX], path[TEST_PATH_MAX + 160];
    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(first, sizeof first, "%s/%s", folder, name);
    assert_true(test_make_folder(first));
    snprintf(path, sizeof path, "%s/%s", first, name);
    assert_true(strlen(path) > 300);
    assert_int_equal(rj_package_file_size(path), -1);
    assert_int_equal(errno, ENOENT);
    assert_true(test_write_file(below("short"), "four", 4));
    rj_package_copy(new_task(), below("short"), path, go_on);
    assert_int_equal(seen.went_on, 1);
    assert_int_equal(rj_package_file_size(path), 4);
    assert_int_equal(rj_package_move(path, below("moved")), 0);
    assert_content(below("moved"), "four");
    assert_int_equal(rj_package_remove(path), -1);
    assert_int_equal(errno, ENOENT);
}

static void a_move_takes_the_place_of_what_is_there(void **state)
{
    (void)state;
    assert_true(test_write_file(below("old"), "old", 3));
    assert_true(test_write_file(below("new"), "new!", 4));
    assert_int_equal(rj_package_move(below("new"), below("old")), 0);
    assert_content(below("old"), "new!");
    assert_false(test_exists(below("new")));
    assert_int_equal(rj_package_move(below("absent"), below("old")), -1);
    assert_int_equal(errno, ENOENT);
    assert_content(below("old"), "new!");
}

static void a_copy_that_comes_to_nothing_leaves_nothing_and_says_why(void **state)
{
    (void)state;
    rj_package_copy(new_task(), below("absent"), below("copy"), go_on);
    assert_int_equal(seen.status, RJ_E_IO);
    assert_non_null(strstr(seen.message, "/absent: No such file"));
    assert_true(test_write_file(below("from"), "text", 4));
    rj_package_copy(new_task(), below("from"), below("none/copy"), go_on);
    assert_int_equal(seen.status, RJ_E_IO);
    assert_non_null(strstr(seen.message, "/none/copy: "));

    rj_package_task *task = new_task();
    seen.cancelled_after = 0;
    rj_package_copy(task, below("from"), below("copy"), go_on);
    assert_int_equal(seen.status, RJ_E_CANCELLED);
    task = new_task();
    seen.start = false;
    rj_package_copy(task, below("from"), below("copy"), go_on);
    assert_int_equal(seen.status, RJ_E_CANCELLED);
    assert_int_equal(seen.answers, 1);
    assert_int_equal(seen.went_on, 0);
    assert_false(test_exists(below("copy")));
    assert_int_equal(plugin.tasks, 0);
}

static void a_hash_is_compared_or_found(void **state)
{
    static const char expected[] =
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
    char hash[65] = "";
    (void)state;
    assert_true(test_write_file(below("abc"), "abc", 3));
    rj_package_verify(new_task(), below("abc"), hash, go_on);
    assert_int_equal(seen.went_on, 1);
    assert_int_equal(_stricmp(hash, expected), 0);
    memcpy(hash, expected, sizeof hash);
    rj_package_verify(new_task(), below("abc"), hash, go_on);
    assert_int_equal(seen.went_on, 1);
    hash[63] = '0';
    rj_package_verify(new_task(), below("abc"), hash, go_on);
    assert_int_equal(seen.went_on, 0);
    assert_int_equal(seen.status, RJ_E_CORRUPT);
    rj_package_verify(new_task(), below("absent"), hash, go_on);
    assert_int_equal(seen.status, RJ_E_IO);
}

static int make_folder(void **state)
{
    (void)state;
    return test_folder("kit", folder, sizeof folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    test_remove_tree(folder);
    return 0;
}

/* What a plugin made with the kit has, and a test of parts of it does not call. */
static void verb(rj_package_task *task)
{
    go_on(task);
}
static const rj_package_verbs verbs = {verb, verb, verb, verb, verb};
RJ_SIMPLE_PACKAGE("com.example.test", "1.0.0", "test", verbs)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_absolute_has_a_drive_or_a_server),
        cmocka_unit_test(windows_gets_its_own_form_of_a_path),
        cmocka_unit_test(a_program_is_started_in_its_own_folder),
        cmocka_unit_test(names_of_three_hundred_characters_are_only_names),
        cmocka_unit_test(a_move_takes_the_place_of_what_is_there),
        cmocka_unit_test(a_copy_that_comes_to_nothing_leaves_nothing_and_says_why),
        cmocka_unit_test(a_hash_is_compared_or_found),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
