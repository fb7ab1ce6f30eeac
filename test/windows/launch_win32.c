// SPDX-License-Identifier: MIT
//
// Starts a program for the tests and writes its whole exit code into a file; Wine itself hands only eight bits
// of it to the Unix side.
//
//   launch.exe [--code FILE] [--restricted] -- COMMAND LINE
//   launch.exe --serve
//
// The command line goes to the program as it is. The program shares launch.exe's input and output and dies with it;
// what the program itself starts lives on. --restricted runs it as an ordinary user: Administrators can only
// deny, no privileges. Exit code: the program's, or 125 with a message if it could not be started. --serve does this
// for many programs, and answers questions about the system: launch_serve_win32.c.
#include "launch_win32.h"

#include <stdio.h>
#include <wchar.h>

static int fail(const char *what, DWORD why)
{
    fprintf(stderr, "launch: cannot %s, system error %lu\n", what, why);
    return CANNOT_START;
}

// The rest of our own command line behind " -- ", quotes and all.
static wchar_t *program_line(void)
{
    wchar_t *line = wcsstr(GetCommandLineW(), L" -- ");
    return line != NULL && line[4] != L'\0' ? line + 4 : NULL;
}

static BOOL restricted_token(HANDLE *ret_token)
{
    HANDLE own = NULL;
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof sid;
    BOOL done = FALSE;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own))
        return FALSE;
    if (CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size)) {
        SID_AND_ATTRIBUTES disabled = {.Sid = sid};
        done = CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE, 1, &disabled, 0, NULL, 0, NULL,
                                     ret_token);
    }
    CloseHandle(own);
    return done;
}

static HANDLE job_of_one(void)
{
    HANDLE job = CreateJobObjectW(NULL, NULL);
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    if (job != NULL &&
        !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        CloseHandle(job);
        return NULL;
    }
    return job;
}

static BOOL start(wchar_t *line, BOOL restricted, const STARTUPINFOW *given,
                  PROCESS_INFORMATION *ret_process)
{
    STARTUPINFOW how = *given;
    HANDLE token = NULL;
    if (restricted && !restricted_token(&token))
        return FALSE;
    BOOL done = FALSE;
    /* "Internal error": a start of Wine's own that failed before the program began, among many at once. */
    for (int tries = 0; !done && tries < 5; tries++) {
        if (tries > 0)
            Sleep(300);
        done = token ? CreateProcessAsUserW(token, NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED,
                                            NULL, NULL, &how, ret_process)
                     : CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL,
                                      &how, ret_process);
        if (!done && GetLastError() != ERROR_INTERNAL_ERROR)
            break;
    }
    DWORD why = GetLastError();
    if (token)
        CloseHandle(token);
    SetLastError(why);
    return done;
}

DWORD launch_program(wchar_t *line, BOOL restricted, const STARTUPINFOW *how, launched *ret,
                     const char **ret_what)
{
    PROCESS_INFORMATION process;
    HANDLE job = job_of_one();
    *ret_what = "make a job";
    if (job == NULL)
        return GetLastError();
    *ret_what = "start the program";
    if (!start(line, restricted, how, &process)) {
        DWORD why = GetLastError();
        CloseHandle(job);
        return why;
    }
    *ret_what = "put the program into its job";
    if (!AssignProcessToJobObject(job, process.hProcess)) {
        DWORD why = GetLastError();
        TerminateProcess(process.hProcess, CANNOT_START);
        CloseHandle(process.hProcess);
        CloseHandle(process.hThread);
        CloseHandle(job);
        return why;
    }
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
    *ret = (launched){.process = process.hProcess, .job = job};
    return NO_ERROR;
}

static BOOL write_code(const wchar_t *file, DWORD code)
{
    FILE *out = _wfopen(file, L"wb");
    if (out == NULL)
        return FALSE;
    BOOL written = fprintf(out, "%lu", code) > 0;
    return fclose(out) == 0 && written;
}

int wmain(int argc, wchar_t **argv); // as main(), which no header declares either

int wmain(int argc, wchar_t **argv)
{
    const wchar_t *code_file = NULL;
    BOOL restricted = FALSE;
    if (argc == 2 && wcscmp(argv[1], L"--serve") == 0)
        return launch_serve();
    for (int i = 1; i < argc && wcscmp(argv[i], L"--") != 0; i++) {
        if (wcscmp(argv[i], L"--restricted") == 0)
            restricted = TRUE;
        else if (wcscmp(argv[i], L"--code") == 0 && i + 1 < argc)
            code_file = argv[++i];
        else
            return fail("understand the options", ERROR_INVALID_PARAMETER);
    }
    wchar_t *line = program_line();
    if (line == NULL)
        return fail("find a command line behind --", ERROR_INVALID_PARAMETER);
    STARTUPINFOW how = {.cb = sizeof how,
                        .dwFlags = STARTF_USESTDHANDLES,
                        .hStdInput = GetStdHandle(STD_INPUT_HANDLE),
                        .hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE),
                        .hStdError = GetStdHandle(STD_ERROR_HANDLE)};
    launched program;
    const char *what;
    DWORD code = CANNOT_START, why = launch_program(line, restricted, &how, &program, &what);
    if (why != NO_ERROR)
        return fail(what, why);
    WaitForSingleObject(program.process, INFINITE);
    if (!GetExitCodeProcess(program.process, &code))
        return fail("read the exit code", GetLastError());
    if (code_file != NULL && !write_code(code_file, code))
        return fail("write the exit code", GetLastError());
    return (int)code;
}
