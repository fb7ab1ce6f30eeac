/* SPDX-License-Identifier: MIT */
/* What is shown to whom; checks and their gate; packages of users. */
#include "engine/agent_bench_test.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FIREWALL "'Policies':{'RequireSecurityFeatures':{'FirewallEnabled':true}},"
#define GATED                                                                                      \
    "{" FIREWALL "'SoftwarePackages':["                                                            \
    "{'ID':'tool','Version':'1.0','Mandatory':true},{'ID':'extra','Version':'1.0'}]}"
#define OF_USERS                                                                                   \
    "{'SoftwarePackages':[{'ID':'mine','Version':'1.0','Scope':'user','Mandatory':true}]}"

/* ---- Checks ---------------------------------------------------------------------------------- */

static const json_t *find_check(const json_t *checks, const char *id)
{
    for (size_t i = 0; i < json_array_size(checks); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(checks, i), "id")), id) == 0)
            return json_array_get(checks, i);
    fail_msg("%s is not shown", id);
    return NULL;
}

static void assert_check(const char *id, const char *key, const char *expected)
{
    json_t *view = rj_agent_checks(a.agent);
    const json_t *check = find_check(json_object_get(view, "checks"), id);
    assert_string_equal(json_string_value(json_object_get(check, key)), expected);
    json_decref(view);
}

static bool gate_is_open(void)
{
    json_t *status = rj_agent_status(a.agent, 0, true);
    json_t *gate = json_object_get(status, "gate");
    bool open = json_is_true(json_object_get(gate, "open"));
    assert_true(open || json_is_string(json_object_get(gate, "reason")));
    json_decref(status);
    return open;
}

static void an_enforced_check_that_is_not_met_holds_mandatory_software_only(void **state)
{
    (void)state;
    a.check_state = "not-met";
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    assert_string_equal(agent_outcome(), "nothing");
    agent_assert_listed("tool", "verdict", "held");
    assert_check("firewall", "state", "not-met");
    assert_check("firewall", "enforcement", "enforced");
    assert_false(gate_is_open());
    assert_non_null(strstr(a.lines, "tool: held: waits until the enforced check \"firewall\""));
    agent_ask(RJ_TRIGGER_INSTALL, "extra", ALICE, NULL);
    assert_string_equal(agent_outcome(), "done");

    a.check_state = "ok";
    assert_int_equal(rj_agent_check(a.agent, "firewall", NULL), RJ_OK);
    agent_settle();
    assert_true(gate_is_open());
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL);
    assert_string_equal(fake_installed(&a.fake, "tool", RJ_UID_MACHINE), "1.0");
}

static void a_check_without_plugin_is_unknown_with_its_reason(void **state)
{
    (void)state;
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    assert_check("firewall", "state", "ok");
    assert_check("antivirus", "state", "unknown");
    assert_check("antivirus", "summary", "no plugin offers this check");
}

static void a_check_that_fails_or_talks_nonsense_is_unknown(void **state)
{
    (void)state;
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    a.check_state = "fine";
    assert_int_equal(rj_agent_check(a.agent, NULL, NULL), RJ_OK);
    agent_settle();
    assert_check("firewall", "state", "unknown");
    a.check_status = RJ_E_TIMEOUT;
    assert_int_equal(rj_agent_check(a.agent, NULL, NULL), RJ_OK);
    agent_settle();
    assert_check("firewall", "state", "unknown");
}

static void checks_are_not_evaluated_again_before_their_time_unless_asked_for(void **state)
{
    (void)state;
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    assert_int_equal(a.checks_evaluated, 1);
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL);
    assert_int_equal(a.checks_evaluated, 1);
    unsigned ended = a.checks_ended;
    assert_int_equal(rj_agent_check(a.agent, "firewall", NULL), RJ_OK);
    assert_int_equal(rj_agent_check(a.agent, "firewall", NULL), RJ_OK); /* joins */
    agent_settle();
    assert_true(a.checks_evaluated >= 2);
    assert_int_equal(a.checks_ended, ended + 1);
    assert_int_equal(rj_agent_check(a.agent, "no-such", NULL), RJ_E_NOT_FOUND);
}

static void the_list_of_checks_has_evidence_and_the_status_has_not(void **state)
{
    (void)state;
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    json_t *checks = rj_agent_checks(a.agent), *status = rj_agent_status(a.agent, ALICE, false);
    assert_non_null(
        json_object_get(find_check(json_object_get(checks, "checks"), "firewall"), "evidence"));
    assert_null(
        json_object_get(find_check(json_object_get(status, "checks"), "firewall"), "evidence"));
    json_decref(checks);
    json_decref(status);
}

