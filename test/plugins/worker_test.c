/* SPDX-License-Identifier: MIT */
/*
 * Real workers with a plugin that dies, hangs, or keeps awake (fragile.c): what becomes of its
 * questions, of the plugin and of its file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/log.h"
#include "fragile_ids.h"
#include "leaks.h"
#include "platform/file.h"
#include "platform/sandbox.h"
#include "platform/system.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap_skip.h"
#include "test_system.h"

#define CRASH_WAIT_MS 50 /* instead of a second, where a test crashes again and again */

static scene s;
static unsigned error_lines; /* of the plugin's */
static char last_error_line[2000];

static void keep_line(void *data, int level, const char *line)
{
    (void)data;
    if (level != RJ_LOG_ERROR || !strstr(line, "|plugin."))
        return;
    error_lines++;
    snprintf(last_error_line, sizeof last_error_line, "%s", line);
}

static int setup(void **state)
{
    (void)state;
    scene_open(&s);
    if (!scene_in_worker())
        scene_add_worker(&s);
    error_lines = 0;
    rj_log_set_listener(keep_line, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&s);
    rj_log_set_listener(NULL, NULL);
    if (leaks_child()) {
        print_message("# a process is left\n");
        return 1;
    }
    return 0;
}

static void add_fragile(void)
{
    static const char *const checks[] = {FRAGILE_CHECK_IDS, NULL};
    char extra[1000] = ", \"capabilities\": [\"spawn\"], \"checks\": [";
    for (size_t i = 0; checks[i]; i++) {
        size_t used = strlen(extra);
        snprintf(extra + used, sizeof extra - used, "%s\"%s\"", i ? ", " : "", checks[i]);
    }
    strncat(extra, "]", sizeof extra - strlen(extra) - 1);
    scene_add(&s, false, "fragile", "fragile", "\"rj.check/1\"", extra);
    s.policy = json_pack("{s:{s:[s]}}", "fragile", "Grant", "spawn");
}

static void load(void)
{
    add_fragile();
    scene_load(&s);
}

/* ---- Looking at it --------------------------------------------------------------------------- */

static json_int_t worker_number(const char *member)
{
    json_t *worker = scene_describe(&s, "fragile", "worker");
    assert_non_null(worker);
    json_int_t number = json_integer_value(json_object_get(worker, member));
    json_decref(worker);
    return number; /* 0: there is none */
}

static void wait_for_end(void)
{
    uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
    while (worker_number("pid") && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(s.loop, 20);
    assert_int_equal(worker_number("pid"), 0);
}

static void assert_answer(const heard *h, rj_status status, const char *words)
{
    if (h->answers != 1 || h->status != status || !strstr(h->message, words))
        fail_msg("answered %d: %s", (int)h->status, h->message);
}

static void ask(const char *check, rj_status status, const char *words)
{
    heard h;
    scene_evaluate(&s, check, PATIENCE_MS, &h);
    if (h.status != status || !strstr(h.message, words))
        fail_msg("%s: answered %d: %s", check, (int)h.status, h.message);
    scene_forget(&h);
}

/* As an administrator does: what went before is forgotten. */
static void forgive(void)
{
    rj_error err = RJ_ERROR_NONE;
    if (rj_runtime_set_quarantined(s.runtime, "fragile", true, &err) ||
        rj_runtime_set_quarantined(s.runtime, "fragile", false, &err))
        fail_msg("%s", err.text);
}

static void assert_state(const char *id, const char *expected, const char *words)
{
    json_t *state = scene_describe(&s, id, "state");
    json_t *reason = scene_describe(&s, id, "reason");
    if (!state || strcmp(json_string_value(state), expected) != 0 ||
        !strstr(json_string_value(reason), words))
        fail_msg("%s is %s: %s", id, state ? json_string_value(state) : "absent",
                 reason ? json_string_value(reason) : "");
    json_decref(state);
    json_decref(reason);
}

/* ---- Crashes --------------------------------------------------------------------------------- */

static void a_crash_is_told_to_each_question_by_how_far_it_was(void **state)
{
    static const char *const checks[] = {"busy", "lane", "late-abort", "fine"};
    heard h[4];
    (void)state;
    load();
    ask("fine", RJ_OK, "");
    for (size_t i = 0; i < 4; i++) {
        rj_question question = scene_question(&h[i], PATIENCE_MS);
        if (i == 3) /* its worker's loop sleeps by then: this one stays in the socket */
            scene_turn_for(&s, 150);
        rj_runtime_evaluate(s.runtime, checks[i], &question);
    }
    for (size_t i = 0; i < 4; i++)
        scene_wait(&s, &h[i]);
    for (size_t i = 0; i < 3; i++)
        assert_answer(&h[i], RJ_E_ABANDONED,
                      "fragile: its worker crashed with signal 6 (Aborted); what was done is");
    assert_answer(&h[3], RJ_E_NOT_STARTED,
                  "its worker crashed with signal 6 (Aborted) before this was begun");
    wait_for_end();
    assert_int_equal(error_lines, 1);
    assert_non_null(strstr(last_error_line, "crashed with signal 6 (Aborted)"));
    assert_int_equal(worker_number("crashes"), 1);
}

static void wherever_its_code_crashes_the_reason_is_told(void **state)
{
    static const struct {
        const char *check;
        const char *words;
    } ways[] = {
        {"abort", "crashed with signal 6 (Aborted)"},
        {"wild", "crashed with signal 11 (Segmentation fault)"},
        {"exit", "ended by itself with code 3"},
        {"abort-lane", "crashed with signal 6 (Aborted)"},
        {"abort-timer", "crashed with signal 6 (Aborted)"},
    };
    (void)state;
    load();
    ask("fine", RJ_OK, "");
    unsigned descriptors = leaks_descriptors();
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        error_lines = 0;
        ask(ways[i].check, RJ_E_ABANDONED, ways[i].words);
        wait_for_end();
        assert_int_equal(error_lines, 1);
        assert_non_null(strstr(last_error_line, ways[i].words));
        assert_false(leaks_child());
        assert_in_range(leaks_descriptors(), 0, descriptors);
        json_t *last = scene_describe(&s, "fragile", "last_error");
        assert_non_null(strstr(json_string_value(last), ways[i].words));
        json_decref(last);
        forgive();
        ask("fine", RJ_OK, "");
    }
}

