/* SPDX-License-Identifier: MIT */
/* The host services, as a plugin uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "leaks.h"
#include "platform/file.h"
#include "platform/system.h"
#include "probe_system.h"
#include "scene.h"
#include "tap_skip.h"
#include "test_system.h"

#include <stdio.h>
#include <string.h>

static scene s;

/* ---- A backend for values -------------------------------------------------------------------- */

static char stored_key[200];
static char stored_value[100];

static rj_status kv_get(void *data, const char *plugin_id, const char *key, rj_sink sink,
                        void *sink_data, rj_error *err)
{
    (void)data;
    (void)err;
    char full[200];
    snprintf(full, sizeof full, "%s:%s", plugin_id, key);
    if (strcmp(full, stored_key) != 0)
        return RJ_E_NOT_FOUND;
    sink(sink_data, stored_value, strlen(stored_value));
    return RJ_OK;
}

static rj_status kv_set(void *data, const char *plugin_id, const char *key, const void *bytes,
                        size_t length, rj_error *err)
{
    (void)data;
    (void)err;
    snprintf(stored_key, sizeof stored_key, "%s:%s", plugin_id, key);
    snprintf(stored_value, sizeof stored_value, "%.*s", (int)length, (const char *)bytes);
    return RJ_OK;
}

static rj_status kv_remove(void *data, const char *plugin_id, const char *key, rj_error *err)
{
    (void)data;
    (void)plugin_id;
    (void)key;
    (void)err;
    *stored_key = '\0';
    return RJ_E_NOT_FOUND; /* which is fine for a removal */
}

static int setup(void **state)
{
    (void)state;
    scene_open(&s);
    scene_add_probe(&s);
    s.kv = (rj_kv_backend){.get = kv_get, .set = kv_set, .remove = kv_remove};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&s);
    return 0;
}

static void assert_text(const char *check_id, const char *expected)
{
    heard h;
    scene_evaluate(&s, check_id, PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_string_equal(json_string_value(json_object_get(h.result, "text")), expected);
    scene_forget(&h);
}

static json_int_t number(const heard *h, const char *key)
{
    return json_integer_value(json_object_get(h->result, key));
}

static const char *text(const heard *h, const char *key)
{
    return json_string_value(json_object_get(h->result, key));
}

/* ---- Values, settings, notices, timers ------------------------------------------------------- */

static void values_are_kept_under_the_plugins_id(void **state)
{
    (void)state;
    scene_load(&s);
    assert_text("kv", "0 -8 0 value 0 -9");
}

static void settings_and_folders_are_told(void **state)
{
    (void)state;
    s.policy = json_pack("{s:{s:{s:i}}}", "Probe", "Settings", "level", 3);
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "config", PATIENCE_MS, &h);
    assert_string_equal(text(&h, "root"), s.root);
    assert_string_equal(text(&h, "role"), "service");
    assert_true(leaks_is_private(text(&h, "state_dir")));
    assert_true(test_exists(text(&h, "cache_dir")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(h.result, "settings"), "level")), 3);
    scene_forget(&h);
}

static void new_settings_are_noticed_once(void **state)
{
    (void)state;
    scene_load(&s);
    scene_wake(&s);
    json_t *policy = json_pack("{s:{s:{s:i}}}", "probe", "Settings", "level", 4);
    rj_runtime_configure(s.runtime, policy);
    json_decref(policy);
    scene_turn_for(&s, 10);
    heard h;
    scene_evaluate(&s, "heard", PATIENCE_MS, &h);
    assert_true(strncmp(text(&h, "text"), "host.config {'root':", 20) == 0);
    scene_forget(&h);
    scene_evaluate(&s, "config", PATIENCE_MS, &h);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(h.result, "settings"), "level")), 4);
    scene_forget(&h);
}

static void a_plugin_publishes_only_below_its_own_id(void **state)
{
    (void)state;
    scene_load(&s);
    assert_text("publish", "0 -3 -3 -8");
    scene_turn_for(&s, 10);
    assert_text("heard", "probe.changed {'n':1}");
}

