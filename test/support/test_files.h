/* SPDX-License-Identifier: MIT */
/*
 * Files and folders for the tests of plugins.  Paths are absolute, UTF-8, with '/'.  What cannot be
 * done fails the running test: the same as test_system.h, which knows the system, without the asking.
 */
#ifndef TEST_SUPPORT_TEST_FILES_H
#define TEST_SUPPORT_TEST_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* A new, empty folder for temporary files whose name begins with `name`; free() it. */
char *test_folder_new(const char *name);
/* Make one folder; fine if it is there. */
void test_folder_make(const char *path);
/* With everything in it; nothing is followed. */
void test_folder_remove(const char *path);
/* How many entries it has; 0 if it is not there. */
unsigned test_folder_count(const char *path);
/* Whatever it is; no link is followed. */
bool test_is_there(const char *path);
/* NUL-terminated, free() it; NULL: there is none. */
char *test_file_read(const char *path, size_t *ret_length);
void test_file_write(const char *path, const void *bytes, size_t length);
/* False: it was not there. */
bool test_file_remove(const char *path);

#endif
