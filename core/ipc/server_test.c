/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/log.h"
#include "ipc/server_fixture_test.h"
#include "platform/file.h"
#include "platform/stream.h"
#include "platform/system.h"
#include "test_stream.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- Tests: calls ---------------------------------------------------------------------------- */

static void every_method_reaches_its_part_of_the_agent(void **state)
{
    user alice;
    json_t *result;
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    assert_int_equal(call(&alice, "version", NULL, &result), RJ_OK);
    assert_int_equal(json_integer_value(json_object_get(result, "pid")), rj_system_pid());
    json_decref(result);
    assert_int_equal(call(&alice, "status", NULL, NULL), RJ_OK);
    assert_int_equal(agent.seen_uid, ALICE);
    assert_false(agent.seen_admin);
    assert_int_equal(call(&alice, "install", json_pack("{s:s}", "id", "a"), &result), RJ_OK);
    assert_string_equal(json_string_value(json_object_get(result, "correlation")),
                        "00000000000000c1");
    json_decref(result);
    assert_int_equal(agent.trigger.kind, RJ_TRIGGER_INSTALL);
    assert_int_equal(agent.trigger.uid, ALICE);
    assert_false(agent.trigger.admin);
    assert_int_equal(call(&alice, "install", json_pack("{s:s, s:b}", "id", "a", "retry", 1), NULL),
                     RJ_OK);
    assert_int_equal(agent.trigger.kind, RJ_TRIGGER_RETRY);
    assert_int_equal(call(&alice, "install", json_pack("{s:s, s:b}", "id", "a", "link", 1), NULL),
                     RJ_OK);
    assert_true(agent.trigger.from_link);
    assert_int_equal(call(&alice, "upgrade", NULL, NULL), RJ_OK);
    assert_int_equal(agent.trigger.kind, RJ_TRIGGER_UPGRADE);
    assert_string_equal(agent.id, "");
    assert_int_equal(call(&alice, "sync", NULL, NULL), RJ_OK);
    assert_int_equal(agent.trigger.kind, RJ_TRIGGER_SYNC);
    assert_int_equal(call(&alice, "cancel", json_pack("{s:s}", "correlation", "c1"), NULL), RJ_OK);
    assert_int_equal(agent.cancels, 1);
    assert_int_equal(call(&alice, "plugins", NULL, NULL), RJ_OK);
    assert_int_equal(call(&alice, "policy", NULL, NULL), RJ_OK);
    close_user(&alice);
}

static void a_refusal_of_the_agent_keeps_status_words_and_correlation(void **state)
{
    user alice;
    json_t *result = NULL;
    rj_error error = RJ_ERROR_NONE;
    char correlation[17];
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    assert_int_equal(rj_client_call(alice.client, "install", json_pack("{s:s}", "id", "not-mine"),
                                    3000, &result, correlation, &error),
                     RJ_E_DENIED);
    assert_string_equal(error.text, "not-mine is not assigned to you");
    assert_string_equal(correlation, "00000000000000c1");
    close_user(&alice);
}

static void wrong_parameters_are_refused_before_the_agent_sees_them(void **state)
{
    static const struct {
        const char *method, *params;
    } table[] = {{"install", "{}"},
                 {"install", "{\"id\":5}"},
                 {"install", "{\"id\":\"../x\"}"},
                 {"install", "{\"id\":\"\"}"},
                 {"install", "{\"id\":\"a b\"}"},
                 {"install", "{\"id\":\"a\",\"link\":1}"},
                 {"install", "{\"id\":\"a\",\"link\":true,\"retry\":true}"},
                 {"uninstall", "{}"},
                 {"upgrade", "{\"id\":[]}"},
                 {"upgrade", "{\"link\":true}"},
                 {"cancel", "{}"},
                 {"cancel", "{\"correlation\":\"00000000000000000000\"}"},
                 {"why", "{\"id\":null}"},
                 {"list", "{\"offset\":-1}"},
                 {"log", "{\"lines\":0}"},
                 {"log", "{\"lines\":\"9\"}"},
                 {"subscribe", "{}"},
                 {"subscribe", "{\"topics\":[\"everything\"]}"},
                 {"subscribe", "{\"topics\":[1]}"},
                 {"check", "{\"refresh\":\"yes\"}"},
                 {"check", "{\"id\":\"\"}"}};
    user alice;
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        json_t *params = json_loads(table[i].params, 0, NULL);
        if (call(&alice, table[i].method, params, NULL) != RJ_E_INVALID)
            fail_msg("%s %s was not refused", table[i].method, table[i].params);
    }
    assert_int_equal(agent.requests + agent.cancels + agent.checks, 0);
    assert_false(alice.lost);
    close_user(&alice);
}

