/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static char folder[] = "/tmp/rj-log-XXXXXX";

static int empty_folder(void **state)
{
    (void)state;
    rj_log_close();
    rj_log_set_listener(NULL, NULL);
    rj_log_set_level(RJ_LOG_INFO);
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    return 0;
}

static size_t read_log(const char *name, char *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t length = fread(bytes, 1, size - 1, file);
    bytes[length] = '\0';
    fclose(file);
    return length;
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
    char text[1000];
    read_log("agent.log", text, sizeof text);
    unsigned year, month, day, hour, minute, second, fraction;
    char rest[200];
    assert_int_equal(sscanf(text, "%4u-%2u-%2u %2u:%2u:%2u.%4u|%199[^\n]", &year, &month, &day,
                            &hour, &minute, &second, &fraction, rest),
                     8);
    assert_in_range(year, 2024, 2100);
    assert_string_equal(rest, "INFO |engine.executor|c8f3a1d2|hello 7");
    assert_non_null(strstr(text, "|WARN |x|-|second\\nline\n"));
    assert_null(strstr(text, "below"));
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
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        unsigned number = 0;
        struct stat st;
        if (entry->d_name[0] == '.')
            continue;
        files++;
        assert_int_equal(fstatat(dirfd(dir), entry->d_name, &st, 0), 0);
        assert_true(st.st_size <= 512 * 1024);
        if (sscanf(entry->d_name, "agent.%u.log", &number) == 1) {
            lowest = number < lowest ? number : lowest;
            highest = number > highest ? number : highest;
        }
    }
    closedir(dir);
    assert_int_equal(files, 11);
    assert_int_equal(highest - lowest, 9);
    assert_true(highest >= 12);
    static char text[600 * 1024];
    read_log("agent.log", text, sizeof text);
    assert_non_null(strstr(text, "the last line"));
}

static void rotation_goes_on_after_the_highest_number(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/agent.041.log", folder);
    fclose(fopen(path, "w"));
    open_log();
    char big[4000];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    for (int i = 0; i < 150; i++)
        rj_log(RJ_LOG_INFO, "x", "-", "%s", big);
    rj_log_close();
    snprintf(path, sizeof path, "%s/agent.042.log", folder);
    assert_int_equal(access(path, F_OK), 0);
}

static void a_symlink_is_not_written_through(void **state)
{
    (void)state;
    char path[128];
    snprintf(path, sizeof path, "%s/agent.log", folder);
    assert_int_equal(symlink("/tmp/rj-log-should-not-exist", path), 0);
    rj_error err = RJ_ERROR_NONE;
    assert_int_not_equal(rj_log_open(folder, "agent", &err), RJ_OK);
    assert_non_null(strstr(err.text, path));
    assert_int_not_equal(access("/tmp/rj-log-should-not-exist", F_OK), 0);
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
    static char text[1200 * 1024];
    unsigned lines = 0;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        read_log(entry->d_name, text, sizeof text);
        for (char *save, *line = strtok_r(text, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
            lines++;
            assert_int_equal(line[24], '|');
            assert_non_null(strstr(line, "|thread|"));
        }
    }
    closedir(dir);
    assert_int_equal(lines, 8000);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_time_level_logger_correlation_and_message,
                                        empty_folder, empty_folder),
        cmocka_unit_test_setup_teardown(the_file_is_rotated_and_ten_old_ones_are_kept, empty_folder,
                                        empty_folder),
        cmocka_unit_test_setup_teardown(rotation_goes_on_after_the_highest_number, empty_folder,
                                        empty_folder),
        cmocka_unit_test_setup_teardown(a_symlink_is_not_written_through, empty_folder,
                                        empty_folder),
        cmocka_unit_test_setup_teardown(the_listener_hears_lines_but_not_its_own, empty_folder,
                                        empty_folder),
        cmocka_unit_test_setup_teardown(lines_of_several_threads_do_not_mix, empty_folder,
                                        empty_folder),
    };
    int failed = cmocka_run_group_tests_name("base_log", tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
