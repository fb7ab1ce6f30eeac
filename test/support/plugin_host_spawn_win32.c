/* SPDX-License-Identifier: MIT */
/*
 * The plugin test host's child processes on Windows: enough of rj.host.spawn/1 to test a plugin.
 *
 * Happy path: a process in a job of its own, its output read by a thread of its own, its end seen by
 * the loop, what is left of the job ended, on_exit on the loop.
 */
#include "plugin_host_internal.h"

#include <windows.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin_host_command.h"

typedef struct host_child {
    struct host_child *next;
    uint64_t id;
    rj_op op;
    HANDLE process, job, output, log; /* NULL: none */
    pthread_t reader;
    DWORD start_error;
    bool reads;
    int64_t kill_at; /* monotonic ms, 0: never */
    int32_t killed_as;
    void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how);
    void *data;
    char tail[4096]; /* of the reader until it has ended */
    size_t tail_length;
} host_child;

struct host_waiter {
    HANDLE wake;
};

/* ---- Output ---------------------------------------------------------------------------------- */

static void keep_tail(host_child *child, const char *bytes, size_t length)
{
    size_t capacity = sizeof child->tail - 1;

    if (length > capacity) {
        bytes += length - capacity;
        length = capacity;
    }
    if (child->tail_length + length > capacity) {
        size_t drop = child->tail_length + length - capacity;

        memmove(child->tail, child->tail + drop, child->tail_length - drop);
        child->tail_length -= drop;
    }
    memcpy(child->tail + child->tail_length, bytes, length);
    child->tail_length += length;
    child->tail[child->tail_length] = '\0';
}

static void *read_output(void *data)
{
    host_child *child = data;
    char buffer[4096];
    DWORD got = 0, written;

    while (ReadFile(child->output, buffer, sizeof buffer, &got, NULL) && got > 0) {
        keep_tail(child, buffer, got);
        if (child->log)
            WriteFile(child->log, buffer, got, &written, NULL);
    }
    return NULL;
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
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION made = {0};
    HANDLE write_end = NULL;
    host_command command;

    if (!CreatePipe(&child->output, &write_end, &inherited, 0))
        fail_msg("no pipe: error %lu", GetLastError());
    SetHandleInformation(child->output, HANDLE_FLAG_INHERIT, 0);
    child->job = make_job();
    startup.hStdInput = CreateFileW(L"NUL", GENERIC_READ, 0, &inherited, OPEN_EXISTING, 0, NULL);
    startup.hStdOutput = startup.hStdError = write_end;
    host_command_make(spawn, &command);
    if (CreateProcessW(command.program, command.line, NULL, NULL, TRUE,
                       CREATE_SUSPENDED | CREATE_UNICODE_ENVIRONMENT | CREATE_NO_WINDOW,
                       command.environment, command.directory, &startup, &made)) {
        AssignProcessToJobObject(child->job, made.hProcess);
        ResumeThread(made.hThread);
        CloseHandle(made.hThread);
        child->process = made.hProcess;
    } else {
        child->start_error = GetLastError();
    }
    host_command_free(&command);
    CloseHandle(startup.hStdInput);
    CloseHandle(write_end);
    child->reads = pthread_create(&child->reader, NULL, read_output, child) == 0;
}

static void open_log(host_child *child, const char *path)
{
    wchar_t wide[1024];

    if (MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 1024) > 0)
        child->log = CreateFileW(wide, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                                 OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (!child->log || child->log == INVALID_HANDLE_VALUE) {
        child->log = NULL;
        child->start_error = ERROR_OPEN_FAILED;
    }
}

static bool is_absolute(const char *path)
{
    return path && path[0] && path[1] == ':' && path[2] == '/';
}

static rj_status RJ_CALL spawn_start(const rj_host *api, rj_op id, const rj_spawn *spawn,
                                     void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how),
                                     void *data, uint64_t *ret_child)
{
    plugin_host *host = (plugin_host *)api->ctx;
    unsigned running = 0;
    host_child *child;
    host_op *op;

    if (!is_absolute(spawn->program) || !spawn->arguments || !spawn->environment ||
        !is_absolute(spawn->directory)) {
        host_misuse(host, "op %llu: incomplete spawn request", (unsigned long long)id);
        return RJ_E_INVALID;
    }
    child = calloc(1, sizeof *child);
    if (!child)
        return RJ_E_NO_MEMORY;
    child->op = id;
    child->on_exit = on_exit;
    child->data = data;
    pthread_mutex_lock(&host->lock);
    for (const host_child *other = host->children; other; other = other->next)
        running++;
    op = host_find_op(host, id);
    if (!op || op->finished || running >= HOST_MAX_CHILDREN) {
        pthread_mutex_unlock(&host->lock);
        free(child);
        return !op || op->finished ? RJ_E_NOT_FOUND : RJ_E_BUSY;
    }
    if (spawn->log_path)
        open_log(child, spawn->log_path);
    if (!child->start_error)
        start_process(child, spawn);
    if (spawn->time_limit_ms > 0)
        child->kill_at = host_now_ms() + spawn->time_limit_ms;
    op->children++;
    child->id = ++host->last_id;
    child->next = host->children;
    host->children = child;
    if (ret_child)
        *ret_child = child->id;
    pthread_mutex_unlock(&host->lock);
    host_wake(host);
    return RJ_OK;
}