static void a_crash_in_create_is_told_before_anything_was_begun(void **state)
{
    heard h;
    (void)state;
    scene_add(&s, false, "case", "case-create-crashes", "\"rj.check/1\"",
              ", \"capabilities\": [], \"checks\": [\"case\"]");
    scene_load(&s);
    assert_state("case", "ready", "");
    scene_evaluate(&s, "case", PATIENCE_MS, &h);
    assert_answer(&h, RJ_E_NOT_STARTED,
                  "its worker crashed with signal 6 (Aborted) while it was being started");
    assert_state("case", "ready", "");
}

static void a_crash_while_it_ends_is_told_and_nothing_is_left(void **state)
{
    static const char *const ways[] = {"arm-stop", "arm-destroy"};
    (void)state;
    load();
    for (size_t i = 0; i < 2; i++) {
        if (i)
            scene_load(&s);
        error_lines = 0;
        ask(ways[i], RJ_OK, "");
        assert_true(scene_unload(&s));
        assert_int_equal(error_lines, 1);
        assert_non_null(strstr(last_error_line, "crashed with signal 6 (Aborted)"));
        assert_false(leaks_child());
    }
}

static const char three_crashes[] =
    "3 crashes within ten minutes; the last time its worker crashed with signal 6 (Aborted)";

static void crash_three_times(void)
{
    static const uint64_t waits[] = {0, CRASH_WAIT_MS, 10 * CRASH_WAIT_MS};
    heard h;
    for (size_t i = 0; i < 3; i++) {
        uint64_t before = rj_clock_monotonic_ms();
        scene_evaluate(&s, "abort", PATIENCE_MS, &h);
        assert_answer(&h, RJ_E_ABANDONED, "crashed with signal 6");
        assert_true(rj_clock_monotonic_ms() - before >= waits[i] / 2);
        wait_for_end();
    }
    assert_state("fragile", "quarantined", three_crashes);
    assert_state("fragile", "quarantined", "by the agent since");
    ask("fine", RJ_E_NOT_FOUND, three_crashes);
}

static void three_crashes_set_the_file_aside_until_it_is_cleared(void **state)
{
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    s.crash_wait_ms = CRASH_WAIT_MS;
    load();
    crash_three_times();
    assert_true(scene_unload(&s));
    scene_load(&s);
    assert_state("fragile", "quarantined", three_crashes);
    ask("fine", RJ_E_NOT_FOUND, three_crashes);
    if (rj_runtime_set_quarantined(s.runtime, "fragile", false, &err))
        fail_msg("%s", err.text);
    ask("fine", RJ_OK, "");
}

