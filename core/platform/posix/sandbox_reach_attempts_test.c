/* SPDX-License-Identifier: MIT */
/* What a hostile plugin tries against files and networks, and what an honest one needs of them. */
#include "sandbox_attempts_test.h"

#include "sandbox_posix.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

/* "<folder>/<name>"; the last few stay valid. */
static const char *in(const char *folder, const char *name)
{
    static char paths[4][300];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void secrets_cannot_be_read(const char *folder)
{
    (void)folder;
    REFUSED(EACCES, open("/etc/shadow", O_RDONLY));
    REFUSED(EACCES, open("/etc/shadow", O_WRONLY));
    REFUSED(EACCES, open("/proc/self/root/etc/shadow", O_RDONLY));
    REFUSED(EACCES, open("/root", O_RDONLY | O_DIRECTORY));
}

static void other_folders_cannot_be_listed(const char *folder)
{
    const char *const folders[] = {"/", "/etc", "/home", "/var", "/tmp", "/dev", folder};
    for (size_t i = 0; i < COUNT(folders); i++)
        REFUSED(EACCES, open(folders[i], O_RDONLY | O_DIRECTORY));
    if (access("/etc/machine-id", F_OK) == 0)
        REFUSED(EACCES, open("/etc/machine-id", O_RDONLY));
}

static void system_files_are_for_reading_only(const char *folder)
{
    (void)folder;
    const char *const readable[] = {"/etc/passwd", "/etc/group", "/proc/self/status", "/usr",
                                    "/sys"};
    for (size_t i = 0; i < COUNT(readable); i++)
        WORKS(open(readable[i], O_RDONLY));
    const char *const locked[] = {"/etc/passwd", "/proc/sys/kernel/hostname", "/dev/zero",
                                  "/proc/self/oom_score_adj"};
    for (size_t i = 0; i < COUNT(locked); i++)
        REFUSED(EACCES, open(locked[i], O_WRONLY));
    REFUSED(EACCES, open("/usr/lib/rj-sandbox-test", O_WRONLY | O_CREAT, 0600));
    WORKS(open("/dev/null", O_RDWR));
}

/* By their modes these are open to everybody. */
static void other_paths_cannot_be_changed(const char *folder)
{
    REFUSED(EACCES, open(in(folder, "other/there"), O_RDONLY));
    REFUSED(EACCES, open(in(folder, "other/there"), O_WRONLY));
    REFUSED(EACCES, open(in(folder, "other/new"), O_WRONLY | O_CREAT, 0600));
    REFUSED(EACCES, mkdir(in(folder, "other/new"), 0700));
    REFUSED(EACCES, unlink(in(folder, "other/there")));
    REFUSED(EACCES, symlink("x", in(folder, "other/new")));
    REFUSED(EACCES, open(in(folder, "own/../other/there"), O_RDONLY));
    REFUSED(EACCES, open(in(folder, "shown/there"), O_WRONLY));
    REFUSED(EACCES, unlink(in(folder, "shown/there")));
    REFUSED(EACCES, open(in(folder, "shown/new"), O_WRONLY | O_CREAT, 0600));
    if (attempt_landlock_version() >= 3)
        REFUSED(EACCES, open(in(folder, "shown/there"), O_WRONLY | O_TRUNC));
}

static void nothing_leaves_or_enters_by_links(const char *folder)
{
    WORKS(close(open(in(folder, "own/x"), O_WRONLY | O_CREAT, 0600)));
    REFUSED(EACCES, rename(in(folder, "own/x"), in(folder, "other/x")));
    REFUSED(EACCES, rename(in(folder, "other/there"), in(folder, "own/y")));
    REFUSED(EACCES, rename(in(folder, "shown/there"), in(folder, "own/y")));
    REFUSED(EACCES, link(in(folder, "own/x"), in(folder, "other/x")));
    REFUSED(EXDEV, link(in(folder, "shown/there"), in(folder, "own/y")));
    REFUSED(EXDEV, link(in(folder, "other/there"), in(folder, "own/y")));
    WORKS(symlink(in(folder, "other/there"), in(folder, "own/z")));
    REFUSED(EACCES, open(in(folder, "own/z"), O_RDONLY));
    REFUSED(EACCES, open(in(folder, "own/z"), O_WRONLY));
}

static void own_folder_can_be_used(const char *folder)
{
    char text[10] = "";
    WORKS(open(in(folder, "shown/there"), O_RDONLY));
    WORKS(open(in(folder, "shown"), O_RDONLY | O_DIRECTORY));
    WORKS(mkdir(in(folder, "own/a"), 0700));
    WORKS(mkdir(in(folder, "own/b"), 0700));
    int fd = open(in(folder, "own/a/x"), O_RDWR | O_CREAT | O_EXCL, 0600);
    WORKS(fd);
    DEMAND(write(fd, "text", 4) == 4);
    WORKS(fsync(fd));
    WORKS(fchmod(fd, 0644));
    WORKS(futimens(fd, NULL));
    /* the first Landlock refuses every rename between folders */
    const char *moved = attempt_landlock_version() == 1 ? "own/a/y" : "own/b/y";
    WORKS(rename(in(folder, "own/a/x"), in(folder, moved)));
    WORKS(symlink(in(folder, moved), in(folder, "own/b/s")));
    int again = open(in(folder, "own/b/s"), O_RDWR);
    DEMAND(read(again, text, sizeof text) == 4 && strcmp(text, "text") == 0);
    WORKS(ftruncate(again, 2));
    WORKS(flock(again, LOCK_EX | LOCK_NB));
    WORKS(link(in(folder, moved), in(folder, moved[4] == 'a' ? "own/a/z" : "own/b/z")));
    WORKS(unlink(in(folder, moved)));
    WORKS(unlink(in(folder, "own/b/s")));
    WORKS(mkdir(in(folder, "own/c"), 0700));
    WORKS(rmdir(in(folder, "own/c")));
    int watch = inotify_add_watch(inotify_init1(IN_CLOEXEC), in(folder, "own"), IN_CREATE);
    if (!RJ_SANITIZED) /* who shares an account could watch all of its folders */
        DEMAND((watch >= 0) == (getuid() == OWN_UID));
}

/* Landlock does not know these; the account or the filter of calls must refuse them. */
static void others_modes_cannot_be_changed(const char *folder)
{
    REFUSED(EPERM, chmod(in(folder, "other/there"), 0777));
    REFUSED(EPERM, fchmodat(AT_FDCWD, in(folder, "shown/there"), 04755, 0));
    REFUSED(EPERM, chown(in(folder, "other/there"), getuid(), getgid()));
    const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    REFUSED(EPERM, utimensat(AT_FDCWD, in(folder, "other/there"), times, 0));
    REFUSED(EPERM, setxattr(in(folder, "other/there"), "user.x", "x", 1, 0));
}

/* Landlock before version 3 does not know this. */
static void readers_do_not_truncate(const char *folder)
{
    REFUSED(EPERM, truncate(in(folder, "shown/there"), 0));
    REFUSED(EPERM, open(in(folder, "shown/there"), O_RDONLY | O_TRUNC));
    REFUSED(EPERM, open(in(folder, "shown/there"), O_ACCMODE | O_TRUNC));
    REFUSED(EPERM, openat(AT_FDCWD, in(folder, "shown/there"), O_RDONLY | O_TRUNC | O_CLOEXEC));
    int fd = open(in(folder, "own/x"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    WORKS(fd);
    WORKS(ftruncate(fd, 10));
}

static void no_file_is_made_for_others_to_run(const char *folder)
{
    REFUSED(EPERM, open(in(folder, "own/x"), O_WRONLY | O_CREAT, 04755));
    REFUSED(EPERM, openat(AT_FDCWD, in(folder, "own/x"), O_WRONLY | O_CREAT, 02755));
    REFUSED(EPERM, open(in(folder, "own"), O_WRONLY | O_TMPFILE, 04755));
    REFUSED(EPERM, creat(in(folder, "own/x"), 04755));
    REFUSED(ENOSYS, syscall(SYS_openat2, AT_FDCWD, "/usr", NULL, 0));
    int fd = open(in(folder, "own/x"), O_RDWR | O_CREAT | O_EXCL, 0755);
    WORKS(fd);
    WORKS(fchmod(fd, 0644));
    REFUSED(EPERM, fchmod(fd, 04755));
    REFUSED(EPERM, fchmod(fd, 0666));
    REFUSED(EPERM, fchown(fd, 1, 1));
    REFUSED(EPERM, fsetxattr(fd, "user.x", "x", 1, 0));
}

static void own_modes_can_be_changed(const char *folder)
{
    WORKS(close(open(in(folder, "own/x"), O_WRONLY | O_CREAT, 0600)));
    WORKS(chmod(in(folder, "own/x"), 0644));
    WORKS(utimensat(AT_FDCWD, in(folder, "own/x"), NULL, 0));
    WORKS(truncate(in(folder, "own/x"), 10));
    if (attempt_landlock_version() >= 3)
        REFUSED(EACCES, truncate(in(folder, "other/there"), 0));
}

static void programs_cannot_be_executed(const char *folder)
{
    (void)folder;
    char *const arguments[] = {(char *)(uintptr_t) "true", NULL};
    REFUSED(RJ_SANITIZED ? EACCES : EPERM, execve("/bin/true", arguments, NULL));
}

/* ---- Network --------------------------------------------------------------------------------- */

static int early_socket; /* made before the sandbox was entered */

static void make_internet_socket(void)
{
    early_socket = socket(AF_INET, SOCK_STREAM, 0);
}

static void make_local_socket(void)
{
    early_socket = socket(AF_UNIX, SOCK_STREAM, 0);
}

static int connect_tcp(int fd, const char *folder)
{
    unsigned port = 0;
    FILE *file = fopen(in(folder, "shown/port"), "r");
    DEMAND(file && fscanf(file, "%u", &port) == 1);
    fclose(file);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int connect_path(int fd, const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", folder);
    return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int connect_abstract(int fd, const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", folder);
    return connect(fd, (struct sockaddr *)&address,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length));
}

static void no_socket_can_be_made(const char *folder)
{
    const int domains[] = {AF_INET,   AF_INET6, AF_UNIX,  AF_NETLINK,
                           AF_PACKET, AF_ALG,   AF_VSOCK, AF_BLUETOOTH};
    for (size_t i = 0; i < COUNT(domains); i++) {
        REFUSED(EPERM, socket(domains[i], SOCK_STREAM, 0));
        REFUSED(EPERM, socket(domains[i], SOCK_DGRAM, 0));
        REFUSED(EPERM, socket(domains[i], SOCK_RAW, 0));
    }
    int pair[2];
    char byte;
    REFUSED(EPERM, socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    REFUSED(EPERM, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
    WORKS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
    DEMAND(send(pair[0], "x", 1, MSG_NOSIGNAL) == 1 && recv(pair[1], &byte, 1, 0) == 1);
    REFUSED(EPERM, connect_path(pair[0], folder));
    REFUSED(EPERM, listen(pair[0], 1));
}

static void early_socket_reaches_no_tcp(const char *folder)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    REFUSED(EACCES, bind(early_socket, (struct sockaddr *)&any, sizeof any));
    REFUSED(EACCES, connect_tcp(early_socket, folder));
}

static void early_socket_reaches_no_abstract_one(const char *folder)
{
    REFUSED(EPERM, connect_abstract(early_socket, folder));
}

static void internet_is_reached_and_no_more(const char *folder)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    WORKS(fd);
    WORKS(connect_tcp(fd, folder));
    WORKS(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int)));
    WORKS(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
    REFUSED(EPERM, socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    REFUSED(EPERM, socket(AF_INET, SOCK_STREAM, 132 /* SCTP */));
    REFUSED(EPERM, socket(AF_UNIX, SOCK_STREAM, 0));
    REFUSED(EPERM, socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    struct addrinfo *found = NULL;
    if (access("/etc/hosts", R_OK) == 0) { /* the barest of systems know no names */
        DEMAND(getaddrinfo("localhost", "80", NULL, &found) == 0);
        freeaddrinfo(found);
    }
}

static void local_is_reached_and_no_more(const char *folder)
{
    WORKS(connect_path(socket(AF_UNIX, SOCK_STREAM, 0), folder));
    WORKS(connect_abstract(socket(AF_UNIX, SOCK_STREAM, 0), folder));
    REFUSED(EPERM, socket(AF_INET, SOCK_STREAM, 0));
    REFUSED(EPERM, socket(AF_INET6, SOCK_DGRAM, 0));
    REFUSED(EPERM, socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/own/bound", folder);
    WORKS(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address));
}

static void netlink_is_reached_and_no_more(const char *folder)
{
    (void)folder;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    WORKS(bind(fd, (struct sockaddr *)&address, sizeof address));
    REFUSED(EPERM, socket(AF_NETLINK, SOCK_RAW, 9 /* audit */));
    REFUSED(EPERM, socket(AF_INET, SOCK_STREAM, 0));
    REFUSED(EPERM, socket(AF_UNIX, SOCK_STREAM, 0));
}

/* ---- Honest work ----------------------------------------------------------------------------- */

static void *work_of_a_thread(void *memory)
{
    for (int i = 0; i < 1000; i++)
        free(malloc((size_t)i * 64));
    memset(memory, 7, 1000);
    return memory;
}

static void library_calls_work(const char *folder)
{
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        DEMAND(pthread_create(&threads[i], NULL, work_of_a_thread, malloc(1000)) == 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *memory = NULL;
        DEMAND(pthread_join(threads[i], &memory) == 0 && ((char *)memory)[999] == 7);
        free(memory);
    }
    void *library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        wrong("%s", dlerror());
    const struct passwd *root = getpwuid(0);
    DEMAND(root && strcmp(root->pw_name, "root") == 0);
    time_t now = time(NULL);
    struct tm parts;
    DEMAND(localtime_r(&now, &parts) && parts.tm_year > 100);
    char bytes[16];
    DEMAND(getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes);
    FILE *file = fopen(in(folder, "own/text"), "w+");
    DEMAND(file && fprintf(file, "%d\n", 42) == 3 && fseek(file, 0, SEEK_SET) == 0);
    DEMAND(fgets(bytes, sizeof bytes, file) && strcmp(bytes, "42\n") == 0 && fclose(file) == 0);
    DIR *processes = opendir("/proc");
    DEMAND(processes && readdir(processes) && closedir(processes) == 0);
    DEMAND(sysconf(_SC_NPROCESSORS_ONLN) > 0 && sysconf(_SC_OPEN_MAX) == 256);
    WORKS(close_range(200, ~0u, 0));
}

static void executable_memory_can_be_had(const char *folder)
{
    (void)folder;
    void *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    DEMAND(code != MAP_FAILED);
}

static void abort_ends_the_process(const char *folder)
{
    (void)folder;
    abort();
}

static int loop_events;

static void on_timer(uv_timer_t *timer)
{
    loop_events++;
    uv_close((uv_handle_t *)timer, NULL);
}

static void on_async(uv_async_t *async)
{
    loop_events++;
    uv_close((uv_handle_t *)async, NULL);
}

static void wake(void *async)
{
    uv_async_send(async);
}

static void event_loop_works(const char *folder)
{
    uv_loop_t loop;
    uv_timer_t timer;
    uv_async_t async;
    uv_thread_t thread;
    uv_fs_t request;
    DEMAND(uv_loop_init(&loop) == 0);
    DEMAND(uv_timer_init(&loop, &timer) == 0 && uv_timer_start(&timer, on_timer, 10, 0) == 0);
    DEMAND(uv_async_init(&loop, &async, on_async) == 0);
    DEMAND(uv_thread_create(&thread, wake, &async) == 0);
    DEMAND(uv_run(&loop, UV_RUN_DEFAULT) == 0 && loop_events == 2);
    DEMAND(uv_fs_scandir(&loop, &request, in(folder, "shown"), 0, NULL) == 2);
    uv_fs_req_cleanup(&request);
    uv_thread_join(&thread);
    DEMAND(uv_loop_close(&loop) == 0);
}

const attempt reach_attempts[] = {
    {"/etc/shadow cannot be read", OWN_ACCOUNT, 0, NULL, secrets_cannot_be_read, 0},
    {"/etc/shadow cannot be read by root either", NEEDS_FILE_RULES, 0, NULL, secrets_cannot_be_read,
     0},
    {"folders that are not granted cannot be listed", OWN_ACCOUNT | NEEDS_FILE_RULES, 0, NULL,
     other_folders_cannot_be_listed, 0},
    {"files of the system can be read and not written, even by root", NEEDS_FILE_RULES, 0, NULL,
     system_files_are_for_reading_only, 0},
    {"what is not granted cannot be changed", OWN_ACCOUNT | NEEDS_FILE_RULES, 0, NULL,
     other_paths_cannot_be_changed, 0},
    {"what is not granted cannot be changed by root", NEEDS_FILE_RULES, 0, NULL,
     other_paths_cannot_be_changed, 0},
    {"renames and links do not cross the border", NEEDS_FILE_RULES | NEEDS_SCOPES, 0, NULL,
     nothing_leaves_or_enters_by_links, 0},
    {"what is granted can be used", OWN_ACCOUNT, 0, NULL, own_folder_can_be_used, 0},
    {"what is granted can be used by a kept account", SESSION_ACCOUNT, 0, NULL,
     own_folder_can_be_used, 0},
    {"modes and owners of other files stay", OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL,
     others_modes_cannot_be_changed, 0},
    {"modes and owners of files of a kept account stay", NEEDS_CALL_FILTER, 0, NULL,
     others_modes_cannot_be_changed, 0},
    {"a kept account truncates nothing that it may only read", NEEDS_CALL_FILTER, 0, NULL,
     readers_do_not_truncate, 0},
    {"a kept account makes no file that runs with its rights for others", NEEDS_CALL_FILTER, 0,
     NULL, no_file_is_made_for_others_to_run, 0},
    {"modes and sizes of own files can be changed", OWN_ACCOUNT, 0, NULL, own_modes_can_be_changed,
     0},
    {"no program can be executed, by whichever layer", NEEDS_FILE_RULES, 0, NULL,
     programs_cannot_be_executed, 0},
    {"without a grant no socket can be made or connected", OWN_ACCOUNT | NEEDS_CALL_FILTER, 0, NULL,
     no_socket_can_be_made, 0},
    {"without a grant no socket can be made or connected by root", NEEDS_CALL_FILTER, 0, NULL,
     no_socket_can_be_made, 0},
    {"without the internet no TCP is reached through a socket that is there",
     OWN_ACCOUNT | NEEDS_SCOPES, RJ_NETWORK_LOCAL, make_internet_socket,
     early_socket_reaches_no_tcp, 0},
    {"without local sockets no abstract one is reached through one that is there",
     OWN_ACCOUNT | NEEDS_SCOPES, RJ_NETWORK_INTERNET, make_local_socket,
     early_socket_reaches_no_abstract_one, 0},
    {"the grant for the internet opens TCP and UDP only", OWN_ACCOUNT | NEEDS_CALL_FILTER,
     RJ_NETWORK_INTERNET, NULL, internet_is_reached_and_no_more, 0},
    {"the grant for local sockets opens these only", OWN_ACCOUNT | NEEDS_CALL_FILTER,
     RJ_NETWORK_LOCAL, NULL, local_is_reached_and_no_more, 0},
    {"the grant for netlink opens some of its protocols only", OWN_ACCOUNT | NEEDS_CALL_FILTER,
     RJ_NETWORK_NETLINK, NULL, netlink_is_reached_and_no_more, 0},
    {"the C library works", OWN_ACCOUNT, 0, NULL, library_calls_work, 0},
    {"the C library works for a kept account", SESSION_ACCOUNT, 0, NULL, library_calls_work, 0},
    {"memory can be made executable, as the documentation says", OWN_ACCOUNT, 0, NULL,
     executable_memory_can_be_had, 0},
    {"abort() ends the process by its signal", OWN_ACCOUNT, 0, NULL, abort_ends_the_process,
     SIGABRT},
    {"an event loop with timers and threads works", OWN_ACCOUNT, 0, NULL, event_loop_works, 0},
};
const size_t reach_attempt_count = COUNT(reach_attempts);
