/* SPDX-License-Identifier: MIT */
/* The host of the views, with a service and views of the test's own. */
#include "session/ui/host.h"

#include "base/alloc.h"
#include "session/ui/texts.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static rj_loop *loop;
static rj_paths *paths;
static rj_ui_host *host;
static json_t *model;              /* the newest that was shown */
static char called[400];           /* methods, in order */
static const char *lost_behind;    /* the method with whose answer the connection is lost */
static const char *silent_on;      /* the method that is not answered */
static int64_t patience_ms;        /* for the newest question */
static size_t fresh_views;         /* that the next attaching begins */
static const char *link_meanwhile; /* comes while the next question waits for its answer */
static const char *refused;        /* the method that is */
static unsigned slow_ms;           /* that the next answer takes */
static bool note_shown;            /* that the next model was, among what is called */
static unsigned correlations;

/* ---- The service and the views --------------------------------------------------------------- */

static rj_client *const service = (rj_client *)&called;
static rj_runtime *const views = (rj_runtime *)&fresh_views;

static void note(const rj_client *client, const char *method)
{
    assert_ptr_equal(client, service); /* nobody asks who is lost */
    snprintf(called + strlen(called), sizeof called - strlen(called), "%s ", method);
}

rj_status rj_client_call(rj_client *client, const char *method, json_t *params, int64_t deadline_ms,
                         json_t **ret_result, char *ret_correlation, rj_error *err)
{
    (void)ret_correlation;
    note(client, method);
    patience_ms = deadline_ms;
    json_decref(params);
    if (link_meanwhile) {
        const char *text = link_meanwhile;
        link_meanwhile = NULL;
        rj_ui_host_link(host, text);
        rj_loop_run(loop); /* as the client does while it waits: what ends the loop ends here */
    }
    test_sleep_ms(slow_ms);
    slow_ms = 0;
    if (refused && strcmp(refused, method) == 0)
        return rj_fail(err, RJ_E_DENIED, "it is not assigned to you");
    if (silent_on && strcmp(silent_on, method) == 0)
        return rj_fail(err, RJ_E_TIMEOUT, "no answer");
    if (strcmp(method, "list") == 0)
        *ret_result = json_pack("{s:[{s:s, s:s, s:s}]}", "packages", "id", "tool", "name", "Tool",
                                "verdict", "none");
    else if (strcmp(method, "install") == 0 || strcmp(method, "sync") == 0)
        *ret_result = json_pack("{s:o}", "correlation", json_sprintf("c%u", ++correlations));
    else
        *ret_result = json_pack("{s:{}}", "packages");
    if (lost_behind && strcmp(lost_behind, method) == 0)
        rj_ui_host_detach(host);
    return RJ_OK;
}

rj_status rj_client_post(rj_client *client, const char *method, json_t *params, rj_error *err)
{
    (void)err;
    note(client, method);
    json_decref(params);
    return RJ_OK;
}

size_t rj_runtime_begin_views(rj_runtime *runtime,
                              rj_status (*act)(void *data, int64_t revision, const char *action),
                              void *data)
{
    size_t count = fresh_views;
    assert_ptr_equal(runtime, views);
    assert_non_null(act);
    assert_ptr_equal(data, host);
    fresh_views = 0;
    return count;
}

void rj_runtime_show(rj_runtime *runtime, const json_t *shown)
{
    assert_ptr_equal(runtime, views);
    if (note_shown)
        note(service, "SHOWN");
    note_shown = false;
    json_decref(model);
    model = json_deep_copy(shown);
}

char *rj_texts_wishes(void)
{
    return rj_strdup("en");
}

