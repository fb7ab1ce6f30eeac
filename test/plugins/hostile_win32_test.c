/* SPDX-License-Identifier: MIT */
/*
 * What the sandbox of Windows promises (docs/security.md), tried by a plugin in a worker.  Wine has jobs
 * and tokens but does not enforce all of them: what it lets through is skipped by name, and fails on a
 * real Windows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "hostile_win32_ids.h"
#include "leaks.h"
#include "platform/file.h"
#include "scene.h"
#include "tap_skip.h"
#include "test_system.h"

#include <stdio.h>
#include <string.h>

#include <windows.h>

#define LIMIT_MIB 64

static scene s;
static heard h; /* the last answer */
static HANDLE secret = INVALID_HANDLE_VALUE;

static bool is_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

/* A file that only the core has open, by a handle that could be inherited. */
static void open_secret(void)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    char path[TEST_FOLDER_MAX + 20];
    wchar_t wide[TEST_FOLDER_MAX + 20];
    snprintf(path, sizeof path, "%s/secret", s.root);
    assert_true(test_write_file(path, "secret", 6));
    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, TEST_FOLDER_MAX + 20);
    secret = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, &inherited, OPEN_EXISTING, 0, NULL);
    assert_true(secret != INVALID_HANDLE_VALUE);
}

static json_t *make_policy(void)
{
    char core[20];
    char handle[30];
    char program[500];
    snprintf(core, sizeof core, "%lu", GetCurrentProcessId());
    snprintf(handle, sizeof handle, "%llu", (unsigned long long)(uintptr_t)secret);
    snprintf(program, sizeof program, "%s/hostile" TEST_SUFFIX, scene_folder(&s, false, "hostile"));
    return json_pack("{s:{s:{s:i}, s:{s:s, s:s, s:s, s:s}}}", "hostile", "Limits", "MemoryMB",
                     LIMIT_MIB, "Settings", "core", core, "handle", handle, "program", program,
                     "elsewhere", rj_path(s.paths, RJ_PATH_STATE));
}

