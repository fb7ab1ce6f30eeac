/* SPDX-License-Identifier: MIT */
/* Files for the tests of plugins: see test_files.h. */
#include "test_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test_system.h"

char *test_folder_new(const char *name)
{
    char path[TEST_PATH_MAX];
    char *copy = test_folder(name, path, sizeof path) ? strdup(path) : NULL;

    if (!copy)
        fail_msg("cannot make a folder for temporary files");
    return copy;
}

void test_folder_make(const char *path)
{
    if (!test_make_folder(path))
        fail_msg("cannot make the folder %s", path);
}

void test_folder_remove(const char *path)
{
    test_remove_tree(path);
    if (test_exists(path))
        fail_msg("cannot remove %s", path);
}

unsigned test_folder_count(const char *path)
{
    unsigned count = 0;

    test_count_entries(path, &count);
    return count;
}

bool test_is_there(const char *path)
{
    return test_exists(path);
}

char *test_file_read(const char *path, size_t *ret_length)
{
    return test_read_file(path, ret_length);
}

void test_file_write(const char *path, const void *bytes, size_t length)
{
    if (!test_write_file(path, bytes, length))
        fail_msg("cannot write %s", path);
}

bool test_file_remove(const char *path)
{
    bool there = test_exists(path);

    if (there && !test_remove(path))
        fail_msg("cannot remove %s", path);
    return there;
}
