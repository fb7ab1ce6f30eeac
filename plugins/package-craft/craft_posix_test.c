/* SPDX-License-Identifier: MIT */
/* package-craft on POSIX systems: what is a script there, its variables, signals and processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "craft_fixture_test.h"

static void a_script_gets_the_variables_of_its_package_and_no_others(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_set_environment(f, "OUT", craft_path(f, "out"));
    craft_write(f,
                "#!/bin/sh\nenv | sort | cut -d= -f1 | grep -v -e PWD -e SHLVL -e ^_ | "
                "tr '\\n' ' ' >\"$OUT\"\n",
                NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    assert_string_equal(craft_text(craft_path(f, "out")), "OUT PATH RJ_PackageID ");
}

static void a_script_marked_by_its_first_line_alone_is_started(void **state)
{
    craft_fixture *f = *state;
    const craft_member members[] = {{"rj_install.sh", "#!/bin/sh\nexit 0\n", 0644}, {0}};
    plugin_answer answer;

    craft_write_archive(f, "hello.zip", members);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
}

static void a_killed_script_is_a_failure_that_names_the_signal(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, "#!/bin/sh\nkill -9 $$\n", NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_FAILED, "rj_install.sh was killed by signal 9 (Killed)");
    assert_string_equal(craft_said(&answer, "exit_code"), "");
    craft_assert_nothing_left(f);
}

static void a_hanging_script_ends_at_its_time_limit_with_all_its_processes(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;
    int gone = 0;
    pid_t pid;

    craft_set_environment(f, "OUT", craft_path(f, "out"));
    json_object_set_new(f->request, "time_limit_ms", json_integer(400));
    craft_write(f, "#!/bin/sh\nsleep 60 &\necho $! >\"$OUT\"\nwait\n", NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_TIMEOUT,
                       "did not end within its time limit of 1 s and was killed");
    pid = (pid_t)atoi(craft_text(craft_path(f, "out")));
    assert_true(pid > 0);
    for (int i = 0; i < 100 && !gone; i++) {
        char path[64], line[256] = "";

        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        snprintf(line, sizeof line, "%.255s", craft_text(path));
        gone = line[0] == '\0' || strstr(line, ") Z ");
        usleep(20000);
    }
    assert_true(gone);
    craft_assert_nothing_left(f);
}

static void a_missing_interpreter_is_explained(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, "#!/no/such/interpreter\n", NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_FAILED, "rj_install.sh could not be started");
    craft_assert_has(answer.message, "interpreter");
    craft_assert_nothing_left(f);
}

static void assert_refused(craft_fixture *f, const craft_member *members, const char *part)
{
    plugin_answer answer;

    craft_write_archive(f, "hello.zip", members);
    answer = craft_ask(f, f->table->fetch);
    craft_assert_fails(&answer, RJ_E_INVALID, part);
    craft_assert_has(answer.message, ".zip");
}

static void a_script_that_nobody_could_start_is_refused(void **state)
{
    const craft_member plain[] = {{"rj_install.sh", "exit 0\n", 0644}, {0}};
    const craft_member crlf[] = {{"rj_install.sh", "#!/bin/sh\r\nexit 0\r\n", 0}, {0}};
    const craft_member empty[] = {{"rj_install.sh", "", 0644}, {0}};
    const craft_member detect[] = {
        {"rj_install.sh", "#!/bin/sh\n", 0}, {"rj_detect.sh", "#!/bin/sh\r\n", 0}, {0}};
    craft_fixture *f = *state;

    assert_refused(f, plain, "rj_install.sh cannot be started");
    assert_refused(f, crlf, "Windows line ends (CRLF)");
    assert_refused(f, empty, "rj_install.sh cannot be started");
    assert_refused(f, detect, "rj_detect.sh has Windows line ends");
}

#define T(NAME) cmocka_unit_test_setup_teardown(NAME, craft_setup, craft_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_script_gets_the_variables_of_its_package_and_no_others),
        T(a_script_marked_by_its_first_line_alone_is_started),
        T(a_killed_script_is_a_failure_that_names_the_signal),
        T(a_hanging_script_ends_at_its_time_limit_with_all_its_processes),
        T(a_missing_interpreter_is_explained),
        T(a_script_that_nobody_could_start_is_refused),
    };

    return cmocka_run_group_tests_name("package-craft on POSIX systems", tests, NULL, NULL);
}