static void when_plugins_came_or_went_even_a_refresh_that_is_on_is_followed_by_another(void **state)
{
    (void)state;
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    unsigned before = a.checks_evaluated, ended = a.checks_ended;
    assert_int_equal(rj_agent_check(a.agent, NULL, NULL), RJ_OK);
    assert_int_equal(rj_agent_check(a.agent, NULL, NULL), RJ_OK); /* joins */
    agent_settle();
    assert_int_equal(a.checks_evaluated, before + 1);
    assert_int_equal(rj_agent_check(a.agent, NULL, NULL), RJ_OK);
    rj_agent_plugins_changed(a.agent); /* what that one finds is out of date */
    agent_settle();
    assert_int_equal(a.checks_evaluated, before + 3);
    assert_int_equal(a.checks_ended, ended + 2);
    a.check_offered = false;
    rj_agent_plugins_changed(a.agent);
    agent_settle();
    assert_check("firewall", "state", "unknown");
}

static bool is_shown(const char *id)
{
    json_t *view = rj_agent_checks(a.agent);
    const json_t *checks = json_object_get(view, "checks");
    bool found = false;
    for (size_t i = 0; i < json_array_size(checks); i++)
        found |=
            strcmp(json_string_value(json_object_get(json_array_get(checks, i), "id")), id) == 0;
    json_decref(view);
    return found;
}

static void a_check_that_neither_a_plugin_offers_nor_the_policy_names_is_gone(void **state)
{
    (void)state;
    agent_begin();
    agent_settle();
    rj_agent_plugins_changed(a.agent);
    agent_settle();
    assert_true(is_shown("firewall"));
    a.check_offered = false;
    rj_agent_plugins_changed(a.agent);
    agent_settle();
    assert_false(is_shown("firewall"));
    assert_int_equal(rj_agent_check(a.agent, "firewall", NULL), RJ_E_NOT_FOUND);
    a.check_offered = true;
    rj_agent_plugins_changed(a.agent);
    agent_settle();
    assert_check("firewall", "state", "ok");
}

/* ---- Users ----------------------------------------------------------------------------------- */

static void a_users_package_waits_for_the_session_and_is_then_installed_for_that_user(void **state)
{
    (void)state;
    agent_write_policy("device.json", OF_USERS);
    agent_begin();
    agent_settle();
    assert_int_equal(a.fake.last_id, 0);
    json_t *package = agent_listed("mine", ALICE, false);
    assert_string_equal(json_string_value(json_object_get(package, "verdict")), "held");
    assert_string_equal(json_string_value(json_object_get(package, "state")), "unknown");
    json_decref(package);

    a.sessions[a.session_count++] = ALICE;
    rj_agent_session_changed(a.agent, ALICE, true);
    agent_settle();
    assert_string_equal(fake_installed(&a.fake, "mine", ALICE), "1.0");
    assert_string_equal(fake_installed(&a.fake, "mine", RJ_UID_MACHINE), "");
    package = agent_listed("mine", ALICE, false);
    assert_string_equal(json_string_value(json_object_get(package, "state")), "installed");
    json_decref(package);

    unsigned runs = a.runs_ended;
    rj_agent_session_changed(a.agent, ALICE, true); /* nothing to do for it */
    agent_settle();
    assert_int_equal(a.runs_ended, runs);
}

static void a_session_that_ends_in_mid_install_leaves_the_package_waiting(void **state)
{
    (void)state;
    agent_write_policy("device.json", OF_USERS);
    a.sessions[a.session_count++] = ALICE;
    agent_begin();
    agent_run_until(RJ_PACKAGE_INSTALL);
    a.fake.session_absent = true;
    a.session_count = 0;
    rj_agent_session_changed(a.agent, ALICE, false);
    agent_settle();
    assert_string_equal(agent_outcome(), "nothing");
    assert_int_equal(json_integer_value(json_object_get(a.ended, "held")), 1);
    rj_attempts *attempts = NULL;
    size_t count = 1;
    assert_int_equal(rj_store_attempts(a.store, &attempts, &count, NULL), RJ_OK);
    assert_int_equal(count, 0);
    rj_free(attempts);

    a.fake.session_absent = false;
    a.sessions[a.session_count++] = ALICE;
    rj_agent_session_changed(a.agent, ALICE, true);
    agent_settle();
    assert_string_equal(fake_installed(&a.fake, "mine", ALICE), "1.0");
}

