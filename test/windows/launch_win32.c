// SPDX-License-Identifier: MIT
//
// Starts programs for the tests and writes their whole exit codes into files; Wine itself hands only eight bits
// of them to the Unix side.
//
//   launch.exe [--code FILE] [--restricted] -- COMMAND LINE
//   launch.exe --serve
//
// The command line goes to the program as it is. The program shares launch.exe's input and output and dies with it;
// what the program itself starts lives on. --restricted runs it as an ordinary user: Administrators can only
// deny, no privileges. Exit code: the program's, or 125 with a message if it could not be started.
//
// --serve saves the start of launch.exe for each program: it reads lines from its input until that ends,
//
//   start NUMBER full|restricted CODE-FILE OUTPUT ERRORS FOLDER COMMAND-LINE
//   kill NUMBER
//
// where what is written in capitals, but for NUMBER, is UTF-16 in hexadecimal digits. The code file appears
// when the program has ended, and is whole then.
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { CANNOT_START = 125, LINE_MOST = 1 << 20, FIELDS = 5 };

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

static BOOL start(wchar_t *line, BOOL restricted, const wchar_t *folder, const HANDLE std[3],
                  PROCESS_INFORMATION *ret_process)
{
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    HANDLE token = NULL;
    how.hStdInput = std[0];
    how.hStdOutput = std[1];
    how.hStdError = std[2];
    if (restricted && !restricted_token(&token))
        return FALSE;
    BOOL done = FALSE;
    /* "Internal error": a start of Wine's own that failed before the program began, among many at once. */
    for (int tries = 0; !done && tries < 5; tries++) {
        if (tries > 0)
            Sleep(300);
        done = token ? CreateProcessAsUserW(token, NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED,
                                            NULL, folder, &how, ret_process)
                     : CreateProcessW(NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, folder,
                                      &how, ret_process);
        if (!done && GetLastError() != ERROR_INTERNAL_ERROR)
            break;
    }
    if (token)
        CloseHandle(token);
    return done;
}

/* Who waits for the file finds all of it, or none. */
static BOOL write_code(const wchar_t *file, DWORD code)
{
    wchar_t partial[MAX_PATH * 4];
    int length = _snwprintf(partial, sizeof partial / sizeof *partial, L"%ls.new", file);
    FILE *out = length > 0 && (size_t)length < sizeof partial / sizeof *partial
                    ? _wfopen(partial, L"wb")
                    : NULL;
    if (out == NULL)
        return FALSE;
    BOOL written = fprintf(out, "%lu", code) > 0;
    return fclose(out) == 0 && written && MoveFileExW(partial, file, MOVEFILE_REPLACE_EXISTING);
}

// ---- A server of starts -----------------------------------------------------------------------------

typedef struct program {
    struct program *next;
    unsigned long number;
    HANDLE job, process;
    wchar_t *code_file;
} program;

static CRITICAL_SECTION lock; // of:
static program *programs;     // that run

