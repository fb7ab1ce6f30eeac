/* SPDX-License-Identifier: MIT */
/* Plugins in workers whose files are replaced, and that go out of service, while they run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/file.h"
#include "platform/system.h"
#include "scene.h"

#include <stdio.h>
#include <string.h>

#include "leaks.h"
#include "test_system.h"

static scene s;

static void add(const char *module)
{
    scene_add(&s, false, "case", module, "\"rj.check/1\"",
              ", \"capabilities\": [], \"checks\": [\"case\"]");
}

static int setup(void **state)
{
    (void)state;
    scene_open(&s);
    if (!scene_in_worker())
        scene_add_program(&s, TEST_WORKER);
    add("case-good");
    scene_load(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&s);
    return 0;
}

static void ask(rj_status status)
{
    heard h;
    scene_evaluate(&s, "case", PATIENCE_MS, &h);
    if (h.status != status)
        fail_msg("answered %d: %s", (int)h.status, h.message);
    scene_forget(&h);
}

static json_int_t number_of_worker(const char *key)
{
    json_t *worker = scene_describe(&s, "case", "worker");
    json_int_t number = json_integer_value(json_object_get(worker, key));
    json_decref(worker);
    return number;
}

static void assert_text(const char *member, const char *expected)
{
    json_t *found = scene_describe(&s, "case", member);
    assert_string_equal(json_string_value(found), expected);
    json_decref(found);
}

static void kill_worker(void)
{
    assert_true(leaks_kill((long)number_of_worker("pid")));
}

static void wait_until_asleep(void)
{
    uint64_t limit = rj_clock_monotonic_ms() + PATIENCE_MS;
    while (number_of_worker("pid") && rj_clock_monotonic_ms() < limit)
        rj_loop_turn(s.loop, 20);
    assert_int_equal(number_of_worker("pid"), 0);
}

static void touch_manifest(void)
{
    char path[500];
    snprintf(path, sizeof path, "%s/plugin.json", scene_folder(&s, false, "case"));
    assert_true(test_set_time(path, rj_clock_wall_ms()));
}

static void hash_of(const char *module, char ret_sha256[65])
{
    char path[500];
    snprintf(path, sizeof path, "%s/%s" TEST_SUFFIX, scene_folder(&s, false, "case"), module);
    assert_int_equal(rj_file_sha256(path, ret_sha256, NULL), RJ_OK);
}

/* What a plugin may change is never where its program lies. */
static void its_own_folders_are_not_that_of_its_program(void **state)
{
    char path[500];
    (void)state;
    ask(RJ_OK);
    snprintf(path, sizeof path, "%s/case", rj_path(s.paths, RJ_PATH_PLUGIN_STATE));
    assert_true(test_exists(path));
    assert_string_not_equal(path, scene_folder(&s, false, "case"));
    assert_string_not_equal(path, scene_folder(&s, true, "case"));
    snprintf(path, sizeof path, "%s/plugins/case", rj_path(s.paths, RJ_PATH_CACHE));
    assert_true(test_exists(path));
}

/* ---- Other files ----------------------------------------------------------------------------- */

static void other_files_are_taken_up_when_they_are_looked_for(void **state)
{
    char sha256[65];
    (void)state;
    ask(RJ_OK);
    add("case-old-table");
    hash_of("case-old-table", sha256);
    rj_runtime_refresh(s.runtime); /* its worker is asked to end */
    wait_until_asleep();
    rj_runtime_refresh(s.runtime);
    assert_text("sha256", sha256);
    ask(RJ_OK);
    assert_int_equal(number_of_worker("starts"), 1); /* of the new one */
}

static void files_that_did_not_change_stay_as_they_are(void **state)
{
    (void)state;
    ask(RJ_OK);
    rj_runtime_refresh(s.runtime);
    ask(RJ_OK);
    assert_int_equal(number_of_worker("starts"), 1);
}

static void a_plugin_that_was_refused_is_loaded_once_it_is_mended(void **state)
{
    (void)state;
    add("case-other-id");
    rj_runtime_refresh(s.runtime);
    ask(RJ_E_NOT_STARTED); /* found when its worker starts */
    add("case-good");
    rj_runtime_refresh(s.runtime);
    ask(RJ_OK);
}

static void the_third_crash_of_a_file_that_was_replaced_harms_nobody(void **state)
{
    (void)state;
    assert_true(scene_unload(&s));
    s.crash_wait_ms = 20; /* instead of a second */
    scene_load(&s);
    for (int crash = 1; crash <= 3; crash++) {
        ask(RJ_OK);
        if (crash == 3)
            touch_manifest();
        kill_worker();
        wait_until_asleep();
    }
    assert_text("state", "quarantined");
    rj_runtime_refresh(
        s.runtime); /* the same file in a manifest that was touched stays set aside */
    assert_text("state", "quarantined");
}

static bool is_kept(const char *sha256)
{
    for (size_t i = 0; i < MEMORY_KV_ENTRIES; i++)
        if (s.memory.entries[i].used && strstr(s.memory.entries[i].key, sha256))
            return true;
    return false;
}

static void the_file_that_ran_is_set_aside_not_the_one_that_lies_there_now(void **state)
{
    char ran[65];
    char lies[65];
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    hash_of("case-good", ran);
    add("case-old-table");
    hash_of("case-old-table", lies);
    if (rj_runtime_set_quarantined(s.runtime, "case", true, &err))
        fail_msg("%s", err.text);
    assert_true(is_kept(ran));
    assert_false(is_kept(lies));
    ask(RJ_OK); /* by the new one */
}

/* ---- Out of service -------------------------------------------------------------------------- */

static void what_waits_for_a_worker_is_answered_when_its_plugin_is_disabled(void **state)
{
    rj_error err = RJ_ERROR_NONE;
    heard h;
    (void)state;
    for (int i = 0; i < 2; i++) { /* the second crash has a wait of ten seconds */
        ask(RJ_OK);
        kill_worker();
        wait_until_asleep();
    }
    rj_question question = scene_question(&h, 60000);
    rj_runtime_evaluate(s.runtime, "case", &question);
    scene_turn_for(&s, 50);
    assert_int_equal(h.answers, 0);
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "case", false, &err), RJ_OK);
    scene_wait(&s, &h);
    assert_int_equal(h.status, RJ_E_NOT_STARTED);
    assert_non_null(strstr(h.message, "disabled by the administrator"));
}

static void a_worker_ends_when_its_plugin_is_disabled(void **state)
{
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    ask(RJ_OK);
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "case", false, &err), RJ_OK);
    wait_until_asleep();
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "case", true, &err), RJ_OK);
    ask(RJ_OK);
    assert_int_equal(number_of_worker("starts"), 2);
    assert_int_equal(number_of_worker("crashes"), 0);
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(its_own_folders_are_not_that_of_its_program),
        IN_SCENE(other_files_are_taken_up_when_they_are_looked_for),
        IN_SCENE(files_that_did_not_change_stay_as_they_are),
        IN_SCENE(a_plugin_that_was_refused_is_loaded_once_it_is_mended),
        IN_SCENE(the_third_crash_of_a_file_that_was_replaced_harms_nobody),
        IN_SCENE(the_file_that_ran_is_set_aside_not_the_one_that_lies_there_now),
        IN_SCENE(what_waits_for_a_worker_is_answered_when_its_plugin_is_disabled),
        IN_SCENE(a_worker_ends_when_its_plugin_is_disabled),
    };
    return cmocka_run_group_tests_name("runtime_worker_change", tests, NULL, NULL);
}