static void a_session_that_ends_while_it_is_asked_makes_nothing_unknown(void **state)
{
    (void)state;
    agent_write_policy("device.json", OF_USERS);
    a.sessions[a.session_count++] = ALICE;
    agent_begin();
    agent_settle();
    assert_string_equal(fake_installed(&a.fake, "mine", ALICE), "1.0");
    rj_trigger sync = {.kind = RJ_TRIGGER_SYNC, .uid = ALICE};
    char correlation[17];
    assert_int_equal(rj_agent_request(a.agent, &sync, correlation, NULL), RJ_OK);
    agent_run_until(RJ_PACKAGE_DETECT);
    a.fake.session_absent = true;
    a.session_count = 0;
    rj_agent_session_changed(a.agent, ALICE, false);
    agent_settle();
    json_t *package = agent_listed("mine", ALICE, false);
    assert_string_equal(json_string_value(json_object_get(package, "state")), "installed");
    json_decref(package);
}

static void make_users_folder(void)
{
    char users[512];
    snprintf(users, sizeof users, "%s/users", rj_path(a.paths, RJ_PATH_POLICY));
    assert_int_equal(rj_dir_make(users, 0755, NULL), RJ_OK);
}

static void nobody_sees_what_is_assigned_to_another_user(void **state)
{
    (void)state;
    rj_uid owner = 0;
    char document[128];
    assert_int_equal(rj_system_user_id(test_other_account(), &owner, NULL), RJ_OK);
    rj_uid other = owner + 1;
    make_users_folder();
    snprintf(document, sizeof document, "users/%s.json", test_other_account());
    agent_write_policy("device.json", "{'SoftwarePackages':[{'ID':'all','Version':'1.0'}]}");
    agent_write_policy(document,
                       "{'SoftwarePackages':[{'ID':'own','Version':'1.0','Mandatory':true}]}");
    agent_begin();
    agent_settle();
    json_t *own = agent_listed("own", owner, false), *others = agent_listed("own", other, false);
    assert_non_null(own);
    assert_null(others);
    json_decref(own);
    assert_null(rj_agent_why(a.agent, "own", other, false));
    assert_int_equal(agent_ask(RJ_TRIGGER_INSTALL, "own", other, NULL), RJ_E_NOT_FOUND);

    json_t *policy = rj_agent_policy(a.agent, other, false);
    assert_int_equal(json_array_size(json_object_get(policy, "packages")), 1);
    assert_int_equal(json_array_size(json_object_get(policy, "documents")), 1);
    json_decref(policy);
    policy = rj_agent_policy(a.agent, 0, true);
    assert_int_equal(json_array_size(json_object_get(policy, "packages")), 2);
    assert_int_equal(json_array_size(json_object_get(policy, "documents")), 2);
    json_decref(policy);
}

/* ---- Why and status -------------------------------------------------------------------------- */

static void why_gives_the_chain_of_reasons_and_what_happened_before(void **state)
{
    (void)state;
    agent_write_policy("device.json", GATED);
    fake_script_add(&a.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_FAILED,
                                           .message = "craft: exit code 7",
                                           .result = "{\"exit_code\": 7}",
                                           .times = 1});
    agent_begin();
    agent_settle();
    assert_string_equal(agent_outcome(), "failed");
    assert_string_equal(agent_message(), "craft: exit code 7");
    agent_ask(RJ_TRIGGER_SYNC, NULL, 0, NULL);

    json_t *why = rj_agent_why(a.agent, "TOOL", ALICE, false);
    assert_string_equal(json_string_value(json_object_get(why, "verdict")), "nothing");
    assert_true(json_array_size(json_object_get(why, "reasons")) >= 2);
    const json_t *history = json_object_get(why, "history");
    assert_int_equal(json_array_size(history), 2);
    const json_t *newest = json_array_get(history, 0), *oldest = json_array_get(history, 1);
    assert_true(json_is_true(json_object_get(newest, "success")));
    assert_true(json_is_false(json_object_get(oldest, "success")));
    assert_int_equal(json_integer_value(json_object_get(oldest, "exit_code")), 7);
    assert_string_equal(json_string_value(json_object_get(oldest, "message")),
                        "craft: exit code 7");
    json_t *last = json_object_get(json_object_get(why, "package"), "last");
    assert_true(json_is_true(json_object_get(last, "success")));
    json_decref(why);
    assert_null(rj_agent_why(a.agent, "no-such", ALICE, true));
}

static void the_status_counts_packages_and_names_what_the_document_promises(void **state)
{
    (void)state;
    static const char *const members[] = {"version",  "device",    "user",      "policy",
                                          "checks",   "gate",      "packages",  "run",
                                          "queued",   "next_sync", "last_sync", "restart_pending",
                                          "sessions", "plugins",   "store"};
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    json_t *status = rj_agent_status(a.agent, ALICE, false);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        assert_non_null(json_object_get(status, members[i]));
    const json_t *packages = json_object_get(status, "packages");
    assert_int_equal(json_integer_value(json_object_get(packages, "installed")), 1);
    assert_int_equal(json_integer_value(json_object_get(packages, "wanted")), 0);
    assert_true(json_is_null(json_object_get(status, "run")));
    json_decref(status);
}

