/* SPDX-License-Identifier: MIT */
/*
 * A hostile plugin without grants, in a real worker behind the real runtime: what it tries is refused,
 * what is left to it is what docs/security.md says, and the core goes on.
 *
 * With RJ_TEST_ACCOUNT=session the same as an ordinary user, whose account the worker keeps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hostile_scene.h"

#include "hostile_ids.h"

#include "base/json.h"
#include "engine/store.h"
#include "platform/file.h"
#include "platform/system.h"
#include "sandbox_posix.h"
#include "tap_skip.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONLY(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]){NULL})

static hostile_scene h;

static int setup(void **state)
{
    (void)state;
    hostile_open(&h, "[]", "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hostile_close(&h);
    return 0;
}

/* What Landlock or the filter of calls is needed for. */
static void need_layers(void)
{
    if (RJ_SANITIZED)
        tap_skip("seccomp and memory limits are left out of builds with a sanitizer");
    if (hostile_landlock() < 6)
        tap_skip("the Landlock of this kernel is absent or too old");
}

static void in_range(const json_t *tried, const char *name, long least, long most)
{
    long found = hostile_found(tried, name);
    if (found < least || found > most)
        fail_msg("%s: %ld, expected is %ld to %ld", name, found, least, most);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void nothing_of_the_agent_and_of_others_can_be_read(void **state)
{
    (void)state;
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-secrets"), NOTHING);
}

static void of_the_core_only_what_everybody_sees_can_be_read(void **state)
{
    (void)state;
    need_layers();
    scene_wake(&h.s);
    hostile_assert_refused(hostile_try(&h, "try-core-memory"), ONLY("status", "task"));
}

static void what_landlock_does_not_know_is_as_documented(void **state)
{
    (void)state;
    need_layers();
    const json_t *tried = hostile_try(&h, "try-metadata");
    if (hostile_in_session())
        hostile_assert_refused(tried, ONLY("stat", "access", "chdir", "chdir back"));
    else
        hostile_assert_refused(tried, ONLY("stat", "access", "chdir", "chdir back", "watch",
                                           "watch of its own", "attributes", "times"));
}

static void what_it_needs_can_be_used(void **state)
{
    (void)state;
    hostile_assert_refused(hostile_try(&h, "try-allowed-files"),
                           ONLY("its plugin", "its binary", "its descriptor", "programs",
                                "its status", "accounts", "nothing", "state", "cache",
                                "temporary file"));
}

static void nothing_can_be_written_outside_its_folders(void **state)
{
    (void)state;
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-write-outside"), NOTHING);
}

static void no_rename_and_no_link_leads_out(void **state)
{
    (void)state;
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-links"),
                           ONLY("own file", "link", "folders", "more folders", "move"));
}

static void a_file_of_its_own_cannot_be_made_a_way_to_more_rights(void **state)
{
    (void)state;
    need_layers();
    const json_t *tried = hostile_try(&h, "try-own-modes");
    if (hostile_in_session()) {
        hostile_assert_refused(tried, ONLY("write"));
        return;
    }
    /* Such a file gives its own account, in a folder that only this may enter. */
    hostile_assert_refused(tried,
                           ONLY("write", "mode", "set-user-ID", "set-user-ID of a new file"));
    struct stat st;
    char path[400];
    snprintf(path, sizeof path, "%s/plugins/" HOSTILE_ID "/tool",
             rj_path(h.s.paths, RJ_PATH_STATE));
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_uid >= 1879048192u);
}

/* Only the file system holds it: quotas are the administrator's. */
static void a_hundred_thousand_files_of_its_own_are_not_stopped(void **state)
{
    (void)state;
    const json_t *tried = hostile_try(&h, "try-many-files");
    if (hostile_found(tried, "then"))
        tap_skip("this file system has no room for so many files");
    in_range(tried, "files", 1000, 100000);
    hostile_assert_well(&h);
}

static void a_file_of_ten_gigabytes_is_an_error(void **state)
{
    (void)state;
    const json_t *tried = hostile_try(&h, "try-large-file");
    assert_int_equal(hostile_found(tried, "grow"), EFBIG);
    assert_int_equal(hostile_found(tried, "reserve"), EFBIG);
    assert_int_equal(hostile_found(tried, "write behind"), EFBIG);
    assert_int_not_equal(hostile_found(tried, "grow by path"), 0);
    assert_int_equal(hostile_found(tried, "write within"), 0);
}

