/* SPDX-License-Identifier: MIT */
/*
 * The sandbox of a process that runs foreign code (sandbox.h): session, limits, account and death with
 * the parent before the program is executed; capabilities, Landlock and seccomp in the program.
 *
 * The account is changed by direct system calls: the C library's setresuid() wants to tell all threads
 * and takes locks for it, which another thread may have held at the fork.
 */
#include "platform/sandbox.h"

#include "landlock_posix.h"
#include "sandbox_posix.h"
#include "seccomp_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Step 1: between fork and exec ----------------------------------------------------------- */

/* Both limits; `hard` may be a little above.  What is lower already stays. */
static int limit(int resource, uint64_t soft, uint64_t hard)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
        return errno;
    if (now.rlim_max > hard)
        now.rlim_max = hard;
    now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &now) < 0 ? errno : 0;
}

/*
 * RLIMIT_DATA counts heap, private mappings that can be written, and thread stacks.  RLIMIT_AS counts
 * every mapping: it must leave room for libraries and for what allocators reserve without using it
 * (64 MiB for each arena of malloc), and is there for what RLIMIT_DATA does not count.
 * Stacks of threads are as large as RLIMIT_STACK: at the usual 8 MiB, thirty threads that do nothing
 * would take all of 256 MiB.
 */
enum { MIB = 1024 * 1024, STACK_BYTES = 2 * MIB, LOCKED_BYTES = MIB };

static int limit_memory(uint64_t bytes)
{
    if (!bytes || RJ_SANITIZED)
        return 0;
    uint64_t space = bytes < UINT64_MAX / 8 ? 4 * bytes + 512ull * MIB : bytes;
    int problem = limit(RLIMIT_STACK, STACK_BYTES, STACK_BYTES);
    if (!problem)
        problem = limit(RLIMIT_MEMLOCK, LOCKED_BYTES, LOCKED_BYTES);
    if (!problem)
        problem = limit(RLIMIT_DATA, bytes, bytes);
    return problem ? problem : limit(RLIMIT_AS, space, space);
}

static int limit_all(const rj_sandbox *sandbox)
{
    int problem = limit(RLIMIT_CORE, 0, 0);
    if (!problem)
        problem = limit_memory(sandbox->memory_bytes);
    if (!problem && sandbox->file_bytes)
        problem = limit(RLIMIT_FSIZE, sandbox->file_bytes, sandbox->file_bytes);
    if (!problem && sandbox->files)
        problem = limit(RLIMIT_NOFILE, sandbox->files, sandbox->files);
    if (!problem && sandbox->cpu_seconds)
        problem = limit(RLIMIT_CPU, sandbox->cpu_seconds, sandbox->cpu_seconds + 1ull);
    return problem;
}

/* Where a user namespace forbids this, it is fine if there is nothing to drop. */
static int drop_groups(void)
{
    if (syscall(SYS_setgroups, 0, NULL) == 0 || getgroups(0, NULL) == 0)
        return 0;
    return EPERM;
}

static int become(rj_uid uid)
{
    if (syscall(SYS_setresgid, uid, uid, uid) < 0 || syscall(SYS_setresuid, uid, uid, uid) < 0)
        return errno;
    return 0;
}

static int change_account(const rj_sandbox *sandbox)
{
    int problem = drop_groups();
    if (problem)
        return problem;
    problem = become(sandbox->uid);
    if (problem == EINVAL) /* not mapped in this user namespace */
        return become(RJ_SANDBOX_NOBODY);
    /* Threads are counted by account: only one of our own can be limited, others have their users. */
    if (!problem && sandbox->processes)
        problem = limit(RLIMIT_NPROC, sandbox->processes, sandbox->processes);
    return problem;
}

/* A parent that died before the kernel was asked to watch it would be missed. */
static int die_with(long parent_pid)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return errno;
    return (long)getppid() == parent_pid ? 0 : ESRCH;
}

/* When memory is short, a worker goes before its core. */
static void offer_to_be_killed(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    ssize_t ignored = fd < 0 ? 0 : write(fd, "500", 3);
    (void)ignored;
    if (fd >= 0)
        close(fd);
}

bool rj_sandbox_has_accounts(void)
{
    return true;
}

int rj_sandbox_before_exec(const rj_sandbox *sandbox, long parent_pid, const char **ret_what)
{
    int problem = setsid() < 0 ? errno : 0;
    offer_to_be_killed();
    const char *what = "starting a session";
    if (!problem) {
        what = "setting limits";
        problem = limit_all(sandbox);
    }
    if (!problem && sandbox->uid != RJ_SANDBOX_KEEP_ACCOUNT) {
        what = "changing the account";
        problem = change_account(sandbox);
    }
    if (!problem) {
        what = "watching the parent"; /* after the account: a change of it ends the watch */
        problem = die_with(parent_pid);
    }
    if (!problem) {
        what = "giving up new privileges";
        problem = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? errno : 0;
    }
    if (problem)
        *ret_what = what;
    return problem;
}

/* ---- Step 2: in the program ------------------------------------------------------------------ */

static void note(rj_sandbox_report *report, const char *format, ...)
    __attribute__((format(__printf__, 2, 3)));

