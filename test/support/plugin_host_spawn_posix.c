/* SPDX-License-Identifier: MIT */
/*
 * The plugin test host's child processes: enough of rj.host.spawn/1 to test a plugin.
 *
 * Happy path: fork into an own process group, output through a pipe to the log file and the tail,
 * the end seen through a pidfd, what is left of the group killed, on_exit on the loop.
 * Limits: descendants that left the process group are not found; the agent's own service finds them.
 */
#include "plugin_host_internal.h"

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

typedef struct host_child {
    struct host_child *next;
    uint64_t id;
    rj_op op;
    pid_t pid;
    int exec_error; /* errno of a start that failed, 0 if it runs */
    int pid_fd;
    int output_fd; /* -1 once closed */
    int log_fd;
    int64_t kill_at; /* monotonic ms, 0: never */
    int32_t killed_as;
    void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how);
    void *data;
    char tail[4096];
    size_t tail_length;
} host_child;

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

static int fork_child(host_child *child, const rj_spawn *spawn)
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

static rj_status RJ_CALL spawn_start(const rj_host *api, rj_op id, const rj_spawn *spawn,
                                     void(RJ_CALL *on_exit)(void *data, const rj_spawn_exit *how),
                                     void *data, uint64_t *ret_child)
{
    plugin_host *host = (plugin_host *)api->ctx;
    unsigned running = 0;
    host_child *child;
    host_op *op;

    if (!spawn->program || spawn->program[0] != '/' || !spawn->arguments || !spawn->environment ||
        !spawn->directory || spawn->directory[0] != '/') {
        host_misuse(host, "op %llu: incomplete spawn request", (unsigned long long)id);
        return RJ_E_INVALID;
    }
    child = calloc(1, sizeof *child);
    if (!child)
        return RJ_E_NO_MEMORY;
    *child = (host_child){.op = id, .pid = -1, .pid_fd = -1, .output_fd = -1, .log_fd = -1};
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
    if (spawn->log_path) {
        child->log_fd = open(spawn->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (child->log_fd < 0)
            child->exec_error = errno;
    }
    if (!child->exec_error)
        child->exec_error = fork_child(child, spawn);
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

static void kill_group(host_child *child, int32_t reason)
{
    if (child->pid > 0 && !child->killed_as) {
        child->killed_as = reason;
        kill(-child->pid, SIGKILL);
    }
}

static void RJ_CALL spawn_kill(const rj_host *api, uint64_t id)
{
    plugin_host *host = (plugin_host *)api->ctx;

    pthread_mutex_lock(&host->lock);
    for (host_child *child = host->children; child; child = child->next)
        if (child->id == id)
            kill_group(child, RJ_EXIT_CANCELLED);
    pthread_mutex_unlock(&host->lock);
}

const rj_host_spawn host_spawn_table = {sizeof(rj_host_spawn), RJ_ABI_MINOR, spawn_start,
                                        spawn_kill};

/* ---- The loop's part ------------------------------------------------------------------------- */

/* Add what to wait for; returns how many entries were written.  Lowers *timeout_ms. */
static size_t children_poll(plugin_host *host, struct pollfd *fds, size_t capacity, int *timeout_ms)
{
    size_t count = 0;

    pthread_mutex_lock(&host->lock);
    for (const host_child *child = host->children; child; child = child->next) {
        const host_op *op = host_find_op(host, child->op);
        int64_t wait = child->kill_at ? child->kill_at - host_now_ms() : INT64_MAX;

        if (child->exec_error)
            wait = 0;
        if (op && !child->killed_as && op->deadline - host_now_ms() < wait)
            wait = op->deadline - host_now_ms();
        if (wait < 0)
            wait = 0;
        if (!child->killed_as && wait < *timeout_ms)
            *timeout_ms = (int)wait;
        if (child->pid_fd >= 0 && count < capacity)
            fds[count++] = (struct pollfd){.fd = child->pid_fd, .events = POLLIN};
        if (child->output_fd >= 0 && count < capacity)
            fds[count++] = (struct pollfd){.fd = child->output_fd, .events = POLLIN};
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

static void read_output(host_child *child)
{
    char buffer[4096];
    ssize_t got;

    while (child->output_fd >= 0) {
        got = read(child->output_fd, buffer, sizeof buffer);
        if (got > 0) {
            keep_tail(child, buffer, (size_t)got);
            if (child->log_fd >= 0 && write(child->log_fd, buffer, (size_t)got) < 0) {
                close(child->log_fd);
                child->log_fd = -1;
            }
            continue;
        }
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        close(child->output_fd);
        child->output_fd = -1;
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

static void report(plugin_host *host, host_child *child, const siginfo_t *ended)
{
    rj_spawn_exit how = {.size = sizeof how, .minor = RJ_ABI_MINOR};
    bool unanswered = false;
    host_op *op;

    if (child->exec_error) {
        how.kind = RJ_EXIT_NO_START;
        snprintf(child->tail, sizeof child->tail, "%s", strerror(child->exec_error));
        child->tail_length = strlen(child->tail);
    } else {
        if (!child->killed_as)
            how.survivors = count_survivors(child->pid);
        kill(-child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
        read_output(child);
        how.kind = child->killed_as               ? child->killed_as
                   : ended->si_code == CLD_EXITED ? RJ_EXIT_CODE
                                                  : RJ_EXIT_SIGNAL;
        how.value = child->killed_as ? 0 : ended->si_status;
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
    for (int *fd = (int[]){child->pid_fd, child->output_fd, child->log_fd, -2}; *fd != -2; fd++)
        if (*fd >= 0)
            close(*fd);
    free(child);
}

/* The next child that has ended, taken off the list; NULL if none. */
static host_child *take_ended(plugin_host *host, siginfo_t *ret_ended)
{
    host_child *found = NULL;

    pthread_mutex_lock(&host->lock);
    for (host_child **link = &host->children; *link && !found;) {
        host_child *child = *link;

        *ret_ended = (siginfo_t){0};
        if (child->exec_error ||
            (waitid(P_PID, (id_t)child->pid, ret_ended, WEXITED | WNOWAIT | WNOHANG) == 0 &&
             ret_ended->si_pid == child->pid)) {
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
    siginfo_t how;

    pthread_mutex_lock(&host->lock);
    for (host_child *child = host->children; child; child = child->next) {
        const host_op *op = host_find_op(host, child->op);

        if (child->exec_error)
            continue;
        read_output(child);
        if (op && op->cancel_asked)
            kill_group(child, RJ_EXIT_CANCELLED);
        if ((child->kill_at && host_now_ms() >= child->kill_at) ||
            (op && host_now_ms() >= op->deadline))
            kill_group(child, RJ_EXIT_TIMEOUT);
    }
    pthread_mutex_unlock(&host->lock);
    while ((ended = take_ended(host, &how)))
        report(host, ended, &how);
}
