/* SPDX-License-Identifier: MIT */
/*
 * Giving a folder to another account.
 *
 * What is inside may have been made by somebody we do not trust: nothing is followed, and a file that
 * has further names elsewhere is left alone, since one of them may be no business of the new owner.
 */
#include "platform/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEVELS_MAX 64 /* each level holds a descriptor */

static rj_status give_all(int folder, uint32_t uid, const char *top, unsigned level, rj_error *err);

static rj_status give_one(int parent, const char *name, uint32_t uid, const char *top,
                          unsigned level, rj_error *err)
{
    struct stat st;
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? RJ_OK : rj_fail_errno(err, errno, "%s below %s", name, top);
    if (S_ISDIR(st.st_mode)) {
        int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return rj_fail_errno(err, errno, "folder %s below %s cannot be opened", name, top);
        return give_all(fd, uid, top, level + 1, err);
    }
    if (st.st_nlink == 1 && fchownat(parent, name, uid, uid, AT_SYMLINK_NOFOLLOW) < 0)
        return rj_fail_errno(err, errno, "%s below %s cannot be given to uid %u", name, top, uid);
    return RJ_OK;
}

/* The open folder and what is in it; closes it. */
static rj_status give_all(int folder, uint32_t uid, const char *top, unsigned level, rj_error *err)
{
    DIR *dir = level > LEVELS_MAX ? NULL : fdopendir(folder);
    if (!dir) {
        int problem = level > LEVELS_MAX ? ELOOP : errno;
        close(folder);
        return rj_fail_errno(err, problem, "a folder below %s cannot be read", top);
    }
    rj_status status = RJ_OK;
    struct dirent *entry;
    while (!status && (errno = 0, entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = give_one(dirfd(dir), entry->d_name, uid, top, level, err);
    if (!status && errno)
        status = rj_fail_errno(err, errno, "a folder below %s cannot be read", top);
    /* Last of all: until then nobody else can change what we look at. */
    if (!status && fchown(dirfd(dir), uid, uid) < 0)
        status = rj_fail_errno(err, errno, "%s cannot be given to uid %u", top, uid);
    closedir(dir);
    return status;
}

rj_status rj_dir_give(const char *path, uint32_t uid, rj_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return rj_fail_errno(err, errno, "folder %s cannot be opened", path);
    if (fstat(fd, &st) == 0 && st.st_uid == uid) {
        close(fd);
        return RJ_OK;
    }
    return give_all(fd, uid, path, 0, err);
}