static wchar_t *text_of(const char *digits)
{
    size_t bytes = strlen(digits) / 2;
    wchar_t *text = calloc(bytes / sizeof *text + 1, sizeof *text);
    for (size_t i = 0; text != NULL && i < bytes; i++) {
        const char pair[] = {digits[2 * i], digits[2 * i + 1], '\0'};
        ((unsigned char *)text)[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return text;
}

static HANDLE open_for_program(const wchar_t *name, BOOL write)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    return CreateFileW(name, write ? GENERIC_WRITE : GENERIC_READ,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, &inherited,
                       write ? CREATE_ALWAYS : OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
}

static void forget(program *gone)
{
    EnterCriticalSection(&lock);
    for (program **at = &programs; *at != NULL; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            break;
        }
    }
    LeaveCriticalSection(&lock);
    CloseHandle(gone->job);
    CloseHandle(gone->process);
    free(gone->code_file);
    free(gone);
}

static DWORD WINAPI wait_for_end(void *data)
{
    program *running = data;
    DWORD code = CANNOT_START;
    WaitForSingleObject(running->process, INFINITE);
    GetExitCodeProcess(running->process, &code);
    if (!write_code(running->code_file, code))
        fail("write the exit code");
    forget(running);
    return 0;
}

static void say_failure(HANDLE errors, DWORD why)
{
    char text[80];
    DWORD written;
    int length =
        snprintf(text, sizeof text, "launch: cannot start the program, system error %lu\n", why);
    WriteFile(errors, text, (DWORD)length, &written, NULL);
}

// `texts`: code file, output, errors, folder, command line.
static void serve_start(unsigned long number, BOOL restricted, wchar_t *const texts[FIELDS])
{
    program *made = calloc(1, sizeof *made);
    PROCESS_INFORMATION process;
    const HANDLE std[] = {open_for_program(L"NUL", FALSE), open_for_program(texts[1], TRUE),
                          open_for_program(texts[2], TRUE)};
    BOOL begun = made != NULL && start(texts[4], restricted, texts[3], std, &process);
    if (!begun) {
        say_failure(std[2], GetLastError());
        write_code(texts[0], CANNOT_START);
        free(made);
    } else {
        made->number = number;
        made->job = job_of_one();
        made->process = process.hProcess;
        made->code_file = _wcsdup(texts[0]);
        AssignProcessToJobObject(made->job, process.hProcess);
        EnterCriticalSection(&lock);
        made->next = programs;
        programs = made;
        LeaveCriticalSection(&lock);
        ResumeThread(process.hThread);
        CloseHandle(process.hThread);
        CloseHandle(CreateThread(NULL, 0, wait_for_end, made, 0, NULL));
    }
    for (int i = 0; i < 3; i++)
        CloseHandle(std[i]);
}

static void serve_kill(unsigned long number)
{
    EnterCriticalSection(&lock);
    for (program *at = programs; at != NULL; at = at->next)
        if (at->number == number)
            TerminateProcess(at->process, 1);
    LeaveCriticalSection(&lock);
}

static void serve_line(char *line)
{
    char *words[3 + FIELDS] = {NULL}, *rest = line;
    wchar_t *texts[FIELDS] = {NULL};
    int count = 0, whole = 1;
    while (count < 3 + FIELDS && (words[count] = strtok(rest, " \r\n")) != NULL) {
        rest = NULL;
        count++;
    }
    if (count == 2 && strcmp(words[0], "kill") == 0) {
        serve_kill(strtoul(words[1], NULL, 10));
        return;
    }
    if (count != 3 + FIELDS || strcmp(words[0], "start") != 0) {
        fprintf(stderr, "launch: a line is not understood\n");
        return;
    }
    for (int i = 0; i < FIELDS; i++)
        whole &= (texts[i] = text_of(words[3 + i])) != NULL;
    if (whole)
        serve_start(strtoul(words[1], NULL, 10), strcmp(words[2], "restricted") == 0, texts);
    for (int i = 0; i < FIELDS; i++)
        free(texts[i]);
}

static int serve(void)
{
    static char line[LINE_MOST];
    InitializeCriticalSection(&lock);
    SetHandleInformation(GetStdHandle(STD_INPUT_HANDLE), HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(GetStdHandle(STD_OUTPUT_HANDLE), HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(GetStdHandle(STD_ERROR_HANDLE), HANDLE_FLAG_INHERIT, 0);
    while (fgets(line, sizeof line, stdin) != NULL)
        serve_line(line);
    return 0;
}

// ---- One program ------------------------------------------------------------------------------------

int wmain(int argc, wchar_t **argv); // as main(), which no header declares either

int wmain(int argc, wchar_t **argv)
{
    const wchar_t *code_file = NULL;
    const HANDLE std[] = {GetStdHandle(STD_INPUT_HANDLE), GetStdHandle(STD_OUTPUT_HANDLE),
                          GetStdHandle(STD_ERROR_HANDLE)};
    BOOL restricted = FALSE;
    PROCESS_INFORMATION process;
    DWORD code = CANNOT_START;
    if (argc == 2 && wcscmp(argv[1], L"--serve") == 0)
        return serve();
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
    if (!start(line, restricted, NULL, std, &process))
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
