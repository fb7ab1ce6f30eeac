/* SPDX-License-Identifier: MIT */
/* What the process uses now. */
#include "process_facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int ends_with(const char *text, const char *end)
{
    size_t a = strlen(text);
    size_t b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

static unsigned count_entries(const char *path, const char *ignored)
{
    DIR *folder = opendir(path);
    unsigned count = 0;
    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char target[4096];
        if (entry->d_name[0] == '.')
            continue;
        ssize_t length =
            ignored ? readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1) : 0;
        target[length > 0 ? length : 0] = '\0';
        count += !ignored || !ends_with(target, ignored);
    }
    closedir(folder);
    return count;
}

void rj_usage_read(const char *ignored, rj_usage *ret_usage)
{
    struct mallinfo2 heap = mallinfo2();
    ret_usage->memory = heap.uordblks + heap.hblkhd;
    ret_usage->descriptors = count_entries("/proc/self/fd", ignored);
    ret_usage->threads = count_entries("/proc/self/task", NULL);
}

void rj_usage_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

unsigned long long rj_usage_starved_ms(void)
{
    char text[128] = "";
    unsigned long long ran = 0;
    unsigned long long waited = 0;
    int fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    return length > 0 && sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited / 1000000 : 0;
}