/* ---- The test -------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    called[0] = '\0';
    lost_behind = silent_on = link_meanwhile = refused = NULL;
    note_shown = false;
    fresh_views = 1;
    correlations = slow_ms = 0;
    assert_int_equal(rj_loop_new(&loop, NULL), RJ_OK);
    assert_int_equal(rj_paths_new(RJ_ROLE_SESSION, test_absent_folder(), NULL, &paths, NULL),
                     RJ_OK);
    assert_int_equal(rj_ui_host_new(loop, paths, false, &host, NULL), RJ_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rj_ui_host_end_views(host);
    rj_ui_host_free(host);
    rj_paths_free(paths);
    rj_loop_free(loop);
    json_decref(model);
    model = NULL;
    return 0;
}

static const char *text_of(const char *list, size_t place, const char *key)
{
    const json_t *item = json_array_get(json_object_get(model, list), place);
    const char *text = json_string_value(json_object_get(item, key));
    return text ? text : "";
}

static size_t count_of(const char *list)
{
    return json_array_size(json_object_get(model, list));
}

static void attach(rj_client *client)
{
    size_t expected = fresh_views;
    assert_int_equal(rj_ui_host_attach(host, client, views), expected);
    rj_ui_host_turn(host);
}

static void a_connection_that_is_lost_behind_an_answer_is_asked_nothing_more(void **state)
{
    static const char *const methods[] = {"status", "list", "ui"};
    static const char *const asked[] = {"subscribe status ", "subscribe status list ",
                                        "subscribe status list ui "};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        called[0] = '\0';
        lost_behind = methods[i];
        fresh_views = 0;
        attach(service);
        assert_string_equal(called, asked[i]);
        rj_loop_run(loop);
        rj_ui_host_turn(host);
        assert_string_equal(called, asked[i]);
        assert_string_equal(json_string_value(json_object_get(model, "tooltip")),
                            "RealmJoin: the service does not answer");
    }
}

static void
what_was_asked_for_just_before_the_connection_is_lost_is_told_to_be_in_vain(void **state)
{
    (void)state;
    rj_ui_host_link(host, "realmjoin:install:tool");
    attach(NULL);
    assert_true(rj_ui_host_wants_service(host));
    lost_behind = "list";
    attach(service);
    assert_string_equal(called, "subscribe list ");
    assert_string_equal(text_of("progress", 0, "state"), "failed");
}

static void all_that_is_asked_for_while_the_service_is_started_is_requested_in_order(void **state)
{
    (void)state;
    attach(NULL);
    rj_ui_host_link(host, "realmjoin:install:tool");
    rj_ui_host_link(host, "realmjoin:install:other");
    rj_ui_host_turn(host);
    rj_ui_host_link(host, "realmjoin:sync:");
    rj_ui_host_turn(host);
    assert_int_equal(count_of("progress"), 2); /* a sync has no window */
    assert_string_equal(text_of("progress", 0, "state"), "waiting");
    assert_string_equal(text_of("progress", 1, "state"), "waiting");
    assert_int_equal(count_of("notices"), 0);
    attach(service);
    assert_string_equal(called, "subscribe list install install sync status list ui ");
    assert_false(rj_ui_host_wants_service(host));
    json_t *event = json_pack("{s:s, s:{s:s, s:s, s:s}}", "topic", "run", "document", "correlation",
                              "c1", "state", "ended", "outcome", "done");
    json_object_set_new(json_object_get(event, "document"), "message", json_string(""));
    assert_true(rj_ui_host_notified(host, "event", event));
    json_decref(event);
    while (strcmp(text_of("progress", 1, "state"), "done") != 0) { /* that of the first request */
        assert_string_equal(text_of("progress", 0, "state"), "waiting");
        rj_loop_run(loop);
        rj_ui_host_turn(host);
    }
    assert_string_equal(text_of("progress", 0, "state"), "waiting");
}

static void each_that_waited_in_vain_is_told_so(void **state)
{
    (void)state;
    attach(NULL);
    rj_ui_host_link(host, "realmjoin:install:tool");
    rj_ui_host_link(host, "realmjoin:install:other");
    rj_ui_host_turn(host);
    rj_ui_host_no_service(host, false, RJ_E_NOT_FOUND, "it is not installed");
    assert_false(rj_ui_host_wants_service(host));
    rj_ui_host_turn(host);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(text_of("progress", i, "state"), "failed");
        assert_non_null(strstr(text_of("progress", i, "details"), "it is not installed"));
    }
    assert_int_equal(count_of("notices"), 2);
}

static void a_service_that_takes_none_of_what_waited_is_asked_once(void **state)
{
    (void)state;
    attach(NULL);
    rj_ui_host_link(host, "realmjoin:install:tool");
    rj_ui_host_link(host, "realmjoin:install:other");
    rj_ui_host_turn(host);
    silent_on = "install";
    attach(service);
    assert_string_equal(called, "subscribe list install status list ui ");
    assert_string_equal(text_of("progress", 0, "state"), "failed");
    assert_string_equal(text_of("progress", 1, "state"), "failed");
}

