/* SPDX-License-Identifier: MIT */
#include "rogue_system.h"

#include "platform/win32/descriptor_win32.h"

#include <windows.h>

void rogue_sleep_for_ever(void)
{
    for (;;)
        Sleep(INFINITE);
}

/* The end that Windows gives a program for it; Wine, asked for a real one, starts its debugger first, which takes
 * seconds. */
void rogue_crash(void)
{
    for (;;) /* it does not come back, which its declaration does not say */
        TerminateProcess(GetCurrentProcess(), EXCEPTION_ACCESS_VIOLATION);
}

void rogue_exit(int code)
{
    ExitProcess((UINT)code);
}

void rogue_hang_up(int stream)
{
    rj_descriptor_close(stream);
}

long rogue_print(const char *bytes, size_t length)
{
    DWORD put = 0;
    return WriteFile(GetStdHandle(STD_ERROR_HANDLE), bytes, (DWORD)length, &put, NULL) ? (long)put
                                                                                       : 0;
}

long rogue_leave_child(void)
{
    wchar_t program[MAX_PATH];
    wchar_t line[] = L"rogue rogue.sleeper";
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    if (!GetModuleFileNameW(NULL, program, MAX_PATH) ||
        !CreateProcessW(program, line, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &start,
                        &process))
        return 0;
    return (long)process.dwProcessId;
}
