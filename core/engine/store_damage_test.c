/* SPDX-License-Identifier: MIT */
/* What may be wrong with the file, and who else may use it; its place: store_place_*_test.c. */
#include "engine/store_bench_test.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "test_system.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Puts the bytes into the file, which is made if it is not there. */
static void overwrite(const char *path, size_t offset, const char *bytes, size_t length)
{
    size_t size = 0;
    char *whole = test_read_file(path, &size);
    if (offset + length > size) {
        whole = realloc(whole, offset + length);
        size = offset + length;
    }
    assert_non_null(whole);
    memcpy(whole + offset, bytes, length);
    assert_true(test_write_file(path, whole, size));
    free(whole);
}

static void cut_off(const char *path, size_t length)
{
    char *whole = test_read_file(path, NULL);
    assert_non_null(whole);
    assert_true(test_write_file(path, whole, length));
    free(whole);
}

/* ---- What may be wrong with the file --------------------------------------------------------- */

static void assert_set_aside_and_begun_anew(void)
{
    bool damaged = false;
    rj_store *store = store_open(&damaged);
    assert_true(damaged);
    assert_int_equal(store_count_records(store), 0);
    rj_store_record record = store_sample_record("new");
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    rj_store_close(store);
    assert_non_null(store_find_file("agent.db.corrupt-2"));
    store = store_open(&damaged);
    assert_false(damaged);
    assert_int_equal(store_count_records(store), 1);
    rj_store_close(store);
}

static void a_file_with_a_damaged_header_is_set_aside(void **state)
{
    (void)state;
    store_fill();
    overwrite(store_database, 0, "this is no database", 19);
    assert_set_aside_and_begun_anew();
}

static void a_truncated_file_is_set_aside_and_kept_byte_for_byte(void **state)
{
    (void)state;
    store_fill();
    cut_off(store_database, 5000);
    assert_set_aside_and_begun_anew();
    char path[TEST_PATH_MAX + 64];
    size_t kept = 0;
    snprintf(path, sizeof path, "%s/%s", store_folder, store_find_file("agent.db.corrupt-2"));
    free(test_read_file(path, &kept));
    assert_int_equal(kept, 5000);
}

static void a_damaged_page_is_found_at_open(void **state)
{
    (void)state;
    store_fill();
    char garbage[4096];
    memset(garbage, 0xa5, sizeof garbage);
    overwrite(store_database, 4096, garbage, sizeof garbage);
    assert_set_aside_and_begun_anew();
}

static void two_damaged_files_in_one_second_are_both_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        store_fill();
        overwrite(store_database, 0, "this is no database", 19);
        bool damaged = false;
        rj_store_close(store_open(&damaged));
        assert_true(damaged);
    }
    char **names = NULL;
    size_t count = 0, kept = 0;
    assert_int_equal(rj_dir_list(store_folder, 100, &names, &count, NULL), RJ_OK);
    for (size_t i = 0; i < count; i++)
        kept += strncmp(names[i], "agent.db.corrupt-2", 18) == 0;
    rj_free(names);
    assert_int_equal(kept, 2);
}

static void garbage_in_the_write_ahead_log_loses_nothing_that_was_in_the_database(void **state)
{
    (void)state;
    store_fill();
    char wal[TEST_PATH_MAX + 32], garbage[20000];
    memset(garbage, 0x5a, sizeof garbage);
    snprintf(wal, sizeof wal, "%s-wal", store_database);
    overwrite(wal, 0, garbage, sizeof garbage);
    bool damaged = true;
    rj_store *store = store_open(&damaged);
    assert_false(damaged);
    assert_int_equal(store_count_records(store), 200);
    rj_store_close(store);
}

static void a_database_of_something_else_is_set_aside(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(store_database, &db), SQLITE_OK);
    sqlite3_exec(db, "CREATE TABLE other(x); PRAGMA user_version=1", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_set_aside_and_begun_anew();
}

