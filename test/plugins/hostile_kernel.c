/* SPDX-License-Identifier: MIT */
/* The hostile plugin against other processes, its limits and the kernel. */
#include "hostile.h"

#include "hostile_ids.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

HOSTILE_ATTEMPTS(HOSTILE_DECLARE)

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MIB ((size_t)1024 * 1024)

/* ---- Other processes ------------------------------------------------------------------------- */

void trace(hostile *h)
{
    long core = (long)getppid();
    char byte = 0;
    struct iovec one = {&byte, 1};
    TRY("attach", ptrace(PTRACE_ATTACH, (pid_t)core, NULL, NULL));
    TRY("seize", ptrace(PTRACE_SEIZE, (pid_t)core, NULL, NULL));
    TRY("be traced", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    TRY("read memory", process_vm_readv((pid_t)core, &one, 1, &one, 1, 0));
    TRY("write memory", process_vm_writev((pid_t)core, &one, 1, &one, 1, 0));
    TRY("pidfd", syscall(SYS_pidfd_open, core, 0));
    TRY("descriptor of the core", syscall(SYS_pidfd_getfd, 0, 0, 0));
    TRY("advise", syscall(SYS_process_madvise, 0, &one, 1, MADV_COLD, 0));
    TRY("compare", syscall(SYS_kcmp, core, getpid(), 0, 0, 0));
    TRY("ask to trace", prctl(PR_SET_PTRACER, core, 0, 0, 0));
}

void signals(hostile *h)
{
    const long core = (long)getppid();
    const long other = hostile_find_worker("probe");
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_code = SI_QUEUE;
    hostile_count(h, "other worker found", other > 0);
    TRY("core", kill((pid_t)core, 0));
    TRY("core to end", kill((pid_t)core, SIGTERM));
    TRY("other worker", kill((pid_t)other, SIGKILL));
    TRY("everybody", kill(-1, 0));
    TRY("its group", kill(0, 0));
    TRY("thread", syscall(SYS_tkill, core, SIGTERM));
    TRY("thread of the core", syscall(SYS_tgkill, core, core, SIGTERM));
    TRY("queued", syscall(SYS_rt_sigqueueinfo, core, SIGTERM, &info));
    TRY("queued to a thread", syscall(SYS_rt_tgsigqueueinfo, core, core, SIGTERM, &info));
    TRY("by a pidfd", syscall(SYS_pidfd_send_signal, 0, SIGTERM, NULL, 0));
    TRY("owner of a line", fcntl(3, F_SETOWN, core));
    TRY("owner of a line by type", fcntl(3, F_SETOWN_EX, &(struct f_owner_ex){F_OWNER_PID, 0}));
    TRY("signal of a line", fcntl(3, F_SETSIG, SIGKILL));
    TRY("signals of a line", ioctl(3, FIOASYNC, &(int){1}));
    TRY("owner by ioctl", ioctl(3, 0x8901 /* FIOSETOWN */, &(int){0}));
    TRY("lease", fcntl(5, F_SETLEASE, F_RDLCK));
    TRY("notify", fcntl(5, F_NOTIFY, DN_ACCESS));
    TRY("priority", setpriority(PRIO_PROCESS, (id_t)core, 19));
    TRY("limits of the core", prlimit((pid_t)core, RLIMIT_NOFILE, &(struct rlimit){1, 1}, NULL));
}

void processes(hostile *h)
{
    int (*const run_shell)(const char *) = system;
    FILE *(*const open_shell)(const char *, const char *) = popen;
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    char *const none[] = {NULL};
    pid_t pid;
    long made = 0;
    for (int i = 0; i < 1000; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        made += child > 0;
    }
    hostile_count(h, "bomb", made);
    TRY("fork", fork());
    TRY("clone", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    TRY("clone3", syscall(SYS_clone3, NULL, 0));
#ifdef SYS_vfork
    TRY("vfork", syscall(SYS_vfork));
#else
    TRY("vfork", fork());
#endif
    int problem = posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, none);
    hostile_count(h, "posix_spawn", problem);
    /* Of these, one answers as if a shell had ended with 127, the other makes up an errno. */
    hostile_count(h, "system", run_shell("exit 0") == 0 ? 0 : EPERM);
    hostile_count(h, "popen", open_shell("exit 0", "r") ? 0 : EPERM);
    TRY("execve", execve("/bin/true", arguments, none));
    TRY("execve of the core's program", execve("/proc/self/exe", arguments, none));
    TRY("execveat", syscall(SYS_execveat, 5, "", arguments, none, 0x1000));
    TRY("namespace", syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, 0, 0, 0, 0));
}

