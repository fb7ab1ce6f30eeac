/* SPDX-License-Identifier: MIT */
/*
 * What the policy says of a plugin that is to be loaded, and what becomes of one of a third party.  A crash
 * inside create() of an in-process plugin ends the program; what is tested is that the policy can keep such
 * a plugin from being called.
 */
#include "loader_scene.h"

#include "test_system.h"

#include <string.h>

#define ABORTED 3 /* the code of a Windows program that calls abort() */

static void a_third_party_plugin_cannot_replace_a_built_in_one(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    scene_add(s, false, "case", "case-good", LOADER_CHECK, LOADER_PLAIN);
    scene_load(s);
    json_t *list = rj_runtime_describe(s->runtime);
    assert_int_equal(json_array_size(list), 2);
    json_t *second = json_array_get(list, 1);
    assert_string_equal(json_string_value(json_object_get(second, "state")), "refused");
    assert_non_null(strstr(json_string_value(json_object_get(second, "reason")),
                           "a built-in plugin cannot be replaced"));
    assert_true(json_is_false(json_object_get(second, "built_in")));
    json_decref(list);
}

/* Loads, and expects where the plugin is placed. */
static void assert_placed(scene *s, const char *where)
{
    scene_load(s);
    json_t *found = scene_describe(s, "case", "isolation");
    assert_string_equal(json_string_value(found), where);
    json_decref(found);
    found = scene_describe(s, "case", "state");
    assert_string_equal(json_string_value(found), "ready");
    json_decref(found);
}

#define LISTED ", \"capabilities\": [], \"checks\": [\"case\"]"

static void a_third_party_plugin_is_placed_in_a_worker_also_if_it_would_rather_not(void **state)
{
    scene *s = *state;
    scene_add(s, false, "case", "case-good", LOADER_CHECK,
              LISTED ", \"isolation\": \"in-process\"");
    assert_placed(s, "worker");
}

static void a_built_in_plugin_is_placed_as_its_manifest_says(void **state)
{
    scene *s = *state;
    scene_add(s, true, "case", "case-good", LOADER_CHECK, LISTED ", \"isolation\": \"worker\"");
    assert_placed(s, "worker");
}

static void the_policy_places_a_third_party_plugin_in_process(void **state)
{
    scene *s = *state;
    scene_add(s, false, "case", "case-good", LOADER_CHECK, LISTED);
    s->policy = json_pack("{s:{s:s}}", "case", "Isolation", "in-process");
    assert_placed(s, "in-process");
}

static void the_policy_places_a_built_in_plugin_in_a_worker(void **state)
{
    scene *s = *state;
    scene_add(s, true, "case", "case-good", LOADER_CHECK, LISTED ", \"isolation\": \"in-process\"");
    s->policy = json_pack("{s:{s:s}}", "case", "Isolation", "worker");
    assert_placed(s, "worker");
}

static void a_policy_without_a_place_leaves_it_to_the_manifest(void **state)
{
    scene *s = *state;
    scene_add(s, true, "case", "case-good", LOADER_CHECK, LISTED ", \"isolation\": \"worker\"");
    s->policy = json_pack("{s:{s:n}}", "case", "Isolation");
    assert_placed(s, "worker");
}

static void a_place_that_there_is_not_is_refused_by_name(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    s->policy = json_pack("{s:{s:s}}", "case", "Isolation", "somewhere");
    loader_assert_state(s, "case", "refused", "/Plugins/case/Isolation: expected is \"worker\" or");
}

static void assert_policy(void **state, const char *section, const char *expected,
                          const char *words)
{
    scene *s = *state;
    loader_add_good(s);
    s->policy = json_pack("{s:o}", "case", json_loads(section, JSON_DECODE_ANY, NULL));
    assert_non_null(s->policy);
    loader_assert_state(s, "case", expected, words);
}

#define POLICY_CASE(NAME, SECTION, STATE, WORDS)                                                   \
    static void NAME(void **state)                                                                 \
    {                                                                                              \
        assert_policy(state, SECTION, STATE, WORDS);                                               \
    }

POLICY_CASE(a_section_that_is_no_object_is_refused, "false", "refused",
            "policy: /Plugins/case: expected is an object")
POLICY_CASE(the_word_false_disables_a_plugin, "{\"Enabled\": \"False\"}", "disabled",
            "disabled by policy")
POLICY_CASE(the_word_true_does_not, "{\"Enabled\": \"true\"}", "ready", "")
POLICY_CASE(another_word_for_enabled_is_refused, "{\"Enabled\": \"no\"}", "refused",
            "policy: /Plugins/case/Enabled: expected is true or false")
POLICY_CASE(a_number_for_enabled_is_refused, "{\"Enabled\": 0}", "refused",
            "policy: /Plugins/case/Enabled: expected is true or false")
