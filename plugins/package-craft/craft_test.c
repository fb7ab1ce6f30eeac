/* SPDX-License-Identifier: MIT */
/* Installing, detecting and uninstalling crafts through the plugin's table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "craft_fixture_test.h"
#include "craft_scripts_test.h"
#include "craft_system.h"
#include "test_files.h"

/* ---- Install --------------------------------------------------------------------------------- */

static void a_script_gets_its_arguments_and_its_folder(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_set_environment(f, "OUT", craft_path(f, "out"));
    craft_write(f, craft_script_that.tells_arguments, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    assert_string_equal(craft_text(craft_path(f, "out")), "/Lang:de|/Name:A B|\npayload");
    assert_string_equal(craft_said(&answer, "exit_code"), "0");
    assert_string_equal(craft_said(&answer, "restart"), "false");
    assert_string_equal(craft_said(&answer, "version"), "1.0.0");
    assert_string_equal(craft_said(&answer, "files"), "2");
    assert_string_equal(craft_said(&answer, "output"), "done\n");
    assert_string_equal(craft_text(craft_path(f, "hello.log")), "done\n");
}

static void only_a_small_record_stays_of_a_craft_without_further_scripts(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    assert_int_equal(craft_count(craft_path(f, "host/state/crafts/hello")), 1);
    craft_assert_has(craft_text(craft_path(f, "host/state/crafts/hello/installed.json")),
                     "\"version\": \"1.0.0\"");
    assert_int_equal(craft_count(craft_path(f, "host/state/work")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/trash")), 0);
}

static void a_success_that_cannot_be_recorded_leaves_nothing_behind(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.blocks_record, NULL, NULL);
    answer = craft_install_now(f);
    assert_int_not_equal(answer.status, RJ_OK);
    craft_assert_has(answer.message, "its script ended well, but that could not be recorded");
    assert_int_equal(craft_count(craft_path(f, "host/state/work")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/trash")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/crafts")), 0);
}

static void an_id_that_changed_its_case_is_the_same_craft(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, craft_script_that.succeeds, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    json_object_set_new(f->request, "id", json_string("Hello"));
    answer = craft_ask(f, f->table->detect);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    assert_int_equal(craft_count(craft_path(f, "host/state/crafts")), 1);
    json_object_set_new(f->request, "id", json_string("HELLO"));
    answer = craft_ask(f, f->table->uninstall);
    craft_assert_ok(&answer);
    assert_int_equal(craft_count(craft_path(f, "host/state/crafts")), 0);
}

static void an_empty_folder_of_the_archive_is_there_for_the_script(void **state)
{
    craft_fixture *f = *state;
    const craft_member members[] = {{craft_install_name(), craft_script_that.wants_empty, 0755},
                                    {"data/empty/", "", 0755},
                                    {0}};
    plugin_answer answer;

    craft_write_archive(f, "hello.zip", members);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "files"), "1");
}

static void two_exit_codes_want_a_restart(void **state)
{
    craft_fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        plugin_answer answer;

        craft_write(f, craft_script_that.wants_restart[i], NULL, NULL);
        answer = craft_install_now(f);
        craft_assert_ok(&answer);
        assert_string_equal(craft_said(&answer, "restart"), "true");
        assert_string_equal(craft_said(&answer, "exit_code"), craft_script_that.restart_codes[i]);
    }
}

static void a_failing_script_is_reported_with_code_and_output(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.complains, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(
        &answer, RJ_E_FAILED,
        craft_words("craft hello: %s ended with exit code 7; last output: no licence",
                    craft_install_name()));
    assert_string_equal(craft_said(&answer, "exit_code"), "7");
    craft_assert_nothing_left(f);
}

static void a_failed_upgrade_keeps_the_former_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, craft_script_that.succeeds, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    json_object_set_new(f->request, "version", json_string("2.0.0"));
    craft_write(f, craft_script_that.fails, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_FAILED, "exit code 1; it printed nothing");
    answer = craft_ask(f, f->table->detect);
    assert_string_equal(craft_said(&answer, "version"), "1.0.0");
    assert_true(
        craft_there(craft_path(f, "host/state/crafts/hello/package/%s", craft_uninstall_name())));
    assert_int_equal(craft_count(craft_path(f, "host/state/work")), 0);
}

