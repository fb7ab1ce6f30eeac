/* SPDX-License-Identifier: MIT */
#include "engine/store.h"

#include "base/alloc.h"
#include "platform/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char folder[64], database[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s", "/tmp/rj-store-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(database, sizeof database, "%s/agent.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    chmod(folder, 0700);
    return rj_dir_remove(folder, NULL) == RJ_OK ? 0 : -1;
}

static rj_store *open_store(bool *ret_damaged)
{
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    if (rj_store_open(folder, &store, &damaged, &error) != RJ_OK)
        fail_msg("open: %s", error.text);
    if (ret_damaged)
        *ret_damaged = damaged;
    assert_int_equal(rj_store_was_damaged(store), damaged);
    return store;
}

static rj_store_record sample_record(const char *id)
{
    return (rj_store_record){
        .core = {.id = id,
                 .uid = RJ_UID_MACHINE,
                 .version = "1.2.3",
                 .args_hash = "abc",
                 .success = true,
                 .exit_code = -7,
                 .restart_pending = true},
        .format = "nuget",
        .display_name = "Käse \"x\"",
        .message = "",
        .correlation = "0123456789abcdef",
        .started_wall_ms = 1700000000000,
        .ended_wall_ms = 1700000001000,
    };
}

static rj_journal_entry sample_entry(const char *id)
{
    return (rj_journal_entry){
        .id = id,
        .uid = 1000,
        .verdict = RJ_VERDICT_UPGRADE,
        .step = RJ_STEP_PLANNED,
        .request = "{\"id\":\"x\"}",
        .correlation = "0123456789abcdef",
        .assignment_version = "2.0",
        .args_hash = "",
        .display_name = "X",
        .format = "craft",
        .evidence = UINT64_C(0xfedcba9876543210),
        .started_wall_ms = 5,
    };
}

static size_t count_records(rj_store *store)
{
    rj_store_record *records = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_records(store, &records, &count, NULL), RJ_OK);
    rj_free(records);
    return count;
}

static size_t count_open(rj_store *store)
{
    rj_journal_entry *entries = NULL;
    size_t count = 0;
    assert_int_equal(rj_store_journal_open_entries(store, &entries, &count, NULL), RJ_OK);
    rj_free(entries);
    return count;
}

/* Name of the one file in the folder that begins so, NULL if there is none; static buffer. */
static const char *find_file(const char *beginning)
{
    static char found[256];
    char **names = NULL;
    size_t count = 0;
    const char *result = NULL;
    assert_int_equal(rj_dir_list(folder, 100, &names, &count, NULL), RJ_OK);
    for (size_t i = 0; i < count && !result; i++) {
        if (strncmp(names[i], beginning, strlen(beginning)) == 0) {
            snprintf(found, sizeof found, "%s", names[i]);
            result = found;
        }
    }
    rj_free(names);
    return result;
}

static void overwrite(const char *path, long offset, const char *bytes, size_t length)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, offset), (ssize_t)length);
    close(fd);
}

/* ---- Contents -------------------------------------------------------------------------------- */

static void a_record_comes_back_as_it_was_put_also_after_reopening(void **state)
{
    (void)state;
    rj_store *store = open_store(NULL);
    rj_store_record record = sample_record("b");
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    record = sample_record("a");
    record.core.uid = 1000;
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    rj_store_close(store);

    store = open_store(NULL);
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
    rj_store *store = open_store(NULL);
    rj_store_record record = sample_record("Tool");
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    record = sample_record("tool");
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    assert_int_equal(count_records(store), 1);
    assert_int_equal(rj_store_remove_record(store, "TOOL", RJ_UID_MACHINE, NULL), RJ_OK);
    assert_int_equal(count_records(store), 0);
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
    rj_store *store = open_store(NULL);
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
    rj_store *store = open_store(NULL);
    rj_journal_entry entry = sample_entry("x");
    assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
    assert_int_equal(rj_store_journal_step(store, entry.number, RJ_STEP_CHANGING, NULL), RJ_OK);
    rj_store_close(store);

    store = open_store(NULL);
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

    rj_store_record record = sample_record("x");
    record.core.uid = 1000;
    assert_int_equal(rj_store_journal_end(store, &entry, RJ_STEP_DONE, &record, NULL), RJ_OK);
    assert_int_equal(count_open(store), 0);
    assert_int_equal(count_records(store), 1);
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
    rj_store *store = open_store(NULL);
    rj_store_record record = sample_record("x");
    record.core.uid = 1000;
    record.core.success = false;
    record.message = "exit code 7";
    for (unsigned i = 1; i <= 2; i++) {
        rj_journal_entry entry = sample_entry("x");
        assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
        assert_int_equal(rj_store_journal_end(store, &entry, RJ_STEP_FAILED, &record, NULL), RJ_OK);
        assert_int_equal(failures(store), i);
    }
    rj_journal_entry entry = sample_entry("x");
    entry.verdict = RJ_VERDICT_UNINSTALL;
    assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
    assert_int_equal(rj_store_journal_end(store, &entry, RJ_STEP_DONE, &record, NULL), RJ_OK);
    assert_int_equal(failures(store), 0);
    assert_int_equal(count_records(store), 0);
    rj_store_close(store);
}

