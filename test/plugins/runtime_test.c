/* SPDX-License-Identifier: MIT */
/* Questions and answers: what a plugin can do with an op, and what the asker hears of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "leaks.h"
#include "platform/file.h"
#include "platform/system.h"
#include "scene.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

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
    uv_mutex_lock(&log_lock);
    *log_text = '\0';
    uv_mutex_unlock(&log_lock);
    scene_open(&s);
    s.grace_ms = grace_ms;
    scene_add_probe(&s);
    scene_load(&s);
    if (scene_in_worker()) /* how long one takes to start is no part of these tests */
        scene_wake(&s);
    return 0;
}

/* However slowly the plugin hears of a cancellation on a busy machine, it is not given up. */
static int setup(void **state)
{
    (void)state;
    return open_with(PATIENCE_MS);
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

static json_int_t misbehaved(void)
{
    json_t *count = scene_describe(&s, "probe", "misbehaved");
    json_int_t value = json_integer_value(count);
    json_decref(count);
    return value;
}

/* ---- Good ways ------------------------------------------------------------------------------- */

static void an_answer_comes_on_a_later_turn_with_its_result(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "well", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_string_equal(h.message, "");
    assert_string_equal(h.plugin_id, "probe");
    assert_string_equal(json_string_value(json_object_get(h.result, "state")), "ok");
    assert_true(logged("|plugin.probe|c0ffee|evaluating"));
    assert_int_equal(misbehaved(), 0);
    scene_forget(&h);
}

static void the_lane_may_answer(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "lane", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    scene_forget(&h);
}

static void a_failure_names_the_plugin_in_one_line(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "multi-line", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_FAILED);
    assert_string_equal(h.message, "probe: first\\nsecond\\x1b[0m \xef\xbf\xbd");
}

static void a_request_reaches_the_provider_of_its_format(void **state)
{
    (void)state;
    heard h;
    rj_question question = scene_question(&h, PATIENCE_MS);
    json_t *request = json_pack("{s:s, s:s}", "id", "hello", "format", "probe-format");
    assert_true(rj_runtime_has_format(s.runtime, "probe-format"));
    assert_false(rj_runtime_has_format(s.runtime, "none"));
    rj_runtime_package(s.runtime, RJ_PACKAGE_DETECT, request, &question);
    scene_wait(&s, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_true(json_equal(h.result, request));
    scene_forget(&h);
    json_decref(request);
}

static void a_cache_that_was_removed_is_there_again_for_the_next_request(void **state)
{
    (void)state;
    heard h;
    char path[200];
    snprintf(path, sizeof path, "%s", rj_path(s.paths, RJ_PATH_CACHE));
    rj_question question = scene_question(&h, PATIENCE_MS);
    json_t *request = json_pack("{s:s, s:s}", "id", "hello", "format", "probe-format");
    assert_int_equal(rj_dir_remove(path, NULL), RJ_OK);
    rj_runtime_package(s.runtime, RJ_PACKAGE_DETECT, request, &question);
    scene_wait(&s, &h);
    assert_int_equal(h.status, RJ_OK);
    snprintf(path, sizeof path, "%s/plugins/probe", rj_path(s.paths, RJ_PATH_CACHE));
    assert_true(rj_file_exists(path));
    scene_forget(&h);
    json_decref(request);
}

static void a_member_the_plugin_lacks_is_not_applicable(void **state)
{
    (void)state;
    heard h;
    rj_question question = scene_question(&h, PATIENCE_MS);
    json_t *request = json_pack("{s:s, s:s}", "id", "hello", "format", "probe-format");
    rj_runtime_package(s.runtime, RJ_PACKAGE_INSTALL, request, &question);
    scene_wait(&s, &h);
    assert_int_equal(h.status, RJ_E_NOT_APPLICABLE);
    assert_string_equal(h.message, "probe: the plugin cannot install");
    json_decref(request);
}

static void nobody_to_ask_is_an_answer_too(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "no-such-check", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_NOT_FOUND);
    assert_string_equal(h.message, "no loaded plugin offers the check \"no-such-check\"");
    rj_question question = scene_question(&h, PATIENCE_MS);
    json_t *request = json_object();
    rj_runtime_package(s.runtime, RJ_PACKAGE_DETECT, request, &question);
    scene_wait(&s, &h);
    assert_int_equal(h.status, RJ_E_NOT_FOUND);
    json_decref(request);
}

static void progress_is_passed_on_in_order(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "slow-progress", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_int_equal(h.progress_calls, 3);
    assert_int_equal(h.permille, 200);
    assert_string_equal(h.progress_text, "step");
}

/* ---- Time ------------------------------------------------------------------------------------ */

