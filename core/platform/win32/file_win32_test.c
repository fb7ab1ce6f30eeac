/* SPDX-License-Identifier: MIT */
/* Files and folders of Windows: any name, any length, nobody else's links, who may change what. */
#include "platform/file.h"

#include "base/alloc.h"
#include "platform/paths.h"
#include "platform/system.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"

static char folder[TEST_PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    return test_folder("file", folder, sizeof folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    test_remove_tree(folder);
    return 0;
}

static const char *in_folder(const char *name)
{
    static char path[4][2 * TEST_PATH_MAX];
    static unsigned next;
    char *at = path[next++ % 4];
    snprintf(at, sizeof path[0], "%s/%s", folder, name);
    return at;
}

static void write_text(const char *path, const char *text)
{
    rj_error err = RJ_ERROR_NONE;
    if (rj_file_write(path, text, strlen(text), 0600, &err))
        fail_msg("%s", err.text);
}

static void assert_text(const char *path, const char *text)
{
    char *bytes = NULL;
    size_t length = 0;
    rj_error err = RJ_ERROR_NONE;
    if (rj_file_read(path, 1000, &bytes, &length, &err))
        fail_msg("%s", err.text);
    assert_string_equal(bytes, text);
    assert_int_equal(length, strlen(text));
    rj_free(bytes);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void a_file_is_replaced_and_no_temporary_one_stays(void **state)
{
    (void)state;
    char **names = NULL;
    size_t count = 0;
    write_text(in_folder("a"), "one");
    write_text(in_folder("a"), "two");
    assert_text(in_folder("a"), "two");
    assert_int_equal(rj_dir_list(folder, 10, &names, &count, NULL), RJ_OK);
    assert_int_equal(count, 1);
    rj_free(names);
}

static void names_with_blanks_umlauts_and_devices_are_plain_names(void **state)
{
    (void)state;
    static const char *const names[] = {"a b.txt",          "\xc3\xa4\xc3\xb6\xc3\xbc \xe2\x82\xac",
                                        "\xf0\x9f\x98\x80", "con",
                                        "NUL.txt",          "com1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        write_text(in_folder(names[i]), names[i]);
        assert_text(in_folder(names[i]), names[i]);
    }
    char **listed = NULL;
    size_t count = 0;
    assert_int_equal(rj_dir_list(folder, 10, &listed, &count, NULL), RJ_OK);
    assert_int_equal(count, sizeof names / sizeof names[0]);
    for (size_t i = 1; i < count; i++)
        assert_true(strcmp(listed[i - 1], listed[i]) < 0);
    rj_free(listed);
}

static void a_path_of_300_characters_is_made_used_and_removed(void **state)
{
    (void)state;
    char path[2 * TEST_PATH_MAX];
    rj_error err = RJ_ERROR_NONE;
    snprintf(path, sizeof path, "%s", folder);
    while (strlen(path) < 400)
        snprintf(path + strlen(path), sizeof path - strlen(path), "/%.50s",
                 "a folder of fifty letters \xc3\xbc\xc3\xbc\xc3\xbc and some more of them");
    if (rj_dir_make(path, 0755, &err))
        fail_msg("%s", err.text);
    snprintf(path + strlen(path), sizeof path - strlen(path), "/file");
    write_text(path, "deep");
    assert_text(path, "deep");
    assert_true(rj_file_exists(path));
    assert_int_equal(rj_dir_remove(folder, &err), RJ_OK);
    assert_false(rj_file_exists(folder));
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_file_read(folder, 10, &bytes, &length, &err), RJ_E_INVALID);
    assert_int_equal(rj_file_read(in_folder("absent"), 10, &bytes, &length, &err), RJ_E_NOT_FOUND);
    assert_int_equal(rj_file_read(in_folder("absent/x"), 10, &bytes, &length, &err),
                     RJ_E_NOT_FOUND);
    assert_int_equal(rj_file_read("//./C:", 10, &bytes, &length, &err), RJ_E_INVALID);
    assert_int_equal(rj_file_read("NUL", 10, &bytes, &length, &err), RJ_E_INVALID);
    assert_int_equal(rj_file_write(in_folder("a:stream"), "x", 1, 0600, &err), RJ_E_INVALID);
    assert_int_equal(rj_file_write(in_folder("a\nb"), "x", 1, 0600, &err), RJ_E_INVALID);
    assert_int_equal(rj_file_write(in_folder("\xff"), "x", 1, 0600, &err), RJ_E_INVALID);
    write_text(in_folder("large"), "0123456789a");
    assert_int_equal(rj_file_read(in_folder("large"), 10, &bytes, &length, &err), RJ_E_LIMIT);
}

static void a_read_only_file_is_replaced_and_removed(void **state)
{
    (void)state;
    write_text(in_folder("a"), "one");
    assert_int_equal(rj_file_rename(in_folder("a"), in_folder("b"), NULL), RJ_OK);
    assert_text(in_folder("b"), "one");
    assert_int_equal(rj_file_remove(in_folder("b"), NULL), RJ_OK);
    assert_int_equal(rj_file_remove(in_folder("b"), NULL), RJ_OK);
    assert_false(rj_file_exists(in_folder("b")));
    assert_int_not_equal(rj_file_remove(folder, NULL), RJ_OK);
}

static void a_stamp_changes_with_the_content(void **state)
{
    (void)state;
    assert_int_equal(rj_file_stamp(in_folder("a")), 0);
    write_text(in_folder("a"), "one");
    uint64_t first = rj_file_stamp(in_folder("a"));
    assert_true(first != 0 && first == rj_file_stamp(in_folder("a")));
    write_text(in_folder("a"), "two");
    assert_true(rj_file_stamp(in_folder("a")) != first);
    uint64_t second = rj_file_stamp(in_folder("a"));
    assert_true(test_set_time(in_folder("a"), 1600000000000));
    assert_true(rj_file_stamp(in_folder("a")) != second);
}

static void a_hash_is_that_of_the_bytes(void **state)
{
    (void)state;
    char hex[65];
    write_text(in_folder("a"), "abc");
    assert_int_equal(rj_file_sha256(in_folder("a"), hex, NULL), RJ_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* ---- Logs and locks -------------------------------------------------------------------------- */

static void a_log_grows_and_leaves_its_folder_by_no_name(void **state)
{
    (void)state;
    int handle = -1;
    uint64_t size = 7;
    rj_error err = RJ_ERROR_NONE;
    assert_true(test_make_folder(in_folder("pkg")));
    if (rj_file_append_open(folder, "pkg/log", 0640, &handle, &size, &err))
        fail_msg("%s", err.text);
    assert_int_equal(size, 0);
    assert_true(rj_file_append(handle, "one\n", 4));
    rj_file_append_close(handle);
    assert_int_equal(rj_file_append_open(folder, "pkg/log", 0640, &handle, &size, NULL), RJ_OK);
    assert_int_equal(size, 4);
    assert_true(rj_file_append(handle, "two\n", 4));
    rj_file_append_close(handle);
    assert_text(in_folder("pkg/log"), "one\ntwo\n");
    assert_int_not_equal(rj_file_append_open(folder, "../x", 0640, &handle, &size, NULL), RJ_OK);
    assert_int_not_equal(rj_file_append_open(folder, "pkg\\x", 0640, &handle, &size, NULL), RJ_OK);
    assert_int_not_equal(rj_file_append_open(folder, "absent/x", 0640, &handle, &size, NULL),
                         RJ_OK);
    assert_int_not_equal(rj_file_append_open(folder, "pkg", 0640, &handle, &size, NULL), RJ_OK);
}

static void a_log_with_a_second_name_is_refused(void **state)
{
    (void)state;
    int handle = -1;
    uint64_t size = 0;
    write_text(in_folder("a"), "x");
    if (!test_hard_link(in_folder("a"), in_folder("b")))
        tap_skip("this system makes no hard links");
    assert_int_equal(rj_file_append_open(folder, "b", 0640, &handle, &size, NULL), RJ_E_INVALID);
}

static int try_lock(const char *path)
{
    int handle = -1;
    return rj_file_lock(path, &handle, NULL) == RJ_E_BUSY ? 7 : 8;
}

static void a_lock_is_held_against_this_and_other_processes(void **state)
{
    (void)state;
    int handle = -1;
    int second = -1;
    char holder[40];
    rj_error err = RJ_ERROR_NONE;
    const char *path = in_folder("lock");
    assert_int_equal(rj_file_lock(path, &handle, &err), RJ_OK);
    assert_int_equal(rj_file_lock(path, &second, &err), RJ_E_BUSY);
    snprintf(holder, sizeof holder, "process %ld", rj_system_pid());
    assert_non_null(strstr(err.text, holder));
    assert_int_equal(test_child_run("lock", path), 7);
    rj_file_unlock(handle);
    assert_int_equal(test_child_run("lock", path), 8);
}

/* ---- Folders --------------------------------------------------------------------------------- */

static void a_folder_is_removed_with_all_in_it(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_dir_make(in_folder("d/e/f"), 0700, &err), RJ_OK);
    assert_int_equal(rj_dir_make(in_folder("d/e/f"), 0700, &err), RJ_OK);
    write_text(in_folder("d/e/f/x"), "x");
    write_text(in_folder("d/y"), "y");
    assert_int_equal(rj_dir_make(in_folder("d/y"), 0700, &err), RJ_E_EXISTS);
    if (rj_dir_remove(in_folder("d"), &err))
        fail_msg("%s", err.text);
    assert_false(rj_file_exists(in_folder("d")));
    assert_int_equal(rj_dir_remove(in_folder("d"), &err), RJ_OK);
    assert_int_equal(rj_dir_remove("C:/", &err), RJ_E_INVALID);
    assert_int_equal(rj_dir_remove("C:/x/..", &err), RJ_E_INVALID);
    assert_int_equal(rj_dir_remove("relative", &err), RJ_E_INVALID);
    assert_int_equal(rj_dir_make("relative", 0755, &err), RJ_E_INVALID);
}

static void a_removal_and_trust_stop_at_a_junction(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    int handle = -1;
    uint64_t size = 0;
    assert_int_equal(rj_dir_make(in_folder("kept"), 0700, &err), RJ_OK);
    assert_int_equal(rj_dir_make(in_folder("gone"), 0700, &err), RJ_OK);
    write_text(in_folder("kept/x"), "x");
    if (!test_link(in_folder("kept"), in_folder("gone/link")))
        tap_skip("this system makes no junctions");
    assert_int_equal(rj_file_check_trusted(in_folder("gone/link/x"), folder, &err), RJ_E_DENIED);
    assert_int_not_equal(rj_file_append_open(folder, "gone/link/log", 0640, &handle, &size, NULL),
                         RJ_OK);
    if (rj_dir_remove(in_folder("gone"), &err))
        fail_msg("%s", err.text);
    assert_false(rj_file_exists(in_folder("gone")));
    assert_text(in_folder("kept/x"), "x");
}

static void a_list_has_a_limit_and_an_empty_folder_no_names(void **state)
{
    (void)state;
    char **names = NULL;
    size_t count = 9;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_dir_list(folder, 2, &names, &count, &err), RJ_OK);
    assert_int_equal(count, 0);
    assert_null(names[0]);
    rj_free(names);
    write_text(in_folder("1"), "");
    write_text(in_folder("2"), "");
    write_text(in_folder("3"), "");
    assert_int_equal(rj_dir_list(folder, 2, &names, &count, &err), RJ_E_LIMIT);
    assert_int_equal(rj_dir_list(in_folder("1"), 2, &names, &count, &err), RJ_E_NOT_FOUND);
    assert_int_equal(rj_dir_list(in_folder("absent"), 2, &names, &count, &err), RJ_E_NOT_FOUND);
}

/* ---- Trust ----------------------------------------------------------------------------------- */

static void what_others_may_write_is_not_trusted(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_dir_make(in_folder("p"), 0755, &err), RJ_OK);
    assert_int_equal(rj_file_write(in_folder("p/x.dll"), "x", 1, 0644, &err), RJ_OK);
    if (rj_file_check_trusted(in_folder("p/x.dll"), in_folder("p"), &err))
        fail_msg("%s", err.text);
    assert_int_equal(rj_file_check_trusted(in_folder("p/absent"), in_folder("p"), &err),
                     RJ_E_NOT_FOUND);
    assert_int_equal(rj_file_check_trusted(in_folder("p/../p/x.dll"), folder, &err), RJ_E_INVALID);
    assert_int_equal(rj_file_check_trusted(in_folder("p/x.dll"), in_folder("q"), &err),
                     RJ_E_INVALID);
    assert_int_equal(rj_file_check_trusted("x.dll", NULL, &err), RJ_E_INVALID);
    if (!test_let_others_write(in_folder("p/x.dll"), true))
        tap_skip("this system keeps no access lists");
    assert_int_equal(rj_file_check_trusted(in_folder("p/x.dll"), in_folder("p"), &err),
                     RJ_E_DENIED);
    assert_non_null(strstr(err.text, "may be written by"));
    assert_true(test_let_others_write(in_folder("p/x.dll"), false));
    assert_int_equal(rj_file_check_trusted(in_folder("p/x.dll"), in_folder("p"), &err), RJ_OK);
    assert_true(test_let_others_write(in_folder("p"), true));
    assert_int_equal(rj_file_check_trusted(in_folder("p/x.dll"), in_folder("p"), &err),
                     RJ_E_DENIED);
}

