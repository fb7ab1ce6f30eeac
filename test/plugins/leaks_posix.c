/* SPDX-License-Identifier: MIT */
#include "leaks.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER
#endif

unsigned leaks_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

long leaks_resident_mib(void)
{
    long pages = 0;
#ifndef HAS_SANITIZER
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
#endif
    return pages * sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

long leaks_worked_ms(void)
{
    struct timespec worked = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &worked);
    return (long)worked.tv_sec * 1000 + worked.tv_nsec / 1000000;
}

bool leaks_child(void)
{
    siginfo_t info = {0};
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

bool leaks_process(long pid)
{
    char path[60];
    char status[4] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%*d %*s %2s", status) != 1)
        *status = '\0';
    if (file)
        fclose(file);
    return *status && *status != 'Z';
}

long leaks_other_child(long known)
{
    char path[100];
    long found = 0;
    long other = 0;
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)getpid(), (long)getpid());
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%ld", &found) == 1)
        if (found != known)
            other = found;
    if (file)
        fclose(file);
    return other;
}

bool leaks_kill(long pid)
{
    return kill((pid_t)pid, SIGKILL) == 0;
}

bool leaks_is_private(const char *folder)
{
    struct stat st;
    return stat(folder, &st) == 0 && (st.st_mode & 0777) == 0700;
}

bool leaks_give_away(const char *path)
{
    return geteuid() == 0 && chown(path, 65534, 65534) == 0;
}