static void a_plugin_that_never_answers_is_abandoned_after_deadline_and_grace(void **state)
{
    (void)state;
    heard h;
    uint64_t begin = rj_clock_monotonic_ms();
    scene_evaluate(&s, "never", 100, &h);
    uint64_t took = rj_clock_monotonic_ms() - begin;
    assert_int_equal(h.status, RJ_E_ABANDONED);
    assert_non_null(strstr(h.message, "no answer within the deadline"));
    assert_in_range(took, 245, PATIENCE_MS);
    scene_turn_for(&s, 50);
    if (scene_in_worker())
        assert_true(
            logged("no answer within the deadline, nor when cancelled, to \"evaluate never\""));
    else
        assert_true(logged("|c0ffee|misbehaviour: did not answer \"evaluate never\" in time"));
}

static void work_that_hears_the_cancellation_answers_at_the_deadline(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "polite", 60, &h);
    assert_int_equal(h.status, RJ_E_CANCELLED);
    assert_int_equal(misbehaved(), 0);
}

static void a_question_can_be_cancelled(void **state)
{
    (void)state;
    heard h;
    rj_question question = scene_question(&h, 60000);
    rj_question_id id = rj_runtime_evaluate(s.runtime, "polite", &question);
    scene_turn_for(&s, 30);
    rj_runtime_cancel(s.runtime, id);
    rj_runtime_cancel(s.runtime, id);
    scene_wait(&s, &h);
    assert_int_equal(h.status, RJ_E_CANCELLED);
    rj_runtime_cancel(s.runtime, id); /* stale: ignored */
    rj_runtime_cancel(s.runtime, 0);
}

static void work_queued_after_the_end_was_asked_for_is_run_to_put_things_back(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) { /* cancelled and out of time in turn */
        heard h;
        rj_question question = scene_question(&h, i % 2 ? 300 : PATIENCE_MS);
        rj_question_id id = rj_runtime_evaluate(s.runtime, "put-back", &question);
        while (!h.progress_calls && !h.answers)
            scene_turn_for(&s, 1);
        if (i % 2 == 0)
            rj_runtime_cancel(s.runtime, id);
        scene_wait(&s, &h);
        assert_string_equal(h.message, "probe: stopped, and all is as it was");
        scene_forget(&h);
    }
}

static void a_wait_is_broken_by_on_cancel(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "wake", 50, &h);
    assert_int_equal(h.status, RJ_E_CANCELLED);
    assert_string_equal(h.message, "probe: woken");
}

static void queued_work_whose_deadline_passes_was_not_started(void **state)
{
    (void)state;
    heard first;
    heard second;
    rj_question question = scene_question(&first, PATIENCE_MS);
    rj_runtime_evaluate(s.runtime, "busy-lane", &question);
    scene_evaluate(&s, "lane", 50, &second);
    assert_int_equal(second.status, RJ_E_NOT_STARTED);
    assert_non_null(strstr(second.message, "asking again is safe"));
    scene_wait(&s, &first);
    assert_int_equal(first.status, RJ_OK);
    assert_int_equal(misbehaved(), 0); /* its `done` answered too: that is fine */
}

static void queued_work_that_is_cancelled_was_cancelled(void **state)
{
    (void)state;
    heard first;
    heard second;
    rj_question question = scene_question(&first, PATIENCE_MS);
    rj_runtime_evaluate(s.runtime, "busy-lane", &question);
    question = scene_question(&second, PATIENCE_MS);
    rj_question_id id = rj_runtime_evaluate(s.runtime, "lane", &question);
    rj_runtime_cancel(s.runtime, id);
    scene_wait(&s, &second);
    assert_int_equal(second.status, RJ_E_CANCELLED);
    scene_wait(&s, &first);
    assert_int_equal(misbehaved(), 0);
}

static void a_wedged_lane_refuses_and_recovers(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "wedge", 100, &h); /* works 700 ms, hears nothing */
    assert_int_equal(h.status, RJ_E_ABANDONED);
    scene_evaluate(&s, "lane", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_NOT_STARTED);
    assert_string_equal(h.message,
                        "probe: still busy with work that was given up; try again later");
    scene_turn_for(&s, 700);
    assert_true(logged("|c0ffee|misbehaviour: answered \"evaluate wedge\" with ok, "));
    assert_true(logged("ms after it was given up"));
    assert_true(logged("came back from work that had been given up"));
    scene_evaluate(&s, "lane", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    scene_forget(&h);
}

static void a_plugin_with_many_unanswered_questions_is_asked_no_more(void **state)
{
    (void)state;
    heard h[17];
    for (int i = 0; i < 16; i++) {
        rj_question question = scene_question(&h[i], 10);
        rj_runtime_evaluate(s.runtime, "never", &question);
    }
    for (int i = 0; i < 16; i++)
        scene_wait(&s, &h[i]);
    scene_turn_for(&s, 5);
    scene_evaluate(&s, "well", PATIENCE_MS, &h[16]);
    assert_int_equal(h[16].status, RJ_E_NOT_STARTED);
}

