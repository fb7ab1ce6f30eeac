/* SPDX-License-Identifier: MIT */
/*
 * A program in a job of its own.  When the program has ended, or we ask, or we end, the job takes every
 * process along that it left behind; nothing can leave the job.
 *
 * The end is the process's own handle; output comes through a pipe whose writing end only the tree has.
 */
#include "platform/process_system.h"

#include "base/alloc.h"
#include "command_line_win32.h"
#include "descriptor_win32.h"
#include "launch_win32.h"
#include "platform/stream.h"
#include "wide_win32.h"

#include <string.h>

#define EMPTY_LIMIT_MS 2000
#define LAST_OUTPUT_MS 200

struct rj_process {
    HANDLE process; /* end_number's */
    HANDLE job;     /* NULL: collected */
    DWORD pid;
    int end_number;
    int output;
    bool killed;
    unsigned survivors; /* of kill_tree() */
};

bool rj_process_is_absolute(const char *path)
{
    bool drive = ((path[0] >= 'A' && path[0] <= 'Z') || (path[0] >= 'a' && path[0] <= 'z')) &&
                 path[1] == ':' && (path[2] == '/' || path[2] == '\\');
    bool share = (path[0] == '/' && path[1] == '/') || (path[0] == '\\' && path[1] == '\\');
    return drive || share;
}

/* The system's answer to a missing folder names neither the folder nor what is wrong. */
static rj_status open_directory(const rj_process_spec *spec, wchar_t **ret_directory, rj_error *err)
{
    rj_status status = RJ_OK;
    wchar_t *directory = rj_program_path(spec->directory, err);
    if (!directory)
        return RJ_E_INVALID;
    DWORD attributes = GetFileAttributesW(directory);
    if (attributes == INVALID_FILE_ATTRIBUTES)
        status = rj_fail_win32(err, GetLastError(), "working directory %s of %s cannot be entered",
                               spec->directory, spec->program);
    else if (!(attributes & FILE_ATTRIBUTE_DIRECTORY))
        status = rj_fail_win32(err, ERROR_DIRECTORY, "working directory %s of %s cannot be entered",
                               spec->directory, spec->program);
    if (status)
        rj_free(directory);
    else
        *ret_directory = directory;
    return status;
}

/* A script is looked for by its interpreter, whose words would not tell what is wrong. */
static rj_status check_program(const rj_process_spec *spec, rj_error *err)
{
    wchar_t *path = rj_wide_path(spec->program, err);
    if (!path)
        return RJ_E_INVALID;
    DWORD attributes = GetFileAttributesW(path);
    DWORD problem = attributes == INVALID_FILE_ATTRIBUTES ? GetLastError() : 0;
    rj_free(path);
    if (!problem && (attributes & FILE_ATTRIBUTE_DIRECTORY))
        problem = ERROR_ACCESS_DENIED;
    return problem ? rj_fail_win32(err, problem, "%s cannot be started", spec->program) : RJ_OK;
}

/* Everything is made; *process has a job and an output. */
static rj_status launch(rj_process *process, const rj_process_spec *spec, HANDLE output,
                        rj_error *err)
{
    rj_command_line line = {NULL, NULL};
    wchar_t *environment = NULL;
    wchar_t *directory = NULL;
    const char *what = "";
    HANDLE started = NULL;
    rj_status status = rj_command_line_make(spec->program, spec->arguments, &line, err);
    if (!status)
        status = rj_environment_make(spec->environment, &environment, err);
    if (!status && spec->directory)
        status = open_directory(spec, &directory, err);
    if (!status) {
        rj_launch how = {.program = line.program,
                         .command_line = line.line,
                         .environment = environment,
                         .directory = directory,
                         .job = process->job,
                         .output = output,
                         .flags = CREATE_NO_WINDOW};
        DWORD problem = rj_launch_start(&how, &started, &process->pid, &what);
        if (problem)
            status = rj_fail_win32(err, problem, "%s cannot be started", spec->program);
    }
    if (!status) {
        process->process = started;
        status = rj_descriptor_of_handle(started, &process->end_number, err);
    }
    rj_command_line_free(&line);
    rj_free(environment);
    rj_free(directory);
    return status;
}

rj_status rj_process_start(const rj_process_spec *spec, rj_process **ret_process, rj_error *err)
{
    HANDLE output = NULL;
    rj_status status = rj_process_check_spec(spec, err);
    if (!status)
        status = check_program(spec, err);
    if (status)
        return status;
    rj_process *process = rj_calloc(1, sizeof *process);
    if (!process)
        return rj_fail_memory(err, "starting a program");
    process->output = process->end_number = -1;
    process->job = rj_job_make(NULL);
    if (!process->job)
        status = rj_fail_win32(err, GetLastError(), "%s cannot be started: no job", spec->program);
    if (!status)
        status = rj_descriptor_make_pipe(RJ_DESCRIPTOR_READ, false, &process->output, &output, err);
    if (!status)
        status = launch(process, spec, output, err);
    if (output)
        CloseHandle(output);
    if (status)
        rj_process_free(process);
    else
        *ret_process = process;
    return status;
}

int rj_process_output_fd(const rj_process *process)
{
    return process->output;
}

long rj_process_read(rj_process *process, void *buffer, size_t size)
{
    long got = rj_stream_read(process->output, buffer, size);
    /* All writers are gone: what is under way comes at once, or the end of it. */
    if (got == RJ_STREAM_AGAIN && !process->job &&
        rj_descriptor_await(process->output, LAST_OUTPUT_MS))
        got = rj_stream_read(process->output, buffer, size);
    return got == RJ_STREAM_LOST ? 0 : got;
}

int rj_process_end_fd(const rj_process *process)
{
    return process->end_number;
}

long rj_process_pid(const rj_process *process)
{
    return (long)process->pid;
}

static void end_job(rj_process *process)
{
    rj_job_kill(process->job);
    rj_job_await_empty(process->job, EMPTY_LIMIT_MS);
    CloseHandle(process->job);
    process->job = NULL;
}

rj_status rj_process_collect(rj_process *process, rj_process_end *ret_end)
{
    DWORD code = RJ_KILLED_CODE;
    if (!process->job)
        return RJ_E_NOT_FOUND;
    if (WaitForSingleObject(process->process, 0) != WAIT_OBJECT_0)
        return RJ_E_BUSY;
    GetExitCodeProcess(process->process, &code);
    bool signalled = process->killed && code == RJ_KILLED_CODE;
    unsigned survivors = process->survivors + rj_job_count(process->job, process->pid);
    end_job(process);
    *ret_end = (rj_process_end){.signalled = signalled,
                                .value = signalled ? RJ_SIGNAL_KILL : (int)code,
                                .survivors = survivors};
    return RJ_OK;
}

void rj_process_kill_tree(rj_process *process)
{
    if (!process->job)
        return;
    process->survivors += rj_job_count(process->job, process->pid);
    process->killed = true;
    rj_job_kill(process->job);
}

void rj_process_free(rj_process *process)
{
    if (!process)
        return;
    if (process->job)
        end_job(process);
    rj_descriptor_close(process->output);
    rj_descriptor_close(process->end_number);
    rj_free(process);
}