static void in_a_session_three_crashes_set_the_file_aside_until_the_session_ends(void **state)
{
    (void)state;
    scene_close(&s);
    scene_open_as(&s, RJ_ROLE_SESSION);
    if (!scene_in_worker())
        scene_add_worker(&s);
    s.crash_wait_ms = CRASH_WAIT_MS;
    load();
    crash_three_times();
    assert_state("fragile", "quarantined", "(Aborted); it ends with this session");
    assert_int_equal(memory_kv_count(&s.memory, ""), 0);
    assert_true(scene_unload(&s));
    scene_load(&s);
    ask("fine", RJ_OK, "");
}

/* ---- Hanging --------------------------------------------------------------------------------- */

static void code_that_hangs_is_killed_and_the_next_question_is_answered(void **state)
{
    static const char *const ways[] = {"hang-loop", "hang-lane"};
    heard h;
    (void)state;
    load();
    ask("fine", RJ_OK, "");
    for (size_t i = 0; i < 2; i++) {
        error_lines = 0;
        uint64_t before = rj_clock_monotonic_ms();
        scene_evaluate(&s, ways[i], 300, &h);
        assert_answer(&h, RJ_E_ABANDONED, "no answer within the deadline");
        assert_in_range(rj_clock_monotonic_ms() - before, 300, PATIENCE_MS);
        wait_for_end();
        assert_int_equal(error_lines, 1);
        assert_non_null(strstr(last_error_line, "nor when cancelled, to \"evaluate hang-"));
        ask("fine", RJ_OK, "");
    }
    assert_int_equal(worker_number("crashes"), 0);
    assert_int_equal(worker_number("starts"), 3);
}

static void a_question_behind_one_that_hangs_was_not_started(void **state)
{
    heard first;
    heard second;
    (void)state;
    load();
    ask("fine", RJ_OK, "");
    rj_question question = scene_question(&first, 60000);
    rj_runtime_evaluate(s.runtime, "hang-loop", &question);
    scene_turn_for(&s, 50);
    scene_evaluate(&s, "fine", 200, &second);
    assert_answer(&second, RJ_E_NOT_STARTED, "before this was begun; asking again is safe");
    scene_wait(&s, &first);
    assert_answer(&first, RJ_E_ABANDONED, "what was done is unknown");
}

/* ---- Sleep ----------------------------------------------------------------------------------- */

static void a_worker_without_work_ends_and_comes_back_with_the_next_question(void **state)
{
    (void)state;
    s.worker_idle_ms = 100;
    load();
    scene_turn_for(&s, 50);
    assert_int_equal(worker_number("starts"), 0); /* nobody has asked yet */
    ask("fine", RJ_OK, "");
    assert_true(worker_number("pid") > 0);
    wait_for_end();
    ask("fine", RJ_OK, "");
    assert_int_equal(worker_number("starts"), 2);
    assert_int_equal(worker_number("crashes"), 0);
    assert_int_equal(error_lines, 0);
}

static void a_timer_or_a_child_keeps_a_worker_awake(void **state)
{
    (void)state;
    s.worker_idle_ms = 100;
    load();
    ask("awake", RJ_OK, "");
    scene_turn_for(&s, 500);
    assert_true(worker_number("pid") > 0);
    ask("tired", RJ_OK, "");
    wait_for_end();
    ask("short-child", RJ_OK, ""); /* takes longer than it may idle */
    wait_for_end();
    assert_int_equal(worker_number("starts"), 2);
    assert_int_equal(error_lines, 0);
}

static void a_notice_wakes_a_worker_that_had_asked_for_it(void **state)
{
    heard h;
    (void)state;
    s.worker_idle_ms = 200;
    load();
    json_t *document = json_object();
    rj_runtime_publish(s.runtime, "host.test", document);
    scene_turn_for(&s, 50);
    assert_int_equal(worker_number("starts"), 0); /* nobody has asked for it yet */
    ask("fine", RJ_OK, "");
    wait_for_end();
    rj_runtime_publish(s.runtime, "host.other", document);
    scene_turn_for(&s, 50);
    assert_int_equal(worker_number("pid"), 0);
    rj_runtime_publish(s.runtime, "host.test.woken", document);
    json_decref(document);
    uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
    while (worker_number("starts") < 2 && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(s.loop, 20);
    scene_evaluate(&s, "heard", PATIENCE_MS, &h);
    assert_string_equal(json_string_value(json_object_get(h.result, "summary")), "host.test.woken");
    scene_forget(&h);
    assert_int_equal(worker_number("starts"), 2);
}

static void new_settings_reach_a_worker_awake_or_asleep(void **state)
{
    static const char *const colours[] = {"green", "blue"};
    (void)state;
    s.worker_idle_ms = 300;
    load();
    ask("fine", RJ_OK, "");
    for (size_t i = 0; i < 2; i++) {
        heard h;
        if (i)
            wait_for_end();
        json_t *policy = json_pack("{s:{s:[s], s:{s:s}}}", "fragile", "Grant", "spawn", "Settings",
                                   "Colour", colours[i]);
        rj_runtime_configure(s.runtime, policy);
        json_decref(policy);
        scene_evaluate(&s, "config", PATIENCE_MS, &h);
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(h.result, "settings"), "Colour")),
            colours[i]);
        scene_forget(&h);
    }
}

