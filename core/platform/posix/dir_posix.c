/* SPDX-License-Identifier: MIT */
/* Folders: making, listing, removing. */
#include "platform/file.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/name_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEVELS_MAX 512 /* each level of a removal holds a descriptor */

/* The umask must not decide who may look into a folder: the mode is set again where we made it. */
static rj_status make_one(const char *path, unsigned mode, rj_error *err)
{
    if (mkdir(path, (mode_t)mode) == 0) {
        if (chmod(path, (mode_t)mode) == 0)
            return RJ_OK;
        return rj_fail_errno(err, errno, "mode of folder %s cannot be set", path);
    }
    int problem = errno;
    struct stat st;
    if (problem == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return RJ_OK;
    if (problem == EEXIST)
        return rj_fail(err, RJ_E_EXISTS, "%s is there and is not a folder", path);
    return rj_fail_errno(err, problem, "folder %s cannot be made", path);
}

rj_status rj_dir_make(const char *path, unsigned mode, rj_error *err)
{
    struct stat st;
    if (*path != '/')
        return rj_fail(err, RJ_E_INVALID, "folder \"%s\" is not an absolute path", path);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return RJ_OK;
    char *copy = rj_strdup(path);
    if (!copy)
        return rj_fail_memory(err, "making a folder");
    for (size_t length = strlen(copy); length > 1 && copy[length - 1] == '/'; length--)
        copy[length - 1] = '\0';
    rj_status status = RJ_OK;
    for (char *slash = strchr(copy + 1, '/'); slash && !status; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        status = make_one(copy, 0755, err);
        *slash = '/';
    }
    if (!status)
        status = make_one(copy, mode, err);
    rj_free(copy);
    return status;
}

/* ---- Removing -------------------------------------------------------------------------------- */

static rj_status remove_at(int parent, const char *name, const char *top, unsigned level,
                           rj_error *err);

/* Everything in the open folder; closes it. */
static rj_status empty_folder(DIR *dir, const char *top, unsigned level, rj_error *err)
{
    rj_status status = RJ_OK;
    struct dirent *entry;
    while (!status && (errno = 0, entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        status = remove_at(dirfd(dir), entry->d_name, top, level + 1, err);
    }
    if (!status && errno)
        status = rj_fail_errno(err, errno, "a folder below %s cannot be read", top);
    closedir(dir);
    return status;
}

static rj_status remove_at(int parent, const char *name, const char *top, unsigned level,
                           rj_error *err)
{
    if (level > LEVELS_MAX)
        return rj_fail(err, RJ_E_LIMIT, "%s has more than %d levels of folders", top, LEVELS_MAX);
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return RJ_OK;
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
        if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
            return RJ_OK;
        return rj_fail_errno(err, errno, "%s below %s cannot be removed", name, top);
    }
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        rj_status status =
            rj_fail_errno(err, errno, "folder %s below %s cannot be opened", name, top);
        if (fd >= 0)
            close(fd);
        return status;
    }
    rj_status status = empty_folder(dir, top, level, err);
    if (!status && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        status = rj_fail_errno(err, errno, "folder %s below %s cannot be removed", name, top);
    return status;
}

rj_status rj_dir_remove(const char *path, rj_error *err)
{
    if (*path != '/' || path[strspn(path, "/.")] == '\0')
        return rj_fail(err, RJ_E_INVALID, "\"%s\" is not a folder to be removed", path);
    return remove_at(AT_FDCWD, path, path, 0, err);
}

/* ---- Listing --------------------------------------------------------------------------------- */

rj_status rj_dir_list(const char *path, size_t max_names, char ***ret_names, size_t *ret_count,
                      rj_error *err)
{
    DIR *dir = opendir(path);
    if (!dir)
        return rj_fail_errno(err, errno, "folder %s cannot be opened", path);
    rj_text names = RJ_TEXT_EMPTY;
    size_t count = 0;
    rj_status status = RJ_OK;
    struct dirent *entry;
    while (!status && (errno = 0, entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (count == max_names)
            status =
                rj_fail(err, RJ_E_LIMIT, "folder %s has more than %zu entries", path, max_names);
        rj_text_append(&names, entry->d_name, strlen(entry->d_name) + 1);
        count++;
    }
    if (!status && errno)
        status = rj_fail_errno(err, errno, "folder %s cannot be read", path);
    closedir(dir);
    if (!status) {
        char **list = rj_name_list_new(&names, count);
        if (list) {
            *ret_names = list;
            *ret_count = count;
        } else {
            status = rj_fail_memory(err, "listing a folder");
        }
    }
    rj_text_free(&names);
    return status;
}
