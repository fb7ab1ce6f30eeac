/* SPDX-License-Identifier: MIT */
/*
 * The hostile plugin with grants: each opens what it says and nothing beside it.  And what the policy
 * says of its limits and its placement.
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
#include "platform/system.h"
#include "sandbox_posix.h"
#include "tap_skip.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ONLY(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NOTHING ((const char *const[]){NULL})
#define ALL_ASKED                                                                                  \
    "[\"read\", \"write\", \"network\", \"packages\", \"root\", \"spawn\"]" /* the policy narrows */

static hostile_scene h;

static int teardown(void **state)
{
    (void)state;
    hostile_close(&h);
    return 0;
}

static void need_layers(void)
{
    if (RJ_SANITIZED)
        tap_skip("seccomp and memory limits are left out of builds with a sanitizer");
    if (hostile_landlock() < 6)
        tap_skip("the Landlock of this kernel is absent or too old");
}

static void open_with(const char *grant)
{
    char policy[300];
    snprintf(policy, sizeof policy, "\"Grant\": [%s]", grant);
    hostile_open(&h, ALL_ASKED, policy);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void reading_a_folder_opens_it_and_not_its_sibling(void **state)
{
    (void)state;
    open_with("\"read:/data/granted\"");
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-granted-files"), ONLY("read", "list"));
}

static void changing_a_folder_opens_it_and_not_its_sibling(void **state)
{
    (void)state;
    open_with("\"write:/data/granted\"");
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-granted-files"),
                           ONLY("read", "list", "write", "make", "replace by a link"));
}

/* In its next life as well: what lies below a folder that it may change is not looked up by name. */
static void a_granted_folder_replaced_by_a_link_leads_nowhere(void **state)
{
    (void)state;
    open_with("\"write:/data/granted\", \"write:/data/granted/inner\"");
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-granted-files"),
                           ONLY("read", "list", "write", "make", "replace by a link"));
    hostile_try_to_end(&h, "try-exit", 5000, RJ_E_ABANDONED, "ended by itself");
    json_t *tried = json_deep_copy(hostile_try(&h, "try-granted-files"));
    assert_int_not_equal(hostile_found(tried, "replace by a link"), 0);
    json_object_del(tried, "replace by a link");
    hostile_assert_refused(tried, ONLY("read", "list", "write", "make"));
    json_decref(tried);
}

static void packages_open_the_package_area_and_no_more(void **state)
{
    (void)state;
    open_with("\"packages\"");
    need_layers();
    const json_t *tried = hostile_try(&h, "try-packages");
    assert_int_equal(hostile_found(tried, "see packages"), 0);
    /* It belongs to the service: to change it as well takes "root". */
    assert_int_equal(hostile_found(tried, "add a package"), hostile_in_session() ? 0 : EACCES);
    assert_int_equal(hostile_found(tried, "agent's log"), EACCES);
    assert_int_equal(hostile_found(tried, "agent's records"), EACCES);
}

static void root_keeps_the_account_and_opens_nothing_by_itself(void **state)
{
    (void)state;
    open_with("\"root\"");
    need_layers();
    const json_t *tried = hostile_try(&h, "try-packages");
    assert_int_equal(hostile_found(tried, "uid"), getuid());
    assert_int_equal(hostile_found(tried, "see packages"), EACCES);
    assert_int_equal(hostile_found(tried, "agent's log"), EACCES);
    hostile_assert_refused(hostile_try(&h, "try-secrets"), NOTHING);
    hostile_assert_refused(hostile_try(&h, "try-write-outside"), NOTHING);
    hostile_assert_refused(hostile_try(&h, "try-kernel"), ONLY("name of the thread"));
    json_t *worker = scene_describe(&h.s, HOSTILE_ID, "worker");
    const json_t *notes = json_object_get(worker, "downgrades");
    assert_int_equal(json_array_size(notes), 1);
    assert_non_null(strstr(json_string_value(json_array_get(notes, 0)), "account: kept"));
    json_decref(worker);
}

static void root_and_packages_together_may_change_packages(void **state)
{
    (void)state;
    open_with("\"root\", \"packages\"");
    const json_t *tried = hostile_try(&h, "try-packages");
    assert_int_equal(hostile_found(tried, "add a package"), 0);
    assert_int_equal(hostile_found(tried, "see package logs"), 0);
}

/* ---- Network --------------------------------------------------------------------------------- */

