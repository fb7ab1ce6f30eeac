/* SPDX-License-Identifier: MIT */
/*
 * A worker: started suspended in its job, with a token of fewer rights and the handles it needs.
 *
 * Handles keep their values when they are inherited.  The command line tells the worker which value
 * stands for which number: "realmjoin-worker ID 3=1A4,4=1A8,5=1AC,6=1B0".
 */
#include "platform/worker_process.h"

#include "base/alloc.h"
#include "base/text.h"
#include "command_line_win32.h"
#include "descriptor_win32.h"
#include "launch_win32.h"
#include "sandbox_win32.h"
#include "wide_win32.h"

#include <psapi.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES 4096u
#define FREE_LIMIT_MS 50
#define FAIL_FAST 0xC0000409u /* what abort() of newer C libraries ends with */
#define BOTH (RJ_DESCRIPTOR_READ | RJ_DESCRIPTOR_WRITE)

struct rj_worker_process {
    HANDLE process;
    HANDLE job;
    DWORD pid;
    bool ended;
    bool killed;
    rj_process_end end;
    int frames;
    int calls;
    int output;
    const _Atomic uint64_t *begun; /* the page that the worker writes */
};

/* What the worker gets; each inheritable, and closed by us once it runs. */
typedef struct shares {
    HANDLE frames, calls, output, plugin, begun;
} shares;

static rj_status no_start(const rj_worker_spec *spec, DWORD problem, rj_error *err)
{
    return rj_fail_win32(err, problem, "a worker for %s cannot be started", spec->name);
}

static void close_shares(shares *given)
{
    HANDLE all[] = {given->frames, given->calls, given->output, given->plugin, given->begun};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i])
            CloseHandle(all[i]);
}

/* A page for both: we only read it. */
static rj_status make_page(const rj_worker_spec *spec, rj_worker_process *process, HANDLE *ret_page,
                           rj_error *err)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    HANDLE page =
        CreateFileMappingW(INVALID_HANDLE_VALUE, &inherited, PAGE_READWRITE, 0, PAGE_BYTES, NULL);
    if (!page)
        return no_start(spec, GetLastError(), err);
    *ret_page = page;
    process->begun = MapViewOfFile(page, FILE_MAP_READ, 0, 0, PAGE_BYTES);
    return process->begun ? RJ_OK : no_start(spec, GetLastError(), err);
}

static rj_status make_shares(const rj_worker_spec *spec, rj_worker_process *process, shares *given,
                             rj_error *err)
{
    rj_status status = rj_descriptor_make_pipe(BOTH, true, &process->frames, &given->frames, err);
    if (!status)
        status = rj_descriptor_make_pipe(BOTH, true, &process->calls, &given->calls, err);
    if (!status)
        status = rj_descriptor_make_pipe(RJ_DESCRIPTOR_READ, false, &process->output,
                                         &given->output, err);
    if (!status)
        status = make_page(spec, process, &given->begun, err);
    if (!status &&
        !DuplicateHandle(GetCurrentProcess(), rj_descriptor_handle(spec->plugin_file),
                         GetCurrentProcess(), &given->plugin, 0, TRUE, DUPLICATE_SAME_ACCESS))
        status = no_start(spec, GetLastError(), err);
    return status;
}

static rj_status make_line(const rj_worker_spec *spec, const shares *given,
                           rj_command_line *ret_line, rj_error *err)
{
    char values[128];
    const char *const arguments[] = {"realmjoin-worker", spec->name, values, NULL};
    snprintf(values, sizeof values, "%d=%llX,%d=%llX,%d=%llX,%d=%llX", RJ_WORKER_FRAMES,
             (unsigned long long)(uintptr_t)given->frames, RJ_WORKER_CALLS,
             (unsigned long long)(uintptr_t)given->calls, RJ_WORKER_PLUGIN,
             (unsigned long long)(uintptr_t)given->plugin, RJ_WORKER_BEGUN,
             (unsigned long long)(uintptr_t)given->begun);
    return rj_command_line_make(spec->program, arguments, ret_line, err);
}