static void notices_of_the_core_reach_subscribers(void **state)
{
    (void)state;
    scene_load(&s);
    scene_wake(&s);
    json_t *document = json_pack("{s:b}", "x", 1);
    rj_runtime_publish(s.runtime, "hostile.thing", document);
    rj_runtime_publish(s.runtime, "host.thing", document);
    json_decref(document);
    scene_turn_for(&s, 10);
    assert_text("heard", "host.thing {'x':true}");
}

static void a_timer_fires_on_the_loop(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    uint64_t begin = rj_clock_monotonic_ms();
    scene_evaluate(&s, "timer", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_true(rj_clock_monotonic_ms() - begin >= 19);
    scene_forget(&h);
}

static void timers_are_bounded_and_stale_numbers_ignored(void **state)
{
    (void)state;
    scene_load(&s);
    assert_text("timers", "64 then -13");
    assert_text("timers", "64 then -13");
}

/* ---- Programs -------------------------------------------------------------------------------- */

static void a_programs_end_output_and_left_overs_are_told(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "spawn", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_int_equal(number(&h, "kind"), RJ_EXIT_CODE);
    assert_int_equal(number(&h, "value"), 5);
    assert_int_equal(number(&h, "survivors"), 1);
    assert_string_equal(text(&h, "tail"), "one|two|?");
    scene_forget(&h);
}

static void output_is_appended_to_the_log_but_never_through_a_link(void **state)
{
    (void)state;
    char path[400], elsewhere[400], expected[500];
    snprintf(path, sizeof path, "%s/probe/spawn.log", rj_path(s.paths, RJ_PATH_PLUGIN_STATE));
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", s.root);
    snprintf(expected, sizeof expected, "log file %s cannot be opened", path);
    scene_load(&s);
    heard h;
    for (int i = 0; i < 2; i++) {
        scene_evaluate(&s, "spawn-log", PATIENCE_MS, &h);
        assert_int_equal(number(&h, "kind"), RJ_EXIT_CODE);
        scene_forget(&h);
    }
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(rj_file_read(path, 1000, &bytes, &length, NULL), RJ_OK);
    assert_string_equal(bytes, "to the log\nto the log\n");
    rj_free(bytes);
    assert_true(test_remove(path));
    if (!test_link(elsewhere, path))
        tap_skip("no link to a file can be made here");
    scene_evaluate(&s, "spawn-log", PATIENCE_MS, &h);
    assert_int_equal(number(&h, "kind"), RJ_EXIT_NO_START);
    assert_non_null(strstr(text(&h, "tail"), expected));
    scene_forget(&h);
    assert_false(rj_file_exists(elsewhere));
}

static void a_log_outside_the_plugins_folders_is_denied(void **state)
{
    (void)state;
    static const char *const ids[] = {"spawn-out", "spawn-up"};
    char above[400];
    snprintf(above, sizeof above, "%s/spawn.log", rj_path(s.paths, RJ_PATH_PLUGIN_STATE));
    scene_load(&s);
    for (size_t i = 0; i < 2; i++) {
        heard h;
        scene_evaluate(&s, ids[i], PATIENCE_MS, &h);
        assert_int_equal(h.status, RJ_E_DENIED);
        scene_forget(&h);
    }
    assert_false(rj_file_exists(program_log_elsewhere()));
    assert_false(rj_file_exists(above));
}

static void a_program_that_cannot_start_says_why(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "spawn-none", PATIENCE_MS, &h);
    assert_int_equal(number(&h, "kind"), RJ_EXIT_NO_START);
    const char *reason = strstr(text(&h, "tail"), " cannot be started: ");
    assert_non_null(reason);
    assert_true(strstr(text(&h, "tail"), "/nowhere/program") < reason);
    scene_forget(&h);
}

static void a_program_can_be_killed(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "spawn-kill", PATIENCE_MS, &h);
    assert_int_equal(number(&h, "kind"), RJ_EXIT_CANCELLED);
    scene_forget(&h);
}

