/* SPDX-License-Identifier: MIT */
/*
 * Fork, put the descriptors in their places, confine, execute.
 *
 * Between fork and exec only async-signal-safe calls are made.  The child reports a failure as a line
 * on its output and code 127: nobody waits for the exec, so that starting costs the loop one fork.
 */
#include "platform/worker_process.h"

#include "base/alloc.h"
#include "sandbox_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_FREE (RJ_WORKER_BEGUN + 1)
#define VARIABLES_MAX 8
#define PAGE_BYTES 4096u
#define UNDEAD_MAX 64
#define FREE_STEPS 50 /* of a millisecond: what a killed process needs */

struct rj_worker_process {
    pid_t pid;
    bool ended;
    rj_process_end end;
    uint64_t peak_kb;
    int frames;
    int calls;
    int output;
    const _Atomic uint64_t *begun; /* the page that the worker writes */
};

/* ---- The child ------------------------------------------------------------------------------- */

static void say(const char *text)
{
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

static _Noreturn void give_up(const char *what, int error_number)
{
    const char *reason = strerrordesc_np(error_number);
    say("the worker cannot be started: ");
    say(what);
    say(": ");
    say(reason ? reason : "unknown reason");
    say("\n");
    _exit(127);
}

/* Each to its number, by way of numbers that collide with none. */
static void arrange_descriptors(int output, int frames, int calls, int plugin, int begun)
{
    const int wanted[] = {output, frames, calls, plugin, begun};
    static const int places[] = {STDERR_FILENO, RJ_WORKER_FRAMES, RJ_WORKER_CALLS, RJ_WORKER_PLUGIN,
                                 RJ_WORKER_BEGUN};
    enum { COUNT = sizeof places / sizeof places[0] };
    int safe[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        safe[i] = fcntl(wanted[i], F_DUPFD, FIRST_FREE + COUNT);
        if (safe[i] < 0)
            _exit(127);
    }
    for (size_t i = 0; i < COUNT; i++)
        if (dup2(safe[i], places[i]) < 0)
            _exit(127);
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
        give_up("/dev/null", errno);
    if (syscall(SYS_close_range, FIRST_FREE, ~0u, 0) == 0)
        return;
    for (int fd = FIRST_FREE; fd < 65536; fd++) /* a kernel before 5.9 */
        close(fd);
}

static void reset_signals(void)
{
    struct sigaction fresh;
    memset(&fresh, 0, sizeof fresh);
    fresh.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &fresh, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void run_worker(const rj_worker_spec *spec, char *const *environment, int output,
                                 int frames, int calls, int begun, pid_t parent)
{
    const char *what = "";
    const char *const arguments[] = {"realmjoin-worker", spec->name, NULL};
    reset_signals();
    arrange_descriptors(output, frames, calls, spec->plugin_file, begun);
    if (chdir("/") < 0)
        give_up("/", errno);
    int problem = rj_sandbox_before_exec(spec->sandbox, (long)parent, &what);
    if (problem)
        give_up(what, problem);
    execve(spec->program, (char *const *)(uintptr_t)arguments, environment);
    give_up(spec->program, errno);
}

/* ---- Starting -------------------------------------------------------------------------------- */

static void close_both(const int pair[2])
{
    if (pair[0] >= 0)
        close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
}

/* Signals stay blocked in the child until it has reset them: no handler of ours may run there. */
static pid_t fork_worker(const rj_worker_spec *spec, char *const *environment, int output,
                         int frames, int calls, int begun)
{
    sigset_t all;
    sigset_t before;
    pid_t parent = getpid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        run_worker(spec, environment, output, frames, calls, begun, parent);
    int problem = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = problem;
    return pid;
}

/* What a worker finds in its environment; a sanitizer, where the build has one, keeps its options. */
static size_t fill_environment(char *temporary, char **environment)
{
    static const char *const kept[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"};
    static char texts[3][256];
    size_t count = 0;
    environment[count++] = (char *)(uintptr_t) "PATH=/usr/bin:/bin";
    environment[count++] = (char *)(uintptr_t) "LANG=C.UTF-8";
    environment[count++] = temporary;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const char *value = getenv(kept[i]);
        if (value && snprintf(texts[i], sizeof texts[i], "%s=%s", kept[i], value) > 0)
            environment[count++] = texts[i];
    }
#else
    (void)kept;
    (void)texts;
#endif
    environment[count] = NULL;
    return count;
}

/* A descriptor that a worker passes would be closed by us when we read, and closing may wait for as long
 * as its maker wants.  Kernels before 6.16 do not know the option; there the filter refuses sendmsg(), but
 * not to a worker with a network grant. */
static void refuse_descriptors(int socket)
{
    static const int no = 0;
    setsockopt(socket, SOL_SOCKET, 83 /* SO_PASSRIGHTS */, &no, sizeof no);
}

/* A page for both.  Its size is sealed: a worker must not be able to take it from under our reading. */
static int make_page(const _Atomic uint64_t **ret_page)
{
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("rj-begun", flags | 0x8u /* MFD_NOEXEC_SEAL */);
    if (fd < 0 && errno == EINVAL) /* a kernel before 6.3 */
        fd = memfd_create("rj-begun", flags);
    if (fd < 0)
        return -1;
    void *page = MAP_FAILED;
    if (ftruncate(fd, PAGE_BYTES) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        page = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        int problem = errno;
        close(fd);
        errno = problem;
        return -1;
    }
    *ret_page = page;
    return fd;
}

rj_status rj_worker_adopt(int argc, char **argv, rj_error *err)
{
    (void)argc;
    (void)argv;
    (void)err;
    return RJ_OK; /* descriptors are inherited as they are */
}

_Atomic uint64_t *rj_worker_map_begun(void)
{
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, RJ_WORKER_BEGUN, 0);
    close(RJ_WORKER_BEGUN);
    return page == MAP_FAILED ? NULL : page;
}

rj_status rj_worker_process_start(const rj_worker_spec *spec, rj_worker_process **ret_process,
                                  rj_error *err)
{
    int frames[2] = {-1, -1};
    int calls[2] = {-1, -1};
    int output[2] = {-1, -1};
    int begun = -1;
    char temporary[4096];
    char *environment[VARIABLES_MAX];
    snprintf(temporary, sizeof temporary, "TMPDIR=%s", spec->temporary);
    fill_environment(temporary, environment);
    rj_worker_process *process = rj_calloc(1, sizeof *process);
    if (!process)
        return rj_fail_memory(err, "starting a worker");
    rj_status status = RJ_OK;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, frames) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, calls) < 0 ||
        pipe2(output, O_CLOEXEC) < 0 || (begun = make_page(&process->begun)) < 0)
        status = rj_fail_errno(err, errno, "a worker for %s cannot be started", spec->name);
    if (!status) {
        refuse_descriptors(frames[0]);
        refuse_descriptors(calls[0]);
        process->pid = fork_worker(spec, environment, output[1], frames[1], calls[1], begun);
        if (process->pid < 0)
            status = rj_fail_errno(err, errno, "a worker for %s cannot be started", spec->name);
    }
    if (begun >= 0)
        close(begun);
    if (status) {
        if (process->begun)
            munmap((void *)(uintptr_t)process->begun, PAGE_BYTES);
        close_both(frames);
        close_both(calls);
        close_both(output);
        rj_free(process);
        return status;
    }
    close(frames[1]);
    close(calls[1]);
    close(output[1]);
    fcntl(output[0], F_SETFL, O_NONBLOCK);
    process->frames = frames[0];
    process->calls = calls[0];
    process->output = output[0];
    *ret_process = process;
    return RJ_OK;
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
    kill(-process->pid, SIGKILL); /* its group, once it has made itself one */
    kill(process->pid, SIGKILL);
}

