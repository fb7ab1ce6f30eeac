/* SPDX-License-Identifier: MIT */
/*
 * The filter of system calls, assembled here as classic BPF: what is listed is allowed, some only with
 * certain arguments.  Anything else answers EPERM; calls that the C library replaces by older ones,
 * and all that are newer than this list, answer ENOSYS, so that it does.  A call of another
 * architecture kills the process: its numbers mean other calls.
 *
 * Only the low word of an argument is compared, where the kernel itself looks at no more of it.
 * Constants that decide here must be the kernel's, whatever the headers this is built with.
 */
#include "seccomp_posix.h"

#include "filter_program_posix.h"
#include "platform/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifndef ARCHITECTURE

rj_status rj_seccomp_install(const rj_seccomp_rules *rules, bool *ret_installed, rj_error *err)
{
    (void)rules;
    (void)err;
    *ret_installed = false;
    return RJ_OK;
}

#else

#define X32_CALLS 0x40000000u /* x86_64 numbers from here on are the x32 interface */
#define FIRST_UNKNOWN_CALL 451u
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- What is allowed ------------------------------------------------------------------------- */

static const uint16_t always[] = {
    /* memory; mmap has rules of its own */
    SYS_brk,
    SYS_madvise,
    SYS_mincore,
    SYS_mlock,
    SYS_mlock2,
    SYS_mprotect,
    SYS_mremap,
    SYS_msync,
    SYS_munlock,
    SYS_munmap,
    /* threads, signals to oneself, waiting */
    SYS_exit,
    SYS_exit_group,
    SYS_futex,
    SYS_futex_waitv,
    SYS_get_robust_list,
    SYS_membarrier,
    SYS_restart_syscall,
    SYS_rseq,
    SYS_rt_sigaction,
    SYS_rt_sigpending,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_set_tid_address,
    SYS_sigaltstack,
    /* time */
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_getitimer,
    SYS_gettimeofday,
    SYS_nanosleep,
    SYS_setitimer,
    SYS_timer_create,
    SYS_timer_delete,
    SYS_timer_getoverrun,
    SYS_timer_gettime,
    SYS_timer_settime,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timerfd_settime,
    SYS_times,
    /* facts about oneself and the machine */
    SYS_capget,
    SYS_getcpu,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getgroups,
    SYS_getpgid,
    SYS_getpid,
    SYS_getppid,
    SYS_getpriority,
    SYS_getrandom,
    SYS_getresgid,
    SYS_getresuid,
    SYS_getrlimit,
    SYS_getrusage,
    SYS_getsid,
    SYS_gettid,
    SYS_getuid,
    SYS_sysinfo,
    SYS_uname,
    /* descriptors; fcntl and ioctl have rules of their own */
    SYS_close,
    SYS_close_range,
    SYS_copy_file_range,
    SYS_dup,
    SYS_dup3,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fdatasync,
    SYS_flock,
    SYS_fstat,
    SYS_fsync,
    SYS_ftruncate,
    SYS_lseek,
    SYS_pipe2,
    SYS_ppoll,
    SYS_pread64,
    SYS_preadv,
    SYS_preadv2,
    SYS_pselect6,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_read,
    SYS_readahead,
    SYS_readv,
    SYS_sendfile,
    SYS_signalfd4,
    SYS_sync_file_range,
    SYS_syncfs,
    SYS_write,
    SYS_writev,
    /* files: Landlock and the account decide which */
    SYS_chdir,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fchdir,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_fstatfs,
    SYS_getcwd,
    SYS_getdents64,
    SYS_inotify_init1,
    SYS_inotify_rm_watch,
    SYS_linkat,
    SYS_mkdirat,
    SYS_newfstatat,
    SYS_readlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_statfs,
    SYS_statx,
    SYS_symlinkat,
    SYS_umask,
    SYS_unlinkat,
    /* sockets that are there, as those to the core */
    SYS_getpeername,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_recvfrom,
    SYS_recvmmsg,
    SYS_recvmsg,
    SYS_sendto,
    SYS_shutdown,
#ifdef __x86_64__ /* older forms of the above that other processors never had */
    SYS_access,
    SYS_alarm,
    SYS_dup2,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_eventfd,
    SYS_getdents,
    SYS_getpgrp,
    SYS_inotify_init,
    SYS_link,
    SYS_lstat,
    SYS_mkdir,
    SYS_pause,
    SYS_pipe,
    SYS_poll,
    SYS_readlink,
    SYS_rename,
    SYS_rmdir,
    SYS_select,
    SYS_signalfd,
    SYS_stat,
    SYS_symlink,
    SYS_time,
    SYS_unlink,
#endif
};

