/* SPDX-License-Identifier: MIT */
/* A service that cannot even begin. */
#include "service/service.h"

#include "base/log.h"
#include "platform/paths.h"
#include "service/service_main.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The folder of the lock cannot be made, as a file has its name. */
static void a_start_that_fails_before_the_lock_is_told_in_the_log(void **state)
{
    char root[TEST_FOLDER_MAX], path[1024];
    rj_paths *paths = NULL;
    (void)state;
    assert_true(test_folder("start", root, sizeof root));
    assert_int_equal(rj_paths_new(RJ_ROLE_SERVICE, root, NULL, &paths, NULL), RJ_OK);
    const char *run = rj_path(paths, RJ_PATH_RUN);
    for (char *slash = strchr(run + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(path, sizeof path, "%.*s", (int)(slash - run), run);
        assert_true(test_make_folder(path));
    }
    assert_true(test_write_file(run, "", 0));
    rj_service_options options = {.root = root, .log_level = RJ_LOG_INFO};
    assert_int_equal(rj_service_main(&options, rj_service_run), RJ_SERVICE_FAILED);
    snprintf(path, sizeof path, "%s/realmjoin.log", rj_path(paths, RJ_PATH_LOG));
    char *text = test_read_file(path, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "|ERROR|service|-|cannot start: "));
    free(text);
    rj_paths_free(paths);
    test_remove_tree(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_that_fails_before_the_lock_is_told_in_the_log),
    };
    return cmocka_run_group_tests_name("start of the service", tests, NULL, NULL);
}
