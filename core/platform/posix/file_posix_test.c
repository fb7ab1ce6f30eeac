/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "platform/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap_skip.h"

static char top[] = "/tmp/rj-file-XXXXXX";
static char path_buffer[4][300];

/* "<top>/<name>" in one of four buffers. */
static const char *in(const char *name)
{
    static unsigned next;
    char *path = path_buffer[next++ % 4];
    snprintf(path, sizeof path_buffer[0], "%s/%s", top, name);
    return path;
}

static int fresh(void **state)
{
    (void)state;
    rj_dir_remove(top, NULL);
    return rj_dir_make(top, 0755, NULL);
}

static void put(const char *name, const char *text)
{
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_file_write(in(name), text, strlen(text), 0644, &err), RJ_OK);
}

static void what_is_written_is_read_back_with_its_mode(void **state)
{
    (void)state;
    mode_t before = umask(0077);
    put("a", "old content that is longer");
    put("a", "new");
    umask(before);
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(rj_file_read(in("a"), 100, &bytes, &length, NULL), RJ_OK);
    assert_int_equal(length, 3);
    assert_string_equal(bytes, "new");
    rj_free(bytes);
    struct stat st;
    stat(in("a"), &st);
    assert_int_equal(st.st_mode & 0777, 0644);
    char **names = NULL;
    size_t count = 0;
    assert_int_equal(rj_dir_list(top, 10, &names, &count, NULL), RJ_OK);
    assert_int_equal(count, 1); /* no temporary file is left */
    rj_free(names);
}

static void a_file_of_exactly_the_limit_is_read_and_one_more_byte_is_not(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    rj_error err = RJ_ERROR_NONE;
    put("a", "12345");
    assert_int_equal(rj_file_read(in("a"), 5, &bytes, &length, &err), RJ_OK);
    rj_free(bytes);
    assert_int_equal(rj_file_read(in("a"), 4, &bytes, &length, &err), RJ_E_LIMIT);
    assert_non_null(strstr(err.text, "larger than the 4 bytes"));
}

static void files_of_unknown_size_are_read_to_their_end(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(rj_file_read("/proc/self/smaps", 10 << 20, &bytes, &length, NULL), RJ_OK);
    assert_true(length > 4000);
    assert_int_equal(strlen(bytes), length);
    rj_free(bytes);
    assert_int_equal(rj_file_read("/proc/self/smaps", 1000, &bytes, &length, NULL), RJ_E_LIMIT);
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(mkfifo(in("fifo"), 0600), 0);
    assert_int_equal(rj_file_read(in("fifo"), 100, &bytes, &length, NULL), RJ_E_INVALID);
    assert_int_equal(rj_file_read(top, 100, &bytes, &length, NULL), RJ_E_INVALID);
    assert_int_equal(rj_file_read("/dev/zero", 100, &bytes, &length, NULL), RJ_E_INVALID);
    assert_int_equal(rj_file_read(in("absent"), 100, &bytes, &length, NULL), RJ_E_NOT_FOUND);
}

static void a_failed_write_leaves_the_old_file_and_no_rest(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_dir_make(in("target"), 0755, NULL), RJ_OK);
    put("target/inside", "x");
    assert_int_not_equal(rj_file_write(in("target"), "y", 1, 0644, &err), RJ_OK);
    assert_non_null(strstr(err.text, "/target cannot be replaced"));
    char **names = NULL;
    size_t count = 0;
    assert_int_equal(rj_dir_list(top, 10, &names, &count, NULL), RJ_OK);
    assert_int_equal(count, 1);
    rj_free(names);
}

