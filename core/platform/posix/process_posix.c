/* SPDX-License-Identifier: MIT */
/*
 * Our half of a child process: fork the supervisor (supervisor_posix.c), wait until it says whether
 * the program runs, later collect its last message.  The control socket is also the descriptor that
 * becomes readable at the end, be it by that message or by the supervisor's sudden death.
 */
#include "platform/process_system.h"

#include "base/alloc.h"
#include "supervisor_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

_Static_assert(RJ_SIGNAL_KILL == SIGKILL && RJ_SIGNAL_CPU == SIGXCPU, "these are its numbers");

#define START_LIMIT_MS 10000 /* a program on a file system that does not answer */
#define START_STEP_MS 100

struct rj_process {
    pid_t supervisor; /* 0: reaped */
    pid_t program;
    int control;
    int output;
};

bool rj_process_is_absolute(const char *path)
{
    return *path == '/';
}

/* A supervisor that ended without reading our last request makes the kernel report a reset once,
 * before the message that is there. */
static ssize_t receive(int control, supervisor_message *message)
{
    ssize_t got;
    do
        got = recv(control, message, sizeof *message, MSG_DONTWAIT);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    return got;
}

static void reap_supervisor(rj_process *process)
{
    if (!process->supervisor)
        return;
    while (waitpid(process->supervisor, NULL, 0) < 0 && errno == EINTR)
        ;
    process->supervisor = 0;
}

static rj_status no_start(const rj_process_spec *spec, const supervisor_message *message,
                          rj_error *err)
{
    if (message->stage == STAGE_DIRECTORY)
        return rj_fail_errno(err, message->value, "working directory %s of %s cannot be entered",
                             spec->directory, spec->program);
    return rj_fail_errno(err, message->value, "%s cannot be started", spec->program);
}

/* The supervisor's first word. */
static rj_status await_start(rj_process *process, const rj_process_spec *spec, rj_error *err)
{
    struct pollfd polled = {.fd = process->control, .events = POLLIN};
    int ready = 0;
    for (int waited = 0; ready <= 0 && waited < START_LIMIT_MS; waited += START_STEP_MS) {
        ready = poll(&polled, 1, START_STEP_MS);
        if (ready == 0) /* the program may have stopped its parent before that could speak */
            kill(process->supervisor, SIGCONT);
    }
    supervisor_message message;
    if (ready <= 0) {
        kill(process->supervisor, SIGKILL);
        reap_supervisor(process);
        return rj_fail(err, RJ_E_TIMEOUT, "%s was not started within %d seconds", spec->program,
                       START_LIMIT_MS / 1000);
    }
    if (receive(process->control, &message) != (ssize_t)sizeof message) {
        reap_supervisor(process);
        return rj_fail(err, RJ_E_FAILED, "the supervisor of %s ended unexpectedly", spec->program);
    }
    if (message.kind != SUPERVISOR_STARTED) {
        reap_supervisor(process);
        return no_start(spec, &message, err);
    }
    process->program = (pid_t)message.value;
    return RJ_OK;
}

static void close_both(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

/* Signals stay blocked in the child until it has reset them: no handler of ours may run there. */
static pid_t fork_supervisor(const rj_process_spec *spec, int control, int output)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        rj_supervisor_run(spec, control, output);
    int problem = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = problem;
    return pid;
}

rj_status rj_process_start(const rj_process_spec *spec, rj_process **ret_process, rj_error *err)
{
    rj_status status = rj_process_check_spec(spec, err);
    if (status)
        return status;
    rj_process *process = rj_calloc(1, sizeof *process);
    if (!process)
        return rj_fail_memory(err, "starting a program");
    int control[2];
    int output[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) < 0) {
        status = rj_fail_errno(err, errno, "%s cannot be started", spec->program);
        rj_free(process);
        return status;
    }
    if (pipe2(output, O_CLOEXEC) < 0) {
        status = rj_fail_errno(err, errno, "%s cannot be started", spec->program);
        close_both(control);
        rj_free(process);
        return status;
    }
    process->supervisor = fork_supervisor(spec, control[1], output[1]);
    if (process->supervisor < 0) {
        status = rj_fail_errno(err, errno, "%s cannot be started", spec->program);
        close_both(control);
        close_both(output);
        rj_free(process);
        return status;
    }
    close(control[1]);
    close(output[1]);
    process->control = control[0];
    process->output = output[0];
    fcntl(process->output, F_SETFL, O_NONBLOCK);
    status = await_start(process, spec, err);
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
    ssize_t got;
    do
        got = read(process->output, buffer, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : 0;
    return (long)got;
}

int rj_process_end_fd(const rj_process *process)
{
    return process->control;
}

long rj_process_pid(const rj_process *process)
{
    return (long)process->program;
}

rj_status rj_process_collect(rj_process *process, rj_process_end *ret_end)
{
    if (!process->supervisor)
        return RJ_E_NOT_FOUND;
    supervisor_message message;
    ssize_t got = receive(process->control, &message);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return RJ_E_BUSY;
    if (got != (ssize_t)sizeof message || message.kind != SUPERVISOR_ENDED)
        message =
            (supervisor_message){.value = SIGKILL}; /* it was killed, and the program with it */
    reap_supervisor(process);
    if (WIFEXITED(message.value))
        *ret_end = (rj_process_end){.value = WEXITSTATUS(message.value)};
    else
        *ret_end = (rj_process_end){.signalled = true, .value = WTERMSIG(message.value)};
    ret_end->survivors = message.survivors;
    return RJ_OK;
}

void rj_process_kill_tree(rj_process *process)
{
    const char request = SUPERVISOR_KILL;
    if (!process->supervisor)
        return;
    send(process->control, &request, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    kill(process->supervisor, SIGCONT); /* a program may have stopped its parent */
}

void rj_process_free(rj_process *process)
{
    if (!process)
        return;
    close(process->control); /* which the supervisor takes as our end: it kills the tree */
    close(process->output);
    if (process->supervisor)
        kill(process->supervisor, SIGCONT);
    reap_supervisor(process);
    rj_free(process);
}
