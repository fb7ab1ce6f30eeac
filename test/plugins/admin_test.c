/* SPDX-License-Identifier: MIT */
/* What an administrator disables, enables, sets aside and clears, now and after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "platform/file.h"
#include "runtime/instance.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static scene s;
static rj_error err;
static int changes;

static int setup(void **state)
{
    (void)state;
    err = (rj_error)RJ_ERROR_NONE;
    changes = 0;
    scene_open(&s);
    scene_add_probe(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_close(&s);
    return 0;
}

static void on_changed(void *data)
{
    (void)data;
    changes++;
}

static void load(void)
{
    scene_load(&s);
    rj_runtime_on_changed(s.runtime, on_changed, NULL);
}

static void restart(void)
{
    assert_true(scene_unload(&s));
    load();
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

static void must(rj_status status)
{
    if (status)
        fail_msg("%s", err.text);
    assert_string_equal(err.text, "");
}

static void set_enabled(bool enabled)
{
    must(rj_runtime_set_enabled(s.runtime, "probe", enabled, &err));
}

static void set_quarantined(bool quarantined)
{
    must(rj_runtime_set_quarantined(s.runtime, "probe", quarantined, &err));
}

/* The probe's check can be asked, or else the answer holds these words. */
static void assert_answers(const char *words)
{
    heard h;
    scene_evaluate(&s, "well", PATIENCE_MS, &h);
    if (words) {
        assert_int_equal(h.status, RJ_E_NOT_FOUND);
        if (!strstr(h.message, words))
            fail_msg("%s", h.message);
    } else {
        assert_int_equal(h.status, RJ_OK);
        assert_string_equal(h.plugin_id, "probe");
    }
    scene_forget(&h);
}

static bool is_offered(const char *check_id)
{
    for (const char *const *id = rj_runtime_check_ids(s.runtime); *id; id++)
        if (strcmp(*id, check_id) == 0)
            return true;
    return false;
}

static void set_policy(const char *text)
{
    json_decref(s.policy);
    s.policy = json_loads(text, 0, NULL);
    assert_non_null(s.policy);
}

/* Another file under the same name, as an update brings it. */
static void replace_file(void)
{
    char path[500];
    char *bytes = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s/probe" TEST_SUFFIX, scene_folder(&s, true, "probe"));
    assert_int_equal(rj_file_read(path, 16u << 20, &bytes, &length, NULL), RJ_OK);
    char *longer = rj_realloc_array(bytes, length + 1, 1);
    assert_non_null(longer);
    longer[length] = 'x';
    assert_int_equal(rj_file_write(path, longer, length + 1, 0644, NULL), RJ_OK);
    rj_free(longer);
}

/* Without a hash: whatever lies there may be loaded. */
static void write_plain_manifest(void)
{
    char path[500], text[600];
    snprintf(path, sizeof path, "%s/plugin.json", scene_folder(&s, true, "probe"));
    int length = snprintf(text, sizeof text,
                          "{\"id\": \"probe\", \"name\": \"probe\", \"version\": \"1.0.0\","
                          " \"abi\": 1, \"provides\": [\"rj.check/1\", \"rj.package/1\"],"
                          " \"isolation\": \"in-process\", \"capabilities\": [],"
                          " \"binary\": \"probe" TEST_SUFFIX "\"}");
    assert_int_equal(rj_file_write(path, text, (size_t)length, 0644, NULL), RJ_OK);
}

/* ---- Disable and enable ---------------------------------------------------------------------- */

static void a_disabled_plugin_is_asked_nothing_and_offers_nothing(void **state)
{
    (void)state;
    load();
    assert_true(is_offered("well"));
    assert_true(rj_runtime_has_format(s.runtime, "probe-format"));
    set_enabled(false);
    assert_state("probe", "disabled", "`realmjoin plugin enable probe`");
    assert_state("probe", "disabled",
                 scene_in_worker() ? "by the administrator"
                                   : "stays loaded until the service restarts");
    assert_answers("probe is out of service: disabled by the administrator");
    assert_false(is_offered("well"));
    assert_false(rj_runtime_has_format(s.runtime, "probe-format"));
}

