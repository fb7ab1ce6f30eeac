/* SPDX-License-Identifier: MIT */
/*
 * Workers that break the rules of the wire (rogue.c).  What is asked is answered truly, the worker is
 * ended with one line in the log that says why, and the core neither waits nor grows nor leaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "leaks.h"
#include "platform/file.h"
#include "platform/system.h"
#include "scene.h"
#include "tap_skip.h"
#include "test_system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN_MAX_MS 500   /* of work in one turn of a loop that does not wait */
#define PATIENCE_MS 30000 /* until a worker has started and answered, while the machine is busy */

static scene s;
static unsigned lines, error_lines, descriptors;
static char last_error_line[2000];

/* ---- What the core looks like ---------------------------------------------------------------- */

static void keep_line(void *data, int level, const char *line)
{
    (void)data;
    lines++;
    if (level != RJ_LOG_ERROR || !strstr(line, "|plugin.rogue."))
        return;
    error_lines++;
    snprintf(last_error_line, sizeof last_error_line, "%s", line);
}

static json_t *describe_worker(const char *behaviour)
{
    char id[80];
    snprintf(id, sizeof id, "rogue.%s", behaviour);
    json_t *worker = scene_describe(&s, id, "worker");
    assert_non_null(worker);
    return worker;
}

static bool has_process(const char *behaviour)
{
    json_t *worker = describe_worker(behaviour);
    bool has = json_object_get(worker, "pid") != NULL;
    json_decref(worker);
    return has;
}

