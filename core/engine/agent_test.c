/* SPDX-License-Identifier: MIT */
#include "engine/agent_bench_test.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MANDATORY "{'SoftwarePackages':[{'ID':'tool','Version':'1.0','Mandatory':true}]}"
#define AVAILABLE                                                                                  \
    "{'SoftwarePackages':[{'ID':'tool','Version':'1.0'},"                                          \
    "{'ID':'secret','Version':'1.0','Hidden':true}]}"

static bool has_line(const char *correlation, const char *text)
{
    char marked[1024];
    snprintf(marked, sizeof marked, "|%s|%s", correlation, text);
    return strstr(a.lines, marked) != NULL;
}

/* ---- Sync ------------------------------------------------------------------------------------ */

static void starting_asks_nothing_at_once_and_then_installs_what_is_mandatory(void **state)
{
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    assert_int_equal(a.fake.last_id, 0);
    assert_null(a.agent->policy);
    agent_settle();
    assert_string_equal(agent_outcome(), "done");
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "1.0");
    agent_assert_listed("tool", "state", "installed");
    agent_assert_listed("tool", "verdict", "nothing");
    agent_assert_listed("tool", "installed_version", "1.0");
    assert_true(a.agent->next_sync_wall_ms > a.agent->last_sync_wall_ms);
}

static void a_second_sync_finds_nothing_to_do(void **state)
{
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    agent_settle();
    assert_int_equal(agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL), RJ_OK);
    assert_string_equal(agent_outcome(), "nothing");
    assert_int_equal(a.fake.asked[RJ_PACKAGE_INSTALL], 1);
}

static void when_the_interval_has_passed_a_sync_starts_by_itself(void **state)
{
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    agent_settle();
    fake_put(&a.fake, "tool", RJ_UID_MACHINE, NULL);
    unsigned before = a.runs_ended;
    /* The shortest interval a policy may have is a minute. */
    ((rj_policy *)(uintptr_t)a.agent->policy)->sync_interval_ms = 20;
    rj_agent_arm_sync(a.agent);
    for (int i = 0; i < 500 && !a.agent->running && a.runs_ended == before; i++)
        rj_loop_turn(a.loop, 10);
    ((rj_policy *)(uintptr_t)a.agent->policy)->sync_interval_ms = 60000;
    agent_settle();
    assert_true(a.runs_ended > before);
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "1.0");
    assert_true(a.agent->next_sync_wall_ms > a.agent->last_sync_wall_ms);
}

static void what_was_removed_behind_its_back_comes_back(void **state)
{
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    agent_settle();
    fake_put(&a.fake, "tool", RJ_UID_MACHINE, NULL);
    assert_int_equal(agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL), RJ_OK);
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "1.0");
}

static void at_most_four_questions_about_what_is_there_are_out_at_once(void **state)
{
    (void)state;
    char text[4096] = "{'SoftwarePackages':[";
    for (int i = 0; i < 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s{'ID':'p%d'}", i ? "," : "",
                 i);
    snprintf(text + strlen(text), sizeof text - strlen(text), "]}");
    agent_write_policy("device.json", text);
    agent_begin();
    agent_settle();
    assert_int_equal(a.fake.asked[RJ_PACKAGE_DETECT], 20);
    assert_int_equal(a.fake.most_at_once, RJ_AGENT_QUESTIONS);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void an_available_package_is_installed_when_asked_for(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    agent_settle();
    assert_string_equal(agent_outcome(), "nothing");
    unsigned detections = a.fake.asked[RJ_PACKAGE_DETECT];
    char correlation[17];
    assert_int_equal(agent_ask(RJ_TRIGGER_INSTALL, "TOOL", ALICE, correlation), RJ_OK);
    assert_string_equal(agent_outcome(), "done");
    assert_string_equal(json_string_value(json_object_get(a.ended, "correlation")), correlation);
    assert_int_equal(a.fake.asked[RJ_PACKAGE_DETECT], detections + 2); /* before and after */
    assert_true(has_line(correlation, "install tool 1.0: done"));
    assert_int_equal(agent_ask(RJ_TRIGGER_INSTALL, "tool", ALICE, NULL), RJ_OK);
    assert_string_equal(agent_outcome(), "nothing");
    assert_non_null(strstr(agent_message(), "installed already"));
    assert_string_equal(json_string_value(json_object_get(a.ended, "reason_code")),
                        "already-installed");
}

static void an_unassigned_package_is_refused_at_once_in_one_line(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    agent_settle();
    unsigned runs = a.runs_ended;
    rj_trigger trigger = {
        .kind = RJ_TRIGGER_INSTALL, .id = "other", .uid = ALICE, .from_link = true};
    char correlation[17] = "";
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_agent_request(a.agent, &trigger, correlation, &error), RJ_E_NOT_FOUND);
    assert_non_null(strstr(error.text, "other is not assigned to"));
    assert_int_equal(strlen(correlation), 16);
    char marked[32];
    snprintf(marked, sizeof marked, "|%s|", correlation);
    const char *line = strstr(a.lines, marked);
    assert_non_null(line);
    assert_non_null(strstr(line, "through a link: refused: other is not assigned to"));
    assert_null(strstr(line + 1, marked));
    agent_settle();
    assert_int_equal(a.runs_ended, runs);
}

