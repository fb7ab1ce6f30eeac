/* SPDX-License-Identifier: MIT */
/*
 * The sandbox, by programs that try: this program forks, does step 1, executes itself, does step 2 and
 * makes one attempt (sandbox_attempts_test.h).  Outside stands what must not be reached: a listening TCP
 * socket, UNIX sockets, and files that everybody may change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/file.h"
#include "platform/sandbox.h"
#include "platform/system.h"
#include "sandbox_attempts_test.h"
#include "sandbox_posix.h"
#include "tap_skip.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIME_LIMIT_MS 20000

static char folder[] = "/tmp/rj-sandbox-XXXXXX";

/* ---- Inside ---------------------------------------------------------------------------------- */

void wrong(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vdprintf(1, format, arguments);
    va_end(arguments);
    _exit(1);
}

void must_be_refused(const char *what, long result, int found, int expected)
{
    if (result != -1)
        wrong("%s was not refused", what);
    if (found != expected)
        wrong("%s: found \"%s\", expected \"%s\"", what, strerror(found), strerror(expected));
}

void must_work(const char *what, long result)
{
    if (result == -1)
        wrong("%s: %s", what, strerror(errno));
}

/* Asked once: inside, the call is refused. */
int attempt_landlock_version(void)
{
    static long version = -2;
    if (version == -2)
        version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    return version < 0 ? 0 : (int)version;
}

static const attempt *find(const attempt *among, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(among[i].name, name) == 0)
            return &among[i];
    return NULL;
}

void attempt_sandbox(const attempt *tried, const char *place, rj_sandbox_path paths[2],
                     rj_sandbox *ret_sandbox)
{
    static char names[2][300];
    snprintf(names[0], sizeof names[0], "%s/own", place);
    snprintf(names[1], sizeof names[1], "%s/shown", place);
    paths[0] = (rj_sandbox_path){.path = names[0], .write = true};
    paths[1] = (rj_sandbox_path){.path = names[1]};
    *ret_sandbox =
        (rj_sandbox){.uid = tried->flags & OWN_ACCOUNT ? OWN_UID : RJ_SANDBOX_KEEP_ACCOUNT,
                     .memory_bytes = 256 * MIB,
                     .file_bytes = 256 * MIB,
                     .files = 256,
                     .processes = 32,
                     .cpu_seconds = tried->flags & SHORT_CPU ? 1 : 600,
                     .network = tried->network,
                     .paths = paths,
                     .path_count = 2};
}

/* What must be noted, and nothing else. */
static void check_report(const attempt *tried, const rj_sandbox_report *report)
{
    size_t expected = 0;
    if (RJ_SANITIZED)
        expected++;
    if (!(tried->flags & OWN_ACCOUNT) || (tried->flags & FEW_IDS))
        expected++;
    if (attempt_landlock_version() >= 6 && report->count != expected)
        wrong("%zu notes instead of %zu, the first: %s", report->count, expected,
              report->count ? report->notes[0] : "none");
    if ((tried->flags & FEW_IDS) && !strstr(report->notes[0], "refused uid 1879048193"))
        wrong("the account is noted as: %s", report->notes[0]);
}

int attempt_main(const char *name, const char *place)
{
    const attempt *tried = find(process_attempts, process_attempt_count, name);
    if (!tried)
        tried = find(reach_attempts, reach_attempt_count, name);
    if (!tried)
        wrong("no attempt \"%s\"", name);
    rj_sandbox_path paths[2];
    rj_sandbox sandbox;
    rj_sandbox_report report;
    rj_error err = RJ_ERROR_NONE;
    attempt_sandbox(tried, place, paths, &sandbox);
    (void)attempt_landlock_version();
    if (tried->before)
        tried->before();
    if (rj_sandbox_enter(&sandbox, &report, &err) != RJ_OK)
        wrong("%s", err.text);
    check_report(tried, &report);
    tried->run(place);
    _exit(0);
}

/* ---- Outside --------------------------------------------------------------------------------- */

/* Wait until the parent of the namespace has mapped its two accounts. */
static void enter_user_namespace(int ready, int mapped)
{
    char byte;
    if (unshare(CLONE_NEWUSER) < 0)
        wrong("no user namespace: %s", strerror(errno));
    if (write(ready, "x", 1) != 1 || read(mapped, &byte, 1) != 1)
        wrong("no answer about the user namespace");
}

static void map_accounts(pid_t pid)
{
    static const char map[] = "0 0 1\n65534 65534 1\n";
    const char *const files[] = {"uid_map", "gid_map"};
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, files[i]);
        int fd = open(path, O_WRONLY);
        assert_int_equal(write(fd, map, sizeof map - 1), sizeof map - 1);
        close(fd);
    }
}