static void no_more_waits_for_the_service_than_a_person_asks_for(void **state)
{
    (void)state;
    attach(NULL);
    for (int i = 0; i < 12; i++) {
        rj_ui_host_link(host, "realmjoin:sync:");
        rj_ui_host_turn(host);
    }
    assert_string_equal(text_of("notices", 0, "title"), "Synchronisation failed");
    assert_int_equal(count_of("notices"), 4);
    attach(service);
    assert_string_equal(called, "subscribe list sync sync sync sync sync sync sync sync "
                                "status list ui ");
}

static void a_view_that_is_begun_anew_does_not_tell_again_what_was_told(void **state)
{
    (void)state;
    attach(NULL);
    rj_ui_host_link(host, "realmjoin:install:tool");
    rj_ui_host_turn(host);
    rj_ui_host_no_service(host, false, RJ_E_NOT_FOUND, "it is not installed");
    rj_ui_host_turn(host);
    assert_int_equal(count_of("notices"), 1);
    rj_ui_host_link(host, "realmjoin:install:other");
    rj_ui_host_turn(host);
    assert_int_equal(count_of("notices"), 1); /* the same views: nothing changes for them */
    rj_ui_host_no_service(host, false, RJ_E_NOT_FOUND, "it is not installed");
    rj_ui_host_end_views(host); /* before the second notice is shown */
    fresh_views = 1;
    attach(service);
    assert_int_equal(count_of("notices"), 1);
    assert_string_equal(text_of("notices", 0, "text"), "other could not be installed");
    assert_string_equal(text_of("progress", 1, "state"), "failed"); /* its window stays */
}

static void
a_service_that_refuses_the_session_is_told_with_its_reason_until_it_does_not(void **state)
{
    (void)state;
    attach(NULL);
    assert_string_equal(text_of("menu", 0, "text"), "The RealmJoin service does not answer");
    rj_ui_host_no_service(host, true, RJ_E_LIMIT, "this user has too many sessions; end some");
    rj_ui_host_turn(host);
    assert_string_equal(text_of("menu", 0, "text"), "The RealmJoin service refuses this session");
    assert_string_equal(json_string_value(json_object_get(model, "tooltip")),
                        "RealmJoin: the service refuses this session");
    size_t last = count_of("device") - 1;
    assert_string_equal(text_of("device", last, "value"),
                        "this user has too many sessions; end some");
    assert_non_null(strstr(text_of("menu", count_of("menu") - 1, "copy"),
                           "\nService: this user has too many sessions; end some"));
    rj_ui_host_no_service(host, false, RJ_E_NOT_FOUND, "nobody listens");
    rj_ui_host_turn(host);
    assert_string_equal(text_of("menu", 0, "text"), "The RealmJoin service does not answer");
    assert_int_equal(count_of("device"), last);
}

static void something_else_that_listens_is_no_service_that_refuses_the_session(void **state)
{
    (void)state;
    attach(NULL);
    rj_ui_host_no_service(host, false, RJ_E_DENIED, "the pipe belongs to alice: not used");
    rj_ui_host_turn(host);
    assert_string_equal(text_of("menu", 0, "text"), "The RealmJoin service does not answer");
    assert_string_equal(json_string_value(json_object_get(model, "tooltip")),
                        "RealmJoin: the service does not answer");
    assert_string_equal(text_of("device", count_of("device") - 1, "value"),
                        "the pipe belongs to alice: not used");
    rj_ui_host_no_service(host, true, RJ_E_DENIED, "the pipe belongs to alice: not used");
    rj_ui_host_turn(host);
    assert_string_equal(text_of("menu", 0, "text"), "The RealmJoin service refuses this session");
}

static void a_first_icon_does_not_wait_for_a_service_that_says_nothing(void **state)
{
    static const char *const methods[] = {"status", "list", "ui"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fresh_views = 1;
        silent_on = methods[i];
        attach(service);
        assert_true(patience_ms <= 2000);
        assert_string_equal(text_of("menu", 0, "text"),
                            i == 0 ? "The RealmJoin service does not answer" : "Software Packages");
        silent_on = NULL;
        while (patience_ms <= 2000) { /* it is asked again by itself */
            rj_loop_run(loop);
            rj_ui_host_turn(host);
        }
        assert_string_equal(text_of("menu", 0, "text"), "Software Packages");
        rj_ui_host_detach(host);
    }
}