#define FILE_TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(int argc, char **argv)
{
    static const test_child children[] = {{"lock", try_lock}, {NULL, NULL}};
    int code = test_child_main(argc, argv, children);
    if (code >= 0)
        return code;
    const struct CMUnitTest tests[] = {
        FILE_TEST(a_file_is_replaced_and_no_temporary_one_stays),
        FILE_TEST(names_with_blanks_umlauts_and_devices_are_plain_names),
        FILE_TEST(a_path_of_300_characters_is_made_used_and_removed),
        FILE_TEST(what_is_no_file_is_refused),
        FILE_TEST(a_read_only_file_is_replaced_and_removed),
        FILE_TEST(a_stamp_changes_with_the_content),
        FILE_TEST(a_hash_is_that_of_the_bytes),
        FILE_TEST(a_log_grows_and_leaves_its_folder_by_no_name),
        FILE_TEST(a_log_with_a_second_name_is_refused),
        FILE_TEST(a_lock_is_held_against_this_and_other_processes),
        FILE_TEST(a_folder_is_removed_with_all_in_it),
        FILE_TEST(a_removal_and_trust_stop_at_a_junction),
        FILE_TEST(a_list_has_a_limit_and_an_empty_folder_no_names),
        FILE_TEST(what_others_may_write_is_not_trusted),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