static rj_status make_environment(const rj_worker_spec *spec, wchar_t **ret_block, rj_error *err)
{
    rj_text temp = RJ_TEXT_EMPTY;
    rj_text tmp = RJ_TEXT_EMPTY;
    rj_text_addf(&temp, "TEMP=%s", spec->temporary);
    rj_text_addf(&tmp, "TMP=%s", spec->temporary);
    rj_status status = RJ_OK;
    if (rj_text_failed(&temp) || rj_text_failed(&tmp)) {
        status = rj_fail_memory(err, "starting a worker");
    } else {
        for (char *at = temp.bytes; *at; at++)
            *at = (char)(*at == '/' ? '\\' : *at);
        for (char *at = tmp.bytes; *at; at++)
            *at = (char)(*at == '/' ? '\\' : *at);
        const char *const variables[] = {temp.bytes, tmp.bytes, NULL};
        status = rj_environment_make(variables, ret_block, err);
    }
    rj_text_free(&temp);
    rj_text_free(&tmp);
    return status;
}

static rj_status launch(const rj_worker_spec *spec, rj_worker_process *process, const shares *given,
                        rj_error *err)
{
    rj_command_line line = {NULL, NULL};
    wchar_t *environment = NULL;
    wchar_t folder[MAX_PATH] = L"";
    const char *what = "";
    HANDLE token = NULL;
    rj_status status = make_line(spec, given, &line, err);
    if (!status)
        status = make_environment(spec, &environment, err);
    if (!status) {
        GetSystemDirectoryW(folder, MAX_PATH);
        rj_sandbox_label_folders(spec->sandbox);
        token = rj_sandbox_token();
        process->job = rj_sandbox_job(spec->sandbox);
        if (!token || !process->job)
            status = no_start(spec, GetLastError(), err);
    }
    if (!status) {
        rj_launch how = {.program = line.program,
                         .command_line = line.line,
                         .environment = environment,
                         .directory = *folder ? folder : NULL,
                         .token = token,
                         .job = process->job,
                         .output = given->output,
                         .handles = {given->frames, given->calls, given->plugin, given->begun},
                         .handle_count = 4,
                         .flags = DETACHED_PROCESS};
        DWORD problem = rj_launch_start(&how, &process->process, &process->pid, &what);
        if (problem)
            status = rj_fail_win32(err, problem, "a worker for %s cannot be started: %s %s",
                                   spec->name, what, spec->program);
    }
    if (token)
        CloseHandle(token);
    rj_command_line_free(&line);
    rj_free(environment);
    return status;
}

rj_status rj_worker_process_start(const rj_worker_spec *spec, rj_worker_process **ret_process,
                                  rj_error *err)
{
    shares given = {0};
    rj_worker_process *process = rj_calloc(1, sizeof *process);
    if (!process)
        return rj_fail_memory(err, "starting a worker");
    process->frames = process->calls = process->output = -1;
    rj_status status = make_shares(spec, process, &given, err);
    if (!status)
        status = launch(spec, process, &given, err);
    close_shares(&given);
    if (status)
        rj_worker_process_free(process);
    else
        *ret_process = process;
    return status;
}

/* ---- Its life -------------------------------------------------------------------------------- */

int rj_worker_process_frames(const rj_worker_process *process)
{
    return process->frames;
}

int rj_worker_process_calls(const rj_worker_process *process)
{
    return process->calls;
}

int rj_worker_process_output(const rj_worker_process *process)
{
    return process->output;
}

long rj_worker_process_pid(const rj_worker_process *process)
{
    return (long)process->pid;
}

uint64_t rj_worker_process_begun(const rj_worker_process *process)
{
    return atomic_load(process->begun);
}

void rj_worker_process_kill(rj_worker_process *process)
{
    if (process->ended)
        return;
    process->killed = true;
    rj_job_kill(process->job);
}

bool rj_worker_process_ended(rj_worker_process *process, rj_process_end *ret_end)
{
    if (!process->ended) {
        DWORD code = RJ_KILLED_CODE;
        if (WaitForSingleObject(process->process, 0) != WAIT_OBJECT_0)
            return false;
        GetExitCodeProcess(process->process, &code);
        rj_job_kill(process->job);
        int number = rj_signal_of_exit_code(code);
        process->ended = true;
        process->end =
            (rj_process_end){.signalled = number != 0, .value = number ? number : (int)code};
    }
    *ret_end = process->end;
    return true;
}

