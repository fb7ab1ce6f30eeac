/* SPDX-License-Identifier: MIT */
#include "engine/executor_bench_test.h"

#include "base/alloc.h"
#include "engine/request.h"
#include "platform/event_log.h"
#include "platform/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- The way of one action ------------------------------------------------------------------- */

static void an_install_fetches_changes_verifies_and_writes_its_record(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.done, 1);
    assert_int_equal(counts.failed + counts.held, 0);
    assert_string_equal(b.fake.trace, "fetch tool; install tool; detect tool; ");
    assert_string_equal(
        b.events, "started tool; fetching tool; installing tool; verifying tool; done tool; ");
    rj_store_record *record = bench_record();
    assert_non_null(record);
    assert_true(record->core.success);
    assert_string_equal(record->core.version, "1.0");
    assert_string_equal(record->correlation, CORRELATION);
    rj_free(record);
    assert_int_equal(bench_open_entries(), 0);
    assert_non_null(strstr(b.lines, "|" CORRELATION "|install tool 1.0: done, exit code 0"));
}

static void an_uninstall_removes_the_record(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    bench_run();
    b.items[0].verdict = RJ_VERDICT_UNINSTALL;
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.done, 1);
    assert_null(bench_record());
    assert_string_equal(fake_installed(&b.fake, "tool", RJ_UID_MACHINE), "");
}

static void a_package_that_cannot_remove_itself_is_gone_when_its_provider_says_so(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_UNINSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_UNINSTALL,
                                           .status = RJ_E_NOT_APPLICABLE,
                                           .message = "craft: no rj_uninstall.sh",
                                           .times = 2});
    fake_put(&b.fake, "tool", RJ_UID_MACHINE, "1.0");
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.failed, 1); /* still detected */
    fake_put(&b.fake, "tool", RJ_UID_MACHINE, NULL);
    counts = bench_run();
    assert_int_equal(counts.done, 1);
    assert_null(bench_record());
    assert_non_null(strstr(b.lines, "done: craft: no rj_uninstall.sh"));
}

static void a_restart_that_is_wanted_is_noted_and_the_run_goes_on(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .result = "{\"exit_code\": 194, \"restart\": true}",
                                           .do_it = true,
                                           .times = 1});
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.done, 1);
    rj_store_record *record = bench_record();
    assert_true(record->core.success);
    assert_true(record->core.restart_pending);
    assert_int_equal(record->core.exit_code, 194);
    rj_free(record);
    assert_non_null(strstr(b.lines, "restart wanted"));
}

static void a_failing_script_is_recorded_with_its_exit_code_and_counted(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_FAILED,
                                           .message = "craft: the script ended with 7",
                                           .result = "{\"exit_code\": 7, \"restart\": false}"});
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.failed, 1);
    assert_string_equal(counts.message, "craft: the script ended with 7");
    rj_store_record *record = bench_record();
    assert_false(record->core.success);
    assert_int_equal(record->core.exit_code, 7);
    assert_string_equal(record->message, "craft: the script ended with 7");
    rj_free(record);
    assert_int_equal(bench_attempts(), 1);
    bench_run();
    assert_int_equal(bench_attempts(), 2);
}

static void what_ended_an_action_is_told_as_a_word(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_FETCH,
                                           .status = RJ_E_CORRUPT,
                                           .message = "another hash",
                                           .times = 1});
    assert_int_equal(bench_run().failed, 1);
    assert_string_equal(b.last_error, "corrupt");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_FETCH,
                                           .status = RJ_E_NOT_STARTED,
                                           .message = "no session",
                                           .times = 1});
    assert_int_equal(bench_run().held, 1);
    assert_string_equal(b.last_error, "not-started");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_ABANDONED,
                                           .message = "no answer",
                                           .times = 1});
    assert_int_equal(bench_run().failed, 1);
    assert_string_equal(b.last_error, "abandoned");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_DETECT,
                                           .status = RJ_E_TIMEOUT,
                                           .message = "no answer yet",
                                           .times = 1});
    assert_int_equal(bench_run().failed, 1);
    assert_string_equal(b.last_error, "abandoned");
    assert_int_equal(bench_run().done, 1);
    assert_string_equal(b.last_error, "");
}