static void a_hidden_package_is_denied(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    agent_settle();
    char correlation[17];
    assert_int_equal(agent_ask(RJ_TRIGGER_INSTALL, "secret", ALICE, correlation), RJ_E_DENIED);
    assert_true(has_line(correlation, "install secret asked for by"));
    assert_null(agent_listed("secret", ALICE, false));
}

static void text_that_is_no_id_is_refused_and_logged_as_one_line(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    agent_settle();
    size_t before = strlen(a.lines);
    char correlation[17];
    assert_int_equal(agent_ask(RJ_TRIGGER_INSTALL, "../x\ny", ALICE, correlation), RJ_E_INVALID);
    const char *line = a.lines + before;
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void without_a_policy_a_request_says_so(void **state)
{
    (void)state;
    agent_begin();
    agent_settle();
    assert_string_equal(agent_outcome(), "nothing");
    assert_int_equal(agent_ask(RJ_TRIGGER_INSTALL, "tool", ALICE, NULL), RJ_E_NOT_FOUND);
    json_t *status = rj_agent_status(a.agent, ALICE, false);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(status, "policy"), "state")), "none");
    json_decref(status);
}

static void the_policy_folder_it_makes_is_closed_to_others(void **state)
{
    char *users = NULL;
    const char *policy = rj_path(a.paths, RJ_PATH_POLICY);
    (void)state;
    assert_int_equal(rj_dir_remove(policy, NULL), RJ_OK);
    agent_begin();
    agent_settle();
    assert_int_equal(rj_path_join(policy, "users", &users, NULL), RJ_OK);
    assert_true(test_exists(users));
    assert_false(test_others_may_read(policy));
    assert_false(test_others_may_read(users));
    rj_free(users);
}

static void a_request_before_the_first_run_is_judged_by_the_policy(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    rj_trigger trigger = {.kind = RJ_TRIGGER_INSTALL, .id = "other", .uid = ALICE};
    char correlation[17];
    assert_int_equal(rj_agent_request(a.agent, &trigger, correlation, NULL), RJ_E_NOT_FOUND);
    trigger.id = "tool";
    assert_int_equal(rj_agent_request(a.agent, &trigger, correlation, NULL), RJ_OK);
    agent_settle();
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "1.0");
}

static void an_uninstall_by_root_removes_and_the_record_goes(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    agent_settle();
    assert_int_equal(agent_ask(RJ_TRIGGER_INSTALL, "tool", 0, NULL), RJ_OK);
    assert_int_equal(agent_ask(RJ_TRIGGER_UNINSTALL, "tool", ALICE, NULL), RJ_E_DENIED);
    assert_int_equal(agent_ask(RJ_TRIGGER_UNINSTALL, "tool", 0, NULL), RJ_OK);
    assert_string_equal(agent_outcome(), "done");
    agent_assert_listed("tool", "state", "not-installed");
}

/* ---- Queue and cancelling -------------------------------------------------------------------- */

static void equal_requests_are_merged_while_they_wait(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    rj_trigger sync = {.kind = RJ_TRIGGER_SYNC, .uid = ALICE};
    rj_trigger install = {.kind = RJ_TRIGGER_INSTALL, .id = "tool", .uid = ALICE};
    char first[17], second[17], other[17];
    assert_int_equal(rj_agent_request(a.agent, &install, first, NULL), RJ_OK);
    assert_int_equal(rj_agent_request(a.agent, &install, second, NULL), RJ_OK);
    assert_string_equal(first, second);
    install.uid = ALICE + 1;
    assert_int_equal(rj_agent_request(a.agent, &install, other, NULL), RJ_OK);
    assert_string_not_equal(first, other);
    assert_int_equal(rj_agent_request(a.agent, &sync, other, NULL), RJ_OK); /* with the start's */
    agent_settle();
    assert_int_equal(a.runs_ended, 3);
}