static void a_dropped_entry_leaves_only_history(void **state)
{
    (void)state;
    rj_store *store = open_store(NULL);
    rj_journal_entry entry = sample_entry("x");
    assert_int_equal(rj_store_journal_begin(store, &entry, &entry.number, NULL), RJ_OK);
    assert_int_equal(rj_store_journal_drop(store, entry.number, "cancelled", NULL), RJ_OK);
    assert_int_equal(count_open(store), 0);
    assert_int_equal(count_records(store), 0);
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
    rj_store *store = open_store(NULL);
    rj_journal_entry other = sample_entry("y");
    assert_int_equal(rj_store_journal_begin(store, &other, &other.number, NULL), RJ_OK);
    assert_int_equal(rj_store_journal_drop(store, other.number, "first", NULL), RJ_OK);
    for (int i = 0; i < 25; i++) {
        rj_journal_entry entry = sample_entry("x");
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
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
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
    rj_store *store = open_store(NULL);
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

/* ---- What may be wrong with the file --------------------------------------------------------- */

static void fill_store(void)
{
    rj_store *store = open_store(NULL);
    for (int i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "package-%03d", i);
        rj_store_record record = sample_record(id);
        assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    }
    rj_store_close(store);
}

static void assert_set_aside_and_begun_anew(void)
{
    bool damaged = false;
    rj_store *store = open_store(&damaged);
    assert_true(damaged);
    assert_int_equal(count_records(store), 0);
    rj_store_record record = sample_record("new");
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    rj_store_close(store);
    assert_non_null(find_file("agent.db.corrupt-2"));
    store = open_store(&damaged);
    assert_false(damaged);
    assert_int_equal(count_records(store), 1);
    rj_store_close(store);
}

static void a_file_with_a_damaged_header_is_set_aside(void **state)
{
    (void)state;
    fill_store();
    overwrite(database, 0, "this is no database", 19);
    assert_set_aside_and_begun_anew();
}

static void a_truncated_file_is_set_aside_and_kept_byte_for_byte(void **state)
{
    (void)state;
    fill_store();
    assert_int_equal(truncate(database, 5000), 0);
    assert_set_aside_and_begun_anew();
    char path[512];
    struct stat kept;
    snprintf(path, sizeof path, "%s/%s", folder, find_file("agent.db.corrupt-2"));
    assert_int_equal(stat(path, &kept), 0);
    assert_int_equal(kept.st_size, 5000);
}

static void a_damaged_page_is_found_at_open(void **state)
{
    (void)state;
    fill_store();
    char garbage[4096];
    memset(garbage, 0xa5, sizeof garbage);
    overwrite(database, 4096, garbage, sizeof garbage);
    assert_set_aside_and_begun_anew();
}

static void two_damaged_files_in_one_second_are_both_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fill_store();
        overwrite(database, 0, "this is no database", 19);
        bool damaged = false;
        rj_store_close(open_store(&damaged));
        assert_true(damaged);
    }
    char **names = NULL;
    size_t count = 0, kept = 0;
    assert_int_equal(rj_dir_list(folder, 100, &names, &count, NULL), RJ_OK);
    for (size_t i = 0; i < count; i++)
        kept += strncmp(names[i], "agent.db.corrupt-2", 18) == 0;
    rj_free(names);
    assert_int_equal(kept, 2);
}

static void garbage_in_the_write_ahead_log_loses_nothing_that_was_in_the_database(void **state)
{
    (void)state;
    fill_store();
    char wal[160], garbage[20000];
    memset(garbage, 0x5a, sizeof garbage);
    snprintf(wal, sizeof wal, "%s-wal", database);
    overwrite(wal, 0, garbage, sizeof garbage);
    bool damaged = true;
    rj_store *store = open_store(&damaged);
    assert_false(damaged);
    assert_int_equal(count_records(store), 200);
    rj_store_close(store);
}