static int setup(void **state)
{
    static const char *const checks[] = {HOSTILE_CHECK_IDS, NULL};
    char extra[600] = ", \"capabilities\": [], \"checks\": [";
    (void)state;
    scene_open(&s);
    if (!scene_in_worker())
        scene_add_worker(&s);
    for (size_t i = 0; checks[i]; i++) {
        size_t used = strlen(extra);
        snprintf(extra + used, sizeof extra - used, "%s\"%s\"", i ? ", " : "", checks[i]);
    }
    strncat(extra, "]", sizeof extra - strlen(extra) - 1);
    scene_add(&s, false, "hostile", "hostile", "\"rj.check/1\"", extra);
    open_secret();
    s.policy = make_policy();
    scene_load(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_forget(&h);
    CloseHandle(secret);
    scene_close(&s);
    return leaks_child() ? -1 : 0;
}

static void attempt(const char *check)
{
    scene_forget(&h);
    scene_evaluate(&s, check, PATIENCE_MS, &h);
    if (h.status)
        fail_msg("%s: %s", check, h.message);
}

static json_int_t tried(const char *name)
{
    const json_t *value = json_object_get(json_object_get(h.result, "tried"), name);
    if (!value)
        fail_msg("%s was not tried", name);
    return json_integer_value(value);
}

/* `wine`: what Wine does instead, which cannot be proven there. */
static void assert_refused(const char *name, const char *wine)
{
    if (tried(name))
        return;
    if (is_wine())
        tap_skip(wine);
    fail_msg("%s was allowed", name);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void its_worker_is_no_administrator_and_has_no_privileges(void **state)
{
    (void)state;
    attempt("try-token");
    assert_int_equal(tried("administrator"), 0);
    assert_int_equal(tried("privileges"), 0);
}

static void its_worker_has_low_integrity_or_says_that_it_has_not(void **state)
{
    (void)state;
    attempt("try-token");
    json_t *worker = scene_describe(&s, "hostile", "worker");
    char *text = json_dumps(worker, 0);
    json_decref(worker);
    bool told = strstr(text, "does not lower its integrity") != NULL;
    rj_free(text);
    assert_int_equal(told, tried("integrity") > SECURITY_MANDATORY_LOW_RID);
}

static void handles_of_the_core_are_not_inherited(void **state)
{
    (void)state;
    attempt("try-handle");
    assert_int_not_equal(tried("handle"), 0);
}

static void its_own_folder_is_writable(void **state)
{
    (void)state;
    attempt("try-files");
    assert_int_equal(tried("own-folder"), 0);
}

static void its_own_program_cannot_be_changed_while_it_is_loaded(void **state)
{
    (void)state;
    attempt("try-files");
    assert_int_equal(tried("own-program"), ERROR_SHARING_VIOLATION);
}

static void the_agents_folder_cannot_be_changed(void **state)
{
    (void)state;
    attempt("try-files");
    assert_refused("elsewhere", "Wine opens files by the rights of the Linux account, whatever the "
                                "token: to be looked at on a real Windows");
}

static void no_process_can_be_started(void **state)
{
    (void)state;
    attempt("try-processes");
    assert_refused("child",
                   "Wine forgets the limits of a job, also when it is asked for them: to be "
                   "looked at on a real Windows");
}

static void no_process_can_be_started_outside_of_its_job(void **state)
{
    (void)state;
    attempt("try-processes");
    assert_refused("breakaway",
                   "Wine forgets the limits of a job, also when it is asked for them: to be "
                   "looked at on a real Windows");
}

static void the_core_cannot_be_opened(void **state)
{
    (void)state;
    attempt("try-processes");
    assert_refused("core",
                   "Wine lets all processes of one Linux account open each other: to be looked at "
                   "on a real Windows");
}

static void its_memory_has_a_limit(void **state)
{
    (void)state;
    attempt("try-memory");
    if (tried("memory-mib") > LIMIT_MIB && is_wine())
        tap_skip("Wine forgets the limits of a job, also when it is asked for them: to be looked "
                 "at on a "
                 "real Windows");
    assert_in_range(tried("memory-mib"), 1, LIMIT_MIB);
}

static void a_fast_fail_is_a_crash_and_the_core_goes_on(void **state)
{
    (void)state;
    scene_evaluate(&s, "try-fast-fail", PATIENCE_MS, &h);
    assert_int_equal(h.status, RJ_E_ABANDONED);
    assert_non_null(strstr(h.message, "crashed with signal 6 (Aborted)"));
    attempt("well");
}

static void what_is_missing_is_told_to_the_administrator(void **state)
{
    (void)state;
    attempt("well");
    json_t *worker = scene_describe(&s, "hostile", "worker");
    char *text = json_dumps(worker, 0);
    json_decref(worker);
    assert_non_null(strstr(text, "network"));
    assert_non_null(strstr(text, "what it may read is limited by its account's rights only"));
    rj_free(text);
}

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_SCENE(its_worker_is_no_administrator_and_has_no_privileges),
        IN_SCENE(its_worker_has_low_integrity_or_says_that_it_has_not),
        IN_SCENE(handles_of_the_core_are_not_inherited),
        IN_SCENE(its_own_folder_is_writable),
        IN_SCENE(its_own_program_cannot_be_changed_while_it_is_loaded),
        IN_SCENE(the_agents_folder_cannot_be_changed),
        IN_SCENE(no_process_can_be_started),
        IN_SCENE(no_process_can_be_started_outside_of_its_job),
        IN_SCENE(the_core_cannot_be_opened),
        IN_SCENE(its_memory_has_a_limit),
        IN_SCENE(a_fast_fail_is_a_crash_and_the_core_goes_on),
        IN_SCENE(what_is_missing_is_told_to_the_administrator),
    };
    return cmocka_run_group_tests_name("runtime_hostile", tests, NULL, NULL);
}
