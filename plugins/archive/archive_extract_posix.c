/* SPDX-License-Identifier: MIT */
/*
 * The system's half of extraction, and removal of a tree.
 *
 * Every step is relative to an open descriptor of the folder it happens in, and no component is
 * followed when it is a link: whatever appears below the new folder while we work, nothing is
 * written outside it.  The descriptors of the current path are kept, so a file costs one openat().
 *
 * Durability: one syncfs() at the end instead of one fdatasync() per file.  For a package of many
 * small files it is the difference between one journal commit and a thousand; the caller renames
 * only afterwards, so a half written tree is never reached under its final name.
 */
#include "archive_extract.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static rj_status io_failure(rj_failure *failure, const char *verb, const char *folder,
                            const char *name)
{
    int number = errno;
    const char *advice =
        number == ENOSPC || number == EDQUOT ? "; free some space and try again" : "";
    return rj_fail(failure, number == EACCES || number == EPERM ? RJ_E_DENIED : RJ_E_IO,
                   "cannot %s %s/%.300s: %s%s", verb, folder, name, strerror(number), advice);
}

rj_status rj_extract_free_space(const char *folder, uint64_t *ret_bytes, rj_failure *failure)
{
    struct statvfs fs;
    if (statvfs(folder, &fs) != 0)
        return rj_fail(failure, RJ_E_IO, "cannot examine the file system of %s: %s", folder,
                       strerror(errno));
    *ret_bytes = fs.f_blocks == 0
                     ? UINT64_MAX
                     : (uint64_t)(geteuid() == 0 ? fs.f_bfree : fs.f_bavail) * fs.f_frsize;
    return RJ_OK;
}

rj_status rj_extract_check_name(const rj_extraction *x, const rj_archive_entry *entry)
{
    (void)x;
    (void)entry; /* what no system can have was refused when the archive was opened */
    return RJ_OK;
}

rj_status rj_extract_make_folder(rj_extraction *x)
{
    int parent = open(x->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return io_failure(x->failure, "open", x->parent, "");
    rj_status status = RJ_OK;
    if (mkdirat(parent, x->name, 0755) != 0) {
        status = io_failure(x->failure, "make the folder", x->parent, x->name);
    } else {
        int fd = openat(parent, x->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchmod(fd, 0755) != 0)
            status = io_failure(x->failure, "open", x->parent, x->name);
        if (fd >= 0)
            x->folders[x->depth++] = fd;
        if (status != RJ_OK)
            unlinkat(parent, x->name, AT_REMOVEDIR);
    }
    close(parent);
    return status;
}

rj_status rj_extract_enter(rj_extraction *x, const char *segment, const char *name)
{
    int at = (int)x->folders[x->depth - 1];
    int made = mkdirat(at, segment, 0755) == 0;
    if (!made && errno != EEXIST)
        return io_failure(x->failure, "make a folder for", x->name, name);
    int fd = openat(at, segment, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return io_failure(x->failure, "open the folder of", x->name, name);
    /* whatever the umask; by descriptor: a sandbox that keeps the account refuses it by path */
    if (made && fchmod(fd, 0755) != 0) {
        rj_status status = io_failure(x->failure, "set the mode of", x->name, name);
        close(fd);
        return status;
    }
    x->folders[x->depth++] = fd;
    return RJ_OK;
}

void rj_extract_leave(rj_extraction *x)
{
    close((int)x->folders[--x->depth]);
}

rj_status rj_extract_create(rj_extraction *x, const char *last, const rj_archive_entry *entry)
{
    mode_t mode = entry->executable ? 0755 : 0644;
    int fd = openat((int)x->folders[x->depth - 1], last,
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return io_failure(x->failure, "create", x->name, entry->name);
    /* whatever the umask, and never set-user-ID: the mode is ours, not the archive's */
    if (fchmod(fd, mode) != 0) {
        rj_status status = io_failure(x->failure, "set the mode of", x->name, entry->name);
        close(fd);
        return status;
    }
    x->file = fd;
    return RJ_OK;
}

rj_status rj_extract_write(rj_extraction *x, const void *bytes, size_t length, rj_failure *failure)
{
    const char *from = bytes;
    while (length > 0) {
        ssize_t n = write((int)x->file, from, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_failure(failure, "write below", x->parent, x->name);
        from += n;
        length -= (size_t)n;
        x->done += (uint64_t)n;
    }
    return RJ_OK;
}

rj_status rj_extract_close(rj_extraction *x, const rj_archive_entry *entry, rj_status status)
{
    if (close((int)x->file) != 0 && status == RJ_OK)
        status = io_failure(x->failure, "write", x->name, entry->name);
    return status;
}

rj_status rj_extract_flush(rj_extraction *x)
{
    return syncfs((int)x->folders[0]) == 0 ? RJ_OK
                                           : io_failure(x->failure, "flush", x->parent, x->name);
}

/* ---- Removal ----------------------------------------------------------------------------------- */

static rj_status remove_below(int parent, const char *name, unsigned depth, rj_failure *failure);

static rj_status remove_children(DIR *folder, const char *name, unsigned depth, rj_failure *failure)
{
    rj_status status = RJ_OK;
    struct dirent *child;
    while (status == RJ_OK && (errno = 0, child = readdir(folder)) != NULL) {
        if (strcmp(child->d_name, ".") == 0 || strcmp(child->d_name, "..") == 0)
            continue;
        if (child->d_type != DT_DIR && unlinkat(dirfd(folder), child->d_name, 0) == 0)
            continue;
        status = remove_below(dirfd(folder), child->d_name, depth + 1, failure);
    }
    if (status == RJ_OK && errno != 0)
        status = io_failure(failure, "list", name, "");
    return status;
}

static rj_status remove_below(int parent, const char *name, unsigned depth, rj_failure *failure)
{
    if (depth > 256)
        return rj_fail(failure, RJ_E_LIMIT, "cannot remove %.300s: too many folders in each other",
                       name);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            return RJ_OK;
        if ((errno == ENOTDIR || errno == ELOOP) && unlinkat(parent, name, 0) == 0)
            return RJ_OK;
        return io_failure(failure, "remove", "...", name);
    }
    DIR *folder = fdopendir(fd);
    if (!folder) {
        close(fd);
        return rj_fail_memory(failure);
    }
    rj_status status = remove_children(folder, name, depth, failure);
    closedir(folder);
    if (status == RJ_OK && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        status = io_failure(failure, "remove", "...", name);
    return status;
}

rj_status rj_archive_remove_tree(const char *parent, const char *name, rj_failure *failure)
{
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? RJ_OK : io_failure(failure, "open", parent, "");
    rj_status status = remove_below(fd, name, 0, failure);
    close(fd);
    return status;
}
