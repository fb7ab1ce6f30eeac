/* SPDX-License-Identifier: MIT */
#include "engine/executor_bench_test.h"

#include "base/alloc.h"
#include "engine/script_environment.h"
#include "platform/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void scripts_get_five_variables_and_nothing_of_the_services_own(void **state)
{
    (void)state;
    setenv("RJ_SECRET", "x", 1);
    setenv("PATH", "/evil", 1);
    json_t *environment = json_object();
    assert_true(rj_script_environment_begin(environment));
    assert_int_equal(rj_script_environment_place(environment, b.paths, NULL), RJ_OK);
    assert_int_equal(json_object_size(environment), 5);
    assert_string_equal(json_string_value(json_object_get(environment, "PATH")),
                        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    assert_string_equal(json_string_value(json_object_get(environment, "LANG")), "C.UTF-8");
    assert_string_equal(json_string_value(json_object_get(environment, "RJ_Root")), b.folder);
    static const char *const folders[] = {"HOME", "TMPDIR"};
    for (size_t i = 0; i < 2; i++) {
        const char *folder = json_string_value(json_object_get(environment, folders[i]));
        assert_int_equal(strncmp(folder, b.folder, strlen(b.folder)), 0);
        assert_true(rj_file_exists(folder));
    }
    json_decref(environment);
}

static void a_users_number_is_part_of_its_sid(void **state)
{
    (void)state;
    char *user = rj_script_environment_sid(1000),
         *machine = rj_script_environment_sid(RJ_UID_MACHINE);
    assert_string_equal(user, "S-1-22-1-1000");
    assert_string_equal(machine, "S-1-22-1-0");
    rj_free(user);
    rj_free(machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(scripts_get_five_variables_and_nothing_of_the_services_own),
        BENCH_TEST(a_users_number_is_part_of_its_sid),
    };
    return cmocka_run_group_tests_name("script_environment", tests, NULL, NULL);
}
