/* SPDX-License-Identifier: MIT */
/*
 * The child processes of the plugin test host, and its loop's waiting.
 *
 * Happy path: fork into an own process group, output through a pipe to the log file and the tail,
 * the end seen through a pidfd, what is left of the group killed.
 * Limits: descendants that left the process group are not found; the agent's own service finds them.
 */
#include "plugin_host_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ERROR_FD 3
#define NOBODY 65534

struct host_process {
    pid_t pid; /* -1: none */
    int pid_fd;
    int output_fd; /* -1 once closed */
    int log_fd;
    siginfo_t ended;
};

struct host_waiter {
    int wake_fd;
};

/* Runs in the forked child: async-signal-safe calls only. */
static _Noreturn void become(const rj_spawn *spawn, int output, int error_pipe)
{
    int null_fd = open("/dev/null", O_RDWR);
    int error;

    setpgid(0, 0);
    output = fcntl(output, F_DUPFD, 10);
    error_pipe = fcntl(error_pipe, F_DUPFD, 10);
    dup2(null_fd, 0);
    dup2(output, 1);
    dup2(output, 2);
    dup2(error_pipe, ERROR_FD);
    fcntl(ERROR_FD, F_SETFD, FD_CLOEXEC);
    close_range(ERROR_FD + 1, ~0U, 0);
    if (chdir(spawn->directory) == 0)
        execve(spawn->program, (char *const *)(uintptr_t)spawn->arguments,
               (char *const *)(uintptr_t)spawn->environment);
    error = errno;
    if (write(ERROR_FD, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

static int fork_child(struct host_process *child, const rj_spawn *spawn)
{
    int output[2] = {-1, -1}, errors[2] = {-1, -1};
    int error = 0;

    if (pipe2(output, O_CLOEXEC | O_NONBLOCK) != 0)
        return errno;
    if (pipe2(errors, O_CLOEXEC) != 0) {
        error = errno;
        close(output[0]);
        close(output[1]);
        return error;
    }
    /* the program's end of the pipe blocks, as programs expect */
    fcntl(output[1], F_SETFL, 0);
    child->pid = fork();
    if (child->pid == 0)
        become(spawn, output[1], errors[1]);
    error = child->pid < 0 ? errno : 0;
    close(output[1]);
    close(errors[1]);
    if (!error && read(errors[0], &error, sizeof error) == (ssize_t)sizeof error) {
        waitpid(child->pid, NULL, 0);
        child->pid = -1;
    }
    close(errors[0]);
    if (error) {
        close(output[0]);
        return error;
    }
    setpgid(child->pid, child->pid);
    child->output_fd = output[0];
    child->pid_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    return 0;
}

bool host_process_path_is_absolute(const char *path)
{
    return path && path[0] == '/';
}

bool host_process_start(host_child *child, const rj_spawn *spawn)
{
    struct host_process *process = malloc(sizeof *process);

    if (!process)
        return false;
    *process = (struct host_process){.pid = -1, .pid_fd = -1, .output_fd = -1, .log_fd = -1};
    child->process = process;
    if (spawn->log_path) {
        process->log_fd = open(spawn->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (process->log_fd < 0)
            child->start_error = errno;
    }
    if (!child->start_error)
        child->start_error = fork_child(process, spawn);
    return true;
}

void host_process_kill(host_child *child)
{
    kill(-child->process->pid, SIGKILL);
}

/* ---- The loop's part ------------------------------------------------------------------------- */

/* Add what to wait for; returns how many entries were written.  Lowers *timeout_ms. */
static size_t children_poll(plugin_host *host, struct pollfd *fds, size_t capacity, int *timeout_ms)
{
    size_t count = 0;

    pthread_mutex_lock(&host->lock);
    for (const host_child *child = host->children; child; child = child->next) {
        const struct host_process *process = child->process;

        host_child_lower_timeout(host, child, timeout_ms);
        if (process->pid_fd >= 0 && count < capacity)
            fds[count++] = (struct pollfd){.fd = process->pid_fd, .events = POLLIN};
        if (process->output_fd >= 0 && count < capacity)
            fds[count++] = (struct pollfd){.fd = process->output_fd, .events = POLLIN};
    }
    pthread_mutex_unlock(&host->lock);
    return count;
}

struct host_waiter *host_waiter_new(void)
{
    struct host_waiter *waiter = calloc(1, sizeof *waiter);

    if (!waiter)
        fail_msg("out of memory");
    waiter->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waiter->wake_fd < 0)
        fail_msg("eventfd: %s", strerror(errno));
    return waiter;
}

void host_waiter_free(struct host_waiter *waiter)
{
    close(waiter->wake_fd);
    free(waiter);
}

void host_wake(plugin_host *host)
{
    uint64_t one = 1;
    ssize_t written = write(host->waiter->wake_fd, &one, sizeof one);

    (void)written; /* a full counter means that a wake-up is pending already */
}

void host_wait(plugin_host *host, int timeout_ms)
{
    struct pollfd fds[2 + 2 * HOST_MAX_CHILDREN];
    size_t count = 2;
    uint64_t ticks;
    ssize_t got;

    fds[0] = (struct pollfd){.fd = host->waiter->wake_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = -1};
    if (host->worker)
        fds[1] = (struct pollfd){.fd = plugin_worker_descriptor(host->worker), .events = POLLIN};
    count += children_poll(host, fds + 2, sizeof fds / sizeof fds[0] - 2, &timeout_ms);
    poll(fds, count, timeout_ms);
    got = read(host->waiter->wake_fd, &ticks, sizeof ticks);
    (void)got; /* nothing to read is fine: it does not block */
}

void host_become(bool nobody)
{
    if (getuid() == 0 && seteuid(nobody ? NOBODY : 0) != 0)
        fail_msg("cannot change the account: %s", strerror(errno));
}

void host_process_read(host_child *child)
{
    struct host_process *process = child->process;
    char buffer[4096];
    ssize_t got;

    while (process->output_fd >= 0) {
        got = read(process->output_fd, buffer, sizeof buffer);
        if (got > 0) {
            host_child_keep_tail(child, buffer, (size_t)got);
            if (process->log_fd >= 0 && write(process->log_fd, buffer, (size_t)got) < 0) {
                close(process->log_fd);
                process->log_fd = -1;
            }
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        close(process->output_fd);
        process->output_fd = -1;
    }
}

/* The tail is cut at a byte and programs print what they like: make it valid UTF-8. */
static void make_valid_utf8(host_child *child)
{
    unsigned char *text = (unsigned char *)child->tail;

    for (size_t i = 0; i < child->tail_length;) {
        unsigned char first = text[i];
        size_t need = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : 4;
        bool good = first && (need < 4 || first >> 3 == 30) && i + need <= child->tail_length;

        for (size_t k = 1; good && k < need; k++)
            good = (text[i + k] & 0xC0) == 0x80;
        if (!good) {
            text[i++] = '?';
            continue;
        }
        i += need;
    }
}

/* How many others of the group are alive, before they are killed. */
static uint32_t count_survivors(pid_t group)
{
    DIR *proc = opendir("/proc");
    uint32_t survivors = 0;
    struct dirent *entry;

    while (proc && (entry = readdir(proc))) {
        char path[300], line[512], state;
        const char *after_name;
        long member = strtol(entry->d_name, NULL, 10), pgrp = 0;
        FILE *file;

        if (member <= 0 || member == group)
            continue;
        snprintf(path, sizeof path, "/proc/%ld/stat", member);
        file = fopen(path, "re");
        if (!file)
            continue;
        if (fgets(line, sizeof line, file) && (after_name = strrchr(line, ')')) &&
            sscanf(after_name + 1, " %c %*d %ld", &state, &pgrp) == 2 && pgrp == group &&
            state != 'Z')
            survivors++;
        fclose(file);
    }
    if (proc)
        closedir(proc);
    return survivors;
}

void host_process_settle(host_child *child, rj_spawn_exit *how)
{
    struct host_process *process = child->process;

    if (child->start_error) {
        snprintf(child->tail, sizeof child->tail, "%s", strerror(child->start_error));
        child->tail_length = strlen(child->tail);
    } else {
        if (!child->killed_as)
            how->survivors = count_survivors(process->pid);
        kill(-process->pid, SIGKILL);
        waitpid(process->pid, NULL, 0);
        host_process_read(child);
        how->kind = process->ended.si_code == CLD_EXITED ? RJ_EXIT_CODE : RJ_EXIT_SIGNAL;
        how->value = child->killed_as ? 0 : process->ended.si_status;
    }
    make_valid_utf8(child);
}

bool host_process_has_ended(host_child *child)
{
    struct host_process *process = child->process;

    process->ended = (siginfo_t){0};
    return waitid(P_PID, (id_t)process->pid, &process->ended, WEXITED | WNOWAIT | WNOHANG) == 0 &&
           process->ended.si_pid == process->pid;
}

void host_process_free(host_child *child)
{
    struct host_process *process = child->process;

    for (int *fd = (int[]){process->pid_fd, process->output_fd, process->log_fd, -2}; *fd != -2;
         fd++)
        if (*fd >= 0)
            close(*fd);
    free(process);
}
