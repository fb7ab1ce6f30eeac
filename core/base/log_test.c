/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"

#include "tap_skip.h"
#include "test_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static char folder[TEST_PATH_MAX];

static int make_folder(void **state)
{
    (void)state;
    rj_log_set_level(RJ_LOG_INFO);
    return test_folder("log", folder, sizeof folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    rj_log_close();
    rj_log_set_listener(NULL, NULL);
    test_remove_tree(folder);
    return test_exists(folder) ? -1 : 0;
}

static void path_of(const char *name, char path[TEST_PATH_MAX + 64])
{
    snprintf(path, TEST_PATH_MAX + 64, "%s/%s", folder, name);
}

/* free() */
static char *read_log(const char *name, size_t *ret_length)
{
    char path[TEST_PATH_MAX + 64];
    path_of(name, path);
    char *text = test_read_file(path, ret_length);
    assert_non_null(text);
    return text;
}

/* The names in the folder, one after the other; false: that was the last one. */
static bool next_name(uv_fs_t *scan, const char **ret_name)
{
    uv_dirent_t entry;
    if (uv_fs_scandir_next(scan, &entry) != 0)
        return false;
    *ret_name = entry.name;
    return true;
}

static void open_log(void)
{
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_log_open(folder, "agent", &err), RJ_OK);
}

static void a_line_has_time_level_logger_correlation_and_message(void **state)
{
    (void)state;
    open_log();
    rj_log(RJ_LOG_INFO, "engine.executor", "c8f3a1d2", "hello %d", 7);
    rj_log(RJ_LOG_WARNING, "x", NULL, "second\nline");
    rj_log(RJ_LOG_DEBUG, "x", NULL, "below the level");
    rj_log_close();
    char *text = read_log("agent.log", NULL);
    unsigned year, month, day, hour, minute, second, fraction;
    char rest[200];
    assert_int_equal(sscanf(text, "%4u-%2u-%2u %2u:%2u:%2u.%4u|%199[^\n]", &year, &month, &day,
                            &hour, &minute, &second, &fraction, rest),
                     8);
    assert_in_range(year, 2024, 2100);
    assert_string_equal(rest, "INFO |engine.executor|c8f3a1d2|hello 7");
    assert_non_null(strstr(text, "|WARN |x|-|second\\nline\n"));
    assert_null(strstr(text, "below"));
    free(text);
}

static void the_file_is_rotated_and_ten_old_ones_are_kept(void **state)
{
    (void)state;
    open_log();
    char big[4000];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    for (int i = 0; i < 1700; i++) /* 6.6 MiB: 13 files */
        rj_log(RJ_LOG_INFO, "x", "-", "%d %s", i, big);
    rj_log(RJ_LOG_INFO, "x", "-", "the last line");
    rj_log_close();
    unsigned lowest = 1000;
    unsigned highest = 0;
    unsigned files = 0;
    uv_fs_t scan;
    const char *name = NULL;
    assert_true(uv_fs_scandir(NULL, &scan, folder, 0, NULL) >= 0);
    while (next_name(&scan, &name)) {
        unsigned number = 0;
        size_t size = 0;
        files++;
        free(read_log(name, &size));
        assert_true(size <= 512 * 1024);
        if (sscanf(name, "agent.%u.log", &number) == 1) {
            lowest = number < lowest ? number : lowest;
            highest = number > highest ? number : highest;
        }
    }
    uv_fs_req_cleanup(&scan);
    assert_int_equal(files, 11);
    assert_int_equal(highest - lowest, 9);
    assert_true(highest >= 12);
    char *text = read_log("agent.log", NULL);
    assert_non_null(strstr(text, "the last line"));
    free(text);
}

static void rotation_goes_on_after_the_highest_number(void **state)
{
    (void)state;
    char path[TEST_PATH_MAX + 64];
    path_of("agent.041.log", path);
    assert_true(test_write_file(path, "", 0));
    open_log();
    char big[4000];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    for (int i = 0; i < 150; i++)
        rj_log(RJ_LOG_INFO, "x", "-", "%s", big);
    rj_log_close();
    path_of("agent.042.log", path);
    assert_true(test_exists(path));
}

static void a_symlink_is_not_written_through(void **state)
{
    (void)state;
    char path[TEST_PATH_MAX + 64];
    char target[TEST_PATH_MAX + 64];
    path_of("agent.log", path);
    path_of("should-not-exist", target);
    if (!test_link(target, path))
        tap_skip("this system makes no symbolic link for us");
    rj_error err = RJ_ERROR_NONE;
    assert_int_not_equal(rj_log_open(folder, "agent", &err), RJ_OK);
    assert_non_null(strstr(err.text, path));
    assert_false(test_exists(target));
}

static char heard[512];
static int calls;

static void listen_once(void *data, int level, const char *line)
{
    (void)data;
    calls++;
    snprintf(heard, sizeof heard, "%d %s", level, line);
    rj_log(RJ_LOG_ERROR, "listener", NULL, "said while listening");
}

static void the_listener_hears_lines_but_not_its_own(void **state)
{
    (void)state;
    rj_log_set_listener(listen_once, NULL);
    rj_log(RJ_LOG_ERROR, "x", "id", "news");
    assert_int_equal(calls, 1);
    assert_true(strncmp(heard, "1 ", 2) == 0);
    assert_non_null(strstr(heard, "|ERROR|x|id|news"));
    assert_null(strchr(heard, '\n'));
}

static void write_many(void *data)
{
    for (int i = 0; i < 2000; i++)
        rj_log(RJ_LOG_INFO, "thread", data, "line %d", i);
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    (void)state;
    open_log();
    uv_thread_t threads[4];
    static char names[4][2] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        uv_thread_create(&threads[i], write_many, names[i]);
    for (int i = 0; i < 4; i++)
        uv_thread_join(&threads[i]);
    rj_log_close();
    unsigned lines = 0;
    uv_fs_t scan;
    const char *name = NULL;
    assert_true(uv_fs_scandir(NULL, &scan, folder, 0, NULL) >= 0);
    while (next_name(&scan, &name)) {
        char *text = read_log(name, NULL);
        for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
            *end = '\0';
            lines++;
            assert_int_equal(line[24], '|');
            assert_non_null(strstr(line, "|thread|"));
        }
        free(text);
    }
    uv_fs_req_cleanup(&scan);
    assert_int_equal(lines, 8000);
}

#define LOG_TEST(NAME) cmocka_unit_test_setup_teardown(NAME, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(a_line_has_time_level_logger_correlation_and_message),
        LOG_TEST(the_file_is_rotated_and_ten_old_ones_are_kept),
        LOG_TEST(rotation_goes_on_after_the_highest_number),
        LOG_TEST(a_symlink_is_not_written_through),
        LOG_TEST(the_listener_hears_lines_but_not_its_own),
        LOG_TEST(lines_of_several_threads_do_not_mix),
    };
    return cmocka_run_group_tests_name("base_log", tests, NULL, NULL);
}
