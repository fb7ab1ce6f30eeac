/* SPDX-License-Identifier: MIT */
/* What workers say against the rules of the wire, and what they ask for beyond their rights (rogue_scene.h). */
#include "rogue_scene.h"

#include "platform/system.h"

static void what_is_no_frame_ends_the_worker_and_its_question_is_abandoned(void **state)
{
    static const rogue_offence offences[] = {
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
    ROGUE_COMMIT(offences);
}

static void a_frame_out_of_turn_ends_the_worker(void **state)
{
    static const rogue_offence offences[] = {
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
    ROGUE_COMMIT(offences);
}

static void a_worker_that_begins_wrong_is_not_asked(void **state)
{
    static const rogue_offence offences[] = {
        {"ready-first", RJ_E_NOT_STARTED, "something before its greeting", 1},
        {"log-first", RJ_E_NOT_STARTED, "something before its greeting", 1},
        {"wrong-magic", RJ_E_NOT_STARTED, "a greeting that is none", 1},
        {"wrong-version", RJ_E_NOT_STARTED, "of another version than the agent", 0},
    };
    static const rogue_offence late[] = {
        {"never-greets", RJ_E_NOT_STARTED, "was not ready within 500 ms", 0},
        {"never-ready", RJ_E_NOT_STARTED, "was not ready within 500 ms", 0},
    };
    (void)state;
    ROGUE_COMMIT(offences);
    assert_true(scene_unload(&rogue));
    rogue.worker_start_ms = 500;
    ROGUE_COMMIT(late);
}

static void a_call_that_is_none_ends_the_worker(void **state)
{
    static const rogue_offence offences[] = {
        {"call-none", RJ_E_ABANDONED, "what is no message", 1},
        {"call-frame", RJ_E_ABANDONED, "what is no message", 1},
        {"call-broken", RJ_E_ABANDONED, "a call that is none", 1},
        {"query-long", RJ_E_ABANDONED, "a call that is none", 1},
        {"call-twice", RJ_E_ABANDONED, "it asked again before it was answered", 1},
    };
    (void)state;
    ROGUE_COMMIT(offences);
}

static void after_its_answer_a_second_one_ends_the_worker_only(void **state)
{
    heard h;
    (void)state;
    rogue_add("finish-twice");
    rogue_load();
    rogue_ask("finish-twice", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    rogue_assert_end("finish-twice", "an answer to what it was not asked", 1);
}

static void what_it_began_with_its_last_words_is_abandoned_too(void **state)
{
    static const char *const ways[] = {"begun-last", "finish-last"};
    (void)state;
    for (size_t i = 0; i < 2; i++)
        rogue_add(ways[i]);
    rogue_load();
    for (size_t i = 0; i < 2; i++) {
        heard h[2];
        rj_question first = scene_question(&h[0], PATIENCE_MS),
                    second = scene_question(&h[1], PATIENCE_MS);
        rj_runtime_evaluate(rogue.runtime, ways[i], &first);
        rj_runtime_evaluate(rogue.runtime, ways[i], &second);
        for (size_t j = 0; j < 2; j++) {
            scene_wait(&rogue, &h[j]);
            rogue_assert_answer(ways[i], &h[j], RJ_E_ABANDONED, "a greeting that is none");
        }
    }
}

static void calls_beyond_the_plugins_rights_are_refused_and_harm_nothing(void **state)
{
    static const rogue_offence calls[] = {
        {"spawn-ungranted", RJ_E_FAILED, "the call gave denied", 0},
        {"spawn-other-op", RJ_E_FAILED, "the call gave not found", 0},
        {"secret-none", RJ_E_FAILED, "the call gave not found", 0},
        {"secret-other-op", RJ_E_FAILED, "the call gave not found", 0},
        {"kv-elsewhere", RJ_E_FAILED, "the call gave invalid", 0},
        {"publish-host", RJ_E_FAILED, "the call gave denied", 0},
    };
    (void)state;
    rogue_grant("rogue.spawn-other-op", "spawn");
    rogue_grant("rogue.secret-none", "secret");
    rogue_grant("rogue.secret-other-op", "secret");
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        rogue_add(calls[i].behaviour);
    rogue_load();
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        heard h;
        rogue_ask(calls[i].behaviour, PATIENCE_MS, &h);
        rogue_assert_answer(calls[i].behaviour, &h, calls[i].status, calls[i].words);
        assert_int_equal(rogue_error_lines, 0);
        assert_true(rogue_has_process(calls[i].behaviour));
    }
}

static void a_strange_answer_is_made_plain(void **state)
{
    heard h;
    (void)state;
    rogue_add("words"), rogue_add("status");
    rogue_load();
    rogue_ask("words", PATIENCE_MS, &h);
    rogue_assert_answer("words", &h, RJ_E_FAILED, "%n");
    for (const char *c = h.message; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
    rogue_ask("status", PATIENCE_MS, &h);
    rogue_assert_answer("status", &h, RJ_E_FAILED, "a status that there is not");
}

static void an_answer_after_the_cancellation_is_an_answer(void **state)
{
    heard h;
    (void)state;
    rogue_add("after-cancel");
    rogue_load();
    rj_question question = scene_question(&h, PATIENCE_MS);
    rj_question_id id = rj_runtime_evaluate(rogue.runtime, "after-cancel", &question);
    uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
    while (!rogue_has_process("after-cancel") && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(rogue.loop, 10);
    scene_turn_for(&rogue, 100);
    rj_runtime_cancel(rogue.runtime, id);
    scene_wait(&rogue, &h);
    scene_forget(&h);
    assert_true(h.status == RJ_OK || h.status == RJ_E_CANCELLED);
    assert_int_equal(rogue_error_lines, 0);
}

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