static void an_unknown_method_is_an_error_and_the_connection_stays(void **state)
{
    user alice;
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    assert_int_equal(call(&alice, "reboot", NULL, NULL), RJ_E_INVALID);
    assert_int_equal(call(&alice, "version", NULL, NULL), RJ_OK);
    close_user(&alice);
}

static void without_an_agent_the_reason_is_the_answer_and_version_still_works(void **state)
{
    user alice;
    (void)state;
    start_server();
    rj_server_attach(server, NULL, NULL, RJ_E_IO, "the disk is read-only");
    open_user(&alice, ALICE);
    assert_int_equal(call(&alice, "status", NULL, NULL), RJ_E_IO);
    assert_string_equal(refusal, "the disk is read-only");
    assert_int_equal(call(&alice, "version", NULL, NULL), RJ_OK);
    close_user(&alice);
}

static void a_long_list_comes_in_pages_that_lead_through_all_of_it(void **state)
{
    user alice;
    json_int_t offset = 0, seen = 0;
    (void)state;
    agent.packages = 1000;
    start_server();
    open_user(&alice, ALICE);
    do {
        json_t *page;
        assert_int_equal(call(&alice, "list", json_pack("{s:I}", "offset", offset), &page), RJ_OK);
        const json_t *packages = json_object_get(page, "packages");
        assert_in_range(json_array_size(packages), 1, 256);
        for (size_t i = 0; i < json_array_size(packages); i++)
            assert_int_equal(json_integer_value(json_object_get(json_array_get(packages, i), "n")),
                             seen++);
        offset = json_integer_value(json_object_get(page, "next"));
        json_decref(page);
    } while (offset > 0);
    assert_int_equal(seen, 1000);
    close_user(&alice);
}

/* ---- Tests: who may -------------------------------------------------------------------------- */

static void a_user_cannot_stop_the_service_and_root_can(void **state)
{
    user alice, admin;
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    assert_int_equal(call(&alice, "service.stop", NULL, NULL), RJ_E_DENIED);
    assert_int_equal(stops, 0);
    open_user(&admin, 0);
    assert_int_equal(call(&admin, "service.stop", NULL, NULL), RJ_OK);
    assert_int_equal(stops, 1);
    close_user(&alice);
    close_user(&admin);
}

static void a_user_removes_own_packages_only(void **state)
{
    user alice;
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    agent.scope = "system";
    assert_int_equal(call(&alice, "uninstall", json_pack("{s:s}", "id", "a"), NULL), RJ_E_DENIED);
    assert_int_equal(agent.requests, 0);
    agent.scope = "user";
    assert_int_equal(call(&alice, "uninstall", json_pack("{s:s}", "id", "a"), NULL), RJ_OK);
    assert_int_equal(agent.requests, 1);
    close_user(&alice);
}

static void root_cannot_register_a_session(void **state)
{
    user admin;
    (void)state;
    start_server();
    open_user(&admin, 0);
    assert_int_equal(call(&admin, "session.register", NULL, NULL), RJ_E_DENIED);
    assert_int_equal(agent.came, 0);
    close_user(&admin);
}

static void what_is_no_session_cannot_answer_questions(void **state)
{
    user alice;
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    assert_int_equal(call(&alice, "session.answer",
                          json_pack("{s:i, s:s}", "question", 1, "status", "ok"), NULL),
                     RJ_E_DENIED);
    close_user(&alice);
}

static void only_root_rules_over_plugins(void **state)
{
    static const char *const methods[] = {"plugin.enable", "plugin.disable", "plugin.quarantine"};
    user alice, admin;
    json_t *result;
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    open_user(&admin, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(call(&alice, methods[i], json_pack("{s:s}", "id", "check-firewall"), NULL),
                         RJ_E_DENIED);
    assert_string_equal(agent.plugin, "");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            call(&admin, methods[i], json_pack("{s:s}", "id", "check-firewall"), &result), RJ_OK);
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(result, "plugin"), "id")),
            "check-firewall");
        json_decref(result);
    }
    call(&admin, "plugin.quarantine", json_pack("{s:s, s:b}", "id", "check-firewall", "clear", 1),
         NULL);
    assert_int_equal(agent.enabled, 1);
    assert_int_equal(agent.disabled, 1);
    assert_int_equal(agent.quarantined, 1);
    assert_int_equal(agent.cleared, 1);
    close_user(&alice);
    close_user(&admin);
}