static void a_first_icon_waits_no_longer_for_several_answers_than_for_one(void **state)
{
    (void)state;
    note_shown = true;
    slow_ms = 2010; /* the first answer takes all the time there is */
    attach(service);
    assert_string_equal(called, "subscribe status SHOWN ");
    while (count_of("device") == 0 || patience_ms <= 2000) {
        rj_loop_run(loop);
        rj_ui_host_turn(host);
    }
    assert_string_equal(text_of("menu", 0, "text"), "Software Packages");
}

static void what_waited_is_requested_when_a_new_view_shows_something(void **state)
{
    (void)state;
    attach(NULL);
    rj_ui_host_link(host, "realmjoin:install:tool");
    rj_ui_host_turn(host);
    rj_ui_host_link(host, "realmjoin:install:other");
    rj_ui_host_end_views(host);
    fresh_views = 1;
    note_shown = true;
    attach(service);
    assert_string_equal(called, "subscribe status list ui SHOWN install install status list ui ");
    assert_int_equal(count_of("progress"), 2);
}

static void what_is_held_says_who_needs_whom(void **state)
{
    static const char *const cases[][2] = {
        {"install", "Another package that it needs cannot be installed now."},
        {"uninstall", "Another package still needs it and could not be removed."}};
    (void)state;
    attach(service);
    rj_ui_host_link(host, "realmjoin:install:tool");
    rj_ui_host_turn(host);
    for (size_t i = 0; i < 2; i++) {
        json_t *event = json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "topic", "action",
                                  "document", "correlation", "c1", "id", "tool", "name", "Tool",
                                  "state", "held", "verdict", cases[i][0]);
        assert_true(rj_ui_host_notified(host, "event", event));
        json_decref(event);
        json_decref(model);
        model = NULL;
        while (!model) { /* the next has it */
            rj_loop_run(loop);
            rj_ui_host_turn(host);
        }
        assert_string_equal(text_of("progress", 0, "status"), cases[i][1]);
    }
}

static void a_link_that_comes_while_the_service_is_asked_is_followed_in_the_same_turn(void **state)
{
    (void)state;
    refused = "install";
    link_meanwhile = "realmjoin:install:late";
    attach(service);
    assert_non_null(strstr(called, "install "));
    assert_string_equal(text_of("progress", 0, "state"), "failed");
}

static void a_link_that_was_refused_starts_no_service_that_ends_later(void **state)
{
    (void)state;
    refused = "install";
    link_meanwhile = "realmjoin:install:late";
    attach(service);
    rj_ui_host_detach(host);
    rj_ui_host_turn(host);
    assert_false(rj_ui_host_wants_service(host));
    rj_ui_host_link(host, "realmjoin:install:late"); /* asked anew */
    rj_ui_host_turn(host);
    assert_true(rj_ui_host_wants_service(host));
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_that_is_lost_behind_an_answer_is_asked_nothing_more),
        TEST(what_was_asked_for_just_before_the_connection_is_lost_is_told_to_be_in_vain),
        TEST(all_that_is_asked_for_while_the_service_is_started_is_requested_in_order),
        TEST(each_that_waited_in_vain_is_told_so),
        TEST(a_service_that_takes_none_of_what_waited_is_asked_once),
        TEST(no_more_waits_for_the_service_than_a_person_asks_for),
        TEST(a_view_that_is_begun_anew_does_not_tell_again_what_was_told),
        TEST(a_service_that_refuses_the_session_is_told_with_its_reason_until_it_does_not),
        TEST(something_else_that_listens_is_no_service_that_refuses_the_session),
        TEST(a_first_icon_does_not_wait_for_a_service_that_says_nothing),
        TEST(a_first_icon_waits_no_longer_for_several_answers_than_for_one),
        TEST(what_waited_is_requested_when_a_new_view_shows_something),
        TEST(what_is_held_says_who_needs_whom),
        TEST(a_link_that_comes_while_the_service_is_asked_is_followed_in_the_same_turn),
        TEST(a_link_that_was_refused_starts_no_service_that_ends_later),
    };
    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
