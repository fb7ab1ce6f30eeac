/* SPDX-License-Identifier: MIT */
/* `realmjoin session` and `realmjoin tray`, with a service, a desktop and a screen of the test's own. */
#include "session/cli/on_demand.h"
#include "session/command/command.h"
#include "session/instance.h"
#include "session/rights.h"
#include "session/session_host.h"
#include "session/sign_out.h"
#include "session/ui/host.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

static rj_cli cli;
static rj_status connecting;  /* what comes of it */
static rj_status registering; /* RJ_E_BUSY: no answer ever */
static rj_status claiming, showing;
static unsigned showing_ms; /* that each try to have it shown takes */
static unsigned connected, registered, forwarded, views, models, turns_at_once;
static rj_status told; /* to the person: why there is no service */
static bool told_refused;
static bool wants_service;
static bool (*is_enough)(void); /* asked in each turn; then the person ends it */
static bool enough;

static int place; /* of everything that is only pointed at */

/* ---- The service ----------------------------------------------------------------------------- */

rj_status rj_client_connect(const rj_client_options *options, rj_client **ret_client, rj_error *err)
{
    (void)options;
    connected++;
    if (connecting != RJ_OK)
        return rj_fail(err, connecting, "no connection");
    *ret_client = (rj_client *)&place;
    return RJ_OK;
}

rj_status rj_on_demand_connect(rj_cli *caller, const rj_client_options *options,
                               bool (*meanwhile)(void *data), rj_client **ret_client, rj_error *err)
{
    (void)caller;
    for (unsigned i = 0; meanwhile && i < turns_at_once && meanwhile(options->data); i++)
        ;
    return rj_client_connect(options, ret_client, err);
}

/* Of other commands, which come with the same files. */
rj_status rj_client_call(rj_client *client, const char *method, json_t *params, int64_t deadline_ms,
                         json_t **ret_result, char *ret_correlation, rj_error *err)
{
    (void)client, (void)method, (void)params, (void)deadline_ms;
    (void)ret_result, (void)ret_correlation;
    return rj_fail(err, RJ_E_FAILED, "this asks nothing");
}

bool rj_client_has_answer(const rj_client *client)
{
    assert_ptr_equal(client, &place);
    return registering != RJ_E_BUSY;
}

void rj_client_close(rj_client *client)
{
    (void)client;
}

rj_status rj_session_host_new(rj_loop *loop, const rj_paths *paths, rj_session_host **ret_host,
                              rj_error *err)
{
    (void)loop, (void)paths, (void)err;
    *ret_host = (rj_session_host *)&place;
    return RJ_OK;
}

rj_status rj_session_host_register(rj_session_host *host, rj_client *client, rj_error *err)
{
    (void)host, (void)client, (void)err;
    registered++;
    return RJ_OK;
}

rj_status rj_session_host_registered(rj_session_host *host, rj_client *client, rj_error *err)
{
    (void)host, (void)client;
    if (registering == RJ_E_BUSY)
        return rj_fail(err, RJ_E_TIMEOUT, "no answer");
    return registering == RJ_OK ? RJ_OK : rj_fail(err, registering, "you are not wanted");
}

bool rj_session_host_has_heard(const rj_session_host *host)
{
    (void)host;
    return true;
}

rj_status rj_session_host_runtime(rj_session_host *host, rj_runtime **ret_runtime, rj_error *err)
{
    (void)host, (void)err;
    *ret_runtime = (rj_runtime *)&place;
    return RJ_OK;
}

rj_status rj_session_host_early_runtime(rj_session_host *host, rj_runtime **ret_runtime,
                                        rj_error *err)
{
    return rj_session_host_runtime(host, ret_runtime, err);
}

void rj_session_host_on_work(rj_session_host *host, void (*changed)(void *data, const char *name),
                             void *data)
{
    (void)host, (void)changed, (void)data;
}

bool rj_session_host_notified(rj_session_host *host, const char *method, const json_t *params)
{
    (void)host, (void)method, (void)params;
    return false;
}

void rj_session_host_detach(rj_session_host *host)
{
    (void)host;
}

bool rj_session_host_free(rj_session_host *host)
{
    (void)host;
    return true;
}

/* ---- The desktop ----------------------------------------------------------------------------- */

rj_status rj_rights_drop(rj_error *err)
{
    (void)err;
    return RJ_E_NOT_APPLICABLE;
}

