/* SPDX-License-Identifier: MIT */
/*
 * An elevated program starts again without its rights: this program plays it.
 *
 *     test --"drop HANDLE"--> it drops its rights --> the same command line again, which says what it has
 */
#include "session/rights.h"

#include "platform/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#include <windows.h>

#include <shellapi.h>

/* ---- The program ----------------------------------------------------------------------------- */

static void say(const char *text)
{
    DWORD count = 0;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, (DWORD)strlen(text), &count, NULL);
}

static int play(const wchar_t *number)
{
    rj_error err = RJ_ERROR_NONE;
    HANDLE event = (HANDLE)(uintptr_t)wcstoull(number, NULL, 10);
    rj_status status = rj_rights_drop(&err);
    if (status == RJ_OK)
        return 0;
    say(status == RJ_E_NOT_APPLICABLE ? "ordinary" : err.text);
    SetEvent(event); /* whatever has this number here, if anything */
    return 0;
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void the_second_start_has_standard_handles_and_no_other(void **state)
{
    (void)state;
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION started;
    HANDLE reading = NULL, event = CreateEventW(&inherited, TRUE, FALSE, NULL);
    wchar_t program[1024], line[128];
    char text[200] = "";
    DWORD length = 0, got = 0;
    assert_true(CreatePipe(&reading, &how.hStdOutput, &inherited, 0));
    SetHandleInformation(reading, HANDLE_FLAG_INHERIT, 0);
    how.hStdError = how.hStdOutput;
    GetModuleFileNameW(NULL, program, 1024);
    swprintf(line, 128, L"drop %llu", (unsigned long long)(uintptr_t)event);
    assert_true(CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &started));
    CloseHandle(how.hStdOutput);
    while (length < sizeof text - 1 &&
           ReadFile(reading, text + length, (DWORD)sizeof text - 1 - length, &got, NULL) && got)
        length += got;
    assert_string_equal(text, "ordinary");
    assert_int_equal(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    CloseHandle(started.hThread);
    CloseHandle(started.hProcess);
    CloseHandle(reading);
    CloseHandle(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_start_has_standard_handles_and_no_other),
    };
    int argc = 0;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    if (argv && argc == 2 && wcscmp(argv[0], L"drop") == 0)
        return play(argv[1]);
    return cmocka_run_group_tests_name("rights", tests, NULL, NULL);
}
