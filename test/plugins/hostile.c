/* SPDX-License-Identifier: MIT */
/*
 * A plugin that attacks: its check ids are attempts (hostile_ids.h), its result says for each thing it
 * tried which errno refused it, 0 for what was allowed.  What it needs to know of the scene around it
 * stands in its settings.  Here: the plugin itself, files and sockets.
 */
#include "hostile.h"

#include "hostile_ids.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

HOSTILE_ATTEMPTS(HOSTILE_DECLARE)

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Report ---------------------------------------------------------------------------------- */

void hostile_count(hostile *h, const char *name, long count)
{
    h->found_length +=
        (size_t)snprintf(h->found + h->found_length, sizeof h->found - h->found_length,
                         "%s\"%s\":%ld", h->found_length ? "," : "", name, count);
}

void hostile_note(hostile *h, const char *name, long result)
{
    hostile_count(h, name, result == -1 ? errno : 0);
}

void hostile_answer(hostile *h)
{
    char json[sizeof h->found + 16];
    int length = snprintf(json, sizeof json, "{\"tried\":{%s}}", h->found);
    h->op->set_result(h->host, h->now, json, (size_t)length);
    h->op->finish(h->host, h->now, RJ_OK, NULL);
}

const char *hostile_setting(const hostile *h, const char *name)
{
    static char values[4][400];
    static unsigned next;
    char *value = values[next++ % COUNT(values)];
    char key[80];
    *value = '\0';
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(h->config, key);
    if (!at)
        return value;
    at += strlen(key);
    at += strspn(at, " \"");
    snprintf(value, sizeof values[0], "%.*s", (int)strcspn(at, "\""), at);
    return value;
}

const char *hostile_path(const hostile *h, const char *setting, const char *name)
{
    static char paths[4][500];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", hostile_setting(h, setting), name);
    return path;
}

/* ---- Files ----------------------------------------------------------------------------------- */

void well(hostile *h)
{
    hostile_count(h, "pid", (long)getpid());
}

/* Everything of the agent and of others that it would like to know. */
void secrets(hostile *h)
{
    TRY("shadow", open("/etc/shadow", O_RDONLY));
    TRY("shadow to write", open("/etc/shadow", O_WRONLY));
    TRY("shadow by /proc", open("/proc/self/root/etc/shadow", O_RDONLY));
    TRY("shadow by the core's /proc", open("/proc/1/root/etc/shadow", O_RDONLY));
    TRY("home of root", open("/root", O_RDONLY | O_DIRECTORY));
    TRY("all", open("/", O_RDONLY | O_DIRECTORY));
    TRY("agent's state", open(hostile_setting(h, "state"), O_RDONLY | O_DIRECTORY));
    TRY("agent's records", open(hostile_path(h, "state", "state.db"), O_RDWR));
    TRY("agent's policy", open(hostile_path(h, "policy", "device.json"), O_RDONLY));
    TRY("agent's policy to write", open(hostile_path(h, "policy", "device.json"), O_WRONLY));
    TRY("agent's log", open(hostile_path(h, "log", "realmjoin.log"), O_RDONLY));
    TRY("agent's socket", open(hostile_path(h, "run", "agent.sock"), O_RDWR));
    TRY("other plugin's folder", open(hostile_setting(h, "other"), O_RDONLY | O_DIRECTORY));
    TRY("other plugin's state", open(hostile_path(h, "other", "token"), O_RDONLY));
    TRY("key of the user", open(hostile_path(h, "home", ".ssh/id"), O_RDONLY));
    TRY("home of the user", open(hostile_setting(h, "home"), O_RDONLY | O_DIRECTORY));
}