static void *wait_for_the_end(void *unused)
{
    pause();
    return unused;
}

void threads(hostile *h)
{
    pthread_t thread;
    long made = 0;
    while (made < 5000 && pthread_create(&thread, NULL, wait_for_the_end, NULL) == 0)
        made++;
    hostile_count(h, "threads", made);
}

/* ---- Memory and descriptors ------------------------------------------------------------------ */

static void *take(size_t length, int flags)
{
    return mmap(NULL, length, PROT_READ | PROT_WRITE, flags, -1, 0);
}

void memory(hostile *h)
{
    static char *blocks[4096];
    long taken = 0;
    TRY("two gigabytes", malloc(2048 * MIB) ? 0 : -1);
    TRY("mapped", take(2048 * MIB, MAP_PRIVATE | MAP_ANONYMOUS) == MAP_FAILED ? -1 : 0);
    TRY("reserved",
        take(2048 * MIB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE) == MAP_FAILED ? -1 : 0);
    TRY("shared", take(64 * MIB, MAP_SHARED | MAP_ANONYMOUS) == MAP_FAILED ? -1 : 0);
    TRY("like a stack",
        take(64 * MIB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN) == MAP_FAILED ? -1 : 0);
    TRY("huge pages",
        take(64 * MIB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB) == MAP_FAILED ? -1 : 0);
    TRY("heap", sbrk((intptr_t)(2048 * MIB)) == (void *)-1 ? -1 : 0); /* NOLINT */
    TRY("memfd", syscall(SYS_memfd_create, "x", 0));
    TRY("secret memory", syscall(SYS_memfd_secret, 0));
    TRY("shm_open", shm_open("/rj-hostile", O_RDWR | O_CREAT, 0600));
    TRY("shmget", syscall(SYS_shmget, 0, 4096, 0600));
    TRY("semget", syscall(SYS_semget, 0, 1, 0600));
    TRY("msgget", syscall(SYS_msgget, 0, 0600));
    TRY("mq_open", syscall(SYS_mq_open, "x", O_CREAT | O_RDWR, 0600, NULL));
    TRY("large pipe", fcntl(2, F_SETPIPE_SZ, 1 << 20));
    TRY("locked", mlockall(MCL_CURRENT | MCL_FUTURE));
    while (taken < (long)COUNT(blocks) && (blocks[taken] = malloc(MIB))) {
        memset(blocks[taken], 1, MIB);
        taken++;
    }
    for (long i = 0; i < taken; i++)
        free(blocks[i]);
    hostile_count(h, "mebibytes", taken);
}

