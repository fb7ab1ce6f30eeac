/* SPDX-License-Identifier: MIT */
/* Starting the service on demand, with a service manager of the test's own. */
#include "session/cli/on_demand.h"

#include "session/service_control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static rj_cli cli;
static unsigned tries, good_try, starts, turns, turns_wanted;
static rj_service_state begun; /* what the manager says once it was asked to start it */

rj_status rj_client_connect(const rj_client_options *options, rj_client **ret_client, rj_error *err)
{
    assert_ptr_equal(options->data, &cli);
    if (++tries < good_try)
        return rj_fail(err, RJ_E_NOT_FOUND, "nobody listens");
    *ret_client = (rj_client *)&tries;
    return RJ_OK;
}

rj_status rj_client_call(rj_client *client, const char *method, json_t *params, int64_t deadline_ms,
                         json_t **ret_result, char *ret_correlation, rj_error *err)
{
    (void)client, (void)method, (void)params, (void)deadline_ms;
    (void)ret_result, (void)ret_correlation;
    return rj_fail(err, RJ_E_FAILED, "this asks nothing");
}

void rj_client_close(rj_client *client)
{
    (void)client;
}

rj_status rj_service_control_query(rj_service_state *ret_state, rj_error *err)
{
    (void)err;
    *ret_state = starts ? begun : RJ_SERVICE_STOPPED;
    return RJ_OK;
}

rj_status rj_service_control_start(rj_error *err)
{
    (void)err;
    starts++;
    return RJ_OK;
}

static bool meanwhile(void *data)
{
    assert_ptr_equal(data, &cli);
    return ++turns < turns_wanted;
}

static int set_up(void **state)
{
    (void)state;
    tries = starts = turns = 0;
    begun = RJ_SERVICE_STARTS;
    cli = (rj_cli){.out = {.stream = stderr}};
    return rj_loop_new(&cli.loop, NULL) == RJ_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rj_loop_free(cli.loop);
    return 0;
}

static rj_status reach(rj_client **ret_client, rj_error *err)
{
    const rj_client_options options = {.loop = cli.loop, .data = &cli};
    return rj_on_demand_connect(&cli, &options, meanwhile, ret_client, err);
}

static void a_service_that_is_stopped_is_started_and_tried_until_it_listens(void **state)
{
    (void)state;
    rj_client *client = NULL;
    good_try = 4;
    turns_wanted = 100;
    assert_int_equal(reach(&client, NULL), RJ_OK);
    assert_non_null(client);
    assert_int_equal(tries, 4);
    assert_int_equal(starts, 1);
    assert_int_equal(turns, 3);
}

static void who_does_not_want_it_any_more_waits_no_longer(void **state)
{
    (void)state;
    rj_client *client = NULL;
    good_try = 100;
    turns_wanted = 2;
    assert_int_equal(reach(&client, NULL), RJ_E_NOT_FOUND);
    assert_int_equal(tries, 2);
    assert_int_equal(turns, 2);
    assert_null(client);
}

static void one_that_ends_at_once_is_started_once_more_and_then_given_up(void **state)
{
    (void)state;
    rj_client *client = NULL;
    rj_error error = RJ_ERROR_NONE;
    good_try = 100;
    turns_wanted = 100;
    begun = RJ_SERVICE_STOPPED;
    assert_int_equal(reach(&client, &error), RJ_E_NOT_STARTED);
    assert_int_equal(starts, 2);
    assert_string_equal(error.text,
                        "the RealmJoin service ended right after its start; its log says why");
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_service_that_is_stopped_is_started_and_tried_until_it_listens),
        TEST(who_does_not_want_it_any_more_waits_no_longer),
        TEST(one_that_ends_at_once_is_started_once_more_and_then_given_up),
    };
    return cmocka_run_group_tests_name("on_demand", tests, NULL, NULL);
}
