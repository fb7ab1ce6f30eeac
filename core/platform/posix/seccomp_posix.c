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
    SYS_write,
    SYS_writev,
    /* files: Landlock and the account decide which */
    SYS_chdir,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fchdir,
    SYS_fchmod,
    SYS_fchown,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_fstatfs,
    SYS_getcwd,
    SYS_getdents64,
    SYS_getxattr,
    SYS_inotify_add_watch,
    SYS_inotify_init1,
    SYS_inotify_rm_watch,
    SYS_lgetxattr,
    SYS_linkat,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_mkdirat,
    SYS_newfstatat,
    SYS_openat,
    SYS_openat2,
    SYS_readlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_statfs,
    SYS_statx,
    SYS_symlinkat,
    SYS_truncate,
    SYS_umask,
    SYS_unlinkat,
    /* sockets that are there, as those to the core */
    SYS_getpeername,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_recvfrom,
    SYS_recvmmsg,
    SYS_recvmsg,
    SYS_sendmmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_shutdown,
#ifdef __x86_64__ /* older forms of the above that other processors never had */
    SYS_access,
    SYS_alarm,
    SYS_creat,
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
    SYS_open,
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

/* With any network grant: what gives a socket an address. */
static const uint16_t with_network[] = {SYS_accept,  SYS_accept4, SYS_bind,
                                        SYS_connect, SYS_listen,  SYS_setsockopt};

/* Landlock does not restrict these.  A worker with an account of its own changes its own files only;
 * one that shares an account must first get a descriptor, which Landlock does restrict. */
static const uint16_t with_metadata_by_path[] = {
    SYS_fchmodat, SYS_fchownat, SYS_utimensat,
#ifdef __x86_64__
    SYS_chmod,    SYS_chown,    SYS_futimesat, SYS_lchown, SYS_utime, SYS_utimes,
#endif
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

/* ---- Assembling ------------------------------------------------------------------------------ */

enum { MOST_INSTRUCTIONS = 1024, MOST_SKIPPED = 255, SOCKET_TYPE = 0xf };

typedef struct program {
    struct sock_filter code[MOST_INSTRUCTIONS];
    size_t length;
    bool broken; /* too long, or a jump too far */
} program;

static void put(program *p, uint16_t code, uint32_t operand, size_t if_true, size_t if_false)
{
    if (p->length == MOST_INSTRUCTIONS || if_true > MOST_SKIPPED || if_false > MOST_SKIPPED) {
        p->broken = true;
        return;
    }
    p->code[p->length++] = (struct sock_filter){
        .code = code, .jt = (uint8_t)if_true, .jf = (uint8_t)if_false, .k = operand};
}

static void load(program *p, size_t offset)
{
    put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* Both processors here are little-endian: the low word comes first. */
static size_t low_word(size_t argument)
{
    return offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
}

static size_t high_word(size_t argument)
{
    return low_word(argument) + sizeof(uint32_t);
}

static void answer(program *p, uint32_t action)
{
    put(p, BPF_RET | BPF_K, action, 0, 0);
}

static void refuse(program *p, int error_number)
{
    answer(p, SECCOMP_RET_ERRNO | ((uint32_t)error_number & SECCOMP_RET_DATA));
}

/*
 * A block is for the loaded word that the condition names, and skipped as a whole for others.  Rules
 * for one call are a block that ends in an answer, so that behind it the accumulator still holds the
 * call's number.
 */
static size_t begin_if(program *p, uint16_t condition, uint32_t operand)
{
    size_t start = p->length;
    put(p, BPF_JMP | condition | BPF_K, operand, 0, 0);
    return start;
}

static void end_if(program *p, size_t start)
{
    size_t skipped = p->length - start - 1;
    if (p->broken || skipped > MOST_SKIPPED)
        p->broken = true;
    else
        p->code[start].jf = (uint8_t)skipped;
}

static size_t begin_call(program *p, uint32_t call)
{
    return begin_if(p, BPF_JEQ, call);
}

static void end_call(program *p, size_t start)
{
    refuse(p, EPERM);
    end_if(p, start);
}

static void allow(program *p, const uint16_t *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t call = begin_call(p, calls[i]);
        answer(p, SECCOMP_RET_ALLOW);
        end_if(p, call);
    }
}

static void allow_values(program *p, const uint32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t value = begin_if(p, BPF_JEQ, values[i]);
        answer(p, SECCOMP_RET_ALLOW);
        end_if(p, value);
    }
}

static void refuse_value(program *p, uint32_t value)
{
    size_t refused = begin_if(p, BPF_JEQ, value);
    refuse(p, EPERM);
    end_if(p, refused);
}

static void refuse_bits(program *p, uint32_t bits)
{
    size_t any = begin_if(p, BPF_JSET, bits);
    refuse(p, EPERM);
    end_if(p, any);
}