static void the_internet_is_tcp_and_udp(void **state)
{
    (void)state;
    open_with("\"network:internet\"");
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-sockets"), ONLY("tcp", "tcp6", "udp", "pair"));
    json_t *tried = json_deep_copy(hostile_try(&h, "try-connections"));
    json_object_del(tried, "line to the core"); /* refused by being what it is, tested below */
    json_object_del(tried, "other end of the line");
    hostile_assert_refused(tried, ONLY("tcp", "udp"));
    json_decref(tried);
}

static void local_sockets_are_those_of_this_machine(void **state)
{
    (void)state;
    open_with("\"network:local\"");
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-sockets"),
                           ONLY("unix", "unix datagram", "pair", "datagram pair"));
    json_t *tried = json_deep_copy(hostile_try(&h, "try-connections"));
    assert_int_not_equal(hostile_found(tried, "line to the core"), 0);
    assert_int_not_equal(hostile_found(tried, "other end of the line"), 0);
    json_object_del(tried, "line to the core");
    json_object_del(tried, "other end of the line");
    hostile_assert_refused(tried, ONLY("agent", "abstract"));
    json_decref(tried);
}

static void netlink_is_some_of_its_protocols(void **state)
{
    (void)state;
    open_with("\"network:netlink\"");
    need_layers();
    hostile_assert_refused(hostile_try(&h, "try-sockets"), ONLY("netlink", "pair"));
}

/* ---- Programs -------------------------------------------------------------------------------- */

static void without_a_grant_there_is_no_service_to_start_programs(void **state)
{
    (void)state;
    hostile_open(&h, ALL_ASKED, "");
    assert_int_equal(hostile_found(hostile_try(&h, "try-spawn"), "no table"), 1);
}

static void a_granted_program_is_started_and_does_not_become_another(void **state)
{
    (void)state;
    open_with("\"spawn:/bin/true\"");
    const json_t *tried = hostile_try(&h, "try-spawn");
    static const char *const denied[] = {
        "other program", "shell", "roundabout", "foreign code", "other search path", "other name"};
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
        if (hostile_found(tried, denied[i]) != RJ_E_DENIED)
            fail_msg("%s: %ld", denied[i], hostile_found(tried, denied[i]));
    assert_int_equal(hostile_found(tried, "granted"), RJ_OK);
    assert_int_equal(hostile_found(tried, "exit kind"), RJ_EXIT_CODE);
    assert_int_equal(hostile_found(tried, "exit value"), 0);
    assert_int_equal(hostile_logged("may make /bin/true run other code"), 2);
}

static void a_bomb_of_granted_programs_ends_at_their_number(void **state)
{
    (void)state;
    open_with("\"spawn:/bin/sleep\"");
    const json_t *tried = hostile_try(&h, "try-programs");
    assert_int_equal(hostile_found(tried, "started"), 64);
    assert_int_equal(hostile_found(tried, "then"), RJ_E_LIMIT);
    hostile_assert_well(&h);
}

/* ---- Limits and placement -------------------------------------------------------------------- */

static void processor_time_of_a_thread_aside_ends_at_the_policys_limit(void **state)
{
    (void)state;
    hostile_open(&h, "[]", "\"Limits\": {\"CpuSeconds\": 1}");
    hostile_try_to_end(&h, "try-spin-aside", 9000, RJ_E_ABANDONED,
                       "used more processor time than it may");
    hostile_assert_well(&h);
}

static void the_policys_limits_are_those_of_the_worker(void **state)
{
    (void)state;
    hostile_open(&h, "[]",
                 "\"Limits\": {\"MemoryMB\": 64, \"Files\": 100, \"Threads\": 10,"
                 " \"CpuSeconds\": 77}");
    need_layers();
    const json_t *tried = hostile_try(&h, "try-limits");
    assert_int_equal(hostile_found(tried, "cpu seconds"), 77);
    assert_int_equal(hostile_found(tried, "open files"), 100);
    assert_in_range(hostile_found(hostile_try(&h, "try-memory"), "mebibytes"), 16, 64);
    if (!hostile_in_session())
        assert_in_range(hostile_found(hostile_try(&h, "try-threads"), "threads"), 2, 9);
}

