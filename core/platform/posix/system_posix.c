/* SPDX-License-Identifier: MIT */
/* The process, its machine and its users; clocks, random numbers, terminals. */
#include "platform/system.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- Clocks and random numbers --------------------------------------------------------------- */

uint64_t rj_clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

int64_t rj_clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

rj_status rj_random(void *bytes, size_t length, rj_error *err)
{
    char *at = bytes;
    while (length) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rj_fail_errno(err, errno, "the kernel gives no random numbers");
        at += got;
        length -= (size_t)got;
    }
    return RJ_OK;
}

/* ---- Users and machine ----------------------------------------------------------------------- */

rj_uid rj_system_uid(void)
{
    return (rj_uid)geteuid();
}

bool rj_system_environment_is_trusted(void)
{
    return true; /* what makes a program root empties its environment first */
}

bool rj_system_is_root(void)
{
    return geteuid() == 0;
}

const char *rj_system_own_name(char *ret_name, size_t size)
{
    return rj_system_user_name(rj_system_uid(), ret_name, size);
}

const char *rj_system_user_name(rj_uid uid, char *ret_name, size_t size)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[4096];
    if (getpwuid_r((uid_t)uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        snprintf(ret_name, size, "%s", found->pw_name);
    else
        snprintf(ret_name, size, "uid %lu", (unsigned long)uid);
    return ret_name;
}

rj_status rj_system_user_id(const char *name, rj_uid *ret_uid, rj_error *err)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char buffer[4096];
    int problem = getpwnam_r(name, &entry, buffer, sizeof buffer, &found);
    if (found) {
        *ret_uid = (rj_uid)found->pw_uid;
        return RJ_OK;
    }
    if (problem == 0 || problem == ENOENT || problem == ESRCH)
        return rj_fail(err, RJ_E_NOT_FOUND, "there is no user \"%s\" on this machine", name);
    return rj_fail_errno(err, problem, "user \"%s\" cannot be looked up", name);
}

void rj_system_refresh_names(void)
{
}

const char *rj_system_host_name(char *ret_name, size_t size)
{
    if (size && gethostname(ret_name, size) < 0)
        snprintf(ret_name, size, "localhost");
    if (size)
        ret_name[size - 1] = '\0';
    return ret_name;
}

long rj_system_pid(void)
{
    return (long)getpid();
}

_Noreturn void rj_system_exit_now(int code)
{
    _exit(code);
}

void rj_system_kill_self(void)
{
    raise(SIGKILL);
}

static bool told_installed;

void rj_system_set_installed_service(void)
{
    told_installed = true;
}

bool rj_system_is_installed_service(void)
{
    if (told_installed)
        return true;
    const char *main_pid = getenv("SYSTEMD_EXEC_PID"); /* of this very process, not inherited */
    if (main_pid && strtol(main_pid, NULL, 10) == (long)getpid())
        return true;
    return getppid() == 1 && getenv("INVOCATION_ID");
}

char *rj_system_environment(const char *name)
{
    return rj_strdup(getenv(name));
}

/* ---- Terminal -------------------------------------------------------------------------------- */

bool rj_terminal_is(int descriptor)
{
    return isatty(descriptor) == 1;
}

int rj_terminal_width(int descriptor)
{
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

/* ---- Start of a program ---------------------------------------------------------------------- */

static void open_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

void rj_system_prepare_process(void)
{
    open_standard_descriptors();
    umask(0077);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0; /* the hard limit stays for children that want one */
        setrlimit(RLIMIT_CORE, &core);
    }
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 1); /* an arena a thread would cost more memory than it saves time */
    mallopt(M_TRIM_THRESHOLD, 64 * 1024);
#endif
}

rj_status rj_system_arguments(int *argc, char ***argv, rj_error *err)
{
    (void)argc;
    (void)argv;
    (void)err;
    return RJ_OK;
}
