/* SPDX-License-Identifier: MIT */
/*
 * The built check "os-update" of Windows (RJ_TEST_PLUGIN): before a stand-in for the update agent,
 * whose file of answers RJ_TEST_UPDATE_AGENT names, or else before whatever this system has.
 */
#include <realmjoin/check.h>
#include <windows.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check_verdict.h"
#include "test_files.h"

#define SECURITY "0fa1201d-4330-4fa8-8ae9-b877473b6441"
#define CRITICAL "e6cf1350-c01b-414d-a61f-263d14d133b4"
#define DEFINITIONS "e0789628-ce08-4437-be74-2495b842f43b"
#define RECENT "searched=3\ninstalled=20\n"

typedef const rj_plugin_desc *(*entry_function)(void);

static HMODULE module;
static entry_function entry;
static char *folder;
static check_verdict seen;

static int load(void **state)
{
    const char *path = getenv("RJ_TEST_PLUGIN");
    FARPROC symbol;

    (void)state;
    module = path ? LoadLibraryA(path) : NULL;
    symbol = module ? GetProcAddress(module, "rj_plugin_entry_v1") : NULL;
    if (!symbol) {
        print_error("RJ_TEST_PLUGIN names no plugin: %s\n", path ? path : "it is not set");
        return -1;
    }
    memcpy(&entry, &symbol, sizeof entry);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    return FreeLibrary(module) ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    folder = test_folder_new("os-update-test");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(folder);
    free(folder);
    return 0;
}

static void evaluate(rj_plugin *plugin, rj_op op, void *data)
{
    const rj_check *table = data;

    table->evaluate(plugin, "os-update", op);
}

static const char *verdict_with(const char *settings)
{
    check_verdict_ask(entry, "os-update", settings, &seen);
    return seen.state;
}

/* The agent's answers from now on. */
static void agent_says(const char *text)
{
    const char *file = getenv("RJ_TEST_UPDATE_AGENT");

    assert_non_null(file);
    test_file_write(file, text, strlen(text));
}

static void expect_with(const char *settings, const char *state, const char *words)
{
    if (strcmp(verdict_with(settings), state) != 0 || !strstr(seen.document, words))
        fail_msg("expected %s with \"%s\": %s", state, words, seen.document);
}

static void expect(const char *state, const char *words)
{
    expect_with("{}", state, words);
}

static void the_agent_of_this_system_gets_a_valid_answer_and_wines_is_unknown(void **state)
{
    bool wine = GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != NULL;

    (void)state;
    verdict_with("{}");
    if (wine)
        expect("unknown", "error 0x80004001");
}

static void no_pending_update_and_a_recent_search_are_ok(void **state)
{
    (void)state;
    agent_says(RECENT);
    expect("ok", "searched 3 days ago");
}

static void pending_important_updates_are_not_met_with_their_titles(void **state)
{
    (void)state;
    agent_says(RECENT "update=2026-11 Cumulative Update (KB5000001)||" SECURITY "\n"
                      "update=Definitions||" DEFINITIONS "\n"
                      "update=Fix f\xc3\xbcr alle||" CRITICAL "\n"
                      "update=Patch with a severity|Moderate|" DEFINITIONS "\n");
    expect("not-met", "3 important updates are pending: 2026-11 Cumulative Update (KB5000001); Fix "
                      "f\xc3\xbcr alle; Patch with a severity.");
    assert_non_null(strstr(seen.document, "4 offered, 3 of them important"));
    expect_with("{\"maxPendingSecurity\": 3}", "ok", "no more than allowed");
}

static void updates_that_are_not_important_are_ok(void **state)
{
    (void)state;
    agent_says(RECENT "update=Definitions||" DEFINITIONS "\nupdate=Driver|Unspecified|\n");
    expect("ok", "2 offered, 0 of them important");
}

static void every_error_of_the_agent_is_unknown_with_its_code(void **state)
{
    (void)state;
    agent_says(RECENT "search=80240438\n");
    expect("unknown", "Search: error 0x80240438");
    agent_says(RECENT "exception=8024402c\n");
    expect("unknown", "Search: error 0x8024402c");
    agent_says(RECENT "create=80070422\n");
    expect("unknown", "error 0x80070422");
    agent_says(RECENT "code=3\n");
    expect("unknown", "result code 3");
    agent_says("searched=!80240007\n");
    expect("unknown", "LastSearchSuccessDate: error 0x80240007");
    agent_says("searched=text\n");
    expect("unknown", "LastSearchSuccessDate: error 0x80020005");
    agent_says(RECENT "restart=!80070005\n");
    expect("unknown", "RebootRequired: error 0x80070005");
    agent_says(RECENT "restart=text\n");
    expect("unknown", "RebootRequired: error 0x80020005");
}