static void limits_out_of_bounds_keep_the_plugin_out_and_say_so(void **state)
{
    (void)state;
    hostile_open(&h, "[]", "\"Limits\": {\"Files\": 5}");
    json_t *reason = scene_describe(&h.s, HOSTILE_ID, "reason");
    assert_string_equal(json_string_value(reason),
                        "policy: /Plugins/" HOSTILE_ID
                        "/Limits/Files: expected is a whole number from 32 to 4096");
    json_decref(reason);
}

/* Why third parties get a worker: here nothing is enforced but what goes through the host. */
static void in_the_core_only_what_goes_through_the_host_is_refused(void **state)
{
    (void)state;
    hostile_open(&h, "[]", "\"Isolation\": \"in-process\"");
    const json_t *tried = hostile_try(&h, "try-secrets");
    assert_int_equal(hostile_found(tried, "agent's records"), 0);
    assert_int_equal(hostile_found(tried, "other plugin's state"), 0);
    assert_int_equal(hostile_found(tried, "key of the user"), 0);
    if (!hostile_in_session())
        assert_int_equal(hostile_found(tried, "shadow"), 0);
    assert_int_equal(hostile_found(hostile_try(&h, "try-connections"), "tcp"), 0);
    assert_int_equal(hostile_found(hostile_try(&h, "try-spawn"), "no table"), 1);
}

/* The numbers of these two ids are the same.  Whoever comes second is kept out, also when the first one
 * has been out of service meanwhile. */
#define FIRST_ID "org.example.n11446"
#define SECOND_ID "org.example.n7182"

static void two_plugins_never_share_an_account(void **state)
{
    (void)state;
    rj_error err = RJ_ERROR_NONE;
    static const char checks[] = ", \"capabilities\": [], \"checks\": [\"n\"]";
    hostile_open(&h, "[]", "");
    if (hostile_in_session())
        tap_skip("in a session all workers have the user's account");
    assert_true(scene_unload(&h.s));
    scene_add(&h.s, false, FIRST_ID, "hostile", "\"rj.check/1\"", checks);
    scene_add(&h.s, false, SECOND_ID, "hostile", "\"rj.check/1\"", checks);
    scene_load(&h.s);
    json_t *reason = scene_describe(&h.s, SECOND_ID, "reason");
    assert_string_equal(json_string_value(reason),
                        "its account, uid 1992343093, is that of " FIRST_ID "; give it another id");
    json_decref(reason);
    assert_int_equal(rj_runtime_set_enabled(h.s.runtime, FIRST_ID, false, &err), RJ_OK);
    assert_true(scene_unload(&h.s));
    scene_load(&h.s);
    json_t *word = scene_describe(&h.s, SECOND_ID, "state");
    assert_string_equal(json_string_value(word), "ready");
    json_decref(word);
    assert_int_not_equal(rj_runtime_set_enabled(h.s.runtime, FIRST_ID, true, &err), RJ_OK);
    assert_non_null(strstr(err.text, "is that of " SECOND_ID));
}

#define CLOSED(TEST) cmocka_unit_test_setup_teardown(TEST, NULL, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLOSED(reading_a_folder_opens_it_and_not_its_sibling),
        CLOSED(changing_a_folder_opens_it_and_not_its_sibling),
        CLOSED(a_granted_folder_replaced_by_a_link_leads_nowhere),
        CLOSED(packages_open_the_package_area_and_no_more),
        CLOSED(root_keeps_the_account_and_opens_nothing_by_itself),
        CLOSED(root_and_packages_together_may_change_packages),
        CLOSED(the_internet_is_tcp_and_udp),
        CLOSED(local_sockets_are_those_of_this_machine),
        CLOSED(netlink_is_some_of_its_protocols),
        CLOSED(without_a_grant_there_is_no_service_to_start_programs),
        CLOSED(a_granted_program_is_started_and_does_not_become_another),
        CLOSED(a_bomb_of_granted_programs_ends_at_their_number),
        CLOSED(processor_time_of_a_thread_aside_ends_at_the_policys_limit),
        CLOSED(the_policys_limits_are_those_of_the_worker),
        CLOSED(limits_out_of_bounds_keep_the_plugin_out_and_say_so),
        CLOSED(two_plugins_never_share_an_account),
        CLOSED(in_the_core_only_what_goes_through_the_host_is_refused),
    };
    if (!hostile_take_account())
        return 0;
    rj_json_use_base_alloc();
    return cmocka_run_group_tests_name("hostile plugin with grants", tests, NULL, NULL);
}
