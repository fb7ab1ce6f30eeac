/* SPDX-License-Identifier: MIT */
/* The process contract of plugin.h, as far as it can be seen from outside of the plugin. */
#include "process_facts.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIGNALS 65
#define ENVIRONMENT_MAX 16384

static const int limits[] = {RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_AS, RLIMIT_STACK, RLIMIT_FSIZE};
#define LIMITS (sizeof limits / sizeof limits[0])

struct rj_footprint {
    mode_t mask;
    char directory[4096];
    char locale[512];
    int has_thread_locale;
    struct sigaction handlers[SIGNALS];
    sigset_t blocked;
    char environment[ENVIRONMENT_MAX];
    struct stat descriptors[3];
    int flags[3];
    struct rlimit limits[LIMITS];
    uid_t user;
    gid_t group;
    int nice;
};

static void copy_environment(char *target, size_t size)
{
    size_t used = 0;
    target[0] = '\0';
    for (char **at = environ; at && *at && used < size; at++)
        used += (size_t)snprintf(target + used, size - used, "%s\n", *at);
}

rj_status rj_footprint_take(rj_footprint **ret_footprint, rj_error *err)
{
    rj_footprint *f = rj_calloc(1, sizeof *f);
    if (!f)
        return rj_fail_memory(err, "looking at the process");
    f->mask = umask(0);
    umask(f->mask);
    if (!getcwd(f->directory, sizeof f->directory))
        snprintf(f->directory, sizeof f->directory, "(gone)");
    const char *name = setlocale(LC_ALL, NULL);
    snprintf(f->locale, sizeof f->locale, "%s", name ? name : "");
    f->has_thread_locale = uselocale((locale_t)0) != LC_GLOBAL_LOCALE;
    for (int i = 1; i < SIGNALS; i++)
        sigaction(i, NULL, &f->handlers[i]);
    sigprocmask(SIG_BLOCK, NULL, &f->blocked);
    copy_environment(f->environment, sizeof f->environment);
    for (int i = 0; i < 3; i++) {
        f->flags[i] = fcntl(i, F_GETFL);
        if (fstat(i, &f->descriptors[i]) < 0)
            f->descriptors[i].st_ino = 0;
    }
    for (size_t i = 0; i < LIMITS; i++)
        getrlimit((__rlimit_resource_t)limits[i], &f->limits[i]);
    f->user = geteuid();
    f->group = getegid();
    errno = 0;
    f->nice = getpriority(PRIO_PROCESS, 0);
    *ret_footprint = f;
    return RJ_OK;
}

void rj_footprint_free(rj_footprint *footprint)
{
    rj_free(footprint);
}

static void compare_signals(const rj_footprint *before, const rj_footprint *after,
                            rj_difference differs, void *data)
{
    for (int i = 1; i < SIGNALS; i++) {
        const struct sigaction *a = &before->handlers[i];
        const struct sigaction *b = &after->handlers[i];
        char found[160];
        const char *name = sigabbrev_np(i);
        if (a->sa_handler != b->sa_handler || a->sa_flags != b->sa_flags) {
            snprintf(found, sizeof found, "the handling of signal %d (SIG%s) was changed", i,
                     name ? name : "?");
            differs(data, "signal handlers stay as they are",
                    "remove the call of signal() or sigaction(); handlers belong to the host",
                    found);
        }
        if (sigismember(&before->blocked, i) != sigismember(&after->blocked, i)) {
            snprintf(found, sizeof found, "signal %d (SIG%s) was blocked or unblocked", i,
                     name ? name : "?");
            differs(data, "the loop thread's signal mask stays as it is",
                    "block signals on a thread of your own process only", found);
        }
    }
}

static void compare_descriptors(const rj_footprint *before, const rj_footprint *after,
                                rj_difference differs, void *data)
{
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    for (int i = 0; i < 3; i++) {
        const struct stat *a = &before->descriptors[i];
        const struct stat *b = &after->descriptors[i];
        char found[160];
        if (a->st_ino != b->st_ino || a->st_dev != b->st_dev || before->flags[i] != after->flags[i])
            snprintf(found, sizeof found, "descriptor %d (%s) was closed, replaced or changed", i,
                     names[i]);
        else if (i && b->st_size != a->st_size)
            snprintf(found, sizeof found, "%lld bytes were written to %s",
                     (long long)(b->st_size - a->st_size), names[i]);
        else
            continue;
        differs(data, "descriptors 0 to 2 are not touched",
                "write through rj.host.log/1 in place of printf(); never close or replace these",
                found);
    }
}

void rj_footprint_compare(const rj_footprint *before, const rj_footprint *after,
                          rj_difference differs, void *data)
{
    char found[1200];
    if (before->mask != after->mask) {
        snprintf(found, sizeof found, "the file mode mask was %04o and is %04o",
                 (unsigned)before->mask, (unsigned)after->mask);
        differs(data, "umask stays as it is",
                "give the mode to open() and mkdir(), or use fchmod(); never call umask()", found);
    }
    if (strcmp(before->directory, after->directory) != 0) {
        snprintf(found, sizeof found, "the working directory is now %.500s", after->directory);
        differs(data, "the working directory stays as it is",
                "use absolute paths or openat(); never call chdir()", found);
    }
    if (strcmp(before->locale, after->locale) != 0 ||
        before->has_thread_locale != after->has_thread_locale) {
        snprintf(found, sizeof found, "the locale was \"%.100s\" and is \"%.100s\"", before->locale,
                 after->locale);
        differs(data, "the locale stays as it is",
                "never call setlocale(); newlocale() with the ..._l() functions is fine", found);
    }
    if (strcmp(before->environment, after->environment) != 0)
        differs(data, "the environment stays as it is",
                "never call setenv() or putenv(); give programs their environment by rj_spawn",
                "environment variables were added, changed or removed");
    if (memcmp(before->limits, after->limits, sizeof before->limits) != 0 ||
        before->nice != after->nice)
        differs(data, "resource limits and priority stay as they are",
                "remove the call of setrlimit() or setpriority()", "they were changed");
    if (before->user != after->user || before->group != after->group)
        differs(data, "user and group stay as they are",
                "never call setuid() or its relatives: every plugin of the process is hit",
                "they were changed");
    compare_signals(before, after, differs, data);
    compare_descriptors(before, after, differs, data);
}
