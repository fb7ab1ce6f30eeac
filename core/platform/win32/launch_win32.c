/* SPDX-License-Identifier: MIT */
/*
 * Suspended, put in its job, resumed: nothing that the program starts can be outside of the job.
 *
 * The list of inherited handles is explicit.  So is NUL as standard input: a program that asks a
 * question gets no answer instead of waiting for one.
 */
#include "launch_win32.h"

#include "base/alloc.h"
#include "platform/process.h"

#include <string.h>
#include <wchar.h>

#define JOB_PROCESSES_MAX 4096u
#define EMPTY_STEP_MS 1

/* ---- Jobs ------------------------------------------------------------------------------------ */

HANDLE rj_job_make(const JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION all = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    if (!job)
        return NULL;
    if (limits)
        all = *limits;
    all.BasicLimitInformation.LimitFlags |=
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (SetInformationJobObject(job, JobObjectExtendedLimitInformation, &all, sizeof all))
        return job;
    DWORD problem = GetLastError();
    CloseHandle(job);
    SetLastError(problem);
    return NULL;
}

/* Each console program brings one along, which is not its descendant. */
static bool is_console_host(DWORD pid)
{
    static const wchar_t name[] = L"\\conhost.exe";
    wchar_t path[MAX_PATH];
    DWORD length = MAX_PATH;
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
    bool found = false;
    if (process && QueryFullProcessImageNameW(process, 0, path, &length)) {
        size_t size = sizeof name / sizeof *name - 1;
        found = length >= size && _wcsicmp(path + length - size, name) == 0;
    }
    if (process)
        CloseHandle(process);
    return found;
}

unsigned rj_job_count(HANDLE job, DWORD except)
{
    size_t size = sizeof(JOBOBJECT_BASIC_PROCESS_ID_LIST) + JOB_PROCESSES_MAX * sizeof(ULONG_PTR);
    JOBOBJECT_BASIC_PROCESS_ID_LIST *list = rj_calloc(1, size);
    unsigned count = 0;
    if (!list)
        return 0;
    if (QueryInformationJobObject(job, JobObjectBasicProcessIdList, list, (DWORD)size, NULL))
        for (DWORD i = 0; i < list->NumberOfProcessIdsInList; i++) {
            DWORD pid = (DWORD)list->ProcessIdList[i];
            count += pid != except && !is_console_host(pid);
        }
    rj_free(list);
    return count;
}

void rj_job_await_empty(HANDLE job, DWORD limit_ms)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION counts;
    for (DWORD waited = 0; waited < limit_ms; waited += EMPTY_STEP_MS) {
        if (!QueryInformationJobObject(job, JobObjectBasicAccountingInformation, &counts,
                                       sizeof counts, NULL) ||
            counts.ActiveProcesses == 0)
            return;
        Sleep(EMPTY_STEP_MS);
    }
}

void rj_job_kill(HANDLE job)
{
    TerminateJobObject(job, RJ_KILLED_CODE);
}

/* ---- Starting -------------------------------------------------------------------------------- */

static HANDLE open_nul(void)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    return CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       &inherited, OPEN_EXISTING, 0, NULL);
}

DWORD rj_launch_inherit(HANDLE *handles, size_t count, LPPROC_THREAD_ATTRIBUTE_LIST *ret_list)
{
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST list = rj_malloc(size);
    if (!list)
        return ERROR_NOT_ENOUGH_MEMORY;
    DWORD problem = 0;
    if (!InitializeProcThreadAttributeList(list, 1, 0, &size)) {
        problem = GetLastError();
        rj_free(list);
        return problem;
    }
    if (!UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
                                   count * sizeof *handles, NULL, NULL)) {
        problem = GetLastError();
        DeleteProcThreadAttributeList(list);
        rj_free(list);
        return problem;
    }
    *ret_list = list;
    return 0;
}

