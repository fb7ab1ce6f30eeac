/* SPDX-License-Identifier: MIT */
/*
 * Who calls is found out by the system's own means: the client is this program again, with all its
 * rights or with a token that has Administrators only to be refused by, as an ordinary user's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ipc/server_fixture_test.h"
#include "platform/system.h"

#include <windows.h>

#include <sddl.h>
#include <shellapi.h>
#include <stdio.h>
#include <string.h>

#define CLIENT_LIMIT_MS 30000u

/* Codes of the client's end. */
enum { ADMITTED = 0, NO_CONNECTION = 90, REFUSED = 91, FAILED = 92 };

/* ---- The client ------------------------------------------------------------------------------ */

static int play_client(const wchar_t *root, const wchar_t *method)
{
    char path[512];
    char name[64];
    rj_client *client = NULL;
    json_t *result = NULL;
    snprintf(path, sizeof path, "%ls", root);
    snprintf(name, sizeof name, "%ls", method);
    if (rj_paths_new(RJ_ROLE_SERVICE, path, NULL, &paths, NULL) != RJ_OK ||
        rj_loop_new(&loop, NULL) != RJ_OK)
        return FAILED;
    rj_client_options options = {.loop = loop, .socket_path = rj_path(paths, RJ_PATH_SOCKET)};
    if (rj_client_connect(&options, &client, NULL) != RJ_OK)
        return NO_CONNECTION;
    rj_status status = rj_client_call(client, name, NULL, 20000, &result, NULL, NULL);
    return status == RJ_OK ? ADMITTED : status == RJ_E_DENIED ? REFUSED : FAILED;
}

static HANDLE make_token(void)
{
    SID_AND_ATTRIBUTES administrators = {.Sid = NULL};
    HANDLE own = NULL;
    HANDLE fewer = NULL;
    assert_true(ConvertStringSidToSidW(L"S-1-5-32-544", &administrators.Sid));
    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own));
    assert_true(CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE, 1, &administrators, 0, NULL, 0,
                                      NULL, &fewer));
    CloseHandle(own);
    LocalFree(administrators.Sid);
    return fewer;
}

/* The client's exit code; the server's loop runs meanwhile. */
static DWORD run_client(bool restricted, const char *method)
{
    wchar_t program[1024];
    wchar_t line[2048];
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION made;
    DWORD code = STILL_ACTIVE;
    HANDLE token = restricted ? make_token() : NULL;
    GetModuleFileNameW(NULL, program, 1024);
    swprintf(line, 2048, L"client \"%hs\" %hs", rj_paths_root(paths), method);
    BOOL good =
        token ? CreateProcessAsUserW(token, program, line, NULL, NULL, FALSE, 0, NULL, NULL,
                                     &startup, &made)
              : CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &made);
    assert_true(good);
    if (token)
        CloseHandle(token);
    uint64_t limit = rj_clock_monotonic_ms() + CLIENT_LIMIT_MS;
    while (WaitForSingleObject(made.hProcess, 0) == WAIT_TIMEOUT && rj_clock_monotonic_ms() < limit)
        turns(1);
    if (WaitForSingleObject(made.hProcess, 0) == WAIT_TIMEOUT)
        TerminateProcess(made.hProcess, FAILED);
    GetExitCodeProcess(made.hProcess, &code);
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    return code;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void an_administrator_may_stop_the_service(void **state)
{
    (void)state;
    start_server();
    assert_int_equal(run_client(false, "service.stop"), ADMITTED);
    assert_int_equal(stops, 1);
}

static void a_client_without_administrators_in_its_token_is_refused(void **state)
{
    (void)state;
    start_server();
    assert_int_equal(run_client(true, "service.stop"), REFUSED);
    assert_int_equal(stops, 0);
    assert_int_equal(run_client(true, "plugin.disable"), REFUSED);
    assert_int_equal(agent.disabled, 0);
}

static void the_same_client_may_ask_what_everybody_may(void **state)
{
    (void)state;
    start_server();
    assert_int_equal(run_client(true, "status"), ADMITTED);
    assert_false(agent.seen_admin);
    assert_int_not_equal(agent.seen_uid, 0);
    assert_int_equal(run_client(false, "status"), ADMITTED);
    assert_true(agent.seen_admin);
    assert_int_equal(agent.seen_uid, 0);
}

static void a_name_that_was_taken_is_served_as_soon_as_it_is_free(void **state)
{
    wchar_t wide[128];
    (void)state;
    swprintf(wide, 128, L"%hs", rj_path(paths, RJ_PATH_SOCKET));
    for (wchar_t *c = wide; *c; c++)
        *c = *c == L'/' ? L'\\' : *c;
    HANDLE taken = CreateNamedPipeW(wide, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                                    PIPE_TYPE_BYTE | PIPE_WAIT, 1, 4096, 4096, 0, NULL);
    assert_true(taken != INVALID_HANDLE_VALUE);
    start_server(); /* the service has other things to do */
    turns(10);
    CloseHandle(taken);
    uint64_t limit = rj_clock_monotonic_ms() + CLIENT_LIMIT_MS;
    DWORD code = NO_CONNECTION;
    while (code == NO_CONNECTION && rj_clock_monotonic_ms() < limit)
        code = run_client(false, "status");
    assert_int_equal(code, ADMITTED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_administrator_may_stop_the_service),
        TEST(a_client_without_administrators_in_its_token_is_refused),
        TEST(the_same_client_may_ask_what_everybody_may),
        TEST(a_name_that_was_taken_is_served_as_soon_as_it_is_free),
    };
    int argc = 0;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    if (argv && argc == 3 && wcscmp(argv[0], L"client") == 0)
        return play_client(argv[1], argv[2]);
    return cmocka_run_group_tests_name("ipc_server_win32", tests, NULL, NULL);
}
