/* SPDX-License-Identifier: MIT */
/* What of a plugin's files, folders and code keeps it from being loaded, and that the reason is told. */
#include "loader_scene.h"

#include "base/alloc.h"
#include "base/log.h"
#include "leaks.h"
#include "platform/file.h"
#include "tap_skip.h"
#include "test_system.h"

#include <stdio.h>
#include <string.h>

static void assert_case(void **state, const char *module, const char *expected, const char *words)
{
    scene *s = *state;
    scene_add(s, true, "case", module, LOADER_CHECK, LOADER_PLAIN);
    loader_assert_state(s, "case", expected, words);
    bool ready = strcmp(expected, "ready") == 0;
    assert_int_equal(rj_runtime_check_ids(s->runtime)[0] != NULL, ready);
    heard h;
    scene_evaluate(s, "case", PATIENCE_MS, &h);
    assert_int_equal(h.status, ready ? RJ_OK : RJ_E_NOT_FOUND);
    scene_forget(&h);
}

#define LOADER_CASE(NAME, MODULE, STATE, WORDS)                                                    \
    static void NAME(void **state)                                                                 \
    {                                                                                              \
        assert_case(state, MODULE, STATE, WORDS);                                                  \
    }

LOADER_CASE(a_good_plugin_is_loaded, "case-good", "ready", "")
LOADER_CASE(one_without_the_entry_is_refused, "case-no-symbol", "refused",
            "does not export rj_plugin_entry_v1")
LOADER_CASE(one_without_a_descriptor_is_refused, "case-null-descriptor", "refused",
            "returned no descriptor")
LOADER_CASE(one_with_a_short_descriptor_is_refused, "case-short-descriptor", "refused",
            "its descriptor has 40 bytes")
LOADER_CASE(one_with_a_longer_descriptor_is_loaded, "case-longer-descriptor", "ready", "")
LOADER_CASE(one_with_another_id_is_refused, "case-other-id", "refused",
            "its code calls itself \"other\", its manifest \"case\"")
LOADER_CASE(one_with_another_version_is_refused, "case-other-version", "refused",
            "its code is version \"2.0.0\"")
LOADER_CASE(one_without_provides_is_refused, "case-null-provides", "refused",
            "no list of interfaces")
LOADER_CASE(one_with_other_provides_is_refused, "case-other-provides", "refused",
            "its code offers \"rj.other/1\"")
LOADER_CASE(one_without_create_is_refused, "case-no-create", "refused", "lacks one of create")
LOADER_CASE(one_whose_create_fails_is_refused, "case-create-fails", "failed", "create() failed: io")
LOADER_CASE(one_whose_create_makes_nothing_is_refused, "case-create-empty", "failed",
            "without an instance")
LOADER_CASE(one_without_its_table_is_refused, "case-no-table", "failed", "gives no table for it")
LOADER_CASE(one_with_a_short_table_is_refused, "case-short-table", "failed", "has 12 bytes")
LOADER_CASE(one_with_an_older_table_is_loaded, "case-old-table", "ready", "")
LOADER_CASE(one_that_offers_no_ids_is_refused, "case-no-ids", "failed", "offers no check ids")
LOADER_CASE(one_with_ids_of_bad_form_is_refused, "case-bad-ids", "failed", "is not of the form")

/* ---- Folders and files ----------------------------------------------------------------------- */

static const char *file_of(scene *s, const char *name)
{
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", scene_folder(s, true, "case"), name);
    return path;
}

static void let_others_write(const char *path)
{
    if (!test_let_others_write(path, true))
        tap_skip("this system does not keep that others may write");
}

static void assert_writable(scene *s, const char *path, const char *words)
{
    char copy[600];
    snprintf(copy, sizeof copy, "%s", path); /* scene_add() uses the buffer again */
    loader_add_good(s);
    let_others_write(copy);
    loader_assert_state(s, "case", "refused", words);
}