static DWORD create(const rj_launch *launch, STARTUPINFOEXW *startup, PROCESS_INFORMATION *made)
{
    DWORD flags = launch->flags | CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT |
                  EXTENDED_STARTUPINFO_PRESENT;
    BOOL good =
        launch->token
            ? CreateProcessAsUserW(launch->token, launch->program, launch->command_line, NULL, NULL,
                                   TRUE, flags, launch->environment, launch->directory,
                                   &startup->StartupInfo, made)
            : CreateProcessW(launch->program, launch->command_line, NULL, NULL, TRUE, flags,
                             launch->environment, launch->directory, &startup->StartupInfo, made);
    return good ? 0 : GetLastError();
}

DWORD rj_launch_start(const rj_launch *launch, HANDLE *ret_process, DWORD *ret_pid,
                      const char **ret_what)
{
    HANDLE handles[RJ_LAUNCH_HANDLES + 2];
    size_t count = 0;
    STARTUPINFOEXW startup = {.StartupInfo = {.cb = sizeof startup}};
    PROCESS_INFORMATION made = {0};
    HANDLE nul = open_nul();
    *ret_what = "NUL";
    if (nul == INVALID_HANDLE_VALUE)
        return GetLastError();
    handles[count++] = nul;
    handles[count++] = launch->output;
    for (size_t i = 0; i < launch->handle_count && i < RJ_LAUNCH_HANDLES; i++)
        handles[count++] = launch->handles[i];
    startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup.StartupInfo.hStdInput = nul;
    startup.StartupInfo.hStdOutput = launch->output;
    startup.StartupInfo.hStdError = launch->output;
    *ret_what = "list of handles";
    DWORD problem = rj_launch_inherit(handles, count, &startup.lpAttributeList);
    if (!problem) {
        *ret_what = "program";
        problem = create(launch, &startup, &made);
        DeleteProcThreadAttributeList(startup.lpAttributeList);
        rj_free(startup.lpAttributeList);
    }
    CloseHandle(nul);
    if (problem)
        return problem;
    *ret_what = "job";
    if (!AssignProcessToJobObject(launch->job, made.hProcess) ||
        ResumeThread(made.hThread) == (DWORD)-1) {
        problem = GetLastError();
        TerminateProcess(made.hProcess, RJ_KILLED_CODE);
        CloseHandle(made.hProcess);
    } else {
        *ret_process = made.hProcess;
        *ret_pid = made.dwProcessId;
    }
    CloseHandle(made.hThread);
    return problem;
}

/* ---- Ends ------------------------------------------------------------------------------------ */

int rj_signal_of_exit_code(DWORD code)
{
    static const struct {
        DWORD code;
        int number;
    } known[] = {
        {RJ_KILLED_CODE, RJ_SIGNAL_KILL},
        {ERROR_NOT_ENOUGH_QUOTA, RJ_SIGNAL_CPU}, /* a job's time is up */
        {0xC0000005u, RJ_SIGNAL_SEGMENT},        /* access violation */
        {0xC0000006u, RJ_SIGNAL_BUS},            /* in-page error */
        {0xC000001Du, RJ_SIGNAL_ILLEGAL},
        {0xC0000044u, RJ_SIGNAL_CPU}, /* quota exceeded */
        {0xC0000094u, RJ_SIGNAL_ARITHMETIC},
        {0xC0000095u, RJ_SIGNAL_ARITHMETIC},
        {0xC0000096u, RJ_SIGNAL_ILLEGAL}, /* privileged instruction */
        {0xC00000FDu, RJ_SIGNAL_SEGMENT}, /* stack overflow */
        {0xC0000374u, RJ_SIGNAL_ABORT},   /* heap corruption */
        {0xC0000409u, RJ_SIGNAL_ABORT},   /* stack buffer overrun, fail fast */
        {0x80000003u, RJ_SIGNAL_TRAP},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].code == code)
            return known[i].number;
    return 0;
}
