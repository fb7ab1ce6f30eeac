/* SPDX-License-Identifier: MIT */
/* The session's side of the user interface with a service that the test plays: through the linker's --wrap each
 * question to it is answered here. */
#include "session/ui/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static rj_loop *loop;
static rj_paths *paths;
static rj_ui_host *host;
static rj_client *const service = (rj_client *)&loop; /* only handed on */
static unsigned installs, questions;
static const char
    *link_meanwhile; /* comes while the next question waits for its answer; NULL: none */

rj_status __wrap_rj_client_call(rj_client *client, const char *method, json_t *params,
                                int64_t deadline_ms, json_t **ret_result, char *ret_correlation,
                                rj_error *err);
rj_status __wrap_rj_client_call(rj_client *client, const char *method, json_t *params,
                                int64_t deadline_ms, json_t **ret_result, char *ret_correlation,
                                rj_error *err)
{
    (void)client, (void)deadline_ms, (void)ret_correlation;
    questions++;
    json_decref(params);
    if (link_meanwhile) {
        const char *text = link_meanwhile;
        link_meanwhile = NULL;
        rj_ui_host_link(host, text);
        rj_loop_run(loop); /* as the client does while it waits: what ends the loop ends here */
    }
    if (strcmp(method, "install") == 0) {
        installs++;
        return rj_fail(err, RJ_E_DENIED, "it is not assigned to you");
    }
    *ret_result = strcmp(method, "list") == 0 ? json_pack("{s:[]}", "packages") : json_object();
    return RJ_OK;
}

size_t __wrap_rj_runtime_begin_views(rj_runtime *runtime,
                                     rj_status (*act)(void *data, int64_t revision,
                                                      const char *action),
                                     void *data);
size_t __wrap_rj_runtime_begin_views(rj_runtime *runtime,
                                     rj_status (*act)(void *data, int64_t revision,
                                                      const char *action),
                                     void *data)
{
    (void)runtime, (void)act, (void)data;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    installs = questions = 0;
    link_meanwhile = NULL;
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
    assert_int_equal(rj_paths_new(RJ_ROLE_SESSION, NULL, NULL, &paths, NULL), RJ_OK);
    assert_int_equal(rj_ui_host_new(loop, paths, false, &host, NULL), RJ_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rj_ui_host_free(host);
    rj_paths_free(paths);
    rj_loop_free(loop);
    return 0;
}

static void a_link_that_comes_while_the_service_is_asked_is_followed_in_the_same_turn(void **state)
{
    (void)state;
    rj_ui_host_attach(host, service, NULL);
    link_meanwhile = "realmjoin:install:late";
    rj_ui_host_turn(host); /* asks for the menu */
    assert_true(questions > 1);
    assert_int_equal(installs, 1);
}

static void a_link_that_was_refused_starts_no_service_that_ends_later(void **state)
{
    (void)state;
    rj_ui_host_attach(host, service, NULL);
    link_meanwhile = "realmjoin:install:late";
    rj_ui_host_turn(host);
    rj_ui_host_detach(host);
    rj_ui_host_turn(host);
    assert_false(rj_ui_host_wants_service(host));
    rj_ui_host_link(host, "realmjoin:install:late"); /* asked anew */
    rj_ui_host_turn(host);
    assert_true(rj_ui_host_wants_service(host));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_link_that_comes_while_the_service_is_asked_is_followed_in_the_same_turn),
        TEST(a_link_that_was_refused_starts_no_service_that_ends_later),
    };
    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