/* ---- Misbehaviour ---------------------------------------------------------------------------- */

static void a_second_answer_is_reported_and_not_passed_on(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "twice", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    scene_turn_for(&s, 20);
    assert_int_equal(h.answers, 1);
    assert_int_equal(misbehaved(), 1);
    assert_true(
        logged("|plugin.probe|c0ffee|misbehaviour: answered \"evaluate twice\" a second time, with "
               "failed"));
    scene_forget(&h);
}

static void a_late_answer_is_reported_with_its_op(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "late", 20, &h);
    assert_int_equal(h.status, RJ_E_ABANDONED);
    scene_turn_for(&s, 5);
    scene_evaluate(&s, "late", PATIENCE_MS, &h); /* answers the former one too */
    assert_int_equal(h.status, RJ_OK);
    assert_true(logged("misbehaviour: answered \"evaluate late\" with ok, "));
    scene_forget(&h);
}

static void an_answer_to_no_op_of_ours_is_reported(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "unknown-op", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_true(logged("answered op 1234567800000005, which is long over or never was"));
    scene_forget(&h);
}

static void a_failure_without_a_message_gets_one_and_is_reported(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "silent", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_FAILED);
    assert_string_equal(h.message, "probe: failed without saying why");
    assert_int_equal(misbehaved(), 1);
}

static void a_status_nobody_knows_is_a_failure(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "strange", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_FAILED);
    assert_int_equal(misbehaved(), 1);
}

static void work_that_ends_without_an_answer_is_reported_at_once(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "forget", 60000, &h);
    assert_int_equal(h.status, RJ_E_ABANDONED);
    assert_true(logged("misbehaviour: ended its work and gave no answer"));
}

static void a_result_that_is_not_json_is_refused(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "not-json", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_INVALID);
    assert_null(h.result);
    assert_int_equal(misbehaved(), 1);
}

static void a_result_beyond_a_mebibyte_is_refused(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "huge", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_LIMIT);
    assert_null(h.result);
}

static void a_flood_of_progress_is_coalesced(void **state)
{
    (void)state;
    heard h;
    uint64_t begin = rj_clock_monotonic_ms();
    rj_question question = scene_question(&h, 60000);
    rj_runtime_evaluate(s.runtime, "flood", &question);
    rj_alloc_fail_from(0);
    unsigned turns = 0;
    while (!h.answers) {
        rj_loop_turn(s.loop, 1000);
        turns++;
    }
    uint64_t took = rj_clock_monotonic_ms() - begin;
    uint64_t allocations = rj_alloc_fail_from(0);
    assert_int_equal(h.status, RJ_OK);
    assert_in_range(h.progress_calls, 1, took / 100 + 3);
    assert_in_range(turns, 1, took / 20 + 20);
    assert_in_range(allocations, 0, took / 10 + 30);
}

static void the_queue_of_a_lane_is_bounded(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "fill-lane", 60000, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_string_equal(json_string_value(json_object_get(h.result, "text")), "64");
    scene_forget(&h);
}

/* ---- Views, memory, speed -------------------------------------------------------------------- */

