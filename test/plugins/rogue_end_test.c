/* SPDX-License-Identifier: MIT */
/* How workers end before they should, or do not end when they should (rogue_scene.h). */
#include "rogue_scene.h"

#include "leaks.h"
#include "platform/file.h"
#include "platform/system.h"
#include "tap_skip.h"
#include "test_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Death ----------------------------------------------------------------------------------- */

static void death_at_any_moment_is_told_with_what_came_of_the_question(void **state)
{
    static const rogue_offence offences[] = {
        {"exit-at-once", RJ_E_NOT_STARTED, "ended by itself with code 5 while it was being", 0},
        {"die-before-hello", RJ_E_NOT_STARTED,
         "crashed with signal 11 (Segmentation fault) while it was being started", 1},
        {"die-after-hello", RJ_E_NOT_STARTED,
         "crashed with signal 11 (Segmentation fault) while it was being started", 1},
        {"die-after-ready", RJ_E_NOT_STARTED, "crashed with signal 11 (Segmentation fault)", 1},
        {"die-before-begun", RJ_E_NOT_STARTED, "crashed with signal 11 (Segmentation fault)", 1},
        {"exit-before-begun", RJ_E_NOT_STARTED, "ended by itself with code 7", 1},
        {"die-begun", RJ_E_ABANDONED, "crashed with signal 11 (Segmentation fault)", 1},
        {"exit-begun", RJ_E_ABANDONED, "ended by itself with code 3", 1},
        {"die-with-secret", RJ_E_ABANDONED, "crashed with signal 11 (Segmentation fault)", 1},
        {"die-in-call", RJ_E_ABANDONED, "crashed with signal 11 (Segmentation fault)", 1},
        {"close-frames", RJ_E_ABANDONED, "was killed: it hung up and did not end", 1},
        {"close-calls", RJ_E_ABANDONED, "was killed: it hung up and did not end", 1},
    };
    (void)state;
    rogue_grant("rogue.die-with-secret", "secret");
    ROGUE_COMMIT(offences);
}

static void a_program_that_cannot_be_executed_is_named(void **state)
{
    char program[300];
    heard h;
    (void)state;
    snprintf(program, sizeof program, "%s", rj_path(rogue.paths, RJ_PATH_WORKER));
    rogue_add("well");
    rogue_add("hang");
    rogue_load();
    assert_true(test_write_file(program, "no program", 10));
    rogue_ask("well", PATIENCE_MS, &h);
    rogue_assert_answer("well", &h, RJ_E_NOT_STARTED, "cannot be started: ");
    rogue_assert_answer("well", &h, RJ_E_NOT_STARTED, program);
    rogue_assert_nothing_is_left("well");
    assert_true(test_remove(program));
    rogue_ask("hang", PATIENCE_MS, &h);
    rogue_assert_answer("hang", &h, RJ_E_NOT_STARTED, "is missing, in which it would run");
    rogue_assert_nothing_is_left("hang");
}

static void what_a_worker_leaves_behind_in_its_group_is_killed_with_it(void **state)
{
    heard h;
    (void)state;
    rogue_add("grandchild");
    rogue_load();
    rogue_ask("grandchild", PATIENCE_MS, &h);
    if (strstr(h.message, "child 0"))
        tap_skip("workers of this system cannot start any");
    rogue_assert_answer("grandchild", &h, RJ_E_ABANDONED, "its last words: child ");
    rogue_assert_end("grandchild", "ended by itself with code 4", 1);
    long child = strtol(strstr(h.message, "child ") + 6, NULL, 10);
    scene_turn_for(&rogue, 100);
    assert_false(leaks_process(child));
}

static void the_next_question_waits_for_the_back_off_and_gets_a_new_worker(void **state)
{
    heard first, second;
    (void)state;
    rogue_add("die-begun");
    rogue_load();
    rogue_ask("die-begun", PATIENCE_MS, &first);
    rogue_assert_end("die-begun", "crashed with signal 11", 1);
    uint64_t before = rj_clock_monotonic_ms();
    rj_question question = scene_question(&second, PATIENCE_MS);
    rj_runtime_evaluate(rogue.runtime, "die-begun", &question);
    scene_turn_for(&rogue, 50);
    json_t *worker = rogue_describe("die-begun");
    assert_string_equal(json_string_value(json_object_get(worker, "state")), "back-off");
    assert_in_range(json_integer_value(json_object_get(worker, "retry_in_ms")), 1, 1000);
    json_decref(worker);
    scene_wait(&rogue, &second);
    assert_int_equal(second.status, RJ_E_ABANDONED);
    assert_in_range(rj_clock_monotonic_ms() - before, 500, PATIENCE_MS);
    rogue_wait_for_end("die-begun");
    worker = rogue_describe("die-begun");
    assert_int_equal(json_integer_value(json_object_get(worker, "starts")), 2);
    json_decref(worker);
}