static void the_hash_is_that_of_the_content(void **state)
{
    (void)state;
    char hex[65];
    put("a", "abc");
    assert_int_equal(rj_file_sha256(in("a"), hex, NULL), RJ_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(rj_file_sha256(in("none"), hex, NULL), RJ_E_NOT_FOUND);
}

static void the_stamp_changes_with_the_file(void **state)
{
    (void)state;
    assert_true(rj_file_stamp(in("a")) == 0);
    put("a", "abc");
    uint64_t first = rj_file_stamp(in("a"));
    assert_true(first != 0 && first == rj_file_stamp(in("a")));
    put("a", "abc");
    assert_true(first != rj_file_stamp(in("a")));
}

static void folders_are_made_with_their_parents_whatever_the_umask(void **state)
{
    (void)state;
    mode_t before = umask(0077);
    assert_int_equal(rj_dir_make(in("x/y/z/"), 0700, NULL), RJ_OK);
    umask(before);
    struct stat st;
    stat(in("x/y"), &st);
    assert_int_equal(st.st_mode & 0777, 0755);
    stat(in("x/y/z"), &st);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(rj_dir_make(in("x/y/z"), 0755, NULL), RJ_OK);
    stat(in("x/y/z"), &st);
    assert_int_equal(st.st_mode & 0777, 0700);
    put("file", "x");
    assert_int_equal(rj_dir_make(in("file"), 0755, NULL), RJ_E_EXISTS);
    assert_int_not_equal(rj_dir_make(in("file/below"), 0755, NULL), RJ_OK);
}

static void removing_never_follows_links(void **state)
{
    (void)state;
    rj_dir_make(in("kept"), 0755, NULL);
    put("kept/file", "x");
    rj_dir_make(in("gone/deep/er"), 0755, NULL);
    put("gone/deep/file", "x");
    assert_int_equal(symlink(in("kept"), in("gone/link")), 0);
    assert_int_equal(symlink("/nowhere", in("gone/deep/broken")), 0);
    assert_int_equal(rj_dir_remove(in("gone"), NULL), RJ_OK);
    assert_false(rj_file_exists(in("gone")));
    assert_true(rj_file_exists(in("kept/file")));
    assert_int_equal(symlink(in("kept"), in("link")), 0);
    assert_int_equal(rj_dir_remove(in("link"), NULL), RJ_OK);
    assert_true(rj_file_exists(in("kept/file")));
    assert_int_equal(rj_dir_remove(in("gone"), NULL), RJ_OK);
    assert_int_equal(rj_dir_remove("/", NULL), RJ_E_INVALID);
    assert_int_equal(rj_dir_remove("relative", NULL), RJ_E_INVALID);
}

static void names_are_listed_sorted_and_counted(void **state)
{
    (void)state;
    put("b", "");
    put("a", "");
    put(".hidden", "");
    char **names = NULL;
    size_t count = 0;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_dir_list(top, 3, &names, &count, &err), RJ_OK);
    assert_int_equal(count, 3);
    assert_string_equal(names[0], ".hidden");
    assert_string_equal(names[1], "a");
    assert_string_equal(names[2], "b");
    assert_null(names[3]);
    rj_free(names);
    assert_int_equal(rj_dir_list(top, 2, &names, &count, &err), RJ_E_LIMIT);
    assert_int_equal(rj_dir_list(in("none"), 2, &names, &count, &err), RJ_E_NOT_FOUND);
}

static void what_only_we_may_write_is_trusted(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    rj_dir_make(in("d"), 0755, NULL);
    put("d/f", "x");
    assert_int_equal(rj_file_check_trusted(in("d/f"), NULL, &err), RJ_OK); /* through sticky /tmp */
    assert_int_equal(rj_file_check_trusted(in("d/f"), in("d"), &err), RJ_OK);
    assert_int_equal(rj_file_check_trusted("/", NULL, &err), RJ_OK);
}

static void a_folder_or_file_others_may_write_is_named(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    char expected[400];
    rj_dir_make(in("d"), 0755, NULL);
    put("d/f", "x");
    chmod(in("d"), 0775);
    assert_int_equal(rj_file_check_trusted(in("d/f"), NULL, &err), RJ_E_DENIED);
    snprintf(expected, sizeof expected,
             "%s may be written by its group (mode 0775); take that away first", in("d"));
    assert_string_equal(err.text, expected);
    chmod(in("d"), 0755);
    chmod(in("d/f"), 0646);
    assert_int_equal(rj_file_check_trusted(in("d/f"), NULL, &err), RJ_E_DENIED);
    assert_non_null(strstr(err.text, "/d/f may be written by everybody"));
    chmod(in("d/f"), 0644);
    chmod(in("d"), 01777); /* sticky is fine for a parent, not for the thing itself */
    assert_int_equal(rj_file_check_trusted(in("d/f"), NULL, &err), RJ_OK);
    assert_int_equal(rj_file_check_trusted(in("d"), NULL, &err), RJ_E_DENIED);
}

static void links_and_foreign_owners_are_not_trusted(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    rj_dir_make(in("d"), 0755, NULL);
    put("d/f", "x");
    assert_int_equal(symlink(in("d"), in("ld")), 0);
    assert_int_equal(symlink("f", in("d/lf")), 0);
    assert_int_equal(rj_file_check_trusted(in("ld/f"), NULL, &err), RJ_E_DENIED);
    assert_non_null(strstr(err.text, "/ld is a symbolic link"));
    assert_int_equal(rj_file_check_trusted(in("d/lf"), NULL, &err), RJ_E_DENIED);
    if (geteuid() != 0)
        tap_skip("only root can give files away");
    assert_int_equal(chown(in("d/f"), 65534, 65534), 0);
    assert_int_equal(rj_file_check_trusted(in("d/f"), NULL, &err), RJ_E_DENIED);
    assert_non_null(strstr(err.text, "/d/f belongs to "));
    assert_int_equal(chown(in("d/f"), 0, 0), 0);
    assert_int_equal(chown(in("d"), 65534, 0), 0);
    assert_int_equal(rj_file_check_trusted(in("d/f"), NULL, &err), RJ_E_DENIED);
}