static void kill_job(host_child *child, int32_t reason)
{
    if (child->process && !child->killed_as) {
        child->killed_as = reason;
        TerminateJobObject(child->job, 1);
    }
}

static void RJ_CALL spawn_kill(const rj_host *api, uint64_t id)
{
    plugin_host *host = (plugin_host *)api->ctx;

    pthread_mutex_lock(&host->lock);
    for (host_child *child = host->children; child; child = child->next)
        if (child->id == id)
            kill_job(child, RJ_EXIT_CANCELLED);
    pthread_mutex_unlock(&host->lock);
}

const rj_host_spawn host_spawn_table = {sizeof(rj_host_spawn), RJ_ABI_MINOR, spawn_start,
                                        spawn_kill};

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
        const host_op *op = host_find_op(host, child->op);
        int64_t wait = child->kill_at ? child->kill_at - host_now_ms() : INT64_MAX;

        if (child->start_error)
            wait = 0;
        if (op && !child->killed_as && op->deadline - host_now_ms() < wait)
            wait = op->deadline - host_now_ms();
        if (wait < 0)
            wait = 0;
        if (!child->killed_as && wait < timeout_ms)
            timeout_ms = (int)wait;
        if (child->process)
            handles[count++] = child->process;
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

static void report(plugin_host *host, host_child *child)
{
    rj_spawn_exit how = {.size = sizeof how, .minor = RJ_ABI_MINOR};
    bool unanswered = false;
    DWORD code = 0;
    host_op *op;

    if (!child->start_error && !child->killed_as)
        how.survivors = count_survivors(child->job);
    if (child->job)
        TerminateJobObject(child->job, 1);
    if (child->reads)
        pthread_join(child->reader, NULL);
    if (child->start_error) {
        how.kind = RJ_EXIT_NO_START;
        snprintf(child->tail, sizeof child->tail, "error %lu", child->start_error);
        child->tail_length = strlen(child->tail);
    } else {
        GetExitCodeProcess(child->process, &code);
        how.kind = child->killed_as ? child->killed_as : RJ_EXIT_CODE;
        how.value = child->killed_as ? 0 : (int32_t)code;
    }
    make_valid_utf8(child);
    how.tail = child->tail;
    how.tail_length = child->tail_length;
    child->on_exit(child->data, &how);

    pthread_mutex_lock(&host->lock);
    op = host_find_op(host, child->op);
    if (op) {
        op->children--;
        unanswered = !host->worker && !op->finished && !op->jobs && !op->children && !host->timers;
    }
    pthread_mutex_unlock(&host->lock);
    if (unanswered)
        host_misuse(host, "op %llu: its program has ended and nobody has answered",
                    (unsigned long long)child->op);
    for (HANDLE *handle = (HANDLE[]){child->process, child->job, child->output, child->log,
                                     INVALID_HANDLE_VALUE};
         *handle != INVALID_HANDLE_VALUE; handle++)
        if (*handle)
            CloseHandle(*handle);
    free(child);
}

/* The next child that has ended, taken off the list; NULL if none. */
static host_child *take_ended(plugin_host *host)
{
    host_child *found = NULL;

    pthread_mutex_lock(&host->lock);
    for (host_child **link = &host->children; *link && !found;) {
        host_child *child = *link;

        if (child->start_error || WaitForSingleObject(child->process, 0) == WAIT_OBJECT_0) {
            *link = child->next;
            found = child;
        } else {
            link = &child->next;
        }
    }
    pthread_mutex_unlock(&host->lock);
    return found;
}

void host_children_tend(plugin_host *host)
{
    host_child *ended;

    pthread_mutex_lock(&host->lock);
    for (host_child *child = host->children; child; child = child->next) {
        const host_op *op = host_find_op(host, child->op);

        if (op && op->cancel_asked)
            kill_job(child, RJ_EXIT_CANCELLED);
        if ((child->kill_at && host_now_ms() >= child->kill_at) ||
            (op && host_now_ms() >= op->deadline))
            kill_job(child, RJ_EXIT_TIMEOUT);
    }
    pthread_mutex_unlock(&host->lock);
    while ((ended = take_ended(host)))
        report(host, ended);
}