static void success_that_detection_denies_is_a_failure(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake,
                    (fake_script){.verb = RJ_PACKAGE_INSTALL, .result = "{\"restart\": false}"});
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.failed, 1);
    assert_non_null(strstr(counts.message, "it is not there"));
    assert_int_equal(bench_attempts(), 1);
    assert_int_equal(bench_open_entries(), 0);
}

static void an_older_version_than_wanted_is_a_failure(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_UPGRADE, "2.0");
    fake_put(&b.fake, "a", RJ_UID_MACHINE, "1.0");
    fake_script_add(&b.fake,
                    (fake_script){.verb = RJ_PACKAGE_INSTALL, .result = "{\"restart\": false}"});
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.failed, 1);
    assert_non_null(strstr(counts.message, "version 1.0 is there, 2.0 was wanted"));
}

/* ---- Others in the run ----------------------------------------------------------------------- */

static void what_needs_a_failed_package_is_held_and_the_rest_goes_on(void **state)
{
    (void)state;
    static const char *needs_a[] = {"A", NULL}, *needs_b[] = {"b", NULL};
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    rj_assignment *second = bench_add("b", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    second->depends_on = needs_a;
    second->depends_count = 1;
    rj_assignment *third = bench_add("c", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    third->depends_on = needs_b;
    third->depends_count = 1;
    bench_add("d", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.id = "a",
                                           .verb = RJ_PACKAGE_FETCH,
                                           .status = RJ_E_CORRUPT,
                                           .message = "hash differs"});
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.done, 1);
    assert_int_equal(counts.failed, 1);
    assert_int_equal(counts.held, 2);
    assert_non_null(strstr(b.events, "held b; held c; started d; "));
    assert_non_null(strstr(b.lines, "install b: held: it needs a"));
    assert_non_null(strstr(b.lines, "|" CORRELATION "|install c: held: it needs b"));
    assert_string_equal(fake_installed(&b.fake, "b", RJ_UID_MACHINE), "");
    assert_string_equal(fake_installed(&b.fake, "d", RJ_UID_MACHINE), "1.0");
}

static void a_dependency_is_not_removed_when_removing_what_needs_it_failed(void **state)
{
    (void)state;
    static const char *needs[] = {"base", NULL};
    fake_put(&b.fake, "top", RJ_UID_MACHINE, "1.0");
    fake_put(&b.fake, "base", RJ_UID_MACHINE, "1.0");
    rj_assignment *top = bench_add("top", RJ_UID_MACHINE, RJ_VERDICT_UNINSTALL, "1.0");
    top->depends_on = needs;
    top->depends_count = 1;
    bench_add("base", RJ_UID_MACHINE, RJ_VERDICT_UNINSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.id = "top",
                                           .verb = RJ_PACKAGE_UNINSTALL,
                                           .status = RJ_E_FAILED,
                                           .message = "in use"});
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.failed, 1);
    assert_int_equal(counts.held, 1);
    assert_non_null(strstr(b.lines, "uninstall base: held: top needs it and could not be removed"));
    assert_string_equal(fake_installed(&b.fake, "base", RJ_UID_MACHINE), "1.0");
}

/* ---- Not counted ----------------------------------------------------------------------------- */

static void a_session_that_went_away_puts_the_action_back_to_waiting(void **state)
{
    (void)state;
    bench_add("mine", 1000, RJ_VERDICT_INSTALL, "1.0");
    b.fake.session_absent = true;
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.held, 1);
    assert_int_equal(counts.failed, 0);
    assert_int_equal(bench_attempts(), 0);
    assert_int_equal(bench_open_entries(), 0);
    assert_null(bench_record());
    assert_int_equal(b.last_audience, 1000);
}

static void a_busy_provider_is_tried_again_without_counting(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_BUSY,
                                           .message = "the package database is locked",
                                           .times = 1});
    assert_int_equal(bench_run().failed, 1);
    assert_int_equal(bench_attempts(), 0);
    assert_int_equal(bench_run().done, 1);
}