/* The forked child: becomes the program inside. */
static _Noreturn void enter(const attempt *tried, int output, long parent)
{
    char name[200];
    char place[sizeof folder];
    char program[] = "sandbox-test";
    char inside[] = "--inside";
    char *const arguments[] = {program, inside, name, place, NULL};
    const char *what = "";
    rj_sandbox_path paths[2];
    rj_sandbox sandbox;
    snprintf(name, sizeof name, "%s", tried->name);
    memcpy(place, folder, sizeof folder);
    attempt_sandbox(tried, place, paths, &sandbox);
    dup2(output, 1);
    int problem = rj_sandbox_before_exec(&sandbox, parent, &what);
    if (problem)
        wrong("%s: %s", what, strerror(problem));
    extern char **environ;
    execve("/proc/self/exe", arguments, environ);
    wrong("this program cannot be executed: %s", strerror(errno));
}

/* A person's process, as the parent of its own worker. */
static _Noreturn void be_session(const attempt *tried, int output)
{
    if (rj_system_is_root() && (syscall(SYS_setgroups, 0, NULL) < 0 ||
                                setresgid(SESSION_UID, SESSION_UID, SESSION_UID) < 0 ||
                                setresuid(SESSION_UID, SESSION_UID, SESSION_UID) < 0))
        _exit(3);
    prctl(PR_SET_DUMPABLE, 1); /* as after an exec: else the kernel protects us already */
    long self = (long)getpid();
    pid_t pid = fork();
    if (pid == 0)
        enter(tried, output, self);
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        _exit(3);
    if (WIFSIGNALED(status))
        raise(WTERMSIG(status));
    _exit(WEXITSTATUS(status));
}

/* Only dies, when it is told to. */
static _Noreturn void be_mortal(const attempt *tried, int output)
{
    long self = (long)getpid();
    if (fork() == 0)
        enter(tried, output, self);
    close(output);
    for (;;)
        pause();
}

/* Everything that comes until the output is closed by all who have it; false: not in time. */
static bool read_all(int fd, char *text, size_t size, int limit_ms)
{
    size_t used = 0;
    uint64_t limit = rj_clock_monotonic_ms() + (uint64_t)limit_ms;
    for (;;) {
        uint64_t now = rj_clock_monotonic_ms();
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        if (now >= limit || poll(&polled, 1, (int)(limit - now)) <= 0)
            return false;
        ssize_t got = read(fd, text + used, size - 1 - used);
        if (got <= 0)
            return true;
        used += (size_t)got;
        text[used] = '\0';
    }
}

static pid_t start(const attempt *tried, int output[2])
{
    int steps[2][2];
    long self = (long)getpid();
    assert_int_equal(pipe(output), 0);
    assert_int_equal(pipe(steps[0]) | pipe(steps[1]), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(output[0]);
        fcntl(output[1], F_SETFD, FD_CLOEXEC);
        for (int i = 0; i < 4; i++)
            fcntl(steps[i / 2][i % 2], F_SETFD, FD_CLOEXEC);
        if (tried->flags & FEW_IDS) {
            dup2(output[1], 1);
            enter_user_namespace(steps[0][1], steps[1][0]);
        }
        if (tried->flags & SESSION_ACCOUNT)
            be_session(tried, output[1]);
        if (tried->flags & PARENT_DIES)
            be_mortal(tried, output[1]);
        enter(tried, output[1], self);
    }
    assert_true(pid > 0);
    close(output[1]);
    close(steps[0][1]);
    char byte;
    if ((tried->flags & FEW_IDS) && read(steps[0][0], &byte, 1) == 1) {
        map_accounts(pid);
        assert_int_equal(write(steps[1][1], "x", 1), 1);
    }
    close(steps[0][0]);
    close(steps[1][0]);
    close(steps[1][1]);
    return pid;
}