rj_status rj_sign_out_watch(rj_loop *loop, void (*ended)(void *data), void *data,
                            rj_sign_out **ret_watch, rj_error *err)
{
    (void)loop, (void)ended, (void)data, (void)ret_watch, (void)err;
    return RJ_E_NOT_APPLICABLE;
}

void rj_sign_out_hold(rj_sign_out *watch, const char *reason)
{
    (void)watch, (void)reason;
}

void rj_sign_out_stop(rj_sign_out *watch)
{
    (void)watch;
}

rj_status rj_instance_claim(rj_loop *loop, const char *root,
                            void (*on_link)(void *data, const char *text), void *data,
                            rj_instance **ret_instance, rj_error *err)
{
    (void)loop, (void)root, (void)on_link, (void)data, (void)ret_instance, (void)err;
    return claiming;
}

void rj_instance_release(rj_instance *instance)
{
    (void)instance;
}

rj_status rj_instance_forward(const char *root, const char *text, rj_error *err)
{
    (void)root, (void)err;
    assert_string_equal(text, RJ_INSTANCE_SHOW);
    uv_sleep(showing_ms);
    return ++forwarded < 3 ? RJ_E_NOT_FOUND : showing;
}

/* ---- What the person sees -------------------------------------------------------------------- */

rj_status rj_ui_host_new(rj_loop *loop, const rj_paths *paths, bool debug, rj_ui_host **ret_host,
                         rj_error *err)
{
    (void)loop, (void)paths, (void)debug, (void)err;
    *ret_host = (rj_ui_host *)&place;
    return RJ_OK;
}

size_t rj_ui_host_attach(rj_ui_host *host, rj_client *client, rj_runtime *runtime)
{
    (void)host, (void)client, (void)runtime;
    return ++views;
}

void rj_ui_host_turn(rj_ui_host *host)
{
    (void)host;
    models += views > 0;
    if (is_enough())
        enough = true;
}

bool rj_ui_host_wants_exit(const rj_ui_host *host)
{
    (void)host;
    return enough;
}

bool rj_ui_host_wants_service(const rj_ui_host *host)
{
    (void)host;
    return wants_service;
}

void rj_ui_host_no_service(rj_ui_host *host, bool refused, rj_status status, const char *why)
{
    (void)host, (void)why;
    told = status;
    told_refused = refused;
    wants_service = false; /* what waited has been told */
}

void rj_ui_host_detach(rj_ui_host *host)
{
    (void)host;
}

bool rj_ui_host_notified(rj_ui_host *host, const char *method, const json_t *params)
{
    (void)host, (void)method, (void)params;
    return false;
}

void rj_ui_host_link(rj_ui_host *host, const char *text)
{
    (void)host, (void)text;
}

void rj_ui_host_open_menu(rj_ui_host *host)
{
    (void)host;
}

char *rj_ui_host_hold_text(const rj_ui_host *host, const char *package_id)
{
    (void)host, (void)package_id;
    return NULL;
}

void rj_ui_host_end_views(rj_ui_host *host)
{
    (void)host;
}

void rj_ui_host_free(rj_ui_host *host)
{
    (void)host;
}

/* ---- The test -------------------------------------------------------------------------------- */

static char folder[TEST_FOLDER_MAX];

static bool at_once(void)
{
    return true;
}

static int set_up(void **state)
{
    (void)state;
    memset(&cli, 0, sizeof cli);
    connecting = registering = claiming = showing = RJ_OK;
    connected = registered = forwarded = views = models = turns_at_once = showing_ms = 0;
    told = RJ_OK;
    wants_service = enough = false;
    is_enough = at_once;
    if (!test_folder("session", folder, sizeof folder) ||
        rj_paths_new(RJ_ROLE_SESSION, folder, NULL, &cli.paths, NULL) != RJ_OK)
        return -1;
    cli.root = folder;
    cli.out = (rj_output){.stream = stderr}; /* stdout is the test's */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rj_loop_free(cli.loop);
    rj_paths_free(cli.paths);
    test_remove_tree(folder);
    return 0;
}

static int run(const rj_command *command)
{
    rj_arguments none = {.operand_count = 0};
    return command->run(&cli, &none);
}

static bool has_model(void)
{
    return models > 0;
}

/* Until the next thing that the loop has to do. */
static int wait_ms(void)
{
    rj_loop_turn(cli.loop, 0); /* timers that were stopped are gone then */
    return uv_backend_timeout(rj_loop_uv(cli.loop));
}

/* The person is told, and the next try is as far away as it ever is. */
static bool waits_long(void)
{
    return told != RJ_OK && models > 0 && wait_ms() > 10000;
}