static void cancelling_ends_a_fetch_and_begins_nothing_more(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    bench_add("b", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    bench_begin();
    rj_executor_cancel(b.executor, false);
    while (fake_turn(&b.fake)) {
    }
    assert_true(b.ended);
    rj_execution_counts counts = rj_executor_counts(b.executor);
    assert_true(counts.cancelled);
    assert_int_equal(counts.done + counts.failed, 0);
    rj_executor_free(b.executor);
    assert_string_equal(b.fake.trace, "fetch a; ");
    assert_int_equal(bench_attempts(), 0);
    assert_int_equal(bench_open_entries(), 0);
}

static void cancelling_lets_a_running_script_finish_unless_hard(void **state)
{
    (void)state;
    for (int hard = 0; hard <= 1; hard++) {
        b.plan.action_count = 0;
        b.fake.trace[0] = '\0';
        bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
        bench_add("b", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
        fake_put(&b.fake, "a", RJ_UID_MACHINE, NULL);
        bench_begin();
        assert_true(fake_turn(&b.fake)); /* fetch; install is out now */
        rj_executor_cancel(b.executor, hard);
        while (fake_turn(&b.fake)) {
        }
        assert_true(b.ended);
        assert_int_equal(rj_executor_counts(b.executor).done, !hard);
        rj_executor_free(b.executor);
        assert_string_equal(b.fake.trace,
                            hard ? "fetch a; install a; " : "fetch a; install a; detect a; ");
        assert_int_equal(bench_open_entries(), 0);
    }
}

static void a_script_killed_by_cancelling_counts_as_an_attempt(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_CANCELLED,
                                           .message = "stopped",
                                           .result = "{\"restart\": false, \"certain\": false}",
                                           .times = 1});
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_CANCELLED,
                                           .message = "stopped before it began",
                                           .times = 1});
    bench_run();
    assert_int_equal(bench_attempts(), 1);
    assert_int_equal(bench_open_entries(), 0);
    bench_run();
    assert_int_equal(bench_attempts(), 1);
}

/* ---- Unknown outcomes ------------------------------------------------------------------------ */

static void an_abandoned_install_is_detected_before_anything_else(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_ABANDONED,
                                           .message = "no answer",
                                           .do_it = true});
    rj_execution_counts counts = bench_run();
    assert_int_equal(counts.done, 1);
    assert_string_equal(b.fake.trace, "fetch a; install a; detect a; ");
}

static void an_outcome_that_stays_unknown_keeps_the_entry_open_for_recovery(void **state)
{
    (void)state;
    bench_add("a", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_ABANDONED,
                                           .message = "no answer",
                                           .do_it = true});
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_DETECT,
                                           .status = RJ_E_BUSY,
                                           .message = "wedged",
                                           .times = 2});
    assert_int_equal(bench_run().failed, 1);
    assert_int_equal(bench_open_entries(), 1);
    assert_int_equal(bench_attempts(), 0);
    bench_recover(); /* still wedged */
    assert_int_equal(bench_open_entries(), 1);
    bench_recover();
    assert_int_equal(bench_open_entries(), 0);
    rj_store_record *record = bench_record();
    assert_true(record->core.success);
    rj_free(record);
}

static void a_user_package_interrupted_waits_for_that_users_session(void **state)
{
    (void)state;
    bench_add("mine", 1000, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_ABANDONED,
                                           .message = "the session died",
                                           .do_it = true});
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_DETECT,
                                           .status = RJ_E_NOT_STARTED,
                                           .message = "not signed in",
                                           .times = 1});
    bench_run();
    assert_int_equal(bench_open_entries(), 1);
    b.fake.session_absent = true;
    unsigned asked = b.fake.asked[RJ_PACKAGE_RECOVER];
    bench_recover();
    assert_int_equal(b.fake.asked[RJ_PACKAGE_RECOVER], asked);
    assert_int_equal(bench_open_entries(), 1);
    b.fake.session_absent = false;
    bench_recover();
    assert_int_equal(bench_open_entries(), 0);
    rj_store_record *record = bench_record();
    assert_int_equal(record->core.uid, 1000);
    assert_true(record->core.success);
    rj_free(record);
}

