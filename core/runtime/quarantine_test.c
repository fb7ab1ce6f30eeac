/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory_kv.h"
#include "runtime/quarantine.h"

#include <stdio.h>
#include <string.h>

#define FILE_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FILE_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static memory_kv memory;
static rj_kv_backend kv;
static rj_error err;

static int set_up(void **state)
{
    (void)state;
    memory_kv_open(&memory);
    kv = memory_kv_backend(&memory);
    err = (rj_error)RJ_ERROR_NONE;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memory_kv_close(&memory);
    return 0;
}

static void put(const char *sha256, const char *id, const char *why, bool by_admin)
{
    rj_quarantine quarantine = {.when_wall_ms = 1234567890123, .by_admin = by_admin};
    snprintf(quarantine.why, sizeof quarantine.why, "%s", why);
    if (rj_quarantine_put(&kv, sha256, id, &quarantine, &err))
        fail_msg("%s", err.text);
    assert_string_equal(err.text, "");
}

static rj_status find(const char *sha256, rj_quarantine *ret_found)
{
    return rj_quarantine_find(&kv, sha256, ret_found, &err);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void a_file_that_was_set_aside_is_found_with_why_when_and_by_whom(void **state)
{
    rj_quarantine found;
    (void)state;
    put(FILE_A, "hello", "3 crashes within 10 minutes", false);
    assert_int_equal(find(FILE_A, &found), RJ_OK);
    assert_string_equal(found.why, "3 crashes within 10 minutes");
    assert_true(found.when_wall_ms == 1234567890123);
    assert_false(found.by_admin);
    put(FILE_A, "hello", "", true);
    assert_int_equal(find(FILE_A, &found), RJ_OK);
    assert_string_equal(found.why, "");
    assert_true(found.by_admin);
}

static void another_file_is_not_found_and_the_output_stays_as_it_was(void **state)
{
    rj_quarantine found = {.why = "before", .when_wall_ms = 7};
    (void)state;
    put(FILE_A, "hello", "x", false);
    assert_int_equal(find(FILE_B, &found), RJ_E_NOT_FOUND);
    assert_string_equal(found.why, "before");
    assert_true(found.when_wall_ms == 7);
}

static void what_is_cleared_is_gone_and_clearing_nothing_is_fine(void **state)
{
    rj_quarantine found;
    (void)state;
    put(FILE_A, "hello", "x", false);
    assert_int_equal(rj_quarantine_clear(&kv, FILE_A, &err), RJ_OK);
    assert_int_equal(find(FILE_A, &found), RJ_E_NOT_FOUND);
    assert_int_equal(rj_quarantine_clear(&kv, FILE_A, &err), RJ_OK);
}

static void a_plugin_that_changes_again_and_again_keeps_one_entry(void **state)
{
    char sha256[65];
    (void)state;
    put(FILE_B, "other", "x", false);
    for (int i = 0; i < 200; i++) {
        snprintf(sha256, sizeof sha256, "%064d", i);
        put(sha256, "hello", "x", false);
        put(sha256, "hello", "x again", true);
    }
    rj_quarantine found;
    assert_int_equal(memory_kv_count(&memory, "quarantine."), 2);
    assert_int_equal(find(sha256, &found), RJ_OK);
    assert_int_equal(find(FILE_B, &found), RJ_OK);
}

static void a_changed_file_finds_room_where_its_former_one_was(void **state)
{
    rj_quarantine found;
    (void)state;
    put(FILE_A, "hello", "x", false);
    memory.capacity = memory_kv_count(&memory, "");
    put(FILE_B, "hello", "x", false);
    assert_int_equal(find(FILE_A, &found), RJ_E_NOT_FOUND);
    assert_int_equal(find(FILE_B, &found), RJ_OK);
    rj_quarantine more = {.when_wall_ms = 1};
    assert_int_equal(rj_quarantine_put(&kv, FILE_A, "other", &more, &err), RJ_E_LIMIT);
    assert_int_equal(find(FILE_A, &found), RJ_E_NOT_FOUND);
}

static void words_that_are_no_line_become_one(void **state)
{
    rj_quarantine found;
    (void)state;
    put(FILE_A, "hello", "said \"\xff\"\nand ended", false);
    assert_int_equal(find(FILE_A, &found), RJ_OK);
    assert_string_equal(found.why, "said \"\xef\xbf\xbd\"\\nand ended");
}

/* ---- Plugins --------------------------------------------------------------------------------- */

static void a_disabled_plugin_is_known_until_it_is_enabled(void **state)
{
    bool disabled = true;
    (void)state;
    assert_int_equal(rj_disabled_find(&kv, "hello", &disabled, &err), RJ_OK);
    assert_false(disabled);
    assert_int_equal(rj_disabled_put(&kv, "hello", true, &err), RJ_OK);
    assert_int_equal(rj_disabled_find(&kv, "hello", &disabled, &err), RJ_OK);
    assert_true(disabled);
    assert_int_equal(rj_disabled_find(&kv, "hell", &disabled, &err), RJ_OK);
    assert_false(disabled);
    assert_int_equal(rj_disabled_put(&kv, "hello", false, &err), RJ_OK);
    assert_int_equal(rj_disabled_put(&kv, "hello", false, &err), RJ_OK);
    assert_int_equal(rj_disabled_find(&kv, "hello", &disabled, &err), RJ_OK);
    assert_false(disabled);
    assert_string_equal(err.text, "");
}

/* ---- What goes wrong ------------------------------------------------------------------------- */

static void what_cannot_be_read_is_an_error_and_never_an_answer(void **state)
{
    rj_quarantine found;
    bool disabled = true;
    (void)state;
    memory.fail_get = RJ_E_IO;
    assert_int_equal(find(FILE_A, &found), RJ_E_IO);
    assert_int_equal(rj_disabled_find(&kv, "hello", &disabled, &err), RJ_E_IO);
    assert_string_equal(err.text, "the memory cannot be read");
    assert_true(disabled);
}

static void a_backend_without_functions_is_an_error_in_every_call(void **state)
{
    rj_quarantine found = {.when_wall_ms = 1};
    bool disabled = true;
    (void)state;
    kv = (rj_kv_backend){.data = NULL};
    assert_int_equal(find(FILE_A, &found), RJ_E_IO);
    assert_int_equal(rj_quarantine_put(&kv, FILE_A, "hello", &found, &err), RJ_E_IO);
    assert_int_equal(rj_quarantine_clear(&kv, FILE_A, &err), RJ_E_IO);
    assert_int_equal(rj_disabled_find(&kv, "hello", &disabled, &err), RJ_E_IO);
    assert_int_equal(rj_disabled_put(&kv, "hello", true, &err), RJ_E_IO);
    assert_int_equal(rj_disabled_put(&kv, "hello", false, &err), RJ_E_IO);
    assert_true(disabled);
}

static void what_cannot_be_written_is_an_error(void **state)
{
    rj_quarantine quarantine = {.when_wall_ms = 1};
    (void)state;
    memory.fail_set = RJ_E_LIMIT;
    memory.fail_remove = RJ_E_IO;
    assert_int_equal(rj_quarantine_put(&kv, FILE_A, "hello", &quarantine, &err), RJ_E_LIMIT);
    assert_int_equal(rj_quarantine_clear(&kv, FILE_A, &err), RJ_E_IO);
    assert_int_equal(rj_disabled_put(&kv, "hello", true, &err), RJ_E_LIMIT);
    assert_int_equal(rj_disabled_put(&kv, "hello", false, &err), RJ_E_IO);
}

static void a_damaged_entry_is_an_error_that_names_it(void **state)
{
    static const char *const damaged[] = {
        "",
        "hello",
        "[]",
        "{}",
        "{\"id\":\"hello\",\"why\":\"x\",\"when\":1}",
        "{\"id\":\"hello\",\"why\":\"x\",\"when\":1,\"by\":\"nobody\"}",
        "{\"id\":\"hello\",\"why\":\"x\",\"when\":\"1\",\"by\":\"admin\"}",
        "{\"id\":\"hello\",\"why\":7,\"when\":1,\"by\":\"admin\"}",
        "{\"id\":\"hello\",\"why\":\"x\",\"when\":1,\"by\":\"admin\"} x",
    };
    (void)state;
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        rj_quarantine found = {.when_wall_ms = 7};
        kv.set(kv.data, RJ_QUARANTINE_OWNER, "quarantine." FILE_A, damaged[i], strlen(damaged[i]),
               NULL);
        if (find(FILE_A, &found) != RJ_E_CORRUPT)
            fail_msg("taken: %s", damaged[i]);
        assert_non_null(strstr(err.text, "quarantine." FILE_A));
        assert_true(found.when_wall_ms == 7);
    }
    err = (rj_error)RJ_ERROR_NONE;
    put(FILE_A, "hello", "x", true); /* and can be set anew */
}