/* ---- The core's own death -------------------------------------------------------------------- */

#define TOLD "%s/told"

/* In a process of its own: asks, tells the pids of the worker and of its child, and hangs. */
static int be_a_core(const char *folder)
{
    static heard h;
    long pids[2] = {0, 0};
    char path[600];
    char text[400];
    rj_log_set_listener(NULL, NULL);
    rj_question question = scene_question(&h, 60000);
    scene_open(&s);
    scene_add_worker(&s);
    load();
    rj_runtime_evaluate(s.runtime, "child", &question);
    for (int i = 0; i < 1000 && !(pids[0] && pids[1]); i++) {
        rj_loop_turn(s.loop, 20);
        pids[0] = (long)worker_number("pid");
        pids[1] = pids[0] ? leaks_other_child(pids[0]) : 0;
    }
    snprintf(path, sizeof path, TOLD, folder);
    int length = snprintf(text, sizeof text, "%ld %ld %s", pids[0], pids[1], s.root);
    if (rj_file_write(path, text, (size_t)length, 0644, NULL) != RJ_OK)
        return 1;
    for (;;)
        test_sleep_ms(1000);
}

static void
when_the_core_is_killed_its_workers_and_their_children_are_gone_within_a_second(void **state)
{
    long pids[2] = {0, 0};
    char folder[TEST_FOLDER_MAX];
    char path[600];
    char root[400] = "";
    (void)state;
    assert_true(test_folder("test", folder, sizeof folder));
    snprintf(path, sizeof path, TOLD, folder);
    intptr_t core = test_child_start("core", folder);
    assert_true(core >= 0);
    uint64_t limit = rj_clock_monotonic_ms() + 30000;
    while (!test_exists(path) && rj_clock_monotonic_ms() < limit)
        test_sleep_ms(20);
    char *text = test_read_file(path, NULL);
    assert_non_null(text);
    assert_int_equal(sscanf(text, "%ld %ld %399[^\n]", &pids[0], &pids[1], root), 3);
    free(text);
    bool were_there = pids[0] && pids[1] && leaks_process(pids[0]) && leaks_process(pids[1]);
    test_child_kill(core);
    test_child_wait(core);
    limit = rj_clock_monotonic_ms() + 1000;
    while ((leaks_process(pids[0]) || leaks_process(pids[1])) && rj_clock_monotonic_ms() < limit)
        test_sleep_ms(5);
    bool worker = leaks_process(pids[0]);
    bool child = leaks_process(pids[1]);
    rj_dir_remove(root, NULL);
    rj_dir_remove(folder, NULL);
    if (!were_there || worker || child)
        fail_msg("worker %ld, child %ld: %s%s%s", pids[0], pids[1],
                 were_there ? "" : "not both were there", worker ? "the worker lives on, " : "",
                 child ? "the child lives on" : "");
}

/* ---- The file -------------------------------------------------------------------------------- */

static void the_file_that_was_checked_is_the_file_that_runs(void **state)
{
    char path[500];
    char other[500];
    char *bytes = NULL;
    size_t length = 0;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    s.crash_wait_ms = CRASH_WAIT_MS;
    load();
    snprintf(path, sizeof path, "%s/fragile" TEST_SUFFIX, scene_folder(&s, false, "fragile"));
    snprintf(other, sizeof other, "%s/case-create-crashes" TEST_SUFFIX, TEST_MODULES);
    if (rj_file_read(other, 16u << 20, &bytes, &length, &err))
        fail_msg("%s", err.text);
    rj_file_write(path, bytes, length, 0644, NULL); /* refused where an open file is locked */
    rj_free(bytes);
    ask("fine", RJ_OK, "");
    ask("abort", RJ_E_ABANDONED, "signal 6");
    ask("fine", RJ_OK, ""); /* and each time anew */
    assert_int_equal(worker_number("starts"), 2);
}

