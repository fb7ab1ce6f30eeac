/* SPDX-License-Identifier: MIT */
/* Parts on POSIX: see cache_part.h.  <folder>/.part-XXXXXX -> fsync -> rename -> fsync of the folder. */
#include "cache_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rj_part {
    char *folder, *path;
    int fd;
    int kept;
};

rj_status rj_part_new(const char *folder, rj_part **ret_part, rj_failure *failure)
{
    rj_part *part = calloc(1, sizeof *part);
    rj_status status = RJ_OK;

    if (!part)
        return rj_fail_memory(failure);
    part->fd = -1;
    part->folder = strdup(folder);
    if (asprintf(&part->path, "%s/" RJ_PART_PREFIX "XXXXXX", folder) < 0)
        part->path = NULL;
    if (!part->folder || !part->path) {
        status = rj_fail_memory(failure);
    } else {
        part->fd = mkostemp(part->path, O_CLOEXEC);
        if (part->fd < 0)
            status = rj_fail(failure, RJ_E_IO, "cannot create a file in %s: %s", folder,
                             strerror(errno));
    }
    if (status != RJ_OK) {
        rj_part_free(part);
        return status;
    }
    *ret_part = part;
    return RJ_OK;
}

rj_status rj_part_write(rj_part *part, const void *bytes, size_t length, rj_failure *failure)
{
    const char *from = bytes;

    while (length > 0) {
        ssize_t n = write(part->fd, from, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rj_fail(failure, RJ_E_IO, "cannot write %s: %s", part->path, strerror(errno));
        from += n;
        length -= (size_t)n;
    }
    return RJ_OK;
}

rj_status rj_part_keep(rj_part *part, const char *path, rj_failure *failure)
{
    int folder_fd;

    if (fsync(part->fd) != 0)
        return rj_fail(failure, RJ_E_IO, "cannot write %s: %s", part->path, strerror(errno));
    if (rename(part->path, path) != 0)
        return rj_fail(failure, RJ_E_IO, "cannot create %s: %s", path, strerror(errno));
    part->kept = 1;
    folder_fd = open(part->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd >= 0) {
        fsync(folder_fd);
        close(folder_fd);
    }
    return RJ_OK;
}

void rj_part_free(rj_part *part)
{
    if (!part)
        return;
    if (part->fd >= 0) {
        close(part->fd);
        if (!part->kept)
            unlink(part->path);
    }
    free(part->folder);
    free(part->path);
    free(part);
}

void rj_part_remove_old(const char *folder)
{
    DIR *list = opendir(folder);
    struct dirent *entry;

    while (list && (entry = readdir(list)))
        if (strncmp(entry->d_name, RJ_PART_PREFIX, strlen(RJ_PART_PREFIX)) == 0)
            unlinkat(dirfd(list), entry->d_name, 0);
    if (list)
        closedir(list);
}

void rj_part_remove(const char *path)
{
    unlink(path);
}
