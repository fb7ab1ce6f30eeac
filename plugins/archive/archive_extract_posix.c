/* SPDX-License-Identifier: MIT */
/*
 * Extraction into a new folder, and removal of a tree.
 *
 * Every step is relative to an open descriptor of the folder it happens in, and no component is
 * followed when it is a link: whatever appears below the new folder while we work, nothing is
 * written outside it.  The descriptors of the current path are kept, so a file costs one openat().
 *
 * Durability: one syncfs() at the end instead of one fdatasync() per file.  For a package of many
 * small files it is the difference between one journal commit and a thousand; the caller renames
 * only afterwards, so a half written tree is never reached under its final name.
 */
#include "archive_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DEPTH_MAX 130
#define SPACE_MARGIN ((uint64_t)1 << 20)

typedef struct extraction {
    rj_archive *archive;
    const rj_archive_extract_options *options;
    rj_failure *failure;
    const char *parent, *name; /* for messages */
    int fds[DEPTH_MAX];        /* [0] the new folder, then one per segment of `path` */
    size_t depth;              /* descriptors in use */
    char *path;                /* the folder fds[depth - 1] stands for, "" or "a/b/" */
    int file;
    uint64_t done, total, files;
} extraction;

static rj_status io_failure(rj_failure *failure, const char *verb, const char *folder,
                            const char *name)
{
    int number = errno;
    const char *advice =
        number == ENOSPC || number == EDQUOT ? "; free some space and try again" : "";
    return rj_fail(failure, number == EACCES || number == EPERM ? RJ_E_DENIED : RJ_E_IO,
                   "cannot %s %s/%.300s: %s%s", verb, folder, name, strerror(number), advice);
}

rj_status rj_archive_check_space(const char *folder, uint64_t bytes, rj_failure *failure)
{
    struct statvfs fs;
    if (statvfs(folder, &fs) != 0)
        return rj_fail(failure, RJ_E_IO, "cannot examine the file system of %s: %s", folder,
                       strerror(errno));
    if (fs.f_blocks == 0) /* file systems that do not know */
        return RJ_OK;
    uint64_t available = (uint64_t)(geteuid() == 0 ? fs.f_bfree : fs.f_bavail) * fs.f_frsize;
    uint64_t need = bytes + SPACE_MARGIN;
    if (available >= need)
        return RJ_OK;
    return rj_fail(failure, RJ_E_IO,
                   "not enough space: needs %" PRIu64 " MB, %" PRIu64
                   " MB free on %s; free some space and try again",
                   (need + 999999) / 1000000, available / 1000000, folder);
}

static rj_status check_cancelled(const extraction *x)
{
    if (x->options->cancelled && x->options->cancelled(x->options->data))
        return rj_fail(x->failure, RJ_E_CANCELLED, "cancelled while unpacking %s",
                       rj_archive_path(x->archive));
    return RJ_OK;
}

/* Leave folders until the kept path is a prefix of `name`'s folder. */
static void leave(extraction *x, const char *name)
{
    while (x->depth > 1) {
        size_t length = strlen(x->path);
        if (strncmp(name, x->path, length) == 0)
            return;
        close(x->fds[--x->depth]);
        x->path[length - 1] = '\0';
        char *slash = strrchr(x->path, '/');
        *(slash ? slash + 1 : x->path) = '\0';
    }
}

