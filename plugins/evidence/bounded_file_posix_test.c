/* SPDX-License-Identifier: MIT */
/* Reading below a root: limits, kinds of files, and that no link leads out. */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bounded_file.h"

static char base[64], root[80];

static const char *in_root(const char *path)
{
    static char real[256];

    snprintf(real, sizeof real, "%s%s", root, path);
    return real;
}

static void write_file(const char *real, const char *text)
{
    FILE *file = fopen(real, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int make(void **state)
{
    char secret[96];

    (void)state;
    snprintf(base, sizeof base, "/tmp/bounded_file_test.XXXXXX");
    if (!mkdtemp(base))
        return -1;
    snprintf(root, sizeof root, "%s/root", base);
    snprintf(secret, sizeof secret, "%s/secret", base);
    write_file(secret, "outside");
    return mkdir(root, 0755) || mkdir(in_root("/etc"), 0755);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static int clean(void **state)
{
    (void)state;
    return nftw(base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void assert_content(const char *path, const char *expected)
{
    char *text = NULL;
    size_t length = 0;

    assert_int_equal(bounded_file_read(root, path, 100, &text, &length), FILE_READ);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
    free(text);
}

static void assert_outcome(const char *path, size_t limit, file_outcome expected)
{
    char *text = NULL;
    size_t length = 77;

    assert_int_equal(bounded_file_read(root, path, limit, &text, &length), expected);
    assert_null(text);
    assert_int_equal(length, 77);
}

static void a_file_is_read_up_to_the_limit_and_refused_beyond(void **state)
{
    (void)state;
    write_file(in_root("/etc/x"), "0123456789");
    assert_content("/etc/x", "0123456789");
    assert_outcome("/etc/x", 9, FILE_TOO_LARGE);
    write_file(in_root("/etc/x"), "");
    assert_content("/etc/x", "");
}

static void a_file_of_unknown_size_has_the_same_limit(void **state)
{
    char *text = NULL;
    size_t length;

    (void)state;
    assert_int_equal(bounded_file_read("", "/proc/self/status", 10, &text, &length),
                     FILE_TOO_LARGE);
    assert_int_equal(bounded_file_read("", "/proc/self/status", 100000, &text, &length), FILE_READ);
    assert_true(length > 10);
    free(text);
}

static void what_is_no_regular_file_is_refused_at_once(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(in_root("/fifo"), 0644), 0);
    assert_int_equal(symlink("loop", in_root("/loop")), 0);
    assert_int_equal(symlink("nowhere", in_root("/dangling")), 0);
    assert_outcome("/fifo", 100, FILE_NOT_REGULAR);
    assert_outcome("/etc", 100, FILE_NOT_REGULAR);
    assert_outcome("/loop", 100, FILE_NOT_REGULAR);
    assert_outcome("/dangling", 100, FILE_MISSING);
    assert_outcome("/missing/x", 100, FILE_MISSING);
    assert_outcome("/fifo/x", 100, FILE_MISSING);
}

static void no_link_and_no_dots_lead_out_of_the_root(void **state)
{
    char outside[96];

    (void)state;
    write_file(in_root("/etc/passwd"), "inside");
    assert_int_equal(symlink("/etc/passwd", in_root("/absolute")), 0);
    assert_int_equal(symlink("../../../../etc/passwd", in_root("/etc/up")), 0);
    snprintf(outside, sizeof outside, "%s/secret", base);
    assert_int_equal(symlink(outside, in_root("/secret")), 0);
    assert_content("/absolute", "inside");
    assert_content("/etc/up", "inside");
    assert_content("/../../etc/passwd", "inside");
    assert_outcome("/secret", 100, FILE_MISSING);
    assert_outcome("/../secret/x", 100, FILE_MISSING);
}

static void the_head_of_a_large_file_is_read_without_its_newline(void **state)
{
    char text[5];

    (void)state;
    write_file(in_root("/x"), "ab\n");
    assert_int_equal(bounded_file_head(root, "/x", text, sizeof text), FILE_READ);
    assert_string_equal(text, "ab");
    assert_int_equal(truncate(in_root("/x"), 100 * 1024 * 1024), 0);
    assert_int_equal(bounded_file_head(root, "/x", text, sizeof text), FILE_READ);
    assert_memory_equal(text, "ab\n\0\0", 5);
}

static void a_link_says_where_it_points(void **state)
{
    char target[8];

    (void)state;
    write_file(in_root("/file"), "");
    assert_int_equal(symlink("../x", in_root("/link")), 0);
    assert_int_equal(symlink("01234567", in_root("/long")), 0);
    assert_int_equal(bounded_file_link(root, "/link", target, sizeof target), FILE_READ);
    assert_string_equal(target, "../x");
    assert_int_equal(bounded_file_link(root, "/file", target, sizeof target), FILE_NOT_REGULAR);
    assert_int_equal(bounded_file_link(root, "/long", target, sizeof target), FILE_TOO_LARGE);
    assert_int_equal(bounded_file_link(root, "/none", target, sizeof target), FILE_MISSING);
}

static void a_folder_is_listed_in_order_up_to_the_limit(void **state)
{
    file_names names;

    (void)state;
    write_file(in_root("/etc/b"), "");
    write_file(in_root("/etc/a"), "");
    write_file(in_root("/etc/c"), "");
    assert_int_equal(bounded_file_list(root, "/etc", 3, &names), FILE_READ);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.names[0], "a");
    assert_string_equal(names.names[2], "c");
    file_names_free(&names);
    assert_int_equal(bounded_file_list(root, "/etc", 2, &names), FILE_TOO_LARGE);
    assert_int_equal(bounded_file_list(root, "/etc/a", 2, &names), FILE_MISSING);
    assert_int_equal(bounded_file_list(root, "/none", 2, &names), FILE_MISSING);
}

static void a_root_that_is_not_there_has_nothing(void **state)
{
    char *text;
    size_t length;

    (void)state;
    assert_int_equal(bounded_file_read("/nonexistent", "/etc/passwd", 100000, &text, &length),
                     FILE_MISSING);
    assert_int_equal(bounded_file_exists("/nonexistent", "/"), FILE_MISSING);
    assert_int_equal(bounded_file_exists(root, "/etc"), FILE_READ);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_file_is_read_up_to_the_limit_and_refused_beyond),
        TREE_TEST(a_file_of_unknown_size_has_the_same_limit),
        TREE_TEST(what_is_no_regular_file_is_refused_at_once),
        TREE_TEST(no_link_and_no_dots_lead_out_of_the_root),
        TREE_TEST(the_head_of_a_large_file_is_read_without_its_newline),
        TREE_TEST(a_link_says_where_it_points),
        TREE_TEST(a_folder_is_listed_in_order_up_to_the_limit),
        TREE_TEST(a_root_that_is_not_there_has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