static void only_plain_paths_below_the_boundary_can_be_trusted(void **state)
{
    (void)state;
    rj_dir_make(in("d"), 0755, NULL);
    rj_dir_make(in("dd"), 0755, NULL);
    assert_int_equal(rj_file_check_trusted(in("dd"), in("d"), NULL), RJ_E_INVALID);
    assert_int_equal(rj_file_check_trusted(in("d/../dd"), NULL, NULL), RJ_E_INVALID);
    assert_int_equal(rj_file_check_trusted("tmp", NULL, NULL), RJ_E_INVALID);
    assert_int_equal(rj_file_check_trusted(in("none"), NULL, NULL), RJ_E_NOT_FOUND);
}

static void a_lock_is_held_once_and_names_its_holder(void **state)
{
    (void)state;
    int first = -1;
    int second = -1;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_file_lock(in("lock"), &first, &err), RJ_OK);
    assert_int_equal(rj_file_lock(in("lock"), &second, &err), RJ_E_BUSY);
    char expected[64];
    snprintf(expected, sizeof expected, "is held by process %ld", (long)getpid());
    assert_non_null(strstr(err.text, expected));
    rj_file_unlock(first);
    assert_int_equal(rj_file_lock(in("lock"), &second, &err), RJ_OK);
    rj_file_unlock(second);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    put("a", "abc");
    for (uint64_t n = 1; n < 100; n++) {
        char *bytes = NULL;
        char **names = NULL;
        size_t length;
        rj_alloc_fail_from(n);
        rj_status write = rj_file_write(in("b"), "x", 1, 0644, NULL);
        rj_status read = rj_file_read(in("a"), 100, &bytes, &length, NULL);
        rj_status list = rj_dir_list(top, 100, &names, &length, NULL);
        rj_status trust = rj_file_check_trusted(top, NULL, NULL);
        rj_alloc_fail_from(0);
        rj_free(bytes);
        rj_free(names);
        if (!write && !read && !list && !trust)
            return;
        assert_int_equal(trust, RJ_E_NO_MEMORY);
    }
    fail();
}

static rj_status append_to(const char *name)
{
    int handle = -1;
    uint64_t size = 0;
    rj_status status = rj_file_append_open(top, name, 0640, &handle, &size, NULL);
    rj_file_append_close(handle);
    return status;
}

static void a_log_is_not_opened_through_links_below_its_folder(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("a"), 0700), 0);
    assert_int_equal(symlink("a", in("link")), 0);
    assert_int_equal(append_to("a/log"), RJ_OK);
    assert_int_not_equal(append_to("link/log"), RJ_OK);
    assert_int_not_equal(append_to("link/new"), RJ_OK);
    assert_int_not_equal(append_to("a/../a/log"), RJ_OK);
    assert_int_not_equal(append_to("a"), RJ_OK);
    assert_int_equal(append_to("a/log"), RJ_OK);
    assert_int_equal(link(in("a/log"), in("a/second")), 0);
    assert_int_equal(append_to("a/log"), RJ_E_INVALID);
}

int main(void)
{
    if (!mkdtemp(top))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_written_is_read_back_with_its_mode, fresh),
        cmocka_unit_test_setup(a_file_of_exactly_the_limit_is_read_and_one_more_byte_is_not, fresh),
        cmocka_unit_test_setup(files_of_unknown_size_are_read_to_their_end, fresh),
        cmocka_unit_test_setup(what_is_no_regular_file_is_refused_without_waiting, fresh),
        cmocka_unit_test_setup(a_failed_write_leaves_the_old_file_and_no_rest, fresh),
        cmocka_unit_test_setup(the_hash_is_that_of_the_content, fresh),
        cmocka_unit_test_setup(the_stamp_changes_with_the_file, fresh),
        cmocka_unit_test_setup(folders_are_made_with_their_parents_whatever_the_umask, fresh),
        cmocka_unit_test_setup(removing_never_follows_links, fresh),
        cmocka_unit_test_setup(names_are_listed_sorted_and_counted, fresh),
        cmocka_unit_test_setup(what_only_we_may_write_is_trusted, fresh),
        cmocka_unit_test_setup(a_folder_or_file_others_may_write_is_named, fresh),
        cmocka_unit_test_setup(links_and_foreign_owners_are_not_trusted, fresh),
        cmocka_unit_test_setup(only_plain_paths_below_the_boundary_can_be_trusted, fresh),
        cmocka_unit_test_setup(a_lock_is_held_once_and_names_its_holder, fresh),
        cmocka_unit_test_setup(a_log_is_not_opened_through_links_below_its_folder, fresh),
        cmocka_unit_test_setup(every_failing_allocation_is_an_error, fresh),
    };
    int failed = cmocka_run_group_tests_name("platform_file", tests, NULL, NULL);
    rj_dir_remove(top, NULL);
    return failed;
}