static void a_question_whose_deadline_comes_during_the_back_off_is_not_started(void **state)
{
    heard h;
    (void)state;
    rogue_add("die-begun");
    rogue_load();
    rogue_ask("die-begun", PATIENCE_MS, &h);
    rogue_wait_for_end("die-begun");
    rogue_ask("die-begun", 100, &h);
    rogue_assert_answer("die-begun", &h, RJ_E_NOT_STARTED, "was not ready before the deadline");
}

static void a_hanging_worker_is_killed_and_the_next_question_gets_a_new_one_at_once(void **state)
{
    heard h;
    (void)state;
    rogue_add("die-begun"), rogue_add("hang");
    rogue_load();
    uint64_t before = rj_clock_monotonic_ms();
    rogue_ask("die-begun", PATIENCE_MS, &h);
    rogue_wait_for_end("die-begun");
    int64_t deadline_ms = 400 + 4 * (int64_t)(rj_clock_monotonic_ms() - before); /* starts in it */
    for (unsigned round = 1; round <= 2; round++) {
        before = rj_clock_monotonic_ms();
        rogue_ask("hang", deadline_ms, &h);
        rogue_assert_answer("hang", &h, RJ_E_ABANDONED, "no answer within the deadline");
        assert_in_range(rj_clock_monotonic_ms() - before, deadline_ms, deadline_ms + PATIENCE_MS);
        rogue_assert_end("hang", "nor when cancelled, to \"evaluate hang\"", 0);
    }
}

/* ---- Stop ------------------------------------------------------------------------------------ */

static void a_worker_cannot_hold_up_the_stop(void **state)
{
    static const rogue_offence ways[] = {
        {"stop-deaf", RJ_OK, "did not stop in time", 0},
        {"die-in-stop", RJ_OK, "crashed with signal 11 (Segmentation fault)", 0},
        {"stop-lingers", RJ_OK, "", 0},
        {"never-reads", RJ_E_NOT_STARTED, "", 0},
        {"well", RJ_OK, "", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char id[80];
        heard h = {0};
        rogue_add(ways[i].behaviour);
        rogue.grace_ms = strcmp(ways[i].behaviour, "die-in-stop") == 0 ? PATIENCE_MS : 150;
        rogue_load();
        unsigned before = rogue_descriptors;
        rogue_ask(ways[i].behaviour, ways[i].status ? 300 : PATIENCE_MS, &h);
        assert_int_equal(h.status, ways[i].status);
        uint64_t began = rj_clock_monotonic_ms();
        assert_true(scene_unload(&rogue));
        assert_in_range(rj_clock_monotonic_ms() - began, 0, PATIENCE_MS);
        if (*ways[i].words && !strstr(rogue_last_error, ways[i].words))
            fail_msg("%s: %s", ways[i].behaviour, rogue_last_error);
        assert_true(leaks_descriptors() <= before);
        assert_false(leaks_child());
        snprintf(id, sizeof id, "rogue.%s", ways[i].behaviour);
        rj_dir_remove(scene_folder(&rogue, false, id), NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(death_at_any_moment_is_told_with_what_came_of_the_question),
        IN_SCENE(a_program_that_cannot_be_executed_is_named),
        IN_SCENE(what_a_worker_leaves_behind_in_its_group_is_killed_with_it),
        IN_SCENE(the_next_question_waits_for_the_back_off_and_gets_a_new_worker),
        IN_SCENE(a_question_whose_deadline_comes_during_the_back_off_is_not_started),
        IN_SCENE(a_hanging_worker_is_killed_and_the_next_question_gets_a_new_one_at_once),
        IN_SCENE(a_worker_cannot_hold_up_the_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
