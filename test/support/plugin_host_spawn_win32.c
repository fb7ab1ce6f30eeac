/* SPDX-License-Identifier: MIT */
/*
 * The child processes of the plugin test host on Windows, and its loop's waiting.
 *
 * Happy path: a process in a job of its own, its output read by a thread of its own, its end seen by
 * the loop, what is left of the job ended.
 */
#include "plugin_host_child.h"

#include <windows.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin_host_command.h"

struct host_process {
    HANDLE handle, job, output, log; /* NULL: none */
    pthread_t reader;                /* has the child's tail until it has ended */
    bool reads;
};

struct host_waiter {
    HANDLE wake;
};

/* ---- Output ---------------------------------------------------------------------------------- */

static void *read_output(void *data)
{
    host_child *child = data;
    const struct host_process *process = child->process;
    char buffer[4096];
    DWORD got = 0, written;

    while (ReadFile(process->output, buffer, sizeof buffer, &got, NULL) && got > 0) {
        host_child_keep_tail(child, buffer, got);
        if (process->log)
            WriteFile(process->log, buffer, got, &written, NULL);
    }
    return NULL;
}

void host_process_read(host_child *child)
{
    (void)child; /* its thread does */
}

/* Programs print in the code page they like: make it valid UTF-8. */
static void make_valid_utf8(host_child *child)
{
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, child->tail, -1, NULL, 0) > 0)
        return;
    for (size_t i = 0; i < child->tail_length; i++)
        if ((unsigned char)child->tail[i] >= 0x80)
            child->tail[i] = '?';
}

/* ---- Start ----------------------------------------------------------------------------------- */

static HANDLE make_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);

    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    if (!job ||
        !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
        fail_msg("no job: error %lu", GetLastError());
    return job;
}

static void start_process(host_child *child, const rj_spawn *spawn)
{
    struct host_process *process = child->process;
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION made = {0};
    HANDLE write_end = NULL;
    host_command command;

    if (!CreatePipe(&process->output, &write_end, &inherited, 0))
        fail_msg("no pipe: error %lu", GetLastError());
    SetHandleInformation(process->output, HANDLE_FLAG_INHERIT, 0);
    process->job = make_job();
    startup.hStdInput = CreateFileW(L"NUL", GENERIC_READ, 0, &inherited, OPEN_EXISTING, 0, NULL);
    startup.hStdOutput = startup.hStdError = write_end;
    host_command_make(spawn, &command);
    if (CreateProcessW(command.program, command.line, NULL, NULL, TRUE,
                       CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | CREATE_NO_WINDOW,
                       command.environment, command.directory, &startup, &made)) {
        AssignProcessToJobObject(process->job, made.hProcess);
        ResumeThread(made.hThread);
        CloseHandle(made.hThread);
        process->handle = made.hProcess;
    } else {
        child->start_error = (int32_t)GetLastError();
    }
    host_command_free(&command);
    CloseHandle(startup.hStdInput);
    CloseHandle(write_end);
    process->reads = pthread_create(&process->reader, NULL, read_output, child) == 0;
}

static void open_log(host_child *child, const char *path)
{
    struct host_process *process = child->process;
    wchar_t wide[1024];

    if (MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 1024) > 0)
        process->log = CreateFileW(wide, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                   OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (!process->log || process->log == INVALID_HANDLE_VALUE) {
        process->log = NULL;
        child->start_error = ERROR_OPEN_FAILED;
    }
}

bool host_process_path_is_absolute(const char *path)
{
    return path && path[0] && path[1] == ':' && path[2] == '/';
}

bool host_process_start(host_child *child, const rj_spawn *spawn)
{
    child->process = calloc(1, sizeof *child->process);
    if (!child->process)
        return false;
    if (spawn->log_path)
        open_log(child, spawn->log_path);
    if (!child->start_error)
        start_process(child, spawn);
    return true;
}

void host_process_kill(host_child *child)
{
    TerminateJobObject(child->process->job, 1);
}

/* ---- Waiting --------------------------------------------------------------------------------- */

struct host_waiter *host_waiter_new(void)
{
    struct host_waiter *waiter = calloc(1, sizeof *waiter);

    if (!waiter || !(waiter->wake = CreateEventW(NULL, FALSE, FALSE, NULL)))
        fail_msg("no event: error %lu", GetLastError());
    return waiter;
}

void host_waiter_free(struct host_waiter *waiter)
{
    CloseHandle(waiter->wake);
    free(waiter);
}

void host_wake(plugin_host *host)
{
    SetEvent(host->waiter->wake);
}

void host_wait(plugin_host *host, int timeout_ms)
{
    HANDLE handles[1 + HOST_MAX_CHILDREN] = {host->waiter->wake};
    DWORD count = 1;

    pthread_mutex_lock(&host->lock);
    for (const host_child *child = host->children; child; child = child->next) {
        host_child_lower_timeout(host, child, &timeout_ms);
        if (child->process->handle)
            handles[count++] = child->process->handle;
    }
    pthread_mutex_unlock(&host->lock);
    WaitForMultipleObjects(count, handles, FALSE, timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms);
}

void host_become(bool nobody)
{
    (void)nobody;
}

/* ---- The end --------------------------------------------------------------------------------- */

/* The console's own process does not count. */
static uint32_t count_survivors(HANDLE job)
{
    union {
        JOBOBJECT_BASIC_PROCESS_ID_LIST list;
        char bytes[sizeof(JOBOBJECT_BASIC_PROCESS_ID_LIST) + 256 * sizeof(ULONG_PTR)];
    } members = {0};
    uint32_t count = 0;

    if (!QueryInformationJobObject(job, JobObjectBasicProcessIdList, &members, sizeof members,
                                   NULL))
        return 0;
    for (DWORD i = 0; i < members.list.NumberOfProcessIdsInList; i++) {
        wchar_t name[1024] = L"";
        DWORD units = 1024;
        HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE,
                                     (DWORD)members.list.ProcessIdList[i]);

        if (process && WaitForSingleObject(process, 0) == WAIT_TIMEOUT &&
            QueryFullProcessImageNameW(process, 0, name, &units) && !wcsstr(name, L"conhost.exe"))
            count++;
        if (process)
            CloseHandle(process);
    }
    return count;
}

void host_process_settle(host_child *child, rj_spawn_exit *how)
{
    struct host_process *process = child->process;
    DWORD code = 0;

    if (!child->start_error && !child->killed_as)
        how->survivors = count_survivors(process->job);
    if (process->job)
        TerminateJobObject(process->job, 1);
    if (process->reads)
        pthread_join(process->reader, NULL);
    if (child->start_error) {
        snprintf(child->tail, sizeof child->tail, "error %ld", (long)child->start_error);
        child->tail_length = strlen(child->tail);
    } else {
        GetExitCodeProcess(process->handle, &code);
        how->kind = RJ_EXIT_CODE;
        how->value = child->killed_as ? 0 : (int32_t)code;
    }
    make_valid_utf8(child);
}

bool host_process_has_ended(host_child *child)
{
    return WaitForSingleObject(child->process->handle, 0) == WAIT_OBJECT_0;
}

void host_process_free(host_child *child)
{
    struct host_process *process = child->process;

    for (HANDLE *handle = (HANDLE[]){process->handle, process->job, process->output, process->log,
                                     INVALID_HANDLE_VALUE};
         *handle != INVALID_HANDLE_VALUE; handle++)
        if (*handle)
            CloseHandle(*handle);
    free(process);
}
