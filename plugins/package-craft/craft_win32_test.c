/* SPDX-License-Identifier: MIT */
/*
 * package-craft on Windows: crafts with rj_install.cmd run by the real cmd.exe, in a folder whose
 * name has blanks, umlauts and "&".
 *
 * A Windows without PowerShell (Wine's does nothing and says 0) is asked for its command line alone:
 * in the tests' own prefix, a recorder stands at powershell.exe's place (RJ_TEST_POWERSHELL).
 */
#include "craft_fixture_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "craft_system.h"
#include "tap_skip.h"
#include "test_files.h"

static const char *const install_cmd = "@echo off\r\n"
                                       "echo 1=%1\r\n"
                                       "echo 2=%~2\r\n"
                                       "echo id=%RJ_PackageID%\r\n"
                                       "if not exist data\\payload.txt exit /b 7\r\n"
                                       "echo done> \"%~dp0..\\..\\..\\..\\..\\done.txt\"\r\n";

/* What was put in the trash goes with the next question. */
static void assert_nothing_left_later(craft_fixture *f)
{
    craft_ask(f, f->table->detect);
    craft_assert_nothing_left(f);
}

static void an_install_runs_rj_install_cmd_with_its_arguments_in_its_folder(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, install_cmd, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "exit_code"), "0");
    craft_assert_has(craft_said(&answer, "output"), "1=/Lang:de");
    craft_assert_has(craft_said(&answer, "output"), "2=/Name:A B");
    craft_assert_has(craft_said(&answer, "output"), "id=hello");
    craft_assert_has(craft_text(craft_path(f, "hello.log")), "1=/Lang:de");
    assert_true(craft_there(craft_path(f, "done.txt")));
    answer = craft_ask(f, f->table->detect);
    assert_string_equal(craft_said(&answer, "installed"), "true");
}

static void exit_code_3010_is_success_with_a_restart_wanted(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, "@echo out\r\n@exit /b 3010\r\n", NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "exit_code"), "3010");
    assert_string_equal(craft_said(&answer, "restart"), "true");
}

static void exit_code_1641_is_success_with_a_restart_wanted(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, "@exit /b 1641\r\n", NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "restart"), "true");
}

static void exit_codes_have_32_bits(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, "@exit /b 256\r\n", NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_FAILED, "rj_install.cmd ended with exit code 256");
    craft_write(f, "@exit /b -1\r\n", NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_FAILED, "rj_install.cmd ended with exit code -1");
    craft_assert_nothing_left(f);
}

static void
what_cmd_would_take_for_its_own_in_an_argument_is_refused_before_anything_runs(void **state)
{
    static const char *const hostile[] = {"a&calc", "a|b", "a<b",   "a>b",  "a^b",
                                          "50%",    "a!b", "a\"&b", "a\nb", "%PATH%"};
    craft_fixture *f = *state;

    craft_write(f, install_cmd, NULL, NULL);
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        plugin_answer answer;

        json_object_set_new(f->request, "arguments", json_pack("[s, s]", "/Lang:de", hostile[i]));
        answer = craft_install_now(f);
        craft_assert_fails(&answer, RJ_E_INVALID, "craft hello: the argument \"");
        craft_assert_has(answer.message, "cmd.exe");
        assert_false(craft_there(craft_path(f, "done.txt")));
        assert_nothing_left_later(f);
    }
}

static void what_cmd_would_take_for_its_own_in_a_variable_is_refused(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, install_cmd, NULL, NULL);
    craft_set_environment(f, "RJ_Version", "1.0&calc");
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_INVALID, "the variable \"RJ_Version=1.0&calc\"");
    assert_nothing_left_later(f);
}

static void a_percent_sign_in_the_scripts_path_is_refused(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, install_cmd, NULL, NULL);
    json_object_set_new(f->request, "id", json_string("%PATH%"));
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_INVALID, "has a % in its path");
    assert_nothing_left_later(f);
}

static void an_archive_without_a_script_of_windows_is_no_craft(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write_archive(f, "hello.zip",
                        (craft_member[]){{"rj_install.sh", "#!/bin/sh\n", 0}, {NULL, NULL, 0}});
    answer = craft_ask(f, f->table->fetch);
    craft_assert_fails(&answer, RJ_E_INVALID, "there is no rj_install.ps1 or rj_install.cmd");
}

static void names_that_windows_cannot_have_leave_nothing_behind(void **state)
{
    static const char *const names[] = {"a?b.txt", "a*b", "a|b", "a<b", "quote\"d"};
    craft_fixture *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        plugin_answer answer;

        craft_write_archive(f, "hello.zip",
                            (craft_member[]){{"rj_install.cmd", install_cmd, 0},
                                             {names[i], "x", 0},
                                             {NULL, NULL, 0}});
        answer = craft_install_now(f);
        craft_assert_fails(&answer, RJ_E_INVALID, "a character that Windows does not allow");
        assert_nothing_left_later(f);
    }
}