static void wait_for_end(const char *behaviour)
{
    uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
    while (has_process(behaviour) && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(s.loop, 20);
    if (has_process(behaviour))
        fail_msg("the worker of rogue.%s is still there", behaviour);
}

static void assert_nothing_is_left(const char *behaviour)
{
    wait_for_end(behaviour);
    if (leaks_descriptors() != descriptors)
        fail_msg("rogue.%s: %u descriptors, there were %u", behaviour, leaks_descriptors(),
                 descriptors);
    if (leaks_child())
        fail_msg("rogue.%s: a process is left", behaviour);
}

/* ---- The scene ------------------------------------------------------------------------------- */

static void add_rogue(const char *behaviour)
{
    char id[80], extra[300];
    snprintf(id, sizeof id, "rogue.%s", behaviour);
    snprintf(extra, sizeof extra,
             ", \"capabilities\": [\"spawn\", \"secret\"], \"checks\": [\"%s\"]", behaviour);
    scene_add(&s, false, id, "case-good", "\"rj.check/1\"", extra);
}

static void grant(const char *id, const char *capability)
{
    if (!s.policy)
        s.policy = json_object();
    json_object_set_new(s.policy, id, json_pack("{s:[s]}", "Grant", capability));
}

static void load(void)
{
    scene_load(&s);
    descriptors = leaks_descriptors();
}

static int setup(void **state)
{
    (void)state;
    scene_open(&s);
    s.worker_start_ms = PATIENCE_MS;
    scene_add_program(&s, TEST_ROGUE);
    error_lines = lines = 0;
    *last_error_line = '\0';
    rj_log_set_listener(keep_line, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&s);
    rj_log_set_listener(NULL, NULL);
    return 0;
}

static void ask(const char *behaviour, int64_t deadline_ms, heard *h)
{
    error_lines = 0;
    *last_error_line = '\0';
    scene_evaluate(&s, behaviour, deadline_ms, h);
    scene_forget(h);
}

static void assert_answer(const char *behaviour, const heard *h, rj_status status,
                          const char *words)
{
    char beginning[100];
    snprintf(beginning, sizeof beginning, "rogue.%s: ", behaviour);
    if (h->status != status || !strstr(h->message, words) ||
        strncmp(h->message, beginning, strlen(beginning)) != 0)
        fail_msg("rogue.%s: answered %d: %s", behaviour, (int)h->status, h->message);
}

static void assert_end(const char *behaviour, const char *words, unsigned crashes)
{
    wait_for_end(behaviour);
    if (error_lines != 1 || !strstr(last_error_line, words))
        fail_msg("rogue.%s: %u lines, the last is %s", behaviour, error_lines, last_error_line);
    json_t *worker = describe_worker(behaviour);
    const char *end = json_string_value(json_object_get(worker, "last_end"));
    if (!end || !strstr(end, words))
        fail_msg("rogue.%s: its last end is %s", behaviour, end ? end : "not told");
    if (json_integer_value(json_object_get(worker, "crashes")) != crashes)
        fail_msg("rogue.%s: another number of crashes than %u", behaviour, crashes);
    json_decref(worker);
    assert_nothing_is_left(behaviour);
}

typedef struct offence {
    const char *behaviour;
    rj_status status;  /* of the question that met it */
    const char *words; /* in the answer, in the log and in the administrator's view */
    unsigned crashes;
} offence;

static void commit(const offence *offences, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_rogue(offences[i].behaviour);
    load();
    for (size_t i = 0; i < count; i++) {
        const offence *o = &offences[i];
        heard h;
        ask(o->behaviour, PATIENCE_MS, &h);
        assert_answer(o->behaviour, &h, o->status, o->words);
        assert_end(o->behaviour, o->words, o->crashes);
    }
}

#define COMMIT(OFFENCES) commit(OFFENCES, sizeof(OFFENCES) / sizeof(OFFENCES)[0])

/* ---- The wire -------------------------------------------------------------------------------- */

static void what_is_no_frame_ends_the_worker_and_its_question_is_abandoned(void **state)
{
    static const offence offences[] = {
        {"garbage", RJ_E_ABANDONED, "was killed: it sent what is no message", 1},
        {"oversize", RJ_E_ABANDONED, "was killed: it sent a message larger than allowed", 1},
        {"reserved", RJ_E_ABANDONED, "was killed: it sent what is no message", 1},
        {"no-type", RJ_E_ABANDONED, "was killed: it sent what is no message", 1},
        {"cores-type", RJ_E_ABANDONED, "was killed: it sent what is no message", 1},
        {"too-much", RJ_E_ABANDONED, "was killed: it sent an answer to what it was not asked", 1},
        {"nul-inside", RJ_E_ABANDONED, "was killed: it sent an answer to what it was not asked", 1},
        {"number-and-more", RJ_E_ABANDONED, "it sent a number with something behind it", 1},
        {"half-frame", RJ_E_ABANDONED, "ended by itself with code 0", 1},
    };
    (void)state;
    COMMIT(offences);
}

static void a_frame_out_of_turn_ends_the_worker(void **state)
{
    static const offence offences[] = {
        {"begun-other", RJ_E_NOT_STARTED, "word of an operation that it was not given", 1},
        {"begun-twice", RJ_E_ABANDONED, "word of an operation that it was not given", 1},
        {"finish-other", RJ_E_NOT_STARTED, "an answer to what it was not asked", 1},
        {"finish-none", RJ_E_ABANDONED, "an answer to what it was not asked", 1},
        {"progress-first", RJ_E_NOT_STARTED, "progress of an operation that it has not begun", 1},
        {"hello-twice", RJ_E_ABANDONED, "a greeting that is none", 1},
        {"ready-twice", RJ_E_ABANDONED, "a readiness out of turn", 1},
        {"stopped-unasked", RJ_E_ABANDONED, "word of an end that nobody asked for", 1},
        {"subscribe-none", RJ_E_ABANDONED, "a broken subscription", 1},
    };
    (void)state;
    COMMIT(offences);
}

static void a_worker_that_begins_wrong_is_not_asked(void **state)
{
    static const offence offences[] = {
        {"ready-first", RJ_E_NOT_STARTED, "something before its greeting", 1},
        {"log-first", RJ_E_NOT_STARTED, "something before its greeting", 1},
        {"wrong-magic", RJ_E_NOT_STARTED, "a greeting that is none", 1},
        {"wrong-version", RJ_E_NOT_STARTED, "of another version than the agent", 0},
    };
    static const offence late[] = {
        {"never-greets", RJ_E_NOT_STARTED, "was not ready within 1500 ms", 0},
        {"never-ready", RJ_E_NOT_STARTED, "was not ready within 1500 ms", 0},
    };
    (void)state;
    COMMIT(offences);
    assert_true(scene_unload(&s));
    s.worker_start_ms = 1500;
    COMMIT(late);
}

static void a_call_that_is_none_ends_the_worker(void **state)
{
    static const offence offences[] = {
        {"call-none", RJ_E_ABANDONED, "what is no message", 1},
        {"call-frame", RJ_E_ABANDONED, "what is no message", 1},
        {"call-broken", RJ_E_ABANDONED, "a call that is none", 1},
        {"query-long", RJ_E_ABANDONED, "a call that is none", 1},
        {"call-twice", RJ_E_ABANDONED, "it asked again before it was answered", 1},
    };
    (void)state;
    COMMIT(offences);
}

static void after_its_answer_a_second_one_ends_the_worker_only(void **state)
{
    heard h;
    (void)state;
    add_rogue("finish-twice");
    load();
    ask("finish-twice", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    assert_end("finish-twice", "an answer to what it was not asked", 1);
}

static void what_it_began_with_its_last_words_is_abandoned_too(void **state)
{
    static const char *const ways[] = {"begun-last", "finish-last"};
    (void)state;
    for (size_t i = 0; i < 2; i++)
        add_rogue(ways[i]);
    load();
    for (size_t i = 0; i < 2; i++) {
        heard h[2];
        rj_question first = scene_question(&h[0], PATIENCE_MS),
                    second = scene_question(&h[1], PATIENCE_MS);
        rj_runtime_evaluate(s.runtime, ways[i], &first);
        rj_runtime_evaluate(s.runtime, ways[i], &second);
        for (size_t j = 0; j < 2; j++) {
            scene_wait(&s, &h[j]);
            assert_answer(ways[i], &h[j], RJ_E_ABANDONED, "a greeting that is none");
        }
    }
}

static void calls_beyond_the_plugins_rights_are_refused_and_harm_nothing(void **state)
{
    static const offence calls[] = {
        {"spawn-ungranted", RJ_E_FAILED, "the call gave denied", 0},
        {"spawn-other-op", RJ_E_FAILED, "the call gave not found", 0},
        {"secret-none", RJ_E_FAILED, "the call gave not found", 0},
        {"secret-other-op", RJ_E_FAILED, "the call gave not found", 0},
        {"kv-elsewhere", RJ_E_FAILED, "the call gave invalid", 0},
        {"publish-host", RJ_E_FAILED, "the call gave denied", 0},
    };
    (void)state;
    grant("rogue.spawn-other-op", "spawn");
    grant("rogue.secret-none", "secret");
    grant("rogue.secret-other-op", "secret");
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        add_rogue(calls[i].behaviour);
    load();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        heard h;
        ask(calls[i].behaviour, PATIENCE_MS, &h);
        assert_answer(calls[i].behaviour, &h, calls[i].status, calls[i].words);
        assert_int_equal(error_lines, 0);
        assert_true(has_process(calls[i].behaviour));
    }
}

static void a_strange_answer_is_made_plain(void **state)
{
    heard h;
    (void)state;
    add_rogue("words"), add_rogue("status");
    load();
    ask("words", PATIENCE_MS, &h);
    assert_answer("words", &h, RJ_E_FAILED, "%n");
    for (const char *c = h.message; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    ask("status", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_FAILED);
}

static void an_answer_after_the_cancellation_is_an_answer(void **state)
{
    heard h;
    (void)state;
    add_rogue("after-cancel");
    load();
    rj_question question = scene_question(&h, PATIENCE_MS);
    rj_question_id id = rj_runtime_evaluate(s.runtime, "after-cancel", &question);
    uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
    while (!has_process("after-cancel") && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(s.loop, 10);
    scene_turn_for(&s, 100);
    rj_runtime_cancel(s.runtime, id);
    scene_wait(&s, &h);
    scene_forget(&h);
    assert_true(h.status == RJ_OK || h.status == RJ_E_CANCELLED);
    assert_int_equal(error_lines, 0);
}

/* ---- Death ----------------------------------------------------------------------------------- */

static void death_at_any_moment_is_told_with_what_came_of_the_question(void **state)
{
    static const offence offences[] = {
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
    grant("rogue.die-with-secret", "secret");
    COMMIT(offences);
}

static void a_program_that_cannot_be_executed_is_named(void **state)
{
    char program[300];
    heard h;
    (void)state;
    snprintf(program, sizeof program, "%s", rj_path(s.paths, RJ_PATH_WORKER));
    add_rogue("well");
    add_rogue("hang");
    load();
    assert_true(test_write_file(program, "no program", 10));
    ask("well", PATIENCE_MS, &h);
    assert_answer("well", &h, RJ_E_NOT_STARTED, "cannot be started: ");
    assert_answer("well", &h, RJ_E_NOT_STARTED, program);
    assert_nothing_is_left("well");
    assert_true(test_remove(program));
    ask("hang", PATIENCE_MS, &h);
    assert_answer("hang", &h, RJ_E_NOT_STARTED, "is missing, in which it would run");
    assert_nothing_is_left("hang");
}

static void what_a_worker_leaves_behind_in_its_group_is_killed_with_it(void **state)
{
    heard h;
    (void)state;
    add_rogue("grandchild");
    load();
    ask("grandchild", PATIENCE_MS, &h);
    if (strstr(h.message, "child 0"))
        tap_skip("workers of this system cannot start any");
    assert_answer("grandchild", &h, RJ_E_ABANDONED, "its last words: child ");
    assert_end("grandchild", "ended by itself with code 4", 1);
    long child = strtol(strstr(h.message, "child ") + 6, NULL, 10);
    scene_turn_for(&s, 100);
    assert_false(leaks_process(child));
}

static void the_next_question_waits_for_the_back_off_and_gets_a_new_worker(void **state)
{
    heard first, second;
    (void)state;
    add_rogue("die-begun");
    load();
    ask("die-begun", PATIENCE_MS, &first);
    assert_end("die-begun", "crashed with signal 11", 1);
    uint64_t before = rj_clock_monotonic_ms();
    rj_question question = scene_question(&second, PATIENCE_MS);
    rj_runtime_evaluate(s.runtime, "die-begun", &question);
    scene_turn_for(&s, 50);
    json_t *worker = describe_worker("die-begun");
    assert_string_equal(json_string_value(json_object_get(worker, "state")), "back-off");
    assert_in_range(json_integer_value(json_object_get(worker, "retry_in_ms")), 1, 1000);
    json_decref(worker);
    scene_wait(&s, &second);
    assert_int_equal(second.status, RJ_E_ABANDONED);
    assert_in_range(rj_clock_monotonic_ms() - before, 500, PATIENCE_MS);
    wait_for_end("die-begun");
    worker = describe_worker("die-begun");
    assert_int_equal(json_integer_value(json_object_get(worker, "starts")), 2);
    json_decref(worker);
}

static void a_question_whose_deadline_comes_during_the_back_off_is_not_started(void **state)
{
    heard h;
    (void)state;
    add_rogue("die-begun");
    load();
    ask("die-begun", PATIENCE_MS, &h);
    wait_for_end("die-begun");
    ask("die-begun", 100, &h);
    assert_answer("die-begun", &h, RJ_E_NOT_STARTED, "was not ready before the deadline");
}

static void a_hanging_worker_is_killed_and_the_next_question_gets_a_new_one_at_once(void **state)
{
    heard h;
    (void)state;
    add_rogue("die-begun"), add_rogue("hang");
    load();
    uint64_t before = rj_clock_monotonic_ms();
    ask("die-begun", PATIENCE_MS, &h);
    wait_for_end("die-begun");
    int64_t deadline_ms = 400 + 4 * (int64_t)(rj_clock_monotonic_ms() - before); /* starts in it */
    for (unsigned round = 1; round <= 2; round++) {
        before = rj_clock_monotonic_ms();
        ask("hang", deadline_ms, &h);
        assert_answer("hang", &h, RJ_E_ABANDONED, "no answer within the deadline");
        assert_in_range(rj_clock_monotonic_ms() - before, deadline_ms, deadline_ms + PATIENCE_MS);
        assert_end("hang", "nor when cancelled, to \"evaluate hang\"", 0);
    }
}

/* ---- Stop ------------------------------------------------------------------------------------ */

static void a_worker_cannot_hold_up_the_stop(void **state)
{
    static const offence ways[] = {
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
        add_rogue(ways[i].behaviour);
        s.grace_ms = strcmp(ways[i].behaviour, "die-in-stop") == 0 ? PATIENCE_MS : 150;
        load();
        unsigned before = descriptors;
        ask(ways[i].behaviour, ways[i].status ? 300 : PATIENCE_MS, &h);
        assert_int_equal(h.status, ways[i].status);
        uint64_t began = rj_clock_monotonic_ms();
        assert_true(scene_unload(&s));
        assert_in_range(rj_clock_monotonic_ms() - began, 0, PATIENCE_MS);
        if (*ways[i].words && !strstr(last_error_line, ways[i].words))
            fail_msg("%s: %s", ways[i].behaviour, last_error_line);
        assert_true(leaks_descriptors() <= before);
        assert_false(leaks_child());
        snprintf(id, sizeof id, "rogue.%s", ways[i].behaviour);
        rj_dir_remove(scene_folder(&s, false, id), NULL);
    }
}

/* ---- Floods ---------------------------------------------------------------------------------- */

static void ask_through_flood(const char *behaviour, heard *h)
{
    long before = leaks_resident_mib(), longest = 0;
    error_lines = lines = 0;
    rj_question question = scene_question(h, PATIENCE_MS);
    rj_runtime_evaluate(s.runtime, behaviour, &question);
    uint64_t start = rj_clock_monotonic_ms();
    while (!h->answers && rj_clock_monotonic_ms() < start + PATIENCE_MS) {
        long began = leaks_worked_ms();
        rj_loop_turn(s.loop, 0);
        if (leaks_worked_ms() - began > longest)
            longest = leaks_worked_ms() - began;
    }
    assert_int_equal(h->answers, 1);
    scene_forget(h);
    if (longest > TURN_MAX_MS)
        fail_msg("rogue.%s: one turn of the loop took %ld ms of work", behaviour, longest);
    if (lines > 800 + 60 * (rj_clock_monotonic_ms() - start) / 1000) /* 500, then 50 a second */
        fail_msg("rogue.%s: %u lines in the log", behaviour, lines);
    if (leaks_resident_mib() > before + 32)
        fail_msg("rogue.%s: %ld MiB became %ld", behaviour, before, leaks_resident_mib());
}

static void a_flood_of_frames_or_output_ends_the_worker_and_the_core_stays_awake(void **state)
{
    static const char *const floods[] = {"flood-log",     "flood-log-large", "flood-progress",
                                         "flood-reports", "flood-subscribe", "flood-busy",
                                         "flood-output"};
    size_t count = sizeof floods / sizeof floods[0];
    (void)state;
    for (size_t i = 0; i < count; i++)
        add_rogue(floods[i]);
    load();
    for (size_t i = 0; i < count; i++) {
        heard h;
        const char *words = i + 1 < count ? "far more messages than any plugin needs"
                                          : "prints far more than any plugin needs";
        ask_through_flood(floods[i], &h);
        assert_answer(floods[i], &h, RJ_E_ABANDONED, words);
        assert_end(floods[i], words, 1);
    }
}

static void a_flood_of_notices_is_borne(void **state)
{
    heard h;
    (void)state;
    add_rogue("flood-events");
    load();
    ask_through_flood("flood-events", &h);
    assert_int_equal(h.status, RJ_OK);
    assert_int_equal(error_lines, 0);
}

static void a_worker_that_does_not_read_costs_no_more_than_the_limit(void **state)
{
    enum { COUNT = 14 };
    static heard heard_of[COUNT];
    (void)state;
    scene_add(&s, false, "rogue.never-reads", "case-good", "\"rj.package/1\"",
              ", \"capabilities\": [], \"formats\": [\"rogue-format\"]");
    load();
    char *large = calloc(1, 1 << 20);
    assert_non_null(large);
    memset(large, 'x', (1 << 20) - 1);
    json_t *request = json_pack("{s:s, s:s}", "format", "rogue-format", "large", large);
    long before = leaks_resident_mib();
    for (size_t i = 0; i < COUNT; i++) {
        rj_question question = scene_question(&heard_of[i], 1500);
        rj_runtime_package(s.runtime, RJ_PACKAGE_DETECT, request, &question);
    }
    json_decref(request);
    free(large);
    unsigned refused = 0;
    for (size_t i = 0; i < COUNT; i++) {
        scene_wait(&s, &heard_of[i]);
        refused += heard_of[i].status == RJ_E_LIMIT &&
                   strstr(heard_of[i].message, "too many wait for the plugin's worker");
    }
    assert_in_range(refused, 4, COUNT - 4);
    assert_in_range(leaks_resident_mib(), 0, before + 64);
    assert_nothing_is_left("never-reads");
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(what_is_no_frame_ends_the_worker_and_its_question_is_abandoned),
        IN_SCENE(a_frame_out_of_turn_ends_the_worker),
        IN_SCENE(a_worker_that_begins_wrong_is_not_asked),
        IN_SCENE(a_call_that_is_none_ends_the_worker),
        IN_SCENE(after_its_answer_a_second_one_ends_the_worker_only),
        IN_SCENE(what_it_began_with_its_last_words_is_abandoned_too),
        IN_SCENE(calls_beyond_the_plugins_rights_are_refused_and_harm_nothing),
        IN_SCENE(a_strange_answer_is_made_plain),
        IN_SCENE(an_answer_after_the_cancellation_is_an_answer),
        IN_SCENE(death_at_any_moment_is_told_with_what_came_of_the_question),
        IN_SCENE(a_program_that_cannot_be_executed_is_named),
        IN_SCENE(what_a_worker_leaves_behind_in_its_group_is_killed_with_it),
        IN_SCENE(the_next_question_waits_for_the_back_off_and_gets_a_new_worker),
        IN_SCENE(a_question_whose_deadline_comes_during_the_back_off_is_not_started),
        IN_SCENE(a_hanging_worker_is_killed_and_the_next_question_gets_a_new_one_at_once),
        IN_SCENE(a_worker_cannot_hold_up_the_stop),
        IN_SCENE(a_flood_of_frames_or_output_ends_the_worker_and_the_core_stays_awake),
        IN_SCENE(a_flood_of_notices_is_borne),
        IN_SCENE(a_worker_that_does_not_read_costs_no_more_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