#define WRITABLE_CASE(NAME, PATH, WORDS)                                                           \
    static void NAME(void **state)                                                                 \
    {                                                                                              \
        scene *s = *state;                                                                         \
        assert_writable(s, PATH, WORDS);                                                           \
    }

WRITABLE_CASE(a_folder_others_may_write_is_refused, scene_folder(s, true, "case"),
              "/case may be written by ")
WRITABLE_CASE(a_parent_others_may_write_is_refused, rj_path(s->paths, RJ_PATH_PLUGINS),
              "/plugins may be written by ")
WRITABLE_CASE(a_binary_others_may_write_is_refused, file_of(s, "case-good" TEST_SUFFIX),
              "case-good" TEST_SUFFIX " may be written by ")
WRITABLE_CASE(a_manifest_others_may_write_is_refused, file_of(s, "plugin.json"),
              "plugin.json may be written by ")

static void a_linked_folder_is_refused(void **state)
{
    scene *s = *state;
    char real[500];
    loader_add_good(s);
    snprintf(real, sizeof real, "%s/elsewhere", s->root);
    assert_int_equal(rename(scene_folder(s, true, "case"), real), 0);
    if (!test_link(real, scene_folder(s, true, "case")))
        tap_skip("no link to a folder can be made here");
    loader_assert_state(s, "case", "refused", "link");
}

static void a_linked_binary_is_refused(void **state)
{
    scene *s = *state;
    char real[700];
    loader_add_good(s);
    snprintf(real, sizeof real, "%s.real", file_of(s, "case-good" TEST_SUFFIX));
    assert_int_equal(rename(file_of(s, "case-good" TEST_SUFFIX), real), 0);
    if (!test_link(real, file_of(s, "case-good" TEST_SUFFIX)))
        tap_skip("no link to a file can be made here");
    loader_assert_state(s, "case", "refused", "link");
}

static void a_binary_of_a_foreign_owner_is_refused(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    if (!leaks_give_away(file_of(s, "case-good" TEST_SUFFIX)))
        tap_skip("only root can give files away, and only on POSIX systems");
    loader_assert_state(s, "case", "refused", "case-good" TEST_SUFFIX " belongs to ");
}

static void a_changed_binary_is_refused(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    FILE *file = fopen(file_of(s, "case-good" TEST_SUFFIX), "ab");
    fputc('x', file);
    fclose(file);
    loader_assert_state(s, "case", "refused", "has SHA-256 ");
}

static void a_missing_binary_is_refused(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    assert_true(test_remove(file_of(s, "case-good" TEST_SUFFIX)));
    loader_assert_state(s, "case", "refused", "case-good" TEST_SUFFIX " cannot be ");
}

static void put_manifest(scene *s, const char *text, size_t length)
{
    assert_int_equal(rj_file_write(file_of(s, "plugin.json"), text, length, 0644, NULL), RJ_OK);
}

static void a_missing_manifest_is_refused(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    assert_true(test_remove(file_of(s, "plugin.json")));
    loader_assert_state(s, "case", "refused", "plugin.json cannot be ");
}

static void a_garbage_manifest_is_refused(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    put_manifest(s,
                 "\x7f"
                 "ELF garbage",
                 12);
    loader_assert_state(s, "case", "refused", "plugin.json: line 1, column 1: byte 0x7f");
}

static void a_huge_manifest_is_refused(void **state)
{
    scene *s = *state;
    static char spaces[200000];
    loader_add_good(s);
    memset(spaces, ' ', sizeof spaces);
    put_manifest(s, spaces, sizeof spaces);
    loader_assert_state(s, "case", "refused", "larger than the 65536 bytes");
}

static void a_manifest_of_another_folder_is_refused(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    char other[600];
    snprintf(other, sizeof other, "%s/other", rj_path(s->paths, RJ_PATH_PLUGINS));
    assert_int_equal(rename(scene_folder(s, true, "case"), other), 0);
    loader_assert_state(s, "other", "refused", "id \"case\" differs from the folder's name");
}

