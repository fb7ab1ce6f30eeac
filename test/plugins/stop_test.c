/* SPDX-License-Identifier: MIT */
/* Stopping, with plugins that make it easy and plugins that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "platform/paths.h"
#include "platform/system.h"
#include "scene.h"
#include "tap_skip.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define GRACE_MS (PATIENCE_MS / 2)

static scene s;
static char log_text[20000];
static uv_mutex_t log_lock;

static void keep_line(void *data, int level, const char *line)
{
    (void)data;
    (void)level;
    uv_mutex_lock(&log_lock);
    size_t used = strlen(log_text);
    snprintf(log_text + used, sizeof log_text - used, "%s\n", line);
    uv_mutex_unlock(&log_lock);
}

static bool logged(const char *words)
{
    uv_mutex_lock(&log_lock);
    bool found = strstr(log_text, words) != NULL;
    uv_mutex_unlock(&log_lock);
    return found;
}

static int open_with(uint64_t grace_ms)
{
    *log_text = '\0';
    scene_open(&s);
    s.grace_ms = grace_ms;
    scene_add_probe(&s);
    scene_load(&s);
    if (scene_in_worker()) /* how long one takes to start is no part of these tests */
        scene_wake(&s);
    return 0;
}

/* What stops by itself has time to, however busy the machine is: less than GRACE_MS shows that it did. */
static int setup(void **state)
{
    (void)state;
    return open_with(GRACE_MS);
}

static int setup_impatient(void **state)
{
    (void)state;
    return open_with(150);
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&s);
    return 0;
}

static bool clean;

static uint64_t time_to_stop(void)
{
    uint64_t begin = rj_clock_monotonic_ms();
    clean = scene_unload(&s);
    return rj_clock_monotonic_ms() - begin;
}

static void an_idle_runtime_stops_at_once(void **state)
{
    (void)state;
    assert_true(time_to_stop() < GRACE_MS);
    assert_true(clean);
    assert_false(logged("misbehaviour"));
    assert_false(logged("in flight"));
}

static void running_work_is_cancelled_and_answered_before_the_end(void **state)
{
    (void)state;
    heard h;
    rj_question question = scene_question(&h, 60000);
    rj_runtime_evaluate(s.runtime, "polite", &question);
    scene_turn_for(&s, 20);
    assert_true(time_to_stop() < GRACE_MS);
    assert_int_equal(h.answers, 1);
    assert_int_equal(h.status, RJ_E_CANCELLED);
}

static void work_whose_deadline_has_just_passed_gets_its_time_to_be_cancelled(void **state)
{
    (void)state;
    heard h;
    rj_question question = scene_question(&h, 60);
    scene_wake(&s);
    rj_runtime_evaluate(s.runtime, "polite", &question);
    scene_turn_for(&s, 20);
    uv_sleep(60); /* nobody has looked at the deadline yet */
    assert_true(time_to_stop() < GRACE_MS);
    assert_true(clean);
    assert_int_equal(h.answers, 1);
    assert_int_equal(h.status, RJ_E_CANCELLED);
    assert_false(logged("misbehaviour"));
}

static void a_running_program_is_killed(void **state)
{
    (void)state;
    if (!rj_path_is_absolute("/bin/sh"))
        tap_skip("the probe's programs are scripts of /bin/sh");
    heard h;
    rj_question question = scene_question(&h, 60000);
    rj_runtime_evaluate(s.runtime, "spawn-long", &question);
    scene_turn_for(&s, 100);
    assert_true(time_to_stop() < GRACE_MS);
    assert_int_equal(h.answers, 1);
    assert_int_equal(json_integer_value(json_object_get(h.result, "kind")), RJ_EXIT_CANCELLED);
    scene_forget(&h);
}

static void questions_after_the_stop_are_not_started(void **state)
{
    (void)state;
    heard first;
    heard second;
    rj_question question = scene_question(&first, 60000);
    rj_runtime_evaluate(s.runtime, "polite", &question);
    rj_runtime_stop(s.runtime, NULL, NULL);
    scene_evaluate(&s, "well", PATIENCE_MS, &second);
    assert_int_equal(second.status, RJ_E_NOT_STARTED);
    assert_string_equal(second.message, "probe: the agent is stopping");
    scene_wait(&s, &first);
    scene_turn_for(&s, 50);
    rj_runtime_free(s.runtime);
    s.runtime = NULL;
}

static void timers_left_behind_are_stopped_and_reported(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "stop-timer", PATIENCE_MS, &h);
    scene_forget(&h);
    scene_unload(&s);
    assert_true(logged("misbehaviour: stopped with 1 timers and 0 subscriptions left"));
}

static void a_plugin_that_refuses_to_stop_is_left_behind_in_time(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "stop-refuse", PATIENCE_MS, &h);
    scene_forget(&h);
    uint64_t took = time_to_stop();
    assert_in_range(took, 150, PATIENCE_MS);
    assert_int_equal(clean, scene_in_worker()); /* a worker can be killed */
    assert_true(logged(scene_in_worker() ? "did not stop in time" : "probe: stop [stop]"));
}

static void wedged_work_does_not_hold_up_the_stop(void **state)
{
    (void)state;
    heard h;
    scene_wake(&s);
    rj_question question = scene_question(&h, 60000);
    rj_runtime_evaluate(s.runtime, "wedge", &question); /* deaf for 700 ms */
    scene_turn_for(&s, 20);
    uint64_t took = time_to_stop();
    assert_in_range(took, 100, PATIENCE_MS);
    assert_int_equal(clean, scene_in_worker());
    assert_int_equal(h.status, RJ_E_ABANDONED);
    scene_turn_for(&s, 900); /* it comes back while the loop still exists */
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)
#define GIVEN_UP(TEST) cmocka_unit_test_setup_teardown(TEST, setup_impatient, teardown)

int main(void)
{
    uv_mutex_init(&log_lock);
    rj_log_set_listener(keep_line, NULL);
    const struct CMUnitTest tests[] = {
        IN_SCENE(an_idle_runtime_stops_at_once),
        IN_SCENE(running_work_is_cancelled_and_answered_before_the_end),
        IN_SCENE(work_whose_deadline_has_just_passed_gets_its_time_to_be_cancelled),
        IN_SCENE(a_running_program_is_killed),
        IN_SCENE(questions_after_the_stop_are_not_started),
        IN_SCENE(timers_left_behind_are_stopped_and_reported),
        GIVEN_UP(a_plugin_that_refuses_to_stop_is_left_behind_in_time),
        GIVEN_UP(wedged_work_does_not_hold_up_the_stop),
    };
    int failed = cmocka_run_group_tests_name("runtime_stop", tests, NULL, NULL);
    rj_log_set_listener(NULL, NULL);
    return failed;
}
