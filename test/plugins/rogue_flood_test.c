/* SPDX-License-Identifier: MIT */
/* Workers that pour out messages or output, or take none (rogue_scene.h): the core stays awake and small. */
#include "rogue_scene.h"

#include "leaks.h"
#include "platform/system.h"

#include <stdlib.h>
#include <string.h>

#define TURN_MAX_MS 500 /* of work in one turn of a loop */

static void ask_through_flood(const char *behaviour, heard *h)
{
    long before = leaks_resident_mib(), longest = 0;
    rogue_error_lines = rogue_lines = 0;
    rj_question question = scene_question(h, PATIENCE_MS);
    rj_runtime_evaluate(rogue.runtime, behaviour, &question);
    uint64_t start = rj_clock_monotonic_ms();
    while (!h->answers && rj_clock_monotonic_ms() < start + PATIENCE_MS) {
        long began = leaks_worked_ms();
        rj_loop_turn(rogue.loop, 100);
        if (leaks_worked_ms() - began > longest)
            longest = leaks_worked_ms() - began;
    }
    assert_int_equal(h->answers, 1);
    scene_forget(h);
    if (longest > TURN_MAX_MS)
        fail_msg("rogue.%s: one turn of the loop took %ld ms of work", behaviour, longest);
    if (rogue_lines >
        800 + 60 * (rj_clock_monotonic_ms() - start) / 1000) /* 500, then 50 a second */
        fail_msg("rogue.%s: %u lines in the log", behaviour, rogue_lines);
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
        rogue_add(floods[i]);
    rogue_load();
    for (size_t i = 0; i < count; i++) {
        heard h;
        const char *words = i + 1 < count ? "far more messages than any plugin needs"
                                          : "prints far more than any plugin needs";
        ask_through_flood(floods[i], &h);
        rogue_assert_answer(floods[i], &h, RJ_E_ABANDONED, words);
        rogue_assert_end(floods[i], words, 1);
    }
}

static void a_flood_of_notices_is_borne(void **state)
{
    heard h;
    (void)state;
    rogue_add("flood-events");
    rogue_load();
    ask_through_flood("flood-events", &h);
    assert_int_equal(h.status, RJ_OK);
    assert_int_equal(rogue_error_lines, 0);
}

static void a_worker_that_does_not_read_costs_no_more_than_the_limit(void **state)
{
    enum { COUNT = 14 };
    static heard heard_of[COUNT];
    (void)state;
    scene_add(&rogue, false, "rogue.never-reads", "case-good", "\"rj.package/1\"",
              ", \"capabilities\": [], \"formats\": [\"rogue-format\"]");
    rogue_load();
    char *large = calloc(1, 1 << 20);
    assert_non_null(large);
    memset(large, 'x', (1 << 20) - 1);
    json_t *request = json_pack("{s:s, s:s}", "format", "rogue-format", "large", large);
    long before = leaks_resident_mib();
    for (size_t i = 0; i < COUNT; i++) {
        rj_question question = scene_question(&heard_of[i], 1500);
        rj_runtime_package(rogue.runtime, RJ_PACKAGE_DETECT, request, &question);
    }
    json_decref(request);
    free(large);
    unsigned refused = 0;
    for (size_t i = 0; i < COUNT; i++) {
        scene_wait(&rogue, &heard_of[i]);
        refused += heard_of[i].status == RJ_E_LIMIT &&
                   strstr(heard_of[i].message, "too many wait for the plugin's worker");
    }
    assert_in_range(refused, 4, COUNT - 4);
    assert_in_range(leaks_resident_mib(), 0, before + 64);
    rogue_assert_nothing_is_left("never-reads");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(a_flood_of_frames_or_output_ends_the_worker_and_the_core_stays_awake),
        IN_SCENE(a_flood_of_notices_is_borne),
        IN_SCENE(a_worker_that_does_not_read_costs_no_more_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
