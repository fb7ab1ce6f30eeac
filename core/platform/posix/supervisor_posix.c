/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: adopts every orphan of the program's tree and ends the tree with it.
 *
 * Killing takes two steps that repeat until no child is left: kill all our direct children; reap, upon
 * which their children become ours (PR_SET_CHILD_SUBREAPER).  So a daemon that changed its session and
 * lost its parent is found like any other.
 *
 * We die with our parent because the control socket then reports a hang-up.  PR_SET_PDEATHSIG would
 * not do: it follows the thread that forked, not the process.  The program in turn dies with us, by
 * PR_SET_PDEATHSIG, as we have one thread only.
 *
 * After the fork only async-signal-safe calls are made.
 */
#include "supervisor_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Descriptors after the shuffle. */
enum { CONTROL = 3, OUTPUT, SIGNALS, EXEC_RESULT };

#define KILL_LIMIT_MS 10000 /* something in uninterruptible sleep must not hold us for ever */

typedef struct supervisor {
    pid_t program;
    bool ended; /* the program; `status` is valid */
    int status;
    bool killing;
    uint32_t survivors;
} supervisor;

static void send_message(const supervisor_message *message)
{
    send(CONTROL, message, sizeof *message, MSG_NOSIGNAL);
}

static _Noreturn void give_up(int stage, int error_number)
{
    supervisor_message message = {
        .kind = SUPERVISOR_NO_START, .stage = stage, .value = error_number};
    send_message(&message);
    _exit(127);
}

static void close_from(unsigned first, bool on_exec_only)
{
    unsigned flags = on_exec_only ? CLOSE_RANGE_CLOEXEC : 0;
    if (syscall(SYS_close_range, first, ~0u, flags) == 0)
        return;
    for (int fd = (int)first; fd < 65536; fd++) { /* a kernel before 5.9 */
        if (on_exec_only)
            fcntl(fd, F_SETFD, FD_CLOEXEC);
        else
            close(fd);
    }
}

/* control and output become 3 and 4, wherever they were; nothing else stays open. */
static void arrange_descriptors(int control, int output)
{
    int safe_control = fcntl(control, F_DUPFD, 10);
    int safe_output = fcntl(output, F_DUPFD, 10);
    if (safe_control < 0 || safe_output < 0 || dup2(safe_control, CONTROL) < 0 ||
        dup2(safe_output, OUTPUT) < 0)
        _exit(127);
    close_from(OUTPUT + 1, false);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
}

/* ---- The program ----------------------------------------------------------------------------- */

static void reset_signals(void)
{
    struct sigaction fresh;
    memset(&fresh, 0, sizeof fresh);
    fresh.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &fresh, NULL);
}

static _Noreturn void program_fails(int stage)
{
    int report[2] = {stage, errno};
    ssize_t ignored = write(EXEC_RESULT, report, sizeof report);
    (void)ignored;
    _exit(127);
}

static _Noreturn void run_program(const rj_process_spec *spec, pid_t supervisor_pid)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor_pid)
        _exit(127);
    umask(022);
    dup2(OUTPUT, 1);
    dup2(OUTPUT, 2);
    close_from(3, true);
    if (spec->directory && chdir(spec->directory) < 0)
        program_fails(STAGE_DIRECTORY);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    static const char *const nothing[] = {NULL};
    const char *const *environment = spec->environment ? spec->environment : nothing;
    execve(spec->program, (char *const *)(uintptr_t)spec->arguments,
           (char *const *)(uintptr_t)environment);
    program_fails(STAGE_EXECUTE);
}

/* Fork and exec; returns once the exec has worked, or gives up. */
static pid_t start_program(const rj_process_spec *spec)
{
    int result[2];
    if (pipe2(result, O_CLOEXEC) < 0)
        give_up(STAGE_SUPERVISOR, errno);
    /* The pipe took the next free numbers: SIGNALS is 5, so these are 6 and 7. */
    if (result[0] == EXEC_RESULT) {
        int moved = fcntl(result[0], F_DUPFD_CLOEXEC, EXEC_RESULT + 2);
        if (moved < 0)
            give_up(STAGE_SUPERVISOR, errno);
        result[0] = moved;
    }
    if (result[1] != EXEC_RESULT && dup3(result[1], EXEC_RESULT, O_CLOEXEC) < 0)
        give_up(STAGE_SUPERVISOR, errno);
    pid_t self = getpid();
    /* Not fork(): libraries' fork handlers would close and make descriptors by numbers of their own,
     * which are ours by now. */
    pid_t program = _Fork();
    if (program < 0)
        give_up(STAGE_SUPERVISOR, errno);
    if (program == 0)
        run_program(spec, self);
    close(result[1]);
    close(EXEC_RESULT);
    int report[2];
    ssize_t got;
    do
        got = read(result[0], report, sizeof report);
    while (got < 0 && errno == EINTR);
    close(result[0]);
    if (got == (ssize_t)sizeof report) {
        waitpid(program, NULL, 0);
        give_up(report[0], report[1]);
    }
    return program;
}

/* ---- Killing --------------------------------------------------------------------------------- */