static void one_bad_plugin_does_not_stop_others(void **state)
{
    scene *s = *state;
    scene_add(s, true, "aaa", "case-no-symbol", LOADER_CHECK, LOADER_PLAIN);
    loader_add_good(s);
    loader_assert_state(s, "case", "ready", "");
}

static char last_error_line[2000];

static void keep_error(void *data, int level, const char *line)
{
    (void)data;
    if (level == RJ_LOG_ERROR)
        snprintf(last_error_line, sizeof last_error_line, "%s", line);
}

/* Loads, and expects a line with these words in the log. */
static void load_with_error(scene *s, const char *words)
{
    *last_error_line = '\0';
    rj_log_set_listener(keep_error, NULL);
    scene_load(s);
    rj_log_set_listener(NULL, NULL);
    if (!strstr(last_error_line, words))
        fail_msg("the last error is: %s", last_error_line);
}

static void of_65_folders_of_others_the_last_by_name_is_left_out_with_an_error(void **state)
{
    scene *s = *state;
    char path[600];
    loader_add_good(s);
    for (int i = 0; i < 65; i++) {
        snprintf(path, sizeof path, "%s/com.example.p%02d", rj_path(s->paths, RJ_PATH_PLUGINS_3RD),
                 i);
        assert_int_equal(rj_dir_make(path, 0755, NULL), RJ_OK);
    }
    load_with_error(s, "has more than 64 plugins; from com.example.p64 on");
    json_t *list = rj_runtime_describe(s->runtime);
    assert_int_equal(json_array_size(list), 1 + 64);
    json_decref(list);
    json_t *last = scene_describe(s, "com.example.p63", "state");
    assert_non_null(last);
    json_decref(last);
    heard h;
    scene_evaluate(s, "case", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    scene_forget(&h);
}

static void a_file_where_plugins_of_others_should_be_is_an_error_and_ours_are_loaded(void **state)
{
    scene *s = *state;
    char parent[600];
    const char *folder = rj_path(s->paths, RJ_PATH_PLUGINS_3RD);
    loader_add_good(s);
    snprintf(parent, sizeof parent, "%.*s", (int)(strrchr(folder, '/') - folder), folder);
    assert_int_equal(rj_dir_make(parent, 0755, NULL), RJ_OK);
    assert_int_equal(rj_file_write(folder, "x", 1, 0644, NULL), RJ_OK);
    load_with_error(s, "no third-party plugin is loaded: folder ");
    heard h;
    scene_evaluate(s, "case", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_OK);
    scene_forget(&h);
}

/* ---- What is offered ------------------------------------------------------------------------- */

static void the_checks_of_a_refused_plugin_stay_known(void **state)
{
    scene *s = *state;
    scene_add(s, true, "case", "case-no-symbol", LOADER_CHECK,
              LOADER_PLAIN ", \"checks\": [\"some-check\"]");
    scene_load(s);
    assert_string_equal(rj_runtime_check_ids(s->runtime)[0], "some-check");
    assert_null(rj_runtime_check_ids(s->runtime)[1]);
    heard h;
    scene_evaluate(s, "some-check", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_NOT_FOUND);
    assert_non_null(strstr(h.message, "case is not loaded: it does not export"));
    assert_string_equal(h.plugin_id, "");
}

static void code_must_keep_to_the_checks_of_its_manifest(void **state)
{
    scene *s = *state;
    scene_add(s, true, "case", "case-good", LOADER_CHECK,
              LOADER_PLAIN ", \"checks\": [\"another\"]");
    loader_assert_state(s, "case", "failed", "its manifest offers \"another\", its code does not");
}

static void a_manifest_must_list_all_checks_of_its_code(void **state)
{
    scene *s = *state;
    scene_add(s, true, "case", "case-two-ids", LOADER_CHECK,
              LOADER_PLAIN ", \"checks\": [\"case\"]");
    loader_assert_state(s, "case", "failed", "its code offers \"second\", its manifest does not");
}

static void every_failing_allocation_leaves_a_runtime_that_can_be_stopped(void **state)
{
    scene *s = *state;
    loader_add_good(s);
    bool ready = false;
    for (uint64_t n = 1; !ready && n < 2000; n++) {
        rj_runtime_options options = {.loop = s->loop,
                                      .paths = s->paths,
                                      .role = RJ_ROLE_SERVICE,
                                      .kv = s->kv,
                                      .grace_ms = 100};
        rj_error err = RJ_ERROR_NONE;
        rj_alloc_fail_from(n);
        rj_status status = rj_runtime_new(&options, &s->runtime, &err);
        if (status == RJ_OK)
            status = rj_runtime_load(s->runtime, &err);
        rj_alloc_fail_from(0);
        if (status)
            assert_int_equal(status, RJ_E_NO_MEMORY);
        if (!s->runtime)
            continue;
        json_t *found = scene_describe(s, "case", "state");
        ready = status == RJ_OK && found && strcmp(json_string_value(found), "ready") == 0;
        json_decref(found);
        scene_unload(s);
    }
    assert_true(ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(a_good_plugin_is_loaded),
        IN_SCENE(one_without_the_entry_is_refused),
        IN_SCENE(one_without_a_descriptor_is_refused),
        IN_SCENE(one_with_a_short_descriptor_is_refused),
        IN_SCENE(one_with_a_longer_descriptor_is_loaded),
        IN_SCENE(one_with_another_id_is_refused),
        IN_SCENE(one_with_another_version_is_refused),
        IN_SCENE(one_without_provides_is_refused),
        IN_SCENE(one_with_other_provides_is_refused),
        IN_SCENE(one_without_create_is_refused),
        IN_SCENE(one_whose_create_fails_is_refused),
        IN_SCENE(one_whose_create_makes_nothing_is_refused),
        IN_SCENE(one_without_its_table_is_refused),
        IN_SCENE(one_with_a_short_table_is_refused),
        IN_SCENE(one_with_an_older_table_is_loaded),
        IN_SCENE(one_that_offers_no_ids_is_refused),
        IN_SCENE(one_with_ids_of_bad_form_is_refused),
        IN_SCENE(a_folder_others_may_write_is_refused),
        IN_SCENE(a_parent_others_may_write_is_refused),
        IN_SCENE(a_binary_others_may_write_is_refused),
        IN_SCENE(a_manifest_others_may_write_is_refused),
        IN_SCENE(a_linked_folder_is_refused),
        IN_SCENE(a_linked_binary_is_refused),
        IN_SCENE(a_binary_of_a_foreign_owner_is_refused),
        IN_SCENE(a_changed_binary_is_refused),
        IN_SCENE(a_missing_binary_is_refused),
        IN_SCENE(a_missing_manifest_is_refused),
        IN_SCENE(a_garbage_manifest_is_refused),
        IN_SCENE(a_huge_manifest_is_refused),
        IN_SCENE(a_manifest_of_another_folder_is_refused),
        IN_SCENE(one_bad_plugin_does_not_stop_others),
        IN_SCENE(of_65_folders_of_others_the_last_by_name_is_left_out_with_an_error),
        IN_SCENE(a_file_where_plugins_of_others_should_be_is_an_error_and_ours_are_loaded),
        IN_SCENE(the_checks_of_a_refused_plugin_stay_known),
        IN_SCENE(code_must_keep_to_the_checks_of_its_manifest),
        IN_SCENE(a_manifest_must_list_all_checks_of_its_code),
        IN_SCENE(every_failing_allocation_leaves_a_runtime_that_can_be_stopped),
    };
    return cmocka_run_group_tests_name("runtime_loader", tests, NULL, NULL);
}