void core_memory(hostile *h)
{
    static const char *const files[] = {"mem",  "environ", "maps", "auxv", "fd",
                                        "task", "status",  "cwd",  "root", "ns/mnt"};
    char path[80];
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "/proc/%ld/%s", (long)getppid(), files[i]);
        TRY(files[i], open(path, O_RDONLY));
    }
    snprintf(path, sizeof path, "/proc/%ld/mem", (long)getppid());
    TRY("mem to write", open(path, O_RDWR));
    snprintf(path, sizeof path, "/proc/%ld/oom_score_adj", (long)getppid());
    TRY("oom_score_adj", open(path, O_WRONLY));
    snprintf(path, sizeof path, "/proc/%ld/mem", hostile_find_worker("probe"));
    TRY("mem of another worker", open(path, O_RDONLY));
}

/* What Landlock does not know, docs/security.md says so. */
void metadata(hostile *h)
{
    struct stat st;
    char value[16];
    const char *secret = hostile_path(h, "home", ".ssh/id");
    TRY("stat", stat(secret, &st));
    TRY("access", access(secret, F_OK));
    TRY("chdir", chdir(hostile_setting(h, "home")));
    TRY("chdir back", chdir("/"));
    TRY("watch", inotify_add_watch(inotify_init1(IN_CLOEXEC), hostile_setting(h, "home"), IN_OPEN));
    TRY("watch of its own",
        inotify_add_watch(inotify_init1(IN_CLOEXEC), hostile_setting(h, "state_dir"), IN_OPEN));
    TRY("attributes", listxattr(secret, value, sizeof value));
    TRY("chmod", chmod(secret, 0777));
    TRY("chown", chown(secret, getuid(), getgid()));
    TRY("truncate", truncate(secret, 0));
    TRY("times", utimensat(AT_FDCWD, secret, NULL, 0));
    TRY("set attribute", setxattr(secret, "user.x", "x", 1, 0));
}

void allowed_files(hostile *h)
{
    char temporary[400];
    snprintf(temporary, sizeof temporary, "%s/x-XXXXXX", getenv("TMPDIR"));
    TRY("its plugin", open(hostile_path(h, "folder", "plugin.json"), O_RDONLY));
    TRY("its binary", open(hostile_path(h, "folder", "hostile.so"), O_RDONLY));
    TRY("its descriptor", pread(5, temporary + 300, 4, 0));
    TRY("programs", open("/usr/bin/env", O_RDONLY));
    TRY("its status", open("/proc/self/status", O_RDONLY));
    TRY("accounts", open("/etc/passwd", O_RDONLY));
    TRY("nothing", open("/dev/null", O_WRONLY));
    TRY("state", open(hostile_path(h, "state_dir", "x"), O_WRONLY | O_CREAT, 0600));
    TRY("cache", open(hostile_path(h, "cache_dir", "x"), O_WRONLY | O_CREAT, 0600));
    TRY("temporary file", mkstemp(temporary));
}

void write_outside(hostile *h)
{
    static const char *const places[] = {"/tmp", "/var/tmp", "/dev/shm", "/etc", "/usr/lib", "/"};
    char path[500];
    for (size_t i = 0; i < COUNT(places); i++) {
        snprintf(path, sizeof path, "%s/rj-hostile", places[i]);
        TRY(places[i], open(path, O_WRONLY | O_CREAT, 0600));
    }
    static const char *const settings[] = {"folder", "state", "policy", "log",
                                           "run",    "other", "home",   "open"};
    for (size_t i = 0; i < COUNT(settings); i++)
        TRY(settings[i], open(hostile_path(h, settings[i], "x"), O_WRONLY | O_CREAT, 0600));
    TRY("above", open(hostile_path(h, "state_dir", "../x"), O_WRONLY | O_CREAT, 0600));
    TRY("above by a descriptor",
        openat(open(hostile_setting(h, "state_dir"), O_RDONLY), "../x", O_WRONLY | O_CREAT, 0600));
    TRY("its binary", open(hostile_path(h, "folder", "hostile.so"), O_WRONLY));
    TRY("its binary by a descriptor", open("/proc/self/fd/5", O_RDWR));
    TRY("new folder", mkdir(hostile_path(h, "open", "d"), 0700));
    TRY("new link", symlink("x", hostile_path(h, "open", "l")));
    TRY("remove", unlink(hostile_path(h, "open", "there")));
    TRY("pipe", mkfifo(hostile_path(h, "state_dir", "p"), 0600));
    TRY("device", mknod(hostile_path(h, "state_dir", "d"), S_IFCHR | 0600, 0x103));
    TRY("kernel setting", open("/proc/sys/kernel/core_pattern", O_WRONLY));
    TRY("kernel object", open("/sys/kernel/rj-hostile", O_WRONLY | O_CREAT, 0600));
}