static void enabled_again_it_answers_as_before(void **state)
{
    (void)state;
    load();
    set_enabled(false);
    set_enabled(false);
    set_enabled(true);
    set_enabled(true);
    assert_state("probe", "ready", "");
    assert_true(is_offered("well"));
    assert_true(rj_runtime_has_format(s.runtime, "probe-format"));
    assert_answers(NULL);
}

static void what_it_was_doing_is_cancelled(void **state)
{
    (void)state;
    load();
    heard h;
    scene_wake(&s);
    rj_question question = scene_question(&h, 60000);
    rj_runtime_evaluate(s.runtime, "polite", &question);
    scene_turn_for(&s, 30);
    set_enabled(false);
    scene_wait(&s, &h);
    assert_int_equal(h.status, RJ_E_CANCELLED);
}

static void a_plugin_that_hears_nothing_is_given_up_and_cannot_hold_the_order_up(void **state)
{
    (void)state;
    load();
    scene_wake(&s);
    heard h;
    rj_question question = scene_question(&h, 60000);
    rj_runtime_evaluate(s.runtime, "never", &question);
    set_enabled(false);
    scene_wait(&s, &h);
    assert_int_equal(h.status, RJ_E_ABANDONED);
}

static void disabling_survives_a_restart_and_then_no_code_is_loaded(void **state)
{
    (void)state;
    load();
    set_enabled(false);
    restart();
    assert_state("probe", "disabled", "`realmjoin plugin enable probe`");
    json_t *reason = scene_describe(&s, "probe", "reason");
    assert_null(strstr(json_string_value(reason), "stays loaded"));
    json_decref(reason);
    assert_answers("probe is not loaded: disabled by the administrator");
    assert_false(is_offered("well"));
    set_enabled(true);
    assert_state("probe", "ready", "");
    assert_true(is_offered("well"));
    assert_answers(NULL);
    restart();
    assert_state("probe", "ready", "");
}

static void settings_that_came_while_it_was_disabled_are_there_when_it_is_back(void **state)
{
    (void)state;
    load();
    set_enabled(false);
    json_t *policy = json_pack("{s:{s:{s:s}}}", "probe", "Settings", "Colour", "green");
    rj_runtime_configure(s.runtime, policy);
    json_decref(policy);
    set_enabled(true);
    scene_turn_for(&s, 20);
    heard h;
    scene_evaluate(&s, "config", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    char *text = json_dumps(h.result, 0);
    if (!strstr(text, "green"))
        fail_msg("%s", text);
    free(text);
    scene_forget(&h);
}

static void what_the_policy_disables_cannot_be_enabled(void **state)
{
    (void)state;
    set_policy("{\"probe\": {\"Enabled\": false}}");
    load();
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "probe", true, &err), RJ_E_DENIED);
    assert_non_null(strstr(err.text, "probe is disabled by policy (Plugins.probe.Enabled)"));
    assert_state("probe", "disabled", "disabled by policy");
    err = (rj_error)RJ_ERROR_NONE;
    set_enabled(false);
    assert_state("probe", "disabled", "disabled by policy");
    assert_int_equal(memory_kv_count(&s.memory, "disabled.probe"), 1);
}

static void a_plugin_that_was_mended_is_loaded_by_enable(void **state)
{
    (void)state;
    replace_file();
    load();
    assert_state("probe", "refused", "has SHA-256");
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "probe", true, &err), RJ_E_FAILED);
    assert_non_null(strstr(err.text, "probe is enabled, but refused: "));
    scene_add_probe(&s);
    err = (rj_error)RJ_ERROR_NONE;
    set_enabled(true);
    assert_answers(NULL);
}

static void one_whose_create_fails_can_be_disabled_and_tried_again(void **state)
{
    (void)state;
    scene_add(&s, true, "case", "case-create-fails", "\"rj.check/1\"",
              ", \"capabilities\": [], \"isolation\": \"in-process\"");
    load();
    assert_state("case", "failed", "create() failed");
    must(rj_runtime_set_enabled(s.runtime, "case", false, &err));
    assert_state("case", "disabled", "by the administrator");
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "case", true, &err), RJ_E_FAILED);
    assert_state("case", "failed", "create() failed");
    assert_answers(NULL);
}

