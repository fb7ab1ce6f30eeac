/* SPDX-License-Identifier: MIT */
/* What a hostile plugin tries against its limits, other processes and the kernel. */
#include "sandbox_attempts_test.h"

#include "sandbox_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- Account, session, limits ---------------------------------------------------------------- */

static void account_is_its_own(const char *folder)
{
    (void)folder;
    uid_t uids[3];
    gid_t gids[3];
    WORKS(getresuid(&uids[0], &uids[1], &uids[2]));
    WORKS(getresgid(&gids[0], &gids[1], &gids[2]));
    for (int i = 0; i < 3; i++)
        if (uids[i] != OWN_UID || gids[i] != OWN_UID)
            wrong("uid %u, gid %u", (unsigned)uids[i], (unsigned)gids[i]);
    DEMAND(getgroups(0, NULL) == 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    WORKS(syscall(SYS_capget, &header, sets));
    for (size_t i = 0; i < COUNT(sets); i++)
        DEMAND(!sets[i].effective && !sets[i].permitted && !sets[i].inheritable);
    REFUSED(EPERM, syscall(SYS_setresuid, 0, 0, 0));
    DEMAND(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void root_has_lost_its_powers(const char *folder)
{
    (void)folder;
    DEMAND(geteuid() == 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    WORKS(syscall(SYS_capget, &header, sets));
    const int lost[] = {CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_KILL,
                        CAP_SETUID,    CAP_NET_ADMIN,  CAP_MKNOD};
    for (size_t i = 0; i < COUNT(lost); i++)
        DEMAND(!(sets[0].permitted & (1u << lost[i])));
    DEMAND(sets[1].permitted == 0);
    DEMAND(sets[0].effective & (1u << CAP_DAC_OVERRIDE));
}

static void nobody_is_the_last_resort(const char *folder)
{
    (void)folder;
    DEMAND(geteuid() == RJ_SANDBOX_NOBODY);
    DEMAND(getegid() == RJ_SANDBOX_NOBODY);
}

static void session_is_its_own(const char *folder)
{
    (void)folder;
    DEMAND(getsid(0) == getpid());
    DEMAND(getpgid(0) == getpid());
}

static void limits_cannot_be_raised(const char *folder)
{
    (void)folder;
    const int resources[] = {RLIMIT_DATA,  RLIMIT_AS,  RLIMIT_FSIZE, RLIMIT_NOFILE,
                             RLIMIT_NPROC, RLIMIT_CPU, RLIMIT_CORE};
    for (size_t i = 0; i < COUNT(resources); i++) {
        struct rlimit limit;
        WORKS(getrlimit((__rlimit_resource_t)resources[i], &limit));
        DEMAND(limit.rlim_max != RLIM_INFINITY);
        limit.rlim_max = RLIM_INFINITY;
        REFUSED(EPERM, setrlimit((__rlimit_resource_t)resources[i], &limit));
    }
    struct rlimit parent;
    REFUSED(EPERM, prlimit(getppid(), RLIMIT_NOFILE, NULL, &parent));
}

static void memory_ends_at_its_limit(const char *folder)
{
    (void)folder;
    DEMAND(malloc(2048 * MIB) == NULL);
    size_t blocks = 0;
    char *block;
    while (blocks < 2048 && (block = malloc(MIB)) != NULL) {
        memset(block, 1, MIB);
        blocks++;
    }
    if (blocks < 64 || blocks > 256)
        wrong("%zu MiB could be used", blocks);
    const int writable = PROT_READ | PROT_WRITE;
    const size_t length = 64 * MIB;
    DEMAND(mmap(NULL, length, writable, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    /* what RLIMIT_DATA does not count */
    REFUSED(EPERM, mmap(NULL, length, writable, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    REFUSED(EPERM, mmap(NULL, length, writable, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0));
    REFUSED(EPERM,
            mmap(NULL, length, writable, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
    REFUSED(EPERM, syscall(SYS_memfd_create, "x", 0));
    REFUSED(EPERM, syscall(SYS_shmget, 0, 4096, 0600));
    REFUSED(EPERM, fcntl(1, F_SETPIPE_SZ, 1 << 20));
}

static void descriptors_end_at_their_limit(const char *folder)
{
    (void)folder;
    int opened = 0;
    while (opened < 100000 && open("/dev/null", O_RDONLY) >= 0)
        opened++;
    DEMAND(errno == EMFILE);
    if (opened < 200 || opened > 256)
        wrong("%d files could be opened", opened);
    REFUSED(EBADF, dup2(0, 99999));
}

static void large_files_are_an_error(const char *folder)
{
    char path[300];
    snprintf(path, sizeof path, "%s/own/large", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    WORKS(fd);
    REFUSED(EFBIG, ftruncate(fd, (off_t)(300 * MIB)));
    WORKS(pwrite(fd, "x", 1, (off_t)(256 * MIB) - 1));
    REFUSED(EFBIG, pwrite(fd, "x", 1, (off_t)(256 * MIB)));
}

static void use_the_processor(const char *folder)
{
    (void)folder;
    for (volatile unsigned long i = 0;; i++)
        ;
}

static void ignore_the_limit(void)
{
    signal(SIGXCPU, SIG_IGN);
}

/* ---- Processes ------------------------------------------------------------------------------- */

static void processes_cannot_be_made(const char *folder)
{
    (void)folder;
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    pid_t pid;
    for (int i = 0; i < 100; i++) {
        REFUSED(EPERM, fork());
        REFUSED(EPERM, syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    }
#ifdef SYS_vfork
    REFUSED(EPERM, syscall(SYS_vfork));
    REFUSED(EPERM, syscall(SYS_fork));
#endif
    REFUSED(ENOSYS, syscall(SYS_clone3, NULL, 0));
    const long thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
    REFUSED(EPERM, syscall(SYS_clone, thread | CLONE_NEWUSER, 0, 0, 0, 0));
    REFUSED(EPERM, syscall(SYS_clone, thread | CLONE_NEWNET, 0, 0, 0, 0));
    DEMAND(posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, NULL) == EPERM);
    REFUSED(EPERM, execve("/bin/true", arguments, NULL));
    REFUSED(EPERM, syscall(SYS_execveat, 0, "", arguments, NULL, 0x1000));
}

static void *wait_for_the_end(void *unused)
{
    pause();
    return unused;
}

static int count_threads(void)
{
    pthread_t thread;
    int made = 0;
    while (made < 5000 && pthread_create(&thread, NULL, wait_for_the_end, NULL) == 0)
        made++;
    return made;
}

static void threads_end_at_their_limit(const char *folder)
{
    (void)folder;
    int made = count_threads();
    if (made < 20 || made > 31)
        wrong("%d threads beside the first", made);
}

static void threads_end_with_the_memory(const char *folder)
{
    (void)folder;
    int made = count_threads();
    if (made < 20 || made > 128)
        wrong("%d threads beside the first", made);
}

static void parent_is_out_of_reach(const char *folder)
{
    (void)folder;
    pid_t parent = getppid();
    char path[64];
    const char *const secrets[] = {"mem", "environ", "maps", "auxv"};
    for (size_t i = 0; i < COUNT(secrets); i++) {
        snprintf(path, sizeof path, "/proc/%ld/%s", (long)parent, secrets[i]);
        REFUSED(EACCES, open(path, O_RDONLY));
    }
    snprintf(path, sizeof path, "/proc/%ld/mem", (long)parent);
    REFUSED(EACCES, open(path, O_RDWR));
    snprintf(path, sizeof path, "/proc/%ld/fd/1", (long)parent);
    REFUSED(EACCES, open(path, O_RDONLY));
}

static void parent_cannot_be_traced_or_signalled(const char *folder)
{
    (void)folder;
    pid_t parent = getppid();
    char byte;
    struct iovec local = {&byte, 1};
    struct iovec remote = {&byte, 1};
    siginfo_t info;
    memset(&info, 0, sizeof info);
    REFUSED(EPERM, ptrace(PTRACE_ATTACH, parent, NULL, NULL));
    REFUSED(EPERM, ptrace(PTRACE_SEIZE, parent, NULL, NULL));
    REFUSED(EPERM, process_vm_readv(parent, &local, 1, &remote, 1, 0));
    REFUSED(EPERM, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
    REFUSED(EPERM, kill(parent, 0));
    REFUSED(EPERM, kill(parent, SIGTERM));
    REFUSED(EPERM, kill(-1, 0));
    REFUSED(EPERM, kill(0, 0));
    REFUSED(EPERM, syscall(SYS_tgkill, parent, parent, 0));
    REFUSED(EPERM, syscall(SYS_tkill, parent, 0));
    REFUSED(EPERM, syscall(SYS_rt_sigqueueinfo, parent, SIGTERM, &info));
    REFUSED(EPERM, syscall(SYS_pidfd_open, parent, 0));
    REFUSED(EPERM, syscall(SYS_pidfd_send_signal, 0, SIGTERM, NULL, 0));
    REFUSED(EPERM, fcntl(1, F_SETOWN, parent));
    REFUSED(EPERM, fcntl(1, F_SETSIG, SIGKILL));
    REFUSED(EPERM, ioctl(1, FIOASYNC, &(int){1}));
    REFUSED(EPERM, setpriority(PRIO_PROCESS, (id_t)parent, 19));
    WORKS(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0));
}

static void parent_stays_watched(const char *folder)
{
    (void)folder;
    int watched = 0;
    REFUSED(EPERM, prctl(PR_SET_PDEATHSIG, 0));
    WORKS(prctl(PR_GET_PDEATHSIG, &watched));
    DEMAND(watched == SIGKILL);
    REFUSED(EPERM, setsid());
    REFUSED(EPERM, setpgid(0, 0));
    REFUSED(EPERM, prctl(PR_SET_DUMPABLE, 0));
    REFUSED(EPERM, prctl(PR_SET_CHILD_SUBREAPER, 1));
}

static void stay_alive(const char *folder)
{
    (void)folder;
    dprintf(1, "alive %ld", (long)getpid());
    for (;;)
        pause();
}

static void *say_alive(void *unused)
{
    usleep(100000); /* the first thread has ended by then */
    stay_alive(NULL);
    return unused;
}

static void stay_alive_in_another_thread(const char *folder)
{
    (void)folder;
    pthread_t thread;
    DEMAND(pthread_create(&thread, NULL, say_alive, NULL) == 0);
    syscall(SYS_exit, 0);
}

static void other_calls_are_refused(const char *folder)
{
    (void)folder;
    REFUSED(EPERM, unshare(0));
    REFUSED(EPERM, setns(0, 0));
    REFUSED(EPERM, syscall(SYS_mount, NULL, NULL, NULL, 0, NULL));
    REFUSED(EPERM, syscall(SYS_umount2, NULL, 0));
    REFUSED(EPERM, syscall(SYS_pivot_root, NULL, NULL));
    REFUSED(EPERM, chroot("/proc"));
    REFUSED(EPERM, syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3, 0));
    REFUSED(EPERM, syscall(SYS_add_key, NULL, NULL, NULL, 0, 0));
    REFUSED(EPERM, syscall(SYS_request_key, NULL, NULL, NULL, 0));
    REFUSED(EPERM, syscall(SYS_bpf, 0, NULL, 0));
    REFUSED(EPERM, syscall(SYS_perf_event_open, NULL, 0, 0, 0, 0));
    REFUSED(EPERM, syscall(SYS_userfaultfd, 0));
    REFUSED(EPERM, syscall(SYS_personality, 0xffffffff));
    REFUSED(EPERM, syscall(SYS_seccomp, 0, 0, NULL));
    REFUSED(EPERM, syscall(SYS_mq_open, "/x", O_CREAT | O_RDWR, 0600, NULL));
    REFUSED(EPERM, syscall(SYS_name_to_handle_at, 0, NULL, NULL, NULL, 0));
    REFUSED(EPERM, syscall(SYS_open_by_handle_at, 0, NULL, 0));
    REFUSED(EPERM, syscall(SYS_init_module, NULL, 0, NULL));
    REFUSED(EPERM, syscall(SYS_reboot, 0, 0, 0, NULL));
    REFUSED(EPERM, syscall(SYS_syslog, 10, NULL, 0));
    REFUSED(EPERM, syscall(SYS_splice, -1, NULL, -1, NULL, 0, 0));
    REFUSED(EPERM, syscall(SYS_sched_setaffinity, 0, 0, NULL));
    REFUSED(EPERM, ioctl(1, TIOCSTI, "x"));
    REFUSED(ENOSYS, syscall(SYS_io_uring_setup, 1, NULL));
    REFUSED(ENOSYS, syscall(500));
#ifdef __x86_64__
    REFUSED(EPERM, syscall(0x40000000 + SYS_getpid));
#endif
}

#ifdef __x86_64__
static void call_of_another_architecture(const char *folder)
{
    (void)folder;
    long result = 20; /* getpid of 32-bit programs */
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    wrong("the call answered %ld", result);
}
#endif

const attempt process_attempts[] = {
    {"the account is changed for good, with its groups and capabilities",
     OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL, account_is_its_own, 0},
    {"root kept by a grant is left without its powers over the system", 0, 0, NULL,
     root_has_lost_its_powers, 0},
    {"an account that the kernel refuses becomes nobody and is reported", OWN_ACCOUNT | FEW_IDS, 0,
     NULL, nobody_is_the_last_resort, 0},
    {"session and process group are its own", OWN_ACCOUNT, 0, NULL, session_is_its_own, 0},
    {"limits cannot be raised", OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL, limits_cannot_be_raised,
     0},
    {"root cannot raise its limits either", NEEDS_CALL_FILTER, 0, NULL, limits_cannot_be_raised, 0},
    {"two gigabytes are not to be had, in whatever kind of memory", OWN_ACCOUNT | NEEDS_CALL_FILTER,
     0, NULL, memory_ends_at_its_limit, 0},
    {"a hundred thousand files cannot be opened", OWN_ACCOUNT, 0, NULL,
     descriptors_end_at_their_limit, 0},
    {"a file of 300 MiB is an error of writing it", OWN_ACCOUNT, 0, NULL, large_files_are_an_error,
     0},
    {"the processor is taken away after the time for it", OWN_ACCOUNT | SHORT_CPU, 0, NULL,
     use_the_processor, SIGXCPU},
    {"who ignores the limit of processor time is killed", OWN_ACCOUNT | SHORT_CPU, 0,
     ignore_the_limit, use_the_processor, SIGKILL},
    {"no process can be made and no program executed", OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL,
     processes_cannot_be_made, 0},
    {"a thread bomb ends at the limit of threads", OWN_ACCOUNT, 0, NULL, threads_end_at_their_limit,
     0},
    {"a thread bomb of a kept account ends at the limit of memory", NEEDS_CALL_FILTER, 0, NULL,
     threads_end_with_the_memory, 0},
    {"memory and environment of the parent are out of reach", OWN_ACCOUNT, 0, NULL,
     parent_is_out_of_reach, 0},
    {"memory and environment of the parent are out of reach for root", NEEDS_FILE_RULES, 0, NULL,
     parent_is_out_of_reach, 0},
    {"memory and environment of the parent are out of reach for its own account",
     SESSION_ACCOUNT | NEEDS_FILE_RULES, 0, NULL, parent_is_out_of_reach, 0},
    {"the parent can be neither traced nor signalled", OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL,
     parent_cannot_be_traced_or_signalled, 0},
    {"the parent can be neither traced nor signalled by its own account",
     SESSION_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL, parent_cannot_be_traced_or_signalled, 0},
    {"the death with the parent cannot be taken back", OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL,
     parent_stays_watched, 0},
    {"a killed parent takes the process with it", OWN_ACCOUNT | PARENT_DIES, 0, NULL, stay_alive,
     0},
    {"a killed parent takes the process with it when its first thread has ended",
     OWN_ACCOUNT | PARENT_DIES, 0, NULL, stay_alive_in_another_thread, 0},
    {"calls that no plugin needs are refused", OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL,
     other_calls_are_refused, 0},
    {"calls that no plugin needs are refused to root", NEEDS_CALL_FILTER, 0, NULL,
     other_calls_are_refused, 0},
#ifdef __x86_64__
    {"a call of another architecture ends the process", OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL,
     call_of_another_architecture, SIGSYS},
#endif
};
const size_t process_attempt_count = COUNT(process_attempts);
