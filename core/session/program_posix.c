/* SPDX-License-Identifier: MIT */
/*
 * Starting the service in the background, see program.h.
 *
 * A pipe that closes on exec carries the reason when the program could not be executed at all.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "session/program.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const rj_program_service_places[] = {"realmjoinservice",
                                                 "../libexec/realmjoin/realmjoinservice",
                                                 "../service/realmjoinservice", NULL};
const char rj_program_manual[] = "; realmjoin(1) has everything";

struct rj_program {
    pid_t pid;
};

char *rj_program_service_log(const char *root)
{
    rj_text path = RJ_TEXT_EMPTY;
    rj_text_addf(&path, "%s/var/log/realmjoin", root ? root : "");
    return rj_text_take(&path);
}

rj_status rj_program_own_path(char **ret_path, rj_error *err)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0)
        return rj_fail_errno(err, errno, "finding this program's folder");
    path[length] = '\0';
    *ret_path = rj_strdup(path);
    return *ret_path ? RJ_OK : rj_fail_memory(err, "finding this program's folder");
}

rj_status rj_program_folder(char **ret_folder, rj_error *err)
{
    rj_status status = rj_program_own_path(ret_folder, err);
    char *slash = status == RJ_OK ? strrchr(*ret_folder, '/') : NULL;
    if (slash)
        *slash = '\0';
    return status;
}

rj_status rj_program_absolute(const char *path, char **ret_path, rj_error *err)
{
    char folder[PATH_MAX];
    if (path[0] == '/') {
        *ret_path = rj_strdup(path);
        return *ret_path ? RJ_OK : rj_fail_memory(err, "reading a path");
    }
    if (!path[0])
        return rj_fail(err, RJ_E_INVALID, "the name of the file is empty");
    if (!getcwd(folder, sizeof folder))
        return rj_fail_errno(err, errno, "finding the current folder");
    size_t size = strlen(folder) + strlen(path) + 2;
    char *joined = rj_malloc(size);
    if (!joined)
        return rj_fail_memory(err, "reading a path");
    snprintf(joined, size, "%s/%s", folder, path);
    *ret_path = joined;
    return RJ_OK;
}

/* In the child, between fork and exec. */
static void become_service(const char *path, const char *const *arguments, int report)
{
    static const char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0 && setsid() >= 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 &&
        dup2(null, 2) >= 0 && chdir("/") == 0)
        execve(path, (char *const *)arguments, (char *const *)environment);
    int reason = errno;
    ssize_t told = write(report, &reason, sizeof reason);
    _exit(told > 0 ? 127 : 126);
}

rj_status rj_program_start(const char *path, const char *const *arguments, rj_program **ret_program,
                           rj_error *err)
{
    int report[2];
    rj_program *program = rj_calloc(1, sizeof *program);
    if (!program)
        return rj_fail_memory(err, "starting the service");
    if (pipe2(report, O_CLOEXEC) != 0) {
        rj_free(program);
        return rj_fail_errno(err, errno, "starting the service");
    }
    program->pid = fork();
    if (program->pid == 0)
        become_service(path, arguments, report[1]);
    int failed = program->pid < 0 ? errno : 0;
    close(report[1]);
    if (!failed) {
        ssize_t got;
        do
            got = read(report[0], &failed, sizeof failed);
        while (got < 0 && errno == EINTR);
        if (got != (ssize_t)sizeof failed)
            failed = 0;
        else
            waitpid(program->pid, NULL, 0);
    }
    close(report[0]);
    if (failed) {
        rj_free(program);
        return rj_fail_errno(err, failed, "%s", path);
    }
    *ret_program = program;
    return RJ_OK;
}

bool rj_program_has_ended(rj_program *program, int *ret_code)
{
    int how;
    if (waitpid(program->pid, &how, WNOHANG) != program->pid)
        return false;
    *ret_code = WIFEXITED(how) ? WEXITSTATUS(how) : 128;
    return true;
}

void rj_program_forget(rj_program *program)
{
    rj_free(program);
}
