/* SPDX-License-Identifier: MIT */
/*
 * Walks a path name by name, each opened without following it; links are read and put in front of what is
 * left.  Needed in workers that keep root's account, where the kernel's own way (openat2) is refused
 * because its filter cannot look at how a file would be made, and on kernels before 5.6.
 *
 * Failure modes: as open(); ELOOP for too many links or folders within each other.
 */
#include "in_root_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40
#define MAX_DEPTH 64

typedef struct walk {
    int folders[MAX_DEPTH + 1]; /* the first is the root */
    int depth;
    int links;
    char rest[PATH_MAX]; /* not walked yet */
} walk;

static void leave_to(walk *at, int depth)
{
    while (at->depth > depth)
        close(at->folders[at->depth--]);
}

/* The next name, taken off the rest; 0: there is none. */
static int take_name(walk *at, char *name, size_t size)
{
    size_t start = strspn(at->rest, "/");
    size_t length = strcspn(at->rest + start, "/");

    if (length >= size)
        length = size - 1; /* cannot be there: names are shorter */
    memcpy(name, at->rest + start, length);
    name[length] = '\0';
    start += length;
    start += strspn(at->rest + start, "/");
    memmove(at->rest, at->rest + start, strlen(at->rest + start) + 1);
    return length > 0;
}

/* 0, or an errno. */
static int follow(walk *at, int link)
{
    char target[PATH_MAX], rest[2 * PATH_MAX];
    ssize_t length = readlinkat(link, "", target, sizeof target - 1);

    if (length < 0)
        return errno;
    target[length] = '\0';
    if (++at->links > MAX_LINKS)
        return ELOOP;
    if (snprintf(rest, sizeof rest, "%s/%s", target, at->rest) >= (int)sizeof at->rest)
        return ENAMETOOLONG;
    memcpy(at->rest, rest, strlen(rest) + 1);
    if (target[0] == '/')
        leave_to(at, 0);
    return 0;
}

static int open_last(const walk *at, const char *name, int flags)
{
    return openat(at->folders[at->depth], name, flags | O_NOFOLLOW | O_CLOEXEC);
}

/* One name.  0: go on; else an errno, or the end with *ret_fd. */
static int step(walk *at, const char *name, int flags, int *ret_fd)
{
    int last = at->rest[0] == '\0', problem = 0;
    struct stat info;
    int fd;

    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0) {
        leave_to(at, at->depth > 0 ? at->depth - 1 : 0);
        return 0;
    }
    fd = openat(at->folders[at->depth], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (fstat(fd, &info) != 0)
        problem = errno;
    else if (S_ISLNK(info.st_mode) && (!last || !(flags & O_NOFOLLOW)))
        problem = follow(at, fd);
    else if (last && (*ret_fd = open_last(at, name, flags)) < 0)
        problem = errno;
    else if (!last && !S_ISDIR(info.st_mode))
        problem = ENOTDIR;
    else if (!last && at->depth == MAX_DEPTH)
        problem = ELOOP;
    else if (!last) {
        at->folders[++at->depth] = fd;
        return 0;
    }
    close(fd);
    return problem;
}

int in_root_open(int root, const char *path, int flags)
{
    char name[NAME_MAX + 2];
    walk at = {.folders = {root}};
    int problem = 0, fd = -1;

    if (snprintf(at.rest, sizeof at.rest, "%s", path) >= (int)sizeof at.rest)
        problem = ENAMETOOLONG;
    while (!problem && fd < 0) {
        if (take_name(&at, name, sizeof name)) {
            problem = step(&at, name, flags, &fd);
        } else {
            fd = open_last(&at, ".", flags);
            problem = fd < 0 ? errno : 0;
        }
    }
    leave_to(&at, 0);
    errno = problem;
    return fd;
}