void links(hostile *h)
{
    const char *own = hostile_path(h, "state_dir", "own");
    TRY("own file", close(open(own, O_WRONLY | O_CREAT, 0600)));
    TRY("rename out", rename(own, hostile_path(h, "open", "x")));
    TRY("link out", link(own, hostile_path(h, "open", "x")));
    TRY("rename in", rename(hostile_path(h, "open", "there"), hostile_path(h, "state_dir", "y")));
    TRY("link in", link(hostile_path(h, "open", "there"), hostile_path(h, "state_dir", "y")));
    TRY("exchange", syscall(SYS_renameat2, AT_FDCWD, own, AT_FDCWD,
                            hostile_path(h, "open", "there"), 2 /* RENAME_EXCHANGE */));
    TRY("link to its binary", linkat(AT_FDCWD, "/proc/self/fd/5", AT_FDCWD,
                                     hostile_path(h, "state_dir", "so"), AT_SYMLINK_FOLLOW));
    TRY("link", symlink(hostile_path(h, "open", "there"), hostile_path(h, "state_dir", "z")));
    TRY("read by the link", open(hostile_path(h, "state_dir", "z"), O_RDONLY));
    TRY("write by the link", open(hostile_path(h, "state_dir", "z"), O_WRONLY));
    /* Inside, a folder that is open is moved up: what lies above it is not granted for that. */
    TRY("folders", mkdir(hostile_path(h, "state_dir", "a"), 0700));
    TRY("more folders", mkdir(hostile_path(h, "state_dir", "a/b"), 0700));
    int inner = open(hostile_path(h, "state_dir", "a/b"), O_RDONLY | O_DIRECTORY);
    TRY("move", rename(hostile_path(h, "state_dir", "a/b"), hostile_path(h, "state_dir", "b")));
    TRY("above the moved", openat(inner, "../../x", O_WRONLY | O_CREAT, 0600));
    TRY("instead of its folder",
        rename(hostile_setting(h, "state_dir"), hostile_path(h, "cache_dir", "gone")));
}

void own_modes(hostile *h)
{
    const char *own = hostile_path(h, "state_dir", "tool");
    char *const arguments[] = {(char *)(uintptr_t) "tool", NULL};
    int fd = open(own, O_WRONLY | O_CREAT | O_EXCL, 0755);
    TRY("write", write(fd, "#!/bin/sh\n", 10));
    close(fd);
    TRY("give away", chown(own, 0, 0));
    TRY("mode", chmod(own, 0755));
    TRY("set-user-ID", chmod(own, 04755));
    TRY("execute", execve(own, arguments, NULL));
    TRY("set-user-ID of a new file",
        open(hostile_path(h, "state_dir", "s"), O_WRONLY | O_CREAT, 04755));
}

/* As many as there is time for, and far more than can be open. */
void many_files(hostile *h)
{
    long made = 0;
    int problem = 0;
    char path[500];
    const time_t limit = time(NULL) + 2;
    while (made < 100000 && !problem && (made < 1000 || time(NULL) < limit)) {
        snprintf(path, sizeof path, "%s/%ld", hostile_setting(h, "state_dir"), made);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        problem = fd < 0 ? errno : 0;
        made += fd >= 0;
        close(fd);
    }
    hostile_count(h, "files", made);
    hostile_count(h, "then", problem);
}

