/* SPDX-License-Identifier: MIT */
/* What a program of tests prints of those that are skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"
#include "test_system.h"

/* ---- The program that is looked at, in a process of its own ---------------------------------- */

static void runs(void **state)
{
    assert_non_null(state);
}

static int helper_that_skips(void)
{
    tap_skip("the moon is not full");
}

static void lacks_something(void **state)
{
    (void)state;
    if (helper_that_skips())
        fail();
}

static int lacks_a_scene(void **state)
{
    (void)state;
    tap_skip("no scene");
}

static int must_not_run(void **state)
{
    (void)state;
    return -1;
}

static void fails(void **state)
{
    (void)state;
    assert_int_equal(1, 2);
}

static int print_to(const char *path)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs),
        cmocka_unit_test(lacks_something),
        cmocka_unit_test_setup_teardown(fails, lacks_a_scene, must_not_run),
        cmocka_unit_test(fails),
        cmocka_unit_test(runs),
    };

    test_set_environment("CMOCKA_MESSAGE_OUTPUT", "TAP");
    if (!freopen(path, "w", stdout))
        return 100;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

static const test_child children[] = {{"print-to", print_to}, {NULL, NULL}};

/* ---- Tests ----------------------------------------------------------------------------------- */

static void a_skipped_test_is_ok_with_its_reason_and_the_others_count(void **state)
{
    char folder[TEST_FOLDER_MAX], path[TEST_PATH_MAX];

    (void)state;
    assert_true(test_folder("tap-skip", folder, sizeof folder));
    snprintf(path, sizeof path, "%s/output", folder);
    assert_int_equal(test_child_run("print-to", path), 1);
    char *output = test_read_file(path, NULL);
    assert_non_null(output);
    char results[512] = "";
    size_t used = 0, length;
    for (const char *line = output; *line && used < sizeof results; line += length) {
        length = strcspn(line, "\r\n");
        if (length > 0 && *line != '#')
            used += (size_t)snprintf(results + used, sizeof results - used, "%.*s\n", (int)length,
                                     line);
        length += strspn(line + length, "\r\n");
    }
    assert_string_equal(results, "1..5\n"
                                 "ok 1 - runs\n"
                                 "ok 2 - lacks_something # SKIP the moon is not full\n"
                                 "ok 3 - fails # SKIP no scene\n"
                                 "not ok 4 - fails\n"
                                 "ok 5 - runs\n");
    free(output);
    test_remove_tree(folder);
}

int main(int argc, char **argv)
{
    int code = test_child_main(argc, argv, children);
    if (code >= 0)
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_skipped_test_is_ok_with_its_reason_and_the_others_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