/* With any network grant: what gives a socket an address, and what can pass a descriptor along. */
static const uint16_t with_network[] = {SYS_accept, SYS_accept4,    SYS_bind,     SYS_connect,
                                        SYS_listen, SYS_setsockopt, SYS_sendmmsg, SYS_sendmsg};

/*
 * Landlock does not know modes, owners, times, attributes and watches.  A worker with an account of its
 * own can change those of its own files only, and sees of others what everybody may.  One that shares
 * an account, perhaps root's, must first get a descriptor, which Landlock does restrict, and makes no
 * file that runs with its account's rights for others.
 */
static const uint16_t with_own_account[] = {
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_openat,
    SYS_openat2,
    SYS_truncate,
    SYS_utimensat,
    SYS_getxattr,
    SYS_lgetxattr,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_inotify_add_watch,
#ifdef __x86_64__
    SYS_chmod,
    SYS_chown,
    SYS_creat,
    SYS_futimesat,
    SYS_lchown,
    SYS_open,
    SYS_utime,
    SYS_utimes,
#endif
};
enum {
    SET_ID = 06000,
    OTHERS_WRITE = 02,
    MAKES_FILE = O_CREAT | 020000000 /* O_TMPFILE's own bit */
};

/* The C library and libuv try these and go on without them. */
static const uint16_t not_there[] = {SYS_clone3, SYS_io_uring_enter, SYS_io_uring_register,
                                     SYS_io_uring_setup};

/* Not PR_SET_PDEATHSIG: the death with the parent stays.  Not PR_SET_DUMPABLE, PR_SET_MM,
 * PR_SET_SECCOMP ... either. */
static const uint32_t prctl_options[] = {PR_SET_NAME,      PR_GET_NAME,         PR_GET_DUMPABLE,
                                         PR_GET_PDEATHSIG, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP,
                                         PR_CAPBSET_READ,  PR_GET_TIMERSLACK,   PR_SET_VMA};
static const uint32_t ioctl_requests[] = {FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ};
/* Not F_SETOWN and F_SETSIG, by which the kernel sends signals to other processes; not
 * F_SETPIPE_SZ, which takes memory that no limit counts. */
static const uint32_t fcntl_commands[] = {
    F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,     F_SETFD,     F_GETFL,      F_SETFL,     F_GETLK,
    F_SETLK, F_SETLKW,        F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_GETPIPE_SZ};
static const uint32_t internet_protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP};
static const uint32_t netlink_protocols[] = {NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_GENERIC};
static const uint32_t local_protocols[] = {0};