void large_file(hostile *h)
{
    const off_t ten_gigabytes = (off_t)10 << 30;
    int fd = open(hostile_path(h, "state_dir", "large"), O_RDWR | O_CREAT, 0600);
    TRY("open", fd);
    TRY("grow", ftruncate(fd, ten_gigabytes));
    TRY("grow by path", truncate(hostile_path(h, "state_dir", "large"), ten_gigabytes));
    TRY("reserve", fallocate(fd, 0, 0, ten_gigabytes));
    TRY("write behind", pwrite(fd, "x", 1, ten_gigabytes));
    TRY("write within", pwrite(fd, "x", 1, 1 << 20));
}

static int put_link(const hostile *h)
{
    const char *inner = hostile_path(h, "granted", "inner");
    if (rename(inner, hostile_path(h, "granted", "away")) < 0)
        return -1;
    return symlink(hostile_setting(h, "sibling"), inner);
}

/* "granted" is what the policy grants, "sibling" lies beside it. */
void granted_files(hostile *h)
{
    TRY("read", open(hostile_path(h, "granted", "there"), O_RDONLY));
    TRY("list", open(hostile_setting(h, "granted"), O_RDONLY | O_DIRECTORY));
    TRY("write", open(hostile_path(h, "granted", "there"), O_WRONLY));
    TRY("make", open(hostile_path(h, "granted", "new"), O_WRONLY | O_CREAT, 0600));
    TRY("replace by a link", put_link(h));
    TRY("execute", execl(hostile_path(h, "granted", "there"), "x", (char *)NULL));
    TRY("read beside", open(hostile_path(h, "sibling", "there"), O_RDONLY));
    TRY("write beside", open(hostile_path(h, "sibling", "there"), O_WRONLY));
    TRY("write by the link", open(hostile_path(h, "granted", "inner/there"), O_WRONLY));
    TRY("shadow", open("/etc/shadow", O_RDONLY));
}

void packages(hostile *h)
{
    TRY("see packages", open(hostile_setting(h, "packages"), O_RDONLY | O_DIRECTORY));
    TRY("add a package", mkdir(hostile_path(h, "packages", "x"), 0700));
    TRY("see package logs", open(hostile_setting(h, "package-logs"), O_RDONLY | O_DIRECTORY));
    TRY("agent's log", open(hostile_path(h, "log", "realmjoin.log"), O_RDONLY));
    TRY("agent's records", open(hostile_path(h, "state", "state.db"), O_RDONLY));
    hostile_count(h, "uid", (long)getuid());
}

/* ---- Sockets --------------------------------------------------------------------------------- */

void sockets(hostile *h)
{
    int pair[2];
    TRY("tcp", socket(AF_INET, SOCK_STREAM, 0));
    TRY("tcp6", socket(AF_INET6, SOCK_STREAM, 0));
    TRY("udp", socket(AF_INET, SOCK_DGRAM, 0));
    TRY("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    TRY("unix", socket(AF_UNIX, SOCK_STREAM, 0));
    TRY("unix datagram", socket(AF_UNIX, SOCK_DGRAM, 0));
    TRY("netlink", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    TRY("netlink audit", socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT));
    TRY("packet", socket(AF_PACKET, SOCK_RAW, 0));
    TRY("crypto", socket(AF_ALG, SOCK_SEQPACKET, 0));
    TRY("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
    TRY("pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    TRY("datagram pair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
}

static int connect_unix(const char *name, int type, int abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path + abstract, sizeof address.sun_path - (size_t)abstract, "%s", name);
    socklen_t length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(name));
    int fd = socket(AF_UNIX, type, 0);
    return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, length);
}

static int reach_internet(const hostile *h, int type)
{
    struct sockaddr_in there = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(hostile_setting(h, "port"))),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type, 0);
    if (fd < 0)
        return -1;
    return type == SOCK_STREAM
               ? connect(fd, (struct sockaddr *)&there, sizeof there)
               : (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&there, sizeof there);
}