/* ---- Sockets, processes, memory -------------------------------------------------------------- */

static void no_socket_can_be_made_or_connected(void **state)
{
    (void)state;
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-sockets"), ONLY("pair"));
    hostile_assert_refused(hostile_try(&h, "try-connections"), NOTHING);
}

static void no_other_process_can_be_looked_into(void **state)
{
    (void)state;
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-trace"), NOTHING);
}

static void no_other_process_can_be_signalled(void **state)
{
    (void)state;
    need_layers();
    scene_wake(&h.s);
    json_t *tried = json_deep_copy(hostile_try(&h, "try-signals"));
    assert_int_equal(hostile_found(tried, "other worker found"), 1);
    json_object_del(tried, "other worker found");
    hostile_assert_refused(tried, NOTHING);
    json_decref(tried);
    hostile_assert_well(&h);
}

static void no_process_can_be_made_in_any_way(void **state)
{
    (void)state;
    need_layers();
    json_t *tried = json_deep_copy(hostile_try(&h, "try-processes"));
    assert_int_equal(hostile_found(tried, "bomb"), 0);
    json_object_del(tried, "bomb");
    hostile_assert_refused(tried, NOTHING);
    json_decref(tried);
}

static void a_thread_bomb_ends_at_its_limit(void **state)
{
    (void)state;
    if (RJ_SANITIZED)
        tap_skip("sanitizers have threads of their own");
    in_range(hostile_try(&h, "try-threads"), "threads", 10, hostile_in_session() ? 128 : 31);
    hostile_assert_well(&h);
}

static void two_gigabytes_are_not_to_be_had_in_any_way(void **state)
{
    (void)state;
    need_layers();
    const json_t *tried = hostile_try(&h, "try-memory");
    static const char *const no_memory[] = {"two gigabytes", "mapped", "reserved", "heap"};
    for (size_t i = 0; i < sizeof no_memory / sizeof *no_memory; i++)
        assert_int_equal(hostile_found(tried, no_memory[i]), ENOMEM);
    in_range(tried, "mebibytes", 64, 256);
    json_t *rest = json_deep_copy(tried);
    json_object_del(rest, "mebibytes");
    for (size_t i = 0; i < sizeof no_memory / sizeof *no_memory; i++)
        json_object_del(rest, no_memory[i]);
    hostile_assert_refused(rest, NOTHING);
    json_decref(rest);
    hostile_assert_well(&h);
}

static void a_hundred_thousand_open_files_end_at_the_limit(void **state)
{
    (void)state;
    const json_t *tried = hostile_try(&h, "try-descriptors");
    in_range(tried, "files", 200, 256);
    assert_int_equal(hostile_found(tried, "then"), EMFILE);
}

static void the_account_stays_what_it_is(void **state)
{
    (void)state;
    need_layers();
    json_t *tried = json_deep_copy(hostile_try(&h, "try-account"));
    long uid = hostile_found(tried, "uid");
    assert_true(hostile_in_session() ? uid == (long)getuid()
                                     : uid >= 1879048192L && uid < 2147483648L);
    assert_int_equal(hostile_found(tried, "gid"), hostile_in_session() ? (long)getgid() : uid);
    assert_int_equal(hostile_found(tried, "groups"), 0);
    assert_int_equal(hostile_found(tried, "own session"), 1);
    static const char *const facts[] = {"uid", "gid", "groups", "own session"};
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        json_object_del(tried, facts[i]);
    hostile_assert_refused(tried, NOTHING);
    json_decref(tried);
}

static void limits_cannot_be_raised(void **state)
{
    (void)state;
    need_layers();
    json_t *tried = json_deep_copy(hostile_try(&h, "try-limits"));
    assert_int_equal(hostile_found(tried, "cpu seconds"), 600);
    assert_int_equal(hostile_found(tried, "open files"), 256);
    json_object_del(tried, "cpu seconds");
    json_object_del(tried, "open files");
    hostile_assert_refused(tried, ONLY("reading"));
    json_decref(tried);
}

static void calls_that_no_plugin_needs_are_refused(void **state)
{
    (void)state;
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-kernel"), ONLY("name of the thread"));
}

/* ---- Floods ---------------------------------------------------------------------------------- */