/* ---- Requests and logs ----------------------------------------------------------------------- */

static void the_request_carries_the_environment_that_scripts_know(void **state)
{
    (void)state;
    rj_assignment *assignment = bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    char *words[] = {(char *)(uintptr_t) "/Name:A B", NULL};
    assignment->format = "nuget";
    assignment->package = "tool-feed";
    assignment->args = "\"/Name:A B\"";
    assignment->arguments = words;
    b.policy.assignments = b.assignments;
    b.policy.assignment_count = 1;
    rj_request_facts facts = {.policy = &b.policy,
                              .assignment = assignment,
                              .installed_version = "0.9",
                              .phase = "RunningDeployment",
                              .caller = 1000};
    json_t *request = NULL;
    assert_int_equal(rj_request_build(&facts, &request, NULL), RJ_OK);
    assert_int_equal(rj_request_place(request, b.paths, NULL), RJ_OK);
    static const char *const expected[][2] = {
        {"RJ_PackageID", "tool"},
        {"RJ_InstalledPackageID", "tool"},
        {"RJ_Version", "1.0"},
        {"RJ_InstalledVersion", "0.9"},
        {"RJ_ChocolateyPackage", "tool-feed"},
        {"RJ_DeploymentPhase", "RunningDeployment"},
        {"RJ_CallerIsPrimaryUser", "False"},
        {"RJ_RealmJoinVersion", RJ_VERSION},
    };
    const json_t *environment = json_object_get(request, "environment");
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *value = json_string_value(json_object_get(environment, expected[i][0]));
        assert_non_null(value);
        assert_string_equal(value, expected[i][1]);
    }
    static const char *const present[] = {"PATH", "RJ_UserSID", "RJ_Root"}; /* of this system */
    for (size_t i = 0; i < sizeof present / sizeof *present; i++)
        assert_non_null(json_object_get(environment, present[i]));
    assert_string_equal(json_string_value(json_array_get(json_object_get(request, "arguments"), 0)),
                        "/Name:A B");
    json_decref(request);
}

static void a_packages_log_is_named_by_time_id_and_version_and_ten_are_kept(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_REINSTALL, "1.0");
    char folder[512];
    snprintf(folder, sizeof folder, "%s/tool", rj_path(b.paths, RJ_PATH_PACKAGE_LOGS));
    assert_int_equal(rj_dir_make(folder, 0750, NULL), RJ_OK);
    for (int i = 0; i < 15; i++) {
        char path[640];
        snprintf(path, sizeof path, "%s/2020-01-%02d_old.log", folder, i + 1);
        assert_int_equal(rj_file_write(path, "", 0, 0600, NULL), RJ_OK);
    }
    bench_run();
    assert_int_equal(strncmp(b.last_log, folder, strlen(folder)), 0);
    assert_non_null(strstr(b.last_log, "_tool_1.0_install.log"));
    char **names = NULL;
    size_t count = 0;
    assert_int_equal(rj_dir_list(folder, 100, &names, &count, NULL), RJ_OK);
    assert_int_equal(count, RJ_REQUEST_LOGS - 1); /* the tenth is the one of this run */
    assert_string_equal(names[0], "2020-01-07_old.log");
    rj_free(names);
}

static void on_event(void *data, rj_event event, const char *about, const char *why)
{
    char *told = data;
    size_t length = strlen(told);
    snprintf(told + length, 400 - length, "%d %s: %s; ", (int)event, about, why);
}