static void
a_wrong_plugin_is_refused_in_the_runtimes_words_and_wrong_parameters_before_it(void **state)
{
    static const char *const wrong[] = {"{}", "{\"id\":5}", "{\"id\":\"\"}",
                                        "{\"id\":\"check-firewall\",\"clear\":1}"};
    user admin;
    (void)state;
    start_server();
    open_user(&admin, 0);
    assert_int_equal(call(&admin, "plugin.disable", json_pack("{s:s}", "id", "other"), NULL),
                     RJ_E_NOT_FOUND);
    assert_string_equal(refusal, "there is no plugin \"other\"");
    agent.plugin[0] = '\0';
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(call(&admin, "plugin.quarantine", json_loads(wrong[i], 0, NULL), NULL),
                         RJ_E_INVALID);
    assert_string_equal(agent.plugin, "");
    close_user(&admin);
}

static void each_order_about_a_plugin_is_one_line_that_says_who_gave_it(void **state)
{
    static const struct {
        const char *before, *behind; /* the name of root */
    } lines[] = {
        {"plugin.disable of check-firewall asked for by ", " (uid 0, pid 77): done"},
        {"plugin.disable of x\\ny asked for by ", " (uid 0, pid 77): there is no plugin"},
        {"plugin.quarantine (clear) of check-firewall asked for by ", " (uid 0, pid 77): done"},
        {NULL, "(uid 4242, pid 77) was refused \"plugin.enable check-firewall\""}};
    char root_name[64];
    char expected[300];
    rj_system_user_name(0, root_name, sizeof root_name);
    user alice, admin;
    json_t *result;
    (void)state;
    start_server();
    const char *folder = rj_path(paths, RJ_PATH_LOG);
    assert_int_equal(rj_dir_make(folder, 0750, NULL), RJ_OK);
    assert_int_equal(rj_log_open(folder, "realmjoin", NULL), RJ_OK);
    open_user(&alice, ALICE);
    open_user(&admin, 0);
    call(&admin, "plugin.disable", json_pack("{s:s}", "id", "check-firewall"), NULL);
    call(&admin, "plugin.disable", json_pack("{s:s}", "id", "x\ny"), NULL);
    call(&admin, "plugin.quarantine", json_pack("{s:s, s:b}", "id", "check-firewall", "clear", 1),
         NULL);
    call(&alice, "plugin.enable", json_pack("{s:s}", "id", "check-firewall"), NULL);
    assert_int_equal(call(&admin, "log", NULL, &result), RJ_OK);
    const json_t *logged = json_object_get(result, "lines");
    assert_int_equal(json_array_size(logged), 4);
    for (size_t i = 0; i < 4; i++) {
        const char *line = json_string_value(json_array_get(logged, i));
        snprintf(expected, sizeof expected, "%s%s%s", lines[i].before ? lines[i].before : "",
                 lines[i].before ? root_name : "", lines[i].behind);
        if (!strstr(line, expected))
            fail_msg("%s", line);
    }
    json_decref(result);
    rj_log_close();
    close_user(&alice);
    close_user(&admin);
}

/* ---- Tests: sessions ------------------------------------------------------------------------- */

static int answers;
static rj_status answered_status;

static void on_answered(void *data, const rj_answer *answer)
{
    (void)data;
    answers++;
    answered_status = answer->status;
}