static void one_that_exists_without_tables_comes_back_as_failed_as_it_was(void **state)
{
    (void)state;
    scene_add(&s, true, "case", "case-no-table", "\"rj.check/1\"",
              ", \"capabilities\": [], \"isolation\": \"in-process\"");
    load();
    must(rj_runtime_set_enabled(s.runtime, "case", false, &err));
    assert_state("case", "disabled", "by the administrator");
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "case", true, &err), RJ_E_FAILED);
    assert_state("case", "failed", "gives no table for it");
}

/* ---- Quarantine ------------------------------------------------------------------------------ */

static void a_quarantined_file_is_asked_nothing_and_its_checks_stay_known(void **state)
{
    (void)state;
    load();
    set_quarantined(true);
    assert_state("probe", "quarantined", "quarantined by the administrator since 20");
    assert_state("probe", "quarantined", "`realmjoin plugin quarantine probe --clear`");
    json_t *sha256 = scene_describe(&s, "probe", "sha256");
    char words[40];
    snprintf(words, sizeof words, "(file %.12s)", json_string_value(sha256));
    assert_int_equal(json_string_length(sha256), 64);
    assert_state("probe", "quarantined", words);
    json_decref(sha256);
    assert_answers("probe is out of service: quarantined by");
    assert_true(is_offered("well"));
    assert_false(rj_runtime_has_format(s.runtime, "probe-format"));
    set_quarantined(false);
    assert_answers(NULL);
}

static void a_quarantine_survives_a_restart_until_it_is_cleared(void **state)
{
    (void)state;
    load();
    set_quarantined(true);
    restart();
    assert_state("probe", "quarantined", "--clear");
    assert_answers("probe is not loaded: quarantined by the administrator");
    set_quarantined(false);
    assert_state("probe", "ready", "");
    assert_answers(NULL);
    assert_int_equal(memory_kv_count(&s.memory, "quarantine."), 0);
    restart();
    assert_state("probe", "ready", "");
}

static void a_quarantine_ends_when_the_file_changes(void **state)
{
    (void)state;
    write_plain_manifest();
    load();
    set_quarantined(true);
    restart();
    assert_state("probe", "quarantined", "");
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "probe", true, &err), RJ_E_DENIED);
    assert_non_null(strstr(err.text, "probe is enabled, but quarantined by "));
    err = (rj_error)RJ_ERROR_NONE;
    replace_file();
    set_enabled(true);
    assert_answers(NULL);
    set_quarantined(true); /* the new one; the old one's entry makes room */
    assert_int_equal(memory_kv_count(&s.memory, "quarantine."), 1);
}

static void of_a_plugin_that_is_not_loaded_the_file_in_its_folder_is_set_aside(void **state)
{
    (void)state;
    write_plain_manifest();
    load();
    set_quarantined(true);
    restart();
    replace_file();
    set_quarantined(true);
    assert_state("probe", "quarantined", "");
    restart();
    assert_state("probe", "quarantined", "");
}

static void disabled_and_quarantined_both_have_to_be_lifted(void **state)
{
    (void)state;
    load();
    for (int round = 0; round < 2; round++) { /* loaded, and not */
        set_quarantined(true);
        set_enabled(false);
        assert_state("probe", "disabled", "by the administrator");
        assert_int_equal(rj_runtime_set_enabled(s.runtime, "probe", true, &err), RJ_E_DENIED);
        assert_state("probe", "quarantined", "");
        err = (rj_error)RJ_ERROR_NONE;
        set_enabled(false);
        set_quarantined(false);
        assert_state("probe", "disabled", "");
        set_quarantined(true);
        restart();
        assert_state("probe", "disabled", "");
        set_quarantined(false);
        set_enabled(true);
        assert_answers(NULL);
        set_enabled(false);
        restart();
    }
}