static void an_upgrade_takes_the_place_of_the_former_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, craft_script_that.succeeds, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    json_object_set_new(f->request, "version", json_string("2.0.0"));
    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    answer = craft_ask(f, f->table->detect);
    assert_string_equal(craft_said(&answer, "version"), "2.0.0");
    assert_int_equal(craft_count(craft_path(f, "host/state/crafts/hello")), 1);
    assert_int_equal(craft_count(craft_path(f, "host/state/old")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/trash")), 0);
}

static void a_daemon_left_behind_is_ended_and_logged(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.leaves_child, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    craft_assert_has(plugin_host_log(f->host),
                     craft_words("%s of craft hello ended and left 1 ", craft_install_name()));
}

static void cancelling_stops_the_script_and_leaves_no_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.waits, NULL, NULL);
    craft_fetch_now(f);
    answer = craft_ask_cancelled(f, f->table->install, 300);
    craft_assert_fails(&answer, RJ_E_CANCELLED,
                       craft_words("%s was stopped on request", craft_install_name()));
    assert_string_equal(craft_said(&answer, "certain"), "false");
    assert_int_equal(craft_count(craft_path(f, "host/state/crafts")), 0);
    assert_int_equal(craft_count(craft_path(f, "host/state/work")), 0);
    answer = craft_ask(f, f->table->detect); /* the next work on the lane empties the trash */
    assert_string_equal(craft_said(&answer, "installed"), "false");
    assert_int_equal(craft_count(craft_path(f, "host/state/trash")), 0);
}

static void an_install_without_fetch_is_refused(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer = craft_ask(f, f->table->install);

    craft_assert_fails(&answer, RJ_E_INVALID, "nothing was fetched");
}

static void an_emptied_cache_is_noticed_at_install(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    craft_fetch_now(f);
    test_file_remove(
        json_string_value(json_object_get(json_object_get(f->request, "fetched"), "path")));
    answer = craft_ask(f, f->table->install);
    craft_assert_fails(&answer, RJ_E_NOT_FOUND, ".zip");
    craft_assert_nothing_left(f);
}

static void a_cached_archive_that_was_changed_is_not_run(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;
    const char *path;
    char *bytes;
    size_t length;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    craft_fetch_now(f);
    path = json_string_value(json_object_get(json_object_get(f->request, "fetched"), "path"));
    bytes = test_file_read(path, &length);
    assert_non_null(bytes);
    bytes[length] = 'x'; /* in the place of the NUL */
    test_file_write(path, bytes, length + 1);
    free(bytes);
    answer = craft_ask(f, f->table->install);
    craft_assert_fails(&answer, RJ_E_NOT_FOUND, "was damaged and has been removed");
    assert_false(craft_there(path));
}

/* ---- Detect and uninstall -------------------------------------------------------------------- */

static void detect_without_a_record_says_not_installed(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer = craft_ask(f, f->table->detect);

    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "installed"), "false");
}

static void the_record_is_believed_where_there_is_no_detect_script(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    craft_fixture_reopen(f);
    answer = craft_ask(f, f->table->detect);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    assert_string_equal(craft_said(&answer, "version"), "1.0.0");
}

static void the_detect_script_decides_between_there_gone_and_unknown(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_set_environment(f, "CODE", "0");
    craft_write(f, craft_script_that.succeeds, NULL, craft_script_that.obeys);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    answer = craft_ask(f, f->table->detect);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    craft_set_environment(f, "CODE", "1");
    answer = craft_ask(f, f->table->detect);
    craft_assert_ok(&answer);
    assert_string_equal(craft_said(&answer, "installed"), "false");
    craft_set_environment(f, "CODE", "5");
    answer = craft_ask(f, f->table->detect);
    craft_assert_fails(&answer, RJ_E_FAILED, "not known whether it is installed");
}

static void a_damaged_record_is_neither_yes_nor_no(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    test_file_write(craft_path(f, "host/state/crafts/hello/installed.json"), "{\"version\": 1}",
                    14);
    answer = craft_ask(f, f->table->detect);
    craft_assert_fails(&answer, RJ_E_CORRUPT, "crafts/hello/installed.json");
}

static void uninstall_runs_the_script_with_its_payload_and_removes_the_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_set_environment(f, "OUT", craft_path(f, "out"));
    craft_write(f, craft_script_that.succeeds, craft_script_that.tells_payload, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    answer = craft_ask(f, f->table->uninstall);
    craft_assert_ok(&answer);
    assert_string_equal(craft_text(craft_path(f, "out")), "payload");
    assert_string_equal(craft_said(&answer, "restart"), "true");
    assert_string_equal(craft_said(&answer, "files"), "3");
    craft_assert_nothing_left(f);
    answer = craft_ask(f, f->table->uninstall);
    craft_assert_fails(&answer, RJ_E_NOT_FOUND, "no install of it is recorded");
}

static void a_failed_uninstall_keeps_the_record(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, craft_script_that.refuses, NULL);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    answer = craft_ask(f, f->table->uninstall);
    craft_assert_fails(
        &answer, RJ_E_FAILED,
        craft_words("%s ended with exit code 3; last output: in use", craft_uninstall_name()));
    answer = craft_ask(f, f->table->detect);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    assert_false(craft_there(craft_path(f, "host/state/crafts/hello/uninstalling")));
}

