/* SPDX-License-Identifier: MIT */
/*
 * Landlock rules of a sandbox: everything the running kernel can restrict is refused, then the fixed
 * system paths are opened for reading and the sandbox's own paths as they say.  No path may be
 * executed, and no device be made or controlled.
 *
 * A rule holds for the file or folder that is there now.  A single file that is replaced later by
 * renaming (/etc/passwd) is out of reach until the next start; below a folder that cannot happen.
 *
 * The constants are our own: this file is built with kernel headers older than the running kernel.
 */
#include "landlock_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    WRITE_FILE = 1 << 1,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13,       /* version 2: rename and link between folders */
    TRUNCATE = 1 << 14,    /* version 3 */
    FS_VERSION_1 = 0x1fff, /* all of that version, beginning with EXECUTE */
    IOCTL_DEV = 1 << 15    /* version 5 */
};
enum { BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1 };                 /* version 4 */
enum { SCOPE_ABSTRACT_SOCKETS = 1 << 0, SCOPE_SIGNALS = 1 << 1 }; /* version 6 */
enum { ASK_VERSION = 1 << 0, RULE_PATH_BENEATH = 1 };

typedef struct ruleset {
    uint64_t fs;
    uint64_t net;    /* version 4 */
    uint64_t scoped; /* version 6 */
} ruleset;

typedef struct __attribute__((packed)) path_rule {
    uint64_t allowed;
    int32_t fd;
} path_rule;

/*
 * What the C library and common libraries read.  Not here, though readable by everybody:
 * /etc/machine-id, which identifies the device to whoever learns it; /home, /srv, /opt, /var, /run.
 */
static const rj_sandbox_path system_paths[] = {
    {"/usr", false},
    {"/lib", false},
    {"/lib32", false},
    {"/lib64", false},
    {"/libx32", false},
    {"/bin", false},
    {"/sbin", false},
    {"/etc/ld.so.cache", false},
    {"/etc/ld.so.conf", false},
    {"/etc/ld.so.conf.d", false},
    {"/etc/os-release", false},
    {"/etc/localtime", false},
    {"/etc/timezone", false},
    {"/etc/nsswitch.conf", false},
    {"/etc/passwd", false},
    {"/etc/group", false},
    {"/etc/hosts", false},
    {"/etc/host.conf", false},
    {"/etc/gai.conf", false},
    {"/etc/services", false},
    {"/etc/protocols", false},
    {"/etc/resolv.conf", false},
    {"/run/systemd/resolve", false}, /* where resolv.conf often leads, and is replaced */
    {"/etc/ssl", false},
    {"/etc/ca-certificates", false},
    {"/proc", false},
    {"/sys", false},
    {"/dev/null", true},
    {"/dev/zero", false},
    {"/dev/random", false},
    {"/dev/urandom", false},
};

static uint64_t handled_fs(int abi)
{
    uint64_t rights = FS_VERSION_1;
    if (abi >= 2)
        rights |= REFER;
    if (abi >= 3)
        rights |= TRUNCATE;
    if (abi >= 5)
        rights |= IOCTL_DEV;
    return rights;
}

static uint64_t rights_of(const rj_sandbox_path *path, bool is_dir, unsigned network)
{
    uint64_t rights = READ_FILE;
    if (is_dir)
        rights |= READ_DIR;
    if (path->write)
        rights |= WRITE_FILE | TRUNCATE;
    if (path->write && is_dir)
        rights |= REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER;
    if (path->write && is_dir && (network & RJ_NETWORK_LOCAL))
        rights |= MAKE_SOCK;
    return rights;
}

/* 0, or an errno; ENOENT and EACCES from opening are the caller's to judge. */
static int add_path(int rules, const rj_sandbox_path *path, uint64_t handled, unsigned network,
                    bool *ret_opened)
{
    struct stat st;
    *ret_opened = false;
    int fd = open(path->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno;
    *ret_opened = true;
    int problem = 0;
    if (fstat(fd, &st) < 0)
        problem = errno;
    path_rule rule = {.fd = fd};
    if (!problem)
        rule.allowed = rights_of(path, S_ISDIR(st.st_mode), network) & handled;
    if (!problem && syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &rule, 0) < 0)
        problem = errno;
    close(fd);
    return problem;
}

static rj_status add_paths(int rules, const rj_sandbox_path *paths, size_t count, uint64_t handled,
                           unsigned network, rj_landlock_result *result, rj_error *err)
{
    for (size_t i = 0; i < count; i++) {
        bool opened;
        int problem = add_path(rules, &paths[i], handled, network, &opened);
        if (!problem || (!opened && (problem == ENOENT || problem == ENOTDIR)))
            continue;
        if (opened || problem != EACCES)
            return rj_fail_errno(err, problem, "sandbox: %s cannot be granted", paths[i].path);
        if (result->out_of_reach_count++ == 0)
            result->out_of_reach = paths[i].path;
    }
    return RJ_OK;
}

static size_t ruleset_size(int abi)
{
    if (abi < 4)
        return offsetof(ruleset, net);
    return abi < 6 ? offsetof(ruleset, scoped) : sizeof(ruleset);
}

static rj_status make_ruleset(int abi, unsigned network, int *ret_rules, rj_error *err)
{
    ruleset wanted = {.fs = handled_fs(abi), .scoped = SCOPE_SIGNALS};
    if (!(network & RJ_NETWORK_INTERNET))
        wanted.net = BIND_TCP | CONNECT_TCP;
    if (!(network & RJ_NETWORK_LOCAL))
        wanted.scoped |= SCOPE_ABSTRACT_SOCKETS;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &wanted, ruleset_size(abi), 0);
    if (rules < 0)
        return rj_fail_errno(err, errno, "sandbox: no Landlock rules can be made");
    *ret_rules = rules;
    return RJ_OK;
}

rj_status rj_landlock_restrict(const rj_sandbox *sandbox, rj_landlock_result *ret_result,
                               rj_error *err)
{
    rj_landlock_result result = {0};
    result.abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
    if (result.abi <= 0) {
        /* ENOSYS: built without; EOPNOTSUPP: not chosen at boot; EPERM: a container refuses it */
        *ret_result = (rj_landlock_result){.reason = result.abi < 0 ? errno : ENOSYS};
        return RJ_OK;
    }
    int rules = -1;
    rj_status status = make_ruleset(result.abi, sandbox->network, &rules, err);
    if (status)
        return status;
    uint64_t handled = handled_fs(result.abi);
    rj_landlock_result unused = {0}; /* a system path out of reach is nobody's grant */
    status = add_paths(rules, system_paths, sizeof system_paths / sizeof *system_paths, handled, 0,
                       &unused, err);
    if (!status)
        status = add_paths(rules, sandbox->paths, sandbox->path_count, handled, sandbox->network,
                           &result, err);
    if (!status && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
        status = rj_fail_errno(err, errno, "sandbox: Landlock cannot be entered");
    close(rules);
    if (!status)
        *ret_result = result;
    return status;
}
