/* SPDX-License-Identifier: MIT */
/* What may be wrong with the file or the place it is in, and who else may use it. */
#include "engine/store_bench_test.h"

#include "base/alloc.h"
#include "platform/file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void overwrite(const char *path, long offset, const char *bytes, size_t length)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, length, offset), (ssize_t)length);
    close(fd);
}

/* ---- What may be wrong with the file --------------------------------------------------------- */

static void fill_store(void)
{
    rj_store *store = store_open(NULL);
    for (int i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "package-%03d", i);
        rj_store_record record = store_sample_record(id);
        assert_int_equal(rj_store_put_record(store, &record, NULL), RJ_OK);
    }
    rj_store_close(store);
}

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
    fill_store();
    overwrite(store_database, 0, "this is no database", 19);
    assert_set_aside_and_begun_anew();
}

static void a_truncated_file_is_set_aside_and_kept_byte_for_byte(void **state)
{
    (void)state;
    fill_store();
    assert_int_equal(truncate(store_database, 5000), 0);
    assert_set_aside_and_begun_anew();
    char path[512];
    struct stat kept;
    snprintf(path, sizeof path, "%s/%s", store_folder, store_find_file("agent.db.corrupt-2"));
    assert_int_equal(stat(path, &kept), 0);
    assert_int_equal(kept.st_size, 5000);
}

static void a_damaged_page_is_found_at_open(void **state)
{
    (void)state;
    fill_store();
    char garbage[4096];
    memset(garbage, 0xa5, sizeof garbage);
    overwrite(store_database, 4096, garbage, sizeof garbage);
    assert_set_aside_and_begun_anew();
}

static void two_damaged_files_in_one_second_are_both_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        fill_store();
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
    fill_store();
    char wal[160], garbage[20000];
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
    fill_store();
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
    fill_store();
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

/* Runs `function` in a child, as an ordinary user where this is root.  Its return, or 1000 + the
 * signal that killed it. */
static int store_in_child(int (*function)(void), bool as_user)
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
    rj_status status = rj_store_open(store_folder, &store, &damaged, &error);
    if (status != RJ_E_DENIED)
        fprintf(stderr, "%s: %s\n", rj_status_name(status), error.text);
    return status == RJ_E_DENIED && error.text[0] ? 0 : 1;
}

static void a_read_only_folder_is_denied_and_nothing_is_set_aside(void **state)
{
    (void)state;
    fill_store();
    assert_int_equal(chmod(store_database, 0444), 0);
    assert_int_equal(chmod(store_folder, 0555), 0);
    assert_int_equal(store_in_child(open_read_only, true), 0);
    assert_int_equal(chmod(store_folder, 0755), 0);
    assert_null(store_find_file("agent.db.corrupt-"));
    rj_store *store = store_open(NULL);
    assert_int_equal(store_count_records(store), 200);
    rj_store_close(store);
}

static void a_folder_that_cannot_be_written_and_holds_nothing_is_denied(void **state)
{
    (void)state;
    assert_int_equal(chmod(store_folder, 0555), 0);
    assert_int_equal(store_in_child(open_read_only, true), 0);
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
    if (rj_store_open(store_folder, &store, &damaged, NULL) != RJ_OK)
        return 1;
    struct rlimit limit = {.rlim_cur = 16, .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    rj_store_record record = store_sample_record("new");
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
    assert_int_equal(store_in_child(write_without_space, false), 0);
    bool damaged = true;
    rj_store *store = store_open(&damaged);
    assert_false(damaged);
    assert_int_equal(store_count_records(store), 201);
    rj_store_close(store);
}

/* ---- Two processes --------------------------------------------------------------------------- */

static int write_fifty(void)
{
    rj_store *store = NULL;
    bool damaged = false;
    if (rj_store_open(store_folder, &store, &damaged, NULL) != RJ_OK)
        return 1;
    for (int i = 0; i < 50; i++) {
        char id[32];
        snprintf(id, sizeof id, "p-%ld-%d", (long)getpid(), i);
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
    rj_store *store = store_open(NULL);
    assert_int_equal(store_count_records(store), 100);
    rj_store_close(store);
}

int main(void)
{
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
        STORE_TEST(a_read_only_folder_is_denied_and_nothing_is_set_aside),
        STORE_TEST(a_folder_that_cannot_be_written_and_holds_nothing_is_denied),
        STORE_TEST(a_missing_folder_is_named),
        STORE_TEST(a_write_without_space_fails_and_works_again_with_space),
        STORE_TEST(two_processes_writing_at_once_lose_nothing),
    };
    return cmocka_run_group_tests_name("store_damage", tests, NULL, NULL);
}