static bool waits_shortly(void)
{
    return told != RJ_OK && models > 0 && wait_ms() <= 2000;
}

static void a_tray_that_the_service_refuses_stays_and_tries_again_now_and_then(void **state)
{
    static const rj_status refusals[] = {RJ_E_DENIED, RJ_E_LIMIT};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        models = views = 0;
        told = RJ_OK;
        enough = false;
        registering = refusals[i];
        is_enough = waits_long;
        assert_int_equal(run(&rj_command_tray), RJ_EXIT_OK);
        assert_int_equal(told, refusals[i]);
        assert_true(told_refused);
        assert_int_equal(views, 1);
        assert_int_equal(connected, i + 1);
    }
}

static bool asks_until_third(void)
{
    wants_service = true;
    return connected >= 3;
}

static void what_the_person_asks_for_makes_a_tray_that_was_refused_try_at_once(void **state)
{
    (void)state;
    registering = RJ_E_LIMIT;
    is_enough = asks_until_third;
    assert_int_equal(run(&rj_command_tray), RJ_EXIT_OK);
    assert_int_equal(connected, 3);
}

static void a_session_without_a_tray_ends_where_it_is_refused(void **state)
{
    (void)state;
    registering = RJ_E_LIMIT;
    assert_int_equal(run(&rj_command_session), RJ_EXIT_REFUSED);
    assert_string_equal(cli.failure, "you are not wanted");
    assert_int_equal(connected, 1);
}

static void an_icon_does_not_wait_for_a_service_that_never_answers(void **state)
{
    (void)state;
    registering = RJ_E_BUSY;
    is_enough = has_model;
    assert_int_equal(run(&rj_command_tray), RJ_EXIT_OK);
    assert_int_equal(connected, 1);
    assert_int_equal(registered, 1);
    assert_int_equal(views, 1);
}

static void a_tray_without_a_service_shows_that_and_tries_again_soon(void **state)
{
    (void)state;
    connecting = RJ_E_NOT_FOUND;
    is_enough = waits_shortly;
    assert_int_equal(run(&rj_command_tray), RJ_EXIT_OK);
    assert_int_equal(views, 1);
    assert_int_equal(told, RJ_E_NOT_FOUND);
}

static void a_tray_where_somebody_else_listens_is_refused_by_no_service(void **state)
{
    (void)state;
    connecting = RJ_E_DENIED;
    is_enough = waits_shortly;
    assert_int_equal(run(&rj_command_tray), RJ_EXIT_OK);
    assert_int_equal(told, RJ_E_DENIED);
    assert_false(told_refused);
}

static bool after_five_turns(void)
{
    return models >= 5;
}

static void what_the_person_does_while_the_service_is_started_is_done(void **state)
{
    (void)state;
    connecting = RJ_E_NOT_FOUND;
    turns_at_once = 100;
    is_enough = after_five_turns;
    assert_int_equal(run(&rj_command_tray), RJ_EXIT_OK);
    assert_int_equal(connected, 2); /* and the start is given up with the tray */
    assert_int_equal(models, 5);
}

static void a_second_tray_has_the_first_shown_as_soon_as_that_listens(void **state)
{
    (void)state;
    claiming = RJ_E_BUSY;
    assert_int_equal(run(&rj_command_tray), RJ_EXIT_OK);
    assert_int_equal(forwarded, 3);
    assert_int_equal(connected, 0);
}

static void a_second_tray_says_that_the_first_does_not_show_itself(void **state)
{
    (void)state;
    claiming = RJ_E_BUSY;
    showing = RJ_E_NOT_FOUND;
    showing_ms = 1000; /* it hangs */
    assert_int_equal(run(&rj_command_tray), RJ_EXIT_FAILED);
    assert_true(forwarded >= 2 && forwarded <= 4);
    assert_non_null(strstr(cli.failure, "does not show itself"));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tray_that_the_service_refuses_stays_and_tries_again_now_and_then),
        TEST(what_the_person_asks_for_makes_a_tray_that_was_refused_try_at_once),
        TEST(a_session_without_a_tray_ends_where_it_is_refused),
        TEST(an_icon_does_not_wait_for_a_service_that_never_answers),
        TEST(a_tray_without_a_service_shows_that_and_tries_again_soon),
        TEST(a_tray_where_somebody_else_listens_is_refused_by_no_service),
        TEST(what_the_person_does_while_the_service_is_started_is_done),
        TEST(a_second_tray_has_the_first_shown_as_soon_as_that_listens),
        TEST(a_second_tray_says_that_the_first_does_not_show_itself),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
