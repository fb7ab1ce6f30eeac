/* SPDX-License-Identifier: MIT */
#include "engine/store_bench_test.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/system.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- Contents -------------------------------------------------------------------------------- */

static void a_record_comes_back_as_it_was_put_also_after_reopening(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    rj_store_record record = store_sample_record("b");
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    record = store_sample_record("a");
    record.core.uid = 1000;
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    rj_store_close(store);

    store = store_open(NULL);
    rj_store_record *records = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_records(store, &records, &count, NULL), RJ_OK);
    assert_int_equal(count, 2);
    assert_string_equal(records[0].core.id, "a");
    assert_int_equal(records[0].core.uid, 1000);
    assert_string_equal(records[1].core.id, "b");
    assert_int_equal(records[1].core.uid, RJ_UID_MACHINE);
    assert_string_equal(records[1].core.version, "1.2.3");
    assert_string_equal(records[1].core.args_hash, "abc");
    assert_true(records[1].core.success);
    assert_int_equal(records[1].core.exit_code, -7);
    assert_true(records[1].core.restart_pending);
    assert_string_equal(records[1].format, "nuget");
    assert_string_equal(records[1].display_name, "Käse \"x\"");
    assert_string_equal(records[1].correlation, "0123456789abcdef");
    assert_int_equal(records[1].ended_wall_ms, 1700000001000);
    rj_free(records);
    rj_store_close(store);
}

static void a_record_is_one_row_for_an_id_in_any_case(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    rj_store_record record = store_sample_record("Tool");
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    record = store_sample_record("tool");
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    assert_int_equal(store_count_records(store), 1);
    assert_int_equal(rj_store_remove_record(store, "TOOL", RJ_UID_MACHINE, NULL), RJ_OK);
    assert_int_equal(store_count_records(store), 0);
    rj_store_close(store);
}

static unsigned failures(rj_store *store)
{
    rj_attempts *attempts = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_attempts(store, &attempts, &count, NULL), RJ_OK);
    unsigned number = count ? attempts[0].failures : 0;
    assert_true(count <= 1);
    rj_free(attempts);
    return number;
}

static void failures_of_the_same_thing_add_up_and_new_evidence_begins_anew(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    rj_attempts attempt = {.id = "a",
                           .uid = 1000,
                           .version = "1",
                           .args_hash = "h",
                           .evidence = UINT64_MAX,
                           .last_error = "exit code 7"};
    assert_int_equal(rj_store_count_failure(store, &attempt, NULL), RJ_OK);
    assert_int_equal(rj_store_count_failure(store, &attempt, NULL), RJ_OK);
    assert_int_equal(failures(store), 2);
    attempt.evidence--;
    assert_int_equal(rj_store_count_failure(store, &attempt, NULL), RJ_OK);
    assert_int_equal(failures(store), 1);
    attempt.version = "2";
    assert_int_equal(rj_store_count_failure(store, &attempt, NULL), RJ_OK);
    assert_int_equal(failures(store), 1);
    assert_int_equal(rj_store_clear_attempts(store, "a", 1000, NULL), RJ_OK);
    assert_int_equal(failures(store), 0);
    rj_store_close(store);
}

static void a_journal_entry_is_open_until_it_is_ended_and_comes_back_whole(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    rj_journal_entry entry = store_sample_entry("x");
    assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
    assert_int_equal(rj_store_journal_step(store, entry.number, RJ_STEP_CHANGING, NULL), RJ_OK);
    rj_store_close(store);

    store = store_open(NULL);
    rj_journal_entry *entries = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_journal_open_entries(store, &entries, &count, NULL), RJ_OK);
    assert_int_equal(count, 1);
    assert_int_equal(entries[0].number, entry.number);
    assert_string_equal(entries[0].id, "x");
    assert_int_equal(entries[0].verdict, RJ_VERDICT_UPGRADE);
    assert_int_equal(entries[0].step, RJ_STEP_CHANGING);
    assert_string_equal(entries[0].request, "{\"id\":\"x\"}");
    assert_string_equal(entries[0].assignment_version, "2.0");
    assert_true(entries[0].evidence == entry.evidence);
    rj_free(entries);

    rj_store_record record = store_sample_record("x");
    record.core.uid = 1000;
    assert_int_equal(rj_store_journal_end(store, &entry, RJ_STEP_DONE, &record, NULL), RJ_OK);
    assert_int_equal(store_count_open(store), 0);
    assert_int_equal(store_count_records(store), 1);
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_journal_step(store, entry.number, RJ_STEP_CHANGING, &error),
                     RJ_E_NOT_FOUND);
    assert_int_equal(rj_store_journal_end(store, &entry, RJ_STEP_DONE, &record, &error),
                     RJ_E_NOT_FOUND);
    rj_store_close(store);
}

