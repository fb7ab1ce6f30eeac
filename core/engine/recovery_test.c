/* SPDX-License-Identifier: MIT */
/* Runs that are cut at every durable write and inside the provider, and what recovery makes of it. */
#include "engine/executor_bench_test.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/system.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Kill ------------------------------------------------------------------------------------ */

/* What a run of one action may be cut at: the n-th durable write, or a point inside the provider. */
typedef struct cut {
    unsigned at_write;
    unsigned in_change;
} cut;

/* The one action of the bench, cut at a point; all that matters is in the argument. */
static int run_cut(const char *argument)
{
    cut at = {0};
    int verdict = 0;
    char version[16];
    int folder = 0;
    if (sscanf(argument, "%u %u %d %15s %n", &at.at_write, &at.in_change, &verdict, version,
               &folder) != 4 ||
        !bench_use_folder(argument + folder))
        return 100;
    bench_open_store();
    bench_add("tool", RJ_UID_MACHINE, (rj_verdict)verdict,
              strcmp(version, "-") != 0 ? version : NULL);
    rj_store_kill_at(b.store, at.at_write);
    b.fake.kill_in_change = at.in_change;
    bench_begin();
    while (fake_turn(&b.fake)) {
    }
    rj_system_exit_now(0);
}

/* 0: came through; 1: was killed. */
static int run_in_child(cut at)
{
    char argument[TEST_PATH_MAX];
    const char *version = b.assignments[0].version;
    snprintf(argument, sizeof argument, "%u %u %d %s %s", at.at_write, at.in_change,
             (int)b.items[0].verdict, version ? version : "-", b.folder);
    int code = test_child_run("cut", argument);
    assert_true(code == 0 || code == TEST_KILLED);
    return code ? 1 : 0;
}

/* After recovery: nothing open, no leftover, and the record says what is there. */
static void assert_converged(const char *before, const char *wanted)
{
    char part[256];
    const char *there = fake_installed(&b.fake, "tool", RJ_UID_MACHINE);
    rj_store_record *record = bench_record();
    assert_int_equal(bench_open_entries(), 0);
    snprintf(part, sizeof part, "%s/%lu-tool.part", b.folder, (unsigned long)RJ_UID_MACHINE);
    assert_false(rj_file_exists(part));
    assert_true(strcmp(there, before) == 0 || strcmp(there, wanted) == 0);
    if (record && record->core.success)
        assert_string_equal(record->core.version, there);
    if (strcmp(there, wanted) != 0 && record && !record->core.success)
        assert_int_equal(bench_attempts(), 1);
    rj_free(record);
}

/* All that is kept, as text, to see whether a second recovery changed anything. */
static char *everything_kept(void)
{
    rj_store_record *records = NULL;
    rj_attempts *list = NULL;
    rj_store_past *past = NULL;
    size_t count = 0;
    char *text = rj_calloc(1, 4096);
    assert_int_equal(rj_store_records(b.store, &records, &count, NULL), RJ_OK);
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), 4096 - strlen(text), "%s %s %d %s %lld\n", records[i].core.id,
                 records[i].core.version, records[i].core.success, records[i].message,
                 (long long)records[i].ended_wall_ms);
    assert_int_equal(rj_store_attempts(b.store, &list, &count, NULL), RJ_OK);
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), 4096 - strlen(text), "%s %u\n", list[i].id, list[i].failures);
    assert_int_equal(rj_store_history(b.store, "tool", RJ_UID_MACHINE, &past, &count, NULL), RJ_OK);
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), 4096 - strlen(text), "%s %s\n", rj_step_name(past[i].step),
                 past[i].message);
    rj_free(records);
    rj_free(list);
    rj_free(past);
    return text;
}

static void recover_twice_and_finish(const char *before, const char *wanted)
{
    bench_open_store();
    bench_recover();
    assert_converged(before, wanted);
    char *once = everything_kept();
    unsigned asked = b.fake.asked[RJ_PACKAGE_RECOVER];
    bench_recover();
    char *twice = everything_kept();
    assert_string_equal(once, twice);
    assert_int_equal(b.fake.asked[RJ_PACKAGE_RECOVER], asked);
    rj_free(once);
    rj_free(twice);
    assert_int_equal(bench_run().done, 1); /* the next run brings it to the end */
    assert_string_equal(fake_installed(&b.fake, "tool", RJ_UID_MACHINE), wanted);
}