static void a_session_learns_the_rules_and_a_question_travels_there_and_back(void **state)
{
    user alice;
    (void)state;
    answers = 0;
    start_server();
    open_user(&alice, ALICE);
    assert_int_equal(call(&alice, "session.register", json_pack("{s:s}", "version", "1"), NULL),
                     RJ_OK);
    assert_int_equal(agent.came, 1);
    assert_int_equal(call(&alice, "session.register", NULL, NULL), RJ_E_EXISTS);
    rj_user_performer users = rj_server_users(server);
    rj_question question = {.deadline_ms = 1000, .answered = on_answered};
    json_t *request = json_pack("{s:s}", "id", "a");
    users.package(users.data, ALICE, RJ_PACKAGE_INSTALL, request, &question);
    json_decref(request);
    turns(5);
    const json_t *rules = json_array_get(alice.notified, 0);
    assert_string_equal(json_string_value(json_object_get(rules, "method")), "session.plugins");
    assert_non_null(json_object_get(json_object_get(rules, "params"), "package-x"));
    const json_t *perform = json_array_get(alice.notified, 1);
    assert_string_equal(json_string_value(json_object_get(perform, "method")), "session.perform");
    json_t *number = json_object_get(json_object_get(perform, "params"), "question");
    assert_int_equal(call(&alice, "session.answer",
                          json_pack("{s:O, s:s}", "question", number, "status", "ok"), NULL),
                     RJ_OK);
    assert_int_equal(answers, 1);
    assert_int_equal(answered_status, RJ_OK);
    close_user(&alice);
    turns(5);
    assert_int_equal(agent.went, 1);
}

/* ---- Tests: events --------------------------------------------------------------------------- */

static void publish(const char *topic, rj_uid audience)
{
    json_t *document = json_pack("{s:s, s:s}", "correlation", "abc", "state", "started");
    rj_server_event(server, topic, audience, document);
    json_decref(document);
    turns(3);
}

static void events_reach_subscribers_they_concern_and_nobody_else(void **state)
{
    user alice, bob, admin;
    (void)state;
    start_server();
    open_user(&alice, ALICE);
    open_user(&bob, BOB);
    open_user(&admin, 0);
    call(&alice, "subscribe", json_pack("{s:[s,s]}", "topics", "run", "action"), NULL);
    call(&bob, "subscribe", json_pack("{s:[s]}", "topics", "run"), NULL);
    call(&admin, "subscribe", json_pack("{s:[s]}", "topics", "run"), NULL);
    publish("run", ALICE);
    publish("run", RJ_UID_MACHINE);
    publish("action", ALICE);
    publish("progress", ALICE);
    assert_int_equal(json_array_size(alice.notified), 3);
    assert_int_equal(json_array_size(bob.notified), 1);
    assert_int_equal(json_array_size(admin.notified), 2);
    call(&alice, "subscribe", json_pack("{s:[]}", "topics"), NULL);
    publish("run", ALICE);
    assert_int_equal(json_array_size(alice.notified), 3);
    close_user(&alice);
    close_user(&bob);
    close_user(&admin);
}

static void a_fresh_check_is_answered_when_the_checks_have_ended(void **state)
{
    int fd;
    char text[4096];
    (void)state;
    start_server();
    fd = open_raw();
    send_raw(fd, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"check\",\"params\":{\"id\":"
                 "\"firewall\",\"refresh\":true}}\n");
    turns(3);
    assert_int_equal(rj_stream_read(fd, text, sizeof text), RJ_STREAM_AGAIN); /* nothing yet */
    assert_int_equal(agent.checks, 1);
    json_t *document = json_pack("{s:s}", "state", "ended");
    rj_server_event(server, "check", RJ_UID_MACHINE, document);
    json_decref(document);
    assert_true(read_raw(fd, text, sizeof text) > 0);
    assert_non_null(strstr(text, "\"id\":9"));
    assert_non_null(strstr(text, "firewall"));
    assert_null(strstr(text, "antivirus"));
    test_stream_close(fd);
}

static void requests_that_stay_unanswered_are_bounded(void **state)
{
    user alice;
    (void)state;
    limits.requests = 3;
    start_server();
    open_user(&alice, ALICE);
    for (int i = 0; i < 3; i++)
        rj_client_post(alice.client, "check", json_pack("{s:b}", "refresh", 1), NULL);
    assert_int_equal(call(&alice, "version", NULL, NULL), RJ_E_BUSY);
    assert_int_equal(agent.checks, 3);
    close_user(&alice);
    turns(3); /* and their answers are forgotten with the connection */
    json_t *document = json_pack("{s:s}", "state", "ended");
    rj_server_event(server, "check", RJ_UID_MACHINE, document);
    json_decref(document);
}

/* ---- Tests: the log -------------------------------------------------------------------------- */