static int reach_kernel(void)
{
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    return fd < 0 ? -1 : bind(fd, (struct sockaddr *)&kernel, sizeof kernel);
}

void connections(hostile *h)
{
    struct sockaddr_un nowhere = {.sun_family = AF_UNIX};
    TRY("tcp", reach_internet(h, SOCK_STREAM));
    TRY("udp", reach_internet(h, SOCK_DGRAM));
    TRY("netlink", reach_kernel());
    TRY("agent", connect_unix(hostile_path(h, "run", "agent.sock"), SOCK_STREAM, 0));
    TRY("abstract", connect_unix(hostile_setting(h, "abstract"), SOCK_STREAM, 1));
    TRY("line to the core", connect(3, (struct sockaddr *)&nowhere, sizeof nowhere));
    TRY("other end of the line", listen(4, 1));
}

/* ---- The plugin ------------------------------------------------------------------------------ */

long hostile_find_worker(const char *plugin_id)
{
    char wanted[120];
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    long found = -1;
    int wanted_length = snprintf(wanted, sizeof wanted, "realmjoin-worker%c%s", '\0', plugin_id);
    while (processes && found < 0 && (entry = readdir(processes))) {
        char path[300];
        char line[200];
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        int fd = open(path, O_RDONLY);
        ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof line);
        if (got > wanted_length && memcmp(line, wanted, (size_t)wanted_length) == 0)
            found = atol(entry->d_name);
        close(fd);
    }
    if (processes)
        closedir(processes);
    return found;
}

#define ATTEMPT_ID(ID, FUNCTION) ID,
#define ATTEMPT(ID, FUNCTION) {ID, FUNCTION},
static const char *const ids[] = {HOSTILE_ATTEMPTS(ATTEMPT_ID) NULL};
static const struct {
    const char *id;
    void (*run)(hostile *h);
} attempts[] = {HOSTILE_ATTEMPTS(ATTEMPT)};

static const char *const *RJ_CALL check_ids(rj_plugin *plugin)
{
    (void)plugin;
    return ids;
}

static void RJ_CALL evaluate(rj_plugin *h, const char *check_id, rj_op op)
{
    h->now = op;
    h->found_length = 0;
    h->later = 0;
    *h->found = '\0';
    for (size_t i = 0; i < COUNT(attempts); i++)
        if (strcmp(attempts[i].id, check_id) == 0)
            attempts[i].run(h);
    if (h->found_length && !h->later) /* some never answer */
        hostile_answer(h);
}

static rj_status RJ_CALL create(const rj_host *host, const char *config_json,
                                rj_plugin **ret_plugin)
{
    hostile *h = calloc(1, sizeof *h);
    if (!h || !(h->config = strdup(config_json)))
        return RJ_E_NO_MEMORY;
    h->host = host;
    h->op = host->query(host, RJ_HOST_OP);
    *ret_plugin = h;
    return RJ_OK;
}

static const rj_check table = {
    .size = sizeof table, .minor = RJ_ABI_MINOR, .ids = check_ids, .evaluate = evaluate};

static const void *RJ_CALL query(rj_plugin *plugin, const char *id)
{
    (void)plugin;
    return strcmp(id, RJ_CHECK) == 0 ? &table : NULL;
}

static void RJ_CALL stop(rj_plugin *h, rj_op op)
{
    h->op->finish(h->host, op, RJ_OK, NULL);
}

static void RJ_CALL destroy(rj_plugin *h)
{
    free(h->config);
    free(h);
}

const rj_plugin_desc *RJ_CALL rj_plugin_entry_v1(void)
{
    static const char *const provides[] = {RJ_CHECK, NULL};
    static const rj_plugin_desc description = {.size = sizeof description,
                                               .minor = RJ_ABI_MINOR,
                                               .id = HOSTILE_ID,
                                               .version = "1.0.0",
                                               .provides = provides,
                                               .create = create,
                                               .query = query,
                                               .stop = stop,
                                               .destroy = destroy};
    return &description;
}