static size_t put_number(char *text, unsigned long number)
{
    char digits[24];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while (number /= 10);
    for (size_t i = 0; i < count; i++)
        text[i] = digits[count - 1 - i];
    text[count] = '\0';
    return count;
}

static int open_proc(unsigned long pid, const char *rest)
{
    char path[64] = "/proc/";
    size_t length = 6 + put_number(path + 6, pid);
    memcpy(path + length, rest, strlen(rest) + 1);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Kill every pid of a blank-separated list, as the kernel writes it.  False: there is no such file. */
static bool kill_listed_children(void)
{
    char path[32] = "/task/";
    size_t length = 6 + put_number(path + 6, (unsigned long)getpid());
    memcpy(path + length, "/children", 10);
    int fd = open_proc((unsigned long)getpid(), path);
    if (fd < 0)
        return false;
    char buffer[4096];
    long pid = 0;
    ssize_t got;
    while ((got = read(fd, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (buffer[i] >= '0' && buffer[i] <= '9') {
                pid = pid * 10 + (buffer[i] - '0');
            } else {
                if (pid > 1)
                    kill((pid_t)pid, SIGKILL);
                pid = 0;
            }
        }
    }
    close(fd);
    return true;
}

/* The parent of a process by /proc/<pid>/stat: "pid (name) state ppid ..."; -1 if it is gone. */
static long parent_of(unsigned long pid)
{
    int fd = open_proc(pid, "/stat");
    if (fd < 0)
        return -1;
    char text[512];
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0)
        return -1;
    text[got] = '\0';
    const char *at = strrchr(text, ')');
    if (!at || strlen(at) < 5)
        return -1;
    long parent = 0;
    for (at += 4; *at >= '0' && *at <= '9'; at++)
        parent = parent * 10 + (*at - '0');
    return parent;
}

/* The same by looking at all processes, for kernels without the list of children. */
static void kill_scanned_children(void)
{
    struct entry {
        uint64_t inode;
        int64_t offset;
        unsigned short length;
        unsigned char type;
        char name[];
    };
    _Alignas(struct entry) char buffer[8192];
    int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long got;
    while (fd >= 0 && (got = syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < got;) {
            const struct entry *e = (const struct entry *)(const void *)(buffer + at);
            unsigned long pid = 0;
            for (const char *c = e->name; *c >= '0' && *c <= '9'; c++)
                pid = pid * 10 + (unsigned long)(*c - '0');
            if (pid > 1 && parent_of(pid) == (long)getpid())
                kill((pid_t)pid, SIGKILL);
            at += e->length;
        }
    }
    if (fd >= 0)
        close(fd);
}

/* Reap whatever has ended; false once there is no child any more. */
static bool reap(supervisor *s)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == 0)
            return true;
        if (pid < 0)
            return errno == EINTR;
        if (pid == s->program) {
            s->ended = true;
            s->status = status;
        } else if (s->killing && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
            s->survivors++;
        }
    }
}

static long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void kill_tree(supervisor *s)
{
    s->killing = true;
    if (!s->ended)
        kill(-s->program, SIGKILL); /* most of the tree at one blow */
    long limit = now_ms() + KILL_LIMIT_MS;
    while (reap(s) && now_ms() < limit) {
        if (!kill_listed_children())
            kill_scanned_children();
        if (!reap(s))
            return;
        struct pollfd wake = {.fd = SIGNALS, .events = POLLIN};
        struct signalfd_siginfo news;
        if (poll(&wake, 1, 2) > 0 && read(SIGNALS, &news, sizeof news) < 0)
            continue;
    }
}

/* ---- The life of a supervisor ---------------------------------------------------------------- */

static void watch(supervisor *s)
{
    struct pollfd polled[] = {{.fd = CONTROL, .events = POLLIN}, {.fd = SIGNALS, .events = POLLIN}};
    while (!s->ended) {
        if (poll(polled, 2, -1) < 0)
            continue;
        if (polled[0].revents) /* a request, or our parent is gone */
            return;
        struct signalfd_siginfo news;
        if (polled[1].revents && read(SIGNALS, &news, sizeof news) == (ssize_t)sizeof news &&
            news.ssi_signo == SIGTERM)
            return;
        reap(s);
    }
}

_Noreturn void rj_supervisor_run(const rj_process_spec *spec, int control, int output)
{
    setsid(); /* a terminal's signals are not for us */
    prctl(PR_SET_NAME, "rj-supervisor");
    reset_signals();
    arrange_descriptors(control, output);
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGTERM);
    int signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0 || (signals != SIGNALS && dup2(signals, SIGNALS) < 0))
        give_up(STAGE_SUPERVISOR, errno);
    if (signals != SIGNALS)
        close(signals);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        give_up(STAGE_SUPERVISOR, errno);

    supervisor s = {.program = start_program(spec)};
    close(OUTPUT); /* the output ends with the program's tree */
    supervisor_message message = {.kind = SUPERVISOR_STARTED, .value = (int32_t)s.program};
    send_message(&message);
    watch(&s);
    kill_tree(&s);
    message = (supervisor_message){
        .kind = SUPERVISOR_ENDED, .value = s.ended ? s.status : SIGKILL, .survivors = s.survivors};
    send_message(&message);
    _exit(0);
}