static void root_reads_the_whole_log_and_a_user_the_lines_of_own_runs(void **state)
{
    user alice, admin;
    json_t *result;
    (void)state;
    start_server();
    const char *folder = rj_path(paths, RJ_PATH_LOG);
    assert_int_equal(rj_dir_make(folder, 0750, NULL), RJ_OK);
    assert_int_equal(rj_log_open(folder, "realmjoin", NULL), RJ_OK);
    open_user(&alice, ALICE);
    open_user(&admin, 0);
    call(&alice, "install", json_pack("{s:s}", "id", "a"), NULL);
    rj_log(RJ_LOG_INFO, "engine", "00000000000000c1", "hers");
    rj_log(RJ_LOG_INFO, "engine", "00000000000000c9", "not hers");
    rj_log(RJ_LOG_INFO, "engine", NULL, "nobody's");
    assert_int_equal(call(&alice, "log", NULL, &result), RJ_OK);
    assert_int_equal(json_array_size(json_object_get(result, "lines")), 1);
    assert_non_null(
        strstr(json_string_value(json_array_get(json_object_get(result, "lines"), 0)), "|hers"));
    json_decref(result);
    assert_int_equal(call(&admin, "log", json_pack("{s:i}", "lines", 2), &result), RJ_OK);
    assert_int_equal(json_array_size(json_object_get(result, "lines")), 2);
    assert_non_null(
        strstr(json_string_value(json_array_get(json_object_get(result, "lines"), 1)), "nobody's"));
    json_decref(result);
    call(&alice, "subscribe", json_pack("{s:[s]}", "topics", "log"), NULL);
    rj_log(RJ_LOG_INFO, "engine", "00000000000000c1", "hers again");
    rj_log(RJ_LOG_INFO, "engine", NULL, "nobody's again");
    turns(5);
    assert_int_equal(json_array_size(alice.notified), 1);
    rj_log_close();
    close_user(&alice);
    close_user(&admin);
}

static void refused_calls_are_logged_but_cannot_flood_the_log(void **state)
{
    user alice;
    char *bytes = NULL, path[128];
    size_t length = 0, lines = 0;
    (void)state;
    start_server();
    const char *folder = rj_path(paths, RJ_PATH_LOG);
    assert_int_equal(rj_dir_make(folder, 0750, NULL), RJ_OK);
    assert_int_equal(rj_log_open(folder, "realmjoin", NULL), RJ_OK);
    open_user(&alice, ALICE);
    for (int i = 0; i < 500; i++) {
        call(&alice, "service.stop", NULL, NULL);
        call(&alice, "status", NULL, NULL);
    }
    rj_log_close();
    snprintf(path, sizeof path, "%s/realmjoin.log", folder);
    assert_int_equal(rj_file_read(path, 1u << 20, &bytes, &length, NULL), RJ_OK);
    assert_non_null(strstr(bytes, "uid 4242, pid 77) was refused \"service.stop\""));
    assert_null(strstr(bytes, "\"status\""));
    for (const char *at = bytes; (at = strchr(at, '\n')); at++)
        lines++;
    assert_in_range(lines, 1, 32);
    rj_free(bytes);
    close_user(&alice);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_method_reaches_its_part_of_the_agent),
        TEST(a_refusal_of_the_agent_keeps_status_words_and_correlation),
        TEST(wrong_parameters_are_refused_before_the_agent_sees_them),
        TEST(an_unknown_method_is_an_error_and_the_connection_stays),
        TEST(without_an_agent_the_reason_is_the_answer_and_version_still_works),
        TEST(a_long_list_comes_in_pages_that_lead_through_all_of_it),
        TEST(a_user_cannot_stop_the_service_and_root_can),
        TEST(a_user_removes_own_packages_only),
        TEST(root_cannot_register_a_session),
        TEST(only_root_rules_over_plugins),
        TEST(a_wrong_plugin_is_refused_in_the_runtimes_words_and_wrong_parameters_before_it),
        TEST(each_order_about_a_plugin_is_one_line_that_says_who_gave_it),
        TEST(what_is_no_session_cannot_answer_questions),
        TEST(a_session_learns_the_rules_and_a_question_travels_there_and_back),
        TEST(events_reach_subscribers_they_concern_and_nobody_else),
        TEST(a_fresh_check_is_answered_when_the_checks_have_ended),
        TEST(requests_that_stay_unanswered_are_bounded),
        TEST(root_reads_the_whole_log_and_a_user_the_lines_of_own_runs),
        TEST(refused_calls_are_logged_but_cannot_flood_the_log),
    };
    test_stream_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