static void the_planned_event_lists_the_actions_with_their_reasons(void **state)
{
    (void)state;
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    const json_t *actions = json_object_get(a.planned, "actions");
    assert_int_equal(json_array_size(actions), 1);
    const json_t *action = json_array_get(actions, 0);
    assert_string_equal(json_string_value(json_object_get(action, "id")), "tool");
    assert_string_equal(json_string_value(json_object_get(action, "verdict")), "install");
    assert_non_null(strstr(json_string_value(json_object_get(action, "reason")), "not installed"));
}

/* ---- Menu ------------------------------------------------------------------------------------ */

static void the_menu_of_a_user_has_the_links_of_the_device_and_their_own(void **state)
{
    (void)state;
    char document[128];
    rj_uid owner = 0;
    assert_int_equal(rj_system_user_id(test_other_account(), &owner, NULL), RJ_OK);
    make_users_folder();
    snprintf(document, sizeof document, "users/%s.json", test_other_account());
    agent_write_policy("device.json",
                       "{'WebLinks':[{'Name':'Help','Target':'https://help.example'}]}");
    agent_write_policy(document, "{'WebLinks':[{'Name':'Own','Target':'https://own.example'}]}");
    agent_begin();
    agent_settle();
    json_t *view = rj_agent_ui(a.agent, owner + 1);
    const json_t *links = json_object_get(view, "links");
    assert_int_equal(json_array_size(links), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(links, 0), "target")),
                        "https://help.example");
    json_decref(view);
    view = rj_agent_ui(a.agent, owner);
    assert_int_equal(json_array_size(json_object_get(view, "links")), 2);
    json_decref(view);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void a_failing_allocation_anywhere_does_not_bring_the_agent_down(void **state)
{
    (void)state;
    agent_write_policy("device.json", GATED);
    agent_begin();
    agent_settle();
    for (uint64_t n = 1; n < 400; n += 3) {
        rj_trigger trigger = {.kind = RJ_TRIGGER_RETRY, .id = "extra", .uid = 0, .admin = true};
        char correlation[17];
        fake_put(&a.fake, "extra", RJ_UID_MACHINE, NULL);
        a.fake.trace[0] = a.lines[0] = '\0';
        rj_alloc_fail_from(n);
        rj_agent_request(a.agent, &trigger, correlation, NULL);
        json_decref(rj_agent_list(a.agent, ALICE, false));
        json_decref(rj_agent_status(a.agent, ALICE, false));
        json_decref(rj_agent_why(a.agent, "tool", ALICE, false));
        rj_loop_turn(a.loop, 0);
        rj_alloc_fail_from(0);
        agent_settle();
    }
    assert_int_equal(agent_ask(RJ_TRIGGER_RETRY, "extra", 0, NULL), RJ_OK);
    assert_string_equal(fake_installed(&a.fake, "extra", RJ_UID_MACHINE), "1.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGENT_TEST(an_enforced_check_that_is_not_met_holds_mandatory_software_only),
        AGENT_TEST(a_check_without_plugin_is_unknown_with_its_reason),
        AGENT_TEST(a_check_that_fails_or_talks_nonsense_is_unknown),
        AGENT_TEST(checks_are_not_evaluated_again_before_their_time_unless_asked_for),
        AGENT_TEST(the_list_of_checks_has_evidence_and_the_status_has_not),
        AGENT_TEST(when_plugins_came_or_went_even_a_refresh_that_is_on_is_followed_by_another),
        AGENT_TEST(a_check_that_neither_a_plugin_offers_nor_the_policy_names_is_gone),
        AGENT_TEST(a_users_package_waits_for_the_session_and_is_then_installed_for_that_user),
        AGENT_TEST(a_session_that_ends_in_mid_install_leaves_the_package_waiting),
        AGENT_TEST(a_session_that_ends_while_it_is_asked_makes_nothing_unknown),
        AGENT_TEST(the_menu_of_a_user_has_the_links_of_the_device_and_their_own),
        AGENT_TEST(nobody_sees_what_is_assigned_to_another_user),
        AGENT_TEST(why_gives_the_chain_of_reasons_and_what_happened_before),
        AGENT_TEST(the_status_counts_packages_and_names_what_the_document_promises),
        AGENT_TEST(the_planned_event_lists_the_actions_with_their_reasons),
        AGENT_TEST(a_failing_allocation_anywhere_does_not_bring_the_agent_down),
    };
    return cmocka_run_group_tests_name("agent_views", tests, NULL, NULL);
}