static void a_database_of_something_else_is_set_aside(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    sqlite3_exec(db, "CREATE TABLE other(x); PRAGMA user_version=1", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_set_aside_and_begun_anew();
}

static void a_newer_schema_is_refused_and_stays_in_place(void **state)
{
    (void)state;
    fill_store();
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
    sqlite3_close(db);
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_open(folder, &store, &damaged, &error), RJ_E_INVALID);
    assert_non_null(strstr(error.text, "newer agent"));
    assert_non_null(strstr(error.text, "99"));
    assert_null(find_file("agent.db.corrupt-"));
    assert_non_null(find_file("agent.db"));
}

static void a_locked_database_is_busy_and_stays_in_place(void **state)
{
    (void)state;
    fill_store();
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_open(folder, &store, &damaged, &error), RJ_E_BUSY);
    assert_non_null(strstr(error.text, "locked by another process"));
    assert_null(find_file("agent.db.corrupt-"));
    sqlite3_close(db);
    store = open_store(NULL);
    assert_int_equal(count_records(store), 200);
    rj_store_close(store);
}

static void a_write_against_a_lock_is_busy_and_works_afterwards(void **state)
{
    (void)state;
    rj_store *store = open_store(NULL);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    rj_store_record record = sample_record("a");
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_put_record(store, &record, &error), RJ_E_BUSY);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    rj_store_close(store);
}