static void a_craft_that_cannot_be_uninstalled_is_forgotten_and_that_is_said(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.succeeds, NULL, craft_script_that.succeeds);
    answer = craft_install_now(f);
    craft_assert_ok(&answer);
    answer = craft_ask(f, f->table->uninstall);
    craft_assert_fails(&answer, RJ_E_NOT_APPLICABLE,
                       craft_words("craft hello has no %s", craft_uninstall_script.shown));
    answer = craft_ask(f, f->table->detect);
    assert_string_equal(craft_said(&answer, "installed"), "false");
    craft_assert_nothing_left(f);
}

/* ---- Instances ------------------------------------------------------------------------------- */

static void two_instances_in_one_process_do_not_see_each_other(void **state)
{
    craft_fixture *one = *state, *two = craft_fixture_open();
    plugin_answer answer;

    craft_write(one, craft_script_that.succeeds, NULL, NULL);
    answer = craft_install_now(one);
    craft_assert_ok(&answer);
    answer = craft_ask(two, two->table->detect);
    assert_string_equal(craft_said(&answer, "installed"), "false");
    answer = craft_ask(one, one->table->detect);
    assert_string_equal(craft_said(&answer, "installed"), "true");
    craft_fixture_close(two);
}

static void without_the_grant_to_start_programs_an_install_says_so(void **state)
{
    craft_fixture *f = craft_fixture_open_without_spawn();
    plugin_answer answer;

    (void)state;
    craft_write(f, craft_script_that.succeeds, NULL, NULL);
    answer = craft_install_now(f);
    craft_assert_fails(&answer, RJ_E_FAILED, "\"spawn\" is not granted by the policy");
    craft_assert_nothing_left(f);
    craft_fixture_close(f);
}

static void a_second_install_of_the_same_craft_has_to_wait(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.waits_shortly, NULL, NULL);
    craft_fetch_now(f);
    answer = craft_ask_meanwhile(f, f->table->install, f->table->install);
    craft_assert_fails(&answer, RJ_E_BUSY, "install has to wait until install has ended");
    answer = craft_ask(f, f->table->detect);
    assert_string_equal(craft_said(&answer, "installed"), "true");
}

static void a_fetch_does_not_wait_for_an_install(void **state)
{
    craft_fixture *f = *state;
    plugin_answer answer;

    craft_write(f, craft_script_that.waits_shortly, NULL, NULL);
    craft_fetch_now(f);
    answer = craft_ask_meanwhile(f, f->table->install, f->table->fetch);
    craft_assert_ok(&answer);
}

static void only_the_package_interface_is_offered(void **state)
{
    craft_fixture *f = *state;

    assert_null(plugin_host_table(f->host, "rj.package/2"));
    assert_null(plugin_host_table(f->host, "rj.package/1 "));
    assert_string_equal(f->table->formats(f->plugin)[0], "craft");
    assert_null(f->table->formats(f->plugin)[1]);
}

#define T(NAME) cmocka_unit_test_setup_teardown(NAME, craft_setup, craft_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_script_gets_its_arguments_and_its_folder),
        T(only_a_small_record_stays_of_a_craft_without_further_scripts),
        T(a_success_that_cannot_be_recorded_leaves_nothing_behind),
        T(an_id_that_changed_its_case_is_the_same_craft),
        T(an_empty_folder_of_the_archive_is_there_for_the_script),
        T(two_exit_codes_want_a_restart),
        T(a_failing_script_is_reported_with_code_and_output),
        T(a_failed_upgrade_keeps_the_former_record),
        T(an_upgrade_takes_the_place_of_the_former_record),
        T(a_daemon_left_behind_is_ended_and_logged),
        T(cancelling_stops_the_script_and_leaves_no_record),
        T(an_install_without_fetch_is_refused),
        T(an_emptied_cache_is_noticed_at_install),
        T(a_cached_archive_that_was_changed_is_not_run),
        T(detect_without_a_record_says_not_installed),
        T(the_record_is_believed_where_there_is_no_detect_script),
        T(the_detect_script_decides_between_there_gone_and_unknown),
        T(a_damaged_record_is_neither_yes_nor_no),
        T(uninstall_runs_the_script_with_its_payload_and_removes_the_record),
        T(a_failed_uninstall_keeps_the_record),
        T(a_craft_that_cannot_be_uninstalled_is_forgotten_and_that_is_said),
        T(two_instances_in_one_process_do_not_see_each_other),
        cmocka_unit_test(without_the_grant_to_start_programs_an_install_says_so),
        T(a_second_install_of_the_same_craft_has_to_wait),
        T(a_fetch_does_not_wait_for_an_install),
        T(only_the_package_interface_is_offered),
    };

    return cmocka_run_group_tests_name("package-craft", tests, NULL, NULL);
}
