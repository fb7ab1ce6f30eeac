/* SPDX-License-Identifier: MIT */
/*
 * realmjoin.com: what a terminal finds for `realmjoin`.  It starts realmjoin.exe beside it, which is a
 * program of the desktop and would not be waited for, with the same arguments and handles, waits for it and
 * gives back its exit code.
 *
 * Ctrl-C reaches both, as they share the console; this one leaves the answer to the other.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include <windows.h>

#define PATH_MOST 32768

static BOOL WINAPI leave_it(DWORD event)
{
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

/* "...\realmjoin.com" --> "...\realmjoin.exe"; whatever this one is called. */
static wchar_t *find_program(void)
{
    static const wchar_t name[] = L"realmjoin.exe";
    wchar_t *path = malloc((PATH_MOST + sizeof name) * sizeof *path);
    DWORD length = path ? GetModuleFileNameW(NULL, path, PATH_MOST) : 0;
    wchar_t *slash = length && length < PATH_MOST ? wcsrchr(path, L'\\') : NULL;
    if (!slash) {
        free(path);
        return NULL;
    }
    wmemcpy(slash + 1, name, sizeof name / sizeof *name);
    return path;
}

static int fail(DWORD why)
{
    fprintf(stderr, "realmjoin: realmjoin.exe cannot be started: error %lu\n", (unsigned long)why);
    return 1;
}

int main(void)
{
    STARTUPINFOW how = {.cb = sizeof how};
    PROCESS_INFORMATION started = {0};
    DWORD code = 1;
    wchar_t *program = find_program();
    wchar_t *line = _wcsdup(GetCommandLineW()); /* the call writes into it */
    if (!program || !line)
        return fail(ERROR_OUTOFMEMORY);
    SetConsoleCtrlHandler(leave_it, TRUE);
    how.dwFlags = STARTF_USESTDHANDLES;
    how.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    how.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &started))
        return fail(GetLastError());
    free(program);
    free(line);
    CloseHandle(started.hThread);
    WaitForSingleObject(started.hProcess, INFINITE);
    GetExitCodeProcess(started.hProcess, &code);
    CloseHandle(started.hProcess);
    ExitProcess(code);
}