static void a_time_limit_ends_the_program(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "spawn-limit", PATIENCE_MS, &h);
    assert_int_equal(number(&h, "kind"), RJ_EXIT_TIMEOUT);
    assert_string_equal(text(&h, "tail"), "begun|");
    scene_forget(&h);
}

static void the_deadline_ends_the_program_and_the_tail_is_its_last_lines(void **state)
{
    (void)state;
    s.grace_ms = PATIENCE_MS;
    scene_load(&s);
    scene_wake(&s);
    heard h;
    scene_evaluate(&s, "spawn-long", program_limit_ms() + 300, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_int_equal(number(&h, "kind"), RJ_EXIT_TIMEOUT);
    size_t length = strlen(text(&h, "tail"));
    assert_in_range(length, 3900, 4095);
    assert_true(strncmp(text(&h, "tail"), "line ", 5) == 0);
    assert_string_equal(text(&h, "tail") + length - 10, "line 1999|");
    scene_forget(&h);
}

static void cancelling_ends_the_program(void **state)
{
    (void)state;
    s.grace_ms = PATIENCE_MS;
    scene_load(&s);
    scene_wake(&s);
    heard h;
    rj_question question = scene_question(&h, 60000);
    rj_question_id id = rj_runtime_evaluate(s.runtime, "spawn-long", &question);
    scene_turn_for(&s, 200);
    rj_runtime_cancel(s.runtime, id);
    scene_wait(&s, &h);
    assert_int_equal(number(&h, "kind"), RJ_EXIT_CANCELLED);
    scene_forget(&h);
}

static void cancelling_before_the_start_starts_nothing(void **state)
{
    (void)state;
    scene_load(&s);
    scene_wake(&s);
    heard h;
    rj_question question = scene_question(&h, 60000);
    rj_question_id id = rj_runtime_evaluate(s.runtime, "spawn-long", &question);
    rj_runtime_cancel(s.runtime, id);
    scene_wait(&s, &h);
    if (scene_in_worker()) { /* the core knew of the cancellation when it was asked to start */
        assert_int_equal(h.status, RJ_E_CANCELLED);
        assert_null(h.result);
        return;
    }
    assert_int_equal(number(&h, "kind"), RJ_EXIT_CANCELLED);
    assert_string_equal(text(&h, "tail"), "");
    scene_forget(&h);
}

static void an_end_without_an_answer_is_reported(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "spawn-quiet", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_ABANDONED);
    assert_non_null(strstr(h.message, "saw its program end and gave no answer"));
}

static void ask_with_secret(const char *id, heard *h)
{
    rj_question question = scene_question(h, PATIENCE_MS);
    question.secret = "hush";
    question.secret_length = 4;
    rj_runtime_evaluate(s.runtime, id, &question);
    scene_wait(&s, h);
}

static void what_a_program_writes_is_told_but_not_with_a_secret_that_it_could_write(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "spawn-limit", PATIENCE_MS, &h);
    assert_int_equal(strncmp(h.wrote, "begun", 5), 0);
    scene_forget(&h);
    ask_with_secret("spawn-limit", &h);
    assert_string_equal(text(&h, "tail"), "begun|");
    assert_string_equal(h.wrote, "");
    scene_forget(&h);
}

static void a_secret_goes_to_the_plugin_and_another_comes_back(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    ask_with_secret("secret", &h);
    assert_string_equal(text(&h, "text"), "0 -9 0 -8");
    assert_string_equal(h.secret, "token=HUSH");
    scene_forget(&h);
}

static void a_question_without_a_secret_has_none(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "secret", PATIENCE_MS, &h);
    assert_string_equal(text(&h, "text"), "-9 -9 0 -8");
    assert_string_equal(h.secret, "token=NONE");
    scene_forget(&h);
}

static void secrets_of_a_failed_answer_are_not_handed_out(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    ask_with_secret("secret-fail", &h);
    assert_int_equal(h.status, RJ_E_FAILED);
    assert_string_equal(h.secret, "");
}

