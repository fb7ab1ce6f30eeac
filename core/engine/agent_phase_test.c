/* SPDX-License-Identifier: MIT */
/* The machine's parameters: what NoGraph means, and which deployment phase others see when. */
#include "engine/agent_bench_test.h"

#include "platform/file.h"
#include "platform/parameters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"

#define AVAILABLE "{'SoftwarePackages':[{'ID':'tool','Version':'1.0'}]}"
#define MANDATORY "{'SoftwarePackages':[{'ID':'tool','Version':'1.0','Mandatory':true}]}"

static int64_t phase(void)
{
    int64_t value = -1;
    rj_error error = RJ_ERROR_NONE;
    if (rj_parameters_get(a.paths, "DeploymentPhase", &value, &error) != RJ_OK)
        fail_msg("%s", error.text);
    return value;
}

static void assert_status_says(const char *key, const char *expected)
{
    json_t *status = rj_agent_status(a.agent, ALICE, false);
    const char *text = json_string_value(json_object_get(status, key));
    assert_non_null(text);
    assert_non_null(strstr(text, expected));
    json_decref(status);
}

/* ---- DeploymentPhase ------------------------------------------------------------------------- */

static void the_phase_is_blank_until_a_run_carries_out_a_policy(void **state)
{
    (void)state;
    agent_begin();
    assert_int_equal(phase(), 0);
    agent_settle(); /* there is no policy */
    assert_int_equal(phase(), 0);
    assert_status_says("deployment_phase", "Blank");
}

static void a_sync_is_a_running_and_then_a_completed_deployment(void **state)
{
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    agent_run_until(RJ_PACKAGE_INSTALL);
    assert_int_equal(phase(), 200);
    const json_t *environment = json_object_get(a.fake.questions[0].request, "environment");
    assert_string_equal(json_string_value(json_object_get(environment, "RJ_DeploymentPhase")),
                        "RunningDeployment");
    agent_settle();
    assert_int_equal(phase(), 210);
    assert_status_says("deployment_phase", "CompletedDeployment");
}

static void what_a_person_asked_for_is_a_manual_deployment(void **state)
{
    (void)state;
    agent_write_policy("device.json", AVAILABLE);
    agent_begin();
    agent_settle();
    rj_trigger install = {.kind = RJ_TRIGGER_INSTALL, .id = "tool", .uid = ALICE};
    char correlation[17];
    assert_int_equal(rj_agent_request(a.agent, &install, correlation, NULL), RJ_OK);
    agent_run_until(RJ_PACKAGE_INSTALL);
    assert_int_equal(phase(), 500);
    const json_t *environment = json_object_get(a.fake.questions[0].request, "environment");
    assert_string_equal(json_string_value(json_object_get(environment, "RJ_DeploymentPhase")),
                        "ManualDeployment");
    agent_settle();
    assert_int_equal(phase(), 210);
}

static void a_run_that_is_cut_off_completes_nothing(void **state)
{
    (void)state;
    agent_write_policy("device.json", MANDATORY);
    agent_begin();
    agent_run_until(RJ_PACKAGE_INSTALL);
    agent_end();
    assert_int_equal(phase(), 0);
    agent_make();
}

static void a_start_after_a_kill_takes_a_running_phase_back_and_keeps_a_completed_one(void **state)
{
    (void)state;
    static const struct {
        int64_t stored, expected;
    } cases[] = {{200, 0}, {500, 0}, {101, 0}, {210, 210}, {0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rj_parameters_set(a.paths, "DeploymentPhase", cases[i].stored, NULL),
                         RJ_OK);
        rj_agent_read_phase(a.agent);
        assert_int_equal(phase(), cases[i].expected);
    }
}

static void a_phase_of_another_form_is_replaced_and_the_log_says_what_was_there(void **state)
{
    (void)state;
    static const char text[] = "{\"DeploymentPhase\": \"210\"}";
    int64_t value = 0;
    assert_int_equal(
        rj_file_write(rj_path(a.paths, RJ_PATH_PARAMETERS), text, sizeof text - 1, 0644, NULL),
        RJ_OK);
    if (rj_parameters_get(a.paths, "DeploymentPhase", &value, NULL) == RJ_E_NOT_FOUND)
        tap_skip("parameters are no file of this system: test/windows/service_test.py");
    rj_agent_read_phase(a.agent);
    assert_int_equal(phase(), 0);
    assert_non_null(strstr(a.lines, "must be a whole number; it is replaced by 0 (Blank)"));
}

/* ---- NoGraph --------------------------------------------------------------------------------- */

static void no_graph_is_off_or_allowed_and_anything_else_is_off(void **state)
{
    (void)state;
    assert_false(rj_agent_graph_allowed(a.agent)); /* nothing is known yet */
    rj_agent_read_graph(a.agent);
    assert_true(rj_agent_graph_allowed(a.agent));
    static const struct {
        int64_t value;
        bool allowed;
        const char *text;
    } cases[] = {{1, false, "off (NoGraph)"},
                 {0, true, "allowed"},
                 {2, false, "off (NoGraph is 2, and only 0 and 1 mean something)"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rj_parameters_set(a.paths, "NoGraph", cases[i].value, NULL), RJ_OK);
        rj_agent_read_graph(a.agent);
        assert_int_equal(rj_agent_graph_allowed(a.agent), cases[i].allowed);
        assert_status_says("graph", cases[i].text);
    }
    assert_non_null(strstr(a.lines, "taken as 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        AGENT_TEST(the_phase_is_blank_until_a_run_carries_out_a_policy),
        AGENT_TEST(a_sync_is_a_running_and_then_a_completed_deployment),
        AGENT_TEST(what_a_person_asked_for_is_a_manual_deployment),
        AGENT_TEST(a_run_that_is_cut_off_completes_nothing),
        AGENT_TEST(a_start_after_a_kill_takes_a_running_phase_back_and_keeps_a_completed_one),
        AGENT_TEST(a_phase_of_another_form_is_replaced_and_the_log_says_what_was_there),
        AGENT_TEST(no_graph_is_off_or_allowed_and_anything_else_is_off),
    };
    return cmocka_run_group_tests_name("agent_phase", tests, NULL, NULL);
}
