/* SPDX-License-Identifier: MIT */
/*
 * Shared libraries by descriptor: the path is checked, opened once, and what that descriptor holds is
 * hashed and then mapped through /proc/self/fd.
 *
 * The dynamic linker knows a library by the name it was opened with, so the descriptor stays open as
 * long as the library is mapped: no other one can get its number, and with it its name.
 */
#include "platform/library_system.h"

#include "base/alloc.h"
#include "platform/file.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rj_library {
    void *handle;
    int fd;
};

static void name_of(int fd, char name[32])
{
    snprintf(name, 32, "/proc/self/fd/%d", fd);
}

static rj_status open_checked(const char *path, const char *boundary, int *ret_fd, rj_error *err)
{
    rj_status status = rj_file_check_trusted(path, boundary, err);
    if (status)
        return status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return rj_fail_errno(err, errno, "%s cannot be opened", path);
    struct stat st;
    if (fstat(fd, &st) < 0)
        status = rj_fail_errno(err, errno, "%s cannot be examined", path);
    else if (!S_ISREG(st.st_mode))
        status = rj_fail(err, RJ_E_INVALID, "%s is not a regular file", path);
    else if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & (S_IWGRP | S_IWOTH)))
        status = rj_fail(err, RJ_E_DENIED, "%s was changed while it was looked at", path);
    if (status)
        close(fd);
    else
        *ret_fd = fd;
    return status;
}

static rj_status check_hash(const char *path, int fd, const char *sha256, rj_error *err)
{
    char name[32];
    char found[65];
    name_of(fd, name);
    rj_status status = rj_file_sha256(name, found, err);
    if (status)
        return rj_fail_prefix(err, status, "%s", path);
    return rj_library_expect_hash(path, found, sha256, err);
}

rj_status rj_library_check(const char *path, const char *boundary, const char *sha256,
                           int *ret_file, rj_error *err)
{
    int fd = -1;
    rj_status status = open_checked(path, boundary, &fd, err);
    if (status)
        return status;
    if (sha256)
        status = check_hash(path, fd, sha256, err);
    if (status)
        close(fd);
    else
        *ret_file = fd;
    return status;
}

rj_status rj_library_map(int file, const char *name, rj_library **ret_library, rj_error *err)
{
    char path[32];
    rj_library *library = rj_calloc(1, sizeof *library);
    if (!library)
        return rj_fail_memory(err, "loading a library");
    name_of(file, path);
    library->fd = file;
    library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library->handle) {
        const char *reason = dlerror();
        rj_free(library);
        return rj_fail(err, RJ_E_FAILED, "%s cannot be loaded: %s", name,
                       reason ? reason : "unknown reason");
    }
    *ret_library = library;
    return RJ_OK;
}

void rj_library_close_file(int file)
{
    if (file >= 0)
        close(file);
}

void *rj_library_symbol(rj_library *library, const char *name)
{
    return dlsym(library->handle, name);
}

void rj_library_close(rj_library *library)
{
    if (!library)
        return;
    char name[32];
    name_of(library->fd, name);
    dlclose(library->handle);
    void *still = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (still)
        dlclose(still); /* someone holds it mapped: its name must stay taken */
    else
        close(library->fd);
    rj_free(library);
}
