/* SPDX-License-Identifier: MIT */
/* Opening below a folder that stands for "/". */
#include <errno.h>
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

#include "in_root_posix.h"

static char base[] = "/tmp/in_root_test.XXXXXX";
static int root = -1;

/* What open() and reading a few bytes give: the text, or errno as "!N". */
static const char *read_at(const char *path)
{
    static char text[32];
    int fd = in_root_open(root, path, O_RDONLY | O_NONBLOCK);
    ssize_t got;

    if (fd < 0) {
        snprintf(text, sizeof text, "!%d", errno);
        return text;
    }
    got = read(fd, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
    return text;
}

static const char *error_text(int number)
{
    static char text[16];

    snprintf(text, sizeof text, "!%d", number);
    return text;
}

static void plain_paths_are_opened(void **state)
{
    (void)state;
    assert_string_equal(read_at("/a/b/file"), "inside");
    assert_string_equal(read_at("a//b/./file"), "inside");
    assert_string_equal(read_at("/a/b/../b/file"), "inside");
    assert_string_equal(read_at("/a/missing"), error_text(ENOENT));
    assert_string_equal(read_at("/a/b/file/x"), error_text(ENOTDIR));
}

static void links_are_followed_below_the_root(void **state)
{
    (void)state;
    assert_string_equal(read_at("/relative"), "inside");
    assert_string_equal(read_at("/absolute"), "inside");
    assert_string_equal(read_at("/folder/file"), "inside");
    assert_string_equal(read_at("/dangling"), error_text(ENOENT));
}

static void nothing_leads_out_of_the_root(void **state)
{
    (void)state;
    assert_string_equal(read_at("/../../outside"), error_text(ENOENT));
    assert_string_equal(read_at("/climbing"), error_text(ENOENT));
    assert_string_equal(read_at("/a/../../../a/b/file"), "inside");
}

static void circles_and_depth_end(void **state)
{
    char deep[1000];

    (void)state;
    assert_string_equal(read_at("/circle"), error_text(ELOOP));
    for (size_t i = 0; i + 3 < sizeof deep; i += 3)
        snprintf(deep + i, sizeof deep - i, "/me");
    assert_string_equal(read_at(deep), error_text(ELOOP));
}

static void a_link_itself_is_opened_only_when_asked_for(void **state)
{
    char target[64] = "";
    int fd = in_root_open(root, "/absolute", O_PATH | O_NOFOLLOW);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(readlinkat(fd, "", target, sizeof target - 1), 9);
    assert_string_equal(target, "/a/b/file");
    close(fd);
    assert_true(in_root_open(root, "/absolute", O_RDONLY | O_NOFOLLOW) < 0);
    assert_int_equal(errno, ELOOP);
}

static void the_root_itself_can_be_opened_and_no_descriptor_is_left(void **state)
{
    int before = dup(root), fd = in_root_open(root, "/", O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    close(before);
    for (int i = 0; i < 2000; i++)
        read_at(i % 2 ? "/folder/file" : "/circle");
    fd = dup(root);
    assert_int_equal(fd, before);
    close(fd);
}

static void write_text(const char *name, const char *text)
{
    char path[100];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", base, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int make_tree(void **state)
{
    static const char *const links[][2] = {{"a/b/file", "relative"},
                                           {"/a/b/file", "absolute"},
                                           {"/a/./b", "folder"},
                                           {"nowhere", "dangling"},
                                           {"circle", "circle"},
                                           {"../../../outside", "climbing"},
                                           {".", "me"}};
    char path[100];

    (void)state;
    assert_non_null(mkdtemp(base));
    write_text("outside", "outside");
    for (size_t i = 0; i < 3; i++) {
        static const char *const folders[] = {"root", "root/a", "root/a/b"};

        snprintf(path, sizeof path, "%s/%s", base, folders[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    write_text("root/a/b/file", "inside");
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        snprintf(path, sizeof path, "%s/root/%s", base, links[i][1]);
        assert_int_equal(symlink(links[i][0], path), 0);
    }
    snprintf(path, sizeof path, "%s/root", base);
    root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root >= 0 ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static int remove_tree(void **state)
{
    (void)state;
    close(root);
    return nftw(base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_paths_are_opened),
        cmocka_unit_test(links_are_followed_below_the_root),
        cmocka_unit_test(nothing_leads_out_of_the_root),
        cmocka_unit_test(circles_and_depth_end),
        cmocka_unit_test(a_link_itself_is_opened_only_when_asked_for),
        cmocka_unit_test(the_root_itself_can_be_opened_and_no_descriptor_is_left),
    };

    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