static void secrets_of_a_worker_that_crashed_are_not_handed_out(void **state)
{
    (void)state;
    scene_load(&s);
    heard h;
    ask_with_secret("secret-crash", &h);
    assert_int_equal(h.status, RJ_E_ABANDONED);
    assert_string_equal(h.secret, "");
}

static void without_the_grant_there_are_no_secrets(void **state)
{
    (void)state;
    s.policy = json_pack("{s:{s:[]}}", "probe", "Grant");
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "secret", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_DENIED);
}

static void a_program_that_is_not_granted_is_not_started(void **state)
{
    (void)state;
    s.policy = json_pack("{s:{s:[s]}}", "probe", "Grant", "spawn:/bin/true");
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "spawn", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_DENIED);
    assert_string_equal(h.message, "probe: start was refused");
}

static void the_service_is_absent_without_any_grant(void **state)
{
    (void)state;
    s.policy = json_pack("{s:{s:[]}}", "probe", "Grant");
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "spawn", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_DENIED);
    assert_string_equal(h.message, "probe: spawn is not granted");
}

static void every_failing_allocation_of_a_spawn_gives_one_answer(void **state)
{
    (void)state;
    scene_load(&s);
    for (uint64_t n = 1; n < 40; n++) {
        heard h;
        rj_question question = scene_question(&h, PATIENCE_MS);
        rj_alloc_fail_from(n);
        rj_runtime_evaluate(s.runtime, "spawn", &question);
        uint64_t limit = rj_clock_monotonic_ms() + 100;
        while (!h.answers && rj_clock_monotonic_ms() < limit)
            rj_loop_turn(s.loop, 10);
        rj_alloc_fail_from(0);
        scene_wait(&s, &h);
        scene_forget(&h);
    }
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(values_are_kept_under_the_plugins_id),
        IN_SCENE(settings_and_folders_are_told),
        IN_SCENE(new_settings_are_noticed_once),
        IN_SCENE(a_plugin_publishes_only_below_its_own_id),
        IN_SCENE(notices_of_the_core_reach_subscribers),
        IN_SCENE(a_timer_fires_on_the_loop),
        IN_SCENE(timers_are_bounded_and_stale_numbers_ignored),
        IN_SCENE(a_programs_end_output_and_left_overs_are_told),
        IN_SCENE(output_is_appended_to_the_log_but_never_through_a_link),
        IN_SCENE(a_log_outside_the_plugins_folders_is_denied),
        IN_SCENE(a_program_that_cannot_start_says_why),
        IN_SCENE(a_program_can_be_killed),
        IN_SCENE(a_time_limit_ends_the_program),
        IN_SCENE(the_deadline_ends_the_program_and_the_tail_is_its_last_lines),
        IN_SCENE(cancelling_ends_the_program),
        IN_SCENE(cancelling_before_the_start_starts_nothing),
        IN_SCENE(an_end_without_an_answer_is_reported),
        IN_SCENE(a_program_that_is_not_granted_is_not_started),
        IN_SCENE(the_service_is_absent_without_any_grant),
        IN_SCENE(every_failing_allocation_of_a_spawn_gives_one_answer),
        IN_SCENE(what_a_program_writes_is_told_but_not_with_a_secret_that_it_could_write),
        IN_SCENE(a_secret_goes_to_the_plugin_and_another_comes_back),
        IN_SCENE(a_question_without_a_secret_has_none),
        IN_SCENE(secrets_of_a_failed_answer_are_not_handed_out),
        IN_SCENE(without_the_grant_there_are_no_secrets),
        IN_SCENE(secrets_of_a_worker_that_crashed_are_not_handed_out), /* the last: see below */
    };
    /* In-process the crash would end the program. */
    size_t count = sizeof tests / sizeof tests[0] - (scene_in_worker() ? 0 : 1);
    return tap_run_group("runtime_services", tests, count, NULL, NULL);
}