static rj_status give_much(void *data, const char *plugin_id, const char *key, rj_sink sink,
                           void *sink_data, rj_error *error)
{
    static const char bytes[6000];
    (void)data;
    (void)plugin_id;
    (void)key;
    (void)error;
    sink(sink_data, bytes, 1);
    sink(sink_data, bytes, sizeof bytes);
    return RJ_OK;
}

static void a_value_longer_than_any_entry_is_damaged(void **state)
{
    rj_quarantine found;
    (void)state;
    kv.get = give_much;
    assert_int_equal(find(FILE_A, &found), RJ_E_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_that_was_set_aside_is_found_with_why_when_and_by_whom),
        TEST(another_file_is_not_found_and_the_output_stays_as_it_was),
        TEST(what_is_cleared_is_gone_and_clearing_nothing_is_fine),
        TEST(a_plugin_that_changes_again_and_again_keeps_one_entry),
        TEST(a_changed_file_finds_room_where_its_former_one_was),
        TEST(words_that_are_no_line_become_one),
        TEST(a_disabled_plugin_is_known_until_it_is_enabled),
        TEST(what_cannot_be_read_is_an_error_and_never_an_answer),
        TEST(a_backend_without_functions_is_an_error_in_every_call),
        TEST(what_cannot_be_written_is_an_error),
        TEST(a_damaged_entry_is_an_error_that_names_it),
        TEST(a_value_longer_than_any_entry_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