POLICY_CASE(a_grant_that_is_one_word_is_refused, "{\"Grant\": \"read\"}", "refused",
            "policy: /Plugins/case/Grant: expected is a list of capabilities")
POLICY_CASE(a_grant_with_what_is_no_word_is_refused, "{\"Grant\": [\"read\", 1]}", "refused",
            "policy: /Plugins/case/Grant: expected is a list of capabilities")
POLICY_CASE(null_in_a_section_means_not_given, "{\"Enabled\": null, \"Grant\": null}", "ready", "")

static void a_plugin_in_a_worker_must_list_its_checks(void **state)
{
    scene *s = *state;
    scene_add(s, false, "case", "case-good", LOADER_CHECK, ", \"capabilities\": []");
    loader_assert_state(s, "case", "refused", "its manifest has no \"checks\"");
}

static void a_third_party_plugin_gets_only_what_policy_grants(void **state)
{
    scene *s = *state;
    scene_add(s, false, "case", "case-good", LOADER_CHECK,
              ", \"capabilities\": [\"spawn:/bin/true\", \"spawn:/bin/false\", \"fly\"],"
              " \"checks\": [\"case\"]");
    s->policy = json_pack("{s:{s:[s]}}", "CASE", "grant", "spawn");
    json_object_set_new(json_object_get(s->policy, "CASE"), "Grant",
                        json_pack("[s]", "spawn:/bin/true"));
    json_object_del(json_object_get(s->policy, "CASE"), "grant");
    loader_assert_state(s, "case", "ready", "");
    json_t *granted = scene_describe(s, "case", "granted");
    json_t *refused = scene_describe(s, "case", "refused");
    assert_int_equal(json_array_size(granted), 1);
    assert_string_equal(json_string_value(json_array_get(granted, 0)), "spawn:/bin/true");
    assert_int_equal(json_array_size(refused), 2);
    json_decref(granted);
    json_decref(refused);
}

static void policy_can_disable_a_plugin(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    s->policy = json_pack("{s:{s:b}}", "case", "Enabled", 0);
    loader_assert_state(s, "case", "disabled", "disabled by policy");
}

/* In a process of its own, over the folders of the test. */
static int load_what_crashes(const char *root)
{
    scene s = {.grace_ms = 150, .role = RJ_ROLE_SERVICE};
    memory_kv_open(&s.memory);
    s.kv = memory_kv_backend(&s.memory);
    if (rj_paths_new(s.role, root, NULL, &s.paths, NULL) || rj_loop_new(&s.loop, NULL))
        return 0;
    scene_load(&s);
    return 0;
}

static void a_plugin_that_crashes_in_create_can_be_switched_off(void **state)
{
    scene *s = *state;
    scene_add(s, true, "case", "case-create-crashes", LOADER_CHECK, LOADER_PLAIN);
    int code = test_child_run("load", s->root);
    assert_true(code == TEST_KILLED || code == ABORTED);
    s->policy = json_pack("{s:{s:b}}", "case", "Enabled", 0);
    loader_assert_state(s, "case", "disabled", "disabled by policy");
}

int main(int argc, char **argv)
{
    static const test_child children[] = {{"load", load_what_crashes}, {NULL, NULL}};
    int code = test_child_main(argc, argv, children);
    if (code >= 0)
        return code;
    const struct CMUnitTest tests[] = {
        IN_SCENE(a_third_party_plugin_cannot_replace_a_built_in_one),
        IN_SCENE(a_third_party_plugin_is_placed_in_a_worker_also_if_it_would_rather_not),
        IN_SCENE(a_built_in_plugin_is_placed_as_its_manifest_says),
        IN_SCENE(the_policy_places_a_third_party_plugin_in_process),
        IN_SCENE(the_policy_places_a_built_in_plugin_in_a_worker),
        IN_SCENE(a_policy_without_a_place_leaves_it_to_the_manifest),
        IN_SCENE(a_place_that_there_is_not_is_refused_by_name),
        IN_SCENE(a_section_that_is_no_object_is_refused),
        IN_SCENE(the_word_false_disables_a_plugin),
        IN_SCENE(the_word_true_does_not),
        IN_SCENE(another_word_for_enabled_is_refused),
        IN_SCENE(a_number_for_enabled_is_refused),
        IN_SCENE(a_grant_that_is_one_word_is_refused),
        IN_SCENE(a_grant_with_what_is_no_word_is_refused),
        IN_SCENE(null_in_a_section_means_not_given),
        IN_SCENE(a_plugin_in_a_worker_must_list_its_checks),
        IN_SCENE(a_third_party_plugin_gets_only_what_policy_grants),
        IN_SCENE(policy_can_disable_a_plugin),
        IN_SCENE(a_plugin_that_crashes_in_create_can_be_switched_off),
    };
    return cmocka_run_group_tests_name("runtime_loader_policy", tests, NULL, NULL);
}
