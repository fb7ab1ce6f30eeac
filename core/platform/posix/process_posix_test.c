/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/process.h"
#include "platform/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const environment[] = {"PATH=/usr/bin:/bin", NULL};

static rj_process *start_shell(const char *script)
{
    const char *const arguments[] = {"sh", "-c", script, NULL};
    rj_process_spec spec = {"/bin/sh", arguments, environment, "/"};
    rj_process *process = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (rj_process_start(&spec, &process, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return process;
}

static void wait_readable(int fd, int limit_ms)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, limit_ms), 1);
}

static rj_process_end wait_end(rj_process *process)
{
    rj_process_end end;
    wait_readable(rj_process_end_fd(process), 10000);
    assert_int_equal(rj_process_collect(process, &end), RJ_OK);
    return end;
}

static void read_output(rj_process *process, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got;
    while (used + 1 < size &&
           (got = read(rj_process_output_fd(process), text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    text[used] = '\0';
}

/* The number in a file that a script writes; waits for it. */
static long number_in(const char *path)
{
    for (int i = 0; i < 500; i++) {
        FILE *file = fopen(path, "r");
        long number = 0;
        int found = file ? fscanf(file, "%ld", &number) : 0;
        if (file)
            fclose(file);
        if (found == 1)
            return number;
        usleep(10000);
    }
    fail_msg("nothing was written to %s", path);
    return 0;
}

static bool is_gone(long pid, int limit_ms)
{
    uint64_t limit = rj_clock_monotonic_ms() + (uint64_t)limit_ms;
    do {
        if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
            return true;
        usleep(2000);
    } while (rj_clock_monotonic_ms() < limit);
    return false;
}

static void exit_code_and_output_are_collected(void **state)
{
    (void)state;
    rj_process *process = start_shell("echo out; echo err >&2; exit 7");
    assert_true(rj_process_pid(process) > 1);
    rj_process_end end = wait_end(process);
    char text[100];
    read_output(process, text, sizeof text);
    assert_false(end.signalled);
    assert_int_equal(end.value, 7);
    assert_int_equal(end.survivors, 0);
    assert_string_equal(text, "out\nerr\n");
    rj_process_free(process);
}

static void a_signal_is_told_from_an_exit_code(void **state)
{
    (void)state;
    rj_process *process = start_shell("kill -TERM $$");
    rj_process_end end = wait_end(process);
    assert_true(end.signalled);
    assert_int_equal(end.value, SIGTERM);
    rj_process_free(process);
}

static void a_running_program_cannot_be_collected_yet(void **state)
{
    (void)state;
    rj_process *process = start_shell("sleep 30");
    rj_process_end end;
    assert_int_equal(rj_process_collect(process, &end), RJ_E_BUSY);
    rj_process_kill_tree(process);
    end = wait_end(process);
    assert_true(end.signalled);
    assert_int_equal(end.value, SIGKILL);
    rj_process_free(process);
}

static void a_program_that_cannot_be_executed_fails_with_the_reason(void **state)
{
    (void)state;
    const char *const arguments[] = {"x", NULL};
    rj_process *process = NULL;
    rj_error err = RJ_ERROR_NONE;
    rj_process_spec spec = {"/nowhere/x", arguments, environment, "/"};
    assert_int_equal(rj_process_start(&spec, &process, &err), RJ_E_NOT_FOUND);
    assert_string_equal(err.text, "/nowhere/x cannot be started: No such file or directory");
    spec.program = "/etc/passwd";
    assert_int_equal(rj_process_start(&spec, &process, &err), RJ_E_DENIED);
    spec.program = "relative";
    assert_int_equal(rj_process_start(&spec, &process, &err), RJ_E_INVALID);
    spec.program = "/bin/true";
    spec.directory = "/nowhere";
    assert_int_equal(rj_process_start(&spec, &process, &err), RJ_E_NOT_FOUND);
    assert_string_equal(err.text, "working directory /nowhere of /bin/true cannot be entered: No "
                                  "such file or directory");
    assert_null(process);
}

static void the_program_inherits_nothing_of_ours(void **state)
{
    (void)state;
    int leaked = open("/dev/null", O_RDONLY); /* deliberately without O_CLOEXEC */
    setenv("RJ_TEST_SECRET", "x", 1);
    mode_t before = umask(0077);
    signal(SIGPIPE, SIG_IGN);
    rj_process *process =
        start_shell("ls /proc/self/fd | wc -l; env | grep -c SECRET; umask; cat | wc -c;"
                    "grep SigIgn /proc/self/status; pwd");
    signal(SIGPIPE, SIG_DFL);
    umask(before);
    wait_end(process);
    char text[300];
    read_output(process, text, sizeof text);
    assert_string_equal(text, "4\n0\n0022\n0\nSigIgn:\t0000000000000000\n/\n");
    rj_process_free(process);
    close(leaked);
}

static void a_daemon_is_killed_and_does_not_delay_the_end(void **state)
{
    (void)state;
    char folder[] = "/tmp/rj-process-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char script[400];
    snprintf(script, sizeof script,
             "( setsid sh -c '(setsid sleep 300 & echo $! > %s/pid); sleep 300' & ) ;"
             "while [ ! -s %s/pid ]; do sleep 0.01; done; exit 3",
             folder, folder);
    rj_process *process = start_shell(script);
    rj_process_end end = wait_end(process);
    char path[100];
    snprintf(path, sizeof path, "%s/pid", folder);
    long daemon = number_in(path);
    assert_false(end.signalled);
    assert_int_equal(end.value, 3);
    assert_true(end.survivors >= 2);
    assert_true(is_gone(daemon, 0));
    rj_process_free(process);
    unlink(path);
    rmdir(folder);
}

static void killing_takes_the_whole_tree(void **state)
{
    (void)state;
    char folder[] = "/tmp/rj-process-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char script[400];
    snprintf(script, sizeof script,
             "trap '' TERM INT HUP; for i in 1 2 3; do setsid sh -c 'sleep 300 & wait' & done;"
             "setsid sleep 300 & echo $! > %s/pid; wait",
             folder);
    rj_process *process = start_shell(script);
    char path[100];
    snprintf(path, sizeof path, "%s/pid", folder);
    long grandchild = number_in(path);
    uint64_t begin = rj_clock_monotonic_ms();
    rj_process_kill_tree(process);
    rj_process_end end = wait_end(process);
    assert_true(rj_clock_monotonic_ms() - begin < 1000);
    assert_true(end.signalled);
    assert_true(end.survivors >= 4);
    assert_true(is_gone(grandchild, 0));
    rj_process_free(process);
    unlink(path);
    rmdir(folder);
}

static void a_tree_that_keeps_forking_is_ended(void **state)
{
    (void)state;
    rj_process *process =
        start_shell("f() { (setsid sh -c 'sleep 300' &) ; }; i=0;"
                    "while [ $i -lt 50 ]; do f; i=$((i+1)); done; (while :; do (sleep 0.001 &); "
                    "done) & sleep 0.2");
    rj_process_end end = wait_end(process);
    assert_int_equal(end.value, 0);
    assert_true(end.survivors >= 50);
    rj_process_free(process);
}

static void a_program_that_stops_its_supervisor_can_be_ended_nevertheless(void **state)
{
    (void)state;
    rj_process *process = start_shell("kill -STOP $PPID; echo ready; sleep 300");
    char text[20] = "";
    wait_readable(rj_process_output_fd(process), 5000);
    assert_int_equal(read(rj_process_output_fd(process), text, 6), 6);
    rj_process_kill_tree(process);
    assert_true(wait_end(process).signalled);
    rj_process_free(process);

    process = start_shell("kill -STOP $PPID; echo ready; sleep 300");
    long pid = rj_process_pid(process);
    wait_readable(rj_process_output_fd(process), 5000);
    rj_process_free(process);
    assert_true(is_gone(pid, 5000));
}

static void freeing_ends_the_tree(void **state)
{
    (void)state;
    rj_process *process = start_shell("sleep 300 & wait");
    long pid = rj_process_pid(process);
    rj_process_free(process);
    assert_true(is_gone(pid, 0));
}

static void a_killed_supervisor_takes_the_program_along_and_is_noticed(void **state)
{
    (void)state;
    rj_process *process = start_shell("exec sleep 300");
    long pid = rj_process_pid(process);
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    int parent = 0;
    assert_int_equal(fscanf(file, "%*d %*s %*c %d", &parent), 1);
    fclose(file);
    kill(parent, SIGKILL);
    rj_process_end end = wait_end(process);
    assert_true(end.signalled);
    assert_int_equal(end.value, SIGKILL);
    /* Nobody of ours reaps it: being a zombie is as good as gone. */
    char state_letter = 'S';
    for (int i = 0; i < 500 && state_letter != 'Z'; i++) {
        file = fopen(path, "r");
        if (!file)
            break;
        if (fscanf(file, "%*d %*s %c", &state_letter) != 1)
            state_letter = 'Z';
        fclose(file);
        usleep(2000);
    }
    assert_true(state_letter == 'Z' || !file);
    rj_process_free(process);
}

static void when_we_are_killed_the_tree_is_gone_within_a_second(void **state)
{
    (void)state;
    char folder[] = "/tmp/rj-process-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[100];
    snprintf(path, sizeof path, "%s/pid", folder);
    pid_t victim = fork();
    if (victim == 0) {
        char script[300];
        snprintf(script, sizeof script,
                 "trap '' TERM; setsid sh -c 'sleep 300 & echo $! > %s; wait' & wait", path);
        start_shell(script);
        for (;;)
            pause();
    }
    long grandchild = number_in(path);
    kill(victim, SIGKILL);
    waitpid(victim, NULL, 0);
    assert_true(is_gone(grandchild, 1000));
    unlink(path);
    rmdir(folder);
}

static void much_output_is_all_there(void **state)
{
    (void)state;
    rj_process *process = start_shell("head -c 3000000 /dev/zero");
    size_t total = 0;
    char buffer[65536];
    for (;;) {
        wait_readable(rj_process_output_fd(process), 10000);
        ssize_t got = read(rj_process_output_fd(process), buffer, sizeof buffer);
        if (got <= 0)
            break;
        total += (size_t)got;
    }
    assert_int_equal(total, 3000000);
    wait_end(process);
    rj_process_free(process);
}

static unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void many_programs_leave_no_descriptor_and_no_zombie(void **state)
{
    (void)state;
    unsigned before = open_descriptors();
    const char *const arguments[] = {"x", NULL};
    rj_process_spec bad = {"/nowhere/x", arguments, environment, NULL};
    rj_process *process;
    for (int i = 0; i < 20; i++) {
        process = start_shell("exit 0");
        wait_end(process);
        rj_process_free(process);
        assert_int_not_equal(rj_process_start(&bad, &process, NULL), RJ_OK);
    }
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_code_and_output_are_collected),
        cmocka_unit_test(a_signal_is_told_from_an_exit_code),
        cmocka_unit_test(a_running_program_cannot_be_collected_yet),
        cmocka_unit_test(a_program_that_cannot_be_executed_fails_with_the_reason),
        cmocka_unit_test(the_program_inherits_nothing_of_ours),
        cmocka_unit_test(a_daemon_is_killed_and_does_not_delay_the_end),
        cmocka_unit_test(killing_takes_the_whole_tree),
        cmocka_unit_test(a_tree_that_keeps_forking_is_ended),
        cmocka_unit_test(a_program_that_stops_its_supervisor_can_be_ended_nevertheless),
        cmocka_unit_test(freeing_ends_the_tree),
        cmocka_unit_test(a_killed_supervisor_takes_the_program_along_and_is_noticed),
        cmocka_unit_test(when_we_are_killed_the_tree_is_gone_within_a_second),
        cmocka_unit_test(much_output_is_all_there),
        cmocka_unit_test(many_programs_leave_no_descriptor_and_no_zombie),
    };
    return cmocka_run_group_tests_name("platform_process", tests, NULL, NULL);
}