static void note(rj_sandbox_report *report, const char *format, ...)
{
    if (report->count == RJ_SANDBOX_NOTES)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->notes[report->count], sizeof report->notes[0], format, arguments);
    va_end(arguments);
    report->count++;
}

/* Landlock restricts the calling thread alone. */
static rj_status check_one_thread(rj_error *err)
{
    struct stat tasks;
    if (RJ_SANITIZED || stat("/proc/self/task", &tasks) < 0 || tasks.st_nlink <= 3)
        return RJ_OK;
    return rj_fail(err, RJ_E_INVALID,
                   "sandbox: it must be entered while there is one thread, not %lu",
                   (unsigned long)tasks.st_nlink - 2);
}

static void note_account(const rj_sandbox *sandbox, rj_sandbox_report *report)
{
    unsigned uid = (unsigned)geteuid();
    if (sandbox->uid == RJ_SANDBOX_KEEP_ACCOUNT) {
        if (sandbox->processes)
            note(report, "account: kept (uid %u), so its threads are limited by memory only", uid);
    } else if (uid != sandbox->uid) {
        note(report,
             "account: the kernel refused uid %u (user namespace); uid %u is shared by all workers "
             "and its threads are limited by memory only",
             (unsigned)sandbox->uid, uid);
    }
}

/* Root as far as it goes for reading and writing files; no CAP_SYS_ADMIN, _PTRACE, _KILL, _SETUID ... */
static uint32_t root_capabilities(unsigned network)
{
    uint32_t kept = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
    return network & RJ_NETWORK_NETLINK ? kept | 1u << CAP_NET_ADMIN : kept;
}

static rj_status drop_capabilities(unsigned network, rj_error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) < 0)
        return rj_fail_errno(err, errno, "sandbox: capabilities cannot be read");
    uint32_t kept = geteuid() == 0 ? sets[0].permitted & root_capabilities(network) : 0;
    memset(sets, 0, sizeof sets);
    sets[0].permitted = kept;
    sets[0].effective = kept;
    if (syscall(SYS_capset, &header, sets) < 0)
        return rj_fail_errno(err, errno, "sandbox: capabilities cannot be dropped");
    return RJ_OK;
}

/* Executing some programs ends the watch that step 1 began.  Should the parent have died in between,
 * its end of the connection is closed, which ends us too. */
static rj_status keep_watching_parent(rj_error *err)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return rj_fail_errno(err, errno, "sandbox: the parent cannot be watched");
    return RJ_OK;
}

static rj_status restrict_files(const rj_sandbox *sandbox, rj_sandbox_report *report, rj_error *err)
{
    static const struct {
        int abi;
        const char *missing;
    } gaps[] = {{2, "renames between folders are always refused"},
                {3, "truncating files is not restricted"},
                {4, "TCP is restricted by the filter of system calls only"},
                {5, "ioctl on devices is restricted by the filter of system calls only"},
                {6, "abstract sockets and signals are restricted by other layers only"}};
    rj_landlock_result landlock;
    rj_status status = rj_landlock_restrict(sandbox, &landlock, err);
    if (status)
        return status;
    if (landlock.abi == 0) {
        note(report,
             "Landlock: not in this kernel (%s); only the account decides which files it opens",
             strerror(landlock.reason));
        return RJ_OK;
    }
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++)
        if (landlock.abi < gaps[i].abi)
            note(report, "Landlock: version %d of this kernel, %d is needed: %s", landlock.abi,
                 gaps[i].abi, gaps[i].missing);
    if (landlock.out_of_reach_count)
        note(report, "grant: %zu paths are out of reach of uid %u, the first is %s",
             landlock.out_of_reach_count, (unsigned)geteuid(), landlock.out_of_reach);
    return RJ_OK;
}

static rj_status restrict_calls(const rj_sandbox *sandbox, rj_sandbox_report *report, rj_error *err)
{
    if (RJ_SANITIZED) {
        note(report, "seccomp and memory limits: left out, this is a build with a sanitizer");
        return RJ_OK;
    }
    rj_seccomp_rules rules = {.network = sandbox->network,
                              .own_account = sandbox->uid != RJ_SANDBOX_KEEP_ACCOUNT &&
                                             geteuid() == sandbox->uid};
    bool installed;
    rj_status status = rj_seccomp_install(&rules, &installed, err);
    if (!status && !installed)
        note(report, "seccomp: this kernel or processor has no filter of system calls");
    return status;
}

rj_status rj_sandbox_enter(const rj_sandbox *sandbox, rj_sandbox_report *ret_report, rj_error *err)
{
    rj_sandbox_report report = {.count = 0};
    rj_status status = check_one_thread(err);
    if (!status && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        status = rj_fail_errno(err, errno, "sandbox: new privileges cannot be given up");
    if (!status) {
        signal(SIGXFSZ, SIG_IGN); /* too large a file is an error of write(), not the end */
        note_account(sandbox, &report);
        status = drop_capabilities(sandbox->network, err);
    }
    if (!status)
        status = restrict_files(sandbox, &report, err);
    if (!status)
        status = keep_watching_parent(err);
    if (!status)
        status = restrict_calls(sandbox, &report, err);
    if (!status)
        *ret_report = report;
    return status;
}