/* Enter the folder of `name`, making what is missing; its last segment comes back. */
static rj_status enter(extraction *x, const char *name, const char **ret_last)
{
    leave(x, name);
    const char *rest = name + strlen(x->path);
    const char *slash;
    while ((slash = strchr(rest, '/')) != NULL) {
        char segment[256];
        size_t length = (size_t)(slash - rest);
        memcpy(segment, rest, length); /* names were checked: at most 255 bytes */
        segment[length] = '\0';
        int at = x->fds[x->depth - 1];
        int made = mkdirat(at, segment, 0755) == 0;
        if (!made && errno != EEXIST)
            return io_failure(x->failure, "make a folder for", x->name, name);
        int fd = openat(at, segment, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return io_failure(x->failure, "open the folder of", x->name, name);
        /* whatever the umask; by descriptor, as a worker may not do it by path */
        if (made && fchmod(fd, 0755) != 0) {
            rj_status status = io_failure(x->failure, "set the mode of", x->name, name);
            close(fd);
            return status;
        }
        x->fds[x->depth++] = fd;
        memcpy(x->path + (rest - name), rest, length + 1);
        x->path[rest - name + (ptrdiff_t)length + 1] = '\0';
        /* by descriptor: a sandbox that keeps the account refuses it by path */
        if (made && fchmod(fd, 0755) != 0)
            return io_failure(x->failure, "set the mode of", x->name, name);
        rest = slash + 1;
    }
    *ret_last = rest;
    return RJ_OK;
}

static rj_status write_file(void *data, const void *bytes, size_t length, rj_failure *failure)
{
    extraction *x = data;
    const char *from = bytes;
    while (length > 0) {
        ssize_t n = write(x->file, from, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return io_failure(failure, "write below", x->parent, x->name);
        from += n;
        length -= (size_t)n;
        x->done += (uint64_t)n;
    }
    if (x->options->progress)
        x->options->progress(x->options->data, x->done, x->total);
    return check_cancelled(x);
}

static rj_status extract_file(extraction *x, rj_inflater *inflater, const rj_archive_entry *entry)
{
    const char *last = entry->name;
    rj_status status = enter(x, entry->name, &last);
    if (status != RJ_OK)
        return status;
    mode_t mode = entry->executable ? 0755 : 0644;
    x->file = openat(x->fds[x->depth - 1], last,
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (x->file < 0)
        return io_failure(x->failure, "create", x->name, entry->name);
    /* whatever the umask, and never set-user-ID: the mode is ours, not the archive's */
    if (fchmod(x->file, mode) != 0)
        status = io_failure(x->failure, "set the mode of", x->name, entry->name);
    if (status == RJ_OK)
        status = rj_inflate_member(inflater, x->archive->source, entry, write_file, x, x->failure);
    if (close(x->file) != 0 && status == RJ_OK)
        status = io_failure(x->failure, "write", x->name, entry->name);
    if (status == RJ_OK)
        x->files++;
    return status;
}

static int wanted(const rj_archive_extract_options *options, const rj_archive_entry *entry)
{
    return !options->wanted || options->wanted(options->data, entry);
}

/* What the wanted files take, in whole blocks. */
static rj_status check_room(extraction *x)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < rj_archive_count(x->archive); i++) {
        const rj_archive_entry *entry = rj_archive_entry_at(x->archive, i);
        if (!wanted(x->options, entry))
            continue;
        x->total += entry->size;
        bytes += (entry->size + 4095) & ~(uint64_t)4095;
    }
    return rj_archive_check_space(x->parent, bytes, x->failure);
}

static rj_status extract_all(extraction *x)
{
    rj_inflater *inflater = rj_archive_inflater(x->archive, x->failure);
    if (!inflater)
        return RJ_E_NO_MEMORY;
    rj_source_sequential(x->archive->source);
    const uint32_t *order = x->archive->file_order;
    rj_status status = RJ_OK;
    for (size_t i = 0; i < rj_archive_count(x->archive) && status == RJ_OK; i++) {
        const rj_archive_entry *entry = rj_archive_entry_at(x->archive, order[i]);
        if (!wanted(x->options, entry))
            continue;
        status = check_cancelled(x);
        if (status == RJ_OK && entry->is_folder) {
            const char *nothing; /* its name ends with '/' */
            status = enter(x, entry->name, &nothing);
        } else if (status == RJ_OK) {
            status = extract_file(x, inflater, entry);
        }
    }
    if (status == RJ_OK && x->options->durable && syncfs(x->fds[0]) != 0)
        status = io_failure(x->failure, "flush", x->parent, x->name);
    return status;
}

/* Make and open the new folder as fds[0]. */
static rj_status make_folder(extraction *x)
{
    int parent = open(x->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return io_failure(x->failure, "open", x->parent, "");
    rj_status status = RJ_OK;
    if (mkdirat(parent, x->name, 0755) != 0) {
        status = io_failure(x->failure, "make the folder", x->parent, x->name);
    } else {
        x->fds[0] = openat(parent, x->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (x->fds[0] < 0 || fchmod(x->fds[0], 0755) != 0)
            status = io_failure(x->failure, "open", x->parent, x->name);
        if (x->fds[0] >= 0)
            x->depth = 1;
        if (status != RJ_OK)
            unlinkat(parent, x->name, AT_REMOVEDIR);
    }
    close(parent);
    return status;
}

rj_status rj_archive_extract(rj_archive *archive, const char *parent, const char *name,
                             const rj_archive_extract_options *options,
                             rj_archive_extracted *ret_extracted, rj_failure *failure)
{
    static const rj_archive_extract_options nothing_special;
    extraction x = {.archive = archive,
                    .options = options ? options : &nothing_special,
                    .failure = failure,
                    .parent = parent,
                    .name = name};
    size_t longest = 0;
    for (size_t i = 0; i < rj_archive_count(archive); i++) {
        const char *text = rj_archive_entry_at(archive, i)->name;
        size_t depth = 1;
        for (const char *p = text; *p; p++)
            depth += *p == '/';
        if (depth >= DEPTH_MAX)
            return rj_fail(failure, RJ_E_LIMIT, "%s: entry '%.300s': has too many folders",
                           rj_archive_path(archive), text);
        size_t length = strlen(text);
        longest = length > longest ? length : longest;
    }
    x.path = calloc(1, longest + 2);
    if (!x.path)
        return rj_fail_memory(failure);
    rj_status status = check_room(&x);
    if (status == RJ_OK)
        status = make_folder(&x);
    int made = status == RJ_OK;
    if (status == RJ_OK)
        status = extract_all(&x);
    while (x.depth > 0)
        close(x.fds[--x.depth]);
    free(x.path);
    if (status != RJ_OK) {
        if (made)
            rj_archive_remove_tree(parent, name,
                                   NULL); /* the first failure is the one that counts */
        return status;
    }
    if (ret_extracted)
        *ret_extracted = (rj_archive_extracted){x.files, x.done};
    return RJ_OK;
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
