/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/file.h"
#include "runtime/confine.h"
#include "test_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[TEST_FOLDER_MAX];
static rj_paths *paths;

static rj_confinement confine(const char *first, const char *second)
{
    const char *const granted[] = {first, second, NULL};
    rj_confine_what what = {.paths = paths,
                            .granted = granted,
                            .state = "/state",
                            .cache = "/cache",
                            .folder = "/plugin",
                            .uid = RJ_SANDBOX_KEEP_ACCOUNT};
    rj_confinement made;
    assert_int_equal(rj_confine(&what, &made, NULL), RJ_OK);
    return made;
}

/* 'w': may be changed, 'r': may be read, '-': not named. */
static char access_to(const rj_confinement *made, const char *path, bool below_root)
{
    char whole[2 * TEST_FOLDER_MAX];
    snprintf(whole, sizeof whole, "%s%s", below_root ? root : "", path);
    for (size_t i = 0; i < made->sandbox.path_count; i++)
        if (strcmp(made->sandbox.paths[i].path, whole) == 0)
            return made->sandbox.paths[i].write ? 'w' : 'r';
    return '-';
}

static void without_a_grant_there_are_the_own_folders_alone(void **state)
{
    rj_confinement made = confine(NULL, NULL);
    (void)state;
    assert_int_equal(access_to(&made, "/state", false), 'w');
    assert_int_equal(access_to(&made, "/cache", false), 'w');
    assert_int_equal(access_to(&made, "/plugin", false), 'r');
    assert_int_equal(access_to(&made, "/proc", true), 'r');
    assert_int_equal(made.sandbox.path_count, 6); /* and /sys, /usr below the root */
    assert_int_equal(made.sandbox.network, 0);
    rj_confine_free(&made);
}

static void paths_are_those_below_the_root_and_no_others(void **state)
{
    rj_confinement made = confine("read:/opt", "write:/srv/data");
    (void)state;
    assert_int_equal(access_to(&made, "/opt", true), 'r');
    assert_int_equal(access_to(&made, "/srv/data", true), 'w');
    rj_confine_free(&made);
    made = confine("read", NULL);
    assert_int_equal(access_to(&made, "/", true), 'r');
    rj_confine_free(&made);
    made = confine("write", NULL);
    assert_int_equal(access_to(&made, "/", true), 'w');
    rj_confine_free(&made);
}

static void each_kind_of_socket_has_its_grant(void **state)
{
    rj_confinement made = confine("network:netlink", "network:local");
    (void)state;
    assert_int_equal(made.sandbox.network, RJ_NETWORK_NETLINK | RJ_NETWORK_LOCAL);
    rj_confine_free(&made);
    made = confine("network", NULL);
    assert_int_equal(made.sandbox.network,
                     RJ_NETWORK_INTERNET | RJ_NETWORK_NETLINK | RJ_NETWORK_LOCAL);
    rj_confine_free(&made);
}

static void packages_open_their_folders_and_large_files(void **state)
{
    rj_confinement made = confine("read", NULL);
    uint64_t small = made.sandbox.file_bytes;
    uint32_t brief = made.sandbox.cpu_seconds;
    (void)state;
    rj_confine_free(&made);
    made = confine("packages", NULL);
    char folder[TEST_FOLDER_MAX];
    snprintf(folder, sizeof folder, "%s", rj_path(paths, RJ_PATH_PACKAGE_LIB));
    *strrchr(folder, '/') = '\0';
    assert_int_equal(access_to(&made, folder, false), 'w');
    assert_int_equal(access_to(&made, rj_path(paths, RJ_PATH_PACKAGE_LOGS), false), 'w');
    assert_true(rj_file_exists(rj_path(paths, RJ_PATH_PACKAGE_LIB)));
    assert_true(rj_file_exists(rj_path(paths, RJ_PATH_PACKAGE_LOGS)));
    assert_true(made.sandbox.file_bytes > small);
    assert_true(made.sandbox.cpu_seconds > brief);
    rj_confine_free(&made);
}

static void what_the_core_does_for_a_plugin_opens_nothing(void **state)
{
    rj_confinement made = confine("spawn", "root");
    rj_confinement none = confine(NULL, NULL);
    (void)state;
    assert_int_equal(made.sandbox.path_count, none.sandbox.path_count);
    assert_int_equal(made.sandbox.network, 0);
    rj_confine_free(&made);
    rj_confine_free(&none);
}

static int make_root(void **state)
{
    (void)state;
    assert_true(test_folder("test", root, sizeof root));
    return (int)rj_paths_new(RJ_ROLE_SERVICE, root, NULL, &paths, NULL);
}

static int remove_root(void **state)
{
    (void)state;
    rj_paths_free(paths);
    return (int)rj_dir_remove(root, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_grant_there_are_the_own_folders_alone),
        cmocka_unit_test(paths_are_those_below_the_root_and_no_others),
        cmocka_unit_test(each_kind_of_socket_has_its_grant),
        cmocka_unit_test(packages_open_their_folders_and_large_files),
        cmocka_unit_test(what_the_core_does_for_a_plugin_opens_nothing),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