static void what_the_code_offers_must_be_what_the_manifest_lists(void **state)
{
    static const struct {
        const char *module;
        const char *checks;
        const char *check;
        const char *words;
    } ways[] = {
        {"case-good", ", \"capabilities\": [], \"checks\": [\"another\"]", "another",
         "its manifest offers \"another\", its code does not"},
        {"case-two-ids", ", \"capabilities\": [], \"checks\": [\"case\"]", "case",
         "its code offers \"second\", its manifest does not"},
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        error_lines = 0;
        scene_add(&s, false, "case", ways[i].module, "\"rj.check/1\"", ways[i].checks);
        scene_load(&s);
        ask(ways[i].check, RJ_E_NOT_STARTED, ways[i].words);
        scene_turn_for(&s, 100);
        ask(ways[i].check, RJ_E_NOT_STARTED, "it is tried again in");
        assert_int_equal(error_lines, 1);
        assert_true(scene_unload(&s));
    }
}

static void a_folder_that_others_can_change_is_refused(void **state)
{
    char folder[400];
    char away[420];
    (void)state;
    add_fragile();
    snprintf(folder, sizeof folder, "%s", scene_folder(&s, false, "fragile"));
    if (!test_let_others_write(folder, true))
        tap_skip("this system does not keep that others may write");
    scene_load(&s);
    assert_state("fragile", "refused", "may be written by ");
    ask("fine", RJ_E_NOT_FOUND, "no loaded plugin offers the check");
    assert_true(scene_unload(&s));
    assert_true(test_let_others_write(folder, false));
    snprintf(away, sizeof away, "%s/elsewhere", s.root);
    assert_int_equal(rename(folder, away), 0);
    if (!test_link(away, folder))
        tap_skip("no link to a folder can be made here");
    scene_load(&s);
    assert_state("fragile", "refused", "is a symbolic link");
}

static void a_file_that_its_worker_may_not_read_is_told(void **state)
{
    char path[500];
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    add_fragile();
    snprintf(path, sizeof path, "%s/fragile" TEST_SUFFIX, scene_folder(&s, false, "fragile"));
    assert_int_equal(rj_file_read(path, 16u << 20, &bytes, &length, NULL), RJ_OK);
    assert_int_equal(rj_file_write(path, bytes, length, 0600, NULL), RJ_OK);
    rj_free(bytes);
    scene_load(&s);
    heard h;
    scene_evaluate(&s, "fine", PATIENCE_MS, &h);
    if (rj_system_is_root() && rj_sandbox_has_accounts()) /* then they are nobody */
        assert_answer(&h, RJ_E_NOT_STARTED, "ermission");
    else
        assert_answer(&h, RJ_OK, "");
    scene_forget(&h);
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(int argc, char **argv)
{
    static const test_child children[] = {{"core", be_a_core}, {NULL, NULL}};
    int code = test_child_main(argc, argv, children);
    if (code >= 0)
        return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            when_the_core_is_killed_its_workers_and_their_children_are_gone_within_a_second),
        IN_SCENE(a_crash_is_told_to_each_question_by_how_far_it_was),
        IN_SCENE(wherever_its_code_crashes_the_reason_is_told),
        IN_SCENE(a_crash_in_create_is_told_before_anything_was_begun),
        IN_SCENE(a_crash_while_it_ends_is_told_and_nothing_is_left),
        IN_SCENE(three_crashes_set_the_file_aside_until_it_is_cleared),
        IN_SCENE(in_a_session_three_crashes_set_the_file_aside_until_the_session_ends),
        IN_SCENE(code_that_hangs_is_killed_and_the_next_question_is_answered),
        IN_SCENE(a_question_behind_one_that_hangs_was_not_started),
        IN_SCENE(a_worker_without_work_ends_and_comes_back_with_the_next_question),
        IN_SCENE(a_timer_or_a_child_keeps_a_worker_awake),
        IN_SCENE(a_notice_wakes_a_worker_that_had_asked_for_it),
        IN_SCENE(new_settings_reach_a_worker_awake_or_asleep),
        IN_SCENE(the_file_that_was_checked_is_the_file_that_runs),
        IN_SCENE(what_the_code_offers_must_be_what_the_manifest_lists),
        IN_SCENE(a_folder_that_others_can_change_is_refused),
        IN_SCENE(a_file_that_its_worker_may_not_read_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