static void
an_update_that_cannot_be_judged_is_unknown_and_an_important_one_still_counts(void **state)
{
    (void)state;
    agent_says(RECENT "update=A||!80240009\n");
    expect("unknown", "CategoryID: error 0x80240009");
    agent_says(RECENT "update=A|!80240008|" DEFINITIONS "\n");
    expect("unknown", "MsrcSeverity: error 0x80240008");
    agent_says(RECENT "update=A|!80240008|" SECURITY "\n");
    expect("not-met", "1 important update is pending: A.");
    agent_says(RECENT "code=3\nupdate=B||" SECURITY "\n");
    expect("not-met", "1 important update is pending: B.");
    agent_says(RECENT "update=!80240001|Critical|\n");
    expect("not-met", "an update without a title");
}

static void a_search_that_is_too_old_in_the_future_or_never_was_is_unknown(void **state)
{
    (void)state;
    agent_says("searched=15\n");
    expect("unknown", "15 days ago (at most 14)");
    expect_with("{\"maxAgeDays\": 15}", "ok", "searched 15 days ago");
    agent_says("searched=-3\n");
    expect("unknown", "lies in the future");
    agent_says("");
    expect("unknown", "never");
    agent_says("searched=100\nupdate=Old||" SECURITY "\n");
    expect("not-met", "1 important update is pending: Old.");
}

static void a_restart_that_is_waited_for_is_not_met_unless_allowed(void **state)
{
    (void)state;
    agent_says(RECENT "restart=1\n");
    expect("not-met", "only after a restart");
    expect_with("{\"allowPendingReboot\": true}", "ok", "a restart is needed");
}

static void a_search_that_hangs_is_unknown_when_its_time_is_up_and_is_not_asked_again(void **state)
{
    static const char settings[] = "{\"maxSearchSeconds\": 1}";
    ULONGLONG begun = GetTickCount64();

    (void)state;
    agent_says(RECENT "wait=4000\n");
    expect_with(settings, "unknown", "no answer within 1 s");
    assert_true(GetTickCount64() - begun < 3500);
    /* The plugin may go meanwhile, and come back. */
    unload(NULL);
    assert_int_equal(load(NULL), 0);
    agent_says(RECENT);
    expect_with(settings, "unknown", "an earlier question has no answer yet");
    while (strcmp(verdict_with("{}"), "ok") != 0) {
        assert_true(GetTickCount64() - begun < 15000);
        Sleep(100);
    }
}

static void a_check_that_is_cancelled_does_not_wait_for_the_agent(void **state)
{
    ULONGLONG begun = GetTickCount64();
    plugin_host *host;
    const void *table;
    plugin_answer answer;
    const char *misuse;

    (void)state;
    agent_says(RECENT "wait=3000\n");
    host = plugin_host_open(entry, "", folder, "{}");
    table = plugin_host_table(host, RJ_CHECK);
    answer = plugin_host_call_cancelled(host, 20000, 200, evaluate, (void *)(uintptr_t)table);
    assert_int_equal(answer.status, RJ_E_CANCELLED);
    assert_true(GetTickCount64() - begun < 2500);
    misuse = plugin_host_close(host);
    if (misuse)
        fail_msg("%s", misuse);
}

static void which_windows_it_is_stands_in_the_evidence(void **state)
{
    (void)state;
    verdict_with("{}");
    assert_non_null(strstr(seen.document, "SOFTWARE\\\\Microsoft\\\\Windows NT\\\\CurrentVersion"));
    assert_non_null(strstr(seen.document, "build "));
}

static void a_setting_out_of_range_is_refused(void **state)
{
    plugin_host *host = plugin_host_open(entry, "", folder, "{\"maxSearchSeconds\": 26}");
    const void *table = plugin_host_table(host, RJ_CHECK);
    plugin_answer answer = plugin_host_call(host, 20000, evaluate, (void *)(uintptr_t)table);

    (void)state;
    assert_int_equal(answer.status, RJ_E_INVALID);
    assert_non_null(strstr(answer.message, "/settings/maxSearchSeconds"));
    plugin_host_close(host);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest of_this_system[] = {
        T(the_agent_of_this_system_gets_a_valid_answer_and_wines_is_unknown),
        T(which_windows_it_is_stands_in_the_evidence),
        T(a_setting_out_of_range_is_refused),
    };
    const struct CMUnitTest of_the_standin[] = {
        T(no_pending_update_and_a_recent_search_are_ok),
        T(pending_important_updates_are_not_met_with_their_titles),
        T(updates_that_are_not_important_are_ok),
        T(every_error_of_the_agent_is_unknown_with_its_code),
        T(an_update_that_cannot_be_judged_is_unknown_and_an_important_one_still_counts),
        T(a_search_that_is_too_old_in_the_future_or_never_was_is_unknown),
        T(a_restart_that_is_waited_for_is_not_met_unless_allowed),
        T(a_search_that_hangs_is_unknown_when_its_time_is_up_and_is_not_asked_again),
        T(a_check_that_is_cancelled_does_not_wait_for_the_agent), /* the last: leaves a thread */
    };

    if (getenv("RJ_TEST_UPDATE_AGENT"))
        return cmocka_run_group_tests_name("os-update, stand-in", of_the_standin, load, unload);
    return cmocka_run_group_tests_name("os-update, this system", of_this_system, load, unload);
}