static void only_a_failure_that_counts_is_an_event_for_the_administrator(void **state)
{
    (void)state;
    char told[400] = "";
    rj_event_log log = {.report = on_event, .data = told};
    rj_event_log_open(&log);
    bench_add("good", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    bench_add("waits", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    bench_add("bad", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(
        &b.fake,
        (fake_script){.verb = RJ_PACKAGE_INSTALL, .id = "waits", .status = RJ_E_NOT_STARTED});
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .id = "bad",
                                           .status = RJ_E_FAILED,
                                           .message = "exit code 7"});
    bench_run();
    rj_event_log_close();
    bench_run();
    assert_string_equal(told, "10 bad: exit code 7; ");
}

/* ---- What programs write --------------------------------------------------------------------- */

static void run_with_output(rj_uid caller, rj_uid owner, rj_uid audience)
{
    b.plan.action_count = 0;
    b.output[0] = '\0';
    b.output_audience = 4711;
    b.caller = caller;
    bench_add("tool", owner, RJ_VERDICT_REINSTALL, "1.0")->audience = audience;
    bench_run();
}

static void what_a_program_writes_goes_to_who_asked_and_to_root(void **state)
{
    enum { ALICE = 1000, BOB = 1001 };
    static const struct {
        rj_uid caller, owner, audience, goes_to;
    } cases[] = {
        {ALICE, RJ_UID_MACHINE, RJ_UID_MACHINE, ALICE},
        {ALICE, RJ_UID_MACHINE, ALICE, ALICE},
        {ALICE, ALICE, ALICE, ALICE},
        {ALICE, RJ_UID_MACHINE, BOB, 0}, /* bob's, on the way of a sync that alice asked for */
        {ALICE, BOB, BOB, 0},
        {RJ_UID_MACHINE, RJ_UID_MACHINE, RJ_UID_MACHINE, 0},
        {RJ_UID_MACHINE, BOB, BOB, BOB},
        {0, RJ_UID_MACHINE, RJ_UID_MACHINE, 0},
    };
    (void)state;
    assert_int_equal(rj_loop_new(&b.loop, NULL), RJ_OK);
    b.fake.writes = "Unpacking\nRegis\xfftering";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_with_output(cases[i].caller, cases[i].owner, cases[i].audience);
        assert_string_equal(b.output, "Unpacking\nRegis?tering\n");
        assert_int_equal(b.output_audience, cases[i].goes_to);
    }
    rj_loop_free(b.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(an_install_fetches_changes_verifies_and_writes_its_record),
        BENCH_TEST(an_uninstall_removes_the_record),
        BENCH_TEST(a_package_that_cannot_remove_itself_is_gone_when_its_provider_says_so),
        BENCH_TEST(a_restart_that_is_wanted_is_noted_and_the_run_goes_on),
        BENCH_TEST(a_failing_script_is_recorded_with_its_exit_code_and_counted),
        BENCH_TEST(what_ended_an_action_is_told_as_a_word),
        BENCH_TEST(success_that_detection_denies_is_a_failure),
        BENCH_TEST(an_older_version_than_wanted_is_a_failure),
        BENCH_TEST(what_needs_a_failed_package_is_held_and_the_rest_goes_on),
        BENCH_TEST(a_dependency_is_not_removed_when_removing_what_needs_it_failed),
        BENCH_TEST(a_session_that_went_away_puts_the_action_back_to_waiting),
        BENCH_TEST(a_busy_provider_is_tried_again_without_counting),
        BENCH_TEST(cancelling_ends_a_fetch_and_begins_nothing_more),
        BENCH_TEST(cancelling_lets_a_running_script_finish_unless_hard),
        BENCH_TEST(a_script_killed_by_cancelling_counts_as_an_attempt),
        BENCH_TEST(an_abandoned_install_is_detected_before_anything_else),
        BENCH_TEST(an_outcome_that_stays_unknown_keeps_the_entry_open_for_recovery),
        BENCH_TEST(a_user_package_interrupted_waits_for_that_users_session),
        BENCH_TEST(the_request_carries_the_environment_that_scripts_know),
        BENCH_TEST(a_packages_log_is_named_by_time_id_and_version_and_ten_are_kept),
        BENCH_TEST(only_a_failure_that_counts_is_an_event_for_the_administrator),
        BENCH_TEST(what_a_program_writes_goes_to_who_asked_and_to_root),
    };
    return cmocka_run_group_tests_name("executor", tests, NULL, NULL);
}
