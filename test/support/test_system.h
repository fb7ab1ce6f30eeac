/* SPDX-License-Identifier: MIT */
/*
 * What unit tests need of the operating system, the same on each: linked to whatever uses cmocka_dep.
 *
 * Text is UTF-8, paths are as the agent writes them (absolute, "/").  Nothing here uses the code under test.
 * What cannot be done returns false or NULL; a test then fails, or skips with tap_skip() and says why.
 */
#ifndef TEST_SUPPORT_TEST_SYSTEM_H
#define TEST_SUPPORT_TEST_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Files ----------------------------------------------------------------------------------- */

#define TEST_PATH_MAX 512
#define TEST_FOLDER_MAX 256 /* room for a path of test_folder() */

/* A fresh folder that only this user may change, and everybody may look into:
 * "<temporary>/rj-<name>-<random>". */
bool test_folder(const char *name, char *ret_path, size_t size);
/* Removes a folder with all in it, whatever modes it has; never follows links. */
void test_remove_tree(const char *path);

bool test_make_folder(const char *path); /* one level; there already is fine */
bool test_write_file(const char *path, const void *bytes, size_t length);
/* The whole file, NUL-terminated (free()). */
char *test_read_file(const char *path, size_t *ret_length);
/* How many entries the folder has.  False: it is not there. */
bool test_count_entries(const char *path, unsigned *ret_count);
const char *test_absent_folder(void);                  /* absolute; nothing is there */
bool test_exists(const char *path);                    /* file, folder or link, not followed */
bool test_remove(const char *path);                    /* a file, a link or an empty folder */
bool test_rename(const char *from, const char *to);    /* a file, in the place of another */
bool test_set_time(const char *path, int64_t wall_ms); /* of the last change */

/* A symbolic link; win32: a junction if `target` is an existing folder.  False: this system has none. */
bool test_link(const char *target, const char *path);
bool test_hard_link(const char *existing, const char *path);
/* Everybody may change it, or nobody else any more.  False: this system does not keep that. */
bool test_let_others_write(const char *path, bool on);
bool test_others_may_read(const char *path);

/* ---- The process ----------------------------------------------------------------------------- */

void test_set_environment(const char *name, const char *value); /* NULL takes it away */
void test_sleep_ms(unsigned ms);
unsigned long test_process_id(void);
/* The name of an account that is neither the administrator's nor ours (win32: a SID). */
const char *test_other_account(void);

/* A signal that a test may raise.  0: this system has none that can be raised by ourselves. */
int test_signal(void);
void test_raise(int number);

/*
 * A part of a test in a process of its own, which may crash or be killed: this program, started again.
 *
 *     static int write_fifty(const char *folder) { ...; return 0; }
 *     static const test_child children[] = {{"write-fifty", write_fifty}, {NULL, NULL}};
 *     int main(int argc, char **argv)
 *     {
 *         int code = test_child_main(argc, argv, children);
 *         if (code >= 0)
 *             return code;
 *         ... cmocka_run_group_tests ...
 *
 *     assert_int_equal(test_child_run("write-fifty", folder), 0);
 *
 * Nothing is shared but the argument, the environment and stdout/stderr.
 */
typedef struct test_child {
    const char *name;
    int (*run)(const char *argument); /* 0 to 100 */
} test_child;

#define TEST_KILLED 1000 /* it ended by being killed or by a crash */

/* The code of the child this process is, or -1 if it is the test itself. */
int test_child_main(int argc, char **argv, const test_child *children);
/* A number for test_child_wait() and test_child_kill(); -1: it could not be started. */
intptr_t test_child_start(const char *name, const char *argument);
int test_child_wait(intptr_t child);  /* its code or TEST_KILLED, once */
void test_child_kill(intptr_t child); /* at once; still to be waited for */
int test_child_run(const char *name, const char *argument);

#endif