void descriptors(hostile *h)
{
    static int opened[100000];
    long count = 0;
    while (count < (long)COUNT(opened) && (opened[count] = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    int problem = errno;
    for (long i = 0; i < count; i++)
        close(opened[i]);
    hostile_count(h, "files", count);
    hostile_count(h, "then", problem);
}

/* ---- Rights ---------------------------------------------------------------------------------- */

void account(hostile *h)
{
    hostile_count(h, "uid", (long)getuid());
    hostile_count(h, "gid", (long)getgid());
    hostile_count(h, "groups", (long)getgroups(0, NULL));
    hostile_count(h, "own session", getsid(0) == getpid());
    TRY("setuid", setuid(0));
    TRY("setgid", setgid(0));
    TRY("setresuid", syscall(SYS_setresuid, 0, 0, 0));
    TRY("setresgid", syscall(SYS_setresgid, 0, 0, 0));
    TRY("setgroups", syscall(SYS_setgroups, 0, NULL));
    TRY("setfsuid", syscall(SYS_setfsuid, 0));
    TRY("capset", syscall(SYS_capset, NULL, NULL));
    TRY("setsid", setsid());
    TRY("setpgid", setpgid(0, getppid()));
}

void limits(hostile *h)
{
    static const struct {
        const char *name;
        int resource;
    } all[] = {{"data", RLIMIT_DATA},      {"space", RLIMIT_AS},      {"file", RLIMIT_FSIZE},
               {"files", RLIMIT_NOFILE},   {"threads", RLIMIT_NPROC}, {"cpu", RLIMIT_CPU},
               {"core dump", RLIMIT_CORE}, {"locked", RLIMIT_MEMLOCK}};
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    for (size_t i = 0; i < COUNT(all); i++)
        TRY(all[i].name, setrlimit((__rlimit_resource_t)all[i].resource, &none));
    struct rlimit now = {0, 0};
    TRY("reading", getrlimit(RLIMIT_CPU, &now));
    hostile_count(h, "cpu seconds", (long)now.rlim_cur);
    getrlimit(RLIMIT_NOFILE, &now);
    hostile_count(h, "open files", (long)now.rlim_cur);
}

void kernel(hostile *h)
{
    TRY("mount", syscall(SYS_mount, NULL, NULL, NULL, 0, NULL));
    TRY("umount", syscall(SYS_umount2, NULL, 0));
    TRY("open_tree", syscall(SYS_open_tree, -100, "/", 0));
    TRY("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    TRY("unshare", unshare(CLONE_NEWUSER));
    TRY("setns", setns(0, 0));
    TRY("chroot", chroot("/proc"));
    TRY("pivot_root", syscall(SYS_pivot_root, NULL, NULL));
    TRY("keyctl", syscall(SYS_keyctl, 0, -3, 0));
    TRY("add_key", syscall(SYS_add_key, "user", "x", "x", 1, -3));
    TRY("request_key", syscall(SYS_request_key, "user", "x", NULL, -3));
    TRY("bpf", syscall(SYS_bpf, 0, NULL, 0));
    TRY("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
    TRY("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
    TRY("userfaultfd", syscall(SYS_userfaultfd, 0));
    TRY("personality", syscall(SYS_personality, 0x0040000));
    TRY("new filter", syscall(SYS_seccomp, 1, 0, NULL));
    TRY("new rules", syscall(SYS_landlock_create_ruleset, NULL, 0, 1));
    TRY("fanotify", syscall(SYS_fanotify_init, 0, 0));
    TRY("handle", syscall(SYS_open_by_handle_at, 0, NULL, 0));
    TRY("module", syscall(SYS_init_module, NULL, 0, ""));
    TRY("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
    TRY("syslog", syscall(SYS_syslog, 10, NULL, 0));
    TRY("swapoff", syscall(SYS_swapoff, "/x"));
    TRY("host name", syscall(SYS_sethostname, NULL, 1));
    TRY("clock", syscall(SYS_clock_settime, CLOCK_REALTIME, NULL));
    TRY("quota", syscall(SYS_quotactl, 0, NULL, 0, NULL));
    TRY("accounting", syscall(SYS_acct, NULL));
    TRY("real time", sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1}));
    TRY("processor", syscall(SYS_sched_setaffinity, 0, 0, NULL));
    TRY("priority", setpriority(PRIO_PROCESS, 0, -20));
    TRY("splice", syscall(SYS_splice, -1, NULL, -1, NULL, 1, 0));
    TRY("outlive the core", prctl(PR_SET_PDEATHSIG, 0));
    TRY("dumpable", prctl(PR_SET_DUMPABLE, 1));
    TRY("adopt", prctl(PR_SET_CHILD_SUBREAPER, 1));
    TRY("capabilities", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
    TRY("terminal input", ioctl(2, TIOCSTI, "x"));
    TRY("a call that there is not", syscall(499));
    TRY("name of the thread", prctl(PR_SET_NAME, "x"));
}
