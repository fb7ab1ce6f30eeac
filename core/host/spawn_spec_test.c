/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/spawn_spec.h"
#include "platform/paths.h"

static void a_file_below_a_folder_is_reached_by_plain_names_only(void **state)
{
    (void)state;
    assert_true(rj_spawn_is_below("/a/b/c", "/a/b") && rj_spawn_is_below("/a/b/c/d.log", "/a/b"));
    assert_true(rj_spawn_is_below("//s/h/b/c", "//s/h/b"));
    assert_false(rj_spawn_is_below("/a/b", "/a/b") || rj_spawn_is_below("/a/bc/d", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/", "/a/b") || rj_spawn_is_below("/a/b//c", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/./c", "/a/b") || rj_spawn_is_below("/a/b/c/", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/../c", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/..", "/a/b"));
    assert_int_equal(rj_spawn_is_below("/A/b/c", "/a/B"), rj_path_equal("/a", "/A"));
}

static void a_way_up_between_backslashes_is_one_too(void **state)
{
    (void)state;
    assert_false(rj_spawn_is_below("/a/b/x\\..\\..\\c", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/..\\c", "/a/b"));
    assert_false(rj_spawn_is_below("/a/b/c\\..", "/a/b"));
    /* A letter whose other case is longer does not hide what comes behind it. */
    assert_false(rj_spawn_is_below("/\xc8\xba\xc8\xba\xc8\xba/../c",
                                   "/\xe2\xb1\xa5\xe2\xb1\xa5\xe2\xb1\xa5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_below_a_folder_is_reached_by_plain_names_only),
        cmocka_unit_test(a_way_up_between_backslashes_is_one_too),
    };
    return cmocka_run_group_tests_name("host_spawn_spec", tests, NULL, NULL);
}