/* Systems may refuse them, and so does the kernel where a sanitizer has a thread of its own. */
static bool has_user_namespaces(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(unshare(CLONE_NEWUSER) < 0 ? 1 : 0);
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void skip_what_cannot_be(const attempt *tried)
{
    if (!rj_system_is_root() && !(tried->flags & SESSION_ACCOUNT))
        tap_skip("not root: no other account can be taken");
    if ((tried->flags & FEW_IDS) && !has_user_namespaces())
        tap_skip("no user namespace can be made here");
    if (RJ_SANITIZED && (tried->flags & NEEDS_CALL_FILTER))
        tap_skip("seccomp and memory limits are left out of builds with a sanitizer");
    int wanted = tried->flags & NEEDS_SCOPES ? 6 : tried->flags & NEEDS_FILE_RULES ? 1 : 0;
    if (attempt_landlock_version() < wanted)
        tap_skip("the Landlock of this kernel is absent or too old");
}

static void kill_group(pid_t pid)
{
    kill(-pid, SIGKILL); /* it has a session of its own */
    kill(pid, SIGKILL);
}

static void run_attempt(void **state)
{
    const attempt *tried = *state;
    skip_what_cannot_be(tried);
    int output[2];
    char text[2000] = "";
    int status = 0;
    pid_t pid = start(tried, output);
    bool in_time = read_all(output[0], text, sizeof text, TIME_LIMIT_MS);
    if (!in_time)
        kill_group(pid);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(output[0]);
    if (!in_time)
        fail_msg("did not end in time: %s", text);
    if (*text)
        fail_msg("%s", text);
    if (tried->signal ? !WIFSIGNALED(status) || WTERMSIG(status) != tried->signal
                      : !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("ended with the wait status 0x%x", (unsigned)status);
}

static void run_with_mortal_parent(void **state)
{
    const attempt *tried = *state;
    skip_what_cannot_be(tried);
    int output[2];
    char text[200] = "";
    pid_t pid = start(tried, output);
    long worker = 0;
    assert_true(read(output[0], text, sizeof text - 1) > 0);
    assert_int_equal(sscanf(text, "alive %ld", &worker), 1);
    assert_false(read_all(output[0], text, sizeof text, 200));
    kill(pid, SIGKILL);
    bool gone = read_all(output[0], text, sizeof text, 1000);
    if (!gone)
        kill((pid_t)worker, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(output[0]);
    assert_true(gone);
}

static void a_dead_parent_is_noticed_before_the_program_is_executed(void **state)
{
    (void)state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        const char *what = "";
        const rj_sandbox plain = {.uid = RJ_SANDBOX_KEEP_ACCOUNT};
        int problem = rj_sandbox_before_exec(&plain, (long)getpid(), &what);
        _exit(problem == ESRCH && strstr(what, "parent") ? 42 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 42);
}

static void *wait_for_the_end(void *unused)
{
    pause();
    return unused;
}

static void a_second_thread_is_refused_as_it_would_stay_free(void **state)
{
    (void)state;
    if (RJ_SANITIZED)
        tap_skip("sanitizers have threads of their own");
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        rj_error err = RJ_ERROR_NONE;
        rj_sandbox_report report;
        const rj_sandbox plain = {.uid = RJ_SANDBOX_KEEP_ACCOUNT};
        pthread_create(&thread, NULL, wait_for_the_end, NULL);
        rj_status refused = rj_sandbox_enter(&plain, &report, &err);
        _exit(refused == RJ_E_INVALID && strstr(err.text, "not 2") ? 42 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 42);
}

/* ---- What stands outside --------------------------------------------------------------------- */

static void make_file(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void make_folder(const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0777), 0);
}

static void listen_tcp(void)
{
    char text[20];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(fd, 100), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    snprintf(text, sizeof text, "%u", (unsigned)ntohs(address.sin_port));
    make_file("shown/port", text);
}

static void listen_local(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 100), 0);
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", folder);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)),
                     0);
    assert_int_equal(listen(fd, 100), 0);
}

static int make_surroundings(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chmod(folder, 0755) != 0)
        return -1;
    mode_t before = umask(0);
    const char *const folders[] = {"own", "shown", "other"};
    for (size_t i = 0; i < COUNT(folders); i++)
        make_folder(folders[i]);
    make_file("shown/there", "text");
    make_file("other/there", "text");
    listen_tcp();
    listen_local();
    umask(before);
    return 0;
}

static int remove_surroundings(void **state)
{
    (void)state;
    return rj_dir_remove(folder, NULL) == RJ_OK ? 0 : -1;
}

/* Each attempt finds an empty folder of its own. */
static int empty_own_folder(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof path, "%s/own", folder);
    mode_t before = umask(0);
    int problem = rj_dir_remove(path, NULL) == RJ_OK ? mkdir(path, 0777) : -1;
    umask(before);
    return problem;
}

static size_t add_tests(struct CMUnitTest *tests, const attempt *tried, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){
            .name = tried[i].name,
            .test_func = tried[i].flags & PARENT_DIES ? run_with_mortal_parent : run_attempt,
            .setup_func = empty_own_folder,
            .initial_state = (void *)(uintptr_t)&tried[i]};
    return count;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--inside") == 0)
        return attempt_main(argv[2], argv[3]);
    enum { MOST = 100 };
    struct CMUnitTest tests[MOST] = {
        cmocka_unit_test(a_dead_parent_is_noticed_before_the_program_is_executed),
        cmocka_unit_test(a_second_thread_is_refused_as_it_would_stay_free)};
    size_t count = 2;
    if (process_attempt_count + reach_attempt_count + count > MOST)
        return 1;
    count += add_tests(tests + count, process_attempts, process_attempt_count);
    count += add_tests(tests + count, reach_attempts, reach_attempt_count);
    return tap_run_group("sandbox", tests, count, make_surroundings, remove_surroundings);
}
