/* SPDX-License-Identifier: MIT */
/* Who may read a log on Windows, where every folder hands its rights on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"

#include "test_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[TEST_PATH_MAX];

static int make_folder(void **state)
{
    (void)state;
    return test_folder("log-file", folder, sizeof folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    rj_log_close();
    test_remove_tree(folder);
    return 0;
}

static bool is_open_to_others(const char *name)
{
    char path[TEST_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(test_exists(path));
    return test_others_may_read(path);
}

static void write_text(const char *name)
{
    char path[TEST_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_true(test_write_file(path, "old\n", 4));
}

static void a_log_is_closed_to_users_and_so_are_its_rotated_files(void **state)
{
    static char long_text[4000];
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    write_text("beside.log");
    assert_true(is_open_to_others("beside.log")); /* what is made without further ado */
    assert_int_equal(rj_log_open(folder, "agent", NULL), RJ_OK);
    for (int i = 0; i < 140; i++)
        rj_log(RJ_LOG_INFO, "x", NULL, "%s", long_text);
    assert_false(is_open_to_others("agent.log"));
    assert_false(is_open_to_others("agent.001.log"));
}

static void a_log_that_was_open_to_users_is_closed_and_goes_on(void **state)
{
    char path[TEST_PATH_MAX + 64];
    (void)state;
    write_text("agent.log");
    assert_int_equal(rj_log_open(folder, "agent", NULL), RJ_OK);
    rj_log(RJ_LOG_INFO, "x", NULL, "new");
    assert_false(is_open_to_others("agent.log"));
    snprintf(path, sizeof path, "%s/agent.log", folder);
    char *text = test_read_file(path, NULL);
    assert_non_null(text);
    assert_int_equal(strncmp(text, "old\n", 4), 0);
    assert_non_null(strstr(text, "|new\n"));
    free(text);
}

static void rotated_files_of_an_earlier_version_are_closed_too(void **state)
{
    (void)state;
    write_text("agent.001.log");
    write_text("agent.012.log");
    write_text("other.001.log");
    assert_true(is_open_to_others("agent.001.log"));
    assert_int_equal(rj_log_open(folder, "agent", NULL), RJ_OK);
    assert_false(is_open_to_others("agent.001.log"));
    assert_false(is_open_to_others("agent.012.log"));
    assert_true(is_open_to_others("other.001.log"));
}

static void a_file_that_cannot_be_closed_is_told_in_the_first_line(void **state)
{
    char path[TEST_PATH_MAX + 64];
    (void)state;
    snprintf(path, sizeof path, "%s/agent.001.log", folder);
    assert_true(test_make_folder(path)); /* as good as one whose rights are refused */
    assert_int_equal(rj_log_open(folder, "agent", NULL), RJ_OK);
    snprintf(path, sizeof path, "%s/agent.log", folder);
    char *text = test_read_file(path, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "|WARN |base.log|-|1 file(s) of this log in "));
    free(text);
}

static void a_folder_in_a_logs_place_is_an_error(void **state)
{
    char path[TEST_PATH_MAX + 64];
    rj_error error = RJ_ERROR_NONE;
    (void)state;
    snprintf(path, sizeof path, "%s/agent.log", folder);
    assert_true(test_make_folder(path));
    assert_int_not_equal(rj_log_open(folder, "agent", &error), RJ_OK);
    assert_non_null(strstr(error.text, "agent.log cannot be opened"));
}

int main(void)
{
#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        LOG_TEST(a_log_is_closed_to_users_and_so_are_its_rotated_files),
        LOG_TEST(a_log_that_was_open_to_users_is_closed_and_goes_on),
        LOG_TEST(rotated_files_of_an_earlier_version_are_closed_too),
        LOG_TEST(a_file_that_cannot_be_closed_is_told_in_the_first_line),
        LOG_TEST(a_folder_in_a_logs_place_is_an_error),
    };
    return cmocka_run_group_tests_name("log files on Windows", tests, NULL, NULL);
}
