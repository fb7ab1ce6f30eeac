// SPDX-License-Identifier: MIT
//
// Starts a program for the tests and writes its whole exit code into a file; Wine itself hands only eight bits
// of it to the Unix side.
//
//   launch.exe [--code FILE] [--restricted] -- COMMAND LINE
//
// The command line goes to the program as it is. The program shares launch.exe's input and output and dies with it;
// what the program itself starts lives on. --restricted runs it as an ordinary user: Administrators can only
// deny, no privileges. Exit code: the program's, or 125 with a message if it could not be started.
#include <windows.h>

#include <stdio.h>
#include <wchar.h>

enum { CANNOT_START = 125 };

static int fail(const char *what)
{
    fprintf(stderr, "launch: cannot %s, system error %lu\n", what, GetLastError());
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

static BOOL start(wchar_t *line, BOOL restricted, PROCESS_INFORMATION *ret_process)
{
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    HANDLE token = NULL;
    how.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    how.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
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
    if (token)
        CloseHandle(token);
    return done;
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
    PROCESS_INFORMATION process;
    DWORD code = CANNOT_START;
    for (int i = 1; i < argc && wcscmp(argv[i], L"--") != 0; i++) {
        if (wcscmp(argv[i], L"--restricted") == 0)
            restricted = TRUE;
        else if (wcscmp(argv[i], L"--code") == 0 && i + 1 < argc)
            code_file = argv[++i];
        else
            return fail("understand the options");
    }
    wchar_t *line = program_line();
    if (line == NULL)
        return fail("find a command line behind --");
    HANDLE job = job_of_one();
    if (job == NULL)
        return fail("make a job");
    if (!start(line, restricted, &process))
        return fail("start the program");
    if (!AssignProcessToJobObject(job, process.hProcess)) {
        TerminateProcess(process.hProcess, CANNOT_START);
        return fail("put the program into its job");
    }
    ResumeThread(process.hThread);
    WaitForSingleObject(process.hProcess, INFINITE);
    if (!GetExitCodeProcess(process.hProcess, &code))
        return fail("read the exit code");
    if (code_file != NULL && !write_code(code_file, code))
        return fail("write the exit code");
    return (int)code;
}