static void a_newer_schema_is_refused_and_stays_in_place(void **state)
{
    (void)state;
    store_fill();
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(store_database, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
    sqlite3_close(db);
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_open(store_folder, &store, &damaged, &error), RJ_E_INVALID);
    assert_non_null(strstr(error.text, "newer agent"));
    assert_non_null(strstr(error.text, "99"));
    assert_null(store_find_file("agent.db.corrupt-"));
    assert_non_null(store_find_file("agent.db"));
}

static void a_locked_database_is_busy_and_stays_in_place(void **state)
{
    (void)state;
    store_fill();
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(store_database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_open(store_folder, &store, &damaged, &error), RJ_E_BUSY);
    assert_non_null(strstr(error.text, "locked by another process"));
    assert_null(store_find_file("agent.db.corrupt-"));
    sqlite3_close(db);
    store = store_open(NULL);
    assert_int_equal(store_count_records(store), 200);
    rj_store_close(store);
}

static void a_write_against_a_lock_is_busy_and_works_afterwards(void **state)
{
    (void)state;
    rj_store *store = store_open(NULL);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(store_database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    rj_store_record record = store_sample_record("a");
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_put_record(store, &record, &error), RJ_E_BUSY);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    rj_store_close(store);
}

static void a_missing_folder_is_named(void **state)
{
    (void)state;
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    char folder[TEST_PATH_MAX + 16];
    snprintf(folder, sizeof folder, "%s/not-there", store_folder);
    assert_int_equal(rj_store_open(folder, &store, &damaged, &error), RJ_E_NOT_FOUND);
    assert_non_null(strstr(error.text, folder));
}

/* ---- Two processes --------------------------------------------------------------------------- */

static int write_fifty(const char *folder)
{
    rj_store *store = NULL;
    bool damaged = false;
    if (rj_store_open(folder, &store, &damaged, NULL) != RJ_OK)
        return 1;
    for (int i = 0; i < 50; i++) {
        char id[32];
        snprintf(id, sizeof id, "p-%lu-%d", test_process_id(), i);
        rj_store_record record = store_sample_record(id);
        if (rj_store_put_record(store, &record, NULL) != RJ_OK)
            return 2;
    }
    rj_store_close(store);
    return 0;
}

static void two_processes_writing_at_once_lose_nothing(void **state)
{
    (void)state;
    rj_store_close(store_open(NULL));
    intptr_t writers[2];
    for (int i = 0; i < 2; i++)
        assert_true((writers[i] = test_child_start("write-fifty", store_folder)) >= 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(test_child_wait(writers[i]), 0);
    rj_store *store = store_open(NULL);
    assert_int_equal(store_count_records(store), 100);
    rj_store_close(store);
}

int main(int argc, char **argv)
{
    static const test_child children[] = {{"write-fifty", write_fifty}, {NULL, NULL}};
    int code = test_child_main(argc, argv, children);
    if (code >= 0)
        return code;
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_file_with_a_damaged_header_is_set_aside),
        STORE_TEST(a_truncated_file_is_set_aside_and_kept_byte_for_byte),
        STORE_TEST(a_damaged_page_is_found_at_open),
        STORE_TEST(two_damaged_files_in_one_second_are_both_kept),
        STORE_TEST(garbage_in_the_write_ahead_log_loses_nothing_that_was_in_the_database),
        STORE_TEST(a_database_of_something_else_is_set_aside),
        STORE_TEST(a_newer_schema_is_refused_and_stays_in_place),
        STORE_TEST(a_locked_database_is_busy_and_stays_in_place),
        STORE_TEST(a_write_against_a_lock_is_busy_and_works_afterwards),
        STORE_TEST(a_missing_folder_is_named),
        STORE_TEST(two_processes_writing_at_once_lose_nothing),
    };
    return cmocka_run_group_tests_name("store_damage", tests, NULL, NULL);
}