static void the_version_of_the_header_is_read_from_a_batch_comment(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    json_object_del(f->request, "version");
    craft_write(f, "@rem RealmJoin Craft Package Version: 4.5.6\r\n@exit /b 0\r\n", NULL, NULL);
    answer = craft_ask(f, f->table->fetch);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "version"), "4.5.6");
}

static void a_script_that_takes_too_long_is_ended_with_its_processes(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    json_object_set_new(f->request, "time_limit_ms", json_integer(1500));
    craft_write(f, "@echo begun\r\n:again\r\n@goto again\r\n", NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_TIMEOUT, "did not end within its time limit");
    craft_assert_nothing_left(f);
}

static void an_interrupted_install_whose_detect_script_fails_is_not_certain(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, "@exit /b 0\r\n", "@exit /b 0\r\n", "@exit /b -1\r\n");
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    test_file_write(craft_path(f, "host/state/crafts/hello/uninstalling"), "", 0);
    answer = craft_ask(f, f->table->recover);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "outcome"), "rolled-back");
    assert_string_equal(craft_said(&answer, "certain"), "false");
}

static void uninstall_runs_rj_uninstall_cmd_and_forgets(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, install_cmd, "@echo taken back\r\n", NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    answer = craft_ask(f, f->table->uninstall);
    craft_assert_ok(&answer);
    craft_assert_has(craft_said(&answer, "output"), "taken back");
    craft_assert_nothing_left(f);
}

static void a_script_in_utf_16_is_refused(void **state)
{
    static const char script[] = "\xFF\xFE"
                                 "e\0x\0i\0t\0";
    craft_fixture *f = *state;
    plugin_answer answer;
    rj_failure failure;

    (void)f;
    (void)answer;
    assert_int_equal(
        craft_judge_script("x.zip", "rj_install.cmd", script, sizeof script, 0, &failure),
        RJ_E_INVALID);
    craft_assert_has(failure.text, "no plain text");
    assert_int_equal(
        craft_judge_script("x.zip", "rj_install.ps1", script, sizeof script, 0, &failure), RJ_OK);
}

/* ---- PowerShell ------------------------------------------------------------------------------ */

/* The recorder writes its command line, and ends with the code that stands in <name>.rc. */
static void rj_install_ps1_is_preferred_and_run_as_documented(void **state)
{
    const char *place = getenv("RJ_TEST_POWERSHELL");
    craft_fixture *f = *state;
    plugin_answer answer;
    char wanted[1200], *log;

    if (!place)
        tap_skip("RJ_TEST_POWERSHELL does not name the file of a recorder");
    test_file_remove(place);
    json_object_set_new(f->request, "arguments", json_pack("[s, s]", "/Lang:de", "A & \"B\" 50%"));
    craft_write_archive(f, "hello.zip",
                        (craft_member[]){{"rj_install.ps1", "exit 3010\r\n", 0},
                                         {"rj_install.cmd", "@exit /b 9\r\n", 0},
                                         {NULL, NULL, 0}});
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    craft_assert_has(plugin_host_log(f->host), "rj_install.cmd is left out; remove one of them");
    log = test_file_read(place, NULL);
    assert_non_null(log);
    snprintf(wanted, sizeof wanted,
             " -NoProfile -NonInteractive -ExecutionPolicy Bypass -File \"%s\" /Lang:de \"A & "
             "\\\"B\\\" 50%%\"",
             craft_path(f, "host/state/work/hello/package/rj_install.ps1"));
    for (char *c = strstr(wanted, "-File"); *c && strncmp(c, "\" /Lang", 7) != 0; c++)
        if (*c == '/')
            *c = '\\';
    craft_assert_has(log, wanted);
    free(log);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, craft_setup, craft_teardown)
    const struct CMUnitTest tests[] = {
        T(an_install_runs_rj_install_cmd_with_its_arguments_in_its_folder),
        T(exit_code_3010_is_success_with_a_restart_wanted),
        T(exit_code_1641_is_success_with_a_restart_wanted),
        T(exit_codes_have_32_bits),
        T(what_cmd_would_take_for_its_own_in_an_argument_is_refused_before_anything_runs),
        T(what_cmd_would_take_for_its_own_in_a_variable_is_refused),
        T(a_percent_sign_in_the_scripts_path_is_refused),
        T(an_archive_without_a_script_of_windows_is_no_craft),
        T(names_that_windows_cannot_have_leave_nothing_behind),
        T(the_version_of_the_header_is_read_from_a_batch_comment),
        T(a_script_that_takes_too_long_is_ended_with_its_processes),
        T(an_interrupted_install_whose_detect_script_fails_is_not_certain),
        T(uninstall_runs_rj_uninstall_cmd_and_forgets),
        T(a_script_in_utf_16_is_refused),
        T(rj_install_ps1_is_preferred_and_run_as_documented),
    };

    craft_scratch = "craft t\xC3\xA4st & Co";
    return cmocka_run_group_tests(tests, NULL, NULL);
}