static void failing_counts_an_attempt_and_done_clears_them(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    rj_store_record record = store_sample_record("x");
    record.core.uid = 1000;
    record.core.success = false;
    record.message = "exit code 7";
    for (unsigned i = 1; i <= 2; i++) {
        rj_journal_entry entry = store_sample_entry("x");
        assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
        assert_int_equal(rj_store_journal_end(store, &entry, RJ_STEP_FAILED, &record, NULL), RJ_OK);
        assert_int_equal(failures(store), i);
    }
    rj_journal_entry entry = store_sample_entry("x");
    entry.verdict = RJ_VERDICT_UNINSTALL;
    assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
    assert_int_equal(rj_store_journal_end(store, &entry, RJ_STEP_DONE, &record, NULL), RJ_OK);
    assert_int_equal(failures(store), 0);
    assert_int_equal(store_count_records(store), 0);
    rj_store_close(store);
}

static void a_dropped_entry_leaves_only_history(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    rj_journal_entry entry = store_sample_entry("x");
    assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
    assert_int_equal(rj_store_journal_drop(store, entry.number, "cancelled", NULL), RJ_OK);
    assert_int_equal(store_count_open(store), 0);
    assert_int_equal(store_count_records(store), 0);
    assert_int_equal(failures(store), 0);
    rj_store_past *past = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_history(store, "x", 1000, &past, &count, NULL), RJ_OK);
    assert_int_equal(count, 1);
    assert_int_equal(past[0].step, RJ_STEP_DROPPED);
    assert_string_equal(past[0].message, "cancelled");
    assert_true(past[0].ended_wall_ms > 0);
    rj_free(past);
    rj_store_close(store);
}

static void history_keeps_the_newest_ten_of_each_package_and_owner(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    rj_journal_entry other = store_sample_entry("y");
    assert_int_equal(rj_store_journal_begin(store, &other, &other.number, NULL), RJ_OK);
    assert_int_equal(rj_store_journal_drop(store, other.number, "first", NULL), RJ_OK);
    for (int i = 0; i < 25; i++) {
        rj_journal_entry entry = store_sample_entry("x");
        char message[16];
        snprintf(message, sizeof message, "%d", i);
        assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
        assert_int_equal(rj_store_journal_drop(store, entry.number, message, NULL), RJ_OK);
    }
    rj_store_past *past = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_history(store, "X", 1000, &past, &count, NULL), RJ_OK);
    assert_int_equal(count, RJ_STORE_HISTORY);
    assert_string_equal(past[0].message, "24");
    assert_string_equal(past[9].message, "15");
    rj_free(past);
    assert_int_equal(rj_store_history(store, "y", 1000, &past, &count, NULL), RJ_OK);
    assert_int_equal(count, 1);
    rj_free(past);
    rj_store_close(store);

    sqlite3 *db = NULL;
    sqlite3_stmt *rows = NULL;
    assert_int_equal(sqlite3_open(store_database, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT count(*) FROM journal WHERE id='x'", -1, &rows, NULL);
    assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(rows, 0), RJ_STORE_HISTORY);
    sqlite3_finalize(rows);
    sqlite3_close(db);
}

static void keep_value(void *data, const void *bytes, size_t length)
{
    char *value = data;
    assert_true(length < 64);
    memcpy(value, bytes, length);
    value[length] = '\0';
}