#define NEW_NAMESPACES                                                                             \
    (0x80u /* time */ | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |              \
     CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static void allow_argument(program *p, uint32_t call, size_t argument, const uint32_t *values,
                           size_t count)
{
    size_t start = program_begin_call(p, call);
    program_load_low(p, argument);
    program_allow_values(p, values, count);
    program_end_call(p, start);
}

/* ---- Calls with conditions ------------------------------------------------------------------- */

/* A thread of this process, in its namespaces.  (Processes are made by clone without CLONE_THREAD.) */
static void add_clone(program *p)
{
    size_t start = program_begin_call(p, SYS_clone);
    program_load_low(p, 0);
    program_refuse_bits(p, NEW_NAMESPACES);
    size_t thread = program_begin_if(p, BPF_JSET, CLONE_THREAD);
    program_allow(p);
    program_end_if(p, thread);
    program_end_call(p, start);
}

/* Memory that RLIMIT_DATA does not count is refused: shared without a file, growing down like a
 * stack, huge pages.  Executable memory is allowed: what runs here is foreign machine code anyway. */
static void add_mmap(program *p)
{
    size_t start = program_begin_call(p, SYS_mmap);
    program_load_low(p, 3);
    program_refuse_bits(p, MAP_GROWSDOWN | MAP_HUGETLB);
    program_keep_bits(p, MAP_ANONYMOUS | MAP_TYPE);
    program_refuse_value(p, MAP_ANONYMOUS | MAP_SHARED);
    program_refuse_value(p, MAP_ANONYMOUS | MAP_SHARED_VALIDATE);
    program_allow(p);
    program_end_call(p, start);
}

static void allow_domain(program *p, uint32_t domain, const uint32_t *protocols, size_t count)
{
    program_load_low(p, 0);
    size_t start = program_begin_if(p, BPF_JEQ, domain);
    program_load_low(p, 2);
    program_allow_values(p, protocols, count);
    program_end_call(p, start);
}

static void add_socket(program *p, unsigned network)
{
    size_t start = program_begin_call(p, SYS_socket);
    if (network & RJ_NETWORK_LOCAL)
        allow_domain(p, AF_UNIX, local_protocols, COUNT(local_protocols));
    if (network & RJ_NETWORK_INTERNET) {
        allow_domain(p, AF_INET, internet_protocols, COUNT(internet_protocols));
        allow_domain(p, AF_INET6, internet_protocols, COUNT(internet_protocols));
    }
    if (network & RJ_NETWORK_NETLINK)
        allow_domain(p, AF_NETLINK, netlink_protocols, COUNT(netlink_protocols));
    program_end_call(p, start);
}

/* A pair is connected to itself.  Datagrams could still be sent to any address of the machine. */
static void add_socketpair(program *p, unsigned network)
{
    static const uint32_t types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    size_t start = program_begin_call(p, SYS_socketpair);
    program_load_low(p, 0);
    size_t local = program_begin_if(p, BPF_JEQ, AF_UNIX);
    program_load_low(p, 1);
    program_keep_bits(p, 0xf); /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
    program_allow_values(p, types, network & RJ_NETWORK_LOCAL ? COUNT(types) : COUNT(types) - 1);
    program_end_if(p, local);
    program_end_call(p, start);
}

/* Signals to threads of this process: abort(), pthread_kill(). */
static void add_tgkill(program *p)
{
    const uint32_t own = (uint32_t)getpid();
    allow_argument(p, SYS_tgkill, 0, &own, 1);
}

/* Limits of oneself can be read. */
static void add_prlimit(program *p)
{
    size_t start = program_begin_call(p, SYS_prlimit64);
    program_load_low(p, 0);
    program_demand_zero(p);
    program_load_low(p, 2);
    program_demand_zero(p);
    program_load_high(p, 2);
    program_demand_zero(p);
    program_allow(p);
    program_end_call(p, start);
}

/*
 * Opening: no mode with set-ID bits where a file is made, and no truncating by one who only reads, which
 * older Landlock does not see (nor truncate(), which is refused by path).
 */
static void add_opening(program *p, uint32_t call, size_t flags, size_t mode)
{
    size_t start = program_begin_call(p, call);
    program_load_low(p, flags);
    program_keep_bits(p, O_TRUNC | O_ACCMODE);
    program_refuse_value(p, O_TRUNC | O_RDONLY);
    program_refuse_value(p, O_TRUNC | O_ACCMODE); /* neither reads nor writes */
    program_load_low(p, flags);
    size_t making = program_begin_if(p, BPF_JSET, MAKES_FILE);
    program_load_low(p, mode);
    program_refuse_bits(p, SET_ID);
    program_end_if(p, making);
    program_allow(p);
    program_end_if(p, start);
}

static void add_shared_account(program *p)
{
    add_opening(p, SYS_openat, 2, 3);
#ifdef __x86_64__
    add_opening(p, SYS_open, 1, 2);
    size_t creat = program_begin_call(p, SYS_creat);
    program_load_low(p, 1);
    program_refuse_bits(p, SET_ID);
    program_allow(p);
    program_end_if(p, creat);
#endif
    size_t openat2 = program_begin_call(p, SYS_openat2); /* its mode is behind a pointer */
    program_refuse(p, ENOSYS);
    program_end_if(p, openat2);

    size_t mode = program_begin_call(p, SYS_fchmod);
    program_load_low(p, 1);
    program_refuse_bits(p, SET_ID | OTHERS_WRITE);
    program_allow(p);
    program_end_if(p, mode);

    size_t times = program_begin_call(p, SYS_utimensat); /* futimens() gives no path */
    program_load_low(p, 1);
    program_demand_zero(p);
    program_load_high(p, 1);
    program_demand_zero(p);
    program_allow(p);
    program_end_if(p, times);
}

static void choose(bool *allowed, const uint16_t *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        allowed[calls[i]] = true;
}

static void allow_calls(program *p, const rj_seccomp_rules *rules)
{
    bool allowed[FIRST_UNKNOWN_CALL] = {false};
    choose(allowed, always, COUNT(always));
    if (rules->network)
        choose(allowed, with_network, COUNT(with_network));
    if (rules->own_account)
        choose(allowed, with_own_account, COUNT(with_own_account));
    program_allow_calls(p, allowed, COUNT(allowed));
}

/* The kernel remembers which calls are allowed whatever their arguments; so what it must look at each
 * time comes first. */
static void assemble(program *p, const rj_seccomp_rules *rules)
{
    program_load_architecture(p);
    program_kill_unless(p, ARCHITECTURE);
    program_load_call(p);
#ifdef __x86_64__
    size_t x32 = program_begin_if(p, BPF_JGE, X32_CALLS);
    program_refuse(p, EPERM);
    program_end_if(p, x32);
#endif
    if (!rules->own_account)
        add_shared_account(p);
    add_mmap(p);
    add_clone(p);
    add_tgkill(p);
    add_prlimit(p);
    add_socket(p, rules->network);
    add_socketpair(p, rules->network);
    allow_argument(p, SYS_fcntl, 1, fcntl_commands, COUNT(fcntl_commands));
    allow_argument(p, SYS_ioctl, 1, ioctl_requests, COUNT(ioctl_requests));
    allow_argument(p, SYS_prctl, 0, prctl_options, COUNT(prctl_options));
    allow_calls(p, rules);
    for (size_t i = 0; i < COUNT(not_there); i++) {
        size_t call = program_begin_if(p, BPF_JEQ, not_there[i]);
        program_refuse(p, ENOSYS);
        program_end_if(p, call);
    }
    size_t unknown = program_begin_if(p, BPF_JGE, FIRST_UNKNOWN_CALL);
    program_refuse(p, ENOSYS);
    program_end_if(p, unknown);
    program_refuse(p, EPERM);
}

/* Since Linux 4.14; ENOSYS and EINVAL: a kernel without, or with seccomp but without filters. */
static bool has_filters(void)
{
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ||
           (errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP);
}

rj_status rj_seccomp_install(const rj_seccomp_rules *rules, bool *ret_installed, rj_error *err)
{
    program p = {.length = 0};
    assemble(&p, rules);
    if (p.broken)
        return rj_fail(err, RJ_E_LIMIT, "sandbox: the filter of system calls is too long");
    if (!has_filters()) {
        *ret_installed = false;
        return RJ_OK;
    }
    const struct sock_fprog filter = {.len = (unsigned short)p.length, .filter = p.code};
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    if (result < 0)
        return rj_fail_errno(err, errno, "sandbox: system calls cannot be filtered");
    if (result > 0)
        return rj_fail(err, RJ_E_FAILED, "sandbox: thread %ld keeps another filter of system calls",
                       result);
    *ret_installed = true;
    return RJ_OK;
}

#endif