static void a_plugin_that_crashed_is_set_aside_by_the_agent(void **state)
{
    (void)state;
    rj_instance *probe;
    load();
    probe = s.runtime->instances[0];
    must(rj_instance_set_aside(probe, "3 crashes within 10 minutes, the last by signal 11", false,
                               &err));
    assert_state("probe", "quarantined", "by the agent since");
    restart();
    assert_state("probe", "quarantined",
                 ": 3 crashes within 10 minutes, the last by signal 11; `realmjoin plugin");
}

static void what_the_policy_disables_can_be_quarantined_too(void **state)
{
    (void)state;
    set_policy("{\"probe\": {\"Enabled\": false}}");
    load();
    set_quarantined(true);
    assert_state("probe", "disabled", "disabled by policy");
    set_policy("{}");
    restart();
    assert_state("probe", "quarantined", "by the administrator");
}

/* ---- What goes wrong ------------------------------------------------------------------------- */

static void an_unknown_id_is_named(void **state)
{
    (void)state;
    load();
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "none", false, &err), RJ_E_NOT_FOUND);
    assert_string_equal(err.text, "there is no plugin \"none\"; see `realmjoin plugin list`");
    assert_int_equal(rj_runtime_set_quarantined(s.runtime, "none", true, &err), RJ_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "\"none\""));
    assert_int_equal(memory_kv_count(&s.memory, ""), 0);
}

static void when_it_cannot_be_told_whether_it_may_run_it_does_not(void **state)
{
    (void)state;
    s.memory.fail_get = RJ_E_IO;
    load();
    assert_state("probe", "refused",
                 "whether it is disabled cannot be told, so it does not run: "
                 "the memory cannot be read");
    s.memory.fail_get = RJ_OK;
    set_enabled(true);
    assert_answers(NULL);
}

static void a_backend_without_functions_keeps_every_plugin_from_running(void **state)
{
    (void)state;
    s.kv = (rj_kv_backend){.data = NULL};
    load();
    assert_state("probe", "refused", "so it does not run");
}

static void a_damaged_entry_keeps_the_plugin_from_running_until_it_is_cleared(void **state)
{
    (void)state;
    char key[100];
    load();
    json_t *sha256 = scene_describe(&s, "probe", "sha256");
    snprintf(key, sizeof key, "quarantine.%s", json_string_value(sha256));
    json_decref(sha256);
    s.kv.set(s.kv.data, "_runtime", key, "oops", 4, NULL);
    restart();
    assert_state("probe", "refused", "whether its file may run cannot be told");
    set_quarantined(false);
    assert_answers(NULL);
}

static void what_cannot_be_kept_is_an_error_and_holds_until_the_restart(void **state)
{
    (void)state;
    load();
    s.memory.fail_set = RJ_E_IO;
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "probe", false, &err), RJ_E_IO);
    assert_string_equal(err.text, "probe is disabled until the service restarts only: the memory "
                                  "cannot be written");
    assert_state("probe", "disabled", "");
    restart();
    assert_answers(NULL);
    assert_int_equal(rj_runtime_set_quarantined(s.runtime, "probe", true, &err), RJ_E_IO);
    assert_state("probe", "quarantined", "");
    restart();
    assert_answers(NULL);
}

static void what_cannot_be_lifted_durably_is_not_lifted(void **state)
{
    (void)state;
    load();
    set_enabled(false);
    s.memory.fail_remove = RJ_E_IO;
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "probe", true, &err), RJ_E_IO);
    assert_string_equal(err.text, "probe stays as it is: the memory cannot be changed");
    assert_state("probe", "disabled", "");
    s.memory.fail_remove = RJ_OK;
    err = (rj_error)RJ_ERROR_NONE;
    set_enabled(true);
    set_quarantined(true);
    s.memory.fail_remove = RJ_E_IO;
    assert_int_equal(rj_runtime_set_quarantined(s.runtime, "probe", false, &err), RJ_E_IO);
    assert_state("probe", "quarantined", "");
}

static void who_asked_for_it_hears_of_changes_on_a_later_turn(void **state)
{
    (void)state;
    load();
    set_enabled(false);
    set_enabled(true);
    assert_int_equal(changes, 0);
    scene_turn_for(&s, 10);
    assert_int_equal(changes, 1);
    set_quarantined(true);
    scene_turn_for(&s, 10);
    assert_int_equal(changes, 2);
}