/* Processes that were killed and have not ended yet: one that waits for a disk cannot, and must not be
 * waited for.  Collected whenever a worker is started or ends; loop thread only. */
static pid_t undead[UNDEAD_MAX];

static void collect_undead(void)
{
    for (size_t i = 0; i < UNDEAD_MAX; i++)
        if (undead[i] && waitpid(undead[i], NULL, WNOHANG) != 0)
            undead[i] = 0;
}

static void leave_undead(pid_t pid)
{
    for (size_t i = 0; i < UNDEAD_MAX; i++) {
        if (!undead[i]) {
            undead[i] = pid;
            return;
        }
    }
}

/* Its group is ended while its number is still its own, so that no other process can be meant. */
static void reap(rj_worker_process *process)
{
    int how = 0;
    pid_t got;
    struct rusage usage = {0};
    kill(-process->pid, SIGKILL);
    do
        got = wait4(process->pid, &how, 0, &usage);
    while (got < 0 && errno == EINTR);
    process->ended = true;
    process->peak_kb = (uint64_t)usage.ru_maxrss;
    if (got == process->pid && WIFEXITED(how))
        process->end = (rj_process_end){.value = WEXITSTATUS(how)};
    else
        process->end = (rj_process_end){.signalled = true,
                                        .value = got == process->pid ? WTERMSIG(how) : SIGKILL};
}

bool rj_worker_process_ended(rj_worker_process *process, rj_process_end *ret_end)
{
    if (!process->ended) {
        siginfo_t info = {0};
        int problem;
        do
            problem = waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT);
        while (problem < 0 && errno == EINTR);
        if (problem == 0 && info.si_pid == 0)
            return false;
        reap(process);
    }
    *ret_end = process->end;
    return true;
}

static bool read_text(const rj_worker_process *process, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)process->pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    return true;
}

bool rj_worker_process_usage(const rj_worker_process *process, uint64_t *ret_memory_kb,
                             uint64_t *ret_cpu_ms)
{
    char memory[128];
    char times[1024];
    unsigned long resident = 0;
    unsigned long user = 0;
    unsigned long system = 0;
    if (process->ended || !read_text(process, "statm", memory, sizeof memory) ||
        !read_text(process, "stat", times, sizeof times) ||
        sscanf(memory, "%*u %lu", &resident) != 1)
        return false;
    const char *behind_name = strrchr(times, ')');
    if (!behind_name ||
        sscanf(behind_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system) != 2)
        return false;
    *ret_memory_kb = (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
    *ret_cpu_ms = (uint64_t)(user + system) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
    return true;
}

uint64_t rj_worker_process_peak_kb(const rj_worker_process *process)
{
    return process->peak_kb;
}

void rj_worker_process_free(rj_worker_process *process)
{
    if (!process)
        return;
    if (!process->ended) {
        rj_process_end end;
        rj_worker_process_kill(process);
        for (int step = 0; step < FREE_STEPS && !rj_worker_process_ended(process, &end); step++)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        if (!process->ended)
            leave_undead(process->pid);
    }
    collect_undead();
    munmap((void *)(uintptr_t)process->begun, PAGE_BYTES);
    close(process->frames);
    close(process->calls);
    close(process->output);
    rj_free(process);
}

const char *rj_signal_text(int number)
{
    const char *text = sigdescr_np(number);
    return text ? text : "";
}
