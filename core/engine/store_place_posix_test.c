/* SPDX-License-Identifier: MIT */
/* What may be wrong with the place the database is in, on POSIX. */
#include "engine/store_bench_test.h"

#include "base/status.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

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
    store_fill();
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
    store_fill();
    assert_int_equal(store_in_child(write_without_space, false), 0);
    bool damaged = true;
    rj_store *store = store_open(&damaged);
    assert_false(damaged);
    assert_int_equal(store_count_records(store), 201);
    rj_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_read_only_folder_is_denied_and_nothing_is_set_aside),
        STORE_TEST(a_folder_that_cannot_be_written_and_holds_nothing_is_denied),
        STORE_TEST(a_write_without_space_fails_and_works_again_with_space),
    };
    return cmocka_run_group_tests_name("store_place", tests, NULL, NULL);
}