static void ignore(void *data)
{
    (void)data;
}

static void while_the_agent_stops_nothing_is_changed(void **state)
{
    (void)state;
    load();
    rj_runtime_stop(s.runtime, ignore, NULL);
    assert_int_equal(rj_runtime_set_enabled(s.runtime, "probe", false, &err), RJ_E_BUSY);
    assert_int_equal(rj_runtime_set_quarantined(s.runtime, "probe", true, &err), RJ_E_BUSY);
    scene_turn_for(&s, 200);
    rj_runtime_free(s.runtime);
    s.runtime = NULL;
    assert_int_equal(memory_kv_count(&s.memory, ""), 0);
}

static rj_status set_enabled_failing_from(uint64_t n, bool enabled)
{
    rj_alloc_fail_from(n);
    rj_status status = rj_runtime_set_enabled(s.runtime, "probe", enabled, &err);
    rj_alloc_fail_from(0);
    return status;
}

static void every_failing_allocation_leaves_a_state_that_is_true(void **state)
{
    (void)state;
    load();
    rj_status off = RJ_E_FAILED, on = RJ_E_FAILED;
    for (uint64_t n = 1; off && n < 500; n++) {
        off = set_enabled_failing_from(n, false);
        assert_state("probe", "disabled", "");
        restart();
        rj_runtime_set_enabled(s.runtime, "probe", true, &err);
    }
    assert_int_equal(off, RJ_OK);
    /* Most of what a worker's plugin needs is what one in-process needs: not each of it once more. */
    for (uint64_t n = 1; on && n < 500; n += scene_in_worker() ? 1 + n / 8 : 1) {
        rj_runtime_set_enabled(s.runtime, "probe", false, &err);
        restart(); /* it is not loaded now */
        on = set_enabled_failing_from(n, true);
    }
    assert_int_equal(on, RJ_OK);
    assert_state("probe", "ready", "");
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(a_disabled_plugin_is_asked_nothing_and_offers_nothing),
        IN_SCENE(enabled_again_it_answers_as_before),
        IN_SCENE(what_it_was_doing_is_cancelled),
        IN_SCENE(a_plugin_that_hears_nothing_is_given_up_and_cannot_hold_the_order_up),
        IN_SCENE(disabling_survives_a_restart_and_then_no_code_is_loaded),
        IN_SCENE(settings_that_came_while_it_was_disabled_are_there_when_it_is_back),
        IN_SCENE(what_the_policy_disables_cannot_be_enabled),
        IN_SCENE(a_plugin_that_was_mended_is_loaded_by_enable),
        IN_SCENE(one_whose_create_fails_can_be_disabled_and_tried_again),
        IN_SCENE(one_that_exists_without_tables_comes_back_as_failed_as_it_was),
        IN_SCENE(a_quarantined_file_is_asked_nothing_and_its_checks_stay_known),
        IN_SCENE(a_quarantine_survives_a_restart_until_it_is_cleared),
        IN_SCENE(a_quarantine_ends_when_the_file_changes),
        IN_SCENE(of_a_plugin_that_is_not_loaded_the_file_in_its_folder_is_set_aside),
        IN_SCENE(disabled_and_quarantined_both_have_to_be_lifted),
        IN_SCENE(a_plugin_that_crashed_is_set_aside_by_the_agent),
        IN_SCENE(what_the_policy_disables_can_be_quarantined_too),
        IN_SCENE(an_unknown_id_is_named),
        IN_SCENE(when_it_cannot_be_told_whether_it_may_run_it_does_not),
        IN_SCENE(a_backend_without_functions_keeps_every_plugin_from_running),
        IN_SCENE(a_damaged_entry_keeps_the_plugin_from_running_until_it_is_cleared),
        IN_SCENE(what_cannot_be_kept_is_an_error_and_holds_until_the_restart),
        IN_SCENE(what_cannot_be_lifted_durably_is_not_lifted),
        IN_SCENE(who_asked_for_it_hears_of_changes_on_a_later_turn),
        IN_SCENE(while_the_agent_stops_nothing_is_changed),
        IN_SCENE(every_failing_allocation_leaves_a_state_that_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