/* Runs `function` in a child, as an ordinary user where this is root; its return is the exit code. */
static int in_child(int (*function)(void), bool as_user)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (as_user && geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        _exit(function());
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int open_read_only(void)
{
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    rj_status status = rj_store_open(folder, &store, &damaged, &error);
    if (status != RJ_E_DENIED)
        fprintf(stderr, "%s: %s\n", rj_status_name(status), error.text);
    return status == RJ_E_DENIED && error.text[0] ? 0 : 1;
}

static void a_read_only_folder_is_denied_and_nothing_is_set_aside(void **state)
{
    (void)state;
    fill_store();
    assert_int_equal(chmod(database, 0444), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(in_child(open_read_only, true), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_null(find_file("agent.db.corrupt-"));
    rj_store *store = open_store(NULL);
    assert_int_equal(count_records(store), 200);
    rj_store_close(store);
}

static void a_folder_that_cannot_be_written_and_holds_nothing_is_denied(void **state)
{
    (void)state;
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(in_child(open_read_only, true), 0);
}

static void a_missing_folder_is_named(void **state)
{
    (void)state;
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    assert_int_equal(rj_store_open("/tmp/rj-store-not-there", &store, &damaged, &error),
                     RJ_E_NOT_FOUND);
    assert_non_null(strstr(error.text, "/tmp/rj-store-not-there"));
}

/* A limit on the size of files stands for a file system without space. */
static int write_without_space(void)
{
    rj_store *store = NULL;
    bool damaged = false;
    rj_error error = RJ_ERROR_NONE;
    signal(SIGXFSZ, SIG_IGN);
    if (rj_store_open(folder, &store, &damaged, NULL) != RJ_OK)
        return 1;
    struct rlimit limit = {.rlim_cur = 16, .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    rj_store_record record = sample_record("new");
    if (rj_store_put_record(store, &record, &error) != RJ_E_IO || !error.text[0])
        return 3;
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 4;
    if (rj_store_put_record(store, &record, &error) != RJ_OK)
        return 5;
    rj_store_close(store);
    return 0;
}

static void a_write_without_space_fails_and_works_again_with_space(void **state)
{
    (void)state;
    fill_store();
    assert_int_equal(in_child(write_without_space, false), 0);
    bool damaged = true;
    rj_store *store = open_store(&damaged);
    assert_false(damaged);
    assert_int_equal(count_records(store), 201);
    rj_store_close(store);
}

/* ---- Two processes --------------------------------------------------------------------------- */

static int write_fifty(void)
{
    rj_store *store = NULL;
    bool damaged = false;
    if (rj_store_open(folder, &store, &damaged, NULL) != RJ_OK)
        return 1;
    for (int i = 0; i < 50; i++) {
        char id[32];
        snprintf(id, sizeof id, "p-%ld-%d", (long)getpid(), i);
        rj_store_record record = sample_record(id);
        if (rj_store_put_record(store, &record, NULL) != RJ_OK)
            return 2;
    }
    rj_store_close(store);
    return 0;
}

static void two_processes_writing_at_once_lose_nothing(void **state)
{
    (void)state;
    rj_store_close(open_store(NULL));
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        fflush(NULL);
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(write_fifty());
    }
    for (int i = 0; i < 2; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    rj_store *store = open_store(NULL);
    assert_int_equal(count_records(store), 100);
    rj_store_close(store);
}

/* ---- Kill ------------------------------------------------------------------------------------ */

static unsigned kill_point;

/* Three writes, each of which would show if it were torn: a record and its journal row. */
static int scripted_writes(void)
{
    rj_store *store = NULL;
    bool damaged = false;
    if (rj_store_open(folder, &store, &damaged, NULL) != RJ_OK)
        return 1;
    rj_store_kill_at(store, kill_point);
    rj_journal_entry entry = sample_entry("x");
    rj_store_record record = sample_record("x");
    record.core.uid = 1000;
    if (rj_store_journal_begin(store, &entry, &entry.number, NULL) != RJ_OK ||
        rj_store_journal_step(store, entry.number, RJ_STEP_CHANGING, NULL) != RJ_OK ||
        rj_store_journal_end(store, &entry, RJ_STEP_DONE, &record, NULL) != RJ_OK)
        return 2;
    return 0; /* without closing */
}

static void a_kill_at_any_write_leaves_it_done_or_not_begun(void **state)
{
    (void)state;
    for (kill_point = 1;; kill_point++) {
        rj_dir_remove(folder, NULL);
        assert_int_equal(mkdir(folder, 0700), 0);
        int code = in_child(scripted_writes, false);
        assert_true(code == 0 || code == 1000 + SIGKILL);
        bool damaged = true;
        rj_store *store = open_store(&damaged);
        assert_false(damaged);
        size_t records = count_records(store), open = count_open(store);
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
    rj_status status = rj_store_open(folder, &store, &damaged, &error);
    if (status != RJ_OK) {
        assert_true(error.text[0] != '\0');
        return status;
    }
    assert_false(damaged);
    rj_store_record record = sample_record("x"), *records = NULL;
    rj_journal_entry entry = sample_entry("x"), *entries = NULL;
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
    }
    assert_true(n > 20);
    assert_null(find_file("agent.db.corrupt-"));
    bool damaged = true;
    rj_store_close(open_store(&damaged));
    assert_false(damaged);
}

#define STORE_TEST(NAME) cmocka_unit_test_setup_teardown(NAME, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_record_comes_back_as_it_was_put_also_after_reopening),
        STORE_TEST(a_record_is_one_row_for_an_id_in_any_case),
        STORE_TEST(failures_of_the_same_thing_add_up_and_new_evidence_begins_anew),
        STORE_TEST(a_journal_entry_is_open_until_it_is_ended_and_comes_back_whole),
        STORE_TEST(failing_counts_an_attempt_and_done_clears_them),
        STORE_TEST(a_dropped_entry_leaves_only_history),
        STORE_TEST(history_keeps_the_newest_ten_of_each_package_and_owner),
        STORE_TEST(a_plugin_sees_its_own_values_only_and_within_limits),
        STORE_TEST(a_file_with_a_damaged_header_is_set_aside),
        STORE_TEST(a_truncated_file_is_set_aside_and_kept_byte_for_byte),
        STORE_TEST(a_damaged_page_is_found_at_open),
        STORE_TEST(two_damaged_files_in_one_second_are_both_kept),
        STORE_TEST(garbage_in_the_write_ahead_log_loses_nothing_that_was_in_the_database),
        STORE_TEST(a_database_of_something_else_is_set_aside),
        STORE_TEST(a_newer_schema_is_refused_and_stays_in_place),
        STORE_TEST(a_locked_database_is_busy_and_stays_in_place),
        STORE_TEST(a_write_against_a_lock_is_busy_and_works_afterwards),
        STORE_TEST(a_read_only_folder_is_denied_and_nothing_is_set_aside),
        STORE_TEST(a_folder_that_cannot_be_written_and_holds_nothing_is_denied),
        STORE_TEST(a_missing_folder_is_named),
        STORE_TEST(a_write_without_space_fails_and_works_again_with_space),
        STORE_TEST(two_processes_writing_at_once_lose_nothing),
        STORE_TEST(a_kill_at_any_write_leaves_it_done_or_not_begun),
        STORE_TEST(every_failing_allocation_is_an_error_and_the_database_stays_sound),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