static void keep_bits(program *p, uint32_t mask)
{
    put(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
}

/* The word must be 0, or the call is refused. */
static void demand_zero(program *p, size_t offset)
{
    load(p, offset);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
    refuse(p, EPERM);
}

static void allow_argument(program *p, uint32_t call, size_t argument, const uint32_t *values,
                           size_t count)
{
    size_t start = begin_call(p, call);
    load(p, low_word(argument));
    allow_values(p, values, count);
    end_call(p, start);
}

/* ---- Calls with conditions ------------------------------------------------------------------- */

/* A thread of this process, in its namespaces.  (Processes are made by clone without CLONE_THREAD.) */
static void add_clone(program *p)
{
    size_t start = begin_call(p, SYS_clone);
    load(p, low_word(0));
    refuse_bits(p, NEW_NAMESPACES);
    size_t thread = begin_if(p, BPF_JSET, CLONE_THREAD);
    answer(p, SECCOMP_RET_ALLOW);
    end_if(p, thread);
    end_call(p, start);
}

/* Memory that RLIMIT_DATA does not count is refused: shared without a file, growing down like a
 * stack, huge pages.  Executable memory is allowed: what runs here is foreign machine code anyway. */
static void add_mmap(program *p)
{
    size_t start = begin_call(p, SYS_mmap);
    load(p, low_word(3));
    refuse_bits(p, MAP_GROWSDOWN | MAP_HUGETLB);
    keep_bits(p, MAP_ANONYMOUS | MAP_TYPE);
    refuse_value(p, MAP_ANONYMOUS | MAP_SHARED);
    refuse_value(p, MAP_ANONYMOUS | MAP_SHARED_VALIDATE);
    answer(p, SECCOMP_RET_ALLOW);
    end_call(p, start);
}

static void allow_domain(program *p, uint32_t domain, const uint32_t *protocols, size_t count)
{
    load(p, low_word(0));
    size_t start = begin_if(p, BPF_JEQ, domain);
    load(p, low_word(2));
    allow_values(p, protocols, count);
    end_call(p, start);
}

static void add_socket(program *p, unsigned network)
{
    size_t start = begin_call(p, SYS_socket);
    if (network & RJ_NETWORK_LOCAL)
        allow_domain(p, AF_UNIX, local_protocols, COUNT(local_protocols));
    if (network & RJ_NETWORK_INTERNET) {
        allow_domain(p, AF_INET, internet_protocols, COUNT(internet_protocols));
        allow_domain(p, AF_INET6, internet_protocols, COUNT(internet_protocols));
    }
    if (network & RJ_NETWORK_NETLINK)
        allow_domain(p, AF_NETLINK, netlink_protocols, COUNT(netlink_protocols));
    end_call(p, start);
}

/* A pair is connected to itself.  Datagrams could still be sent to any address of the machine. */
static void add_socketpair(program *p, unsigned network)
{
    static const uint32_t types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    size_t start = begin_call(p, SYS_socketpair);
    load(p, low_word(0));
    size_t local = begin_if(p, BPF_JEQ, AF_UNIX);
    load(p, low_word(1));
    keep_bits(p, SOCKET_TYPE);
    allow_values(p, types, network & RJ_NETWORK_LOCAL ? COUNT(types) : COUNT(types) - 1);
    end_if(p, local);
    end_call(p, start);
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
    size_t start = begin_call(p, SYS_prlimit64);
    demand_zero(p, low_word(0));
    demand_zero(p, low_word(2));
    demand_zero(p, high_word(2));
    answer(p, SECCOMP_RET_ALLOW);
    end_call(p, start);
}

/* Times by descriptor: futimens() gives no path. */
static void add_utimensat_of_descriptor(program *p)
{
    size_t start = begin_call(p, SYS_utimensat);
    demand_zero(p, low_word(1));
    demand_zero(p, high_word(1));
    answer(p, SECCOMP_RET_ALLOW);
    end_call(p, start);
}

static void assemble(program *p, const rj_seccomp_rules *rules)
{
    load(p, offsetof(struct seccomp_data, arch));
    put(p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    answer(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    size_t x32 = begin_if(p, BPF_JGE, X32_CALLS);
    refuse(p, EPERM);
    end_if(p, x32);
#endif
    allow(p, always, COUNT(always));
    if (rules->network)
        allow(p, with_network, COUNT(with_network));
    if (rules->metadata_by_path)
        allow(p, with_metadata_by_path, COUNT(with_metadata_by_path));
    else
        add_utimensat_of_descriptor(p);
    add_clone(p);
    add_mmap(p);
    add_socket(p, rules->network);
    add_socketpair(p, rules->network);
    add_tgkill(p);
    add_prlimit(p);
    allow_argument(p, SYS_prctl, 0, prctl_options, COUNT(prctl_options));
    allow_argument(p, SYS_ioctl, 1, ioctl_requests, COUNT(ioctl_requests));
    allow_argument(p, SYS_fcntl, 1, fcntl_commands, COUNT(fcntl_commands));
    for (size_t i = 0; i < COUNT(not_there); i++) {
        size_t call = begin_call(p, not_there[i]);
        refuse(p, ENOSYS);
        end_if(p, call);
    }
    size_t unknown = begin_if(p, BPF_JGE, FIRST_UNKNOWN_CALL);
    refuse(p, ENOSYS);
    end_if(p, unknown);
    refuse(p, EPERM);
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