static void values_end_at_their_number_and_size(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    rj_store *store = NULL;
    bool damaged = false;
    char path[300];
    snprintf(path, sizeof path, "%s/store", h.s.root);
    assert_int_equal(rj_dir_make(path, 0700, &err), RJ_OK);
    assert_true(scene_unload(&h.s));
    assert_int_equal(rj_store_open(path, &store, &damaged, &err), RJ_OK);
    h.s.kv = rj_store_kv(store);
    scene_load(&h.s);
    const json_t *tried = hostile_try(&h, "try-kv-flood");
    assert_int_equal(hostile_found(tried, "too large"), RJ_E_LIMIT);
    assert_int_equal(hostile_found(tried, "largest"), RJ_OK);
    assert_int_equal(hostile_found(tried, "kept"), 1024);
    assert_int_equal(hostile_found(tried, "then"), RJ_E_LIMIT);
    assert_int_equal(hostile_found(tried, "replaced"), RJ_OK);
    assert_true(scene_unload(&h.s));
    rj_store_close(store);
}

static void a_flood_of_log_lines_is_cut_and_counted(void **state)
{
    (void)state;
    hostile_try(&h, "try-log-flood");
    hostile_assert_well(&h);
    unsigned lines = hostile_logged("the sky is falling");
    assert_in_range(lines, 400, 1500);
}

static void a_flood_of_notices_stops_nobody(void **state)
{
    (void)state;
    const json_t *tried = hostile_try(&h, "try-event-flood");
    assert_int_equal(hostile_found(tried, "topic of another"), RJ_E_DENIED);
    assert_int_equal(hostile_found(tried, "topic of the core"), RJ_E_DENIED);
    hostile_assert_well(&h);
}

static void refusals_without_end_are_few_lines(void **state)
{
    (void)state;
    const json_t *tried = hostile_try(&h, "try-query-flood");
    assert_int_equal(hostile_found(tried, "granted"), 0);
    assert_in_range(hostile_logged("which is not granted"), 1, 40);
    hostile_assert_well(&h);
}

static void a_leak_ends_at_the_limit_and_is_told_as_one(void **state)
{
    (void)state;
    if (RJ_SANITIZED)
        tap_skip("seccomp and memory limits are left out of builds with a sanitizer");
    hostile_try_to_end(&h, "try-leak", 9000, RJ_E_ABANDONED, "at its memory limit of 256 MiB");
    hostile_assert_well(&h);
}