static void start_over(const char *before)
{
    if (b.store)
        rj_store_close(b.store);
    b.store = NULL;
    rj_dir_remove(b.folder, NULL);
    assert_int_equal(rj_dir_make(b.folder, 0700, NULL), RJ_OK);
    if (before[0])
        fake_put(&b.fake, "tool", RJ_UID_MACHINE, before);
}

static void cut_everywhere(rj_verdict verdict, const char *before, const char *wanted,
                           unsigned expected_writes)
{
    b.plan.action_count = 0;
    bench_add("tool", RJ_UID_MACHINE, verdict, verdict == RJ_VERDICT_UNINSTALL ? NULL : wanted);
    cut at = {1, 0};
    for (;; at.at_write++) {
        start_over(before);
        int code = run_in_child(at);
        recover_twice_and_finish(before, wanted);
        if (code == 0)
            break;
    }
    assert_int_equal(at.at_write, 2 * expected_writes + 1);
    for (at = (cut){0, 1}; at.in_change <= 3; at.in_change++) {
        start_over(before);
        assert_int_equal(run_in_child(at), 1);
        recover_twice_and_finish(before, wanted);
    }
}

static void an_install_killed_anywhere_ends_done_or_rolled_back(void **state)
{
    (void)state;
    cut_everywhere(RJ_VERDICT_INSTALL, "", "1.0", 5);
}

static void an_upgrade_killed_anywhere_ends_done_or_rolled_back(void **state)
{
    (void)state;
    cut_everywhere(RJ_VERDICT_UPGRADE, "1.0", "2.0", 5);
}

static void an_uninstall_killed_anywhere_ends_done_or_rolled_back(void **state)
{
    (void)state;
    cut_everywhere(RJ_VERDICT_UNINSTALL, "1.0", "", 4);
}

static void a_reinstall_killed_before_its_answer_is_not_taken_for_done(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_REINSTALL, "1.0");
    start_over("1.0");
    assert_int_equal(run_in_child((cut){0, 1}), 1);
    bench_open_store();
    bench_recover();
    rj_store_record *record = bench_record();
    assert_false(record->core.success);
    assert_non_null(strstr(record->message, "interrupted"));
    rj_free(record);
    assert_int_equal(bench_attempts(), 1);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

static void a_run_without_memory_ends_and_recovery_settles_it(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    start_over("");
    for (uint64_t n = 1;; n++) {
        bench_open_store();
        rj_execution_counts counts = {0};
        rj_execution execution = bench_execution();
        b.ended = false;
        b.executor = NULL;
        b.events[0] = b.lines[0] = '\0';
        rj_alloc_fail_from(n);
        rj_status status = rj_executor_new(&execution, &b.executor, NULL);
        if (status == RJ_OK) {
            rj_executor_run(b.executor);
            while (fake_turn(&b.fake)) {
            }
            counts = rj_executor_counts(b.executor);
        }
        rj_alloc_fail_from(0);
        assert_true(status != RJ_OK || b.ended);
        rj_executor_free(b.executor);
        bench_recover();
        assert_converged("", "1.0");
        if (counts.done == 1)
            break;
        assert_true(n < 10000);
        /* Nothing is known again. The store stays: what one round left in it must not come up in the next. */
        rj_store_remove_record(b.store, "tool", RJ_UID_MACHINE, NULL);
        rj_store_clear_attempts(b.store, "tool", RJ_UID_MACHINE, NULL);
        fake_put(&b.fake, "tool", RJ_UID_MACHINE, NULL);
        rj_store_close(b.store);
    }
}

int main(int argc, char **argv)
{
    static const test_child children[] = {{"cut", run_cut}, {NULL, NULL}};
    int code = test_child_main(argc, argv, children);
    if (code >= 0)
        return code;
    const struct CMUnitTest tests[] = {
        BENCH_TEST(an_install_killed_anywhere_ends_done_or_rolled_back),
        BENCH_TEST(an_upgrade_killed_anywhere_ends_done_or_rolled_back),
        BENCH_TEST(an_uninstall_killed_anywhere_ends_done_or_rolled_back),
        BENCH_TEST(a_reinstall_killed_before_its_answer_is_not_taken_for_done),
        BENCH_TEST(a_run_without_memory_ends_and_recovery_settles_it),
    };
    return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