static void a_queued_run_is_cancelled_by_who_asked_for_it_only(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    rj_trigger install = {.kind = RJ_TRIGGER_INSTALL, .id = "tool", .uid = ALICE};
    char correlation[17];
    assert_int_equal(rj_agent_request(a.agent, &install, correlation, NULL), RJ_OK);
    assert_int_equal(rj_agent_cancel(a.agent, correlation, ALICE + 1, false, NULL), RJ_E_DENIED);
    assert_int_equal(rj_agent_cancel(a.agent, correlation, ALICE, false, NULL), RJ_OK);
    assert_string_equal(agent_outcome(), "cancelled");
    assert_int_equal(rj_agent_cancel(a.agent, correlation, ALICE, false, NULL), RJ_E_NOT_FOUND);
    agent_settle();
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "");
}

static void a_running_fetch_is_cancelled_and_a_running_script_is_not(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    agent_settle();
    rj_trigger install = {.kind = RJ_TRIGGER_INSTALL, .id = "tool", .uid = ALICE};
    char correlation[17];
    assert_int_equal(rj_agent_request(a.agent, &install, correlation, NULL), RJ_OK);
    agent_run_until(RJ_PACKAGE_FETCH);
    assert_int_equal(rj_agent_cancel(a.agent, correlation, ALICE, false, NULL), RJ_OK);
    agent_settle();
    assert_string_equal(agent_outcome(), "cancelled");
    assert_int_equal(rj_agent_request(a.agent, &install, correlation, NULL), RJ_OK);
    agent_run_until(RJ_PACKAGE_INSTALL);
    json_t *status = rj_agent_status(a.agent, ALICE, false);
    json_t *run = json_object_get(status, "run");
    assert_string_equal(json_string_value(json_object_get(run, "step")), "installing");
    assert_string_equal(json_string_value(json_object_get(run, "package")), "tool");
    json_decref(status);
    assert_int_equal(rj_agent_cancel(a.agent, correlation, ALICE, false, NULL), RJ_OK);
    agent_settle();
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "1.0");
}

static void stopping_in_mid_install_ends_and_the_next_start_settles_it(void **state)
{
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    agent_run_until(RJ_PACKAGE_INSTALL);
    agent_end();
    assert_string_equal(agent_outcome(), "cancelled");
    agent_make();
    agent_begin();
    agent_settle();
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "1.0");
    assert_string_equal(agent_outcome(), "done");
}

/* ---- Policy ---------------------------------------------------------------------------------- */

static void a_faulty_policy_keeps_the_last_good_one_and_shows_its_error(void **state)
{
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    agent_settle();
    agent_write_policy("device.json", "{'SoftwarePackages': 7}");
    assert_int_equal(agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL), RJ_OK);
    json_t *status = rj_agent_status(a.agent, 0, true);
    json_t *policy = json_object_get(status, "policy");
    assert_string_equal(json_string_value(json_object_get(policy, "state")), "error");
    assert_non_null(
        strstr(json_string_value(json_object_get(policy, "message")), "/SoftwarePackages"));
    assert_non_null(json_object_get(policy, "revision"));
    json_decref(status);
    assert_string_equal(a.policy_event, "error");
    agent_assert_listed("tool", "state", "installed");
    assert_non_null(strstr(a.lines, "the last good policy stays in force"));

    agent_write_policy("device.json", MANDATORY);
    assert_int_equal(agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL), RJ_OK);
    assert_string_equal(a.policy_event, "ok");
}

static void a_document_of_nobody_is_told_once_though_nothing_else_has_changed(void **state)
{
    static const char told[] = "users/no-such-user-here.json is left out";
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    agent_settle();
    agent_write_policy("users/no-such-user-here.json", AVAILABLE);
    for (int i = 0; i < 2; i++)
        assert_int_equal(agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL), RJ_OK);
    const char *first = strstr(a.lines, told);
    assert_non_null(first);
    assert_null(strstr(first + 1, told));
}