static void a_flood_of_output_ends_the_worker(void **state)
{
    (void)state;
    hostile_try_to_end(&h, "try-print-flood", 9000, RJ_E_ABANDONED, "prints far more");
    hostile_assert_well(&h);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static void whatever_way_it_ends_itself_the_core_goes_on(void **state)
{
    (void)state;
    hostile_try_to_end(&h, "try-exit", 5000, RJ_E_ABANDONED, "ended by itself with code 0");
    hostile_assert_well(&h);
    hostile_try_to_end(&h, "try-abort", 5000, RJ_E_ABANDONED,
                       RJ_SANITIZED ? "its worker" : "crashed with signal 6");
    assert_int_equal(hostile_logged("|ERROR|"), hostile_logged("|ERROR|plugin." HOSTILE_ID "|"));
}

static void a_kill_of_itself_is_told_as_one_from_outside(void **state)
{
    (void)state;
    hostile_try_to_end(&h, "try-kill-itself", 5000, RJ_E_ABANDONED, "signal 9");
    hostile_assert_well(&h);
}

static void a_stop_of_itself_is_a_hang_and_killed(void **state)
{
    (void)state;
    hostile_try_to_end(&h, "try-stop-itself", 300, RJ_E_ABANDONED, "no answer within the deadline");
    hostile_await_logged(&h, "was killed: no answer");
    assert_int_equal(hostile_logged("was killed: no answer within the deadline"), 1);
    hostile_assert_well(&h);
}

static void an_endless_loop_is_a_hang_and_killed(void **state)
{
    (void)state;
    hostile_try_to_end(&h, "try-spin", 300, RJ_E_ABANDONED, "no answer within the deadline");
    hostile_await_logged(&h, "was killed: no answer");
    assert_int_equal(hostile_logged("was killed: no answer within the deadline"), 1);
    hostile_assert_well(&h);
}

static void closing_its_lines_is_its_end(void **state)
{
    (void)state;
    hostile_try_to_end(&h, "try-close-lines", 5000, RJ_E_ABANDONED, "its worker");
    hostile_assert_well(&h);
}

static void putting_something_else_in_place_of_its_line_is_its_end(void **state)
{
    (void)state;
    hostile_try_to_end(&h, "try-replace-line", 1000, RJ_E_ABANDONED, "its worker");
    hostile_assert_well(&h);
}

static void garbage_in_its_lines_is_its_end(void **state)
{
    (void)state;
    hostile_try_to_end(&h, "try-garbage", 5000, RJ_E_ABANDONED, "was killed: it sent");
    hostile_assert_well(&h);
    hostile_try_to_end(&h, "try-garbage-call", 5000, RJ_E_ABANDONED, "was killed: it sent");
}

static void a_call_of_another_architecture_is_its_end(void **state)
{
    (void)state;
    need_layers();
#ifdef __x86_64__
    hostile_try_to_end(&h, "try-foreign-call", 5000, RJ_E_ABANDONED, "crashed with signal 31");
#else
    tap_skip("this processor has no calls of another architecture");
#endif
}

/* ---- What is told ---------------------------------------------------------------------------- */

static void what_is_weaker_than_it_should_be_is_listed_and_logged_once(void **state)
{
    (void)state;
    hostile_try(&h, "try-well");
    json_t *worker = scene_describe(&h.s, HOSTILE_ID, "worker");
    const json_t *downgrades = json_object_get(worker, "downgrades");
    assert_true(json_is_array(downgrades));
    size_t expected = (RJ_SANITIZED ? 1 : 0) + (hostile_in_session() ? 1 : 0);
    if (hostile_landlock() >= 6)
        assert_int_equal(json_array_size(downgrades), expected);
    else
        assert_true(json_array_size(downgrades) > expected);
    assert_int_equal(hostile_logged("|plugin." HOSTILE_ID "|-|its worker is less confined"),
                     json_array_size(downgrades));
    json_decref(worker);
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(nothing_of_the_agent_and_of_others_can_be_read),
        IN_SCENE(of_the_core_only_what_everybody_sees_can_be_read),
        IN_SCENE(what_landlock_does_not_know_is_as_documented),
        IN_SCENE(what_it_needs_can_be_used),
        IN_SCENE(nothing_can_be_written_outside_its_folders),
        IN_SCENE(no_rename_and_no_link_leads_out),
        IN_SCENE(a_file_of_its_own_cannot_be_made_a_way_to_more_rights),
        IN_SCENE(a_hundred_thousand_files_of_its_own_are_not_stopped),
        IN_SCENE(a_file_of_ten_gigabytes_is_an_error),
        IN_SCENE(no_socket_can_be_made_or_connected),
        IN_SCENE(no_other_process_can_be_looked_into),
        IN_SCENE(no_other_process_can_be_signalled),
        IN_SCENE(no_process_can_be_made_in_any_way),
        IN_SCENE(a_thread_bomb_ends_at_its_limit),
        IN_SCENE(two_gigabytes_are_not_to_be_had_in_any_way),
        IN_SCENE(a_hundred_thousand_open_files_end_at_the_limit),
        IN_SCENE(the_account_stays_what_it_is),
        IN_SCENE(limits_cannot_be_raised),
        IN_SCENE(calls_that_no_plugin_needs_are_refused),
        IN_SCENE(values_end_at_their_number_and_size),
        IN_SCENE(a_flood_of_log_lines_is_cut_and_counted),
        IN_SCENE(a_flood_of_notices_stops_nobody),
        IN_SCENE(refusals_without_end_are_few_lines),
        IN_SCENE(a_leak_ends_at_the_limit_and_is_told_as_one),
        IN_SCENE(a_flood_of_output_ends_the_worker),
        IN_SCENE(whatever_way_it_ends_itself_the_core_goes_on),
        IN_SCENE(a_kill_of_itself_is_told_as_one_from_outside),
        IN_SCENE(a_stop_of_itself_is_a_hang_and_killed),
        IN_SCENE(an_endless_loop_is_a_hang_and_killed),
        IN_SCENE(closing_its_lines_is_its_end),
        IN_SCENE(putting_something_else_in_place_of_its_line_is_its_end),
        IN_SCENE(garbage_in_its_lines_is_its_end),
        IN_SCENE(a_call_of_another_architecture_is_its_end),
        IN_SCENE(what_is_weaker_than_it_should_be_is_listed_and_logged_once),
    };
    if (!hostile_take_account())
        return 0;
    rj_json_use_base_alloc();
    return cmocka_run_group_tests_name("hostile plugin", tests, NULL, NULL);
}