static void a_plugin_sees_its_own_values_only_and_within_limits(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    rj_kv_backend kv = rj_store_kv(store);
    char value[64] = "?";
    assert_int_equal(kv.set(kv.data, "a", "k", "one", 3, NULL), RJ_OK);
    assert_int_equal(kv.set(kv.data, "a", "empty", "", 0, NULL), RJ_OK);
    assert_int_equal(kv.get(kv.data, "a", "k", keep_value, value, NULL), RJ_OK);
    assert_string_equal(value, "one");
    assert_int_equal(kv.get(kv.data, "a", "empty", keep_value, value, NULL), RJ_OK);
    assert_string_equal(value, "");
    assert_int_equal(kv.get(kv.data, "b", "k", keep_value, value, NULL), RJ_E_NOT_FOUND);
    assert_int_equal(kv.remove(kv.data, "a", "k", NULL), RJ_OK);
    assert_int_equal(kv.remove(kv.data, "a", "k", NULL), RJ_OK);
    assert_int_equal(kv.get(kv.data, "a", "k", keep_value, value, NULL), RJ_E_NOT_FOUND);

    static char large[64 * 1024 + 1];
    assert_int_equal(kv.set(kv.data, "a", "l", large, sizeof large - 1, NULL), RJ_OK);
    assert_int_equal(kv.set(kv.data, "a", "l", large, sizeof large, NULL), RJ_E_LIMIT);
    rj_store_close(store);
}

/* ---- Its place ------------------------------------------------------------------------------- */

static void a_folder_of_300_characters_with_umlauts_holds_it(void **state)
{
    (void)state;
    char folder[TEST_PATH_MAX];
    char *at = folder + snprintf(folder, sizeof folder, "%s", store_folder);
    while (at < folder + 300) {
        at += snprintf(at, TEST_PATH_MAX - (size_t)(at - folder), "/\xc3\xbc %080d", 7);
        assert_true(test_make_folder(folder));
    }
    for (size_t i = 0; i < 2; i++) {
        rj_store *store = NULL;
        bool damaged = true;
        rj_error error = RJ_ERROR_NONE;
        if (rj_store_open(folder, &store, &damaged, &error) != RJ_OK)
            fail_msg("%s", error.text);
        assert_false(damaged);
        assert_int_equal(store_count_records(store), i);
        rj_store_record record = store_sample_record("x");
        assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
        rj_store_close(store);
    }
    char database[TEST_PATH_MAX + 16];
    snprintf(database, sizeof database, "%s/agent.db", folder);
    assert_true(test_exists(database));
}

/* ---- Kill ------------------------------------------------------------------------------------ */

/* Three writes, each of which would show if it were torn: a record and its journal row. */
static int scripted_writes(const char *argument)
{
    unsigned kill_point = 0;
    int folder = 0;
    if (sscanf(argument, "%u %n", &kill_point, &folder) != 1)
        return 100;
    snprintf(store_folder, sizeof store_folder, "%s", argument + folder);
    rj_store *store = NULL;
    bool damaged = false;
    if (rj_store_open(store_folder, &store, &damaged, NULL) != RJ_OK)
        return 1;
    rj_store_kill_at(store, kill_point);
    rj_journal_entry entry = store_sample_entry("x");
    rj_store_record record = store_sample_record("x");
    record.core.uid = 1000;
    if (rj_store_journal_begin(store, &entry, &entry.number, NULL) != RJ_OK ||
        rj_store_journal_step(store, entry.number, RJ_STEP_CHANGING, NULL) != RJ_OK ||
        rj_store_journal_end(store, &entry, RJ_STEP_DONE, &record, NULL) != RJ_OK)
        return 2;
    rj_system_exit_now(0); /* without closing */
}