static void a_changed_policy_folder_starts_a_sync_by_itself(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    agent_settle();
    unsigned runs = a.runs_ended;
    agent_write_policy("device.json", MANDATORY);
    for (int i = 0; i < 3000 && a.runs_ended == runs; i++)
        if (!fake_turn(&a.fake))
            rj_loop_turn(a.loop, 1);
    assert_int_equal(a.runs_ended, runs + 1);
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "1.0");
}

/* ---- Attempts -------------------------------------------------------------------------------- */

static void
after_two_failures_it_gives_up_until_there_is_new_evidence_or_a_person_asks(void **state)
{
    (void)state;
    char text[512], feed[128];
    snprintf(feed, sizeof feed, "%s/feed", a.folder);
    assert_int_equal(rj_dir_make(feed, 0755, NULL), RJ_OK);
    snprintf(text, sizeof text,
             "{'Chocolatey.Sources':[{'Source':'%s'}],"
             "'SoftwarePackages':[{'ID':'tool','Version':'1.0','Mandatory':true}]}",
             feed);
    agent_write_policy("device.json", text);
    fake_script_add(&a.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_FAILED,
                                           .message = "exit code 7",
                                           .result = "{\"exit_code\": 7}"});
    agent_begin();
    agent_settle();
    assert_string_equal(agent_outcome(), "failed");
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL);
    assert_int_equal(a.fake.asked[RJ_PACKAGE_INSTALL], 2);
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL);
    assert_int_equal(a.fake.asked[RJ_PACKAGE_INSTALL], 2);
    assert_string_equal(agent_outcome(), "nothing");
    assert_int_equal(json_integer_value(json_object_get(a.ended, "held")), 1);
    agent_assert_listed("tool", "verdict", "held");

    snprintf(text, sizeof text, "%s/tool.1.0.nupkg", feed);
    assert_int_equal(rj_file_write(text, "x", 1, 0644, NULL), RJ_OK);
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL);
    assert_int_equal(a.fake.asked[RJ_PACKAGE_INSTALL], 3);
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL);
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL);
    assert_int_equal(a.fake.asked[RJ_PACKAGE_INSTALL], 4);
    agent_ask(RJ_TRIGGER_RETRY, "tool", ALICE, NULL);
    assert_int_equal(a.fake.asked[RJ_PACKAGE_INSTALL], 5);
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL); /* the retry forgot the others: one more */
    assert_int_equal(a.fake.asked[RJ_PACKAGE_INSTALL], 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGENT_TEST(starting_asks_nothing_at_once_and_then_installs_what_is_mandatory),
        AGENT_TEST(a_second_sync_finds_nothing_to_do),
        AGENT_TEST(when_the_interval_has_passed_a_sync_starts_by_itself),
        AGENT_TEST(what_was_removed_behind_its_back_comes_back),
        AGENT_TEST(at_most_four_questions_about_what_is_there_are_out_at_once),
        AGENT_TEST(an_available_package_is_installed_when_asked_for),
        AGENT_TEST(an_unassigned_package_is_refused_at_once_in_one_line),
        AGENT_TEST(a_hidden_package_is_denied),
        AGENT_TEST(text_that_is_no_id_is_refused_and_logged_as_one_line),
        AGENT_TEST(without_a_policy_a_request_says_so),
        AGENT_TEST(the_policy_folder_it_makes_is_closed_to_others),
        AGENT_TEST(a_request_before_the_first_run_is_judged_by_the_policy),
        AGENT_TEST(an_uninstall_by_root_removes_and_the_record_goes),
        AGENT_TEST(equal_requests_are_merged_while_they_wait),
        AGENT_TEST(a_queued_run_is_cancelled_by_who_asked_for_it_only),
        AGENT_TEST(a_running_fetch_is_cancelled_and_a_running_script_is_not),
        AGENT_TEST(stopping_in_mid_install_ends_and_the_next_start_settles_it),
        AGENT_TEST(a_document_of_nobody_is_told_once_though_nothing_else_has_changed),
        AGENT_TEST(a_faulty_policy_keeps_the_last_good_one_and_shows_its_error),
        AGENT_TEST(a_changed_policy_folder_starts_a_sync_by_itself),
        AGENT_TEST(after_two_failures_it_gives_up_until_there_is_new_evidence_or_a_person_asks),
    };
    return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