static void what_is_in_flight_is_listed(void **state)
{
    (void)state;
    heard h;
    rj_question question = scene_question(&h, 60000);
    rj_question_id id = rj_runtime_evaluate(s.runtime, "polite", &question);
    json_t *list = rj_runtime_in_flight(s.runtime);
    assert_int_equal(json_array_size(list), scene_in_worker() ? 2 : 3);
    assert_non_null(strstr(json_string_value(json_array_get(list, 0)),
                           "probe: evaluate polite [c0ffee], running"));
    assert_string_equal(json_string_value(json_array_get(list, 1)), "probe: 1 unanswered ops");
    if (!scene_in_worker())
        assert_string_equal(json_string_value(json_array_get(list, 2)), "probe: 1 lane jobs");
    json_decref(list);
    rj_runtime_cancel(s.runtime, id);
    scene_wait(&s, &h);
    scene_turn_for(&s, 10);
    list = rj_runtime_in_flight(s.runtime);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

static void every_failing_allocation_still_gives_one_answer(void **state)
{
    (void)state;
    static const char *const ids[] = {"well", "lane", "multi-line", "kv"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        for (uint64_t n = 1; n < 60; n++) {
            heard h;
            rj_question question = scene_question(&h, 200);
            rj_alloc_fail_from(n);
            rj_runtime_evaluate(s.runtime, ids[i], &question);
            uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
            while (!h.answers && rj_clock_monotonic_ms() < limit)
                rj_loop_turn(s.loop, 10);
            rj_alloc_fail_from(0);
            assert_int_equal(h.answers, 1);
            scene_forget(&h);
            scene_turn_for(&s, 1);
            assert_int_equal(h.answers, 1);
        }
    }
}

static void asking_again_and_again_is_quick_and_leaves_nothing(void **state)
{
    (void)state;
    heard h;
    long times = scene_in_worker() ? 1000 : 10000;
    long before = leaks_worked_ms();
    for (long i = 0; i < times; i++) {
        rj_question question = scene_question(&h, 60000);
        rj_runtime_evaluate(s.runtime, "config", &question);
        scene_wait(&s, &h);
        scene_forget(&h);
    }
    /* Work, not time: a busy machine runs this too, with sanitizers; test/bench measures. */
    assert_in_range(leaks_worked_ms() - before, 0, 10 * times);
}

static void many_questions_at_once_are_all_answered(void **state)
{
    (void)state;
    static heard many[2000];
    for (int i = 0; i < 2000; i++) {
        rj_question question = scene_question(&many[i], PATIENCE_MS);
        rj_runtime_evaluate(s.runtime, "well", &question);
    }
    for (int i = 0; i < 2000; i++) {
        scene_wait(&s, &many[i]);
        scene_forget(&many[i]);
    }
}

static void an_idle_loop_does_not_turn(void **state)
{
    (void)state;
    heard h;
    scene_evaluate(&s, "lane", 50, &h);
    scene_forget(&h);
    scene_turn_for(&s, 60);
    uint64_t begin = rj_clock_monotonic_ms();
    rj_loop_turn(s.loop, 300); /* nothing wakes it before its limit */
    assert_true(rj_clock_monotonic_ms() - begin >= 295);
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)
#define GIVEN_UP(TEST) cmocka_unit_test_setup_teardown(TEST, setup_impatient, teardown)

int main(void)
{
    rj_json_use_base_alloc();
    uv_mutex_init(&log_lock);
    rj_log_set_listener(keep_line, NULL);
    const struct CMUnitTest tests[] = {
        IN_SCENE(an_answer_comes_on_a_later_turn_with_its_result),
        IN_SCENE(the_lane_may_answer),
        IN_SCENE(a_failure_names_the_plugin_in_one_line),
        IN_SCENE(a_request_reaches_the_provider_of_its_format),
        IN_SCENE(a_cache_that_was_removed_is_there_again_for_the_next_request),
        IN_SCENE(a_member_the_plugin_lacks_is_not_applicable),
        IN_SCENE(nobody_to_ask_is_an_answer_too),
        IN_SCENE(progress_is_passed_on_in_order),
        GIVEN_UP(a_plugin_that_never_answers_is_abandoned_after_deadline_and_grace),
        IN_SCENE(work_that_hears_the_cancellation_answers_at_the_deadline),
        IN_SCENE(a_question_can_be_cancelled),
        IN_SCENE(work_queued_after_the_end_was_asked_for_is_run_to_put_things_back),
        IN_SCENE(a_wait_is_broken_by_on_cancel),
        IN_SCENE(queued_work_whose_deadline_passes_was_not_started),
        IN_SCENE(queued_work_that_is_cancelled_was_cancelled),
        IN_SCENE(a_second_answer_is_reported_and_not_passed_on),
        IN_SCENE(an_answer_to_no_op_of_ours_is_reported),
        IN_SCENE(a_failure_without_a_message_gets_one_and_is_reported),
        IN_SCENE(a_status_nobody_knows_is_a_failure),
        IN_SCENE(work_that_ends_without_an_answer_is_reported_at_once),
        IN_SCENE(a_result_that_is_not_json_is_refused),
        IN_SCENE(a_result_beyond_a_mebibyte_is_refused),
        IN_SCENE(a_flood_of_progress_is_coalesced),
        IN_SCENE(the_queue_of_a_lane_is_bounded),
        IN_SCENE(what_is_in_flight_is_listed),
        GIVEN_UP(every_failing_allocation_still_gives_one_answer),
        IN_SCENE(asking_again_and_again_is_quick_and_leaves_nothing),
        IN_SCENE(many_questions_at_once_are_all_answered),
        IN_SCENE(an_idle_loop_does_not_turn),
        /* A worker that does this is killed: worker_test.c. */
        GIVEN_UP(a_wedged_lane_refuses_and_recovers),
        GIVEN_UP(a_plugin_with_many_unanswered_questions_is_asked_no_more),
        GIVEN_UP(a_late_answer_is_reported_with_its_op),
    };
    size_t count = sizeof tests / sizeof tests[0] - (scene_in_worker() ? 3 : 0);
    int failed = _cmocka_run_group_tests("runtime", tests, count, NULL, NULL);
    rj_log_set_listener(NULL, NULL);
    return failed;
}