static void a_kill_at_any_write_leaves_it_done_or_not_begun(void **state)
{
    (void)state;
    char argument[TEST_PATH_MAX + 16];
    unsigned kill_point = 1;
    for (;; kill_point++) {
        rj_dir_remove(store_folder, NULL);
        assert_true(test_make_folder(store_folder));
        snprintf(argument, sizeof argument, "%u %s", kill_point, store_folder);
        int code = test_child_run("scripted-writes", argument);
        assert_true(code == 0 || code == TEST_KILLED);
        bool damaged = true;
        rj_store *store = store_open(&damaged);
        assert_false(damaged);
        size_t records = store_count_records(store), open = store_count_open(store);
        rj_store_close(store);
        /* point: 1 before begin, 2 after it, 3 and 4 around the step, 5 and 6 around the end */
        assert_int_equal(records, kill_point >= 6);
        assert_int_equal(open, kill_point >= 2 && kill_point <= 5);
        if (code == 0)
            break;
    }
    assert_int_equal(kill_point, 7);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static rj_status everything(void)
{
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_store_open(store_folder, &store, &damaged, &error);
    if (status != RJ_OK) {
        assert_true(error.text[0] != '\0');
        return status;
    }
    assert_false(damaged);
    rj_store_record record = store_sample_record("x"), *records = NULL;
    rj_journal_entry entry = store_sample_entry("x"), *entries = NULL;
    rj_attempts *attempts = NULL;
    size_t count = 0;
    rj_kv_backend kv = rj_store_kv(store);
    char value[64];
    status = rj_store_journal_begin(store, &entry, &entry.number, &error);
    if (status == RJ_OK)
        status = rj_store_journal_open_entries(store, &entries, &count, &error);
    if (status == RJ_OK)
        status = rj_store_journal_end(store, &entry, RJ_STEP_FAILED, &record, &error);
    if (status == RJ_OK)
        status = rj_store_records(store, &records, &count, &error);
    if (status == RJ_OK)
        status = rj_store_attempts(store, &attempts, &count, &error);
    if (status == RJ_OK)
        status = kv.set(kv.data, "p", "k", "v", 1, &error);
    if (status == RJ_OK)
        status = kv.get(kv.data, "p", "k", keep_value, value, &error);
    rj_free(records);
    rj_free(entries);
    rj_free(attempts);
    rj_store_close(store);
    if (status != RJ_OK)
        assert_true(error.text[0] != '\0');
    return status;
}

static void every_failing_allocation_is_an_error_and_the_database_stays_sound(void **state)
{
    (void)state;
    assert_int_equal(everything(), RJ_OK);
    uint64_t n = 1;
    for (;; n++) {
        rj_alloc_fail_from(n);
        rj_status status = everything();
        rj_alloc_fail_from(0);
        if (status == RJ_OK)
            break;
        assert_true(status == RJ_E_NO_MEMORY || status == RJ_E_FAILED || status == RJ_E_IO);
        assert_true(n < 100000);
        if (n % 16 ==
            0) /* an end in order empties the log, which every start reads from its begin */
            rj_store_close(store_open(NULL));
    }
    assert_true(n > 20);
    assert_null(store_find_file("agent.db.corrupt-"));
    bool damaged = true;
    rj_store_close(store_open(&damaged));
    assert_false(damaged);
}

int main(int argc, char **argv)
{
    static const test_child children[] = {{"scripted-writes", scripted_writes}, {NULL, NULL}};
    int code = test_child_main(argc, argv, children);
    if (code >= 0)
        return code;
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_record_comes_back_as_it_was_put_also_after_reopening),
        STORE_TEST(a_record_is_one_row_for_an_id_in_any_case),
        STORE_TEST(failures_of_the_same_thing_add_up_and_new_evidence_begins_anew),
        STORE_TEST(a_journal_entry_is_open_until_it_is_ended_and_comes_back_whole),
        STORE_TEST(failing_counts_an_attempt_and_done_clears_them),
        STORE_TEST(a_dropped_entry_leaves_only_history),
        STORE_TEST(history_keeps_the_newest_ten_of_each_package_and_owner),
        STORE_TEST(a_plugin_sees_its_own_values_only_and_within_limits),
        STORE_TEST(a_folder_of_300_characters_with_umlauts_holds_it),
        STORE_TEST(a_kill_at_any_write_leaves_it_done_or_not_begun),
        STORE_TEST(every_failing_allocation_is_an_error_and_the_database_stays_sound),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