bool rj_worker_process_usage(const rj_worker_process *process, uint64_t *ret_memory_kb,
                             uint64_t *ret_cpu_ms)
{
    PROCESS_MEMORY_COUNTERS memory = {.cb = sizeof memory};
    FILETIME made, gone, kernel, user;
    if (process->ended || !K32GetProcessMemoryInfo(process->process, &memory, sizeof memory) ||
        !GetProcessTimes(process->process, &made, &gone, &kernel, &user))
        return false;
    uint64_t ticks = ((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
                     ((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime);
    *ret_memory_kb = memory.WorkingSetSize / 1024;
    *ret_cpu_ms = ticks / 10000;
    return true;
}

uint64_t rj_worker_process_peak_kb(const rj_worker_process *process)
{
    PROCESS_MEMORY_COUNTERS memory = {.cb = sizeof memory};
    if (!K32GetProcessMemoryInfo(process->process, &memory, sizeof memory))
        return 0;
    return memory.PeakPagefileUsage / 1024; /* what the job's limit counts */
}

void rj_worker_process_free(rj_worker_process *process)
{
    if (!process)
        return;
    if (process->process && !process->ended) {
        rj_job_kill(process->job);
        WaitForSingleObject(process->process, FREE_LIMIT_MS);
    }
    if (process->job)
        CloseHandle(process->job);
    if (process->process)
        CloseHandle(process->process);
    if (process->begun)
        UnmapViewOfFile((const void *)process->begun);
    rj_descriptor_close(process->frames);
    rj_descriptor_close(process->calls);
    rj_descriptor_close(process->output);
    rj_free(process);
}

/* ---- The worker's side ----------------------------------------------------------------------- */

static rj_status not_by_hand(rj_error *err)
{
    return rj_fail(err, RJ_E_INVALID, "it was given no pipes");
}

static rj_status adopt(int number, HANDLE handle, rj_error *err)
{
    DWORD flags = 0;
    bool is_pipe = number == RJ_WORKER_FRAMES || number == RJ_WORKER_CALLS;
    if (!GetHandleInformation(handle, &flags) || (is_pipe && GetFileType(handle) != FILE_TYPE_PIPE))
        return not_by_hand(err);
    SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0);
    return rj_descriptor_place(number, handle, is_pipe ? BOTH : 0, err);
}

/* The C library would end it with code 3, as by its own will. */
static void end_as_crashed(int number)
{
    (void)number;
    TerminateProcess(GetCurrentProcess(), FAIL_FAST);
}

rj_status rj_worker_adopt(int argc, char **argv, rj_error *err)
{
    const char *at = argc == 3 ? argv[2] : "";
    rj_status status = RJ_OK;
    signal(SIGABRT, end_as_crashed);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX); /* nobody is there to look */
    for (int number = RJ_WORKER_FRAMES; number <= RJ_WORKER_BEGUN && !status; number++) {
        char *end = NULL;
        if (at[0] != '0' + number || at[1] != '=')
            return not_by_hand(err);
        unsigned long long value = strtoull(at + 2, &end, 16);
        if (end == at + 2 || *end != (number == RJ_WORKER_BEGUN ? '\0' : ','))
            return not_by_hand(err);
        status = adopt(number, (HANDLE)(uintptr_t)value, err);
        at = end + 1;
    }
    return status;
}

_Atomic uint64_t *rj_worker_map_begun(void)
{
    void *page = MapViewOfFile(rj_descriptor_handle(RJ_WORKER_BEGUN),
                               FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, PAGE_BYTES);
    rj_descriptor_close(RJ_WORKER_BEGUN);
    return page;
}

const char *rj_signal_text(int number)
{
    switch (number) {
    case RJ_SIGNAL_ILLEGAL:
        return "Illegal instruction";
    case RJ_SIGNAL_TRAP:
        return "Trace/breakpoint trap";
    case RJ_SIGNAL_ABORT:
        return "Aborted";
    case RJ_SIGNAL_BUS:
        return "Bus error";
    case RJ_SIGNAL_ARITHMETIC:
        return "Floating point exception";
    case RJ_SIGNAL_KILL:
        return "Killed";
    case RJ_SIGNAL_SEGMENT:
        return "Segmentation fault";
    case RJ_SIGNAL_CPU:
        return "CPU time limit exceeded";
    default:
        return "";
    }
}
